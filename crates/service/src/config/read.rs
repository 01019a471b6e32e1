//! From the tree to a service's type, collecting every fault on the way.

use std::{cell::RefCell, fmt, vec};

use serde::{
    de::{
        self, DeserializeOwned, DeserializeSeed, Deserializer, Expected, IntoDeserializer,
        MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, StrDeserializer, StringDeserializer},
    },
    forward_to_deserialize_any,
};

use super::{
    fault::{ConfigError, ConfigFault},
    tree::{Node, Value, join, parse_value},
};

/// More faults than this are not read one by one.
const MOST_FAULTS: usize = 100;

/// Reads the tree as `T`. A value that does not fit is noted, replaced by its default, and the reading
/// starts again, so that one run tells all faults.
pub(super) fn read<T: DeserializeOwned>(
    tree: &Node,
    defaults: &Node,
    service: &str,
) -> Result<T, ConfigError> {
    let mut tree = tree.clone();
    let mut bad_values: Vec<ConfigFault> = Vec::new();
    loop {
        let unknown = RefCell::new(Vec::new());
        let reader = Reader {
            node: &tree,
            path: String::new(),
            unknown: &unknown,
        };
        let outcome = T::deserialize(reader);
        let healed = match outcome {
            Ok(config) => {
                let mut faults = unknown.into_inner();
                if faults.is_empty() && bad_values.is_empty() {
                    return Ok(config);
                }
                faults.append(&mut bad_values);
                return Err(finish(faults, service));
            }
            Err(error) => {
                let path = error.path.clone().unwrap_or_default();
                let fault = error.into_fault(&tree);
                let repeated = bad_values.contains(&fault);
                bad_values.push(fault);
                !repeated && heal(&mut tree, defaults, &path)
            }
        };
        if !healed || bad_values.len() >= MOST_FAULTS {
            bad_values.extend(unknown.into_inner());
            return Err(finish(bad_values, service));
        }
    }
}

/// Puts the default in place of a bad value, or of the nearest table or array around it that has one.
fn heal(tree: &mut Node, defaults: &Node, path: &str) -> bool {
    let mut place = path;
    loop {
        if place.is_empty() {
            return false;
        }
        if tree.replace(place, defaults.at(place).cloned()) {
            return true;
        }
        place = place.rsplit_once('.').map_or("", |(around, _)| around);
    }
}

fn finish(mut faults: Vec<ConfigFault>, service: &str) -> ConfigError {
    for fault in &mut faults {
        fault.key = join(service, &fault.key);
    }
    faults.sort_by(|a, b| (&a.place, &a.key).cmp(&(&b.place, &b.key)));
    faults.dedup();
    ConfigError { faults }
}

/// Why a value does not fit; the place is known once the error has left the value.
#[derive(Debug)]
struct ReadError {
    message: String,
    path: Option<String>,
    missing: Option<&'static str>,
}

impl ReadError {
    fn at(mut self, path: &str) -> Self {
        let missing = self.missing;
        self.path
            .get_or_insert_with(|| missing.map_or_else(|| path.to_owned(), |key| join(path, key)));
        self
    }

    fn into_fault(self, tree: &Node) -> ConfigFault {
        let path = self.path.unwrap_or_default();
        let mut known = path.as_str();
        // A missing key has no place of its own: the table around it has.
        let origin = loop {
            if let Some(node) = tree.at(known) {
                break &node.origin;
            }
            known = known.rsplit_once('.').map_or("", |(around, _)| around);
        };
        ConfigFault::new(origin, &path, self.message)
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            path: None,
            missing: None,
        }
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}, found {found}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::custom(format_args!("expected {expected}, found {found}"))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let expected = expected.join(", ");
        Self::custom(format_args!(
            "expected one of {expected}, found \"{variant}\""
        ))
    }

    fn unknown_field(_field: &str, expected: &'static [&'static str]) -> Self {
        let expected = expected.join(", ");
        Self::custom(format_args!("unknown key; expected one of {expected}"))
    }

    fn missing_field(field: &'static str) -> Self {
        Self {
            message: "missing, and without a default".to_owned(),
            path: None,
            missing: Some(field),
        }
    }
}

#[derive(Clone)]
struct Reader<'a> {
    node: &'a Node,
    path: String,
    unknown: &'a RefCell<Vec<ConfigFault>>,
}

impl<'a> Reader<'a> {
    fn child(&self, node: &'a Node, key: &str) -> Self {
        Self {
            node,
            path: join(&self.path, key),
            unknown: self.unknown,
        }
    }

    /// A text of environment or flag read as a typed value, where it is one.
    fn typed<'de, V: Visitor<'de>>(&self, text: &str, visitor: V) -> Result<V::Value, ReadError> {
        match parse_value(text, &self.node.origin) {
            Some(node) => {
                let reader = Reader {
                    node: &node,
                    path: self.path.clone(),
                    unknown: self.unknown,
                };
                reader.deserialize_any(visitor)
            }
            None => visitor.visit_str(text),
        }
    }

    /// A list in an environment variable: a TOML array, or items between commas.
    fn list<'de, V: Visitor<'de>>(&self, text: &str, visitor: V) -> Result<V::Value, ReadError> {
        if text.trim_start().starts_with('[') {
            return self.typed(text, visitor);
        }
        let items: Vec<Node> = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| Node::of_text(item.to_owned(), self.node.origin.clone()))
            .collect();
        visitor.visit_seq(Items::new(self, &items))
    }
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let outcome = match &self.node.value {
            Value::Text(text) => self.typed(text, visitor),
            Value::String(text) => visitor.visit_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Bool(flag) => visitor.visit_bool(*flag),
            Value::Array(items) => visitor.visit_seq(Items::new(&self, items)),
            Value::Table(_) => visitor.visit_map(Keys::new(&self)),
        };
        outcome.map_err(|error| error.at(&self.path))
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Text(text) => visitor
                .visit_str(text)
                .map_err(|error: ReadError| error.at(&self.path)),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Table(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.value {
            Value::Text(text) => self
                .list(text, visitor)
                .map_err(|error| error.at(&self.path)),
            Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Array(_)
            | Value::Table(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        // `GAVEL__…__KEY=` takes an optional value away.
        if matches!(&self.node.value, Value::Text(text) if text.is_empty()) {
            return visitor.visit_none();
        }
        let path = self.path.clone();
        visitor.visit_some(self).map_err(|error| error.at(&path))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let path = self.path.clone();
        visitor
            .visit_newtype_struct(self)
            .map_err(|error| error.at(&path))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let outcome = match &self.node.value {
            Value::Text(text) | Value::String(text) => {
                let variant: StrDeserializer<'_, ReadError> = text.as_str().into_deserializer();
                visitor.visit_enum(variant)
            }
            Value::Table(_) => visitor.visit_enum(MapAccessDeserializer::new(Keys::new(&self))),
            Value::Integer(_) | Value::Float(_) | Value::Bool(_) | Value::Array(_) => {
                return self.deserialize_any(visitor);
            }
        };
        outcome.map_err(|error| error.at(&self.path))
    }

    /// Reached for a key that the type does not know and does not refuse: it is refused here.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let fault = ConfigFault::new(&self.node.origin, &self.path, "unknown key");
        self.unknown.borrow_mut().push(fault);
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf unit
        unit_struct tuple tuple_struct map struct identifier
    }
}

struct Items<'a> {
    reader: Reader<'a>,
    nodes: std::iter::Enumerate<std::slice::Iter<'a, Node>>,
}

impl<'a> Items<'a> {
    fn new(reader: &Reader<'a>, items: &'a [Node]) -> Self {
        Self {
            reader: reader.clone(),
            nodes: items.iter().enumerate(),
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let Some((index, node)) = self.nodes.next() else {
            return Ok(None);
        };
        let child = self.reader.child(node, &index.to_string());
        let path = child.path.clone();
        seed.deserialize(child)
            .map(Some)
            .map_err(|error| error.at(&path))
    }
}

struct Keys<'a> {
    reader: Reader<'a>,
    entries: vec::IntoIter<(&'a String, &'a Node)>,
    current: Option<(&'a String, &'a Node)>,
}

impl<'a> Keys<'a> {
    fn new(reader: &Reader<'a>) -> Self {
        let entries = match &reader.node.value {
            Value::Table(table) => table.iter().collect(),
            Value::Text(_)
            | Value::String(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Bool(_)
            | Value::Array(_) => Vec::new(),
        };
        Self {
            reader: reader.clone(),
            entries: entries.into_iter(),
            current: None,
        }
    }
}

impl<'de> MapAccess<'de> for Keys<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        // The seed is gone after one try, so an unknown key cannot be skipped here: it is an error,
        // and the key is taken out for the next round.
        let Some((key, node)) = self.entries.next() else {
            return Ok(None);
        };
        self.current = Some((key, node));
        let name: StringDeserializer<ReadError> = key.clone().into_deserializer();
        seed.deserialize(name)
            .map(Some)
            .map_err(|error| error.at(&join(&self.reader.path, key)))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.current.take() else {
            return Err(de::Error::custom("value asked for before its key"));
        };
        let child = self.reader.child(node, key);
        let path = child.path.clone();
        seed.deserialize(child).map_err(|error| error.at(&path))
    }
}
