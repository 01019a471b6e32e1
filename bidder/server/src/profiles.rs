//! The user of a request: read within a few milliseconds, or not known.

use std::sync::Arc;
use std::time::Instant;

use bidder_core::facts::UserFacts;
use bidder_core::market::Market;
use bidder_core::opportunity::{Identity, user_keys};
use bidder_core::record::SeenUser;
use contracts::profile::Profile;
use contracts::stamps::UserStamps;
use openrtb::BidRequest;

use crate::metrics::UserFound;
use crate::worker::Worker;

/// What was found of a user.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) key: Option<String>,
    pub(crate) profile: Option<Arc<Profile>>,
    /// The profile's lists, where they were taken apart before.
    pub(crate) known: Option<Arc<UserFacts>>,
    pub(crate) stamps: Option<Arc<UserStamps>>,
}

impl Found {
    pub(crate) fn user(&self) -> bidder_core::user::User<'_> {
        bidder_core::user::User {
            key: self.key.as_deref(),
            profile: self.profile.as_deref(),
            known: self.known.as_ref(),
            stamps: self.stamps.as_deref(),
        }
    }
}

impl Found {
    /// As a record keeps it.
    pub(crate) fn seen(&self) -> SeenUser {
        SeenUser {
            key: self.key.clone(),
            profile: self.profile.as_deref().cloned(),
            stamps: self.stamps.as_deref().cloned(),
        }
    }
}

/// A profile with at most so many segments, those seen last.
fn bounded(profile: Arc<Profile>, most: usize) -> Arc<Profile> {
    if profile.segments.len() <= most {
        return profile;
    }
    let mut profile = Arc::unwrap_or_clone(profile);
    let segments = &mut profile.segments;
    segments.sort_by(|a, b| (b.last_seen, &a.id).cmp(&(a.last_seen, &b.id)));
    segments.truncate(most);
    Arc::new(profile)
}

/// Reads the user by the request's ids ("Whose profile"), unless identity may not be used.
pub(crate) async fn read(
    worker: &Worker,
    market: &Arc<Market>,
    request: &BidRequest<'_>,
    identity: Identity,
) -> Found {
    if identity != Identity::Allowed {
        return Found::default();
    }
    let mut keys = Vec::new();
    user_keys(request, &mut keys);
    if keys.is_empty() {
        return Found::default();
    }
    let asked: Vec<&str> = keys.iter().map(String::as_str).collect();
    let began = Instant::now();
    let answer = worker.users.read(&asked).await;
    let metrics = &worker.shared.metrics;
    let from_memory = matches!(&answer, Ok(Some(view)) if view.from_memory);
    if !from_memory {
        metrics.redis_duration.observe(began.elapsed());
    }
    metrics.user(match &answer {
        Err(_) => UserFound::Unread,
        Ok(Some(view)) if view.profile.is_some() => match from_memory {
            true => UserFound::Memory,
            false => UserFound::Redis,
        },
        Ok(_) => UserFound::Unknown,
    });
    match answer {
        Ok(Some(view)) => {
            let most = worker.shared.config.user_segments;
            let bounded = |it| bounded(it, most);
            let (profile, known) = match view.profile {
                // What was read just now is another value each time, until the cache has it.
                Some(read) if view.from_memory => {
                    let mut users = worker.known_users.borrow_mut();
                    let (profile, known) = users.of(market, &read, bounded);
                    (Some(profile), known)
                }
                read => (read.map(bounded), None),
            };
            Found {
                key: match view.alias_of {
                    Some(user) => Some(user.to_string()),
                    None => keys.into_iter().nth(view.key_index),
                },
                profile,
                known,
                // While no script can confirm them, stamps of the cache authorise nothing: caps are unknown.
                stamps: Some(view.stamps).filter(|_| !worker.users.is_held_back()),
            }
        }
        Ok(None) => Found::default(),
        // The bid goes on without the user; caps cannot be known then.
        Err(unknown) => {
            tracing::debug!(reason = unknown.label(), "user not read");
            Found {
                key: keys.into_iter().next(),
                ..Found::default()
            }
        }
    }
}
