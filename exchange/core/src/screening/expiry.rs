//! the bid lives as long as the impression may take, and until its display at least (C-150).

use units::DurationMillis;

use super::{Case, Document, medium};
use crate::loss::Loss;
use crate::medium::Medium;
use crate::payout;

pub(super) fn check(case: &Case<'_>, document: &Document<'_>) -> Result<(), Loss> {
    let Some(lives) = payout::promised(case.bid) else {
        return Ok(());
    };
    let until_display = payout::until_display(case.imp, case.at);
    // A bid that is over as soon as it is made pays for nothing.
    if lives.0 <= 0 || lives < delay(case, document) || lives < until_display {
        return Err(Loss::Expired);
    }
    Ok(())
}

/// What the imp says; else what is usual where it is, for what the bid shows there.
fn delay(case: &Case<'_>, document: &Document<'_>) -> DurationMillis {
    payout::told_delay(case.imp).unwrap_or_else(|| {
        let medium = medium::detect(case, document).unwrap_or(Medium::Banner);
        case.policy.delays.of(case.request, case.imp, medium)
    })
}
