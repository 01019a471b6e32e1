//! Reading: our whole model beside forty borrowed fields under serde, with three JSON parsers.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]
#![allow(dead_code, reason = "messages are shared, fields are only filled")]

mod messages;
mod view;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use openrtb::consent::{Gpp, Tcf};
use openrtb::{BidRequest, Limits, validate};
use std::hint::black_box;
use view::Request;

fn whole_model(criterion: &mut Criterion) {
    for (name, body) in [
        ("2 KB", messages::of_two_kilobytes()),
        ("7 KB", messages::of_seven_kilobytes()),
    ] {
        let mut group = criterion.benchmark_group(format!("read {name}"));
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap()));
        group.bench_function("ours, whole model", |bencher| {
            bencher
                .iter(|| black_box(BidRequest::read(black_box(&body), &Limits::REQUEST).unwrap()));
        });
        group.bench_function("serde_json, forty fields", |bencher| {
            bencher
                .iter(|| black_box(serde_json::from_slice::<Request>(black_box(&body)).unwrap()));
        });
        group.bench_function("sonic-rs, forty fields", |bencher| {
            bencher.iter(|| black_box(sonic_rs::from_slice::<Request>(black_box(&body)).unwrap()));
        });
        group.bench_function("simd-json, forty fields", |bencher| {
            let mut buffers = simd_json::Buffers::new(body.len());
            bencher.iter_batched_ref(
                || body.clone(),
                |body| {
                    let request: Request =
                        simd_json::serde::from_slice_with_buffers(body, &mut buffers).unwrap();
                    black_box(request);
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function("serde_json, Value", |bencher| {
            bencher.iter(|| {
                black_box(serde_json::from_slice::<serde_json::Value>(black_box(&body)).unwrap())
            });
        });
        group.finish();
    }
}

fn examples(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read examples");
    let mut all = Vec::new();
    for (name, body) in messages::all_examples() {
        group.throughput(Throughput::Bytes(u64::try_from(body.len()).unwrap()));
        group.bench_function(&name, |bencher| {
            bencher
                .iter(|| black_box(BidRequest::read(black_box(&body), &Limits::REQUEST).unwrap()));
        });
        all.push(body);
    }
    // One after the other, so that no message finds its own path predicted.
    let bytes: usize = all.iter().map(Vec::len).sum();
    group.throughput(Throughput::Bytes(u64::try_from(bytes).unwrap()));
    group.bench_function("all sixteen in turn", |bencher| {
        bencher.iter(|| {
            for body in &all {
                black_box(BidRequest::read(black_box(body), &Limits::REQUEST).unwrap());
            }
        });
    });
    group.finish();
}

/// What a validation costs beyond the reading that a data plane does anyway.
fn validation(criterion: &mut Criterion) {
    for (name, body) in [
        ("2 KB", messages::of_two_kilobytes()),
        ("7 KB", messages::of_seven_kilobytes()),
    ] {
        let (request, repairs) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        let mut group = criterion.benchmark_group(format!("validate {name}"));
        group.bench_function("every rule, of a request that was read", |bencher| {
            bencher.iter(|| {
                black_box(validate::check_request(
                    black_box(&request),
                    &repairs,
                    &body,
                ))
            });
        });
        group.bench_function("the same with reading", |bencher| {
            bencher.iter(|| {
                let (request, repairs) =
                    BidRequest::read(black_box(&body), &Limits::REQUEST).unwrap();
                black_box(validate::check_request(&request, &repairs, &body))
            });
        });
        group.finish();
    }
}

/// A consent string as CMPs write it, and one of GPP.
fn consent(criterion: &mut Criterion) {
    const TCF: &str =
        "CQp3NcAQp6gYAAfACBENCbFsAP_gAEPgAAYgH0QAYAAgfQB9EAGAAIH0AAAA.IAAA.YAAAAAAAAAAA";
    const GPP: &str = "DBABLA~CAAmAAAAAACA.QA";
    let mut group = criterion.benchmark_group("consent");
    group.bench_function("TCF: two purposes of a vendor", |bencher| {
        bencher.iter(|| {
            let tcf = Tcf::read(black_box(TCF)).unwrap();
            black_box(tcf.allows(1, 755) && tcf.allows(2, 755))
        });
    });
    group.bench_function("GPP: an opt-out", |bencher| {
        bencher.iter(|| {
            let gpp = Gpp::read(black_box(GPP)).unwrap();
            black_box(gpp.us().any(|(_, read)| read.is_none_or(|read| read.any())))
        });
    });
    group.finish();
}

criterion_group!(benches, whole_model, examples, validation, consent);
criterion_main!(benches);
