//! What the bidder decides: pure functions from an opportunity to a decision.
