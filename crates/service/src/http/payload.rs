//! The body of an answer: whole, or a stream that ends with the service.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::header;
use http_body_util::Full;
use hyper::body::{Body, Frame, SizeHint};

use crate::shutdown::Shutdown;

/// What hyper is given to send.
pub(super) enum Payload {
    /// All at once.
    Full(Full<Bytes>),
    /// A router's body.
    Router(axum::body::Body),
    /// Server-sent events: without an end of their own, so the drain ends them.
    Events(axum::body::Body, Pin<Box<dyn Future<Output = ()> + Send>>),
}

impl Payload {
    /// A router's answer; event streams end when `shutdown` fires.
    pub(super) fn of_router(
        response: axum::response::Response,
        shutdown: &Shutdown,
    ) -> hyper::Response<Self> {
        let is_events = response
            .headers()
            .get(header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"));
        response.map(|body| {
            if is_events {
                let shutdown = shutdown.clone();
                Self::Events(body, Box::pin(async move { shutdown.fired().await }))
            } else {
                Self::Router(body)
            }
        })
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        match self.get_mut() {
            Self::Full(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never| match never {}),
            Self::Router(body) => Pin::new(body).poll_frame(cx),
            Self::Events(body, end) => match end.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => Pin::new(body).poll_frame(cx),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(body) => body.is_end_stream(),
            Self::Router(body) | Self::Events(body, _) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(body) => body.size_hint(),
            Self::Router(body) | Self::Events(body, _) => body.size_hint(),
        }
    }
}
