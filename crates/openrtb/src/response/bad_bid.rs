//! A bid that cannot be read does not void its neighbours (C-32).

use super::Bid;
use crate::json::{Fault, Reader, Span, Str};
use crate::lenient::{Name, Value};
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

impl<'a> Value<'a> for Result<Bid<'a>, BadBid<'a>> {
    fn read_value(r: &mut Reader<'a>, name: &'static Name) -> Result<Option<Self>, Fault> {
        let start = r.position();
        r.bids += 1;
        if r.bids > r.limits().bids {
            if !r.inspecting {
                return Err(Fault::too_many_bids(start));
            }
            r.raw()?;
            return Ok(None);
        }
        let outer = std::mem::take(&mut r.doubled_bid_key);
        let bid = Bid::read_value(r, name)?;
        let doubled = std::mem::replace(&mut r.doubled_bid_key, outer);
        let Some(mut bid) = bid else {
            return Ok(Some(Err(BadBid {
                reason: BadBidReason::NotAnObject,
                id: None,
                lurl: None,
                span: r.span_from(start),
            })));
        };
        bid.doubled = doubled;
        let missing = |text: &Option<Str<'a>>| text.as_ref().is_none_or(|text| text.is_empty());
        let reason = if r.inspecting {
            return Ok(Some(Ok(bid)));
        } else if missing(&bid.id) {
            BadBidReason::MissingId
        } else if missing(&bid.impid) {
            BadBidReason::MissingImpId
        } else {
            return Ok(Some(Ok(bid)));
        };
        r.repaired(name, start, RepairKind::DroppedObject);
        Ok(Some(Err(BadBid {
            reason,
            id: bid.id,
            lurl: bid.lurl,
            span: bid.span,
        })))
    }
}
