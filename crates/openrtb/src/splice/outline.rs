//! Where members stand: recorded while reading, so that writing can copy what it does not change.

use super::mend::Mends;
use crate::json::{Key, Reader, Span, Str, offset};
use crate::limits::Limits;
use std::collections::HashSet;

/// One member of a tracked object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Member {
    /// Start of the object it belongs to.
    object: u32,
    /// Offset of the name's opening quote.
    pub(crate) key: u32,
    /// The value.
    pub(crate) value: Span,
    /// What [`crate::json::code`] makes of the name.
    pub(super) name: u64,
    /// Place in the list of what follows the value: the object's next member, if it has one.
    next: u32,
}

impl Member {
    pub(super) fn new(object: u32, key: &Key, value: Span) -> Self {
        Self {
            object,
            key: Span::new(key.at, key.at).start,
            value,
            name: key.code,
            next: 0,
        }
    }
}

/// An earlier member of the same name, which is not passed on (C-31).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Start of the object it belongs to.
    pub(crate) object: u32,
    /// From its name to the next member's name.
    pub(crate) span: Span,
}

/// The members of the tracked objects in document order, what duplicate keys cut out, and what is written otherwise
/// than the standard wants it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outline {
    members: Vec<Member>,
    cuts: Vec<Cut>,
    /// Nothing for a text that is strict.
    mends: Option<Box<Mends>>,
}

impl Outline {
    /// Notes where the value of a member ends.
    pub(crate) fn close(&mut self, member: Option<usize>, end: usize) {
        let next = offset(self.members.len());
        if let Some(member) = member.and_then(|index| self.members.get_mut(index)) {
            member.value.end = offset(end);
            member.next = next;
        }
    }

    /// The members of the tracked object at `span`, in document order.
    pub(crate) fn members_of(&self, span: Span) -> impl Iterator<Item = &Member> {
        let first = match self.members.first() {
            Some(member) if member.object == span.start => 0,
            _ => self.members.partition_point(|m| m.key <= span.start),
        };
        let is_member = move |m: &&Member| m.object == span.start;
        std::iter::successors(self.members.get(first).filter(is_member), move |member| {
            self.members.get(member.next as usize).filter(is_member)
        })
    }

    /// What duplicate keys cut out, in document order.
    pub(crate) fn cuts(&self) -> &[Cut] {
        &self.cuts
    }

    /// What is written otherwise than the standard wants it, in document order.
    pub(super) fn mends(&self) -> Option<&Mends> {
        self.mends.as_deref()
    }

    /// The same while the text is read, in any order.
    pub(super) fn mends_mut(&mut self) -> &mut Mends {
        self.mends.get_or_insert_default()
    }

    pub(crate) fn sort(&mut self) {
        self.cuts
            .sort_unstable_by_key(|cut| (cut.span.start, cut.object));
        if let Some(mends) = &mut self.mends {
            mends.sort();
        }
    }

    /// Cuts the duplicates anywhere inside the value at `start`.
    pub(crate) fn cut_nested(&mut self, text: &str, start: usize, limits: &Limits) {
        let generous = Limits {
            depth: 128,
            values: u32::MAX,
            ..*limits
        };
        let mut reader = Reader::at(text, start, &generous);
        cut_value(&mut reader, &mut self.cuts);
    }

    /// Cuts the duplicates among the members of one object, not those inside its values.
    fn cut_shallow(&mut self, text: &str, start: usize, limits: &Limits) {
        let mut reader = Reader::at(text, start, limits);
        let mut keys = Vec::new();
        if reader.open_object().is_err() {
            return;
        }
        while let Ok(Some(key)) = reader.next_key(keys.is_empty()) {
            keys.push((key.text(&reader), key.at));
            if reader.raw().is_err() {
                return;
            }
        }
        cut_keys(start, &keys, &mut self.cuts);
    }
}

impl Reader<'_> {
    /// Notes the member whose name was read last and whose value comes next; returns its place in
    /// the list.
    #[inline(always)]
    pub(crate) fn open_member(&mut self, object: usize) -> usize {
        let (at, name) = (Span::new(object, self.key.at), self.key.code);
        let value = Span::new(self.position(), self.position());
        let members = &mut self.outline.members;
        if members.capacity() == 0 {
            members.reserve(96);
        }
        members.push(Member {
            object: at.start,
            key: at.end,
            value,
            name,
            next: 0,
        });
        members.len() - 1
    }

    /// Cuts the duplicates among the members of the object at `start`.
    pub(crate) fn cut_repeats(&mut self, start: usize) {
        let (text, limits) = (self.text(), *self.limits());
        self.outline.cut_shallow(text, start, &limits);
    }
}

/// The depth was checked when the value was first passed by, so the recursion is bounded.
fn cut_value(reader: &mut Reader<'_>, cuts: &mut Vec<Cut>) -> Option<()> {
    match reader.peek() {
        b'{' => {
            let start = reader.open_object().ok()?;
            let mut keys = Vec::new();
            while let Some(key) = reader.next_key(keys.is_empty()).ok()? {
                keys.push((key.text(reader), key.at));
                cut_value(reader, cuts)?;
            }
            cut_keys(start, &keys, cuts);
        }
        b'[' => {
            reader.open_array().ok()?;
            let mut first = true;
            while reader.next_element(first).ok()? {
                first = false;
                cut_value(reader, cuts)?;
            }
        }
        _ => {
            reader.scalar().ok()?;
        }
    }
    Some(())
}

/// Cuts every key that comes again later; `keys` is in document order.
fn cut_keys(object: usize, keys: &[(Str<'_>, usize)], cuts: &mut Vec<Cut>) {
    let mut later = HashSet::with_capacity(keys.len());
    let mut next = None;
    for (name, at) in keys.iter().rev() {
        let comes_again = !later.insert(name.as_str());
        if let Some(next) = next.replace(*at)
            && comes_again
        {
            cuts.push(Cut {
                object: Span::new(object, object).start,
                span: Span::new(*at, next),
            });
        }
    }
}
