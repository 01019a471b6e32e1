//! Every rule has words of its own: the value seen, the value wanted, and what would have to hold.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use std::collections::BTreeSet;
use std::sync::Arc;

use bidder_core::choose::Limits as Bids;
use bidder_core::decide::Instant;
use bidder_core::eligibility::Ineligible;
use bidder_core::explain::{Failure, Question, Situation, explain};
use bidder_core::index::{FetchedList, SharedLists};
use bidder_core::market::Market;
use bidder_core::opportunity::Opportunity;
use bidder_core::record::Funds;
use bidder_core::user::User;
use contracts::catalog::ListKind;
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};
use shop::{BOOT, NOW, Shop, imp, request};
use units::Nanos;

/// A rule, line items of which the last is asked about, a request of which the last imp is; and the value
/// seen, the value wanted and the condition.
struct Row(&'static str, Value, Value, [&'static str; 3]);

/// What the explanation says of a rule.
fn told(row: &Row) -> Failure {
    let Row(rule, items, asked, _) = row;
    let items = items
        .as_array()
        .cloned()
        .unwrap_or_else(|| vec![items.clone()]);
    let mut catalog = shop::catalog(&items);
    if *rule == "unsigned" {
        catalog.notice_keys.clear();
    }
    let mut shop = Shop::of(catalog);
    if *rule == "shared_list" {
        let id = "news".into();
        let lists = SharedLists::build([FetchedList {
            id: &id,
            kind: ListKind::Domain,
            version: 1,
            lines: "other.example",
        }]);
        let url = "http://127.0.0.1:8002";
        shop.market = Market::with_lists(&shop.catalog, &Arc::new(lists), &shop.leases, url);
    }
    match *rule {
        "lease_pending" => {}
        "budget_exhausted" => shop.fund(Nanos(500_000)),
        _ => shop.fund(Nanos(1_000_000_000)),
    }
    let body = asked.to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let mut opportunity = Opportunity::read(&request, &shop.market.rates).unwrap();
    opportunity.surroundings.body = Some(body.as_bytes());
    opportunity.surroundings.source = Some("ssp");
    if *rule == "not_approved_there" {
        opportunity.reviewed_by = Some("ssp");
    }
    let situation = Situation {
        opportunity: &opportunity,
        market: &shop.market,
        user: &User::default(),
        at: Instant {
            now: NOW,
            boot: BOOT,
        },
        funds: &Funds::looking(Vec::new()),
        seed: 1,
        limits: Bids::default(),
        shading: None,
    };
    let last = format!("li_{}", items.len() - 1);
    let claimed: &[usize] = if *rule == "duplicate_opportunity" {
        &[0]
    } else {
        &[]
    };
    let question = Question {
        line_item: Some(&last),
        campaign: None,
        most: usize::MAX,
        imps: usize::MAX,
        claimed,
    };
    let explanation = explain(&situation, &question, &mut shop.scratch);
    let told = &explanation.imps.last().unwrap().line_items[0];
    assert_eq!(told.reason, Some(*rule), "{:?}", told.failures);
    assert!(!told.would_bid);
    told.failures[0].clone()
}

fn rows() -> Vec<Row> {
    let asks = |targeting: Value| json!({"targeting": targeting});
    let creative = |differs: Value| json!({"creative": differs});
    let banner = |differs: Value| {
        let mut ad = json!({"format": "banner", "width": 300, "height": 250, "markup": "<b>x</b>"});
        for (key, value) in differs.as_object().unwrap() {
            ad[key] = value.clone();
        }
        json!({"creative": ad})
    };
    let video = |differs: Value| {
        let mut ad = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
        for (key, value) in differs.as_object().unwrap() {
            ad[key] = value.clone();
        }
        json!({"creative": ad})
    };
    let native = json!({"creative": {"format": "native", "assets": {"title": "Spring sale"}}});
    let place = |differs: Value| {
        let mut place = json!({"w": 300, "h": 250});
        for (key, value) in differs.as_object().unwrap() {
            place[key] = value.clone();
        }
        imp(json!({"banner": place}))
    };
    let player = |differs: Value| {
        let mut player = json!({"mimes": ["video/mp4"], "protocols": [3], "w": 640, "h": 360});
        for (key, value) in differs.as_object().unwrap() {
            player[key] = value.clone();
        }
        imp(json!({"banner": null, "video": player}))
    };
    let assets = json!({"assets": [{"id": 1, "title": {"len": 90}}, {"id": 2, "required": 1, "img": {"type": 3, "wmin": 1200, "hmin": 627}}]});
    let deal = |differs: Value| {
        let mut deal = json!({"id": "D-1"});
        for (key, value) in differs.as_object().unwrap() {
            deal[key] = value.clone();
        }
        imp(json!({"pmp": {"deals": [deal]}}))
    };
    let wants = |demands: Value| json!({"demands": demands});
    let plain = || request(json!({}));
    let two_imps = json!({"imp": [
        {"id": "1", "banner": {"w": 300, "h": 250}}, {"id": "2", "banner": {"w": 300, "h": 250}},
    ]});
    let slot = |id: &str, length: u32| json!({"id": id, "video": {"mimes": ["video/mp4"], "protocols": [3], "podid": "p", "maxduration": length}});
    let pod = |seconds: u32| json!({"imp": [{"id": "1", "video": {"mimes": ["video/mp4"], "protocols": [3], "poddur": seconds, "maxseq": 4}}]});
    let rival = |length: u32, cpm: f64| {
        let mut ad = video(json!({"duration_seconds": length, "adomain": ["rival.example"]}));
        ad["cpm"] = json!(cpm);
        ad["advertiser"] = json!("rival");
        ad
    };
    let cap = json!([{"scope": "line_item", "count": 1, "window": {"sliding_seconds": 3_600}}]);
    let arms = |arm: Value| json!({"choosing": {"experiment": {"salt": "s", "arms": [arm]}}});
    #[rustfmt::skip]
    let rows = vec![
        Row("not_started", json!({"starts_at": NOW.0 + 1_000}), plain(), ["2026-11-22T22:45:57.000Z", "from 2026-11-22T22:45:58.000Z", "its flight had begun (2026-11-22T22:45:58.000Z)"]),
        Row("ended", json!({"ends_at": NOW.0}), plain(), ["2026-11-22T22:45:57.000Z", "before 2026-11-22T22:45:57.000Z", "its flight were not over (since 2026-11-22T22:45:57.000Z)"]),
        Row("outside_dayparts", asks(json!({"dayparts": ["mon-fri 00-24"]})), plain(), ["day 6 hour 22 of its week", "mon 00-24, tue 00-24, wed 00-24, thu 00-24, fri 00-24", "it were an hour of its day parts, mon 00-24, tue 00-24, wed 00-24, thu 00-24, fri 00-24"]),
        Row("country", asks(json!({"countries": ["DE", "FR"]})), plain(), ["USA", "DEU, FRA", "the country were DEU or FRA"]),
        Row("region", asks(json!({"regions": ["NY"]})), plain(), ["ca, us-ca", "ny", "the region were ny"]),
        Row("city", asks(json!({"cities": ["Berlin"]})), plain(), ["oakland", "berlin", "the city were berlin"]),
        Row("metro", asks(json!({"metros": ["501"]})), plain(), ["nothing", "501", "the metro were 501"]),
        Row("postal_code", asks(json!({"postal_codes": ["94601"]})), plain(), ["nothing", "94601", "the postal code were 94601"]),
        Row("radius", asks(json!({"radius": [{"lat": 52.5, "lon": 13.4, "metres": 10_000}]})), plain(), ["nothing", "{\"radius\":[{\"lat\":52.5,\"lon\":13.4,\"metres\":10000}]}", "this held: {\"radius\":[{\"lat\":52.5,\"lon\":13.4,\"metres\":10000}]}"]),
        Row("device_type", asks(json!({"device_types": ["mobile"]})), plain(), ["desktop", "mobile", "the device were mobile"]),
        Row("os", asks(json!({"os": ["ios"]})), plain(), ["windows", "ios", "the operating system were ios"]),
        Row("os_version", asks(json!({"os_versions": [{"os": "windows", "min": "11"}]})), plain(), ["windows", "{\"os_versions\":[{\"min\":\"11\",\"os\":\"windows\"}]}", "this held: {\"os_versions\":[{\"min\":\"11\",\"os\":\"windows\"}]}"]),
        Row("make", asks(json!({"makes": ["apple"]})), plain(), ["nothing", "apple", "the device's make were apple"]),
        Row("model", asks(json!({"models": ["iphone"]})), plain(), ["nothing", "iphone", "the device's model were iphone"]),
        Row("browser", asks(json!({"browsers": ["firefox"]})), plain(), ["nothing", "firefox", "the browser were firefox"]),
        Row("carrier", asks(json!({"carriers": ["telekom"]})), plain(), ["nothing", "telekom", "the carrier were telekom"]),
        Row("connection_type", asks(json!({"connection_types": ["wifi"]})), plain(), ["nothing", "wifi", "the connection were wifi"]),
        Row("language", asks(json!({"languages": ["de"]})), plain(), ["en", "de", "the language were de"]),
        Row("domain", asks(json!({"domains": {"exclude": ["news.example"]}})), plain(), ["news.example, example", "none of news.example", "the domain were none of news.example"]),
        Row("bundle", asks(json!({"bundles": ["com.example"]})), plain(), ["nothing", "com.example", "the app were com.example"]),
        Row("category", asks(json!({"categories": ["IAB1"]})), plain(), ["iab12-1, iab12", "iab1", "the content's category were iab1"]),
        Row("keyword", asks(json!({"keywords": ["golf"]})), plain(), ["nothing", "golf", "the keywords had golf"]),
        Row("publisher", asks(json!({"publishers": ["p1"]})), plain(), ["nothing", "p1", "the publisher were p1"]),
        Row("exchange", asks(json!({"exchanges": ["other"]})), plain(), ["ssp", "other", "the exchange were other"]),
        Row("venue_type", asks(json!({"venue_types": ["transit"]})), plain(), ["nothing", "transit", "the venue's type were transit"]),
        Row("shared_list", asks(json!({"lists": ["news"]})), plain(), ["nothing", "news", "the domain, app or postal code were in the list news"]),
        Row("list_pending", asks(json!({"lists": ["news"]})), plain(), ["not here yet", "its shared lists", "its shared lists were here"]),
        Row("gender", asks(json!({"genders": ["female"]})), plain(), ["nothing", "female", "the user's gender were female"]),
        Row("age", asks(json!({"age_range": {"min_age": 18, "max_age": 20}})), plain(), ["nothing", "18, 19, 20", "the user's age were 18 or 19 or 20"]),
        Row("interest", asks(json!({"interests": ["golf"]})), plain(), ["nothing", "golf", "the user's interests had golf"]),
        Row("segment", asks(json!({"segments": ["s1"]})), plain(), ["nothing", "s1", "the user's segments had s1"]),
        Row("visits", asks(json!({"visits": [{"segment": "s1", "at_least": 3}]})), plain(), ["nothing", "{\"visits\":[{\"at_least\":3,\"segment\":\"s1\"}]}", "this held: {\"visits\":[{\"at_least\":3,\"segment\":\"s1\"}]}"]),
        Row("position", asks(json!({"positions": ["header"]})), plain(), ["nothing", "header", "the position were header"]),
        Row("placement_type", asks(json!({"placement_types": ["instream"]})), plain(), ["nothing", "instream", "the placement were instream"]),
        Row("interstitial", asks(json!({"interstitial": true})), plain(), ["false", "true", "instl were true"]),
        Row("rewarded", asks(json!({"rewarded": true})), plain(), ["false", "true", "rwdd were true"]),
        Row("skippable", asks(json!({"skippable": true})), plain(), ["nothing", "true", "skip were true"]),
        Row("in_pod", asks(json!({"in_pod": true})), plain(), ["false", "true", "in_pod were true"]),
        Row("size_range", asks(json!({"size_ranges": [{"min_width": 728, "max_width": 970, "max_height": 90}]})), plain(), ["300x250", "{\"size_ranges\":[{\"max_height\":90,\"max_width\":970,\"min_width\":728}]}", "this held: {\"size_ranges\":[{\"max_height\":90,\"max_width\":970,\"min_width\":728}]}"]),
        Row("rule", asks(json!({"rule": {"any": [{"countries": ["DE"]}, {"os": ["ios"]}]}})), plain(), ["{\"countries\":[\"DE\"]} is false, {\"os\":[\"ios\"]} is false", "the rule true", "its rule held, in which now {\"countries\":[\"DE\"]} is false, {\"os\":[\"ios\"]} is false"]),
        Row("deal", asks(json!({"deals": ["D-1"]})), plain(), ["nothing", "D-1", "the imp offered the deal D-1"]),
        Row("private_auction", json!({}), imp(json!({"pmp": {"private_auction": 1, "deals": [{"id": "D-1"}]}})), ["D-1", "a deal that it names", "it named a deal of this private auction"]),
        Row("deal_seat", asks(json!({"deals": ["D-1"]})), deal(json!({"wseat": ["other"]})), ["D-1", "a deal of its own for its seat seat-shop", "its deal were open to its seat seat-shop"]),
        Row("deal_terms", asks(json!({"deals": ["D-1"]})), deal(json!({"at": 7})), ["D-1 at 7", "at 1, 2 or 3", "the auction type of its deal were 1, 2 or 3"]),
        Row("deal_advertiser", asks(json!({"deals": ["D-1"]})), deal(json!({"wadomain": ["rival.example"]})), ["wadomain rival.example", "shop.example in wadomain", "its deal were open to shop.example"]),
        Row("seat_not_allowed", json!({}), request(json!({"wseat": ["other"]})), ["other", "seat-shop in wseat", "wseat had its seat seat-shop"]),
        Row("seat_blocked", json!({}), request(json!({"bseat": ["seat-shop"]})), ["seat-shop", "seat-shop not in bseat", "bseat did not have its seat seat-shop"]),
        Row("unsigned", json!({}), plain(), ["no key", "a key to sign notices with", "the catalog carried a key to sign notices with"]),
        Row("advertiser_blocked", json!({}), request(json!({"badv": ["shop.example"]})), ["shop.example", "shop.example not in badv", "badv did not cover shop.example"]),
        Row("category_blocked", creative(json!({"categories": ["IAB7-1"]})), request(json!({"bcat": ["IAB7"]})), ["IAB7", "IAB7-1 not in bcat", "bcat did not cover its categories IAB7-1"]),
        Row("category_not_allowed", creative(json!({"categories": ["IAB7-1"]})), request(json!({"acat": ["IAB1"]})), ["IAB1", "all of IAB7-1 in acat", "acat covered all its categories IAB7-1"]),
        Row("category_not_allowed", creative(json!({"categories": ["IAB7-1"]})), request(json!({"acat": ["IAB7"], "cattax": 6})), ["IAB7 of taxonomy 6", "categories of taxonomy 1 in acat", "acat were of its creative's taxonomy 1"]),
        Row("app_blocked", creative(json!({"bundle": "com.shop"})), request(json!({"bapp": ["com.shop"]})), ["com.shop", "com.shop not in bapp", "bapp did not have com.shop"]),
        Row("language_not_allowed", creative(json!({"language": "fr"})), request(json!({"wlang": ["de", "en"]})), ["de, en", "fr", "fr, the language of its creative, were among de, en"]),
        Row("creative_pending", creative(json!({"review": "pending"})), plain(), ["pending", "approved", "its creative were approved in review"]),
        Row("creative_rejected", creative(json!({"review": "rejected"})), plain(), ["rejected", "approved", "its creative were approved after all"]),
        Row("not_approved_there", json!({}), plain(), ["no verdict of ssp", "approved by ssp", "ssp had approved its creative"]),
        Row("not_secure", banner(json!({"markup": "<img src=\"http://cdn.example/x.png\">"})), imp(json!({"secure": 1})), ["secure 1, and http: in its markup", "no http:", "its markup and our trackers were https"]),
        Row("interstitial_not_wanted", banner(wants(json!({"interstitial": false}))), imp(json!({"instl": 1})), ["instl 1", "instl 0, as its creative demands", "instl were 0"]),
        Row("reward_not_wanted", banner(wants(json!({"rewarded": true}))), plain(), ["rwdd 0", "rwdd 1, as its creative demands", "rwdd were 1"]),
        Row("attribute_blocked", banner(json!({"attributes": [3, 21]})), place(json!({"battr": [1, 3]})), ["battr 1, 3", "none of its attributes 3, 21 in battr", "battr did not have 3, an attribute of its creative"]),
        Row("api_not_supported", banner(json!({"apis": [7]})), place(json!({"api": [5]})), ["api 5", "7 in api", "api had its creative's frameworks 7"]),
        Row("ad_type_blocked", json!({}), place(json!({"btype": [2]})), ["btype 2", "2, the type of its markup, not in btype", "btype did not have 2, the type of its markup"]),
        Row("mime_not_allowed", json!({}), place(json!({"mimes": ["image/png"]})), ["image/png", "text/html", "mimes had text/html"]),
        Row("mime_not_allowed", video(json!({"mime": "video/webm"})), player(json!({})), ["video/mp4", "video/webm", "mimes had video/webm"]),
        Row("expansion_not_allowed", banner(json!({"expands": [1, 3]})), place(json!({"expdir": [1, 2]})), ["expdir 1, 2", "1, 3 in expdir", "expdir had its creative's directions 1, 3"]),
        Row("format_not_offered", video(json!({})), plain(), ["banner 300x250", "video", "the imp offered video"]),
        Row("size_not_offered", video(json!({"width": 640, "height": 480})), player(json!({"boxingallowed": 0})), ["a player of 640x360 without bars", "the shape of 640x480", "the player had the shape of 640x480, or bars were allowed"]),
        Row("protocol_not_supported", video(json!({})), player(json!({"protocols": [5, 6]})), ["protocols 5, 6", "one of 13, 15, 11, 7, 3, 2", "protocols had one of 13, 15, 11, 7, 3, 2, which its document can be"]),
        Row("length_not_allowed", video(json!({})), player(json!({"rqddurs": [6, 30]})), ["exactly 6, 30 s", "15 s taken", "a length of 15 s were taken"]),
        Row("length_not_allowed", creative(json!({"format": "video", "vast_url": "https://ads.example/tag"})), player(json!({"protocols": [6], "maxduration": 30})), ["0 to 30 s, and a document whose length is not known", "any length taken, or a length that is known", "the length of its document were known"]),
        Row("skip_not_allowed", video(json!({"attributes": [16]})), player(json!({"skip": 1})), ["skip 1: the player adds a button", "skip 0: its document has a button of its own", "skip were not 1, for its document has a button of its own"]),
        Row("linearity_not_offered", video(json!({})), player(json!({"linearity": 2})), ["linearity 2", "linearity 1", "linearity were 1"]),
        Row("delivery_not_offered", video(json!({})), player(json!({"delivery": [1]})), ["delivery 1", "one of 2, 3", "delivery had one of 2, 3, the ways of its media"]),
        Row("bitrate_not_allowed", video(json!({"bitrate": 6001})), player(json!({"minbitrate": 400, "maxbitrate": 6000})), ["400 to 6000 kbit/s", "one of 6001 kbit/s", "minbitrate and maxbitrate took one of 6001 kbit/s"]),
        Row("playback_not_wanted", video(wants(json!({"playback_methods": [1, 3]}))), player(json!({"playbackmethod": [2, 1]})), ["the first playbackmethod 2", "1, 3, as its creative demands", "the first playbackmethod were 1, 3"]),
        Row("start_delay_not_wanted", video(wants(json!({"start_delays": [0]}))), player(json!({"startdelay": 600})), ["startdelay -1", "0, as its creative demands", "startdelay were 0"]),
        Row("position_not_wanted", banner(wants(json!({"positions": [1, 7]}))), place(json!({"pos": 3})), ["pos 3", "1, 7, as its creative demands", "pos were 1, 7"]),
        Row("slot_not_offered", video(wants(json!({"slot_in_pod": 1}))), player(json!({"podid": "p", "slotinpod": -1})), ["slotinpod -1", "1 or 2, as its creative demands", "slotinpod were 1 or 2"]),
        Row("companion_not_offered", video(json!({"companions": [{"url": "https://cdn.example/c.png", "mime": "image/png", "width": 300, "height": 250}], "demands": {"companion": true}})), player(json!({"companionad": [{"w": 728, "h": 90}]})), ["1 companion banners, none that fits", "a static one for image/png 300x250", "companionad took one of its companions image/png 300x250"]),
        Row("assets_missing", native, imp(json!({"banner": null, "native": {"request": assets.to_string()}})), ["required: asset 2, image 3 of at least 1200x627", "only assets that its creative can fill", "its creative could fill asset 2, image 3 of at least 1200x627"]),
        Row("floor_currency", json!({}), imp(json!({"bidfloorcur": "XAU"})), ["XAU", "a currency with a rate", "there were a rate for XAU"]),
        Row("under_floor", json!({"cpm": 1.0, "max_cpm": 1.4}), imp(json!({"bidfloor": 2.5})), ["1.4 USD", "at least 2.5 USD, the floor", "the floor were <= 1.4 USD"]),
        Row("price_zero", json!({"cpm": 0.0, "raise": null}), imp(json!({"bidfloor": 0.0})), ["nothing", "above zero and at least 0 USD, the floor", "its offer were above zero"]),
        Row("cap_met", json!({"on_cap_unknown": "bid", "caps": cap.clone()}), request(two_imps.clone()), ["0 of line_item:li_0, and 1 in this request", "fewer than 1", "line_item:li_0 were seen, or bid on in this request, fewer than 1 times since 2026-11-22T21:45:57.000Z"]),
        Row("cap_unknown", json!({"caps": cap.clone()}), plain(), ["not known", "known", "it were known what the user has seen"]),
        Row("lease_pending", json!({}), plain(), ["0 USD free", "0.002 USD", "it had a lease of 0.002 USD on this bidder"]),
        Row("budget_exhausted", json!({}), plain(), ["0.0005 USD free", "0.002 USD", "its budget had 0.0015 USD more on this bidder"]),
        Row("throttled", json!({"choosing": {"throttle": 1}}), plain(), ["a draw of 793713 in a million", "below 1", "its throttle, which looks at 1 opportunities in a million, looked at this one"]),
        Row("holdout", arms(json!({"name": "control", "share": 1_000_000, "holdout": true})), plain(), ["the user in the holdout arm control", "another arm", "the user were in another arm than control of its experiment"]),
        Row("no_turn", json!({"choosing": {"creative_weights": {"crt_0": 0}}}), plain(), ["a weight of 0", "a weight above 0", "one of its creatives had a weight above 0"]),
        Row("no_turn", arms(json!({"name": "b", "share": 1_000_000, "creatives": ["crt_9"]})), plain(), ["the user in the arm b", "a creative with a weight that the arm shows", "the arm b of its experiment showed one of its creatives"]),
        Row("deals_first", json!([{"targeting": {"deals": ["D-1"]}, "choosing": {"deals_first": true}}, {}]), deal(json!({})), ["crt_0 of li_0 on a deal", "no bid of its advertiser on a deal", "its advertiser bid on no deal of this imp, which goes first"]),
        Row("enough_in_request", json!([{"cpm": 9.0}, {"choosing": {"max_per_request": 1}}]), request(two_imps.clone()), ["bids of its advertiser on 1 of the other imps", "on fewer than 1, its max_per_request", "its max_per_request (1) allowed one imp more"]),
        Row("pod_separation", json!([rival(15, 9.0), rival(15, 1.0)]), request(json!({"imp": [slot("1", 30), slot("2", 30)]})), ["crt_0 of li_0 in the pod", "no ad of its advertiser, creative or category in the pod", "crt_0 of li_0 were not in the same pod"]),
        Row("pod_full", json!([rival(25, 9.0), video(json!({"duration_seconds": 15}))]), request(pod(30)), ["less than 15 s left of 30 s", "room for 15 s", "the dearer ads left 15 s of the pod"]),
        Row("quantity_too_large", json!({}), request(json!({"site": null, "dooh": {"id": "panel-1"}, "imp": [{"id": "1", "banner": {"w": 300, "h": 250}, "qty": {"multiplier": 5000.5}}]})), ["a display that counts for 5000.5 impressions", "at most 1000, bids.quantity", "a display counted for at most 1000 impressions (bids.quantity)"]),
        Row("duplicate_opportunity", json!({}), request(json!({"source": {"tid": "t-1"}})), ["another request's bid on tid t-1, imp 1", "no other request's bid", "no other request had bid on the opportunity t-1, imp 1"]),
    ];
    rows
}

#[test]
fn every_rule_has_its_words() {
    let mut rules = BTreeSet::new();
    for row in rows() {
        let failure = told(&row);
        let Row(rule, .., want) = row;
        let got = [&failure.seen, &failure.wanted, &failure.condition].map(String::as_str);
        assert_eq!(got, want, "{rule}");
        rules.insert(rule);
    }
    let all: BTreeSet<_> = Ineligible::ALL.map(Ineligible::label).into();
    let untold: Vec<_> = all.difference(&rules).collect();
    assert_eq!(untold, [&""; 0], "rules without a row");
}
