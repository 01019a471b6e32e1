//! The yardstick: bare hyper, a body read and an answer of so many bytes, and nothing else.

use std::convert::Infallible;
use std::net::TcpListener;

use anyhow::Result;
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Full};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use service::{Shutdown, runtime};
use tokio::task::spawn_local;

/// Serves until shut down, on one thread; `answer` bytes each time, 204 for none.
///
/// # Errors
/// When the listener or its runtime fails.
pub fn run(listener: TcpListener, answer: usize, shutdown: &Shutdown) -> Result<()> {
    listener.set_nonblocking(true)?;
    let status = if answer == 0 {
        StatusCode::NO_CONTENT
    } else {
        StatusCode::OK
    };
    let body = Bytes::from(vec![b'x'; answer]);
    runtime::current_thread("echo")?.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted?.0,
                () = shutdown.fired() => return Ok(()),
            };
            stream.set_nodelay(true)?;
            let body = body.clone();
            let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
                let body = body.clone();
                async move {
                    // A body that breaks off ends the connection, which is all that a yardstick needs.
                    let _ = request.into_body().collect().await;
                    let mut response = hyper::Response::new(Full::new(body));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            spawn_local(async move {
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    })
}
