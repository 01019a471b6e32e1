//! Reading a whole response: every legal form of no-bid, and bids that stand each for itself.

use super::{BadBid, Bid, BidResponse, Room, SeatBid};
use crate::enums::CategoryTaxonomy;
use crate::error::ReadError;
use crate::json::{Fault, MalformedKind, Reader};
use crate::lenient::{Name, Value as _};
use crate::limits::Limits;
use crate::repairs::Repairs;
use units::Currency;

const ROOT: &Name = &Name {
    object: "BidResponse",
    field: "",
};

impl<'a> BidResponse<'a> {
    /// Reads a response. An empty body, `{}` and an empty `seatbid` are polite no-bids (C-131).
    ///
    /// # Errors
    /// [`ReadError::Malformed`] when the body is not JSON or beyond `limits`;
    /// [`ReadError::Invalid`] when there are more bids than `limits` allow (R37), or when `cur` is there
    /// and is no currency, so that no price has a meaning.
    pub fn read(body: &'a [u8], limits: &Limits) -> Result<(Self, Repairs), ReadError> {
        Self::read_in(body, limits, &mut Room::default())
    }

    /// The same in memory that an earlier answer left.
    ///
    /// # Errors
    /// As [`BidResponse::read`].
    pub fn read_in(
        body: &'a [u8],
        limits: &Limits,
        room: &mut Room<'a>,
    ) -> Result<(Self, Repairs), ReadError> {
        if body.trim_ascii().is_empty() {
            return Ok((Self::default(), Repairs::default()));
        }
        let mut reader = Reader::new(body, limits).map_err(|fault| ReadError::new(fault, body))?;
        reader.room = std::mem::take(room);
        let response = read_root(&mut reader).map_err(|fault| ReadError::new(fault, body))?;
        if reader.unreadable_price {
            return Err(ReadError::invalid("/cur", "C-28", "cur is no currency"));
        }
        Ok((response, reader.repairs))
    }

    /// Whether there is nothing in it that could be a bid.
    #[must_use]
    pub fn is_no_bid(&self) -> bool {
        self.seatbid.iter().all(|seat| seat.bid.is_empty())
    }

    /// The currency of the bids.
    #[must_use]
    pub fn cur(&self) -> Currency {
        self.cur.unwrap_or(Currency::USD)
    }

    /// Every bid with its seat, in document order.
    pub fn bids(&self) -> impl Iterator<Item = (&SeatBid<'a>, &Result<Bid<'a>, BadBid<'a>>)> {
        self.seatbid
            .iter()
            .flat_map(|seat| seat.bid.iter().map(move |bid| (seat, bid)))
    }
}

fn read_root<'a>(reader: &mut Reader<'a>) -> Result<BidResponse<'a>, Fault> {
    reader.blanks();
    let at = reader.position();
    let response = BidResponse::read_value(reader, ROOT)?;
    reader.finish()?;
    response.ok_or(Fault::malformed(at, MalformedKind::NotAnObject))
}

impl SeatBid<'_> {
    /// Whether the bids win together or not at all.
    #[must_use]
    pub fn group(&self) -> bool {
        self.group.unwrap_or(false)
    }
}

impl Bid<'_> {
    /// The id of the bid; a bid without one is a [`BadBid`].
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// The impression answered; a bid without one is a [`BadBid`].
    #[must_use]
    pub fn impid(&self) -> &str {
        self.impid.as_deref().unwrap_or_default()
    }

    /// Whether a key that decides the bid came twice, so that it loses with 3 (C-31).
    #[must_use]
    pub const fn has_duplicate_key(&self) -> bool {
        self.doubled
    }

    /// The taxonomy of `cat`.
    #[must_use]
    pub fn cattax(&self) -> CategoryTaxonomy {
        self.cattax.unwrap_or(CategoryTaxonomy::CONTENT_1_0)
    }

    /// The markup; an object as its JSON text. Blanks are none.
    #[must_use]
    pub fn adm(&self) -> Option<&str> {
        self.adm
            .as_ref()
            .map(crate::Markup::as_str)
            .filter(|markup| !markup.trim_start().is_empty())
    }

    /// The APIs that the markup needs, by `apis` or else the deprecated `api` (C-133).
    pub fn apis(&self) -> impl Iterator<Item = crate::enums::ApiFramework> + '_ {
        let single = self.api.filter(|_| self.apis.is_empty());
        self.apis.iter().copied().chain(single)
    }
}
