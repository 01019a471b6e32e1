//! Signing and checking: HMAC-SHA256 under a ring of keys.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

/// A secret key of the ring.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeKey {
    /// Its number, carried in each token.
    pub id: u32,
    /// Thirty-two random bytes, base64url.
    secret: String,
}

impl std::fmt::Debug for NoticeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NoticeKey {{ id: {}, secret: [REDACTED] }}", self.id)
    }
}

impl NoticeKey {
    /// A key from its number and secret bytes.
    #[must_use]
    pub fn new(id: u32, secret: [u8; 32]) -> Self {
        Self {
            id,
            secret: URL_SAFE_NO_PAD.encode(secret),
        }
    }

    /// The secret as it is stored: base64url.
    #[must_use]
    pub fn secret(&self) -> &str {
        &self.secret
    }
}

/// Why a token is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a token at all: 401.
    #[error("the token is missing or cannot be read")]
    Unreadable,
    /// Unknown key or wrong signature: 403.
    #[error("the token's signature is not ours")]
    Forged,
}

/// The keys in force: the first signs, all verify.
#[derive(Clone)]
pub struct KeyRing {
    keys: Vec<(u32, Hmac<Sha256>)>,
}

/// Characters of a token: what it holds is bounded before it is signed.
const LONGEST_TOKEN: usize = 8_192;
const MAC_BYTES: usize = 32;
/// The key's number stands before the payload.
const KEY_BYTES: usize = 4;

impl KeyRing {
    /// A ring for one purpose; keys whose secret is unreadable are left out.
    ///
    /// `purpose` separates the domains: a token of one purpose never verifies for another.
    #[must_use]
    pub fn new(purpose: &str, keys: &[NoticeKey]) -> Self {
        let ready = keys.iter().filter_map(|key| {
            let secret = URL_SAFE_NO_PAD.decode(&key.secret).ok()?;
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).ok()?;
            mac.update(purpose.as_bytes());
            mac.update(&[0]);
            Some((key.id, mac))
        });
        Self {
            keys: ready.collect(),
        }
    }

    /// Whether no key is there, so that nothing can be signed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Appends the token over `payload` to `out`, base64url without padding; nothing without a key.
    pub fn sign(&self, payload: &[u8], out: &mut String) {
        self.sign_in(payload, &mut Vec::new(), out);
    }

    /// The same, in memory that the caller keeps.
    pub(super) fn sign_in(&self, payload: &[u8], bytes: &mut Vec<u8>, out: &mut String) {
        let Some((id, mac)) = self.keys.first() else {
            return;
        };
        bytes.clear();
        bytes.reserve(KEY_BYTES + payload.len() + MAC_BYTES);
        bytes.extend_from_slice(&id.to_be_bytes());
        bytes.extend_from_slice(payload);
        let mut mac = mac.clone();
        mac.update(bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes());
        URL_SAFE_NO_PAD.encode_string(&*bytes, out);
    }

    /// The payload of a token that one of the keys signed, compared in constant time.
    ///
    /// # Errors
    /// [`TokenError::Unreadable`] for what is no token, [`TokenError::Forged`] for a wrong key or signature.
    pub fn open(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        if token.len() > LONGEST_TOKEN {
            return Err(TokenError::Unreadable);
        }
        let mut bytes = URL_SAFE_NO_PAD
            .decode(token)
            .map_err(|_| TokenError::Unreadable)?;
        let unreadable = TokenError::Unreadable;
        let (signed, signature) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(unreadable)?;
        let id = signed.first_chunk::<KEY_BYTES>().ok_or(unreadable)?;
        let id = u32::from_be_bytes(*id);
        let (_, mac) = self
            .keys
            .iter()
            .find(|(known, _)| *known == id)
            .ok_or(TokenError::Forged)?;
        let mut mac = mac.clone();
        mac.update(signed);
        mac.verify_slice(signature)
            .map_err(|_| TokenError::Forged)?;
        let end = signed.len();
        bytes.truncate(end);
        bytes.drain(..KEY_BYTES);
        Ok(bytes)
    }
}
