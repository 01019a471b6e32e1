//! Shared lists of targeting: fetched when the catalog names another version, kept on disk, and built into
//! one table aside.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use bidder_core::index::{FetchedList, SharedLists};
use contracts::access::LISTS_PATH;
use contracts::catalog::List;
use service::client::{Client, ClientConfig, OutRequest, Target};
use service::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use service::{Ops, Shutdown};
use tokio::sync::Notify;

use crate::catalog_feed;
use crate::metrics::ListMetrics;
use crate::shared::Shared;

/// Folder of the lists' copies in the data directory.
const FOLDER: &str = "lists";
/// Largest list, in bytes.
const MOST_BYTES: usize = 512 << 20;
/// Longest that fetching one may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(30);
/// Pause after a list could not be fetched.
const PAUSE: Duration = Duration::from_secs(2);
/// Pause until a catalog that was just put in force is on disk.
const MOMENT: Duration = Duration::from_millis(200);

/// What is here of the lists that the catalog names.
pub(crate) struct Lists {
    /// Those that the newest catalog names.
    wanted: ArcSwap<Vec<List>>,
    /// Those that are here, as the next catalog is prepared with them.
    pub(crate) here: ArcSwap<SharedLists>,
    /// Since when one of them is not here in the version that is wanted.
    waiting_since: Mutex<Option<Instant>>,
    changed: Notify,
}

impl Lists {
    pub(crate) fn new() -> Self {
        Self {
            wanted: ArcSwap::default(),
            here: ArcSwap::default(),
            waiting_since: Mutex::new(None),
            changed: Notify::new(),
        }
    }

    /// The newest catalog names these.
    pub(crate) fn want(&self, lists: Vec<List>) {
        if **self.wanted.load() != lists {
            self.wanted.store(Arc::new(lists));
        }
        self.changed.notify_one();
    }

    /// Shows what is here, and for how long something is not, once a second.
    pub(crate) fn show(&self, metrics: &ListMetrics) {
        let (here, wanted) = (self.here.load(), self.wanted.load());
        let versions = || {
            let pairs = wanted.iter();
            pairs.map(|it| (here.version(it.id.as_str()), it.version))
        };
        let count = |which: fn(Option<u64>, u64) -> bool| {
            let found = versions().filter(|(here, wanted)| which(*here, *wanted));
            u32::try_from(found.count()).unwrap_or(u32::MAX)
        };
        let current = count(|here, wanted| here == Some(wanted));
        let missing = count(|here, _| here.is_none());
        metrics.here.set_u32(current);
        metrics.missing.set_u32(missing);
        metrics
            .behind
            .set_u32(count(|here, wanted| here.is_some_and(|it| it != wanted)));
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        metrics.entries.set_u32(size(here.len()));
        metrics.bytes.set_u32(size(here.bytes()));
        let since = &mut *self
            .waiting_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *since = (current < size(wanted.len())).then(|| since.unwrap_or_else(Instant::now));
        let waiting = since.map_or(Duration::ZERO, |it| it.elapsed());
        metrics.waiting.set(waiting.as_secs_f64());
    }

    /// Whether all that are wanted are here in the version that is wanted.
    fn is_complete(&self) -> bool {
        let here = self.here.load();
        let wanted = self.wanted.load();
        wanted
            .iter()
            .all(|it| here.version(it.id.as_str()) == Some(it.version))
    }
}

/// Fetches what is missing until `shutdown`; what is on disk from an earlier process is not fetched again.
pub(crate) async fn follow(shared: &Arc<Shared>, ops: &Ops, shutdown: &Shutdown) {
    let client = Client::new(ClientConfig {
        max_response: MOST_BYTES,
        max_inflated: MOST_BYTES,
        connect_timeout: Duration::from_secs(1),
        ..ClientConfig::local()
    });
    loop {
        let missing = !shared.lists.is_complete() && bring_up_to_date(shared, &client).await;
        // The catalog's copy on disk is written a moment after it is in force: then once more.
        let waiting = !is_in_force(shared) && !catalog_feed::prepare_again(shared, ops).await;
        let pause = match (waiting, missing) {
            (true, _) => Some(MOMENT),
            (false, true) => Some(PAUSE),
            (false, false) => None,
        };
        let again = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = shutdown.fired() => return,
            () = shared.lists.changed.notified() => {}
            () = again => {}
        }
    }
}

/// Fetches and builds; whether something is still missing.
async fn bring_up_to_date(shared: &Arc<Shared>, client: &Client) -> bool {
    let folder = shared.config.data_dir.join(FOLDER);
    let wanted = shared.lists.wanted.load_full();
    let mut missing = false;
    for list in wanted.iter() {
        let path = path(&folder, list);
        if path.exists() {
            continue;
        }
        let fetched = fetch(shared, client, list, path).await;
        let metrics = &shared.metrics.lists;
        match &fetched {
            Ok(()) => metrics.fetched.inc(),
            Err(_) => metrics.failed.inc(),
        }
        if let Err(why) = fetched {
            tracing::warn!(
                list = list.id.as_str(),
                why,
                "a shared list is not here yet"
            );
            missing = true;
        }
    }
    let built = tokio::task::spawn_blocking(move || {
        let built = build(&folder, &wanted);
        forget_others(&folder, &wanted);
        built
    });
    let Ok(built) = built.await else { return true };
    let changed = differs(
        &shared.lists.here.load(),
        &built,
        &shared.lists.wanted.load(),
    );
    if changed {
        tracing::info!(
            entries = built.len(),
            bytes = built.bytes(),
            "shared lists loaded"
        );
        shared.lists.here.store(Arc::new(built));
    }
    missing
}

/// Whether the catalog in force was prepared with the lists that are here.
fn is_in_force(shared: &Shared) -> bool {
    let here = shared.lists.here.load();
    let market = shared.market.load();
    let with = market.as_ref().map(|market| market.index.shared());
    with.is_none_or(|with| std::ptr::eq(with, &**here))
}

fn differs(before: &SharedLists, after: &SharedLists, wanted: &[List]) -> bool {
    wanted.iter().any(|it| {
        let id = it.id.as_str();
        before.version(id) != after.version(id)
    })
}

/// One file a version: a new one never replaces what is being read.
fn path(folder: &Path, list: &List) -> PathBuf {
    folder.join(format!("{}@{}", list.id, list.version))
}

async fn fetch(shared: &Shared, client: &Client, list: &List, path: PathBuf) -> Result<(), String> {
    let base = shared.config.control_plane_url.trim_end_matches('/');
    let url = format!("{base}{LISTS_PATH}{}", list.id);
    let target = Target::parse(&url).map_err(|error| error.to_string())?;
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", shared.config.service_token.expose());
    if let Ok(mut bearer) = HeaderValue::try_from(bearer) {
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    let request = OutRequest {
        method: Method::GET,
        target: &target,
        headers,
        body: service::http::Bytes::new(),
    };
    let answer = client.send(request, Instant::now() + FETCH_TIMEOUT).await;
    let answer = answer.map_err(|error| error.to_string())?;
    if answer.status != StatusCode::OK {
        return Err(format!("the control plane answered {}", answer.status));
    }
    // A newer version than the catalog's: that catalog is on its way, and names it.
    let tag = answer.headers.get(&header::ETAG);
    if tag != Some(format!("\"{}\"", list.version).as_str()) {
        return Err("it changed while it was fetched".to_owned());
    }
    let body = answer.body;
    let kept = tokio::task::spawn_blocking(move || service::feed::keep(&path, &body)).await;
    kept.map_err(|panic| panic.to_string())?
        .map_err(|error| format!("keeping it on disk: {error}"))
}

/// The table of those that are on disk; of one that is not, the version before, if that is.
fn build(folder: &Path, wanted: &[List]) -> SharedLists {
    let mut texts: Vec<(&List, u64, String)> = Vec::new();
    let before = newest(folder).unwrap_or_default();
    for list in wanted {
        let older = before.get(list.id.as_str()).copied();
        for version in [Some(list.version), older].into_iter().flatten() {
            let file = path(
                folder,
                &List {
                    version,
                    ..list.clone()
                },
            );
            let text = service::feed::copied(&file).and_then(|it| String::from_utf8(it).ok());
            if let Some(text) = text {
                texts.push((list, version, text));
                break;
            }
        }
    }
    SharedLists::build(texts.iter().map(|(list, version, lines)| FetchedList {
        id: &list.id,
        kind: list.kind,
        version: *version,
        lines,
    }))
}

/// The newest version on disk of each list.
fn newest(folder: &Path) -> io::Result<HashMap<String, u64>> {
    let mut newest: HashMap<String, u64> = HashMap::new();
    for file in std::fs::read_dir(folder)? {
        if let Some((id, version)) = named(&file?.file_name().to_string_lossy()) {
            let known = newest.entry(id).or_default();
            *known = version.max(*known);
        }
    }
    Ok(newest)
}

fn named(file: &str) -> Option<(String, u64)> {
    let (id, version) = file.rsplit_once('@')?;
    Some((id.to_owned(), version.parse().ok()?))
}

/// Removes copies that nothing names any more: of other lists, and of versions before the one that is here.
fn forget_others(folder: &Path, wanted: &[List]) {
    let Ok(files) = std::fs::read_dir(folder) else {
        return;
    };
    for file in files.flatten() {
        let Some((id, version)) = named(&file.file_name().to_string_lossy()) else {
            continue;
        };
        let list = wanted.iter().find(|it| *it.id.as_str() == *id);
        let needed = list.is_some_and(|it| version >= it.version || !path(folder, it).exists());
        if !needed && let Err(error) = std::fs::remove_file(file.path()) {
            tracing::debug!(%error, "an old copy of a shared list stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::catalog::ListKind;

    #[test]
    fn the_version_before_serves_until_the_next_is_here() {
        let folder = std::env::temp_dir().join(format!("gavel-lists-{}", std::process::id()));
        let list = |version| List {
            id: "news".into(),
            name: String::new(),
            kind: ListKind::Domain,
            version,
            count: 1,
        };
        let keep = |version, text: &str| {
            service::feed::keep(&path(&folder, &list(version)), text.as_bytes()).unwrap();
        };
        assert_eq!(
            build(&folder, &[list(1)]).version("news"),
            None,
            "nothing is here"
        );
        keep(1, "a.example");
        assert_eq!(build(&folder, &[list(2)]).version("news"), Some(1));
        forget_others(&folder, &[list(2)]);
        keep(2, "b.example");
        let built = build(&folder, &[list(2)]);
        assert_eq!(built.version("news"), Some(2));
        assert_eq!(built.holding(ListKind::Domain, "b.example").count(), 1);
        forget_others(&folder, &[list(2)]);
        assert!(!path(&folder, &list(1)).exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
