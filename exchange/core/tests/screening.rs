//! What lets a bid in and what keeps it out, row by row of the block and allow lists.

mod support;

use exchange_core::Conditions;
use exchange_core::registry::Registry;
use exchange_core::screening::Policy;
use support::one_bid::{BANNER, Case, VAST, VIDEO, outcome, outcome_under};

const FILES: &str = r#""adm":"<VAST version=\"3.0\"><Ad><InLine><MediaFiles><MediaFile type=\"application/javascript\" apiFramework=\"VPAID\"/><MediaFile type=\"video/mp4\"/></MediaFiles></InLine></Ad></VAST>""#;
const SKIPPABLE: &str = r#""adm":"<VAST version=\"3.0\"><Ad><InLine><Linear skipoffset=\"00:00:05\"/></InLine></Ad></VAST>""#;
const SKIPPABLE_TOLD: &str = r#""attr":[16],"adm":"<VAST version=\"3.0\"><Ad><InLine><Linear skipoffset=\"00:00:05\"/></InLine></Ad></VAST>""#;

/// A bid of VAST whose verification has these scripts.
macro_rules! verified {
    ($($framework:literal)*) => {
        concat!(
            r#""adm":"<VAST version=\"4.2\"><Ad><InLine><AdVerifications><Verification>"#,
            $(r#"<JavaScriptResource apiFramework=\""#, $framework, r#"\"/>"#,)*
            r#"</Verification></AdVerifications></InLine></Ad></VAST>""#
        )
    };
}

#[test]
fn lists_and_limits() {
    #[rustfmt::skip]
    let cases = [
        Case { item: "X-40 wseat", request: r#""wseat":["s2"]"#, imp: BANNER, bid: "", expect: "104" },
        Case { item: "X-40 wseat holds it", request: r#""wseat":["s1"]"#, imp: BANNER, bid: "", expect: "won" },
        Case { item: "X-40 bseat", request: r#""bseat":["s1"]"#, imp: BANNER, bid: "", expect: "104" },
        Case { item: "X-41 badv", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: r#""adomain":["good.example","shop.bad.example"]"#, expect: "205" },
        Case { item: "X-42 adomain absent where some are blocked", request: r#""badv":["bad.example"]"#, imp: BANNER, bid: "", expect: "6" },
        Case { item: "X-43 bcat", request: r#""bcat":["IAB25"]"#, imp: BANNER, bid: r#""cat":["IAB1","IAB25-3"]"#, expect: "209" },
        Case { item: "X-43 a sibling is not blocked", request: r#""bcat":["IAB25-3"]"#, imp: BANNER, bid: r#""cat":["IAB25"]"#, expect: "won" },
        Case { item: "C-30 another taxonomy is not compared", request: r#""bcat":["IAB25"]"#, imp: BANNER, bid: r#""cat":["IAB25"],"cattax":6"#, expect: "won" },
        Case { item: "X-43 acat, no category told", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: "", expect: "209" },
        Case { item: "X-43 acat, told in another taxonomy", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: r#""cat":["IAB1"],"cattax":6"#, expect: "209" },
        Case { item: "X-43 acat, another taxonomy and no category", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: r#""cattax":6"#, expect: "209" },
        Case { item: "X-43 acat in the taxonomy of both", request: r#""cattax":6,"acat":["150"]"#, imp: BANNER, bid: r#""cat":["150"],"cattax":6"#, expect: "won" },
        Case { item: "X-43 acat", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: r#""cat":["IAB1-2"]"#, expect: "won" },
        Case { item: "X-43 not in acat", request: r#""acat":["IAB1"]"#, imp: BANNER, bid: r#""cat":["IAB2"]"#, expect: "209" },
        Case { item: "X-44 store id", request: r#""bapp":["123456"]"#, imp: BANNER, bid: r#""bundle":"123456""#, expect: "206" },
        Case { item: "X-44 package", request: r#""bapp":["com.bad.app"]"#, imp: BANNER, bid: r#""bundle":"com.bad.app""#, expect: "215" },
        Case { item: "X-45 battr", request: "", imp: r#""banner":{"w":300,"h":250,"battr":[9]}"#, bid: r#""attr":[1,9]"#, expect: "210" },
        Case { item: "C-72 a type that the banner shows", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["image/png","image/jpg"]}"#, bid: r#""adm":"<a href=x><img src='https://a.example/x.JPEG?v=1'></a>""#, expect: "won" },
        Case { item: "C-72 a type that it does not show", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["image/png"]}"#, bid: r#""adm":"<img src='https://a.example/x.gif'>""#, expect: "204" },
        Case { item: "C-72 one of several images is enough", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["image/png"]}"#, bid: r#""adm":"<img src='x.gif'><img src='y.png'>""#, expect: "won" },
        Case { item: "C-72 a pixel that counts is no image to see", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["image/png"]}"#, bid: r#""adm":"<img src='x.gif'><img src='y.png' width=1 height=1>""#, expect: "204" },
        Case { item: "C-72 a type that is not told", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["image/png"]}"#, bid: r#""adm":"<img src='https://a.example/show?id=7'>""#, expect: "won" },
        Case { item: "C-72 no restriction known", request: "", imp: BANNER, bid: r#""adm":"<img src='x.gif'>""#, expect: "won" },
        Case { item: "C-72 a script where pages are not shown", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["image/png"]}"#, bid: r#""adm":"<script src=x></script>""#, expect: "204" },
        Case { item: "C-72 a frame where pages are shown", request: "", imp: r#""banner":{"w":300,"h":250,"mimes":["text/html; charset=utf-8"]}"#, bid: r#""adm":"<iframe src=x></iframe>""#, expect: "won" },
        Case { item: "C-72 MRAID that is not declared", request: "", imp: BANNER, bid: r#""adm":"<script src=\"MRAID.js\"></script>""#, expect: "204" },
        Case { item: "C-72 MRAID in a place that has another API", request: "", imp: r#""banner":{"w":300,"h":250,"api":[7]}"#, bid: r#""adm":"<script src=\"mraid.js\"></script>""#, expect: "204" },
        Case { item: "C-72 MRAID in a place that has it", request: "", imp: r#""banner":{"w":300,"h":250,"api":[5]}"#, bid: r#""adm":"<script src=\"mraid.js\"></script>""#, expect: "won" },
        Case { item: "C-72 OMID that is not declared", request: "", imp: BANNER, bid: r#""adm":"<script src=\"https://a.example/Omid-Session-Client-v1.js\"></script>""#, expect: "204" },
        Case { item: "C-72 OMID's verification client in a place that has MRAID", request: "", imp: r#""banner":{"w":300,"h":250,"api":[5]}"#, bid: r#""adm":"<script>new OmidVerificationClient()</script>""#, expect: "204" },
        Case { item: "C-72 OMID in a place that has it", request: "", imp: r#""banner":{"w":300,"h":250,"api":[7]}"#, bid: r#""adm":"<script>window.omid3p.registerSessionObserver()</script>""#, expect: "won" },
        Case { item: "C-72 a word with omid in it is no OMID", request: "", imp: BANNER, bid: r#""adm":"<a href='https://comidas.example/'>comid as</a>""#, expect: "won" },
        Case { item: "X-46 script", request: "", imp: r#""banner":{"w":300,"h":250,"btype":[3]}"#, bid: r#""adm":"<SCRIPT src=x></SCRIPT>""#, expect: "211" },
        Case { item: "X-46 an image is no script", request: "", imp: r#""banner":{"w":300,"h":250,"btype":[3]}"#, bid: r#""adm":"<img src=x>""#, expect: "won" },
        Case { item: "X-47 secure", request: "", imp: r#""secure":1,"banner":{"w":300,"h":250}"#, bid: r#""adm":"<img src='http://a.example/x'>""#, expect: "207" },
        Case { item: "X-47 loopback outside local mode", request: "", imp: r#""secure":1,"banner":{"w":300,"h":250}"#, bid: r#""adm":"<img src='http://127.0.0.1/x'>""#, expect: "207" },
        Case { item: "X-48 wlang", request: r#""wlang":["en","de"]"#, imp: BANNER, bid: r#""language":"fr""#, expect: "208" },
        Case { item: "X-48 xx passes", request: r#""wlang":["en"]"#, imp: BANNER, bid: r#""language":"xx""#, expect: "won" },
        Case { item: "X-48 wlangb, a narrower tag", request: r#""wlangb":["en"]"#, imp: BANNER, bid: r#""langb":"en-GB""#, expect: "won" },
        Case { item: "X-48 wlangb, a wider tag", request: r#""wlangb":["en-US"]"#, imp: BANNER, bid: r#""langb":"en""#, expect: "208" },
        Case { item: "C-132 mtype absent, VAST sniffed", request: "", imp: r#""banner":{"w":300,"h":250},"video":{"mimes":["video/mp4"]}"#, bid: VAST, expect: "won" },
        Case { item: "X-49 VAST on a banner", request: "", imp: BANNER, bid: r#""adm":"<VAST version=\"3.0\"></VAST>""#, expect: "204" },
        Case { item: "X-49 VAST on a banner, called one", request: "", imp: BANNER, bid: r#""mtype":1,"adm":" <?xml version=\"1.0\"?>\n<VAST version=\"3.0\"></VAST>""#, expect: "204" },
        Case { item: "X-49 VAST called a banner where both are offered", request: "", imp: r#""banner":{"w":300,"h":250},"video":{"mimes":["video/mp4"]}"#, bid: r#""mtype":1,"adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>""#, expect: "204" },
        Case { item: "X-49 a page with VAST inside a script", request: "", imp: BANNER, bid: r#""adm":"<script>play('<VAST version=\"3.0\"></VAST>')</script>""#, expect: "won" },
        Case { item: "X-49 a native answer on a banner", request: "", imp: BANNER, bid: r#""adm":"{\"native\":{\"assets\":[],\"link\":{\"url\":\"https://a.example\"}}}""#, expect: "204" },
        Case { item: "X-49 the same as an object, called a banner", request: "", imp: BANNER, bid: r#""mtype":1,"adm":{"assets":[],"link":{"url":"https://a.example"}}"#, expect: "204" },
        Case { item: "X-49 another object is the partner's own", request: "", imp: BANNER, bid: r#""adm":"{\"html\":\"<b>x</b>\"}""#, expect: "won" },
        Case { item: "X-49 a page on a native place", request: "", imp: r#""native":{"request":"{}"}"#, bid: "", expect: "204" },
        Case { item: "X-49 VAST on a native place", request: "", imp: r#""native":{"request":"{}"}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>""#, expect: "204" },
        Case { item: "X-49 a native answer on a player", request: "", imp: VIDEO, bid: r#""adm":"{\"assets\":[],\"link\":{\"url\":\"https://a.example\"}}""#, expect: "204" },
        Case { item: "X-10 size missing, several offered", request: "", imp: r#""banner":{"format":[{"w":300,"h":250},{"w":1,"h":1}]}"#, bid: r#""w":null"#, expect: "203" },
        Case { item: "X-10 size missing, one offered twice over", request: "", imp: r#""banner":{"w":300,"h":250,"format":[{"w":300,"h":250}]}"#, bid: r#""w":null"#, expect: "won" },
        Case { item: "C-70 union of format and w/h", request: "", imp: r#""banner":{"w":300,"h":250,"format":[{"w":1,"h":1}]}"#, bid: "", expect: "won" },
        Case { item: "C-71 flex with its ratio", request: "", imp: r#""banner":{"format":[{"wratio":16,"hratio":9,"wmin":300}]}"#, bid: r#""wratio":16,"hratio":9"#, expect: "won" },
        Case { item: "C-71 flex with another", request: "", imp: r#""banner":{"format":[{"wratio":16,"hratio":9,"wmin":300}]}"#, bid: r#""wratio":4,"hratio":3"#, expect: "203" },
        Case { item: "X-10 interstitial, smaller", request: "", imp: r#""instl":1,"banner":{"w":320,"h":480}"#, bid: "", expect: "won" },
        Case { item: "X-10 interstitial, larger", request: "", imp: r#""instl":1,"banner":{"w":320,"h":200}"#, bid: "", expect: "203" },
        Case { item: "C-81 duration", request: "", imp: VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>","dur":31"#, expect: "204" },
        Case { item: "C-81 duration from the VAST", request: "", imp: r#""video":{"mimes":["video/mp4"],"maxduration":14}"#, bid: VAST, expect: "204" },
        Case { item: "C-81 rqddurs", request: "", imp: r#""video":{"mimes":["video/mp4"],"rqddurs":[15,30]}"#, bid: VAST, expect: "won" },
        Case { item: "C-85 maxextended", request: "", imp: r#""video":{"mimes":["video/mp4"],"maxduration":14,"maxextended":1}"#, bid: VAST, expect: "won" },
        Case { item: "C-80 protocol", request: "", imp: VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>","protocol":7"#, expect: "204" },
        Case { item: "C-80 protocol from the VAST", request: "", imp: r#""video":{"mimes":["video/mp4"],"protocols":[7]}"#, bid: VAST, expect: "204" },
        Case { item: "C-84 two skip buttons", request: "", imp: r#""video":{"mimes":["video/mp4"],"skip":1}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>","attr":[16]"#, expect: "210" },
        Case { item: "C-80 a video bid whose markup is no VAST", request: "", imp: VIDEO, bid: "", expect: "204" },
        Case { item: "C-80 a VAST that is not well formed", request: "", imp: VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-80 a VAST without an ad", request: "", imp: VIDEO, bid: r#""adm":"<VAST version=\"3.0\"/>""#, expect: "204" },
        Case { item: "C-80 a wrapper", request: "", imp: r#""video":{"mimes":["video/mp4"],"protocols":[6]}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><Wrapper><VASTAdTagURI>https://a.example</VASTAdTagURI></Wrapper></Ad></VAST>""#, expect: "won" },
        Case { item: "X-50 no media file that the player plays", request: "", imp: r#""video":{"mimes":["video/webm"]}"#, bid: FILES, expect: "204" },
        Case { item: "X-50 one media file that it plays", request: "", imp: r#""video":{"mimes":["VIDEO/MP4"],"api":[2]}"#, bid: FILES, expect: "won" },
        Case { item: "C-72 verification by OMID that nobody declared", request: "", imp: r#""video":{"mimes":["video/mp4"]}"#, bid: verified!("OMID"), expect: "204" },
        Case { item: "C-72 verification by OMID where the player has it", request: "", imp: r#""video":{"mimes":["video/mp4"],"api":[7]}"#, bid: verified!("omid"), expect: "won" },
        Case { item: "C-72 verification that runs without OMID, too", request: "", imp: r#""video":{"mimes":["video/mp4"]}"#, bid: verified!("omid" "vendor"), expect: "won" },
        Case { item: "C-72 verification without OMID", request: "", imp: r#""audio":{"mimes":["audio/mpeg"]}"#, bid: verified!("vendor"), expect: "won" },
        Case { item: "C-72 VPAID that nobody declared", request: "", imp: r#""video":{"mimes":["application/javascript"]}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine><MediaFile apiFramework=\"VPAID\"/></InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-72 VPAID where the player has it", request: "", imp: r#""video":{"mimes":["application/javascript"],"api":[2]}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine><MediaFile apiFramework=\"VPAID\"/></InLine></Ad></VAST>""#, expect: "won" },
        Case { item: "C-84 the publisher's button comes only on longer ads", request: "", imp: r#""video":{"mimes":["video/mp4"],"skip":1,"skipmin":15}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>","attr":[16]"#, expect: "won" },
        Case { item: "C-84 15.1 is longer than 15", request: "", imp: r#""video":{"mimes":["video/mp4"],"skip":1,"skipmin":15}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15.1</Duration></InLine></Ad></VAST>","dur":15,"attr":[16]"#, expect: "210" },
        Case { item: "C-84 a skippable ad that keeps quiet about it", request: "", imp: r#""video":{"mimes":["video/mp4"],"skip":0}"#, bid: SKIPPABLE, expect: "210" },
        Case { item: "C-84 one that says so", request: "", imp: r#""video":{"mimes":["video/mp4"],"skip":0}"#, bid: SKIPPABLE_TOLD, expect: "won" },
        Case { item: "C-84 skip absent is unknown", request: "", imp: r#""video":{"mimes":["video/mp4"]}"#, bid: SKIPPABLE, expect: "won" },
        Case { item: "X-45 a blocked skip button that nobody declared", request: "", imp: r#""video":{"mimes":["video/mp4"],"battr":[16]}"#, bid: SKIPPABLE, expect: "210" },
        Case { item: "X-21 first or last, where the first is offered", request: "", imp: r#""video":{"mimes":["video/mp4"],"slotinpod":1}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>","slotinpod":2"#, expect: "won" },
        Case { item: "X-21 first or last, where nothing is offered", request: "", imp: VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>","slotinpod":2"#, expect: "3" },
        Case { item: "X-21 the last, where the first is offered", request: "", imp: r#""video":{"mimes":["video/mp4"],"slotinpod":1}"#, bid: r#""adm":"<VAST version=\"3.0\"><Ad><InLine/></Ad></VAST>","slotinpod":-1"#, expect: "3" },
        Case { item: "C-71 flex, narrower than the least width", request: "", imp: r#""banner":{"format":[{"wratio":16,"hratio":9,"wmin":300}]}"#, bid: r#""wratio":16,"hratio":9,"w":299,"h":168"#, expect: "203" },
        Case { item: "C-81 a dur that the file is as long as, to the second", request: "", imp: VIDEO, bid: r#""dur":15,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15.900</Duration></InLine></Ad></VAST>""#, expect: "won" },
        Case { item: "C-81 a dur that fits, of a file that does not", request: "", imp: VIDEO, bid: r#""dur":15,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:01:00</Duration></InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-81 a dur over a shorter file", request: "", imp: VIDEO, bid: r#""dur":30,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-81 a dur of two ads together", request: "", imp: VIDEO, bid: r#""dur":30,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#, expect: "won" },
        Case { item: "C-81 two ads of which the first alone is longer", request: "", imp: VIDEO, bid: r#""dur":15,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:45</Duration></InLine></Ad><Ad><InLine/></Ad></VAST>""#, expect: "204" },
        Case { item: "C-81 a pod of which the first ad alone is as long as dur", request: "", imp: VIDEO, bid: r#""dur":15,"adm":"<VAST version=\"3.0\"><Ad sequence=\"1\"><InLine><Duration>00:00:15</Duration></InLine></Ad><Ad sequence=\"2\"><InLine><Duration>00:00:30</Duration></InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-81 a pod as long as dur", request: "", imp: VIDEO, bid: r#""dur":25,"adm":"<VAST version=\"3.0\"><Ad sequence=\"1\"><InLine><Duration>00:00:10</Duration></InLine></Ad><Ad sequence=\"2\"><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#, expect: "won" },
        Case { item: "C-81 a pod that is too long for the slot", request: "", imp: VIDEO, bid: r#""adm":"<VAST version=\"3.0\"><Ad sequence=\"1\"><InLine><Duration>00:00:15</Duration></InLine></Ad><Ad sequence=\"2\"><InLine><Duration>00:00:16</Duration></InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-81 a pod in any order, of which one does not tell", request: "", imp: VIDEO, bid: r#""dur":15,"adm":"<VAST version=\"3.0\"><Ad sequence=\"2\"><InLine><Duration>00:00:15</Duration></InLine></Ad><Ad sequence=\"1\"><InLine></InLine></Ad><Ad sequence=\"3\"><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#, expect: "204" },
        Case { item: "C-81 an ad that stands in for the pod is no part of it", request: "", imp: VIDEO, bid: r#""dur":15,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:30</Duration></InLine></Ad><Ad sequence=\"1\"><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#, expect: "won" },
        Case { item: "C-81 a wrapper does not tell: dur is believed", request: "", imp: VIDEO, bid: r#""dur":15,"protocol":3,"adm":"<VAST version=\"3.0\"><Ad><Wrapper/></Ad></VAST>""#, expect: "won" },
        Case { item: "X-51 blanks are no markup", request: "", imp: BANNER, bid: r#""adm":" \n""#, expect: "7" },
        Case { item: "X-93 blanks, and a nurl that brings it", request: "", imp: BANNER, bid: r#""adm":"  ","nurl":"https://d.example/n""#, expect: "won" },
        Case { item: "X-57 exp", request: "", imp: r#""exp":60,"banner":{"w":300,"h":250}"#, bid: r#""exp":59"#, expect: "2" },
        Case { item: "X-57 exp that no page keeps, where the imp says nothing", request: "", imp: BANNER, bid: r#""exp":59"#, expect: "2" },
        Case { item: "X-57 exp of a page", request: "", imp: BANNER, bid: r#""exp":60"#, expect: "won" },
        Case { item: "X-57 the imp's word, not what is usual", request: "", imp: r#""exp":1,"banner":{"w":300,"h":250}"#, bid: r#""exp":1"#, expect: "won" },
        Case { item: "X-57 exp of a page in an app", request: r#""app":{"id":"a"}"#, imp: BANNER, bid: r#""exp":60"#, expect: "2" },
        Case { item: "X-57 exp of a page for a television's break", request: r#""app":{"id":"a"},"device":{"devicetype":3}"#, imp: r#""banner":{"w":300,"h":250},"video":{"mimes":["video/mp4"]}"#, bid: r#""exp":60,"adm":"<VAST version=\"3.0\"><Ad><InLine><Duration>00:00:15</Duration></InLine></Ad></VAST>""#, expect: "2" },
        Case { item: "X-57 exp of nothing", request: "", imp: BANNER, bid: r#""exp":0"#, expect: "2" },
        Case { item: "X-57 a display in 4 h that the bid does not live to see", request: "", imp: r#""dt":1793404400000,"banner":{"w":300,"h":250}"#, bid: r#""exp":1800"#, expect: "2" },
        Case { item: "X-57 one second less", request: "", imp: r#""dt":1793404400000,"banner":{"w":300,"h":250}"#, bid: r#""exp":14399"#, expect: "2" },
        Case { item: "X-57 one that it lives to see", request: "", imp: r#""dt":1793404400000,"banner":{"w":300,"h":250}"#, bid: r#""exp":14400"#, expect: "won" },
        Case { item: "X-57 no exp is no promise to end", request: "", imp: r#""dt":1793404400000,"banner":{"w":300,"h":250}"#, bid: "", expect: "won" },
        Case { item: "C-92 native without a required asset", request: "", imp: r#""native":{"request":"{\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":90}}]}"}"#, bid: r#""adm":"{\"link\":{\"url\":\"https://a.example\"},\"assets\":[]}""#, expect: "204" },
        Case { item: "C-91 native that is no JSON", request: "", imp: r#""native":{"request":"{\"assets\":[{\"id\":1,\"title\":{\"len\":90}}]}"}"#, bid: "", expect: "204" },
    ];
    for case in cases {
        assert_eq!(
            outcome(&case, &Policy::default()),
            case.expect,
            "{}",
            case.item
        );
    }
}

#[test]
fn one_code_per_bid_in_the_order_of_the_list() {
    // X-59: structure, seat, deal, floor, creative
    #[rustfmt::skip]
    let cases = [
        Case { item: "domain before seat", request: r#""badv":["x.example"],"wseat":["s2"]"#, imp: BANNER, bid: "", expect: "6" },
        Case { item: "seat before deal", request: r#""wseat":["s2"]"#, imp: BANNER, bid: r#""dealid":"d""#, expect: "104" },
        Case { item: "deal before floor", request: "", imp: r#""bidfloor":9,"banner":{"w":300,"h":250}"#, bid: r#""dealid":"d""#, expect: "4" },
        Case { item: "floor before size", request: "", imp: r#""bidfloor":9,"banner":{"w":1,"h":1}"#, bid: "", expect: "100" },
        Case { item: "floor before type", request: "", imp: r#""bidfloor":9,"banner":{"w":300,"h":250}"#, bid: r#""mtype":2"#, expect: "100" },
    ];
    for case in cases {
        assert_eq!(
            outcome(&case, &Policy::default()),
            case.expect,
            "X-59 {}",
            case.item
        );
    }
}

#[test]
fn floors_and_deals() {
    #[rustfmt::skip]
    let cases = [
        Case { item: "C-110 private auction, no deal", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"private_auction":1,"deals":[{"id":"d"}]}"#, bid: "", expect: "4" },
        Case { item: "C-25 private auction without deals lets nobody bid", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"private_auction":0,"deals":[]}"#, bid: r#""dealid":"d""#, expect: "4" },
        Case { item: "C-112 wseat of the deal", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","wseat":["s2"]}]}"#, bid: r#""dealid":"d""#, expect: "104" },
        Case { item: "C-112 does not restrict open bids", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","wseat":["s2"]}]}"#, bid: "", expect: "won" },
        Case { item: "C-112 wadomain of the deal", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","wadomain":["a.example"]}]}"#, bid: r#""dealid":"d","adomain":["b.example"]"#, expect: "213" },
        Case { item: "X-58 deal floor", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":6}]}"#, bid: r#""dealid":"d""#, expect: "101" },
        Case { item: "X-74 the deal's floor replaces the imp's", request: "", imp: r#""bidfloor":9,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":2}]}"#, bid: r#""dealid":"d""#, expect: "won" },
        Case { item: "X-74 an explicit 0 is guidance", request: "", imp: r#""bidfloor":9,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":0}]}"#, bid: r#""dealid":"d""#, expect: "won" },
        Case { item: "X-74 an absent one is not", request: "", imp: r#""bidfloor":9,"banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d"}]}"#, bid: r#""dealid":"d""#, expect: "100" },
        Case { item: "C-63 the deal's currency does not inherit", request: "", imp: r#""bidfloorcur":"JPY","banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":6}]}"#, bid: r#""dealid":"d""#, expect: "101" },
        Case { item: "X-73 floor in another currency: 800 JPY are 5.33", request: "", imp: r#""bidfloor":800,"bidfloorcur":"JPY","banner":{"w":300,"h":250}"#, bid: "", expect: "100" },
        Case { item: "X-73 floor in another currency: 700 JPY are 4.67", request: "", imp: r#""bidfloor":700,"bidfloorcur":"JPY","banner":{"w":300,"h":250}"#, bid: "", expect: "won" },
        Case { item: "X-73 a currency without a rate, and no floor", request: "", imp: r#""bidfloorcur":"XAU","banner":{"w":300,"h":250}"#, bid: "", expect: "won" },
        Case { item: "X-73 a deal's currency without a rate", request: "", imp: r#""banner":{"w":300,"h":250},"pmp":{"deals":[{"id":"d","bidfloor":1,"bidfloorcur":"XAU"}]}"#, bid: r#""dealid":"d""#, expect: "3" },
        Case { item: "X-23 per second: 15 s at 0.4", request: "", imp: r#""bidfloor":1,"video":{"mimes":["video/mp4"],"mincpmpersec":0.4}"#, bid: VAST, expect: "100" },
        Case { item: "X-23 per second: 15 s at 0.3", request: "", imp: r#""bidfloor":9,"video":{"mimes":["video/mp4"],"mincpmpersec":0.3}"#, bid: VAST, expect: "won" },
        Case { item: "X-74 length inside a range", request: "", imp: r#""bidfloor":9,"video":{"mimes":["video/mp4"],"durfloors":[{"mindur":10,"maxdur":20,"bidfloor":4}]}"#, bid: VAST, expect: "won" },
        Case { item: "X-74 overlapping ranges: the highest", request: "", imp: r#""video":{"mimes":["video/mp4"],"durfloors":[{"maxdur":20,"bidfloor":4},{"mindur":15,"bidfloor":6}]}"#, bid: VAST, expect: "100" },
        Case { item: "X-74 outside every range: the imp's floor", request: "", imp: r#""bidfloor":9,"video":{"mimes":["video/mp4"],"durfloors":[{"mindur":20,"bidfloor":4}]}"#, bid: VAST, expect: "100" },
        Case { item: "C-81 no length known: the longest counts", request: "", imp: r#""video":{"mimes":["video/mp4"],"maxduration":30,"mincpmpersec":0.2}"#, bid: r#""adm":"<VAST version=\"3.0\"/>""#, expect: "100" },
    ];
    for case in cases {
        assert_eq!(
            outcome(&case, &Policy::default()),
            case.expect,
            "{}",
            case.item
        );
    }
}

#[test]
fn demands_beyond_the_standard() {
    let strict = Policy {
        creative_id_required: true,
        advertiser_domain_required: true,
        loopback_is_secure: true,
        ..Policy::default()
    };
    #[rustfmt::skip]
    let cases = [
        Case { item: "X-52", request: "", imp: BANNER, bid: r#""adomain":["a.example"]"#, expect: "8" },
        Case { item: "X-42", request: "", imp: BANNER, bid: r#""crid":"c""#, expect: "6" },
        Case { item: "X-47 loopback in local mode", request: "", imp: r#""secure":1,"banner":{"w":300,"h":250}"#, bid: r#""crid":"c","adomain":["a.example"],"adm":"<img src='http://127.0.0.1/x'>""#, expect: "won" },
    ];
    for case in cases {
        assert_eq!(outcome(&case, &strict), case.expect, "{}", case.item);
    }
}

#[test]
fn what_one_bid_may_declare() {
    // R37: 50 of each
    for (list, entry) in [
        ("adomain", r#""a.example""#),
        ("cat", r#""IAB1""#),
        ("attr", "1"),
        ("apis", "5"),
    ] {
        for (count, expect) in [(50, "won"), (51, "3")] {
            let entries = vec![entry; count].join(",");
            let case = Case {
                item: list,
                request: "",
                imp: r#""banner":{"w":300,"h":250,"api":[5]}"#,
                bid: format!(r#""{list}":[{entries}]"#).leak(),
                expect,
            };
            assert_eq!(outcome(&case, &Policy::default()), expect, "{count} {list}");
        }
    }
    // R37: 128 bytes beyond ASCII in all of its domains, two of each letter
    for (letters, expect) in [(0, "won"), (64, "won"), (65, "3")] {
        let names = ["é".repeat(60), "É".repeat(letters.max(60) - 60)];
        let names = names.map(|name| name.chars().take(letters).collect::<String>());
        let case = Case {
            item: "adomain",
            request: "",
            imp: r#""banner":{"w":300,"h":250}"#,
            bid: format!(
                r#""adomain":["a{}.example","b{}.example"]"#,
                names[0], names[1]
            )
            .leak(),
            expect,
        };
        assert_eq!(
            outcome(&case, &Policy::default()),
            expect,
            "{letters} letters"
        );
    }
}

#[test]
fn long_lists_say_what_short_ones_say() {
    // X-40, X-41, X-43, X-44, C-111, C-112: beyond eight entries lists are looked up
    let filled = |entry: &str, filler: &str| {
        let fillers = (0..40).map(|n| format!("\"{}\"", filler.replace('@', &n.to_string())));
        let mut list: Vec<String> = fillers.collect();
        list.insert(20, format!("\"{entry}\""));
        list.join(",")
    };
    let deal = |members: &str| {
        format!(r#""banner":{{"w":300,"h":250}},"pmp":{{"deals":[{{"id":"d",{members}}}]}}"#)
    };
    let none = || BANNER.to_owned();
    #[rustfmt::skip]
    let cases = [
        ("badv", format!(r#""badv":[{}]"#, filled("https://www.Bad.example/", "f@.example")), none(), r#""adomain":["shop.bad.example"]"#, "205"),
        ("badv, a sibling", format!(r#""badv":[{}]"#, filled("a.bad.example", "f@.example")), none(), r#""adomain":["b.bad.example"]"#, "won"),
        ("bcat", format!(r#""bcat":[{}]"#, filled("iab25", "IAB9-@")), none(), r#""cat":["IAB25-3"]"#, "209"),
        ("bcat, not a child", format!(r#""bcat":[{}]"#, filled("IAB25", "IAB9-@")), none(), r#""cat":["IAB251"]"#, "won"),
        ("acat", format!(r#""acat":[{}]"#, filled("IAB25", "IAB9-@")), none(), r#""cat":["IAB25-3","IAB9-7"]"#, "won"),
        ("acat, not all of them", format!(r#""acat":[{}]"#, filled("IAB25", "IAB9-@")), none(), r#""cat":["IAB25-3","IAB7"]"#, "209"),
        ("bapp", format!(r#""bapp":[{}]"#, filled("com.bad.app", "com.f@")), none(), r#""bundle":"COM.bad.app""#, "215"),
        ("wseat", format!(r#""wseat":[{}]"#, filled("s1", "f@")), none(), "", "won"),
        ("wseat without it", format!(r#""wseat":[{}]"#, filled("S1", "f@")), none(), "", "104"),
        ("bseat", format!(r#""bseat":[{}]"#, filled("s1", "f@")), none(), "", "104"),
        ("deals", String::new(), format!(r#""banner":{{"w":300,"h":250}},"pmp":{{"deals":[{}]}}"#, (0..40).map(|n| format!(r#"{{"id":"d{n}","bidfloor":{n}}}"#)).collect::<Vec<_>>().join(",")), r#""dealid":"d6""#, "101"),
        ("wseat of a deal", String::new(), deal(&format!(r#""wseat":[{}]"#, filled("s2", "f@"))), r#""dealid":"d""#, "104"),
        ("wseat of a deal, with it", String::new(), deal(&format!(r#""wseat":[{}]"#, filled("s1", "f@"))), r#""dealid":"d""#, "won"),
        ("wadomain of a deal", String::new(), deal(&format!(r#""wadomain":[{}]"#, filled("a.example", "f@.example"))), r#""dealid":"d","adomain":["b.example"]"#, "213"),
        ("wadomain of a deal, with it", String::new(), deal(&format!(r#""wadomain":[{}]"#, filled("a.example", "f@.example"))), r#""dealid":"d","adomain":["shop.a.example"]"#, "won"),
    ];
    let playing =
        |mimes: &str| format!(r#""video":{{"mimes":[{mimes}]}},"audio":{{"mimes":["audio/mp4"]}}"#);
    const MP4: &str = r#""mtype":2,"adm":"<VAST version=\"4.0\"><Ad><InLine><MediaFile type=\"Video/MP4; codecs=x\"/></InLine></Ad></VAST>""#;
    #[rustfmt::skip]
    let mimes = [
        ("mimes", String::new(), playing(&filled("video/mp4", "video/f@")), MP4, "won"),
        ("mimes without it", String::new(), playing(&filled("video/mp5", "video/f@")), MP4, "204"),
    ];
    for (item, request, imp, bid, expect) in cases.into_iter().chain(mimes) {
        let case = Case {
            item,
            request: request.leak(),
            imp: imp.leak(),
            bid,
            expect,
        };
        assert_eq!(outcome(&case, &Policy::default()), expect, "{item}");
    }
}

#[test]
fn notices_that_no_token_could_carry() {
    // R37: the URL stands in our token, and a token has an end
    let url = |bytes: usize| format!("{:x<bytes$}", "https://d.example/");
    let told = |times: usize| url(100) + &"${AUCTION_AD_ID}".repeat(times);
    let (short, long) = ("a".repeat(40), "%".repeat(300));
    let later = url(100) + &format!("${{AUCTION_IMP_TS:{:x<44}}}", "").repeat(30);
    let at_last = later.clone() + &"${AUCTION_AD_ID}".repeat(3);
    #[rustfmt::skip]
    let cases = [
        ("as long as may be", "burl", url(2_048), &short, "won"),
        ("one byte more", "burl", url(2_049), &short, "3"),
        ("a burl of 6,000 bytes", "burl", url(6_000), &short, "3"),
        ("a nurl", "nurl", url(2_049), &short, "3"),
        ("a lurl", "lurl", url(2_049), &short, "3"),
        ("an id that no notice tells", "burl", url(2_048), &long, "won"),
        ("an id that is told often", "burl", told(90), &short, "won"),
        ("a long one that is told once", "burl", told(1), &long, "won"),
        ("what is filled in later", "burl", later, &long, "won"),
        ("what is filled in later, beside what is there", "burl", at_last, &long, "3"),
        ("a long one that is told often, three bytes for each", "burl", told(5), &long, "3"),
    ];
    for (item, name, url, ad, expect) in cases {
        let bid = format!(r#""adid":"{ad}","{name}":"{url}""#);
        let case = Case {
            item,
            request: "",
            imp: BANNER,
            bid: bid.leak(),
            expect,
        };
        assert_eq!(outcome(&case, &Policy::default()), expect, "{item}");
    }
    let wide = Policy {
        notice_url: 4_096,
        ..Policy::default()
    };
    let case = Case {
        item: "as long as is configured",
        request: "",
        imp: BANNER,
        bid: format!(r#""burl":"{}""#, url(4_096)).leak(),
        expect: "won",
    };
    assert_eq!(outcome(&case, &wide), "won");
}

#[test]
fn what_a_seller_always_blocks_is_blocked_whatever_its_request_says() {
    // X-43: an account's own list is of taxonomy 1
    let few = vec!["IAB25".to_owned(), "iab7-39".to_owned()];
    let many: Vec<String> = (100..130).map(|it| format!("IAB{it}")).collect();
    let many = [few.clone(), many].concat();
    #[rustfmt::skip]
    let cases = [
        ("it speaks another taxonomy", r#""cattax":6"#, r#""cat":["IAB25-3"],"cattax":1"#, "209"),
        ("in any case", r#""cattax":6"#, r#""cat":["IAB7-39"],"cattax":1"#, "209"),
        ("another of the parent's", r#""cattax":6"#, r#""cat":["IAB7-4"],"cattax":1"#, "won"),
        ("of another taxonomy nothing is known", r#""cattax":6"#, r#""cat":["IAB25"],"cattax":6"#, "won"),
        ("it allows", r#""acat":["IAB25","IAB3"]"#, r#""cat":["IAB25-3"]"#, "209"),
        ("it allows another", r#""acat":["IAB25","IAB3"]"#, r#""cat":["IAB3"]"#, "won"),
    ];
    for blocked in [&few, &many] {
        let conditions = Conditions {
            blocked_categories: blocked,
            ..Conditions::default()
        };
        for (item, request, bid, expect) in cases {
            let case = Case {
                item,
                request,
                imp: BANNER,
                bid,
                expect,
            };
            let registry = Registry::default();
            let found = outcome_under(&case, &Policy::default(), &conditions, &registry);
            assert_eq!(found, expect, "{item}, of {}", blocked.len());
        }
    }
}
