//! Whom to ask, with which body, in which time.

use contracts::catalog::{DemandPartner, MacroEncoding, NativeForm, OpenRtbVersion, PartnerStatus};
use contracts::matches::Matches;
use openrtb::{Deal, Imp};
use units::{AuctionId, Currency, UnixMillis};

use super::body::{self, Recipient};
use super::rank::tie_rank;
use crate::floors::Unpriced;
use crate::intake::Intake;
use crate::market::Market;
use crate::privacy::{self, Mask, Reason, Signals, Told};
use crate::routing::{Cell, NotAsked, Selection, View};
use crate::screening::Lists;

/// Who sells: a row of our sellers.json.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seller<'t> {
    /// Its id there; `sid` of our supply chain node.
    pub sid: &'t str,
    /// Whether it owns what it sells, so that a chain that begins here is complete (C-145).
    pub is_owner: bool,
}

/// What an auction is given from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms<'t> {
    /// Its id.
    pub auction: AuctionId,
    /// The id of the request that DSPs are sent, answer with and get in `${AUCTION_ID}`: of our own making,
    /// since two SSPs may use the same one.
    pub request_id: &'t str,
    /// Milliseconds until DSPs must have answered: what is left of `tmax`, less our own part.
    pub remaining_ms: u32,
    /// Who sells.
    pub seller: Seller<'t>,
    /// What partners call the user, as far as our match table knows (C-143).
    pub matches: &'t Matches,
    /// When the request arrived: ids that have run out by then are not known any more.
    pub at: UnixMillis,
}

/// One partner that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Its index in the market.
    pub partner: usize,
    /// Index of its body; partners that see the same share one.
    pub body: usize,
    /// Milliseconds that we wait for it.
    pub budget_ms: u32,
    /// The kind of the request to it.
    pub cell: Cell,
    /// The imps that it sees.
    pub views: Vec<View>,
    /// Whether it is sent a live request as a test: its partner is in testing.
    pub test: bool,
    /// Whether ids go into the macros of its notices and markup as they are.
    pub plain_ids: bool,
    /// What it may not learn of the person.
    pub mask: Mask,
    /// Why it may not.
    pub privacy: Option<Reason>,
}

/// A partner that would be asked.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'c> {
    /// Its index in the market.
    pub index: usize,
    /// What the catalog says of it.
    pub partner: &'c DemandPartner,
    /// The kind of the request to it.
    pub cell: Cell,
    /// Uniform over all numbers, from the auction's id and the partner's: what is left to chance.
    pub draw: u32,
}

/// How a partner that may be asked is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// Milliseconds that the network takes of its time.
    pub network_ms: u32,
}

/// An auction before its one wait.
#[derive(Debug)]
pub struct Plan<'a> {
    /// Its id.
    pub auction: AuctionId,
    /// The id of the request that DSPs are sent.
    pub request_id: String,
    /// When the request arrived.
    pub at: UnixMillis,
    /// What the SSP asked.
    pub intake: &'a Intake<'a>,
    /// What the request blocks and allows, ready to be looked up.
    pub lists: Lists,
    /// Currency of comparison and of our answer: the first of the request's that we can convert to.
    pub currency: Currency,
    /// Why what our own bidder may learn was masked, if it was: the request's own reason.
    pub privacy: Option<Reason>,
    /// Who is asked.
    pub asks: Vec<Ask>,
    /// Bodies, shared by index.
    pub bodies: Vec<Vec<u8>>,
    /// Who is not asked, and why, by index in the market.
    pub not_asked: Vec<(usize, NotAsked)>,
}

impl Plan<'_> {
    /// Whether an ask, by its index, is a copy of a live request sent as a test.
    #[must_use]
    pub fn is_test(&self, ask: usize) -> bool {
        self.asks.get(ask).is_some_and(|ask| ask.test)
    }

    /// Whether guaranteed deals alone could fill every imp: only then it may pay not to wait for everybody.
    #[must_use]
    pub fn may_fill_early(&self) -> bool {
        let imps = &self.intake.request.imp;
        imps.iter().all(|imp| imp.deals().iter().any(Deal::guar))
    }

    /// Whether an ask, by its index, sees a guaranteed deal that it could win by. While one of them has not
    /// answered nothing is decided by the guarantees that have come: what comes first is not what wins.
    #[must_use]
    pub fn may_win_by_guarantee(&self, ask: usize) -> bool {
        let imps = &self.intake.request.imp;
        let Some(ask) = self.asks.get(ask).filter(|ask| !ask.test) else {
            return false;
        };
        ask.views.iter().any(|view| {
            let deals = imps.get(view.imp).map(Imp::deals).unwrap_or_default();
            let mut seen = deals.iter().enumerate().filter(|(_, deal)| deal.guar());
            seen.any(|(index, _)| view.sees_deal(index))
        })
    }
}

/// Plans an auction. `admit` is asked last for each partner that would be asked: its limit of requests a
/// second, what such requests brought so far, whether it is ejected and how far it is, are state that the
/// server holds.
#[must_use]
pub fn plan<'a>(
    intake: &'a Intake<'a>,
    market: &Market,
    terms: &Terms<'_>,
    mut admit: impl FnMut(&Candidate<'_>) -> Result<Reach, NotAsked>,
) -> Plan<'a> {
    let request = &intake.request;
    let told = Told::by(request);
    let signals = Signals::of(request, &told, market.privacy);
    let mut plan = Plan {
        auction: terms.auction,
        request_id: terms.request_id.to_owned(),
        at: terms.at,
        intake,
        lists: Lists::of(terms.auction),
        currency: answer_currency(&request.cur, market),
        privacy: privacy::decide(&signals, privacy::Recipient::Ours).reason,
        asks: Vec::with_capacity(market.partners.len()),
        bodies: Vec::new(),
        not_asked: Vec::new(),
    };
    let unpriced = Unpriced::of(request, &market.rates, plan.currency);
    let selection = Selection::of(request, &market.pretargets, terms.seller.sid, unpriced);
    let [of_unknown, of_known] = [false, true].map(|knows_user| Cell::of(request, knows_user));
    let mut sameness: Vec<Sameness<'_>> = Vec::new();
    for (index, partner) in market.partners.iter().enumerate() {
        let decision = privacy::decide(&signals, privacy::Recipient::of(partner));
        let mask = decision.mask;
        let known = terms.matches.uid(&partner.id, terms.at);
        let buyeruid = body::own_buyeruid(request, partner, mask, known);
        let candidate = Candidate {
            index,
            partner,
            cell: if buyeruid.is_some() {
                of_known
            } else {
                of_unknown
            },
            draw: draw(terms.auction, partner),
        };
        let admitted = selection
            .views(index, partner, buyeruid.is_some())
            .and_then(|views| Ok((views, admit(&candidate)?)));
        let (views, reach) = match admitted {
            Ok(admitted) => admitted,
            Err(reason) => {
                plan.not_asked.push((index, reason));
                continue;
            }
        };
        let budget_ms = partner
            .timeout_ms
            .map_or(terms.remaining_ms, |most| most.min(terms.remaining_ms));
        let tmax_ms = budget_ms.saturating_sub(reach.network_ms).max(1);
        let sees = Sameness {
            tmax_ms,
            mask,
            buyeruid,
            version: partner.openrtb_version,
            native: partner.native_request,
            test: partner.status == PartnerStatus::Testing && !request.test(),
        };
        let test = sees.test;
        let shared = plan.asks.iter().find_map(|ask| {
            let same = sameness.get(ask.body) == Some(&sees) && ask.views == views;
            same.then_some(ask.body)
        });
        let body = shared.or_else(|| {
            let recipient = Recipient {
                views: &views,
                mask,
                request_id: terms.request_id,
                tmax_ms,
                buyeruid: sees.buyeruid.as_deref(),
                seller: terms.seller,
                domain: &market.domain,
                version: sees.version,
                native: sees.native,
                test: sees.test,
            };
            plan.bodies.push(body::write(intake, &recipient)?);
            sameness.push(sees);
            Some(plan.bodies.len() - 1)
        });
        let Some(body) = body else {
            plan.not_asked.push((index, NotAsked::Dialect));
            continue;
        };
        plan.asks.push(Ask {
            partner: index,
            body,
            budget_ms,
            cell: candidate.cell,
            views,
            test,
            plain_ids: partner.macro_encoding == MacroEncoding::None,
            mask,
            privacy: decision.reason,
        });
    }
    plan
}

impl Plan<'_> {
    /// What a partner that was asked, by its index in the market, may not learn of the person.
    #[must_use]
    pub fn mask_of(&self, partner: usize) -> Mask {
        let ask = self.asks.iter().find(|ask| ask.partner == partner);
        ask.map_or(Mask::NONE, |ask| ask.mask)
    }
}

/// What makes two partners' bodies differ, beside the imps they see.
#[derive(Debug, PartialEq)]
struct Sameness<'a> {
    tmax_ms: u32,
    mask: Mask,
    buyeruid: Option<openrtb::Str<'a>>,
    version: OpenRtbVersion,
    native: NativeForm,
    test: bool,
}

/// A number of the auction and the partner alone: the same for a replay, and for no two of them related.
fn draw(auction: AuctionId, partner: &DemandPartner) -> u32 {
    let [a, b, c, d, ..] = tie_rank(auction, partner.id.as_str(), "").to_be_bytes();
    u32::from_be_bytes([a, b, c, d])
}

/// The first listed currency that has a rate; the first at all when none has; USD when none is listed.
fn answer_currency(listed: &[Currency], market: &Market) -> Currency {
    let known = |currency: &&Currency| market.rates.per_usd(**currency).is_some();
    listed
        .iter()
        .find(known)
        .or(listed.first())
        .copied()
        .unwrap_or(Currency::USD)
}
