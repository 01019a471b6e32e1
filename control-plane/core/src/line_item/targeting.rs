//! Targeting as it is compared later: one spelling per value, unknown values refused at save.

use contracts::catalog::{AgeRange, ListRule, Targeting};
use units::country;

use crate::form::Form;
use crate::web;

/// Values one list may have.
const MAX_VALUES: usize = 10_000;
/// Oldest age that is believed.
const MAX_AGE: i64 = 120;

const DEVICE_TYPES: [&str; 7] = [
    "mobile",
    "desktop",
    "tablet",
    "ctv",
    "connected_device",
    "set_top_box",
    "ooh",
];
const FORMATS: [&str; 4] = ["banner", "video", "audio", "native"];
const GENDERS: [&str; 3] = ["M", "F", "O"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Takes `targeting`; absent, it matches everybody.
pub(super) fn take(form: &mut Form) -> Targeting {
    let targeting = form.object("targeting", |keys| {
        Some(Targeting {
            age_range: keys.object("age_range", |form| Some(age_range(form))),
            genders: rule(keys, "genders", |t| {
                one_of(&t.to_ascii_uppercase(), &GENDERS)
            }),
            interests: texts(keys, "interests"),
            segments: texts(keys, "segments"),
            countries: rule(keys, "countries", |t| country::alpha_2(t).map(Into::into)),
            regions: rule(keys, "regions", |t| Some(t.to_ascii_uppercase())),
            cities: texts(keys, "cities"),
            device_types: rule(keys, "device_types", |t| {
                one_of(&t.to_ascii_lowercase(), &DEVICE_TYPES)
            }),
            os: texts(keys, "os"),
            sizes: rule(keys, "sizes", web::size),
            formats: rule(keys, "formats", |t| {
                one_of(&t.to_ascii_lowercase(), &FORMATS)
            }),
            domains: rule(keys, "domains", web::domain),
            bundles: texts(keys, "bundles"),
            categories: texts(keys, "categories"),
            languages: rule(keys, "languages", language),
            dayparts: rule(keys, "dayparts", daypart),
            deals: texts(keys, "deals"),
        })
    });
    targeting.unwrap_or_default()
}

fn age_range(form: &mut Form) -> AgeRange {
    let (min_age, max_age) = (age(form, "min_age"), age(form, "max_age"));
    if min_age.zip(max_age).is_some_and(|(min, max)| min > max) {
        form.refuse("max_age", "must not be below min_age");
    }
    AgeRange { min_age, max_age }
}

fn age(form: &mut Form, key: &str) -> Option<u8> {
    let years: i64 = form.take(key)?;
    if !(0..=MAX_AGE).contains(&years) {
        form.refuse(key, format!("must be 0 to {MAX_AGE}"));
    }
    u8::try_from(years).ok()
}

/// Takes a list rule and spells each value by `spell`; what it does not know is refused.
fn rule(form: &mut Form, key: &str, spell: impl Fn(&str) -> Option<String>) -> ListRule {
    let Some(given) = form.take::<ListRule>(key) else {
        return ListRule::default();
    };
    if given.include.len().saturating_add(given.exclude.len()) > MAX_VALUES {
        form.refuse(key, format!("must have at most {MAX_VALUES} values"));
        return ListRule::default();
    }
    let mut spelled = |values: Vec<String>| -> Vec<String> {
        let mut kept: Vec<String> = Vec::with_capacity(values.len());
        for value in values {
            match spell(value.trim()).filter(|value| !value.is_empty()) {
                Some(value) if kept.contains(&value) => {}
                Some(value) => kept.push(value),
                None => {
                    let shown: String = value.chars().take(64).collect();
                    form.refuse(key, format!("does not know the value {shown:?}"));
                }
            }
        }
        kept
    };
    let (include, exclude) = (spelled(given.include), spelled(given.exclude));
    if let Some(both) = include.iter().find(|value| exclude.contains(value)) {
        form.refuse(key, format!("includes and excludes {both:?}"));
    }
    ListRule { include, exclude }
}

/// Takes a list rule whose values are compared as they are given.
fn texts(form: &mut Form, key: &str) -> ListRule {
    rule(form, key, |text| Some(text.to_owned()))
}

fn one_of(text: &str, known: &[&str]) -> Option<String> {
    known.contains(&text).then(|| text.to_owned())
}

fn language(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    (lower.len() == 2 && lower.bytes().all(|b| b.is_ascii_alphabetic())).then_some(lower)
}

/// `mon-fri 09-17` or `sat 00-24`: days, then hours of the campaign's time zone, end excluded.
fn daypart(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let (days, hours) = lower.split_once(' ')?;
    let (first, last) = days.split_once('-').unwrap_or((days, days));
    let day = |name: &str| DAYS.iter().position(|day| *day == name);
    let (from, to) = hours.trim().split_once('-')?;
    let hour = |text: &str| text.parse::<u8>().ok().filter(|hour| *hour <= 24);
    let legal = day(first)? <= day(last)? && hour(from)? < hour(to)?;
    legal.then(|| {
        format!(
            "{days} {:02}-{:02}",
            hour(from).unwrap_or(0),
            hour(to).unwrap_or(24)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(targeting: &str) -> Result<Targeting, Vec<String>> {
        let body = format!(r#"{{"targeting":{targeting}}}"#);
        let mut form = Form::read(body.as_bytes()).unwrap();
        let read = take(&mut form);
        let at = |faults: crate::Faults| faults.0.into_iter().map(|f| f.pointer).collect();
        form.finish(Some(read)).map_err(at)
    }

    #[test]
    fn values_are_spelled_one_way() {
        let cases = [
            (
                "C-28 alpha-3",
                r#"{"countries":["usa","DE"]}"#,
                r#"{"countries":["US","DE"]}"#,
            ),
            (
                "C-29",
                r#"{"domains":{"exclude":["WWW.News.Example"]}}"#,
                r#"{"domains":{"include":[],"exclude":["news.example"]}}"#,
            ),
            (
                "devices",
                r#"{"device_types":["Mobile","mobile"]}"#,
                r#"{"device_types":["mobile"]}"#,
            ),
            (
                "sizes",
                r#"{"sizes":["300X250"]}"#,
                r#"{"sizes":["300x250"]}"#,
            ),
            (
                "day parts",
                r#"{"dayparts":["Mon-Fri 9-17"]}"#,
                r#"{"dayparts":["mon-fri 09-17"]}"#,
            ),
            (
                "one end",
                r#"{"age_range":{"min_age":18}}"#,
                r#"{"age_range":{"min_age":18}}"#,
            ),
            ("everybody", "{}", "{}"),
        ];
        for (id, given, want) in cases {
            let want: Targeting = serde_json::from_str(want).unwrap();
            assert_eq!(read(given), Ok(want), "{id}");
        }
    }

    #[test]
    fn what_could_never_match_is_refused() {
        let cases = [
            (
                "upside down",
                r#"{"age_range":{"min_age":35,"max_age":18}}"#,
                "/targeting/age_range/max_age",
            ),
            (
                "age",
                r#"{"age_range":{"min_age":-1}}"#,
                "/targeting/age_range/min_age",
            ),
            (
                "country",
                r#"{"countries":["Atlantis"]}"#,
                "/targeting/countries",
            ),
            (
                "device",
                r#"{"device_types":["toaster"]}"#,
                "/targeting/device_types",
            ),
            (
                "both",
                r#"{"interests":{"include":["a"],"exclude":["a"]}}"#,
                "/targeting/interests",
            ),
            (
                "day part",
                r#"{"dayparts":["mon 17-09"]}"#,
                "/targeting/dayparts",
            ),
            (
                "type",
                r#"{"interests":"technology"}"#,
                "/targeting/interests",
            ),
            (
                "unknown key",
                r#"{"intrests":["technology"]}"#,
                "/targeting/intrests",
            ),
        ];
        for (id, given, want) in cases {
            assert_eq!(read(given), Err(vec![want.to_owned()]), "{id}");
        }
    }
}
