//! One case for every attribute of every object with every wrong type, and with a number that no
//! list knows: the message is read all the same, and nothing is lost in silence (C-21, C-32).

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

mod whole;

use openrtb::*;
use serde_json::json;
use whole::{PLACES, is_vital, with};

#[test]
fn every_attribute_with_every_wrong_type() {
    let values = [
        json!(null),
        json!(true),
        json!(-7),
        json!(1.5),
        json!("words"),
        json!(""),
        json!([]),
        json!([[1]]),
        json!([null, {}, "w", 1, true]),
        json!({}),
        json!({"a": [1]}),
    ];
    let mut cases = 0;
    for (place, attributes) in PLACES {
        for name in *attributes {
            if is_vital(place, name) {
                continue;
            }
            for value in &values {
                let body = with(place, attributes, name, value);
                let at_most_one = place.is_empty() && matches!(*name, "app" | "dooh");
                match BidRequest::read(&body, &Limits::REQUEST) {
                    Ok((request, _)) => {
                        assert!(request.imp("safe").is_some(), "{place}/{name} = {value}");
                        cases += 1;
                    }
                    // Beside the template's site, a further object breaks C-40 and nothing else.
                    Err(ReadError::Invalid { rule: "C-40", .. }) if at_most_one => {}
                    Err(error) => panic!("{place}/{name} = {value}: {error}"),
                }
            }
        }
    }
    assert!(cases > 3_500, "{cases}");
}

#[test]
fn every_attribute_with_a_number_that_no_list_knows() {
    for (place, attributes) in PLACES {
        for name in *attributes {
            if is_vital(place, name) {
                continue;
            }
            let body = with(place, attributes, name, &json!(4711));
            let (request, repairs) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
            let kept = format!("{request:?}").contains("4711");
            let dropped = repairs
                .iter()
                .filter(|repair| repair.field == *name)
                .any(|repair| {
                    matches!(
                        repair.kind,
                        RepairKind::DroppedField | RepairKind::Exclusive
                    )
                });
            // What holds no native request is no native offer.
            let is_native = place == &"/imp/0/native" && *name == "request";
            assert!(kept || dropped || is_native, "{place}/{name}");
            assert!(request.imp("safe").is_some(), "{place}/{name}");
        }
    }
}

#[test]
fn every_attribute_of_a_bid_with_every_wrong_type() {
    let values = [
        json!(null),
        json!(true),
        json!(4711),
        json!("w"),
        json!([[1]]),
        json!({}),
    ];
    for name in Bid::ATTRIBUTES {
        for value in &values {
            let mut bid = json!({"id": "1", "impid": "a", "price": 1});
            bid[*name] = value.clone();
            let safe = json!({"id": "2", "impid": "a", "price": 2});
            let body = json!({"id": "1", "seatbid": [{"bid": [bid, safe]}]}).to_string();
            let (response, _) = BidResponse::read(body.as_bytes(), &Limits::RESPONSE).unwrap();
            let bids = &response.seatbid[0].bid;
            assert_eq!(bids.len(), 2, "{name} = {value}");
            assert_eq!(bids[1].as_ref().unwrap().id(), "2", "{name} = {value}");
        }
    }
}
