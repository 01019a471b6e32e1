//! The answer: a BidResponse written from pre-rendered parts (OpenRTB §4.2).

mod bid;
mod markup;
mod native;
mod notice;

pub use notice::Source;

use openrtb::JsonWriter;
use serde::{Deserialize, Serialize};
use units::AuctionId;
use uuid::fmt::Hyphenated;

use crate::choose::Choice;
use crate::decide::Decision;
use crate::market::{Item, Market};
use crate::no_bid::NoBid;
use crate::opportunity::{Imp, Opportunity};

/// The dialect of the caller (`x-openrtb-version`, C-8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Dialect {
    /// OpenRTB 2.5: newer attributes move to `ext` or are left out (C-171).
    #[serde(rename = "2.5")]
    V25,
    /// OpenRTB 2.6.
    #[default]
    #[serde(rename = "2.6")]
    V26,
}

/// What an answer needs beside the decision.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The request.
    pub opportunity: &'a Opportunity<'a>,
    /// The catalog that was decided by.
    pub market: &'a Market,
    /// Who asked.
    pub source: &'a Source,
    /// The auction, which is also the answer's `bidid` and the trace id.
    pub auction: AuctionId,
    /// The key that the user's caps count under.
    pub user: Option<&'a str>,
    /// The dialect to answer in.
    pub dialect: Dialect,
}

/// A bid that goes out.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    /// The imp that it answers.
    pub imp: &'a Imp<'a>,
    /// What is bid.
    pub choice: &'a Choice<'a>,
}

/// Memory that is kept from answer to answer.
#[derive(Debug, Default)]
pub struct Pages {
    pub(crate) tokens: notice::Tokens,
    /// A text that had to be cut.
    pub(crate) text: String,
    /// A native response, before it becomes a string.
    pub(crate) json: Vec<u8>,
}

/// The first choice of each imp: what goes out when no cap has to be confirmed.
pub fn first_choices<'a>(decision: &'a Decision<'a>) -> impl Iterator<Item = Accepted<'a>> {
    decision.imps.iter().filter_map(|chosen| {
        let choice = chosen.ranked.first()?;
        Some(Accepted {
            imp: chosen.imp,
            choice,
        })
    })
}

/// The choice of each imp at the place that the confirmation of caps gave it; none where it refused all.
pub fn placed<'a>(
    decision: &'a Decision<'a>,
    places: &'a [Option<usize>],
) -> impl Iterator<Item = Accepted<'a>> {
    let pairs = decision.imps.iter().zip(places);
    pairs.filter_map(|(chosen, place)| {
        let choice = chosen.ranked.get((*place)?)?;
        Some(Accepted {
            imp: chosen.imp,
            choice,
        })
    })
}

/// Writes the response with its bids, grouped by seat.
pub fn respond(reply: &Reply<'_>, bids: &[Accepted<'_>], pages: &mut Pages, out: &mut Vec<u8>) {
    let mut json = JsonWriter::new(out);
    json.begin_object();
    json.text("id", reply.opportunity.id);
    json.key("seatbid");
    json.begin_array();
    for (at, bid) in bids.iter().enumerate() {
        let Some(seat) = item(reply.market, bid).map(|it| &it.seat) else {
            continue;
        };
        let of_seat = |it: &Accepted<'_>| item(reply.market, it).is_some_and(|it| it.seat == *seat);
        if bids.iter().take(at).any(of_seat) {
            continue;
        }
        json.begin_object();
        json.key("bid");
        json.begin_array();
        for bid in bids.iter().skip(at).filter(|it| of_seat(it)) {
            bid::write(reply, bid, pages, &mut json);
        }
        json.end_array();
        json.text("seat", seat);
        json.end_object();
    }
    json.end_array();
    let mut id = [0_u8; Hyphenated::LENGTH];
    json.text(
        "bidid",
        Hyphenated::from_uuid(reply.auction.0).encode_lower(&mut id),
    );
    json.text("cur", reply.opportunity.currency.as_str());
    json.end_object();
}

/// Writes a no-bid with its reason (B-40).
pub fn refuse(request_id: &str, reason: NoBid, out: &mut Vec<u8>) {
    let mut json = JsonWriter::new(out);
    json.begin_object();
    json.text("id", request_id);
    json.integer("nbr", i64::from(reason.code()));
    json.end_object();
}

fn item<'m>(market: &'m Market, bid: &Accepted<'_>) -> Option<&'m Item> {
    market.items.get(bid.choice.candidate.item)
}
