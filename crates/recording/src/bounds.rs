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
