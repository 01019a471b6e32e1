//! When the line item may bid: its flight, and its day parts in the campaign's or the user's time zone.

use contracts::catalog::Clock;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use units::UnixMillis;

use super::{Ineligible, Refusals, Situation};
use crate::daypart::WeekHours;
use crate::market::Item;

/// An hour of the week somewhere; day 0 is Monday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WeekHour {
    /// Day of the week from Monday.
    pub day: usize,
    /// Hour of that day.
    pub hour: u32,
}

impl WeekHour {
    /// The hour of the week in a time zone.
    #[must_use]
    pub fn at(now: UnixMillis, zone: &TimeZone) -> Self {
        let Ok(instant) = Timestamp::from_millisecond(now.0) else {
            return Self::default();
        };
        let local = zone.to_datetime(instant);
        Self {
            day: usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0),
            hour: u32::try_from(local.hour()).unwrap_or(0),
        }
    }
}

impl WeekHour {
    /// The hour of the week so many minutes ahead of UTC; `None` for what is no offset.
    #[must_use]
    pub fn at_offset(now: UnixMillis, minutes: i32) -> Option<Self> {
        let seconds = minutes.checked_mul(60)?;
        let offset = jiff::tz::Offset::from_seconds(seconds).ok()?;
        Some(Self::at(now, &TimeZone::fixed(offset)))
    }
}

/// The instant at which the civil day of `now` began in a time zone: where a calendar day's cap starts.
#[must_use]
pub fn day_start(now: UnixMillis, zone: &TimeZone) -> UnixMillis {
    let start = Timestamp::from_millisecond(now.0)
        .ok()
        .and_then(|instant| instant.to_zoned(zone.clone()).start_of_day().ok());
    start.map_or(now, |start| UnixMillis(start.timestamp().as_millisecond()))
}

impl Situation<'_> {
    /// The hour of the week by the line item's clock; `None` where the user's is not known.
    pub(crate) fn hour_of(&self, item: &Item) -> Option<WeekHour> {
        match item.rules.clock {
            Clock::Campaign => Some(self.hour),
            Clock::User => self.opportunity.user_hour(self.now),
        }
    }
}

/// The flight includes its first instant and not its last; hours excluded win over hours included.
///
/// # Errors
/// Not begun, over, or outside the day parts.
pub fn check(
    item: &Item,
    situation: &Situation<'_>,
    on: &mut impl Refusals,
) -> Result<(), Ineligible> {
    if situation.now < item.starts_at {
        on.refuse(Ineligible::NotStarted)?;
    }
    if item.ends_at.is_some_and(|end| situation.now >= end) {
        on.refuse(Ineligible::Ended)?;
    }
    let hour = situation.hour_of(item);
    let within = |hours: WeekHours| hour.map(|it| hours.contains(it.day, it.hour));
    // An hour that is not known is in none of the included, and in none of the excluded.
    let included = item.rules.hours.is_none_or(|it| within(it) == Some(true));
    if !included || within(item.rules.not_hours) == Some(true) {
        on.refuse(Ineligible::OutsideDayparts)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_and_days_are_the_campaigns() {
        // 2026-11-22T22:45:57Z, a Sunday
        let now = UnixMillis(1_795_387_557_000);
        let zone = |name| TimeZone::get(name).unwrap();
        assert_eq!(
            WeekHour::at(now, &zone("UTC")),
            WeekHour { day: 6, hour: 22 }
        );
        assert_eq!(
            WeekHour::at(now, &zone("Asia/Shanghai")),
            WeekHour { day: 0, hour: 6 }
        );
        let shifted = |minutes| WeekHour::at_offset(now, minutes);
        assert_eq!(shifted(480), Some(WeekHour { day: 0, hour: 6 }));
        assert_eq!(shifted(-330), Some(WeekHour { day: 6, hour: 17 }));
        assert_eq!(shifted(i32::MAX), None);
        assert_eq!(
            day_start(now, &zone("UTC")).to_rfc3339(),
            "2026-11-22T00:00:00.000Z"
        );
        assert_eq!(
            day_start(now, &zone("Asia/Shanghai")).to_rfc3339(),
            "2026-11-22T16:00:00.000Z"
        );
    }

    #[test]
    fn daylight_saving_skips_an_hour_and_repeats_one() {
        let berlin = TimeZone::get("Europe/Berlin").unwrap();
        let hour = |utc: &str| {
            let instant: Timestamp = utc.parse().unwrap();
            let WeekHour { day, hour } =
                WeekHour::at(UnixMillis(instant.as_millisecond()), &berlin);
            (day, hour)
        };
        // Spring: 01:59 is followed by 03:00; hour 2 of that Sunday never comes.
        assert_eq!(hour("2026-03-29T00:59:59Z"), (6, 1));
        assert_eq!(hour("2026-03-29T01:00:00Z"), (6, 3));
        // Autumn: hour 2 comes twice.
        assert_eq!(hour("2026-10-25T00:30:00Z"), (6, 2));
        assert_eq!(hour("2026-10-25T01:30:00Z"), (6, 2));
        assert_eq!(hour("2026-10-25T02:00:00Z"), (6, 3));
    }
}
