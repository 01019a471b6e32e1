//! What came of a run, for people and for machines, and whether it met its thresholds.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Outcomes and latencies of a run; latencies in microseconds, from the instant each request was due.
#[derive(Debug, Clone)]
pub struct Report {
    /// Latencies of answered requests.
    pub latency_us: Histogram<u64>,
    /// Latencies of those that were turned away.
    pub shed_us: Histogram<u64>,
    /// How late requests left, against their due time: the generator's own part.
    pub lag_us: Histogram<u64>,
    /// 200 with a bid.
    pub bids: u64,
    /// 204.
    pub no_bids: u64,
    /// Answered at once, without being worked on; not among the latencies.
    pub shed: u64,
    /// Any other status.
    pub refused: u64,
    /// The same by status.
    pub statuses: BTreeMap<u16, u64>,
    /// No answer: connect failures, timeouts, broken answers.
    pub failed: u64,
    /// Of those without an answer: the connection ended before it.
    pub closed: u64,
    /// Due, but not sent, since too many were already in flight.
    pub dropped: u64,
    /// From the first due time to the last answer.
    pub elapsed: Duration,
}

impl Report {
    /// An empty report.
    ///
    /// # Errors
    /// When the histograms cannot be made, which their constant bounds exclude.
    pub fn new() -> anyhow::Result<Self> {
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3);
        Ok(Self {
            latency_us: histogram()?,
            shed_us: histogram()?,
            lag_us: histogram()?,
            bids: 0,
            no_bids: 0,
            shed: 0,
            refused: 0,
            statuses: BTreeMap::new(),
            failed: 0,
            closed: 0,
            dropped: 0,
            elapsed: Duration::ZERO,
        })
    }

    /// Counts an answer by its status.
    pub fn answered_with(&mut self, status: u16) {
        match status {
            200 => self.bids += 1,
            204 => self.no_bids += 1,
            other => {
                self.refused += 1;
                *self.statuses.entry(other).or_default() += 1;
            }
        }
    }

    /// Adds another worker's part.
    pub fn merge(&mut self, other: &Self) {
        // Same bounds on both sides, so adding cannot fail; a failure would only lose samples.
        let _ = self.latency_us.add(&other.latency_us);
        let _ = self.shed_us.add(&other.shed_us);
        let _ = self.lag_us.add(&other.lag_us);
        self.bids += other.bids;
        self.no_bids += other.no_bids;
        self.shed += other.shed;
        self.refused += other.refused;
        for (status, count) in &other.statuses {
            *self.statuses.entry(*status).or_default() += count;
        }
        self.failed += other.failed;
        self.closed += other.closed;
        self.dropped += other.dropped;
        self.elapsed = self.elapsed.max(other.elapsed);
    }

    /// All requests that were due.
    #[must_use]
    pub const fn due(&self) -> u64 {
        self.answered() + self.shed + self.failed + self.dropped
    }

    /// All requests that were answered with bid or no-bid or refused.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.bids + self.no_bids + self.refused
    }

    /// Share of due requests that were refused, failed or dropped.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share for people")]
    pub fn error_share(&self) -> f64 {
        (self.refused + self.failed + self.dropped) as f64 / self.due().max(1) as f64
    }

    /// Requests answered a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    pub fn rate(&self) -> f64 {
        self.answered() as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// A percentile of the latency in milliseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds for people")]
    pub fn percentile_ms(&self, percentile: f64) -> f64 {
        self.latency_us.value_at_percentile(percentile) as f64 / 1_000.0
    }

    /// A percentile of the latency of those that were turned away, in milliseconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds for people")]
    pub fn shed_ms(&self, percentile: f64) -> f64 {
        self.shed_us.value_at_percentile(percentile) as f64 / 1_000.0
    }

    /// Whether the generator itself held requests back: schedule lag p99 above a millisecond.
    #[must_use]
    pub fn generator_was_the_bottleneck(&self) -> bool {
        self.lag_us.value_at_percentile(99.0) > 1_000
    }

    /// The report as JSON.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "requests": self.due(), "bids": self.bids, "no_bids": self.no_bids, "shed": self.shed, "refused": self.refused,
            "statuses": self.statuses,
            "failed": self.failed, "closed": self.closed, "dropped": self.dropped, "rate": self.rate(), "elapsed_s": self.elapsed.as_secs_f64(), "error_share": self.error_share(),
            "latency_ms": {
                "p50": self.percentile_ms(50.0), "p90": self.percentile_ms(90.0), "p99": self.percentile_ms(99.0),
                "p99_9": self.percentile_ms(99.9), "max": self.percentile_ms(100.0),
            },
            "shed_p99_ms": self.shed_ms(99.0),
            "schedule_lag_p99_us": self.lag_us.value_at_percentile(99.0),
            "generator_was_the_bottleneck": self.generator_was_the_bottleneck(),
        })
    }

    /// The report as a table.
    #[must_use]
    pub fn to_table(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(
            out,
            "requests   {:>10}   {:.0} answered/s",
            self.due(),
            self.rate()
        );
        let _ = writeln!(out, "bids       {:>10}", self.bids);
        let _ = writeln!(out, "no bids    {:>10}", self.no_bids);
        if self.shed > 0 {
            let _ = writeln!(out, "shed       {:>10}", self.shed);
        }
        let _ = writeln!(
            out,
            "errors     {:>10}   refused {}, failed {}, dropped {}",
            self.refused + self.failed + self.dropped,
            self.refused,
            self.failed,
            self.dropped
        );
        for (status, count) in &self.statuses {
            let hint = match status {
                401 => {
                    ": give the account's key, --target 'http://127.0.0.1:8004/openrtb2/auction?key=KEY'"
                }
                403 => ": the key or the token is not known there",
                404 => ": no such path, see --target",
                _ => "",
            };
            let _ = writeln!(out, "  {count} answered {status}{hint}");
        }
        let _ = writeln!(
            out,
            "latency ms  p50 {:.2}  p90 {:.2}  p99 {:.2}  p99.9 {:.2}  max {:.2}   (from scheduled times)",
            self.percentile_ms(50.0),
            self.percentile_ms(90.0),
            self.percentile_ms(99.0),
            self.percentile_ms(99.9),
            self.percentile_ms(100.0)
        );
        if self.generator_was_the_bottleneck() {
            let lag = self.lag_us.value_at_percentile(99.0);
            let _ = writeln!(
                out,
                "note: the generator sent late (p99 {lag} µs): it was part of the bottleneck"
            );
        }
        out
    }
}

/// A condition such as `p99<100ms` or `err<0.1%`.
#[derive(Debug, Clone, PartialEq)]
pub enum Threshold {
    /// A percentile of the latency, in milliseconds.
    Latency {
        /// Which percentile, 0 to 100.
        percentile: f64,
        /// Below which it must be.
        below_ms: f64,
    },
    /// The share of errors.
    Errors {
        /// Below which it must be, 0 to 1.
        below: f64,
    },
}

impl Threshold {
    /// Reads a comma-separated list.
    ///
    /// # Errors
    /// Names the part that is not a threshold.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, String> {
        text.split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(Self::parse)
            .collect()
    }

    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a threshold: write p99<100ms or err<0.1%");
        let (what, limit) = text.split_once('<').ok_or_else(wrong)?;
        match (what.trim(), limit.trim()) {
            ("err", limit) => {
                let percent: f64 = limit
                    .strip_suffix('%')
                    .and_then(|n| n.parse().ok())
                    .ok_or_else(wrong)?;
                Ok(Self::Errors {
                    below: percent / 100.0,
                })
            }
            (what, limit) => {
                let percentile = what
                    .strip_prefix('p')
                    .and_then(|n| n.parse().ok())
                    .ok_or_else(wrong)?;
                let below_ms = limit
                    .strip_suffix("ms")
                    .and_then(|n| n.parse().ok())
                    .ok_or_else(wrong)?;
                Ok(Self::Latency {
                    percentile,
                    below_ms,
                })
            }
        }
    }

    /// What is wrong with a run by this threshold, or nothing.
    #[must_use]
    pub fn broken_by(&self, report: &Report) -> Option<String> {
        match *self {
            Self::Latency {
                percentile,
                below_ms,
            } => {
                let found = report.percentile_ms(percentile);
                (found >= below_ms)
                    .then(|| format!("p{percentile} is {found:.2} ms, not below {below_ms} ms"))
            }
            Self::Errors { below } => {
                let found = report.error_share();
                (found >= below && found > 0.0).then(|| {
                    format!(
                        "{:.3} % errors, not below {:.3} %",
                        found * 100.0,
                        below * 100.0
                    )
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_by_its_status() {
        let mut report = Report::new().unwrap();
        let mut other = Report::new().unwrap();
        for status in [200, 204, 401, 500, 401] {
            report.answered_with(status);
        }
        other.answered_with(401);
        report.merge(&other);
        assert_eq!((report.bids, report.no_bids, report.refused), (1, 1, 4));
        let table = report.to_table();
        for line in [
            "  3 answered 401: give the account's key, --target 'http://127.0.0.1:8004/openrtb2/auction?key=KEY'\n",
            "  1 answered 500\n",
        ] {
            assert!(table.contains(line), "{line}{table}");
        }
        assert_eq!(report.to_json()["statuses"], json!({"401": 3, "500": 1}));
        assert!(!Report::new().unwrap().to_table().contains("answered 4"));
    }

    #[test]
    fn thresholds_decide_by_latency_and_errors() {
        let mut report = Report::new().unwrap();
        report.latency_us.record_n(5_000, 99).unwrap();
        report.latency_us.record_n(200_000, 1).unwrap();
        report.bids = 99;
        report.failed = 1;
        let cases = [
            ("p50<10ms", true),
            ("p99.9<100ms", false),
            ("err<2%", true),
            ("err<0.5%", false),
            ("p50<10ms, err<2%", true),
        ];
        for (text, kept) in cases {
            let broken: Vec<_> = Threshold::parse_list(text)
                .unwrap()
                .iter()
                .filter_map(|t| t.broken_by(&report))
                .collect();
            assert_eq!(broken.is_empty(), kept, "{text}: {broken:?}");
        }
        assert!(
            Threshold::parse_list("p99")
                .unwrap_err()
                .contains("'p99' is not a threshold")
        );
    }
}
