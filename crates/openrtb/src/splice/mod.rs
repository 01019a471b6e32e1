//! Writing by splice: ranges of the body that was read, with a few members changed.
//!
//! What nobody changed reaches the recipient byte for byte, unknown members and `ext` included
//! (C-22); the one exception are members that a later one of the same name replaces (C-31).
//!
//! A text that is sloppy where the standard is strict is first [written as it was understood](BidRequest::write_strict)
//! (C-26), read again, and spliced then.
//!
//! ```
//! use openrtb::splice::{Object, Patches};
//! use openrtb::{BidRequest, Limits};
//! let body = br#"{"id":"1", "imp":[{"id":"a","banner":{}},{"id":"b","banner":{}}], "x":1}"#;
//! let (request, _) = BidRequest::read(body, &Limits::REQUEST).expect("a legal request");
//! let mut patches = Patches::new();
//! patches.set_text(Object::Request, "id", "ours");
//! patches.set_text(Object::User, "buyeruid", "u");
//! patches.keep_imps([1]);
//! let mut out = Vec::new();
//! patches.write(&request, body, &mut out);
//! assert_eq!(out, br#"{"id":"ours", "imp":[{"id":"b","banner":{}}], "x":1,"user":{"buyeruid":"u"}}"#);
//! ```

mod edit;
mod mend;
mod outline;
mod patches;
mod place;

pub use outline::Outline;
pub use patches::Patches;
pub use place::{Object, Place};
