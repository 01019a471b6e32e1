//! Whether a bid may take part: one rule a file, in the order of X-59.

mod ad_type;
mod advertiser;
mod advertiser_domain;
mod api;
mod app;
mod attribute;
mod banner_mime;
mod category;
mod creative_id;
mod deal;
mod declared;
mod document;
mod duration;
mod expiry;
mod floor;
mod language;
mod lists;
mod markup;
mod medium;
mod mime;
mod native;
mod notice_url;
mod price;
mod protocol;
mod review;
mod seat;
mod secure;
pub(crate) mod size;
mod slot;
mod vast;

use contracts::catalog::DemandPartner;
use openrtb::native::NativeRequest;
use openrtb::{Bid, BidRequest, Deal, Imp, Limits};
use units::{CpmMicros, Currency, RateTable, UnixMillis};

use self::document::Document;
pub use self::lists::Lists;
use crate::cause::{Cause, Format};
use crate::conditions::Conditions;
use crate::delay::UsualDelays;
use crate::floors::{self, Floor};
use crate::loss::Loss;
use crate::medium::Medium;
use crate::registry::Registry;

/// What the exchange asks of bids beyond the standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// A bid without `crid` loses with 8.
    pub creative_id_required: bool,
    /// A bid without `adomain` loses with 6, also where nothing is blocked.
    pub advertiser_domain_required: bool,
    /// Loopback URLs count as secure: the exchange runs on the browser's own machine.
    pub loopback_is_secure: bool,
    /// Bytes of a notice's URL, as the bid has it.
    pub notice_url: usize,
    /// Entries of `adomain`, `cat`, `attr` or `apis` of one bid; more lose with 3.
    pub declared: usize,
    /// Bytes beyond ASCII in all of `adomain` of one bid; more lose with 3. Only registries write names of domains
    /// otherwise, and letters of other scripts are dearer to compare.
    pub international: usize,
    /// What is believed of a response before it is refused as an error.
    pub limits: Limits,
    /// How late impressions are whose imps do not say.
    pub delays: UsualDelays,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            creative_id_required: false,
            advertiser_domain_required: false,
            loopback_is_secure: false,
            notice_url: 2_048,
            declared: 50,
            international: 128,
            limits: Limits::RESPONSE,
            delays: UsualDelays::default(),
        }
    }
}

/// One bid beside what was offered to its bidder.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// The SSP's request.
    pub request: &'c BidRequest<'c>,
    /// Its lists, ready to be looked up.
    pub lists: &'c Lists,
    /// Index in it of the imp that is bid on.
    pub number: usize,
    /// The imp.
    pub imp: &'c Imp<'c>,
    /// What it asks of native ads, where that can be read.
    pub native: Option<&'c NativeRequest<'c>>,
    /// Who bids.
    pub partner: &'c DemandPartner,
    /// The seat it bids for.
    pub seat: Option<&'c str>,
    /// `bidid` of its answer.
    pub bidid: Option<&'c str>,
    /// The bid.
    pub bid: &'c Bid<'c>,
    /// Its currency.
    pub currency: Currency,
    /// When the request arrived.
    pub at: UnixMillis,
    /// The rates of this auction.
    pub rates: &'c RateTable,
    /// The exchange's own demands.
    pub policy: &'c Policy,
    /// The seller's demands.
    pub conditions: &'c Conditions<'c>,
    /// What is known of creatives.
    pub registry: &'c Registry,
}

/// What screening found out about a bid that may take part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Admitted<'c> {
    /// Its price, in its own currency.
    pub price: CpmMicros,
    /// The floor that applied, in the bid's currency.
    pub floor: CpmMicros,
    /// Which media object it answers.
    pub medium: Medium,
    /// The ad's length in seconds, where it tells one.
    pub seconds: Option<i32>,
    /// The deal it uses.
    pub deal: Option<&'c Deal<'c>>,
}

/// Why a bid may not take part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refused {
    /// The reason.
    pub loss: Loss,
    /// What decided, where the reason alone does not tell it.
    pub cause: Option<Cause>,
}

impl From<Loss> for Refused {
    fn from(loss: Loss) -> Self {
        Self { loss, cause: None }
    }
}

impl Refused {
    const fn because(loss: Loss, cause: Cause) -> Self {
        Self {
            loss,
            cause: Some(cause),
        }
    }

    const fn format(format: Format) -> Self {
        Self::because(Loss::FormatNotAllowed, Cause::Format(format))
    }
}

/// Screens one bid: the first refusal is its reason. Cheap rules stand before those that read markup
/// only where the order of the codes allows it.
///
/// # Errors
/// The [`Refused`] of the first rule that the bid breaks.
pub fn screen<'c>(case: &Case<'c>) -> Result<Admitted<'c>, Refused> {
    let document = Document::of(case.bid);
    slot::check(case)?;
    declared::check(case)?;
    notice_url::check(case)?;
    let price = price::check(case)?;
    markup::check(case)?;
    creative_id::check(case)?;
    advertiser_domain::check(case)?;
    expiry::check(case, &document)?;
    seat::check(case)?;
    let deal = deal::check(case)?;
    let medium = medium::detect(case, &document);
    let seconds = duration::seconds(case, &document, medium);
    let floor: Floor = floors::floor(case.imp, deal, medium.ok(), seconds);
    let floor = floor::check(case, price, floor)?;
    let medium = medium?;
    medium::check(case, medium)?;
    size::check(case, medium)?;
    duration::check(case, &document, medium, seconds)?;
    vast::check(&document, medium)?;
    mime::check(case, &document, medium)?;
    banner_mime::check(case, medium)?;
    protocol::check(case, &document, medium)?;
    api::check(case, &document, medium)?;
    native::check(case, medium)?;
    advertiser::check(case)?;
    app::check(case)?;
    secure::check(case)?;
    language::check(case)?;
    category::check(case)?;
    attribute::check(case, &document, medium)?;
    ad_type::check(case, medium)?;
    review::check(case)?;
    Ok(Admitted {
        price,
        floor,
        medium,
        seconds,
        deal,
    })
}

/// Whether a bid may turn out to be for the imp's native object, so that what that asks for must be known.
pub(crate) fn may_be_native(imp: &Imp<'_>, bid: &Bid<'_>) -> bool {
    imp.native.is_some() && medium::may_be(imp, bid, Medium::Native)
}

/// The floor of a bid that lost by it, in the bid's currency.
#[must_use]
pub fn floor_of(case: &Case<'_>) -> Option<CpmMicros> {
    let deal = deal::check(case).ok()?;
    let document = Document::of(case.bid);
    let medium = medium::detect(case, &document);
    let seconds = duration::seconds(case, &document, medium);
    let floor = floors::floor(case.imp, deal, medium.ok(), seconds);
    case.rates
        .convert_price(floor.price, floor.currency, case.currency)
}
