//! The demo market: calls to the public APIs, from data alone, on first start.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
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
    /// Where it is kept what the placeholders stood for when the market ran last.
    pub told: PathBuf,
}

/// Loads the demo market on first start; later on, tells it where its rivals are now. Returns whether it loaded.
///
/// # Errors
/// When an API cannot be reached or refuses a call: the call and its answer.
pub(super) async fn prepare(targets: &Targets) -> Result<bool> {
    let loaded = load(targets).await?;
    if !loaded {
        follow(targets).await?;
    }
    let now: BTreeMap<&str, &str> = targets
        .placeholders
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let now = serde_json::to_string_pretty(&now)?;
    fs::write(&targets.told, now).with_context(|| {
        let path = targets.told.display();
        format!("{path} cannot be written: choose a directory of your own with --data DIR")
    })?;
    Ok(loaded)
}

/// Partners that are where a placeholder once stood are moved to where it stands now: ports may be others than last
/// time.
async fn follow(targets: &Targets) -> Result<()> {
    let Ok(told) = fs::read_to_string(&targets.told) else {
        return Ok(());
    };
    let told: BTreeMap<String, String> = serde_json::from_str(&told).unwrap_or_default();
    let moved = |endpoint: &str| {
        let placeholder = targets.placeholders.iter().find(|(name, now)| {
            let before = told.get(*name);
            before.is_some_and(|before| before == endpoint && before != now)
        });
        placeholder.map(|(_, now)| now.clone())
    };
    let caller = Caller::new().with_token(&targets.token)?;
    let base = &targets.control_plane;
    let mut moves = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/demand-partners?limit=100{cursor}");
        let page = call(&caller, base, "GET", &path, String::new()).await?;
        let page: Page = serde_json::from_slice(&page).context("/demand-partners")?;
        moves.extend(page.items.into_iter().filter_map(|partner| {
            let to = moved(&partner.endpoint)?;
            Some((partner.id, to))
        }));
        match page.next_cursor {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    for (id, endpoint) in moves {
        let path = format!("/demand-partners/{id}");
        let body = serde_json::json!({ "endpoint": endpoint }).to_string();
        call(&caller, base, "PATCH", &path, body).await?;
    }
    Ok(())
}

/// A page of partners, of which only their places matter here.
#[derive(Deserialize)]
struct Page {
    items: Vec<Partner>,
    #[serde(default)]
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Partner {
    id: String,
    endpoint: String,
}

/// Loads the demo market when there is no advertiser yet; returns whether it did.
async fn load(targets: &Targets) -> Result<bool> {
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
