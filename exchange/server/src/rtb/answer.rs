//! Our OpenRTB answer to an SSP (C-130, X-81, X-85).

use std::borrow::Cow;

use contracts::notice::{KeyRing, SellClaims, SellKind, SellNotice};
use exchange_core::auction::{Judged, Win};
use exchange_core::notices;
use openrtb::{Imp, JsonWriter, Limits, Raw, convert};

use super::claims::Notice;
use super::run::Round;
use super::sale::Winner;

/// How an answer is written.
pub(super) struct Style<'s> {
    /// To a browser: no `nurl` beside markup, because it would be called from the page.
    pub(super) browser: bool,
    /// The caller declared 2.5: attributes that 2.5 lacks are left out (C-171).
    pub(super) speaks_25: bool,
    /// Base of our notice URLs.
    pub(super) base: &'s str,
}

/// Room for what an answer says beside a bid's markup: its members, and tokens with the DSP's notices.
const OF_A_BID: usize = 2_048;

/// One winner between settling and writing.
struct Line<'l> {
    judged: &'l Judged<'l>,
    win: &'l Win,
    winner: &'l Winner,
    imp: Option<&'l Imp<'l>>,
    /// Its seat; all of a group have that of its first.
    seat: Option<Cow<'l, str>>,
    /// How many lines before it have the same bid id: two DSPs may have chosen the same.
    again: usize,
}

impl Line<'_> {
    /// The all-or-nothing set that it is of.
    fn group(&self) -> Option<usize> {
        self.judged.group
    }
}

/// Gives all of a group the seat of its first: a seatbid is what can be all or nothing, and an imp's client may
/// know the DSP under a name of its own.
fn seat_groups_together(lines: &mut [Line<'_>]) {
    for index in 1..lines.len() {
        let (before, rest) = lines.split_at_mut(index);
        if let Some(line) = rest.first_mut()
            && line.group().is_some()
            && let Some(first) = before.iter().find(|other| other.group() == line.group())
        {
            line.seat.clone_from(&first.seat);
        }
    }
}

/// Writes the answer: one seatbid per seat and all-or-nothing set, one bid per imp.
pub(super) fn write(round: &Round<'_>, winners: &[Winner], style: &Style<'_>) -> Vec<u8> {
    let request = &round.plan.intake.request;
    let mut lines: Vec<Line<'_>> = round
        .settlement
        .won()
        .zip(winners)
        .map(|((judged, win), winner)| {
            let imp = judged.imp.and_then(|imp| request.imp.get(imp));
            Line {
                seat: imp
                    .and_then(|imp| prebid_name(imp, round, judged))
                    .or_else(|| winner.seat.as_deref().map(Cow::Borrowed)),
                judged,
                win,
                winner,
                imp,
                again: 0,
            }
        })
        .collect();
    for index in 1..lines.len() {
        let (before, rest) = lines.split_at_mut(index);
        if let Some(line) = rest.first_mut() {
            let id = line.judged.bid.id();
            line.again = before
                .iter()
                .filter(|other| other.judged.bid.id() == id)
                .count();
        }
    }
    seat_groups_together(&mut lines);
    lines.sort_by(|a, b| (&a.seat, a.group()).cmp(&(&b.seat, b.group())));
    let markup = winners.iter().map(|winner| winner.markup.len());
    let room = markup.map(|length| length + length / 8 + OF_A_BID);
    let mut out = Vec::with_capacity(room.sum());
    let mut links = Links {
        style,
        ring: &round.in_force.keys.0,
        url: String::new(),
    };
    let mut json = JsonWriter::new(&mut out);
    json.begin_object();
    json.text("id", request.id());
    json.text("bidid", &round.plan.request_id);
    json.text("cur", round.plan.currency.as_str());
    json.key("seatbid");
    json.begin_array();
    for seat in lines.chunk_by(|a, b| (&a.seat, a.group()) == (&b.seat, b.group())) {
        json.begin_object();
        if let Some(name) = seat.first().and_then(|line| line.seat.as_deref()) {
            json.text("seat", name);
        }
        if seat.first().is_some_and(|line| line.group().is_some()) {
            json.integer("group", 1);
        }
        json.key("bid");
        json.begin_array();
        for line in seat {
            write_bid(&mut json, round, line, &mut links);
        }
        json.end_array();
        json.end_object();
    }
    json.end_array();
    json.end_object();
    if style.speaks_25 {
        let mut older = Vec::with_capacity(out.len());
        // What we wrote ourselves is readable, however much of it the DSPs' limits allow.
        if convert::response_to_25(&out, &Limits::MEASURED, &mut older).is_ok() {
            return older;
        }
    }
    out
}

/// The name under which the imp's prebid client knows the DSP: its own name there; the only name there.
fn prebid_name<'l>(
    imp: &'l Imp<'_>,
    round: &'l Round<'_>,
    judged: &Judged<'_>,
) -> Option<Cow<'l, str>> {
    let partner = round.in_force.market.partners.get(judged.partner)?;
    let listed = imp.ext?.path(&["prebid", "bidder"])?.members();
    let named = |name: &str| listed.iter().any(|(key, _)| &**key == name);
    if named(&partner.name) {
        return Some(Cow::Borrowed(&partner.name));
    }
    if named(partner.id.as_str()) {
        return Some(Cow::Borrowed(partner.id.as_str()));
    }
    match &listed[..] {
        [(only, _)] => Some(Cow::Owned(only.to_string())),
        _ => None,
    }
}

fn write_bid(json: &mut JsonWriter<'_>, round: &Round<'_>, line: &Line<'_>, links: &mut Links<'_>) {
    let bid = &line.judged.bid;
    let text = |json: &mut JsonWriter<'_>, name: &str, value: Option<&str>| {
        json.text_opt(name, value.filter(|value| !value.is_empty()));
    };
    let number = |json: &mut JsonWriter<'_>, name: &str, value: Option<i32>| {
        json.integer_opt(name, value.map(i64::from));
    };
    json.begin_object();
    match line.again {
        0 => json.text("id", bid.id()),
        again => json.text("id", &format!("{}.{again}", bid.id())),
    }
    json.text("impid", bid.impid());
    json.price("price", line.win.answer_price);
    write_notices(json, round, line, links);
    text(json, "adm", Some(&line.winner.markup));
    text(json, "adid", bid.adid.as_deref());
    if !bid.adomain.is_empty() {
        json.key("adomain");
        json.texts(bid.adomain.iter().map(|text| &**text));
    }
    text(json, "bundle", bid.bundle.as_deref());
    text(json, "iurl", bid.iurl.as_deref());
    text(json, "cid", bid.cid.as_deref());
    text(json, "crid", bid.crid.as_deref());
    text(json, "tactic", bid.tactic.as_deref());
    if !bid.cat.is_empty() {
        json.key("cat");
        json.texts(bid.cat.iter().map(|text| &**text));
    }
    if !bid.attr.is_empty() {
        json.key("attr");
        json.integers(bid.attr.iter().map(|attr| i64::from(attr.0)));
    }
    // Of several APIs 2.5 says the one that the DSP chose for it.
    if links.style.speaks_25 {
        number(json, "api", bid.api.map(|api| api.0));
    }
    number(json, "protocol", bid.protocol.map(|protocol| protocol.0));
    number(
        json,
        "qagmediarating",
        bid.qagmediarating.map(|rating| rating.0),
    );
    text(json, "language", bid.language.as_deref());
    text(json, "dealid", bid.dealid.as_deref());
    for (name, value) in [
        ("w", bid.w),
        ("h", bid.h),
        ("wratio", bid.wratio),
        ("hratio", bid.hratio),
        ("exp", bid.exp),
    ] {
        number(json, name, value);
    }
    if bid.apis().next().is_some() {
        json.key("apis");
        json.integers(bid.apis().map(|api| i64::from(api.0)));
    }
    text(json, "langb", bid.langb.as_deref());
    number(json, "cattax", bid.cattax.map(|cattax| cattax.0));
    number(json, "dur", bid.dur);
    json.integer("mtype", i64::from(line.winner.medium.mtype()));
    number(json, "slotinpod", bid.slotinpod.map(|slot| slot.0));
    write_ext(json, line);
    for (name, value) in &bid.extra {
        json.raw(name, value.as_str());
    }
    json.end_object();
}

/// `nurl`, `burl`, `lurl`: ours, which pass on to the DSP's. A bid without markup serves on its win notice
/// so that one is always there.
fn write_notices(
    json: &mut JsonWriter<'_>,
    round: &Round<'_>,
    line: &Line<'_>,
    links: &mut Links<'_>,
) {
    let bid = &line.judged.bid;
    let values = notices::values(round.plan, line.judged);
    let serves_on_win = bid.adm().is_none();
    let win = notices::url(bid.nurl.as_deref(), &values)
        .filter(|_| serves_on_win || !links.style.browser);
    let claims = &line.winner.claims;
    if win.is_some() {
        let win = Notice::of(round, line.judged, SellKind::Win, win);
        json.text("nurl", links.to("win", claims, &win.told(), ""));
    }
    let bill = SellNotice {
        kind: SellKind::Bill,
        url: &claims.url,
        refused: claims.refused,
        expires: claims.expires,
    };
    // The SSP fills in when its display was; we put it into the DSP's URL.
    let more = if notices::tells_display_time(bill.url) {
        "&ts=${AUCTION_IMP_TS}"
    } else {
        ""
    };
    json.text("burl", links.to("bill", claims, &bill, more));
    let loss = notices::deferred_loss_url(bid.lurl.as_deref(), &values);
    if loss.is_some() {
        let loss = Notice::of(round, line.judged, SellKind::Loss, loss);
        // The SSP fills in its reason; we put it into the DSP's URL.
        let more = "&loss=${AUCTION_LOSS}";
        json.text("lurl", links.to("loss", claims, &loss.told(), more));
    }
}

/// What notices of ours are called by, one after the other in the same memory.
struct Links<'k> {
    style: &'k Style<'k>,
    ring: &'k KeyRing,
    url: String,
}

impl Links<'_> {
    /// Where a notice of an ad is taken, with `more` behind its token.
    fn to(&mut self, path: &str, claims: &SellClaims, notice: &SellNotice<'_>, more: &str) -> &str {
        self.url.clear();
        for part in [self.style.base, "/notice/", path, "?t="] {
            self.url.push_str(part);
        }
        claims.sign_for(notice, self.ring, &mut self.url);
        self.url.push_str(more);
        &self.url
    }
}

/// The DSP's `ext`; for an imp of a prebid client also the type that its adapter asks for.
fn write_ext(json: &mut JsonWriter<'_>, line: &Line<'_>) {
    let own = line.judged.bid.ext;
    let is_prebid = line
        .imp
        .and_then(|imp| imp.ext)
        .is_some_and(|ext| ext.get("prebid").is_some());
    if !is_prebid {
        if let Some(own) = own {
            json.raw("ext", own.as_str());
        }
        return;
    }
    json.key("ext");
    json.begin_object();
    let members = own.map(|own: Raw<'_>| own.members()).unwrap_or_default();
    for (name, value) in members.iter().filter(|(name, _)| &**name != "prebid") {
        json.raw(name, value.as_str());
    }
    json.key("prebid");
    json.begin_object();
    json.text("type", line.winner.medium.name());
    json.end_object();
    json.end_object();
}

/// A no-bid for a browser, whose client wants a body (C-131).
pub(super) fn no_bid(request_id: &str, reason: Option<i32>) -> Vec<u8> {
    let mut out = Vec::with_capacity(64);
    let mut json = JsonWriter::new(&mut out);
    json.begin_object();
    json.text("id", request_id);
    json.integer("nbr", i64::from(reason.unwrap_or(0)));
    json.end_object();
    out
}
