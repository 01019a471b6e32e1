//! Targeting as it is compared later: one spelling per value, unknown values refused at save.

mod ranges;
mod spelling;
mod tree;

use contracts::catalog::{AgeRange, Key, ListRule, Targeting};
use serde::de::DeserializeOwned;

use crate::form::Form;
pub(crate) use spelling::postal_code;
pub(super) use spelling::spell;

/// Values one list may have.
const MAX_VALUES: usize = 10_000;

/// Takes `targeting`; absent, it matches everybody.
pub(super) fn take(form: &mut Form) -> Targeting {
    let targeting = form.object("targeting", |keys| {
        let mut targeting = Targeting {
            age_range: keys.object("age_range", |form| Some(age_range(form))),
            cattax: cattax(keys),
            dayparts_in: keys.take("dayparts_in").unwrap_or_default(),
            os_versions: ranges(keys, "os_versions", ranges::version),
            size_ranges: ranges(keys, "size_ranges", ranges::size),
            radius: ranges(keys, "radius", ranges::circle),
            visits: ranges(keys, "visits", ranges::visits),
            interstitial: keys.take("interstitial"),
            rewarded: keys.take("rewarded"),
            skippable: keys.take("skippable"),
            in_pod: keys.take("in_pod"),
            rule: tree::take(keys),
            ..Targeting::default()
        };
        for key in Key::ALL {
            *targeting.list_mut(*key) = rule(keys, *key);
        }
        Some(targeting)
    });
    targeting.unwrap_or_default()
}

fn age_range(form: &mut Form) -> AgeRange {
    let range = AgeRange {
        min_age: age(form, "min_age"),
        max_age: age(form, "max_age"),
    };
    if let Some((key, says)) = ranges::age(&range) {
        form.refuse(key, says);
    }
    range
}

fn age(form: &mut Form, key: &str) -> Option<u8> {
    let years: i64 = form.take(key)?;
    let read = u8::try_from(years).ok();
    if read.is_none() {
        form.refuse(key, "must be 0 to 120");
    }
    read
}

fn cattax(form: &mut Form) -> Option<i32> {
    let taxonomy: i32 = form.take("cattax")?;
    if taxonomy < 1 {
        form.refuse("cattax", "must be a category taxonomy of AdCOM");
    }
    // 1 is what absence means; written one way.
    Some(taxonomy).filter(|it| *it != 1)
}

/// Takes a list of ranges; one that means nothing is refused at its place.
fn ranges<T: DeserializeOwned>(
    form: &mut Form,
    key: &str,
    check: impl Fn(&T) -> Option<ranges::Wrong>,
) -> Vec<T> {
    let given: Vec<T> = form.take(key).unwrap_or_default();
    if given.len() > MAX_VALUES {
        form.refuse(key, format!("must have at most {MAX_VALUES} values"));
        return Vec::new();
    }
    for (index, range) in given.iter().enumerate() {
        if let Some((inner, says)) = check(range) {
            let slash = if inner.is_empty() { "" } else { "/" };
            form.refuse_at(key, &format!("/{index}{slash}{inner}"), says);
        }
    }
    given
}

/// Takes a list rule and spells each value; what its key does not know is refused.
fn rule(form: &mut Form, key: Key) -> ListRule {
    let name = key.name();
    let Some(given) = form.take::<ListRule>(name) else {
        return ListRule::default();
    };
    if given.include.len().saturating_add(given.exclude.len()) > MAX_VALUES {
        form.refuse(name, format!("must have at most {MAX_VALUES} values"));
        return ListRule::default();
    }
    let mut spelled = |values: Vec<String>| -> Vec<String> {
        let mut kept: Vec<String> = Vec::with_capacity(values.len());
        for value in values {
            match spell(key, &value) {
                Some(value) if kept.contains(&value) => {}
                Some(value) => kept.push(value),
                None => {
                    let shown: String = value.chars().take(64).collect();
                    form.refuse(name, format!("does not know the value {shown:?}"));
                }
            }
        }
        kept
    };
    let (include, exclude) = (spelled(given.include), spelled(given.exclude));
    if let Some(both) = include.iter().find(|value| exclude.contains(value)) {
        form.refuse(name, format!("includes and excludes {both:?}"));
    }
    ListRule { include, exclude }
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
            (
                "blanks in postal codes",
                r#"{"postal_codes":["sw1a 1aa","de-10115"]}"#,
                r#"{"postal_codes":["SW1A1AA","DE-10115"]}"#,
            ),
            ("taxonomy 1 is the default", r#"{"cattax":1}"#, "{}"),
            (
                "inside a tree, too",
                r#"{"rule":{"all":[{"countries":["usa","US"]},{"not":{"device_types":["Mobile"]}}]}}"#,
                r#"{"rule":{"all":[{"countries":["US"]},{"not":{"device_types":["mobile"]}}]}}"#,
            ),
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
        let sixty_five = vec![r#"{"os":["ios"]}"#; 65].join(",");
        let many = format!(r#"{{"rule":{{"any":[{sixty_five}]}}}}"#);
        let cases = [
            (many.as_str(), vec!["/targeting/rule"]),
            (
                r#"{"os_versions":[{"os":"ios","min":"17","max":"16.4"},{"os":"ios","min":"x"},{"os":" "}]}"#,
                vec![
                    "/targeting/os_versions/0/max",
                    "/targeting/os_versions/1/min",
                    "/targeting/os_versions/2/os",
                ],
            ),
            (
                r#"{"size_ranges":[{"min_width":9,"max_width":8},{}]}"#,
                vec![
                    "/targeting/size_ranges/0/max_width",
                    "/targeting/size_ranges/1",
                ],
            ),
            (
                r#"{"radius":[{"lat":91,"lon":0,"metres":5},{"lat":1,"lon":0,"metres":0}]}"#,
                vec!["/targeting/radius/0/lat", "/targeting/radius/1/metres"],
            ),
            (
                r#"{"visits":[{"segment":"a","at_least":0}],"positions":["middle"],"cattax":0}"#,
                vec![
                    "/targeting/cattax",
                    "/targeting/visits/0/at_least",
                    "/targeting/positions",
                ],
            ),
            (
                r#"{"visits":[{"segment":"a","within":"soon"}],"interstitial":"yes"}"#,
                vec!["/targeting/visits", "/targeting/interstitial"],
            ),
            (
                r#"{"rule":{"any":[{"colour":["red"]},{"not":{"countries":"DE"}}]}}"#,
                vec![
                    "/targeting/rule/any/0/colour",
                    "/targeting/rule/any/1/not/countries",
                ],
            ),
            (
                r#"{"rule":{"all":[{"countries":["DE","Atlantis"]},{"any":[]},{"age_range":{"min_age":9,"max_age":3}},{"path":"imp","exists":true},{"path":"/a~2","in":[]}]}}"#,
                vec![
                    "/targeting/rule/all/0/countries/1",
                    "/targeting/rule/all/1/any",
                    "/targeting/rule/all/2/age_range/max_age",
                    "/targeting/rule/all/3/path",
                    "/targeting/rule/all/4/path",
                    "/targeting/rule/all/4/in",
                ],
            ),
        ];
        for (given, want) in cases {
            let want: Vec<_> = want.into_iter().map(str::to_owned).collect();
            assert_eq!(read(given), Err(want), "{given:.200}");
        }
    }
}
