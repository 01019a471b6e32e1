//! VAST: read, trackers put in, written.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use openrtb::vast::{
    Chain, ChainFault, Companion, Inline, Inserted, Media, QUARTILES, Schema, Survey, Trackers,
    Vast, Verification, Wrapper, no_ad,
};
use proptest::prelude::*;

const INLINE: &str = "<?xml version=\"1.0\"?><!-- <VAST version=\"9\"> --><VAST version='4.2'><Ad id=\"1\" sequence=\"2\"><InLine><AdSystem>x</AdSystem><Impression><![CDATA[https://a/]]></Impression><Creatives><Creative><Linear skipoffset=\"00:00:05\"><Duration> 00:00:15.5 </Duration><MediaFiles><MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"640\" height=\"360\" bitrate=\"800\">\n<![CDATA[https://m.example/v.mp4?a=1&b=2]]>\n</MediaFile><MediaFile type='application/javascript' apiFramework=\"VPAID\" width=\"640\" height=\"360\">https://m.example/v.js?a=1&amp;b=2</MediaFile><InteractiveCreativeFile type=\"text/html\" apiFramework=\"SIMID\"/></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>";
const WRAPPER: &str = "<VAST version=\"3.0\"><Ad><Wrapper followAdditionalWrappers=\"false\"><VASTAdTagURI>\n https://w.example/?a=1&amp;b=2 </VASTAdTagURI></Wrapper></Ad></VAST>";

#[test]
fn documents_tell_what_they_are() {
    struct Case(&'static str, &'static str, Option<(i32, Option<i32>)>);
    let cases = [
        Case("C-80 inline, C-81 fraction", INLINE, Some((13, Some(16)))),
        Case("C-80 wrapper", WRAPPER, Some((6, None))),
        Case(
            "C-80 DAAST",
            "<DAAST version=\"1.0\"><Ad><InLine><Duration>00:00:30</Duration></InLine></Ad></DAAST>",
            Some((9, Some(30))),
        ),
        Case("unknown version", "<VAST version=\"7\"/>", Some((0, None))),
        Case(
            "namespace",
            "<v:VAST version=\"2.0\"><v:Ad><v:InLine></v:InLine></v:Ad></v:VAST>",
            Some((2, None)),
        ),
        Case("banner", "<div><VAST version=\"3.0\"></div>", None),
        Case("text", "VAST", None),
        Case(
            "broken off",
            "<VAST version=\"4.0\"><Ad><InLine><Duration>00:01:00",
            Some((7, Some(60))),
        ),
    ];
    for Case(id, markup, want) in cases {
        let seen =
            Vast::read(markup).map(|vast| (vast.protocol().unwrap_or_default().0, vast.seconds()));
        assert_eq!(seen, want, "{id}");
    }
}

#[test]
fn a_document_is_well_formed_or_not() {
    #[rustfmt::skip]
    let cases = [
        ("inline", INLINE, true),
        ("wrapper", WRAPPER, true),
        ("without an ad", "<VAST version=\"4.0\"/>", true),
        ("namespace", "<v:VAST><v:Ad><v:InLine/></v:Ad></v:VAST>", true),
        ("comment and instruction behind it", "<VAST></VAST><!-- a < b --><?x y?>\n", true),
        ("the root does not end", "<VAST><Ad><InLine></InLine></Ad>", false),
        ("crossed", "<VAST><Ad><InLine></Ad></InLine></VAST>", false),
        ("ended twice", "<VAST><Ad></Ad></Ad></VAST>", false),
        ("another case", "<VAST><Ad></ad></VAST>", false),
        ("two roots", "<VAST></VAST><VAST></VAST>", false),
        ("a tag that does not end", "<VAST><Ad></Ad></VAST", false),
        ("a section that does not end", "<VAST><Ad><![CDATA[x</Ad></VAST>", false),
        ("a comment that does not end", "<VAST></VAST><!-- ", false),
        ("an attribute that does not end", "<VAST version=\"3></VAST>", false),
        ("HTML inside", "<VAST><Ad><br></Ad></VAST>", false),
    ];
    for (says, markup, want) in cases {
        let seen = Vast::read(markup).map(|vast| vast.is_well_formed);
        assert_eq!(seen, Some(want), "{says}");
    }
}

/// A survey and a whole reading of the same markup tell the same.
fn agrees(markup: &str) -> Result<(), TestCaseError> {
    let (vast, survey) = (Vast::read(markup), Survey::read(markup));
    prop_assert_eq!(vast.is_some(), survey.is_some(), "{}", markup);
    let (Some(vast), Some(survey)) = (vast, survey) else {
        return Ok(());
    };
    prop_assert_eq!(
        (
            vast.is_daast,
            vast.version,
            vast.ads.len(),
            vast.is_wrapper()
        ),
        (
            survey.is_daast,
            survey.version,
            survey.ads,
            survey.is_wrapper
        ),
        "{}",
        markup
    );
    prop_assert_eq!(
        (vast.is_well_formed, vast.seconds(), vast.protocol()),
        (survey.is_well_formed, survey.seconds(), survey.protocol()),
        "{}",
        markup
    );
    prop_assert_eq!(
        vast.ads.iter().any(|ad| ad.is_skippable),
        survey.is_skippable,
        "{}",
        markup
    );
    let files: Vec<_> = vast
        .ads
        .iter()
        .flat_map(|ad| &ad.media)
        .map(|file| (file.mime, file.framework))
        .collect();
    let surveyed = survey.files().map(|files| {
        let told = files.iter().map(|file| (file.mime, file.framework));
        told.collect::<Vec<_>>()
    });
    prop_assert_eq!((files.len() <= 16).then_some(files), surveyed, "{}", markup);
    Ok(())
}

#[test]
fn verification_by_omid_alone_is_told() {
    let vast = |verifications: &str| {
        format!(
            "<VAST version=\"4.2\"><Ad><InLine><AdVerifications>{verifications}</AdVerifications></InLine></Ad></VAST>"
        )
    };
    #[rustfmt::skip]
    let cases = [
        ("none", vast(""), false),
        ("a script", vast(r#"<Verification><JavaScriptResource apiFramework="omid"/></Verification>"#), true),
        ("a program, in capitals", vast(r#"<v:Verification><v:ExecutableResource type="x" apiFramework='OMID'></v:ExecutableResource></v:Verification>"#), true),
        ("two", vast(r#"<Verification><JavaScriptResource apiFramework="omid"/><ExecutableResource apiFramework="omid"/></Verification>"#), true),
        ("one of two", vast(r#"<Verification><JavaScriptResource apiFramework="omid"/><JavaScriptResource/></Verification>"#), false),
        ("another framework", vast(r#"<Verification><JavaScriptResource apiFramework="omidx"/></Verification>"#), false),
        ("as an extension of VAST 3", vast("").replace("<AdVerifications></AdVerifications>", r#"<Extensions><Extension type="AdVerifications"><AdVerifications><Verification><JavaScriptResource apiFramework="omid"/></Verification></AdVerifications></Extension></Extensions>"#), true),
        ("outside of the ad", r#"<VAST><JavaScriptResource apiFramework="omid"/><Ad><InLine/></Ad></VAST>"#.to_owned(), false),
        ("in a comment", vast(r#"<!--<JavaScriptResource apiFramework="omid"/>-->"#), false),
    ];
    for (says, markup, want) in cases {
        let survey = Survey::read(&markup).unwrap();
        assert_eq!(survey.is_verified_by_omid(), want, "{says}");
    }
}

#[test]
fn what_screening_needs_of_an_ad() {
    let vast = Vast::read(INLINE).unwrap();
    let ad = &vast.ads[0];
    assert_eq!((ad.id, ad.sequence), (Some("1"), Some(2)));
    assert!(ad.is_linear && ad.is_skippable && !ad.is_wrapper && !ad.is_non_linear);
    assert_eq!(ad.duration_ms, Some(15_500));
    assert_eq!(ad.frameworks, ["VPAID", "SIMID"]);
    let files: Vec<_> = ad
        .media
        .iter()
        .map(|file| (file.url.as_ref(), file.mime, file.width, file.bitrate))
        .collect();
    assert_eq!(
        files,
        [
            (
                "https://m.example/v.mp4?a=1&b=2",
                Some("video/mp4"),
                Some(640),
                Some(800)
            ),
            (
                "https://m.example/v.js?a=1&b=2",
                Some("application/javascript"),
                Some(640),
                None
            ),
            ("", Some("text/html"), None, None),
        ]
    );
    let pod = "<VAST version=\"4.1\"><Ad sequence=\"1\"><InLine/></Ad><Ad sequence=\"2\"><Wrapper></Wrapper></Ad></VAST>";
    let pod = Vast::read(pod).unwrap();
    let ads: Vec<_> = pod
        .ads
        .iter()
        .map(|ad| (ad.sequence, ad.is_wrapper))
        .collect();
    assert_eq!(ads, [(Some(1), false), (Some(2), true)]);
}

#[test]
fn wrappers_lead_only_so_far() {
    let open = "<VAST version=\"3.0\"><Ad><Wrapper><VASTAdTagURI>https://w.example</VASTAdTagURI></Wrapper></Ad></VAST>";
    let (open, closed) = (Vast::read(open).unwrap(), Vast::read(WRAPPER).unwrap());
    let inline = Vast::read(INLINE).unwrap();
    let mut chain = Chain::new(2);
    assert_eq!(chain.follow(&open), Ok(Some("https://w.example")));
    assert_eq!(chain.follow(&open), Ok(Some("https://w.example")));
    assert_eq!(chain.follow(&open), Err(ChainFault::TooLong(2)));
    assert_eq!(chain.follow(&inline), Ok(None));
    assert_eq!(chain.followed(), 2);
    let mut chain = Chain::new(5);
    assert_eq!(
        chain.follow(&closed),
        Ok(Some("https://w.example/?a=1&b=2"))
    );
    assert_eq!(chain.follow(&open), Err(ChainFault::Closed));
    let nowhere = Vast::read("<VAST version=\"3.0\"><Ad><Wrapper></Wrapper></Ad></VAST>").unwrap();
    assert_eq!(Chain::new(5).follow(&nowhere), Err(ChainFault::NoTag));
}

#[test]
fn trackers_in_every_ad() {
    let trackers = Trackers {
        impressions: &["i?a=1&b=]]>"],
        errors: &["e=[ERRORCODE]"],
        events: &[("start", "s"), ("complete", "c")],
        viewable: &[],
        clicks: &[],
    };
    let lead = "<Error><![CDATA[e=[ERRORCODE]]]></Error><Impression><![CDATA[i?a=1&b=]]]]><![CDATA[>]]></Impression>";
    let events = "<Tracking event=\"start\"><![CDATA[s]]></Tracking><Tracking event=\"complete\"><![CDATA[c]]></Tracking>";
    let all = format!("<TrackingEvents>{events}</TrackingEvents>");
    let linear = format!("<Creative><Linear>{all}</Linear></Creative>");
    // L: impressions and errors. E: events. T: tracking events made for them. C: a creative made for
    // them. Anything else is the document.
    #[rustfmt::skip]
    let cases = [
        ("before the first impression", "<VAST version=\"2.0\"><Ad><InLine><AdTitle/>{L}<Impression>a</Impression><Impression>b</Impression></InLine></Ad></VAST>", 1, 0),
        ("before the creatives", "<VAST version=\"2.0\"><Ad><InLine><AdTitle/>{L}<Creatives></Creatives></InLine></Ad></VAST>", 1, 0),
        ("into tracking events", "<VAST version=\"3.0\"><Ad><InLine>{L}<Creatives><Creative><Linear><Duration>1</Duration><TrackingEvents>{E}<Tracking event=\"start\">x</Tracking></TrackingEvents></Linear></Creative></Creatives></InLine></Ad></VAST>", 1, 1),
        ("behind the duration in 2 and 3", "<VAST version=\"3.0\"><Ad><InLine>{L}<Creatives><Creative><Linear><Duration>1</Duration>{T}<MediaFiles></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>", 1, 1),
        ("before it in 4", "<VAST version=\"4.1\"><Ad><InLine>{L}<Creatives><Creative><Linear><Icons></Icons>{T}<Duration>1</Duration></Linear></Creative></Creatives></InLine></Ad></VAST>", 1, 1),
        ("each ad and each linear", "<VAST version=\"4.0\"><Ad><InLine>{L}<Creatives><Creative><Linear>{T}</Linear></Creative><Creative><Linear>{T}</Linear></Creative></Creatives></InLine></Ad><Ad><Wrapper>{L}<Creatives>{C}</Creatives></Wrapper></Ad></VAST>", 2, 3),
        ("a wrapper that names no creatives", "<VAST version=\"3.0\"><Ad><Wrapper><VASTAdTagURI>u</VASTAdTagURI>{L}<Creatives>{C}</Creatives></Wrapper></Ad></VAST>", 1, 1),
        ("an ad that is not linear", "<VAST version=\"3.0\"><Ad><InLine>{L}<Creatives><Creative><NonLinearAds><TrackingEvents></TrackingEvents></NonLinearAds></Creative></Creatives></InLine></Ad></VAST>", 1, 0),
        ("companions are left alone", "<VAST version=\"3.0\"><Ad><InLine>{L}<Creatives><Creative><Linear>{T}</Linear></Creative><Creative><CompanionAds><Companion><TrackingEvents></TrackingEvents></Companion></CompanionAds></Creative></Creatives></InLine></Ad></VAST>", 1, 1),
        ("no ad", "<VAST version=\"4.2\"/>", 0, 0),
    ];
    for (says, document, ads, linears) in cases {
        let fill = |lead: &str, events: &str, all: &str, linear: &str| {
            document
                .replace("{L}", lead)
                .replace("{E}", events)
                .replace("{T}", all)
                .replace("{C}", linear)
        };
        let mut out = String::new();
        let before = match says {
            "a wrapper that names no creatives" => {
                fill("", "", "", "").replace("<Creatives></Creatives>", "")
            }
            _ => fill("", "", "", ""),
        };
        let inserted = trackers.insert(&before, &mut out);
        assert_eq!(out, fill(lead, events, &all, &linear), "{says}");
        assert_eq!(inserted, Inserted { ads, linears }, "{says}");
    }
    // A linear creative that never ends, and another in it: nothing is written twice.
    let broken = "<VAST><Ad><InLine><Creatives><Linear><Duration>1</Duration><Linear/></Linear></Creatives></InLine></Ad></VAST>";
    let mut out = String::new();
    trackers.insert(broken, &mut out);
    assert_eq!(out.matches("<Duration>").count(), 1, "{out}");
    // Elements that are written as empty ones.
    #[rustfmt::skip]
    let cases = [
        ("<VAST version=\"3.0\"><Ad><Wrapper><Impression/><Creatives/></Wrapper></Ad></VAST>", format!("<Impression/><Creatives>{linear}</Creatives>")),
        ("<VAST version=\"3.0\"><Ad><InLine><Impression/><Creatives><Creative><Linear skipoffset=\"5\" /></Creative></Creatives></InLine></Ad></VAST>", format!("<Linear skipoffset=\"5\">{all}</Linear>")),
        ("<VAST version=\"3.0\"><Ad><InLine><Impression/><Creatives><Creative><Linear><TrackingEvents/></Linear></Creative></Creatives></InLine></Ad></VAST>", format!("<Linear>{all}</Linear>")),
    ];
    for (before, part) in cases {
        let mut out = String::new();
        assert_eq!(
            trackers.insert(before, &mut out),
            Inserted { ads: 1, linears: 1 }
        );
        assert!(out.contains(&part), "{out}");
    }
}

#[test]
fn viewability_is_told_in_version_4() {
    let trackers = Trackers {
        impressions: &["i"],
        viewable: &["v"],
        ..Trackers::default()
    };
    let lead = "<Impression><![CDATA[i]]></Impression>";
    let url = "<Viewable><![CDATA[v]]></Viewable>";
    let whole = format!("<ViewableImpression>{url}</ViewableImpression>");
    // L: impressions. V: a URL. W: an element made for it.
    #[rustfmt::skip]
    let cases = [
        ("behind the impressions and the price", "<VAST version=\"4.0\"><Ad><InLine>{L}<Impression>a</Impression><Pricing/>{W}<AdTitle/><Creatives/></InLine></Ad></VAST>"),
        ("into the ad's own", "<VAST version=\"4.2\"><Ad><InLine>{L}<Impression>a</Impression><AdTitle/><ViewableImpression id=\"x\">{V}<Viewable>a</Viewable></ViewableImpression></InLine></Ad></VAST>"),
        ("before the creatives of a wrapper", "<VAST version=\"4.1\"><Ad><Wrapper>{L}{W}<Creatives></Creatives></Wrapper></Ad></VAST>"),
        ("each ad", "<VAST version=\"4.1\"><Ad><InLine>{L}<Impression>a</Impression>{W}<Creatives/></InLine></Ad><Ad><InLine>{L}<Impression>b</Impression>{W}<Creatives/></InLine></Ad></VAST>"),
        ("not in version 3", "<VAST version=\"3.0\"><Ad><InLine>{L}<Impression>a</Impression><Creatives/></InLine></Ad></VAST>"),
    ];
    for (says, document) in cases {
        let fill = |lead: &str, url: &str, whole: &str| {
            let filled = document.replace("{L}", lead).replace("{V}", url);
            filled.replace("{W}", whole)
        };
        let mut out = String::new();
        trackers.insert(&fill("", "", ""), &mut out);
        assert_eq!(out, fill(lead, url, &whole), "{says}");
    }
    let mut out = String::new();
    let empty =
        "<VAST version=\"4.0\"><Ad><InLine><Impression/><ViewableImpression/></InLine></Ad></VAST>";
    trackers.insert(empty, &mut out);
    assert!(out.contains(&whole), "{out}");
}

#[test]
fn clicks_of_linear_media() {
    let trackers = Trackers {
        events: &[("start", "s")],
        clicks: &["k"],
        ..Trackers::default()
    };
    let event = "<Tracking event=\"start\"><![CDATA[s]]></Tracking>";
    let events = &*format!("<TrackingEvents>{event}</TrackingEvents>");
    let url = "<ClickTracking><![CDATA[k]]></ClickTracking>";
    let whole = format!("<VideoClicks>{url}</VideoClicks>");
    // T: tracking events. E: an event. K: a URL. W: an element made for it.
    #[rustfmt::skip]
    let cases = [
        ("behind where the click leads in 2 and 3", "3.0", "<Duration>1</Duration>{T}<VideoClicks><ClickThrough>a</ClickThrough>{K}</VideoClicks><MediaFiles/>"),
        ("before custom clicks", "2.0", "<Duration>1</Duration>{T}<VideoClicks><ClickThrough>a</ClickThrough><ClickTracking>b</ClickTracking>{K}<CustomClick>c</CustomClick></VideoClicks>"),
        ("at the front in 4", "4.1", "{T}<Duration>1</Duration><MediaFiles></MediaFiles><VideoClicks>{K}<ClickThrough>a</ClickThrough></VideoClicks>"),
        ("before the media in 2 and 3", "3.0", "<Duration>1</Duration>{T}{W}<MediaFiles><MediaFile>a</MediaFile></MediaFiles>"),
        ("at the end in 4", "4.0", "{T}<Duration>1</Duration><MediaFiles></MediaFiles>{W}"),
        ("no media", "3.0", "{T}{W}"),
        ("clicks before anything else", "3.0", "{T}<VideoClicks>{K}</VideoClicks><AdParameters/>"),
        ("clicks before the document's own events", "3.0", "<VideoClicks>{K}</VideoClicks><TrackingEvents>{E}<Tracking event=\"start\">a</Tracking></TrackingEvents>"),
    ];
    for (says, version, linear) in cases {
        let document = format!(
            "<VAST version=\"{version}\"><Ad><InLine><Creatives><Creative><Linear>{linear}</Linear></Creative></Creatives></InLine></Ad></VAST>"
        );
        let fill = |event: &str, events: &str, url: &str, whole: &str| {
            let filled = document.replace("{T}", events).replace("{K}", url);
            filled.replace("{W}", whole).replace("{E}", event)
        };
        let mut out = String::new();
        trackers.insert(&fill("", "", "", ""), &mut out);
        assert_eq!(out, fill(event, events, url, &whole), "{says}");
    }
    let linear = format!("<Linear>{events}{whole}</Linear>");
    #[rustfmt::skip]
    let cases = [
        ("an empty element", "<VAST version=\"3.0\"><Ad><InLine><Creatives><Creative><Linear><VideoClicks/></Linear></Creative></Creatives></InLine></Ad></VAST>", &*whole),
        ("an empty creative", "<VAST version=\"3.0\"><Ad><InLine><Creatives><Creative><Linear/></Creative></Creatives></InLine></Ad></VAST>", &linear),
        ("a wrapper without creatives", "<VAST version=\"4.0\"><Ad><Wrapper><Creatives/></Wrapper></Ad></VAST>", &linear),
    ];
    for (says, document, part) in cases {
        let mut out = String::new();
        trackers.insert(document, &mut out);
        assert!(out.contains(part), "{says}: {out}");
    }
    let alone = Trackers {
        events: &[],
        ..trackers
    };
    let mut out = String::new();
    alone.insert("<VAST version=\"4.0\"><Ad><InLine><Creatives><Creative><Linear><Duration/></Linear></Creative></Creatives></InLine></Ad></VAST>", &mut out);
    assert!(
        out.contains(&format!("<Linear><Duration/>{whole}</Linear>")),
        "{out}"
    );
}

#[test]
fn documents_of_ours() {
    let events = QUARTILES.map(|event| (event, "https://t.example/e?a=1&b=2"));
    let written = |schema, version: &str| {
        let ad = Inline {
            schema,
            version,
            id: "a\"1",
            system: "Gavel",
            title: "Fish & <chips>\u{0}",
            serving_id: "s-1",
            universal_id: ("unknown", "u-1"),
            impressions: &["https://t.example/i?x=]]>"],
            errors: &["https://t.example/x?c=[ERRORCODE]"],
            duration_ms: 15_250,
            events: &events,
            click_through: Some("https://c.example"),
            media: &[Media {
                url: "https://m.example/v.mp4",
                mime: "video/mp4",
                width: 640,
                height: 360,
            }],
            verifications: &[Verification {
                vendor: "measure.example-omid",
                script: "https://measure.example/omid.js",
                parameters: Some("a=1"),
            }],
            companions: &[Companion {
                url: "https://m.example/c.png",
                mime: "image/png",
                width: 300,
                height: 250,
                click_through: "https://c.example/2",
            }],
        };
        let mut out = Vec::new();
        ad.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    };
    let order = |document: &str| {
        let names = [
            "AdSystem",
            "AdTitle",
            "Error",
            "Impression",
            "AdServingId",
            "Creatives",
            "Duration",
            "TrackingEvents",
            "VideoClicks",
            "MediaFiles",
            "UniversalAdId",
            "AdVerifications",
            "Extensions",
            "CompanionAds",
        ];
        let mut at: Vec<_> = names
            .into_iter()
            .filter_map(|name| Some((document.find(&format!("<{name}"))?, name)))
            .collect();
        at.sort_unstable();
        at.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
    };
    let (old, new) = (written(Schema::Two, "3.0"), written(Schema::FourOne, "4.2"));
    assert_eq!(
        order(&old),
        [
            "AdSystem",
            "AdTitle",
            "Error",
            "Impression",
            "Creatives",
            "Duration",
            "TrackingEvents",
            "VideoClicks",
            "MediaFiles",
            "CompanionAds",
            "Extensions",
            "AdVerifications"
        ]
    );
    assert_eq!(
        order(&new),
        [
            "AdSystem",
            "Error",
            "Impression",
            "AdServingId",
            "AdTitle",
            "AdVerifications",
            "Creatives",
            "TrackingEvents",
            "Duration",
            "MediaFiles",
            "VideoClicks",
            "UniversalAdId",
            "CompanionAds"
        ]
    );
    assert!(
        new.contains("<Verification vendor=\"measure.example-omid\"><JavaScriptResource apiFramework=\"omid\" browserOptional=\"true\"><![CDATA[https://measure.example/omid.js]]></JavaScriptResource><VerificationParameters><![CDATA[a=1]]></VerificationParameters></Verification>"),
        "{new}"
    );
    assert!(
        new.contains("<Companion width=\"300\" height=\"250\"><StaticResource creativeType=\"image/png\"><![CDATA[https://m.example/c.png]]></StaticResource><CompanionClickThrough><![CDATA[https://c.example/2]]>"),
        "{new}"
    );
    let zero = written(Schema::Four, "4.0");
    assert!(!zero.contains("AdServingId"), "{zero}");
    assert!(
        zero.contains("<Extensions><Extension type=\"AdVerifications\"><AdVerifications>"),
        "{zero}"
    );
    assert!(
        zero.contains("<UniversalAdId idRegistry=\"unknown\" idValue=\"u-1\">u-1<"),
        "{zero}"
    );
    for (document, protocol) in [(&old, 3), (&zero, 7), (&new, 13)] {
        assert!(document.contains("<Ad id=\"a&quot;1\">"), "{document}");
        assert!(
            document.contains("<AdTitle>Fish &amp; &lt;chips&gt;\u{fffd}</AdTitle>"),
            "{document}"
        );
        assert!(
            document.contains("<![CDATA[https://t.example/i?x=]]]]><![CDATA[>]]>"),
            "{document}"
        );
        let read = Vast::read(document).unwrap();
        assert_eq!(read.protocol().unwrap().0, protocol);
        assert_eq!(read.ads[0].duration_ms, Some(15_250));
        assert_eq!(read.ads[0].media[0].url, "https://m.example/v.mp4");
    }
    for (schema, version, creatives) in [(Schema::Two, "2.0", true), (Schema::Four, "4.0", false)] {
        let tag = "https://w.example/?a=1&b=2";
        let ad = Wrapper {
            schema,
            version,
            id: "1",
            system: "Gavel",
            tag,
            impressions: &["i"],
            errors: &[],
            events: &[],
            clicks: if creatives { &["c"] } else { &[] },
            verifications: &[],
        };
        let mut out = Vec::new();
        ad.write(&mut out).unwrap();
        let document = String::from_utf8(out).unwrap();
        assert_eq!(document.contains("<Creatives>"), creatives, "{document}");
        let clicks = "<Linear><VideoClicks><ClickTracking><![CDATA[c]]></ClickTracking>";
        assert_eq!(document.contains(clicks), creatives, "{document}");
        assert_eq!(
            Vast::read(&document).unwrap().ads[0].tag.as_deref(),
            Some(tag)
        );
    }
    let mut out = Vec::new();
    no_ad("4.2", &mut out).unwrap();
    assert_eq!(out, br#"<VAST version="4.2"/>"#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn a_survey_tells_what_a_reading_does(
        pieces in proptest::collection::vec(0_usize..29, 0..40),
        head in any::<bool>(),
        cut in 0_usize..400,
    ) {
        const PIECES: [&str; 29] = [
            "<Ad id=\"1\">", "</Ad>", "<InLine>", "</InLine>", "<Wrapper>", "</Wrapper>", "<Linear skipoffset='5'>",
            "<Linear>", "</Linear>", "<Duration>", "00:00:15", " 00:01:00.5 ", "</Duration>", "<![CDATA[00:00:30]]>",
            "<MediaFile type=\"video/mp4\"/>", "<MediaFile apiFramework=\"VPAID\" type='a>b'></MediaFile>", "<!-- < > -->",
            "<?x?>", "<b", "\"", "'", "é", "<v:Ad>", "</v:Ad>", "&lt;", "<Mezzanine type = 'x' type='y' /></VAST>",
            "<Ad sequence=\"1\">", "<Ad sequence=' 2 ' sequence=''>", "<Ad sequence='-'>",
        ];
        let mut markup = String::from(if head { "<VAST version=\"4.1\">" } else { "" });
        for piece in pieces {
            markup.push_str(PIECES[piece]);
        }
        agrees(&markup)?;
        let cut = markup.floor_char_boundary(cut);
        agrees(&markup[..cut])?;
        for whole in [INLINE, WRAPPER] {
            agrees(&whole[..whole.floor_char_boundary(cut)])?;
            agrees(whole)?;
        }
    }
}

proptest! {
    #[test]
    fn any_markup_is_read(markup in "(<|>|/|\"|=|VAST|Ad|InLine|Wrapper|Linear|TrackingEvents|<Creatives>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|Duration|\\PC){0,60}") {
        let read = Vast::read(&markup);
        let mut out = String::new();
        let trackers = Trackers { impressions: &["u"], ..Trackers::default() };
        let inserted = trackers.insert(&markup, &mut out);
        prop_assert_eq!(out.len(), markup.len() + inserted.ads * "<Impression><![CDATA[u]]></Impression>".len());
        let events = QUARTILES.map(|event| (event, "e"));
        let trackers = Trackers { events: &events, ..trackers };
        let mut out = String::new();
        let both = trackers.insert(&markup, &mut out);
        prop_assert_eq!(both.ads, inserted.ads);
        if let Some(read) = read {
            prop_assert_eq!(Vast::read(&out).unwrap().ads.len(), read.ads.len());
        }
    }
}
