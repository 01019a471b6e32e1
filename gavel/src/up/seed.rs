//! The demo market: calls to the public APIs, from data alone, on first start.

use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use service::client::{Client, ClientConfig, OutRequest};
use url::Url;

const MARKET: &str = include_str!("../../seed/market.json");
const USERS: &str = include_str!("../../seed/users.json");

/// One call to an API.
#[derive(Deserialize)]
struct Call {
    method: String,
    path: String,
    // Raw, so that prices and budgets reach the API as they are written.
    body: Box<RawValue>,
}

/// Where the seed goes, and what its placeholders stand for.
#[derive(Debug, Clone)]
pub struct Targets {
    /// The control plane.
    pub control_plane: Url,
    /// The DMP.
    pub dmp: Url,
    /// Placeholder and text, such as `{{rival_a_url}}`.
    pub placeholders: Vec<(&'static str, String)>,
    /// Token of a control plane or DMP that asks for one.
    pub token: String,
}

/// Loads the demo market when there is no advertiser yet; returns whether it did.
///
/// # Errors
/// When an API cannot be reached or refuses a call: the call and its answer.
pub async fn load(targets: &Targets) -> Result<bool> {
    let client = Rc::new(Client::new(ClientConfig {
        allow_private: true,
        ..ClientConfig::default()
    }));
    let existing = call(
        &client,
        targets,
        &targets.control_plane,
        "GET",
        "/advertisers?limit=1",
        String::new(),
    )
    .await?;
    let existing: serde_json::Value = serde_json::from_slice(&existing)?;
    if existing["items"]
        .as_array()
        .is_some_and(|items| !items.is_empty())
    {
        return Ok(false);
    }
    let market: Vec<Call> = serde_json::from_str(MARKET).context("seed/market.json")?;
    for Call { method, path, body } in &market {
        let mut body = body.get().to_owned();
        for (placeholder, text) in &targets.placeholders {
            body = body.replace(placeholder, text);
        }
        call(&client, targets, &targets.control_plane, method, path, body).await?;
    }
    let users: Vec<Call> = serde_json::from_str(USERS).context("seed/users.json")?;
    for Call { method, path, body } in &users {
        call(
            &client,
            targets,
            &targets.dmp,
            method,
            path,
            body.get().to_owned(),
        )
        .await?;
    }
    Ok(true)
}

async fn call(
    client: &Client,
    targets: &Targets,
    base: &Url,
    method: &str,
    path: &str,
    body: String,
) -> Result<Bytes> {
    let url = base.join(path)?;
    let method = Method::from_bytes(method.as_bytes())?;
    let request =
        OutRequest::json(method.clone(), url.clone(), Bytes::from(body)).bearer(&targets.token);
    let deadline = Instant::now() + Duration::from_secs(10);
    let response = client
        .send(request, deadline)
        .await
        .with_context(|| format!("{method} {url}"))?;
    if !response.status.is_success() {
        bail!(
            "the seed was refused: {method} {url} answered {}: {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        );
    }
    Ok(response.body)
}
