//! Every rule for both sides (C) and for bidders (B) is in a row here, in a test that names it elsewhere, or listed with
//! the reason why a bidder has nothing to do.

use std::collections::BTreeSet;
use std::path::Path;

/// The list's rules, in its order.
const RULES: &str = "C-1 C-2 C-3 C-4 C-5 C-6 C-7 C-8 C-9 C-10 C-11 C-12 B-1 \
    C-20 C-21 C-22 C-23 C-24 C-25 C-26 C-27 C-28 C-29 C-30 C-31 C-32 \
    C-40 C-41 C-42 C-43 C-44 C-45 C-46 C-47 C-48 C-49 C-50 C-60 C-61 C-62 C-63 C-64 C-65 C-66 C-67 \
    C-70 C-71 C-72 C-73 C-80 C-81 C-82 C-83 C-84 C-85 C-86 C-90 C-91 C-92 C-93 C-94 C-95 C-96 \
    C-100 C-101 C-102 B-10 B-11 C-110 C-111 C-112 C-113 B-20 B-21 B-30 C-120 B-31 C-130 C-131 B-40 C-132 C-133 C-134 C-135 \
    B-50 B-51 B-52 C-140 C-141 C-142 C-143 C-144 C-145 C-146 C-147 C-148 C-149 C-150 C-160 C-161 C-162 C-163 C-164 \
    C-170 C-171 C-172 C-173 C-174 B-60 B-61 B-62";

/// Rules that another test names, by its file from the root of the repository.
const ELSEWHERE: [(&str, &str); 7] = [
    ("C-100 B-11 B-20", "bidder/core/tests/choosing.rs"),
    (
        "C-1 C-4 C-6 C-7",
        "crates/service/tests/over_sockets/limits.rs",
    ),
    (
        "C-2 C-3 C-5 C-8 C-9 C-31 B-40",
        "bidder/server/tests/bid.rs",
    ),
    ("C-11 B-50 B-51 B-52", "bidder/server/tests/notices.rs"),
    ("C-12", "crates/openrtb/src/json/reader.rs"),
    ("B-1", "bidder/server/tests/overload.rs"),
    ("C-134", "bidder/core/tests/respond.rs"),
];

/// Rules that ask nothing of this bidder.
const NOT_OURS: [(&str, &str); 13] = [
    (
        "C-10",
        "the scheme of its listener is the operator's; it calls no notices",
    ),
    ("C-22", "passes on no request"),
    (
        "C-50",
        "who counts the impressions of qty is not judged, their number is taken",
    ),
    (
        "C-61",
        "recommended members are not demanded: what lacks them is met by fewer line items",
    ),
    (
        "C-67",
        "judges no measurements of imps; a comparison on a path may read them as they are",
    ),
    ("C-131", "reads no bid responses"),
    ("C-135", "sets no customdata"),
    ("C-143", "takes the ids that it is sent"),
    ("C-144", "passes on no eids; it looks them up as they are"),
    (
        "C-145",
        "is at the end of the supply chain and adds no node",
    ),
    (
        "C-147 C-148 C-149",
        "has no refreshes, genres or inventory partners in its rules",
    ),
    ("C-164", "passes on no signals"),
    (
        "B-62",
        "wants no whole set of imps: every seatbid goes singly",
    ),
];

fn ids(list: &str) -> impl Iterator<Item = &str> {
    list.split_ascii_whitespace()
}

/// Whether a text names a rule, and not only a longer one.
fn names(text: &str, id: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + id.len()..].chars().next();
        !before.is_some_and(|it| it.is_alphanumeric())
            && !after.is_some_and(|it| it.is_ascii_digit())
    })
}

#[test]
fn every_rule_is_tested_or_listed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let rows = super::rows();
    let here: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| ids(row.says))
        .filter(|word| ids(RULES).any(|id| id == *word))
        .collect();
    let elsewhere: Vec<&str> = ELSEWHERE
        .iter()
        .flat_map(|(list, file)| {
            let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
            for id in ids(list) {
                assert!(names(&text, id), "{file} does not name {id}");
            }
            ids(list)
        })
        .collect();
    let listed: Vec<&str> = NOT_OURS.iter().flat_map(|(list, _)| ids(list)).collect();
    let mut missing = Vec::new();
    for id in ids(RULES) {
        let places = usize::from(here.contains(id))
            + elsewhere.iter().filter(|it| **it == id).count()
            + listed.iter().filter(|it| **it == id).count();
        if places == 0 {
            missing.push(id);
        }
        assert!(
            !(listed.contains(&id) && here.contains(id)),
            "{id} is tested and listed"
        );
    }
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn every_row_names_its_rule_first() {
    for row in super::rows() {
        let first = ids(row.says).next().unwrap_or_default();
        assert!(ids(RULES).any(|id| id == first), "{}", row.says);
    }
}
