//! What may not come twice in a pod.

use std::borrow::Cow;
use std::cmp::Ordering;

use openrtb::Bid;
use openrtb::enums::PodDeduplication;
use openrtb::vast::Vast;

use super::fill::MOST_ADS;
use super::layout::{Set, one};
use crate::domain;

/// By what two ads are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dedupe {
    told: bool,
    domain: bool,
    category: bool,
    creative: bool,
    media: bool,
}

impl Dedupe {
    /// Adds what one imp of the pod says; the pod obeys all its imps.
    pub(super) fn add(&mut self, told: &[PodDeduplication]) {
        self.told |= !told.is_empty();
        self.domain |= told.contains(&PodDeduplication::ADOMAIN);
        self.category |= told.contains(&PodDeduplication::CATEGORY);
        self.creative |= told.contains(&PodDeduplication::CREATIVE);
        self.media |= told.contains(&PodDeduplication::MEDIA_URL);
    }

    /// Where nothing is told: advertiser and creative.
    fn in_force(self) -> Self {
        if self.told {
            self
        } else {
            Self {
                domain: true,
                creative: true,
                ..self
            }
        }
    }
}

/// What two ads have in common that may not come twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// A domain of `adomain`.
    Advertiser,
    /// A category.
    Category,
    /// The partner's creative.
    Creative,
    /// A media file.
    Media,
}

impl Shared {
    /// As the kind of a [`Mark`].
    const fn of(kind: u8) -> Self {
        match kind {
            1 => Self::Advertiser,
            2 => Self::Category,
            3 => Self::Creative,
            _ => Self::Media,
        }
    }
}

/// One thing by which an ad is known.
struct Mark<'m> {
    kind: u8,
    /// The taxonomy of a category, the partner of a creative.
    scope: usize,
    text: Cow<'m, str>,
    /// Number of the ad.
    ad: usize,
}

impl Mark<'_> {
    fn order(&self, other: &Self) -> Ordering {
        let letters = |mark: &Self| mark.text.len();
        let folded = || {
            let (own, theirs) = (self.text.bytes(), other.text.bytes());
            let lower = |byte: u8| byte.to_ascii_lowercase();
            own.map(lower).cmp(theirs.map(lower))
        };
        (self.kind, self.scope, letters(self))
            .cmp(&(other.kind, other.scope, letters(other)))
            .then_with(folded)
    }
}

/// For each bid those that may not stand beside it; each comes with the index of its partner, whose own name
/// its `crid` is.
#[must_use]
pub fn excludes(dedupe: Dedupe, bids: &[(usize, &Bid<'_>)]) -> Vec<Set> {
    let by = dedupe.in_force();
    let mut marks: Vec<Mark<'_>> = Vec::new();
    for (ad, (partner, bid)) in bids.iter().take(MOST_ADS).enumerate() {
        mark(by, *partner, bid, ad, &mut marks);
    }
    let mut excludes = vec![0; bids.len().min(MOST_ADS)];
    // Sorted and not compared in pairs: a bid may list thousands of categories.
    marks.sort_by(Mark::order);
    for same in marks.chunk_by(|a, b| a.order(b).is_eq()) {
        let all = same.iter().fold(0, |all, mark| all | one(mark.ad));
        for mark in same {
            if let Some(set) = excludes.get_mut(mark.ad) {
                *set |= all & !one(mark.ad);
            }
        }
    }
    excludes
}

/// Why two bids may not stand side by side, each with the index of its partner; `None` where they may.
#[must_use]
pub fn shared(dedupe: Dedupe, bids: [(usize, &Bid<'_>); 2]) -> Option<Shared> {
    let by = dedupe.in_force();
    let mut marks: Vec<Mark<'_>> = Vec::new();
    for (ad, (partner, bid)) in bids.into_iter().enumerate() {
        mark(by, partner, bid, ad, &mut marks);
    }
    marks.sort_by(Mark::order);
    let mut same = marks.chunk_by(|a, b| a.order(b).is_eq());
    let of_both =
        same.find(|same| same.iter().any(|it| it.ad != 0) && same.iter().any(|it| it.ad == 0));
    of_both?.first().map(|mark| Shared::of(mark.kind))
}

fn mark<'b>(by: Dedupe, partner: usize, bid: &'b Bid<'_>, ad: usize, marks: &mut Vec<Mark<'b>>) {
    let new = |kind, scope, text: Cow<'b, str>| Mark {
        kind,
        scope,
        text,
        ad,
    };
    if by.domain {
        let domains = bid
            .adomain
            .iter()
            .filter_map(|text| domain::normalise(text));
        marks.extend(domains.map(|text| new(1, 0, Cow::Borrowed(text))));
    }
    if by.category {
        let taxonomy = usize::try_from(bid.cattax().0).unwrap_or_default();
        marks.extend(
            bid.cat
                .iter()
                .map(|cat| new(2, taxonomy, Cow::Borrowed(&**cat))),
        );
    }
    if by.creative
        && let Some(crid) = bid.crid.as_deref().filter(|crid| !crid.is_empty())
    {
        marks.push(new(3, partner, Cow::Borrowed(crid)));
    }
    if by.media
        && let Some(vast) = bid.adm().and_then(Vast::read)
    {
        let files = vast.ads.into_iter().flat_map(|ad| ad.media);
        let urls = files.map(|file| file.url).filter(|url| !url.is_empty());
        marks.extend(urls.map(|url| new(4, 0, url)));
    }
}
