//! The demo market: calls to the public APIs, from data alone, on first start.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::calls::Caller;

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
pub(super) struct Targets {
    /// The control plane.
    pub control_plane: String,
    /// The DMP.
    pub dmp: String,
    /// Placeholder and text, such as `{{rival_a_url}}`.
    pub placeholders: Vec<(&'static str, String)>,
    /// Token of a control plane or DMP that asks for one.
    pub token: String,
}

/// Loads the demo market when there is no advertiser yet; returns whether it did.
///
/// # Errors
/// When an API cannot be reached or refuses a call: the call and its answer.
pub(super) async fn load(targets: &Targets) -> Result<bool> {
    let caller = Caller::new().with_token(&targets.token)?;
    let existing = call(
        &caller,
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
        call(&caller, &targets.control_plane, method, path, body).await?;
    }
    let users: Vec<Call> = serde_json::from_str(USERS).context("seed/users.json")?;
    for Call { method, path, body } in &users {
        call(&caller, &targets.dmp, method, path, body.get().to_owned()).await?;
    }
    Ok(true)
}

async fn call(
    caller: &Caller,
    base: &str,
    method: &str,
    path: &str,
    body: String,
) -> Result<Bytes> {
    let url = format!("{base}{path}");
    let answer = caller
        .call(
            Method::from_bytes(method.as_bytes())?,
            &url,
            body,
            Duration::from_secs(10),
        )
        .await?;
    if !answer.status.is_success() {
        let said = String::from_utf8_lossy(&answer.body);
        bail!(
            "the seed was refused: {method} {url} answered {}: {said}",
            answer.status
        );
    }
    Ok(answer.body)
}
