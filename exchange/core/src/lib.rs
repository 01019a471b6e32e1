//! What the exchange decides: plan an auction, settle it.
