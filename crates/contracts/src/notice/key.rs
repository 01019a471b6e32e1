//! Signing and checking: HMAC-SHA256 under a ring of keys; where a token is not to be read, its payload is also
//! enciphered under that very signature.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20::XChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
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
    keys: Vec<Key>,
}

/// What one secret becomes for one purpose: three keys that say nothing of one another.
#[derive(Clone)]
struct Key {
    id: u32,
    /// Over what can be read.
    sign: Hmac<Sha256>,
    /// Over what is sealed.
    seal: Hmac<Sha256>,
    cipher: [u8; 32],
}

/// Characters of a token: what it holds is bounded before it is signed.
const LONGEST_TOKEN: usize = 8_192;
const MAC_BYTES: usize = 32;
/// The key's number stands before the payload.
const KEY_BYTES: usize = 4;
/// Bytes before what is sealed: the key's number and the signature.
pub(super) const HEAD_BYTES: usize = KEY_BYTES + MAC_BYTES;
/// Of the signature, what the cipher begins with.
const NONCE_BYTES: usize = 24;

impl Key {
    fn of(purpose: &str, key: &NoticeKey) -> Option<Self> {
        let secret = URL_SAFE_NO_PAD.decode(&key.secret).ok()?;
        let keyed = |more: &str| {
            let mut mac = Hmac::<Sha256>::new_from_slice(&secret).ok()?;
            mac.update(purpose.as_bytes());
            mac.update(more.as_bytes());
            mac.update(&[0]);
            Some(mac)
        };
        Some(Self {
            id: key.id,
            sign: keyed("")?,
            seal: keyed(", sealed")?,
            cipher: keyed(", enciphered")?.finalize().into_bytes().into(),
        })
    }

    /// Enciphers or deciphers a payload in its place.
    fn apply(&self, signature: &[u8; MAC_BYTES], payload: &mut [u8]) {
        let mut nonce = [0; NONCE_BYTES];
        for (to, from) in nonce.iter_mut().zip(signature) {
            *to = *from;
        }
        XChaCha20::new(&self.cipher.into(), &nonce.into()).apply_keystream(payload);
    }
}

impl KeyRing {
    /// A ring for one purpose; keys whose secret is unreadable are left out.
    ///
    /// `purpose` separates the domains: a token of one purpose never verifies for another.
    #[must_use]
    pub fn new(purpose: &str, keys: &[NoticeKey]) -> Self {
        let ready = keys.iter().filter_map(|key| Key::of(purpose, key));
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
        let Some(key) = self.keys.first() else {
            return;
        };
        bytes.clear();
        bytes.reserve(KEY_BYTES + payload.len() + MAC_BYTES);
        bytes.extend_from_slice(&key.id.to_be_bytes());
        bytes.extend_from_slice(payload);
        let mut mac = key.sign.clone();
        mac.update(bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes());
        URL_SAFE_NO_PAD.encode_string(&*bytes, out);
    }

    /// Appends the token over what stands in `bytes` behind [`HEAD_BYTES`] of room to `out`, so that nobody without the
    /// key reads it; nothing without a key. It is sealed where it stands.
    ///
    /// The signature over the payload is what the cipher begins with (SIV, Rogaway and Shrimpton): there is no
    /// random number to repeat, and equal claims are equal tokens.
    pub(super) fn seal(&self, bytes: &mut [u8], out: &mut String) {
        let Some(key) = self.keys.first() else {
            return;
        };
        let Some((number, rest)) = bytes.split_first_chunk_mut::<KEY_BYTES>() else {
            return;
        };
        let Some((signature, payload)) = rest.split_first_chunk_mut::<MAC_BYTES>() else {
            return;
        };
        *number = key.id.to_be_bytes();
        let mut mac = key.seal.clone();
        mac.update(number);
        mac.update(payload);
        *signature = mac.finalize().into_bytes().into();
        key.apply(signature, payload);
        out.reserve(base64::encoded_len(bytes.len(), false).unwrap_or_default());
        URL_SAFE_NO_PAD.encode_string(bytes, out);
    }

    /// The payload of a token that one of the keys signed, compared in constant time.
    ///
    /// # Errors
    /// [`TokenError::Unreadable`] for what is no token, [`TokenError::Forged`] for a wrong key or signature.
    pub fn open(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let mut bytes = decoded(token)?;
        let unreadable = TokenError::Unreadable;
        let (signed, signature) = bytes.split_last_chunk::<MAC_BYTES>().ok_or(unreadable)?;
        let mut mac = self.key(signed)?.sign.clone();
        mac.update(signed);
        mac.verify_slice(signature)
            .map_err(|_| TokenError::Forged)?;
        let end = signed.len();
        bytes.truncate(end);
        bytes.drain(..KEY_BYTES);
        Ok(bytes)
    }

    /// The payload of a token that one of the keys sealed, compared in constant time.
    ///
    /// # Errors
    /// [`TokenError::Unreadable`] for what is no token, [`TokenError::Forged`] for a wrong key or signature.
    pub(super) fn unseal(&self, token: &str) -> Result<Vec<u8>, TokenError> {
        let mut bytes = decoded(token)?;
        let key = self.key(&bytes)?;
        let unreadable = TokenError::Unreadable;
        let rest = bytes.get(KEY_BYTES..).ok_or(unreadable)?;
        let signature = *rest.first_chunk::<MAC_BYTES>().ok_or(unreadable)?;
        bytes.drain(..KEY_BYTES + MAC_BYTES);
        key.apply(&signature, &mut bytes);
        let mut mac = key.seal.clone();
        mac.update(&key.id.to_be_bytes());
        mac.update(&bytes);
        mac.verify_slice(&signature)
            .map_err(|_| TokenError::Forged)?;
        Ok(bytes)
    }

    /// The key that a token names.
    fn key(&self, bytes: &[u8]) -> Result<&Key, TokenError> {
        let id = bytes.first_chunk::<KEY_BYTES>();
        let id = u32::from_be_bytes(*id.ok_or(TokenError::Unreadable)?);
        let known = self.keys.iter().find(|key| key.id == id);
        known.ok_or(TokenError::Forged)
    }
}

fn decoded(token: &str) -> Result<Vec<u8>, TokenError> {
    if token.len() > LONGEST_TOKEN {
        return Err(TokenError::Unreadable);
    }
    URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| TokenError::Unreadable)
}
