//! A DSP that means harm: what it does is in the path that it is called by.

use std::io::{self, Write as _};
use std::net::TcpListener;
use std::rc::Rc;
use std::str;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};
use service::{Shutdown, runtime};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::spawn_local;
use tokio::time::sleep;

use super::wire::{Asked, path_of, read_request};

/// Serves until shut down, and prepares its answers before. The first part of the path is one of:
///
/// - `quiet`: 204;
/// - `late`: 204, 50 ms after `tmax`;
/// - `drip`: a head at once and a byte each ten milliseconds;
/// - `declared`: ten gigabytes announced, and one byte;
/// - `bomb`, `bomb-unsized`: ten megabytes of gzip that are ten gigabytes, announced or in chunks;
/// - `dense`: as much of it as an answer may have;
/// - `blocks`: as much gzip as an answer may have, in blocks that hold nothing;
/// - `crumbs`: as much as an answer may have, in chunks of one byte.
///
/// # Errors
/// When the runtime or the listener fails.
pub fn run_hostile(listener: TcpListener, shutdown: &Shutdown) -> Result<()> {
    let arms = Rc::new(Arms::make()?);
    listener.set_nonblocking(true)?;
    runtime::current_thread("hostile")?.block_on(async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let stream = tokio::select! {
                accepted = listener.accept() => accepted?.0,
                () = shutdown.fired() => return Ok(()),
            };
            let arms = Rc::clone(&arms);
            spawn_local(async move {
                // Whoever is attacked hangs up; that is what it should do.
                let _left = serve(stream, &arms).await;
            });
        }
    })
}

/// Whole answers, or the beginning of one that has no end.
struct Arms {
    bomb: Bytes,
    bomb_unsized: Bytes,
    dense: Bytes,
    blocks: Bytes,
    crumbs: Bytes,
}

/// What an answer may have as it arrives.
const ALLOWED: usize = 256 * 1024;
/// Head of a member of gzip.
const MEMBER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

impl Arms {
    fn make() -> Result<Self> {
        let blanks = blanks()?;
        let times = 10_000_000 / blanks.len();
        let bomb = [MEMBER.as_slice(), &blanks.repeat(times)].concat();
        let dense = bomb.get(..ALLOWED.min(bomb.len())).unwrap_or_default();
        // Ten bits each: not the last, codes that need no table, and its end.
        let five = [0x02, 0x08, 0x20, 0x80, 0x00];
        let blocks = [MEMBER.as_slice(), &five.repeat((ALLOWED - 64) / 5)].concat();
        let mut chunked =
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
                .to_vec();
        for piece in bomb.chunks(16 * 1024) {
            write!(chunked, "{:x}\r\n", piece.len())?;
            chunked.extend_from_slice(piece);
            chunked.extend_from_slice(b"\r\n");
        }
        let crumbs = [
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(),
            &b"1\r\n \r\n".repeat(ALLOWED),
            b"0\r\n\r\n",
        ];
        Ok(Self {
            bomb: gzipped(&bomb),
            bomb_unsized: chunked.into(),
            dense: gzipped(dense),
            blocks: gzipped(&blocks),
            crumbs: crumbs.concat().into(),
        })
    }
}

/// A mebibyte of blanks as deflate that ends on a byte and refers to nothing before it.
fn blanks() -> Result<Vec<u8>> {
    let mut packed = Vec::with_capacity(64 * 1024);
    let mut compress = Compress::new(Compression::best(), false);
    let plain = vec![b' '; 1 << 20];
    compress.compress_vec(&plain, &mut packed, FlushCompress::Full)?;
    Ok(packed)
}

fn gzipped(body: &[u8]) -> Bytes {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat().into()
}

async fn serve(mut stream: TcpStream, arms: &Arms) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut incoming = Vec::new();
    while let Some(Asked { head, length }) = read_request(&mut stream, &mut incoming).await? {
        let path = path_of(incoming.get(..head).unwrap_or_default());
        let kind = path.split(['/', '?']).nth(1).unwrap_or_default().to_owned();
        let body = incoming.get(head..head + length).unwrap_or_default();
        let tmax = tmax_of(body);
        match kind.as_str() {
            "late" => {
                sleep(Duration::from_millis(tmax + 50)).await;
                stream.write_all(b"HTTP/1.1 204 Late\r\n\r\n").await?;
            }
            "drip" => {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n")
                    .await?;
                loop {
                    stream.write_all(b" ").await?;
                    sleep(Duration::from_millis(10)).await;
                }
            }
            "declared" => {
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n{";
                stream.write_all(head).await?;
                sleep(Duration::from_secs(5)).await;
            }
            "bomb" => stream.write_all(&arms.bomb).await?,
            "bomb-unsized" => stream.write_all(&arms.bomb_unsized).await?,
            "dense" => stream.write_all(&arms.dense).await?,
            "blocks" => stream.write_all(&arms.blocks).await?,
            "crumbs" => stream.write_all(&arms.crumbs).await?,
            _ => stream.write_all(b"HTTP/1.1 204 Quiet\r\n\r\n").await?,
        }
        incoming.drain(..head + length);
    }
    Ok(())
}

/// What a request says that the DSP has; a hundred milliseconds where it says nothing.
fn tmax_of(body: &[u8]) -> u64 {
    let text = str::from_utf8(body).unwrap_or_default();
    let told = text.split("\"tmax\":").nth(1).unwrap_or_default();
    let end = told.find(|c: char| !c.is_ascii_digit());
    told.get(..end.unwrap_or(told.len()))
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_arms_are_what_they_say() {
        let arms = Arms::make().unwrap();
        let body = |answer: &Bytes| {
            let at = answer.windows(4).position(|four| four == b"\r\n\r\n");
            answer.slice(at.unwrap() + 4..)
        };
        let bomb = body(&arms.bomb);
        assert!((9_900_000..10_100_000).contains(&bomb.len()));
        for (packed, inflates) in [(body(&arms.dense), true), (body(&arms.blocks), false)] {
            assert!(packed.len() <= ALLOWED && packed.len() > ALLOWED - 128);
            let mut plain = vec![0; 1 << 20];
            let mut read = flate2::Decompress::new(false);
            let deflated = packed.get(MEMBER.len()..).unwrap();
            read.decompress(deflated, &mut plain, flate2::FlushDecompress::None)
                .unwrap();
            assert_eq!(read.total_out() > 0, inflates);
        }
        assert_eq!(tmax_of(br#"{"id":"1","tmax":87,"imp":[]}"#), 87);
        assert_eq!(tmax_of(b"{}"), 100);
    }
}
