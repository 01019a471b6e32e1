//! Values that are kept as they stand: passed by, their grammar checked.

use super::fault::{Fault, MalformedKind};
use super::raw::Raw;
use super::reader::Reader;
use super::scan;
use super::text::offset;

impl<'a> Reader<'a> {
    /// Reads any value as its own text.
    pub(crate) fn raw(&mut self) -> Result<Raw<'a>, Fault> {
        let start = self.at;
        match self.peek() {
            b'{' | b'[' => self.skip()?,
            _ => {
                self.scalar()?;
            }
        }
        let text = self.text.get(start..self.at).unwrap_or_default();
        Ok(Raw::new(text, offset(start)))
    }

    /// Passes by the object or array at the next byte, checking its grammar.
    ///
    /// Iterative: which bracket closes which level is one bit each, so the depth is at most 64.
    pub(super) fn skip(&mut self) -> Result<(), Fault> {
        let start = self.at;
        let room = self.limits.depth.saturating_sub(self.depth);
        let allowed = self.limits.ext_depth.min(room).min(64);
        let mut objects: u64 = 0;
        let mut depth: u32 = 0;
        let mut doubtful = false;
        self.keys.clear();
        let mut marks = [0_usize; 64];
        loop {
            let opened = matches!(self.peek(), b'{' | b'[');
            if opened {
                if depth >= allowed {
                    return Err(Fault::malformed(self.at, MalformedKind::TooDeep));
                }
                self.count_value()?;
                if let Some(mark) = marks.get_mut(depth as usize) {
                    *mark = self.keys.len();
                }
                objects = (objects << 1) | u64::from(self.peek() == b'{');
                depth += 1;
                self.at += 1;
            } else {
                self.leaf()?;
            }
            let mut first = opened;
            loop {
                if depth == 0 {
                    if doubtful {
                        self.outline.cut_nested(self.text, start, &self.limits);
                    }
                    return Ok(());
                }
                let object = objects & 1 == 1;
                self.blanks();
                if self.peek() == if object { b'}' } else { b']' } {
                    self.at += 1;
                    depth -= 1;
                    objects >>= 1;
                    if self.passes_on {
                        let mark = marks.get(depth as usize).copied().unwrap_or(0);
                        doubtful |= repeated(self.keys.get_mut(mark..).unwrap_or_default());
                        self.keys.truncate(mark);
                    }
                    first = false;
                    continue;
                }
                if !first {
                    self.expect(b',')?;
                    self.blanks();
                }
                if object {
                    doubtful |= self.skip_key()?;
                } else if self.peek() == b']' {
                    return Err(self.unexpected());
                }
                break;
            }
        }
    }

    /// Passes by a member's name and colon; true when its hash is needed and cannot be trusted.
    fn skip_key(&mut self) -> Result<bool, Fault> {
        if self.peek() != b'"' {
            return Err(self.unexpected());
        }
        let start = self.at + 1;
        let bytes = self.text.as_bytes();
        let scanned = scan::string(bytes, start, self.limits.string)?;
        if self.passes_on {
            let content = bytes.get(start..scanned.end).unwrap_or_default();
            let hash = content.iter().fold(0x811c_9dc5_u32, |hash, byte| {
                (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
            });
            self.keys.push(hash);
        }
        self.at = scanned.end + 1;
        self.blanks();
        self.expect(b':')?;
        self.blanks();
        let escaped = scanned.length < scanned.end - start;
        Ok(self.passes_on && escaped)
    }

    /// Passes by a scalar without resolving escapes.
    fn leaf(&mut self) -> Result<(), Fault> {
        if self.peek() == b'"' {
            self.count_value()?;
            let scanned = scan::string(self.text.as_bytes(), self.at + 1, self.limits.string)?;
            self.at = scanned.end + 1;
            return Ok(());
        }
        self.scalar().map(|_| ())
    }
}

/// Whether two of the hashes are equal.
fn repeated(hashes: &mut [u32]) -> bool {
    if hashes.len() <= 8 {
        return hashes
            .iter()
            .enumerate()
            .any(|(i, hash)| hashes.iter().skip(i + 1).any(|other| other == hash));
    }
    hashes.sort_unstable();
    hashes.windows(2).any(|pair| pair.first() == pair.last())
}
