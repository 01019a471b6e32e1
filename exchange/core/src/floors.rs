//! Which floor applies to a bid (X-23, X-74, C-63).

use openrtb::{Deal, DurFloors, Imp};
use units::{CpmMicros, Currency, Multiplier};

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
