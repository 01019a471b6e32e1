//! Domains and URLs as the catalog holds them.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use crate::form::Form;

/// A domain as it is compared (C-29): lower case, no scheme, no trailing dot, no leading `www.`.
///
/// `None` for what is no domain name.
#[must_use]
pub fn domain(text: &str) -> Option<String> {
    let lower = text.trim().to_lowercase();
    let bare = lower.trim_end_matches('.');
    let bare = bare.strip_prefix("www.").unwrap_or(bare);
    if bare.contains(['/', ':', '@', '?', '#', '%', ' ']) || !bare.contains('.') {
        return None;
    }
    match Host::parse(bare) {
        Ok(Host::Domain(name)) if name.len() <= 253 => Some(name),
        _ => None,
    }
}

/// A size as it is compared: `300x250`, each side 1 to 10,000 pixels.
#[must_use]
pub fn size(text: &str) -> Option<String> {
    let lower = text.trim().to_ascii_lowercase();
    let (width, height) = lower.split_once('x')?;
    let side = |text: &str| {
        text.parse::<u32>()
            .ok()
            .filter(|n| (1..=10_000).contains(n))
    };
    Some(format!("{}x{}", side(width)?, side(height)?))
}

/// Takes a list of domains; what is no domain is a fault at its place.
pub fn domains(form: &mut Form, key: &str) -> Option<Vec<String>> {
    let given: Vec<String> = form.take(key)?;
    let mut read = Vec::with_capacity(given.len());
    for (index, text) in given.iter().enumerate() {
        match domain(text) {
            Some(name) => read.push(name),
            None => form.refuse_entry(key, index, "is not a domain name"),
        }
    }
    Some(read)
}

/// Takes an absolute `http` or `https` URL.
pub fn url(form: &mut Form, key: &str) -> Option<String> {
    let text = form.text(key)?;
    let url = web_url(&text);
    if url.is_none() {
        form.refuse(key, "must be an absolute http or https URL");
    }
    url.map(Into::into)
}

/// Whether a text is an absolute `http` or `https` URL.
#[must_use]
pub fn is_web_url(text: &str) -> bool {
    web_url(text).is_some()
}

fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.host().is_some()).then_some(url)
}

/// Whether a URL's host is certainly not on the public internet (S8). A name that only resolves to
/// such an address is found by the caller of it, at the connection.
#[must_use]
pub fn is_private(url: &Url) -> bool {
    match url.host() {
        None => true,
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "localhost" || name.ends_with(".localhost") || !name.contains('.')
        }
        Some(Host::Ipv4(address)) => private_v4(address),
        Some(Host::Ipv6(address)) => private_v6(address),
    }
}

fn private_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || a == 0
        || (a == 100 && (64..128).contains(&b))
}

fn private_v6(address: Ipv6Addr) -> bool {
    let [first, ..] = address.segments();
    address.to_ipv4_mapped().is_some_and(private_v4)
        || address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || first & 0xfe00 == 0xfc00
        || first & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_compared_in_one_form() {
        let cases = [
            ("C-29", "WWW.Example.COM.", Some("example.com")),
            ("C-29", "shop.example", Some("shop.example")),
            ("C-29 scheme", "https://example.com", None),
            ("C-29 path", "example.com/a", None),
            ("no name", "localhost", None),
            ("an address", "10.0.0.1", None),
            ("empty", "", None),
        ];
        for (id, text, want) in cases {
            assert_eq!(domain(text).as_deref(), want, "{id}: {text}");
        }
    }

    #[test]
    fn private_hosts_are_known_in_every_spelling() {
        let cases = [
            ("S8", "http://127.0.0.1:9100/bid", true),
            ("S8 decimal", "http://2852039166/", true),
            ("S8 hexadecimal", "http://0xa9fea9fe/", true),
            ("S8 octal", "http://0251.0376.0251.0376/", true),
            ("S8 mapped", "http://[::ffff:10.0.0.1]/", true),
            ("S8 unique local", "http://[fd00::1]/", true),
            ("S8 trailing dot", "http://localhost./", true),
            ("S8 carrier grade", "http://100.64.0.1/", true),
            ("public", "https://dsp.example.com/bid", false),
            ("public address", "https://93.184.216.34/bid", false),
        ];
        for (id, text, want) in cases {
            assert_eq!(is_private(&Url::parse(text).unwrap()), want, "{id}: {text}");
        }
    }
}
