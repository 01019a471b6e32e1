//! Looks at every user again when rules change, and now and then because time goes by.
//!
//! A rule on events of the last days ends without an event; a rule that is made today holds for users of
//! yesterday. One walk at a time, in small steps, off everybody's path.

use std::time::Duration;

use dmp_core::Touch;
use service::Shutdown;
use userstate::WriteKind;

use crate::App;
use crate::refusal::Refusal;
use crate::users::Manner;

/// Users of one step.
const STEP: u32 = 200;
/// Rest between steps: a walk leaves Redis to the bidders.
const REST: Duration = Duration::from_millis(5);
/// Before a walk that failed begins again.
const PAUSE: Duration = Duration::from_secs(2);

/// Reconsiders until `shutdown`.
pub(crate) async fn run(app: &App, every: Duration, shutdown: &Shutdown) {
    let work = async {
        let mut changes = app.rules.changes();
        // The first catalog may have come before we looked.
        changes.mark_changed();
        loop {
            // The sender lives in `app`, so this ends only by a change or the time.
            let _elapsed = tokio::time::timeout(every, changes.changed()).await;
            while let Err(refusal) = walk(app).await {
                tracing::warn!(
                    ?refusal,
                    "users could not be reconsidered; again in a moment"
                );
                tokio::time::sleep(PAUSE).await;
            }
        }
    };
    tokio::select! {
        () = shutdown.fired() => {}
        () = work => {}
    }
}

async fn walk(app: &App) -> Result<(), Refusal> {
    let Some(rules) = app.rules.current() else {
        return Ok(());
    };
    let manner = Manner {
        write: WriteKind::Reconsider,
        touch: Touch::Reconsidered,
        rules: Some(&rules),
    };
    let mut cursor = "0".to_owned();
    loop {
        let (next, users) = app.users.state.walk_users(&cursor, STEP).await?;
        for user in users {
            app.users.change(&user, manner, |_user| ()).await?;
        }
        if next == "0" {
            return Ok(());
        }
        cursor = next;
        tokio::time::sleep(REST).await;
    }
}
