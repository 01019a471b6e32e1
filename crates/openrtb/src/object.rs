//! One declaration per object of the standard: the struct, its reader, what it cannot do without.

use crate::json::{Fault, Raw, Reader, Str};
use crate::lenient::Name;
use crate::repairs::RepairKind;

/// Declares an object: attributes as `name: Type = "key"`, then what makes it usable.
///
/// `required` lists attributes without which the object is dropped (C-60); `tracked` objects have
/// their members' places recorded for splicing; `check` may refuse what was read.
macro_rules! object {
    (
        $(#[$doc:meta])*
        pub struct $object:ident<$a:lifetime> {
            $($(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal,)*
        }
        $(required: [$($required:ident),*],)?
        $(tracked: $tracked:literal,)?
        $(check: $check:path,)?
        $(keeps: $(#[$own_doc:meta])* $own:ident: $own_type:ty,)?
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct $object<$a> {
            $($(#[$field_doc])* pub $field: $type,)*
            /// Extensions of partners, opened on demand (C-23).
            pub ext: Option<$crate::json::Raw<$a>>,
            /// Members that the standard does not name, in document order (C-22).
            pub extra: Vec<($crate::json::Str<$a>, $crate::json::Raw<$a>)>,
            /// Where the object stands in the text it was read from.
            pub span: $crate::json::Span,
            $($(#[$own_doc])* pub(crate) $own: $own_type,)?
        }

        impl $object<'_> {
            /// The attributes that the standard names for this object, `ext` left out.
            pub const ATTRIBUTES: &'static [&'static str] = &[$($key),*];
        }

        impl<$a> $crate::lenient::Value<$a> for $object<$a> {
            fn read_value(
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<Option<Self>, $crate::json::Fault> {
                #[allow(non_camel_case_types, reason = "one variant per attribute, named as it is")]
                enum Attribute { $($field,)* ext }
                if r.peek() != b'{' {
                    $crate::object::not_an_object(r, name)?;
                    return Ok(None);
                }
                let start = r.open_object()?;
                let outer = std::mem::take(&mut r.unreadable_price);
                let mut object = Self::default();
                let mut seen = 0_u64;
                let mut repeats = false;
                let mut first = true;
                while let Some(key) = r.next_key(first)? {
                    first = false;
                    $(let member = $tracked.then(|| r.outline.open(start, key.at, r.position()));)?
                    match key.text.as_str() {
                        $($key => {
                            const NAME: &$crate::lenient::Name = &$crate::lenient::Name {
                                object: stringify!($object),
                                field: $key,
                            };
                            object.$field = <$type as $crate::lenient::Field<$a>>::read(r, NAME)?;
                            let bit = 1_u64 << (Attribute::$field as u32);
                            if seen & bit != 0 {
                                $crate::object::repeated(r, NAME, key.at)?;
                                repeats = true;
                            }
                            seen |= bit;
                        })*
                        "ext" => {
                            const NAME: &$crate::lenient::Name = &$crate::lenient::Name {
                                object: stringify!($object),
                                field: "ext",
                            };
                            object.ext = Some(r.raw()?).filter($crate::json::Raw::is_object);
                            let bit = 1_u64 << (Attribute::ext as u32);
                            if seen & bit != 0 {
                                $crate::object::repeated(r, NAME, key.at)?;
                                repeats = true;
                            }
                            seen |= bit;
                        }
                        _ => {
                            let value = r.raw()?;
                            object.extra.push((key.text, value));
                        }
                    }
                    $(if $tracked {
                        r.outline.close(member, r.position());
                    })?
                }
                object.span = r.span_from(start);
                if repeats || $crate::object::names_repeat(&object.extra) {
                    r.cut_repeats(start);
                }
                #[allow(unused_mut, reason = "objects without a requirement are always usable")]
                let mut usable = true;
                $($(usable &= !$crate::lenient::Field::is_missing(&object.$required);)*)?
                $(usable = usable && $check(&mut object, r);)?
                if usable {
                    r.unreadable_price |= outer;
                    Ok(Some(object))
                } else {
                    r.unreadable_price = outer;
                    r.repaired(name, start, $crate::repairs::RepairKind::DroppedObject);
                    Ok(None)
                }
            }
        }

        impl<$a> $crate::lenient::Field<$a> for Option<$object<$a>> {
            fn read(
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<Self, $crate::json::Fault> {
                $crate::lenient::Value::read_value(r, name)
            }
            fn is_missing(&self) -> bool {
                self.is_none()
            }
        }
    };
}
pub(crate) use object;

/// Passes by a value where an object is meant; only `null` does not count as a repair.
pub(crate) fn not_an_object(r: &mut Reader<'_>, name: &Name) -> Result<(), Fault> {
    let at = r.position();
    if r.raw()?.as_str() != "null" {
        r.repaired(name, at, RepairKind::DroppedField);
    }
    Ok(())
}

/// An attribute came again: refused where it decides money or identity, else counted (C-31).
pub(crate) fn repeated(r: &mut Reader<'_>, name: &Name, at: usize) -> Result<(), Fault> {
    let decides = match name.object {
        "BidRequest" => matches!(name.field, "id" | "imp" | "cur" | "at"),
        "Imp" | "Deal" | "DurFloors" => {
            matches!(name.field, "id" | "at" | "bidfloor" | "bidfloorcur")
        }
        _ => false,
    };
    if decides {
        return Err(Fault::doubled_key(at));
    }
    r.doubled_bid_key |=
        name.object == "Bid" && matches!(name.field, "id" | "impid" | "price" | "dealid" | "adm");
    r.repaired(name, at, RepairKind::DuplicateKey);
    Ok(())
}

/// Whether two members that the standard does not name have the same name.
pub(crate) fn names_repeat(extra: &[(Str<'_>, Raw<'_>)]) -> bool {
    if extra.len() < 2 {
        return false;
    }
    let mut names: Vec<&str> = extra.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}
