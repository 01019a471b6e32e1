//! The exchange's token: in the nurl, burl and lurl of its answers, and in its impression and click URLs.

use serde::{Deserialize, Serialize};
use units::{AuctionId, CpmMicros, Currency, Nanos, PartnerId, UnixMillis};

use super::codec::{Source, put_i64, put_text, put_u64, put_uuid};
use super::key::{HEAD_BYTES, KeyRing, TokenError};

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

/// The device that an ad was shown on, as far as its DSP may know it: what calls of ours to it say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Device {
    /// Its address, cut as for the DSP's bid request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// Its browser or app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
}

impl Device {
    /// Bytes of an address that a token holds.
    pub const LONGEST_IP: usize = 45;
    /// Bytes of a user agent that a token holds; longer ones lose their end.
    pub const LONGEST_USER_AGENT: usize = 512;

    /// A device within the bounds of a token.
    #[must_use]
    pub fn of(ip: Option<String>, user_agent: Option<&str>) -> Self {
        Self {
            ip: ip.filter(|ip| ip.len() <= Self::LONGEST_IP),
            user_agent: user_agent.map(|text| {
                let end = text.floor_char_boundary(Self::LONGEST_USER_AGENT);
                text.get(..end).unwrap_or_default().to_owned()
            }),
        }
    }
}

/// What an impression costs its DSP, as it is told, and by which rates that became what the seller is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    /// The told price times the quantity.
    pub amount: Nanos,
    /// The bid's currency.
    pub currency: Currency,
    /// Version of the rates that the auction was held by ([`units::RateTable::id`]).
    pub rates: u32,
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
    /// Somebody upstream has the last word, so that the win counts once it is told or billed.
    #[serde(default)]
    pub provisional: bool,
    /// The DSP gave a URL, and not one that may be called (S8); [`SellClaims::url`] is empty then.
    #[serde(default)]
    pub refused: bool,
    /// The bid had no markup: its win notice brings it, and without that nothing is billed.
    #[serde(default)]
    pub serves_on_win: bool,
    /// What the DSP is charged; absent in claims from before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
    /// What the call says of the device.
    #[serde(default)]
    pub device: Device,
}

/// What one notice of an ad says, where that is not what its claims say.
#[derive(Debug, Clone, Copy)]
pub struct SellNotice<'n> {
    /// What its call reports.
    pub kind: SellKind,
    /// The DSP's URL for it, macros already filled in; empty when it gave none.
    pub url: &'n str,
    /// The DSP gave a URL, and not one that may be called (S8).
    pub refused: bool,
    /// After this it is not accepted.
    pub expires: UnixMillis,
}

const VERSION: u8 = 3;
/// Its tokens are signed and not sealed, and tell nothing of the device.
const SIGNED: u8 = 2;
/// Nor do its tokens number the ads of an imp: each is the first.
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

    /// Appends the sealed token to `out`: pages and SSPs do not read prices, fees and a DSP's URLs in it.
    pub fn sign(&self, ring: &KeyRing, out: &mut String) {
        let own = SellNotice {
            kind: self.kind,
            url: &self.url,
            refused: self.refused,
            expires: self.expires,
        };
        self.sign_for(&own, ring, out);
    }

    /// The same for another notice of the ad.
    pub fn sign_for(&self, notice: &SellNotice<'_>, ring: &KeyRing, out: &mut String) {
        let mut bytes = Vec::with_capacity(HEAD_BYTES + self.longest_payload(notice));
        bytes.resize(HEAD_BYTES, 0);
        bytes.push(VERSION);
        bytes.push(match notice.kind {
            SellKind::Win => 0,
            SellKind::Bill => 1,
            SellKind::Loss => 2,
            SellKind::Impression => 3,
            SellKind::Click => 4,
            SellKind::View => 5,
        });
        let flags = [
            (self.test, TEST),
            (self.provisional, PROVISIONAL),
            (notice.refused, REFUSED),
            (self.serves_on_win, SERVES_ON_WIN),
            (self.device.ip.is_some(), WITH_IP),
            (self.device.user_agent.is_some(), WITH_USER_AGENT),
            (self.charge.is_some(), WITH_CHARGE),
        ];
        let set = flags.iter().filter(|(is_set, _)| *is_set);
        bytes.push(set.fold(0, |all, (_, flag)| all | flag));
        put_uuid(&mut bytes, &self.auction.0);
        for text in [
            &*self.imp,
            self.partner.as_str(),
            &*self.publisher,
            &*self.placement,
            notice.url,
        ] {
            put_text(&mut bytes, text);
        }
        put_i64(&mut bytes, self.price.micros());
        put_text(&mut bytes, self.currency.as_str());
        put_i64(&mut bytes, self.gross.0);
        put_i64(&mut bytes, self.fee.0);
        put_text(&mut bytes, self.payout_currency.as_str());
        put_i64(&mut bytes, notice.expires.0);
        put_u64(&mut bytes, u64::from(self.ad));
        for text in [&self.device.ip, &self.device.user_agent]
            .into_iter()
            .flatten()
        {
            put_text(&mut bytes, text);
        }
        if let Some(charge) = &self.charge {
            put_i64(&mut bytes, charge.amount.0);
            put_text(&mut bytes, charge.currency.as_str());
            put_u64(&mut bytes, u64::from(charge.rates));
        }
        ring.seal(&mut bytes, out);
    }

    /// Bytes that a payload has at most.
    fn longest_payload(&self, notice: &SellNotice<'_>) -> usize {
        /// Of all numbers, lengths and flags at their longest, and the auction.
        const FIXED: usize = 192;
        let device = &self.device;
        let texts = [
            self.imp.len(),
            self.partner.as_str().len(),
            self.publisher.len(),
            self.placement.len(),
            notice.url.len(),
            device.ip.as_ref().map_or(0, String::len),
            device.user_agent.as_ref().map_or(0, String::len),
        ];
        texts.iter().sum::<usize>() + FIXED
    }

    /// Opens a token.
    ///
    /// # Errors
    /// [`TokenError`]: unreadable (401) or forged (403). Expiry is the caller's to judge (410).
    pub fn open(token: &str, ring: &KeyRing) -> Result<Self, TokenError> {
        let (bytes, oldest, newest) = match ring.unseal(token) {
            Ok(bytes) => (bytes, VERSION, VERSION),
            // Of the version before, which signed and hid nothing.
            Err(TokenError::Forged) => (ring.open(token)?, WITHOUT_AD, SIGNED),
            Err(unreadable @ TokenError::Unreadable) => return Err(unreadable),
        };
        let mut source = Source(&bytes);
        let version = source.u8()?;
        if !(oldest..=newest).contains(&version) {
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
        let flags = source.u8()?;
        let mut claims = Self {
            kind,
            test: flags & TEST != 0,
            provisional: flags & PROVISIONAL != 0,
            refused: flags & REFUSED != 0,
            serves_on_win: flags & SERVES_ON_WIN != 0,
            charge: None,
            device: Device::default(),
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
        if flags & WITH_IP != 0 {
            claims.device.ip = Some(source.text()?.into());
        }
        if flags & WITH_USER_AGENT != 0 {
            claims.device.user_agent = Some(source.text()?.into());
        }
        if flags & WITH_CHARGE != 0 {
            claims.charge = Some(Charge {
                amount: Nanos(source.i64()?),
                currency: Currency::parse(source.text()?).ok_or(TokenError::Unreadable)?,
                rates: u32::try_from(source.u64()?).map_err(|_| TokenError::Unreadable)?,
            });
        }
        source.end()?;
        Ok(claims)
    }
}

/// What a token's flags say.
const TEST: u8 = 1;
const PROVISIONAL: u8 = 2;
const REFUSED: u8 = 4;
const WITH_IP: u8 = 8;
const WITH_USER_AGENT: u8 = 16;
const SERVES_ON_WIN: u8 = 32;
const WITH_CHARGE: u8 = 64;

#[cfg(test)]
#[path = "sell_tests.rs"]
mod tests;
