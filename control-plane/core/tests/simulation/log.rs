//! The money log of one shard: appends behind a fence, markers, a filter of repetitions that forgets.

use std::collections::BTreeSet;

use contracts::event::NoticeEvent;
use control_plane_core::budget::GRACE;
use units::UnixMillis;

#[derive(Debug, Clone)]
pub(crate) enum Entry {
    Notice(Box<NoticeEvent>),
    Marker(UnixMillis),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Append {
    Accepted,
    Expired,
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    pub(crate) entries: Vec<Entry>,
    pub(crate) fence: Option<UnixMillis>,
    once: BTreeSet<(units::ReservationId, u8)>,
}

impl Log {
    pub(crate) fn append(&mut self, event: &NoticeEvent, forgets: bool) -> Append {
        let claims = &event.claims;
        if self
            .fence
            .is_some_and(|fence| claims.settle_by.after(GRACE) <= fence)
        {
            return Append::Expired;
        }
        let fresh = self.once.insert((claims.reservation, claims.kind as u8));
        if fresh || forgets {
            self.entries.push(Entry::Notice(Box::new(event.clone())));
        }
        Append::Accepted
    }

    pub(crate) fn raise(&mut self, now: UnixMillis) {
        if self.fence.is_none_or(|fence| now > fence) {
            self.fence = Some(now);
            self.entries.push(Entry::Marker(now));
        }
    }
}
