//! Imps that cannot be used, and why none of a request can (C-66).

use crate::error::ReadError;
use crate::json::{Raw, Reader, Span, pointer_at};
use crate::lenient::Name;
use crate::limits::Limits;
use crate::repairs::{Repair, RepairKind, Repairs};
use units::Currency;

/// Whether a currency of floors is one; another is told as what cannot be read (C-28).
pub(super) fn is_currency(
    code: Option<Currency>,
    r: &mut Reader<'_>,
    name: &'static Name,
    object: Span,
) -> bool {
    if code.is_none_or(Currency::is_listed) {
        return true;
    }
    let text = r.text().get(object.range()).unwrap_or_default();
    let value = Raw::new(text, object.start).get(name.field);
    let at = value.map_or(object, |value| value.span()).range().start;
    r.repaired(name, at, RepairKind::DroppedField);
    false
}

/// What is wrong with the first imp of a request that has none left.
#[cold]
pub(super) fn first_fault(body: &[u8], repairs: &Repairs) -> ReadError {
    let told = |pointer: &str, what: &'static str| ReadError::invalid(pointer, "C-66", what);
    let is_left_out = |repair: &&Repair| {
        matches!(
            repair.kind,
            RepairKind::DroppedObject | RepairKind::DroppedField | RepairKind::DroppedElement
        )
    };
    let is_imp = |repair: &&Repair| repair.object == "BidRequest" && repair.field == "imp";
    let Some(imp) = repairs.iter().filter(is_left_out).find(is_imp) else {
        let what = if repairs.total() as usize > Repairs::KEPT {
            "no imp can be used"
        } else {
            "the request offers no imp"
        };
        return told("/imp", what);
    };
    let at = imp.at as usize;
    let pointer = pointer_at(body, at);
    let text = std::str::from_utf8(body).unwrap_or_default();
    let read = Reader::at(text, at, &Limits::MEASURED).raw();
    let Some(object) = read.ok().filter(Raw::is_object) else {
        return told(&pointer, "an imp is an object");
    };
    let inside = || {
        let within = repairs.iter().filter(is_left_out);
        within.filter(|repair| object.span().range().contains(&(repair.at as usize)))
    };
    if let Some(floor) = inside().find(|repair| is_floor(repair)) {
        let what = if floor.field == "bidfloorcur" {
            "the floor's currency is no code of ISO 4217"
        } else {
            "the floor is no amount that can be read"
        };
        return told(&pointer_at(body, floor.at as usize), what);
    }
    let id = object.get("id").and_then(|id| id.to_text());
    if id.is_none_or(|id| id.is_empty()) {
        return told(&format!("{pointer}/id"), "the imp has no id");
    }
    let media = ["banner", "video", "audio", "native"];
    let offered = media.into_iter().find_map(|name| {
        let value = object.get(name).filter(|value| value.as_str() != "null")?;
        Some((name, value))
    });
    let Some((name, medium)) = offered else {
        let what = "the imp offers none of banner, video, audio and native";
        return told(&pointer, what);
    };
    let pointer = format!("{pointer}/{name}");
    if !medium.is_object() {
        return told(&pointer, "what an imp offers is an object");
    }
    match name {
        "video" | "audio" => {
            let what = "the types that the player takes are missing";
            told(&format!("{pointer}/mimes"), what)
        }
        "native" => {
            let what = "the native request is missing, or no JSON object";
            told(&format!("{pointer}/request"), what)
        }
        _ => told(&pointer, "the imp cannot be used"),
    }
}

/// Whether what was left out is a floor whose loss voids the imp; one of a deal voids the deal alone.
fn is_floor(repair: &Repair) -> bool {
    matches!(repair.object, "Imp" | "Video" | "Audio" | "DurFloors")
        && matches!(repair.field, "bidfloor" | "bidfloorcur" | "mincpmpersec")
}
