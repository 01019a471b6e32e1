//! What was tolerated in messages (C-24).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use openrtb::{RepairKind, Repairs};
use service::Metrics;
use service::metrics::Counter;

/// The counters of one sender, as far as there are any.
type Kinds = Vec<(RepairKind, Counter)>;

/// Deviations from the standard that were tolerated in messages of one kind, by who sent them; from a closed set.
#[derive(Debug, Clone)]
pub(super) struct RepairCounters {
    registry: Metrics,
    name: &'static str,
    help: &'static str,
    /// The label of who sent them.
    sender: &'static str,
    known: Arc<Mutex<HashMap<String, Kinds>>>,
}

impl RepairCounters {
    /// Of bid requests, by account.
    pub(super) fn of_requests(registry: &Metrics) -> Self {
        Self {
            registry: registry.clone(),
            name: "gavel_request_repairs_total",
            help: "Deviations from the standard that were tolerated in requests.",
            sender: "source",
            known: Arc::default(),
        }
    }

    /// Of bid responses, by DSP.
    pub(super) fn of_responses(registry: &Metrics) -> Self {
        Self {
            registry: registry.clone(),
            name: "gavel_response_repairs_total",
            help: "Deviations from the standard that were tolerated in responses.",
            sender: "dsp",
            known: Arc::default(),
        }
    }

    /// Counts those of a message. The registry is asked once for each sender and kind: some deviate in every message.
    pub(super) fn add(&self, sender: &str, repairs: &Repairs) {
        if repairs.is_empty() {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.contains_key(sender) {
            known.insert(sender.to_owned(), Kinds::new());
        }
        let Some(known) = known.get_mut(sender) else {
            return;
        };
        for (kind, count) in repairs.by_kind() {
            if let Some((_, counter)) = known.iter().find(|(other, _)| *other == kind) {
                counter.add(count);
                continue;
            }
            let labels = [(self.sender, sender), ("kind", kind.label())];
            let counter = self.registry.counter(self.name, self.help, &labels);
            counter.add(count);
            known.push((kind, counter));
        }
    }
}
