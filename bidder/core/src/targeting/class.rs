//! Classes of terms that are told apart by nothing while the request says none of their values.

use super::Words;
use super::memo::TO_JUDGE;
use super::program::Truth;
use super::term::{Condition, Term};
use crate::facts::{Dimension, Facts, is_of_taxonomy};

/// Terms that are the same as long as none of the values that they name is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    dimension: Dimension,
    /// Of categories, of which taxonomy.
    taxonomy: Option<i32>,
    unknown_matches: bool,
}

impl Class {
    /// The class of a term; `None` for one that does not depend on values of a list alone.
    pub(super) fn of(term: &Term) -> Option<Self> {
        let (dimension, taxonomy) = match &term.condition {
            Condition::Values(dimension, _) => (*dimension, None),
            Condition::Categories(_, taxonomy) => (Dimension::Category, Some(*taxonomy)),
            Condition::Visits(_) => (Dimension::Segment, None),
            Condition::Versions(_) => (Dimension::Os, None),
            Condition::Hours(..)
            | Condition::Sizes(_)
            | Condition::Circles(_)
            | Condition::Lists(..)
            | Condition::Path(_) => return None,
        };
        Some(Self {
            dimension,
            taxonomy,
            unknown_matches: term.unknown_matches,
        })
    }

    pub(super) const fn is_of_imp(self) -> bool {
        self.dimension.is_of_imp()
    }

    /// What its terms are where none of their values is there.
    pub(super) fn truth(self, facts: &Facts) -> Truth {
        let is_known = match self.taxonomy {
            None => facts.is_known(self.dimension),
            Some(taxonomy) => facts
                .values(self.dimension)
                .any(|it| is_of_taxonomy(it, taxonomy)),
        };
        if is_known {
            Truth::False
        } else if self.unknown_matches {
            Truth::True
        } else {
            Truth::Unknown
        }
    }
}

/// The values that a term of a class names, each with the term's mark: its number, and whether it is then
/// true or to be judged.
pub(super) fn marks<'t>(
    term: &'t Term,
    number: u32,
    each: &mut impl FnMut(Dimension, &'t str, u32),
) {
    let mut all = |dimension, words: &'t Words| {
        words.iter().for_each(|word| each(dimension, word, number));
    };
    match &term.condition {
        Condition::Values(dimension, words) => all(*dimension, words),
        Condition::Categories(words, _) => all(Dimension::Category, words),
        Condition::Visits(visits) => {
            for it in visits {
                each(Dimension::Segment, &it.segment, number | TO_JUDGE);
            }
        }
        Condition::Versions(ranges) => {
            for it in ranges {
                each(Dimension::Os, &it.os, number | TO_JUDGE);
            }
        }
        Condition::Hours(..)
        | Condition::Sizes(_)
        | Condition::Circles(_)
        | Condition::Lists(..)
        | Condition::Path(_) => {}
    }
}
