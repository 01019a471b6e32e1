//! What a recipient may learn about the person: one decision per request and recipient (C-160 to C-164).
//!
//! ```text
//! let told = privacy::Told::by(&request);            // strings of the request
//! let signals = Signals::of(&request, &told, policy); // read once for all recipients
//! let decision = privacy::decide(&signals, recipient); // per recipient
//! ```

use std::net::IpAddr;

use contracts::catalog::DemandPartner;
use openrtb::BidRequest;
use openrtb::consent::{self, ConsentText, Tcf};

use crate::market::OWN_BIDDER;

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

/// How exactly a request may tell where the device is; the stricter is the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
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

    /// Nothing about the person may travel, and its place only as coarsely as told.
    const fn all(location: Location) -> Self {
        Self {
            ids: true,
            person: true,
            location,
        }
    }

    /// Whether nothing is taken out.
    #[must_use]
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// What either takes out.
    fn and(self, other: Self) -> Self {
        Self {
            ids: self.ids || other.ids,
            person: self.person || other.person,
            location: self.location.max(other.location),
        }
    }

    /// An address as this mask lets it be told.
    #[must_use]
    pub fn address(self, address: IpAddr) -> IpAddr {
        match self.location {
            Location::Exact => address,
            Location::Coarse | Location::Removed => network(address),
        }
    }
}

/// Why a request is masked; the first of a request's reasons in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// A child's request (C-161).
    Coppa,
    /// GDPR applies and there is no usable consent (C-162).
    NoConsent,
    /// GDPR applies and there is consent, but not to this recipient (C-162).
    NoVendorConsent,
    /// Opted out of sale, sharing or targeting in the US, or by Global Privacy Control (C-163).
    OptedOut,
    /// The device limits tracking (C-142).
    TrackingLimited,
    /// GDPR applies, and there is consent to ids, but not to profiles or to the precise place (C-162).
    PartialConsent,
}

impl Reason {
    /// The name in records.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Coppa => "coppa",
            Self::NoConsent => "no_consent",
            Self::NoVendorConsent => "no_vendor_consent",
            Self::OptedOut => "opted_out",
            Self::TrackingLimited => "tracking_limited",
            Self::PartialConsent => "partial_consent",
        }
    }
}

/// Which signals are obeyed. A child's request is always masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Consent where the GDPR applies.
    pub gdpr: bool,
    /// Opt-outs of the United States and Global Privacy Control.
    pub us: bool,
    /// `lmt` and `dnt`.
    pub tracking: bool,
    /// Our own id in the Global Vendor List; without one the purposes alone count for our own bidder.
    pub own_vendor: Option<u16>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            gdpr: true,
            us: true,
            tracking: true,
            own_vendor: None,
        }
    }
}

/// Who would get the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipient {
    /// We ourselves: our own bidder.
    Ours,
    /// A partner with this id in the Global Vendor List.
    Vendor(u16),
    /// A partner without one, to whom nobody can have consented.
    Unlisted,
}

impl Recipient {
    /// What a demand partner is.
    #[must_use]
    pub fn of(partner: &DemandPartner) -> Self {
        match partner.vendor_id {
            Some(id) => Self::Vendor(id),
            None if partner.endpoint == OWN_BIDDER => Self::Ours,
            None => Self::Unlisted,
        }
    }
}

/// The strings of a request that have to be read to know what the person allows.
#[derive(Debug, Clone)]
pub struct Told<'a>(Option<ConsentText<'a>>);

impl<'a> Told<'a> {
    /// Those of a request.
    #[must_use]
    pub fn by(request: &BidRequest<'a>) -> Self {
        Self(consent::gdpr_consent(request))
    }
}

/// What a request says of the person's choices, read once for all its recipients. An absent flag is
/// unknown, and claims no regulation (C-160).
#[derive(Debug, Clone, Copy)]
pub struct Signals<'t> {
    is_child: bool,
    gdpr: Gdpr<'t>,
    opted_out: bool,
    tracking_limited: bool,
    own_vendor: Option<u16>,
}

#[derive(Debug, Clone, Copy)]
enum Gdpr<'t> {
    NotClaimed,
    /// Without a string that can be read.
    NoConsent,
    Consent(Tcf<'t>),
}

impl<'t> Signals<'t> {
    /// Reads them.
    #[must_use]
    pub fn of(request: &BidRequest<'_>, told: &'t Told<'_>, policy: Policy) -> Self {
        let gdpr = match told.0.as_ref().filter(|_| policy.gdpr) {
            None => Gdpr::NotClaimed,
            Some(text) => text.read().map_or(Gdpr::NoConsent, Gdpr::Consent),
        };
        Self {
            is_child: consent::is_child(request),
            gdpr,
            opted_out: policy.us && consent::opted_out(request),
            tracking_limited: policy.tracking && consent::limits_tracking(request),
            own_vendor: policy.own_vendor,
        }
    }
}

/// What one recipient may not learn, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Decision {
    /// What is taken out.
    pub mask: Mask,
    /// Why, if anything is.
    pub reason: Option<Reason>,
}

/// The policy: of all that the person says, the strictest.
#[must_use]
pub fn decide(signals: &Signals<'_>, recipient: Recipient) -> Decision {
    let mut decision = Decision::default();
    let mut because = |reason: Reason, mask: Mask| {
        decision.mask = decision.mask.and(mask);
        let first = decision.reason.map_or(reason, |known| known.min(reason));
        decision.reason = Some(first);
    };
    if signals.is_child {
        because(Reason::Coppa, Mask::all(Location::Removed));
    }
    match &signals.gdpr {
        Gdpr::NotClaimed => {}
        Gdpr::NoConsent => because(Reason::NoConsent, Mask::all(Location::Coarse)),
        Gdpr::Consent(tcf) => {
            if let Some((reason, mask)) = by_consent(tcf, recipient, signals.own_vendor) {
                because(reason, mask);
            }
        }
    }
    if signals.opted_out {
        because(Reason::OptedOut, Mask::all(Location::Coarse));
    }
    if signals.tracking_limited {
        because(Reason::TrackingLimited, Mask::all(Location::Coarse));
    }
    decision
}

/// Whether we ourselves may know who the person is: without that no id of ours is read, made or kept.
#[must_use]
pub fn may_identify(signals: &Signals<'_>) -> bool {
    !decide(signals, Recipient::Ours).mask.ids
}

/// Storage on the device, and basic ads: without both there are no ids.
const IDS: [u8; 2] = [1, 2];
/// Profiles that select ads.
const PROFILES: u8 = 4;
/// The special feature of the precise place.
const PRECISE_PLACE: u8 = 1;

/// Consent to the purposes counts, and to the recipient as a vendor for them. Legitimate interest does not:
/// whether a vendor may claim one for a purpose, the string does not say.
fn by_consent(
    tcf: &Tcf<'_>,
    recipient: Recipient,
    own_vendor: Option<u16>,
) -> Option<(Reason, Mask)> {
    let vendor = match recipient {
        Recipient::Ours => own_vendor,
        Recipient::Vendor(id) => Some(id),
        Recipient::Unlisted => Some(NOBODY),
    };
    let allows = |purpose: u8| match vendor {
        Some(vendor) => tcf.allows(purpose, vendor),
        None => tcf.consents_to(purpose),
    };
    if !IDS.into_iter().all(allows) {
        let reason = if IDS.into_iter().all(|it| tcf.consents_to(it)) {
            Reason::NoVendorConsent
        } else {
            Reason::NoConsent
        };
        return Some((reason, Mask::all(Location::Coarse)));
    }
    let location = if tcf.opts_into(PRECISE_PLACE) {
        Location::Exact
    } else {
        Location::Coarse
    };
    let mask = Mask {
        ids: false,
        person: !allows(PROFILES),
        location,
    };
    (!mask.is_none()).then_some((Reason::PartialConsent, mask))
}

/// No vendor has this id.
const NOBODY: u16 = 0;

/// The network of an address: IPv4 /24, IPv6 /48.
#[must_use]
pub fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((u32::from(v4) & 0xffff_ff00).into()),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => network(IpAddr::V4(v4)),
            None => IpAddr::V6((u128::from(v6) >> 80 << 80).into()),
        },
    }
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
            ("::ffff:203.0.113.24", "203.0.113.0"),
        ] {
            let cut = network(address.parse().unwrap());
            assert_eq!(cut.to_string(), expect, "C-161");
        }
    }

    /// Purposes 1, 2 and 4; vendors 2 and 755; no special feature.
    const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
    /// Every purpose, special feature and vendor to 1000.
    const ALL: &str =
        "CQp3NcAQp6gYAAfACBENCbFsAP_gAEPgAAYgH0QAYAAgfQB9EAGAAIH0AAAA.IAAA.YAAAAAAAAAAA";
    /// Purposes 1 and 2, which the publisher forbids vendor 2; vendors 2, 3, 4 and 28.
    const RESTRICTED: &str =
        "CQp3NcAQp6gYAAfACBENCbFgAMAAAAAAAAYgAOHAAABAAAAGEAAgACCgAQAODoAIAAwA.IAAA.YAAAAAAAAAAA";

    fn decided(signals: &str, recipient: Recipient, policy: Policy) -> Decision {
        let body = format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{}}}}]{signals}}}"#);
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let told = Told::by(&request);
        decide(&Signals::of(&request, &told, policy), recipient)
    }

    /// What is said, to whom it would go, why it is masked, and what is taken out.
    type Row = (
        &'static str,
        String,
        Recipient,
        Option<Reason>,
        (bool, bool, Location),
    );

    #[test]
    fn signals_and_reasons() {
        let given = |text: &str| format!(r#","regs":{{"gdpr":1}},"user":{{"consent":"{text}"}}"#);
        let (ours, unlisted) = (Recipient::Ours, Recipient::Unlisted);
        let vendor = Recipient::Vendor;
        let none = (false, false, Location::Exact);
        let coarse = (true, true, Location::Coarse);
        #[rustfmt::skip]
        let cases: [Row; 22] = [
            ("C-160 nothing claimed", String::new(), unlisted, None, none),
            ("C-160 flags 0", r#","regs":{"coppa":0,"gdpr":0}"#.into(), unlisted, None, none),
            ("C-161", r#","regs":{"coppa":1}"#.into(), ours, Some(Reason::Coppa), (true, true, Location::Removed)),
            ("C-161 before all others", r#","regs":{"coppa":1,"gdpr":1}"#.into(), ours, Some(Reason::Coppa), (true, true, Location::Removed)),
            ("C-162 no string", r#","regs":{"gdpr":1}"#.into(), ours, Some(Reason::NoConsent), coarse),
            ("C-162 broken string", given("xx"), ours, Some(Reason::NoConsent), coarse),
            ("C-162 ours, purposes alone", given(SOME), ours, Some(Reason::PartialConsent), (false, false, Location::Coarse)),
            ("C-162 a vendor that is named", given(SOME), vendor(755), Some(Reason::PartialConsent), (false, false, Location::Coarse)),
            ("C-162 a vendor that is not", given(SOME), vendor(3), Some(Reason::NoVendorConsent), coarse),
            ("C-162 no vendor", given(SOME), unlisted, Some(Reason::NoVendorConsent), coarse),
            ("C-162 all", given(ALL), vendor(3), None, none),
            ("C-162 all, and still no vendor", given(ALL), unlisted, Some(Reason::NoVendorConsent), coarse),
            ("C-162 the publisher forbids it", given(RESTRICTED), vendor(2), Some(Reason::NoVendorConsent), coarse),
            ("C-162 the publisher lets another", given(RESTRICTED), vendor(3), Some(Reason::PartialConsent), (false, true, Location::Coarse)),
            ("C-170 the 2.5 places", format!(r#","regs":{{"ext":{{"gdpr":1}}}},"user":{{"ext":{{"consent":"{ALL}"}}}}"#), vendor(3), None, none),
            ("C-170 gdpr in ext", r#","regs":{"ext":{"gdpr":1}}"#.into(), ours, Some(Reason::NoConsent), coarse),
            ("C-163 us_privacy", r#","regs":{"us_privacy":"1YYN"}"#.into(), ours, Some(Reason::OptedOut), coarse),
            ("C-163 gpp", r#","regs":{"gpp":"DBABLA~BVQVAAAAAWA.YA","gpp_sid":[7]}"#.into(), ours, Some(Reason::OptedOut), coarse),
            ("C-163 GPC", r#","regs":{"ext":{"gpc":"1"}}"#.into(), ours, Some(Reason::OptedOut), coarse),
            ("C-142 dnt", r#","device":{"dnt":1}"#.into(), ours, Some(Reason::TrackingLimited), coarse),
            ("C-142 lmt", r#","device":{"lmt":1}"#.into(), ours, Some(Reason::TrackingLimited), coarse),
            ("consent does not undo an opt-out", given(ALL).replace(r#""gdpr":1"#, r#""gdpr":1,"us_privacy":"1YYN""#), vendor(3), Some(Reason::OptedOut), coarse),
        ];
        for (item, signals, recipient, reason, (ids, person, location)) in cases {
            let mask = Mask {
                ids,
                person,
                location,
            };
            let got = decided(&signals, recipient, Policy::default());
            assert_eq!(got, Decision { mask, reason }, "{item}");
        }
    }

    #[test]
    fn what_is_not_obeyed_and_what_always_is() {
        let off = Policy {
            gdpr: false,
            us: false,
            tracking: false,
            own_vendor: None,
        };
        for signals in [
            r#","regs":{"gdpr":1,"us_privacy":"1YYN"}"#,
            r#","device":{"lmt":1}"#,
        ] {
            let got = decided(signals, Recipient::Unlisted, off);
            assert_eq!(got, Decision::default(), "{signals}");
        }
        let child = decided(r#","regs":{"coppa":1}"#, Recipient::Ours, off);
        assert_eq!(child.reason, Some(Reason::Coppa), "S11");
        let listed = Policy {
            own_vendor: Some(3),
            ..Policy::default()
        };
        let given = format!(r#","regs":{{"gdpr":1}},"user":{{"consent":"{SOME}"}}"#);
        let got = decided(&given, Recipient::Ours, listed);
        assert_eq!(got.reason, Some(Reason::NoVendorConsent), "our own id");
    }
}
