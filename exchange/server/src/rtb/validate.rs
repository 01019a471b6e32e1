//! `POST /validate`: what the reader has to say about a message.

use http::StatusCode;
use openrtb::{BidRequest, BidResponse, Limits, ReadError, RepairKind, Repairs, pointer_at};
use serde_json::{Value, json};
use service::http::{self as answers, Request, Response};

/// Findings with id, pointer, severity and words. A `seatbid` or `nbr` makes the message a response.
pub(super) fn findings(request: &Request) -> Response {
    let body = &request.body;
    let is_response = serde_json::from_slice::<Value>(body)
        .is_ok_and(|value| value.get("seatbid").is_some() || value.get("nbr").is_some());
    let (kind, read) = if is_response {
        let read = BidResponse::read(body, &Limits::RESPONSE).map(|(_, repairs)| repairs);
        ("response", read)
    } else {
        let read = BidRequest::read(body, &Limits::REQUEST).map(|(_, repairs)| repairs);
        ("request", read)
    };
    let (valid, findings) = match read {
        Ok(repairs) => (true, warnings(body, &repairs)),
        Err(error) => (false, vec![fault(&error)]),
    };
    let document = json!({ "kind": kind, "valid": valid, "findings": findings });
    answers::json(StatusCode::OK, document.to_string().into_bytes())
}

fn fault(error: &ReadError) -> Value {
    let id = match error {
        ReadError::Malformed { .. } => "C-12",
        ReadError::Invalid { rule, .. } => rule,
    };
    json!({
        "id": id,
        "pointer": error.pointer(),
        "severity": "error",
        "message": error.to_string(),
    })
}

fn warnings(body: &[u8], repairs: &Repairs) -> Vec<Value> {
    repairs
        .iter()
        .map(|repair| {
            let at = usize::try_from(repair.at).unwrap_or(usize::MAX);
            json!({
                "id": rule(repair.kind),
                "pointer": pointer_at(body, at),
                "severity": "warning",
                "message": format!("{}.{}: {}", repair.object, repair.field, repair.kind.label()),
            })
        })
        .collect()
}

/// The item of the conformance list that a repair belongs to.
const fn rule(kind: RepairKind) -> &'static str {
    match kind {
        RepairKind::IntegralFloat
        | RepairKind::NumericString
        | RepairKind::BoolFlag
        | RepairKind::NumberAsText
        | RepairKind::SingleAsArray => "C-24",
        RepairKind::NegativeFloor => "C-27",
        RepairKind::DroppedField | RepairKind::DroppedElement => "C-32",
        RepairKind::DroppedObject => "C-66",
        RepairKind::DuplicateKey => "C-31",
        RepairKind::Exclusive => "C-42",
        RepairKind::Contradiction => "C-170",
    }
}
