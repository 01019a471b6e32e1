//! The ledger's side: grants, the fence, ingest, closes; down or crashing now and then.

use contracts::event::{NoticeEvent, PriceTold};
use control_plane_core::budget::{Account, Asked, FenceStep, GRACE, LeaseState, closable};
use units::{BootId, CpmMicros, LeaseId, Nanos};
use uuid::Uuid;

use super::Plant;
use super::bidder::{Answer, Held};
use super::log::Entry;
use super::terms::{SECOND, period};
use super::world::{Message, Simulation};

/// Makes a readable price of a bill count up to the maximum.
fn ignore_bid(event: &mut NoticeEvent) {
    if let PriceTold::Clearing { .. } = event.price
        && let Some(maximum) = CpmMicros::new(event.claims.max_cost.0)
    {
        event.claims.price = maximum;
    }
}

impl Simulation {
    pub(super) fn grant(
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

    pub(super) fn keep_ledger(&mut self) {
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
            .filter(|lease| {
                let timed_out = now > lease.settle_by.after(GRACE);
                closable(lease, marker) || (plant == Plant::CloseByTimer && timed_out)
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
                    let mut event = event.clone();
                    if self.plant == Plant::BidIgnored {
                        ignore_bid(&mut event);
                    }
                    let settled = self.books.settle(&event, Default::default());
                    debug_assert!(settled.is_ok());
                }
            }
        }
        self.applied = until;
    }
}
