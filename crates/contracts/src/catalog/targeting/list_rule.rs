//! A list of values with its two sides.

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
