//! What the ledger keeps of a campaign and its line items.

use contracts::catalog::{Campaign, Creative, CreativeFormat, LineItem, Pacing, Status};
use units::{AdvertiserId, CampaignId, Currency, LineItemId, Nanos, UnixMillis};

use super::calendar::Period;
use super::pacing::SettledShare;

/// A campaign's budgets, as an edit sets them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampaignBudget {
    /// Which.
    pub campaign: CampaignId,
    /// Who pays.
    pub advertiser: AdvertiserId,
    /// Currency of all its money.
    pub currency: Currency,
    /// IANA name of the zone of its days.
    pub time_zone: String,
    /// Whether anything is granted.
    pub active: bool,
    /// Lifetime total.
    pub budget: Nanos,
    /// Total of a day.
    pub daily_budget: Option<Nanos>,
    /// Its line items.
    pub lines: Vec<LineBudget>,
}

/// A line item's part in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineBudget {
    /// Which.
    pub line_item: LineItemId,
    /// Whether anything is granted.
    pub active: bool,
    /// Grows when a pause or a cut must stop older leases.
    pub epoch: u64,
    /// First instant it may bid.
    pub starts_at: UnixMillis,
    /// First instant it may no longer bid.
    pub ends_at: Option<UnixMillis>,
    /// How its budget is spread.
    pub pacing: Pacing,
    /// Its own total; `None`: the campaign's.
    pub budget: Option<Nanos>,
    /// The most that one impression costs.
    pub max_impression: Nanos,
    /// How long a reservation may wait for its notice, in seconds.
    pub reservation_life_s: u32,
}

impl CampaignBudget {
    /// What the catalog's campaign, its line items and their creatives say. Others' are left out.
    #[must_use]
    pub fn of(
        campaign: &Campaign,
        line_items: &[LineItem],
        creatives: &[Creative],
        life: ReservationLife,
    ) -> Self {
        let line = |item: &LineItem| {
            let formats = creatives
                .iter()
                .filter(|creative| item.creatives.contains(&creative.id))
                .map(|creative| creative.format);
            LineBudget {
                line_item: item.id.clone(),
                active: item.status == Status::Active,
                epoch: item.epoch,
                starts_at: item.starts_at,
                ends_at: item.ends_at,
                pacing: item.pacing,
                budget: None,
                max_impression: item.price.max_cpm.per_impression(),
                reservation_life_s: life.of(formats),
            }
        };
        Self {
            campaign: campaign.id.clone(),
            advertiser: campaign.advertiser.clone(),
            currency: campaign.currency,
            time_zone: campaign.time_zone.clone(),
            active: campaign.status == Status::Active,
            budget: campaign.budget,
            daily_budget: campaign.daily_budget,
            lines: line_items
                .iter()
                .filter(|item| item.campaign == campaign.id)
                .map(line)
                .collect(),
        }
    }
}

/// How long a bid's notice may take, in seconds: the longest `exp` that a bid declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReservationLife {
    /// Of banners and native.
    pub shown_s: u32,
    /// Of video and audio.
    pub played_s: u32,
}

impl Default for ReservationLife {
    /// 1,800 s, since a banner may be shown in an app or as an interstitial; 3,600 s for what is played.
    fn default() -> Self {
        Self {
            shown_s: 1_800,
            played_s: 3_600,
        }
    }
}

impl ReservationLife {
    /// That of a line item which shows these formats: of what is played, where one of them is.
    #[must_use]
    pub fn of(self, mut formats: impl Iterator<Item = CreativeFormat>) -> u32 {
        let played = formats.any(|format| match format {
            CreativeFormat::Video | CreativeFormat::Audio => true,
            CreativeFormat::Banner | CreativeFormat::Native | CreativeFormat::Responsive => false,
        });
        if played { self.played_s } else { self.shown_s }
    }
}

/// A line item at the moment of a grant.
#[derive(Debug, Clone)]
pub struct Line {
    /// Its campaign.
    pub campaign: CampaignId,
    /// Whether the campaign is active.
    pub campaign_active: bool,
    /// The line item.
    pub terms: LineBudget,
    /// The day and hour of the grant.
    pub period: Period,
    /// What of recent leases was charged.
    pub share: SettledShare,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_life_of_a_reservation_is_that_of_what_is_played_where_anything_is() {
        // money.md "A lease"; X-57
        let two_hours = ReservationLife {
            played_s: 7_200,
            ..ReservationLife::default()
        };
        use CreativeFormat::{Audio, Banner, Native, Responsive, Video};
        for (formats, usual, longer) in [
            (&[][..], 1_800, 1_800),
            (&[Banner, Native, Responsive], 1_800, 1_800),
            (&[Banner, Video], 3_600, 7_200),
            (&[Audio], 3_600, 7_200),
        ] {
            let of = |life: ReservationLife| life.of(formats.iter().copied());
            assert_eq!(
                (of(ReservationLife::default()), of(two_hours)),
                (usual, longer),
                "{formats:?}"
            );
        }
    }
}
