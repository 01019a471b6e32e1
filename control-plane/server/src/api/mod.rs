//! HTTP, one module per resource: reads the call, lets the core decide, lets the store keep it.

pub(crate) mod advertisers;
pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod creative_verdicts;
pub(crate) mod creatives;
pub(crate) mod deals;
pub(crate) mod internal;
pub(crate) mod line_items;
pub(crate) mod lists;
pub(crate) mod money;
pub(crate) mod ops;
pub(crate) mod partners;
pub(crate) mod placements;
pub(crate) mod publishers;
pub(crate) mod rated;
pub(crate) mod rates;
pub(crate) mod reconcile;
pub(crate) mod segments;
pub(crate) mod seller_verdicts;
mod simple;
pub(crate) mod sources;

pub(crate) use simple::Listing;
