#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

pub mod consent;
pub mod convert;
mod crawler;
pub mod enums;
mod error;
mod json;
mod legacy;
mod lenient;
mod limits;
mod list;
pub mod macros;
mod markup;
pub mod native;
mod object;
mod owned;
mod repairs;
pub mod request;
pub mod response;
mod secure;
pub mod splice;
mod to_json;
pub mod validate;
pub mod vast;
mod write;

pub use crawler::is_crawler;
pub use error::ReadError;
pub use json::{MalformedKind, Raw, Span, Str, pointer_at};
pub use limits::Limits;
pub use list::List;
pub use markup::Markup;
pub use owned::{OwnedBidRequest, OwnedBidResponse};
pub use repairs::{Repair, RepairKind, Repairs};
pub use request::*;
pub use response::*;
pub use secure::insecure_url;
pub use write::JsonWriter;
