//! C-72: APIs that the markup uses are among those that the placement has; not listed is not supported.

use openrtb::enums::ApiFramework;
use openrtb::vast::Survey;

use super::{Case, Document, Refused};
use crate::cause::Format;
use crate::medium::Medium;
use crate::text::{contains_ignore_case, each_behind};

pub(super) fn check(
    case: &Case<'_>,
    document: &Document<'_>,
    medium: Medium,
) -> Result<(), Refused> {
    let imp = case.imp;
    let offered: &[ApiFramework] = match medium {
        Medium::Banner => imp.banner.as_deref().map(|banner| &*banner.api),
        Medium::Video => imp.video.as_deref().map(|video| &*video.api),
        Medium::Audio => imp.audio.as_deref().map(|audio| &*audio.api),
        Medium::Native => imp.native.as_deref().map(|native| &*native.api),
    }
    .unwrap_or_default();
    let declared = case.bid.apis().find(|api| !offered.contains(api));
    let missing = if let Some(api) = declared {
        Format::Api(api)
    } else if !offers(offered, &VPAID) && needs_vpaid(document, medium) {
        Format::Needs("VPAID")
    } else if !offers(offered, &MRAID) && calls_mraid(document, medium) {
        Format::Needs("MRAID")
    } else if !offers(offered, &OMID) && calls_omid(document, medium) {
        Format::Needs("OMID")
    } else {
        return Ok(());
    };
    Err(Refused::format(missing))
}

const VPAID: [ApiFramework; 2] = [ApiFramework::VPAID_1, ApiFramework::VPAID_2];

const MRAID: [ApiFramework; 3] = [
    ApiFramework::MRAID_1,
    ApiFramework::MRAID_2,
    ApiFramework::MRAID_3,
];

const OMID: [ApiFramework; 1] = [ApiFramework::OMID_1];

/// How names of scripts and of what they offer go on behind `omid`, in ads that are measured by the container: the
/// session client, the verification client, and what that looks for.
const OMID_NAMES: [&str; 7] = [
    "-session-client",
    "-verification-client",
    "sessionclient",
    "sessioninterface",
    "verificationclient",
    "3p",
    "native",
];

/// Whether the ad is measured by OMID alone, whatever the bid declares: a banner with one of its scripts, a player's
/// document whose verification runs nowhere else.
fn calls_omid(document: &Document<'_>, medium: Medium) -> bool {
    match medium {
        Medium::Banner => document.adm().is_some_and(names_omid),
        Medium::Video | Medium::Audio => document.vast().is_some_and(Survey::is_verified_by_omid),
        Medium::Native => false,
    }
}

fn names_omid(adm: &str) -> bool {
    each_behind(adm, "omid").any(|behind| {
        // Most of what goes on otherwise is told by its first byte.
        let first = behind.bytes().next().map(|byte| byte.to_ascii_lowercase());
        matches!(first, Some(b'-' | b's' | b'v' | b'3' | b'n'))
            && OMID_NAMES.iter().any(|name| {
                let start = behind.as_bytes().get(..name.len());
                start.is_some_and(|start| start.eq_ignore_ascii_case(name.as_bytes()))
            })
    })
}

/// Whether a banner loads the container's script, which it has to by MRAID, whatever the bid declares.
fn calls_mraid(document: &Document<'_>, medium: Medium) -> bool {
    let adm = document.adm().filter(|_| medium == Medium::Banner);
    adm.is_some_and(|adm| contains_ignore_case(adm, "mraid.js"))
}

fn offers(offered: &[ApiFramework], any: &[ApiFramework]) -> bool {
    any.iter().any(|api| offered.contains(api))
}

/// Whether there is nothing in the ad that plays without VPAID, whatever the bid declares.
fn needs_vpaid(document: &Document<'_>, medium: Medium) -> bool {
    if !matches!(medium, Medium::Video | Medium::Audio) {
        return false;
    }
    let Some(vast) = document.vast() else {
        return false;
    };
    let is_vpaid = |framework: &str| framework.eq_ignore_ascii_case("VPAID");
    vast.files().is_some_and(|files| {
        let mut files = files.iter();
        files.len() > 0 && files.all(|file| file.framework.is_some_and(is_vpaid))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn c_72_names_of_omid_are_found_wherever_they_stand(
            adm in "([oO]?[mM]id|omid|-session-client|SessionClient|-verification-|client|3p|Native|é|[a-z\\- ])*",
        ) {
            let lower = adm.to_ascii_lowercase();
            let expect = OMID_NAMES.iter().any(|name| lower.contains(&format!("omid{name}")));
            prop_assert_eq!(names_omid(&adm), expect);
        }
    }
}
