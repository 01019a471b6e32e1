//! The books against a naive model: whatever happens in whatever order, every level agrees with a plain
//! list of what was granted, reserved and told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;

use contracts::catalog::Pacing;
use contracts::event::{NoticeEvent, PriceTold};
use contracts::notice::{BillOn, NoticeClaims, NoticeKind};
use control_plane_core::budget::{
    Account, AccountKey, Asked, Books, End, Level, Line, LineBudget, Outcome, Period, SettledShare,
};
use proptest::prelude::*;
use units::{
    AuctionId, BidId, BootId, CpmMicros, Currency, LeaseId, Multiplier, Nanos, ReservationId,
    UnixMillis,
};
use uuid::Uuid;

const HOUR: i64 = 3_600_000;
const NOW: UnixMillis = UnixMillis(HOUR / 2);

#[derive(Debug, Clone)]
enum Op {
    Grant {
        amount: i64,
    },
    Tell {
        kind: NoticeKind,
        lease: usize,
        seq: u64,
        maximum: i64,
        bid: i64,
        price: i64,
    },
    End {
        lease: usize,
        committed: i64,
    },
    Close {
        lease: usize,
    },
    Budget {
        to: i64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let kind = prop_oneof![
        4 => Just(NoticeKind::Bill),
        2 => Just(NoticeKind::Loss),
        1 => Just(NoticeKind::Win),
        1 => Just(NoticeKind::Impression),
    ];
    prop_oneof![
        3 => (1..60_i64).prop_map(|amount| Op::Grant { amount }),
        8 => (kind, 0..6_usize, 1..6_u64, 0..40_i64, 0..40_i64, 0..60_i64).prop_map(
            |(kind, lease, seq, maximum, bid, price)| {
                let bid = bid.min(maximum);
                Op::Tell { kind, lease, seq, maximum, bid, price }
            }
        ),
        2 => (0..6_usize, 0..60_i64).prop_map(|(lease, committed)| Op::End { lease, committed }),
        1 => (0..6_usize).prop_map(|lease| Op::Close { lease }),
        1 => (0..300_i64).prop_map(|to| Op::Budget { to }),
    ]
}

/// What the model knows of a lease: nothing but the definition, hold = face − settled − released − returned.
#[derive(Default)]
struct Model {
    configured: i64,
    effective: i64,
    leases: Vec<(i64, i64, bool)>, // face, hold, closed
    charged: BTreeMap<(usize, u64), i64>,
    released: BTreeMap<(usize, u64), ()>,
    unfunded: BTreeMap<(usize, u64), i64>,
}

impl Model {
    fn committed(&self) -> i64 {
        self.charged.values().sum::<i64>() + self.leases.iter().map(|lease| lease.1).sum::<i64>()
    }

    fn settle(&mut self) {
        self.effective = self.configured.max(self.effective.min(self.committed()));
    }
}

fn line() -> Line {
    Line {
        campaign: "c".into(),
        campaign_active: true,
        terms: LineBudget {
            line_item: "l".into(),
            active: true,
            epoch: 1,
            starts_at: UnixMillis(0),
            ends_at: None,
            pacing: Pacing::Asap,
            budget: None,
            max_impression: Nanos(5),
            reservation_life_s: 300,
        },
        period: Period {
            day: UnixMillis(0),
            day_end: UnixMillis(24 * HOUR),
            hour: UnixMillis(0),
            hour_end: UnixMillis(HOUR),
        },
        share: SettledShare::UNKNOWN,
    }
}

fn lease_id(number: usize) -> LeaseId {
    LeaseId(Uuid::from_u128(number as u128 + 1))
}

fn event(kind: NoticeKind, lease: usize, seq: u64, [maximum, bid, price]: [i64; 3]) -> NoticeEvent {
    NoticeEvent {
        claims: NoticeClaims {
            kind,
            reservation: ReservationId {
                lease: lease_id(lease),
                seq,
            },
            bid: BidId(Uuid::from_u128((lease as u128) << 64 | u128::from(seq))),
            source: "s".into(),
            bill_on: BillOn::Burl,
            campaign: "c".into(),
            line_item: "l".into(),
            creative: "crt".into(),
            auction: AuctionId(Uuid::nil()),
            imp: "1".into(),
            max_cost: Nanos(maximum),
            price: CpmMicros::new(bid).unwrap(),
            currency: Currency::USD,
            rate_id: 1,
            rate_from: 1_000_000_000,
            rate_to: 1_000_000_000,
            quantity: Multiplier::ONE,
            settle_by: UnixMillis(HOUR),
            test: false,
            user: None,
            arm: None,
        },
        price: PriceTold::Clearing {
            price: CpmMicros::new(price).unwrap(),
        },
        loss: None,
        at: NOW,
    }
}

fn tell(model: &mut Model, kind: NoticeKind, key: (usize, u64), maximum: i64, charge: i64) {
    let moved = model.charged.contains_key(&key) || model.unfunded.contains_key(&key);
    let lost = model.released.contains_key(&key);
    let (_, hold, closed) = model.leases[key.0];
    let held = !closed && maximum <= hold;
    match kind {
        NoticeKind::Loss if !moved && !lost && held => {
            model.leases[key.0].1 -= maximum;
            model.released.insert(key, ());
        }
        NoticeKind::Bill if moved => {}
        NoticeKind::Bill if !lost && held => {
            model.leases[key.0].1 -= maximum;
            model.charged.insert(key, charge);
        }
        NoticeKind::Bill if model.committed() + charge <= model.effective => {
            model.charged.insert(key, charge);
        }
        NoticeKind::Bill => {
            model.unfunded.insert(key, charge);
        }
        NoticeKind::Loss
        | NoticeKind::Win
        | NoticeKind::Impression
        | NoticeKind::Click
        | NoticeKind::View
        | NoticeKind::Conversion => {}
    }
    model.settle();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn the_books_agree_with_a_plain_list(start in 0..300_i64, ops in prop::collection::vec(op(), 1..60)) {
        let line = line();
        let campaign = AccountKey::lifetime(Level::Campaign, "c");
        let mut books = Books::default();
        for key in line.accounts() {
            let limit = (key == campaign).then_some(Nanos(start));
            books.accounts.insert(key, Account::new(limit));
        }
        let mut model = Model { configured: start, effective: start, ..Model::default() };
        for op in ops {
            match op {
                Op::Grant { amount } => {
                    let asked = Asked {
                        lease: lease_id(model.leases.len()),
                        bidder: "b".into(),
                        boot: BootId(Uuid::nil()),
                        amount: Nanos(amount),
                    };
                    if let Ok(granted) = books.grant(&line, asked, NOW) {
                        let face = books.leases[&granted.lease].face.0;
                        prop_assert!(face <= amount && face > 0);
                        model.leases.push((face, face, false));
                    }
                    prop_assert!(model.committed() <= model.effective, "overspend");
                }
                Op::Tell { kind, lease, seq, maximum, bid, price } if lease < model.leases.len() => {
                    let event = event(kind, lease, seq, [maximum, bid, price]);
                    let outcome = books.settle(&event, Default::default()).unwrap();
                    if let Outcome::Billed(charge) = outcome {
                        prop_assert!(charge.0 <= bid);
                    }
                    tell(&mut model, kind, (lease, seq), maximum, price.min(bid));
                }
                Op::End { lease, committed } if lease < model.leases.len() => {
                    let before = books.leases[&lease_id(lease)].clone();
                    let ended = books.end(lease_id(lease), BootId(Uuid::nil()), Nanos(committed));
                    if let End::Returned(back) = ended {
                        prop_assert_eq!(back, before.face - Nanos(committed));
                        model.leases[lease].1 -= back.0;
                        model.settle();
                    }
                }
                Op::Close { lease } if lease < model.leases.len() => {
                    books.close(lease_id(lease));
                    model.leases[lease].1 = 0;
                    model.leases[lease].2 = true;
                    model.settle();
                }
                Op::Budget { to } => {
                    books.configure(&"c".into(), &campaign, Some(Nanos(to)));
                    model.configured = to;
                    model.effective = to.max(model.committed());
                }
                Op::Tell { .. } | Op::End { .. } | Op::Close { .. } => {}
            }
            let settled: i64 = model.charged.values().sum();
            let held: i64 = model.leases.iter().map(|lease| lease.1).sum();
            for (key, account) in &books.accounts {
                prop_assert_eq!((account.settled.0, account.held.0), (settled, held), "{:?}", key);
                prop_assert!(account.effective.is_none_or(|limit| account.committed() <= limit));
            }
            let account = &books.accounts[&campaign];
            prop_assert_eq!(account.effective, Some(Nanos(model.effective)));
            prop_assert_eq!(books.imbalance().0, Nanos::ZERO);
            for lease in books.leases.values() {
                prop_assert!(lease.hold() >= Nanos::ZERO);
            }
        }
    }
}
