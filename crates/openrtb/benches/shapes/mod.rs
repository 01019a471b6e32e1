//! Bodies of 256 KiB that cost more than others.

use std::fmt::Write as _;

/// Bytes of one body.
const SIZE: usize = 256 * 1024;

/// As many parts as fit, between a beginning and an end; `part` is told its number.
fn filled(before: &str, after: &str, part: impl Fn(usize) -> String) -> String {
    let mut body = before.to_owned();
    let mut number = 0;
    loop {
        let part = part(number);
        if body.len() + part.len() + after.len() + 1 > SIZE {
            break;
        }
        if number > 0 {
            body.push(',');
        }
        body.push_str(&part);
        number += 1;
    }
    body.push_str(after);
    body
}

/// The same with no more values than the limits allow.
fn bounded(before: &str, after: &str, most: usize, part: impl Fn(usize) -> String) -> String {
    let parts: Vec<String> = (0..most).map(part).collect();
    let mut body = format!("{before}{}{after}", parts.join(","));
    body.truncate(SIZE.max(before.len()));
    body
}

const IMP: &str = r#""imp":[{"id":"1","banner":{}}]"#;

pub(crate) fn requests() -> Vec<(&'static str, String)> {
    let inside = |object: &str, part: &str| {
        let (before, after) = object.split_once('*').unwrap();
        filled(
            &format!(r#"{{"id":"1",{before}"#),
            &format!("{after}}}"),
            |_| part.to_owned(),
        )
    };
    let numbered = |object: &str, most: usize, part: &str| {
        let (before, after) = object.split_once('*').unwrap();
        bounded(
            &format!(r#"{{"id":"1",{before}"#),
            &format!("{after}}}"),
            most,
            |at| part.replace('@', &at.to_string()),
        )
    };
    let root = format!("{IMP},*");
    let device = format!(r#"{IMP},"device":{{*}}"#);
    let deals = r#""imp":[{"id":"1","banner":{},"pmp":{"deals":[*]}}]"#;
    let mut shapes = vec![
        ("open brackets only", "[".repeat(SIZE)),
        ("blanks only", " ".repeat(SIZE)),
        (
            "imps beyond the limit",
            inside(r#""imp":[*]"#, r#"{"id":"1"}"#),
        ),
        (
            "100 imps, names unknown",
            bounded(r#"{"id":"1","imp":["#, "]}", 100, |at| {
                let members: Vec<String> = (0..160).map(|n| format!(r#""k{n}":{n}"#)).collect();
                format!(r#"{{"id":"{at}","banner":{{}},{}}}"#, members.join(","))
            }),
        ),
        (
            "attributes unknown, all different",
            numbered(&root, 20_000, r#""k@":1"#),
        ),
        (
            "one attribute unknown, again and again",
            numbered(&root, 30_000, r#""k":1"#),
        ),
        (
            "tmax again and again",
            numbered(&root, 25_000, r#""tmax":1"#),
        ),
        (
            "device.ua again and again",
            numbered(&device, 30_000, r#""ua":"""#),
        ),
        (
            "pairs again, all different",
            numbered(&device, 11_000, r#""k@":1,"k@":1"#),
        ),
        (
            "a name with escapes, again and again",
            numbered(&device, 13_000, r#""\u006b#":1"#),
        ),
        (
            "names with escapes, all different",
            numbered(&device, 13_000, r#""\u006b@":1"#),
        ),
        (
            "an ext in an ext",
            format!(
                r#"{{"id":"1",{IMP},"ext":{}1{}}}"#,
                r#"{"ext":"#.repeat(30),
                "}".repeat(30)
            ),
        ),
        (
            "ext of many members",
            numbered(
                &format!(r#"{IMP},"regs":{{"ext":{{*}}}}"#),
                20_000,
                r#""k@":1"#,
            ),
        ),
        (
            "nulls",
            numbered(&format!(r#"{IMP},"badv":[*]"#), 32_000, "null"),
        ),
        (
            "domains that are none",
            numbered(&format!(r#"{IMP},"badv":[*]"#), 25_000, r#""/@""#),
        ),
        (
            "numbers for texts",
            numbered(&format!(r#"{IMP},"badv":[*]"#), 32_000, "@"),
        ),
        (
            "deals, ids all different",
            numbered(deals, 15_000, r#"{"id":"@"}"#),
        ),
        (
            "deals, all the same id",
            numbered(deals, 15_000, r#"{"id":"a"}"#),
        ),
        (
            "companions",
            numbered(
                r#""imp":[{"id":"1","video":{"mimes":["a"],"companionad":[*]}}]"#,
                15_000,
                r#"{"id":"@"}"#,
            ),
        ),
        (
            "formats without a size",
            numbered(
                r#""imp":[{"id":"1","banner":{"format":[*]}}]"#,
                30_000,
                "{}",
            ),
        ),
        (
            "eids",
            numbered(
                &format!(r#"{IMP},"user":{{"eids":[*]}}"#),
                6_000,
                r#"{"source":"s","uids":[{"id":"@"}]}"#,
            ),
        ),
        (
            "nodes of a chain",
            numbered(
                &format!(r#"{IMP},"source":{{"schain":{{"nodes":[*]}}}}"#),
                10_000,
                r#"{"asi":"@"}"#,
            ),
        ),
        (
            "segments",
            numbered(
                &format!(r#"{IMP},"user":{{"data":[{{"segment":[*]}}]}}"#),
                15_000,
                r#"{"id":"@"}"#,
            ),
        ),
        (
            "a number of many digits",
            format!(
                r#"{{"id":"1",{IMP},"tmax":{},"at":1e9}}"#,
                "9".repeat(60_000)
            ),
        ),
        (
            "texts of escapes",
            numbered(
                &format!(r#"{IMP},"badv":[*]"#),
                4,
                &format!("\"{}\"", r"\u00e9".repeat(10_000)),
            ),
        ),
        (
            "a long consent string",
            format!(
                r#"{{"id":"1",{IMP},"user":{{"consent":"C{}"}},"regs":{{"gdpr":1,"gpp":"DBA{}","gpp_sid":[2]}}}}"#,
                "A".repeat(64_000),
                "~BVQqAAAAAgA".repeat(5_000)
            ),
        ),
    ];
    for (name, asset, most) in [
        (
            "native assets, all different",
            r#"{"id":@,"title":{"len":9}}"#,
            1_800,
        ),
        ("native assets without a kind", r#"{"id":@}"#, 4_500),
    ] {
        let assets: Vec<String> = (0..most)
            .map(|at| asset.replace('@', &at.to_string()))
            .collect();
        let text = format!(r#"{{"assets":[{}]}}"#, assets.join(","));
        let text = serde_json::to_string(&text).unwrap();
        let mut body = String::new();
        write!(
            body,
            r#"{{"id":"1","imp":[{{"id":"1","native":{{"request":{text}}}}}]}}"#
        )
        .unwrap();
        shapes.push((name, body));
    }
    shapes
}

pub(crate) fn responses() -> Vec<(&'static str, String)> {
    let bid = |adm: &str| {
        let adm = serde_json::to_string(adm).unwrap();
        format!(
            r#"{{"id":"1","seatbid":[{{"bid":[{{"id":"1","impid":"1","price":1,"adm":{adm}}}]}}]}}"#
        )
    };
    let bids = |most: usize, part: fn(usize) -> String| {
        bounded(r#"{"id":"1","seatbid":[{"bid":["#, "]}]}", most, part)
    };
    let times = |part: &str| part.repeat(SIZE * 9 / 10 / part.len());
    let assets: Vec<String> = (0..5_000)
        .map(|at| format!(r#"{{"id":{at},"title":{{"text":"t","len":9}}}}"#))
        .collect();
    vec![
        (
            "bids, ids all different",
            bids(250, |at| {
                format!(r#"{{"id":"{at}","impid":"1","price":1}}"#)
            }),
        ),
        (
            "bids, all the same id",
            bids(250, |_| r#"{"id":"1","impid":"1","price":1}"#.to_owned()),
        ),
        ("bids without anything", bids(250, |_| "{}".to_owned())),
        (
            "bids without anything, beyond the limit",
            bids(30_000, |_| "{}".to_owned()),
        ),
        (
            "bids with a fault in everything",
            bids(250, |at| {
                format!(
                    r#"{{"id":"","impid":"","price":"x{at}","w":0,"h":0,"dur":0,"exp":0,"nurl":"x","burl":"y","lurl":"z","adomain":["/@",""],"cat":["x",1],"attr":[99,98],"api":99,"language":"x","langb":"-","wratio":0,"k":null}}"#
                )
            }),
        ),
        (
            "bids, names unknown",
            bids(250, |at| {
                let members: Vec<String> = (0..25).map(|n| format!(r#""k{n}":{n}"#)).collect();
                format!(
                    r#"{{"id":"{at}","impid":"1","price":1,{}}}"#,
                    members.join(",")
                )
            }),
        ),
        (
            "seats without bids",
            bounded(
                r#"{"id":"1","seatbid":[{"bid":[{"id":"1","impid":"1","price":1}]},"#,
                "]}",
                30_000,
                |_| "{}".to_owned(),
            ),
        ),
        ("macros that are none", bid(&times("${AUCTION_X"))),
        ("macros", bid(&times("${AUCTION_ID}"))),
        ("open tags", bid(&format!("<VAST>{}", times("<Ad")))),
        (
            "ads",
            bid(&format!(
                "<VAST version=\"3.0\">{}",
                times("<Ad><InLine></InLine></Ad>")
            )),
        ),
        (
            "linears",
            bid(&format!(
                "<VAST version=\"3.0\"><Ad><InLine><Creatives>{}",
                times("<Linear></Linear>")
            )),
        ),
        (
            "attributes",
            bid(&format!("<VAST version=\"3.0\"><Ad {}", times("a=\"\" "))),
        ),
        (
            "attributes of a file",
            bid(&format!(
                "<VAST version=\"3.0\"><Ad><InLine><MediaFile {}",
                times("a='' ")
            )),
        ),
        (
            "comments that do not end",
            bid(&format!("<VAST>{}", times("<!--<![CDATA["))),
        ),
        ("slashes", bid(&times("http:/"))),
        ("http, loopback", bid(&times("http://localhost "))),
        (
            "native assets",
            bid(&format!(
                r#"{{"link":{{"url":"u"}},"assets":[{}]}}"#,
                assets.join(",")
            )),
        ),
    ]
}
