//! What refuses each creative of a line item, and what it would be bid at.

use contracts::catalog::FrequencyCap;
use units::Probability;

use super::conditions::{Shown, Subject};
use super::money::{self, Offer};
use super::{CapExplained, CreativeExplained, Failure, Shading, TurnExplained, conditions};
use crate::choose::draw;
use crate::decide::{Context, Pod, Scratch, fits};
use crate::eligibility::{All, Ineligible, deal, frequency, showable};
use crate::market::Item;
use crate::opportunity::Imp;

/// More creatives of one line item are not told of.
const MOST: usize = 64;

/// A creative of a line item on an imp.
struct Case<'c, 'a> {
    item: &'c Item,
    /// The line item's number in the market.
    number: usize,
    shown: Shown<'c>,
    imp: &'a Imp<'a>,
}

/// In the order in which the decision tries them; behind these the others, which have no turn.
pub(super) fn explained<'a>(
    context: &Context<'a, '_>,
    number: usize,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
    shading: Option<&Shading<'_>>,
) -> Vec<CreativeExplained> {
    let arm = item.options.arm(context.user_hash);
    let draw = draw(context.seed, number);
    let rate = |by, place| context.creative_rate(item, imp, by, place);
    let chances = item.options.chances(item.creatives.len(), arm, rate);
    let turn = |place: usize| {
        let chance = u32::try_from(*chances.get(place)?).ok()?;
        let rate = rate(item.options.rotation?.by, place);
        Some(TurnExplained {
            rate: rate.to_string(),
            chance: Probability::new(chance.saturating_mul(1_000))?.to_string(),
        })
    };
    let turns: Vec<usize> = item
        .options
        .turns(item.creatives.len(), arm, draw, rate)
        .collect();
    let others = (0..item.creatives.len()).filter(|place| !turns.contains(place));
    let places = turns.iter().copied().map(|place| (place, true));
    let places = places.chain(others.map(|place| (place, false)));
    let told = places.take(MOST).filter_map(|(place, has_turn)| {
        let creative_number = *item.creatives.get(place)?;
        let case = Case {
            item,
            number,
            shown: Shown {
                number: creative_number,
                creative: context.market.creative(creative_number)?,
            },
            imp,
        };
        Some(CreativeExplained {
            turn: turn(place),
            ..of_creative(context, &case, has_turn, scratch, shading)
        })
    });
    told.collect()
}

fn of_creative<'a>(
    context: &Context<'a, '_>,
    case: &Case<'_, 'a>,
    has_turn: bool,
    scratch: &Scratch,
    shading: Option<&Shading<'_>>,
) -> CreativeExplained {
    let Case {
        item,
        number,
        shown,
        imp,
    } = *case;
    let creative = shown.creative;
    let situation = context.situation(item, imp, scratch.hours());
    let deal = deal::choose(item, imp).ok().flatten();
    let subject = Subject {
        context,
        item,
        number,
        creative: Some(shown),
        situation: &situation,
        taken: scratch.taken(),
    };
    let mut refused = All::default();
    let fit = showable(item, creative, deal, &situation, &mut refused);
    if let (Ok(fit), Some(pod)) = (fit, Pod::of(context.opportunity, imp)) {
        refused.0.extend(fits(&fit, &pod).err());
        let taken = scratch.taken();
        let apart = taken.separate(context.market, creative, shown.number, &pod);
        refused.0.extend(apart.err());
    }
    refused.0.extend((!has_turn).then_some(Ineligible::NoTurn));
    let refused = refused.0.into_iter();
    let mut failures = Vec::new();
    failures.extend(refused.map(|why| conditions::failure(why, &subject)));
    failures.extend(cap_failure(context, item, shown, scratch));
    let price = fit.ok().and_then(|fit| {
        let offer = Offer {
            item,
            number,
            creative,
            imp,
            deal,
            fit,
        };
        money::priced(context, &offer, scratch, shading, &mut failures)
    });
    CreativeExplained {
        creative: creative.id().to_string(),
        turn: None,
        failures,
        price,
    }
}

fn cap_failure(
    context: &Context<'_, '_>,
    item: &Item,
    shown: Shown<'_>,
    scratch: &Scratch,
) -> Option<Failure> {
    let creative = shown.creative;
    let zone = context.market.zones.get(item.zone)?;
    let taken = scratch.taken();
    let held = |cap: &FrequencyCap| taken.count(context.market, cap, item, shown.number);
    let (user, now) = (context.user, context.at.now);
    let reason = frequency::check_with(item, creative, user, now, zone, held).err()?;
    if reason != Ineligible::CapMet {
        let failure = Failure::new(
            reason,
            "not known".to_owned(),
            "known".to_owned(),
            "it were known what the user has seen".to_owned(),
        );
        return Some(failure.of(creative));
    }
    let caps = caps(context, item, shown, scratch);
    let is_met = |it: &&CapExplained| it.shown.unwrap_or(0).saturating_add(it.held) >= it.allowed;
    let met = caps.iter().find(is_met)?;
    let (scope, allowed, shown) = (&met.scope, met.allowed, met.shown.unwrap_or(0));
    let (seen, condition) = match met.held {
        0 => (
            format!("{shown} of {scope}"),
            format!(
                "the user had seen {scope} fewer than {allowed} times since {}",
                met.since
            ),
        ),
        held => (
            format!("{shown} of {scope}, and {held} in this request"),
            format!(
                "{scope} were seen, or bid on in this request, fewer than {allowed} times since {}",
                met.since
            ),
        ),
    };
    let failure = Failure::new(reason, seen, format!("fewer than {allowed}"), condition);
    Some(failure.of(creative))
}

/// The caps of a bid with this creative.
pub(super) fn caps(
    context: &Context<'_, '_>,
    item: &Item,
    shown: Shown<'_>,
    scratch: &Scratch,
) -> Vec<CapExplained> {
    let Some(zone) = context.market.zones.get(item.zone) else {
        return Vec::new();
    };
    let stamps = context.user.stamps.filter(|_| context.user.key.is_some());
    let now = stamps.map_or(context.at.now, |it| it.now(context.at.now));
    let taken = scratch.taken();
    item.scoped_caps(shown.creative)
        .map(|(cap, scope)| {
            let since = frequency::since(cap, now, zone);
            CapExplained {
                scope: scope.as_str().to_owned(),
                allowed: cap.count,
                since: since.to_rfc3339(),
                shown: stamps.map(|it| it.count(scope.as_str(), since, now)),
                held: taken.count(context.market, cap, item, shown.number),
            }
        })
        .collect()
}
