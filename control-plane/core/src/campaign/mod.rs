//! Campaigns: a budget, a flight and the terms of what runs on it.

mod document;
mod edit;
mod read;

use contracts::catalog::{self, Advertiser, Choosing, Status};
use serde::{Deserialize, Serialize};
use units::{AdvertiserId, CampaignId, Currency, Nanos};

pub use document::{CampaignDocument, Parts, Stamps, document};
pub use edit::{Edited, edit};
pub use read::{Made, named_creatives, read};

use crate::form::Form;
use crate::line_item::Terms;

/// A campaign as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Its id.
    pub id: CampaignId,
    /// Its name.
    pub name: String,
    /// Who pays.
    pub advertiser: AdvertiserId,
    /// Only active ones bid.
    pub status: Status,
    /// Currency of its budget and prices.
    pub currency: Currency,
    /// IANA time zone of its days.
    pub time_zone: String,
    /// Lifetime total.
    pub budget: Nanos,
    /// Total of one day.
    pub daily_budget: Option<Nanos>,
    /// The terms of its own line item, which follows them.
    pub terms: Terms,
    /// Its line items' part in the choice, where they do not say otherwise.
    #[serde(default, skip_serializing_if = "Choosing::is_default")]
    pub choosing: Choosing,
}

impl Campaign {
    /// What the data planes are told of it.
    #[must_use]
    pub fn published(&self) -> catalog::Campaign {
        catalog::Campaign {
            id: self.id.clone(),
            name: self.name.clone(),
            advertiser: self.advertiser.clone(),
            status: self.status,
            currency: self.currency,
            time_zone: self.time_zone.clone(),
            budget: self.budget,
            daily_budget: self.daily_budget,
        }
    }
}

/// Takes `advertiser_id`, which the server has looked up: absent or unknown is a fault at its place.
pub(crate) fn take_advertiser(form: &mut Form, advertiser: Option<&Advertiser>) {
    form.require("advertiser_id");
    let given: Option<String> = form.take("advertiser_id");
    let found = advertiser.map(|advertiser| advertiser.id.as_str());
    if given.is_some() && given.as_deref() != found {
        form.refuse("advertiser_id", "is not a known advertiser");
    }
}
