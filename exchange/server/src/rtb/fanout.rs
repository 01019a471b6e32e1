//! The one wait of an auction: every DSP asked at once, one deadline for all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use contracts::access::PARTNER_KEY_HEADER;
use contracts::catalog::OpenRtbVersion;
use exchange_core::auction::{Plan, Reached, Reply};
use futures_util::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use service::client::{CallError, Client, OutRequest};
use units::AuctionId;

use crate::exchange::InForce;
use crate::rtb::partners::Partner;
use crate::upstream::Upstream;

/// What one DSP answered, and how long it took.
pub(crate) struct Heard {
    pub(crate) ask: usize,
    pub(crate) partner: Arc<Partner>,
    pub(crate) took: Duration,
    said: Said,
}

enum Said {
    Body(Bytes),
    NoContent,
    TimedOut,
    Shed,
    Failed,
}

impl Heard {
    /// The reply as settling takes it.
    pub(crate) fn reply(&self) -> Reply<'_> {
        Reply {
            ask: self.ask,
            reached: match &self.said {
                Said::Body(body) => Reached::Body(body),
                Said::NoContent => Reached::NoContent,
                Said::TimedOut => Reached::TimedOut,
                Said::Shed => Reached::Shed,
                Said::Failed => Reached::Failed,
            },
        }
    }
}

/// Asks everybody in the plan and waits until all have answered or their time is over. A slow or dead DSP
/// takes no more than its own part: late answers are read off the path by the client.
pub(crate) async fn ask(
    upstream: &Upstream,
    in_force: &InForce,
    plan: &mut Plan<'_>,
    started: Instant,
) -> Vec<Heard> {
    let bodies: Vec<Bytes> = std::mem::take(&mut plan.bodies)
        .into_iter()
        .map(Bytes::from)
        .collect();
    let parent = traceparent(plan.auction);
    let calls = plan.asks.iter().enumerate().filter_map(|(index, ask)| {
        let partner = in_force.partners.get(ask.partner)?;
        let version = in_force.market.partners.get(ask.partner)?.openrtb_version;
        let body = bodies.get(ask.body)?.clone();
        let mut headers = headers(version, parent.as_ref());
        if let Some(key) = &partner.key {
            headers.insert(HeaderName::from_static(PARTNER_KEY_HEADER), key.clone());
        }
        let deadline = started + Duration::from_millis(u64::from(ask.budget_ms));
        Some(async move {
            let began = Instant::now();
            let said = call(upstream.of(Some(partner)), partner, headers, body, deadline).await;
            Heard {
                ask: index,
                partner: Arc::clone(partner),
                took: began.elapsed(),
                said,
            }
        })
    });
    join_all(calls).await
}

async fn call(
    client: &Client,
    partner: &Partner,
    headers: HeaderMap,
    body: Bytes,
    deadline: Instant,
) -> Said {
    let Some(target) = &partner.target else {
        return Said::Failed;
    };
    let request = OutRequest {
        method: Method::POST,
        target,
        headers,
        body,
    };
    match client.send(request, deadline).await {
        Ok(answer) if answer.status == StatusCode::OK && !answer.body.is_empty() => {
            Said::Body(answer.body)
        }
        Ok(answer) if matches!(answer.status, StatusCode::OK | StatusCode::NO_CONTENT) => {
            if answer.headers.contains_key("x-shed-reason") {
                Said::Shed
            } else {
                Said::NoContent
            }
        }
        Ok(_) => Said::Failed,
        Err(CallError::Timeout) => Said::TimedOut,
        Err(error) => {
            tracing::debug!(dsp = %partner.id, %error, "no answer");
            Said::Failed
        }
    }
}

fn headers(version: OpenRtbVersion, parent: Option<&HeaderValue>) -> HeaderMap {
    const VERSION: HeaderName = HeaderName::from_static("x-openrtb-version");
    const PARENT: HeaderName = HeaderName::from_static("traceparent");
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(
        VERSION,
        HeaderValue::from_static(match version {
            OpenRtbVersion::V25 => "2.5",
            OpenRtbVersion::V26 => "2.6",
        }),
    );
    if let Some(parent) = parent {
        headers.insert(PARENT, parent.clone());
    }
    headers
}

/// The trace id of an auction is its auction id; its random half names our span.
fn traceparent(auction: AuctionId) -> Option<HeaderValue> {
    let bytes = auction.as_bytes();
    let span: [u8; 8] = bytes.last_chunk().copied()?;
    let parent = service::trace::TraceParent {
        trace_id: service::trace::TraceId(*bytes),
        parent_id: span,
        sampled: false,
    };
    HeaderValue::try_from(parent.to_string()).ok()
}
