//! Every key and field of the user state, spelled here only.
//!
//! | key | what | lives |
//! |---|---|---|
//! | `{u:<id>}` | hash: profile, stamps, event counters | the retention, from the last write |
//! | `{u:<id>}:gone` | tombstone of an erasure | as long as the erasure says (24 h) |
//! | `{u:<id>}:seen` | sorted set: confirmed bids by the end of their memory | until the last of them |
//! | `{u:<id>}:ids` | hash: what each partner calls the user, `<end, Unix ms> <id>` by partner | until the last of them ends |
//! | `{u:<id>}:browsers` | sorted set: ids of an exchange whom our own bidder calls by this one, by their end | until the last of them ends |
//! | `{seg:<id>}` | sorted set: members by the end of their retention | the retention, from the last write |
//!
//! The channel `gavel:users` tells the hash's key of each user whose profile or ids were written or who was erased.
//!
//! Fields of the hash: `profile` (JSON), `rev` (its revision), `events` (JSON), `t` (newest stamp),
//! `alias` (the user that this id is another name of), `c:<scope>` (confirmed stamps), `p:<scope>` (pendings, `bid@until`).
//! What stands in braces is the Cluster's hash tag: all keys of a user share a slot.

/// The profile, JSON of `contracts::profile::Profile`.
pub(crate) const PROFILE: &str = "profile";
/// The profile's revision.
pub(crate) const REVISION: &str = "rev";
/// Event counters, JSON of the DMP.
pub(crate) const EVENTS: &str = "events";
/// Newest stamp, Unix milliseconds.
pub(crate) const NEWEST: &str = "t";
/// Prefix of a scope's confirmed stamps.
pub(crate) const CONFIRMED: &str = "c:";
/// Prefix of a scope's pendings.
pub(crate) const PENDING: &str = "p:";

/// The user that this id is another name of.
pub(crate) const ALIAS: &str = "alias";

/// Channel on which changed users are told.
pub(crate) const CHANGES: &str = "gavel:users";

/// A user's hash.
pub(crate) fn user(id: &str) -> String {
    format!("{{u:{id}}}")
}

/// Matches the hash of every user.
pub(crate) const EVERY_USER: &str = "{u:*}";

/// The user whose hash a key is.
pub(crate) fn user_of(key: &str) -> Option<&str> {
    key.strip_prefix("{u:")?.strip_suffix('}')
}

/// A user's tombstone.
pub(crate) fn gone(id: &str) -> String {
    format!("{{u:{id}}}:gone")
}

/// A user's confirmed bids.
pub(crate) fn seen(id: &str) -> String {
    format!("{{u:{id}}}:seen")
}

/// What partners call a user.
pub(crate) fn matches(id: &str) -> String {
    format!("{{u:{id}}}:ids")
}

/// The ids of an exchange whom our own bidder calls by this id: the way back from it.
pub(crate) fn browsers(id: &str) -> String {
    format!("{{u:{id}}}:browsers")
}

/// A segment's members.
pub(crate) fn members(segment: &str) -> String {
    format!("{{seg:{segment}}}")
}
