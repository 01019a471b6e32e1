//! The proof of money.md as a deterministic simulation: the ledger's own books, with bidders, endpoints,
//! log, clock and outages around them, by a seeded schedule in virtual time. What is checked are the
//! simulator's own facts, never the program's counters. Planted mistakes must be found, or it proves nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod simulation;

use simulation::{Plant, Simulation};

#[test]
fn no_seed_violates_anything() {
    std::thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for seed in (half..1_000).step_by(2) {
                    if let Err(violation) = Simulation::run(seed, Plant::Nothing) {
                        panic!("seed {seed}: {violation}");
                    }
                }
            });
        }
    });
}

#[test]
fn the_schedules_are_worth_something() {
    let [mut bids, mut billed, mut lost, mut closed] = [0; 4];
    for seed in 0..20 {
        let done = Simulation::run(seed, Plant::Nothing).unwrap();
        bids += done.bids;
        billed += done.billed;
        lost += done.released;
        closed += done.closed;
    }
    assert!(
        bids > 20_000 && billed > 5_000 && lost > 1_000 && closed > 1_000,
        "{bids} {billed} {lost} {closed}"
    );
}

#[test]
fn a_seed_is_the_same_again() {
    let once = Simulation::run(7, Plant::Nothing).unwrap();
    assert_eq!(Simulation::run(7, Plant::Nothing).unwrap(), once);
}

#[test]
fn every_planted_mistake_is_caught_within_100_seeds() {
    for plant in [
        Plant::DedupeOff,
        Plant::EpochIgnored,
        Plant::LocalRelease,
        Plant::CloseByTimer,
        Plant::TwoTransactions,
        Plant::RevivedGrant,
        Plant::CutWithoutEffective,
        Plant::NoStandAfterGap,
        Plant::BidIgnored,
        Plant::AuditsUseUp,
    ] {
        let caught = (0..100).find_map(|seed| Some((seed, Simulation::run(seed, plant).err()?)));
        match caught {
            Some((seed, violation)) => println!("{plant:?}: seed {seed}: {violation}"),
            None => panic!("{plant:?} was not caught"),
        }
    }
}
