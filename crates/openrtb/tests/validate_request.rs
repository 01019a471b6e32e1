//! The table of rules of bid requests: one message a rule, broken in one place.
#![allow(clippy::unwrap_used, reason = "a failed test says where")]

mod merge;

use merge::merged;
use openrtb::validate::{self, Kind, Report, Severity};
use openrtb::{BidRequest, Limits};
use proptest::prelude::*;
use std::collections::BTreeSet;

/// A request with nothing to remark on.
const CLEAN: &str = r#"{
    "id":"r","at":1,"tmax":100,"cur":["USD"],
    "imp":[{"id":"1","secure":1,"bidfloor":1.5,"bidfloorcur":"USD","banner":{"format":[{"w":300,"h":250}]}}],
    "site":{"id":"s","domain":"pub.example","cat":["IAB25-3"]},
    "device":{"ua":"Mozilla/5.0","ip":"192.0.2.1","dnt":0,"lmt":0,"geo":{"country":"USA","region":"CA"}},
    "user":{"id":"u"},
    "source":{"fd":0,"tid":"t","schain":{"ver":"1.0","complete":1,"nodes":[{"asi":"a.example","sid":"1","hp":1}]}}}"#;

/// A video offer with nothing to remark on.
const VIDEO: &str = r#"{"imp":{"0":{"banner":null,"video":{"mimes":["video/mp4"],"minduration":5,
    "maxduration":30,"startdelay":0,"protocols":[3],"w":640,"h":360}}}}"#;

/// A native offer around a request.
fn native(request: &str) -> String {
    let text = serde_json::to_string(request).unwrap();
    format!(r#"{{"imp":{{"0":{{"banner":null,"native":{{"ver":"1.2","request":{text}}}}}}}}}"#)
}

/// The name of a rule, what to change in a clean request, and the place that is told.
const TABLE: &[(&str, &str, &str)] = &[
    // reading
    ("wrong-type", r#"{"tmax":"100"}"#, "/tmax"),
    ("wrong-type", r#"{"site":{"cat":"IAB1"}}"#, "/site/cat"),
    ("null", r#"{"zzz":"NULL"}"#, "/zzz"),
    ("null", r#"{"device":{"ifa":"NULL"}}"#, "/device/ifa"),
    ("null", r#"{"imp":{"0":{"video":"NULL"}}}"#, "/imp/0/video"),
    ("ext-not-object", r#"{"device":{"ext":7}}"#, "/device/ext"),
    ("unreadable-value", r#"{"tmax":"soon"}"#, "/tmax"),
    (
        "unreadable-element",
        r#"{"badv":[["a.example"]]}"#,
        "/badv/0",
    ),
    (
        "unreadable-price",
        r#"{"imp":{"0":{"bidfloor":"much"}}}"#,
        "/imp/0/bidfloor",
    ),
    (
        "unreadable-price",
        r#"{"imp":{"0":{"bidfloorcur":"QQQ"}}}"#,
        "/imp/0/bidfloorcur",
    ),
    (
        "negative-floor",
        r#"{"imp":{"0":{"bidfloor":-1}}}"#,
        "/imp/0/bidfloor",
    ),
    (
        "unknown-attribute",
        r#"{"imp":{"0":{"bidflor":1}}}"#,
        "/imp/0/bidflor",
    ),
    (
        "unknown-value",
        r#"{"device":{"devicetype":77}}"#,
        "/device/devicetype",
    ),
    (
        "contradiction",
        r#"{"regs":{"gdpr":0,"ext":{"gdpr":1}}}"#,
        "/regs/gdpr",
    ),
    (
        "keywords-and-kwarray",
        r#"{"user":{"keywords":"a","kwarray":["b"]}}"#,
        "/user/keywords",
    ),
    (
        "language-and-langb",
        r#"{"device":{"language":"en","langb":"en-US"}}"#,
        "/device/language",
    ),
    ("language-code", r#"{"wlang":["english"]}"#, "/wlang/0"),
    ("langb-code", r#"{"device":{"langb":"e"}}"#, "/device/langb"),
    (
        "domain-shape",
        r#"{"badv":["a.example","https://b.example/"]}"#,
        "/badv/1",
    ),
    ("category-shape", r#"{"bcat":["IAB27"]}"#, "/bcat/0"),
    (
        "category-taxonomy",
        r#"{"cattax":6,"bcat":["IAB25"]}"#,
        "/bcat/0",
    ),
    // root
    ("request-id", r#"{"id":null}"#, "/id"),
    ("request-imp", r#"{"imp":[]}"#, "/imp"),
    ("site-app-dooh", r#"{"app":{"id":"a","bundle":"b"}}"#, ""),
    ("no-context", r#"{"site":null}"#, "/site"),
    ("recommended", r#"{"device":null}"#, "/device"),
    (
        "recommended",
        r#"{"source":{"schain":null}}"#,
        "/source/schain",
    ),
    (
        "wseat-and-bseat",
        r#"{"wseat":["a"],"bseat":["b"]}"#,
        "/bseat",
    ),
    (
        "acat-and-bcat",
        r#"{"acat":["IAB1"],"bcat":["IAB2"]}"#,
        "/bcat",
    ),
    (
        "wlang-and-wlangb",
        r#"{"wlang":["en"],"wlangb":["en-US"]}"#,
        "/wlang",
    ),
    ("auction-type", r#"{"at":3}"#, "/at"),
    ("tmax-range", r#"{"tmax":0}"#, "/tmax"),
    // imps
    ("imp-id", r#"{"imp":{"0":{"id":""}}}"#, "/imp/0/id"),
    (
        "imp-id-twice",
        r#"{"imp":{"1":{"id":"1","secure":1,"banner":{"w":1,"h":1}}}}"#,
        "/imp/1/id",
    ),
    ("imp-medium", r#"{"imp":{"0":{"banner":null}}}"#, "/imp/0"),
    (
        "metric-required",
        r#"{"imp":{"0":{"metric":[{"type":"viewability"}]}}}"#,
        "/imp/0/metric/0/value",
    ),
    (
        "metric-range",
        r#"{"imp":{"0":{"metric":[{"type":"viewability","value":70}]}}}"#,
        "/imp/0/metric/0/value",
    ),
    (
        "floor-currency",
        r#"{"imp":{"0":{"bidfloorcur":null}}}"#,
        "/imp/0/bidfloorcur",
    ),
    (
        "secure-unknown",
        r#"{"imp":{"0":{"secure":null}}}"#,
        "/imp/0/secure",
    ),
    (
        "not-positive",
        r#"{"imp":{"0":{"banner":{"w":0,"h":50}}}}"#,
        "/imp/0/banner/w",
    ),
    (
        "banner-size",
        r#"{"imp":{"0":{"banner":{"format":null}}}}"#,
        "/imp/0/banner/format",
    ),
    (
        "format-size",
        r#"{"imp":{"0":{"banner":{"format":[{"w":300}]}}}}"#,
        "/imp/0/banner/format/0",
    ),
    (
        "retired",
        r#"{"imp":{"0":{"banner":{"wmax":300}}}}"#,
        "/imp/0/banner/wmax",
    ),
    ("retired", r#"{"user":{"yob":1990}}"#, "/user/yob"),
    (
        "vcm-outside-companion",
        r#"{"imp":{"0":{"banner":{"vcm":1}}}}"#,
        "/imp/0/banner/vcm",
    ),
    (
        "dt-milliseconds",
        r#"{"imp":{"0":{"dt":1790000000}}}"#,
        "/imp/0/dt",
    ),
    (
        "qty-multiplier",
        r#"{"imp":{"0":{"qty":{"sourcetype":2}}}}"#,
        "/imp/0/qty/multiplier",
    ),
    (
        "qty-vendor",
        r#"{"imp":{"0":{"qty":{"multiplier":2,"sourcetype":1}}}}"#,
        "/imp/0/qty/vendor",
    ),
    // deals
    (
        "private-without-deals",
        r#"{"imp":{"0":{"pmp":{"private_auction":1,"deals":[]}}}}"#,
        "/imp/0/pmp/deals",
    ),
    (
        "deal-id",
        r#"{"imp":{"0":{"pmp":{"deals":[{"at":1}]}}}}"#,
        "/imp/0/pmp/deals/0/id",
    ),
    (
        "deal-id-twice",
        r#"{"imp":{"0":{"pmp":{"deals":[{"id":"d"},{"id":"d"}]}}}}"#,
        "/imp/0/pmp/deals/1/id",
    ),
    (
        "deal-floors",
        r#"{"imp":{"0":{"pmp":{"deals":[{"id":"d","bidfloor":1,"mincpmpersec":0.1}]}}}}"#,
        "/imp/0/pmp/deals/0",
    ),
    (
        "deal-currency",
        r#"{"imp":{"0":{"bidfloorcur":"EUR","pmp":{"deals":[{"id":"d","bidfloor":1}]}}}}"#,
        "/imp/0/pmp/deals/0/bidfloorcur",
    ),
    // out of home
    (
        "dooh-devicetype",
        r#"{"site":null,"dooh":{"id":"d"}}"#,
        "/device/devicetype",
    ),
    (
        "dooh-geo",
        r#"{"site":null,"dooh":{"id":"d"}}"#,
        "/device/geo",
    ),
    (
        "dooh-qty",
        r#"{"site":null,"dooh":{"id":"d"}}"#,
        "/imp/0/qty",
    ),
    (
        "dooh-names",
        r#"{"site":null,"dooh":{"id":"d","venuetypeid":[30]}}"#,
        "/dooh/venuetypeid",
    ),
    // device and user
    (
        "ua-with-sua",
        r#"{"device":{"ua":null,"sua":{"mobile":0}}}"#,
        "/device/ua",
    ),
    (
        "sua-brand",
        r#"{"device":{"sua":{"browsers":[{"version":["1"]}]}}}"#,
        "/device/sua/browsers/0/brand",
    ),
    (
        "ip-shape",
        r#"{"device":{"ip":"2001:db8::1"}}"#,
        "/device/ip",
    ),
    (
        "mccmnc-shape",
        r#"{"device":{"mccmnc":"310005"}}"#,
        "/device/mccmnc",
    ),
    (
        "ifa-zero",
        r#"{"device":{"ifa":"00000000-0000-0000-0000-000000000000"}}"#,
        "/device/ifa",
    ),
    (
        "ids-though-limited",
        r#"{"device":{"lmt":1,"ifa":"236a005b"}}"#,
        "/device/ifa",
    ),
    ("ids-though-coppa", r#"{"regs":{"coppa":1}}"#, "/user/id"),
    (
        "country-code",
        r#"{"device":{"geo":{"country":"US"}}}"#,
        "/device/geo/country",
    ),
    (
        "region-code",
        r#"{"device":{"geo":{"region":"California"}}}"#,
        "/device/geo/region",
    ),
    (
        "location-range",
        r#"{"device":{"geo":{"lat":91,"lon":0}}}"#,
        "/device/geo/lat",
    ),
    (
        "location-range",
        r#"{"device":{"geo":{"lat":1.5}}}"#,
        "/device/geo/lon",
    ),
    (
        "eid-source",
        r#"{"user":{"eids":[{"uids":[{"id":"1","atype":1}]}]}}"#,
        "/user/eids/0/source",
    ),
    (
        "uid-id",
        r#"{"user":{"eids":[{"source":"a","uids":[{"atype":1}]}]}}"#,
        "/user/eids/0/uids/0/id",
    ),
    (
        "uid-atype",
        r#"{"user":{"eids":[{"source":"a","uids":[{"id":"1"}]}]}}"#,
        "/user/eids/0/uids/0/atype",
    ),
    // regulation and supply chain
    (
        "us-privacy-unreadable",
        r#"{"regs":{"us_privacy":"1YN"}}"#,
        "/regs/us_privacy",
    ),
    (
        "gpp-unreadable",
        r#"{"regs":{"gpp":"CPXxRfA","gpp_sid":[2]}}"#,
        "/regs/gpp",
    ),
    (
        "gpp-sections",
        r#"{"regs":{"gpp":"DBABLA~BVQqAAAAAWA.QA"}}"#,
        "/regs/gpp_sid",
    ),
    (
        "tcf-unreadable",
        r#"{"user":{"consent":"yes please"}}"#,
        "/user/consent",
    ),
    (
        "gpp-section-absent",
        r#"{"regs":{"gpp":"DBABLA~BVQqAAAAAWA.QA","gpp_sid":[7,8]}}"#,
        "/regs/gpp_sid/1",
    ),
    ("tcf-missing", r#"{"regs":{"gdpr":1}}"#, "/user/consent"),
    (
        "schain-required",
        r#"{"source":{"schain":{"ver":null}}}"#,
        "/source/schain/ver",
    ),
    (
        "schain-version",
        r#"{"source":{"schain":{"ver":"2.0"}}}"#,
        "/source/schain/ver",
    ),
    (
        "schain-node",
        r#"{"source":{"schain":{"nodes":[{"asi":"a.example","hp":1}]}}}"#,
        "/source/schain/nodes/0/sid",
    ),
    (
        "schain-sid",
        r#"{"source":{"schain":{"nodes":[{"asi":"a","hp":1,"sid":"0123456789012345678901234567890123456789012345678901234567890123456789"}]}}}"#,
        "/source/schain/nodes/0/sid",
    ),
    (
        "schain-hp",
        r#"{"source":{"schain":{"nodes":[{"asi":"a","sid":"1","hp":0}]}}}"#,
        "/source/schain/nodes/0/hp",
    ),
    (
        "old-place",
        r#"{"regs":{"ext":{"gdpr":0}}}"#,
        "/regs/ext/gdpr",
    ),
    (
        "old-place",
        r#"{"source":{"schain":null,"ext":{"schain":{}}}}"#,
        "/source/ext/schain",
    ),
    (
        "audio-attribute",
        r#"{"imp":{"0":{"audio":{"mimes":["audio/mpeg"],"skip":1}}}}"#,
        "/imp/0/audio/skip",
    ),
    (
        "podseq-differs",
        r#"{"imp":{"0":{"video":{"mimes":["video/mp4"],"podid":"p","podseq":1},
            "audio":{"mimes":["audio/mpeg"],"podid":"p","podseq":-1}}}}"#,
        "/imp/0/audio/podseq",
    ),
    (
        "refresh-range",
        r#"{"imp":{"0":{"refresh":{"count":-1}}}}"#,
        "/imp/0/refresh/count",
    ),
    (
        "refresh-range",
        r#"{"imp":{"0":{"refresh":{"refsettings":[{"minint":0}]}}}}"#,
        "/imp/0/refresh/refsettings/0/minint",
    ),
    (
        "deal-fixed-price",
        r#"{"imp":{"0":{"pmp":{"deals":[{"id":"d","at":3}]}}}}"#,
        "/imp/0/pmp/deals/0/bidfloor",
    ),
    (
        "old-place",
        r#"{"imp":{"0":{"ext":{"prebid":{"is_rewarded_inventory":1}}}}}"#,
        "/imp/0/ext/prebid/is_rewarded_inventory",
    ),
    (
        "category-shape",
        r#"{"site":{"content":{"producer":{"cat":["Cars"]}}}}"#,
        "/site/content/producer/cat/0",
    ),
    (
        "domain-shape",
        r#"{"site":{"content":{"network":{"domain":"https://n.example"},"channel":{"domain":"c.example"}}}}"#,
        "/site/content/network/domain",
    ),
];

/// The same, laid over a video offer.
const VIDEO_TABLE: &[(&str, &str, &str)] = &[
    ("mimes", r#"{"mimes":[]}"#, "/mimes"),
    ("recommended", r#"{"protocols":null}"#, "/protocols"),
    ("duration-range", r#"{"minduration":60}"#, "/minduration"),
    ("rqddurs-and-range", r#"{"rqddurs":[15]}"#, "/rqddurs"),
    (
        "mincpmpersec-and-durfloors",
        r#"{"mincpmpersec":0.1,"durfloors":[{"mindur":5,"bidfloor":1}]}"#,
        "/mincpmpersec",
    ),
    (
        "durfloors-range",
        r#"{"durfloors":[{"bidfloor":1}]}"#,
        "/durfloors/0",
    ),
    ("maxextended", r#"{"maxextended":-2}"#, "/maxextended"),
    (
        "playbackmethod-many",
        r#"{"playbackmethod":[1,2]}"#,
        "/playbackmethod",
    ),
    (
        "placement-without-plcmt",
        r#"{"placement":1}"#,
        "/placement",
    ),
    ("retired", r#"{"protocol":3}"#, "/protocol"),
    ("skip-details", r#"{"skipafter":5}"#, "/skip"),
    ("pod-without-podid", r#"{"slotinpod":1}"#, "/slotinpod"),
    (
        "maxseq-without-poddur",
        r#"{"podid":"p","maxseq":3}"#,
        "/maxseq",
    ),
    ("poddur-range", r#"{"podid":"p","poddur":3}"#, "/poddur"),
    (
        "poddur-range",
        r#"{"podid":"p","poddur":20,"minduration":null,"maxduration":null,"rqddurs":[15,30]}"#,
        "/poddur",
    ),
    (
        "poddur-without-maxseq",
        r#"{"podid":"p","poddur":60}"#,
        "/maxseq",
    ),
    ("old-place", r#"{"ext":{"rewarded":1}}"#, "/ext/rewarded"),
    (
        "companion-id",
        r#"{"companionad":[{"id":"c","w":1,"h":1},{"id":"c","w":1,"h":1}]}"#,
        "/companionad/1/id",
    ),
    ("old-place", r#"{"ext":{"plcmt":1}}"#, "/ext/plcmt"),
];

/// Native requests in the offer's string.
const NATIVE_TABLE: &[(&str, &str)] = &[
    ("native-unreadable", "[]"),
    (
        "native-wrapped",
        r#"{"native":{"assets":[{"id":1,"title":{"len":9}}]}}"#,
    ),
    ("native-assets", r#"{"ver":"1.2"}"#),
    (
        "native-asset-id",
        r#"{"assets":[{"id":1,"title":{"len":9}},{"id":1,"title":{"len":9}}]}"#,
    ),
    (
        "native-plcmtcnt",
        r#"{"plcmtcnt":0,"assets":[{"id":1,"title":{"len":9}}]}"#,
    ),
    ("native-asset-kind", r#"{"assets":[{"id":1}]}"#),
    ("native-title-len", r#"{"assets":[{"id":1,"title":{}}]}"#),
    (
        "native-data-type",
        r#"{"assets":[{"id":1,"data":{"len":9}}]}"#,
    ),
    (
        "native-video",
        r#"{"assets":[{"id":1,"video":{"mimes":["video/mp4"]}}]}"#,
    ),
    (
        "native-context",
        r#"{"context":2,"contextsubtype":11,"assets":[{"id":1,"title":{"len":9}}]}"#,
    ),
    (
        "native-eventtracker",
        r#"{"eventtrackers":[{"event":1}],"assets":[{"id":1,"title":{"len":9}}]}"#,
    ),
];

fn report(body: &str) -> Report {
    validate::request(body.as_bytes(), &Limits::REQUEST).unwrap()
}

fn told(report: &Report) -> Vec<(&'static str, &str)> {
    report
        .findings
        .iter()
        .map(|f| (f.rule.name, f.pointer.as_str()))
        .collect()
}

#[test]
fn a_clean_request_has_no_findings() {
    for patch in [
        "{}",
        VIDEO,
        &native(r#"{"assets":[{"id":1,"title":{"len":9}}]}"#),
    ] {
        let body = merged(CLEAN, patch);
        assert_eq!(told(&report(&body)), [], "{body}");
    }
}

/// What looks like a breach and is none: its id, what to change in a video offer, and why nothing is told.
const NOT_FINDINGS: &[(&str, &str, &str)] = &[
    (
        "C-61",
        r#"{"minduration":null}"#,
        "2.5 recommends minduration, 2.6 gives it the default 0 (C-62): absent, it has a meaning to all",
    ),
    (
        "C-47",
        r#"{"durfloors":[{"mindur":16,"maxdur":30,"bidfloor":1}]}"#,
        "a range with both ends is what the standard's own example needs",
    ),
    (
        "C-85",
        r#"{"maxextended":-1}"#,
        "-1 is any length beyond maxduration",
    ),
    (
        "C-83",
        r#"{"placement":1,"plcmt":2}"#,
        "they are two lists, and both may be sent",
    ),
];

#[test]
fn what_is_not_told() {
    for (id, patch, why) in NOT_FINDINGS {
        let patch = format!(r#"{{"imp":{{"0":{{"video":{patch}}}}}}}"#);
        let body = merged(&merged(CLEAN, VIDEO), &patch);
        assert_eq!(told(&report(&body)), [], "{id}: {why}\n{body}");
    }
}

#[test]
fn every_rule_is_broken_once() {
    let mut seen = BTreeSet::new();
    let mut check = |name: &'static str, body: &str, pointer: &str| {
        let report = report(body);
        assert!(
            told(&report).contains(&(name, pointer)),
            "{name} at {pointer}: {report:#?}\n{body}"
        );
        seen.insert(name);
    };
    for (name, patch, pointer) in TABLE {
        // A null in a patch takes a member away, so one that is to stay is written as a word.
        check(
            name,
            &merged(CLEAN, patch).replace("\"NULL\"", "null"),
            pointer,
        );
    }
    for (name, patch, pointer) in VIDEO_TABLE {
        let patch = format!(r#"{{"imp":{{"0":{{"video":{patch}}}}}}}"#);
        let body = merged(&merged(CLEAN, VIDEO), &patch);
        check(name, &body, &format!("/imp/0/video{pointer}"));
    }
    for (name, request) in NATIVE_TABLE {
        check(
            name,
            &merged(CLEAN, &native(request)),
            "/imp/0/native/request",
        );
    }
    let object = r#"{"imp":{"0":{"banner":null,"native":{"ver":"1.2","request":{"assets":[]}}}}}"#;
    check(
        "native-object",
        &merged(CLEAN, object),
        "/imp/0/native/request",
    );
    let without = r#"{"imp":{"0":{"banner":null,"native":{"ver":"1.2"}}}}"#;
    check(
        "native-request",
        &merged(CLEAN, without),
        "/imp/0/native/request",
    );
    check(
        "key-twice",
        &CLEAN.replace(r#""tmax":100"#, r#""tmax":90,"tmax":100"#),
        "/tmax",
    );
    check(
        "deciding-key-twice",
        &CLEAN.replace(r#""at":1"#, r#""at":2,"at":1"#),
        "/at",
    );
    let few = Limits {
        imps: 0,
        ..Limits::REQUEST
    };
    let many = validate::request(CLEAN.as_bytes(), &few).unwrap();
    assert!(told(&many).contains(&("too-many-imps", "/imp")), "R37");
    seen.insert("too-many-imps");
    let short = Limits {
        id: 16,
        ..Limits::REQUEST
    };
    let long = CLEAN.replacen(r#""id":"1""#, r#""id":"an id of 20 letters.""#, 1);
    let long = validate::request(long.as_bytes(), &short).unwrap();
    assert!(
        told(&long).iter().any(|(rule, _)| *rule == "id-too-long"),
        "R37: {:?}",
        told(&long)
    );
    seen.insert("id-too-long");
    let many_ids = Limits {
        eids: 1,
        segments: 2,
        ..Limits::REQUEST
    };
    let person = CLEAN.replacen(
        r#""user":{"id":"u"}"#,
        r#""user":{"id":"u","eids":[{"source":"s.example","uids":[{"id":"a"},{"id":"b"}]}],"data":[{"id":"d","segment":[{"id":"1"},{"id":"2"},{"id":"3"}]}]}"#,
        1,
    );
    let many = validate::request(person.as_bytes(), &many_ids).unwrap();
    for (rule, at) in [
        ("too-many-ids", "/user/eids"),
        ("too-many-segments", "/user/data"),
    ] {
        assert!(told(&many).contains(&(rule, at)), "R37: {:?}", told(&many));
        seen.insert(rule);
    }

    let of_responses = openrtb::validate::rules().skip_while(|rule| rule.name != "response-id");
    let of_responses: BTreeSet<&str> = of_responses.map(|rule| rule.name).collect();
    let unbroken: Vec<&str> = validate::rules()
        .map(|rule| rule.name)
        .filter(|name| !seen.contains(name) && !of_responses.contains(name))
        .collect();
    assert_eq!(unbroken, [""; 0], "rules without a row in a table here");
}

#[test]
fn every_attribute_of_video_alone_is_told_in_audio() {
    // C-86
    for name in [
        "w",
        "h",
        "pos",
        "skip",
        "skipmin",
        "skipafter",
        "placement",
        "linearity",
        "playbackmethod",
    ] {
        let patch =
            format!(r#"{{"imp":{{"0":{{"audio":{{"mimes":["audio/mpeg"],"{name}":1}}}}}}}}"#);
        let report = report(&merged(CLEAN, &patch));
        let pointer = format!("/imp/0/audio/{name}");
        assert!(
            told(&report).contains(&("audio-attribute", &*pointer)),
            "{report:#?}"
        );
    }
}

#[test]
fn names_of_rules_are_unique_and_sentences_are_sentences() {
    let mut names = BTreeSet::new();
    for rule in validate::rules() {
        assert!(names.insert(rule.name), "{}", rule.name);
        assert!(rule.sentence.ends_with('.'), "{}", rule.name);
    }
}

#[test]
fn all_is_told_and_not_the_first_alone() {
    let body = r#"{"imp":[{"banner":{}},{"id":"a","video":{}},{"id":"a","bidfloor":"x"}],"at":"2","at":1}"#;
    let report = report(body);
    let errors: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.rule.severity == Severity::Error)
        .map(|finding| (finding.rule.id, finding.pointer.as_str()))
        .collect();
    assert_eq!(
        errors,
        [
            ("C-31", "/at"),
            ("C-60", "/id"),
            ("C-60", "/imp/0/id"),
            ("C-60", "/imp/1/video/mimes"),
            ("C-65", "/imp/2"),
            ("C-27", "/imp/2/bidfloor"),
            ("C-64", "/imp/2/id"),
        ]
    );
}

#[test]
fn a_message_tells_what_it_is() {
    let kind = |body: &str| {
        validate::message(body.as_bytes(), None, &Limits::REQUEST)
            .unwrap()
            .kind
    };
    assert_eq!(kind(r#"{"id":"1","imp":[]}"#), Kind::Request);
    assert_eq!(kind(r#"{"id":"1","seatbid":[]}"#), Kind::Response);
    assert_eq!(kind(r#"{"nbr":2}"#), Kind::Response);
    assert_eq!(kind(" "), Kind::Response);
    assert!(validate::message(b"{\"id\":", None, &Limits::REQUEST).is_err());
    assert!(validate::message(b"[]", None, &Limits::REQUEST).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is refused has an error; what is read whole has none.
    #[test]
    fn errors_and_refusals_agree(at in 0..CLEAN.len(), len in 0..12_usize, with in "[ -~]{0,6}", video in any::<bool>()) {
        let clean = if video { merged(CLEAN, VIDEO) } else { CLEAN.to_owned() };
        let at = at % clean.len();
        let end = (at + len).min(clean.len());
        let body = format!("{}{with}{}", &clean[..at], &clean[end..]);
        let read = BidRequest::read(body.as_bytes(), &Limits::REQUEST);
        match (validate::request(body.as_bytes(), &Limits::REQUEST), read) {
            (Ok(report), Ok((request, repairs))) => {
                let dropped = repairs.iter().any(|repair| matches!(repair.kind,
                    openrtb::RepairKind::DroppedObject | openrtb::RepairKind::DroppedField));
                // Chains and native texts are passed on as they are, and judged here alone.
                let passed = |name: &str| name.starts_with("schain-") || name.starts_with("native-");
                let errors = report.findings.iter().filter(|f| f.rule.severity == Severity::Error);
                let own = errors.filter(|f| !passed(f.rule.name)).count();
                prop_assert!(own == 0 || dropped, "{body}\n{report:#?}");
                let again = validate::check_request(&request, &repairs, body.as_bytes());
                for finding in &again.findings {
                    prop_assert!(report.findings.contains(finding) || finding.rule.name == "request-imp",
                        "{finding:?}\n{body}\n{report:#?}");
                }
            }
            (Ok(report), Err(error)) => prop_assert!(!report.is_valid(), "{error}\n{body}"),
            (Err(_), Ok(_)) => prop_assert!(false, "read, and not validated: {body}"),
            (Err(_), Err(_)) => {}
        }
    }
}
