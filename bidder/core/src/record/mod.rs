//! A decision as data: everything that it read, and what came of it.
//!
//! [`replay`] decides again from a [`Seen`] and its catalog; the [`Outcome`] must be the same, bit for bit.

mod funds;
mod lists;
mod masked;
mod replay;

pub use funds::{Answer, Funds, Said};
pub use lists::SeenList;
pub use masked::masked;
pub use replay::{Replayed, Unreplayable, replay};

use contracts::profile::Profile;
use contracts::stamps::UserStamps;
use serde::{Deserialize, Serialize};
use units::{
    AuctionId, BidId, CampaignId, CpmMicros, CreativeId, Currency, LineItemId, Nanos, Probability,
    ReservationId,
};

use crate::choose::Limits;
use crate::decide::{Decision, Instant};
use crate::eligibility::Ineligible;
use crate::market::Market;
use crate::no_bid::NoBid;
use crate::respond::{Dialect, Source, placed};
use crate::surroundings::Around;
use crate::user::User;

/// Everything that one decision and its answer read, but for the catalog.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The auction; the record's id.
    pub auction: AuctionId,
    /// Version of the catalog that was decided by.
    pub catalog: u64,
    /// The instant, on both clocks.
    #[serde(flatten)]
    pub at: Instant,
    /// Seed of everything that was drawn.
    pub seed: Seed,
    /// Who asked.
    pub source: Source,
    /// The dialect that was answered in.
    pub dialect: Dialect,
    /// Base of tracker and notice URLs.
    pub public_url: String,
    /// What was found of the user.
    pub user: SeenUser,
    /// What was found out of device and place, besides the request.
    #[serde(default)]
    pub around: Around,
    /// How much the request might get.
    #[serde(default)]
    pub limits: Limits,
    /// Questions about money, in their order, and what the lease table answered.
    pub funds: Vec<Answer>,
    /// Per imp with choices, the place of the one that caps accepted; absent where it did not come to that.
    pub places: Option<Vec<Option<usize>>>,
    /// Another request bid on the same opportunity: nothing was sent.
    #[serde(default)]
    pub duplicate: bool,
    /// What the shading table answered, question by question, in USD; absent for the stated bid.
    #[serde(default)]
    pub shades: Vec<Option<CpmMicros>>,
    /// The shared lists that were here, each with what of the request it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lists: Vec<SeenList>,
    /// Why no decision was made at all; absent where one was, or the request itself was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turned_away: Option<TurnedAway>,
    /// The caller's time was up before the answer could be sent.
    pub late: bool,
    /// The request's body.
    pub request: String,
}

/// Why a request was turned away for what no record holds: its quota, the load, the time that it came late,
/// a body that is no request. A replay takes it as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnedAway {
    /// In one word.
    pub reason: String,
    /// More of it, where there is more; never a value of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What was found of the user; nothing when identity may not be used.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SeenUser {
    /// The id that caps count under.
    pub key: Option<String>,
    /// What the DMP knew.
    pub profile: Option<Profile>,
    /// What the user was shown.
    pub stamps: Option<UserStamps>,
}

impl SeenUser {
    /// As the decision sees it.
    #[must_use]
    pub fn user(&self) -> User<'_> {
        User {
            key: self.key.as_deref(),
            profile: self.profile.as_ref(),
            known: None,
            stamps: self.stamps.as_ref(),
        }
    }
}

/// The 128 bits that a decision draws from, in hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Seed(pub u128);

impl From<Seed> for String {
    fn from(seed: Seed) -> Self {
        format!("{:032x}", seed.0)
    }
}

impl TryFrom<String> for Seed {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        u128::from_str_radix(&text, 16).map(Self)
    }
}

/// What came of a decision.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Why there was no bid at all.
    pub no_bid: Option<String>,
    /// Currency of all prices.
    pub currency: Option<Currency>,
    /// Whose rates CPC and CPA offers were priced by.
    #[serde(default)]
    pub model: Option<String>,
    /// Per imp with choices, these, the best first.
    pub imps: Vec<Ranked>,
    /// The first line items that were looked at and refused, with the rule, in the order of looking.
    pub refusals: Vec<Refused>,
    /// How many were refused.
    pub refused: usize,
    /// The answer's body, where there are bids.
    pub response: Option<String>,
}

/// The choices of one imp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ranked {
    /// The imp's id.
    pub imp: String,
    /// Its choices, the best first.
    pub choices: Vec<Chosen>,
}

/// One choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    /// Which line item.
    pub line_item: LineItemId,
    /// Its campaign.
    pub campaign: CampaignId,
    /// The creative that would be shown.
    pub creative: CreativeId,
    /// As which `mtype`.
    pub mtype: i32,
    /// In which size, as `WxH`.
    pub size: Option<String>,
    /// The deal.
    pub deal: Option<String>,
    /// The arm of the line item's experiment that the user is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
    /// The bid in the response's currency.
    pub price: CpmMicros,
    /// The bid before shading.
    #[serde(default)]
    pub stated: CpmMicros,
    /// How likely what it pays for was held to be, in billionths.
    #[serde(default)]
    pub rate: Probability,
    /// What is held, in the campaign's currency.
    pub held: Nanos,
    /// The reservation.
    pub reservation: ReservationId,
    /// The bid's id.
    pub bid: BidId,
}

/// One line item that was looked at and refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Which.
    pub line_item: LineItemId,
    /// By which rule.
    pub rule: String,
}

/// More refusals than this are counted only.
const MOST_REFUSALS: usize = 256;

impl Outcome {
    /// Of a request that was refused before any line item was looked at.
    #[must_use]
    pub fn unread(reason: NoBid) -> Self {
        Self {
            no_bid: Some(reason.label().to_owned()),
            ..Self::default()
        }
    }

    /// Of a request that was turned away.
    #[must_use]
    pub fn turned_away(why: &TurnedAway) -> Self {
        Self {
            no_bid: Some(why.reason.clone()),
            ..Self::default()
        }
    }

    /// Of a decision, with the refusals that it left in its scratch memory. The response is added by who
    /// writes it.
    #[must_use]
    pub fn of(
        market: &Market,
        decision: &Decision<'_>,
        refusals: &[(usize, Ineligible)],
        places: Option<&[Option<usize>]>,
    ) -> Self {
        let all_capped = places.is_some_and(|places| placed(decision, places).next().is_none());
        let no_bid = decision
            .no_bid
            .or_else(|| all_capped.then_some(NoBid::Capped));
        let refused = |(item, rule): &(usize, Ineligible)| {
            Some(Refused {
                line_item: market.items.get(*item)?.id.clone(),
                rule: rule.label().to_owned(),
            })
        };
        let ranked = decision.imps.iter().map(|chosen| Ranked {
            imp: chosen.imp.id.to_owned(),
            choices: chosen
                .ranked
                .iter()
                .filter_map(|choice| Chosen::of(market, choice))
                .collect(),
        });
        Self {
            no_bid: no_bid.map(|it| it.label().to_owned()),
            currency: Some(decision.currency),
            model: Some(decision.model.to_string()),
            imps: ranked.collect(),
            refusals: refusals
                .iter()
                .take(MOST_REFUSALS)
                .filter_map(refused)
                .collect(),
            refused: refusals.len(),
            response: None,
        }
    }
}

impl Outcome {
    /// The same where the opportunity was another request's.
    #[must_use]
    pub fn lost_to_duplicate(mut self, duplicate: bool) -> Self {
        if duplicate {
            self.no_bid = Some(NoBid::DuplicateOpportunity.label().to_owned());
        }
        self
    }
}

impl Chosen {
    fn of(market: &Market, choice: &crate::choose::Choice<'_>) -> Option<Self> {
        let candidate = &choice.candidate;
        let item = market.items.get(candidate.item)?;
        Some(Self {
            line_item: item.id.clone(),
            campaign: item.campaign.clone(),
            creative: market.creative(candidate.creative)?.id().clone(),
            mtype: candidate.fit.medium.mtype(),
            size: candidate.fit.size.map(|it| it.to_string()),
            deal: candidate
                .deal
                .and_then(|it| it.id.as_deref())
                .map(str::to_owned),
            arm: candidate
                .arm
                .and_then(|it| item.options.arm_name(it))
                .map(str::to_owned),
            price: candidate.price,
            stated: candidate.stated,
            rate: candidate.rate,
            held: choice.reservation.cost(),
            reservation: choice.reservation.id(),
            bid: choice.bid,
        })
    }
}
