//! The thread that owns the servers: it starts them, watches them, and ends them.
//!
//! The kernel ties a child to the *thread* that started it, so this one lives until the stack ends.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::EmbeddedError;
use crate::options::{Options, Part, Progress};
use crate::provide::Binaries;
use crate::restart::Deaths;
use crate::stack::Stack;
use crate::urls::Urls;

/// How soon a death is noticed.
const LOOK_EVERY: Duration = Duration::from_millis(25);

/// What the thread is asked.
pub(crate) enum Order {
    /// Kill a server and leave it down.
    TakeDown(Part, Sender<()>),
    /// Start it again and wait until it answers.
    BringBack(Part, Sender<Result<(), EmbeddedError>>),
    /// End all.
    Stop,
}

/// What the start found out.
pub(crate) struct Started {
    pub(crate) urls: Urls,
    pub(crate) tcp_urls: Option<Urls>,
    pub(crate) binaries: Binaries,
    pub(crate) pid_files: [PathBuf; 3],
    pub(crate) postgres_socket: PathBuf,
}

/// Why a server stays down, once it does.
pub(crate) type Failure = Arc<Mutex<Option<String>>>;

/// Runs the stack until it is told to stop or nobody can tell it any more.
pub(crate) fn run(
    options: Options,
    started: &Sender<Result<Started, EmbeddedError>>,
    orders: &Receiver<Order>,
    failure: &Failure,
) {
    let mut stack = match Stack::begin(options) {
        Ok(stack) => stack,
        Err(refused) => {
            // The caller waits for this; if it is gone, there is nobody to tell.
            let _ = started.send(Err(refused));
            return;
        }
    };
    let report = Started {
        urls: stack.urls(),
        tcp_urls: stack.tcp_urls(),
        binaries: stack.binaries.clone(),
        pid_files: Part::ALL.map(|part| stack.pid_file(part)),
        postgres_socket: stack.postgres_socket(),
    };
    if started.send(Ok(report)).is_err() {
        return;
    }
    let mut watch = Watch::default();
    loop {
        match orders.recv_timeout(LOOK_EVERY) {
            Ok(Order::TakeDown(part, done)) => {
                stack.kill(part);
                watch.set(part, Life::HeldDown);
                // Whoever stopped waiting needs no answer.
                let _ = done.send(());
            }
            Ok(Order::BringBack(part, done)) => {
                let up = stack.start(part).and_then(|()| stack.until_ready(part));
                watch.set(part, Life::Up);
                *failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
                let _ = done.send(up);
            }
            Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            Err(RecvTimeoutError::Timeout) => (),
        }
        for part in Part::ALL {
            watch.look(part, &mut stack, failure);
        }
    }
}

/// What a server is meant to be doing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Life {
    #[default]
    Up,
    RestartAt(Instant),
    HeldDown,
    GivenUp,
}

#[derive(Debug, Default)]
struct Watch {
    lives: [(Life, Deaths); 3],
}

impl Watch {
    fn set(&mut self, part: Part, life: Life) {
        if let Some(entry) = self.lives.get_mut(part.index()) {
            entry.0 = life;
        }
    }

    fn look(&mut self, part: Part, stack: &mut Stack, failure: &Failure) {
        let Some((life, deaths)) = self.lives.get_mut(part.index()) else {
            return;
        };
        let now = Instant::now();
        match *life {
            Life::Up => {
                if let Some(ended) = stack.ended(part) {
                    *life = after_death(part, ended, deaths.note(now), now, stack, failure);
                }
            }
            Life::RestartAt(due) if due <= now => {
                *life = match stack.start(part) {
                    Ok(()) => Life::Up,
                    Err(fault) => {
                        let wait = deaths.note(now);
                        after_death(part, fault.to_string(), wait, now, stack, failure)
                    }
                };
            }
            Life::RestartAt(_) | Life::HeldDown | Life::GivenUp => (),
        }
    }
}

fn after_death(
    part: Part,
    ended: String,
    wait: Option<Duration>,
    now: Instant,
    stack: &Stack,
    failure: &Failure,
) -> Life {
    match wait {
        Some(wait) => {
            (stack.options.progress)(&Progress::Restarting { part, ended });
            Life::RestartAt(now + wait)
        }
        None => {
            let last = Progress::GaveUp { part, ended };
            *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(last.to_string());
            (stack.options.progress)(&last);
            Life::GivenUp
        }
    }
}
