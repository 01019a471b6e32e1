//! Signed URLs: what the seller calls when the bid wins, is billed, or loses (money.md, "The notice token").

use contracts::notice::{BillOn, KeyRing, NoticeDraft, NoticeKind, NoticePayload};
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
    /// Whether it shows only creatives that it has approved itself.
    #[serde(default)]
    pub reviews_creatives: bool,
}

impl Source {
    /// Its name, where it shows only creatives that it has approved itself.
    #[must_use]
    pub fn reviewer(&self) -> Option<&str> {
        self.reviews_creatives.then_some(&*self.name)
    }
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
    payload: NoticePayload,
}

impl Tokens {
    /// Signs all tokens of a bid.
    pub(crate) fn sign(&mut self, ring: &KeyRing, draft: &NoticeDraft<'_>) {
        self.payload.set(draft);
        let kinds = [
            (NoticeKind::Win, &mut self.win),
            (NoticeKind::Bill, &mut self.bill),
            (NoticeKind::Loss, &mut self.loss),
            (NoticeKind::Impression, &mut self.impression),
            (NoticeKind::Click, &mut self.click),
            (NoticeKind::View, &mut self.view),
        ];
        for (kind, token) in kinds {
            token.clear();
            self.payload.sign(kind, ring, token);
        }
    }
}

/// Everything that decides what is billed.
pub(crate) fn draft<'a>(
    reply: &Reply<'a>,
    bid: &'a Accepted<'_>,
    item: &'a Item,
) -> NoticeDraft<'a> {
    let Accepted { imp, choice } = bid;
    let currency = reply.opportunity.currency;
    let rates = &reply.market.rates;
    let rate = |currency: Currency| rates.per_usd(currency).unwrap_or(1_000_000_000);
    let creative = reply.market.creative(choice.candidate.creative);
    NoticeDraft {
        reservation: choice.reservation.id(),
        bid: choice.bid,
        source: &reply.source.name,
        bill_on: reply.source.bill_on,
        campaign: item.campaign.as_str(),
        line_item: item.id.as_str(),
        creative: creative.map_or("", |it| it.id().as_str()),
        auction: reply.auction,
        imp: imp.id,
        max_cost: choice.reservation.cost(),
        price: choice.candidate.price,
        currency,
        rate_id: rates.id,
        rate_from: rate(currency),
        rate_to: rate(item.currency),
        quantity: imp.quantity,
        settle_by: choice.reservation.settle_by(),
        test: reply.opportunity.test,
        user: reply.user.filter(|_| !item.caps.is_empty()),
        arm: choice
            .candidate
            .arm
            .and_then(|it| item.options.arm_name(it)),
    }
}

/// Appends a notice's URL with the macros that every exchange fills in (B-51).
pub(crate) fn push_notice(public_url: &str, path: &str, token: &str, out: &mut Vec<u8>) {
    crate::template::push_url(public_url, path, token, out);
    out.extend_from_slice(b"&price=${AUCTION_PRICE}&cur=${AUCTION_CURRENCY}");
    if path == LOSS {
        out.extend_from_slice(b"&loss=${AUCTION_LOSS}");
    }
    if path != BILL {
        out.extend_from_slice(b"&mtw=${AUCTION_MIN_TO_WIN}");
    }
}

/// Path of the win notice.
pub(crate) const WIN: &str = "/win-notice";
/// Path of the billing notice.
pub(crate) const BILL: &str = "/billing-notice";
/// Path of the loss notice.
pub(crate) const LOSS: &str = "/loss-notice";
