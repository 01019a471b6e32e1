//! Hearing at once of users that were written or erased, so that no process goes on with the old one.

use std::time::Duration;

use futures_util::StreamExt;

use crate::connection::UserState;
use crate::keys;

/// A subscription that says nothing for so long is asked whether it is still there.
const QUIET: Duration = Duration::from_secs(5);

impl UserState {
    /// Removes users from the process' cache as they change, for as long as it is polled; one task of a
    /// process is enough. While Redis cannot be heard, users are forgotten by the cache's life alone.
    pub async fn follow_changes(&self) {
        if !self.peers.keeps() {
            return;
        }
        loop {
            self.peers.turn().await;
            let opening = tokio::time::timeout(self.budget.connect, self.client.get_async_pubsub());
            let Ok(Ok(mut hearing)) = opening.await else {
                continue;
            };
            let subscribing = hearing.subscribe(keys::CHANGES);
            if !matches!(
                tokio::time::timeout(self.budget.connect, subscribing).await,
                Ok(Ok(()))
            ) {
                continue;
            }
            self.peers.reached();
            // What changed while nobody heard it is not known.
            self.peers.forget_all();
            let (mut speaking, mut changes) = hearing.split();
            loop {
                match tokio::time::timeout(QUIET, changes.next()).await {
                    Ok(Some(message)) => {
                        let key: String = message.get_payload().unwrap_or_default();
                        match keys::user_of(&key) {
                            Some(user) => self.peers.forget(user),
                            None => self.peers.forget_all(),
                        }
                    }
                    Ok(None) => break,
                    Err(_quiet) => {
                        let still = speaking.subscribe(keys::CHANGES);
                        let answer = tokio::time::timeout(self.budget.connect, still).await;
                        if !matches!(answer, Ok(Ok(()))) {
                            break;
                        }
                    }
                }
            }
            self.peers.forget_all();
        }
    }
}
