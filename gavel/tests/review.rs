//! A creative's way through the exchange's review: bid with, seen, judged, sold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use serde_json::{Value, json};
use stack::{PATIENCE, Stack};
use testkit::http::{get, patch_json, post_json};
use testkit::poll_until;

async fn verdicts(stack: &Stack, verdict: &str) -> Vec<Value> {
    let url = stack.api(&format!("/creative-verdicts?verdict={verdict}&limit=500"));
    let page = get(&url).await.expect_status(200).json();
    page["items"].as_array().unwrap().clone()
}

async fn judge(stack: &Stack, line: &Value, verdict: &str) {
    let path = format!("/creative-verdicts/{}", line["id"].as_str().unwrap());
    let verdict = json!({ "verdict": verdict });
    let _ = patch_json(&stack.api(&path), &verdict)
        .await
        .expect_status(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_bids_bring_waits_for_its_verdict_and_is_sold_when_it_is_approved() {
    let stack = Stack::start().await;
    let strict = json!({"creatives": "approved_only"});
    let _ = patch_json(&stack.api("/publishers/publisher_001"), &strict)
        .await
        .expect_status(200);
    let ask = json!({"placement_id": "placement_001", "page": "https://harbour-gazette.example/"});
    let sells = async |status: u16| {
        let answer = post_json(&stack.ssp("/ad-request"), &ask).await;
        (answer.status == status).then(|| answer.header("x-gavel-auction-id").unwrap().to_owned())
    };
    // In force once what would have won loses with 201.
    poll_until(PATIENCE, async || {
        let record = stack.auction(&sells(204).await?).await;
        let mut bids = record["bids"].as_array().unwrap().iter();
        bids.any(|bid| bid["loss"]["code"] == 201).then_some(())
    })
    .await;
    // Every creative that is bid with comes up for review; with all approved the place is sold again.
    poll_until(PATIENCE, async || {
        for line in verdicts(&stack, "pending").await {
            assert!(line["markup_hash"].is_string(), "{line}");
            judge(&stack, &line, "approved").await;
        }
        sells(200).await
    })
    .await;
    let approved = verdicts(&stack, "approved").await;
    assert!(!approved.is_empty());
    // With all blocked it is sold no more, and nothing comes up for review a second time.
    for line in &approved {
        judge(&stack, line, "blocked").await;
    }
    let last = poll_until(PATIENCE, async || {
        for line in verdicts(&stack, "pending").await {
            judge(&stack, &line, "blocked").await;
        }
        let record = stack.auction(&sells(204).await?).await;
        let bids = record["bids"].as_array().unwrap().clone();
        bids.iter()
            .any(|bid| bid["loss"]["code"] == 202)
            .then_some(bids)
    })
    .await;
    assert!(last.iter().all(|bid| bid["outcome"] != "won"), "{last:?}");
    stack.stop().await;
}
