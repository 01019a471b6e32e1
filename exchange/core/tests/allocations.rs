//! P8, P9: allocations of settling, counted. One test, since the count is of the whole process.

mod support;

use std::alloc::System;

use exchange_core::Conditions;
use exchange_core::auction::{Reached, Reply, settle};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{example, intake, market, partner, planned};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Of the auction itself: its lists of replies, bids, contenders and winners, which grow a few times.
const OF_THE_AUCTION: usize = 14;
/// Of each answer: its seats, bids, and lists in bids, and the markup that JSON had escaped.
const OF_AN_ANSWER: usize = 13;

#[test]
fn settling_allocates_little() {
    let (request, response) = example("02-multiformat-26");
    let intake = intake(&request);
    let partners: Vec<_> = (0..20).map(|n| partner(&format!("dsp-{n}"))).collect();
    let market = market(&partners);
    let plan = planned(&intake, &market, 1);
    let conditions = Conditions::default();
    let counted = |dsps: usize| {
        let replies: Vec<Reply<'_>> = (0..dsps)
            .map(|ask| Reply {
                ask,
                reached: Reached::Body(response.as_bytes()),
            })
            .collect();
        let region = Region::new(ALLOCATOR);
        let settlement = settle(&plan, &market, &conditions, &replies);
        let change = region.change();
        assert_eq!(settlement.winners.len(), 1);
        change.allocations + change.reallocations
    };
    // What the test's own harness does at the same time counts, too: the least of a few.
    let least = |dsps| (0..5).map(|_| counted(dsps)).min().unwrap();
    let (one, twenty) = (least(1), least(20));
    let each = (twenty - one).div_ceil(19);
    assert!(each <= OF_AN_ANSWER, "{each} for each answer of two bids");
    assert!(
        one - each <= OF_THE_AUCTION,
        "{} for the auction",
        one - each
    );
}
