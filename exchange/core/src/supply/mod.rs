//! Who may sell what: ads.txt and sellers.json, and what follows from them for a request (C-145, C-149).

mod ads_txt;
mod sellers_json;
mod verdicts;

pub use ads_txt::{AdsTxt, Record, Relation};
pub use sellers_json::{Seller, SellerKind, SellersJson};
pub use verdicts::{Unauthorised, Verdicts, judge};
