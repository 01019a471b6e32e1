//! Forms of a request that hyper lets through and we do not, because two parsers in a row could read
//! them differently (R39, R40).

use http::{Method, Version, header, request::Parts};

use super::wire::LengthHeader;

/// Why a request's head is refused with 400, and its connection closed.
pub(super) fn check(head: &Parts, length: LengthHeader) -> Result<(), &'static str> {
    if head.method == Method::CONNECT {
        return Err("CONNECT is not spoken here");
    }
    if head.uri.authority().is_some() || head.uri.scheme().is_some() {
        return Err("the request target must be a path");
    }
    let mut hosts = head.headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if head.version == Version::HTTP_11 => {
            return Err("HTTP/1.1 needs a Host header");
        }
        (Some(_), Some(_)) => return Err("more than one Host header"),
        _ => {}
    }
    let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
    if chunked && length == LengthHeader::Here {
        return Err("Content-Length and Transfer-Encoding together");
    }
    if chunked && !plainly_chunked(head) {
        return Err("Transfer-Encoding must be chunked");
    }
    // Some proxies turn `_` into `-`, so that one hop sees a header which another does not.
    if head.headers.keys().any(|name| name.as_str().contains('_')) {
        return Err("header names must not contain an underscore");
    }
    Ok(())
}

/// Whether a connection must end with this request's answer.
pub(super) fn closes(head: &Parts, length: LengthHeader) -> bool {
    let chunked = head.headers.contains_key(header::TRANSFER_ENCODING);
    head.version != Version::HTTP_11
        || head.headers.contains_key(header::UPGRADE)
        // Pipelined bytes may hide a second length: nothing may follow such a request.
        || (chunked && length == LengthHeader::Earlier)
}

fn plainly_chunked(head: &Parts) -> bool {
    let mut codings = head.headers.get_all(header::TRANSFER_ENCODING).iter();
    let only = codings
        .next()
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"chunked"));
    only && codings.next().is_none()
}
