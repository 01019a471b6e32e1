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
