//! One attempt on one connection; what misses its deadline is finished off the path.

use std::{future::Future, pin::Pin, sync::Arc, time::Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};
use http_body_util::Full;
use hyper::client::conn::http2::SendRequest;

use super::{
    CallError, ClientConfig, Fields, InResponse, Lines, Shared, Target, Template, Timing,
    connect::{Connection, Sender, connect},
    http1::Arrived,
    pool::{Drain, Pool},
};
use crate::http::{GatherFault, InflateError, gather, inflate};

pub(super) struct Outgoing {
    pub(super) start: Start,
    pub(super) body: Bytes,
    /// Only the status of the answer is wanted: so many bytes of its body are read, and none is kept.
    pub(super) skims: Option<usize>,
}

/// All of a call but its body.
pub(super) enum Start {
    /// Its own. Boxed, as calls of many at once have the other.
    Whole(Box<Whole>),
    /// What its template has, and further fields.
    Template(Arc<Template>, Lines),
}

/// The first line and the fields of a call that has no template.
pub(super) struct Whole {
    pub(super) method: Method,
    pub(super) path: Uri,
    pub(super) headers: HeaderMap,
}

impl Start {
    pub(super) fn method(&self) -> &Method {
        match self {
            Self::Whole(whole) => &whole.method,
            Self::Template(template, _) => &template.method,
        }
    }

    /// The request line and the fields, as HTTP/1.1 has them, without what says where the body ends.
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Self::Whole(whole) => {
                out.append(&mut request_line(&whole.method, &whole.path));
                out.extend_from_slice(Lines::of(&whole.headers).as_bytes());
            }
            Self::Template(template, more) => {
                out.extend_from_slice(&template.head);
                out.extend_from_slice(more.as_bytes());
            }
        }
    }

    fn headers(&self) -> HeaderMap {
        match self {
            Self::Whole(whole) => whole.headers.clone(),
            Self::Template(template, more) => {
                let mut headers = HeaderMap::with_capacity(8);
                template.fields.append_to(&mut headers);
                more.append_to(&mut headers);
                headers
            }
        }
    }
}

/// The first line of a request.
pub(super) fn request_line(method: &Method, path: &Uri) -> Vec<u8> {
    let path = path.path_and_query().map_or("/", |path| path.as_str());
    [method.as_str(), " ", path, " HTTP/1.1\r\n"]
        .concat()
        .into_bytes()
}

impl Outgoing {
    /// What becomes of an answer whose body is larger than allowed.
    pub(super) fn too_large(&self) -> Result<Bytes, CallError> {
        match self.skims {
            Some(_) => Ok(Bytes::new()),
            None => Err(CallError::TooLarge),
        }
    }
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
        if let Some(connection) = shared.pool.take(target) {
            return Ok(Self::on(shared, target, connection, true));
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
                    Pool::give_back(shared, target, further);
                }
                Ok(Self::on(shared, target, connection, false))
            }
            Err(_late) => {
                if let Some(drain) = Drain::begin(shared, target) {
                    let (shared, target) = (Arc::clone(shared), target.clone());
                    tokio::spawn(async move {
                        if let Ok(connection) = work.await {
                            Pool::give_back(&shared, &target, connection);
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
        request: Arc<Outgoing>,
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

    async fn run(mut self, request: Arc<Outgoing>) -> Result<InResponse, Failed> {
        let config = &self.shared.config;
        let most = request.skims.unwrap_or(config.max_response);
        let arrived = match &mut self.connection.sender {
            Sender::Http1(connection) => connection.call(&request, most).await?,
            // Boxed, as calls of HTTP/1.1 would carry its room along.
            Sender::Http2(sender) => {
                Box::pin(by_http2(sender, &request, &self.target, most)).await?
            }
        };
        let failed = |error| Failed {
            error,
            unanswered: false,
        };
        // An encoding that cannot be used ends its connection: the host does not do as it is asked.
        let body = match request.skims {
            Some(_) => Bytes::new(),
            None => plain(&arrived, config).map_err(failed)?,
        };
        let timing = Timing {
            handshake: (!self.pooled).then_some(self.connection.handshake),
            head: arrived.head,
        };
        if arrived.is_reusable {
            Pool::give_back(&self.shared, &self.target, self.connection);
        }
        Ok(InResponse {
            status: arrived.status,
            headers: arrived.headers,
            body,
            timing,
        })
    }
}

async fn by_http2(
    sender: &mut SendRequest<Full<Bytes>>,
    request: &Outgoing,
    target: &Target,
    most: usize,
) -> Result<Arrived, Failed> {
    let mut outgoing = http::Request::new(Full::new(request.body.clone()));
    *outgoing.method_mut() = request.start.method().clone();
    *outgoing.uri_mut() = target.whole().unwrap_or(target.path()).clone();
    *outgoing.headers_mut() = request.start.headers();
    // It is in the URL.
    outgoing.headers_mut().remove(header::HOST);
    let began = Instant::now();
    let broken = |error: hyper::Error| Failed {
        // Others read on the connection, too; a call that was never sent says so itself.
        unanswered: error.is_canceled(),
        error: broken(error),
    };
    sender.ready().await.map_err(broken)?;
    let response = sender.send_request(outgoing).await.map_err(broken)?;
    let head = began.elapsed();
    let (parts, body) = response.into_parts();
    let body = match gather(body, most, |_| Ok(())).await {
        Ok(body) => body,
        Err(GatherFault::TooLarge) => request.too_large().map_err(|error| Failed {
            error,
            unanswered: false,
        })?,
        Err(GatherFault::Broken(error)) => return Err(broken(error)),
    };
    Ok(Arrived {
        status: parts.status,
        headers: Fields::of_map(&parts.headers),
        body,
        head,
        is_reusable: true,
    })
}

/// The body as it was before it was packed.
fn plain(arrived: &Arrived, config: &ClientConfig) -> Result<Bytes, CallError> {
    if !is_packed(&arrived.headers)? || arrived.body.is_empty() {
        return Ok(arrived.body.clone());
    }
    match inflate(&arrived.body, config.max_inflated, config.max_ratio) {
        Ok(plain) => Ok(Bytes::from(plain)),
        Err(InflateError::TooLarge) => Err(CallError::TooLarge),
        Err(InflateError::Invalid) => Err(CallError::Encoding),
    }
}

fn is_packed(headers: &Fields) -> Result<bool, CallError> {
    let mut codings = headers.all(&header::CONTENT_ENCODING);
    let Some(coding) = codings.next() else {
        return Ok(false);
    };
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
        CallError::Protocol(error.into())
    } else {
        CallError::Closed
    }
}
