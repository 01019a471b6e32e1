//! The values that absent attributes stand for (C-62, C-63).

use super::{Audio, BidRequest, Deal, Dooh, Eid, Geo, Imp, Native, Pmp, Video};
use crate::enums::{
    AuctionType, CategoryTaxonomy, PodSequence, ServerSideInsertion, SlotInPod, VenueTaxonomy,
};
use crate::json::Str;
use units::{CpmMicros, Currency};

impl<'a> BidRequest<'a> {
    /// The id of the request; a request without one is not read.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// How the auction is held; second price plus when absent.
    #[must_use]
    pub fn at(&self) -> AuctionType {
        self.at.unwrap_or(AuctionType::SECOND_PRICE_PLUS)
    }

    /// Whether this is a test, which is never billed.
    #[must_use]
    pub fn test(&self) -> bool {
        self.test.unwrap_or(false)
    }

    /// Whether the impressions are all there are in the context.
    #[must_use]
    pub fn allimps(&self) -> bool {
        self.allimps.unwrap_or(false)
    }

    /// The taxonomy of `acat` and `bcat`.
    #[must_use]
    pub fn cattax(&self) -> CategoryTaxonomy {
        self.cattax.unwrap_or(CategoryTaxonomy::CONTENT_1_0)
    }

    /// Whether bids in this currency are allowed; only USD when the request names none.
    #[must_use]
    pub fn allows(&self, currency: Currency) -> bool {
        if self.cur.is_empty() {
            currency == Currency::USD
        } else {
            self.cur.contains(&currency)
        }
    }

    /// Whether a seat may bid by `wseat` and `bseat`, both applied; no seat is in no list.
    #[must_use]
    pub fn admits_seat(&self, seat: Option<&str>) -> bool {
        let listed = |list: &[Str<'_>]| seat.is_some_and(|seat| list.iter().any(|s| s == seat));
        (self.wseat.is_empty() || listed(&self.wseat)) && !listed(&self.bseat)
    }

    /// The impression of this id.
    #[must_use]
    pub fn imp(&self, id: &str) -> Option<&Imp<'a>> {
        self.imp.iter().find(|imp| imp.id() == id)
    }
}

impl<'a> Imp<'a> {
    /// The id of the impression; an impression without one is not kept.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Minimum bid as CPM, in [`Imp::bidfloorcur`].
    #[must_use]
    pub fn bidfloor(&self) -> CpmMicros {
        self.bidfloor.unwrap_or(CpmMicros::ZERO)
    }

    /// Currency of all floors inside this impression, deals' own floors excepted.
    #[must_use]
    pub fn bidfloorcur(&self) -> Currency {
        self.bidfloorcur.unwrap_or(Currency::USD)
    }

    /// Whether the ad is interstitial or full screen.
    #[must_use]
    pub fn instl(&self) -> bool {
        self.instl.unwrap_or(false)
    }

    /// Who inserts the ad.
    #[must_use]
    pub fn ssai(&self) -> ServerSideInsertion {
        self.ssai.unwrap_or(ServerSideInsertion::UNKNOWN)
    }

    /// The deals that apply; empty without a marketplace.
    #[must_use]
    pub fn deals(&self) -> &[Deal<'a>] {
        self.pmp.as_deref().map_or(&[], |pmp| &pmp.deals)
    }

    /// The deal of this id.
    #[must_use]
    pub fn deal(&self, id: &str) -> Option<&Deal<'a>> {
        self.deals().iter().find(|deal| deal.id() == id)
    }

    /// Whether only bids for the deals count (C-110).
    #[must_use]
    pub fn is_private_auction(&self) -> bool {
        self.pmp.as_deref().is_some_and(Pmp::private_auction)
    }
}

impl Pmp<'_> {
    /// Whether only bids for the deals count.
    #[must_use]
    pub fn private_auction(&self) -> bool {
        self.private_auction.unwrap_or(false)
    }
}

impl Deal<'_> {
    /// The id of the deal; a deal without one is not kept.
    #[must_use]
    pub fn id(&self) -> &str {
        self.id.as_deref().unwrap_or_default()
    }

    /// Minimum bid as CPM, in [`Deal::bidfloorcur`].
    #[must_use]
    pub fn bidfloor(&self) -> CpmMicros {
        self.bidfloor.unwrap_or(CpmMicros::ZERO)
    }

    /// Currency of the deal's floor; not inherited from the impression (C-63).
    #[must_use]
    pub fn bidfloorcur(&self) -> Currency {
        self.bidfloorcur.unwrap_or(Currency::USD)
    }

    /// Whether the deal is guaranteed.
    #[must_use]
    pub fn guar(&self) -> bool {
        self.guar.unwrap_or(false)
    }

    /// Whether a seat may use the deal (C-112).
    #[must_use]
    pub fn admits_seat(&self, seat: Option<&str>) -> bool {
        self.wseat.is_empty()
            || seat.is_some_and(|seat| self.wseat.iter().any(|listed| listed == seat))
    }
}

macro_rules! timed_media {
    ($($object:ident)*) => {$(
        impl $object<'_> {
            /// Shortest ad in seconds.
            #[must_use]
            pub fn minduration(&self) -> i32 {
                self.minduration.unwrap_or(0)
            }

            /// Where the pod stands in the stream.
            #[must_use]
            pub fn podseq(&self) -> PodSequence {
                self.podseq.unwrap_or(PodSequence::ANY)
            }

            /// Slot of the pod that can be guaranteed.
            #[must_use]
            pub fn slotinpod(&self) -> SlotInPod {
                self.slotinpod.unwrap_or(SlotInPod::ANY)
            }

            /// Longest ad in seconds, where `rqddurs` does not tell; without a limit the most there is (C-85).
            #[must_use]
            pub fn longest(&self) -> i32 {
                match (self.maxduration, self.maxextended.unwrap_or(0)) {
                    (None, _) | (Some(_), -1) => i32::MAX,
                    (Some(most), beyond) => most.saturating_add(beyond.max(0)),
                }
            }

            /// Whether an ad of this many seconds is allowed (C-81, C-85).
            #[must_use]
            pub fn admits_duration(&self, seconds: i32) -> bool {
                if !self.rqddurs.is_empty() {
                    return self.rqddurs.contains(&seconds);
                }
                (self.minduration()..=self.longest()).contains(&seconds)
            }
        }
    )*};
}
timed_media!(Video Audio);

impl Video<'_> {
    /// Seconds that an ad must exceed to be skippable.
    #[must_use]
    pub fn skipmin(&self) -> i32 {
        self.skipmin.unwrap_or(0)
    }

    /// Seconds after which it may be skipped.
    #[must_use]
    pub fn skipafter(&self) -> i32 {
        self.skipafter.unwrap_or(0)
    }

    /// Whether letter-boxing is allowed.
    #[must_use]
    pub fn boxingallowed(&self) -> bool {
        self.boxingallowed.unwrap_or(true)
    }
}

impl Native<'_> {
    /// The version of the native specification.
    #[must_use]
    pub fn ver(&self) -> &str {
        self.ver.as_deref().unwrap_or("1.2")
    }
}

impl<'a> Dooh<'a> {
    /// The venue, by the table's name or the samples' (C-150).
    #[must_use]
    pub fn venuetype(&self) -> &[Str<'a>] {
        if self.venuetype.is_empty() {
            &self.venuetypeid
        } else {
            &self.venuetype
        }
    }

    /// The taxonomy of the venue.
    #[must_use]
    pub fn venuetypetax(&self) -> VenueTaxonomy {
        self.venuetypetax
            .or(self.venuetax)
            .unwrap_or(VenueTaxonomy::OPENOOH_1_0)
    }
}

impl Geo<'_> {
    /// Longitude in degrees, by the table's name or the samples' (C-150).
    #[must_use]
    pub fn lon(&self) -> Option<f64> {
        self.lon.or(self.long)
    }
}

impl Eid<'_> {
    /// Domain of who matched the id; the source when absent (C-144).
    #[must_use]
    pub fn matcher(&self) -> Option<&str> {
        self.matcher
            .as_deref()
            .filter(|matcher| !matcher.is_empty())
            .or(self.source.as_deref())
    }
}
