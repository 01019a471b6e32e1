//! Who calls: tokens compared without telling where they differ, and the demo admin of local mode.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, header};
use subtle::ConstantTimeEq;

use crate::http::Request;

/// Whether operator calls need a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LocalMode {
    /// A token is always needed (`--auth`, production).
    Off,
    /// A request from this machine counts as the demo admin; these are our own ports.
    On {
        /// Every port that this process serves pages or APIs on.
        own_ports: Vec<u16>,
    },
}

impl LocalMode {
    /// Whether this request counts as the demo admin.
    #[must_use]
    pub fn admits(&self, peer: SocketAddr, headers: &HeaderMap) -> bool {
        match self {
            Self::Off => false,
            Self::On { own_ports } => is_local(peer, headers, own_ports),
        }
    }
}

/// Whether a request counts as the demo admin of local mode: its peer is loopback, its `Host` is this
/// machine, nothing forwarded it, and no page but our own sent it. The last three keep out pages that
/// point a name of theirs at 127.0.0.1 (DNS rebinding).
#[must_use]
pub fn is_local_admin(request: &Request, own_ports: &[u16]) -> bool {
    is_local(request.peer, &request.headers, own_ports)
}

/// The same for a router's handler, which has peer and headers apart.
#[must_use]
pub fn is_local(peer: SocketAddr, headers: &HeaderMap, own_ports: &[u16]) -> bool {
    is_loopback(peer.ip())
        && single(headers, &header::HOST).is_some_and(|host| names_this_machine(host).is_some())
        && !is_forwarded(headers)
        && origin_is_ours(headers, own_ports)
}

/// Whether two secrets are the same; takes the same time wherever they differ. An empty expected
/// secret matches nothing.
#[must_use]
pub fn is_same_secret(given: &str, expected: &str) -> bool {
    !expected.is_empty() && bool::from(given.as_bytes().ct_eq(expected.as_bytes()))
}

/// The token of `Authorization: Bearer …`.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = single(headers, &header::AUTHORIZATION)?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Whether the request carries the service token (`/internal/*`).
#[must_use]
pub fn has_service_token(headers: &HeaderMap, expected: &str) -> bool {
    bearer(headers).is_some_and(|given| is_same_secret(given, expected))
}

fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .any(|name| *name == header::FORWARDED || name.as_str().starts_with("x-forwarded-"))
}

/// No `Origin` at all, or a page of ours.
fn origin_is_ours(headers: &HeaderMap, own_ports: &[u16]) -> bool {
    if !headers.contains_key(header::ORIGIN) {
        return true;
    }
    single(headers, &header::ORIGIN)
        .and_then(|origin| origin.strip_prefix("http://"))
        .and_then(names_this_machine)
        .is_some_and(|port| own_ports.contains(&port.unwrap_or(80)))
}

/// The port in `host[:port]` when the host is this machine by one of its three names.
fn names_this_machine(authority: &str) -> Option<Option<u16>> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port.parse().ok()?)),
        _ => (authority, None),
    };
    let named = host.eq_ignore_ascii_case("localhost") || host == "127.0.0.1" || host == "[::1]";
    named.then_some(port)
}

/// A header field that is there exactly once, as text.
fn single<'h>(headers: &'h HeaderMap, name: &header::HeaderName) -> Option<&'h str> {
    let mut values = headers.get_all(name).iter();
    let only = values.next()?;
    if values.next().is_some() {
        return None;
    }
    only.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in fields {
            map.append(
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            );
        }
        map
    }

    /// What it is, the peer, the header fields, whether it counts.
    type Row = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        bool,
    );

    #[test]
    fn s_18_who_counts_as_the_demo_admin() {
        let rows: [Row; 21] = [
            ("curl", "127.0.0.1:9", &[("host", "127.0.0.1:8001")], true),
            (
                "by name",
                "127.0.0.1:9",
                &[("host", "localhost:8001")],
                true,
            ),
            ("upper case", "127.0.0.1:9", &[("host", "LOCALHOST")], true),
            ("IPv6", "[::1]:9", &[("host", "[::1]:8001")], true),
            ("IPv6 without port", "[::1]:9", &[("host", "[::1]")], true),
            (
                "mapped peer",
                "[::ffff:127.0.0.1]:9",
                &[("host", "localhost")],
                true,
            ),
            (
                "our page",
                "127.0.0.1:9",
                &[
                    ("host", "localhost:8001"),
                    ("origin", "http://localhost:8001"),
                ],
                true,
            ),
            (
                "our other page",
                "127.0.0.1:9",
                &[
                    ("host", "localhost:8001"),
                    ("origin", "http://127.0.0.1:8004"),
                ],
                true,
            ),
            (
                "another machine",
                "10.0.0.5:9",
                &[("host", "localhost:8001")],
                false,
            ),
            (
                "rebound name",
                "127.0.0.1:9",
                &[("host", "evil.example:8001")],
                false,
            ),
            (
                "name that starts alike",
                "127.0.0.1:9",
                &[("host", "localhost.evil.example")],
                false,
            ),
            ("no host", "127.0.0.1:9", &[], false),
            (
                "two hosts",
                "127.0.0.1:9",
                &[("host", "localhost"), ("host", "localhost")],
                false,
            ),
            (
                "forwarded",
                "127.0.0.1:9",
                &[("host", "localhost"), ("forwarded", "for=1.2.3.4")],
                false,
            ),
            (
                "x-forwarded-for",
                "127.0.0.1:9",
                &[("host", "localhost"), ("x-forwarded-for", "1.2.3.4")],
                false,
            ),
            (
                "x-forwarded-proto",
                "127.0.0.1:9",
                &[("host", "localhost"), ("x-forwarded-proto", "https")],
                false,
            ),
            (
                "foreign page",
                "127.0.0.1:9",
                &[("host", "localhost"), ("origin", "https://evil.example")],
                false,
            ),
            (
                "foreign port",
                "127.0.0.1:9",
                &[("host", "localhost"), ("origin", "http://localhost:3000")],
                false,
            ),
            (
                "null origin",
                "127.0.0.1:9",
                &[("host", "localhost"), ("origin", "null")],
                false,
            ),
            (
                "https of ours",
                "127.0.0.1:9",
                &[("host", "localhost"), ("origin", "https://localhost:8001")],
                false,
            ),
            (
                "user in host",
                "127.0.0.1:9",
                &[("host", "localhost@evil.example")],
                false,
            ),
        ];
        for (says, peer, fields, expected) in rows {
            let peer = peer.parse().unwrap();
            let own = [8001, 8004];
            assert_eq!(is_local(peer, &headers(fields), &own), expected, "{says}");
            let mode = LocalMode::On {
                own_ports: own.to_vec(),
            };
            assert_eq!(mode.admits(peer, &headers(fields)), expected, "{says}");
            assert!(!LocalMode::Off.admits(peer, &headers(fields)), "{says}");
        }
    }

    #[test]
    fn bearer_tokens_and_the_service_token() {
        let rows = [
            ("Bearer secret", true),
            ("bearer secret", true),
            ("Bearer  secret ", true),
            ("Bearer secrets", false),
            ("Bearer ", false),
            ("Basic secret", false),
            ("secret", false),
        ];
        for (value, expected) in rows {
            let map = headers(&[("authorization", value)]);
            assert_eq!(has_service_token(&map, "secret"), expected, "{value}");
        }
        assert!(!has_service_token(
            &headers(&[("authorization", "Bearer x")]),
            ""
        ));
        assert!(!is_same_secret("", ""));
    }
}
