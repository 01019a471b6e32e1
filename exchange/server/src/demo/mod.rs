//! The demo flows (:8004 `/demo/…`): they call both sides of the exchange over HTTP as anybody would, and
//! show what its records say. They decide nothing.

mod calls;
mod flow;
mod history;
mod record;
mod visitor;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Method, header};
use serde::Serialize;
use service::Problem;
use service::client::{Client, ClientConfig};
use service::http::{self as answers, Request, Response, StatusCode};
use units::CpmMicros;

use calls::Calls;
use flow::{Flow, Outcome, Step};
pub(crate) use history::History;
use history::milliseconds;
use record::Winner;
use visitor::Visitor;

/// The flows of one worker. Who may call them is decided before.
pub(crate) struct Demo {
    client: Client,
    ssp: String,
    rtb: String,
    history: Arc<History>,
}

impl Demo {
    /// The flows over the listeners of both sides; `history` is shared by the workers.
    pub(crate) fn new(ssp: SocketAddr, rtb: SocketAddr, history: Arc<History>) -> Self {
        // Our own listeners: private addresses and plain http, and records larger than a bid.
        let config = ClientConfig {
            connect_timeout: Duration::from_secs(1),
            max_response: 4 * 1024 * 1024,
            max_inflated: 4 * 1024 * 1024,
            ..ClientConfig::local()
        };
        Self {
            client: Client::new(config),
            ssp: base(ssp),
            rtb: base(rtb),
            history,
        }
    }

    /// Answers what is under `/demo/`.
    pub(crate) async fn handle(&self, request: &Request) -> Response {
        let is_post = request.method == Method::POST;
        match request.path.as_str() {
            "/demo/rtb-flow" if is_post => match self.flow(request).await {
                Ok(flow) => document(&Full::of(&flow)),
                Err(refused) => refused.into_response(),
            },
            "/demo/rtb-flow-simple" if is_post => match self.flow(request).await {
                Ok(flow) => document(&Simple::of(&flow)),
                Err(refused) => refused.into_response(),
            },
            "/demo/rtb-flow" | "/demo/rtb-flow-simple" => answers::method_not_allowed("POST"),
            "/demo/workflow-stats" if request.is_get() => document(&self.history.report()),
            "/demo/workflow-stats" => answers::method_not_allowed("GET, HEAD"),
            _ => Problem::not_found().into_response(),
        }
    }

    async fn flow(&self, request: &Request) -> Result<Flow, Box<Problem>> {
        if !request.body.is_empty() && !request.content_type_is_json() {
            return Err(Problem::unsupported_media_type().into());
        }
        let visitor = Visitor::read(&request.body)?;
        let calls = Calls {
            client: &self.client,
            ssp: &self.ssp,
            rtb: &self.rtb,
            authorization: request.headers.get(header::AUTHORIZATION).cloned(),
        };
        let flow = flow::run(&calls, &visitor).await;
        self.history.add(&flow);
        Ok(flow)
    }
}

/// Where a listener of ours is called: one that listens everywhere is called on this machine.
fn base(listener: SocketAddr) -> String {
    let mut address = listener;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

fn document(document: &impl Serialize) -> Response {
    answers::json(
        StatusCode::OK,
        serde_json::to_vec(document).unwrap_or_default(),
    )
}

/// The answer of `POST /demo/rtb-flow`.
#[derive(Serialize)]
struct Full<'f> {
    workflow_id: &'f str,
    auction_id: Option<&'f str>,
    status: Outcome,
    duration_ms: f64,
    steps: &'f [Step],
    winner: Option<&'f Winner>,
}

impl<'f> Full<'f> {
    fn of(flow: &'f Flow) -> Self {
        Self {
            workflow_id: &flow.workflow_id,
            auction_id: flow.auction_id.as_deref(),
            status: flow.status,
            duration_ms: milliseconds(flow.took),
            steps: &flow.steps,
            winner: flow.winner.as_ref(),
        }
    }
}

/// The answer of `POST /demo/rtb-flow-simple`.
#[derive(Serialize)]
struct Simple<'f> {
    workflow_id: &'f str,
    status: Outcome,
    duration_ms: f64,
    winning_campaign: Option<&'f str>,
    #[serde(with = "units::json::cpm_opt")]
    final_price: Option<CpmMicros>,
    impression_confirmed: bool,
}

impl<'f> Simple<'f> {
    fn of(flow: &'f Flow) -> Self {
        let winner = flow.winner.as_ref();
        Self {
            workflow_id: &flow.workflow_id,
            status: flow.status,
            duration_ms: milliseconds(flow.took),
            winning_campaign: winner.and_then(|winner| winner.campaign_id.as_deref()),
            final_price: winner.map(|winner| winner.price),
            impression_confirmed: flow.impression_confirmed,
        }
    }
}
