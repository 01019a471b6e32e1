//! X-49, C-132: which media object is answered, and whether it was offered.

use openrtb::enums::MarkupType;
use openrtb::{Bid, Imp, Raw};

use super::{Case, Document, Refused};
use crate::cause::Format;
use crate::medium::Medium;

/// The declared type; without one the only one offered; else what the markup looks like.
pub(super) fn detect(case: &Case<'_>, document: &Document<'_>) -> Result<Medium, Refused> {
    let mut offered = Medium::ALL
        .into_iter()
        .filter(|medium| medium.is_offered(case.imp));
    let declared = match case.bid.mtype() {
        Some(mtype) => Some(of_mtype(mtype).ok_or(Refused::format(Format::MarkupType(mtype)))?),
        None => None,
    };
    let medium = match declared {
        Some(medium) => medium,
        None => match (offered.next(), offered.next()) {
            (Some(only), None) => only,
            _ => sniff(case, document),
        },
    };
    if medium.is_offered(case.imp) {
        Ok(medium)
    } else {
        Err(Refused::format(Format::Medium(medium)))
    }
}

/// Whether a banner's markup is one: a VAST document and a native response are shown by nobody who shows banners,
/// whatever the bid calls them. Markup for players and native slots is read by rules of its own.
pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Refused> {
    let (Medium::Banner, Some(adm)) = (medium, case.bid.adm()) else {
        return Ok(());
    };
    match begins(adm) {
        Beginning::Json(text) if is_native(text) => Err(Refused::format(Format::NoBanner(NATIVE))),
        Beginning::Vast => Err(Refused::format(Format::NoBanner(VAST))),
        Beginning::Json(_) | Beginning::Other => Ok(()),
    }
}

const NATIVE: &str = "a native response";
const VAST: &str = "a VAST document";

/// What markup is, by its first significant characters: VAST inside a script of a page is not met here.
#[derive(Debug, PartialEq, Eq)]
enum Beginning<'m> {
    /// An object, which this text begins.
    Json(&'m str),
    /// The root of a VAST document.
    Vast,
    /// A page, or anything else.
    Other,
}

fn begins(adm: &str) -> Beginning<'_> {
    let mut rest = adm.trim_start_matches('\u{feff}').trim_start();
    if rest.starts_with('{') {
        return Beginning::Json(rest);
    }
    // What may stand before the root of a document: each part is passed over once.
    while let Some(found) = PROLOG.iter().find_map(|(start, end)| {
        let inside = rest.strip_prefix(start)?;
        let (_, behind) = inside.split_once(end)?;
        Some(behind.trim_start())
    }) {
        rest = found;
    }
    let name = rest.strip_prefix('<').unwrap_or_default();
    // A prefix of a namespace is of no account.
    let end = name.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == ':'));
    let name = name.get(..end.unwrap_or(name.len())).unwrap_or_default();
    match name.rsplit(':').next() {
        Some("VAST" | "DAAST") => Beginning::Vast,
        _ => Beginning::Other,
    }
}

/// Declaration and instructions, comments, document types.
const PROLOG: [(&str, &str); 3] = [("<?", "?>"), ("<!--", "-->"), ("<!DOCTYPE", ">")];

/// Whether an object is a native response, wrapped or not (C-91): other banners in JSON are partners' own business.
fn is_native(text: &str) -> bool {
    let Ok(object) = Raw::parse(text) else {
        return false;
    };
    let mut members = object.members().into_iter();
    members.any(|(name, value)| match name.as_str() {
        "native" | "link" => value.is_object(),
        "assets" => value.is_array(),
        "assetsurl" | "dcourl" => value.to_text().is_some(),
        _ => false,
    })
}

/// Whether a bid may answer a medium that its imp offers: another one is not declared, nor told by the markup.
pub(super) fn may_be(imp: &Imp<'_>, bid: &Bid<'_>, medium: Medium) -> bool {
    let is_object = || {
        bid.adm()
            .is_some_and(|adm| adm.trim_start().starts_with('{'))
    };
    match bid.mtype().map(of_mtype) {
        Some(declared) => declared == Some(medium),
        None => {
            let mut offered = Medium::ALL.into_iter().filter(|it| it.is_offered(imp));
            offered.all(|it| it == medium) || (medium == Medium::Native) == is_object()
        }
    }
}

const fn of_mtype(mtype: MarkupType) -> Option<Medium> {
    match mtype {
        MarkupType::BANNER => Some(Medium::Banner),
        MarkupType::VIDEO => Some(Medium::Video),
        MarkupType::AUDIO => Some(Medium::Audio),
        MarkupType::NATIVE => Some(Medium::Native),
        _ => None,
    }
}

fn sniff(case: &Case<'_>, document: &Document<'_>) -> Medium {
    let adm = document.adm().unwrap_or_default().trim_start();
    if adm.starts_with('{') {
        Medium::Native
    } else if document.vast().is_some() {
        if case.imp.video.is_some() {
            Medium::Video
        } else {
            Medium::Audio
        }
    } else {
        Medium::Banner
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn x_49_markup_is_what_it_begins_with() {
        let vast = Beginning::Vast;
        #[rustfmt::skip]
        let rows = [
            ("a document", r#"<VAST version="3.0"></VAST>"#, &vast),
            ("its declaration before it", "\u{feff} <?xml version=\"1.0\"?>\n<!-- an > ad -->\n<!DOCTYPE VAST>\n<VAST version=\"4.2\">", &vast),
            ("with a prefix", r#"<v:VAST xmlns:v="x">"#, &vast),
            ("DAAST", "<DAAST>", &vast),
            ("a page with VAST inside a script", r#"<script>play('<VAST version="3.0">')</script>"#, &Beginning::Other),
            ("a page of XML", r#"<?xml version="1.0"?><!DOCTYPE html><html><VAST/></html>"#, &Beginning::Other),
            ("VAST inside a comment", "<!-- <VAST> --><div/>", &Beginning::Other),
            ("a comment that does not end", "<!-- <VAST>", &Beginning::Other),
            ("another name that begins so", "<VASTLY>", &Beginning::Other),
            ("in small letters, which XML tells apart", "<vast>", &Beginning::Other),
            ("nothing", "  ", &Beginning::Other),
            ("text", "VAST", &Beginning::Other),
            ("a macro", "${AUCTION_PRICE}", &Beginning::Other),
            ("an object", " {}", &Beginning::Json("{}")),
        ];
        for (says, adm, expect) in rows {
            assert_eq!(begins(adm), *expect, "{says}");
        }
    }

    #[test]
    fn x_49_an_object_is_native_by_what_it_names() {
        #[rustfmt::skip]
        let rows = [
            (r#"{"native":{"assets":[]}}"#, true),
            (r#"{"link":{"url":"https://a.example"},"assets":[{"id":1}]}"#, true),
            (r#"{"ver":"1.2","assetsurl":"https://a.example"}"#, true),
            (r#"{"html":"<b>x</b>","link":"https://a.example"}"#, false),
            (r#"{"assets":{"image":"x"}}"#, false),
            ("{}", false),
            ("{b} is no JSON", false),
        ];
        for (text, expect) in rows {
            assert_eq!(is_native(text), expect, "{text}");
        }
    }
}
