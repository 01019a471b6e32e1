//! What a DSP says of its days itself, and by how much that differs from what we count.

use std::collections::BTreeMap;
use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer, ser};
use serde_json::value::RawValue;
use units::{Currency, Nanos, UnixMillis};

use crate::fault::{Fault, Faults};

/// Lines of one upload, and faults that are named of it.
const MOST_LINES: usize = 10_000;
const MOST_NAMED: usize = 20;

/// What a DSP says of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Figure {
    /// Impressions that it counts.
    pub impressions: u64,
    /// What it says that they cost.
    pub spend: Option<(Nanos, Currency)>,
}

/// A column that figures may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Day,
    Impressions,
    Spend,
    Currency,
}

impl Column {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "day" => Self::Day,
            "impressions" => Self::Impressions,
            "spend" => Self::Spend,
            "currency" => Self::Currency,
            _ => return None,
        })
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Impressions => "impressions",
            Self::Spend => "spend",
            Self::Currency => "currency",
        }
    }
}

/// Reads figures as CSV, by the first instant of their days: a first line that names the columns `day` and
/// `impressions`, and `spend` with `currency` where the DSP tells it; then a line for each day of UTC.
///
/// # Errors
/// All [`Faults`], with the number of the line from 0 and the column's name as the pointer.
pub fn figures(body: &[u8]) -> Result<BTreeMap<UnixMillis, Figure>, Faults> {
    let text = std::str::from_utf8(body).map_err(|_| Fault::form("", "is not UTF-8"))?;
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text.lines().enumerate();
    let columns = match lines.next() {
        Some((_, names)) => columns(names)?,
        None => return Err(Fault::form("", "is empty: the first line names the columns").into()),
    };
    let mut read = BTreeMap::new();
    let mut faults = Vec::new();
    for (number, line) in lines.filter(|(_, line)| !line.trim().is_empty()) {
        if number > MOST_LINES {
            let says = format!("is longer than {MOST_LINES} lines");
            return Err(Fault::meaning("", says).into());
        }
        match figure(&columns, line) {
            Ok((day, figure)) => {
                if read.insert(day, figure).is_some() {
                    let pointer = format!("/{number}/day");
                    faults.push(Fault::meaning(pointer, "is there twice"));
                }
            }
            Err((column, says)) => {
                let pointer = format!("/{number}/{}", column.name());
                faults.push(Fault::meaning(pointer, says));
            }
        }
        if faults.len() >= MOST_NAMED {
            break;
        }
    }
    if faults.is_empty() && read.is_empty() {
        faults.push(Fault::meaning("", "has no day"));
    }
    if faults.is_empty() {
        Ok(read)
    } else {
        Err(Faults(faults))
    }
}

fn columns(line: &str) -> Result<Vec<Column>, Faults> {
    let mut columns = Vec::new();
    for name in cells(line) {
        let name = name.to_ascii_lowercase();
        let column = Column::of(&name)
            .filter(|column| !columns.contains(column))
            .ok_or_else(|| {
                let says = "the columns are day, impressions, spend, currency, each once";
                Faults::from(Fault::form("/0", says))
            })?;
        columns.push(column);
    }
    for needed in [Column::Day, Column::Impressions] {
        if !columns.contains(&needed) {
            let says = format!("the column {} is missing", needed.name());
            return Err(Fault::form("/0", says).into());
        }
    }
    Ok(columns)
}

fn cells(line: &str) -> impl Iterator<Item = &str> {
    line.split(',').map(|cell| {
        let cell = cell.trim();
        let bare = cell.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
        bare.unwrap_or(cell).trim()
    })
}

type Wrong = (Column, &'static str);

fn figure(columns: &[Column], line: &str) -> Result<(UnixMillis, Figure), Wrong> {
    let value = |column| {
        let told = columns.iter().zip(cells(line));
        let mut told = told.filter(|(named, _)| **named == column);
        told.next()
            .map(|(_, cell)| cell)
            .filter(|cell| !cell.is_empty())
    };
    let day = value(Column::Day)
        .and_then(first_instant)
        .ok_or((Column::Day, "must be a day such as 2026-11-28"))?;
    let impressions = value(Column::Impressions)
        .and_then(|cell| cell.parse::<u64>().ok())
        .filter(|count| i64::try_from(*count).is_ok())
        .ok_or((Column::Impressions, "must be a count"))?;
    let spend = match value(Column::Spend) {
        None => None,
        Some(cell) => {
            let amount = Nanos::parse(cell).ok().filter(|amount| amount.0 >= 0);
            Some(amount.ok_or((Column::Spend, "must be an amount such as 12.5"))?)
        }
    };
    let currency = value(Column::Currency).map(Currency::parse);
    let spend = match (spend, currency) {
        (None, None) => None,
        (Some(spend), Some(Some(currency))) => Some((spend, currency)),
        (None, Some(_)) => return Err((Column::Spend, "is missing beside its currency")),
        (Some(_), None | Some(None)) => {
            return Err((
                Column::Currency,
                "must be the currency of the spend, such as USD",
            ));
        }
    };
    Ok((day, Figure { impressions, spend }))
}

fn first_instant(day: &str) -> Option<UnixMillis> {
    let day: Date = Some(day).filter(|day| day.len() == 10)?.parse().ok()?;
    let midnight = day.to_zoned(TimeZone::UTC).ok()?;
    Some(UnixMillis(midnight.timestamp().as_millisecond()))
}

/// A share in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percent(i64);

impl Percent {
    /// By how much `theirs` is above `ours`, rounded half to even; `None` where nothing is compared with
    /// something.
    #[must_use]
    pub fn difference(ours: i64, theirs: i64) -> Option<Self> {
        if ours == theirs {
            return Some(Self(0));
        }
        if ours <= 0 {
            return None;
        }
        let (ours, theirs) = (i128::from(ours), i128::from(theirs));
        let scaled = (theirs - ours).checked_mul(10_000)?;
        let (whole, rest) = (scaled.div_euclid(ours), scaled.rem_euclid(ours));
        let is_up = rest * 2 > ours || (rest * 2 == ours && whole % 2 != 0);
        i64::try_from(whole + i128::from(is_up)).ok().map(Self)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        match part {
            0 => write!(f, "{sign}{whole}"),
            tenths if tenths % 10 == 0 => write!(f, "{sign}{whole}.{}", tenths / 10),
            _ => write!(f, "{sign}{whole}.{part:02}"),
        }
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(ser::Error::custom)?
            .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_or_pointed_at() {
        let read = figures(
            b"\xef\xbb\xbfDay, impressions,spend,currency\r\n2026-11-27,1000,1.25,USD\r\n\r\n\"2026-11-28\",\"7\",,\r\n",
        )
        .unwrap();
        let told: Vec<_> = read.into_iter().collect();
        let usd = Some((Nanos(1_250_000_000), Currency::USD));
        assert_eq!(
            told,
            [
                (
                    UnixMillis(1_795_737_600_000),
                    Figure {
                        impressions: 1_000,
                        spend: usd
                    }
                ),
                (
                    UnixMillis(1_795_824_000_000),
                    Figure {
                        impressions: 7,
                        spend: None
                    }
                ),
            ]
        );
        for (body, pointer) in [
            ("", ""),
            ("day,impressions\n", ""),
            ("day,clicks\n2026-11-27,1\n", "/0"),
            ("day,day\n2026-11-27,1\n", "/0"),
            ("day\n2026-11-27\n", "/0"),
            ("day,impressions\n27.11.2026,1\n", "/1/day"),
            ("day,impressions\n2026-02-30,1\n", "/1/day"),
            ("day,impressions\n2026-11-27,-1\n", "/1/impressions"),
            ("day,impressions\n2026-11-27,1.5\n", "/1/impressions"),
            ("day,impressions\n2026-11-27,1\n2026-11-27,2\n", "/2/day"),
            ("day,impressions,spend\n2026-11-27,1,2\n", "/1/currency"),
            (
                "day,impressions,spend,currency\n2026-11-27,1,x,USD\n",
                "/1/spend",
            ),
            (
                "day,impressions,spend,currency\n2026-11-27,1,-1,USD\n",
                "/1/spend",
            ),
            (
                "day,impressions,spend,currency\n2026-11-27,1,,USD\n",
                "/1/spend",
            ),
            (
                "day,impressions,spend,currency\n2026-11-27,1,2,dollars\n",
                "/1/currency",
            ),
        ] {
            let faults = figures(body.as_bytes()).unwrap_err();
            assert_eq!(faults.0[0].pointer, pointer, "{body}");
        }
        assert!(figures(b"day,\xff").is_err());
    }

    #[test]
    fn differences_are_exact_to_the_hundredth() {
        for (ours, theirs, expect) in [
            (1_000, 1_000, Some("0")),
            (0, 0, Some("0")),
            (0, 5, None),
            (1_000, 990, Some("-1")),
            (1_000, 1_005, Some("0.5")),
            (3, 4, Some("33.33")),
            (3, 2, Some("-33.33")),
            (1_000, 0, Some("-100")),
            (80_000, 80_001, Some("0")),
            (80_000, 80_004, Some("0")),
            (80_000, 80_012, Some("0.02")),
            (i64::MAX, 1, Some("-100")),
            (1, i64::MAX, None),
        ] {
            let told = Percent::difference(ours, theirs).map(|percent| percent.to_string());
            assert_eq!(told.as_deref(), expect, "{ours} {theirs}");
        }
    }
}
