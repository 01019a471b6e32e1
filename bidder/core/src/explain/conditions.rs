//! What would have to hold, in words: the end of "it would bid if …".

use super::Failure;
use crate::creative::Creative;
use crate::eligibility::{Ineligible, Situation};
use crate::index::Shape;
use crate::market::Item;
use crate::opportunity::Imp;
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

/// What a key of targeting is about. A key that is not here is told by its name.
const KEYS: [(Ineligible, &str); 24] = [
    (Ineligible::Country, "the country were"),
    (Ineligible::Region, "the region were"),
    (Ineligible::City, "the city were"),
    (Ineligible::DeviceType, "the device were"),
    (Ineligible::Os, "the operating system were"),
    (Ineligible::Domain, "the domain were"),
    (Ineligible::Bundle, "the app were"),
    (Ineligible::Category, "the content's category were"),
    (Ineligible::Language, "the language were"),
    (Ineligible::Gender, "the user's gender were"),
    (Ineligible::Age, "the user's age were"),
    (Ineligible::Interest, "the user's interests had"),
    (Ineligible::Segment, "the user's segments had"),
    (Ineligible::Deal, "the imp offered the deal"),
    (Ineligible::Metro, "the metro were"),
    (Ineligible::PostalCode, "the postal code were"),
    (Ineligible::Make, "the device's make were"),
    (Ineligible::Model, "the device's model were"),
    (Ineligible::Browser, "the browser were"),
    (Ineligible::Carrier, "the carrier were"),
    (Ineligible::ConnectionType, "the connection were"),
    (Ineligible::Keyword, "the keywords had"),
    (Ineligible::Publisher, "the publisher were"),
    (Ineligible::Exchange, "the exchange were"),
];

/// Of a key of targeting: `value` is what would have to be there, in words.
pub(super) fn of_value(reason: Ineligible, value: &str) -> String {
    let known = KEYS.iter().find(|it| it.0 == reason);
    known.map_or_else(
        || format!("the {} were {value}", spoken(reason)),
        |(_, about)| format!("{about} {value}"),
    )
}

fn spoken(reason: Ineligible) -> String {
    reason.label().replace('_', " ")
}

/// What a refusal is about.
#[derive(Clone, Copy)]
pub(super) struct Subject<'s, 'a> {
    pub(super) item: &'s Item,
    /// Absent where the rule is about the line item whatever is shown.
    pub(super) creative: Option<&'s Creative>,
    pub(super) situation: &'s Situation<'a>,
}

/// The value seen, the value wanted, and the condition.
type Words = (String, String, String);

/// Tells a rule.
type Tell = fn(&Subject<'_, '_>) -> Words;

/// How a rule is told. One that is not here is told by its name.
const RULES: [(Ineligible, Tell); 20] = [
    (Ineligible::Throttled, throttled),
    (Ineligible::Holdout, held_out),
    (Ineligible::NotStarted, not_started),
    (Ineligible::Ended, ended),
    (Ineligible::OutsideDayparts, outside_dayparts),
    (Ineligible::SeatNotAllowed, seat_not_allowed),
    (Ineligible::SeatBlocked, seat_blocked),
    (Ineligible::PrivateAuction, private_auction),
    (Ineligible::DealSeat, deal_seat),
    (Ineligible::DealAdvertiser, deal_advertiser),
    (Ineligible::Unsigned, unsigned),
    (Ineligible::AdvertiserBlocked, advertiser_blocked),
    (Ineligible::CategoryBlocked, category_blocked),
    (Ineligible::AppBlocked, app_blocked),
    (Ineligible::LanguageNotAllowed, language_not_allowed),
    (Ineligible::AttributeBlocked, attribute_blocked),
    (Ineligible::ApiNotSupported, api_not_supported),
    (Ineligible::NotSecure, not_secure),
    (Ineligible::FormatNotOffered, shape_not_offered),
    (Ineligible::SizeNotOffered, shape_not_offered),
];

/// A refusal in words.
pub(super) fn failure(reason: Ineligible, subject: &Subject<'_, '_>) -> Failure {
    let told = RULES.iter().find(|it| it.0 == reason);
    let (seen, wanted, condition) = told.map_or_else(
        || {
            let condition = format!("the rule \"{}\" let it", spoken(reason));
            ("refused".to_owned(), "allowed".to_owned(), condition)
        },
        |(_, tell)| tell(subject),
    );
    let failure = Failure::new(reason, seen, wanted, condition);
    match subject.creative {
        Some(creative) => failure.of(creative),
        None => failure,
    }
}

impl<'a> Subject<'_, 'a> {
    fn request(&self) -> &'a openrtb::BidRequest<'a> {
        self.situation.opportunity.request
    }

    fn deals(&self) -> String {
        let deals = self.situation.imp.deals.iter();
        listed(deals.filter_map(|it| it.id.as_deref()))
    }

    fn domains(&self) -> String {
        let domains = self.creative.map_or(&[][..], |it| &it.domains);
        listed(domains.iter().map(String::as_str))
    }

    /// What the creative declares, in words.
    fn declared(&self, tell: impl Fn(&contracts::catalog::Creative) -> String) -> String {
        self.creative
            .map_or_else(String::new, |it| tell(it.declared()))
    }
}

fn texts<'t>(list: &'t [openrtb::Str<'t>]) -> String {
    listed(list.iter().map(|it| &**it))
}

fn numbers(list: impl Iterator<Item = i32>) -> String {
    let list: Vec<String> = list.map(|it| it.to_string()).collect();
    listed(list.iter().map(String::as_str))
}

fn throttled(_: &Subject<'_, '_>) -> Words {
    (
        "another share of opportunities".to_owned(),
        "the share that its throttle looks at".to_owned(),
        "its throttle looked at this opportunity".to_owned(),
    )
}

fn held_out(_: &Subject<'_, '_>) -> Words {
    (
        "the holdout of its experiment".to_owned(),
        "another arm".to_owned(),
        "the user were in another arm of its experiment".to_owned(),
    )
}

fn not_started(it: &Subject<'_, '_>) -> Words {
    let start = it.item.starts_at.to_rfc3339();
    let condition = format!("its flight had begun ({start})");
    let now = it.situation.now.to_rfc3339();
    (now, format!("from {start}"), condition)
}

fn ended(it: &Subject<'_, '_>) -> Words {
    let end = it
        .item
        .ends_at
        .map_or_else(String::new, |it| it.to_rfc3339());
    let condition = format!("its flight were not over (since {end})");
    let now = it.situation.now.to_rfc3339();
    (now, format!("before {end}"), condition)
}

fn outside_dayparts(it: &Subject<'_, '_>) -> Words {
    let hour = it.situation.hour;
    (
        format!("day {} hour {} of its week", hour.day, hour.hour),
        "an hour of its day parts".to_owned(),
        "it were an hour of its day parts".to_owned(),
    )
}

fn seat_not_allowed(it: &Subject<'_, '_>) -> Words {
    let seat = &it.item.seat;
    (
        texts(&it.request().wseat),
        format!("{seat} in wseat"),
        format!("wseat had its seat {seat}"),
    )
}

fn seat_blocked(it: &Subject<'_, '_>) -> Words {
    let seat = &it.item.seat;
    (
        texts(&it.request().bseat),
        format!("{seat} not in bseat"),
        format!("bseat did not have its seat {seat}"),
    )
}

fn private_auction(it: &Subject<'_, '_>) -> Words {
    (
        it.deals(),
        "a deal that it names".to_owned(),
        "it named a deal of this private auction".to_owned(),
    )
}

fn deal_seat(it: &Subject<'_, '_>) -> Words {
    let seat = &it.item.seat;
    (
        it.deals(),
        format!("a deal of its own for its seat {seat}"),
        format!("its deal were open to its seat {seat}"),
    )
}

fn deal_advertiser(it: &Subject<'_, '_>) -> Words {
    let domains = it.domains();
    let condition = format!("its deal were open to {domains}");
    (it.deals(), format!("{domains} in wadomain"), condition)
}

fn unsigned(_: &Subject<'_, '_>) -> Words {
    (
        "no key".to_owned(),
        "a key to sign notices with".to_owned(),
        "the catalog carried a key to sign notices with".to_owned(),
    )
}

fn advertiser_blocked(it: &Subject<'_, '_>) -> Words {
    let domains = it.domains();
    (
        texts(&it.request().badv),
        format!("{domains} not in badv"),
        format!("badv did not cover {domains}"),
    )
}

fn category_blocked(it: &Subject<'_, '_>) -> Words {
    let own = it.declared(|it| listed(it.categories.iter().map(String::as_str)));
    (
        texts(&it.request().bcat),
        format!("{own} not in bcat"),
        format!("bcat did not cover its categories {own}"),
    )
}

fn app_blocked(it: &Subject<'_, '_>) -> Words {
    let own = it.declared(|it| it.bundle.clone().unwrap_or_default());
    (
        texts(&it.request().bapp),
        format!("{own} not in bapp"),
        format!("bapp did not have {own}"),
    )
}

fn language_not_allowed(it: &Subject<'_, '_>) -> Words {
    let allowed = texts(it.situation.opportunity.languages());
    let own = it.declared(|it| it.language.clone().unwrap_or_default());
    let condition = format!("{own}, the language of its creative, were among {allowed}");
    (allowed, own, condition)
}

fn attribute_blocked(it: &Subject<'_, '_>) -> Words {
    let own = it.declared(|it| numbers(it.attributes.iter().copied()));
    (
        "in battr".to_owned(),
        format!("none of {own} in battr"),
        format!("battr had none of its creative's attributes {own}"),
    )
}

fn api_not_supported(it: &Subject<'_, '_>) -> Words {
    let own = it.declared(|it| numbers(it.apis.iter().copied()));
    (
        "not in api".to_owned(),
        format!("{own} in api"),
        format!("api had its creative's frameworks {own}"),
    )
}

fn not_secure(_: &Subject<'_, '_>) -> Words {
    (
        "secure 1".to_owned(),
        "markup without http:".to_owned(),
        "its markup and our trackers were https".to_owned(),
    )
}

fn shape_not_offered(it: &Subject<'_, '_>) -> Words {
    let own = shapes(it.item);
    let condition = format!("the imp offered {own}");
    (offered(it.situation.imp), own, condition)
}

/// What an imp offers, in words.
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
    listed(out.iter().map(String::as_str))
}

/// What a line item can be shown as, in words.
fn shapes(item: &Item) -> String {
    let names: Vec<String> = item
        .shapes
        .iter()
        .map(|shape| match shape {
            Shape::Banner(size) => format!("banner {size}"),
            Shape::AnyBanner => "a banner of any size".to_owned(),
            Shape::Video => "video".to_owned(),
            Shape::Audio => "audio".to_owned(),
            Shape::Native => "native".to_owned(),
        })
        .collect();
    any_of(names.iter().map(String::as_str))
}

/// Rules in the order of how hard they are to pass for who runs the campaign: what is a matter of money or of
/// time comes before all others.
const EASY: [Ineligible; 11] = [
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
];

/// What the seller does not want, or nobody can change.
const FORBIDDEN: [Ineligible; 13] = [
    Ineligible::SeatNotAllowed,
    Ineligible::SeatBlocked,
    Ineligible::AdvertiserBlocked,
    Ineligible::CategoryBlocked,
    Ineligible::AppBlocked,
    Ineligible::LanguageNotAllowed,
    Ineligible::AttributeBlocked,
    Ineligible::AdTypeBlocked,
    Ineligible::PrivateAuction,
    Ineligible::DealSeat,
    Ineligible::DealAdvertiser,
    Ineligible::FloorCurrency,
    Ineligible::Unsigned,
];

/// How hard a rule is to pass.
pub(super) fn hardness(reason: Ineligible) -> u8 {
    match EASY.iter().position(|it| *it == reason) {
        Some(place) => u8::try_from(place).unwrap_or(u8::MAX),
        None if FORBIDDEN.contains(&reason) => 200,
        None => 100,
    }
}
