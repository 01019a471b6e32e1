//! Modifiers on keys of targeting, and their clamp.

use std::collections::BTreeMap;

use contracts::catalog::{Clamp, Key, Modifier};

use super::*;
use crate::facts::Dimension;

#[test]
fn modifiers_on_keys() {
    let mut facts = Facts::default();
    facts.push(Dimension::Country, "USA");
    facts.push_domain("sport.news.example");
    facts.push_category(1, "IAB17-3");
    facts.push(Dimension::Interest, "Golf");
    facts.push(Dimension::Interest, "tennis");
    facts.push(Dimension::DeviceType, "ctv");
    facts.push(Dimension::Position, "header");
    let on_deal = Shown {
        deal: Some("D-1"),
        ..shown()
    };
    // (says, key, factors, otherwise, what is shown, want)
    type Case<'a> = (
        &'a str,
        Key,
        &'a [(&'a str, &'a str)],
        &'a str,
        Shown<'a>,
        &'a str,
    );
    let cases: [Case<'_>; 19] = [
        (
            "C-28 alpha-2 or alpha-3",
            Key::Country,
            &[("US", "1.2")],
            "1",
            shown(),
            "1.2",
        ),
        (
            "another",
            Key::Country,
            &[("DE", "1.2")],
            "0.7",
            shown(),
            "0.7",
        ),
        (
            "unknown: otherwise",
            Key::City,
            &[("Oakland", "1.2")],
            "0.7",
            shown(),
            "0.7",
        ),
        (
            "C-29 subdomains",
            Key::Domain,
            &[("News.example", "1.5")],
            "1",
            shown(),
            "1.5",
        ),
        (
            "C-30 the tier-1 parent",
            Key::Category,
            &[("IAB17", "1.5")],
            "1",
            shown(),
            "1.5",
        ),
        (
            "of several the highest",
            Key::Interest,
            &[("golf", "1.1"), ("tennis", "1.3")],
            "1",
            shown(),
            "1.3",
        ),
        (
            "the listed one counts, not otherwise",
            Key::Interest,
            &[("golf", "0.5")],
            "1",
            shown(),
            "0.5",
        ),
        (
            "by name",
            Key::DeviceType,
            &[("ctv", "2")],
            "1",
            shown(),
            "2",
        ),
        (
            "in the day part",
            Key::Daypart,
            &[("mon-fri 09-17", "1.4")],
            "0.9",
            shown(),
            "1.4",
        ),
        (
            "outside of it",
            Key::Daypart,
            &[("sat 00-24", "1.4")],
            "0.9",
            shown(),
            "0.9",
        ),
        ("no deal", Key::Deal, &[("D-1", "3")], "1", shown(), "1"),
        ("the deal", Key::Deal, &[("D-1", "3")], "1", on_deal, "3"),
        (
            "the size",
            Key::Size,
            &[("300x250", "1.1")],
            "1",
            shown(),
            "1.1",
        ),
        (
            "another size",
            Key::Size,
            &[("728x90", "1.1")],
            "1",
            shown(),
            "1",
        ),
        (
            "the format",
            Key::Format,
            &[("banner", "0.8"), ("video", "2")],
            "1",
            shown(),
            "0.8",
        ),
        (
            "another format",
            Key::Format,
            &[("video", "2")],
            "0.6",
            shown(),
            "0.6",
        ),
        (
            "the imp's position",
            Key::Position,
            &[("header", "1.3")],
            "1",
            shown(),
            "1.3",
        ),
        (
            "another position",
            Key::Position,
            &[("footer", "1.3")],
            "0.9",
            shown(),
            "0.9",
        ),
        ("nothing listed", Key::Segment, &[], "0.6", shown(), "0.6"),
    ];
    for (says, key, factors, otherwise, shown, want) in cases {
        let factors: BTreeMap<_, _> = factors
            .iter()
            .map(|(value, factor)| ((*value).to_owned(), times(factor)))
            .collect();
        let mut rule = rule("1", "100");
        rule.modifiers = vec![Modifier::Key {
            key,
            factors,
            otherwise: times(otherwise),
        }];
        let set = ModifierSet::new(&rule.modifiers, rule.clamp);
        let of_request = set.of_request(Priced::default(), &facts);
        let got = set.whole(set.of_imp(of_request, &facts), &shown);
        assert_eq!(got.of(cpm("1")), cpm(want), "{says}");
        assert!(set.at_most(of_request) >= got, "{says}");
    }
}

#[test]
fn the_clamp_bounds_the_product_and_not_each_modifier() {
    let mut rule = rule("2", "100");
    rule.clamp = Some(Clamp {
        min: times("0.5"),
        max: times("1.5"),
    });
    let set = ModifierSet::new(&rule.modifiers, rule.clamp);
    // (segments, device type, want): 2 × (1 + 0.1 × segments) × device
    for (segments, device_type, want) in [(0, 5, "1.8"), (5, 5, "2.7"), (9, 4, "3"), (90, 2, "3")] {
        let seen = Priced {
            device_type,
            interests: 0,
            segments,
        };
        let factor = set.whole(set.of_request(seen, &Facts::default()), &shown());
        assert_eq!(factor.of(cpm("2")), cpm(want), "{segments} segments");
    }
}
