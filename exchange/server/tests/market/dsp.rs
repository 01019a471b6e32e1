//! A DSP that does as it is told, and remembers what it was told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use service::http::{self as answers, Request, Response, StatusCode};

use super::Server;

/// What the DSP answers to bid requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Script {
    /// A bid of this CPM on every imp, with markup for what the imp offers.
    Bid(&'static str),
    /// The same, with a wrapper for video.
    Wrapper(&'static str),
    /// 204.
    NoBid,
}

/// The running DSP.
pub(crate) struct Dsp {
    pub(crate) server: Server,
    asked: Arc<Mutex<Vec<Value>>>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Dsp {
    pub(crate) fn start(script: Script) -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::new(Mutex::new(Vec::new()));
        let (requests, notices) = (Arc::clone(&asked), Arc::clone(&told));
        let server = Server::start(
            |_request| Duration::ZERO,
            move |request| {
                if request.path != "/bid" {
                    let query = request.query.clone().unwrap_or_default();
                    let notice = format!("{}?{query}", request.path);
                    notices.lock().unwrap().push(notice);
                    return answers::no_content();
                }
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                requests.lock().unwrap().push(body.clone());
                match script {
                    Script::NoBid => answers::no_content(),
                    Script::Bid(price) => bid(request, &body, price, VAST),
                    Script::Wrapper(price) => bid(request, &body, price, WRAPPER),
                }
            },
        );
        Self {
            server,
            asked,
            told,
        }
    }

    /// A URL of the DSP.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.server.url)
    }

    /// The newest bid request that it got.
    pub(crate) fn last_asked(&self) -> Value {
        self.asked.lock().unwrap().last().cloned().unwrap()
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    /// The notices on a path that it got, with their queries.
    pub(crate) fn told(&self, path: &str) -> Vec<String> {
        let told = self.told.lock().unwrap();
        told.iter()
            .filter(|notice| notice.starts_with(path))
            .cloned()
            .collect()
    }
}

const VAST: &str = r#"<VAST version="4.0"><Ad id="1"><InLine><AdSystem>rival</AdSystem><AdTitle>t</AdTitle><Impression><![CDATA[https://rival.example/i]]></Impression><Creatives><Creative><Linear><Duration>00:00:15</Duration><MediaFiles><MediaFile delivery="progressive" type="video/mp4" width="640" height="360"><![CDATA[https://rival.example/v.mp4]]></MediaFile></MediaFiles></Linear></Creative></Creatives></InLine></Ad></VAST>"#;

const WRAPPER: &str = r#"<VAST version="4.0"><Ad id="1"><Wrapper><AdSystem>rival</AdSystem><Impression><![CDATA[https://rival.example/i]]></Impression><VASTAdTagURI><![CDATA[https://rival.example/vast]]></VASTAdTagURI></Wrapper></Ad></VAST>"#;

const NATIVE: &str = r#"{"ver":"1.2","assets":[{"id":1,"title":{"text":"Lamps \"and\" chairs"}},{"id":4,"data":{"value":"Shop"}}],"link":{"url":"https://shop.example/lamps?a=1&b=2","clicktrackers":["https://rival.example/c"]},"eventtrackers":[{"event":1,"method":1,"url":"https://rival.example/i"}]}"#;

fn bid(request: &Request, body: &Value, price: &str, vast: &str) -> Response {
    let host = request.header("host").unwrap();
    let imp = &body["imp"][0];
    let is_video = imp.get("video").is_some();
    let (mtype, adm) = if is_video {
        (2, vast)
    } else if imp.get("native").is_some() {
        (4, NATIVE)
    } else {
        (1, "<a href=\"https://shop.example\">${AUCTION_PRICE}</a>")
    };
    let url = |path: &str| format!("http://{host}/{path}?a=${{AUCTION_ID}}&p=${{AUCTION_PRICE}}");
    let bid = json!({
        "id": "b1", "impid": imp["id"], "price": "@price@", "adm": adm, "cid": "campaign_9",
        "crid": "creative_9", "adomain": ["shop.example"],
        "w": if mtype == 4 { Value::Null } else { json!(300) },
        "h": if mtype == 4 { Value::Null } else { json!(250) },
        "mtype": mtype, "dur": if is_video { json!(15) } else { Value::Null },
        "protocol": if is_video { json!(if vast == WRAPPER { 8 } else { 7 }) } else { Value::Null },
        "nurl": url("win"), "burl": url("bill"), "lurl": url("loss"),
    });
    let answer =
        json!({"id": body["id"], "cur": "USD", "seatbid": [{"seat": "rival", "bid": [bid]}]});
    // The price as its text: a test of exactness must not begin with a float.
    let answer = answer.to_string().replace("\"@price@\"", price);
    answers::json(StatusCode::OK, answer.into_bytes())
}
