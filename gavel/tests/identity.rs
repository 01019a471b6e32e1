//! A browser's way over the sync page to the DSPs and back, and what its next auction tells each of them (C-143).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod stack;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::{Value, json};
use service::http::{self as answers, Handler, Request, Response};
use stack::server::Server;
use stack::{PATIENCE, Stack, uid};
use testkit::http::{Answer, delete, get, post_json, put_json, send};
use testkit::poll_until;

/// Purposes 1, 2 and 4; vendors 2 and 755.
const SOME: &str = "CQp3NcAQp6gYAAfACBENCbFgANAAAAAAAAYgF5wAgABALzAAAAAA.IAAA.YAAAAAAAAAAA";

/// A DSP that knows browsers by a cookie of its own and never bids.
struct Dsp {
    server: Server,
    asked: Arc<Mutex<Vec<Value>>>,
}

struct Answering {
    asked: Arc<Mutex<Vec<Value>>>,
}

impl Handler for Answering {
    async fn handle(&self, request: Request) -> Response {
        if request.path == "/bid" {
            let body = serde_json::from_slice(&request.body).unwrap();
            self.asked.lock().unwrap().push(body);
            return answers::no_content();
        }
        if request.path == "/setuid" {
            return answers::gif();
        }
        let cookies = request.header("cookie").unwrap_or_default();
        let known = cookies.split("; ").find_map(|it| it.strip_prefix("dsp="));
        let id = known.unwrap_or("dsp/1").to_owned();
        let back = request.query_param("to").unwrap();
        let back = format!("{back}{}", id.replace('/', "%2F"));
        let mut response = answers::redirect(&back);
        let cookie = HeaderValue::try_from(format!("dsp={id}; Path=/")).unwrap();
        response.headers_mut().insert(header::SET_COOKIE, cookie);
        response
    }
}

impl Dsp {
    fn start() -> Self {
        let asked: Arc<Mutex<Vec<Value>>> = Arc::default();
        let handler = Answering {
            asked: Arc::clone(&asked),
        };
        Self {
            server: Server::start(handler),
            asked,
        }
    }

    /// The user of the newest request that it was sent.
    fn told(&self) -> Value {
        let asked = self.asked.lock().unwrap();
        asked.last().unwrap()["user"].clone()
    }
}

/// Keeps cookies and follows redirects. All hosts of this market are one, so that one jar is theirs.
#[derive(Default)]
struct Browser {
    jar: BTreeMap<String, String>,
    went: Vec<String>,
}

impl Browser {
    fn cookies(&self) -> String {
        let pairs = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        pairs.collect::<Vec<_>>().join("; ")
    }

    async fn send(&mut self, method: Method, url: &str, body: String) -> Answer {
        let cookies = self.cookies();
        let mut headers = vec![("content-type", "application/json")];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let answer = send(method, url, &headers, Bytes::from(body)).await;
        for set in answer.headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Loads what is at a URL, wherever that leads.
    async fn load(&mut self, url: &str) -> Answer {
        let mut url = url.to_owned();
        for _ in 0..5 {
            let answer = self.send(Method::GET, &url, String::new()).await;
            self.went.push(url);
            if answer.status != StatusCode::FOUND.as_u16() {
                return answer;
            }
            url = answer.header("location").unwrap().to_owned();
        }
        panic!("in circles: {:#?}", self.went)
    }

    /// Opens the sync page with all its images; how many there were.
    async fn sync(&mut self, stack: &Stack, query: &str) -> usize {
        let page = self.load(&stack.ssp(&format!("/sync?{query}"))).await;
        let text = page.expect_status(200).text();
        let images: Vec<String> = text
            .split("<img src=\"")
            .skip(1)
            .map(|part| part.split('"').next().unwrap().replace("&amp;", "&"))
            .collect();
        for image in &images {
            let loaded = self.load(image).await;
            assert_eq!(loaded.header("content-type"), Some("image/gif"), "{image}");
        }
        images.len()
    }

    /// Asks for an ad; the campaign that won, if one did.
    async fn ad(&mut self, stack: &Stack, choice: &Value) -> Option<String> {
        let mut body = json!({"placement_id": "placement_001"});
        for (name, value) in choice.as_object().unwrap() {
            body[name] = value.clone();
        }
        let url = stack.ssp("/ad-request");
        let answer = self.send(Method::POST, &url, body.to_string()).await;
        if answer.status != 200 {
            return None;
        }
        let record = stack
            .auction(answer.header("x-gavel-auction-id").unwrap())
            .await;
        let bids = record["bids"].as_array().unwrap();
        let winner = bids.iter().find(|bid| bid["outcome"] == "won")?;
        winner["campaign_id"].as_str().map(str::to_owned)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn each_dsp_gets_its_own_id_of_a_browser_that_was_on_the_sync_page() {
    let stack = Stack::start().await;
    let dsp = Dsp::start();
    let partner = json!({
        "id": "dsp_known", "name": "known", "endpoint": format!("{}/bid", dsp.server.url), "vendor_id": 755,
        "sync_url": format!("{}/sync?to=${{RETURN_URL}}&gdpr=${{GDPR}}&gdpr_consent=${{GDPR_CONSENT_755}}", dsp.server.url),
    });
    let _ = post_json(&stack.api("/demand-partners"), &partner)
        .await
        .expect_status(201);
    let nowhere = json!({"name": "x", "endpoint": dsp.server.url, "sync_url": "ftp://x.example/${RETURN_URL}"});
    let refused = post_json(&stack.api("/demand-partners"), &nowhere)
        .await
        .expect_status(422)
        .json();
    assert_eq!(refused["errors"][0]["pointer"], "/sync_url", "{refused:#}");

    // The tag of a placement opens the page; its images lead to the DSP and to our DMP, and back.
    let tag = get(&stack.ssp("/tag.js?placement=placement_001")).await;
    assert!(tag.text().contains("var syncs = true;"), "{tag}");
    let mut browser = poll_until(PATIENCE, async || {
        let mut browser = Browser::default();
        (browser.sync(&stack, "").await == 2).then_some(browser)
    })
    .await;
    let user = browser.jar["gavel_uid"].clone();
    let ours = browser.jar["gavel_dmp"].clone();
    assert_eq!(browser.jar["dsp"], "dsp/1");
    let known = stack.stored(&user).await;
    let of = |partner| uid(&known, partner);
    assert_eq!(of("dsp_known").as_deref(), Some("dsp/1"), "{known}");
    assert_eq!(of("gavel-bidder"), Some(ours.clone()), "{known}");
    assert_eq!(browser.sync(&stack, "").await, 0, "both are fresh");

    // The DMP knows by its own id what the bidder then finds: this campaign is for nobody else.
    let profile = json!({"interests": ["lighthouses"]});
    let _ = put_json(&stack.dmp(&format!("/user/{ours}/profile")), &profile)
        .await
        .expect_status(201);
    let campaign = json!({
        "name": "lighthouses", "advertiser_id": "advertiser_001", "budget": 1000, "modifiers": [],
        "creative": {"title": "Sale", "description": "Now"}, "bid": {"type": "cpm", "cpm": 15.0, "max_cpm": 15.0},
        "targeting": {"interests": ["lighthouses"]},
    });
    let made = post_json(&stack.api("/campaigns"), &campaign).await;
    let campaign = made.expect_status(201).json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let nothing = json!({});
    poll_until(PATIENCE, async || {
        browser.ad(&stack, &nothing).await.as_deref() == Some(&*campaign)
    })
    .await;
    let told = dsp.told();
    assert_eq!(told["buyeruid"], "dsp/1", "its own id: {told}");
    assert_eq!(told["id"], *user, "and ours: {told}");

    // An SSP learns our id of the browser; its servers send it, without any cookie.
    let ssp = json!({"id": "ssp_1", "name": "SSP", "domain": "ssp.example",
        "account": {"vendor_id": 755, "sync_url": format!("{}/setuid?uid=${{UID}}&gdpr=${{GDPR}}", dsp.server.url)}});
    let _ = post_json(&stack.api("/publishers"), &ssp)
        .await
        .expect_status(201);
    let out = stack.ssp("/sync/out?ssp=ssp_1&gdpr=0");
    poll_until(PATIENCE, async || get(&out).await.status == 302).await;
    let loaded = browser.load(&out).await;
    assert_eq!(loaded.header("content-type"), Some("image/gif"));
    let setuid = format!("{}/setuid?uid={user}&gdpr=0", dsp.server.url);
    assert_eq!(browser.went.last(), Some(&setuid));
    let of_server = json!({"id": "r", "tmax": 1_000, "user": {"buyeruid": user},
        "imp": [{"id": "1", "banner": {"w": 300, "h": 250}}]});
    let answer = post_json(&stack.rtb("/openrtb2/auction"), &of_server).await;
    assert!(matches!(answer.status, 200 | 204), "{answer}");
    let told = dsp.told();
    assert_eq!(
        (&told["buyeruid"], &told["id"]),
        (&json!("dsp/1"), &json!(user)),
        "{told}"
    );

    // Nobody in particular, and somebody who does not consent, is nobody to all of them.
    let mut stranger = Browser::default();
    let won = stranger.ad(&stack, &nothing).await;
    assert_ne!(won.as_deref(), Some(&*campaign));
    assert_eq!(dsp.told()["buyeruid"], Value::Null);
    let refuses = json!({"regs": {"gdpr": 1}});
    let won = browser.ad(&stack, &refuses).await;
    assert_ne!(won.as_deref(), Some(&*campaign));
    let told = dsp.told();
    assert_eq!(
        (&told["buyeruid"], &told["id"]),
        (&Value::Null, &Value::Null)
    );
    // Consent to this vendor is enough for it.
    let consents = json!({"regs": {"gdpr": 1}, "user": {"consent": SOME}});
    let _ = browser.ad(&stack, &consents).await;
    let told = dsp.told();
    assert_eq!(told["buyeruid"], "dsp/1", "{told}");

    // The page obeys, too: what is not allowed is not stored, and what was stored is forgotten.
    assert_eq!(stranger.sync(&stack, "gdpr=1").await, 0);
    assert!(stranger.jar.is_empty(), "{:?}", stranger.jar);
    let consent = format!("gdpr=1&gdpr_consent={SOME}");
    assert_eq!(stranger.sync(&stack, &consent).await, 2);
    let passed_on = format!("&gdpr=1&gdpr_consent={SOME}");
    assert!(
        stranger
            .went
            .iter()
            .any(|url| url.starts_with(&dsp.server.url) && url.contains(&passed_on))
    );
    let theirs = stranger.jar["gavel_uid"].clone();
    assert!(stack.stored(&theirs).await["id:dsp_known"].is_string());
    let query = "/sync/in?partner=dsp_known&gdpr=1&uid=other";
    let _ = stranger.load(&stack.ssp(query)).await.expect_status(200);
    let kept = uid(&stack.stored(&theirs).await, "dsp_known");
    assert_eq!(kept.as_deref(), Some("dsp/1"), "no consent, nothing stored");
    assert_eq!(stranger.sync(&stack, "gdpr=1").await, 0);
    assert!(!stranger.jar.contains_key("gavel_uid"));
    assert_eq!(stack.stored(&theirs).await, Value::Null);

    // S13: an erasure is everywhere, by our DMP's id of the person, too.
    let export = get(&stack.dmp(&format!("/user/{ours}/export"))).await;
    let export = export.expect_status(200).json();
    let others = &export["others"][&user];
    assert!(others["id:dsp_known"].is_string(), "{export:#}");
    let erased = delete(&stack.dmp(&format!("/user/{ours}"))).await;
    assert_eq!(erased.status, 204);
    assert_eq!(stack.stored(&user).await, Value::Null);
    assert_eq!(stack.stored(&ours).await, Value::Null);
    poll_until(PATIENCE, async || {
        let _ = browser.ad(&stack, &nothing).await;
        dsp.told()["buyeruid"].is_null()
    })
    .await;
    // Its browser is somebody new, here and at the DMP.
    assert_eq!(browser.sync(&stack, "").await, 2);
    assert_ne!(browser.jar["gavel_uid"], user);
    assert_ne!(browser.jar["gavel_dmp"], ours);
    let known = stack.stored(&browser.jar["gavel_uid"]).await;
    assert!(known["id:gavel-bidder"].is_string(), "{known}");
    stack.stop().await;
}
