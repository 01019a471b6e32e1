//! A host that follows a script, for the tests of the outbound client.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use service::client::Target;

/// A host that answers each connection with a script: one step per request.
pub(crate) struct Host {
    addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Connections that have ended.
    pub(crate) ended: Arc<AtomicUsize>,
}

#[derive(Clone)]
pub(crate) enum Step {
    /// Read a request, write this.
    Answer(Vec<u8>),
    /// The same after a while.
    Late(Duration, Vec<u8>),
    /// Read a request, write this, close.
    Last(Vec<u8>),
    /// Close without reading.
    Close,
    /// Wait until the other side closes.
    Silence,
}
use Step::{Answer, Close, Last, Late, Silence};

impl Host {
    /// The n-th connection follows the n-th script; further ones the last.
    pub(crate) fn start(scripts: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let ended = Arc::new(AtomicUsize::new(0));
        let (count, ends) = (Arc::clone(&connections), Arc::clone(&ended));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let number = count.fetch_add(1, SeqCst);
                let script = scripts.get(number).or(scripts.last()).cloned();
                let ends = Arc::clone(&ends);
                std::thread::spawn(move || {
                    follow(stream, script.unwrap_or_default());
                    ends.fetch_add(1, SeqCst);
                });
            }
        });
        Self {
            addr,
            connections,
            ended,
        }
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&format!("http://{}/bid?x=1", self.addr)).unwrap()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

fn follow(mut stream: TcpStream, script: Vec<Step>) {
    let _gone = stream.set_nodelay(true);
    for step in script {
        match step {
            Close => return,
            Silence => {
                let mut rest = Vec::new();
                let _gone = stream.read_to_end(&mut rest);
                return;
            }
            Answer(bytes) => {
                if !read_request(&mut stream) || stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Late(pause, bytes) => {
                if !read_request(&mut stream) {
                    return;
                }
                std::thread::sleep(pause);
                if stream.write_all(&bytes).is_err() {
                    return;
                }
            }
            Last(bytes) => {
                if read_request(&mut stream) {
                    let _gone = stream.write_all(&bytes);
                }
                return;
            }
        }
    }
    // The script is over: keep the connection until the client leaves it.
    let mut rest = Vec::new();
    let _gone = stream.read_to_end(&mut rest);
}

/// Requests here end with `END`.
fn read_request(stream: &mut TcpStream) -> bool {
    let mut seen = Vec::new();
    let mut chunk = [0; 4_096];
    while !seen.ends_with(b"END") {
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return false,
            Ok(length) => seen.extend_from_slice(&chunk[..length]),
        }
    }
    true
}
