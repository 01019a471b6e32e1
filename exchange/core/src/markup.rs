//! A winner's markup as the SSP gets it: the DSP's macros replaced by us.

use std::borrow::Cow;

use openrtb::macros::{self, Context, Options, Values};

use crate::medium::Medium;

/// Replaces the macros in markup; borrowed where there are none.
#[must_use]
pub fn resolve<'m>(adm: &'m str, medium: Medium, values: &Values<'_>) -> Cow<'m, str> {
    let options = Options {
        context: context(medium),
        ..Options::default()
    };
    filled(adm, values, options)
}

/// The same for a test: nobody pays, so that what is paid is not known, and the markup must not tell its pixels
/// a price that they would count. What is not known is the word `AUDIT`.
#[must_use]
pub fn resolve_test<'m>(adm: &'m str, medium: Medium, values: &Values<'_>) -> Cow<'m, str> {
    let unpaid = Values {
        price: None,
        market_bid_ratio: None,
        min_to_win: None,
        discount_percent: None,
        discount: None,
        ..*values
    };
    let options = Options {
        context: context(medium),
        audit: true,
        ..Options::default()
    };
    filled(adm, &unpaid, options)
}

/// Markup as the review of creatives shows it: of no auction, so that every macro is the word `AUDIT`.
#[must_use]
pub fn for_review(adm: &str) -> Cow<'_, str> {
    let options = Options {
        audit: true,
        ..Options::default()
    };
    filled(adm, &Values::default(), options)
}

const fn context(medium: Medium) -> Context {
    match medium {
        Medium::Banner => Context::Html,
        Medium::Video | Medium::Audio => Context::Xml,
        Medium::Native => Context::Json,
    }
}

fn filled<'m>(adm: &'m str, values: &Values<'_>, options: Options) -> Cow<'m, str> {
    if !macros::has_macros(adm) {
        return Cow::Borrowed(adm);
    }
    let mut out = String::new();
    macros::expand(adm, values, options, &mut out);
    Cow::Owned(out)
}
