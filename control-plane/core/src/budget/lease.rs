//! A lease: a slice of a line item's budget, journaled before a bidder may use it.

use units::{BidderId, BootId, CampaignId, LeaseId, LineItemId, Nanos, UnixMillis};

use super::account::{AccountKey, Level};

/// Where a lease stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseState {
    /// Reservations may be made on it.
    Open,
    /// Its bidder told that none is made any more, and what it committed.
    Ended,
    /// The fence has passed it: its hold is back.
    Closed,
}

impl LeaseState {
    /// The word under which it is stored and shown.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Ended => "ended",
            Self::Closed => "closed",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Open, Self::Ended, Self::Closed]
            .into_iter()
            .find(|state| state.word() == word)
    }
}

/// A slice of a line item's budget, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Its id.
    pub id: LeaseId,
    /// Whose budget: line item.
    pub line_item: LineItemId,
    /// Whose budget: campaign.
    pub campaign: CampaignId,
    /// Who holds it.
    pub bidder: BidderId,
    /// In which start of that bidder.
    pub boot: BootId,
    /// The line item's epoch at the grant.
    pub epoch: u64,
    /// What it was granted with.
    pub face: Nanos,
    /// Charged.
    pub settled: Nanos,
    /// Given back by charges under the maximum, and by losses.
    pub released: Nanos,
    /// Given back at its end and its close.
    pub returned: Nanos,
    /// The day to which its spend belongs, whenever it settles.
    pub day: UnixMillis,
    /// The hour to which its spend belongs.
    pub hour: UnixMillis,
    /// The ledger's clock at the grant.
    pub granted_at: UnixMillis,
    /// When the bidder's time to live is used up.
    pub expires_at: UnixMillis,
    /// Until when its notices are accepted.
    pub settle_by: UnixMillis,
    /// Where it stands.
    pub state: LeaseState,
}

impl Lease {
    /// What it still holds.
    #[must_use]
    pub fn hold(&self) -> Nanos {
        self.face - self.settled - self.released - self.returned
    }

    /// Its accounts, in the order of locks.
    #[must_use]
    pub fn accounts(&self) -> [AccountKey; 4] {
        keys(
            self.campaign.as_str(),
            self.line_item.as_str(),
            self.day,
            self.hour,
        )
    }
}

/// The accounts on which money of a line item counts, in the order of locks.
pub(super) fn keys(
    campaign: &str,
    line_item: &str,
    day: UnixMillis,
    hour: UnixMillis,
) -> [AccountKey; 4] {
    [
        AccountKey::lifetime(Level::Campaign, campaign),
        AccountKey::lifetime(Level::LineItem, line_item),
        AccountKey::bucket(Level::Day, campaign, day),
        AccountKey::bucket(Level::Hour, campaign, hour),
    ]
}
