//! An auction as `GET /auction/{id}` shows it.

use contracts::record::AuctionNotice;
use exchange_core::Why;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use units::{AuctionId, CpmMicros, Currency, Multiplier, Nanos, UnixMillis};

use super::fate::Words;
use super::waterfall::Step;

/// One auction: who was asked, what was bid, who won, whom we told.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Record<'r> {
    /// The auction's id, also its trace id.
    pub id: AuctionId,
    /// The SSP's request id; empty when it could not be read.
    pub request_id: &'r str,
    /// When the request arrived, RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    pub at: UnixMillis,
    /// `won`, `no_bid`, `shed` or `invalid`; `lost_upstream` or `forfeit` where nothing is left of what was won.
    pub outcome: &'static str,
    /// Why there was no auction or no bid, where that is one reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'r str>,
    /// From arrival to answer; absent where it was settled again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// Where the time went; the parts of `ask` are with each DSP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waterfall: Vec<Step>,
    /// What was asked for.
    pub request: RequestSummary<'r>,
    /// Every partner: asked or passed over.
    pub dsps: Vec<AskRecord<'r>>,
    /// Every bid with its fate.
    pub bids: Vec<BidRecord<'r>>,
    /// How each pod was filled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<PodRecord>,
    /// Version of the catalog that it was held by; absent where there was none, or the request could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_version: Option<u64>,
    /// Version of the rates that prices were compared at; absent where there was no auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates_version: Option<u32>,
    /// Somebody upstream decides, so that winning here was not final.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// It left memory and was settled again from its record on disk, which has no times and no notices.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub settled_again: bool,
    /// Notices that were called or taken.
    pub notices: Vec<NoticeRecord<'r>>,
}

/// What a request asked for.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct RequestSummary<'r> {
    /// Who sent it: an account's or a publisher's name.
    pub seller: &'r str,
    /// Each imp.
    pub imps: Vec<ImpSummary<'r>>,
    /// `at`.
    pub at: i32,
    /// The time it gave, in milliseconds.
    pub tmax_ms: u32,
    /// Site domain or app bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'r str>,
    /// Run, but never billed.
    pub test: bool,
    /// Why ids were taken out before DSPs saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<&'static str>,
    /// Deviations from the standard that were tolerated.
    pub repairs: u32,
}

/// One imp.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ImpSummary<'r> {
    /// Its id.
    pub id: &'r str,
    /// Media objects offered.
    pub formats: Vec<&'static str>,
    /// Its floor.
    #[serde(with = "units::json::cpm")]
    pub floor: CpmMicros,
    /// The floor's currency.
    pub currency: Currency,
    /// How many deals it offers.
    pub deals: usize,
}

/// One partner of the auction.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct AskRecord<'r> {
    /// The partner's id.
    pub dsp: &'r str,
    /// Whether it was asked.
    pub asked: bool,
    /// `bid`, `no_bid`, `timeout`, `shed`, `error`, or why it was not asked.
    pub status: &'static str,
    /// Of an `error`, what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<&'r str>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<f64>,
    /// When its call began and ended and what its parts took.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallRecord>,
    /// How many bids it made.
    pub bids: usize,
    /// Its no-bid reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbr: Option<i32>,
    /// Why it was not told of the person what others may know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<&'static str>,
}

/// One call, in milliseconds.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct CallRecord {
    /// From the request's arrival to the call's begin.
    pub from_ms: f64,
    /// From the request's arrival to its end.
    pub to_ms: f64,
    /// TCP's handshake, where the call made its connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connect_ms: Option<f64>,
    /// From sending the request to the head of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_ms: Option<f64>,
    /// All the rest, the answer's body above all; also names, TLS and the wait for a connection.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rest_ms: Option<f64>,
}

/// One bid.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct BidRecord<'r> {
    /// Whose.
    pub dsp: &'r str,
    /// Its seat.
    pub seat: Option<&'r str>,
    /// Its id.
    pub id: &'r str,
    /// The imp it names.
    pub imp: &'r str,
    /// Its price, when it has one.
    #[serde(with = "units::json::cpm_opt")]
    pub price: Option<CpmMicros>,
    /// Its currency.
    pub currency: Currency,
    /// Its deal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal: Option<&'r str>,
    /// Its `cid`.
    pub campaign_id: Option<&'r str>,
    /// Its `crid`.
    pub creative_id: Option<&'r str>,
    /// Its `adomain`.
    pub adomain: Vec<&'r str>,
    /// `won`, `lost`, or of a win `forfeit` or `lost_upstream`.
    pub outcome: &'static str,
    /// What became of it, in words.
    pub fate: Words,
    /// Why it lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossRecord>,
    /// What it pays, when it won.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    pub clearing_price: Option<CpmMicros>,
    /// What it is told as `${AUCTION_MIN_TO_WIN}`, where price was the cause.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    pub minimum_to_win: Option<CpmMicros>,
    /// What else is to be told of a bid that won.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub sale: Option<SaleRecord>,
}

fn rfc3339<S: Serializer>(at: &UnixMillis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339())
}

/// What a bid that won is worth to whom.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct SaleRecord {
    /// `open`, `private`, `preferred` or `guaranteed`.
    pub tier: &'static str,
    /// Its place in a dynamic break, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// What the seller took off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount: Option<DiscountRecord>,
    /// What is paid for what is shown; absent in a test, which nobody pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payout: Option<PayoutRecord>,
}

/// A seller's discount.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct DiscountRecord {
    /// The part of the clearing price, in percent.
    #[serde(with = "units::json::multiplier_opt")]
    pub percent: Option<Multiplier>,
    /// The amount, a CPM in the bid's currency.
    #[serde(with = "units::json::cpm")]
    pub amount: CpmMicros,
}

/// The cost of what is shown, and its parts (C-120, C-150).
#[derive(Debug, Clone, Serialize)]
pub(crate) struct PayoutRecord {
    /// All of it.
    #[serde(with = "units::json::nanos")]
    pub gross: Nanos,
    /// Ours.
    #[serde(with = "units::json::nanos")]
    pub fee: Nanos,
    /// The seller's.
    #[serde(with = "units::json::nanos")]
    pub net: Nanos,
    /// Currency of all three.
    pub currency: Currency,
}

/// How a pod was filled.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct PodRecord {
    /// How many ads are in it.
    pub ads: u32,
    /// States that were written to find them.
    pub steps: usize,
    /// Whether no other set brings more.
    pub exact: bool,
}

/// Why a bid lost.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LossRecord {
    /// The standard's code.
    pub code: u16,
    /// The metric label.
    pub reason: &'static str,
    /// In words.
    #[serde(serialize_with = "told")]
    pub words: Why,
}

fn told<S: Serializer>(why: &Why, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(why)
}

/// A notice that was called, or taken from an SSP or a page.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct NoticeRecord<'n> {
    /// `win`, `loss`, `bill`, `markup`, `impression`, `click` or `view`.
    pub kind: &'static str,
    /// Whose.
    pub dsp: &'n str,
    /// The imp.
    pub imp: &'n str,
    /// `sent`, `received`, `filtered`, `refused_host`, `refused`, `failed`, `expired`, `dropped`; `too_long` where it was not
    /// called for its length; `after_billing` of a loss that was told too late; of markup `served`, or why not.
    pub outcome: &'static str,
    /// When, RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    pub at: UnixMillis,
}

impl Record<'_> {
    /// The bid that won first.
    pub(super) fn first_won(&self) -> Option<&BidRecord<'_>> {
        self.bids.iter().find(|bid| bid.outcome == "won")
    }

    /// The same for the history.
    fn winner(&self) -> Value {
        self.first_won().map_or(Value::Null, |bid| {
            let price = bid.clearing_price.map(|price| price.to_string());
            let price = price.and_then(|text| serde_json::from_str::<Value>(&text).ok());
            json!({
                "dsp": bid.dsp,
                "campaign_id": bid.campaign_id,
                "price": price,
                "currency": bid.currency,
            })
        })
    }

    /// Its line in the history.
    #[must_use]
    pub(crate) fn line(&self) -> Value {
        json!({
            "id": self.id,
            "request_id": self.request_id,
            "at": self.at.to_rfc3339(),
            "outcome": self.outcome,
            "imps": self.request.imps.len(),
            "dsps_asked": self.dsps.iter().filter(|dsp| dsp.asked).count(),
            "bids": self.bids.len(),
            "winner": self.winner(),
            "duration_ms": self.duration_ms,
        })
    }
}

impl NoticeRecord<'_> {
    /// Whether it says that somebody pays: not of a loss.
    pub(super) fn has_money(&self) -> bool {
        self.kind != "loss"
    }

    /// The same as the control plane is told of it by itself.
    pub(super) fn of(self, auction: AuctionId) -> AuctionNotice {
        AuctionNotice {
            auction,
            kind: self.kind.into(),
            dsp: self.dsp.to_owned(),
            imp: self.imp.to_owned(),
            outcome: self.outcome.into(),
            at: self.at,
        }
    }
}
