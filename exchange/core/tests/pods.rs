//! Pods are filled with the best set there is (C-100 to C-102, X-20 to X-22).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use std::fmt::Write as _;

use exchange_core::Conditions;
use exchange_core::pods::{
    Ad, Break, Layout, MOST_ADS, MOST_STEPS, MOST_WEIGHED, Margins, Place, Problem, Set, Wish,
    Worth, members, one,
};
use proptest::prelude::*;
use support::{fates, intake, market, partner, planned, settled, settled_under};

/// A pod in words of the test: what the program knows in bits.
#[derive(Debug, Clone)]
struct Small {
    layout: Layout,
    ads: Vec<Ad>,
    excludes: Vec<Set>,
}

impl Small {
    fn problem(&self) -> Problem<'_> {
        Problem {
            layout: &self.layout,
            ads: &self.ads,
            excludes: &self.excludes,
        }
    }

    fn all(&self) -> Set {
        (0..self.ads.len()).fold(0, |all, ad| all | one(ad))
    }
}

/// Whether a set may stand in the pod, told from the rules and nothing else.
fn is_legal(pod: &Small, set: &[usize]) -> bool {
    let excluded = set
        .iter()
        .any(|a| set.iter().any(|b| pod.excludes[*a] & one(*b) != 0));
    let mut slots: Vec<usize> = Vec::new();
    let mut breaks: Vec<Vec<(u32, Wish)>> = vec![Vec::new(); pod.layout.breaks.len()];
    for ad in set {
        match pod.ads[*ad].place {
            Place::Slot(slot) => slots.push(slot),
            Place::Break {
                index,
                seconds,
                wish,
            } => breaks[index].push((seconds, wish)),
        }
    }
    let mut distinct = slots.clone();
    distinct.sort_unstable();
    distinct.dedup();
    let breaks_fit = breaks.iter().zip(&pod.layout.breaks).all(|(ads, whole)| {
        let seconds: u32 = ads.iter().map(|(seconds, _)| seconds).sum();
        let wanting = |end: Wish| ads.iter().filter(|(_, wish)| *wish == end).count();
        let (first, last, either) = (
            wanting(Wish::First),
            wanting(Wish::Last),
            wanting(Wish::FirstOrLast),
        );
        seconds <= whole.seconds
            && u32::try_from(ads.len()).unwrap() <= whole.ads
            && first <= 1
            && last <= 1
            && first + last + either <= 2
    });
    !excluded && distinct.len() == slots.len() && breaks_fit
}

/// The most that any legal set with `forced` brings: all of them are looked at.
fn exhaustive(pod: &Small, forced: Set) -> Option<Worth> {
    exhaustive_without(pod, forced, 0)
}

/// The same of sets without `barred`.
fn exhaustive_without(pod: &Small, forced: Set, barred: Set) -> Option<Worth> {
    (0_u128..1 << pod.ads.len())
        .filter(|set| set & forced == forced && set & barred == 0)
        .map(|set| {
            (0..pod.ads.len())
                .filter(|ad| set & one(*ad) != 0)
                .collect()
        })
        .filter(|set: &Vec<usize>| is_legal(pod, set))
        .map(|set| {
            set.iter().fold(Worth::default(), |mut sum, ad| {
                for (sum, part) in sum.iter_mut().zip(pod.ads[*ad].worth) {
                    *sum += part;
                }
                sum
            })
        })
        .max()
}

fn wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        6 => Just(Wish::Any),
        1 => Just(Wish::First),
        1 => Just(Wish::Last),
        1 => Just(Wish::FirstOrLast),
    ]
}

prop_compose! {
    fn pod()(
        slots in 0_usize..3,
        breaks in proptest::collection::vec((5_u32..60, prop_oneof![1_u32..4, Just(u32::MAX)]), 0..3),
    )(
        ads in proptest::collection::vec(
            (0_usize..5, prop_oneof![Just(5_u32), Just(10), Just(15), 1_u32..31], wish(), 0_usize..5, 1_i64..20, 0_i64..1_000),
            0..9,
        ),
        pairs in proptest::collection::vec((0_usize..9, 0_usize..9), 0..7),
        slots in Just(slots),
        breaks in Just(breaks),
    ) -> Small {
        let ads: Vec<Ad> = ads
            .into_iter()
            .filter_map(|(place, seconds, wish, tier, price, tie)| {
                let place = if place < slots {
                    Place::Slot(place)
                } else if place - slots < breaks.len() {
                    Place::Break { index: place - slots, seconds, wish }
                } else {
                    return None;
                };
                let mut worth = Worth::default();
                // Most bids are open ones.
                worth[tier.min(3)] = price;
                worth[4] = tie;
                Some(Ad { place, worth })
            })
            .collect();
        let mut excludes = vec![0; ads.len()];
        for (a, b) in pairs {
            if a != b && a < ads.len() && b < ads.len() {
                excludes[a] |= one(b);
                excludes[b] |= one(a);
            }
        }
        let breaks = breaks.into_iter().map(|(seconds, ads)| Break { seconds, ads }).collect();
        Small { layout: Layout { slots, breaks }, ads, excludes }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_best_set_brings_as_much_as_the_best_of_all_sets(pod in pod(), forced in 0_u128..512) {
        // X-20
        let filling = pod.problem().fill(pod.all(), 0, MOST_STEPS).unwrap();
        let chosen: Vec<usize> = members(filling.ads).collect();
        prop_assert!(filling.exact);
        prop_assert!(is_legal(&pod, &chosen));
        prop_assert_eq!(Some(filling.worth), exhaustive(&pod, 0));
        // X-75: the same with ads that must be in it
        let forced = forced & pod.all();
        let with = pod.problem().fill(pod.all(), forced, MOST_STEPS);
        prop_assert_eq!(with.map(|filling| filling.worth), exhaustive(&pod, forced));
        prop_assert!(with.is_none_or(|filling| filling.exact && filling.ads & forced == forced));
    }

    #[test]
    fn with_and_without_each_ad_as_much_as_the_best_of_all_such_sets(pod in pod(), sought in 0_u128..512, barred in 0_u128..512, less in 1_usize..600) {
        // X-98
        let (sought, candidates) = (sought & pod.all(), pod.all() & !barred);
        let margins = pod.problem().margins(candidates, sought, MOST_WEIGHED);
        for ad in 0..pod.ads.len() {
            let Some(margin) = margins.of(ad) else {
                // Who fits nowhere need not be told.
                prop_assert!(sought & candidates & one(ad) == 0 || exhaustive(&pod, one(ad)).is_none());
                continue;
            };
            let barred = pod.all() & !candidates;
            prop_assert_eq!(margin.with, exhaustive_without(&pod, one(ad), barred));
            prop_assert_eq!(Some(margin.without), exhaustive_without(&pod, 0, barred | one(ad)));
            prop_assert!(margin.rest & (barred | one(ad)) == 0 && pod.problem().is_legal(margin.rest));
            prop_assert_eq!(margin.without, pod.problem().worth(margin.rest));
        }
        // What the bound leaves out is not told, and what is told is true.
        let cut = pod.problem().margins(candidates, sought, margins.steps.saturating_sub(less));
        for ad in 0..pod.ads.len() {
            prop_assert!(cut.of(ad).is_none_or(|margin| Some(margin) == margins.of(ad)));
        }
        let told = |margins: &Margins| (0..pod.ads.len()).filter(|ad| margins.of(*ad).is_some()).count();
        prop_assert!(told(&margins) == 0 || told(&cut) < told(&margins));
    }

    #[test]
    fn a_pod_beyond_the_bound_is_filled_legally(pod in pod()) {
        let filling = pod.problem().fill(pod.all(), 0, 0).unwrap();
        let chosen: Vec<usize> = members(filling.ads).collect();
        prop_assert!(is_legal(&pod, &chosen));
        prop_assert_eq!(filling.exact, pod.ads.is_empty());
        // Nothing that would still fit is left out.
        for ad in 0..pod.ads.len() {
            let mut more = chosen.clone();
            more.push(ad);
            prop_assert!(chosen.contains(&ad) || !is_legal(&pod, &more));
        }
    }
}

/// A break and ads of these lengths, the price of each its number.
fn large(seconds: u32, most: u32, lengths: impl Iterator<Item = u32>) -> Small {
    let ads: Vec<Ad> = lengths
        .take(MOST_ADS)
        .enumerate()
        .map(|(number, seconds)| {
            let price = i64::try_from(number * 7_919 % 1_009).unwrap() + 1;
            Ad {
                place: Place::Break {
                    index: 0,
                    seconds,
                    wish: Wish::Any,
                },
                worth: [0, 0, 0, price * i64::from(seconds), price],
            }
        })
        .collect();
    let excludes = vec![0; ads.len()];
    let breaks = vec![Break { seconds, ads: most }];
    Small {
        layout: Layout { slots: 0, breaks },
        ads,
        excludes,
    }
}

#[test]
fn the_work_is_bounded_and_counted() {
    let usual = [6, 10, 15, 20, 30, 60];
    struct Case {
        says: &'static str,
        pod: Small,
        exact: bool,
        /// More steps than this are a loss of what the program saves.
        at_most: usize,
    }
    #[rustfmt::skip]
    let cases = [
        Case { says: "two minutes, 128 bids of usual lengths", pod: large(120, 8, (0..).map(|n| usual[n % 6])), exact: true, at_most: 60_000 },
        Case { says: "the same without a limit of ads", pod: large(120, u32::MAX, (0..).map(|n| usual[n % 6])), exact: true, at_most: 80_000 },
        Case { says: "three minutes of fifteens and thirties", pod: large(180, 12, (0..).map(|n| [15, 30][n % 2])), exact: true, at_most: 4_000 },
        Case { says: "an hour of all lengths", pod: large(3_600, 63, (0..).map(|n| 11 + u32::try_from(n).unwrap())), exact: false, at_most: MOST_STEPS * 2 },
        Case { says: "longer than any break is counted", pod: large(86_400, 63, (0..).map(|n| 11 + u32::try_from(n).unwrap())), exact: false, at_most: 0 },
    ];
    for case in cases {
        let filling = case
            .pod
            .problem()
            .fill(case.pod.all(), 0, MOST_STEPS)
            .unwrap();
        assert_eq!(
            filling.exact, case.exact,
            "{}: {} steps",
            case.says, filling.steps
        );
        assert!(
            filling.steps <= case.at_most,
            "{}: {} steps",
            case.says,
            filling.steps
        );
        assert!(case.pod.problem().is_legal(filling.ads), "{}", case.says);
    }
}

#[test]
fn the_work_for_margins_is_bounded_and_counted() {
    let usual = [6, 10, 15, 20, 30, 60];
    struct Case {
        says: &'static str,
        pod: Small,
        /// Of how many ads the margins are found.
        told: usize,
        at_most: usize,
    }
    #[rustfmt::skip]
    let cases = [
        Case { says: "two minutes, 128 bids of usual lengths", pod: large(120, 8, (0..).map(|n| usual[n % 6])), told: 128, at_most: MOST_WEIGHED },
        Case { says: "the same without a limit of ads", pod: large(120, u32::MAX, (0..).map(|n| usual[n % 6])), told: 128, at_most: MOST_WEIGHED },
        Case { says: "three minutes of fifteens and thirties", pod: large(180, 12, (0..).map(|n| [15, 30][n % 2])), told: 128, at_most: 10_000 },
        Case { says: "an hour of all lengths", pod: large(3_600, 63, (0..).map(|n| 11 + u32::try_from(n).unwrap())), told: 0, at_most: MOST_WEIGHED * 2 },
        Case { says: "longer than any break is counted", pod: large(86_400, 63, (0..).map(|n| 11 + u32::try_from(n).unwrap())), told: 0, at_most: 0 },
    ];
    for case in cases {
        let all = case.pod.all();
        let margins = case.pod.problem().margins(all, all, MOST_WEIGHED);
        let told = (0..MOST_ADS).filter(|ad| margins.of(*ad).is_some()).count();
        let found = (told, margins.steps);
        assert_eq!(told, case.told, "{}: {found:?}", case.says);
        assert!(margins.steps <= case.at_most, "{}: {found:?}", case.says);
    }
}

/// One bid of a pod: id, imp, price, seconds, and members beside them.
type PodBid = (&'static str, &'static str, &'static str, u32, &'static str);

/// A DSP's answer, each bid for a seat of its own.
fn response(bids: &[PodBid]) -> String {
    let mut out = String::from(r#"{"id":"r","seatbid":["#);
    for (index, (id, imp, price, seconds, more)) in bids.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let more = if more.is_empty() {
            String::new()
        } else {
            format!(",{more}")
        };
        write!(
            out,
            r#"{comma}{{"seat":"s{id}","bid":[{{"id":"{id}","impid":"{imp}","price":{price},"dur":{seconds},"mtype":2,"adm":"<VAST version=\"4.0\"><Ad><InLine><MediaFile type=\"video/mp4\">https://m.example/{id}</MediaFile></InLine></Ad></VAST>"{more}}}]}}"#
        )
        .unwrap();
    }
    out.push_str("]}");
    out
}

#[test]
fn pods_of_requests() {
    struct Case {
        item: &'static str,
        at: i32,
        /// Members of the video object of each imp, numbered from 1.
        imps: &'static [&'static str],
        bids: &'static [PodBid],
        /// Fates in the order of the bids.
        expect: &'static [&'static str],
        /// Winners in their order, with their places in the break.
        order: &'static [(&'static str, Option<u32>)],
    }
    const BREAK: &str = r#""podid":"p","poddur":60,"maxseq":3,"slotinpod":2"#;
    const FIRST: &str = r#""podid":"p","poddur":60,"maxseq":3,"slotinpod":1"#;
    const LAST: &str = r#""podid":"p","poddur":60,"maxseq":3,"slotinpod":-1"#;
    #[rustfmt::skip]
    let cases = [
        Case { item: "X-20 the sum of lengths", at: 1, imps: &[r#""podid":"p","poddur":60"#], bids: &[("a", "1", "9", 60, ""), ("b", "1", "6", 30, ""), ("c", "1", "5", 30, "")], expect: &["102", "won 6 USD", "won 5 USD"], order: &[("b", Some(1)), ("c", Some(2))] },
        Case { item: "X-20 the number of ads", at: 1, imps: &[r#""podid":"p","poddur":60,"maxseq":1"#], bids: &[("a", "1", "9", 60, ""), ("b", "1", "8", 15, ""), ("c", "1", "8", 15, "")], expect: &["won 9 USD", "102", "102"], order: &[("a", Some(1))] },
        Case { item: "X-20 a break without podid is a pod of its own", at: 1, imps: &[r#""poddur":30"#, r#""poddur":30"#], bids: &[("a", "1", "3", 30, r#""crid":"c""#), ("b", "2", "2", 30, r#""crid":"c""#)], expect: &["won 3 USD", "won 2 USD"], order: &[("a", Some(1)), ("b", Some(1))] },
        Case { item: "C-101 structured: one winner for each slot", at: 1, imps: &[r#""podid":"p""#, r#""podid":"p""#], bids: &[("a", "1", "3", 30, ""), ("b", "1", "4", 30, ""), ("c", "2", "1", 30, "")], expect: &["102", "won 4 USD", "won 1 USD"], order: &[("b", None), ("c", None)] },
        Case { item: "C-101 hybrid", at: 1, imps: &[r#""podid":"p""#, BREAK], bids: &[("a", "1", "3", 30, ""), ("b", "2", "2", 30, ""), ("c", "2", "1", 30, ""), ("d", "2", "0.5", 30, "")], expect: &["won 3 USD", "won 2 USD", "won 1 USD", "102"], order: &[("a", None), ("b", Some(1)), ("c", Some(2))] },
        Case { item: "X-21 the first slot once", at: 1, imps: &[BREAK], bids: &[("a", "1", "3", 15, r#""slotinpod":1"#), ("b", "1", "4", 15, r#""slotinpod":1"#), ("c", "1", "9", 15, "")], expect: &["102", "won 4 USD", "won 9 USD"], order: &[("b", Some(1)), ("c", Some(2))] },
        Case { item: "X-21 either would do, and the first is promised", at: 1, imps: &[FIRST], bids: &[("a", "1", "1", 15, r#""slotinpod":2"#), ("b", "1", "3", 15, "")], expect: &["won 1 USD", "won 3 USD"], order: &[("a", Some(1)), ("b", Some(2))] },
        Case { item: "X-21 either would do, and the last is promised", at: 1, imps: &[LAST], bids: &[("a", "1", "3", 15, r#""slotinpod":2"#), ("b", "1", "1", 15, "")], expect: &["won 3 USD", "won 1 USD"], order: &[("b", Some(1)), ("a", Some(2))] },
        Case { item: "X-21 first, last and who does not mind", at: 1, imps: &[BREAK], bids: &[("a", "1", "1", 15, r#""slotinpod":-1"#), ("b", "1", "2", 15, r#""slotinpod":2"#), ("c", "1", "3", 15, "")], expect: &["won 1 USD", "won 2 USD", "won 3 USD"], order: &[("b", Some(1)), ("c", Some(2)), ("a", Some(3))] },
        Case { item: "X-22 by default the advertiser once", at: 1, imps: &[BREAK], bids: &[("a", "1", "3", 15, r#""adomain":["x.example"]"#), ("b", "1", "4", 15, r#""adomain":["www.X.example"]"#)], expect: &["102", "won 4 USD"], order: &[("b", Some(1))] },
        Case { item: "X-22 by default the creative once", at: 1, imps: &[BREAK], bids: &[("a", "1", "3", 15, r#""crid":"c""#), ("b", "1", "4", 15, r#""crid":"c""#)], expect: &["102", "won 4 USD"], order: &[("b", Some(1))] },
        Case { item: "X-22 over all imps of the pod", at: 1, imps: &[r#""podid":"p""#, BREAK], bids: &[("a", "1", "3", 15, r#""crid":"c""#), ("b", "2", "4", 15, r#""crid":"c""#), ("d", "1", "2", 15, "")], expect: &["102", "won 4 USD", "won 2 USD"], order: &[("d", None), ("b", Some(1))] },
        Case { item: "X-22 another pod is none of its business", at: 1, imps: &[r#""podid":"p""#, r#""podid":"q""#], bids: &[("a", "1", "3", 15, r#""crid":"c""#), ("b", "2", "4", 15, r#""crid":"c""#)], expect: &["won 3 USD", "won 4 USD"], order: &[("a", None), ("b", None)] },
        Case { item: "X-22 poddedupe 2: the category, not the advertiser", at: 1, imps: &[r#""podid":"p","poddur":60,"poddedupe":[2]"#], bids: &[("a", "1", "3", 15, r#""cat":["IAB2"],"adomain":["x.example"]"#), ("b", "1", "4", 15, r#""cat":["IAB1","IAB2"],"adomain":["x.example"]"#), ("c", "1", "5", 15, r#""cat":["IAB3"],"adomain":["x.example"]"#)], expect: &["102", "won 4 USD", "won 5 USD"], order: &[("c", Some(1)), ("b", Some(2))] },
        Case { item: "X-22 poddedupe 4: the media file", at: 1, imps: &[r#""podid":"p","poddur":60,"poddedupe":[4]"#], bids: &[("a", "1", "3", 15, r#""crid":"c""#), ("b", "1", "4", 15, r#""crid":"c""#)], expect: &["won 3 USD", "won 4 USD"], order: &[("b", Some(1)), ("a", Some(2))] },
        Case { item: "X-22 poddedupe 5: nothing", at: 1, imps: &[r#""podid":"p","poddur":60,"poddedupe":[5]"#], bids: &[("a", "1", "3", 15, r#""crid":"c""#), ("b", "1", "4", 15, r#""crid":"c""#)], expect: &["won 3 USD", "won 4 USD"], order: &[("b", Some(1)), ("a", Some(2))] },
        Case { item: "X-22 the most for the pod, not for one slot", at: 1, imps: &[r#""podid":"p","poddur":60"#], bids: &[("a", "1", "9", 30, r#""adomain":["x.example","y.example"]"#), ("b", "1", "6", 30, r#""adomain":["x.example"]"#), ("c", "1", "6", 30, r#""adomain":["y.example"]"#)], expect: &["102", "won 6 USD", "won 6 USD"], order: &[] },
        Case { item: "X-23 a floor for each second", at: 1, imps: &[r#""podid":"p","poddur":60,"mincpmpersec":0.1"#], bids: &[("a", "1", "3", 30, ""), ("b", "1", "2.99", 30, ""), ("c", "1", "1.5", 15, "")], expect: &["won 3 USD", "100", "won 1.5 USD"], order: &[("a", Some(1)), ("c", Some(2))] },
        Case { item: "C-47 floors by ranges of lengths", at: 1, imps: &[r#""podid":"p","poddur":60,"durfloors":[{"maxdur":15,"bidfloor":2},{"mindur":16,"maxdur":30,"bidfloor":4}]"#], bids: &[("a", "1", "3.9", 30, ""), ("b", "1", "2", 15, ""), ("c", "1", "4", 16, "")], expect: &["100", "won 2 USD", "won 4 USD"], order: &[("c", Some(1)), ("b", Some(2))] },
        Case { item: "X-70 second price: who would have had the place", at: 2, imps: &[r#""podid":"p","poddur":60"#], bids: &[("a", "1", "9", 30, ""), ("b", "1", "6", 30, ""), ("c", "1", "4", 30, ""), ("d", "1", "5", 60, "")], expect: &["won 4.01 USD", "won 4.01 USD", "102", "102"], order: &[("a", Some(1)), ("b", Some(2))] },
        Case { item: "C-102 an ad longer than the break", at: 1, imps: &[r#""podid":"p","poddur":20"#], bids: &[("a", "1", "9", 30, "")], expect: &["204"], order: &[] },
    ];
    for case in cases {
        let imps: Vec<String> = case
            .imps
            .iter()
            .enumerate()
            .map(|(index, video)| {
                format!(
                    r#"{{"id":"{}","video":{{"mimes":["video/mp4"],{video}}}}}"#,
                    index + 1
                )
            })
            .collect();
        let request = format!(
            r#"{{"id":"r","at":{},"imp":[{}]}}"#,
            case.at,
            imps.join(",")
        );
        let intake = intake(&request);
        let market = market(&[partner("alpha")]);
        let plan = planned(&intake, &market, 1);
        let response = response(case.bids);
        let settlement = settled(&plan, &market, &[(0, &response)]);
        let found: Vec<String> = fates(&settlement)
            .into_iter()
            .map(|(_, fate)| fate)
            .collect();
        assert_eq!(found, case.expect, "{}", case.item);
        let order: Vec<_> = settlement
            .won()
            .map(|(judged, win)| (judged.bid.id(), win.slot))
            .collect();
        if !case.order.is_empty() {
            assert_eq!(order, case.order, "{}", case.item);
        }
        assert!(
            settlement.pods.iter().all(|filling| filling.exact),
            "{}",
            case.item
        );
    }
}

#[test]
fn an_ad_of_unknown_length_takes_the_longest_that_is_allowed() {
    // C-81
    let request = r#"{"id":"r","at":1,"imp":[{"id":"1","video":{"mimes":["video/mp4"],"poddur":60,"maxduration":40}}]}"#;
    let bid = |id: &str, price: &str, more: &str| {
        format!(
            r#"{{"id":"{id}","impid":"1","price":{price},"adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>"{more}}}"#
        )
    };
    let bids = [
        bid("a", "3", ""),
        bid("b", "1", r#","dur":20"#),
        bid("c", "2.5", r#","dur":21"#),
    ];
    let response = format!(r#"{{"id":"r","seatbid":[{{"bid":[{}]}}]}}"#, bids.join(","));
    let intake = intake(request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let settlement = settled(&plan, &market, &[(0, &response)]);
    let found: Vec<String> = fates(&settlement)
        .into_iter()
        .map(|(_, fate)| fate)
        .collect();
    assert_eq!(found, ["won 3 USD", "won 1 USD", "102"]);
    // Where nothing bounds it, it is the whole break.
    let request = request.replace(r#","maxduration":40"#, "");
    let intake = support::intake(&request);
    let plan = planned(&intake, &market, 1);
    let settlement = settled(&plan, &market, &[(0, &response)]);
    let found: Vec<String> = fates(&settlement)
        .into_iter()
        .map(|(_, fate)| fate)
        .collect();
    assert_eq!(found, ["102", "won 1 USD", "won 2.5 USD"]);
}

#[test]
fn what_guaranteed_deals_fill() {
    // X-30, X-76: who has not answered yet may be passed over only where it cannot win
    let deals = r#""pmp":{"deals":[{"id":"g","guar":1}]}"#;
    let video = |more: &str| format!(r#""video":{{"mimes":["video/mp4"]{more}}},{deals}"#);
    let native = |count: u8| {
        format!(r#""native":{{"request":"{{\"plcmtcnt\":{count},\"assets\":[]}}"}},{deals}"#)
    };
    const AD: &str =
        r#""mtype":2,"dur":30,"adm":"<VAST version=\"4.0\"><Ad><InLine/></Ad></VAST>""#;
    const CARD: &str =
        r#""mtype":4,"adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}""#;
    let (one, several) = (video(""), video(r#","poddur":60"#));
    let (card, cards) = (native(1), native(2));
    let sure = |imp: u8, ad: &'static str| (imp, r#","dealid":"g""#, ad);
    let open = |imp: u8, ad: &'static str| (imp, "", ad);
    #[rustfmt::skip]
    let cases = [
        ("all of one imp", vec![&one], 1, vec![sure(1, AD)], true),
        ("an open bid", vec![&one], 1, vec![open(1, AD)], false),
        ("one imp of two", vec![&one, &one], 1, vec![sure(1, AD)], false),
        ("two imps", vec![&one, &one], 1, vec![sure(1, AD), sure(2, AD)], true),
        ("of two places one", vec![&one], 2, vec![sure(1, AD)], false),
        ("of two places one and an open bid", vec![&one], 2, vec![sure(1, AD), open(1, AD)], false),
        ("of two places two", vec![&one], 2, vec![sure(1, AD), sure(1, AD)], true),
        ("a break may take more", vec![&several], 1, vec![sure(1, AD), sure(1, AD)], false),
        ("so may a place for two native ads", vec![&cards], 1, vec![sure(1, CARD)], false),
        ("a place for one native ad", vec![&card], 1, vec![sure(1, CARD)], true),
    ];
    let market = market(&[partner("alpha")]);
    for (says, imps, multibid, bids, expect) in cases {
        let imps = imps.iter().zip(1..);
        let imps = imps.map(|(members, id)| format!(r#"{{"id":"{id}",{members}}}"#));
        let imps: Vec<String> = imps.collect();
        let request = format!(r#"{{"id":"r","at":1,"imp":[{}]}}"#, imps.join(","));
        let intake = intake(&request);
        let plan = planned(&intake, &market, 1);
        let bids = bids.iter().zip(1..).map(|((imp, deal, ad), id)| {
            format!(r#"{{"id":"{id}","impid":"{imp}","price":3,{ad}{deal}}}"#)
        });
        let bids: Vec<String> = bids.collect();
        let response = format!(r#"{{"id":"r","seatbid":[{{"bid":[{}]}}]}}"#, bids.join(","));
        let conditions = Conditions {
            multibid,
            ..Conditions::default()
        };
        let settlement = settled_under(&plan, &market, &conditions, &[(0, &response)]);
        assert_eq!(
            settlement.is_filled_by_guarantees(&plan, multibid),
            expect,
            "{says}: {:?}",
            fates(&settlement)
        );
    }
}
