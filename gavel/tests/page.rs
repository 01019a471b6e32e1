//! The demo page in a real browser: ads that were won in real auctions, shown, seen, clicked and paid.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod browser;
mod stack;

use std::path::Path;

use browser::Browser;
use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, patch_json};
use testkit::poll_until;

const NAME: &str = "ads_of_real_auctions_are_shown_on_a_page";

/// A CMP as a page has one: it answers once its visitor has chosen.
const CMP: &str = r#"
window.__tcfapi = function (command, version, then) {
  if (command === "addEventListener") {
    then({ gdprApplies: true, eventStatus: "cmpuishown", listenerId: 1 }, true);
    setTimeout(function () {
      then({ gdprApplies: true, eventStatus: "useractioncomplete", tcString: "CTEST", listenerId: 1 }, true);
    }, 50);
  }
};
window.__gpp = function (command, then) { then({ gppString: "DBAA", applicableSections: [7, -1] }, true); };
"#;

/// The slots of a page with their states.
const SLOTS: &str = r#"Array.from(document.querySelectorAll("[data-gavel-placement]")).map(function (slot) {
  var box = slot.getBoundingClientRect();
  return { placement: slot.dataset.gavelPlacement, state: slot.dataset.gavelState, auction: slot.dataset.gavelAuction,
    viewed: slot.dataset.gavelViewed, x: box.x, y: box.y, width: box.width, height: box.height };
})"#;

fn slots(browser: &mut Browser) -> Vec<Value> {
    browser.value(SLOTS).as_array().cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn ads_of_real_auctions_are_shown_on_a_page() {
    let Some(mut browser) = Browser::start(1_000, 500) else {
        return testkit::skip(NAME, "no Chromium is installed");
    };
    let stack = Stack::start().await;
    browser.go(&stack.ssp("/demo"));
    let first = poll_until(PATIENCE, async || {
        let slots = slots(&mut browser);
        slots
            .first()
            .is_some_and(|it| it["state"] == "filled")
            .then_some(slots)
    })
    .await;
    let last = first.last().unwrap();
    assert_eq!(last["state"], "waiting", "nobody scrolled to it: {last:#}");
    assert!(
        last["auction"].is_null(),
        "so nothing was sold there: {last:#}"
    );

    let _ = browser.value("document.querySelector('[data-gavel-placement]:last-child').scrollIntoView() || window.scrollTo(0, 1e6) || 1");
    let filled = poll_until(PATIENCE, async || {
        let slots = slots(&mut browser);
        let is_filled = slots.iter().all(|it| it["state"] == "filled");
        is_filled.then_some(slots)
    })
    .await;
    for slot in &filled {
        let auction = stack.auction(slot["auction"].as_str().unwrap()).await;
        assert_eq!(auction["outcome"], "won", "{auction:#}");
    }
    // The element of an ad, in a frame that has no origin and so nothing of its page (S10).
    let frames = browser.in_frames(
        r#"({ origin: origin, links: document.querySelectorAll("a[href]").length, text: document.body.innerText })"#,
    );
    assert_eq!(frames.len(), filled.len(), "a frame for each: {frames:#?}");
    for frame in &frames {
        assert_eq!(frame["origin"], "null", "{frame:#}");
        assert!(
            frame["links"].as_u64() >= Some(1),
            "an ad with its link: {frame:#}"
        );
        assert!(
            !frame["text"].as_str().unwrap().trim().is_empty(),
            "{frame:#}"
        );
    }
    let page = browser.value("document.documentElement.outerHTML");
    assert!(!page.as_str().unwrap().contains("allow-same-origin"));

    // Seen for a second, the ad counts as viewed; clicked, as clicked; and its impression is paid.
    let viewed = poll_until(PATIENCE, async || {
        let slots = slots(&mut browser);
        slots
            .into_iter()
            .find(|it| it["viewed"] == "true" && it["y"].as_f64() >= Some(0.0))
    })
    .await;
    let [x, y] = ["x", "y"].map(|side| viewed[side].as_f64().unwrap());
    browser.click(x + 40.0, y + 40.0);
    poll_until(PATIENCE, async || {
        let metrics = get(&stack.ssp("/metrics")).await.text();
        let count = |kind: &str| {
            let line = format!(r#"gavel_notices_total{{kind="{kind}",outcome="accepted"}}"#);
            metrics.lines().any(|told| told.starts_with(&line))
        };
        count("view") && count("click") && count("impression")
    })
    .await;
    poll_until(PATIENCE, async || {
        let url = stack.ssp("/revenue?group_by=placement");
        let rows = get(&url).await.expect_status(200).json()["rows"].clone();
        rows.as_array().unwrap().len() >= filled.len()
    })
    .await;
    // The tag has opened the sync page, whose image went over the DMP and came back with an id.
    poll_until(PATIENCE, async || {
        let metrics = get(&stack.rtb("/metrics")).await.text();
        metrics.contains(r#"gavel_id_syncs_total{outcome="matched"} 1"#)
    })
    .await;
    let _ = browser.value("window.scrollTo(0, 0) || 1");
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo.png");
    browser.picture(&picture);
    println!("a picture of the page: {}", picture.display());

    consent_goes_along(&stack, &mut browser).await;
    the_fallback_is_shown(&stack, &mut browser).await;
    drop(browser);
    stack.stop().await;
}

async fn consent_goes_along(stack: &Stack, browser: &mut Browser) {
    browser.before_pages(CMP);
    browser.go(&stack.ssp("/demo"));
    let ask = poll_until(PATIENCE, async || {
        // Any call hears what has happened meanwhile.
        let _ = browser.value("1");
        browser.ad_requests.first().cloned()
    })
    .await;
    assert_eq!(ask["user"]["consent"], "CTEST", "{ask:#}");
    let regs = json!({"gdpr": 1, "gpp": "DBAA", "gpp_sid": [7]});
    assert_eq!(ask["regs"], regs, "{ask:#}");
    assert_eq!(ask["page"], stack.ssp("/demo"));
}

async fn the_fallback_is_shown(stack: &Stack, browser: &mut Browser) {
    let partners = get(&stack.api("/demand-partners")).await.json();
    for partner in partners["items"].as_array().unwrap() {
        let path = format!("/demand-partners/{}", partner["id"].as_str().unwrap());
        let off = json!({"active": false});
        let _ = patch_json(&stack.api(&path), &off).await.expect_status(200);
    }
    let asked = json!({"placement_id": "placement_001"});
    poll_until(PATIENCE, async || {
        let answer = testkit::http::post_json(&stack.ssp("/ad-request"), &asked).await;
        answer.status == 204
    })
    .await;
    browser.go(&stack.ssp("/demo"));
    let texts = poll_until(PATIENCE, async || {
        let slot = slots(browser).into_iter().next()?;
        let texts = browser.in_frames("document.body ? document.body.innerText : ''");
        let is_there = texts.iter().any(|text| text == "Advertisement");
        (slot["state"] == "empty" && is_there).then_some(texts)
    })
    .await;
    assert!(!texts.is_empty());
}
