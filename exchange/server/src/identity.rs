//! Who the user of a request is to each DSP: the match table and the browser's cookie, as one worker sees them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contracts::matches::Matches;
use exchange_core::intake::Intake;
use exchange_core::privacy::{self, Signals, Told};
use exchange_core::sync::{self, OWN_PREFIX};
use service::visitor::Visitors;
use service::{DependencyHandle, Shutdown};
use userstate::{Budget, Found, MatchTerms, Peers, StateError, UserState};

use crate::config::Config;
use crate::exchange::{Exchange, InForce};

/// The cookie that knows a browser again.
const COOKIE: &str = "gavel_uid";
/// Between two questions whether Redis answers.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// What one worker knows users by.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The match table; none where no Redis is configured.
    pub(crate) table: Option<UserState>,
    /// The cookies of browsers.
    pub(crate) visitors: Visitors,
    /// How long and how many ids are kept.
    pub(crate) terms: MatchTerms,
}

impl Identity {
    /// Must be called on the worker's own runtime, where its connection lives.
    ///
    /// # Errors
    /// [`StateError::Url`] when the URL cannot be read.
    pub(crate) fn connect(config: &Config, peers: &Arc<Peers>) -> Result<Self, StateError> {
        let table = if config.redis_url.is_empty() {
            None
        } else {
            let (url, peers) = (&config.redis_url, Arc::clone(peers));
            Some(UserState::connect_beside(
                url,
                config.match_budget(),
                peers,
            )?)
        };
        Ok(Self {
            table,
            visitors: visitors(config),
            terms: MatchTerms {
                life: config.sync.life.0,
                most: config.sync.per_user,
            },
        })
    }

    /// What partners call the user of a request: by the cookie that came with it, our id as the SSP has it, or
    /// the request's `user.id`; the first of whom any partner knows anything. Ids that are not of our making are
    /// nobody's here: they are not looked up.
    ///
    /// Nobody's where we may not know who that is, where no partner tells ids, and where Redis does not answer in
    /// time: the auction goes on without.
    pub(crate) async fn matches(
        &self,
        exchange: &Exchange,
        in_force: &InForce,
        intake: &Intake<'_>,
        visitor: Option<&str>,
        left: Duration,
    ) -> Arc<Matches> {
        let nobody = Arc::default;
        let Some(table) = self.table.as_ref().filter(|_| in_force.syncs) else {
            return nobody();
        };
        let request = &intake.request;
        let user = request.user.as_deref();
        let told = [
            visitor,
            user.and_then(|user| user.buyeruid.as_deref()),
            user.and_then(|user| user.id.as_deref()),
        ];
        let (mut ids, mut count) = ([""; 3], 0);
        for id in told.into_iter().flatten() {
            let is_new = !ids.contains(&id);
            if is_new
                && sync::is_own_id(id)
                && let Some(place) = ids.get_mut(count)
            {
                *place = id;
                count += 1;
            }
        }
        let ids = ids.get(..count).unwrap_or_default();
        if ids.is_empty() {
            return nobody();
        }
        let said = Told::by(request);
        if !privacy::may_identify(&Signals::of(request, &said, in_force.market.privacy)) {
            return nobody();
        }
        // Whoever waits for Redis has less time for its DSPs.
        if left < exchange.config.sync.wait.0.saturating_mul(2) {
            exchange.metrics.match_lookup("no_time");
            return nobody();
        }
        let began = Instant::now();
        let answer = Box::pin(table.read_matches(ids)).await;
        if !matches!(&answer, Ok(found) if found.from_memory) {
            exchange.metrics.redis_call.observe(began.elapsed());
        }
        match answer {
            Ok(Found { matches, .. }) => {
                let outcome = if matches.is_empty() {
                    "unknown"
                } else {
                    "known"
                };
                exchange.metrics.match_lookup(outcome);
                matches
            }
            Err(unknown) => {
                exchange.metrics.match_lookup(unknown.label());
                nobody()
            }
        }
    }
}

fn visitors(config: &Config) -> Visitors {
    Visitors {
        cookie: COOKIE,
        prefix: OWN_PREFIX,
        domain: config.sync.cookie_domain.clone(),
        life: config.sync.life.0,
        is_secure: config.ssp_base().starts_with("https://"),
    }
}

impl Config {
    /// What the match table may cost: time on an auction's path, and memory.
    pub(crate) fn match_budget(&self) -> Budget {
        Budget {
            bid: self.sync.wait.0,
            matches_bytes: self.sync.cache.0,
            cache_life: self.sync.cache_life.0,
            ..Budget::default()
        }
    }
}

/// Takes users that change out of memory, and watches whether Redis answers, until `shutdown`.
pub(crate) async fn follow(identity: Identity, health: Vec<DependencyHandle>, shutdown: Shutdown) {
    let Some(table) = &identity.table else {
        return;
    };
    let watch = async {
        loop {
            let answer = table.ping().await;
            for side in &health {
                match &answer {
                    Ok(()) => side.set_up(),
                    Err(error) => side.set_down(error.to_string()),
                }
            }
            tokio::time::sleep(WATCH_EVERY).await;
        }
    };
    tokio::select! {
        () = shutdown.fired() => {}
        ((), ()) = async { tokio::join!(watch, table.follow_changes()) } => {}
    }
}
