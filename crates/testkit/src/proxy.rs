//! A TCP proxy that misbehaves when told to: slow, silent, cut. The vocabulary is toxiproxy's.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

/// What happens to what passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Toxic {
    /// Nothing.
    None,
    /// Every piece, in both directions, is held this long.
    Latency(Duration),
    /// Nothing passes, and nothing is closed.
    Timeout,
    /// Open connections are reset; new ones are reset as soon as they are made.
    ResetPeer,
    /// Answers pass in pieces of this many bytes, each after this delay.
    Slicer {
        /// Bytes in a piece.
        bytes: usize,
        /// The wait before each.
        delay: Duration,
    },
}

#[derive(Debug, Clone)]
enum Upstream {
    Tcp(String),
    Unix(PathBuf),
}

/// A listening proxy before one server; it ends when dropped.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    toxic: watch::Sender<Toxic>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// Puts a proxy before the server that a URL of Redis or HTTP names, also one on a unix
    /// socket, and answers it with the URL that leads through it.
    ///
    /// # Panics
    /// When the URL names no server or no port can be had.
    pub async fn before(url: &str) -> (Self, String) {
        let (upstream, mut through) = route(url);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .unwrap_or_else(|fault| panic!("a port for the proxy: {fault}"));
        let address = listener
            .local_addr()
            .unwrap_or_else(|fault| panic!("a port for the proxy: {fault}"));
        let placed = through.set_host(Some("127.0.0.1")).and_then(|()| {
            through
                .set_port(Some(address.port()))
                .map_err(|()| url::ParseError::InvalidPort)
        });
        if let Err(fault) = placed {
            panic!("a proxy before {url}: {fault}");
        }
        let (toxic, watched) = watch::channel(Toxic::None);
        let accepting = tokio::spawn(accept(listener, upstream, watched));
        let proxy = Self {
            address,
            toxic,
            accepting,
        };
        (proxy, through.into())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From this moment on, also for connections that are open.
    pub fn set(&self, toxic: Toxic) {
        self.toxic.send_replace(toxic);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// The server, and the URL with a place for the proxy's own address.
fn route(url: &str) -> (Upstream, Url) {
    let parsed = Url::parse(url).unwrap_or_else(|fault| panic!("{url}: {fault}"));
    if let Some(socket) = parsed.scheme().ends_with("unix").then(|| parsed.path()) {
        let number = parsed.query_pairs().find(|(name, _)| name == "db");
        let number = number.map_or_else(|| "0".into(), |(_, number)| number);
        let through = Url::parse(&format!("redis://127.0.0.1/{number}"));
        let through = through.unwrap_or_else(|fault| panic!("{url}: {fault}"));
        return (Upstream::Unix(PathBuf::from(socket)), through);
    }
    let host = parsed
        .host_str()
        .unwrap_or_else(|| panic!("no host in {url}"));
    let port = parsed.port_or_known_default().unwrap_or(6379);
    (Upstream::Tcp(format!("{host}:{port}")), parsed.clone())
}

async fn accept(listener: TcpListener, upstream: Upstream, toxic: watch::Receiver<Toxic>) {
    while let Ok((client, _)) = listener.accept().await {
        let (upstream, toxic) = (upstream.clone(), toxic.clone());
        tokio::spawn(async move {
            // A server that is away closes the connection, as it would without a proxy.
            let _ = match upstream {
                Upstream::Tcp(address) => match TcpStream::connect(address).await {
                    Ok(server) => relay(client, server, toxic).await,
                    Err(fault) => Err(fault),
                },
                Upstream::Unix(path) => match UnixStream::connect(path).await {
                    Ok(server) => relay(client, server, toxic).await,
                    Err(fault) => Err(fault),
                },
            };
        });
    }
}

async fn relay<S>(mut client: TcpStream, server: S, toxic: watch::Receiver<Toxic>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite,
{
    client.set_nodelay(true)?;
    let mut cut = toxic.clone();
    let ended = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = tokio::io::split(server);
        let asked = pass(from_client, to_server, toxic.clone(), false);
        let answered = pass(from_server, to_client, toxic, true);
        tokio::select! {
            ended = async { tokio::try_join!(asked, answered) } => Some(ended),
            _ = cut.wait_for(|toxic| *toxic == Toxic::ResetPeer) => None,
        }
    };
    match ended {
        Some(ended) => ended.map(|_| ()),
        // Closing with a zero linger is what makes it a reset.
        None => client.set_zero_linger(),
    }
}

/// One direction, piece by piece; slicing is for answers alone.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    mut toxic: watch::Receiver<Toxic>,
    answers: bool,
) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let read = from.read(&mut buffer).await?;
        let Some(piece) = buffer.get(..read).filter(|piece| !piece.is_empty()) else {
            return to.shutdown().await;
        };
        let passing = toxic.wait_for(|toxic| *toxic != Toxic::Timeout).await;
        let now = passing.map_or(Toxic::None, |toxic| *toxic);
        match now {
            Toxic::Latency(delay) => {
                tokio::time::sleep(delay).await;
                to.write_all(piece).await?;
            }
            Toxic::Slicer { bytes, delay } if answers => {
                for slice in piece.chunks(bytes.max(1)) {
                    tokio::time::sleep(delay).await;
                    to.write_all(slice).await?;
                }
            }
            Toxic::None | Toxic::Timeout | Toxic::ResetPeer | Toxic::Slicer { .. } => {
                to.write_all(piece).await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    const QUIET: Duration = Duration::from_millis(300);

    async fn ping(address: SocketAddr) -> Vec<u8> {
        crate::http::raw(address, b"PING\r\n", QUIET).await
    }

    #[tokio::test]
    async fn the_proxy_does_to_a_connection_what_it_is_told() {
        let redis = crate::stores().redis().await;
        let (proxy, url) = Proxy::before(&redis.state_url).await;
        let number = redis.state_url.rsplit('=').next().unwrap();
        assert_eq!(
            url,
            format!("redis://127.0.0.1:{}/{number}", proxy.address().port())
        );
        assert_eq!(ping(proxy.address()).await, b"+PONG\r\n");

        proxy.set(Toxic::Latency(Duration::from_millis(50)));
        let before = Instant::now();
        assert_eq!(ping(proxy.address()).await, b"+PONG\r\n");
        assert!(
            before.elapsed() >= Duration::from_millis(100),
            "there and back"
        );

        proxy.set(Toxic::Slicer {
            bytes: 2,
            delay: Duration::from_millis(1),
        });
        assert_eq!(ping(proxy.address()).await, b"+PONG\r\n");

        proxy.set(Toxic::Timeout);
        assert_eq!(ping(proxy.address()).await, b"", "silence");

        proxy.set(Toxic::None);
        let mut open = TcpStream::connect(proxy.address()).await.unwrap();
        open.write_all(b"PING\r\n").await.unwrap();
        let mut answer = [0; 7];
        open.read_exact(&mut answer).await.unwrap();
        proxy.set(Toxic::ResetPeer);
        let reset = open.read(&mut answer).await.unwrap_err();
        assert_eq!(reset.kind(), io::ErrorKind::ConnectionReset);
    }
}
