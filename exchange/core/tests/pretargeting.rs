//! Who is asked about what, by what partners want (X-110): sets of partners against a naive check.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

mod support;

use contracts::catalog::{
    AllowBlock, CreativeFormat, DemandPartner, OpenRtbVersion, PartnerStatus, Pretargeting,
};
use exchange_core::domain;
use exchange_core::routing::{NotAsked, View};
use exchange_core::{Medium, deals};
use openrtb::{BidRequest, Imp};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};
use support::{intake, market, partner, planned};

/// What becomes of one partner.
type Verdict = Result<Vec<View>, NotAsked>;

fn verdicts(request: &str, partners: &[DemandPartner]) -> Vec<Verdict> {
    let intake = intake(request);
    let market = market(partners);
    let plan = planned(&intake, &market, 1);
    (0..partners.len())
        .map(|index| {
            let asked = plan.asks.iter().find(|ask| ask.partner == index);
            let refused = plan.not_asked.iter().find(|(other, _)| *other == index);
            match (asked, refused) {
                (Some(ask), None) => Ok(ask.views.clone()),
                (None, Some((_, reason))) => Err(*reason),
                _ => panic!("partner {index} is neither asked nor left out, or both"),
            }
        })
        .collect()
}

/// The rule as the guide has it, one partner and one request at a time.
fn naive(request: &BidRequest<'_>, partner: &DemandPartner) -> Verdict {
    if !partner.status.is_active() {
        return Err(NotAsked::Inactive);
    }
    let seats = &partner.seats;
    if !seats.is_empty() && !seats.iter().any(|s| request.admits_seat(Some(s))) {
        return Err(NotAsked::Seats);
    }
    if partner.openrtb_version == OpenRtbVersion::V25 && request.dooh.is_some() {
        return Err(NotAsked::Dialect);
    }
    let wants = &partner.pretargeting;
    if !wants_context(request, wants) {
        return Err(NotAsked::Pretargeting);
    }
    let buyeruids = request
        .user
        .as_deref()
        .and_then(|user| user.ext?.path(&["prebid", "buyeruids"]));
    let known = buyeruids.is_some_and(|ids| ids.get(&partner.name).is_some());
    if wants.known_users_only && !known {
        return Err(NotAsked::UnknownUser);
    }
    let views: Vec<View> = request
        .imp
        .iter()
        .enumerate()
        .filter_map(|(at, imp)| naive_view(at, imp, partner))
        .collect();
    if views.is_empty() {
        return Err(NotAsked::NothingForIt);
    }
    Ok(views)
}

fn wants_context(request: &BidRequest<'_>, wants: &Pretargeting) -> bool {
    let device = request.device.as_deref();
    let country = device.and_then(|d| d.geo.as_deref()?.country.as_deref());
    if !wants.countries.is_empty() && !wants.countries.iter().any(|c| Some(c.as_str()) == country) {
        return false;
    }
    let kind = device.and_then(|d| d.devicetype).map(|kind| kind.0);
    let same_kind = |wanted: &i32| match (*wanted, kind) {
        (wanted, Some(kind)) if wanted == kind => true,
        (1, Some(4 | 5)) | (4 | 5, Some(1)) => true,
        _ => false,
    };
    if !wants.device_types.is_empty() && !wants.device_types.iter().any(same_kind) {
        return false;
    }
    let (domain, bundle, publisher) = match (&request.site, &request.app, &request.dooh) {
        (Some(site), ..) => (site.domain.as_deref(), None, site.publisher.as_deref()),
        (_, Some(app), _) => (None, app.bundle.as_deref(), app.publisher.as_deref()),
        (.., Some(dooh)) => (dooh.domain.as_deref(), None, dooh.publisher.as_deref()),
        _ => (None, None, None),
    };
    let permits = |names: &AllowBlock, is: &dyn Fn(&str) -> bool| {
        (names.allow.is_empty() || names.allow.iter().any(|name| is(name)))
            && !names.block.iter().any(|name| is(name))
    };
    let publisher = publisher.and_then(|p| p.id.as_deref());
    let of_inventory = if request.app.is_some() {
        permits(&wants.bundles, &|name| Some(name) == bundle)
    } else {
        permits(&wants.domains, &|name| {
            domain.is_some_and(|of| domain::covers(name, of))
        })
    };
    // "ssp-1" is the seller of the plans of these tests.
    of_inventory
        && permits(&wants.publishers, &|name| {
            Some(name) == publisher || name == "ssp-1"
        })
}

fn naive_view(at: usize, imp: &Imp<'_>, partner: &DemandPartner) -> Option<View> {
    let wants = &partner.pretargeting;
    let takes = |medium: &Medium| {
        let banner = imp.banner.as_deref().filter(|_| *medium == Medium::Banner);
        let sizes: Vec<(i32, i32)> = banner
            .iter()
            .flat_map(|b| {
                b.format
                    .iter()
                    .filter_map(|f| f.w.zip(f.h))
                    .chain(b.w.zip(b.h))
            })
            .collect();
        let flexible = banner.is_some_and(|b| b.format.iter().any(|f| f.wratio.is_some()));
        let of_size = |wanted: &String| {
            let (w, h) = wanted.split_once('x').unwrap();
            let (w, h) = (w.parse::<i32>().unwrap(), h.parse::<i32>().unwrap());
            sizes
                .iter()
                .any(|size| *size == (w, h) || (imp.instl() && w <= size.0 && h <= size.1))
        };
        let sized = wants.sizes.is_empty() || sizes.is_empty() || flexible;
        medium.is_taken(&partner.formats) && (sized || wants.sizes.iter().any(of_size))
    };
    let offered: Vec<Medium> = Medium::ALL
        .into_iter()
        .filter(|m| m.is_offered(imp))
        .collect();
    let dynamic = imp.video.as_deref().is_some_and(|v| v.poddur.is_some());
    if (dynamic && partner.openrtb_version == OpenRtbVersion::V25) || !offered.iter().any(takes) {
        return None;
    }
    let wanted = |id: &str| wants.deals.is_empty() || wants.deals.iter().any(|deal| deal == id);
    let without_deals: Vec<usize> = (0..imp.deals().len())
        .filter(|i| {
            let deal = &imp.deals()[*i];
            !deals::may_see(deal, partner) || !wanted(deal.id())
        })
        .collect();
    let sees_one = without_deals.len() < imp.deals().len();
    if !sees_one && (imp.is_private_auction() || !wants.deals.is_empty()) {
        return None;
    }
    Some(View {
        imp: at,
        without: offered
            .into_iter()
            .filter(|medium| !takes(medium))
            .collect(),
        without_deals,
    })
}

const SIZES: [&str; 4] = ["300x250", "728x90", "320x50", "320x480"];
const COUNTRIES: [&str; 3] = ["DEU", "FRA", "USA"];
const DOMAINS: [&str; 5] = [
    "news.example",
    "sport.news.example",
    "shop.example",
    "xnews.example",
    "example",
];
const BUNDLES: [&str; 3] = ["com.a.game", "com.b.chat", "123456"];
const PUBLISHERS: [&str; 3] = ["paper", "zeitung", "ssp-1"];
const DEALS: [&str; 3] = ["deal-1", "deal-2", "deal-3"];
const SEATS: [&str; 2] = ["seat-1", "seat-2"];
const NAMES: [&str; 3] = ["alpha", "beta", "gamma"];
const FORMATS: [CreativeFormat; 4] = [
    CreativeFormat::Banner,
    CreativeFormat::Video,
    CreativeFormat::Audio,
    CreativeFormat::Native,
];

/// Mostly nothing, else a few of them.
fn some_of<T: Clone + std::fmt::Debug + 'static>(of: &'static [T]) -> BoxedStrategy<Vec<T>> {
    prop_oneof![3 => Just(Vec::new()), 1 => subsequence(of, 1..=of.len())].boxed()
}

fn names(of: &'static [&'static str]) -> BoxedStrategy<Vec<String>> {
    some_of(of)
        .prop_map(|names| names.into_iter().map(str::to_owned).collect())
        .boxed()
}

fn rule(of: &'static [&'static str]) -> BoxedStrategy<AllowBlock> {
    (names(of), names(of))
        .prop_map(|(allow, block)| AllowBlock { allow, block })
        .boxed()
}

fn wishes() -> impl Strategy<Value = Pretargeting> {
    let place = (names(&SIZES), names(&COUNTRIES), some_of(&[1, 2, 3, 4, 5]));
    let inventory = (rule(&DOMAINS), rule(&BUNDLES), rule(&PUBLISHERS));
    (place, inventory, names(&DEALS), prop::bool::weighted(0.2)).prop_map(
        |((sizes, countries, device_types), (domains, bundles, publishers), deals, known)| {
            Pretargeting {
                sizes,
                countries,
                device_types,
                domains,
                bundles,
                publishers,
                deals,
                known_users_only: known,
            }
        },
    )
}

fn partners() -> impl Strategy<Value = Vec<DemandPartner>> {
    let one = (
        wishes(),
        some_of(&FORMATS),
        names(&SEATS),
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.9),
        select(&NAMES),
    )
        .prop_map(
            |(pretargeting, formats, seats, older, active, name)| DemandPartner {
                pretargeting,
                formats,
                seats,
                status: PartnerStatus::of(active),
                name: name.to_owned(),
                openrtb_version: if older {
                    OpenRtbVersion::V25
                } else {
                    OpenRtbVersion::V26
                },
                ..partner("p")
            },
        );
    let one = one.boxed();
    // Across a word of 64.
    prop_oneof![
        prop::collection::vec(one.clone(), 1..6),
        prop::collection::vec(one, 62..70)
    ]
}

/// Present three times out of four.
fn told(of: &'static [&'static str]) -> BoxedStrategy<Option<&'static str>> {
    prop::option::weighted(0.75, select(of)).boxed()
}

fn imp() -> impl Strategy<Value = Value> {
    let sizes = (some_of(&SIZES), told(&SIZES), prop::bool::weighted(0.1));
    let media = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        prop::bool::weighted(0.2),
    );
    let pmp = (names(&DEALS), names(&SEATS), any::<bool>());
    (sizes, media, pmp, any::<bool>()).prop_map(
        |(
            (formats, own, flexible),
            (banner, video, native, pod),
            (deals, wseat, closed),
            instl,
        )| {
            let sides = |size: &str| {
                let (w, h) = size.split_once('x').unwrap();
                json!({"w": w.parse::<i32>().unwrap(), "h": h.parse::<i32>().unwrap()})
            };
            let mut imp = json!({"instl": i32::from(instl)});
            if banner || !(video || native) {
                let mut banner = own.map_or_else(|| json!({}), sides);
                let mut listed: Vec<Value> = formats.into_iter().map(sides).collect();
                if flexible {
                    listed.push(json!({"wratio": 16, "hratio": 9}));
                }
                banner["format"] = listed.into();
                imp["banner"] = banner;
            }
            if video {
                imp["video"] = json!({"mimes": ["video/mp4"]});
                if pod {
                    imp["video"]["poddur"] = json!(60);
                }
            }
            if native {
                imp["native"] = json!({"request": "{}"});
            }
            if !deals.is_empty() {
                let deals: Vec<Value> = deals
                    .iter()
                    .enumerate()
                    .map(
                        |(n, id)| json!({"id": id, "wseat": if n == 0 { &wseat[..] } else { &[] }}),
                    )
                    .collect();
                imp["pmp"] = json!({"deals": deals, "private_auction": i32::from(closed)});
            }
            imp
        },
    )
}

fn request() -> impl Strategy<Value = String> {
    let device = (told(&COUNTRIES), prop::option::weighted(0.75, 1..=5));
    let inventory = (
        0..3_usize,
        told(&DOMAINS),
        told(&BUNDLES),
        told(&PUBLISHERS),
    );
    let imps = prop::collection::vec(imp(), 1..4);
    (device, inventory, imps, names(&NAMES), names(&SEATS)).prop_map(
        |((country, kind), (place, domain, bundle, publisher), mut imps, known, wseat)| {
            for (number, imp) in imps.iter_mut().enumerate() {
                imp["id"] = json!(number.to_string());
            }
            let mut request =
                json!({"id": "r", "imp": imps, "wseat": wseat, "device": {"geo": {}}});
            if let Some(country) = country {
                request["device"]["geo"]["country"] = json!(country);
            }
            if let Some(kind) = kind {
                request["device"]["devicetype"] = json!(kind);
            }
            let key = ["site", "app", "dooh"][place];
            request[key] = json!({"id": "place"});
            if let Some(domain) = domain.filter(|_| key != "app") {
                request[key]["domain"] = json!(domain);
            }
            if let Some(bundle) = bundle.filter(|_| key == "app") {
                request[key]["bundle"] = json!(bundle);
            }
            if let Some(publisher) = publisher {
                request[key]["publisher"] = json!({"id": publisher});
            }
            let ids: serde_json::Map<_, _> = known
                .into_iter()
                .map(|name| (name, json!("its-id")))
                .collect();
            request["user"] = json!({"ext": {"prebid": {"buyeruids": ids}}});
            request.to_string()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn sets_select_as_the_naive_check_does(request in request(), partners in partners()) {
        let read = intake(&request);
        let expect: Vec<Verdict> = partners.iter().map(|p| naive(&read.request, p)).collect();
        prop_assert_eq!(verdicts(&request, &partners), expect);
    }
}

/// A partner that wants one thing, the request's beginning, and whether the two meet.
struct Row(&'static str, Value, Value, bool);

#[test]
fn what_partners_want() {
    let banner = |w: i32, h: i32| json!({"imp": [{"id": "1", "banner": {"w": w, "h": h}}]});
    let video = json!({"imp": [{"id": "1", "video": {"mimes": ["video/mp4"]}}]});
    let site = |domain: &str| json!({"site": {"domain": domain}});
    let device = |device: Value| json!({ "device": device });
    #[rustfmt::skip]
    let rows = [
        Row("a size", json!({"sizes": ["300x250"]}), banner(300, 250), true),
        Row("another size", json!({"sizes": ["300x250"]}), banner(728, 90), false),
        Row("no size told", json!({"sizes": ["300x250"]}), json!({"imp": [{"id": "1", "banner": {}}]}), true),
        Row("video has no size", json!({"sizes": ["300x250"]}), video, true),
        Row("an interstitial takes less", json!({"sizes": ["300x250"]}), json!({"imp": [{"id": "1", "instl": 1, "banner": {"w": 320, "h": 480}}]}), true),
        Row("a country", json!({"countries": ["DEU"]}), device(json!({"geo": {"country": "DEU"}})), true),
        Row("its alpha-2", json!({"countries": ["DEU"]}), device(json!({"geo": {"country": "de"}})), true),
        Row("another country", json!({"countries": ["DEU"]}), device(json!({"geo": {"country": "FRA"}})), false),
        Row("no country told", json!({"countries": ["DEU"]}), device(json!({})), false),
        Row("no country at all listed", json!({"countries": ["XX"]}), device(json!({"geo": {"country": "FRA"}})), false),
        Row("a tablet where mobile is wanted", json!({"device_types": [1]}), device(json!({"devicetype": 5})), true),
        Row("mobile where a phone is wanted", json!({"device_types": [4]}), device(json!({"devicetype": 1})), true),
        Row("a tablet where a phone is wanted", json!({"device_types": [4]}), device(json!({"devicetype": 5})), false),
        Row("C-29 a subdomain", json!({"domains": {"allow": ["News.example"]}}), site("www.sport.news.EXAMPLE"), true),
        Row("C-29 not a suffix of a label", json!({"domains": {"allow": ["news.example"]}}), site("xnews.example"), false),
        Row("no domain told", json!({"domains": {"allow": ["news.example"]}}), json!({"site": {}}), false),
        Row("a blocked parent", json!({"domains": {"block": ["news.example"]}}), site("a.news.example"), false),
        Row("no domain told, some blocked", json!({"domains": {"block": ["news.example"]}}), json!({"site": {}}), true),
        Row("blocked beside allowed", json!({"domains": {"allow": ["example"], "block": ["news.example"]}}), site("news.example"), false),
        Row("domains are not about apps", json!({"domains": {"allow": ["news.example"]}}), json!({"app": {"bundle": "com.a"}}), true),
        Row("a bundle", json!({"bundles": {"allow": ["com.a"]}}), json!({"app": {"bundle": "com.a"}}), true),
        Row("a blocked bundle", json!({"bundles": {"block": ["com.a"]}}), json!({"app": {"bundle": "com.a"}}), false),
        Row("a publisher", json!({"publishers": {"allow": ["paper"]}}), json!({"site": {"publisher": {"id": "paper"}}}), true),
        Row("the seller's own id", json!({"publishers": {"block": ["ssp-1"]}}), site("a.example"), false),
        Row("a deal", json!({"deals": ["d"]}), json!({"imp": [{"id": "1", "banner": {}, "pmp": {"deals": [{"id": "d"}]}}]}), true),
        Row("another deal", json!({"deals": ["d"]}), json!({"imp": [{"id": "1", "banner": {}, "pmp": {"deals": [{"id": "e"}]}}]}), false),
        Row("a user it knows", json!({"known_users_only": true}), json!({"user": {"ext": {"prebid": {"buyeruids": {"p": "u"}}}}}), true),
        Row("a user it does not know", json!({"known_users_only": true}), json!({"user": {"id": "u"}}), false),
    ];
    for Row(row, wants, part, meet) in rows {
        let mut request = json!({"id": "r", "imp": [{"id": "1", "banner": {}}]});
        let members = part.as_object().unwrap().clone();
        request.as_object_mut().unwrap().extend(members);
        let partner = DemandPartner {
            pretargeting: serde_json::from_value(wants).unwrap(),
            ..partner("p")
        };
        let verdict = verdicts(&request.to_string(), &[partner]);
        assert_eq!(verdict[0].is_ok(), meet, "{row}: {verdict:?}");
    }
}

#[test]
fn what_is_not_wanted_is_cut_out_of_the_body() {
    // X-110
    let request = r#"{"id":"r","imp":[{"id":"1","banner":{"w":728,"h":90},"video":{"mimes":["video/mp4"]}},{"id":"2","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d"},{"id":"e"}]}},{"id":"3","banner":{"w":728,"h":90}}]}"#;
    let wanting = |wants: Value| DemandPartner {
        pretargeting: serde_json::from_value(wants).unwrap(),
        ..partner("p")
    };
    let intake = intake(request);
    let market = market(&[
        wanting(json!({"sizes": ["300x250"]})),
        wanting(json!({"deals": ["e"]})),
    ]);
    let plan = planned(&intake, &market, 1);
    let imps = |ask: usize| -> Value {
        let body = &plan.bodies[plan.asks[ask].body];
        serde_json::from_slice::<Value>(body).unwrap()["imp"].clone()
    };
    let asked: Value = serde_json::from_str(request).unwrap();
    let mut first = asked["imp"][0].clone();
    first.as_object_mut().unwrap().remove("banner");
    assert_eq!(imps(0), json!([first, asked["imp"][1]]));
    let mut second = asked["imp"][1].clone();
    second["pmp"]["deals"] = json!([{"id": "e"}]);
    assert_eq!(imps(1), json!([second]));
}
