//! Making a connection: resolve once, check every address, connect to a checked one (S8).

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{CallError, Shared, Target, counted::Counted, target::TargetHost};

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
    pub(super) sender: SendRequest<Full<Bytes>>,
    /// Bytes read on it so far.
    pub(super) read: Arc<AtomicU64>,
}

/// Connects within the connect timeout.
pub(super) async fn connect(shared: Arc<Shared>, target: Target) -> Result<Connection, CallError> {
    if target.is_https() {
        return Err(CallError::TlsUnsupported);
    }
    let dialing = async {
        let addresses = addresses(&shared, &target).await?;
        let stream = dial(&addresses).await?;
        // Calls are written whole; waiting for more would only delay them.
        stream.set_nodelay(true).map_err(CallError::Connect)?;
        let (counted, read) = Counted::new(stream);
        let (sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_buf_size(64 * 1024)
            .handshake(TokioIo::new(counted))
            .await
            .map_err(CallError::Protocol)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::trace!(%error, "outbound connection ended");
            }
        });
        Ok(Connection { sender, read })
    };
    tokio::time::timeout(shared.config.connect_timeout, dialing)
        .await
        .unwrap_or(Err(CallError::ConnectTimeout))
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
