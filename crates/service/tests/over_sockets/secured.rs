//! TLS out, and whose certificates are trusted (S15); calls that share a connection by HTTP/2.
//!
//! Each run makes a certificate for `localhost`, `dsp.test` and 127.0.0.1, which is its own root.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use http_body_util::Full;
use hyper::{
    Request,
    body::Incoming,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use service::client::{
    CallError, Client, ClientConfig, InResponse, OutRequest, Resolve, Resolved, Roots, Target,
};
use service::http::{Bytes, HeaderMap, Method};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring},
};

use crate::support::PATIENCE;

/// What a host speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Speaks {
    /// HTTP/1.1.
    Plain,
    /// HTTP/2 without being asked.
    PlainHttp2,
    /// TLS, and these protocols within.
    Tls(&'static [&'static [u8]]),
}

const BOTH: Speaks = Speaks::Tls(&[b"h2", b"http/1.1"]);
const ONLY_1: Speaks = Speaks::Tls(&[b"http/1.1"]);

/// Answers with the version and the host that it was asked by; never on `/never`.
struct Host {
    address: SocketAddr,
    connections: Arc<AtomicU32>,
}

impl Host {
    fn start(speaks: Speaks) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&connections);
        std::thread::spawn(move || {
            run(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    counted.fetch_add(1, SeqCst);
                    tokio::spawn(async move {
                        match speaks {
                            Speaks::Plain => serve(stream, false).await,
                            Speaks::PlainHttp2 => serve(stream, true).await,
                            Speaks::Tls(protocols) => {
                                let Ok(stream) = acceptor(protocols).accept(stream).await else {
                                    return;
                                };
                                let chosen = stream.get_ref().1.alpn_protocol();
                                let is_2 = chosen == Some(b"h2");
                                serve(stream, is_2).await;
                            }
                        }
                    });
                }
            });
        });
        Self {
            address,
            connections,
        }
    }

    fn target(&self, url: &str) -> Target {
        let port = self.address.port().to_string();
        Target::parse(&url.replace("PORT", &port)).unwrap()
    }

    fn connections(&self) -> u32 {
        self.connections.load(SeqCst)
    }
}

static OWN: LazyLock<CertifiedKey<KeyPair>> = LazyLock::new(|| {
    let names = ["localhost", "dsp.test", "127.0.0.1"].map(str::to_owned);
    rcgen::generate_simple_self_signed(names).unwrap()
});

/// A file of this run's own.
fn written(name: &str, bytes: &[u8]) -> PathBuf {
    let name = format!(
        "gavel-{}-{:?}-{name}",
        std::process::id(),
        std::thread::current().id()
    );
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn acceptor(protocols: &[&[u8]]) -> TlsAcceptor {
    let certificate = OWN.cert.der().clone();
    let key = PrivateKeyDer::try_from(OWN.signing_key.serialize_der()).unwrap();
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, http2: bool) {
    let io = TokioIo::new(stream);
    let service = service_fn(answer);
    let _ended = if http2 {
        http2::Builder::new(TokioExecutor::new())
            .serve_connection(io, service)
            .await
    } else {
        http1::Builder::new().serve_connection(io, service).await
    };
}

async fn answer(request: Request<Incoming>) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/never" {
        std::future::pending::<()>().await;
    }
    let in_head = request.headers().get("host");
    let host = match in_head {
        Some(host) => host.to_str().unwrap().to_owned(),
        None => request.uri().authority().unwrap().to_string(),
    };
    let name = host.split(':').next().unwrap_or_default();
    let said = format!("{:?} {name}", request.version());
    Ok(hyper::Response::new(Full::new(Bytes::from(said))))
}

fn run<F: Future>(work: F) -> F::Output {
    service::runtime::current_thread("test")
        .unwrap()
        .block_on(work)
}

fn own_root() -> Roots {
    let file = written("root.pem", OWN.cert.pem().as_bytes());
    let roots = Roots::of_file(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    roots
}

/// Every name is this machine.
struct Here;

impl Resolve for Here {
    fn resolve(&self, _host: &str, port: u16) -> Resolved {
        Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
    }
}

fn client(roots: Option<Roots>) -> Client {
    let config = ClientConfig {
        connect_timeout: PATIENCE,
        idle_timeout: PATIENCE,
        roots,
        ..ClientConfig::local()
    };
    Client::with_resolver(config, Arc::new(Here))
}

async fn call(client: &Client, target: &Target, within: Duration) -> Result<InResponse, CallError> {
    let request = OutRequest {
        method: Method::POST,
        target,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    };
    client.send(request, Instant::now() + within).await
}

fn said(answer: Result<InResponse, CallError>) -> Result<String, &'static str> {
    match answer {
        Ok(answer) => Ok(String::from_utf8(answer.body.to_vec()).unwrap()),
        Err(CallError::Tls(_)) => Err("tls"),
        Err(CallError::TlsUnsupported) => Err("no roots"),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn s_15_whose_certificates_are_trusted() {
    let public = Roots::public().unwrap();
    #[rustfmt::skip]
    let rows = [
        ("our root", ONLY_1, "https://localhost:PORT/", Some(own_root()), Ok("HTTP/1.1 localhost")),
        ("by address", ONLY_1, "https://127.0.0.1:PORT/", Some(own_root()), Ok("HTTP/1.1 127.0.0.1")),
        ("by another of its names", ONLY_1, "https://dsp.test:PORT/", Some(own_root()), Ok("HTTP/1.1 dsp.test")),
        ("a name that is not in it", ONLY_1, "https://other.test:PORT/", Some(own_root()), Err("tls")),
        ("a root that nobody knows", ONLY_1, "https://localhost:PORT/", Some(public), Err("tls")),
        ("no TLS at all", Speaks::Plain, "https://localhost:PORT/", Some(own_root()), Err("tls")),
        ("no roots", ONLY_1, "https://localhost:PORT/", None, Err("no roots")),
    ];
    for (row, speaks, url, roots, expect) in rows {
        let host = Host::start(speaks);
        let client = client(roots);
        let target = host.target(url);
        let got = run(async { said(call(&client, &target, PATIENCE).await) });
        assert_eq!(got.as_deref(), expect.as_deref(), "{row}");
    }
}

#[test]
fn roots_that_are_none() {
    let binary = written("root.der", OWN.cert.der());
    for file in [Path::new("nothing.pem"), &binary] {
        assert!(Roots::of_file(file).is_err(), "{}", file.display());
    }
    std::fs::remove_file(&binary).unwrap();
}

#[test]
fn by_http2_calls_share_a_connection_where_the_host_agrees() {
    #[rustfmt::skip]
    let rows = [
        ("agreed over TLS", BOTH, "https://localhost:PORT/", "HTTP/2.0 localhost"),
        ("by prior knowledge", Speaks::PlainHttp2, "http://localhost:PORT/", "HTTP/2.0 localhost"),
        ("not agreed", ONLY_1, "https://localhost:PORT/", "HTTP/1.1 localhost"),
    ];
    for (row, speaks, url, expect) in rows {
        let host = Host::start(speaks);
        let client = client(Some(own_root()));
        let target = host.target(url).over_http2().unwrap();
        run(async {
            assert_eq!(
                said(call(&client, &target, PATIENCE).await).as_deref(),
                Ok(expect),
                "{row}"
            );
            let calls = (0..20).map(|_| call(&client, &target, PATIENCE));
            for answer in join_all(calls).await {
                assert_eq!(said(answer).as_deref(), Ok(expect), "{row}");
            }
        });
        let shared = host.connections() == 1;
        assert_eq!(
            shared,
            expect.starts_with("HTTP/2"),
            "{row}: {}",
            host.connections()
        );
    }
}

#[test]
fn a_host_is_called_by_http1_unless_it_is_wanted_otherwise() {
    let host = Host::start(BOTH);
    let client = client(Some(own_root()));
    let target = host.target("https://localhost:PORT/");
    let answer = run(async { said(call(&client, &target, PATIENCE).await) });
    assert_eq!(answer.as_deref(), Ok("HTTP/1.1 localhost"));
}

#[test]
fn r_29_a_late_answer_by_http2_costs_its_own_call_alone() {
    let host = Host::start(BOTH);
    let client = client(Some(own_root()));
    let [prompt, never] = ["https://localhost:PORT/", "https://localhost:PORT/never"]
        .map(|url| host.target(url).over_http2().unwrap());
    run(async {
        call(&client, &prompt, PATIENCE).await.unwrap();
        let late = call(&client, &never, Duration::from_millis(30)).await;
        assert!(matches!(late, Err(CallError::Timeout)));
        call(&client, &prompt, PATIENCE).await.unwrap();
    });
    assert_eq!(host.connections(), 1);
}

#[test]
fn x_77_a_new_connection_tells_how_far_the_host_is() {
    let host = Host::start(Speaks::Plain);
    let client = client(None);
    let target = host.target("http://localhost:PORT/");
    run(async {
        let first = call(&client, &target, PATIENCE).await.unwrap().timing;
        assert!(first.handshake.is_some_and(|took| took > Duration::ZERO));
        assert!(first.head > Duration::ZERO);
        let second = call(&client, &target, PATIENCE).await.unwrap().timing;
        assert_eq!(second.handshake, None, "on the same connection");
    });
}
