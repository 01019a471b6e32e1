//! The bidder's process: bid requests, notices, trackers, catalog feed, leases.
