//! `GET /revenue`: what publishers earned, by the control plane's books.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use service::Problem;
use service::client::Client;
use service::http::{self as answers, Request, Response};

use super::control_plane::{Call, call, passed_on};
use super::rights::{self, Rights};
use crate::config::Config;

const REVENUE: &str = "/internal/revenue";
/// What it takes: ignored, another name would look like an answer to what was asked.
const KNOWN: [&str; 4] = ["from", "to", "group_by", "currency"];

/// Answers `/revenue`; period and grouping are read by the control plane.
pub(super) async fn handle(client: &Client, config: &Config, request: &Request) -> Response {
    if !request.is_get() {
        return answers::method_not_allowed("GET, HEAD");
    }
    if let Err(refused) = rights::operator(config, request) {
        return refused.into_response();
    }
    let mut asked = request.query_params();
    if let Some((name, _)) = asked.find(|(name, _)| !KNOWN.contains(&&**name)) {
        let name: String = name.chars().take(64).collect();
        let takes = KNOWN.join(", ");
        let says = format!("GET /revenue has no query parameter {name:?}: it takes {takes}");
        return Problem::new(
            StatusCode::BAD_REQUEST,
            "bad_query",
            "A query parameter is wrong",
        )
        .detail(says)
        .into_response();
    }
    let path = match &request.query {
        Some(query) => format!("{REVENUE}?{query}"),
        None => REVENUE.to_owned(),
    };
    let onward = Call {
        method: Method::GET,
        path: &path,
        rights: Rights::Ours,
        headers: &HeaderMap::new(),
        body: Bytes::new(),
    };
    match call(client, config, onward).await {
        Ok(answer) => passed_on(answer),
        Err(refused) => refused.into_response(),
    }
}
