//! Days and hours of an advertiser's time zone.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use units::UnixMillis;

/// A time zone by its IANA name.
#[derive(Debug, Clone)]
pub struct Zone(TimeZone);

/// The day and the hour around an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First instant of the day.
    pub day: UnixMillis,
    /// First instant of the next day.
    pub day_end: UnixMillis,
    /// First instant of the hour.
    pub hour: UnixMillis,
    /// First instant of the next hour.
    pub hour_end: UnixMillis,
}

const HOUR_MS: i64 = 3_600_000;

impl Zone {
    /// Reads an IANA name such as `Asia/Shanghai`; `None` when there is no such zone.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        TimeZone::get(name).ok().map(Self)
    }

    /// Coordinated universal time.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The day and hour of `now`; `None` outside of all calendars.
    #[must_use]
    pub fn period(&self, now: UnixMillis) -> Option<Period> {
        let here = Timestamp::from_millisecond(now.0)
            .ok()?
            .to_zoned(self.0.clone());
        let day = here.start_of_day().ok()?;
        let next = here.tomorrow().ok()?.start_of_day().ok()?;
        let millis = |at: &jiff::Zoned| at.timestamp().as_millisecond();
        let (day, day_end) = (millis(&day), millis(&next));
        // Local hours, since a zone may be half an hour off.
        let local = now
            .0
            .checked_add(i64::from(here.offset().seconds()).checked_mul(1_000)?)?;
        let hour = now.0.checked_sub(local.rem_euclid(HOUR_MS))?.max(day);
        Some(Period {
            day: UnixMillis(day),
            day_end: UnixMillis(day_end),
            hour: UnixMillis(hour),
            hour_end: UnixMillis(hour.checked_add(HOUR_MS)?.min(day_end)),
        })
    }
}

impl Period {
    /// Whether an instant lies in the same hour.
    #[must_use]
    pub fn holds(&self, now: UnixMillis) -> bool {
        self.hour <= now && now < self.hour_end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn midnight_and_full_hours_are_the_advertisers() {
        let at = |text: &str| UnixMillis(text.parse::<Timestamp>().unwrap().as_millisecond());
        for (zone, now, day, day_end, hour, hour_end) in [
            (
                "UTC",
                "2026-11-22T23:09:41Z",
                "2026-11-22T00:00:00Z",
                "2026-11-23T00:00:00Z",
                "2026-11-22T23:00:00Z",
                "2026-11-23T00:00:00Z",
            ),
            (
                "Asia/Shanghai",
                "2026-11-22T23:09:41Z",
                "2026-11-22T16:00:00Z",
                "2026-11-23T16:00:00Z",
                "2026-11-22T23:00:00Z",
                "2026-11-23T00:00:00Z",
            ),
            (
                "Asia/Kolkata",
                "2026-11-22T23:09:41Z",
                "2026-11-22T18:30:00Z",
                "2026-11-23T18:30:00Z",
                "2026-11-22T22:30:00Z",
                "2026-11-22T23:30:00Z",
            ),
            // The day on which clocks are set back has 25 hours.
            (
                "America/New_York",
                "2026-11-01T12:00:00Z",
                "2026-11-01T04:00:00Z",
                "2026-11-02T05:00:00Z",
                "2026-11-01T12:00:00Z",
                "2026-11-01T13:00:00Z",
            ),
        ] {
            let period = Zone::parse(zone).unwrap().period(at(now)).unwrap();
            let expect = Period {
                day: at(day),
                day_end: at(day_end),
                hour: at(hour),
                hour_end: at(hour_end),
            };
            assert_eq!(period, expect, "{zone} {now}");
        }
        assert!(Zone::parse("Mars/Olympus").is_none());
        assert!(Zone::utc().period(UnixMillis(i64::MAX)).is_none());
    }
}
