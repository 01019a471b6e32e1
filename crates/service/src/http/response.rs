//! The answers that handlers give, spelled once.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use http::{HeaderValue, StatusCode, header};
use http_body_util::Full;

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

/// The same answer gzipped; for a caller that accepts it (C-5) and a body worth it.
#[must_use]
pub fn gzip(response: Response, body: &[u8]) -> Response {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 3), Compression::fast());
    let Ok(()) = encoder.write_all(body) else {
        return response;
    };
    let Ok(packed) = encoder.finish() else {
        return response;
    };
    let (mut parts, _plain) = response.into_parts();
    parts
        .headers
        .insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    Response::from_parts(parts, Full::new(Bytes::from(packed)))
}
