//! From a byte offset to a JSON pointer (RFC 6901), for messages to people; never on the hot path.

use super::reader::Reader;
use super::text::Str;
use crate::limits::Limits;

/// An open object or array, and which of its values is being read.
enum Frame<'a> {
    Object(Option<Str<'a>>),
    Array(Option<usize>),
}

const GENEROUS: Limits = Limits {
    depth: 128,
    ext_depth: 64,
    imps: usize::MAX,
    string: usize::MAX,
    values: u32::MAX,
};

/// The pointer of the value that the byte at `offset` belongs to; a text that is broken there
/// is followed as far as it goes.
#[must_use]
pub fn pointer_at(body: &[u8], offset: usize) -> String {
    let text = match std::str::from_utf8(body) {
        Ok(text) => text,
        Err(error) => body
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
    };
    let mut pointer = String::new();
    for frame in walk_to(text, offset) {
        match frame {
            Frame::Object(Some(name)) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Frame::Array(Some(index)) => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Frame::Object(None) | Frame::Array(None) => {}
        }
    }
    pointer
}

/// Reads value by value until the byte at `offset` has been passed, in one linear pass.
fn walk_to(text: &str, offset: usize) -> Vec<Frame<'_>> {
    let mut frames = Vec::new();
    let mut reader = Reader::at(text, 0, &GENEROUS);
    reader.blanks();
    loop {
        let opened = match reader.peek() {
            b'{' => reader.open_object().map(|_| Some(Frame::Object(None))),
            b'[' => reader.open_array().map(|_| Some(Frame::Array(None))),
            _ => reader.scalar().map(|_| None),
        };
        let Ok(opened) = opened else { return frames };
        if reader.position() > offset {
            return frames;
        }
        frames.extend(opened);
        if !to_next_value(&mut reader, &mut frames, offset) {
            return frames;
        }
    }
}

/// Stands at the next value, closing what ends before it; false when the walk is over.
fn to_next_value<'a>(reader: &mut Reader<'a>, frames: &mut Vec<Frame<'a>>, offset: usize) -> bool {
    loop {
        let more = match frames.last_mut() {
            None => return false,
            Some(Frame::Object(name)) => match reader.next_key(name.is_none()) {
                Ok(Some(key)) => {
                    *name = (key.at <= offset).then(|| key.text(reader));
                    Some(name.is_some())
                }
                Ok(None) => None,
                Err(_) => {
                    *name = None;
                    Some(false)
                }
            },
            Some(Frame::Array(index)) => match reader.next_element(index.is_none()) {
                Ok(true) => {
                    *index = Some(index.map_or(0, |i| i + 1));
                    Some(true)
                }
                Ok(false) => None,
                Err(_) => {
                    *index = None;
                    Some(false)
                }
            },
        };
        match more {
            Some(more) => return more,
            None => {
                frames.pop();
                if reader.position() > offset {
                    return false;
                }
            }
        }
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
}
