//! Telling an exchange what we call a browser: whether we may, and where to.

use openrtb::consent::{self, UrlChoice};
use openrtb::macros::percent_encode;
use openrtb::{BidRequest, Limits};

/// Storage on the device, and basic ads: what an id needs consent to (C-162).
const PURPOSES: [u8; 2] = [1, 2];

/// Whether the person may be known by an id; `vendor` is ours in the Global Vendor List, without which the purposes
/// alone count. What cannot be read is no consent.
#[must_use]
pub fn may_identify(choice: &UrlChoice, vendor: Option<u16>) -> bool {
    let body = choice.to_request();
    let Ok((request, _)) = BidRequest::read(&body, &Limits::MEASURED) else {
        return false;
    };
    let consented = consent::gdpr_allows(&request, |tcf| {
        PURPOSES.into_iter().all(|purpose| match vendor {
            Some(vendor) => tcf.allows(purpose, vendor),
            None => tcf.consents_to(purpose),
        })
    });
    consented != Some(false)
        && !consent::is_child(&request)
        && !consent::limits_tracking(&request)
        && !consent::opted_out(&request)
}

/// What a return URL may have in place of an id; an id is appended where it does not.
const UID: &str = "$UID";

/// The return URL with our id in it; `None` when it leads to none of the exchanges at `origins`, such as
/// `https://exchange.example`: who may be told what we call a person is for us to say, not for a page.
#[must_use]
pub fn return_url(to: &str, origins: &[String], id: &str) -> Option<String> {
    let is_plain = to.bytes().all(|byte| byte.is_ascii_graphic());
    let is_known = origins.iter().any(|origin| {
        // What follows an origin's slash is its own, whatever it is.
        let path = to.strip_prefix(origin.trim_end_matches('/'));
        path.is_some_and(|path| path.starts_with('/'))
    });
    if !is_plain || !is_known {
        return None;
    }
    let mut url = String::with_capacity(to.len() + id.len());
    match to.split_once(UID) {
        Some((before, after)) => {
            url.push_str(before);
            percent_encode(id, &mut url);
            url.push_str(after);
        }
        None => {
            url.push_str(to);
            percent_encode(id, &mut url);
        }
    }
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Purposes 1, 2 and 4; vendors 2 and 755.
    const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";
    const NOTHING: &str = "CQp3NcAQp6gYAAfACBENCbFgAAAAAAAAAAYgAAAAAAAA.IAAA.YAAAAAAAAAAA";

    /// Purpose 1, vendor 7.
    const DISCLOSED: &str =
        "CQp3NcAQp6gYAAfACBENCbFgAIAAAAAAAAYgADgIAAAAAAAA.IAEgKAAA.YAAAAAAAAAAA";

    /// What it is, what is said, who we are, and whether the person may be known.
    type Row = (
        &'static str,
        Vec<(&'static str, &'static str)>,
        Option<u16>,
        bool,
    );

    #[test]
    fn who_may_be_known() {
        let consent = |text| vec![("gdpr", "1"), ("gdpr_consent", text)];
        #[rustfmt::skip]
        let cases: Vec<Row> = vec![
            ("C-160 nothing claimed", vec![], Some(3), true),
            ("C-160 gdpr 0", vec![("gdpr", "0")], None, true),
            ("C-162 no string", vec![("gdpr", "1")], None, false),
            ("C-162 garbage", consent("yes"), None, false),
            ("C-162 nothing", consent(NOTHING), None, false),
            ("C-162 the purposes", consent(SOME), None, true),
            ("C-162 purpose 1 alone", consent(DISCLOSED), None, false),
            ("C-162 purpose 1 alone, and us", consent(DISCLOSED), Some(7), false),
            ("C-162 the purposes and us", consent(SOME), Some(755), true),
            ("C-162 the purposes and not us", consent(SOME), Some(3), false),
            ("C-162 section 2", vec![("gpp_sid", "2"), ("gpp", "DBAB")], None, false),
            ("C-163 opted out", vec![("us_privacy", "1YYN")], None, false),
            ("C-163 not opted out", vec![("us_privacy", "1YNN")], None, true),
            ("C-163 GPP", vec![("gpp", "DBABLA~BVQVAAAAAWA.YA"), ("gpp_sid", "7")], None, false),
            ("C-161", vec![("coppa", "1")], None, false),
        ];
        for (says, said, vendor, expect) in cases {
            let choice = UrlChoice::read(said);
            assert_eq!(may_identify(&choice, vendor), expect, "{says}");
        }
        for (opts_out, untracked) in [(true, false), (false, true)] {
            let mut choice = UrlChoice::default();
            (choice.opts_out, choice.untracked) = (opts_out, untracked);
            assert!(!may_identify(&choice, None), "C-142, C-163");
        }
    }

    #[test]
    fn whom_we_tell() {
        let origins = [
            "https://x.example".to_owned(),
            "http://127.0.0.1:8004/".to_owned(),
        ];
        #[rustfmt::skip]
        let cases = [
            ("https://x.example/in?uid=", Some("https://x.example/in?uid=a%20b")),
            ("https://x.example/in?uid=$UID&z=1", Some("https://x.example/in?uid=a%20b&z=1")),
            ("http://127.0.0.1:8004/sync/in?uid=", Some("http://127.0.0.1:8004/sync/in?uid=a%20b")),
            ("http://127.0.0.1:80041/in?uid=", None),
            ("http://127.0.0.1:8004@evil.example/", None),
            ("https://x.example.evil.example/", None),
            ("https://x.example", None),
            ("http://x.example/", None),
            ("https://evil.example/?https://x.example/", None),
            ("//x.example/", None),
            ("/sync", None),
            ("https://x.example/\r\nset-cookie: a=b", None),
            ("", None),
        ];
        for (to, expect) in cases {
            let got = return_url(to, &origins, "a b");
            assert_eq!(got.as_deref(), expect, "{to:?}");
        }
    }
}
