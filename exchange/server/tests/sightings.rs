//! Creatives in bids that nobody has judged reach the control plane, each once and off the path.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::sync::{Arc, Mutex};

use contracts::catalog::MarkupHash;
use contracts::sighting::{Sighting, Sightings};
use exchange::{Dsp, Rig, banner, expect};
use market::PATIENCE;
use serde_json::{Value, json};
use testkit::poll_until;

/// What the control plane was told of so far.
fn told(rig: &Rig) -> Vec<Sighting> {
    let bodies = rig.control_plane.told(contracts::access::SIGHTINGS_PATH);
    let read = |body: &String| serde_json::from_str::<Sightings>(body).unwrap().creatives;
    bodies.iter().flat_map(read).collect()
}

/// Waits until so many creatives were told of.
async fn wait_told(rig: &Rig, count: usize) -> Vec<Sighting> {
    poll_until(PATIENCE, async || {
        let told = told(rig);
        (told.len() >= count).then_some(told)
    })
    .await
}

/// A DSP whose bid has these members, which the test may change.
fn dsp(bid: &str) -> (Dsp, Arc<Mutex<String>>) {
    let says = Arc::new(Mutex::new(bid.to_owned()));
    let said = Arc::clone(&says);
    let dsp = Dsp::start(move |body| {
        let request: Value = serde_json::from_str(body).unwrap();
        let bid = said.lock().unwrap();
        Some(format!(
            r#"{{"id":{},"seatbid":[{{"bid":[{{"id":"b","impid":"1","w":300,"h":250,{bid}}}]}}]}}"#,
            request["id"]
        ))
    });
    (dsp, says)
}

#[tokio::test]
async fn each_creative_is_told_of_once() {
    let (winner, says) =
        dsp(r#""price":2,"crid":"c-1","adm":"<a href=\"https://w.example/?u=1\">x</a>""#);
    let (loser, _) = dsp(r#""price":0.1,"crid":"c-1","adm":"<b>under ${AUCTION_PRICE}</b>""#);
    let (nameless, _) = dsp(r#""price":1,"adm":"<b>no crid</b>""#);
    let (by_adid, _) = dsp(r#""price":1,"adid":"a-7","adm":"<b>loaded before</b>""#);
    let (later, _) = dsp(
        r#""price":1,"crid":"later","adomain":["shop.example"],"iurl":"https://p.example/1.png?b=1","nurl":"https://later.example/n""#,
    );
    let (blind, _) = dsp(r#""price":1,"crid":"blind","adm":"","nurl":"https://blind.example/n""#);
    let (nothing, _) = dsp(r#""price":1,"adm":" ","nurl":"https://nothing.example/n""#);
    let (judged, _) = dsp(r#""price":1,"crid":"known","adm":"<b>judged</b>""#);
    let (exact, _) = dsp(r#""price":1,"crid":"exact","adm":"<b>this one</b>""#);
    let partners = [
        ("winner", &winner),
        ("loser", &loser),
        ("nameless", &nameless),
        ("by-adid", &by_adid),
        ("later", &later),
        ("blind", &blind),
        ("nothing", &nothing),
        ("judged", &judged),
        ("exact", &exact),
    ];
    let partners = partners.map(|(id, dsp)| (id, format!("{}/bid", dsp.server.url)));
    let rig = Rig::configured(&partners, &[("sightings.every", "100ms")]).await;
    rig.control_plane.publish(|catalog| {
        let lines = json!([
            {"partner": "judged", "crid": "known", "verdict": "approved"},
            {"partner": "exact", "crid": "exact", "markup": MarkupHash::of("<b>this one</b>"), "verdict": "approved"},
        ]);
        catalog.verdicts = serde_json::from_value(lines).unwrap();
    });
    poll_until(PATIENCE, async || {
        let metrics = testkit::http::get(&rig.url("/metrics")).await.text();
        metrics.contains("gavel_catalog_version 2").then_some(())
    })
    .await;
    for _ in 0..3 {
        expect(rig.auction(&banner("")).await, 200);
    }
    // What comes later is told of later: when it is there, all of the former is.
    *says.lock().unwrap() = r#""price":2,"crid":"c-1","adm":"<i>swapped</i>""#.to_owned();
    expect(rig.auction(&banner("")).await, 200);
    // A query is no other creative.
    *says.lock().unwrap() =
        r#""price":2,"crid":"c-1","adm":"<a href=\"https://w.example/?u=2\">x</a>""#.to_owned();
    expect(rig.auction(&banner("")).await, 200);
    *says.lock().unwrap() = r#""price":2,"crid":"last","adm":"<i>last</i>""#.to_owned();
    expect(rig.auction(&banner("")).await, 200);

    let mut told = wait_told(&rig, 8).await;
    told.sort_by(|a, b| (&a.partner, &a.crid, &a.sample).cmp(&(&b.partner, &b.crid, &b.sample)));
    let told: Vec<_> = told
        .iter()
        .map(|it| {
            let name = it.adid.as_deref().unwrap_or(&it.crid);
            (it.partner.as_str(), name, it.sample.as_str())
        })
        .collect();
    assert_eq!(
        told,
        [
            ("blind", "blind", ""),
            ("by-adid", "a-7", "<b>loaded before</b>"),
            ("later", "later", "https://p.example/1.png?\nshop.example"),
            ("loser", "c-1", "<b>under AUDIT</b>"),
            ("nameless", "", "<b>no crid</b>"),
            ("winner", "c-1", "<a href=\"https://w.example/?\">x</a>"),
            ("winner", "c-1", "<i>swapped</i>"),
            ("winner", "last", "<i>last</i>"),
        ]
    );
}

#[tokio::test]
async fn what_the_control_plane_did_not_take_is_told_of_again() {
    let (dsp, _) = dsp(r#""price":2,"crid":"c-1","adm":"<b>x</b>""#);
    let partners = [("dsp", format!("{}/bid", dsp.server.url))];
    let rig = Rig::configured(&partners, &[("sightings.every", "100ms")]).await;
    rig.control_plane.refuse_next(2);
    expect(rig.auction(&banner("")).await, 200);
    let told = wait_told(&rig, 3).await;
    assert!(told.iter().all(|it| *it == told[0]), "{told:?}");
    assert_eq!(told[0].markup, Some(MarkupHash::of("<b>x</b>")));
    let metrics = poll_until(PATIENCE, async || {
        let metrics = testkit::http::get(&rig.url("/metrics")).await.text();
        metrics
            .contains(r#"gavel_sightings_total{outcome="reported"} 1"#)
            .then_some(metrics)
    })
    .await;
    assert!(metrics.contains(r#"gavel_sightings_total{outcome="dropped"} 0"#));
}

#[tokio::test]
async fn what_finds_no_room_is_dropped_and_counted() {
    let (dsp, _) = dsp(r#""price":2,"crid":"c-1","adm":"<b>longer than eight bytes</b>""#);
    let partners = [("dsp", format!("{}/bid", dsp.server.url))];
    let rig = Rig::configured(&partners, &[("sightings.waiting", "8B")]).await;
    expect(rig.auction(&banner("")).await, 200);
    let metrics = testkit::http::get(&rig.url("/metrics")).await.text();
    assert!(
        metrics.contains(r#"gavel_sightings_total{outcome="dropped"} 1"#),
        "{metrics}"
    );
    assert_eq!(told(&rig), []);
}
