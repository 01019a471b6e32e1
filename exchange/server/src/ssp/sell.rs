//! One auction for a placement, in process.

use std::time::Instant;

use bytes::Bytes;
use contracts::catalog::{Placement, Publisher, Status};
use contracts::notice::{Device, SellClaims, SellKind};
use service::Problem;
use service::http::{
    self as answers, HeaderMap, HeaderName, HeaderValue, Response, ShedReason, StatusCode,
};
use service::visitor::Visitors;
use units::AuctionId;

use super::bid_request::{Offer, Visitor, bid_request};
use super::request::AdRequest;
use crate::exchange::InForce;
use crate::rtb::{
    AuctionContext, AuctionInput, AuctionResult, Source, Winner, refusal, run_auction, sends_gpc,
};

const AUCTION_ID: HeaderName = HeaderName::from_static(contracts::access::AUCTION_ID_HEADER);

/// The standard's number of why there is no bid (§5.24), where an answer has no body.
const NO_BID_REASON: HeaderName = HeaderName::from_static("x-gavel-nbr");

/// What came of an auction for a placement.
pub(super) struct Sold {
    pub(super) auction: AuctionId,
    /// The bid to show; none when nobody won.
    pub(super) winner: Option<Winner>,
    /// Why there was no auction, where waiting had used up its time.
    shed: Option<ShedReason>,
    /// The standard's reason for no bid, where there is one.
    reason: Option<i32>,
}

/// A placement that is sold, and its publisher.
///
/// # Errors
/// 404 for an unknown placement, 409 for one that is not sold.
pub(super) fn on_sale<'c>(
    in_force: &'c InForce,
    placement: &str,
) -> Result<(&'c Placement, &'c Publisher), Box<Problem>> {
    let (placement, publisher) = in_force.placement(placement).ok_or_else(|| {
        Problem::not_found()
            .detail("no such placement")
            .pointer("/placement_id")
    })?;
    if placement.status == Status::Active && publisher.status == Status::Active {
        return Ok((placement, publisher));
    }
    let title = "The placement is not sold";
    let problem = Problem::new(StatusCode::CONFLICT, "not_sold", title);
    Err(problem
        .detail("the placement or its publisher is not active")
        .into())
}

/// Runs the auction of one visit.
///
/// # Errors
/// 400 with a pointer when what the publisher passed on cannot be understood.
pub(super) async fn sell(
    context: &AuctionContext,
    in_force: &InForce,
    (placement, publisher): (&Placement, &Publisher),
    ask: &AdRequest,
    visitor: Visitor<'_>,
    arrival: Instant,
) -> Result<Sold, Box<Problem>> {
    let now = service::clock::now();
    let id = AuctionId::new(now, service::clock::random_bytes()).to_string();
    let offer = Offer {
        placement,
        publisher,
        deals: in_force.deals(&placement.id, now, context.exchange.config.placement_deals),
        rates: &in_force.market.rates,
        choices: context.exchange.config.choices,
        delays: in_force.market.policy.delays,
    };
    let body = bid_request(&id, &offer, ask, visitor);
    let input = AuctionInput {
        body: Bytes::from(body),
        source: Source::Placement {
            publisher: publisher.id.clone(),
            placement: placement.id.clone(),
        },
        peer: None,
        user_agent: None,
        visitor: visitor.id.map(str::to_owned),
        gpc: visitor.gpc,
        arrival,
    };
    let outcome = run_auction(context, &input).await;
    let (mut shed, mut no_bid) = (None, None);
    let winner = match outcome.result {
        // A bid whose markup its win notice was to bring leaves nothing to show.
        AuctionResult::Won { winners, .. } => {
            let mut shown = winners.into_iter();
            shown.find(|winner| !winner.markup.trim().is_empty())
        }
        AuctionResult::NoBid { reason, .. } => {
            no_bid = reason;
            None
        }
        AuctionResult::Shed { reason, .. } => {
            shed = Some(reason);
            None
        }
        AuctionResult::Invalid(error) => return Err(refusal(&error).into()),
    };
    Ok(Sold {
        auction: outcome.auction,
        winner,
        shed,
        reason: no_bid,
    })
}

impl Sold {
    /// The answer where there was no auction (R22).
    pub(super) fn turned_away(&self, context: &AuctionContext) -> Option<Response> {
        let form = context.exchange.config.limits.shed_status;
        let response = answers::shed(form, self.shed?);
        Some(self.named(response))
    }

    /// Names the auction in an answer, and why nobody was asked for a bid.
    pub(super) fn named(&self, mut response: Response) -> Response {
        if let Some(reason) = self.reason {
            response
                .headers_mut()
                .insert(NO_BID_REASON, HeaderValue::from(reason));
        }
        if let Ok(id) = HeaderValue::try_from(self.auction.to_string()) {
            response.headers_mut().insert(AUCTION_ID, id);
        }
        response
    }
}

/// The signed tokens of a winner, and the URLs that take them.
pub(super) struct Tracking {
    /// The token of its impression.
    pub(super) token: String,
    /// Reports the impression.
    pub(super) impression_url: String,
    /// Reports that it was in view.
    pub(super) view_url: String,
    /// Reports a click; where the ad's landing page is known, this leads there.
    pub(super) click_url: String,
    view: String,
}

impl Tracking {
    /// Of a winner with the landing page that it names itself, if any.
    pub(super) fn of(
        in_force: &InForce,
        winner: &Winner,
        base: &str,
        landing_page: Option<&str>,
    ) -> Self {
        let signed = |kind, url: &str| {
            let expires = match kind {
                SellKind::Impression | SellKind::Bill => winner.claims.expires,
                SellKind::Win | SellKind::Loss | SellKind::Click | SellKind::View => {
                    winner.reported_until
                }
            };
            let mut claims = SellClaims {
                kind,
                url: url.to_owned(),
                expires,
                ..winner.claims.clone()
            };
            if kind != SellKind::Impression {
                // Its DSP is told of nothing else.
                claims.device = Device::default();
            }
            let mut token = String::new();
            claims.sign(&in_force.keys.0, &mut token);
            token
        };
        let token = signed(SellKind::Impression, &winner.claims.url);
        let view = signed(SellKind::View, "");
        let click = signed(SellKind::Click, landing_page.unwrap_or_default());
        Self {
            impression_url: format!("{base}/impression?t={token}"),
            view_url: format!("{base}/view?t={view}"),
            click_url: format!("{base}/click?t={click}"),
            token,
            view,
        }
    }

    /// The URL that reports an event of a video.
    pub(super) fn video_url(&self, base: &str, event: &str) -> String {
        format!("{base}/video/{event}?t={}", self.view)
    }
}

/// What a connection tells about its visitor.
pub(super) fn visitor<'h>(ip: &'h str, headers: &'h HeaderMap, visitors: &Visitors) -> Visitor<'h> {
    let text = |name: HeaderName| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    Visitor {
        // Fetch has browsers say what for they call, and scripts of a page whose they are.
        is_browser: ["origin", "sec-fetch-mode"]
            .iter()
            .any(|name| headers.contains_key(*name)),
        ip,
        id: visitors.known(headers),
        gpc: sends_gpc(headers),
        user_agent: text(service::http::header::USER_AGENT),
        language: text(service::http::header::ACCEPT_LANGUAGE),
        opts_out: text(HeaderName::from_static("sec-gpc")) == Some("1"),
        untracked: text(service::http::header::DNT) == Some("1"),
    }
}
