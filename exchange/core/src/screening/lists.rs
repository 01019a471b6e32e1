//! What a request blocks and allows, ready to be looked up by every bid.

use std::cell::OnceCell;
use std::ops::Deref;

use openrtb::{BidRequest, Deal, Imp, Str};
use units::AuctionId;

use crate::domain;
use crate::listed::{FEW, Hash, Key, Letters, Table, table_of};
use crate::medium::Medium;

/// The long lists of one request, each made ready when the first bid asks for it: what a bid declares is looked
/// up in a time that does not depend on how much is listed. Short lists are looked through as they stand.
///
/// It is asked with the request, and for the seller, that it was first asked with.
#[derive(Debug)]
pub struct Lists {
    key: Key,
    /// Of a short `badv`: a bit for each domain that stands in comparison form.
    plain_badv: OnceCell<u8>,
    badv: OnceCell<Names<usize>>,
    bcat: OnceCell<Table<usize>>,
    sellers_bcat: OnceCell<Table<usize>>,
    acat: OnceCell<Table<usize>>,
    bapp: OnceCell<Table<usize>>,
    wseat: OnceCell<Table<usize>>,
    bseat: OnceCell<Table<usize>>,
    deals: OnceCell<Deals>,
    mimes: OnceCell<Table<(usize, Medium, usize)>>,
}

/// The deals of all imps, and what they list.
#[derive(Debug)]
struct Deals {
    /// Of imps with many: index of the imp, and of the deal in it.
    ids: Table<(usize, usize)>,
    /// Of deals with many, and index in their list.
    seats: Table<(usize, usize, usize)>,
    domains: Names<(usize, usize, usize)>,
}

/// Names of domains, in comparison form.
#[derive(Debug)]
struct Names<P> {
    table: Table<P>,
    /// Bytes of the longest.
    longest: usize,
}

impl Lists {
    /// Those of an auction's request.
    #[must_use]
    pub fn of(auction: AuctionId) -> Self {
        Self {
            key: Key::of(auction),
            plain_badv: OnceCell::new(),
            badv: OnceCell::new(),
            bcat: OnceCell::new(),
            sellers_bcat: OnceCell::new(),
            acat: OnceCell::new(),
            bapp: OnceCell::new(),
            wseat: OnceCell::new(),
            bseat: OnceCell::new(),
            deals: OnceCell::new(),
            mimes: OnceCell::new(),
        }
    }

    /// Whether `badv` names a domain, in comparison form, or a parent of it (C-29).
    #[must_use]
    pub fn blocks_advertiser(&self, request: &BidRequest<'_>, name: &str) -> bool {
        let list = &request.badv;
        if list.len() <= FEW {
            let is_plain = |text: &Str<'_>| domain::normalise(text) == Some(text);
            let plain = *self.plain_badv.get_or_init(|| {
                let bits = list.iter().enumerate();
                bits.fold(0, |plain, (at, it)| plain | u8::from(is_plain(it)) << at)
            });
            return list.iter().enumerate().any(|(at, listed)| {
                if plain >> at & 1 == 1 {
                    domain::name_covers_name(listed, name)
                } else {
                    domain::covers_name(listed, name)
                }
            });
        }
        let listed = |at: usize| list.get(at).and_then(|text| domain::normalise(text));
        let names = self.badv.get_or_init(|| {
            let mut longest = 0;
            let names = (0..list.len()).filter_map(|at| Some((listed(at)?, at)));
            let hashes = names.map(|(name, at)| {
                longest = longest.max(name.len());
                (domain::hash_of(name, self.key.hash()), at)
            });
            let table = Table::of(hashes.collect(), |one, other| {
                let names = || listed(one).zip(listed(other));
                list.get(one) == list.get(other)
                    || names().is_some_and(|(one, other)| domain::is_same_name(one, other))
            });
            Names { table, longest }
        });
        domain::any_ending(name, names.longest, self.key.hash(), |hash, ending| {
            let is = |at| listed(at).is_some_and(|listed| domain::is_same_name(listed, ending));
            names.table.find(hash, is).is_some()
        })
    }

    /// Whether `bcat` names a category.
    pub(super) fn blocks_category(&self, request: &BidRequest<'_>, category: &str) -> bool {
        self.names(&self.bcat, &request.bcat, Letters::AnyCase, category)
    }

    /// Whether the seller's own list names a category.
    pub(super) fn seller_blocks_category(&self, blocked: &[String], category: &str) -> bool {
        self.names(&self.sellers_bcat, blocked, Letters::AnyCase, category)
    }

    /// Whether `acat` names a category.
    pub(super) fn allows_category(&self, request: &BidRequest<'_>, category: &str) -> bool {
        self.names(&self.acat, &request.acat, Letters::AnyCase, category)
    }

    /// Whether `bapp` names an app.
    pub(super) fn blocks_app(&self, request: &BidRequest<'_>, bundle: &str) -> bool {
        self.names(&self.bapp, &request.bapp, Letters::AnyCase, bundle)
    }

    /// Whether a seat may bid by `wseat` and `bseat`, as [`BidRequest::admits_seat`] says.
    pub(super) fn admits_seat(&self, request: &BidRequest<'_>, seat: Option<&str>) -> bool {
        let named = |table, list| {
            seat.is_some_and(|seat| self.names(table, list, Letters::AsWritten, seat))
        };
        (request.wseat.is_empty() || named(&self.wseat, &request.wseat))
            && !named(&self.bseat, &request.bseat)
    }

    fn names(
        &self,
        table: &OnceCell<Table<usize>>,
        list: &[impl Deref<Target = str>],
        letters: Letters,
        text: &str,
    ) -> bool {
        if list.len() <= FEW {
            return list.iter().any(|listed| letters.same(listed, text));
        }
        let table = table.get_or_init(|| table_of(self.key, list, letters));
        let hash = self.key.hash().with_text(text, letters).finish();
        let is = |at: usize| list.get(at).is_some_and(|it| letters.same(it, text));
        table.find(hash, is).is_some()
    }

    /// The deal of an imp, by the imp's index, that has this id, with its own index.
    pub(super) fn deal<'r>(
        &self,
        request: &'r BidRequest<'r>,
        imp: usize,
        id: &str,
    ) -> Option<(usize, &'r Deal<'r>)> {
        let deals = request.imp.get(imp)?.deals();
        if deals.len() <= FEW {
            let mut numbered = deals.iter().enumerate();
            return numbered.find(|(_, deal)| deal.id() == id);
        }
        let table = &self.deals(request).ids;
        let hash = self.hash_in(&[imp], id);
        let is =
            |(of, at): (usize, usize)| of == imp && deals.get(at).is_some_and(|it| it.id() == id);
        let (_, at) = table.find(hash, is)?;
        Some((at, deals.get(at)?))
    }

    /// Whether a seat may use a deal, as [`Deal::admits_seat`] says; the deal by the indices of its imp and itself.
    pub(super) fn deal_admits_seat(
        &self,
        request: &BidRequest<'_>,
        (imp, at): (usize, usize),
        deal: &Deal<'_>,
        seat: Option<&str>,
    ) -> bool {
        let list = &deal.wseat;
        if list.len() <= FEW {
            return deal.admits_seat(seat);
        }
        let Some(seat) = seat else {
            return false;
        };
        let hash = self.hash_in(&[imp, at], seat);
        let is = |(of, by, entry): (usize, usize, usize)| {
            (of, by) == (imp, at) && list.get(entry).is_some_and(|it| it == seat)
        };
        self.deals(request).seats.find(hash, is).is_some()
    }

    /// Whether `wadomain` of a deal names a domain, in comparison form, or a parent of it.
    pub(super) fn deal_names_advertiser(
        &self,
        request: &BidRequest<'_>,
        (imp, at): (usize, usize),
        deal: &Deal<'_>,
        name: &str,
    ) -> bool {
        let list = &deal.wadomain;
        if list.len() <= FEW {
            return list.iter().any(|listed| domain::covers_name(listed, name));
        }
        let Names { table, longest } = &self.deals(request).domains;
        domain::any_ending(name, *longest, self.scoped(&[imp, at]), |hash, ending| {
            let is = |(of, by, entry): (usize, usize, usize)| {
                (of, by) == (imp, at)
                    && list
                        .get(entry)
                        .and_then(|text| domain::normalise(text))
                        .is_some_and(|listed| domain::is_same_name(listed, ending))
            };
            table.find(hash, is).is_some()
        })
    }

    /// Whether an imp, by its index, takes this type of media file for a medium; `offered` are all that it takes.
    pub(super) fn takes_mime(
        &self,
        request: &BidRequest<'_>,
        (imp, medium): (usize, Medium),
        offered: &[Str<'_>],
        mime: &str,
    ) -> bool {
        if offered.len() <= FEW {
            return offered.iter().any(|it| it.eq_ignore_ascii_case(mime));
        }
        let hash = |imp: usize, medium: Medium, mime: &str| {
            let of_medium = self.scoped(&[imp, usize::from(medium == Medium::Video)]);
            of_medium.with_text(mime, Letters::AnyCase).finish()
        };
        let table = self.mimes.get_or_init(|| {
            let offers = |(imp, of): (usize, &Imp<'_>), medium: Medium| {
                let listed = mimes(of, medium).iter().enumerate();
                let listed = listed.map(|(at, it)| (hash(imp, medium, it), (imp, medium, at)));
                listed.collect::<Vec<_>>()
            };
            let imps = request.imp.iter().enumerate();
            let media = [Medium::Video, Medium::Audio];
            let listed = imps.flat_map(|imp| media.map(|medium| offers(imp, medium)));
            let mime = |(imp, medium, at): (usize, Medium, usize)| {
                mimes(request.imp.get(imp)?, medium).get(at)
            };
            Table::of(listed.flatten().collect(), |one, other| {
                let both = mime(one).zip(mime(other));
                (one.0, one.1) == (other.0, other.1)
                    && both.is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
            })
        });
        let is = |(of, by, at): (usize, Medium, usize)| {
            let is_it = || {
                offered
                    .get(at)
                    .is_some_and(|it| it.eq_ignore_ascii_case(mime))
            };
            (of, by) == (imp, medium) && is_it()
        };
        table.find(hash(imp, medium, mime), is).is_some()
    }

    /// The beginning of hashes that are of one imp or deal alone.
    fn scoped(&self, scope: &[usize]) -> Hash {
        let number = |index: &usize| u64::try_from(*index).unwrap_or(u64::MAX);
        let begin = self.key.hash();
        scope.iter().fold(begin, |hash, it| hash.with(number(it)))
    }

    fn hash_in(&self, scope: &[usize], text: &str) -> u64 {
        self.scoped(scope)
            .with_text(text, Letters::AsWritten)
            .finish()
    }

    fn deals(&self, request: &BidRequest<'_>) -> &Deals {
        self.deals.get_or_init(|| self.compiled(request))
    }

    fn compiled(&self, request: &BidRequest<'_>) -> Deals {
        let (mut ids, mut seats, mut domains) = (Vec::new(), Vec::new(), Vec::new());
        let mut longest = 0;
        for (imp, of) in request.imp.iter().enumerate() {
            let deals = of.deals();
            for (at, deal) in deals.iter().enumerate() {
                if deals.len() > FEW {
                    ids.push((self.hash_in(&[imp], deal.id()), (imp, at)));
                }
                if deal.wseat.len() > FEW {
                    let hash = |seat| self.hash_in(&[imp, at], seat);
                    let listed = deal.wseat.iter().enumerate();
                    seats.extend(listed.map(|(entry, seat)| (hash(seat), (imp, at, entry))));
                }
                if deal.wadomain.len() > FEW {
                    let hash = self.scoped(&[imp, at]);
                    let listed = deal.wadomain.iter().enumerate();
                    domains.extend(listed.filter_map(|(entry, text)| {
                        let name = domain::normalise(text)?;
                        longest = longest.max(name.len());
                        Some((domain::hash_of(name, hash), (imp, at, entry)))
                    }));
                }
            }
        }
        let deal = |imp: usize, at: usize| request.imp.get(imp).map(Imp::deals)?.get(at);
        let seat = |(imp, at, entry): (usize, usize, usize)| deal(imp, at)?.wseat.get(entry);
        let name = |(imp, at, entry): (usize, usize, usize)| {
            domain::normalise(deal(imp, at)?.wadomain.get(entry)?)
        };
        Deals {
            ids: Table::of(ids, |one: (usize, usize), other: (usize, usize)| {
                let id = |(imp, at)| deal(imp, at).map(Deal::id);
                one.0 == other.0 && id(one) == id(other)
            }),
            seats: Table::of(seats, |one, other| {
                (one.0, one.1) == (other.0, other.1) && seat(one) == seat(other)
            }),
            domains: Names {
                table: Table::of(domains, |one, other| {
                    let names = name(one).zip(name(other));
                    (one.0, one.1) == (other.0, other.1)
                        && names.is_some_and(|(one, other)| domain::is_same_name(one, other))
                }),
                longest,
            },
        }
    }
}

/// The types of media files that an imp takes.
pub(super) fn mimes<'i>(imp: &'i Imp<'_>, medium: Medium) -> &'i [Str<'i>] {
    match medium {
        Medium::Video => imp.video.as_deref().map(|video| &*video.mimes),
        Medium::Audio => imp.audio.as_deref().map(|audio| &*audio.mimes),
        Medium::Banner | Medium::Native => None,
    }
    .unwrap_or_default()
}

#[cfg(test)]
mod tests;
