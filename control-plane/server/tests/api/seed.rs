//! The demo market goes through the public API like any other edit.

use crate::plane::Plane;
use contracts::catalog::{Catalog, CreativeFormat, Status};
use http::Method;
use serde::Deserialize;
use serde_json::value::RawValue;
use testkit::http::send;

const MARKET: &str = include_str!("../../../../gavel/seed/market.json");
const USERS: &str = include_str!("../../../../gavel/seed/users.json");

#[derive(Deserialize)]
struct Call {
    method: String,
    path: String,
    body: Box<RawValue>,
}

#[tokio::test]
async fn the_seed_is_accepted_whole() {
    let plane = Plane::start().await;
    let calls: Vec<Call> = serde_json::from_str(MARKET).unwrap();
    for call in &calls {
        let body = call
            .body
            .get()
            .replace("{{rival_a_url}}", "http://127.0.0.1:8012/bid");
        let body = body.replace("{{rival_b_url}}", "http://127.0.0.1:8013/bid");
        let method = Method::from_bytes(call.method.as_bytes()).unwrap();
        let json = [("content-type", "application/json")];
        let answer = send(method, &plane.url(&call.path), &json, body).await;
        assert_eq!(answer.status, 201, "{} {}: {answer}", call.path, call.body);
    }
    let answer = plane
        .internal(Method::GET, "/internal/catalog", "")
        .await
        .expect_status(200);
    let catalog: Catalog = serde_json::from_slice(&answer.body).unwrap();
    // interfaces.md, The seed
    assert!(
        catalog
            .advertisers
            .iter()
            .all(|a| a.seat == "seat-gavel" && a.time_zone == "UTC")
    );
    assert_eq!(catalog.advertisers.len(), 3);
    assert!(catalog.campaigns.len() >= 10);
    assert_eq!(catalog.campaigns.len(), catalog.line_items.len());
    let placements: Vec<&str> = catalog.placements.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(
        placements,
        [
            "placement_001",
            "placement_002",
            "placement_003",
            "placement_004"
        ]
    );
    assert!(
        catalog
            .publishers
            .iter()
            .all(|p| p.fee.millionths() == 100_000)
    );
    let segments: Vec<&str> = catalog.segments.iter().map(|s| s.id.as_str()).collect();
    assert_eq!(segments, ["high_value", "mobile_users", "young_adults"]);
    for code in ["EUR", "GBP", "JPY", "CNY"] {
        assert!(
            catalog.rates.per_usd(code.parse().unwrap()).is_some(),
            "{code}"
        );
    }
    assert!(catalog.partners.iter().any(|p| p.endpoint == "self:bidder"));
    assert_eq!(catalog.partners.len(), 3);

    // Both demo flows always find a bid: somebody wants everybody, in each format, above its floor.
    for placement in &catalog.placements {
        let wanted = catalog.line_items.iter().any(|item| {
            let shows = |format| {
                catalog
                    .creatives
                    .iter()
                    .any(|c| item.creatives.contains(&c.id) && c.format == format)
            };
            let fits = placement.formats.iter().any(|format| match format {
                CreativeFormat::Banner => shows(CreativeFormat::Responsive),
                CreativeFormat::Native => {
                    shows(CreativeFormat::Native) || shows(CreativeFormat::Responsive)
                }
                CreativeFormat::Video | CreativeFormat::Audio | CreativeFormat::Responsive => {
                    shows(*format)
                }
            });
            let everybody = item.targeting == Default::default() && item.frequency_caps.is_empty();
            let campaign = catalog.campaigns.iter().find(|c| c.id == item.campaign);
            let active = campaign.is_some_and(|c| c.status == Status::Active);
            fits && everybody && active && item.price.max_cpm >= placement.floor
        });
        assert!(wanted, "{}", placement.id);
    }

    let users: Vec<Call> = serde_json::from_str(USERS).unwrap();
    let paths: Vec<&str> = users.iter().map(|call| call.path.as_str()).collect();
    assert_eq!(paths.len(), 201);
    assert!(paths.contains(&"/user/user-001/profile") && paths.contains(&"/user/user-200/profile"));
    let demo = users
        .iter()
        .find(|call| call.path == "/user/user-12345/profile")
        .unwrap();
    for fact in [
        r#""age":27"#,
        r#""country":"US""#,
        r#""device_type":"mobile""#,
        r#"["technology","shopping"]"#,
    ] {
        assert!(demo.body.get().contains(fact), "{fact}");
    }
}
