//! Values with the place each came from, laid over one another.

use std::{collections::BTreeMap, fmt, path::Path, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::fault::ConfigFault;

#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    /// From environment or flag: becomes whatever type is wanted.
    Text(String),
    String(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Array(Vec<Node>),
    Table(BTreeMap<String, Node>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    Default { line: usize },
    File { name: Arc<str>, line: usize },
    Env(Arc<str>),
    Flag(Arc<str>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default { line } => write!(f, "default:{line}"),
            Self::File { name, line } => write!(f, "{name}:{line}"),
            Self::Env(name) => write!(f, "{name}"),
            Self::Flag(name) => write!(f, "flag {name}"),
        }
    }
}

impl Node {
    pub(super) fn of_text(text: String, origin: Origin) -> Self {
        Self {
            value: Value::Text(text),
            origin,
        }
    }

    fn empty_table(origin: Origin) -> Self {
        Self {
            value: Value::Table(BTreeMap::new()),
            origin,
        }
    }

    pub(super) fn into_child(self, key: &str) -> Option<Self> {
        match self.value {
            Value::Table(mut table) => table.remove(key),
            Value::Text(_)
            | Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Array(_) => None,
        }
    }

    pub(super) fn at(&self, path: &str) -> Option<&Self> {
        path.split('.')
            .filter(|key| !key.is_empty())
            .try_fold(self, |node, key| match &node.value {
                Value::Table(table) => table.get(key),
                Value::Array(items) => items.get(key.parse::<usize>().ok()?),
                Value::Text(_)
                | Value::String(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Bool(_) => None,
            })
    }

    /// Puts `with` where `path` leads, or removes what is there. Whether there was such a place.
    pub(super) fn replace(&mut self, path: &str, with: Option<Self>) -> bool {
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let child = match &mut self.value {
            Value::Table(table) => {
                if rest.is_empty() {
                    return match with {
                        Some(node) => table.insert(first.to_owned(), node).is_some(),
                        None => table.remove(first).is_some(),
                    };
                }
                table.get_mut(first)
            }
            // An array with a bad element is given up whole by the caller.
            Value::Array(_)
            | Value::Text(_)
            | Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_) => None,
        };
        child.is_some_and(|child| child.replace(rest, with))
    }

    /// Lays `over` on top: tables key by key, everything else whole.
    pub(super) fn lay_over(&mut self, over: Self, path: &str, faults: &mut Vec<ConfigFault>) {
        match (&mut self.value, over.value) {
            (Value::Table(under), Value::Table(table)) => {
                for (key, node) in table {
                    match under.get_mut(&key) {
                        Some(below) => below.lay_over(node, &join(path, &key), faults),
                        None => {
                            under.insert(key, node);
                        }
                    }
                }
            }
            (Value::Table(_), _) => {
                faults.push(ConfigFault::new(&over.origin, path, "expected a table"));
            }
            (below, value) => {
                *below = value;
                self.origin = over.origin;
            }
        }
    }

    /// Puts a value from environment or flag at its key, making tables on the way.
    pub(super) fn set(&mut self, keys: &[String], node: Self, faults: &mut Vec<ConfigFault>) {
        let mut place = self;
        let Some((last, tables)) = keys.split_last() else {
            return;
        };
        for key in tables {
            let Value::Table(table) = &mut place.value else {
                let message = "lies below a key that is not a table";
                faults.push(ConfigFault::new(&node.origin, &keys.join("."), message));
                return;
            };
            place = table
                .entry(key.clone())
                .or_insert_with(|| Self::empty_table(node.origin.clone()));
        }
        if let Value::Table(table) = &mut place.value {
            table.insert(last.clone(), node);
        } else {
            let message = "lies below a key that is not a table";
            faults.push(ConfigFault::new(&node.origin, &keys.join("."), message));
        }
    }

    /// Every value that is not a table, with its dotted key.
    pub(super) fn walk(&self, path: &str, visit: &mut impl FnMut(&str, &Self)) {
        if let Value::Table(table) = &self.value {
            for (key, node) in table {
                node.walk(&join(path, key), visit);
            }
        } else {
            visit(path, self);
        }
    }

    pub(super) fn to_toml(&self) -> String {
        match &self.value {
            Value::Text(text) | Value::String(text) => {
                toml::Value::String(text.clone()).to_string()
            }
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => toml::Value::Float(*number).to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Array(items) => {
                let items: Vec<_> = items.iter().map(Self::to_toml).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Table(table) => {
                let pairs: Vec<_> = table
                    .iter()
                    .map(|(key, node)| format!("{key} = {}", node.to_toml()))
                    .collect();
                format!("{{ {} }}", pairs.join(", "))
            }
        }
    }
}

pub(super) fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

/// Reads a file; what cannot be read is a fault, and an empty table.
pub(super) fn read_file(path: &Path, faults: &mut Vec<ConfigFault>) -> Node {
    let name: Arc<str> = path.display().to_string().into();
    let origin = |line| Origin::File {
        name: Arc::clone(&name),
        line,
    };
    match std::fs::read_to_string(path) {
        Ok(text) => parse(&text, origin, faults),
        Err(error) => {
            faults.push(ConfigFault {
                place: name.to_string(),
                key: String::new(),
                message: format!("cannot be read: {error}"),
            });
            Node::empty_table(origin(1))
        }
    }
}

/// Parses TOML, as far as it is valid; each fault with its line.
pub(super) fn parse(
    text: &str,
    origin: impl Fn(usize) -> Origin,
    faults: &mut Vec<ConfigFault>,
) -> Node {
    let (table, errors) = DeTable::parse_recoverable(text);
    let at = |start: usize| {
        let before = text.as_bytes().get(..start).unwrap_or(text.as_bytes());
        origin(1 + before.iter().filter(|byte| **byte == b'\n').count())
    };
    for error in errors {
        let start = error.span().map_or(0, |span| span.start);
        faults.push(ConfigFault::new(&at(start), "", error.message()));
    }
    Node {
        value: table_of(table.get_ref(), &at),
        origin: at(0),
    }
}

/// Reads a text of environment or flag as a TOML value, when it is one.
pub(super) fn parse_value(text: &str, origin: &Origin) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    Some(Node {
        value: value_of(value.get_ref(), &|_start| origin.clone()),
        origin: origin.clone(),
    })
}

fn table_of(table: &DeTable<'_>, at: &impl Fn(usize) -> Origin) -> Value {
    let nodes = table.iter().map(|(key, value)| {
        let node = Node {
            value: value_of(value.get_ref(), at),
            origin: at(key.span().start),
        };
        (key.get_ref().to_string(), node)
    });
    Value::Table(nodes.collect())
}

fn value_of(value: &DeValue<'_>, at: &impl Fn(usize) -> Origin) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Integer(number) => {
            let digits = number.as_str();
            i64::from_str_radix(digits, number.radix())
                .map_or_else(|_huge| Value::String(digits.to_owned()), Value::Integer)
        }
        DeValue::Float(number) => {
            let digits = number.as_str();
            digits
                .parse()
                .map_or_else(|_odd| Value::String(digits.to_owned()), Value::Float)
        }
        DeValue::Boolean(flag) => Value::Bool(*flag),
        DeValue::Datetime(time) => Value::String(time.to_string()),
        DeValue::Array(items) => Value::Array(
            items
                .iter()
                .map(|item| Node {
                    value: value_of(item.get_ref(), at),
                    origin: at(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(table) => table_of(table, at),
    }
}
