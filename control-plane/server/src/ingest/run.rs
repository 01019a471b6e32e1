//! The task: five loops side by side, so that none waits for another's store.

use std::time::Duration;

use contracts::event::{DELIVERY_STREAM, MONEY_STREAM, TALLY_STREAM};
use service::Shutdown;
use units::Nanos;

use super::{CapStamps, Fence, Ingest};
use crate::ledger::LedgerError;

const MONEY_EVERY: Duration = Duration::from_millis(200);
const FENCE_EVERY: Duration = Duration::from_secs(1);
const REST_EVERY: Duration = Duration::from_millis(500);
const AUDIT_EVERY: Duration = Duration::from_secs(60);

/// Runs until shutdown. A store that is away is tried again; nothing is given up.
pub async fn run(ingest: &Ingest, stamps: &(impl CapStamps + Sync), shutdown: &Shutdown) {
    tokio::join!(
        money(ingest, shutdown),
        fence(ingest, shutdown),
        caps(ingest, stamps, shutdown),
        reports(ingest, shutdown),
        audit(ingest, shutdown),
    );
}

async fn money(ingest: &Ingest, shutdown: &Shutdown) {
    while !shutdown.is_fired() {
        let done = ingest.money(shutdown).await;
        rest(done, MONEY_EVERY, shutdown).await;
    }
}

async fn fence(ingest: &Ingest, shutdown: &Shutdown) {
    let mut fence = Fence::default();
    while pause(FENCE_EVERY, shutdown).await {
        if let Err(fault) = ingest.raise_fence(&mut fence).await {
            tracing::warn!(%fault, "the fence stands");
        }
    }
}

async fn caps(ingest: &Ingest, stamps: &(impl CapStamps + Sync), shutdown: &Shutdown) {
    while !shutdown.is_fired() {
        let done = ingest.caps(stamps, shutdown).await;
        rest(done, REST_EVERY, shutdown).await;
    }
}

async fn reports(ingest: &Ingest, shutdown: &Shutdown) {
    while !shutdown.is_fired() {
        let done = ingest.reports(shutdown).await;
        rest(done, REST_EVERY, shutdown).await;
    }
}

async fn audit(ingest: &Ingest, shutdown: &Shutdown) {
    while !shutdown.is_fired() {
        let done = ingest.audit().await;
        rest(done, AUDIT_EVERY, shutdown).await;
    }
}

/// Until the next turn; a second more after a fault, which is told.
async fn rest(done: Result<(), LedgerError>, period: Duration, shutdown: &Shutdown) {
    let more = match done {
        Ok(()) | Err(LedgerError::Overtaken) => Duration::ZERO,
        Err(fault) => {
            tracing::warn!(%fault, "ingest waits");
            Duration::from_secs(1)
        }
    };
    pause(period + more, shutdown).await;
}

/// Waits; `false` when it is time to end.
async fn pause(period: Duration, shutdown: &Shutdown) -> bool {
    tokio::select! {
        () = shutdown.fired() => false,
        () = tokio::time::sleep(period) => true,
    }
}

impl Ingest {
    /// Applies what is there, trims it, closes what the fence has passed.
    async fn money(&self, shutdown: &Shutdown) -> Result<(), LedgerError> {
        let mut any = false;
        while self.apply_money().await? > 0 {
            any = true;
            if shutdown.is_fired() {
                break;
            }
        }
        if any {
            self.trim(MONEY_STREAM).await?;
            while self.ledger.close_due().await? > 0 && !shutdown.is_fired() {}
        }
        Ok(())
    }

    async fn caps(
        &self,
        stamps: &(impl CapStamps + Sync),
        shutdown: &Shutdown,
    ) -> Result<(), LedgerError> {
        while self.apply_caps(stamps).await? > 0 && !shutdown.is_fired() {}
        Ok(())
    }

    async fn reports(&self, shutdown: &Shutdown) -> Result<(), LedgerError> {
        let mut any = false;
        while self.apply_deliveries().await? > 0 && !shutdown.is_fired() {
            any = true;
        }
        if any {
            self.trim(DELIVERY_STREAM).await?;
        }
        let mut any = false;
        while self.apply_tallies().await? > 0 && !shutdown.is_fired() {
            any = true;
        }
        if any {
            self.trim(TALLY_STREAM).await?;
        }
        // Records are shortened by length, by whoever pushes them.
        while self.apply_records().await? > 0 && !shutdown.is_fired() {}
        Ok(())
    }

    async fn audit(&self) -> Result<(), LedgerError> {
        let imbalance = self.ledger.imbalance().await?;
        self.metrics.imbalance.set_i64(imbalance.0);
        if imbalance != Nanos::ZERO {
            tracing::error!(%imbalance, "the ledger does not balance");
        }
        self.forget_auctions().await?;
        Ok(())
    }
}
