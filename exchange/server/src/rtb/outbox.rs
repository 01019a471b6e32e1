//! The durable outbox: billing notices (and SSPs' win and loss notices) on their way to DSPs.
//!
//! At least once: an entry is acknowledged when its DSP took it, refused it for good, or it expired (X-91, R8).

use std::cell::RefCell;
use std::collections::HashSet;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use contracts::event::{DeliveryEvent, NoticeEnd, OUTBOX_STREAM};
use contracts::notice::SellKind;
use eventlog::{Entry, EventLog, EventLogError, Persistence, START};
use http::HeaderMap;
use service::client::Target;
use service::{DependencyHandle, Shutdown, clock};

use super::calls::{Said, get};
use super::records::NoticeRecord;
use crate::delivery;
use crate::exchange::Exchange;
use crate::upstream::Upstream;

const GROUP: &str = "exchange";
const CONSUMER: &str = "exchange";
/// Entries being delivered at the same time, repetitions that wait included.
const MOST: usize = 4_096;
const BATCH: usize = 256;
const IDLE_PAUSE: Duration = Duration::from_millis(50);
const FAULT_PAUSE: Duration = Duration::from_millis(500);
/// How often entries of consumers that went silent are looked for, and after what silence.
const CLAIM_EVERY: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_secs(20);
/// The first pause before a repetition; doubled up to the configured longest.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Delivers until `shutdown`. Runs on one worker.
pub(crate) async fn deliver_outbox(
    exchange: Arc<Exchange>,
    upstream: Upstream,
    log: EventLog,
    shutdown: Shutdown,
    health: DependencyHandle,
) {
    let outbox = Outbox {
        exchange,
        upstream,
        log,
        in_work: Rc::default(),
        not_durable: RefCell::default(),
    };
    let mut next_claim = tokio::time::Instant::now();
    let mut has_group = false;
    while !shutdown.is_fired() {
        let turn = outbox.turn(&mut has_group, &mut next_claim).await;
        let pause = match turn {
            Ok(true) => continue,
            Ok(false) => {
                match &*outbox.not_durable.borrow() {
                    None => health.set_up(),
                    Some(why) => health.set_down(why.clone()),
                }
                IDLE_PAUSE
            }
            Err(error) => {
                health.set_down(error.to_string());
                has_group = false;
                FAULT_PAUSE
            }
        };
        tokio::select! {
            () = shutdown.fired() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

struct Outbox {
    exchange: Arc<Exchange>,
    upstream: Upstream,
    log: EventLog,
    /// Positions being delivered: an entry that waits for its repetition looks stale, and is not.
    in_work: Rc<RefCell<HashSet<String>>>,
    /// Why nothing is appended; what is there is delivered all the same.
    not_durable: RefCell<Option<String>>,
}

impl Outbox {
    /// Takes what there is; whether there was anything.
    async fn turn(
        &self,
        has_group: &mut bool,
        next_claim: &mut tokio::time::Instant,
    ) -> Result<bool, EventLogError> {
        if !*has_group {
            self.log.ensure_group(OUTBOX_STREAM, GROUP).await?;
            *has_group = true;
        }
        if tokio::time::Instant::now() >= *next_claim {
            self.ask_for_durability().await?;
            self.claim().await?;
            *next_claim = tokio::time::Instant::now() + CLAIM_EVERY;
        }
        let room = MOST.saturating_sub(self.in_work.borrow().len()).min(BATCH);
        if room == 0 {
            return Ok(false);
        }
        let entries = self
            .log
            .read_group(OUTBOX_STREAM, GROUP, CONSUMER, room)
            .await?;
        let any = !entries.is_empty();
        for entry in entries {
            self.start(entry);
        }
        let waiting = u32::try_from(self.in_work.borrow().len()).unwrap_or(u32::MAX);
        self.exchange.metrics.outbox_waiting.set_u32(waiting);
        Ok(any)
    }

    async fn ask_for_durability(&self) -> Result<(), EventLogError> {
        let (is_durable, why) = match self.log.ping().await {
            Ok(persistence) => (persistence == Persistence::Durable, None),
            Err(error @ EventLogError::NotDurable(_)) => (false, Some(error.to_string())),
            Err(error) => return Err(error),
        };
        let gauge = &self.exchange.metrics.events_durable;
        gauge.set_u32(is_durable.into());
        *self.not_durable.borrow_mut() = why;
        Ok(())
    }

    /// Takes over what a process that died had read.
    async fn claim(&self) -> Result<(), EventLogError> {
        let mut from = START.to_owned();
        while self.in_work.borrow().len() < MOST {
            let taken = self
                .log
                .claim_stale(OUTBOX_STREAM, GROUP, CONSUMER, SILENCE, &from, BATCH)
                .await?;
            for entry in taken.entries {
                self.start(entry);
            }
            if taken.next == START {
                break;
            }
            from = taken.next;
        }
        Ok(())
    }

    fn start(&self, entry: Entry) {
        if !self.in_work.borrow_mut().insert(entry.position.clone()) {
            return;
        }
        let (exchange, upstream) = (Arc::clone(&self.exchange), self.upstream.clone());
        let (log, in_work) = (self.log.clone(), Rc::clone(&self.in_work));
        tokio::task::spawn_local(async move {
            // Not acknowledged, it comes again as stale: once more is allowed.
            if let Err(error) = settle(&exchange, &upstream, &log, &entry).await {
                tracing::debug!(%error, "an outbox entry was delivered and not acknowledged");
            }
            in_work.borrow_mut().remove(&entry.position);
        });
    }
}

/// Delivers one entry, records how its billing notice ended, and acknowledges it.
async fn settle(
    exchange: &Exchange,
    upstream: &Upstream,
    log: &EventLog,
    entry: &Entry,
) -> Result<(), EventLogError> {
    let ended = match serde_json::from_slice::<DeliveryEvent>(&entry.payload) {
        Ok(event) => Some((deliver(exchange, upstream, &event).await, event.claims)),
        Err(error) => {
            tracing::warn!(%error, position = entry.position, "an outbox entry cannot be read");
            exchange.metrics.notice("bill", "unreadable");
            None
        }
    };
    if let Some((end, claims)) = ended
        && matches!(claims.kind, SellKind::Bill | SellKind::Impression)
    {
        delivery::record_end(log, claims, end, clock::now()).await?;
    }
    log.ack(OUTBOX_STREAM, GROUP, &[&entry.position]).await
}

/// Calls one notice until it is settled.
async fn deliver(exchange: &Exchange, upstream: &Upstream, event: &DeliveryEvent) -> NoticeEnd {
    let kind = match event.claims.kind {
        SellKind::Win => "win",
        SellKind::Loss => "loss",
        SellKind::Bill | SellKind::Impression | SellKind::Click | SellKind::View => "bill",
    };
    let end = call(exchange, upstream, event).await;
    let outcome = match end {
        NoticeEnd::Acknowledged => "sent",
        NoticeEnd::Refused => "refused",
        NoticeEnd::Expired => "expired",
    };
    let is_win = event.claims.kind == SellKind::Win && !event.claims.test;
    if is_win && end == NoticeEnd::Acknowledged {
        let partner = &event.claims.partner;
        exchange.tallies.win_notice(partner, clock::now());
    }
    exchange.metrics.notice(kind, outcome);
    let notice = NoticeRecord {
        kind,
        dsp: event.claims.partner.as_str().to_owned(),
        imp: event.claims.imp.clone(),
        outcome,
        at: clock::now().to_rfc3339(),
    };
    exchange.records.note(event.claims.auction, notice);
    end
}

async fn call(exchange: &Exchange, upstream: &Upstream, event: &DeliveryEvent) -> NoticeEnd {
    let Ok(target) = Target::parse(&event.claims.url) else {
        return NoticeEnd::Refused;
    };
    let in_force = exchange.in_force();
    let partner = in_force
        .as_deref()
        .and_then(|now| now.partner(&event.claims.partner));
    let client = upstream.of(partner);
    let mut pause = FIRST_PAUSE;
    loop {
        let timeout = exchange.config.notice_timeout.0;
        match get(client, &target, HeaderMap::new(), timeout).await {
            Said::Taken => return NoticeEnd::Acknowledged,
            Said::Refused => return NoticeEnd::Refused,
            Said::Again => {}
        }
        if clock::now() >= event.claims.expires {
            return NoticeEnd::Expired;
        }
        tokio::time::sleep(jittered(pause)).await;
        pause = (pause * 2).min(exchange.config.outbox_retry.0.max(FIRST_PAUSE));
    }
}

/// Between three quarters and all of the pause, so that repetitions do not come in step.
fn jittered(pause: Duration) -> Duration {
    let [byte] = clock::random_bytes::<1>();
    pause * (768 + u32::from(byte)) / 1_024
}
