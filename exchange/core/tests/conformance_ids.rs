//! Rules of the checklist that are the exchange's to keep by leaving things as they are, and by taking what is said.

mod support;

use contracts::catalog::OpenRtbVersion;
use support::{fates, intake, market, partner, planned, settled};

/// What an SSP says and its DSPs read.
struct Passed {
    item: &'static str,
    says: &'static str,
    request: &'static str,
    /// In the body for a DSP of 2.6, byte for byte.
    reaches: &'static str,
    /// Whether a DSP of 2.5 reads it as well (C-171).
    in_25: bool,
}

#[rustfmt::skip]
const PASSED: &[Passed] = &[
    Passed { item: "C-50", says: "who measured what a display counts for", request: r#"{"id":"r","dooh":{"id":"d"},"imp":[{"id":"1","qty":{"multiplier":2.5,"sourcetype":1,"vendor":"measure.example"},"banner":{"w":300,"h":250}}]}"#, reaches: r#""qty":{"multiplier":2.5,"sourcetype":1,"vendor":"measure.example"}"#, in_25: false },
    Passed { item: "C-67", says: "metrics, and who measured them", request: r#"{"id":"r","imp":[{"id":"1","metric":[{"type":"viewability","value":0.85,"vendor":"EXCHANGE"}],"banner":{"w":300,"h":250}}]}"#, reaches: r#""metric":[{"type":"viewability","value":0.85,"vendor":"EXCHANGE"}]"#, in_25: true },
    Passed { item: "C-73", says: "companions keep their ids and vcm", request: r#"{"id":"r","imp":[{"id":"1","video":{"mimes":["video/mp4"],"companionad":[{"id":"c1","w":300,"h":250,"vcm":1},{"id":"c2","w":728,"h":90}]}}]}"#, reaches: r#""companionad":[{"id":"c1","w":300,"h":250,"vcm":1},{"id":"c2","w":728,"h":90}]"#, in_25: true },
    Passed { item: "C-82", says: "where in the content, and how it plays; all methods, the first counts", request: r#"{"id":"r","imp":[{"id":"1","video":{"mimes":["video/mp4"],"startdelay":-1,"linearity":1,"playbackmethod":[3,1],"delivery":[2]}}]}"#, reaches: r#""startdelay":-1,"linearity":1,"playbackmethod":[3,1],"delivery":[2]"#, in_25: true },
    Passed { item: "C-82", says: "nothing is said of what is absent", request: r#"{"id":"r","imp":[{"id":"1","video":{"mimes":["video/mp4"]}}]}"#, reaches: r#""video":{"mimes":["video/mp4"]}"#, in_25: true },
    Passed { item: "C-135", says: "customdata as it was told", request: r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"user":{"customdata":"a=1; b=%20x"}}"#, reaches: r#""customdata":"a=1; b=%20x""#, in_25: true },
    Passed { item: "C-144", says: "mm, inserter and matcher of an id unchanged, a matcher that is absent not made up", request: r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"user":{"eids":[{"source":"a.example","inserter":"ssp.example","matcher":"m.example","mm":3,"uids":[{"id":"u","atype":1}]},{"source":"b.example","uids":[{"id":"v"}]}]}}"#, reaches: r#"[{"source":"a.example","inserter":"ssp.example","matcher":"m.example","mm":3,"uids":[{"id":"u","atype":1}]},{"source":"b.example","uids":[{"id":"v"}]}]"#, in_25: true },
    Passed { item: "C-147", says: "refreshes so far, and how they come", request: r#"{"id":"r","imp":[{"id":"1","refresh":{"count":3,"refsettings":[{"reftype":2,"minint":30}]},"banner":{"w":300,"h":250}}]}"#, reaches: r#""refresh":{"count":3,"refsettings":[{"reftype":2,"minint":30}]}"#, in_25: false },
    Passed { item: "C-148", says: "genres by id and in words, live and real time, ids of the content outside", request: r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"content":{"genre":"drama","genres":["12"],"gtax":9,"livestream":1,"realtime":1,"data":[{"name":"c.example","cids":["x1"]}]}}}"#, reaches: r#""content":{"genre":"drama","genres":["12"],"gtax":9,"livestream":1,"realtime":1,"data":[{"name":"c.example","cids":["x1"]}]}"#, in_25: false },
    Passed { item: "C-148", says: "the genre in words", request: r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250}}],"site":{"content":{"genre":"drama","livestream":1}}}"#, reaches: r#""content":{"genre":"drama","livestream":1}"#, in_25: true },
    Passed { item: "C-173", says: "what a month added, under the same version", request: r#"{"id":"r","imp":[{"id":"1","banner":{"w":300,"h":250,"new_in_202607":{"a" : 1}}}],"site":{"new_in_202607":[1.50]}}"#, reaches: r#""banner":{"w":300,"h":250,"new_in_202607":{"a" : 1}}"#, in_25: true },
];

#[test]
fn what_an_ssp_says_reaches_its_dsps_unchanged() {
    let older = {
        let mut partner = partner("older");
        partner.openrtb_version = OpenRtbVersion::V25;
        partner
    };
    let market = market(&[partner("newer"), older]);
    for passed in PASSED {
        let intake = intake(passed.request);
        let plan = planned(&intake, &market, 1);
        let Passed { item, says, .. } = passed;
        let read_by = |partner: usize| {
            let ask = plan.asks.iter().find(|ask| ask.partner == partner);
            let body = ask.and_then(|ask| plan.bodies.get(ask.body));
            let body = body.map(|body| String::from_utf8_lossy(body).into_owned());
            body.unwrap_or_default()
        };
        let (newer, older) = (read_by(0), read_by(1));
        assert!(newer.contains(passed.reaches), "{item} {says}: {newer}");
        assert_eq!(
            older.contains(passed.reaches),
            passed.in_25,
            "{item} {says}, 2.5: {older}"
        );
    }
}

#[test]
fn c_134_several_seats_and_several_bids_of_a_seat_for_one_imp() {
    let request = r#"{"id":"r","at":2,"imp":[{"id":"1","banner":{"w":300,"h":250}}]}"#;
    let bid = |id: &str, price: &str| {
        format!(r#"{{"id":"{id}","impid":"1","price":{price},"w":300,"h":250,"adm":"x"}}"#)
    };
    let response = format!(
        r#"{{"id":"r","seatbid":[{{"seat":"s1","bid":[{},{}]}},{{"seat":"s2","bid":[{},{}]}}]}}"#,
        bid("a", "1"),
        bid("b", "3"),
        bid("c", "2"),
        bid("d", "2.5"),
    );
    let intake = intake(request);
    let market = market(&[partner("alpha")]);
    let plan = planned(&intake, &market, 1);
    let settlement = settled(&plan, &market, &[(0, &response)]);
    let found: Vec<String> = fates(&settlement)
        .into_iter()
        .map(|(_, fate)| fate)
        .collect();
    assert_eq!(found, ["102", "won 2.51 USD", "102", "102"], "C-134");
    let seats: Vec<_> = settlement
        .bids
        .iter()
        .map(|judged| judged.seat.as_deref())
        .collect();
    assert_eq!(
        seats,
        [Some("s1"), Some("s1"), Some("s2"), Some("s2")],
        "C-134"
    );
}
