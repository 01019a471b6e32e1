//! The API over a real socket, a real Postgres and a real Redis, as interfaces.md describes it.

mod choosing;
mod feed;
mod lists;
mod outage;
mod parameters;
mod plane;
mod prices;
mod reconcile;
mod resources;
mod review;
mod seed;
mod sightings;
mod ssp_accounts;
