//! Keeps an eye on the state's Redis: whether it answers, and how full it is (R16).

use std::time::Duration;

use service::{Health, Shutdown};

use crate::App;

const EVERY: Duration = Duration::from_secs(1);
/// Fuller than this is told: nothing is evicted, writes begin to fail.
const ALARM: f64 = 0.8;

/// Watches until `shutdown`.
pub(crate) async fn run(app: &App, health: &Health, shutdown: &Shutdown) {
    let redis = health.dependency("redis");
    let watch = async {
        loop {
            match app.users.state.memory_ratio().await {
                Ok(ratio) => {
                    app.metrics.redis_memory.set(ratio);
                    if ratio > ALARM {
                        redis.set_down("more than 80 % of its memory is used");
                    } else {
                        redis.set_up();
                    }
                }
                Err(_away) => redis.set_down("no answer"),
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    tokio::select! {
        () = shutdown.fired() => {}
        () = watch => {}
    }
}
