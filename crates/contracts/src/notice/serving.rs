//! What a win notice needs that brings markup: whoever takes it did not hold the auction.

use serde::{Deserialize, Serialize};
use units::{CpmMicros, Currency, Multiplier};

use super::codec::{Source, put_i64, put_text};
use super::key::TokenError;

/// A winner without markup, as far as its markup is judged by it and has macros for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// `mtype` of the ad.
    pub mtype: u8,
    /// Its `crid`.
    pub crid: Option<String>,
    /// Its `adid`.
    pub adid: Option<String>,
    /// The seat that bid.
    pub seat: Option<String>,
    /// `bidid` of its answer.
    pub bidid: Option<String>,
    /// What it pays, in the currency of the bid.
    pub price: CpmMicros,
    /// That currency.
    pub currency: Currency,
    /// The clearing price by that of the bid.
    pub market_bid_ratio: Option<Multiplier>,
    /// The least that would have won.
    pub min_to_win: Option<CpmMicros>,
    /// Impressions of one display.
    pub multiplier: Option<Multiplier>,
    /// The seller's discount in percent of the bid.
    pub discount_percent: Option<Multiplier>,
    /// The seller's discount.
    pub discount: Option<CpmMicros>,
    /// Macros in its markup are left to the SSP.
    pub keeps_macros: bool,
    /// The win was counted when the auction was held: our word was the last.
    pub is_counted: bool,
}

impl Serving {
    /// Bytes of each of its texts that a token holds.
    pub const LONGEST: usize = 512;

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        out.push(self.mtype);
        out.push(u8::from(self.keeps_macros) | u8::from(self.is_counted) << 1);
        for text in [&self.crid, &self.adid, &self.seat, &self.bidid] {
            out.push(u8::from(text.is_some()));
            put_text(out, text.as_deref().unwrap_or_default());
        }
        put_i64(out, self.price.micros());
        put_text(out, self.currency.as_str());
        let millionths = |value: Option<Multiplier>| value.map(Multiplier::millionths);
        let micros = |value: Option<CpmMicros>| value.map(CpmMicros::micros);
        for number in [
            millionths(self.market_bid_ratio),
            micros(self.min_to_win),
            millionths(self.multiplier),
            millionths(self.discount_percent),
            micros(self.discount),
        ] {
            // None of them is negative.
            put_i64(out, number.unwrap_or(-1));
        }
    }

    pub(super) fn take(source: &mut Source<'_>) -> Result<Self, TokenError> {
        let mtype = source.u8()?;
        let flags = source.u8()?;
        let mut text = || -> Result<Option<String>, TokenError> {
            let is_there = source.u8()? != 0;
            let text = source.text()?;
            Ok(is_there.then(|| text.to_owned()))
        };
        let (crid, adid, seat, bidid) = (text()?, text()?, text()?, text()?);
        let price = CpmMicros::new(source.i64()?).ok_or(TokenError::Unreadable)?;
        let currency = Currency::parse(source.text()?).ok_or(TokenError::Unreadable)?;
        Ok(Self {
            mtype,
            crid,
            adid,
            seat,
            bidid,
            price,
            currency,
            market_bid_ratio: Multiplier::new(source.i64()?),
            min_to_win: CpmMicros::new(source.i64()?),
            multiplier: Multiplier::new(source.i64()?),
            discount_percent: Multiplier::new(source.i64()?),
            discount: CpmMicros::new(source.i64()?),
            keeps_macros: flags & 1 != 0,
            is_counted: flags & 2 != 0,
        })
    }
}
