//! Signed URLs: what the seller calls when the bid wins, is billed, or loses (money.md, "The notice token").

use contracts::notice::{BillOn, KeyRing, NoticeClaims, NoticeKind};
use units::Currency;

use super::{Accepted, Reply};
use crate::market::Item;

/// Who sends bid requests.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Source {
    /// Its name, in tokens and reports.
    pub name: String,
    /// Which of its calls bills.
    pub bill_on: BillOn,
    /// Whether a loss notice of it is final, so that caps are freed.
    pub loss_is_final: bool,
}

/// The tokens of one bid.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) win: String,
    pub(crate) bill: String,
    pub(crate) loss: String,
    pub(crate) impression: String,
    pub(crate) click: String,
    pub(crate) view: String,
}

impl Tokens {
    /// Signs all tokens of a bid.
    pub(crate) fn sign(&mut self, ring: &KeyRing, mut claims: NoticeClaims) {
        let kinds = [
            (NoticeKind::Win, &mut self.win),
            (NoticeKind::Bill, &mut self.bill),
            (NoticeKind::Loss, &mut self.loss),
            (NoticeKind::Impression, &mut self.impression),
            (NoticeKind::Click, &mut self.click),
            (NoticeKind::View, &mut self.view),
        ];
        for (kind, token) in kinds {
            claims.kind = kind;
            token.clear();
            claims.sign(ring, token);
        }
    }
}

/// Everything that decides what is billed.
pub(crate) fn claims(reply: &Reply<'_>, bid: &Accepted<'_>, item: &Item) -> NoticeClaims {
    let Accepted { imp, choice } = bid;
    let currency = reply.opportunity.currency;
    let rates = &reply.market.rates;
    let rate = |currency: Currency| rates.per_usd(currency).unwrap_or(1_000_000_000);
    let creative = reply.market.creative(choice.candidate.creative);
    NoticeClaims {
        kind: NoticeKind::Win,
        reservation: choice.reservation.id(),
        bid: choice.bid,
        source: reply.source.name.clone(),
        bill_on: reply.source.bill_on,
        campaign: item.campaign.clone(),
        line_item: item.id.clone(),
        creative: creative.map_or_else(|| "".into(), |it| it.id().clone()),
        auction: reply.auction,
        imp: imp.id.to_owned(),
        max_cost: choice.reservation.cost(),
        price: choice.candidate.price,
        currency,
        rate_id: rates.id,
        rate_from: rate(currency),
        rate_to: rate(item.currency),
        quantity: imp.quantity,
        settle_by: choice.reservation.settle_by(),
        test: reply.opportunity.test,
        user: reply
            .user
            .filter(|_| !item.caps.is_empty())
            .map(str::to_owned),
    }
}

/// Appends a notice's URL with the macros that every exchange fills in (B-51).
pub(crate) fn push_notice(public_url: &str, path: &str, token: &str, out: &mut String) {
    crate::template::push_url(public_url, path, token, out);
    out.push_str("&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}");
    if path == LOSS {
        out.push_str("&loss=${AUCTION_LOSS}");
    }
    if path != BILL {
        out.push_str("&mtw=${AUCTION_MIN_TO_WIN}");
    }
}

/// Path of the win notice.
pub(crate) const WIN: &str = "/win-notice";
/// Path of the billing notice.
pub(crate) const BILL: &str = "/billing-notice";
/// Path of the loss notice.
pub(crate) const LOSS: &str = "/loss-notice";
