//! What the seller does not want to show (X-41, X-43, X-44, X-48; B-30).

use openrtb::Str;

use super::{Ineligible, Refusals};
use crate::creative::Creative;
use crate::facts;
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
    let request = opportunity.request;
    let declared = creative.declared();
    if creative
        .domains
        .iter()
        .any(|domain| blocks_domain(&request.badv, domain))
    {
        on.refuse(Ineligible::AdvertiserBlocked)?;
    }
    let cattax = request.cattax.map_or(1, |it| it.0);
    if declared.cattax == cattax {
        let held = |list: &[Str<'_>], category: &String| {
            list.iter().any(|it| covers_category(it, category, cattax))
        };
        let mut categories = declared.categories.iter();
        if categories.clone().any(|it| held(&request.bcat, it)) {
            on.refuse(Ineligible::CategoryBlocked)?;
        }
        let all_allowed =
            !declared.categories.is_empty() && categories.all(|it| held(&request.acat, it));
        if !request.acat.is_empty() && !all_allowed {
            on.refuse(Ineligible::CategoryNotAllowed)?;
        }
    } else if !request.acat.is_empty() {
        // Categories of another taxonomy cannot be shown to be allowed (C-30).
        on.refuse(Ineligible::CategoryNotAllowed)?;
    }
    let blocked_app = |bundle: &str| {
        request
            .bapp
            .iter()
            .any(|it| it.eq_ignore_ascii_case(bundle))
    };
    if declared.bundle.as_deref().is_some_and(blocked_app) {
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

fn blocks_domain(blocked: &[Str<'_>], domain: &str) -> bool {
    blocked.iter().any(|blocked| covers_domain(blocked, domain))
}

/// The same domain or one under it (C-29).
pub(super) fn covers_domain(listed: &str, domain: &str) -> bool {
    let listed = facts::domain(listed);
    let Some(front) = domain.len().checked_sub(listed.len()) else {
        return false;
    };
    let same_end = domain
        .get(front..)
        .is_some_and(|end| end.eq_ignore_ascii_case(listed));
    same_end
        && !listed.is_empty()
        && (front == 0 || domain.as_bytes().get(front - 1) == Some(&b'.'))
}

/// The same code, or in taxonomy 1 the tier above it: IAB25 covers IAB25-3 (C-30).
fn covers_category(listed: &str, category: &str, cattax: i32) -> bool {
    if listed.eq_ignore_ascii_case(category) {
        return true;
    }
    let tier1 = category.split_once('-').map(|(tier1, _)| tier1);
    cattax == 1 && tier1.is_some_and(|tier1| tier1.eq_ignore_ascii_case(listed))
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
    fn a_blocked_domain_blocks_its_subdomains() {
        // C-29, X-41
        let cases = [
            ("rival.example", "rival.example", true),
            ("rival.example", "shop.rival.example", true),
            ("rival.example", "myrival.example", false),
            ("shop.rival.example", "rival.example", false),
            ("https://www.RIVAL.example./", "rival.example", true),
            ("", "rival.example", false),
        ];
        for (blocked, domain, want) in cases {
            assert_eq!(
                blocks_domain(&[blocked.into()], domain),
                want,
                "{blocked} {domain}"
            );
        }
    }

    #[test]
    fn a_tier_1_category_covers_its_children_in_taxonomy_1() {
        // C-30
        let cases = [
            ("IAB25", "IAB25-3", 1, true),
            ("IAB25-3", "IAB25-3", 1, true),
            ("iab25-3", "IAB25-3", 1, true),
            ("IAB25-3", "IAB25", 1, false),
            ("IAB2", "IAB25-3", 1, false),
            ("25", "25-3", 7, false),
        ];
        for (listed, category, cattax, want) in cases {
            assert_eq!(
                covers_category(listed, category, cattax),
                want,
                "{listed} {category}"
            );
        }
    }

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
