//! What the DMP decides: profiles, events, segment rules, consent.
