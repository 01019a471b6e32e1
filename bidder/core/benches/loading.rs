//! P14: a catalog's text read and made ready for deciding; the time of each part and the memory that stays.
//!
//! ```sh
//! gavel loadtest catalog --line-items=50000 --out=/tmp/rows.tsv
//! CATALOG_ROWS=/tmp/rows.tsv cargo bench -p bidder-core --bench loading
//! ```

#![allow(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "figures for people"
)]

use std::alloc::System;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bidder_core::creative::Creative;
use bidder_core::lease::LeaseTable;
use bidder_core::market::{Item, Making, Market};
use contracts::catalog::{Catalog, Parts};
use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use units::BootId;
use uuid::Uuid;

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 7;
/// Names the text for the process that measures.
const TEXT: &str = "CATALOG_TEXT";

/// The text of the catalog as the control plane renders it.
fn text(rows: &str) -> Vec<u8> {
    let mut lists: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for row in rows.lines() {
        let (kind, doc) = row.split_once('\t').unwrap_or_default();
        let doc = doc.replace("\\\\", "\\");
        let doc = serde_json::from_str(&doc).unwrap_or_else(|fault| panic!("{doc}: {fault}"));
        lists.entry(kind).or_default().push(doc);
    }
    let mut list = |kind| lists.remove(kind).unwrap_or_default();
    let catalog = json!({
        "version": 1, "advertisers": list("advertiser"), "campaigns": list("campaign"),
        "line_items": list("line_item"), "creatives": list("creative"),
    });
    let catalog: Catalog =
        serde_json::from_value(catalog).unwrap_or_else(|fault| panic!("{fault}"));
    catalog.to_lines().unwrap_or_default()
}

/// CPU time of this thread by the scheduler: others are on the cores, too.
fn spent() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = stat.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanos.unwrap_or_default())
}

fn best<T>(mut measured: impl FnMut() -> T) -> (Duration, T) {
    let mut once = || {
        let begun = spent();
        let value = measured();
        (spent() - begun, value)
    };
    let mut best = once();
    for _ in 1..ROUNDS {
        let next = once();
        if next.0 < best.0 {
            best = next;
        }
    }
    best
}

fn leases() -> LeaseTable {
    LeaseTable::new(BootId(Uuid::nil()))
}

fn loaded(text: &[u8], leases: &LeaseTable) -> Market {
    let parts = Parts::of(text).unwrap_or_else(|fault| panic!("{fault}"));
    let shared = Arc::default();
    let mut making = Making::new(&parts.rest, &shared, leases, parts.line_item_count());
    for creative in parts.creatives() {
        making.creative(creative.unwrap_or_else(|fault| panic!("{fault:?}")));
    }
    for line_item in parts.line_items() {
        making.line_item(line_item.unwrap_or_else(|fault| panic!("{fault:?}")));
    }
    making.finish("https://bidder.example")
}

fn megabytes(bytes: usize) -> f64 {
    bytes as f64 / 1e6
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines = status.lines();
    let lines = lines.filter(|it| it.starts_with("VmRSS") || it.starts_with("VmHWM"));
    lines.collect::<Vec<_>>().join(" ")
}

fn main() {
    if let Some(text) = std::env::var_os(TEXT) {
        return measure(Path::new(&text));
    }
    let Some(rows) = std::env::var_os("CATALOG_ROWS") else {
        println!("CATALOG_ROWS names no file of rows: see the head of benches/loading.rs");
        return;
    };
    let path = Path::new(&rows).with_extension("catalog");
    let rows = std::fs::read_to_string(rows).unwrap_or_else(|fault| panic!("{fault}"));
    std::fs::write(&path, text(&rows)).unwrap_or_else(|fault| panic!("{fault}"));
    // Another process: what was allocated to make the text would be seen in the figures.
    let exe = std::env::current_exe().unwrap_or_else(|fault| panic!("{fault}"));
    let ended = Command::new(exe).env(TEXT, &path).status();
    assert!(ended.is_ok_and(|it| it.success()), "the measurement failed");
}

fn measure(path: &Path) {
    let read = || std::fs::read(path).unwrap_or_else(|fault| panic!("{fault}"));
    println!(
        "before: {}; bytes of a line item {}, of a creative {}",
        resident(),
        size_of::<Item>(),
        size_of::<Creative>()
    );
    let accounts = leases();
    let region = Region::new(COUNTING);
    // On a thread of its own, as in the bidder: the C library gives it memory of its own, too.
    let (took, market) = std::thread::scope(|scope| {
        let first = scope.spawn(|| {
            let market = loaded(&read(), &accounts);
            (spent(), market)
        });
        first
            .join()
            .unwrap_or_else(|_| panic!("the thread panicked"))
    });
    println!("first: {took:.0?}; accounts and market {}", kept(&region));
    println!("after: {}", resident());
    let others = leases();
    let region = Region::new(COUNTING);
    for it in &market.items {
        black_box(others.account(&it.id));
    }
    println!("accounts alone: {}", kept(&region));
    drop((market, accounts, others));

    let text = read();
    let (taken_apart, ()) = best(|| {
        let parts = Parts::of(&text).unwrap_or_else(|fault| panic!("{fault}"));
        black_box(parts.creatives().filter(Result::is_ok).count());
        black_box(parts.line_items().filter(Result::is_ok).count());
    });
    let (whole, _market) = best(|| loaded(&text, &leases()));
    println!("again: records read {taken_apart:.0?}, read and made ready {whole:.0?}");
}

fn kept(region: &Region<'_, System>) -> String {
    let change = region.change();
    let kept = change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated);
    let count = change.allocations;
    format!("{:.1} MB kept, {count} allocations", megabytes(kept))
}
