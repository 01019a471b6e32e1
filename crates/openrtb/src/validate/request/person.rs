//! Rules of the device and the person at it.

use crate::json::Span;
use crate::request::{BidRequest, Device, Eid, Geo, User, UserAgent};
use crate::validate::checker::Checker;
use crate::validate::rules::request as rules;
use std::net::{Ipv4Addr, Ipv6Addr};

pub(super) fn check(request: &BidRequest<'_>, c: &mut Checker<'_>) {
    if let Some(device) = request.device.as_deref() {
        hardware(device, c);
        if let Some(geo) = device.geo.as_deref() {
            place(geo, c);
        }
        if device.geo.is_none() && request.dooh.is_none() {
            c.missing(&rules::RECOMMENDED, device.span, "geo");
        }
    }
    if let Some(user) = request.user.as_deref() {
        person(user, c);
        if let Some(geo) = user.geo.as_deref() {
            place(geo, c);
        }
    }
    let told = |device: &Device<'_>| device.dnt == Some(true) || device.lmt == Some(true);
    if request.device.as_deref().is_some_and(told) {
        identifying(request, false, c);
    }
    if request.coppa() == Some(true) {
        identifying(request, true, c);
    }
}

fn hardware(device: &Device<'_>, c: &mut Checker<'_>) {
    let at = device.span;
    for (present, name) in [(device.dnt.is_some(), "dnt"), (device.lmt.is_some(), "lmt")] {
        if !present {
            c.missing(&rules::RECOMMENDED, at, name);
        }
    }
    if device.sua().is_some() && device.ua.is_none() {
        c.missing(&rules::UA_WITH_SUA, at, "ua");
    }
    if let Some(sua) = device.sua.as_deref() {
        hints(sua, c);
    } else if device.ext.is_some_and(|ext| ext.get("sua").is_some()) {
        c.note(&rules::OLD_PLACE, at, "ext/sua", "device.sua is its place");
    }
    if let Some(ip) = device.ip.as_deref()
        && ip.parse::<Ipv4Addr>().is_err()
    {
        c.note(&rules::IP, at, "ip", ip);
    }
    if let Some(ip) = device.ipv6.as_deref()
        && ip.parse::<Ipv6Addr>().is_err()
    {
        c.note(&rules::IP, at, "ipv6", ip);
    }
    let dashed = |code: &str| {
        let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        code.split_once('-').is_some_and(|(mcc, mnc)| {
            mcc.len() == 3 && (2..=3).contains(&mnc.len()) && digits(mcc) && digits(mnc)
        })
    };
    if let Some(code) = device.mccmnc.as_deref()
        && !dashed(code)
    {
        c.note(&rules::MCCMNC, at, "mccmnc", code);
    }
    if device.ifa.is_some() && device.ifa().is_none() {
        c.note(
            &rules::IFA_ZERO,
            at,
            "ifa",
            device.ifa.as_deref().unwrap_or_default(),
        );
    }
    c.languages(at, device.language.as_ref(), device.langb.as_ref());
    for (old, name) in [
        (&device.didsha1, "didsha1"),
        (&device.didmd5, "didmd5"),
        (&device.dpidsha1, "dpidsha1"),
        (&device.dpidmd5, "dpidmd5"),
        (&device.macsha1, "macsha1"),
        (&device.macmd5, "macmd5"),
    ] {
        if old.is_some() {
            c.note(&rules::RETIRED, at, name, "a hashed id");
        }
    }
}

fn hints(sua: &UserAgent<'_>, c: &mut Checker<'_>) {
    for brand in sua.browsers.iter().chain(sua.platform.as_deref()) {
        if brand.brand.as_ref().is_none_or(|brand| brand.is_empty()) {
            c.missing(&rules::BRAND, brand.span, "brand");
        }
    }
}

fn place(geo: &Geo<'_>, c: &mut Checker<'_>) {
    let at = geo.span;
    match (geo.lat, geo.lon()) {
        (None, None) => {}
        (Some(lat), Some(lon)) => {
            if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
                c.note(&rules::LOCATION, at, "lat", format!("{lat}, {lon}"));
            }
        }
        (Some(_), None) => c.missing(&rules::LOCATION, at, "lon"),
        (None, Some(_)) => c.missing(&rules::LOCATION, at, "lat"),
    }
    if geo.long.is_some() {
        c.note(&rules::DOOH_NAMES, at, "long", "lon is meant");
    }
    if let Some(country) = geo.country.as_deref() {
        if country.len() != 3 || units::country::alpha_2(country).is_none() {
            let found = match units::country::alpha_3(country) {
                Some(meant) => format!("{country:?}; {meant:?} may be meant"),
                None => format!("{country:?}"),
            };
            c.note(&rules::COUNTRY, at, "country", found);
        }
        region(country, geo, c);
    }
    if let Some(region) = &geo.regionfips104 {
        c.note(&rules::RETIRED, at, "regionfips104", &**region);
    }
}

fn region(country: &str, geo: &Geo<'_>, c: &mut Checker<'_>) {
    let Some(region) = geo.region.as_deref() else {
        return;
    };
    let letters = region.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fits = match country.eq_ignore_ascii_case("USA") {
        true => region.len() == 2,
        false => (1..=3).contains(&region.len()),
    };
    if !letters || !fits {
        c.note(&rules::REGION, geo.span, "region", region);
    }
}

fn person(user: &User<'_>, c: &mut Checker<'_>) {
    let at = user.span;
    c.keywords(at, user.keywords.is_some(), !user.kwarray.is_empty());
    if let Some(year) = user.yob {
        c.note(&rules::RETIRED, at, "yob", year);
    }
    if let Some(gender) = user.gender.as_deref() {
        c.note(&rules::RETIRED, at, "gender", gender);
    }
    for eid in &user.eids {
        extended_id(eid, c);
    }
    if let Some(ext) = &user.ext {
        for name in ["eids", "consent"] {
            if ext.get(name).is_some() {
                let found = format!("user.{name} is its place");
                c.note(&rules::OLD_PLACE, at, &format!("ext/{name}"), found);
            }
        }
    }
}

fn extended_id(eid: &Eid<'_>, c: &mut Checker<'_>) {
    if eid.source.as_ref().is_none_or(|source| source.is_empty()) {
        c.missing(&rules::EID_SOURCE, eid.span, "source");
    }
    if eid.uids.is_empty() {
        c.missing(&rules::EID_SOURCE, eid.span, "uids");
    }
    for uid in &eid.uids {
        if uid.id.as_ref().is_none_or(|id| id.is_empty()) {
            c.missing(&rules::UID_ID, uid.span, "id");
        }
        if uid.atype.is_none() {
            c.missing(&rules::UID_ATYPE, uid.span, "atype");
        }
    }
}

/// Notes what tells one person from another, where that must not be used.
fn identifying(request: &BidRequest<'_>, child: bool, c: &mut Checker<'_>) {
    let rule = if child {
        &rules::CHILD_DATA
    } else {
        &rules::TRACKING_LIMITED
    };
    let mut note = |there: bool, at: Span, name: &str| {
        if there {
            c.note(rule, at, name, "an id");
        }
    };
    if let Some(device) = request.device.as_deref() {
        note(device.ifa().is_some(), device.span, "ifa");
    }
    if let Some(user) = request.user.as_deref() {
        note(user.buyeruid.is_some(), user.span, "buyeruid");
        note(!user.eids.is_empty(), user.span, "eids");
        if child {
            note(user.id.is_some(), user.span, "id");
            note(user.yob.is_some(), user.span, "yob");
            note(user.gender.is_some(), user.span, "gender");
        }
    }
}
