//! What partners want to be asked about, compiled from the catalog to sets of partners by value.

use std::borrow::{Borrow, Cow};
use std::collections::HashMap;
use std::hash::Hash;

use contracts::catalog::{AllowBlock, DemandPartner};
use openrtb::enums::DeviceType;
use openrtb::{Banner, BidRequest, Imp};
use units::country;

use super::partners::PartnerSet;
use crate::domain;
use crate::medium::Medium;
use crate::screening::size;

/// The pretargeting of all partners of a market. A partner that it was not compiled from wants nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Pretargets {
    /// By medium, in the order of [`Medium::ALL`].
    media: [PartnerSet; 4],
    sizes: Wanted<(i32, i32)>,
    countries: Wanted<&'static str>,
    devices: Wanted<i32>,
    domains: Listed,
    bundles: Listed,
    publishers: Listed,
    deals: Wanted<String>,
    all: PartnerSet,
}

/// One dimension: who leaves it open, and who wants which value.
#[derive(Debug, Clone, PartialEq)]
struct Wanted<V: Eq + Hash> {
    open: PartnerSet,
    by_value: HashMap<V, PartnerSet>,
}

/// One dimension with names that are wanted and names that are not.
#[derive(Debug, Clone, PartialEq, Default)]
struct Listed {
    allowed: Wanted<String>,
    blocked: HashMap<String, PartnerSet>,
}

impl Pretargets {
    /// Compiles what these partners say, by their index here.
    #[must_use]
    pub fn compile(partners: &[DemandPartner]) -> Self {
        let wants = || partners.iter().map(|partner| &partner.pretargeting);
        let names = |of: fn(&DemandPartner) -> &AllowBlock, form: fn(&str) -> String| {
            let count = partners.len();
            let allowed = partners
                .iter()
                .map(move |p| of(p).allow.iter().map(move |n| form(n)));
            let blocked = partners
                .iter()
                .map(move |p| of(p).block.iter().map(move |n| form(n)));
            Listed {
                allowed: Wanted::compile(count, allowed),
                blocked: Wanted::compile(count, blocked).by_value,
            }
        };
        let count = partners.len();
        Self {
            media: Medium::ALL
                .map(|medium| PartnerSet::of(partners.iter().map(|p| medium.is_taken(&p.formats)))),
            sizes: Wanted::compile(count, wants().map(|w| w.sizes.iter().map(|s| sides(s)))),
            countries: Wanted::compile(
                count,
                // What is no country is nobody's, and no reason to be asked about all.
                wants().map(|w| {
                    w.countries
                        .iter()
                        .map(|c| country::alpha_3(c).unwrap_or(""))
                }),
            ),
            devices: Wanted::compile(
                count,
                wants().map(|w| w.device_types.iter().flat_map(|kind| kinds(*kind)).copied()),
            ),
            domains: names(|p| &p.pretargeting.domains, comparable),
            bundles: names(|p| &p.pretargeting.bundles, str::to_owned),
            publishers: names(|p| &p.pretargeting.publishers, str::to_owned),
            deals: Wanted::compile(count, wants().map(|w| w.deals.iter().cloned())),
            all: PartnerSet::of(partners.iter().map(|_| true)),
        }
    }

    /// Who wants to be asked about what all imps of a request share; `sid` is the seller in our sellers.json.
    pub(super) fn of_request(&self, request: &BidRequest<'_>, sid: &str) -> PartnerSet {
        let mut set = self.all.clone();
        let mut fitting = PartnerSet::default();
        let device = request.device.as_deref();
        let told = device.and_then(|device| device.geo.as_deref()?.country.as_deref());
        let country = told.and_then(country::alpha_3);
        self.countries
            .narrow(&mut set, &mut fitting, country.as_slice());
        let kind = device.and_then(|device| Some(device.devicetype?.0));
        self.devices
            .narrow(&mut set, &mut fitting, kind.as_ref().as_slice());
        let (domain, bundle, publisher) = inventory(request);
        if request.app.is_some() {
            self.bundles
                .narrow(&mut set, &mut fitting, bundle.as_slice());
        } else if !self.domains.is_open() {
            let domain = domain.map(lower_case);
            let names: Vec<&str> = domain.iter().flat_map(|name| with_parents(name)).collect();
            self.domains.narrow(&mut set, &mut fitting, &names);
        }
        match publisher {
            Some(publisher) => {
                self.publishers
                    .narrow(&mut set, &mut fitting, &[publisher, sid]);
            }
            None => self.publishers.narrow(&mut set, &mut fitting, &[sid]),
        }
        set
    }

    /// Who takes the banner of an imp, by its sizes; `None` for all that take banners.
    pub(super) fn of_banner(&self, imp: &Imp<'_>) -> Option<PartnerSet> {
        let banner = imp.banner.as_deref()?;
        if self.sizes.is_open() || is_of_any_size(banner) {
            return None;
        }
        let mut set = self.sizes.open.clone();
        let smaller = imp.instl();
        for (wanted, partners) in &self.sizes.by_value {
            let fits = size::sizes(banner).any(|(w, h)| {
                // As screening has it: an interstitial takes whatever fits in.
                *wanted == (w, h) || (smaller && wanted.0 <= w && wanted.1 <= h)
            });
            if fits {
                set.add(partners);
            }
        }
        Some(set)
    }

    /// Whether a partner takes a medium.
    pub(super) fn takes(&self, partner: usize, medium: Medium) -> bool {
        let order = Medium::ALL.iter().zip(&self.media);
        order
            .filter(|(of, _)| **of == medium)
            .any(|(_, set)| set.contains(partner))
    }

    /// Whether a partner wants to see an imp by its deals at all, rather than for certain ones.
    pub(super) fn wants_any_deal(&self, partner: usize) -> bool {
        self.deals.open.contains(partner)
    }

    /// Whether a partner wants this deal.
    pub(super) fn wants_deal(&self, partner: usize, deal: &str) -> bool {
        let wanting = self.deals.by_value.get(deal);
        self.wants_any_deal(partner) || wanting.is_some_and(|set| set.contains(partner))
    }
}

impl<V: Eq + Hash> Wanted<V> {
    fn compile<W: IntoIterator<Item = V>>(
        count: usize,
        wants: impl ExactSizeIterator<Item = W>,
    ) -> Self {
        let mut open = PartnerSet::none(count);
        let mut by_value: HashMap<V, PartnerSet> = HashMap::new();
        for (partner, values) in wants.enumerate() {
            let mut says_nothing = true;
            for value in values {
                says_nothing = false;
                by_value
                    .entry(value)
                    .or_insert_with(|| PartnerSet::none(count))
                    .insert(partner);
            }
            if says_nothing {
                open.insert(partner);
            }
        }
        Self { open, by_value }
    }

    fn is_open(&self) -> bool {
        self.by_value.is_empty()
    }

    /// Keeps who leaves the dimension open or wants one of the values; `fitting` is scratch memory.
    fn narrow<Q>(&self, set: &mut PartnerSet, fitting: &mut PartnerSet, values: &[&Q])
    where
        V: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if self.is_open() {
            return;
        }
        fitting.copy_from(&self.open);
        for wanting in values.iter().filter_map(|value| self.by_value.get(*value)) {
            fitting.add(wanting);
        }
        set.keep(fitting);
    }
}

impl<V: Eq + Hash> Default for Wanted<V> {
    fn default() -> Self {
        Self {
            open: PartnerSet::default(),
            by_value: HashMap::new(),
        }
    }
}

impl Listed {
    fn is_open(&self) -> bool {
        self.allowed.is_open() && self.blocked.is_empty()
    }

    fn narrow(&self, set: &mut PartnerSet, fitting: &mut PartnerSet, names: &[&str]) {
        self.allowed.narrow(set, fitting, names);
        for blocking in names.iter().filter_map(|name| self.blocked.get(*name)) {
            set.remove(blocking);
        }
    }
}

/// The domain, bundle and publisher of the inventory, as the request names them.
fn inventory<'r>(
    request: &'r BidRequest<'_>,
) -> (Option<&'r str>, Option<&'r str>, Option<&'r str>) {
    let (site, app, dooh) = (
        request.site.as_deref(),
        request.app.as_deref(),
        request.dooh.as_deref(),
    );
    let of_site = site.and_then(|site| site.domain.as_deref());
    let of_dooh = dooh.and_then(|dooh| dooh.domain.as_deref());
    let publisher = site
        .and_then(|site| site.publisher.as_deref())
        .or_else(|| app.and_then(|app| app.publisher.as_deref()))
        .or_else(|| dooh.and_then(|dooh| dooh.publisher.as_deref()));
    (
        of_site.or(of_dooh).and_then(domain::normalise),
        app.and_then(|app| app.bundle.as_deref()),
        publisher.and_then(|publisher| publisher.id.as_deref()),
    )
}

/// A domain and each domain above it.
fn with_parents(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name| {
        name.split_once('.').map(|(_, rest)| rest)
    })
}

fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) || !name.is_ascii() {
        Cow::Owned(name.to_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// A listed domain in the form that requests are compared in; what is no domain is nobody's.
fn comparable(listed: &str) -> String {
    domain::normalise(listed).map_or_else(String::new, |name| lower_case(name).into_owned())
}

/// The sides of a size such as `300x250`; what is no size fits nothing.
fn sides(size: &str) -> (i32, i32) {
    let sides = size.split_once('x').and_then(|(w, h)| {
        let sides = (w.parse().ok()?, h.parse().ok()?);
        (sides.0 > 0 && sides.1 > 0).then_some(sides)
    });
    sides.unwrap_or((i32::MAX, i32::MAX))
}

/// The values of `devicetype` that a listed one stands for: what may be a phone or a tablet is either.
fn kinds(listed: i32) -> &'static [i32] {
    match DeviceType(listed) {
        DeviceType::MOBILE_OR_TABLET => &[1, 4, 5],
        DeviceType::PHONE => &[1, 4],
        DeviceType::TABLET => &[1, 5],
        DeviceType::PERSONAL_COMPUTER => &[2],
        DeviceType::CONNECTED_TV => &[3],
        DeviceType::CONNECTED_DEVICE => &[6],
        DeviceType::SET_TOP_BOX => &[7],
        DeviceType::OUT_OF_HOME => &[8],
        // Not a value of the standard.
        _ => &[i32::MIN],
    }
}

/// Whether no size can be told, or any can be made to fit (C-71).
fn is_of_any_size(banner: &Banner<'_>) -> bool {
    let flexible = banner
        .format
        .iter()
        .any(|f| f.wratio.zip(f.hratio).is_some());
    flexible || size::sizes(banner).next().is_none()
}
