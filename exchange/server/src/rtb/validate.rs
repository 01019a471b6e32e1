//! `POST /validate`: what is wrong with a message, all of it.

use crate::exchange::Exchange;
use http::StatusCode;
use openrtb::JsonWriter;
use openrtb::validate::{self, Kind};
use service::Problem;
use service::http::{self as answers, Request, Response};

/// Findings with id, pointer, severity and words; `?kind=request` or `response` says what it is,
/// else a `seatbid` or `nbr` makes the message a response.
pub(super) fn findings(exchange: &Exchange, request: &Request) -> Response {
    let body = &request.body;
    let kind = match request.query_param("kind").as_deref() {
        None => Kind::detect(body),
        Some("request") => Kind::Request,
        Some("response") => Kind::Response,
        Some(_) => {
            return Problem::new(
                StatusCode::BAD_REQUEST,
                "unknown_kind",
                "kind is request or response",
            )
            .into_response();
        }
    };
    let limits = match kind {
        Kind::Request => &exchange.config.request,
        Kind::Response => &exchange.config.response,
    };
    match validate::message(body, Some(kind), limits) {
        Ok(report) => {
            let mut out = Vec::new();
            report.write_json(&mut JsonWriter::new(&mut out));
            answers::json(StatusCode::OK, out)
        }
        Err(error) => Problem::new(
            StatusCode::BAD_REQUEST,
            "not_json",
            "The body is not a JSON object",
        )
        .detail(error.to_string())
        .pointer(error.pointer())
        .into_response(),
    }
}
