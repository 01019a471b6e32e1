//! Frequency caps: all capped choices of a request confirmed in one script call (money.md).

use std::time::Instant;

use bidder_core::choose::Choice;
use bidder_core::decide::{Chosen, Decision};
use bidder_core::eligibility::schedule::day_start;
use bidder_core::market::{Item, Market};
use contracts::catalog::{FrequencyCap, OnCapUnknown};
use contracts::stamps::ScopeKey;
use units::{DurationMillis, UnixMillis};
use userstate::{CapChoice, CapLine, LineCap, Window};

use crate::duplicates::Claims;
use crate::worker::Worker;

/// A pending outlives its token by the fence's 30 s and 60 s more.
const PENDING_BEYOND: DurationMillis = DurationMillis::from_secs(90);

/// When caps are asked, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// When.
    pub(crate) now: UnixMillis,
    /// For a test, of which no impression comes: nothing is left with the user.
    pub(crate) test: bool,
}

/// Per bid of the decision, the place of the choice that goes out; `None` when caps refuse all of them, or
/// another request bid on the opportunity.
pub(crate) async fn confirm(
    worker: &Worker,
    market: &Market,
    decision: &Decision<'_>,
    claims: &Claims,
    user: Option<&str>,
    at: Asked,
) -> Vec<Option<usize>> {
    let now = at.now;
    let first = |chosen: &Chosen<'_>| {
        chosen
            .ranked
            .first()
            .is_some_and(|it| is_capped(market, it))
    };
    let ways: Vec<Way> = decision
        .imps
        .iter()
        .enumerate()
        .map(|(at, chosen)| match claims.denies(at) {
            true => Way::Out,
            false if first(chosen) => Way::Asked,
            false => Way::Certain,
        })
        .collect();
    let asked = || {
        let asked = decision.imps.iter().zip(&ways);
        asked.filter_map(|(chosen, way)| matches!(way, Way::Asked).then_some(chosen))
    };
    let mut confirmed = None;
    if let Some(user) = user
        && asked().next().is_some()
    {
        let choices: Vec<CapChoice> = asked().map(|it| choice(market, it, now)).collect();
        let began = Instant::now();
        let answer = match at.test {
            false => worker.users.confirm_caps(user, now, &choices).await,
            true => worker.users.try_caps(user, now, &choices).await,
        };
        let metrics = &worker.shared.metrics;
        metrics.redis_duration.observe(began.elapsed());
        confirmed = answer.ok();
    }
    // A script that did not answer counts as refused.
    let confirmed = confirmed.unwrap_or_else(|| {
        let asked: Vec<&Chosen<'_>> = asked().collect();
        places_unknown(market, &asked)
    });
    let mut confirmed = confirmed.into_iter();
    let place = |way: &Way| match way {
        Way::Out => None,
        Way::Certain => Some(0),
        Way::Asked => confirmed.next().flatten(),
    };
    ways.iter().map(place).collect()
}

/// How it is decided whether a bid goes out.
enum Way {
    /// It does not.
    Out,
    /// Its first choice does.
    Certain,
    /// Caps say which choice.
    Asked,
}

/// What goes out where caps cannot be known: what has none, and what bids all the same, as often as its caps
/// allow within the request.
fn places_unknown(market: &Market, asked: &[&Chosen<'_>]) -> Vec<Option<usize>> {
    let mut out: Vec<&Choice<'_>> = Vec::new();
    let mut places = Vec::with_capacity(asked.len());
    for chosen in asked {
        let has_room = |choice: &Choice<'_>| {
            let counted = |scope: &ScopeKey| {
                let counts =
                    |it: &&&Choice<'_>| scopes(market, it).any(|(_, other)| other == scope);
                out.iter().filter(counts).count()
            };
            bids_unknown(market, choice)
                && scopes(market, choice).all(|(cap, scope)| counted(scope) < cap.count as usize)
        };
        let place = chosen.ranked.iter().position(has_room);
        out.extend(place.and_then(|it| chosen.ranked.get(it)));
        places.push(place);
    }
    places
}

/// The caps of a choice, each with whose impressions it counts.
fn scopes<'m>(
    market: &'m Market,
    choice: &Choice<'_>,
) -> impl Iterator<Item = (&'m FrequencyCap, &'m ScopeKey)> {
    let found = item(market, choice).zip(market.creative(choice.candidate.creative));
    found
        .into_iter()
        .flat_map(|(item, creative)| item.scoped_caps(creative))
}

fn item<'m>(market: &'m Market, choice: &Choice<'_>) -> Option<&'m Item> {
    market.items.get(choice.candidate.item)
}

fn is_capped(market: &Market, choice: &Choice<'_>) -> bool {
    item(market, choice).is_some_and(|it| !it.caps.is_empty())
}

fn bids_unknown(market: &Market, choice: &Choice<'_>) -> bool {
    item(market, choice)
        .is_some_and(|it| it.caps.is_empty() || it.on_cap_unknown == OnCapUnknown::Bid)
}

fn choice(market: &Market, chosen: &Chosen<'_>, now: UnixMillis) -> CapChoice {
    let line = |choice: &Choice<'_>| {
        let item = item(market, choice)?;
        let creative = market.creative(choice.candidate.creative)?;
        let zone = market.zones.get(item.zone)?;
        let cap = |(cap, scope): (&FrequencyCap, &ScopeKey)| LineCap {
            scope: scope.clone(),
            count: cap.count,
            window: Window::of(cap.window, day_start(now, zone)),
        };
        Some(CapLine {
            bid: choice.bid,
            caps: item.scoped_caps(creative).map(cap).collect(),
            pending_until: choice.reservation.settle_by().after(PENDING_BEYOND),
        })
    };
    CapChoice {
        ranked: chosen.ranked.iter().filter_map(line).collect(),
    }
}
