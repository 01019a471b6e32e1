//! A list of values with its two sides.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
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
        deserializer.deserialize_any(Either)
    }
}

/// Takes both forms as they come: a catalog has hundreds of thousands of these rules.
struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = ListRule;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts, or {\"include\":[…],\"exclude\":[…]}")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<ListRule, A::Error> {
        let include = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(ListRule {
            include,
            exclude: Vec::new(),
        })
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<ListRule, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Both {
            #[serde(default)]
            include: Vec<String>,
            #[serde(default)]
            exclude: Vec<String>,
        }
        let Both { include, exclude } = Both::deserialize(MapAccessDeserializer::new(members))?;
        Ok(ListRule { include, exclude })
    }
}
