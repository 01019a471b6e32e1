//! What leaves the process about a person, by what the person said (S11): over a real socket, to three DSPs
//! of which two have ids in the Global Vendor List.

mod exchange;
mod market;

use exchange::{BID, Dsp, Rig};
use serde_json::{Value, json};

// Strings of `@iabtechlabtcf/core` 1.5.21 and `@iabgpp/cmpapi` 3.2.0.
const NOTHING: &str = "CQp3NcAQp6gYAAfACBENCbFgAAAAAAAAAAYgAAAAAAAA.IAAA.YAAAAAAAAAAA";
/// Every purpose and special feature, vendors 1 to 1000.
const ALL: &str = "CQp3NcAQp6gYAAfACBENCbFsAP_gAEPgAAYgH0QAYAAgfQB9EAGAAIH0AAAA.IAAA.YAAAAAAAAAAA";
/// Purposes 1, 2 and 4; vendors 2 and 755.
const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
/// Purposes 1 and 2; vendors 10 to 499 and 501 to 900 but a few.
const RANGES: &str =
    "CQp3NcAQp6gYAAfACBENCbFgAMAAAAAAAAYgHCQAoAFAPnAfUDhAAAAAAAAA.IAAA.YAAAAAAAAAAA";
/// Nothing but legitimate interests in 7 and 9, vendors 1, 3 and 5.
const INTEREST: &str = "CQp3NcAQp6gYAAfACBENCbFoAAAAAAKAAAYgAAAAFVAA.IAAA.YAAAAAAAAAAA";
/// Purposes 1 and 2, vendors 2, 3, 4 and 28; purpose 2 is forbidden to vendor 2.
const RESTRICTED: &str =
    "CQp3NcAQp6gYAAfACBENCbFgAMAAAAAAAAYgAOHAAABAAAAGEAAgACCgAQAODoAIAAwA.IAAA.YAAAAAAAAAAA";
/// Purpose 1, vendor 7.
const DISCLOSED: &str = "CQp3NcAQp6gYAAfACBENCbFgAIAAAAAAAAYgADgIAAAAAAAA.IAEgKAAA.YAAAAAAAAAAA";
/// GPP: TCF with purposes 1 and 2 and no vendor, US privacy `1YYN`, California without an opt-out.
const THREE: &str =
    "DBADNZg~CQuIxQAQuIxQAAfAAAENAAFgAMAAAAAAAAAAAAAAAAAA.IAAA.YAAAAAAAAAAA~1YYN~BAgAAACA.QA";

/// What a DSP gets to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gets {
    /// Everything.
    All,
    /// Ids and profile, the place coarsely.
    Coarse,
    /// Ids alone, the place coarsely.
    Ids,
    /// Nothing of the person, the place coarsely.
    Context,
    /// Nothing of the person, nor where it is.
    Child,
}

use Gets::{All, Child, Coarse, Context, Ids};

/// What is said, and what the vendors 3 and 755 and the one without an id get.
type Row = (&'static str, Said, [Gets; 3]);

/// Members of `regs`, of `user`, of `device`.
struct Said(String, String, &'static str);

fn nothing() -> Said {
    regs("")
}

fn regs(members: &str) -> Said {
    Said(members.to_owned(), String::new(), "")
}

fn device(members: &'static str) -> Said {
    Said(String::new(), String::new(), members)
}

/// GDPR applies, and this is the string.
fn consent(text: &str) -> Said {
    with_consent(r#""gdpr":1"#, text)
}

fn with_consent(members: &str, text: &str) -> Said {
    let user = format!(r#","consent":"{text}""#);
    Said(members.to_owned(), user, "")
}

/// A GPP string of which these sections are in force.
fn gpp(text: &str, sections: &str) -> Said {
    regs(&format!(r#""gpp":"{text}","gpp_sid":[{sections}]"#))
}

const NO: [Gets; 3] = [Context; 3];
const YES: [Gets; 3] = [All; 3];

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    let mut rows = vec![
        // C-160: an absent flag claims nothing
        ("nothing", nothing(), YES),
        ("all flags 0", regs(r#""gdpr":0,"coppa":0"#), YES),
        ("a consent string without a claim", with_consent("", NOTHING), YES),
        ("gdpr 0 and a string of nothing", with_consent(r#""gdpr":0"#, NOTHING), YES),
        ("gdpr 0 wins over the section", regs(r#""gdpr":0,"gpp_sid":[2]"#), YES),
        // C-162
        ("gdpr, no string", regs(r#""gdpr":1"#), NO),
        ("gdpr, an empty string", consent(""), NO),
        ("gdpr, garbage", consent("yes please"), NO),
        ("gdpr, TCF 1", consent(&ALL.replacen('C', "B", 1)), NO),
        ("gdpr, cut", consent(&ALL[..40]), NO),
        ("gdpr, nothing", consent(NOTHING), NO),
        ("gdpr, all", consent(ALL), [All, All, Context]),
        ("gdpr, some", consent(SOME), [Context, Coarse, Context]),
        ("gdpr, ranges", consent(RANGES), [Context, Ids, Context]),
        ("gdpr, legitimate interest alone", consent(INTEREST), NO),
        ("gdpr, the publisher's restriction", consent(RESTRICTED), [Ids, Context, Context]),
        ("gdpr, purpose 1 alone", consent(DISCLOSED), NO),
        ("gdpr in ext, no string", regs(r#""ext":{"gdpr":1}"#), NO),
        ("gdpr and string in ext", Said(r#""ext":{"gdpr":1}"#.into(), format!(r#","ext":{{"consent":"{ALL}"}}"#), ""), [All, All, Context]),
        ("gdpr in both places, the newer wins", regs(r#""gdpr":0,"ext":{"gdpr":1}"#), YES),
        ("gdpr as text", regs(r#""gdpr":"1""#), NO),
        ("section 2, no string", regs(r#""gpp_sid":[2]"#), NO),
        ("section 2, a broken string", gpp("DBAB", "2"), NO),
        ("section 2, vendors of nobody", gpp(THREE, "2"), NO),
        ("section 2, the string of its own wins", Said(format!(r#""gpp":"{THREE}","gpp_sid":[2]"#), format!(r#","consent":"{ALL}""#), ""), [All, All, Context]),
        // C-163: the US privacy string
        ("us_privacy, not opted out", regs(r#""us_privacy":"1YNN""#), YES),
        ("us_privacy, does not apply", regs(r#""us_privacy":"1---""#), YES),
        ("us_privacy, opted out", regs(r#""us_privacy":"1YYN""#), NO),
        ("us_privacy, opted out, covered", regs(r#""us_privacy":"1YYY""#), NO),
        ("us_privacy, opted out, not told", regs(r#""us_privacy":"1NYN""#), NO),
        ("us_privacy in small letters", regs(r#""us_privacy":"1yyn""#), NO),
        ("us_privacy, broken", regs(r#""us_privacy":"no""#), NO),
        ("us_privacy in ext", regs(r#""ext":{"us_privacy":"1YYN"}"#), NO),
        ("us_privacy in both places, the newer wins", regs(r#""us_privacy":"1YNN","ext":{"us_privacy":"1YYN"}"#), YES),
        // C-163: Global Privacy Control
        ("gpc", regs(r#""ext":{"gpc":"1"}"#), NO),
        ("gpc, a number", regs(r#""ext":{"gpc":1}"#), NO),
        ("gpc, true", regs(r#""ext":{"gpc":true}"#), NO),
        ("gpc, not sent", regs(r#""ext":{"gpc":"0"}"#), YES),
        // C-163: sections of GPP
        ("usnat, all", gpp("DBABLA~BVQVAAAAAWA.YA", "7"), NO),
        ("usnat, all, another in force", gpp("DBABLA~BVQVAAAAAWA.YA", "8"), YES),
        ("usnat, none", gpp("DBABLA~CAAqAAAAAACA.QA", "7"), YES),
        ("usnat, sharing", gpp("DBABLA~CAAmAAAAAACA.QA", "7"), NO),
        ("usnat, gpc alone", gpp("DBABLA~CAAqAAAAAACA.YA", "7"), NO),
        ("usnat, broken and in force", gpp("DBABLA~x", "7"), NO),
        ("broken, in force", gpp("garbage", "7"), NO),
        ("broken, a section that nobody knows", gpp("garbage", "99"), YES),
        ("three, US privacy in force", gpp(THREE, "6"), NO),
        ("three, California in force", gpp(THREE, "8"), YES),
        ("three, none said to be in force", regs(&format!(r#""gpp":"{THREE}""#)), NO),
        ("gpp in ext", regs(&format!(r#""ext":{{"gpp":"{THREE}","gpp_sid":[6]}}"#)), NO),
        // C-161
        ("coppa", regs(r#""coppa":1"#), [Child; 3]),
        ("coppa, consent to all", with_consent(r#""coppa":1,"gdpr":1"#, ALL), [Child; 3]),
        ("coppa, gdpr 0", regs(r#""coppa":1,"gdpr":0"#), [Child; 3]),
        ("coppa, not opted out", regs(r#""coppa":1,"us_privacy":"1YNN""#), [Child; 3]),
        ("coppa as text", regs(r#""coppa":"1""#), [Child; 3]),
        // C-142
        ("lmt", device(r#","lmt":1"#), NO),
        ("lmt 0", device(r#","lmt":0"#), YES),
        ("dnt", device(r#","dnt":1"#), NO),
        ("dnt 0", device(r#","dnt":0"#), YES),
        ("dnt as text", device(r#","dnt":"1""#), NO),
        ("lmt and dnt differ", device(r#","lmt":0,"dnt":1"#), NO),
        // The strictest counts
        ("all, and lmt", Said(r#""gdpr":1"#.into(), format!(r#","consent":"{ALL}""#), r#","lmt":1"#), NO),
        ("all, and opted out", with_consent(r#""gdpr":1,"us_privacy":"1YYN""#, ALL), NO),
        ("all, and gpc", with_consent(r#""gdpr":1,"ext":{"gpc":"1"}"#, ALL), NO),
        ("some, and not opted out", with_consent(r#""gdpr":1,"us_privacy":"1YNN""#, SOME), [Context, Coarse, Context]),
        ("nothing, and lmt 0", Said(r#""gdpr":1"#.into(), format!(r#","consent":"{NOTHING}""#), r#","lmt":0"#), NO),
    ];
    let states = [
        ("usca", "DBABBg~BAEAAACA.QA", "DBABBg~BAIAAABA.QA", "8"), ("usva", "DBABRg~BAEAACA", "DBABRg~BAIAABA", "9"),
        ("usco", "DBABJg~BAQAAIA.QA", "DBABJg~BAgAAEA.QA", "10"), ("usut", "DBABFg~BAEAAAgA", "DBABFg~BAIAAAQA", "11"),
        ("usct", "DBABVg~BAEAAAIA.QA", "DBABVg~BAIAAAEA.QA", "12"), ("usfl", "DBABAw~BAQAAACA", "DBABAw~BAgAAABA", "13"),
        ("ustx", "DBABEw~BAQAAAgA.QA", "DBABEw~BAgAAAQA.QA", "16"), ("ustn", "DBABQYA~BAEAAAgA", "DBABQYA~BAIAAAQA", "22"),
    ];
    for (state, out, none, section) in states {
        rows.push((state, gpp(out, section), NO));
        rows.push((state, gpp(none, section), YES));
    }
    rows
}

/// A request with everything that could tell who somebody is.
fn request(Said(regs, user, device): &Said) -> String {
    let user_ext = r#""prebid":{"buyeruids":{"listed":"canary-own","other":"canary-own","unlisted":"canary-own"}},"data":[{"id":"canary-profile"}]"#;
    // A consent of 2.5 stands in the same ext.
    let user = match user.strip_prefix(r#","ext":{"#) {
        Some(rest) => format!(r#","ext":{{{user_ext},{rest}"#),
        None => format!(r#"{user},"ext":{{{user_ext}}}"#),
    };
    format!(
        r#"{{"id":"req-1","at":1,"tmax":1000,"imp":[{{"id":"1","banner":{{"format":[{{"w":300,"h":250}}]}}}}],"regs":{{{regs}}},
        "user":{{"id":"canary-id","buyeruid":"canary-id","yob":1987,"gender":"F","keywords":"canary-profile","kwarray":["canary-profile"],
            "customdata":"canary-profile","data":[{{"id":"canary-profile"}}],"eids":[{{"source":"s.example","uids":[{{"id":"canary-id"}}]}}],
            "geo":{{"lat":52.51234,"lon":13.40567,"zip":"10115","country":"DEU"}}{user}}},
        "device":{{"ua":"Mozilla/5.0 (iPhone)","ip":"203.0.113.24","ipv6":"2001:db8:1:2::45","ifa":"canary-id","didsha1":"canary-id","didmd5":"canary-id",
            "dpidsha1":"canary-id","dpidmd5":"canary-id","macsha1":"canary-id","macmd5":"canary-id","idfa":"canary-id",
            "ext":{{"ifv":"canary-id","idfa":"canary-id","IDFV":"canary-id","gaid":"canary-id","aaid":"canary-id","androidid":"canary-id","device_id":"canary-id",
                "oaid":"canary-id","rida":"canary-id","imei":"canary-id","atts":3}},
            "geo":{{"lat":52.51234,"lon":13.40567,"zip":"10115","country":"DEU","accuracy":20}}{device}}}}}"#
    )
}

fn check(item: &str, dsp: &str, body: &Value, gets: Gets) {
    let at = format!("S11 {item}, {dsp}: {body}");
    let text = body.to_string();
    let ids = matches!(gets, All | Coarse | Ids);
    let person = matches!(gets, All | Coarse);
    let exact = gets == All;
    assert_eq!(text.contains("canary-id"), ids, "ids, {at}");
    assert_eq!(text.contains("canary-own"), ids, "its own id, {at}");
    // C-22: what is no id stays.
    assert_eq!(body["device"]["ext"]["atts"], 3, "{at}");
    assert_eq!(text.contains("canary-profile"), person, "profile, {at}");
    for name in ["yob", "gender"] {
        assert_eq!(body["user"].get(name).is_some(), person, "{name}, {at}");
    }
    let (ip, ipv6) = if exact {
        ("203.0.113.24", "2001:db8:1:2::45")
    } else {
        ("203.0.113.0", "2001:db8:1::")
    };
    assert_eq!(body["device"]["ip"], ip, "{at}");
    assert_eq!(body["device"]["ipv6"], ipv6, "{at}");
    let lat = match gets {
        All => json!(52.51234),
        Coarse | Ids | Context => json!(52.51),
        Child => Value::Null,
    };
    for object in ["device", "user"] {
        assert_eq!(body[object]["geo"]["lat"], lat, "{object}, {at}");
        assert_eq!(body[object]["geo"]["country"], "DEU", "{object}, {at}");
    }
}

/// C-164: what the person said stays as it was said, by the places of 2.6.
fn signals(body: &Value) -> Value {
    let said = |object: &str, name: &str| {
        let found = &body[object][name];
        if found.is_null() {
            body[object]["ext"][name].clone()
        } else {
            found.clone()
        }
    };
    // A flag of the standard is 0 or 1, however it came (C-26).
    let flag = |object, name| {
        let said = said(object, name);
        let as_text = said.as_str().and_then(|text| text.parse().ok());
        let number = as_text.or(said.as_bool().map(i64::from));
        number.map_or(said, Value::from)
    };
    json!([
        flag("regs", "coppa"),
        flag("regs", "gdpr"),
        said("regs", "us_privacy"),
        said("regs", "gpp"),
        said("regs", "gpp_sid"),
        said("regs", "gpc"),
        said("user", "consent"),
        flag("device", "lmt"),
        flag("device", "dnt"),
    ])
}

#[tokio::test]
async fn s_11_what_leaves_the_process() {
    let dsps = [(); 3].map(|()| Dsp::start(|_| None));
    let [listed, other, unlisted] = dsps.each_ref().map(|dsp| format!("{}/bid", dsp.server.url));
    let partners = json!([
        {"id": "listed", "name": "listed", "endpoint": listed, "active": true, "vendor_id": 3},
        {"id": "other", "name": "other", "endpoint": other, "active": true, "vendor_id": 755},
        {"id": "unlisted", "name": "unlisted", "endpoint": unlisted, "active": true},
    ]);
    let rig = Rig::over(&partners, &[]).await;
    let rows = rows();
    assert!(rows.len() >= 60, "S11: {} rows", rows.len());
    for (item, said, gets) in rows {
        let sent = request(&said);
        exchange::expect(rig.auction(&sent).await, 204);
        let sent: Value = serde_json::from_str(&sent).unwrap();
        for ((dsp, name), gets) in dsps.iter().zip(["listed", "other", "unlisted"]).zip(gets) {
            let body = dsp.last_asked().json();
            check(item, name, &body, gets);
            assert_eq!(signals(&body), signals(&sent), "C-164 {item}, {name}");
            let flags = [
                &body["regs"]["gdpr"],
                &body["regs"]["coppa"],
                &body["device"]["lmt"],
            ];
            let strict = flags.iter().all(|flag| flag.is_null() || flag.is_i64());
            assert!(strict, "C-26 {item}, {name}: {body}");
        }
    }
}

#[tokio::test]
async fn x_92_notices_tell_a_dsp_the_device_as_it_saw_it() {
    let dsps = [(); 2].map(|()| Dsp::bidding(BID));
    let [listed, unlisted] = dsps.each_ref().map(|dsp| format!("{}/bid", dsp.server.url));
    let partners = json!([
        {"id": "listed", "name": "listed", "endpoint": listed, "active": true, "vendor_id": 3},
        {"id": "unlisted", "name": "unlisted", "endpoint": unlisted, "active": true},
    ]);
    let rig = Rig::over(&partners, &[]).await;
    // Under the floor: both lose, and hear of it.
    let said = r#""regs":{"gdpr":1},"user":{"consent":"CONSENT"},"device":{"ua":"Mozilla/5.0","ip":"203.0.113.24"},"#;
    let request = exchange::banner(&said.replace("CONSENT", ALL)).replace("0.5", "5");
    let answer = rig.auction(&request).await.expect_status(204);
    for (dsp, address) in dsps.iter().zip(["203.0.113.24", "203.0.113.0"]) {
        let told = dsp.wait_told_headers(1).await;
        assert_eq!(told[0]["x-forwarded-for"], address, "X-92, S11");
        assert_eq!(told[0]["x-device-user-agent"], "Mozilla/5.0", "X-92");
    }
    let record = rig.record(&answer).await;
    let reasons: Vec<_> = record["dsps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dsp| dsp["privacy"].clone())
        .collect();
    assert_eq!(
        reasons,
        [Value::Null, json!("no_vendor_consent")],
        "{record}"
    );
}
