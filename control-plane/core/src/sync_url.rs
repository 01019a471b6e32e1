//! `sync_url` of a demand partner: what a browser calls, so that the partner tells its id of the user.

use openrtb::consent::UrlChoice;
use url::Url;

/// Our own DMP: the exchange knows where that is.
pub const OWN_DMP: &str = "self:dmp";

/// Bytes of the longest that is taken.
const LONGEST: usize = 2_048;

/// Whether a browser may be sent there. Nothing of ours calls it, so that its host is the partner's business (S8).
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check(text: &str, local_mode: bool) -> Result<(), String> {
    if text == OWN_DMP {
        return Ok(());
    }
    if text.len() > LONGEST {
        return Err(format!("must have at most {LONGEST} bytes"));
    }
    let url = Url::parse(text).map_err(|_| "must be an absolute URL, or self:dmp")?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err("must be an http or https URL, or self:dmp".to_owned());
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
    if !query.contains("${RETURN_URL}") {
        return Err(
            "must have ${RETURN_URL} in its query: where the browser goes on to".to_owned(),
        );
    }
    let names = query.split("${").skip(1);
    for name in names {
        let name = name.split_once('}').map_or(name, |(name, _)| name);
        if name != "RETURN_URL" && UrlChoice::default().named(name).is_none() {
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
            assert_eq!(check(text, true).is_ok(), local, "local: {text}");
            assert_eq!(check(text, false).is_ok(), public, "public: {text}");
        }
    }
}
