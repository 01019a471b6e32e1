//! A line item's targeting in the form in which it is compared.
//!
//! Flat keys that are lists go into the index's postings. Whatever else a line item asks is a program over
//! terms that the catalog numbers once ([`Terms`]), judged in three values: true, false, unknown. What is
//! unknown at the end is not matched. See [`contracts::catalog::Tree`] for the rule.

mod class;
mod compile;
mod distance;
mod implied;
mod joined;
mod memo;
mod narrowed;
mod path;
mod program;
mod residual;
mod term;
mod terms;
mod version;

pub use compile::Compiler;
pub use memo::Memo;
pub use program::{Program, Truth};
pub(crate) use residual::Steps;
pub use term::{View, listed};
pub use terms::Terms;
pub use version::Version;

use std::sync::Arc;

use contracts::catalog::{Clock, ListKind};

use crate::daypart::WeekHours;
use crate::eligibility::Ineligible;
use crate::facts::{Dimension, Facts};

/// Values in rising order; rules that name the same ones share them.
pub type Words = Arc<[Arc<str>]>;

/// The included and the excluded values of one dimension, in rising order.
#[derive(Debug, Clone, Default)]
pub struct Values {
    /// One of these must be there, unless empty.
    pub include: Words,
    /// None of these may be there.
    pub exclude: Words,
}

/// A view of [`Values`]; both sides empty where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'r> {
    /// One of these must be there, unless empty.
    pub include: &'r [Arc<str>],
    /// None of these may be there.
    pub exclude: &'r [Arc<str>],
}

/// What a line item asks of the request.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Flat keys that are lists, those only that say something.
    lists: Box<[(Dimension, Values)]>,
    /// Lists of which a value must be there for the tree to be true: the index narrows by them.
    hoisted: Box<[(Dimension, Words)]>,
    /// Flat keys that are no lists: the reason of each, and its term.
    keys: Box<[(Ineligible, u32)]>,
    /// The whole tree.
    tree: Option<u32>,
    /// What postings do not decide: the flat keys that are no lists, and the rest of the tree.
    residual: Option<u32>,
    /// A shared list that it names is not here yet.
    pending: bool,
    /// Hours to bid in; `None` for all.
    pub hours: Option<WeekHours>,
    /// Hours not to bid in.
    pub not_hours: WeekHours,
    /// Whose hours these are.
    pub clock: Clock,
}

/// Which side of a list rule a request failed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// None of the included values was seen.
    NotIncluded,
    /// An excluded value was seen.
    Excluded,
}

impl Rules {
    /// The flat rule of one dimension.
    #[must_use]
    pub fn list(&self, dimension: Dimension) -> Asked<'_> {
        let found = self.lists.iter().find(|it| it.0 == dimension);
        found.map_or_else(Asked::default, |(_, values)| Asked {
            include: &values.include,
            exclude: &values.exclude,
        })
    }

    /// The dimensions whose flat rules say something.
    pub fn dimensions(&self) -> impl Iterator<Item = Dimension> {
        self.lists.iter().map(|it| it.0)
    }

    /// The values by which the index narrows a dimension; empty for all.
    #[must_use]
    pub fn narrowing(&self, dimension: Dimension) -> Asked<'_> {
        let flat = self.list(dimension);
        let hoisted = self.hoisted.iter().find(|it| it.0 == dimension);
        Asked {
            include: hoisted.map_or(flat.include, |it| &it.1),
            exclude: flat.exclude,
        }
    }

    /// Whether the facts satisfy one dimension's flat rule; an unknown value is not included.
    ///
    /// # Errors
    /// [`Failed`] says on which side.
    pub fn check(&self, dimension: Dimension, facts: &Facts) -> Result<(), Failed> {
        let rule = self.list(dimension);
        let holds = |words: &[Arc<str>]| facts.values(dimension).any(|it| is_among(words, it));
        if !rule.include.is_empty() && !holds(rule.include) {
            return Err(Failed::NotIncluded);
        }
        if holds(rule.exclude) {
            return Err(Failed::Excluded);
        }
        Ok(())
    }

    /// Flat keys that are no lists: the reason of each, and its term.
    #[must_use]
    pub fn keys(&self) -> &[(Ineligible, u32)] {
        &self.keys
    }

    /// The program of the whole tree.
    #[must_use]
    pub const fn tree(&self) -> Option<u32> {
        self.tree
    }

    /// The number of what postings do not decide.
    #[must_use]
    pub const fn residual(&self) -> Option<u32> {
        self.residual
    }

    /// Whether a shared list that it names is not here yet.
    #[must_use]
    pub const fn is_pending(&self) -> bool {
        self.pending
    }

    /// The terms of the tree, each once, in its order; [`Terms`] has their words and truth.
    pub fn terms<'t>(&self, terms: &'t Terms) -> impl Iterator<Item = u32> + 't {
        let program = self.tree.and_then(|number| terms.program(number));
        let mut asked: Vec<u32> = Vec::new();
        for term in program.into_iter().flat_map(Program::terms) {
            if !asked.contains(&term) {
                asked.push(term);
            }
        }
        asked.into_iter()
    }
}

/// The dimension whose values are looked up in shared lists of a kind.
#[must_use]
pub const fn looked_up(kind: ListKind) -> Dimension {
    match kind {
        ListKind::Domain => Dimension::Domain,
        ListKind::Bundle => Dimension::Bundle,
        ListKind::PostalCode => Dimension::PostalCode,
    }
}

/// Whether a value is one of some that stand in rising order.
#[must_use]
pub fn is_among(words: &[Arc<str>], value: &str) -> bool {
    words.binary_search_by(|it| (**it).cmp(value)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(targeting: &str, dimension: Dimension, values: &[&str]) -> Result<(), Failed> {
        let shared = crate::index::SharedLists::default();
        let mut compiler = Compiler::new(&shared);
        let targeting = serde_json::from_str(targeting).unwrap();
        let rules = compiler.rules(&targeting, 0).unwrap();
        let mut facts = Facts::default();
        values.iter().for_each(|it| facts.push(dimension, it));
        rules.check(dimension, &facts)
    }

    #[test]
    fn lists_as_interfaces_md_says() {
        use Dimension::{Age, Country, Interest};
        let age = r#"{"age_range":{"min_age":18,"max_age":35}}"#;
        let young = r#"{"age_range":{"max_age":35}}"#;
        let interests = r#"{"interests":["technology","shopping"]}"#;
        let not_us = r#"{"countries":{"exclude":["US"]}}"#;
        struct Case<'a>(
            &'a str,
            &'a str,
            Dimension,
            &'a [&'a str],
            Result<(), Failed>,
        );
        let cases = [
            Case(
                "any of them",
                interests,
                Interest,
                &["sports", "Shopping"],
                Ok(()),
            ),
            Case(
                "none of them",
                interests,
                Interest,
                &["sports"],
                Err(Failed::NotIncluded),
            ),
            Case(
                "unknown does not match",
                interests,
                Interest,
                &[],
                Err(Failed::NotIncluded),
            ),
            Case("both ends of a range included", age, Age, &["18"], Ok(())),
            Case("both ends of a range included", age, Age, &["35"], Ok(())),
            Case("too young", age, Age, &["17"], Err(Failed::NotIncluded)),
            Case("too old", age, Age, &["36"], Err(Failed::NotIncluded)),
            Case("an open end", young, Age, &["0"], Ok(())),
            Case("unknown age", age, Age, &[], Err(Failed::NotIncluded)),
            Case(
                "excluded, in the other form",
                not_us,
                Country,
                &["USA"],
                Err(Failed::Excluded),
            ),
            Case("unknown is not excluded", not_us, Country, &[], Ok(())),
            Case(
                "empty targeting matches everybody",
                "{}",
                Interest,
                &[],
                Ok(()),
            ),
        ];
        for Case(says, targeting, dimension, values, want) in cases {
            assert_eq!(check(targeting, dimension, values), want, "{says}");
        }
    }
}
