//! Predicted value: a partner is left out where requests like this one brought nothing so far.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use contracts::catalog::Sampling;
use openrtb::BidRequest;
use openrtb::enums::DeviceType;
use units::{CpmMicros, Multiplier};

use crate::medium::Medium;

/// A kind of requests that are much alike to a partner: where, on what, for which media, with deals or
/// without, of a user that it knows or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cell(u8);

/// What requests of each kind brought from one partner. Shared by all workers.
#[derive(Debug)]
pub struct Past {
    cells: [AtomicU64; Cell::COUNT],
}

/// From how many requests on a kind's past says anything.
const ENOUGH: u64 = 100;
/// Requests of which older ones count for half.
const MEMORY: u64 = 4_096;
/// Low bits of a cell: the sum of best bids, micros of CPM; above them the number of requests.
const SUM_BITS: u32 = 50;
const SUM: u64 = (1 << SUM_BITS) - 1;
/// A request counts for at most 10,000 CPM, so that sums never overflow.
const MOST: u64 = 10_000_000_000;

impl Cell {
    /// How many there are.
    pub const COUNT: usize = 3 * 4 * 5 * 2 * 2;

    /// The kind of a request; `knows_user` is whether the partner has an id of the user.
    #[must_use]
    pub fn of(request: &BidRequest<'_>, knows_user: bool) -> Self {
        let place = match (&request.app, &request.dooh) {
            (None, None) => 0,
            (Some(_), _) => 1,
            (None, Some(_)) => 2,
        };
        let kind = request.device.as_deref().and_then(|d| d.devicetype);
        let device = match kind {
            Some(DeviceType::MOBILE_OR_TABLET | DeviceType::PHONE | DeviceType::TABLET) => 1,
            Some(DeviceType::PERSONAL_COMPUTER) => 2,
            Some(
                DeviceType::CONNECTED_TV | DeviceType::CONNECTED_DEVICE | DeviceType::SET_TOP_BOX,
            ) => 3,
            _ => 0,
        };
        let offers = |medium: Medium| request.imp.iter().any(|imp| medium.is_offered(imp));
        let mut offered = (1_u8..)
            .zip(Medium::ALL)
            .filter(|(_, medium)| offers(*medium));
        let media = match (offered.next(), offered.next()) {
            (Some((only, _)), None) => only,
            _ => 0,
        };
        let deals = u8::from(request.imp.iter().any(|imp| !imp.deals().is_empty()));
        let known = u8::from(knows_user);
        Self((((place * 4 + device) * 5 + media) * 2 + deals) * 2 + known)
    }
}

impl Default for Past {
    fn default() -> Self {
        Self {
            cells: [const { AtomicU64::new(0) }; Cell::COUNT],
        }
    }
}

impl Past {
    /// Notes the best bid of an answered request, CPM in USD; zero where there was none.
    pub fn note(&self, cell: Cell, best: CpmMicros) {
        let Some(of_cell) = self.cells.get(usize::from(cell.0)) else {
            return;
        };
        let best = u64::try_from(best.micros()).unwrap_or(0).min(MOST);
        let noted = |of_cell: u64| {
            let (mut asked, mut sum) = (of_cell >> SUM_BITS, of_cell & SUM);
            if asked >= MEMORY {
                (asked, sum) = (asked / 2, sum / 2);
            }
            Some((asked + 1) << SUM_BITS | (sum + best))
        };
        // It always succeeds: `noted` has an answer to everything.
        let _former = of_cell.fetch_update(Relaxed, Relaxed, noted);
    }

    /// Bid rate × price of the requests of a kind; `None` before there were enough of them.
    #[must_use]
    pub fn brought(&self, cell: Cell) -> Option<CpmMicros> {
        let of_cell = self.cells.get(usize::from(cell.0))?.load(Relaxed);
        let (asked, sum) = (of_cell >> SUM_BITS, of_cell & SUM);
        if asked < ENOUGH {
            return None;
        }
        CpmMicros::new(i64::try_from(sum.checked_div(asked)?).ok()?)
    }
}

/// Whether to ask: always what was worth it or is not known yet, else the share that explores. `draw` is
/// uniform over all numbers.
#[must_use]
pub fn asks(rule: Sampling, brought: Option<CpmMicros>, draw: u32) -> bool {
    let worth_it = brought.is_none_or(|brought| brought >= rule.worth);
    worth_it || is_within(rule.explore, draw)
}

/// Whether a uniform draw is within a share.
pub(super) fn is_within(share: Multiplier, draw: u32) -> bool {
    let place = (u64::from(draw) * 1_000_000) >> 32;
    i64::try_from(place).is_ok_and(|place| place < share.millionths())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auction::tie_rank;
    use openrtb::Limits;
    use proptest::prelude::*;
    use units::{AuctionId, UnixMillis};

    fn rule(worth: &str, explore: &str) -> Sampling {
        Sampling {
            worth: CpmMicros::parse(worth).unwrap(),
            explore: Multiplier::parse(explore).unwrap(),
        }
    }

    fn cell(body: &str) -> Cell {
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        Cell::of(&request, false)
    }

    #[test]
    fn requests_of_different_kinds_are_in_different_cells() {
        let bodies = [
            r#"{"id":"1","imp":[{"id":"1","banner":{}}]}"#,
            r#"{"id":"1","imp":[{"id":"1","video":{"mimes":["a"]}}]}"#,
            r#"{"id":"1","imp":[{"id":"1","banner":{},"video":{"mimes":["a"]}}]}"#,
            r#"{"id":"1","imp":[{"id":"1","banner":{}}],"app":{}}"#,
            r#"{"id":"1","imp":[{"id":"1","banner":{}}],"device":{"devicetype":2}}"#,
            r#"{"id":"1","imp":[{"id":"1","banner":{},"pmp":{"deals":[{"id":"d"}]}}]}"#,
        ];
        let mut cells: Vec<u8> = bodies.iter().map(|body| cell(body).0).collect();
        assert!(cells.iter().all(|cell| usize::from(*cell) < Cell::COUNT));
        cells.sort_unstable();
        cells.dedup();
        assert_eq!(cells.len(), bodies.len());
        let tv = r#"{"id":"1","imp":[{"id":"1","native":{"request":"{}"},"pmp":{"deals":[{"id":"d"}]}}],"dooh":{},"device":{"devicetype":3}}"#;
        let (request, _) = BidRequest::read(tv.as_bytes(), &Limits::REQUEST).unwrap();
        assert_eq!(
            usize::from(Cell::of(&request, true).0),
            Cell::COUNT - 1,
            "the last"
        );
    }

    #[test]
    fn worth_is_bid_rate_times_price() {
        let past = Past::default();
        let (worthy, idle) = (Cell(3), Cell(4));
        for request in 0..200 {
            // One in ten at 2.00: 0.20 a request.
            let best = if request % 10 == 0 { 2_000_000 } else { 0 };
            past.note(worthy, CpmMicros::new(best).unwrap());
            if request < 99 {
                past.note(idle, CpmMicros::ZERO);
            }
        }
        let brought = past.brought(worthy);
        assert_eq!(brought, Some(CpmMicros::parse("0.2").unwrap()));
        assert!(asks(rule("0.2", "0"), brought, 0), "as much as it takes");
        assert!(!asks(rule("0.21", "0"), brought, 0), "less than it takes");
        assert_eq!(past.brought(idle), None);
        assert!(asks(rule("9", "0"), None, u32::MAX), "not known yet");
        past.note(idle, CpmMicros::ZERO);
        assert_eq!(past.brought(idle), Some(CpmMicros::ZERO));
    }

    #[test]
    fn what_changed_long_ago_is_forgotten() {
        let past = Past::default();
        let dollar = CpmMicros::parse("1").unwrap();
        (0..5_000).for_each(|_| past.note(Cell(0), dollar));
        (0..40_000).for_each(|_| past.note(Cell(0), CpmMicros::ZERO));
        let brought = past.brought(Cell(0)).unwrap();
        assert!(brought < CpmMicros::parse("0.001").unwrap(), "{brought}");
    }

    #[test]
    fn the_exploring_share_is_that_of_the_seeds() {
        for (share, around) in [("0", 0), ("0.05", 500), ("0.5", 5_000), ("1", 10_000)] {
            let asked = (0..10_000_i64)
                .filter(|at| {
                    let seed = AuctionId::new(UnixMillis(*at), [5; 10]);
                    let draw = (tie_rank(seed, "dsp", "") >> 32) as u32;
                    asks(rule("1", share), Some(CpmMicros::ZERO), draw)
                })
                .count();
            let spread = if share == "0" || share == "1" { 0 } else { 250 };
            assert!(asked.abs_diff(around) <= spread, "{share}: {asked}");
        }
    }

    proptest! {
        #[test]
        fn the_mean_is_that_of_what_was_noted(bids in prop::collection::vec(0_i64..50_000_000, 100..1_000)) {
            let past = Past::default();
            for bid in &bids {
                past.note(Cell(0), CpmMicros::new(*bid).unwrap());
            }
            let mean = bids.iter().sum::<i64>() / i64::try_from(bids.len()).unwrap();
            prop_assert_eq!(past.brought(Cell(0)), CpmMicros::new(mean));
        }
    }
}
