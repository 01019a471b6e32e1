//! One bid (OpenRTB §4.2.3), with everything that a bidder declares (B-30).

use contracts::catalog::BidRule;
use contracts::notice::BillOn;
use openrtb::JsonWriter;
use uuid::fmt::Hyphenated;

use super::notice::{BILL, LOSS, WIN, draft, push_notice};
use super::{Accepted, Dialect, Pages, Reply, markup};
use crate::creative::Creative;
use crate::eligibility::Medium;
use crate::opportunity::Flexible;
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
    pages
        .tokens
        .sign(&reply.market.ring.0, &draft(reply, bid, item));
    let fit = &candidate.fit;
    let v26 = reply.dialect == Dialect::V26;
    let mut id = [0_u8; Hyphenated::LENGTH];
    let id = &*Hyphenated::from_uuid(bid.choice.bid.0).encode_lower(&mut id);

    json.begin_object();
    json.text("id", id);
    json.text("impid", bid.imp.id);
    json.price("price", candidate.price);
    let place = shading::is_shaded(item, reply.opportunity, candidate.deal)
        .then(|| Place::of(&reply.source.name, reply.opportunity.request, fit));
    notices(reply, place, pages, json);
    let shown = markup::write(reply, bid, creative, id, pages, json);
    json.text("cid", item.campaign.as_str());
    json.members(if v26 {
        &creative.members.v26
    } else {
        &creative.members.v25
    });
    apis(creative, shown.measured, v26, json);
    if v26 {
        json.integer("mtype", i64::from(fit.medium.mtype()));
        json.integer_opt("dur", fit.length.map(i64::from));
        json.integer_opt("slotinpod", slot(bid, creative));
    }
    json.integer_opt(
        "protocol",
        fit.protocol.map(|(number, _)| i64::from(number)),
    );
    if let Some(Flexible { ratio, .. }) = shown.flexible {
        json.integer("wratio", i64::from(ratio.w));
        json.integer("hratio", i64::from(ratio.h));
    } else if let Some(size) = fit.size {
        json.integer("w", i64::from(size.w));
        json.integer("h", i64::from(size.h));
    }
    json.text_opt("dealid", candidate.deal.and_then(|it| it.id.as_deref()));
    json.integer("exp", exp(bid));
    let has_rate =
        !matches!(item.price.bid, BidRule::Cpm { .. }) || item.options.rotation.is_some();
    let arm = candidate.arm.and_then(|it| item.options.arm_name(it));
    let has_gavel = has_rate || arm.is_some();
    if !v26 || has_gavel {
        json.key("ext");
        json.begin_object();
        if !v26 {
            json.integer("mtype", i64::from(fit.medium.mtype()));
        }
        if has_gavel {
            json.key("gavel");
            json.begin_object();
            if has_rate {
                json.text("model", reply.market.model.version().as_str());
            }
            json.text_opt("arm", arm);
            json.end_object();
        }
        json.end_object();
    }
    json.end_object();
}

/// AdCOM API 7: OMID 1.0.
const OMID: i32 = 7;

/// Frameworks that the markup uses; 2.5 has room for one.
fn apis(creative: &Creative, measured: bool, v26: bool, json: &mut JsonWriter<'_>) {
    let needed = &creative.declared().apis;
    let omid = (measured && !needed.contains(&OMID)).then_some(OMID);
    let mut all = needed.iter().copied().chain(omid).map(i64::from).peekable();
    if all.peek().is_none() {
        return;
    }
    if v26 {
        json.key("apis");
        json.integers(all);
    } else {
        json.integer_opt("api", all.next());
    }
}

/// The slot of a dynamic pod that alone is wanted; in a structured one the imp says it (B-10).
fn slot(bid: &Accepted<'_>, creative: &Creative) -> Option<i64> {
    let offer = match bid.choice.candidate.fit.medium {
        Medium::Video => bid.imp.video.as_ref(),
        Medium::Audio => bid.imp.audio.as_ref(),
        Medium::Banner | Medium::Native => None,
    };
    let wanted = creative.declared().demands.slot_in_pod?;
    offer?.pod_seconds.map(|_| i64::from(wanted))
}

/// `place` is where shading learns from what the seller tells.
fn notices(reply: &Reply<'_>, place: Option<Place>, pages: &Pages, json: &mut JsonWriter<'_>) {
    let mut write = |name: &str, path: &str, token: &str| {
        json.escaped(name, |out| {
            push_notice(&reply.market.public_url, path, token, out);
            if let Some(place) = place.filter(|_| path != BILL) {
                let _ = std::io::Write::write_fmt(out, format_args!("&place={place}"));
            }
        });
    };
    write("nurl", WIN, &pages.tokens.win);
    // Who bills by our impression tracker fires no burl, and must not be asked to.
    if reply.source.bill_on == BillOn::Burl {
        write("burl", BILL, &pages.tokens.bill);
    }
    write("lurl", LOSS, &pages.tokens.loss);
}

/// Seconds that we wait for the billing: as long as the imp says, never longer than the money is held.
fn exp(bid: &Accepted<'_>) -> i64 {
    let life = i64::from(bid.choice.reservation.life_s());
    let asked = bid.imp.exp.map(i64::from).filter(|it| *it > 0);
    asked.map_or(life, |asked| asked.min(life))
}
