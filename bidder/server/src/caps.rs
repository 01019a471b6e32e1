//! Frequency caps: all capped choices of a request confirmed in one script call (money.md).

use std::time::Instant;

use bidder_core::choose::Choice;
use bidder_core::decide::{Chosen, Decision};
use bidder_core::eligibility::schedule::day_start;
use bidder_core::market::{Item, Market};
use contracts::catalog::OnCapUnknown;
use units::{DurationMillis, UnixMillis};
use userstate::{CapChoice, CapLine, LineCap, Window};

use crate::worker::Worker;

/// A pending outlives its token by the fence's 30 s and 60 s more.
const PENDING_BEYOND: DurationMillis = DurationMillis::from_secs(90);

/// Per imp of the decision, the place of the choice that goes out; `None` when caps refuse all of them.
pub(crate) async fn confirm(
    worker: &Worker,
    market: &Market,
    decision: &Decision<'_>,
    user: Option<&str>,
    now: UnixMillis,
) -> Vec<Option<usize>> {
    let capped = |chosen: &&Chosen<'_>| {
        chosen
            .ranked
            .first()
            .is_some_and(|it| is_capped(market, it))
    };
    let asked: Vec<&Chosen<'_>> = decision.imps.iter().filter(capped).collect();
    if asked.is_empty() {
        return decision.imps.iter().map(|_| Some(0)).collect();
    }
    let answer = match user {
        None => None,
        Some(user) => {
            let choices: Vec<CapChoice> = asked.iter().map(|it| choice(market, it, now)).collect();
            let began = Instant::now();
            let answer = worker.users.confirm_caps(user, now, &choices).await;
            worker
                .shared
                .metrics
                .redis_duration
                .observe(began.elapsed());
            answer.ok()
        }
    };
    let mut confirmed = answer.map(Vec::into_iter);
    let place = |chosen: &Chosen<'_>| {
        if !chosen
            .ranked
            .first()
            .is_some_and(|it| is_capped(market, it))
        {
            return Some(0);
        }
        match &mut confirmed {
            Some(places) => places.next().flatten(),
            // A script that did not answer counts as refused.
            None => chosen.ranked.iter().position(|it| bids_unknown(market, it)),
        }
    };
    decision.imps.iter().map(place).collect()
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
        let cap = |(cap, scope): (
            &contracts::catalog::FrequencyCap,
            &contracts::stamps::ScopeKey,
        )| LineCap {
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
