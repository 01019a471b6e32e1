//! Exchange rates: whole tables under one version, so that a conversion can be made again.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::value::RawValue;
use units::{Currency, Decimal, RateTable};
use utoipa::ToSchema;

use crate::fault::Faults;
use crate::form::Form;

/// A version of the rate table as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RatesDocument {
    /// Version of the table; the highest is in force.
    pub id: u32,
    /// What one unit of is told: USD.
    pub base: &'static str,
    /// Units of each currency that one USD buys.
    #[schema(value_type = BTreeMap<String, f64>)]
    pub rates: BTreeMap<Currency, Box<RawValue>>,
}

/// The API's view of a rate table.
#[must_use]
pub fn document(table: &RateTable) -> RatesDocument {
    let number = |billionths: i64| RawValue::from_string(units::Nanos(billionths).to_string()).ok();
    let rates = table.per_usd.iter();
    RatesDocument {
        id: table.id,
        base: "USD",
        rates: rates
            .filter_map(|(currency, rate)| Some((*currency, number(*rate)?)))
            .collect(),
    }
}

/// Reads `{"rates":{"EUR":0.92,…}}`, units per USD: the table after `before`.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, before: u32) -> Result<RateTable, Faults> {
    form.require("rates");
    let table = form.object("rates", |rates| {
        let mut per_usd = BTreeMap::new();
        let codes: Vec<String> = rates.keys().map(ToOwned::to_owned).collect();
        for code in codes {
            let number: Option<Box<RawValue>> = rates.take(&code);
            let Some(currency) = Currency::parse(&code) else {
                rates.refuse(&code, "is not an ISO 4217 code");
                continue;
            };
            let rate = number.and_then(|raw| Decimal::parse(raw.get()).ok()?.to_scaled(9).ok());
            match rate.filter(|rate| *rate > 0) {
                Some(1_000_000_000) if currency == Currency::USD => {}
                Some(_) if currency == Currency::USD => rates.refuse(&code, "must be 1"),
                Some(rate) => {
                    per_usd.insert(currency, rate);
                }
                None => rates.refuse(&code, "must be a number above 0"),
            }
        }
        Some(per_usd)
    });
    form.finish(table.map(|per_usd| RateTable {
        id: before.saturating_add(1),
        per_usd,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_exact_and_positive() {
        let form = Form::read(br#"{"rates":{"EUR":0.92,"jpy":149.500000001,"USD":1}}"#).unwrap();
        let table = read(form, 6).unwrap();
        let json = serde_json::to_string(&document(&table)).unwrap();
        assert_eq!(
            json,
            r#"{"id":7,"base":"USD","rates":{"EUR":0.92,"JPY":149.500000001}}"#
        );
        for (body, at) in [
            (r#"{"rates":{"EUR":0}}"#, "/rates/EUR"),
            (r#"{"rates":{"EUR":-1}}"#, "/rates/EUR"),
            (r#"{"rates":{"EURO":1}}"#, "/rates/EURO"),
            (r#"{"rates":{"USD":2}}"#, "/rates/USD"),
            ("{}", "/rates"),
        ] {
            let faults = read(Form::read(body.as_bytes()).unwrap(), 0).unwrap_err();
            assert_eq!(faults.0[0].pointer, at, "{body}");
        }
    }
}
