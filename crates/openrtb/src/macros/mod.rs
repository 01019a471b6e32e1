//! Substitution macros in notice URLs and markup (OpenRTB 2.6 §4.4, X-94 to X-99).
//!
//! One linear pass: inserted values are not scanned again, unknown `${…}` stay as they are.

mod click;
mod encode;
mod price;
mod vast;

use crate::enums::LossReason;
use base64::Engine as _;
pub use click::expand_click;
pub use encode::percent_encode;
pub use price::{Iv, PriceError, PriceKeyError, PriceKeys};
use units::{CpmMicros, Currency, Multiplier, UnixMillis};
pub use vast::{VastValues, expand_vast};

/// What the macros stand for; an absent value becomes the empty text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Values<'v> {
    /// `${AUCTION_ID}`: the request's id as this bidder was sent it.
    pub auction_id: Option<&'v str>,
    /// `${AUCTION_BID_ID}`: the response's `bidid`, not the bid's id.
    pub bid_id: Option<&'v str>,
    /// `${AUCTION_IMP_ID}`: the impression's id.
    pub imp_id: Option<&'v str>,
    /// `${AUCTION_SEAT_ID}`: the seat.
    pub seat_id: Option<&'v str>,
    /// `${AUCTION_AD_ID}`: the bid's `adid`, not its `crid`.
    pub ad_id: Option<&'v str>,
    /// `${AUCTION_PRICE}`: clearing CPM after discount, in the bid's currency.
    pub price: Option<CpmMicros>,
    /// The price as the recipient's [`PriceKeys`] encrypted it: goes in wherever the price would,
    /// which is then nowhere readable.
    pub encrypted_price: Option<&'v str>,
    /// `${AUCTION_CURRENCY}`: the bid's currency.
    pub currency: Option<Currency>,
    /// `${AUCTION_MBR}`: clearing price divided by bid price.
    pub market_bid_ratio: Option<Multiplier>,
    /// `${AUCTION_LOSS}`: why the bid lost, 0 for winners.
    pub loss: Option<LossReason>,
    /// `${AUCTION_MIN_TO_WIN}`: the price that would have tied.
    pub min_to_win: Option<CpmMicros>,
    /// `${AUCTION_MULTIPLIER}`: impressions won.
    pub multiplier: Option<Multiplier>,
    /// `${AUCTION_IMP_TS}`: time of the display in milliseconds since the epoch.
    pub imp_ts: Option<UnixMillis>,
    /// `${AUCTION_DISCOUNT_PCT}`: the seller's discount in percent of the bid.
    pub discount_percent: Option<Multiplier>,
    /// `${AUCTION_DISCOUNT_CPM}`: the seller's discount as CPM.
    pub discount: Option<CpmMicros>,
    /// Ids go in as they are, for partners set to `macro_encoding = "none"`.
    pub plain_ids: bool,
}

/// What the text around a macro is, which decides how ids are made harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Context {
    /// A URL as a whole, such as a notice.
    #[default]
    Url,
    /// HTML markup.
    Html,
    /// XML markup, such as VAST.
    Xml,
    /// JSON markup, such as a native response.
    Json,
}

/// How to substitute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// What the text is.
    pub context: Context,
    /// For audits and tests: a macro whose value is not known becomes the word `AUDIT`.
    pub audit: bool,
    /// `${AUCTION_PRICE}` is left for the next one in the chain.
    pub keep_price: bool,
}

/// A macro of the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Macro {
    Id,
    BidId,
    ImpId,
    SeatId,
    AdId,
    Price,
    Currency,
    Mbr,
    Loss,
    MinToWin,
    Multiplier,
    ImpTs,
    DiscountPct,
    DiscountCpm,
}

impl Macro {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "AUCTION_ID" => Self::Id,
            "AUCTION_BID_ID" => Self::BidId,
            "AUCTION_IMP_ID" => Self::ImpId,
            "AUCTION_SEAT_ID" => Self::SeatId,
            "AUCTION_AD_ID" => Self::AdId,
            "AUCTION_PRICE" => Self::Price,
            "AUCTION_CURRENCY" => Self::Currency,
            "AUCTION_MBR" => Self::Mbr,
            "AUCTION_LOSS" => Self::Loss,
            // the second spelling is in use.
            "AUCTION_MIN_TO_WIN" | "AUCTION_MINIMUM_BID_TO_WIN" => Self::MinToWin,
            "AUCTION_MULTIPLIER" => Self::Multiplier,
            "AUCTION_IMP_TS" => Self::ImpTs,
            "AUCTION_DISCOUNT_PCT" => Self::DiscountPct,
            "AUCTION_DISCOUNT_CPM" => Self::DiscountCpm,
            _ => return None,
        })
    }
}

/// What stands for a value that is not known in an audit or a test.
const AUDIT: &str = "AUDIT";

/// A value before it is made to fit its surroundings.
enum Plain<'v> {
    Id(&'v str),
    Number(String),
}

fn value<'v>(which: Macro, values: &Values<'v>) -> Option<Plain<'v>> {
    let number = |text: Option<String>| text.map(Plain::Number);
    match which {
        Macro::Id => values.auction_id.map(Plain::Id),
        Macro::BidId => values.bid_id.map(Plain::Id),
        Macro::ImpId => values.imp_id.map(Plain::Id),
        Macro::SeatId => values.seat_id.map(Plain::Id),
        Macro::AdId => values.ad_id.map(Plain::Id),
        Macro::Price => match values.encrypted_price {
            Some(text) => Some(Plain::Number(text.to_owned())),
            None => number(values.price.map(|price| price.to_string())),
        },
        Macro::Currency => number(values.currency.map(|currency| currency.to_string())),
        Macro::Mbr => number(values.market_bid_ratio.map(|ratio| ratio.to_string())),
        Macro::Loss => number(values.loss.map(|loss| loss.0.to_string())),
        Macro::MinToWin => number(values.min_to_win.map(|price| price.to_string())),
        Macro::Multiplier => number(values.multiplier.map(|factor| factor.to_string())),
        Macro::ImpTs => number(values.imp_ts.map(|time| time.0.to_string())),
        Macro::DiscountPct => number(values.discount_percent.map(|share| share.to_string())),
        Macro::DiscountCpm => number(values.discount.map(|price| price.to_string())),
    }
}

/// Whether the text has anything that looks like a macro.
#[must_use]
pub fn has_macros(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"${AUCTION_").is_some()
}

/// The names in `text` that look like the standard's macros, each with its encoding.
pub(crate) fn named(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    const OPEN: &str = "${";
    text.match_indices("${AUCTION").filter_map(move |(at, _)| {
        let rest = text.get(at + OPEN.len()..)?;
        let end = rest.bytes().take(64).position(|byte| byte == b'}')?;
        let inner = rest.get(..end)?;
        Some(match inner.split_once(':') {
            Some((name, encoding)) => (name, Some(encoding)),
            None => (inner, None),
        })
    })
}

/// Whether the standard has a macro of this name, or practice an alias.
pub(crate) fn is_known(name: &str) -> bool {
    Macro::named(name).is_some()
}

/// Appends `text` to `out` with its macros replaced.
pub fn expand(text: &str, values: &Values<'_>, options: Options, out: &mut String) {
    out.reserve(text.len());
    let mut inside_url = options.context == Context::Url;
    let mut rest = text;
    while let Some(at) = memchr::memmem::find(rest.as_bytes(), b"${") {
        let (plain, tail) = rest.split_at(at);
        out.push_str(plain);
        if options.context != Context::Url {
            inside_url = follow(plain, inside_url);
        }
        let Some(found) = Found::parse(tail) else {
            out.push_str("${");
            rest = tail.get(2..).unwrap_or_default();
            continue;
        };
        rest = tail.get(found.length..).unwrap_or_default();
        if options.keep_price && found.which == Macro::Price {
            out.push_str(tail.get(..found.length).unwrap_or_default());
        } else {
            insert(&found, values, options, inside_url, out);
        }
    }
    out.push_str(rest);
}

/// A macro at the start of a text.
struct Found<'t> {
    which: Macro,
    /// The encoding asked for behind a colon.
    encoding: Option<&'t str>,
    /// Bytes up to and with the closing brace.
    length: usize,
}

impl<'t> Found<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        /// The longest name is 26 bytes; anything much longer is no macro and not searched through.
        const LONGEST: usize = 64;
        let bytes = text.as_bytes();
        let window = bytes.get(2..bytes.len().min(LONGEST))?;
        let end = 2 + memchr::memchr(b'}', window)?;
        let inner = text.get(2..end)?;
        let (name, encoding) = match inner.split_once(':') {
            Some((name, encoding)) => (name, Some(encoding)),
            None => (inner, None),
        };
        Some(Self {
            which: Macro::named(name)?,
            encoding,
            length: end + 1,
        })
    }
}

/// Whether the text goes on inside a URL: nothing since the last delimiter, and a scheme before.
fn follow(plain: &str, inside_url: bool) -> bool {
    let delimiter = plain.rfind(|c: char| {
        c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '[' | ']' | '(' | ')' | '`')
    });
    let (tail, before) = match delimiter {
        Some(at) => (plain.get(at + 1..).unwrap_or_default(), false),
        None => (plain, inside_url),
    };
    before || tail.contains("://") || tail.contains(":\\/\\/") || tail.starts_with("//")
}

fn insert(
    found: &Found<'_>,
    values: &Values<'_>,
    options: Options,
    inside_url: bool,
    out: &mut String,
) {
    let audit = || options.audit.then(|| Plain::Number(AUDIT.to_owned()));
    let Some(plain) = value(found.which, values).or_else(audit) else {
        return;
    };
    let text = match &plain {
        Plain::Id(text) => text,
        Plain::Number(text) => text.as_str(),
    };
    match found.encoding {
        Some("B64") => base64::engine::general_purpose::STANDARD.encode_string(text, out),
        // Never the clear value where a secret was asked for.
        Some(_) => {}
        None => match plain {
            Plain::Number(_) => out.push_str(text),
            Plain::Id(_) if values.plain_ids => out.push_str(text),
            Plain::Id(_) if inside_url => percent_encode(text, out),
            Plain::Id(_) => encode::escape(text, options.context, out),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> Values<'static> {
        Values {
            auction_id: Some("a/1 &\"x"),
            bid_id: Some("bidid-1"),
            imp_id: Some("${AUCTION_PRICE}"),
            seat_id: None,
            ad_id: Some("ad.1~x_y-z"),
            price: CpmMicros::parse("1.50").ok(),
            encrypted_price: None,
            currency: Some(Currency::USD),
            market_bid_ratio: Multiplier::parse("0.75").ok(),
            loss: Some(LossReason::OUTBID),
            min_to_win: CpmMicros::parse("0.000001").ok(),
            multiplier: Multiplier::parse("14.2").ok(),
            imp_ts: Some(UnixMillis(1_700_000_000_123)),
            discount_percent: Multiplier::parse("25.0").ok(),
            discount: CpmMicros::parse("2").ok(),
            plain_ids: false,
        }
    }

    fn expanded(text: &str, options: Options) -> String {
        let mut out = String::new();
        expand(text, &values(), options, &mut out);
        out
    }

    #[test]
    fn macros_by_the_table() {
        let url = Options::default();
        let audit = Options { audit: true, ..url };
        let keep = Options {
            keep_price: true,
            ..url
        };
        let html = Options {
            context: Context::Html,
            ..url
        };
        let xml = Options {
            context: Context::Xml,
            ..url
        };
        let json = Options {
            context: Context::Json,
            ..url
        };
        let cases = [
            ("X-94", "${AUCTION_PRICE}", url, "1.5"),
            ("X-94", "${AUCTION_CURRENCY}", url, "USD"),
            ("X-94", "${AUCTION_BID_ID}", url, "bidid-1"),
            ("X-94", "${AUCTION_AD_ID}", url, "ad.1~x_y-z"),
            ("X-94", "${AUCTION_MBR}", url, "0.75"),
            ("X-94", "${AUCTION_LOSS}", url, "102"),
            ("X-94", "${AUCTION_MULTIPLIER}", url, "14.2"),
            ("X-94", "${AUCTION_IMP_TS}", url, "1700000000123"),
            (
                "X-78",
                "${AUCTION_DISCOUNT_PCT}/${AUCTION_DISCOUNT_CPM}",
                url,
                "25/2",
            ),
            ("X-94 absent is empty", "s=${AUCTION_SEAT_ID}&", url, "s=&"),
            ("X-95 no exponent", "${AUCTION_MIN_TO_WIN}", url, "0.000001"),
            ("X-95 case", "${auction_price}", url, "${auction_price}"),
            (
                "X-95 unknown",
                "${FOO}${AUCTION_X}",
                url,
                "${FOO}${AUCTION_X}",
            ),
            (
                "X-95 ids in a URL",
                "https://x/?a=${AUCTION_ID}",
                url,
                "https://x/?a=a%2F1%20%26%22x",
            ),
            (
                "X-95 attribute",
                "<i id=\"${AUCTION_ID}\">",
                html,
                "<i id=\"a/1 &amp;&quot;x\">",
            ),
            (
                "X-95 URL in it",
                "<img src=\"https://x/${AUCTION_ID}\">",
                html,
                "<img src=\"https://x/a%2F1%20%26%22x\">",
            ),
            (
                "X-95 CDATA",
                "<![CDATA[http://x/?${AUCTION_ID}]]>${AUCTION_ID}",
                xml,
                "<![CDATA[http://x/?a%2F1%20%26%22x]]>a/1 &amp;&quot;x",
            ),
            (
                "X-95 native",
                "{\"id\":\"${AUCTION_ID}\",\"u\":\"https:\\/\\/x/${AUCTION_ID}\"}",
                json,
                "{\"id\":\"a/1 &\\\"x\",\"u\":\"https:\\/\\/x/a%2F1%20%26%22x\"}",
            ),
            ("X-96", "${AUCTION_PRICE:B64}", url, "MS41"),
            ("X-96 absent", "${AUCTION_SEAT_ID:B64}", url, ""),
            (
                "X-96 unknown algorithm",
                "p=${AUCTION_PRICE:XOR}",
                url,
                "p=",
            ),
            (
                "X-97 known or not",
                "${AUCTION_PRICE}/${AUCTION_SEAT_ID}/${AUCTION_SEAT_ID:B64}/${AUCTION_SEAT_ID:XOR}",
                audit,
                "1.5/AUDIT/QVVESVQ=/",
            ),
            ("X-99", "${AUCTION_MINIMUM_BID_TO_WIN}", url, "0.000001"),
            (
                "X-81",
                "${AUCTION_PRICE} ${AUCTION_LOSS}",
                keep,
                "${AUCTION_PRICE} 102",
            ),
            ("unfinished", "a${AUCTION_PRICE", url, "a${AUCTION_PRICE"),
            ("nested", "${${AUCTION_PRICE}}", url, "${1.5}"),
        ];
        for (id, text, options, want) in cases {
            assert_eq!(expanded(text, options), want, "{id}: {text}");
        }
    }

    #[test]
    fn x_95_a_partner_may_want_ids_as_they_are() {
        let values = Values {
            plain_ids: true,
            ..values()
        };
        let cases = [
            ("https://x/?a=${AUCTION_ID}", "https://x/?a=a/1 &\"x"),
            ("${AUCTION_IMP_ID}", "${AUCTION_PRICE}"),
            ("${AUCTION_ID:B64}", "YS8xICYieA=="),
        ];
        for (text, want) in cases {
            let mut out = String::new();
            expand(text, &values, Options::default(), &mut out);
            assert_eq!(out, want, "{text}");
        }
    }

    #[test]
    fn an_encrypted_price_is_nowhere_readable() {
        // S7
        let values = Values {
            encrypted_price: Some("YWJj-_"),
            ..values()
        };
        let mut out = String::new();
        let text = "${AUCTION_PRICE} ${AUCTION_PRICE:B64} ${AUCTION_PRICE:XOR}";
        expand(text, &values, Options::default(), &mut out);
        assert_eq!(out, "YWJj-_ WVdKai1f ");
    }

    proptest! {
        #[test]
        fn text_without_macros_stays(text in "[^$]{0,200}") {
            prop_assert_eq!(expanded(&text, Options::default()), text);
        }

        #[test]
        fn any_text_is_expanded(text in "(\\$|\\{|\\}|AUCTION_|PRICE|ID|:B64|\\PC){0,40}") {
            for context in [Context::Url, Context::Html, Context::Xml, Context::Json] {
                let _ = expanded(&text, Options { context, ..Options::default() });
            }
        }
    }
}
