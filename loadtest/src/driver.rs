//! One loop that obeys the pace: sends each request when it is due, and measures from that instant.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use service::client::{Client, ClientConfig, OutRequest, Target};
use service::{Shutdown, runtime};
use tokio::task::spawn_local;

use crate::pace::Pace;
use crate::report::Report;
use crate::scenario::Scenario;
use crate::traffic::Traffic;

/// How long after its due time an answer still counts.
const GIVE_UP: Duration = Duration::from_secs(2);

/// Runs a scenario to its end, or until shut down; `progress` hears of the state about once a second.
///
/// # Errors
/// When the generator's runtime cannot be built.
pub fn drive(
    scenario: &Scenario,
    target: &Target,
    shutdown: &Shutdown,
    progress: impl Fn(&Report) + 'static,
) -> Result<Report> {
    let runtime = runtime::current_thread("loadtest")?;
    let report = Rc::new(RefCell::new(Report::new()?));
    let result = Rc::clone(&report);
    let (scenario, target, shutdown) = (scenario.clone(), target.clone(), shutdown.clone());
    runtime.block_on(async move {
        let client = Rc::new(Client::new(ClientConfig {
            max_idle_per_host: scenario.max_in_flight,
            connects_per_second: 2_000,
            ..ClientConfig::local()
        }));
        let target = Rc::new(target);
        let mut headers = HeaderMap::new();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        let mut traffic = Traffic::new(scenario.mix.clone(), scenario.seed);
        let start = Instant::now();
        let mut shown = start;
        let in_flight = Arc::new(tokio::sync::Semaphore::new(scenario.max_in_flight));
        for due in Pace::new(scenario.rate, scenario.arrivals, scenario.seed) {
            if due >= scenario.duration || shutdown.is_fired() {
                break;
            }
            let due = start + due;
            tokio::time::sleep_until(due.into()).await;
            let lag = due.elapsed();
            record(&mut report.borrow_mut().lag_us, lag);
            if shown.elapsed() >= Duration::from_secs(1) {
                shown = Instant::now();
                let mut state = report.borrow_mut();
                state.elapsed = start.elapsed();
                progress(&state);
            }
            let Ok(permit) = Arc::clone(&in_flight).try_acquire_owned() else {
                report.borrow_mut().dropped += 1;
                continue;
            };
            let body = Bytes::from(traffic.request());
            let (client, report, target) =
                (Rc::clone(&client), Rc::clone(&report), Rc::clone(&target));
            let headers = headers.clone();
            spawn_local(async move {
                let request = OutRequest {
                    method: Method::POST,
                    target: &target,
                    headers,
                    body,
                };
                let answer = client.send(request, due + GIVE_UP).await;
                let mut report = report.borrow_mut();
                match answer {
                    Ok(response) => {
                        record(&mut report.latency_us, due.elapsed());
                        match response.status.as_u16() {
                            200 => report.bids += 1,
                            204 => report.no_bids += 1,
                            _ => report.refused += 1,
                        }
                    }
                    Err(_) => report.failed += 1,
                }
                drop(permit);
            });
        }
        // Whatever is in flight ends within its deadline.
        let all = u32::try_from(scenario.max_in_flight).unwrap_or(u32::MAX);
        let _ = tokio::time::timeout(GIVE_UP * 2, in_flight.acquire_many(all)).await;
        report.borrow_mut().elapsed = start.elapsed();
    });
    let report = result.borrow().clone();
    Ok(report)
}

fn record(histogram: &mut hdrhistogram::Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
}
