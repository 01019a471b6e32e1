//! Two versions of the standard at once: each partner in its own, each SSP in its own (C-170, C-171).

mod exchange;
mod market;

use exchange::{BID, Dsp, Rig};
use serde_json::{Value, json};

const NEW: &str = r#"{"id":"r","tmax":1000,"imp":[{"id":"1","rwdd":1,"banner":{"w":300,"h":250}}],"site":{"id":"s","cattax":6,"inventorypartnerdomain":"i.example"},"device":{"ua":"x","sua":{"mobile":1},"langb":"de-AT"},"user":{"id":"u","eids":[{"source":"s.example","uids":[{"id":"e"}]}]},"regs":{"gdpr":0,"us_privacy":"1YNN"},"source":{"tid":"t","schain":{"ver":"1.0","complete":1,"nodes":[{"asi":"a.example","sid":"1","hp":1}]}}}"#;
const OLD: &str = r#"{"id":"r","tmax":1000,"imp":[{"id":"1","banner":{"w":300,"h":250,"wmax":400},"ext":{"own":1}}],"user":{"id":"u","ext":{"eids":[{"source":"s.example","uids":[{"id":"e"}]}]}},"regs":{"ext":{"gdpr":0}},"ext":{"schain":{"ver":"1.0","complete":1,"nodes":[{"asi":"a.example","sid":"1","hp":1}]}}}"#;

async fn rig(old: &Dsp, new: &Dsp) -> Rig {
    let endpoint = |dsp: &Dsp| format!("{}/bid", dsp.server.url);
    let partners = json!([
        {"id": "old", "name": "old", "endpoint": endpoint(old), "active": true, "openrtb_version": "2.5"},
        {"id": "new", "name": "new", "endpoint": endpoint(new), "active": true, "openrtb_version": "2.6"},
    ]);
    Rig::over(&partners, &[]).await
}

/// Where the signals of a body stand, by path.
fn places(body: &Value, paths: &[&str]) -> Vec<bool> {
    paths
        .iter()
        .map(|path| body.pointer(path).is_some())
        .collect()
}

const NEW_PLACES: [&str; 4] = [
    "/regs/gdpr",
    "/user/eids",
    "/source/schain/nodes/1",
    "/device/sua",
];
const OLD_PLACES: [&str; 4] = [
    "/regs/ext/gdpr",
    "/user/ext/eids",
    "/source/ext/schain/nodes/1",
    "/device/ext/sua",
];

#[tokio::test]
async fn each_partner_is_asked_in_its_version() {
    let (old, new) = (Dsp::start(|_| None), Dsp::start(|_| None));
    let rig = rig(&old, &new).await;
    let _ = rig.auction(NEW).await.expect_status(204);
    let (older, newer) = (old.last_asked(), new.last_asked());
    assert_eq!(older.header("x-openrtb-version"), "2.5");
    assert_eq!(newer.header("x-openrtb-version"), "2.6");
    let (older, newer) = (older.json(), newer.json());
    assert_eq!(places(&newer, &NEW_PLACES), [true; 4], "{newer}");
    assert_eq!(places(&newer, &OLD_PLACES), [false; 4], "{newer}");
    assert_eq!(places(&older, &OLD_PLACES), [true; 4], "{older}");
    assert_eq!(places(&older, &NEW_PLACES), [false; 4], "{older}");
    for gone in ["/imp/0/rwdd", "/site/cattax", "/device/langb"] {
        assert!(older.pointer(gone).is_none(), "C-171 {gone}");
        assert!(newer.pointer(gone).is_some(), "C-22 {gone}");
    }
    assert_eq!(older["site"]["ext"]["inventorypartnerdomain"], "i.example");
    assert_eq!(older["regs"]["ext"]["us_privacy"], "1YNN", "C-164");
}

#[tokio::test]
async fn an_ssp_of_2_5_is_understood_and_answered_in_2_5() {
    let (old, new) = (Dsp::start(|_| None), Dsp::bidding(BID));
    let rig = rig(&old, &new).await;
    let answer = rig
        .auction_with(OLD, &[("x-openrtb-version", "2.5")])
        .await
        .expect_status(200);
    assert_eq!(answer.header("x-openrtb-version"), Some("2.5"));
    let bid = answer.json()["seatbid"][0]["bid"][0].clone();
    assert!(bid.get("mtype").is_none(), "{bid}");
    assert_eq!(bid["ext"]["mtype"], 1, "C-171 {bid}");
    let (older, newer) = (old.last_asked().json(), new.last_asked().json());
    assert_eq!(places(&newer, &NEW_PLACES[..3]), [true; 3], "{newer}");
    assert_eq!(places(&newer, &OLD_PLACES[..3]), [false; 3], "{newer}");
    assert!(
        newer.pointer("/imp/0/banner/wmax").is_none(),
        "C-172 {newer}"
    );
    assert_eq!(newer["imp"][0]["ext"]["own"], 1, "C-22 {newer}");
    assert_eq!(places(&older, &OLD_PLACES[..3]), [true; 3], "{older}");

    // The same without the header: read as either version, passed on in the partner's (C-9, C-172).
    let answer = rig.auction(OLD).await.expect_status(200);
    let bid = answer.json()["seatbid"][0]["bid"][0].clone();
    assert_eq!(bid["mtype"], 1, "{bid}");
    let (older, newer) = (old.last_asked().json(), new.last_asked().json());
    assert_eq!(places(&newer, &NEW_PLACES[..3]), [true; 3], "{newer}");
    assert_eq!(places(&newer, &OLD_PLACES[..3]), [false; 3], "{newer}");
    assert!(newer.pointer("/imp/0/banner/wmax").is_none(), "{newer}");
    assert_eq!(places(&older, &OLD_PLACES[..3]), [true; 3], "{older}");
}

#[tokio::test]
async fn the_api_of_a_bid_is_told_in_the_version_of_the_ssp() {
    // C-133, C-172
    let (old, new) = (
        Dsp::start(|_| None),
        Dsp::bidding(
            r#""price":2,"adm":"<b>ad</b>","adomain":["a.example"],"crid":"c","w":300,"h":250,"api":7"#,
        ),
    );
    let rig = rig(&old, &new).await;
    let offer = NEW.replace(r#""w":300"#, r#""api":[7],"w":300"#);
    let bid = |answer: Value| answer["seatbid"][0]["bid"][0].clone();
    let newer = bid(rig.auction(&offer).await.expect_status(200).json());
    assert_eq!((&newer["apis"], newer.get("api")), (&json!([7]), None));
    let answer = rig
        .auction_with(&offer, &[("x-openrtb-version", "2.5")])
        .await;
    let older = bid(answer.expect_status(200).json());
    assert_eq!((&older["api"], older.get("apis")), (&json!(7), None));
}

/// What was tolerated, members of the request and of its imp as they are sent, and what both partners read.
struct Sloppy {
    says: &'static str,
    request: &'static str,
    imp: &'static str,
    /// Where, in the body for 2.6 and in that for 2.5.
    at: [&'static str; 2],
    /// Nothing: not at all.
    read: Option<Value>,
}

#[tokio::test]
async fn c_26_what_was_tolerated_reaches_partners_in_the_types_of_the_standard() {
    let (old, new) = (Dsp::start(|_| None), Dsp::start(|_| None));
    let rig = rig(&old, &new).await;
    let row = |says, request, imp, at: &'static str, read| Sloppy {
        says,
        request,
        imp,
        at: [at; 2],
        read,
    };
    let moved = |says, request, at, read| Sloppy {
        says,
        request,
        imp: "",
        at,
        read,
    };
    #[rustfmt::skip]
    let rows = [
        row("integral float", "", r#","exp":300.0"#, "/imp/0/exp", Some(json!(300))),
        row("integral float of a size", "", r#","video":{"mimes":["video/mp4"],"w":640.0}"#, "/imp/0/video/w", Some(json!(640))),
        row("numeric string", "", r#","bidfloor":"0.5""#, "/imp/0/bidfloor", Some(json!(0.5))),
        row("numeric string of a flag", r#","device":{"lmt":"0"}"#, "", "/device/lmt", Some(json!(0))),
        row("bool flag", "", r#","secure":true"#, "/imp/0/secure", Some(json!(1))),
        row("number as text", r#","site":{"id":7}"#, "", "/site/id", Some(json!("7"))),
        row("number as text, the imp's id", "", r#","tagid":17"#, "/imp/0/tagid", Some(json!("17"))),
        row("single as array", r#","bcat":"IAB25""#, "", "/bcat", Some(json!(["IAB25"]))),
        row("single as array, repaired itself", "", r#","video":{"mimes":"video/mp4","battr":"3"}"#, "/imp/0/video/battr", Some(json!([3]))),
        row("negative floor", "", r#","bidfloor":-1"#, "/imp/0/bidfloor", Some(json!(0))),
        row("dropped field", "", r#","exp":"soon""#, "/imp/0/exp", None),
        row("dropped element", r#","badv":["a.example",["b.example"],null]"#, "", "/badv", Some(json!(["a.example"]))),
        row("dropped object", "", r#","video":{"w":640}"#, "/imp/0/video", None),
        row("a deal that cannot be sold", "", r#","pmp":{"deals":[{"at":1},{"id":5}]}"#, "/imp/0/pmp/deals", Some(json!([{"id": "5"}]))),
        row("null", r#","device":{"ifa":null,"ua":"x"}"#, "", "/device", Some(json!({"ua": "x"}))),
        row("duplicate key", "", r#","exp":5,"exp":"6""#, "/imp/0/exp", Some(json!(6))),
        row("C-22 unknown members", r#","own":{"w":1.0,"x":null}"#, "", "/own", Some(json!({"w": 1.0, "x": null}))),
        row("C-23 ext", "", r#","ext":{"w":1.0,"x":null,"y":true}"#, "/imp/0/ext", Some(json!({"w": 1.0, "x": null, "y": true}))),
        moved("a place of 2.6", r#","regs":{"gdpr":false}"#, ["/regs/gdpr", "/regs/ext/gdpr"], Some(json!(0))),
        moved("a place of 2.5", r#","regs":{"ext":{"gdpr":"0"}}"#, ["/regs/gdpr", "/regs/ext/gdpr"], Some(json!(0))),
        // Of two attributes that exclude each other a partner gets the one of its version.
        moved("C-42", r#","acat":"IAB1","bcat":["IAB25"]"#, ["/acat", "/none"], Some(json!(["IAB1"]))),
        moved("C-42, the older one", r#","acat":"IAB1","bcat":["IAB25"]"#, ["/none", "/bcat"], Some(json!(["IAB25"]))),
        moved("C-43, the older one", r#","device":{"language":"de","langb":"de-AT"}"#, ["/none", "/device/language"], Some(json!("de"))),
        moved("C-44, the older one", r#","site":{"content":{"keywords":"a","kwarray":["a"]}}"#, ["/none", "/site/content/keywords"], Some(json!("a"))),
        Sloppy { says: "C-45, the older one", request: "", imp: r#","video":{"mimes":["video/mp4"],"rqddurs":[15],"maxduration":30}"#, at: ["/none", "/imp/0/video/maxduration"], read: Some(json!(30)) },
    ];
    for Sloppy {
        says,
        request,
        imp,
        at,
        read,
    } in rows
    {
        // An imp of no use stands before the one that is sold.
        let body = format!(
            r#"{{"id":1,"tmax":"1000","test":null{request},"imp":[{{"id":"0"}},{{"id":1,"banner":{{"format":{{"w":"300","h":250}}}}{imp}}}]}}"#
        );
        let _ = rig.auction(&body).await.expect_status(204);
        for (dsp, at) in [(&new, at[0]), (&old, at[1])] {
            let asked = dsp.last_asked().json();
            let version = dsp.last_asked().header("x-openrtb-version").to_owned();
            if at != "/none" {
                assert_eq!(
                    asked.pointer(at),
                    read.as_ref(),
                    "C-26 {says}, {version}: {asked}"
                );
            }
            let imp = &asked["imp"][0];
            assert_eq!(imp["id"], "1", "C-26 {says}, {version}: {asked}");
            assert_eq!(
                imp["banner"]["format"],
                json!([{"w": 300, "h": 250}]),
                "{asked}"
            );
            assert_eq!(asked["imp"].as_array().map(Vec::len), Some(1), "{asked}");
            assert_eq!(asked.get("test"), None, "{asked}");
        }
        let (newer, older) = (new.last_asked().json(), old.last_asked().json());
        for (asked, at) in [(&newer, at[1]), (&older, at[0])] {
            // What is read in one version alone is not in the other.
            if at != "/none" && says.starts_with("C-4") {
                assert_eq!(asked.pointer(at), None, "{says}: {asked}");
            }
        }
    }
}
