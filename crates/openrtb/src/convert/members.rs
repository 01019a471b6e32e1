//! The members of one object as they stand in the text.

use crate::json::{Fault, Reader, Str};
use crate::limits::Limits;
use std::collections::HashSet;
use std::ops::Range;

/// Text that was measured as a whole already.
const UNBOUNDED: Limits = Limits {
    depth: u32::MAX,
    ext_depth: 64,
    imps: usize::MAX,
    string: usize::MAX,
    values: u32::MAX,
};

/// One member.
pub(super) struct Member<'a> {
    pub(super) name: Str<'a>,
    /// From the name's opening quote to the end of the value.
    pub(super) whole: Range<usize>,
    /// Where the value begins.
    pub(super) value: usize,
    /// A later one has the same name, and counts (C-31).
    pub(super) is_outdone: bool,
}

impl Member<'_> {
    pub(super) fn value(&self) -> Range<usize> {
        self.value..self.whole.end
    }
}

/// The members of the object at `at`.
pub(super) fn members(text: &str, at: usize) -> Result<Vec<Member<'_>>, Fault> {
    let mut reader = Reader::at(text, at, &UNBOUNDED);
    reader.open_object()?;
    let mut members: Vec<Member<'_>> = Vec::with_capacity(16);
    while let Some(key) = reader.next_key(members.is_empty())? {
        let value = reader.position();
        reader.raw()?;
        members.push(Member {
            name: key.text(&reader),
            whole: key.at..reader.position(),
            value,
            is_outdone: false,
        });
    }
    let mut seen = HashSet::with_capacity(members.len());
    let mut outdone = Vec::new();
    for (index, member) in members.iter().enumerate().rev() {
        if !seen.insert(&*member.name) {
            outdone.push(index);
        }
    }
    for index in outdone {
        if let Some(member) = members.get_mut(index) {
            member.is_outdone = true;
        }
    }
    Ok(members)
}

/// Where the values of the array at `at` stand.
pub(super) fn elements(text: &str, at: usize) -> Result<Vec<Range<usize>>, Fault> {
    let mut reader = Reader::at(text, at, &UNBOUNDED);
    reader.open_array()?;
    let mut elements = Vec::new();
    while reader.next_element(elements.is_empty())? {
        let start = reader.position();
        reader.raw()?;
        elements.push(start..reader.position());
    }
    Ok(elements)
}
