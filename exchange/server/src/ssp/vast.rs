//! `GET /vast?placement=`: the winner's VAST with our trackers in it, for video players.

use contracts::catalog::{CreativeFormat, Placement};
use exchange_core::Medium;
use http::{HeaderValue, Method, header};
use openrtb::vast::{self, QUARTILES, Trackers};
use serde_json::{Map, Value, json};
use service::Problem;
use service::http::{self as answers, Request, Response, StatusCode};

use super::Ssp;
use super::request::{AdRequest, is_web};
use super::sell::{self, Tracking};
use super::track::ERROR;
use crate::rtb::Winner;

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
    let ask = asked(request, &id);
    let ip = ssp.address_of(request).to_string();
    let visitor = sell::visitor(&ip, &request.headers, &ssp.auctions.identity.visitors);
    let on_sale = (&playable, publisher);
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
    let document = sold.winner.as_ref().and_then(|winner| {
        let tracking = Tracking::of(&in_force, winner, &ssp.base, None);
        tracked_winner(winner, &ssp.base, &tracking)
    });
    let document = document.map_or_else(no_ad, String::into_bytes);
    let mut response =
        answers::with_type(StatusCode::OK, "application/xml; charset=utf-8", document);
    // Every load is an auction of its own.
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, never);
    Ok(sold.named(response))
}

/// What a player tells in its query: the page, and what the visitor chose.
fn asked(request: &Request, placement: &str) -> AdRequest {
    let told = |name: &str| {
        let value = request.query_param(name);
        value.filter(|value| !value.is_empty() && !is_macro(value))
    };
    let page = told("page").map(std::borrow::Cow::into_owned);
    let page = page.or_else(|| request.known_header(&header::REFERER).map(str::to_owned));
    let mut regs = Map::new();
    if let Some(gdpr) = told("gdpr").and_then(|flag| flag.parse::<i32>().ok()) {
        regs.insert("gdpr".into(), json!(gdpr));
    }
    for name in ["us_privacy", "gpp"] {
        if let Some(text) = told(name) {
            regs.insert(name.into(), json!(text));
        }
    }
    if let Some(sections) = told("gpp_sid") {
        let sections = sections.split([',', '_']).map(str::parse::<i32>);
        let sections: Vec<i32> = sections.filter_map(Result::ok).collect();
        regs.insert("gpp_sid".into(), json!(sections));
    }
    let consent = told("gdpr_consent").map(|text| ("consent".to_owned(), json!(text)));
    AdRequest {
        placement_id: placement.to_owned(),
        page: page.filter(|page| is_web(page)),
        user: consent.into_iter().collect::<Map<String, Value>>(),
        regs,
        ..AdRequest::default()
    }
}

/// What a player that knows no such macro leaves as it stands: `[GDPR]`, `${GDPR}`.
fn is_macro(value: &str) -> bool {
    value.starts_with('[') || value.starts_with("${")
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

/// A winner's document with our impression, error, click, view and quartiles in every ad, inline or wrapper (X-11: the
/// impression is the billable event); `None` when it is no document with an ad.
pub(super) fn tracked_winner(winner: &Winner, base: &str, tracking: &Tracking) -> Option<String> {
    match winner.medium {
        Medium::Video | Medium::Audio => {}
        Medium::Banner | Medium::Native => return None,
    }
    let error = format!("{}&code=[ERRORCODE]", tracking.video_url(base, ERROR));
    // The player opens the page; ours is a pixel.
    let click = format!("{}&redirect=0", tracking.click_url);
    let events = QUARTILES.map(|event| (event, tracking.video_url(base, event)));
    let events = events.each_ref().map(|(event, url)| (*event, url.as_str()));
    let trackers = Trackers {
        impressions: &[&tracking.impression_url],
        errors: &[&error],
        events: &events,
        viewable: &[&tracking.view_url],
        clicks: &[&click],
    };
    let mut document = String::with_capacity(winner.markup.len() + 4_096);
    let inserted = trackers.insert(&winner.markup, &mut document);
    (inserted.ads > 0).then_some(document)
}

fn no_ad() -> Vec<u8> {
    let mut document = Vec::new();
    // Writing to memory does not fail.
    let _ = vast::no_ad(VERSION, &mut document);
    document
}
