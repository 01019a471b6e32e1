//! Making a connection: resolve once, check every address, connect to a checked one (S8).

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::{
    CallError, Shared, Target,
    http1::{Http1, Stream},
    target::TargetHost,
    tls,
};

/// The addresses of a name.
pub type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// How names become addresses.
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, with `port`.
    fn resolve(&self, host: &str, port: u16) -> Resolved;
}

/// Asks the operating system.
#[derive(Debug, Clone, Copy)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str, port: u16) -> Resolved {
        let host = host.to_owned();
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// A connection ready for a call.
pub(super) struct Connection {
    pub(super) sender: Sender,
    /// How long the handshake of TCP took: one way to the host and back.
    pub(super) handshake: Duration,
}

/// Where calls of a connection go in.
pub(super) enum Sender {
    /// One call after the other.
    Http1(Box<Http1>),
    /// Any number at the same time.
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Whether it takes a further call.
    pub(super) fn is_usable(&mut self) -> bool {
        match &mut self.sender {
            Sender::Http1(connection) => connection.is_idle(),
            Sender::Http2(sender) => !sender.is_closed(),
        }
    }

    /// The same connection for a further call, where it takes several at a time.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                handshake: self.handshake,
            }),
        }
    }
}

/// Connects within the connect timeout; securing the connection may take twice as long again.
pub(super) async fn connect(shared: Arc<Shared>, target: Target) -> Result<Connection, CallError> {
    let roots = shared.config.roots.as_ref();
    if target.is_https() && roots.is_none() {
        return Err(CallError::TlsUnsupported);
    }
    let limit = shared.config.connect_timeout;
    let dialing = async {
        let addresses = addresses(&shared, &target).await?;
        let began = Instant::now();
        let stream = dial(&addresses).await?;
        // Calls are written whole; waiting for more would only delay them.
        stream.set_nodelay(true).map_err(CallError::Connect)?;
        Ok((stream, began.elapsed()))
    };
    let (stream, handshake) = tokio::time::timeout(limit, dialing)
        .await
        .unwrap_or(Err(CallError::ConnectTimeout))?;
    let Some(roots) = roots.filter(|_| target.is_https()) else {
        return open(stream, target.wants_http2(), handshake).await;
    };
    let securing = roots.secure(stream, target.host(), target.wants_http2());
    let stream = tokio::time::timeout(limit.saturating_mul(2), securing)
        .await
        .unwrap_or(Err(CallError::ConnectTimeout))?;
    let http2 = tls::speaks_http2(&stream);
    open(stream, http2, handshake).await
}

/// Largest head of an answer by HTTP/2, in bytes.
const MAX_HEAD: u32 = 64 * 1024;
/// What may arrive by HTTP/2 before anybody reads it, in bytes: of one answer, and of all of a connection (R31).
const UNREAD: u32 = 256 * 1024;
const UNREAD_OF_ALL: u32 = 1024 * 1024;

async fn open(
    stream: impl Stream + 'static,
    http2: bool,
    handshake: Duration,
) -> Result<Connection, CallError> {
    let sender = if http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(MAX_HEAD)
            .initial_stream_window_size(UNREAD)
            .initial_connection_window_size(UNREAD_OF_ALL)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|error| CallError::Protocol(error.into()))?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "outbound connection ended");
            }
        });
        Sender::Http2(sender)
    } else {
        Sender::Http1(Box::new(Http1::new(stream)))
    };
    Ok(Connection { sender, handshake })
}

async fn addresses(shared: &Shared, target: &Target) -> Result<Vec<SocketAddr>, CallError> {
    let addresses = match target.host() {
        TargetHost::Address(ip) => vec![SocketAddr::new(*ip, target.port())],
        TargetHost::Name(name) => shared
            .resolver
            .resolve(name, target.port())
            .await
            .map_err(CallError::Resolve)?,
    };
    if addresses.is_empty() {
        return Err(CallError::Resolve(io::ErrorKind::NotFound.into()));
    }
    // All of them: a name that has a private address beside public ones is not to be trusted.
    for address in &addresses {
        shared.guard.check_address(address.ip())?;
    }
    Ok(addresses)
}

async fn dial(addresses: &[SocketAddr]) -> Result<TcpStream, CallError> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(CallError::Connect(last))
}
