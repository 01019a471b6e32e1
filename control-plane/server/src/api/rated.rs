//! Currencies of documents: what has no rate cannot be compared with anything.

use control_plane_core::{Fault, Faults};
use deadpool_postgres::GenericClient;
use units::Currency;

use crate::refusal::Refusal;
use crate::store::rates;

/// Refuses currencies without a rate, by their pointers; those that the document had `before` may stay.
///
/// # Errors
/// A [`Refusal`] with every one of them.
pub(crate) async fn check(
    client: &impl GenericClient,
    before: &[Currency],
    told: impl IntoIterator<Item = (String, Currency)>,
) -> Result<(), Refusal> {
    let told = told.into_iter();
    let new: Vec<(String, Currency)> = told
        .filter(|(_, currency)| *currency != Currency::USD && !before.contains(currency))
        .collect();
    if new.is_empty() {
        return Ok(());
    }
    let rates = rates::newest(client).await?;
    let unrated = new
        .into_iter()
        .filter(|(_, currency)| rates.per_usd(*currency).is_none());
    let faults: Vec<Fault> = unrated
        .map(|(pointer, _)| Fault::meaning(pointer, "has no rate: POST /rates with it first"))
        .collect();
    if faults.is_empty() {
        Ok(())
    } else {
        Err(Faults(faults).into())
    }
}
