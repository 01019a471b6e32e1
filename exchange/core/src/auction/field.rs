//! Everything that may win, before it is decided.

use contracts::catalog::DemandPartner;
use openrtb::BidRequest;

use super::judge::Judged;
use super::rank::Standing;
use super::reply::{Contender, Natives};
use crate::medium::Medium;
use crate::pods::{self, Ad, MOST_ADS, Pod, Problem, Set, Worth};

/// Groups that are considered at all: of more the dearest.
const MOST_GROUPS: usize = 32;

/// Contenders up to which those of an imp are found by looking through all.
const FEW: usize = 64;

/// The contenders, by imp, pod and group.
pub(super) struct Field<'f> {
    pub(super) contenders: &'f [Contender],
    pub(super) bids: &'f [Judged<'f>],
    pub(super) imps: usize,
    pub(super) multibid: usize,
    /// Partners in the market's order.
    pub(super) partners: &'f [DemandPartner],
    /// Imps that take several native ads, and how many, where several were bid.
    pub(super) native: Vec<(usize, usize)>,
    pub(super) lots: Vec<Lot>,
    /// The pod of each imp; empty for a request without pods.
    pub(super) lot_of: Vec<Option<usize>>,
    pub(super) groups: Vec<Group>,
    /// Contenders in the order of their imps, where there are so many that they are not looked through for each.
    by_imp: Vec<usize>,
}

/// A pod and the contenders for it.
pub(super) struct Lot {
    pub(super) pod: Pod,
    /// Contenders by the number of their ad.
    pub(super) contenders: Vec<usize>,
    pub(super) ads: Vec<Ad>,
    pub(super) excludes: Vec<Set>,
    /// There were more contenders than are considered.
    pub(super) is_cut: bool,
}

/// A seatbid of which all bids win or none does, and that could win as a whole.
pub(super) struct Group {
    pub(super) number: usize,
    pub(super) worth: Worth,
}

impl Lot {
    pub(super) fn problem(&self) -> Problem<'_> {
        Problem {
            layout: &self.pod.layout,
            ads: &self.ads,
            excludes: &self.excludes,
        }
    }

    pub(super) fn ad_of(&self, contender: usize) -> Option<usize> {
        self.contenders.iter().position(|other| *other == contender)
    }
}

impl<'f> Field<'f> {
    pub(super) fn new(
        request: &BidRequest<'_>,
        natives: &Natives<'_>,
        contenders: &'f [Contender],
        bids: &'f [Judged<'f>],
        multibid: usize,
        partners: &'f [DemandPartner],
    ) -> Self {
        let mut field = Self {
            contenders,
            bids,
            imps: request.imp.len(),
            multibid: multibid.max(1),
            partners,
            native: Vec::new(),
            lots: Vec::new(),
            lot_of: Vec::new(),
            groups: Vec::new(),
            by_imp: Vec::new(),
        };
        if contenders.is_empty() {
            return field;
        }
        if contenders.len() > FEW && field.imps > 1 {
            field.by_imp = (0..contenders.len()).collect();
            field
                .by_imp
                .sort_by_key(|index| contenders.get(*index).map(|c| c.standing.imp));
        }
        field.native = field.native_places(natives);
        for pod in pods::pods(request) {
            field.lot_of.resize(field.imps, None);
            for (imp, _) in &pod.imps {
                if let Some(lot) = field.lot_of.get_mut(*imp) {
                    *lot = Some(field.lots.len());
                }
            }
            let lot = field.lot(request, pod);
            field.lots.push(lot);
        }
        field.groups = field.groups();
        field
    }

    pub(super) fn standing(&self, contender: usize) -> Option<&Standing> {
        self.contenders.get(contender).map(|c| &c.standing)
    }

    pub(super) fn medium(&self, contender: usize) -> Option<Medium> {
        let bid = self.contenders.get(contender)?.bid;
        self.bids.get(bid)?.medium
    }

    /// Most bids of a partner that win one imp, where there is a limit.
    pub(super) fn limit(&self, partner: usize) -> Option<usize> {
        let most = self.partners.get(partner)?.multibid?;
        Some(usize::from(most.get()))
    }

    pub(super) fn lot_of(&self, imp: usize) -> Option<usize> {
        self.lot_of.get(imp).copied().flatten()
    }

    /// The contenders for an imp.
    pub(super) fn on(&self, imp: usize) -> impl Iterator<Item = usize> + '_ {
        let imp_of = |index: usize| self.standing(index).map(|standing| standing.imp);
        let first = self
            .by_imp
            .partition_point(|index| imp_of(*index) < Some(imp));
        let sorted = self.by_imp.get(first..).unwrap_or_default().iter().copied();
        let unsorted = if self.by_imp.is_empty() {
            0..self.contenders.len()
        } else {
            0..0
        };
        sorted
            .take_while(move |index| imp_of(*index) == Some(imp))
            .chain(unsorted.filter(move |index| imp_of(*index) == Some(imp)))
    }

    fn native_places(&self, natives: &Natives<'_>) -> Vec<(usize, usize)> {
        let mut places = Vec::new();
        for (index, asked) in natives {
            let mut bids = self
                .on(*index)
                .filter(|bid| self.medium(*bid) == Some(Medium::Native));
            if bids.nth(1).is_none() {
                continue;
            }
            let count = asked.as_ref().and_then(|asked| asked.plcmtcnt);
            let count = count.and_then(|count| usize::try_from(count).ok());
            let count = count.filter(|count| *count > 1);
            places.extend(count.map(|count| (*index, count)));
        }
        places
    }

    fn lot(&self, request: &BidRequest<'_>, pod: Pod) -> Lot {
        let placed = |index: usize| {
            let contender = self.contenders.get(index)?;
            let judged = self.bids.get(contender.bid)?;
            let imp = contender.standing.imp;
            let seconds = contender.seconds;
            let place = pod.place(request, imp, &judged.bid, judged.medium?, seconds)?;
            let worth = contender.standing.worth();
            Some((index, Ad { place, worth }))
        };
        let of_pod = pod.imps.iter().flat_map(|(imp, _)| self.on(*imp));
        let mut of_pod: Vec<usize> = of_pod.collect();
        of_pod.sort_unstable();
        let mut ads: Vec<(usize, Ad)> = of_pod.into_iter().filter_map(placed).collect();
        // By what they are and not by arrival; where there are too many, the best.
        ads.sort_by(|(_, a), (_, b)| pods::by_density(b, a));
        let is_cut = ads.len() > MOST_ADS;
        ads.truncate(MOST_ADS);
        let named: Vec<_> = ads
            .iter()
            .filter_map(|(index, _)| {
                let contender = self.contenders.get(*index)?;
                Some((contender.partner, &self.bids.get(contender.bid)?.bid))
            })
            .collect();
        Lot {
            excludes: pods::excludes(pod.dedupe, &named),
            is_cut,
            pod,
            contenders: ads.iter().map(|(index, _)| *index).collect(),
            ads: ads.into_iter().map(|(_, ad)| ad).collect(),
        }
    }

    /// The groups that could win as a whole, the dearest first.
    fn groups(&self) -> Vec<Group> {
        let mut members: Vec<(usize, usize, usize)> = self
            .contenders
            .iter()
            .enumerate()
            .filter_map(|(index, c)| Some((c.standing.group?, c.standing.imp, index)))
            .collect();
        members.sort_unstable();
        let mut groups: Vec<Group> = members
            .chunk_by(|a, b| a.0 == b.0)
            .filter(|members| self.stands(members))
            .filter_map(|members| {
                let standings = members
                    .iter()
                    .filter_map(|(.., index)| self.standing(*index));
                let worth = standings
                    .map(Standing::worth)
                    .fold(Worth::default(), pods::plus);
                let (number, ..) = *members.first()?;
                Some(Group { number, worth })
            })
            .collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.worth));
        groups.truncate(MOST_GROUPS);
        groups
    }

    /// Whether the members of a group, in the order of their imps, could win together.
    fn stands(&self, members: &[(usize, usize, usize)]) -> bool {
        let mut sets: Vec<Set> = vec![0; self.lots.len()];
        members.chunk_by(|a, b| a.1 == b.1).all(|of_imp| {
            let Some((_, imp, _)) = of_imp.first() else {
                return true;
            };
            let Some(number) = self.lot_of(*imp) else {
                return of_imp.len() <= self.multibid;
            };
            let (Some(lot), Some(set)) = (self.lots.get(number), sets.get_mut(number)) else {
                return false;
            };
            of_imp.iter().all(|(.., index)| {
                let ad = lot.ad_of(*index);
                *set |= ad.map_or(0, pods::one);
                ad.is_some()
            })
        }) && self
            .lots
            .iter()
            .zip(sets)
            .all(|(lot, set)| lot.problem().is_legal(set))
    }
}
