//! Modifiers on keys of targeting, and their clamp.

use std::collections::BTreeMap;

use contracts::catalog::{Clamp, Modifier, ModifierKey as Key};

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
    let cases: [Case<'_>; 17] = [
        (
            "C-28 alpha-2 or alpha-3",
            Key::Countries,
            &[("US", "1.2")],
            "1",
            shown(),
            "1.2",
        ),
        (
            "another",
            Key::Countries,
            &[("DE", "1.2")],
            "0.7",
            shown(),
            "0.7",
        ),
        (
            "unknown: otherwise",
            Key::Cities,
            &[("Oakland", "1.2")],
            "0.7",
            shown(),
            "0.7",
        ),
        (
            "C-29 subdomains",
            Key::Domains,
            &[("News.example", "1.5")],
            "1",
            shown(),
            "1.5",
        ),
        (
            "C-30 the tier-1 parent",
            Key::Categories,
            &[("IAB17", "1.5")],
            "1",
            shown(),
            "1.5",
        ),
        (
            "of several the highest",
            Key::Interests,
            &[("golf", "1.1"), ("tennis", "1.3")],
            "1",
            shown(),
            "1.3",
        ),
        (
            "the listed one counts, not otherwise",
            Key::Interests,
            &[("golf", "0.5")],
            "1",
            shown(),
            "0.5",
        ),
        (
            "by name",
            Key::DeviceTypes,
            &[("ctv", "2")],
            "1",
            shown(),
            "2",
        ),
        (
            "in the day part",
            Key::Dayparts,
            &[("mon-fri 09-17", "1.4")],
            "0.9",
            shown(),
            "1.4",
        ),
        (
            "outside of it",
            Key::Dayparts,
            &[("sat 00-24", "1.4")],
            "0.9",
            shown(),
            "0.9",
        ),
        ("no deal", Key::Deals, &[("D-1", "3")], "1", shown(), "1"),
        ("the deal", Key::Deals, &[("D-1", "3")], "1", on_deal, "3"),
        (
            "the size",
            Key::Sizes,
            &[("300x250", "1.1")],
            "1",
            shown(),
            "1.1",
        ),
        (
            "another size",
            Key::Sizes,
            &[("728x90", "1.1")],
            "1",
            shown(),
            "1",
        ),
        (
            "the format",
            Key::Formats,
            &[("banner", "0.8"), ("video", "2")],
            "1",
            shown(),
            "0.8",
        ),
        (
            "another format",
            Key::Formats,
            &[("video", "2")],
            "0.6",
            shown(),
            "0.6",
        ),
        ("nothing listed", Key::Segments, &[], "0.6", shown(), "0.6"),
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
        let set = ModifierSet::new(&rule);
        let of_request = set.of_request(Priced::default(), &facts);
        let got = set.whole(of_request, &shown);
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
    let set = ModifierSet::new(&rule);
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
