//! What is kept in memory of an auction: facts, and all of its texts in one. A new auction is written over an
//! old one, so that none allocates for it or frees what another left; words are made of it when somebody asks.

use exchange_core::auction::Fate;
use exchange_core::payout::Payout;
use exchange_core::privacy::Reason;
use exchange_core::{Cause, Medium};
use units::{AuctionId, CpmMicros, Currency, UnixMillis};

use super::later::{Later, News};
use super::records::{NoticeRecord, PodRecord};
use super::waterfall::{Micros, Steps};
use crate::metrics::Outcome;

/// One auction.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(super) id: AuctionId,
    pub(super) request_id: Text,
    pub(super) at: UnixMillis,
    pub(super) outcome: Outcome,
    pub(super) reason: Option<Text>,
    pub(super) took: Micros,
    pub(super) steps: Steps,
    pub(super) request: RequestFacts,
    pub(super) imps: Vec<ImpFacts>,
    pub(super) asks: Vec<AskFacts>,
    pub(super) bids: Vec<BidFacts>,
    /// `adomain` of the bids, one bid's behind the other's.
    pub(super) domains: Vec<Text>,
    pub(super) pods: Vec<PodRecord>,
    pub(super) catalog_version: Option<u64>,
    pub(super) rates_version: Option<u32>,
    pub(super) is_provisional: bool,
    /// It was settled again from its record: nothing is known of times and notices.
    pub(super) is_again: bool,
    pub(super) notices: Vec<NoticeFacts>,
    pub(super) texts: Texts,
}

/// What a request asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RequestFacts {
    pub(super) seller: Text,
    /// `at`.
    pub(super) at: i32,
    pub(super) tmax_ms: u32,
    /// Site domain or app bundle.
    pub(super) source: Option<Text>,
    pub(super) is_test: bool,
    pub(super) privacy: Option<Reason>,
    pub(super) repairs: u32,
}

/// One imp.
#[derive(Debug, Clone, Copy)]
pub(super) struct ImpFacts {
    pub(super) id: Text,
    /// Which of [`Medium::ALL`] it offers.
    pub(super) formats: [bool; Medium::ALL.len()],
    pub(super) floor: CpmMicros,
    pub(super) currency: Currency,
    pub(super) deals: usize,
}

/// One partner of the auction: asked or passed over.
#[derive(Debug, Clone, Copy)]
pub(super) struct AskFacts {
    pub(super) dsp: Text,
    pub(super) is_asked: bool,
    /// `bid`, `no_bid`, `timeout`, `shed`, `error`, `not_waited_for`, or why it was not asked.
    pub(super) status: &'static str,
    /// Of an `error`, what it was.
    pub(super) error: Option<Text>,
    /// `None` where no end of a call is known.
    pub(super) call: Option<CallFacts>,
    pub(super) bids: usize,
    pub(super) nbr: Option<i32>,
    pub(super) privacy: Option<Reason>,
}

/// One call.
#[derive(Debug, Clone, Copy)]
pub(super) struct CallFacts {
    pub(super) took: Micros,
    /// From the request's arrival.
    pub(super) from: Micros,
    /// From the request's arrival.
    pub(super) to: Micros,
    pub(super) connect: Option<Micros>,
    pub(super) head: Option<Micros>,
    pub(super) rest: Option<Micros>,
}

/// One bid.
#[derive(Debug, Clone, Copy)]
pub(super) struct BidFacts {
    pub(super) dsp: Text,
    pub(super) seat: Option<Text>,
    pub(super) id: Text,
    pub(super) imp: Text,
    pub(super) price: Option<CpmMicros>,
    pub(super) currency: Currency,
    pub(super) deal: Option<Text>,
    pub(super) campaign: Option<Text>,
    pub(super) creative: Option<Text>,
    /// How many of [`Facts::domains`] are its own.
    pub(super) domains: usize,
    pub(super) fate: Fate,
    /// What decided against it.
    pub(super) cause: Option<Cause>,
    /// Its number among the winners of its imp, from 0.
    pub(super) ad: u32,
    /// What was told of its win after the auction.
    pub(super) later: Later,
    /// It won, and its win notice brought no markup that may be shown.
    pub(super) is_forfeit: bool,
    /// What is paid for it, when it won.
    pub(super) payout: Option<Payout>,
}

impl BidFacts {
    /// Whether it won, and nothing was told since by which it sold nothing.
    pub(super) const fn is_sold(&self) -> bool {
        let is_forfeit = self.is_forfeit || self.later.is_forfeit();
        matches!(self.fate, Fate::Won(_)) && !is_forfeit && !self.later.is_lost()
    }
}

/// A notice that was called or taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct NoticeFacts {
    kind: &'static str,
    dsp: Text,
    imp: Text,
    outcome: &'static str,
    at: UnixMillis,
}

/// Where a text stands among [`Texts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Text {
    from: u32,
    to: u32,
}

/// The texts of an auction.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts(String);

impl Texts {
    /// Keeps a text.
    pub(super) fn keep(&mut self, text: &str) -> Text {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let from = place(self.0.len());
        self.0.push_str(text);
        Text {
            from,
            to: place(self.0.len()),
        }
    }

    /// Keeps a text that may not be there.
    pub(super) fn keep_some(&mut self, text: Option<&str>) -> Option<Text> {
        text.map(|text| self.keep(text))
    }

    /// A text that was kept here.
    pub(super) fn get(&self, text: Text) -> &str {
        let place = |at: u32| usize::try_from(at).unwrap_or(usize::MAX);
        let text = self.0.get(place(text.from)..place(text.to));
        text.unwrap_or_default()
    }
}

/// Room that an auction of the usual size needs, in items of a list and bytes of text.
const USUAL: usize = 16;
const USUAL_TEXT: usize = 2_048;

impl Facts {
    /// Nothing yet.
    pub(super) fn blank() -> Box<Self> {
        let id = AuctionId::new(UnixMillis(0), [0; 10]);
        Box::new(Self::of(id, UnixMillis(0)))
    }

    const fn of(id: AuctionId, at: UnixMillis) -> Self {
        Self {
            id,
            request_id: Text { from: 0, to: 0 },
            at,
            outcome: Outcome::NoBid,
            reason: None,
            took: Micros::NONE,
            steps: Steps::NONE,
            request: RequestFacts {
                seller: Text { from: 0, to: 0 },
                at: 0,
                tmax_ms: 0,
                source: None,
                is_test: false,
                privacy: None,
                repairs: 0,
            },
            imps: Vec::new(),
            asks: Vec::new(),
            bids: Vec::new(),
            domains: Vec::new(),
            pods: Vec::new(),
            catalog_version: None,
            rates_version: None,
            is_provisional: false,
            is_again: false,
            notices: Vec::new(),
            texts: Texts(String::new()),
        }
    }

    /// Begins with another auction in the same memory.
    pub(super) fn begin(&mut self, id: AuctionId, at: UnixMillis) {
        let before = std::mem::replace(self, Self::of(id, at));
        self.imps = emptied(before.imps);
        self.asks = emptied(before.asks);
        self.bids = emptied(before.bids);
        self.domains = emptied(before.domains);
        self.pods = emptied(before.pods);
        self.notices = emptied(before.notices);
        let Texts(mut texts) = before.texts;
        let room = USUAL_TEXT.max(texts.len().saturating_mul(4));
        texts.clear();
        texts.shrink_to(room);
        self.texts = Texts(texts);
    }

    /// The SSP's request id; empty when it could not be read.
    pub(super) fn request_id(&self) -> &str {
        self.texts.get(self.request_id)
    }

    /// Adds what was told of a winner: whose it is, on which imp, and its number among the winners of that.
    pub(super) fn hear(&mut self, (dsp, imp, ad): (&str, &str, u32), news: News) {
        let Self { bids, texts, .. } = self;
        let bid = bids.iter_mut().find(|bid| {
            let is_winner = matches!(bid.fate, Fate::Won(_)) && bid.ad == ad;
            is_winner && texts.get(bid.dsp) == dsp && texts.get(bid.imp) == imp
        });
        if let Some(bid) = bid {
            bid.later.hear(news);
        }
    }

    /// Adds a notice.
    pub(super) fn note(&mut self, notice: &NoticeRecord<'_>) {
        self.notices.push(NoticeFacts {
            kind: notice.kind,
            dsp: self.texts.keep(notice.dsp),
            imp: self.texts.keep(notice.imp),
            outcome: notice.outcome,
            at: notice.at,
        });
    }

    /// Its notices, in the order in which they came.
    pub(super) fn notices(&self) -> impl Iterator<Item = NoticeRecord<'_>> {
        self.notices.iter().map(|notice| NoticeRecord {
            kind: notice.kind,
            dsp: self.texts.get(notice.dsp),
            imp: self.texts.get(notice.imp),
            outcome: notice.outcome,
            at: notice.at,
        })
    }
}

/// A list without its items. It keeps its memory, but for what a much larger auction needed.
fn emptied<T>(mut list: Vec<T>) -> Vec<T> {
    let room = USUAL.max(list.len().saturating_mul(4));
    list.clear();
    list.shrink_to(room);
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_as_they_were_kept() {
        let mut texts = Texts::default();
        let kept = ["", "é", "rival", "", "é"].map(|text| texts.keep(text));
        assert_eq!(
            kept.map(|text| texts.get(text)),
            ["", "é", "rival", "", "é"]
        );
        assert_eq!(texts.keep_some(None), None);
        assert_eq!(texts.get(Text { from: 1, to: 2 }), "", "no place of a text");
    }

    #[test]
    fn an_auction_is_written_into_the_memory_of_another() {
        let mut facts = Facts::blank();
        let (id, at) = (AuctionId::new(UnixMillis(7), [1; 10]), UnixMillis(7));
        let notice = NoticeRecord {
            kind: "win",
            dsp: "rival",
            imp: "1",
            outcome: "sent",
            at,
        };
        let fill = |facts: &mut Facts, count: usize| {
            facts.begin(id, at);
            facts.request_id = facts.texts.keep("request");
            (0..count).for_each(|_| facts.note(&notice));
            (facts.notices.capacity(), facts.texts.0.capacity())
        };
        let room = fill(&mut facts, 20);
        let kept = facts.notices.as_ptr();
        assert_eq!(fill(&mut facts, 10), room, "nothing is given back");
        assert_eq!(facts.notices.as_ptr(), kept, "nor taken");
        assert_eq!(
            (facts.request_id(), facts.notices().count()),
            ("request", 10)
        );
        assert_eq!(facts.notices().last().map(|it| it.dsp), Some("rival"));

        let (most, _) = fill(&mut facts, 1_000);
        fill(&mut facts, 0);
        let (left, _) = fill(&mut facts, 0);
        assert!(left < most, "{left}: what few auctions need is not kept");
    }
}
