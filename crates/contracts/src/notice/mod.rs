//! Notice tokens: everything that decides what is billed, signed; the exchange's sealed as well (money.md, "The notice token").

mod buy;
mod codec;
mod key;
mod sell;

pub use buy::{BillOn, NoticeClaims, NoticeDraft, NoticeKind, NoticePayload};
pub use key::{KeyRing, NoticeKey, TokenError};
pub use sell::{Charge, Device, SellClaims, SellKind, SellNotice};
