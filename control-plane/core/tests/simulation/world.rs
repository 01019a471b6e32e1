//! Virtual time in steps of 100 ms: who does what, what is late, lost, doubled or down.

use std::collections::BTreeMap;

use control_plane_core::budget::{
    Account, AccountKey, Books, FenceClock, Level, Line, ReservationState,
};
use units::{BootId, LeaseId, Nanos, ReservationId, UnixMillis};

use super::bidder::{Answer, Bidder};
use super::facts::Facts;
use super::log::Log;
use super::senders::Sender;
use super::terms::{Bid, SECOND, START, line};
use super::{Dice, Plant};

const TICK: i64 = 100;
const BUSY: i64 = 200_000;

/// What a run came to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) bids: usize,
    pub(crate) billed: usize,
    pub(crate) released: usize,
    pub(crate) closed: usize,
    pub(crate) settled: i64,
}

pub(super) enum Message {
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

pub(crate) struct Simulation {
    pub(super) plant: Plant,
    pub(super) dice: Dice,
    pub(super) now: i64,
    /// Committed state: what a crash of the ledger leaves.
    pub(super) books: Books,
    pub(super) applied: usize,
    pub(super) marker: UnixMillis,
    pub(super) line: Line,
    pub(super) log: Log,
    pub(super) fence: FenceClock,
    pub(super) bidders: Vec<Bidder>,
    pub(super) messages: BTreeMap<(i64, u64), Message>,
    pub(super) sent: u64,
    pub(super) leases: u128,
    pub(super) ledger_down_until: i64,
    pub(super) ingest_down_until: i64,
    pub(super) log_down_until: i64,
    pub(super) facts: Facts,
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
    pub(super) fn ledger_now(&self) -> UnixMillis {
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
            let number = self.dice.below(3);
            if let Some(bidder) = usize::try_from(number)
                .ok()
                .and_then(|n| self.bidders.get_mut(n))
            {
                bidder.restart();
            }
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

    pub(super) fn send(&mut self, delay: i64, message: Message) {
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
        // Of three bids one is shaded.
        let price = match self.dice.below(3) {
            0 => self.dice.below(cost + 1),
            _ => cost,
        };
        self.notices(&Bid {
            id,
            maximum: cost,
            price,
            settle_by,
        });
        Ok(())
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

    pub(super) fn delay(&mut self) -> i64 {
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
                self.bidders[bidder].take(&answer, self.now, self.plant);
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
}
