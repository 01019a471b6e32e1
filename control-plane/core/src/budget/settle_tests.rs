use super::*;
use crate::budget::{Account, Lease};
use contracts::notice::NoticeKind::{Bill, Click, Impression, Loss, View, Win};
use units::{AuctionId, BootId, CpmMicros, Currency, LeaseId, Multiplier};
use uuid::Uuid;

const LEASE: LeaseId = LeaseId(Uuid::nil());

fn books() -> Books {
    let lease = Lease {
        id: LEASE,
        line_item: "l".into(),
        campaign: "c".into(),
        bidder: "b".into(),
        boot: BootId(Uuid::nil()),
        epoch: 1,
        face: Nanos(100),
        settled: Nanos::ZERO,
        released: Nanos::ZERO,
        returned: Nanos::ZERO,
        day: UnixMillis(0),
        hour: UnixMillis(0),
        granted_at: UnixMillis(0),
        expires_at: UnixMillis(10_000),
        settle_by: UnixMillis(310_000),
        state: LeaseState::Open,
    };
    let mut books = Books::default();
    for key in lease.accounts() {
        let mut account = Account::new(Some(Nanos(150)));
        assert!(account.hold(lease.face));
        books.accounts.insert(key, account);
    }
    books.leases.insert(LEASE, lease);
    books
}

fn event(kind: NoticeKind, bill_on: BillOn, seq: u64) -> NoticeEvent {
    let price = CpmMicros::new(30).unwrap();
    NoticeEvent {
        claims: NoticeClaims {
            kind,
            reservation: ReservationId { lease: LEASE, seq },
            bid: BidId(Uuid::from_u128(u128::from(seq))),
            source: "s".into(),
            bill_on,
            campaign: "c".into(),
            line_item: "l".into(),
            creative: "crt".into(),
            auction: AuctionId(Uuid::nil()),
            imp: "1".into(),
            max_cost: Nanos(40),
            price,
            currency: Currency::USD,
            rate_id: 1,
            rate_from: 1_000_000_000,
            rate_to: 1_000_000_000,
            quantity: Multiplier::ONE,
            settle_by: UnixMillis(310_000),
            test: false,
            user: None,
            arm: None,
        },
        price: PriceTold::Clearing {
            price: CpmMicros::new(25).unwrap(),
        },
        loss: None,
        at: UnixMillis(0),
    }
}

#[test]
fn only_the_kind_named_by_bill_on_bills_and_nurl_never_does() {
    for (kind, on_burl, on_impression) in [
        (Win, Outcome::Counted, Outcome::Counted),
        (Bill, Outcome::Billed(Nanos(25)), Outcome::Counted),
        // A tracker's price is not believed: the bid's.
        (Impression, Outcome::Counted, Outcome::Billed(Nanos(30))),
        (
            Loss,
            Outcome::Released(Nanos(40)),
            Outcome::Released(Nanos(40)),
        ),
        (Click, Outcome::Counted, Outcome::Counted),
        (View, Outcome::Counted, Outcome::Counted),
    ] {
        for (bill_on, expect) in [(BillOn::Burl, on_burl), (BillOn::Impression, on_impression)] {
            let mut books = books();
            let outcome = books.settle(&event(kind, bill_on, 1), Default::default());
            assert_eq!(outcome, Ok(expect), "{kind:?} where {bill_on:?} bills");
            assert_eq!(books.imbalance().0, Nanos::ZERO);
        }
    }
}

#[test]
fn a_reservation_leaves_open_once() {
    struct Case {
        says: &'static str,
        told: &'static [NoticeKind],
        last: Outcome,
    }
    for case in [
        Case {
            says: "billed twice",
            told: &[Bill, Bill],
            last: Outcome::Duplicate,
        },
        Case {
            says: "lost twice",
            told: &[Loss, Loss],
            last: Outcome::Duplicate,
        },
        Case {
            says: "lost after billed",
            told: &[Bill, Loss],
            last: Outcome::Duplicate,
        },
        Case {
            says: "billed after lost",
            told: &[Loss, Bill],
            last: Outcome::LateFunded(Nanos(25)),
        },
        Case {
            says: "and again",
            told: &[Loss, Bill, Bill],
            last: Outcome::Duplicate,
        },
    ] {
        let mut books = books();
        let told = case.told.iter();
        let outcomes =
            told.map(|kind| books.settle(&event(*kind, BillOn::Burl, 1), Default::default()));
        assert_eq!(outcomes.last(), Some(Ok(case.last)), "{}", case.says);
        assert_eq!(books.imbalance().0, Nanos::ZERO, "{}", case.says);
    }
}

#[test]
fn a_price_above_a_shaded_bid_is_charged_at_the_bid_and_flagged() {
    // The bid is 30, and 40 is what was stated before shading: no auction clears between them.
    for (told, charge, flag) in [
        (29, 29, None),
        (30, 30, None),
        (31, 30, Some(Flag::AboveBid)),
        (40, 30, Some(Flag::AboveBid)),
        (41, 30, Some(Flag::AboveMaximum)),
    ] {
        let mut books = books();
        let mut event = event(Bill, BillOn::Burl, 1);
        event.price = PriceTold::Clearing {
            price: CpmMicros::new(told).unwrap(),
        };
        let outcome = books.settle(&event, Default::default());
        assert_eq!(outcome, Ok(Outcome::Billed(Nanos(charge))), "{told}");
        let settled = &books.reservations[&event.claims.reservation];
        assert_eq!(settled.flag, flag, "{told}");
        let lease = &books.leases[&LEASE];
        let moved = (lease.settled, lease.released);
        assert_eq!(moved, (Nanos(charge), Nanos(40 - charge)), "{told}");
        assert_eq!(books.imbalance().0, Nanos::ZERO);
    }
}

#[test]
fn what_cannot_be_a_notice_of_ours_is_not_applied() {
    type Edit = fn(&mut NoticeClaims);
    let cases: [(Edit, Unappliable); 4] = [
        (
            |claims| claims.max_cost = Nanos(-1),
            Unappliable::NegativeMaximum,
        ),
        (
            |claims| claims.campaign = "d".into(),
            Unappliable::LeaseMismatch,
        ),
        (
            |claims| claims.line_item = "m".into(),
            Unappliable::LeaseMismatch,
        ),
        (
            |claims| {
                claims.reservation.lease = LeaseId(Uuid::max());
                claims.campaign = "d".into();
            },
            Unappliable::UnknownBudget,
        ),
    ];
    for (edit, why) in cases {
        let mut books = books();
        let mut event = event(Bill, BillOn::Burl, 1);
        edit(&mut event.claims);
        assert_eq!(books.settle(&event, Default::default()), Err(why));
        assert_eq!(books.movements().count(), 0, "{why}");
    }
}
