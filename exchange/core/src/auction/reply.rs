//! What the DSPs answered: reading it, and letting bids in.

use openrtb::{BadBid, Bid, BidResponse, Repairs, SeatBid, Str};
use units::{CpmMicros, Currency};

use super::judge::{Fate, Judged};
use super::plan::Plan;
use super::rank::{Standing, tie_rank};
use crate::clearing::Pricing;
use crate::conditions::Conditions;
use crate::deals;
use crate::loss::Loss;
use crate::market::Market;
use crate::screening::{self, Admitted, Case};

/// How a call to a DSP ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached<'b> {
    /// 200 with a body.
    Body(&'b [u8]),
    /// 204, or 200 without a body.
    NoContent,
    /// Not in time.
    TimedOut,
    /// It shed the request: counted as a timeout for throttling, not as a polite no-bid (R22).
    Shed,
    /// Any other status, or no answer at all.
    Failed,
}

/// What came back from one ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reply<'b> {
    /// Index of the ask.
    pub ask: usize,
    /// How the call ended.
    pub reached: Reached<'b>,
}

/// What an ask came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyFate {
    /// So many bids.
    Bids(usize),
    /// A polite no-bid, with its reason where one was given (C-131).
    NoBid(Option<i32>),
    /// Not in time.
    TimedOut,
    /// Shed.
    Shed,
    /// Failed, or the answer could not be read: an error, not a no-bid.
    Failed,
}

impl ReplyFate {
    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Bids(_) => "bid",
            Self::NoBid(_) => "no_bid",
            Self::TimedOut => "timeout",
            Self::Shed => "shed",
            Self::Failed => "error",
        }
    }
}

/// An admitted bid between screening and ranking; price and floor in its own currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Contender {
    /// Its index among all bids.
    pub(super) bid: usize,
    /// Index of its partner in the market.
    pub(super) partner: usize,
    pub(super) price: CpmMicros,
    pub(super) floor: CpmMicros,
    pub(super) currency: Currency,
    pub(super) pricing: Pricing,
    /// Length of the ad, where it tells one.
    pub(super) seconds: Option<i32>,
    pub(super) standing: Standing,
}

/// Takes replies in, one after the other.
pub(super) struct BidIntake<'p, 'b> {
    plan: &'p Plan<'p>,
    market: &'p Market,
    conditions: &'p Conditions<'p>,
    bids: Vec<Judged<'b>>,
    contenders: Vec<Contender>,
    repairs: Vec<(usize, Repairs)>,
    groups: usize,
}

impl<'p, 'b> BidIntake<'p, 'b> {
    pub(super) fn new(
        plan: &'p Plan<'p>,
        market: &'p Market,
        conditions: &'p Conditions<'p>,
    ) -> Self {
        Self {
            plan,
            market,
            conditions,
            bids: Vec::new(),
            contenders: Vec::new(),
            repairs: Vec::new(),
            groups: 0,
        }
    }

    /// What was tolerated in the replies so far.
    pub(super) fn take_repairs(&mut self) -> Vec<(usize, Repairs)> {
        std::mem::take(&mut self.repairs)
    }

    /// Every bid, and those that were admitted.
    pub(super) fn done(self) -> (Vec<Judged<'b>>, Vec<Contender>) {
        (self.bids, self.contenders)
    }

    /// Reads one reply and screens its bids.
    pub(super) fn take(&mut self, reply: &Reply<'b>) -> ReplyFate {
        let body = match reply.reached {
            Reached::Body(body) => body,
            Reached::NoContent => return ReplyFate::NoBid(None),
            Reached::TimedOut => return ReplyFate::TimedOut,
            Reached::Shed => return ReplyFate::Shed,
            Reached::Failed => return ReplyFate::Failed,
        };
        let Ok((response, repairs)) = BidResponse::read(body, &self.market.policy.limits) else {
            return ReplyFate::Failed;
        };
        if !repairs.is_empty() {
            self.repairs.push((reply.ask, repairs));
        }
        if response.is_no_bid() {
            return ReplyFate::NoBid(response.nbr.map(|nbr| nbr.0));
        }
        if self.plan.asks.get(reply.ask).is_none() {
            return ReplyFate::Failed;
        }
        let first = self.bids.len();
        let answer = Answer {
            ask: reply.ask,
            first,
            currency: response.cur(),
            bidid: response.bidid.clone(),
            is_ours: response.id.as_deref() == Some(self.plan.request_id.as_str()),
        };
        for seat in response.seatbid {
            self.take_seat(&answer, seat);
        }
        ReplyFate::Bids(self.bids.len() - first)
    }

    fn take_seat(&mut self, answer: &Answer<'b>, seat: SeatBid<'b>) {
        let group = seat.group().then(|| {
            self.groups += 1;
            self.groups
        });
        for bid in seat.bid {
            let readable = bid.is_ok();
            let bid = bid.unwrap_or_else(remains);
            let own = self.bids.get(answer.first..).unwrap_or_default();
            let repeated = own.iter().any(|other| other.bid.id == bid.id);
            let mut judged = answer.judged(self.plan, &bid, seat.seat.clone(), group);
            let verdict = if !readable {
                Err(Loss::Malformed)
            } else if bid.has_duplicate_key() {
                Err(Loss::DuplicateKey)
            } else if !answer.is_ours {
                Err(Loss::WrongAuction)
            } else if repeated {
                Err(Loss::DuplicateBid)
            } else {
                self.admit(&mut judged, &bid)
            };
            // Last: its partner is to learn of every other reason first.
            let is_test = self.plan.is_test(answer.ask);
            let verdict = verdict.and_then(|contender| {
                if is_test {
                    Err(Loss::InTesting)
                } else {
                    Ok(contender)
                }
            });
            judged.bid = bid;
            match verdict {
                Ok(contender) => self.contenders.push(contender),
                Err(loss) => {
                    judged.fate = Fate::Lost {
                        loss,
                        minimum_to_win: None,
                    };
                }
            }
            self.bids.push(judged);
        }
    }

    /// Screens one readable bid of ours.
    fn admit(&self, judged: &mut Judged<'b>, bid: &Bid<'b>) -> Result<Contender, Loss> {
        let request = &self.plan.intake.request;
        let ask = self.plan.asks.get(judged.ask).ok_or(Loss::WrongAuction)?;
        let partner = self
            .market
            .partners
            .get(ask.partner)
            .ok_or(Loss::WrongAuction)?;
        let index = judged.imp.ok_or(Loss::UnknownImp)?;
        let imp = request.imp.get(index).ok_or(Loss::UnknownImp)?;
        if !ask.views.iter().any(|view| view.imp == index) {
            return Err(Loss::UnknownImp);
        }
        if !request.allows(judged.currency) {
            return Err(Loss::CurrencyNotAllowed);
        }
        let case = Case {
            request,
            imp,
            partner,
            seat: judged.seat.as_deref(),
            bid,
            currency: judged.currency,
            rates: &self.market.rates,
            policy: &self.market.policy,
            conditions: self.conditions,
            registry: &self.market.registry,
        };
        let admitted: Admitted<'_> = match screening::screen(&case) {
            Ok(admitted) => admitted,
            Err(loss) => {
                if loss.is_by_price() {
                    judged.floor = screening::floor_of(&case);
                }
                return Err(loss);
            }
        };
        let rates = &self.market.rates;
        let price = rates
            .convert_price(admitted.price, judged.currency, self.plan.currency)
            .ok_or(Loss::CurrencyNotAllowed)?;
        judged.floor = Some(admitted.floor);
        judged.medium = Some(admitted.medium);
        Ok(Contender {
            bid: self.bids.len(),
            partner: ask.partner,
            price: admitted.price,
            floor: admitted.floor,
            currency: judged.currency,
            pricing: deals::pricing(admitted.deal, request.at().0),
            seconds: admitted.seconds,
            standing: Standing {
                imp: index,
                tier: deals::tier(admitted.deal),
                price,
                tie: tie_rank(self.plan.auction, partner.id.as_str(), bid.id()),
                group: judged.group,
            },
        })
    }
}

/// What all bids of one answer share.
struct Answer<'b> {
    ask: usize,
    /// Index of its first bid among all.
    first: usize,
    currency: Currency,
    bidid: Option<Str<'b>>,
    is_ours: bool,
}

impl<'b> Answer<'b> {
    fn judged(
        &self,
        plan: &Plan<'_>,
        bid: &Bid<'b>,
        seat: Option<Str<'b>>,
        group: Option<usize>,
    ) -> Judged<'b> {
        let imps = &plan.intake.request.imp;
        Judged {
            ask: self.ask,
            partner: plan.asks.get(self.ask).map_or(0, |ask| ask.partner),
            seat,
            bidid: self.bidid.clone(),
            currency: self.currency,
            imp: imps.iter().position(|imp| imp.id() == bid.impid()),
            bid: Bid::default(),
            group,
            medium: None,
            floor: None,
            fate: Fate::Lost {
                loss: Loss::Outbid,
                minimum_to_win: None,
            },
        }
    }
}

/// What is left of a bid that cannot be read: enough to record it and to tell its bidder.
fn remains(bad: BadBid<'_>) -> Bid<'_> {
    Bid {
        id: bad.id,
        lurl: bad.lurl,
        ..Bid::default()
    }
}
