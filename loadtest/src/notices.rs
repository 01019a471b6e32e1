//! Billing notices of real bids: bids are asked for first, then each one's `burl` is called once.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};
use service::Shutdown;

use crate::partners::QuickDsps;
use crate::saturate::{Bids, Plan, Saturated, Source, saturate};

/// How long bids are asked for: on a machine that others use, too.
const LONGEST_HARVEST: Duration = Duration::from_secs(240);

/// Asks for bids until `count` burls are there, then calls them, counting only that.
///
/// # Errors
/// When the bidder does not answer, or bids too seldom.
pub fn run(
    address: SocketAddr,
    bids: Bids,
    count: usize,
    plan: &Plan,
    shutdown: &Shutdown,
) -> Result<Saturated> {
    let harvest = Rc::new(RefCell::new(Harvest {
        bids,
        burls: Vec::with_capacity(count),
        enough: count,
    }));
    let asking = Plan {
        warm_up: Duration::ZERO,
        length: LONGEST_HARVEST,
        ..plan.clone()
    };
    saturate(
        address,
        &asking,
        Rc::<RefCell<Harvest>>::clone(&harvest),
        QuickDsps::default(),
        shutdown,
    )?;
    let burls = std::mem::take(&mut harvest.borrow_mut().burls);
    ensure!(
        burls.len() >= count,
        "only {} of {count} burls came: does it bid?",
        burls.len()
    );
    let calls = Rc::new(RefCell::new(Calls { burls }));
    let calling = Plan {
        warm_up: Duration::ZERO,
        ..plan.clone()
    };
    saturate(address, &calling, calls, QuickDsps::default(), shutdown)
}

struct Harvest {
    bids: Bids,
    burls: Vec<String>,
    enough: usize,
}

impl Source for Harvest {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        self.burls.len() < self.enough && self.bids.next(out)
    }

    fn heard(&mut self, status: u16, body: &[u8]) {
        if status == 200 {
            self.burls.extend(burls(&String::from_utf8_lossy(body)));
        }
    }
}

/// Path and query of every `burl` of an answer, its macros filled in.
fn burls(answer: &str) -> impl Iterator<Item = String> + '_ {
    answer.split("\"burl\":\"").skip(1).filter_map(|rest| {
        let (url, _) = rest.split_once('"')?;
        let (_, rest) = url.split_once("://")?;
        let path = rest.get(rest.find('/')?..)?;
        let path = path.replace("${AUCTION_PRICE}", "0.25");
        Some(path.replace("${AUCTION_CURRENCY}", "USD"))
    })
}

struct Calls {
    burls: Vec<String>,
}

impl Source for Calls {
    fn next(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(path) = self.burls.pop() else {
            return false;
        };
        out.extend_from_slice(b"GET ");
        out.extend_from_slice(path.as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n");
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn burls_are_found_and_filled_in() {
        let answer = r#"{"seatbid":[{"bid":[{"burl":"http://127.0.0.1:1/b?t=x&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}","nurl":"http://127.0.0.1:1/n"},{"burl":"http://h/c?t=y"}]}]}"#;
        let found: Vec<String> = burls(answer).collect();
        assert_eq!(found, ["/b?t=x&price=0.25&cur=USD", "/c?t=y"]);
        assert_eq!(burls("{}").count(), 0);
    }
}
