//! The world around the books: time, messages, outages, and the facts that are checked.

mod bidder;
mod facts;
mod keeper;
mod log;
mod senders;
mod terms;
mod world;

pub(crate) use world::Simulation;

/// A mistake that the simulation has to find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    Nothing,
    /// A reservation bills as often as it is told.
    DedupeOff,
    /// Answers and leases of an older epoch are used.
    EpochIgnored,
    /// A bidder takes a reservation back half a second later.
    LocalRelease,
    /// Leases close by the ledger's clock, whatever is still in the log.
    CloseByTimer,
    /// The position is committed before what was read is applied.
    TwoTransactions,
    /// A restarted bidder takes an answer to its former self.
    RevivedGrant,
    /// A cut takes effect at once.
    CutWithoutEffective,
    /// The fence is raised right after an outage.
    NoStandAfterGap,
    /// What is told is charged up to the reservation's maximum, whatever was bid.
    BidIgnored,
    /// `AUDIT` is appended, so that the notice behind it is a repetition.
    AuditsUseUp,
}

/// SplitMix64: the same schedule for the same seed.
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        (self.roll() % bound.unsigned_abs().max(1)).cast_signed()
    }

    pub(crate) fn percent(&mut self, chance: i64) -> bool {
        self.below(100) < chance
    }
}
