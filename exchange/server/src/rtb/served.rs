//! Bids without markup that are sold to SSPs: our win notice brings it. The DSP is asked once, what it brings is
//! screened as on our own placements, and whoever calls again gets the same.
//!
//! What screening needs is kept in the events Redis from the answer on, so that any process of ours can serve.

use std::time::{Duration, Instant};

use bytes::Bytes;
use contracts::catalog::MacroEncoding;
use contracts::notice::SellClaims;
use eventlog::EventLogError;
use exchange_core::auction::{Judged, Plan, Reached, Reply, Unserved};
use exchange_core::registry::Creative;
use exchange_core::screening::Lists;
use exchange_core::{Conditions, markup, notices};
use http::{Method, StatusCode};
use openrtb::enums::LossReason;
use openrtb::macros::Values;
use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, BidResponse, Limits};
use serde::{Deserialize, Serialize};
use service::client::{OutRequest, Target};
use service::clock;
use service::http::{self as answers, Response};
use units::{AuctionId, CpmMicros, Multiplier, UnixMillis};

use super::calls::headers;
use super::context::AuctionContext;
use super::forfeit::FORFEIT;
use super::later::News;
use super::notices::{count, note, unavailable};
use super::run::Round;
use super::sale::{Source, Winner};
use crate::delivery::{self, MARKUP, Taken};
use crate::exchange::{InForce, within};
use crate::records::SeenSeller;

/// What is kept under the name of a bid that serves on its win notice.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Held {
    /// It was sold, and its markup was not fetched.
    Sold(Box<Sold>),
    /// What it shows.
    Markup(String),
    /// Its DSP brought nothing, or nothing that may be shown.
    Forfeit,
}

/// A bid that was sold, with all that its markup is screened by.
#[derive(Debug, Serialize, Deserialize)]
struct Sold {
    auction: AuctionId,
    at: UnixMillis,
    seller: SeenSeller,
    /// The SSP's request: this imp alone, and nothing of the person.
    request: String,
    /// The DSP's answer.
    answer: String,
    /// Number of the bid in it, from 0.
    bid: usize,
    told: Told,
    /// Macros in markup are left to the SSP.
    keep_macros: bool,
}

/// What the macros say of the win.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Told {
    price: Option<CpmMicros>,
    discount_percent: Option<Multiplier>,
    discount: Option<CpmMicros>,
    market_bid_ratio: Option<Multiplier>,
    min_to_win: Option<CpmMicros>,
    multiplier: Option<Multiplier>,
}

/// While another call fetches the same markup, and between looks for what was kept a moment ago.
const PAUSE: Duration = Duration::from_millis(25);
/// An SSP that is quicker with its notice than we are with what we keep is waited for so long.
const KEPT_WITHIN: Duration = Duration::from_millis(500);

impl Round<'_> {
    /// Keeps what the win notices of an SSP's winners without markup will need, off the path.
    pub(super) fn hold(&self, won: &[Winner], replies: &[Reply<'_>], seller: &SeenSeller) {
        if !matches!(self.arrived.source, Source::Ssp { .. }) {
            return;
        }
        for ((judged, _), winner) in self.settlement.won().zip(won) {
            if judged.bid.adm().is_some() {
                continue;
            }
            let (context, claims) = (self.context, &winner.claims);
            let exchange = &context.exchange;
            let config = &exchange.config.served;
            let sold = self.sold(judged, replies, seller);
            let value = sold.and_then(|sold| serde_json::to_vec(&Held::Sold(Box::new(sold))).ok());
            let value = value.filter(|value| value.len() as u64 <= config.longest.0);
            let until = winner.reported_until;
            let bytes = value.as_ref().map_or(u64::MAX, |value| value.len() as u64);
            let (Some(value), true) = (value, exchange.held.take(bytes, until, clock::now()))
            else {
                exchange.metrics.notice(MARKUP, NOT_HELD);
                continue;
            };
            let (log, name) = (context.log.clone(), delivery::once(MARKUP, claims));
            let life = delivery::left(until, clock::now());
            tokio::task::spawn_local(async move {
                if let Err(error) = log.hold(&name, life, &value).await {
                    tracing::warn!(%error, "a bid that serves on its win notice is not kept");
                }
            });
        }
    }

    fn sold(
        &self,
        judged: &Judged<'_>,
        replies: &[Reply<'_>],
        seller: &SeenSeller,
    ) -> Option<Sold> {
        let of_its_answer = self.settlement.bids.iter();
        let mut of_its_answer = of_its_answer.filter(|other| other.ask == judged.ask);
        let reply = replies.iter().find(|reply| reply.ask == judged.ask)?;
        let Reached::Body(answer) = reply.reached else {
            return None;
        };
        let values = notices::values(self.plan, judged);
        Some(Sold {
            auction: self.arrived.auction,
            at: self.plan.at,
            seller: seller.clone(),
            request: String::from_utf8(request(self.plan, judged.imp?)).ok()?,
            answer: String::from_utf8(answer.to_vec()).ok()?,
            bid: of_its_answer.position(|other| std::ptr::eq(other, judged))?,
            told: Told {
                price: values.price,
                discount_percent: values.discount_percent,
                discount: values.discount,
                market_bid_ratio: values.market_bid_ratio,
                min_to_win: values.min_to_win,
                multiplier: values.multiplier,
            },
            keep_macros: self.payout.keep_macros,
        })
    }
}

/// The request as screening reads it: one imp, nobody who looks at it.
fn request(plan: &Plan<'_>, imp: usize) -> Vec<u8> {
    let intake = plan.intake;
    let mut patches = Patches::new();
    for person in ["user", "device"] {
        patches.remove(Object::Request, person);
    }
    patches.keep_imps([imp]);
    let mut out = Vec::with_capacity(intake.body.len());
    patches.write(&intake.request, intake.body, &mut out);
    out
}

/// What a call came to that nothing was kept for.
const NOT_HELD: &str = "not_held";

/// Answers the win notice of a bid without markup with its markup: 200, or 204 where the win is forfeit.
pub(super) async fn serve(
    context: &AuctionContext,
    in_force: &InForce,
    claims: &SellClaims,
) -> Response {
    let now = clock::now();
    let first = match delivery::fetch(&context.log, claims, now).await {
        Ok(recorded) => {
            count(context, claims, recorded, now);
            recorded.taken == Taken::Accepted
        }
        Err(error) => return unavailable(context, "win", &error).into_response(),
    };
    let name = delivery::once(MARKUP, claims);
    let wait = if first {
        KEPT_WITHIN
    } else {
        context.exchange.config.notice_timeout.0 + KEPT_WITHIN
    };
    let until = Instant::now() + wait;
    loop {
        match held(context, &name).await {
            Ok(Some(Held::Markup(adm))) => return shown(adm),
            Ok(Some(Held::Forfeit)) => return answers::no_content(),
            Ok(Some(Held::Sold(sold))) if first => {
                let brought = fetch(context, in_force, claims, &sold).await;
                return told(context, claims, &name, brought).await;
            }
            Ok(Some(Held::Sold(_)) | None) => {}
            Err(error) => return unavailable(context, "win", &error).into_response(),
        }
        if Instant::now() >= until {
            return if first {
                told(context, claims, &name, Err(NOT_HELD)).await
            } else {
                answers::no_content()
            };
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Whether a bid may be billed: one that serves on its win notice only once it has served.
pub(super) async fn may_bill(
    context: &AuctionContext,
    claims: &SellClaims,
) -> Result<bool, EventLogError> {
    if !claims.serves_on_win {
        return Ok(true);
    }
    let found = held(context, &delivery::once(MARKUP, claims)).await?;
    Ok(matches!(found, Some(Held::Markup(_))))
}

async fn held(context: &AuctionContext, name: &str) -> Result<Option<Held>, EventLogError> {
    let value = context.log.held(name).await?;
    Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
}

/// Counts, records and keeps what came of a fetch, and answers it.
async fn told(
    context: &AuctionContext,
    claims: &SellClaims,
    name: &str,
    brought: Result<String, &'static str>,
) -> Response {
    let exchange = &context.exchange;
    let outcome = brought.as_ref().err().copied().unwrap_or("served");
    exchange.metrics.notice(MARKUP, outcome);
    if brought.is_err() {
        exchange.records.hear(claims, News::Unserved(outcome));
    }
    note(context, claims, MARKUP, outcome);
    let (now, until) = (clock::now(), claims.expires);
    let value = match &brought {
        Ok(adm) if exchange.held.take(adm.len() as u64, until, now) => Held::Markup(adm.clone()),
        Ok(_) | Err(_) => Held::Forfeit,
    };
    let value = serde_json::to_vec(&value).unwrap_or_default();
    let kept = context.log.hold(name, delivery::left(until, now), &value);
    if let Err(error) = kept.await {
        tracing::warn!(%error, "what a win notice brought is not kept");
    }
    brought.map_or_else(|_| answers::no_content(), shown)
}

fn shown(adm: String) -> Response {
    answers::with_type(
        StatusCode::OK,
        "text/plain; charset=utf-8",
        Bytes::from(adm),
    )
}

/// Calls the DSP's win notice; its body is the markup and nothing else.
async fn fetch(
    context: &AuctionContext,
    in_force: &InForce,
    claims: &SellClaims,
    sold: &Sold,
) -> Result<String, &'static str> {
    let exchange = &context.exchange;
    let Ok(target) = Target::parse(&claims.url) else {
        return Err("refused_host");
    };
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers: headers(&claims.device),
        body: Bytes::new(),
    };
    let client = context.upstream.of(in_force.partner(&claims.partner));
    let deadline = within(exchange.config.notice_timeout.0);
    let answer = client.send(request, deadline).await;
    let answer = answer.map_err(|_| "failed")?;
    if !claims.test && answer.status.is_success() {
        exchange.tallies.win_notice(&claims.partner, clock::now());
    }
    // Anything but 200 with a body is a forfeit.
    if answer.status != StatusCode::OK || answer.body.is_empty() {
        return Err(FORFEIT);
    }
    if answer.body.len() as u64 > exchange.config.served.longest.0 {
        return Err("too_long");
    }
    let adm = String::from_utf8_lossy(&answer.body);
    sold.screened(context, in_force, claims, &adm)
}

impl Sold {
    /// The markup as the SSP gets it, where it may be shown: by the rates, reviews and rules of now.
    fn screened(
        &self,
        context: &AuctionContext,
        in_force: &InForce,
        claims: &SellClaims,
        adm: &str,
    ) -> Result<String, &'static str> {
        let request = BidRequest::read(self.request.as_bytes(), &Limits::MEASURED);
        let answer = BidResponse::read(self.answer.as_bytes(), &Limits::MEASURED);
        let (Ok((request, _)), Ok((answer, _))) = (request, answer) else {
            return Err(NOT_HELD);
        };
        let bid = answer.bids().nth(self.bid);
        let bid = bid.and_then(|(seat, bid)| Some((seat.seat.as_deref(), bid.as_ref().ok()?)));
        let (Some((seat, bid)), Some(imp)) = (bid, request.imp.first()) else {
            return Err(NOT_HELD);
        };
        let market = &in_force.market;
        let mut partners = market.partners.iter().zip(&in_force.partners);
        let Some((row, partner)) = partners.find(|(row, _)| row.id == claims.partner) else {
            return Err("unknown_partner");
        };
        let creative = Creative {
            markup: Some(adm),
            ..Creative::of(bid)
        };
        let watch = &context.watch;
        watch.look(&market.registry, partner, &creative, Instant::now());
        let lists = Lists::of(self.auction);
        let won = Unserved {
            request: &request,
            lists: &lists,
            // It alone is left of them.
            number: 0,
            imp,
            partner: row,
            seat,
            bidid: answer.bidid.as_deref(),
            bid,
            currency: answer.cur(),
            at: self.at,
        };
        let conditions: Conditions<'_> = self.seller.conditions(&in_force.catalog);
        let medium = won.screen(market, &conditions, adm);
        let medium = medium.map_err(exchange_core::Loss::label)?;
        if self.keep_macros {
            return Ok(adm.to_owned());
        }
        let request_id = self.auction.to_string();
        let values = Values {
            auction_id: Some(&request_id),
            bid_id: won.bidid,
            imp_id: Some(bid.impid()),
            seat_id: seat,
            ad_id: bid.adid.as_deref(),
            currency: Some(won.currency),
            price: self.told.price,
            discount_percent: self.told.discount_percent,
            discount: self.told.discount,
            market_bid_ratio: self.told.market_bid_ratio,
            min_to_win: self.told.min_to_win,
            multiplier: self.told.multiplier,
            loss: Some(LossReason::WON),
            plain_ids: row.macro_encoding == MacroEncoding::None,
            ..Values::default()
        };
        // As for markup that stood in the bid.
        let resolve = if claims.test {
            markup::resolve_test
        } else {
            markup::resolve
        };
        Ok(resolve(adm, medium, &values).into_owned())
    }
}
