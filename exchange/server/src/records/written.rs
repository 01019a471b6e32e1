//! A record's parts as JSON, written by hand: nearly every auction that somebody wins leaves one, and serde took more
//! time for it than settling them. What is written is what serde would write, byte for byte; serde reads it.

use openrtb::JsonWriter;
use recording::{Body, Part, Serialized};
use units::CpmMicros;

use super::outcome::{Judgement, Outcome, Replied, Won};
use super::seen::{Answer, Said, Seen, SeenSeller};

impl Part for Outcome<'_> {
    fn write_to(&self, out: &mut Vec<u8>) -> bool {
        let mut json = Json::new(out);
        json.begin(b'{');
        json.text("currency", self.currency.as_str());
        json.objects("asked", &self.asked, |json, asked| {
            json.text("dsp", &asked.dsp);
            json.number("budget_ms", asked.budget_ms);
            json.number("body", asked.body);
            json.number("imps", asked.imps);
        });
        json.objects("not_asked", &self.not_asked, |json, passed| {
            json.text("dsp", &passed.dsp);
            json.text("reason", &passed.reason);
        });
        json.list("bodies", &self.bodies, |json, digest| {
            json.text_value(digest)
        });
        json.objects("replies", &self.replies, replied);
        json.objects("bids", &self.bids, judgement);
        json.list("winners", &self.winners, |json, bid| {
            json.number_value(*bid)
        });
        let mut is_whole = true;
        if !self.pods.is_empty() {
            is_whole = json.by_serde("pods", &self.pods);
        }
        json.number("rates", self.rates);
        json.truth("is_test", self.is_test);
        json.truth("is_provisional", self.is_provisional);
        json.end(b'}');
        is_whole
    }
}

impl Part for Seen<'_> {
    fn write_to(&self, out: &mut Vec<u8>) -> bool {
        let mut json = Json::new(out);
        json.begin(b'{');
        let mut is_whole = json.by_serde("auction", &self.auction);
        json.number("at", self.at.0);
        json.number("catalog", self.catalog);
        json.number("rates", self.rates);
        json.key("seller");
        is_whole &= seller(&mut json, &self.seller);
        json.number("tmax_ms", self.tmax_ms);
        json.number("remaining_ms", self.remaining_ms);
        json.objects("admissions", &self.admissions, |json, admission| {
            json.number("partner", admission.partner);
            if let Some(network_ms) = admission.network_ms {
                json.number("network_ms", network_ms);
            }
            json.text_opt("not_asked", admission.not_asked.as_deref());
        });
        json.objects("answers", &self.answers, answer);
        if !self.matches.is_empty() {
            is_whole &= json.by_serde("matches", &self.matches);
        }
        if !self.forfeits.is_empty() {
            json.objects("forfeits", &self.forfeits, |json, forfeit| {
                json.number("bid", forfeit.bid);
                json.text("reason", &forfeit.reason);
            });
        }
        json.truth("is_whole", self.is_whole);
        json.number("request", length(&self.request));
        json.end(b'}');
        is_whole
    }
}

fn seller(json: &mut Json<'_>, seller: &SeenSeller) -> bool {
    json.begin(b'{');
    json.text("sid", &seller.sid);
    json.truth("is_owner", seller.is_owner);
    json.text_opt("account", seller.account.as_deref());
    json.text_opt("placement", seller.placement.as_deref());
    let fee = seller.fee.is_none_or(|fee| json.by_serde("fee", &fee));
    if let Some(currency) = seller.payout_currency {
        json.text("payout_currency", currency.as_str());
    }
    json.end(b'}');
    fee
}

fn answer(json: &mut Json<'_>, answer: &Answer<'_>) {
    json.number("ask", answer.ask);
    json.key("said");
    let named = match &answer.said {
        Said::Body(body) => {
            json.begin(b'{');
            json.number("body", length(body));
            json.end(b'}');
            return;
        }
        Said::Bytes(digits) => {
            json.begin(b'{');
            json.text("bytes", digits);
            json.end(b'}');
            return;
        }
        Said::NoContent => "no_content",
        Said::TimedOut => "timed_out",
        Said::Shed => "shed",
        Said::Failed => "failed",
    };
    json.text_value(named);
}

fn replied(json: &mut Json<'_>, replied: &Replied<'_>) {
    json.text("dsp", &replied.dsp);
    json.text("status", &replied.status);
    json.number("bids", replied.bids);
    if let Some(nbr) = replied.nbr {
        json.number("nbr", nbr);
    }
}

fn judgement(json: &mut Json<'_>, judged: &Judgement<'_>) {
    json.text("dsp", &judged.dsp);
    json.text_opt("seat", judged.seat.as_deref());
    json.text("id", &judged.id);
    json.text("imp", &judged.imp);
    json.micros_opt("price", judged.price);
    json.text("currency", judged.currency.as_str());
    json.micros_opt("floor", judged.floor);
    if let Some(win) = &judged.won {
        json.key("won");
        json.begin(b'{');
        won(json, win);
        json.end(b'}');
    }
    if let Some(lost) = &judged.lost {
        json.key("lost");
        json.begin(b'{');
        json.number("code", lost.code);
        json.text("reason", &lost.reason);
        json.micros_opt("minimum_to_win", lost.minimum_to_win);
        json.end(b'}');
    }
}

fn won(json: &mut Json<'_>, won: &Won<'_>) {
    json.number("clearing", won.clearing.micros());
    json.micros_opt("discount", won.discount);
    json.number("price", won.price.micros());
    json.number("answer_price", won.answer_price.micros());
    json.micros_opt("minimum_to_win", won.minimum_to_win);
    if let Some(share) = won.discount_share {
        json.number("discount_share", share.millionths());
    }
    if let Some(slot) = won.slot {
        json.number("slot", slot);
    }
    if let Some(paid) = won.payout {
        json.key("payout");
        json.begin(b'{');
        json.number("gross", paid.gross.0);
        json.number("fee", paid.fee.0);
        json.text("currency", paid.currency.as_str());
        json.end(b'}');
    }
    json.text("tier", &won.tier);
    json.text_opt("forfeit", won.forfeit.as_deref());
}

fn length(body: &Body<'_>) -> usize {
    match body {
        Body::Bytes(bytes) => bytes.len(),
        Body::Awaited(length) => *length,
    }
}

/// Members of a program's own names, which need no escaping.
struct Json<'o> {
    out: &'o mut Vec<u8>,
    /// Whether the next member or item needs a comma before it.
    comma: bool,
}

impl<'o> Json<'o> {
    const fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, comma: false }
    }

    /// Opens an object or a list.
    fn begin(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    fn end(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = true;
    }

    // With its length known where it is called, a name is copied by a move or two.
    #[inline(always)]
    fn key(&mut self, name: &'static str) {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
    }

    fn text_value(&mut self, value: &str) {
        self.separate();
        JsonWriter::new(self.out).text_value(value);
    }

    fn number_value(&mut self, value: impl serde::Serialize) {
        self.separate();
        Serialized(&value).write_to(self.out);
    }

    #[inline(always)]
    fn text(&mut self, name: &'static str, value: &str) {
        self.key(name);
        self.text_value(value);
    }

    fn text_opt(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    #[inline(always)]
    fn number(&mut self, name: &'static str, value: impl serde::Serialize) {
        self.key(name);
        self.number_value(value);
    }

    #[inline(always)]
    fn micros_opt(&mut self, name: &'static str, value: Option<CpmMicros>) {
        if let Some(value) = value {
            self.number(name, value.micros());
        }
    }

    fn truth(&mut self, name: &'static str, value: bool) {
        self.key(name);
        let value: &[u8] = if value { b"true" } else { b"false" };
        self.out.extend_from_slice(value);
        self.comma = true;
    }

    fn objects<T>(&mut self, name: &'static str, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.list(name, items, |json, item| {
            json.begin(b'{');
            write(json, item);
            json.end(b'}');
        });
    }

    fn list<T>(&mut self, name: &'static str, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.key(name);
        self.begin(b'[');
        for item in items {
            write(self, item);
        }
        self.end(b']');
    }

    /// A member that is seldom there, or of a type that knows alone how it is written.
    fn by_serde(&mut self, name: &'static str, value: &impl serde::Serialize) -> bool {
        self.key(name);
        self.comma = true;
        Serialized(value).write_to(self.out)
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use contracts::matches::{Match, Matches};
    use exchange_core::pods::Worth;
    use proptest::prelude::*;
    use units::{AuctionId, Currency, Multiplier, Nanos, UnixMillis};

    use super::super::outcome::{Asked, Lost, Paid, Passed, Pod};
    use super::super::seen::{Admission, Forfeit};
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
            minimum_to_win: discount.map(|_| price),
            discount_share: slot.and(Multiplier::new(7)),
            slot,
            payout: discount.map(|_| Paid {
                gross: Nanos(nanos),
                fee: Nanos(nanos),
                currency: Currency::USD,
            }),
            tier: "open".into(),
            forfeit: slot.map(|_| "creative_blocked".into()),
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
                forfeits: truths.1.then(|| Forfeit { bid: 1, reason: name.clone() }).into_iter().collect(),
                is_whole: truths.1,
                request: Body::Awaited(usize::from(numbers.2)),
            };
            prop_assert_eq!(written(&seen), serde_json::to_string(&seen).unwrap());
        }
    }
}
