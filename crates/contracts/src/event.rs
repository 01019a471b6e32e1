//! Events worth money, on the durable log (money.md, "Settle").

use serde::{Deserialize, Serialize};
use units::{CpmMicros, Currency, PartnerId, UnixMillis};

use crate::notice::{NoticeClaims, SellClaims};

/// The money log of one shard: notices and markers, in order. `{…}` is the Cluster hash tag.
pub const MONEY_STREAM: &str = "gavel:money:{0}";
/// What was delivered on the sell side: source of revenue.
pub const DELIVERY_STREAM: &str = "gavel:delivery:{0}";
/// What the exchange counts of its DSPs.
pub const TALLY_STREAM: &str = "gavel:tally:{0}";
/// The exchange's outbox of calls to DSPs.
pub const OUTBOX_STREAM: &str = "gavel:outbox:{0}";
/// Auction records, trimmed by length.
pub const RECORD_STREAM: &str = "gavel:records";

/// What came after the records, trimmed by length.
pub const NOTICE_STREAM: &str = "gavel:record-notices";

/// An entry of the money log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "event")]
pub enum MoneyEvent {
    /// A notice or tracker call with a token of ours.
    Notice(Box<NoticeEvent>),
    /// The fence was raised: no entry behind this one has a `settle_by + 30 s` at or before it.
    Marker {
        /// The fence, by the ledger's clock.
        fence: UnixMillis,
    },
}

/// A call that was acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NoticeEvent {
    /// What the token says.
    pub claims: NoticeClaims,
    /// What the caller says it costs.
    #[serde(default)]
    pub price: PriceTold,
    /// Loss reason, for a loss.
    #[serde(default)]
    pub loss: Option<i32>,
    /// When it was taken, by the endpoint's clock; for reports only.
    pub at: UnixMillis,
}

/// The price of a notice as the caller told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "told")]
pub enum PriceTold {
    /// Readable, and in the token's currency.
    Clearing {
        /// CPM in that currency.
        price: CpmMicros,
    },
    /// Missing, an unexpanded macro, unreadable, negative: the bid's price counts, flagged.
    #[default]
    Unreadable,
    /// In another currency than the token's: the bid's price counts, flagged.
    OtherCurrency {
        /// The one that was told.
        currency: Currency,
    },
    /// `AUDIT`: acknowledged, and no money moves.
    Audit,
}

/// An entry of the delivery log: what the exchange accounts for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeliveryEvent {
    /// What the token says.
    pub claims: SellClaims,
    /// When it was taken.
    pub at: UnixMillis,
    /// What is told of it.
    #[serde(default)]
    pub fact: DeliveryFact,
}

/// What an entry of the delivery log tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryFact {
    /// What the claims' kind names has happened.
    #[default]
    Happened,
    /// A crawler reported it: it is counted apart, and nobody is billed.
    Filtered,
    /// The DSP's billing notice came to its end.
    Notified(NoticeEnd),
}

/// How the calls of a DSP's billing notice ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeEnd {
    /// The DSP acknowledged it.
    Acknowledged,
    /// Its URL may not be called (S8).
    Refused,
    /// The DSP acknowledged nothing while the notice was good.
    Expired,
}

/// An entry of the tally log: what was counted since the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TallyEvent {
    /// By DSP and day.
    pub tallies: Vec<PartnerTally>,
}

/// What is counted of a DSP and kept in no row of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartnerTally {
    /// The DSP.
    pub partner: PartnerId,
    /// The first instant of the day, in UTC.
    pub day: UnixMillis,
    /// Auctions that it won.
    pub won: u64,
    /// Win notices that it took.
    pub win_notices: u64,
}
