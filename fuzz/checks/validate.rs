//! What must hold for any bytes that are to be validated.

use openrtb::validate::{self, Kind};
use openrtb::{BidRequest, BidResponse, JsonWriter, Limits};

/// The verdict agrees with what reading makes of the message, and the report is JSON.
pub fn check(data: &[u8]) {
    if let Ok(report) = validate::request(data, &Limits::REQUEST) {
        let read = BidRequest::read(data, &Limits::REQUEST);
        assert!(
            read.is_ok() || !report.is_valid(),
            "what is refused has an error"
        );
        told(&report);
    }
    if let Ok(report) = validate::response(data, &Limits::RESPONSE) {
        let read = BidResponse::read(data, &Limits::RESPONSE);
        assert!(
            read.is_ok() || !report.is_valid(),
            "what is refused has an error"
        );
        told(&report);
    }
    let _ = Kind::detect(data);
}

fn told(report: &validate::Report) {
    for finding in &report.findings {
        assert!(finding.pointer.is_empty() || finding.pointer.starts_with('/'));
        assert!(finding.found.chars().count() <= validate::Finding::LONGEST);
    }
    let mut out = Vec::new();
    report.write_json(&mut JsonWriter::new(&mut out));
    let _: serde_json::Value = serde_json::from_slice(&out).expect("a report is JSON");
}
