//! Creatives that DSPs bid with and the registry has no verdict on, told to the control plane for review.
//!
//! A worker leaves a copy of what it saw and goes on; a thread of its own names it and tells of each creative
//! once. When the thread is behind, sightings are dropped and counted, answers are not delayed.

mod report;

use std::cell::RefCell;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use contracts::catalog::CreativeName;
use contracts::sighting::MOST_CRID;
use exchange_core::registry::{Creative, Registry};
use openrtb::Str;
use serde::Deserialize;
use service::config::{Bytes, ConfigFault, Millis};
use service::runtime;
use tokio::sync::mpsc;

use crate::exchange::Exchange;
use crate::metrics::SightingCounters;
use crate::rtb::partners::Partner;

use report::Reporter;

/// Which sightings are reported; `config.default.toml` says what each key means.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "documented key by key in config.default.toml")]
pub struct SightingsConfig {
    pub waiting: Bytes,
    pub remembered: usize,
    pub every: Millis,
}

impl SightingsConfig {
    /// What no type can say.
    pub(crate) fn faults(&self, faults: &mut Vec<ConfigFault>) {
        if self.remembered == 0 || self.remembered > 10_000_000 {
            let why = "expected 1 to 10000000 creatives";
            faults.push(ConfigFault::in_key("sightings.remembered", why));
        }
        if self.every.0 < Duration::from_millis(100) {
            let why = "must be 100ms or longer";
            faults.push(ConfigFault::in_key("sightings.every", why));
        }
    }
}

/// A creative in a bid, as a worker leaves it.
#[derive(Debug)]
struct Seen {
    partner: Arc<Partner>,
    crid: Option<String>,
    adid: Option<String>,
    markup: Option<String>,
    /// What stands in for the markup where there is none.
    picture: Option<String>,
    adomain: Vec<Str<'static>>,
}

impl Seen {
    fn of(partner: &Arc<Partner>, creative: &Creative<'_>) -> Self {
        let text = |text: Option<&str>| text.map(str::to_owned);
        let (crid, adid) = match creative.name {
            CreativeName::Crid(crid) => (Some(crid), None),
            CreativeName::Adid(adid) => (None, Some(adid)),
            CreativeName::Unnamed => (None, None),
        };
        let adomain = creative.adomain.iter();
        Self {
            partner: Arc::clone(partner),
            crid: text(crid),
            adid: text(adid),
            markup: text(creative.markup),
            picture: text(creative.picture),
            adomain: adomain.map(|it| Str::from(it.to_string())).collect(),
        }
    }

    fn creative(&self) -> Creative<'_> {
        Creative {
            name: CreativeName::of(self.crid.as_deref(), self.adid.as_deref()),
            markup: self.markup.as_deref(),
            picture: self.picture.as_deref(),
            adomain: &self.adomain,
        }
    }

    /// Bytes of what there is to see.
    fn length(&self) -> usize {
        let texts = [&self.markup, &self.picture].into_iter().flatten();
        let domains = self.adomain.iter().map(|it| it.len());
        texts.map(String::len).chain(domains).sum()
    }
}

/// Sightings that wait for the thread, however little markup they have.
const MOST_WAITING: usize = 4_096;

/// Where workers leave what they saw.
#[derive(Debug, Clone)]
pub(crate) struct Sightings {
    queue: mpsc::Sender<Seen>,
    /// Bytes of markup that wait.
    waiting: Arc<AtomicUsize>,
    most: usize,
    counters: SightingCounters,
}

impl Sightings {
    /// Starts the thread that reports; it ends when all who may leave sightings are gone.
    ///
    /// # Errors
    /// The system has no more threads.
    pub(crate) fn start(exchange: &Arc<Exchange>) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (queue, received) = mpsc::channel(MOST_WAITING);
        let waiting = Arc::new(AtomicUsize::new(0));
        let reporter = Reporter::new(exchange, Arc::clone(&waiting));
        let thread = std::thread::Builder::new().name("sightings".into());
        let thread = thread.spawn(move || match runtime::current_thread("sightings") {
            Ok(runtime) => runtime.block_on(reporter.run(received)),
            Err(error) => tracing::error!(%error, "creatives in bids are not reported"),
        })?;
        let sightings = Self {
            queue,
            waiting,
            most: exchange.config.sightings.waiting.as_usize(),
            counters: exchange.metrics.sightings.clone(),
        };
        Ok((sightings, thread))
    }

    /// Whether there was room for it.
    fn leave(&self, seen: Seen) -> bool {
        let length = seen.length();
        let before = self.waiting.fetch_add(length, Ordering::Relaxed);
        let has_room = before.saturating_add(length) <= self.most;
        if has_room && self.queue.try_send(seen).is_ok() {
            return true;
        }
        self.waiting.fetch_sub(length, Ordering::Relaxed);
        self.counters.dropped.inc();
        false
    }
}

/// What one worker looks at bids with. Lives on its core.
#[derive(Debug)]
pub(crate) struct Watch {
    sightings: Sightings,
    lately: RefCell<Lately>,
}

impl Watch {
    pub(crate) fn new(sightings: &Sightings) -> Self {
        Self {
            sightings: sightings.clone(),
            lately: RefCell::default(),
        }
    }

    /// Leaves the creative of a bid for the thread, unless its name has a verdict or the same was left a moment
    /// ago.
    pub(crate) fn look(
        &self,
        registry: &Registry,
        partner: &Arc<Partner>,
        creative: &Creative<'_>,
        now: Instant,
    ) {
        let is_too_long = creative.name.text().is_some_and(|it| it.len() > MOST_CRID);
        if is_too_long || !creative.is_told_apart() || self.sightings.most == 0 {
            return;
        }
        let known = registry.verdict_on_name(partner.id.as_str(), creative.name);
        if known.is_some() {
            return;
        }
        let key = glance(partner.id.as_str(), creative);
        let mut lately = self.lately.borrow_mut();
        if lately.has(key, now) {
            return;
        }
        if self.sightings.leave(Seen::of(partner, creative)) {
            lately.note(key, now);
        }
    }
}

/// Bytes of either end of markup that tell it from other markup at a glance.
const ENDS: usize = 64;

/// What a creative is told by for a moment: cheaper than its name. Tokens of single bids stand in between.
fn glance(partner: &str, creative: &Creative<'_>) -> u64 {
    let shown = creative.markup.or(creative.picture).unwrap_or_default();
    let bytes = shown.as_bytes();
    let (head, _) = bytes.split_at(bytes.len().min(ENDS));
    let (_, tail) = bytes.split_at(bytes.len().saturating_sub(ENDS));
    let mut hash = DefaultHasher::new();
    (partner, creative.name, head, tail).hash(&mut hash);
    hash.finish()
}

/// Creatives that were left within the last moment, each in the one place that it may stand in.
#[derive(Debug)]
struct Lately(Box<[Option<(u64, Instant)>]>);

/// Places; more creatives than that at once are looked at more often.
const PLACES: u64 = 4_096;
/// How long a moment is: what swaps its markup under the same `crid`, and in the middle, is seen after it.
const MOMENT: Duration = Duration::from_secs(1);

impl Default for Lately {
    fn default() -> Self {
        Self((0..PLACES).map(|_| None).collect())
    }
}

impl Lately {
    fn has(&self, key: u64, now: Instant) -> bool {
        let place = self.0.get(place(key)).copied().flatten();
        place.is_some_and(|(other, at)| other == key && now.saturating_duration_since(at) < MOMENT)
    }

    fn note(&mut self, key: u64, now: Instant) {
        if let Some(place) = self.0.get_mut(place(key)) {
            *place = Some((key, now));
        }
    }
}

fn place(key: u64) -> usize {
    usize::try_from(key % PLACES).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_left_once_in_a_moment() {
        let mut lately = Lately::default();
        let now = Instant::now();
        let markup = format!("<div>{}</div>", "x".repeat(1_000));
        let creative = |crid, markup| Creative {
            name: CreativeName::Crid(crid),
            markup: Some(markup),
            picture: None,
            adomain: &[],
        };
        let key = glance("dsp", &creative("c", &markup));
        assert!(!lately.has(key, now));
        lately.note(key, now);
        assert!(lately.has(key, now));
        assert!(!lately.has(key, now + MOMENT), "a moment later");
        for other in [
            glance("rival", &creative("c", &markup)),
            glance("dsp", &creative("d", &markup)),
            glance("dsp", &creative("c", "<b>another</b>")),
        ] {
            assert!(!lately.has(other, now));
        }
    }
}
