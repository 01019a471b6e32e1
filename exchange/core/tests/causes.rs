//! What decided against a bid, in words (X-113): what they say is so.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod support;

use exchange_core::{Conditions, Why};
use std::num::NonZeroU8;
use support::{intake, market, partner, planned, settled_under};

/// What each bid lost by, in the order of the answer; `-` for one that won.
fn whys(request: &str, answer: &str, multibid: Option<u8>, taken: usize) -> Vec<String> {
    let request = format!(r#"{{"id":"r",{request}}}"#);
    let intake = intake(&request);
    let mut alpha = partner("alpha");
    alpha.multibid = multibid.and_then(NonZeroU8::new);
    let market = market(&[alpha]);
    let plan = planned(&intake, &market, 1);
    let conditions = Conditions {
        multibid: taken,
        ..Conditions::default()
    };
    let settlement = settled_under(&plan, &market, &conditions, &[(0, answer)]);
    let whys = settlement.bids.iter().map(|judged| {
        let why = |loss| Why {
            loss,
            cause: judged.cause,
            currency: judged.currency,
        };
        let told = judged.loss().map(|loss| why(loss).to_string());
        told.unwrap_or_else(|| "-".to_owned())
    });
    whys.collect()
}

const ONE: &str = r#""imp":[{"id":"1","bidfloor":2,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"v","bidfloor":3}]}}]"#;
const SECOND: &str = r#""at":2,"imp":[{"id":"1","bidfloor":2,"banner":{"w":300,"h":250}}]"#;
const TWO: &str =
    r#""imp":[{"id":"1","banner":{"w":300,"h":250}},{"id":"2","banner":{"w":300,"h":250}}]"#;
const PRIVATE: &str = r#""imp":[{"id":"1","banner":{"w":300,"h":250},"pmp":{"private_auction":1,"deals":[{"id":"v","bidfloor":3}]}}]"#;
/// Two slots of one pod.
const SLOTS: &str = r#""imp":[{"id":"1","video":{"podid":"p","mimes":["video/mp4"],"protocols":[3]}},{"id":"2","video":{"podid":"p","mimes":["video/mp4"],"protocols":[3]}}]"#;
const BY_CATEGORY: &str = r#""imp":[{"id":"1","video":{"podid":"p","poddedupe":[2],"mimes":["video/mp4"],"protocols":[3]}},{"id":"2","video":{"podid":"p","mimes":["video/mp4"],"protocols":[3]}}]"#;
/// A break of 60 s.
const BREAK: &str = r#""imp":[{"id":"1","video":{"poddur":60,"maxseq":3,"maxduration":60,"mimes":["video/mp4"],"protocols":[3]}}]"#;

/// Bids as `imp price more`.
fn bids(bids: &[&str]) -> String {
    let vast = r#""adm":"<VAST version=\"3.0\"><Ad><InLine></InLine></Ad></VAST>""#;
    let bids = bids.iter().enumerate().map(|(at, bid)| {
        let (imp, rest) = bid.split_once(' ').unwrap();
        let (price, more) = rest.split_once(' ').unwrap_or((rest, ""));
        let adm = if more.contains("video") {
            vast
        } else {
            r#""adm":"x""#
        };
        let more = more.replace("video", r#""mtype":2"#);
        let more = if more.is_empty() {
            more
        } else {
            format!(",{more}")
        };
        format!(r#"{{"id":"{at}","impid":"{imp}","price":{price},"w":300,"h":250,{adm}{more}}}"#)
    });
    bids.collect::<Vec<String>>().join(",")
}

fn answer(seats: &[String]) -> String {
    format!(r#"{{"id":"r","seatbid":[{}]}}"#, seats.join(","))
}

fn seat(all: &[&str]) -> String {
    format!(r#"{{"bid":[{}]}}"#, bids(all))
}

fn group(all: &[&str]) -> String {
    let bids = bids(all).replace(r#""id":""#, r#""id":"g"#);
    format!(r#"{{"group":1,"bid":[{bids}]}}"#)
}

#[test]
fn what_is_said_of_a_loser_is_so() {
    struct Row(
        &'static str,
        &'static str,
        Vec<String>,
        &'static [&'static str],
    );
    let set = |ads: &[&str]| vec![seat(ads)];
    #[rustfmt::skip]
    let rows = [
        Row("X-98 second price: the bid that won, not what it pays", SECOND, set(&["1 5", "1 3"]), &["-", "lost to a higher bid of 5 USD"]),
        Row("X-98 under a floor in second price", SECOND, set(&["1 5", "1 1"]), &["-", "below the floor of 2 USD; a bid of 5 USD was to be beaten"]),
        Row("X-58 nobody else", ONE, set(&["1 1"]), &["below the floor of 2 USD"]),
        Row("X-58 against a deal no price wins", ONE, set(&["1 1", r#"1 4 "dealid":"v""#]), &["below the floor of 2 USD", "-"]),
        Row("X-58 under the deal's floor", ONE, set(&[r#"1 1 "dealid":"v""#]), &["below the deal's floor of 3 USD"]),
        Row("X-30", ONE, set(&["1 9", r#"1 4 "dealid":"v""#]), &["lost to a bid for a deal", "-"]),
        Row("X-75 a dearer bid loses to a group", TWO, vec![seat(&["1 2"]), group(&["1 1.2", "2 1.2"])], &["lost to a group of bids that win together and are worth more together", "-", "-"]),
        Row("X-75 a group loses", TWO, vec![seat(&["1 5"]), group(&["1 2", "2 2"])], &["-", "lost with its group: the bids that won are worth at least as much", "lost with its group: the bids that won are worth at least as much"]),
        Row("C-110", PRIVATE, set(&["1 5"]), &["the auction is private, and the bid names no deal"]),
        Row("C-111", PRIVATE, set(&[r#"1 5 "dealid":"w""#]), &["the deal is not one of the imp's"]),
        Row("C-27", ONE, set(&["1 1000001", "1 1e10", "1 1000000"]), &["its price is beyond 1000000, the most that is believed", "its price is beyond 1000000, the most that is believed", "-"]),
        Row("X-53", ONE, set(&["1 -1e10", "1 0"]), &["no positive price", "no positive price"]),
        Row("X-22 the advertiser is in the pod, beside a cheaper bid", SLOTS, set(&[r#"1 10 video,"adomain":["a.example"]"#, r#"2 9 video,"adomain":["a.example"]"#, r#"2 4 video,"adomain":["b.example"]"#]),
            &["-", "its advertiser is in the pod already", "-"]),
        Row("X-22 where its place is left empty", SLOTS, set(&[r#"1 10 video,"adomain":["a.example"]"#, r#"2 9 video,"adomain":["a.example"]"#]), &["-", "its advertiser is in the pod already"]),
        Row("X-22 of one slot price decides", SLOTS, set(&[r#"1 10 video,"adomain":["a.example"]"#, r#"1 9 video,"adomain":["a.example"]"#, r#"2 4 video,"adomain":["b.example"]"#]),
            &["-", "lost to a higher bid of 10 USD", "-"]),
        Row("X-22 the category", BY_CATEGORY, set(&[r#"1 10 video,"cat":["IAB1"]"#, r#"2 9 video,"cat":["IAB1"]"#, r#"2 4 video,"cat":["IAB2"]"#]), &["-", "its category is in the pod already", "-"]),
        Row("X-22 the creative", SLOTS, set(&[r#"1 10 video,"crid":"c""#, r#"2 9 video,"crid":"c""#]), &["-", "its creative is in the pod already"]),
        Row("C-100 a slot", SLOTS, set(&["1 10 video", "1 9 video"]), &["-", "lost to a higher bid of 10 USD"]),
        Row("C-101 the dearest loses to a set", BREAK, set(&[r#"1 10 video,"dur":60"#, r#"1 6 video,"dur":30"#, r#"1 6 video,"dur":30"#]), &["lost to a set of ads that is worth more together", "-", "-"]),
        Row("C-101 a cheaper one", BREAK, set(&[r#"1 5 video,"dur":30"#, r#"1 6 video,"dur":30"#, r#"1 6 video,"dur":30"#]), &["lost to a higher bid", "-", "-"]),
        Row("X-22 in a break", BREAK, set(&[r#"1 10 video,"dur":15,"adomain":["a.example"]"#, r#"1 9 video,"dur":15,"adomain":["a.example"]"#, r#"1 4 video,"dur":15"#]), &["-", "its advertiser is in the pod already", "-"]),
    ];
    for Row(says, request, seats, want) in rows {
        assert_eq!(whys(request, &answer(&seats), None, 1), want, "{says}");
    }
    // X-76: whichever of them wins.
    let mut drawn = whys(SECOND, &answer(&[seat(&["1 5", "1 5"])]), None, 1);
    drawn.sort();
    assert_eq!(drawn, ["-", "lost the draw between equal bids"], "X-76");
    // A DSP wins as often as it may, whatever else it bids.
    let many = [seat(&["1 9", "1 8"])];
    let limited = whys(SECOND, &answer(&many), Some(1), 2);
    assert_eq!(limited, ["-", "lost to a higher bid of 9 USD"]);
}

#[test]
fn each_format_that_is_not_offered_has_its_own_words() {
    const VIDEO: &str = r#""imp":[{"id":"1","video":{"mimes":["video/mp4"],"protocols":[3],"minduration":10,"maxduration":30}}]"#;
    const EXACT: &str =
        r#""imp":[{"id":"1","video":{"mimes":["video/mp4"],"protocols":[3],"rqddurs":[15,30]}}]"#;
    const PNG: &str = r#""imp":[{"id":"1","banner":{"w":300,"h":250,"mimes":["image/png"]}}]"#;
    const NATIVE: &str = r#""imp":[{"id":"1","native":{"request":"{\"ver\":\"1.2\",\"assets\":[{\"id\":3,\"required\":1,\"title\":{\"len\":90}}]}"}}]"#;
    let vast = |version: &str, more: &str| {
        format!(
            r#""mtype":2,"adm":"<VAST version=\"{version}\"><Ad><InLine>{more}</InLine></Ad></VAST>""#
        )
    };
    let vpaid =
        r#"<MediaFiles><MediaFile type=\"video/mp4\" apiFramework=\"VPAID\"/></MediaFiles>"#;
    let webm = r#"<MediaFiles><MediaFile type=\"video/webm\"/></MediaFiles>"#;
    #[rustfmt::skip]
    let rows = [
        ("C-81 too long", VIDEO, vast("3.0", "") + r#","dur":60"#, "its duration of 60 s is longer than 30 s"),
        ("C-81 too short", VIDEO, vast("3.0", "") + r#","dur":5"#, "its duration of 5 s is shorter than 10 s"),
        ("C-85 rqddurs", EXACT, vast("3.0", "") + r#","dur":20"#, "its duration of 20 s is none of rqddurs"),
        ("C-101 longer than the break", BREAK, vast("3.0", "") + r#","dur":60"#, "-"),
        ("C-80 the version", VIDEO, vast("4.2", ""), "protocol 13 (VAST 4.2) is not among protocols"),
        ("X-50 the type of its files", VIDEO, vast("3.0", webm), "no media file is of a type in mimes"),
        ("C-72 VPAID", VIDEO, vast("3.0", vpaid), "the markup needs VPAID, which is not in api"),
        ("C-72 a declared API", VIDEO, vast("3.0", "") + r#","apis":[7]"#, "it declares API 7 (OMID 1.0), which is not offered"),
        ("C-72 MRAID", ONE, r#""adm":"<script src=mraid.js></script>""#.to_owned(), "the markup needs MRAID, which is not in api"),
        ("C-72 OMID", ONE, r#""adm":"<script>OmidVerificationClient</script>""#.to_owned(), "the markup needs OMID, which is not in api"),
        ("C-72 an image", PNG, r#""adm":"<img src=a.gif>""#.to_owned(), "nothing that it shows is of a type in mimes"),
        ("C-92 a required asset", NATIVE, r#""adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}""#.to_owned(), "the native answer does not fit: required asset 3 is missing"),
        ("C-92 unreadable", NATIVE, r#""adm":"x""#.to_owned(), "the native answer cannot be read"),
        ("X-49 another medium", VIDEO, r#""mtype":1,"adm":"x""#.to_owned(), "the imp offers no banner"),
        ("C-132 no medium", VIDEO, r#""mtype":9,"adm":"x""#.to_owned(), "mtype 9 is no type of markup"),
    ];
    for (item, request, bid, want) in rows {
        let bid = format!(
            r#"{{"id":"r","seatbid":[{{"bid":[{{"id":"b","impid":"1","price":4,"w":300,"h":250,{bid}}}]}}]}}"#
        );
        assert_eq!(whys(request, &bid, None, 1), [want], "{item}");
    }
}
