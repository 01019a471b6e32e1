//! P8, P9: allocations of the stages of an auction, counted. One test, since the count is of the whole process.

mod support;

use std::alloc::System;

use exchange_core::Conditions;
use exchange_core::auction::{Reached, Reply, settle};
use exchange_core::intake::{Additions, Pages};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{example, intake, loaded, market, partner, planned, taken_in};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Of the auction itself: its lists of replies, bids, contenders and winners.
const OF_THE_AUCTION: usize = 11;
/// Of each answer: its seats, lists in bids, and the markup that JSON had escaped.
const OF_AN_ANSWER: usize = 6;

/// What a stage allocates. What the test's own harness does at the same time counts, too: the least of a few.
fn least<R>(mut stage: impl FnMut() -> R) -> usize {
    let counted = |_| {
        let region = Region::new(ALLOCATOR);
        let kept = stage();
        let change = region.change();
        drop(kept);
        change.allocations + change.reallocations
    };
    (0..5).map(counted).fold(usize::MAX, usize::min)
}

#[test]
fn the_stages_allocate_little() {
    let (request, response) = example("02-multiformat-26");
    let of_example = intake(&request);
    let partners: Vec<_> = (0..20).map(|n| partner(&format!("dsp-{n}"))).collect();
    let of_twenty = market(&partners);
    let plan = planned(&of_example, &of_twenty, 1);
    let conditions = Conditions::default();
    let counted = |dsps: usize| {
        let replies: Vec<Reply<'_>> = (0..dsps)
            .map(|ask| Reply {
                ask,
                reached: Reached::Body(response.as_bytes()),
            })
            .collect();
        least(|| {
            let settlement = settle(&plan, &of_twenty, &conditions, &replies);
            assert_eq!(settlement.winners.len(), 1);
            settlement
        })
    };
    let (one, twenty) = (counted(1), counted(20));
    let each = (twenty - one).div_ceil(19);
    assert!(each <= OF_AN_ANSWER, "{each} for each answer of two bids");
    assert!(
        one - each <= OF_THE_AUCTION,
        "{} for the auction",
        one - each
    );

    let of_five = market(partners.get(..5).unwrap());
    // Imps; what intake, plan and settlement may allocate.
    for (imps, most) in [
        (&loaded::USUAL[..], [28, 19, 57]),
        (&loaded::MOST[..], [35, 19, 63]),
    ] {
        let request = loaded::request(imps);
        let mut pages = Pages::default();
        let taken = least(|| {
            let intake = taken_in(&request, &mut pages, &Additions::default());
            intake.request.imp.len()
        });
        let intake = intake(&request);
        let planning = least(|| planned(&intake, &of_five, 1));
        let plan = planned(&intake, &of_five, 1);
        let bodies: Vec<String> = (0..5).map(|dsp| loaded::answer(imps, dsp, true)).collect();
        let replies: Vec<Reply<'_>> = bodies
            .iter()
            .enumerate()
            .map(|(ask, body)| Reply {
                ask,
                reached: Reached::Body(body.as_bytes()),
            })
            .collect();
        let settling = least(|| {
            let settlement = settle(&plan, &of_five, &conditions, &replies);
            assert_eq!(settlement.winners.len(), imps.len());
            settlement
        });
        let counted = [taken, planning, settling];
        assert!(
            counted
                .iter()
                .zip(most)
                .all(|(counted, most)| *counted <= most),
            "{counted:?} for {} imps, at most {most:?}",
            imps.len()
        );
    }
}
