//! The schema, brought to this version by whoever comes first.

use deadpool_postgres::Pool;

use crate::refusal::Refusal;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Held while migrating, so that of several control planes one migrates: "gavel" in ASCII.
const MIGRATION_LOCK: i64 = 0x67_61_76_65_6c;

/// Why the schema could not be brought to this version.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MigrationError {
    /// Postgres is away: worth another try.
    #[error("Postgres is away: {0}")]
    Away(String),
    /// A migration failed, or the database was migrated by another program: no use in trying again.
    #[error("migrating the database: {0}")]
    Failed(refinery::Error),
}

/// Applies the migrations that are missing.
///
/// # Errors
/// [`MigrationError`].
pub(crate) async fn run(pool: &Pool) -> Result<(), MigrationError> {
    let mut client = pool.get().await.map_err(away)?;
    let lock = format!("SET statement_timeout = 0; SELECT pg_advisory_lock({MIGRATION_LOCK})");
    client.batch_execute(&lock).await.map_err(away)?;
    let result = embedded::migrations::runner()
        .run_async(&mut **client)
        .await;
    // A session that keeps the lock, or the changed setting, must not go back to the pool.
    drop(deadpool_postgres::Object::take(client));
    match result {
        Ok(report) => {
            for migration in report.applied_migrations() {
                tracing::info!(migration = migration.name(), "migrated");
            }
            Ok(())
        }
        Err(error) if matches!(error.kind(), refinery::error::Kind::Connection(..)) => {
            Err(MigrationError::Away(error.to_string()))
        }
        Err(error) => Err(MigrationError::Failed(error)),
    }
}

/// Whether somebody has brought the schema to this version, or a later one.
///
/// # Errors
/// [`MigrationError::Away`].
pub(crate) async fn is_current(pool: &Pool) -> Result<bool, MigrationError> {
    let client = pool.get().await.map_err(away)?;
    let ours = embedded::migrations::runner();
    let newest = ours
        .get_migrations()
        .iter()
        .map(refinery::Migration::version)
        .max();
    let table = "SELECT to_regclass('refinery_schema_history') IS NOT NULL";
    let exists: bool = client.query_one(table, &[]).await.map_err(away)?.get(0);
    if !exists {
        return Ok(false);
    }
    let applied = "SELECT coalesce(max(version), 0)::bigint FROM refinery_schema_history";
    let applied: i64 = client.query_one(applied, &[]).await.map_err(away)?.get(0);
    Ok(newest.is_none_or(|newest| applied >= i64::from(newest)))
}

/// Makes the first key that notice tokens are signed with, unless there is one.
///
/// # Errors
/// [`Refusal`] when Postgres is away.
pub(crate) async fn ensure_notice_key(pool: &Pool) -> Result<(), Refusal> {
    let key = contracts::notice::NoticeKey::new(1, service::clock::random_bytes());
    let client = pool.get().await?;
    let insert = "INSERT INTO notice_keys (id, doc) VALUES (1, $1) ON CONFLICT DO NOTHING";
    client
        .execute(insert, &[&tokio_postgres::types::Json(&key)])
        .await?;
    Ok(())
}

fn away(error: impl std::fmt::Display) -> MigrationError {
    MigrationError::Away(error.to_string())
}
