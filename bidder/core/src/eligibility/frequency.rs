//! How often the user may see it: a first look at the stamps (money.md, "Frequency caps").
//!
//! The script that confirms the choice is the authority; this look only saves its call.

use contracts::catalog::{CapWindow, FrequencyCap, OnCapUnknown};
use jiff::tz::TimeZone;
use units::UnixMillis;

use super::Ineligible;
use super::schedule::day_start;
use crate::creative::Creative;
use crate::market::Item;
use crate::user::User;

/// Where a cap's window begins.
#[must_use]
pub fn since(cap: &FrequencyCap, now: UnixMillis, zone: &TimeZone) -> UnixMillis {
    match cap.window {
        CapWindow::SlidingSeconds(seconds) => {
            UnixMillis(now.0.saturating_sub(i64::from(seconds) * 1_000))
        }
        // The stamp at the first instant of the day counts, too.
        CapWindow::CalendarDay => UnixMillis(day_start(now, zone).0 - 1),
    }
}

/// Each cap has room for one impression more.
///
/// # Errors
/// A cap is met, or cannot be known and the line item does not bid then.
pub fn check(
    item: &Item,
    creative: &Creative,
    user: &User<'_>,
    now: UnixMillis,
    zone: &TimeZone,
) -> Result<(), Ineligible> {
    check_with(item, creative, user, now, zone, |_| 0)
}

/// The same when this request holds some bids already: `held` is how many count for a cap.
///
/// # Errors
/// As [`check`].
pub(crate) fn check_with(
    item: &Item,
    creative: &Creative,
    user: &User<'_>,
    now: UnixMillis,
    zone: &TimeZone,
    held: impl Fn(&FrequencyCap) -> u32,
) -> Result<(), Ineligible> {
    if item.caps.is_empty() {
        return Ok(());
    }
    let stamps = user.stamps.filter(|_| user.key.is_some());
    if stamps.is_none() && item.on_cap_unknown == OnCapUnknown::Refuse {
        return Err(Ineligible::CapUnknown);
    }
    let now = stamps.map_or(now, |it| it.now(now));
    for (cap, scope) in item.scoped_caps(creative) {
        let shown = stamps.map_or(0, |it| it.count(scope.as_str(), since(cap, now, zone), now));
        if shown.saturating_add(held(cap)) >= cap.count {
            return Err(Ineligible::CapMet);
        }
    }
    Ok(())
}
