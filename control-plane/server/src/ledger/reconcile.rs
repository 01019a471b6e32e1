//! Each DSP's days: what we count, what it says, by how much that differs.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use control_plane_core::reconcile::Percent;
use deadpool_postgres::Object;
use serde::Serialize;
use tokio_postgres::Row;
use units::{Currency, Nanos, RateTable, UnixMillis};
use utoipa::ToSchema;

use super::{Conversion, Ledger, LedgerError, int, ints};

/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The first instant of the first day.
    pub from: UnixMillis,
    /// The first instant behind the last day.
    pub to: UnixMillis,
    /// One DSP alone.
    pub partner: Option<String>,
    /// Currency of all amounts.
    pub currency: Currency,
}

/// `GET /reconcile`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Reconciliation {
    /// Currency of every amount here, but of those without a rate.
    pub currency: String,
    /// First day.
    pub from: String,
    /// First day behind the last.
    pub to: String,
    /// One per day and DSP that has anything, the oldest day first.
    pub items: Vec<ReconcileRow>,
    /// The list comes whole.
    pub next_cursor: Option<String>,
}

/// A day of one DSP.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReconcileRow {
    /// Day of UTC.
    pub day: String,
    /// The demand partner.
    pub dsp: String,
    /// Auctions won: ours at once, an SSP's when it says so.
    pub won: u64,
    /// Win notices (nurl) that the DSP took.
    pub nurl_delivered: u64,
    /// Impressions that were delivered, and are billed.
    pub impressions: u64,
    /// Reports of crawlers, which are not billed.
    pub filtered: u64,
    /// Where the billing notices of these impressions stand.
    pub burl: BurlCounts,
    /// What the impressions cost, by the prices that the DSP was told.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub spend: Nanos,
    /// What they cost in currencies that have no rate, each in its own; it is not in `spend`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spend_without_rate: Vec<AmountWithoutRate>,
    /// What the DSP says, where it was uploaded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dsp_figures: Option<DspFigures>,
    /// By how many percent the DSP's figures are above ours; absent without them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference_percent: Option<Difference>,
}

/// Billing notices, by how they ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct BurlCounts {
    /// The DSP acknowledged them.
    pub acknowledged: u64,
    /// They are on their way.
    pub waiting: u64,
    /// The DSP refused them for good.
    pub refused: u64,
    /// The DSP took none while they were good.
    pub expired: u64,
    /// The bids named no URL to call.
    pub none: u64,
}

/// An amount that cannot be told in another currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AmountWithoutRate {
    /// The currency that has no rate, and that of the amount.
    pub currency: String,
    /// The amount.
    #[serde(with = "units::json::nanos")]
    #[schema(value_type = f64)]
    pub spend: Nanos,
}

/// What a DSP says of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DspFigures {
    /// Impressions.
    pub impressions: u64,
    /// Spend, where it told any.
    #[serde(
        with = "units::json::nanos_opt",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<f64>)]
    pub spend: Option<Nanos>,
    /// In place of it, where the currency that the DSP told it in has no rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub spend_without_rate: Option<AmountWithoutRate>,
}

/// Differences in percent of our figures; `null` where ours is zero and the DSP's is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Difference {
    /// Of impressions.
    #[schema(value_type = Option<f64>)]
    pub impressions: Option<Percent>,
    /// Of spend; absent, too, where a part of either has no rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub spend: Option<Option<Percent>>,
}

type Days = BTreeMap<(i64, String), ReconcileRow>;

/// What the DSPs of each day were told, by currency.
type Told = BTreeMap<(i64, String), BTreeMap<String, Nanos>>;

impl Ledger {
    /// Compares what we count of each DSP and day with what the DSP says, by the rates of each auction and upload, or
    /// by `rates` where these were not kept; what is in a currency without a rate is told apart.
    ///
    /// # Errors
    /// [`LedgerError`] when Postgres does not answer, or a sum is beyond any amount.
    pub async fn reconcile(
        &self,
        asked: &Asked,
        rates: &RateTable,
    ) -> Result<Reconciliation, LedgerError> {
        let client = self.client().await?;
        let mut days = Days::new();
        let (ours, theirs) = (ours(&client, asked).await?, theirs(&client, asked).await?);
        let kept = ours.iter().map(|row| (row.get(2), row.get(3)));
        let of_theirs = theirs.iter().filter_map(|row| {
            let currency: Option<&str> = row.get(4);
            Some((currency?, row.get(5)))
        });
        let kept = kept.chain(of_theirs);
        let conversion = Conversion::fetch(&client, asked.currency, rates, kept).await?;
        let told = |amount: i64, currency: &str, version: Option<i64>| {
            let told = conversion.told(Nanos(amount), (currency, version))?;
            Ok::<_, LedgerError>(told.map_or_else(
                || {
                    Spent::WithoutRate(AmountWithoutRate {
                        currency: currency.to_owned(),
                        spend: Nanos(amount),
                    })
                },
                Spent::Told,
            ))
        };
        let mut told_in = Told::new();
        for row in ours {
            let line = line(&mut days, &row);
            line.impressions += ints(row.get(5));
            line.burl.add(&row);
            let of_day = told_in.entry((row.get(0), row.get(1))).or_default();
            *of_day.entry(row.get(2)).or_default() += Nanos(row.get(4));
            line.spent(told(row.get(4), row.get(2), row.get(3))?);
        }
        for row in filtered(&client, asked).await? {
            line(&mut days, &row).filtered = ints(row.get(2));
        }
        for row in counted(&client, asked).await? {
            let line = line(&mut days, &row);
            (line.won, line.nurl_delivered) = (ints(row.get(2)), ints(row.get(3)));
        }
        for row in theirs {
            let amount: Option<i64> = row.get(3);
            let currency: Option<&str> = row.get(4);
            let spend = match amount.zip(currency) {
                Some((amount, currency)) => Some(told(amount, currency, row.get(5))?),
                None => None,
            };
            let ours = told_in.get(&(row.get(0), row.get(1)));
            let unconverted = amount
                .zip(currency)
                .and_then(|(theirs, currency)| Some((alone(ours?, currency)?, Nanos(theirs))));
            line(&mut days, &row).compare(ints(row.get(2)), spend, unconverted);
        }
        Ok(Reconciliation {
            currency: asked.currency.to_string(),
            from: day(asked.from.0),
            to: day(asked.to.0),
            items: days.into_values().collect(),
            next_cursor: None,
        })
    }
}

fn line<'d>(days: &'d mut Days, row: &Row) -> &'d mut ReconcileRow {
    let (at, dsp): (i64, String) = (row.get(0), row.get(1));
    let told = || ReconcileRow {
        day: day(at),
        dsp: dsp.clone(),
        ..ReconcileRow::default()
    };
    days.entry((at, dsp.clone())).or_insert_with(told)
}

/// What a DSP was told in a currency, where it was told nothing in others.
fn alone(told: &BTreeMap<String, Nanos>, currency: &str) -> Option<Nanos> {
    told.get(currency).copied().filter(|_| told.len() == 1)
}

/// An amount, as far as it can be told in the currency that is asked for.
enum Spent {
    Told(Nanos),
    WithoutRate(AmountWithoutRate),
}

impl ReconcileRow {
    fn spent(&mut self, spent: Spent) {
        match spent {
            Spent::Told(amount) => self.spend += amount,
            Spent::WithoutRate(more) => {
                let mut told = self.spend_without_rate.iter_mut();
                match told.find(|it| it.currency == more.currency) {
                    Some(before) => before.spend += more.spend,
                    None => self.spend_without_rate.push(more),
                }
            }
        }
    }

    /// Compares with what the DSP says; spend as it is (`unconverted`: ours, theirs) where both are in one currency,
    /// since it may have been uploaded under other rates than it was spent under.
    fn compare(
        &mut self,
        impressions: u64,
        spent: Option<Spent>,
        unconverted: Option<(Nanos, Nanos)>,
    ) {
        let (spend, spend_without_rate) = match spent {
            Some(Spent::Told(amount)) => (Some(amount), None),
            Some(Spent::WithoutRate(amount)) => (None, Some(amount)),
            None => (None, None),
        };
        let comparable = spend.filter(|_| self.spend_without_rate.is_empty());
        self.difference_percent = Some(Difference {
            impressions: Percent::difference(int(self.impressions), int(impressions)),
            spend: unconverted
                .or_else(|| comparable.map(|theirs| (self.spend, theirs)))
                .map(|(ours, theirs)| Percent::difference(ours.0, theirs.0)),
        });
        self.dsp_figures = Some(DspFigures {
            impressions,
            spend,
            spend_without_rate,
        });
    }
}

impl BurlCounts {
    /// Adds those of a row of [`ours`].
    fn add(&mut self, row: &Row) {
        self.acknowledged += ints(row.get(6));
        self.waiting += ints(row.get(7));
        self.refused += ints(row.get(8));
        self.expired += ints(row.get(9));
        self.none += ints(row.get(10));
    }
}

impl Reconciliation {
    /// The same as CSV, a line for each day and DSP.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut text = String::from(
            "day,dsp,won,nurl_delivered,impressions,filtered,burl_acknowledged,burl_waiting,burl_refused,\
             burl_expired,burl_none,spend,currency,dsp_impressions,dsp_spend,impressions_difference_percent,\
             spend_difference_percent,spend_without_rate,dsp_spend_without_rate\n",
        );
        for row in &self.items {
            let theirs = row.dsp_figures.as_ref();
            let difference = row.difference_percent;
            let BurlCounts {
                acknowledged,
                waiting,
                refused,
                expired,
                none,
            } = row.burl;
            // Writing to a String does not fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{},{acknowledged},{waiting},{refused},{expired},{none},{},{},{},{},{},{},{},{}",
                row.day,
                row.dsp,
                row.won,
                row.nurl_delivered,
                row.impressions,
                row.filtered,
                row.spend,
                self.currency,
                cell(theirs.map(|it| it.impressions)),
                cell(theirs.and_then(|it| it.spend)),
                cell(difference.and_then(|it| it.impressions)),
                cell(difference.and_then(|it| it.spend.flatten())),
                without_rate(&row.spend_without_rate),
                without_rate(theirs.and_then(|it| it.spend_without_rate.as_ref())),
            );
        }
        text
    }
}

/// Amounts as `12.5 ARS;3 TRY`.
fn without_rate<'a>(amounts: impl IntoIterator<Item = &'a AmountWithoutRate>) -> String {
    let told = amounts.into_iter();
    let told = told.map(|amount| format!("{} {}", amount.spend, amount.currency));
    told.collect::<Vec<_>>().join(";")
}

fn cell(value: Option<impl std::fmt::Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A day by its first instant.
pub(crate) fn day(at: i64) -> String {
    let mut text = UnixMillis(at).to_rfc3339();
    text.truncate(10);
    text
}

async fn rows(
    client: &Object,
    attempted: &'static str,
    sql: &str,
    asked: &Asked,
) -> Result<Vec<Row>, LedgerError> {
    client
        .query(sql, &[&asked.from.0, &asked.to.0, &asked.partner])
        .await
        .map_err(LedgerError::sql(attempted))
}

async fn ours(client: &Object, asked: &Asked) -> Result<Vec<Row>, LedgerError> {
    let sql = format!(
        "SELECT at / {DAY} * {DAY}, partner, coalesce(spend_currency, currency), rates,
                sum(coalesce(spend, gross))::bigint, count(*), count(*) FILTER (WHERE notice = 'acknowledged'),
                count(*) FILTER (WHERE notice = 'waiting'), count(*) FILTER (WHERE notice = 'refused'),
                count(*) FILTER (WHERE notice = 'expired'), count(*) FILTER (WHERE notice = 'none')
         FROM deliveries WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR partner = $3)
         GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
    );
    rows(client, "sum deliveries by DSP", &sql, asked).await
}

async fn filtered(client: &Object, asked: &Asked) -> Result<Vec<Row>, LedgerError> {
    let sql = format!(
        "SELECT at / {DAY} * {DAY}, partner, count(*) FROM delivery_marks
         WHERE kind = 'filtered' AND at >= $1 AND at < $2 AND ($3::text IS NULL OR partner = $3)
         GROUP BY 1, 2"
    );
    rows(client, "count what was filtered", &sql, asked).await
}

async fn counted(client: &Object, asked: &Asked) -> Result<Vec<Row>, LedgerError> {
    let sql = "SELECT day, partner, won, win_notices FROM partner_days
         WHERE day >= $1 AND day < $2 AND ($3::text IS NULL OR partner = $3)";
    rows(client, "read the counts of DSPs", sql, asked).await
}

async fn theirs(client: &Object, asked: &Asked) -> Result<Vec<Row>, LedgerError> {
    let sql = "SELECT day, partner, impressions, spend, currency, rates FROM partner_figures
         WHERE day >= $1 AND day < $2 AND ($3::text IS NULL OR partner = $3)";
    rows(client, "read the figures of DSPs", sql, asked).await
}
