//! R43: ending without losing a request, and R22/R24: turning requests away in form.

use crate::support::{Server, limits, until};
use service::{
    config::Millis,
    http::{Limits, ShedStatus},
};

#[test]
fn r_43_unready_at_once_then_connection_close_then_the_end() {
    let mut server = Server::start(Limits {
        drain_delay: Millis::new(1_500),
        ..limits()
    });
    let mut busy = server.connect();
    let mut idle = server.connect();
    assert_eq!(idle.get("/readyz").status, 200);
    busy.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    until("the request is in work", || server.handled() == 1);

    server.trigger.fire();
    until("unready", || server.ops.health.is_draining());
    let mut late = server.connect();
    let readiness = late.get("/readyz");
    assert_eq!((readiness.status, readiness.text()), (503, "draining\n"));
    assert_eq!(late.get("/health").status, 503);
    assert_eq!(late.get("/livez").status, 200);
    assert_eq!(
        late.get("/x").status,
        200,
        "still answered within the delay"
    );

    assert!(
        idle.is_closed(),
        "idle connections are closed after the delay"
    );
    assert!(late.is_closed());
    assert!(!server.ended(), "a request is in work");
    server.handler.gate.add_permits(1);
    let answer = busy.answer().unwrap();
    assert_eq!((answer.status, answer.text()), (200, "waited"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(busy.is_closed());
    server.stop();
    assert!(
        std::net::TcpStream::connect(server.addr).is_err(),
        "the port is free"
    );
}

#[test]
fn r_43_the_drain_limit_cuts_what_never_ends() {
    let mut server = Server::start(Limits {
        drain_limit: Millis::new(100),
        ..limits()
    });
    let mut busy = server.connect();
    busy.write(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
    until("the request is in work", || server.handled() == 1);
    server.stop();
    assert!(busy.answer().is_none());
    assert_eq!(server.ops.gate().in_flight(), 0);
    assert_eq!(server.ops.gate().connections(), 0);
}

#[test]
fn r_22_r_24_bids_are_shed_with_204_apis_with_503_and_notices_get_in() {
    let server = Server::start(Limits {
        max_in_flight: 10,
        ..limits()
    });
    let mut waiting: Vec<_> = (0..9).map(|_| server.connect()).collect();
    for connection in &mut waiting {
        connection.write(b"GET /bid/wait HTTP/1.1\r\nHost: a\r\n\r\n");
    }
    until("nine are in work", || server.ops.gate().in_flight() == 9);
    let handled = server.handled();

    let mut caller = server.connect();
    let shed = caller.post("/bid", b"{}", "");
    assert_eq!(
        (shed.status, shed.header("x-shed-reason")),
        (204, Some("in_flight"))
    );
    assert!(shed.body.is_empty());
    let refused = caller.post("/api", b"{}", "");
    assert_eq!(
        (refused.status, refused.header("retry-after")),
        (503, Some("1"))
    );
    assert_eq!(server.handled(), handled, "neither reached the handler");
    assert_eq!(
        caller.post("/notice", b"{}", "").status,
        200,
        "the reserved tenth"
    );
    assert_eq!(caller.get("/livez").status, 200);
    let page = caller.get("/metrics");
    assert!(
        page.text()
            .contains("gavel_shed_total{reason=\"in_flight\"} 2\n")
    );
    assert!(
        page.text().contains("gavel_http_in_flight 9\n"),
        "{}",
        page.text()
    );

    server.handler.gate.add_permits(9);
    for connection in &mut waiting {
        assert_eq!(connection.answer().unwrap().status, 200);
    }
    assert_eq!(
        caller.post("/bid", b"{}", "").status,
        200,
        "on the same connection"
    );
}

#[test]
fn r_22_shed_as_503_when_configured() {
    let server = Server::start(Limits {
        max_in_flight: 2,
        shed_status: ShedStatus::Unavailable,
        ..limits()
    });
    let mut busy = server.connect();
    busy.write(b"GET /bid/wait HTTP/1.1\r\nHost: a\r\n\r\n");
    until("in work", || server.ops.gate().in_flight() == 1);
    let shed = server.connect().post("/bid", b"{}", "");
    assert_eq!((shed.status, shed.header("retry-after")), (503, Some("1")));
    assert_eq!(shed.header("x-shed-reason"), Some("in_flight"));
}

#[test]
fn r_25_connections_beyond_the_most_are_accepted_and_closed() {
    let server = Server::start(Limits {
        max_connections: 3,
        ..limits()
    });
    let mut open: Vec<_> = (0..3)
        .map(|_| {
            let mut connection = server.connect();
            assert_eq!(connection.get("/x").status, 200);
            connection
        })
        .collect();
    assert!(server.connect().is_closed());
    assert_eq!(open[0].get("/x").status, 200, "established ones are served");
    drop(open.pop());
    until("room again", || server.ops.gate().connections() == 2);
    assert_eq!(server.connect().get("/x").status, 200);
}
