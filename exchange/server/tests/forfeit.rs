//! Bids without markup on our own placements: what the win notice brings is screened, or the win is forfeit.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod exchange;
mod market;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::catalog::MarkupHash;
use contracts::sighting::Sightings;
use exchange::Dsp;
use http::StatusCode;
use market::{Market, PATIENCE, Script, Server};
use serde_json::json;
use testkit::http::{get, post_json};
use testkit::poll_until;

#[tokio::test]
async fn x_93_markup_of_a_win_notice_is_screened_before_it_is_shown() {
    let says = Arc::new(Mutex::new("<b>good</b>"));
    let said = Arc::clone(&says);
    let serving = Server::start(
        |_| Duration::ZERO,
        move |_| service::http::text(StatusCode::OK, (*said.lock().unwrap()).to_owned()),
    );
    let bid = format!(
        r#""price":2,"w":300,"h":250,"crid":"c","nurl":"{}/serve""#,
        serving.url
    );
    let dsp = Dsp::bidding(Box::leak(bid.into_boxed_str()));
    let endpoint = format!("{}/bid", dsp.server.url);
    let market = Market::start(Script::NoBid).await;
    market.control_plane.publish(|catalog| {
        let partners =
            json!([{"id": "late", "name": "late", "endpoint": endpoint, "active": true}]);
        catalog.partners = serde_json::from_value(partners).unwrap();
        let evil = MarkupHash::of("<b>evil</b>");
        let verdicts =
            json!([{"partner": "late", "crid": "c", "markup": evil, "verdict": "blocked"}]);
        catalog.verdicts = serde_json::from_value(verdicts).unwrap();
    });
    let ask = json!({"placement_id": "top"});
    let ad = async || post_json(&market.ssp("/ad-request"), &ask).await;
    let good = poll_until(PATIENCE, async || {
        let answer = ad().await;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(good["ad"]["markup"], "<b>good</b>");
    let wins = async || {
        let stats = get(&market.rtb("/stats")).await.json();
        let mut dsps = stats["dsps"].as_array().unwrap().clone();
        dsps.retain(|it| it["id"] == "late");
        dsps[0]["wins"].as_u64().unwrap()
    };
    let before = wins().await;
    for (is, markup, outcome) in [
        ("blocked", "<b>evil</b>", "creative_blocked"),
        ("nothing", "", "forfeit"),
    ] {
        *says.lock().unwrap() = markup;
        let answer = ad().await;
        assert_eq!(answer.status, 204, "{is}");
        // The record says what the page saw, and the DSP finds why.
        let auction = answer.header("x-gavel-auction-id").unwrap();
        let record = poll_until(PATIENCE, async || {
            let record = get(&market.rtb(&format!("/auction/{auction}"))).await;
            let record = (record.status == 200).then(|| record.json())?;
            (record["notices"] != json!([])).then_some(record)
        })
        .await;
        assert_eq!(record["outcome"], "no_bid", "{is}: {record:#}");
        assert_eq!(record["bids"][0]["outcome"], "forfeit", "{is}");
        let notice = &record["notices"][0];
        assert_eq!(
            (&notice["kind"], &notice["outcome"]),
            (&json!("markup"), &json!(outcome)),
            "{is}"
        );
    }
    assert_eq!(wins().await, before, "nothing was sold");
    *says.lock().unwrap() = "<b>good</b>";
    assert_eq!(ad().await.status, 200, "again");
    // Markup is not held to the 4 KiB that are read of other notices' answers.
    let long: String = (0..30_000_u32)
        .map(|it| (it * 7_919 % 9_973).to_string())
        .collect();
    let long: &str = Box::leak(long.into_boxed_str());
    *says.lock().unwrap() = long;
    assert_eq!(ad().await.json()["ad"]["markup"], *long);
    *says.lock().unwrap() = "<b>good</b>";
    // The creative waits for its verdict before there is markup, and with what it brought; what has one does not.
    let read = |body: &String| serde_json::from_str::<Sightings>(body).unwrap().creatives;
    let told = poll_until(PATIENCE, async || {
        let told = market.control_plane.told(contracts::access::SIGHTINGS_PATH);
        let told = told.iter().flat_map(read);
        // The long one is told of as well, now or later.
        let is_long = |sample: &str| !sample.is_empty() && long.starts_with(sample);
        let told: Vec<_> = told.filter(|it| !is_long(&it.sample)).collect();
        (told.len() >= 2).then_some(told)
    })
    .await;
    let told = told.iter().map(|it| (it.crid.as_str(), it.sample.as_str()));
    let mut told: Vec<_> = told.collect();
    told.sort_unstable();
    assert_eq!(told, [("c", ""), ("c", "<b>good</b>")]);
}
