//! A request as a handler sees it: read whole, within its limits.

use std::{borrow::Cow, net::SocketAddr, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Uri, header};

use crate::trace::TraceParent;

/// A request with its whole body.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as it was sent, starting with `/`, without the query.
    pub path: String,
    /// What follows the `?`, as it was sent.
    pub query: Option<String>,
    /// The header fields.
    pub headers: HeaderMap,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// The body, already inflated.
    pub body: Bytes,
    /// When the headers had arrived, less the time they waited for their worker: deadlines count from here.
    pub received: Instant,
    /// What the handler called the caller when it let it in ([`super::Admission::Caller`]).
    pub caller: Option<usize>,
    /// The caller's trace, when it sent a valid `traceparent`.
    pub trace: Option<TraceParent>,
    /// The caller's `x-request-id` (at most 128 visible characters), or one of ours for API calls.
    pub request_id: Option<String>,
}

impl Request {
    /// A request made here, for calling a handler without a socket.
    #[must_use]
    pub fn new(
        method: Method,
        uri: &Uri,
        headers: HeaderMap,
        peer: SocketAddr,
        body: Bytes,
    ) -> Self {
        Self {
            method,
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            trace: TraceParent::of(&headers),
            request_id: request_id(&headers),
            headers,
            peer,
            body,
            received: Instant::now(),
            caller: None,
        }
    }

    /// The first value of a query parameter, percent-decoded.
    #[must_use]
    pub fn query_param(&self, name: &str) -> Option<Cow<'_, str>> {
        query_param(self.query.as_deref()?, name)
    }

    /// All query parameters in their order, percent-decoded.
    pub fn query_params(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        let query = self.query.as_deref().filter(|it| !it.is_empty());
        let pairs = query.into_iter().flat_map(|it| it.split('&')).map(pair);
        pairs.map(|(name, value)| (percent_decode(name), percent_decode(value)))
    }

    /// A header field's value when it is visible text.
    #[must_use]
    pub fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The same by a known name.
    #[must_use]
    pub fn known_header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Whether the body is declared as JSON, or not declared (C-2).
    #[must_use]
    pub fn content_type_is_json(&self) -> bool {
        self.content_type()
            .is_none_or(|kind| kind.eq_ignore_ascii_case("application/json"))
    }

    /// The declared media type without parameters; none when absent.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        let value = self.headers.get(header::CONTENT_TYPE)?;
        // A value that is no text is still a declared type, and none that we speak.
        let text = value.to_str().unwrap_or("?");
        Some(text.split(';').next().unwrap_or(text).trim())
    }

    /// Whether this is a GET, or a HEAD, which answers alike without a body.
    #[must_use]
    pub fn is_get(&self) -> bool {
        matches!(self.method, Method::GET | Method::HEAD)
    }

    /// Whether this is a HEAD, which records nothing.
    #[must_use]
    pub fn is_head(&self) -> bool {
        self.method == Method::HEAD
    }

    /// Whether the caller takes a gzipped answer (C-5).
    #[must_use]
    pub fn accepts_gzip(&self) -> bool {
        accepts_gzip(&self.headers)
    }
}

pub(super) fn accepts_gzip(headers: &HeaderMap) -> bool {
    let value = headers.get(header::ACCEPT_ENCODING);
    value.and_then(|it| it.to_str().ok()).is_some_and(|value| {
        value.split(',').any(|part| {
            let mut pieces = part.split(';').map(str::trim);
            pieces
                .next()
                .is_some_and(|coding| coding.eq_ignore_ascii_case("gzip"))
                && !pieces.any(|weight| {
                    weight
                        .strip_prefix("q=")
                        .is_some_and(|q| q.bytes().all(|b| matches!(b, b'0' | b'.')))
                })
        })
    })
}

/// The first value of a parameter in a query, percent-decoded, `+` read as a space.
#[must_use]
pub fn query_param<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    let mut pairs = query.split('&').map(pair);
    let (_, value) = pairs.find(|(key, _)| percent_decode(key) == name)?;
    Some(percent_decode(value))
}

/// The names of a query's parameters in their order, percent-decoded.
pub fn query_names(query: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let pairs = query.split('&').filter(|it| !it.is_empty()).map(pair);
    pairs.map(|(name, _)| percent_decode(name))
}

fn pair(text: &str) -> (&str, &str) {
    text.split_once('=').unwrap_or((text, ""))
}

/// Decodes `%XX` and `+`; what is not valid stays as it is, bytes that are no UTF-8 become U+FFFD.
#[must_use]
pub fn percent_decode(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| matches!(byte, b'%' | b'+')) {
        return Cow::Borrowed(text);
    }
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        rest = tail;
        let escaped = match (first, tail) {
            (b'%', [high, low, after @ ..]) => hex_pair(*high, *low).map(|byte| (byte, after)),
            _ => None,
        };
        match escaped {
            Some((byte, after)) => {
                decoded.push(byte);
                rest = after;
            }
            None if first == b'+' => decoded.push(b' '),
            None => decoded.push(first),
        }
    }
    Cow::Owned(
        String::from_utf8(decoded)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()),
    )
}

pub(super) fn request_id(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("x-request-id")?.to_str().ok()?;
    let usable = (1..=128).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
    usable.then(|| value.to_owned())
}

fn hex_pair(high: u8, low: u8) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    Some((digit(high)? << 4) | digit(low)?)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn request(uri: &str, headers: &[(HeaderName, &'static str)]) -> Request {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, HeaderValue::from_static(value));
        }
        Request::new(
            Method::GET,
            &uri.parse().unwrap(),
            map,
            SocketAddr::from(([127, 0, 0, 1], 1)),
            Bytes::new(),
        )
    }

    #[test]
    fn query_parameters_are_decoded_and_the_first_counts() {
        let request = request("/n?t=a%2Fb&price=1.5&t=second&e&x+y=%zz%4&u=%ff", &[]);
        let rows = [
            ("t", Some("a/b")),
            ("price", Some("1.5")),
            ("e", Some("")),
            ("x y", Some("%zz%4")),
            ("u", Some("\u{fffd}")),
            ("none", None),
        ];
        for (name, expected) in rows {
            assert_eq!(request.query_param(name).as_deref(), expected, "{name}");
            let mut all = request.query_params();
            let found = all.find_map(|(key, value)| (key == name).then_some(value));
            assert_eq!(found.as_deref(), expected, "{name}, among all");
        }
    }

    #[test]
    fn c_2_content_types() {
        let rows: [(Option<&'static str>, bool); 6] = [
            (None, true),
            (Some("application/json"), true),
            (Some("Application/JSON; charset=utf-8"), true),
            (Some("text/plain"), false),
            (Some("application/jsonp"), false),
            (Some(""), false),
        ];
        for (declared, json) in rows {
            let headers: Vec<_> = declared
                .map(|value| (header::CONTENT_TYPE, value))
                .into_iter()
                .collect();
            assert_eq!(
                request("/", &headers).content_type_is_json(),
                json,
                "{declared:?}"
            );
        }
    }

    #[test]
    fn c_5_gzip_only_when_asked_for() {
        let rows = [
            ("gzip", true),
            ("deflate, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("", false),
        ];
        for (value, expected) in rows {
            let request = request("/", &[(header::ACCEPT_ENCODING, value)]);
            assert_eq!(request.accepts_gzip(), expected, "{value}");
        }
    }

    #[test]
    fn request_ids_are_visible_text_of_bounded_length() {
        let named =
            |value| request("/", &[(HeaderName::from_static("x-request-id"), value)]).request_id;
        assert_eq!(named("abc-1").as_deref(), Some("abc-1"));
        assert_eq!(named("a b"), None);
        assert_eq!(named(""), None);
    }
}
