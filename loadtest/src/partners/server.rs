//! A scripted DSP's process: bid requests, the notices it asked for, and counts of both.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use service::config::Millis;
use service::http::{self, Handler, Limits, Listener, Request, Response, StatusCode};
use service::{Ops, Problem, Shutdown, runtime};

use super::Behaviour;
use crate::rng::Rng;

/// What a scripted DSP has seen.
#[derive(Debug, Default)]
pub struct PartnerStats {
    /// Bid requests.
    pub requests: AtomicU64,
    /// Requests that it answered with a body.
    pub answers: AtomicU64,
    /// nurl calls.
    pub wins: AtomicU64,
    /// burl calls.
    pub bills: AtomicU64,
    /// lurl calls.
    pub losses: AtomicU64,
}

impl PartnerStats {
    fn to_json(&self) -> Value {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        json!({
            "requests": count(&self.requests), "answers": count(&self.answers), "wins": count(&self.wins),
            "bills": count(&self.bills), "losses": count(&self.losses),
        })
    }
}

/// Serves a scripted DSP on `listener` until shut down: `POST` any path for bids, `GET /notice/{win,bill,loss}`, `GET /stats`.
///
/// # Errors
/// When its runtime or its listener fails.
pub fn run(
    name: &str,
    listener: impl Into<Listener>,
    behaviour: Behaviour,
    stats: Arc<PartnerStats>,
    shutdown: Shutdown,
) -> Result<()> {
    let listener = listener.into();
    let base = format!("http://{}", listener.local_addr()?);
    let ops = Ops::new("demo-dsp", env!("CARGO_PKG_VERSION"));
    ops.health.set_ready(true);
    let seed = u64::from_be_bytes(service::clock::random_bytes());
    let dsp = Dsp {
        behaviour,
        stats,
        base,
        rng: Rc::new(RefCell::new(Rng::new(seed))),
    };
    // No balancer stands before a scripted DSP, so it need not wait for one when it ends.
    let limits = Limits {
        drain_delay: Millis(Duration::ZERO),
        ..Limits::default()
    };
    runtime::current_thread(name)?.block_on(http::serve(listener, &limits, dsp, shutdown, ops))?;
    Ok(())
}

struct Dsp {
    behaviour: Behaviour,
    stats: Arc<PartnerStats>,
    base: String,
    rng: Rc<RefCell<Rng>>,
}

impl Handler for Dsp {
    async fn handle(&self, request: Request) -> Response {
        let counted = match request.path.as_str() {
            "/stats" => {
                return http::json(
                    StatusCode::OK,
                    self.stats.to_json().to_string().into_bytes(),
                );
            }
            "/notice/win" => &self.stats.wins,
            "/notice/bill" => &self.stats.bills,
            "/notice/loss" => &self.stats.losses,
            _ => return self.bid(&request).await,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        http::no_content()
    }
}

impl Dsp {
    async fn bid(&self, request: &Request) -> Response {
        self.stats.requests.fetch_add(1, Ordering::Relaxed);
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Problem::new(StatusCode::BAD_REQUEST, "malformed", "The body is not JSON")
                .into_response();
        };
        let answer = match &self.behaviour {
            Behaviour::Examples(examples) => examples.answer(&body).map(|bytes| bytes.to_vec()),
            Behaviour::Market(market) => {
                let think = market.think_time(&mut self.rng.borrow_mut());
                tokio::time::sleep(think).await;
                market
                    .answer(&body, &self.base, &mut self.rng.borrow_mut())
                    .map(|a| a.to_string().into_bytes())
            }
            Behaviour::Slow(time) => {
                tokio::time::sleep(*time).await;
                None
            }
            Behaviour::Dead => {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
                None
            }
            Behaviour::Garbage => Some(b"<html>service temporarily confused</html>".to_vec()),
        };
        match answer {
            Some(body) => {
                self.stats.answers.fetch_add(1, Ordering::Relaxed);
                http::json(StatusCode::OK, body)
            }
            None => http::no_content(),
        }
    }
}
