//! From 2.6 to 2.5 and back (C-170 to C-174).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use openrtb::convert::{self, ConvertError, Unsayable};
use openrtb::{BidRequest, BidResponse, Limits};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::path::PathBuf;

mod merge;

use merge::merged;

type Convert = fn(&[u8], &Limits, &mut Vec<u8>) -> Result<convert::Changes, ConvertError>;

const REQUEST_DOWN: Convert = convert::request_to_25;
const REQUEST_UP: Convert = convert::request_to_26;
const RESPONSE_DOWN: Convert = convert::response_to_25;
const RESPONSE_UP: Convert = convert::response_to_26;

fn run(convert: Convert, body: &str) -> Result<String, ConvertError> {
    let mut out = Vec::new();
    convert(body.as_bytes(), &Limits::REQUEST, &mut out)?;
    Ok(String::from_utf8(out).unwrap())
}

#[test]
fn what_moves_and_what_goes() {
    #[rustfmt::skip]
    let cases: &[(&str, Convert, &str, &str)] = &[
        ("C-171 regs", REQUEST_DOWN, r#"{"regs":{"coppa":1,"gdpr":1,"us_privacy":"1YNN","gpp":"D","gpp_sid":[7]}}"#, r#"{"regs":{"coppa":1,"ext":{"gdpr":1,"us_privacy":"1YNN","gpp":"D","gpp_sid":[7]}}}"#),
        ("C-170 regs", REQUEST_UP, r#"{"regs":{"coppa":1,"ext":{"gdpr":1,"us_privacy":"1YNN","gpp":"D","gpp_sid":[7]}}}"#, r#"{"regs":{"coppa":1,"gdpr":1,"us_privacy":"1YNN","gpp":"D","gpp_sid":[7]}}"#),
        ("C-171 user", REQUEST_DOWN, r#"{"user":{"id":"u","consent":"C","eids":[{"source":"s"}],"kwarray":["a"],"ext":{"own":1}}}"#, r#"{"user":{"id":"u","ext":{"own":1,"consent":"C","eids":[{"source":"s"}]}}}"#),
        ("C-170 user", REQUEST_UP, r#"{"user":{"ext":{"own":1,"consent":"C","eids":[]},"id":"u"}}"#, r#"{"user":{"ext":{"own":1},"id":"u","consent":"C","eids":[]}}"#),
        ("C-170 the new place wins, up", REQUEST_UP, r#"{"user":{"consent":"new","ext":{"consent":"old"}}}"#, r#"{"user":{"consent":"new"}}"#),
        ("C-170 the new place wins, down", REQUEST_DOWN, r#"{"user":{"consent":"new","ext":{"consent":"old","own":1}}}"#, r#"{"user":{"ext":{"own":1,"consent":"new"}}}"#),
        ("C-170 a null is no place taken", REQUEST_UP, r#"{"user":{"consent":null,"ext":{"consent":"old"}}}"#, r#"{"user":{"consent":"old"}}"#),
        ("C-25 nothing in the new place is no place taken", REQUEST_UP, r#"{"regs":{"us_privacy":"","gpp_sid":[],"ext":{"us_privacy":"1YNN","gpp_sid":[7]}}}"#, r#"{"regs":{"us_privacy":"1YNN","gpp_sid":[7]}}"#),
        ("C-171 supply chain", REQUEST_DOWN, r#"{"source":{"tid":"t","schain":{"ver":"1.0"}}}"#, r#"{"source":{"tid":"t","ext":{"schain":{"ver":"1.0"}}}}"#),
        ("C-170 supply chain", REQUEST_UP, r#"{"source":{"ext":{"schain":{"ver":"1.0"}}}}"#, r#"{"source":{"schain":{"ver":"1.0"}}}"#),
        ("C-170 the oldest place, no source", REQUEST_UP, r#"{"id":"1","ext":{"schain":{"ver":"1.0"},"own":1}}"#, r#"{"id":"1","ext":{"own":1},"source":{"schain":{"ver":"1.0"}}}"#),
        ("C-170 the oldest place, a source", REQUEST_UP, r#"{"ext":{"schain":{"ver":"1.0"}},"source":{"tid":"t"}}"#, r#"{"source":{"tid":"t","schain":{"ver":"1.0"}}}"#),
        ("C-170 the oldest place is outdone", REQUEST_UP, r#"{"ext":{"schain":{"ver":"1.0"}},"source":{"ext":{"schain":{"ver":"2"}}}}"#, r#"{"source":{"schain":{"ver":"2"}}}"#),
        ("C-171 device", REQUEST_DOWN, r#"{"device":{"sua":{"mobile":1},"langb":"de-AT","ua":"x"}}"#, r#"{"device":{"ua":"x","ext":{"sua":{"mobile":1}}}}"#),
        ("C-171 imp", REQUEST_DOWN, r#"{"imp":[{"id":"1","rwdd":1,"ssai":2,"qty":{},"dt":1,"refresh":{},"secure":1}]}"#, r#"{"imp":[{"id":"1","secure":1}]}"#),
        ("C-171 video", REQUEST_DOWN, r#"{"imp":[{"video":{"mimes":["a"],"plcmt":1,"placement":1,"podid":"p","podseq":1,"slotinpod":1,"maxseq":2,"rqddurs":[15],"durfloors":[],"mincpmpersec":1,"poddedupe":[1]}}]}"#, r#"{"imp":[{"video":{"mimes":["a"],"placement":1,"ext":{"plcmt":1}}}]}"#),
        ("C-171 maxseq of audio is in 2.5", REQUEST_DOWN, r#"{"imp":[{"audio":{"maxseq":2,"podid":"p"}}]}"#, r#"{"imp":[{"audio":{"maxseq":2}}]}"#),
        ("C-171 deals", REQUEST_DOWN, r#"{"imp":[{"pmp":{"deals":[{"id":"d","guar":1,"durfloors":[],"mincpmpersec":2}]}}]}"#, r#"{"imp":[{"pmp":{"deals":[{"id":"d"}]}}]}"#),
        ("C-171 site, content, data", REQUEST_DOWN, r#"{"site":{"cattax":6,"inventorypartnerdomain":"i","kwarray":["k"],"publisher":{"cattax":6,"id":"p"},"content":{"gtax":9,"genres":["g"],"network":{},"channel":{},"realtime":1,"firstbroadcast":1,"langb":"de","cattax":6,"id":"c","producer":{"cattax":6},"data":[{"id":"d","cids":["x"]}]}}}"#, r#"{"site":{"publisher":{"id":"p"},"content":{"id":"c","producer":{},"data":[{"id":"d"}]},"ext":{"inventorypartnerdomain":"i"}}}"#),
        ("C-171 root", REQUEST_DOWN, r#"{"id":"1","wlangb":["de"],"acat":["IAB1"],"cattax":6,"bcat":["IAB2"]}"#, r#"{"id":"1","bcat":["IAB2"]}"#),
        ("C-170 rewarded", REQUEST_UP, r#"{"imp":[{"id":"1","ext":{"rewarded":1}},{"id":"2","video":{"ext":{"rewarded":true}}},{"id":"3","ext":{"prebid":{"is_rewarded_inventory":1}}},{"id":"4","ext":{"is_rewarded_inventory":"1"}},{"id":"5","rwdd":0,"ext":{"rewarded":1}},{"id":"6","ext":{"rewarded":0}}]}"#,
            r#"{"imp":[{"id":"1","ext":{"rewarded":1},"rwdd":1},{"id":"2","video":{"ext":{"rewarded":true}},"rwdd":1},{"id":"3","ext":{"prebid":{"is_rewarded_inventory":1}},"rwdd":1},{"id":"4","ext":{"is_rewarded_inventory":"1"},"rwdd":1},{"id":"5","rwdd":0,"ext":{"rewarded":1}},{"id":"6","ext":{"rewarded":0}}]}"#),
        ("C-172 forms that are gone", REQUEST_UP, r#"{"imp":[{"banner":{"w":1,"wmax":2,"hmax":3,"wmin":4,"hmin":5},"video":{"protocol":3}}],"app":{"content":{"videoquality":1}}}"#, r#"{"imp":[{"banner":{"w":1},"video":{"protocols":[3]}}],"app":{"content":{"prodq":1}}}"#),
        ("C-172 the greatest of a range of sizes is a size", REQUEST_UP, r#"{"imp":[{"banner":{"wmax":300,"hmax":"250","wmin":100}},{"banner":{"wmax":300}},{"banner":{"wmax":300,"hmax":250,"format":[]}},{"banner":{"wmax":-1,"hmax":250}}]}"#, r#"{"imp":[{"banner":{"w":300,"h":"250"}},{"banner":{}},{"banner":{"format":[]}},{"banner":{}}]}"#),
        ("C-172 companions are banners", REQUEST_UP, r#"{"imp":[{"video":{"companionad":[{"id":"1","wmin":4}]},"audio":{"companionad":[{"wmax":4,"hmax":5}]}}],"dooh":{"content":{"videoquality":1}}}"#, r#"{"imp":[{"video":{"companionad":[{"id":"1"}]},"audio":{"companionad":[{"w":4,"h":5}]}}],"dooh":{"content":{"prodq":1}}}"#),
        ("C-25 nothing in the new form is no new form", REQUEST_UP, r#"{"imp":[{"video":{"protocols":[],"protocol":3}},{"video":{"protocol":[2,3],"protocols":null}}],"site":{"content":{"prodq":null,"videoquality":1}}}"#, r#"{"imp":[{"video":{"protocols":[3]}},{"video":{"protocols":[2,3]}}],"site":{"content":{"prodq":1}}}"#),
        ("C-172 new forms win", REQUEST_UP, r#"{"imp":[{"video":{"protocol":3,"protocols":[2]}}],"app":{"content":{"prodq":2,"videoquality":1}}}"#, r#"{"imp":[{"video":{"protocols":[2]}}],"app":{"content":{"prodq":2}}}"#),
        ("C-172 deprecated forms stay", REQUEST_UP, r#"{"imp":[{"video":{"placement":1,"sequence":2}}],"device":{"didsha1":"x"},"user":{"yob":1990}}"#, r#"{"imp":[{"video":{"placement":1,"sequence":2}}],"device":{"didsha1":"x"},"user":{"yob":1990}}"#),
        ("C-31 the last counts, and no earlier one comes back", REQUEST_DOWN, r#"{"device":{"langb":"de","ua":"a","langb":"en","ua":"b"}}"#, r#"{"device":{"ua":"b"}}"#),
        ("blanks stay", REQUEST_DOWN, "\n{ \"id\" : \"1\" ,\t\"cattax\": 6 ,\n \"at\":1 , \"regs\": { \"gdpr\" : 1 } }\n", "\n{ \"id\" : \"1\",\n \"at\":1 , \"regs\": {\"ext\":{\"gdpr\":1} } }\n"),
        ("names in escapes", REQUEST_DOWN, r#"{"\u0063attax":6,"device":{"l\u0061ngb":"de"}}"#, r#"{"device":{}}"#),
        ("an ext that is no object", REQUEST_DOWN, r#"{"regs":{"gdpr":1,"ext":7}}"#, r#"{"regs":{"ext":7}}"#),
        ("objects of another type", REQUEST_DOWN, r#"{"imp":7,"regs":[{"gdpr":1},2],"user":null}"#, r#"{"imp":7,"regs":[{"ext":{"gdpr":1}},2],"user":null}"#),
        ("C-171 a response", RESPONSE_DOWN, r#"{"seatbid":[{"bid":[{"id":"1","mtype":2,"apis":[7],"dur":15,"slotinpod":1,"cattax":6,"langb":"de"},{"apis":[1,2]}]}]}"#, r#"{"seatbid":[{"bid":[{"id":"1","api":7,"ext":{"mtype":2}},{}]}]}"#),
        ("C-170 a response", RESPONSE_UP, r#"{"seatbid":[{"bid":[{"id":"1","api":7,"ext":{"mtype":2}}]}]}"#, r#"{"seatbid":[{"bid":[{"id":"1","apis":[7],"mtype":2}]}]}"#),
        ("C-133 what the bidder says in 2.5 itself is said", RESPONSE_DOWN, r#"{"seatbid":[{"bid":[{"api":7,"apis":[7,3]}]}]}"#, r#"{"seatbid":[{"bid":[{"api":7}]}]}"#),
    ];
    for (item, convert, body, expect) in cases {
        assert_eq!(run(*convert, body).as_deref(), Ok(*expect), "{item}");
        let twice = run(*convert, expect);
        assert_eq!(twice.as_deref(), Ok(*expect), "{item}, once more");
    }
}

/// One signal each in a place or form of 2.5.
const OLDER: &[&str] = &[
    r#"{"ext":{"schain":{}}}"#,
    r#"{"source":{"ext":{"schain":{}}}}"#,
    r#"{"device":{"ext":{"sua":{}}}}"#,
    r#"{"user":{"ext":{"consent":"C"}}}"#,
    r#"{"user":{"consent":"new","ext":{"consent":"C"}}}"#,
    r#"{"user":{"ext":{"eids":[]}}}"#,
    r#"{"regs":{"ext":{"gdpr":1}}}"#,
    r#"{"regs":{"ext":{"us_privacy":"1YNN"}}}"#,
    r#"{"regs":{"ext":{"gpp":"D"}}}"#,
    r#"{"regs":{"ext":{"gpp_sid":[7]}}}"#,
    r#"{"site":{"ext":{"inventorypartnerdomain":"i"}}}"#,
    r#"{"site":null,"app":{"ext":{"inventorypartnerdomain":"i"}}}"#,
    r#"{"site":{"content":{"videoquality":1}}}"#,
    r#"{"site":null,"app":{"content":{"videoquality":1}}}"#,
    r#"{"site":null,"dooh":{"content":{"videoquality":1}}}"#,
    r#"{"imp":{"0":{"banner":{"wmax":1}}}}"#,
    r#"{"imp":{"0":{"banner":{"hmax":1}}}}"#,
    r#"{"imp":{"0":{"banner":{"wmin":1}}}}"#,
    r#"{"imp":{"0":{"banner":{"hmin":1}}}}"#,
    r#"{"imp":{"0":{"video":{"protocol":3}}}}"#,
    r#"{"imp":{"0":{"video":{"companionad":[{"wmax":1}]}}}}"#,
    r#"{"imp":{"0":{"video":{"ext":{"plcmt":1}}}}}"#,
    r#"{"imp":{"0":{"video":{"ext":{"rewarded":1}}}}}"#,
    r#"{"imp":{"0":{"audio":{"companionad":[{"hmin":1}]}}}}"#,
    r#"{"imp":{"0":{"ext":{"rewarded":1}}}}"#,
    r#"{"imp":{"0":{"ext":{"is_rewarded_inventory":1}}}}"#,
    r#"{"imp":{"0":{"ext":{"prebid":{"is_rewarded_inventory":1}}}}}"#,
];

#[test]
fn older_forms_are_seen_where_a_conversion_has_something_to_do() {
    const NEW: &str = r#"{"id":"1","imp":[{"id":"1","ext":{"own":1},"banner":{"w":1,"h":1},
        "video":{"mimes":["a"],"protocols":[3],"plcmt":1},"audio":{"mimes":["a"]}}],
        "site":{"ext":{"own":1},"content":{"prodq":1}},"device":{"sua":{"mobile":1},"ext":{"own":1}},
        "user":{"ext":{"own":1}},"regs":{"gdpr":1,"ext":{"gdpr":null}},"source":{"ext":{"own":1}},"ext":{"own":1}}"#;
    let seen = |body: &str| {
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        request.has_older_forms()
    };
    assert!(!seen(NEW));
    assert_eq!(run(REQUEST_UP, NEW).unwrap(), NEW);
    for patch in OLDER {
        let body = merged(NEW, patch);
        assert!(seen(&body), "{body}");
        let up = run(REQUEST_UP, &body).unwrap();
        assert_ne!(up, body);
        assert!(!seen(&up), "{up}");
    }
}

#[test]
fn what_2_5_cannot_say() {
    let unsayable = |what| Err(ConvertError::Unsayable(what));
    #[rustfmt::skip]
    let cases = [
        ("C-171", r#"{"dooh":{"id":"1"}}"#, unsayable(Unsayable::Dooh)),
        ("C-171", r#"{"imp":[{"id":"1"},{"video":{"poddur":60}}]}"#, unsayable(Unsayable::DynamicPod)),
        ("C-171", r#"{"imp":[{"audio":{"poddur":60}}]}"#, unsayable(Unsayable::DynamicPod)),
        ("C-25", r#"{"dooh":null}"#, Ok("{}".to_owned())),
    ];
    for (item, body, expect) in cases {
        assert_eq!(run(REQUEST_DOWN, body), expect, "{item}: {body}");
    }
    for broken in ["", "[]", "{", r#"{"id":1}}"#, "{\"id\":\"\u{1}\"}", "nul"] {
        let found = run(REQUEST_DOWN, broken);
        assert!(
            matches!(found, Err(ConvertError::Unreadable(_))),
            "{broken}: {found:?}"
        );
    }
}

/// The attributes that 2.5 has no place for, as paths.
const GONE: &[&str] = &[
    "wlangb",
    "acat",
    "cattax",
    "imp.rwdd",
    "imp.ssai",
    "imp.qty",
    "imp.dt",
    "imp.refresh",
    "imp.video.maxseq",
    "imp.video.podid",
    "imp.video.podseq",
    "imp.video.rqddurs",
    "imp.video.slotinpod",
    "imp.video.mincpmpersec",
    "imp.video.poddedupe",
    "imp.video.durfloors",
    "imp.audio.podid",
    "imp.audio.podseq",
    "imp.audio.rqddurs",
    "imp.audio.slotinpod",
    "imp.audio.mincpmpersec",
    "imp.audio.poddedupe",
    "imp.audio.durfloors",
    "imp.pmp.deals.guar",
    "imp.pmp.deals.mincpmpersec",
    "imp.pmp.deals.durfloors",
    "device.langb",
    "user.kwarray",
    "user.data.cids",
    "site.cattax",
    "site.kwarray",
    "site.publisher.cattax",
    "site.content.cattax",
    "site.content.kwarray",
    "site.content.langb",
    "site.content.gtax",
    "site.content.genres",
    "site.content.network",
    "site.content.channel",
    "site.content.realtime",
    "site.content.firstbroadcast",
    "site.content.producer.cattax",
    "site.content.data.cids",
    "app.cattax",
    "app.kwarray",
    "app.publisher.cattax",
    "app.content.cattax",
    "app.content.kwarray",
    "app.content.langb",
    "app.content.gtax",
    "app.content.genres",
    "app.content.network",
    "app.content.channel",
    "app.content.realtime",
    "app.content.firstbroadcast",
    "app.content.producer.cattax",
    "app.content.data.cids",
];

/// Forms of 2.5 that no partner of 2.6 gets (C-172), as paths.
const RETIRED: &[&str] = &[
    "imp.banner.wmax",
    "imp.banner.hmax",
    "imp.banner.wmin",
    "imp.banner.hmin",
    "imp.video.protocol",
    "imp.video.companionad.wmax",
    "site.content.videoquality",
    "app.content.videoquality",
    "dooh.content.videoquality",
];

/// Takes what a path leads to out of a message, in every element of an array.
fn cut(value: &mut Value, path: &str) {
    if let Value::Array(elements) = value {
        elements.iter_mut().for_each(|element| cut(element, path));
        return;
    }
    match path.split_once('.') {
        None => {
            value.as_object_mut().map(|object| object.remove(path));
        }
        Some((name, rest)) => {
            if let Some(inner) = value.get_mut(name) {
                cut(inner, rest);
            }
        }
    }
}

/// An `ext` in which nothing is says as much as none.
fn without_empty(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|name, value| name != "ext" || *value != json!({}));
            members.values_mut().for_each(without_empty);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_empty),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn examples(ending: &str) -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| {
            (
                path.display().to_string(),
                std::fs::read_to_string(&path).unwrap(),
            )
        })
        .collect();
    files.sort();
    files
}

/// `up(down(x))` is `x` without what 2.5 has no place for; down and up change nothing the second time.
fn round_trip(body: &str) -> Result<(), TestCaseError> {
    let Ok(down) = run(REQUEST_DOWN, body) else {
        return Ok(());
    };
    prop_assert_eq!(&run(REQUEST_DOWN, &down).unwrap(), &down);
    let up = run(REQUEST_UP, &down).unwrap();
    prop_assert_eq!(&run(REQUEST_UP, &up).unwrap(), &up);
    let mut newer: Value = serde_json::from_str(&up).unwrap();
    RETIRED.iter().for_each(|path| cut(&mut newer, path));
    let all: Value = serde_json::from_str(&up).unwrap();
    prop_assert_eq!(newer, all, "C-172");
    let mut expect: Value = serde_json::from_str(&run(REQUEST_UP, body).unwrap()).unwrap();
    GONE.iter().for_each(|path| cut(&mut expect, path));
    let mut found: Value = serde_json::from_str(&up).unwrap();
    // Whatever says in `ext` that an imp is rewarded says so again.
    cut(&mut found, "imp.rwdd");
    without_empty(&mut found);
    without_empty(&mut expect);
    prop_assert_eq!(found, expect);
    if BidRequest::read(body.as_bytes(), &Limits::REQUEST).is_ok() {
        let read = BidRequest::read(down.as_bytes(), &Limits::REQUEST);
        prop_assert!(read.is_ok(), "{read:?}\n{down}");
    }
    Ok(())
}

#[test]
fn examples_go_down_and_up() {
    let mut unsayable = 0;
    for (name, body) in examples(".request.json") {
        round_trip(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        unsayable += u32::from(run(REQUEST_DOWN, &body).is_err());
    }
    assert_eq!(unsayable, 3, "dooh, a dynamic and a hybrid pod");
    for (name, body) in examples(".response.json") {
        let down = run(RESPONSE_DOWN, &body).unwrap();
        let up = run(RESPONSE_UP, &down).unwrap();
        let (before, _) = BidResponse::read(body.as_bytes(), &Limits::RESPONSE).unwrap();
        let (after, _) = BidResponse::read(up.as_bytes(), &Limits::RESPONSE).unwrap();
        for ((_, before), (_, after)) in before.bids().zip(after.bids()) {
            let (before, after) = (before.as_ref().unwrap(), after.as_ref().unwrap());
            assert_eq!(
                (before.id(), before.price),
                (after.id(), after.price),
                "{name}"
            );
            assert_eq!(before.mtype, after.mtype, "{name}");
        }
    }
}

/// A value for an attribute: any JSON but null, which counts as absent.
fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(1)),
        Just(json!("x")),
        Just(json!([1, 2])),
        Just(json!({"a": {"b": [null]}})),
        Just(json!(true)),
    ]
}

/// Objects with attributes of both versions in them, or of neither.
fn object(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    proptest::collection::vec((proptest::sample::select(names), any_value()), 0..6).prop_map(
        |members| {
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        },
    )
}

fn with(mut object: Value, name: &str, value: Value) -> Value {
    object[name] = value;
    object
}

prop_compose! {
    fn request()(
        root in object(&["id", "at", "wlangb", "acat", "cattax", "bcat", "own"]),
        imp in object(&["id", "secure", "rwdd", "ssai", "qty", "dt", "refresh", "own"]),
        banner in object(&["w", "wmax", "hmax", "wmin", "hmin", "format", "own"]),
        video in object(&["mimes", "plcmt", "placement", "protocol", "protocols", "podid", "maxseq", "rqddurs", "durfloors", "mincpmpersec", "own"]),
        deal in object(&["id", "guar", "durfloors", "own"]),
        site in object(&["id", "cattax", "kwarray", "inventorypartnerdomain", "own"]),
        content in object(&["id", "langb", "genres", "network", "realtime", "prodq", "videoquality"]),
        device in object(&["ua", "sua", "langb", "didsha1"]),
        user in object(&["id", "consent", "eids", "kwarray"]),
        regs in object(&["coppa", "gdpr", "us_privacy", "gpp", "gpp_sid"]),
        ext in object(&["own", "gdpr", "consent", "eids", "sua", "plcmt"]),
        blanks in "[ \n\t]{0,2}",
    ) -> String {
        let video = with(with(video, "ext", ext.clone()), "companionad", json!([banner]));
        let imp = with(with(imp, "banner", banner), "video", video);
        let imp = with(imp, "pmp", json!({"deals": [deal]}));
        let request = with(root, "imp", json!([imp]));
        let request = with(request, "site", with(site, "content", content));
        let request = with(request, "device", with(device, "ext", ext.clone()));
        let request = with(request, "user", with(user, "ext", ext.clone()));
        let request = with(request, "regs", with(regs, "ext", ext));
        request.to_string().replace(',', &format!("{blanks},{blanks}"))
    }
}

proptest! {
    #[test]
    fn up_of_down_keeps_what_2_5_can_say(body in request()) {
        round_trip(&body)?;
    }

    /// Any bytes give a message or an error.
    #[test]
    fn broken_messages(body in request(), at in 0..400_usize, with in "[\\PC]{0,4}") {
        let at = (0..=at.min(body.len())).rev().find(|at| body.is_char_boundary(*at)).unwrap();
        let broken = format!("{}{with}{}", &body[..at], &body[at..]);
        for convert in [REQUEST_DOWN, REQUEST_UP, RESPONSE_DOWN, RESPONSE_UP] {
            if let Ok(out) = run(convert, &broken) {
                let read: Result<Value, _> = serde_json::from_str(&out);
                prop_assert!(read.is_ok(), "{broken}\n{out}");
            }
        }
    }
}
