//! `/impression`: an ad was rendered. Durable before it is acknowledged, and then billed by the outbox.

use contracts::notice::{SellClaims, SellKind};
use serde_json::json;
use service::http::{self as answers, Method, Request, Response, StatusCode};
use service::{Problem, clock};

use super::Ssp;
use crate::delivery::{self, NotTaken, Taken};
use crate::fields;
use crate::rtb::records::NoticeRecord;
use crate::rtb::refused;

/// Its name in metrics and records.
const KIND: &str = "impression";
/// When to try again while the log is away, in seconds.
const RETRY_AFTER: u32 = 1;

pub(super) async fn handle(ssp: &Ssp, request: &Request) -> Response {
    let answered = match request.method {
        Method::GET => pixel(ssp, request).await,
        Method::HEAD => ssp
            .claims(request.query_param("t").as_deref())
            .map(|_| answers::gif()),
        Method::POST => posted(ssp, request).await,
        _ => return answers::method_not_allowed("GET, HEAD, POST"),
    };
    answered.unwrap_or_else(|refused| refused.into_response())
}

async fn pixel(ssp: &Ssp, request: &Request) -> Result<Response, Box<Problem>> {
    let claims = ssp.claims(request.query_param("t").as_deref())?;
    ssp.confirm(claims).await?;
    Ok(answers::gif())
}

async fn posted(ssp: &Ssp, request: &Request) -> Result<Response, Box<Problem>> {
    if !request.content_type_is_json() {
        return Err(Problem::unsupported_media_type().into());
    }
    let body = fields::json(&request.body)?;
    let claims = ssp.claims(body.get("token").and_then(serde_json::Value::as_str))?;
    let auction = claims.auction;
    let status = match ssp.confirm(claims).await? {
        Taken::Accepted => "confirmed",
        Taken::Duplicate => "duplicate",
    };
    let body = json!({"status": status, "auction_id": auction});
    Ok(answers::json(StatusCode::OK, body.to_string().into_bytes()))
}

impl Ssp {
    fn claims(&self, token: Option<&str>) -> Result<SellClaims, Box<Problem>> {
        let in_force = self.in_force()?;
        let opened = delivery::open(token, &in_force.keys.0, clock::now());
        // A token of another notice is good for that notice only.
        opened
            .and_then(|claims| {
                if claims.kind == SellKind::Impression {
                    Ok(claims)
                } else {
                    Err(NotTaken::Forged)
                }
            })
            .map_err(|not_taken| refused(&self.auctions, KIND, not_taken).into())
    }

    async fn confirm(&self, claims: SellClaims) -> Result<Taken, Box<Problem>> {
        let exchange = &self.auctions.exchange;
        let (log, told) = (self.auctions.log.clone(), claims.clone());
        // A browser that leaves its page drops the call; the impression was still seen.
        let durable =
            tokio::spawn(async move { delivery::confirm(&log, told, clock::now()).await });
        let taken = match durable.await {
            Ok(Ok(taken)) => taken,
            Ok(Err(error)) => return Err(self.away(&error).into()),
            Err(error) => return Err(self.away(&error).into()),
        };
        exchange.metrics.notice(KIND, taken.label());
        if taken == Taken::Accepted {
            if !claims.test {
                let gross = u64::try_from(claims.gross.0).unwrap_or(0);
                exchange.metrics.revenue_nanos.add(gross);
            }
            exchange.records.note(
                claims.auction,
                NoticeRecord {
                    kind: KIND,
                    dsp: claims.partner.to_string(),
                    imp: claims.imp,
                    outcome: "received",
                    at: clock::now().to_rfc3339(),
                },
            );
        }
        Ok(taken)
    }

    fn away(&self, error: &dyn std::error::Error) -> Problem {
        tracing::error!(%error, "an impression could not be made durable");
        self.auctions.exchange.metrics.notice(KIND, "unavailable");
        Problem::unavailable(RETRY_AFTER).detail("the event log does not answer")
    }
}
