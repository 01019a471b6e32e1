//! Sections 6 and 8: video, audio, pods.

use serde_json::{Value, json};

use super::shop::imp;
use super::{Row, Want, any_bid, bids, creative, over, refused, row};

fn video(differs: Value) -> Value {
    let usual = json!({"format": "video", "media_url": "https://cdn.example/v.mp4", "duration_seconds": 15});
    creative(over(usual, &differs))
}

fn own(version: &str, body: &str) -> Value {
    let document = format!(
        "<VAST version=\"{version}\"><Ad><InLine><AdSystem>a</AdSystem><AdTitle>t</AdTitle><Impression>https://i.example</Impression><Creatives><Creative>{body}</Creative></Creatives></InLine></Ad></VAST>"
    );
    creative(json!({"format": "video", "markup": document}))
}

fn player(differs: Value) -> Value {
    let usual = json!({"mimes": ["video/mp4"], "protocols": [7, 11, 13], "minduration": 5, "maxduration": 30, "w": 640, "h": 360});
    imp(json!({"banner": null, "video": over(usual, &differs)}))
}

fn audio(differs: Value) -> Value {
    let usual = json!({"mimes": ["audio/mpeg"], "protocols": [7, 11], "maxduration": 30});
    imp(json!({"banner": null, "audio": over(usual, &differs)}))
}

fn spot(differs: Value) -> Value {
    let usual = json!({"format": "audio", "media_url": "https://cdn.example/a.mp3", "duration_seconds": 20});
    creative(over(usual, &differs))
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = documents();
    rows.extend(lengths());
    rows.extend(places());
    rows.extend(pods());
    rows
}

fn documents() -> Vec<Row> {
    let linear = "<Linear><Duration>00:00:15</Duration><MediaFiles><MediaFile delivery=\"streaming\" type=\"video/mp4\" width=\"640\" height=\"360\" bitrate=\"900\">https://c.example/v.mp4</MediaFile></MediaFiles></Linear>";
    let skippable = "<Linear skipoffset=\"00:00:05\"><Duration>00:00:15</Duration></Linear>";
    let overlay = "<NonLinearAds><NonLinear width=\"300\" height=\"60\"/></NonLinearAds>";
    let omid = json!({"verification": {"vendor": "measure.example-omid", "script": "https://measure.example/o.js"}});
    vec![
        row(
            "C-80 the newest version on offer",
            video(json!({})),
            player(json!({})),
            bids(
                json!({"protocol": 13, "adm": ["<VAST version=\"4.2\">", "<AdServingId>", "<UniversalAdId", "[ERRORCODE]", "/t/video/complete?t="]}),
            ),
        ),
        row(
            "C-80 a version that is not offered",
            own("3.0", linear),
            player(json!({"protocols": [7, 11]})),
            refused("protocol_not_supported"),
        ),
        row(
            "C-80 no versions named: no restriction",
            own("3.0", linear),
            player(json!({"protocols": []})),
            bids(json!({"protocol": 3, "dur": 15})),
        ),
        row(
            "C-172 the one protocol of 2.4",
            video(json!({})),
            player(json!({"protocols": null, "protocol": 3})),
            bids(json!({"protocol": 3})),
        ),
        row(
            "C-80 wrappers have numbers of their own",
            creative(
                json!({"format": "video", "vast_url": "https://ads.example/tag", "duration_seconds": 15}),
            ),
            player(json!({"protocols": [3, 6]})),
            bids(json!({"protocol": 6, "adm": ["<Wrapper>", "<ClickTracking>", "&redirect=0]]>"]})),
        ),
        row(
            "C-80 mimes",
            video(json!({"mime": "video/webm"})),
            player(json!({})),
            refused("mime_not_allowed"),
        ),
        row(
            "C-82 linear only",
            own("4.0", overlay),
            player(json!({"linearity": 1, "minduration": null, "maxduration": null})),
            refused("linearity_not_offered"),
        ),
        row(
            "C-82 not linear, where that is offered",
            own("4.0", overlay),
            player(json!({"linearity": 2, "minduration": null, "maxduration": null})),
            bids(json!({"protocol": 7, "dur": null})),
        ),
        row(
            "C-82 delivery: a file where a stream is wanted",
            video(json!({})),
            player(json!({"delivery": [1]})),
            refused("delivery_not_offered"),
        ),
        row(
            "C-82 delivery: a stream",
            own("4.0", linear),
            player(json!({"delivery": [1]})),
            any_bid(),
        ),
        row(
            "C-82 delivery: a file can be loaded before it plays",
            video(json!({})),
            player(json!({"delivery": [3]})),
            any_bid(),
        ),
        row(
            "C-146 delivery is the stitcher's where the server inserts the ad",
            video(json!({})),
            over(json!({}), &{
                let mut request = player(json!({"delivery": [1]}));
                request["imp"][0]["ssai"] = json!(3);
                request
            }),
            any_bid(),
        ),
        row(
            "C-21 bit rate over the greatest",
            video(json!({"bitrate": 6001})),
            player(json!({"minbitrate": 400, "maxbitrate": 6000})),
            refused("bitrate_not_allowed"),
        ),
        row(
            "C-21 bit rate within",
            own("4.0", linear),
            player(json!({"minbitrate": 400, "maxbitrate": 6000})),
            any_bid(),
        ),
        row(
            "C-84 two skip buttons",
            video(json!({"attributes": [16]})),
            player(json!({"skip": 1})),
            refused("skip_not_allowed"),
        ),
        row(
            "C-84 a document that can be skipped brings its button",
            own("4.0", skippable),
            player(json!({"skip": 1})),
            refused("skip_not_allowed"),
        ),
        row(
            "C-84 and says so where that is fine",
            own("4.0", skippable),
            player(json!({"skip": 0})),
            bids(json!({"attr": [16]})),
        ),
        row(
            "C-72 OMID in VAST 4.1 and later",
            video(omid.clone()),
            player(json!({"api": [7]})),
            bids(
                json!({"apis": [7], "adm": ["<AdVerifications><Verification vendor=\"measure.example-omid\">"], "no_adm": ["<Extensions>"]}),
            ),
        ),
        row(
            "C-72 OMID in VAST 3.0",
            video(omid.clone()),
            player(json!({"api": [7], "protocols": [3]})),
            bids(
                json!({"apis": [7], "adm": ["<Extension type=\"AdVerifications\"><AdVerifications>"]}),
            ),
        ),
        row(
            "C-72 no OMID on offer",
            video(omid),
            player(json!({"api": [8]})),
            bids(json!({"apis": null, "no_adm": ["AdVerifications"]})),
        ),
        row(
            "C-86 audio has no size",
            spot(json!({"width": 300, "height": 250})),
            audio(json!({})),
            bids(json!({"mtype": 3, "w": null, "h": null, "dur": 20, "protocol": 11})),
        ),
        row(
            "C-86 a video is no audio",
            video(json!({})),
            audio(json!({})),
            Want::NoBid("nothing_matches"),
        ),
    ]
}

fn lengths() -> Vec<Row> {
    let long = |seconds: u32| video(json!({"duration_seconds": seconds}));
    let no = || refused("length_not_allowed");
    vec![
        row("C-81 too long", long(31), player(json!({})), no()),
        row("C-81 too short", long(4), player(json!({})), no()),
        row(
            "C-81 whole seconds",
            long(30),
            player(json!({})),
            bids(json!({"dur": 30})),
        ),
        row(
            "C-45 only these lengths",
            long(20),
            player(json!({"rqddurs": [15, 30]})),
            no(),
        ),
        row(
            "C-45 whatever the range says",
            long(60),
            player(json!({"rqddurs": [15, 60]})),
            any_bid(),
        ),
        row(
            "C-85 extended by so much",
            long(40),
            player(json!({"maxextended": 10})),
            any_bid(),
        ),
        row(
            "C-85 and no more",
            long(41),
            player(json!({"maxextended": 10})),
            no(),
        ),
        row(
            "C-85 without a limit",
            long(600),
            player(json!({"maxextended": -1})),
            any_bid(),
        ),
        row(
            "C-85 0 adds nothing",
            long(31),
            player(json!({"maxextended": 0})),
            no(),
        ),
        row(
            "C-81 a length that is not known",
            creative(json!({"format": "video", "vast_url": "https://ads.example/tag"})),
            player(json!({"protocols": [14]})),
            no(),
        ),
        row(
            "C-81 where every length is taken",
            creative(json!({"format": "video", "vast_url": "https://ads.example/tag"})),
            player(json!({"protocols": [14], "minduration": null, "maxduration": null})),
            bids(json!({"dur": null})),
        ),
        row(
            "C-46 a floor per second",
            json!({"cpm": 1, "max_cpm": 10, "creative": video(json!({}))["creative"]}),
            player(json!({"mincpmpersec": 0.6})),
            bids(json!({"price": 9.9})),
        ),
        row(
            "C-46 over the maximum",
            json!({"cpm": 1, "max_cpm": 8.9, "creative": video(json!({}))["creative"]}),
            player(json!({"mincpmpersec": 0.6})),
            refused("under_floor"),
        ),
        row(
            "C-47 floors by length, a range with both ends",
            json!({"cpm": 1, "max_cpm": 20, "creative": video(json!({"duration_seconds": 20}))["creative"]}),
            player(
                json!({"durfloors": [{"maxdur": 15, "bidfloor": 8}, {"mindur": 16, "maxdur": 30, "bidfloor": 12}]}),
            ),
            bids(json!({"price": 13.2})),
        ),
        row(
            "C-47 a range without an end is none: the imp's floor",
            json!({"cpm": 1, "max_cpm": 20, "creative": video(json!({}))["creative"]}),
            player(json!({"durfloors": [{"bidfloor": 8}]})),
            bids(json!({"price": 1})),
        ),
        row(
            "C-63 floors by length are in the imp's currency",
            json!({"cpm": 1, "max_cpm": 20, "creative": video(json!({}))["creative"]}),
            {
                let mut request = player(json!({"mincpmpersec": 0.092}));
                request["imp"][0]["bidfloorcur"] = json!("EUR");
                request
            },
            bids(json!({"price": 1.65})),
        ),
    ]
}

fn places() -> Vec<Row> {
    let wants = |demands: Value| video(json!({"demands": demands}));
    let companion = |differs: Value| {
        let usual = json!({"url": "https://cdn.example/c.png", "mime": "image/png", "width": 300, "height": 250});
        video(json!({"companions": [over(usual, &differs)], "demands": {"companion": true}}))
    };
    let beside = |banner: Value| player(json!({"companionad": [banner]}));
    vec![
        row(
            "C-82 only the first playback method counts",
            wants(json!({"playback_methods": [1, 3]})),
            player(json!({"playbackmethod": [2, 1]})),
            refused("playback_not_wanted"),
        ),
        row(
            "C-82 the first is wanted",
            wants(json!({"playback_methods": [1, 3]})),
            player(json!({"playbackmethod": [1, 2]})),
            any_bid(),
        ),
        row(
            "C-82 pre-rolls only",
            wants(json!({"start_delays": [0]})),
            player(json!({"startdelay": 600})),
            refused("start_delay_not_wanted"),
        ),
        row(
            "C-82 mid-rolls at any second",
            wants(json!({"start_delays": [-1]})),
            player(json!({"startdelay": 600})),
            any_bid(),
        ),
        row(
            "C-82 post-rolls",
            wants(json!({"start_delays": [-2]})),
            player(json!({"startdelay": -2})),
            any_bid(),
        ),
        row(
            "C-20 a delay that is not told",
            wants(json!({"start_delays": [0]})),
            player(json!({})),
            refused("start_delay_not_wanted"),
        ),
        row(
            "C-73 a companion that can be shown",
            companion(json!({})),
            beside(json!({"id": "c1", "w": 300, "h": 250})),
            bids(
                json!({"adm": ["<Companion width=\"300\" height=\"250\"><StaticResource creativeType=\"image/png\">"]}),
            ),
        ),
        row(
            "C-73 of another size",
            companion(json!({"width": 728, "height": 90})),
            beside(json!({"id": "c1", "w": 300, "h": 250})),
            refused("companion_not_offered"),
        ),
        row(
            "C-73 of another type",
            companion(json!({})),
            beside(json!({"id": "c1", "w": 300, "h": 250, "mimes": ["image/jpeg"]})),
            refused("companion_not_offered"),
        ),
        row(
            "C-73 frames only",
            companion(json!({})),
            player(json!({"companionad": [{"w": 300, "h": 250}], "companiontype": [3]})),
            refused("companion_not_offered"),
        ),
        row(
            "C-72 no bars: the picture has the player's shape",
            video(json!({"width": 1280, "height": 720})),
            player(json!({"boxingallowed": 0})),
            bids(json!({"w": 640, "h": 360})),
        ),
        row(
            "C-72 no bars: another shape",
            video(json!({"width": 1024, "height": 768})),
            player(json!({"boxingallowed": 0})),
            refused("size_not_offered"),
        ),
        row(
            "C-62 bars are allowed where nothing is said",
            video(json!({"width": 1024, "height": 768})),
            player(json!({})),
            any_bid(),
        ),
    ]
}

fn pods() -> Vec<Row> {
    let slot = |slot: i32| video(json!({"demands": {"slot_in_pod": slot}}));
    let dynamic = |differs: Value| {
        let usual = json!({"podid": "p", "poddur": 60, "maxseq": 3});
        player(over(usual, &differs))
    };
    vec![
        row(
            "C-101 a slot of a structured pod",
            video(json!({})),
            player(json!({"podid": "p", "slotinpod": 0})),
            bids(json!({"slotinpod": null, "dur": 15})),
        ),
        row(
            "C-102 no ad is longer than the pod",
            video(json!({"duration_seconds": 25})),
            dynamic(json!({"poddur": 20})),
            refused("length_not_allowed"),
        ),
        row(
            "C-102 each ad keeps to the range",
            video(json!({"duration_seconds": 40})),
            dynamic(json!({})),
            refused("length_not_allowed"),
        ),
        row(
            "C-102 a length that is not known",
            creative(json!({"format": "video", "vast_url": "https://ads.example/tag"})),
            dynamic(json!({"protocols": [14], "minduration": null, "maxduration": null})),
            refused("length_not_allowed"),
        ),
        row(
            "B-10 the first slot, guaranteed",
            slot(1),
            dynamic(json!({"slotinpod": 1})),
            bids(json!({"slotinpod": 1})),
        ),
        row(
            "B-10 first or last, by choice",
            slot(-1),
            dynamic(json!({"slotinpod": 2})),
            bids(json!({"slotinpod": -1})),
        ),
        row(
            "B-10 the other slot",
            slot(-1),
            dynamic(json!({"slotinpod": 1})),
            refused("slot_not_offered"),
        ),
        row(
            "B-10 no slot is guaranteed",
            slot(1),
            dynamic(json!({})),
            refused("slot_not_offered"),
        ),
        row(
            "B-10 whoever wants no slot names none",
            video(json!({})),
            dynamic(json!({"slotinpod": 2})),
            bids(json!({"slotinpod": null})),
        ),
        row(
            "B-10 in a structured pod the imp says it",
            slot(1),
            player(json!({"podid": "p", "slotinpod": 1})),
            bids(json!({"slotinpod": null})),
        ),
    ]
}
