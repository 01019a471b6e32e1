//! A market of a seed: the catalog, the users and the requests of a benchmark share one vocabulary, so that
//! what is targeted does occur, in the proportions of a real market.
//!
//! Few segments, countries, sites and users are frequent and most are rare (Zipf); a tenth of the line items
//! is aimed at almost everybody and the rest at few. Everything is drawn from one seed: the same seed makes
//! the same catalog, the same users and the same requests.

pub mod catalog;
pub mod requests;
pub mod users;
mod vocabulary;
mod zipf;

pub use zipf::Zipf;
