//! What one recipient's copy of a request has otherwise than the body that was read.

use super::edit::{self, Change, Edits, Scratch};
use super::place::{Object, Place};
use crate::json::{Raw, Span};
use crate::request::BidRequest;
use crate::write::{self, JsonWriter};
use std::ops::Range;
use units::{CpmMicros, Currency};

/// A list of changes; cleared and reused from one recipient to the next.
///
/// A later change of the same member replaces an earlier one. Setting a member of an object that
/// the request does not have makes the object up, where its place is beyond doubt; removing what
/// is not there does nothing; an edit inside what another edit removes is void.
#[derive(Debug, Default, Clone)]
pub struct Patches {
    changes: Vec<Change>,
    /// Texts of the values that were set.
    texts: Vec<u8>,
    imps: Option<Vec<usize>>,
    deals: Vec<(usize, Vec<usize>)>,
    node: Option<(Range<usize>, bool)>,
    /// The changes of one write, with what it had to make up.
    planned: Vec<Change>,
    edits: Edits,
    scratch: Scratch,
}

/// Changes that most recipients need at most, and bytes of what is set by them.
const USUAL_CHANGES: usize = 8;
const USUAL_TEXTS: usize = 512;

impl Patches {
    /// Changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all changes and keeps the memory.
    pub fn clear(&mut self) {
        self.changes.clear();
        self.texts.clear();
        self.imps = None;
        self.deals.clear();
        self.node = None;
    }

    /// Whether nothing is changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
            && self.imps.is_none()
            && self.deals.is_empty()
            && self.node.is_none()
    }

    fn set(&mut self, place: Place, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        let start = self.begin_text();
        write(&mut self.texts);
        let value = Some(start..self.texts.len());
        self.change(Change::new(place, name, value));
    }

    fn change(&mut self, change: Change) {
        if self.changes.capacity() == 0 {
            self.changes.reserve(USUAL_CHANGES);
        }
        self.changes.push(change);
    }

    /// Where the next text begins.
    fn begin_text(&mut self) -> usize {
        if self.texts.capacity() == 0 {
            self.texts.reserve(USUAL_TEXTS);
        }
        self.texts.len()
    }

    /// Sets a member to JSON text that the caller vouches for.
    pub fn set_raw(&mut self, place: impl Into<Place>, name: &'static str, json: &str) {
        self.set(place.into(), name, |out| {
            out.extend_from_slice(json.as_bytes())
        });
    }

    /// Sets a member to a value that `write` writes, exactly one.
    pub fn set_with(
        &mut self,
        place: impl Into<Place>,
        name: &'static str,
        write: impl FnOnce(&mut JsonWriter<'_>),
    ) {
        self.set(place.into(), name, |out| write(&mut JsonWriter::new(out)));
    }

    /// Sets a member to a string.
    pub fn set_text(&mut self, place: impl Into<Place>, name: &'static str, text: &str) {
        self.set(place.into(), name, |out| write::quote(out, text));
    }

    /// Sets a member to an integer.
    pub fn set_integer(&mut self, place: impl Into<Place>, name: &'static str, value: i64) {
        self.set(place.into(), name, |out| write::decimal(out, value));
    }

    /// Sets a member to a price.
    pub fn set_price(&mut self, place: impl Into<Place>, name: &'static str, value: CpmMicros) {
        self.set(place.into(), name, |out| write::price(out, value));
    }

    /// Sets a member to a currency's code.
    pub fn set_currency(&mut self, place: impl Into<Place>, name: &'static str, value: Currency) {
        self.set(place.into(), name, |out| write::quote(out, value.as_str()));
    }

    /// Removes a member.
    pub fn remove(&mut self, place: impl Into<Place>, name: &'static str) {
        self.change(Change::new(place.into(), name, None));
    }

    /// Keeps only the imps at these indices of [`BidRequest::imp`], in their order.
    pub fn keep_imps(&mut self, indices: impl IntoIterator<Item = usize>) {
        self.imps = Some(sorted(indices));
    }

    /// Keeps only the deals at these indices of one imp, in their order.
    pub fn keep_deals(&mut self, imp: usize, indices: impl IntoIterator<Item = usize>) {
        self.deals.push((imp, sorted(indices)));
    }

    /// Appends a node, given as JSON text, to the supply chain wherever the request has it (C-145).
    ///
    /// A request without one gets a chain of this node alone, complete or not as told.
    pub fn append_schain_node(&mut self, node: &str, complete_if_first: bool) {
        self.append_schain_node_with(|json| json.raw_value(node), complete_if_first);
    }

    /// The same of a node that `write` writes, exactly one object.
    pub fn append_schain_node_with(
        &mut self,
        write: impl FnOnce(&mut JsonWriter<'_>),
        complete_if_first: bool,
    ) {
        let start = self.begin_text();
        write(&mut JsonWriter::new(&mut self.texts));
        self.node = Some((start..self.texts.len(), complete_if_first));
    }

    /// Writes the body with the changes made; `body` must be what `request` was read from.
    pub fn write(&mut self, request: &BidRequest<'_>, body: &[u8], out: &mut Vec<u8>) {
        let texts = self.texts.len();
        self.edits.clear();
        self.planned.clone_from(&self.changes);
        self.append_node(request, body);
        self.make_up_missing(request);
        edit::members(
            &mut self.edits,
            &self.planned,
            &mut self.texts,
            &mut self.scratch,
            request,
            body,
        );
        if let Some(keep) = &self.imps
            && let Some(array) = edit::member_value(request, request.span, "imp", body)
        {
            let kept = keep.iter().filter_map(|i| request.imp.get(*i));
            edit::subset(&mut self.edits, array, kept.map(|imp| imp.span), body);
        }
        for (index, keep) in &self.deals {
            let imp = request.imp.get(*index);
            if let Some(pmp) = imp.and_then(|imp| imp.pmp.as_deref())
                && let Some(array) = edit::member_value(request, pmp.span, "deals", body)
            {
                let kept = keep.iter().filter_map(|i| pmp.deals.get(*i));
                edit::subset(&mut self.edits, array, kept.map(|deal| deal.span), body);
            }
        }
        self.edits.apply(body, &self.texts, out);
        self.texts.truncate(texts);
    }

    /// Plans the supply chain's further node.
    fn append_node(&mut self, request: &BidRequest<'_>, body: &[u8]) {
        let Some((node, complete)) = self.node.clone() else {
            return;
        };
        if let Some(last) = last_node(request, body) {
            edit::append_behind(&mut self.edits, last, node, &mut self.texts);
            return;
        }
        if let Some(array) = schain_nodes(request, body) {
            edit::append(&mut self.edits, array, node, &mut self.texts, body);
            return;
        }
        let start = self.texts.len();
        let head = if complete { "1" } else { "0" };
        self.texts.extend_from_slice(b"{\"complete\":");
        self.texts.extend_from_slice(head.as_bytes());
        self.texts
            .extend_from_slice(b",\"ver\":\"1.0\",\"nodes\":[");
        self.texts.extend_from_within(node);
        self.texts.extend_from_slice(b"]}");
        let value = Some(start..self.texts.len());
        self.planned
            .push(Change::new(Object::Source.into(), "schain", value));
    }

    /// Turns changes of objects that the request does not have into a member of what holds them.
    fn make_up_missing(&mut self, request: &BidRequest<'_>) {
        // The innermost first: what holds it is then made up with it.
        while let Some(place) = self
            .planned
            .iter()
            .map(|change| change.place)
            .filter(|place| place.locate(request).is_none())
            .max_by_key(|place| place.depth())
        {
            let start = self.texts.len();
            let mut members = 0;
            for index in 0..self.planned.len() {
                let superseded = |change: &Change| {
                    let later = self.planned.get(index + 1..).unwrap_or_default();
                    later.iter().any(|other| other.is_same_member(change))
                };
                let Some(change) = self.planned.get(index) else {
                    break;
                };
                let Some(value) = change.value.clone() else {
                    continue;
                };
                if change.place != place || superseded(change) {
                    continue;
                }
                self.texts.push(if members == 0 { b'{' } else { b',' });
                write::quote(&mut self.texts, change.name);
                self.texts.push(b':');
                self.texts.extend_from_within(value);
                members += 1;
            }
            self.planned.retain(|change| change.place != place);
            if members > 0
                && let Some((holder, name)) = place.holder()
            {
                self.texts.push(b'}');
                let value = Some(start..self.texts.len());
                self.planned.push(Change::new(holder, name, value));
            }
        }
    }
}

fn sorted(indices: impl IntoIterator<Item = usize>) -> Vec<usize> {
    let mut indices: Vec<usize> = indices.into_iter().collect();
    indices.sort_unstable();
    indices.dedup();
    indices
}

/// End of the last node of the chain in its own place, when the array ends behind it.
fn last_node(request: &BidRequest<'_>, body: &[u8]) -> Option<usize> {
    let chain = request.source.as_deref()?.schain.as_deref()?;
    let end = chain.nodes.last()?.span.end as usize;
    let rest = body.get(end..)?;
    (rest.trim_ascii_start().first() == Some(&b']')).then_some(end)
}

/// The array of the supply chain's nodes, by the places of C-170.
fn schain_nodes(request: &BidRequest<'_>, body: &[u8]) -> Option<Span> {
    let source = request.source.as_deref();
    let typed = source
        .and_then(|source| source.schain.as_deref())
        .and_then(|schain| {
            let text = std::str::from_utf8(schain.span.of(body)).ok()?;
            Some(Raw::new(text, schain.span.start))
        });
    let chain = typed
        .or_else(|| source.and_then(|source| source.ext?.get("schain")))
        .or_else(|| request.ext?.get("schain"))?;
    let nodes = chain.get("nodes")?;
    nodes.as_str().starts_with('[').then(|| nodes.span())
}
