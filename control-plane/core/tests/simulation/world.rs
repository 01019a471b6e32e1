//! Virtual time in steps of 100 ms: who does what, what is late, lost, doubled or down.

use std::collections::BTreeMap;

use contracts::catalog::Pacing;
use contracts::event::{NoticeEvent, PriceTold};
use contracts::notice::{BillOn, NoticeClaims, NoticeKind};
use control_plane_core::budget::{
    Account, AccountKey, Asked, Books, FenceClock, FenceStep, GRACE, LeaseState, Level, Line,
    LineBudget, Period, ReservationState, SettledShare, closable,
};
use units::{
    AuctionId, BidId, BootId, CpmMicros, Currency, DurationMillis, LeaseId, Multiplier, Nanos,
    ReservationId, UnixMillis,
};
use uuid::Uuid;

use super::bidder::{Answer, Bidder, Held};
use super::facts::Facts;
use super::log::{Append, Entry, Log};
use super::{Dice, Plant};

const TICK: i64 = 100;
const SECOND: i64 = 1_000;
const HOUR: i64 = 3_600_000;
/// Starts shortly before an hour ends, so that every run crosses an edge.
const START: i64 = 1_000 * HOUR - 100_000;
const BUSY: i64 = 200_000;
const LIFE_S: u32 = 20;

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) bids: usize,
    pub(crate) billed: usize,
    pub(crate) released: usize,
    pub(crate) closed: usize,
    pub(crate) settled: i64,
}

enum Message {
    Ask {
        bidder: usize,
        boot: BootId,
        asked_at: i64,
        amount: i64,
        ended: Vec<(LeaseId, Nanos)>,
    },
    Answer {
        bidder: usize,
        answer: Answer,
    },
    Epoch {
        bidder: usize,
        epoch: u64,
        active: bool,
    },
    Notice(Sender),
    LocalRelease {
        bidder: usize,
        lease: LeaseId,
        amount: i64,
    },
}

/// Whoever tells a notice until it is answered.
struct Sender {
    event: Box<NoticeEvent>,
    backoff: i64,
    /// When a log that was down first refused it.
    refused: Option<i64>,
}

pub(crate) struct Simulation {
    plant: Plant,
    dice: Dice,
    now: i64,
    /// Committed state: what a crash of the ledger leaves.
    books: Books,
    applied: usize,
    marker: UnixMillis,
    line: Line,
    log: Log,
    fence: FenceClock,
    bidders: Vec<Bidder>,
    messages: BTreeMap<(i64, u64), Message>,
    sent: u64,
    leases: u128,
    ledger_down_until: i64,
    ingest_down_until: i64,
    log_down_until: i64,
    facts: Facts,
}

impl Simulation {
    pub(crate) fn run(seed: u64, plant: Plant) -> Result<Done, String> {
        let mut world = Self::new(seed, plant);
        while world.now < START + BUSY {
            world.step()?;
        }
        world.ledger_down_until = 0;
        world.ingest_down_until = 0;
        world.log_down_until = 0;
        for bidder in &mut world.bidders {
            bidder.active = false;
        }
        // Longer than lease, reservation, grace, gap and the longest back-off together.
        while world.now < START + BUSY + 400_000 {
            world.step()?;
        }
        world.facts.check_rest(&world.books)?;
        let released = |state| {
            world
                .books
                .reservations
                .values()
                .filter(|one| one.state == state)
                .count()
        };
        Ok(Done {
            bids: world.facts.bids,
            billed: released(ReservationState::Billed),
            released: released(ReservationState::Released),
            closed: world.books.leases.len(),
            settled: world
                .books
                .campaign("c")
                .map_or(0, |account| account.settled.0),
        })
    }

    fn new(seed: u64, plant: Plant) -> Self {
        let mut dice = Dice::new(seed);
        let line = line();
        let mut books = Books::default();
        let scarce = 2_000 + dice.below(60_000);
        books.accounts.insert(
            AccountKey::lifetime(Level::Campaign, "c"),
            Account::new(Some(Nanos(scarce))),
        );
        books.accounts.insert(
            AccountKey::lifetime(Level::LineItem, "l"),
            Account::new(None),
        );
        Self {
            plant,
            dice,
            now: START,
            books,
            applied: 0,
            marker: UnixMillis(0),
            line,
            log: Log::default(),
            fence: FenceClock::default(),
            bidders: (1..=3).map(Bidder::new).collect(),
            messages: BTreeMap::new(),
            sent: 0,
            leases: 0,
            ledger_down_until: 0,
            ingest_down_until: 0,
            log_down_until: 0,
            facts: Facts::default(),
        }
    }

    fn step(&mut self) -> Result<(), String> {
        let busy = self.now + TICK < START + BUSY;
        // At the end only the fence and the slowest senders are waited for.
        self.now += if busy {
            TICK
        } else {
            SECOND - self.now % SECOND
        };
        if busy {
            self.mishaps();
            for bidder in 0..self.bidders.len() {
                self.bid(bidder)?;
            }
        }
        for bidder in 0..self.bidders.len() {
            self.bidders[bidder].drop_ended(self.now, self.plant);
            if self.now % SECOND == 0 {
                self.ask(bidder, busy);
            }
        }
        while let Some((due, _)) = self.messages.keys().next().copied() {
            if due > self.now {
                break;
            }
            if let Some((_, message)) = self.messages.pop_first() {
                self.deliver(message)?;
            }
        }
        if self.ledger_up() {
            self.keep_ledger();
        }
        self.facts.check(&self.books)
    }

    fn ledger_up(&self) -> bool {
        self.now >= self.ledger_down_until
    }

    /// The ledger's clock.
    fn ledger_now(&self) -> UnixMillis {
        UnixMillis(self.now)
    }

    fn mishaps(&mut self) {
        if self.dice.below(1_500) == 0 {
            // Outages shorter and longer than the reservation life.
            self.ledger_down_until = self.now + self.dice.below(90_000);
        }
        if self.dice.below(1_500) == 0 {
            self.ingest_down_until = self.now + self.dice.below(90_000);
        }
        if self.dice.below(1_500) == 0 {
            self.log_down_until = self.now + self.dice.below(60_000);
        }
        if self.dice.below(400) == 0 {
            let bidder = self.dice.below(3).unsigned_abs() as usize;
            self.bidders[bidder].restart();
        }
        if self.dice.below(400) == 0 && self.ledger_up() {
            self.edit();
        }
    }

    /// A pause, a resume, a cut or a raise: a new epoch, told to each bidder within two seconds.
    fn edit(&mut self) {
        self.line.terms.epoch += 1;
        match self.dice.below(3) {
            0 => self.line.campaign_active = !self.line.campaign_active,
            _ => {
                let to = Nanos(1_000 + self.dice.below(60_000));
                let key = AccountKey::lifetime(Level::Campaign, "c");
                self.books.configure(&"c".into(), &key, Some(to));
                if let (Plant::CutWithoutEffective, Some(account)) =
                    (self.plant, self.books.accounts.get_mut(&key))
                {
                    account.effective = Some(to);
                }
            }
        }
        let (epoch, active) = (self.line.terms.epoch, self.line.campaign_active);
        for bidder in 0..self.bidders.len() {
            let delay = self.dice.below(2_000);
            self.send(
                delay,
                Message::Epoch {
                    bidder,
                    epoch,
                    active,
                },
            );
        }
    }

    fn send(&mut self, delay: i64, message: Message) {
        self.sent += 1;
        self.messages.insert((self.now + delay, self.sent), message);
    }

    fn bid(&mut self, number: usize) -> Result<(), String> {
        let cost = 1 + self.dice.below(40);
        let now = self.now;
        let bidder = &mut self.bidders[number];
        bidder.drop_ended(now, self.plant);
        let told = bidder.told_epoch;
        let Some(held) = bidder.leases.iter_mut().find(|held| held.free >= cost) else {
            return Ok(());
        };
        if !bidder.active && self.plant != Plant::EpochIgnored {
            return Ok(());
        }
        if held.epoch < told {
            return Err(format!(
                "(5) a bid on epoch {} after {told} was told",
                held.epoch
            ));
        }
        held.free -= cost;
        held.next_seq += 1;
        let id = ReservationId {
            lease: held.lease,
            seq: held.next_seq,
        };
        let settle_by = held.settle_by;
        self.facts.reserve(id.lease, cost, &self.books)?;
        if self.plant == Plant::LocalRelease {
            let release = Message::LocalRelease {
                bidder: number,
                lease: id.lease,
                amount: cost,
            };
            self.send(500, release);
        }
        self.notices(id, cost, settle_by);
        Ok(())
    }

    /// Some bids win and bill, some lose, some do both, of some nothing is heard.
    fn notices(&mut self, id: ReservationId, cost: i64, settle_by: UnixMillis) {
        let fate = self.dice.below(100);
        if (40..75).contains(&fate) || fate >= 98 {
            self.tell(NoticeKind::Loss, id, cost, settle_by);
        }
        if fate < 40 || fate >= 98 {
            self.tell(NoticeKind::Win, id, cost, settle_by);
            self.tell(NoticeKind::Bill, id, cost, settle_by);
        }
    }

    fn tell(&mut self, kind: NoticeKind, id: ReservationId, cost: i64, settle_by: UnixMillis) {
        let times = if self.dice.percent(20) { 3 } else { 1 };
        for _ in 0..times {
            // Mostly soon, now and then at the very end of the reservation's life.
            let delay = match self.dice.below(10) {
                0 => self.dice.below(i64::from(LIFE_S) * 1_000 + 20_000),
                _ => self.dice.below(3_000),
            };
            let event = Box::new(notice(kind, id, cost, settle_by));
            self.send(
                delay,
                Message::Notice(Sender {
                    event,
                    backoff: 100,
                    refused: None,
                }),
            );
        }
    }

    fn ask(&mut self, number: usize, busy: bool) {
        let bidder = &mut self.bidders[number];
        let amount = if busy && bidder.active && bidder.free() < 400 {
            400
        } else {
            0
        };
        let message = Message::Ask {
            bidder: number,
            boot: bidder.boot,
            asked_at: self.now,
            amount,
            ended: bidder.ended.clone(),
        };
        // Reported until a restart: the ledger knows a repetition.
        if bidder.ended.len() > 20 {
            bidder.ended.drain(..10);
        }
        let delay = self.delay();
        self.send(delay, message);
    }

    fn delay(&mut self) -> i64 {
        match self.dice.below(20) {
            0 => self.dice.below(15_000),
            _ => self.dice.below(200),
        }
    }

    fn deliver(&mut self, message: Message) -> Result<(), String> {
        match message {
            Message::Ask {
                bidder,
                boot,
                asked_at,
                amount,
                ended,
            } => {
                if self.ledger_up() && !self.dice.percent(5) {
                    self.grant(bidder, boot, asked_at, amount, &ended);
                }
            }
            Message::Answer { bidder, answer } => {
                self.bidders[bidder].take(answer, self.now, self.plant);
            }
            Message::Epoch {
                bidder,
                epoch,
                active,
            } => {
                let bidder = &mut self.bidders[bidder];
                if epoch > bidder.told_epoch {
                    bidder.told_epoch = epoch;
                    bidder.active = active;
                }
            }
            Message::Notice(sender) => return self.accept(sender),
            Message::LocalRelease {
                bidder,
                lease,
                amount,
            } => {
                let leases = &mut self.bidders[bidder].leases;
                if let Some(held) = leases.iter_mut().find(|held| held.lease == lease) {
                    held.free += amount;
                }
            }
        }
        Ok(())
    }

    fn grant(
        &mut self,
        bidder: usize,
        boot: BootId,
        asked_at: i64,
        amount: i64,
        ended: &[(LeaseId, Nanos)],
    ) {
        for (lease, committed) in ended {
            self.books.end(*lease, boot, *committed);
        }
        if amount == 0 {
            return;
        }
        let now = self.ledger_now();
        self.line.period = period(now.0);
        for key in self.line.accounts() {
            self.books.accounts.entry(key).or_insert(Account::new(None));
        }
        self.leases += 1;
        let asked = Asked {
            lease: LeaseId(Uuid::from_u128(self.leases)),
            bidder: "b".into(),
            boot,
            amount: Nanos(amount),
        };
        let Ok(granted) = self.books.grant(&self.line, asked, now) else {
            return;
        };
        let lease = &self.books.leases[&granted.lease];
        let answer = Answer {
            boot,
            asked_at,
            ttl: granted.ttl.0,
            held: Held {
                lease: lease.id,
                epoch: lease.epoch,
                face: lease.face.0,
                free: lease.face.0,
                next_seq: 0,
                ends: 0,
                settle_by: lease.settle_by,
            },
        };
        // Dropped, delayed, doubled.
        let copies = match self.dice.below(20) {
            0 => 0,
            1 | 2 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let delay = self.delay();
            self.send(
                delay,
                Message::Answer {
                    bidder,
                    answer: answer.clone(),
                },
            );
        }
    }

    /// An endpoint: durable, then 2xx; whoever gets no 2xx comes again, at most 30 s later.
    fn accept(&mut self, sender: Sender) -> Result<(), String> {
        let claims = &sender.event.claims;
        let (kind, id, charge) = (claims.kind, claims.reservation, claims.max_cost.0);
        let last = claims.settle_by.after(GRACE).0;
        let delay = sender.backoff;
        let backoff = (delay * 2).min(30_000);
        if kind == NoticeKind::Loss {
            self.facts.lost.insert(id);
        }
        if self.now < self.log_down_until {
            let refused = sender.refused.or(Some(self.now));
            self.send(
                delay,
                Message::Notice(Sender {
                    backoff,
                    refused,
                    ..sender
                }),
            );
            return Ok(());
        }
        let forgets = self.dice.percent(30);
        if self.log.append(&sender.event, forgets) == Append::Expired {
            // Up to 5 s are no gap; a sender that was refused then is back soon after.
            let in_time = sender.refused.is_some_and(|first| first + 15_000 < last);
            return match in_time {
                true => Err(format!(
                    "(8) a notice came in time, was refused by a log that was down, and is late: {id:?}"
                )),
                false => Ok(()),
            };
        }
        if kind == NoticeKind::Bill {
            self.facts.bill(id, charge);
        }
        // The answer gets lost: an acknowledged notice is told once more.
        if self.dice.percent(5) {
            self.send(
                delay,
                Message::Notice(Sender {
                    backoff,
                    refused: None,
                    ..sender
                }),
            );
        }
        Ok(())
    }

    fn keep_ledger(&mut self) {
        if self.now % SECOND == 0 {
            self.raise();
        }
        if self.now >= self.log_down_until && self.now >= self.ingest_down_until {
            self.ingest();
        }
        if self.now % SECOND == 0 {
            self.close();
        }
    }

    fn close(&mut self) {
        let now = self.ledger_now();
        let (marker, plant) = (self.marker, self.plant);
        let due: Vec<LeaseId> = self
            .books
            .leases
            .values()
            .filter(|lease| lease.state != LeaseState::Closed)
            .filter(|lease| match plant {
                Plant::CloseByTimer => now > lease.settle_by.after(GRACE),
                _ => closable(lease, marker),
            })
            .map(|lease| lease.id)
            .collect();
        for lease in due {
            self.books.close(lease);
        }
    }

    fn raise(&mut self) {
        if self.now < self.log_down_until {
            self.fence.interrupted();
            return;
        }
        let now = self.ledger_now();
        let step = self.fence.step(self.log.fence, now);
        if step == FenceStep::Raise || self.plant == Plant::NoStandAfterGap {
            self.log.raise(now);
        }
    }

    /// One transaction: entries, then the position that stands behind them. It may not come about.
    fn ingest(&mut self) {
        let until = (self.applied + 40).min(self.log.entries.len());
        let crash = self.dice.percent(2);
        if crash && self.plant == Plant::TwoTransactions {
            self.applied = until;
            return;
        }
        if crash {
            return;
        }
        for entry in &self.log.entries[self.applied..until] {
            match entry {
                Entry::Marker(fence) => self.marker = self.marker.max(*fence),
                Entry::Notice(event) => {
                    if self.plant == Plant::DedupeOff {
                        self.books.reservations.remove(&event.claims.reservation);
                    }
                    let settled = self.books.settle(event, Default::default());
                    debug_assert!(settled.is_ok());
                }
            }
        }
        self.applied = until;
    }
}

fn period(now: i64) -> Period {
    let (day, hour) = (24 * HOUR, HOUR);
    Period {
        day: UnixMillis(now / day * day),
        day_end: UnixMillis((now / day + 1) * day),
        hour: UnixMillis(now / hour * hour),
        hour_end: UnixMillis((now / hour + 1) * hour),
    }
}

fn line() -> Line {
    Line {
        campaign: "c".into(),
        campaign_active: true,
        terms: LineBudget {
            line_item: "l".into(),
            active: true,
            epoch: 1,
            starts_at: UnixMillis(0),
            ends_at: None,
            pacing: Pacing::Asap,
            budget: None,
            max_impression: Nanos(40),
            reservation_life_s: LIFE_S,
        },
        period: period(START),
        share: SettledShare::UNKNOWN,
    }
}

fn notice(kind: NoticeKind, id: ReservationId, cost: i64, settle_by: UnixMillis) -> NoticeEvent {
    let price = CpmMicros::new(cost).unwrap();
    NoticeEvent {
        claims: NoticeClaims {
            kind,
            reservation: id,
            bid: BidId(Uuid::from_u128(
                id.lease.0.as_u128() << 64 | u128::from(id.seq),
            )),
            source: "s".into(),
            bill_on: BillOn::Burl,
            campaign: "c".into(),
            line_item: "l".into(),
            creative: "crt".into(),
            auction: AuctionId(Uuid::nil()),
            imp: "1".into(),
            max_cost: Nanos(cost),
            price,
            currency: Currency::USD,
            rate_id: 1,
            rate_from: 1_000_000_000,
            rate_to: 1_000_000_000,
            quantity: Multiplier::ONE,
            settle_by,
            test: false,
            user: None,
        },
        price: PriceTold::Clearing { price },
        loss: None,
        at: settle_by.after(DurationMillis(0)),
    }
}
