//! What the seller does not want to show (X-41, X-43, X-44, X-48; B-30).

use openrtb::Str;

use super::Ineligible;
use crate::creative::Creative;
use crate::facts;
use crate::opportunity::Opportunity;

/// Advertiser domains, categories, advertised apps and languages against the request's lists.
///
/// # Errors
/// The first list that blocks the creative.
pub fn check(creative: &Creative, opportunity: &Opportunity<'_>) -> Result<(), Ineligible> {
    let request = opportunity.request;
    let declared = creative.declared();
    if creative
        .domains
        .iter()
        .any(|domain| blocks_domain(&request.badv, domain))
    {
        return Err(Ineligible::AdvertiserBlocked);
    }
    let cattax = request.cattax.map_or(1, |it| it.0);
    if declared.cattax == cattax {
        let covers = |list: &[Str<'_>]| {
            let held =
                |category: &String| list.iter().any(|it| covers_category(it, category, cattax));
            declared.categories.iter().any(held)
        };
        if covers(&request.bcat) {
            return Err(Ineligible::CategoryBlocked);
        }
        if !request.acat.is_empty() && !covers(&request.acat) {
            return Err(Ineligible::CategoryBlocked);
        }
    } else if !request.acat.is_empty() {
        // Categories of another taxonomy cannot be shown to be allowed (C-30).
        return Err(Ineligible::CategoryBlocked);
    }
    let blocked_app = |bundle: &String| {
        request
            .bapp
            .iter()
            .any(|it| it.eq_ignore_ascii_case(bundle))
    };
    if declared.bundle.as_ref().is_some_and(blocked_app) {
        return Err(Ineligible::AppBlocked);
    }
    check_language(declared.language.as_deref(), opportunity.languages())
}

/// A blocked domain blocks its subdomains (C-29).
fn blocks_domain(blocked: &[Str<'_>], domain: &str) -> bool {
    blocked.iter().any(|blocked| {
        let blocked = facts::domain(blocked);
        let Some(front) = domain.len().checked_sub(blocked.len()) else {
            return false;
        };
        let same_end = domain
            .get(front..)
            .is_some_and(|end| end.eq_ignore_ascii_case(blocked));
        same_end
            && !blocked.is_empty()
            && (front == 0 || domain.as_bytes().get(front - 1) == Some(&b'.'))
    })
}

/// The same code, or in taxonomy 1 the tier above it: IAB25 covers IAB25-3 (C-30).
fn covers_category(listed: &str, category: &str, cattax: i32) -> bool {
    if listed.eq_ignore_ascii_case(category) {
        return true;
    }
    let tier1 = category.split_once('-').map(|(tier1, _)| tier1);
    cattax == 1 && tier1.is_some_and(|tier1| tier1.eq_ignore_ascii_case(listed))
}

/// `xx` says that there is no linguistic content; an undeclared language passes.
fn check_language(language: Option<&str>, allowed: &[Str<'_>]) -> Result<(), Ineligible> {
    let Some(language) = language.filter(|it| !it.eq_ignore_ascii_case("xx")) else {
        return Ok(());
    };
    let primary = |text: &'_ str| -> usize { text.find(['-', '_']).unwrap_or(text.len()) };
    let same = |allowed: &Str<'_>| {
        let (a, b) = (
            allowed.get(..primary(allowed)),
            language.get(..primary(language)),
        );
        a.zip(b).is_some_and(|(a, b)| a.eq_ignore_ascii_case(b))
    };
    if allowed.is_empty() || allowed.iter().any(same) {
        Ok(())
    } else {
        Err(Ineligible::LanguageNotAllowed)
    }
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
        let cases = [
            (None, vec!["en"], Ok(())),
            (Some("xx"), vec!["en"], Ok(())),
            (Some("en"), vec![], Ok(())),
            (Some("en"), vec!["de", "en-US"], Ok(())),
            (Some("zh-Hans"), vec!["zh"], Ok(())),
            (
                Some("fr"),
                vec!["de", "en"],
                Err(Ineligible::LanguageNotAllowed),
            ),
        ];
        for (language, allowed, want) in cases {
            let list: Vec<Str<'_>> = allowed.iter().map(|it| (*it).into()).collect();
            assert_eq!(
                check_language(language, &list),
                want,
                "{language:?} {allowed:?}"
            );
        }
    }
}
