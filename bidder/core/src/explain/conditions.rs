//! What would have to hold, in words: the end of "it would bid if …".

use super::Failure;
use super::words::{self, Words};
use crate::creative::Creative;
use crate::decide::{Context, Held, Taken};
use crate::eligibility::{Ineligible, Situation};
use crate::market::Item;
use crate::targeting::listed;

/// The first few values, any of which would do.
pub(super) fn any_of<'t>(values: impl Iterator<Item = &'t str>) -> String {
    const MOST: usize = 3;
    let mut out = String::new();
    for (at, value) in values.enumerate() {
        if at == MOST {
            out.push_str(" or another of its list");
            break;
        }
        if at > 0 {
            out.push_str(" or ");
        }
        out.push_str(value);
    }
    if out.is_empty() {
        out.push_str("anything");
    }
    out
}

/// What a key of targeting is about.
const KEYS: [(Ineligible, &str); 32] = [
    (Ineligible::Country, "the country were"),
    (Ineligible::Region, "the region were"),
    (Ineligible::City, "the city were"),
    (Ineligible::Metro, "the metro were"),
    (Ineligible::PostalCode, "the postal code were"),
    (Ineligible::DeviceType, "the device were"),
    (Ineligible::Os, "the operating system were"),
    (Ineligible::Make, "the device's make were"),
    (Ineligible::Model, "the device's model were"),
    (Ineligible::Browser, "the browser were"),
    (Ineligible::Carrier, "the carrier were"),
    (Ineligible::ConnectionType, "the connection were"),
    (Ineligible::Language, "the language were"),
    (Ineligible::Domain, "the domain were"),
    (Ineligible::Bundle, "the app were"),
    (Ineligible::Category, "the content's category were"),
    (Ineligible::Keyword, "the keywords had"),
    (Ineligible::Publisher, "the publisher were"),
    (Ineligible::Exchange, "the exchange were"),
    (Ineligible::VenueType, "the venue's type were"),
    (
        Ineligible::SharedList,
        "the domain, app or postal code were in the list",
    ),
    (Ineligible::Gender, "the user's gender were"),
    (Ineligible::Age, "the user's age were"),
    (Ineligible::Interest, "the user's interests had"),
    (Ineligible::Segment, "the user's segments had"),
    (Ineligible::Position, "the position were"),
    (Ineligible::PlacementType, "the placement were"),
    (Ineligible::Interstitial, "instl were"),
    (Ineligible::Rewarded, "rwdd were"),
    (Ineligible::Skippable, "skip were"),
    (Ineligible::InPod, "in_pod were"),
    (Ineligible::Deal, "the imp offered the deal"),
];

/// Of a key of targeting: `value` is what would have to be there, in words.
pub(super) fn of_value(key: Ineligible, value: &str) -> String {
    let about = KEYS.iter().find(|it| it.0 == key);
    let about = about.map_or("its targeting allowed", |it| it.1);
    format!("{about} {value}")
}

/// What a refusal is about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s, 'a, 'm> {
    pub(super) context: &'s Context<'a, 'm>,
    pub(super) item: &'s Item,
    /// The line item's number in the market.
    pub(super) number: usize,
    /// Absent where the rule is about the line item whatever is shown.
    pub(super) creative: Option<Shown<'s>>,
    pub(super) situation: &'s Situation<'a>,
    /// What the request bids on already.
    pub(super) taken: &'s Taken,
}

/// A creative, and its number in the market.
#[derive(Clone, Copy)]
pub(super) struct Shown<'s> {
    pub(super) number: usize,
    pub(super) creative: &'s Creative,
}

impl Subject<'_, '_, '_> {
    /// What decides between equals, and for the throttle.
    pub(super) fn draw(&self) -> u64 {
        crate::choose::draw(self.context.seed, self.number)
    }

    /// The arm that the user is in.
    pub(super) fn arm(&self) -> Option<&str> {
        let options = &self.item.options;
        options.arm_name(options.arm(self.context.user_hash)?)
    }

    /// A choice of this request: whose, and which creative.
    pub(super) fn named(&self, held: &Held) -> String {
        let market = self.context.market;
        let item = market.items.get(held.item).map(|it| it.id.as_str());
        let creative = market.creative(held.creative).map(|it| it.id().as_str());
        let (item, creative) = (item.unwrap_or_default(), creative.unwrap_or_default());
        format!("{creative} of {item}")
    }

    pub(super) fn request(&self) -> &openrtb::BidRequest<'_> {
        self.situation.opportunity.request
    }

    pub(super) fn deals(&self) -> String {
        let deals = self.situation.imp.deals.iter();
        listed(deals.filter_map(|it| it.id.as_deref()))
    }
}

/// A refusal in words.
pub(super) fn failure(reason: Ineligible, subject: &Subject<'_, '_, '_>) -> Failure {
    let Words {
        seen,
        wanted,
        condition,
    } = words::told(reason, subject);
    let failure = Failure::new(reason, seen, wanted, condition);
    match subject.creative {
        Some(shown) => failure.of(shown.creative),
        None => failure,
    }
}

/// Rules in the order of how hard they are to pass for who runs the campaign: what is a matter of money or of
/// time comes before all others.
const EASY: [Ineligible; 12] = [
    Ineligible::LeasePending,
    Ineligible::BudgetExhausted,
    Ineligible::Throttled,
    Ineligible::UnderFloor,
    Ineligible::PriceZero,
    Ineligible::Holdout,
    Ineligible::CapMet,
    Ineligible::CapUnknown,
    Ineligible::OutsideDayparts,
    Ineligible::NotStarted,
    Ineligible::Ended,
    Ineligible::CreativePending,
];

/// What the seller does not want, or nobody can change.
const FORBIDDEN: [Ineligible; 17] = [
    Ineligible::SeatNotAllowed,
    Ineligible::SeatBlocked,
    Ineligible::AdvertiserBlocked,
    Ineligible::CategoryBlocked,
    Ineligible::CategoryNotAllowed,
    Ineligible::AppBlocked,
    Ineligible::LanguageNotAllowed,
    Ineligible::AttributeBlocked,
    Ineligible::AdTypeBlocked,
    Ineligible::PrivateAuction,
    Ineligible::DealSeat,
    Ineligible::DealAdvertiser,
    Ineligible::DealTerms,
    Ineligible::FloorCurrency,
    Ineligible::Unsigned,
    Ineligible::CreativeRejected,
    Ineligible::QuantityTooLarge,
];

/// How hard a rule is to pass.
pub(super) fn hardness(reason: Ineligible) -> u8 {
    match EASY.iter().position(|it| *it == reason) {
        Some(place) => u8::try_from(place).unwrap_or(u8::MAX),
        None if FORBIDDEN.contains(&reason) => 200,
        None => 100,
    }
}
