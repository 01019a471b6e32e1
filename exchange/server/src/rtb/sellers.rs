//! `GET /sellers.json` (IAB Tech Lab, sellers.json 1.0): who sells through us.

use http::StatusCode;
use serde_json::{Value, json};
use service::http::{self as answers, Response};

use super::context::AuctionContext;

/// Publishers of the catalog, and SSP accounts of the configuration.
pub(super) fn document(context: &AuctionContext) -> Response {
    let exchange = &context.exchange;
    let in_force = exchange.in_force();
    let publishers = in_force
        .as_deref()
        .map_or(&[][..], |now| &now.catalog.publishers);
    let publishers = publishers.iter().map(|publisher| {
        let placements = in_force
            .as_deref()
            .map_or(&[][..], |now| &now.catalog.placements);
        let has_placements = placements.iter().any(|it| it.publisher == publisher.id);
        let kind = match &publisher.account {
            Some(account) if !account.owner && has_placements => "BOTH",
            Some(account) if !account.owner => "INTERMEDIARY",
            Some(_) | None => "PUBLISHER",
        };
        json!({
            "seller_id": publisher.id,
            "name": publisher.name,
            "domain": publisher.domain,
            "seller_type": kind,
        })
    });
    let accounts = exchange.config.accounts.iter().map(|(name, account)| {
        let kind = if account.owner {
            "PUBLISHER"
        } else {
            "INTERMEDIARY"
        };
        // The configuration knows no company's name or domain: these rows are confidential.
        json!({ "seller_id": name, "is_confidential": 1, "seller_type": kind })
    });
    let sellers: Vec<Value> = publishers.chain(accounts).collect();
    let mut document = json!({ "version": "1.0", "sellers": sellers });
    if !exchange.config.contact_email.is_empty() {
        document["contact_email"] = json!(exchange.config.contact_email);
    }
    answers::json(StatusCode::OK, document.to_string().into_bytes())
}
