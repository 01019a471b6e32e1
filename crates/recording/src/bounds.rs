//! How much is kept, for how long, and what is counted of it.

use std::time::Duration;

use service::config::ConfigFault;
use service::metrics::Counter;

/// How much is kept, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Records on their way to disk; more are dropped.
    pub queue: usize,
    /// Bytes of one record; longer ones are dropped.
    pub longest: u64,
    /// Bytes of a file, before the next one is begun.
    pub file: u64,
    /// Bytes of all files, catalogs that they need included.
    pub most: u64,
    /// No record is older.
    pub keep: Duration,
}

impl Bounds {
    /// What no type can say of the section `name` of a configuration; `off` tells how to keep nothing.
    pub fn faults(&self, name: &str, off: &str, faults: &mut Vec<ConfigFault>) {
        let mut fault = |key: &str, why: String| {
            faults.push(ConfigFault::in_key(&format!("{name}.{key}"), why));
        };
        if self.queue == 0 || self.queue > 100_000 {
            fault("queue", "expected 1 to 100000 records".to_owned());
        }
        if self.longest > u64::from(u32::MAX) {
            fault("longest", "expected less than 4 GiB".to_owned());
        }
        if self.file > self.most {
            let why = format!("one file must not be larger than {name}.most");
            fault("file", why);
        }
        if self.keep.as_secs() < 60 {
            let why = format!("must be at least \"1m\": set {off} to keep nothing");
            fault("keep", why);
        }
    }
}

/// Counters of records, by what became of them.
#[derive(Debug, Clone)]
pub struct Counters {
    /// On disk.
    pub written: Counter,
    /// Too many at a time, or too long.
    pub dropped: Counter,
    /// The disk did not take it.
    pub failed: Counter,
}

impl Counters {
    /// The counters of this name, labelled by `outcome`.
    #[must_use]
    pub fn register(metrics: &service::Metrics, name: &'static str, help: &'static str) -> Self {
        let outcome = |outcome| metrics.counter(name, help, &[("outcome", outcome)]);
        Self {
            written: outcome("written"),
            dropped: outcome("dropped"),
            failed: outcome("failed"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::bounds;

    #[test]
    fn what_cannot_be_kept_is_said_by_its_key() {
        type Change = fn(&mut Bounds);
        let cases: [(Change, Option<&str>); 10] = [
            (|_| {}, None),
            (|it| it.queue = 0, Some("r.queue")),
            (|it| it.queue = 100_000, None),
            (|it| it.queue = 100_001, Some("r.queue")),
            (|it| it.longest = u64::from(u32::MAX), None),
            (|it| it.longest = u64::from(u32::MAX) + 1, Some("r.longest")),
            (|it| it.file = it.most, None),
            (|it| it.file = it.most + 1, Some("r.file")),
            (|it| it.keep = Duration::from_secs(60), None),
            (|it| it.keep = Duration::from_secs(59), Some("r.keep")),
        ];
        for (change, expect) in cases {
            let mut bounds = bounds();
            change(&mut bounds);
            let mut faults = Vec::new();
            bounds.faults("r", "one_in = 0", &mut faults);
            let keys: Vec<String> = faults.iter().map(|it| format!("{it:?}")).collect();
            assert_eq!(keys.len(), expect.iter().len(), "{bounds:?}: {keys:?}");
            let says = keys.first().map_or("", String::as_str);
            assert!(says.contains(expect.unwrap_or_default()), "{says}");
        }
    }
}
