//! Reading, changing and erasing users in the state's Redis.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contracts::profile::{Profile, SegmentRule};
use dmp_core::{Touch, User, refresh};
use service::clock;
use units::{SegmentId, UserId};
use userstate::{StateError, Stored, Swapped, UserState, WriteKind};

use crate::metrics::Metrics;
use crate::refusal::Refusal;

/// How often a change is tried again because somebody else wrote first.
const TRIES: u32 = 32;

/// The users.
pub(crate) struct Users {
    pub(crate) state: UserState,
    tombstone: Duration,
    metrics: Metrics,
}

/// How a change goes about the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner<'a> {
    /// What it may do to an erased user.
    pub(crate) write: WriteKind,
    /// Why segments are looked at.
    pub(crate) touch: Touch,
    /// The rules; none before the first catalog: memberships stay as they are.
    pub(crate) rules: Option<&'a [SegmentRule]>,
}

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Change<T> {
    /// It is done.
    Done(Box<Done<T>>),
    /// The user was erased a short while ago; nothing was done.
    Erased,
}

/// A change that is done.
#[derive(Debug)]
pub(crate) struct Done<T> {
    /// What the change answered.
    pub(crate) value: T,
    /// The user as stored.
    pub(crate) profile: Profile,
    /// The user was not known before.
    pub(crate) is_new: bool,
    /// Memberships that began.
    pub(crate) gained: Vec<SegmentId>,
    /// Memberships that ended.
    pub(crate) lost: Vec<SegmentId>,
}

impl Users {
    pub(crate) fn new(state: UserState, tombstone: Duration, metrics: Metrics) -> Self {
        Self {
            state,
            tombstone,
            metrics,
        }
    }

    /// A user's profile.
    pub(crate) async fn profile(&self, id: &UserId) -> Result<Profile, Refusal> {
        let stored = self.load(id).await?;
        stored.profile.ok_or(Refusal::UnknownUser)
    }

    /// Changes a user and brings the memberships up to date.
    ///
    /// Nobody's change is lost: when somebody else wrote in between, it is applied to what they wrote.
    pub(crate) async fn change<T>(
        &self,
        id: &UserId,
        manner: Manner<'_>,
        mut apply: impl FnMut(&mut User) -> T,
    ) -> Result<Change<T>, Refusal> {
        for _try in 0..TRIES {
            let stored = self.load(id).await?;
            if stored.erased && manner.write != WriteKind::Create {
                return Ok(Change::Erased);
            }
            let is_new = stored.profile.is_none();
            let revision = stored.revision.clone();
            let mut user = known(id, stored);
            let before = user.clone();
            let value = apply(&mut user);
            let now = clock::now();
            if let Some(rules) = manner.rules {
                refresh(&mut user, rules, now, manner.touch);
            }
            let unchanged = manner.write == WriteKind::Reconsider && user == before;
            let (gained, lost) = difference(&before.profile, &user.profile);
            if !unchanged {
                let memory = serde_json::to_string(&user.memory).map_err(StateError::Encode)?;
                let started = Instant::now();
                let swapped = self
                    .state
                    .swap_profile(&user.profile, Some(&memory), &revision, manner.write)
                    .await?;
                self.metrics.redis_call.observe(started.elapsed());
                match swapped {
                    Swapped::Written => {}
                    Swapped::Conflict => continue,
                    Swapped::Erased => return Ok(Change::Erased),
                }
                // Every membership, and not only new ones: their retention begins anew with the user's.
                let joined: Vec<SegmentId> = user
                    .profile
                    .segments
                    .iter()
                    .map(|membership| membership.id.clone())
                    .collect();
                self.state
                    .note_members(id.as_str(), &joined, &lost, now)
                    .await?;
                self.metrics.segments_gained.add(length(&gained));
                self.metrics.segments_lost.add(length(&lost));
            }
            return Ok(Change::Done(Box::new(Done {
                value,
                profile: user.profile,
                is_new,
                gained,
                lost,
            })));
        }
        Err(Refusal::Contended)
    }

    /// Other ids of a user.
    pub(crate) async fn links(&self, id: &UserId) -> Result<BTreeSet<UserId>, Refusal> {
        let stored = self.load(id).await?;
        if stored.profile.is_none() {
            return Err(Refusal::UnknownUser);
        }
        Ok(known(id, stored).memory.links)
    }

    /// Why an id cannot become another one of a user; absent when it can.
    pub(crate) async fn keeps(&self, id: &UserId) -> Result<Option<&'static str>, Refusal> {
        let stored = self.load(id).await?;
        Ok(if stored.erased {
            Some("was erased a short while ago")
        } else if stored.profile.is_some() {
            Some("has a profile of its own")
        } else {
            None
        })
    }

    /// Erases a user everywhere, its other ids first: the user itself names them until then.
    pub(crate) async fn erase(&self, id: &UserId, segments: &[SegmentId]) -> Result<(), Refusal> {
        let stored = self.load(id).await?;
        for alias in known(id, stored).memory.links {
            self.state
                .delete_user(alias.as_str(), segments, self.tombstone)
                .await?;
        }
        let was_there = self
            .state
            .delete_user(id.as_str(), segments, self.tombstone)
            .await?;
        self.metrics.erasures.inc();
        // Without the id: what was erased must not live on in a log (S12).
        tracing::info!(was_there, "a user was erased");
        Ok(())
    }

    async fn load(&self, id: &UserId) -> Result<Stored, Refusal> {
        let started = Instant::now();
        let stored = self.state.load_profile(id.as_str()).await?;
        self.metrics.redis_call.observe(started.elapsed());
        Ok(stored)
    }
}

fn known(id: &UserId, stored: Stored) -> User {
    let mut user = User::unknown(id.clone());
    if let Some(profile) = stored.profile {
        user.profile = profile;
    }
    if let Some(memory) = stored.events {
        user.memory = serde_json::from_str(&memory).unwrap_or_default();
    }
    user
}

fn difference(before: &Profile, after: &Profile) -> (Vec<SegmentId>, Vec<SegmentId>) {
    let ids = |profile: &Profile| -> BTreeSet<SegmentId> {
        profile
            .segments
            .iter()
            .map(|membership| membership.id.clone())
            .collect()
    };
    let (before, after) = (ids(before), ids(after));
    (
        after.difference(&before).cloned().collect(),
        before.difference(&after).cloned().collect(),
    )
}

fn length(list: &[SegmentId]) -> u64 {
    u64::try_from(list.len()).unwrap_or(u64::MAX)
}
