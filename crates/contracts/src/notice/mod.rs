//! Notice tokens: everything that decides what is billed, signed (money.md, "The notice token").

mod buy;
mod codec;
mod key;
mod sell;

pub use buy::{BillOn, NoticeClaims, NoticeKind};
pub use key::{KeyRing, NoticeKey, TokenError};
pub use sell::{SellClaims, SellKind};
