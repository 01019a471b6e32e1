//! Why each line item does or does not bid: the decision's own checks, all of them, as data.

use serde::Serialize;
use units::CpmMicros;

use crate::decide::{Context, Instant, Pod, Scratch};
use crate::eligibility::{Ineligible, frequency, schedule, seat, showable, targeting};
use crate::market::{Item, Market};
use crate::opportunity::{Imp, Opportunity};
use crate::pricing;
use crate::random::Random;
use crate::record::Funds;
use crate::targeting::listed as list;
use crate::user::User;

/// What the decision on a request looked at.
#[derive(Debug, Serialize)]
pub struct Explanation {
    /// Catalog that was decided by.
    pub catalog_version: u64,
    /// Currency of bids.
    pub currency: String,
    /// Whether the user may be recognised, or why not.
    pub identity: &'static str,
    /// Whether a profile was found.
    pub profile_found: bool,
    /// Whether the user's stamps could be read.
    pub caps_known: bool,
    /// Per imp, every line item.
    pub imps: Vec<ImpExplained>,
}

/// One imp.
#[derive(Debug, Serialize)]
pub struct ImpExplained {
    /// Its id.
    pub imp: String,
    /// Line items, those that would bid first, then by how few rules refused.
    pub line_items: Vec<ItemExplained>,
    /// The refused line item that came nearest to a bid.
    pub nearest_miss: Option<String>,
}

/// One line item on one imp.
#[derive(Debug, Serialize)]
pub struct ItemExplained {
    /// Its id.
    pub line_item: String,
    /// Its campaign.
    pub campaign: String,
    /// Whether it would bid.
    pub would_bid: bool,
    /// Every rule that refused.
    pub failures: Vec<Failure>,
    /// The steps of its price, where one could be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceExplained>,
    /// What its leases here have free, in its campaign's currency.
    pub leased_free: String,
    /// Its caps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<CapExplained>,
}

/// A rule that refused.
#[derive(Debug, Serialize)]
pub struct Failure {
    /// Its name.
    pub rule: &'static str,
    /// Which creative, where the rule is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creative: Option<String>,
    /// The value that was seen.
    pub seen: String,
    /// The value that was wanted.
    pub wanted: String,
}

/// The steps of a price, as CPM in the campaign's currency.
#[derive(Debug, Serialize)]
pub struct PriceExplained {
    /// The offer.
    pub base: String,
    /// After the modifiers.
    pub modified: String,
    /// After it was raised towards the floor.
    pub raised: String,
    /// After the maximum.
    pub price: String,
    /// The floor.
    pub floor: String,
    /// Currency of all of these.
    pub currency: String,
}

/// One cap.
#[derive(Debug, Serialize)]
pub struct CapExplained {
    /// Whose impressions count.
    pub scope: String,
    /// How many are allowed.
    pub allowed: u32,
    /// How many were shown, where that is known.
    pub shown: Option<u32>,
}

/// Runs every rule on every line item.
pub fn explain(
    opportunity: &Opportunity<'_>,
    market: &Market,
    user: &User<'_>,
    at: Instant,
    funds: &Funds,
    random: &mut Random,
    scratch: &mut Scratch,
) -> Explanation {
    let seed = random.draw();
    let context = Context::prepare(opportunity, market, user, at, seed, funds, scratch);
    let mut imps = Vec::with_capacity(opportunity.imps.len());
    for imp in &opportunity.imps {
        opportunity.imp_facts(imp, scratch.facts_mut());
        context.factors_of_imp(scratch);
        let mut line_items: Vec<_> = (0..market.items.len())
            .filter_map(|number| item_explained(&context, number, imp, scratch))
            .collect();
        line_items.sort_by_key(|it| (!it.would_bid, it.failures.len()));
        let nearest_miss = line_items
            .iter()
            .find(|it| !it.would_bid)
            .map(|it| it.line_item.clone());
        imps.push(ImpExplained {
            imp: imp.id.to_owned(),
            line_items,
            nearest_miss,
        });
    }
    Explanation {
        catalog_version: market.version,
        currency: opportunity.currency.to_string(),
        identity: opportunity.identity.label(),
        profile_found: user.profile.is_some(),
        caps_known: user.caps_are_known(),
        imps,
    }
}

fn item_explained<'a>(
    context: &Context<'a, '_>,
    number: usize,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
) -> Option<ItemExplained> {
    let item = context.market.items.get(number)?;
    let mut failures = targeting_failures(context, item, scratch);
    rule_failures(context, item, imp, scratch, &mut failures);
    let price = creative_failures(context, item, imp, scratch, &mut failures);
    if failures.is_empty()
        && let Err(reason) = context.candidate(
            number,
            imp,
            Pod::of(context.opportunity, imp).as_ref(),
            scratch,
        )
    {
        failures.push(failure(reason, String::new(), String::new()));
    }
    Some(ItemExplained {
        line_item: item.id.to_string(),
        campaign: item.campaign.to_string(),
        would_bid: failures.is_empty(),
        failures,
        price,
        leased_free: item.account.free(context.at.boot).to_string(),
        caps: caps(context, item),
    })
}

fn failure(reason: Ineligible, seen: String, wanted: String) -> Failure {
    Failure {
        rule: reason.label(),
        creative: None,
        seen,
        wanted,
    }
}

fn targeting_failures(context: &Context<'_, '_>, item: &Item, scratch: &Scratch) -> Vec<Failure> {
    let view = context.view(scratch.facts(), scratch.hours());
    let terms = context.market.index.terms();
    targeting::parts(&item.rules, terms, &view)
        .filter_map(Result::err)
        .map(|it| {
            let wanted = it.wanted(&item.rules, terms);
            failure(it.reason, it.seen(terms, &view), wanted)
        })
        .collect()
}

fn rule_failures<'a>(
    context: &Context<'a, '_>,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
    failures: &mut Vec<Failure>,
) {
    let situation = context.situation(item, imp, scratch.hours());
    let request = context.opportunity.request;
    if let Err(reason) = schedule::check(item, &situation) {
        let end = item
            .ends_at
            .map_or_else(|| "open".to_owned(), |it| it.to_rfc3339());
        let seen = format!(
            "{}, day {} hour {} of its week",
            situation.now.to_rfc3339(),
            situation.hour.day,
            situation.hour.hour
        );
        let wanted = format!(
            "{} to {end}, within its day parts",
            item.starts_at.to_rfc3339()
        );
        failures.push(failure(reason, seen, wanted));
    }
    if let Err(reason) = seat::check(item, context.opportunity) {
        let allowed = list(request.wseat.iter().map(|it| &**it));
        let blocked = list(request.bseat.iter().map(|it| &**it));
        let wanted = format!("wseat {allowed}; bseat {blocked}");
        failures.push(failure(reason, item.seat.to_string(), wanted));
    }
    if let Err(reason) = crate::eligibility::deal::choose(item, imp)
        && reason != Ineligible::Deal
    {
        let offered = list(imp.deals.iter().filter_map(|it| it.id.as_deref()));
        failures.push(failure(
            reason,
            offered,
            "a deal of its own for its seat".to_owned(),
        ));
    }
}

/// What refused each creative; none of that when one can be shown. Answers the price of the first that can.
fn creative_failures<'a>(
    context: &Context<'a, '_>,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
    failures: &mut Vec<Failure>,
) -> Option<PriceExplained> {
    let situation = context.situation(item, imp, scratch.hours());
    let deal = crate::eligibility::deal::choose(item, imp).ok().flatten();
    let mut refused = Vec::new();
    for number in &item.creatives {
        let Some(creative) = context.market.creative(*number) else {
            continue;
        };
        let fit = match showable(item, creative, deal, &situation) {
            Ok(fit) => fit,
            Err(reason) => {
                let mut failure = failure(reason, offered(imp), shapes(item));
                failure.creative = Some(creative.id().to_string());
                refused.push(failure);
                continue;
            }
        };
        if let Some(zone) = context.market.zones.get(item.zone)
            && let Err(reason) =
                frequency::check(item, creative, context.user, context.at.now, zone)
        {
            let seen = if context.user.caps_are_known() {
                "its cap is met"
            } else {
                "not known"
            };
            failures.push(failure(
                reason,
                seen.to_owned(),
                "room under each cap".to_owned(),
            ));
        }
        let terms = context.terms(
            item,
            creative,
            imp,
            deal,
            &fit,
            scratch.factors(),
            scratch.hours(),
        );
        let floor = fit.floor(imp, deal);
        let rates = &context.market.rates;
        let own_floor = rates.convert_price(floor.price, floor.currency, item.currency);
        let asked = own_floor.unwrap_or(CpmMicros::ZERO);
        let mut steps = pricing::steps(terms.rule, terms.rate, terms.factor, asked);
        match context.quote(&terms, imp, deal, &fit) {
            Ok(quote) => {
                steps = quote.steps;
                if item.account.free(context.at.boot) < quote.max_cost {
                    let seen = item.account.free(context.at.boot).to_string();
                    let reason = Ineligible::BudgetExhausted;
                    failures.push(failure(reason, seen, quote.max_cost.to_string()));
                }
            }
            Err(reason) => {
                let wanted = format!("{} {}", floor.price, floor.currency);
                failures.push(failure(reason, steps.price.to_string(), wanted));
            }
        }
        return Some(PriceExplained {
            base: steps.base.to_string(),
            modified: steps.modified.to_string(),
            raised: steps.raised.to_string(),
            price: steps.price.to_string(),
            floor: own_floor.map_or_else(|| "unknown".to_owned(), |it| it.to_string()),
            currency: item.currency.to_string(),
        });
    }
    failures.append(&mut refused);
    None
}

fn offered(imp: &Imp<'_>) -> String {
    let mut out = Vec::new();
    if let Some(banner) = &imp.banner {
        out.extend(banner.sizes().map(|size| format!("banner {size}")));
    }
    let named = [
        (imp.video.is_some(), "video"),
        (imp.audio.is_some(), "audio"),
        (imp.native.is_some(), "native"),
    ];
    out.extend(named.iter().filter(|it| it.0).map(|it| it.1.to_owned()));
    list(out.iter().map(String::as_str))
}

fn shapes(item: &Item) -> String {
    use crate::index::Shape;
    let names: Vec<String> = item
        .shapes
        .iter()
        .map(|shape| match shape {
            Shape::Banner(size) => format!("banner {size}"),
            Shape::AnyBanner => "banner of any size".to_owned(),
            Shape::Video => "video".to_owned(),
            Shape::Audio => "audio".to_owned(),
            Shape::Native => "native".to_owned(),
        })
        .collect();
    list(names.iter().map(String::as_str))
}

fn caps(context: &Context<'_, '_>, item: &Item) -> Vec<CapExplained> {
    let creative = item
        .creatives
        .first()
        .and_then(|it| context.market.creative(*it));
    let (Some(creative), Some(zone)) = (creative, context.market.zones.get(item.zone)) else {
        return Vec::new();
    };
    item.scoped_caps(creative)
        .map(|(cap, scope)| CapExplained {
            scope: scope.as_str().to_owned(),
            allowed: cap.count,
            shown: context.user.stamps.map(|stamps| {
                let now = stamps.now(context.at.now);
                stamps.count(scope.as_str(), frequency::since(cap, now, zone), now)
            }),
        })
        .collect()
}
