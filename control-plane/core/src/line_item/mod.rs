//! Line items: whom, where, when, how often and for how much.

mod caps;
pub(crate) mod choosing;
mod modifiers;
mod price;
mod targeting;

use contracts::catalog::{
    Choosing, Creative, FrequencyCap, LineItem, OnCapUnknown, Pacing, Shading, Status, Targeting,
};
use serde::{Deserialize, Serialize};
use units::{CampaignId, CreativeId, LineItemId, Nanos, UnixMillis};
use utoipa::ToSchema;

pub use caps::{CapDocument, documents as cap_documents};
pub use choosing::{ArmDocument, ChoosingDocument, ExperimentDocument, RotationDocument};
pub use modifiers::{ClampDocument, ModifierDocument, documents as modifier_documents};
pub use price::{Adjustments, BidDocument, Offer, price_rule};

pub(crate) use targeting::postal_code;

use crate::edge::Edge;
use crate::fault::Faults;
use crate::form::Form;

/// What a campaign says of its line item, and a line item of itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Terms {
    /// How much.
    pub bid: Offer,
    /// What that is multiplied by, and how it is bid.
    #[serde(default)]
    pub adjustments: Adjustments,
    /// First instant it may bid.
    pub starts_at: UnixMillis,
    /// First instant it may no longer bid.
    pub ends_at: Option<UnixMillis>,
    /// How its budget is spread.
    pub pacing: Pacing,
    /// Whom and where.
    pub targeting: Targeting,
    /// How often.
    pub frequency_caps: Vec<FrequencyCap>,
    /// What to do when caps cannot be known.
    pub on_cap_unknown: OnCapUnknown,
}

impl Terms {
    /// Takes the terms out of a body; what is absent gets its default (interfaces.md, `POST /campaigns`).
    pub(crate) fn take(form: &mut Form, daily_budget: Option<Nanos>, now: UnixMillis) -> Self {
        let starts_at = form.instant("starts_at").unwrap_or(now);
        let ends_at = form.instant("ends_at");
        if ends_at.is_some_and(|end| end <= starts_at) {
            form.refuse("ends_at", "must be later than starts_at");
        }
        let pacing = form.take("pacing").unwrap_or(if ends_at.is_some() {
            Pacing::Even
        } else {
            Pacing::Asap
        });
        if pacing == Pacing::Even && ends_at.is_none() && daily_budget.is_none() {
            form.refuse("pacing", "even needs ends_at or daily_budget");
        }
        Self {
            bid: price::take(form),
            adjustments: price::take_adjustments(form),
            starts_at,
            ends_at,
            pacing,
            targeting: targeting::take(form),
            frequency_caps: caps::take(form),
            on_cap_unknown: form.take("on_cap_unknown").unwrap_or_default(),
        }
    }

    /// The terms that a line item has.
    #[must_use]
    pub fn of(item: &LineItem) -> Self {
        Self {
            bid: Offer {
                bid: item.price.bid,
                max_cpm: item.price.max_cpm,
            },
            adjustments: Adjustments {
                modifiers: item.price.modifiers.clone(),
                clamp: item.price.clamp,
                shading: item.price.shading,
            },
            starts_at: item.starts_at,
            ends_at: item.ends_at,
            pacing: item.pacing,
            targeting: item.targeting.clone(),
            frequency_caps: item.frequency_caps.clone(),
            on_cap_unknown: item.on_cap_unknown,
        }
    }

    /// Lays the terms over a line item; its id, status, epoch and creatives stay.
    pub fn apply(&self, item: &mut LineItem) {
        item.price = price_rule(self.bid, &self.adjustments);
        item.starts_at = self.starts_at;
        item.ends_at = self.ends_at;
        item.pacing = self.pacing;
        item.targeting = self.targeting.clone();
        item.frequency_caps = self.frequency_caps.clone();
        item.on_cap_unknown = self.on_cap_unknown;
    }

    /// A new line item on these terms, in its first epoch.
    #[must_use]
    pub fn line_item(
        &self,
        id: LineItemId,
        campaign: CampaignId,
        status: Status,
        creatives: Vec<CreativeId>,
    ) -> LineItem {
        let mut item = LineItem {
            id,
            campaign,
            status,
            epoch: 1,
            starts_at: self.starts_at,
            ends_at: None,
            pacing: Pacing::Asap,
            targeting: Targeting::default(),
            price: price_rule(self.bid, &self.adjustments),
            creatives,
            frequency_caps: Vec::new(),
            on_cap_unknown: OnCapUnknown::Refuse,
            choosing: Choosing::default(),
        };
        self.apply(&mut item);
        item
    }
}

/// A line item as the API shows it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineItemDocument {
    /// Its id.
    pub id: String,
    /// Its campaign.
    pub campaign_id: String,
    /// Only active ones of active campaigns bid.
    #[schema(value_type = String)]
    pub status: Status,
    /// First instant it may bid, RFC 3339.
    pub starts_at: String,
    /// First instant it may no longer bid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// `asap` or `even`.
    #[schema(value_type = String)]
    pub pacing: Pacing,
    /// How much.
    pub bid: BidDocument,
    /// What that is multiplied by.
    #[schema(value_type = Vec<Object>)]
    pub modifiers: Vec<ModifierDocument>,
    /// Bounds of the modifiers' product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clamp: Option<ClampDocument>,
    /// Whether first-price bids are lowered towards what is enough to win.
    #[schema(value_type = Object)]
    pub shading: Shading,
    /// Whom and where.
    #[schema(value_type = Object)]
    pub targeting: Targeting,
    /// How often.
    pub frequency_caps: Vec<CapDocument>,
    /// `refuse` or `bid`.
    #[schema(value_type = String)]
    pub on_cap_unknown: OnCapUnknown,
    /// Ids of what it may show.
    pub creative_ids: Vec<String>,
    /// Its part in the choice.
    #[serde(flatten)]
    pub choosing: ChoosingDocument,
}

/// The API's view of a line item.
#[must_use]
pub fn document(item: &LineItem) -> LineItemDocument {
    let terms = Terms::of(item);
    LineItemDocument {
        id: item.id.to_string(),
        campaign_id: item.campaign.to_string(),
        status: item.status,
        starts_at: item.starts_at.to_rfc3339(),
        ends_at: item.ends_at.map(UnixMillis::to_rfc3339),
        pacing: item.pacing,
        bid: BidDocument::of(terms.bid),
        modifiers: modifier_documents(&terms.adjustments.modifiers),
        clamp: terms.adjustments.clamp.map(ClampDocument::of),
        shading: terms.adjustments.shading,
        targeting: terms.targeting,
        frequency_caps: caps::documents(&item.frequency_caps),
        on_cap_unknown: item.on_cap_unknown,
        creative_ids: item.creatives.iter().map(ToString::to_string).collect(),
        choosing: choosing::document(&item.choosing),
    }
}

/// Reads a line item of `campaign`: a new one, or a patch laid over the document of `before`.
/// `known` are the creatives of the campaign's advertiser that the body may name.
///
/// # Errors
/// All [`Faults`] of the body.
pub fn read(
    mut form: Form,
    campaign: &crate::campaign::Campaign,
    before: Option<&LineItem>,
    known: &[Creative],
    edge: &mut Edge<'_>,
) -> Result<LineItem, Faults> {
    if let Some(item) = before {
        form = form.over(&document(item));
    }
    let given = form.id("id");
    if before.is_some_and(|item| given.as_deref() != Some(item.id.as_str())) {
        form.refuse("id", "cannot be changed");
    }
    if form
        .id("campaign_id")
        .is_some_and(|id| id != campaign.id.as_str())
    {
        form.refuse("campaign_id", "is another campaign than the path's");
    }
    let id = given.unwrap_or_else(|| edge.id("li"));
    let status = form.take("status").unwrap_or_default();
    let creatives: Vec<String> = form.take("creative_ids").unwrap_or_default();
    for (index, id) in creatives.iter().enumerate() {
        if !known.iter().any(|creative| creative.id.as_str() == id) {
            form.refuse_entry(
                "creative_ids",
                index,
                "is not a creative of this advertiser",
            );
        }
    }
    let terms = Terms::take(&mut form, campaign.daily_budget, edge.now);
    if before.is_none() {
        form = choosing::inherit(form, &campaign.choosing, &creatives);
    }
    let choosing = choosing::take(&mut form, &creatives);
    let creatives = creatives.into_iter().map(CreativeId::from).collect();
    let mut item = terms.line_item(id.into(), campaign.id.clone(), status, creatives);
    item.choosing = choosing;
    item.epoch = before.map_or(1, |before| {
        let stopped = crate::status::stops_leases(before.status, status);
        before.epoch.saturating_add(u64::from(stopped))
    });
    form.finish(Some(item))
}
