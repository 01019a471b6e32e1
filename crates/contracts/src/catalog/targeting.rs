//! Whom and where: the keys of a line item's targeting.

use serde::ser::SerializeStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A list of values to include and of values to exclude.
///
/// Read from a plain list (all included) or from `{"include":[…],"exclude":[…]}`, and written as the plain
/// list when nothing is excluded. An empty `include` includes everything. An unknown value of the request is not matched by a non-empty `include`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListRule {
    /// One of these must be there, unless empty.
    pub include: Vec<String>,
    /// None of these may be there.
    pub exclude: Vec<String>,
}

impl ListRule {
    /// Whether the rule restricts nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }
}

impl Serialize for ListRule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.exclude.is_empty() {
            return self.include.serialize(serializer);
        }
        let mut both = serializer.serialize_struct("ListRule", 2)?;
        both.serialize_field("include", &self.include)?;
        both.serialize_field("exclude", &self.exclude)?;
        both.end()
    }
}

impl<'de> Deserialize<'de> for ListRule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Both {
            #[serde(default)]
            include: Vec<String>,
            #[serde(default)]
            exclude: Vec<String>,
        }
        #[derive(Deserialize)]
        #[serde(
            untagged,
            expecting = "a list of texts, or {\"include\":[…],\"exclude\":[…]}"
        )]
        enum Form {
            List(Vec<String>),
            Both(Both),
        }
        Ok(match Form::deserialize(deserializer)? {
            Form::List(include) => Self {
                include,
                exclude: Vec::new(),
            },
            Form::Both(Both { include, exclude }) => Self { include, exclude },
        })
    }
}

/// An age in years, both ends included; an absent end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRange {
    /// Youngest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_age: Option<u8>,
    /// Oldest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u8>,
}

/// All keys must match; within a key any value does. Empty targeting matches everybody.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Targeting {
    /// The user's age.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub age_range: Option<AgeRange>,
    /// The user's genders: `M`, `F`, `O`.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub genders: ListRule,
    /// The user's interests.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub interests: ListRule,
    /// The user's segments.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub segments: ListRule,
    /// Countries, alpha-2 or alpha-3.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub countries: ListRule,
    /// Regions, ISO 3166-2 (`CA` or `US-CA`).
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub regions: ListRule,
    /// Cities, by name.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub cities: ListRule,
    /// `mobile`, `desktop`, `tablet`, `ctv`, `connected_device`, `set_top_box`, `ooh`.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub device_types: ListRule,
    /// Operating systems, by name.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub os: ListRule,
    /// Sizes such as `300x250`.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub sizes: ListRule,
    /// `banner`, `video`, `audio`, `native`.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub formats: ListRule,
    /// Domains of sites; a domain covers its subdomains.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub domains: ListRule,
    /// App bundles.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub bundles: ListRule,
    /// Content categories of the site or app (IAB 1.0 codes; a tier-1 code covers its children).
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub categories: ListRule,
    /// Languages, ISO 639-1.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub languages: ListRule,
    /// Day parts such as `mon-fri 09-17` or `sat 00-24` (hours of the campaign's time zone, end excluded).
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub dayparts: ListRule,
    /// Deals; when included, only these deals are bid on.
    #[serde(skip_serializing_if = "ListRule::is_empty")]
    pub deals: ListRule,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_a_list_or_both_sides() {
        // interfaces.md: "each a list, or {"include":[],"exclude":[]}"
        let targeting: Targeting = serde_json::from_str(
            r#"{"age_range":{"min_age":18,"max_age":35},"interests":["technology"],"countries":{"exclude":["US"]}}"#,
        )
        .unwrap();
        assert_eq!(targeting.interests.include, ["technology"]);
        assert_eq!(targeting.countries.exclude, ["US"]);
        let again: Targeting =
            serde_json::from_str(&serde_json::to_string(&targeting).unwrap()).unwrap();
        assert_eq!(again, targeting);
        assert!(serde_json::from_str::<Targeting>(r#"{"intrests":["technology"]}"#).is_err());
    }
}
