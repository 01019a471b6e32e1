//! Win and loss notices of our own auctions: a bounded queue per DSP in memory, retried, never on the path.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contracts::notice::Device;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use service::client::{CallError, Client, OutRequest, Target};
use service::clock;
use tokio::sync::{Semaphore, mpsc};
use units::{AuctionId, PartnerId};

use crate::exchange::{Exchange, within};
use crate::rtb::partners::Partner;
use crate::rtb::records::NoticeRecord;
use crate::upstream::Upstream;

/// One notice to be called.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) auction: AuctionId,
    pub(crate) partner: Arc<Partner>,
    pub(crate) kind: &'static str,
    pub(crate) imp: String,
    pub(crate) url: String,
    /// Of an auction that is run and counts for nothing.
    pub(crate) test: bool,
    pub(crate) device: Device,
}

/// The outcome of a notice whose URL is none of its DSP's (S8).
pub(super) const REFUSED_HOST: &str = "refused_host";
/// The outcome of a notice that its DSP took.
const SENT: &str = "sent";
/// What is read of an answer's body, so that its connection can be used again (S8).
const MOST_READ: usize = 4 * 1024;
/// Calls to one DSP under way at the same time.
const AT_ONCE: usize = 16;
/// Pauses before each repetition.
const PAUSES_MS: [u64; 3] = [100, 500, 2_000];

/// This worker's queues, one per DSP.
pub(crate) struct Calls {
    exchange: Arc<Exchange>,
    upstream: Upstream,
    most: usize,
    queues: RefCell<HashMap<PartnerId, mpsc::Sender<Call>>>,
}

impl Calls {
    pub(crate) fn new(exchange: &Arc<Exchange>, upstream: &Upstream) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            upstream: upstream.clone(),
            most: (exchange.config.notice_queue / exchange.config.worker_count()).max(1),
            queues: RefCell::default(),
        }
    }

    /// Queues a call; when its DSP's queue is full it is dropped and counted.
    pub(crate) fn send(&self, call: Call) {
        let mut queues = self.queues.borrow_mut();
        let queue = queues
            .entry(call.partner.id.clone())
            .or_insert_with(|| self.start_queue());
        if let Err(refused) = queue.try_send(call) {
            let (mpsc::error::TrySendError::Full(call) | mpsc::error::TrySendError::Closed(call)) =
                refused;
            note(&self.exchange, &call, "dropped");
        }
    }

    fn start_queue(&self) -> mpsc::Sender<Call> {
        let (sender, mut queue) = mpsc::channel::<Call>(self.most);
        let (exchange, upstream) = (Arc::clone(&self.exchange), self.upstream.clone());
        tokio::task::spawn_local(async move {
            let places = Arc::new(Semaphore::new(AT_ONCE));
            while let Some(call) = queue.recv().await {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                    return;
                };
                let (exchange, upstream) = (Arc::clone(&exchange), upstream.clone());
                tokio::task::spawn_local(async move {
                    let outcome = deliver(&exchange, upstream.of(Some(&call.partner)), &call).await;
                    note(&exchange, &call, outcome);
                    drop(place);
                });
            }
        });
        sender
    }
}

async fn deliver(exchange: &Exchange, client: &Client, call: &Call) -> &'static str {
    let Some(target) = call.partner.may_notify(&call.url) else {
        return REFUSED_HOST;
    };
    let headers = headers(&call.device);
    let timeout = exchange.config.notice_timeout.0;
    for pause in PAUSES_MS {
        match Said::to_a_notice(&get(client, &target, headers.clone(), timeout).await) {
            Said::Taken => return SENT,
            Said::Refused => return "failed",
            Said::Again => tokio::time::sleep(Duration::from_millis(pause)).await,
        }
    }
    "failed"
}

fn note(exchange: &Exchange, call: &Call, outcome: &'static str) {
    exchange.metrics.notice(call.kind, outcome);
    if call.kind == "win" && outcome == SENT && !call.test {
        exchange.tallies.win_notice(&call.partner.id, clock::now());
    }
    let notice = NoticeRecord {
        kind: call.kind,
        dsp: call.partner.id.as_str(),
        imp: &call.imp,
        outcome,
        at: clock::now(),
    };
    exchange.records.note(call.auction, &notice);
}

/// What a DSP said to a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// 2xx: done.
    Taken,
    /// A refusal that no repetition changes.
    Refused,
    /// Not reached, or not now.
    Again,
}

impl Said {
    /// To a notice of win or loss, which moves no money.
    pub(super) fn to_a_notice(said: &Result<StatusCode, CallError>) -> Self {
        match said {
            Ok(status) if status.is_success() => Self::Taken,
            Ok(status) if matches!(status.as_u16(), 408 | 425 | 429) => Self::Again,
            Ok(status) if status.is_client_error() || status.is_redirection() => Self::Refused,
            Ok(_) => Self::Again,
            Err(error) if error.may_be_retried() => Self::Again,
            Err(_) => Self::Refused,
        }
    }

    /// To a billing notice: whatever else a DSP answers while it is deployed or its certificate renewed, it has
    /// not taken it (X-91, R8). Only what may not be called (S8) is over at once.
    pub(super) fn to_a_bill(said: &Result<StatusCode, CallError>) -> Self {
        match said {
            Ok(status) if status.is_success() => Self::Taken,
            Err(CallError::Refused(_) | CallError::Target(_)) => Self::Refused,
            Ok(_) | Err(_) => Self::Again,
        }
    }
}

/// Calls a notice URL once. Its answer's body is of no interest.
pub(crate) async fn get(
    client: &Client,
    target: &Target,
    headers: HeaderMap,
    timeout: Duration,
) -> Result<StatusCode, CallError> {
    let request = OutRequest {
        method: Method::GET,
        target,
        headers,
        body: Bytes::new(),
    };
    client.status_of(request, MOST_READ, within(timeout)).await
}

/// What every call to a DSP about an ad says of its device.
pub(super) fn headers(device: &Device) -> HeaderMap {
    const USER_AGENT: HeaderName = HeaderName::from_static("x-device-user-agent");
    const FORWARDED: HeaderName = HeaderName::from_static("x-forwarded-for");
    let mut headers = HeaderMap::new();
    for (name, value) in [(USER_AGENT, &device.user_agent), (FORWARDED, &device.ip)] {
        let value = value
            .as_deref()
            .and_then(|text| HeaderValue::from_str(text).ok());
        if let Some(value) = value {
            headers.insert(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use service::client::Refusal;

    use super::*;

    #[test]
    fn x_91_what_is_an_answer_to_a_notice() {
        let status = |code: u16| Ok(StatusCode::from_u16(code).unwrap());
        let io = || Error::from(ErrorKind::ConnectionRefused);
        let (taken, refused, again) = (Said::Taken, Said::Refused, Said::Again);
        #[rustfmt::skip]
        let cases = [
            ("200", status(200), taken, taken),
            ("204", status(204), taken, taken),
            ("301", status(301), again, refused),
            ("400", status(400), again, refused),
            ("403", status(403), again, refused),
            ("404", status(404), again, refused),
            ("408", status(408), again, again),
            ("410", status(410), again, refused),
            ("429", status(429), again, again),
            ("500", status(500), again, again),
            ("no answer in time", Err(CallError::Timeout), again, again),
            ("no connection", Err(CallError::Connect(io())), again, again),
            ("a certificate that ran out", Err(CallError::Tls(io())), again, refused),
            ("no HTTP", Err(CallError::Protocol("x".into())), again, refused),
            ("S8", Err(CallError::Refused(Refusal::Port(1))), refused, refused),
        ];
        for (says, said, bill, other) in cases {
            assert_eq!(Said::to_a_bill(&said), bill, "{says}: burl");
            assert_eq!(Said::to_a_notice(&said), other, "{says}: nurl, lurl");
        }
    }
}
