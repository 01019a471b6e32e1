//! What is kept in memory of an auction, noted when its answer is ready.

use std::net::IpAddr;
use std::time::Instant;

use contracts::notice::Device;
use exchange_core::auction::{Judged, Plan, ReplyFate, Settlement};
use exchange_core::intake::Intake;
use exchange_core::payout::Share;
use exchange_core::pods::Filling;
use exchange_core::privacy::Reason;
use exchange_core::{Market, Medium};
use units::{AuctionId, UnixMillis};

use super::facts::{AskFacts, BidFacts, CallFacts, Facts, ImpFacts, RequestFacts, Texts};
use super::fanout::Heard;
use super::later::Later;
use super::records::PodRecord;
use super::run::Round;
use super::sale::Source;
use super::waterfall::{Micros, Waterfall};
use crate::metrics::Outcome;

/// A request when it came in.
pub(super) struct Arrived<'a> {
    pub(super) auction: AuctionId,
    pub(super) at: UnixMillis,
    pub(super) arrival: Instant,
    pub(super) source: &'a Source,
}

/// Notes a request that came to no auction.
pub(super) fn without_auction(
    mut facts: Box<Facts>,
    arrived: &Arrived<'_>,
    outcome: Outcome,
    request_id: &str,
    reason: &str,
) -> Box<Facts> {
    begin(&mut facts, arrived, outcome, request_id);
    facts.request.seller = facts.texts.keep(seller(arrived.source));
    facts.reason = Some(facts.texts.keep(reason));
    facts
}

/// Notes a request that was read, and turned away before anybody was asked.
pub(super) fn turned_away(
    mut facts: Box<Facts>,
    arrived: &Arrived<'_>,
    catalog_version: u64,
    intake: &Intake<'_>,
    outcome: Outcome,
    words: &str,
) -> Box<Facts> {
    begin(&mut facts, arrived, outcome, intake.request.id());
    request(&mut facts, intake, None, arrived.source);
    facts.reason = Some(facts.texts.keep(words));
    facts.catalog_version = Some(catalog_version);
    facts
}

/// A settled auction, as far as it is noted.
pub(super) struct Noted<'n> {
    pub(super) market: &'n Market,
    pub(super) plan: &'n Plan<'n>,
    pub(super) settlement: &'n Settlement<'n>,
    pub(super) share: Share,
    pub(super) catalog_version: u64,
}

/// What is known of a call that ended.
#[derive(Default)]
pub(super) struct Ended<'n> {
    /// Why it failed, in words.
    failure: Option<&'n str>,
    call: Option<CallFacts>,
}

/// Notes a settled auction.
pub(super) fn of(
    mut facts: Box<Facts>,
    round: &Round<'_>,
    heard: &[Heard],
    waterfall: &Waterfall,
) -> Box<Facts> {
    let noted = Noted {
        market: &round.in_force.market,
        plan: round.plan,
        settlement: round.settlement,
        share: round.payout.share(),
        catalog_version: round.in_force.catalog.version,
    };
    let outcome = noted.outcome(|at| round.is_forfeit(at));
    let intake = noted.plan.intake;
    begin(&mut facts, round.arrived, outcome, intake.request.id());
    request(&mut facts, intake, noted.plan.privacy, round.arrived.source);
    facts.steps = waterfall.steps();
    let ended = heard.iter().map(|heard| Ended {
        failure: heard.failure(),
        call: Some(call(heard, waterfall)),
    });
    noted.note(&mut facts, ended, |at| round.is_forfeit(at));
    facts
}

/// Notes an auction that was settled again from its record, which says nothing of times and notices.
pub(super) fn again(
    noted: &Noted<'_>,
    at: UnixMillis,
    seller: &str,
    is_forfeit: impl Fn(usize) -> bool,
) -> Box<Facts> {
    let mut facts = Facts::blank();
    let Plan {
        auction, intake, ..
    } = noted.plan;
    facts.begin(*auction, at);
    facts.is_again = true;
    facts.outcome = noted.outcome(&is_forfeit);
    facts.request_id = facts.texts.keep(intake.request.id());
    request_of(&mut facts, intake, noted.plan.privacy, seller);
    let ended = noted.settlement.replies.iter().map(|_| Ended::default());
    noted.note(&mut facts, ended, is_forfeit);
    facts
}

impl Noted<'_> {
    fn outcome(&self, is_forfeit: impl Fn(usize) -> bool) -> Outcome {
        let bids = self.settlement.bids.iter().enumerate();
        let is_sold = bids
            .filter(|(_, judged)| judged.win().is_some())
            .any(|(at, _)| !is_forfeit(at));
        if is_sold {
            Outcome::Won
        } else {
            Outcome::NoBid
        }
    }

    /// Notes who was asked and what was bid; `ended` tells of the calls in the order of the replies.
    fn note<'e>(
        &self,
        facts: &mut Facts,
        ended: impl Iterator<Item = Ended<'e>>,
        is_forfeit: impl Fn(usize) -> bool,
    ) {
        let settlement = self.settlement;
        facts.catalog_version = Some(self.catalog_version);
        facts.rates_version = Some(settlement.rates);
        facts.is_provisional = settlement.is_provisional;
        facts.pods.extend(settlement.pods.iter().map(pod));
        self.asks(facts, ended);
        let Facts {
            bids,
            domains,
            texts,
            ..
        } = facts;
        bids.extend(settlement.bids.iter().enumerate().map(|(at, judged)| {
            let adomain = judged.bid.adomain.iter();
            domains.extend(adomain.map(|domain| texts.keep(domain)));
            BidFacts {
                is_forfeit: is_forfeit(at),
                ..self.bid(texts, judged)
            }
        }));
        // Winners of one imp stand together, as their tokens number them.
        let (mut former, mut ad) = (None, 0);
        for winner in &settlement.winners {
            let imp = settlement.bids.get(*winner).map(|judged| judged.imp);
            ad = if imp == former { ad + 1 } else { 0 };
            former = imp;
            if let Some(bid) = bids.get_mut(*winner) {
                bid.ad = ad;
            }
        }
    }

    /// The id of a partner.
    fn dsp(&self, partner: usize) -> &str {
        let partner = self.market.partners.get(partner);
        partner.map_or("", |partner| partner.id.as_str())
    }

    fn asks<'e>(&self, facts: &mut Facts, ended: impl Iterator<Item = Ended<'e>>) {
        let Facts { asks, texts, .. } = facts;
        let planned = &self.plan.asks;
        let replies = &self.settlement.replies;
        asks.extend(replies.iter().zip(ended).map(|((ask, fate), ended)| {
            let (bids, nbr) = match *fate {
                ReplyFate::Bids(bids) => (bids, None),
                ReplyFate::NoBid(nbr) => (0, nbr),
                ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => (0, None),
            };
            let ask = planned.get(*ask);
            AskFacts {
                dsp: texts.keep(ask.map_or("", |ask| self.dsp(ask.partner))),
                is_asked: true,
                status: fate.label(),
                error: match fate {
                    ReplyFate::Failed => Some(texts.keep(ended.failure.unwrap_or(NO_RESPONSE))),
                    ReplyFate::Bids(_)
                    | ReplyFate::NoBid(_)
                    | ReplyFate::TimedOut
                    | ReplyFate::Shed => None,
                },
                call: ended.call,
                bids,
                nbr,
                privacy: ask.and_then(|ask| ask.privacy),
            }
        }));
        let of_no_call = |dsp, is_asked, status, privacy| AskFacts {
            dsp,
            is_asked,
            status,
            error: None,
            call: None,
            bids: 0,
            nbr: None,
            privacy,
        };
        for (index, ask) in planned.iter().enumerate() {
            if replies.iter().any(|(replied, _)| *replied == index) {
                continue;
            }
            let dsp = texts.keep(self.dsp(ask.partner));
            asks.push(of_no_call(dsp, true, "not_waited_for", ask.privacy));
        }
        for (index, reason) in &self.plan.not_asked {
            let dsp = texts.keep(self.dsp(*index));
            asks.push(of_no_call(dsp, false, reason.label(), None));
        }
    }

    fn bid(&self, texts: &mut Texts, judged: &Judged<'_>) -> BidFacts {
        let bid = &judged.bid;
        let rates = &self.market.rates;
        BidFacts {
            dsp: texts.keep(self.dsp(judged.partner)),
            seat: texts.keep_some(judged.seat.as_deref()),
            id: texts.keep(bid.id()),
            imp: texts.keep(bid.impid()),
            price: bid.price.cpm(),
            currency: judged.currency,
            deal: texts.keep_some(bid.dealid.as_deref()),
            campaign: texts.keep_some(bid.cid.as_deref()),
            creative: texts.keep_some(bid.crid.as_deref()),
            domains: bid.adomain.len(),
            fate: judged.fate,
            cause: judged.cause,
            ad: 0,
            later: Later::default(),
            is_forfeit: false,
            payout: judged
                .win()
                .map(|win| self.share.of_win(self.plan, rates, judged, win)),
        }
    }
}

fn begin(facts: &mut Facts, arrived: &Arrived<'_>, outcome: Outcome, request_id: &str) {
    facts.begin(arrived.auction, arrived.at);
    facts.outcome = outcome;
    facts.took = Micros::of(arrived.arrival.elapsed());
    facts.request_id = facts.texts.keep(request_id);
}

fn seller(source: &Source) -> &str {
    match source {
        Source::Ssp { account, .. } => account.as_deref().map_or("open", |account| &account.id),
        Source::Placement { publisher, .. } => publisher.as_str(),
    }
}

fn request(facts: &mut Facts, intake: &Intake<'_>, privacy: Option<Reason>, source: &Source) {
    request_of(facts, intake, privacy, seller(source));
}

fn request_of(facts: &mut Facts, intake: &Intake<'_>, privacy: Option<Reason>, seller: &str) {
    let request = &intake.request;
    let site = request.site.as_deref();
    let domain = site.and_then(|site| site.domain.as_deref());
    let bundle = request.app.as_deref().and_then(|app| app.bundle.as_deref());
    let texts = &mut facts.texts;
    facts.request = RequestFacts {
        seller: texts.keep(seller),
        at: request.at().0,
        tmax_ms: intake.tmax_ms,
        source: texts.keep_some(domain.or(bundle)),
        is_test: request.test(),
        privacy,
        repairs: intake.repairs.total(),
    };
    facts.imps.extend(request.imp.iter().map(|imp| ImpFacts {
        id: texts.keep(imp.id()),
        formats: Medium::ALL.map(|medium| medium.is_offered(imp)),
        floor: imp.bidfloor(),
        currency: imp.bidfloorcur(),
        deals: imp.deals().len(),
    }));
}

/// What is wrong with an answer that came whole, and that nobody can read as bids.
const NO_RESPONSE: &str = "the answer is no bid response to this request";

fn call(heard: &Heard, waterfall: &Waterfall) -> CallFacts {
    let timing = heard.timing.as_ref();
    CallFacts {
        took: Micros::of(heard.took),
        from: waterfall.since_arrival(heard.began),
        to: waterfall.since_arrival(heard.began + heard.took),
        connect: timing.and_then(|it| it.handshake).map(Micros::of),
        head: timing.map(|it| Micros::of(it.head)),
        rest: timing.map(|it| {
            let told = it.head + it.handshake.unwrap_or_default();
            Micros::of(heard.took.saturating_sub(told))
        }),
    }
}

fn pod(filling: &Filling) -> PodRecord {
    PodRecord {
        ads: filling.ads.count_ones(),
        steps: filling.steps,
        exact: filling.exact,
    }
}

/// The device as one DSP saw it.
pub(super) fn device(plan: &Plan<'_>, partner: usize) -> Device {
    let device = plan.intake.request.device.as_deref();
    let user_agent = device.and_then(|device| device.ua.as_deref());
    let ip = device.and_then(|device| device.ip.as_deref().or(device.ipv6.as_deref()));
    let mask = plan.mask_of(partner);
    let ip = ip.and_then(|text| text.parse::<IpAddr>().ok());
    let ip = ip.map(|address| mask.address(address).to_string());
    Device::of(ip, user_agent)
}
