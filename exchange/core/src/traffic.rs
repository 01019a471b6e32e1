//! Traffic that no person makes: filtered before anything is offered (X-111).

use std::net::IpAddr;

use openrtb::BidRequest;

use crate::networks::Networks;

/// What is looked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    /// User agents that name themselves crawlers.
    pub crawlers: bool,
    /// Networks of data centres, where nobody looks at ads.
    pub data_centres: Networks,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            crawlers: true,
            data_centres: Networks::default(),
        }
    }
}

/// Why nobody is thought to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Invalid {
    /// The user agent names itself a crawler.
    Crawler,
    /// The device's address is in a data centre.
    DataCentre,
}

impl Invalid {
    /// Every reason.
    pub const ALL: [Self; 2] = [Self::Crawler, Self::DataCentre];

    /// `nbr`.
    #[must_use]
    pub const fn nbr(self) -> i32 {
        match self {
            Self::Crawler => 3,
            Self::DataCentre => 5,
        }
    }

    /// The name in records and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Crawler => "crawler",
            Self::DataCentre => "data_centre",
        }
    }
}

impl Filter {
    /// Whether nobody is thought to look, and why.
    #[must_use]
    pub fn suspects(&self, request: &BidRequest<'_>) -> Option<Invalid> {
        let device = request.device.as_deref()?;
        if self.crawlers && device.ua.as_deref().is_some_and(openrtb::is_crawler) {
            return Some(Invalid::Crawler);
        }
        if self.data_centres.is_empty() {
            return None;
        }
        let addresses = [device.ip.as_deref(), device.ipv6.as_deref()];
        addresses
            .into_iter()
            .flatten()
            .filter_map(|text| text.trim().parse::<IpAddr>().ok())
            .any(|address| self.data_centres.contains(address))
            .then_some(Invalid::DataCentre)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    #[test]
    fn what_is_filtered() {
        let filter = Filter {
            data_centres: Networks::parse("203.0.113.0/24\n2001:db8::/32").unwrap(),
            ..Filter::default()
        };
        #[rustfmt::skip]
        let rows = [
            ("no device", "", None),
            ("a person", r#","device":{"ua":"Mozilla/5.0 (iPhone)","ip":"192.0.2.1"}"#, None),
            ("a crawler", r#","device":{"ua":"Mozilla/5.0 (compatible; Googlebot/2.1)"}"#, Some(Invalid::Crawler)),
            ("a data centre", r#","device":{"ua":"Mozilla/5.0 (iPhone)","ip":"203.0.113.77"}"#, Some(Invalid::DataCentre)),
            ("a data centre by IPv6", r#","device":{"ip":"192.0.2.1","ipv6":"2001:db8::1"}"#, Some(Invalid::DataCentre)),
            ("an address that is none", r#","device":{"ip":"here"}"#, None),
        ];
        for (item, device, want) in rows {
            let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}]{device}}}"#);
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            assert_eq!(filter.suspects(&request), want, "X-111 {item}");
            let off = Filter {
                crawlers: false,
                data_centres: Networks::default(),
            };
            assert_eq!(off.suspects(&request), None, "{item}");
        }
        assert_eq!(Invalid::ALL.map(Invalid::nbr), [3, 5]);
    }
}
