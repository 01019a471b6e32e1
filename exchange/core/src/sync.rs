//! Whom a browser calls so that they tell us what they call the user, and by which URLs (C-143).

use contracts::catalog::DemandPartner;
use contracts::matches::Matches;
use openrtb::consent::UrlChoice;
use openrtb::macros::percent_encode;
use units::{PartnerId, UnixMillis};

use crate::privacy::{self, Recipient, Signals};

/// Sync URL of our own DMP in the catalog: the exchange knows where that is.
pub const OWN_DMP: &str = "self:dmp";

/// What an id of a partner is.
#[must_use]
pub fn is_uid(text: &str) -> bool {
    (1..=LONGEST_UID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Bytes of the longest id that is kept.
pub const LONGEST_UID: usize = 256;

/// Whether a partner may get, and tell, an id of the person; asked on top of what we ourselves may know.
#[must_use]
pub fn may_match(signals: &Signals<'_>, partner: &DemandPartner) -> bool {
    let theirs = privacy::decide(signals, Recipient::of(partner));
    privacy::may_identify(signals) && !theirs.mask.ids
}

/// The partners that a browser is to call now: those with a sync URL that may know the person and whose id
/// of it ends before `renewed_before`. At most `most`, beginning with the one at `first` of those that are due, so
/// that one that never answers keeps nobody else from a turn.
#[must_use]
pub fn due<'p>(
    partners: &'p [DemandPartner],
    matches: &Matches,
    signals: &Signals<'_>,
    renewed_before: UnixMillis,
    most: usize,
    first: usize,
) -> Vec<&'p DemandPartner> {
    let is_fresh = |partner: &DemandPartner| {
        let known = matches.of(&partner.id);
        known.is_some_and(|known| known.until > renewed_before)
    };
    let mut due: Vec<&DemandPartner> = partners
        .iter()
        .filter(|it| it.status.is_active() && it.sync_url.is_some())
        .filter(|it| !is_fresh(it) && may_match(signals, it))
        .collect();
    if due.len() > most {
        let turned = first % due.len();
        due.rotate_left(turned);
        due.truncate(most);
    }
    due
}

/// Where a partner sends the browser back to: it appends its id of the user, percent-encoded. What the person
/// chose is in it, so that it holds there too, whatever the partner passes on.
#[must_use]
pub fn return_url(base: &str, partner: &PartnerId, choice: &UrlChoice) -> String {
    let mut url = format!("{base}/sync/in?partner=");
    percent_encode(partner.as_str(), &mut url);
    choice.pass_on(&mut url);
    url.push_str("&uid=");
    url
}

/// A partner's sync URL with its macros replaced; `dmp` is the base of our own DMP.
#[must_use]
pub fn call_url(template: &str, dmp: &str, choice: &UrlChoice, return_url: &str) -> String {
    if template == OWN_DMP {
        let mut url = format!("{dmp}/sync?to=");
        percent_encode(return_url, &mut url);
        choice.pass_on(&mut url);
        return url;
    }
    let mut url = String::with_capacity(template.len() + 3 * return_url.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        url.push_str(before);
        let found = after.split_once('}').and_then(|(name, after)| {
            let value = match name {
                "RETURN_URL" => return_url,
                _ => choice.named(name)?,
            };
            Some((value, after))
        });
        rest = match found {
            Some((value, after)) => {
                percent_encode(value, &mut url);
                after
            }
            None => {
                url.push_str("${");
                after
            }
        };
    }
    url.push_str(rest);
    url
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::privacy::{Policy, Told};
    use contracts::matches::Match;
    use openrtb::{BidRequest, Limits};

    /// Purposes 1, 2 and 4; vendors 2 and 755.
    const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";

    fn choice(pairs: &[(&str, &str)]) -> UrlChoice {
        UrlChoice::read(pairs.iter().copied())
    }

    fn partners() -> Vec<DemandPartner> {
        let rows = [
            r#"{"id":"other","vendor_id":755,"sync_url":"https://o.example/?${RETURN_URL}","status":"live""#,
            r#"{"id":"listed","vendor_id":3,"sync_url":"https://l.example/?${RETURN_URL}","status":"testing""#,
            r#"{"id":"unlisted","sync_url":"https://u.example/?${RETURN_URL}","status":"live""#,
            r#"{"id":"off","vendor_id":755,"sync_url":"https://x.example/?${RETURN_URL}","status":"off""#,
            r#"{"id":"silent","vendor_id":755,"status":"live""#,
        ];
        let rows = rows.map(|row| {
            let row = format!(r#"{row},"name":"n","endpoint":"https://d.example/bid"}}"#);
            serde_json::from_str(&row).unwrap()
        });
        let own = r#"{"id":"own","name":"n","endpoint":"self:bidder","sync_url":"self:dmp","active":true}"#;
        let own = serde_json::from_str(own).unwrap();
        rows.into_iter().chain([own]).collect()
    }

    /// What it is, what is said, what is known, how many at most, who is first, and who is called.
    type Row<'r> = (
        &'static str,
        &'r [(&'static str, &'static str)],
        Matches,
        usize,
        usize,
        &'static [&'static str],
    );

    #[test]
    fn whom_a_browser_calls() {
        let known = |until: i64| {
            Matches(vec![Match {
                partner: "other".into(),
                uid: "o-1".into(),
                until: UnixMillis(until),
            }])
        };
        let none = Matches::default;
        let some = [("gdpr", "1"), ("gdpr_consent", SOME)];
        #[rustfmt::skip]
        let cases: [Row<'_>; 12] = [
            ("C-160 nothing claimed", &[], none(), 9, 0, &["other", "listed", "unlisted", "own"]),
            ("C-162 no consent", &[("gdpr", "1")], none(), 9, 0, &[]),
            ("C-162 consent to some vendors", &some, none(), 9, 0, &["other", "own"]),
            ("C-163", &[("us_privacy", "1YYN")], none(), 9, 0, &[]),
            ("C-163 GPP", &[("gpp", "DBABLA~BVQVAAAAAWA.YA"), ("gpp_sid", "7")], none(), 9, 0, &[]),
            ("C-161", &[("coppa", "1")], none(), 9, 0, &[]),
            ("a fresh match", &[], known(101), 9, 0, &["listed", "unlisted", "own"]),
            ("a match to be renewed", &[], known(100), 9, 0, &["other", "listed", "unlisted", "own"]),
            ("so many and no more", &[], none(), 2, 0, &["other", "listed"]),
            ("the next in turn", &[], none(), 2, 3, &["own", "other"]),
            ("in turn of those that are due", &[], known(101), 2, 4, &["unlisted", "own"]),
            ("all fit", &[], none(), 4, 3, &["other", "listed", "unlisted", "own"]),
        ];
        let partners = partners();
        for (says, said, matches, most, first, expect) in cases {
            let body = choice(said).to_request();
            let (request, _) = BidRequest::read(&body, &Limits::MEASURED).unwrap();
            let told = Told::by(&request);
            let signals = Signals::of(&request, &told, Policy::default());
            let due = due(&partners, &matches, &signals, UnixMillis(100), most, first);
            let due: Vec<&str> = due.iter().map(|it| it.id.as_str()).collect();
            assert_eq!(due, expect, "{says}");
        }
    }

    #[test]
    fn what_a_browser_calls() {
        let choice = choice(&[("gdpr", "1"), ("gdpr_consent", "C&Q")]);
        let back = return_url("https://x.example", &"a b".into(), &choice);
        assert_eq!(
            back,
            "https://x.example/sync/in?partner=a%20b&gdpr=1&gdpr_consent=C%26Q&uid="
        );
        for (template, expect) in [
            (
                "https://d.example/?r=${RETURN_URL}",
                "https://d.example/?r=R%26",
            ),
            (
                "https://d.example/?g=${GDPR}&c=${GDPR_CONSENT_755}&p=${GPP_STRING}&r=${RETURN_URL}%24UID",
                "https://d.example/?g=1&c=C%26Q&p=&r=R%26%24UID",
            ),
            (
                "https://d.example/?x=${OTHER}&y=${",
                "https://d.example/?x=${OTHER}&y=${",
            ),
            (
                "self:dmp",
                "http://dmp/sync?to=R%26&gdpr=1&gdpr_consent=C%26Q",
            ),
        ] {
            assert_eq!(call_url(template, "http://dmp", &choice, "R&"), expect);
        }
    }

    #[test]
    fn what_an_id_is() {
        let longest = "x".repeat(LONGEST_UID);
        let longer = "x".repeat(LONGEST_UID + 1);
        for (text, expect) in [
            ("a-7:b/=+", true),
            ("", false),
            ("a b", false),
            ("a\n", false),
            ("ü", false),
            (&longest, true),
            (&longer, false),
        ] {
            assert_eq!(is_uid(text), expect, "{text:?}");
        }
    }
}
