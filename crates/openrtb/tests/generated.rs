//! One case for every attribute of every object with every wrong type, and with a number that no
//! list knows: the message is read all the same, and nothing is lost in silence (C-21, C-32).

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use openrtb::*;
use serde_json::{Value, json};

/// A request that holds every object of the standard, and an imp that nothing can spoil.
fn template() -> Value {
    let banner = json!({"format": [{"w": 1}]});
    let durfloors = json!([{"mindur": 1}]);
    let media = json!({"mimes": ["a"], "companionad": [banner], "durfloors": durfloors});
    let content = json!({"producer": {}, "network": {}, "channel": {}});
    json!({
        "id": "1",
        "imp": [
            {
                "id": "x", "metric": [{"type": "t", "value": 0.5}], "banner": banner, "video": media,
                "audio": media, "native": {"request": "{}"}, "qty": {"multiplier": 1},
                "pmp": {"deals": [{"id": "d", "durfloors": durfloors}]},
                "refresh": {"refsettings": [{"reftype": 1}]}
            },
            {"id": "safe", "banner": {}}
        ],
        "site": {"publisher": {}, "content": content},
        "device": {"geo": {}, "sua": {"browsers": [{"brand": "b"}]}},
        "user": {"data": [{"segment": [{}]}], "eids": [{"uids": [{}]}]},
        "regs": {},
        "source": {"schain": {"nodes": [{}]}}
    })
}

const PLACES: &[(&str, &[&str])] = &[
    ("", BidRequest::ATTRIBUTES),
    ("/imp/0", Imp::ATTRIBUTES),
    ("/imp/0/metric/0", Metric::ATTRIBUTES),
    ("/imp/0/banner", Banner::ATTRIBUTES),
    ("/imp/0/banner/format/0", Format::ATTRIBUTES),
    ("/imp/0/video", Video::ATTRIBUTES),
    ("/imp/0/video/durfloors/0", DurFloors::ATTRIBUTES),
    ("/imp/0/audio", Audio::ATTRIBUTES),
    ("/imp/0/native", Native::ATTRIBUTES),
    ("/imp/0/pmp", Pmp::ATTRIBUTES),
    ("/imp/0/pmp/deals/0", Deal::ATTRIBUTES),
    ("/imp/0/qty", Qty::ATTRIBUTES),
    ("/imp/0/refresh", Refresh::ATTRIBUTES),
    ("/imp/0/refresh/refsettings/0", RefSettings::ATTRIBUTES),
    ("/site", Site::ATTRIBUTES),
    ("/site", App::ATTRIBUTES),
    ("/site", Dooh::ATTRIBUTES),
    ("/site/publisher", Publisher::ATTRIBUTES),
    ("/site/content", Content::ATTRIBUTES),
    ("/site/content/producer", Producer::ATTRIBUTES),
    ("/site/content/network", Network::ATTRIBUTES),
    ("/site/content/channel", Channel::ATTRIBUTES),
    ("/device", Device::ATTRIBUTES),
    ("/device/geo", Geo::ATTRIBUTES),
    ("/device/sua", UserAgent::ATTRIBUTES),
    ("/device/sua/browsers/0", BrandVersion::ATTRIBUTES),
    ("/user", User::ATTRIBUTES),
    ("/user/data/0", Data::ATTRIBUTES),
    ("/user/data/0/segment/0", Segment::ATTRIBUTES),
    ("/user/eids/0", Eid::ATTRIBUTES),
    ("/user/eids/0/uids/0", Uid::ATTRIBUTES),
    ("/regs", Regs::ATTRIBUTES),
    ("/source", Source::ATTRIBUTES),
    ("/source/schain", SupplyChain::ATTRIBUTES),
    ("/source/schain/nodes/0", SupplyChainNode::ATTRIBUTES),
];

/// The template with one attribute set; under `app` or `dooh` where the attributes are theirs.
fn with(place: &str, attributes: &[&str], name: &str, value: &Value) -> Vec<u8> {
    let mut request = template();
    request.pointer_mut(place).unwrap()[name] = value.clone();
    for (key, list) in [("app", App::ATTRIBUTES), ("dooh", Dooh::ATTRIBUTES)] {
        if place == "/site" && std::ptr::eq(attributes, list) {
            request[key] = request["site"].take();
            request.as_object_mut().unwrap().remove("site");
        }
    }
    serde_json::to_vec(&request).unwrap()
}

/// The attributes of the request itself that nothing can replace.
fn is_vital(place: &str, name: &str) -> bool {
    place.is_empty() && matches!(name, "id" | "imp")
}

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
            assert!(kept || dropped, "{place}/{name}");
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
