//! What a creative would be bid at, and what its floor and its leases would have to be.

use openrtb::Deal;
use units::{CpmMicros, Nanos};

use super::{
    Change, ClampExplained, Failure, ModifierExplained, MoneyExplained, PriceExplained, Shading,
    ShadingExplained,
};
use crate::choose::draw;
use crate::creative::Creative;
use crate::decide::{Context, Scratch};
use crate::eligibility::{Fit, Ineligible, Medium, deal};
use crate::market::Item;
use crate::opportunity::{Floor, Imp};
use crate::pricing::{self, Applied, Ask, Factor, ModifierSet, Quote, Terms};
use crate::shading::{Looked, Stated};

/// A creative that can be shown.
pub(super) struct Offer<'o, 'a> {
    pub(super) item: &'o Item,
    /// The line item's number in the market.
    pub(super) number: usize,
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
    shading: Option<&Shading<'_>>,
    failures: &mut Vec<Failure>,
) -> Option<PriceExplained> {
    let Offer {
        item,
        creative,
        imp,
        deal,
        fit,
        ..
    } = *offer;
    let (factors, hours) = (scratch.factors(), scratch.hours());
    let terms = context.terms(item, creative, imp, deal, &fit, factors, hours);
    let ask = context.ask(imp, deal, &fit);
    let rates = &context.market.rates;
    let quoted = pricing::quote(&terms, &ask, rates);
    // The money is judged at the price that the floor allows, or would.
    let reachable = match quoted {
        Err(Ineligible::UnderFloor) => highest_floor(context, &terms, &ask),
        quoted => quoted.ok().map(|quote| (ask.floor, quote)),
    };
    let lowered = reachable.and_then(|(_, quote)| shaded(context, offer, &quote, shading));
    let bid = reachable.map(|(_, quote)| {
        let price = lowered.as_ref().map(|it| it.1);
        price.unwrap_or(quote.price)
    });
    let told = bid.map(|bid| format!("{bid} {}", context.opportunity.currency));
    if let Err(reason) = quoted {
        let mut failure = refused(context, reason, reachable, bid, &ask, offer);
        failure.bid.clone_from(&told);
        failures.push(failure);
    }
    if let Some((_, quote)) = &reachable {
        let mut failure = unfunded(context, offer, quote.max_cost);
        if let Some(failure) = &mut failure {
            failure.bid.clone_from(&told);
        }
        failures.extend(failure);
    }
    let floor = rates.convert_price(ask.floor.price, ask.floor.currency, item.currency)?;
    let steps = pricing::steps(terms.rule, terms.rate, terms.factor, floor);
    let steps = quoted.map_or(steps, |quote| quote.steps);
    let set = context.market.modifier_sets.get(item.modifiers);
    let shown = Context::shown(item, deal, &fit, hours);
    let of_imp = factors.get(item.modifiers).copied().unwrap_or(Factor::ONE);
    let product = set.map_or(of_imp, |set| set.product(of_imp, &shown));
    let applied = set.map(|set| set.applied(context.priced, scratch.facts(), &shown));
    let clamp = set.and_then(ModifierSet::clamp);
    let is_bid = quoted.is_ok();
    Some(PriceExplained {
        rate: terms.rate.to_string(),
        model: context.market.model.version().to_string(),
        base: steps.base.to_string(),
        modifiers: applied
            .into_iter()
            .flatten()
            .map(ModifierExplained::of)
            .collect(),
        factor: product.to_string(),
        clamp: clamp.map(|clamp| ClampExplained {
            min: clamp.min.to_string(),
            max: clamp.max.to_string(),
            factor: terms.factor.to_string(),
        }),
        modified: steps.modified.to_string(),
        raise_to_floor: terms.rule.raise_to_floor.map(|it| it.to_string()),
        raised: steps.raised.to_string(),
        max_cpm: terms.rule.max_cpm.to_string(),
        price: steps.price.to_string(),
        floor: floor.to_string(),
        currency: item.currency.to_string(),
        shading: lowered.map(|it| it.0),
        bid: bid.filter(|_| is_bid).map(|it| it.to_string()),
        max_cost: quoted.ok().map(|quote| quote.max_cost.to_string()),
    })
}

impl ModifierExplained {
    fn of(applied: Applied) -> Self {
        Self {
            key: applied.key,
            seen: applied.seen,
            factor: applied.factor.to_string(),
        }
    }
}

/// How the decision would lower a bid, and to what; `None` where it would not.
fn shaded(
    context: &Context<'_, '_>,
    offer: &Offer<'_, '_>,
    quote: &Quote,
    shading: Option<&Shading<'_>>,
) -> Option<(ShadingExplained, CpmMicros)> {
    let shading = shading?;
    let stated = Stated {
        item: offer.item,
        fit: &offer.fit,
        deal: offer.deal,
        price: quote.price,
        floor: quote.floor,
        draw: draw(context.seed, offer.number),
    };
    let mut looked = None;
    let (opportunity, market) = (context.opportunity, context.market);
    let lowered = stated.shaded(opportunity, market, shading.source, |question| {
        let found = shading.view.look(question, context.at.now);
        looked = Some(found);
        match found {
            Looked::Learned { price, .. } => Some(price),
            Looked::Explores | Looked::TooLittle => None,
        }
    });
    let (by, until) = match looked? {
        Looked::Explores => ("as stated: this one explores", None),
        Looked::TooLittle => ("as stated: too little is known", None),
        Looked::Learned { scope, until, .. } => (scope, Some(until.to_rfc3339())),
    };
    let price = lowered.unwrap_or(quote.price);
    let explained = ShadingExplained {
        stated: quote.price.to_string(),
        price: price.to_string(),
        by,
        learned_until: until,
    };
    Some((explained, price))
}

/// What the floor would have to be for an offer of which nothing can be shown: that of the imp or the deal.
pub(super) fn out_of_reach<'a>(
    context: &Context<'a, '_>,
    number: usize,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
    shading: Option<&Shading<'_>>,
) -> Option<Failure> {
    let first = item.creatives.first()?;
    let offer = Offer {
        item,
        number,
        creative: context.market.creative(*first)?,
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
    priced(context, &offer, scratch, shading, &mut failures);
    let label = Ineligible::UnderFloor.label();
    failures.into_iter().find(|it| it.rule == label)
}

fn refused(
    context: &Context<'_, '_>,
    reason: Ineligible,
    reachable: Option<(Floor, Quote)>,
    bid: Option<CpmMicros>,
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
        && let Some((floor, quote)) = reachable
    {
        let mut failure = Failure::new(
            reason,
            format!(
                "{} {}",
                bid.unwrap_or(quote.price),
                context.opportunity.currency
            ),
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
