//! TCF v2 consent strings (IAB Europe, "Transparency and Consent String", version 2).

use super::bits::Bits;
use super::vendors::Vendors;

/// What a person said in a TCF v2 string; answers are read where they stand, nothing is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcf<'a> {
    core: Bits<'a>,
    consents: Vendors<'a>,
    interests: Vendors<'a>,
    disclosed: Option<Vendors<'a>>,
    /// Where the entries of the publisher's restrictions begin, and how many there are.
    restrictions: (usize, u16),
}

/// What a publisher does not let a vendor do, whatever the person said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Restriction {
    /// The vendor may not pursue the purpose.
    NotAllowed,
    /// Only with consent.
    RequireConsent,
    /// Only as a legitimate interest.
    RequireLegitimateInterest,
}

const CREATED: usize = 6;
const UPDATED: usize = 42;
const CMP: usize = 78;
const SPECIFIC: usize = 138;
const FEATURES: usize = 140;
const PURPOSES: usize = 152;
const INTERESTS: usize = 176;
const COUNTRY: usize = 201;
const VENDORS: usize = 213;

impl<'a> Tcf<'a> {
    /// Purposes and special features that the string has room for.
    pub const PURPOSES: u8 = 24;

    /// Reads a string; `None`, which is no consent, for anything that is not whole and version 2.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        if text.len() > super::LONGEST {
            return None;
        }
        let mut segments = text.split('.');
        let core = Bits::of(segments.next()?)?;
        if core.number(0, 6)? != 2 {
            return None;
        }
        let (consents, at) = Vendors::read(core, VENDORS)?;
        let (interests, at) = Vendors::read(core, at)?;
        let restrictions = (at + 12, core.short(at, 12)?);
        let mut tcf = Self {
            core,
            consents,
            interests,
            disclosed: None,
            restrictions,
        };
        if tcf.restrictions().any(|restriction| restriction.is_none()) {
            return None;
        }
        for segment in segments {
            let bits = Bits::of(segment)?;
            match bits.number(0, 3)? {
                1 if tcf.disclosed.is_none() => tcf.disclosed = Some(Vendors::read(bits, 3)?.0),
                // Twice, or another core.
                0 | 1 => return None,
                2 => {
                    Vendors::read(bits, 3)?;
                }
                // The publisher's own purposes, and what later versions may add.
                _ => {}
            }
        }
        Some(tcf)
    }

    /// Whether there is consent to a purpose, 1 to 24.
    #[must_use]
    pub fn consents_to(&self, purpose: u8) -> bool {
        self.flag(PURPOSES, purpose, Self::PURPOSES)
    }

    /// Whether a purpose, 2 to 24, was told as a legitimate interest and not objected to.
    #[must_use]
    pub fn has_interest(&self, purpose: u8) -> bool {
        self.flag(INTERESTS, purpose, Self::PURPOSES)
    }

    /// Whether a special feature is opted into; 1 is the precise place.
    #[must_use]
    pub fn opts_into(&self, feature: u8) -> bool {
        self.flag(FEATURES, feature, 12)
    }

    /// Whether there is consent to a vendor, by its id in the Global Vendor List.
    #[must_use]
    pub fn consents_to_vendor(&self, vendor: u16) -> bool {
        self.consents.contains(vendor)
    }

    /// Whether a vendor's legitimate interests were told and not objected to.
    #[must_use]
    pub fn has_vendor_interest(&self, vendor: u16) -> bool {
        self.interests.contains(vendor)
    }

    /// Whether a vendor was shown to the person; `None` when the string does not say.
    #[must_use]
    pub fn is_disclosed(&self, vendor: u16) -> Option<bool> {
        Some(self.disclosed.as_ref()?.contains(vendor))
    }

    /// What the publisher forbids a vendor; of several, the strictest.
    #[must_use]
    pub fn restriction(&self, purpose: u8, vendor: u16) -> Option<Restriction> {
        let strictness = |restriction: &Restriction| match restriction {
            Restriction::NotAllowed => 2,
            Restriction::RequireLegitimateInterest => 1,
            Restriction::RequireConsent => 0,
        };
        self.restrictions()
            .flatten()
            .filter(|(of, _, vendors)| *of == purpose && vendors.contains(vendor))
            .filter_map(|(_, restriction, _)| restriction)
            .max_by_key(strictness)
    }

    /// Whether a vendor may pursue a purpose on the ground of consent: the person consents to both
    /// and the publisher does not forbid it.
    #[must_use]
    pub fn allows(&self, purpose: u8, vendor: u16) -> bool {
        let forbidden = matches!(
            self.restriction(purpose, vendor),
            Some(Restriction::NotAllowed | Restriction::RequireLegitimateInterest)
        );
        self.consents_to(purpose) && self.consents_to_vendor(vendor) && !forbidden
    }

    /// When the string was first made, in seconds since 1970.
    #[must_use]
    pub fn created(&self) -> u64 {
        self.core.number(CREATED, 36).unwrap_or(0) / 10
    }

    /// When it was last changed, in seconds since 1970.
    #[must_use]
    pub fn updated(&self) -> u64 {
        self.core.number(UPDATED, 36).unwrap_or(0) / 10
    }

    /// The id of the consent management platform.
    #[must_use]
    pub fn cmp(&self) -> u16 {
        self.core.short(CMP, 12).unwrap_or(0)
    }

    /// Whether it holds for the publisher's own properties alone.
    #[must_use]
    pub fn is_service_specific(&self) -> bool {
        self.core.bit(SPECIFIC) == Some(true)
    }

    /// The publisher's country, two letters.
    #[must_use]
    pub fn publisher_country(&self) -> String {
        let letter = |at| {
            let index = u8::try_from(self.core.number(at, 6).unwrap_or(0)).unwrap_or(0);
            char::from(b'A' + index)
        };
        [letter(COUNTRY), letter(COUNTRY + 6)].iter().collect()
    }

    /// Bits of fields begin with number 1.
    fn flag(&self, field: usize, number: u8, most: u8) -> bool {
        (1..=most).contains(&number) && self.core.bit(field + usize::from(number) - 1) == Some(true)
    }

    /// The entries: purpose, kind (`None` is one that the standard does not define), vendors.
    /// An entry that is broken ends the iteration with `None`.
    fn restrictions(
        &self,
    ) -> impl Iterator<Item = Option<(u8, Option<Restriction>, Vendors<'a>)>> + use<'a> {
        let core = self.core;
        let (mut at, entries) = self.restrictions;
        let mut broken = false;
        (0..entries).map_while(move |_| {
            if broken {
                return None;
            }
            let entry = (|| {
                let purpose = u8::try_from(core.number(at, 6)?).ok()?;
                let kind = match core.number(at + 6, 2)? {
                    0 => Some(Restriction::NotAllowed),
                    1 => Some(Restriction::RequireConsent),
                    2 => Some(Restriction::RequireLegitimateInterest),
                    _ => None,
                };
                let (vendors, next) = Vendors::ranges(core, at + 8)?;
                at = next;
                Some((purpose, kind, vendors))
            })();
            broken = entry.is_none();
            Some(entry)
        })
    }
}
