//! From a placement and a visit to the bid request that is auctioned (OpenRTB 2.6 §3.2).

use contracts::catalog::{AuctionType, CreativeFormat, Deal, Placement, Publisher};
use serde::Serialize;
use serde_json::{Map, Value, json};
use units::{CpmMicros, Currency, PlacementId};

use super::request::AdRequest;

/// How long an auction of a placement may take, in milliseconds: a page waits longer than an SSP does.
const TMAX_MS: u32 = 300;

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
    cur: [Currency; 1],
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
        cur: [placement.floor_currency],
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
mod tests {
    use super::*;
    use contracts::catalog::{CreativePolicy, Status};
    use units::Multiplier;

    fn placement(formats: Vec<CreativeFormat>) -> (Placement, Publisher) {
        let placement = Placement {
            id: "top".into(),
            publisher: "paper".into(),
            name: "Top".into(),
            formats,
            sizes: vec!["300x250".into(), "336x280".into()],
            floor: CpmMicros::parse("1.10").unwrap(),
            floor_currency: Currency::USD,
            soft_floor: None,
            auction_type: AuctionType::SecondPrice,
            private_auction: false,
            badv: vec!["rival-paper.example".into()],
            bcat: Vec::new(),
            battr: vec![8],
            fallback: None,
            status: Status::Active,
        };
        let publisher = Publisher {
            id: "paper".into(),
            name: "Paper".into(),
            domain: "paper.example".into(),
            fee: Multiplier::new(100_000).unwrap(),
            currency: Currency::USD,
            badv: Vec::new(),
            bcat: vec!["IAB25".into()],
            creatives: CreativePolicy::default(),
            discounts: Vec::new(),
            increments: std::collections::BTreeMap::new(),
            bapp: vec!["com.rival".into()],
            battr: vec![3],
            account: None,
            status: Status::Active,
        };
        (placement, publisher)
    }

    fn of<'c>(placement: &'c Placement, publisher: &'c Publisher) -> Offer<'c> {
        Offer {
            placement,
            publisher,
            deals: Vec::new(),
        }
    }

    #[test]
    fn c_112_what_a_deal_says_is_offered_as_it_says_it() {
        let deal = |rest: &str| -> Deal {
            let text = format!(r#"{{"id":"d"{rest}}}"#);
            serde_json::from_str(&text).unwrap()
        };
        #[rustfmt::skip]
        let rows = [
            ("C-62 nothing but a name", "", json!({"id": "d"})),
            ("C-63 a floor and its currency", r#","floor":3000000,"currency":"EUR""#, json!({"id": "d", "bidfloor": 3, "bidfloorcur": "EUR"})),
            ("X-74 a floor of nothing is one", r#","floor":0"#, json!({"id": "d", "bidfloor": 0, "bidfloorcur": "USD"})),
            ("X-71", r#","floor":7500000,"at":3"#, json!({"id": "d", "bidfloor": 7.5, "bidfloorcur": "USD", "at": 3})),
            ("C-113", r#","at":1,"guaranteed":true"#, json!({"id": "d", "at": 1, "guar": 1})),
            ("C-112", r#","wseat":["s"],"wadomain":["a.example"]"#, json!({"id": "d", "wseat": ["s"], "wadomain": ["a.example"]})),
        ];
        let (mut placement, publisher) = placement(vec![CreativeFormat::Banner]);
        for (item, rest, want) in rows {
            let deal = deal(rest);
            let offer = Offer {
                deals: vec![&deal],
                ..of(&placement, &publisher)
            };
            let body = bid_request("r1", &offer, &AdRequest::default(), VISITOR);
            let value: Value = serde_json::from_str(&body).unwrap();
            let want = json!({"private_auction": 0, "deals": [want]});
            assert_eq!(value["imp"][0]["pmp"], want, "{item}");
            let limits = openrtb::Limits::default();
            let (_, repairs) = openrtb::BidRequest::read(body.as_bytes(), &limits).unwrap();
            assert!(repairs.is_empty(), "C-26 {item}: {repairs:?}");
        }
        let pmp = |placement: &Placement| -> Value {
            let offer = of(placement, &publisher);
            let body = bid_request("r1", &offer, &AdRequest::default(), VISITOR);
            let value: Value = serde_json::from_str(&body).unwrap();
            value["imp"][0]["pmp"].clone()
        };
        assert_eq!(pmp(&placement), Value::Null, "no deals, no marketplace");
        placement.private_auction = true;
        let closed = json!({"private_auction": 1, "deals": []});
        assert_eq!(pmp(&placement), closed, "C-25");
    }

    const VISITOR: Visitor<'_> = Visitor {
        is_browser: true,
        ip: "203.0.113.7",
        id: None,
        gpc: false,
        user_agent: Some("Mozilla/5.0"),
        language: Some("de-DE,de"),
        opts_out: false,
        untracked: false,
    };

    #[test]
    fn a_placement_becomes_a_legal_request() {
        let formats = vec![
            CreativeFormat::Banner,
            CreativeFormat::Video,
            CreativeFormat::Native,
        ];
        let (placement, publisher) = placement(formats);
        let ask = AdRequest {
            page: Some("https://paper.example/a".into()),
            ..AdRequest::default()
        };
        let body = bid_request("r1", &of(&placement, &publisher), &ask, VISITOR);
        let limits = openrtb::Limits::default();
        let (request, repairs) = openrtb::BidRequest::read(body.as_bytes(), &limits).unwrap();
        assert!(repairs.is_empty(), "we write strictly (C-26): {repairs:?}");
        let imp = &request.imp[0];
        assert!(imp.banner.is_some() && imp.video.is_some() && imp.native.is_some());
        assert_eq!(imp.bidfloor().micros(), 1_100_000);
        assert_eq!(request.at().0, 2);
        assert!(body.contains(r#""bidfloor":1.1,"#), "exact: {body}");
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["badv"], json!(["rival-paper.example"]));
        assert_eq!(
            value["bcat"],
            json!(["IAB25"]),
            "the publisher's list counts too"
        );
        assert_eq!(value["bapp"], json!(["com.rival"]));
        assert_eq!(value["imp"][0]["banner"]["battr"], json!([8, 3]));
        assert_eq!(value["device"]["ip"], "203.0.113.7");
        assert_eq!(value["device"]["language"], "de");
    }

    #[test]
    fn a_server_that_describes_a_device_is_not_that_device() {
        let (placement, publisher) = placement(vec![CreativeFormat::Banner]);
        let seen = json!({"ip": "203.0.113.7", "ua": "Mozilla/5.0", "language": "de"});
        #[rustfmt::skip]
        let rows = [
            ("a browser", true, "{}", seen.clone()),
            ("a browser that says more", true, r#"{"devicetype":4}"#, json!({"devicetype": 4, "ip": "203.0.113.7", "ua": "Mozilla/5.0", "language": "de"})),
            ("an app or player, of itself", false, "{}", seen),
            ("a server, of its visitor", false, r#"{"devicetype":4}"#, json!({"devicetype": 4})),
            ("a server that knows the address", false, r#"{"ip":"198.51.100.1"}"#, json!({"ip": "198.51.100.1"})),
        ];
        for (says, is_browser, told, want) in rows {
            let ask = AdRequest {
                device: serde_json::from_str(told).unwrap(),
                ..AdRequest::default()
            };
            let visitor = Visitor {
                is_browser,
                ..VISITOR
            };
            let body = bid_request("r1", &of(&placement, &publisher), &ask, visitor);
            let value: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(value["device"], want, "{says}");
        }
    }

    #[test]
    fn c_163_what_the_browser_and_its_page_say_of_privacy_goes_along() {
        let (placement, publisher) = placement(vec![CreativeFormat::Banner]);
        let ask =
            br#"{"placement_id":"top","user":{"consent":"CP"},"regs":{"gdpr":1,"ext":{"x":1}}}"#;
        let ask = AdRequest::read(ask).unwrap();
        let private = Visitor {
            opts_out: true,
            untracked: true,
            ..VISITOR
        };
        let body = bid_request("r1", &of(&placement, &publisher), &ask, private);
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(
            value["regs"],
            json!({"gdpr": 1, "ext": {"x": 1, "gpc": "1"}})
        );
        assert_eq!(value["user"]["consent"], "CP");
        assert_eq!(value["device"]["dnt"], 1);
        let silent = bid_request(
            "r1",
            &of(&placement, &publisher),
            &AdRequest::default(),
            VISITOR,
        );
        assert!(
            !silent.contains("regs") && !silent.contains("dnt"),
            "{silent}"
        );
    }

    #[test]
    fn what_the_publisher_says_of_the_visitor_is_kept() {
        let (placement, publisher) = placement(vec![CreativeFormat::Banner]);
        let mut ask = AdRequest::default();
        ask.device.insert("ip".into(), json!("198.51.100.1"));
        ask.user.insert("id".into(), json!("u1"));
        let body = bid_request("r1", &of(&placement, &publisher), &ask, VISITOR);
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["device"]["ip"], "198.51.100.1");
        assert_eq!(value["user"]["id"], "u1");
    }
}
