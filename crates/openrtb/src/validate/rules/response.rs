//! Rules of bid responses (conformance sections 7, 12 and 13).

super::table! {
    RESPONSE_ID = "response-id" Error "C-130" "OpenRTB 2.6 §4.2.1" "A response that bids has the id of its request.";
    CURRENCY = "response-cur" Error "C-28" "OpenRTB 2.6 §4.2.1" "cur is a currency of ISO 4217; without it no price has a meaning.";
    TOO_MANY_BIDS = "too-many-bids" Error "R37" "Limits" "The response holds more bids than the configuration allows; those beyond are not looked at.";
    SEAT_EMPTY = "seat-without-bids" Warning "C-130" "OpenRTB 2.6 §4.2.2" "A seatbid holds at least one bid.";
    BIDS_AND_NBR = "bids-and-nbr" Warning "C-131" "OpenRTB 2.6 §4.2.1" "nbr is the reason of a no-bid, and here are bids.";
    NO_BID = "no-bid" Notice "C-131" "OpenRTB 2.6 §7.1" "The response is a no-bid in a legal form.";
    BID_OBJECT = "bid-object" Error "C-130" "OpenRTB 2.6 §4.2.3" "A bid is an object.";
    BID_ID = "bid-id" Error "C-130" "OpenRTB 2.6 §4.2.3" "A bid has an id.";
    BID_IMP = "bid-impid" Error "C-130" "OpenRTB 2.6 §4.2.3" "A bid names the imp it answers.";
    BID_PRICE = "bid-price" Error "X-53" "OpenRTB 2.6 §4.2.3" "A bid has a price above zero; exchanges drop it with loss 9.";
    BID_ID_TWICE = "bid-id-twice" Error "X-54" "OpenRTB 2.6 §4.2.3" "Ids of bids are unique within the response.";
    NO_MARKUP = "bid-markup" Error "X-51" "OpenRTB 2.6 §4.3" "A bid brings its markup in adm, by nurl, or names a preloaded ad in adid.";
    MARKUP_TWICE = "adm-and-nurl" Notice "C-49" "OpenRTB 2.6 §4.3" "adm is served; what nurl answers is ignored.";
    MTYPE = "mtype-missing" Notice "C-132" "OpenRTB 2.6 §4.2.3" "Without mtype the exchange guesses which offer is answered.";
    OLD_MTYPE = "mtype-in-ext" Notice "C-170" "OpenRTB 2.6 Appendix B" "mtype stands in its 2.5 place; 2.6 has an attribute for it.";
    OLD_API = "api-retired" Notice "C-133" "OpenRTB 2.6 §4.2.3" "api is deprecated; apis takes its place.";
    ADVERTISER = "adomain-missing" Warning "X-42" "OpenRTB 2.6 §4.2.3" "Many exchanges drop a bid without adomain with loss 6.";
    CREATIVE_ID = "crid-missing" Warning "X-52" "OpenRTB 2.6 §4.2.3" "Many exchanges drop a bid without crid with loss 8.";
    SAMPLE_IMAGE = "iurl-cache-buster" Warning "C-133" "OpenRTB 2.6 §4.2.3" "iurl is without cache buster or macro, so that it can be stored.";
    NOTICE_HTTP = "notice-http" Notice "C-10" "OpenRTB 2.6 §2.2" "https is strongly recommended for notices.";
    NOTICE_URL = "notice-url" Warning "X-90" "OpenRTB 2.6 §4.2.3" "A notice is an absolute URL of http or https.";
    BURL_VIDEO = "burl-with-vast" Notice "X-11" "OpenRTB 2.6 §7.8" "For video and audio the Impression event of VAST is the billing event; burl is discouraged.";
    UNKNOWN_MACRO = "unknown-macro" Warning "X-95" "OpenRTB 2.6 §4.4" "The macro is none of the standard's and stays as it is.";
    MACRO_ENCODING = "macro-encoding" Warning "X-96" "OpenRTB 2.6 §4.4" "The encoding is not known and gives nothing; B64 is.";
    DURATION = "dur-range" Warning "C-81" "OpenRTB 2.6 §4.2.3" "dur is whole seconds above zero.";
    SIZE = "bid-size" Warning "C-71" "OpenRTB 2.6 §4.2.3" "A bid has both of w and h, or both of wratio and hratio, above zero.";
    EXPIRY = "exp-range" Warning "X-57" "OpenRTB 2.6 §7.2" "exp is seconds above zero.";
    VAST = "vast-unreadable" Error "C-80" "VAST 2.0 to 4.3" "The markup of a video or audio bid is VAST.";
    VAST_VERSION = "vast-version" Warning "C-80" "OpenRTB 2.6 §4.2.3" "protocol is not what the VAST document is.";
    NATIVE = "native-adm" Error "C-91" "Native 1.2 §5" "The markup of a native bid is a JSON object.";
    NATIVE_OBJECT = "native-adm-object" Notice "C-91" "OpenRTB 2.6 §6.3.4" "adm is a JSON-encoded string; an object is a habit that not all readers take.";
    NATIVE_LINK = "native-link" Error "C-92" "Native 1.2 §5.1" "A native response has link.url.";
    NATIVE_ASSET = "native-asset" Error "C-48" "Native 1.2 §5.2" "An asset has an id and is exactly one of title, img, video and data.";
    NATIVE_EVENT = "native-tracker" Warning "C-94" "Native 1.2 §5.8" "An event tracker has an event, a method, and for methods 1 and 2 a url.";
    NATIVE_TRACKER = "native-trackers-old" Notice "C-94" "Native 1.2 §5.1" "imptrackers and jstracker are deprecated; eventtrackers take their place.";
    CUSTOMDATA = "customdata-cookie" Warning "C-135" "OpenRTB 2.6 §4.2.1" "customdata is cookie-safe text.";
}
