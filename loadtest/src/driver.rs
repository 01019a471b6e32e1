//! One loop that obeys the pace: sends each request when it is due, and measures from that instant.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use contracts::access::SHED_REASON_HEADER;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use service::client::{CallError, Client, ClientConfig, OutRequest, Target};
use service::{Shutdown, runtime};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::spawn_local;

use crate::bench::PREPARED;
use crate::pace::Pace;
use crate::partners::QuickDsps;
use crate::report::Report;
use crate::scenario::{Scenario, Seeded};
use crate::seeded::requests::{Prepared, prepare};
use crate::traffic::Traffic;

/// How long after its due time an answer still counts.
const GIVE_UP: Duration = Duration::from_secs(2);

/// Due requests that the sending thread has not yet taken; more than that are late by definition.
const WAITING: usize = 4_096;

/// How the generator itself runs.
#[derive(Debug, Default)]
pub struct Generator {
    /// Never sleeps: sends on time, and takes a whole core.
    pub awake: bool,
    /// DSPs that the same thread serves.
    pub dsps: QuickDsps,
}

/// Runs a scenario to its end, or until shut down; `progress` hears of the state about once a second. One report
/// for each of its rates: of the requests that were due in its time.
///
/// # Errors
/// When the generator's threads cannot be made.
pub fn drive(
    scenario: &Scenario,
    target: &Target,
    shutdown: &Shutdown,
    progress: impl Fn(&Report) + 'static,
) -> Result<Vec<Report>> {
    drive_by(Generator::default(), scenario, target, shutdown, progress)
}

/// The same by a generator of some kind.
///
/// # Errors
/// When the generator's threads cannot be made, or its DSPs cannot be served.
pub fn drive_by(
    generator: Generator,
    scenario: &Scenario,
    target: &Target,
    shutdown: &Shutdown,
    progress: impl Fn(&Report) + 'static,
) -> Result<Vec<Report>> {
    let mut bodies = Bodies::of(scenario);
    let run = Rc::new(Run {
        client: Client::new(ClientConfig {
            max_idle_per_host: scenario.max_in_flight,
            connects_per_second: 2_000,
            ..ClientConfig::local()
        }),
        target: target.clone(),
        headers: json_headers(),
        reports: stages(scenario)
            .map(|_| Report::new().map(RefCell::new))
            .collect::<Result<_>>()?,
    });
    let work = Rc::clone(&run);
    let scenario = scenario.clone();
    let shutdown = shutdown.clone();
    runtime::current_thread("loadtest")?.block_on(async move {
        generator.dsps.serve(&Rc::default())?;
        let start = Instant::now();
        let due = if generator.awake {
            Schedule::awake(&scenario, start, shutdown)
        } else {
            Schedule::Asleep(keep_pace(&scenario, start, &shutdown)?)
        };
        send_all(work, scenario, &mut bodies, start, due, progress).await;
        anyhow::Ok(())
    })?;
    let reports = run.reports.iter().map(|report| report.borrow().clone());
    Ok(reports.collect())
}

/// Rates, each with its time.
fn stages(scenario: &Scenario) -> impl Iterator<Item = (u32, Duration)> {
    let first = (scenario.rate, scenario.duration);
    std::iter::once(first).chain(scenario.then.iter().copied())
}

/// A request that is due, by the number of its rate.
type Due = (usize, Instant);

/// Where due times come from.
enum Schedule {
    /// A thread that sleeps until each is due.
    Asleep(mpsc::Receiver<Due>),
    /// The sending thread itself, which does whatever else there is to do until then.
    Awake {
        due: Box<dyn Iterator<Item = Due>>,
        shutdown: Shutdown,
    },
}

impl Schedule {
    fn awake(scenario: &Scenario, start: Instant, shutdown: Shutdown) -> Self {
        let (arrivals, seed) = (scenario.arrivals, scenario.seed);
        let stages: Vec<(u32, Duration)> = stages(scenario).collect();
        let began = stages.clone().into_iter().scan(start, |next, (_, length)| {
            let began = *next;
            // Nothing follows what lasts longer than time can be told.
            *next = began.checked_add(length).unwrap_or(began);
            Some(began)
        });
        let stages = stages.into_iter().zip(began).enumerate();
        let due = stages.flat_map(move |(stage, ((rate, length), began))| {
            let at = Pace::new(rate, arrivals, seed).take_while(move |at| *at < length);
            at.map(move |at| (stage, began + at))
        });
        Self::Awake {
            due: Box::new(due),
            shutdown,
        }
    }

    /// The next one, once it is due; `None` at the end.
    async fn next(&mut self) -> Option<Due> {
        match self {
            Self::Asleep(due) => due.recv().await,
            Self::Awake { due, shutdown } => {
                let next = due.next()?;
                // Once at least: what is late must not keep answers from being read.
                loop {
                    tokio::task::yield_now().await;
                    if shutdown.is_fired() {
                        return None;
                    }
                    if next.1 <= Instant::now() {
                        return Some(next);
                    }
                }
            }
        }
    }
}

/// Due times as they come, from a thread of its own: the runtime's timers are a millisecond coarse.
fn keep_pace(
    scenario: &Scenario,
    start: Instant,
    shutdown: &Shutdown,
) -> Result<mpsc::Receiver<Due>> {
    let (ready, due) = mpsc::channel(WAITING);
    let stages: Vec<(u32, Duration)> = stages(scenario).collect();
    let (arrivals, seed, shutdown) = (scenario.arrivals, scenario.seed, shutdown.clone());
    std::thread::Builder::new()
        .name("pace".into())
        .spawn(move || {
            let mut start = start;
            for (stage, (rate, length)) in stages.into_iter().enumerate() {
                for at in Pace::new(rate, arrivals, seed).take_while(|at| *at < length) {
                    let at = start + at;
                    std::thread::sleep(at.saturating_duration_since(Instant::now()));
                    if shutdown.is_fired() || ready.blocking_send((stage, at)).is_err() {
                        return;
                    }
                }
                start += length;
            }
        })?;
    Ok(due)
}

fn json_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    headers
}

/// What every request of a run shares.
struct Run {
    client: Client,
    target: Target,
    headers: HeaderMap,
    reports: Vec<RefCell<Report>>,
}

async fn send_all(
    run: Rc<Run>,
    scenario: Scenario,
    bodies: &mut Bodies,
    start: Instant,
    mut schedule: Schedule,
    progress: impl Fn(&Report),
) {
    let mut shown = start;
    let mut under_way = (0, start);
    let in_flight = Arc::new(Semaphore::new(scenario.max_in_flight));
    while let Some((stage, due)) = schedule.next().await {
        let (before, began) = under_way;
        if stage != before {
            run.of(before, |report| report.elapsed = due - began);
            under_way = (stage, due);
        }
        run.of(stage, |report| record(&mut report.lag_us, due.elapsed()));
        if shown.elapsed() >= Duration::from_secs(1) {
            shown = Instant::now();
            run.of(stage, |state| {
                state.elapsed = under_way.1.elapsed();
                progress(state);
            });
        }
        let Ok(permit) = Arc::clone(&in_flight).try_acquire_owned() else {
            run.of(stage, |report| report.dropped += 1);
            continue;
        };
        let (run, body) = (Rc::clone(&run), bodies.next());
        spawn_local(async move {
            run.send(stage, due, body).await;
            drop(permit);
        });
    }
    // Whatever is in flight ends within its deadline.
    let all = u32::try_from(scenario.max_in_flight).unwrap_or(u32::MAX);
    let _ = tokio::time::timeout(GIVE_UP * 2, in_flight.acquire_many(all)).await;
    let (last, began) = under_way;
    run.of(last, |report| report.elapsed = began.elapsed());
}

/// Where the bodies come from.
enum Bodies {
    /// Drawn one by one.
    Drawn(Traffic),
    /// Written before the start.
    Prepared { prepared: Vec<Prepared>, next: u64 },
}

impl Bodies {
    fn of(scenario: &Scenario) -> Self {
        match scenario.seeded {
            None => Self::Drawn(Traffic::new(scenario.mix.clone(), scenario.seed)),
            Some(Seeded { mix, first }) => Self::Prepared {
                prepared: prepare(mix, PREPARED),
                next: first,
            },
        }
    }

    fn next(&mut self) -> Bytes {
        match self {
            Self::Drawn(traffic) => traffic.request().into(),
            Self::Prepared { prepared, next } => {
                let mut body = Vec::new();
                let place = usize::try_from(*next % PREPARED).unwrap_or(0);
                if let Some(prepared) = prepared.get(place) {
                    prepared.append_to(&mut body, *next);
                }
                *next += 1;
                body.into()
            }
        }
    }
}

const SHED_REASON: HeaderName = HeaderName::from_static(SHED_REASON_HEADER);

impl Run {
    fn of(&self, stage: usize, change: impl FnOnce(&mut Report)) {
        if let Some(report) = self.reports.get(stage) {
            change(&mut report.borrow_mut());
        }
    }

    /// Sends one request and records its answer, timed from the instant it was due.
    async fn send(&self, stage: usize, due: Instant, body: Bytes) {
        let request = OutRequest {
            method: Method::POST,
            target: &self.target,
            headers: self.headers.clone(),
            body,
        };
        let answer = self.client.send(request, due + GIVE_UP).await;
        self.of(stage, |report| match answer {
            Ok(response) if response.headers.has(&SHED_REASON) => {
                report.shed += 1;
                record(&mut report.shed_us, due.elapsed());
            }
            Ok(response) => {
                record(&mut report.latency_us, due.elapsed());
                report.answered_with(response.status.as_u16());
            }
            Err(error) => {
                report.failed += 1;
                report.closed += u64::from(matches!(error, CallError::Closed));
            }
        });
    }
}

fn record(histogram: &mut hdrhistogram::Histogram<u64>, time: Duration) {
    histogram.saturating_record(u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1));
}
