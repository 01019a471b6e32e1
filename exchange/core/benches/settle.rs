//! Planning and settling one auction of the shared samples.

#[path = "../tests/support/mod.rs"]
mod support;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use exchange_core::intake::{Additions, Defaults, Pages};
use std::hint::black_box;
use support::{example, intake, loaded, market, partner, planned, settled, taken_in};

fn as_loaded(criterion: &mut Criterion) {
    let partners: Vec<_> = ["a", "b", "c", "d", "e"].map(partner).to_vec();
    let market = market(&partners);
    for (says, imps) in [
        ("2 imps", &loaded::USUAL[..]),
        ("3 imps", &loaded::MOST[..]),
    ] {
        let request = loaded::request(imps);
        criterion.bench_function(&format!("loaded, {says}: intake"), |bencher| {
            let mut pages = Pages::default();
            bencher.iter(|| {
                let intake = taken_in(black_box(&request), &mut pages, &Additions::default());
                intake.request.imp.len()
            });
        });
        let intake = intake(&request);
        criterion.bench_function(&format!("loaded, {says}: plan, 5 DSPs"), |bencher| {
            bencher.iter(|| planned(black_box(&intake), &market, 1).asks.len());
        });
        let plan = planned(&intake, &market, 1);
        for (and, notices) in [("", false), (" that ask for notices", true)] {
            let answers: Vec<String> = (0..5)
                .map(|dsp| loaded::answer(imps, dsp, notices))
                .collect();
            let answers: Vec<(usize, &str)> =
                answers.iter().map(String::as_str).enumerate().collect();
            criterion.bench_function(&format!("loaded, {says}: settle, 5 DSPs{and}"), |bencher| {
                bencher.iter(|| settled(&plan, &market, black_box(&answers)).winners.len());
            });
        }
    }
}

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
    let many = |most: usize, entry: &dyn Fn(usize) -> String| {
        let entries: Vec<String> = (0..most).map(entry).collect();
        entries.join(",")
    };
    for (says, listed, declared, bids) in [
        ("5 blocked domains, 5 DSPs with 2 bids of 1", 5, 1, 2),
        (
            "3,000 blocked domains, 5 DSPs with 200 bids of 1",
            3_000,
            1,
            200,
        ),
        (
            "10,000 blocked domains, 5 DSPs with 190 bids of 50",
            10_000,
            50,
            190,
        ),
    ] {
        let badv = many(listed, &|at| format!("\"blocked{at}.com\""));
        let request = format!(
            r#"{{"id":"r","imp":[{{"id":"1","banner":{{"w":300,"h":250}}}}],"badv":[{badv}]}}"#
        );
        let body = many(bids, &|bid| {
            let adomain = many(declared, &|at| format!("\"ad{bid}-{at}.com\""));
            format!(
                r#"{{"id":"{bid}","impid":"1","price":1,"w":300,"h":250,"adm":"x","adomain":[{adomain}]}}"#
            )
        });
        let response = format!(r#"{{"id":"r","seatbid":[{{"bid":[{body}]}}]}}"#);
        let intake = support::intake(Box::leak(request.into_boxed_str()));
        let answers: Vec<(usize, &str)> = (0..5).map(|ask| (ask, response.as_str())).collect();
        criterion.bench_function(&format!("settle, {says}"), |bencher| {
            // Planned anew, so that the list is made ready each time.
            bencher.iter_batched(
                || planned(&intake, &market, 1),
                |plan| settled(&plan, &market, black_box(&answers)).winners.len(),
                BatchSize::SmallInput,
            );
        });
    }
    let (request, response) = example("09-ctv-dynamic-pod");
    let pod = support::intake(&request);
    let plan = planned(&pod, &market, 1);
    let answers: Vec<(usize, &str)> = (0..5).map(|ask| (ask, response.as_str())).collect();
    criterion.bench_function("settle a dynamic pod, 5 DSPs with 3 bids each", |bencher| {
        bencher.iter(|| settled(&plan, &market, black_box(&answers)).winners.len());
    });
}

criterion_group!(benches, as_loaded, bench);
criterion_main!(benches);
