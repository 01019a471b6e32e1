//! What the record of a won auction costs: the worker's part, which is the median time of leaving it, and the part
//! of the thread that writes, which is its time on a CPU from the scheduler.
//!
//! An auction a millisecond, with all of its work between two records, so that nothing is warmer than it would be.
//! Pin it to one core to see what a data plane on one core pays.

#![allow(clippy::unwrap_used, reason = "a benchmark ends where it cannot go on")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

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
    let mut costs: Vec<f64> = (0..ROUNDS).map(|_| cost_of_a_record()).collect();
    costs.sort_by(f64::total_cmp);
    let (least, most) = (costs[0], costs[ROUNDS - 1]);
    println!(
        "a record: {:.1} us ({least:.1} to {most:.1})",
        costs[ROUNDS / 2]
    );
}

fn cost_of_a_record() -> f64 {
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
    let matches = contracts::matches::Matches::default();
    let mut left = Vec::new();
    for n in 0..AUCTIONS {
        std::thread::sleep(Duration::from_millis(1));
        let [high, low] = n.to_be_bytes();
        let random = [high, low, 0, 0, 0, 0, 0, 0, 0, 0];
        let auction = AuctionId::new(UnixMillis(1_790_000_000_000), random);
        let mut pages = Pages::default();
        let additions = Additions::default();
        let intake =
            intake::read(request.as_bytes(), &mut pages, &additions, &config.bounds()).unwrap();
        let request_id = auction.to_string();
        let terms = Terms {
            auction,
            request_id: &request_id,
            remaining_ms: 90,
            seller: Seller {
                sid: &seller.sid,
                is_owner: false,
            },
            matches: &matches,
            at: UnixMillis(1_790_000_000_000),
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
        let settled = Settled {
            at: UnixMillis(1_790_000_000_000),
            catalog: &catalog,
            market: &market,
            seller: &seller,
            matches: &matches,
            settings: &settings,
            remaining_ms: 90,
            admissions: &admissions,
            replies: &replies,
            bodies: &bodies,
            plan: &plan,
            settlement: &settlement,
            forfeits: &[],
        };
        let began = Instant::now();
        settled.keep(&records);
        left.push(began.elapsed());
    }
    let count = |outcome| {
        let labels = [("outcome", outcome)];
        metrics
            .counter("gavel_auction_records_total", "", &labels)
            .get()
    };
    while count("written") < u64::from(AUCTIONS) {
        assert_eq!((count("dropped"), count("failed")), (0, 0));
        std::thread::sleep(Duration::from_millis(10));
    }
    // Before the thread ends: its time is not told any more afterwards.
    let written = micros(cpu_of("records")) / f64::from(AUCTIONS);
    drop(records);
    thread.join().unwrap();
    let bytes = bytes_below(&folder.join("records/auctions")) / u64::from(AUCTIONS);
    let _ = std::fs::remove_dir_all(&folder);
    left.sort();
    let left = micros(left[left.len() / 2]);
    println!("{left:.1} us to leave, {written:.1} us to write {bytes} bytes");
    left + written
}

fn micros(span: Duration) -> f64 {
    span.as_secs_f64() * 1e6
}

/// Time on a CPU of the thread of this name.
fn cpu_of(thread: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let nanos = tasks.map(|task| {
        let told =
            |file| std::fs::read_to_string(task.as_ref().unwrap().path().join(file)).unwrap();
        if told("comm").trim() != thread {
            return 0;
        }
        let nanos = told("schedstat");
        nanos.split(' ').next().unwrap().parse::<u64>().unwrap()
    });
    Duration::from_nanos(nanos.sum())
}

fn bytes_below(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().metadata().unwrap().len())
        .sum()
}
