//! R31: what a gzip bomb makes the client allocate, each byte counted.

#![allow(clippy::unwrap_used, reason = "a test ends where it cannot go on")]

use std::{
    alloc::System,
    io::{Read, Write},
    net::TcpListener,
    time::{Duration, Instant},
};

use flate2::{Compress, Compression, FlushCompress};
use service::client::{CallError, Client, ClientConfig, OutRequest, Target};
use service::http::{Bytes, HeaderMap, Method};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PATIENCE: Duration = Duration::from_secs(20);

/// So many bytes of gzip that has no end and inflates to a thousand times as much.
fn bomb(bytes: usize) -> Vec<u8> {
    let mut packed = Vec::with_capacity(64 * 1024);
    let mut compress = Compress::new(Compression::best(), false);
    compress
        .compress_vec(&vec![b' '; 1 << 20], &mut packed, FlushCompress::Full)
        .unwrap();
    let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    bomb.extend(packed.iter().cycle().take(bytes - bomb.len()));
    bomb
}

fn announced(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn in_chunks(body: &[u8]) -> Vec<u8> {
    let mut answer =
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in body.chunks(10_000) {
        answer.extend_from_slice(format!("{:x}\r\n", piece.len()).as_bytes());
        answer.extend_from_slice(piece);
        answer.extend_from_slice(b"\r\n");
    }
    answer
}

/// A host that answers the next call with this; it allocates nothing while it does.
fn host(answer: Vec<u8>) -> Target {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4_096];
        let _some = stream.read(&mut request);
        // The caller hangs up in the middle of it.
        let _refused = stream.write_all(&answer);
        let _until_it_leaves = stream.read(&mut request);
    });
    Target::parse(&format!("http://{address}/bid")).unwrap()
}

/// One test, so that nothing else allocates meanwhile.
#[test]
fn r_31_a_bomb_costs_two_mebibytes_at_the_most() {
    const MOST: usize = 2 << 20;
    let large = bomb(10_000_000);
    let most_that_may_arrive = bomb(256 * 1024);
    let rows = [
        ("10 MB, announced", announced(&large), 128 * 1024),
        ("10 MB, in chunks", in_chunks(&large), MOST),
        ("256 KiB, announced", announced(&most_that_may_arrive), MOST),
    ];
    for (row, answer, most) in rows {
        let target = host(answer);
        let runtime = service::runtime::current_thread("test").unwrap();
        let (error, allocated) = runtime.block_on(async {
            let client = Client::new(ClientConfig {
                connect_timeout: PATIENCE,
                ..ClientConfig::local()
            });
            let request = OutRequest {
                method: Method::POST,
                target: &target,
                headers: HeaderMap::new(),
                body: Bytes::from_static(b"{}"),
            };
            let region = Region::new(ALLOCATOR);
            let outcome = client.send(request, Instant::now() + PATIENCE).await;
            let change = region.change();
            // What was given back meanwhile counts as well: an upper bound of what it had at once.
            (outcome.unwrap_err(), change.bytes_allocated)
        });
        assert!(matches!(error, CallError::TooLarge), "{row}: {error}");
        assert!(allocated <= most, "{row}: {allocated} bytes");
    }
}
