//! `POST /ad-request`: an ad for a placement, or 204.

use serde::Serialize;
use service::Problem;
use service::http::{self as answers, Method, Request, Response, StatusCode};
use units::{AuctionId, CpmMicros, Currency};

use super::Ssp;
use super::request::{AdRequest, pixels};
use super::sell::{self, Sold};
use crate::exchange::InForce;
use crate::rtb::Winner;
use contracts::catalog::Placement;

/// An ad to show.
#[derive(Debug, Serialize)]
struct AdAnswer<'a> {
    auction_id: AuctionId,
    ad: Ad<'a>,
    #[serde(with = "units::json::cpm")]
    price: CpmMicros,
    currency: Currency,
    tracking: Tracking<'a>,
}

/// The winner's markup.
#[derive(Debug, Serialize)]
struct Ad<'a> {
    markup: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    width: Option<i32>,
    height: Option<i32>,
}

/// How its impression is reported, once it is rendered: by loading the URL, or by posting the token.
#[derive(Debug, Serialize)]
struct Tracking<'a> {
    impression_url: &'a str,
    token: &'a str,
}

pub(super) async fn handle(ssp: &Ssp, request: &Request) -> Response {
    if request.method != Method::POST {
        return answers::method_not_allowed("POST");
    }
    if !request.content_type_is_json() {
        return Problem::unsupported_media_type().into_response();
    }
    match fill(ssp, request).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn fill(ssp: &Ssp, request: &Request) -> Result<Response, Box<Problem>> {
    let ask = AdRequest::read(&request.body)?;
    let in_force = ssp.in_force()?;
    let on_sale = sell::on_sale(&in_force, &ask.placement_id)?;
    let ip = ssp.address_of(request).to_string();
    let visitor = sell::visitor(&ip, &request.headers);
    let sold = sell::sell(&ssp.auctions, on_sale, &ask, visitor, request.received).await?;
    let response = match &sold.winner {
        Some(winner) => show(ssp, &in_force, on_sale.0, &sold, winner),
        None => answers::no_content(),
    };
    Ok(sold.named(response))
}

fn show(
    ssp: &Ssp,
    in_force: &InForce,
    placement: &Placement,
    sold: &Sold,
    winner: &Winner,
) -> Response {
    let token = sell::token(in_force, winner);
    let size = winner.size.or_else(|| {
        let (width, height) = placement.sizes.iter().find_map(|size| pixels(size))?;
        Some((i32::try_from(width).ok()?, i32::try_from(height).ok()?))
    });
    let answer = AdAnswer {
        auction_id: sold.auction,
        ad: Ad {
            markup: &winner.markup,
            kind: winner.medium.name(),
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
        },
        price: winner.price,
        currency: winner.currency,
        tracking: Tracking {
            impression_url: &sell::impression_url(&ssp.base, &token),
            token: &token,
        },
    };
    answers::json(
        StatusCode::OK,
        serde_json::to_vec(&answer).unwrap_or_default(),
    )
}
