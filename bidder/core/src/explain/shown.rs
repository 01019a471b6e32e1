//! An explanation as it is told.

use std::collections::BTreeMap;

use serde::Serialize;

use super::conditions;
use crate::creative::Creative;
use crate::eligibility::Ineligible;

/// What the decision on a request looked at.
#[derive(Debug, Clone, Serialize)]
pub struct Explanation {
    /// Catalog that was decided by.
    pub catalog_version: u64,
    /// Model whose rates CPC and CPA offers are priced by.
    pub model: String,
    /// The instant, RFC 3339.
    pub at: String,
    /// Currency of bids.
    pub currency: String,
    /// Whether the user may be recognised, or why not.
    pub identity: &'static str,
    /// Whether a profile was found.
    pub profile_found: bool,
    /// Whether the user's stamps could be read.
    pub caps_known: bool,
    /// Per imp, the line items.
    pub imps: Vec<ImpExplained>,
    /// Imps beyond those that are told of.
    pub imps_left_out: usize,
    /// What was asked for by name and cannot bid on anything.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<Absent>,
}

/// One imp.
#[derive(Debug, Clone, Serialize)]
pub struct ImpExplained {
    /// Its id.
    pub imp: String,
    /// `bidfloor` with its currency.
    pub floor: String,
    /// How many line items would bid.
    pub would_bid: usize,
    /// What the refused line item would take that came nearest to a bid.
    pub nearest_miss: Option<Miss>,
    /// Line items, those that would bid first, then the nearest misses.
    pub line_items: Vec<ItemExplained>,
    /// How many more were refused, by the reason that stopped the decision; `bids` for those that would bid.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub omitted: BTreeMap<&'static str, usize>,
}

/// One line item on one imp.
#[derive(Debug, Clone, Serialize)]
pub struct ItemExplained {
    /// Its id.
    pub line_item: String,
    /// Its campaign.
    pub campaign: String,
    /// Whether it would bid.
    pub would_bid: bool,
    /// What stopped the decision: the reason that is counted in `no_bid_reasons`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Every rule that refused, that reason first.
    pub failures: Vec<Failure>,
    /// What it would take, in one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub miss: Option<Miss>,
    /// The steps of its price, where one could be made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceExplained>,
    /// Its money on this bidder.
    pub money: MoneyExplained,
    /// The arm of its experiment that the user is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// Its caps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub caps: Vec<CapExplained>,
    /// Its creatives, each with what refused it.
    pub creatives: Vec<CreativeExplained>,
}

/// A rule that refused.
#[derive(Debug, Clone, Serialize)]
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
    /// What would have to hold, as the end of "it would bid if …".
    #[serde(rename = "if")]
    pub condition: String,
    /// What would mend it, where that is a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// What would be bid if it passed, in words; of rules about the price and the money behind it.
    #[serde(skip)]
    pub(super) bid: Option<String>,
    /// How far it is from passing: the kind of rule, then the gap in millionths.
    #[serde(skip)]
    pub(super) gap: (u8, i64),
}

/// What a line item would take.
#[derive(Debug, Clone, Serialize)]
pub struct Miss {
    /// Which line item.
    pub line_item: String,
    /// In one sentence.
    pub sentence: String,
    /// The numbers in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// What would then be bid, after shading, in the response's currency; absent where the price would be
    /// another because the request would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid: Option<String>,
}

/// A number that would make a rule pass, exact to the last digit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// The floor that bids are compared with is at most this.
    Floor {
        /// Highest CPM.
        at_most: String,
        /// Its currency.
        currency: String,
    },
    /// One of its leases has this much more.
    Budget {
        /// How much more.
        more: String,
        /// The campaign's currency.
        currency: String,
    },
}

/// The steps of a price, as CPM in the campaign's currency.
#[derive(Debug, Clone, Serialize)]
pub struct PriceExplained {
    /// Clicks or conversions per impression that the offer is multiplied by; 1 for a CPM.
    pub rate: String,
    /// Whose rate it is.
    pub model: String,
    /// The offer.
    pub base: String,
    /// Every modifier of the rule, in the order in which they are multiplied.
    pub modifiers: Vec<ModifierExplained>,
    /// Their product.
    pub factor: String,
    /// What bounds the product, where something does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clamp: Option<ClampExplained>,
    /// After the modifiers.
    pub modified: String,
    /// What the floor is multiplied by to raise a lower offer to; absent where it is not raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raise_to_floor: Option<String>,
    /// After it was raised towards the floor.
    pub raised: String,
    /// The maximum.
    pub max_cpm: String,
    /// After the maximum.
    pub price: String,
    /// The floor.
    pub floor: String,
    /// Currency of all of these.
    pub currency: String,
    /// How the bid was lowered, where the line item wants that and the winner pays what it bids.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shading: Option<ShadingExplained>,
    /// The bid in the response's currency, after shading.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bid: Option<String>,
    /// The most that one display can cost, in the campaign's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<String>,
}

/// One modifier.
#[derive(Debug, Clone, Serialize)]
pub struct ModifierExplained {
    /// Its key.
    pub key: &'static str,
    /// The value that it saw.
    pub seen: String,
    /// What it multiplies by.
    pub factor: String,
}

/// The bounds of a product of modifiers.
#[derive(Debug, Clone, Serialize)]
pub struct ClampExplained {
    /// The least.
    pub min: String,
    /// The most.
    pub max: String,
    /// The product within them.
    pub factor: String,
}

/// How a bid was lowered, in the response's currency.
#[derive(Debug, Clone, Serialize)]
pub struct ShadingExplained {
    /// Before.
    pub stated: String,
    /// After.
    pub price: String,
    /// What the price was learned for, or why it is the stated one.
    pub by: &'static str,
    /// When something was last heard of that: the version of what was learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned_until: Option<String>,
}

/// A line item's money on this bidder, in its campaign's currency.
#[derive(Debug, Clone, Serialize)]
pub struct MoneyExplained {
    /// What all its leases here have free.
    pub leased_free: String,
    /// The most that any one of them has free: a bid is paid from one.
    pub most_free: String,
    /// Currency of both.
    pub currency: String,
}

/// One cap.
#[derive(Debug, Clone, Serialize)]
pub struct CapExplained {
    /// Whose impressions count.
    pub scope: String,
    /// How many are allowed.
    pub allowed: u32,
    /// Since when they count, RFC 3339.
    pub since: String,
    /// How many were shown, where that is known.
    pub shown: Option<u32>,
    /// How many bids on other imps of this request count, too.
    #[serde(skip_serializing_if = "is_zero")]
    pub held: u32,
}

/// One creative of a line item on one imp.
#[derive(Debug, Clone, Serialize)]
pub struct CreativeExplained {
    /// Its id.
    pub creative: String,
    /// Its chance to be tried first, where the model decides on that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<TurnExplained>,
    /// Every rule that refused it.
    pub failures: Vec<Failure>,
    /// The steps of its price, where it can be shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<PriceExplained>,
}

/// A creative's part in rotation by the model.
#[derive(Debug, Clone, Serialize)]
pub struct TurnExplained {
    /// Its rate of clicks or conversions, by the model.
    pub rate: String,
    /// Its chance to be tried first.
    pub chance: String,
}

/// Something that was asked for by name and cannot bid.
#[derive(Debug, Clone, Serialize)]
pub struct Absent {
    /// Which line item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line_item: Option<String>,
    /// Which campaign.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// Why.
    pub why: String,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Failure {
    pub(super) fn new(reason: Ineligible, seen: String, wanted: String, condition: String) -> Self {
        Self {
            rule: reason.label(),
            creative: None,
            seen,
            wanted,
            condition,
            change: None,
            bid: None,
            gap: (conditions::hardness(reason), 0),
        }
    }

    pub(super) fn of(mut self, creative: &Creative) -> Self {
        self.creative = Some(creative.id().to_string());
        self
    }
}

/// How far a list of failures is from none: how many, then the hardest, then the widest gap.
type Distance = (usize, u8, i64);

fn distance(failures: &[Failure]) -> Distance {
    let gaps = failures.iter().map(|it| it.gap);
    let (kind, gap) = gaps.max().unwrap_or_default();
    (failures.len(), kind, gap)
}

impl ItemExplained {
    pub(super) fn distance(&self) -> Distance {
        distance(&self.failures)
    }
}

impl CreativeExplained {
    pub(super) fn distance(&self) -> Distance {
        distance(&self.failures)
    }
}
