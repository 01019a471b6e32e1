//! The thread that names what was seen and tells the control plane.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use contracts::access::SIGHTINGS_PATH;
use contracts::catalog::{CreativeName, MarkupHash};
use contracts::sighting::{MOST_SAMPLE, Sighting, Sightings, SightingsAnswer};
use exchange_core::markup;
use exchange_core::registry::Creative;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use service::client::{Client, ClientConfig, OutRequest};
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Seen;
use crate::exchange::{Exchange, within};

/// Creatives of one call: with all of their samples escaped, less than the control plane takes.
const BATCH: usize = 10;
/// Creatives that wait for the control plane; then the queue is left to fill.
const MOST_UNTOLD: usize = 256;
/// For one call.
const LIMIT: Duration = Duration::from_secs(2);
/// For the last call of a process that ends.
const LAST: Duration = Duration::from_millis(500);
/// Until the next call, while the control plane is away.
const AWAY: Duration = Duration::from_secs(2);
/// How long a creative is not told of again at most: what was refused may have room later.
const REMEMBERED_FOR: Duration = Duration::from_secs(3_600);

pub(super) struct Reporter {
    exchange: Arc<Exchange>,
    waiting: Arc<AtomicUsize>,
    remembered: Remembered,
    untold: Vec<Sighting>,
}

impl Reporter {
    pub(super) fn new(exchange: &Arc<Exchange>, waiting: Arc<AtomicUsize>) -> Self {
        Self {
            exchange: Arc::clone(exchange),
            waiting,
            remembered: Remembered::new(exchange.config.sightings.remembered),
            untold: Vec::new(),
        }
    }

    /// Reports until all who may leave sightings are gone.
    pub(super) async fn run(mut self, mut received: mpsc::Receiver<Seen>) {
        let client = Client::new(ClientConfig {
            connect_timeout: Duration::from_secs(1),
            ..ClientConfig::local()
        });
        let mut taken = Vec::with_capacity(BATCH);
        let mut due = Instant::now();
        loop {
            let has_room = self.untold.len() < MOST_UNTOLD;
            tokio::select! {
                count = received.recv_many(&mut taken, BATCH), if has_room => {
                    if count == 0 {
                        while !self.untold.is_empty() && self.tell(&client, LAST).await {}
                        return;
                    }
                    for seen in taken.drain(..) {
                        self.waiting.fetch_sub(seen.length(), Ordering::Relaxed);
                        self.name(&seen);
                    }
                }
                () = tokio::time::sleep_until(due), if !self.untold.is_empty() => {
                    let was_told = self.tell(&client, LIMIT).await;
                    if !was_told && received.is_closed() {
                        return;
                    }
                    due = Instant::now() + match was_told {
                        true if self.untold.is_empty() => self.exchange.config.sightings.every.0,
                        true => Duration::ZERO,
                        false => AWAY,
                    };
                }
            }
        }
    }

    /// Notes a creative to be told of, unless it was, or there is a verdict on it.
    fn name(&mut self, seen: &Seen) {
        let (partner, creative) = (&seen.partner.id, seen.creative());
        let shown = creative.shown();
        if !self
            .remembered
            .is_new(partner.as_str(), creative.name, shown)
        {
            return;
        }
        let in_force = self.exchange.in_force();
        let is_known = in_force.is_some_and(|in_force| {
            let registry = &in_force.market.registry;
            registry.verdict(partner.as_str(), &creative).is_some()
        });
        if !is_known {
            self.untold.push(Sighting {
                partner: partner.clone(),
                crid: seen.crid.clone().unwrap_or_default(),
                adid: seen.adid.clone(),
                markup: shown,
                sample: sample(&creative),
            });
        }
    }

    /// Tells of as many as one call takes; whether the control plane took them, or never will.
    async fn tell(&mut self, client: &Client, limit: Duration) -> bool {
        let count = self.untold.len().min(BATCH);
        let creatives = self.untold.get(..count).unwrap_or_default().to_vec();
        let counters = self.exchange.metrics.sightings.clone();
        match self.call(client, &Sightings { creatives }, limit).await {
            Ok(answer) => {
                counters.reported.add(answer.stored);
                counters.refused.add(answer.refused);
            }
            Err(Untold::Refused(status)) => {
                tracing::warn!(%status, count, "the control plane refuses creatives that were seen in bids");
                counters
                    .refused
                    .add(u64::try_from(count).unwrap_or_default());
            }
            Err(Untold::Away(why)) => {
                tracing::debug!(
                    why,
                    "creatives that were seen in bids wait for the control plane"
                );
                return false;
            }
        }
        self.untold.drain(..count);
        true
    }

    async fn call(
        &self,
        client: &Client,
        batch: &Sightings,
        limit: Duration,
    ) -> Result<SightingsAnswer, Untold> {
        let exchange = &self.exchange;
        let away = |why: &dyn std::fmt::Display| Untold::Away(why.to_string());
        let target = exchange
            .control_plane(SIGHTINGS_PATH)
            .ok_or_else(|| away(&"control_plane_url is no URL"))?;
        let told = format!("Bearer {}", exchange.config.service_token.expose());
        let mut bearer = HeaderValue::try_from(told).map_err(|error| away(&error))?;
        bearer.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, bearer);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let request = OutRequest {
            method: Method::POST,
            target: &target,
            headers,
            body: Bytes::from(serde_json::to_vec(batch).map_err(|error| away(&error))?),
        };
        let answer = client.send(request, within(limit)).await;
        let answer = answer.map_err(|error| away(&error))?;
        match answer.status {
            StatusCode::OK => serde_json::from_slice(&answer.body).map_err(|error| away(&error)),
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY => Err(Untold::Refused(answer.status)),
            status => Err(away(&status)),
        }
    }
}

/// What those who judge a creative are shown of it: its markup, else its picture and the domains of its advertiser, a
/// line each.
fn sample(creative: &Creative<'_>) -> String {
    if let Some(markup) = creative.markup {
        return MarkupHash::sample(&markup::for_review(markup), MOST_SAMPLE);
    }
    let domains = creative.adomain.iter().map(|domain| &**domain);
    let lines: Vec<&str> = creative.picture.into_iter().chain(domains).collect();
    MarkupHash::sample(&lines.join("\n"), MOST_SAMPLE)
}

/// Why a batch was not taken.
enum Untold {
    /// Not now.
    Away(String),
    /// Not ever.
    Refused(StatusCode),
}

/// Creatives that are not told of again. The older half is forgotten when there are too many of them, and
/// after a time.
struct Remembered {
    most: usize,
    newer: HashSet<[u8; 32]>,
    older: HashSet<[u8; 32]>,
    since: Instant,
}

impl Remembered {
    fn new(most: usize) -> Self {
        Self {
            most: most.div_ceil(2),
            newer: HashSet::new(),
            older: HashSet::new(),
            since: Instant::now(),
        }
    }

    /// Remembers a creative; whether it was not.
    fn is_new(&mut self, partner: &str, name: CreativeName<'_>, shown: Option<MarkupHash>) -> bool {
        let kind = match name {
            CreativeName::Unnamed => 0_u8,
            CreativeName::Adid(_) => 1,
            CreativeName::Crid(_) => 2,
        };
        let name = name.text().unwrap_or_default();
        let mut hash = Sha256::new();
        // Lengths keep the two apart: either may hold any character.
        hash.update(partner.len().to_be_bytes());
        hash.update(partner);
        hash.update([kind]);
        hash.update(name.len().to_be_bytes());
        hash.update(name);
        if let Some(shown) = shown {
            hash.update(shown.as_bytes());
        }
        let key = hash.finalize().into();
        if self.newer.len() >= self.most || self.since.elapsed() >= REMEMBERED_FOR / 2 {
            self.older = std::mem::take(&mut self.newer);
            self.since = Instant::now();
        }
        let is_new = !self.older.contains(&key);
        self.newer.insert(key) && is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creative_is_told_of_once_and_memory_is_bounded() {
        let mut remembered = Remembered::new(4);
        let (one, two) = (MarkupHash::of("<b>"), MarkupHash::of("<i>"));
        let mut is_new =
            |crid: &str, markup| remembered.is_new("dsp", CreativeName::Crid(crid), Some(markup));
        assert!(is_new("c", one));
        assert!(!is_new("c", one), "the same");
        assert!(is_new("c", two), "other markup");
        assert!(!is_new("c", one) && !is_new("c", two));
        // Others come, and those that are seen all the time stay.
        for number in 0..100 {
            assert!(is_new(&format!("d{number}"), one));
            assert!(!is_new("c", one));
        }
        assert!(is_new("c", two), "forgotten");
        assert!(remembered.newer.len() + remembered.older.len() <= 4);
    }

    #[test]
    fn names_do_not_run_into_one_another() {
        let mut remembered = Remembered::new(10);
        let markup = MarkupHash::of("<b>");
        let names = [
            ("ab", CreativeName::Crid("c")),
            ("a", CreativeName::Crid("bc")),
            ("a", CreativeName::Adid("bc")),
            ("a", CreativeName::Unnamed),
        ];
        for (partner, name) in names {
            for shown in [Some(markup), None] {
                assert!(
                    remembered.is_new(partner, name, shown),
                    "{partner} {name:?}"
                );
            }
        }
    }
}
