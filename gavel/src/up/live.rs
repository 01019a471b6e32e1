//! What a person sees: a table of URLs, then one line a second of live figures.

use std::io::{IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

use http::Method;
use serde_json::Value;
use service::Shutdown;

use crate::calls::Caller;

/// The URLs of a running market.
#[derive(Debug, Clone)]
pub struct Urls {
    /// 8001.
    pub control_plane: String,
    /// 8002.
    pub bidder: String,
    /// 8003.
    pub exchange_ssp: String,
    /// 8004.
    pub exchange_rtb: String,
    /// 8005.
    pub dmp: String,
    /// 8012 and 8013.
    pub rivals: [String; 2],
}

impl Urls {
    /// The bases of the five services.
    #[must_use]
    pub fn services(&self) -> [String; 5] {
        [
            &self.control_plane,
            &self.bidder,
            &self.exchange_ssp,
            &self.exchange_rtb,
            &self.dmp,
        ]
        .map(Clone::clone)
    }

    /// The table that is printed once everything answers.
    #[must_use]
    pub fn table(&self) -> String {
        let rows = [
            (
                "control plane",
                &self.control_plane,
                "campaigns, budgets, status page at /",
            ),
            ("bidder", &self.bidder, "POST /bid, POST /explain"),
            (
                "exchange, SSP side",
                &self.exchange_ssp,
                "POST /ad-request, a page with an ad at /demo",
            ),
            (
                "exchange, RTB side",
                &self.exchange_rtb,
                "POST /openrtb2/auction, POST /demo/rtb-flow",
            ),
            ("DMP", &self.dmp, "GET /user/{id}/profile"),
            (
                "demo DSPs",
                &self.rivals[0],
                "rival-a; rival-b on the next port",
            ),
        ];
        let mut out = String::from("\n");
        for (name, url, what) in rows {
            out.push_str(&format!("  {name:<20} {url:<24} {what}\n"));
        }
        out.push_str("\n  Each service: /docs /health /metrics. First step:\n");
        out.push_str(&format!(
            "    curl -X POST {}/demo/rtb-flow\n\n",
            self.exchange_rtb
        ));
        out
    }
}

/// One second's figures.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Figures {
    auctions: u64,
    won: u64,
    p99_ms: f64,
    bid_requests: u64,
    bids: u64,
    impressions: u64,
}

impl Figures {
    fn line(&self, before: &Self, seconds: f64) -> String {
        let rate = |now: u64, then: u64| precise(now.saturating_sub(then)) / seconds.max(0.001);
        format!(
            "auctions {:>6.0}/s  won {:>6.0}/s  p99 {:>6.2} ms │ bid requests {:>6.0}/s  bids {:>6.0}/s │ impressions {}",
            rate(self.auctions, before.auctions),
            rate(self.won, before.won),
            self.p99_ms,
            rate(self.bid_requests, before.bid_requests),
            rate(self.bids, before.bids),
            self.impressions
        )
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
const fn precise(count: u64) -> f64 {
    count as f64
}

/// Prints a line a second until shut down: rewritten in place on a terminal, and left out elsewhere.
pub(super) async fn show(urls: Urls, shutdown: Shutdown) {
    let mut out = std::io::stderr();
    let terminal = out.is_terminal();
    if !terminal {
        return shutdown.fired().await;
    }
    let caller = Caller::new();
    let mut before = Figures::default();
    let mut since = Instant::now();
    let mut first = true;
    while !shutdown.is_fired() {
        if let Some(now) = ask(&caller, &urls).await {
            if !first {
                let line = now.line(&before, since.elapsed().as_secs_f64());
                // A terminal that is gone is no reason to stop the market.
                let _ = write!(out, "\r\x1b[K{line}").and_then(|()| out.flush());
            }
            first = false;
            before = now;
            since = Instant::now();
        }
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
            () = shutdown.fired() => {}
        }
    }
    let _ = writeln!(out);
}

async fn ask(caller: &Caller, urls: &Urls) -> Option<Figures> {
    let exchange = stats(caller, &urls.exchange_rtb).await?;
    let bidder = stats(caller, &urls.bidder).await?;
    let count = |value: &Value| value.as_u64().unwrap_or_default();
    Some(Figures {
        auctions: count(&exchange["auctions"]),
        won: count(&exchange["won"]),
        p99_ms: exchange["p99_ms"].as_f64().unwrap_or_default(),
        bid_requests: count(&bidder["requests"]),
        bids: count(&bidder["bids"]),
        impressions: count(&bidder["impressions"]),
    })
}

async fn stats(caller: &Caller, base: &str) -> Option<Value> {
    let url = format!("{base}/stats");
    let answer = caller
        .call(Method::GET, &url, String::new(), Duration::from_millis(500))
        .await
        .ok()?;
    serde_json::from_slice(&answer.body).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_shows_rates_since_the_last_one() {
        let before = Figures {
            auctions: 100,
            won: 50,
            ..Figures::default()
        };
        let now = Figures {
            auctions: 300,
            won: 150,
            p99_ms: 7.25,
            impressions: 9,
            ..Figures::default()
        };
        let line = now.line(&before, 2.0);
        assert!(line.contains("auctions    100/s"), "{line}");
        assert!(line.contains("won     50/s"), "{line}");
        assert!(line.contains("p99   7.25 ms"), "{line}");
    }
}
