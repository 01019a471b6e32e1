//! Bodies that are as much work as their size allows, for the figure of the worst one.

use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use service::runtime;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::cpu;
use crate::saturate::read_answer;

/// As many bytes as are taken of a body.
#[cfg(test)]
const MOST: usize = 256 * 1024;

/// Sends every shape `times` times, one request at a time; tells status and time on a CPU of each.
///
/// # Errors
/// When the server does not answer, or the watched process is not there.
pub fn run(address: SocketAddr, path: &str, watch: u32, times: u32) -> Result<Value> {
    runtime::current_thread("worst")?.block_on(async {
        let mut told = Vec::new();
        let packed = packed_shapes()?.into_iter().map(|it| (it, "gzip"));
        let plain = shapes().into_iter().map(|it| (it, "identity"));
        for ((name, body), encoding) in plain.chain(packed) {
            let mut status = send(address, path, &body, encoding).await?;
            let before = cpu::of_process(watch)?;
            for _ in 0..times {
                status = send(address, path, &body, encoding)
                    .await
                    .with_context(|| format!("the shape {name}"))?;
            }
            let spent = cpu::of_process(watch)?.saturating_sub(before) / times.max(1);
            told.push(json!({
                "shape": name, "bytes": body.len(), "status": status,
                "us": u64::try_from(spent.as_micros()).unwrap_or(u64::MAX),
            }));
        }
        Ok(Value::Array(told))
    })
}

/// One request on a connection of its own: some shapes end theirs.
async fn send(address: SocketAddr, path: &str, body: &[u8], encoding: &str) -> io::Result<u16> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(body).await?;
        let mut answer = Vec::new();
        Ok(read_answer(&mut stream, &mut answer).await?.status)
    };
    tokio::time::timeout(Duration::from_secs(10), exchange)
        .await
        .map_err(io::Error::other)?
}

/// The shapes, each within the size limit for bodies.
#[must_use]
pub fn shapes() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("100 imps, ten sizes and ten deals each", many_imps()),
        (
            "22,000 blocked categories",
            with("bcat", list(22_000, |at| format!("\"IAB{at}\""))),
        ),
        (
            "12,000 blocked domains",
            with("badv", list(12_000, |at| format!("\"a{at:05}.example\""))),
        ),
        (
            "12,000 segments of the publisher",
            with(
                "user",
                format!(
                    "{{\"id\":\"u000001\",\"data\":[{{\"id\":\"d\",\"segment\":{}}}]}}",
                    list(12_000, |at| format!("{{\"id\":\"s{at:05}\"}}"))
                ),
            ),
        ),
        (
            "3,000 ids of the user",
            with(
                "user",
                format!(
                    "{{\"id\":\"u000001\",\"eids\":{}}}",
                    list(3_000, |at| format!(
                        "{{\"source\":\"s{at}.example\",\"uids\":[{{\"id\":\"i{at}\"}}]}}"
                    ))
                ),
            ),
        ),
        (
            "64 KiB of keywords",
            with(
                "site",
                format!(
                    "{{\"domain\":\"site-0001.example\",\"keywords\":\"{}\"}}",
                    "k,".repeat(32_000)
                ),
            ),
        ),
        (
            "64 KiB of escapes",
            with(
                "site",
                format!(
                    "{{\"domain\":\"site-0001.example\",\"name\":\"{}\"}}",
                    "\\u00e9".repeat(10_900)
                ),
            ),
        ),
        (
            "32,000 numbers in ext",
            with(
                "ext",
                format!("{{\"a\":{}}}", list(32_000, |at| at.to_string())),
            ),
        ),
        (
            "16,000 members in ext",
            with("ext", {
                let members: Vec<String> =
                    (0..16_000).map(|at| format!("\"k{at:05}\":1")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ),
        (
            "1,000 nests of 30 in ext",
            with(
                "ext",
                format!(
                    "{{\"a\":{}}}",
                    list(1_000, |_| format!("{}{}", "[".repeat(28), "]".repeat(28)))
                ),
            ),
        ),
        (
            "one nest of 100,000",
            with(
                "ext",
                format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)),
            ),
        ),
        (
            "16,000 times the same member",
            with("ext", {
                let members: Vec<&str> = (0..16_000).map(|_| "\"twice\":1").collect();
                format!("{{{}}}", members.join(","))
            }),
        ),
        (
            "a number of 60,000 digits",
            with("ext", format!("{{\"a\":{}}}", "9".repeat(60_000))),
        ),
        ("a native request of 64 KiB", native()),
        (
            "200,000 blanks between tokens",
            with("ext", format!("{{{}}}", " ".repeat(200_000))),
        ),
        ("cut off at the end", {
            let mut whole = many_imps();
            whole.truncate(whole.len() - 1);
            whole
        }),
    ]
}

/// Shapes that are within the limit as they arrive, and some of them four times as large once inflated.
///
/// # Errors
/// When packing fails, which memory does not.
pub fn packed_shapes() -> io::Result<Vec<(&'static str, Vec<u8>)>> {
    let members: Vec<String> = (0..64_000).map(|at| format!("\"k{at:05}\":1")).collect();
    let same: Vec<String> = (0..64_000).map(|at| format!("\"twice\":{at}")).collect();
    let large = [
        (
            "64,000 members in ext, packed",
            with("ext", format!("{{{}}}", members.join(","))),
        ),
        (
            "64,000 times the same member, packed",
            with("ext", format!("{{{}}}", same.join(","))),
        ),
        (
            "88,000 blocked categories, packed",
            with("bcat", list(88_000, |at| format!("\"IAB{at}\""))),
        ),
        (
            "110,000 numbers in ext, packed",
            with(
                "ext",
                format!("{{\"a\":{}}}", list(110_000, |at| at.to_string())),
            ),
        ),
    ];
    let mut packed = Vec::new();
    for (name, body) in large {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&body)?;
        packed.push((name, encoder.finish()?));
    }
    // Ten bits each: not the last, codes that need no table, and its end.
    let mut blocks = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    for _ in 0..52_000 {
        blocks.extend([0x02, 0x08, 0x20, 0x80, 0x00]);
    }
    packed.push(("gzip in 200,000 blocks that hold nothing", blocks));
    Ok(packed)
}

fn with(key: &str, value: impl std::fmt::Display) -> Vec<u8> {
    let mut body = String::from(
        "{\"id\":\"worst\",\"at\":1,\"tmax\":100,\"imp\":[{\"id\":\"1\",\"bidfloor\":0.01,\"banner\":{\"w\":300,\"h\":250}}],\"device\":{\"devicetype\":4,\"geo\":{\"country\":\"USA\"}},",
    );
    let _ = write!(body, "\"{key}\":{value}}}");
    body.into_bytes()
}

fn list(count: u32, item: impl Fn(u32) -> String) -> String {
    let items: Vec<String> = (0..count).map(item).collect();
    format!("[{}]", items.join(","))
}

fn many_imps() -> Vec<u8> {
    let formats = list(10, |at| format!("{{\"w\":{},\"h\":250}}", 300 + at));
    let deals = list(10, |at| {
        format!("{{\"id\":\"deal-{at}\",\"bidfloor\":1.25}}")
    });
    let imps = list(100, |at| {
        format!(
            "{{\"id\":\"{at}\",\"bidfloor\":0.01,\"banner\":{{\"format\":{formats}}},\"pmp\":{{\"deals\":{deals}}}}}"
        )
    });
    format!("{{\"id\":\"worst\",\"at\":1,\"tmax\":100,\"imp\":{imps},\"user\":{{\"id\":\"u000001\"}},\"device\":{{\"devicetype\":4,\"geo\":{{\"country\":\"USA\"}}}},\"site\":{{\"domain\":\"site-0001.example\"}}}}")
        .into_bytes()
}

fn native() -> Vec<u8> {
    let assets: Vec<Value> = (0..600)
        .map(|at| json!({"id": at, "data": {"type": 2, "len": 140}}))
        .collect();
    let request = json!({"ver": "1.2", "assets": assets}).to_string();
    json!({
        "id": "worst", "at": 1, "tmax": 100, "imp": [{"id": "1", "native": {"ver": "1.2", "request": request}}],
        "device": {"devicetype": 4, "geo": {"country": "USA"}},
    })
    .to_string()
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_within_the_size_limit_and_most_are_large() {
        for (name, body) in shapes() {
            let bytes = body.len();
            assert!((20_000..=MOST).contains(&bytes), "{name}: {bytes} bytes");
        }
        for (name, body) in packed_shapes().unwrap() {
            assert!(body.len() <= MOST, "{name}: {} bytes", body.len());
        }
    }
}
