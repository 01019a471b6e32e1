//! Shading in whole decisions, and against a market that bids by a seed.

#![allow(
    clippy::unwrap_used,
    reason = "a helper of a test stops where it cannot go on"
)]

mod shop;

use bidder_core::eligibility::{Fit, Medium};
use bidder_core::index::Size;
use bidder_core::random::Random;
use bidder_core::respond::{Dialect, Pages, Reply, Source, first_choices, respond};
use bidder_core::shading::{
    MinimumToWin, Place, Policy, Question, ShadingTable, ShadingView, shade,
};
use bidder_core::user::User;
use contracts::notice::{BillOn, NoticeClaims, NoticeKey};
use openrtb::{BidRequest, Limits};
use serde_json::{Value, json};
use shop::{NOW, Shop, imp, request};
use units::{AuctionId, CpmMicros, Nanos, Probability, UnixMillis};
use uuid::Uuid;

const POLICY: Policy = Policy {
    scopes: 1_000,
    samples: 20,
    half_life_ms: 24 * 3_600_000,
    keep_wins: Probability::ZERO,
    explore: Probability::ZERO,
};

fn cpm(text: &str) -> CpmMicros {
    CpmMicros::parse(text).unwrap()
}

fn place(request: &Value) -> Place {
    let body = request.to_string();
    let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
    let fit = Fit {
        medium: Medium::Banner,
        size: Size::parse("300x250"),
        length: None,
        protocol: None,
    };
    Place::of("s", &request, &fit)
}

/// A view of a place at which 1 USD was enough to win, thirty times.
fn one_is_enough(request: &Value) -> ShadingView {
    let mut table = ShadingTable::new(POLICY);
    for _ in 0..30 {
        let told = MinimumToWin {
            place: place(request),
            bid_at: NOW,
            price: cpm("1"),
        };
        table.observe(&told, NOW);
    }
    table.view()
}

#[derive(Debug)]
struct Bid {
    price: CpmMicros,
    /// What the token says of it.
    claims: NoticeClaims,
    nurl: String,
}

/// The bid of the only line item, by this view.
fn bid(line_item: Value, request: &Value, view: &ShadingView) -> Bid {
    let source = Source {
        name: "s".to_owned(),
        bill_on: BillOn::Burl,
        loss_is_final: true,
        reviews_creatives: false,
    };
    let mut shop = Shop::funded(&[line_item]);
    shop.ask(
        request,
        &User::default(),
        1,
        |market, opportunity, mut decision| {
            shade(&mut decision, opportunity, market, "s", |question| {
                view.answer(question, NOW)
            });
            let bids: Vec<_> = first_choices(&decision).collect();
            let reply = Reply {
                opportunity,
                market,
                source: &source,
                auction: AuctionId(Uuid::from_u128(1)),
                user: None,
                dialect: Dialect::V26,
            };
            let mut out = Vec::new();
            respond(&reply, &bids, &mut Pages::default(), &mut out);
            let answer: Value = serde_json::from_slice(&out).unwrap();
            let bid = &answer["seatbid"][0]["bid"][0];
            let nurl = bid["nurl"].as_str().unwrap().to_owned();
            let token = nurl.split_once("t=").unwrap().1.split('&').next().unwrap();
            let ring = NoticeClaims::ring(&[NoticeKey::new(1, [1; 32])]);
            Bid {
                price: CpmMicros::parse(&bid["price"].to_string()).unwrap(),
                claims: NoticeClaims::open(token, &ring).unwrap(),
                nurl,
            }
        },
    )
}

#[test]
fn a_bid_is_lowered_where_its_line_item_and_the_auction_allow_it() {
    let on = || json!({"cpm": 4.0, "modifiers": [], "shading": {"on": true}});
    let off = || json!({"cpm": 4.0, "modifiers": []});
    let deal = |at: Value| {
        let mut deal = json!({"id": "D-1", "bidfloor": 0.5});
        if !at.is_null() {
            deal["at"] = at;
        }
        (
            json!({"cpm": 4.0, "modifiers": [], "shading": {"on": true}, "targeting": {"deals": ["D-1"]}}),
            imp(json!({"pmp": {"deals": [deal]}})),
        )
    };
    let with = |differs: Value| request(differs);
    let floor = |floor: f64| imp(json!({"bidfloor": floor}));
    let of_deal = |at: Value, from, to| {
        let (item, request) = deal(at);
        (item, request, from, to)
    };
    // What is bid lies in this range; 4 is stated.
    let cases = [
        ("off by default", (off(), with(json!({})), "4", "4")),
        (
            "just above what was enough",
            (on(), with(json!({})), "1", "1.07"),
        ),
        ("X-72 never under the floor", (on(), floor(3.0), "3", "3.2")),
        (
            "raised to 1.1 × floor: still just above the floor",
            (on(), floor(3.99), "3.99", "4.2"),
        ),
        (
            "C-62 second price: not shaded",
            (on(), with(json!({"at": 2})), "4", "4"),
        ),
        (
            "C-62 at absent: second price",
            (on(), with(json!({"at": null})), "4", "4"),
        ),
        (
            "in another currency",
            (on(), with(json!({"cur": ["EUR"]})), "0.92", "0.99"),
        ),
        (
            "C-113 a deal that says nothing",
            of_deal(Value::Null, "1", "1.07"),
        ),
        ("C-113 a first-price deal", of_deal(json!(1), "1", "1.07")),
        ("C-113 a second-price deal", of_deal(json!(2), "4", "4")),
        (
            "C-113 at 3: the price is agreed",
            of_deal(json!(3), "0.5", "0.5"),
        ),
    ];
    for (says, (line_item, request, from, to)) in cases {
        let got = bid(line_item, &request, &one_is_enough(&request));
        assert!(
            cpm(from) <= got.price && got.price <= cpm(to),
            "{says}: {}",
            got.price
        );
    }
    let strange = bid(on(), &request(json!({})), &ShadingView::empty(POLICY));
    assert_eq!(strange.price, cpm("4"), "nothing is known");
}

#[test]
fn what_was_stated_stays_the_maximum_of_the_reservation() {
    let usual = request(json!({}));
    let line_item = |on: bool| json!({"cpm": 4.0, "modifiers": [], "shading": {"on": on}});
    let shaded = bid(line_item(true), &usual, &one_is_enough(&usual));
    assert_eq!(shaded.claims.max_cost, Nanos(4_000_000));
    assert_eq!(shaded.claims.price, shaded.price);
    let saved = Nanos(4_000_000 - shaded.price.micros());
    assert_eq!(shaded.claims.saved_by_shading(), saved);
    let macros = "&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}&mtw=${AUCTION_MIN_TO_WIN}&place=";
    let (_, named) = shaded.nurl.split_once(macros).unwrap();
    assert_eq!(Place::parse(named), Some(place(&usual)));
    let stated = bid(line_item(false), &usual, &one_is_enough(&usual));
    assert_eq!(stated.claims.saved_by_shading(), Nanos::ZERO);
    assert!(!stated.nurl.contains("place="), "{}", stated.nurl);
}

#[test]
fn whatever_is_answered_a_bid_stays_between_floor_and_stated() {
    let answers = [None, Some("0"), Some("0.01"), Some("2"), Some("1000000")];
    for answer in answers {
        let mut shop =
            Shop::funded(&[json!({"cpm": 4.0, "modifiers": [], "shading": {"on": true}})]);
        shop.ask(
            &request(json!({})),
            &User::default(),
            1,
            |market, opportunity, mut decision| {
                shade(&mut decision, opportunity, market, "s", |_| answer.map(cpm));
                let candidate = &decision.imps[0].ranked[0].candidate;
                assert!(
                    candidate.floor <= candidate.price && candidate.price <= candidate.stated,
                    "{answer:?}"
                );
                assert_eq!((candidate.floor, candidate.stated), (cpm("0.5"), cpm("4")));
            },
        );
    }
}

/// What a season of auctions came to.
#[derive(Debug, Default, Clone, Copy)]
struct Season {
    wins: u64,
    paid: i64,
    surplus: i64,
}

/// Ten thousand first-price auctions of which each has its highest rival bid; half of the sellers' notices
/// come a hundred auctions late. A third of the market is dear, and the worth of an impression varies.
fn season(seed: u128, policy: Option<Policy>) -> Season {
    let mut random = Random::new(seed);
    let mut table = ShadingTable::new(policy.unwrap_or(POLICY));
    let mut season = Season::default();
    let mut late: Vec<(u64, MinimumToWin)> = Vec::new();
    for number in 0..10_000_u64 {
        let now = UnixMillis(i64::try_from(number).unwrap() * 1_000);
        let mut between = |from: i64, to: i64| {
            from + i64::try_from(random.draw() % u64::try_from(to - from).unwrap()).unwrap()
        };
        let dear = between(0, 3) == 0;
        let (rival, floor) = if dear {
            (between(2_000_000, 5_000_000), 1_500_000)
        } else {
            (between(300_000, 1_500_000), 250_000)
        };
        let stated = between(1_500_000, 5_500_000);
        let place = Place::parse(if dear {
            "00000000000000010000000a"
        } else {
            "00000000000000020000000a"
        });
        let place = place.unwrap();
        let draw = u64::try_from(between(0, i64::MAX)).unwrap();
        let minimum = rival.max(floor);
        let question = Question {
            place,
            stated: CpmMicros::new(stated).unwrap(),
            floor: CpmMicros::new(floor).unwrap(),
            draw,
        };
        let answer = policy.and_then(|_| table.view().answer(&question, now));
        let bid = answer.map_or(stated, |price| price.micros().clamp(floor, stated));
        if bid > minimum {
            season.wins += 1;
            season.paid += bid;
            season.surplus += stated - bid;
        }
        let told = MinimumToWin {
            place,
            bid_at: now,
            price: CpmMicros::new(minimum).unwrap(),
        };
        let delay = if between(0, 2) == 0 { 0 } else { 100 };
        late.push((number + delay, told));
        late.retain(|(due, told)| {
            if *due <= number {
                table.observe(told, now);
            }
            *due > number
        });
    }
    season
}

#[test]
fn over_a_season_less_is_paid_more_is_kept_and_most_is_won() {
    let keep = Probability::parse("0.9").unwrap();
    let policy = Policy {
        keep_wins: keep,
        explore: Probability::parse("0.02").unwrap(),
        ..POLICY
    };
    for seed in [1, 7, 42, 1_234, 99_999] {
        let stated = season(seed, None);
        let shaded = season(seed, Some(policy));
        let average = |season: Season| season.paid / i64::try_from(season.wins).unwrap();
        let says = format!("seed {seed}: stated {stated:?}, shaded {shaded:?}");
        assert!(
            average(shaded) * 10 < average(stated) * 8,
            "a fifth cheaper at least: {says}"
        );
        assert!(shaded.surplus > stated.surplus, "{says}");
        assert!(
            shaded.wins * 100 >= stated.wins * 85,
            "most is still won: {says}"
        );
        assert!(shaded.wins <= stated.wins, "{says}");
    }
}
