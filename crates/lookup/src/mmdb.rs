//! Writes small databases of the MaxMind DB format (version 2.0) for tests, so that none has to be kept.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "for tests, which stop where they cannot go on"
)]

use std::collections::BTreeMap;
use std::net::IpAddr;

/// A value of the data section.
#[derive(Debug)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Double(f64),
    /// With its type's number and size: the format tells 16, 32 and 64 bits apart.
    Unsigned(u8, usize, u64),
    /// A list.
    Array(Vec<Value>),
    /// Members by name.
    Map(Vec<(String, Value)>),
}

/// A text.
#[must_use]
pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A number.
#[must_use]
pub const fn number(number: f64) -> Value {
    Value::Double(number)
}

/// A whole number of 16 bits.
#[must_use]
pub fn u16(number: u16) -> Value {
    Value::Unsigned(5, 2, number.into())
}

fn u32(number: u32) -> Value {
    Value::Unsigned(6, 4, number.into())
}

const fn u64(number: u64) -> Value {
    Value::Unsigned(9, 8, number)
}

/// A list.
#[must_use]
pub const fn array(values: Vec<Value>) -> Value {
    Value::Array(values)
}

/// Members by name.
#[must_use]
pub fn map(members: Vec<(&str, Value)>) -> Value {
    let named = |(name, value): (&str, Value)| (name.to_owned(), value);
    Value::Map(members.into_iter().map(named).collect())
}

/// A node's two ways: on to another node, to a row, or nowhere.
#[derive(Debug, Clone, Copy)]
enum Way {
    Nowhere,
    Node(usize),
    Row(usize),
}

/// A database of IPv6; IPv4 stands under `::/96`.
#[derive(Debug)]
pub struct Database {
    nodes: Vec<[Way; 2]>,
    data: Vec<u8>,
}

impl Default for Database {
    fn default() -> Self {
        Self {
            nodes: vec![[Way::Nowhere; 2]],
            data: Vec::new(),
        }
    }
}

impl Database {
    /// Adds a network, `192.0.2.0/24`, with its row.
    pub fn insert(&mut self, network: &str, row: &Value) {
        let (address, length) = network.split_once('/').unwrap();
        let length: u32 = length.parse().unwrap();
        let (bits, length) = match address.parse().unwrap() {
            IpAddr::V4(address) => (u128::from(address.to_bits()), length + 96),
            IpAddr::V6(address) => (address.to_bits(), length),
        };
        let offset = self.data.len();
        write(row, &mut self.data);
        let mut node = 0;
        for depth in 0..length {
            let side = usize::from(bits >> (127 - depth) & 1 == 1);
            if depth + 1 == length {
                self.nodes[node][side] = Way::Row(offset);
                return;
            }
            node = match self.nodes[node][side] {
                Way::Node(next) => next,
                Way::Nowhere | Way::Row(_) => {
                    self.nodes.push([Way::Nowhere; 2]);
                    let next = self.nodes.len() - 1;
                    self.nodes[node][side] = Way::Node(next);
                    next
                }
            };
        }
    }

    /// The whole file.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let count = self.nodes.len();
        let mut out = Vec::new();
        for way in self.nodes.iter().flatten() {
            let value = match way {
                Way::Nowhere => count,
                Way::Node(node) => *node,
                // Sixteen bytes lie between the tree and the data.
                Way::Row(offset) => count + 16 + offset,
            };
            out.extend(u32::try_from(value).unwrap().to_be_bytes());
        }
        out.extend([0; 16]);
        out.extend(&self.data);
        out.extend(b"\xab\xcd\xefMaxMind.com");
        let metadata = BTreeMap::from([
            ("binary_format_major_version", u16(2)),
            ("binary_format_minor_version", u16(0)),
            ("build_epoch", u64(1_700_000_000)),
            ("database_type", text("Test")),
            ("description", map(vec![])),
            ("ip_version", u16(6)),
            ("languages", array(vec![text("en")])),
            ("node_count", u32(u32::try_from(count).unwrap())),
            ("record_size", u16(32)),
        ]);
        write(&map(metadata.into_iter().collect()), &mut out);
        out
    }
}

/// Types 1 to 7 stand in the first byte; those beyond in a second.
fn head(kind: u8, size: usize, out: &mut Vec<u8>) {
    let size = u8::try_from(size).unwrap();
    assert!(size < 29, "longer values are not needed here");
    if kind <= 7 {
        out.push(kind << 5 | size);
    } else {
        out.extend([size, kind - 7]);
    }
}

fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Text(text) => {
            head(2, text.len(), out);
            out.extend(text.as_bytes());
        }
        Value::Double(number) => {
            head(3, 8, out);
            out.extend(number.to_be_bytes());
        }
        Value::Unsigned(kind, size, number) => {
            head(*kind, *size, out);
            out.extend(number.to_be_bytes().iter().skip(8 - size));
        }
        Value::Array(values) => {
            head(11, values.len(), out);
            values.iter().for_each(|value| write(value, out));
        }
        Value::Map(members) => {
            head(7, members.len(), out);
            for (name, value) in members {
                write(&text(name), out);
                write(value, out);
            }
        }
    }
}
