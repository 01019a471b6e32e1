//! Where a call goes: a URL read once, then cheap to clone and to call.

use std::{fmt, net::IpAddr, sync::Arc};

use http::{HeaderValue, Uri};
use url::{Host, Url};

/// A place that can be called.
#[derive(Clone)]
pub struct Target {
    inner: Arc<Inner>,
}

struct Inner {
    url: Url,
    is_https: bool,
    host: TargetHost,
    port: u16,
    /// What connections are pooled by.
    authority: Arc<str>,
    host_header: HeaderValue,
    path: Uri,
    /// With scheme and authority, as HTTP/2 wants it; none where HTTP/2 is not wanted.
    whole: Option<Uri>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TargetHost {
    /// In lower case, without a trailing dot.
    Name(String),
    Address(IpAddr),
}

/// Why a text is no target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("{0}")]
    Url(#[from] url::ParseError),
    /// Neither http nor https.
    #[error("scheme `{0}` is neither http nor https")]
    Scheme(String),
    /// No host.
    #[error("no host")]
    NoHost,
    /// A user name or password in the URL, which hides where it leads.
    #[error("user information is not allowed")]
    UserInfo,
    /// What the URL parser lets through and HTTP does not.
    #[error("not a valid request target")]
    Path,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// [`TargetError`] when it is not an http(s) URL with a host and without user information.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        Self::of_url(&Url::parse(text)?)
    }

    /// The same from a parsed URL.
    ///
    /// # Errors
    /// As [`Target::parse`].
    pub fn of_url(url: &Url) -> Result<Self, TargetError> {
        let is_https = match url.scheme() {
            "http" => false,
            "https" => true,
            other => return Err(TargetError::Scheme(other.to_owned())),
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::UserInfo);
        }
        let host = match url.host().ok_or(TargetError::NoHost)? {
            Host::Domain(name) => {
                let name = name.strip_suffix('.').unwrap_or(name);
                if name.is_empty() {
                    return Err(TargetError::NoHost);
                }
                TargetHost::Name(name.to_ascii_lowercase())
            }
            Host::Ipv4(ip) => TargetHost::Address(IpAddr::V4(ip)),
            Host::Ipv6(ip) => TargetHost::Address(IpAddr::V6(ip)),
        };
        let port = url.port_or_known_default().ok_or(TargetError::NoHost)?;
        let named = match &host {
            TargetHost::Name(name) => name.clone(),
            TargetHost::Address(IpAddr::V4(ip)) => ip.to_string(),
            TargetHost::Address(IpAddr::V6(ip)) => format!("[{ip}]"),
        };
        let header = match url.port() {
            Some(port) => format!("{named}:{port}"),
            None => named.clone(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                url: url.clone(),
                is_https,
                authority: format!("{named}:{port}").into(),
                host_header: HeaderValue::try_from(header).map_err(|_odd| TargetError::Path)?,
                path: Uri::try_from(path).map_err(|_odd| TargetError::Path)?,
                whole: None,
                host,
                port,
            }),
        })
    }

    /// The same place, called by HTTP/2: over https where it agrees, over plain http by prior knowledge.
    ///
    /// # Errors
    /// [`TargetError::Path`] when it cannot be written as HTTP/2 has it.
    pub fn over_http2(&self) -> Result<Self, TargetError> {
        let inner = &self.inner;
        let host = inner
            .host_header
            .to_str()
            .map_err(|_odd| TargetError::Path)?;
        let scheme = if inner.is_https { "https" } else { "http" };
        let whole = format!("{scheme}://{host}{}", inner.path);
        Ok(Self {
            inner: Arc::new(Inner {
                url: inner.url.clone(),
                is_https: inner.is_https,
                host: inner.host.clone(),
                port: inner.port,
                authority: format!("h2 {}", inner.authority).into(),
                host_header: inner.host_header.clone(),
                path: inner.path.clone(),
                whole: Some(Uri::try_from(whole).map_err(|_odd| TargetError::Path)?),
            }),
        })
    }

    /// The URL.
    #[must_use]
    pub fn url(&self) -> &Url {
        &self.inner.url
    }

    /// Host and port, what connections are pooled by; those of HTTP/2 apart.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.inner.authority
    }

    pub(crate) fn pool_key(&self) -> &Arc<str> {
        &self.inner.authority
    }

    pub(crate) fn is_https(&self) -> bool {
        self.inner.is_https
    }

    pub(crate) fn host(&self) -> &TargetHost {
        &self.inner.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.inner.port
    }

    /// The `Host` field of a call.
    #[must_use]
    pub fn host_header(&self) -> &HeaderValue {
        &self.inner.host_header
    }

    pub(crate) fn path(&self) -> &Uri {
        &self.inner.path
    }

    pub(crate) fn wants_http2(&self) -> bool {
        self.inner.whole.is_some()
    }

    /// The whole URL where HTTP/2 is wanted.
    pub(crate) fn whole(&self) -> Option<&Uri> {
        self.inner.whole.as_ref()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target")
            .field(&self.inner.url.as_str())
            .finish()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.inner.url.as_str())
    }
}
