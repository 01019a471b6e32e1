//! The rules of a bid response.

use super::checker::Checker;
use super::finding::{Kind, Report};
use super::rules::response as rules;
use super::{inspector, native, walk};
use crate::enums::{MarkupType, Protocol};
use crate::error::ReadError;
use crate::json::{MalformedKind, Span};
use crate::lenient::{Name, Value as _};
use crate::limits::Limits;
use crate::macros;
use crate::object::decides_bid;
use crate::response::{Bid, BidResponse, Price};
use crate::vast::Vast;
use std::collections::HashSet;

const ROOT: &Name = &Name {
    object: "BidResponse",
    field: "",
};

pub(super) fn report(body: &[u8], limits: &Limits) -> Result<Report, ReadError> {
    let mut c = Checker::new(body);
    if body.trim_ascii().is_empty() {
        c.note(&rules::NO_BID, Span::default(), "", "an empty body");
        return Ok(c.into_report(Kind::Response));
    }
    let mut reader = inspector(body, limits)?;
    let response = (|| {
        reader.blanks();
        let at = reader.position();
        let response = BidResponse::read_value(&mut reader, ROOT)?;
        reader.finish()?;
        response.ok_or(crate::json::Fault::malformed(
            at,
            MalformedKind::NotAnObject,
        ))
    })()
    .map_err(|fault| ReadError::new(fault, body))?;
    c.repairs(&reader.repairs, decides_bid);
    c.nulls(&reader.nulls);
    walk::walk(&response, &mut c);
    if reader.unreadable_price {
        c.written(&rules::CURRENCY, response.span, "cur");
    }
    if reader.bids > limits.bids {
        let found = format!("{} bids, {} are allowed", reader.bids, limits.bids);
        c.note(&rules::TOO_MANY_BIDS, response.span, "seatbid", found);
    }
    root(&response, &mut c);
    Ok(c.into_report(Kind::Response))
}

fn root(response: &BidResponse<'_>, c: &mut Checker<'_>) {
    let at = response.span;
    if response.is_no_bid() {
        let found = match response.nbr {
            Some(reason) => format!("nbr {}", reason.0),
            None => "no bids".to_owned(),
        };
        c.note(&rules::NO_BID, at, "", found);
    } else {
        if response.id.as_ref().is_none_or(|id| id.is_empty()) {
            c.missing(&rules::RESPONSE_ID, at, "id");
        }
        if let Some(reason) = response.nbr {
            c.note(&rules::BIDS_AND_NBR, at, "nbr", reason.0);
        }
        for seat in &response.seatbid {
            if seat.bid.is_empty() {
                c.missing(&rules::SEAT_EMPTY, seat.span, "bid");
            }
        }
    }
    if let Some(data) = response.customdata.as_deref()
        && !data.bytes().all(
            |byte| matches!(byte, 0x21 | 0x23..=0x2b | 0x2d..=0x3a | 0x3c..=0x5b | 0x5d..=0x7e),
        )
    {
        c.note(&rules::CUSTOMDATA, at, "customdata", data);
    }
    let mut ids: HashSet<&str> = HashSet::new();
    for (_, bid) in response.bids() {
        match bid {
            Ok(bid) => {
                if !ids.insert(bid.id()) && !bid.id().is_empty() {
                    c.note(&rules::BID_ID_TWICE, bid.span, "id", bid.id());
                }
                one(bid, c);
            }
            Err(bad) => c.note(&rules::BID_OBJECT, bad.span, "", bad.reason),
        }
    }
}

fn one(bid: &Bid<'_>, c: &mut Checker<'_>) {
    let at = bid.span;
    if bid.id().is_empty() {
        c.missing(&rules::BID_ID, at, "id");
    }
    if bid.impid().is_empty() {
        c.missing(&rules::BID_IMP, at, "impid");
    }
    match bid.price {
        Price::Absent => c.missing(&rules::BID_PRICE, at, "price"),
        Price::Cpm(_) if bid.price.positive().is_some() => {}
        Price::Cpm(_) | Price::Invalid | Price::Beyond => c.written(&rules::BID_PRICE, at, "price"),
    }
    let vast = bid.adm().and_then(Vast::read);
    about_creative(bid, c);
    about_type(bid, vast.as_ref(), c);
    about_numbers(bid, c);
    about_notices(bid, c);
    about_markup(bid, vast.as_ref(), c);
}

fn about_creative(bid: &Bid<'_>, c: &mut Checker<'_>) {
    let at = bid.span;
    if bid.adomain.is_empty() {
        c.missing(&rules::ADVERTISER, at, "adomain");
    }
    c.domains(at, "adomain", &bid.adomain);
    if bid.crid.as_ref().is_none_or(|crid| crid.is_empty()) {
        c.missing(&rules::CREATIVE_ID, at, "crid");
    }
    if let Some(iurl) = bid.iurl.as_deref()
        && (iurl.contains("${") || iurl.contains("[CACHEBUSTING]") || iurl.contains("%%"))
    {
        c.note(&rules::SAMPLE_IMAGE, at, "iurl", iurl);
    }
    let cattax = bid.cattax.map(|cattax| cattax.0);
    c.categories(at, "cat", cattax, &bid.cat);
    c.languages(at, bid.language.as_ref(), bid.langb.as_ref());
    if let Some(api) = bid.api {
        c.note(&rules::OLD_API, at, "api", api.0);
    }
}

fn about_type(bid: &Bid<'_>, vast: Option<&Vast<'_>>, c: &mut Checker<'_>) {
    let at = bid.span;
    if bid.mtype.is_none() {
        match bid.mtype() {
            Some(kind) => c.note(&rules::OLD_MTYPE, at, "ext/mtype", kind.0),
            None => c.note(
                &rules::MTYPE,
                at,
                "mtype",
                format_args!("nothing; {} is guessed", guess(bid, vast)),
            ),
        }
    }
}

fn about_numbers(bid: &Bid<'_>, c: &mut Checker<'_>) {
    let at = bid.span;
    for (rule, name, number) in [
        (&rules::DURATION, "dur", bid.dur),
        (&rules::EXPIRY, "exp", bid.exp),
        (&rules::SIZE, "w", bid.w),
        (&rules::SIZE, "h", bid.h),
        (&rules::SIZE, "wratio", bid.wratio),
        (&rules::SIZE, "hratio", bid.hratio),
    ] {
        if let Some(number) = number
            && number <= 0
        {
            c.note(rule, at, name, number);
        }
    }
    for (one, other, name) in [
        (bid.w, bid.h, "h"),
        (bid.h, bid.w, "w"),
        (bid.wratio, bid.hratio, "hratio"),
        (bid.hratio, bid.wratio, "wratio"),
    ] {
        if one.is_some() && other.is_none() {
            c.missing(&rules::SIZE, at, name);
        }
    }
}

fn about_notices(bid: &Bid<'_>, c: &mut Checker<'_>) {
    for (url, name) in [
        (&bid.nurl, "nurl"),
        (&bid.burl, "burl"),
        (&bid.lurl, "lurl"),
    ] {
        let Some(url) = url.as_deref().filter(|url| !url.is_empty()) else {
            continue;
        };
        let scheme = |wanted: &str| {
            url.get(..wanted.len())
                .is_some_and(|head| head.eq_ignore_ascii_case(wanted))
        };
        if scheme("http://") {
            c.note(&rules::NOTICE_HTTP, bid.span, name, url);
        } else if !scheme("https://") {
            c.note(&rules::NOTICE_URL, bid.span, name, url);
        }
        macros_of(url, name, bid, c);
    }
    if let Some(adm) = bid.adm() {
        macros_of(adm, "adm", bid, c);
    }
}

/// Unknown macros, where they look like the standard's.
fn macros_of(text: &str, attribute: &str, bid: &Bid<'_>, c: &mut Checker<'_>) {
    for (name, encoding) in macros::named(text) {
        if !macros::is_known(name) {
            c.note(
                &rules::UNKNOWN_MACRO,
                bid.span,
                attribute,
                format!("${{{name}}}"),
            );
        } else if encoding.is_some_and(|encoding| encoding != "B64") {
            let found = format!("${{{name}:{}}}", encoding.unwrap_or_default());
            c.note(&rules::MACRO_ENCODING, bid.span, attribute, found);
        }
    }
}

/// What the markup looks like (C-132).
fn guess(bid: &Bid<'_>, vast: Option<&Vast<'_>>) -> &'static str {
    let adm = bid.adm().unwrap_or_default().trim_start();
    if adm.starts_with('{') {
        "native"
    } else if vast.is_some() {
        "video or audio"
    } else {
        "banner"
    }
}

fn about_markup(bid: &Bid<'_>, vast: Option<&Vast<'_>>, c: &mut Checker<'_>) {
    let at = bid.span;
    let Some(adm) = bid.adm() else {
        let elsewhere = bid.nurl.is_some() || bid.adid.is_some();
        if !elsewhere {
            c.missing(&rules::NO_MARKUP, at, "adm");
        }
        return;
    };
    let kind = bid.mtype();
    let is_temporal = matches!(kind, Some(MarkupType::VIDEO | MarkupType::AUDIO));
    if is_temporal && vast.is_none() {
        c.note(&rules::VAST, at, "adm", adm);
    }
    if let Some(vast) = vast {
        if bid.burl.is_some() {
            c.note(&rules::BURL_VIDEO, at, "burl", "with VAST");
        }
        if let (Some(told), Some(is)) = (bid.protocol, vast.protocol())
            && told != is
        {
            c.note(&rules::VAST_VERSION, at, "protocol", differs(told, is));
        }
    }
    let looks_native = kind.is_none() && adm.trim_start().starts_with('{');
    if kind == Some(MarkupType::NATIVE) || looks_native {
        native::check_response(bid, c);
    }
    if bid.nurl.is_some() && !bid.nurl.as_deref().is_some_and(|nurl| nurl.contains("${")) {
        // A notice without a price may be one that answers with markup.
        c.note(
            &rules::MARKUP_TWICE,
            at,
            "nurl",
            "with adm, and without ${AUCTION_PRICE}",
        );
    }
}

fn differs(told: Protocol, is: Protocol) -> String {
    format!("{}, the document is {}", told.0, is.0)
}
