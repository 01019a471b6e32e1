//! What keeps a line item out of the index's sets: keys of targeting, the tree, and the shapes on offer.

use super::{Failure, conditions};
use crate::decide::{Context, Scratch};
use crate::eligibility::targeting::{Part, Refused, parts};
use crate::eligibility::{First, Ineligible, deal, fit};
use crate::market::Item;
use crate::opportunity::Imp;
use crate::targeting::{Failed, View, listed};

/// Every part of targeting that refuses.
pub(super) fn failures(
    context: &Context<'_, '_>,
    item: &Item,
    scratch: &Scratch,
    failures: &mut Vec<Failure>,
) {
    let view = context.view(scratch.facts(), scratch.hours());
    let refused = parts(&item.rules, context.market.index.terms(), &view);
    let refused = refused.filter_map(Result::err);
    failures.extend(refused.map(|it| failure(context, item, &view, &it)));
}

fn failure(context: &Context<'_, '_>, item: &Item, view: &View<'_>, refused: &Refused) -> Failure {
    let (rules, terms) = (&item.rules, context.market.index.terms());
    let seen = refused.seen(terms, view);
    let wanted = refused.wanted(rules, terms);
    let reason = refused.reason;
    match refused.part() {
        Part::Pending => {
            let condition = "its shared lists were here".to_owned();
            Failure::new(reason, seen, wanted, condition)
        }
        Part::List(dimension, Failed::NotIncluded) => {
            let any = conditions::any_of(rules.list(dimension).include.iter().map(|it| &**it));
            let condition = conditions::of_value(reason, &any);
            Failure::new(reason, seen, wanted, condition)
        }
        Part::List(dimension, Failed::Excluded) => {
            let excluded = listed(rules.list(dimension).exclude.iter().map(|it| &**it));
            let none = format!("none of {excluded}");
            let condition = conditions::of_value(reason, &none);
            Failure::new(reason, seen, none, condition)
        }
        Part::Key(_) => {
            let condition = format!("this held: {wanted}");
            Failure::new(reason, seen, wanted, condition)
        }
        Part::Tree(_) => {
            let terms_told = rules.terms(terms).map(|term| {
                let truth = terms.truth(term, view).label();
                format!("{} is {truth}", terms.words(term))
            });
            let terms_told: Vec<String> = terms_told.collect();
            let each = listed(terms_told.iter().map(String::as_str));
            let condition = format!("its rule held, in which now {each}");
            Failure::new(reason, each, "the rule true".to_owned(), condition)
        }
    }
}

/// How many parts refuse a line item that the index did not let through, and the first reason.
pub(super) fn missed<'a>(
    context: &Context<'a, '_>,
    item: &Item,
    imp: &'a Imp<'a>,
    scratch: &Scratch,
) -> (Ineligible, usize) {
    let view = context.view(scratch.facts(), scratch.hours());
    let mut first = None;
    let mut count = 0;
    for refused in parts(&item.rules, context.market.index.terms(), &view).filter_map(Result::err) {
        first = first.or(Some(refused.reason));
        count += 1;
    }
    let first = first.or_else(|| deal::choose(item, imp).err());
    let first = first.unwrap_or_else(|| {
        let mut shown = item.creatives.iter().filter_map(|number| {
            let creative = context.market.creative(*number)?;
            fit::choose(item, creative, imp, &mut First).err()
        });
        shown.next_back().unwrap_or(Ineligible::FormatNotOffered)
    });
    (first, count.max(1))
}
