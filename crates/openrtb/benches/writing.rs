//! Writing for one recipient by splice, beside a copy of the bytes and a clone that is serialised.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]
#![allow(dead_code, reason = "messages are shared")]

mod messages;

use criterion::{Criterion, criterion_group, criterion_main};
use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, JsonWriter, Limits, convert};
use std::hint::black_box;

fn splice(criterion: &mut Criterion) {
    let body = messages::of_two_kilobytes();
    let (request, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
    let mut group = criterion.benchmark_group("write 2 KB for one DSP");
    let mut out = Vec::new();
    group.bench_function("copy", |bencher| {
        bencher.iter(|| {
            out.clear();
            out.extend_from_slice(black_box(&body));
            black_box(&out);
        });
    });
    let mut patches = Patches::new();
    let mut out = Vec::new();
    group.bench_function(
        "splice: id, tmax, buyeruid, one imp, schain node",
        |bencher| {
            bencher.iter(|| {
                patches.clear();
                out.clear();
                patches.set_text(
                    Object::Request,
                    "id",
                    "0192f0c1-aaaa-7bbb-8ccc-ddddeeeeffff",
                );
                patches.set_integer(Object::Request, "tmax", 87);
                patches.set_text(Object::User, "buyeruid", "buyer-uid-4711");
                patches.keep_imps([0]);
                patches.append_schain_node(r#"{"asi":"x.example","sid":"1","hp":1}"#, true);
                patches.write(&request, &body, &mut out);
                black_box(&out);
            });
        },
    );
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
    group.bench_function("serde_json: Value cloned, edited, written", |bencher| {
        bencher.iter(|| {
            let mut copy = value.clone();
            copy["id"] = "0192f0c1-aaaa-7bbb-8ccc-ddddeeeeffff".into();
            copy["tmax"] = 87.into();
            copy["user"]["buyeruid"] = "buyer-uid-4711".into();
            black_box(serde_json::to_vec(&copy).unwrap());
        });
    });
    group.finish();
}

/// What a partner of 2.5 costs beyond its splice.
fn conversion(criterion: &mut Criterion) {
    let body = messages::of_two_kilobytes();
    let mut group = criterion.benchmark_group("convert 2 KB");
    let mut out = Vec::new();
    group.bench_function("down to 2.5", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(
                convert::request_to_25(black_box(&body), &Limits::REQUEST, &mut out).unwrap(),
            );
        });
    });
    let mut out = Vec::new();
    group.bench_function("up to 2.6, where nothing moves", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(
                convert::request_to_26(black_box(&body), &Limits::REQUEST, &mut out).unwrap(),
            );
        });
    });
    let (request, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
    let mut out = Vec::new();
    group.bench_function("written from the model", |bencher| {
        bencher.iter(|| {
            out.clear();
            request.write_json(&mut JsonWriter::new(&mut out));
            black_box(&out);
        });
    });
    group.finish();
}

criterion_group!(benches, splice, conversion);
criterion_main!(benches);
