//! S10: creatives that were not allowed never win, row by row.

mod support;

use contracts::catalog::{CreativePolicy, CreativeVerdict, MarkupHash, Verdict};
use exchange_core::Conditions;
use exchange_core::registry::Registry;
use exchange_core::screening::Policy;
use support::one_bid::{BANNER, Case, VAST, outcome, outcome_under};

const SECURE: &str = r#""secure":1,"banner":{"w":300,"h":250}"#;
const SECURE_VIDEO: &str = r#""secure":1,"video":{"mimes":["video/mp4"]}"#;
const SECURE_NATIVE: &str = r#""secure":1,"native":{"request":"{\"assets\":[]}"}"#;

#[test]
fn the_fifty_cases() {
    #[rustfmt::skip]
    let cases = [
        // secure (X-47)
        Case { item: "01 image over http", request: "", imp: SECURE, bid: r#""adm":"<img src=\"http://a.example/x.png\">""#, expect: "207" },
        Case { item: "02 image over https", request: "", imp: SECURE, bid: r#""adm":"<img src=\"https://a.example/x.png\">""#, expect: "won" },
        Case { item: "03 scheme in capitals", request: "", imp: SECURE, bid: r#""adm":"<img src=HTTP://a.example/x.png>""#, expect: "207" },
        Case { item: "04 script over http", request: "", imp: SECURE, bid: r#""adm":"<script src='http://a.example/x.js'></script>""#, expect: "207" },
        Case { item: "05 style over http", request: "", imp: SECURE, bid: r#""adm":"<div style='background:url(http://a.example/x.png)'>""#, expect: "207" },
        Case { item: "06 a second pixel over http", request: "", imp: SECURE, bid: r#""adm":"<img src='https://a.example/x'><img src='http://b.example/y'>""#, expect: "207" },
        Case { item: "07 slashes escaped in script", request: "", imp: SECURE, bid: r#""adm":"<script>u='http:\\/\\/a.example/x'</script>""#, expect: "207" },
        Case { item: "08 backslashes, which browsers take for slashes", request: "", imp: SECURE, bid: r#""adm":"<img src='http:\\\\a.example/x'>""#, expect: "207" },
        Case { item: "09 without a scheme", request: "", imp: SECURE, bid: r#""adm":"<img src='//a.example/x'>""#, expect: "won" },
        Case { item: "10 http inside of a parameter", request: "", imp: SECURE, bid: r#""adm":"<img src='https://a.example/?u=http%3A%2F%2Fb.example'>""#, expect: "won" },
        Case { item: "11 secure 0", request: "", imp: r#""secure":0,"banner":{"w":300,"h":250}"#, bid: r#""adm":"<img src='http://a.example/x'>""#, expect: "won" },
        Case { item: "12 secure absent", request: "", imp: BANNER, bid: r#""adm":"<img src='http://a.example/x'>""#, expect: "won" },
        Case { item: "13 VAST media over http", request: "", imp: SECURE_VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine><MediaFile type=\"video/mp4\">http://a.example/v.mp4</MediaFile></InLine></Ad></VAST>""#, expect: "207" },
        Case { item: "14 VAST tag over http", request: "", imp: SECURE_VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad><Wrapper><VASTAdTagURI>http://a.example/v</VASTAdTagURI></Wrapper></Ad></VAST>""#, expect: "207" },
        Case { item: "15 a namespace is not loaded", request: "", imp: SECURE_VIDEO, bid: r#""adm":"<VAST version=\"3.0\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><Ad><InLine/></Ad></VAST>""#, expect: "won" },
        Case { item: "16 native image over http", request: "", imp: SECURE_NATIVE, bid: r#""adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[],\"imptrackers\":[\"http://a.example/i\"]}""#, expect: "207" },
        Case { item: "17 native over https", request: "", imp: SECURE_NATIVE, bid: r#""adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}""#, expect: "won" },
        // adomain against badv (X-41, X-42, C-29)
        Case { item: "18 blocked", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":["bad.example"]"#, expect: "205" },
        Case { item: "19 a subdomain", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":["shop.bad.example"]"#, expect: "205" },
        Case { item: "20 with www and a scheme", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":["https://www.bad.example/"]"#, expect: "205" },
        Case { item: "21 capitals and a trailing dot", request: r#""badv":["BAD.example"]"#, imp: BANNER, bid: r#""adomain":["Bad.Example."]"#, expect: "205" },
        Case { item: "22 the second of two", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":["good.example","bad.example"]"#, expect: "205" },
        Case { item: "23 the end of another label", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":["notbad.example"]"#, expect: "won" },
        Case { item: "24 the parent of what is blocked", request: r#""badv":["shop.bad.example"]"#, imp: BANNER, bid: r#""adomain":["bad.example"]"#, expect: "won" },
        Case { item: "25 absent where some are blocked", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: "", expect: "6" },
        Case { item: "26 absent where none is", request: "", imp: BANNER, bid: "", expect: "won" },
        Case { item: "27 no domain", request: "", imp: BANNER, bid: r#""adomain":["<script>"]"#, expect: "6" },
        Case { item: "28 a scalar in place of the list", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":"bad.example""#, expect: "205" },
        // categories (X-43, C-30)
        Case { item: "29 blocked", request: r#""bcat":["IAB7-39"]"#, imp: BANNER, bid: r#""cat":["IAB7-39"]"#, expect: "209" },
        Case { item: "30 a child of what is blocked", request: r#""bcat":["IAB7"]"#, imp: BANNER, bid: r#""cat":["IAB7-39"]"#, expect: "209" },
        Case { item: "31 another of like digits", request: r#""bcat":["IAB2"]"#, imp: BANNER, bid: r#""cat":["IAB25-3"]"#, expect: "won" },
        Case { item: "32 the second of two", request: r#""bcat":["IAB25"]"#, imp: BANNER, bid: r#""cat":["IAB1","IAB25-3"]"#, expect: "209" },
        Case { item: "33 the same taxonomy, not the first", request: r#""cattax":6,"bcat":["483"]"#, imp: BANNER, bid: r#""cattax":6,"cat":["483"]"#, expect: "209" },
        Case { item: "34 in another taxonomy there are no tiers", request: r#""cattax":6,"bcat":["483"]"#, imp: BANNER, bid: r#""cattax":6,"cat":["483-1"]"#, expect: "won" },
        Case { item: "35 outside of those allowed", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: r#""cat":["IAB1-2","IAB3"]"#, expect: "209" },
        Case { item: "36 no category where some are allowed", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: "", expect: "209" },
        // attributes (X-45)
        Case { item: "37 blocked", request: "", imp: r#""banner":{"w":300,"h":250,"battr":[1,8]}"#, bid: r#""attr":[8]"#, expect: "210" },
        Case { item: "38 not blocked", request: "", imp: r#""banner":{"w":300,"h":250,"battr":[1,8]}"#, bid: r#""attr":[9]"#, expect: "won" },
        Case { item: "39 of the medium that is answered", request: "", imp: r#""banner":{"w":300,"h":250,"battr":[1]},"video":{"mimes":["video/mp4"]}"#, bid: r#""mtype":2,"attr":[1],"adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>""#, expect: "won" },
        Case { item: "40 of a video", request: "", imp: r#""video":{"mimes":["video/mp4"],"battr":[13]}"#, bid: r#""attr":[13],"adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>""#, expect: "210" },
        Case { item: "41 of a native ad", request: "", imp: r#""native":{"request":"{\"assets\":[]}","battr":[9]}"#, bid: r#""attr":[9],"adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}""#, expect: "210" },
        Case { item: "42 a vendor's own", request: "", imp: r#""banner":{"w":300,"h":250,"battr":[501]}"#, bid: r#""attr":[501]"#, expect: "210" },
        // ad types (X-46), apps (X-44), languages (X-48)
        Case { item: "43 script where script is blocked", request: "", imp: r#""banner":{"w":300,"h":250,"btype":[3]}"#, bid: r#""adm":"<img src=x><script>1</script>""#, expect: "211" },
        Case { item: "44 iframe where iframes are blocked", request: "", imp: r#""banner":{"w":300,"h":250,"btype":[4]}"#, bid: r#""adm":"<IFRAME src=x>""#, expect: "211" },
        Case { item: "45 text where text is blocked", request: "", imp: r#""banner":{"w":300,"h":250,"btype":[1]}"#, bid: r#""adm":"<b>buy</b>""#, expect: "211" },
        Case { item: "46 an app by its number in the store", request: r#""bapp":["1207472156"]"#, imp: BANNER, bid: r#""bundle":"1207472156""#, expect: "206" },
        Case { item: "47 an app by its package, in capitals", request: r#""bapp":["com.bad.app"]"#, imp: BANNER, bid: r#""bundle":"COM.bad.app""#, expect: "215" },
        Case { item: "48 a language that is not wanted", request: r#""wlang":["en"]"#, imp: BANNER, bid: r#""language":"ru""#, expect: "208" },
        // markup
        Case { item: "49 neither markup nor a notice that brings it", request: "", imp: BANNER, bid: r#""adm":" ""#, expect: "7" },
        Case { item: "50 markup of another kind than offered", request: "", imp: BANNER, bid: r#""mtype":4,"adm":"{}""#, expect: "204" },
    ];
    assert_eq!(cases.len(), 50);
    for case in cases {
        let found = outcome(&case, &Policy::default());
        assert_eq!(found, case.expect, "S10 {}", case.item);
    }
}

#[test]
fn creatives_that_were_reviewed() {
    let line = |crid: &str, markup: Option<&str>, verdict| CreativeVerdict {
        partner: "alpha".into(),
        crid: crid.to_owned(),
        adid: None,
        markup: markup.map(MarkupHash::of),
        verdict,
    };
    let picture = MarkupHash::of_preview("https://a.example/7.png", ["shop.example"]);
    let registry = Registry::new(&[
        line("bad", None, Verdict::Blocked),
        line("good", None, Verdict::Approved),
        line("new", None, Verdict::Pending),
        line("swapped", Some("<b>x</b>"), Verdict::Approved),
        line("swapped", Some("<b>evil</b>"), Verdict::Blocked),
        line("", Some("<i>bad</i>"), Verdict::Blocked),
        line("", Some("<i>good</i>"), Verdict::Approved),
        CreativeVerdict {
            adid: Some("7".to_owned()),
            ..line("", None, Verdict::Blocked)
        },
        CreativeVerdict {
            markup: Some(picture),
            ..line("", None, Verdict::Blocked)
        },
        CreativeVerdict {
            markup: Some(picture),
            ..line("later", None, Verdict::Approved)
        },
    ]);
    use CreativePolicy::{Any, ApprovedOnly, NotBlocked};
    #[rustfmt::skip]
    let cases = [
        ("202 blocked", NotBlocked, r#""crid":"bad""#, "202"),
        ("202 blocked, where only approved ones are taken", ApprovedOnly, r#""crid":"bad""#, "202"),
        ("the registry is not asked", Any, r#""crid":"bad""#, "won"),
        ("approved", ApprovedOnly, r#""crid":"good""#, "won"),
        ("201 pending", ApprovedOnly, r#""crid":"new""#, "201"),
        ("pending is not blocked", NotBlocked, r#""crid":"new""#, "won"),
        ("201 not known", ApprovedOnly, r#""crid":"other""#, "201"),
        ("not known is not blocked", NotBlocked, r#""crid":"other""#, "won"),
        ("201 no crid: its markup is not known", ApprovedOnly, r#""cid":"1""#, "201"),
        ("no crid", NotBlocked, r#""cid":"1""#, "won"),
        ("202 no crid: its markup is blocked", NotBlocked, r#""adm":"<i>bad</i>""#, "202"),
        ("an empty crid is none", NotBlocked, r#""crid":"","adm":"<i>bad</i>""#, "202"),
        ("no crid: its markup is approved", ApprovedOnly, r#""adm":"<i>good</i>""#, "won"),
        ("with a crid the same markup is another creative", ApprovedOnly, r#""crid":"c","adm":"<i>good</i>""#, "201"),
        ("202 by adid, where there is no crid", NotBlocked, r#""adid":"7""#, "202"),
        ("a crid goes before the adid", ApprovedOnly, r#""adid":"7","crid":"good""#, "won"),
        ("202 markup comes later: the crid is blocked", NotBlocked, r#""adm":"","nurl":"https://a.example/n","crid":"bad""#, "202"),
        ("201 markup comes later, of a crid that is not known", ApprovedOnly, r#""adm":"","nurl":"https://a.example/n","crid":"other""#, "201"),
        ("202 markup comes later: picture and advertiser are blocked", NotBlocked, r#""adm":" ","nurl":"https://a.example/n","iurl":"https://a.example/7.png","adomain":["Shop.example"]"#, "202"),
        ("the same picture of another advertiser", NotBlocked, r#""adm":"","nurl":"https://a.example/n","iurl":"https://a.example/7.png","adomain":["b.example"]"#, "won"),
        ("markup comes later: the crid's picture is approved", ApprovedOnly, r#""adm":"","nurl":"https://a.example/n","crid":"later","iurl":"https://a.example/7.png","adomain":["shop.example"]"#, "won"),
        ("201 another picture of that crid", ApprovedOnly, r#""adm":"","nurl":"https://a.example/n","crid":"later","iurl":"https://a.example/8.png","adomain":["shop.example"]"#, "201"),
        ("10 nothing tells it from others", ApprovedOnly, r#""adm":"","nurl":"https://a.example/n""#, "10"),
        ("nothing tells it from others", NotBlocked, r#""adm":"","nurl":"https://a.example/n""#, "won"),
        ("this markup is approved", ApprovedOnly, r#""crid":"swapped""#, "won"),
        ("201 other markup under an approved crid", ApprovedOnly, r#""crid":"swapped","adm":"<b>y</b>""#, "201"),
        ("202 this markup is blocked", NotBlocked, r#""crid":"swapped","adm":"<b>evil</b>""#, "202"),
    ];
    for (item, creatives, bid, expect) in cases {
        let case = Case {
            item,
            request: "",
            imp: BANNER,
            bid,
            expect,
        };
        let conditions = Conditions {
            creatives,
            ..Conditions::default()
        };
        let found = outcome_under(&case, &Policy::default(), &conditions, &registry);
        assert_eq!(found, expect, "{item}");
    }
    let vast = Case {
        item: "201 video without a crid",
        request: "",
        imp: r#""video":{"mimes":["video/mp4"]}"#,
        bid: VAST,
        expect: "201",
    };
    let native = Case {
        item: "202 a native ad without a crid",
        request: "",
        imp: r#""native":{"request":"{\"assets\":[]}"}"#,
        bid: r#""adm":"{\"link\":{\"url\":\"https://a.example?t=2\"},\"assets\":[]}""#,
        expect: "202",
    };
    let native_markup = r#"{"link":{"url":"https://a.example?t=1"},"assets":[]}"#;
    let registry = Registry::new(&[line("", Some(native_markup), Verdict::Blocked)]);
    let strict = Conditions {
        creatives: ApprovedOnly,
        ..Conditions::default()
    };
    for case in [vast, native] {
        let found = outcome_under(&case, &Policy::default(), &strict, &registry);
        assert_eq!(found, case.expect, "{}", case.item);
    }
}
