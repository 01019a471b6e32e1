//! One request, from its headers to its answer: the order of the checks is the order of their cost.

use std::{
    convert::Infallible,
    future::Future,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header, request::Parts};
use hyper::body::{Body, Incoming};

use super::{
    Admission, Class, Head, Limits, Request, Response, ShedReason,
    body::{self, BodyFault},
    form,
    overload::Overload,
    payload::Payload,
    request::{accepts_gzip, request_id},
    response,
    wire::{LengthHeader, WireState},
};
use crate::{
    ops::Ops, problem::Problem, runtime::panic_text, shutdown::Shutdown, trace::TraceParent,
};

/// How long, and how much of, a body is read only to keep the connection of a refused request.
const DISCARD_WAIT: Duration = Duration::from_millis(250);
const DISCARD_BYTES: usize = 64 * 1024;

/// Who answers what passes the checks: a handler of this core, or a router.
pub(super) trait Dispatch {
    fn dispatch(
        &self,
        request: Request,
        uri: Uri,
    ) -> impl Future<Output = hyper::Response<Payload>>;
    fn class(&self, method: &Method, path: &str) -> Class;
    fn admit(&self, class: Class, head: &Head<'_>) -> Admission;
    fn on_shed(&self, request: &HeaderMap, response: &mut Response);
    fn on_refused(&self, class: Class, request: &HeaderMap, response: &mut Response);
}

/// Where a listener's requests come in.
pub(super) struct Desk<D> {
    dispatch: D,
    limits: Limits,
    ops: Ops,
    listens_on_loopback: bool,
    overload: Arc<Overload>,
    /// Fires when the drain delay is over.
    closing: Shutdown,
}

impl<D: Dispatch> Desk<D> {
    pub(super) fn new(
        dispatch: D,
        limits: Limits,
        ops: Ops,
        listens_on_loopback: bool,
        closing: Shutdown,
    ) -> Self {
        let overload = Overload::new(limits.queue_target.0, ops.queue_age());
        Self {
            dispatch,
            limits,
            ops,
            listens_on_loopback,
            overload: Arc::new(overload),
            closing,
        }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn ops(&self) -> &Ops {
        &self.ops
    }

    pub(super) fn overload(&self) -> &Arc<Overload> {
        &self.overload
    }

    pub(super) fn closing(&self) -> &Shutdown {
        &self.closing
    }

    /// Answers one request and counts it.
    pub(super) async fn answer(
        &self,
        request: hyper::Request<Incoming>,
        peer: SocketAddr,
        wire: Arc<WireState>,
        length: LengthHeader,
    ) -> Result<hyper::Response<Payload>, Infallible> {
        let began = Instant::now();
        let (head, body) = request.into_parts();
        let closes = form::closes(&head, length);
        let is_old = head.version == Version::HTTP_10;
        let class = self.dispatch.class(&head.method, head.uri.path());
        let mut response = match form::check(&head, length) {
            Ok(()) => self.admit(head, body, class, peer, began, &wire).await,
            Err(fault) => {
                wire.linger();
                closed(malformed(fault)).map(Payload::Full)
            }
        };
        if closes || self.closing.is_fired() {
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        if is_old {
            // Else hyper adds its `keep-alive` to what an old client asked for.
            *response.version_mut() = Version::HTTP_10;
        }
        wire.request_ended();
        self.ops.count(class, response.status(), began.elapsed());
        Ok(response)
    }

    async fn admit(
        &self,
        head: Parts,
        body: Incoming,
        class: Class,
        peer: SocketAddr,
        began: Instant,
        wire: &WireState,
    ) -> hyper::Response<Payload> {
        if let Some(answer) = self.ops.answer(&head, self.listens_on_loopback) {
            return self.refuse(answer, body, wire).await;
        }
        // The caller first: what is beyond its own share must not count as everybody's overload (R24).
        let (caller, _quota) = match self.dispatch.admit(class, &as_head(&head, peer)) {
            Admission::Open => (None, None),
            Admission::Caller(number, place) => (Some(number), Some(place)),
            Admission::Refused(answer) => return self.refuse(*answer, body, wire).await,
            Admission::Shed(reason) => {
                return self.turn_away(&head, class, reason, body, wire).await;
            }
        };
        if class == Class::Bid && self.overload.sheds(began) {
            return self
                .turn_away(&head, class, ShedReason::Queue, body, wire)
                .await;
        }
        let gate = self.ops.gate();
        if gate.is_full(class, &self.limits) {
            return self
                .turn_away(&head, class, ShedReason::InFlight, body, wire)
                .await;
        }
        let body = match self.read(&head, class, body, wire).await {
            Ok(body) => body,
            Err(answer) => return answer.map(Payload::Full),
        };
        // A place is for what has come: who sends slowly holds none that others need (R27).
        let Some(_place) = gate.enter(class, &self.limits) else {
            let shed = self.shed(&head, class, ShedReason::InFlight);
            return shed.map(Payload::Full);
        };
        if class == Class::Bid && !self.overload.is_begun().await {
            let shed = self.shed(&head, class, ShedReason::Queue);
            return shed.map(Payload::Full);
        }
        self.handle(head, body, class, (peer, caller), began).await
    }

    async fn turn_away(
        &self,
        head: &Parts,
        class: Class,
        reason: ShedReason,
        body: Incoming,
        wire: &WireState,
    ) -> hyper::Response<Payload> {
        self.refuse(self.shed(head, class, reason), body, wire)
            .await
    }

    /// The whole body, inflated; or the answer that refuses it.
    async fn read(
        &self,
        head: &Parts,
        class: Class,
        body: Incoming,
        wire: &WireState,
    ) -> Result<Bytes, Response> {
        if body.is_end_stream() {
            return Ok(Bytes::new());
        }
        let refused = |mut answer: Response| {
            self.dispatch.on_refused(class, &head.headers, &mut answer);
            answer
        };
        // Before the first read: that is what sends `100 Continue` (R38).
        if body.size_hint().lower() > self.limits.max_body.0 {
            wire.linger();
            return Err(refused(too_large()));
        }
        let Some(packed) = is_packed(&head.headers) else {
            let answer = Problem::unsupported_media_type().detail("content encoding");
            return Err(refused(self.keep(answer.into_response(), body, wire).await));
        };
        let arrived = body::read(body, &self.limits, self.ops.gate().arriving()).await;
        let whole = if packed {
            arrived.and_then(|body| body::inflate_request(&body, &self.limits))
        } else {
            arrived
        };
        whole.map_err(|fault| {
            if fault != BodyFault::NotGzip {
                wire.linger();
            }
            match refusal(fault) {
                Some(answer) => refused(answer),
                None => closed(self.shed(head, class, ShedReason::Arriving)),
            }
        })
    }

    async fn handle(
        &self,
        head: Parts,
        body: Bytes,
        class: Class,
        (peer, caller): (SocketAddr, Option<usize>),
        began: Instant,
    ) -> hyper::Response<Payload> {
        let gzips = self.limits.gzip_above.0 > 0 && accepts_gzip(&head.headers);
        let sent_id = request_id(&head.headers);
        let request_id = match class {
            Class::Api => Some(sent_id.unwrap_or_else(fresh_request_id)),
            Class::Bid | Class::Notice | Class::Ops => sent_id,
        };
        let echoed = request_id.clone();
        let request = Request {
            path: head.uri.path().to_owned(),
            query: head.uri.query().map(str::to_owned),
            trace: TraceParent::of(&head.headers),
            method: head.method,
            headers: head.headers,
            peer,
            body,
            received: began.checked_sub(self.overload.waited()).unwrap_or(began),
            caller,
            request_id,
        };
        let handled = AssertUnwindSafe(self.dispatch.dispatch(request, head.uri))
            .catch_unwind()
            .await;
        let mut response = handled.unwrap_or_else(|panic| {
            self.ops.panicked();
            tracing::error!("a request panicked: {}", panic_text(&*panic));
            internal_fault(class).map(Payload::Full)
        });
        if let Some(id) = echoed.and_then(|id| HeaderValue::try_from(id).ok()) {
            response.headers_mut().entry("x-request-id").or_insert(id);
        }
        if !gzips {
            return response;
        }
        let (parts, payload) = response.into_parts();
        match payload {
            Payload::Full(body) => {
                let whole = hyper::Response::from_parts(parts, body);
                response::gzip(whole, self.limits.gzip_above.0).map(Payload::Full)
            }
            stream @ (Payload::Router(_) | Payload::Events(..)) => {
                hyper::Response::from_parts(parts, stream)
            }
        }
    }

    /// The answer to a request that is turned away before it is read (R22).
    fn shed(&self, head: &Parts, class: Class, reason: ShedReason) -> Response {
        self.ops.shed(reason);
        let mut response = match class {
            Class::Bid => response::shed(self.limits.shed_status, reason),
            Class::Notice | Class::Ops | Class::Api => {
                let busy = Problem::unavailable(1).detail("the service is at its limit");
                response::with_shed_reason(busy.into_response(), reason)
            }
        };
        self.dispatch.on_shed(&head.headers, &mut response);
        response
    }

    async fn refuse(
        &self,
        answer: Response,
        body: Incoming,
        wire: &WireState,
    ) -> hyper::Response<Payload> {
        self.keep(answer, body, wire).await.map(Payload::Full)
    }

    /// Reads what is left of a small body, so that the connection can be used again (C-4).
    async fn keep(&self, answer: Response, body: Incoming, wire: &WireState) -> Response {
        let all = body.size_hint().lower() <= DISCARD_BYTES as u64
            && body::discard(body, DISCARD_BYTES, DISCARD_WAIT).await;
        if all {
            answer
        } else {
            wire.linger();
            closed(answer)
        }
    }
}

fn as_head(head: &Parts, peer: SocketAddr) -> Head<'_> {
    Head {
        method: &head.method,
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
        peer,
    }
}

/// Whether the body is gzip; none for an encoding that is not spoken here (C-7).
fn is_packed(headers: &HeaderMap) -> Option<bool> {
    let mut codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let Some(first) = codings.next() else {
        return Some(false);
    };
    if codings.next().is_some() {
        return None;
    }
    let coding = first.as_bytes().trim_ascii();
    if coding.eq_ignore_ascii_case(b"gzip") || coding.eq_ignore_ascii_case(b"x-gzip") {
        Some(true)
    } else {
        coding.eq_ignore_ascii_case(b"identity").then_some(false)
    }
}

/// The answer to a body that nothing can be made of; none where nothing is wrong with it.
fn refusal(fault: BodyFault) -> Option<Response> {
    let answer = match fault {
        BodyFault::Crowded => return None,
        BodyFault::TooLarge => too_large(),
        BodyFault::TooSlow => closed(
            Problem::new(
                StatusCode::REQUEST_TIMEOUT,
                "body_too_slow",
                "The body did not arrive in time",
            )
            .into_response(),
        ),
        BodyFault::Broken => closed(malformed("the body's framing is broken")),
        BodyFault::NotGzip => Problem::new(
            StatusCode::BAD_REQUEST,
            "not_gzip",
            "The body is not the gzip that it claims to be",
        )
        .into_response(),
    };
    Some(answer)
}

fn too_large() -> Response {
    closed(
        Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            "The body is too large",
        )
        .into_response(),
    )
}

fn malformed(fault: &str) -> Response {
    Problem::new(
        StatusCode::BAD_REQUEST,
        "malformed_http",
        "Not a well-formed HTTP request",
    )
    .detail(fault)
    .into_response()
}

/// A fault of ours in one request (R47): to a bid caller it is a no-bid.
fn internal_fault(class: Class) -> Response {
    match class {
        Class::Bid => super::no_content(),
        Class::Notice | Class::Ops | Class::Api => Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "A fault of ours",
        )
        .into_response(),
    }
}

fn closed(mut response: Response) -> Response {
    response
        .headers_mut()
        .insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

fn fresh_request_id() -> String {
    crate::trace::TraceId(crate::clock::random_bytes()).to_string()
}
