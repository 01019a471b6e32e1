//! Why a request gets no bid at all (`nbr`, OpenRTB §4.2.1).

/// The reason of a whole request's no-bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoBid {
    /// The request breaks a rule that its sender must keep (C-60, C-66).
    InvalidRequest,
    /// `at` is not one that we understand (B-61).
    UnknownAuctionType,
    /// None of the allowed currencies can be converted to (B-61).
    UnknownCurrency,
    /// Site, app and dooh contradict one another (B-61, C-40).
    ContradictoryContext,
    /// The user agent names itself a crawler (B-60).
    Crawler,
    /// Not enough time is left to answer (B-31).
    TooLittleTime,
    /// No catalog has arrived yet.
    NotReady,
    /// No line item's targeting matched any imp.
    NothingMatches,
    /// Line items matched, and each was refused by a rule.
    NothingEligible,
    /// Only line items without money were left.
    NoBudget,
    /// Only line items whose caps are met were left.
    Capped,
    /// Only line items were left that want to know how often the user has seen them, and the user is not known.
    UnmatchedUser,
    /// Only line items that a throttle held back were left.
    Throttled,
    /// The same opportunity came another way, and was bid on there.
    DuplicateOpportunity,
    /// Only imps were left a display of which counts for more impressions than is allowed (C-150).
    QuantityTooLarge,
}

impl NoBid {
    /// All reasons, for counters that are registered at start.
    pub const ALL: [Self; 15] = [
        Self::InvalidRequest,
        Self::UnknownAuctionType,
        Self::UnknownCurrency,
        Self::ContradictoryContext,
        Self::Crawler,
        Self::TooLittleTime,
        Self::NotReady,
        Self::NothingMatches,
        Self::NothingEligible,
        Self::NoBudget,
        Self::Capped,
        Self::UnmatchedUser,
        Self::Throttled,
        Self::DuplicateOpportunity,
        Self::QuantityTooLarge,
    ];

    /// The value of `nbr` (AdCOM "No-Bid Reason Codes"); 500 and above are our own, told to partners
    /// beforehand. 4 and 5 are for traffic that a bidder suspects, which this one has no data for.
    #[must_use]
    pub const fn code(self) -> i32 {
        match self {
            Self::InvalidRequest
            | Self::UnknownAuctionType
            | Self::UnknownCurrency
            | Self::ContradictoryContext => 2,
            Self::Crawler => 3,
            Self::TooLittleTime => 15,
            Self::NotReady => 1,
            Self::NothingMatches => 501,
            Self::NothingEligible => 502,
            Self::NoBudget => 503,
            Self::Throttled => 504,
            Self::DuplicateOpportunity => 505,
            Self::QuantityTooLarge => 506,
            Self::Capped => 9,
            Self::UnmatchedUser => 8,
        }
    }

    /// Its name in metrics and statistics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::UnknownAuctionType => "unknown_auction_type",
            Self::UnknownCurrency => "unknown_currency",
            Self::ContradictoryContext => "contradictory_context",
            Self::Crawler => "crawler",
            Self::TooLittleTime => "too_little_time",
            Self::NotReady => "not_ready",
            Self::NothingMatches => "nothing_matches",
            Self::NothingEligible => "nothing_eligible",
            Self::NoBudget => "no_budget",
            Self::Capped => "capped",
            Self::UnmatchedUser => "unmatched_user",
            Self::Throttled => "throttled",
            Self::DuplicateOpportunity => "duplicate_opportunity",
            Self::QuantityTooLarge => "quantity_too_large",
        }
    }

    /// Its place in [`NoBid::ALL`].
    #[must_use]
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|it| *it == self).unwrap_or(0)
    }

    /// Whether the answer carries `nbr` in a body by default; all others are a bare 204 (B-40).
    #[must_use]
    pub const fn is_told(self) -> bool {
        matches!(self.code(), 2 | 15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_standards() {
        let cases = [
            ("B-61", NoBid::UnknownAuctionType, 2, true),
            ("C-66", NoBid::InvalidRequest, 2, true),
            ("B-31", NoBid::TooLittleTime, 15, true),
            ("B-60", NoBid::Crawler, 3, false),
            ("technical error", NoBid::NotReady, 1, false),
            ("unmatched user", NoBid::UnmatchedUser, 8, false),
            ("daily user cap met", NoBid::Capped, 9, false),
            ("B-61", NoBid::UnknownCurrency, 2, true),
            ("B-61", NoBid::ContradictoryContext, 2, true),
            ("B-40", NoBid::NothingMatches, 501, false),
            ("our own", NoBid::NothingEligible, 502, false),
            ("our own", NoBid::NoBudget, 503, false),
            ("our own", NoBid::Throttled, 504, false),
            ("our own", NoBid::DuplicateOpportunity, 505, false),
            ("our own", NoBid::QuantityTooLarge, 506, false),
        ];
        for (id, reason, code, told) in cases {
            assert_eq!((reason.code(), reason.is_told()), (code, told), "{id}");
        }
        assert_eq!(cases.len(), NoBid::ALL.len(), "each has its row");
    }

    #[test]
    fn every_reason_is_listed_once() {
        for (at, reason) in NoBid::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), at);
        }
    }
}
