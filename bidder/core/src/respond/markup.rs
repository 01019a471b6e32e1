//! The markup of one bid, from its creative's template.

use super::{Accepted, Pages, Reply, native};
use crate::creative::Creative;
use crate::eligibility::Medium;
use crate::index::Size;
use crate::template::Filling;

/// Renders the markup into `pages.markup`; `pages.url` holds the bid's id and the tokens are signed.
pub(super) fn render(
    reply: &Reply<'_>,
    bid: &Accepted<'_>,
    creative: &Creative,
    pages: &mut Pages,
) {
    let fit = &bid.choice.candidate.fit;
    let version = fit.protocol.map_or("", |(_, version)| version);
    let Pages {
        tokens,
        markup,
        url,
        json,
    } = pages;
    markup.clear();
    let filling = Filling {
        public_url: &reply.market.public_url,
        size: fit.size.unwrap_or(Size { w: 0, h: 0 }),
        bid_id: url,
        vast_version: version,
        click: &tokens.click,
        impression: &tokens.impression,
        view: &tokens.view,
    };
    let template = match fit.medium {
        Medium::Banner => creative.banner.as_ref(),
        Medium::Video | Medium::Audio => {
            creative.vast.as_ref().map(|vast| match version.as_bytes() {
                b"4.0" => &vast.v4,
                [b'4', ..] => &vast.v41,
                _ => &vast.v2,
            })
        }
        Medium::Native => {
            if let (Some(offer), Some(assets)) = (&bid.imp.native, &creative.native) {
                json.clear();
                native::write(offer, assets, creative, &filling, json);
                markup.push_str(std::str::from_utf8(json).unwrap_or_default());
            }
            None
        }
    };
    if let Some(template) = template {
        template.fill(&filling, markup);
    }
}
