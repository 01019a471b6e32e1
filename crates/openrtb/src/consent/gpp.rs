//! GPP strings (IAB Tech Lab, "Global Privacy Platform", version 1): which sections, and theirs.

use super::bits::Bits;
use super::tcf::Tcf;
use super::us::OptOuts;
use crate::enums::GppSection;

/// A GPP string: sections by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gpp<'a> {
    sections: Vec<(GppSection, &'a str)>,
}

impl<'a> Gpp<'a> {
    /// Sections of one string; there are not thirty that the standard defines.
    pub const MOST: usize = 64;

    /// Reads the header; `None` for anything that is not version 1 or has another number of sections
    /// than its header says.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        if text.len() > super::LONGEST {
            return None;
        }
        let mut parts = text.split('~');
        let ids = section_ids(parts.next()?)?;
        let texts: Vec<&str> = parts.take(Self::MOST + 1).collect();
        (ids.len() == texts.len()).then(|| Self {
            sections: ids.into_iter().zip(texts).collect(),
        })
    }

    /// The sections in the order of the string.
    pub fn sections(&self) -> impl Iterator<Item = (GppSection, &'a str)> + '_ {
        self.sections.iter().copied()
    }

    /// The text of a section.
    #[must_use]
    pub fn section(&self, id: GppSection) -> Option<&'a str> {
        self.sections()
            .find(|(at, _)| *at == id)
            .map(|(_, text)| text)
    }

    /// The European section; `None`, which is no consent, when it is absent or broken.
    #[must_use]
    pub fn tcf(&self) -> Option<Tcf<'a>> {
        Tcf::read(self.section(GppSection::EU_TCF_2)?)
    }

    /// What the sections of the United States opt out of, each with its id; `None` is a section that
    /// cannot be read.
    pub fn us(&self) -> impl Iterator<Item = (GppSection, Option<OptOuts>)> + '_ {
        self.sections()
            .filter(|(id, _)| super::us::is_us(*id))
            .map(|(id, text)| (id, OptOuts::read(id, text)))
    }
}

/// Sections of the header: type 3, version 1, then ranges of Fibonacci-coded distances.
fn section_ids(header: &str) -> Option<Vec<GppSection>> {
    let bits = Bits::of(header)?;
    if bits.number(0, 6)? != 3 || bits.number(6, 6)? != 1 {
        return None;
    }
    let entries = bits.number(12, 12)?;
    let (mut at, mut last, mut ids) = (24, 0_i32, Vec::new());
    for _ in 0..entries {
        let is_range = bits.bit(at)?;
        let (distance, next) = fibonacci(&bits, at + 1)?;
        let first = last.checked_add(distance)?;
        (last, at) = (first, next);
        if is_range {
            let (length, next) = fibonacci(&bits, at)?;
            last = first.checked_add(length)?;
            at = next;
        }
        let more = usize::try_from(last.checked_sub(first)?).ok()?;
        if ids.len() + more >= Gpp::MOST {
            return None;
        }
        ids.extend((first..=last).map(GppSection));
    }
    Some(ids)
}

/// A Fibonacci-coded number from `at`, and where the next begins: it ends with two ones in a row.
fn fibonacci(bits: &Bits<'_>, at: usize) -> Option<(i32, usize)> {
    let (mut number, mut one, mut two, mut before) = (0_i32, 1_i32, 2_i32, false);
    for index in at..at.checked_add(32)? {
        let bit = bits.bit(index)?;
        if bit && before {
            return Some((number, index + 1));
        }
        if bit {
            number = number.checked_add(one)?;
        }
        (one, two) = (two, one.checked_add(two)?);
        before = bit;
    }
    None
}
