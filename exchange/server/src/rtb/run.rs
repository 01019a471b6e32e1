//! One auction from its body to its outcome: intake, plan, the one wait, settle; the rest off the path.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use exchange_core::Conditions;
use exchange_core::auction::{Judged, Plan, Reply, Seller, Settlement, Terms, plan, settle};
use exchange_core::intake::{self, Additions, Intake, Pages, Refusal, Visitor};
use exchange_core::registry::Creative;
use exchange_core::routing::NotAsked;
use exchange_core::{markup, notices};
use service::clock;
use units::{AuctionId, CpmMicros, Currency};

use super::answer;
use super::calls::Call;
use super::claims::{self, Payout};
use super::context::AuctionContext;
use super::draft::Kept;
use super::fanout::{self, Heard};
use super::forfeit;
use super::refusal::{out_of_time, refused, turned_away};
use super::sale::{AuctionInput, AuctionOutcome, AuctionResult, Source, Winner};
use super::summary::{self, Arrived};
use super::time::{dsp_budget, time_left, whole_ms};
use super::waterfall::Waterfall;
use crate::exchange::InForce;
use crate::metrics::Outcome;
use crate::records::SeenSeller;

/// Runs one auction. Its record and the losers' notices leave off the path.
pub(crate) async fn run_auction(context: &AuctionContext, input: &AuctionInput) -> AuctionOutcome {
    let mut waterfall = Waterfall::new(input.arrival);
    waterfall.done("receive");
    let now = clock::now();
    let auction = AuctionId::new(now, clock::random_bytes());
    let arrived = Arrived {
        auction,
        at: now,
        arrival: input.arrival,
        source: &input.source,
    };
    let Some(in_force) = context.exchange.in_force() else {
        let result = refused(context, &arrived, String::new(), None, "no catalog yet");
        return AuctionOutcome { auction, result };
    };
    let bounds = context.exchange.config.bounds();
    let find = |address| context.exchange.place_of(address);
    let additions = Additions {
        peer: input.peer,
        user_agent: input.user_agent.as_deref(),
        gpc: input.gpc,
        account: input.source.account().map(|account| &account.defaults),
        places: context.exchange.knows_places().then_some(&find),
        visitor: Some(Visitor {
            cookie: input.visitor.as_deref(),
            policy: in_force.market.privacy,
        }),
    };
    let mut pages = Pages::default();
    let result = match intake::read(&input.body, &mut pages, &additions, &bounds) {
        Ok(intake) => match turned_away(context, &in_force, &arrived, &intake) {
            Some(result) => result,
            None => {
                waterfall.done("intake");
                let visitor = input.visitor.as_deref();
                hold(context, &in_force, &arrived, &intake, visitor, waterfall).await
            }
        },
        Err(Refusal::InsufficientTime { request_id }) => {
            let words = "insufficient auction time";
            refused(context, &arrived, request_id, Some(15), words)
        }
        Err(Refusal::Unreadable(error)) => {
            let memory = context.recorder.memory();
            let why = error.to_string();
            let facts = summary::without_auction(memory, &arrived, Outcome::Invalid, "", &why);
            context.finish(Outcome::Invalid, arrived.arrival, facts);
            AuctionResult::Invalid(error)
        }
    };
    AuctionOutcome { auction, result }
}

/// Plan, ask, settle: the auction proper.
async fn hold(
    context: &AuctionContext,
    in_force: &Arc<InForce>,
    arrived: &Arrived<'_>,
    intake: &Intake<'_>,
    visitor: Option<&str>,
    mut waterfall: Waterfall,
) -> AuctionResult {
    let exchange = &context.exchange;
    let source = arrived.source.label();
    exchange.metrics.request_repairs(source, &intake.repairs);
    let payout = Payout::of(in_force, arrived.source);
    let deadline = arrived.arrival + dsp_budget(intake.tmax_ms, exchange.config.answer_margin.0);
    let Some(left) = time_left(deadline, Instant::now()) else {
        return out_of_time(context, in_force, arrived, intake);
    };
    let known = context
        .identity
        .matches(exchange, in_force, intake, visitor, left);
    let matches = known.await;
    if context.identity.table.is_some() && in_force.syncs {
        waterfall.done("identify");
    }
    let Some(left) = time_left(deadline, Instant::now()) else {
        return out_of_time(context, in_force, arrived, intake);
    };
    let seller = seen_seller(arrived.source, intake, &payout);
    let request_id = arrived.auction.to_string();
    let terms = Terms {
        auction: arrived.auction,
        request_id: &request_id,
        remaining_ms: whole_ms(left),
        seller: Seller {
            sid: &seller.sid,
            is_owner: seller.is_owner,
        },
        matches: &matches,
        at: arrived.at,
    };
    let now_us = exchange.micros();
    let mut admissions = Vec::with_capacity(in_force.partners.len());
    let mut plan = plan(intake, &in_force.market, &terms, |candidate| {
        let state = in_force.partners.get(candidate.index);
        let state = state.ok_or(NotAsked::Unreachable);
        let said = state.and_then(|state| state.admit(now_us, candidate));
        admissions.push((candidate.index, said));
        said
    });
    waterfall.done("plan");
    let started = Instant::now();
    let bodies = std::mem::take(&mut plan.bodies).into_iter();
    let bodies: Vec<Bytes> = bodies.map(Bytes::from).collect();
    let conditions = seller.conditions(&in_force.catalog);
    let is_filled = |replies: &[Reply<'_>]| {
        let settlement = settle(&plan, &in_force.market, &conditions, replies);
        settlement.is_filled_by_guarantees(&plan, conditions.multibid)
    };
    let heard = fanout::ask(
        &context.upstream,
        in_force,
        &plan,
        &bodies,
        started,
        is_filled,
    )
    .await;
    waterfall.done("ask");
    let replies: Vec<Reply<'_>> = heard.iter().map(Heard::reply).collect();
    let settlement = settle(&plan, &in_force.market, &conditions, &replies);
    waterfall.done("settle");
    count(context, in_force, &plan, &heard, &settlement);
    let round = Round {
        context,
        in_force,
        arrived,
        payout: &payout,
        plan: &plan,
        conditions: &conditions,
        settlement: &settlement,
        refused: RefCell::default(),
        forfeits: RefCell::default(),
    };
    let mut won = round.winners();
    if matches!(arrived.source, Source::Placement { .. }) {
        let deadline = arrived.arrival + Duration::from_millis(u64::from(intake.tmax_ms));
        // Boxed, as most auctions are without: what an auction's future could hold is moved with it.
        won = Box::pin(forfeit::fetch_markup(&round, won, deadline)).await;
    }
    round.count_won(&won);
    let result = match (&won[..], arrived.source) {
        ([], _) => AuctionResult::NoBid {
            reason: None,
            request_id: intake.request.id().to_owned(),
        },
        (
            _,
            Source::Ssp {
                browser, speaks_25, ..
            },
        ) => {
            let style = answer::Style {
                browser: *browser,
                speaks_25: *speaks_25,
                base: &exchange.rtb_base,
            };
            let answer = answer::write(&round, &won, &style);
            round.hold(&won, &replies, &seller);
            AuctionResult::Won {
                winners: won,
                answer: Some(answer),
            }
        }
        (_, Source::Placement { .. }) => AuctionResult::Won {
            winners: won,
            answer: None,
        },
    };
    round.tell();
    round.watch();
    waterfall.done("answer");
    round.keep(&Kept {
        seller: &seller,
        matches: &matches,
        remaining_ms: terms.remaining_ms,
        admissions: &admissions,
        replies: &replies,
        bodies: &bodies,
    });
    let facts = summary::of(context.recorder.memory(), &round, &heard, &waterfall);
    let outcome = match result {
        AuctionResult::Won { .. } => Outcome::Won,
        AuctionResult::NoBid { .. } | AuctionResult::Shed { .. } | AuctionResult::Invalid(_) => {
            Outcome::NoBid
        }
    };
    context.finish(outcome, arrived.arrival, facts);
    round.note_refused();
    round.note_forfeits();
    round.learn(&heard);
    result
}

/// A settled auction while its answer is made.
pub(super) struct Round<'r> {
    pub(super) context: &'r AuctionContext,
    pub(super) in_force: &'r InForce,
    pub(super) arrived: &'r Arrived<'r>,
    pub(super) payout: &'r Payout<'r>,
    pub(super) plan: &'r Plan<'r>,
    pub(super) conditions: &'r Conditions<'r>,
    pub(super) settlement: &'r Settlement<'r>,
    /// Notices that will not be called: kind, why, partner and imp.
    pub(super) refused: RefCell<Vec<(&'static str, &'static str, usize, String)>>,
    /// Winners that brought no markup that may be shown, by their place among the bids, and what became of it.
    pub(super) forfeits: RefCell<Vec<(usize, &'static str)>>,
}

impl Round<'_> {
    /// The winners, in the order of the settlement's.
    fn winners(&self) -> Vec<Winner> {
        // Those of one imp stand together.
        let mut former = (None, 0);
        self.settlement
            .won()
            .filter_map(|(judged, win)| {
                let ad = if former.0 == Some(judged.imp) {
                    former.1
                } else {
                    0
                };
                former = (Some(judged.imp), ad + 1);
                let values = notices::values(self.plan, judged);
                let medium = judged.medium?;
                let adm = judged.bid.adm().unwrap_or_default();
                let markup = if self.payout.keep_macros {
                    adm.to_owned()
                } else if self.settlement.is_test {
                    markup::resolve_test(adm, medium, &values).into_owned()
                } else {
                    markup::resolve(adm, medium, &values).into_owned()
                };
                Some(Winner {
                    seat: judged.seat.as_deref().map(str::to_owned),
                    medium,
                    markup,
                    size: judged.bid.w.zip(judged.bid.h),
                    price: win.answer_price,
                    currency: self.plan.currency,
                    reported_until: claims::reported_until(self, judged),
                    claims: claims::impression(self, (judged, win), ad, &values),
                })
            })
            .collect()
    }

    /// Notes what the request brought from each partner that is left out by it.
    fn learn(&self, heard: &[Heard]) {
        let market = &self.in_force.market;
        for heard in heard.iter().filter(|heard| heard.is_answer()) {
            let Some(ask) = self.plan.asks.get(heard.ask) else {
                continue;
            };
            let partner = market.partners.get(ask.partner);
            if partner.is_none_or(|partner| partner.sampling.is_none()) {
                continue;
            }
            let bids = self.settlement.bids.iter();
            let bids = bids.filter(|judged| {
                // What screening refused is worth nothing.
                judged.ask == heard.ask && judged.medium.is_some()
            });
            let prices = bids.filter_map(|judged| {
                let price = judged.bid.price.cpm()?;
                market
                    .rates
                    .convert_price(price, judged.currency, Currency::USD)
            });
            heard
                .partner
                .learn(ask.cell, prices.max().unwrap_or(CpmMicros::ZERO));
        }
    }

    /// Leaves creatives that nobody has judged for their review.
    fn watch(&self) {
        let now = Instant::now();
        let registry = &self.in_force.market.registry;
        let named = |judged: &&Judged<'_>| judged.imp.is_some();
        for judged in self.settlement.bids.iter().filter(named) {
            if let Some(partner) = self.in_force.partners.get(judged.partner) {
                let creative = Creative::of(&judged.bid);
                self.context.watch.look(registry, partner, &creative, now);
            }
        }
    }

    /// Counts what was won where our word is the last; an SSP's comes with its notices.
    fn count_won(&self, won: &[Winner]) {
        let all = self.settlement.bids.iter().enumerate();
        let won_here = all.filter(|(at, judged)| judged.win().is_some() && !self.is_forfeit(*at));
        for (_, judged) in won_here {
            if let Some(partner) = self.in_force.partners.get(judged.partner) {
                partner.stats.won();
            }
        }
        let tallies = &self.context.exchange.tallies;
        for claims in won.iter().map(|winner| &winner.claims) {
            if !claims.provisional && !claims.test {
                tallies.won(&claims.partner, self.arrived.at);
            }
        }
    }

    /// Leaves a note that a winner is shown nowhere: its win notice brought no markup, or none that may be shown.
    pub(super) fn forfeit(&self, judged: &Judged<'_>, outcome: &'static str) {
        let mut bids = self.settlement.bids.iter();
        if let Some(at) = bids.position(|other| std::ptr::eq(other, judged)) {
            self.forfeits.borrow_mut().push((at, outcome));
        }
    }

    /// Whether a bid, by its place among them, was left out although it won.
    pub(super) fn is_forfeit(&self, bid: usize) -> bool {
        self.forfeits.borrow().iter().any(|(at, _)| *at == bid)
    }

    /// Losers hear at once; so do winners where our word is the last.
    fn tell(&self) {
        let is_provisional = claims::is_provisional(self);
        for judged in &self.settlement.bids {
            let Some(partner) = self.in_force.partners.get(judged.partner) else {
                continue;
            };
            let values = notices::values(self.plan, judged);
            let (kind, template) = match (judged.win(), judged.bid.adm()) {
                // It was called for the markup, or will be.
                (Some(_), None) => continue,
                // Somebody upstream has the last word: a notice will come.
                (Some(_), _) if is_provisional => continue,
                (Some(_), _) => ("win", judged.bid.nurl.as_deref()),
                (None, _) => ("loss", judged.bid.lurl.as_deref()),
            };
            let Some(url) = notices::url(template, &values) else {
                continue;
            };
            if self.is_too_long(template, &url) {
                self.leave_out(judged, kind, "too_long");
                continue;
            }
            self.context.calls.send(Call {
                auction: self.arrived.auction,
                partner: Arc::clone(partner),
                kind,
                imp: judged.bid.impid().to_owned(),
                url,
                test: self.plan.intake.request.test() || self.plan.is_test(judged.ask),
                device: summary::device(self.plan, judged.partner),
            });
        }
    }
}

fn count(
    context: &AuctionContext,
    in_force: &InForce,
    plan: &Plan<'_>,
    heard: &[Heard],
    settlement: &Settlement<'_>,
) {
    let now_us = context.exchange.micros();
    for (index, reason) in &plan.not_asked {
        if let Some(partner) = in_force.partners.get(*index) {
            partner.not_asked(*reason);
        }
    }
    for (heard, (_, fate)) in heard.iter().zip(&settlement.replies) {
        let budget_ms = plan.asks.get(heard.ask).map_or(0, |ask| ask.budget_ms);
        heard.partner.answered(*fate, heard.took, budget_ms, now_us);
    }
    for (ask, repairs) in &settlement.repairs {
        let ask = plan.asks.get(*ask);
        if let Some(dsp) = ask.and_then(|ask| in_force.market.partners.get(ask.partner)) {
            context
                .exchange
                .metrics
                .response_repairs(dsp.id.as_str(), repairs);
        }
    }
    for loss in settlement.bids.iter().filter_map(Judged::loss) {
        context.exchange.metrics.loss(loss);
    }
}

/// Who sells, as a record keeps it.
fn seen_seller(source: &Source, intake: &Intake<'_>, payout: &Payout<'_>) -> SeenSeller {
    let (account, placement) = match source {
        Source::Placement { placement, .. } => (None, Some(placement.as_str().to_owned())),
        Source::Ssp { account, .. } => (account.as_ref().map(|it| it.id.clone()), None),
    };
    SeenSeller {
        sid: seller_id(source, intake, payout).to_owned(),
        is_owner: payout.is_owner,
        account,
        placement,
        fee: Some(payout.fee),
        payout_currency: payout.currency,
    }
}

/// `sid` of our supply chain node: the publisher or account, else who the request says it is.
fn seller_id<'s>(source: &'s Source, intake: &'s Intake<'_>, payout: &'s Payout<'_>) -> &'s str {
    match source {
        Source::Placement { publisher, .. } => publisher.as_str(),
        Source::Ssp {
            account: Some(account),
            ..
        } => &account.id,
        Source::Ssp { account: None, .. } => {
            let request = &intake.request;
            let of_site = request.site.as_deref().and_then(|s| s.publisher.as_deref());
            let of_app = request.app.as_deref().and_then(|a| a.publisher.as_deref());
            let publisher = of_site.or(of_app).and_then(|p| p.id.as_deref());
            publisher
                .filter(|id| !id.is_empty() && id.len() <= 64)
                .unwrap_or(payout.seller)
        }
    }
}
