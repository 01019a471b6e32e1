//! Every rule in words: the value seen, the value wanted, and what would have to hold.
//!
//! The match is over all rules, so that a new one does not compile without words of its own.

use super::conditions::{Subject, of_value};
use super::{words_of_ad as ad, words_of_stream as stream};
use crate::decide::Pod;
use crate::eligibility::Ineligible;
use crate::market::Item;
use crate::targeting::listed;

/// A refusal in words.
pub(super) struct Words {
    /// The value seen.
    pub(super) seen: String,
    /// The value wanted.
    pub(super) wanted: String,
    /// The end of "it would bid if …".
    pub(super) condition: String,
}

impl Words {
    pub(super) fn new(
        seen: impl Into<String>,
        wanted: impl Into<String>,
        condition: impl Into<String>,
    ) -> Self {
        Self {
            seen: seen.into(),
            wanted: wanted.into(),
            condition: condition.into(),
        }
    }
}

/// Tells a rule.
pub(super) fn told(reason: Ineligible, it: &Subject<'_, '_, '_>) -> Words {
    match reason {
        Ineligible::NotStarted => not_started(it),
        Ineligible::Ended => ended(it),
        Ineligible::OutsideDayparts => outside_dayparts(it),
        Ineligible::SeatNotAllowed => seat_not_allowed(it),
        Ineligible::SeatBlocked => seat_blocked(it),
        Ineligible::PrivateAuction => private_auction(it),
        Ineligible::DealSeat => deal_seat(it),
        Ineligible::DealTerms => deal_terms(it),
        Ineligible::QuantityTooLarge => quantity_too_large(it),
        Ineligible::Unsigned => unsigned(),
        Ineligible::Throttled => throttled(it),
        Ineligible::Holdout => held_out(it),
        Ineligible::DealsFirst => deals_first(it),
        Ineligible::EnoughInRequest => enough_in_request(it),
        Ineligible::DuplicateOpportunity => duplicate(it),
        Ineligible::PodSeparation => pod_separation(it),
        Ineligible::PodFull => pod_full(it),
        Ineligible::NoTurn => no_turn(it),
        Ineligible::LeasePending | Ineligible::BudgetExhausted => spent(it),
        Ineligible::UnderFloor => under_floor(it),
        Ineligible::PriceZero => {
            Words::new("an offer of 0", "above 0", "its offer were above zero")
        }
        Ineligible::FloorCurrency => floor_currency(it),
        Ineligible::CapMet => cap_met(it),
        Ineligible::CapUnknown => {
            Words::new("not known", "known", "it were known what the user has seen")
        }
        Ineligible::DealAdvertiser => ad::deal_advertiser(it),
        Ineligible::AdvertiserBlocked => ad::advertiser_blocked(it),
        Ineligible::CategoryBlocked => ad::category_blocked(it),
        Ineligible::CategoryNotAllowed => ad::category_not_allowed(it),
        Ineligible::AppBlocked => ad::app_blocked(it),
        Ineligible::LanguageNotAllowed => ad::language_not_allowed(it),
        Ineligible::CreativePending => ad::review(it, "approved in review"),
        Ineligible::CreativeRejected => ad::review(it, "approved after all"),
        Ineligible::NotApprovedThere => ad::not_approved_there(it),
        Ineligible::NotSecure => ad::not_secure(it),
        Ineligible::InterstitialNotWanted => ad::interstitial_not_wanted(it),
        Ineligible::RewardNotWanted => ad::reward_not_wanted(it),
        Ineligible::AttributeBlocked => ad::attribute_blocked(it),
        Ineligible::ApiNotSupported => ad::api_not_supported(it),
        Ineligible::AdTypeBlocked => ad::ad_type_blocked(it),
        Ineligible::MimeNotAllowed => ad::mime_not_allowed(it),
        Ineligible::ExpansionNotAllowed => ad::expansion_not_allowed(it),
        Ineligible::FormatNotOffered => ad::format_not_offered(it),
        Ineligible::SizeNotOffered => ad::size_not_offered(it),
        Ineligible::ProtocolNotSupported => stream::protocol_not_supported(it),
        Ineligible::LengthNotAllowed => stream::length_not_allowed(it),
        Ineligible::SkipNotAllowed => stream::skip_not_allowed(),
        Ineligible::LinearityNotOffered => stream::linearity_not_offered(it),
        Ineligible::DeliveryNotOffered => stream::delivery_not_offered(it),
        Ineligible::BitrateNotAllowed => stream::bitrate_not_allowed(it),
        Ineligible::PlaybackNotWanted => stream::playback_not_wanted(it),
        Ineligible::StartDelayNotWanted => stream::start_delay_not_wanted(it),
        Ineligible::PositionNotWanted => ad::position_not_wanted(it),
        Ineligible::SlotNotOffered => stream::slot_not_offered(it),
        Ineligible::CompanionNotOffered => stream::companion_not_offered(it),
        Ineligible::AssetsMissing => ad::assets_missing(it),
        Ineligible::Country
        | Ineligible::Region
        | Ineligible::City
        | Ineligible::Metro
        | Ineligible::PostalCode
        | Ineligible::Radius
        | Ineligible::DeviceType
        | Ineligible::Os
        | Ineligible::OsVersion
        | Ineligible::Make
        | Ineligible::Model
        | Ineligible::Browser
        | Ineligible::Carrier
        | Ineligible::ConnectionType
        | Ineligible::Language
        | Ineligible::Domain
        | Ineligible::Bundle
        | Ineligible::Category
        | Ineligible::Keyword
        | Ineligible::Publisher
        | Ineligible::Exchange
        | Ineligible::VenueType
        | Ineligible::SharedList
        | Ineligible::ListPending
        | Ineligible::Gender
        | Ineligible::Age
        | Ineligible::Interest
        | Ineligible::Segment
        | Ineligible::Visits
        | Ineligible::Position
        | Ineligible::PlacementType
        | Ineligible::Interstitial
        | Ineligible::Rewarded
        | Ineligible::Skippable
        | Ineligible::InPod
        | Ineligible::SizeRange
        | Ineligible::Deal
        | Ineligible::Rule => key(reason),
    }
}

/// Keys of targeting are told with their values where the parts of targeting are judged.
fn key(reason: Ineligible) -> Words {
    Words::new(
        "what its targeting does not ask for",
        "what its targeting asks for",
        of_value(reason, "as its targeting asks"),
    )
}

fn not_started(it: &Subject<'_, '_, '_>) -> Words {
    let start = it.item.starts_at.to_rfc3339();
    let condition = format!("its flight had begun ({start})");
    let now = it.situation.now.to_rfc3339();
    Words::new(now, format!("from {start}"), condition)
}

fn ended(it: &Subject<'_, '_, '_>) -> Words {
    let end = it
        .item
        .ends_at
        .map_or_else(String::new, |it| it.to_rfc3339());
    let condition = format!("its flight were not over (since {end})");
    let now = it.situation.now.to_rfc3339();
    Words::new(now, format!("before {end}"), condition)
}

fn outside_dayparts(it: &Subject<'_, '_, '_>) -> Words {
    let hour = it.situation.hour_of(it.item);
    let seen = hour.map_or_else(
        || "an hour that is not known".to_owned(),
        |hour| format!("day {} hour {} of its week", hour.day, hour.hour),
    );
    let wanted = day_parts(it.item);
    let condition = format!("it were an hour of its day parts, {wanted}");
    Words::new(seen, wanted, condition)
}

/// The hours of the week in which a line item bids.
fn day_parts(item: &Item) -> String {
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let bids = |day: usize, hour: u32| {
        let included = item.rules.hours.is_none_or(|it| it.contains(day, hour));
        included && !item.rules.not_hours.contains(day, hour)
    };
    let mut parts: Vec<String> = Vec::new();
    for (day, name) in DAYS.iter().enumerate() {
        let mut begun = None;
        for hour in 0..=24 {
            match (begun, hour < 24 && bids(day, hour)) {
                (None, true) => begun = Some(hour),
                (Some(from), false) => {
                    parts.push(format!("{name} {from:02}-{hour:02}"));
                    begun = None;
                }
                (None, false) | (Some(_), true) => {}
            }
        }
    }
    listed(parts.iter().map(String::as_str))
}

fn seat_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let seat = &it.item.seat;
    Words::new(
        texts(&it.request().wseat),
        format!("{seat} in wseat"),
        format!("wseat had its seat {seat}"),
    )
}

fn seat_blocked(it: &Subject<'_, '_, '_>) -> Words {
    let seat = &it.item.seat;
    Words::new(
        texts(&it.request().bseat),
        format!("{seat} not in bseat"),
        format!("bseat did not have its seat {seat}"),
    )
}

fn private_auction(it: &Subject<'_, '_, '_>) -> Words {
    Words::new(
        it.deals(),
        "a deal that it names",
        "it named a deal of this private auction",
    )
}

fn deal_seat(it: &Subject<'_, '_, '_>) -> Words {
    let seat = &it.item.seat;
    Words::new(
        it.deals(),
        format!("a deal of its own for its seat {seat}"),
        format!("its deal were open to its seat {seat}"),
    )
}

fn deal_terms(it: &Subject<'_, '_, '_>) -> Words {
    let at = |deal: &openrtb::Deal<'_>| {
        let id = deal.id.as_deref().unwrap_or_default();
        deal.at.map(|at| format!("{id} at {}", at.0))
    };
    let terms: Vec<String> = it.situation.imp.deals.iter().filter_map(at).collect();
    Words::new(
        listed(terms.iter().map(String::as_str)),
        "at 1, 2 or 3",
        "the auction type of its deal were 1, 2 or 3",
    )
}

fn quantity_too_large(it: &Subject<'_, '_, '_>) -> Words {
    let most = it.context.limits.quantity;
    Words::new(
        format!(
            "a display that counts for {} impressions",
            it.situation.imp.quantity
        ),
        format!("at most {most}, bids.quantity"),
        format!("a display counted for at most {most} impressions (bids.quantity)"),
    )
}

fn unsigned() -> Words {
    Words::new(
        "no key",
        "a key to sign notices with",
        "the catalog carried a key to sign notices with",
    )
}

/// By its throttle; bids per second and grants that are spread are told with the money.
fn throttled(it: &Subject<'_, '_, '_>) -> Words {
    match it.item.options.throttled(it.draw()) {
        Some((point, share)) if point >= share => Words::new(
            format!("a draw of {point} in a million"),
            format!("below {share}"),
            format!(
                "its throttle, which looks at {share} opportunities in a million, looked at this one"
            ),
        ),
        Some(_) | None => Words::new(
            "held back at this instant",
            "within its pace",
            "its pace allowed a bid at this instant",
        ),
    }
}

fn held_out(it: &Subject<'_, '_, '_>) -> Words {
    let arm = it.arm().unwrap_or("the holdout");
    Words::new(
        format!("the user in the holdout arm {arm}"),
        "another arm",
        format!("the user were in another arm than {arm} of its experiment"),
    )
}

fn no_turn(it: &Subject<'_, '_, '_>) -> Words {
    match it.arm() {
        Some(arm) => Words::new(
            format!("the user in the arm {arm}"),
            "a creative with a weight that the arm shows",
            format!("the arm {arm} of its experiment showed one of its creatives"),
        ),
        None => Words::new(
            "a weight of 0",
            "a weight above 0",
            "one of its creatives had a weight above 0",
        ),
    }
}

fn deals_first(it: &Subject<'_, '_, '_>) -> Words {
    let imp = it.situation.imp.number;
    let bid = it.taken.goes_first(it.context.market, it.item, imp);
    Words::new(
        bid.map_or_else(String::new, |bid| format!("{} on a deal", it.named(&bid))),
        "no bid of its advertiser on a deal",
        "its advertiser bid on no deal of this imp, which goes first",
    )
}

fn enough_in_request(it: &Subject<'_, '_, '_>) -> Words {
    let imp = it.situation.imp.number;
    let imps = it.taken.other_imps(it.context.market, it.item, imp);
    let most = it.item.options.max_per_request.unwrap_or(imps);
    Words::new(
        format!("bids of its advertiser on {imps} of the other imps"),
        format!("on fewer than {most}, its max_per_request"),
        format!("its max_per_request ({most}) allowed one imp more"),
    )
}

fn duplicate(it: &Subject<'_, '_, '_>) -> Words {
    let source = it.request().source.as_deref();
    let tid = source.and_then(|it| it.tid.as_deref()).unwrap_or_default();
    let imp = it.situation.imp.id;
    Words::new(
        format!("another request's bid on tid {tid}, imp {imp}"),
        "no other request's bid",
        format!("no other request had bid on the opportunity {tid}, imp {imp}"),
    )
}

fn pod_separation(it: &Subject<'_, '_, '_>) -> Words {
    let beside = || {
        let pod = Pod::of(it.context.opportunity, it.situation.imp)?;
        let shown = it.creative?;
        let market = it.context.market;
        it.taken.beside(market, shown.creative, shown.number, &pod)
    };
    let other = beside().map_or_else(|| "another ad".to_owned(), |it_| it.named(&it_));
    Words::new(
        format!("{other} in the pod"),
        "no ad of its advertiser, creative or category in the pod",
        format!("{other} were not in the same pod"),
    )
}

fn pod_full(it: &Subject<'_, '_, '_>) -> Words {
    let pod = Pod::of(it.context.opportunity, it.situation.imp);
    let seconds = pod.and_then(|it| it.seconds).unwrap_or(0);
    let length = stream::length(it).unwrap_or(0);
    // Either it is longer than the pod, or than what dearer ads left of it.
    let (seen, condition) = if length > seconds {
        let condition = format!("the pod were {length} s long");
        (format!("a pod of {seconds} s"), condition)
    } else {
        let condition = format!("the dearer ads left {length} s of the pod");
        (
            format!("less than {length} s left of {seconds} s"),
            condition,
        )
    };
    Words::new(seen, format!("room for {length} s"), condition)
}

/// Where another bid of the request took it; what is missing is told with the price.
fn spent(it: &Subject<'_, '_, '_>) -> Words {
    let currency = it.item.currency;
    let free = it.context.funds.free(&it.item.account, it.context.at.boot);
    Words::new(
        format!("{free} {currency} free, other bids in work"),
        "money for one bid more",
        "its budget had more on this bidder",
    )
}

fn under_floor(it: &Subject<'_, '_, '_>) -> Words {
    let imp = it.situation.imp;
    let floor = format!("{} {}", imp.floor, imp.floor_currency);
    Words::new(
        "less",
        format!("at least {floor}"),
        format!("the floor were less than {floor}"),
    )
}

fn floor_currency(it: &Subject<'_, '_, '_>) -> Words {
    let currency = it.situation.imp.floor_currency;
    Words::new(
        currency.to_string(),
        "a currency with a rate",
        format!("there were a rate for {currency}"),
    )
}

/// By the script that confirms; what was seen of each cap is told with the creative.
fn cap_met(_: &Subject<'_, '_, '_>) -> Words {
    Words::new(
        "as many as allowed",
        "fewer",
        "the user had seen it less often",
    )
}

/// Texts of the request in words.
pub(super) fn texts(list: &[openrtb::Str<'_>]) -> String {
    listed(list.iter().map(|it| &**it))
}

/// Numbers in words.
pub(super) fn numbers(list: impl IntoIterator<Item = i32>) -> String {
    let list: Vec<String> = list.into_iter().map(|it| it.to_string()).collect();
    listed(list.iter().map(String::as_str))
}
