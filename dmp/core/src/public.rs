//! Profiles as the API shows them: instants in RFC 3339.

use contracts::profile::Profile;
use serde_json::{Value, json};

/// A profile, in the shape of `GET /user/{id}/profile`.
#[must_use]
pub fn profile(profile: &Profile) -> Value {
    let segments: Vec<Value> = profile
        .segments
        .iter()
        .map(|member| {
            json!({
                "id": member.id,
                "last_seen": member.last_seen.to_rfc3339(),
                "count": member.count,
            })
        })
        .collect();
    json!({
        "user_id": profile.user_id,
        "demographics": profile.demographics,
        "interests": profile.interests,
        "behaviors": profile.behaviors,
        "segments": segments,
        "consent": profile.consent,
    })
}
