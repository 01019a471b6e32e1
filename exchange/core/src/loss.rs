//! Why a bid that reached the auction did not win, with the standard's codes.

/// Why a bid lost. One per bid: the first failing check in the order of X-59.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The winner's impression would come after the bid has expired.
    Expired,
    /// The bid cannot be read, or breaks the standard's form.
    Malformed,
    /// A key that decides money stands twice in the bid (C-31).
    DuplicateKey,
    /// It names an imp that its bidder was not asked for.
    UnknownImp,
    /// Another bid of the same answer has the same id.
    DuplicateBid,
    /// Its currency is none of the request's, or has no rate.
    CurrencyNotAllowed,
    /// A notice's URL is longer than our tokens carry (R37).
    NoticeUrlTooLong,
    /// It declares more domains, categories, attributes or APIs than are looked at (R37).
    DeclaresTooMuch,
    /// It wants a slot of the pod that the request did not offer.
    SlotNotOffered,
    /// Its deal is none of the imp's, or a private auction got no deal (C-110, C-111).
    InvalidDeal,
    /// The whole answer carries another id than the request.
    WrongAuction,
    /// `adomain` is absent or no domain.
    InvalidAdvertiserDomain,
    /// Neither `adm` nor a `nurl` that could return it.
    MissingMarkup,
    /// `crid` is absent.
    MissingCreativeId,
    /// No price, or not a positive number.
    MissingPrice,
    /// Under the imp's floor.
    BelowFloor,
    /// Under the deal's floor.
    BelowDealFloor,
    /// Another bid was higher.
    Outbid,
    /// A bid for a deal comes first.
    OutrankedByDeal,
    /// Its seat may not buy here, or not under this deal (X-40, C-112).
    SeatBlocked,
    /// A size that was not offered.
    SizeNotAllowed,
    /// A markup type, duration, protocol or API that was not offered.
    FormatNotAllowed,
    /// Its markup is longer or shorter than it declares (C-81).
    WrongDuration,
    /// Its advertiser is blocked.
    AdvertiserBlocked,
    /// Its app is blocked by store id.
    AppBlocked,
    /// Its app is blocked by package name.
    BundleBlocked,
    /// Insecure URLs where `secure` was asked.
    NotSecure,
    /// A language that was not allowed.
    LanguageNotAllowed,
    /// A category that is blocked, or not allowed.
    CategoryNotAllowed,
    /// A creative attribute that is blocked.
    AttributeBlocked,
    /// A kind of banner markup that is blocked.
    AdTypeBlocked,
    /// Its advertiser may not use the deal (C-112).
    NotInDeal,
    /// Nothing by which our review could know the creative.
    MissingApprovalData,
    /// Our review has not approved the creative, and the seller takes only approved ones.
    CreativePending,
    /// Our review has blocked the creative.
    CreativeBlocked,
    /// Markup for a player that is no VAST document, is not well formed, or has no ad (C-80).
    UnusableVast,
    /// Its seatbid's group cannot win as a whole. Exchange-specific code.
    GroupIncomplete,
    /// Its partner is in testing: on live requests its bids are judged and never win. Exchange-specific code.
    InTesting,
}

impl Loss {
    /// Every reason, for counters registered beforehand.
    pub const ALL: [Self; 38] = [
        Self::Expired,
        Self::Malformed,
        Self::DuplicateKey,
        Self::UnknownImp,
        Self::DuplicateBid,
        Self::CurrencyNotAllowed,
        Self::NoticeUrlTooLong,
        Self::DeclaresTooMuch,
        Self::SlotNotOffered,
        Self::InvalidDeal,
        Self::WrongAuction,
        Self::InvalidAdvertiserDomain,
        Self::MissingMarkup,
        Self::MissingCreativeId,
        Self::MissingPrice,
        Self::BelowFloor,
        Self::BelowDealFloor,
        Self::Outbid,
        Self::OutrankedByDeal,
        Self::SeatBlocked,
        Self::SizeNotAllowed,
        Self::FormatNotAllowed,
        Self::WrongDuration,
        Self::AdvertiserBlocked,
        Self::AppBlocked,
        Self::BundleBlocked,
        Self::NotSecure,
        Self::LanguageNotAllowed,
        Self::CategoryNotAllowed,
        Self::AttributeBlocked,
        Self::AdTypeBlocked,
        Self::NotInDeal,
        Self::MissingApprovalData,
        Self::CreativePending,
        Self::CreativeBlocked,
        Self::UnusableVast,
        Self::GroupIncomplete,
        Self::InTesting,
    ];

    /// The value of `${AUCTION_LOSS}` (OpenRTB 3.0 loss list; 500 and up are ours).
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::Expired => 2,
            Self::Malformed
            | Self::DuplicateKey
            | Self::UnknownImp
            | Self::DuplicateBid
            | Self::CurrencyNotAllowed
            | Self::NoticeUrlTooLong
            | Self::DeclaresTooMuch
            | Self::SlotNotOffered => 3,
            Self::InvalidDeal => 4,
            Self::WrongAuction => 5,
            Self::InvalidAdvertiserDomain => 6,
            Self::MissingMarkup => 7,
            Self::MissingCreativeId => 8,
            Self::MissingPrice => 9,
            Self::MissingApprovalData => 10,
            Self::BelowFloor => 100,
            Self::BelowDealFloor => 101,
            Self::Outbid => 102,
            Self::OutrankedByDeal => 103,
            Self::SeatBlocked => 104,
            Self::CreativePending => 201,
            Self::CreativeBlocked => 202,
            Self::SizeNotAllowed => 203,
            Self::FormatNotAllowed | Self::WrongDuration | Self::UnusableVast => 204,
            Self::AdvertiserBlocked => 205,
            Self::AppBlocked => 206,
            Self::NotSecure => 207,
            Self::LanguageNotAllowed => 208,
            Self::CategoryNotAllowed => 209,
            Self::AttributeBlocked => 210,
            Self::AdTypeBlocked => 211,
            Self::NotInDeal => 213,
            Self::BundleBlocked => 215,
            Self::GroupIncomplete => 500,
            Self::InTesting => 501,
        }
    }

    /// The metric label: a closed set of lower-case words.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Malformed => "malformed",
            Self::DuplicateKey => "duplicate_key",
            Self::UnknownImp => "unknown_imp",
            Self::DuplicateBid => "duplicate_bid",
            Self::CurrencyNotAllowed => "currency",
            Self::NoticeUrlTooLong => "notice_url",
            Self::DeclaresTooMuch => "declares_too_much",
            Self::SlotNotOffered => "slot_not_offered",
            Self::InvalidDeal => "invalid_deal",
            Self::WrongAuction => "wrong_auction",
            Self::InvalidAdvertiserDomain => "advertiser_domain",
            Self::MissingMarkup => "missing_markup",
            Self::MissingCreativeId => "missing_creative_id",
            Self::MissingPrice => "missing_price",
            Self::BelowFloor => "below_floor",
            Self::BelowDealFloor => "below_deal_floor",
            Self::Outbid => "outbid",
            Self::OutrankedByDeal => "outranked_by_deal",
            Self::SeatBlocked => "seat_blocked",
            Self::SizeNotAllowed => "size",
            Self::FormatNotAllowed => "format",
            Self::WrongDuration => "duration",
            Self::AdvertiserBlocked => "advertiser_blocked",
            Self::AppBlocked => "app_blocked",
            Self::BundleBlocked => "bundle_blocked",
            Self::NotSecure => "not_secure",
            Self::LanguageNotAllowed => "language",
            Self::CategoryNotAllowed => "category",
            Self::AttributeBlocked => "attribute",
            Self::AdTypeBlocked => "ad_type",
            Self::NotInDeal => "not_in_deal",
            Self::MissingApprovalData => "missing_approval_data",
            Self::CreativePending => "creative_pending",
            Self::CreativeBlocked => "creative_blocked",
            Self::UnusableVast => "vast",
            Self::GroupIncomplete => "group_incomplete",
            Self::InTesting => "in_testing",
        }
    }

    /// The reason in words, for records and people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Expired => "the bid expires before the impression is expected",
            Self::Malformed => "the bid cannot be read",
            Self::DuplicateKey => "a key that decides money stands twice",
            Self::UnknownImp => "the imp was not offered",
            Self::DuplicateBid => "the bid's id is not unique in its answer",
            Self::CurrencyNotAllowed => "the bid's currency is not allowed",
            Self::NoticeUrlTooLong => "the URL of a notice is too long",
            Self::DeclaresTooMuch => {
                "it declares more domains, categories or attributes than are looked at"
            }
            Self::SlotNotOffered => "the pod slot was not offered",
            Self::InvalidDeal => "the deal is not one of the imp's",
            Self::WrongAuction => "the answer names another request",
            Self::InvalidAdvertiserDomain => "no valid advertiser domain",
            Self::MissingMarkup => "no markup",
            Self::MissingCreativeId => "no creative id",
            Self::MissingPrice => "no positive price",
            Self::BelowFloor => "below the floor",
            Self::BelowDealFloor => "below the deal's floor",
            Self::Outbid => "lost to other bids",
            Self::OutrankedByDeal => "lost to a bid for a deal",
            Self::SeatBlocked => "the seat may not buy this",
            Self::SizeNotAllowed => "the size was not offered",
            Self::FormatNotAllowed => "the format was not offered",
            Self::WrongDuration => "the markup is longer or shorter than the bid declares",
            Self::AdvertiserBlocked => "the advertiser is blocked",
            Self::AppBlocked => "the app's store id is blocked",
            Self::BundleBlocked => "the app's bundle is blocked",
            Self::NotSecure => "the markup loads insecure URLs",
            Self::LanguageNotAllowed => "the language is not allowed",
            Self::CategoryNotAllowed => "the category is not allowed",
            Self::AttributeBlocked => "a creative attribute is blocked",
            Self::AdTypeBlocked => "the ad type is blocked",
            Self::NotInDeal => "the advertiser may not use the deal",
            Self::MissingApprovalData => "the creative has no id by which it could be approved",
            Self::CreativePending => "the creative is not approved yet",
            Self::CreativeBlocked => "the creative is blocked",
            Self::UnusableVast => "the VAST document is not well formed, or has no ad",
            Self::GroupIncomplete => "the seatbid's group cannot win as a whole",
            Self::InTesting => "the bid is good, and its partner in testing",
        }
    }

    /// Whether a higher price would have changed it, so that the minimum to win may be told.
    #[must_use]
    pub const fn is_by_price(self) -> bool {
        matches!(self, Self::BelowFloor | Self::BelowDealFloor | Self::Outbid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_distinct_and_codes_are_the_lists() {
        let mut labels: Vec<&str> = Loss::ALL.iter().map(|loss| loss.label()).collect();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), Loss::ALL.len());
        for loss in Loss::ALL {
            let code = i32::from(loss.code());
            assert!(
                code >= 500 || openrtb::enums::LossReason(code).is_known(),
                "{loss:?} has a code of the list, or one of our own"
            );
        }
    }
}
