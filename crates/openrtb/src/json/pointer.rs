//! From a byte offset to a JSON pointer (RFC 6901), for messages to people; never on the hot path.

use super::reader::Reader;
use super::text::offset;
use crate::limits::Limits;
use std::fmt::Write as _;

const GENEROUS: Limits = Limits {
    depth: 128,
    ext_depth: 64,
    id: usize::MAX,
    imps: usize::MAX,
    eids: usize::MAX,
    segments: usize::MAX,
    bids: usize::MAX,
    string: usize::MAX,
    values: u32::MAX,
    unknown: u32::MAX,
};

/// The pointer of the value that the byte at `offset` belongs to; a text that is broken there
/// is followed as far as it goes.
#[must_use]
pub fn pointer_at(body: &[u8], offset: usize) -> String {
    let text = valid(body);
    Pointers {
        text,
        nodes: walk(text, Some(offset)),
    }
    .at(offset)
}

/// Where every value of a text stands, for a text that much is to be said about.
#[derive(Debug)]
pub(crate) struct Pointers<'a> {
    text: &'a str,
    nodes: Vec<Node>,
}

/// A value and its way from the value around it.
#[derive(Debug)]
struct Node {
    /// Offset of the value, or of its name.
    start: u32,
    /// Offset behind the value; the greatest while it is open.
    end: u32,
    /// Index of the node around it.
    parent: u32,
    step: Step,
}

#[derive(Debug)]
enum Step {
    Root,
    /// Member whose name starts here.
    Member(u32),
    Element(u32),
}

impl<'a> Pointers<'a> {
    /// Walks the whole text, or as far as it is well formed.
    pub(crate) fn new(body: &'a [u8]) -> Self {
        let text = valid(body);
        Self {
            text,
            nodes: walk(text, None),
        }
    }

    /// The pointer of the value that the byte at `at` belongs to.
    pub(crate) fn at(&self, at: usize) -> String {
        let after = self.nodes.partition_point(|node| node.start as usize <= at);
        let mut node = after.checked_sub(1).and_then(|last| self.nodes.get(last));
        let mut steps = Vec::new();
        while let Some(this) = node {
            // What ended before is a neighbour; what is around it is around the byte as well.
            if this.end as usize > at || !steps.is_empty() {
                steps.push(&this.step);
            }
            node = match this.step {
                Step::Root => None,
                Step::Member(_) | Step::Element(_) => self.nodes.get(this.parent as usize),
            };
        }
        let mut pointer = String::new();
        for step in steps.into_iter().rev() {
            match step {
                Step::Root => {}
                Step::Member(name) => {
                    let mut reader = Reader::at(self.text, *name as usize, &GENEROUS);
                    let name = reader.string().unwrap_or_default();
                    pointer.push('/');
                    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
                }
                Step::Element(index) => {
                    // Writing to a String cannot fail.
                    let _ = write!(pointer, "/{index}");
                }
            }
        }
        pointer
    }
}

/// The part of a body that is text.
fn valid(body: &[u8]) -> &str {
    match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => body
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    }
}

/// An object or array whose end has not been met.
struct Open {
    node: u32,
    is_object: bool,
    values: u32,
}

/// The values of a text in its order, in one linear pass; with an offset only those around it.
fn walk(text: &str, until: Option<usize>) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut reader = Reader::at(text, 0, &GENEROUS);
    reader.blanks();
    let passed = |at: usize| until.is_some_and(|until| at > until);
    let mut next = Some((reader.position(), Step::Root));
    while let Some((start, step)) = next {
        if passed(start) {
            return nodes;
        }
        let node = offset(nodes.len());
        nodes.push(Node {
            start: offset(start),
            end: u32::MAX,
            parent: open.last().map_or(0, |open| open.node),
            step,
        });
        let is_object = reader.peek() == b'{';
        let entered = match reader.peek() {
            b'{' => reader.open_object().map(|_| true),
            b'[' => reader.open_array().map(|_| true),
            _ => reader.scalar().map(|_| false),
        };
        match entered {
            Ok(true) => open.push(Open {
                node,
                is_object,
                values: 0,
            }),
            Ok(false) if passed(reader.position()) => return nodes,
            Ok(false) => close(&mut nodes, node, &reader, until.is_some()),
            Err(_) => return nodes,
        }
        next = loop {
            let Some(container) = open.last_mut() else {
                return nodes;
            };
            let found = next_value(&mut reader, container);
            match found {
                Ok(Some(value)) => break Some(value),
                Ok(None) if passed(reader.position()) => return nodes,
                Ok(None) => {
                    close(&mut nodes, container.node, &reader, until.is_some());
                    open.pop();
                }
                Err(_) => return nodes,
            }
        };
    }
    nodes
}

/// Stands at the next value of a container, or behind its end.
fn next_value(
    reader: &mut Reader<'_>,
    container: &mut Open,
) -> Result<Option<(usize, Step)>, super::Fault> {
    let first = container.values == 0;
    let index = container.values;
    container.values += 1;
    if container.is_object {
        let key = reader.next_key(first)?;
        return Ok(key.map(|key| (key.at, Step::Member(offset(key.at)))));
    }
    Ok(reader
        .next_element(first)?
        .then(|| (reader.position(), Step::Element(index))))
}

/// A value has ended; without need of it, it is forgotten.
fn close(nodes: &mut Vec<Node>, node: u32, reader: &Reader<'_>, forget: bool) {
    if forget {
        nodes.truncate(node as usize);
    } else if let Some(node) = nodes.get_mut(node as usize) {
        node.end = offset(reader.position());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_become_pointers() {
        let body = br#"{"id":"1","imp":[{"id":"a"},{"id":"b","a/b":{"c~":[1,2,{"d":01}]}}]}"#;
        let at = |needle: &str| {
            String::from_utf8_lossy(body)
                .find(needle)
                .unwrap_or_default()
        };
        let cases = [
            (at("\"1\""), "/id"),
            (at("\"a\""), "/imp/0/id"),
            (at("\"b\""), "/imp/1/id"),
            (at("01"), "/imp/1/a~1b/c~0/2/d"),
            (0, ""),
        ];
        for (offset, pointer) in cases {
            assert_eq!(pointer_at(body, offset), pointer, "offset {offset}");
        }
    }

    #[test]
    fn one_walk_says_what_many_say() {
        let bodies: [&[u8]; 4] = [
            br#" {"id" : "1", "imp":[ {"id":"a"} , [[],{}], 7 ], "x":{"a/b":{"c~":[1,2,{"d":0}]}} } "#,
            br#"{"a":[1,{"b":nul"#,
            b"[1,[2,3],\xff",
            b"",
        ];
        for body in bodies {
            let pointers = Pointers::new(body);
            for offset in 0..=body.len() {
                assert_eq!(pointers.at(offset), pointer_at(body, offset), "{offset}");
            }
        }
    }
}
