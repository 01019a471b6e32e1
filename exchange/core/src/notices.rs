//! Which URLs of a DSP are called for a bid, with which values.

use std::borrow::Cow;

use contracts::notice::SellClaims;
use openrtb::enums::LossReason;
use openrtb::macros::{self, Context, Options, Values};
use units::{Multiplier, UnixMillis};

use crate::auction::{Fate, Judged, Plan};
use crate::clearing::Discount;
use crate::payout;

/// Bytes of a notice's URL with its macros filled in: no more fits in a token.
pub const LONGEST_URL: usize = SellClaims::LONGEST_URL;

/// How macros in such a URL are filled in.
const AS_URL: Options = Options {
    context: Context::Url,
    audit: false,
    keep_price: false,
};

/// The values of the macros for a bid and its fate.
#[must_use]
pub fn values<'v>(plan: &'v Plan<'_>, judged: &'v Judged<'_>) -> Values<'v> {
    let request = &plan.intake.request;
    let imp = judged.imp.and_then(|imp| request.imp.get(imp));
    let shared = Values {
        auction_id: Some(&plan.request_id),
        bid_id: judged.bidid.as_deref(),
        imp_id: Some(judged.bid.impid()),
        seat_id: judged.seat.as_deref(),
        ad_id: judged.bid.adid.as_deref(),
        currency: Some(judged.currency),
        plain_ids: plan.asks.get(judged.ask).is_some_and(|ask| ask.plain_ids),
        ..Values::default()
    };
    match judged.fate {
        Fate::Won(win) => Values {
            price: Some(win.price),
            discount_percent: win.discount.and_then(Discount::percent),
            discount: win.discount.map(|discount| discount.amount),
            // By what the bidder pays: with its bid it finds the price that it is told.
            market_bid_ratio: ratio(win.price.micros(), judged),
            loss: Some(LossReason::WON),
            min_to_win: win.minimum_to_win,
            multiplier: payout::told_quantity(imp),
            ..shared
        },
        // Losers do not learn the price, only what would have won (S9).
        Fate::Lost {
            loss,
            minimum_to_win,
        } => Values {
            loss: Some(LossReason(i32::from(loss.code()))),
            min_to_win: minimum_to_win,
            ..shared
        },
    }
}

fn ratio(price_micros: i64, judged: &Judged<'_>) -> Option<Multiplier> {
    let bid = judged.bid.price.cpm()?.micros();
    let millionths = price_micros.checked_mul(1_000_000)?.checked_div(bid)?;
    Multiplier::new(millionths)
}

/// A notice URL with its macros replaced; `None` when the bid has none.
#[must_use]
pub fn url(template: Option<&str>, values: &Values<'_>) -> Option<String> {
    let template = template.filter(|template| !template.is_empty())?;
    let mut out = String::new();
    macros::expand(template, values, AS_URL, &mut out);
    Some(out)
}

/// What stands for the loss reason in a loss notice that an SSP has yet to send: no macro of the standard,
/// so that it survives the substitution of all others.
const LATER: &str = "${GAVEL_LOSS}";

/// The loss notice of a bid that won here and may yet lose upstream: all but the reason is known.
#[must_use]
pub fn deferred_loss_url(template: Option<&str>, values: &Values<'_>) -> Option<String> {
    url(Some(&without_loss(template?)), &without_price(values))
}

fn without_loss(template: &str) -> String {
    template.replace("${AUCTION_LOSS}", LATER)
}

/// What the SSP's winner paid is not ours to tell.
fn without_price<'v>(values: &Values<'v>) -> Values<'v> {
    Values {
        price: None,
        min_to_win: None,
        market_bid_ratio: None,
        loss: None,
        ..*values
    }
}

/// What begins the time of the display in a billing notice until there is one.
const SHOWN: &str = "${GAVEL_IMP_TS";
const IMP_TS: &str = "${AUCTION_IMP_TS";

/// The billing notice of a bid that won: all but the time of the display is known.
#[must_use]
pub fn billing_url(template: Option<&str>, values: &Values<'_>) -> Option<String> {
    url(Some(&without_display_time(template?)), values)
}

fn without_display_time(template: &str) -> Cow<'_, str> {
    if !template.contains(IMP_TS) {
        return Cow::Borrowed(template);
    }
    let mut later = template.to_owned();
    for end in ["}", ":"] {
        later = later.replace(&format!("{IMP_TS}{end}"), &format!("{SHOWN}{end}"));
    }
    Cow::Owned(later)
}

/// Whether a template's URL is longer than [`LONGEST_URL`], as a billing notice or as a loss notice for later. It is
/// written no further than that.
pub(crate) fn is_too_long(template: &str, values: &Values<'_>) -> bool {
    let exceeds = |template: &str, values: &Values<'_>| {
        let starts = template.match_indices("${").map(|(at, _)| at);
        let ends = starts.clone().chain([template.len()]);
        let mut url = String::with_capacity(LONGEST_URL);
        let mut pieces = [0].into_iter().chain(starts).zip(ends);
        // One macro after the other.
        pieces.any(|(start, end)| {
            let piece = template.get(start..end).unwrap_or_default();
            macros::expand(piece, values, AS_URL, &mut url);
            url.len() > LONGEST_URL
        })
    };
    exceeds(&without_display_time(template), values)
        || exceeds(&without_loss(template), &without_price(values))
}

/// Whether such a URL tells the time of the display.
#[must_use]
pub fn tells_display_time(url: &str) -> bool {
    url.contains(SHOWN)
}

/// Puts the time of the display into such a URL.
#[must_use]
pub fn with_display_time(url: &str, at: UnixMillis) -> String {
    let values = Values {
        imp_ts: Some(at),
        ..Values::default()
    };
    let mut out = String::with_capacity(url.len());
    let mut parts = url.split(SHOWN);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (ending, rest) = part.split_once('}').unwrap_or((part, ""));
        let name = format!("{IMP_TS}{ending}}}");
        macros::expand(&name, &values, Options::default(), &mut out);
        out.push_str(rest);
    }
    out
}

/// Puts the reason that the SSP told into such a URL; nothing told is an empty text.
#[must_use]
pub fn with_reason(url: &str, reason: Option<i32>) -> String {
    let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
    url.replace(LATER, &reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_display_is_put_in_when_there_is_one() {
        let values = Values {
            auction_id: Some("${GAVEL_IMP_TS}"),
            ..Values::default()
        };
        let at = UnixMillis(1_700_000_000_123);
        #[rustfmt::skip]
        let cases = [
            ("X-94", "https://d.example/b?ts=${AUCTION_IMP_TS}&s=${AUCTION_SEAT_ID}", "https://d.example/b?ts=1700000000123&s="),
            ("X-96", "https://d.example/b?ts=${AUCTION_IMP_TS:B64}", "https://d.example/b?ts=MTcwMDAwMDAwMDEyMw=="),
            ("X-96 unknown", "https://d.example/b?ts=${AUCTION_IMP_TS:XOR}&x=1", "https://d.example/b?ts=&x=1"),
            ("twice", "https://d.example/${AUCTION_IMP_TS}/${AUCTION_IMP_TS}", "https://d.example/1700000000123/1700000000123"),
            ("X-95 another name", "https://d.example/${AUCTION_IMP_TSX}", "https://d.example/${AUCTION_IMP_TSX}"),
            ("X-95 an id is no macro", "https://d.example/${AUCTION_ID}", "https://d.example/%24%7BGAVEL_IMP_TS%7D"),
            ("without it", "https://d.example/b", "https://d.example/b"),
        ];
        for (item, template, want) in cases {
            let before = billing_url(Some(template), &values).unwrap();
            assert_eq!(with_display_time(&before, at), want, "{item}");
            let told = template.contains("IMP_TS}") || template.contains("IMP_TS:");
            assert_eq!(tells_display_time(&before), told, "{item}");
        }
        assert_eq!(billing_url(None, &values), None);
    }

    #[test]
    fn the_reason_of_a_later_loss_is_put_in_later() {
        let values = Values {
            auction_id: Some("r-1"),
            ..Values::default()
        };
        let template =
            "https://dsp.example/loss?a=${AUCTION_ID}&r=${AUCTION_LOSS}&p=${AUCTION_PRICE}";
        let url = deferred_loss_url(Some(template), &values).unwrap();
        let done = "https://dsp.example/loss?a=r-1&r=102&p=";
        assert_eq!(with_reason(&url, Some(102)), done, "X-80");
    }
}
