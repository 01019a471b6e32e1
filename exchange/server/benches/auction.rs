//! What an auction costs a worker: its time on a CPU from the scheduler, from request to answer with all that is left
//! behind, before five DSPs in this process.
//!
//! With `callgrind` before it, what each of its functions costs: `docs/performance.md`, "What an auction leaves behind".

#![allow(clippy::unwrap_used, reason = "a benchmark ends where it cannot go on")]

#[path = "../tests/exchange/mod.rs"]
mod exchange;
#[path = "../tests/market/mod.rs"]
mod market;

use std::time::Duration;

use exchange::{Dsp, Rig};
use serde_json::Value;

/// Auctions of one round.
const AUCTIONS: u32 = 400;
const ROUNDS: usize = 5;
const DSPS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut costs = runtime.block_on(cost_of_an_auction());
    costs.sort_by(f64::total_cmp);
    println!(
        "an auction: {:.1} us of its worker ({:.1} to {:.1})",
        costs[ROUNDS / 2],
        costs[0],
        costs[ROUNDS - 1]
    );
}

async fn cost_of_an_auction() -> Vec<f64> {
    let (request, response) = testkit::fixtures::openrtb(1);
    let mut request: Value = serde_json::from_str(&request).unwrap();
    // Under `callgrind` everybody is slow.
    request["tmax"] = 5_000.into();
    let (id, request) = (request["id"].to_string(), request.to_string());
    let dsps: Vec<Dsp> = (0..DSPS)
        .map(|_| {
            let (id, response) = (id.clone(), response.clone());
            Dsp::start(move |body| {
                let asked: Value = serde_json::from_str(body).unwrap();
                Some(response.replacen(&id, &asked["id"].to_string(), 1))
            })
        })
        .collect();
    let names: Vec<String> = (0..DSPS).map(|n| format!("dsp-{n}")).collect();
    let partners: Vec<(&str, String)> = names
        .iter()
        .zip(&dsps)
        .map(|(name, dsp)| (name.as_str(), format!("{}/bid", dsp.server.url)))
        .collect();
    // So few are kept that the first round fills the memory for them.
    let rig = Rig::configured(
        &partners,
        &[("workers", "1"), ("records", "100"), ("record_one_in", "0")],
    )
    .await;
    let mut costs = Vec::new();
    for round in 0..=ROUNDS {
        let before = cpu_of("exchange-0");
        for _ in 0..AUCTIONS {
            let answer = rig.auction(&request).await;
            assert_eq!(answer.status, 200, "somebody wins");
        }
        let took = cpu_of("exchange-0").saturating_sub(before);
        if round > 0 {
            costs.push(took.as_secs_f64() * 1e6 / f64::from(AUCTIONS));
        }
    }
    costs
}

/// Time on a CPU of the thread of this name.
fn cpu_of(thread: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = tasks.map(|task| {
        let path = task.unwrap().path();
        // A thread may end meanwhile.
        let told = |file| std::fs::read_to_string(path.join(file)).unwrap_or_default();
        if told("comm").trim() != thread {
            return 0;
        }
        let nanos = told("schedstat");
        let on_cpu = nanos.split(' ').next().and_then(|it| it.parse().ok());
        on_cpu.unwrap_or(0_u64)
    });
    Duration::from_nanos(nanos.sum())
}
