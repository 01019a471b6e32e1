//! C-72: what a banner's markup shows is of a type that its place shows, where the markup tells.

use openrtb::{Banner, Str};

use super::{Case, Refused};
use crate::cause::Format;
use crate::medium::Medium;
use crate::text::{Element, attributes, contains_ignore_case, elements, inside};

/// Types of which any shows scripts and frames.
const PAGES: [&str; 5] = [
    "text/html",
    "application/xhtml+xml",
    "text/javascript",
    "application/javascript",
    "application/x-javascript",
];

/// No `mimes`, no restriction. Of markup that is images alone one must be of a listed type; those whose name does
/// not tell their type have the benefit of the doubt, and text needs none.
pub(super) fn check(case: &Case<'_>, medium: Medium) -> Result<(), Refused> {
    let (Medium::Banner, Some(banner), Some(adm)) =
        (medium, case.imp.banner.as_deref(), case.bid.adm())
    else {
        return Ok(());
    };
    if banner.mimes.is_empty() || is_shown(banner, adm) {
        Ok(())
    } else {
        Err(Refused::format(Format::BannerType))
    }
}

/// The markup is gone through once: there may be tens of thousands of images.
fn is_shown(banner: &Banner<'_>, adm: &str) -> bool {
    let mut images = Images::default();
    for element in elements(adm) {
        match element {
            Element::Script | Element::Frame => return is_listed(&banner.mimes, &PAGES),
            Element::Image(behind) if !images.is_any_shown => {
                if let Some(tag) = inside(behind) {
                    images.look_at(&banner.mimes, tag);
                }
            }
            Element::Image(_) | Element::Picture => {}
        }
    }
    images.is_any_shown || !images.is_any_refused
}

/// What is known of the images of a markup.
#[derive(Default)]
struct Images {
    /// One may be shown.
    is_any_shown: bool,
    /// One is to be seen, and is of a type that is not shown.
    is_any_refused: bool,
    /// Types of which the list was asked already, and has none.
    refused: [bool; KNOWN.len()],
}

impl Images {
    fn look_at(&mut self, listed: &[Str<'_>], tag: &str) {
        let image = Image::of(tag);
        let told = image.src.and_then(types_of);
        let refused = told.is_some_and(|(kind, types)| {
            let Some(refused) = self.refused.get_mut(kind) else {
                return false;
            };
            *refused = *refused || !is_listed(listed, types);
            *refused
        });
        // Another one of those says nothing new.
        if (refused && self.is_any_refused) || image.counts(tag) {
            return;
        }
        self.is_any_refused |= refused;
        self.is_any_shown |= !refused;
    }
}

/// What an image says of itself.
#[derive(Default)]
struct Image<'t> {
    src: Option<&'t str>,
    width: Option<&'t str>,
    height: Option<&'t str>,
}

impl<'t> Image<'t> {
    fn of(tag: &'t str) -> Self {
        let mut image = Self::default();
        let (mut src, mut width, mut height) = (false, false, false);
        for (name, value) in attributes(tag) {
            let (known, place) = match name.len() {
                3 if name.eq_ignore_ascii_case("src") => (&mut src, &mut image.src),
                5 if name.eq_ignore_ascii_case("width") => (&mut width, &mut image.width),
                6 if name.eq_ignore_ascii_case("height") => (&mut height, &mut image.height),
                _ => continue,
            };
            // The first counts, as it does in browsers.
            if !std::mem::replace(known, true) {
                *place = value;
            }
        }
        image
    }

    /// Whether it is there to be counted and not to be seen.
    fn counts(&self, tag: &str) -> bool {
        let is_tiny = |size: Option<&str>| size.is_some_and(|it| matches!(it.trim(), "0" | "1"));
        is_tiny(self.width) || is_tiny(self.height) || contains_ignore_case(tag, "display:none")
    }
}

fn is_listed(listed: &[Str<'_>], any: &[&str]) -> bool {
    let essence = |text: &Str<'_>| {
        let text = text.split(';').next().unwrap_or_default().trim();
        any.iter().any(|of| of.eq_ignore_ascii_case(text))
    };
    listed.iter().any(essence)
}

/// Endings of images' names, and the types that they tell.
const KNOWN: [(&str, &[&str]); 7] = [
    ("jpg", &["image/jpeg", "image/jpg", "image/pjpeg"]),
    ("jpeg", &["image/jpeg", "image/jpg", "image/pjpeg"]),
    ("png", &["image/png"]),
    ("gif", &["image/gif"]),
    ("webp", &["image/webp"]),
    ("avif", &["image/avif"]),
    ("svg", &["image/svg+xml"]),
];

/// The types that an image's name tells, and their place in [`KNOWN`].
fn types_of(url: &str) -> Option<(usize, &'static [&'static str])> {
    let bytes = url.as_bytes();
    let end = bytes.iter().position(|byte| matches!(byte, b'?' | b'#'));
    let path = bytes.get(..end.unwrap_or(bytes.len()))?;
    let dot = path.iter().rposition(|byte| matches!(byte, b'.' | b'/'))?;
    let extension = path
        .get(dot + 1..)
        .filter(|_| path.get(dot) == Some(&b'.'))?;
    let mut known = KNOWN.iter().enumerate();
    known
        .find(|(_, (name, _))| name.as_bytes().eq_ignore_ascii_case(extension))
        .map(|(kind, (_, types))| (kind, *types))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::{BidRequest, Limits};
    use proptest::prelude::*;

    /// The same, by looking for each thing by itself.
    fn is_shown_by_looking_through(banner: &Banner<'_>, adm: &str) -> bool {
        let adm = adm.to_ascii_lowercase();
        let lists = |types: &[&str]| banner.mimes.iter().any(|it| types.contains(&&**it));
        if adm.contains("<script") || adm.contains("<iframe") {
            return lists(&PAGES);
        }
        let tags = adm.split('<').filter_map(|it| it.strip_prefix("img"));
        let tags = tags.filter(|it| it.starts_with([' ', '/', '>']));
        let tags = tags.map(|it| it.split('>').next().unwrap());
        let told = |tag: &str, name: &str| {
            // A slash ends a name, and is part of a value without quotes.
            let mut told = tag.split(' ').flat_map(|it| match it.contains('=') {
                true => vec![it],
                false => it.split('/').collect(),
            });
            let told = told.find(|it| *it == name || it.starts_with(&format!("{name}=")));
            told.and_then(|it| Some(it.split_once('=')?.1.to_owned()))
        };
        let is_tiny = |size: Option<String>| size.is_some_and(|it| it == "0" || it == "1");
        let seen = tags.filter(|tag| {
            !is_tiny(told(tag, "width"))
                && !is_tiny(told(tag, "height"))
                && !tag.contains("display:none")
        });
        let mut seen = seen.peekable();
        let may_be = |tag: &str| match told(tag, "src").as_deref() {
            Some("a.gif") => lists(&["image/gif"]),
            Some("b.png") => lists(&["image/png"]),
            _ => true,
        };
        seen.peek().is_none() || seen.any(may_be)
    }

    proptest! {
        #[test]
        fn c_72_one_pass_says_what_looking_for_each_thing_says(
            pieces in prop::collection::vec(prop::sample::select(vec![
                "<img", "<IMG", "<image", " src=a.gif", " SRC=b.png", " src=x", " src", " width=1",
                " height=0", " width=9", " style=display:none", "/", ">", ">", " ", "x",
            ]), 0..24),
            page in prop::sample::select(vec!["", "", "", "<script>", "<IFRAME"]),
            mimes in prop::sample::select(vec!["image/gif", "image/png", "text/html"]),
        ) {
            let body = format!(
                r#"{{"id":"r","imp":[{{"id":"1","banner":{{"mimes":["{mimes}"]}}}}]}}"#
            );
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            let banner = request.imp[0].banner.as_deref().unwrap();
            let adm = pieces.concat() + page;
            let expect = is_shown_by_looking_through(banner, &adm);
            prop_assert_eq!(is_shown(banner, &adm), expect, "{}", adm);
        }
    }
}
