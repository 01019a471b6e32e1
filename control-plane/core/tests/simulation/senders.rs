//! Exchanges and SSPs: who tells what became of a bid, how often, and until when.

use contracts::event::NoticeEvent;
use contracts::notice::NoticeKind;
use control_plane_core::budget::GRACE;
use units::{ReservationId, UnixMillis};

use super::log::Append;
use super::terms::{LIFE_S, notice};
use super::world::{Message, Simulation};

/// Whoever tells a notice until it is answered.
pub(crate) struct Sender {
    event: Box<NoticeEvent>,
    backoff: i64,
    /// When a log that was down first refused it.
    refused: Option<i64>,
}

impl Simulation {
    /// Some bids win and bill, some lose, some do both, of some nothing is heard.
    pub(super) fn notices(&mut self, id: ReservationId, cost: i64, settle_by: UnixMillis) {
        let fate = self.dice.below(100);
        if (40..75).contains(&fate) || fate >= 98 {
            self.tell(NoticeKind::Loss, id, cost, settle_by);
        }
        if !(40..98).contains(&fate) {
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

    /// An endpoint: durable, then 2xx; whoever gets no 2xx comes again, at most 30 s later.
    pub(super) fn accept(&mut self, sender: Sender) -> Result<(), String> {
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
}
