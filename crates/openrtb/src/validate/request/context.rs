//! Rules of where the imps are: site, app, screen, and their content.

use crate::json::{Raw, Span};
use crate::request::{App, BidRequest, Content, Device, Dooh, Publisher, Site};
use crate::validate::checker::Checker;
use crate::validate::rules::request as rules;

pub(super) fn check(request: &BidRequest<'_>, c: &mut Checker<'_>) {
    let contexts = [
        (request.site.is_some(), "site"),
        (request.app.is_some(), "app"),
        (request.dooh.is_some(), "dooh"),
    ];
    let there = || contexts.into_iter().filter(|(there, _)| *there);
    match there().count() {
        0 => c.missing(&rules::NO_CONTEXT, request.span, "site"),
        1 => {}
        _ => {
            let names: Vec<&str> = there().map(|(_, name)| name).collect();
            c.note(&rules::CONTEXTS, request.span, "", names.join(" and "));
        }
    }
    if let Some(site) = request.site.as_deref() {
        on_site(site, c);
    }
    if let Some(app) = request.app.as_deref() {
        in_app(app, c);
    }
    if let Some(dooh) = request.dooh.as_deref() {
        on_screen(dooh, request.device.as_deref(), c);
    }
}

fn on_site(site: &Site<'_>, c: &mut Checker<'_>) {
    let at = site.span;
    if site.id.is_none() {
        c.missing(&rules::RECOMMENDED, at, "id");
    }
    c.domain(at, "domain", site.domain.as_ref());
    c.keywords(at, site.keywords.is_some(), !site.kwarray.is_empty());
    let cattax = site.cattax.map(|cattax| cattax.0);
    c.categories(at, "cat", cattax, &site.cat);
    c.categories(at, "sectioncat", cattax, &site.sectioncat);
    c.categories(at, "pagecat", cattax, &site.pagecat);
    old_partner_domain(at, site.ext.as_ref(), c);
    publisher(site.publisher.as_deref(), c);
    content(site.content.as_deref(), c);
}

fn in_app(app: &App<'_>, c: &mut Checker<'_>) {
    let at = app.span;
    for (present, name) in [(app.id.is_some(), "id"), (app.bundle.is_some(), "bundle")] {
        if !present {
            c.missing(&rules::RECOMMENDED, at, name);
        }
    }
    c.domain(at, "domain", app.domain.as_ref());
    c.keywords(at, app.keywords.is_some(), !app.kwarray.is_empty());
    let cattax = app.cattax.map(|cattax| cattax.0);
    c.categories(at, "cat", cattax, &app.cat);
    c.categories(at, "sectioncat", cattax, &app.sectioncat);
    c.categories(at, "pagecat", cattax, &app.pagecat);
    old_partner_domain(at, app.ext.as_ref(), c);
    publisher(app.publisher.as_deref(), c);
    content(app.content.as_deref(), c);
}

fn on_screen(dooh: &Dooh<'_>, device: Option<&Device<'_>>, c: &mut Checker<'_>) {
    let at = dooh.span;
    if dooh.id.is_none() {
        c.missing(&rules::RECOMMENDED, at, "id");
    }
    if !dooh.venuetypeid.is_empty() {
        c.note(&rules::DOOH_NAMES, at, "venuetypeid", "venuetype is meant");
    }
    if dooh.venuetax.is_some() {
        c.note(&rules::DOOH_NAMES, at, "venuetax", "venuetypetax is meant");
    }
    c.domain(at, "domain", dooh.domain.as_ref());
    publisher(dooh.publisher.as_deref(), c);
    content(dooh.content.as_deref(), c);
    let Some(device) = device else { return };
    if device.devicetype.is_none_or(|kind| kind.0 != 8) {
        let found = device
            .devicetype
            .map_or("nothing".to_owned(), |kind| kind.0.to_string());
        c.note(&rules::DOOH_DEVICE, device.span, "devicetype", found);
    }
    let place = device.geo.as_deref();
    if place.is_none_or(|geo| geo.lat.is_none() || geo.lon().is_none()) {
        c.missing(&rules::DOOH_PLACE, device.span, "geo");
    }
}

fn publisher(publisher: Option<&Publisher<'_>>, c: &mut Checker<'_>) {
    if let Some(publisher) = publisher {
        let cattax = publisher.cattax.map(|cattax| cattax.0);
        c.categories(publisher.span, "cat", cattax, &publisher.cat);
        c.domain(publisher.span, "domain", publisher.domain.as_ref());
    }
}

fn content(content: Option<&Content<'_>>, c: &mut Checker<'_>) {
    let Some(content) = content else { return };
    let at = content.span;
    c.languages(at, content.language.as_ref(), content.langb.as_ref());
    c.keywords(at, content.keywords.is_some(), !content.kwarray.is_empty());
    let cattax = content.cattax.map(|cattax| cattax.0);
    c.categories(at, "cat", cattax, &content.cat);
    if let Some(producer) = content.producer.as_deref() {
        let cattax = producer.cattax.map(|cattax| cattax.0);
        c.categories(producer.span, "cat", cattax, &producer.cat);
        c.domain(producer.span, "domain", producer.domain.as_ref());
    }
    if let Some(network) = content.network.as_deref() {
        c.domain(network.span, "domain", network.domain.as_ref());
    }
    if let Some(channel) = content.channel.as_deref() {
        c.domain(channel.span, "domain", channel.domain.as_ref());
    }
    if let Some(quality) = content.videoquality {
        c.note(&rules::RETIRED, at, "videoquality", quality.0);
    }
    if let Some(len) = content.len
        && len < 0
    {
        c.note(&rules::NOT_POSITIVE, at, "len", len);
    }
}

fn old_partner_domain(at: Span, ext: Option<&Raw<'_>>, c: &mut Checker<'_>) {
    const NAME: &str = "inventorypartnerdomain";
    if ext.is_some_and(|ext| ext.get(NAME).is_some()) {
        let found = "the attribute of that name is its place";
        c.note(&rules::OLD_PLACE, at, &format!("ext/{NAME}"), found);
    }
}
