//! Price modifiers: read with every fault at its place, and shown as they are given.

use std::collections::BTreeMap;

use contracts::catalog::{Clamp, Counted, Key, Modifier};
use serde::{Serialize, Serializer};
use units::Multiplier;
use utoipa::ToSchema;

use super::targeting;
use crate::form::Form;

/// Modifiers one line item may have.
const MAX_MODIFIERS: usize = 16;
/// Values one modifier may have.
const MAX_VALUES: usize = 1_000;
/// The highest factor that is believed: a thousandfold.
const MAX_FACTOR: i64 = 1_000_000_000;

/// 1 + 0.10 × (interests + segments), and mobile 1.2, desktop 1.0, tablet 0.9 (interfaces.md).
pub(super) fn usual() -> Vec<Modifier> {
    let factor = |millionths| Multiplier::new(millionths).unwrap_or_default();
    let by_device = [(1, 1_200_000), (4, 1_200_000), (2, 1_000_000), (5, 900_000)];
    vec![
        Modifier::Count {
            of: vec![Counted::Interests, Counted::Segments],
            step: factor(100_000),
        },
        Modifier::DeviceType {
            factors: BTreeMap::from(by_device.map(|(kind, f)| (kind, factor(f)))),
            otherwise: Multiplier::ONE,
        },
    ]
}

/// Takes `modifiers`; absent, the usual ones. An empty list is none.
pub(super) fn take(form: &mut Form) -> Vec<Modifier> {
    let Some(modifiers) = form.list("modifiers", modifier) else {
        return usual();
    };
    if modifiers.len() > MAX_MODIFIERS {
        form.refuse("modifiers", format!("must be at most {MAX_MODIFIERS}"));
    }
    modifiers
}

/// Takes `clamp`: the bounds of the modifiers' product.
pub(super) fn take_clamp(form: &mut Form) -> Option<Clamp> {
    form.object("clamp", |form| {
        let min = form.multiplier("min").or(Multiplier::new(0))?;
        let max = form.multiplier("max").or(Multiplier::new(MAX_FACTOR))?;
        if min > max {
            form.refuse("max", "must not be below min");
        }
        Some(Clamp { min, max })
    })
}

fn modifier(form: &mut Form) -> Option<Modifier> {
    form.require("kind");
    let kind = form.text("kind")?;
    match kind.as_str() {
        "count" => {
            form.require("of");
            form.require("step");
            let names: Vec<String> = form.take("of")?;
            let step = factor(form, "step")?;
            let mut of = Vec::with_capacity(names.len());
            for (index, name) in names.iter().enumerate() {
                match named(name) {
                    Some(counted) => of.push(counted),
                    None => form.refuse_entry("of", index, "must be interests or segments"),
                }
            }
            Some(Modifier::Count { of, step })
        }
        "device_type" => Some(Modifier::DeviceType {
            factors: factors(form, |text| text.parse().ok())?,
            otherwise: otherwise(form),
        }),
        "key" => {
            form.require("key");
            let name = form.text("key")?;
            let Some(key) = Key::named(&name) else {
                form.refuse("key", "is not a key of targeting that can have factors");
                form.take::<serde::de::IgnoredAny>("factors");
                form.take::<serde::de::IgnoredAny>("otherwise");
                return None;
            };
            Some(Modifier::Key {
                key,
                factors: factors(form, |text| targeting::spell(key, text))?,
                otherwise: otherwise(form),
            })
        }
        _ => {
            form.refuse("kind", "must be count, device_type or key");
            let rest: Vec<String> = form.keys().map(str::to_owned).collect();
            for key in rest {
                form.take::<serde::de::IgnoredAny>(&key);
            }
            None
        }
    }
}

/// A word of the catalog by its name.
fn named<T: serde::de::DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

fn otherwise(form: &mut Form) -> Multiplier {
    factor(form, "otherwise").unwrap_or(Multiplier::ONE)
}

fn factor(form: &mut Form, key: &str) -> Option<Multiplier> {
    let factor = form.multiplier(key)?;
    if factor.millionths() > MAX_FACTOR {
        form.refuse(key, "must be at most 1000");
    }
    Some(factor)
}

/// Takes `factors`: a factor for each value, whose spelling `spell` knows.
fn factors<K: Ord>(
    form: &mut Form,
    spell: impl Fn(&str) -> Option<K>,
) -> Option<BTreeMap<K, Multiplier>> {
    form.require("factors");
    form.object("factors", |form| {
        let values: Vec<String> = form.keys().map(str::to_owned).collect();
        if values.len() > MAX_VALUES {
            form.refuse("", format!("must have at most {MAX_VALUES} values"));
        }
        let mut factors = BTreeMap::new();
        for value in values {
            let factor = factor(form, &value);
            match spell(&value) {
                Some(spelled) => factors.extend(factor.map(|factor| (spelled, factor))),
                None => form.refuse(&value, "is not a value of this key"),
            }
        }
        Some(factors)
    })
}

/// A factor as a JSON number.
#[derive(Debug)]
struct Shown(Multiplier);

impl Serialize for Shown {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        units::json::multiplier::serialize(&self.0, serializer)
    }
}

/// A modifier as the API shows it.
#[derive(Debug, Serialize)]
pub struct ModifierDocument {
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Vec<Counted>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<Shown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<BTreeMap<String, Shown>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    otherwise: Option<Shown>,
}

/// Bounds of the modifiers' product as the API shows them.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClampDocument {
    /// At least this.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.5)]
    pub min: Multiplier,
    /// At most this.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 2)]
    pub max: Multiplier,
}

impl ClampDocument {
    /// The API's view of a clamp.
    #[must_use]
    pub const fn of(clamp: Clamp) -> Self {
        Self {
            min: clamp.min,
            max: clamp.max,
        }
    }
}

/// The API's view of modifiers.
#[must_use]
pub fn documents(modifiers: &[Modifier]) -> Vec<ModifierDocument> {
    modifiers.iter().map(document).collect()
}

fn document(modifier: &Modifier) -> ModifierDocument {
    let by_value = |value: String, factor: Multiplier| (value, Shown(factor));
    let empty = ModifierDocument {
        kind: "count",
        of: None,
        step: None,
        key: None,
        factors: None,
        otherwise: None,
    };
    match modifier {
        Modifier::Count { of, step } => ModifierDocument {
            of: Some(of.clone()),
            step: Some(Shown(*step)),
            ..empty
        },
        Modifier::DeviceType { factors, otherwise } => {
            let each = factors
                .iter()
                .map(|(kind, factor)| by_value(kind.to_string(), *factor));
            ModifierDocument {
                kind: "device_type",
                factors: Some(each.collect()),
                otherwise: Some(Shown(*otherwise)),
                ..empty
            }
        }
        Modifier::Key {
            key,
            factors,
            otherwise,
        } => {
            let each = factors
                .iter()
                .map(|(value, factor)| by_value(value.clone(), *factor));
            ModifierDocument {
                kind: "key",
                key: Some(key.name()),
                factors: Some(each.collect()),
                otherwise: Some(Shown(*otherwise)),
                ..empty
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<String, Vec<String>> {
        let mut form = Form::read(body.as_bytes()).unwrap();
        let modifiers = take(&mut form);
        let clamp = take_clamp(&mut form);
        let at = |faults: crate::Faults| faults.0.into_iter().map(|f| f.pointer).collect();
        let read = form.finish(Some(())).map_err(at);
        read.map(|()| {
            let clamp = clamp.map(ClampDocument::of);
            serde_json::to_string(&(documents(&modifiers), clamp)).unwrap()
        })
    }

    #[test]
    fn what_was_filled_in_is_shown_and_can_be_given_again() {
        let usual = concat!(
            r#"[{"kind":"count","of":["interests","segments"],"step":0.1},"#,
            r#"{"kind":"device_type","factors":{"1":1.2,"2":1,"4":1.2,"5":0.9},"otherwise":1}]"#
        );
        let cases = [
            ("{}", format!("[{usual},null]")),
            (r#"{"modifiers":[]}"#, "[[],null]".to_owned()),
            (
                r#"{"modifiers":[{"kind":"key","key":"countries","factors":{"usa":1.20}}],"clamp":{"max":2}}"#,
                r#"[[{"kind":"key","key":"countries","factors":{"US":1.2},"otherwise":1}],{"min":0,"max":2}]"#
                    .to_owned(),
            ),
            (
                r#"{"modifiers":[{"kind":"key","key":"dayparts","factors":{"Mon-Fri 9-17":1.5},"otherwise":0.5}]}"#,
                r#"[[{"kind":"key","key":"dayparts","factors":{"mon-fri 09-17":1.5},"otherwise":0.5}],null]"#
                    .to_owned(),
            ),
        ];
        for (given, want) in cases {
            assert_eq!(read(given), Ok(want.clone()), "{given}");
        }
        assert_eq!(
            read(&format!(r#"{{"modifiers":{usual}}}"#)),
            read("{}"),
            "given again"
        );
    }

    #[test]
    fn every_fault_is_told_at_its_place() {
        let cases = [
            ("kind", r#"[{"kind":"magic"}]"#, "/modifiers/0/kind"),
            ("no kind", r#"[{}]"#, "/modifiers/0/kind"),
            (
                "step",
                r#"[{"kind":"count","of":["interests"]}]"#,
                "/modifiers/0/step",
            ),
            (
                "of",
                r#"[{"kind":"count","of":["friends"],"step":1}]"#,
                "/modifiers/0/of/0",
            ),
            (
                "key",
                r#"[{"kind":"key","key":"colours","factors":{}}]"#,
                "/modifiers/0/key",
            ),
            (
                "no factors",
                r#"[{"kind":"key","key":"os"}]"#,
                "/modifiers/0/factors",
            ),
            (
                "country",
                r#"[{"kind":"key","key":"countries","factors":{"Atlantis":1}}]"#,
                "/modifiers/0/factors/Atlantis",
            ),
            (
                "negative",
                r#"[{"kind":"key","key":"os","factors":{"iOS":-1}}]"#,
                "/modifiers/0/factors/iOS",
            ),
            (
                "too much",
                r#"[{"kind":"key","key":"os","factors":{"iOS":1001}}]"#,
                "/modifiers/0/factors/iOS",
            ),
            (
                "device",
                r#"[{"kind":"device_type","factors":{"mobile":1}}]"#,
                "/modifiers/0/factors/mobile",
            ),
            (
                "day part",
                r#"[{"kind":"key","key":"dayparts","factors":{"always":1}}]"#,
                "/modifiers/0/factors/always",
            ),
            ("no list", "{}", "/modifiers"),
        ];
        for (says, modifiers, at) in cases {
            let read = read(&format!(r#"{{"modifiers":{modifiers}}}"#));
            assert_eq!(
                read.unwrap_err().first().map(String::as_str),
                Some(at),
                "{says}"
            );
        }
        let clamp = read(r#"{"clamp":{"min":2,"max":1}}"#);
        assert_eq!(clamp, Err(vec!["/clamp/max".to_owned()]));
    }
}
