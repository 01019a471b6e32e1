//! What the flows came to, for `GET /demo/workflow-stats`.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use super::flow::{Flow, Outcome};

/// Flows that are listed one by one.
const LISTED: usize = 20;

/// Counts of all flows since the start, and the newest of them; shared by the workers.
#[derive(Debug, Default)]
pub(crate) struct History {
    inner: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    success: u64,
    no_bid: u64,
    failed: u64,
    took: Duration,
    last: VecDeque<Past>,
}

/// A flow that is over.
#[derive(Debug, Clone, Serialize)]
struct Past {
    workflow_id: String,
    auction_id: Option<String>,
    status: Outcome,
    duration_ms: f64,
    at: String,
}

/// The document of `GET /demo/workflow-stats`.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    total: u64,
    success: u64,
    no_bid: u64,
    failed: u64,
    success_rate: f64,
    average_duration_ms: f64,
    last: Vec<Past>,
}

impl History {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(super) fn add(&self, flow: &Flow) {
        let mut counts = self.counts();
        match flow.status {
            Outcome::Success => counts.success += 1,
            Outcome::NoBid => counts.no_bid += 1,
            Outcome::Failed => counts.failed += 1,
        }
        counts.took = counts.took.saturating_add(flow.took);
        counts.last.truncate(LISTED - 1);
        counts.last.push_front(Past {
            workflow_id: flow.workflow_id.clone(),
            auction_id: flow.auction_id.clone(),
            status: flow.status,
            duration_ms: milliseconds(flow.took),
            at: service::clock::now().to_rfc3339(),
        });
    }

    pub(super) fn report(&self) -> Report {
        let counts = self.counts();
        let total = counts.success + counts.no_bid + counts.failed;
        let each = u32::try_from(total).unwrap_or(u32::MAX);
        Report {
            total,
            success: counts.success,
            no_bid: counts.no_bid,
            failed: counts.failed,
            success_rate: share(counts.success, each),
            average_duration_ms: milliseconds(counts.took.checked_div(each).unwrap_or_default()),
            last: counts.last.iter().cloned().collect(),
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// To three decimals.
pub(super) fn milliseconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1_000_000.0).round() / 1_000.0
}

/// To four decimals; nothing of nothing is zero.
fn share(part: u64, whole: u32) -> f64 {
    if whole == 0 {
        return 0.0;
    }
    let part = f64::from(u32::try_from(part).unwrap_or(u32::MAX));
    (part / f64::from(whole) * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_on_and_the_list_stays_short() {
        let history = History::default();
        assert_eq!(
            serde_json::to_value(history.report()).unwrap()["success_rate"],
            0.0
        );
        for number in 0..30_u64 {
            let status = match number % 3 {
                0 => Outcome::NoBid,
                _ => Outcome::Success,
            };
            history.add(&Flow {
                workflow_id: format!("wf_{number}"),
                auction_id: None,
                status,
                took: Duration::from_millis(number),
                steps: Vec::new(),
                winner: None,
                impression_confirmed: false,
            });
        }
        let report = serde_json::to_value(history.report()).unwrap();
        assert_eq!(report["total"], 30);
        assert_eq!(report["success"], 20);
        assert_eq!(report["no_bid"], 10);
        assert_eq!(report["success_rate"], 0.6667);
        assert_eq!(report["average_duration_ms"], 14.5);
        let last = report["last"].as_array().unwrap();
        assert_eq!(
            (last.len(), &last[0]["workflow_id"]),
            (LISTED, &serde_json::json!("wf_29"))
        );
    }
}
