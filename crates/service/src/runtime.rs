//! The only place where runtimes are built.

use std::{future::Future, io, panic, thread};

use tokio::runtime::{Builder, LocalOptions, LocalRuntime, Runtime};

/// Why the workers of a service could not run to their end.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// The operating system refused a thread or the runtime's resources.
    #[error("starting worker {worker} of {name}: {source}")]
    Start {
        /// The service.
        name: String,
        /// Which worker.
        worker: usize,
        /// What the operating system said.
        source: io::Error,
    },
    /// A worker panicked; the others were left to end.
    #[error("worker {worker} of {name} panicked")]
    Panicked {
        /// The service.
        name: String,
        /// Which worker.
        worker: usize,
    },
}

/// A runtime whose tasks move between `threads` threads (at least one).
///
/// # Errors
/// When the operating system refuses its resources.
pub fn multi_thread(name: &str, threads: usize) -> io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(threads.max(1))
        .thread_name(name)
        .enable_all()
        .build()
}

/// A runtime on the calling thread, whose tasks may hold what is not `Send`.
///
/// # Errors
/// When the operating system refuses its resources.
pub fn current_thread(name: &str) -> io::Result<LocalRuntime> {
    Builder::new_current_thread()
        .thread_name(name)
        .enable_all()
        .build_local(LocalOptions::default())
}

/// Runs `work` once per worker, each on its own thread with its own runtime, and returns what they
/// returned, in order, when all have ended. Work does not migrate between workers.
///
/// # Errors
/// [`RuntimeError`] when a worker cannot start or panics; workers already running are waited for.
pub fn per_core<W, F, R>(workers: usize, name: &str, work: W) -> Result<Vec<R>, RuntimeError>
where
    W: Fn(usize) -> F + Sync,
    F: Future<Output = R>,
    R: Send,
{
    thread::scope(|scope| {
        let work = &work;
        let mut handles = Vec::with_capacity(workers);
        for worker in 0..workers.max(1) {
            let start = move |source| RuntimeError::Start {
                name: name.to_owned(),
                worker,
                source,
            };
            let handle = thread::Builder::new()
                .name(format!("{name}-{worker}"))
                .spawn_scoped(scope, move || {
                    let runtime = current_thread(name).map_err(start)?;
                    Ok(runtime.block_on(work(worker)))
                })
                .map_err(start)?;
            handles.push(handle);
        }
        let ended: Vec<_> = handles.into_iter().map(|handle| handle.join()).collect();
        ended
            .into_iter()
            .enumerate()
            .map(|(worker, result)| {
                result.unwrap_or_else(|_panic| {
                    Err(RuntimeError::Panicked {
                        name: name.to_owned(),
                        worker,
                    })
                })
            })
            .collect()
    })
}

/// Raises the soft limit of open files to the hard one, and warns when that is less than four times
/// the connections that the services may hold together (R26). The limit now in force.
///
/// # Errors
/// When the operating system does not tell or does not allow it.
pub fn raise_open_files(max_connections: u64) -> io::Result<u64> {
    let (_soft, hard) = rlimit::Resource::NOFILE.get()?;
    rlimit::Resource::NOFILE.set(hard, hard)?;
    if hard < max_connections.saturating_mul(4) {
        tracing::warn!(
            open_files = hard,
            max_connections,
            "few open files are allowed for so many connections: raise `ulimit -n`"
        );
    }
    Ok(hard)
}

/// What a panic said, for the log.
#[must_use]
pub fn panic_text(payload: &(dyn std::any::Any + Send)) -> &str {
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// Sends panics to the log (with thread and place) in place of bare text on standard error.
pub fn log_panics() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let thread = thread::current();
        tracing::error!(
            thread = thread.name().unwrap_or("unnamed"),
            place,
            "panic: {}",
            panic_text(info.payload())
        );
    }));
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    #[test]
    fn every_worker_runs_once_on_its_own_thread_and_may_hold_local_things() {
        let ran = per_core(3, "test", |worker| async move {
            let local = Rc::new(worker);
            let copy = Rc::clone(&local);
            tokio::task::spawn_local(async move { *copy })
                .await
                .unwrap()
        });
        assert_eq!(ran.unwrap(), [0, 1, 2]);
    }

    #[test]
    fn r_26_the_limit_of_open_files_is_raised_to_the_most() {
        let most = raise_open_files(1).unwrap();
        assert_eq!(rlimit::Resource::NOFILE.get().unwrap(), (most, most));
    }

    #[test]
    fn a_panicking_worker_is_an_error_and_not_a_crash() {
        let ran = per_core(2, "test", |worker| async move {
            assert_ne!(worker, 1, "deliberate");
        });
        assert!(matches!(ran, Err(RuntimeError::Panicked { worker: 1, .. })));
    }
}
