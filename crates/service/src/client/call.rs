//! One attempt on one connection; what misses its deadline is finished off the path.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use http_body_util::Full;
use hyper::body::Incoming;

use super::{
    CallError, ClientConfig, InResponse, Shared, Target, Timing,
    connect::{Connection, Sender, connect},
    pool::Drain,
};
use crate::http::{GatherFault, InflateError, gather, inflate};

#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A connection taken for one call.
pub(super) struct Attempt {
    shared: Arc<Shared>,
    target: Target,
    connection: Connection,
    pooled: bool,
}

/// Why an attempt failed, and whether nothing of an answer had been read.
pub(super) struct Failed {
    pub(super) error: CallError,
    pub(super) unanswered: bool,
}

type Work<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl Attempt {
    /// On a pooled connection when there is a live one, else on a new one.
    pub(super) async fn pooled(
        shared: &Arc<Shared>,
        target: &Target,
        deadline: Instant,
    ) -> Result<Self, CallError> {
        while let Some(mut connection) = shared.pool.take(target) {
            // The connection's own task may not have seen the end of its last answer yet.
            let ready = tokio::time::timeout_at(deadline.into(), connection.sender.ready());
            match ready.await {
                Ok(Ok(())) => return Ok(Self::on(shared, target, connection, true)),
                Ok(Err(_closed)) => {}
                Err(_late) => return Err(CallError::Timeout),
            }
        }
        Self::fresh(shared, target, deadline).await
    }

    /// On a new connection. One that is made too late for this call goes to the pool.
    pub(super) async fn fresh(
        shared: &Arc<Shared>,
        target: &Target,
        deadline: Instant,
    ) -> Result<Self, CallError> {
        if Instant::now() >= deadline {
            return Err(CallError::Timeout);
        }
        if !shared.pool.may_connect(target) {
            return Err(CallError::ConnectLimited);
        }
        let mut work: Work<_> = Box::pin(connect(Arc::clone(shared), target.clone()));
        match tokio::time::timeout_at(deadline.into(), work.as_mut()).await {
            Ok(connected) => {
                let connection = connected?;
                if let Some(further) = connection.share() {
                    shared.pool.give_back(target, further);
                }
                Ok(Self::on(shared, target, connection, false))
            }
            Err(_late) => {
                if let Some(drain) = Drain::begin(shared, target) {
                    let (shared, target) = (Arc::clone(shared), target.clone());
                    tokio::spawn(async move {
                        if let Ok(connection) = work.await {
                            shared.pool.give_back(&target, connection);
                        }
                        drop(drain);
                    });
                }
                Err(CallError::Timeout)
            }
        }
    }

    fn on(shared: &Arc<Shared>, target: &Target, connection: Connection, pooled: bool) -> Self {
        Self {
            shared: Arc::clone(shared),
            target: target.clone(),
            connection,
            pooled,
        }
    }

    pub(super) fn is_pooled(&self) -> bool {
        self.pooled
    }

    /// Sends and reads the whole answer until `deadline`.
    pub(super) async fn send(
        self,
        request: Outgoing,
        deadline: Instant,
    ) -> Result<InResponse, Failed> {
        let (shared, target) = (Arc::clone(&self.shared), self.target.clone());
        let limit = shared.config.drain_limit;
        let is_exclusive = matches!(self.connection.sender, Sender::Http1(_));
        let mut work: Work<_> = Box::pin(self.run(request));
        match tokio::time::timeout_at(deadline.into(), work.as_mut()).await {
            Ok(outcome) => outcome,
            Err(_late) => {
                // The answer belongs to nobody any more; read to its end, its connection is usable. One
                // of HTTP/2 is usable without that.
                if is_exclusive && let Some(drain) = Drain::begin(&shared, &target) {
                    tokio::spawn(async move {
                        let _answer = tokio::time::timeout(limit, work).await;
                        drop(drain);
                    });
                }
                Err(Failed {
                    error: CallError::Timeout,
                    unanswered: false,
                })
            }
        }
    }

    async fn run(mut self, request: Outgoing) -> Result<InResponse, Failed> {
        let read_before = self.connection.read.load(Relaxed);
        let mut outgoing = http::Request::new(Full::new(request.body));
        *outgoing.method_mut() = request.method;
        *outgoing.uri_mut() = request.uri;
        *outgoing.headers_mut() = request.headers;
        let by_http2 = matches!(self.connection.sender, Sender::Http2(_));
        if let Some(whole) = self.target.whole().filter(|_| by_http2) {
            *outgoing.uri_mut() = whole.clone();
            // It is in the URL.
            outgoing.headers_mut().remove(header::HOST);
        }
        let began = Instant::now();
        let response = match self.connection.sender.send(outgoing).await {
            Ok(response) => response,
            Err(error) => {
                let unanswered = if by_http2 {
                    // Others read on it, too; a call that was never sent says so itself.
                    error.is_canceled()
                } else {
                    self.connection.read.load(Relaxed) == read_before
                };
                return Err(Failed {
                    error: broken(error),
                    unanswered,
                });
            }
        };
        let timing = Timing {
            handshake: (!self.pooled).then_some(self.connection.handshake),
            head: began.elapsed(),
        };
        let outcome = receive(response, &self.shared.config, timing).await;
        match outcome {
            Ok(answer) => {
                self.shared.pool.give_back(&self.target, self.connection);
                Ok(answer)
            }
            // Dropping the connection closes it: what is left on it belongs to nobody.
            Err(error) => Err(Failed {
                error,
                unanswered: false,
            }),
        }
    }
}

async fn receive(
    response: http::Response<Incoming>,
    config: &ClientConfig,
    timing: Timing,
) -> Result<InResponse, CallError> {
    let (head, body) = response.into_parts();
    let packed = is_packed(&head.headers)?;
    let raw = match gather(body, config.max_response).await {
        Ok(raw) => raw,
        Err(GatherFault::TooLarge) => return Err(CallError::TooLarge),
        Err(GatherFault::Broken(error)) => return Err(broken(error)),
    };
    let body = if packed && !raw.is_empty() {
        match inflate(&raw, config.max_inflated, config.max_ratio) {
            Ok(plain) => Bytes::from(plain),
            Err(InflateError::TooLarge) => return Err(CallError::TooLarge),
            Err(InflateError::Invalid) => return Err(CallError::Encoding),
        }
    } else {
        raw
    };
    Ok(InResponse {
        status: head.status,
        headers: head.headers,
        body,
        timing,
    })
}

fn is_packed(headers: &HeaderMap) -> Result<bool, CallError> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(coding) = codings.next() else {
        return Ok(false);
    };
    let coding = coding.as_bytes().trim_ascii();
    if codings.next().is_some() {
        Err(CallError::Encoding)
    } else if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        Ok(true)
    } else if coding.is_empty() || coding.eq_ignore_ascii_case(b"identity") {
        Ok(false)
    } else {
        Err(CallError::Encoding)
    }
}

fn broken(error: hyper::Error) -> CallError {
    if error.is_parse() || error.is_user() {
        CallError::Protocol(error)
    } else {
        CallError::Closed
    }
}
