//! The DMP's process: profiles, events, segments.
