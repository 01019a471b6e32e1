//! May this line item bid on this imp? A list that one can read; one file per rule.
//!
//! [`targeting`] holds the rules that the index decides for all line items at once; [`admissible`] the
//! rest. The decision stops at the first refusal, the explanation hears all ([`Refusals`]).

pub mod blocklists;
pub mod deal;
pub mod demands;
pub mod fit;
pub mod frequency;
mod ineligible;
pub mod native;
pub mod quantity;
mod refusals;
pub mod review;
pub mod schedule;
pub mod seat;
pub mod secure;
mod stream;
pub mod targeting;

pub use fit::{Fit, Medium};
pub use ineligible::Ineligible;
pub use refusals::{All, First, Refusals};

use openrtb::Deal;
use units::{Multiplier, UnixMillis};

use crate::creative::Creative;
use crate::market::Item;
use crate::opportunity::{Imp, Opportunity};
use schedule::WeekHour;

/// What a rule may look at, beside the line item.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The request.
    pub opportunity: &'a Opportunity<'a>,
    /// The imp.
    pub imp: &'a Imp<'a>,
    /// The instant of the decision.
    pub now: UnixMillis,
    /// The hour of the week in the line item's time zone.
    pub hour: WeekHour,
    /// Whether our tracker URLs may stand in secure markup.
    pub trackers_are_secure: bool,
    /// The most impressions that one display may count for.
    pub most_quantity: Multiplier,
}

/// The rules on a line item that targeting has let through, cheapest first; the deal that it bids on.
///
/// # Errors
/// The rule that ended the look.
pub fn admissible<'a>(
    item: &Item,
    situation: &Situation<'a>,
    on: &mut impl Refusals,
) -> Result<Option<&'a Deal<'a>>, Ineligible> {
    on.hear(quantity::check(situation))?;
    schedule::check(item, situation, on)?;
    seat::check(item, situation.opportunity, on)?;
    let deal = on.hear(deal::choose(item, situation.imp))?;
    Ok(deal.flatten())
}

/// The rules on one creative of such a line item, and how it would be shown.
///
/// # Errors
/// The first rule that refuses.
pub fn showable(
    item: &Item,
    creative: &Creative,
    deal: Option<&Deal<'_>>,
    situation: &Situation<'_>,
    on: &mut impl Refusals,
) -> Result<Fit, Ineligible> {
    on.hear(review::check(creative, situation.opportunity))?;
    blocklists::check(creative, situation.opportunity, on)?;
    on.hear(secure::check(creative, situation))?;
    on.hear(deal::check_advertiser(creative, deal))?;
    on.hear(demands::check_imp(creative, situation.imp))?;
    fit::choose(item, creative, situation.imp, on)
}
