//! Our reading beside a naive one: for every message that `serde_json::Value` accepts, each value that
//! we read is what the rules of leniency (C-24, C-25, C-27, C-31, C-32) make of that `Value`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on panics"
)]
#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "the kinds of a JSON value are complete; what a rule does not name it refuses"
)]

mod standard;

use openrtb::{BidRequest, BidResponse, Limits};
use proptest::prelude::*;
use serde_json::{Map, Value, json};
use standard::OBJECTS;

/// Attributes of an object with their types.
fn attributes(object: &str) -> Vec<(&'static str, &'static str)> {
    let (_, names, more) = OBJECTS.iter().find(|(name, ..)| *name == object).unwrap();
    names
        .split_whitespace()
        .chain(more.split_whitespace())
        .map(|attribute| attribute.split_once(':').unwrap())
        .collect()
}

#[test]
fn the_model_is_the_standards() {
    use openrtb::*;
    let ours = [
        BidRequest::ATTRIBUTES,
        Source::ATTRIBUTES,
        Regs::ATTRIBUTES,
        Imp::ATTRIBUTES,
        Metric::ATTRIBUTES,
        Banner::ATTRIBUTES,
        Video::ATTRIBUTES,
        Audio::ATTRIBUTES,
        Native::ATTRIBUTES,
        Format::ATTRIBUTES,
        Pmp::ATTRIBUTES,
        Deal::ATTRIBUTES,
        Site::ATTRIBUTES,
        App::ATTRIBUTES,
        Publisher::ATTRIBUTES,
        Content::ATTRIBUTES,
        Producer::ATTRIBUTES,
        Device::ATTRIBUTES,
        Geo::ATTRIBUTES,
        User::ATTRIBUTES,
        Data::ATTRIBUTES,
        Segment::ATTRIBUTES,
        Network::ATTRIBUTES,
        Channel::ATTRIBUTES,
        SupplyChain::ATTRIBUTES,
        SupplyChainNode::ATTRIBUTES,
        Eid::ATTRIBUTES,
        Uid::ATTRIBUTES,
        UserAgent::ATTRIBUTES,
        BrandVersion::ATTRIBUTES,
        Qty::ATTRIBUTES,
        Dooh::ATTRIBUTES,
        Refresh::ATTRIBUTES,
        RefSettings::ATTRIBUTES,
        DurFloors::ATTRIBUTES,
        BidResponse::ATTRIBUTES,
        SeatBid::ATTRIBUTES,
        Bid::ATTRIBUTES,
    ];
    let mut count = 0;
    for ((object, names, more), ours) in OBJECTS.iter().zip(ours) {
        // With `ext`.
        count += names.split_whitespace().count() + 1;
        let mut standard: Vec<&str> = attributes(object)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let mut ours = ours.to_vec();
        standard.sort_unstable();
        ours.sort_unstable();
        assert_eq!(ours, standard, "{object}, beside {more}");
    }
    assert_eq!((OBJECTS.len(), count), (38, 417), "model.md 1");
}

/// A number, quoted or not; `None` is of no use, and so is what `Err` says is absent.
fn number(value: &Value) -> Result<Option<f64>, ()> {
    match value {
        Value::Null => Err(()),
        Value::Number(number) => Ok(number.as_f64()),
        Value::String(text) if text.is_empty() => Err(()),
        // What is a number of JSON, with nothing around it.
        Value::String(text) if text.trim() == text => Ok(serde_json::from_str::<f64>(text).ok()),
        Value::String(_) | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Ok(None),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    reason = "whole and in the range of an i32"
)]
fn integer(value: &Value) -> Option<i64> {
    let number = number(value).ok()??;
    let in_range = (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&number);
    (in_range && number.fract() == 0.0).then_some(number as i64)
}

/// What a value becomes; `Err` when it cannot be told and guards money.
fn one(class: &str, value: &Value) -> Result<Option<Value>, ()> {
    let of_money = |read: Result<Option<f64>, ()>| match read {
        Err(()) => Ok(None),
        Ok(None) => Err(()),
        // C-27: beyond belief.
        Ok(Some(number)) if number > MOST => Err(()),
        Ok(Some(number)) => Ok(Some(json!(number.max(0.0)))),
    };
    Ok(match class {
        "text" => match value {
            Value::String(_) => Some(value.clone()),
            Value::Number(number) => Some(json!(number.to_string())),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        },
        "markup" if value.is_object() => Some(value.clone()),
        "markup" => return one("text", value),
        "int" => integer(value).map(|n| json!(n)),
        "flag" => match value {
            Value::Bool(set) => Some(json!(i32::from(*set))),
            _ => integer(value)
                .filter(|n| (0..=1).contains(n))
                .map(|n| json!(n)),
        },
        "float" => number(value).ok().flatten().map(|n| json!(n)),
        "price" => number(value)
            .ok()
            .flatten()
            .filter(|n| (0.0..=MOST).contains(n))
            .map(|n| json!(n)),
        "factor" => number(value)
            .ok()
            .flatten()
            .filter(|n| *n >= 0.0)
            .map(|n| json!(n)),
        "money" => return of_money(number(value)),
        "currency" => match value {
            Value::Null => None,
            Value::String(text) if text.is_empty() => None,
            Value::String(text)
                if text.len() == 3 && text.bytes().all(|b| b.is_ascii_alphabetic()) =>
            {
                Some(json!(text.to_ascii_uppercase()))
            }
            _ => return Err(()),
        },
        other => panic!("no class {other}"),
    })
}

/// The highest price that is believed (C-27).
const MOST: f64 = 1_000_000.0;

const REQUIRED: &[(&str, &[&str])] = &[
    ("Imp", &["id"]),
    ("Metric", &["type", "value"]),
    ("Video", &["mimes"]),
    ("Audio", &["mimes"]),
    ("Native", &["request"]),
    ("Deal", &["id"]),
    ("Qty", &["multiplier"]),
    ("BrandVersion", &["brand"]),
    ("Bid", &["id", "impid"]),
];

/// An object as the rules make it; `None` when it cannot be used. `unreadable` says that a price in it
/// cannot be told.
fn object(kind: &str, value: &Value, unreadable: &mut bool) -> Option<Value> {
    let given = value.as_object()?;
    let mut own = false;
    let mut read = Map::new();
    let known = attributes(kind);
    for (name, value) in given {
        let class = known
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, class)| *class);
        let value = match class {
            None if name == "ext" => value.is_object().then(|| value.clone()),
            None => Some(value.clone()),
            Some(class) => attribute(class, value, &mut own),
        };
        if let Some(value) = value {
            read.insert(name.clone(), value);
        }
    }
    let says_nothing = |value: Option<&Value>| match value {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(elements)) => elements.is_empty(),
        Some(_) => false,
    };
    let required = REQUIRED
        .iter()
        .find(|(name, _)| *name == kind)
        .map_or(&[][..], |(_, list)| list);
    if required.iter().any(|name| says_nothing(read.get(*name))) {
        return None;
    }
    let offers = ["banner", "video", "audio", "native"]
        .iter()
        .any(|name| read.contains_key(*name));
    // Codes that ISO 4217 does not list are no currency of a floor (C-28).
    let in_no_currency = read
        .get("bidfloorcur")
        .is_some_and(|code| !["USD", "EUR", "JPY"].contains(&code.as_str().unwrap_or_default()));
    match kind {
        "Imp" if own || !offers || in_no_currency => return None,
        "Deal" if own || in_no_currency => return None,
        // A text is to be an object itself (C-90).
        "Native" if read.get("request").is_some_and(is_no_object) => return None,
        "Imp" | "Deal" => {}
        _ => *unreadable |= own,
    }
    Some(Value::Object(read))
}

/// Whether a value is a text that holds no JSON object.
fn is_no_object(value: &Value) -> bool {
    let inside = value.as_str().map(serde_json::from_str::<Value>);
    inside.is_some_and(|inside| !inside.is_ok_and(|inside| inside.is_object()))
}

fn attribute(class: &'static str, value: &Value, unreadable: &mut bool) -> Option<Value> {
    let is_object = |class: &str| class.starts_with(|c: char| c.is_ascii_uppercase());
    let mut element = |class: &str, value: &Value| {
        if is_object(class) {
            return object(class, value, unreadable);
        }
        one(class, value).unwrap_or_else(|()| {
            *unreadable = true;
            None
        })
    };
    let Some(class) = class
        .strip_prefix('[')
        .and_then(|class| class.strip_suffix(']'))
    else {
        return element(class, value);
    };
    let elements = match value {
        Value::Array(elements) => elements.iter().filter(|value| !value.is_array()).collect(),
        single => vec![single],
    };
    Some(
        elements
            .into_iter()
            .filter_map(|value| element(class, value))
            .collect(),
    )
}

/// Of two attributes that exclude each other the newer or more specific one counts (C-42 to C-46).
fn exclude(request: &mut Value) {
    let drop = |object: Option<&mut Value>, winner: &str, losers: &[&str]| {
        let Some(object) = object.and_then(Value::as_object_mut) else {
            return;
        };
        let wins = object.get(winner).is_some_and(|value| *value != json!([]));
        losers.iter().filter(|_| wins).for_each(|name| {
            object.remove(*name);
        });
    };
    drop(Some(request), "acat", &["bcat"]);
    drop(Some(request), "wlangb", &["wlang"]);
    for imp in request["imp"].as_array_mut().unwrap() {
        for medium in ["video", "audio"] {
            drop(
                imp.get_mut(medium),
                "rqddurs",
                &["minduration", "maxduration"],
            );
            drop(imp.get_mut(medium), "durfloors", &["mincpmpersec"]);
        }
    }
    for place in [
        "/site",
        "/app",
        "/user",
        "/site/content",
        "/app/content",
        "/dooh/content",
    ] {
        drop(request.pointer_mut(place), "kwarray", &["keywords"]);
    }
    for place in ["/device", "/site/content", "/app/content", "/dooh/content"] {
        drop(request.pointer_mut(place), "langb", &["language"]);
    }
}

/// The naive reading of a request; `None` when it is refused.
fn naive(value: &Value) -> Option<Value> {
    let mut request = object("BidRequest", value, &mut false)?;
    let is_told = |value: Option<&Value>| {
        value
            .and_then(Value::as_str)
            .is_some_and(|id| !id.is_empty())
    };
    let imps = request
        .get("imp")
        .and_then(Value::as_array)
        .filter(|imps| !imps.is_empty())?;
    let mut ids: Vec<_> = imps.iter().map(|imp| imp["id"].as_str().unwrap()).collect();
    let all = ids.len();
    ids.sort_unstable();
    ids.dedup();
    let contexts = ["site", "app", "dooh"]
        .iter()
        .filter(|name| request.get(**name).is_some())
        .count();
    if !is_told(request.get("id")) || ids.len() < all || contexts > 1 {
        return None;
    }
    exclude(&mut request);
    Some(request)
}

/// Numbers by their value, and what says nothing left out (C-25).
fn normal(value: &mut Value) {
    match value {
        Value::Number(number) => *value = json!(number.as_f64()),
        Value::Array(elements) => elements.iter_mut().for_each(normal),
        Value::Object(members) => {
            members.values_mut().for_each(normal);
            members.retain(|_, value| !value.is_null() && *value != json!([]));
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn normalised(mut value: Value) -> Value {
    normal(&mut value);
    value
}

/// Values of every type, right or wrong for wherever they come to stand.
fn junk() -> impl Strategy<Value = Value> {
    proptest::sample::select(vec![
        json!(null),
        json!(true),
        json!(false),
        json!(0),
        json!(1),
        json!(-1),
        json!(7),
        json!(300.0),
        json!(2.5),
        json!(-0.5),
        json!(3_000_000_000_i64),
        json!("300"),
        json!("0.50"),
        json!("3e2"),
        json!("-2"),
        json!(""),
        json!(" 1"),
        json!("01"),
        json!("1."),
        json!("+1"),
        json!("abc"),
        json!("EUR"),
        json!("usd"),
        json!("\u{fc}\"\\\n\u{1}/"),
        json!([]),
        json!({}),
        json!([[1]]),
        json!([1, "2", null, {"a": 1}, 2.5, "x"]),
        json!({"a": 1, "id": 5}),
    ])
}

/// A value that is right.
fn right(class: &'static str) -> BoxedStrategy<Value> {
    match class {
        "markup" => prop_oneof![
            Just(json!("{}")),
            Just(json!(r#" {"native":{"ver":"1.2"}} "#)),
            Just(json!({"ver": "1.2"}))
        ]
        .boxed(),
        "text" => prop_oneof![
            Just(json!("abc")),
            Just(json!("\u{1f600} \\ \"")),
            Just(json!("x"))
        ]
        .boxed(),
        "int" => (0..500).prop_map(|n| json!(n)).boxed(),
        "flag" => (0..2).prop_map(|n| json!(n)).boxed(),
        "float" | "money" | "factor" | "price" => (0..9_000_000_u32)
            .prop_map(|n| json!(f64::from(n) / 1e6))
            .boxed(),
        "currency" => prop_oneof![Just(json!("EUR")), Just(json!("JPY"))].boxed(),
        list if list.starts_with('[') => {
            let class = &list[1..list.len() - 1];
            proptest::collection::vec(right(class), 0..3)
                .prop_map(Value::Array)
                .boxed()
        }
        kind => message(kind),
    }
}

/// An object with some of its attributes, most of them right, and with one that nobody knows.
fn message(kind: &'static str) -> BoxedStrategy<Value> {
    let known = attributes(kind);
    let required: Vec<_> = REQUIRED
        .iter()
        .filter(|(name, _)| *name == kind)
        .flat_map(|(_, list)| *list)
        .collect();
    let members = proptest::sample::subsequence(known.clone(), 0..known.len().min(5))
        .prop_flat_map(move |some| {
            some.into_iter()
                .map(|(name, class)| {
                    prop_oneof![3 => right(class), 1 => junk().boxed()]
                        .prop_map(move |value| (name.to_owned(), value))
                })
                .collect::<Vec<_>>()
        });
    let needed: Vec<_> = known
        .iter()
        .filter(|(name, _)| required.contains(&name))
        .map(|(name, class)| {
            let name = (*name).to_owned();
            prop_oneof![9 => right(class), 1 => junk().boxed()]
                .prop_map(move |value| (name.clone(), value))
        })
        .collect();
    let extra = (proptest::sample::select(vec!["ext", "x_own"]), junk())
        .prop_map(|(name, value)| (name.to_owned(), value));
    (members, needed, proptest::option::of(extra))
        .prop_map(|(members, needed, extra)| {
            members
                .into_iter()
                .chain(needed)
                .chain(extra)
                .collect::<Map<_, _>>()
                .into()
        })
        .boxed()
}

/// A request that is mostly not refused, and says of everything a little.
fn request() -> BoxedStrategy<Value> {
    let imp = (message("Imp"), message("Banner"), 0..4_u8).prop_map(|(mut imp, banner, id)| {
        imp["id"] = json!(id.to_string());
        if imp.get("banner").is_none() {
            imp["banner"] = banner;
        }
        imp
    });
    let context = prop_oneof![
        message("Site").prop_map(|site| ("site", site)),
        message("App").prop_map(|app| ("app", app)),
        message("Dooh").prop_map(|dooh| ("dooh", dooh)),
    ];
    (
        message("BidRequest"),
        proptest::collection::vec(imp, 1..3),
        context,
        message("Device"),
        message("User"),
    )
        .prop_map(|(mut request, imps, (name, context), device, user)| {
            let members = request.as_object_mut().unwrap();
            members.retain(|name, _| !matches!(&**name, "site" | "app" | "dooh"));
            for (name, value) in [
                ("imp", Value::Array(imps)),
                (name, context),
                ("device", device),
                ("user", user),
                ("id", json!("r")),
            ] {
                members.insert(name.to_owned(), value);
            }
            request
        })
        .boxed()
}

/// Once in so many times.
fn chance(seed: &mut u32, of: u32) -> bool {
    *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
    (*seed >> 8).is_multiple_of(of)
}

/// Writes JSON as somebody might: blanks anywhere, names in escapes, and members before one of the
/// same name, which the last one replaces.
fn untidy(value: &Value, seed: &mut u32, out: &mut String) {
    match value {
        Value::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index > 0 { "," } else { "" });
                out.push_str(if chance(seed, 4) { " \n" } else { "" });
                // Not of those that decide, for which twice is once too often (C-31); nor of
                // other prices, which cannot be told when either of two cannot.
                let decides = [
                    "id",
                    "imp",
                    "cur",
                    "at",
                    "bidfloor",
                    "bidfloorcur",
                    "mincpmpersec",
                    "impid",
                    "price",
                    "dealid",
                    "adm",
                ];
                if chance(seed, 20) && !decides.contains(&&**name) {
                    out.push_str(&format!("{}:[{{\"x\":7}}],", json!(name)));
                }
                let first = name.chars().next().filter(char::is_ascii_alphabetic);
                match first.filter(|_| chance(seed, 10)) {
                    Some(first) => out.push_str(&format!(
                        "\"\\u{:04x}{}\"\t: ",
                        u32::from(first),
                        &name[1..]
                    )),
                    None => out.push_str(&format!("{}:", json!(name))),
                }
                untidy(value, seed, out);
            }
            out.push('}');
        }
        Value::Array(elements) => {
            out.push('[');
            for (index, value) in elements.iter().enumerate() {
                out.push_str(if index > 0 { " ,\r" } else { "" });
                untidy(value, seed, out);
            }
            out.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.push_str(&value.to_string());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn requests_are_read_as_the_rules_say(message in request(), mut seed in any::<u32>()) {
        let mut text = String::new();
        untidy(&message, &mut seed, &mut text);
        let value: Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&value, &message, "what is written last counts");
        match (BidRequest::read(text.as_bytes(), &Limits::REQUEST), naive(&value)) {
            (Ok((read, _)), Some(expect)) => {
                let read: Value = serde_json::from_slice(&read.to_json()).unwrap();
                prop_assert_eq!(normalised(read), normalised(expect), "{}", text);
            }
            (Err(_), None) => {}
            (read, expect) => prop_assert!(false, "{:?}\n{:?}\n{}", read, expect, text),
        }
    }

    #[test]
    fn responses_are_read_as_the_rules_say(mut message in message("BidResponse"), seats in proptest::collection::vec(message("SeatBid"), 0..3), mut seed in any::<u32>()) {
        message["seatbid"] = Value::Array(seats);
        let mut text = String::new();
        untidy(&message, &mut seed, &mut text);
        let mut unreadable = false;
        let expect = object("BidResponse", &message, &mut unreadable).unwrap();
        // With a currency that cannot be told no price can be told either.
        if let Ok((read, _)) = BidResponse::read(text.as_bytes(), &Limits::RESPONSE) {
            let read: Value = serde_json::from_slice(&read.to_json()).unwrap();
            prop_assert_eq!(normalised(read), normalised(expect), "{}", text);
        } else {
            prop_assert!(unreadable, "{}", text);
        }
    }
}

#[test]
fn what_is_no_json_is_refused_by_both() {
    let whole = r#"{"id":"1","imp":[{"id":"a","banner":{},"ext":{"x":VALUE}}]}"#;
    #[rustfmt::skip]
    let values = [
        "", "nul", "True", "NaN", "Infinity", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\t\"", "\"\u{0}\"", "01", "1.", ".5",
        "+1", "-", "1e", "1e+", "0x10", "1_000", "[1,]", "[,1]", "[1 2]", "{\"a\":1,}", "{,}", "{\"a\" 1}", "{a:1}",
        "{1:1}", "[1", "{\"a\":1", "]", "}", "1 1", "/*c*/1", "//c\n1", "\u{a0}1", "\"\\ud800\"", "\"\\udc00x\"",
    ];
    for value in values {
        let body = whole.replace("VALUE", value);
        let ours = BidRequest::read(body.as_bytes(), &Limits::REQUEST);
        let theirs: Result<Value, _> = serde_json::from_str(&body);
        assert_eq!(ours.is_err(), theirs.is_err(), "{value}: {ours:?}");
    }
    // Where the two differ, and why.
    let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
    let differ = [
        (
            "a number beyond doubles is passed on as it stands (C-22)",
            "1e999".to_owned(),
            true,
            false,
        ),
        ("nesting ends earlier (R37)", deep(100), false, true),
    ];
    for (why, value, we_take, they_take) in differ {
        let body = whole.replace("VALUE", &value);
        let ours = BidRequest::read(body.as_bytes(), &Limits::REQUEST);
        let theirs: Result<Value, _> = serde_json::from_str(&body);
        assert_eq!(
            (ours.is_ok(), theirs.is_ok()),
            (we_take, they_take),
            "{why}"
        );
    }
}
