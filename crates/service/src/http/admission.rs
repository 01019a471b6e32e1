//! What a handler says of a caller before the body is read (R22, R24, S5).

use std::net::SocketAddr;

use http::{HeaderMap, Method};

use super::{Response, request::query_param};
use crate::quota::QuotaPlace;

/// Why a request was turned away though nothing is wrong with it: header `x-shed-reason`, metric
/// `gavel_shed_total{reason}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShedReason {
    /// It waited too long in the run queue of its worker (R23).
    Queue,
    /// The service has as many requests in work as it may.
    InFlight,
    /// Its body comes slowly, and as much is kept of such bodies as may be.
    Arriving,
    /// Its time was over before it was begun.
    Deadline,
    /// Its source asks more often than agreed.
    Quota,
    /// Its source has as many requests in work as agreed.
    SourceInFlight,
    /// Its source is switched off.
    SourceOff,
}

impl ShedReason {
    /// Every reason.
    pub const ALL: [Self; 7] = [
        Self::Queue,
        Self::InFlight,
        Self::Arriving,
        Self::Deadline,
        Self::Quota,
        Self::SourceInFlight,
        Self::SourceOff,
    ];

    /// Its name in the header and in metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::InFlight => "in_flight",
            Self::Arriving => "arriving",
            Self::Deadline => "deadline",
            Self::Quota => "quota",
            Self::SourceInFlight => "source_in_flight",
            Self::SourceOff => "source_off",
        }
    }
}

/// A request of which only the head was read.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path as it was sent.
    pub path: &'a str,
    /// What follows the `?`, as it was sent.
    pub query: Option<&'a str>,
    /// The header fields.
    pub headers: &'a HeaderMap,
    /// The other end of the connection.
    pub peer: SocketAddr,
}

impl Head<'_> {
    /// A header field's value, or else a query parameter's: how partners send their key.
    #[must_use]
    pub fn header_or_param(&self, header: &str, param: &str) -> Option<std::borrow::Cow<'_, str>> {
        let in_header = self.headers.get(header).and_then(|it| it.to_str().ok());
        in_header
            .map(Into::into)
            .or_else(|| query_param(self.query?, param))
    }
}

/// Whether a caller is let in.
#[derive(Debug)]
pub enum Admission {
    /// Let in, and not told apart.
    Open,
    /// Let in as the handler's caller of this number ([`super::Request::caller`]).
    Caller(usize, QuotaPlace),
    /// Turned away for a while.
    Shed(ShedReason),
    /// Refused with this answer.
    Refused(Box<Response>),
}
