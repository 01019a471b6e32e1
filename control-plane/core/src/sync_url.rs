//! `sync_url`: what a browser calls, so that a demand partner tells its id of the user, or an SSP learns ours.

use openrtb::consent::UrlChoice;
use url::Url;

/// Our own DMP: the exchange knows where that is.
pub const OWN_DMP: &str = "self:dmp";

/// Bytes of the longest that is taken.
const LONGEST: usize = 2_048;

/// Whether a browser may be sent there to learn what a demand partner calls it.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn of_partner(text: &str, local_mode: bool) -> Result<(), String> {
    if text == OWN_DMP {
        return Ok(());
    }
    let wanted = Wanted {
        macro_name: "RETURN_URL",
        meaning: "where the browser goes on to",
        instead: ", or self:dmp",
    };
    check(text, local_mode, &wanted)
}

/// Whether a browser may be sent there with our id of it, to an SSP.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn of_ssp(text: &str, local_mode: bool) -> Result<(), String> {
    let wanted = Wanted {
        macro_name: "UID",
        meaning: "our id of the user",
        instead: "",
    };
    check(text, local_mode, &wanted)
}

/// What a URL must have beside what the person chose, and what may stand in its place.
struct Wanted {
    macro_name: &'static str,
    meaning: &'static str,
    instead: &'static str,
}

/// Nothing of ours calls it, so that its host is the other side's business (S8).
fn check(text: &str, local_mode: bool, wanted: &Wanted) -> Result<(), String> {
    let Wanted {
        macro_name,
        meaning,
        instead,
    } = wanted;
    if text.len() > LONGEST {
        return Err(format!("must have at most {LONGEST} bytes"));
    }
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("must be of visible ASCII characters: encode others".to_owned());
    }
    let url = Url::parse(text).map_err(|_| format!("must be an absolute URL{instead}"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(format!("must be an http or https URL{instead}"));
    }
    if !local_mode && url.scheme() != "https" {
        return Err("must be https outside local mode".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not contain a user or a password".to_owned());
    }
    let (place, query) = text.split_once('?').unwrap_or((text, ""));
    if place.contains("${") || url.fragment().is_some() {
        return Err("must have macros in its query alone, and no fragment".to_owned());
    }
    if !query.contains(&format!("${{{macro_name}}}")) {
        let why = format!("must have ${{{macro_name}}} in its query: {meaning}");
        return Err(why);
    }
    let names = query.split("${").skip(1);
    for name in names {
        let name = name.split_once('}').map_or(name, |(name, _)| name);
        if name != *macro_name && UrlChoice::default().named(name).is_none() {
            return Err(format!("has a macro that is not known: ${{{name}}}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_browsers_may_be_sent() {
        let long = format!(
            "https://d.example/?to=${{RETURN_URL}}{}",
            "x".repeat(LONGEST)
        );
        // The URL, whether it is taken in local mode, and outside.
        let cases = [
            ("self:dmp", true, true),
            ("self:bidder", false, false),
            ("https://d.example/sync?to=${RETURN_URL}", true, true),
            (
                "https://d.example/sync?to=${RETURN_URL}%24UID&g=${GDPR}&c=${GDPR_CONSENT_755}&p=${GPP_STRING}&s=${GPP_SID}&u=${US_PRIVACY}&k=${COPPA}",
                true,
                true,
            ),
            ("http://127.0.0.1:9100/sync?to=${RETURN_URL}", true, false),
            ("https://10.0.0.1/sync?to=${RETURN_URL}", true, true),
            ("https://d.example/sync", false, false),
            ("https://d.example/ü?to=${RETURN_URL}", false, false),
            ("https://d.example/${RETURN_URL}", false, false),
            ("https://${GDPR}.example/?to=${RETURN_URL}", false, false),
            (
                "https://d.example/?to=${RETURN_URL}&x=${AUCTION_PRICE}",
                false,
                false,
            ),
            ("https://d.example/?to=${RETURN_URL}&x=${", false, false),
            ("https://d.example/?to=${RETURN_URL}#x", false, false),
            ("https://user@d.example/?to=${RETURN_URL}", false, false),
            ("javascript:alert(1)//?to=${RETURN_URL}", false, false),
            ("data:text/html,x?to=${RETURN_URL}", false, false),
            ("//d.example/?to=${RETURN_URL}", false, false),
            (&long, false, false),
        ];
        for (text, local, public) in cases {
            assert_eq!(of_partner(text, true).is_ok(), local, "local: {text}");
            assert_eq!(of_partner(text, false).is_ok(), public, "public: {text}");
        }
    }

    #[test]
    fn where_ssps_may_be_told() {
        // The URL, whether it is taken in local mode, and outside.
        let cases = [
            ("https://s.example/setuid?b=gavel&uid=${UID}", true, true),
            (
                "https://s.example/setuid?g=${GDPR}&c=${GDPR_CONSENT}&p=${GPP_STRING}&s=${GPP_SID}&u=${US_PRIVACY}&uid=${UID}",
                true,
                true,
            ),
            ("http://127.0.0.1:9100/setuid?uid=${UID}", true, false),
            ("https://s.example/setuid?uid=$UID", false, false),
            ("https://s.example/setuid", false, false),
            ("https://s.example/${UID}?uid=${UID}", false, false),
            (
                "https://s.example/?uid=${UID}&to=${RETURN_URL}",
                false,
                false,
            ),
            ("https://s.example/?uid=${UID}#x", false, false),
            ("https://user@s.example/?uid=${UID}", false, false),
            ("javascript:alert(1)//?uid=${UID}", false, false),
            ("self:dmp", false, false),
        ];
        for (text, local, public) in cases {
            assert_eq!(of_ssp(text, true).is_ok(), local, "local: {text}");
            assert_eq!(of_ssp(text, false).is_ok(), public, "public: {text}");
        }
    }
}
