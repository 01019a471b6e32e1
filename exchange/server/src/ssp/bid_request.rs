//! From a placement and a visit to the bid request that is auctioned (OpenRTB 2.6 §3.2).

use contracts::catalog::{AuctionType, CreativeFormat, Deal, Placement, Publisher};
use exchange_core::delay::UsualDelays;
use serde::Serialize;
use serde_json::{Map, Value, json};
use units::{CpmMicros, Currency, PlacementId, RateTable};

use super::request::AdRequest;

/// How long an auction of a placement may take, in milliseconds: a page waits longer than an SSP does.
const TMAX_MS: u32 = 300;

/// Currencies that one request lists.
const MOST_CURRENCIES: usize = 32;

/// VAST 2.0 to 4.2, inline and wrapped (list 5.8).
const PROTOCOLS: [i32; 10] = [2, 3, 5, 6, 7, 8, 11, 12, 13, 14];

/// What is sold in a visit.
#[derive(Debug, Clone)]
pub(crate) struct Offer<'c> {
    /// The place.
    pub(crate) placement: &'c Placement,
    /// Whose it is.
    pub(crate) publisher: &'c Publisher,
    /// The deals that it offers.
    pub(crate) deals: Vec<&'c Deal>,
    /// The currencies that can be compared with its floor's.
    pub(crate) rates: &'c RateTable,
    /// Entries that one list of a request may have.
    pub(crate) choices: usize,
    /// How late its impressions may be.
    pub(crate) delays: UsualDelays,
}

/// What the connection tells about the visitor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Visitor<'a> {
    /// Whether the visitor's own browser calls.
    pub(crate) is_browser: bool,
    /// Address of the peer.
    pub(crate) ip: &'a str,
    /// Our id of the browser, as its cookie says.
    pub(crate) id: Option<&'a str>,
    /// It sends Global Privacy Control.
    pub(crate) gpc: bool,
    /// `User-Agent`.
    pub(crate) user_agent: Option<&'a str>,
    /// `Accept-Language`.
    pub(crate) language: Option<&'a str>,
    /// `Sec-GPC: 1`: nothing is to be sold or shared (C-163).
    pub(crate) opts_out: bool,
    /// `DNT: 1` (C-142).
    pub(crate) untracked: bool,
}

#[derive(Serialize)]
struct Request<'a> {
    id: &'a str,
    at: i32,
    tmax: u32,
    imp: [Imp<'a>; 1],
    cur: Vec<Currency>,
    site: Value,
    device: Value,
    #[serde(skip_serializing_if = "Map::is_empty")]
    user: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Map::is_empty")]
    regs: Map<String, Value>,
    source: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    badv: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    bcat: Vec<&'a str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    bapp: &'a [String],
}

#[derive(Serialize)]
struct Imp<'a> {
    id: &'static str,
    tagid: &'a PlacementId,
    #[serde(with = "units::json::cpm")]
    bidfloor: CpmMicros,
    bidfloorcur: Currency,
    secure: i32,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pmp: Option<Pmp<'a>>,
    #[serde(flatten)]
    media: Map<String, Value>,
}

/// OpenRTB 2.6 §3.2.11.
#[derive(Serialize)]
struct Pmp<'a> {
    private_auction: i32,
    deals: Vec<Offered<'a>>,
}

/// OpenRTB 2.6 §3.2.12. What the deal does not say is not written: it has its own default (C-62, C-63).
#[derive(Serialize)]
struct Offered<'a> {
    id: &'a str,
    #[serde(with = "units::json::cpm_opt", skip_serializing_if = "Option::is_none")]
    bidfloor: Option<CpmMicros>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bidfloorcur: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    guar: Option<i32>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    wseat: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    wadomain: &'a [String],
}

impl<'a> Offered<'a> {
    fn of(deal: &'a Deal) -> Self {
        Self {
            id: deal.id.as_str(),
            bidfloor: deal.floor,
            bidfloorcur: deal.floor.map(|_| deal.currency),
            at: deal.at,
            guar: deal.guaranteed.then_some(1),
            wseat: &deal.wseat,
            wadomain: &deal.wadomain,
        }
    }
}

/// The private marketplace of an offer; without deals there is one only where nothing else is sold, and then nobody
/// may bid (C-25).
fn pmp<'a>(offer: &Offer<'a>) -> Option<Pmp<'a>> {
    let is_private = offer.placement.private_auction;
    (is_private || !offer.deals.is_empty()).then(|| Pmp {
        private_auction: i32::from(is_private),
        deals: offer.deals.iter().map(|deal| Offered::of(deal)).collect(),
    })
}

/// The bid request of a visit; `id` is its own.
pub(crate) fn bid_request(
    id: &str,
    offer: &Offer<'_>,
    ask: &AdRequest,
    visitor: Visitor<'_>,
) -> String {
    let (placement, publisher) = (offer.placement, offer.publisher);
    let battr: Vec<i32> = [&placement.battr[..], &publisher.battr[..]].concat();
    let media = placement.formats.iter().map(|format| {
        let (name, medium) = medium(*format, placement, &battr);
        (name.to_owned(), medium)
    });
    let imp = Imp {
        id: "1",
        tagid: &placement.id,
        bidfloor: placement.floor,
        bidfloorcur: placement.floor_currency,
        secure: 1,
        exp: longest_delay(offer),
        pmp: pmp(offer),
        media: media.collect(),
    };
    let request = Request {
        id,
        at: match placement.auction_type {
            AuctionType::FirstPrice => 1,
            AuctionType::SecondPrice => 2,
        },
        tmax: TMAX_MS,
        imp: [imp],
        cur: currencies(offer),
        site: site(publisher, ask.page.as_deref()),
        device: device(ask.device.clone(), visitor),
        user: &ask.user,
        regs: regs(ask.regs.clone(), visitor),
        source: json!({"fd": 0, "tid": id}),
        badv: both(&placement.badv, &publisher.badv),
        bcat: both(&placement.bcat, &publisher.bcat),
        bapp: &publisher.bapp,
    };
    serde_json::to_string(&request).unwrap_or_default()
}

/// Every currency that bids may have, that of the floor first: the answer is told in it.
fn currencies(offer: &Offer<'_>) -> Vec<Currency> {
    let floor = offer.placement.floor_currency;
    let rated = offer.rates.per_usd.keys().copied();
    let rated = rated.filter(|it| offer.rates.per_usd(*it).is_some() && *it != Currency::USD);
    let all = [Currency::USD].into_iter().chain(rated);
    let others = all.filter(|currency| *currency != floor);
    let most = offer.choices.min(MOST_CURRENCIES);
    [floor].into_iter().chain(others).take(most).collect()
}

/// The longest that an ad of the placement is usually on its way to a page, in seconds (OpenRTB 2.6 §7.2).
fn longest_delay(offer: &Offer<'_>) -> i64 {
    let delays = offer.placement.formats.iter().map(|format| match format {
        CreativeFormat::Video | CreativeFormat::Audio => offer.delays.video,
        CreativeFormat::Banner | CreativeFormat::Responsive | CreativeFormat::Native => {
            offer.delays.web
        }
    });
    delays.max().map_or(0, |longest| longest.0 / 1_000)
}

/// What the placement blocks, and what its publisher does.
fn both<'a>(own: &'a [String], all: &'a [String]) -> Vec<&'a str> {
    own.iter().chain(all).map(String::as_str).collect()
}

fn medium(format: CreativeFormat, placement: &Placement, battr: &[i32]) -> (&'static str, Value) {
    let sizes: Vec<(u32, u32)> = placement
        .sizes
        .iter()
        .filter_map(|size| pixels(size))
        .collect();
    match format {
        CreativeFormat::Banner | CreativeFormat::Responsive => {
            let format: Vec<Value> = sizes.iter().map(|(w, h)| json!({"w": w, "h": h})).collect();
            ("banner", json!({"format": format, "battr": battr}))
        }
        CreativeFormat::Video => {
            let (w, h) = sizes.first().copied().unwrap_or((640, 360));
            let video = json!({
                "mimes": ["video/mp4", "video/webm"], "protocols": PROTOCOLS, "w": w, "h": h,
                "minduration": 1, "maxduration": 60, "startdelay": 0, "plcmt": 1, "linearity": 1,
                "battr": battr,
            });
            ("video", video)
        }
        CreativeFormat::Audio => {
            let audio = json!({
                "mimes": ["audio/mpeg", "audio/mp4"], "protocols": PROTOCOLS,
                "minduration": 1, "maxduration": 60, "battr": battr,
            });
            ("audio", audio)
        }
        CreativeFormat::Native => {
            let wanted = json!({
                "ver": "1.2", "context": 1, "plcmttype": 1,
                "assets": [
                    {"id": 1, "required": 1, "title": {"len": 90}},
                    {"id": 2, "required": 0, "data": {"type": 2, "len": 140}},
                    {"id": 3, "required": 0, "img": {"type": 3, "wmin": 300, "hmin": 157}},
                    {"id": 4, "required": 0, "data": {"type": 1, "len": 40}},
                ],
                "eventtrackers": [{"event": 1, "methods": [1]}, {"event": 2, "methods": [1]}],
            });
            let native = json!({"ver": "1.2", "request": wanted.to_string(), "battr": battr});
            ("native", native)
        }
    }
}

/// `300x250` as numbers.
pub(crate) fn pixels(size: &str) -> Option<(u32, u32)> {
    let (width, height) = size.split_once('x')?;
    Some((width.parse().ok()?, height.parse().ok()?))
}

fn site(publisher: &Publisher, page: Option<&str>) -> Value {
    let owner = json!({"id": publisher.id, "name": publisher.name, "domain": publisher.domain});
    let mut site = json!({"id": publisher.id, "domain": publisher.domain, "publisher": owner});
    if let Some(page) = page {
        site["page"] = json!(page);
    }
    site
}

/// What the connection tells is of the device where the device itself calls: a browser, or whoever describes no other.
/// A server that asks for its visitors describes theirs, and what it leaves out is not its own.
fn device(mut device: Map<String, Value>, visitor: Visitor<'_>) -> Value {
    if !device.is_empty() && !visitor.is_browser {
        return Value::Object(device);
    }
    let mut fill = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            device.entry(key).or_insert_with(|| json!(value));
        }
    };
    fill("ua", visitor.user_agent);
    fill("language", visitor.language.and_then(|list| list.get(..2)));
    let key = if visitor.ip.contains(':') {
        "ipv6"
    } else {
        "ip"
    };
    if visitor.untracked {
        device.entry("dnt").or_insert_with(|| json!(1));
    }
    if !device.contains_key("ip") && !device.contains_key("ipv6") {
        device.insert(key.into(), json!(visitor.ip));
    }
    Value::Object(device)
}

/// What the page says, and what the browser's own header does.
fn regs(mut regs: Map<String, Value>, visitor: Visitor<'_>) -> Map<String, Value> {
    if visitor.opts_out
        && let Some(ext) = regs
            .entry("ext")
            .or_insert_with(|| json!({}))
            .as_object_mut()
    {
        ext.entry("gpc").or_insert_with(|| json!("1"));
    }
    regs
}

#[cfg(test)]
mod tests;
