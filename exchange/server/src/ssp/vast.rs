//! `GET /vast?placement=`: the winner's VAST with our impression in it, for video players.

use contracts::catalog::{CreativeFormat, Placement};
use http::{HeaderValue, Method, header};
use openrtb::vast::{self, Trackers};
use service::Problem;
use service::http::{self as answers, Request, Response, StatusCode};

use super::Ssp;
use super::request::AdRequest;
use super::sell;

/// Version of the document that tells a player that there is nothing to play.
const VERSION: &str = "4.2";

pub(super) async fn handle(ssp: &Ssp, request: &Request) -> Response {
    if request.method != Method::GET {
        return answers::method_not_allowed("GET");
    }
    match play(ssp, request).await {
        Ok(response) => response,
        Err(refused) => refused.into_response(),
    }
}

async fn play(ssp: &Ssp, request: &Request) -> Result<Response, Box<Problem>> {
    let in_force = ssp.in_force()?;
    let id = request.query_param("placement").unwrap_or_default();
    let (placement, publisher) = sell::on_sale(&in_force, &id)?;
    let playable = playable(placement).ok_or_else(|| {
        let code = "not_playable";
        Problem::new(
            StatusCode::CONFLICT,
            code,
            "The placement has no video or audio",
        )
    })?;
    let ask = AdRequest {
        placement_id: id.into_owned(),
        page: request.known_header(&header::REFERER).map(str::to_owned),
        ..AdRequest::default()
    };
    let ip = ssp.address_of(request).to_string();
    let visitor = sell::visitor(&ip, &request.headers);
    let on_sale = (&playable, publisher);
    let sold = sell::sell(&ssp.auctions, on_sale, &ask, visitor, request.received).await?;
    let document = sold.winner.as_ref().and_then(|winner| {
        let url = sell::impression_url(&ssp.base, &sell::token(&in_force, winner));
        tracked(&winner.markup, &url)
    });
    let document = document.unwrap_or_else(no_ad);
    let mut response =
        answers::with_type(StatusCode::OK, "application/xml; charset=utf-8", document);
    // Every load is an auction of its own.
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(sold.named(response))
}

/// The placement as a player fills it; `None` when it has nothing for players.
fn playable(placement: &Placement) -> Option<Placement> {
    let plays =
        |format: &CreativeFormat| matches!(format, CreativeFormat::Video | CreativeFormat::Audio);
    let formats: Vec<_> = placement.formats.iter().copied().filter(plays).collect();
    (!formats.is_empty()).then(|| Placement {
        formats,
        ..placement.clone()
    })
}

/// The document with our impression in every ad; `None` when it has no ad.
fn tracked(markup: &str, url: &str) -> Option<Vec<u8>> {
    let trackers = Trackers {
        impressions: &[url],
        ..Trackers::default()
    };
    let mut document = String::with_capacity(markup.len() + url.len() + 64);
    let inserted = trackers.insert(markup, &mut document);
    (inserted.ads > 0).then(|| document.into_bytes())
}

fn no_ad() -> Vec<u8> {
    let mut document = Vec::new();
    // Writing to memory does not fail.
    let _ = vast::no_ad(VERSION, &mut document);
    document
}
