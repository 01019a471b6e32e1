//! The exchange's token: in the nurl, burl and lurl of its answers, and in its impression and click URLs.

use serde::{Deserialize, Serialize};
use units::{AuctionId, CpmMicros, Currency, Nanos, PartnerId, UnixMillis};

use super::codec::{Source, put_i64, put_text, put_u64, put_uuid};
use super::key::{KeyRing, TokenError};

/// What a call with the token reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SellKind {
    /// The SSP's auction was won with our bid.
    Win,
    /// The SSP's billable event.
    Bill,
    /// Our bid lost at the SSP.
    Loss,
    /// An ad of ours was rendered on a placement.
    Impression,
    /// It was clicked.
    Click,
    /// It was in view.
    View,
}

/// Everything that the exchange needs to pass the event on and to account for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SellClaims {
    /// What the call reports.
    pub kind: SellKind,
    /// The auction.
    pub auction: AuctionId,
    /// The imp's id in the SSP's request.
    pub imp: String,
    /// Which of the ads that won this imp, from 0: a break or several native ads are one imp.
    #[serde(default)]
    pub ad: u32,
    /// Whose bid won.
    pub partner: PartnerId,
    /// The seller: publisher or SSP account.
    pub publisher: String,
    /// The placement; empty for an external SSP's imp.
    pub placement: String,
    /// Clearing price in `currency`.
    pub price: CpmMicros,
    /// The answer's currency.
    pub currency: Currency,
    /// Cost of this impression in the publisher's currency, before the fee.
    pub gross: Nanos,
    /// The exchange's part of the gross.
    pub fee: Nanos,
    /// Currency of gross and fee.
    pub payout_currency: Currency,
    /// The DSP's URL to call, macros already filled in; empty when it gave none.
    pub url: String,
    /// After this nothing is accepted.
    pub expires: UnixMillis,
    /// Run, but never billed.
    pub test: bool,
}

const VERSION: u8 = 2;
/// Its tokens do not number the ads of an imp: each is the first.
const WITHOUT_AD: u8 = 1;
const PURPOSE: &str = "gavel sell notice";

impl SellClaims {
    /// Bytes of a URL that a token holds.
    pub const LONGEST_URL: usize = 4_096;
    /// Bytes of an imp's id that a token holds.
    pub const LONGEST_IMP: usize = 1_024;

    /// The ring that signs and checks these tokens.
    #[must_use]
    pub fn ring(keys: &[super::NoticeKey]) -> KeyRing {
        KeyRing::new(PURPOSE, keys)
    }

    /// Appends the signed token to `out`.
    pub fn sign(&self, ring: &KeyRing, out: &mut String) {
        let mut bytes = Vec::with_capacity(256 + self.url.len());
        bytes.push(VERSION);
        bytes.push(match self.kind {
            SellKind::Win => 0,
            SellKind::Bill => 1,
            SellKind::Loss => 2,
            SellKind::Impression => 3,
            SellKind::Click => 4,
            SellKind::View => 5,
        });
        bytes.push(u8::from(self.test));
        put_uuid(&mut bytes, &self.auction.0);
        for text in [
            &*self.imp,
            self.partner.as_str(),
            &*self.publisher,
            &*self.placement,
            &*self.url,
        ] {
            put_text(&mut bytes, text);
        }
        put_i64(&mut bytes, self.price.micros());
        put_text(&mut bytes, self.currency.as_str());
        put_i64(&mut bytes, self.gross.0);
        put_i64(&mut bytes, self.fee.0);
        put_text(&mut bytes, self.payout_currency.as_str());
        put_i64(&mut bytes, self.expires.0);
        put_u64(&mut bytes, u64::from(self.ad));
        ring.sign(&bytes, out);
    }

    /// Opens a token.
    ///
    /// # Errors
    /// [`TokenError`]: unreadable (401) or forged (403). Expiry is the caller's to judge (410).
    pub fn open(token: &str, ring: &KeyRing) -> Result<Self, TokenError> {
        let bytes = ring.open(token)?;
        let mut source = Source(&bytes);
        let version = source.u8()?;
        if !matches!(version, VERSION | WITHOUT_AD) {
            return Err(TokenError::Unreadable);
        }
        let kind = match source.u8()? {
            0 => SellKind::Win,
            1 => SellKind::Bill,
            2 => SellKind::Loss,
            3 => SellKind::Impression,
            4 => SellKind::Click,
            5 => SellKind::View,
            _ => return Err(TokenError::Unreadable),
        };
        let claims = Self {
            kind,
            test: source.u8()? != 0,
            auction: AuctionId(source.uuid()?),
            imp: source.text()?.into(),
            partner: source.text()?.into(),
            publisher: source.text()?.into(),
            placement: source.text()?.into(),
            url: source.text()?.into(),
            price: CpmMicros::new(source.i64()?).ok_or(TokenError::Unreadable)?,
            currency: Currency::parse(source.text()?).ok_or(TokenError::Unreadable)?,
            gross: Nanos(source.i64()?),
            fee: Nanos(source.i64()?),
            payout_currency: Currency::parse(source.text()?).ok_or(TokenError::Unreadable)?,
            expires: UnixMillis(source.i64()?),
            ad: match version {
                WITHOUT_AD => 0,
                _ => u32::try_from(source.u64()?).map_err(|_| TokenError::Unreadable)?,
            },
        };
        source.end()?;
        Ok(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::{NoticeClaims, NoticeKey};

    fn claims() -> SellClaims {
        SellClaims {
            kind: SellKind::Impression,
            auction: AuctionId(uuid::Uuid::from_u128(1)),
            imp: "1".into(),
            ad: 2,
            partner: "rival".into(),
            publisher: "publisher".into(),
            placement: "placement".into(),
            price: CpmMicros::CENT,
            currency: Currency::USD,
            gross: Nanos(10_000),
            fee: Nanos(1_000),
            payout_currency: Currency::USD,
            url: "http://dsp.example/bill?p=0.01".into(),
            expires: UnixMillis(5),
            test: true,
        }
    }

    #[test]
    fn tokens_and_events_from_before_ads_were_numbered_are_of_the_first() {
        // Signed by version 1 with the same key and claims.
        const OLDER: &str = "AAAAAQEDAQAAAAAAAAAAAAAAAAAAAAEBMQVyaXZhbAlwdWJsaXNoZXIJcGxhY2VtZW50Hmh0dHA6Ly9kc3AuZXhhbXBsZS9iaWxsP3A9MC4wMaCcAQNVU0SgnAHQDwNVU0QKzABJZdwyXv_2ykKxmkkbF00dEYVWsApzNduLDqPsN5c";
        let ring = SellClaims::ring(&[NoticeKey::new(1, [1; 32])]);
        let first = SellClaims { ad: 0, ..claims() };
        assert_eq!(SellClaims::open(OLDER, &ring), Ok(first.clone()));

        let mut event = serde_json::to_value(claims()).unwrap();
        event.as_object_mut().unwrap().remove("ad");
        assert_eq!(serde_json::from_value::<SellClaims>(event).unwrap(), first);
    }

    #[test]
    fn a_token_of_one_side_does_not_open_on_the_other() {
        let keys = [NoticeKey::new(1, [1; 32])];
        let claims = claims();
        let mut token = String::new();
        claims.sign(&SellClaims::ring(&keys), &mut token);
        assert_eq!(
            SellClaims::open(&token, &SellClaims::ring(&keys)),
            Ok(claims)
        );
        assert_eq!(
            NoticeClaims::open(&token, &NoticeClaims::ring(&keys)),
            Err(TokenError::Forged)
        );
    }

    proptest::proptest! {
        #[test]
        fn what_is_signed_within_the_bounds_opens(
            imp in 0..=SellClaims::LONGEST_IMP,
            url in 0..=SellClaims::LONGEST_URL,
            id in 0..=64_usize,
            price in 0..=CpmMicros::MAX.micros(),
            numbers in proptest::prelude::any::<[i64; 3]>(),
            ad in proptest::prelude::any::<u32>(),
        ) {
            let [gross, fee, expires] = numbers;
            let longest = |id: usize| "x".repeat(id);
            let written = SellClaims {
                imp: longest(imp),
                ad,
                partner: longest(id).as_str().into(),
                publisher: longest(id),
                placement: longest(id),
                price: CpmMicros::new(price).unwrap(),
                gross: Nanos(gross),
                fee: Nanos(fee),
                url: longest(url),
                expires: UnixMillis(expires),
                ..claims()
            };
            let ring = SellClaims::ring(&[NoticeKey::new(u32::MAX, [1; 32])]);
            let mut token = String::new();
            written.sign(&ring, &mut token);
            proptest::prop_assert_eq!(SellClaims::open(&token, &ring), Ok(written));
        }
    }

    #[test]
    fn the_largest_that_is_signed_opens() {
        let longest = "x".repeat(64);
        let written = SellClaims {
            imp: "x".repeat(SellClaims::LONGEST_IMP),
            ad: u32::MAX,
            partner: longest.as_str().into(),
            publisher: longest.clone(),
            placement: longest,
            price: CpmMicros::MAX,
            gross: Nanos(i64::MIN),
            fee: Nanos(i64::MIN),
            url: "x".repeat(SellClaims::LONGEST_URL),
            expires: UnixMillis(i64::MIN),
            ..claims()
        };
        let ring = SellClaims::ring(&[NoticeKey::new(u32::MAX, [1; 32])]);
        let mut token = String::new();
        written.sign(&ring, &mut token);
        assert_eq!(SellClaims::open(&token, &ring), Ok(written));
    }
}
