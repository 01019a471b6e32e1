//! Who hears of a refusal: the decision stops at the first, an explanation hears all of them.
//!
//! The rules are written once, for both.

use super::Ineligible;

/// What hears of refusals.
pub trait Refusals: Sized {
    /// A rule refused.
    ///
    /// # Errors
    /// The reason, where no further rule is to be looked at.
    fn refuse(&mut self, reason: Ineligible) -> Result<(), Ineligible>;

    /// An empty one, for what is tried beside others.
    #[must_use]
    fn aside(&self) -> Self;

    /// How many refusals were heard of.
    fn count(&self) -> usize;

    /// Takes over what was heard aside.
    fn take(&mut self, aside: Self);

    /// Hears of it if a rule refused, and answers what it found otherwise.
    ///
    /// # Errors
    /// As [`Refusals::refuse`].
    fn hear<T>(&mut self, checked: Result<T, Ineligible>) -> Result<Option<T>, Ineligible> {
        match checked {
            Ok(found) => Ok(Some(found)),
            Err(reason) => self.refuse(reason).map(|()| None),
        }
    }
}

/// Looks no further than the first refusal.
#[derive(Debug, Clone, Copy, Default)]
pub struct First;

impl Refusals for First {
    fn refuse(&mut self, reason: Ineligible) -> Result<(), Ineligible> {
        Err(reason)
    }

    fn aside(&self) -> Self {
        Self
    }

    fn count(&self) -> usize {
        0
    }

    fn take(&mut self, _: Self) {}
}

/// Hears all refusals, each reason once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct All(pub Vec<Ineligible>);

impl Refusals for All {
    fn refuse(&mut self, reason: Ineligible) -> Result<(), Ineligible> {
        if !self.0.contains(&reason) {
            self.0.push(reason);
        }
        Ok(())
    }

    fn aside(&self) -> Self {
        Self::default()
    }

    fn count(&self) -> usize {
        self.0.len()
    }

    fn take(&mut self, aside: Self) {
        for reason in aside.0 {
            // It never says stop.
            let _ = self.refuse(reason);
        }
    }
}
