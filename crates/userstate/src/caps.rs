//! Frequency caps (money.md, "Frequency caps"): pendings at the choice, stamps at the impression.

use std::fmt::Write as _;

use contracts::catalog::CapWindow;
use contracts::stamps::ScopeKey;
use redis::{Cmd, ErrorKind, Script, ServerErrorKind};
use units::{BidId, DurationMillis, UnixMillis};

use crate::budget::Budget;
use crate::connection::UserState;
use crate::error::{StateError, Unknown};
use crate::keys;

/// Stamps that a scope keeps. A cap that allows more is held to this many, never to fewer than it counts.
const MOST_STAMPS: u32 = 256;
/// An id is remembered at least this long: confirms of the last ten minutes may be replayed from the log.
const REPLAY: DurationMillis = DurationMillis::from_secs(600);
/// Redis was restarted or its scripts flushed.
const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// Where a cap's window begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// So long before the user's own now.
    Sliding(DurationMillis),
    /// At this instant: the start of the advertiser's civil day.
    Since(UnixMillis),
}

impl Window {
    /// A catalog's window, on the day that began at `day_start` where the advertiser lives.
    #[must_use]
    pub fn of(window: CapWindow, day_start: UnixMillis) -> Self {
        match window {
            CapWindow::SlidingSeconds(secs) => {
                Self::Sliding(DurationMillis::from_secs(i64::from(secs)))
            }
            CapWindow::CalendarDay => Self::Since(day_start),
        }
    }
}

/// One cap of a line item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineCap {
    /// Whose impressions count together.
    pub scope: ScopeKey,
    /// How many are allowed within the window.
    pub count: u32,
    /// The window.
    pub window: Window,
}

/// A line of an imp's short list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapLine {
    /// The bid that would be made.
    pub bid: BidId,
    /// Its caps; none: it is always accepted.
    pub caps: Vec<LineCap>,
    /// Until when its impression may come: the token's `settle_by` + 30 s + 60 s.
    pub pending_until: UnixMillis,
}

/// The short list of one imp, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapChoice {
    /// Its lines.
    pub ranked: Vec<CapLine>,
}

/// What became of a confirm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// The impression is stamped, whether or not its pending was still there.
    Recorded,
    /// It had been before.
    Duplicate,
    /// The user was erased: nothing is kept.
    Erased,
}

impl UserState {
    /// Decides all capped choices of a request in one call; imps of one request count one another.
    ///
    /// Answers, per choice, the place of the line that was accepted, or `None` when every one was refused.
    ///
    /// # Errors
    /// [`Unknown`]: all choices count as refused, though the script may have run.
    pub async fn confirm_caps(
        &self,
        user: &str,
        now: UnixMillis,
        choices: &[CapChoice],
    ) -> Result<Vec<Option<usize>>, Unknown> {
        self.decide_caps(user, now, choices, "keep").await
    }

    /// Decides as [`Self::confirm_caps`] does, and leaves no pendings: of what is bid for a test no impression comes
    ///
    ///
    /// # Errors
    /// [`Unknown`]: all choices count as refused.
    pub async fn try_caps(
        &self,
        user: &str,
        now: UnixMillis,
        choices: &[CapChoice],
    ) -> Result<Vec<Option<usize>>, Unknown> {
        self.decide_caps(user, now, choices, "try").await
    }

    async fn decide_caps(
        &self,
        user: &str,
        now: UnixMillis,
        choices: &[CapChoice],
        keep: &str,
    ) -> Result<Vec<Option<usize>>, Unknown> {
        if choices.is_empty() {
            return Ok(Vec::new());
        }
        let mut connection = self.connection();
        let call = call(&self.scripts.cap, user, now, &self.budget, keep, choices);
        let answer = async {
            match call.query_async(&mut connection).await {
                Err(error) if error.kind() == NO_SCRIPT => {
                    self.scripts.cap.load_async(&mut connection).await?;
                    call.query_async(&mut connection).await
                }
                answered => answered,
            }
        };
        let places: Vec<i64> = self.on_path(answer).await?;
        if places.len() != choices.len() {
            return Err(Unknown::Failed);
        }
        // Its stamps say more than those that were decided by.
        if places.iter().any(|place| *place != 0)
            && let Some(cache) = &self.peers.cache
        {
            cache.forget(user);
        }
        Ok(places
            .into_iter()
            .map(|place| usize::try_from(place).ok())
            .collect())
    }

    /// Stamps an impression at `now`, once per bid; a bid without a pending is recorded all the same.
    ///
    /// Counts in `scopes` and wherever the bid is pending. The bid is remembered until `token_end`, the
    /// last instant at which its token can be accepted.
    ///
    /// # Errors
    /// [`StateError`]: to be repeated.
    pub async fn confirm(
        &self,
        user: &str,
        scopes: &[ScopeKey],
        bid: BidId,
        now: UnixMillis,
        token_end: UnixMillis,
    ) -> Result<Confirmed, StateError> {
        let mut call = self.scripts.confirm.key(keys::user(user));
        call.key(keys::gone(user))
            .key(keys::seen(user))
            .arg(now.0)
            .arg(self.budget.retention_ms())
            .arg(bid.to_string())
            .arg(token_end.max(now.after(REPLAY)).0)
            .arg(MOST_STAMPS);
        for scope in scopes {
            call.arg(scope.as_str());
        }
        let mut connection = self.connection();
        let code: i64 = self
            .off_path("confirm an impression", call.invoke_async(&mut connection))
            .await?;
        Ok(match code {
            1 => Confirmed::Recorded,
            0 => Confirmed::Duplicate,
            _erased => Confirmed::Erased,
        })
    }

    /// Takes back the pendings of a bid that lost for good; true when it had any.
    ///
    /// # Errors
    /// [`StateError`]: to be repeated.
    pub async fn withdraw(&self, user: &str, bid: BidId) -> Result<bool, StateError> {
        let mut call = self.scripts.withdraw.key(keys::user(user));
        call.arg(bid.to_string());
        let mut connection = self.connection();
        let scopes: i64 = self
            .off_path("withdraw a lost bid", call.invoke_async(&mut connection))
            .await?;
        Ok(scopes > 0)
    }
}

/// The call of the cap script, written into one piece of memory.
fn call(
    script: &Script,
    user: &str,
    now: UnixMillis,
    budget: &Budget,
    keep: &str,
    choices: &[CapChoice],
) -> Cmd {
    let lines = || choices.iter().flat_map(|it| &it.ranked);
    let caps = lines().map(|it| it.caps.len()).sum::<usize>();
    let arguments = 9 + choices.len() + 2 * lines().count() + 4 * caps;
    let mut call = Cmd::with_capacity(arguments, 24 * arguments);
    call.arg("EVALSHA")
        .arg(script.get_hash())
        .arg(2)
        .arg(keys::user(user))
        .arg(keys::gone(user))
        .arg(now.0)
        .arg(budget.retention_ms())
        .arg(keep)
        .arg(choices.len());
    let mut pending = String::new();
    for choice in choices {
        call.arg(choice.ranked.len());
        for line in &choice.ranked {
            pending.clear();
            let _ = write!(pending, "{}@{}", line.bid, line.pending_until.0);
            call.arg(&*pending).arg(line.caps.len());
            for cap in &line.caps {
                put_cap(&mut call, cap);
            }
        }
    }
    call
}

fn put_cap(call: &mut Cmd, cap: &LineCap) {
    call.arg(cap.scope.as_str()).arg(cap.count.min(MOST_STAMPS));
    match cap.window {
        Window::Sliding(span) => call.arg("s").arg(span.0),
        Window::Since(start) => call.arg("d").arg(start.0),
    };
}
