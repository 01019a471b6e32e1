//! How much is granted: the least of everything that limits.

use contracts::catalog::Pacing;
use contracts::lease::RefusalReason;
use units::{BidderId, BootId, DurationMillis, LeaseId, Nanos, UnixMillis};

use super::account::{Account, AccountKey};
use super::books::{Books, Side};
use super::lease::{Lease, LeaseState, keys};
use super::line::Line;
use super::pacing::target;

/// How long a bidder may make reservations on a lease.
pub const LEASE_LIFE: DurationMillis = DurationMillis::from_secs(10);

/// A lease that would end sooner is not worth its journal entry: the next batch is a second away.
const SHORTEST_MS: i64 = 250;
/// No grant takes more than this part of what is left, so that the end is shared.
const PART: i64 = 4;

/// Who asks, and for how much.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The id of the lease, should there be one.
    pub lease: LeaseId,
    /// Who.
    pub bidder: BidderId,
    /// In which start.
    pub boot: BootId,
    /// About two refill intervals of its reservation rate.
    pub amount: Nanos,
}

/// A lease that was granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    /// Which.
    pub lease: LeaseId,
    /// Its life.
    pub ttl: DurationMillis,
}

impl Books {
    /// Grants a lease, or says why not. The line's four accounts are in the books.
    ///
    /// # Errors
    /// [`RefusalReason`]: nothing changed.
    pub fn grant(
        &mut self,
        line: &Line,
        asked: Asked,
        now: UnixMillis,
    ) -> Result<Granted, RefusalReason> {
        let terms = &line.terms;
        let keys = keys(
            line.campaign.as_str(),
            terms.line_item.as_str(),
            line.period.day,
            line.period.hour,
        );
        let mut limits = [Account::default(); 4];
        for (limit, key) in limits.iter_mut().zip(&keys) {
            *limit = *self.accounts.get(key).ok_or(RefusalReason::Unknown)?;
        }
        let ended = terms.ends_at.is_some_and(|end| end <= now);
        if !line.campaign_active || !terms.active || now < terms.starts_at || ended {
            return Err(RefusalReason::NotActive);
        }
        // An hour that turned while we waited for the locks: the next batch finds the right accounts.
        let expires_at = expiry(line, now);
        let ttl = expires_at.since(now);
        if !line.period.holds(now) || ttl.0 < SHORTEST_MS {
            return Err(RefusalReason::Pacing);
        }
        let face = face(line, &limits, asked.amount, now)?;
        for key in &keys {
            let held = self
                .accounts
                .get_mut(key)
                .is_some_and(|account| account.hold(face));
            // `face` is at most every account's room, so this cannot fail halfway.
            if !held {
                return Err(RefusalReason::CampaignBudget);
            }
        }
        self.record(
            &line.campaign,
            Some(asked.lease),
            Side::Unallocated,
            Side::Held,
            face,
        );
        let life = DurationMillis::from_secs(i64::from(terms.reservation_life_s));
        let lease = Lease {
            id: asked.lease,
            line_item: terms.line_item.clone(),
            campaign: line.campaign.clone(),
            bidder: asked.bidder,
            boot: asked.boot,
            epoch: terms.epoch,
            face,
            settled: Nanos::ZERO,
            released: Nanos::ZERO,
            returned: Nanos::ZERO,
            day: line.period.day,
            hour: line.period.hour,
            granted_at: now,
            expires_at,
            settle_by: expires_at.after(life),
            state: LeaseState::Open,
        };
        self.leases.insert(lease.id, lease);
        Ok(Granted {
            lease: asked.lease,
            ttl,
        })
    }
}

/// Never past the next full hour, midnight, or the end of the flight.
fn expiry(line: &Line, now: UnixMillis) -> UnixMillis {
    let end = now
        .after(LEASE_LIFE)
        .min(line.period.hour_end)
        .min(line.period.day_end);
    line.terms.ends_at.map_or(end, |flight| end.min(flight))
}

/// The least of campaign, line item, day, hour, pacing tokens and what was asked for.
fn face(
    line: &Line,
    limits: &[Account; 4],
    asked: Nanos,
    now: UnixMillis,
) -> Result<Nanos, RefusalReason> {
    let [campaign, own, day, hour] = limits;
    let least = |one: &Account, other: &Account| {
        let room = |account: &Account| account.room().unwrap_or(Nanos(i64::MAX));
        room(one).min(room(other))
    };
    let total = least(campaign, own);
    if total <= Nanos::ZERO {
        return Err(RefusalReason::CampaignBudget);
    }
    let today = least(day, hour);
    if today <= Nanos::ZERO {
        return Err(RefusalReason::DailyBudget);
    }
    let room = total.min(today);
    let single = line.terms.max_impression.max(Nanos(1));
    let paced = paced(line, limits, now);
    // Less than one impression's tokens would hold money that cannot be used: wait for more.
    if paced < single.min(room) {
        return Err(RefusalReason::Pacing);
    }
    // Shrinks with the remainder, down to single impressions.
    let slice = Nanos(room.0 / PART).max(single);
    let face = asked.min(slice).min(room).min(paced);
    if face <= Nanos::ZERO {
        return Err(RefusalReason::Pacing);
    }
    Ok(face)
}

/// What pacing lets be held now.
fn paced(line: &Line, limits: &[Account; 4], now: UnixMillis) -> Nanos {
    let free = Nanos(i64::MAX);
    match line.terms.pacing {
        Pacing::Asap => return free,
        Pacing::Even => {}
    }
    let by = now.after(LEASE_LIFE);
    let tokens = |account: &Account, from: UnixMillis, to: UnixMillis| {
        account.configured.map_or(free, |total| {
            let spent = account.settled + line.share.of(account.held);
            target(total, from, to, by) - spent
        })
    };
    let [campaign, own, day, _] = limits;
    let flight = line.terms.ends_at.map_or(free, |end| {
        let start = line.terms.starts_at;
        tokens(campaign, start, end).min(tokens(own, start, end))
    });
    let today = tokens(day, line.period.day, line.period.day_end);
    let tokens = flight.min(today);
    if tokens == free {
        return free;
    }
    line.share.face_for(tokens.max(Nanos::ZERO))
}

impl Line {
    /// The accounts that a grant needs, in the order of locks.
    #[must_use]
    pub fn accounts(&self) -> [AccountKey; 4] {
        keys(
            self.campaign.as_str(),
            self.terms.line_item.as_str(),
            self.period.day,
            self.period.hour,
        )
    }
}

#[cfg(test)]
#[path = "grant_tests.rs"]
mod tests;
