//! Reading, changing and erasing users in the state's Redis.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use contracts::profile::{Profile, SegmentRule};
use dmp_core::{Memory, Touch, User, refresh};
use service::clock;
use service::visitor::Visitors;
use units::{SegmentId, UserId};
use userstate::{StateError, Stored, Swapped, Traces, UserState, WriteKind};

use crate::metrics::Metrics;
use crate::refusal::Refusal;

/// How often a change is tried again because somebody else wrote first.
const TRIES: u32 = 32;
/// Most ids that are followed of one person. A person has a few; this is for what somebody made up.
const MOST_IDS: usize = 1_000;

/// The users.
pub(crate) struct Users {
    pub(crate) state: UserState,
    visitors: Visitors,
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
    pub(crate) fn new(
        state: UserState,
        visitors: Visitors,
        tombstone: Duration,
        metrics: Metrics,
    ) -> Self {
        Self {
            state,
            visitors,
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

    /// Erases a person everywhere, under every id that leads to or from this one.
    pub(crate) async fn erase(&self, id: &UserId, segments: &[SegmentId]) -> Result<(), Refusal> {
        let person = self.person(id, Some(self.tombstone)).await?;
        let mut was_there = false;
        // The id that was named goes last: whoever is interrupted finds the others by it again.
        for (id, traces) in person.iter().rev() {
            was_there |= self.state.wipe(id.as_str(), traces, segments).await?;
        }
        self.metrics.erasures.inc();
        // Without the id: what was erased must not live on in a log (S12).
        tracing::info!(was_there, ids = person.len(), "a user was erased");
        Ok(())
    }

    /// The ids of a person, from one on, each with where it leads to: links and the user that they are of, the
    /// exchange's ids of a browser and ours. Each is marked as erased on the way where a tombstone is given.
    pub(crate) async fn person(
        &self,
        id: &UserId,
        tombstone: Option<Duration>,
    ) -> Result<Vec<(UserId, Traces)>, Refusal> {
        let mut person: Vec<(UserId, Traces)> = Vec::new();
        let mut ahead = vec![id.clone()];
        let mut known = BTreeSet::from([id.clone()]);
        while let Some(id) = ahead.pop() {
            let started = Instant::now();
            let traces = match tombstone {
                Some(life) => self.state.mark_erased(id.as_str(), life).await?,
                None => self.state.traces(id.as_str()).await?,
            };
            self.metrics.redis_call.observe(started.elapsed());
            for other in self.others(&traces) {
                if known.len() < MOST_IDS && known.insert(other.clone()) {
                    ahead.push(other);
                }
            }
            person.push((id, traces));
        }
        if person.len() == MOST_IDS {
            tracing::error!(most = MOST_IDS, "further ids of a person are not followed");
        }
        Ok(person)
    }

    /// The ids that traces lead to. What an exchange was told by a browser is an id of ours only if it was made
    /// here: anybody may tell another one, and must not have its user erased.
    fn others(&self, traces: &Traces) -> Vec<UserId> {
        let links = memory(traces.events.as_deref()).links.into_iter();
        let told = traces.uids.iter().map(String::as_str);
        let told = told.filter(|uid| self.visitors.is_ours(uid));
        links
            .chain(traces.alias_of.clone())
            .chain(traces.browsers.iter().cloned())
            .chain(told.map(UserId::from))
            .collect()
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
    user.memory = memory(stored.events.as_deref());
    user
}

/// What cannot be read is nothing.
fn memory(events: Option<&str>) -> Memory {
    let read = events.map(serde_json::from_str);
    read.and_then(Result::ok).unwrap_or_default()
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
