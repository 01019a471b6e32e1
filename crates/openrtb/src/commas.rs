//! The commas between what is copied, when some of it is left out.

/// Members or elements of one object or array, on their way into a copy.
#[derive(Debug, Default)]
pub(crate) struct Commas {
    any: bool,
    skipped: bool,
}

impl Commas {
    /// One is left out.
    pub(crate) const fn skip(&mut self) {
        self.skipped = true;
    }

    /// One comes; `gap` is what stood between it and the one before.
    pub(crate) fn next(&mut self, out: &mut Vec<u8>, gap: &str) {
        let blanks = gap.rsplit(',').next().unwrap_or_default();
        let kept = if self.skipped || !self.any {
            blanks
        } else {
            gap
        };
        if self.any && self.skipped {
            out.push(b',');
        }
        out.extend_from_slice(kept.as_bytes());
        self.any = true;
        self.skipped = false;
    }
}
