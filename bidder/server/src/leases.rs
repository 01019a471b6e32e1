//! Leases: one batch a second to the ledger, off the bid path (money.md, "A lease").

use std::sync::PoisonError;
use std::time::Instant;

use bidder_core::lease::BootMillis;
use contracts::access::LEASES_PATH;
use contracts::lease::{LeaseAnswer, LeaseAsk, Tally, Want};
use service::Shutdown;
use service::client::{Client, ClientConfig, OutRequest, Target};
use service::http::{Bytes, HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::shared::Shared;

/// Most line items, ended leases and tallies in one batch: the ledger settles so many in one transaction.
const PER_BATCH: usize = 1_000;
/// Batches at the end; what is left after them returns by the fence.
const LAST_BATCHES: usize = 32;
/// So many of them may fail.
const LAST_FAILURES: u32 = 2;
/// The longest answer to a batch: a grant is some 250 bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;

/// The machine's uptime, sleep included: no step of the civil clock makes a lease longer.
pub(crate) fn boot_now() -> BootMillis {
    // Elsewhere than on Linux the monotonic clock is the one that goes on while the machine sleeps.
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    let millis = now
        .tv_sec
        .saturating_mul(1_000)
        .saturating_add(now.tv_nsec / 1_000_000);
    BootMillis(u64::try_from(millis).unwrap_or(0))
}

/// Why a batch brought no leases; the next one asks again.
#[derive(Debug, thiserror::Error)]
enum BatchError {
    #[error("asking for leases: {0}")]
    Call(#[from] service::client::CallError),
    #[error("the ledger answered {0}")]
    Status(StatusCode),
    #[error("reading or writing a batch: {0}")]
    Json(#[from] serde_json::Error),
}

/// Counts that were sent in a batch and may not have arrived: sent again under the same number.
struct Unacknowledged {
    batch: u64,
    tallies: Vec<Tally>,
}

/// Exchanges batches until `shutdown`; the last one returns what is left of every lease.
pub(crate) async fn exchange(shared: &Shared, shutdown: &Shutdown) {
    let config = &shared.config;
    let url = format!(
        "{}{LEASES_PATH}",
        config.control_plane_url.trim_end_matches('/')
    );
    let target = match Target::parse(&url) {
        Ok(target) => target,
        Err(error) => {
            tracing::error!(%error, url, "no leases: the control plane's URL is not usable");
            return;
        }
    };
    let client = Client::new(ClientConfig {
        max_response: LONGEST_ANSWER,
        ..ClientConfig::local()
    });
    let mut unacknowledged = Unacknowledged {
        batch: 1,
        tallies: Vec::new(),
    };
    while !shutdown.is_fired() {
        keep_leased(shared);
        let (first, quantity) = (config.first_lease(), config.bids.quantity);
        let mut wants = shared.leases.wants(boot_now(), first, quantity);
        loop {
            let rest = wants.split_off(wants.len().min(PER_BATCH));
            let sent = batch(shared, &client, &target, wants, &mut unacknowledged).await;
            if let Err(error) = sent {
                shared.metrics.lease_batches_failed.inc();
                if shutdown.is_fired() {
                    tracing::debug!(%error, "no leases: the batch failed at the end");
                } else {
                    tracing::warn!(%error, "no leases: the batch failed");
                }
            }
            if rest.is_empty() {
                break;
            }
            wants = rest;
        }
        tokio::select! {
            () = shutdown.fired() => {}
            () = shared.ask_now.notified() => {}
            () = tokio::time::sleep(config.lease_interval.0) => {}
        }
    }
    // Requests still come while the balancers notice; after that nothing may be committed any more.
    tokio::time::sleep(config.limits.drain_delay.0).await;
    shared.leases.close();
    let mut failed = 0;
    for _ in 0..LAST_BATCHES {
        let wants = Vec::new();
        let sent = batch(shared, &client, &target, wants, &mut unacknowledged).await;
        if let Err(error) = sent {
            shared.metrics.lease_batches_failed.inc();
            failed += 1;
            // One connection may just have ended. A control plane that ends as well takes nothing any more.
            if failed == LAST_FAILURES {
                tracing::info!(%error, "leases are not given back: the ledger closes them in its time");
                break;
            }
            continue;
        }
        if shared.leases.ended(boot_now()).is_empty() {
            break;
        }
    }
}

/// Small catalogs hold leases for every line item, so that the first request of a quiet day gets a bid.
fn keep_leased(shared: &Shared) {
    if let Some(market) = shared.market.load().as_ref()
        && market.items.len() <= shared.config.keep_leased
    {
        market.items.iter().for_each(|item| item.account.want());
    }
}

async fn batch(
    shared: &Shared,
    client: &Client,
    target: &Target,
    wants: Vec<Want>,
    unacknowledged: &mut Unacknowledged,
) -> Result<(), BatchError> {
    if unacknowledged.tallies.is_empty() {
        let mut tallies = shared
            .tallies
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let some: Vec<_> = tallies.keys().take(PER_BATCH).cloned().collect();
        unacknowledged.tallies = some.iter().filter_map(|key| tallies.remove(key)).collect();
    }
    let asked = boot_now();
    let mut ended = shared.leases.ended(asked);
    // The rest is told in the next batch: it is kept until the ledger has taken it.
    ended.truncate(PER_BATCH);
    let ask = LeaseAsk {
        bidder: shared.name.clone(),
        boot: shared.leases.boot(),
        batch: unacknowledged.batch,
        wants,
        ended,
        tallies: unacknowledged.tallies.clone(),
    };
    if ask.wants.is_empty() && ask.ended.is_empty() && ask.tallies.is_empty() {
        return Ok(());
    }
    let sent = send(shared, client, target, &ask).await;
    if sent.is_err() {
        // What was asked for in vain is still wanted.
        for want in &ask.wants {
            shared.leases.account(&want.line_item).want();
        }
    }
    let answer = sent?;
    unacknowledged.batch += 1;
    unacknowledged.tallies.clear();
    shared.leases.told(&ask.ended);
    for (lease, why) in shared.leases.accept(&answer, asked, boot_now()) {
        shared.metrics.leases_dropped.inc();
        tracing::info!(%lease, why = why.label(), "lease dropped");
    }
    for refusal in &answer.refusals {
        tracing::debug!(line_item = refusal.line_item.as_str(), reason = ?refusal.reason, "no lease");
    }
    Ok(())
}

async fn send(
    shared: &Shared,
    client: &Client,
    target: &Target,
    ask: &LeaseAsk,
) -> Result<LeaseAnswer, BatchError> {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    let token = format!("Bearer {}", shared.config.service_token.expose());
    if let Ok(mut bearer) = HeaderValue::try_from(token) {
        bearer.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, bearer);
    }
    let request = OutRequest {
        method: Method::POST,
        target,
        headers,
        body: Bytes::from(serde_json::to_vec(ask)?),
    };
    let deadline = Instant::now() + shared.config.lease_timeout.0;
    let answer = client.send(request, deadline).await?;
    if answer.status != StatusCode::OK {
        return Err(BatchError::Status(answer.status));
    }
    Ok(serde_json::from_slice(&answer.body)?)
}
