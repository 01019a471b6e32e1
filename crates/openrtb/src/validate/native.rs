//! Rules of native requests and responses, which are JSON inside a string (Native 1.2 §4 and §5).

use super::checker::Checker;
use super::order::Earlier;
use super::rules::{request, response};
use super::walk;
use crate::markup::Markup;
use crate::native::{AssetRequest, AssetResponse, LinkResponse, NativeRequest, NativeResponse};
use crate::object::decides_request;
use crate::request::Native;
use crate::response::Bid;

pub(super) fn check_request(native: &Native<'_>, c: &mut Checker<'_>) {
    let Some(markup) = &native.request else {
        return;
    };
    let text = match markup {
        Markup::Text(text) => text.as_str(),
        Markup::Object(raw) => {
            c.note(&request::NATIVE_OBJECT, native.span, "request", "an object");
            raw.as_str()
        }
    };
    let mut inner = c.inside(text.as_bytes(), native.span, "request");
    match NativeRequest::read(text) {
        Ok((asked, repairs)) => {
            inner.repairs(&repairs, decides_request);
            walk::walk(&asked, &mut inner);
            let old = matches!(
                native.ver.as_deref().or(asked.ver.as_deref()),
                Some("1" | "1.0")
            );
            if asked.span.start > 0 && !old {
                inner.note(&request::NATIVE_WRAPPED, asked.span, "", "wrapped");
            }
            offer(&asked, &mut inner);
        }
        Err(error) => inner.note(&request::NATIVE_UNREADABLE, Default::default(), "", error),
    }
    c.absorb(inner);
}

fn offer(asked: &NativeRequest<'_>, c: &mut Checker<'_>) {
    if asked.assets.is_empty() {
        c.missing(&request::NATIVE_ASSETS, asked.span, "assets");
    }
    if let Some(count) = asked.plcmtcnt
        && count < 1
    {
        c.note(&request::NATIVE_COUNT, asked.span, "plcmtcnt", count);
    }
    let mut ids = Earlier::of(asked.assets.len());
    for (index, asset) in asked.assets.iter().enumerate() {
        let before = asked.assets.get(..index).unwrap_or_default();
        let twice = ids.had(asset.id, before.iter().map(|other| other.id));
        if asset.id.is_none() || twice {
            c.note(
                &request::NATIVE_ASSET_ID,
                asset.span,
                "id",
                format!("{:?}", asset.id),
            );
        }
        asked_asset(asset, c);
    }
    if let (Some(context), Some(sub)) = (asked.context, asked.contextsubtype)
        && context.0 < 500
        && sub.0 < 500
        && sub.0 / 10 != context.0
    {
        let found = format!("{} in context {}", sub.0, context.0);
        c.note(
            &request::NATIVE_CONTEXT,
            asked.span,
            "contextsubtype",
            found,
        );
    }
    for tracker in &asked.eventtrackers {
        if tracker.event.is_none() || tracker.methods.is_empty() {
            let name = if tracker.event.is_none() {
                "event"
            } else {
                "methods"
            };
            c.missing(&request::NATIVE_TRACKER, tracker.span, name);
        }
    }
}

fn asked_asset(asset: &AssetRequest<'_>, c: &mut Checker<'_>) {
    let kinds = [
        asset.title.is_some(),
        asset.img.is_some(),
        asset.video.is_some(),
        asset.data.is_some(),
    ];
    let count = kinds.into_iter().filter(|there| *there).count();
    if count != 1 {
        c.note(
            &request::NATIVE_ASSET_KIND,
            asset.span,
            "",
            format!("{count} of them"),
        );
    }
    if let Some(title) = asset.title.as_deref()
        && title.len.is_none_or(|len| len <= 0)
    {
        c.missing(&request::NATIVE_TITLE, title.span, "len");
    }
    if let Some(data) = asset.data.as_deref()
        && data.kind.is_none()
    {
        c.missing(&request::NATIVE_DATA, data.span, "type");
    }
    if let Some(video) = asset.video.as_deref() {
        for (present, name) in [
            (!video.mimes.is_empty(), "mimes"),
            (video.minduration.is_some(), "minduration"),
            (video.maxduration.is_some(), "maxduration"),
            (!video.protocols.is_empty(), "protocols"),
        ] {
            if !present {
                c.missing(&request::NATIVE_VIDEO, video.span, name);
            }
        }
    }
}

pub(super) fn check_response(bid: &Bid<'_>, c: &mut Checker<'_>) {
    let text = match &bid.adm {
        None => return,
        Some(Markup::Text(text)) => text.as_str(),
        Some(Markup::Object(raw)) => {
            c.note(&response::NATIVE_OBJECT, bid.span, "adm", "an object");
            raw.as_str()
        }
    };
    let mut inner = c.inside(text.as_bytes(), bid.span, "adm");
    match NativeResponse::read(text) {
        Ok((given, repairs)) => {
            inner.repairs(&repairs, |_, _| false);
            walk::walk(&given, &mut inner);
            gift(&given, &mut inner);
        }
        Err(error) => inner.note(&response::NATIVE, Default::default(), "", error),
    }
    c.absorb(inner);
}

fn gift(given: &NativeResponse<'_>, c: &mut Checker<'_>) {
    let remote = given.assetsurl.is_some() || given.dcourl.is_some();
    let linked = given.link.as_deref().is_some_and(LinkResponse::is_usable);
    if !linked && !remote {
        c.missing(&response::NATIVE_LINK, given.span, "link/url");
    }
    for asset in &given.assets {
        given_asset(asset, c);
    }
    for tracker in &given.eventtrackers {
        for (present, name) in [
            (tracker.event.is_some(), "event"),
            (tracker.method.is_some(), "method"),
            (tracker.names_whom_to_call(), "url"),
        ] {
            if !present {
                c.missing(&response::NATIVE_EVENT, tracker.span, name);
            }
        }
    }
    for (present, name) in [
        (!given.imptrackers.is_empty(), "imptrackers"),
        (given.jstracker.is_some(), "jstracker"),
    ] {
        if present {
            c.note(&response::NATIVE_TRACKER, given.span, name, "the old form");
        }
    }
}

fn given_asset(asset: &AssetResponse<'_>, c: &mut Checker<'_>) {
    let kinds = [
        asset.title.is_some(),
        asset.img.is_some(),
        asset.video.is_some(),
        asset.data.is_some(),
    ];
    let count = kinds.into_iter().filter(|there| *there).count();
    if asset.id.is_none() {
        c.missing(&response::NATIVE_ASSET, asset.span, "id");
    }
    if count != 1 {
        c.note(
            &response::NATIVE_ASSET,
            asset.span,
            "",
            format!("{count} of them"),
        );
    }
}
