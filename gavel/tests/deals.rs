//! A deal's way: made at the control plane, offered by its placement to whom it names, bid on, won at its terms.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use service::http::{self as answers, Handler, Request, Response, StatusCode};
use stack::server::Server;
use stack::{PATIENCE, Stack};
use testkit::http::{get, patch_json, post_json};
use testkit::poll_until;

/// A DSP that bids 9.00 on the first deal that it is offered, and on nothing else.
struct Dsp {
    asked: Arc<Mutex<Vec<Value>>>,
    _server: Server,
}

struct Bidding {
    seat: &'static str,
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Handler for Bidding {
    async fn handle(&self, request: Request) -> Response {
        if request.path != "/bid" {
            return answers::no_content();
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        self.asked.lock().unwrap().push(body.clone());
        let imp = &body["imp"][0];
        let deal = &imp["pmp"]["deals"][0]["id"];
        if deal.is_null() {
            return answers::no_content();
        }
        let size = &imp["banner"]["format"][0];
        let bid = json!({
            "id": "b", "impid": imp["id"], "price": 9, "dealid": deal, "w": size["w"], "h": size["h"],
            "adm": "<b>by deal</b>", "adomain": ["buyer.example"], "crid": "c", "mtype": 1,
        });
        let answer = json!({"id": body["id"], "seatbid": [{"seat": self.seat, "bid": [bid]}]});
        answers::json(StatusCode::OK, answer.to_string().into_bytes())
    }
}

impl Dsp {
    /// A DSP of this seat, which the market asks.
    async fn joining(stack: &Stack, seat: &'static str) -> Self {
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let handler = Bidding {
            seat,
            asked: Arc::clone(&asked),
        };
        let server = Server::start(handler);
        let endpoint = format!("{}/bid", server.url);
        let partner = json!({"name": seat, "endpoint": endpoint, "seats": [seat]});
        make(stack, "/demand-partners", &partner).await;
        Self {
            asked,
            _server: server,
        }
    }

    /// What the newest request that it was sent offers of private marketplaces.
    fn offered(&self) -> Option<Value> {
        let asked = self.asked.lock().unwrap();
        Some(asked.last()?["imp"][0]["pmp"].clone())
    }
}

async fn make(stack: &Stack, path: &str, body: &Value) {
    let _ = post_json(&stack.api(path), body).await.expect_status(201);
}

async fn change(stack: &Stack, path: &str, body: &Value) {
    let _ = patch_json(&stack.api(path), body).await.expect_status(200);
}

/// The bid that won a visit of a placement, as its auction's record says; `None` when nobody won.
async fn won(stack: &Stack, placement: &str) -> Option<Value> {
    let ask =
        json!({"placement_id": placement, "device": {"devicetype": 2, "ua": "Mozilla/5.0 (X11)"}});
    let answer = post_json(&stack.ssp("/ad-request"), &ask).await;
    let auction = answer.header("x-gavel-auction-id").unwrap();
    let record = stack.auction(auction).await;
    let mut bids = record["bids"].as_array().unwrap().iter();
    let won = bids.find(|bid| bid["outcome"] == "won").cloned();
    assert_eq!(won.is_some(), answer.status == 200, "{record:#}");
    if let Some(won) = &won {
        let price = answer.json()["price"].to_string();
        assert_eq!(price, won["clearing_price"].to_string(), "{record:#}");
    }
    won
}

/// Waits until a deal wins a placement.
async fn won_by(stack: &Stack, placement: &str, deal: &str) -> Value {
    poll_until(PATIENCE, async || {
        won(stack, placement)
            .await
            .filter(|bid| bid["deal"] == deal)
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_deal_of_the_catalog_is_offered_to_its_buyers_and_won_at_its_terms() {
    let stack = Stack::start().await;
    let buyer = Dsp::joining(&stack, "seat-buyer").await;
    let other = Dsp::joining(&stack, "seat-other").await;
    let deal = json!({
        "id": "deal-agreed", "floor": 7.5, "currency": "USD", "at": 3, "wseat": ["seat-buyer"],
        "wadomain": ["buyer.example"], "placements": ["placement_001"],
    });
    make(&stack, "/deals", &deal).await;
    let bid = won_by(&stack, "placement_001", "deal-agreed").await;
    assert_eq!(
        (&bid["seat"], &bid["tier"], &bid["clearing_price"]),
        (&json!("seat-buyer"), &json!("preferred"), &json!(7.5)),
        "X-71: the agreed price, not the 9.00 that was bid: {bid:#}"
    );
    let told = json!({"private_auction": 0, "deals": [{
        "id": "deal-agreed", "bidfloor": 7.5, "bidfloorcur": "USD", "at": 3, "wseat": ["seat-buyer"],
        "wadomain": ["buyer.example"],
    }]});
    assert_eq!(buyer.offered(), Some(told), "C-112, C-113");
    let theirs = other.offered().unwrap();
    let none = theirs.is_null() || theirs["deals"] == json!([]);
    assert!(none, "X-110: not theirs: {theirs}");
    // Other placements do not offer it.
    let _ = won(&stack, "placement_004").await;
    assert_eq!(buyer.offered(), Some(Value::Null));

    // A deal that is over is offered no more; a guaranteed one of another buyer goes before what is open.
    change(
        &stack,
        "/deals/deal-agreed",
        &json!({"ends_at": "2026-01-01T00:00:00Z"}),
    )
    .await;
    let deal = json!({
        "id": "deal-own", "floor": 4, "at": 3, "guaranteed": true, "wseat": ["seat-gavel"],
        "placements": ["placement_001"],
    });
    make(&stack, "/deals", &deal).await;
    let campaign = json!({
        "name": "By deal alone", "advertiser_id": "advertiser_001", "budget": 100,
        "bid": {"type": "cpm", "cpm": 5, "max_cpm": 8}, "targeting": {"deals": ["deal-own"]},
        "creative": {"title": "By deal", "description": "and nothing else"},
    });
    make(&stack, "/campaigns", &campaign).await;
    let bid = won_by(&stack, "placement_001", "deal-own").await;
    assert_eq!(
        (&bid["seat"], &bid["tier"], &bid["clearing_price"]),
        (&json!("seat-gavel"), &json!("guaranteed"), &json!(4)),
        "{bid:#}"
    );
    let theirs = buyer.offered().unwrap();
    assert!(theirs.is_null() || theirs["deals"] == json!([]), "{theirs}");

    // Sold by deals alone: without one nobody may bid, and with one its buyers may.
    change(
        &stack,
        "/placements/placement_001",
        &json!({"private_auction": true}),
    )
    .await;
    change(&stack, "/deals/deal-own", &json!({"status": "paused"})).await;
    poll_until(PATIENCE, async || {
        won(&stack, "placement_001").await.is_none()
    })
    .await;
    change(&stack, "/deals/deal-own", &json!({"status": "active"})).await;
    won_by(&stack, "placement_001", "deal-own").await;
    assert_eq!(
        get(&stack.api("/placements/placement_001")).await.json()["private_auction"],
        true
    );
    stack.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_seeded_deal_is_won_by_the_line_item_that_is_aimed_at_it() {
    let stack = Stack::start().await;
    let bid = won_by(&stack, "placement_002", "deal-front-page").await;
    assert_eq!(
        (&bid["tier"], &bid["campaign_id"], bid["price"].to_string()),
        (
            &json!("private"),
            &json!("campaign_010"),
            bid["clearing_price"].to_string()
        ),
        "at 1 it pays what it bids: {bid:#}"
    );
    stack.stop().await;
}
