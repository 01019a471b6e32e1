//! The reading rules, row by row: what is repaired, what is dropped, what voids a message.

use openrtb::{
    BidRequest, BidResponse, Limits, MalformedKind, ReadError, RepairKind, Repairs,
    enums::DeviceType,
};

fn read(body: &str) -> Result<(BidRequest<'_>, Repairs), ReadError> {
    BidRequest::read(body.as_bytes(), &Limits::REQUEST)
}

/// A request with one imp that has this member beside its id and banner.
fn with_imp_member(member: &str) -> String {
    format!(r#"{{"id":"1","imp":[{{"id":"a","banner":{{}},{member}}}]}}"#)
}

#[test]
fn scalars_are_read_leniently() {
    use RepairKind as K;
    type Look = fn(&BidRequest<'_>) -> String;
    let exp: Look = |r| format!("{:?}", r.imp[0].exp);
    let secure: Look = |r| format!("{:?}", r.imp[0].secure);
    let floor: Look = |r| r.imp[0].bidfloor().to_string();
    let tagid: Look = |r| format!("{:?}", r.imp[0].tagid.as_deref());
    let buster: Look = |r| format!("{:?}", r.imp[0].iframebuster);
    let dt: Look = |r| format!("{:?}", r.imp[0].dt);
    let imps: Look = |r| r.imp.len().to_string();
    #[rustfmt::skip]
    let rows: &[(&str, &str, Look, &str, &[K])] = &[
        ("C-24", r#""exp":300"#, exp, "Some(300)", &[]),
        ("C-24 integral float", r#""exp":300.0"#, exp, "Some(300)", &[K::IntegralFloat]),
        ("C-24 exponent", r#""exp":3e2"#, exp, "Some(300)", &[K::IntegralFloat]),
        ("C-24 numeric string", r#""exp":"300""#, exp, "Some(300)", &[K::NumericString]),
        ("C-24 quoted float", r#""exp":"300.0""#, exp, "Some(300)", &[K::NumericString]),
        ("R35 minus zero", r#""exp":-0"#, exp, "Some(0)", &[]),
        ("C-32 fraction", r#""exp":1.5"#, exp, "None", &[K::DroppedField]),
        ("R35 2^63", r#""exp":9223372036854775808"#, exp, "None", &[K::DroppedField]),
        ("R35 2^64", r#""exp":18446744073709551616"#, exp, "None", &[K::DroppedField]),
        ("R35 2^31", r#""exp":2147483648"#, exp, "None", &[K::DroppedField]),
        ("R35 1e999", r#""exp":1e999"#, exp, "None", &[K::DroppedField]),
        ("C-32 words", r#""exp":"soon""#, exp, "None", &[K::DroppedField]),
        ("C-32 object", r#""exp":{"a":1}"#, exp, "None", &[K::DroppedField]),
        ("C-32 array", r#""exp":[300]"#, exp, "None", &[K::DroppedField]),
        ("C-25 null", r#""exp":null"#, exp, "None", &[]),
        ("C-20 absent", r#""x":1"#, exp, "None", &[]),
        ("C-24 flag", r#""secure":1"#, secure, "Some(true)", &[]),
        ("C-24 bool", r#""secure":true"#, secure, "Some(true)", &[K::BoolFlag]),
        ("C-24 bool", r#""secure":false"#, secure, "Some(false)", &[K::BoolFlag]),
        ("C-24 quoted flag", r#""secure":"1""#, secure, "Some(true)", &[K::NumericString]),
        ("C-21 unknown value of a flag", r#""secure":2"#, secure, "None", &[K::DroppedField]),
        ("C-27 exact", r#""bidfloor":0.1000000"#, floor, "0.1", &[]),
        ("C-24 quoted price", r#""bidfloor":"1.25""#, floor, "1.25", &[K::NumericString]),
        ("C-27 half-even", r#""bidfloor":1.0000005"#, floor, "1", &[]),
        ("negative floor is none", r#""bidfloor":-1"#, floor, "0", &[K::NegativeFloor]),
        ("empty text says nothing", r#""bidfloor":"""#, floor, "0", &[]),
        ("C-24 integer id", r#""tagid":17"#, tagid, "Some(\"17\")", &[K::NumberAsText]),
        ("C-32 bool for text", r#""tagid":true"#, tagid, "None", &[K::DroppedField]),
        ("C-24 one for many", r#""iframebuster":"x""#, buster, "[\"x\"]", &[K::SingleAsArray]),
        ("C-32 lossy array", r#""iframebuster":["x",{},null,"y",[1],2]"#, buster, "[\"x\", \"y\", \"2\"]", &[K::DroppedField, K::DroppedElement, K::NumberAsText]),
        ("C-25 empty array", r#""iframebuster":[]"#, buster, "[]", &[]),
        ("C-24 quoted float", r#""dt":"1.5""#, dt, "Some(1.5)", &[K::NumericString]),
        ("C-27 beyond range", r#""dt":1e999"#, dt, "None", &[K::DroppedField]),
        ("C-23 ext of another kind", r#""ext":[1]"#, imps, "1", &[]),
        ("C-23 ext null", r#""ext":null"#, imps, "1", &[]),
    ];
    for (id, member, look, want, kinds) in rows {
        let body = with_imp_member(member);
        let (request, repairs) = read(&body).unwrap();
        assert_eq!(look(&request), *want, "{id}: {member}");
        let made: Vec<K> = repairs.iter().map(|repair| repair.kind).collect();
        assert_eq!(made, *kinds, "{id}: {member}");
    }
}

#[test]
fn a_repair_says_where() {
    let body = r#"{"id":"1","imp":[{"id":"a","banner":{"w":"300"}}]}"#;
    let (_, repairs) = read(body).unwrap();
    let repair = repairs.iter().next().unwrap();
    assert_eq!((repair.object, repair.field), ("Banner", "w"));
    assert_eq!(
        openrtb::pointer_at(body.as_bytes(), repair.at as usize),
        "/imp/0/banner/w"
    );
}

#[test]
fn what_voids_an_imp_or_deal_and_no_more() {
    #[rustfmt::skip]
    let rows: &[(&str, &str, &[&str])] = &[
        ("C-60 no id", r#"{"banner":{}}"#, &["ok"]),
        ("C-60 empty id", r#"{"id":"","banner":{}}"#, &["ok"]),
        ("C-65 no media", r#"{"id":"b"}"#, &["ok"]),
        ("C-60 video without mimes", r#"{"id":"b","video":{"w":1}}"#, &["ok"]),
        ("C-32 video without mimes beside a banner", r#"{"id":"b","video":{"w":1},"banner":{}}"#, &["b", "ok"]),
        ("C-60 native without request", r#"{"id":"b","native":{"ver":"1.2"}}"#, &["ok"]),
        ("C-32 a floor that cannot be told", r#"{"id":"b","banner":{},"bidfloor":"cheap"}"#, &["ok"]),
        ("C-32 a floor beyond belief", r#"{"id":"b","banner":{},"bidfloor":1e999}"#, &["ok"]),
        ("C-32 a floor in no currency", r#"{"id":"b","banner":{},"bidfloor":1,"bidfloorcur":"EURO"}"#, &["ok"]),
        ("C-32 a floor by duration", r#"{"id":"b","video":{"mimes":["v"],"durfloors":[{"bidfloor":"x"}]}}"#, &["ok"]),
        ("C-32 a deal's floor voids the deal", r#"{"id":"b","banner":{},"bidfloor":1,"pmp":{"deals":[{"id":"d","bidfloor":"x"},{"id":"e"}]}}"#, &["b/e", "ok"]),
        ("C-60 a deal without id", r#"{"id":"b","banner":{},"pmp":{"deals":[{"bidfloor":1},{"id":"e"}]}}"#, &["b/e", "ok"]),
        ("an unreadable floor beside a good deal", r#"{"id":"b","banner":{},"bidfloor":"x","pmp":{"deals":[{"id":"e"}]}}"#, &["ok"]),
        ("C-66 no object", r#"17"#, &["ok"]),
        ("C-28 a floor in no currency", r#"{"id":"b","banner":{},"bidfloorcur":"QQQ"}"#, &["ok"]),
        ("C-28 in small letters", r#"{"id":"b","banner":{},"bidfloorcur":"eur"}"#, &["b", "ok"]),
        ("C-28 a deal's floor in no currency voids the deal", r#"{"id":"b","banner":{},"pmp":{"deals":[{"id":"d","bidfloor":1,"bidfloorcur":"QQQ"},{"id":"e"}]}}"#, &["b/e", "ok"]),
        ("C-90 native that cannot be read, alone", r#"{"id":"b","native":{"request":"{not json"}}"#, &["ok"]),
        ("C-90 native that cannot be read, beside another", r#"{"id":"b","banner":{},"native":{"request":"{} x"}}"#, &["b", "ok"]),
        ("C-90 native as text", r#"{"id":"b","native":{"request":" {\"native\":{}} "}}"#, &["b", "ok"]),
        ("C-90 native as an object", r#"{"id":"b","native":{"request":{}}}"#, &["b", "ok"]),
    ];
    for (id, imp, want) in rows {
        let body = format!(r#"{{"id":"1","imp":[{imp},{{"id":"ok","banner":{{}}}}]}}"#);
        let (request, _) = read(&body).unwrap();
        let names: Vec<String> = request
            .imp
            .iter()
            .map(|imp| {
                let deals = imp.deals().iter().map(|deal| format!("/{}", deal.id()));
                imp.id().to_owned() + &deals.collect::<String>()
            })
            .collect();
        assert_eq!(names, *want, "{id}");
    }
}

#[test]
fn what_voids_a_request() {
    let imp = r#"{"id":"a","banner":{}}"#;
    #[rustfmt::skip]
    let rows = [
        ("C-60", format!(r#"{{"imp":[{imp}]}}"#), "/id"),
        ("C-60", format!(r#"{{"id":null,"imp":[{imp}]}}"#), "/id"),
        ("C-66", r#"{"id":"1"}"#.to_owned(), "/imp"),
        ("C-66", r#"{"id":"1","imp":[]}"#.to_owned(), "/imp"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a"}]}"#.to_owned(), "/imp/0"),
        ("C-66", r#"{"id":"1","imp":[7,{"id":"a"}]}"#.to_owned(), "/imp/0"),
        ("C-66", r#"{"id":"1","imp":{"id":"a"}}"#.to_owned(), "/imp"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloor":"abc"},{"id":"b"}]}"#.to_owned(), "/imp/0/bidfloor"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloor":1e99}]}"#.to_owned(), "/imp/0/bidfloor"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloorcur":"QQQ"}]}"#.to_owned(), "/imp/0/bidfloorcur"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloorcur":7}]}"#.to_owned(), "/imp/0/bidfloorcur"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","bidfloor":"1","video":{"mimes":["v"],"durfloors":[{"mindur":1,"bidfloor":"x"}]}}]}"#.to_owned(), "/imp/0/video/durfloors/0/bidfloor"),
        ("C-66", r#"{"id":"1","imp":[{"banner":{}}]}"#.to_owned(), "/imp/0/id"),
        ("C-66", r#"{"id":"1","imp":[{"id":{},"banner":{}}]}"#.to_owned(), "/imp/0/id"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","banner":7}]}"#.to_owned(), "/imp/0/banner"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","banner":null,"video":{"w":1}}]}"#.to_owned(), "/imp/0/video/mimes"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","audio":{"mimes":[]}}]}"#.to_owned(), "/imp/0/audio/mimes"),
        ("C-66", r#"{"id":"1","imp":[{"id":"a","native":{}}]}"#.to_owned(), "/imp/0/native/request"),
        ("C-66 C-90", r#"{"id":"1","imp":[{"id":"a","native":{"request":"{not json"}}]}"#.to_owned(), "/imp/0/native/request"),
        ("C-66 C-90", r#"{"id":"1","imp":[{"id":"a","native":{"request":"[]"}}]}"#.to_owned(), "/imp/0/native/request"),
        ("C-66 C-90", r#"{"id":"1","imp":[{"id":"a","native":{"request":7}}]}"#.to_owned(), "/imp/0/native/request"),
        ("C-64", format!(r#"{{"id":"1","imp":[{imp},{imp}]}}"#), "/imp/1/id"),
        ("C-64", format!(r#"{{"id":"1","imp":[7,{imp},{imp}]}}"#), "/imp/2/id"),
        ("C-64", format!(r#"{{"id":"1","imp":[{},{imp},{imp}]}}"#, (0..9).map(|n| format!(r#"{{"id":"{n}","banner":{{}}}}"#)).collect::<Vec<_>>().join(",")), "/imp/10/id"),
        ("C-40", format!(r#"{{"id":"1","imp":[{imp}],"site":{{}},"app":{{}}}}"#), ""),
        ("C-40", format!(r#"{{"id":"1","imp":[{imp}],"dooh":{{}},"app":{{}}}}"#), ""),
        ("C-31", format!(r#"{{"id":"1","id":"1","imp":[{imp}]}}"#), "/id"),
        ("C-31", format!(r#"{{"id":"1","\u0069d":"2","imp":[{imp}]}}"#), "/id"),
        ("C-31", format!(r#"{{"id":"1","imp":[{imp}],"imp":[{imp}]}}"#), "/imp"),
        ("C-31", format!(r#"{{"id":"1","imp":[{imp}],"cur":["USD"],"cur":["EUR"]}}"#), "/cur"),
        ("C-31", format!(r#"{{"id":"1","at":1,"imp":[{imp}],"at":2}}"#), "/at"),
        ("C-31", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloor":1,"bidfloor":2}]}"#.to_owned(), "/imp/0/bidfloor"),
        ("C-31", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloorcur":"USD","bidfloorcur":"EUR"}]}"#.to_owned(), "/imp/0/bidfloorcur"),
        ("C-31", r#"{"id":"1","imp":[{"id":"a","banner":{},"pmp":{"deals":[{"id":"a","id":"b"}]}}]}"#.to_owned(), "/imp/0/pmp/deals/0/id"),
    ];
    for (want_rule, body, want_pointer) in rows {
        match read(&body) {
            Err(ReadError::Invalid { pointer, rule, .. }) => {
                let want_rule = want_rule.split(' ').next().unwrap();
                assert_eq!(
                    (rule, pointer.as_str()),
                    (want_rule, want_pointer),
                    "{body}"
                );
            }
            other => panic!("{want_rule}: {body}: {other:?}"),
        }
    }
    let imps: Vec<String> = (0..101)
        .map(|n| format!(r#"{{"id":{n},"banner":{{}}}}"#))
        .collect();
    let body = format!(r#"{{"id":"1","imp":[{}]}}"#, imps.join(","));
    assert!(matches!(
        read(&body),
        Err(ReadError::Invalid { rule: "R37", .. })
    ));
    for (count, is_read) in [(4_000, true), (4_001, false)] {
        // Half of them in the request, half in its device; what stands in an ext is the partner's own.
        let unknown = |from: u32, to: u32| {
            let members: Vec<String> = (from..to).map(|n| format!(r#""k{n}":1"#)).collect();
            members.join(",")
        };
        let (own, device) = (unknown(0, 2_000), unknown(2_000, count));
        let ext = unknown(0, 9_000);
        let body = format!(
            r#"{{"id":"1","imp":[{{"id":"a","banner":{{}}}}],{own},"device":{{{device}}},"ext":{{{ext}}}}}"#
        );
        assert_eq!(
            read(&body).is_ok(),
            is_read,
            "R37 {count} members that are not known"
        );
    }
    let limits = Limits {
        eids: 3,
        segments: 4,
        ..Limits::REQUEST
    };
    let ids = r#"[{"source":"a","uids":[{"id":"1"},{"id":"2"}]},{"source":"b"}MORE]"#;
    let data = r#"{"content":{"data":[{"id":"d","segment":[{"id":"1"},{"id":"2"}MORE]}]}}"#;
    let user = r#"{"data":[{"segment":[{"id":"3"}]},{"id":"none"}]}"#;
    #[rustfmt::skip]
    let rows = [
        ("R37 ids", format!(r#""user":{{"eids":{ids}}}"#), r#",{"source":"c"}"#, "/user/eids"),
        ("R37 ids where 2.5 has them", format!(r#""user":{{"ext":{{"eids":{ids}}}}}"#), r#",{"source":"c"}"#, "/user/eids"),
        ("R37 segments of the site's content", format!(r#""user":{user},"site":{data}"#), r#",{"id":"5"}"#, "/site/content/data"),
        ("R37 segments of the app's content", format!(r#""user":{user},"app":{data}"#), r#",{"id":"5"}"#, "/app/content/data"),
        ("R37 segments of the screen's content", format!(r#""user":{user},"dooh":{data}"#), r#",{"id":"5"}"#, "/dooh/content/data"),
        ("R37 segments of the user", r#""user":{"data":[{"segment":[{},{},{},{}MORE]}]}"#.to_owned(), ",{}", "/user/data"),
    ];
    for (says, members, more, at) in rows {
        let with = |more| {
            format!(
                r#"{{"id":"1","imp":[{{"id":"a","banner":{{}}}}],{}}}"#,
                members.replace("MORE", more)
            )
        };
        let body = with("");
        assert!(
            BidRequest::read(body.as_bytes(), &limits).is_ok(),
            "{says}: as many as there may be"
        );
        match BidRequest::read(with(more).as_bytes(), &limits) {
            Err(error @ ReadError::Invalid { rule: "R37", .. }) => {
                assert_eq!(error.pointer(), at, "{says}");
            }
            other => panic!("{says}: {other:?}"),
        }
    }
}

#[test]
fn what_is_not_json_or_too_much() {
    use MalformedKind as K;
    let request = r#"{"id":"1","imp":[{"id":"a","banner":{}}]"#;
    let member = |json: &str| format!("{request},\"x\":{json}}}");
    #[rustfmt::skip]
    let rows: Vec<(&str, Vec<u8>, K, &str)> = vec![
        ("R34 nothing", Vec::new(), K::UnexpectedEnd, ""),
        ("R34 truncated", request.into(), K::UnexpectedEnd, ""),
        ("R34 BOM", [b"\xef\xbb\xbf".as_slice(), request.as_bytes(), b"}"].concat(), K::ByteOrderMark, ""),
        ("R34 trailing bytes", format!("{request}}}x").into(), K::TrailingBytes, ""),
        ("R34 two objects", format!("{request}}}{{}}").into(), K::TrailingBytes, ""),
        ("an array", b"[]".to_vec(), K::NotAnObject, ""),
        ("null", b"null".to_vec(), K::NotAnObject, ""),
        ("trailing comma", format!("{request},}}").into(), K::UnexpectedByte, ""),
        ("trailing comma in an array", member("[1,]").into(), K::UnexpectedByte, "/x"),
        ("missing colon", format!("{request},\"x\" 1}}").into(), K::UnexpectedByte, ""),
        ("single quotes", format!("{request},'x':1}}").into(), K::UnexpectedByte, ""),
        ("a comment", format!("{request}/**/}}").into(), K::UnexpectedByte, ""),
        ("R35 01", member("01").into(), K::BadNumber, "/x"),
        ("R35 +1", member("+1").into(), K::UnexpectedByte, "/x"),
        ("R35 .5", member(".5").into(), K::UnexpectedByte, "/x"),
        ("R35 1.", member("1.").into(), K::BadNumber, "/x"),
        ("R35 1e", member("1e").into(), K::BadNumber, "/x"),
        ("R35 NaN", member("NaN").into(), K::UnexpectedByte, "/x"),
        ("R35 Infinity", member("Infinity").into(), K::UnexpectedByte, "/x"),
        ("R35 -Infinity", member("-Infinity").into(), K::BadNumber, "/x"),
        ("nul", member("nul").into(), K::UnexpectedByte, "/x"),
        ("truer", member("truer").into(), K::UnexpectedByte, ""),
        ("R37 lone high surrogate", member(r#""\ud800""#).into(), K::LoneSurrogate, "/x"),
        ("R37 lone low surrogate", member(r#""\udc00""#).into(), K::LoneSurrogate, "/x"),
        ("R37 two high surrogates", member(r#""\ud800\ud800""#).into(), K::LoneSurrogate, "/x"),
        ("R37 escaped NUL", member(r#""\u0000""#).into(), K::NulCharacter, "/x"),
        ("R37 NUL", member("\"\0\"").into(), K::NulCharacter, "/x"),
        ("control character", member("\"a\nb\"").into(), K::ControlCharacter, "/x"),
        ("unknown escape", member(r#""\x""#).into(), K::BadEscape, "/x"),
        ("bad digits", member(r#""\u12g4""#).into(), K::BadEscape, "/x"),
        ("R37 invalid UTF-8", [request.as_bytes(), b",\"x\":\"\xff\"}"].concat(), K::NotUtf8, "/x"),
        ("R37 overlong", [request.as_bytes(), b",\"x\":\"\xc0\xaf\"}"].concat(), K::NotUtf8, "/x"),
        ("R37 long string", member(&format!("\"{}\"", "a".repeat(65_537))).into(), K::StringTooLong, "/x"),
        ("R34 deep", member(&"[".repeat(10_000)).into(), K::TooDeep, ""),
        ("R37 ext depth 33", member(&format!("{}{}", "[".repeat(33), "]".repeat(33))).into(), K::TooDeep, ""),
        ("R37 many keys", member(&format!("{{{}\"z\":1}}", "\"a\":1,".repeat(100_000))).into(), K::TooManyValues, "/x/a"),
        ("R37 many imps", format!("{{\"id\":\"1\",\"imp\":[{}{{}}]}}", "{},".repeat(100_000)).into(), K::TooManyValues, ""),
    ];
    for (id, body, want, want_pointer) in rows {
        match BidRequest::read(&body, &Limits::REQUEST) {
            Err(ReadError::Malformed { kind, pointer, .. }) => {
                assert_eq!(kind, want, "{id}");
                if !want_pointer.is_empty() {
                    assert_eq!(pointer, want_pointer, "{id}");
                }
            }
            other => panic!("{id}: {other:?}"),
        }
    }
    let deepest = format!("{}{}", "[".repeat(32), "]".repeat(32));
    assert!(read(&member(&deepest)).is_ok(), "R37 ext depth 32");
}

#[test]
fn strings_are_unescaped_only_where_needed() {
    // model.md 6
    let body = r#"{"id":"a\/b","imp":[{"id":"plain","banner":{},"tagid":"\ud83d\ude00\"\\\b\f\n\r\té\u00e9"}]}"#;
    let (request, _) = read(body).unwrap();
    assert_eq!(request.id(), "a/b");
    assert_eq!(request.id.as_ref().unwrap().borrowed(), None);
    assert_eq!(
        request.imp[0].id.as_ref().unwrap().borrowed(),
        Some("plain")
    );
    assert_eq!(
        request.imp[0].tagid.as_deref(),
        Some("\u{1f600}\"\\\u{8}\u{c}\n\r\té\u{e9}")
    );
}

#[test]
fn unknown_members_and_values_are_kept() {
    // C-21, C-22
    let body = r#"{"id":"1","zeta":{"b":[1, 2]},"imp":[{"id":"a","banner":{"battr":[1,999]},"alpha":"x"}],
        "device":{"devicetype":77},"alpha":null,"ext":{"a":{"b":"c"}}}"#;
    let (request, repairs) = read(body).unwrap();
    assert!(repairs.is_empty());
    let extra: Vec<_> = request
        .extra
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    assert_eq!(extra, [("zeta", r#"{"b":[1, 2]}"#), ("alpha", "null")]);
    assert_eq!(request.imp[0].extra[0].1.to_text().as_deref(), Some("x"));
    assert_eq!(
        request.device.as_ref().unwrap().devicetype,
        Some(DeviceType(77))
    );
    assert_eq!(request.imp[0].banner.as_ref().unwrap().battr[1].0, 999);
    let b = request.ext.unwrap().path(&["a", "b"]).unwrap();
    assert_eq!(b.to_text().as_deref(), Some("c"));
    assert_eq!(b.span().of(body.as_bytes()), b"\"c\"");
}

#[test]
fn the_newer_of_two_exclusive_attributes_counts() {
    let body = r#"{"id":"1","imp":[{"id":"a","video":{"mimes":["v"],"rqddurs":[15],"minduration":5,"maxduration":30,
        "mincpmpersec":1,"durfloors":[{"mindur":1,"bidfloor":2}]}}],"acat":["IAB1"],"bcat":["IAB2"],"wlang":["en"],"wlangb":["en-GB"],
        "site":{"keywords":"a","kwarray":["b"],"content":{"language":"en","langb":"en-GB"}},
        "device":{"language":"en","langb":"en-GB"},"user":{"keywords":"a","kwarray":["b"]},"wseat":["s"],"bseat":["t"]}"#;
    let (request, repairs) = read(body).unwrap();
    let video = request.imp[0].video.as_deref().unwrap();
    assert_eq!(
        (video.minduration, video.maxduration, video.mincpmpersec),
        (None, None, None),
        "C-45, C-46"
    );
    assert!(
        video.admits_duration(15) && !video.admits_duration(20),
        "C-81"
    );
    assert!(request.bcat.is_empty() && request.wlang.is_empty(), "C-42");
    let site = request.site.as_deref().unwrap();
    assert_eq!(
        (
            &site.keywords,
            site.content.as_ref().unwrap().language.as_ref()
        ),
        (&None, None),
        "C-43, C-44"
    );
    assert!(
        request.admits_seat(Some("s"))
            && !request.admits_seat(Some("t"))
            && !request.admits_seat(None),
        "C-41 both applied"
    );
    assert_eq!(
        repairs
            .iter()
            .filter(|r| r.kind == RepairKind::Exclusive)
            .count(),
        8
    );
}

#[test]
fn absent_attributes_stand_for_their_defaults() {
    // C-62, C-63
    let (request, _) = read(r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloorcur":"EUR","pmp":{"deals":[{"id":"d"}]}}]}"#).unwrap();
    assert_eq!(
        (
            request.at().0,
            request.cattax().0,
            request.test(),
            request.allimps()
        ),
        (2, 1, false, false)
    );
    let imp = &request.imp[0];
    assert_eq!(
        (
            imp.bidfloor().micros(),
            imp.bidfloorcur().as_str(),
            imp.instl()
        ),
        (0, "EUR", false)
    );
    let deal = imp.deal("d").unwrap();
    assert_eq!(
        (deal.bidfloor, deal.at, deal.bidfloorcur().as_str()),
        (None, None, "USD")
    );
    assert!(
        request.allows(units::Currency::USD)
            && !request.allows(units::Currency::parse("EUR").unwrap()),
        "X-73"
    );
}

#[test]
fn markup_of_blanks_is_none() {
    // C-49, X-93: the win notice brings it
    for (adm, expect) in [
        (r#""""#, None),
        (r#"" \n\t""#, None),
        (r#"" <b>""#, Some(" <b>")),
    ] {
        let body = format!(
            r#"{{"id":"r","seatbid":[{{"bid":[{{"id":"b","impid":"1","price":1,"nurl":"https://d.example/n","adm":{adm}}}]}}]}}"#
        );
        let (response, _) = BidResponse::read(body.as_bytes(), &Limits::RESPONSE).unwrap();
        let bid = response.seatbid[0].bid[0].as_ref().unwrap();
        assert_eq!(bid.adm(), expect, "{adm}");
    }
}
