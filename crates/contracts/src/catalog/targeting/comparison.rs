//! A typed comparison on any place of the request: the slow path.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text, compared as it is.
    Text(String),
}

/// How a value of the request is compared. A value of another type than the one named does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Has this value.
    Equals(Scalar),
    /// Has one of these values.
    In(Vec<Scalar>),
    /// Is a number below this.
    Less(Number),
    /// Is a number above this.
    Greater(Number),
    /// Is there (or, with `false`, is not); `null` is not there (C-25).
    Exists(bool),
    /// Is a text with this part, or an array with this element.
    Contains(Scalar),
}

impl Comparison {
    /// Names of the comparisons in JSON.
    pub const NAMES: [&'static str; 6] = ["equals", "in", "less", "greater", "exists", "contains"];

    /// Its name in JSON.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Equals(_) => "equals",
            Self::In(_) => "in",
            Self::Less(_) => "less",
            Self::Greater(_) => "greater",
            Self::Exists(_) => "exists",
            Self::Contains(_) => "contains",
        }
    }

    /// Reads the value of the comparison called `name`.
    pub(super) fn read(name: &str, value: Value) -> Result<Self, serde_json::Error> {
        let from = serde_json::from_value::<Scalar>;
        Ok(match name {
            "in" => Self::In(serde_json::from_value(value)?),
            "less" => Self::Less(serde_json::from_value(value)?),
            "greater" => Self::Greater(serde_json::from_value(value)?),
            "exists" => Self::Exists(serde_json::from_value(value)?),
            "contains" => Self::Contains(from(value)?),
            _ => Self::Equals(from(value)?),
        })
    }
}

/// A comparison and the place it looks at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PathTest {
    /// A JSON pointer (RFC 6901) into the request, where `*` stands for any element of an array.
    /// The test holds where it holds for any of the values that are found.
    pub path: String,
    /// What must hold.
    pub comparison: Comparison,
}

impl PathTest {
    pub(super) fn write(&self, object: &mut Map<String, Value>) {
        object.insert("path".to_owned(), Value::String(self.path.clone()));
        let value = match &self.comparison {
            Comparison::Equals(scalar) | Comparison::Contains(scalar) => scalar.json(),
            Comparison::In(scalars) => Value::Array(scalars.iter().map(Scalar::json).collect()),
            Comparison::Less(number) | Comparison::Greater(number) => Value::Number(number.clone()),
            Comparison::Exists(there) => Value::Bool(*there),
        };
        object.insert(self.comparison.name().to_owned(), value);
    }
}

impl Scalar {
    fn json(&self) -> Value {
        match self {
            Self::Bool(it) => Value::Bool(*it),
            Self::Number(it) => Value::Number(it.clone()),
            Self::Text(it) => Value::String(it.clone()),
        }
    }
}
