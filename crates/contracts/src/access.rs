//! Paths and headers of the calls between services, and what is kept of the keys of others.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Long poll for the catalog: `GET ?after=VERSION&wait_ms=N` answers 200 with a newer one, or 304.
pub const CATALOG_PATH: &str = "/internal/catalog";
/// A bidder's batch once a second: `POST` [`crate::lease::LeaseAsk`] → [`crate::lease::LeaseAnswer`].
pub const LEASES_PATH: &str = "/internal/leases";
/// Creatives that an exchange saw in bids: `POST` [`crate::sighting::Sightings`] →
/// [`crate::sighting::SightingsAnswer`].
pub const SIGHTINGS_PATH: &str = "/internal/sightings";
/// Bearer token of calls between services, from `GAVEL_SERVICE_TOKEN`.
pub const SERVICE_TOKEN_ENV: &str = "GAVEL_SERVICE_TOKEN";
/// Header that carries an SSP's or DSP's key.
pub const PARTNER_KEY_HEADER: &str = "x-gavel-key";
/// What a 401 says in `WWW-Authenticate` where such a key is wanted.
pub const PARTNER_KEY_CHALLENGE: &str = r#"Key header="x-gavel-key""#;
/// Header that carries the auction id of an answer.
pub const AUCTION_ID_HEADER: &str = "x-gavel-auction-id";
/// Header that tells why a request was shed.
pub const SHED_REASON_HEADER: &str = "x-shed-reason";

/// Where the control plane serves the entries of a shared list, before its id.
pub const LISTS_PATH: &str = "/internal/lists/";

/// The SHA-256 digest of a secret: all that is kept of a key that we handed out (S2). A key of ours has 256
/// random bits, so nothing slower is needed, and comparing digests tells nothing of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest([u8; 32]);

impl KeyDigest {
    /// Of a key as its holder sends it.
    #[must_use]
    pub fn of(key: &str) -> Self {
        Self(Sha256::digest(key.as_bytes()).into())
    }
}

impl std::fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyDigest")
    }
}

impl Serialize for KeyDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut text = String::with_capacity(64);
        for byte in self.0 {
            for nibble in [byte >> 4, byte & 15] {
                text.push(char::from_digit(nibble.into(), 16).unwrap_or('0'));
            }
        }
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for KeyDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut bytes = [0; 32];
        let is_hex = text.len() == 64 && text.bytes().all(|c| c.is_ascii_hexdigit());
        for (at, byte) in bytes.iter_mut().enumerate().filter(|_| is_hex) {
            let pair = text.get(at * 2..at * 2 + 2).unwrap_or_default();
            *byte = u8::from_str_radix(pair, 16).unwrap_or_default();
        }
        if is_hex {
            Ok(Self(bytes))
        } else {
            Err(D::Error::custom("expected 64 hexadecimal digits"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_in_hexadecimal_and_shows_nothing() {
        let digest = KeyDigest::of("abc");
        // FIPS 180-2, appendix B.1
        let text = "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"";
        assert_eq!(serde_json::to_string(&digest).unwrap(), text);
        assert_eq!(serde_json::from_str::<KeyDigest>(text).unwrap(), digest);
        assert_eq!(format!("{digest:?}"), "KeyDigest");
        for bad in ["\"\"", "\"ba78\"", "7"] {
            assert!(serde_json::from_str::<KeyDigest>(bad).is_err(), "{bad}");
        }
    }
}
