//! The records of a large table as they are published, of which only those are read whose rows changed.

use std::time::SystemTime;

use deadpool_postgres::Transaction;
use serde::de::DeserializeOwned;
use tokio_postgres::types::Json;
use units::CampaignId;

use crate::refusal::Refusal;

/// Which state of a row was read: the transaction that wrote it and the time that it noted.
/// Whoever writes a row, by the API or by hand, leaves another transaction there; the time tells a database
/// from one that was restored in its place and counts transactions anew.
type State = (i64, SystemTime);

/// What became of a row.
pub(super) enum Fate {
    /// It goes out.
    Published {
        /// As JSON.
        text: Box<str>,
        /// Its campaign; none for what belongs to no one campaign.
        campaign: Option<CampaignId>,
    },
    /// It does not go out.
    Withheld,
    /// It cannot be read (R44).
    Unreadable,
}

struct Record {
    seq: i64,
    state: State,
    fate: Fate,
}

/// The records of one table in their order.
#[derive(Default)]
pub(super) struct Table(Vec<Record>);

impl Table {
    /// Reads what is new or has changed since the last time, and forgets what is gone. A row that cannot be
    /// read is told to the log and left out, the others load.
    pub(super) async fn refresh<T: DeserializeOwned>(
        &mut self,
        tx: &Transaction<'_>,
        from: &str,
        fate: impl Fn(T) -> Result<Fate, serde_json::Error>,
    ) -> Result<(), Refusal> {
        let all = |what: &str, of: &str| {
            format!("coalesce(array_agg({what} ORDER BY seq), '{{}}'::{of}[])")
        };
        let states = format!(
            "SELECT {}, {}, {} FROM {from}",
            all("seq", "bigint"),
            all("xmin::text::bigint", "bigint"),
            all("updated_at", "timestamptz"),
        );
        let row = tx.query_one(&states, &[]).await?;
        let (seqs, writers, times): (Vec<i64>, Vec<i64>, Vec<SystemTime>) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let states = seqs.into_iter().zip(writers.into_iter().zip(times));
        // Empty until all is read: who gives up in between knows nothing, and reads all the next time.
        let mut before = std::mem::take(&mut self.0).into_iter().peekable();
        let (mut records, mut unread) = (Vec::new(), Vec::new());
        for (seq, state) in states {
            while before.next_if(|it| it.seq < seq).is_some() {}
            let same = before.next_if(|it| it.seq == seq && it.state == state);
            if same.is_none() {
                unread.push(seq);
            }
            records.push(same.unwrap_or(Record {
                seq,
                state,
                fate: Fate::Unreadable,
            }));
        }
        if !unread.is_empty() {
            read(tx, from, &unread, &mut records, fate).await?;
        }
        self.0 = records;
        Ok(())
    }

    /// How many rows cannot be read.
    pub(super) fn unreadable(&self) -> usize {
        let unreadable = |it: &&Record| matches!(it.fate, Fate::Unreadable);
        self.0.iter().filter(unreadable).count()
    }

    /// The campaigns of what goes out.
    pub(super) fn campaigns(&self) -> impl Iterator<Item = &CampaignId> {
        self.0.iter().filter_map(|it| match &it.fate {
            Fate::Published { campaign, .. } => campaign.as_ref(),
            Fate::Withheld | Fate::Unreadable => None,
        })
    }

    /// What goes out, as far as its campaign is `there`.
    pub(super) fn texts(&self, there: impl Fn(&CampaignId) -> bool) -> Vec<&str> {
        let texts = self.0.iter().filter_map(|it| match &it.fate {
            Fate::Published { text, campaign } => {
                campaign.as_ref().is_none_or(&there).then_some(&**text)
            }
            Fate::Withheld | Fate::Unreadable => None,
        });
        texts.collect()
    }
}

/// Reads the documents of these rows.
async fn read<T: DeserializeOwned>(
    tx: &Transaction<'_>,
    from: &str,
    seqs: &[i64],
    records: &mut [Record],
    fate: impl Fn(T) -> Result<Fate, serde_json::Error>,
) -> Result<(), Refusal> {
    let table = from.split(' ').next().unwrap_or(from);
    let docs = format!("SELECT seq, doc, id FROM {table} WHERE seq = ANY($1)");
    for row in tx.query(&docs, &[&seqs]).await? {
        let seq: i64 = row.try_get(0)?;
        let read = match row.try_get(1) {
            Ok(Json(doc)) => fate(doc).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let fate = read.unwrap_or_else(|error| {
            let id: String = row.try_get(2).unwrap_or_default();
            tracing::error!(table, id, %error, "left out of the catalog: cannot be read");
            Fate::Unreadable
        });
        if let Ok(at) = records.binary_search_by_key(&seq, |it| it.seq)
            && let Some(record) = records.get_mut(at)
        {
            record.fate = fate;
        }
    }
    Ok(())
}
