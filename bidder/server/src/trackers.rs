//! Trackers in markup: browsers call them, so a price beside them is never believed.

use contracts::event::PriceTold;
use contracts::notice::NoticeKind;
use service::Problem;
use service::http::{Request, Response, gif, redirect};

use crate::notices::{append, open, refuse};
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

/// A click: recorded, then on to the creative's own landing page and nowhere else.
///
/// The visitor is sent on also when the click could not be recorded: it moves no money.
pub(crate) async fn click(worker: &Worker, request: &Request) -> Response {
    let token = request.query_param("t").unwrap_or_default();
    let claims = match open(worker, &token, NoticeKind::Click) {
        Ok(claims) => claims,
        Err(refused) => return refuse(worker, NoticeKind::Click, refused),
    };
    let landing_page = {
        let market = worker.shared.market.load();
        let page = market
            .as_ref()
            .and_then(|it| it.landing_page(&claims.creative));
        page.map(str::to_owned)
    };
    if !request.is_head() {
        let _recorded = append(worker, claims, PriceTold::Unreadable, None).await;
    }
    match landing_page.filter(|it| it.starts_with("https://") || it.starts_with("http://")) {
        Some(page) => redirect(&page),
        None => Problem::not_found()
            .detail("the creative is no longer there")
            .into_response(),
    }
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
