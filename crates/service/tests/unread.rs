//! R31: what a host that sends without end by HTTP/2 makes the client hold, each byte counted.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::{
    alloc::System,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use service::client::{CallError, Client, ClientConfig, InResponse, OutRequest, Target};
use service::http::{Bytes, HeaderMap, Method, StatusCode};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PATIENCE: Duration = Duration::from_secs(20);
/// What may wait of one answer, and of all of a connection (`client/connect.rs`).
const UNREAD: u32 = 256 * 1024;
const UNREAD_OF_ALL: u32 = 1024 * 1024;
/// More calls than fill the connection.
const CALLS: usize = 8;
/// What is enough of a host that nothing stops.
const ENOUGH: u32 = 16 * 1024 * 1024;

/// Types of frames (RFC 9113 §6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// Of the table of HPACK: `:status: 200`.
const OK: &[u8] = &[0x88];
const PIECE: [u8; 16 * 1024] = [b' '; 16 * 1024];

/// One end of a connection by HTTP/2, frame by frame. It allocates nothing.
struct Wire {
    stream: TcpStream,
    /// What the other end takes of one stream, as its settings say, and of the connection.
    of_one: u32,
    of_all: u32,
    calls: [u32; CALLS + 1],
    called: usize,
    pinged: bool,
}

impl Wire {
    fn accept(listener: &TcpListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        let mut wire = Self {
            stream,
            of_one: 65_535,
            of_all: 65_535,
            calls: [0; CALLS + 1],
            called: 0,
            pinged: false,
        };
        wire.stream.read_exact(&mut [0; 24]).unwrap();
        wire.write(SETTINGS, 0, 0, &[]).unwrap();
        wire
    }

    fn write(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let mut head = [0; 9];
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        head[..3].copy_from_slice(&length[1..]);
        (head[3], head[4]) = (kind, flags);
        head[5..].copy_from_slice(&stream.to_be_bytes());
        self.stream.write_all(&head)?;
        self.stream.write_all(payload)
    }

    /// Takes one frame in.
    fn read(&mut self) {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut payload = [0; 1_024];
        let payload = &mut payload[..usize::try_from(length).unwrap()];
        self.stream.read_exact(payload).unwrap();
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        match (head[3], head[4] & ACK) {
            (SETTINGS, 0) => {
                for at in (0..payload.len()).step_by(6) {
                    // SETTINGS_INITIAL_WINDOW_SIZE
                    if payload[at..at + 2] == [0, 4] {
                        self.of_one = number(at + 2);
                    }
                }
                self.write(SETTINGS, ACK, 0, &[]).unwrap();
            }
            (WINDOW_UPDATE, _) if stream == 0 => self.of_all += number(0),
            (HEADERS, _) => {
                self.calls[self.called] = stream;
                self.called += 1;
            }
            (PING, ACK) => self.pinged = true,
            _ => {}
        }
    }

    fn read_calls(&mut self, count: usize) {
        while self.called < count {
            self.read();
        }
    }

    fn answer(&mut self, call: usize, flags: u8) {
        let stream = self.calls[call];
        self.write(HEADERS, END_HEADERS | flags, stream, OK)
            .unwrap();
    }

    /// Sends of each answer as much as is taken; what it was of each. It ends when the other end has taken all of
    /// it, and asks for no more.
    fn send_what_is_taken(&mut self) -> [u32; CALLS] {
        let mut sent = [0; CALLS];
        for call in 1..=CALLS {
            self.answer(call, 0);
        }
        loop {
            let before: u32 = sent.iter().sum();
            for call in 1..=CALLS {
                let sent = &mut sent[call - 1];
                while *sent < self.of_one.min(ENOUGH) && self.of_all > 0 {
                    let left = (self.of_one - *sent).min(self.of_all);
                    let most = PIECE.len().min(usize::try_from(left).unwrap());
                    self.write(DATA, 0, self.calls[call], &PIECE[..most])
                        .unwrap();
                    let most = u32::try_from(most).unwrap();
                    *sent += most;
                    self.of_all -= most;
                }
            }
            if sent.iter().sum::<u32>() == before {
                return sent;
            }
            self.write(PING, 0, 0, &[0; 8]).unwrap();
            self.pinged = false;
            while !self.pinged {
                self.read();
            }
        }
    }
}

/// A host, what it tells of its calls, and what it sent of each answer.
struct Host {
    target: Target,
    told: UnboundedReceiver<[u32; CALLS]>,
}

/// Answers one call; of those that follow it sends as it likes, once all are there.
fn host(send: impl FnOnce(&mut Wire) -> [u32; CALLS] + Send + 'static) -> Host {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/bid", listener.local_addr().unwrap());
    let (tell, told): (UnboundedSender<_>, _) = unbounded_channel();
    std::thread::spawn(move || {
        let mut wire = Wire::accept(&listener);
        wire.read_calls(1);
        wire.answer(0, END_STREAM);
        wire.read_calls(CALLS + 1);
        tell.send([0; CALLS]).unwrap();
        let sent = send(&mut wire);
        tell.send(sent).unwrap();
        let _until_it_leaves = wire.stream.read(&mut [0; 1_024]);
    });
    let target = Target::parse(&url).unwrap().over_http2().unwrap();
    Host { target, told }
}

async fn call(client: &Client, target: &Target) -> Result<InResponse, CallError> {
    let request = OutRequest {
        method: Method::POST,
        target,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"{}"),
    };
    client.send(request, Instant::now() + PATIENCE).await
}

/// What a host sent of each answer before anybody read any, what was held of it, and what the calls came to.
fn outcome(mut host: Host) -> ([u32; CALLS], usize, Vec<Result<InResponse, CallError>>) {
    let runtime = service::runtime::current_thread("test").unwrap();
    runtime.block_on(async {
        let client = Client::new(ClientConfig {
            connect_timeout: PATIENCE,
            ..ClientConfig::local()
        });
        // The others share its connection.
        let first = call(&client, &host.target).await.unwrap();
        assert_eq!(first.status, StatusCode::OK);
        let mut calls: Vec<_> = (0..CALLS)
            .map(|_| Box::pin(call(&client, &host.target)))
            .collect();
        tokio::select! {
            _ = join_all(&mut calls) => panic!("nothing is answered yet"),
            arrived = host.told.recv() => assert_eq!(arrived, Some([0; CALLS])),
        }
        // From here on nobody reads answers: the worker has other things to do.
        let region = Region::new(ALLOCATOR);
        let sent = host.told.recv().await.unwrap();
        let change = region.change();
        let held = change.bytes_allocated - change.bytes_deallocated;
        (sent, held, join_all(calls).await)
    })
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn r_31_what_nobody_reads_is_not_sent_and_not_kept() {
    const MOST: usize = UNREAD_OF_ALL as usize * 3 / 2;
    let (sent, held, calls) = outcome(host(Wire::send_what_is_taken));
    assert!(sent.iter().all(|sent| *sent <= UNREAD), "{sent:?}");
    assert_eq!(sent.iter().sum::<u32>(), UNREAD_OF_ALL, "{sent:?}");
    assert!(held <= MOST, "{held} bytes are held");
    drop(calls);

    // One that goes on, whatever it is told.
    let (sent, held, calls) = outcome(host(|wire| {
        let mut sent = [0; CALLS];
        wire.answer(1, 0);
        while sent[0] < ENOUGH && wire.write(DATA, 0, wire.calls[1], &PIECE).is_ok() {
            sent[0] += u32::try_from(PIECE.len()).unwrap();
        }
        sent
    }));
    assert!(sent[0] > UNREAD, "{sent:?}");
    assert!(held <= MOST, "{held} bytes are held");
    assert!(calls.iter().all(Result::is_err), "its connection is closed");
}
