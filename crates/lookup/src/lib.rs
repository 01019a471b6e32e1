//! What a request does not say itself, but its address and its user agent do.
//!
//! [`Devices`] reads client hints, then the user agent, and remembers what user agents said. [`Places`] finds
//! the place of an address in a database of the MaxMind DB format. Neither guesses: what is not known stays absent.
//!
//! ```
//! use lookup::Devices;
//!
//! let devices = Devices::new(1_000);
//! let found = devices.of_agent("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 \
//!     (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1");
//! assert_eq!(found.os, Some("iOS".into()));
//! assert_eq!(found.os_version, Some("17.4".into()));
//! ```

#![deny(missing_docs)]

mod agent;
mod crawler;
mod device;
mod hints;
mod maker;
#[cfg(any(test, feature = "mmdb"))]
pub mod mmdb;
mod place;
mod screen;

pub use crawler::is_crawler;
pub use device::{Device, Devices};
pub use place::{Place, Places, PlacesError};
