//! What may become of a campaign: draft → active ⇄ paused → archived.

use contracts::catalog::Status;

/// What its owner wants of a campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Let it bid.
    Activate,
    /// Stop it for now.
    Pause,
    /// Stop it for good.
    Archive,
}

/// The state does not allow the step: answered with 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a campaign that is {} cannot be {}", name(*.from), .step.done())]
pub struct NotAllowed {
    from: Status,
    step: Step,
}

impl Step {
    /// The step in the past tense, for the audit log and for refusals.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Activate => "activated",
            Self::Pause => "paused",
            Self::Archive => "archived",
        }
    }
}

/// A status as the API writes it.
#[must_use]
pub const fn name(status: Status) -> &'static str {
    match status {
        Status::Draft => "draft",
        Status::Active => "active",
        Status::Paused => "paused",
        Status::Archived => "archived",
    }
}

/// The status after `step`; a step to where it already is changes nothing.
///
/// # Errors
/// [`NotAllowed`] out of `archived`, and for pausing a draft.
pub const fn after(from: Status, step: Step) -> Result<Status, NotAllowed> {
    match (from, step) {
        (Status::Draft | Status::Active | Status::Paused, Step::Activate) => Ok(Status::Active),
        (Status::Active | Status::Paused, Step::Pause) => Ok(Status::Paused),
        (_, Step::Archive) => Ok(Status::Archived),
        (Status::Archived, Step::Activate | Step::Pause) | (Status::Draft, Step::Pause) => {
            Err(NotAllowed { from, step })
        }
    }
}

/// Whether an edit may lead from one status to another: as the steps do, and an archived campaign
/// does not change at all.
#[must_use]
pub fn may_become(from: Status, to: Status) -> bool {
    if from == Status::Archived {
        return false;
    }
    let step = match to {
        Status::Draft => return from == Status::Draft,
        Status::Active => Step::Activate,
        Status::Paused => Step::Pause,
        Status::Archived => Step::Archive,
    };
    after(from, step).is_ok()
}

/// Whether leases granted before the change must stop: a new epoch begins.
#[must_use]
pub fn stops_leases(from: Status, to: Status) -> bool {
    from == Status::Active && to != Status::Active
}

#[cfg(test)]
mod tests {
    use super::*;
    use Status::{Active, Archived, Draft, Paused};
    use Step::{Activate, Archive, Pause};

    #[test]
    fn each_step_from_each_status() {
        let cases = [
            (Draft, Activate, Some(Active)),
            (Draft, Pause, None),
            (Draft, Archive, Some(Archived)),
            (Active, Activate, Some(Active)),
            (Active, Pause, Some(Paused)),
            (Active, Archive, Some(Archived)),
            (Paused, Activate, Some(Active)),
            (Paused, Pause, Some(Paused)),
            (Paused, Archive, Some(Archived)),
            (Archived, Activate, None),
            (Archived, Pause, None),
            (Archived, Archive, Some(Archived)),
        ];
        for (from, step, want) in cases {
            assert_eq!(after(from, step).ok(), want, "{from:?} {step:?}");
            if let Some(to) = want {
                assert_eq!(may_become(from, to), from != Archived, "{from:?} to {to:?}");
            }
        }
        let refusal = after(Archived, Activate).unwrap_err().to_string();
        assert_eq!(refusal, "a campaign that is archived cannot be activated");
    }
}
