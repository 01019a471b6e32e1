//! Networks of addresses: trusted proxies, data centres.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// One network, such as `10.0.0.0/8` or `2001:db8::/32`; an address alone is a network of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Network {
    first: u128,
    last: u128,
}

/// A text that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an address or a network such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct NotANetwork;

/// A line of a list that is no network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct NetworksError {
    /// Its number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: NotANetwork,
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length: u32 = match length {
            None => most,
            Some(digits) if digits.bytes().all(|c| c.is_ascii_digit()) => {
                digits.parse().map_err(|_| NotANetwork)?
            }
            Some(_) => return Err(NotANetwork),
        };
        if length > most {
            return Err(NotANetwork);
        }
        let hosts = u128::MAX.checked_shr(length + (128 - most)).unwrap_or(0);
        let first = number(address) & !hosts;
        Ok(Self {
            first,
            last: first | hosts,
        })
    }
}

/// IPv4 addresses are those that IPv6 maps them to.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().into(),
        IpAddr::V6(v6) => Ipv6Addr::into(v6),
    }
}

/// Many networks, asked in logarithmic time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Networks(Vec<Network>);

impl FromIterator<Network> for Networks {
    fn from_iter<I: IntoIterator<Item = Network>>(networks: I) -> Self {
        let mut sorted: Vec<Network> = networks.into_iter().collect();
        sorted.sort_unstable();
        let mut apart: Vec<Network> = Vec::with_capacity(sorted.len());
        for network in sorted {
            match apart.last_mut() {
                Some(before) if network.first <= before.last => {
                    before.last = before.last.max(network.last);
                }
                _ => apart.push(network),
            }
        }
        Self(apart)
    }
}

impl Networks {
    /// Reads a list, one network a line; `#` begins a comment.
    ///
    /// # Errors
    /// [`NetworksError`] for the first line that is none.
    pub fn parse(text: &str) -> Result<Self, NetworksError> {
        let mut networks = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let network = line.parse().map_err(|fault| NetworksError {
                line: at + 1,
                fault,
            })?;
            networks.push(network);
        }
        Ok(networks.into_iter().collect())
    }

    /// Whether an address is in one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = number(address);
        let behind = self.0.partition_point(|network| network.first <= address);
        behind
            .checked_sub(1)
            .and_then(|at| self.0.get(at))
            .is_some_and(|network| address <= network.last)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are that do not overlap.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_in_a_network() {
        let list =
            "10.0.0.0/8 # private\n\n192.0.2.7\n2001:db8::/32\r\n10.1.0.0/16\n203.0.113.130/25";
        let networks = Networks::parse(list).unwrap();
        assert_eq!(networks.len(), 4);
        for (address, inside) in [
            ("10.255.255.255", true),
            ("11.0.0.0", false),
            ("9.255.255.255", false),
            ("::ffff:10.0.0.1", true),
            ("192.0.2.7", true),
            ("192.0.2.8", false),
            ("2001:db8:ffff::1", true),
            ("2001:db9::", false),
            ("203.0.113.127", false),
            ("203.0.113.128", true),
        ] {
            assert_eq!(
                networks.contains(address.parse().unwrap()),
                inside,
                "{address}"
            );
        }
        assert!(!Networks::default().contains("::".parse().unwrap()));
        let all = Networks::parse("0.0.0.0/0\n::/0").unwrap();
        assert!(all.contains("255.255.255.255".parse().unwrap()));
    }

    #[test]
    fn what_is_none_is_told_by_its_line() {
        for bad in [
            "10.0.0.0/33",
            "::/129",
            "10.0.0/8",
            "x",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "1.2.3.4/8/9",
        ] {
            let list = format!("# a list\n{bad}");
            assert_eq!(Networks::parse(&list).unwrap_err().line, 2, "{bad}");
        }
    }

    proptest! {
        /// A naive look through the list says the same.
        #[test]
        fn as_one_by_one(rows in prop::collection::vec((any::<u32>(), 0_u32..=32), 0..20), ask in any::<u32>()) {
            let texts: Vec<String> = rows.iter().map(|(ip, length)| format!("{}/{length}", std::net::Ipv4Addr::from(*ip))).collect();
            let networks = Networks::parse(&texts.join("\n")).unwrap();
            for ask in rows.iter().map(|(ip, _)| *ip).chain([ask]) {
                let naive = rows.iter().any(|(ip, length)| {
                    let hosts = u32::MAX.checked_shr(*length).unwrap_or(0);
                    ip & !hosts == ask & !hosts
                });
                prop_assert_eq!(networks.contains(std::net::Ipv4Addr::from(ask).into()), naive);
            }
        }

        #[test]
        fn any_text(text in "\\PC{0,80}") {
            let _ = Networks::parse(&text);
        }
    }
}
