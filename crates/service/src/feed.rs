//! Following a document that another service publishes under versions: long poll, last good copy on disk.
//!
//! A data plane starts from the copy when the publisher is away, and goes on with the last value for as
//! long as it takes. Values are read and prepared aside, on threads that serve nobody.

mod copy;
pub mod patch;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

pub use self::copy::{CopyFault, copied, keep};
use self::patch::PatchFault;

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
    /// Where the last good value is kept; `None` keeps none. With it the publisher may answer by what changed
    /// since ([`patch`]).
    pub copy: Option<PathBuf>,
    /// How long ago the publisher may have confirmed a copy for it to be used still.
    pub copy_max_age: Duration,
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
    /// There is a copy on disk, and it is not used.
    CopyRefused(CopyFault),
}

/// Where a value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The copy of an earlier process, and how long ago the publisher confirmed it.
    Disk(Duration),
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
    Copy(#[from] std::io::Error),
    /// What changed could not be applied to the copy; the whole value is asked for next.
    #[error("what changed could not be applied: {0}")]
    Patch(#[from] PatchFault),
    /// The thread that read the value ended without one.
    #[error("preparing the feed's value failed: {0}")]
    Aside(String),
}

/// Largest value, in bytes.
const MOST_BYTES: usize = 512 << 20;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A copy that the publisher confirms again is marked so at most this often.
const MARK_EVERY: Duration = Duration::from_secs(60);

/// Follows until `shutdown`: first the copy on disk, then the publisher. `read` makes a value and its
/// version of the bytes; it runs on a blocking thread, so that it may take its time.
pub async fn poll<T: Send + 'static>(
    feed: &Feed,
    shutdown: &Shutdown,
    read: impl Fn(&[u8]) -> Result<(u64, T), serde_json::Error> + Send + Sync + 'static,
    mut on_event: impl FnMut(Event<T>),
) {
    let read: Arc<Reader<T>> = Arc::new(read);
    let mut known = None;
    match from_copy(feed, &read).await {
        Ok(None) => {}
        Ok(Some((version, value, age))) => {
            known = Some(version);
            on_event(Event::Value(value, Origin::Disk(age)));
        }
        Err(fault) => on_event(Event::CopyRefused(fault)),
    }
    let client = Client::new(ClientConfig {
        max_response: MOST_BYTES,
        max_inflated: MOST_BYTES,
        connect_timeout: Duration::from_secs(1),
        ..ClientConfig::local()
    });
    let mut pause = FIRST_PAUSE;
    let mut marked = Instant::now();
    let mut by_patch = feed.copy.is_some();
    // Who has a value and no word from the publisher, since the start or a failure, asks without waiting: a poll that is
    // held answers nothing for as long as nothing changes.
    let mut is_heard = false;
    loop {
        let wait = if is_heard || known.is_none() {
            feed.wait
        } else {
            Duration::ZERO
        };
        let asked = tokio::select! {
            () = shutdown.fired() => return,
            asked = ask(feed, wait, &client, known, by_patch, &read) => asked,
        };
        is_heard = matches!(asked, Ok(_) | Err(FeedError::Patch(_)));
        match asked {
            Ok(Some((version, value, body))) => {
                by_patch = feed.copy.is_some();
                pause = FIRST_PAUSE;
                known = Some(version);
                on_event(Event::Value(value, Origin::Publisher));
                if let Err(error) = keep_copy(feed, body).await {
                    on_event(Event::Failed(error));
                }
                marked = Instant::now();
            }
            Ok(None) => {
                pause = FIRST_PAUSE;
                on_event(Event::Unchanged);
                if marked.elapsed() >= MARK_EVERY {
                    marked = Instant::now();
                    feed.copy.as_deref().map(copy::mark_confirmed);
                }
            }
            Err(FeedError::Patch(fault)) if by_patch => {
                tracing::warn!(%fault, "the whole value is asked for");
                by_patch = false;
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

type Reader<T> = dyn Fn(&[u8]) -> Result<(u64, T), serde_json::Error> + Send + Sync;

async fn from_copy<T: Send + 'static>(
    feed: &Feed,
    read: &Arc<Reader<T>>,
) -> Result<Option<(u64, T, Duration)>, CopyFault> {
    let Some(path) = feed.copy.clone() else {
        return Ok(None);
    };
    let (read, max_age) = (Arc::clone(read), feed.copy_max_age);
    let reading = move || {
        let Some((body, age)) = copy::read(&path, max_age)? else {
            return Ok(None);
        };
        let (version, value) =
            read(&body).map_err(|error| CopyFault::Unreadable(error.to_string()))?;
        Ok(Some((version, value, age)))
    };
    let ended = tokio::task::spawn_blocking(reading).await;
    ended.unwrap_or_else(|panic| Err(CopyFault::Unreadable(panic.to_string())))
}

async fn keep_copy(feed: &Feed, body: Bytes) -> Result<(), FeedError> {
    let Some(path) = feed.copy.clone() else {
        return Ok(());
    };
    let kept = tokio::task::spawn_blocking(move || copy::keep(&path, &body)).await;
    Ok(kept.map_err(|panic| FeedError::Aside(panic.to_string()))??)
}

async fn ask<T: Send + 'static>(
    feed: &Feed,
    wait: Duration,
    client: &Client,
    known: Option<u64>,
    by_patch: bool,
    read: &Arc<Reader<T>>,
) -> Result<Option<(u64, T, Bytes)>, FeedError> {
    let wait_ms = wait.as_millis();
    let url = match known {
        Some(version) if by_patch => format!(
            "{}?after={version}&wait_ms={wait_ms}&patch={}",
            feed.url,
            patch::ACCEPTED
        ),
        Some(version) => format!("{}?after={version}&wait_ms={wait_ms}", feed.url),
        None => format!("{}?wait_ms={wait_ms}", feed.url),
    };
    let target = Target::parse(&url)?;
    let mut headers = HeaderMap::new();
    if let Ok(mut bearer) = HeaderValue::try_from(format!("Bearer {}", feed.token)) {
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    if let Some(version) = known
        && let Ok(tag) = HeaderValue::try_from(format!("\"{version}\""))
    {
        headers.insert(header::IF_NONE_MATCH, tag);
    }
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers,
        body: Bytes::new(),
    };
    // Room for the value itself after a wait that was used up.
    let deadline = Instant::now() + wait + Duration::from_secs(10);
    let answer = client.send(request, deadline).await?;
    match answer.status {
        StatusCode::OK => {
            let kind = answer.headers.get(&header::CONTENT_TYPE);
            let base = feed
                .copy
                .clone()
                .filter(|_| kind.is_some_and(|it| it == patch::MEDIA_TYPE));
            let (read, body) = (Arc::clone(read), answer.body);
            let reading = move || -> Result<_, FeedError> {
                let body = match base {
                    None => body,
                    Some(path) => {
                        let base = copied(&path).ok_or(PatchFault::OtherBase)?;
                        patch::apply(base, &body)?.into()
                    }
                };
                let (version, value) = read(&body)?;
                Ok(Some((version, value, body)))
            };
            let ended = tokio::task::spawn_blocking(reading).await;
            ended.map_err(|panic| FeedError::Aside(panic.to_string()))?
        }
        StatusCode::NOT_MODIFIED => Ok(None),
        other => Err(FeedError::Status(other)),
    }
}
