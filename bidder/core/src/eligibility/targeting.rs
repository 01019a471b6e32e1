//! Whom and where: the keys of targeting and the tree of conditions. The index decides the same for all
//! line items at once.

use super::Ineligible;
use crate::facts::Dimension;
use crate::targeting::{Failed, Rules, Terms, Truth, View, listed};

/// The reason that a dimension's flat key gives.
#[must_use]
pub const fn reason(dimension: Dimension) -> Ineligible {
    match dimension {
        Dimension::Country => Ineligible::Country,
        Dimension::Region => Ineligible::Region,
        Dimension::City => Ineligible::City,
        Dimension::Metro => Ineligible::Metro,
        Dimension::PostalCode => Ineligible::PostalCode,
        Dimension::DeviceType => Ineligible::DeviceType,
        Dimension::Os => Ineligible::Os,
        Dimension::Make => Ineligible::Make,
        Dimension::Model => Ineligible::Model,
        Dimension::Browser => Ineligible::Browser,
        Dimension::Carrier => Ineligible::Carrier,
        Dimension::ConnectionType => Ineligible::ConnectionType,
        Dimension::Language => Ineligible::Language,
        Dimension::Domain => Ineligible::Domain,
        Dimension::Bundle => Ineligible::Bundle,
        Dimension::Category => Ineligible::Category,
        Dimension::Keyword => Ineligible::Keyword,
        Dimension::Publisher => Ineligible::Publisher,
        Dimension::Exchange => Ineligible::Exchange,
        Dimension::VenueType => Ineligible::VenueType,
        Dimension::List => Ineligible::SharedList,
        Dimension::Gender => Ineligible::Gender,
        Dimension::Age => Ineligible::Age,
        Dimension::Interest => Ineligible::Interest,
        Dimension::Segment => Ineligible::Segment,
        Dimension::Position => Ineligible::Position,
        Dimension::PlacementType => Ineligible::PlacementType,
        Dimension::Interstitial => Ineligible::Interstitial,
        Dimension::Rewarded => Ineligible::Rewarded,
        Dimension::Skippable => Ineligible::Skippable,
        Dimension::InPod => Ineligible::InPod,
        // Flat sizes and formats narrow what is shown.
        Dimension::Size => Ineligible::SizeNotOffered,
        Dimension::Format => Ineligible::FormatNotOffered,
        Dimension::Deal => Ineligible::Deal,
    }
}

/// A part of targeting that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// A shared list is not here yet.
    Pending,
    /// The flat key of a dimension.
    List(Dimension, Failed),
    /// A flat key that is no list, by its term.
    Key(u32),
    /// The tree.
    Tree(Truth),
}

/// A part of targeting that refused, and why.
#[derive(Debug, Clone, Copy)]
pub struct Refused {
    /// The reason's name.
    pub reason: Ineligible,
    part: Part,
}

impl Refused {
    /// Which part it was.
    pub(crate) const fn part(&self) -> Part {
        self.part
    }

    /// The value that was seen, in words.
    #[must_use]
    pub fn seen(&self, terms: &Terms, view: &View<'_>) -> String {
        match self.part {
            Part::Pending => "not here yet".to_owned(),
            Part::List(dimension, _) => listed(view.facts.values(dimension)),
            Part::Key(term) => terms.seen(term, view),
            Part::Tree(truth) => truth.label().to_owned(),
        }
    }

    /// The value that was wanted, in words.
    #[must_use]
    pub fn wanted(&self, rules: &Rules, terms: &Terms) -> String {
        match self.part {
            Part::Pending => "its shared lists".to_owned(),
            Part::List(dimension, _) => {
                let rule = rules.list(dimension);
                let included = listed(rule.include.iter().map(|it| &**it));
                if rule.exclude.is_empty() {
                    return included;
                }
                let excluded = listed(rule.exclude.iter().map(|it| &**it));
                format!("{included}, and none of {excluded}")
            }
            Part::Key(term) => terms.words(term).to_owned(),
            Part::Tree(_) => "true".to_owned(),
        }
    }
}

/// Every part of targeting, in turn: what refused, if it did.
pub fn parts<'r>(
    rules: &'r Rules,
    terms: &'r Terms,
    view: &'r View<'r>,
) -> impl Iterator<Item = Result<(), Refused>> + 'r {
    let refused = |reason, part| Err(Refused { reason, part });
    let pending = if rules.is_pending() {
        refused(Ineligible::ListPending, Part::Pending)
    } else {
        Ok(())
    };
    let lists = rules.dimensions().map(move |dimension| {
        rules
            .check(dimension, view.facts)
            .or_else(|side| refused(reason(dimension), Part::List(dimension, side)))
    });
    let keys = rules
        .keys()
        .iter()
        .map(move |(reason, term)| match terms.truth(*term, view) {
            Truth::True => Ok(()),
            Truth::False | Truth::Unknown => refused(*reason, Part::Key(*term)),
        });
    let tree = rules.tree().map(move |tree| match terms.run(tree, view) {
        Truth::True => Ok(()),
        truth @ (Truth::False | Truth::Unknown) => refused(Ineligible::Rule, Part::Tree(truth)),
    });
    std::iter::once(pending)
        .chain(lists)
        .chain(keys)
        .chain(tree)
}

/// All of targeting holds.
///
/// # Errors
/// The reason of the first part that refused.
pub fn check(rules: &Rules, terms: &Terms, view: &View<'_>) -> Result<(), Ineligible> {
    parts(rules, terms, view).try_for_each(|it| it.map_err(|refused| refused.reason))
}
