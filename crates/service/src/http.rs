//! HTTP in: hyper's HTTP/1.1 under our limits, the same for every service.
//!
//! A request reaches a [`Handler`] with its body read, inflated and within its limits. What is
//! malformed, too large, too slow or too much is answered before that.

mod admission;
mod body;
mod form;
mod gate;
mod inflate;
mod intake;
mod limits;
mod listener;
mod moment;
mod overload;
mod payload;
mod request;
mod response;
mod router;
mod serve;
mod waiting;
mod wire;

use std::{future::Future, rc::Rc, sync::Arc};

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

pub use self::{
    admission::{Admission, Head, ShedReason},
    gate::Gate,
    inflate::{InflateError, inflate},
    limits::{Limits, ShedStatus},
    listener::Listener,
    request::{Request, percent_decode, query_names, query_param},
    response::{
        Response, gif, html, json, method_not_allowed, no_content, packed, problem, redirect, shed,
        status, text, with_type,
    },
    router::serve_axum,
    serve::serve,
};
pub(crate) use self::{
    body::{GatherFault, gather},
    gate::Gauges,
};

/// What kind of call a request is: it decides who waits and who is turned away under overload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// A bid request or an auction: shed first, with 204 (or 503), because it is worthless when late.
    Bid,
    /// A notice or a tracker: money hangs on it, so it has a reserved share.
    Notice,
    /// Health, metrics and the like: has a reserved share.
    Ops,
    /// Everything else: refused with 503 and `Retry-After` when the service is full.
    Api,
}

/// What a server does with a request. Lives on one core, so its futures need not be `Send`.
///
/// A future may be dropped at any `await` when the caller goes away; what must not be lost is handed
/// to a task first.
pub trait Handler {
    /// Answers one request.
    fn handle(&self, request: Request) -> impl Future<Output = Response>;

    /// What kind of call this is; asked before the body is read.
    fn class(&self, method: &Method, path: &str) -> Class {
        let _ = (method, path);
        Class::Api
    }

    /// Whether the caller is let in; asked before the body is read and before the service's own limits.
    fn admit(&self, class: Class, head: &Head<'_>) -> Admission {
        let _ = (class, head);
        Admission::Open
    }

    /// Adds to the answer of a request that was shed before it was read (such as CORS headers).
    fn on_shed(&self, request: &HeaderMap, response: &mut Response) {
        let _ = (request, response);
    }

    /// Adds to the answer of a request whose body cannot be taken (such as CORS headers).
    fn on_refused(&self, class: Class, request: &HeaderMap, response: &mut Response) {
        let _ = (class, request, response);
    }
}

impl<H: Handler> Handler for Rc<H> {
    fn handle(&self, request: Request) -> impl Future<Output = Response> {
        H::handle(self, request)
    }
    fn class(&self, method: &Method, path: &str) -> Class {
        H::class(self, method, path)
    }
    fn admit(&self, class: Class, head: &Head<'_>) -> Admission {
        H::admit(self, class, head)
    }
    fn on_shed(&self, request: &HeaderMap, response: &mut Response) {
        H::on_shed(self, request, response);
    }
    fn on_refused(&self, class: Class, request: &HeaderMap, response: &mut Response) {
        H::on_refused(self, class, request, response);
    }
}

impl<H: Handler> Handler for Arc<H> {
    fn handle(&self, request: Request) -> impl Future<Output = Response> {
        H::handle(self, request)
    }
    fn class(&self, method: &Method, path: &str) -> Class {
        H::class(self, method, path)
    }
    fn admit(&self, class: Class, head: &Head<'_>) -> Admission {
        H::admit(self, class, head)
    }
    fn on_shed(&self, request: &HeaderMap, response: &mut Response) {
        H::on_shed(self, request, response);
    }
    fn on_refused(&self, class: Class, request: &HeaderMap, response: &mut Response) {
        H::on_refused(self, class, request, response);
    }
}
