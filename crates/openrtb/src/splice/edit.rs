//! From changes of members to edits of bytes, and from those to the new body.

use super::outline::Member;
use super::place::Place;
use crate::json::{Reader, Span};
use crate::limits::Limits;
use crate::request::BidRequest;
use crate::write;
use std::ops::Range;

/// One member set (to a text) or removed.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) place: Place,
    pub(super) name: &'static str,
    /// The value's range in the texts; `None` removes the member.
    pub(super) value: Option<Range<usize>>,
}

impl Change {
    pub(super) fn is_same_member(&self, other: &Self) -> bool {
        self.place == other.place && self.name == other.name
    }
}

/// Bytes of the body to be replaced by a text.
#[derive(Debug, Clone)]
struct Edit {
    start: usize,
    end: usize,
    text: Range<usize>,
}

/// Edits of one body, in any order until they are applied.
#[derive(Debug, Default, Clone)]
pub(super) struct Edits(Vec<Edit>);

impl Edits {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn replace(&mut self, start: usize, end: usize, text: Range<usize>) {
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

/// Plans the edits of all objects that change; returns where these objects start.
pub(super) fn members(
    edits: &mut Edits,
    changes: &[Change],
    texts: &mut Vec<u8>,
    request: &BidRequest<'_>,
    body: &[u8],
) -> Vec<u32> {
    let mut touched = Vec::new();
    for change in changes {
        let Some(span) = change.place.locate(request) else {
            continue;
        };
        if touched.contains(&span.start) {
            continue;
        }
        touched.push(span.start);
        let list: Vec<Member> = if change.place.is_tracked() {
            request.outline.members_of(span).copied().collect()
        } else {
            Member::list(span, body)
        };
        let of_place: Vec<&Change> = changes
            .iter()
            .filter(|other| other.place == change.place)
            .collect();
        object(edits, &of_place, texts, request, span, &list, body);
    }
    touched
}

/// Plans the edits of one object: removals with their commas, replacements, then additions.
fn object(
    edits: &mut Edits,
    changes: &[&Change],
    texts: &mut Vec<u8>,
    request: &BidRequest<'_>,
    span: Span,
    members: &[Member],
    body: &[u8],
) {
    let open = span.start as usize + 1;
    let mut kept_end: Option<usize> = None;
    let mut removed_from: Option<usize> = None;
    let mut answered = vec![false; changes.len()];
    for member in members {
        match fate(changes, &mut answered, request, span, member, body) {
            Fate::Removed => {
                removed_from.get_or_insert(member.key as usize);
                continue;
            }
            Fate::Replaced(text) => {
                let value = member.value.range();
                edits.replace(value.start, value.end, text);
            }
            Fate::Kept => {}
        }
        if let Some(from) = removed_from.take() {
            edits.delete(from, member.key as usize);
        }
        kept_end = Some(member.value.end as usize);
    }
    if removed_from.is_some()
        && let Some(last) = members.last()
    {
        edits.delete(kept_end.unwrap_or(open), last.value.end as usize);
    }
    let start = texts.len();
    let mut comma = kept_end.is_some();
    for (index, change) in changes.iter().enumerate() {
        let later = changes.get(index + 1..).unwrap_or_default();
        let Some(value) = change.value.clone() else {
            continue;
        };
        if answered.get(index) == Some(&true) || later.iter().any(|l| l.is_same_member(change)) {
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
        let at = kept_end.unwrap_or(open);
        edits.replace(at, at, start..texts.len());
    }
}

/// Decides about one member, and marks the changes that speak of it as answered.
fn fate(
    changes: &[&Change],
    answered: &mut [bool],
    request: &BidRequest<'_>,
    object: Span,
    member: &Member,
    body: &[u8],
) -> Fate {
    let superseded = request
        .outline
        .cuts()
        .iter()
        .any(|cut| cut.object == object.start && cut.span.start == member.key);
    if superseded {
        return Fate::Removed;
    }
    let mut fate = Fate::Kept;
    for (change, answered) in changes.iter().zip(answered) {
        if member.is_named(change.name, body) {
            *answered = true;
            fate = match &change.value {
                Some(text) => Fate::Replaced(text.clone()),
                None => Fate::Removed,
            };
        }
    }
    fate
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
        let mut reader = Reader::at(text, span.start as usize, &Limits::RESPONSE);
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
    request
        .outline
        .members_of(object)
        .filter(|member| member.is_named(name, body))
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
        let commas = usize::from(!first);
        let others = gap.iter().filter(|b| !b.is_ascii_whitespace()).count();
        let found = gap.iter().filter(|b| **b == b',').count();
        if others != commas || found != commas {
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
    if bytes(at, close).iter().any(|b| !b.is_ascii_whitespace()) {
        edits.delete(at, close);
    }
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
pub(super) fn cuts(edits: &mut Edits, request: &BidRequest<'_>, touched: &[u32]) {
    for cut in request.outline.cuts() {
        if !touched.contains(&cut.object) {
            let range = cut.span.range();
            edits.delete(range.start, range.end);
        }
    }
}
