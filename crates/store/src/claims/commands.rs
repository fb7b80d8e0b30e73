//! Opening a claim and stepping it.

use super::facts::{self, Seen};
use super::packages::Written;
use super::rows::{self, changing_values};
use super::{ClaimAnswer, ClaimContext, parts, said};
use crate::deposit_row::{DEPOSIT_COLUMNS, STORE_COLUMNS, StoredDeposit, stored_deposit};
use crate::error::{StoreError, is_duplicate};
use crate::failpoint::{Moment, boundary};
use crate::images::{self, Rows};
use crate::log::{append_step, last_step};
use crate::sql::{Reader, Tx, detached, values};
use crate::store::Store;
use recover_core::claim::{Claim, ClaimId, ClaimStatus, Command, OpenRequest, Refusal, open, step};
use recover_core::digest::{Digest, Encoder};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;

/// Under this name all decisions on money and all halts run one after the other, so that no sum is raced.
pub(crate) const RELEASES: &str = "claim_release";

impl Store {
    /// Opens a claim on a deposit. The ordinal of the request is the store's to choose and is not read.
    ///
    /// # Errors
    /// When the database cannot be written. A refusal is no error.
    pub async fn open_claim(
        &self,
        deposit: &DepositId,
        request: OpenRequest,
        context: ClaimContext,
    ) -> Result<ClaimAnswer, StoreError> {
        let (db, id) = (self.db.clone(), deposit.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            let Some(deposit) = locked_deposit(&mut tx, &id).await? else {
                return Ok(ClaimAnswer::NotFound("deposit"));
            };
            if let Some(appeal) = &request.appeal {
                let known = tx
                    .row("SELECT id FROM appeal WHERE id = $1", values![appeal.as_str()])
                    .await?;
                if known.is_none() {
                    return Ok(ClaimAnswer::NotFound("appeal"));
                }
            }
            let ordinal = ordinal(&mut tx, &id).await?;
            let request = OpenRequest {
                ordinal: ordinal.current,
                ..request
            };
            let said = said::open(&request);
            let request_digest = Encoder::new("recover/claim-open/1")
                .field(id.as_str())
                .field(&context.actor.name)
                .field(&said)
                .finish();
            let key = context.key.clone().unwrap_or_else(|| {
                let key = Encoder::new("recover/claim-key/1")
                    .field(&request_digest.to_string())
                    .field(&request.ordinal.to_string());
                key.finish().to_string()
            });
            if let Some(answer) = answered(&mut tx, &key, &request_digest).await? {
                return match answer {
                    Earlier::Same(step) => {
                        let claim = claim_in(&mut tx, &step.claim).await?;
                        Ok(claim.map_or(ClaimAnswer::NotFound("claim"), ClaimAnswer::Repeated))
                    }
                    Earlier::Other => Ok(ClaimAnswer::KeyReused),
                };
            }
            let seen = Seen::of_deposit(&mut tx, deposit, &context).await?;
            let decided = open(&request, &seen.facts(&context, &facts::in_force(&context)));
            let claim = match decided {
                Ok(claim) => claim,
                Err(refusal) => return Ok(ClaimAnswer::Refused(refusal)),
            };
            if ordinal.has_open {
                return Ok(ClaimAnswer::Refused(Refusal::DepositTaken));
            }
            if let Some(correction) = &claim.correction
                && is_corrected(&mut tx, &correction.entry).await?
            {
                return Ok(ClaimAnswer::Refused(Refusal::EntryTaken));
            }
            let mut row = changing_values(&claim, context.now);
            row.extend(values![
                claim.id.as_str(),
                &claim.deposit,
                request.ordinal,
                &claim.opened_by,
                claim.opened_at
            ]);
            match tx.run(rows::INSERT, row).await {
                Ok(_) => {}
                // The database's own rules: at most one open claim on a deposit, and at most one correction of an entry that is
                // open or was settled. The deposit is locked, so that only another deposit's claim can come between.
                Err(error) if is_duplicate(&error) => {
                    return Ok(ClaimAnswer::Refused(match claim.correction {
                        Some(_) => Refusal::EntryTaken,
                        None => Refusal::DepositTaken,
                    }));
                }
                Err(error) => return Err(error),
            }
            tx.run(
                "UPDATE deposit SET claim_state = 'open', status = 'claimed', updated_at = $1 WHERE id = $2",
                values![context.now, &id],
            )
            .await?;
            let done = Done {
                claim: &claim,
                before: Rows::new(),
                command: "open",
                said: &said,
                key: &key,
                request: &request_digest,
            };
            let answer = done.write(&mut tx, &context).await?;
            keep(tx, "open", context.dry_run).await?;
            Ok(answer)
        })
        .await
    }

    /// Applies a command to a claim that the caller read at `expected_revision`.
    ///
    /// # Errors
    /// When the database cannot be written, or somebody changed the claim's rows behind the program
    /// ([`StoreError::ChangedBehind`]). A refusal is no error.
    pub async fn step_claim(
        &self,
        claim: &ClaimId,
        expected_revision: u32,
        command: Command,
        context: ClaimContext,
    ) -> Result<ClaimAnswer, StoreError> {
        let (db, id) = (self.db.clone(), claim.clone());
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = stepped(&mut tx, &id, expected_revision, &command, &context).await?;
            if let ClaimAnswer::Done(_) = &answer {
                keep(tx, command.code(), context.dry_run).await?;
            }
            Ok(answer)
        })
        .await
    }
}

/// Applies a command within a transaction. What it answers as done is written with its entry and not yet kept; after any other
/// answer the transaction must be dropped.
pub(crate) async fn stepped(
    tx: &mut Tx,
    id: &ClaimId,
    expected_revision: u32,
    command: &Command,
    context: &ClaimContext,
) -> Result<ClaimAnswer, StoreError> {
    // The deposit is locked before the claim, as in opening one.
    let row = tx
        .row(
            "SELECT id, deposit_id FROM claim WHERE id = $1",
            values![id.as_str()],
        )
        .await?;
    let Some(row) = row else {
        return Ok(ClaimAnswer::NotFound("claim"));
    };
    let deposit_id = DepositId::verbatim(&row.of("claim", "id").text("deposit_id")?);
    let Some(deposit) = locked_deposit(tx, &deposit_id).await? else {
        return Ok(ClaimAnswer::NotFound("deposit"));
    };
    let Some(claim) = claim_in(tx, id).await? else {
        return Ok(ClaimAnswer::NotFound("claim"));
    };
    if facts::is_serialized(command) {
        tx.serialize(RELEASES).await?;
    }
    let said = said::step(command);
    let request_digest = Encoder::new("recover/claim-step/1")
        .field(id.as_str())
        .field(&expected_revision.to_string())
        .field(&context.actor.name)
        .field(&said)
        .finish();
    let mut key = context
        .key
        .clone()
        .unwrap_or_else(|| request_digest.to_string());
    let mut before = images::of_claim(&mut Reader::Tx(tx), id).await?;
    let last = last_step(tx, &claim, &before).await?;
    let damage = match &last {
        None => Some("no entry of the log tells of it".to_owned()),
        Some(last) => last.damage.clone(),
    };
    let changed_behind = |problem: String| StoreError::ChangedBehind {
        claim: id.to_string(),
        problem,
    };
    let mut is_repeated = false;
    match answered(tx, &key, &request_digest).await? {
        None => {}
        Some(Earlier::Other) => return Ok(ClaimAnswer::KeyReused),
        Some(Earlier::Same(step)) => {
            // A key that the caller chose stands for one command. A key of ours stands for a repeat only while
            // nothing happened since: the same words after another step are a new command (a second clearing
            // after a second hold). Screenings grow old, so that the same words later are a fresh screening.
            let is_fresh_screening = matches!(command, Command::Screen { .. })
                && context.now.micros_since(step.at) >= SCREENING_REPEAT_MICROS;
            let last = last.as_ref().map(|last| last.sequence);
            let is_repeat = last == Some(step.sequence) && !is_fresh_screening;
            if context.key.is_some() || is_repeat {
                // Whoever sends the bytes of the answer again must not send what somebody else put there.
                if let Some(problem) = damage {
                    return Err(changed_behind(problem));
                }
                // What leaves the house on this answer leaves it by the rules of now: a halt or a hold may have come since.
                if !matches!(command, Command::Send | Command::Export { .. }) {
                    return Ok(ClaimAnswer::Repeated(claim));
                }
                is_repeated = true;
            }
            key = Encoder::new("recover/claim-key/1")
                .field(&request_digest.to_string())
                .field(&last.unwrap_or_default().to_string())
                .finish()
                .to_string();
        }
    }
    let mut seen = Seen::of_deposit(tx, deposit, context)
        .await?
        .with_claim(tx, &claim, command, context)
        .await?;
    if damage.is_some() {
        seen.distrust();
    }
    let brings_policies = !facts::is_serialized(command)
        || matches!(command, Command::Send)
        || facts::brings_policies(tx, &claim, context).await?;
    let policies = if brings_policies {
        facts::in_force(context)
    } else {
        Vec::new()
    };
    let decided = step(
        &claim,
        expected_revision,
        command,
        &seen.facts(context, &policies),
    );
    let next = match (decided, damage) {
        (Err(refusal), _) => return Ok(ClaimAnswer::Refused(refusal)),
        // Nothing at all happens to a claim whose rows nobody vouches for.
        (Ok(_), Some(problem)) => return Err(changed_behind(problem)),
        (Ok(_), None) if is_repeated => return Ok(ClaimAnswer::Repeated(claim)),
        (Ok(next), None) => next,
    };
    if let Written::SlotTaken = parts::write(tx, &claim, &next, command, context).await? {
        return Ok(ClaimAnswer::Refused(Refusal::SlotTaken));
    }
    let mut row = changing_values(&next, context.now);
    row.extend(values![id.as_str(), expected_revision]);
    if tx.run(rows::UPDATE, row).await? != 1 {
        return Ok(ClaimAnswer::Refused(Refusal::RevisionDiffers));
    }
    if !next.status.is_open() {
        release_deposit(tx, &next, context.now).await?;
    }
    // The first entry that keeps rows keeps all of them.
    if last.is_none_or(|last| !last.keeps_rows) {
        before.clear();
    }
    let done = Done {
        claim: &next,
        before,
        command: command.code(),
        said: &said,
        key: &key,
        request: &request_digest,
    };
    done.write(tx, context).await
}

pub(crate) async fn locked_deposit(
    tx: &mut Tx,
    id: &DepositId,
) -> Result<Option<StoredDeposit>, StoreError> {
    let sql = format!(
        "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE id = $1{}",
        tx.lock_rows()
    );
    let row = tx.row(&sql, values![id]).await?;
    row.as_ref().map(stored_deposit).transpose()
}

/// The claim, locked until the transaction ends.
pub(crate) async fn claim_in(tx: &mut Tx, id: &ClaimId) -> Result<Option<Claim>, StoreError> {
    let sql = format!(
        "SELECT {} FROM claim WHERE id = $1{}",
        rows::COLUMNS,
        tx.lock_rows()
    );
    let rows = tx.rows(&sql, values![id.as_str()]).await?;
    let found = rows::claims(&mut Reader::Tx(tx), &rows).await?;
    Ok(found.into_iter().next())
}

/// Whether a claim that corrects an entry of the ledger is open or was settled.
async fn is_corrected(tx: &mut Tx, entry: &str) -> Result<bool, StoreError> {
    let row = tx
        .row(
            "SELECT id FROM claim WHERE correction_entry = $1 AND (is_open = 1 OR status = 'settled')",
            values![entry],
        )
        .await?;
    Ok(row.is_some())
}

struct Ordinal {
    /// Of the open claim when there is one, else of the next.
    current: u32,
    has_open: bool,
}

async fn ordinal(tx: &mut Tx, deposit: &DepositId) -> Result<Ordinal, StoreError> {
    let row = tx
        .row(
            "SELECT deposit_id, ordinal, is_open FROM claim WHERE deposit_id = $1 ORDER BY ordinal DESC LIMIT 1",
            values![deposit],
        )
        .await?;
    let Some(row) = row else {
        return Ok(Ordinal {
            current: 1,
            has_open: false,
        });
    };
    let row = row.of("claim", "deposit_id");
    let (last, has_open): (u32, bool) = (row.number("ordinal")?, row.flag("is_open")?);
    Ok(Ordinal {
        current: if has_open {
            last
        } else {
            last.saturating_add(1)
        },
        has_open,
    })
}

/// For how long the same screening by the same person is taken for a repeat of one command.
const SCREENING_REPEAT_MICROS: i64 = 60_000_000;

struct EarlierStep {
    claim: ClaimId,
    sequence: i64,
    at: Timestamp,
}

enum Earlier {
    /// The same request under this key.
    Same(EarlierStep),
    /// Another request under this key.
    Other,
}

async fn answered(tx: &mut Tx, key: &str, request: &Digest) -> Result<Option<Earlier>, StoreError> {
    let row = tx
        .row(
            "SELECT key, request_digest, claim_id, sequence, created_at FROM idempotency WHERE key = $1",
            values![key],
        )
        .await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let row = row.of("idempotency", "key");
    if row.parsed("request_digest", Digest::parse)? != *request {
        return Ok(Some(Earlier::Other));
    }
    Ok(Some(Earlier::Same(EarlierStep {
        claim: ClaimId::verbatim(&row.text("claim_id")?),
        sequence: row.integer("sequence")?,
        at: row.time("created_at")?,
    })))
}

/// A claim that ended without payment frees its deposit; one that was settled resolves it.
async fn release_deposit(tx: &mut Tx, claim: &Claim, now: Timestamp) -> Result<(), StoreError> {
    let sql = if claim.status == ClaimStatus::Settled {
        "UPDATE deposit SET claim_state = 'settled', status = 'resolved', updated_at = $1 WHERE id = $2"
    } else {
        "UPDATE deposit SET claim_state = NULL, updated_at = $1,
            status = CASE WHEN status = 'gone' THEN 'gone'
                WHEN suspect_at IS NOT NULL OR verdict_detail = 'finality_missing' THEN 'unconfirmed'
                WHEN queue = 'none' THEN 'resolved' ELSE 'open' END
         WHERE id = $2"
    };
    tx.run(sql, values![now, &claim.deposit]).await?;
    Ok(())
}

/// A step that was decided and written, but for its entry.
struct Done<'a> {
    claim: &'a Claim,
    /// The rows of the claim as the step found them.
    before: Rows,
    command: &'a str,
    said: &'a str,
    key: &'a str,
    request: &'a Digest,
}

impl Done<'_> {
    /// Writes the log entry, the message and the key, and answers.
    async fn write(self, tx: &mut Tx, context: &ClaimContext) -> Result<ClaimAnswer, StoreError> {
        let sequence = append_step(
            tx,
            self.claim,
            &self.before,
            (&context.actor.name, self.command, self.said),
            context.now,
        )
        .await?;
        tx.run(
            "INSERT INTO idempotency (key, request_digest, claim_id, sequence, created_at) VALUES ($1, $2, $3, $4, $5)",
            values![
                self.key,
                self.request.to_string(),
                self.claim.id.as_str(),
                sequence,
                context.now
            ],
        )
        .await?;
        Ok(ClaimAnswer::Done(self.claim.clone()))
    }
}

/// Commits. A dry run takes the same path up to here; a transaction that is dropped keeps nothing.
pub(crate) async fn keep(tx: Tx, command: &str, dry_run: bool) -> Result<(), StoreError> {
    if !dry_run {
        boundary(command, Moment::BeforeCommit);
        tx.commit().await?;
        boundary(command, Moment::AfterCommit);
    }
    Ok(())
}
