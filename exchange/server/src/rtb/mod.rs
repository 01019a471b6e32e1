//! The RTB side: OpenRTB from SSPs, the auction itself, notices, records.

mod answer;
mod calls;
mod claims;
mod context;
mod draft;
mod fanout;
mod fate;
mod forfeit;
mod handler;
mod history;
mod in_work;
pub(crate) mod newest;
mod notices;
mod outbox;
pub(crate) mod partners;
mod recorder;
pub(crate) mod records;
mod refusal;
mod routes;
mod run;
mod sale;
mod sellers;
pub(crate) mod stats;
mod summary;
mod tally;
mod validate;
mod waterfall;

pub(crate) use context::AuctionContext;
pub(crate) use handler::{caller, refusal, sends_gpc};
pub(crate) use notices::refused;
pub(crate) use outbox::deliver_outbox;
pub(crate) use recorder::{tell_last_records, tell_records};
pub(crate) use routes::Rtb;
pub(crate) use run::run_auction;
pub(crate) use sale::{AuctionInput, AuctionResult, Source, Winner};
pub(crate) use tally::{Tallies, tell_last_tally, tell_tallies};
