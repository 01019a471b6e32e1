//! A headless Chromium over its debugging pipe: JSON messages, each ended by a zero byte.

#![allow(dead_code, reason = "each journey uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};

/// Programs that this can drive, the leanest first.
const PROGRAMS: [&str; 4] = [
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
];
/// What a browser with a window says; with its own name it would be a crawler (B-60).
const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/148.0.0.0 Safari/537.36";
/// For one answer of the browser, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// One tab of a running browser.
pub(crate) struct Browser {
    child: Child,
    dir: PathBuf,
    orders: File,
    told: Receiver<Value>,
    last_id: u64,
    /// The tab, then every frame that has a process of its own.
    sessions: Vec<String>,
    /// Bodies of the tab's POST requests to `/ad-request`, oldest first.
    pub(crate) ad_requests: Vec<Value>,
}

impl Browser {
    /// Starts one with an empty tab; `None` where no Chromium is installed.
    pub(crate) fn start(width: u32, height: u32) -> Option<Self> {
        let program = PROGRAMS.into_iter().find_map(found)?;
        let dir = std::env::temp_dir().join(format!("gavel-browser-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let (orders, told) = (dir.join("orders"), dir.join("told"));
        let made = Command::new("mkfifo").args([&orders, &told]).status();
        assert!(made.unwrap().success(), "mkfifo");
        let child = Command::new("sh")
            .args([
                "-c",
                r#"orders=$1 told=$2; shift 2; exec "$@" 3<"$orders" 4>"$told""#,
                "sh",
            ])
            .args([&orders, &told])
            .arg(program)
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--site-per-process",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-agent={AGENT}"))
            .arg(format!("--window-size={width},{height}"))
            .arg(format!("--user-data-dir={}", dir.join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Each waits until the other side has it open.
        let orders = File::options().write(true).open(orders).unwrap();
        let told = File::open(told).unwrap();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(told).split(0) {
                let Ok(message) = message else { return };
                if sender
                    .send(serde_json::from_slice(&message).unwrap())
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut browser = Self {
            child,
            dir,
            orders,
            told: receiver,
            last_id: 0,
            sessions: Vec::new(),
            ad_requests: Vec::new(),
        };
        let page = json!({"url": "about:blank", "width": width, "height": height});
        let target = browser.call(None, "Target.createTarget", &page)["targetId"].clone();
        let attach = json!({"targetId": target, "flatten": true});
        let tab = browser.call(None, "Target.attachToTarget", &attach)["sessionId"].clone();
        browser.sessions.push(tab.as_str().unwrap().to_owned());
        browser.watch(0);
        for domain in ["Page.enable", "Network.enable"] {
            browser.in_tab(domain, &json!({}));
        }
        Some(browser)
    }

    /// Runs a script in every page of the tab before its own.
    pub(crate) fn before_pages(&mut self, script: &str) {
        let script = json!({"source": script});
        self.in_tab("Page.addScriptToEvaluateOnNewDocument", &script);
    }

    /// Goes to a page.
    pub(crate) fn go(&mut self, url: &str) {
        self.sessions.truncate(1);
        self.ad_requests.clear();
        let gone = self.in_tab("Page.navigate", &json!({"url": url}));
        assert!(gone.get("errorText").is_none(), "{url}: {gone}");
    }

    /// The value of an expression in the page.
    pub(crate) fn value(&mut self, expression: &str) -> Value {
        let tab = self.sessions[0].clone();
        self.evaluate(&tab, expression).unwrap()
    }

    /// The values of an expression in every frame that has a process of its own, such as sandboxed ones; those
    /// that have gone meanwhile are left out.
    pub(crate) fn in_frames(&mut self, expression: &str) -> Vec<Value> {
        let frames = self.sessions[1..].to_vec();
        let values = frames.iter().map(|frame| self.evaluate(frame, expression));
        values.collect::<Vec<_>>().into_iter().flatten().collect()
    }

    /// Presses and releases the mouse at a point of the window.
    pub(crate) fn click(&mut self, x: f64, y: f64) {
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1});
            self.in_tab("Input.dispatchMouseEvent", &event);
        }
    }

    /// A picture of the whole page, written as PNG; the window takes the page's size, so that every frame is drawn.
    pub(crate) fn picture(&mut self, path: &Path) {
        let [width, height] =
            ["innerWidth", "document.documentElement.scrollHeight"].map(|side| self.value(side));
        let window =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.in_tab("Emulation.setDeviceMetricsOverride", &window);
        let drawn = "new Promise(function (then) { requestAnimationFrame(function () { requestAnimationFrame(function () { then(1); }); }); })";
        let _ = self.value(drawn);
        let _ = self.in_frames(drawn);
        let shot = self.in_tab("Page.captureScreenshot", &json!({"format": "png"}));
        self.in_tab("Emulation.clearDeviceMetricsOverride", &json!({}));
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(shot["data"].as_str().unwrap())
            .unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    /// All cookies of the browser, also those that no script sees.
    pub(crate) fn cookies(&mut self) -> Value {
        self.in_tab("Network.getAllCookies", &json!({}))["cookies"].clone()
    }

    fn evaluate(&mut self, session: &str, expression: &str) -> Option<Value> {
        let what = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.try_call(Some(session), "Runtime.evaluate", &what)?;
        assert!(
            answer.get("exceptionDetails").is_none(),
            "{expression}: {answer:#}"
        );
        Some(answer["result"]["value"].clone())
    }

    fn in_tab(&mut self, method: &str, parameters: &Value) -> Value {
        let tab = self.sessions[0].clone();
        self.call(Some(&tab), method, parameters)
    }

    fn call(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> Value {
        let answer = self.try_call(session, method, parameters);
        answer.unwrap_or_else(|| panic!("{method} {parameters} was refused"))
    }

    /// `None` when the browser refuses, as of a frame that has gone.
    fn try_call(
        &mut self,
        session: Option<&str>,
        method: &str,
        parameters: &Value,
    ) -> Option<Value> {
        let id = self.send(session, method, parameters);
        loop {
            let message = self.told.recv_timeout(PATIENCE).unwrap_or_else(|error| {
                panic!("the browser does not answer {method}: {error}");
            });
            if message["id"] == id {
                return message.get("result").cloned();
            }
            self.hear(&message);
        }
    }

    fn send(&mut self, session: Option<&str>, method: &str, parameters: &Value) -> u64 {
        self.last_id += 1;
        let mut message = json!({"id": self.last_id, "method": method, "params": parameters});
        if let Some(session) = session {
            message["sessionId"] = json!(session);
        }
        self.orders
            .write_all(message.to_string().as_bytes())
            .unwrap();
        self.orders.write_all(&[0]).unwrap();
        self.last_id
    }

    fn hear(&mut self, event: &Value) {
        let parameters = &event["params"];
        match event["method"].as_str().unwrap_or_default() {
            "Target.attachedToTarget" if parameters["targetInfo"]["type"] == "iframe" => {
                let session = parameters["sessionId"].as_str().unwrap();
                self.sessions.push(session.to_owned());
            }
            "Target.detachedFromTarget" => {
                self.sessions
                    .retain(|it| parameters["sessionId"] != it.as_str());
            }
            "Network.requestWillBeSent" => {
                let request = &parameters["request"];
                let is_ask = request["url"].as_str().unwrap().ends_with("/ad-request");
                if is_ask && request["method"] == "POST" {
                    let body = request["postData"].as_str().unwrap();
                    self.ad_requests.push(serde_json::from_str(body).unwrap());
                }
            }
            _ => {}
        }
    }

    /// Attaches to frames of a session as they come.
    fn watch(&mut self, session: usize) {
        let session = self.sessions[session].clone();
        let how = json!({"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true});
        self.call(Some(&session), "Target.setAutoAttach", &how);
    }
}

fn found(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places = std::env::split_paths(&path).map(|dir| dir.join(program));
    places.find(|place| place.is_file())
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
