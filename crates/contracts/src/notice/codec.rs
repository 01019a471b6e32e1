//! The bytes of a token's payload: LEB128 numbers, length-prefixed texts.

use uuid::Uuid;

use super::key::TokenError;

pub(super) fn put_u64(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Zigzag, so that small negative numbers stay short.
pub(super) fn put_i64(out: &mut Vec<u8>, value: i64) {
    put_u64(out, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

pub(super) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_u64(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn put_uuid(out: &mut Vec<u8>, id: &Uuid) {
    out.extend_from_slice(id.as_bytes());
}

/// Reads what the `put` functions wrote; everything else is unreadable.
pub(super) struct Source<'a>(pub(super) &'a [u8]);

impl<'a> Source<'a> {
    pub(super) fn u8(&mut self) -> Result<u8, TokenError> {
        let (first, rest) = self.0.split_first().ok_or(TokenError::Unreadable)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn u64(&mut self) -> Result<u64, TokenError> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(TokenError::Unreadable)
    }

    pub(super) fn i64(&mut self) -> Result<i64, TokenError> {
        let raw = self.u64()?;
        Ok((raw >> 1).cast_signed() ^ -((raw & 1).cast_signed()))
    }

    pub(super) fn bytes(&mut self, count: usize) -> Result<&'a [u8], TokenError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(TokenError::Unreadable)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn text(&mut self) -> Result<&'a str, TokenError> {
        let length = usize::try_from(self.u64()?).map_err(|_| TokenError::Unreadable)?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| TokenError::Unreadable)
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, TokenError> {
        Uuid::from_slice(self.bytes(16)?).map_err(|_| TokenError::Unreadable)
    }

    pub(super) fn end(&self) -> Result<(), TokenError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(TokenError::Unreadable)
        }
    }
}
