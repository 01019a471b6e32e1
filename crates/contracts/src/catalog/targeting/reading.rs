//! Reading a tree of conditions from JSON, every fault at its place.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::comparison::{Comparison, PathTest};
use super::key::Key;
use super::tree::{Flag, Term, Test, Tree, TreeFault};

/// What was found so far, and where we are.
#[derive(Default)]
pub(super) struct Reading {
    at: String,
    pub(super) faults: Vec<TreeFault>,
}

impl Reading {
    fn fault(&mut self, says: impl Into<String>) {
        self.faults.push(TreeFault {
            pointer: self.at.clone(),
            says: says.into(),
        });
    }

    fn under<T>(&mut self, step: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.at.len();
        self.at.push('/');
        self.at
            .push_str(&step.replace('~', "~0").replace('/', "~1"));
        let value = read(self);
        self.at.truncate(length);
        value
    }

    pub(super) fn tree(&mut self, value: &Value) -> Option<Tree> {
        let Some(object) = value.as_object() else {
            self.fault("must be an object");
            return None;
        };
        for (name, join) in [("all", Tree::All as fn(_) -> _), ("any", Tree::Any)] {
            if let Some(parts) = object.get(name) {
                self.alone(object, name);
                return self.under(name, |it| it.parts(parts)).map(join);
            }
        }
        if let Some(part) = object.get("not") {
            self.alone(object, "not");
            let part = self.under("not", |it| it.tree(part))?;
            return Some(Tree::Not(Box::new(part)));
        }
        self.term(object).map(Tree::Term)
    }

    /// Beside `all`, `any` and `not` there is nothing.
    fn alone(&mut self, object: &Map<String, Value>, name: &str) {
        for other in object.keys().filter(|it| *it != name) {
            self.under(other, |it| it.fault(format!("cannot stand beside {name}")));
        }
    }

    fn parts(&mut self, value: &Value) -> Option<Vec<Tree>> {
        let Some(parts) = value.as_array() else {
            self.fault("must be a list of conditions");
            return None;
        };
        let read = |(index, part)| self.under(&format!("{index}"), |it| it.tree(part));
        Some(parts.iter().enumerate().filter_map(read).collect())
    }

    fn term(&mut self, object: &Map<String, Value>) -> Option<Term> {
        let mut rest = object.clone();
        let unknown = self.take(&mut rest, "unknown").unwrap_or_default();
        let test = self.test(&mut rest);
        for other in rest.keys() {
            let says = if test.is_some() {
                "cannot stand beside the term's key: a term asks one thing"
            } else {
                "is not a known key"
            };
            self.under(other, |it| it.fault(says));
        }
        if test.is_none() && rest.is_empty() && self.faults.is_empty() {
            self.fault("must be all, any, not, or a term");
        }
        Some(Term {
            test: test?,
            unknown,
        })
    }

    fn test(&mut self, rest: &mut Map<String, Value>) -> Option<Test> {
        if rest.contains_key("path") {
            return self.path(rest).map(Test::Path);
        }
        if let Some(key) = Key::ALL.iter().find(|it| rest.contains_key(it.name())) {
            let values = self.take(rest, key.name());
            if *key == Key::Category {
                return Some(Test::Categories {
                    cattax: self.take(rest, "cattax").unwrap_or(1),
                    values: values?,
                });
            }
            if *key == Key::Daypart {
                return Some(Test::Dayparts {
                    clock: self.take(rest, "dayparts_in").unwrap_or_default(),
                    values: values?,
                });
            }
            return Some(Test::Values {
                key: *key,
                values: values?,
            });
        }
        if let Some(flag) = Flag::ALL
            .into_iter()
            .find(|it| rest.contains_key(it.name()))
        {
            return self
                .take(rest, flag.name())
                .map(|set| Test::Flag(flag, set));
        }
        let name = [
            "age_range",
            "os_versions",
            "size_ranges",
            "radius",
            "visits",
        ]
        .into_iter()
        .find(|it| rest.contains_key(*it))?;
        match name {
            "age_range" => self.take(rest, name).map(Test::Age),
            "os_versions" => self.take(rest, name).map(Test::OsVersions),
            "size_ranges" => self.take(rest, name).map(Test::SizeRanges),
            "radius" => self.take(rest, name).map(Test::Radius),
            _ => self.take(rest, name).map(Test::Visits),
        }
    }

    fn path(&mut self, rest: &mut Map<String, Value>) -> Option<PathTest> {
        let path = self.take(rest, "path");
        let Some(name) = Comparison::NAMES
            .into_iter()
            .find(|it| rest.contains_key(*it))
        else {
            self.fault(format!("needs one of {}", Comparison::NAMES.join(", ")));
            return None;
        };
        let value = rest.remove(name)?;
        match Comparison::read(name, value) {
            Ok(comparison) => Some(PathTest {
                path: path?,
                comparison,
            }),
            Err(error) => {
                self.under(name, |it| it.fault(error.to_string()));
                None
            }
        }
    }

    fn take<T: DeserializeOwned>(
        &mut self,
        rest: &mut Map<String, Value>,
        name: &str,
    ) -> Option<T> {
        let value = rest.remove(name)?;
        match serde_json::from_value(value) {
            Ok(value) => Some(value),
            Err(error) => {
                self.under(name, |it| it.fault(error.to_string()));
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_fault_of_form_is_told_with_its_place() {
        let cases = [
            (json!([]), vec![""]),
            (json!({}), vec![""]),
            (json!({"colour": ["red"]}), vec!["/colour"]),
            (json!({"countries": "DE"}), vec!["/countries"]),
            (json!({"countries": ["DE"], "os": ["ios"]}), vec!["/os"]),
            (
                json!({"countries": ["DE"], "unknown": "maybe"}),
                vec!["/unknown"],
            ),
            (json!({"all": {"countries": ["DE"]}}), vec!["/all"]),
            (json!({"all": [], "any": []}), vec!["/any"]),
            (
                json!({"any": [{"os": 1}, {"not": {"x": 1}}, {"os": ["ios"]}]}),
                vec!["/any/0/os", "/any/1/not/x"],
            ),
            (json!({"path": "/a"}), vec![""]),
            (json!({"path": "/a", "less": "3"}), vec!["/less"]),
            (
                json!({"path": "/a", "less": 3, "greater": 1}),
                vec!["/greater"],
            ),
            (
                json!({"countries": {"include": ["DE"]}}),
                vec!["/countries"],
            ),
        ];
        for (tree, want) in cases {
            let faults = Tree::read(&tree).unwrap_err();
            let at: Vec<_> = faults.iter().map(|it| it.pointer.as_str()).collect();
            assert_eq!(at, want, "{tree}: {faults:?}");
        }
    }
}
