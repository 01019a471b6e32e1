//! Looking for work without a pause. Waking a sleeper costs the one who answers ten microseconds on a virtual
//! machine, and whoever sleeps wakes up late.

use std::cell::Cell;
use std::time::Duration;

use crate::cpu;

/// Keeps a thread awake, and tells its idle turns apart from work.
#[derive(Debug, Default)]
pub struct Awake {
    /// Whether anything was sent or heard since it was last asked.
    worked: Cell<bool>,
    /// Time on a CPU with nothing to do.
    idle: Cell<Duration>,
    stop: Cell<bool>,
}

impl Awake {
    /// Turns until it is told to stop. One such task keeps all of its thread awake.
    pub async fn stay(&self) {
        let mut before = cpu::of_thread();
        while !self.stop.get() {
            tokio::task::yield_now().await;
            let now = cpu::of_thread();
            if !self.worked.replace(false) {
                self.idle.set(self.idle.get() + now.saturating_sub(before));
            }
            before = now;
        }
    }

    /// Something was sent or heard.
    pub fn worked(&self) {
        self.worked.set(true);
    }

    /// Time on a CPU without work so far.
    #[must_use]
    pub fn idle(&self) -> Duration {
        self.idle.get()
    }

    /// The thread may sleep again.
    pub fn stop(&self) {
        self.stop.set(true);
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.get()
    }
}
