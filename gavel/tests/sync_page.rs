//! The sync page in a real browser: a DSP's image and a DSP's frame, what each may do, and what comes of it (C-143).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod browser;
mod stack;

use std::path::Path;
use std::sync::{Arc, Mutex};

use browser::Browser;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use service::http::{self as answers, Handler, Request, Response};
use stack::server::Server;
use stack::{PATIENCE, Stack, uid};
use testkit::http::{get, post_json};
use testkit::poll_until;

const NAME: &str = "a_dsp_runs_a_script_in_its_frame_and_gets_no_further";

/// What a DSP's sync document does, and tells as its id of the browser: it keeps a cookie and an entry of its storage;
/// it may open no window and not leave with the page around it.
const FRAME: &str = r#"<!doctype html><script>
var parts = [];
document.cookie = "frame=f-1; path=/";
if (document.cookie.indexOf("frame=f-1") >= 0) parts.push("cookie");
localStorage.setItem("id", "f-1");
if (localStorage.getItem("id") === "f-1") parts.push("storage");
parts.push(window.open("about:blank") ? "window" : "no-window");
try { top.location.href = "about:blank"; parts.push("navigated"); } catch (refused) { parts.push("stays"); }
try { parts.push(parent.document.cookie ? "reads" : "reads-nothing"); } catch (refused) { parts.push("closed"); }
parts.push(document.referrer ? "referrer" : "no-referrer");
new Image().src = new URLSearchParams(location.search).get("to") + parts.join(".");
</script>"#;

/// A DSP with a sync URL of either kind, that never bids.
struct Dsp {
    server: Server,
    called: Arc<Mutex<Vec<String>>>,
}

struct Answering {
    called: Arc<Mutex<Vec<String>>>,
}

impl Handler for Answering {
    async fn handle(&self, request: Request) -> Response {
        let query = request.query.clone().unwrap_or_default();
        let call = format!("{}?{query}", request.path);
        self.called.lock().unwrap().push(call);
        match request.path.as_str() {
            "/frame" => answers::html(StatusCode::OK, FRAME),
            "/image" => {
                let back = request.query_param("to").unwrap();
                let mut response = answers::redirect(&format!("{back}by-image"));
                let cookie = HeaderValue::from_static("image=i-1; Path=/");
                response.headers_mut().insert(header::SET_COOKIE, cookie);
                response
            }
            _ => answers::no_content(),
        }
    }
}

impl Dsp {
    fn start() -> Self {
        let called: Arc<Mutex<Vec<String>>> = Arc::default();
        let handler = Answering {
            called: Arc::clone(&called),
        };
        Self {
            server: Server::start(handler),
            called,
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_dsp_runs_a_script_in_its_frame_and_gets_no_further() {
    let Some(mut browser) = Browser::start(600, 300) else {
        return testkit::skip(NAME, "no Chromium is installed");
    };
    let stack = Stack::start().await;
    let dsp = Dsp::start();
    for kind in ["image", "frame"] {
        let url = &dsp.server.url;
        let partner = json!({
            "id": format!("dsp_{kind}"), "name": kind, "endpoint": format!("{url}/bid"),
            "sync_url": format!("{url}/{kind}?to=${{RETURN_URL}}&gdpr=${{GDPR}}"), "sync_kind": kind,
        });
        let made = post_json(&stack.api("/demand-partners"), &partner).await;
        let made = made.expect_status(201).json();
        assert_eq!(made["sync_kind"], kind, "{made:#}");
    }
    let page = stack.ssp("/sync?gdpr=0");
    poll_until(PATIENCE, async || {
        let text = get(&page).await.expect_status(200).text();
        text.contains("<iframe ") && text.matches("<img ").count() == 2
    })
    .await;
    browser.go(&page);
    let matched = async |count: u32| {
        let line = format!(r#"gavel_id_syncs_total{{outcome="matched"}} {count}"#);
        poll_until(PATIENCE, async || {
            get(&stack.rtb("/metrics")).await.text().contains(&line)
        })
        .await;
    };
    matched(3).await;
    assert_eq!(browser.value("document.title"), "Sync");
    assert_eq!(browser.value("frames.length"), 1);
    let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sync.png");
    browser.picture(&picture);
    println!("a picture of the page: {}", picture.display());

    let user = user_of(&mut browser);
    let stored = stack.stored(&user).await;
    let of = |partner| uid(&stored, partner);
    assert_eq!(of("dsp_image").as_deref(), Some("by-image"), "{stored:#}");
    let expect = "cookie.storage.no-window.stays.closed.no-referrer";
    assert_eq!(of("dsp_frame").as_deref(), Some(expect), "{stored:#}");
    let called = dsp.called.lock().unwrap().clone();
    let frames = called.iter().filter(|it| it.starts_with("/frame?"));
    assert!(
        frames.clone().all(|it| it.ends_with("&gdpr=0")),
        "{called:#?}"
    );
    assert_eq!(frames.count(), 1, "{called:#?}");

    // All are fresh: the next visit calls nobody.
    browser.go(&page);
    let calls = "document.images.length + frames.length";
    assert_eq!(browser.value(calls), 0);
    drop(browser);
    stack.stop().await;
}

/// Our id of the browser, which no script sees.
fn user_of(browser: &mut Browser) -> String {
    let cookies = browser.cookies();
    let cookies = cookies.as_array().unwrap();
    let ours = cookies.iter().find(|it| it["name"] == "gavel_uid");
    ours.unwrap()["value"].as_str().unwrap().to_owned()
}
