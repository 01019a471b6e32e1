//! R40: each connection yields exactly one handled request, or a 400 and its end.

use std::io::Write;

use crate::support::{Server, limits};

/// What must come back: nothing handled, one handled and closed, or one handled and the rest refused.
#[derive(Debug, PartialEq)]
enum Expect {
    Refused,
    OneThenClosed,
}
use Expect::{OneThenClosed, Refused};

const NEXT: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn r_40_no_second_request_hides_in_the_first() {
    let rows: [(&str, String, Expect); 25] = [
        (
            "CL.TE",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE.CL",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE.CL in other cases",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\nCONTENT-length: 4\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE.TE",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE.TE the other way",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE twice chunked",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE identity",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE gzip, chunked",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE xchunked",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE with a space before the colon",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE folded",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "TE behind a vertical tab",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{b}chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "two lengths that differ",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "lengths in one field",
            format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0, 5\r\n\r\n{NEXT}"),
            Refused,
        ),
        (
            "CVE-2021-32715: +5",
            format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +0\r\n\r\n{NEXT}"),
            Refused,
        ),
        (
            "negative length",
            format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{NEXT}"),
            Refused,
        ),
        (
            "hexadecimal length",
            format!("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0x0\r\n\r\n{NEXT}"),
            Refused,
        ),
        (
            "length beyond 64 bits",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "content_length",
            format!("POST /x HTTP/1.1\r\nHost: a\r\nContent_Length: 5\r\n\r\n{NEXT}"),
            Refused,
        ),
        (
            "chunk size overflow",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "chunk size with a sign",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "chunk extension with a bare LF",
            format!(
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2;a\nxx\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "HTTP/1.0 with TE",
            format!(
                "POST /x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{NEXT}"
            ),
            Refused,
        ),
        (
            "Upgrade with a second request",
            format!(
                "GET /x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n{NEXT}"
            ),
            OneThenClosed,
        ),
        (
            "HTTP/1.0 with a second request",
            format!("GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n{NEXT}"),
            OneThenClosed,
        ),
    ];
    for (says, request, expect) in rows {
        for piece in [request.len(), 11, 1] {
            let server = Server::start(limits());
            let mut connection = server.connect();
            for bytes in request.as_bytes().chunks(piece) {
                // Refused half-way is fine.
                if connection.stream.write_all(bytes).is_err() {
                    break;
                }
            }
            let answers = connection.all();
            let statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
            match expect {
                Refused => {
                    assert_eq!(statuses, [400], "{says} in pieces of {piece}");
                    assert_eq!(server.handled(), 0, "{says} in pieces of {piece}");
                }
                OneThenClosed => {
                    assert_eq!(statuses, [200], "{says} in pieces of {piece}");
                    assert_eq!(server.handled(), 1, "{says} in pieces of {piece}");
                }
            }
        }
    }
}

#[test]
fn r_40_a_hidden_length_behind_a_good_request_ends_the_connection() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let good = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}";
    let bad = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    connection.write(format!("{good}{bad}{NEXT}").as_bytes());
    let answers = connection.all();
    assert!(answers.len() <= 2, "the third is never answered");
    assert!(server.handled() <= 2);
}

#[test]
fn r_40_two_lengths_that_agree_are_one_length() {
    let server = Server::start(limits());
    let mut connection = server.connect();
    let twice = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}";
    connection.write(format!("{twice}{NEXT}").as_bytes());
    assert_eq!(
        connection.answer().unwrap().text(),
        "{}",
        "RFC 9112 section 6.3"
    );
    assert_eq!(
        connection.answer().unwrap().status,
        200,
        "what follows is its own request"
    );
}
