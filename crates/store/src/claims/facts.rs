//! What a decision looks at, read in its own transaction.

use super::{ClaimContext, spending};
use crate::appeals::claimants;
use crate::deposit_list::TWIN;
use crate::deposit_row::{DEPOSIT_COLUMNS, STORE_COLUMNS, StoredDeposit, stored_deposit};
use crate::error::StoreError;
use crate::halts;
use crate::ledger::{LEDGER_COVERS, entries_of_transaction, unexplained_bookings};
use crate::log::{EVENT, event};
use crate::sql::{Reader, Tx, values};
use recover_core::approval::{PolicyInForce, Spending};
use recover_core::audit::body_digest;
use recover_core::block::Height;
use recover_core::claim::{Claim, Command, Facts};
use recover_core::deposit::{Deposit, DepositStatus, Origin};
use recover_core::kind::Kind;
use recover_core::ledger::{
    CreditKey, LedgerEntry, LedgerStanding, booked_by_other_id, sole_row, standings,
};
use recover_core::verdict::{Missing, Reason, Verdict};
use serde::Deserialize;

/// Whether a command is a decision on money that must see every other such decision: these run one after the other.
pub(super) const fn is_serialized(command: &Command) -> bool {
    matches!(
        command,
        Command::Approve { .. }
            | Command::LapseVotes
            | Command::Prepare { .. }
            | Command::Export { .. }
            | Command::Instruct { .. }
            | Command::Send
    )
}

/// What a decision looks at besides the claim.
pub(super) struct Seen {
    deposit: Deposit,
    scanned_twin: bool,
    rivals: Vec<String>,
    ledger_covered: bool,
    credited_by: Option<LedgerEntry>,
    paid_by_claim: bool,
    spending: Spending,
    halted: bool,
    votes_logged: bool,
}

impl Seen {
    pub(super) async fn of_deposit(
        tx: &mut Tx,
        stored: StoredDeposit,
        context: &ClaimContext,
    ) -> Result<Self, StoreError> {
        let is_suspect = stored.suspect_at.is_some();
        let mut deposit = stored.deposit;
        let id = deposit.id();
        let (standing, mut credited_by) = ledger_now(tx, &deposit, context).await?;
        match standing {
            // The classification may be older than the ledger: an import that was cut short before it looked again. What is no
            // deposit of a customer at all stays that, whatever was booked.
            Some(
                LedgerStanding {
                    credited: Some(_), ..
                }
                | LedgerStanding {
                    settled: Some(_), ..
                },
            ) if deposit.classification.kind.is_workable() => {
                deposit.classification.kind = Kind::AlreadyCredited;
                deposit.classification.verdict = Verdict::NotRecoverable(Reason::AlreadyCredited);
            }
            Some(LedgerStanding {
                unclear: Some(_), ..
            }) if deposit.classification.verdict.is_recoverable() => {
                deposit.classification.verdict = Verdict::Conditional(Missing::LedgerUnclear);
            }
            _ => {}
        }
        // Until it is seen again nobody knows that it stands, whatever was found before. The verdict on what was booked does not
        // tell finality, and the status of what is claimed neither.
        let may_vanish = deposit.classification.kind == Kind::AlreadyCredited
            && deposit.status == DepositStatus::Claimed
            && lost_finality(tx, &deposit).await?;
        if is_suspect || may_vanish {
            deposit.classification.verdict = Verdict::Conditional(Missing::FinalityMissing);
        }
        if let Some(row) = &credited_by
            && context.booked_by_other_ids.contains(deposit.network())
            && may_be_booked_again(tx, &deposit, row).await?
        {
            credited_by = None;
        }
        let paid_by_claim = tx
            .row(
                "SELECT id FROM claim WHERE deposit_id = $1 AND status = 'settled'",
                values![&id],
            )
            .await?
            .is_some();
        let scanned_twin = tx.row(TWIN, values![&id]).await?.is_some();
        let rivals = claimants(&mut Reader::Tx(tx), &id).await?;
        // Without a block time nobody can say that the ledger reaches over it.
        let ledger_covered = match deposit.block_time() {
            None => false,
            Some(time) => tx
                .row(LEDGER_COVERS, values![deposit.network(), time, time])
                .await?
                .is_some(),
        };
        Ok(Self {
            deposit,
            scanned_twin,
            rivals,
            ledger_covered,
            credited_by,
            paid_by_claim,
            spending: Spending::default(),
            halted: halts::state(&mut Reader::Tx(tx)).await?.is_halted(),
            votes_logged: false,
        })
    }

    /// Adds what only votes and releases look at.
    pub(super) async fn with_claim(
        mut self,
        tx: &mut Tx,
        claim: &Claim,
        command: &Command,
        context: &ClaimContext,
    ) -> Result<Self, StoreError> {
        if is_serialized(command) {
            self.spending = spending::read(tx, claim, &self.deposit, context.now).await?;
            self.votes_logged = votes_logged(tx, claim).await?;
        }
        Ok(self)
    }

    /// The rows of the claim are not those that the log left.
    pub(super) const fn distrust(&mut self) {
        self.votes_logged = false;
    }

    pub(super) fn facts<'a>(
        &'a self,
        context: &'a ClaimContext,
        policies: &'a [PolicyInForce<'a>],
    ) -> Facts<'a> {
        Facts {
            deposit: &self.deposit,
            scanned_twin: self.scanned_twin,
            rivals: &self.rivals,
            ledger_covered: self.ledger_covered,
            credited_by: self.credited_by.as_ref(),
            paid_by_claim: self.paid_by_claim,
            actor: &context.actor,
            now: context.now,
            policies,
            spending: &self.spending,
            halted: self.halted,
            votes_logged: self.votes_logged,
        }
    }
}

/// The policies of the context as core wants them.
pub(super) fn in_force(context: &ClaimContext) -> Vec<PolicyInForce<'_>> {
    context
        .policies
        .iter()
        .map(|rules| PolicyInForce {
            approval: &rules.approval,
            people: &rules.people,
        })
        .collect()
}

/// Whether the context brings the policy that is active at this moment and the one of the claim's quote: between the caller's
/// reading and this transaction another one may have come into force.
pub(super) async fn brings_policies(
    tx: &mut Tx,
    claim: &Claim,
    context: &ClaimContext,
) -> Result<bool, StoreError> {
    let active = crate::policies::active(&mut Reader::Tx(tx)).await?;
    let needed = [
        active.map(|policy| policy.number),
        claim.quote.as_ref().map(|quote| quote.policy_version),
    ];
    Ok(needed.into_iter().flatten().all(|version| {
        context
            .policies
            .iter()
            .any(|rules| rules.version == version)
    }))
}

#[derive(Deserialize)]
struct VoteJson {
    digest: String,
    #[serde(default)]
    signature: Option<String>,
}

/// Whether every vote has its entry: by that person, on that content, at that time, with that signature, whose hash is right and
/// which follows the entry before it.
async fn votes_logged(tx: &mut Tx, claim: &Claim) -> Result<bool, StoreError> {
    let sql = format!(
        "{EVENT} WHERE claim_id = $1 AND (command || '') = 'approve' ORDER BY claim_event.sequence"
    );
    let mut entries = Vec::new();
    for row in &tx.rows(&sql, values![claim.id.as_str()]).await? {
        let logged = event(row)?.logged();
        let before = tx
            .row(
                "SELECT sequence, hash FROM claim_event WHERE sequence = $1",
                values![logged.entry.sequence.saturating_sub(1)],
            )
            .await?;
        let follows = match before {
            None => logged.entry.sequence == 1,
            Some(row) => {
                row.of("claim_event", "sequence").text("hash")?
                    == logged.entry.previous_hash.to_string()
            }
        };
        if follows && logged.entry.hash() == logged.hash {
            entries.push(logged);
        }
    }
    Ok(claim.approvals.iter().all(|vote| {
        entries.iter().any(|logged| {
            let said = logged
                .body
                .as_deref()
                .filter(|body| body_digest(body) == logged.entry.body_digest)
                .and_then(|body| serde_json::from_str::<VoteJson>(body).ok());
            logged.entry.actor == vote.person
                && logged.entry.at == vote.approved_at
                && logged.entry.content_digest == vote.digest
                && said.is_some_and(|said| {
                    said.digest == vote.digest.to_string() && said.signature == vote.signature
                })
        })
    }))
}

/// Whether a rewind took back what was taken as final, and no scan said it again since.
async fn lost_finality(tx: &mut Tx, deposit: &Deposit) -> Result<bool, StoreError> {
    let row = tx
        .row(
            "SELECT network, generation, finalized_height FROM scan_state WHERE network = $1",
            values![deposit.network()],
        )
        .await?;
    let Some(row) = row else {
        return Ok(false);
    };
    let row = row.of("scan_state", "network");
    let finalized = row.number_or_null("finalized_height")?.map(Height);
    Ok(row.integer("generation")? > 0
        && deposit
            .block_height()
            .is_none_or(|height| finalized.is_none_or(|finalized| height > finalized)))
}

/// Whether a row of another transaction may be about the same deposit as the one that credited it, where ledgers name a movement by
/// several ids.
async fn may_be_booked_again(
    tx: &mut Tx,
    deposit: &Deposit,
    row: &LedgerEntry,
) -> Result<bool, StoreError> {
    let (Origin::Observed(observation), Some(at)) = (&deposit.origin, deposit.block_time()) else {
        return Ok(true);
    };
    // Whoever it was booked to the second time, it was booked twice.
    let asked = [(CreditKey::of(observation, None), at)];
    let rows = unexplained_bookings(&mut Reader::Tx(tx), deposit.network(), &asked).await?;
    let others = rows.iter().filter(|other| other.id != row.id);
    let [(credit, _)] = &asked;
    Ok(booked_by_other_id(credit, at, others).is_some())
}

/// What the ledger says about a deposit at this moment, and the one row by which alone it was credited; nothing for a deposit that
/// only a file told of.
async fn ledger_now(
    tx: &mut Tx,
    deposit: &Deposit,
    context: &ClaimContext,
) -> Result<(Option<LedgerStanding>, Option<LedgerEntry>), StoreError> {
    let Origin::Observed(_) = &deposit.origin else {
        return Ok((None, None));
    };
    let entries = entries_of_transaction(tx, deposit.network(), deposit.tx_id()).await?;
    let sql = format!(
        "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE tx_id = $1 AND (network || '') = $2
            AND (origin || '') = 'observed' AND (status || '') <> 'gone'"
    );
    let mut credits = Vec::new();
    let mut place = None;
    for row in &tx
        .rows(&sql, values![deposit.tx_id(), deposit.network()])
        .await?
    {
        let stored = stored_deposit(row)?.deposit;
        if let Origin::Observed(observation) = stored.origin {
            if observation.id() == deposit.id() {
                place = Some(credits.len());
            }
            let owner = stored.classification.owner.as_deref();
            credits.push(CreditKey::of(&observation, owner));
        }
    }
    let rows: Vec<&LedgerEntry> = entries.iter().collect();
    let standings = standings(&credits, &rows);
    let sole = place
        .and_then(|place| sole_row(&credits, place, &rows))
        .cloned();
    let found = place.and_then(|place| {
        let credit = credits.into_iter().nth(place)?;
        Some((credit, standings.into_iter().nth(place)?))
    });
    let Some((credit, mut standing)) = found else {
        return Ok((None, None));
    };
    let may_be_elsewhere = context.booked_by_other_ids.contains(deposit.network());
    if let (true, true, Some(at)) = (may_be_elsewhere, standing.is_silent(), deposit.block_time()) {
        let asked = [(credit, at)];
        let rows = unexplained_bookings(&mut Reader::Tx(tx), deposit.network(), &asked).await?;
        let [(credit, _)] = &asked;
        standing.unclear = booked_by_other_id(credit, at, &rows).map(|row| row.id.clone());
    }
    Ok((Some(standing), sole))
}
