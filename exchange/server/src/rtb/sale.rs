//! An auction to be run, and what came of it: what the handlers of both sides speak in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use contracts::notice::SellClaims;
use exchange_core::Medium;
use openrtb::ReadError;
use service::http::ShedReason;
use units::{AuctionId, CpmMicros, Currency, PlacementId, PublisherId, UnixMillis};

use crate::accounts::Account;

/// Who sells in an auction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// An external SSP.
    Ssp {
        /// Its account; `None` where the auction is open.
        account: Option<Arc<Account>>,
        /// A browser's own client called: no win notice will come.
        browser: bool,
        /// It declared OpenRTB 2.5.
        speaks_25: bool,
    },
    /// A placement of ours: our auction is the last word.
    Placement {
        /// Whose placement.
        publisher: PublisherId,
        /// Which.
        placement: PlacementId,
    },
}

impl Source {
    /// The account that sells, where one does.
    pub(crate) fn account(&self) -> Option<&Account> {
        match self {
            Self::Ssp { account, .. } => account.as_deref(),
            Self::Placement { .. } => None,
        }
    }

    /// The name in metrics, from the closed set of accounts.
    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Ssp {
                account: Some(account),
                ..
            } => &account.id,
            Self::Ssp { account: None, .. } => "open",
            Self::Placement { .. } => "own",
        }
    }
}

/// An auction to run.
#[derive(Debug, Clone)]
pub(crate) struct AuctionInput {
    /// The OpenRTB request.
    pub body: Bytes,
    /// Who sells.
    pub source: Source,
    /// The address of the browser that called, for requests that have none.
    pub peer: Option<IpAddr>,
    /// The browser that called, for requests that name none.
    pub user_agent: Option<String>,
    /// Our id of the browser that called, as its cookie says.
    pub visitor: Option<String>,
    /// The browser sent Global Privacy Control.
    pub gpc: bool,
    /// When the request arrived: `tmax` counts from here.
    pub arrival: Instant,
}

/// How an auction ended.
#[derive(Debug)]
pub(crate) struct AuctionOutcome {
    /// Its id.
    pub auction: AuctionId,
    /// What came of it.
    pub result: AuctionResult,
}

/// What came of an auction.
#[derive(Debug)]
pub(crate) enum AuctionResult {
    /// Somebody won.
    Won {
        /// One per imp that was won.
        winners: Vec<Winner>,
        /// The OpenRTB answer, for an SSP.
        answer: Option<Vec<u8>>,
    },
    /// Nobody won.
    NoBid {
        /// The standard's reason, where there is one.
        reason: Option<i32>,
        /// The SSP's request id, where it could be read.
        request_id: String,
    },
    /// It was not computed: waiting had used up its time (R22).
    Shed {
        /// Why; counted already.
        reason: ShedReason,
        /// The SSP's request id.
        request_id: String,
    },
    /// The request cannot be read.
    Invalid(ReadError),
}

/// A bid that won its imp, ready to be shown.
#[derive(Debug, Clone)]
pub(crate) struct Winner {
    /// Its seat.
    pub seat: Option<String>,
    /// What kind of markup it is.
    pub medium: Medium,
    /// The markup, macros replaced.
    pub markup: String,
    /// Its size, where the bid says so.
    pub size: Option<(i32, i32)>,
    /// The clearing price in [`Winner::currency`].
    pub price: CpmMicros,
    /// The answer's currency.
    pub currency: Currency,
    /// Until when clicks and views are taken, which may come after the last billable moment.
    pub reported_until: UnixMillis,
    /// Claims of its impression: sign them for tracking URLs, or change the kind first.
    pub claims: SellClaims,
}
