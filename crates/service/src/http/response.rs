//! The answers that handlers give, spelled once.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Body;

use super::{ShedReason, ShedStatus};
use crate::problem::Problem;

/// An answer with its whole body.
pub type Response = hyper::Response<Full<Bytes>>;

/// A transparent GIF of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\x00\x00\x00\x21\xf9\x04\x01\x00\x00\x00\x00\x2c\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00\x3b";

/// An answer without a body.
#[must_use]
pub fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

/// An answer of a given content type.
#[must_use]
pub fn with_type(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// `application/json`.
#[must_use]
pub fn json(status: StatusCode, body: Vec<u8>) -> Response {
    with_type(status, "application/json", body)
}

/// `text/plain` in UTF-8.
#[must_use]
pub fn text(status: StatusCode, body: impl Into<Bytes>) -> Response {
    with_type(status, "text/plain; charset=utf-8", body)
}

/// `text/html` in UTF-8.
#[must_use]
pub fn html(status: StatusCode, body: impl Into<Bytes>) -> Response {
    with_type(status, "text/html; charset=utf-8", body)
}

/// 204.
#[must_use]
pub fn no_content() -> Response {
    status(StatusCode::NO_CONTENT)
}

/// 200 with a pixel that no cache keeps, so that every view calls again.
#[must_use]
pub fn gif() -> Response {
    let mut response = with_type(StatusCode::OK, "image/gif", PIXEL);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 302 to `location`; 500 when that cannot stand in a header.
#[must_use]
pub fn redirect(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(value) => {
            let mut response = status(StatusCode::FOUND);
            response.headers_mut().insert(header::LOCATION, value);
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(_invalid) => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// `application/problem+json`.
#[must_use]
pub fn problem(problem: Problem) -> Response {
    problem.into_response()
}

/// 405 with `Allow`, such as `"POST"` or `"GET, HEAD"`.
#[must_use]
pub fn method_not_allowed(allow: &'static str) -> Response {
    let mut response = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "Method not allowed",
    )
    .detail(format!("allowed: {allow}"))
    .into_response();
    response
        .headers_mut()
        .insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// The answer to a bid request that is not computed (R22); whoever gives it counts it
/// ([`crate::Ops::shed`]).
#[must_use]
pub fn shed(form: ShedStatus, reason: ShedReason) -> Response {
    let mut response = with_shed_reason(status(form.code()), reason);
    if form == ShedStatus::Unavailable {
        let second = HeaderValue::from_static("1");
        response.headers_mut().insert(header::RETRY_AFTER, second);
    }
    response
}

pub(super) fn with_shed_reason(mut response: Response, reason: ShedReason) -> Response {
    let label = HeaderValue::from_static(reason.label());
    response.headers_mut().insert("x-shed-reason", label);
    response
}

/// The same answer gzipped, where it is text of at least `least` bytes; for a caller that accepts it (C-5).
pub(super) fn gzip(response: Response, least: u64) -> Response {
    let headers = response.headers();
    let kind = headers.get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_text = kind.is_some_and(|it| {
        it.starts_with(b"application/json")
            || it.starts_with(b"application/problem+json")
            || it.starts_with(b"text/")
    });
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING);
    let length = response.body().size_hint().exact().unwrap_or(0);
    if !is_text || !is_plain || length < least {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    // A whole body is there without waiting.
    let whole = body.collect().now_or_never();
    let plain = whole.map_or_else(Bytes::new, |Ok(body)| body.to_bytes());
    let Some(packed) = packed(&plain) else {
        return Response::from_parts(parts, Full::new(plain));
    };
    let gzip = HeaderValue::from_static("gzip");
    parts.headers.insert(header::CONTENT_ENCODING, gzip);
    let vary = HeaderValue::from_static("accept-encoding");
    parts.headers.append(header::VARY, vary);
    Response::from_parts(parts, Full::new(Bytes::from(packed)))
}

/// The gzip of a text, packed for speed; `None` if it cannot be made.
#[must_use]
pub fn packed(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::fast());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}
