//! What refuses each creative of a line item, and what it would be bid at.

use units::Probability;

use super::conditions::Subject;
use super::money::{self, Offer};
use super::{CapExplained, CreativeExplained, Failure, TurnExplained, conditions};
use crate::creative::Creative;
use crate::decide::{Context, Pod, Scratch, fits};
use crate::eligibility::{All, Ineligible, deal, frequency, showable};
use crate::market::Item;
use crate::opportunity::Imp;

/// More creatives of one line item are not told of.
const MOST: usize = 64;

pub(super) fn explained<'a>(
    context: &Context<'a, '_>,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
) -> Vec<CreativeExplained> {
    let arm = item.options.arm(context.user_hash);
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
    let numbers = item.creatives.iter().take(MOST).enumerate();
    numbers
        .filter_map(|(place, number)| {
            let creative = context.market.creative(*number)?;
            Some(CreativeExplained {
                turn: turn(place),
                ..of_creative(context, item, creative, imp, scratch)
            })
        })
        .collect()
}

fn of_creative<'a>(
    context: &Context<'a, '_>,
    item: &Item,
    creative: &Creative,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
) -> CreativeExplained {
    let situation = context.situation(item, imp, scratch.hours());
    let deal = deal::choose(item, imp).ok().flatten();
    let mut failures = Vec::new();
    let subject = Subject {
        item,
        creative: Some(creative),
        situation: &situation,
    };
    let mut refused = All::default();
    let fit = showable(item, creative, deal, &situation, &mut refused);
    if let (Ok(fit), Some(pod)) = (fit, Pod::of(context.opportunity, imp)) {
        refused.0.extend(fits(&fit, &pod).err());
    }
    let refused = refused.0.into_iter();
    failures.extend(refused.map(|why| conditions::failure(why, &subject)));
    failures.extend(cap_failure(context, item, creative));
    let price = fit.ok().and_then(|fit| {
        let offer = Offer {
            item,
            creative,
            imp,
            deal,
            fit,
        };
        money::priced(context, &offer, scratch, &mut failures)
    });
    CreativeExplained {
        creative: creative.id().to_string(),
        turn: None,
        failures,
        price,
    }
}

fn cap_failure(context: &Context<'_, '_>, item: &Item, creative: &Creative) -> Option<Failure> {
    let zone = context.market.zones.get(item.zone)?;
    let reason = frequency::check(item, creative, context.user, context.at.now, zone).err()?;
    if reason != Ineligible::CapMet {
        let failure = Failure::new(
            reason,
            "not known".to_owned(),
            "known".to_owned(),
            "it were known what the user has seen".to_owned(),
        );
        return Some(failure.of(creative));
    }
    let caps = caps(context, item, creative);
    let met = caps
        .iter()
        .find(|it| it.shown.is_some_and(|shown| shown >= it.allowed))?;
    let (scope, allowed) = (&met.scope, met.allowed);
    let failure = Failure::new(
        reason,
        format!("{} of {scope}", met.shown.unwrap_or(0)),
        format!("fewer than {allowed}"),
        format!(
            "the user had seen {scope} fewer than {allowed} times since {}",
            met.since
        ),
    );
    Some(failure.of(creative))
}

/// The caps of a bid with this creative.
pub(super) fn caps(
    context: &Context<'_, '_>,
    item: &Item,
    creative: &Creative,
) -> Vec<CapExplained> {
    let Some(zone) = context.market.zones.get(item.zone) else {
        return Vec::new();
    };
    let stamps = context.user.stamps.filter(|_| context.user.key.is_some());
    let now = stamps.map_or(context.at.now, |it| it.now(context.at.now));
    item.scoped_caps(creative)
        .map(|(cap, scope)| {
            let since = frequency::since(cap, now, zone);
            CapExplained {
                scope: scope.as_str().to_owned(),
                allowed: cap.count,
                since: since.to_rfc3339(),
                shown: stamps.map(|it| it.count(scope.as_str(), since, now)),
            }
        })
        .collect()
}
