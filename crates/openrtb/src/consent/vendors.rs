//! Sets of vendors: a bit for each, or ranges; asked where they stand and never spread out, so that
//! a short text cannot ask for much memory.

use super::bits::Bits;

/// A set of vendor ids inside a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Vendors<'a> {
    bits: Bits<'a>,
    at: usize,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// One bit for each id up to this one.
    Field(u16),
    /// So many entries: one id, or the first and last of a range.
    Ranges(u16),
}

impl<'a> Vendors<'a> {
    /// The set at `at` (greatest id, form, ids) and where it ends; `None` when it is broken.
    pub(super) fn read(bits: Bits<'a>, at: usize) -> Option<(Self, usize)> {
        let greatest = bits.short(at, 16)?;
        if bits.bit(at + 16)? {
            return Self::ranges(bits, at + 17);
        }
        let end = at + 17 + usize::from(greatest);
        let this = Self {
            bits,
            at: at + 17,
            form: Form::Field(greatest),
        };
        (end <= bits.len()).then_some((this, end))
    }

    /// The ranges whose number stands at `at`, and where they end.
    pub(super) fn ranges(bits: Bits<'a>, at: usize) -> Option<(Self, usize)> {
        let this = Self {
            bits,
            at: at + 12,
            form: Form::Ranges(bits.short(at, 12)?),
        };
        let mut end = at + 12;
        for entry in this.entries() {
            let (first, last, next) = entry?;
            if first == 0 || first > last {
                return None;
            }
            end = next;
        }
        Some((this, end))
    }

    pub(super) fn contains(&self, vendor: u16) -> bool {
        match self.form {
            Form::Field(greatest) => {
                (1..=greatest).contains(&vendor)
                    && self.bits.bit(self.at + usize::from(vendor) - 1) == Some(true)
            }
            Form::Ranges(_) => self
                .entries()
                .flatten()
                .any(|(first, last, _)| (first..=last).contains(&vendor)),
        }
    }

    /// First and last id of each entry, and where it ends; ends with `None` behind the text.
    fn entries(&self) -> impl Iterator<Item = Option<(u16, u16, usize)>> + use<'a> {
        let (bits, mut at) = (self.bits, self.at);
        let entries = match self.form {
            Form::Ranges(entries) => entries,
            Form::Field(_) => 0,
        };
        let mut broken = false;
        (0..entries).map_while(move |_| {
            if broken {
                return None;
            }
            let entry = (|| {
                let is_range = bits.bit(at)?;
                let first = bits.short(at + 1, 16)?;
                let (last, end) = if is_range {
                    (bits.short(at + 17, 16)?, at + 33)
                } else {
                    (first, at + 17)
                };
                at = end;
                Some((first, last, end))
            })();
            broken = entry.is_none();
            Some(entry)
        })
    }
}
