//! A DSP that misbehaves below HTTP or at its edges, on a socket of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use super::BID;

/// What it does to each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Takes the request and never answers.
    SlowHead,
    /// Sends its head at once and its body byte by byte.
    DripFeed,
    /// Closes with the request unread, which resets the connection.
    Reset,
    /// Closes in the middle of its body.
    Truncated,
    /// Says something that is not HTTP.
    NotHttp,
    /// Announces ten gigabytes.
    Announced,
    /// Sends more than is believed, in chunks and without an end.
    Endless,
    /// A little gzip that inflates to a lot.
    Bomb,
    /// Says gzip and sends none.
    NotGzip,
    /// An encoding that nobody asked for.
    Brotli,
    /// 500.
    Broken,
    /// 204, and says that it had no time for it.
    Sheds,
    /// 302 to the other address given.
    Redirect(SocketAddr),
    /// Accepts connections and never reads.
    HalfOpen,
    /// Bids, and has `Connection: close` on each answer.
    ClosesEach,
    /// Bids, and closes each connection a moment later without a word.
    ClosesSilently,
}

/// The running DSP.
pub(crate) struct Faulty {
    pub(crate) address: SocketAddr,
    open: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
}

impl Faulty {
    pub(crate) fn start(fault: Fault) -> Self {
        LazyLock::force(&BOMB);
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let faulty = Self {
            address: listener.local_addr().unwrap(),
            open: Arc::default(),
            accepted: Arc::default(),
            ends: Arc::default(),
        };
        let (open, accepted) = (Arc::clone(&faulty.open), Arc::clone(&faulty.accepted));
        let ends = Arc::clone(&faulty.ends);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ends.load(SeqCst) {
                    return;
                }
                accepted.fetch_add(1, SeqCst);
                open.fetch_add(1, SeqCst);
                let (open, ends) = (Arc::clone(&open), Arc::clone(&ends));
                std::thread::spawn(move || {
                    let _left = serve(stream, fault, &ends);
                    open.fetch_sub(1, SeqCst);
                });
            }
        });
        faulty
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/bid", self.address)
    }

    /// Connections that are open now.
    pub(crate) fn open(&self) -> usize {
        self.open.load(SeqCst)
    }

    /// Connections so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(SeqCst)
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.ends.store(true, SeqCst);
        // So that the listener's thread looks.
        let _woken = TcpStream::connect(self.address);
    }
}

fn serve(mut stream: TcpStream, fault: Fault, ends: &AtomicBool) -> std::io::Result<()> {
    if fault == Fault::HalfOpen {
        return linger(&stream, ends);
    }
    if fault == Fault::Reset {
        // One byte, so that the rest of the request is there to be lost.
        return stream.read_exact(&mut [0]);
    }
    while let Some(body) = read_request(&mut stream)? {
        match fault {
            Fault::SlowHead => return linger(&stream, ends),
            Fault::DripFeed => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n")?;
                while !ends.load(SeqCst) {
                    stream.write_all(b" ")?;
                    std::thread::sleep(Duration::from_millis(10));
                }
                return Ok(());
            }
            Fault::Truncated => {
                return stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{\"id\":\"");
            }
            Fault::NotHttp => return stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"),
            Fault::Announced => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{")?;
                return linger(&stream, ends);
            }
            Fault::Endless => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
                let chunk = [b"4000\r\n", &[b' '; 0x4000][..], b"\r\n"].concat();
                while !ends.load(SeqCst) {
                    stream.write_all(&chunk)?;
                }
                return Ok(());
            }
            Fault::Bomb => answer(&mut stream, "Content-Encoding: gzip\r\n", &BOMB)?,
            Fault::NotGzip => answer(&mut stream, "Content-Encoding: gzip\r\n", b"{}")?,
            Fault::Brotli => answer(&mut stream, "Content-Encoding: br\r\n", b"{}")?,
            Fault::Broken => {
                stream.write_all(b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\n{}")?;
            }
            Fault::Sheds => {
                stream.write_all(b"HTTP/1.1 204 No Content\r\nx-shed-reason: queue\r\n\r\n")?;
            }
            Fault::Redirect(to) => {
                let head = format!(
                    "HTTP/1.1 302 Found\r\nLocation: http://{to}/bid\r\nContent-Length: 0\r\n\r\n"
                );
                stream.write_all(head.as_bytes())?;
            }
            Fault::ClosesEach => {
                return answer(&mut stream, "Connection: close\r\n", &bid(&body));
            }
            Fault::ClosesSilently => return answer(&mut stream, "", &bid(&body)),
            Fault::Reset | Fault::HalfOpen => return Ok(()),
        }
    }
    Ok(())
}

/// Holds the connection until the caller ends it or the test is over.
fn linger(stream: &TcpStream, ends: &AtomicBool) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(20)))?;
    while !ends.load(SeqCst) {
        match stream.peek(&mut [0]) {
            Ok(0) => return Ok(()),
            // Unread bytes are there at once.
            Ok(_) => std::thread::sleep(Duration::from_millis(20)),
            Err(error) if is_timeout(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut
    )
}

/// The body of the next request; `None` when the caller is gone.
fn read_request(stream: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"))
        .map_or(0, |text| text.trim().parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(body))
}

fn answer(stream: &mut TcpStream, fields: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat())
}

fn bid(request: &[u8]) -> Vec<u8> {
    let request: serde_json::Value = serde_json::from_slice(request).unwrap();
    let bid = BID.replace("{SELF}", "http://127.0.0.1:1");
    format!(
        r#"{{"id":{},"seatbid":[{{"bid":[{{"id":"f1","impid":"1",{bid}}}]}}]}}"#,
        request["id"]
    )
    .into_bytes()
}

/// 64 MiB of blanks in some 64 KiB of gzip, packed before anybody waits for it.
static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packed.write_all(&[b' '; 1 << 20]).unwrap();
    }
    packed.finish().unwrap()
});
