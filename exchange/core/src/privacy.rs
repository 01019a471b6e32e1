//! What a recipient may learn about the person: one decision per request and recipient (C-160 to C-164).

use std::net::IpAddr;

use openrtb::BidRequest;
use openrtb::consent::{self, Tcf};

/// What is taken out of a request before it goes to a recipient. The signals themselves always stay (C-164).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Mask {
    /// `user.id`, `user.buyeruid`, eids, `device.ifa` and the hashed device ids go.
    pub ids: bool,
    /// `user.yob`, `user.gender`, `user.keywords`, `user.data` and `user.customdata` go.
    pub person: bool,
    /// How exactly the place may be told.
    pub location: Location,
}

/// How exactly a request may tell where the device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Location {
    /// As told.
    #[default]
    Exact,
    /// IP addresses cut to their network, coordinates to two decimals.
    Coarse,
    /// IP addresses cut to their network, no coordinates, no postal code.
    Removed,
}

impl Mask {
    /// Everything may travel.
    pub const NONE: Self = Self {
        ids: false,
        person: false,
        location: Location::Exact,
    };

    /// Whether nothing is taken out.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
}

/// Why a request is masked; the strictest reason of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// A child's request (C-161).
    Coppa,
    /// GDPR applies and there is no usable consent (C-162).
    NoConsent,
    /// Opted out of sale, sharing or targeting in the US (C-163).
    OptedOut,
    /// The device limits tracking (C-142).
    TrackingLimited,
}

impl Reason {
    /// The name in records.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Coppa => "coppa",
            Self::NoConsent => "no_consent",
            Self::OptedOut => "opted_out",
            Self::TrackingLimited => "tracking_limited",
        }
    }

    /// What it takes out.
    #[must_use]
    pub const fn mask(self) -> Mask {
        let (person, location) = match self {
            Self::Coppa => (true, Location::Removed),
            Self::NoConsent => (true, Location::Coarse),
            Self::OptedOut => (false, Location::Coarse),
            Self::TrackingLimited => (false, Location::Exact),
        };
        Mask {
            ids: true,
            person,
            location,
        }
    }
}

/// The network of an address: IPv4 /24, IPv6 /48.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & 0xffff_ff00).into()),
        IpAddr::V6(v6) => IpAddr::V6((u128::from(v6) >> 80 << 80).into()),
    }
}

/// The reason to mask a request, if there is one. An absent flag is unknown, and claims no regulation.
#[must_use]
pub fn decide(request: &BidRequest<'_>) -> Option<Reason> {
    if consent::is_child(request) {
        return Some(Reason::Coppa);
    }
    if consent::gdpr_allows(request, allows_ids) == Some(false) {
        return Some(Reason::NoConsent);
    }
    if consent::opted_out(request) {
        return Some(Reason::OptedOut);
    }
    consent::limits_tracking(request).then_some(Reason::TrackingLimited)
}

/// Ids need consent to storage on the device and to basic ads, purposes 1 and 2.
fn allows_ids(tcf: &Tcf<'_>) -> bool {
    tcf.consents_to(1) && tcf.consents_to(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    #[test]
    fn addresses_are_cut_to_their_network() {
        for (address, expect) in [
            ("203.0.113.24", "203.0.113.0"),
            ("2001:db8:1:2::45", "2001:db8:1::"),
        ] {
            let cut = network(address.parse().unwrap());
            assert_eq!(cut.to_string(), expect, "C-161");
        }
    }

    #[test]
    fn signals_and_reasons() {
        #[rustfmt::skip]
        let cases = [
            ("C-160 nothing claimed", r"", None),
            ("C-160 flags 0", r#","regs":{"coppa":0,"gdpr":0}"#, None),
            ("C-161", r#","regs":{"coppa":1}"#, Some(Reason::Coppa)),
            ("C-162 no string", r#","regs":{"gdpr":1}"#, Some(Reason::NoConsent)),
            ("C-162 broken string", r#","regs":{"gdpr":1},"user":{"consent":"xx"}"#, Some(Reason::NoConsent)),
            ("C-162 consent", r#","regs":{"gdpr":1},"user":{"consent":"CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA"}"#, None),
            ("C-170 the 2.5 places", r#","regs":{"ext":{"gdpr":1}},"user":{"ext":{"consent":"CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA"}}"#, None),
            ("C-170 gdpr in ext", r#","regs":{"ext":{"gdpr":1}}"#, Some(Reason::NoConsent)),
            ("C-163 us_privacy", r#","regs":{"us_privacy":"1YYN"}"#, Some(Reason::OptedOut)),
            ("C-163 us_privacy in ext", r#","regs":{"ext":{"us_privacy":"1YYN"}}"#, Some(Reason::OptedOut)),
            ("C-163 gpp", r#","regs":{"gpp":"DBABLA~BVQVAAAAAWA.YA","gpp_sid":[7]}"#, Some(Reason::OptedOut)),
            ("C-142 dnt", r#","device":{"dnt":1}"#, Some(Reason::TrackingLimited)),
            ("C-142 lmt", r#","device":{"lmt":1}"#, Some(Reason::TrackingLimited)),
        ];
        for (item, signals, expect) in cases {
            let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}]{signals}}}"#);
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            assert_eq!(decide(&request), expect, "{item}");
        }
    }
}
