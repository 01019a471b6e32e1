//! What an auction's record says, written when its answer is ready.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use contracts::notice::Device;
use exchange_core::auction::{Fate, Judged, Plan, ReplyFate, Win};
use exchange_core::intake::Intake;
use exchange_core::pods::Filling;
use exchange_core::privacy::Reason;
use exchange_core::{Loss, Medium};
use units::{AuctionId, UnixMillis};

use super::fanout::Heard;
use super::fate::Words;
use super::records::{
    AskRecord, BidRecord, CallRecord, DiscountRecord, ImpSummary, LossRecord, PayoutRecord,
    PodRecord, Record, RequestSummary, SaleRecord,
};
use super::run::Round;
use super::sale::Source;
use super::waterfall::Waterfall;
use crate::metrics::Outcome;
use crate::records::tier;

/// A request when it came in.
pub(super) struct Arrived<'a> {
    pub(super) auction: AuctionId,
    pub(super) at: UnixMillis,
    pub(super) arrival: Instant,
    pub(super) source: &'a Source,
}

/// The record of a request that came to no auction.
pub(super) fn without_auction(arrived: &Arrived<'_>, outcome: Outcome, reason: String) -> Record {
    Record {
        reason: Some(reason),
        ..blank(arrived, outcome)
    }
}

fn blank(arrived: &Arrived<'_>, outcome: Outcome) -> Record {
    Record {
        id: arrived.auction,
        request_id: String::new(),
        at: arrived.at,
        outcome: outcome.label(),
        reason: None,
        duration_ms: millis(arrived.arrival.elapsed()),
        waterfall: Vec::new(),
        request: RequestSummary {
            seller: seller(arrived.source),
            ..RequestSummary::default()
        },
        dsps: Vec::new(),
        bids: Vec::new(),
        pods: Vec::new(),
        catalog_version: None,
        rates_version: None,
        provisional: false,
        notices: Vec::new(),
    }
}

/// The record of a settled auction.
pub(super) fn of(round: &Round<'_>, heard: &[Heard], waterfall: &Waterfall) -> Record {
    let outcome = if round.settlement.winners.is_empty() {
        Outcome::NoBid
    } else {
        Outcome::Won
    };
    Record {
        request_id: round.plan.intake.request.id().to_owned(),
        request: request(round.plan.intake, round.plan.privacy, round.arrived.source),
        waterfall: waterfall.steps(),
        dsps: dsps(round, heard, waterfall),
        bids: round
            .settlement
            .bids
            .iter()
            .map(|judged| bid(round, judged))
            .collect(),
        pods: round.settlement.pods.iter().map(pod).collect(),
        catalog_version: Some(round.in_force.catalog.version),
        rates_version: Some(round.settlement.rates),
        provisional: round.settlement.is_provisional,
        ..blank(round.arrived, outcome)
    }
}

fn seller(source: &Source) -> String {
    match source {
        Source::Ssp { account, .. } => account
            .as_ref()
            .map_or_else(|| "open".to_owned(), |account| account.id.clone()),
        Source::Placement { publisher, .. } => publisher.as_str().to_owned(),
    }
}

/// The record of a request that was read, and turned away before anybody was asked.
pub(super) fn turned_away(
    arrived: &Arrived<'_>,
    catalog_version: u64,
    intake: &Intake<'_>,
    outcome: Outcome,
    words: &str,
) -> Record {
    Record {
        request_id: intake.request.id().to_owned(),
        request: request(intake, None, arrived.source),
        catalog_version: Some(catalog_version),
        ..without_auction(arrived, outcome, words.to_owned())
    }
}

fn request(intake: &Intake<'_>, privacy: Option<Reason>, source: &Source) -> RequestSummary {
    let request = &intake.request;
    let domain = request
        .site
        .as_deref()
        .and_then(|site| site.domain.as_deref());
    let bundle = request.app.as_deref().and_then(|app| app.bundle.as_deref());
    RequestSummary {
        seller: seller(source),
        imps: request
            .imp
            .iter()
            .map(|imp| ImpSummary {
                id: imp.id().to_owned(),
                formats: Medium::ALL
                    .into_iter()
                    .filter(|medium| medium.is_offered(imp))
                    .map(Medium::name)
                    .collect(),
                floor: imp.bidfloor(),
                currency: imp.bidfloorcur(),
                deals: imp.deals().len(),
            })
            .collect(),
        at: request.at().0,
        tmax_ms: intake.tmax_ms,
        source: domain.or(bundle).map(str::to_owned),
        test: request.test(),
        privacy: privacy.map(|reason| reason.label()),
        repairs: u64::from(intake.repairs.total()),
    }
}

fn dsps(round: &Round<'_>, heard: &[Heard], waterfall: &Waterfall) -> Vec<AskRecord> {
    let asked = heard
        .iter()
        .zip(&round.settlement.replies)
        .map(|(heard, (_, fate))| AskRecord {
            dsp: heard.partner.id.as_str().to_owned(),
            asked: true,
            status: fate.label(),
            duration_ms: Some(millis(heard.took)),
            call: Some(call(heard, waterfall)),
            bids: match fate {
                ReplyFate::Bids(bids) => *bids,
                ReplyFate::NoBid(_) | ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => {
                    0
                }
            },
            nbr: match fate {
                ReplyFate::NoBid(nbr) => *nbr,
                ReplyFate::Bids(_) | ReplyFate::TimedOut | ReplyFate::Shed | ReplyFate::Failed => {
                    None
                }
            },
            privacy: round
                .plan
                .asks
                .get(heard.ask)
                .and_then(|ask| ask.privacy)
                .map(|reason| reason.label()),
        });
    let not_waited_for = round
        .plan
        .asks
        .iter()
        .enumerate()
        .filter_map(|(index, ask)| {
            if heard.iter().any(|heard| heard.ask == index) {
                return None;
            }
            let partner = round.in_force.partners.get(ask.partner)?;
            Some(AskRecord {
                dsp: partner.id.as_str().to_owned(),
                asked: true,
                status: "not_waited_for",
                duration_ms: None,
                call: None,
                bids: 0,
                nbr: None,
                privacy: ask.privacy.map(|reason| reason.label()),
            })
        });
    let passed_over = round.plan.not_asked.iter().filter_map(|(index, reason)| {
        let partner = round.in_force.partners.get(*index)?;
        Some(AskRecord {
            dsp: partner.id.as_str().to_owned(),
            asked: false,
            status: reason.label(),
            duration_ms: None,
            call: None,
            bids: 0,
            nbr: None,
            privacy: None,
        })
    });
    asked.chain(not_waited_for).chain(passed_over).collect()
}

fn call(heard: &Heard, waterfall: &Waterfall) -> CallRecord {
    let timing = heard.timing.as_ref();
    CallRecord {
        from_ms: waterfall.millis_at(heard.began),
        to_ms: waterfall.millis_at(heard.began + heard.took),
        connect_ms: timing.and_then(|it| it.handshake).map(millis),
        head_ms: timing.map(|it| millis(it.head)),
        rest_ms: timing.map(|it| {
            let told = it.head + it.handshake.unwrap_or_default();
            millis(heard.took.saturating_sub(told))
        }),
    }
}

fn bid(round: &Round<'_>, judged: &Judged<'_>) -> BidRecord {
    let bid = &judged.bid;
    let partner = round.in_force.partners.get(judged.partner);
    let text = |text: Option<&str>| text.map(str::to_owned);
    let (outcome, loss, clearing_price, minimum_to_win) = match judged.fate {
        Fate::Won(win) => ("won", None, Some(win.price), Some(win.minimum_to_win)),
        Fate::Lost {
            loss,
            minimum_to_win,
        } => ("lost", Some(loss_record(loss)), None, minimum_to_win),
    };
    BidRecord {
        dsp: partner.map_or_else(String::new, |partner| partner.id.as_str().to_owned()),
        seat: text(judged.seat.as_deref()),
        id: bid.id().to_owned(),
        imp: bid.impid().to_owned(),
        price: bid.price.cpm(),
        currency: judged.currency,
        deal: text(bid.dealid.as_deref()),
        campaign_id: text(bid.cid.as_deref()),
        creative_id: text(bid.crid.as_deref()),
        adomain: bid.adomain.iter().map(ToString::to_string).collect(),
        outcome,
        fate: Words {
            fate: judged.fate,
            currency: judged.currency,
        },
        loss,
        clearing_price,
        minimum_to_win,
        sale: judged.win().map(|win| sale(round, judged, win)),
    }
}

fn sale(round: &Round<'_>, judged: &Judged<'_>, win: &Win) -> SaleRecord {
    let rates = &round.in_force.market.rates;
    let payout = round.payout.share().of_win(round.plan, rates, judged, win);
    SaleRecord {
        tier: tier(win.tier),
        slot: win.slot,
        discount: win.discount.map(|discount| DiscountRecord {
            percent: discount.percent(),
            amount: discount.amount,
        }),
        payout: PayoutRecord {
            gross: payout.gross,
            fee: payout.fee,
            net: payout.net(),
            currency: payout.currency,
        },
    }
}

fn pod(filling: &Filling) -> PodRecord {
    PodRecord {
        ads: filling.ads.count_ones(),
        steps: filling.steps,
        exact: filling.exact,
    }
}

fn loss_record(loss: Loss) -> LossRecord {
    LossRecord {
        code: loss.code(),
        reason: loss.label(),
        words: loss.words(),
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

/// Milliseconds to the microsecond.
pub(super) fn millis(took: Duration) -> f64 {
    let micros = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    f64::from(micros) / 1_000.0
}
