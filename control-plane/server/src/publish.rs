//! The catalog feed: each version is rendered once, and whoever waits hears of it at once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use deadpool_postgres::Pool;
use service::feed::patch;
use service::metrics::{Counter, Gauge};
use service::{DependencyHandle, Metrics, Shutdown};
use tokio::sync::{Mutex, watch};

use crate::config::ObservedConfig;
use crate::refusal::Refusal;
use crate::store::catalog::Known;
use crate::store::{catalog, keys, observed};

/// How often the version is read: edits through other control planes are live within two seconds.
const POLL: Duration = Duration::from_secs(1);
/// Polls between two clean-ups of idempotency keys.
const CLEAN_EVERY: u32 = 300;

/// A catalog as it goes out.
#[derive(Debug, Clone)]
pub(crate) struct Rendered {
    pub(crate) version: u64,
    pub(crate) body: Bytes,
}

/// What was rendered last, and what it was made of.
#[derive(Default)]
struct Last {
    rendered: Option<Rendered>,
    known: Known,
    /// From one version to the next that was rendered, the newest last.
    patches: VecDeque<Patch>,
}

/// What changed between two versions.
struct Patch {
    from: u64,
    body: Vec<u8>,
}

/// Patches that are kept for who is some versions behind.
const PATCHES: usize = 32;

/// What goes out to who has an earlier version.
#[derive(Debug)]
pub(crate) enum Answer {
    /// All of it.
    Whole(Rendered),
    /// What changed since the caller's version, up to this one.
    Patches(Rendered),
}

/// The feed of this control plane.
pub(crate) struct Feed {
    pool: Pool,
    observed: ObservedConfig,
    newest: watch::Sender<u64>,
    /// Held while rendering: of many that wait for a version one reads it.
    rendered: Mutex<Last>,
    version: Gauge,
    quarantined: Gauge,
    renders: Counter,
}

impl Feed {
    /// A feed on a database that may not be migrated yet.
    pub(crate) fn new(pool: Pool, observed: ObservedConfig, metrics: &Metrics) -> Self {
        let (newest, _) = watch::channel(0);
        Self {
            pool,
            observed,
            newest,
            rendered: Mutex::default(),
            version: metrics.gauge(
                "gavel_catalog_version",
                "Version of the catalog in force.",
                &[],
            ),
            quarantined: metrics.gauge(
                "gavel_catalog_quarantined_rows",
                "Stored rows left out of the catalog because they cannot be read.",
                &[],
            ),
            renders: metrics.counter(
                "gavel_catalog_renders_total",
                "Catalog versions read from Postgres and rendered.",
                &[],
            ),
        }
    }

    /// Tells who waits that a version was committed here.
    pub(crate) fn committed(&self, version: i64) {
        self.saw(u64::try_from(version).unwrap_or_default());
    }

    /// The newest version that is known of.
    pub(crate) fn newest(&self) -> u64 {
        *self.newest.borrow()
    }

    /// The catalog once it is another than `after`, or `None` when `wait` is over. A version below
    /// `after` counts as another: the database was restored, and what the caller has is gone. Who takes
    /// patches gets those, if they are still there.
    pub(crate) async fn after(
        &self,
        after: u64,
        wait: Duration,
        by_patch: bool,
        shutdown: &Shutdown,
    ) -> Result<Option<Answer>, Refusal> {
        let mut newest = self.newest.subscribe();
        let changed = async {
            newest
                .wait_for(|version| *version > 0 && *version != after)
                .await
                .is_ok()
        };
        let heard = tokio::select! {
            heard = tokio::time::timeout(wait, changed) => heard.unwrap_or(false),
            () = shutdown.fired() => false,
        };
        if !heard {
            return Ok(None);
        }
        let rendered = self.render().await?;
        if rendered.version == after {
            return Ok(None);
        }
        let patched = if by_patch {
            self.patched(after, rendered.version).await
        } else {
            None
        };
        Ok(Some(
            patched.map_or_else(|| Answer::Whole(rendered), Answer::Patches),
        ))
    }

    /// The patches from one version to the one that was rendered last.
    async fn patched(&self, from: u64, to: u64) -> Option<Rendered> {
        let last = self.rendered.lock().await;
        let newest = last.rendered.as_ref()?;
        if newest.version != to {
            return None;
        }
        let first = last.patches.iter().position(|it| it.from == from)?;
        let patches = last.patches.iter().skip(first);
        let body = patch::joined(patches.map(|it| it.body.as_slice()));
        let version = newest.version;
        // More than the whole is of no use to anybody.
        let is_short = body.len() < newest.body.len();
        is_short.then(|| Rendered {
            version,
            body: body.into(),
        })
    }

    /// The newest catalog.
    async fn render(&self) -> Result<Rendered, Refusal> {
        let mut last = self.rendered.lock().await;
        let Last {
            rendered,
            known,
            patches,
        } = &mut *last;
        if let Some(rendered) = rendered
            .as_ref()
            .filter(|rendered| rendered.version == self.newest())
        {
            return Ok(rendered.clone());
        }
        let mut client = self.pool.get().await?;
        let snapshot = catalog::snapshot(&mut client, &self.observed, known).await?;
        let next = Rendered {
            version: snapshot.version,
            body: snapshot.body.into(),
        };
        self.renders.inc();
        self.quarantined
            .set_u32(u32::try_from(snapshot.quarantined).unwrap_or(u32::MAX));
        match rendered.take() {
            Some(before) => remember(patches, before, next.clone()).await,
            None => patches.clear(),
        }
        *rendered = Some(next.clone());
        drop(last);
        self.saw(next.version);
        Ok(next)
    }

    /// Takes note of a version; an edit and a poll may tell of two in either order.
    fn saw(&self, version: u64) {
        self.newest.send_if_modified(|newest| {
            let grew = version > *newest;
            if grew {
                *newest = version;
            }
            grew
        });
        self.version
            .set_u32(u32::try_from(self.newest()).unwrap_or(u32::MAX));
    }

    /// Reads the version that Postgres holds.
    pub(crate) async fn poll(&self, clean: bool) -> Result<(), Refusal> {
        let client = self.pool.get().await?;
        let version = catalog::version(&client).await?;
        // What Postgres says counts, also when it says less than before: it was restored.
        if version < self.newest() {
            self.newest.send_replace(version);
        }
        self.saw(version);
        if clean {
            keys::forget_old(&client).await?;
        }
        Ok(())
    }
}

/// Keeps what changed, so that the patches lead from one to the next without a gap.
async fn remember(patches: &mut VecDeque<Patch>, before: Rendered, next: Rendered) {
    let from = before.version;
    // A version that did not grow was restored; the patches before it lead elsewhere.
    let goes_on = next.version > from;
    let compared =
        tokio::task::spawn_blocking(move || patch::between(&before.body, &next.body)).await;
    match compared.ok().flatten().filter(|_| goes_on) {
        Some(body) => {
            if patches.len() == PATCHES {
                patches.pop_front();
            }
            patches.push_back(Patch { from, body });
        }
        None => patches.clear(),
    }
}

impl Feed {
    /// Publishes what was observed, if that is due and has changed.
    pub(crate) async fn refresh_observed(&self) -> Result<(), Refusal> {
        let mut client = self.pool.get().await?;
        if let Some(version) = observed::refresh(&mut client, &self.observed).await? {
            self.committed(version);
        }
        Ok(())
    }
}

/// Publishes what was observed, period by period, until the end.
pub(crate) async fn watch_observed(feed: Arc<Feed>, shutdown: Shutdown) {
    loop {
        if let Err(refusal) = feed.refresh_observed().await {
            tracing::warn!(?refusal, "what was observed is not published");
        }
        tokio::select! {
            () = tokio::time::sleep(feed.observed.refresh.0) => {}
            () = shutdown.fired() => return,
        }
    }
}

/// Reads the version every second until the end; tells of Postgres going away and coming back.
pub(crate) async fn watch_version(feed: Arc<Feed>, postgres: DependencyHandle, shutdown: Shutdown) {
    let mut polls = 0_u32;
    loop {
        let clean = polls.is_multiple_of(CLEAN_EVERY);
        match tokio::time::timeout(POLL.saturating_mul(3), feed.poll(clean)).await {
            Ok(Ok(())) => postgres.set_up(),
            Ok(Err(_)) => postgres.set_down("does not answer"),
            Err(_) => postgres.set_down("does not answer in time"),
        }
        polls = polls.wrapping_add(1);
        tokio::select! {
            () = tokio::time::sleep(POLL) => {}
            () = shutdown.fired() => return,
        }
    }
}
