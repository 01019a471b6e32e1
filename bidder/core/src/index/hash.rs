//! A quick hash for maps whose keys come from the catalog, never from a request.

use std::hash::{BuildHasherDefault, Hasher};

/// A map looked up several times per request.
pub(crate) type Map<V> = std::collections::HashMap<Box<str>, V, BuildHasherDefault<Quick>>;

/// Multiply and rotate over words of eight bytes (as in Firefox's hash table). A request can only look
/// keys up, not insert them, so it cannot build collisions.
#[derive(Default)]
pub(crate) struct Quick(u64);

impl Quick {
    fn word(&mut self, word: u64) {
        self.0 = (self.0.rotate_left(5) ^ word).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
}

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let mut chunks = bytes.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
        let rest = chunks.remainder();
        if !rest.is_empty() {
            let word = rest.iter().rev().fold(0, |n, b| (n << 8) | u64::from(*b));
            self.word(word);
        }
    }

    fn write_u8(&mut self, byte: u8) {
        self.word(u64::from(byte));
    }

    fn finish(&self) -> u64 {
        // The table takes its tag from the high bits and its bucket from the low ones.
        self.0 ^ (self.0 >> 32)
    }
}
