//! What of a line item's rules the index narrows by, and what is then left to be judged.

use std::collections::BTreeMap;

use contracts::catalog::{Test, Tree, Unknown};

use super::compile::{Compiler, Refusal};
use super::implied::{self, Implied};
use super::joined::by_cost;
use super::program::Truth;
use super::residual::{Draft, MATCHED, REFUSED, Step};
use super::{Values, Words};
use crate::eligibility::Ineligible;
use crate::facts::Dimension;

impl Compiler<'_> {
    /// Gives conjuncts that are plain lists to the index, each dimension once; the rest is to be judged.
    ///
    /// Deals are not among them: which deal is bid on is the flat key's business.
    pub(super) fn hoist<'t>(
        &mut self,
        tree: &'t Tree,
        flat: &[(Dimension, Values)],
        hoisted: &mut BTreeMap<Dimension, Words>,
        rest: &mut Vec<&'t Tree>,
    ) {
        if let Tree::All(parts) = tree {
            for part in by_cost(parts) {
                self.hoist(part, flat, hoisted, rest);
            }
            return;
        }
        if let Tree::Term(term) = tree
            && term.unknown == Unknown::Unknown
            && let Some((dimension, words)) = self.plain_list(&term.test)
            && dimension != Dimension::Deal
            && !words.is_empty()
            && !hoisted.contains_key(&dimension)
            && takes_all(flat, dimension)
        {
            hoisted.insert(dimension, words);
            return;
        }
        rest.push(tree);
    }

    /// The lists of which a value is there wherever the tree is true.
    pub(super) fn implied(&mut self, tree: &Tree) -> Implied {
        match tree {
            Tree::All(parts) => {
                let mut all = Implied::default();
                for part in parts {
                    all.and(self.implied(part));
                }
                all
            }
            Tree::Any(parts) => implied::any(parts.iter().map(|part| self.implied(part))),
            Tree::Term(term) if term.unknown == Unknown::Unknown => {
                let named: Option<(Dimension, Words)> = match &term.test {
                    Test::Visits(visits) => {
                        let segments = visits.iter().map(|it| it.segment.as_str());
                        Some(self.sorted(Dimension::Segment, segments))
                    }
                    Test::OsVersions(ranges) => {
                        let systems = ranges.iter().map(|it| it.os.as_str());
                        Some(self.sorted(Dimension::Os, systems))
                    }
                    Test::Values { .. }
                    | Test::Categories { .. }
                    | Test::Flag(..)
                    | Test::Age(_)
                    | Test::Dayparts { .. }
                    | Test::SizeRanges(_)
                    | Test::Radius(_)
                    | Test::Path(_) => self.plain_list(&term.test),
                };
                // Which deal is bid on is the flat key's business.
                let named = named.filter(|it| it.0 != Dimension::Deal && !it.1.is_empty());
                named.map(Implied::of).unwrap_or_default()
            }
            Tree::Not(_) | Tree::Term(_) => Implied::default(),
        }
    }

    fn sorted<'t>(
        &mut self,
        dimension: Dimension,
        texts: impl Iterator<Item = &'t str>,
    ) -> (Dimension, Words) {
        let words = texts.map(|it| self.normalised(dimension, it, 1));
        let mut words: Vec<_> = words.collect();
        words.sort_unstable();
        words.dedup();
        (dimension, self.listed(&words))
    }

    /// The steps that judge the flat keys and what is left of the tree.
    pub(super) fn residual(
        &mut self,
        keys: &[(Ineligible, u32)],
        rest: &[&Tree],
        zone: usize,
    ) -> Result<Option<Box<[Step]>>, Refusal> {
        let mut draft = Draft::default();
        let mut entry = MATCHED;
        for tree in rest.iter().rev() {
            entry = self.draft(tree, Truth::True, zone, (entry, REFUSED), &mut draft)?;
        }
        for (_, term) in keys.iter().rev() {
            entry = draft.push(Step {
                term: *term,
                wanted: Truth::True,
                yes: entry,
                no: REFUSED,
            });
        }
        Ok(draft.finish(entry))
    }

    /// Writes the steps of a tree that is to be true, or known to be false; answers where they are entered.
    fn draft(
        &mut self,
        tree: &Tree,
        wanted: Truth,
        zone: usize,
        (yes, no): (u8, u8),
        draft: &mut Draft,
    ) -> Result<u8, Refusal> {
        Ok(match (tree, wanted) {
            (Tree::Term(term), _) => draft.push(Step {
                term: self.term(term.clone(), zone)?,
                wanted,
                yes,
                no,
            }),
            (Tree::Not(part), _) => {
                let turned = match wanted {
                    Truth::True => Truth::False,
                    Truth::False | Truth::Unknown => Truth::True,
                };
                self.draft(part, turned, zone, (yes, no), draft)?
            }
            // All of them are as wanted.
            (Tree::All(parts), Truth::True) | (Tree::Any(parts), Truth::False | Truth::Unknown) => {
                let mut entry = yes;
                for part in by_cost(parts).into_iter().rev() {
                    entry = self.draft(part, wanted, zone, (entry, no), draft)?;
                }
                entry
            }
            // One of them is.
            (Tree::Any(parts), Truth::True) | (Tree::All(parts), Truth::False | Truth::Unknown) => {
                let mut entry = no;
                for part in by_cost(parts).into_iter().rev() {
                    entry = self.draft(part, wanted, zone, (yes, entry), draft)?;
                }
                entry
            }
        })
    }
}

/// Whether the flat key of a dimension includes no values.
pub(super) fn takes_all(flat: &[(Dimension, Values)], dimension: Dimension) -> bool {
    !flat
        .iter()
        .any(|it| it.0 == dimension && !it.1.include.is_empty())
}
