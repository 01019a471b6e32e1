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
        rates: &RATES,
        choices: 128,
        delays: UsualDelays::default(),
    }
}

static RATES: RateTable = RateTable {
    id: 0,
    per_usd: std::collections::BTreeMap::new(),
};

#[test]
fn x_73_every_currency_with_a_rate_may_bid_that_of_the_floor_first() {
    let code = |code: &str| Currency::parse(code).unwrap();
    let table = |codes: &[&str]| RateTable {
        id: 1,
        per_usd: codes.iter().map(|it| (code(it), 900_000_000)).collect(),
    };
    let many: Vec<String> = (0..40u8)
        .map(|n| {
            format!(
                "A{}{}",
                char::from(b'A' + n / 26),
                char::from(b'A' + n % 26)
            )
        })
        .collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (mut placement, publisher) = placement(vec![CreativeFormat::Banner]);
    #[rustfmt::skip]
    let rows = [
        ("no table", "USD", table(&[]), 128, vec!["USD"]),
        ("a floor in USD", "USD", table(&["EUR", "GBP", "USD"]), 128, vec!["USD", "EUR", "GBP"]),
        ("a floor in EUR", "EUR", table(&["EUR", "GBP"]), 128, vec!["EUR", "USD", "GBP"]),
        ("R37 no more than a list may have", "GBP", table(&["EUR", "GBP"]), 2, vec!["GBP", "USD"]),
        ("R37 a long table", "USD", table(&many), 128, [&["USD"][..], &many[..31]].concat()),
    ];
    for (item, floor, rates, choices, want) in rows {
        placement.floor_currency = code(floor);
        let offer = Offer {
            rates: &rates,
            choices,
            ..of(&placement, &publisher)
        };
        let body = bid_request("r1", &offer, &AdRequest::default(), VISITOR);
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["cur"], json!(want), "{item}");
    }
}

#[test]
fn x_57_a_placement_says_how_late_its_impressions_are() {
    #[rustfmt::skip]
    let rows = [
        (vec![CreativeFormat::Banner], 60),
        (vec![CreativeFormat::Native], 60),
        (vec![CreativeFormat::Audio], 300),
        (vec![CreativeFormat::Banner, CreativeFormat::Video], 300),
    ];
    for (formats, seconds) in rows {
        let (placement, publisher) = placement(formats);
        let offer = of(&placement, &publisher);
        let body = bid_request("r1", &offer, &AdRequest::default(), VISITOR);
        let value: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(value["imp"][0]["exp"], seconds, "{:?}", placement.formats);
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
    let ask = br#"{"placement_id":"top","user":{"consent":"CP"},"regs":{"gdpr":1,"ext":{"x":1}}}"#;
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
