//! A bid's price, which must not be repaired into another one.

use crate::json::{Fault, Reader, Scalar};
use crate::lenient::{Field, Name};
use crate::repairs::RepairKind;
use units::{CpmMicros, DecimalError};

/// The `price` of a bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Price {
    /// Not there, or `null`.
    #[default]
    Absent,
    /// There, but no price: no number, or negative (C-27).
    Invalid,
    /// A number beyond belief: above [`CpmMicros::MAX`] (C-27).
    Beyond,
    /// CPM in the response's currency; may be zero.
    Cpm(CpmMicros),
}

impl Price {
    /// The price, if it is one.
    #[must_use]
    pub const fn cpm(self) -> Option<CpmMicros> {
        match self {
            Self::Cpm(price) => Some(price),
            Self::Absent | Self::Invalid | Self::Beyond => None,
        }
    }

    /// The price, if it is a positive number, as a bid needs.
    #[must_use]
    pub fn positive(self) -> Option<CpmMicros> {
        self.cpm().filter(|price| *price > CpmMicros::ZERO)
    }
}

impl Price {
    /// What digits are that are no price.
    fn none(digits: &str, error: DecimalError) -> Self {
        if error == DecimalError::OutOfRange && !digits.trim_start().starts_with('-') {
            Self::Beyond
        } else {
            Self::Invalid
        }
    }
}

impl<'a> Field<'a> for Price {
    fn read_into(&mut self, r: &mut Reader<'a>, name: &'static Name) -> Result<(), Fault> {
        let at = r.position();
        *self = match r.scalar()? {
            Scalar::Null => Self::Absent,
            Scalar::Number(digits) => {
                CpmMicros::parse(digits).map_or_else(|error| Self::none(digits, error), Self::Cpm)
            }
            Scalar::Text(digits) => match CpmMicros::parse(&digits) {
                Ok(price) => {
                    r.repaired(name, at, RepairKind::NumericString);
                    Self::Cpm(price)
                }
                Err(error) => Self::none(&digits, error),
            },
            Scalar::Bool(_) | Scalar::Nested => Self::Invalid,
        };
        Ok(())
    }
    fn is_missing(&self) -> bool {
        *self == Self::Absent
    }
}
