//! Rules about the ad that would be shown, in words; those about how it is played are beside them.

use crate::declared::Declared;
use openrtb::enums::{ApiFramework, CreativeAttribute};

use super::conditions::{Subject, any_of};
use super::words::{Words, numbers, texts};
use crate::creative::{Creative, Vast};
use crate::eligibility::fit::{check_apis, check_attributes};
use crate::eligibility::{Medium, native};
use crate::index::Shape;
use crate::market::Item;
use crate::opportunity::{AskedAsset, AskedKind, Imp, StreamOffer};
use crate::targeting::listed;
use crate::vast;

pub(super) fn deal_advertiser(it: &Subject<'_, '_, '_>) -> Words {
    let domains = it.domains();
    let lists = it.situation.imp.deals.iter().map(|deal| &deal.wadomain);
    let allowed: Vec<&str> = lists.flatten().map(|it| &**it).collect();
    Words::new(
        format!("wadomain {}", listed(allowed.into_iter())),
        format!("{domains} in wadomain"),
        format!("its deal were open to {domains}"),
    )
}

pub(super) fn advertiser_blocked(it: &Subject<'_, '_, '_>) -> Words {
    let domains = it.domains();
    Words::new(
        texts(&it.request().badv),
        format!("{domains} not in badv"),
        format!("badv did not cover {domains}"),
    )
}

pub(super) fn category_blocked(it: &Subject<'_, '_, '_>) -> Words {
    let own = it.declared(|it| listed(it.categories.iter().map(String::as_str)));
    Words::new(
        texts(&it.request().bcat),
        format!("{own} not in bcat"),
        format!("bcat did not cover its categories {own}"),
    )
}

pub(super) fn category_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let own = it.declared(|it| listed(it.categories.iter().map(String::as_str)));
    let taxonomy = it.creative.map_or(1, |it| it.creative.declared().cattax);
    let asked = it.request().cattax.map_or(1, |it| it.0);
    let allowed = texts(&it.request().acat);
    if taxonomy != asked {
        return Words::new(
            format!("{allowed} of taxonomy {asked}"),
            format!("categories of taxonomy {taxonomy} in acat"),
            format!("acat were of its creative's taxonomy {taxonomy}"),
        );
    }
    Words::new(
        allowed,
        format!("all of {own} in acat"),
        format!("acat covered all its categories {own}"),
    )
}

pub(super) fn app_blocked(it: &Subject<'_, '_, '_>) -> Words {
    let own = it.declared(|it| it.bundle.as_deref().unwrap_or_default().to_owned());
    Words::new(
        texts(&it.request().bapp),
        format!("{own} not in bapp"),
        format!("bapp did not have {own}"),
    )
}

pub(super) fn language_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let allowed = texts(it.situation.opportunity.languages());
    let own = it.declared(|it| it.language.as_deref().unwrap_or_default().to_owned());
    let condition = format!("{own}, the language of its creative, were among {allowed}");
    Words::new(allowed, own, condition)
}

/// Our own review: it would have to be `wanted`.
pub(super) fn review(it: &Subject<'_, '_, '_>, wanted: &str) -> Words {
    let seen = it.declared(|it| format!("{:?}", it.review).to_lowercase());
    Words::new(seen, "approved", format!("its creative were {wanted}"))
}

pub(super) fn not_approved_there(it: &Subject<'_, '_, '_>) -> Words {
    let source = it.situation.opportunity.reviewed_by.unwrap_or_default();
    let seen = it.declared(|it| {
        let verdict = it.approvals.get(source);
        verdict.map_or_else(
            || format!("no verdict of {source}"),
            |it| format!("{it:?}").to_lowercase(),
        )
    });
    Words::new(
        seen,
        format!("approved by {source}"),
        format!("{source} had approved its creative"),
    )
}

pub(super) fn not_secure(it: &Subject<'_, '_, '_>) -> Words {
    let whose = if it.situation.trackers_are_secure {
        "its markup"
    } else {
        "our tracker URLs"
    };
    Words::new(
        format!("secure 1, and http: in {whose}"),
        "no http:",
        "its markup and our trackers were https",
    )
}

pub(super) fn interstitial_not_wanted(it: &Subject<'_, '_, '_>) -> Words {
    flag_not_wanted("instl", it.situation.imp.interstitial)
}

pub(super) fn reward_not_wanted(it: &Subject<'_, '_, '_>) -> Words {
    flag_not_wanted("rwdd", it.situation.imp.rewarded)
}

fn flag_not_wanted(name: &str, seen: bool) -> Words {
    let (seen, wanted) = (i32::from(seen), i32::from(!seen));
    Words::new(
        format!("{name} {seen}"),
        format!("{name} {wanted}, as its creative demands"),
        format!("{name} were {wanted}"),
    )
}

pub(super) fn attribute_blocked(it: &Subject<'_, '_, '_>) -> Words {
    let own = it.creative.map_or(&[][..], |it| &*it.creative.attributes);
    let refuses = |lists: &Lists<'_>| {
        let creative = it.creative?.creative;
        check_attributes(creative, lists.battr).err()
    };
    let battr = it
        .lists(|it| refuses(it).is_some())
        .map_or(&[][..], |it| it.battr);
    let blocked = battr.iter().map(|it| it.0);
    let both = numbers(
        own.iter()
            .copied()
            .filter(|it| battr.iter().any(|b| b.0 == *it)),
    );
    Words::new(
        format!("battr {}", numbers(blocked)),
        format!(
            "none of its attributes {} in battr",
            numbers(own.iter().copied())
        ),
        format!("battr did not have {both}, an attribute of its creative"),
    )
}

pub(super) fn api_not_supported(it: &Subject<'_, '_, '_>) -> Words {
    let own = it.declared(|it| numbers(it.apis.iter().copied()));
    let refuses = |lists: &Lists<'_>| {
        let creative = it.creative?.creative;
        check_apis(creative, lists.api).err()
    };
    let api = it
        .lists(|it| refuses(it).is_some())
        .map_or(&[][..], |it| it.api);
    Words::new(
        format!("api {}", numbers(api.iter().map(|it| it.0))),
        format!("{own} in api"),
        format!("api had its creative's frameworks {own}"),
    )
}

pub(super) fn ad_type_blocked(it: &Subject<'_, '_, '_>) -> Words {
    let banner = it.situation.imp.banner.as_ref();
    let blocked = banner.map_or(&[][..], |it| &it.banner.btype);
    let own = it.creative.and_then(|it| it.creative.banner.as_ref());
    let own = own.map_or(0, |it| it.kind);
    Words::new(
        format!("btype {}", numbers(blocked.iter().map(|it| it.0))),
        format!("{own}, the type of its markup, not in btype"),
        format!("btype did not have {own}, the type of its markup"),
    )
}

pub(super) fn mime_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let (seen, own) = match it.stream() {
        Some(offer) => {
            let own = it.declared(|it| vast::mime(it).to_owned());
            (texts(offer.mimes), own)
        }
        None => {
            let banner = it.situation.imp.banner.as_ref();
            let mimes = banner.map_or_else(String::new, |it| texts(&it.banner.mimes));
            let own = it.declared(|it| it.mime.as_deref().unwrap_or_default().to_owned());
            let own = if own.is_empty() {
                "text/html".to_owned()
            } else {
                format!("text/html or {own}")
            };
            (mimes, own)
        }
    };
    let condition = format!("mimes had {own}");
    Words::new(seen, own, condition)
}

pub(super) fn expansion_not_allowed(it: &Subject<'_, '_, '_>) -> Words {
    let banner = it.situation.imp.banner.as_ref();
    let seen = banner.map_or(&[][..], |it| &it.banner.expdir);
    let own = it.declared(|it| numbers(it.expands.iter().copied()));
    Words::new(
        format!("expdir {}", numbers(seen.iter().map(|it| it.0))),
        format!("{own} in expdir"),
        format!("expdir had its creative's directions {own}"),
    )
}

pub(super) fn size_not_offered(it: &Subject<'_, '_, '_>) -> Words {
    let player = it.stream().and_then(|it| it.size);
    let own = it.creative.and_then(|it| it.creative.size());
    // The player's size is wanted, and the picture has another shape.
    if let (Some(player), Some(own)) = (player, own)
        && it.item.takes_size(player)
    {
        return Words::new(
            format!("a player of {player} without bars"),
            format!("the shape of {own}"),
            format!("the player had the shape of {own}, or bars were allowed"),
        );
    }
    format_not_offered(it)
}

pub(super) fn format_not_offered(it: &Subject<'_, '_, '_>) -> Words {
    let own = shapes(it.item);
    let condition = format!("the imp offered {own}");
    Words::new(offered(it.situation.imp), own, condition)
}

/// What an imp offers, in words.
fn offered(imp: &Imp<'_>) -> String {
    let mut out = Vec::new();
    if let Some(banner) = &imp.banner {
        out.extend(banner.sizes().map(|size| format!("banner {size}")));
    }
    if let Some(video) = &imp.video {
        let size = video.size.map_or_else(String::new, |it| format!(" {it}"));
        out.push(format!("video{size}"));
    }
    let named = [
        (imp.audio.is_some(), "audio"),
        (imp.native.is_some(), "native"),
    ];
    out.extend(named.iter().filter(|it| it.0).map(|it| it.1.to_owned()));
    listed(out.iter().map(String::as_str))
}

/// What a line item can be shown as, in words.
fn shapes(item: &Item) -> String {
    let names: Vec<String> = item
        .shapes
        .iter()
        .map(|shape| match shape {
            Shape::Banner(size) => format!("banner {size}"),
            Shape::AnyBanner => "a banner of any size".to_owned(),
            Shape::Video => "video".to_owned(),
            Shape::Audio => "audio".to_owned(),
            Shape::Native => "native".to_owned(),
        })
        .collect();
    let mut own = any_of(names.iter().map(String::as_str));
    if !item.sizes.is_empty() {
        let sizes: Vec<String> = item.sizes.iter().map(ToString::to_string).collect();
        own.push_str(" in ");
        own.push_str(&any_of(sizes.iter().map(String::as_str)));
    }
    own
}

pub(super) fn position_not_wanted(it: &Subject<'_, '_, '_>) -> Words {
    let wanted = it.declared(|it| numbers(it.demands.positions.iter().copied()));
    let of_banner = || it.situation.imp.banner.as_ref()?.banner.pos.map(|it| it.0);
    let seen = it.stream().map_or_else(of_banner, |it| it.position);
    demanded("pos", seen, &wanted)
}

/// A place that its creative wants to be otherwise.
pub(super) fn demanded(name: &str, seen: Option<i32>, wanted: &str) -> Words {
    let seen = seen.map_or_else(|| "not told".to_owned(), |it| it.to_string());
    Words::new(
        format!("{name} {seen}"),
        format!("{wanted}, as its creative demands"),
        format!("{name} were {wanted}"),
    )
}

pub(super) fn assets_missing(it: &Subject<'_, '_, '_>) -> Words {
    let missing = || {
        let offer = it.situation.imp.native.as_ref()?;
        let creative = it.creative?.creative;
        let assets = creative.native.as_ref()?;
        let lacks = |asked: &&AskedAsset<'_>| {
            asked.required && native::fill(asked, assets, creative).is_none()
        };
        let names: Vec<String> = offer.assets.iter().filter(lacks).map(asset).collect();
        (!names.is_empty()).then(|| listed(names.iter().map(String::as_str)))
    };
    match missing() {
        Some(missing) => Words::new(
            format!("required: {missing}"),
            "only assets that its creative can fill",
            format!("its creative could fill {missing}"),
        ),
        None => Words::new(
            "no asset that its creative can fill",
            "one that it can",
            "its creative could fill any asset on offer",
        ),
    }
}

/// An asset that is asked for, in words.
fn asset(asked: &AskedAsset<'_>) -> String {
    let id = asked.id;
    let most = |most: Option<u32>| {
        most.map_or_else(String::new, |it| format!(" of at most {it} characters"))
    };
    match &asked.kind {
        AskedKind::Title { most: length } => format!("asset {id}, a title{}", most(*length)),
        AskedKind::Data { kind, most: length } => {
            format!("asset {id}, data {kind}{}", most(*length))
        }
        AskedKind::Image {
            kind, exact, least, ..
        } => {
            let side = |name: &str, (w, h): (Option<u32>, Option<u32>)| match (w, h) {
                (None, None) => String::new(),
                (w, h) => format!(" {name} {}x{}", w.unwrap_or(0), h.unwrap_or(0)),
            };
            let (least, exact) = (side("of at least", *least), side("of", *exact));
            let size = if least.is_empty() { exact } else { least };
            format!("asset {id}, image {kind}{size}")
        }
        AskedKind::Video { seconds, .. } => {
            let (least, most) = (seconds.0.unwrap_or(0), seconds.1);
            let most = most.map_or_else(|| "any".to_owned(), |it| it.to_string());
            format!("asset {id}, a video of {least} to {most} s")
        }
        AskedKind::Other => format!("asset {id}, of an unknown kind"),
    }
}

/// What a medium on offer does not take, and has.
pub(super) struct Lists<'a> {
    battr: &'a [CreativeAttribute],
    api: &'a [ApiFramework],
}

impl<'a> Subject<'_, 'a, '_> {
    fn domains(&self) -> String {
        let domains = self.creative.map_or(&[][..], |it| &it.creative.domains);
        listed(domains.iter().map(String::as_str))
    }

    /// What the creative declares, in words.
    pub(super) fn declared(&self, tell: impl Fn(&Declared) -> String) -> String {
        self.creative
            .map_or_else(String::new, |it| tell(it.creative.declared()))
    }

    /// The document that would be played.
    pub(super) fn document(&self) -> Option<&Vast> {
        self.creative?.creative.vast.as_deref()
    }

    /// The video or audio on offer that the creative is for, where it has no banner for the imp.
    pub(super) fn stream(&self) -> Option<&'a StreamOffer<'a>> {
        let creative = self.creative?.creative;
        let imp = self.situation.imp;
        creative.vast.as_ref()?;
        let is_for = |medium| creative.is_for(medium);
        let video = imp.video.as_ref().filter(|_| is_for(Medium::Video));
        video.or_else(|| imp.audio.as_ref().filter(|_| is_for(Medium::Audio)))
    }

    /// The lists of the first medium that the creative has a form for and which `refuses`.
    fn lists(&self, refuses: impl Fn(&Lists<'_>) -> bool) -> Option<Lists<'a>> {
        let imp = self.situation.imp;
        let creative: &Creative = self.creative?.creative;
        let banner = imp.banner.as_ref().filter(|_| creative.banner.is_some());
        let native = imp.native.as_ref().filter(|_| creative.native.is_some());
        let media = [
            banner.map(|it| Lists {
                battr: &it.banner.battr,
                api: &it.banner.api,
            }),
            self.stream().map(|it| Lists {
                battr: it.battr,
                api: it.api,
            }),
            native.map(|it| Lists {
                battr: it.battr,
                api: it.api,
            }),
        ];
        media.into_iter().flatten().find(refuses)
    }
}
