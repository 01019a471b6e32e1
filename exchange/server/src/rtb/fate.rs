//! What became of a bid, in words: put together when somebody asks.

use std::fmt;

use exchange_core::auction::Fate;
use exchange_core::{Cause, Why};
use serde::{Serialize, Serializer};
use units::Currency;

use super::later::Later;

/// The fate of a bid, told in the currency of the bid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) fate: Fate,
    /// What decided against it.
    pub(crate) cause: Option<Cause>,
    pub(crate) currency: Currency,
    /// It won, and its win notice brought no markup that may be shown.
    pub(crate) is_forfeit: bool,
    /// What was told after its auction.
    pub(crate) later: Later,
    /// Its auction is run and never billed.
    pub(crate) is_test: bool,
}

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let currency = self.currency;
        match self.fate {
            Fate::Won(win) => {
                write!(f, "won at {} {currency}", win.price)?;
                if self.is_forfeit {
                    return f.write_str(
                        ", and is forfeit: its win notice brought no markup that may be shown",
                    );
                }
                if let Some(discount) = win.discount {
                    write!(f, ", the seller took off {}", discount.amount)?;
                }
                if let Some(slot) = win.slot {
                    write!(f, ", place {slot} of its break")?;
                }
                if self.is_test {
                    f.write_str(", in a test that nobody pays")?;
                }
                self.later.fmt(f)
            }
            Fate::Lost { loss, .. } => {
                let why = Why {
                    loss,
                    cause: self.cause,
                    currency,
                };
                let why = why.to_string();
                match why.strip_prefix("lost ") {
                    Some(to) => write!(f, "lost {to}"),
                    None => write!(f, "lost: {why}"),
                }
            }
        }
    }
}

impl Serialize for Words {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
