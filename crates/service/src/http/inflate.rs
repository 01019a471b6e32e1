//! Inflating gzip (RFC 1952) within bounds of bytes and of work (R31, R41).
//!
//! A block of deflate costs some microseconds for its tables and may hold nothing. 200,000 of them fit into
//! 256 KiB and are half a second of work, so blocks are counted as bytes are.

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Inflated bytes below which the ratio is not looked at: a small text may pack very well.
const RATIO_FREE: usize = 64 * 1024;

/// Most blocks, over all members: encoders fill 5 KB and more with each, or one for what they flush.
const MOST_BLOCKS: u32 = 1_024;

/// The output is one piece and never wraps around; each block is told of.
const FLAGS: u32 = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
    | inflate_flags::TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;

/// Why a compressed body was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InflateError {
    /// More bytes than allowed, too many per compressed byte, or in too many blocks.
    #[error("inflates beyond the limit")]
    TooLarge,
    /// Not gzip, truncated, or followed by something else.
    #[error("not valid gzip")]
    Invalid,
}

/// Inflates gzip, at most `max` bytes and at most `max_ratio` times its size beyond the first 64 KiB, in at
/// most 1,024 blocks.
///
/// # Errors
/// [`InflateError::TooLarge`] as soon as a limit is passed, [`InflateError::Invalid`] for what is not
/// whole, valid gzip.
pub fn inflate(packed: &[u8], max: usize, max_ratio: u32) -> Result<Vec<u8>, InflateError> {
    let ratio = usize::try_from(max_ratio).unwrap_or(usize::MAX);
    let by_ratio = packed.len().saturating_mul(ratio).max(RATIO_FREE);
    let most = max.min(by_ratio);
    let mut inflating = Inflating {
        most,
        blocks: 0,
        state: DecompressorOxide::new(),
        out: vec![0; told_size(packed).min(most.saturating_add(1))],
        length: 0,
    };
    let mut rest = inflating.member(packed)?;
    while !rest.is_empty() {
        rest = inflating.member(rest)?;
    }
    let Inflating {
        mut out, length, ..
    } = inflating;
    out.truncate(length);
    Ok(out)
}

/// What the last member says that it inflates to. It may lie: it is where to begin.
fn told_size(packed: &[u8]) -> usize {
    let told = packed.last_chunk().copied().map_or(0, u32::from_le_bytes);
    usize::try_from(told).unwrap_or(usize::MAX)
}

struct Inflating {
    most: usize,
    blocks: u32,
    state: DecompressorOxide,
    /// One byte more than is allowed at the most.
    out: Vec<u8>,
    /// How much of it is written.
    length: usize,
}

impl Inflating {
    /// Inflates the first member; what follows it.
    fn member<'p>(&mut self, packed: &'p [u8]) -> Result<&'p [u8], InflateError> {
        let mut rest = after_header(packed).ok_or(InflateError::Invalid)?;
        let begin = self.length;
        self.state.init();
        loop {
            // No member refers to what another one wrote.
            let out = self.out.get_mut(begin..).unwrap_or_default();
            let written = self.length - begin;
            let (status, read, more) = decompress(&mut self.state, rest, out, written, FLAGS);
            rest = rest.get(read..).ok_or(InflateError::Invalid)?;
            self.length += more;
            match status {
                TINFLStatus::Done => break,
                TINFLStatus::BlockBoundary => self.count_block()?,
                TINFLStatus::HasMoreOutput => self.grow()?,
                TINFLStatus::FailedCannotMakeProgress
                | TINFLStatus::BadParam
                | TINFLStatus::Adler32Mismatch
                | TINFLStatus::Failed
                | TINFLStatus::NeedsMoreInput
                | _ => return Err(InflateError::Invalid),
            }
        }
        self.count_block()?;
        if self.length > self.most {
            return Err(InflateError::TooLarge);
        }
        let (trailer, rest) = rest.split_first_chunk::<8>().ok_or(InflateError::Invalid)?;
        let own = self.out.get(begin..self.length).unwrap_or_default();
        // A member of 4 GiB is not believed anyway.
        let size = u32::try_from(own.len()).unwrap_or(u32::MAX);
        let told = [crc32fast::hash(own).to_le_bytes(), size.to_le_bytes()];
        if trailer.as_slice() == told.as_flattened() {
            Ok(rest)
        } else {
            Err(InflateError::Invalid)
        }
    }

    fn count_block(&mut self) -> Result<(), InflateError> {
        self.blocks += 1;
        if self.blocks > MOST_BLOCKS {
            return Err(InflateError::TooLarge);
        }
        Ok(())
    }

    fn grow(&mut self) -> Result<(), InflateError> {
        let now = self.out.len();
        if now > self.most {
            return Err(InflateError::TooLarge);
        }
        let next = now.saturating_mul(2).max(1_024);
        let next = next.min(self.most.saturating_add(1));
        // Not twice the limit for the sake of one byte beyond it.
        self.out.reserve_exact(next.saturating_sub(now));
        self.out.resize(next, 0);
        Ok(())
    }
}

/// What follows a member's header (RFC 1952 §2.3.1); `None` where there is none.
fn after_header(packed: &[u8]) -> Option<&[u8]> {
    const CRC: u8 = 2;
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const RESERVED: u8 = 0xe0;
    let (fixed, mut rest) = packed.split_first_chunk::<10>()?;
    let [0x1f, 0x8b, 8, flags, ..] = *fixed else {
        return None;
    };
    if flags & RESERVED != 0 {
        return None;
    }
    if flags & EXTRA != 0 {
        let (length, extra) = rest.split_first_chunk()?;
        rest = extra.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = memchr::memchr(0, rest)?;
            rest = rest.get(end + 1..)?;
        }
    }
    if flags & CRC != 0 {
        let header = packed.get(..packed.len() - rest.len())?;
        let (told, after) = rest.split_first_chunk::<2>()?;
        rest = crc32fast::hash(header)
            .to_le_bytes()
            .starts_with(told)
            .then_some(after)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use flate2::{Compression, GzBuilder, bufread::MultiGzDecoder, write::GzEncoder};
    use proptest::prelude::*;

    use super::*;

    fn packed(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    /// A member of these bits of deflate, the first one lowest, without the trailer it should have.
    fn of_bits(blocks: impl Iterator<Item = (u64, u32)>) -> Vec<u8> {
        let mut member = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let (mut bits, mut count) = (0_u64, 0);
        for (value, length) in blocks {
            bits |= value << count;
            count += length;
            while count >= 8 {
                member.push(u8::try_from(bits & 0xff).unwrap());
                bits >>= 8;
                count -= 8;
            }
        }
        if count > 0 {
            member.push(u8::try_from(bits).unwrap());
        }
        member
    }

    #[test]
    fn r_31_and_c_7_what_inflates_and_what_does_not() {
        let text = br#"{"id":"1"}"#;
        let good = packed(text);
        assert_eq!(inflate(&good, 1_000, 100).as_deref(), Ok(text.as_slice()));
        assert_eq!(inflate(&good, 10, 100).as_deref(), Ok(text.as_slice()));
        assert_eq!(
            inflate(&good, 9, 100),
            Err(InflateError::TooLarge),
            "by size"
        );

        let bomb = packed(&vec![b' '; 8 << 20]);
        assert_eq!(
            inflate(&bomb, usize::MAX, 100),
            Err(InflateError::TooLarge),
            "by ratio"
        );
        assert_eq!(inflate(&bomb, 1 << 20, 10_000), Err(InflateError::TooLarge));

        let small_but_dense = packed(&vec![b' '; 60 * 1024]);
        assert!(
            inflate(&small_but_dense, 1 << 20, 100).is_ok(),
            "free below 64 KiB"
        );

        assert_eq!(
            inflate(&good[..good.len() - 4], 1_000, 100),
            Err(InflateError::Invalid)
        );
        assert_eq!(inflate(b"plain", 1_000, 100), Err(InflateError::Invalid));
        let mut trailed = good.clone();
        trailed.extend_from_slice(b"tail");
        assert_eq!(inflate(&trailed, 1_000, 100), Err(InflateError::Invalid));
        let twice = [good.clone(), good].concat();
        assert_eq!(
            inflate(&twice, 1_000, 100).unwrap().len(),
            20,
            "members follow one another"
        );
    }

    #[test]
    fn r_31_r_41_blocks_are_counted_whatever_they_hold() {
        let too_large = Err(InflateError::TooLarge);
        // 10 bits each: not the last, codes that need no table sent, and the end at once.
        let fixed = of_bits((0..200_000).map(|_| (0b010, 10)));
        assert!(fixed.len() < 256 * 1024);
        assert_eq!(inflate(&fixed, 1 << 20, 100), too_large, "fixed codes");
        // The same with a byte in each: the literal 0 is 00110000, the highest bit first.
        let of_one_byte = of_bits((0..110_000).map(|_| (0b110_0010, 18)));
        assert_eq!(
            inflate(&of_one_byte, 1 << 20, 100),
            too_large,
            "a byte each"
        );
        let stored = [0, 0, 0, 0xff, 0xff].repeat(50_000);
        let stored = [of_bits(std::iter::empty()), stored].concat();
        assert_eq!(inflate(&stored, 1 << 20, 100), too_large, "stored");
        let members = packed(b"").repeat(10_000);
        assert!(members.len() < 256 * 1024);
        assert_eq!(inflate(&members, 1 << 20, 100), too_large, "members");
        // What an encoder makes that flushes two thousand bytes at a time.
        let mut flushing = GzEncoder::new(Vec::new(), Compression::fast());
        let byte = |at: u32| u8::try_from(at.wrapping_mul(at) % 251).unwrap();
        let text: Vec<u8> = (0..1 << 20).map(byte).collect();
        for piece in text.chunks(2_500) {
            flushing.write_all(piece).unwrap();
            flushing.flush().unwrap();
        }
        let flushed = flushing.finish().unwrap();
        assert_eq!(inflate(&flushed, 1 << 20, 100), Ok(text));
    }

    #[test]
    fn headers_with_all_that_may_be_in_them() {
        let with = |builder: GzBuilder| {
            let mut encoder = builder.write(Vec::new(), Compression::fast());
            encoder.write_all(b"hello").unwrap();
            encoder.finish().unwrap()
        };
        let all = || {
            GzBuilder::new()
                .extra("extra")
                .filename("name")
                .comment("words")
        };
        let plain = with(GzBuilder::new());
        let mut checked = plain.clone();
        checked[3] |= 2;
        let crc = crc32fast::hash(&checked[..10]).to_le_bytes();
        checked.splice(10..10, crc[..2].iter().copied());
        let mut wrong = checked.clone();
        wrong[10] ^= 1;
        let changed = |at: usize, bit: u8| {
            let mut changed = plain.clone();
            changed[at] ^= bit;
            changed
        };
        let hello = || Ok(b"hello".to_vec());
        let invalid = || Err(InflateError::Invalid);
        #[rustfmt::skip]
        let rows = [
            ("nothing", plain.clone(), hello()),
            ("everything", with(all()), hello()),
            ("a checksum of the header", checked, hello()),
            ("a wrong one", wrong, invalid()),
            ("another method", changed(2, 1), invalid()),
            ("a flag that nobody knows", changed(3, 0x20), invalid()),
            ("a name without an end", changed(3, 8)[..12].to_vec(), invalid()),
            ("another checksum", changed(plain.len() - 8, 1), invalid()),
            ("another size", changed(plain.len() - 4, 1), invalid()),
            ("half a header", plain[..9].to_vec(), invalid()),
            ("nothing at all", Vec::new(), invalid()),
        ];
        for (row, bytes, expect) in rows {
            assert_eq!(inflate(&bytes, 100, 100), expect, "{row}");
        }
    }

    /// flate2's own answer, where nothing is limited.
    fn oracle(packed: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let read = MultiGzDecoder::new(packed).read_to_end(&mut out);
        read.ok().map(|_| out)
    }

    proptest! {
        #[test]
        fn r_42_inflating_anything_never_panics_and_keeps_its_limit(bytes: Vec<u8>, max in 0_usize..10_000) {
            if let Ok(out) = inflate(&bytes, max, 100) {
                prop_assert!(out.len() <= max);
            }
        }

        #[test]
        fn what_was_packed_comes_back_and_what_was_changed_since_does_not_differ_from_the_oracle(
            parts in prop::collection::vec((prop::collection::vec(0_u8..4, 0..3_000), 0_u32..10), 1..4),
            change in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
            less in 0_usize..2,
        ) {
            let mut bytes = Vec::new();
            for (plain, level) in &parts {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::new(*level));
                encoder.write_all(plain).unwrap();
                bytes.extend(encoder.finish().unwrap());
            }
            let plain: Vec<u8> = parts.iter().flat_map(|(plain, _)| plain.clone()).collect();
            if plain.len() > less {
                let short = inflate(&bytes, plain.len() - less, u32::MAX);
                prop_assert_eq!(short, if less == 0 { Ok(plain) } else { Err(InflateError::TooLarge) });
            }
            if let Some((at, by)) = change {
                *at.get_mut(&mut bytes) ^= by;
                let found = inflate(&bytes, 1 << 20, u32::MAX).ok();
                prop_assert_eq!(found, oracle(&bytes));
            }
        }
    }
}
