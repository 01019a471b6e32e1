//! An edit: one transaction with its audit rows, its idempotency key and the next catalog version.

use deadpool_postgres::{Client, Transaction};
use serde_json::value::RawValue;

use super::audit::{self, Change};
use super::keys;
use super::rows::{self, Kept, OneOfEach, Resource};
use crate::refusal::Refusal;

/// Who calls, and how the call is to be taken.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// As whom the caller was admitted.
    pub(crate) actor: &'static str,
    /// The network that the call came from, without the host (S12).
    pub(crate) ip: String,
    /// The caller's or our id of the request.
    pub(crate) request_id: String,
    /// Answer what would happen, and let nothing happen.
    pub(crate) dry_run: bool,
    /// The version that the caller read, from `If-Match`.
    pub(crate) if_match: Option<i64>,
    /// `Idempotency-Key`, with a digest of the request.
    pub(crate) key: Option<(String, [u8; 32])>,
}

/// What an edit answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) body: String,
    /// Whether it is a stored answer to an earlier request.
    pub(crate) repeated: bool,
}

/// A transaction that is being made; dropped, it leaves nothing behind.
pub(crate) struct Edit<'c> {
    tx: Transaction<'c>,
    caller: &'c Caller,
    changes: Vec<Change>,
}

/// An edit to make, or one that was made under the same idempotency key.
pub(crate) enum Begun<'c> {
    Fresh(Edit<'c>),
    Repeated(Answer),
}

impl<'c> Edit<'c> {
    /// Begins. With an idempotency key this waits for a concurrent request of the same key.
    pub(crate) async fn begin(
        client: &'c mut Client,
        caller: &'c Caller,
    ) -> Result<Begun<'c>, Refusal> {
        let tx = client.transaction().await?;
        tx.batch_execute("SET LOCAL lock_timeout = '2s'").await?;
        if let Some((key, fingerprint)) = &caller.key
            && let Some(answer) = keys::claim(&tx, caller.actor, key, fingerprint).await?
        {
            return Ok(Begun::Repeated(answer));
        }
        Ok(Begun::Fresh(Self {
            tx,
            caller,
            changes: Vec::new(),
        }))
    }

    /// The transaction, for statements of the edit's own and of the ledger.
    pub(crate) const fn tx(&self) -> &Transaction<'c> {
        &self.tx
    }

    /// Refuses when the caller read another version.
    pub(crate) fn check_version<T>(&self, row: &Kept<T>) -> Result<(), Refusal> {
        match self.caller.if_match {
            Some(version) if version != row.stamps.version => Err(Refusal::Stale {
                version: row.stamps.version,
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The row that is to be changed, as the caller read it.
    pub(crate) async fn lock<T: Resource>(&self, id: &str) -> Result<Kept<T>, Refusal> {
        let row = rows::lock(&self.tx, id).await?;
        self.check_version(&row)?;
        Ok(row)
    }

    /// Makes a row and notes it for the audit log.
    pub(crate) async fn insert<T: Resource>(&mut self, doc: &T) -> Result<Kept<()>, Refusal> {
        let kept = rows::insert(&self.tx, doc).await?;
        self.note("create", doc, None)?;
        Ok(kept)
    }

    /// Makes a row, unless its id is taken or there is one about the same, and notes it for the audit log.
    pub(crate) async fn insert_new<T: OneOfEach>(
        &mut self,
        doc: &T,
    ) -> Result<Option<Kept<()>>, Refusal> {
        let kept = rows::insert_new(&self.tx, doc).await?;
        if kept.is_some() {
            self.note("create", doc, None)?;
        }
        Ok(kept)
    }

    /// The row about the same as a document, that is to be changed as the caller read it.
    pub(crate) async fn lock_same<T: OneOfEach>(
        &self,
        doc: &T,
    ) -> Result<Option<Kept<T>>, Refusal> {
        let row = rows::lock_same(&self.tx, doc).await?;
        if let Some(row) = &row {
            self.check_version(row)?;
        }
        Ok(row)
    }

    /// Changes a row and notes the difference for the audit log.
    pub(crate) async fn update<T: Resource>(
        &mut self,
        action: &'static str,
        before: &T,
        after: &T,
    ) -> Result<Kept<()>, Refusal> {
        let kept = rows::update(&self.tx, after).await?;
        self.note(action, after, Some(before))?;
        Ok(kept)
    }

    /// Notes a change for the audit log.
    pub(crate) fn note<T: Resource>(
        &mut self,
        action: &'static str,
        after: &T,
        before: Option<&T>,
    ) -> Result<(), Refusal> {
        let change = Change::of(action, T::KIND, after.id(), before, after)?;
        self.changes.push(change);
        Ok(())
    }

    /// Notes something that was made and is no [`Resource`].
    pub(crate) fn note_as(
        &mut self,
        action: &'static str,
        kind: &'static str,
        id: &str,
        after: &impl serde::Serialize,
    ) -> Result<(), Refusal> {
        self.changes
            .push(Change::of(action, kind, id, None, after)?);
        Ok(())
    }

    /// Ends: the next catalog version, the audit rows sealed in its order, the answer under its key, commit.
    /// A dry run ends without any of it. Returns the answer and the catalog version it is live in.
    pub(crate) async fn finish(self, mut answer: Answer) -> Result<(Answer, Option<i64>), Refusal> {
        if self.caller.dry_run {
            answer.status = 200;
            self.tx.rollback().await?;
            return Ok((answer, None));
        }
        let bump = "UPDATE catalog_version SET version = version + 1, changed_at = clock_timestamp() RETURNING version";
        let version: i64 = self.tx.query_one(bump, &[]).await?.try_get(0)?;
        for change in &self.changes {
            audit::append(&self.tx, self.caller, change).await?;
        }
        if let Some((key, _)) = &self.caller.key {
            keys::keep(&self.tx, self.caller.actor, key, &answer).await?;
        }
        self.tx.commit().await?;
        Ok((answer, Some(version)))
    }
}

impl Answer {
    /// 201 with the place of what was made.
    pub(crate) fn created(body: String, path: &str, version: i64) -> Self {
        Self {
            status: 201,
            etag: Some(etag(version)),
            location: Some(path.to_owned()),
            body,
            repeated: false,
        }
    }

    /// 200 with what it became.
    pub(crate) fn changed(body: String, version: i64) -> Self {
        Self {
            status: 200,
            etag: Some(etag(version)),
            location: None,
            body,
            repeated: false,
        }
    }
}

/// A version as an entity tag.
pub(crate) fn etag(version: i64) -> String {
    format!("\"{version}\"")
}

/// A value as its JSON text; money stays exact, since nothing parses it in between.
pub(crate) fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, Refusal> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| Refusal::Internal(format!("writing JSON: {error}")))
}
