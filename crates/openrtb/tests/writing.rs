//! Strict writing from the model (C-26), and messages made in Rust.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use openrtb::enums::{DeviceType, Protocol};
use openrtb::{
    Banner, BidRequest, BidResponse, Device, Imp, Limits, OwnedBidRequest, OwnedBidResponse, Raw,
    Str, Video,
};
use proptest::prelude::*;
use serde_json::Value;
use std::path::PathBuf;

fn examples(ending: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/examples");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .map(|path| (path.display().to_string(), std::fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

/// Numbers by their value, and what says nothing left out (C-25).
fn normal(value: &mut Value) {
    match value {
        Value::Number(number) => *value = number.as_f64().into(),
        Value::Array(elements) => elements.iter_mut().for_each(normal),
        Value::Object(members) => {
            members.retain(|_, value| !value.is_null() && *value != Value::Array(Vec::new()));
            members.values_mut().for_each(normal);
        }
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn normalised(text: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(text).unwrap();
    normal(&mut value);
    value
}

#[test]
fn examples_are_written_as_they_are_meant() {
    for (name, body) in examples(".request.json") {
        let (request, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        assert_eq!(normalised(&request.to_json()), normalised(&body), "{name}");
    }
    for (name, body) in examples(".response.json") {
        if let Ok((response, _)) = BidResponse::read(&body, &Limits::RESPONSE) {
            assert_eq!(normalised(&response.to_json()), normalised(&body), "{name}");
        }
    }
}

#[test]
fn types_of_the_standard() {
    #[rustfmt::skip]
    let cases = [
        ("C-24 numbers and flags", r#"{"id":7,"imp":[{"id":"a","banner":{"w":"300","h":250.0},"bidfloor":"0.50","secure":true}]}"#,
            r#"{"id":"7","imp":[{"id":"a","banner":{"w":300,"h":250},"bidfloor":0.5,"secure":1}]}"#),
        ("C-24 arrays", r#"{"id":"1","imp":{"id":"a","banner":{}},"cur":"EUR"}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"cur":["EUR"]}"#),
        ("C-25 nulls and nothing", r#"{"id":"1","imp":[{"id":"a","banner":{"w":null,"mimes":[]},"exp":null}],"bcat":[],"user":null}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}]}"#),
        ("C-22 own members and ext, as they stand", r#"{"id":"1","imp":[{"id":"a","banner":{}}],"own":{"x" : 1.50},"ext":{"y" : [ ]}}"#, r#"{"id":"1","imp":[{"id":"a","banner":{}}],"ext":{"y" : [ ]},"own":{"x" : 1.50}}"#),
        ("C-26 no exponents", r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloor":1e-3}],"device":{"geo":{"lat":1.5e1,"lon":-1E-7}}}"#, r#"{"id":"1","imp":[{"id":"a","banner":{},"bidfloor":0.001}],"device":{"geo":{"lat":15,"lon":-0.0000001}}}"#),
    ];
    for (item, body, expect) in cases {
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let written = String::from_utf8(request.to_json()).unwrap();
        assert_eq!(written, expect, "{item}");
    }
    let body = r#"{"id":"1","seatbid":[{"seat":"s","bid":[{"id":"b","impid":"a","price":"1.50"},{"id":"c","price":2}]}]}"#;
    let (response, _) = BidResponse::read(body.as_bytes(), &Limits::RESPONSE).unwrap();
    let written = String::from_utf8(response.to_json()).unwrap();
    assert_eq!(
        written,
        r#"{"id":"1","seatbid":[{"bid":[{"id":"b","impid":"a","price":1.5}],"seat":"s"}]}"#
    );
}

#[test]
fn a_request_made_in_rust() {
    let request = BidRequest {
        id: Some(Str::from(format!("r-{}", 1))),
        imp: vec![Imp {
            id: Some("1".into()),
            banner: Some(Box::new(Banner {
                w: Some(300),
                h: Some(250),
                ..Banner::default()
            })),
            video: Some(Box::new(Video {
                mimes: vec!["video/mp4".into()],
                protocols: vec![Protocol::VAST_4_2],
                ..Video::default()
            })),
            bidfloor: Some(units::CpmMicros::parse("1.25").unwrap()),
            ..Imp::default()
        }],
        device: Some(Box::new(Device {
            devicetype: Some(DeviceType::PHONE),
            ..Device::default()
        })),
        ext: Some(Raw::parse(r#"{"own":1}"#).unwrap()),
        ..BidRequest::default()
    };
    let body = request.to_json();
    assert_eq!(
        String::from_utf8_lossy(&body),
        r#"{"id":"r-1","imp":[{"id":"1","banner":{"w":300,"h":250},"video":{"mimes":["video/mp4"],"protocols":[13]},"bidfloor":1.25}],"device":{"devicetype":4},"ext":{"own":1}}"#
    );
    let (read, repairs) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
    assert!(repairs.is_empty());
    assert_eq!(read.imp[0].bidfloor, request.imp[0].bidfloor);
}

#[test]
fn messages_that_own_their_text() {
    for (name, body) in examples(".request.json") {
        let owned = OwnedBidRequest::read(body.clone(), &Limits::REQUEST).unwrap();
        let (borrowed, _) = BidRequest::read(&body, &Limits::REQUEST).unwrap();
        assert_eq!(*owned.get(), borrowed, "{name}");
        assert_eq!(
            (owned.body(), &owned),
            (&body[..], &owned.clone()),
            "{name}"
        );
        assert!(owned.repairs().is_empty(), "{name}");
    }
    let response = OwnedBidResponse::read(*b"{}", &Limits::RESPONSE).unwrap();
    assert!(response.get().is_no_bid());
    assert!(OwnedBidRequest::read(*b"{", &Limits::REQUEST).is_err());
    fn travels<T: Send + Sync + 'static>() {}
    travels::<OwnedBidRequest>();
    travels::<OwnedBidResponse>();
}

proptest! {
    /// What is written is read without repairs, and written the same again.
    #[test]
    fn written_is_settled(which in 0..16_usize, at in 0..4_000_usize, len in 0..9_usize, with in "[-0-9a-z\"{}\\[\\],:. ]{0,6}") {
        let (_, body) = examples(".request.json").swap_remove(which);
        let body = String::from_utf8(body).unwrap();
        let at = at.min(body.len());
        let end = (at + len).min(body.len());
        let changed = match (body.get(..at), body.get(end..)) {
            (Some(head), Some(tail)) => format!("{head}{with}{tail}"),
            _ => body,
        };
        if let Ok((request, _)) = BidRequest::read(changed.as_bytes(), &Limits::REQUEST) {
            let written = request.to_json();
            let (again, repairs) = BidRequest::read(&written, &Limits::REQUEST).unwrap();
            prop_assert!(repairs.iter().all(|it| it.kind == openrtb::RepairKind::DuplicateKey), "{repairs:?}");
            prop_assert_eq!(again.to_json(), written);
        }
    }
}
