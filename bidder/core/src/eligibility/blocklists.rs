//! What the seller does not want to show (X-41, X-43, X-44, X-48; B-30).

use openrtb::Str;

use super::{Ineligible, Refusals};
use crate::creative::Creative;
use crate::opportunity::Opportunity;

/// Advertiser domains, categories, advertised apps and languages against the request's lists.
///
/// # Errors
/// The first list that blocks the creative.
pub fn check(
    creative: &Creative,
    opportunity: &Opportunity<'_>,
    on: &mut impl Refusals,
) -> Result<(), Ineligible> {
    let (request, listed) = (opportunity.request, &opportunity.listed);
    let declared = creative.declared();
    if creative
        .domains
        .iter()
        .any(|domain| listed.blocks_domain(domain))
    {
        on.refuse(Ineligible::AdvertiserBlocked)?;
    }
    let cattax = request.cattax.map_or(1, |it| it.0);
    if declared.cattax == cattax {
        let mut categories = declared.categories.iter();
        if categories
            .clone()
            .any(|it| listed.blocks_category(it, cattax))
        {
            on.refuse(Ineligible::CategoryBlocked)?;
        }
        let all_allowed = !declared.categories.is_empty()
            && categories.all(|it| listed.allows_category(it, cattax));
        if !request.acat.is_empty() && !all_allowed {
            on.refuse(Ineligible::CategoryNotAllowed)?;
        }
    } else if !request.acat.is_empty() {
        // Categories of another taxonomy cannot be shown to be allowed (C-30).
        on.refuse(Ineligible::CategoryNotAllowed)?;
    }
    let bundle = declared.bundle.as_deref();
    if bundle.is_some_and(|it| listed.blocks_app(it)) {
        on.refuse(Ineligible::AppBlocked)?;
    }
    let (list, by_range) = if request.wlangb.is_empty() {
        (&request.wlang, false)
    } else {
        (&request.wlangb, true)
    };
    on.hear(check_language(declared.language.as_deref(), list, by_range))?;
    Ok(())
}

/// `xx` and `zxx` say that there is no linguistic content; an undeclared language passes.
///
/// `by_range`: the list is `wlangb`, which names a language of a region apart, and our tag has a region, too.
fn check_language(
    language: Option<&str>,
    allowed: &[Str<'_>],
    by_range: bool,
) -> Result<(), Ineligible> {
    let is_neutral = |it: &&str| it.eq_ignore_ascii_case("xx") || it.eq_ignore_ascii_case("zxx");
    let Some(language) = language.filter(|it| !is_neutral(it)) else {
        return Ok(());
    };
    let own = primary(language);
    let same = |allowed: &Str<'_>| {
        if by_range && own.len() < language.len() {
            in_range(language, allowed)
        } else {
            primary(allowed).eq_ignore_ascii_case(own)
        }
    };
    if allowed.is_empty() || allowed.iter().any(same) {
        Ok(())
    } else {
        Err(Ineligible::LanguageNotAllowed)
    }
}

fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}

/// The range is the tag, or the front of it that ends at a dash (BCP 47, basic filtering).
fn in_range(tag: &str, range: &str) -> bool {
    let Some((front, rest)) = tag.split_at_checked(range.len()) else {
        return false;
    };
    front.eq_ignore_ascii_case(range) && (rest.is_empty() || rest.starts_with(['-', '_']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages() {
        //
        let no = Err(Ineligible::LanguageNotAllowed);
        let cases = [
            (None, vec!["en"], false, Ok(())),
            (Some("xx"), vec!["en"], false, Ok(())),
            (Some("zxx"), vec!["en"], true, Ok(())),
            (Some("en"), vec![], false, Ok(())),
            (Some("en"), vec!["de", "en-US"], true, Ok(())),
            (Some("zh-Hans"), vec!["zh"], true, Ok(())),
            (Some("en-GB"), vec!["en-US"], true, no),
            (Some("en-GB"), vec!["en"], false, Ok(())),
            (Some("fr"), vec!["de", "en"], false, no),
        ];
        for (language, allowed, by_range, want) in cases {
            let list: Vec<Str<'_>> = allowed.iter().map(|it| (*it).into()).collect();
            assert_eq!(
                check_language(language, &list, by_range),
                want,
                "{language:?} {allowed:?}"
            );
        }
    }
}
