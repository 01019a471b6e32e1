//! Encrypted prices in notices and markup, in the scheme that exchanges share.
//!
//! 28 bytes as web-safe base64: an initialisation vector of 16, the price of 8 under a pad, and a
//! signature of 4. Pad and signature are HMAC-SHA1, which is here for compatibility alone.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use std::fmt;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use units::{CpmMicros, UnixMillis};

/// Without padding when written, with or without when read.
const WEB_SAFE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

const IV: usize = 16;
const PRICE: usize = 8;
const SIGNATURE: usize = 4;

/// The two secrets that an exchange shares with one bidder.
#[derive(Clone)]
pub struct PriceKeys {
    encryption: Hmac<Sha1>,
    integrity: Hmac<Sha1>,
}

impl fmt::Debug for PriceKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PriceKeys([REDACTED])")
    }
}

/// A text that is no key of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a price key is 32 bytes in web-safe base64")]
pub struct PriceKeyError;

/// Why an encrypted price is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// Not 28 bytes in web-safe base64.
    #[error("an encrypted price is 28 bytes in web-safe base64")]
    Malformed,
    /// Not signed with these keys, or changed on the way.
    #[error("the signature does not match")]
    Forged,
    /// Signed, and still no price.
    #[error("the decrypted number is no price")]
    OutOfRange,
}

/// What makes two encryptions of one price differ: when, and by which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Iv([u8; IV]);

impl Iv {
    /// Seconds, microseconds and the server's number, four, four and eight bytes; a time that 32
    /// bits of seconds cannot say counts as the epoch.
    #[must_use]
    pub fn new(at: UnixMillis, server: u64) -> Self {
        let millis = u64::try_from(at.0).unwrap_or(0);
        let seconds = u32::try_from(millis / 1_000).unwrap_or(0);
        let micros = u32::try_from(millis % 1_000 * 1_000).unwrap_or(0);
        let mut bytes = [0; IV];
        let parts = [
            &seconds.to_be_bytes()[..],
            &micros.to_be_bytes()[..],
            &server.to_be_bytes()[..],
        ];
        for (byte, value) in bytes.iter_mut().zip(parts.concat()) {
            *byte = value;
        }
        Self(bytes)
    }

    /// A vector made elsewhere.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; IV]) -> Self {
        Self(bytes)
    }

    /// When the price was encrypted, to the millisecond.
    #[must_use]
    pub fn at(self) -> UnixMillis {
        let number = |from: usize| {
            let bytes = self.0.get(from..).and_then(|rest| rest.first_chunk::<4>());
            bytes.map_or(0, |bytes| i64::from(u32::from_be_bytes(*bytes)))
        };
        UnixMillis(number(0) * 1_000 + number(4) / 1_000)
    }

    /// Whether the price was encrypted no longer than `window` before or after `now`; a stale one
    /// is a replay.
    #[must_use]
    pub fn is_fresh(self, now: UnixMillis, window: Duration) -> bool {
        let apart = u128::from(now.0.abs_diff(self.at().0));
        apart <= window.as_millis()
    }
}

impl PriceKeys {
    /// The keys as partners exchange them: 32 bytes each, in web-safe base64.
    ///
    /// # Errors
    /// [`PriceKeyError`] when a text is anything else.
    pub fn parse(encryption: &str, integrity: &str) -> Result<Self, PriceKeyError> {
        Ok(Self {
            encryption: key(encryption)?,
            integrity: key(integrity)?,
        })
    }

    /// Encrypts a price; the same vector must not serve two prices.
    #[must_use]
    pub fn encrypt(&self, price: CpmMicros, iv: Iv) -> String {
        let price = price.micros().to_be_bytes();
        let mut message = [0; IV + PRICE + SIGNATURE];
        let sealed = self.padded(price, iv);
        let parts = [&iv.0[..], &sealed[..], &self.signature(price, iv)[..]];
        for (byte, value) in message.iter_mut().zip(parts.concat()) {
            *byte = value;
        }
        WEB_SAFE.encode(message)
    }

    /// Decrypts a price, and says when it was encrypted.
    ///
    /// # Errors
    /// [`PriceError`]; the comparison of the signature takes the same time whatever differs.
    pub fn decrypt(&self, text: &str) -> Result<(CpmMicros, Iv), PriceError> {
        let message = WEB_SAFE.decode(text).map_err(|_| PriceError::Malformed)?;
        let message: [u8; IV + PRICE + SIGNATURE] =
            message.try_into().map_err(|_| PriceError::Malformed)?;
        let (Some(iv), Some(signature)) = (
            message.first_chunk::<IV>(),
            message.last_chunk::<SIGNATURE>(),
        ) else {
            return Err(PriceError::Malformed);
        };
        let sealed = message
            .get(IV..)
            .and_then(|rest| rest.first_chunk::<PRICE>());
        let iv = Iv(*iv);
        let price = self.padded(*sealed.ok_or(PriceError::Malformed)?, iv);
        if !bool::from(self.signature(price, iv).ct_eq(signature)) {
            return Err(PriceError::Forged);
        }
        let price = CpmMicros::new(i64::from_be_bytes(price)).ok_or(PriceError::OutOfRange)?;
        Ok((price, iv))
    }

    /// The price under the vector's pad, or out of it.
    fn padded(&self, price: [u8; PRICE], iv: Iv) -> [u8; PRICE] {
        let mut mac = self.encryption.clone();
        mac.update(&iv.0);
        let mut out = price;
        for (byte, pad) in out.iter_mut().zip(mac.finalize().into_bytes()) {
            *byte ^= pad;
        }
        out
    }

    fn signature(&self, price: [u8; PRICE], iv: Iv) -> [u8; SIGNATURE] {
        let mut mac = self.integrity.clone();
        mac.update(&price);
        mac.update(&iv.0);
        let mut out = [0; SIGNATURE];
        for (byte, value) in out.iter_mut().zip(mac.finalize().into_bytes()) {
            *byte = value;
        }
        out
    }
}

fn key(text: &str) -> Result<Hmac<Sha1>, PriceKeyError> {
    let bytes = WEB_SAFE.decode(text).map_err(|_| PriceKeyError)?;
    let bytes: [u8; 32] = bytes.try_into().map_err(|_| PriceKeyError)?;
    Hmac::new_from_slice(&bytes).map_err(|_| PriceKeyError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys() -> PriceKeys {
        PriceKeys::parse(
            "skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=",
            "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo=",
        )
        .unwrap()
    }

    fn micros(micros: i64) -> CpmMicros {
        CpmMicros::new(micros).unwrap()
    }

    #[test]
    fn known_answers() {
        // S7
        let iv = Iv::from_bytes(*b"abc123def456ghi7");
        let cases = [
            (100, "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw"),
            (1_900, "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCAWJRxOgA"),
            (2_700, "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemC32prpWWw"),
        ];
        for (price, text) in cases {
            assert_eq!(keys().encrypt(micros(price), iv), text, "{price}");
            assert_eq!(keys().decrypt(text), Ok((micros(price), iv)), "{price}");
            let padded = format!("{text}==");
            assert_eq!(keys().decrypt(&padded), Ok((micros(price), iv)), "{price}");
        }
    }

    #[test]
    fn what_is_refused() {
        let good = "YWJjMTIzZGVmNDU2Z2hpN7fhCuPemCce_6msaw";
        let cases = [
            ("empty", String::new(), PriceError::Malformed),
            ("a clear price", "1.25".to_owned(), PriceError::Malformed),
            (
                "the macro itself",
                "${AUCTION_PRICE}".to_owned(),
                PriceError::Malformed,
            ),
            ("AUDIT", "AUDIT".to_owned(), PriceError::Malformed),
            ("too short", good[..36].to_owned(), PriceError::Malformed),
            ("too long", format!("{good}AAAA"), PriceError::Malformed),
            (
                "another vector",
                good.replace("YWJj", "YWJk"),
                PriceError::Forged,
            ),
        ];
        for (why, text, error) in cases {
            assert_eq!(keys().decrypt(&text), Err(error), "{why}");
        }
        let others = PriceKeys::parse(
            "arO23ykdNqUQ5LEoQ0FVmPkBd7xB5CO89PDZlSjpFxo=",
            "skU7Ax_NL5pPAFyKdkfZjZz2-VhIN8bjj1rVFOaJ_5o=",
        );
        assert_eq!(others.unwrap().decrypt(good), Err(PriceError::Forged));
        assert!(PriceKeys::parse("c2hvcnQ", "c2hvcnQ").is_err());
        assert_eq!(format!("{:?}", keys()), "PriceKeys([REDACTED])", "S14");
    }

    #[test]
    fn a_vector_tells_its_time() {
        let at = UnixMillis(1_790_000_000_123);
        let iv = Iv::new(at, 7);
        assert_eq!(iv.at(), at);
        let hour = Duration::from_secs(3_600);
        assert!(iv.is_fresh(UnixMillis(at.0 + 3_600_000), hour));
        assert!(
            !iv.is_fresh(UnixMillis(at.0 + 3_600_001), hour),
            "S7: stale"
        );
        assert!(!iv.is_fresh(UnixMillis(at.0 - 3_600_001), hour));
    }

    proptest! {
        #[test]
        fn a_price_comes_back(price in 0..=i64::MAX, iv in any::<[u8; 16]>()) {
            let Some(price) = CpmMicros::new(price) else { return Ok(()) };
            let text = keys().encrypt(price, Iv::from_bytes(iv));
            prop_assert_eq!(text.len(), 38);
            prop_assert_eq!(keys().decrypt(&text), Ok((price, Iv::from_bytes(iv))));
        }

        #[test]
        fn one_changed_bit_is_refused(price in 0..1_000_000_000_i64, bit in 0..224_usize) {
            let text = keys().encrypt(micros(price), Iv::new(UnixMillis(0), 1));
            let mut message = WEB_SAFE.decode(text).unwrap();
            message[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(keys().decrypt(&WEB_SAFE.encode(message)), Err(PriceError::Forged));
        }
    }
}
