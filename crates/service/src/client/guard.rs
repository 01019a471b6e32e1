//! Which places may be called (S8): what outsiders name must not lead into our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::target::{Target, TargetHost};

/// The rules of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Guard {
    /// Private and loopback addresses and every port (local mode); link-local and multicast never.
    pub allow_private: bool,
    /// Plain http.
    pub allow_http: bool,
}

/// Why a place must not be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Plain http where only https is allowed.
    #[error("plain http is not allowed")]
    PlainHttp,
    /// A port other than 80, 443 and 8000 to 9999.
    #[error("port {0} is not allowed")]
    Port(u16),
    /// A name that belongs to no public host.
    #[error("`{0}` is not a public name")]
    Name(String),
    /// An address that is not on the public internet; one such among a name's addresses is enough.
    #[error("{0} is not a public address")]
    Address(IpAddr),
}

impl Guard {
    /// Checks what is visible in the URL.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn check(&self, target: &Target) -> Result<(), Refusal> {
        if !target.is_https() && !self.allow_http {
            return Err(Refusal::PlainHttp);
        }
        let port = target.port();
        if !self.allow_private && !matches!(port, 80 | 443 | 8_000..=9_999) {
            return Err(Refusal::Port(port));
        }
        match target.host() {
            TargetHost::Address(ip) => self.check_address(*ip),
            TargetHost::Name(name) if self.allow_private || is_public_name(name) => Ok(()),
            TargetHost::Name(name) => Err(Refusal::Name(name.clone())),
        }
    }

    /// Checks one address; of a name, every address it has.
    ///
    /// # Errors
    /// The address, when it must not be called.
    pub fn check_address(&self, ip: IpAddr) -> Result<(), Refusal> {
        let reach = match ip {
            IpAddr::V4(v4) => reach_of_v4(v4),
            IpAddr::V6(v6) => reach_of_v6(v6),
        };
        let allowed = match reach {
            Reach::Public => true,
            Reach::Private => self.allow_private,
            Reach::Never => false,
        };
        if allowed {
            Ok(())
        } else {
            Err(Refusal::Address(ip))
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Public,
    /// This machine or a network of ours.
    Private,
    /// Nothing to call there, or a cloud's metadata service.
    Never,
}

/// IANA's special-purpose registry, less what is globally reachable.
fn reach_of_v4(ip: Ipv4Addr) -> Reach {
    match ip.octets() {
        [127 | 10, ..]
        | [172, 16..=31, ..]
        | [192, 168, ..]
        | [100, 64..=127, ..]
        | [198, 18..=19, ..] => Reach::Private,
        [0, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [224..=255, ..] => Reach::Never,
        _ => Reach::Public,
    }
}

fn reach_of_v6(ip: Ipv6Addr) -> Reach {
    let segments = ip.segments();
    match segments {
        _ if ip.is_loopback() => Reach::Private,
        // Addresses that carry an IPv4 address reach what that one reaches: mapped, compatible
        // (with the unspecified one), NAT64, 6to4.
        [0, 0, 0, 0, 0, 0xffff | 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => reach_of_v4(v4_of(high, low)),
        [0xfc00..=0xfdff, ..] => Reach::Private,
        // Link-local, site-local, multicast.
        [0xfe80..=0xffff, ..]
        // Local NAT64, discard-only, IETF protocols (Teredo among them), documentation, SRv6.
        | [0x64, 0xff9b, 1, ..]
        | [0x100, 0, 0, 0, ..]
        | [0x2001, 0..=0x1ff, ..]
        | [0x2001, 0xdb8, ..]
        | [0x3fff, 0..=0xfff, ..]
        | [0x5f00, ..] => Reach::Never,
        // Global unicast is 2000::/3; outside of it nothing is assigned.
        [0x2000..=0x3fff, ..] => Reach::Public,
        _ => Reach::Never,
    }
}

const fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    let [a, b] = high.to_be_bytes();
    let [c, d] = low.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
}

/// A name with a dot and without one of the endings that only resolve inside a network.
fn is_public_name(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    name.contains('.')
        && !matches!(
            last,
            "localhost" | "local" | "internal" | "intranet" | "lan" | "home" | "corp" | "arpa"
        )
}
