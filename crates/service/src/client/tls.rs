//! TLS to others (S15): rustls, at least TLS 1.2, the host's name checked against roots we trust.

use std::{io, net::IpAddr, path::Path, sync::Arc};

use rustls_pki_types::{CertificateDer, ServerName, pem::PemObject};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, version},
};

use super::{CallError, target::TargetHost};

/// Whose certificates are trusted. Read once and shared by all clients of a process.
#[derive(Clone)]
pub struct Roots {
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

/// Why roots cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file cannot be read, or holds no certificate in PEM.
    #[error("no certificates in PEM: {0}")]
    Pem(rustls_pki_types::pem::Error),
    /// A certificate of it is no root.
    #[error("not usable as roots: {0}")]
    Unusable(tokio_rustls::rustls::Error),
}

impl Roots {
    /// The roots that browsers trust, compiled in.
    ///
    /// # Errors
    /// [`RootsError::Unusable`] if they cannot be used with this build.
    pub fn public() -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        Self::of(store)
    }

    /// Those of a PEM file, and no others.
    ///
    /// # Errors
    /// [`RootsError`] when it holds none.
    pub fn of_file(path: &Path) -> Result<Self, RootsError> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(RootsError::Pem)? {
            let certificate = certificate.map_err(RootsError::Pem)?;
            store.add(certificate).map_err(RootsError::Unusable)?;
        }
        if store.is_empty() {
            return Err(RootsError::Pem(rustls_pki_types::pem::Error::NoItemsFound));
        }
        Self::of(store)
    }

    fn of(store: RootCertStore) -> Result<Self, RootsError> {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(RootsError::Unusable)?
            .with_root_certificates(store)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let mut http2 = config.clone();
        http2.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            http1: Arc::new(config),
            http2: Arc::new(http2),
        })
    }

    /// Shakes hands; the name in the certificate must be the target's.
    pub(super) async fn secure(
        &self,
        stream: TcpStream,
        host: &TargetHost,
        http2: bool,
    ) -> Result<TlsStream<TcpStream>, CallError> {
        let config = if http2 { &self.http2 } else { &self.http1 };
        TlsConnector::from(Arc::clone(config))
            .connect(server_name(host)?, stream)
            .await
            .map_err(CallError::Tls)
    }
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Roots")
    }
}

fn server_name(host: &TargetHost) -> Result<ServerName<'static>, CallError> {
    match host {
        TargetHost::Name(name) => ServerName::try_from(name.clone())
            .map_err(|_no_name| CallError::Tls(io::ErrorKind::InvalidInput.into())),
        TargetHost::Address(ip) => Ok(ServerName::IpAddress(IpAddr::into(*ip))),
    }
}

/// Whether the host chose HTTP/2.
pub(super) fn speaks_http2(stream: &TlsStream<TcpStream>) -> bool {
    stream.get_ref().1.alpn_protocol() == Some(b"h2")
}
