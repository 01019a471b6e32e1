//! What an auction leaves out: notices that are not called, winners that are shown nowhere.

use exchange_core::auction::Judged;
use exchange_core::notices;

use super::calls::REFUSED_HOST;
use super::records::NoticeRecord;
use super::run::Round;
use crate::delivery::MARKUP;

impl Round<'_> {
    /// Leaves a note for the record that a notice of a winner names a place that is none of its DSP's (S8).
    pub(super) fn refuse(&self, judged: &Judged<'_>, kind: &'static str) {
        self.leave_out(judged, kind, REFUSED_HOST);
    }

    /// Leaves a note that a notice is not called, and why.
    pub(super) fn leave_out(&self, judged: &Judged<'_>, kind: &'static str, why: &'static str) {
        let imp = judged.bid.impid().to_owned();
        let left_out = (kind, why, judged.partner, imp);
        self.refused.borrow_mut().push(left_out);
    }

    /// Whether a URL is longer than any that is called (R37).
    pub(super) fn is_too_long(&self, template: Option<&str>, url: &str) -> bool {
        let most = self.in_force.market.policy.notice_url;
        template.is_some_and(|template| template.len() > most) || url.len() > notices::LONGEST_URL
    }

    /// Notes in the record why winners were left out.
    pub(super) fn note_forfeits(&self) {
        let exchange = &self.context.exchange;
        for (at, outcome) in self.forfeits.take() {
            let Some(judged) = self.settlement.bids.get(at) else {
                continue;
            };
            let partner = self.in_force.partners.get(judged.partner);
            exchange.metrics.notice(MARKUP, outcome);
            let notice = NoticeRecord {
                kind: MARKUP,
                dsp: partner.map_or("", |it| it.id.as_str()),
                imp: judged.bid.impid(),
                outcome,
                at: self.arrived.at,
            };
            exchange.records.note(self.arrived.auction, &notice);
        }
    }

    /// Notes in the record what was refused.
    pub(super) fn note_refused(&self) {
        let exchange = &self.context.exchange;
        for (kind, why, partner, imp) in self.refused.take() {
            let partner = self.in_force.partners.get(partner);
            exchange.metrics.notice(kind, why);
            let notice = NoticeRecord {
                kind,
                dsp: partner.map_or("", |it| it.id.as_str()),
                imp: &imp,
                outcome: why,
                at: self.arrived.at,
            };
            exchange.records.note(self.arrived.auction, &notice);
        }
    }
}
