//! One bid and what became of it.

use openrtb::{Bid, Str};
use units::{CpmMicros, Currency};

use super::rank::Tier;
use crate::cause::Cause;
use crate::clearing::Discount;
use crate::loss::Loss;
use crate::medium::Medium;

/// A bid that reached the auction, with its fate.
#[derive(Debug)]
pub struct Judged<'b> {
    /// Index of the ask it answers.
    pub ask: usize,
    /// Index of its partner in the market.
    pub partner: usize,
    /// The seat it bids for.
    pub seat: Option<Str<'b>>,
    /// `bidid` of its answer.
    pub bidid: Option<Str<'b>>,
    /// Currency of its answer.
    pub currency: Currency,
    /// Index of its imp, when it names one that was offered.
    pub imp: Option<usize>,
    /// The bid; what could be read of it, when it is malformed.
    pub bid: Bid<'b>,
    /// Its all-or-nothing seatbid, numbered over the auction.
    pub group: Option<usize>,
    /// The media object it answers, when it was admitted.
    pub medium: Option<Medium>,
    /// The floor that applied, in its currency, where screening came that far.
    pub floor: Option<CpmMicros>,
    /// What became of it.
    pub fate: Fate,
    /// What decided against it, where its loss alone does not tell it.
    pub cause: Option<Cause>,
}

/// What became of a bid: exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It won its imp.
    Won(Win),
    /// It lost.
    Lost {
        /// Why.
        loss: Loss,
        /// The least that would have won, in the bid's currency; only where price was the cause.
        minimum_to_win: Option<CpmMicros>,
    },
}

/// What a winner pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Win {
    /// What the auction came to, in the bid's currency: between floor and bid.
    pub clearing: CpmMicros,
    /// What the seller takes off it.
    pub discount: Option<Discount>,
    /// What is paid: the clearing price without the discount, in the bid's currency.
    pub price: CpmMicros,
    /// The same in the answer's currency.
    pub answer_price: CpmMicros,
    /// The floor that applied, in the bid's currency.
    pub floor: CpmMicros,
    /// The least that would have won, in the bid's currency; absent in a pod where more than its own price
    /// decided, or that is beyond the bound of the work.
    pub minimum_to_win: Option<CpmMicros>,
    /// Its tier.
    pub tier: Tier,
    /// Its place in a dynamic break, from 1 (C-101).
    pub slot: Option<u32>,
}

impl Judged<'_> {
    /// What it won, if it won.
    #[must_use]
    pub const fn win(&self) -> Option<&Win> {
        match &self.fate {
            Fate::Won(win) => Some(win),
            Fate::Lost { .. } => None,
        }
    }

    /// Why it lost, if it lost.
    #[must_use]
    pub const fn loss(&self) -> Option<Loss> {
        match self.fate {
            Fate::Won(_) => None,
            Fate::Lost { loss, .. } => Some(loss),
        }
    }
}
