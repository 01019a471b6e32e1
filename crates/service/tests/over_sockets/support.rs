//! A server on port 0 and a raw HTTP client, for the tests of this crate.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use service::{
    Ops, Shutdown, Trigger,
    config::Millis,
    http::{self, Admission, Class, Handler, Head, Limits, Method, Request, Response, StatusCode},
    quota::Quota,
    runtime,
};
use tokio::sync::Semaphore;

/// Generous: only a hang takes as long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// How long `/hold/long` keeps the worker.
const HELD: Duration = Duration::from_millis(80);

/// Answers by path; counts what it handled.
#[derive(Clone)]
pub(crate) struct TestHandler {
    /// Whose head was read.
    pub(crate) heads: Arc<AtomicU32>,
    pub(crate) handled: Arc<AtomicU32>,
    /// `/wait` waits for a permit.
    pub(crate) gate: Arc<Semaphore>,
    /// What the caller with the key `limited` may ask.
    pub(crate) quota: Arc<Quota>,
    /// `/hold/until` keeps the worker while this is set.
    pub(crate) held: Arc<AtomicBool>,
    /// The bodies of `/bid/note`, in the order in which they were begun.
    pub(crate) begun: Arc<Mutex<Vec<String>>>,
}

/// Keeps the worker busy.
fn spin(mut ends: impl FnMut() -> bool) {
    let began = Instant::now();
    while !ends() && began.elapsed() < PATIENCE {
        std::hint::spin_loop();
    }
}

impl Handler for TestHandler {
    async fn handle(&self, request: Request) -> Response {
        self.handled.fetch_add(1, SeqCst);
        match request.path.as_str() {
            "/panic" => panic!("deliberate"),
            path if path.ends_with("/wait") => {
                self.gate.acquire().await.unwrap().forget();
                http::text(StatusCode::OK, "waited")
            }
            "/bid/burn" => {
                let began = Instant::now();
                spin(|| began.elapsed() >= Duration::from_millis(1));
                http::text(StatusCode::OK, "burnt")
            }
            "/bid/note" => {
                let noted = String::from_utf8_lossy(&request.body).into_owned();
                self.begun.lock().unwrap().push(noted);
                http::no_content()
            }
            "/hold/long" => {
                let began = Instant::now();
                spin(|| began.elapsed() >= HELD);
                // Timers have their turn before the next request of this connection.
                tokio::task::yield_now().await;
                http::no_content()
            }
            "/hold/until" => {
                spin(|| !self.held.load(SeqCst));
                http::no_content()
            }
            "/caller" => http::text(StatusCode::OK, format!("{:?}", request.caller)),
            "/post" if request.method != Method::POST => http::method_not_allowed("POST"),
            "/json" if !request.content_type_is_json() => {
                service::Problem::unsupported_media_type().into_response()
            }
            "/empty" => http::no_content(),
            "/pixel" if request.is_get() => http::gif(),
            "/trace" => {
                let trace = request.trace.map(|trace| trace.trace_id.to_string());
                http::text(StatusCode::OK, trace.unwrap_or_default())
            }
            _ => http::json(StatusCode::OK, request.body.to_vec()),
        }
    }

    fn admit(&self, _class: Class, head: &Head<'_>) -> Admission {
        self.heads.fetch_add(1, SeqCst);
        match head.header_or_param("x-key", "key").as_deref() {
            Some("unknown") => {
                Admission::Refused(Box::new(service::Problem::unauthorized().into_response()))
            }
            Some("limited") => match self.quota.enter(Instant::now()) {
                Ok(place) => Admission::Caller(7, place),
                Err(reason) => Admission::Shed(reason),
            },
            Some(_) | None => Admission::Open,
        }
    }

    fn class(&self, _method: &Method, path: &str) -> Class {
        match path.split('/').nth(1) {
            Some("bid") => Class::Bid,
            Some("notice") => Class::Notice,
            _ => Class::Api,
        }
    }
}

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) ops: Ops,
    pub(crate) trigger: Trigger,
    pub(crate) handler: TestHandler,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let (trigger, shutdown) = Shutdown::new();
        let ops = Ops::new("test", "0.0.1").with_openapi(|| r#"{"openapi":"3.1.0"}"#.to_owned());
        ops.health.set_ready(true);
        let handler = TestHandler {
            heads: Arc::default(),
            handled: Arc::default(),
            gate: Arc::new(Semaphore::new(0)),
            quota: Arc::new(Quota::new(service::quota::Terms::default())),
            held: Arc::default(),
            begun: Arc::default(),
        };
        let (served, counted) = (handler.clone(), ops.clone());
        let thread = std::thread::spawn(move || {
            let runtime = runtime::current_thread("test").unwrap();
            runtime
                .block_on(http::serve(listener, &limits, served, shutdown, counted))
                .unwrap();
        });
        Self {
            addr,
            ops,
            trigger,
            handler,
            thread: Some(thread),
        }
    }

    pub(crate) fn connect(&self) -> Raw {
        Raw::connect(self.addr)
    }

    pub(crate) fn handled(&self) -> u32 {
        self.handler.handled.load(SeqCst)
    }

    /// Fires and waits for the end.
    pub(crate) fn stop(&mut self) {
        self.trigger.fire();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }

    pub(crate) fn ended(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.handler.gate.add_permits(1_000);
        self.trigger.fire();
        if let Some(thread) = self.thread.take() {
            let _panicked = thread.join();
        }
    }
}

/// Limits for tests: no drain delay.
pub(crate) fn limits() -> Limits {
    Limits {
        drain_delay: Millis::new(0),
        ..Limits::default()
    }
}

/// A connection that is written to as it is.
pub(crate) struct Raw {
    pub(crate) stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Raw {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream,
            buffer: Vec::new(),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).unwrap();
    }

    pub(crate) fn ask(&mut self, bytes: &[u8]) -> Answer {
        self.write(bytes);
        self.answer().expect("an answer")
    }

    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.ask(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
    }

    pub(crate) fn post(&mut self, path: &str, body: &[u8], headers: &str) -> Answer {
        self.write(&post(path, body, headers));
        self.answer().expect("an answer")
    }

    /// The next answer; none when the connection ended before it.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        let head_end = loop {
            if let Some(at) = find(&self.buffer, b"\r\n\r\n") {
                break at;
            }
            if !self.more() {
                return None;
            }
        };
        let head = String::from_utf8(self.buffer[..head_end].to_vec()).unwrap();
        let mut answer = Answer {
            status: head[9..12].parse().unwrap(),
            head,
            body: Vec::new(),
        };
        let length: usize = answer
            .header("content-length")
            .map_or(0, |value| value.parse().unwrap());
        while self.buffer.len() < head_end + 4 + length {
            if !self.more() {
                break;
            }
        }
        let end = self.buffer.len().min(head_end + 4 + length);
        answer.body = self.buffer[head_end + 4..end].to_vec();
        self.buffer.drain(..end);
        Some(answer)
    }

    /// Whether the server has closed: waits for it, and panics when it does not.
    pub(crate) fn is_closed(&mut self) -> bool {
        while self.more() {}
        true
    }

    fn more(&mut self) -> bool {
        let mut chunk = [0; 16 * 1024];
        match self.stream.read(&mut chunk) {
            Ok(0) => false,
            Ok(length) => {
                self.buffer.extend_from_slice(&chunk[..length]);
                true
            }
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("reading: {error}"),
        }
    }

    /// Everything that arrives until the server closes.
    pub(crate) fn all(&mut self) -> Vec<Answer> {
        std::iter::from_fn(|| self.answer()).collect()
    }
}

pub(crate) fn post(path: &str, body: &[u8], headers: &str) -> Vec<u8> {
    let mut bytes = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{headers}\r\n",
        body.len()
    )
    .into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Waits until something holds.
pub(crate) fn until(says: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < PATIENCE, "still not: {says}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
