//! Following a document that another service publishes under versions: long poll, last good copy on disk.
//!
//! A data plane starts from the copy when the publisher is away, and goes on with the last value for as
//! long as it takes.

use std::{
    fs,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde::de::DeserializeOwned;

use crate::{
    client::{CallError, Client, ClientConfig, OutRequest, Target, TargetError},
    shutdown::Shutdown,
};

/// What to follow.
#[derive(Debug, Clone)]
pub struct Feed {
    /// The publisher's URL without a query; answers 200 with a newer value, or 304.
    pub url: String,
    /// Bearer token of calls between services.
    pub token: String,
    /// Where the last good value is kept; `None` keeps none.
    pub copy: Option<PathBuf>,
    /// How long the publisher may hold a call until there is something newer.
    pub wait: Duration,
}

/// What happened.
#[derive(Debug)]
pub enum Event<T> {
    /// A value to use from here on.
    Value(T, Origin),
    /// The publisher answered: nothing newer.
    Unchanged,
    /// The publisher could not be asked, or its answer not be read.
    Failed(FeedError),
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The copy of an earlier process.
    Disk,
    /// The publisher.
    Publisher,
}

/// Why there is no newer value.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The URL is none.
    #[error("the feed's URL: {0}")]
    Url(#[from] TargetError),
    /// No answer.
    #[error("asking the feed: {0}")]
    Call(#[from] CallError),
    /// An answer that is neither 200 nor 304.
    #[error("the feed answered {0}")]
    Status(StatusCode),
    /// The value cannot be read; the last good one stays.
    #[error("reading the feed's value: {0}")]
    Value(#[from] serde_json::Error),
    /// The copy could not be written; the value itself is in use.
    #[error("keeping a copy on disk: {0}")]
    Copy(#[from] io::Error),
}

/// Largest value, in bytes.
const MOST_BYTES: usize = 512 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// Follows until `shutdown`: first the copy on disk, then the publisher. `version` tells a value's number.
pub async fn poll<T: DeserializeOwned>(
    feed: &Feed,
    shutdown: &Shutdown,
    version: impl Fn(&T) -> u64,
    mut on_event: impl FnMut(Event<T>),
) {
    let mut known = None;
    if let Some(value) = feed.copy.as_deref().and_then(read_copy::<T>) {
        known = Some(version(&value));
        on_event(Event::Value(value, Origin::Disk));
    }
    let client = Client::new(ClientConfig {
        max_response: MOST_BYTES,
        max_inflated: MOST_BYTES,
        connect_timeout: Duration::from_secs(1),
        ..ClientConfig::local()
    });
    let mut pause = FIRST_PAUSE;
    loop {
        let asked = tokio::select! {
            () = shutdown.fired() => return,
            asked = ask::<T>(feed, &client, known) => asked,
        };
        match asked {
            Ok(Some((value, body))) => {
                pause = FIRST_PAUSE;
                known = Some(version(&value));
                on_event(Event::Value(value, Origin::Publisher));
                if let Some(Err(error)) = feed.copy.as_deref().map(|path| keep_copy(path, &body)) {
                    on_event(Event::Failed(error.into()));
                }
            }
            Ok(None) => {
                pause = FIRST_PAUSE;
                on_event(Event::Unchanged);
            }
            Err(error) => {
                on_event(Event::Failed(error));
                tokio::select! {
                    () = shutdown.fired() => return,
                    () = tokio::time::sleep(pause) => {}
                }
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }
}

async fn ask<T: DeserializeOwned>(
    feed: &Feed,
    client: &Client,
    known: Option<u64>,
) -> Result<Option<(T, Bytes)>, FeedError> {
    let wait_ms = feed.wait.as_millis();
    let url = match known {
        Some(version) => format!("{}?after={version}&wait_ms={wait_ms}", feed.url),
        None => format!("{}?wait_ms={wait_ms}", feed.url),
    };
    let target = Target::parse(&url)?;
    let mut headers = HeaderMap::new();
    if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", feed.token)) {
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers,
        body: Bytes::new(),
    };
    // Room for the value itself after a wait that was used up.
    let deadline = Instant::now() + feed.wait + Duration::from_secs(10);
    let answer = client.send(request, deadline).await?;
    match answer.status {
        StatusCode::OK => Ok(Some((serde_json::from_slice(&answer.body)?, answer.body))),
        StatusCode::NOT_MODIFIED => Ok(None),
        other => Err(FeedError::Status(other)),
    }
}

/// Writes a copy that only this user can read; the old one stays until the new one is whole on disk.
fn keep_copy(path: &Path, body: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let fresh = path.with_extension("new");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&fresh)?;
    file.write_all(format!("{:016x}\n", checksum(body)).as_bytes())?;
    file.write_all(body)?;
    file.sync_all()?;
    fs::rename(&fresh, path)
}

/// The copy, when it is there, whole and readable.
fn read_copy<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&copied(path)?).ok()
}

/// The text of a copy as the publisher sent it, when the copy is there and whole.
#[must_use]
pub fn copied(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = fs::read(path).ok()?;
    let (sum, body) = (bytes.get(..16)?, bytes.get(17..)?);
    let sum = u64::from_str_radix(std::str::from_utf8(sum).ok()?, 16).ok()?;
    if sum != checksum(body) {
        tracing::warn!(path = %path.display(), "the copy on disk is damaged and not used");
        return None;
    }
    bytes.drain(..17);
    Some(bytes)
}

/// FNV-1a: against a torn write, not against an attacker, who could as well write another file.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r_18_a_copy_is_read_back_and_a_torn_one_is_not() {
        let path = std::env::temp_dir().join(format!("gavel-feed-{}", std::process::id()));
        keep_copy(&path, br#"{"version":7}"#).unwrap();
        let value: serde_json::Value = read_copy(&path).unwrap();
        assert_eq!(value["version"], 7);
        let mut torn = fs::read(&path).unwrap();
        torn.pop();
        fs::write(&path, &torn).unwrap();
        assert!(read_copy::<serde_json::Value>(&path).is_none());
        fs::remove_file(&path).unwrap();
    }
}
