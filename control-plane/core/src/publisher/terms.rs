//! What a publisher agreed on beside its account: discounts and increments.

use std::collections::BTreeMap;

use contracts::catalog::SellerDiscount;
use units::{CpmMicros, Currency, Multiplier};

use crate::form::Form;

/// Most discounts of one publisher.
const MOST_DISCOUNTS: usize = 1_000;

/// What it takes off the price for single DSPs; `partners` are the known ones.
pub(super) fn discounts(form: &mut Form, partners: &[String]) -> Vec<SellerDiscount> {
    let nothing = Multiplier::new(0).unwrap_or_default();
    let given = form.list("discounts", |form| {
        form.require("partner_id");
        let partner: Option<String> = form.take("partner_id");
        if partner.as_ref().is_some_and(|id| !partners.contains(id)) {
            form.refuse("partner_id", "is not a known demand partner");
        }
        form.require("share");
        let share = form.multiplier("share");
        if share.is_some_and(|share| share == nothing || share >= Multiplier::ONE) {
            form.refuse(
                "share",
                "must be above 0 and below 1: it is a share of the price",
            );
        }
        let (partner, share) = partner.zip(share)?;
        Some(SellerDiscount {
            partner: partner.into(),
            share,
        })
    });
    let given = given.unwrap_or_default();
    if given.len() > MOST_DISCOUNTS {
        let says = format!("must be at most {MOST_DISCOUNTS}");
        form.refuse("discounts", says);
    }
    for (index, discount) in given.iter().enumerate() {
        let mut before = given.iter().take(index);
        if before.any(|other| other.partner == discount.partner) {
            let under = format!("/{index}/partner_id");
            form.refuse_at("discounts", &under, "has a discount before");
        }
    }
    given
}

/// What second price adds for it, by currency.
pub(super) fn increments(form: &mut Form) -> BTreeMap<Currency, CpmMicros> {
    let given = form.object("increments", |form| {
        let codes: Vec<String> = form.keys().map(ToOwned::to_owned).collect();
        let mut increments = BTreeMap::new();
        for code in codes {
            let price = form.price(&code);
            let Some(currency) = Currency::parse(&code) else {
                form.refuse(&code, "is not a currency of ISO 4217");
                continue;
            };
            match price {
                Some(CpmMicros::ZERO) => form.refuse(&code, "must be above 0"),
                Some(price) => {
                    increments.insert(currency, price);
                }
                None => {}
            }
        }
        Some(increments)
    });
    given.unwrap_or_default()
}
