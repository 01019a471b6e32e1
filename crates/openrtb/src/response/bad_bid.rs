//! A bid that cannot be read does not void its neighbours (C-32).

use super::Bid;
use crate::json::{Fault, Reader, Span, Str};
use crate::lenient::{Name, Value};
use crate::object;
use crate::repairs::RepairKind;

/// What a bid lacks to be one (C-130).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadBidReason {
    /// Not an object.
    #[error("the bid is not an object")]
    NotAnObject,
    /// No `id`.
    #[error("the bid has no id")]
    MissingId,
    /// No `impid`.
    #[error("the bid has no impid")]
    MissingImpId,
}

/// A bid that cannot take part; it loses with 3.
#[derive(Debug, Clone, PartialEq)]
pub struct BadBid<'a> {
    /// What it lacks.
    pub reason: BadBidReason,
    /// Its id, if it has one.
    pub id: Option<Str<'a>>,
    /// Its loss notice, if it has one.
    pub lurl: Option<Str<'a>>,
    /// Where it stands in the body.
    pub span: Span,
}

/// Memory for the bids of a seat, which the seats of one answer after the other use.
#[derive(Debug, Default)]
pub struct Room<'a>(Vec<Result<Bid<'a>, BadBid<'a>>>);

impl<'a> Room<'a> {
    /// Keeps the memory of a seat's bids, which are not needed any more.
    pub fn keep(&mut self, mut bids: Vec<Result<Bid<'a>, BadBid<'a>>>) {
        bids.clear();
        if bids.capacity() > self.0.capacity() {
            self.0 = bids;
        }
    }
}

impl<'a> Value<'a> for Result<Bid<'a>, BadBid<'a>> {
    fn read_value(r: &mut Reader<'a>, name: &'static Name) -> Result<Option<Self>, Fault> {
        let mut list = Vec::new();
        Self::push_to(&mut list, r, name)?;
        Ok(list.pop())
    }

    fn room(r: &mut Reader<'a>) -> Vec<Self> {
        let kept = std::mem::take(&mut r.room.0);
        if kept.capacity() > 0 {
            kept
        } else {
            Vec::with_capacity(2)
        }
    }

    fn push_to(
        list: &mut Vec<Self>,
        r: &mut Reader<'a>,
        name: &'static Name,
    ) -> Result<bool, Fault> {
        let start = r.position();
        r.bids += 1;
        if r.bids > r.limits().bids {
            if !r.inspecting {
                return Err(Fault::too_many_bids(start));
            }
            r.raw()?;
            return Ok(false);
        }
        if r.peek() != b'{' {
            object::not_an_object(r, name)?;
            list.push(Err(BadBid {
                reason: BadBidReason::NotAnObject,
                id: None,
                lurl: None,
                span: r.span_from(start),
            }));
            return Ok(true);
        }
        // A bid is large: it is read where it stays.
        list.push(Ok(Bid::default()));
        let Some(Ok(bid)) = list.last_mut() else {
            return Ok(false);
        };
        let outer = std::mem::take(&mut r.doubled_bid_key);
        bid.read_members(r, name)?;
        bid.doubled = std::mem::replace(&mut r.doubled_bid_key, outer);
        let missing = |text: &Option<Str<'a>>| text.as_ref().is_none_or(|text| text.is_empty());
        let reason = if r.inspecting {
            return Ok(true);
        } else if missing(&bid.id) {
            BadBidReason::MissingId
        } else if missing(&bid.impid) {
            BadBidReason::MissingImpId
        } else {
            return Ok(true);
        };
        r.repaired(name, start, RepairKind::DroppedObject);
        let bad = BadBid {
            reason,
            id: bid.id.take(),
            lurl: bid.lurl.take(),
            span: bid.span,
        };
        list.pop();
        list.push(Err(bad));
        Ok(true)
    }
}
