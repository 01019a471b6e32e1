//! Why each line item does or does not bid: the decision's own checks, all of them, as data.
//!
//! Whether a line item would bid is what the decision's own rules say of it; the failures are what the same
//! functions say one by one, the first of which may have stopped the decision. Nothing is decided a second
//! time here, and nothing is reserved or asked for.

mod conditions;
mod creatives;
mod money;
mod shown;
mod stages;
mod survey;
mod targeted;
mod words;
mod words_of_ad;
mod words_of_stream;

use conditions::{Shown, Subject};
pub use shown::{
    Absent, CapExplained, Change, ClampExplained, CreativeExplained, Explanation, Failure,
    ImpExplained, ItemExplained, Miss, ModifierExplained, MoneyExplained, PriceExplained,
    ShadingExplained, TurnExplained,
};

use stages::{Rehearsal, Stages};
use units::LineItemId;

use crate::choose::{Limits, draw};
use crate::decide::{Context, Instant, Scratch, Terms};
use crate::eligibility::{All, Ineligible, admissible};
use crate::market::{Item, Market};
use crate::opportunity::{Imp, Opportunity};
use crate::random::Random;
use crate::record::Funds;
use crate::shading::ShadingView;
use crate::user::User;

/// What is to be explained, and how much of it.
#[derive(Debug, Clone, Copy)]
pub struct Question<'q> {
    /// Only this line item.
    pub line_item: Option<&'q str>,
    /// Only line items of this campaign.
    pub campaign: Option<&'q str>,
    /// Most line items that are told of per imp, the nearest first; the rest is counted by reason.
    pub most: usize,
    /// Most imps.
    pub imps: usize,
    /// Imps on whose opportunity another request has bid, by their place in the request.
    pub claimed: &'q [usize],
}

impl Question<'_> {
    /// Whether another request has bid on the opportunity of an imp.
    fn is_claimed(&self, imp: &Imp<'_>) -> bool {
        self.claimed.contains(&imp.number)
    }
}

/// What a decision is made by.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'s> {
    /// What is offered.
    pub opportunity: &'s Opportunity<'s>,
    /// The catalog.
    pub market: &'s Market,
    /// What was found of the user.
    pub user: &'s User<'s>,
    /// The instant.
    pub at: Instant,
    /// The money, to look at only.
    pub funds: &'s Funds,
    /// The seed that decides between equals.
    pub seed: u128,
    /// How much the request may get.
    pub limits: Limits,
    /// How first-price bids are lowered; `None`: they are not.
    pub shading: Option<Shading<'s>>,
}

/// What lowers first-price bids.
#[derive(Debug, Clone, Copy)]
pub struct Shading<'s> {
    /// What was learned.
    pub view: &'s ShadingView,
    /// Name of the caller: whose auctions these are.
    pub source: &'s str,
}

/// Runs every rule on every line item that is asked for.
#[must_use]
pub fn explain(
    situation: &Situation<'_>,
    question: &Question<'_>,
    scratch: &mut Scratch,
) -> Explanation {
    let Situation {
        opportunity,
        market,
        user,
        at,
        funds,
        seed,
        limits,
        ref shading,
    } = *situation;
    let mut random = Random::new(seed);
    let draw = random.draw();
    let terms = Terms { at, limits, funds };
    let context = Context::prepare(opportunity, market, user, terms, draw, scratch);
    let mut rehearsal = Rehearsal::new(limits, random, opportunity.imps.len());
    let mut imps = Vec::new();
    for imp in opportunity.imps.iter().take(question.imps) {
        scratch.match_imp(&context, imp);
        let stages = rehearsal.go_on(&context, imp, scratch);
        imps.push(imp_explained(
            &context,
            imp,
            question,
            &stages,
            shading.as_ref(),
            scratch,
        ));
        stages.leave(&context, scratch);
    }
    Explanation {
        catalog_version: market.version,
        model: market.model.version().to_string(),
        at: at.now.to_rfc3339(),
        currency: opportunity.currency.to_string(),
        identity: opportunity.identity.label(),
        profile_found: user.profile.is_some(),
        caps_known: user.caps_are_known(),
        imps_left_out: opportunity.imps.len().saturating_sub(imps.len()),
        imps,
        absent: absent(market, question),
    }
}

fn imp_explained<'a>(
    context: &Context<'a, '_>,
    imp: &'a Imp<'a>,
    question: &Question<'_>,
    stages: &Stages,
    shading: Option<&Shading<'_>>,
    scratch: &mut Scratch,
) -> ImpExplained {
    let survey = survey::survey(context, imp, question, stages, scratch);
    let is_claimed = question.is_claimed(imp);
    let mut line_items: Vec<ItemExplained> = Vec::new();
    for met in &survey.nearest {
        stages.enter(stages.of(met.number, scratch), context, scratch);
        line_items.extend(item_explained(
            context, met, imp, is_claimed, shading, scratch,
        ));
    }
    line_items.sort_by_key(|it| (!it.would_bid, it.distance()));
    let nearest = line_items.iter().find(|it| !it.would_bid);
    ImpExplained {
        imp: imp.id.to_owned(),
        floor: format!("{} {}", imp.floor, imp.floor_currency),
        nearest_miss: nearest.and_then(|it| it.miss.clone()),
        would_bid: survey.would_bid,
        line_items,
        omitted: survey.omitted,
    }
}

fn item_explained<'a>(
    context: &Context<'a, '_>,
    met: &survey::Met,
    imp: &'a Imp<'a>,
    is_claimed: bool,
    shading: Option<&Shading<'_>>,
    scratch: &Scratch,
) -> Option<ItemExplained> {
    let number = met.number;
    let item = context.market.items.get(number)?;
    let mut failures = Vec::new();
    targeted::failures(context, item, scratch, &mut failures);
    of_line_item(context, number, item, imp, scratch, &mut failures);
    let creatives = creatives::explained(context, number, item, imp, scratch, shading);
    // The one that comes nearest speaks for the line item; the others are told of beside it.
    let best = creatives.iter().min_by_key(|it| it.distance());
    failures.extend(best.into_iter().flat_map(|it| it.failures.iter().cloned()));
    let shown = best.and_then(|best| {
        let mut all = item.creatives.iter().filter_map(|number| {
            Some(Shown {
                number: *number,
                creative: context.market.creative(*number)?,
            })
        });
        all.find(|it| it.creative.id().as_str() == best.creative)
    });
    // It was refused for its offer before anything was laid on the imp, and nothing can be.
    if met.reason == Some(Ineligible::UnderFloor) && !has(&failures, Ineligible::UnderFloor) {
        failures.extend(money::out_of_reach(
            context, number, item, imp, scratch, shading,
        ));
    }
    // What no rule says of it alone: what the request bids on, or another request did.
    let situation = context.situation(item, imp, scratch.hours());
    let claimed = is_claimed.then_some(Ineligible::DuplicateOpportunity);
    for reason in [met.reason, claimed].into_iter().flatten() {
        if !has(&failures, reason) {
            let subject = Subject {
                context,
                item,
                number,
                creative: shown,
                situation: &situation,
                taken: scratch.taken(),
            };
            failures.push(conditions::failure(reason, &subject));
        }
    }
    let reason = met.reason.map(Ineligible::label);
    // What stopped the decision stands first.
    failures.sort_by_key(|it| Some(it.rule) != reason);
    let price = best.and_then(|it| it.price.clone());
    let miss = (!met.would_bid()).then(|| Miss::of(&item.id, &failures));
    Some(ItemExplained {
        line_item: item.id.to_string(),
        campaign: item.campaign.to_string(),
        would_bid: met.would_bid(),
        reason,
        failures,
        miss,
        price,
        money: money::explained(context, item),
        arm: item
            .options
            .arm(context.user_hash)
            .and_then(|arm| item.options.arm_name(arm))
            .map(str::to_owned),
        caps: shown.map_or_else(Vec::new, |it| creatives::caps(context, item, it, scratch)),
        creatives,
    })
}

fn has(failures: &[Failure], reason: Ineligible) -> bool {
    failures.iter().any(|it| it.rule == reason.label())
}

/// Rules that are about the line item whatever is shown: flight, day parts, seats, deals, keys.
fn of_line_item<'a>(
    context: &Context<'a, '_>,
    number: usize,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
    failures: &mut Vec<Failure>,
) {
    let situation = context.situation(item, imp, scratch.hours());
    let taken = scratch.taken();
    let subject = Subject {
        context,
        item,
        number,
        creative: None,
        situation: &situation,
        taken,
    };
    let mut refused = All(Vec::from_iter(context.signed().err()));
    let deal = admissible(item, &situation, &mut refused).ok().flatten();
    if deal.is_none_or(|it| it.guar != Some(true)) {
        let arm = item.options.arm(context.user_hash);
        let choosing = [
            item.options.throttle(draw(context.seed, number)),
            item.options.hold_out(arm),
            taken.check(context.market, item, imp.number, deal.is_some()),
        ];
        refused
            .0
            .extend(choosing.into_iter().filter_map(Result::err));
    }
    // Whether a deal of its own is there at all is a key of its targeting, told there.
    let refused = refused.0.into_iter().filter(|it| *it != Ineligible::Deal);
    failures.extend(refused.map(|why| conditions::failure(why, &subject)));
}

/// What is asked for by name and cannot bid at all, with the reason.
fn absent(market: &Market, question: &Question<'_>) -> Vec<Absent> {
    let mut absent = Vec::new();
    if let Some(id) = question.line_item
        && !market.items.iter().any(|it| it.id.as_str() == id)
    {
        absent.push(Absent::of_line_item(market, id));
    }
    if let Some(id) = question.campaign {
        let of_campaign = market.idle.iter().filter(|it| it.campaign.as_str() == id);
        absent.extend(of_campaign.take(question.most).map(|it| Absent {
            line_item: Some(it.line_item.to_string()),
            campaign: Some(id.to_owned()),
            why: it.why.to_string(),
        }));
        if absent.is_empty() && !market.items.iter().any(|it| it.campaign.as_str() == id) {
            absent.push(Absent {
                line_item: None,
                campaign: Some(id.to_owned()),
                why: format!(
                    "no line item of this campaign is in the catalog (version {})",
                    market.version
                ),
            });
        }
    }
    absent
}

impl Absent {
    fn of_line_item(market: &Market, id: &str) -> Self {
        let idle = market.idle.iter().find(|it| it.line_item.as_str() == id);
        Self {
            line_item: Some(id.to_owned()),
            campaign: idle.map(|it| it.campaign.to_string()),
            why: idle.map_or_else(
                || format!("it is not in the catalog (version {})", market.version),
                |it| it.why.to_string(),
            ),
        }
    }
}

impl Miss {
    /// What all failures together would take.
    fn of(line_item: &LineItemId, failures: &[Failure]) -> Self {
        const MOST: usize = 4;
        // Where the request would have to be another, so would the price.
        let told = failures.first().and_then(|it| it.bid.clone());
        let bid = told.filter(|_| failures.iter().all(|it| it.bid.is_some()));
        let mut sentence = match &bid {
            Some(bid) => format!("{line_item} would bid {bid} if "),
            None => format!("{line_item} would bid if "),
        };
        for (at, failure) in failures.iter().take(MOST).enumerate() {
            if at > 0 {
                sentence.push_str(" and ");
            }
            sentence.push_str(&failure.condition);
        }
        if failures.len() > MOST {
            sentence.push_str(&format!(" and {} more rules let it", failures.len() - MOST));
        }
        Self {
            line_item: line_item.to_string(),
            sentence,
            changes: failures.iter().filter_map(|it| it.change.clone()).collect(),
            bid,
        }
    }
}
