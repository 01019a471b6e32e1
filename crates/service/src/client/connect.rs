//! Making a connection: resolve once, check every address, connect to a checked one (S8).

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

use super::{CallError, Shared, Target, counted::Counted, target::TargetHost, tls};

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
    /// Bytes read on it so far.
    pub(super) read: Arc<AtomicU64>,
    /// How long the handshake of TCP took: one way to the host and back.
    pub(super) handshake: Duration,
}

/// Where calls of a connection go in.
pub(super) enum Sender {
    /// One call after the other.
    Http1(http1::SendRequest<Full<Bytes>>),
    /// Any number at the same time.
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// The answer's head, and the body to come.
type Head = http::Response<Incoming>;

impl Sender {
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Http1(sender) => sender.is_closed(),
            Self::Http2(sender) => sender.is_closed(),
        }
    }

    /// Waits until it takes a call.
    pub(super) async fn ready(&mut self) -> Result<(), hyper::Error> {
        match self {
            Self::Http1(sender) => sender.ready().await,
            Self::Http2(sender) => sender.ready().await,
        }
    }

    pub(super) async fn send(
        &mut self,
        request: http::Request<Full<Bytes>>,
    ) -> Result<Head, hyper::Error> {
        match self {
            Self::Http1(sender) => sender.send_request(request).await,
            Self::Http2(sender) => sender.send_request(request).await,
        }
    }
}

impl Connection {
    /// The same connection for a further call, where it takes several at a time.
    pub(super) fn share(&self) -> Option<Self> {
        match &self.sender {
            Sender::Http1(_) => None,
            Sender::Http2(sender) => Some(Self {
                sender: Sender::Http2(sender.clone()),
                read: Arc::clone(&self.read),
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

/// Largest head of an answer, in bytes.
const MAX_HEAD: u32 = 64 * 1024;

async fn open(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
    handshake: Duration,
) -> Result<Connection, CallError> {
    let (counted, read) = Counted::new(stream);
    let io = TokioIo::new(counted);
    let sender = if http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(MAX_HEAD)
            .handshake(io)
            .await
            .map_err(CallError::Protocol)?;
        run(connection);
        Sender::Http2(sender)
    } else {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD as usize)
            .handshake(io)
            .await
            .map_err(CallError::Protocol)?;
        run(connection);
        Sender::Http1(sender)
    };
    Ok(Connection {
        sender,
        read,
        handshake,
    })
}

fn run(connection: impl Future<Output = Result<(), hyper::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::trace!(%error, "outbound connection ended");
        }
    });
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
