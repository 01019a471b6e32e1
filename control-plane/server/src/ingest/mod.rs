//! From the event log into Postgres: money, frequency stamps, deliveries, auction records.
//!
//! Each log is read from the position that Postgres holds; what is read is applied in one transaction
//! with the new position; only then is the log trimmed. A crash anywhere repeats work, never an effect.

mod arms;
mod caps;
mod counts;
mod delivery;
mod document;
mod fence;
mod metrics;
mod money;
mod notices;
mod plain;
mod position;
mod record;
mod run;
mod stint;
mod tally;

use std::collections::BTreeSet;

use eventlog::EventLog;

use crate::ledger::Ledger;

pub use caps::{CapEvent, CapStamps};
pub use delivery::{Revenue, RevenueBy, RevenueRow, RevenueWithoutRate};
pub use fence::Fence;
pub use metrics::IngestMetrics;
pub use run::run;

/// What is applied where.
#[derive(Debug, Clone)]
pub struct Ingest {
    ledger: Ledger,
    log: EventLog,
    metrics: IngestMetrics,
    /// Demand sources whose loss notice is final: it takes the pending of a frequency cap back.
    final_losses: BTreeSet<String>,
}

impl Ingest {
    /// Between this log and this ledger. `final_losses` names the demand sources whose loss is final.
    #[must_use]
    pub const fn new(
        ledger: Ledger,
        log: EventLog,
        metrics: IngestMetrics,
        final_losses: BTreeSet<String>,
    ) -> Self {
        Self {
            ledger,
            log,
            metrics,
            final_losses,
        }
    }
}
