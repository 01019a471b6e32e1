//! Who calls: the peer, or whom a proxy that we trust says it forwards for.

use std::net::IpAddr;

use exchange_core::networks::Networks;
use http::{HeaderMap, header};

/// The caller's address. Of the addresses that were forwarded the last that is not a trusted proxy's counts:
/// those before it are the caller's own word.
pub(crate) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &Networks) -> IpAddr {
    let mut nearest = peer.to_canonical();
    if !trusted.contains(nearest) {
        return nearest;
    }
    let named = |name| headers.get_all(name).iter().rev();
    let listed = named(header::HeaderName::from_static("x-forwarded-for"));
    let mut hops = listed
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.rsplit(','))
        .map(hop)
        .peekable();
    if hops.peek().is_some() {
        return last_untrusted(&mut nearest, hops, trusted);
    }
    let hops = named(header::FORWARDED)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.rsplit(','))
        .map(forwarded_for);
    last_untrusted(&mut nearest, hops, trusted)
}

/// Walks from the nearest hop outwards; a hop that names no address hides all before it.
fn last_untrusted(
    nearest: &mut IpAddr,
    hops: impl Iterator<Item = Option<IpAddr>>,
    trusted: &Networks,
) -> IpAddr {
    for hop in hops {
        let Some(hop) = hop else { break };
        *nearest = hop;
        if !trusted.contains(hop) {
            break;
        }
    }
    *nearest
}

/// `192.0.2.1`, `192.0.2.1:8080`, `2001:db8::1` or `[2001:db8::1]:8080`.
fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = match text.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => match text.split_once(':') {
            Some((address, port)) if !port.contains(':') => address,
            _ => text,
        },
    };
    bare.parse::<IpAddr>().ok().map(|it| it.to_canonical())
}

/// The `for` of one element of `Forwarded` (RFC 7239).
fn forwarded_for(element: &str) -> Option<IpAddr> {
    element.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let is_for = name.trim().eq_ignore_ascii_case("for");
        is_for.then(|| hop(value.trim().trim_matches('"')))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// What it is, the peer, the header fields, who calls.
    type Row = (
        &'static str,
        &'static str,
        &'static [(&'static str, &'static str)],
        &'static str,
    );

    #[test]
    fn who_calls() {
        let trusted = Networks::parse("10.0.0.0/8\n2001:db8:ffff::/48").unwrap();
        #[rustfmt::skip]
        let rows: [Row; 15] = [
            ("nobody between", "203.0.113.1", &[], "203.0.113.1"),
            ("a caller that is not trusted", "203.0.113.1", &[("x-forwarded-for", "192.0.2.1")], "203.0.113.1"),
            ("a proxy", "10.0.0.1", &[("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            ("a proxy, mapped", "::ffff:10.0.0.1", &[("x-forwarded-for", "192.0.2.1")], "192.0.2.1"),
            ("two proxies, and what the caller claims", "10.0.0.1", &[("x-forwarded-for", "1.1.1.1, 192.0.2.1, 10.0.0.2")], "192.0.2.1"),
            ("in two fields", "10.0.0.1", &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "192.0.2.1, 10.0.0.2")], "192.0.2.1"),
            ("proxies alone", "10.0.0.1", &[("x-forwarded-for", "10.0.0.3, 10.0.0.2")], "10.0.0.3"),
            ("with a port", "10.0.0.1", &[("x-forwarded-for", "192.0.2.1:4711")], "192.0.2.1"),
            ("IPv6 with a port", "10.0.0.1", &[("x-forwarded-for", "[2001:db8::7]:4711")], "2001:db8::7"),
            ("IPv6", "2001:db8:ffff::1", &[("x-forwarded-for", "2001:db8::7")], "2001:db8::7"),
            ("hidden", "10.0.0.1", &[("x-forwarded-for", "192.0.2.1, unknown, 10.0.0.2")], "10.0.0.2"),
            ("nothing is forwarded", "10.0.0.1", &[], "10.0.0.1"),
            ("RFC 7239", "10.0.0.1", &[("forwarded", "for=192.0.2.60;proto=http;by=10.0.0.1")], "192.0.2.60"),
            ("RFC 7239, quoted", "10.0.0.1", &[("forwarded", "for=1.1.1.1, For=\"[2001:db8:cafe::17]:4711\"")], "2001:db8:cafe::17"),
            ("RFC 7239, hidden", "10.0.0.1", &[("forwarded", "for=_secret")], "10.0.0.1"),
        ];
        for (says, peer, fields, want) in rows {
            let mut headers = HeaderMap::new();
            for (name, value) in fields {
                let name = header::HeaderName::try_from(*name).unwrap();
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
            let got = address(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(got.to_string(), want, "{says}");
        }
    }
}
