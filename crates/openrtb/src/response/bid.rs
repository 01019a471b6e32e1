//! One bid.

use super::Price;
use crate::enums::{
    ApiFramework, CategoryTaxonomy, CreativeAttribute, MarkupType, MediaRating, Protocol, SlotInPod,
};
use crate::json::Str;
use crate::list::List;
use crate::markup::Markup;
use crate::object::object;

object! {
    /// One bid (OpenRTB 2.6 §4.2.3).
    pub struct Bid<'a> of "OpenRTB 2.6 §4.2.3" {
        /// Id of the bid. Required.
        id: Option<Str<'a>> = "id",
        /// Id of the impression it answers. Required.
        impid: Option<Str<'a>> = "impid",
        /// CPM for one impression. Required.
        price: Price = "price",
        /// Id of an ad that is loaded already.
        adid: Option<Str<'a>> = "adid",
        /// Win notice URL.
        nurl: Option<Str<'a>> = "nurl",
        /// Billing notice URL.
        burl: Option<Str<'a>> = "burl",
        /// Loss notice URL.
        lurl: Option<Str<'a>> = "lurl",
        /// Markup, as text or, for native, as an object (C-91).
        adm: Option<Markup<'a>> = "adm",
        /// Domains of the advertiser.
        adomain: List<Str<'a>> = "adomain",
        /// Store id of the advertised application.
        bundle: Option<Str<'a>> = "bundle",
        /// URL of a sample image.
        iurl: Option<Str<'a>> = "iurl",
        /// Id of the campaign.
        cid: Option<Str<'a>> = "cid",
        /// Id of the creative.
        crid: Option<Str<'a>> = "crid",
        /// Id of the tactic.
        tactic: Option<Str<'a>> = "tactic",
        /// Taxonomy of `cat`; absent is 1.
        cattax: Option<CategoryTaxonomy> = "cattax",
        /// Categories of the creative.
        cat: List<Str<'a>> = "cat",
        /// Attributes of the creative.
        attr: Vec<CreativeAttribute> = "attr",
        /// APIs that the markup needs.
        apis: Vec<ApiFramework> = "apis",
        /// The API that the markup needs (deprecated, C-133).
        api: Option<ApiFramework> = "api",
        /// Protocol of the markup.
        protocol: Option<Protocol> = "protocol",
        /// Media rating of the creative.
        qagmediarating: Option<MediaRating> = "qagmediarating",
        /// Language of the creative, ISO 639-1.
        language: Option<Str<'a>> = "language",
        /// Language of the creative, BCP 47; excludes `language`.
        langb: Option<Str<'a>> = "langb",
        /// Id of the deal that the bid is for.
        dealid: Option<Str<'a>> = "dealid",
        /// Width in device independent pixels.
        w: Option<i32> = "w",
        /// Height in device independent pixels.
        h: Option<i32> = "h",
        /// Relative width of a flexible size.
        wratio: Option<i32> = "wratio",
        /// Relative height of a flexible size.
        hratio: Option<i32> = "hratio",
        /// Seconds that the bidder waits for the impression.
        exp: Option<i32> = "exp",
        /// Duration of the creative in seconds.
        dur: Option<i32> = "dur",
        /// Which media object is answered.
        mtype: Option<MarkupType> = "mtype",
        /// Slot of the pod that alone is wanted (B-10).
        slotinpod: Option<SlotInPod> = "slotinpod",
    }
    keeps:
        /// Whether a key that decides the bid came twice (C-31).
        doubled: bool,
}
