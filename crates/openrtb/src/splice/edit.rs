//! From changes of members to edits of bytes, and from those to the new body.

use super::outline::{Cut, Member};
use super::place::Place;
use crate::json::{Reader, Span, code};
use crate::limits::Limits;
use crate::request::BidRequest;
use crate::write;
use std::ops::Range;

/// One member set (to a text) or removed.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) place: Place,
    pub(super) name: &'static str,
    /// What [`code`] makes of the name.
    code: u64,
    /// The value's range in the texts; `None` removes the member.
    pub(super) value: Option<Range<usize>>,
}

impl Change {
    #[inline]
    pub(super) fn new(place: Place, name: &'static str, value: Option<Range<usize>>) -> Self {
        Self {
            place,
            name,
            code: code(name.as_bytes()),
            value,
        }
    }

    pub(super) fn is_same_member(&self, other: &Self) -> bool {
        self.code == other.code && self.place == other.place && self.name == other.name
    }
}

/// Bytes of the body to be replaced by a text.
#[derive(Debug, Clone)]
struct Edit {
    start: usize,
    end: usize,
    text: Range<usize>,
}

/// Edits that most bodies need at most.
const USUAL_EDITS: usize = 12;

/// Edits of one body, in any order until they are applied.
#[derive(Debug, Default, Clone)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn replace(&mut self, start: usize, end: usize, text: Range<usize>) {
        if self.0.capacity() == 0 {
            self.0.reserve(USUAL_EDITS);
        }
        self.0.push(Edit { start, end, text });
    }

    fn delete(&mut self, start: usize, end: usize) {
        if start < end {
            self.replace(start, end, 0..0);
        }
    }

    /// Copies the body around the edits. An edit that begins inside an earlier one is void.
    pub(super) fn apply(&mut self, body: &[u8], texts: &[u8], out: &mut Vec<u8>) {
        self.0.sort_by_key(|edit| (edit.start, edit.end));
        out.reserve(body.len() + texts.len());
        let mut at = 0;
        for edit in &self.0 {
            if edit.start < at {
                at = at.max(edit.end.min(body.len()));
                continue;
            }
            out.extend_from_slice(body.get(at..edit.start).unwrap_or_default());
            out.extend_from_slice(texts.get(edit.text.clone()).unwrap_or_default());
            at = edit.end;
        }
        out.extend_from_slice(body.get(at..).unwrap_or_default());
    }
}

/// What happens to one member of an object that changes.
enum Fate {
    Kept,
    Removed,
    Replaced(Range<usize>),
}

/// Memory of one write that the next one uses again.
#[derive(Debug, Default, Clone)]
pub(super) struct Scratch {
    /// Where the objects that change start.
    touched: Vec<u32>,
    /// Which of the changes a member answered.
    answered: Vec<bool>,
}

/// The changes of one object, on a walk over its members.
struct ObjectEdit<'e> {
    /// All changes of the body, from the first that is about this object.
    changes: &'e [Change],
    answered: &'e mut [bool],
    place: Place,
    /// One bit for each name that changes, so that most members are passed by at once.
    names: u64,
    span: Span,
    cuts: &'e [Cut],
    body: &'e [u8],
    /// End of the last member that stays.
    kept_end: Option<usize>,
    /// Start of the removed members that the walk is behind of.
    removed_from: Option<usize>,
    last_end: usize,
}

/// Plans the edits of all objects that change.
pub(super) fn members(
    edits: &mut Edits,
    changes: &[Change],
    texts: &mut Vec<u8>,
    scratch: &mut Scratch,
    request: &BidRequest<'_>,
    body: &[u8],
) {
    scratch.touched.clear();
    scratch.answered.clear();
    scratch.answered.resize(changes.len(), false);
    for (from, change) in changes.iter().enumerate() {
        let earlier = changes.get(..from).unwrap_or_default();
        if earlier.iter().any(|other| other.place == change.place) {
            continue;
        }
        let Some(span) = change.place.locate(request) else {
            continue;
        };
        scratch.touched.push(span.start);
        let changes = changes.get(from..).unwrap_or_default();
        let of_object = changes.iter().filter(|other| other.place == change.place);
        let mut edit = ObjectEdit {
            changes,
            answered: scratch.answered.get_mut(from..).unwrap_or_default(),
            place: change.place,
            names: of_object.fold(0, |names, other| names | name_bit(other.code)),
            span,
            cuts: request.outline.cuts(),
            body,
            kept_end: None,
            removed_from: None,
            last_end: span.start as usize + 1,
        };
        if change.place.is_tracked() {
            for member in request.outline.members_of(span) {
                edit.pass(edits, member);
            }
        } else {
            for member in Member::list(span, body) {
                edit.pass(edits, &member);
            }
        }
        edit.finish(edits, texts);
    }
    cut_elsewhere(edits, request, &scratch.touched);
}

/// A bit for a name's code, the same for some others.
const fn name_bit(code: u64) -> u64 {
    1 << (code.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 58)
}

impl ObjectEdit<'_> {
    /// Removes or replaces one member, or lets it be.
    fn pass(&mut self, edits: &mut Edits, member: &Member) {
        self.last_end = member.value.end as usize;
        match self.fate(member) {
            Fate::Removed => {
                self.removed_from.get_or_insert(member.key as usize);
                return;
            }
            Fate::Replaced(text) => {
                let value = member.value.range();
                edits.replace(value.start, value.end, text);
            }
            Fate::Kept => {}
        }
        if let Some(from) = self.removed_from.take() {
            edits.delete(from, member.key as usize);
        }
        self.kept_end = Some(self.last_end);
    }

    /// Decides about one member, and marks the changes that speak of it as answered.
    fn fate(&mut self, member: &Member) -> Fate {
        let cut = self.cuts.partition_point(|cut| cut.span.start < member.key);
        let cut = self.cuts.get(cut);
        if cut.is_some_and(|cut| cut.object == self.span.start && cut.span.start == member.key) {
            return Fate::Removed;
        }
        if self.names & name_bit(member.name) == 0 {
            return Fate::Kept;
        }
        let mut fate = Fate::Kept;
        for (change, answered) in self.changes.iter().zip(self.answered.iter_mut()) {
            let meant = change.code == member.name && change.place == self.place;
            if meant && member.is_named(change.name, self.body) {
                *answered = true;
                fate = match &change.value {
                    Some(text) => Fate::Replaced(text.clone()),
                    None => Fate::Removed,
                };
            }
        }
        fate
    }

    /// Removes what the last members leave behind, and adds what no member answered.
    fn finish(self, edits: &mut Edits, texts: &mut Vec<u8>) {
        let open = self.span.start as usize + 1;
        let at = self.kept_end.unwrap_or(open);
        if self.removed_from.is_some() {
            edits.delete(at, self.last_end);
        }
        let start = texts.len();
        let mut comma = self.kept_end.is_some();
        for (index, change) in self.changes.iter().enumerate() {
            let Some(value) = change.value.clone() else {
                continue;
            };
            if change.place != self.place || self.answered.get(index) == Some(&true) {
                continue;
            }
            let later = self.changes.get(index + 1..).unwrap_or_default();
            if later.iter().any(|other| other.is_same_member(change)) {
                continue;
            }
            if comma {
                texts.push(b',');
            }
            comma = true;
            write::quote(texts, change.name);
            texts.push(b':');
            texts.extend_from_within(value);
        }
        if texts.len() > start {
            edits.replace(at, at, start..texts.len());
        }
    }
}

impl Member {
    /// Whether the member has this name, however it is escaped.
    fn is_named(&self, name: &str, body: &[u8]) -> bool {
        let key = body.get(self.key as usize + 1..).unwrap_or_default();
        if key.starts_with(name.as_bytes()) && key.get(name.len()) == Some(&b'"') {
            return true;
        }
        let plain = key
            .iter()
            .find(|byte| matches!(byte, b'"' | b'\\'))
            .is_none_or(|byte| *byte == b'"');
        if plain {
            return false;
        }
        let Ok(text) = std::str::from_utf8(body) else {
            return false;
        };
        Reader::at(text, self.key as usize, &Limits::REQUEST)
            .string()
            .is_ok_and(|key| key == name)
    }

    /// The members of an object that was not recorded while reading.
    fn list(span: Span, body: &[u8]) -> Vec<Self> {
        let mut members = Vec::new();
        let Ok(text) = std::str::from_utf8(body) else {
            return members;
        };
        let mut reader = Reader::at(text, span.start as usize, &Limits::MEASURED);
        if reader.open_object().is_err() {
            return members;
        }
        while let Ok(Some(key)) = reader.next_key(members.is_empty()) {
            let start = reader.position();
            if reader.raw().is_err() {
                break;
            }
            members.push(Self::new(span.start, &key, reader.span_from(start)));
        }
        members
    }
}

/// The value of a tracked object's member; the last one of that name.
pub(super) fn member_value(
    request: &BidRequest<'_>,
    object: Span,
    name: &str,
    body: &[u8],
) -> Option<Span> {
    let wanted = code(name.as_bytes());
    request
        .outline
        .members_of(object)
        .filter(|member| member.name == wanted && member.is_named(name, body))
        .last()
        .map(|member| member.value)
}

/// Keeps of an array only these elements, which are in document order.
pub(super) fn subset(
    edits: &mut Edits,
    array: Span,
    kept: impl Iterator<Item = Span>,
    body: &[u8],
) {
    let range = array.range();
    // A single object where an array is meant has nothing to leave out.
    if body.get(range.start) != Some(&b'[') {
        return;
    }
    let bytes = |from: usize, to: usize| body.get(from..to).unwrap_or_default();
    let mut at = range.start + 1;
    let mut first = true;
    for span in kept {
        let element = span.range();
        let gap = bytes(at, element.start);
        if !is_separator(gap, !first) {
            // The gap holds elements that are left out; one comma of it stays, if one is needed.
            match (first, gap.iter().rposition(|b| *b == b',')) {
                (false, Some(comma)) => edits.delete(at, at + comma),
                (true, _) | (false, None) => edits.delete(at, element.start),
            }
        }
        at = element.end;
        first = false;
    }
    let close = range.end.saturating_sub(1);
    if !is_separator(bytes(at, close), false) {
        edits.delete(at, close);
    }
}

/// Whether there is nothing but blanks, and a comma where one is due.
fn is_separator(gap: &[u8], comma: bool) -> bool {
    let gap = gap.trim_ascii_start();
    match gap.split_first() {
        None => !comma,
        Some((b',', rest)) => comma && rest.trim_ascii_start().is_empty(),
        Some(_) => false,
    }
}

/// Appends one element to an array whose last element ends at `end`.
pub(super) fn append_behind(
    edits: &mut Edits,
    end: usize,
    element: Range<usize>,
    texts: &mut Vec<u8>,
) {
    let start = texts.len();
    texts.push(b',');
    texts.extend_from_within(element);
    edits.replace(end, end, start..texts.len());
}

/// Appends one element to an array.
pub(super) fn append(
    edits: &mut Edits,
    array: Span,
    element: Range<usize>,
    texts: &mut Vec<u8>,
    body: &[u8],
) {
    let range = array.range();
    let close = range.end.saturating_sub(1);
    let inner = body.get(range.start + 1..close).unwrap_or_default();
    let used = inner.trim_ascii_end().len();
    let at = range.start + 1 + used;
    let start = texts.len();
    if used > 0 {
        texts.push(b',');
    }
    texts.extend_from_within(element);
    edits.replace(at, at, start..texts.len());
}

/// Cuts what duplicate keys superseded (C-31), except where an object is edited anyway.
fn cut_elsewhere(edits: &mut Edits, request: &BidRequest<'_>, touched: &[u32]) {
    for cut in request.outline.cuts() {
        if !touched.contains(&cut.object) {
            let range = cut.span.range();
            edits.delete(range.start, range.end);
        }
    }
}
