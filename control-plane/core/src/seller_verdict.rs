//! Verdicts of ads.txt and sellers.json: who may sell whose inventory.

use contracts::catalog::{Authorisation, SellerVerdict};
use serde::Serialize;
use utoipa::ToSchema;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;
use crate::web;

/// A verdict as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SellerVerdictDocument<'a> {
    /// Its id.
    pub id: &'a str,
    /// Whose inventory.
    #[schema(example = "paper.example")]
    pub domain: &'a str,
    /// The advertising system, as `asi` of supply chains names it.
    #[schema(example = "exchange.gavel.example")]
    pub system: &'a str,
    /// The seller's id there.
    pub seller_id: &'a str,
    /// `direct`, `reseller`, `not_listed` or `contradicted`.
    #[schema(value_type = String, example = "reseller")]
    pub verdict: Authorisation,
}

/// The API's view of a verdict.
#[must_use]
pub fn document(verdict: &SellerVerdict) -> SellerVerdictDocument<'_> {
    SellerVerdictDocument {
        id: &verdict.id,
        domain: &verdict.domain,
        system: &verdict.system,
        seller_id: &verdict.seller_id,
        verdict: verdict.verdict,
    }
}

/// Reads a verdict.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(mut form: Form, edge: &mut Edge<'_>) -> Result<SellerVerdict, Faults> {
    let id = form.id("id").unwrap_or_else(|| edge.id("svd"));
    let mut domain = |key: &str| {
        let given = form.required_text(key);
        let domain = given.as_deref().and_then(web::domain);
        if given.is_some() && domain.is_none() {
            form.refuse(key, "is not a domain name");
        }
        domain
    };
    let (inventory, system) = (domain("domain"), domain("system"));
    let seller_id = form.required_text("seller_id");
    form.require("verdict");
    let verdict = form.take("verdict");
    let verdict = inventory.zip(system).zip(seller_id.zip(verdict)).map(
        |((domain, system), (seller_id, verdict))| SellerVerdict {
            id,
            domain,
            system,
            seller_id,
            verdict,
        },
    );
    form.finish(verdict)
}

#[cfg(test)]
mod tests {
    use super::*;
    use units::UnixMillis;

    #[test]
    fn a_verdict_names_whose_inventory_and_who_sells_it() {
        let read = |body: &str| {
            let mut uuid = || uuid::Uuid::nil();
            let mut edge = Edge {
                now: UnixMillis(0),
                uuid: &mut uuid,
            };
            read(Form::read(body.as_bytes()).unwrap(), &mut edge).map_err(|faults| {
                faults
                    .0
                    .into_iter()
                    .map(|it| it.pointer)
                    .collect::<Vec<_>>()
            })
        };
        let made = read(
            r#"{"domain":"WWW.Paper.example","system":"us.example","seller_id":"ssp","verdict":"not_listed"}"#,
        )
        .unwrap();
        assert_eq!(
            (&*made.domain, made.verdict),
            ("paper.example", Authorisation::NotListed)
        );
        assert_eq!(
            read("{}").unwrap_err(),
            ["/domain", "/system", "/seller_id", "/verdict"]
        );
        let odd =
            r#"{"domain":"no domain","system":"us.example","seller_id":"s","verdict":"fine"}"#;
        assert_eq!(read(odd).unwrap_err(), ["/domain", "/verdict"]);
    }
}
