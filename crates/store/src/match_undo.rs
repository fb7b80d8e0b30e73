//! Matches that a person took back: the claim that stood on one is cancelled in the same transaction, and matching does not
//! propose the pair again.

use crate::appeals::MATCHING;
use crate::claims::{self, ClaimAnswer, ClaimContext};
use crate::error::StoreError;
use crate::images;
use crate::log::{Subject, append_other};
use crate::sql::{Reader, Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::appeal::{AppealId, AppealStatus};
use recover_core::claim::{ClaimId, Command, Refusal};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A pair of appeal and deposit that a person took back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndoneMatch {
    /// The appeal.
    pub appeal: AppealId,
    /// The deposit that is not proposed for it again.
    pub deposit: DepositId,
    /// Who took it back.
    pub person: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// What became of taking a match back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UndoAnswer {
    /// It is taken back.
    Done {
        /// The deposit that the appeal was paired with.
        deposit: DepositId,
        /// The claim that was cancelled with it; `None` where none was open for the appeal.
        claim: Option<ClaimId>,
    },
    /// There is no such appeal. Nothing was changed.
    NotFound,
    /// The appeal is paired with no deposit. Nothing was changed.
    NotMatched,
    /// A person decided about the appeal: its status. Nothing was changed.
    Decided(AppealStatus),
    /// The state machine does not let the claim go, or the deposit was settled. Nothing was changed.
    Refused {
        /// The claim that stands in the way.
        claim: ClaimId,
        /// Why.
        refusal: Refusal,
    },
}

#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    appeal: &'a str,
    deposit: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    claim: Option<&'a str>,
    reason: &'a str,
}

const COMMAND: &str = "match_undo";

/// Rows of files that tell of the same transfer as what a source saw, and the other way round: as `claimants` pairs them.
pub(crate) const SAME_TRANSFER: &str = "other.tx_id = one.tx_id AND other.network = one.network AND other.origin <> one.origin
    AND LOWER(other.to_text) = LOWER(one.to_text) AND (other.decimals <> one.decimals OR other.amount = one.amount)";

fn undone(row: &Row) -> Result<UndoneMatch, StoreError> {
    let row = row.of("match_undone", "appeal_id");
    Ok(UndoneMatch {
        appeal: AppealId::verbatim(&row.text("appeal_id")?),
        deposit: DepositId::verbatim(&row.text("deposit_id")?),
        person: row.text("person")?,
        reason: row.text("reason")?,
        at: row.time("undone_at")?,
    })
}

/// The deposits that must not be proposed for an appeal: those that were taken back from it, and the other rows of the same
/// transfers. Appeals without any have no entry.
pub(crate) async fn excluded(
    reader: &mut Reader<'_>,
) -> Result<BTreeMap<AppealId, BTreeSet<DepositId>>, StoreError> {
    let sql = format!(
        "SELECT appeal_id, deposit_id FROM match_undone
         UNION SELECT match_undone.appeal_id AS appeal_id, other.id AS deposit_id FROM match_undone
            JOIN deposit AS one ON one.id = match_undone.deposit_id JOIN deposit AS other ON {SAME_TRANSFER}"
    );
    let mut pairs: BTreeMap<AppealId, BTreeSet<DepositId>> = BTreeMap::new();
    for row in reader.rows(&sql, vec![]).await? {
        let row = row.of("match_undone", "appeal_id");
        pairs
            .entry(AppealId::verbatim(&row.text("appeal_id")?))
            .or_default()
            .insert(DepositId::verbatim(&row.text("deposit_id")?));
    }
    Ok(pairs)
}

/// What an appeal is paired with at this moment.
struct Pair {
    deposit: DepositId,
    /// Its open claim for the appeal.
    claim: Option<(ClaimId, u32)>,
}

/// The pair to take back: what was decided (an open claim for the appeal) goes before what matching proposes elsewhere.
async fn pair(tx: &mut Tx, appeal: &AppealId) -> Result<Option<Pair>, StoreError> {
    let row = tx
        .row(
            "SELECT appeal_id, deposit_id FROM match_outcome WHERE appeal_id = $1",
            values![appeal.as_str()],
        )
        .await?;
    let proposed = match row {
        None => None,
        Some(row) => row
            .of("match_outcome", "appeal_id")
            .text_or_null("deposit_id")?,
    };
    let mut decided = Vec::new();
    for row in tx
        .rows(
            "SELECT id, deposit_id, revision FROM claim WHERE appeal_id = $1 AND is_open = 1 ORDER BY opened_at, id",
            values![appeal.as_str()],
        )
        .await?
    {
        let row = row.of("claim", "id");
        let claim = (ClaimId::verbatim(&row.text("id")?), row.number("revision")?);
        decided.push((row.text("deposit_id")?, claim));
    }
    let place = decided
        .iter()
        .position(|(deposit, _)| Some(deposit) == proposed.as_ref())
        .unwrap_or(0);
    let found = if decided.is_empty() {
        proposed.map(|deposit| (deposit, None))
    } else {
        let (deposit, claim) = decided.swap_remove(place);
        Some((deposit, Some(claim)))
    };
    Ok(found.map(|(deposit, claim)| Pair {
        deposit: DepositId::verbatim(&deposit),
        claim,
    }))
}

/// A deposit and the other rows of the same transfer, in order of their ids.
async fn same_transfer(tx: &mut Tx, deposit: &DepositId) -> Result<Vec<DepositId>, StoreError> {
    let sql = format!(
        "SELECT id FROM deposit WHERE id = $1
         UNION SELECT other.id AS id FROM deposit AS one JOIN deposit AS other ON {SAME_TRANSFER} WHERE one.id = $2 ORDER BY 1"
    );
    let rows = tx.rows(&sql, values![deposit, deposit]).await?;
    rows.iter()
        .map(|row| Ok(DepositId::verbatim(&row.of("deposit", "id").text("id")?)))
        .collect()
}

/// The claim by which one of the deposits was settled.
async fn settled_by(tx: &mut Tx, deposits: &[DepositId]) -> Result<Option<ClaimId>, StoreError> {
    for deposit in deposits {
        let row = tx
            .row(
                "SELECT id FROM claim WHERE deposit_id = $1 AND status = 'settled' LIMIT 1",
                values![deposit],
            )
            .await?;
        if let Some(row) = row {
            return Ok(Some(ClaimId::verbatim(&row.of("claim", "id").text("id")?)));
        }
    }
    Ok(None)
}

/// Everything but the commit. After any answer but `Done` the transaction must be dropped.
async fn undo(
    tx: &mut Tx,
    appeal: &AppealId,
    reason: &str,
    context: &ClaimContext,
) -> Result<UndoAnswer, StoreError> {
    tx.serialize(MATCHING).await?;
    let known = tx
        .row(
            "SELECT id FROM appeal WHERE id = $1",
            values![appeal.as_str()],
        )
        .await?;
    if known.is_none() {
        return Ok(UndoAnswer::NotFound);
    }
    let Some(found) = pair(tx, appeal).await? else {
        return Ok(UndoAnswer::NotMatched);
    };
    // Claims are opened and stepped under the lock of their deposit: what is read after it stays so.
    claims::locked_deposit(tx, &found.deposit).await?;
    let Some(found) = pair(tx, appeal).await? else {
        return Ok(UndoAnswer::NotMatched);
    };
    let rows = same_transfer(tx, &found.deposit).await?;
    if let Some(claim) = settled_by(tx, &rows).await? {
        return Ok(UndoAnswer::Refused {
            claim,
            refusal: Refusal::AlreadyMoved,
        });
    }
    let before = images::of_no_claim(&mut Reader::Tx(tx)).await?;
    if let Some((claim, revision)) = &found.claim {
        let cancel = Command::Cancel {
            reason: reason.to_owned(),
        };
        let context = ClaimContext {
            key: None,
            ..context.clone()
        };
        match claims::stepped(tx, claim, *revision, &cancel, &context).await? {
            ClaimAnswer::Done(_) => {}
            ClaimAnswer::Refused(refusal) => {
                let claim = claim.clone();
                return Ok(UndoAnswer::Refused { claim, refusal });
            }
            // Somebody stepped it between the reading and the lock of another deposit.
            ClaimAnswer::Repeated(_) | ClaimAnswer::KeyReused | ClaimAnswer::NotFound(_) => {
                return Ok(UndoAnswer::Refused {
                    claim: claim.clone(),
                    refusal: Refusal::RevisionDiffers,
                });
            }
        }
    }
    let (now, person) = (context.now, &context.actor.name);
    tx.run(
        "INSERT INTO match_undone (appeal_id, deposit_id, person, reason, undone_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (appeal_id, deposit_id) DO UPDATE SET person = excluded.person, reason = excluded.reason,
            undone_at = excluded.undone_at",
        values![appeal.as_str(), &found.deposit, person, reason, now],
    )
    .await?;
    for deposit in &rows {
        tx.run(
            "DELETE FROM appeal_truth WHERE appeal_id = $1 AND deposit_id = $2",
            values![appeal.as_str(), deposit],
        )
        .await?;
        tx.run(
            "DELETE FROM match_outcome WHERE appeal_id = $1 AND deposit_id = $2",
            values![appeal.as_str(), deposit],
        )
        .await?;
    }
    let received = tx
        .run(
            "UPDATE appeal SET status = $1, status_reason = $2, updated_at = $3
             WHERE id = $4 AND status NOT IN ('refused', 'duplicate', 'closed')",
            values![
                AppealStatus::Received.code(),
                format!(
                    "{person} took the match with {} back: {reason}",
                    found.deposit
                ),
                now,
                appeal.as_str()
            ],
        )
        .await?;
    if received == 0 {
        let sql = "SELECT id, status FROM appeal WHERE id = $1";
        let Some(row) = tx.row(sql, values![appeal.as_str()]).await? else {
            return Ok(UndoAnswer::NotFound);
        };
        let status = row
            .of("appeal", "id")
            .parsed("status", AppealStatus::from_code)?;
        return Ok(UndoAnswer::Decided(status));
    }
    let claim = found.claim.map(|(claim, _)| claim);
    let said = json(&SaidJson {
        command: COMMAND,
        appeal: appeal.as_str(),
        deposit: found.deposit.as_str(),
        claim: claim.as_ref().map(ClaimId::as_str),
        reason,
    });
    append_other(
        tx,
        &Subject::nothing(),
        &before,
        (person, COMMAND, &said),
        now,
    )
    .await?;
    Ok(UndoAnswer::Done {
        deposit: found.deposit,
        claim,
    })
}

impl Store {
    /// Takes the match of an appeal back: cancels the claim that is open for it, receives the appeal again, and remembers that
    /// the pair was taken back. Where a claim for the appeal is open on another deposit than matching proposes, that one is
    /// taken back. All of it or nothing. Whether the person's role allows it is for the caller to know; an empty reason is
    /// refused by the database.
    ///
    /// # Errors
    /// When the database cannot be written, or somebody changed the claim's rows behind the program
    /// ([`StoreError::ChangedBehind`]). A refusal is no error.
    pub async fn undo_match(
        &self,
        appeal: &AppealId,
        reason: &str,
        context: ClaimContext,
    ) -> Result<UndoAnswer, StoreError> {
        let (db, appeal, reason) = (self.db.clone(), appeal.clone(), reason.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = undo(&mut tx, &appeal, &reason, &context).await?;
            if let UndoAnswer::Done { .. } = &answer {
                claims::keep(tx, COMMAND, context.dry_run).await?;
            }
            Ok(answer)
        })
        .await
    }

    /// The matches that people took back, of one appeal or of all, by appeal and deposit. The log tells of earlier times where
    /// the same pair was taken back more than once.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn undone_matches(
        &self,
        appeal: Option<&AppealId>,
    ) -> Result<Vec<UndoneMatch>, StoreError> {
        const ALL: &str =
            "SELECT appeal_id, deposit_id, person, reason, undone_at FROM match_undone";
        let rows = match appeal {
            None => {
                let sql = format!("{ALL} ORDER BY appeal_id, deposit_id");
                self.db.rows(&sql, vec![]).await?
            }
            Some(appeal) => {
                let sql = format!("{ALL} WHERE appeal_id = $1 ORDER BY deposit_id");
                self.db.rows(&sql, values![appeal.as_str()]).await?
            }
        };
        rows.iter().map(undone).collect()
    }

    /// The deposits that matching must not propose for an appeal: those that a person took back from it, and the other rows of
    /// the same transfers. Appeals without any have no entry.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn excluded_pairs(
        &self,
    ) -> Result<BTreeMap<AppealId, BTreeSet<DepositId>>, StoreError> {
        excluded(&mut Reader::Db(&self.db)).await
    }
}
