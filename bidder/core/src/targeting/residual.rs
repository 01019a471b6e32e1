//! What postings leave to be judged of each line item, for the index: is it true, and nothing else.
//!
//! In Kleene's logic NOT can be moved down to the terms, and then AND is true where all parts are, OR where one
//! is, NOT of a term where the term is known to be false. So whether the whole is true is a matter of two
//! values, and each literal says where to go on. All steps of all line items stand in one array, in the order
//! in which they are met.

use std::collections::HashMap;

use super::program::Truth;

/// The end: it holds.
pub(super) const MATCHED: u8 = u8::MAX;
/// The end: it does not hold, or nobody knows.
pub(super) const REFUSED: u8 = u8::MAX - 1;

/// A term that must be true, or known to be false, and the step that is next, counted from the first one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Step {
    pub(super) term: u32,
    pub(super) wanted: Truth,
    /// Where it is as wanted.
    pub(super) yes: u8,
    /// Where it is not.
    pub(super) no: u8,
}

/// Steps that are written from the last to the first: those behind a step are known when it is written.
#[derive(Debug, Default)]
pub(super) struct Draft(Vec<Step>);

impl Draft {
    /// Adds a step in front of the others; answers where it is entered. Ends are as they are, other places
    /// count from the end.
    pub(super) fn push(&mut self, step: Step) -> u8 {
        let place = u8::try_from(self.0.len()).unwrap_or(REFUSED);
        self.0.push(step);
        place.min(REFUSED)
    }

    /// The steps from the first one; `None` where it holds in any case.
    pub(super) fn finish(mut self, entry: u8) -> Option<Box<[Step]>> {
        if entry == MATCHED {
            return None;
        }
        if entry == REFUSED {
            let never = Step {
                term: u32::MAX,
                wanted: Truth::True,
                yes: REFUSED,
                no: REFUSED,
            };
            return Some([never].into());
        }
        // Nothing leads to what stands in front of the entry.
        self.0.truncate(usize::from(entry) + 1);
        let turned = |place: u8| {
            if place >= REFUSED {
                place
            } else {
                entry.saturating_sub(place)
            }
        };
        let steps = self.0.iter().rev().map(|step| Step {
            yes: turned(step.yes),
            no: turned(step.no),
            ..*step
        });
        Some(steps.collect())
    }
}

/// The distinct residuals of a catalog, by number.
#[derive(Debug, Default)]
pub(super) struct Residuals {
    all: Vec<Box<[Step]>>,
    numbers: HashMap<Box<[Step]>, u32>,
}

impl Residuals {
    pub(super) fn add(&mut self, steps: Box<[Step]>) -> u32 {
        if let Some(number) = self.numbers.get(&steps) {
            return *number;
        }
        let number = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        self.numbers.insert(steps.clone(), number);
        self.all.push(steps);
        number
    }

    /// The terms of a residual.
    pub(super) fn terms(&self, number: u32) -> impl Iterator<Item = u32> + '_ {
        let steps = self.all.get(number as usize).map_or(&[][..], |it| it);
        steps.iter().map(|it| it.term)
    }

    /// Lays the residuals out in the order in which they are met; answers where each of the line items' begins.
    pub(super) fn arranged(&self, met: impl Iterator<Item = Option<u32>>) -> (Steps, Box<[u32]>) {
        let mut steps = Vec::new();
        let mut starts = vec![NO_STEP; self.all.len()];
        let begins = met.map(|number| {
            let number = number.unwrap_or(NO_STEP) as usize;
            let Some((own, start)) = self.all.get(number).zip(starts.get_mut(number)) else {
                return NO_STEP;
            };
            if *start == NO_STEP {
                *start = u32::try_from(steps.len()).unwrap_or(NO_STEP);
                steps.extend_from_slice(own);
            }
            *start
        });
        let begins = begins.collect();
        (Steps(steps.into()), begins)
    }
}

const NO_STEP: u32 = u32::MAX;

/// The steps of all line items.
#[derive(Debug, Default)]
pub(crate) struct Steps(Box<[Step]>);

impl Steps {
    /// Whether the residual that begins there is true; `is` tells what a term is.
    pub(super) fn hold(&self, start: u32, mut is: impl FnMut(u32) -> Truth) -> bool {
        let steps = self.0.get(start as usize..).unwrap_or_default();
        let mut at = 0;
        // Steps lead to later ones only.
        while let Some(step) = steps.get(usize::from(at)) {
            at = if is(step.term) == step.wanted {
                step.yes
            } else {
                step.no
            };
            if at >= REFUSED {
                return at == MATCHED;
            }
        }
        false
    }
}
