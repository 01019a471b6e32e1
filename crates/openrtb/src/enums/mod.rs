//! The standard's lists, as open integers: an unknown value is kept and means "unknown" (C-21).
//!
//! The numbers are those of AdCOM 1.0, of OpenRTB 3.0 (no-bid and loss reasons) and of OpenRTB 2.6.
//! Values from 500 on are the vendor's own where a list says so.

mod auction;
mod content;
mod creative;
mod device;
mod identity;
mod native;
mod placement;

pub use auction::{AuctionType, LossReason, MarkupType, NoBidReason};
pub use content::{
    CategoryTaxonomy, ContentContext, FeedType, MediaRating, ProductionQuality, QtySource,
    RefreshTrigger, VenueTaxonomy,
};
pub use creative::{ApiFramework, BannerAdType, CreativeAttribute, ExpandableDirection, Protocol};
pub use device::{ConnectionType, DeviceType, IpLocationService, LocationType, UserAgentSource};
pub use identity::{AgentType, GppSection, MatchMethod};
pub use native::{
    DataAssetType, EventTrackingMethod, ImageAssetType, NativeContext, NativeContextSubtype,
    NativeEventType, NativePlacement,
};
pub use placement::{
    CompanionType, DeliveryMethod, LegacyPlacement, Linearity, PlaybackCessation, PlaybackMethod,
    Plcmt, PodDeduplication, PodSequence, Position, ServerSideInsertion, SlotInPod, StartDelay,
    VolumeNormalization,
};

/// Declares an open enumeration: an integer with names for the values that are known.
macro_rules! open_enum {
    ($($(#[$doc:meta])* pub struct $name:ident { $($(#[$value_doc:meta])* $value:ident = $number:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub i32);

        impl $name {
            $($(#[$value_doc])* pub const $value: Self = Self($number);)*

            /// The values that have a name here.
            pub const KNOWN: &'static [Self] = &[$(Self::$value),*];

            /// Whether the value has a name here.
            #[must_use]
            pub fn is_known(self) -> bool {
                Self::KNOWN.contains(&self)
            }
        }

        impl $crate::lenient::FromScalar<'_> for $name {
            fn from_scalar(scalar: $crate::json::Scalar<'_>) -> $crate::lenient::Reading<Self> {
                $crate::lenient::wrap(i32::from_scalar(scalar), Self)
            }
            #[inline(always)]
            fn quick(r: &mut $crate::json::Reader<'_>) -> Option<Self> {
                r.quick_integer().map(Self)
            }
        }

        impl $crate::validate::Walk for $name {
            fn walk(&self, walker: &mut $crate::validate::Walker<'_>) {
                walker.value(self.0, self.is_known(), stringify!($name));
            }
        }

        impl $crate::to_json::ToJson for $name {
            fn is_nothing(&self) -> bool {
                false
            }
            fn write(&self, json: &mut $crate::JsonWriter<'_>) {
                json.integer_value(i64::from(self.0));
            }
        }

        $crate::lenient::scalar_values!($name);
    )*};
}
use open_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_value_is_kept_and_has_no_name() {
        // C-21
        assert!(DeviceType::PHONE.is_known());
        assert!(!DeviceType(4711).is_known());
        assert!(!Protocol(-3).is_known());
    }

    #[test]
    fn numbers_of_the_lists() {
        // enums.md, one value from each end of the lists that are confused most often
        assert_eq!(Protocol::VAST_4_2.0, 13);
        assert_eq!(Protocol::VAST_3_WRAPPER.0, 6);
        assert_eq!(NativeEventType::IMPRESSION.0, 1, "C-95");
        assert_eq!(LossReason::LOST_TO_DEAL.0, 103);
        assert_eq!(NoBidReason::INSUFFICIENT_TIME.0, 15);
    }
}
