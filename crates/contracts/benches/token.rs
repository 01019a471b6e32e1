//! What a token of the exchange costs: sealed, beside one of the same length that is signed alone, and opened.

use std::hint::black_box;

use contracts::notice::{Charge, Device, NoticeKey, SellClaims, SellKind};
use criterion::{Criterion, criterion_group, criterion_main};
use units::{AuctionId, CpmMicros, Currency, Nanos, UnixMillis};

fn tokens(criterion: &mut Criterion) {
    let agent = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
    let claims = SellClaims {
        kind: SellKind::Bill,
        auction: AuctionId::new(UnixMillis(1_700_000_000_000), [7; 10]),
        imp: "1".into(),
        ad: 0,
        partner: "demand-partner-1".into(),
        publisher: "publisher_001".into(),
        placement: "placement_001".into(),
        price: CpmMicros::CENT,
        currency: Currency::USD,
        gross: Nanos(10_000),
        fee: Nanos(1_000),
        payout_currency: Currency::USD,
        url: "https://notices.dsp.example/bill?".to_owned() + &"x".repeat(200),
        expires: UnixMillis(1_700_000_300_000),
        test: false,
        provisional: true,
        refused: false,
        serves_on_win: false,
        charge: Some(Charge {
            amount: Nanos(10_000),
            currency: Currency::USD,
            rates: 3,
        }),
        device: Device::of(Some("198.51.100.0".into()), Some(agent)),
    };
    let ring = SellClaims::ring(&[NoticeKey::new(1, [7; 32])]);
    let mut token = String::new();
    claims.sign(&ring, &mut token);
    let payload = vec![7; token.len() * 3 / 4 - 36];
    let mut out = String::with_capacity(2 * token.len());
    criterion.bench_function("seal a token", |bencher| {
        bencher.iter(|| {
            out.clear();
            black_box(&claims).sign(&ring, &mut out);
        });
    });
    criterion.bench_function("sign as many bytes", |bencher| {
        bencher.iter(|| {
            out.clear();
            ring.sign(black_box(&payload), &mut out);
        });
    });
    criterion.bench_function("open a token", |bencher| {
        bencher.iter(|| SellClaims::open(black_box(&token), &ring));
    });
}

criterion_group!(benches, tokens);
criterion_main!(benches);
