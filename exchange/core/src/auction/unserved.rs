//! Winners without markup: what their win notice brings is screened when it comes.

use contracts::catalog::DemandPartner;
use openrtb::{Bid, BidRequest, Imp, Markup, Str};
use units::{Currency, UnixMillis};

use super::judge::Judged;
use super::plan::Plan;
use super::reply::asked;
use crate::conditions::Conditions;
use crate::loss::Loss;
use crate::market::Market;
use crate::medium::Medium;
use crate::screening::{self, Case, Lists};

/// A bid that won before its markup was there, beside what it is screened by.
#[derive(Debug, Clone, Copy)]
pub struct Unserved<'u> {
    /// The SSP's request.
    pub request: &'u BidRequest<'u>,
    /// What the request lists, ready to be looked up.
    pub lists: &'u Lists,
    /// Index in it of the imp that it won.
    pub number: usize,
    /// The imp.
    pub imp: &'u Imp<'u>,
    /// Whose bid it is.
    pub partner: &'u DemandPartner,
    /// Its seat.
    pub seat: Option<&'u str>,
    /// `bidid` of its answer.
    pub bidid: Option<&'u str>,
    /// The bid.
    pub bid: &'u Bid<'u>,
    /// Its currency.
    pub currency: Currency,
    /// When the request arrived.
    pub at: UnixMillis,
}

impl Unserved<'_> {
    /// Screens it once more with the markup that its win notice brought: what could not be seen before may be
    /// insecure, of the wrong kind, or blocked. Answers what kind of markup it is.
    ///
    /// # Errors
    /// The [`Loss`] of the first rule that it breaks.
    pub fn screen(
        &self,
        market: &Market,
        conditions: &Conditions<'_>,
        markup: &str,
    ) -> Result<Medium, Loss> {
        let bid = Bid {
            adm: Some(Markup::Text(Str::from(markup))),
            ..self.bid.clone()
        };
        let native = asked(self.imp);
        let case = Case {
            request: self.request,
            lists: self.lists,
            number: self.number,
            imp: self.imp,
            native: native.as_ref(),
            partner: self.partner,
            seat: self.seat,
            bidid: self.bidid,
            bid: &bid,
            currency: self.currency,
            at: self.at,
            rates: &market.rates,
            policy: &market.policy,
            conditions,
            registry: &market.registry,
        };
        let admitted = screening::screen(&case).map_err(|refused| refused.loss)?;
        Ok(admitted.medium)
    }
}

/// Screens a winner of an auction that is being answered once more, with the markup that its win notice brought.
///
/// # Errors
/// The [`Loss`] of the first rule that it breaks.
pub fn recheck(
    plan: &Plan<'_>,
    market: &Market,
    conditions: &Conditions<'_>,
    judged: &Judged<'_>,
    markup: &str,
) -> Result<(), Loss> {
    let request = &plan.intake.request;
    let number = judged.imp.ok_or(Loss::UnknownImp)?;
    let imp = request.imp.get(number);
    let partner = market.partners.get(judged.partner);
    let (imp, partner) = imp.zip(partner).ok_or(Loss::UnknownImp)?;
    let won = Unserved {
        request,
        lists: &plan.lists,
        number,
        imp,
        partner,
        seat: judged.seat.as_deref(),
        bidid: judged.bidid.as_deref(),
        bid: &judged.bid,
        currency: judged.currency,
        at: plan.at,
    };
    won.screen(market, conditions, markup).map(|_| ())
}
