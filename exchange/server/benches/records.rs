//! What the record of a won auction costs: CPU of all threads, from the scheduler, with records and without.
//!
//! An auction a millisecond, since most of the cost of a record that is handed over by itself is waking the
//! thread that writes it. Pin it to one core to see what a data plane on one core pays.

#![allow(clippy::unwrap_used, reason = "a benchmark ends where it cannot go on")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contracts::catalog::Catalog;
use exchange_core::Conditions;
use exchange_core::auction::{Reach, Reached, Reply, Seller, Terms, plan, settle};
use exchange_core::intake::{self, Additions, Pages};
use exchange_server::Config;
use exchange_server::records::{SeenSeller, Settings, Settled, start};
use serde_json::json;
use units::{AuctionId, UnixMillis};

/// Auctions of one round.
const AUCTIONS: u16 = 3_000;
const ROUNDS: usize = 5;
const DSPS: usize = 5;

fn main() {
    let mut costs = Vec::new();
    for round in 1..=ROUNDS {
        let [without, with] = [false, true].map(cpu_of_an_auction);
        println!("round {round}: {without:.1} us without, {with:.1} us with records");
        costs.push(with - without);
    }
    costs.sort_by(f64::total_cmp);
    let median = costs[ROUNDS / 2];
    println!(
        "a record: {median:.1} us ({:.1} to {:.1})",
        costs[0],
        costs[ROUNDS - 1]
    );
}

fn cpu_of_an_auction(is_recorded: bool) -> f64 {
    let config: Config =
        service::config::load("exchange", Config::DEFAULTS, None, std::iter::empty(), &[]).unwrap();
    let partners: Vec<_> = (0..DSPS)
        .map(|n| json!({"id": format!("dsp-{n}"), "name": "", "endpoint": "http://127.0.0.1:9/bid", "active": true}))
        .collect();
    let catalog: Catalog =
        serde_json::from_value(json!({"version": 7, "partners": partners})).unwrap();
    let catalog = Arc::new(catalog);
    let settings = Settings::of(&config);
    let market = settings.market(&catalog);
    let seller = SeenSeller {
        sid: "ssp-1".to_owned(),
        ..SeenSeller::default()
    };
    let admissions: Vec<_> = (0..DSPS).map(|n| (n, Ok(Reach::default()))).collect();
    let folder = std::env::temp_dir().join(format!("gavel-bench-records-{}", std::process::id()));
    let metrics = service::Metrics::new();
    let (records, thread) = start(&folder, &config.auction_records, &settings, &metrics).unwrap();
    let (request, response) = testkit::fixtures::openrtb(1);
    let id = serde_json::from_str::<serde_json::Value>(&request).unwrap()["id"].to_string();
    let before = cpu();
    for n in 0..AUCTIONS {
        std::thread::sleep(Duration::from_millis(1));
        let [high, low] = n.to_be_bytes();
        let random = [high, low, 0, 0, 0, 0, 0, 0, 0, 0];
        let auction = AuctionId::new(UnixMillis(1_790_000_000_000), random);
        let mut pages = Pages::default();
        let additions = Additions::default();
        let intake =
            intake::read(request.as_bytes(), &mut pages, &additions, &config.request).unwrap();
        let request_id = auction.to_string();
        let terms = Terms {
            auction,
            request_id: &request_id,
            remaining_ms: 90,
            seller: Seller {
                sid: &seller.sid,
                is_owner: false,
            },
        };
        let mut plan = plan(&intake, &market, &terms, |_| Ok(Reach::default()));
        let bodies = std::mem::take(&mut plan.bodies).into_iter();
        let bodies: Vec<Bytes> = bodies.map(Bytes::from).collect();
        let answer = response.replacen(&id, &format!("\"{request_id}\""), 1);
        let replies: Vec<Reply<'_>> = (0..DSPS)
            .map(|ask| Reply {
                ask,
                reached: Reached::Body(answer.as_bytes()),
            })
            .collect();
        let settlement = settle(&plan, &market, &Conditions::default(), &replies);
        assert_eq!(settlement.winners.len(), 1, "somebody wins");
        if is_recorded {
            let settled = Settled {
                at: UnixMillis(1_790_000_000_000),
                catalog: &catalog,
                market: &market,
                seller: &seller,
                settings: &settings,
                remaining_ms: 90,
                admissions: &admissions,
                replies: &replies,
                bodies: &bodies,
                plan: &plan,
                settlement: &settlement,
            };
            settled.keep(&records);
        }
    }
    let count = |outcome| {
        let labels = [("outcome", outcome)];
        metrics
            .counter("gavel_auction_records_total", "", &labels)
            .get()
    };
    while is_recorded && count("written") < u64::from(AUCTIONS) {
        assert_eq!((count("dropped"), count("failed")), (0, 0));
        std::thread::sleep(Duration::from_millis(10));
    }
    // Before the thread ends: its time is not told any more afterwards.
    let spent = cpu().saturating_sub(before);
    drop(records);
    thread.join().unwrap();
    if is_recorded {
        let bytes = bytes_below(&folder.join("records/auctions"));
        println!("  {} bytes each", bytes / u64::from(AUCTIONS));
    }
    let _ = std::fs::remove_dir_all(&folder);
    spent.as_secs_f64() * 1e6 / f64::from(AUCTIONS)
}

/// Time on a CPU of all threads of this process.
fn cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = tasks.map(|task| {
        let told = std::fs::read_to_string(task.unwrap().path().join("schedstat")).unwrap();
        let nanos = told.split(' ').next().unwrap();
        nanos.parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanos.sum())
}

fn bytes_below(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}
