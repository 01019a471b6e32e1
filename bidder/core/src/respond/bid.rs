//! One bid (OpenRTB §4.2.3), with everything that a bidder declares (B-30).

use contracts::catalog::BidRule;
use contracts::notice::BillOn;
use openrtb::JsonWriter;

use super::notice::{BILL, LOSS, WIN, claims, push_notice};
use super::{Accepted, Dialect, Pages, Reply, markup};
use crate::shading::{self, Place};

/// Writes one bid; nothing when its line item is not in the market.
pub(super) fn write(
    reply: &Reply<'_>,
    bid: &Accepted<'_>,
    pages: &mut Pages,
    json: &mut JsonWriter<'_>,
) {
    let candidate = &bid.choice.candidate;
    let Some(item) = reply.market.items.get(candidate.item) else {
        return;
    };
    let Some(creative) = reply.market.creative(candidate.creative) else {
        return;
    };
    let declared = creative.declared();
    pages
        .tokens
        .sign(&reply.market.ring.0, claims(reply, bid, item));
    let fit = &candidate.fit;
    let v26 = reply.dialect == Dialect::V26;

    json.begin_object();
    pages.url.clear();
    let _ = std::fmt::Write::write_fmt(&mut pages.url, format_args!("{}", bid.choice.bid));
    json.text("id", &pages.url);
    markup::render(reply, bid, creative, pages);
    json.text("impid", bid.imp.id);
    json.price("price", candidate.price);
    let place = shading::is_shaded(item, reply.opportunity, candidate.deal)
        .then(|| Place::of(&reply.source.name, reply.opportunity.request, fit));
    notices(reply, place, pages, json);
    json.text("adm", &pages.markup);
    json.text("cid", item.campaign.as_str());
    json.text("crid", creative.id().as_str());
    if !creative.domains.is_empty() {
        json.key("adomain");
        json.texts(creative.domains.iter().map(String::as_str));
    }
    json.text_opt("bundle", declared.bundle.as_deref());
    if !declared.categories.is_empty() {
        json.key("cat");
        json.texts(declared.categories.iter().map(String::as_str));
        if v26 && declared.cattax != 1 {
            json.integer("cattax", i64::from(declared.cattax));
        }
    }
    if !declared.attributes.is_empty() {
        json.key("attr");
        json.integers(declared.attributes.iter().map(|it| i64::from(*it)));
    }
    if v26 {
        if !declared.apis.is_empty() {
            json.key("apis");
            json.integers(declared.apis.iter().map(|it| i64::from(*it)));
        }
        json.integer("mtype", i64::from(fit.medium.mtype()));
        json.integer_opt("dur", fit.length.map(i64::from));
    } else {
        json.integer_opt("api", declared.apis.first().map(|it| i64::from(*it)));
    }
    json.integer_opt(
        "protocol",
        fit.protocol.map(|(number, _)| i64::from(number)),
    );
    json.text_opt("language", declared.language.as_deref());
    if let Some(size) = fit.size {
        json.integer("w", i64::from(size.w));
        json.integer("h", i64::from(size.h));
    }
    json.text_opt("dealid", candidate.deal.and_then(|it| it.id.as_deref()));
    json.integer("exp", exp(bid));
    let has_goal = !matches!(item.price.bid, BidRule::Cpm { .. });
    if !v26 || has_goal {
        json.key("ext");
        json.begin_object();
        if !v26 {
            json.integer("mtype", i64::from(fit.medium.mtype()));
        }
        if has_goal {
            json.key("gavel");
            json.begin_object();
            json.text("model", reply.market.model.version().as_str());
            json.end_object();
        }
        json.end_object();
    }
    json.end_object();
}

/// `place` is where shading learns from what the seller tells.
fn notices(reply: &Reply<'_>, place: Option<Place>, pages: &mut Pages, json: &mut JsonWriter<'_>) {
    let Pages { tokens, url, .. } = pages;
    let mut write = |name: &str, path: &str, token: &str| {
        url.clear();
        push_notice(&reply.market.public_url, path, token, url);
        if let Some(place) = place.filter(|_| path != BILL) {
            let _ = std::fmt::Write::write_fmt(url, format_args!("&place={place}"));
        }
        json.text(name, url);
    };
    write("nurl", WIN, &tokens.win);
    // Who bills by our impression tracker fires no burl, and must not be asked to.
    if reply.source.bill_on == BillOn::Burl {
        write("burl", BILL, &tokens.bill);
    }
    write("lurl", LOSS, &tokens.loss);
}

/// Seconds that we wait for the billing: as long as the imp says, never longer than the money is held.
fn exp(bid: &Accepted<'_>) -> i64 {
    let life = i64::from(bid.choice.reservation.life_s());
    let asked = bid.imp.exp.map(i64::from).filter(|it| *it > 0);
    asked.map_or(life, |asked| asked.min(life))
}
