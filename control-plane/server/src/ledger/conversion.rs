//! Stored amounts told in the currency that is asked for, where there is a rate.

use units::{Currency, Nanos, RateTable};

use super::LedgerError;

/// A stored currency, if it has a rate: operators may have taken it off the table since.
pub(crate) fn rated(rates: &RateTable, stored: &str) -> Option<Currency> {
    Currency::parse(stored).filter(|currency| rates.per_usd(*currency).is_some())
}

/// A stored amount in another currency; both have rates.
///
/// # Errors
/// [`LedgerError::Unreadable`]: it is beyond any amount there.
pub(crate) fn converted(
    rates: &RateTable,
    amount: Nanos,
    from: Currency,
    to: Currency,
) -> Result<Nanos, LedgerError> {
    rates.convert(amount, from, to).ok_or_else(|| {
        LedgerError::Unreadable(format!("{amount} {from}, which cannot be told in {to}"))
    })
}
