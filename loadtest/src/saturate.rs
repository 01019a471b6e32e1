//! A closed loop: each connection sends as soon as it is answered, so that the server never rests.
//!
//! It tells how much a server can do and what a request costs it, and no latencies: those come from the open
//! loop of [`crate::driver`]. Its own part is small, because requests are written beforehand and answers are
//! looked at just enough to find their end. It never sleeps ([`crate::awake`]): a quick server, whose generator has no
//! time to sleep, would be spared the waking that a slow one pays for. DSPs that an exchange is to ask may be served by
//! the same thread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use service::{Shutdown, runtime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::{JoinSet, spawn_local};

use crate::awake::Awake;
use crate::cpu;
use crate::partners::QuickDsps;
use crate::seeded::requests::Prepared;

/// Where the requests come from, as whole HTTP/1.1 messages.
pub trait Source {
    /// Appends the next message; `false` when there is none left.
    fn next(&mut self, out: &mut Vec<u8>) -> bool;

    /// Hears of an answer's body.
    fn heard(&mut self, _status: u16, _body: &[u8]) {}
}

/// How long a connection waits whose request was shed.
const PAUSE: Duration = Duration::from_millis(10);

/// How the loop runs.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Connections, each with one request at a time.
    pub connections: usize,
    /// Before anything is counted.
    pub warm_up: Duration,
    /// While everything is counted; shorter when the source ends.
    pub length: Duration,
    /// Processes whose time on a CPU is told.
    pub watch: Vec<u32>,
}

/// What was counted.
#[derive(Debug, Clone, Default)]
pub struct Counts {
    /// 200.
    pub bids: u64,
    /// 204, but not shed.
    pub no_bids: u64,
    /// Answered without being worked on.
    pub shed: u64,
    /// Any other status.
    pub refused: u64,
    /// No answer.
    pub failed: u64,
    /// Bytes of the answers' bodies.
    pub answer_bytes: u64,
    /// Bytes of the requests, heads included.
    pub request_bytes: u64,
}

impl Counts {
    const fn answered(&self) -> u64 {
        self.bids + self.no_bids + self.shed + self.refused
    }

    const fn since(&self, before: &Self) -> Self {
        Self {
            bids: self.bids - before.bids,
            no_bids: self.no_bids - before.no_bids,
            shed: self.shed - before.shed,
            refused: self.refused - before.refused,
            failed: self.failed - before.failed,
            answer_bytes: self.answer_bytes - before.answer_bytes,
            request_bytes: self.request_bytes - before.request_bytes,
        }
    }
}

/// One instant of a run.
struct Snapshot {
    at: Instant,
    counts: Counts,
    watched: BTreeMap<u32, BTreeMap<String, Duration>>,
    own: Duration,
    machine: Duration,
}

/// A run's counts and times between its two instants.
pub struct Saturated {
    first: Snapshot,
    last: Snapshot,
}

impl Saturated {
    /// The counts.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.last.counts.since(&self.first.counts)
    }

    /// For machines: counts, seconds, and microseconds on a CPU of each watched process.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let counts = self.counts();
        let wall = self.last.at.duration_since(self.first.at);
        let micros = |last: Duration, first: Duration| {
            u64::try_from(last.saturating_sub(first).as_micros()).unwrap_or(u64::MAX)
        };
        let mut cpu = serde_json::Map::new();
        for (pid, threads) in &self.last.watched {
            let before = self.first.watched.get(pid);
            let spent: BTreeMap<&String, u64> = threads
                .iter()
                .map(|(name, last)| {
                    let first = before.and_then(|it| it.get(name)).copied();
                    (name, micros(*last, first.unwrap_or_default()))
                })
                .collect();
            let total: u64 = spent.values().sum();
            cpu.insert(pid.to_string(), json!({"us": total, "threads": spent}));
        }
        json!({
            "requests": counts.answered() + counts.failed, "bids": counts.bids, "no_bids": counts.no_bids, "shed": counts.shed,
            "refused": counts.refused, "failed": counts.failed,
            "answer_bytes": counts.answer_bytes, "request_bytes": counts.request_bytes,
            "wall_us": micros(wall, Duration::ZERO), "cpu": cpu,
            "generator_us": micros(self.last.own, self.first.own),
            "machine_us": micros(self.last.machine, self.first.machine),
        })
    }
}

/// Runs until the plan's end, the source's end or `shutdown`.
///
/// # Errors
/// When nothing can be sent at all, or a watched process is not there.
pub fn saturate(
    address: SocketAddr,
    plan: &Plan,
    source: Rc<RefCell<dyn Source>>,
    dsps: QuickDsps,
    shutdown: &Shutdown,
) -> Result<Saturated> {
    runtime::current_thread("saturate")?.block_on(async {
        let awake = Rc::new(Awake::default());
        let run = Rc::new(Run {
            address,
            source,
            counts: RefCell::default(),
            awake: Rc::clone(&awake),
        });
        dsps.serve(&awake)?;
        TcpStream::connect(address)
            .await
            .with_context(|| format!("nothing listens on {address}"))?;
        spawn_local(async move { awake.stay().await });
        let mut senders = JoinSet::new();
        for _ in 0..plan.connections {
            senders.spawn_local(Rc::clone(&run).keep_sending());
        }
        let first = run
            .after(plan.warm_up, plan, &mut senders, shutdown)
            .await?;
        let last = run.after(plan.length, plan, &mut senders, shutdown).await?;
        run.awake.stop();
        // Whoever still waits for an answer is left behind.
        spawn_local(async move { while senders.join_next().await.is_some() {} });
        Ok(Saturated { first, last })
    })
}

struct Run {
    address: SocketAddr,
    source: Rc<RefCell<dyn Source>>,
    counts: RefCell<Counts>,
    awake: Rc<Awake>,
}

impl Run {
    async fn after(
        &self,
        time: Duration,
        plan: &Plan,
        senders: &mut JoinSet<()>,
        shutdown: &Shutdown,
    ) -> Result<Snapshot> {
        if !time.is_zero() {
            tokio::select! {
                () = tokio::time::sleep(time) => {}
                () = shutdown.fired() => {}
                () = async { while senders.join_next().await.is_some() {} } => {}
            }
        }
        let mut watched = BTreeMap::new();
        for pid in &plan.watch {
            let threads = cpu::by_thread(*pid).with_context(|| format!("process {pid}"))?;
            watched.insert(*pid, threads);
        }
        let idle = self.awake.idle();
        Ok(Snapshot {
            at: Instant::now(),
            counts: self.counts.borrow().clone(),
            watched,
            own: cpu::of_process(std::process::id())?.saturating_sub(idle),
            machine: cpu::of_machine()?.saturating_sub(idle),
        })
    }

    async fn keep_sending(self: Rc<Self>) {
        let (mut out, mut answer) = (Vec::new(), Vec::new());
        while !self.awake.is_stopped() {
            match self.converse(&mut out, &mut answer).await {
                Ok(()) => return,
                Err(_) => {
                    self.counts.borrow_mut().failed += 1;
                    // A server that takes no connection is not asked in a busy loop.
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        }
    }

    /// Sends and hears on one connection until there is nothing to send.
    async fn converse(&self, out: &mut Vec<u8>, answer: &mut Vec<u8>) -> io::Result<()> {
        let mut stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        while !self.awake.is_stopped() {
            out.clear();
            if !self.source.borrow_mut().next(out) {
                return Ok(());
            }
            self.awake.worked();
            stream.write_all(out).await?;
            let end = read_answer(&mut stream, answer).await?;
            self.awake.worked();
            self.count(out.len(), &end, answer);
            if end.shed {
                // Whoever asks again at once keeps an overloaded server busy with saying no.
                tokio::time::sleep(PAUSE).await;
            }
            if end.closes {
                stream = TcpStream::connect(self.address).await?;
                stream.set_nodelay(true)?;
            }
        }
        Ok(())
    }

    fn count(&self, sent: usize, end: &End, answer: &[u8]) {
        let body = answer.get(end.head..).unwrap_or_default();
        self.source.borrow_mut().heard(end.status, body);
        let mut counts = self.counts.borrow_mut();
        counts.request_bytes += sent as u64;
        counts.answer_bytes += body.len() as u64;
        match end.status {
            _ if end.shed => counts.shed += 1,
            200 => counts.bids += 1,
            204 => counts.no_bids += 1,
            _ => counts.refused += 1,
        }
    }
}

/// Where an answer's head ends, and what it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) status: u16,
    pub(crate) head: usize,
    shed: bool,
    closes: bool,
}

/// Reads one answer with a length or without a body.
pub(crate) async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> io::Result<End> {
    answer.clear();
    let mut head = None;
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if head.is_none() {
            head = read_head(answer)?;
        }
        if let Some((_, length)) = &head
            && answer.len() >= *length
        {
            break;
        }
    }
    head.map(|(end, _)| end)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The head, once it is whole, and how long the whole answer is.
fn read_head(answer: &[u8]) -> io::Result<Option<(End, usize)>> {
    let Some(at) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = answer.get(..at).unwrap_or_default();
    let text = str::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = text.split("\r\n");
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .ok_or(io::ErrorKind::InvalidData)?;
    let (mut length, mut shed, mut closes) = (0, false, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case(contracts::access::SHED_REASON_HEADER) {
            shed = true;
        } else if name.eq_ignore_ascii_case("connection") {
            closes = value.trim().eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            return Err(io::Error::other("an answer without a length"));
        }
    }
    let head = at + 4;
    let end = End {
        status,
        head,
        shed,
        closes,
    };
    Ok(Some((end, head + length)))
}

/// Prepared bid requests, again and again, each time with a number of its own.
pub struct Bids {
    prepared: Vec<Prepared>,
    head: String,
    sent: u64,
    body: Vec<u8>,
}

impl Bids {
    /// Requests to `path`; their numbers begin at `first`.
    #[must_use]
    pub fn new(prepared: Vec<Prepared>, path: &str, first: u64) -> Self {
        Self {
            prepared,
            head: format!(
                "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\nx-openrtb-version: 2.6\r\ncontent-length: "
            ),
            sent: first,
            body: Vec::new(),
        }
    }
}

impl Source for Bids {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let count = self.prepared.len() as u64;
        let Some(place) = self.sent.checked_rem(count) else {
            return false;
        };
        let place = usize::try_from(place).unwrap_or(0);
        self.body.clear();
        if let Some(prepared) = self.prepared.get(place) {
            prepared.append_to(&mut self.body, self.sent);
        }
        self.sent += 1;
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(self.body.len().to_string().as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&self.body);
        true
    }
}

/// The same GET again and again.
pub struct Gets(Vec<u8>);

impl Gets {
    /// A message of about so many bytes.
    #[must_use]
    pub fn new(bytes: usize) -> Self {
        const HEAD: &str = "GET /?t= HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";
        let token = "t".repeat(bytes.saturating_sub(HEAD.len()));
        Self(HEAD.replacen("t=", &format!("t={token}"), 1).into_bytes())
    }
}

impl Source for Gets {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        out.extend_from_slice(&self.0);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeded::requests::{Mix, prepare};

    #[test]
    fn an_answer_ends_where_its_length_says() {
        // Status, shed, closes, length of the whole.
        type Read = Option<(u16, bool, bool, usize)>;
        let cases: [(&str, Read); 5] = [
            ("HTTP/1.1 200 OK\r\ncontent-le", None),
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
                Some((200, false, false, 41)),
            ),
            (
                "HTTP/1.1 204 No Content\r\nx-shed-reason: overload\r\n\r\n",
                Some((204, true, false, 52)),
            ),
            (
                "HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                Some((413, false, true, 64)),
            ),
            ("HTTP/1.1 503 Away\r\n\r\n", Some((503, false, false, 21))),
        ];
        for (text, expect) in cases {
            let read = read_head(text.as_bytes()).unwrap();
            let found = read.map(|(end, length)| (end.status, end.shed, end.closes, length));
            assert_eq!(found, expect, "{text:?}");
        }
        assert!(read_head(b"SMTP\r\n\r\n").is_err());
        assert!(read_head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }

    #[test]
    fn bids_are_whole_messages_that_differ() {
        let mut bids = Bids::new(prepare(Mix::default(), 2), "/bid", 0);
        let mut texts = std::collections::BTreeSet::new();
        for _ in 0..4 {
            let mut out = Vec::new();
            assert!(bids.next(&mut out));
            let text = String::from_utf8(out).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", body.len())));
            assert!(texts.insert(body.to_owned()));
        }
        assert!(!Bids::new(Vec::new(), "/bid", 0).next(&mut Vec::new()));
    }
}
