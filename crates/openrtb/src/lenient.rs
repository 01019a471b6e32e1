//! How tolerant the typing of attributes is (C-20 to C-25, C-32).
//!
//! A value of the wrong type is converted where the meaning is beyond doubt, and counts as absent
//! where it is not; either way the repair is recorded and the message goes on.

use crate::json::{Fault, Raw, Reader, Scalar, Str};
use crate::list::List;
use crate::repairs::{Repair, RepairKind};
use crate::to_json::ToJson;
use units::{CpmMicros, Decimal, DecimalError, Multiplier};

/// Which attribute is being read.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) object: &'static str,
    pub(crate) field: &'static str,
}

impl Name {
    /// Something opened on demand inside an `ext`.
    pub(crate) const EXT: Self = Self {
        object: "ext",
        field: "",
    };
}

/// What became of one value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reading<T> {
    /// `null`, which equals absent (C-25).
    Absent,
    /// Written as the standard wants it.
    Good(T),
    /// Written otherwise, but beyond doubt.
    Repaired(T, RepairKind),
    /// Of no use.
    Bad,
}

impl<T> Reading<T> {
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Good(value) | Self::Repaired(value, _) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }

    fn map<U>(self, convert: impl FnOnce(T) -> Option<U>) -> Reading<U> {
        match self {
            Self::Absent => Reading::Absent,
            Self::Bad => Reading::Bad,
            Self::Good(value) => convert(value).map_or(Reading::Bad, Reading::Good),
            Self::Repaired(value, kind) => {
                convert(value).map_or(Reading::Bad, |value| Reading::Repaired(value, kind))
            }
        }
    }
}

/// Text; a number becomes its own digits (ids are often sent as integers).
pub(crate) fn text(scalar: Scalar<'_>) -> Reading<Str<'_>> {
    match scalar {
        Scalar::Null => Reading::Absent,
        Scalar::Text(text) => Reading::Good(text),
        Scalar::Number(digits) => {
            Reading::Repaired(Str::Borrowed(digits), RepairKind::NumberAsText)
        }
        Scalar::Bool(_) | Scalar::Nested => Reading::Bad,
    }
}

/// A number's exact text, quoted or not.
fn number<'s>(scalar: &'s Scalar<'_>) -> Reading<&'s str> {
    match scalar {
        Scalar::Null => Reading::Absent,
        Scalar::Number(digits) => Reading::Good(digits),
        // An empty text says as little as no attribute.
        Scalar::Text(text) if text.is_empty() => Reading::Absent,
        Scalar::Text(text) if Decimal::parse(text).is_ok() => {
            Reading::Repaired(text, RepairKind::NumericString)
        }
        Scalar::Text(_) | Scalar::Bool(_) | Scalar::Nested => Reading::Bad,
    }
}

/// An integer; `300.0` and `"300"` are 300.
pub(crate) fn integer(scalar: &Scalar<'_>) -> Reading<i64> {
    match number(scalar) {
        Reading::Absent => Reading::Absent,
        Reading::Bad => Reading::Bad,
        Reading::Good(digits) => match digits.parse::<i64>() {
            Ok(n) => Reading::Good(n),
            Err(_) => match integral(digits) {
                Some(n) => Reading::Repaired(n, RepairKind::IntegralFloat),
                None => Reading::Bad,
            },
        },
        Reading::Repaired(digits, kind) => {
            match digits.parse::<i64>().ok().or_else(|| integral(digits)) {
                Some(n) => Reading::Repaired(n, kind),
                None => Reading::Bad,
            }
        }
    }
}

/// A number without a fraction, however it is written.
fn integral(digits: &str) -> Option<i64> {
    let number = Decimal::parse(digits).ok()?;
    let whole = number.to_scaled(0).ok()?;
    (number.to_scaled(9).ok()? == whole.checked_mul(1_000_000_000)?).then_some(whole)
}

/// A 0/1 flag; other numbers are unknown values and count as absent (C-21).
pub(crate) fn flag(scalar: &Scalar<'_>) -> Reading<bool> {
    if let Scalar::Bool(set) = scalar {
        return Reading::Repaired(*set, RepairKind::BoolFlag);
    }
    integer(scalar).map(|n| match n {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    })
}

fn float(scalar: &Scalar<'_>) -> Reading<f64> {
    number(scalar).map(|digits| digits.parse::<f64>().ok().filter(|n| n.is_finite()))
}

/// A floor in exact decimals; below zero means none.
fn floor(scalar: &Scalar<'_>) -> Reading<CpmMicros> {
    let reading = number(scalar);
    if let Reading::Good(digits) | Reading::Repaired(digits, _) = &reading
        && CpmMicros::parse(digits) == Err(DecimalError::Negative)
    {
        return Reading::Repaired(CpmMicros::ZERO, RepairKind::NegativeFloor);
    }
    reading.map(|digits| CpmMicros::parse(digits).ok())
}

/// One value of an attribute or array.
pub(crate) trait Value<'a>: Sized {
    /// Reads the value at the next byte; `None`, with the repair recorded, when it is of no use.
    fn read_value(r: &mut Reader<'a>, name: &'static Name) -> Result<Option<Self>, Fault>;

    /// Reads the value to the end of a list; false when it is of no use.
    fn push_to(
        list: &mut Vec<Self>,
        r: &mut Reader<'a>,
        name: &'static Name,
    ) -> Result<bool, Fault> {
        let value = Self::read_value(r, name)?;
        let useful = value.is_some();
        list.extend(value);
        Ok(useful)
    }

    /// An empty list for values of the type, as long as such lists usually are.
    fn room(_: &mut Reader<'a>) -> Vec<Self> {
        // What the first push would reserve, without the detour over growing; of large ones less.
        Vec::with_capacity(if size_of::<Self>() > 256 { 2 } else { 4 })
    }

    /// Reads the value to where it stays.
    fn read_boxed(r: &mut Reader<'a>, name: &'static Name) -> Result<Option<Box<Self>>, Fault> {
        Ok(Self::read_value(r, name)?.map(Box::new))
    }
}

/// A whole attribute: what a member's value makes of it.
pub(crate) trait Field<'a>: Default {
    /// Reads the value at the next byte to where it stays, over what an earlier member of the same
    /// name left there.
    fn read_into(&mut self, r: &mut Reader<'a>, name: &'static Name) -> Result<(), Fault>;
    /// Whether a required attribute is missing; an empty text says as little as none.
    fn is_missing(&self) -> bool;
}

/// A type made from a scalar alone.
pub(crate) trait FromScalar<'a>: Sized + ToJson {
    /// Whether an unreadable value must not pass as "no floor".
    const GUARDS_MONEY: bool = false;
    fn from_scalar(scalar: Scalar<'a>) -> Reading<Self>;
    /// Reads what is written just as the standard wants it; anything else, or a fault, is `None`
    /// and leaves the reader where it is.
    #[inline(always)]
    fn quick(_: &mut Reader<'a>) -> Option<Self> {
        None
    }
    fn is_blank(&self) -> bool {
        false
    }
}

impl<'a> FromScalar<'a> for Str<'a> {
    fn from_scalar(scalar: Scalar<'a>) -> Reading<Self> {
        text(scalar)
    }
    #[inline(always)]
    fn quick(r: &mut Reader<'a>) -> Option<Self> {
        r.quick_text().map(Str::Borrowed)
    }
    fn is_blank(&self) -> bool {
        self.is_empty()
    }
}

impl FromScalar<'_> for i32 {
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        integer(&scalar).map(|n| Self::try_from(n).ok())
    }
    #[inline(always)]
    fn quick(r: &mut Reader<'_>) -> Option<Self> {
        r.quick_integer()
    }
}

impl FromScalar<'_> for i64 {
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        integer(&scalar)
    }
}

impl FromScalar<'_> for bool {
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        flag(&scalar)
    }
    #[inline(always)]
    fn quick(r: &mut Reader<'_>) -> Option<Self> {
        r.quick_flag()
    }
}

impl FromScalar<'_> for f64 {
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        float(&scalar)
    }
}

impl FromScalar<'_> for CpmMicros {
    const GUARDS_MONEY: bool = true;
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        floor(&scalar)
    }
}

impl FromScalar<'_> for units::Currency {
    const GUARDS_MONEY: bool = true;
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        match scalar {
            Scalar::Null => Reading::Absent,
            Scalar::Text(code) if code.is_empty() => Reading::Absent,
            Scalar::Text(code) => Self::parse(&code).map_or(Reading::Bad, Reading::Good),
            Scalar::Bool(_) | Scalar::Number(_) | Scalar::Nested => Reading::Bad,
        }
    }
}

impl FromScalar<'_> for Multiplier {
    fn from_scalar(scalar: Scalar<'_>) -> Reading<Self> {
        number(&scalar).map(|digits| Self::parse(digits).ok())
    }
}

/// Reads a scalar attribute and records what was done to it.
#[inline(always)]
pub(crate) fn read_scalar<'a, T: FromScalar<'a>>(
    r: &mut Reader<'a>,
    name: &'static Name,
) -> Result<Option<T>, Fault> {
    match T::quick(r) {
        Some(value) => Ok(Some(value)),
        None => read_unusual(r, name),
    }
}

/// Reads a scalar with all tolerance there is.
#[inline(never)]
pub(crate) fn read_unusual<'a, T: FromScalar<'a>>(
    r: &mut Reader<'a>,
    name: &'static Name,
) -> Result<Option<T>, Fault> {
    let at = r.position();
    let reading = T::from_scalar(r.scalar()?);
    Ok(match reading {
        Reading::Absent => {
            r.note_null(at);
            None
        }
        Reading::Good(value) => Some(value),
        Reading::Repaired(value, kind) => {
            r.repaired(name, at, kind);
            r.rewrite(at, &value);
            Some(value)
        }
        Reading::Bad => {
            r.unreadable_price |= T::GUARDS_MONEY;
            r.repaired(name, at, RepairKind::DroppedField);
            None
        }
    })
}

macro_rules! scalar_values {
    ($($type:ty),*) => {$(
        impl<'a> $crate::lenient::Value<'a> for $type {
            fn read_value(
                r: &mut $crate::json::Reader<'a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<Option<Self>, $crate::json::Fault> {
                $crate::lenient::read_scalar(r, name)
            }
            #[inline(never)]
            fn push_to(
                list: &mut Vec<Self>,
                r: &mut $crate::json::Reader<'a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<bool, $crate::json::Fault> {
                if let Some(value) = $crate::lenient::FromScalar::quick(r) {
                    list.push(value);
                    return Ok(true);
                }
                let value: Option<Self> = $crate::lenient::read_unusual(r, name)?;
                let useful = value.is_some();
                list.extend(value);
                Ok(useful)
            }
        }
        impl<'a> $crate::lenient::Field<'a> for Option<$type> {
            #[inline(never)]
            fn read_into(
                &mut self,
                r: &mut $crate::json::Reader<'a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<(), $crate::json::Fault> {
                match $crate::lenient::FromScalar::quick(r) {
                    Some(value) => *self = Some(value),
                    None => *self = $crate::lenient::read_unusual(r, name)?,
                }
                Ok(())
            }
            fn is_missing(&self) -> bool {
                self.as_ref()
                    .is_none_or($crate::lenient::FromScalar::is_blank)
            }
        }
    )*};
}
pub(crate) use scalar_values;

scalar_values!(
    Str<'a>,
    i32,
    i64,
    bool,
    f64,
    CpmMicros,
    units::Currency,
    Multiplier
);

impl<'a> Value<'a> for Raw<'a> {
    fn read_value(r: &mut Reader<'a>, _: &'static Name) -> Result<Option<Self>, Fault> {
        r.raw().map(Some)
    }
}

impl<'a> Field<'a> for Option<Raw<'a>> {
    fn read_into(&mut self, r: &mut Reader<'a>, _: &'static Name) -> Result<(), Fault> {
        *self = Some(r.raw()?).filter(|raw| raw.as_str() != "null");
        Ok(())
    }
    fn is_missing(&self) -> bool {
        self.is_none()
    }
}

impl<'a, T: Value<'a>> Field<'a> for Vec<T> {
    fn read_into(&mut self, r: &mut Reader<'a>, name: &'static Name) -> Result<(), Fault> {
        self.clear();
        elements(r, name, |r, is_array| {
            if is_array && self.capacity() == 0 {
                *self = T::room(r);
            }
            T::push_to(self, r, name)
        })
    }
    fn is_missing(&self) -> bool {
        self.is_empty()
    }
}

impl<'a, T: Value<'a>> Field<'a> for List<T> {
    fn read_into(&mut self, r: &mut Reader<'a>, name: &'static Name) -> Result<(), Fault> {
        self.clear();
        elements(r, name, |r, _| {
            let value = T::read_value(r, name)?;
            let useful = value.is_some();
            if let Some(value) = value {
                self.push(value);
            }
            Ok(useful)
        })
    }
    fn is_missing(&self) -> bool {
        self.is_empty()
    }
}

/// Reads a list by what `push` does at each value, which is false of one that is of no use; it is told whether the
/// value stands in an array. Elements of no use are left out, and a single value is an array of one (C-24, C-32).
#[inline(always)]
fn elements<'a>(
    r: &mut Reader<'a>,
    name: &'static Name,
    mut push: impl FnMut(&mut Reader<'a>, bool) -> Result<bool, Fault>,
) -> Result<(), Fault> {
    if r.peek() == b'[' {
        r.open_array()?;
        let mut first = true;
        while r.next_element(first)? {
            first = false;
            if r.peek() == b'[' {
                let at = r.position();
                r.raw()?;
                r.repaired(name, at, RepairKind::DroppedElement);
            } else {
                push(r, true)?;
            }
        }
    } else {
        let at = r.position();
        if push(r, false)? {
            r.repaired(name, at, RepairKind::SingleAsArray);
        }
    }
    Ok(())
}

impl<'a, T: Value<'a>> Field<'a> for Option<Box<T>> {
    fn read_into(&mut self, r: &mut Reader<'a>, name: &'static Name) -> Result<(), Fault> {
        *self = T::read_boxed(r, name)?;
        Ok(())
    }
    fn is_missing(&self) -> bool {
        self.is_none()
    }
}

impl Reader<'_> {
    /// Notes where nothing is said in many words, for those who ask (C-25).
    pub(crate) fn note_null(&mut self, at: usize) {
        self.leave_out(at);
        if self.inspecting {
            self.nulls.push(at);
        }
    }

    /// Records a repair of the value at this offset.
    pub(crate) fn repaired(&mut self, name: &Name, at: usize, kind: RepairKind) {
        match kind {
            RepairKind::DroppedField | RepairKind::DroppedElement | RepairKind::DroppedObject => {
                self.leave_out(at);
            }
            RepairKind::SingleAsArray => self.enclose(at),
            // The value itself is written anew where it is known, duplicates are cut out, and the others are
            // about two values that are both well written.
            RepairKind::IntegralFloat
            | RepairKind::NumericString
            | RepairKind::BoolFlag
            | RepairKind::NumberAsText
            | RepairKind::NegativeFloor
            | RepairKind::DuplicateKey
            | RepairKind::Exclusive
            | RepairKind::Contradiction => {}
        }
        self.repairs.push(Repair {
            object: name.object,
            field: name.field,
            at: crate::json::Span::new(at, at).start,
            kind,
        });
    }
}

/// A reading told in another type.
pub(crate) fn wrap<T, U>(reading: Reading<T>, make: impl FnOnce(T) -> U) -> Reading<U> {
    reading.map(|value| Some(make(value)))
}
