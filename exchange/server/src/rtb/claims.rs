//! What our tokens say: the price, who is paid how much, and which URL of the DSP is to be called.

use contracts::notice::{Charge, SellClaims, SellKind, SellNotice};
use exchange_core::auction::{Judged, Win};
use exchange_core::notices;
use exchange_core::payout::{self, Share};
use openrtb::Imp;
use openrtb::macros::Values;
use units::{Currency, DurationMillis, Multiplier, UnixMillis};

use super::run::Round;
use super::sale::Source;
use super::summary;
use crate::config::NO_FEE;
use crate::delivery::label;
use crate::exchange::InForce;

/// Who is paid, and our share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payout<'p> {
    /// The publisher's or the account's id.
    pub(super) seller: &'p str,
    /// The placement's id; empty for an SSP.
    pub(super) placement: &'p str,
    /// Our share of the gross.
    pub(super) fee: Multiplier,
    /// The payout's currency; `None` for the answer's.
    pub(super) currency: Option<Currency>,
    /// Whether the seller owns what it sells.
    pub(super) is_owner: bool,
    /// Macros in markup are left to the SSP.
    pub(super) keep_macros: bool,
}

/// The seller where no account is configured.
const OPEN: &str = "open";

impl<'p> Payout<'p> {
    pub(super) fn of(in_force: &'p InForce, source: &'p Source) -> Self {
        let open = Self {
            seller: OPEN,
            placement: "",
            fee: NO_FEE,
            currency: None,
            is_owner: false,
            keep_macros: false,
        };
        match source {
            Source::Placement {
                publisher,
                placement,
            } => {
                let row = in_force.publisher(publisher.as_str());
                Self {
                    seller: publisher.as_str(),
                    placement: placement.as_str(),
                    fee: row.map_or(NO_FEE, |row| row.fee),
                    currency: row.map(|row| row.currency),
                    is_owner: true,
                    ..open
                }
            }
            Source::Ssp { account, .. } => account.as_deref().map_or(open, |account| Self {
                seller: &account.id,
                fee: account.fee,
                currency: Some(account.currency),
                is_owner: account.is_owner,
                keep_macros: account.keep_macros,
                ..open
            }),
        }
    }
}

impl Payout<'_> {
    /// How the seller is paid.
    pub(super) const fn share(&self) -> Share {
        Share {
            fee: self.fee,
            currency: self.currency,
        }
    }
}

/// The claims of the impression of a winner, `ad` among those of its imp; its URL is the DSP's `burl`.
pub(super) fn impression(
    round: &Round<'_>,
    (judged, win): (&Judged<'_>, &Win),
    ad: u32,
    values: &Values<'_>,
) -> SellClaims {
    let currency = round.plan.currency;
    let rates = &round.in_force.market.rates;
    let cost = round.payout.share().of_win(round.plan, rates, judged, win);
    let partner = round.in_force.partners.get(judged.partner);
    let url = notices::billing_url(judged.bid.burl.as_deref(), values);
    let (url, refused) = allowed(round, judged, SellKind::Bill, url);
    SellClaims {
        kind: SellKind::Impression,
        auction: round.arrived.auction,
        imp: judged.bid.impid().to_owned(),
        ad,
        partner: partner.map_or_else(|| "".into(), |partner| partner.id.clone()),
        publisher: round.payout.seller.to_owned(),
        placement: round.payout.placement.to_owned(),
        price: win.answer_price,
        currency,
        gross: cost.gross,
        fee: cost.fee,
        payout_currency: cost.currency,
        url,
        expires: billable_until(round, judged),
        test: round.plan.intake.request.test(),
        provisional: is_provisional(round),
        refused,
        serves_on_win: matches!(round.arrived.source, Source::Ssp { .. })
            && judged.bid.adm().is_none(),
        charge: Some(Charge {
            amount: payout::cost(win.price, payout::quantity(imp_of(round, judged))),
            currency: judged.currency,
            rates: rates.id,
        }),
        device: summary::device(round.plan, judged.partner),
    }
}

/// Whether somebody upstream has the last word: an SSP, or whoever a browser's client bids for.
pub(super) fn is_provisional(round: &Round<'_>) -> bool {
    match round.arrived.source {
        Source::Placement { .. } => false,
        Source::Ssp { browser: true, .. } => round.settlement.is_provisional,
        Source::Ssp { browser: false, .. } => true,
    }
}

/// A notice of the SSP, with the DSP's URL for it.
pub(super) struct Notice {
    kind: SellKind,
    pub(super) url: String,
    refused: bool,
    expires: UnixMillis,
}

impl Notice {
    /// Of winning, or of losing to others.
    pub(super) fn of(
        round: &Round<'_>,
        judged: &Judged<'_>,
        kind: SellKind,
        url: Option<String>,
    ) -> Self {
        let (url, refused) = allowed(round, judged, kind, url);
        Self {
            kind,
            url,
            refused,
            expires: reported_until(round, judged),
        }
    }

    /// What its token says.
    pub(super) fn told(&self) -> SellNotice<'_> {
        SellNotice {
            kind: self.kind,
            url: &self.url,
            refused: self.refused,
            expires: self.expires,
        }
    }
}

/// A URL that may be called (S8), or the empty text; and whether there was one that may not.
fn allowed(
    round: &Round<'_>,
    judged: &Judged<'_>,
    kind: SellKind,
    url: Option<String>,
) -> (String, bool) {
    let partner = round.in_force.partners.get(judged.partner);
    match url {
        None => (String::new(), false),
        Some(url) if partner.is_some_and(|it| it.might_notify(&url)) => (url, false),
        Some(_) => {
            round.refuse(judged, label(kind));
            (String::new(), true)
        }
    }
}

fn imp_of<'r>(round: &'r Round<'_>, judged: &Judged<'_>) -> Option<&'r Imp<'r>> {
    judged
        .imp
        .and_then(|imp| round.plan.intake.request.imp.get(imp))
}

/// Until when the bid pays: as long as it says itself; where it says nothing, as long as is configured, and longer
/// where the imp says that the impression may come later.
fn billable_until(round: &Round<'_>, judged: &Judged<'_>) -> UnixMillis {
    let life = payout::promised(&judged.bid).unwrap_or_else(|| usual_life(round, judged));
    after(round, life)
}

/// Until when is taken what moves no money: notices of win and loss, clicks, views. They may come after an
/// impression of the last moment.
pub(super) fn reported_until(round: &Round<'_>, judged: &Judged<'_>) -> UnixMillis {
    let promised = payout::promised(&judged.bid).unwrap_or_default();
    after(round, usual_life(round, judged).max(promised))
}

fn usual_life(round: &Round<'_>, judged: &Judged<'_>) -> DurationMillis {
    let told = payout::expected_delay(imp_of(round, judged), round.arrived.at);
    let least = round.context.exchange.config.notice_ttl.0.as_millis();
    told.max(DurationMillis(i64::try_from(least).unwrap_or(i64::MAX)))
}

fn after(round: &Round<'_>, life: DurationMillis) -> UnixMillis {
    round.arrived.at.after(life.min(A_WEEK))
}

/// No impression is waited for longer.
const A_WEEK: DurationMillis = DurationMillis::from_secs(7 * 86_400);
