//! The standard's sample pairs: read without repairs, forwarded byte for byte.

#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as tests do"
)]

use openrtb::splice::Patches;
use openrtb::{BidRequest, BidResponse, Limits};
use std::path::PathBuf;

/// Every file of the folder whose name ends so, with its name.
fn examples(ending: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, std::fs::read(path).unwrap())
        })
        .collect();
    files.sort();
    assert_eq!(files.len(), 16);
    files
}

#[test]
fn requests_are_read_without_repairs() {
    for (name, body) in examples(".request.json") {
        let (request, repairs) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        assert!(repairs.is_empty(), "{name}: {repairs:?}");
        assert!(request.extra.is_empty(), "{name}: {:?}", request.extra);
        let whole: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(request.id(), whole["id"].as_str().unwrap(), "{name}");
        assert_eq!(
            request.imp.len(),
            whole["imp"].as_array().unwrap().len(),
            "{name}"
        );
        for (imp, raw) in request.imp.iter().zip(whole["imp"].as_array().unwrap()) {
            assert!(imp.extra.is_empty(), "{name}: {:?}", imp.extra);
            let floor = raw["bidfloor"].as_f64().unwrap_or(0.0);
            let read: f64 = imp.bidfloor().to_string().parse().unwrap();
            assert!((read - floor).abs() < 1e-9, "{name}");
        }
    }
}

#[test]
fn responses_are_read_without_repairs() {
    for (name, body) in examples(".response.json") {
        let (response, repairs) = BidResponse::read(&body, &Limits::RESPONSE).unwrap();
        assert!(repairs.is_empty(), "{name}: {repairs:?}");
        for (seat, bid) in response.bids() {
            let bid = bid.as_ref().unwrap();
            assert!(bid.price.positive().is_some(), "{name}");
            assert!(bid.extra.is_empty(), "{name}: {:?}", bid.extra);
            assert!(seat.seat.is_some() && !bid.id().is_empty() && !bid.impid().is_empty());
        }
        // 14: a polite no-bid with nbr 8
        assert_eq!(response.is_no_bid(), name.starts_with("14"), "{name}");
    }
}

#[test]
fn without_changes_the_body_is_copied() {
    // C-22
    let mut patches = Patches::new();
    for (name, body) in examples(".request.json") {
        let (request, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        let mut out = Vec::new();
        patches.write(&request, &body, &mut out);
        assert_eq!(out, body, "{name}");
        // Keeping every imp changes nothing either.
        patches.keep_imps(0..request.imp.len());
        let mut out = Vec::new();
        patches.write(&request, &body, &mut out);
        assert_eq!(out, body, "{name}");
        patches.clear();
    }
}

#[test]
fn the_model_has_the_standards_objects_and_attributes() {
    use openrtb::*;
    let objects: &[(&str, &[&str])] = &[
        ("BidRequest", BidRequest::ATTRIBUTES),
        ("Source", Source::ATTRIBUTES),
        ("Regs", Regs::ATTRIBUTES),
        ("Imp", Imp::ATTRIBUTES),
        ("Metric", Metric::ATTRIBUTES),
        ("Banner", Banner::ATTRIBUTES),
        ("Video", Video::ATTRIBUTES),
        ("Audio", Audio::ATTRIBUTES),
        ("Native", Native::ATTRIBUTES),
        ("Format", Format::ATTRIBUTES),
        ("Pmp", Pmp::ATTRIBUTES),
        ("Deal", Deal::ATTRIBUTES),
        ("Site", Site::ATTRIBUTES),
        ("App", App::ATTRIBUTES),
        ("Dooh", Dooh::ATTRIBUTES),
        ("Publisher", Publisher::ATTRIBUTES),
        ("Content", Content::ATTRIBUTES),
        ("Producer", Producer::ATTRIBUTES),
        ("Device", Device::ATTRIBUTES),
        ("Geo", Geo::ATTRIBUTES),
        ("User", User::ATTRIBUTES),
        ("Data", Data::ATTRIBUTES),
        ("Segment", Segment::ATTRIBUTES),
        ("Network", Network::ATTRIBUTES),
        ("Channel", Channel::ATTRIBUTES),
        ("SupplyChain", SupplyChain::ATTRIBUTES),
        ("SupplyChainNode", SupplyChainNode::ATTRIBUTES),
        ("Eid", Eid::ATTRIBUTES),
        ("Uid", Uid::ATTRIBUTES),
        ("UserAgent", UserAgent::ATTRIBUTES),
        ("BrandVersion", BrandVersion::ATTRIBUTES),
        ("Qty", Qty::ATTRIBUTES),
        ("RefSettings", RefSettings::ATTRIBUTES),
        ("Refresh", Refresh::ATTRIBUTES),
        ("DurFloors", DurFloors::ATTRIBUTES),
        ("BidResponse", BidResponse::ATTRIBUTES),
        ("SeatBid", SeatBid::ATTRIBUTES),
        ("Bid", Bid::ATTRIBUTES),
    ];
    assert_eq!(objects.len(), 38, "model.md 1");
    for (object, attributes) in objects {
        let mut unique = attributes.to_vec();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(unique.len(), attributes.len(), "{object} lists one twice");
    }
    // Every object's `ext`, plus the forms of 2.4, 2.5 and of the standard's own samples.
    let attributes: usize = objects.iter().map(|(_, list)| list.len() + 1).sum();
    assert!(attributes >= 417, "model.md 1: only {attributes}");
}
