//! The bidder's token, in nurl, burl, lurl and trackers.

use serde::{Deserialize, Serialize};
use units::{
    AuctionId, BidId, CampaignId, CpmMicros, CreativeId, Currency, LeaseId, LineItemId, Multiplier,
    Nanos, ReservationId, UnixMillis,
};

use super::codec::{Source, put_i64, put_text, put_u64, put_uuid};
use super::key::{KeyRing, TokenError};

/// What a call with the token reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// nurl: the auction was won. Never bills (R5).
    Win,
    /// burl: the billable event.
    Bill,
    /// lurl: the bid lost.
    Loss,
    /// The impression tracker in the markup.
    Impression,
    /// The click tracker.
    Click,
    /// The viewability tracker.
    View,
    /// The advertiser's page, after a click: what the ad was shown for has happened.
    Conversion,
}

impl NoticeKind {
    /// Its number in a token.
    const fn number(self) -> u8 {
        match self {
            Self::Win => 0,
            Self::Bill => 1,
            Self::Loss => 2,
            Self::Impression => 3,
            Self::Click => 4,
            Self::View => 5,
            Self::Conversion => 6,
        }
    }

    const fn of(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::Win,
            1 => Self::Bill,
            2 => Self::Loss,
            3 => Self::Impression,
            4 => Self::Click,
            5 => Self::View,
            6 => Self::Conversion,
            _ => return None,
        })
    }
}

/// Which call bills.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillOn {
    /// The burl.
    Burl,
    /// The impression tracker, for demand sources that fire no burl.
    Impression,
}

/// Everything that decides what is billed; nothing is looked up later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeClaims {
    /// What the call reports.
    pub kind: NoticeKind,
    /// What was held for the bid.
    pub reservation: ReservationId,
    /// The bid.
    pub bid: BidId,
    /// Who sent the bid request: the demand source's name.
    pub source: String,
    /// Which kind of call bills.
    pub bill_on: BillOn,
    /// Whose budget: campaign.
    pub campaign: CampaignId,
    /// Whose budget: line item.
    pub line_item: LineItemId,
    /// What is shown.
    pub creative: CreativeId,
    /// The auction, which is the trace id.
    pub auction: AuctionId,
    /// The imp's id in the request.
    pub imp: String,
    /// The most it may cost, in the campaign's currency.
    pub max_cost: Nanos,
    /// The bid's price, in `currency`.
    pub price: CpmMicros,
    /// Currency of the bid, and of the price that a notice tells.
    pub currency: Currency,
    /// Rate table that was used.
    pub rate_id: u32,
    /// Billionths of `currency` per USD.
    pub rate_from: i64,
    /// Billionths of the campaign's currency per USD.
    pub rate_to: i64,
    /// Impressions that one display counts for.
    pub quantity: Multiplier,
    /// Until when it is accepted, by the ledger's clock.
    pub settle_by: UnixMillis,
    /// Run, but never billed.
    pub test: bool,
    /// Key of the user whose caps a confirmed impression counts for; absent when uncapped.
    pub user: Option<String>,
    /// The arm of the line item's experiment that the user is in; for reports only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<String>,
}

/// What [`NoticeClaims`] say, borrowed: a bid signs several kinds of one payload without a copy of its texts.
#[derive(Debug, Clone, Copy)]
#[allow(missing_docs, reason = "the fields of NoticeClaims")]
pub struct NoticeDraft<'a> {
    pub reservation: ReservationId,
    pub bid: BidId,
    pub source: &'a str,
    pub bill_on: BillOn,
    pub campaign: &'a str,
    pub line_item: &'a str,
    pub creative: &'a str,
    pub auction: AuctionId,
    pub imp: &'a str,
    pub max_cost: Nanos,
    pub price: CpmMicros,
    pub currency: Currency,
    pub rate_id: u32,
    pub rate_from: i64,
    pub rate_to: i64,
    pub quantity: Multiplier,
    pub settle_by: UnixMillis,
    pub test: bool,
    pub user: Option<&'a str>,
    pub arm: Option<&'a str>,
}

/// A payload ready to be signed, once for each kind; its memory is kept from bid to bid.
#[derive(Debug, Default)]
pub struct NoticePayload {
    bytes: Vec<u8>,
    room: Vec<u8>,
}

impl NoticePayload {
    /// Takes what a bid's tokens say.
    pub fn set(&mut self, draft: &NoticeDraft<'_>) {
        self.bytes.clear();
        draft.write(&mut self.bytes);
    }

    /// Appends the signed token of one kind to `out`.
    pub fn sign(&mut self, kind: NoticeKind, ring: &KeyRing, out: &mut String) {
        if let Some(number) = self.bytes.get_mut(KIND_AT) {
            *number = kind.number();
            ring.sign_in(&self.bytes, &mut self.room, out);
        }
    }
}

/// Of a token without an arm, which services of the version before read, too.
const VERSION: u8 = 1;
/// Of a token with an arm.
const VERSION_WITH_ARM: u8 = 2;
/// Where the payload has the kind.
const KIND_AT: usize = 1;
const PURPOSE: &str = "gavel buy notice";

impl NoticeClaims {
    /// The ring that signs and checks these tokens.
    #[must_use]
    pub fn ring(keys: &[super::NoticeKey]) -> KeyRing {
        KeyRing::new(PURPOSE, keys)
    }

    /// The same claims for another kind of call.
    #[must_use]
    pub fn with_kind(mut self, kind: NoticeKind) -> Self {
        self.kind = kind;
        self
    }

    /// What is charged for a told price: min(price, bid) × rate × quantity, at most the maximum, rounded once,
    /// half-even. No auction clears above the bid; the maximum, the stated bid's cost, is for the reservation.
    ///
    /// `price` is in the token's currency; `None` stands for a missing or unreadable one and charges the bid's.
    #[must_use]
    pub fn charge(&self, price: Option<CpmMicros>) -> Nanos {
        let told = price.map_or(self.price, |told| told.min(self.price));
        self.cost(told)
            .map_or(self.max_cost, |it| it.min(self.max_cost))
    }

    /// Whether a told price would cost more than even the stated bid, which is the maximum.
    #[must_use]
    pub fn is_above_maximum(&self, price: CpmMicros) -> bool {
        self.cost(price).is_none_or(|cost| cost > self.max_cost)
    }

    /// What one display costs at a price, in the campaign's currency; `None` beyond all bounds.
    fn cost(&self, price: CpmMicros) -> Option<Nanos> {
        // One multiplication and one division, so that there is one rounding.
        let numerator = i128::from(price.micros())
            .checked_mul(i128::from(self.rate_to))?
            .checked_mul(i128::from(self.quantity.millionths()))?;
        let denominator = i128::from(self.rate_from) * i128::from(Multiplier::ONE.millionths());
        div_half_even(numerator, denominator).map(Nanos)
    }

    /// What shading saved on an impression: the stated bid's cost, which is the maximum, minus what the bid
    /// costs; nothing for a bid that was not shaded. Whatever was told, no more than the bid is charged.
    #[must_use]
    pub fn saved_by_shading(&self) -> Nanos {
        // Rounded up, as the maximum is: a bid at its maximum has saved nothing.
        let numerator = i128::from(self.price.micros())
            .checked_mul(i128::from(self.rate_to))
            .and_then(|n| n.checked_mul(i128::from(self.quantity.millionths())));
        let denominator = i128::from(self.rate_from) * i128::from(Multiplier::ONE.millionths());
        let Some(numerator) = numerator.filter(|_| denominator > 0) else {
            return Nanos::ZERO;
        };
        let cost = numerator / denominator + i128::from(numerator % denominator != 0);
        let saved = i128::from(self.max_cost.0).saturating_sub(cost).max(0);
        i64::try_from(saved).map_or(Nanos::ZERO, Nanos)
    }

    /// Appends the signed token to `out`.
    pub fn sign(&self, ring: &KeyRing, out: &mut String) {
        let mut payload = NoticePayload::default();
        payload.set(&self.draft());
        payload.sign(self.kind, ring, out);
    }

    fn draft(&self) -> NoticeDraft<'_> {
        NoticeDraft {
            reservation: self.reservation,
            bid: self.bid,
            source: &self.source,
            bill_on: self.bill_on,
            campaign: self.campaign.as_str(),
            line_item: self.line_item.as_str(),
            creative: self.creative.as_str(),
            auction: self.auction,
            imp: &self.imp,
            max_cost: self.max_cost,
            price: self.price,
            currency: self.currency,
            rate_id: self.rate_id,
            rate_from: self.rate_from,
            rate_to: self.rate_to,
            quantity: self.quantity,
            settle_by: self.settle_by,
            test: self.test,
            user: self.user.as_deref(),
            arm: self.arm.as_deref(),
        }
    }

    /// Opens a token.
    ///
    /// # Errors
    /// [`TokenError`]: unreadable (401) or forged (403). Expiry is the log's fence to judge.
    pub fn open(token: &str, ring: &KeyRing) -> Result<Self, TokenError> {
        let bytes = ring.open(token)?;
        let mut source = Source(&bytes);
        let with_arm = match source.u8()? {
            VERSION => false,
            VERSION_WITH_ARM => true,
            _ => return Err(TokenError::Unreadable),
        };
        let kind = NoticeKind::of(source.u8()?).ok_or(TokenError::Unreadable)?;
        let flags = source.u8()?;
        let claims = Self {
            kind,
            bill_on: if flags & 1 == 0 {
                BillOn::Burl
            } else {
                BillOn::Impression
            },
            test: flags & 2 != 0,
            reservation: ReservationId {
                lease: LeaseId(source.uuid()?),
                seq: source.u64()?,
            },
            bid: BidId(source.uuid()?),
            auction: AuctionId(source.uuid()?),
            source: source.text()?.into(),
            campaign: source.text()?.into(),
            line_item: source.text()?.into(),
            creative: source.text()?.into(),
            imp: source.text()?.into(),
            max_cost: Nanos(source.i64()?),
            price: CpmMicros::new(source.i64()?).ok_or(TokenError::Unreadable)?,
            currency: Currency::parse(source.text()?).ok_or(TokenError::Unreadable)?,
            rate_id: u32::try_from(source.u64()?).map_err(|_| TokenError::Unreadable)?,
            rate_from: source.i64()?,
            rate_to: source.i64()?,
            quantity: Multiplier::new(source.i64()?).ok_or(TokenError::Unreadable)?,
            settle_by: UnixMillis(source.i64()?),
            user: if flags & 4 == 0 {
                None
            } else {
                Some(source.text()?.into())
            },
            arm: if with_arm {
                Some(source.text()?.into())
            } else {
                None
            },
        };
        source.end()?;
        Ok(claims)
    }
}

impl NoticeDraft<'_> {
    /// Appends the payload; its kind is filled in when it is signed.
    fn write(&self, bytes: &mut Vec<u8>) {
        let version = match self.arm {
            None => VERSION,
            Some(_) => VERSION_WITH_ARM,
        };
        bytes.extend_from_slice(&[version, NoticeKind::Win.number()]);
        let bill_on = match self.bill_on {
            BillOn::Burl => 0,
            BillOn::Impression => 1,
        };
        bytes.push(bill_on | (u8::from(self.test) << 1) | (u8::from(self.user.is_some()) << 2));
        put_uuid(bytes, &self.reservation.lease.0);
        put_u64(bytes, self.reservation.seq);
        put_uuid(bytes, &self.bid.0);
        put_uuid(bytes, &self.auction.0);
        for text in [
            self.source,
            self.campaign,
            self.line_item,
            self.creative,
            self.imp,
        ] {
            put_text(bytes, text);
        }
        put_i64(bytes, self.max_cost.0);
        put_i64(bytes, self.price.micros());
        put_text(bytes, self.currency.as_str());
        put_u64(bytes, u64::from(self.rate_id));
        put_i64(bytes, self.rate_from);
        put_i64(bytes, self.rate_to);
        put_i64(bytes, self.quantity.millionths());
        put_i64(bytes, self.settle_by.0);
        if let Some(user) = self.user {
            put_text(bytes, user);
        }
        if let Some(arm) = self.arm {
            put_text(bytes, arm);
        }
    }
}

fn div_half_even(numerator: i128, denominator: i128) -> Option<i64> {
    if denominator <= 0 || numerator < 0 {
        return None;
    }
    let (quotient, remainder) = (numerator / denominator, numerator % denominator);
    let twice = remainder.checked_mul(2)?;
    let up = twice > denominator || (twice == denominator && quotient % 2 == 1);
    i64::try_from(quotient + i128::from(up)).ok()
}

#[cfg(test)]
#[path = "buy_tests.rs"]
mod tests;
