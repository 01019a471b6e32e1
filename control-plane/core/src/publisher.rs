//! Publishers: who is paid, and what we keep.

use contracts::catalog::{CreativePolicy, Publisher, Status};
use serde::Serialize;
use units::{Currency, Multiplier};
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

/// A publisher as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PublisherDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// The exchange's share of the gross price.
    #[serde(with = "units::json::multiplier")]
    #[schema(value_type = f64, example = 0.1)]
    pub fee: Multiplier,
    /// ISO 4217.
    pub currency: &'a str,
    /// Blocked advertiser domains.
    pub badv: &'a [String],
    /// Blocked categories, taxonomy 1.
    pub bcat: &'a [String],
    /// Only active ones sell.
    #[schema(value_type = String)]
    pub status: Status,
}

/// The API's view of a publisher.
#[must_use]
pub fn document(publisher: &Publisher) -> PublisherDocument<'_> {
    PublisherDocument {
        id: publisher.id.as_str(),
        name: &publisher.name,
        domain: &publisher.domain,
        fee: publisher.fee,
        currency: publisher.currency.as_str(),
        badv: &publisher.badv,
        bcat: &publisher.bcat,
        status: publisher.status,
    }
}

/// Reads a publisher. Default: no fee, USD.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, edge: &mut Edge<'_>) -> Result<Publisher, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("pub"));
    let name = form.required_text("name");
    let given = form.required_text("domain");
    let domain = given.as_deref().and_then(web::domain);
    if given.is_some() && domain.is_none() {
        form.refuse("domain", "is not a domain name");
    }
    let fee = form.multiplier("fee");
    if fee.is_some_and(|fee| fee >= Multiplier::ONE) {
        form.refuse("fee", "must be below 1: it is a share of the price");
    }
    let nothing = Multiplier::new(0).unwrap_or_default();
    let currency = form.take::<Currency>("currency").unwrap_or_default();
    let badv = web::domains(&mut form, "badv").unwrap_or_default();
    let bcat = form.take("bcat").unwrap_or_default();
    let status = form.take("status").unwrap_or_default();
    let publisher = name.zip(domain).map(|(name, domain)| Publisher {
        id: id.into(),
        name,
        domain,
        fee: fee.unwrap_or(nothing),
        currency,
        badv,
        bcat,
        creatives: CreativePolicy::default(),
        discounts: Vec::new(),
        status,
    });
    form.finish(publisher)
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    #[test]
    fn a_fee_is_a_share() {
        let cases = [
            ("interfaces.md: 10 %", "0.1", Ok(100_000)),
            ("nothing kept", "0", Ok(0)),
            ("all kept", "1", Err("/fee")),
            ("negative", "-0.1", Err("/fee")),
            ("per cent by mistake", "10", Err("/fee")),
        ];
        for (id, fee, want) in cases {
            let body = format!(r#"{{"name":"P","domain":"p.example","fee":{fee}}}"#);
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            let got = read(Form::read(body.as_bytes()).unwrap(), &mut edge);
            let got = got
                .map(|p| p.fee.millionths())
                .map_err(|f| f.0[0].pointer.clone());
            assert_eq!(got, want.map_err(ToOwned::to_owned), "{id}");
        }
    }
}
