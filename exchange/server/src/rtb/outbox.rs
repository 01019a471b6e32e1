//! The durable outbox: billing notices (and SSPs' win and loss notices) on their way to DSPs.
//!
//! At least once: an entry is acknowledged when its DSP took it, or its life is over (X-91, R8); of win and loss
//! also when its DSP refused it.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use contracts::event::{DeliveryEvent, NoticeEnd, OUTBOX_STREAM};
use contracts::notice::{SellClaims, SellKind};
use eventlog::{Entry, EventLog, EventLogError, Persistence, START};
use service::client::Target;
use service::{DependencyHandle, Shutdown, clock};
use units::DurationMillis;

use super::calls::{Said, get, headers};
use super::in_work::InWork;
use super::records::NoticeRecord;
use crate::delivery;
use crate::exchange::Exchange;
use crate::upstream::Upstream;

const GROUP: &str = "exchange";
const CONSUMER: &str = "exchange";
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
    let mut claims = Claims {
        next: tokio::time::Instant::now(),
        from: START.to_owned(),
        next_ping: tokio::time::Instant::now(),
    };
    let mut has_group = false;
    while !shutdown.is_fired() {
        let turn = outbox.turn(&mut has_group, &mut claims).await;
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
    in_work: Rc<RefCell<InWork>>,
    /// Why nothing is appended; what is there is delivered all the same.
    not_durable: RefCell<Option<String>>,
}

/// The look for entries that nobody delivers: page by page, so that new ones are read between.
struct Claims {
    next: tokio::time::Instant,
    from: String,
    /// When the log is next asked whether it is durable.
    next_ping: tokio::time::Instant,
}

impl Claims {
    fn is_due(&self) -> bool {
        self.from != START || tokio::time::Instant::now() >= self.next
    }

    fn went_to(&mut self, position: String) {
        if position == START {
            self.next = tokio::time::Instant::now() + CLAIM_EVERY;
        }
        self.from = position;
    }
}

impl Outbox {
    /// Takes what there is; whether there was anything.
    async fn turn(&self, has_group: &mut bool, claims: &mut Claims) -> Result<bool, EventLogError> {
        if !*has_group {
            self.log.ensure_group(OUTBOX_STREAM, GROUP).await?;
            *has_group = true;
        }
        if tokio::time::Instant::now() >= claims.next_ping {
            self.ask_for_durability().await?;
            claims.next_ping = tokio::time::Instant::now() + CLAIM_EVERY;
        }
        if claims.is_due() && self.room() > 0 {
            self.claim(claims).await?;
        }
        let room = self.room();
        if room == 0 {
            return Ok(false);
        }
        let entries = self
            .log
            .read_group(OUTBOX_STREAM, GROUP, CONSUMER, room)
            .await?;
        let any = !entries.is_empty() || claims.from != START;
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

    /// How many entries more may be read at once.
    fn room(&self) -> usize {
        let most = self.exchange.config.outbox.in_work;
        let taken = self.in_work.borrow().len();
        most.saturating_sub(taken).min(BATCH)
    }

    /// Takes over what a process that died had read, and what was left for later.
    async fn claim(&self, claims: &mut Claims) -> Result<(), EventLogError> {
        let taken = self
            .log
            .claim_stale(
                OUTBOX_STREAM,
                GROUP,
                CONSUMER,
                SILENCE,
                &claims.from,
                self.room(),
            )
            .await?;
        claims.went_to(taken.next);
        for entry in taken.entries {
            self.start(entry);
        }
        Ok(())
    }

    fn start(&self, entry: Entry) {
        let event = serde_json::from_slice::<DeliveryEvent>(&entry.payload);
        let partner = event
            .as_ref()
            .ok()
            .map(|event| event.claims.partner.clone());
        let most = self.exchange.config.outbox.per_partner;
        let mut in_work = self.in_work.borrow_mut();
        if !in_work.begin(&entry.position, partner.as_ref(), most) {
            return;
        }
        // Now, and not in its task: a billing notice that was read with it is begun before that runs.
        let win = event.as_ref().ok().and_then(|event| win_of(&event.claims));
        if let Some(bid) = &win {
            in_work.tells_win(bid.clone());
        }
        drop(in_work);
        let work = Work {
            exchange: Arc::clone(&self.exchange),
            upstream: self.upstream.clone(),
            log: self.log.clone(),
            in_work: Rc::clone(&self.in_work),
        };
        tokio::task::spawn_local(async move {
            // Not acknowledged, it comes again as stale: once more is allowed.
            if let Err(error) = work.settle(&entry.position, event).await {
                tracing::debug!(%error, "an outbox entry was delivered and not acknowledged");
            }
            let mut in_work = work.in_work.borrow_mut();
            in_work.end(&entry.position, partner.as_ref());
            if let Some(bid) = win {
                in_work.told_win(&bid);
            }
        });
    }
}

/// The bid whose win a notice tells of.
fn win_of(claims: &SellClaims) -> Option<String> {
    (claims.kind == SellKind::Win).then(|| delivery::once(WIN, claims))
}

/// What a bid is known by while its win notice is on its way.
const WIN: &str = "win";

/// What delivering one entry needs.
struct Work {
    exchange: Arc<Exchange>,
    upstream: Upstream,
    log: EventLog,
    in_work: Rc<RefCell<InWork>>,
}

impl Work {
    /// Delivers one entry, records how its billing notice ended, and acknowledges it; one that failed while its
    /// DSP has too many of those is left for later.
    async fn settle(
        &self,
        position: &str,
        event: Result<DeliveryEvent, serde_json::Error>,
    ) -> Result<(), EventLogError> {
        match event {
            Ok(event) => {
                let Some(end) = self.deliver(&event).await else {
                    return Ok(());
                };
                let claims = event.claims;
                if matches!(claims.kind, SellKind::Bill | SellKind::Impression) {
                    delivery::record_end(&self.log, claims, end, clock::now()).await?;
                }
            }
            Err(error) => {
                tracing::warn!(%error, position, "an outbox entry cannot be read");
                self.exchange.metrics.notice("bill", "unreadable");
            }
        }
        self.log.ack(OUTBOX_STREAM, GROUP, &[position]).await
    }

    /// Calls one notice until it is settled; `None` where it is left for later.
    async fn deliver(&self, event: &DeliveryEvent) -> Option<NoticeEnd> {
        let exchange = &self.exchange;
        let partner = &event.claims.partner;
        let kind = match event.claims.kind {
            SellKind::Win => "win",
            SellKind::Loss => "loss",
            SellKind::Bill | SellKind::Impression | SellKind::Click | SellKind::View => "bill",
        };
        let mut waits = false;
        let end = self.call(event, &mut waits).await;
        if waits {
            self.in_work.borrow_mut().waits_no_more(partner);
        }
        let Some(end) = end else {
            exchange.metrics.notice(kind, "deferred");
            return None;
        };
        let outcome = match end {
            NoticeEnd::Acknowledged => "sent",
            NoticeEnd::Refused => "refused",
            NoticeEnd::Expired => "expired",
        };
        let is_win = event.claims.kind == SellKind::Win && !event.claims.test;
        if is_win && end == NoticeEnd::Acknowledged {
            exchange.tallies.win_notice(partner, clock::now());
        }
        exchange.metrics.notice(kind, outcome);
        let notice = NoticeRecord {
            kind,
            dsp: partner.as_str(),
            imp: &event.claims.imp,
            outcome,
            at: clock::now(),
        };
        exchange.records.note(event.claims.auction, &notice);
        Some(end)
    }

    /// Waits until the win notice of the same bid was called, where one is on its way: a DSP hears of its win first
    /// . Whether it took it is another matter, and what is billed does not wait for that.
    async fn after_its_win(&self, claims: &SellClaims) {
        let bid = delivery::once(WIN, claims);
        loop {
            let Some(told) = self.in_work.borrow().win_under_way(&bid) else {
                return;
            };
            told.notified().await;
        }
    }

    /// `waits` becomes whether it has a place among those of its DSP that wait for a repetition.
    async fn call(&self, event: &DeliveryEvent, waits: &mut bool) -> Option<NoticeEnd> {
        let config = &self.exchange.config;
        let partner = &event.claims.partner;
        let Ok(target) = Target::parse(&event.claims.url) else {
            return Some(NoticeEnd::Refused);
        };
        let in_force = self.exchange.in_force();
        let known = in_force.as_deref().and_then(|now| now.partner(partner));
        let client = self.upstream.of(known);
        // An impression of the last moment is told of, too.
        let life = i64::try_from(config.notice_ttl.0.as_millis()).unwrap_or(i64::MAX);
        let until = event
            .at
            .after(DurationMillis(life))
            .max(event.claims.expires);
        let judge = match event.claims.kind {
            SellKind::Win | SellKind::Loss => Said::to_a_notice,
            SellKind::Bill | SellKind::Impression | SellKind::Click | SellKind::View => {
                Said::to_a_bill
            }
        };
        if event.claims.kind == SellKind::Bill {
            self.after_its_win(&event.claims).await;
        }
        let headers = headers(&event.claims.device);
        let mut pause = FIRST_PAUSE;
        loop {
            let said = get(client, &target, headers.clone(), config.notice_timeout.0).await;
            if event.claims.kind == SellKind::Win {
                let bid = delivery::once(WIN, &event.claims);
                self.in_work.borrow_mut().told_win(&bid);
            }
            match judge(&said) {
                Said::Taken => return Some(NoticeEnd::Acknowledged),
                Said::Refused => return Some(NoticeEnd::Refused),
                Said::Again => {}
            }
            if clock::now() >= until {
                return Some(NoticeEnd::Expired);
            }
            if !*waits {
                let most = config.outbox.per_partner;
                *waits = self.in_work.borrow_mut().may_wait(partner, most);
                if !*waits {
                    return None;
                }
            }
            tokio::time::sleep(jittered(pause)).await;
            pause = (pause * 2).min(config.outbox_retry.0.max(FIRST_PAUSE));
        }
    }
}

/// Between three quarters and all of the pause, so that repetitions do not come in step.
fn jittered(pause: Duration) -> Duration {
    let [byte] = clock::random_bytes::<1>();
    pause * (768 + u32::from(byte)) / 1_024
}
