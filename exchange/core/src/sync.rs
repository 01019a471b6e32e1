//! Whom a browser calls so that they tell us what they call the user, which SSPs are told what we do, and by which
//! URLs (C-143).

use contracts::catalog::{DemandPartner, SspAccount, SyncKind};
use contracts::matches::Matches;
use openrtb::consent::UrlChoice;
use openrtb::macros::percent_encode;
use units::{PartnerId, UnixMillis, VisitorId};

use crate::privacy::{self, Recipient, Signals};

/// Sync URL of our own DMP in the catalog: the exchange knows where that is.
pub const OWN_DMP: &str = "self:dmp";

/// What our ids of users begin with.
pub const OWN_PREFIX: &str = "usr_";

/// Whether an id of a user is of our making, written as we write it.
#[must_use]
pub fn is_own_id(text: &str) -> bool {
    // Of the forms of a UUID, the one with hyphens alone is of 36 characters.
    let is_written = |id: &str| id.len() == 36 && !id.bytes().any(|it| it.is_ascii_uppercase());
    let id = text.strip_prefix(OWN_PREFIX).filter(|id| is_written(id));
    id.is_some_and(|id| VisitorId::parse(id).is_some())
}

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

/// Whether an SSP may be told our id of the person; asked on top of what we ourselves may know.
#[must_use]
pub fn may_tell(signals: &Signals<'_>, account: &SspAccount) -> bool {
    let vendor = account.vendor_id;
    let recipient = vendor.map_or(Recipient::Unlisted, Recipient::Vendor);
    privacy::may_identify(signals) && !privacy::decide(signals, recipient).mask.ids
}

/// How many partners one visit calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Most {
    /// Of either kind.
    pub all: usize,
    /// Of those that are frames: each is a document whose scripts run.
    pub frames: usize,
}

/// The partners that a browser is to call now: those with a sync URL that may know the person and whose id
/// of it ends before `renewed_before`. Those without an id come first, then those whose id is the oldest.
///
/// Where not all have room, the one at `first` of those without an id begins, so that one that never answers keeps
/// nobody else from a turn.
#[must_use]
pub fn due<'p>(
    partners: &'p [DemandPartner],
    matches: &Matches,
    signals: &Signals<'_>,
    renewed_before: UnixMillis,
    most: Most,
    first: usize,
) -> Vec<&'p DemandPartner> {
    let until = |partner: &DemandPartner| matches.of(&partner.id).map(|known| known.until);
    let mut due: Vec<&DemandPartner> = partners
        .iter()
        .filter(|it| it.status.is_active() && it.sync_url.is_some())
        .filter(|it| until(it).is_none_or(|until| until <= renewed_before))
        .filter(|it| may_match(signals, it))
        .collect();
    due.sort_by_key(|it| until(it));
    let is_frame = |partner: &&DemandPartner| partner.sync_kind == SyncKind::Frame;
    let frames = due.iter().filter(|it| is_frame(it)).count();
    let unknown = due.iter().take_while(|it| until(it).is_none()).count();
    if unknown > 0
        && (due.len() > most.all || frames > most.frames)
        && let Some(unknown) = due.get_mut(..unknown)
    {
        let turned = first % unknown.len();
        unknown.rotate_left(turned);
    }
    let mut room = most.frames;
    due.retain(|it| {
        let has_room = !is_frame(it) || room > 0;
        room -= usize::from(is_frame(it) && has_room);
        has_room
    });
    due.truncate(most.all);
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
    filled(template, choice, "RETURN_URL", return_url)
}

/// Where a browser is sent on to, to tell an SSP our id of the user.
#[must_use]
pub fn out_url(template: &str, choice: &UrlChoice, id: &str) -> String {
    filled(template, choice, "UID", id)
}

/// A URL with its macros replaced, one of them by `value`; what is no macro stays as it is.
fn filled(template: &str, choice: &UrlChoice, name: &str, value: &str) -> String {
    let mut url = String::with_capacity(template.len() + 3 * value.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        url.push_str(before);
        let found = after.split_once('}').and_then(|(told, after)| {
            let value = if told == name {
                value
            } else {
                choice.named(told)?
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

    /// Two of them, `listed` and `unlisted`, are frames.
    fn partners() -> Vec<DemandPartner> {
        let rows = [
            r#"{"id":"other","vendor_id":755,"sync_url":"https://o.example/?${RETURN_URL}","status":"live""#,
            r#"{"id":"listed","vendor_id":3,"sync_url":"https://l.example/?${RETURN_URL}","sync_kind":"frame","status":"testing""#,
            r#"{"id":"unlisted","sync_url":"https://u.example/?${RETURN_URL}","sync_kind":"frame","status":"live""#,
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

    /// Parameters of a URL.
    type Said<'r> = &'r [(&'static str, &'static str)];

    /// What it is, what is said, what is known, how many at most, who is first, and who is called.
    type Row<'r> = (
        &'static str,
        Said<'r>,
        Matches,
        (usize, usize),
        usize,
        &'static [&'static str],
    );

    #[test]
    fn whom_a_browser_calls() {
        let known = |ids: &[(&str, i64)]| {
            let ids = ids.iter().map(|(partner, until)| Match {
                partner: (*partner).into(),
                uid: "id-1".into(),
                until: UnixMillis(*until),
            });
            Matches(ids.collect())
        };
        let none = Matches::default;
        let some = [("gdpr", "1"), ("gdpr_consent", SOME)];
        let all_known = known(&[("other", 70), ("listed", 90), ("unlisted", 60), ("own", 80)]);
        #[rustfmt::skip]
        let cases: [Row<'_>; 21] = [
            ("C-160 nothing claimed", &[], none(), (9, 9), 0, &["other", "listed", "unlisted", "own"]),
            ("C-162 no consent", &[("gdpr", "1")], none(), (9, 9), 0, &[]),
            ("C-162 consent to some vendors", &some, none(), (9, 9), 0, &["other", "own"]),
            ("C-163", &[("us_privacy", "1YYN")], none(), (9, 9), 0, &[]),
            ("C-163 GPP", &[("gpp", "DBABLA~BVQVAAAAAWA.YA"), ("gpp_sid", "7")], none(), (9, 9), 0, &[]),
            ("C-161", &[("coppa", "1")], none(), (9, 9), 0, &[]),
            ("a fresh match", &[], known(&[("other", 101)]), (9, 9), 0, &["listed", "unlisted", "own"]),
            ("a match to be renewed comes last", &[], known(&[("other", 100)]), (9, 9), 0, &["listed", "unlisted", "own", "other"]),
            ("the oldest first", &[], all_known.clone(), (9, 9), 0, &["unlisted", "other", "own", "listed"]),
            ("the oldest have room", &[], all_known.clone(), (2, 9), 3, &["unlisted", "other"]),
            ("whoever has no id goes before", &[], known(&[("other", 70), ("unlisted", 60)]), (3, 9), 0, &["listed", "own", "unlisted"]),
            ("so many and no more", &[], none(), (2, 9), 0, &["other", "listed"]),
            ("the next in turn", &[], none(), (2, 9), 3, &["own", "other"]),
            ("in turn of those without an id", &[], known(&[("other", 100)]), (2, 9), 4, &["unlisted", "own"]),
            ("all fit", &[], none(), (4, 9), 3, &["other", "listed", "unlisted", "own"]),
            ("no frames", &[], none(), (9, 0), 0, &["other", "own"]),
            ("so many frames and no more", &[], none(), (9, 1), 0, &["other", "listed", "own"]),
            ("the next frame in turn", &[], none(), (9, 1), 2, &["unlisted", "own", "other"]),
            ("the oldest frame", &[], all_known, (9, 1), 0, &["unlisted", "other", "own"]),
            ("frames have no room beyond all", &[], none(), (2, 1), 1, &["listed", "own"]),
            ("none at all", &[], none(), (0, 9), 1, &[]),
        ];
        let partners = partners();
        for (says, said, matches, (all, frames), first, expect) in cases {
            let body = choice(said).to_request();
            let (request, _) = BidRequest::read(&body, &Limits::MEASURED).unwrap();
            let told = Told::by(&request);
            let signals = Signals::of(&request, &told, Policy::default());
            let most = Most { all, frames };
            let due = due(&partners, &matches, &signals, UnixMillis(100), most, first);
            let due: Vec<&str> = due.iter().map(|it| it.id.as_str()).collect();
            assert_eq!(due, expect, "{says}");
            if said == some {
                let policy = Policy {
                    own_vendor: Some(4),
                    ..Policy::default()
                };
                let signals = Signals::of(&request, &told, policy);
                let may = |it: &DemandPartner| may_match(&signals, it);
                assert!(!partners.iter().any(may), "C-162 we may not know");
            }
        }
    }

    #[test]
    fn which_ssps_are_told() {
        let vendor = |vendor_id| SspAccount {
            vendor_id,
            ..SspAccount::default()
        };
        let (listed, other, unlisted) = (vendor(Some(755)), vendor(Some(3)), vendor(None));
        let some = [("gdpr", "1"), ("gdpr_consent", SOME)];
        #[rustfmt::skip]
        let cases: [(&str, Said<'_>, [bool; 3]); 7] = [
            ("C-160 nothing claimed", &[], [true, true, true]),
            ("C-162 no consent", &[("gdpr", "1")], [false, false, false]),
            ("C-162 consent to some vendors", &some, [true, false, false]),
            ("C-163", &[("us_privacy", "1YYN")], [false, false, false]),
            ("C-163 GPP", &[("gpp", "DBABLA~BVQVAAAAAWA.YA"), ("gpp_sid", "7")], [false, false, false]),
            ("C-163 GPP of elsewhere", &[("gpp", "DBABLA~BVQVAAAAAWA.YA"), ("gpp_sid", "8")], [true, true, true]),
            ("C-161", &[("coppa", "1")], [false, false, false]),
        ];
        for (says, said, expect) in cases {
            let body = choice(said).to_request();
            let (request, _) = BidRequest::read(&body, &Limits::MEASURED).unwrap();
            let told = Told::by(&request);
            let signals = |own_vendor| {
                let policy = Policy {
                    own_vendor,
                    ..Policy::default()
                };
                Signals::of(&request, &told, policy)
            };
            let may = |signals: &Signals<'_>| {
                [&listed, &other, &unlisted].map(|account| may_tell(signals, account))
            };
            assert_eq!(may(&signals(None)), expect, "{says}");
            if said == some {
                assert_eq!(may(&signals(Some(4))), [false; 3], "C-162 we may not know");
            }
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
        let template = "https://s.example/?u=${UID}&g=${GDPR}&c=${GDPR_CONSENT}&x=${RETURN_URL}";
        assert_eq!(
            out_url(template, &choice, "usr_1&"),
            "https://s.example/?u=usr_1%26&g=1&c=C%26Q&x=${RETURN_URL}"
        );
    }

    #[test]
    fn what_an_id_of_ours_is() {
        let id = VisitorId::new(UnixMillis(1_790_000_000_000), [7; 10]).to_string();
        for (text, expect) in [
            (format!("usr_{id}"), true),
            (id.clone(), false),
            (format!("dmp_{id}"), false),
            (format!("usr_{}", id.to_uppercase()), false),
            (format!("usr_{}", id.replace('-', "")), false),
            ("usr_".to_owned(), false),
            ("user-12345".to_owned(), false),
        ] {
            assert_eq!(is_own_id(&text), expect, "{text}");
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
