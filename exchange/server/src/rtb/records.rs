//! The newest auctions, as `GET /auction/{id}` and `GET /auction-history` show them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde_json::{Value, json};
use units::{AuctionId, CpmMicros, Currency, Multiplier, Nanos, UnixMillis};

use super::waterfall::Step;

/// One auction: who was asked, what was bid, who won, whom we told.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Record {
    /// The auction's id, also its trace id.
    pub id: AuctionId,
    /// The SSP's request id; empty when it could not be read.
    pub request_id: String,
    /// When the request arrived, RFC 3339.
    pub at: String,
    /// The same as a number, for the control plane.
    #[serde(skip)]
    pub at_millis: UnixMillis,
    /// `won`, `no_bid`, `shed` or `invalid`.
    pub outcome: &'static str,
    /// Why there was no auction or no bid, where that is one reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// From arrival to answer.
    pub duration_ms: f64,
    /// Where the time went; the parts of `ask` are with each DSP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waterfall: Vec<Step>,
    /// What was asked for.
    pub request: RequestSummary,
    /// Every partner: asked or passed over.
    pub dsps: Vec<AskRecord>,
    /// Every bid with its fate.
    pub bids: Vec<BidRecord>,
    /// How each pod was filled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<PodRecord>,
    /// Version of the rates that prices were compared at; absent where there was no auction.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rates_version: Option<u32>,
    /// Somebody upstream decides, so that winning here was not final.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub provisional: bool,
    /// Notices that were called or taken.
    pub notices: Vec<NoticeRecord>,
}

/// What a request asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct RequestSummary {
    /// Who sent it: an account's or a publisher's name.
    pub seller: String,
    /// Each imp.
    pub imps: Vec<ImpSummary>,
    /// `at`.
    pub at: i32,
    /// The time it gave, in milliseconds.
    pub tmax_ms: u32,
    /// Site domain or app bundle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Run, but never billed.
    pub test: bool,
    /// Why ids were taken out before DSPs saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub privacy: Option<&'static str>,
    /// Deviations from the standard that were tolerated.
    pub repairs: u64,
}

/// One imp.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct ImpSummary {
    /// Its id.
    pub id: String,
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
pub(crate) struct AskRecord {
    /// The partner's id.
    pub dsp: String,
    /// Whether it was asked.
    pub asked: bool,
    /// `bid`, `no_bid`, `timeout`, `shed`, `error`, or why it was not asked.
    pub status: &'static str,
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
pub(crate) struct BidRecord {
    /// Whose.
    pub dsp: String,
    /// Its seat.
    pub seat: Option<String>,
    /// Its id.
    pub id: String,
    /// The imp it names.
    pub imp: String,
    /// Its price, when it has one.
    #[serde(with = "units::json::cpm_opt")]
    pub price: Option<CpmMicros>,
    /// Its currency.
    pub currency: Currency,
    /// Its deal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deal: Option<String>,
    /// Its `cid`.
    pub campaign_id: Option<String>,
    /// Its `crid`.
    pub creative_id: Option<String>,
    /// Its `adomain`.
    pub adomain: Vec<String>,
    /// `won` or `lost`.
    pub outcome: &'static str,
    /// What became of it, in words.
    pub fate: String,
    /// Why it lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub loss: Option<LossRecord>,
    /// What it pays, when it won.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    pub clearing_price: Option<CpmMicros>,
    /// The least that would have won, where price was the cause.
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    pub minimum_to_win: Option<CpmMicros>,
    /// What else is to be told of a bid that won.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub sale: Option<SaleRecord>,
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
    /// What is paid for what is shown.
    pub payout: PayoutRecord,
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
#[derive(Debug, Clone, Serialize)]
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
    pub words: &'static str,
}

/// A notice that was called, or taken from an SSP.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NoticeRecord {
    /// `win`, `loss`, `bill` or `impression`.
    pub kind: &'static str,
    /// Whose.
    pub dsp: String,
    /// The imp.
    pub imp: String,
    /// `sent`, `received`, `failed`, `dropped`.
    pub outcome: &'static str,
    /// When, RFC 3339.
    pub at: String,
}

impl Record {
    /// The bid that won first, for the history.
    fn winner(&self) -> Value {
        let won = self.bids.iter().find(|bid| bid.outcome == "won");
        won.map_or(Value::Null, |bid| {
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
            "at": self.at,
            "outcome": self.outcome,
            "imps": self.request.imps.len(),
            "dsps_asked": self.dsps.iter().filter(|dsp| dsp.asked).count(),
            "bids": self.bids.len(),
            "winner": self.winner(),
            "duration_ms": self.duration_ms,
        })
    }
}

/// The newest records, bounded. Locked off the path only: after the answer, or for an operator.
#[derive(Debug)]
pub(crate) struct Records {
    most: usize,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Number of the oldest one kept; numbers grow by one.
    first: u64,
    newest_last: VecDeque<Record>,
    by_id: HashMap<AuctionId, u64>,
    by_request: HashMap<String, u64>,
}

impl Records {
    /// Keeps at most so many.
    #[must_use]
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most: most.max(1),
            kept: Mutex::default(),
        }
    }

    /// Adds the newest, and forgets the oldest beyond the limit.
    pub(crate) fn add(&self, record: Record) {
        let mut kept = self.lock();
        let number = kept.first + u64::try_from(kept.newest_last.len()).unwrap_or(0);
        kept.by_id.insert(record.id, number);
        kept.by_request.insert(record.request_id.clone(), number);
        kept.newest_last.push_back(record);
        while kept.newest_last.len() > self.most {
            let Some(oldest) = kept.newest_last.pop_front() else {
                break;
            };
            let number = kept.first;
            kept.first += 1;
            kept.by_id.remove(&oldest.id);
            // A later auction may have had the same request id.
            if kept.by_request.get(&oldest.request_id) == Some(&number) {
                kept.by_request.remove(&oldest.request_id);
            }
        }
    }

    /// Adds a notice to an auction that is still kept.
    pub(crate) fn note(&self, auction: AuctionId, notice: NoticeRecord) {
        let mut kept = self.lock();
        if let Some(record) = kept
            .by_id
            .get(&auction)
            .copied()
            .and_then(|n| kept.get_mut(n))
        {
            record.notices.push(notice);
        }
    }

    /// Reads an auction's record while it is kept.
    pub(crate) fn with<T>(&self, id: AuctionId, read: impl FnOnce(&Record) -> T) -> Option<T> {
        let kept = self.lock();
        kept.get(*kept.by_id.get(&id)?).map(read)
    }

    /// An auction's document.
    #[must_use]
    pub(crate) fn by_id(&self, id: AuctionId) -> Option<Vec<u8>> {
        let kept = self.lock();
        let record = kept.get(*kept.by_id.get(&id)?)?;
        serde_json::to_vec(record).ok()
    }

    /// The document of the newest auction of a request id.
    #[must_use]
    pub(crate) fn by_request(&self, request_id: &str) -> Option<Vec<u8>> {
        let kept = self.lock();
        let record = kept.get(*kept.by_request.get(request_id)?)?;
        serde_json::to_vec(record).ok()
    }

    /// Lines of the history, newest first, beginning behind `cursor`; and the next cursor.
    #[must_use]
    pub(crate) fn history(&self, limit: usize, cursor: Option<u64>) -> (Vec<Value>, Option<u64>) {
        let kept = self.lock();
        let end = kept.first + u64::try_from(kept.newest_last.len()).unwrap_or(0);
        let from = cursor.unwrap_or(end).min(end);
        let count = u64::try_from(limit).unwrap_or(u64::MAX);
        let to = from.saturating_sub(count).max(kept.first);
        let lines = (to..from)
            .rev()
            .filter_map(|number| kept.get(number).map(Record::line))
            .collect();
        (lines, (to > kept.first).then_some(to))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    fn get(&self, number: u64) -> Option<&Record> {
        self.newest_last.get(self.index(number)?)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Record> {
        let index = self.index(number)?;
        self.newest_last.get_mut(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(n: u8, request: &str) -> Record {
        Record {
            id: AuctionId::new(UnixMillis(i64::from(n)), [n; 10]),
            request_id: request.to_owned(),
            at: UnixMillis(i64::from(n)).to_rfc3339(),
            at_millis: UnixMillis(i64::from(n)),
            outcome: "no_bid",
            reason: None,
            duration_ms: 1.5,
            waterfall: Vec::new(),
            request: RequestSummary::default(),
            dsps: Vec::new(),
            bids: Vec::new(),
            pods: Vec::new(),
            rates_version: None,
            provisional: false,
            notices: Vec::new(),
        }
    }

    #[test]
    fn the_newest_are_kept_and_found() {
        let records = Records::new(3);
        for (n, request) in [(1, "a"), (2, "b"), (3, "a"), (4, "c")] {
            records.add(record(n, request));
        }
        assert!(records.by_id(record(1, "a").id).is_none(), "forgotten");
        let newest: Value = serde_json::from_slice(&records.by_request("a").unwrap()).unwrap();
        assert_eq!(newest["id"], record(3, "a").id.to_string());
        let (lines, next) = records.history(2, None);
        let ids: Vec<&Value> = lines.iter().map(|line| &line["request_id"]).collect();
        assert_eq!(ids, ["c", "a"]);
        let (rest, none) = records.history(2, next);
        assert_eq!(rest[0]["request_id"], "b");
        assert_eq!((rest.len(), none), (1, None));
    }

    #[test]
    fn a_notice_is_added_to_its_auction() {
        let records = Records::new(3);
        records.add(record(1, "a"));
        let notice = NoticeRecord {
            kind: "win",
            dsp: "d".into(),
            imp: "1".into(),
            outcome: "sent",
            at: String::new(),
        };
        records.note(record(1, "a").id, notice.clone());
        records.note(record(9, "z").id, notice);
        let document: Value =
            serde_json::from_slice(&records.by_id(record(1, "a").id).unwrap()).unwrap();
        assert_eq!(document["notices"][0]["kind"], "win");
    }
}
