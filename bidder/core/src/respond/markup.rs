//! The markup of one bid, from its creative's template, straight into the answer.

use openrtb::JsonWriter;
use openrtb::enums::ApiFramework;

use super::{Accepted, Pages, Reply, native};
use crate::creative::{Creative, JAVASCRIPT};
use crate::eligibility::Medium;
use crate::index::Size;
use crate::opportunity::{Flexible, Imp};
use crate::template::Filling;

/// What the markup turned out to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown {
    /// A banner that follows the page's width.
    pub(super) flexible: Option<Flexible>,
    /// Who measures it does so by OMID.
    pub(super) measured: bool,
}

/// Writes `adm`; the tokens are signed.
pub(super) fn write(
    reply: &Reply<'_>,
    bid: &Accepted<'_>,
    creative: &Creative,
    id: &str,
    pages: &mut Pages,
    json: &mut JsonWriter<'_>,
) -> Shown {
    let fit = &bid.choice.candidate.fit;
    let shown = shown(bid, creative);
    let size = shown.flexible.map(|it| it.ratio).or(fit.size);
    let version = fit.protocol.map_or("", |(_, version)| version);
    let filling = Filling {
        public_url: &reply.market.public_url,
        size: size.unwrap_or(Size { w: 0, h: 0 }),
        flexible: shown.flexible.map(|it| it.least),
        bid_id: id,
        vast_version: version,
        measured: shown.measured,
        click: &pages.tokens.click,
        impression: &pages.tokens.impression,
        view: &pages.tokens.view,
    };
    let template = match fit.medium {
        Medium::Banner => creative.banner.as_ref().map(|it| &it.html),
        Medium::Video | Medium::Audio => creative.vast.as_ref().map(|it| it.document(version)),
        Medium::Native => {
            pages.json.clear();
            if let (Some(offer), Some(assets)) = (&bid.imp.native, &creative.native) {
                native::write(
                    offer,
                    assets,
                    creative,
                    &filling,
                    &mut pages.text,
                    &mut pages.json,
                );
            }
            json.text("adm", std::str::from_utf8(&pages.json).unwrap_or_default());
            None
        }
    };
    if let Some(template) = template {
        json.escaped("adm", |out| template.fill(&filling, out));
    }
    shown
}

fn shown(bid: &Accepted<'_>, creative: &Creative) -> Shown {
    let fit = &bid.choice.candidate.fit;
    let banner = bid
        .imp
        .banner
        .as_ref()
        .filter(|_| fit.medium == Medium::Banner);
    let flexible = banner
        .filter(|_| fit.size.is_none())
        .and_then(crate::opportunity::BannerOffer::flexible);
    // A banner is measured by a script, which may be what the page does not take.
    let scripts = banner.is_none_or(|it| it.banner.btype.iter().all(|it| it.0 != JAVASCRIPT));
    let measured = scripts
        && creative.declared().verification.is_some()
        && apis(bid.imp, fit.medium).contains(&ApiFramework::OMID_1);
    Shown { flexible, measured }
}

fn apis<'a>(imp: &Imp<'a>, medium: Medium) -> &'a [ApiFramework] {
    let api = match medium {
        Medium::Banner => imp.banner.as_ref().map(|it| &*it.banner.api),
        Medium::Video => imp.video.as_ref().map(|it| it.api),
        Medium::Audio => imp.audio.as_ref().map(|it| it.api),
        Medium::Native => imp.native.as_ref().map(|it| it.api),
    };
    api.unwrap_or_default()
}
