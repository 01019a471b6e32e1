//! P14: from the start of the process to the first bid. P15: from an edit to bidding differently.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::figures::{Must, Range};
use super::machine;
use super::plan::Plan;
use super::process::{Connection, metric, until, wait_for};
use super::stage::{BIDDER, CONTROL_PLANE, Stage};
use super::table::Row;

/// P14: the copy on disk is what a restart begins with; the control plane is away meanwhile.
pub(super) fn load(stage: &mut Stage, plan: &Plan) -> Result<Row> {
    eprintln!("       Bench P14");
    let count = plan.line_items(50_000);
    stage.forget_copy()?;
    let (from_control_plane, _) = started(stage, count)?;
    stage.stop_control_plane();
    let (mut seconds, mut resident) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds.max(3) {
        let (took, bytes) = started(stage, count)?;
        seconds.push(took);
        resident.push(bytes);
    }
    stage.start_control_plane()?;
    let (seconds, resident) = (Range::of(seconds), Range::of(resident));
    let verdict = Must::AtMost(0.8)
        .judge(&seconds)
        .unless(machine::crowded())
        .and(Must::AtMost(64.0).judge(&resident));
    Ok(Row {
        id: "P14",
        what: format!(
            "catalog of {count} line items: from the start of the process to `/readyz`, from the checksummed copy on disk, index and pre-rendered answers built; resident memory of the process then, one worker"
        ),
        must: "0.8 s; 64 MB (0.4; 48)",
        measured: format!(
            "{} s; {} MB; with an empty disk, from the control plane, which reads and renders it, {from_control_plane:.2} s",
            seconds.shown(2),
            resident.shown(0)
        ),
        verdict,
    })
}

/// Seconds to ready, and megabytes of resident memory.
#[expect(clippy::cast_precision_loss, reason = "megabytes for people")]
fn started(stage: &Stage, count: u64) -> Result<(f64, f64)> {
    let begun = Instant::now();
    let bidder = stage.start_bidder(&[])?;
    wait_for(BIDDER, "/readyz")?;
    let took = begun.elapsed().as_secs_f64();
    let loaded = metric(BIDDER, "gavel_bidder_line_items")?;
    ensure!(
        loaded >= count as f64,
        "only {loaded} line items were loaded"
    );
    Ok((took, bidder.resident()? as f64 / 1e6))
}

/// P15: an edit through the API of a campaign that alone wants this request; the price of the bid tells
/// when it is in force.
pub(super) fn edit(stage: &Stage, plan: &Plan) -> Result<Row> {
    eprintln!("       Bench P15");
    let _bidder = stage.bidder()?;
    let count = plan.line_items(50_000);
    let mut api = Connection::open(CONTROL_PLANE)?;
    // No country of the seed is Iceland.
    let campaign = json!({
        "name": "edited by the bench", "advertiser_id": "bench_adv_00000", "budget": 1_000,
        "targeting": {"countries": ["IS"]}, "bid": {"type": "cpm", "cpm": 90, "max_cpm": 200},
        "creative": {"title": "Edited", "description": "By the bench"},
    });
    let made = api.ask("POST", "/campaigns", &campaign)?;
    let path = format!("/campaigns/{}", made["id"].as_str().context("no id")?);
    let mut bids = Connection::open(BIDDER)?;
    until(
        Duration::from_secs(60),
        || Ok(bid(&mut bids)? == Some(90.0)),
    )
    .context("waiting for the first bid of the edited campaign")?;
    let mut seconds = Vec::new();
    for at in 0..plan.rounds.max(3) {
        let cpm = 91.0 + f64::from(u32::try_from(at)?);
        let edit = json!({"bid": {"type": "cpm", "cpm": cpm, "max_cpm": 200}});
        let begun = Instant::now();
        api.ask("PATCH", &path, &edit)?;
        until(Duration::from_secs(60), || Ok(bid(&mut bids)? == Some(cpm)))
            .context("waiting for the edited bid")?;
        seconds.push(begun.elapsed().as_secs_f64());
    }
    let seconds = Range::of(seconds);
    Ok(Row {
        id: "P15",
        what: format!(
            "PATCH of one campaign's price among {count} line items, from the call to the first bid with the new price: ledger, audit and version in one transaction, the catalog read and rendered, long poll, index built aside, swapped"
        ),
        must: "2 s (0.5)",
        measured: format!("{} s", seconds.shown(2)),
        verdict: Must::AtMost(2.0).judge(&seconds).unless(machine::crowded()),
    })
}

/// The price that is bid for a request from Iceland.
fn bid(bidder: &mut Connection) -> Result<Option<f64>> {
    let request = json!({
        "id": "edit", "at": 1, "imp": [{"id": "1", "bidfloor": 80.0, "banner": {"w": 300, "h": 250}}],
        "device": {"devicetype": 2, "geo": {"country": "ISL"}}, "site": {"domain": "site-0001.example"},
    });
    let (status, body) = bidder.call("POST", "/bid", &request.to_string())?;
    if status != 200 {
        return Ok(None);
    }
    let answer: Value = serde_json::from_str(&body)?;
    Ok(answer["seatbid"][0]["bid"][0]["price"].as_f64())
}
