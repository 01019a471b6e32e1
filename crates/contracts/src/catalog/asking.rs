//! How a demand partner wants to be asked: about what, how often, over which connection.

use serde::{Deserialize, Serialize};
use units::{CpmMicros, Multiplier};

/// What a partner wants to be asked about. An empty list leaves its dimension open; where one is given,
/// a request that does not tell the value is not for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Pretargeting {
    /// Sizes of banners, such as `300x250`. A banner of none or of flexible size is for everybody.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sizes: Vec<String>,
    /// Where the device is: alpha-3 codes of ISO 3166-1.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// Values of `device.devicetype`; 1 stands for phones and tablets, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub device_types: Vec<i32>,
    /// Domains of sites and screens; a domain covers its subdomains (C-29).
    #[serde(skip_serializing_if = "AllowBlock::is_open")]
    pub domains: AllowBlock,
    /// Bundles of apps.
    #[serde(skip_serializing_if = "AllowBlock::is_open")]
    pub bundles: AllowBlock,
    /// Ids of publishers, as requests or our sellers.json name them.
    #[serde(skip_serializing_if = "AllowBlock::is_open")]
    pub publishers: AllowBlock,
    /// Ids of deals: only imps that offer one of them, and of their deals only these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<String>,
    /// Only users of whom it has an id of its own (C-143).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub known_users_only: bool,
}

impl Pretargeting {
    /// Whether it leaves every dimension open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }
}

/// Names that are wanted, empty for all, and names that are not, whatever is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AllowBlock {
    /// Only these; empty for all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// Not these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub block: Vec<String>,
}

impl AllowBlock {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.allow.is_empty() && self.block.is_empty()
    }
}

/// When a partner is not asked, because requests like this one brought nothing so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sampling {
    /// What a request must have brought on average to be worth a call: bid rate × price, CPM in USD.
    pub worth: CpmMicros,
    /// The share of the other requests that it is asked all the same, at most 1.
    pub explore: Multiplier,
}

/// How a partner's endpoint is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Connection {
    /// HTTP/2 on shared connections; over plain http by prior knowledge.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub http2: bool,
    /// Requests are sent gzipped.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub gzip_requests: bool,
    /// Answers may come gzipped (C-5).
    pub gzip_answers: bool,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            http2: false,
            gzip_requests: false,
            gzip_answers: true,
        }
    }
}

impl Connection {
    /// Whether nothing of it was chosen.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How ids are put into the macros of a partner's notices and markup (OpenRTB 2.6 §4.4, X-95).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MacroEncoding {
    /// Percent-encoded inside a URL, escaped inside an attribute or XML.
    #[default]
    Ids,
    /// As they are.
    None,
}

impl MacroEncoding {
    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// How a partner is sent `native.request` (OpenRTB 2.6 §3.2.9, C-90).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NativeForm {
    /// As a JSON-encoded string, which the standard asks for.
    #[default]
    String,
    /// As a JSON object.
    Object,
}

impl NativeForm {
    /// Whether nothing was chosen.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}
