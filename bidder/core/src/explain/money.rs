//! What a creative would be bid at, and what its floor and its leases would have to be.

use openrtb::Deal;
use units::{CpmMicros, Nanos};

use super::{Change, Failure, MoneyExplained, PriceExplained};
use crate::creative::Creative;
use crate::decide::{Context, Scratch};
use crate::eligibility::{Fit, Ineligible, Medium, deal};
use crate::market::Item;
use crate::opportunity::{Floor, Imp};
use crate::pricing::{self, Ask, Quote, Terms};

/// A creative that can be shown.
pub(super) struct Offer<'o, 'a> {
    pub(super) item: &'o Item,
    pub(super) creative: &'o Creative,
    pub(super) imp: &'a Imp<'a>,
    pub(super) deal: Option<&'a Deal<'a>>,
    pub(super) fit: Fit,
}

/// The steps of its price. What refuses it for the price or for the money behind it is added to `failures`.
pub(super) fn priced(
    context: &Context<'_, '_>,
    offer: &Offer<'_, '_>,
    scratch: &Scratch,
    failures: &mut Vec<Failure>,
) -> Option<PriceExplained> {
    let Offer {
        item,
        creative,
        imp,
        deal,
        fit,
    } = *offer;
    let (factors, hours) = (scratch.factors(), scratch.hours());
    let terms = context.terms(item, creative, imp, deal, &fit, factors, hours);
    let ask = context.ask(imp, deal, &fit);
    let rates = &context.market.rates;
    let quoted = pricing::quote(&terms, &ask, rates);
    if let Err(reason) = quoted {
        failures.push(refused(context, reason, &terms, &ask, offer));
    }
    // The money is judged at the price that the floor allows, or would.
    let lowered = || highest_floor(context, &terms, &ask).map(|it| it.1);
    let quote = match quoted {
        Err(Ineligible::UnderFloor) => lowered(),
        quoted => quoted.ok(),
    };
    if let Some(quote) = &quote {
        failures.extend(unfunded(context, offer, quote.max_cost));
    }
    let floor = rates.convert_price(ask.floor.price, ask.floor.currency, item.currency)?;
    let steps = pricing::steps(terms.rule, terms.rate, terms.factor, floor);
    let steps = quoted.map_or(steps, |quote| quote.steps);
    Some(PriceExplained {
        rate: terms.rate.to_string(),
        base: steps.base.to_string(),
        modified: steps.modified.to_string(),
        raised: steps.raised.to_string(),
        price: steps.price.to_string(),
        floor: floor.to_string(),
        currency: item.currency.to_string(),
        bid: quoted.ok().map(|quote| quote.price.to_string()),
        max_cost: quoted.ok().map(|quote| quote.max_cost.to_string()),
    })
}

/// What the floor would have to be for an offer of which nothing can be shown: that of the imp or the deal.
pub(super) fn out_of_reach<'a>(
    context: &Context<'a, '_>,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
) -> Option<Failure> {
    let number = item.creatives.first()?;
    let offer = Offer {
        item,
        creative: context.market.creative(*number)?,
        imp,
        deal: deal::choose(item, imp).ok().flatten(),
        fit: Fit {
            medium: Medium::Banner,
            size: None,
            length: None,
            protocol: None,
        },
    };
    let mut failures = Vec::new();
    priced(context, &offer, scratch, &mut failures);
    let label = Ineligible::UnderFloor.label();
    failures.into_iter().find(|it| it.rule == label)
}

fn refused(
    context: &Context<'_, '_>,
    reason: Ineligible,
    terms: &Terms<'_>,
    ask: &Ask,
    offer: &Offer<'_, '_>,
) -> Failure {
    let Floor { price, currency } = ask.floor;
    let whose = whose_floor(offer);
    let asked = format!("{price} {currency}");
    let failure = if reason == Ineligible::FloorCurrency {
        Failure::new(
            reason,
            currency.to_string(),
            "a currency with a rate".to_owned(),
            format!("there were a rate for {currency}"),
        )
    } else if reason == Ineligible::UnderFloor
        && let Some((floor, quote)) = highest_floor(context, terms, ask)
    {
        let mut failure = Failure::new(
            reason,
            format!("{} {}", quote.price, context.opportunity.currency),
            format!("at least {asked}, {whose}"),
            format!("{whose} were <= {} {currency}", floor.price),
        );
        failure.change = Some(Change::Floor {
            at_most: floor.price.to_string(),
            currency: currency.to_string(),
        });
        failure.gap.1 = relative(price.micros() - floor.price.micros(), price.micros());
        failure
    } else {
        Failure::new(
            reason,
            "nothing".to_owned(),
            format!("above zero and at least {asked}, {whose}"),
            "its offer were above zero".to_owned(),
        )
    };
    failure.of(offer.creative)
}

/// The highest floor, in the currency of the one that is asked, at which there is a bid, and that bid.
///
/// Sought with the decision's own price step, so that it is exact to the last digit: whoever bids at a floor
/// bids at every lower one.
fn highest_floor(
    context: &Context<'_, '_>,
    terms: &Terms<'_>,
    ask: &Ask,
) -> Option<(Floor, Quote)> {
    let at = |micros: i64| {
        let floor = Floor {
            price: CpmMicros::new(micros)?,
            ..ask.floor
        };
        let quote = pricing::quote(terms, &Ask { floor, ..*ask }, &context.market.rates);
        Some((floor, quote.ok()?))
    };
    let mut best = at(0)?;
    let (mut low, mut high) = (0, ask.floor.price.micros());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match at(middle) {
            Some(bids) => {
                best = bids;
                low = middle;
            }
            None => high = middle,
        }
    }
    Some(best)
}

fn whose_floor(offer: &Offer<'_, '_>) -> String {
    let guided = offer.deal.filter(|deal| {
        deal.bidfloor.is_some() || deal.mincpmpersec.is_some() || !deal.durfloors.is_empty()
    });
    match (guided.and_then(|it| it.id.as_deref()), offer.fit.length) {
        (Some(id), _) => format!("the floor of deal {id}"),
        (None, Some(length)) if offer.fit.floor(offer.imp, None).price != offer.imp.floor => {
            format!("the floor for {length} seconds")
        }
        (None, _) => "the floor".to_owned(),
    }
}

/// `None` when one of its leases has the cost free.
fn unfunded(context: &Context<'_, '_>, offer: &Offer<'_, '_>, cost: Nanos) -> Option<Failure> {
    let account = &offer.item.account;
    let checked = context.funds.check(account, cost, context.at.boot);
    let reason = Ineligible::from(checked.err()?);
    if reason == Ineligible::Throttled {
        let guaranteed = offer.deal.is_some_and(|it| it.guar == Some(true));
        return (!guaranteed).then(|| {
            Failure::new(
                reason,
                "held back at this instant".to_owned(),
                "within its pace".to_owned(),
                "its pace allowed a bid at this instant".to_owned(),
            )
        });
    }
    let currency = offer.item.currency;
    let free = context.funds.free(account, context.at.boot);
    let more = Nanos(cost.0.saturating_sub(free.0));
    let condition = if reason == Ineligible::LeasePending {
        format!("it had a lease of {more} {currency} on this bidder")
    } else {
        format!("its budget had {more} {currency} more on this bidder")
    };
    let mut failure = Failure::new(
        reason,
        format!("{free} {currency} free"),
        format!("{cost} {currency}"),
        condition,
    );
    failure.change = Some(Change::Budget {
        more: more.to_string(),
        currency: currency.to_string(),
    });
    failure.gap.1 = relative(more.0, cost.0);
    Some(failure)
}

/// A part of a whole in millionths.
fn relative(part: i64, whole: i64) -> i64 {
    let millionths = i128::from(part) * 1_000_000;
    let share = millionths.checked_div(i128::from(whole)).unwrap_or(0);
    i64::try_from(share).unwrap_or(i64::MAX)
}

/// A line item's money on this bidder.
pub(super) fn explained(context: &Context<'_, '_>, item: &Item) -> MoneyExplained {
    let now = context.at.boot;
    MoneyExplained {
        leased_free: item.account.free(now).to_string(),
        most_free: context.funds.free(&item.account, now).to_string(),
        currency: item.currency.to_string(),
    }
}
