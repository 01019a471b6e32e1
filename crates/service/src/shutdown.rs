//! When a process should end: one side fires, every part sees it.

use std::io;

use tokio::sync::watch;

/// The side that ends a service. Cloned freely; dropping the last one fires too, so that a test or a
/// failed start never leaves a server behind.
#[derive(Debug, Clone)]
pub struct Trigger {
    sender: watch::Sender<bool>,
}

/// The side that a service watches.
#[derive(Debug, Clone)]
pub struct Shutdown {
    receiver: watch::Receiver<bool>,
}

impl Shutdown {
    /// A pair of which the first ends what watches the second.
    #[must_use]
    pub fn new() -> (Trigger, Self) {
        let (sender, receiver) = watch::channel(false);
        (Trigger { sender }, Self { receiver })
    }

    /// Whether the end has been asked for.
    #[must_use]
    pub fn is_fired(&self) -> bool {
        *self.receiver.borrow() || self.receiver.has_changed().is_err()
    }

    /// Waits until the end is asked for.
    pub async fn fired(&self) {
        let mut receiver = self.receiver.clone();
        // An error means that every trigger is gone, which counts as fired.
        let _gone = receiver.wait_for(|fired| *fired).await;
    }
}

impl Trigger {
    /// Asks for the end; again is harmless.
    pub fn fire(&self) {
        self.sender.send_replace(true);
    }
}

/// Waits for the first SIGTERM or SIGINT (Ctrl-C).
///
/// # Errors
/// When the signal handlers cannot be installed.
pub async fn signal() -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn firing_is_seen_by_every_clone_before_and_after() {
        let (trigger, shutdown) = Shutdown::new();
        let early = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.fired().await }
        });
        assert!(!shutdown.is_fired());
        trigger.fire();
        trigger.fire();
        early.await.unwrap();
        shutdown.clone().fired().await;
        assert!(shutdown.is_fired());
    }

    #[tokio::test]
    async fn a_dropped_trigger_counts_as_fired() {
        let (trigger, shutdown) = Shutdown::new();
        drop(trigger);
        shutdown.fired().await;
        assert!(shutdown.is_fired());
    }
}
