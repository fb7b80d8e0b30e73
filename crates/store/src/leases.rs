//! Leases: work that only one process may do at a time, fenced by an epoch.

use crate::error::StoreError;
use crate::sql::{Row, detached, values};
use crate::store::Store;
use recover_core::time::Timestamp;

/// A lease that this process holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is for (`reconcile`).
    pub name: String,
    /// Who holds it: unique to the process.
    pub holder: String,
    /// Grows with every change of holder.
    pub epoch: i64,
    /// When others may take it.
    pub expires_at: Timestamp,
}

/// Whether a lease was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LeaseAnswer {
    /// It is ours until it expires.
    Held(Lease),
    /// Another holder has it.
    Taken {
        /// Who.
        holder: String,
        /// Until when, unless they renew it.
        expires_at: Timestamp,
    },
}

fn lease(row: &Row) -> Result<Lease, StoreError> {
    let row = row.of("lease", "name");
    Ok(Lease {
        name: row.text("name")?,
        holder: row.text("holder")?,
        epoch: row.integer("epoch")?,
        expires_at: row.time("expires_at")?,
    })
}

impl Store {
    /// Takes a lease that is free, expired or already this holder's; the epoch grows each time, so that whatever the last
    /// holder still does under it is refused.
    ///
    /// # Errors
    /// When `ttl_seconds` reaches past the end of time, or the database cannot be written.
    pub async fn acquire_lease(
        &self,
        name: &str,
        holder: &str,
        ttl_seconds: i64,
        now: Timestamp,
    ) -> Result<LeaseAnswer, StoreError> {
        let (db, name, holder) = (self.db.clone(), name.to_owned(), holder.to_owned());
        let expires_at = end(now, ttl_seconds)?;
        detached(async move {
            let mut tx = db.begin().await?;
            let taken = tx
                .row(
                    "INSERT INTO lease (name, holder, epoch, expires_at) VALUES ($1, $2, 1, $3)
                     ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, epoch = lease.epoch + 1,
                        expires_at = excluded.expires_at
                     WHERE lease.expires_at <= $4 OR lease.holder = excluded.holder
                     RETURNING name, holder, epoch, expires_at",
                    values![&name, &holder, expires_at, now],
                )
                .await?;
            let answer = match taken {
                Some(row) => LeaseAnswer::Held(lease(&row)?),
                None => {
                    let row = tx
                        .row(
                            "SELECT name, holder, epoch, expires_at FROM lease WHERE name = $1",
                            values![&name],
                        )
                        .await?;
                    let other = row.as_ref().map(lease).transpose()?;
                    let other = other.ok_or(StoreError::LeaseLost { name })?;
                    LeaseAnswer::Taken {
                        holder: other.holder,
                        expires_at: other.expires_at,
                    }
                }
            };
            tx.commit().await?;
            Ok(answer)
        })
        .await
    }

    /// Keeps a lease for longer. `None` when another process took it meanwhile.
    ///
    /// # Errors
    /// When `ttl_seconds` reaches past the end of time, or the database cannot be written.
    pub async fn renew_lease(
        &self,
        held: &Lease,
        ttl_seconds: i64,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let (db, held) = (self.db.clone(), held.clone());
        let expires_at = end(now, ttl_seconds)?;
        detached(async move {
            let mut tx = db.begin().await?;
            let row = tx
                .row(
                    "UPDATE lease SET expires_at = $1 WHERE name = $2 AND holder = $3 AND epoch = $4
                     RETURNING name, holder, epoch, expires_at",
                    values![expires_at, &held.name, &held.holder, held.epoch],
                )
                .await?;
            tx.commit().await?;
            row.as_ref().map(lease).transpose()
        })
        .await
    }

    /// Gives a lease back; nothing happens when another process has taken it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn release_lease(&self, held: &Lease) -> Result<(), StoreError> {
        let (db, held) = (self.db.clone(), held.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            // The row stays: its epoch must never start again.
            tx.run(
                "UPDATE lease SET expires_at = $1 WHERE name = $2 AND holder = $3 AND epoch = $4",
                values![i64::MIN, &held.name, &held.holder, held.epoch],
            )
            .await?;
            tx.commit().await
        })
        .await
    }

    /// The same store for work under a lease: every change compares the lease's epoch in its own transaction and fails
    /// with [`StoreError::LeaseLost`] once another process holds it.
    #[must_use]
    pub fn under(&self, held: &Lease) -> Self {
        let mut store = self.clone();
        store.db.lease = Some(held.clone());
        store
    }
}

fn end(now: Timestamp, ttl_seconds: i64) -> Result<Timestamp, StoreError> {
    now.plus_seconds(ttl_seconds).ok_or(StoreError::Unstorable {
        what: "the end of a lease",
        problem: "it lies past the end of time: ask for fewer seconds",
    })
}
