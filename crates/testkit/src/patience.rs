//! Waiting for a state instead of for a time.

use std::time::{Duration, Instant};

/// What a look may find: `true`, or a value.
pub trait Seen {
    /// What the wait then answers.
    type Output;

    /// The finding, if it is one.
    fn seen(self) -> Option<Self::Output>;
}

impl Seen for bool {
    type Output = ();

    fn seen(self) -> Option<()> {
        self.then_some(())
    }
}

impl<T> Seen for Option<T> {
    type Output = T;

    fn seen(self) -> Option<T> {
        self
    }
}

/// Looks again and again until `look` answers `true` or `Some`, at most `limit` long.
///
/// # Panics
/// When the limit has passed; make it generous, it is no measurement.
pub async fn poll_until<F, S>(limit: Duration, mut look: F) -> S::Output
where
    F: AsyncFnMut() -> S,
    S: Seen,
{
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = look().await.seen() {
            return found;
        }
        assert!(
            Instant::now() < until,
            "what the test waits for did not come about within {limit:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wait_ends_with_what_was_seen() {
        let mut looks = 0;
        let third = poll_until(Duration::from_secs(10), async || {
            looks += 1;
            (looks == 3).then_some("third")
        })
        .await;
        assert_eq!(third, "third");
        poll_until(Duration::from_secs(10), || async { true }).await;
    }

    #[tokio::test]
    #[should_panic(expected = "did not come about within 1ms")]
    async fn a_wait_for_nothing_fails_the_test() {
        poll_until(Duration::from_millis(1), async || false).await;
    }
}
