//! Trackers in markup: browsers call them, so a price beside them is never believed.

use contracts::event::PriceTold;
use contracts::notice::{NoticeClaims, NoticeKind};
use service::Problem;
use service::http::{Method, Request, Response, gif, redirect};
use units::DurationMillis;

use crate::notices::{self, append, open, refuse};
use crate::worker::Worker;

/// A pixel: the event durable, then the GIF.
pub(crate) async fn pixel(worker: &Worker, request: &Request, kind: NoticeKind) -> Response {
    let token = request.query_param("t").unwrap_or_default();
    let claims = match open(worker, &token, kind) {
        Ok(claims) => claims,
        Err(refused) => return refuse(worker, kind, refused),
    };
    if request.is_head() {
        return gif();
    }
    match append(worker, claims, PriceTold::Unreadable, None).await {
        Ok(_) => gif(),
        Err(refused) => refused.into_response(),
    }
}

/// Stands in a landing page's URL for the token by which the advertiser's page reports a conversion.
const CONVERSION_TOKEN: &str = "${CONVERSION_TOKEN}";

/// A click: recorded, then on to the creative's own landing page and nowhere else; with `redirect=0`, where
/// the click leads elsewhere by itself, a pixel.
///
/// The visitor is sent on also when the click could not be recorded: it moves no money.
pub(crate) async fn click(worker: &Worker, request: &Request) -> Response {
    let token = request.query_param("t").unwrap_or_default();
    let claims = match open(worker, &token, NoticeKind::Click) {
        Ok(claims) => claims,
        Err(refused) => return refuse(worker, NoticeKind::Click, refused),
    };
    let landing_page = landing_page(worker, &claims);
    if !request.is_head() {
        let _recorded = append(worker, claims, PriceTold::Unreadable, None).await;
    }
    if request.query_param("redirect").as_deref() == Some("0") {
        return gif();
    }
    match landing_page.filter(|it| it.starts_with("https://") || it.starts_with("http://")) {
        Some(page) => redirect(&page),
        None => Problem::not_found()
            .detail("the creative is no longer there")
            .into_response(),
    }
}

/// The creative's landing page, with the token of a conversion where it asks for one. The token is the same
/// claims under another kind and with a time of its own: it outlives the money that was held for the bid, which
/// it does not move.
fn landing_page(worker: &Worker, claims: &NoticeClaims) -> Option<String> {
    let market = worker.shared.market.load();
    let market = market.as_ref()?;
    let page = market.landing_page(&claims.creative)?;
    if !page.contains(CONVERSION_TOKEN) {
        return Some(page.to_owned());
    }
    let window = worker.shared.config.conversion_window.0;
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    let conversion = NoticeClaims {
        kind: NoticeKind::Conversion,
        settle_by: service::clock::now().after(DurationMillis(window)),
        user: None,
        ..claims.clone()
    };
    let mut token = String::new();
    conversion.sign(&market.ring.0, &mut token);
    Some(page.replace(CONVERSION_TOKEN, &token))
}

/// A conversion that the advertiser's page reports, by a pixel or from its server: once for each click's bid.
pub(crate) async fn conversion(worker: &Worker, request: &Request) -> Response {
    if request.method != Method::POST {
        return pixel(worker, request, NoticeKind::Conversion).await;
    }
    notices::handle(worker, request, NoticeKind::Conversion).await
}

/// An event of a video: counted only, since nothing is billed by it.
pub(crate) fn video(worker: &Worker, request: &Request, event: &str) -> Response {
    let token = request.query_param("t").unwrap_or_default();
    if let Err(refused) = open(worker, &token, NoticeKind::View) {
        return refuse(worker, NoticeKind::View, refused);
    }
    if request.is_head() || worker.shared.metrics.video_event(event) {
        return gif();
    }
    Problem::not_found()
        .detail("no such event of a video")
        .into_response()
}
