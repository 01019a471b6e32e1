//! What came of an auction, as data; the same for a replay, bit for bit.

use std::borrow::Cow;

use exchange_core::Market;
use exchange_core::auction::{Fate, Judged, Plan, ReplyFate, Settlement, Tier};
use exchange_core::payout::{Payout, Share};
use exchange_core::pods::{Filling, Worth, members};
use serde::{Deserialize, Serialize};
use units::{CpmMicros, Currency, Multiplier, Nanos};

use super::Forfeit;

/// What came of an auction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome<'o> {
    /// Currency of comparison and of the answer.
    pub currency: Currency,
    /// Who was asked.
    pub asked: Vec<Asked<'o>>,
    /// Who was not.
    pub not_asked: Vec<Passed<'o>>,
    /// XXH3 of each body that was sent, SHA-256 in records of format 1; none where the request is not whole.
    pub bodies: Vec<String>,
    /// What each ask came to, in the order of the answers.
    pub replies: Vec<Replied<'o>>,
    /// Every bid with its fate.
    pub bids: Vec<Judgement<'o>>,
    /// Indices of the bids that won, in the order of the imps.
    pub winners: Vec<usize>,
    /// How each pod was filled, in the order of its first imp.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pods: Vec<Pod>,
    /// Version of the rates that prices were compared at.
    #[serde(default)]
    pub rates: u32,
    /// Run, but never billed.
    #[serde(default)]
    pub is_test: bool,
    /// Somebody upstream decides, so that winning here was not final.
    #[serde(default)]
    pub is_provisional: bool,
}

/// How a pod was filled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pod {
    /// The ads in it, by their numbers among those that were considered for it.
    pub ads: Vec<usize>,
    /// What they bring together, tier by tier.
    pub worth: Worth,
    /// States that were written to find it.
    pub steps: usize,
    /// Whether no other set brings more.
    pub exact: bool,
}

impl Pod {
    fn of(filling: &Filling) -> Self {
        Self {
            ads: members(filling.ads).collect(),
            worth: filling.worth,
            steps: filling.steps,
            exact: filling.exact,
        }
    }
}

/// A partner that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked<'o> {
    /// Which.
    pub dsp: Cow<'o, str>,
    /// Milliseconds that it had.
    pub budget_ms: u32,
    /// Index of its body.
    pub body: usize,
    /// How many imps it saw.
    pub imps: usize,
}

/// A partner that was not asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed<'o> {
    /// Which.
    pub dsp: Cow<'o, str>,
    /// Why.
    pub reason: Cow<'o, str>,
}

/// What an ask came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replied<'o> {
    /// Whose.
    pub dsp: Cow<'o, str>,
    /// `bid`, `no_bid`, `timeout`, `shed` or `error`.
    pub status: Cow<'o, str>,
    /// How many bids.
    pub bids: usize,
    /// The no-bid reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbr: Option<i32>,
}

/// One bid with its fate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement<'o> {
    /// Whose.
    pub dsp: Cow<'o, str>,
    /// Its seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<Cow<'o, str>>,
    /// Its id.
    pub id: Cow<'o, str>,
    /// The imp that it names.
    pub imp: Cow<'o, str>,
    /// Its price in its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<CpmMicros>,
    /// Its currency.
    pub currency: Currency,
    /// The floor that applied, where screening came that far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<CpmMicros>,
    /// What it won, if it won.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub won: Option<Won<'o>>,
    /// Why it lost, if it lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost<'o>>,
}

/// What a winner pays, in its currency unless told otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Won<'o> {
    /// What the auction came to.
    pub clearing: CpmMicros,
    /// What the seller took off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<CpmMicros>,
    /// What is paid.
    pub price: CpmMicros,
    /// The same in the answer's currency.
    pub answer_price: CpmMicros,
    /// The least that would have won; absent in a pod where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_to_win: Option<CpmMicros>,
    /// The part of the clearing price that the discount is, in millionths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount_share: Option<Multiplier>,
    /// Its place in a dynamic break, from 1 (C-101).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<u32>,
    /// What is paid for what is shown, and our part of it; absent for a forfeit and in records of format 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout: Option<Paid>,
    /// `open`, `private`, `preferred` or `guaranteed`.
    pub tier: Cow<'o, str>,
    /// Why it was shown nowhere, where it was not: [`Forfeit::reason`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forfeit: Option<Cow<'o, str>>,
}

/// What is paid for what is shown (C-120, C-150).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    /// The whole cost, in millionths of a thousandth.
    pub gross: Nanos,
    /// The exchange's fee of it; the rest is the seller's share.
    pub fee: Nanos,
    /// Currency of both.
    pub currency: Currency,
}

impl From<Payout> for Paid {
    fn from(payout: Payout) -> Self {
        Self {
            gross: payout.gross,
            fee: payout.fee,
            currency: payout.currency,
        }
    }
}

/// Why a bid lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost<'o> {
    /// The standard's code.
    pub code: u16,
    /// Our name for it.
    pub reason: Cow<'o, str>,
    /// The least that would have won, where price was the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_to_win: Option<CpmMicros>,
}

impl<'o> Outcome<'o> {
    /// Of a settled auction. The digests of the bodies are added by who has them.
    #[must_use]
    pub fn of(
        market: &'o Market,
        plan: &'o Plan<'_>,
        settlement: &'o Settlement<'_>,
        share: Share,
        forfeits: &'o [Forfeit],
    ) -> Self {
        let name = |index: usize| {
            let partner = market.partners.get(index);
            Cow::Borrowed(partner.map_or("", |partner| partner.id.as_str()))
        };
        let asked = plan.asks.iter().map(|ask| Asked {
            dsp: name(ask.partner),
            budget_ms: ask.budget_ms,
            body: ask.body,
            imps: ask.views.len(),
        });
        let passed = plan.not_asked.iter().map(|(index, reason)| Passed {
            dsp: name(*index),
            reason: reason.label().into(),
        });
        let replies = settlement.replies.iter().map(|(ask, fate)| {
            let (bids, nbr) = match fate {
                ReplyFate::Bids(bids) => (*bids, None),
                ReplyFate::NoBid(nbr) => (0, *nbr),
                ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => (0, None),
            };
            let ask = plan.asks.get(*ask);
            Replied {
                dsp: ask.map_or_else(Cow::default, |ask| name(ask.partner)),
                status: fate.label().into(),
                bids,
                nbr,
            }
        });
        let bids = settlement.bids.iter().enumerate().map(|(at, judged)| {
            let forfeit = Forfeit::of(forfeits, at);
            let sold = judged.win().filter(|_| forfeit.is_none());
            let payout = sold.map(|win| {
                let payout = share.of_win(plan, &market.rates, judged, win);
                Paid::from(payout)
            });
            Judgement::of(name(judged.partner), judged, payout, forfeit)
        });
        Self {
            currency: plan.currency,
            asked: asked.collect(),
            not_asked: passed.collect(),
            bodies: Vec::new(),
            replies: replies.collect(),
            bids: bids.collect(),
            winners: settlement.winners.clone(),
            pods: settlement.pods.iter().map(Pod::of).collect(),
            rates: settlement.rates,
            is_test: settlement.is_test,
            is_provisional: settlement.is_provisional,
        }
    }

    /// The same with the digests of what was sent.
    #[must_use]
    pub fn with_bodies(mut self, bodies: &[impl AsRef<[u8]>], digest: fn(&[u8]) -> String) -> Self {
        let digests = bodies.iter().map(|body| digest(body.as_ref()));
        self.bodies = digests.collect();
        self
    }
}

impl<'o> Judgement<'o> {
    fn of(
        dsp: Cow<'o, str>,
        judged: &'o Judged<'_>,
        payout: Option<Paid>,
        forfeit: Option<&'o str>,
    ) -> Self {
        let (won, lost) = match judged.fate {
            Fate::Won(win) => {
                let won = Won {
                    clearing: win.clearing,
                    discount: win.discount.map(|it| it.amount),
                    price: win.price,
                    answer_price: win.answer_price,
                    minimum_to_win: win.minimum_to_win,
                    discount_share: win.discount.map(|it| it.share),
                    slot: win.slot,
                    payout,
                    tier: tier(win.tier).into(),
                    forfeit: forfeit.map(Cow::Borrowed),
                };
                (Some(won), None)
            }
            Fate::Lost {
                loss,
                minimum_to_win,
            } => {
                let lost = Lost {
                    code: loss.code(),
                    reason: loss.label().into(),
                    minimum_to_win,
                };
                (None, Some(lost))
            }
        };
        Self {
            dsp,
            seat: judged.seat.as_deref().map(Cow::Borrowed),
            id: judged.bid.id().into(),
            imp: judged.bid.impid().into(),
            price: judged.bid.price.cpm(),
            currency: judged.currency,
            floor: judged.floor,
            won,
            lost,
        }
    }
}

/// The name of a tier.
pub(crate) const fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Open => "open",
        Tier::Private => "private",
        Tier::Preferred => "preferred",
        Tier::Guaranteed => "guaranteed",
    }
}
