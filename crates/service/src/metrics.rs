//! One registry a service, never global: five services in one process each show their own numbers.
//!
//! Handles are atomics: cheap to clone, registered once at start. Labels come from closed sets.

mod histogram;
mod text;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

pub use histogram::{Histogram, buckets};

/// The numbers of one service; cloned freely, one registry.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    families: Arc<Mutex<BTreeMap<&'static str, Family>>>,
}

/// A number that only grows.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<AtomicU64>);

/// A number that goes up and down.
#[derive(Debug, Clone, Default)]
pub struct Gauge(Arc<AtomicU64>);

#[derive(Debug)]
struct Family {
    help: &'static str,
    series: BTreeMap<Labels, Series>,
}

type Labels = Vec<(String, String)>;

#[derive(Debug, Clone)]
enum Series {
    Counter(Counter),
    Gauge(Gauge),
    Histogram(Histogram),
}

impl Metrics {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter of this name and these labels; asked for again, the same one. Its name ends in
    /// `_total`.
    #[must_use]
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
    ) -> Counter {
        let made = self.register(name, help, labels, || Series::Counter(Counter::default()));
        match made {
            Series::Counter(counter) => counter,
            Series::Gauge(_) | Series::Histogram(_) => detached(name, Counter::default()),
        }
    }

    /// The gauge of this name and these labels; asked for again, the same one.
    #[must_use]
    pub fn gauge(&self, name: &'static str, help: &'static str, labels: &[(&str, &str)]) -> Gauge {
        let made = self.register(name, help, labels, || Series::Gauge(Gauge::default()));
        match made {
            Series::Gauge(gauge) => gauge,
            Series::Counter(_) | Series::Histogram(_) => detached(name, Gauge::default()),
        }
    }

    /// The histogram of this name and these labels; asked for again, the same one. `bounds` are upper
    /// bounds in seconds, ascending.
    #[must_use]
    pub fn histogram(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        bounds: &'static [f64],
    ) -> Histogram {
        let made = self.register(name, help, labels, || {
            Series::Histogram(Histogram::new(bounds))
        });
        match made {
            Series::Histogram(histogram) => histogram,
            Series::Counter(_) | Series::Gauge(_) => detached(name, Histogram::new(bounds)),
        }
    }

    /// Removes one series, such as that of a demand partner that is gone.
    pub fn remove(&self, name: &str, labels: &[(&str, &str)]) {
        let key = label_key(labels);
        if let Some(family) = self.lock().get_mut(name) {
            family.series.remove(&key);
        }
    }

    /// All of it in the Prometheus text format, version 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        text::render(&self.lock())
    }

    /// How many series there are.
    #[must_use]
    pub fn series(&self) -> usize {
        self.lock().values().map(|family| family.series.len()).sum()
    }

    fn register(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&str, &str)],
        make: impl FnOnce() -> Series,
    ) -> Series {
        let mut families = self.lock();
        let family = families.entry(name).or_insert_with(|| Family {
            help,
            series: BTreeMap::new(),
        });
        let made = make();
        // One kind per name: a second one would make the whole page unreadable.
        if let Some(first) = family.series.values().next()
            && std::mem::discriminant(first) != std::mem::discriminant(&made)
        {
            return first.clone();
        }
        family
            .series
            .entry(label_key(labels))
            .or_insert(made)
            .clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counter {
    /// One more.
    pub fn inc(&self) {
        self.add(1);
    }

    /// So many more; wraps after 2^64.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Relaxed);
    }

    /// What it stands at.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl Gauge {
    /// Stands at `value` from here on.
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }

    /// The same for a count.
    pub fn set_u32(&self, value: u32) {
        self.set(f64::from(value));
    }

    /// The same for a large count or a sum of money: exact to 2^53.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a Prometheus value is a double; past 2^53 it is rounded on the wire anyway"
    )]
    pub fn set_i64(&self, value: i64) {
        self.set(value as f64);
    }

    /// Moves by `change`.
    pub fn add(&self, change: f64) {
        let moved = |bits: u64| Some((f64::from_bits(bits) + change).to_bits());
        // The closure never declines, so there is nothing to handle.
        let _previous = self.0.fetch_update(Relaxed, Relaxed, moved);
    }

    /// What it stands at.
    #[must_use]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }
}

fn label_key(labels: &[(&str, &str)]) -> Labels {
    let mut key: Labels = labels
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    // Labels in another order are the same labels.
    key.sort();
    key
}

/// A handle that counts for nobody, because the name is taken by another kind.
fn detached<T>(name: &str, handle: T) -> T {
    tracing::error!(name, "metric registered twice with different kinds");
    handle
}
