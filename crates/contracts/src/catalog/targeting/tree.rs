//! The tree of conditions: terms joined by AND, OR and NOT.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::comparison::PathTest;
use super::key::{Clock, Key};
use super::range::{AgeRange, Circle, SizeRange, VersionRange, Visits};
use super::reading::Reading;

/// Most terms of one tree.
pub const MAX_TERMS: usize = 64;

/// Conditions joined by AND, OR and NOT, evaluated in three values (Kleene's logic).
///
/// A term is true, false, or unknown where the request does not say what the term asks for. `all` is
/// false where any part is false, else unknown where any part is unknown; `any` is true where any part is true, else unknown where any
/// part is unknown; `not` of unknown is unknown. What is unknown at the end does not match. A term with
/// `"unknown":"match"` is true where it would be unknown.
///
/// Written as `{"all":[…]}`, `{"any":[…]}`, `{"not":…}`, or a term: a key of targeting with its values
/// (`{"countries":["DE"]}`), or a comparison on a place of the request
/// (`{"path":"/imp/*/ext/slot","equals":7}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tree {
    /// Every one holds.
    All(Vec<Tree>),
    /// At least one holds.
    Any(Vec<Tree>),
    /// It does not hold.
    Not(Box<Tree>),
    /// One condition.
    Term(Term),
}

/// What an unknown value makes of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// The term is unknown.
    #[default]
    Unknown,
    /// The term is true.
    Match,
}

/// One condition, and what it is where the request does not say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Term {
    /// What is asked.
    pub test: Test,
    /// What the term is when that is unknown.
    pub unknown: Unknown,
}

/// A fact that is true or false.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// `instl`.
    Interstitial,
    /// `rwdd`.
    Rewarded,
    /// `video.skip`.
    Skippable,
    /// `podid`.
    InPod,
}

impl Flag {
    /// All flags.
    pub const ALL: [Self; 4] = [
        Self::Interstitial,
        Self::Rewarded,
        Self::Skippable,
        Self::InPod,
    ];

    /// Its key in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Interstitial => "interstitial",
            Self::Rewarded => "rewarded",
            Self::Skippable => "skippable",
            Self::InPod => "in_pod",
        }
    }
}

/// What a term asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Test {
    /// One of the values of a list key is there.
    Values {
        /// The key; neither categories nor day parts.
        key: Key,
        /// The values.
        values: Vec<String>,
    },
    /// One of these categories is there.
    Categories {
        /// The categories.
        values: Vec<String>,
        /// Their taxonomy.
        cattax: i32,
    },
    /// The hour is in one of these day parts.
    Dayparts {
        /// The day parts.
        values: Vec<String>,
        /// Whose hours.
        clock: Clock,
    },
    /// A flag has this value.
    Flag(Flag, bool),
    /// The user's age.
    Age(AgeRange),
    /// The operating system's version is in one of these.
    OsVersions(Vec<VersionRange>),
    /// A size on offer is in one of these.
    SizeRanges(Vec<SizeRange>),
    /// The device is in one of these.
    Radius(Vec<Circle>),
    /// The user was in one of these.
    Visits(Vec<Visits>),
    /// A comparison on a place of the request.
    Path(PathTest),
}

impl Test {
    /// The key of a tree's term that asks this.
    #[must_use]
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Values { key, .. } => key.name(),
            Self::Categories { .. } => Key::Category.name(),
            Self::Dayparts { .. } => Key::Daypart.name(),
            Self::Flag(flag, _) => flag.name(),
            Self::Age(_) => "age_range",
            Self::OsVersions(_) => "os_versions",
            Self::SizeRanges(_) => "size_ranges",
            Self::Radius(_) => "radius",
            Self::Visits(_) => "visits",
            Self::Path(_) => "path",
        }
    }
}

/// What is wrong with the form of a tree, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TreeFault {
    /// JSON pointer from the tree's root.
    pub pointer: String,
    /// What is wrong there.
    pub says: String,
}

impl Tree {
    /// Reads a tree.
    ///
    /// # Errors
    /// Every fault of its form: unknown keys, values of a wrong type, more than one condition in a term.
    pub fn read(value: &Value) -> Result<Self, Vec<TreeFault>> {
        let mut reading = Reading::default();
        let tree = reading.tree(value);
        match tree {
            Some(tree) if reading.faults.is_empty() => Ok(tree),
            _ => Err(reading.faults),
        }
    }

    /// How many terms it has; a part that is empty counts as one.
    #[must_use]
    pub fn terms(&self) -> usize {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::terms).sum::<usize>().max(1)
            }
            Self::Not(part) => part.terms(),
            Self::Term(_) => 1,
        }
    }

    /// Shows every node with its JSON pointer from the root, to be looked at or spelled anew.
    pub fn visit_mut(&mut self, each: &mut dyn FnMut(&str, &mut Self)) {
        self.visit_at("", each);
    }

    fn visit_at(&mut self, at: &str, each: &mut dyn FnMut(&str, &mut Self)) {
        each(at, self);
        match self {
            Self::All(parts) => {
                for (index, part) in parts.iter_mut().enumerate() {
                    part.visit_at(&format!("{at}/all/{index}"), each);
                }
            }
            Self::Any(parts) => {
                for (index, part) in parts.iter_mut().enumerate() {
                    part.visit_at(&format!("{at}/any/{index}"), each);
                }
            }
            Self::Not(part) => part.visit_at(&format!("{at}/not"), each),
            Self::Term(_) => {}
        }
    }

    fn json(&self) -> Value {
        let mut object = Map::new();
        let list = |parts: &[Self]| Value::Array(parts.iter().map(Self::json).collect());
        match self {
            Self::All(parts) => object.insert("all".to_owned(), list(parts)),
            Self::Any(parts) => object.insert("any".to_owned(), list(parts)),
            Self::Not(part) => object.insert("not".to_owned(), part.json()),
            Self::Term(term) => {
                term.write(&mut object);
                None
            }
        };
        Value::Object(object)
    }
}

impl Term {
    fn write(&self, object: &mut Map<String, Value>) {
        let json = |value: serde_json::Result<Value>| value.unwrap_or(Value::Null);
        let value = match &self.test {
            Test::Path(path) => {
                path.write(object);
                Value::Null
            }
            Test::Values { values, .. } => json(serde_json::to_value(values)),
            Test::Categories { values, cattax } => {
                if *cattax != 1 {
                    object.insert("cattax".to_owned(), Value::from(*cattax));
                }
                json(serde_json::to_value(values))
            }
            Test::Dayparts { values, clock } => {
                if !clock.is_campaign() {
                    object.insert("dayparts_in".to_owned(), json(serde_json::to_value(clock)));
                }
                json(serde_json::to_value(values))
            }
            Test::Flag(_, set) => Value::Bool(*set),
            Test::Age(range) => json(serde_json::to_value(range)),
            Test::OsVersions(ranges) => json(serde_json::to_value(ranges)),
            Test::SizeRanges(ranges) => json(serde_json::to_value(ranges)),
            Test::Radius(circles) => json(serde_json::to_value(circles)),
            Test::Visits(visits) => json(serde_json::to_value(visits)),
        };
        if !value.is_null() {
            object.insert(self.test.key().to_owned(), value);
        }
        if self.unknown == Unknown::Match {
            object.insert("unknown".to_owned(), Value::String("match".to_owned()));
        }
    }
}

impl std::fmt::Display for Tree {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.json().fmt(f)
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::read(&value).map_err(|faults| {
            let first = faults.into_iter().next();
            let words = first.map_or_else(
                || "is no tree of conditions".to_owned(),
                |fault| format!("{}: {}", fault.pointer, fault.says),
            );
            serde::de::Error::custom(words)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn trees_are_read_back() {
        let trees = [
            json!({"countries": ["DE"]}),
            json!({"all": [{"not": {"segments": ["buyers"]}}, {"any": [{"interstitial": true}, {"in_pod": false, "unknown": "match"}]}]}),
            json!({"categories": ["123"], "cattax": 7}),
            json!({"dayparts": ["mon 09-17"], "dayparts_in": "user"}),
            json!({"age_range": {"min_age": 18}}),
            json!({"os_versions": [{"os": "ios", "min": "15.4"}]}),
            json!({"size_ranges": [{"min_width": 300, "max_height": 600}]}),
            json!({"radius": [{"lat": 52.52, "lon": 13.405, "metres": 500}]}),
            json!({"visits": [{"segment": "buyers", "within": "7d", "at_least": 3}]}),
            json!({"path": "/imp/*/ext/slot", "in": [1, "a", true], "unknown": "match"}),
            json!({"path": "/device/ext/score", "greater": 2.5}),
            json!({"path": "/user/ext", "exists": true}),
            json!({"lists": ["lst_1"]}),
        ];
        for tree in trees {
            let read = Tree::read(&tree).unwrap_or_else(|faults| panic!("{tree}: {faults:?}"));
            assert_eq!(serde_json::to_value(&read).unwrap(), tree);
        }
    }
}
