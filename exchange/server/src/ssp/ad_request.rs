//! `POST /ad-request`: an ad for a placement, or 204.

use exchange_core::Medium;
use serde::Serialize;
use serde_json::value::RawValue;
use service::Problem;
use service::http::{self as answers, Method, Request, Response, StatusCode};
use units::{AuctionId, CpmMicros, Currency};

use super::Ssp;
use super::bid_request::pixels;
use super::request::AdRequest;
use super::sell::{self, Sold, Tracking};
use super::{native, vast};
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
    tracking: Reports<'a>,
}

/// The winner's markup.
#[derive(Debug, Serialize)]
struct Ad<'a> {
    markup: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    width: Option<i32>,
    height: Option<i32>,
    /// Counts the click and leads to the landing page, where the ad names one page as its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    click_url: Option<&'a str>,
    /// The native answer as an object (Native 1.2 §5).
    #[serde(skip_serializing_if = "Option::is_none")]
    native: Option<&'a RawValue>,
}

/// How its impression is reported, once it is rendered: by loading the URL, or by posting the token. Views and
/// clicks are reported by loading theirs.
#[derive(Debug, Serialize)]
struct Reports<'a> {
    impression_url: &'a str,
    view_url: &'a str,
    click_url: &'a str,
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
    let visitor = sell::visitor(&ip, &request.headers, &ssp.auctions.identity.visitors);
    let sold = sell::sell(
        &ssp.auctions,
        &in_force,
        on_sale,
        &ask,
        visitor,
        request.received,
    )
    .await?;
    if let Some(turned_away) = sold.turned_away(&ssp.auctions) {
        return Ok(turned_away);
    }
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
    let native = (winner.medium == Medium::Native)
        .then(|| native::read(&winner.markup))
        .flatten();
    let landing_page = native.as_ref().and_then(|it| it.landing_page.as_deref());
    let base = &ssp.base;
    let tracking = Tracking::of(in_force, winner, base, landing_page);
    let tracked = vast::tracked_winner(winner, base, &tracking);
    let click_url = format!("{}&redirect=0", tracking.click_url);
    let size = winner.size.or_else(|| {
        let (width, height) = placement.sizes.iter().find_map(|size| pixels(size))?;
        Some((i32::try_from(width).ok()?, i32::try_from(height).ok()?))
    });
    let answer = AdAnswer {
        auction_id: sold.auction,
        ad: Ad {
            markup: tracked.as_deref().unwrap_or(&winner.markup),
            kind: winner.medium.name(),
            width: size.map(|(width, _)| width),
            height: size.map(|(_, height)| height),
            click_url: landing_page.map(|_| tracking.click_url.as_str()),
            native: native.as_ref().map(|it| it.answer),
        },
        price: winner.price,
        currency: winner.currency,
        tracking: Reports {
            impression_url: &tracking.impression_url,
            view_url: &tracking.view_url,
            click_url: &click_url,
            token: &tracking.token,
        },
    };
    answers::json(
        StatusCode::OK,
        serde_json::to_vec(&answer).unwrap_or_default(),
    )
}
