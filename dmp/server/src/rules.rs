//! The segment rules in force: the control plane's, from its catalog.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use contracts::access::CATALOG_PATH;
use contracts::profile::SegmentRule;
use serde::Deserialize;
use service::feed::{self, Event, Feed, Origin};
use service::{Health, Shutdown};
use tokio::sync::watch;
use units::SegmentId;

use crate::{App, Config};

/// How long the control plane may hold a call.
const WAIT: Duration = Duration::from_secs(25);

/// What the DMP takes from a catalog; the rest of it is not its business.
#[derive(Debug, Deserialize)]
struct Segments {
    version: u64,
    #[serde(default)]
    segments: Vec<SegmentRule>,
}

/// The rules, swapped whole.
pub(crate) struct Rules {
    current: ArcSwapOption<Vec<SegmentRule>>,
    changed: watch::Sender<u64>,
}

impl Rules {
    pub(crate) fn new() -> Self {
        Self {
            current: ArcSwapOption::empty(),
            changed: watch::Sender::new(0),
        }
    }

    /// The rules in force; none before the first catalog.
    pub(crate) fn current(&self) -> Option<Arc<Vec<SegmentRule>>> {
        self.current.load_full()
    }

    /// Ids of all segments in force.
    pub(crate) fn ids(&self) -> Vec<SegmentId> {
        self.current()
            .map(|rules| rules.iter().map(|segment| segment.id.clone()).collect())
            .unwrap_or_default()
    }

    /// Tells when the rules have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    fn take(&self, mut segments: Vec<SegmentRule>) {
        segments.sort_by(|one, other| one.id.cmp(&other.id));
        if self.current().is_some_and(|known| *known == segments) {
            return;
        }
        self.current.store(Some(Arc::new(segments)));
        self.changed
            .send_modify(|changes| *changes = changes.saturating_add(1));
    }
}

/// Follows the catalog feed until `shutdown`. Ready with the first catalog, also with the one on disk.
pub(crate) async fn follow(app: &App, config: &Config, health: &Health, shutdown: &Shutdown) {
    let feed = Feed {
        url: format!(
            "{}{CATALOG_PATH}",
            config.control_plane_url.trim_end_matches('/')
        ),
        token: config.service_token.clone(),
        copy: config.catalog_copy(),
        copy_max_age: config.catalog_max_age.0,
        wait: WAIT,
    };
    let control_plane = health.dependency("control-plane");
    let mut heard = Instant::now();
    let follow = feed::poll(
        &feed,
        shutdown,
        |json: &[u8]| {
            let segments: Segments = serde_json::from_slice(json)?;
            Ok((segments.version, segments))
        },
        |event| {
            match event {
                Event::Value(segments, origin) => {
                    app.metrics
                        .catalog_version
                        .set_i64(i64::try_from(segments.version).unwrap_or(i64::MAX));
                    app.rules.take(segments.segments);
                    health.set_ready(true);
                    if origin == Origin::Publisher {
                        heard = Instant::now();
                        control_plane.set_up();
                    }
                }
                Event::Unchanged => {
                    heard = Instant::now();
                    control_plane.set_up();
                }
                Event::Failed(error) => control_plane.set_down(error.to_string()),
                Event::CopyRefused(fault) => {
                    tracing::error!(%fault, "starting without rules: not ready until the control plane answers");
                }
            }
            app.metrics.catalog_age.set(heard.elapsed().as_secs_f64());
        },
    );
    follow.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_are_the_same_do_not_count_as_changed() {
        let rule = |id: &str| SegmentRule {
            id: id.into(),
            name: String::new(),
            rule: None,
        };
        let rules = Rules::new();
        let mut changes = rules.changes();
        assert!(rules.current().is_none());
        rules.take(vec![rule("b"), rule("a")]);
        assert!(changes.has_changed().unwrap());
        changes.mark_unchanged();
        rules.take(vec![rule("a"), rule("b")]);
        assert!(!changes.has_changed().unwrap());
        assert_eq!(rules.ids(), ["a".into(), "b".into()]);
    }
}
