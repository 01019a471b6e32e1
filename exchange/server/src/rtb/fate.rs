//! What became of a bid, in words: put together when somebody asks.

use std::fmt;

use exchange_core::auction::Fate;
use serde::{Serialize, Serializer};
use units::Currency;

/// The fate of a bid, told in the currency of the bid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Words {
    pub(crate) fate: Fate,
    pub(crate) currency: Currency,
    /// It won, and its win notice brought no markup that may be shown.
    pub(crate) is_forfeit: bool,
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
                match win.slot {
                    Some(slot) => write!(f, ", place {slot} of its break"),
                    None => Ok(()),
                }
            }
            Fate::Lost {
                loss,
                minimum_to_win,
            } => {
                write!(f, "lost: {}", loss.words())?;
                match minimum_to_win {
                    Some(minimum) => write!(f, "; {minimum} {currency} would have won"),
                    None => Ok(()),
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
