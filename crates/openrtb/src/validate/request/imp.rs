//! Rules of imps: what is offered, at which floor, under which deals.

use super::media;
use crate::enums::{AuctionType, PodSequence};
use crate::json::{Raw, Span};
use crate::request::{BidRequest, Deal, DurFloors, Imp, Pmp, Qty, Refresh};
use crate::validate::checker::Checker;
use crate::validate::order::Earlier;
use crate::validate::rules::request as rules;
use std::collections::HashMap;
use units::{CpmMicros, Currency};

pub(super) fn check(request: &BidRequest<'_>, c: &mut Checker<'_>) {
    let mut ids = Earlier::of(request.imp.len());
    let mut pods = HashMap::new();
    for (index, imp) in request.imp.iter().enumerate() {
        let before = request.imp.get(..index).unwrap_or_default();
        if imp.id().is_empty() {
            c.missing(&rules::IMP_ID, imp.span, "id");
        } else if ids.had(imp.id(), before.iter().map(Imp::id)) {
            c.note(&rules::IMP_ID_TWICE, imp.span, "id", imp.id());
        }
        one(imp, c);
        places(imp, &mut pods, c);
        if request.dooh.is_some() && imp.qty.is_none() {
            c.missing(&rules::DOOH_QTY, imp.span, "qty");
        }
    }
}

fn one(imp: &Imp<'_>, c: &mut Checker<'_>) {
    let at = imp.span;
    if imp.banner.is_none() && imp.video.is_none() && imp.audio.is_none() && imp.native.is_none() {
        c.missing(&rules::IMP_MEDIUM, at, "");
    }
    for metric in &imp.metric {
        if metric.kind.is_none() || metric.value.is_none() {
            let name = if metric.kind.is_none() {
                "type"
            } else {
                "value"
            };
            c.missing(&rules::METRIC, metric.span, name);
        }
        // Viewability and click-through are the probabilities that exchanges send.
        let value = metric.value.unwrap_or(0.0);
        let is_share = metric.kind.as_deref().is_some_and(|kind| {
            matches!(
                kind,
                "viewability" | "click_through_rate" | "video_completion_rate"
            )
        });
        if is_share && !(0.0..=1.0).contains(&value) {
            c.note(&rules::METRIC_RANGE, metric.span, "value", value);
        }
    }
    if imp.bidfloor() > CpmMicros::ZERO && imp.bidfloorcur.is_none() {
        c.missing(&rules::FLOOR_CURRENCY, at, "bidfloorcur");
    }
    if imp.secure.is_none() {
        c.missing(&rules::SECURE_UNKNOWN, at, "secure");
    }
    if let Some(exp) = imp.exp
        && exp <= 0
    {
        c.note(&rules::NOT_POSITIVE, at, "exp", exp);
    }
    if let Some(dt) = imp.dt
        && dt < 100_000_000_000.0
    {
        c.note(&rules::DISPLAY_TIME, at, "dt", dt);
    }
    if let Some(qty) = imp.qty.as_deref() {
        quantity(qty, c);
    }
    if let Some(refresh) = imp.refresh.as_deref() {
        refreshes(refresh, c);
    }
    if imp.rwdd.is_none() {
        old_reward(imp, c);
    }
    media::check(imp, c);
    if let Some(pmp) = imp.pmp.as_deref() {
        private_market(imp, pmp, c);
    }
}

/// A podid stands for one pod, wherever it is offered (C-100).
fn places<'i>(imp: &'i Imp<'_>, pods: &mut HashMap<&'i str, PodSequence>, c: &mut Checker<'_>) {
    let mut place = |at: Span, pod: Option<&'i str>, podseq: Option<PodSequence>| {
        let Some((pod, place)) = pod.zip(podseq) else {
            return;
        };
        let first = *pods.entry(pod).or_insert(place);
        if place != first {
            let found = format!("{} here and {} before, in {pod:?}", place.0, first.0);
            c.note(&rules::POD_PLACE, at, "podseq", found);
        }
    };
    if let Some(video) = imp.video.as_deref() {
        place(video.span, video.podid.as_deref(), video.podseq);
    }
    if let Some(audio) = imp.audio.as_deref() {
        place(audio.span, audio.podid.as_deref(), audio.podseq);
    }
}

fn refreshes(refresh: &Refresh<'_>, c: &mut Checker<'_>) {
    if let Some(count) = refresh.count
        && count < 0
    {
        c.note(&rules::REFRESH, refresh.span, "count", count);
    }
    for settings in &refresh.refsettings {
        if let Some(least) = settings.minint
            && least <= 0
        {
            c.note(&rules::REFRESH, settings.span, "minint", least);
        }
    }
}

/// The places in which rewards stood before 2.6 had one.
fn old_reward(imp: &Imp<'_>, c: &mut Checker<'_>) {
    let mut note = |at: Span, ext: Option<&Raw<'_>>, path: &[&str]| {
        if ext.is_some_and(|ext| ext.path(path).is_some()) {
            let attribute = format!("ext/{}", path.join("/"));
            c.note(&rules::OLD_PLACE, at, &attribute, "imp.rwdd is its place");
        }
    };
    for path in [
        &["rewarded"][..],
        &["is_rewarded_inventory"],
        &["prebid", "is_rewarded_inventory"],
    ] {
        note(imp.span, imp.ext.as_ref(), path);
    }
    if let Some(video) = imp.video.as_deref() {
        note(video.span, video.ext.as_ref(), &["rewarded"]);
    }
}

fn quantity(qty: &Qty<'_>, c: &mut Checker<'_>) {
    if qty.multiplier.is_none() {
        c.missing(&rules::QTY_MULTIPLIER, qty.span, "multiplier");
    }
    let measured = qty.sourcetype.is_some_and(|source| source.0 == 1);
    if measured && qty.vendor.as_ref().is_none_or(|vendor| vendor.is_empty()) {
        c.missing(&rules::QTY_VENDOR, qty.span, "vendor");
    }
}

fn private_market(imp: &Imp<'_>, pmp: &Pmp<'_>, c: &mut Checker<'_>) {
    if pmp.private_auction() && pmp.deals.is_empty() {
        c.missing(&rules::PRIVATE_WITHOUT_DEALS, pmp.span, "deals");
    }
    let mut ids = Earlier::of(pmp.deals.len());
    for (index, deal) in pmp.deals.iter().enumerate() {
        let before = pmp.deals.get(..index).unwrap_or_default();
        if deal.id().is_empty() {
            c.missing(&rules::DEAL_ID, deal.span, "id");
        } else if ids.had(deal.id(), before.iter().map(Deal::id)) {
            c.note(&rules::DEAL_ID_TWICE, deal.span, "id", deal.id());
        }
        one_deal(imp, deal, c);
    }
}

fn one_deal(imp: &Imp<'_>, deal: &Deal<'_>, c: &mut Checker<'_>) {
    let floors = [
        deal.bidfloor.is_some(),
        deal.mincpmpersec.is_some(),
        !deal.durfloors.is_empty(),
    ];
    if floors.into_iter().filter(|there| *there).count() > 1 {
        c.note(&rules::DEAL_FLOORS, deal.span, "", "several");
    }
    let floor = deal.bidfloor() > CpmMicros::ZERO || deal.mincpmpersec.is_some();
    if floor && deal.bidfloorcur.is_none() && imp.bidfloorcur() != Currency::USD {
        let found = format!("nothing, and the imp is in {}", imp.bidfloorcur());
        c.note(&rules::DEAL_CURRENCY, deal.span, "bidfloorcur", found);
    }
    if deal.at == Some(AuctionType::FIXED_PRICE) && deal.bidfloor.is_none() {
        c.missing(&rules::DEAL_FIXED, deal.span, "bidfloor");
    }
    c.domains(deal.span, "wadomain", &deal.wadomain);
    duration_floors(&deal.durfloors, c);
}

pub(super) fn duration_floors(floors: &[DurFloors<'_>], c: &mut Checker<'_>) {
    for floor in floors {
        let legal = match (floor.mindur, floor.maxdur) {
            (None, None) => false,
            (Some(least), Some(most)) => 0 <= least && least <= most,
            (Some(end), None) | (None, Some(end)) => end >= 0,
        };
        if !legal {
            let found = format!("mindur {:?}, maxdur {:?}", floor.mindur, floor.maxdur);
            c.note(&rules::DURATION_FLOOR, floor.span, "", found);
        }
    }
}

/// Notes numbers that are there and not above zero.
pub(super) fn positive(at: Span, numbers: &[(&'static str, Option<i32>)], c: &mut Checker<'_>) {
    for (name, number) in numbers {
        if let Some(number) = number
            && *number <= 0
        {
            c.note(&rules::NOT_POSITIVE, at, name, number);
        }
    }
}
