//! Exchanges and SSPs: who tells what became of a bid, how often, and until when.

use contracts::event::{NoticeEvent, PriceTold};
use contracts::notice::NoticeKind;
use control_plane_core::budget::GRACE;
use units::CpmMicros;

use super::Plant;
use super::log::Append;
use super::terms::{Bid, LIFE_S, notice};
use super::world::{Message, Simulation};

/// Whoever tells a notice until it is answered.
pub(crate) struct Sender {
    event: Box<NoticeEvent>,
    backoff: i64,
    /// When a log that was down first refused it.
    refused: Option<i64>,
}

impl Simulation {
    /// Some bids win and bill, some lose, some do both, of some nothing is heard; some are audited before.
    pub(super) fn notices(&mut self, bid: &Bid) {
        let fate = self.dice.below(100);
        let loses = (40..75).contains(&fate) || fate >= 98;
        let bills = !(40..98).contains(&fate);
        if self.dice.percent(5) {
            self.tell(NoticeKind::Loss, bid, PriceTold::Audit);
            self.tell(NoticeKind::Bill, bid, PriceTold::Audit);
        }
        if loses {
            let price = self.price(bid);
            self.tell(NoticeKind::Loss, bid, price);
        }
        if bills {
            let price = self.price(bid);
            self.tell(NoticeKind::Win, bid, price);
            self.tell(NoticeKind::Bill, bid, price);
        }
    }

    /// Mostly the bid's own; else what an auction of second prices cleared at, or more than was bid.
    fn price(&mut self, bid: &Bid) -> PriceTold {
        let price = match self.dice.below(10) {
            0 => self.dice.below(bid.price + 1),
            1 => bid.price + self.dice.below(2 * bid.maximum),
            2 => return PriceTold::Unreadable,
            _ => bid.price,
        };
        CpmMicros::new(price).map_or(PriceTold::Unreadable, |price| PriceTold::Clearing { price })
    }

    fn tell(&mut self, kind: NoticeKind, bid: &Bid, price: PriceTold) {
        let times = if self.dice.percent(20) { 3 } else { 1 };
        for _ in 0..times {
            // Mostly soon, now and then at the very end of the reservation's life.
            let delay = match self.dice.below(10) {
                0 => self.dice.below(i64::from(LIFE_S) * 1_000 + 20_000),
                _ => self.dice.below(3_000),
            };
            let event = Box::new(notice(kind, bid, price));
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
        let (kind, id) = (claims.kind, claims.reservation);
        let last = claims.settle_by.after(GRACE).0;
        let delay = sender.backoff;
        let backoff = (delay * 2).min(30_000);
        let audits = sender.event.price == PriceTold::Audit;
        if audits && self.plant != Plant::AuditsUseUp {
            return Ok(());
        }
        // Nothing else is owed: what was told, but never more than was bid.
        let charge = match sender.event.price {
            PriceTold::Clearing { price } => price.micros().min(claims.price.micros()),
            PriceTold::Unreadable | PriceTold::OtherCurrency { .. } | PriceTold::Audit => {
                claims.price.micros()
            }
        };
        if kind == NoticeKind::Loss && !audits {
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
        if kind == NoticeKind::Bill && !audits {
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
