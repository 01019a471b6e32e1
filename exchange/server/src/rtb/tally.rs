//! What is counted of each DSP and kept in no row: won auctions and win notices that it took. In memory on the
//! auction's path, every few seconds to a log from which the control plane adds it up.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use contracts::event::{PartnerTally, TALLY_STREAM, TallyEvent};
use eventlog::EventLog;
use service::clock;
use units::{PartnerId, UnixMillis};

use crate::exchange::Exchange;

const EVERY: Duration = Duration::from_secs(2);
/// How long a tally that was told twice is known as the same.
const REMEMBERED: Duration = Duration::from_secs(3_600);
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// Counts since they were last told; by DSP and day.
#[derive(Debug, Default)]
pub(crate) struct Tallies(Mutex<Vec<PartnerTally>>);

impl Tallies {
    /// The DSP won an imp, and whoever decides last has said so.
    pub(crate) fn won(&self, partner: &PartnerId, at: UnixMillis) {
        self.add(partner, at, |tally| tally.won += 1);
    }

    /// The DSP took its win notice.
    pub(crate) fn win_notice(&self, partner: &PartnerId, at: UnixMillis) {
        self.add(partner, at, |tally| tally.win_notices += 1);
    }

    fn add(&self, partner: &PartnerId, at: UnixMillis, count: impl FnOnce(&mut PartnerTally)) {
        let day = UnixMillis(at.0.div_euclid(DAY).saturating_mul(DAY));
        let mut tallies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = tallies
            .iter_mut()
            .find(|tally| tally.day == day && tally.partner == *partner);
        if let Some(tally) = known {
            return count(tally);
        }
        let mut tally = PartnerTally {
            partner: partner.clone(),
            day,
            won: 0,
            win_notices: 0,
        };
        count(&mut tally);
        tallies.push(tally);
    }

    /// Everything since the last time.
    fn take(&self) -> Vec<PartnerTally> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Tells the counts for as long as the process lives. Runs on one worker.
pub(crate) async fn tell_tallies(exchange: std::sync::Arc<Exchange>, log: EventLog) {
    loop {
        tokio::time::sleep(EVERY).await;
        tell(&exchange, &log, Attempts::UntilTold).await;
    }
}

/// Tells what is left when the process ends.
pub(crate) async fn tell_last_tally(exchange: &Exchange, log: &EventLog) {
    tell(exchange, log, Attempts::Once).await;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempts {
    Once,
    UntilTold,
}

async fn tell(exchange: &Exchange, log: &EventLog, attempts: Attempts) {
    let tallies = exchange.tallies.take();
    if tallies.is_empty() {
        return;
    }
    let payload = serde_json::to_vec(&TallyEvent { tallies }).unwrap_or_default();
    let once = format!("tally:{:032x}", u128::from_be_bytes(clock::random_bytes()));
    loop {
        match log
            .append_once(&[TALLY_STREAM], &once, REMEMBERED, &payload)
            .await
        {
            Ok(_told) => return,
            Err(error) if attempts == Attempts::Once => {
                tracing::warn!(%error, "the last counts of DSPs could not be told");
                return;
            }
            Err(error) => {
                tracing::debug!(%error, "the counts of DSPs wait for the log");
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_kept_by_dsp_and_day_and_told_once() {
        let tallies = Tallies::default();
        let (alpha, beta) = (PartnerId::from("alpha"), PartnerId::from("beta"));
        tallies.won(&alpha, UnixMillis(DAY - 1));
        tallies.won(&alpha, UnixMillis(DAY));
        tallies.won(&alpha, UnixMillis(DAY + 5));
        tallies.win_notice(&alpha, UnixMillis(DAY + 5));
        tallies.win_notice(&beta, UnixMillis(DAY));
        let told: Vec<_> = tallies
            .take()
            .into_iter()
            .map(|it| (it.partner, it.day.0 / DAY, it.won, it.win_notices))
            .collect();
        assert_eq!(
            told,
            [(alpha.clone(), 0, 1, 0), (alpha, 1, 2, 1), (beta, 1, 0, 1)]
        );
        assert!(tallies.take().is_empty());
    }
}
