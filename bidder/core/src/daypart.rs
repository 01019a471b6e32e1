//! Day parts: hours of the week in a campaign's time zone.

/// A set of the 168 hours of a week; hour 0 is Monday's first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WeekHours([u32; 7]);

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl WeekHours {
    /// Reads texts such as `mon-fri 09-17`, `sat 00-24` or `sun-mon 22-06` (past midnight into the next
    /// day); a text in another form adds nothing.
    #[must_use]
    pub fn read(texts: &[String]) -> Self {
        let mut hours = Self::default();
        for (days, (from, to)) in texts.iter().filter_map(|text| day_part(text)) {
            for day in days {
                if from < to {
                    hours.add(day, from, to);
                } else {
                    hours.add(day, from, 24);
                    hours.add((day + 1) % 7, 0, to);
                }
            }
        }
        hours
    }

    /// Whether the set holds this hour; `day` 0 is Monday.
    #[must_use]
    pub fn contains(self, day: usize, hour: u32) -> bool {
        self.0.get(day).is_some_and(|hours| hours >> hour & 1 == 1)
    }

    fn add(&mut self, day: usize, from: u32, to: u32) {
        if let Some(hours) = self.0.get_mut(day) {
            *hours |= (from..to).fold(0, |set, hour| set | 1 << hour);
        }
    }
}

type Days = Vec<usize>;

fn day_part(text: &str) -> Option<(Days, (u32, u32))> {
    let (days, hours) = text.trim().split_once(' ')?;
    let day = |name: &str| DAYS.iter().position(|it| it.eq_ignore_ascii_case(name));
    let days = match days.split_once('-') {
        Some((first, last)) => {
            let (first, last) = (day(first)?, day(last)?);
            let count = (last + 7 - first) % 7;
            (0..=count).map(|step| (first + step) % 7).collect()
        }
        None => vec![day(days)?],
    };
    let (from, to) = hours.trim().split_once('-')?;
    let hour = |text: &str| {
        let whole = text.strip_suffix(":00").unwrap_or(text);
        whole.parse::<u32>().ok().filter(|hour| *hour <= 24)
    };
    let (from, to) = (hour(from)?, hour(to)?);
    (from < 24 && from != to).then_some((days, (from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn day_parts_as_written() {
        // (text, day, hour, inside)
        let cases = [
            ("mon-fri 09-17", 0, 9, true),
            ("mon-fri 09-17", 0, 17, false),
            ("mon-fri 09-17", 5, 9, false),
            ("sat 00-24", 5, 0, true),
            ("sat 00-24", 5, 23, true),
            ("Sun 22-06", 6, 23, true),
            ("sun 22-06", 0, 5, true),
            ("sun 22-06", 0, 6, false),
            ("sat-mon 10-11", 0, 10, true),
            ("always", 0, 0, false),
            ("mon 5-5", 0, 5, false),
        ];
        for (text, day, hour, inside) in cases {
            let hours = WeekHours::read(&[text.to_owned()]);
            assert_eq!(hours.contains(day, hour), inside, "{text} {day} {hour}");
        }
    }
}
