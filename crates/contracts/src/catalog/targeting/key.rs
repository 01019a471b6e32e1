//! The keys of targeting whose rule is a list of values, declared once.

use serde::{Deserialize, Serialize};

use super::list_rule::ListRule;
use super::range::{AgeRange, Circle, SizeRange, VersionRange, Visits};
use super::tree::Tree;

macro_rules! list_keys {
    ($($(#[$doc:meta])* $key:ident: $field:ident,)*) => {
        /// A key of targeting whose rule is a list of values.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Key {
            $($(#[$doc])* $key,)*
        }

        impl Key {
            /// All keys, in the order in which targeting is written.
            pub const ALL: &'static [Self] = &[$(Self::$key),*];

            /// Its name in JSON.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$key => stringify!($field),)*
                }
            }

            /// The key of a name.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|key| key.name() == name)
            }
        }

        /// All keys must match; within a key any value does. Empty targeting matches everybody.
        ///
        /// What the request does not say is unknown: a non-empty `include` and every other key that asks for
        /// something does not match it, an `exclude` does not exclude it. [`Tree`] says how `rule` reads it.
        #[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct Targeting {
            /// The user's age.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub age_range: Option<AgeRange>,
            $(
                $(#[$doc])*
                #[serde(skip_serializing_if = "ListRule::is_empty")]
                pub $field: ListRule,
            )*
            /// Taxonomy of `categories` (AdCOM category taxonomies); absent is 1 (C-30).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cattax: Option<i32>,
            /// Whose clock `dayparts` are read by.
            #[serde(skip_serializing_if = "Clock::is_campaign")]
            pub dayparts_in: Clock,
            /// Ranges of operating system versions; any of them.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub os_versions: Vec<VersionRange>,
            /// Ranges of sizes; any of them. What is shown has such a size.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub size_ranges: Vec<SizeRange>,
            /// Circles around places; the device is in any of them.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub radius: Vec<Circle>,
            /// Segments that the user was in lately, or often; any of them.
            #[serde(skip_serializing_if = "Vec::is_empty")]
            pub visits: Vec<Visits>,
            /// Whether the ad takes the whole screen (`instl`).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub interstitial: Option<bool>,
            /// Whether the user is rewarded (`rwdd`).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rewarded: Option<bool>,
            /// Whether the player lets the user skip (`video.skip`).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub skippable: Option<bool>,
            /// Whether the place is one of a pod (`podid`).
            #[serde(skip_serializing_if = "Option::is_none")]
            pub in_pod: Option<bool>,
            /// A tree of conditions over all of these keys.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub rule: Option<Tree>,
        }

        impl Targeting {
            /// The rule of one list key.
            #[must_use]
            pub const fn list(&self, key: Key) -> &ListRule {
                match key {
                    $(Key::$key => &self.$field,)*
                }
            }

            /// The rule of one list key, to be changed.
            pub const fn list_mut(&mut self, key: Key) -> &mut ListRule {
                match key {
                    $(Key::$key => &mut self.$field,)*
                }
            }
        }
    };
}

list_keys! {
    /// The user's genders: `M`, `F`, `O`.
    Gender: genders,
    /// The user's interests.
    Interest: interests,
    /// The user's segments.
    Segment: segments,
    /// Countries, alpha-2 or alpha-3.
    Country: countries,
    /// Regions, ISO 3166-2 (`CA` or `US-CA`).
    Region: regions,
    /// Cities, by name.
    City: cities,
    /// `mobile`, `desktop`, `tablet`, `ctv`, `connected_device`, `set_top_box`, `ooh`.
    DeviceType: device_types,
    /// Operating systems, by name.
    Os: os,
    /// Sizes such as `300x250`.
    Size: sizes,
    /// `banner`, `video`, `audio`, `native`.
    Format: formats,
    /// Domains of sites; a domain covers its subdomains.
    Domain: domains,
    /// App bundles.
    Bundle: bundles,
    /// Content categories of the site or app, in taxonomy `cattax`; in taxonomy 1 a tier-1 code covers its children.
    Category: categories,
    /// Languages, ISO 639-1.
    Language: languages,
    /// Day parts such as `mon-fri 09-17` or `sat 00-24` (hours of the clock `dayparts_in`, end excluded).
    Daypart: dayparts,
    /// Deals; when included, only these deals are bid on.
    Deal: deals,
    /// Metropolitan areas (`geo.metro`), such as Nielsen's codes.
    Metro: metros,
    /// Postal codes, alone (`10115`) or with their country (`DE-10115`).
    PostalCode: postal_codes,
    /// Makers of devices, by name.
    Make: makes,
    /// Models of devices, by name.
    Model: models,
    /// Browsers, by name.
    Browser: browsers,
    /// Carriers, by name or as MCC-MNC.
    Carrier: carriers,
    /// `ethernet`, `wifi`, `cellular` (of any generation), `2g`, `3g`, `4g`, `5g`.
    ConnectionType: connection_types,
    /// Keywords of the site, app, content or user.
    Keyword: keywords,
    /// Publishers, by the exchange's id (`publisher.id`).
    Publisher: publishers,
    /// Who sent the request: the name of the SSP's account here.
    Exchange: exchanges,
    /// Where on the page, by the name of AdCOM's placement position.
    Position: positions,
    /// Kinds of video placement, by the name of `plcmt`.
    PlacementType: placement_types,
    /// Venues of out-of-home screens in the OpenOOH taxonomy; `transit` covers `transit.airports`.
    VenueType: venue_types,
    /// Ids of shared lists that hold the domain, bundle or postal code.
    List: lists,
}

/// Whose hours day parts mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The campaign's time zone.
    #[default]
    Campaign,
    /// The user's, from `geo.utcoffset`; unknown is not matched.
    User,
}

impl Clock {
    /// Whether it is the default.
    #[must_use]
    pub const fn is_campaign(&self) -> bool {
        matches!(self, Self::Campaign)
    }
}
