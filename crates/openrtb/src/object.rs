//! One declaration per object of the standard: the struct, its reader, what it cannot do without.

use crate::json::{Fault, Raw, Reader, Str};
use crate::lenient::Name;
use crate::repairs::RepairKind;

/// Declares an object `of` a section of the standard: attributes as `name: Type = "key"`, then what
/// makes it usable.
///
/// `required` lists attributes without which the object is dropped (C-60); `tracked` objects have
/// their members' places recorded for splicing; `check` may refuse what was read.
macro_rules! object {
    (
        $(#[$doc:meta])*
        pub struct $object:ident<$a:lifetime> of $section:literal {
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
            $(
                $(#[$field_doc])*
                #[doc = concat!("\n\n`", $key, "` of ", $section, ".")]
                pub $field: $type,
            )*
            /// Extensions of partners, opened on demand (C-23).
            pub ext: Option<$crate::json::Raw<$a>>,
            /// Members that the standard does not name, in document order (C-22).
            pub extra: Vec<($crate::json::Str<$a>, $crate::json::Raw<$a>)>,
            /// Where the object stands in the text it was read from.
            pub span: $crate::json::Span,
            $($(#[$own_doc])* pub $own: $own_type,)?
        }

        impl $object<'_> {
            /// The attributes that the standard names for this object, `ext` left out.
            pub const ATTRIBUTES: &'static [&'static str] = &[$($key),*];

            /// Where the standard defines the object and its attributes.
            pub const SECTION: &'static str = $section;
        }

        impl<$a> $object<$a> {
            /// Reads the members of the object at the next byte; false, with the repair recorded,
            /// when it lacks what it cannot do without.
            pub(crate) fn read_members(
                &mut self,
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<bool, $crate::json::Fault> {
                #[allow(non_camel_case_types, reason = "one variant per attribute, named as it is")]
                enum Attribute { $($field,)* ext }
                struct Code;
                #[allow(non_upper_case_globals, reason = "one constant per attribute, named as it is")]
                impl Code {
                    $(const $field: u64 = $crate::json::code($key.as_bytes());)*
                    const ext: u64 = $crate::json::code(b"ext");
                }
                let start = r.open_object()?;
                let outer = std::mem::take(&mut r.unreadable_price);
                let mut seen = 0_u64;
                let mut repeats = false;
                let mut first = true;
                while r.step(first)? {
                    // Not the key as a whole: a wide load behind narrow stores would stall.
                    let at = r.key.at;
                    first = false;
                    $(let member = $tracked.then(|| r.open_member(start));)?
                    match r.key.code {
                        $(Code::$field if r.key.is_named($key, r) => {
                            const NAME: &$crate::lenient::Name = &$crate::lenient::Name {
                                object: stringify!($object),
                                field: $key,
                            };
                            <$type as $crate::lenient::Field<$a>>::read_into(&mut self.$field, r, NAME)?;
                            let bit = 1_u64 << (Attribute::$field as u32);
                            if seen & bit != 0 {
                                $crate::object::repeated(r, NAME, at)?;
                                repeats = true;
                            }
                            seen |= bit;
                        })*
                        Code::ext if r.key.is_named("ext", r) => {
                            const NAME: &$crate::lenient::Name = &$crate::lenient::Name {
                                object: stringify!($object),
                                field: "ext",
                            };
                            self.ext = $crate::object::extension(r, NAME)?;
                            let bit = 1_u64 << (Attribute::ext as u32);
                            if seen & bit != 0 {
                                $crate::object::repeated(r, NAME, at)?;
                                repeats = true;
                            }
                            seen |= bit;
                        }
                        _ => {
                            r.count_unknown()?;
                            let name = r.key.text(r);
                            self.extra.push((name, r.raw()?));
                        }
                    }
                    $(if $tracked {
                        r.outline.close(member, r.position());
                    })?
                }
                self.span = r.span_from(start);
                if r.passes_on && (repeats || $crate::object::names_repeat(&self.extra)) {
                    r.cut_repeats(start);
                }
                #[allow(unused_mut, reason = "objects without a requirement are always usable")]
                let mut usable = true;
                $($(usable &= !$crate::lenient::Field::is_missing(&self.$required);)*)?
                $(usable = usable && $check(self, r);)?
                if usable {
                    r.unreadable_price |= outer;
                } else {
                    r.unreadable_price = outer;
                    r.repaired(name, start, $crate::repairs::RepairKind::DroppedObject);
                }
                Ok(usable || r.inspecting)
            }
        }

        impl<$a> $crate::lenient::Value<$a> for $object<$a> {
            fn read_value(
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<Option<Self>, $crate::json::Fault> {
                if r.peek() != b'{' {
                    $crate::object::not_an_object(r, name)?;
                    return Ok(None);
                }
                let mut object = Self::default();
                let usable = object.read_members(r, name)?;
                Ok(usable.then_some(object))
            }

            fn push_to(
                list: &mut Vec<Self>,
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<bool, $crate::json::Fault> {
                if r.peek() != b'{' {
                    $crate::object::not_an_object(r, name)?;
                    return Ok(false);
                }
                list.push(Self::default());
                let usable = match list.last_mut() {
                    Some(object) => object.read_members(r, name)?,
                    None => false,
                };
                if !usable {
                    list.pop();
                }
                Ok(usable)
            }

            fn read_boxed(
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<Option<Box<Self>>, $crate::json::Fault> {
                if r.peek() != b'{' {
                    $crate::object::not_an_object(r, name)?;
                    return Ok(None);
                }
                let mut object = Box::<Self>::default();
                let usable = object.read_members(r, name)?;
                Ok(usable.then_some(object))
            }
        }

        impl $crate::to_json::ToJson for $object<'_> {
            fn is_nothing(&self) -> bool {
                false
            }
            fn write(&self, json: &mut $crate::JsonWriter<'_>) {
                json.begin_object();
                $($crate::to_json::member(json, $key, &self.$field);)*
                $crate::to_json::member(json, "ext", &self.ext);
                for (name, value) in &self.extra {
                    json.raw(name, value.as_str());
                }
                json.end_object();
            }
        }

        impl $object<'_> {
            /// Writes the object strictly (C-26): attributes in the order of the standard, those that
            /// are absent left out, then `ext` and what the standard does not name, as they stand.
            pub fn write_json(&self, json: &mut $crate::JsonWriter<'_>) {
                $crate::to_json::ToJson::write(self, json);
            }

            /// The object as JSON text, as `write_json` writes it.
            #[must_use]
            pub fn to_json(&self) -> Vec<u8> {
                let mut out = Vec::new();
                self.write_json(&mut $crate::JsonWriter::new(&mut out));
                out
            }
        }

        impl $crate::validate::Walk for $object<'_> {
            fn walk(&self, walker: &mut $crate::validate::Walker<'_>) {
                walker.object(self.span, Self::ATTRIBUTES, &self.extra);
                $(
                    walker.attribute(self.span, $key);
                    $crate::validate::Walk::walk(&self.$field, walker);
                )*
            }
        }

        impl<$a> $crate::lenient::Field<$a> for Option<$object<$a>> {
            fn read_into(
                &mut self,
                r: &mut $crate::json::Reader<$a>,
                name: &'static $crate::lenient::Name,
            ) -> Result<(), $crate::json::Fault> {
                *self = $crate::lenient::Value::read_value(r, name)?;
                Ok(())
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
    if r.raw()?.as_str() == "null" {
        r.note_null(at);
    } else {
        r.repaired(name, at, RepairKind::DroppedField);
    }
    Ok(())
}

/// Reads an `ext`; anything but an object is ignored, and told only to those who ask (C-23).
pub(crate) fn extension<'a>(
    r: &mut Reader<'a>,
    name: &'static Name,
) -> Result<Option<Raw<'a>>, Fault> {
    let at = r.position();
    let value = r.raw()?;
    if value.is_object() {
        return Ok(Some(value));
    }
    if value.as_str() == "null" {
        r.note_null(at);
    } else {
        r.leave_out(at);
        if r.inspecting {
            r.repaired(name, at, RepairKind::DroppedField);
        }
    }
    Ok(None)
}

/// Whether an attribute decides about money or identity in a request (C-31).
pub(crate) fn decides_request(object: &str, field: &str) -> bool {
    match object {
        "BidRequest" => matches!(field, "id" | "imp" | "cur" | "at"),
        "Imp" | "Deal" | "DurFloors" => {
            matches!(field, "id" | "at" | "bidfloor" | "bidfloorcur")
        }
        _ => false,
    }
}

/// Whether an attribute decides about a bid (C-31).
pub(crate) fn decides_bid(object: &str, field: &str) -> bool {
    object == "Bid" && matches!(field, "id" | "impid" | "price" | "dealid" | "adm")
}

/// An attribute came again: refused where it decides money or identity, else counted (C-31).
pub(crate) fn repeated(r: &mut Reader<'_>, name: &Name, at: usize) -> Result<(), Fault> {
    let decides = decides_request(name.object, name.field);
    if decides && !r.inspecting {
        return Err(Fault::doubled_key(at));
    }
    r.doubled_bid_key |= decides_bid(name.object, name.field);
    r.repaired(name, at, RepairKind::DuplicateKey);
    Ok(())
}

/// Whether two members that the standard does not name have the same name.
#[inline(always)]
pub(crate) fn names_repeat(extra: &[(Str<'_>, Raw<'_>)]) -> bool {
    extra.len() > 1 && some_name_repeats(extra)
}

fn some_name_repeats(extra: &[(Str<'_>, Raw<'_>)]) -> bool {
    let mut names: Vec<&str> = extra.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.windows(2).any(|pair| pair.first() == pair.last())
}
