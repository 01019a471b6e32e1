//! A request as it may be kept, so that its auction can be settled again.

use std::borrow::Cow;

use contracts::matches::Matches;
use openrtb::splice::{Object, Patches};
use openrtb::{BidRequest, JsonWriter};

use super::body;
use crate::intake::Intake;
use crate::privacy::{self, Location, Policy, Signals, Told};

/// In place of an id of the user: that a DSP had one decides what it is asked, and which one it was does not.
const SOME_ID: &str = "-";

/// The request's body; without ids, exact addresses and facts of the person where we may not know them. The
/// signals of consent stay, and so does everything that plan and settlement read. Borrowed when nothing had
/// to go.
#[must_use]
pub fn kept<'a>(intake: &Intake<'a>, policy: Policy) -> Cow<'a, [u8]> {
    let request = &intake.request;
    let told = Told::by(request);
    let signals = Signals::of(request, &told, policy);
    let mut mask = privacy::decide(&signals, privacy::Recipient::Ours).mask;
    if mask.is_none() {
        return Cow::Borrowed(intake.body);
    }
    // Who may not be recognised by one thing is not kept by another.
    mask.ids = true;
    mask.person = true;
    mask.location = mask.location.max(Location::Coarse);
    let mut patches = Patches::new();
    patch_user(&mut patches, request, &mut Vec::new());
    body::patch_person(&mut patches);
    body::patch_device(&mut patches, request, mask);
    let mut out = Vec::with_capacity(intake.body.len());
    patches.write(request, intake.body, &mut out);
    Cow::Owned(out)
}

fn patch_user(patches: &mut Patches, request: &BidRequest<'_>, ids: &mut Vec<String>) {
    let Some(user) = request.user.as_deref() else {
        return;
    };
    for name in ["id", "eids", "geo"] {
        patches.remove(Object::User, name);
    }
    patches.remove(Object::User.ext(), "eids");
    if let Some(id) = user.buyeruid.as_deref() {
        patches.set_text(Object::User, "buyeruid", &stands_for(id, ids));
    }
    let listed = user.ext.and_then(|ext| ext.path(&["prebid", "buyeruids"]));
    let Some(listed) = listed else {
        return;
    };
    let mut text = Vec::new();
    let mut json = JsonWriter::new(&mut text);
    json.begin_object();
    json.key("buyeruids");
    json.begin_object();
    for (name, value) in listed.members() {
        if let Some(id) = value.to_text() {
            json.text(&name, &stands_for(&id, ids));
        }
    }
    json.end_object();
    json.end_object();
    match std::str::from_utf8(&text) {
        Ok(text) => patches.set_raw(Object::User.ext(), "prebid", text),
        Err(_) => patches.remove(Object::User.ext(), "prebid"),
    }
}

/// What is kept in place of an id. Different ids stay different, since partners that see the same share a body.
fn stands_for(id: &str, ids: &mut Vec<String>) -> String {
    let known = ids.iter().position(|it| it == id);
    let number = known.unwrap_or_else(|| {
        ids.push(id.to_owned());
        ids.len() - 1
    });
    format!("{SOME_ID}{number}")
}

/// What partners call the user, as it may be kept beside a request: whole with a whole one, else by the numbers
/// that stand for the request's own ids.
#[must_use]
pub fn kept_matches(matches: &Matches, request: &BidRequest<'_>, is_whole: bool) -> Matches {
    let mut kept = matches.clone();
    if is_whole || kept.0.is_empty() {
        return kept;
    }
    let mut ids = Vec::new();
    patch_user(&mut Patches::new(), request, &mut ids);
    for known in &mut kept.0 {
        known.uid = stands_for(&known.uid, &mut ids).into();
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Additions, Bounds, Pages, read};
    use contracts::matches::Match;
    use openrtb::Limits;
    use units::UnixMillis;

    fn kept_of(body: &str) -> String {
        let mut pages = Pages::default();
        let nothing = Additions::default();
        let intake = read(body.as_bytes(), &mut pages, &nothing, &Bounds::default()).unwrap();
        let policy = Policy {
            gdpr: true,
            us: true,
            tracking: true,
            ..Policy::default()
        };
        String::from_utf8(kept(&intake, policy).into_owned()).unwrap()
    }

    #[test]
    fn who_may_not_be_known_is_not_kept() {
        let person = r#""imp":[{"id":"1","banner":{"w":300,"h":250}}],"device":{"ifa":"canary","ip":"198.51.100.77","ua":"Mozilla/5.0","geo":{"country":"DEU","lat":52.123456,"lon":13.1}},"user":{"id":"canary","buyeruid":"canary","yob":1980,"keywords":"canary","eids":[{"source":"a","uids":[{"id":"canary"}]}],"ext":{"prebid":{"buyeruids":{"alpha":"canary","beta":"canary-2","gamma":"canary-2"}}}}"#;
        let open = format!(r#"{{"id":"r",{person}}}"#);
        assert_eq!(kept_of(&open), open, "nothing claimed: as it came");
        for (says, regs) in [
            ("a child", r#"{"coppa":1}"#),
            ("GDPR without consent", r#"{"gdpr":1}"#),
        ] {
            let body = format!(r#"{{"id":"r","regs":{regs},{person}}}"#);
            let kept = kept_of(&body);
            for gone in ["canary", "198.51.100.77", "52.123456", "1980"] {
                assert!(!kept.contains(gone), "{says}: {gone} in {kept}");
            }
            for stays in [
                regs,
                r#""buyeruid":"-0""#,
                r#""buyeruids":{"alpha":"-0","beta":"-1","gamma":"-1"}"#,
                "DEU",
            ] {
                assert!(kept.contains(stays), "{says}: no {stays} in {kept}");
            }
        }
    }

    #[test]
    fn equal_ids_stay_equal_and_different_ones_different() {
        let known = |partner: &str, uid: &str| Match {
            partner: partner.into(),
            uid: uid.into(),
            until: UnixMillis(1),
        };
        let matches = Matches(vec![
            known("a", "of-all"),
            known("b", "new"),
            known("c", "x-1"),
        ]);
        let body = r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"user":{"buyeruid":"of-all","ext":{"prebid":{"buyeruids":{"x":"x-1"}}}}}"#;
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        assert_eq!(kept_matches(&matches, &request, true), matches);
        let kept = kept_matches(&matches, &request, false);
        let uids: Vec<&str> = kept.0.iter().map(|it| &*it.uid).collect();
        assert_eq!(uids, ["-0", "-2", "-1"]);
    }
}
