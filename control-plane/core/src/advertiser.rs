//! Advertisers: who pays, in which currency, by whose midnight.

use contracts::catalog::Advertiser;
use serde::Serialize;
use units::Currency;
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

/// An advertiser as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdvertiserDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its domain.
    pub domain: &'a str,
    /// ISO 4217.
    pub currency: &'a str,
    /// IANA time zone.
    pub time_zone: &'a str,
    /// The seat of its bids.
    pub seat: &'a str,
}

/// The API's view of an advertiser.
#[must_use]
pub fn document(advertiser: &Advertiser) -> AdvertiserDocument<'_> {
    AdvertiserDocument {
        id: advertiser.id.as_str(),
        name: &advertiser.name,
        domain: &advertiser.domain,
        currency: advertiser.currency.as_str(),
        time_zone: &advertiser.time_zone,
        seat: &advertiser.seat,
    }
}

/// Reads an advertiser. Defaults: USD, UTC, the seat `seat-` and its id.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, edge: &mut Edge<'_>) -> Result<Advertiser, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("adv"));
    let name = form.required_text("name");
    let domain = match form.required_text("domain") {
        Some(text) => web::domain(&text).or_else(|| {
            form.refuse("domain", "is not a domain name");
            None
        }),
        None => None,
    };
    let currency = form.take::<Currency>("currency").unwrap_or_default();
    let time_zone = time_zone(&mut form).unwrap_or_else(|| "UTC".to_owned());
    let seat = form.id("seat").unwrap_or_else(|| format!("seat-{id}"));
    let advertiser = name.zip(domain).map(|(name, domain)| Advertiser {
        id: id.into(),
        name,
        domain,
        currency,
        time_zone,
        seat,
    });
    form.finish(advertiser)
}

/// Takes an IANA time zone that the bundled database knows.
pub(crate) fn time_zone(form: &mut Form) -> Option<String> {
    let name = form.text("time_zone")?;
    if name == "UTC" || jiff::tz::TimeZone::get(&name).is_ok() {
        return Some(name);
    }
    form.refuse(
        "time_zone",
        "is not an IANA time zone, such as Europe/Berlin",
    );
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edge::Edge;
    use units::UnixMillis;

    fn read_text(body: &str) -> Result<Advertiser, Faults> {
        let mut uuid = || uuid::Uuid::nil();
        let mut edge = Edge {
            now: UnixMillis(0),
            uuid: &mut uuid,
        };
        read(Form::read(body.as_bytes())?, &mut edge)
    }

    #[test]
    fn the_short_form_is_enough() {
        // interfaces.md: `POST /advertisers {"name","domain"}` makes one, with `id` if given
        let made = read_text(r#"{"name":"Shop","domain":"www.Shop.example"}"#).unwrap();
        assert_eq!(made.id.as_str(), "adv_00000000000000000000000000000000");
        assert_eq!(
            (made.domain.as_str(), made.time_zone.as_str()),
            ("shop.example", "UTC")
        );
        assert_eq!(made.currency, Currency::USD);
        let given = read_text(
            r#"{"id":"advertiser_001","name":"A","domain":"a.example","seat":"seat-gavel"}"#,
        );
        assert_eq!(
            given.map(|a| (a.id.to_string(), a.seat)),
            Ok(("advertiser_001".into(), "seat-gavel".into()))
        );
    }

    #[test]
    fn faults_have_their_place() {
        let faults = read_text(
            r#"{"domain":"no domain","time_zone":"Mars/Base","currency":"EURO","id":"a b"}"#,
        );
        let at: Vec<_> = faults
            .unwrap_err()
            .0
            .into_iter()
            .map(|f| f.pointer)
            .collect();
        assert_eq!(at, ["/id", "/name", "/domain", "/currency", "/time_zone"]);
    }
}
