//! The rules of a bid request.

mod context;
mod imp;
mod media;
mod person;
mod regulation;

use super::checker::Checker;
use super::finding::{Kind, Report};
use super::rules::request as rules;
use super::{inspector, walk};
use crate::error::ReadError;
use crate::json::{Fault, MalformedKind, Reader};
use crate::lenient::{Name, Value as _};
use crate::limits::Limits;
use crate::object::decides_request;
use crate::repairs::{Repair, RepairKind, Repairs};
use crate::request::{BidRequest, ids_of_user, too_long_id, too_many_segments};

const ROOT: &Name = &Name {
    object: "BidRequest",
    field: "",
};

pub(super) fn report(body: &[u8], limits: &Limits) -> Result<Report, ReadError> {
    let mut reader = inspector(body, limits)?;
    let request = read(&mut reader).map_err(|fault| ReadError::new(fault, body))?;
    let mut repairs = std::mem::take(&mut reader.repairs);
    request.note_contradictions(&mut |object, field, at| {
        repairs.push(Repair {
            object,
            field,
            at,
            kind: RepairKind::Contradiction,
        });
    });
    let mut checker = Checker::new(body);
    if request.imp.len() > limits.imps {
        let found = format!("{} imps, {} are allowed", request.imp.len(), limits.imps);
        checker.note(&rules::TOO_MANY_IMPS, request.span, "imp", found);
    }
    if let Some(span) = too_long_id(&request, limits.id) {
        let found = format!("more than {} bytes", limits.id);
        checker.note(&rules::ID_TOO_LONG, span, "id", found);
    }
    let user = request.user.as_deref().map_or(request.span, |it| it.span);
    let ids = ids_of_user(&request);
    if ids > limits.eids {
        let found = format!("{ids} ids, {} are allowed", limits.eids);
        checker.note(&rules::TOO_MANY_IDS, user, "eids", found);
    }
    if let Some(at) = too_many_segments(&request, limits.segments) {
        let found = format!("more than {} up to {at}", limits.segments);
        let (span, field) = match at {
            "/user/data" => (user, "data"),
            at => (request.span, at.split('/').nth(1).unwrap_or_default()),
        };
        checker.note(&rules::TOO_MANY_SEGMENTS, span, field, found);
    }
    checker.nulls(&reader.nulls);
    check(&request, &repairs, &mut checker);
    Ok(checker.into_report(Kind::Request))
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<BidRequest<'a>, Fault> {
    reader.blanks();
    let at = reader.position();
    let request = BidRequest::read_value(reader, ROOT)?;
    reader.finish()?;
    request.ok_or(Fault::malformed(at, MalformedKind::NotAnObject))
}

/// Checks a request that was read already; costs little, and allocates for findings, pods and long
/// lists alone.
///
/// What [`BidRequest::read`] left out is not seen here: [`request`](super::request) tells of that too.
#[must_use]
pub fn check_request(request: &BidRequest<'_>, repairs: &Repairs, body: &[u8]) -> Report {
    let mut checker = Checker::new(body);
    check(request, repairs, &mut checker);
    checker.into_report(Kind::Request)
}

fn check(request: &BidRequest<'_>, repairs: &Repairs, c: &mut Checker<'_>) {
    c.repairs(repairs, decides_request);
    walk::walk(request, c);
    root(request, c);
    imp::check(request, c);
    context::check(request, c);
    person::check(request, c);
    regulation::check(request, c);
}

fn root(request: &BidRequest<'_>, c: &mut Checker<'_>) {
    let at = request.span;
    if request.id().is_empty() {
        c.missing(&rules::REQUEST_ID, at, "id");
    }
    if request.imp.is_empty() {
        c.missing(&rules::REQUEST_IMPS, at, "imp");
    }
    let both = |a: bool, b: bool| a && b;
    if both(!request.wseat.is_empty(), !request.bseat.is_empty()) {
        c.note(&rules::SEAT_LISTS, at, "bseat", "both");
    }
    if both(!request.acat.is_empty(), !request.bcat.is_empty()) {
        c.note(&rules::CATEGORY_LISTS, at, "bcat", "both");
    }
    if both(!request.wlang.is_empty(), !request.wlangb.is_empty()) {
        c.note(&rules::LANGUAGE_LISTS, at, "wlang", "both");
    }
    match request.at {
        None => {}
        Some(kind) if matches!(kind.0, 1 | 2) => {}
        Some(kind) => c.note(&rules::AUCTION_TYPE, at, "at", kind.0),
    }
    if let Some(tmax) = request.tmax
        && tmax <= 0
    {
        c.note(&rules::TMAX, at, "tmax", tmax);
    }
    for (index, code) in request.wlang.iter().enumerate() {
        if code.len() != 2 {
            c.language(at, &format!("wlang/{index}"), code);
        }
    }
    for (index, tag) in request.wlangb.iter().enumerate() {
        if tag.len() != 2 {
            c.language_tag(at, &format!("wlangb/{index}"), tag);
        }
    }
    c.domains(at, "badv", &request.badv);
    let cattax = request.cattax.map(|cattax| cattax.0);
    c.categories(at, "bcat", cattax, &request.bcat);
    c.categories(at, "acat", cattax, &request.acat);
    for (present, name) in [
        (request.device.is_some(), "device"),
        (request.user.is_some(), "user"),
        (request.source.is_some(), "source"),
    ] {
        if !present {
            c.missing(&rules::RECOMMENDED, at, name);
        }
    }
    // What Appendix B of 2.6 gave a place of its own (C-170).
    if let Some(ext) = &request.ext
        && ext.get("schain").is_some()
    {
        c.note(
            &rules::OLD_PLACE,
            at,
            "ext/schain",
            "source.schain is its place",
        );
    }
}
