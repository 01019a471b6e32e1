//! Records between the workers and the thread that writes: bytes in memory, bounded, and handed over many at a
//! time, so that no record costs a wake-up or an allocation of its own.

use std::cell::RefCell;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use units::AuctionId;

use crate::bounds::{Bounds, Counters};
use crate::frame::Lengths;
use crate::kind::Kind;
use crate::store::Store;
use crate::writer::Writer;

/// So long records gather after the first, before the thread takes them.
const GATHER: Duration = Duration::from_millis(50);
/// Memory for records that stays allocated between two batches.
const SPARE: usize = 4 << 20;

/// A part of a record, which is written as JSON.
pub trait Part {
    /// Appends it; `false` when it is no JSON.
    fn write_to(&self, out: &mut Vec<u8>) -> bool;
}

/// A part that is written by serde.
#[derive(Debug, Clone, Copy)]
pub struct Serialized<'p, T>(pub &'p T);

impl<T: Serialize> Part for Serialized<'_, T> {
    fn write_to(&self, out: &mut Vec<u8>) -> bool {
        serde_json::to_writer(out, self.0).is_ok()
    }
}

/// One record, as the path has it.
#[derive(Debug, Clone, Copy)]
pub struct Draft<'d, S, O> {
    /// Its id.
    pub id: AuctionId,
    /// Everything that was read, but for what all have in common.
    pub seen: S,
    /// What came of it.
    pub outcome: O,
    /// The bytes of each [`Body`](crate::Body) in what was seen, in their order.
    pub bodies: &'d [&'d [u8]],
}

/// Where workers leave their records. The thread ends when the last of these is gone.
#[derive(Debug)]
pub struct Records<K: Kind> {
    waiting: Arc<Waiting<K::Catalog>>,
    bounds: Bounds,
    counters: Counters,
}

/// The other end: to be given to the thread.
#[derive(Debug)]
pub struct Notes<K: Kind> {
    waiting: Arc<Waiting<K::Catalog>>,
    bounds: Bounds,
    counters: Counters,
}

/// What is between both.
#[derive(Debug)]
struct Waiting<C> {
    now: Mutex<Now<C>>,
    changed: Condvar,
}

#[derive(Debug)]
struct Now<C> {
    batch: Batch<C>,
    /// How many may still leave records.
    senders: usize,
    superseded: Option<u64>,
}

/// Records that are written together.
#[derive(Debug)]
pub(crate) struct Batch<C> {
    /// Their parts, one record behind the other.
    pub(crate) bytes: Vec<u8>,
    pub(crate) entries: Vec<Entry<C>>,
    /// This version is no longer decided by; its copy was kept.
    pub(crate) superseded: Option<u64>,
}

/// One of them.
#[derive(Debug)]
pub(crate) struct Entry<C> {
    pub(crate) id: AuctionId,
    pub(crate) catalog: C,
    pub(crate) lengths: Lengths,
}

impl<C> Default for Batch<C> {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            entries: Vec::new(),
            superseded: None,
        }
    }
}

impl<C> Batch<C> {
    /// Each record with its parts.
    pub(crate) fn records(&self) -> impl Iterator<Item = (&Entry<C>, &[u8])> {
        let mut rest = &*self.bytes;
        self.entries.iter().filter_map(move |entry| {
            let (parts, behind) = rest.split_at_checked(entry.lengths.parts())?;
            rest = behind;
            Some((entry, parts))
        })
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(SPARE);
        self.entries.clear();
        self.superseded = None;
    }
}

/// What the thread goes on with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// There is a batch, maybe the last one.
    Taken,
    /// Nothing came in time.
    Nothing,
    /// Nothing will come.
    Closed,
}

impl<K: Kind> Records<K> {
    /// An empty queue, and the end of it that writes.
    #[must_use]
    pub fn new(bounds: Bounds, counters: Counters) -> (Self, Notes<K>) {
        let waiting = Arc::new(Waiting {
            now: Mutex::new(Now {
                batch: Batch::default(),
                senders: 1,
                superseded: None,
            }),
            changed: Condvar::new(),
        });
        let notes = Notes {
            waiting: Arc::clone(&waiting),
            bounds,
            counters: counters.clone(),
        };
        let records = Self {
            waiting,
            bounds,
            counters,
        };
        (records, notes)
    }

    /// Leaves a record; dropped and counted when the thread is behind, or the record is too long.
    pub fn keep<S: Part, O: Part>(&self, catalog: K::Catalog, draft: &Draft<'_, S, O>) {
        thread_local! {
            static PARTS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        PARTS.with_borrow_mut(|parts| {
            parts.clear();
            let lengths = parts_of(draft, parts);
            let length = lengths.map_or(0, |lengths| lengths.record());
            let is_short = u64::try_from(length).is_ok_and(|length| length <= self.bounds.longest);
            match lengths {
                Some(lengths) if is_short => self.leave(catalog, draft.id, lengths, parts),
                Some(_) => self.counters.dropped.inc(),
                None => self.counters.failed.inc(),
            }
            parts.shrink_to(SPARE);
        });
    }

    fn leave(&self, catalog: K::Catalog, id: AuctionId, lengths: Lengths, parts: &[u8]) {
        let mut now = self.waiting.lock();
        let count = now.batch.entries.len();
        if count >= self.bounds.queue {
            drop(now);
            self.counters.dropped.inc();
            return;
        }
        now.batch.bytes.extend_from_slice(parts);
        now.batch.entries.push(Entry {
            id,
            catalog,
            lengths,
        });
        drop(now);
        // The first begins a batch, the one that fills half of the queue ends it.
        if count == 0 || count == self.bounds.queue / 2 {
            self.waiting.changed.notify_one();
        }
    }

    /// Tells that a version is no longer decided by and that its copy was kept: records that refer to it may
    /// still be on their way.
    pub fn supersede(&self, version: u64) {
        self.waiting.lock().superseded = Some(version);
    }
}

/// Appends the parts of a record; `None` for what is no JSON.
fn parts_of<S: Part, O: Part>(draft: &Draft<'_, S, O>, parts: &mut Vec<u8>) -> Option<Lengths> {
    if !draft.seen.write_to(parts) {
        return None;
    }
    let seen = parts.len();
    if !draft.outcome.write_to(parts) {
        return None;
    }
    let outcome = parts.len() - seen;
    for body in draft.bodies {
        parts.extend_from_slice(body);
    }
    Some(Lengths {
        seen,
        outcome,
        bodies: parts.len() - seen - outcome,
    })
}

impl<K: Kind> Clone for Records<K> {
    fn clone(&self) -> Self {
        self.waiting.lock().senders += 1;
        Self {
            waiting: Arc::clone(&self.waiting),
            bounds: self.bounds,
            counters: self.counters.clone(),
        }
    }
}

impl<K: Kind> Drop for Records<K> {
    fn drop(&mut self) {
        let mut now = self.waiting.lock();
        now.senders = now.senders.saturating_sub(1);
        drop(now);
        self.waiting.changed.notify_one();
    }
}

impl<K: Kind> Notes<K> {
    /// Starts the thread; it ends when all who may leave records are gone. `common` is what all of them have in
    /// what was seen: an object whose members are written once a file, or `null`.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn write(self, data_dir: &Path, common: Box<RawValue>) -> std::io::Result<JoinHandle<()>> {
        let store = Store::of::<K>(data_dir);
        let mut writer = Writer::<K>::new(store, self.bounds, self.counters.clone(), common);
        std::thread::Builder::new()
            .name("records".into())
            .spawn(move || writer.run(&self))
    }

    /// Waits for records, lets more gather, and takes them all. `batch` is what was written before.
    pub(crate) fn next(&self, batch: &mut Batch<K::Catalog>, patience: Duration) -> Next {
        batch.clear();
        let waiting = &self.waiting;
        let is_empty = |now: &mut Now<_>| now.batch.entries.is_empty() && now.senders > 0;
        let waited = waiting
            .changed
            .wait_timeout_while(waiting.lock(), patience, is_empty);
        let (now, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let half = self.bounds.queue / 2;
        let has_room = |now: &mut Now<_>| {
            let count = now.batch.entries.len();
            count > 0 && count <= half && now.senders > 0
        };
        let waited = waiting.changed.wait_timeout_while(now, GATHER, has_room);
        let (mut now, _) = waited.unwrap_or_else(PoisonError::into_inner);
        std::mem::swap(&mut now.batch, batch);
        batch.superseded = now.superseded;
        match (batch.entries.is_empty(), now.senders) {
            (false, _) => Next::Taken,
            (true, 0) => Next::Closed,
            (true, _) => Next::Nothing,
        }
    }
}

impl<C> Waiting<C> {
    fn lock(&self) -> MutexGuard<'_, Now<C>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use crate::tests::{Things, bounds, counters};

    use super::*;

    #[test]
    fn the_thread_ends_with_the_last_who_may_leave_records() {
        let (records, notes) = Records::<Things>::new(bounds(), counters());
        let mut batch = Batch::default();
        drop(records.clone());
        let next = notes.next(&mut batch, Duration::ZERO);
        assert_eq!(next, Next::Nothing, "one of two is gone");
        records.supersede(6);
        let _ = notes.next(&mut batch, Duration::ZERO);
        assert_eq!(batch.superseded, Some(6));
        drop(records);
        let next = notes.next(&mut batch, Duration::from_secs(3_600));
        assert_eq!((next, batch.superseded), (Next::Closed, Some(6)));
    }
}
