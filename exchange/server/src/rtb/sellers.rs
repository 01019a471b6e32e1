//! Who sells through us: `GET /sellers.json` (IAB Tech Lab, sellers.json 1.0), and the lines of ads.txt that let them.

use http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use service::Problem;
use service::http::{self as answers, Response};

use super::context::AuctionContext;

/// How a seller sells, as sellers.json says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Kind {
    Publisher,
    Intermediary,
    Both,
}

/// A row of sellers.json.
struct Seller<'s> {
    id: &'s str,
    kind: Kind,
    /// Its name and domain; of accounts of the configuration none are known.
    named: Option<(&'s str, &'s str)>,
}

/// A line that the owner of inventory publishes (ads.txt 1.1 §3.2).
#[derive(Debug, PartialEq, Eq, Serialize)]
struct Line {
    /// The line.
    line: String,
    /// Whose ads.txt, or app-ads.txt, it belongs into.
    publisher: &'static str,
}

impl Kind {
    /// The lines that let a seller of this kind sell, ours being the domain `system`.
    fn lines(self, system: &str, id: &str) -> Vec<Line> {
        let line = |relation: &str, publisher| Line {
            line: format!("{system}, {id}, {relation}"),
            publisher,
        };
        let own = || line("DIRECT", "the seller, for what it owns");
        let others = || line("RESELLER", "each owner of what the seller sells for others");
        match self {
            Self::Publisher => vec![own()],
            Self::Intermediary => vec![others()],
            Self::Both => vec![own(), others()],
        }
    }
}

/// Publishers of the catalog, and SSP accounts of the configuration.
pub(super) fn document(context: &AuctionContext) -> Response {
    let exchange = &context.exchange;
    let sellers: Vec<Value> = with_sellers(context, |sellers| {
        let rows = sellers.map(|seller| match seller.named {
            Some((name, domain)) => json!({
                "seller_id": seller.id, "name": name, "domain": domain, "seller_type": seller.kind,
            }),
            // The configuration knows no company's name or domain: these rows are confidential.
            None => json!({
                "seller_id": seller.id, "is_confidential": 1, "seller_type": seller.kind,
            }),
        });
        rows.collect()
    });
    let mut document = json!({ "version": "1.0", "sellers": sellers });
    if !exchange.config.contact_email.is_empty() {
        document["contact_email"] = json!(exchange.config.contact_email);
    }
    answers::json(StatusCode::OK, document.to_string().into_bytes())
}

/// `GET /sellers/{id}/ads-txt`: which lines ads.txt must have for what this seller sells.
pub(super) fn ads_txt(context: &AuctionContext, id: &str) -> Response {
    let system = &context.exchange.config.domain;
    let document = with_sellers(context, |mut sellers| {
        let seller = Iterator::find(&mut sellers, |seller| seller.id == id)?;
        Some(json!({
            "seller_id": seller.id,
            "seller_type": seller.kind,
            "domain": seller.named.map(|(_, domain)| domain),
            "lines": seller.kind.lines(system, seller.id),
        }))
    });
    match document {
        Some(document) => answers::json(StatusCode::OK, document.to_string().into_bytes()),
        None => Problem::not_found()
            .detail("no such seller: its id is that of its row in /sellers.json")
            .into_response(),
    }
}

fn with_sellers<T>(
    context: &AuctionContext,
    read: impl FnOnce(&mut dyn Iterator<Item = Seller<'_>>) -> T,
) -> T {
    let exchange = &context.exchange;
    let in_force = exchange.in_force();
    let (publishers, placements) = in_force.as_deref().map_or((&[][..], &[][..]), |now| {
        (&now.catalog.publishers[..], &now.catalog.placements[..])
    });
    let publishers = publishers.iter().map(|publisher| {
        let has_placements = placements.iter().any(|it| it.publisher == publisher.id);
        let kind = match &publisher.account {
            Some(account) if !account.owner && has_placements => Kind::Both,
            Some(account) if !account.owner => Kind::Intermediary,
            Some(_) | None => Kind::Publisher,
        };
        Seller {
            id: publisher.id.as_str(),
            kind,
            named: Some((&publisher.name, &publisher.domain)),
        }
    });
    let accounts = exchange
        .config
        .accounts
        .iter()
        .map(|(name, account)| Seller {
            id: name,
            kind: if account.owner {
                Kind::Publisher
            } else {
                Kind::Intermediary
            },
            named: None,
        });
    read(&mut publishers.chain(accounts))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_seller_has_its_lines() {
        let lines = |kind: Kind| -> Vec<String> {
            let lines = kind.lines("x.example", "pub_1").into_iter();
            lines.map(|line| line.line).collect()
        };
        let (direct, reseller) = ("x.example, pub_1, DIRECT", "x.example, pub_1, RESELLER");
        assert_eq!(lines(Kind::Publisher), [direct]);
        assert_eq!(lines(Kind::Intermediary), [reseller]);
        assert_eq!(lines(Kind::Both), [direct, reseller]);
    }
}
