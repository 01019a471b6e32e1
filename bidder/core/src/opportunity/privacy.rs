//! Whether the user may be recognised, and by which ids (conformance §15, interfaces.md "Whose profile").

use openrtb::BidRequest;
use openrtb::consent::{self, Tcf};

/// Why the user's ids and profile are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// No regulation is claimed, or it is satisfied.
    Allowed,
    /// `coppa` 1 (C-161).
    Child,
    /// The GDPR applies and there is no usable consent (C-162).
    NoConsent,
    /// `lmt` or `dnt` 1, or an opt-out of sale (C-142, C-163).
    LimitedTracking,
}

impl Identity {
    /// Its name in explanations.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Child => "coppa",
            Self::NoConsent => "no_consent",
            Self::LimitedTracking => "limited_tracking",
        }
    }
}

/// What the request's signals allow.
#[must_use]
pub fn identity(request: &BidRequest<'_>) -> Identity {
    if consent::is_child(request) {
        return Identity::Child;
    }
    if consent::limits_tracking(request) || consent::opted_out(request) {
        return Identity::LimitedTracking;
    }
    if consent::gdpr_allows(request, allows_ids) == Some(false) {
        return Identity::NoConsent;
    }
    Identity::Allowed
}

/// Ids and profiles need consent to storage on the device and to basic ads, purposes 1 and 2.
fn allows_ids(tcf: &Tcf<'_>) -> bool {
    tcf.consents_to(1) && tcf.consents_to(2)
}

/// The ids by which the user may be known, in the order in which they are tried: `user.buyeruid`,
/// eids as `source:uid`, `device.ifa`, `user.id`; at most three.
pub fn user_keys(request: &BidRequest<'_>, keys: &mut Vec<String>) {
    keys.clear();
    // A screen in the street is nobody's: its ids name the panel (C-150).
    if request.dooh.is_some() {
        return;
    }
    let mut add = |key: String| {
        if keys.len() < 3 && !keys.contains(&key) {
            keys.push(key);
        }
    };
    let user = request.user.as_deref();
    let known = |id: Option<&str>| id.filter(|it| !it.is_empty()).map(str::to_owned);
    if let Some(id) = known(user.and_then(|it| it.buyeruid.as_deref())) {
        add(id);
    }
    for eid in request.eids().iter() {
        let Some(source) = eid.source.as_deref() else {
            continue;
        };
        for uid in &eid.uids {
            if let Some(id) = uid.id.as_deref().filter(|it| !it.is_empty()) {
                add(format!("{source}:{id}"));
            }
        }
    }
    let ifa = request.device.as_deref().and_then(|it| it.ifa.as_deref());
    // An advertising id of zeros only is no id (C-142).
    let is_real = |ifa: &str| ifa.bytes().any(|byte| !matches!(byte, b'0' | b'-'));
    if let Some(id) = known(ifa).filter(|ifa| is_real(ifa)) {
        add(id);
    }
    if let Some(id) = known(user.and_then(|it| it.id.as_deref())) {
        add(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    fn with(members: &str, check: impl FnOnce(&BidRequest<'_>)) {
        let body =
            format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{"w":1,"h":1}}}}],{members}}}"#);
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        check(&request);
    }

    #[test]
    fn who_may_be_recognised() {
        let consent = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
        let consented = format!(r#""regs":{{"gdpr":1}},"user":{{"consent":"{consent}"}}"#);
        let old_place =
            format!(r#""regs":{{"ext":{{"gdpr":1}}}},"user":{{"ext":{{"consent":"{consent}"}}}}"#);
        let cases = [
            (
                "no regs at all: no regulation claimed",
                r#""at":1"#,
                Identity::Allowed,
            ),
            ("C-161", r#""regs":{"coppa":1}"#, Identity::Child),
            (
                "C-162 no string",
                r#""regs":{"gdpr":1}"#,
                Identity::NoConsent,
            ),
            (
                "C-162 broken",
                r#""regs":{"gdpr":1},"user":{"consent":"X"}"#,
                Identity::NoConsent,
            ),
            (
                "C-162 nothing given",
                r#""regs":{"gdpr":1},"user":{"consent":"CQp3NcAQp6gYAAfACBENCbFgAAAAAAAAAAYgAAAAAAAA"}"#,
                Identity::NoConsent,
            ),
            ("C-162", consented.as_str(), Identity::Allowed),
            ("C-170 the 2.5 place", old_place.as_str(), Identity::Allowed),
            ("C-160 gdpr 0", r#""regs":{"gdpr":0}"#, Identity::Allowed),
            ("C-142", r#""device":{"lmt":1}"#, Identity::LimitedTracking),
            ("C-142", r#""device":{"dnt":1}"#, Identity::LimitedTracking),
            (
                "C-163",
                r#""regs":{"us_privacy":"1YYN"}"#,
                Identity::LimitedTracking,
            ),
            (
                "C-163",
                r#""regs":{"us_privacy":"1YNN"}"#,
                Identity::Allowed,
            ),
        ];
        for (id, members, want) in cases {
            with(members, |request| {
                assert_eq!(identity(request), want, "{id}: {members}")
            });
        }
    }

    #[test]
    fn whose_profile() {
        let cases: [(&str, &str, &[&str]); 5] = [
            (
                "the first three present, in order",
                r#""user":{"id":"u","buyeruid":"b","eids":[{"source":"s.example","uids":[{"id":"e"}]}]},"device":{"ifa":"i"}"#,
                &["b", "s.example:e", "i"],
            ),
            ("only user.id", r#""user":{"id":"u1"}"#, &["u1"]),
            (
                "C-150 a panel is nobody",
                r#""dooh":{"id":"d"},"device":{"devicetype":8,"ifa":"panel-7"},"user":{"id":"u1"}"#,
                &[],
            ),
            (
                "C-142 zero ifa",
                r#""device":{"ifa":"00000000-0000-0000-0000-000000000000"}"#,
                &[],
            ),
            (
                "C-170 eids in ext",
                r#""user":{"ext":{"eids":[{"source":"s","uids":[{"id":"e"}]}]}}"#,
                &["s:e"],
            ),
        ];
        for (says, members, want) in cases {
            with(members, |request| {
                let mut keys = Vec::new();
                user_keys(request, &mut keys);
                assert_eq!(keys, want, "{says}");
            });
        }
    }
}
