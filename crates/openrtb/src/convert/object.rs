//! One object after the other: what is copied, what moves, what is left out.

use super::members::{Member, elements, find, members};
use super::tables::{Kind, Rule};
use super::writing::{Members, object_of, push_member};
use super::{Changes, Stop};
use crate::json::Raw;
use std::ops::Range;

/// A conversion under way.
pub(super) struct Converter<'c> {
    text: &'c str,
    out: &'c mut Vec<u8>,
    changes: Changes,
}

/// What is written of a member.
#[derive(Clone, Copy)]
enum Write {
    Copy,
    Nothing,
    Inside(&'static Kind),
    /// The value under another name.
    Named(&'static str),
    /// The only element of the value, under another name.
    Element(&'static str),
    /// The value as the only element under another name.
    List(&'static str),
    /// The `ext`, with members more or less.
    Ext,
}

/// What becomes of one object.
struct Plan<'c> {
    members: Vec<Member<'c>>,
    writes: Vec<Write>,
    /// Members that come behind those that are there.
    added: Vec<(&'static str, String)>,
    into_ext: Vec<(&'static str, &'c str)>,
    out_of_ext: Vec<&'static str>,
    /// A supply chain for the `source`.
    chain: Option<&'c str>,
}

impl<'c> Plan<'c> {
    fn find(&self, name: &str) -> Option<usize> {
        find(&self.members, name)
    }

    fn set(&mut self, index: usize, write: Write) {
        if let Some(place) = self.writes.get_mut(index) {
            *place = write;
        }
    }
}

impl<'c> Converter<'c> {
    pub(super) fn new(text: &'c str, out: &'c mut Vec<u8>) -> Self {
        Self {
            text,
            out,
            changes: Changes::default(),
        }
    }

    pub(super) fn finish(self) -> Changes {
        self.changes
    }

    /// Converts the value at a range: an object, each object of an array, or nothing.
    pub(super) fn value(
        &mut self,
        at: Range<usize>,
        kind: &'static Kind,
        chain: Option<&'c str>,
    ) -> Result<(), Stop> {
        match self.text.as_bytes().get(at.start) {
            Some(b'{') => self.object(at, kind, chain),
            Some(b'[') => {
                let mut copied = at.start;
                for element in elements(self.text, at.start)? {
                    self.copy(copied..element.start);
                    copied = element.end;
                    // Arrays of arrays are nothing that the standard knows.
                    if self.starts_with(element.start, b'{') {
                        self.object(element, kind, None)?;
                    } else {
                        self.copy(element);
                    }
                }
                self.copy(copied..at.end);
                Ok(())
            }
            _ => {
                self.copy(at);
                Ok(())
            }
        }
    }

    fn object(
        &mut self,
        at: Range<usize>,
        kind: &'static Kind,
        chain: Option<&'c str>,
    ) -> Result<(), Stop> {
        let members = members(self.text, at.start)?;
        let writes = vec![Write::Copy; members.len()];
        let mut plan = Plan {
            members,
            writes,
            added: Vec::new(),
            into_ext: Vec::new(),
            out_of_ext: Vec::new(),
            chain: None,
        };
        let ext = plan.find("ext").map(|index| self.raw_of(&plan, index));
        for (name, rule) in kind.rules {
            if let Some(index) = plan.find(name) {
                self.apply(&mut plan, name, index, *rule, ext)?;
            }
        }
        if let Some(ext) = ext.filter(Raw::is_object) {
            self.lift(&mut plan, kind, ext);
        }
        if kind.rewarded {
            self.reward(&mut plan, ext);
        }
        if let Some(chain) = chain {
            plan.added.push(("schain", chain.to_owned()));
        }
        if !(plan.into_ext.is_empty() && plan.out_of_ext.is_empty()) {
            match plan.find("ext") {
                Some(index) => plan.set(index, Write::Ext),
                None => plan.added.push(("ext", object_of(&plan.into_ext))),
            }
        }
        self.write(&plan, at)
    }

    /// What a rule makes of a member.
    fn apply(
        &mut self,
        plan: &mut Plan<'c>,
        name: &'static str,
        index: usize,
        rule: Rule,
        ext: Option<Raw<'c>>,
    ) -> Result<(), Stop> {
        let value = self.raw_of(plan, index);
        let is_null = value.as_str() == "null";
        let write = match rule {
            Rule::Inside(kind) => {
                plan.set(index, Write::Inside(kind));
                return Ok(());
            }
            Rule::Never(what) if !is_null => return Err(Stop::Unsayable(what)),
            Rule::Extend if !is_null && ext.is_none_or(|ext| ext.is_object()) => {
                plan.into_ext.push((name, value.as_str()));
                Changes::note(&mut self.changes.moved, name);
                plan.set(index, Write::Nothing);
                return Ok(());
            }
            Rule::Size { with, new } if is_size(value) && self.is_only_size(plan, with) => {
                Write::Named(new)
            }
            Rule::Rename(new) if !is_null && self.clear(plan, new) => Write::Named(new),
            Rule::Many(new) if !is_null && self.clear(plan, new) => {
                if value.is_array() {
                    Write::Named(new)
                } else {
                    Write::List(new)
                }
            }
            Rule::One(new) if value.elements().len() == 1 && self.clear(plan, new) => {
                Write::Element(new)
            }
            Rule::Drop
            | Rule::Never(_)
            | Rule::Extend
            | Rule::Size { .. }
            | Rule::Rename(_)
            | Rule::Many(_)
            | Rule::One(_) => Write::Nothing,
        };
        let list = if matches!(write, Write::Nothing) {
            &mut self.changes.dropped
        } else {
            &mut self.changes.moved
        };
        Changes::note(list, name);
        plan.set(index, write);
        Ok(())
    }

    /// Whether nothing is said under a name; what says so in many words is taken out (C-25).
    fn clear(&self, plan: &mut Plan<'c>, name: &str) -> bool {
        let Some(index) = plan.find(name) else {
            return true;
        };
        let is_nothing = is_nothing(self.raw_of(plan, index));
        if is_nothing {
            plan.set(index, Write::Nothing);
        }
        is_nothing
    }

    /// Whether a banner says of its size no more than one end of a range.
    fn is_only_size(&self, plan: &Plan<'c>, with: &str) -> bool {
        let other = plan.find(with).map(|index| self.raw_of(plan, index));
        let is_told = |name| plan.find(name).is_some();
        other.is_some_and(is_size) && !["w", "h", "format"].into_iter().any(is_told)
    }

    /// Moves up what stands in `ext`; a place that says something wins (C-170).
    fn lift(&mut self, plan: &mut Plan<'c>, kind: &Kind, ext: Raw<'c>) {
        for name in kind.lifted {
            let Some(value) = ext.get(name).filter(|value| value.as_str() != "null") else {
                continue;
            };
            plan.out_of_ext.push(name);
            let place = plan.find(name);
            let is_taken = place.is_some_and(|index| !is_nothing(self.raw_of(plan, index)));
            if is_taken {
                Changes::note(&mut self.changes.dropped, name);
                continue;
            }
            if let Some(index) = place {
                plan.set(index, Write::Nothing);
            }
            plan.added.push((name, value.as_str().to_owned()));
            Changes::note(&mut self.changes.moved, name);
        }
        if kind.chained
            && let Some(chain) = ext.get("schain").filter(Raw::is_object)
        {
            plan.out_of_ext.push("schain");
            self.chain(plan, chain.as_str());
        }
    }

    /// The oldest place of the supply chain, the `ext` of the request.
    fn chain(&mut self, plan: &mut Plan<'c>, chain: &'c str) {
        let source = plan.find("source").map(|index| self.raw_of(plan, index));
        let has_one = |source: Raw<'_>| {
            let of_ext = source.get("ext").and_then(|ext| ext.get("schain"));
            source.get("schain").is_some() || of_ext.is_some()
        };
        match source {
            Some(source) if !source.is_object() || has_one(source) => {
                Changes::note(&mut self.changes.dropped, "schain");
                return;
            }
            Some(_) => plan.chain = Some(chain),
            None => plan.added.push(("source", object_of(&[("schain", chain)]))),
        }
        Changes::note(&mut self.changes.moved, "schain");
    }

    /// The ways in which 2.5 says that an imp is rewarded. They stay: none is a place of the standard.
    fn reward(&mut self, plan: &mut Plan<'c>, ext: Option<Raw<'c>>) {
        let says = |raw: Option<Raw<'_>>| raw.and_then(|raw| raw.to_flag()) == Some(true);
        let video = plan.find("video").map(|index| self.raw_of(plan, index));
        let of_video = video.and_then(|video| video.path(&["ext", "rewarded"]));
        let is_rewarded = says(of_video)
            || [
                &["rewarded"][..],
                &["prebid", "is_rewarded_inventory"],
                &["is_rewarded_inventory"],
            ]
            .into_iter()
            .any(|path| says(ext.and_then(|ext| ext.path(path))));
        if is_rewarded && plan.find("rwdd").is_none() {
            plan.added.push(("rwdd", "1".to_owned()));
            Changes::note(&mut self.changes.moved, "rwdd");
        }
    }

    fn write(&mut self, plan: &Plan<'c>, at: Range<usize>) -> Result<(), Stop> {
        let mut members = Members::begin(self.out);
        let mut end = at.start + 1;
        for (member, write) in plan.members.iter().zip(&plan.writes) {
            let gap = self.text.get(end..member.whole.start).unwrap_or_default();
            end = member.whole.end;
            // Had an earlier one stayed, it would count where the last one is left out.
            if member.is_outdone || matches!(write, Write::Nothing) {
                members.skip();
                continue;
            }
            if matches!(write, Write::Ext) && self.is_emptied(plan, member)? {
                members.skip();
                continue;
            }
            members.next(self.out, gap);
            self.member(plan, member, *write)?;
        }
        for (name, value) in &plan.added {
            members.next(self.out, ",");
            push_member(self.out, name, value);
        }
        self.copy(end..at.end.saturating_sub(1));
        self.out.push(b'}');
        Ok(())
    }

    fn member(&mut self, plan: &Plan<'c>, member: &Member<'c>, write: Write) -> Result<(), Stop> {
        let value = self.text.get(member.value()).unwrap_or_default();
        match write {
            Write::Nothing => {}
            Write::Copy => self.copy(member.whole.clone()),
            Write::Inside(kind) => {
                self.copy(member.whole.start..member.value);
                let chain = plan.chain.filter(|_| member.name == "source");
                self.value(member.value(), kind, chain)?;
            }
            Write::Named(name) => push_member(self.out, name, value),
            Write::List(name) => {
                push_member(self.out, name, "[");
                self.copy(member.value());
                self.out.push(b']');
            }
            Write::Element(name) => {
                let element = elements(self.text, member.value)?.into_iter().next();
                let element = element.and_then(|at| self.text.get(at));
                push_member(self.out, name, element.unwrap_or("null"));
            }
            Write::Ext => {
                self.copy(member.whole.start..member.value);
                self.ext(plan, member)?;
            }
        }
        Ok(())
    }

    /// Whether nothing is left of an `ext` from which members moved away.
    fn is_emptied(&self, plan: &Plan<'_>, ext: &Member<'_>) -> Result<bool, Stop> {
        let stays = |member: &Member<'_>| !is_in(&plan.out_of_ext, &member.name);
        let all_gone = !members(self.text, ext.value)?.iter().any(stays);
        Ok(plan.into_ext.is_empty() && all_gone)
    }

    fn ext(&mut self, plan: &Plan<'c>, ext: &Member<'c>) -> Result<(), Stop> {
        let mut members_of = Members::begin(self.out);
        let mut end = ext.value + 1;
        for member in members(self.text, ext.value)? {
            let gap = self.text.get(end..member.whole.start).unwrap_or_default();
            end = member.whole.end;
            let is_replaced = plan.into_ext.iter().any(|(name, _)| member.name == *name);
            if member.is_outdone || is_replaced || is_in(&plan.out_of_ext, &member.name) {
                members_of.skip();
                continue;
            }
            members_of.next(self.out, gap);
            self.copy(member.whole);
        }
        for (name, value) in &plan.into_ext {
            members_of.next(self.out, ",");
            push_member(self.out, name, value);
        }
        self.copy(end..ext.whole.end.saturating_sub(1));
        self.out.push(b'}');
        Ok(())
    }

    fn raw_of(&self, plan: &Plan<'c>, index: usize) -> Raw<'c> {
        let at = plan.members.get(index).map(Member::value);
        let text = at.and_then(|at| self.text.get(at));
        Raw::new(text.unwrap_or("null"), 0)
    }

    fn starts_with(&self, at: usize, byte: u8) -> bool {
        self.text.as_bytes().get(at) == Some(&byte)
    }

    fn copy(&mut self, at: Range<usize>) {
        let text = self.text.get(at).unwrap_or_default();
        self.out.extend_from_slice(text.as_bytes());
    }
}

/// Whether a value says as little as an absent one (C-25): null, an empty array, an empty text.
fn is_nothing(value: Raw<'_>) -> bool {
    matches!(value.as_str(), "null" | "\"\"") || (value.is_array() && value.elements().is_empty())
}

fn is_size(value: Raw<'_>) -> bool {
    value.to_integer().is_some_and(|size| size > 0)
}

fn is_in(names: &[&'static str], name: &str) -> bool {
    names.contains(&name)
}
