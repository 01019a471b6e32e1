//! The task: five loops side by side, so that none waits for another's store.

use std::time::{Duration, Instant};

use contracts::event::{DeliveryEvent, MONEY_STREAM, TallyEvent};
use contracts::record::{AuctionNotices, AuctionRecord};
use service::Shutdown;
use units::Nanos;

use super::plain::Plain;
use super::stint::Stint;
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

/// What a turn left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// Nothing: the next turn may rest first.
    Nothing,
    /// Its stint ended before its work did.
    Work,
}

impl Left {
    const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => Self::Nothing,
            (Self::Work, _) | (_, Self::Work) => Self::Work,
        }
    }
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

/// Until the next turn, which follows at once where work was left; a second more after a fault, which is told.
async fn rest(done: Result<Left, LedgerError>, period: Duration, shutdown: &Shutdown) {
    let wait = match done {
        Ok(Left::Work) => return,
        Ok(Left::Nothing) | Err(LedgerError::Overtaken) => period,
        Err(fault) => {
            tracing::warn!(%fault, "ingest waits");
            period + Duration::from_secs(1)
        }
    };
    pause(wait, shutdown).await;
}

/// Waits; `false` when it is time to end.
async fn pause(period: Duration, shutdown: &Shutdown) -> bool {
    tokio::select! {
        () = shutdown.fired() => false,
        () = tokio::time::sleep(period) => true,
    }
}

impl Ingest {
    /// Applies what is there, trims it, closes what the fence has passed: each for a stint at most, since
    /// events need not ever stop.
    async fn money(&self, shutdown: &Shutdown) -> Result<Left, LedgerError> {
        let stint = Stint::begun(Instant::now());
        let mut any = false;
        let applied = loop {
            match self.apply_money().await {
                Ok(0) => break Ok(Left::Nothing),
                Ok(_) => any = true,
                Err(fault) => break Err(fault),
            }
            if stint.is_over(Instant::now()) || shutdown.is_fired() {
                break Ok(Left::Work);
            }
        };
        if !any {
            return applied;
        }
        // Whatever stopped it: where two ledgers run, another may have been quicker every time.
        self.trim(MONEY_STREAM).await?;
        let closed = self.close(shutdown).await?;
        Ok(applied?.and(closed))
    }

    async fn close(&self, shutdown: &Shutdown) -> Result<Left, LedgerError> {
        let stint = Stint::begun(Instant::now());
        while !stint.is_over(Instant::now()) && !shutdown.is_fired() {
            if self.ledger.close_due().await? == 0 {
                return Ok(Left::Nothing);
            }
        }
        Ok(Left::Work)
    }

    async fn caps(
        &self,
        stamps: &(impl CapStamps + Sync),
        shutdown: &Shutdown,
    ) -> Result<Left, LedgerError> {
        while self.apply_caps(stamps).await? > 0 && !shutdown.is_fired() {}
        Ok(Left::Nothing)
    }

    /// A stint of each log; what is at fault with one keeps no other from its turn.
    async fn reports(&self, shutdown: &Shutdown) -> Result<Left, LedgerError> {
        let deliveries = self.report::<DeliveryEvent>(shutdown).await;
        let tallies = self.report::<TallyEvent>(shutdown).await;
        let records = self.report::<AuctionRecord>(shutdown).await;
        let notices = self.report::<AuctionNotices>(shutdown).await;
        Ok(deliveries?.and(tallies?).and(records?).and(notices?))
    }

    async fn report<T: Plain>(&self, shutdown: &Shutdown) -> Result<Left, LedgerError> {
        let stint = Stint::begun(Instant::now());
        let mut any = false;
        let applied = loop {
            match self.apply_plain::<T>().await {
                Ok(0) => break Ok(Left::Nothing),
                Ok(_) => any = true,
                Err(fault) => break Err(fault),
            }
            if stint.is_over(Instant::now()) || shutdown.is_fired() {
                break Ok(Left::Work);
            }
        };
        if any && T::IS_TRIMMED {
            self.trim(T::STREAM).await?;
        }
        applied
    }

    async fn audit(&self) -> Result<Left, LedgerError> {
        let audited = self.compare().await;
        // As many as came meanwhile, which may be more than one statement forgets.
        let stint = Stint::begun(Instant::now());
        while self.forget_auctions().await? > 0 && !stint.is_over(Instant::now()) {}
        audited.map(|()| Left::Nothing)
    }

    async fn compare(&self) -> Result<(), LedgerError> {
        let imbalance = self.ledger.imbalance().await?;
        self.metrics.imbalance.set_i64(imbalance.0);
        self.metrics
            .audited
            .set_i64(service::clock::now().0 / 1_000);
        if imbalance != Nanos::ZERO {
            tracing::error!(%imbalance, "the ledger does not balance");
        }
        Ok(())
    }
}
