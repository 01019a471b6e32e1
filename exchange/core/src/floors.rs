//! Which floor applies to a bid (X-23, X-74, C-63).

use openrtb::{BidRequest, Deal, DurFloors, Imp};
use units::{CpmMicros, Currency, Multiplier, RateTable};

use crate::medium::Medium;

/// Whose guidance a floor comes from; decides between loss 100 and 101.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloorOf {
    /// The imp, or its video or audio object.
    Imp,
    /// The deal.
    Deal,
}

/// The lowest price that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// The price, per mille.
    pub price: CpmMicros,
    /// Its currency.
    pub currency: Currency,
    /// Where it comes from.
    pub of: FloorOf,
}

/// What an object says about floors that depend on the ad's length.
struct ByLength<'g> {
    mincpmpersec: Option<CpmMicros>,
    durfloors: &'g [DurFloors<'g>],
    longest: Option<i32>,
}

/// The floor for a bid of `seconds` on this medium, under this deal.
///
/// The deal's guidance comes first (an explicit `bidfloor` of 0 is guidance), then that of the video or
/// audio object, then the imp's `bidfloor`; so does a length outside every range.
#[must_use]
pub fn floor(
    imp: &Imp<'_>,
    deal: Option<&Deal<'_>>,
    medium: Option<Medium>,
    seconds: Option<i32>,
) -> Floor {
    let by_length = by_length(imp, medium);
    let longest = by_length.as_ref().and_then(|by_length| by_length.longest);
    let length = seconds.or(longest);
    let currency = imp.bidfloorcur();
    if let Some(deal) = deal {
        let own = ByLength {
            mincpmpersec: deal.mincpmpersec,
            durfloors: &deal.durfloors,
            longest,
        };
        if let Some(price) = deal.bidfloor.or_else(|| own.price(length)) {
            return Floor {
                price,
                currency: deal.bidfloorcur(),
                of: FloorOf::Deal,
            };
        }
    }
    let price = by_length
        .and_then(|by_length| by_length.price(length))
        .unwrap_or_else(|| imp.bidfloor());
    Floor {
        price,
        currency,
        of: FloorOf::Imp,
    }
}

fn by_length<'g>(imp: &'g Imp<'_>, medium: Option<Medium>) -> Option<ByLength<'g>> {
    match medium? {
        Medium::Video => imp.video.as_deref().map(|video| ByLength {
            mincpmpersec: video.mincpmpersec,
            durfloors: &video.durfloors,
            longest: video.maxduration.or(video.rqddurs.iter().copied().max()),
        }),
        Medium::Audio => imp.audio.as_deref().map(|audio| ByLength {
            mincpmpersec: audio.mincpmpersec,
            durfloors: &audio.durfloors,
            longest: audio.maxduration.or(audio.rqddurs.iter().copied().max()),
        }),
        Medium::Banner | Medium::Native => None,
    }
}

impl ByLength<'_> {
    /// The guidance for an ad of this length; an unknown length has none.
    fn price(&self, length: Option<i32>) -> Option<CpmMicros> {
        let seconds = length.filter(|seconds| *seconds > 0)?;
        if let Some(per_second) = self.mincpmpersec {
            let factor = Multiplier::new(i64::from(seconds).saturating_mul(1_000_000))?;
            return Some(per_second.times(factor));
        }
        // Of overlapping ranges the highest floor.
        self.durfloors
            .iter()
            .filter(|range| {
                range.mindur.is_none_or(|min| seconds >= min)
                    && range.maxdur.is_none_or(|max| seconds <= max)
                    && (range.mindur.is_some() || range.maxdur.is_some())
            })
            .filter_map(|range| range.bidfloor)
            .max()
    }
}

/// Floors of a request that no bid can be held against, since their currency has no rate (X-73): what they are of is
/// offered to nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unpriced {
    imps: Vec<usize>,
    /// Index of the imp, and of the deal in it.
    deals: Vec<(usize, usize)>,
}

impl Unpriced {
    /// Those of a request whose bids are compared in `currency`. A floor of nothing needs no rate.
    #[must_use]
    pub fn of(request: &BidRequest<'_>, rates: &RateTable, currency: Currency) -> Self {
        let mut unpriced = Self::default();
        let is_told = |of: Currency| {
            of == currency || (rates.per_usd(of).is_some() && rates.per_usd(currency).is_some())
        };
        for (at, imp) in request.imp.iter().enumerate() {
            if !is_told(imp.bidfloorcur()) && has_floor(imp) {
                unpriced.imps.push(at);
            }
            for (index, deal) in imp.deals().iter().enumerate() {
                let is_floored = deal.bidfloor() > CpmMicros::ZERO
                    || is_above_zero(deal.mincpmpersec, &deal.durfloors);
                if is_floored && !is_told(deal.bidfloorcur()) {
                    unpriced.deals.push((at, index));
                }
            }
        }
        unpriced
    }

    /// Whether the imp at an index is one of them.
    #[must_use]
    pub fn has_imp(&self, imp: usize) -> bool {
        self.imps.contains(&imp)
    }

    /// Whether the deal at an index of an imp is one of them.
    #[must_use]
    pub fn has_deal(&self, imp: usize, deal: usize) -> bool {
        self.deals.binary_search(&(imp, deal)).is_ok()
    }
}

/// Whether an imp has a floor above zero, a deal's own ones left aside.
fn has_floor(imp: &Imp<'_>) -> bool {
    let video = imp.video.as_deref();
    let audio = imp.audio.as_deref();
    imp.bidfloor() > CpmMicros::ZERO
        || video.is_some_and(|it| is_above_zero(it.mincpmpersec, &it.durfloors))
        || audio.is_some_and(|it| is_above_zero(it.mincpmpersec, &it.durfloors))
}

fn is_above_zero(per_second: Option<CpmMicros>, by_length: &[DurFloors<'_>]) -> bool {
    let mut floors = by_length.iter().map(|range| range.bidfloor);
    per_second > Some(CpmMicros::ZERO) || floors.any(|floor| floor > Some(CpmMicros::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    #[test]
    fn x_73_floors_without_a_rate() {
        let code = |text: &str| Currency::parse(text).unwrap();
        let mut rates = RateTable::default();
        rates.per_usd.insert(code("EUR"), 920_000_000);
        #[rustfmt::skip]
        let rows = [
            ("a rate", r#""bidfloor":1,"bidfloorcur":"EUR""#, "USD", (false, vec![])),
            ("none", r#""bidfloor":1,"bidfloorcur":"JPY""#, "USD", (true, vec![])),
            ("none, and no floor", r#""bidfloor":0,"bidfloorcur":"JPY""#, "USD", (false, vec![])),
            ("none, and none needed", r#""bidfloor":1,"bidfloorcur":"JPY""#, "JPY", (false, vec![])),
            ("none of what bids are in", r#""bidfloor":1"#, "JPY", (true, vec![])),
            ("by the second", r#""bidfloorcur":"JPY","video":{"mimes":["v"],"mincpmpersec":0.1}"#, "USD", (true, vec![])),
            ("by length", r#""bidfloorcur":"JPY","audio":{"mimes":["a"],"durfloors":[{"mindur":5,"bidfloor":1}]}"#, "USD", (true, vec![])),
            ("of a deal", r#""pmp":{"deals":[{"id":"a"},{"id":"b","bidfloor":1,"bidfloorcur":"JPY"},{"id":"c","bidfloorcur":"JPY"}]}"#, "USD", (false, vec![1])),
            ("of a deal, by length", r#""pmp":{"deals":[{"id":"a","bidfloorcur":"JPY","durfloors":[{"mindur":5,"bidfloor":1}]}]}"#, "USD", (false, vec![0])),
        ];
        for (says, members, currency, expect) in rows {
            let body = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}},{members}}}]}}"#);
            let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
            let unpriced = Unpriced::of(&request, &rates, code(currency));
            let deals = 0..request.imp[0].deals().len();
            let deals: Vec<usize> = deals.filter(|deal| unpriced.has_deal(0, *deal)).collect();
            assert_eq!((unpriced.has_imp(0), deals), expect, "{says}");
        }
    }
}
