//! A record's parts as JSON, written by hand: half of all auctions leave one, and serde took more time for it than
//! settling them. What is written is what serde would write, byte for byte; serde reads it.

use std::borrow::Cow;

use openrtb::JsonWriter;
use recording::{Body, Part, Serialized};
use units::CpmMicros;

use super::outcome::{Judgement, Outcome, Replied, Won};
use super::seen::{Answer, Said, Seen, SeenSeller};

impl Part for Outcome<'_> {
    fn write_to(&self, out: &mut Vec<u8>) -> bool {
        let mut json = Json(JsonWriter::new(out));
        json.0.begin_object();
        json.text("currency", self.currency.as_str());
        json.list("asked", &self.asked, |json, asked| {
            json.text("dsp", &asked.dsp);
            json.count("budget_ms", asked.budget_ms);
            json.size("body", asked.body);
            json.size("imps", asked.imps);
        });
        json.list("not_asked", &self.not_asked, |json, passed| {
            json.text("dsp", &passed.dsp);
            json.text("reason", &passed.reason);
        });
        json.0.plain_key("bodies");
        json.0.texts(self.bodies.iter().map(String::as_str));
        json.list("replies", &self.replies, replied);
        json.list("bids", &self.bids, judgement);
        json.0.plain_key("winners");
        json.0.integers(self.winners.iter().map(|bid| signed(*bid)));
        let mut is_whole = true;
        if !self.pods.is_empty() {
            is_whole = json.by_serde("pods", &self.pods);
        }
        json.count("rates", self.rates);
        json.truth("is_test", self.is_test);
        json.truth("is_provisional", self.is_provisional);
        json.0.end_object();
        is_whole
    }
}

impl Part for Seen<'_> {
    fn write_to(&self, out: &mut Vec<u8>) -> bool {
        let mut json = Json(JsonWriter::new(out));
        json.0.begin_object();
        let mut is_whole = json.by_serde("auction", &self.auction);
        json.integer("at", self.at.0);
        json.integer("catalog", i64::try_from(self.catalog).unwrap_or(i64::MAX));
        json.count("rates", self.rates);
        json.0.plain_key("seller");
        is_whole &= seller(&mut json, &self.seller);
        json.count("tmax_ms", self.tmax_ms);
        json.count("remaining_ms", self.remaining_ms);
        json.list("admissions", &self.admissions, |json, admission| {
            json.size("partner", admission.partner);
            if let Some(network_ms) = admission.network_ms {
                json.count("network_ms", network_ms);
            }
            json.text_opt("not_asked", &admission.not_asked);
        });
        json.list("answers", &self.answers, answer);
        if !self.matches.is_empty() {
            is_whole &= json.by_serde("matches", &self.matches);
        }
        json.truth("is_whole", self.is_whole);
        json.size("request", length(&self.request));
        json.0.end_object();
        is_whole
    }
}

fn seller(json: &mut Json<'_>, seller: &SeenSeller) -> bool {
    json.0.begin_object();
    json.text("sid", &seller.sid);
    json.truth("is_owner", seller.is_owner);
    json.0.text_opt("account", seller.account.as_deref());
    json.0.text_opt("placement", seller.placement.as_deref());
    let fee = seller.fee.is_none_or(|fee| json.by_serde("fee", &fee));
    if let Some(currency) = seller.payout_currency {
        json.text("payout_currency", currency.as_str());
    }
    json.0.end_object();
    fee
}

fn answer(json: &mut Json<'_>, answer: &Answer<'_>) {
    json.size("ask", answer.ask);
    json.0.plain_key("said");
    let named = match &answer.said {
        Said::Body(body) => {
            json.0.begin_object();
            json.size("body", length(body));
            json.0.end_object();
            return;
        }
        Said::Bytes(digits) => {
            json.0.begin_object();
            json.text("bytes", digits);
            json.0.end_object();
            return;
        }
        Said::NoContent => "no_content",
        Said::TimedOut => "timed_out",
        Said::Shed => "shed",
        Said::Failed => "failed",
    };
    json.0.text_value(named);
}

fn replied(json: &mut Json<'_>, replied: &Replied<'_>) {
    json.text("dsp", &replied.dsp);
    json.text("status", &replied.status);
    json.size("bids", replied.bids);
    if let Some(nbr) = replied.nbr {
        json.integer("nbr", i64::from(nbr));
    }
}

fn judgement(json: &mut Json<'_>, judged: &Judgement<'_>) {
    json.text("dsp", &judged.dsp);
    json.text_opt("seat", &judged.seat);
    json.text("id", &judged.id);
    json.text("imp", &judged.imp);
    json.micros_opt("price", judged.price);
    json.text("currency", judged.currency.as_str());
    json.micros_opt("floor", judged.floor);
    if let Some(win) = &judged.won {
        json.0.plain_key("won");
        json.0.begin_object();
        won(json, win);
        json.0.end_object();
    }
    if let Some(lost) = &judged.lost {
        json.0.plain_key("lost");
        json.0.begin_object();
        json.integer("code", i64::from(lost.code));
        json.text("reason", &lost.reason);
        json.micros_opt("minimum_to_win", lost.minimum_to_win);
        json.0.end_object();
    }
}

fn won(json: &mut Json<'_>, won: &Won<'_>) {
    json.integer("clearing", won.clearing.micros());
    json.micros_opt("discount", won.discount);
    json.integer("price", won.price.micros());
    json.integer("answer_price", won.answer_price.micros());
    json.integer("minimum_to_win", won.minimum_to_win.micros());
    if let Some(share) = won.discount_share {
        json.integer("discount_share", share.millionths());
    }
    if let Some(slot) = won.slot {
        json.count("slot", slot);
    }
    if let Some(paid) = won.payout {
        json.0.plain_key("payout");
        json.0.begin_object();
        json.integer("gross", paid.gross.0);
        json.integer("fee", paid.fee.0);
        json.text("currency", paid.currency.as_str());
        json.0.end_object();
    }
    json.text("tier", &won.tier);
}

fn length(body: &Body<'_>) -> usize {
    match body {
        Body::Bytes(bytes) => bytes.len(),
        Body::Awaited(length) => *length,
    }
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// Members of a program's own names.
struct Json<'o>(JsonWriter<'o>);

impl Json<'_> {
    fn text(&mut self, name: &'static str, value: &str) {
        self.0.plain_key(name);
        self.0.text_value(value);
    }

    fn text_opt(&mut self, name: &'static str, value: &Option<Cow<'_, str>>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    fn integer(&mut self, name: &'static str, value: i64) {
        self.0.plain_key(name);
        self.0.integer_value(value);
    }

    fn count(&mut self, name: &'static str, value: u32) {
        self.integer(name, i64::from(value));
    }

    fn size(&mut self, name: &'static str, value: usize) {
        self.integer(name, signed(value));
    }

    fn micros_opt(&mut self, name: &'static str, value: Option<CpmMicros>) {
        if let Some(value) = value {
            self.integer(name, value.micros());
        }
    }

    fn truth(&mut self, name: &'static str, value: bool) {
        self.0.plain_key(name);
        self.0.raw_value(if value { "true" } else { "false" });
    }

    fn list<T>(&mut self, name: &'static str, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.0.plain_key(name);
        self.0.begin_array();
        for item in items {
            self.0.begin_object();
            write(self, item);
            self.0.end_object();
        }
        self.0.end_array();
    }

    /// A member that is seldom there, or of a type that knows alone how it is written.
    fn by_serde(&mut self, name: &'static str, value: &impl serde::Serialize) -> bool {
        let mut is_written = false;
        self.0.plain_key(name);
        self.0
            .value(|out| is_written = Serialized(value).write_to(out));
        is_written
    }
}

#[cfg(test)]
mod tests {
    use contracts::matches::{Match, Matches};
    use exchange_core::pods::Worth;
    use proptest::prelude::*;
    use units::{AuctionId, Currency, Multiplier, Nanos, UnixMillis};

    use super::super::outcome::{Asked, Lost, Paid, Passed, Pod};
    use super::super::seen::Admission;
    use super::super::{SeenSeller, Settings};
    use super::*;

    fn written(part: &impl Part) -> String {
        let mut out = Vec::new();
        assert!(part.write_to(&mut out));
        String::from_utf8(out).unwrap()
    }

    /// They stand once in a file, not in a record.
    fn settings() -> Settings {
        let none = std::iter::empty();
        let config = service::config::load("exchange", crate::Config::DEFAULTS, None, none, &[]);
        Settings::of(&config.unwrap())
    }

    fn text() -> impl Strategy<Value = Cow<'static, str>> {
        "\\PC{0,6}|[\"\\\\\\n\\x01]{1,3}".prop_map(Cow::Owned)
    }

    fn micros() -> impl Strategy<Value = CpmMicros> {
        (0..=CpmMicros::MAX.micros()).prop_map(|it| CpmMicros::new(it).unwrap())
    }

    fn bid() -> impl Strategy<Value = Judgement<'static>> {
        let names = (text(), prop::option::of(text()), text(), text());
        let prices = (prop::option::of(micros()), prop::option::of(micros()));
        let won = (
            micros(),
            prop::option::of(micros()),
            any::<i64>(),
            any::<Option<u32>>(),
        );
        let won = won.prop_map(|(price, discount, nanos, slot)| Won {
            clearing: price,
            discount,
            price,
            answer_price: price,
            minimum_to_win: price,
            discount_share: slot.and(Multiplier::new(7)),
            slot,
            payout: discount.map(|_| Paid {
                gross: Nanos(nanos),
                fee: Nanos(nanos),
                currency: Currency::USD,
            }),
            tier: "open".into(),
        });
        let lost = (any::<u16>(), text(), prop::option::of(micros()));
        let lost = lost.prop_map(|(code, reason, minimum_to_win)| Lost {
            code,
            reason,
            minimum_to_win,
        });
        let ends = (prop::option::of(won), prop::option::of(lost));
        (names, prices, ends).prop_map(|((dsp, seat, id, imp), (price, floor), (won, lost))| {
            Judgement {
                dsp,
                seat,
                id,
                imp,
                price,
                currency: Currency::USD,
                floor,
                won,
                lost,
            }
        })
    }

    proptest! {
        #[test]
        fn an_outcome_is_written_as_serde_would(
            bids in prop::collection::vec(bid(), 0..3),
            name in text(),
            numbers in prop::collection::vec(any::<u32>(), 0..3),
            truths in any::<(bool, bool, bool)>(),
        ) {
            let outcome = Outcome {
                currency: Currency::USD,
                asked: numbers.iter().map(|it| Asked {
                    dsp: name.clone(),
                    budget_ms: *it,
                    body: 1,
                    imps: 2,
                }).collect(),
                not_asked: vec![Passed { dsp: name.clone(), reason: "qps".into() }],
                bodies: numbers.iter().map(|it| format!("{it:x}")).collect(),
                replies: numbers.iter().map(|it| Replied {
                    dsp: name.clone(),
                    status: "no_bid".into(),
                    bids: 3,
                    nbr: truths.0.then_some(i32::try_from(*it % 500).unwrap()),
                }).collect(),
                bids,
                winners: vec![0; numbers.len()],
                pods: if truths.1 {
                    vec![Pod { ads: vec![1], worth: Worth::default(), steps: 2, exact: true }]
                } else {
                    Vec::new()
                },
                rates: 4,
                is_test: truths.1,
                is_provisional: truths.2,
            };
            prop_assert_eq!(written(&outcome), serde_json::to_string(&outcome).unwrap());
        }

        #[test]
        fn what_was_seen_is_written_as_serde_would(
            name in text(),
            bytes in prop::collection::vec(any::<u8>(), 0..9),
            numbers in any::<(u32, u32, u16)>(),
            truths in any::<(bool, bool)>(),
        ) {
            let named = || truths.0.then(|| name.clone().into_owned());
            let said = [
                Said::Body(Body::Bytes(Cow::Owned(bytes.clone()))), Said::Bytes(name.clone().into_owned()),
                Said::NoContent, Said::TimedOut, Said::Shed, Said::Failed,
            ];
            let seen = Seen {
                auction: AuctionId::new(UnixMillis(7), [9; 10]),
                at: UnixMillis(i64::from(numbers.0)),
                catalog: u64::from(numbers.1),
                rates: numbers.0,
                seller: Cow::Owned(SeenSeller {
                    sid: name.clone().into_owned(),
                    is_owner: truths.1,
                    account: named(),
                    placement: named(),
                    fee: truths.0.then_some(Multiplier::ONE),
                    payout_currency: truths.1.then_some(Currency::USD),
                }),
                settings: Cow::Owned(settings()),
                tmax_ms: numbers.0,
                remaining_ms: numbers.1,
                admissions: vec![
                    Admission { partner: 1, network_ms: Some(numbers.0), not_asked: None },
                    Admission { partner: 2, network_ms: None, not_asked: Some(name.clone()) },
                ],
                answers: said.into_iter().enumerate().map(|(ask, said)| Answer { ask, said }).collect(),
                matches: Matches(truths.0.then(|| Match {
                    partner: "p".into(),
                    uid: name.as_ref().into(),
                    until: UnixMillis(3),
                }).into_iter().collect()),
                is_whole: truths.1,
                request: Body::Awaited(usize::from(numbers.2)),
            };
            prop_assert_eq!(written(&seen), serde_json::to_string(&seen).unwrap());
        }
    }
}
