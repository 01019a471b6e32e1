//! The one line item that is simulated, its calendar and its notices.

use contracts::catalog::Pacing;
use contracts::event::{NoticeEvent, PriceTold};
use contracts::notice::{BillOn, NoticeClaims, NoticeKind};
use control_plane_core::budget::{Line, LineBudget, Period, SettledShare};
use units::{AuctionId, BidId, CpmMicros, Currency, Multiplier, Nanos, ReservationId, UnixMillis};
use uuid::Uuid;

pub(crate) const SECOND: i64 = 1_000;
pub(crate) const HOUR: i64 = 3_600_000;
/// Starts shortly before an hour ends, so that every run crosses an edge.
pub(crate) const START: i64 = 1_000 * HOUR - 100_000;
pub(crate) const LIFE_S: u32 = 20;

pub(crate) fn period(now: i64) -> Period {
    let (day, hour) = (24 * HOUR, HOUR);
    Period {
        day: UnixMillis(now / day * day),
        day_end: UnixMillis((now / day + 1) * day),
        hour: UnixMillis(now / hour * hour),
        hour_end: UnixMillis((now / hour + 1) * hour),
    }
}

pub(crate) fn line() -> Line {
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
            max_impression: Nanos(40),
            reservation_life_s: LIFE_S,
        },
        period: period(START),
        share: SettledShare::UNKNOWN,
    }
}

/// A bid that went out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bid {
    pub(crate) id: ReservationId,
    /// The stated bid's cost, which is reserved.
    pub(crate) maximum: i64,
    /// What is bid after shading.
    pub(crate) price: i64,
    pub(crate) settle_by: UnixMillis,
}

pub(crate) fn notice(kind: NoticeKind, bid: &Bid, price: PriceTold) -> NoticeEvent {
    let Bid { id, settle_by, .. } = *bid;
    NoticeEvent {
        claims: NoticeClaims {
            kind,
            reservation: id,
            bid: BidId(Uuid::from_u128(
                id.lease.0.as_u128() << 64 | u128::from(id.seq),
            )),
            source: "s".into(),
            bill_on: BillOn::Burl,
            campaign: "c".into(),
            line_item: "l".into(),
            creative: "crt".into(),
            auction: AuctionId(Uuid::nil()),
            imp: "1".into(),
            max_cost: Nanos(bid.maximum),
            price: CpmMicros::new(bid.price).unwrap(),
            currency: Currency::USD,
            rate_id: 1,
            rate_from: 1_000_000_000,
            rate_to: 1_000_000_000,
            quantity: Multiplier::ONE,
            settle_by,
            test: false,
            user: None,
            arm: None,
        },
        price,
        loss: None,
        at: settle_by,
    }
}
