//! An auction's facts put into words: the record that `GET /auction/{id}` shows.

use exchange_core::auction::{Fate, Win};
use exchange_core::payout::Payout;
use exchange_core::privacy::Reason;
use exchange_core::{Medium, Why};

use super::facts::{AskFacts, BidFacts, CallFacts, Facts, ImpFacts, RequestFacts, Text};
use super::fate::Words;
use super::forfeit::FORFEIT;
use super::records::{
    AskRecord, BidRecord, CallRecord, DiscountRecord, ImpSummary, LossRecord, PayoutRecord, Record,
    RequestSummary, SaleRecord,
};
use super::waterfall::Micros;
use crate::metrics::Outcome;
use crate::records::tier;

/// The outcome of a win that the SSP told the loss of.
const LOST_UPSTREAM: &str = "lost_upstream";

impl Facts {
    /// Its record.
    pub(super) fn record(&self) -> Record<'_> {
        let mut domains = self.domains.iter().map(|domain| self.texts.get(*domain));
        Record {
            id: self.id,
            request_id: self.request_id(),
            at: self.at,
            outcome: self.told_outcome(),
            reason: self.text(self.reason),
            duration_ms: (!self.is_again).then(|| self.took.millis()),
            waterfall: self.steps.told().collect(),
            request: self.request(&self.request),
            dsps: self.asks.iter().map(|ask| self.ask(ask)).collect(),
            bids: self
                .bids
                .iter()
                .map(|bid| self.bid(bid, domains.by_ref().take(bid.domains).collect()))
                .collect(),
            pods: self.pods.clone(),
            catalog_version: self.catalog_version,
            rates_version: self.rates_version,
            provisional: self.is_provisional,
            settled_again: self.is_again,
            notices: self.notices().collect(),
        }
    }

    /// How it ended, with what is known of its wins by now.
    fn told_outcome(&self) -> &'static str {
        let wins = || {
            self.bids
                .iter()
                .filter(|bid| matches!(bid.fate, Fate::Won(_)))
        };
        if self.outcome != Outcome::Won || wins().any(BidFacts::is_sold) {
            self.outcome.label()
        } else if wins().any(|bid| bid.later.is_lost()) {
            LOST_UPSTREAM
        } else {
            FORFEIT
        }
    }

    fn text(&self, text: Option<Text>) -> Option<&str> {
        text.map(|text| self.texts.get(text))
    }

    fn request(&self, request: &RequestFacts) -> RequestSummary<'_> {
        RequestSummary {
            seller: self.texts.get(request.seller),
            imps: self.imps.iter().map(|imp| self.imp(imp)).collect(),
            at: request.at,
            tmax_ms: request.tmax_ms,
            source: self.text(request.source),
            test: request.is_test,
            privacy: request.privacy.map(Reason::label),
            repairs: request.repairs,
        }
    }

    fn imp(&self, imp: &ImpFacts) -> ImpSummary<'_> {
        let formats = Medium::ALL.into_iter().zip(imp.formats);
        ImpSummary {
            id: self.texts.get(imp.id),
            formats: formats
                .filter(|(_, is_offered)| *is_offered)
                .map(|(medium, _)| medium.name())
                .collect(),
            floor: imp.floor,
            currency: imp.currency,
            deals: imp.deals,
        }
    }

    fn ask(&self, ask: &AskFacts) -> AskRecord<'_> {
        AskRecord {
            dsp: self.texts.get(ask.dsp),
            asked: ask.is_asked,
            status: ask.status,
            error: self.text(ask.error),
            duration_ms: ask.call.map(|call| call.took.millis()),
            call: ask.call.map(call),
            bids: ask.bids,
            nbr: ask.nbr,
            privacy: ask.privacy.map(Reason::label),
        }
    }

    fn bid<'f>(&'f self, bid: &BidFacts, adomain: Vec<&'f str>) -> BidRecord<'f> {
        let is_test = self.request.is_test;
        let (outcome, loss, clearing_price, minimum_to_win) = match bid.fate {
            Fate::Won(win) if bid.is_sold() => ("won", None, Some(win.price), win.minimum_to_win),
            Fate::Won(win) => {
                let is_forfeit = bid.is_forfeit || bid.later.is_forfeit();
                let outcome = if is_forfeit { FORFEIT } else { LOST_UPSTREAM };
                (outcome, None, None, win.minimum_to_win)
            }
            Fate::Lost {
                loss,
                minimum_to_win,
            } => {
                let why = Why {
                    loss,
                    cause: bid.cause,
                    currency: bid.currency,
                };
                ("lost", Some(loss_record(why)), None, minimum_to_win)
            }
        };
        BidRecord {
            dsp: self.texts.get(bid.dsp),
            seat: self.text(bid.seat),
            id: self.texts.get(bid.id),
            imp: self.texts.get(bid.imp),
            price: bid.price,
            currency: bid.currency,
            deal: self.text(bid.deal),
            campaign_id: self.text(bid.campaign),
            creative_id: self.text(bid.creative),
            adomain,
            outcome,
            fate: Words {
                fate: bid.fate,
                cause: bid.cause,
                currency: bid.currency,
                is_forfeit: bid.is_forfeit,
                later: bid.later,
                is_test,
            },
            loss,
            clearing_price,
            minimum_to_win,
            sale: match (bid.fate, bid.payout) {
                (Fate::Won(win), Some(payout)) if bid.is_sold() => {
                    Some(sale(&win, Some(payout).filter(|_| !is_test)))
                }
                (Fate::Won(_) | Fate::Lost { .. }, _) => None,
            },
        }
    }
}

fn call(call: CallFacts) -> CallRecord {
    CallRecord {
        from_ms: call.from.millis(),
        to_ms: call.to.millis(),
        connect_ms: call.connect.map(Micros::millis),
        head_ms: call.head.map(Micros::millis),
        rest_ms: call.rest.map(Micros::millis),
    }
}

/// `payout` is absent where nobody pays.
fn sale(win: &Win, payout: Option<Payout>) -> SaleRecord {
    SaleRecord {
        tier: tier(win.tier),
        slot: win.slot,
        discount: win.discount.map(|discount| DiscountRecord {
            percent: discount.percent(),
            amount: discount.amount,
        }),
        payout: payout.map(|payout| PayoutRecord {
            gross: payout.gross,
            fee: payout.fee,
            net: payout.net(),
            currency: payout.currency,
        }),
    }
}

fn loss_record(why: Why) -> LossRecord {
    LossRecord {
        code: why.loss.code(),
        reason: why.loss.label(),
        words: why,
    }
}
