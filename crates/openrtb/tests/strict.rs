//! C-26: what was read with tolerance is written strictly, and reads as the same request.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod whole;

use std::fmt::Write;

use openrtb::splice::{Object, Patches};
use openrtb::validate;
use openrtb::{App, BidRequest, Dooh, Limits, RepairKind, Repairs, Site};
use proptest::prelude::*;
use serde_json::{Value, json};
use whole::{PLACES, is_vital, template};

fn strict(body: &str) -> String {
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let mut out = Vec::new();
    request.write_strict(body.as_bytes(), &mut out);
    String::from_utf8(out).unwrap()
}

/// A request with these members beside its id, and its one imp with those beside its own.
fn request(members: &str, imp: &str) -> String {
    format!(r#"{{"id":"1"{members},"imp":[{{"id":"a","banner":{{}}{imp}}}]}}"#)
}

/// What is repaired, the member of an imp as it is sent, and as it is passed on; nothing: not at all.
type Row = (&'static str, &'static str, &'static str);

#[test]
fn c_26_each_repair_of_a_member() {
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("integral float", r#""exp":300.0"#, r#""exp":300"#),
        ("integral float with an exponent", r#""exp":3e2"#, r#""exp":300"#),
        ("an integer in a text", r#""exp":"300""#, r#""exp":300"#),
        ("a quoted float for an integer", r#""exp":"300.0""#, r#""exp":300"#),
        ("a negative one", r#""video":{"mimes":["v"],"startdelay":"-1"}"#, r#""video":{"mimes":["v"],"startdelay":-1}"#),
        ("a flag as bool", r#""secure":true"#, r#""secure":1"#),
        ("a flag as bool", r#""secure":false"#, r#""secure":0"#),
        ("a flag in a text", r#""secure":"1""#, r#""secure":1"#),
        ("a flag as float", r#""secure":1.0"#, r#""secure":1"#),
        ("a flag of an unknown value", r#""secure":2"#, ""),
        ("a text as number", r#""tagid":17"#, r#""tagid":"17""#),
        ("a text as a number with its own digits", r#""tagid":1.50e3"#, r#""tagid":"1.50e3""#),
        ("a text as bool", r#""tagid":true"#, ""),
        ("a price in a text", r#""bidfloor":"0.5""#, r#""bidfloor":0.5"#),
        ("a price in a text, to millionths", r#""bidfloor":"1.0000005""#, r#""bidfloor":1"#),
        ("a negative floor", r#""bidfloor":-1"#, r#""bidfloor":0"#),
        ("a negative floor in a text", r#""bidfloor":"-0.01""#, r#""bidfloor":0"#),
        ("a float in a text", r#""dt":"1.5""#, r#""dt":1.5"#),
        ("a float in a text, of any size", r#""dt":"1e300""#, r#""dt":1e300"#),
        ("a multiplier in a text", r#""qty":{"multiplier":"14.20"}"#, r#""qty":{"multiplier":14.2}"#),
        ("C-66 native that cannot be read", r#""native":{"request":"{not json"}"#, ""),
        ("C-28 a deal in no currency", r#""pmp":{"private_auction":1,"deals":[{"id":"d","bidfloorcur":"QQQ"},{"id":"e"}]}"#, r#""pmp":{"private_auction":1,"deals":[{"id":"e"}]}"#),
        ("one for many", r#""iframebuster":"x""#, r#""iframebuster":["x"]"#),
        ("one for many, repaired itself", r#""iframebuster":7"#, r#""iframebuster":["7"]"#),
        ("one for many, repaired itself", r#""video":{"mimes":"v","battr":"3"}"#, r#""video":{"mimes":["v"],"battr":[3]}"#),
        ("one for many, an object", r#""pmp":{"deals":{"id":4,"at":"1"}}"#, r#""pmp":{"deals":[{"id":"4","at":1}]}"#),
        ("one for many, of no use", r#""video":{"mimes":["v"],"battr":"x"}"#, r#""video":{"mimes":["v"]}"#),
        ("one for many, an object of no use", r#""pmp":{"deals":{"bidfloor":1}}"#, r#""pmp":{}"#),
        ("what cannot be read", r#""exp":"soon""#, ""),
        ("beyond range", r#""exp":2147483648"#, ""),
        ("a list for one", r#""exp":[300]"#, ""),
        ("no object", r#""pmp":[1]"#, ""),
        ("elements of no use", r#""iframebuster":["x",{},null,"y",[1],2]"#, r#""iframebuster":["x","y","2"]"#),
        ("elements of no use before", r#""iframebuster":[ {}, null, "y" ]"#, r#""iframebuster":[ "y" ]"#),
        ("elements of no use alone", r#""iframebuster":[{}, [1]]"#, r#""iframebuster":[]"#),
        ("an object without what it needs", r#""video":{"w":1}"#, ""),
        ("deals without an id, or with a floor that cannot be told", r#""pmp":{"deals":[{"at":1},{"id":"d"},{"id":"e","bidfloor":"x"},{"id":5}]}"#, r#""pmp":{"deals":[{"id":"d"},{"id":"5"}]}"#),
        ("sizes of no use", r#""video":{"mimes":["v"],"companionad":[{"format":[7,{"w":"1","h":2}]}]}"#, r#""video":{"mimes":["v"],"companionad":[{"format":[{"w":1,"h":2}]}]}"#),
        ("null", r#""exp":null"#, ""),
        ("an object as null", r#""pmp":null"#, ""),
        ("a list as null", r#""iframebuster":null"#, ""),
        ("a number as the empty text", r#""exp":"""#, ""),
        ("the empty text of a text", r#""tagid":"""#, r#""tagid":"""#),
        ("ext as null", r#""ext":null"#, ""),
        ("ext that is no object", r#""ext":[1]"#, ""),
        ("native that is no object but a number", r#""native":{"request":5,"ver":1.2}"#, ""),
        ("C-90 native as object", r#""native":{"request":{"ver":1.2,"eventtrackers":null}}"#, r#""native":{"request":{"ver":1.2,"eventtrackers":null}}"#),
        ("C-22 what the standard does not name", r#""own":null,"owner":{"w":1.0,"x":true}"#, r#""own":null,"owner":{"w":1.0,"x":true}"#),
        ("C-23 ext", r#""ext":{"a":1.0,"b":null,"c":true,"id":7}"#, r#""ext":{"a":1.0,"b":null,"c":true,"id":7}"#),
        ("C-31 a duplicate", r#""exp":5,"exp":6.0"#, r#""exp":6"#),
        ("C-31 a duplicate that says nothing", r#""exp":5,"exp":null"#, ""),
        ("C-31 a duplicate that cannot be read", r#""exp":5,"exp":"soon""#, ""),
        ("C-31 a duplicate of another type", r#""tagid":{"x":null},"tagid":6"#, r#""tagid":"6""#),
    ];
    for (case, sent, passed) in rows {
        let comma = |member: &str| match member {
            "" => String::new(),
            member => format!(",{member}"),
        };
        let alone = request("", &comma(sent));
        let (read, _) = BidRequest::read(alone.as_bytes(), &Limits::REQUEST).unwrap();
        assert_eq!(read.is_strict(), sent == passed, "C-26 {case}");
        // Beside something that is mended in any case.
        let body = request(r#","tmax":null"#, &comma(sent));
        assert_eq!(strict(&body), request("", &comma(passed)), "C-26 {case}");
    }
}

#[test]
fn c_26_each_repair_of_the_message() {
    #[rustfmt::skip]
    let rows: &[Row] = &[
        ("ids", r#"{"id":1,"imp":[{"id":2,"banner":{}}]}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}]}"#),
        ("one imp for many", r#" {"id":"1","imp": {"id":"2","banner":{}} } "#, r#" {"id":"1","imp": [{"id":"2","banner":{}}] } "#),
        ("C-66 imps that cannot be used", r#"{"id":"1","imp":[7, {"id":"x"},{"id":"2","banner":{}} , {"banner":{}},null, {"id":"3","banner":{}} ]}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}, {"id":"3","banner":{}} ]}"#),
        ("the first and the last member", r#"{"test":null, "id":"1","imp":[{"id":"2","banner":{}}], "tmax":null}"#, r#"{ "id":"1","imp":[{"id":"2","banner":{}}]}"#),
        ("all members of an object", r#"{"id":"1","imp":[{"id":"2","banner":{ "w":null , "h":null }}]}"#, r#"{"id":"1","imp":[{"id":"2","banner":{ }}]}"#),
        ("currencies", r#"{"id":"1","imp":[{"id":"2","banner":{}}],"cur":"EUR"}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}],"cur":["EUR"]}"#),
        ("names in escapes", r#"{"id":"1","imp":[{"id":"2","banner":{"\u0077":"3"}}]}"#, r#"{"id":"1","imp":[{"id":"2","banner":{"\u0077":3}}]}"#),
        ("deep", r#"{"id":"1","imp":[{"id":"2","banner":{}}],"source":{"schain":{"ver":1.0,"complete":true,"nodes":{"asi":"a","sid":7,"hp":"1"}}}}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}],"source":{"schain":{"ver":"1.0","complete":1,"nodes":[{"asi":"a","sid":"7","hp":1}]}}}"#),
        ("C-31 duplicates of others, too", r#"{"id":"1","imp":[{"id":"2","banner":{}}],"own":1,"tmax":"9","own":{"w":1.0,"x":[null],"w":"2"}}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}],"tmax":9,"own":{"x":[null],"w":"2"}}"#),
        ("C-42 what excludes each other stays", r#"{"id":"1","imp":[{"id":"2","banner":{}}],"acat":"A","bcat":["B"]}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}],"acat":["A"],"bcat":["B"]}"#),
        ("C-170 what contradicts stays for the conversion", r#"{"id":"1","imp":[{"id":"2","banner":{}}],"regs":{"gdpr":true,"ext":{"gdpr":"0"}}}"#, r#"{"id":"1","imp":[{"id":"2","banner":{}}],"regs":{"gdpr":1,"ext":{"gdpr":"0"}}}"#),
    ];
    for (case, sent, passed) in rows {
        assert_eq!(strict(sent), *passed, "C-26 {case}");
    }
}

#[test]
fn c_26_more_repairs_than_are_kept_in_detail() {
    let mut formats = String::new();
    let mut want = String::new();
    for size in 0..Repairs::KEPT * 2 {
        write!(formats, r#"{{"w":"{size}","h":null}},null,"#).unwrap();
        write!(want, r#"{{"w":{size}}},"#).unwrap();
    }
    let body = |formats: &str, deals: &str| {
        format!(
            r#"{{"id":"1","imp":[{{"id":"a","banner":{{"format":[{formats}{{}}]}},"pmp":{{"deals":[{deals}]}}}}]}}"#
        )
    };
    let sent = body(&formats, r#"{"id":"d"},7,{"id":8}"#);
    let (request, repairs) = BidRequest::read(sent.as_bytes(), &Limits::REQUEST).unwrap();
    assert!(repairs.total() as usize > Repairs::KEPT, "{repairs:?}");
    assert_eq!(request.imp[0].deals().len(), 2);
    let passed = strict(&sent);
    assert_eq!(passed, body(&want, r#"{"id":"d"},{"id":"8"}"#));
    // The patches' indices are those of the request that was read first.
    let (request, _) = BidRequest::read(passed.as_bytes(), &Limits::REQUEST).unwrap();
    let mut patches = Patches::new();
    patches.keep_deals(0, [1]);
    patches.set_integer(Object::Deal(0, 1), "at", 1);
    let mut out = Vec::new();
    patches.write(&request, passed.as_bytes(), &mut out);
    let out: Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(out["imp"][0]["pmp"]["deals"], json!([{"id": "8", "at": 1}]));
}

/// A value as somebody might write it, or not.
fn sloppy() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        (-2..400_i64).prop_map(Value::from),
        (-2..400_i64).prop_map(|n| json!(n.to_string())),
        (-8..1600_i64).prop_map(|n| json!(n as f64 / 4.0)),
        (-8..1600_i64).prop_map(|n| json!(format!("{}", n as f64 / 4.0))),
        prop::sample::select(vec![
            "", "w", "USD", "EUR", "v\"\n", "1e2", "-1", "1e300", "0x1", "a/b"
        ])
        .prop_map(Value::from),
        Just(json!({"id": 7, "w": "1", "h": null, "mimes": "v", "type": 1, "value": "0.5"})),
        Just(json!({"id": "x", "banner": {}, "bidfloor": "much", "ext": 7, "own": {"w": 1.0}})),
    ];
    prop_oneof![
        4 => leaf.clone(),
        2 => prop::collection::vec(leaf.clone(), 0..4).prop_map(Value::from),
        1 => prop::collection::vec(leaf, 0..3).prop_map(|inner| json!([inner, {"ext": inner}])),
    ]
}

/// Before a name: the member stands beside the one of that name.
const AGAIN: &str = "again:";

/// Sets an attribute of some object, or says it a second time.
type Spoil = (usize, prop::sample::Index, Value, bool);

fn spoiled(spoils: &[Spoil], place: &str, pretty: bool) -> String {
    let mut request = template();
    for (at, index, value, again) in spoils {
        let (pointer, attributes) = PLACES[at % PLACES.len()];
        // Of the three places of sale one is there.
        let attribute = *index.get(attributes);
        let Some(Value::Object(object)) = request.pointer_mut(pointer) else {
            continue;
        };
        if is_vital(pointer, attribute) && *again {
            continue;
        }
        let name = if *again {
            format!("{AGAIN}{attribute}")
        } else {
            attribute.to_owned()
        };
        object.insert(name, value.clone());
    }
    if place != "site" {
        request[place] = request["site"].take();
        request.as_object_mut().unwrap().remove("site");
    }
    let text = if pretty {
        serde_json::to_string_pretty(&request).unwrap()
    } else {
        request.to_string()
    };
    text.replace(AGAIN, "")
}

/// What the model says, whatever the places of its texts.
fn model(request: &BidRequest<'_>) -> Value {
    serde_json::from_slice(&request.to_json()).unwrap()
}

/// Kinds that are about two values, both of them well written.
fn is_of_two(kind: RepairKind) -> bool {
    matches!(kind, RepairKind::Exclusive | RepairKind::Contradiction)
}

/// What the validator calls all that is mended, beside nulls.
const NOT_STRICT: [&str; 6] = [
    "wrong-type",
    "ext-not-object",
    "unreadable-value",
    "unreadable-element",
    "unreadable-price",
    "negative-floor",
];

/// A known attribute that is null, or holds nulls.
fn null(request: &Value, place: &str) -> Option<String> {
    let of_place = match place {
        "site" => Site::ATTRIBUTES,
        "app" => App::ATTRIBUTES,
        _ => Dooh::ATTRIBUTES,
    };
    PLACES.iter().find_map(|(pointer, attributes)| {
        let attributes = match *pointer {
            "/site" => of_place,
            _ => attributes,
        };
        let pointer = pointer.replacen("/site", &format!("/{place}"), 1);
        let object = request.pointer(&pointer)?;
        let is_null = |name: &&str| match object.get(*name) {
            Some(Value::Array(values)) => values.iter().any(Value::is_null),
            value => value.is_some_and(Value::is_null),
        };
        let mut names = attributes.iter().copied().chain(["ext"]);
        names.find(is_null).map(|name| format!("{pointer}/{name}"))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn c_26_what_is_mended_reads_as_the_same_without_repairs(
        spoils in prop::collection::vec((any::<usize>(), any::<prop::sample::Index>(), sloppy(), any::<bool>()), 0..24),
        place in prop::sample::select(vec!["site", "app", "dooh"]),
        pretty in any::<bool>(),
    ) {
        let body = spoiled(&spoils, place, pretty);
        let Ok((request, repairs)) = BidRequest::read(body.as_bytes(), &Limits::REQUEST) else { return Ok(()) };
        let mut out = Vec::new();
        request.write_strict(body.as_bytes(), &mut out);
        if request.is_strict() {
            prop_assert_eq!(&*body, std::str::from_utf8(&out).unwrap());
            let kinds = repairs.iter().all(|it| is_of_two(it.kind) || it.kind == RepairKind::DuplicateKey);
            prop_assert!(kinds, "{:?}", repairs);
            return Ok(());
        }
        let text = std::str::from_utf8(&out).unwrap();
        let (again, left) = BidRequest::read(&out, &Limits::REQUEST).unwrap();
        prop_assert!(again.is_strict(), "{}", text);
        prop_assert!(left.iter().all(|it| is_of_two(it.kind)), "{:?} in {}", left, text);
        prop_assert_eq!(model(&again), model(&request));
        let mut twice = Vec::new();
        again.write_strict(&out, &mut twice);
        prop_assert_eq!(&*twice, &*out);
        // The validator has an eye of its own for types and what cannot be used.
        let report = validate::request(&out, &Limits::REQUEST).unwrap();
        let told = report.findings.iter().find(|it| NOT_STRICT.contains(&it.rule.name));
        prop_assert!(told.is_none(), "{:?} in {}", told, text);
        prop_assert_eq!(null(&serde_json::from_slice(&out).unwrap(), place), None, "{}", text);
    }
}
