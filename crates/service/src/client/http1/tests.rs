//! Answers on the wire, whole and in pieces.

use http::{HeaderMap, HeaderValue, Uri, header};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::super::call::{Start, Whole};
use super::*;

const MAX: usize = 1_000;

/// What an answer came to: status, body, whether the connection stays; or the error, and whether nothing
/// was read.
type Outcome = Result<(u16, String, bool), (&'static str, bool)>;

fn outgoing(method: Method, body: &'static str) -> Outgoing {
    let mut headers = HeaderMap::new();
    headers.insert(header::HOST, HeaderValue::from_static("dsp.example"));
    Outgoing {
        start: Start::Whole(Box::new(Whole {
            method,
            path: Uri::from_static("/bid?x=1"),
            headers,
        })),
        body: Bytes::from_static(body.as_bytes()),
        skims: None,
    }
}

/// A call that is answered with these bytes, at most `window` of them at once, and then the host closes.
fn answered(method: Method, answer: &[u8], window: usize) -> Outcome {
    crate::runtime::current_thread("test")
        .unwrap()
        .block_on(async {
            let (near, far) = tokio::io::duplex(window);
            let (mut reads, mut writes) = tokio::io::split(far);
            let call = async {
                let mut connection = Http1::new(near);
                connection.call(&outgoing(method, "{}"), MAX).await
            };
            let host = async {
                // The caller may leave before it has read all.
                let _left = writes.write_all(answer).await;
                let _left = writes.shutdown().await;
            };
            let mut request = Vec::new();
            let (outcome, (), _) = tokio::join!(call, host, reads.read_to_end(&mut request));
            match outcome {
                Ok(arrived) => Ok((
                    arrived.status.as_u16(),
                    String::from_utf8_lossy(&arrived.body).into_owned(),
                    arrived.is_reusable,
                )),
                Err(failed) => Err((failed.error.label(), failed.unanswered)),
            }
        })
}

const WIDE: usize = 1 << 20;
const PROTOCOL: Outcome = Err(("protocol", false));
const TOO_LARGE: Outcome = Err(("too_large", false));
const CLOSED: Outcome = Err(("closed", false));

#[test]
fn answers_and_where_they_end() {
    let body = |stays: bool| Ok((200, "{}".to_owned(), stays));
    let fields = "a: b\r\n".repeat(MAX_FIELDS + 1);
    let many = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
    let long = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(MAX_HEAD));
    #[rustfmt::skip]
    let rows: Vec<(&str, &str, Outcome)> = vec![
        ("a length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", body(true)),
        ("the same length twice", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", body(true)),
        ("no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", body(true)),
        ("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", body(true)),
        ("chunks with extensions and trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\n{}\r\n0\r\nA: b\r\n\r\n", body(true)),
        ("until closed", "HTTP/1.1 200 OK\r\n\r\n{}", body(false)),
        ("closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", body(false)),
        ("closes, in a list", "HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\n{}", body(false)),
        ("1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", body(false)),
        ("1.0 that stays", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}", body(true)),
        ("more than the answer", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n", body(false)),
        ("204", "HTTP/1.1 204 No Content\r\n\r\n", Ok((204, String::new(), true))),
        ("204 that says a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", Ok((204, String::new(), true))),
        ("302", "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: /\r\n\r\n", Ok((302, String::new(), true))),
        ("after 100 and 103", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", body(true)),
        ("101", "HTTP/1.1 101 Switching Protocols\r\n\r\n", PROTOCOL),
        ("R40 two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", PROTOCOL),
        ("R40 a length with a sign", "HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", PROTOCOL),
        ("R40 a length in a list", "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\n{}", PROTOCOL),
        ("R40 an empty length", "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n{}", PROTOCOL),
        ("R40 a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", PROTOCOL),
        ("R40 two codings", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", PROTOCOL),
        ("R40 two coding fields", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", PROTOCOL),
        ("R40 chunks in 1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", PROTOCOL),
        ("a chunk that is longer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n", PROTOCOL),
        ("a chunk without a size", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n", PROTOCOL),
        ("R31 announced", "HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n{}", TOO_LARGE),
        ("R31 announced beyond numbers", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n{}", TOO_LARGE),
        ("R31 a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n{}", TOO_LARGE),
        ("R30 not HTTP", "SSH-2.0-OpenSSH_9.6\r\n\r\n", PROTOCOL),
        ("a field that is none", "HTTP/1.1 200 OK\r\na b: c\r\n\r\n", PROTOCOL),
        ("R39 too many fields", &many, PROTOCOL),
        ("R39 a head without an end", &long, PROTOCOL),
        ("R33 closed at once", "", Err(("closed", true))),
        ("R30 closed in the head", "HTTP/1.1 200 OK\r\nContent-Le", CLOSED),
        ("R30 closed in the body", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", CLOSED),
        ("R30 closed in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}", CLOSED),
        ("R30 closed before the last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", CLOSED),
    ];
    for (row, answer, expect) in rows {
        let got = answered(Method::POST, answer.as_bytes(), WIDE);
        assert_eq!(got, expect, "{row}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MAX + 1));
    let got = answered(Method::POST, endless.as_bytes(), WIDE);
    assert_eq!(got, TOO_LARGE, "R31 until closed");
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 700\r\n\r\n";
    let got = answered(Method::HEAD, head, WIDE);
    assert_eq!(got, Ok((200, String::new(), true)), "HEAD has no body");
}

#[test]
fn what_goes_out() {
    let sent = |request: Outgoing| {
        crate::runtime::current_thread("test")
            .unwrap()
            .block_on(async {
                let (near, mut far) = tokio::io::duplex(1 << 20);
                far.write_all(b"HTTP/1.1 204 No\r\n\r\n").await.unwrap();
                let mut connection = Http1::new(near);
                let arrived = connection.call(&request, MAX).await;
                assert!(arrived.is_ok());
                assert!(connection.is_idle());
                drop(connection);
                let mut sent = String::new();
                far.read_to_string(&mut sent).await.unwrap();
                sent
            })
    };
    assert_eq!(
        sent(outgoing(Method::POST, "{}")),
        "POST /bid?x=1 HTTP/1.1\r\nhost: dsp.example\r\ncontent-length: 2\r\n\r\n{}"
    );
    assert_eq!(
        sent(outgoing(Method::POST, "")),
        "POST /bid?x=1 HTTP/1.1\r\nhost: dsp.example\r\ncontent-length: 0\r\n\r\n"
    );
    assert_eq!(
        sent(outgoing(Method::GET, "")),
        "GET /bid?x=1 HTTP/1.1\r\nhost: dsp.example\r\n\r\n"
    );
    let mut framed = outgoing(Method::POST, "{}");
    if let Start::Whole(whole) = &mut framed.start {
        let headers = &mut whole.headers;
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("7"));
    }
    assert!(
        sent(framed).contains("\r\ncontent-length: 2\r\n\r\n{}"),
        "ours alone"
    );
}

#[test]
fn a_connection_that_was_closed_or_speaks_unasked_is_not_idle() {
    crate::runtime::current_thread("test")
        .unwrap()
        .block_on(async {
            let (near, far) = tokio::io::duplex(100);
            let mut connection = Http1::new(near);
            assert!(connection.is_idle());
            drop(far);
            assert!(!connection.is_idle(), "closed");
            let (near, mut far) = tokio::io::duplex(100);
            far.write_all(b"x").await.unwrap();
            assert!(!Http1::new(near).is_idle(), "speaks unasked");
        });
}

proptest! {
    #[test]
    fn r_42_pieces_do_not_matter_and_nothing_panics(
        // Pieces of answers, well formed and not, in any order.
        parts in prop::collection::vec(prop::sample::select(&[
            "HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "Content-Length: 5\r\n", "Content-Length: 3\r\n",
            "Transfer-Encoding: chunked\r\n", "Connection: close\r\n", "\r\n", "5\r\nhello\r\n", "0\r\n\r\n", "hello", "\0", "G",
        ][..]), 0..8),
        window in 1_usize..20,
    ) {
        let answer = parts.concat();
        let whole = answered(Method::POST, answer.as_bytes(), WIDE);
        let in_pieces = answered(Method::POST, answer.as_bytes(), window);
        // Whether more than the answer has come yet is a matter of time.
        let without_rest = |outcome: Outcome| outcome.map(|(status, body, _)| (status, body));
        prop_assert_eq!(without_rest(in_pieces), without_rest(whole));
    }
}
