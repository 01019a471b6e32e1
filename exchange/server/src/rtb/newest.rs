//! The newest auctions in memory, as `GET /auction/{id}` and `GET /auction-history` show them, and when the
//! control plane is told of them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contracts::notice::SellClaims;
use contracts::record::AuctionNotice;
use serde_json::Value;
use units::AuctionId;

use super::facts::Facts;
use super::later::News;
use super::records::NoticeRecord;

/// The newest records, bounded. Locked off the path only: after the answer, or for an operator.
#[derive(Debug)]
pub(crate) struct Records {
    bounds: RecordBounds,
    /// Makes of a request id what it is found by.
    hasher: RandomState,
    kept: Mutex<Kept>,
}

/// What is kept, and what is told to the control plane.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordBounds {
    /// Records kept.
    pub most: usize,
    /// Records that had to leave before their time and wait to be told; more are not told.
    pub leaving: usize,
    /// Of so many auctions without money one is told; none for 0.
    pub one_in: u64,
    /// How long after its auction, or a notice, a record is told.
    pub after: Duration,
}

/// Notices that a record keeps, repeated ones included; of more only the first are told.
const MOST_NOTICES: usize = 128;

#[derive(Debug, Default)]
struct Kept {
    /// Number of the oldest one kept; numbers grow by one.
    first: u64,
    newest_last: VecDeque<Entry>,
    by_id: HashMap<AuctionId, u64>,
    /// By a hash of their request ids, which stand in the records.
    by_request: HashMap<u64, u64>,
    /// Numbers of those to be told, and when: the first comes first.
    due: VecDeque<(Instant, u64)>,
    /// Those that left before they were told.
    leaving: Vec<Facts>,
    late: Late,
}

/// Notices of auctions that are kept no longer, or were another process's: told by themselves.
#[derive(Debug, Default)]
pub(crate) struct Late {
    /// Those to be told.
    pub notices: Vec<AuctionNotice>,
    /// How many found no room.
    pub dropped: u64,
}

#[derive(Debug)]
struct Entry {
    facts: Box<Facts>,
    /// Hash of its request id.
    request: u64,
    state: Told,
}

/// Whether the control plane knows a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    /// It does not, and need not.
    No,
    /// It is to be told.
    Due,
    /// As it was then.
    Once,
}

impl Records {
    /// Keeps as many as the bounds say, at least one.
    #[must_use]
    pub(crate) fn new(bounds: RecordBounds) -> Self {
        Self {
            bounds,
            hasher: RandomState::new(),
            kept: Mutex::default(),
        }
    }

    /// Adds the newest, and forgets the oldest beyond the limit: its memory, for another auction.
    pub(crate) fn add(&self, facts: Box<Facts>, now: Instant) -> Option<Box<Facts>> {
        let id = facts.id;
        let [.., a, b, c, d] = *id.as_bytes();
        let drawn = u64::from(u32::from_be_bytes([a, b, c, d]));
        let is_share = self.bounds.one_in != 0 && drawn.is_multiple_of(self.bounds.one_in);
        let request = self.hasher.hash_one(facts.request_id());
        let mut kept = self.lock();
        let number = kept.first + u64::try_from(kept.newest_last.len()).unwrap_or(0);
        kept.by_id.insert(id, number);
        kept.by_request.insert(request, number);
        kept.newest_last.push_back(Entry {
            facts,
            request,
            state: if is_share { Told::Due } else { Told::No },
        });
        if is_share {
            kept.due.push_back((now + self.bounds.after, number));
        }
        if kept.newest_last.len() > self.bounds.most.max(1) {
            kept.forget_oldest(self.bounds.leaving)
        } else {
            None
        }
    }

    /// Adds what was told of a winner to its auction, where that is kept: before the notice that told it.
    pub(crate) fn hear(&self, claims: &SellClaims, news: News) {
        let mut kept = self.lock();
        let number = kept.by_id.get(&claims.auction).copied();
        if let Some(entry) = number.and_then(|number| kept.get_mut(number)) {
            let whose = (claims.partner.as_str(), &*claims.imp, claims.ad);
            entry.facts.hear(whose, news);
        }
    }

    /// Adds a notice to its auction, or, where that is kept no longer, to what is told by itself.
    pub(crate) fn note(&self, auction: AuctionId, notice: &NoticeRecord<'_>) {
        let due = Instant::now() + self.bounds.after;
        let mut kept = self.lock();
        let Some(number) = kept.by_id.get(&auction).copied() else {
            if notice.has_money() {
                kept.late.add(notice.of(auction), self.bounds.leaving);
            }
            return;
        };
        let Some(entry) = kept.get_mut(number) else {
            return;
        };
        let is_new = entry.state == Told::Once || notice.has_money();
        if entry.facts.notices.len() < MOST_NOTICES {
            entry.facts.note(notice);
        }
        if is_new && entry.state != Told::Due {
            entry.state = Told::Due;
            kept.due.push_back((due, number));
        }
    }

    /// At most so many records that are to be told by now, or at all: those with money, a share of the others, and
    /// those that got a notice since they were told.
    pub(crate) fn due(&self, now: Option<Instant>, most: usize) -> Vec<Facts> {
        let mut kept = self.lock();
        let left = most.min(kept.leaving.len());
        let mut told: Vec<Facts> = kept.leaving.drain(..left).collect();
        while told.len() < most {
            let is_due = |(at, _): &(Instant, u64)| now.is_none_or(|now| *at <= now);
            let Some((_, number)) = kept.due.pop_front_if(|next| is_due(next)) else {
                break;
            };
            if let Some(entry) = kept.get_mut(number) {
                entry.state = Told::Once;
                told.push(Facts::clone(&entry.facts));
            }
        }
        told
    }

    /// Notices that came too late for their record.
    pub(crate) fn take_late(&self) -> Late {
        std::mem::take(&mut self.lock().late)
    }

    /// An auction's document.
    #[must_use]
    pub(crate) fn by_id(&self, id: AuctionId) -> Option<Vec<u8>> {
        let kept = self.lock();
        let facts = kept.get(*kept.by_id.get(&id)?)?;
        serde_json::to_vec(&facts.record()).ok()
    }

    /// The document of the newest auction of a request id.
    #[must_use]
    pub(crate) fn by_request(&self, request_id: &str) -> Option<Vec<u8>> {
        let hash = self.hasher.hash_one(request_id);
        let kept = self.lock();
        let facts = kept.get(*kept.by_request.get(&hash)?)?;
        if facts.request_id() != request_id {
            return None;
        }
        serde_json::to_vec(&facts.record()).ok()
    }

    /// Lines of the history, newest first, beginning behind `cursor`; and the next cursor.
    #[must_use]
    pub(crate) fn history(&self, limit: usize, cursor: Option<u64>) -> (Vec<Value>, Option<u64>) {
        let kept = self.lock();
        let end = kept.first + u64::try_from(kept.newest_last.len()).unwrap_or(0);
        let from = cursor.unwrap_or(end).min(end);
        let count = u64::try_from(limit).unwrap_or(u64::MAX);
        let to = from.saturating_sub(count).max(kept.first);
        let lines = (to..from)
            .rev()
            .filter_map(|number| Some(kept.get(number)?.record().line()))
            .collect();
        (lines, (to > kept.first).then_some(to))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Late {
    fn add(&mut self, notice: AuctionNotice, most: usize) {
        if self.notices.len() < most {
            self.notices.push(notice);
        } else {
            self.dropped += 1;
        }
    }
}

impl Kept {
    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    fn get(&self, number: u64) -> Option<&Facts> {
        let entry = self.newest_last.get(self.index(number)?);
        entry.map(|entry| &*entry.facts)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let index = self.index(number)?;
        self.newest_last.get_mut(index)
    }

    /// The memory of the oldest one; `None` where that waits to be told.
    fn forget_oldest(&mut self, leaving: usize) -> Option<Box<Facts>> {
        let Entry {
            facts,
            request,
            state,
        } = self.newest_last.pop_front()?;
        let number = self.first;
        self.first += 1;
        self.by_id.remove(&facts.id);
        // A later auction may have had the same request id.
        if self.by_request.get(&request) == Some(&number) {
            self.by_request.remove(&request);
        }
        if state == Told::Due && self.leaving.len() < leaving {
            self.leaving.push(*facts);
            return None;
        }
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    fn facts(n: u8, request: &str) -> Box<Facts> {
        let mut facts = Facts::blank();
        facts.begin(id(n), UnixMillis(i64::from(n)));
        facts.request_id = facts.texts.keep(request);
        facts
    }

    fn id(n: u8) -> AuctionId {
        AuctionId::new(UnixMillis(i64::from(n)), [n; 10])
    }

    #[test]
    fn the_newest_are_kept_and_found() {
        let records = Records::new(KEPT_3);
        for (n, request) in [(1, "a"), (2, "b"), (3, "a"), (4, "c")] {
            let forgotten = records.add(facts(n, request), Instant::now());
            assert_eq!(forgotten.is_some(), n > 3, "the memory of another, {n}");
        }
        assert!(records.by_id(id(1)).is_none(), "forgotten");
        let newest: Value = serde_json::from_slice(&records.by_request("a").unwrap()).unwrap();
        assert_eq!(newest["id"], id(3).to_string());
        let (lines, next) = records.history(2, None);
        let ids: Vec<&Value> = lines.iter().map(|line| &line["request_id"]).collect();
        assert_eq!(ids, ["c", "a"]);
        let (rest, none) = records.history(2, next);
        assert_eq!(rest[0]["request_id"], "b");
        assert_eq!((rest.len(), none), (1, None));
    }

    #[test]
    fn a_notice_is_added_to_its_auction() {
        let records = Records::new(KEPT_3);
        records.add(facts(1, "a"), Instant::now());
        let notice = NoticeRecord {
            kind: "win",
            dsp: "d",
            imp: "1",
            outcome: "sent",
            at: UnixMillis(0),
        };
        records.note(id(1), &notice);
        for late in [9, 9] {
            records.note(id(late), &notice);
        }
        let loss = NoticeRecord {
            kind: "loss",
            ..notice
        };
        records.note(id(9), &loss);
        let late = records.take_late();
        let of: Vec<_> = late.notices.iter().map(|it| it.auction).collect();
        assert_eq!((of, late.dropped), (vec![id(9)], 1), "X-113");
        assert!(records.take_late().notices.is_empty(), "once");
        let document: Value = serde_json::from_slice(&records.by_id(id(1)).unwrap()).unwrap();
        assert_eq!(document["notices"][0]["kind"], "win");
        assert_eq!(document["notices"][0]["at"], "1970-01-01T00:00:00.000Z");
    }

    const KEPT_3: RecordBounds = RecordBounds {
        most: 3,
        leaving: 1,
        one_in: 0,
        after: Duration::from_secs(10),
    };

    /// The ids, by their number, of what is told after so many seconds, and how many notices each has.
    fn told(records: &Records, now: Instant, after: u64) -> Vec<(i64, usize)> {
        let due = records.due(Some(now + Duration::from_secs(after)), 10);
        let told = due.iter().map(|it| (it.at.0, it.notices.len()));
        told.collect()
    }

    fn notice(kind: &'static str) -> NoticeRecord<'static> {
        NoticeRecord {
            kind,
            dsp: "d",
            imp: "1",
            outcome: "sent",
            at: UnixMillis(0),
        }
    }

    #[test]
    fn x_113_what_has_money_is_told_with_its_notices_and_again_when_more_come() {
        let (records, now) = (Records::new(KEPT_3), Instant::now());
        for n in 1..=3 {
            records.add(facts(n, "a"), now);
        }
        records.note(id(1), &notice("loss"));
        records.note(id(2), &notice("loss"));
        records.note(id(2), &notice("win"));
        records.note(id(2), &notice("impression"));
        assert_eq!(told(&records, now, 9), [], "notices are waited for");
        assert_eq!(told(&records, now, 11), [(2, 3)], "a loss is no money");
        assert_eq!(told(&records, now, 11), [], "once");
        records.note(id(2), &notice("bill"));
        assert_eq!(told(&records, now, 22), [(2, 4)], "what came since");
    }

    #[test]
    fn x_113_what_must_leave_early_is_told_at_once_within_a_bound() {
        let (records, now) = (Records::new(KEPT_3), Instant::now());
        for n in 1..=3 {
            records.add(facts(n, "a"), now);
            records.note(id(n), &notice("win"));
        }
        for (n, is_left) in [(4, false), (5, true)] {
            let forgotten = records.add(facts(n, "a"), now);
            assert_eq!(forgotten.is_some(), is_left, "what waits keeps its memory");
        }
        assert_eq!(
            told(&records, now, 0),
            [(1, 1)],
            "the second was one too many"
        );
        let rest: Vec<i64> = records.due(None, 10).iter().map(|it| it.at.0).collect();
        assert_eq!(rest, [3], "at the end whatever is due");
    }

    #[test]
    fn a_share_of_all_is_told_and_notices_are_bounded() {
        let bounds = RecordBounds {
            one_in: 1,
            ..KEPT_3
        };
        let (records, now) = (Records::new(bounds), Instant::now());
        records.add(facts(1, "a"), now);
        for _ in 0..1_000 {
            records.note(id(1), &notice("impression"));
        }
        assert_eq!(told(&records, now, 11), [(1, MOST_NOTICES)]);
    }
}
