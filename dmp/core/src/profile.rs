//! A profile as it comes in, and how it is merged into what is known.

use std::collections::BTreeMap;

use contracts::profile::{Demographics, Membership};
use serde_json::{Map, Value};
use units::{UnixMillis, UserId, country};

use crate::fault::{Faults, text};
use crate::observe::{LONGEST_WORD, MOST_WORDS};
use crate::time;
use crate::user::User;

/// Segments that a profile names at most.
const MOST_SEGMENTS: usize = 256;
/// Purposes that a profile tells the consent of at most.
const MOST_PURPOSES: usize = 64;
const OLDEST: u64 = 120;

/// What a profile says of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told<T> {
    /// Nothing: what is known stays.
    Nothing,
    /// `null`: what is known goes.
    Gone,
    /// A value.
    Is(T),
}

/// A checked profile. Keys that are absent change nothing; `null` removes; lists add to what is known,
/// each word once; of the demographics and of the consent, each key counts for itself.
///
/// Keys that we do not know are left out: what answers a `GET` may be sent back as a `PUT`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfilePatch {
    demographics: Told<DemographicsPatch>,
    interests: Told<Vec<String>>,
    behaviors: Told<Vec<String>>,
    segments: Told<Vec<Membership>>,
    consent: Told<BTreeMap<String, Told<bool>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct DemographicsPatch {
    age: Told<u8>,
    gender: Told<String>,
    device_type: Told<String>,
    country: Told<String>,
}

impl ProfilePatch {
    /// Checks a body.
    ///
    /// # Errors
    /// [`Faults`]: all values that are wrong, with their pointers.
    pub fn read(body: &Value, user: &UserId, now: UnixMillis) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let Some(body) = body.as_object() else {
            faults.form("", "must be an object");
            return Err(faults);
        };
        match body.get("user_id") {
            None | Some(Value::Null) => {}
            Some(Value::String(id)) if id == user.as_str() => {}
            Some(Value::String(_)) => {
                faults.meaning("/user_id", "is not the user of the path");
            }
            Some(_) => faults.form("/user_id", "must be a string"),
        }
        let patch = Self {
            demographics: told(body, "demographics", |given| {
                demographics(given, &mut faults)
            }),
            interests: told(body, "interests", |given| {
                words(given, "/interests", &mut faults)
            }),
            behaviors: told(body, "behaviors", |given| {
                words(given, "/behaviors", &mut faults)
            }),
            segments: told(body, "segments", |given| segments(given, now, &mut faults)),
            consent: told(body, "consent", |given| consent(given, &mut faults)),
        };
        faults.or(patch)
    }

    /// Merges the profile into what is known of a user.
    pub fn apply(self, user: &mut User) {
        match self.demographics {
            Told::Nothing => {}
            Told::Gone => user.profile.demographics = Demographics::default(),
            Told::Is(patch) => {
                let known = &mut user.profile.demographics;
                patch.age.merge(&mut known.age);
                patch.gender.merge(&mut known.gender);
                patch.device_type.merge(&mut known.device_type);
                patch.country.merge(&mut known.country);
            }
        }
        merge_words(self.interests, &mut user.profile.interests);
        merge_words(self.behaviors, &mut user.profile.behaviors);
        merge_segments(self.segments, user);
        match self.consent {
            Told::Nothing => {}
            Told::Gone => user.profile.consent.clear(),
            Told::Is(purposes) => {
                for (purpose, given) in purposes {
                    match given {
                        Told::Nothing => {}
                        Told::Gone => drop(user.profile.consent.remove(&purpose)),
                        Told::Is(given) => drop(user.profile.consent.insert(purpose, given)),
                    }
                }
            }
        }
    }
}

impl<T> Told<T> {
    fn merge(self, known: &mut Option<T>) {
        match self {
            Self::Nothing => {}
            Self::Gone => *known = None,
            Self::Is(value) => *known = Some(value),
        }
    }
}

fn merge_words(told: Told<Vec<String>>, known: &mut Vec<String>) {
    match told {
        Told::Nothing => {}
        Told::Gone => known.clear(),
        Told::Is(words) => {
            for word in words {
                if known.len() < MOST_WORDS && !known.contains(&word) {
                    known.push(word);
                }
            }
        }
    }
}

/// What a rule has found stays a rule's finding, also when a `GET` is sent back.
fn merge_segments(told: Told<Vec<Membership>>, user: &mut User) {
    let User { profile, memory } = user;
    match told {
        Told::Nothing => {}
        Told::Gone => {
            profile
                .segments
                .retain(|member| !memory.told.contains(&member.id));
            memory.told.clear();
        }
        Told::Is(memberships) => {
            for membership in memberships {
                let known = profile
                    .segments
                    .iter_mut()
                    .find(|known| known.id == membership.id);
                if let Some(known) = known {
                    *known = membership;
                } else if profile.segments.len() < MOST_SEGMENTS {
                    memory.told.insert(membership.id.clone());
                    profile.segments.push(membership);
                }
            }
        }
    }
}

fn told<T>(
    body: &Map<String, Value>,
    key: &str,
    read: impl FnOnce(&Value) -> Option<T>,
) -> Told<T> {
    match body.get(key) {
        None => Told::Nothing,
        Some(Value::Null) => Told::Gone,
        Some(given) => read(given).map_or(Told::Nothing, Told::Is),
    }
}

fn demographics(given: &Value, faults: &mut Faults) -> Option<DemographicsPatch> {
    let Some(given) = given.as_object() else {
        faults.form("/demographics", "must be an object");
        return None;
    };
    Some(DemographicsPatch {
        age: told(given, "age", |age| read_age(age, faults)),
        gender: told(given, "gender", |gender| read_gender(gender, faults)),
        device_type: told(given, "device_type", |device| {
            let word = text(device, LONGEST_WORD, "/demographics/device_type", faults)?;
            Some(word.to_ascii_lowercase())
        }),
        country: told(given, "country", |code| read_country(code, faults)),
    })
}

fn read_age(given: &Value, faults: &mut Faults) -> Option<u8> {
    let pointer = "/demographics/age";
    if !given.is_number() {
        faults.form(pointer, "must be a whole number");
        return None;
    }
    let age = given.as_u64().filter(|age| *age <= OLDEST);
    if age.is_none() {
        faults.meaning(
            pointer,
            format!("must be a whole number from 0 to {OLDEST}"),
        );
    }
    age.and_then(|age| u8::try_from(age).ok())
}

/// `M`, `F` or `O` as OpenRTB has them (§3.2.20), or the words.
fn read_gender(given: &Value, faults: &mut Faults) -> Option<String> {
    let pointer = "/demographics/gender";
    let word = text(given, LONGEST_WORD, pointer, faults)?;
    let known = [
        ("m", "male", "M"),
        ("f", "female", "F"),
        ("o", "other", "O"),
    ];
    let found = known.iter().find(|(letter, long, _code)| {
        word.eq_ignore_ascii_case(letter) || word.eq_ignore_ascii_case(long)
    });
    if found.is_none() {
        faults.meaning(pointer, "must be M, F or O");
    }
    found.map(|(_letter, _long, code)| (*code).to_owned())
}

fn read_country(given: &Value, faults: &mut Faults) -> Option<String> {
    let pointer = "/demographics/country";
    let code = text(given, LONGEST_WORD, pointer, faults)?;
    let found = country::alpha_2(&code);
    if found.is_none() {
        faults.meaning(
            pointer,
            "must be a country of ISO 3166-1, two or three letters",
        );
    }
    found.map(ToOwned::to_owned)
}

fn list<'a>(
    given: &'a Value,
    most: usize,
    pointer: &str,
    faults: &mut Faults,
) -> Option<&'a [Value]> {
    let Some(items) = given.as_array() else {
        faults.form(pointer, "must be a list");
        return None;
    };
    if items.len() > most {
        faults.meaning(pointer, format!("must have at most {most} entries"));
        return None;
    }
    Some(items)
}

fn words(given: &Value, pointer: &str, faults: &mut Faults) -> Option<Vec<String>> {
    let items = list(given, MOST_WORDS, pointer, faults)?;
    Some(
        items
            .iter()
            .enumerate()
            .filter_map(|(at, word)| text(word, LONGEST_WORD, &format!("{pointer}/{at}"), faults))
            .collect(),
    )
}

fn segments(given: &Value, now: UnixMillis, faults: &mut Faults) -> Option<Vec<Membership>> {
    let items = list(given, MOST_SEGMENTS, "/segments", faults)?;
    Some(
        items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| membership(item, &format!("/segments/{at}"), now, faults))
            .collect(),
    )
}

/// `{"id","last_seen"?,"count"?}`, or the id alone.
fn membership(given: &Value, at: &str, now: UnixMillis, faults: &mut Faults) -> Option<Membership> {
    let object = match given {
        Value::String(_) => {
            let id = text(given, 256, at, faults)?;
            return Some(Membership {
                id: id.into(),
                last_seen: now,
                count: 1,
            });
        }
        Value::Object(object) => object,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
            faults.form(at, "must be an object with an id, or the id");
            return None;
        }
    };
    let id = match object.get("id") {
        None => {
            faults.form(format!("{at}/id"), "is missing");
            None
        }
        Some(id) => text(id, 256, &format!("{at}/id"), faults),
    };
    let last_seen = match object.get("last_seen") {
        None | Some(Value::Null) => now,
        Some(given) => given.as_str().and_then(time::read).unwrap_or_else(|| {
            faults.meaning(format!("{at}/last_seen"), "must be an RFC 3339 instant");
            now
        }),
    };
    let count = match object.get("count") {
        None | Some(Value::Null) => 1,
        Some(given) => given
            .as_u64()
            .and_then(|count| u32::try_from(count).ok())
            .unwrap_or_else(|| {
                faults.meaning(format!("{at}/count"), "must be a whole number from 0");
                1
            }),
    };
    Some(Membership {
        id: id?.into(),
        last_seen,
        count,
    })
}

fn consent(given: &Value, faults: &mut Faults) -> Option<BTreeMap<String, Told<bool>>> {
    let Some(purposes) = given.as_object() else {
        faults.form("/consent", "must be an object");
        return None;
    };
    if purposes.len() > MOST_PURPOSES {
        faults.meaning(
            "/consent",
            format!("must have at most {MOST_PURPOSES} purposes"),
        );
    }
    let mut read = BTreeMap::new();
    for (purpose, given) in purposes {
        let given = match given {
            Value::Bool(given) => Told::Is(*given),
            Value::Null => Told::Gone,
            Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                // RFC 6901 §3: `~` and `/` in a key.
                let key = purpose.replace('~', "~0").replace('/', "~1");
                faults.form(format!("/consent/{key}"), "must be true or false");
                continue;
            }
        };
        read.insert(purpose.clone(), given);
    }
    Some(read)
}

#[cfg(test)]
#[path = "profile_tests.rs"]
mod tests;
