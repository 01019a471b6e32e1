//! HTTP out: one [`Client`] per worker, pooled connections, deadlines, and a guard against calls to
//! places that outsiders must not reach through us.

mod breaker;
mod call;
mod connect;
mod error;
mod fields;
mod guard;
mod http1;
mod pool;
mod target;
mod tls;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

pub use self::{
    breaker::{Admission, Breaker, BreakerConfig, BreakerState},
    connect::{Resolve, Resolved, SystemResolver},
    error::{Blame, CallError},
    fields::{Fields, Lines},
    guard::{Guard, Refusal},
    target::{Target, TargetError},
    tls::{Roots, RootsError},
};
use self::{call::Attempt, pool::Pool};

/// What a client may do and how much it keeps.
#[derive(Debug, Clone)]
pub struct ClientConfig {
    /// Idle connections kept per host.
    pub max_idle_per_host: usize,
    /// How long an idle connection is used again; below what servers keep, so that the two do not race.
    pub idle_timeout: Duration,
    /// Time for the connection itself.
    pub connect_timeout: Duration,
    /// New connections per second and host; bursts of as many.
    pub connects_per_second: u32,
    /// Largest answer as it arrives, in bytes.
    pub max_response: usize,
    /// Largest answer once inflated, in bytes.
    pub max_inflated: usize,
    /// Most inflated bytes per compressed byte, beyond the first 64 KiB.
    pub max_ratio: u32,
    /// How long a late answer is read off the path, so that its connection can be used again.
    pub drain_limit: Duration,
    /// Late answers read at the same time, per host.
    pub max_drains_per_host: usize,
    /// Whether private and loopback addresses and any port may be called (local mode).
    pub allow_private: bool,
    /// Whether plain http may be called.
    pub allow_http: bool,
    /// Whose certificates are trusted; without, https is not called.
    pub roots: Option<Roots>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct OutRequest<'a> {
    /// The method.
    pub method: Method,
    /// Where to.
    pub target: &'a Target,
    /// Header fields; `Host`, `Content-Length` and `Accept-Encoding` are set here when absent.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// What all calls to a place have in common: their method and most of their header fields, written once.
#[derive(Debug)]
pub struct Template {
    method: Method,
    target: Target,
    /// The request line and the fields, as HTTP/1.1 has them.
    head: Vec<u8>,
    fields: Lines,
}

impl Template {
    /// Of calls that carry these fields; `Host` and `Accept-Encoding` are added when absent.
    #[must_use]
    pub fn new(method: Method, target: &Target, headers: HeaderMap) -> Self {
        let headers = complete(headers, target);
        let fields = Lines::of(&headers);
        let mut head = call::request_line(&method, target.path());
        head.extend_from_slice(fields.as_bytes());
        Self {
            method,
            target: target.clone(),
            head,
            fields,
        }
    }
}

/// What came back, within its limits and inflated.
#[derive(Debug, Clone)]
pub struct InResponse {
    /// The status; redirects are not followed.
    pub status: StatusCode,
    /// The header fields.
    pub headers: Fields,
    /// The body.
    pub body: Bytes,
    /// How long its parts took.
    pub timing: Timing,
}

/// How long the parts of a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// TCP's handshake, where the call made its connection: once to the host and back.
    pub handshake: Option<Duration>,
    /// From sending the request to the head of the answer.
    pub head: Duration,
}

/// Calls others over HTTP/1.1, or HTTP/2 where the target wants it. Cloning shares the pool; best made once per worker, so that connections
/// stay on their core. Must be used inside a tokio runtime.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    config: ClientConfig,
    guard: Guard,
    pool: Pool,
    resolver: Arc<dyn Resolve>,
    retries: Mutex<RetryBudget>,
}

/// Retries are at most a tenth of the calls: a failing host must not get twice the load.
struct RetryBudget {
    tenths: u32,
}

impl RetryBudget {
    const FULL: u32 = 100;

    fn earn(&mut self) {
        self.tenths = (self.tenths + 1).min(Self::FULL);
    }

    fn spend(&mut self) -> bool {
        match self.tenths.checked_sub(10) {
            Some(left) => {
                self.tenths = left;
                true
            }
            None => false,
        }
    }
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            max_idle_per_host: 64,
            idle_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_millis(50),
            connects_per_second: 200,
            max_response: 256 * 1024,
            max_inflated: 1024 * 1024,
            max_ratio: 100,
            drain_limit: Duration::from_millis(500),
            max_drains_per_host: 16,
            allow_private: false,
            allow_http: false,
            roots: None,
        }
    }
}

impl ClientConfig {
    /// The defaults with private addresses and plain http allowed: local mode, and our own services.
    #[must_use]
    pub fn local() -> Self {
        Self {
            allow_private: true,
            allow_http: true,
            ..Self::default()
        }
    }
}

impl Client {
    /// A client that asks the operating system for names.
    #[must_use]
    pub fn new(config: ClientConfig) -> Self {
        Self::with_resolver(config, Arc::new(SystemResolver))
    }

    /// A client with its own way of finding addresses.
    #[must_use]
    pub fn with_resolver(config: ClientConfig, resolver: Arc<dyn Resolve>) -> Self {
        let shared = Shared {
            guard: Guard {
                allow_private: config.allow_private,
                allow_http: config.allow_http,
            },
            pool: Pool::new(&config),
            resolver,
            retries: Mutex::new(RetryBudget {
                tenths: RetryBudget::FULL,
            }),
            config,
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// What this client may reach.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.shared.guard
    }

    /// Calls and waits for the whole answer, at most until `deadline`.
    ///
    /// Let the deadline pass rather than dropping the future: after the deadline the answer is read off
    /// the path and the connection is used again, while a dropped call closes its connection.
    ///
    /// # Errors
    /// [`CallError`], which says what failed and whose fault it is. A pooled connection that closed
    /// before one byte of the answer was read is replaced once, while half of the time is left.
    pub async fn send(
        &self,
        request: OutRequest<'_>,
        deadline: Instant,
    ) -> Result<InResponse, CallError> {
        let target = request.target.clone();
        self.call(outgoing(request, None), target, deadline).await
    }

    /// The same by a template, with `more` header fields and a body of this call alone.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_as(
        &self,
        template: &Arc<Template>,
        more: Lines,
        body: Bytes,
        deadline: Instant,
    ) -> Result<InResponse, CallError> {
        let request = call::Outgoing {
            start: call::Start::Template(Arc::clone(template), more),
            body,
            skims: None,
        };
        self.call(request, template.target.clone(), deadline).await
    }

    /// Calls for the status alone: of the answer's body at most `most` bytes are read, and none is kept. A longer
    /// one is left, and its connection with it.
    ///
    /// # Errors
    /// As [`Self::send`]; a body is never too large.
    pub async fn status_of(
        &self,
        request: OutRequest<'_>,
        most: usize,
        deadline: Instant,
    ) -> Result<StatusCode, CallError> {
        let target = request.target.clone();
        let request = outgoing(request, Some(most));
        let answer = self.call(request, target, deadline).await?;
        Ok(answer.status)
    }

    async fn call(
        &self,
        request: call::Outgoing,
        target: Target,
        deadline: Instant,
    ) -> Result<InResponse, CallError> {
        let started = Instant::now();
        self.shared.guard.check(&target)?;
        self.budget(RetryBudget::earn);
        let request = Arc::new(request);
        let first = Attempt::pooled(&self.shared, &target, deadline).await?;
        let was_pooled = first.is_pooled();
        let failed = match first.send(Arc::clone(&request), deadline).await {
            Err(failed) if was_pooled && failed.unanswered => failed,
            other => return other.map_err(|failed| failed.error),
        };
        let now = Instant::now();
        let half_left = deadline.saturating_duration_since(now) * 2
            >= deadline.saturating_duration_since(started);
        if !half_left || !self.budget(RetryBudget::spend) {
            return Err(failed.error);
        }
        let second = Attempt::fresh(&self.shared, &target, deadline).await?;
        second
            .send(request, deadline)
            .await
            .map_err(|failed| failed.error)
    }

    /// Idle connections to a host at this moment.
    #[must_use]
    pub fn idle_connections(&self, target: &Target) -> usize {
        self.shared.pool.idle(target)
    }

    fn budget<R>(&self, change: impl FnOnce(&mut RetryBudget) -> R) -> R {
        let mut retries = self
            .shared
            .retries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        change(&mut retries)
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

fn outgoing(request: OutRequest<'_>, skims: Option<usize>) -> call::Outgoing {
    call::Outgoing {
        start: call::Start::Whole(Box::new(call::Whole {
            method: request.method,
            path: request.target.path().clone(),
            headers: complete(request.headers, request.target),
        })),
        body: request.body,
        skims,
    }
}

fn complete(mut headers: HeaderMap, target: &Target) -> HeaderMap {
    if !headers.contains_key(header::HOST) {
        headers.insert(header::HOST, target.host_header().clone());
    }
    headers
        .entry(header::ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("gzip"));
    headers
}
