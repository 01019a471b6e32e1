//! A winner's markup as the SSP gets it: the DSP's macros replaced by us.

use std::borrow::Cow;

use openrtb::macros::{self, Context, Options, Values};

use crate::medium::Medium;

/// Replaces the macros in markup; borrowed where there are none.
#[must_use]
pub fn resolve<'m>(adm: &'m str, medium: Medium, values: &Values<'_>) -> Cow<'m, str> {
    if !macros::has_macros(adm) {
        return Cow::Borrowed(adm);
    }
    let context = match medium {
        Medium::Banner => Context::Html,
        Medium::Video | Medium::Audio => Context::Xml,
        Medium::Native => Context::Json,
    };
    let options = Options {
        context,
        ..Options::default()
    };
    let mut out = String::new();
    macros::expand(adm, values, options, &mut out);
    Cow::Owned(out)
}
