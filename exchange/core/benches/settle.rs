//! Planning and settling one auction of the shared samples.

#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use exchange_core::intake::{Additions, Defaults, Pages};
use std::hint::black_box;
use support::{example, intake, market, partner, planned, settled, taken_in};

fn bench(criterion: &mut Criterion) {
    let (request, response) = example("02-multiformat-26");
    let partners: Vec<_> = ["a", "b", "c", "d", "e"].map(partner).to_vec();
    let market = market(&partners);
    criterion.bench_function("intake and plan, 5 DSPs", |bencher| {
        let mut pages = Pages::default();
        bencher.iter(|| {
            let intake = taken_in(black_box(&request), &mut pages, &Additions::default());
            planned(&intake, &market, 1).asks.len()
        });
    });
    let account = Defaults {
        badv: vec!["rival.example".to_owned()],
        battr: vec![3],
        ..Defaults::default()
    };
    let additions = Additions {
        peer: "203.0.113.9".parse().ok(),
        account: Some(&account),
        ..Additions::default()
    };
    criterion.bench_function("the same with what its account blocks", |bencher| {
        let mut pages = Pages::default();
        bencher.iter(|| {
            let intake = taken_in(black_box(&request), &mut pages, &additions);
            planned(&intake, &market, 1).asks.len()
        });
    });
    let intake = intake(&request);
    let plan = planned(&intake, &market, 1);
    let answers: Vec<(usize, &str)> = (0..5).map(|ask| (ask, response.as_str())).collect();
    criterion.bench_function("settle, 5 DSPs with 2 bids each", |bencher| {
        bencher.iter(|| settled(&plan, &market, black_box(&answers)).winners.len());
    });
    let (request, response) = example("09-ctv-dynamic-pod");
    let pod = support::intake(&request);
    let plan = planned(&pod, &market, 1);
    let answers: Vec<(usize, &str)> = (0..5).map(|ask| (ask, response.as_str())).collect();
    criterion.bench_function("settle a dynamic pod, 5 DSPs with 3 bids each", |bencher| {
        bencher.iter(|| settled(&plan, &market, black_box(&answers)).winners.len());
    });
}

criterion_group!(benches, bench);
criterion_main!(benches);
