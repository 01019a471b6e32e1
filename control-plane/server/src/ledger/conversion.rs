//! Stored amounts told in the currency that is asked for, each by the rates of its time.

use std::collections::{BTreeMap, BTreeSet};

use deadpool_postgres::Object;
use units::{Currency, Nanos, RateTable};

use super::LedgerError;

/// In which currency stored amounts are, and by which rates they are told in another: the version in force when
/// they came about, `None` in rows from before it was kept.
pub(crate) type Kept<'k> = (&'k str, Option<i64>);

/// What stored amounts are converted by. Rates of a past day stay what they were (money.md, "rate id kept"): tables
/// are never edited.
pub(crate) struct Conversion<'r> {
    to: Currency,
    /// In force now: for amounts whose version was not kept.
    newest: &'r RateTable,
    /// Of each currency and version what it takes to tell one in `to`.
    versions: BTreeMap<(Currency, i64), RateTable>,
}

impl<'r> Conversion<'r> {
    /// Fetches what amounts of these currencies and versions need. A version that lacks a currency is stood for by
    /// the first after it that has both: that, too, is the same whenever somebody asks.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer.
    pub(crate) async fn fetch<'k>(
        client: &Object,
        to: Currency,
        newest: &'r RateTable,
        kept: impl Iterator<Item = Kept<'k>>,
    ) -> Result<Self, LedgerError> {
        let needed: BTreeSet<(Currency, i64)> = kept
            .filter_map(|(currency, version)| Currency::parse(currency).zip(version))
            .filter(|(currency, _)| *currency != to)
            .collect();
        let mut versions = BTreeMap::new();
        if !needed.is_empty() {
            let currencies: Vec<&str> = needed.iter().map(|(it, _)| it.as_str()).collect();
            let ids: Vec<i64> = needed.iter().map(|(_, version)| *version).collect();
            let rows = client
                .query(RATES, &[&currencies, &ids, &to.as_str()])
                .await
                .map_err(LedgerError::sql("read the rates of a time"))?;
            for row in rows {
                let Some(from) = Currency::parse(row.get(0)) else {
                    continue;
                };
                let rates: [(Currency, Option<i64>); 2] = [(from, row.get(2)), (to, row.get(3))];
                let listed = rates.into_iter();
                let table = RateTable {
                    per_usd: listed.filter_map(|(it, rate)| Some((it, rate?))).collect(),
                    ..RateTable::default()
                };
                versions.insert((from, row.get(1)), table);
            }
        }
        Ok(Self {
            to,
            newest,
            versions,
        })
    }

    /// A stored amount in the currency that is asked for; `None` where there is no rate for it.
    ///
    /// # Errors
    /// [`LedgerError::Unreadable`]: it is beyond any amount there.
    pub(crate) fn told(
        &self,
        amount: Nanos,
        (currency, version): Kept<'_>,
    ) -> Result<Option<Nanos>, LedgerError> {
        let Some(from) = Currency::parse(currency) else {
            return Ok(None);
        };
        let rates = version.map_or(Some(self.newest), |version| {
            self.versions.get(&(from, version))
        });
        let to = self.to;
        let known = |rates: &&RateTable| [from, to].iter().all(|it| rates.per_usd(*it).is_some());
        match rates.filter(known) {
            _ if from == to => Ok(Some(amount)),
            None => Ok(None),
            Some(rates) => match rates.convert(amount, from, to) {
                Some(told) => Ok(Some(told)),
                None => Err(LedgerError::Unreadable(format!(
                    "{amount} {from}, which cannot be told in {to}"
                ))),
            },
        }
    }
}

/// Billionths per USD of a currency and of that which is asked for, by the first table from a version on that has
/// both. USD is in all of them, listed or not.
const RATES: &str = "
    SELECT kept.currency, kept.version, (r.per_usd ->> kept.currency)::bigint, (r.per_usd ->> $3)::bigint
    FROM unnest($1::text[], $2::bigint[]) AS kept (currency, version)
    CROSS JOIN LATERAL (
        SELECT doc -> 'per_usd' AS per_usd FROM rates
        WHERE id >= kept.version AND (kept.currency = 'USD' OR doc -> 'per_usd' ? kept.currency)
            AND ($3::text = 'USD' OR doc -> 'per_usd' ? $3)
        ORDER BY id LIMIT 1) AS r";
