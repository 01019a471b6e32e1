//! Which floor a bid must reach (X-74, OpenRTB §7.11.2).

use openrtb::{Deal, DurFloors};
use units::{CpmMicros, Currency};

use super::imp::Imp;
use super::stream::StreamOffer;

/// A floor and its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Floor {
    /// Lowest CPM.
    pub price: CpmMicros,
    /// Its currency.
    pub currency: Currency,
}

/// The floor of a bid: the deal's guidance, else the video's or audio's, else the imp's.
///
/// `length` is the ad's in seconds. An explicit deal floor of 0 is guidance, an absent one is not.
#[must_use]
pub fn floor(
    imp: &Imp<'_>,
    deal: Option<&Deal<'_>>,
    stream: Option<(&StreamOffer<'_>, u32)>,
) -> Floor {
    let length = stream.map_or(0, |(_, length)| length);
    if let Some(deal) = deal {
        let guided = deal
            .bidfloor
            .or_else(|| deal.mincpmpersec.map(|floor| per_second(floor, length)))
            .or_else(|| by_length(&deal.durfloors, length));
        if let Some(price) = guided {
            return Floor {
                price,
                currency: deal.bidfloorcur.unwrap_or(Currency::USD),
            };
        }
    }
    let guided = stream.and_then(|(offer, length)| {
        offer
            .per_second
            .map(|floor| per_second(floor, length))
            .or_else(|| by_length(offer.by_length, length))
    });
    Floor {
        price: guided.unwrap_or(imp.floor),
        currency: imp.floor_currency,
    }
}

/// The highest floor that any ad on the imp can have to reach in the open auction; `None` without a limit.
#[must_use]
pub fn highest_floor(imp: &Imp<'_>) -> Option<CpmMicros> {
    let mut highest = imp.floor;
    for offer in [&imp.video, &imp.audio].into_iter().flatten() {
        let ranges = offer.by_length.iter().filter_map(|it| it.bidfloor).max();
        highest = highest.max(ranges.unwrap_or(CpmMicros::ZERO));
        if let Some(floor) = offer.per_second {
            let exact = offer
                .exact_seconds
                .iter()
                .filter_map(|it| u32::try_from(*it).ok());
            let longest = exact.max().or(offer.max_seconds)?;
            highest = highest.max(per_second(floor, longest));
        }
    }
    Some(highest)
}

fn per_second(floor: CpmMicros, length: u32) -> CpmMicros {
    floor.scale(i64::from(length), 1).unwrap_or(CpmMicros::MAX)
}

/// The highest floor among the ranges that hold the length; `None` outside all of them.
fn by_length(floors: &[DurFloors<'_>], length: u32) -> Option<CpmMicros> {
    let length = i64::from(length);
    floors
        .iter()
        .filter(|it| it.mindur.is_some() || it.maxdur.is_some())
        .filter(|it| it.mindur.is_none_or(|least| length >= i64::from(least)))
        .filter(|it| it.maxdur.is_none_or(|most| length <= i64::from(most)))
        .filter_map(|it| it.bidfloor)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Video;

    fn cpm(text: &str) -> CpmMicros {
        CpmMicros::parse(text).unwrap()
    }

    fn range(mindur: Option<i32>, maxdur: Option<i32>, floor: &str) -> DurFloors<'static> {
        DurFloors {
            mindur,
            maxdur,
            bidfloor: Some(cpm(floor)),
            ..DurFloors::default()
        }
    }

    #[test]
    fn x_74() {
        let video = Video {
            durfloors: vec![
                range(None, Some(15), "9"),
                range(Some(16), Some(30), "12.5"),
                range(Some(20), None, "14"),
            ],
            ..Video::default()
        };
        let per_second = Video {
            mincpmpersec: Some(cpm("0.6")),
            ..Video::default()
        };
        let with_floor = Deal {
            bidfloor: Some(cpm("7")),
            ..Deal::default()
        };
        let free = Deal {
            bidfloor: Some(cpm("0")),
            ..Deal::default()
        };
        let silent = Deal::default();
        struct Case<'a>(
            &'a str,
            Option<&'a Deal<'a>>,
            Option<(&'a Video<'a>, u32)>,
            &'a str,
        );
        let cases = [
            Case("banner: the imp's", None, None, "2"),
            Case("in a range", None, Some((&video, 10)), "9"),
            Case(
                "overlapping ranges: the highest",
                None,
                Some((&video, 25)),
                "14",
            ),
            Case("per second", None, Some((&per_second, 30)), "18"),
            Case("the deal's", Some(&with_floor), Some((&video, 10)), "7"),
            Case(
                "an explicit 0 is guidance",
                Some(&free),
                Some((&video, 10)),
                "0",
            ),
            Case(
                "a silent deal: the video's",
                Some(&silent),
                Some((&video, 10)),
                "9",
            ),
            Case(
                "a silent deal on a banner: the imp's",
                Some(&silent),
                None,
                "2",
            ),
        ];
        for Case(says, deal, stream, want) in cases {
            let offered = openrtb::Imp {
                id: Some("1".into()),
                bidfloor: Some(cpm("2")),
                banner: Some(Box::default()),
                ..openrtb::Imp::default()
            };
            let imp = Imp::read(0, &offered, false).unwrap();
            let offer = stream.map(|(video, length)| (StreamOffer::video(video), length));
            let stream = offer.as_ref().map(|(offer, length)| (offer, *length));
            assert_eq!(floor(&imp, deal, stream).price, cpm(want), "{says}");
        }
    }
}
