//! One flow: a visit, its ad request, the auction, the impression, and what came back.

use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use units::AuctionId;

use super::calls::{AdAnswer, Calls, Failure};
use super::history::milliseconds;
use super::record::{Record, Served, Winner};
use super::visitor::Visitor;

/// The steps in their order, and the service that each looks at.
const STEPS: [(&str, &str); 7] = [
    ("user_visit", "exchange-ssp"),
    ("ad_request", "exchange-ssp"),
    ("auction", "exchange-rtb"),
    ("bids", "exchange-rtb"),
    ("winner", "exchange-rtb"),
    ("impression", "exchange-ssp"),
    ("feedback", "exchange-rtb"),
];

/// What a flow came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// An ad was shown, and its impression confirmed.
    Success,
    /// Nobody won.
    NoBid,
    /// A step did not work out.
    Failed,
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StepStatus {
    /// It did what it shows.
    Success,
    /// It did, and there was nobody to win.
    NoBid,
    /// It did not; the data say why.
    Failed,
    /// It had no reason to be made.
    Skipped,
}

/// One step.
#[derive(Debug, Serialize)]
pub(super) struct Step {
    name: &'static str,
    service: &'static str,
    status: StepStatus,
    duration_ms: f64,
    data: Box<RawValue>,
}

/// A flow that is over.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) workflow_id: String,
    pub(super) auction_id: Option<String>,
    pub(super) status: Outcome,
    pub(super) took: Duration,
    pub(super) steps: Vec<Step>,
    pub(super) winner: Option<Winner>,
    pub(super) impression_confirmed: bool,
}

/// Runs a flow to its end, whatever that is.
pub(super) async fn run(calls: &Calls<'_>, visitor: &Visitor) -> Flow {
    let began = Instant::now();
    let mut trail = Trail::new();
    let status = match walk(calls, visitor, &mut trail).await {
        Ok(outcome) => outcome,
        Err(failure) => {
            trail.done(StepStatus::Failed, &json!({"error": failure.to_string()}));
            Outcome::Failed
        }
    };
    trail.skip_rest();
    // The one id that is made here; as others of ours, a prefix and a UUIDv7.
    let id = AuctionId::new(service::clock::now(), service::clock::random_bytes());
    Flow {
        workflow_id: format!("wf_{id}"),
        auction_id: trail.auction_id,
        status,
        took: began.elapsed(),
        steps: trail.steps,
        winner: trail.winner,
        impression_confirmed: trail.impression_confirmed,
    }
}

async fn walk(calls: &Calls<'_>, visitor: &Visitor, trail: &mut Trail) -> Result<Outcome, Failure> {
    let placement = calls.placement().await?;
    let visit = json!({"placement_id": placement.id, "visitor": visitor.known()});
    trail.done(StepStatus::Success, &visit);

    let answer = calls.ad_request(&visitor.ad_request(&placement.id)).await?;
    let (auction, served) = match answer {
        AdAnswer::Ad(served) => (served.auction_id.clone(), Some(served)),
        AdAnswer::NoBid { auction_id } => (auction_id, None),
    };
    trail.auction_id = Some(auction.clone());
    trail.done(won(served.is_some()), &ad(&auction, served.as_deref()));

    let record = calls.record(&auction).await?;
    show_auction(trail, &record);
    let Some(served) = served else {
        return Ok(Outcome::NoBid);
    };

    let confirmation = calls.impression(&served.tracking.token).await?;
    trail.impression_confirmed = confirmation.status == "confirmed";
    let status = if trail.impression_confirmed {
        StepStatus::Success
    } else {
        StepStatus::Failed
    };
    trail.done(status, &json!({"status": confirmation.status}));
    if !trail.impression_confirmed {
        return Ok(Outcome::Failed);
    }

    let record = calls.billed_record(&auction).await?;
    trail.done(
        StepStatus::Success,
        &Feedback {
            billing_delivered: record.is_billed(),
            notices: &record.notices,
        },
    );
    Ok(Outcome::Success)
}

#[derive(Serialize)]
struct AdShown<'a> {
    auction_id: &'a str,
    ad: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct AuctionShown<'a> {
    outcome: &'a str,
    dsps: &'a [Box<RawValue>],
    duration_ms: &'a RawValue,
}

#[derive(Serialize)]
struct BidsShown<'a> {
    count: usize,
    bids: &'a [Box<RawValue>],
}

#[derive(Serialize)]
struct Feedback<'a> {
    billing_delivered: bool,
    notices: &'a [Box<RawValue>],
}

fn ad<'a>(auction_id: &'a str, served: Option<&'a Served>) -> AdShown<'a> {
    AdShown {
        auction_id,
        ad: served.map(|served| &*served.ad),
    }
}

/// The three steps that one record tells of.
fn show_auction(trail: &mut Trail, record: &Record) {
    trail.winner = record.winner();
    let auction = AuctionShown {
        outcome: &record.outcome,
        dsps: &record.dsps,
        duration_ms: &record.duration_ms,
    };
    trail.done(won(trail.winner.is_some()), &auction);
    let count = record.bids.len();
    let bids = BidsShown {
        count,
        bids: &record.bids,
    };
    trail.done(won(count > 0), &bids);
    match trail.winner.clone() {
        Some(winner) => trail.done(StepStatus::Success, &winner),
        None => trail.done(StepStatus::NoBid, &json!({})),
    }
}

const fn won(is_won: bool) -> StepStatus {
    if is_won {
        StepStatus::Success
    } else {
        StepStatus::NoBid
    }
}

/// The steps so far; each counts its time from the end of the one before.
struct Trail {
    steps: Vec<Step>,
    began: Instant,
    auction_id: Option<String>,
    winner: Option<Winner>,
    impression_confirmed: bool,
}

impl Trail {
    fn new() -> Self {
        Self {
            steps: Vec::with_capacity(STEPS.len()),
            began: Instant::now(),
            auction_id: None,
            winner: None,
            impression_confirmed: false,
        }
    }

    fn done(&mut self, status: StepStatus, data: &impl Serialize) {
        let took = self.began.elapsed();
        self.began = Instant::now();
        let step = STEPS.get(self.steps.len()).zip(to_raw_value(data).ok());
        if let Some((&(name, service), data)) = step {
            self.steps.push(Step {
                name,
                service,
                status,
                duration_ms: milliseconds(took),
                data,
            });
        }
    }

    fn skip_rest(&mut self) {
        while self.steps.len() < STEPS.len() {
            let before = self.steps.len();
            self.began = Instant::now();
            self.done(StepStatus::Skipped, &json!({}));
            if self.steps.len() == before {
                return;
            }
        }
    }
}
