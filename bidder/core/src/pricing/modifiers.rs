//! The modifiers of a price rule, prepared: values in the form in which facts are compared.

use std::collections::HashMap;

use contracts::catalog::{Clamp, Counted, Key, Modifier};
use units::Multiplier;

use super::Factor;
use crate::daypart::WeekHours;
use crate::eligibility::Medium;
use crate::eligibility::schedule::WeekHour;
use crate::eligibility::targeting::reason;
use crate::facts::{Dimension, Facts};
use crate::index::Size;
use crate::targeting::listed;

/// What modifiers look at beside the facts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Priced {
    /// `device.devicetype`, 0 when unknown.
    pub device_type: i32,
    /// How many interests the user has.
    pub interests: usize,
    /// How many segments the user is in.
    pub segments: usize,
}

/// What is known only once an ad is laid on an imp.
#[derive(Debug, Clone, Copy)]
pub struct Shown<'a> {
    /// The hour of the week in the campaign's time zone.
    pub hour: WeekHour,
    /// The deal that is bid on.
    pub deal: Option<&'a str>,
    /// What the ad is shown as.
    pub medium: Medium,
    /// The size that it is shown in.
    pub size: Option<Size>,
}

/// A modifier as it applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its key.
    pub key: &'static str,
    /// The value that it saw, in words.
    pub seen: String,
    /// What it multiplies by.
    pub factor: Multiplier,
}

/// The modifiers of a price rule.
///
/// Those that the request decides are multiplied first, in the order of the rule; then, each in the same
/// order, those of the imp, and those of the hour, the deal, the size and the format. The clamp bounds the whole product.
#[derive(Debug, Clone)]
pub struct ModifierSet {
    of_request: Vec<OfFacts>,
    of_imp: Vec<OfFacts>,
    of_ad: Vec<OfAd>,
    clamp: Option<Clamp>,
}

#[derive(Debug, Clone)]
enum OfFacts {
    Count {
        of: Vec<Counted>,
        step: Multiplier,
    },
    DeviceType {
        factors: HashMap<i32, Multiplier>,
        otherwise: Multiplier,
    },
    Values {
        dimension: Dimension,
        factors: HashMap<Box<str>, Multiplier>,
        otherwise: Multiplier,
    },
}

#[derive(Debug, Clone)]
enum OfAd {
    Hour {
        factors: Vec<(WeekHours, Multiplier)>,
        otherwise: Multiplier,
    },
    Deal {
        factors: HashMap<Box<str>, Multiplier>,
        otherwise: Multiplier,
    },
    Size {
        factors: HashMap<Size, Multiplier>,
        otherwise: Multiplier,
    },
    Format {
        factors: Vec<(Medium, Multiplier)>,
        otherwise: Multiplier,
    },
}

impl ModifierSet {
    /// Prepares the modifiers of a price rule and the bounds of their product. A value that can never be there is left out.
    #[must_use]
    pub fn new(modifiers: &[Modifier], clamp: Option<Clamp>) -> Self {
        let mut set = Self {
            of_request: Vec::new(),
            of_imp: Vec::new(),
            of_ad: Vec::new(),
            clamp,
        };
        for modifier in modifiers {
            set.add(modifier);
        }
        set
    }

    /// The product of what the request decides.
    #[must_use]
    pub fn of_request(&self, seen: Priced, facts: &Facts) -> Factor {
        let times = |factor: Factor, it: &OfFacts| factor.times(it.factor(seen, facts));
        self.of_request.iter().fold(Factor::ONE, times)
    }

    /// The product of what the request and one of its imps decide; the facts are those of this imp.
    #[must_use]
    pub fn of_imp(&self, of_request: Factor, facts: &Facts) -> Factor {
        let nothing = Priced::default();
        let times = |factor: Factor, it: &OfFacts| factor.times(it.factor(nothing, facts));
        self.of_imp.iter().fold(of_request, times)
    }

    /// The whole product, clamped: `of_imp` times what the ad on its imp decides.
    #[must_use]
    pub fn whole(&self, of_imp: Factor, shown: &Shown<'_>) -> Factor {
        self.product(of_imp, shown).clamped(self.clamp)
    }

    /// The same product before its clamp.
    #[must_use]
    pub fn product(&self, of_imp: Factor, shown: &Shown<'_>) -> Factor {
        let times = |factor: Factor, it: &OfAd| factor.times(it.factor(shown));
        self.of_ad.iter().fold(of_imp, times)
    }

    /// What bounds the product.
    #[must_use]
    pub const fn clamp(&self) -> Option<Clamp> {
        self.clamp
    }

    /// Every modifier with what it saw, in the order in which they are multiplied.
    #[must_use]
    pub fn applied(&self, seen: Priced, facts: &Facts, shown: &Shown<'_>) -> Vec<Applied> {
        let of_facts = self.of_request.iter().chain(&self.of_imp);
        let of_facts = of_facts.map(|it| Applied {
            key: it.key(),
            seen: it.seen(seen, facts),
            factor: it.factor(seen, facts),
        });
        let of_ad = self.of_ad.iter().map(|it| Applied {
            key: it.key(),
            seen: it.seen(shown),
            factor: it.factor(shown),
        });
        of_facts.chain(of_ad).collect()
    }

    /// The most that [`ModifierSet::whole`] can be on any imp of the request.
    #[must_use]
    pub fn at_most(&self, of_request: Factor) -> Factor {
        let times = |factor: Factor, it: &OfAd| factor.times(it.most());
        let of_imp = |factor: Factor, it: &OfFacts| factor.times(it.most());
        let of_imp = self.of_imp.iter().fold(of_request, of_imp);
        self.of_ad.iter().fold(of_imp, times).clamped(self.clamp)
    }

    fn add(&mut self, modifier: &Modifier) {
        match modifier {
            Modifier::Count { of, step } => self.of_request.push(OfFacts::Count {
                of: of.clone(),
                step: *step,
            }),
            Modifier::DeviceType { factors, otherwise } => {
                self.of_request.push(OfFacts::DeviceType {
                    factors: factors
                        .iter()
                        .map(|(kind, factor)| (*kind, *factor))
                        .collect(),
                    otherwise: *otherwise,
                });
            }
            Modifier::Key {
                key,
                factors,
                otherwise,
            } => self.add_key(*key, factors.iter(), *otherwise),
        }
    }

    fn add_key<'m>(
        &mut self,
        key: Key,
        factors: impl Iterator<Item = (&'m String, &'m Multiplier)>,
        otherwise: Multiplier,
    ) {
        let factors = factors.map(|(value, factor)| (value.as_str(), *factor));
        // Of these it counts what is bid, not what is offered.
        let is_of_ad = matches!(key, Key::Deal | Key::Size | Key::Format);
        match Dimension::of(key).filter(|_| !is_of_ad) {
            Some(dimension) => {
                let mut by_value = HashMap::new();
                for (value, factor) in factors {
                    let mut normal = String::new();
                    dimension.normalise(value, &mut normal);
                    by_value.insert(normal.into(), factor);
                }
                let stage = if dimension.is_of_imp() {
                    &mut self.of_imp
                } else {
                    &mut self.of_request
                };
                stage.push(OfFacts::Values {
                    dimension,
                    factors: by_value,
                    otherwise,
                });
            }
            None => self.of_ad.extend(of_ad(key, factors, otherwise)),
        }
    }
}

fn of_ad<'m>(
    key: Key,
    factors: impl Iterator<Item = (&'m str, Multiplier)>,
    otherwise: Multiplier,
) -> Option<OfAd> {
    if key == Key::Daypart {
        let hours = |text: &str| WeekHours::read(&[text.to_owned()]);
        let factors = factors
            .map(|(text, factor)| (hours(text), factor))
            .collect();
        return Some(OfAd::Hour { factors, otherwise });
    }
    if key == Key::Deal {
        let factors = factors.map(|(id, factor)| (id.into(), factor)).collect();
        return Some(OfAd::Deal { factors, otherwise });
    }
    if key == Key::Size {
        let factors = factors.filter_map(|(text, factor)| Some((Size::parse(text)?, factor)));
        return Some(OfAd::Size {
            factors: factors.collect(),
            otherwise,
        });
    }
    if key == Key::Format {
        let factors = factors.filter_map(|(name, factor)| Some((medium(name)?, factor)));
        return Some(OfAd::Format {
            factors: factors.collect(),
            otherwise,
        });
    }
    None
}

const MEDIA: [(&str, Medium); 4] = [
    ("banner", Medium::Banner),
    ("video", Medium::Video),
    ("audio", Medium::Audio),
    ("native", Medium::Native),
];

fn medium(name: &str) -> Option<Medium> {
    let found = MEDIA.iter().find(|it| it.0.eq_ignore_ascii_case(name));
    found.map(|it| it.1)
}

impl OfFacts {
    const fn key(&self) -> &'static str {
        match self {
            Self::Count { .. } => "count",
            Self::DeviceType { .. } => "device_type",
            Self::Values { dimension, .. } => reason(*dimension).label(),
        }
    }

    fn seen(&self, seen: Priced, facts: &Facts) -> String {
        match self {
            Self::Count { of, .. } => {
                let each = of.iter().map(|counted| match counted {
                    Counted::Interests => format!("{} interests", seen.interests),
                    Counted::Segments => format!("{} segments", seen.segments),
                });
                let each: Vec<String> = each.collect();
                listed(each.iter().map(String::as_str))
            }
            Self::DeviceType { .. } => seen.device_type.to_string(),
            Self::Values { dimension, .. } => listed(facts.values(*dimension)),
        }
    }

    fn factor(&self, seen: Priced, facts: &Facts) -> Multiplier {
        match self {
            Self::Count { of, step } => counted(of, *step, seen),
            Self::DeviceType { factors, otherwise } => {
                let factor = factors.get(&seen.device_type).copied();
                factor.unwrap_or(*otherwise)
            }
            Self::Values {
                dimension,
                factors,
                otherwise,
            } => {
                let there = facts.values(*dimension);
                let listed = there.filter_map(|value| factors.get(value).copied());
                listed.max().unwrap_or(*otherwise)
            }
        }
    }
}

impl OfFacts {
    /// The most that it can be, whatever the facts; only values of an imp are asked.
    fn most(&self) -> Multiplier {
        match self {
            Self::Values {
                factors, otherwise, ..
            } => factors.values().copied().fold(*otherwise, Multiplier::max),
            Self::Count { .. } | Self::DeviceType { .. } => Multiplier::ONE,
        }
    }
}

fn counted(of: &[Counted], step: Multiplier, seen: Priced) -> Multiplier {
    let count = |counted: &Counted| match counted {
        Counted::Interests => seen.interests,
        Counted::Segments => seen.segments,
    };
    let count = i64::try_from(of.iter().map(count).sum::<usize>()).unwrap_or(i64::MAX);
    let extra = step.millionths().saturating_mul(count);
    Multiplier::new(Multiplier::ONE.millionths().saturating_add(extra)).unwrap_or_default()
}

impl OfAd {
    const fn key(&self) -> &'static str {
        match self {
            Self::Hour { .. } => "daypart",
            Self::Deal { .. } => "deal",
            Self::Size { .. } => "size",
            Self::Format { .. } => "format",
        }
    }

    fn seen(&self, shown: &Shown<'_>) -> String {
        let none = || "none".to_owned();
        match self {
            Self::Hour { .. } => {
                let WeekHour { day, hour } = shown.hour;
                format!("day {day} hour {hour} of its week")
            }
            Self::Deal { .. } => shown.deal.map_or_else(none, str::to_owned),
            Self::Size { .. } => shown.size.map_or_else(none, |it| it.to_string()),
            Self::Format { .. } => {
                let named = MEDIA.iter().find(|it| it.1 == shown.medium);
                named.map_or_else(none, |it| it.0.to_owned())
            }
        }
    }

    fn factor(&self, shown: &Shown<'_>) -> Multiplier {
        match self {
            Self::Hour { factors, otherwise } => {
                let WeekHour { day, hour } = shown.hour;
                let holds = factors.iter().filter(|it| it.0.contains(day, hour));
                holds.map(|it| it.1).max().unwrap_or(*otherwise)
            }
            Self::Deal { factors, otherwise } => {
                let factor = shown.deal.and_then(|deal| factors.get(deal));
                factor.copied().unwrap_or(*otherwise)
            }
            Self::Size { factors, otherwise } => {
                let factor = shown.size.and_then(|size| factors.get(&size));
                factor.copied().unwrap_or(*otherwise)
            }
            Self::Format { factors, otherwise } => {
                let factor = factors.iter().find(|it| it.0 == shown.medium);
                factor.map_or(*otherwise, |it| it.1)
            }
        }
    }

    fn most(&self) -> Multiplier {
        let (most, otherwise) = match self {
            Self::Hour { factors, otherwise } => (factors.iter().map(|it| it.1).max(), otherwise),
            Self::Deal { factors, otherwise } => (factors.values().copied().max(), otherwise),
            Self::Size { factors, otherwise } => (factors.values().copied().max(), otherwise),
            Self::Format { factors, otherwise } => (factors.iter().map(|it| it.1).max(), otherwise),
        };
        most.unwrap_or(*otherwise).max(*otherwise)
    }
}
