//! Why a call brought no answer, and whose fault that is.

use super::{Refusal, TargetError};

/// Why a call brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The deadline passed.
    #[error("no whole answer before the deadline")]
    Timeout,
    /// No connection could be made.
    #[error("connecting: {0}")]
    Connect(std::io::Error),
    /// No connection was made in its time.
    #[error("connecting took too long")]
    ConnectTimeout,
    /// Too many new connections to this host in this second.
    #[error("too many new connections to this host")]
    ConnectLimited,
    /// The name has no address.
    #[error("resolving the name: {0}")]
    Resolve(std::io::Error),
    /// The place must not be called from here (S8).
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// `https` where the client was given no roots to trust.
    #[error("https without roots to trust")]
    TlsUnsupported,
    /// The connection could not be secured: no common version, or a certificate that is not the host's.
    #[error("securing the connection: {0}")]
    Tls(std::io::Error),
    /// Not a URL that can be called.
    #[error("not a URL that can be called: {0}")]
    Target(#[from] TargetError),
    /// The answer is larger than allowed, as it arrived or inflated (R31).
    #[error("the answer is too large")]
    TooLarge,
    /// The answer is in an encoding that was not asked for, or is not valid gzip.
    #[error("the answer's encoding is not usable")]
    Encoding,
    /// The connection ended before the answer did.
    #[error("the connection closed early")]
    Closed,
    /// What came back is not HTTP.
    #[error("not HTTP: {0}")]
    Protocol(Box<dyn std::error::Error + Send + Sync>),
}

/// Whose fault a failed call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// Ours: the call should not have been made, or not so often.
    Us,
    /// The host called; a breaker counts it.
    Them,
}

impl CallError {
    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::Timeout
            | Self::Connect(_)
            | Self::ConnectTimeout
            | Self::Resolve(_)
            | Self::Tls(_)
            | Self::TooLarge
            | Self::Encoding
            | Self::Closed
            | Self::Protocol(_) => Blame::Them,
            Self::ConnectLimited | Self::Refused(_) | Self::TlsUnsupported | Self::Target(_) => {
                Blame::Us
            }
        }
    }

    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn may_be_retried(&self) -> bool {
        match self {
            Self::Timeout
            | Self::Connect(_)
            | Self::ConnectTimeout
            | Self::ConnectLimited
            | Self::Resolve(_)
            | Self::Closed => true,
            Self::Refused(_)
            | Self::TlsUnsupported
            | Self::Tls(_)
            | Self::Target(_)
            | Self::TooLarge
            | Self::Encoding
            | Self::Protocol(_) => false,
        }
    }

    /// The name of the outcome in metrics.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connect(_) | Self::ConnectTimeout | Self::Resolve(_) | Self::Tls(_) => "connect",
            Self::ConnectLimited => "connect_limited",
            Self::Refused(_) | Self::TlsUnsupported | Self::Target(_) => "refused",
            Self::TooLarge => "too_large",
            Self::Encoding => "encoding",
            Self::Closed => "closed",
            Self::Protocol(_) => "protocol",
        }
    }
}
