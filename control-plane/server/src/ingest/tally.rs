//! What the exchange counts of its DSPs, added to their days.

use contracts::event::{TALLY_STREAM, TallyEvent};
use deadpool_postgres::Transaction;

use super::plain::Plain;
use crate::ledger::{LedgerError, int, sql};

impl Plain for TallyEvent {
    const STREAM: &'static str = TALLY_STREAM;

    async fn insert(tx: &Transaction<'_>, events: &[Self]) -> Result<(), LedgerError> {
        let tallies = || events.iter().flat_map(|event| &event.tallies);
        let partners: Vec<&str> = tallies().map(|it| it.partner.as_str()).collect();
        let days: Vec<i64> = tallies().map(|it| it.day.0).collect();
        let won: Vec<i64> = tallies().map(|it| int(it.won)).collect();
        let win_notices: Vec<i64> = tallies().map(|it| int(it.win_notices)).collect();
        sql::run(
            tx,
            "add to the counts of DSPs",
            "INSERT INTO partner_days AS d (partner, day, won, win_notices)
             SELECT partner, day, sum(won)::bigint, sum(win_notices)::bigint
             FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) AS t (partner, day, won, win_notices)
             GROUP BY 1, 2
             ON CONFLICT (partner, day) DO UPDATE
             SET won = d.won + EXCLUDED.won, win_notices = d.win_notices + EXCLUDED.win_notices",
            &[&partners, &days, &won, &win_notices],
        )
        .await?;
        Ok(())
    }
}
