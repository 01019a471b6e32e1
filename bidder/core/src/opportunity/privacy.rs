//! Whether the user may be recognised, and by which ids (conformance §15, interfaces.md "Whose profile").

use openrtb::BidRequest;

/// Why the user's ids and profile are not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// No regulation is claimed, or it is satisfied.
    Allowed,
    /// `coppa` 1 (C-161).
    Child,
    /// `gdpr` 1 without a readable consent string (C-162).
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
    let regs = request.regs.as_deref();
    if regs.and_then(|it| it.coppa).unwrap_or(false) {
        return Identity::Child;
    }
    let device = request.device.as_deref();
    let set = |flag: Option<bool>| flag.unwrap_or(false);
    if device.is_some_and(|it| set(it.lmt) || set(it.dnt)) {
        return Identity::LimitedTracking;
    }
    if request
        .us_privacy()
        .is_some_and(|text| sale_is_refused(&text))
        || gpp_opts_out(request)
    {
        return Identity::LimitedTracking;
    }
    if request.gdpr() == Some(true) && !request.consent().is_some_and(|text| is_tcf_v2(&text)) {
        return Identity::NoConsent;
    }
    Identity::Allowed
}

/// The third character of a US privacy string: `1YYN` opts out of sale.
fn sale_is_refused(us_privacy: &str) -> bool {
    let mut characters = us_privacy.chars();
    characters.next() == Some('1') && matches!(characters.nth(1), Some('Y' | 'y'))
}

/// A TCF v2 string begins with `C` and is base64url (version 2 in its first six bits).
fn is_tcf_v2(consent: &str) -> bool {
    let core = consent.split('.').next().unwrap_or_default();
    let plausible = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    core.len() >= 20 && core.starts_with('C') && core.bytes().all(plausible)
}

/// An opt-out of sale, sharing or targeted advertising in the US national section of a GPP string.
fn gpp_opts_out(request: &BidRequest<'_>) -> bool {
    const US_NATIONAL: i32 = 7;
    if !request
        .gpp_sid()
        .iter()
        .any(|section| section.0 == US_NATIONAL)
    {
        return false;
    }
    let gpp = request.gpp();
    gpp.as_deref()
        .and_then(us_national_section)
        .is_some_and(|section| {
            // Core segment: version (6 bits), then two-bit fields; the opt-outs of sale, sharing and
            // targeted advertising are the 7th to 9th of them. 1 means opted out.
            let field = |number: usize| two_bits(section, 6 + number * 2);
            [6, 7, 8].into_iter().any(|number| field(number) == Some(1))
        })
}

/// With a single US section, it is the one behind the header.
fn us_national_section(gpp: &str) -> Option<&str> {
    let mut sections = gpp.split('~').skip(1);
    let section = sections.next()?;
    if sections.next().is_some() {
        return None;
    }
    section.split('.').next()
}

/// Two bits of a base64url text, from the bit `at` on.
fn two_bits(text: &str, at: usize) -> Option<u8> {
    let bit = |at: usize| {
        let character = *text.as_bytes().get(at / 6)?;
        let sextet = match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        Some(sextet >> (5 - at % 6) & 1)
    };
    Some(bit(at)? << 1 | bit(at + 1)?)
}

/// The ids by which the user may be known, in the order in which they are tried: `user.buyeruid`,
/// eids as `source:uid`, `device.ifa`, `user.id`; at most three.
pub fn user_keys(request: &BidRequest<'_>, keys: &mut Vec<String>) {
    keys.clear();
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
        let consent = "CQbP_7AQbP_7AAKACBDECOFgAP_gAEPgAAYgF5gBAAA";
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
        let cases: [(&str, &str, &[&str]); 4] = [
            (
                "the first three present, in order",
                r#""user":{"id":"u","buyeruid":"b","eids":[{"source":"s.example","uids":[{"id":"e"}]}]},"device":{"ifa":"i"}"#,
                &["b", "s.example:e", "i"],
            ),
            ("only user.id", r#""user":{"id":"u1"}"#, &["u1"]),
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
