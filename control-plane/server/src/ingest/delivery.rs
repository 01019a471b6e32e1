//! Deliveries of the sell side, and the revenue they add up to.

use std::collections::BTreeMap;

use contracts::event::{DELIVERY_STREAM, DeliveryEvent, DeliveryFact, NoticeEnd};
use contracts::notice::{Charge, SellKind};
use deadpool_postgres::Transaction;
use serde::Serialize;
use units::{Currency, Nanos, RateTable, UnixMillis};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Ingest;
use super::plain::Plain;
use crate::ledger::{Conversion, Ledger, LedgerError, ints, sql};

/// What revenue is told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevenueBy {
    /// UTC day.
    Day,
    /// Placement.
    Placement,
    /// Demand partner.
    Dsp,
}

impl RevenueBy {
    /// The word of the interface: `day`, `placement` or `dsp`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Placement => "placement",
            Self::Dsp => "dsp",
        }
    }

    /// Reads that word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Day, Self::Placement, Self::Dsp]
            .into_iter()
            .find(|by| by.word() == word)
    }

    const fn column(self) -> &'static str {
        match self {
            Self::Day => "to_char(to_timestamp(at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
            // What an SSP sold has no placement: its account stands for it.
            Self::Placement => "CASE placement WHEN '' THEN publisher ELSE placement END",
            Self::Dsp => "partner",
        }
    }

    /// The same of clicks and views, which know their seller by the impression alone.
    const fn column_of_marks(self) -> &'static str {
        match self {
            Self::Placement => {
                "CASE m.placement WHEN '' THEN coalesce((SELECT d.publisher FROM deliveries AS d
                     WHERE d.auction = m.auction AND d.imp = m.imp AND d.ad = m.ad), '') ELSE m.placement END"
            }
            Self::Day | Self::Dsp => self.column(),
        }
    }
}

/// One line of a revenue report, or its total.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevenueRow {
    /// The day, placement or DSP; for what an SSP sold, its account in place of a placement; absent in the total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Impressions that were delivered.
    pub impressions: u64,
    /// Clicks on them, each ad's once; on the day of the click.
    pub clicks: u64,
    /// Of ads that were in sight long enough, each ad's once; on the day on which they were.
    pub views: u64,
    /// What they cost.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub gross: Nanos,
    /// The exchange's part.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub fee: Nanos,
    /// The publisher's part.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub net: Nanos,
}

/// What was earned in a currency that has no rate, so that it cannot be told in another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RevenueWithoutRate {
    /// The day, placement or DSP.
    pub key: String,
    /// The currency that has no rate, and that of these amounts.
    pub currency: String,
    /// Impressions that were delivered.
    pub impressions: u64,
    /// What they cost.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub gross: Nanos,
    /// The exchange's part.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub fee: Nanos,
    /// The publisher's part.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub net: Nanos,
}

/// `GET /revenue`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Revenue {
    /// Currency of every amount in `rows` and `total`.
    pub currency: String,
    /// First instant, RFC 3339.
    pub from: String,
    /// First instant behind it, RFC 3339.
    pub to: String,
    /// `day`, `placement` or `dsp`.
    pub group_by: String,
    /// One per day, placement or DSP, in its order.
    pub rows: Vec<RevenueRow>,
    /// Their sum.
    pub total: RevenueRow,
    /// What is in neither: amounts whose currency has no rate, each in its own, by key and currency; absent without
    /// any. Their clicks and views are in the rows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub without_rate: Vec<RevenueWithoutRate>,
}

impl RevenueRow {
    fn add(&mut self, impressions: u64, gross: Nanos, fee: Nanos) {
        self.impressions = self.impressions.saturating_add(impressions);
        self.gross += gross;
        self.fee += fee;
        // Shares are cut so that they add up to the gross.
        self.net = self.gross - self.fee;
    }
}

impl RevenueWithoutRate {
    fn add(&mut self, impressions: u64, gross: Nanos, fee: Nanos) {
        self.impressions = self.impressions.saturating_add(impressions);
        self.gross += gross;
        self.fee += fee;
        self.net = self.gross - self.fee;
    }
}

impl Ledger {
    /// Revenue from `from` (inclusive) to `to` (exclusive), in `currency` by the rates of each auction, or by `rates`
    /// where these were not kept; what is in a currency without a rate is told apart.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer, or a sum is beyond any amount.
    pub async fn revenue(
        &self,
        from: UnixMillis,
        to: UnixMillis,
        by: RevenueBy,
        currency: Currency,
        rates: &RateTable,
    ) -> Result<Revenue, LedgerError> {
        let client = self.client().await?;
        let column = by.column();
        let rows = client
            .query(
                &format!(
                    "SELECT {column} AS key, currency, rates, count(*), sum(gross)::bigint, sum(fee)::bigint
                     FROM deliveries WHERE at >= $1 AND at < $2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
                ),
                &[&from.0, &to.0],
            )
            .await
            .map_err(LedgerError::sql("sum revenue"))?;
        let mut lines: BTreeMap<String, RevenueRow> = BTreeMap::new();
        let mut total = RevenueRow::default();
        let mut without_rate: Vec<RevenueWithoutRate> = Vec::new();
        let kept = rows.iter().map(|row| (row.get(1), row.get(2)));
        let conversion = Conversion::fetch(&client, currency, rates, kept).await?;
        for row in rows {
            let paid: &str = row.get(1);
            let impressions = ints(row.get(3));
            let (gross, fee) = (Nanos(row.get(4)), Nanos(row.get(5)));
            let told = |amount| conversion.told(amount, (paid, row.get(2)));
            let Some((gross, fee)) = told(gross)?.zip(told(fee)?) else {
                let key: &str = row.get(0);
                let before = without_rate.last_mut();
                match before.filter(|it| it.key == key && it.currency == paid) {
                    Some(line) => line.add(impressions, gross, fee),
                    None => without_rate.push(RevenueWithoutRate {
                        key: key.to_owned(),
                        currency: paid.to_owned(),
                        impressions,
                        gross,
                        fee,
                        net: gross - fee,
                    }),
                }
                continue;
            };
            lines
                .entry(row.get(0))
                .or_default()
                .add(impressions, gross, fee);
            total.add(impressions, gross, fee);
        }
        let marks = client
            .query(
                &format!(
                    "SELECT {} AS key, count(*) FILTER (WHERE kind = 'click'), count(*) FILTER (WHERE kind = 'view')
                     FROM delivery_marks AS m WHERE at >= $1 AND at < $2 AND kind IN ('click', 'view') GROUP BY 1",
                    by.column_of_marks()
                ),
                &[&from.0, &to.0],
            )
            .await
            .map_err(LedgerError::sql("count clicks and views"))?;
        for row in marks {
            let (clicks, views) = (ints(row.get(1)), ints(row.get(2)));
            for line in [lines.entry(row.get(0)).or_default(), &mut total] {
                line.clicks = line.clicks.saturating_add(clicks);
                line.views = line.views.saturating_add(views);
            }
        }
        let keyed = |(key, row)| RevenueRow {
            key: Some(key),
            ..row
        };
        Ok(Revenue {
            currency: currency.to_string(),
            from: from.to_rfc3339(),
            to: to.to_rfc3339(),
            group_by: by.word().into(),
            rows: lines.into_iter().map(keyed).collect(),
            total,
            without_rate,
        })
    }
}

impl Ingest {
    /// Applies the next deliveries; answers how many entries.
    ///
    /// # Errors
    /// [`LedgerError`]: none of them was applied.
    pub async fn apply_deliveries(&self) -> Result<usize, LedgerError> {
        self.apply_plain::<DeliveryEvent>().await
    }
}

impl Plain for DeliveryEvent {
    const STREAM: &'static str = DELIVERY_STREAM;

    async fn insert(tx: &Transaction<'_>, events: &[Self]) -> Result<(), LedgerError> {
        insert(tx, events).await
    }
}

/// One impression per ad of an imp, whichever notice told it; those of tests earn nothing. What else is
/// reported is marked once; then how the DSPs' billing notices ended, since each follows its delivery in the log.
async fn insert(tx: &Transaction<'_>, events: &[DeliveryEvent]) -> Result<(), LedgerError> {
    let (mut earned, mut marked, mut ended) = (Vec::new(), Vec::new(), Vec::new());
    for event in events.iter().filter(|event| !event.claims.test) {
        let kind = event.claims.kind;
        let is_billable = matches!(kind, SellKind::Impression | SellKind::Bill);
        match (event.fact, kind) {
            (DeliveryFact::Happened, _) if is_billable => earned.push(event),
            (DeliveryFact::Happened, SellKind::Click) => marked.push((event, "click")),
            (DeliveryFact::Happened, SellKind::View) => marked.push((event, "view")),
            (DeliveryFact::Filtered, _) => marked.push((event, "filtered")),
            (DeliveryFact::Notified(end), _) if is_billable => ended.push((event, end)),
            (DeliveryFact::Happened | DeliveryFact::Notified(_), _) => {}
        }
    }
    write_deliveries(tx, &earned).await?;
    mark(tx, &marked).await?;
    end(tx, &ended).await
}

async fn write_deliveries(
    tx: &Transaction<'_>,
    earned: &[&DeliveryEvent],
) -> Result<(), LedgerError> {
    if earned.is_empty() {
        return Ok(());
    }
    let text = |of: fn(&DeliveryEvent) -> &str| earned.iter().map(|e| of(e)).collect::<Vec<_>>();
    let number = |of: fn(&DeliveryEvent) -> i64| earned.iter().map(|e| of(e)).collect::<Vec<_>>();
    let auctions: Vec<Uuid> = earned.iter().map(|event| event.claims.auction.0).collect();
    sql::run(
        tx,
        "write deliveries",
        "INSERT INTO deliveries (auction, imp, partner, publisher, placement, currency, gross, fee, at, notice, ad, rates, spend,
                                 spend_currency)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                              $7::bigint[], $8::bigint[], $9::bigint[], $10::text[], $11::bigint[],
                              $12::bigint[], $13::bigint[], $14::text[])
         ON CONFLICT DO NOTHING",
        &[
            &auctions,
            &text(|event| &event.claims.imp),
            &text(|event| event.claims.partner.as_str()),
            &text(|event| &event.claims.publisher),
            &text(|event| &event.claims.placement),
            &text(|event| event.claims.payout_currency.as_str()),
            &number(|event| event.claims.gross.0),
            &number(|event| event.claims.fee.0),
            &number(|event| event.at.0),
            &text(|event| match (event.claims.url.is_empty(), event.claims.refused) {
                (true, true) => "refused",
                (true, false) => "none",
                (false, _) => "waiting",
            }),
            &number(|event| i64::from(event.claims.ad)),
            &of_charge(earned, |charge| i64::from(charge.rates)),
            &of_charge(earned, |charge| charge.amount.0),
            &of_charge(earned, |charge| charge.currency.to_string()),
        ],
    )
    .await?;
    Ok(())
}

fn of_charge<V>(earned: &[&DeliveryEvent], of: fn(Charge) -> V) -> Vec<Option<V>> {
    let charges = earned.iter().map(|event| event.claims.charge);
    charges.map(|charge| charge.map(of)).collect()
}

/// Clicks, views and what crawlers reported, each once per ad.
async fn mark(tx: &Transaction<'_>, marked: &[(&DeliveryEvent, &str)]) -> Result<(), LedgerError> {
    if marked.is_empty() {
        return Ok(());
    }
    let text = |of: fn(&DeliveryEvent) -> &str| {
        let told = marked.iter().map(|(event, _)| of(event));
        told.collect::<Vec<_>>()
    };
    let auctions: Vec<Uuid> = marked
        .iter()
        .map(|(event, _)| event.claims.auction.0)
        .collect();
    let kinds: Vec<&str> = marked.iter().map(|(_, kind)| *kind).collect();
    let at: Vec<i64> = marked.iter().map(|(event, _)| event.at.0).collect();
    let ads: Vec<i64> = marked
        .iter()
        .map(|(event, _)| i64::from(event.claims.ad))
        .collect();
    sql::run(
        tx,
        "write delivery marks",
        "INSERT INTO delivery_marks (auction, imp, kind, at, partner, placement, ad)
         SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::bigint[])
         ON CONFLICT DO NOTHING",
        &[
            &auctions,
            &text(|event| &event.claims.imp),
            &kinds,
            &at,
            &text(|event| event.claims.partner.as_str()),
            &text(|event| &event.claims.placement),
            &ads,
        ],
    )
    .await?;
    Ok(())
}

/// How billing notices ended; an acknowledgement stands, whatever comes of a repetition.
async fn end(
    tx: &Transaction<'_>,
    ended: &[(&DeliveryEvent, NoticeEnd)],
) -> Result<(), LedgerError> {
    let mut last: BTreeMap<(Uuid, &str, u32), NoticeEnd> = BTreeMap::new();
    for (event, end) in ended {
        let claims = &event.claims;
        let key = (claims.auction.0, &*claims.imp, claims.ad);
        let known = last.entry(key).or_insert(*end);
        if *known != NoticeEnd::Acknowledged {
            *known = *end;
        }
    }
    if last.is_empty() {
        return Ok(());
    }
    let auctions: Vec<Uuid> = last.keys().map(|(auction, ..)| *auction).collect();
    let imps: Vec<&str> = last.keys().map(|(_, imp, _)| *imp).collect();
    let ads: Vec<i64> = last.keys().map(|(.., ad)| i64::from(*ad)).collect();
    let ends: Vec<&str> = last.values().map(|end| word(*end)).collect();
    sql::run(
        tx,
        "write how billing notices ended",
        "UPDATE deliveries AS d SET notice = e.ended
         FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[]) AS e (auction, imp, ad, ended)
         WHERE d.auction = e.auction AND d.imp = e.imp AND d.ad = e.ad AND d.notice <> 'acknowledged'",
        &[&auctions, &imps, &ads, &ends],
    )
    .await?;
    Ok(())
}

const fn word(end: NoticeEnd) -> &'static str {
    match end {
        NoticeEnd::Acknowledged => "acknowledged",
        NoticeEnd::Refused => "refused",
        NoticeEnd::Expired => "expired",
    }
}
