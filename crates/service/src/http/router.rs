//! The same front for an axum router: control plane and DMP management.

use std::{convert::Infallible, io, sync::Arc};

use axum::{Router, extract::ConnectInfo};
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::{
    Admission, Class, Head, Limits, Listener, Request,
    intake::{Desk, Dispatch},
    payload::Payload,
    serve::{Accept, connection, drain},
};
use crate::{ops::Ops, shutdown::Shutdown};

/// Serves a router behind the same limits, drain and operations routes as [`super::serve()`]; runs on
/// any runtime. Handlers may take `ConnectInfo<SocketAddr>`. Event streams end when the drain begins.
///
/// # Errors
/// When the listener cannot be given to the runtime.
pub async fn serve_axum(
    listener: impl Into<Listener>,
    router: Router,
    limits: &Limits,
    shutdown: Shutdown,
    ops: Ops,
) -> io::Result<()> {
    let listener = listener.into().accepting()?;
    let (ending, closing) = Shutdown::new();
    let routed = Routed {
        router,
        closing: closing.clone(),
    };
    let loopback = listener.is_loopback()?;
    let desk = Arc::new(Desk::new(routed, limits.clone(), ops, loopback, closing));
    let accept = Accept {
        listener: &listener,
        limits,
        shutdown: &shutdown,
        ops: desk.ops(),
        overload: desk.overload(),
    };
    let spawn = |set: &mut JoinSet<()>, stream, peer, place| {
        let desk = Arc::clone(&desk);
        set.spawn(async move { connection(stream, peer, place, &*desk).await });
    };
    let _watching = accept.watch();
    let open = accept.run(spawn).await;
    drop(listener);
    ending.fire();
    drain(open, limits).await;
    Ok(())
}

struct Routed {
    router: Router,
    closing: Shutdown,
}

impl Dispatch for Routed {
    async fn dispatch(&self, request: Request, uri: http::Uri) -> hyper::Response<Payload> {
        let mut onward = axum::extract::Request::new(axum::body::Body::from(request.body));
        *onward.method_mut() = request.method;
        *onward.uri_mut() = uri;
        *onward.headers_mut() = request.headers;
        onward.extensions_mut().insert(ConnectInfo(request.peer));
        let answered: Result<_, Infallible> = self.router.clone().oneshot(onward).await;
        match answered {
            Ok(response) => Payload::of_router(response, &self.closing),
        }
    }

    fn class(&self, _method: &http::Method, _path: &str) -> Class {
        Class::Api
    }

    fn admit(&self, _class: Class, _head: &Head<'_>) -> Admission {
        Admission::Open
    }

    fn on_shed(&self, _request: &http::HeaderMap, _response: &mut super::Response) {}

    fn on_refused(
        &self,
        _class: Class,
        _request: &http::HeaderMap,
        _response: &mut super::Response,
    ) {
    }
}
