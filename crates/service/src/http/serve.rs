//! Accepting, and ending without losing a request (R25, R26, R43).

use std::{io, net::SocketAddr, rc::Rc, sync::Arc, time::Duration};

use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{net::TcpStream, task::JoinSet, time::Instant};

use super::{
    Admission, Class, Handler, Head, Limits, Listener, Request,
    gate::Connected,
    intake::{Desk, Dispatch},
    listener::Accepting,
    overload::Overload,
    payload::Payload,
    wire::Wire,
};
use crate::{ops::Ops, shutdown::Shutdown};

/// Connections that are accepted before requests have their turn again (R25).
const AT_ONCE: u32 = 8;
/// How long to wait when the process has no file descriptors left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// Serves on `listener` until `shutdown` fires and the drain is over: `/readyz` turns 503 at once,
/// connections are accepted for `drain_delay` more, then answers carry `Connection: close` and
/// requests in work have `drain_limit` to finish.
///
/// Must run on a local runtime ([`crate::runtime::per_core`]), because handlers live on one core. Give
/// each worker a `try_clone` of the listener, and clones of one [`Ops`].
///
/// # Errors
/// When the listener cannot be given to the runtime.
pub async fn serve<H: Handler + 'static>(
    listener: impl Into<Listener>,
    limits: &Limits,
    handler: H,
    shutdown: Shutdown,
    ops: Ops,
) -> io::Result<()> {
    let listener = listener.into().accepting()?;
    let (ending, closing) = Shutdown::new();
    let desk = Rc::new(Desk::new(
        Local(handler),
        limits.clone(),
        ops,
        listener.is_loopback()?,
        closing,
    ));
    let accept = Accept {
        listener: &listener,
        limits,
        shutdown: &shutdown,
        ops: desk.ops(),
        overload: desk.overload(),
    };
    let spawn = |set: &mut JoinSet<()>, stream, peer, place| {
        let desk = Rc::clone(&desk);
        set.spawn_local(async move { connection(stream, peer, place, &*desk).await });
    };
    let _watching = accept.watch();
    let open = accept.run(spawn).await;
    drop(listener);
    ending.fire();
    drain(open, limits).await;
    Ok(())
}

/// A handler of this core, as the intake sees it.
struct Local<H>(H);

impl<H: Handler> Dispatch for Local<H> {
    async fn dispatch(&self, request: Request, _uri: http::Uri) -> hyper::Response<Payload> {
        self.0.handle(request).await.map(Payload::Full)
    }
    fn class(&self, method: &http::Method, path: &str) -> Class {
        self.0.class(method, path)
    }
    fn admit(&self, class: Class, head: &Head<'_>) -> Admission {
        self.0.admit(class, head)
    }
    fn on_shed(&self, request: &http::HeaderMap, response: &mut super::Response) {
        self.0.on_shed(request, response);
    }
    fn on_refused(&self, class: Class, request: &http::HeaderMap, response: &mut super::Response) {
        self.0.on_refused(class, request, response);
    }
}

pub(super) struct Accept<'a> {
    pub(super) listener: &'a Accepting,
    pub(super) limits: &'a Limits,
    pub(super) shutdown: &'a Shutdown,
    pub(super) ops: &'a Ops,
    pub(super) overload: &'a Arc<Overload>,
}

impl Accept<'_> {
    /// Accepts until the drain delay is over; returns the connections still open.
    pub(super) async fn run(
        &self,
        mut spawn: impl FnMut(&mut JoinSet<()>, TcpStream, SocketAddr, Connected),
    ) -> JoinSet<()> {
        let mut open = JoinSet::new();
        let end = self.end();
        tokio::pin!(end);
        let mut warned = None;
        let mut accepted_now = 0;
        loop {
            if accepted_now == AT_ONCE {
                accepted_now = 0;
                tokio::task::yield_now().await;
            }
            tokio::select! {
                () = &mut end => return open,
                // A connection that ended is taken out, so that the set does not grow.
                Some(_ended) = open.join_next(), if !open.is_empty() => {}
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        accepted_now += 1;
                        match self.ops.gate().connect(self.limits) {
                            Some(place) => {
                                // Answers are written whole; waiting for more would only delay them.
                                let _unsupported = stream.set_nodelay(true);
                                spawn(&mut open, stream, peer, place);
                            }
                            None => self.ops.refused_connection(),
                        }
                    }
                    Err(error) => pause_if_exhausted(&error, &mut warned).await,
                },
            }
        }
    }

    /// Until the listener is to be closed.
    async fn end(&self) {
        self.shutdown.fired().await;
        self.ops.health.set_draining();
        tokio::time::sleep(self.limits.drain_delay.0).await;
    }

    /// Watches the load until dropped. Tasks of their own: an accept loop that sleeps for want of descriptors is no sign
    /// of load.
    pub(super) fn watch(&self) -> JoinSet<()> {
        let mut watching = JoinSet::new();
        let (overload, line) = (Arc::clone(self.overload), Arc::clone(self.overload));
        watching.spawn(async move { overload.watch().await });
        watching.spawn(async move { line.call().await });
        watching
    }
}

/// Without descriptors `accept` fails at once and for ever: sleep instead of spinning (R26). Other
/// errors belong to one connection that went away before it was accepted.
async fn pause_if_exhausted(error: &io::Error, warned: &mut Option<Instant>) {
    const EMFILE: i32 = 24;
    const ENFILE: i32 = 23;
    const ENOBUFS: i32 = 105;
    const ENOMEM: i32 = 12;
    if !matches!(
        error.raw_os_error(),
        Some(EMFILE | ENFILE | ENOBUFS | ENOMEM)
    ) {
        return;
    }
    if warned.is_none_or(|last| last.elapsed() >= Duration::from_secs(1)) {
        tracing::warn!(%error, "cannot accept: resources are exhausted");
        *warned = Some(Instant::now());
    }
    tokio::time::sleep(EXHAUSTED_PAUSE).await;
}

/// Serves one connection to its end; asked to close, after the request in work.
pub(super) async fn connection<D: Dispatch>(
    stream: TcpStream,
    peer: SocketAddr,
    place: Connected,
    desk: &Desk<D>,
) {
    let limits = desk.limits();
    let wire = Wire::new(stream, limits.header_timeout.0);
    let state = wire.state();
    let service = service_fn(|request| {
        // Not inside the future: the socket must know before it is read again.
        let length = state.request_began();
        desk.answer(request, peer, Arc::clone(&state), length)
    });
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        // Runs while idle too; the socket times the headers themselves.
        .header_read_timeout(limits.idle_timeout.0)
        .max_headers(usize::try_from(limits.max_headers).unwrap_or(usize::MAX))
        .max_header_size(limits.max_head.as_usize())
        .max_buf_size(limits.max_head.as_usize().max(16 * 1024))
        .serve_connection(TokioIo::new(wire), service);
    tokio::pin!(serving);
    let closing = desk.closing().fired();
    tokio::pin!(closing);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = closing => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "connection ended early");
    }
    drop(place);
}

/// Waits for the open connections, at most `drain_limit`; cuts what is left.
pub(super) async fn drain(mut open: JoinSet<()>, limits: &Limits) {
    let all = async { while open.join_next().await.is_some() {} };
    if tokio::time::timeout(limits.drain_limit.0, all)
        .await
        .is_err()
    {
        tracing::warn!(
            connections = open.len(),
            "drain limit reached: cutting what is left"
        );
        open.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

    use super::*;
    use crate::config::Millis;

    #[tokio::test]
    async fn r_25_requests_have_their_turn_while_a_storm_of_connections_is_accepted() {
        const STORM: u32 = 8 * AT_ONCE;
        let listener = Listener::bind(("127.0.0.1", 0), false).unwrap();
        let at = listener.local_addr().unwrap();
        // Connected by the kernel: whoever accepts one finds the next.
        let connect = |_| std::net::TcpStream::connect(at).unwrap();
        let _storm: Vec<_> = (0..STORM).map(connect).collect();
        let listener = listener.accepting().unwrap();
        let limits = Limits {
            drain_delay: Millis::new(0),
            ..Limits::default()
        };
        let ops = Ops::new("test", "0");
        let overload = Arc::new(Overload::new(limits.queue_target.0, ops.queue_age()));
        let (trigger, shutdown) = Shutdown::new();
        let accept = Accept {
            listener: &listener,
            limits: &limits,
            shutdown: &shutdown,
            ops: &ops,
            overload: &overload,
        };
        let in_a_row = Arc::new(AtomicU32::new(0));
        let turns = Arc::clone(&in_a_row);
        // As a request that is ready, it always waits for its turn.
        tokio::spawn(async move {
            loop {
                turns.store(0, Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let (mut accepted, mut most) = (0, 0);
        let count = |_: &mut JoinSet<()>, _, _, _| {
            accepted += 1;
            most = most.max(in_a_row.fetch_add(1, Relaxed) + 1);
            if accepted == STORM {
                trigger.fire();
            }
        };
        let _none = accept.run(count).await;
        assert_eq!(accepted, STORM);
        assert!(most <= AT_ONCE, "{most} were accepted between two turns");
    }

    #[tokio::test(start_paused = true)]
    async fn r_26_without_descriptors_accepting_waits_and_otherwise_goes_on_at_once() {
        let cases = [
            ("EMFILE", 24, true),
            ("ENFILE", 23, true),
            ("ENOBUFS", 105, true),
            ("ENOMEM", 12, true),
            ("ECONNABORTED: one connection's fault", 103, false),
        ];
        for (says, code, waits) in cases {
            let (began, mut warned) = (Instant::now(), None);
            let error = io::Error::from_raw_os_error(code);
            pause_if_exhausted(&error, &mut warned).await;
            // The clock is virtual: it moves by what is slept, and by nothing else.
            assert_eq!(began.elapsed() >= EXHAUSTED_PAUSE, waits, "{says}");
            assert_eq!(warned.is_some(), waits, "{says}");
        }
    }
}
