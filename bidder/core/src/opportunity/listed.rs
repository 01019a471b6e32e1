//! What a request lists, ready to be looked up by every creative.

use std::cell::OnceCell;
use std::hash::{BuildHasher as _, Hash, Hasher, RandomState};

use openrtb::{BidRequest, Str};

use crate::facts;

/// A list that is looked through as it stands.
const FEW: usize = 16;

/// The long lists of one request, each made ready when the first creative asks for it: a creative is looked up in a time that
/// does not depend on how much is listed (P17). Short lists are looked through as they stand.
#[derive(Debug)]
pub(crate) struct Listed<'a> {
    request: &'a BidRequest<'a>,
    badv: OnceCell<Names>,
    bcat: OnceCell<Names>,
    acat: OnceCell<Names>,
    bapp: OnceCell<Names>,
}

/// Where the names of a list stand, by their hashes. It holds no text itself, or an opportunity could not be lent for
/// less than its request's life.
#[derive(Debug)]
struct Names {
    /// Other ones for each request, so that nobody can send names that all fall together.
    keys: RandomState,
    /// Hash and place, in order.
    places: Vec<(u64, usize)>,
}

impl Names {
    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let keys = RandomState::new();
        let mut places: Vec<(u64, usize)> = names
            .map(|name| keys.hash_one(Name(name)))
            .zip(0..)
            .collect();
        places.sort_unstable();
        Self { keys, places }
    }

    /// Whether one of them is the name; `at` tells what stands at a place.
    fn have<'a>(&self, name: &str, at: impl Fn(usize) -> Option<&'a str>) -> bool {
        let hash = self.keys.hash_one(Name(name));
        let from = self.places.partition_point(|(other, _)| *other < hash);
        let alike = self.places.iter().skip(from);
        alike
            .take_while(|(other, _)| *other == hash)
            .any(|(_, place)| at(*place).is_some_and(|other| Name(other) == Name(name)))
    }
}

/// A text whose letters have no case (ASCII).
#[derive(Debug, Clone, Copy)]
struct Name<'a>(&'a str);

impl PartialEq for Name<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(other.0)
    }
}

impl Eq for Name<'_> {}

impl Hash for Name<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut room = [0; 64];
        let bytes = self.0.as_bytes();
        // Names of one length go the same way, so equal ones have equal hashes.
        match room.get_mut(..bytes.len()) {
            Some(lower) => {
                lower.copy_from_slice(bytes);
                lower.make_ascii_lowercase();
                state.write(lower);
            }
            None => {
                for byte in bytes {
                    state.write_u8(byte.to_ascii_lowercase());
                }
            }
        }
    }
}

impl<'a> Listed<'a> {
    pub(crate) fn of(request: &'a BidRequest<'a>) -> Self {
        Self {
            request,
            badv: OnceCell::new(),
            bcat: OnceCell::new(),
            acat: OnceCell::new(),
            bapp: OnceCell::new(),
        }
    }

    /// Whether `badv` names a domain or a parent of it (C-29, X-41).
    pub(crate) fn blocks_domain(&self, domain: &str) -> bool {
        let list = &self.request.badv;
        if list.len() <= FEW {
            return list.iter().any(|listed| covers_domain(listed, domain));
        }
        let at = |place: usize| list.get(place).map(|listed| facts::domain(listed));
        let names = self
            .badv
            .get_or_init(|| Names::of(list.iter().map(|listed| facts::domain(listed))));
        let parents = domain.match_indices('.').map(|(dot, _)| dot + 1);
        std::iter::once(0)
            .chain(parents)
            .filter_map(|from| domain.get(from..))
            .any(|ending| !ending.is_empty() && names.have(ending, at))
    }

    /// Whether `bcat` covers a category of the request's taxonomy (C-30, X-43).
    pub(crate) fn blocks_category(&self, category: &str, cattax: i32) -> bool {
        covers(&self.request.bcat, &self.bcat, category, cattax)
    }

    /// Whether `acat` covers a category of the request's taxonomy (C-30).
    pub(crate) fn allows_category(&self, category: &str, cattax: i32) -> bool {
        covers(&self.request.acat, &self.acat, category, cattax)
    }

    /// Whether `bapp` names an app.
    pub(crate) fn blocks_app(&self, bundle: &str) -> bool {
        has(&self.request.bapp, &self.bapp, bundle)
    }
}

fn has(list: &[Str<'_>], names: &OnceCell<Names>, name: &str) -> bool {
    if list.len() <= FEW {
        return list.iter().any(|listed| listed.eq_ignore_ascii_case(name));
    }
    let names = names.get_or_init(|| Names::of(list.iter().map(|listed| &**listed)));
    names.have(name, |place| list.get(place).map(|listed| &**listed))
}

/// The same code, or in taxonomy 1 the tier above it: IAB25 covers IAB25-3 (C-30).
fn covers(list: &[Str<'_>], names: &OnceCell<Names>, category: &str, cattax: i32) -> bool {
    let tier1 = category.split_once('-').filter(|_| cattax == 1);
    has(list, names, category) || tier1.is_some_and(|(tier1, _)| has(list, names, tier1))
}

/// The same domain or one under it (C-29).
pub(crate) fn covers_domain(listed: &str, domain: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A list as it is, and so long that it is looked up in, with what nobody asks for.
    fn both(list: &[&str]) -> [Vec<Str<'static>>; 2] {
        let short: Vec<Str<'static>> = list.iter().map(|it| Str::from((*it).to_owned())).collect();
        let others = (0..=FEW).map(|number| Str::from(format!("other{number}.invalid")));
        let long = short.iter().cloned().chain(others).collect();
        [short, long]
    }

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
            for badv in both(&[blocked]) {
                let request = BidRequest {
                    badv,
                    ..BidRequest::default()
                };
                let found = Listed::of(&request).blocks_domain(domain);
                assert_eq!(found, want, "{blocked} {domain} of {}", request.badv.len());
            }
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
            for list in both(&[listed]) {
                let request = BidRequest {
                    bcat: list.clone(),
                    acat: list,
                    ..BidRequest::default()
                };
                let all = Listed::of(&request);
                for found in [
                    all.blocks_category(category, cattax),
                    all.allows_category(category, cattax),
                ] {
                    assert_eq!(found, want, "{listed} {category} of {}", request.bcat.len());
                }
            }
        }
    }

    #[test]
    fn an_app_is_the_same_in_any_case() {
        //
        for bapp in both(&["Com.Rival.App"]) {
            let request = BidRequest {
                bapp,
                ..BidRequest::default()
            };
            let listed = Listed::of(&request);
            assert!(listed.blocks_app("com.rival.app"), "{}", request.bapp.len());
            assert!(!listed.blocks_app("com.rival"), "{}", request.bapp.len());
        }
    }

    proptest! {
        /// A long list says what looking through it says (C-29).
        #[test]
        fn looked_up_is_looked_through(list in vec("[aB.]{0,6}", FEW + 1..40), domain in "[ab.]{0,9}") {
            let request = BidRequest {
                badv: list.iter().map(|it| Str::from(it.clone())).collect(),
                ..BidRequest::default()
            };
            let through = list.iter().any(|listed| covers_domain(listed, &domain));
            prop_assert_eq!(Listed::of(&request).blocks_domain(&domain), through);
        }
    }
}
