//! How an auction is held, answered and lost.

use super::open_enum;

open_enum! {
    /// `at` of a request or deal.
    pub struct AuctionType {
        /// The winner pays its bid.
        FIRST_PRICE = 1,
        /// The winner pays the next best price plus an increment; the default.
        SECOND_PRICE_PLUS = 2,
        /// Deals only: `bidfloor` is the agreed price.
        FIXED_PRICE = 3,
    }

    /// `bid.mtype`: which media object of the imp is answered.
    pub struct MarkupType {
        /// Banner.
        BANNER = 1,
        /// Video.
        VIDEO = 2,
        /// Audio.
        AUDIO = 3,
        /// Native.
        NATIVE = 4,
    }

    /// `nbr`: why there is no bid (OpenRTB 3.0 list).
    pub struct NoBidReason {
        /// Unknown error.
        UNKNOWN_ERROR = 0,
        /// Technical error.
        TECHNICAL_ERROR = 1,
        /// Invalid request.
        INVALID_REQUEST = 2,
        /// Known web crawler.
        KNOWN_CRAWLER = 3,
        /// Suspected non-human traffic.
        NON_HUMAN = 4,
        /// Cloud, data centre or proxy address.
        PROXY_IP = 5,
        /// Unsupported device.
        UNSUPPORTED_DEVICE = 6,
        /// Blocked publisher or site.
        BLOCKED_PUBLISHER = 7,
        /// Unmatched user.
        UNMATCHED_USER = 8,
        /// Daily user cap met.
        DAILY_USER_CAP = 9,
        /// Daily domain cap met.
        DAILY_DOMAIN_CAP = 10,
        /// ads.txt authorization unavailable.
        ADS_TXT_UNAVAILABLE = 11,
        /// ads.txt authorization violation.
        ADS_TXT_VIOLATION = 12,
        /// ads.cert authentication unavailable.
        ADS_CERT_UNAVAILABLE = 13,
        /// ads.cert authentication violation.
        ADS_CERT_VIOLATION = 14,
        /// Insufficient auction time.
        INSUFFICIENT_TIME = 15,
        /// Incomplete supply chain.
        INCOMPLETE_SCHAIN = 16,
        /// Blocked node of the supply chain.
        BLOCKED_SCHAIN_NODE = 17,
    }

    /// `${AUCTION_LOSS}`: why a bid did not win (OpenRTB 3.0 list).
    pub struct LossReason {
        /// The bid won.
        WON = 0,
        /// Internal error.
        INTERNAL_ERROR = 1,
        /// Impression opportunity expired.
        EXPIRED = 2,
        /// Invalid bid response.
        INVALID_RESPONSE = 3,
        /// Invalid deal id.
        INVALID_DEAL = 4,
        /// Invalid auction id.
        INVALID_AUCTION_ID = 5,
        /// Invalid advertiser domain.
        INVALID_ADVERTISER_DOMAIN = 6,
        /// Missing markup.
        MISSING_MARKUP = 7,
        /// Missing creative id.
        MISSING_CREATIVE_ID = 8,
        /// Missing bid price.
        MISSING_PRICE = 9,
        /// Missing minimum creative approval data.
        MISSING_APPROVAL_DATA = 10,
        /// Below the auction floor.
        BELOW_FLOOR = 100,
        /// Below the deal floor.
        BELOW_DEAL_FLOOR = 101,
        /// Lost to a higher bid.
        OUTBID = 102,
        /// Lost to a bid for a deal.
        LOST_TO_DEAL = 103,
        /// Buyer seat blocked.
        SEAT_BLOCKED = 104,
        /// Creative filtered, reason unknown.
        CREATIVE_FILTERED = 200,
        /// Creative pending processing.
        CREATIVE_PENDING = 201,
        /// Creative disapproved by the exchange.
        CREATIVE_DISAPPROVED = 202,
        /// Creative size not allowed.
        CREATIVE_SIZE = 203,
        /// Incorrect creative format.
        CREATIVE_FORMAT = 204,
        /// Advertiser excluded (`badv`).
        CREATIVE_ADVERTISER = 205,
        /// App store id excluded (`bapp`).
        CREATIVE_STORE_ID = 206,
        /// Creative not secure.
        CREATIVE_NOT_SECURE = 207,
        /// Language excluded.
        CREATIVE_LANGUAGE = 208,
        /// Category excluded (`bcat`, `acat`).
        CREATIVE_CATEGORY = 209,
        /// Creative attribute excluded (`battr`).
        CREATIVE_ATTRIBUTE = 210,
        /// Ad type excluded (`btype`).
        CREATIVE_AD_TYPE = 211,
        /// Animation too long.
        CREATIVE_ANIMATION = 212,
        /// Creative not allowed in the deal.
        CREATIVE_NOT_IN_DEAL = 213,
        /// Invalid SKAdNetwork.
        CREATIVE_SKADNETWORK = 214,
        /// App bundle excluded.
        CREATIVE_APP_BUNDLE = 215,
    }
}
