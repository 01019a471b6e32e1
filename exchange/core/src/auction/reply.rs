//! What the DSPs answered: reading it, and letting bids in.

use contracts::catalog::DemandPartner;
use openrtb::native::NativeRequest;
use openrtb::{BadBid, Bid, BidResponse, Imp, Repairs, Room, Str};
use units::{CpmMicros, Currency};

use super::judge::{Fate, Judged};
use super::plan::{Ask, Plan};
use super::rank::{Lots, Standing};
use crate::clearing::Pricing;
use crate::conditions::Conditions;
use crate::deals;
use crate::loss::Loss;
use crate::market::Market;
use crate::medium::Medium;
use crate::screening::{self, Admitted, Case, Refused};

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
    /// Rank among equals of each bid, which also tells repeated ids apart.
    ties: Vec<u64>,
    contenders: Vec<Contender>,
    repairs: Vec<(usize, Repairs)>,
    groups: usize,
    natives: Natives<'p>,
    /// Where the next answer's bids are read to.
    room: Room<'b>,
}

/// Bids of an answer that there is room for beforehand.
const USUAL_BIDS: usize = 4;

/// What native imps ask for, by the index of the imp; each is read when the first bid on it comes. None where it
/// cannot be read.
pub(super) type Natives<'p> = Vec<(usize, Option<NativeRequest<'p>>)>;

/// What an imp's native object asks for, its assets in the order of their ids.
pub(super) fn asked<'p>(imp: &'p Imp<'p>) -> Option<NativeRequest<'p>> {
    let mut asked = imp.native.as_deref()?.request().ok()?;
    asked.assets.sort_by_key(|asset| asset.id);
    Some(asked)
}

impl<'p, 'b> BidIntake<'p, 'b> {
    pub(super) fn new(
        plan: &'p Plan<'p>,
        market: &'p Market,
        conditions: &'p Conditions<'p>,
    ) -> Self {
        // Most answers hold a bid for each imp.
        let usual = plan.intake.request.imp.len().min(USUAL_BIDS) * plan.asks.len();
        Self {
            plan,
            market,
            conditions,
            bids: Vec::with_capacity(usual),
            ties: Vec::with_capacity(usual),
            contenders: Vec::with_capacity(usual),
            repairs: Vec::new(),
            groups: 0,
            natives: Vec::new(),
            room: Room::default(),
        }
    }

    /// What was tolerated in the replies so far.
    pub(super) fn take_repairs(&mut self) -> Vec<(usize, Repairs)> {
        std::mem::take(&mut self.repairs)
    }

    /// Every bid, those that were admitted, and what native imps ask for.
    pub(super) fn done(self) -> (Vec<Judged<'b>>, Vec<Contender>, Natives<'p>) {
        (self.bids, self.contenders, self.natives)
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
        let limits = &self.market.policy.limits;
        let Ok((response, repairs)) = BidResponse::read_in(body, limits, &mut self.room) else {
            return ReplyFate::Failed;
        };
        if !repairs.is_empty() {
            self.repairs.push((reply.ask, repairs));
        }
        if response.is_no_bid() {
            return ReplyFate::NoBid(response.nbr.map(|nbr| nbr.0));
        }
        let (plan, market) = (self.plan, self.market);
        let Some(ask) = plan.asks.get(reply.ask) else {
            return ReplyFate::Failed;
        };
        let Some(partner) = market.partners.get(ask.partner) else {
            return ReplyFate::Failed;
        };
        let first = self.bids.len();
        let answer = Answer {
            number: reply.ask,
            ask,
            partner,
            first,
            currency: response.cur(),
            bidid: response.bidid.clone(),
            is_ours: response.id.as_deref() == Some(plan.request_id.as_str()),
            lots: Lots::of(plan.auction, partner.id.as_str()),
        };
        for seat in response.seatbid {
            let group = seat.group().then(|| {
                self.groups += 1;
                self.groups
            });
            let mut bids = seat.bid;
            for bid in bids.drain(..) {
                self.judge(&answer, bid, &seat.seat, group);
            }
            self.room.keep(bids);
        }
        ReplyFate::Bids(self.bids.len() - first)
    }

    fn judge(
        &mut self,
        answer: &Answer<'_, 'b>,
        bid: Result<Bid<'b>, BadBid<'b>>,
        seat: &Option<Str<'b>>,
        group: Option<usize>,
    ) {
        let (bid, readable) = match bid {
            Ok(bid) => (bid, true),
            Err(bad) => (remains(bad), false),
        };
        let imps = &self.plan.intake.request.imp;
        let imp = imps.iter().position(|imp| imp.id() == bid.impid());
        let tie = answer.lots.draw(bid.id());
        let mut candidate = Candidate {
            imp,
            seat: seat.as_deref(),
            group,
            tie,
            medium: None,
            floor: None,
        };
        let verdict: Result<Contender, Refused> = if !readable {
            Err(Loss::Malformed.into())
        } else if bid.has_duplicate_key() {
            Err(Loss::DuplicateKey.into())
        } else if !answer.is_ours {
            Err(Loss::WrongAuction.into())
        } else if self.repeats(answer, &bid, tie) {
            Err(Loss::DuplicateBid.into())
        } else {
            self.read_native(imp, &bid);
            self.admit(answer, &bid, &mut candidate)
        };
        // Last: its partner is to learn of every other reason first.
        let is_test = self.plan.is_test(answer.number);
        let verdict = verdict.and_then(|contender| {
            if is_test {
                Err(Loss::InTesting.into())
            } else {
                Ok(contender)
            }
        });
        let (medium, floor) = (candidate.medium, candidate.floor);
        // An admitted bid has lost until it wins.
        let Refused { loss, cause } = match verdict {
            Ok(contender) => {
                self.contenders.push(contender);
                Loss::Outbid.into()
            }
            Err(refused) => refused,
        };
        self.ties.push(tie);
        self.bids.push(Judged {
            ask: answer.number,
            partner: answer.ask.partner,
            seat: seat.clone(),
            bidid: answer.bidid.clone(),
            currency: answer.currency,
            imp,
            bid,
            group,
            medium,
            floor,
            fate: Fate::Lost {
                loss,
                minimum_to_win: None,
            },
            cause,
        });
    }

    /// Whether an earlier bid of the answer has the same id. Numbers are compared first: there may be
    /// thousands of bids.
    fn repeats(&self, answer: &Answer<'_, 'b>, bid: &Bid<'b>, tie: u64) -> bool {
        let ties = self.ties.get(answer.first..).unwrap_or_default();
        ties.contains(&tie)
            && self
                .bids
                .get(answer.first..)
                .unwrap_or_default()
                .iter()
                .any(|other| other.bid.id == bid.id)
    }

    fn read_native(&mut self, index: Option<usize>, bid: &Bid<'_>) {
        let imp = index.and_then(|index| Some((index, self.plan.intake.request.imp.get(index)?)));
        if let Some((index, imp)) = imp.filter(|(_, imp)| screening::may_be_native(imp, bid))
            && self.natives.iter().all(|(known, _)| *known != index)
        {
            self.natives.push((index, asked(imp)));
        }
    }

    /// Screens one readable bid of ours.
    fn admit(
        &self,
        answer: &Answer<'_, 'b>,
        bid: &Bid<'b>,
        candidate: &mut Candidate<'_>,
    ) -> Result<Contender, Refused> {
        let request = &self.plan.intake.request;
        let index = candidate.imp.ok_or(Loss::UnknownImp)?;
        let imp = request.imp.get(index).ok_or(Loss::UnknownImp)?;
        if !answer.ask.views.iter().any(|view| view.imp == index) {
            return Err(Loss::UnknownImp.into());
        }
        if !request.allows(answer.currency) {
            return Err(Loss::CurrencyNotAllowed.into());
        }
        let case = Case {
            request,
            lists: &self.plan.lists,
            number: index,
            imp,
            native: self
                .natives
                .iter()
                .find(|(known, _)| *known == index)
                .and_then(|(_, asked)| asked.as_ref()),
            partner: answer.partner,
            seat: candidate.seat,
            bidid: answer.bidid.as_deref(),
            bid,
            currency: answer.currency,
            at: self.plan.at,
            rates: &self.market.rates,
            policy: &self.market.policy,
            conditions: self.conditions,
            registry: &self.market.registry,
        };
        let admitted: Admitted<'_> = match screening::screen(&case) {
            Ok(admitted) => admitted,
            Err(refused) => {
                if refused.loss.is_by_price() {
                    candidate.floor = screening::floor_of(&case);
                }
                return Err(refused);
            }
        };
        let rates = &self.market.rates;
        let price = rates
            .convert_price(admitted.price, answer.currency, self.plan.currency)
            .ok_or(Loss::CurrencyNotAllowed)?;
        candidate.floor = Some(admitted.floor);
        candidate.medium = Some(admitted.medium);
        Ok(Contender {
            bid: self.bids.len(),
            partner: answer.ask.partner,
            price: admitted.price,
            floor: admitted.floor,
            currency: answer.currency,
            pricing: deals::pricing(admitted.deal, request.at().0),
            seconds: admitted.seconds,
            standing: Standing {
                imp: index,
                tier: deals::tier(admitted.deal),
                price,
                tie: candidate.tie,
                group: candidate.group,
            },
        })
    }
}

/// What all bids of one answer share.
struct Answer<'a, 'b> {
    /// Number of the ask.
    number: usize,
    ask: &'a Ask,
    partner: &'a DemandPartner,
    /// Index of its first bid among all.
    first: usize,
    currency: Currency,
    bidid: Option<Str<'b>>,
    is_ours: bool,
    lots: Lots,
}

/// What is known of a bid beside the bid, and what screening finds out.
struct Candidate<'c> {
    imp: Option<usize>,
    seat: Option<&'c str>,
    group: Option<usize>,
    tie: u64,
    medium: Option<Medium>,
    floor: Option<CpmMicros>,
}

/// What is left of a bid that cannot be read: enough to record it and to tell its bidder.
fn remains(bad: BadBid<'_>) -> Bid<'_> {
    Bid {
        id: bad.id,
        lurl: bad.lurl,
        ..Bid::default()
    }
}
