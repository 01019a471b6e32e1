//! Why a line item does not bid on an imp.

/// The rule that refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ineligible {
    /// Its flight has not begun.
    NotStarted,
    /// Its flight is over.
    Ended,
    /// The hour is none of its day parts.
    OutsideDayparts,
    /// `targeting.countries`.
    Country,
    /// `targeting.regions`.
    Region,
    /// `targeting.cities`.
    City,
    /// `targeting.device_types`.
    DeviceType,
    /// `targeting.os`.
    Os,
    /// `targeting.domains`.
    Domain,
    /// `targeting.bundles`.
    Bundle,
    /// `targeting.categories`.
    Category,
    /// `targeting.languages`.
    Language,
    /// `targeting.genders`.
    Gender,
    /// `targeting.age_range`.
    Age,
    /// `targeting.interests`.
    Interest,
    /// `targeting.segments`.
    Segment,
    /// `targeting.deals`: none of its deals is on offer to it.
    Deal,
    /// The auction is private, and it names no deal (C-110).
    PrivateAuction,
    /// The deal is not for its seat (C-112).
    DealSeat,
    /// The deal is not for its advertiser's domain (C-112).
    DealAdvertiser,
    /// Its seat is not in `wseat`.
    SeatNotAllowed,
    /// Its seat is in `bseat`.
    SeatBlocked,
    /// A domain of its creative is in `badv`.
    AdvertiserBlocked,
    /// A category of its creative is in `bcat`.
    CategoryBlocked,
    /// The app it advertises is in `bapp`.
    AppBlocked,
    /// Its creative's language is not in `wlang` or `wlangb`.
    LanguageNotAllowed,
    /// An attribute of its creative is in `battr`.
    AttributeBlocked,
    /// Its markup's type is in `btype`.
    AdTypeBlocked,
    /// Its markup has an `http:` URL.
    NotSecure,
    /// None of its media is on offer.
    FormatNotOffered,
    /// Its size is not on offer.
    SizeNotOffered,
    /// Its MIME type is not taken.
    MimeNotAllowed,
    /// It needs a framework that is not there (C-72).
    ApiNotSupported,
    /// Its VAST version is not taken (C-80).
    ProtocolNotSupported,
    /// Its length is not taken (C-81).
    LengthNotAllowed,
    /// It has a skip button of its own, and the player adds one (C-84).
    SkipNotAllowed,
    /// It cannot fill a required native asset (C-92).
    AssetsMissing,
    /// There is no rate for the floor's currency.
    FloorCurrency,
    /// Its maximum lies under the floor.
    UnderFloor,
    /// Its price is zero.
    PriceZero,
    /// There is no key to sign its notices with.
    Unsigned,
    /// The user has seen it often enough.
    CapMet,
    /// Whether the user has seen it often enough cannot be known.
    CapUnknown,
    /// It has no lease yet.
    LeasePending,
    /// Its leases are used up.
    BudgetExhausted,
    /// `targeting.metros`.
    Metro,
    /// `targeting.postal_codes`.
    PostalCode,
    /// `targeting.makes`.
    Make,
    /// `targeting.models`.
    Model,
    /// `targeting.os_versions`.
    OsVersion,
    /// `targeting.browsers`.
    Browser,
    /// `targeting.carriers`.
    Carrier,
    /// `targeting.connection_types`.
    ConnectionType,
    /// `targeting.keywords`.
    Keyword,
    /// `targeting.publishers`.
    Publisher,
    /// `targeting.exchanges`.
    Exchange,
    /// `targeting.venue_types`.
    VenueType,
    /// `targeting.radius`.
    Radius,
    /// `targeting.visits`.
    Visits,
    /// `targeting.positions`.
    Position,
    /// `targeting.placement_types`.
    PlacementType,
    /// `targeting.interstitial`.
    Interstitial,
    /// `targeting.rewarded`.
    Rewarded,
    /// `targeting.skippable`.
    Skippable,
    /// `targeting.in_pod`.
    InPod,
    /// `targeting.size_ranges`.
    SizeRange,
    /// `targeting.lists`.
    SharedList,
    /// A shared list that it names is not here yet.
    ListPending,
    /// `targeting.rule` is not true.
    Rule,
    /// Its throttle, its bids per second, or its grant's second holds it back.
    Throttled,
    /// The user is in an arm of its experiment that does not see it.
    Holdout,
    /// Its advertiser bids on a deal of the imp, which goes first.
    DealsFirst,
    /// Its advertiser bids on enough imps of the request.
    EnoughInRequest,
    /// Its advertiser, creative or category is in the pod already.
    PodSeparation,
    /// It does not fit into what is left of the pod.
    PodFull,
    /// The same opportunity came another way, and was bid on there.
    DuplicateOpportunity,
    /// Its creative was not reviewed yet.
    CreativePending,
    /// Its creative was rejected in review.
    CreativeRejected,
    /// The source reviews creatives itself and has not approved this one.
    NotApprovedThere,
    /// A category of its creative is not in `acat`, or cannot be compared with it (X-43, C-30).
    CategoryNotAllowed,
    /// The deal has an auction type that we do not know (B-61, C-113).
    DealTerms,
    /// It expands in a direction that is not in `expdir` (C-72).
    ExpansionNotAllowed,
    /// It is linear, or not, where that is not on offer (C-82).
    LinearityNotOffered,
    /// Its media are delivered in a way that is not on offer (C-82).
    DeliveryNotOffered,
    /// Its bit rate is under `minbitrate` or over `maxbitrate`.
    BitrateNotAllowed,
    /// It does not want the first `playbackmethod` (C-82).
    PlaybackNotWanted,
    /// It does not want that `startdelay` (C-82).
    StartDelayNotWanted,
    /// It does not want that `pos`.
    PositionNotWanted,
    /// It wants a slot of the pod that cannot be guaranteed (B-10).
    SlotNotOffered,
    /// None of its companions can be shown, and it wants one (C-73).
    CompanionNotOffered,
    /// It wants interstitials only, or none (`instl`).
    InterstitialNotWanted,
    /// It wants rewarded placements only, or none (`rwdd`).
    RewardNotWanted,
    /// It has the weight 0, or is none that the user's arm shows.
    NoTurn,
    /// A display of the imp counts for more impressions than is allowed (C-150).
    QuantityTooLarge,
}

impl Ineligible {
    /// All reasons, in the order of their numbers.
    pub const ALL: [Self; 94] = [
        Self::NotStarted,
        Self::Ended,
        Self::OutsideDayparts,
        Self::Country,
        Self::Region,
        Self::City,
        Self::DeviceType,
        Self::Os,
        Self::Domain,
        Self::Bundle,
        Self::Category,
        Self::Language,
        Self::Gender,
        Self::Age,
        Self::Interest,
        Self::Segment,
        Self::Deal,
        Self::PrivateAuction,
        Self::DealSeat,
        Self::DealAdvertiser,
        Self::SeatNotAllowed,
        Self::SeatBlocked,
        Self::AdvertiserBlocked,
        Self::CategoryBlocked,
        Self::AppBlocked,
        Self::LanguageNotAllowed,
        Self::AttributeBlocked,
        Self::AdTypeBlocked,
        Self::NotSecure,
        Self::FormatNotOffered,
        Self::SizeNotOffered,
        Self::MimeNotAllowed,
        Self::ApiNotSupported,
        Self::ProtocolNotSupported,
        Self::LengthNotAllowed,
        Self::SkipNotAllowed,
        Self::AssetsMissing,
        Self::FloorCurrency,
        Self::UnderFloor,
        Self::PriceZero,
        Self::Unsigned,
        Self::CapMet,
        Self::CapUnknown,
        Self::LeasePending,
        Self::BudgetExhausted,
        Self::Metro,
        Self::PostalCode,
        Self::Make,
        Self::Model,
        Self::OsVersion,
        Self::Browser,
        Self::Carrier,
        Self::ConnectionType,
        Self::Keyword,
        Self::Publisher,
        Self::Exchange,
        Self::VenueType,
        Self::Radius,
        Self::Visits,
        Self::Position,
        Self::PlacementType,
        Self::Interstitial,
        Self::Rewarded,
        Self::Skippable,
        Self::InPod,
        Self::SizeRange,
        Self::SharedList,
        Self::ListPending,
        Self::Rule,
        Self::Throttled,
        Self::Holdout,
        Self::DealsFirst,
        Self::EnoughInRequest,
        Self::PodSeparation,
        Self::PodFull,
        Self::DuplicateOpportunity,
        Self::CreativePending,
        Self::CreativeRejected,
        Self::NotApprovedThere,
        Self::CategoryNotAllowed,
        Self::DealTerms,
        Self::ExpansionNotAllowed,
        Self::LinearityNotOffered,
        Self::DeliveryNotOffered,
        Self::BitrateNotAllowed,
        Self::PlaybackNotWanted,
        Self::StartDelayNotWanted,
        Self::PositionNotWanted,
        Self::SlotNotOffered,
        Self::CompanionNotOffered,
        Self::InterstitialNotWanted,
        Self::RewardNotWanted,
        Self::NoTurn,
        Self::QuantityTooLarge,
    ];

    /// Its name in statistics and explanations.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::Ended => "ended",
            Self::OutsideDayparts => "outside_dayparts",
            Self::Country => "country",
            Self::Region => "region",
            Self::City => "city",
            Self::DeviceType => "device_type",
            Self::Os => "os",
            Self::Domain => "domain",
            Self::Bundle => "bundle",
            Self::Category => "category",
            Self::Language => "language",
            Self::Gender => "gender",
            Self::Age => "age",
            Self::Interest => "interest",
            Self::Segment => "segment",
            Self::Deal => "deal",
            Self::PrivateAuction => "private_auction",
            Self::DealSeat => "deal_seat",
            Self::DealAdvertiser => "deal_advertiser",
            Self::SeatNotAllowed => "seat_not_allowed",
            Self::SeatBlocked => "seat_blocked",
            Self::AdvertiserBlocked => "advertiser_blocked",
            Self::CategoryBlocked => "category_blocked",
            Self::AppBlocked => "app_blocked",
            Self::LanguageNotAllowed => "language_not_allowed",
            Self::AttributeBlocked => "attribute_blocked",
            Self::AdTypeBlocked => "ad_type_blocked",
            Self::NotSecure => "not_secure",
            Self::FormatNotOffered => "format_not_offered",
            Self::SizeNotOffered => "size_not_offered",
            Self::MimeNotAllowed => "mime_not_allowed",
            Self::ApiNotSupported => "api_not_supported",
            Self::ProtocolNotSupported => "protocol_not_supported",
            Self::LengthNotAllowed => "length_not_allowed",
            Self::SkipNotAllowed => "skip_not_allowed",
            Self::AssetsMissing => "assets_missing",
            Self::FloorCurrency => "floor_currency",
            Self::UnderFloor => "under_floor",
            Self::PriceZero => "price_zero",
            Self::Unsigned => "unsigned",
            Self::CapMet => "cap_met",
            Self::CapUnknown => "cap_unknown",
            Self::LeasePending => "lease_pending",
            Self::BudgetExhausted => "budget_exhausted",
            Self::Metro => "metro",
            Self::PostalCode => "postal_code",
            Self::Make => "make",
            Self::Model => "model",
            Self::OsVersion => "os_version",
            Self::Browser => "browser",
            Self::Carrier => "carrier",
            Self::ConnectionType => "connection_type",
            Self::Keyword => "keyword",
            Self::Publisher => "publisher",
            Self::Exchange => "exchange",
            Self::VenueType => "venue_type",
            Self::Radius => "radius",
            Self::Visits => "visits",
            Self::Position => "position",
            Self::PlacementType => "placement_type",
            Self::Interstitial => "interstitial",
            Self::Rewarded => "rewarded",
            Self::Skippable => "skippable",
            Self::InPod => "in_pod",
            Self::SizeRange => "size_range",
            Self::SharedList => "shared_list",
            Self::ListPending => "list_pending",
            Self::Rule => "rule",
            Self::Throttled => "throttled",
            Self::Holdout => "holdout",
            Self::DealsFirst => "deals_first",
            Self::EnoughInRequest => "enough_in_request",
            Self::PodSeparation => "pod_separation",
            Self::PodFull => "pod_full",
            Self::DuplicateOpportunity => "duplicate_opportunity",
            Self::CreativePending => "creative_pending",
            Self::CreativeRejected => "creative_rejected",
            Self::NotApprovedThere => "not_approved_there",
            Self::CategoryNotAllowed => "category_not_allowed",
            Self::DealTerms => "deal_terms",
            Self::ExpansionNotAllowed => "expansion_not_allowed",
            Self::LinearityNotOffered => "linearity_not_offered",
            Self::DeliveryNotOffered => "delivery_not_offered",
            Self::BitrateNotAllowed => "bitrate_not_allowed",
            Self::PlaybackNotWanted => "playback_not_wanted",
            Self::StartDelayNotWanted => "start_delay_not_wanted",
            Self::PositionNotWanted => "position_not_wanted",
            Self::SlotNotOffered => "slot_not_offered",
            Self::CompanionNotOffered => "companion_not_offered",
            Self::InterstitialNotWanted => "interstitial_not_wanted",
            Self::RewardNotWanted => "reward_not_wanted",
            Self::NoTurn => "no_turn",
            Self::QuantityTooLarge => "quantity_too_large",
        }
    }

    /// Its place in [`Ineligible::ALL`].
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Whether only money was missing.
    #[must_use]
    pub const fn is_money(self) -> bool {
        matches!(self, Self::LeasePending | Self::BudgetExhausted)
    }

    /// Whether it stands against every imp of the request alike, so that one look is enough.
    #[must_use]
    pub const fn is_of_request(self) -> bool {
        matches!(
            self,
            Self::LeasePending
                | Self::NotStarted
                | Self::Ended
                | Self::OutsideDayparts
                | Self::SeatNotAllowed
                | Self::SeatBlocked
        )
    }

    /// Whether only a frequency cap stood against it.
    #[must_use]
    pub const fn is_cap(self) -> bool {
        matches!(self, Self::CapMet | Self::CapUnknown)
    }
}

impl From<crate::lease::Unfunded> for Ineligible {
    fn from(why: crate::lease::Unfunded) -> Self {
        match why {
            crate::lease::Unfunded::LeasePending => Self::LeasePending,
            crate::lease::Unfunded::BudgetExhausted => Self::BudgetExhausted,
            crate::lease::Unfunded::Throttled => Self::Throttled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_numbered_and_named_once() {
        let labels: std::collections::HashSet<_> = Ineligible::ALL.map(Ineligible::label).into();
        assert_eq!(labels.len(), Ineligible::ALL.len());
        for (at, reason) in Ineligible::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), at);
        }
    }
}
