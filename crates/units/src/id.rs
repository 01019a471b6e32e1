//! Identifiers. Names given by people are text; what we make per event is a UUIDv7.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use crate::time::UnixMillis;
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

macro_rules! text_id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(#[serde(deserialize_with = "text")] Arc<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(Arc::from(text))
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(Arc::from(text))
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    )*};
}

/// Straight into its place: by way of a `String`, each of a user's segments would be allocated twice.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<str>, D::Error> {
    struct Text;
    impl Visitor<'_> for Text {
        type Value = Arc<str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_str<E>(self, text: &str) -> Result<Arc<str>, E> {
            Ok(Arc::from(text))
        }
    }
    deserializer.deserialize_str(Text)
}

text_id! {
    /// Who pays for campaigns.
    AdvertiserId
    /// An advertiser's campaign.
    CampaignId
    /// A campaign's line item: what is matched, priced and given leases.
    LineItemId
    /// What is shown.
    CreativeId
    /// A deal of OpenRTB §3.2.12.
    DealId
    /// Who is paid for placements.
    PublisherId
    /// A place on a publisher's page or app that is sold.
    PlacementId
    /// A demand partner (DSP) that the exchange asks.
    PartnerId
    /// A segment of users.
    SegmentId
    /// A shared list of targeting: domains, bundles or postal codes.
    ListId
    /// A sender of bid requests, by its name in the configuration of bidders.
    SourceId
    /// A user, in the one name space of the DMP and of requests.
    UserId
    /// One running bidder process's name.
    BidderId
}

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A UUIDv7 of this instant and these random bytes (RFC 9562 §5.7).
            #[must_use]
            pub fn new(now: UnixMillis, random: [u8; 10]) -> Self {
                let millis = u64::try_from(now.0).unwrap_or_default();
                Self(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
            }

            /// Reads the hyphenated or the plain form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Uuid::try_parse(text).ok().map(Self)
            }

            /// The sixteen bytes.
            #[must_use]
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }
    )*};
}

uuid_id! {
    /// One auction; also its trace id and its `bidid`.
    AuctionId
    /// One bid of ours.
    BidId
    /// A slice of a line item's budget, held by one bidder.
    LeaseId
    /// One start of a bidder process.
    BootId
    /// A browser, as one service of ours knows it by its cookie.
    VisitorId
}

/// One reservation: the lease and a number within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ReservationId {
    /// The lease that it was made on.
    pub lease: LeaseId,
    /// Its number on that lease, from 1.
    pub seq: u64,
}
