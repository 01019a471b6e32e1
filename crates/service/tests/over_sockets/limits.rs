//! What is too large, too slow or not HTTP: R34–R41 as far as they concern HTTP, C-1 to C-7.

use std::{io::Write, sync::atomic::Ordering::SeqCst};

use crate::support::{PATIENCE, Raw, Server, limits, post, until};
use flate2::{Compression, write::GzEncoder};
use service::config::{Bytes, Millis};
use service::http::Limits;

fn gzipped(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn one_request_one_answer_and_what_keeps_the_connection() {
    let server = Server::start(limits());
    let gzip = "Content-Encoding: gzip\r\n";
    let small = gzipped(br#"{"id":"1"}"#);
    let bomb = gzipped(&vec![b' '; 10 << 20]);
    // id, says, request, status, stays open
    let rows: Vec<(&str, &str, Vec<u8>, u16, bool)> = vec![
        ("C-4", "an answer", post("/x", b"{}", ""), 200, true),
        (
            "C-4",
            "nothing to say",
            post("/empty", b"{}", ""),
            204,
            true,
        ),
        (
            "C-1",
            "wrong method",
            b"GET /post HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            405,
            true,
        ),
        (
            "C-2",
            "wrong type",
            post("/json", b"{}", "Content-Type: text/html\r\n"),
            415,
            true,
        ),
        (
            "C-7",
            "unknown encoding",
            post("/x", b"{}", "Content-Encoding: br\r\n"),
            415,
            true,
        ),
        (
            "C-7",
            "two encodings",
            post("/x", b"{}", "Content-Encoding: gzip, gzip\r\n"),
            415,
            true,
        ),
        ("C-6", "gzip", post("/x", &small, gzip), 200, true),
        (
            "C-6",
            "x-gzip",
            post("/x", &small, "Content-Encoding: X-GZIP\r\n"),
            200,
            true,
        ),
        (
            "C-6",
            "identity",
            post("/x", b"{}", "Content-Encoding: identity\r\n"),
            200,
            true,
        ),
        ("C-7", "broken gzip", post("/x", b"plain", gzip), 400, true),
        (
            "C-7",
            "truncated gzip",
            post("/x", &small[..small.len() - 3], gzip),
            400,
            true,
        ),
        ("R41", "gzip bomb", post("/x", &bomb, gzip), 413, false),
        (
            "R38",
            "declared too large",
            post("/x", &vec![b'x'; 256 * 1024 + 1], ""),
            413,
            false,
        ),
        (
            "R38",
            "exactly the limit",
            post("/x", &vec![b'x'; 256 * 1024], ""),
            200,
            true,
        ),
        ("R47", "a panic", post("/panic", b"{}", ""), 500, true),
        (
            "R39",
            "HTTP/1.0 is answered and closed",
            b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_vec(),
            200,
            false,
        ),
    ];
    for (id, says, request, status, open) in rows {
        let mut connection = server.connect();
        // A server that has refused may close while the rest is still being sent.
        let _refused = connection.stream.write_all(&request);
        let answer = connection
            .answer()
            .unwrap_or_else(|| panic!("{id} {says}: no answer"));
        assert_eq!(answer.status, status, "{id} {says}: {}", answer.head);
        if open {
            assert_eq!(connection.get("/x").status, 200, "{id} {says}: stays open");
        } else {
            assert_eq!(answer.header("connection"), Some("close"), "{id} {says}");
            assert!(connection.is_closed(), "{id} {says}: closed");
        }
        if status >= 400 {
            assert_eq!(
                answer.header("content-type"),
                Some("application/problem+json"),
                "{id} {says}"
            );
        }
        if status == 405 {
            assert_eq!(answer.header("allow"), Some("POST"));
        }
        assert_eq!(
            server.connect().get("/x").status,
            200,
            "{id} {says}: the next one is fine"
        );
    }
}

#[test]
fn r_38_expect_100_continue_is_refused_before_the_body() {
    let server = Server::start(limits());
    let mut refused = server.connect();
    let head =
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\nExpect: 100-continue\r\n\r\n";
    let answer = refused.ask(head.as_bytes());
    assert_eq!(answer.status, 413, "no 100 before it");

    let mut invited = server.connect();
    let head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(invited.ask(head.as_bytes()).status, 100);
    assert_eq!(invited.ask(b"{}").status, 200);
}

#[test]
fn r_38_ten_megabytes_get_their_413_also_when_the_sender_never_looks_up() {
    let server = Server::start(limits());
    for head in [
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10485760\r\n\r\n",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nA00000\r\n",
    ] {
        let mut connection = server.connect();
        connection.write(head.as_bytes());
        connection.write(&vec![b'x'; 10 << 20]);
        let answer = connection.answer().unwrap();
        assert_eq!(answer.status, 413);
        assert!(connection.is_closed());
    }
    assert_eq!(server.handled(), 0);
}

#[test]
fn r_39_heads_that_are_refused() {
    let server = Server::start(limits());
    let many: String = (0..101).map(|n| format!("H{n}: v\r\n")).collect();
    let get = |fields: &str| format!("GET /x HTTP/1.1\r\n{fields}\r\n");
    let rows: Vec<(&str, String, &[u16])> = vec![
        ("101 headers", get(&format!("Host: a\r\n{many}")), &[431]),
        (
            "64 KiB of headers",
            get(&format!("Host: a\r\nBig: {}\r\n", "x".repeat(65_536))),
            &[431],
        ),
        (
            "64 KiB of path",
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(65_536)),
            &[414, 431],
        ),
        ("NUL in a value", get("Host: a\r\nBad: a\0b\r\n"), &[400]),
        (
            "lone CR in a value",
            get("Host: a\r\nBad: a\rb\r\n"),
            &[400],
        ),
        (
            "underscore in a name",
            get("Host: a\r\nX_Header: 1\r\n"),
            &[400],
        ),
        (
            "space before the colon",
            get("Host: a\r\nBad : 1\r\n"),
            &[400],
        ),
        ("folded line", get("Host: a\r\nBad: 1\r\n 2\r\n"), &[400]),
        ("two hosts", get("Host: a\r\nHost: b\r\n"), &[400]),
        ("no host", get(""), &[400]),
        (
            "absolute form",
            "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            &[400],
        ),
        (
            "CONNECT",
            "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            &[400],
        ),
        ("HTTP/0.9", "GET /x\r\n\r\n".to_owned(), &[400]),
        (
            "HTTP/3.7",
            "GET /x HTTP/3.7\r\nHost: a\r\n\r\n".to_owned(),
            &[400],
        ),
        (
            "HTTP/2 preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            &[400, 505],
        ),
        (
            "no HTTP at all",
            "\u{16}\u{3}\u{1}hello\r\n\r\n".to_owned(),
            &[400],
        ),
    ];
    for (says, request, statuses) in rows {
        let mut connection = server.connect();
        let _refused = connection.stream.write_all(request.as_bytes());
        match connection.answer() {
            Some(answer) => assert!(statuses.contains(&answer.status), "{says}: {}", answer.head),
            None => assert_eq!(says, "HTTP/2 preface", "closed without an answer"),
        }
        assert!(connection.is_closed(), "{says}");
        assert_eq!(
            server.connect().get("/x").status,
            200,
            "{says}: the next one is fine"
        );
    }
    assert_eq!(server.handled(), 16, "only the good ones were handled");
}

#[test]
fn r_27_slow_headers_and_slow_bodies_are_closed() {
    let server = Server::start(Limits {
        header_timeout: Millis::new(150),
        body_timeout: Millis::new(150),
        idle_timeout: Millis::new(600_000),
        ..limits()
    });
    let mut stalled_head = server.connect();
    stalled_head.write(b"GET /x HTTP/1.1\r\nHo");
    let mut stalled_body = server.connect();
    stalled_body.write(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{");
    // A byte every few milliseconds, for longer than anybody waits: it does not begin the time anew.
    let drips = |begin: &[u8]| {
        let mut sender = server.connect();
        sender.write(begin);
        sender.stream.set_nonblocking(true).unwrap();
        until("it is refused, though it gets on", || {
            let sent = sender.stream.write(b"x");
            // An answer, or the end.
            sent.is_err() || sender.stream.peek(&mut [0]).is_ok()
        });
        sender.stream.set_nonblocking(false).unwrap();
        sender
    };
    let mut dripping_head = drips(b"GET /x HTTP/1.1\r\nHost: a\r\nX: ");
    assert!(dripping_head.is_closed());
    let mut dripping_body = drips(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 99999\r\n\r\n{");
    assert_eq!(dripping_body.answer().unwrap().status, 408);
    assert!(dripping_body.is_closed());
    assert!(stalled_head.is_closed());
    let answer = stalled_body.answer().unwrap();
    assert_eq!(
        (answer.status, answer.header("connection")),
        (408, Some("close"))
    );
    assert!(stalled_body.is_closed());
    assert_eq!(server.handled(), 0);
}

#[test]
fn r_27_connections_between_requests_are_closed_in_their_time() {
    let server = Server::start(Limits {
        idle_timeout: Millis::new(150),
        header_timeout: Millis::new(600_000),
        ..limits()
    });
    let mut silent = server.connect();
    let mut idle = server.connect();
    assert_eq!(idle.get("/x").status, 200);
    assert!(idle.is_closed());
    assert!(silent.is_closed());
}

/// A request of which all has come but the last bytes of its body.
fn slow(server: &Server, path: &str, come: usize, left: usize) -> Raw {
    let whole = post(path, &vec![b'x'; come + left], "");
    let mut sender = server.connect();
    sender.write(&whole[..whole.len() - left]);
    sender
}

#[test]
fn r_27_r_24_slow_bodies_hold_no_place_that_others_need() {
    let server = Server::start(Limits {
        max_in_flight: 10,
        body_timeout: Millis(PATIENCE),
        ..limits()
    });
    // One more than there are places for bids.
    let mut senders: Vec<_> = (0..10).map(|_| slow(&server, "/bid", 1, 1)).collect();
    until("all of them are waited for", || {
        server.handler.heads.load(SeqCst) == 10
    });
    let mut other = server.connect();
    let answer = other.post("/bid", b"{}", "");
    assert_eq!((answer.status, answer.text()), (200, "{}"));
    for sender in &mut senders {
        assert_eq!(sender.ask(b"x").status, 200, "when it is whole");
    }

    // What came while there was a place is not begun without one.
    let mut late = slow(&server, "/bid", 1, 1);
    until("it is waited for", || {
        server.handler.heads.load(SeqCst) == 12
    });
    let mut busy: Vec<_> = (0..9).map(|_| server.connect()).collect();
    for busy in &mut busy {
        busy.write(b"GET /bid/wait HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    until("all places are taken", || {
        server.ops.gate().in_flight() == 9
    });
    let shed = late.ask(b"x");
    assert_eq!(
        (shed.status, shed.header("x-shed-reason")),
        (204, Some("in_flight"))
    );
    let unread = slow(&server, "/bid", 0, 2).answer().unwrap();
    assert_eq!(
        (unread.status, unread.header("x-shed-reason")),
        (204, Some("in_flight")),
        "R22: its body is not waited for"
    );
    server.handler.gate.add_permits(9);
    for busy in &mut busy {
        assert_eq!(busy.answer().unwrap().status, 200);
    }
    assert_eq!(late.post("/bid", b"{}", "").status, 200, "C-4");
}

#[test]
fn r_27_what_is_kept_of_slow_bodies_is_bounded_and_costs_whole_ones_nothing() {
    let server = Server::start(Limits {
        max_arriving: Bytes(1_000),
        body_timeout: Millis(PATIENCE),
        ..limits()
    });
    let arriving = |bytes: u32| {
        let page = server.connect().get("/metrics");
        let line = format!("gavel_http_arriving_bytes {bytes}\n");
        page.text().contains(&line)
    };
    let mut first = slow(&server, "/bid", 600, 1);
    until("it is waited for", || arriving(600));
    let shed = slow(&server, "/bid", 600, 1).answer().unwrap();
    assert_eq!(
        (shed.status, shed.header("x-shed-reason")),
        (204, Some("arriving"))
    );
    assert_eq!(shed.header("connection"), Some("close"));
    let refused = slow(&server, "/api", 600, 1).answer().unwrap();
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("1"))
    );
    let whole = server.connect().post("/bid", &[b'x'; 2_000], "");
    assert_eq!(whole.status, 200, "nothing of it is waited for");
    assert_eq!(first.ask(b"x").status, 200);
    until("its room is free", || arriving(0));
    let mut next = slow(&server, "/bid", 600, 1);
    until("it is waited for", || arriving(600));
    assert_eq!(next.ask(b"x").status, 200);
}

#[test]
fn c_4_pipelined_requests_get_one_answer_each_in_order() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let mut all = Vec::new();
    for number in 0..10 {
        all.extend_from_slice(&post("/x", format!("{number}").as_bytes(), ""));
    }
    connection.write(&all);
    for number in 0..10 {
        assert_eq!(connection.answer().unwrap().text(), number.to_string());
    }
    assert_eq!(server.handled(), 10);
}

#[test]
fn head_answers_as_get_would_without_the_body() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let mut head_only = Raw::connect(server.addr);
    head_only.write(b"HEAD /pixel HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let pixel = connection.get("/pixel");
    assert_eq!(pixel.header("content-type"), Some("image/gif"));
    assert_eq!(&pixel.body[..6], b"GIF89a");
    let head = head_only.answer().unwrap();
    assert_eq!(
        head.header("content-length"),
        pixel.header("content-length")
    );
    assert!(head.body.is_empty());
}

#[test]
fn a_body_in_pieces_arrives_whole_and_in_order() {
    let server = Server::start(Limits {
        max_body: Bytes(1 << 20),
        ..limits()
    });
    let body: Vec<u8> = (0..300_000_u32)
        .map(|n| b'a' + u8::try_from(n % 26).unwrap())
        .collect();
    let mut connection = server.connect();
    assert_eq!(connection.post("/x", &body, "").body, body, "with a length");
    let mut chunked = server.connect();
    chunked.write(b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in body.chunks(7_919) {
        chunked.write(format!("{:x}\r\n", piece.len()).as_bytes());
        chunked.write(piece);
        chunked.write(b"\r\n");
    }
    let answer = chunked.ask(b"0\r\n\r\n");
    assert_eq!(answer.body, body, "in chunks");
    assert_eq!(chunked.get("/x").status, 200, "chunks keep the connection");
}

#[test]
fn traces_and_request_ids() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let id = "0af7651916cd43dd8448eb211c80319c";
    let traced = format!("traceparent: 00-{id}-b7ad6b7169203331-01\r\nx-request-id: abc\r\n");
    let answer = connection.post("/trace", b"", &traced);
    assert_eq!(answer.text(), id);
    assert_eq!(answer.header("x-request-id"), Some("abc"), "echoed");
    let answer = connection.post("/trace", b"", "traceparent: nonsense\r\n");
    assert_eq!(answer.text(), "");
    assert_eq!(
        answer.header("x-request-id").map(str::len),
        Some(32),
        "made for an API call"
    );
    let answer = connection.post("/bid", b"", "");
    assert_eq!(answer.header("x-request-id"), None, "not on the bid path");
}
