//! The one wait of an auction: every DSP asked at once, one deadline for all.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange_core::auction::{Ask, Plan, Reached, Reply};
use futures_util::stream::{FuturesUnordered, StreamExt};
use http::{HeaderName, HeaderValue, StatusCode, header};
use service::client::{CallError, Client, InResponse, Lines, Timing};
use service::trace::{TraceId, TraceParent};
use units::AuctionId;

use crate::exchange::InForce;
use crate::rtb::partners::Partner;
use crate::upstream::Upstream;

/// What one DSP answered, and how long it took.
pub(crate) struct Heard {
    pub(crate) ask: usize,
    pub(crate) partner: Arc<Partner>,
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    /// How long its parts took, where an answer came.
    pub(crate) timing: Option<Timing>,
    said: Said,
}

enum Said {
    Body(Bytes),
    NoContent,
    TimedOut,
    Shed,
    /// And how.
    Failed(Box<str>),
}

impl Heard {
    /// Whether it said what it makes of the request: bids, or none.
    pub(crate) fn is_answer(&self) -> bool {
        matches!(self.said, Said::Body(_) | Said::NoContent)
    }

    /// The reply as settling takes it.
    pub(crate) fn reply(&self) -> Reply<'_> {
        Reply {
            ask: self.ask,
            reached: match &self.said {
                Said::Body(body) => Reached::Body(body),
                Said::NoContent => Reached::NoContent,
                Said::TimedOut => Reached::TimedOut,
                Said::Shed => Reached::Shed,
                Said::Failed(_) => Reached::Failed,
            },
        }
    }

    /// Why its call failed, in words.
    pub(crate) fn failure(&self) -> Option<&str> {
        match &self.said {
            Said::Failed(why) => Some(why),
            Said::Body(_) | Said::NoContent | Said::TimedOut | Said::Shed => None,
        }
    }
}

/// Asks everybody in the plan and waits until all have answered or their time is over. A slow or dead DSP
/// takes no more than its own part: late answers are read off the path by the client. Where guaranteed
/// deals could fill every imp, `is_filled` tells once whether they do: when all have answered who could win by
/// one. Who is sent a live request as a test is not waited for longer than those who can win.
pub(crate) async fn ask(
    upstream: &Upstream,
    in_force: &InForce,
    plan: &Plan<'_>,
    bodies: &[Bytes],
    started: Instant,
    is_filled: impl Fn(&[Reply<'_>]) -> bool,
) -> Vec<Heard> {
    let mut bodies = Bodies::of(bodies);
    let heads = Heads::of(plan.auction);
    let asks = plan.asks.iter().enumerate();
    let calls = asks.filter_map(|(index, ask)| {
        let call = Call::prepare(upstream, in_force, ask, &mut bodies, &heads, started)?;
        Some(call.make(index))
    });
    let by_guarantee = if plan.may_fill_early() {
        (0..plan.asks.len())
            .filter(|ask| plan.may_win_by_guarantee(*ask))
            .count()
    } else {
        0
    };
    let tests = plan.asks.iter().filter(|ask| ask.test).count();
    // Only who is heard of is looked at: with many DSPs, looking at all of them each time one answers adds up.
    let mut calls: FuturesUnordered<_> = calls.collect();
    if by_guarantee > 0 || (tests > 0 && tests < plan.asks.len()) {
        return until_enough(calls, plan, by_guarantee, is_filled).await;
    }
    let mut heard = Vec::with_capacity(calls.len());
    while let Some(answer) = calls.next().await {
        heard.push(answer);
    }
    heard.sort_unstable_by_key(|heard: &Heard| heard.ask);
    heard
}

/// Waits until all who can win have answered, or, once those have who may win by a guarantee, such deals fill every
/// imp: nobody else can win then, and what is still under way is finished off the path, for the sake of its
/// connection.
async fn until_enough(
    mut calls: FuturesUnordered<impl Future<Output = Heard> + 'static>,
    plan: &Plan<'_>,
    mut by_guarantee: usize,
    is_filled: impl Fn(&[Reply<'_>]) -> bool,
) -> Vec<Heard> {
    let mut heard: Vec<Heard> = Vec::with_capacity(calls.len());
    let mut able_to_win = plan.asks.iter().filter(|ask| !ask.test).count();
    while let Some(answer) = calls.next().await {
        let may_decide = by_guarantee > 0 && plan.may_win_by_guarantee(answer.ask);
        by_guarantee -= usize::from(may_decide);
        if !plan.is_test(answer.ask) {
            able_to_win = able_to_win.saturating_sub(1);
        }
        heard.push(answer);
        if calls.is_empty() {
            break;
        }
        let is_filled = || {
            let replies: Vec<Reply<'_>> = heard.iter().map(Heard::reply).collect();
            is_filled(&replies)
        };
        // Asked once: the answers that are still to come bring no guarantee.
        if able_to_win == 0 || (may_decide && by_guarantee == 0 && is_filled()) {
            tokio::task::spawn_local(async move {
                while let Some(late) = calls.next().await {
                    match late.said {
                        Said::Body(_) | Said::NoContent => late.partner.passed_over(true),
                        Said::Failed(_) => late.partner.passed_over(false),
                        // Its time was cut by others, or it is busy: no evidence.
                        Said::TimedOut | Said::Shed => {}
                    }
                }
            });
            break;
        }
    }
    heard.sort_unstable_by_key(|heard| heard.ask);
    heard
}

/// The bodies of a plan, gzipped at most once each.
struct Bodies<'b> {
    plain: &'b [Bytes],
    packed: Vec<Option<Bytes>>,
}

impl<'b> Bodies<'b> {
    fn of(plain: &'b [Bytes]) -> Self {
        Self {
            packed: vec![None; plain.len()],
            plain,
        }
    }

    /// The body at an index, and whether it is gzipped.
    fn get(&mut self, index: usize, gzip: bool) -> Option<(Bytes, bool)> {
        let plain = self.plain.get(index)?;
        if !gzip {
            return Some((plain.clone(), false));
        }
        let packed = self.packed.get_mut(index)?;
        if packed.is_none() {
            *packed = service::http::packed(plain).map(Bytes::from);
        }
        match packed {
            Some(packed) => Some((packed.clone(), true)),
            None => Some((plain.clone(), false)),
        }
    }
}

/// One call, ready to be made.
struct Call {
    client: Client,
    partner: Arc<Partner>,
    /// Header fields of this call alone.
    more: Lines,
    body: Bytes,
    deadline: Instant,
}

impl Call {
    fn prepare(
        upstream: &Upstream,
        in_force: &InForce,
        ask: &Ask,
        bodies: &mut Bodies<'_>,
        heads: &Heads,
        started: Instant,
    ) -> Option<Self> {
        let partner = in_force.partners.get(ask.partner)?;
        let (body, packed) = bodies.get(ask.body, partner.connection.gzip_requests)?;
        Some(Self {
            client: upstream.of(Some(partner)).clone(),
            partner: Arc::clone(partner),
            more: heads.of_body(packed),
            body,
            deadline: started + Duration::from_millis(u64::from(ask.budget_ms)),
        })
    }

    async fn make(self, ask: usize) -> Heard {
        let began = Instant::now();
        let partner = self.partner;
        let mut timing = None;
        let said = match &partner.template {
            Some(template) => {
                let (more, body) = (self.more, self.body);
                let outcome = self.client.send_as(template, more, body, self.deadline);
                let outcome = outcome.await;
                if let Ok(answer) = &outcome {
                    partner.measured(answer);
                    timing = Some(answer.timing);
                }
                said(&partner, outcome)
            }
            None => Said::Failed("its endpoint is no URL that can be called".into()),
        };
        Heard {
            ask,
            began,
            took: began.elapsed(),
            timing,
            partner,
            said,
        }
    }
}

fn said(partner: &Partner, outcome: Result<InResponse, CallError>) -> Said {
    match outcome {
        Ok(answer) if answer.status == StatusCode::OK && !answer.body.is_empty() => {
            Said::Body(answer.body)
        }
        Ok(answer) if matches!(answer.status, StatusCode::OK | StatusCode::NO_CONTENT) => {
            if answer.headers.has(&SHED_REASON) {
                Said::Shed
            } else {
                Said::NoContent
            }
        }
        Ok(answer) => Said::Failed(format!("answered {}", answer.status.as_u16()).into()),
        Err(CallError::Timeout) => Said::TimedOut,
        Err(error) => {
            tracing::debug!(dsp = %partner.id, %error, "no answer");
            Said::Failed(error.to_string().into())
        }
    }
}

static TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const SHED_REASON: HeaderName = HeaderName::from_static("x-shed-reason");

/// The header fields that an auction's calls have beside those of their partners: its trace, and how a body is packed.
struct Heads {
    plain: Lines,
    packed: Lines,
}

impl Heads {
    /// The trace id of an auction is its auction id; its random half names our span.
    fn of(auction: AuctionId) -> Self {
        let gzip = HeaderValue::from_static("gzip");
        let bytes = auction.as_bytes();
        let span: Option<[u8; 8]> = bytes.last_chunk().copied();
        let parent = span.and_then(|parent_id| {
            let parent = TraceParent {
                trace_id: TraceId(*bytes),
                parent_id,
                sampled: false,
            };
            HeaderValue::from_bytes(&parent.written()).ok()
        });
        let parent = parent.as_ref().map(|parent| (&TRACE_PARENT, parent));
        let packed = parent
            .into_iter()
            .chain([(&header::CONTENT_ENCODING, &gzip)]);
        Self {
            plain: Lines::of(parent),
            packed: Lines::of(packed),
        }
    }

    fn of_body(&self, packed: bool) -> Lines {
        if packed {
            self.packed.clone()
        } else {
            self.plain.clone()
        }
    }
}
