//! What the load generator sends and its quick DSPs answer: a request of 2 KB, and a bid of each DSP for each imp.

/// What an imp is offered as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offered {
    Banner,
    Native,
    Video,
}

/// As a page of two imps, the usual one.
pub(crate) const USUAL: [Offered; 2] = [Offered::Banner, Offered::Native];
/// As much as it sends.
pub(crate) const MOST: [Offered; 3] = [Offered::Banner, Offered::Native, Offered::Video];

pub(crate) fn request(imps: &[Offered]) -> String {
    let imp = |(at, offered): (usize, &Offered)| {
        let offered = match offered {
            Offered::Banner => {
                r#""banner":{"format":[{"w":300,"h":250},{"w":336,"h":280}],"pos":1,"topframe":0,"battr":[1,3,13],"api":[5,7]}"#
            }
            Offered::Native => {
                r#""native":{"ver":"1.2","request":"{\"ver\":\"1.2\",\"context\":1,\"plcmttype\":1,\"assets\":[{\"id\":1,\"required\":1,\"title\":{\"len\":90}},{\"id\":2,\"data\":{\"type\":2,\"len\":140}},{\"id\":3,\"required\":1,\"img\":{\"type\":3,\"wmin\":300,\"hmin\":150}}]}","battr":[1,3]}"#
            }
            Offered::Video => {
                r#""video":{"mimes":["video/mp4","video/webm"],"protocols":[2,3,5,6,7,8,13],"w":1280,"h":720,"startdelay":0,"minduration":5,"maxduration":60,"plcmt":1,"linearity":1,"api":[7],"playbackmethod":[1,3],"skip":1}"#
            }
        };
        let id = at + 1;
        format!(
            r#"{{"id":"{id}","tagid":"tag-17{id}","bidfloor":0.25,"bidfloorcur":"USD","secure":1,"instl":0,"exp":300,"ext":{{"gpid":"/1234/home/slot-{id}"}},{offered}}}"#
        )
    };
    let imps: Vec<String> = imps.iter().enumerate().map(imp).collect();
    let imps = imps.join(",");
    format!(
        r#"{{"id":"bench-0123456789abcdef","at":1,"tmax":100,"cur":["USD"],"imp":[{imps}],"device":{{"ua":"Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Mobile Safari/537.36","ip":"198.51.100.77","devicetype":4,"os":"Android","osv":"16","make":"Google","model":"Pixel 9","js":1,"language":"de","connectiontype":2,"dnt":0,"lmt":0,"sua":{{"browsers":[{{"brand":"Chromium","version":["148","0","7390","54"]}},{{"brand":"Not=A?Brand","version":["24"]}}],"platform":{{"brand":"Android","version":["16"]}},"mobile":1,"model":"Pixel 9","source":2}},"w":1080,"h":2424,"pxratio":2.6,"carrier":"Example Mobile","mccmnc":"310-005","geo":{{"country":"DEU","region":"BE","city":"Berlin","type":2,"utcoffset":60}}}},"bcat":["IAB25","IAB26","IAB7-39","IAB14-1"],"badv":["casino.example","brand-00003.example","payday-loans.example"],"source":{{"fd":0,"tid":"0123456789abcdef-0badcafe","schain":{{"complete":1,"ver":"1.0","nodes":[{{"asi":"ssp.example","sid":"pub-17","hp":1}}]}}}},"regs":{{"coppa":0,"gdpr":0,"us_privacy":"1YNN"}},"site":{{"id":"site-00042.example","domain":"site-00042.example","page":"https://site-00042.example/articles/12345","ref":"https://search.example/?q=news","cat":["IAB12"],"publisher":{{"id":"pub-42","name":"Web","domain":"site-00042.example"}},"content":{{"language":"en"}}}},"user":{{"id":"ssp-00000001ab3d","buyeruid":"u000017","keywords":"news,sports","data":[{{"id":"ssp.example","name":"ssp.example","segment":[{{"id":"5017","name":"cohort"}},{{"id":"5170","name":"cohort"}},{{"id":"5800","name":"cohort"}},{{"id":"5333","name":"cohort"}}],"ext":{{"segtax":4}}}}]}}}}"#
    )
}

/// The answer of the DSP of this number, which asks for notices or does not.
pub(crate) fn answer(imps: &[Offered], dsp: usize, notices: bool) -> String {
    let bid = |(at, offered): (usize, &Offered)| {
        let creative = match offered {
            Offered::Banner => {
                r##""adm":"<a href=\"https://quick.example/offer\" target=\"_blank\" rel=\"noopener\" style=\"box-sizing:border-box;display:flex;flex-wrap:wrap;gap:8px;align-items:center;justify-content:center;width:300px;height:250px;overflow:hidden;background:#f4f1ea;color:#3b2f2f;border:1px solid #b8a99a;font:16px system-ui,sans-serif;text-decoration:none\"><strong>quick.example</strong><span>300×250</span></a>","adomain":["quick.example"],"cat":["IAB22"],"cid":"seat-quick-campaign","crid":"seat-quick-300x250","h":250,"mtype":1,"w":300"##
            }
            Offered::Native => {
                r#""adm":"{\"assets\":[{\"id\":1,\"title\":{\"text\":\"An offer from quick.example\"}},{\"data\":{\"value\":\"quick.example\"},\"id\":2},{\"id\":3,\"img\":{\"h\":150,\"url\":\"https://cdn.quick.example/300x150.png\",\"w\":300}}],\"link\":{\"url\":\"https://quick.example/offer\"},\"ver\":\"1.2\"}","adomain":["quick.example"],"cat":["IAB22"],"cid":"seat-quick-campaign","crid":"seat-quick-native","mtype":4"#
            }
            Offered::Video => {
                r#""adm":"<?xml version=\"1.0\" encoding=\"UTF-8\"?><VAST version=\"4.2\"><Ad id=\"seat-quick-v15\"><InLine><AdSystem>seat-quick</AdSystem><AdTitle>seat-quick</AdTitle><AdServingId>seat-quick</AdServingId><Impression><![CDATA[https://px.quick.example/i]]></Impression><Creatives><Creative id=\"1\"><UniversalAdId idRegistry=\"unknown\">seat-quick-v15</UniversalAdId><Linear><Duration>00:00:15</Duration><MediaFiles><MediaFile delivery=\"progressive\" type=\"video/mp4\" width=\"1280\" height=\"720\"><![CDATA[https://cdn.quick.example/v15.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>","adomain":["quick.example"],"cat":["IAB22"],"cid":"seat-quick-campaign","crid":"seat-quick-v15","dur":15,"h":720,"mtype":2,"protocol":13,"w":1280"#
            }
        };
        let (id, price) = (format!("{dsp:08x}0000000{at}"), 110 + 10 * dsp + at);
        let told = |(member, kind): (&str, &str)| {
            format!(
                r#","{member}":"http://127.0.0.1:81{dsp:02}/notice/{kind}?b={id}&i=${{AUCTION_IMP_ID}}&p=${{AUCTION_PRICE}}&r=${{AUCTION_LOSS}}""#
            )
        };
        let kinds = [("nurl", "win"), ("burl", "bill"), ("lurl", "loss")];
        let told: String = kinds.into_iter().filter(|_| notices).map(told).collect();
        let imp = at + 1;
        format!(
            r#"{{"id":"{id}","impid":"{imp}","price":{}.{:02},{creative}{told}}}"#,
            price / 100,
            price % 100
        )
    };
    let bids: Vec<String> = imps.iter().enumerate().map(bid).collect();
    let bids = bids.join(",");
    format!(
        r#"{{"id":"bench-0123456789abcdef","bidid":"{dsp:016x}","cur":"USD","seatbid":[{{"seat":"seat-quick","bid":[{bids}]}}]}}"#
    )
}
