//! R26: without file descriptors the service serves whom it has, and comes back by itself. That it waits in
//! place of spinning is a test of `serve.rs`, in virtual time.

use std::{
    io::{BufRead, BufReader},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use crate::support::{PATIENCE, Raw, Server, limits, until};

/// Set in the process that runs out.
const ROLE: &str = "GAVEL_TEST_FEW_DESCRIPTORS";
const FEW: usize = 64;

/// A server in a process of its own, which may open few files.
struct Poor {
    child: Child,
    addr: std::net::SocketAddr,
}

impl Poor {
    fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(format!("ulimit -n {FEW}; exec \"$0\" \"$@\""))
            .arg(program)
            .args(["--exact", "descriptors::serve_until_killed", "--nocapture"])
            .env(ROLE, "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let addr = output
            .lines()
            .map_while(Result::ok)
            .find_map(|line| line.split("listening on ").nth(1)?.parse().ok());
        Self {
            child,
            addr: addr.unwrap(),
        }
    }
}

impl Drop for Poor {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _gone = self.child.wait();
    }
}

/// Not a test by itself: what the process with few descriptors runs.
#[test]
fn serve_until_killed() {
    if std::env::var_os(ROLE).is_none() {
        return;
    }
    let server = Server::start(limits());
    println!("\nlistening on {}", server.addr);
    loop {
        std::thread::park();
    }
}

#[test]
fn r_26_without_descriptors_it_serves_whom_it_has_and_comes_back() {
    let poor = Poor::start();
    let mut early = Raw::connect(poor.addr);
    assert_eq!(early.get("/x").status, 200);
    // Beyond its limit connections wait in the kernel: accepted by nobody, refused by nobody.
    let crowd: Vec<TcpStream> = (0..FEW * 2)
        .map(|_| TcpStream::connect(poor.addr).unwrap())
        .collect();
    let page = early.get("/metrics");
    let open = |text: &str| -> usize {
        let line = text
            .lines()
            .find(|it| it.starts_with("gavel_http_connections "));
        line.and_then(|it| it.rsplit_once(' '))
            .map_or(0, |(_, n)| n.parse().unwrap())
    };
    assert!(open(page.text()) < FEW);
    until("it has run out", || {
        open(early.get("/metrics").text()) > FEW / 2
    });
    assert_eq!(early.get("/x").status, 200, "whom it has it serves");
    drop(crowd);
    let mut late = Raw::connect(poor.addr);
    late.stream.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(late.get("/x").status, 200, "it recovers by itself");
}
