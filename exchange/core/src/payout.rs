//! What an impression costs and who gets which part of it (C-120, C-150): kept apart from the price.

use openrtb::{Bid, Imp};
use units::{CpmMicros, Currency, DurationMillis, Multiplier, Nanos, RateTable, UnixMillis};

use crate::auction::{Judged, Plan, Win};

/// The cost of what was shown, cut into the exchange's fee and the seller's share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payout {
    /// The whole cost.
    pub gross: Nanos,
    /// The exchange's part of it.
    pub fee: Nanos,
    /// Currency of both.
    pub currency: Currency,
}

/// On what a payout depends, beside the price.
#[derive(Debug, Clone, Copy)]
pub struct PayoutTerms<'t> {
    /// Impressions that one display counts for.
    pub quantity: Multiplier,
    /// The exchange's part of the gross; above 1 it is 1.
    pub fee: Multiplier,
    /// The seller's currency; `None` for that of the price.
    pub currency: Option<Currency>,
    /// Rates of the auction.
    pub rates: &'t RateTable,
}

/// What a seller agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// The exchange's part of the gross; above 1 it is 1.
    pub fee: Multiplier,
    /// The seller's currency; `None` for that of the answer.
    pub currency: Option<Currency>,
}

impl Share {
    /// The payout of a winner, at the rates of its auction.
    #[must_use]
    pub fn of_win(
        self,
        plan: &Plan<'_>,
        rates: &RateTable,
        judged: &Judged<'_>,
        win: &Win,
    ) -> Payout {
        let imps = &plan.intake.request.imp;
        let terms = PayoutTerms {
            quantity: quantity(judged.imp.and_then(|imp| imps.get(imp))),
            fee: self.fee,
            currency: self.currency,
            rates,
        };
        Payout::of(win.answer_price, plan.currency, &terms)
    }
}

impl Payout {
    /// The payout of a price per mille: the price of one impression times the quantity, rounded half-even
    /// once, in the seller's currency where there is a rate for it.
    #[must_use]
    pub fn of(price: CpmMicros, currency: Currency, terms: &PayoutTerms<'_>) -> Self {
        let whole = Multiplier::ONE.millionths();
        let gross = cost(price, terms.quantity);
        let wanted = terms.currency.unwrap_or(currency);
        let (gross, currency) = terms
            .rates
            .convert(gross, currency, wanted)
            .map_or((gross, currency), |gross| (gross, wanted));
        let share = terms.fee.min(Multiplier::ONE);
        let fee = gross.scale(share.millionths(), whole).unwrap_or_default();
        Self {
            gross,
            fee,
            currency,
        }
    }

    /// What the seller gets: with the fee it adds up to the gross.
    #[must_use]
    pub fn net(&self) -> Nanos {
        self.gross - self.fee
    }
}

/// What a display costs at a price per mille, in its currency: rounded half-even once.
#[must_use]
pub fn cost(price: CpmMicros, quantity: Multiplier) -> Nanos {
    let one = price.per_impression();
    one.scale(quantity.millionths(), Multiplier::ONE.millionths())
        .unwrap_or(one)
}

/// Impressions that one display of an imp counts for: one, where `qty` is absent or says nothing.
#[must_use]
pub fn quantity(imp: Option<&Imp<'_>>) -> Multiplier {
    told_quantity(imp).unwrap_or(Multiplier::ONE)
}

/// `${AUCTION_MULTIPLIER}`: the impressions won, which is all that were offered; `None` without a `qty`.
#[must_use]
pub fn told_quantity(imp: Option<&Imp<'_>>) -> Option<Multiplier> {
    imp?.qty
        .as_deref()?
        .multiplier
        .filter(|multiplier| multiplier.millionths() > 0)
}

/// How long after the auction a bid pays for an impression, where it says so (X-57).
#[must_use]
pub fn promised(bid: &Bid<'_>) -> Option<DurationMillis> {
    bid.exp.map(seconds)
}

/// How long after its auction, or its display where that has a time, the imp says that the impression may come.
#[must_use]
pub fn told_delay(imp: &Imp<'_>) -> Option<DurationMillis> {
    imp.exp.filter(|told| *told >= 0).map(seconds)
}

/// How long after `now` the impression may come, as far as the imp says: counted from the time of the display
/// where it names one.
#[must_use]
pub fn expected_delay(imp: Option<&Imp<'_>>, now: UnixMillis) -> DurationMillis {
    let told = imp.and_then(told_delay).map_or(0, |told| told.0);
    let until_display = imp.map_or(0, |imp| until_display(imp, now).0);
    DurationMillis(told.saturating_add(until_display))
}

/// How long after `now` an imp is displayed, where it names a time (`dt`); none at all otherwise.
#[must_use]
pub fn until_display(imp: &Imp<'_>, now: UnixMillis) -> DurationMillis {
    let display = imp.dt.map_or(now, instant);
    DurationMillis(display.0.saturating_sub(now.0).max(0))
}

fn seconds(told: i32) -> DurationMillis {
    DurationMillis(i64::from(told.max(0)).saturating_mul(1_000))
}

/// A number of milliseconds since 1970; nonsense is 1970.
#[allow(
    clippy::cast_possible_truncation,
    reason = "clamped to what both types hold exactly"
)]
fn instant(milliseconds: f64) -> UnixMillis {
    const FAR: f64 = 9_000_000_000_000_000.0;
    UnixMillis(milliseconds.clamp(0.0, FAR) as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use openrtb::{BidRequest, Limits};
    use proptest::prelude::*;

    fn cpm(text: &str) -> CpmMicros {
        CpmMicros::parse(text).unwrap()
    }

    fn factor(text: &str) -> Multiplier {
        Multiplier::parse(text).unwrap()
    }

    #[test]
    fn payouts() {
        let mut rates = RateTable::default();
        let eur = Currency::parse("EUR").unwrap();
        let gbp = Currency::parse("GBP").unwrap();
        rates.per_usd.insert(eur, 920_000_000);
        #[rustfmt::skip]
        let cases = [
            ("C-120 one impression is a thousandth", "6.25", "1", "0", None, (6_250_000, 0)),
            ("C-120 example 11: 6.25/1000*14.2", "6.25", "14.2", "0", None, (88_750_000, 0)),
            ("C-120 less than one impression", "2", "0.5", "0", None, (1_000_000, 0)),
            ("money.md one rounding, half-even", "0.000005", "0.5", "0", None, (2, 0)),
            ("the fee is a part of the gross", "10", "1", "0.1", None, (10_000_000, 1_000_000)),
            ("the fee of many impressions", "10", "14.2", "0.1", None, (142_000_000, 14_200_000)),
            ("X-73 in the seller's currency", "1", "1", "0.1", Some(eur), (920_000, 92_000)),
            ("X-73 without a rate in that of the price", "1", "1", "0.1", Some(gbp), (1_000_000, 100_000)),
            ("never more than all", "1", "1", "7", None, (1_000_000, 1_000_000)),
        ];
        for (item, price, quantity, fee, currency, (gross, fee_there)) in cases {
            let terms = PayoutTerms {
                quantity: factor(quantity),
                fee: factor(fee),
                currency,
                rates: &rates,
            };
            let payout = Payout::of(cpm(price), Currency::USD, &terms);
            assert_eq!((payout.gross.0, payout.fee.0), (gross, fee_there), "{item}");
        }
    }

    #[test]
    fn quantities_and_delays() {
        let now = UnixMillis(1_793_390_000_000);
        #[rustfmt::skip]
        let cases = [
            ("C-62 no qty", "", None, "", 0, None),
            ("C-120 qty", r#""qty":{"multiplier":14.2}"#, Some("14.2"), "", 0, None),
            ("C-120 less than one", r#""qty":{"multiplier":0.25}"#, Some("0.25"), "", 0, None),
            ("a quantity of nothing says nothing", r#""qty":{"multiplier":0}"#, None, "", 0, None),
            ("C-146 exp of the imp", r#""exp":3600"#, None, "", 3_600_000, None),
            ("X-57 the bid's own", r#""exp":60"#, None, r#""exp":3600"#, 60_000, Some(3_600_000)),
            ("C-150 a display of its own time", r#""exp":3600,"dt":1793390400000"#, None, "", 4_000_000, None),
            ("X-57 the bid's own does not begin with it", r#""dt":1793390400000"#, None, r#""exp":600"#, 400_000, Some(600_000)),
            ("C-150 a display that is past", r#""exp":60,"dt":1"#, None, "", 60_000, None),
            ("negative", r#""exp":-5,"dt":-5"#, None, r#""exp":-1"#, 0, Some(0)),
        ];
        for (item, imp, multiplier, bid, delay, own) in cases {
            let comma = if imp.is_empty() { "" } else { "," };
            let request = format!(r#"{{"id":"r","imp":[{{"id":"1","banner":{{}}{comma}{imp}}}]}}"#);
            let (request, _) = BidRequest::read(request.as_bytes(), &Limits::REQUEST).unwrap();
            let comma = if bid.is_empty() { "" } else { "," };
            let response =
                format!(r#"{{"seatbid":[{{"bid":[{{"id":"b","impid":"1"{comma}{bid}}}]}}]}}"#);
            let (response, _) =
                openrtb::BidResponse::read(response.as_bytes(), &Limits::RESPONSE).unwrap();
            let (_, bid) = response.bids().next().unwrap();
            let imp = request.imp.first();
            assert_eq!(told_quantity(imp), multiplier.map(factor), "{item}");
            assert_eq!(expected_delay(imp, now), DurationMillis(delay), "{item}");
            let promise = promised(bid.as_ref().unwrap());
            assert_eq!(promise, own.map(DurationMillis), "{item}");
        }
    }

    proptest! {
        #[test]
        fn the_parts_add_up_to_the_gross(price in 0_i64..1_000_000_000_000, quantity in 0_i64..100_000_000, fee in 0_i64..1_200_000) {
            let rates = RateTable::default();
            let terms = PayoutTerms {
                quantity: Multiplier::new(quantity).unwrap(),
                fee: Multiplier::new(fee).unwrap(),
                currency: None,
                rates: &rates,
            };
            let payout = Payout::of(CpmMicros::new(price).unwrap(), Currency::USD, &terms);
            prop_assert_eq!(payout.fee + payout.net(), payout.gross);
            prop_assert!(payout.fee >= Nanos::ZERO && payout.net() >= Nanos::ZERO);
            // The price is not touched by either: the gross is what its rational value rounds to.
            let exact = i128::from(price) * i128::from(quantity);
            let off = exact - i128::from(payout.gross.0) * 1_000_000;
            prop_assert!(off.abs() <= 500_000);
        }
    }
}
