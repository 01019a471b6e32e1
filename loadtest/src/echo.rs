//! The yardstick: bare hyper, a body read and 840 bytes answered, and nothing else.

use std::convert::Infallible;
use std::net::TcpListener;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use service::{Shutdown, runtime};
use tokio::task::spawn_local;

/// An answer of the usual size of a bid response.
const ANSWER: [u8; 840] = [b'x'; 840];

/// Serves until shut down, on one thread.
///
/// # Errors
/// When the listener or its runtime fails.
pub fn run(listener: TcpListener, shutdown: &Shutdown) -> Result<()> {
    listener.set_nonblocking(true)?;
    runtime::current_thread("echo")?.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted?.0,
                () = shutdown.fired() => return Ok(()),
            };
            stream.set_nodelay(true)?;
            let answer = service_fn(|request: hyper::Request<hyper::body::Incoming>| async {
                // A body that breaks off ends the connection, which is all that a yardstick needs.
                let _ = request.into_body().collect().await;
                Ok::<_, Infallible>(hyper::Response::new(Full::new(Bytes::from_static(&ANSWER))))
            });
            spawn_local(async move {
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    })
}
