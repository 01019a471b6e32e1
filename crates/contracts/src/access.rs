//! Paths and headers of the calls between services.

/// Long poll for the catalog: `GET ?after=VERSION&wait_ms=N` answers 200 with a newer one, or 304.
pub const CATALOG_PATH: &str = "/internal/catalog";
/// A bidder's batch once a second: `POST` [`crate::lease::LeaseAsk`] → [`crate::lease::LeaseAnswer`].
pub const LEASES_PATH: &str = "/internal/leases";
/// Bearer token of calls between services, from `GAVEL_SERVICE_TOKEN`.
pub const SERVICE_TOKEN_ENV: &str = "GAVEL_SERVICE_TOKEN";
/// Header that carries an SSP's or DSP's key.
pub const PARTNER_KEY_HEADER: &str = "x-gavel-key";
/// Header that carries the auction id of an answer.
pub const AUCTION_ID_HEADER: &str = "x-gavel-auction-id";
/// Header that tells why a request was shed.
pub const SHED_REASON_HEADER: &str = "x-shed-reason";

/// Where the control plane serves the entries of a shared list, before its id.
pub const LISTS_PATH: &str = "/internal/lists/";
