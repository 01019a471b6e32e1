//! The flow's calls: both sides of the exchange over HTTP, as a publisher and an operator call them.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;
use service::client::{CallError, Client, InResponse, OutRequest, Target, TargetError};

use super::record::{Confirmation, Inventory, Listed, Record, Served};

/// For one call; a person waits for the flow.
const LIMIT: Duration = Duration::from_secs(3);
/// Records and notices appear off the path of what they tell of.
const PATIENCE: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(5);

/// Both sides, with the rights of whoever called the flow.
pub(super) struct Calls<'c> {
    pub(super) client: &'c Client,
    pub(super) ssp: &'c str,
    pub(super) rtb: &'c str,
    pub(super) authorization: Option<HeaderValue>,
}

/// Why a step did not work out.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The address of a side is none.
    #[error("{what}: {fault}")]
    Address {
        what: &'static str,
        fault: TargetError,
    },
    /// No answer.
    #[error("{what}: {fault}")]
    Call {
        what: &'static str,
        fault: CallError,
    },
    /// Another status than the expected ones.
    #[error("{what}: {status} {body}")]
    Refused {
        what: &'static str,
        status: StatusCode,
        body: String,
    },
    /// An answer of another shape.
    #[error("{what}: {fault}")]
    Unreadable {
        what: &'static str,
        fault: serde_json::Error,
    },
    /// Nothing to visit.
    #[error("no active placement in the inventory")]
    NoPlacement,
    /// A 204 that names no auction.
    #[error("the answer names no auction")]
    NoAuction,
}

/// What an ad request came to.
pub(super) enum AdAnswer {
    /// An ad to show.
    Ad(Box<Served>),
    /// Nobody won; which auction that was.
    NoBid { auction_id: String },
}

impl Calls<'_> {
    pub(super) async fn placement(&self) -> Result<Listed, Failure> {
        let what = "GET /inventory";
        let answer = self.get(what, self.ssp, "/inventory?limit=100").await?;
        let inventory: Inventory = read(what, &expect(what, answer, StatusCode::OK)?)?;
        inventory.visited().ok_or(Failure::NoPlacement)
    }

    pub(super) async fn ad_request(&self, body: &Value) -> Result<AdAnswer, Failure> {
        let what = "POST /ad-request";
        let answer = self.post(what, "/ad-request", body).await?;
        if answer.status != StatusCode::NO_CONTENT {
            let body = expect(what, answer, StatusCode::OK)?;
            return Ok(AdAnswer::Ad(read(what, &body)?));
        }
        const NAME: HeaderName = HeaderName::from_static(contracts::access::AUCTION_ID_HEADER);
        let id = answer.headers.get(&NAME);
        let auction_id = id.ok_or(Failure::NoAuction)?.to_owned();
        Ok(AdAnswer::NoBid { auction_id })
    }

    pub(super) async fn impression(&self, token: &str) -> Result<Confirmation, Failure> {
        let what = "POST /impression";
        let body = serde_json::json!({"token": token});
        let answer = self.post(what, "/impression", &body).await?;
        read(what, &expect(what, answer, StatusCode::OK)?)
    }

    /// The record of an auction, once it is there.
    pub(super) async fn record(&self, auction: &str) -> Result<Record, Failure> {
        self.record_when(auction, |_record| true).await
    }

    /// The record once the winner's billing notice was taken, or as it is when patience ends.
    pub(super) async fn billed_record(&self, auction: &str) -> Result<Record, Failure> {
        self.record_when(auction, Record::is_billed).await
    }

    async fn record_when(
        &self,
        auction: &str,
        is_complete: impl Fn(&Record) -> bool,
    ) -> Result<Record, Failure> {
        let what = "GET /auction/{id}";
        let until = Instant::now() + PATIENCE;
        loop {
            let answer = self
                .get(what, self.rtb, &format!("/auction/{auction}"))
                .await?;
            let is_over = Instant::now() >= until;
            if answer.status != StatusCode::NOT_FOUND || is_over {
                let record: Record = read(what, &expect(what, answer, StatusCode::OK)?)?;
                if is_complete(&record) || is_over {
                    return Ok(record);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn get(&self, what: &'static str, base: &str, path: &str) -> Result<InResponse, Failure> {
        self.send(what, Method::GET, base, path, Bytes::new()).await
    }

    async fn post(
        &self,
        what: &'static str,
        path: &str,
        body: &Value,
    ) -> Result<InResponse, Failure> {
        let body = Bytes::from(body.to_string());
        self.send(what, Method::POST, self.ssp, path, body).await
    }

    async fn send(
        &self,
        what: &'static str,
        method: Method,
        base: &str,
        path: &str,
        body: Bytes,
    ) -> Result<InResponse, Failure> {
        let target = Target::parse(&format!("{base}{path}"))
            .map_err(|fault| Failure::Address { what, fault })?;
        let mut headers = HeaderMap::new();
        if !body.is_empty() {
            let json = HeaderValue::from_static("application/json");
            headers.insert(header::CONTENT_TYPE, json);
        }
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        let request = OutRequest {
            method,
            target: &target,
            headers,
            body,
        };
        let sent = self.client.send(request, Instant::now() + LIMIT).await;
        sent.map_err(|fault| Failure::Call { what, fault })
    }
}

fn expect(what: &'static str, answer: InResponse, status: StatusCode) -> Result<Bytes, Failure> {
    if answer.status == status {
        return Ok(answer.body);
    }
    let body: String = String::from_utf8_lossy(&answer.body)
        .chars()
        .take(500)
        .collect();
    Err(Failure::Refused {
        what,
        status: answer.status,
        body,
    })
}

fn read<T: DeserializeOwned>(what: &'static str, body: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(body).map_err(|fault| Failure::Unreadable { what, fault })
}
