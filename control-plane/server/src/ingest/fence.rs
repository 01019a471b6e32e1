//! Raising the fence, every second, to the ledger's own clock.

use control_plane_core::budget::{FenceClock, FenceStep};
use units::UnixMillis;

use super::Ingest;
use crate::ledger::LedgerError;

/// Remembers gaps between raises.
#[derive(Debug, Default)]
pub struct Fence {
    clock: FenceClock,
}

impl Ingest {
    /// Raises the fence, or lets it stand after a gap; answers it, when it was raised.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres or the log does not answer, or the log cannot be written: the gap grows.
    pub async fn raise_fence(&self, fence: &mut Fence) -> Result<Option<UnixMillis>, LedgerError> {
        let raised = self.try_to_raise(fence).await;
        if raised.is_err() {
            fence.clock.interrupted();
        }
        raised
    }

    /// A stand counts only while the log takes what senders repeat: a Redis that is out of memory still
    /// answers a read.
    async fn try_to_raise(&self, fence: &mut Fence) -> Result<Option<UnixMillis>, LedgerError> {
        match self.read_fence(fence).await? {
            (FenceStep::Raise, now) => Ok(Some(self.log.raise_fence(now).await?)),
            (FenceStep::Stand, _) => {
                self.log.probe().await?;
                Ok(None)
            }
        }
    }

    /// Postgres first, since its clock is the ledger's; then the fence, so that a log that is away is
    /// seen before a raise is left waiting for its return.
    async fn read_fence(&self, fence: &mut Fence) -> Result<(FenceStep, UnixMillis), LedgerError> {
        let now = self.ledger.now().await?;
        let standing = self.log.fence().await?;
        Ok((fence.clock.step(standing, now), now))
    }
}
