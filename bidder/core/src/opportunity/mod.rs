//! What a bid request offers us: facts of the request, and per imp what may be shown.

mod facts;
mod floor;
mod imp;
mod listed;
mod native;
mod privacy;
mod stream;

pub use floor::{Floor, floor, highest_floor};
pub use imp::{BannerOffer, Flexible, Imp};
pub(crate) use listed::{Listed, covers_domain};
pub use native::{AskedAsset, AskedKind, NativeOffer};
pub use privacy::{Identity, identity, user_keys};
pub use stream::StreamOffer;

use std::borrow::Cow;

use openrtb::{BidRequest, Str};
use units::{Currency, RateTable};

use crate::no_bid::NoBid;
use crate::surroundings::Surroundings;
use crate::targeting::Terms;

/// A request that may be bid on.
#[derive(Debug)]
pub struct Opportunity<'a> {
    /// The request that was read.
    pub request: &'a BidRequest<'a>,
    /// `id`.
    pub id: &'a str,
    /// Auction type: 1 or 2.
    pub at: i32,
    /// Run, but never billed (X-79).
    pub test: bool,
    /// Currency of our bids: USD where it is allowed, else the first that can be converted to.
    pub currency: Currency,
    /// Whether the user may be recognised.
    pub identity: Identity,
    /// `device.devicetype`, 0 when unknown.
    pub device_type: i32,
    /// The source, where it shows only creatives that it has approved itself; set by whoever knows it.
    pub reviewed_by: Option<&'a str>,
    /// The imps, in their order.
    pub imps: Vec<Imp<'a>>,
    /// What is known besides the request; nothing until [`Opportunity::within`].
    pub surroundings: Surroundings<'a>,
    /// What the request blocks and allows.
    pub(crate) listed: Listed<'a>,
}

/// Least milliseconds in which an answer makes sense (B-31).
pub const LEAST_TMAX_MS: i32 = 10;

/// Whether a request itself gives less time than any answer takes (B-31).
#[must_use]
pub fn leaves_no_time(request: &BidRequest<'_>) -> bool {
    request.tmax.is_some_and(|tmax| tmax < LEAST_TMAX_MS)
}

impl<'a> Opportunity<'a> {
    /// Reads what is offered, or says why nothing can be bid on.
    ///
    /// # Errors
    /// [`NoBid`]: the request asks for what we do not understand, or leaves no time.
    pub fn read(request: &'a BidRequest<'a>, rates: &RateTable) -> Result<Self, NoBid> {
        let id = request.id.as_deref().ok_or(NoBid::InvalidRequest)?;
        let at = request.at.map_or(2, |at| at.0);
        if !matches!(at, 1 | 2) {
            return Err(NoBid::UnknownAuctionType);
        }
        let contexts = [
            request.site.is_some(),
            request.app.is_some(),
            request.dooh.is_some(),
        ];
        if contexts.into_iter().filter(|it| *it).count() > 1 {
            return Err(NoBid::ContradictoryContext);
        }
        if leaves_no_time(request) {
            return Err(NoBid::TooLittleTime);
        }
        let device = request.device.as_deref();
        if device
            .and_then(|it| it.ua.as_deref())
            .is_some_and(openrtb::is_crawler)
        {
            return Err(NoBid::Crawler);
        }
        let imps: Vec<_> = (0..)
            .zip(&request.imp)
            .filter_map(|(number, imp)| Imp::read(number, imp, request.dooh.is_some()))
            .collect();
        if imps.is_empty() {
            return Err(NoBid::InvalidRequest);
        }
        Ok(Self {
            request,
            id,
            at,
            test: request.test.unwrap_or(false),
            currency: bid_currency(&request.cur, rates).ok_or(NoBid::UnknownCurrency)?,
            identity: identity(request),
            device_type: device.and_then(|it| it.devicetype).map_or(0, |it| it.0),
            reviewed_by: None,
            imps,
            surroundings: Surroundings::default(),
            listed: Listed::of(request),
        })
    }

    /// Adds what the server found out besides the request; the request's own values win.
    #[must_use]
    pub fn within(mut self, surroundings: Surroundings<'a>) -> Self {
        if self.device_type == 0
            && let Some(found) = surroundings.device.device_type
        {
            self.device_type = found;
        }
        self.surroundings = surroundings;
        self
    }

    /// The body as far as conditions of targeting may look at it: without ids and facts of the person, where
    /// identity may not be used.
    #[must_use]
    pub fn visible<'b>(&self, body: &'b [u8], terms: &Terms) -> Cow<'b, [u8]> {
        if self.identity == Identity::Allowed || !terms.look_at_paths() {
            return Cow::Borrowed(body);
        }
        let masked = crate::record::masked(self.request, body);
        Cow::Owned(masked.unwrap_or_default().into_bytes())
    }

    /// Languages that markup may have (`wlangb` before `wlang`, C-42).
    #[must_use]
    pub fn languages(&self) -> &'a [Str<'a>] {
        if self.request.wlangb.is_empty() {
            &self.request.wlang
        } else {
            &self.request.wlangb
        }
    }
}

/// USD where it is allowed or nothing is said, else the first currency that we have a rate for (C-130, X-73).
fn bid_currency(allowed: &[Currency], rates: &RateTable) -> Option<Currency> {
    if allowed.is_empty() || allowed.contains(&Currency::USD) {
        return Some(Currency::USD);
    }
    allowed
        .iter()
        .copied()
        .find(|it| rates.per_usd(*it).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::Limits;

    fn read(body: &str) -> Result<(Currency, Identity), NoBid> {
        let (request, _) = BidRequest::read(body.as_bytes(), &Limits::REQUEST).unwrap();
        let mut rates = RateTable::default();
        rates
            .per_usd
            .insert(Currency::parse("EUR").unwrap(), 920_000_000);
        Opportunity::read(&request, &rates).map(|it| (it.currency, it.identity))
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        struct Case(&'static str, &'static str, Result<&'static str, NoBid>);
        let cases = [
            Case("C-62 at absent: 2", r#""tmax":100"#, Ok("USD")),
            Case("X-70 at 500", r#""at":500"#, Err(NoBid::UnknownAuctionType)),
            Case(
                "B-61 at 3 is for deals only",
                r#""at":3"#,
                Err(NoBid::UnknownAuctionType),
            ),
            Case("B-31", r#""tmax":9"#, Err(NoBid::TooLittleTime)),
            Case(
                "X-73 the first convertible",
                r#""cur":["XAU","EUR"]"#,
                Ok("EUR"),
            ),
            Case(
                "X-73 USD where allowed",
                r#""cur":["EUR","USD"]"#,
                Ok("USD"),
            ),
            Case(
                "B-61 currency",
                r#""cur":["XAU"]"#,
                Err(NoBid::UnknownCurrency),
            ),
            Case(
                "B-60",
                r#""device":{"ua":"Googlebot/2.1"}"#,
                Err(NoBid::Crawler),
            ),
        ];
        for Case(id, members, want) in cases {
            let body =
                format!(r#"{{"id":"1","imp":[{{"id":"1","banner":{{"w":1,"h":1}}}}],{members}}}"#);
            let got = read(&body).map(|(currency, _)| currency.to_string());
            assert_eq!(got, want.map(str::to_owned), "{id}");
        }
    }
}
