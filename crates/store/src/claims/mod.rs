//! Claims: each command reads the claim under a lock, lets the state machine of the core decide, and writes the claim, its
//! parts, its deposit, one log entry and one outbox message in the same transaction.
//!
//! - `commands`: opening and stepping.
//! - `facts`, `spending`: what a decision looks at, read in its own transaction.
//! - `rows`, `parts`, `packages`: a claim as rows and back.
//! - `said`: a command as JSON, for the log and for idempotency keys.

use crate::error::StoreError;
use crate::sql::{Reader, Statement, values};
use crate::store::Store;
use recover_core::appeal::AppealId;
use recover_core::approval::ApprovalPolicy;
use recover_core::claim::settlement::{Account, Posting};
use recover_core::claim::{Claim, ClaimId, ClaimStatus, Refusal};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::people::Person;
use recover_core::time::Timestamp;
use std::collections::BTreeSet;

mod commands;
mod facts;
pub(crate) mod packages;
mod parts;
pub(crate) mod rows;
mod said;
mod spending;

pub(crate) use commands::{RELEASES, claim_in, keep, locked_deposit, stepped};
pub use packages::{PackageState, StoredPackage};

/// One version of the policy, as it bears on a claim.
#[derive(Debug, Clone)]
pub struct PolicyRules {
    /// Its number in this store.
    pub version: u32,
    /// Who must agree.
    pub approval: ApprovalPolicy,
    /// Everybody whom it names.
    pub people: Vec<Person>,
}

/// Who commands, when, under which policies, and under which key a repeat is known.
#[derive(Debug, Clone)]
pub struct ClaimContext {
    /// Who acts.
    pub actor: Person,
    /// The time of the command.
    pub now: Timestamp,
    /// The versions of the policy that bear on the claim: the active one, and the one of its quote where that is another. Empty
    /// without a policy. A vote or a release that does not bring both is refused.
    pub policies: Vec<PolicyRules>,
    /// The networks on which a ledger may name a movement by another id than ours
    /// (`recover_core::detect::Detect::books_by_other_ids`).
    pub booked_by_other_ids: BTreeSet<NetworkId>,
    /// Whether everything is done but the last step: the answer is what would happen, and nothing is kept.
    pub dry_run: bool,
    /// The caller's idempotency key; `None` takes a hash of command, claim, revision, actor and content.
    pub key: Option<String>,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimAnswer {
    /// It was carried out.
    Done(Claim),
    /// The same command was carried out before: the claim as it is now. Nothing was changed.
    Repeated(Claim),
    /// The state machine refuses it. Nothing was changed.
    Refused(Refusal),
    /// The key was used for another command. Nothing was changed.
    KeyReused,
    /// There is no such deposit, claim or appeal; which, in one word.
    NotFound(&'static str),
}

impl ClaimAnswer {
    /// The claim, when the command was carried out now or before.
    #[must_use]
    pub const fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Done(claim) | Self::Repeated(claim) => Some(claim),
            Self::Refused(_) | Self::KeyReused | Self::NotFound(_) => None,
        }
    }
}

/// Which claims to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClaimFilter {
    /// Only these statuses; empty for all.
    pub statuses: Vec<ClaimStatus>,
    /// Only this deposit's.
    pub deposit: Option<DepositId>,
    /// Only for this appeal.
    pub appeal: Option<AppealId>,
    /// Only those that still occupy their deposit.
    pub open_only: bool,
}

/// How a claim ends that paid nobody.
const UNPAID: [ClaimStatus; 3] = [
    ClaimStatus::Rejected,
    ClaimStatus::Cancelled,
    ClaimStatus::Invalidated,
];

/// A place in the list of claims, after which the next page begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimCursor {
    opened_at: Timestamp,
    id: ClaimId,
}

/// One page of claims, oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimPage {
    /// The claims.
    pub claims: Vec<Claim>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<ClaimCursor>,
}

impl Store {
    /// One claim with its quote, plan, screenings, votes and execution; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read, or the claim's content does not fit its digest.
    pub async fn claim(&self, id: &ClaimId) -> Result<Option<Claim>, StoreError> {
        let sql = format!("SELECT {} FROM claim WHERE id = $1", rows::COLUMNS);
        let found = self.db.rows(&sql, values![id.as_str()]).await?;
        let found = rows::claims(&mut Reader::Db(&self.db), &found).await?;
        Ok(found.into_iter().next())
    }

    /// One page of claims, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read, or a claim's content does not fit its digest.
    pub async fn list_claims(
        &self,
        filter: &ClaimFilter,
        after: Option<&ClaimCursor>,
        limit: u32,
    ) -> Result<ClaimPage, StoreError> {
        let mut statement =
            Statement::new(&format!("SELECT {} FROM claim WHERE 1 = 1", rows::COLUMNS));
        if !filter.statuses.is_empty() {
            statement.push(" AND status IN ");
            statement.bind_list(filter.statuses.iter().map(|status| status.code()));
        }
        if let Some(deposit) = &filter.deposit {
            statement.push(" AND deposit_id = ").bind(deposit);
        }
        if let Some(appeal) = &filter.appeal {
            statement.push(" AND appeal_id = ").bind(appeal.as_str());
        }
        if filter.open_only {
            statement.push(" AND is_open = 1");
        }
        if let Some(cursor) = after {
            statement.push(" AND opened_at >= ").bind(cursor.opened_at);
            statement.push(" AND (opened_at > ").bind(cursor.opened_at);
            statement
                .push(" OR id > ")
                .bind(cursor.id.as_str())
                .push(")");
        }
        statement.push(" ORDER BY opened_at, id LIMIT ").bind(limit);
        let found = self.db.rows(&statement.text, statement.values).await?;
        let claims = rows::claims(&mut Reader::Db(&self.db), &found).await?;
        let is_full = u64::try_from(claims.len()).is_ok_and(|count| count >= u64::from(limit));
        let next = claims.last().filter(|_| is_full).map(|last| ClaimCursor {
            opened_at: last.opened_at,
            id: last.id.clone(),
        });
        Ok(ClaimPage { claims, next })
    }

    /// How many other cases a user has or had before one: claims on other deposits that were opened before it and did not end
    /// without payment, every one that was settled, and cases that the ledger says were settled by hand. Each claim sees the same
    /// whenever it is asked, so that two of them are never both the first. `before` is when and as what it was opened; `None`
    /// counts all.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_cases_of(
        &self,
        user: &str,
        deposit: &DepositId,
        before: Option<(Timestamp, &ClaimId)>,
    ) -> Result<u32, StoreError> {
        let mut claims = Statement::new("SELECT COUNT(*) AS count FROM claim WHERE beneficiary = ");
        claims
            .bind(user)
            .push(" AND deposit_id <> ")
            .bind(deposit)
            .push(" AND (status = ")
            .bind(ClaimStatus::Settled.code())
            .push(" OR (status NOT IN ")
            .bind_list(UNPAID.iter().map(|status| status.code()));
        if let Some((opened_at, id)) = before {
            claims.push(" AND (opened_at < ").bind(opened_at);
            claims.push(" OR (opened_at = ").bind(opened_at);
            claims.push(" AND id < ").bind(id.as_str()).push("))");
        }
        claims.push("))");
        let mut settled = Statement::new(
            "SELECT COUNT(*) AS count FROM ledger_entry WHERE kind = 'settled_case' AND user_id = ",
        );
        settled.bind(user);
        let mut count: u32 = 0;
        for (table, statement) in [("claim", claims), ("ledger_entry", settled)] {
            if let Some(row) = self.db.row(&statement.text, statement.values).await? {
                count = count.saturating_add(row.of(table, "count").number("count")?);
            }
        }
        Ok(count)
    }

    /// How many claims stand where.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn count_claims(&self) -> Result<Vec<(ClaimStatus, u64)>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT status, COUNT(*) AS count FROM claim GROUP BY status ORDER BY status",
                vec![],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("claim", "status");
                Ok((
                    row.parsed("status", ClaimStatus::from_code)?,
                    row.number("count")?,
                ))
            })
            .collect()
    }

    /// The open claims that have a package, oldest package first: those that must be followed.
    ///
    /// # Errors
    /// When the database cannot be read, or a claim's content does not fit its digest.
    pub async fn claims_on_the_way(&self) -> Result<Vec<Claim>, StoreError> {
        let columns: Vec<String> = rows::COLUMNS
            .split(',')
            .map(|column| format!("claim.{}", column.trim()))
            .collect();
        let sql = format!(
            "SELECT {} FROM claim JOIN package ON package.claim_id = claim.id AND package.state = 'live'
             WHERE claim.is_open = 1 ORDER BY package.prepared_at, claim.id",
            columns.join(", ")
        );
        let found = self.db.rows(&sql, vec![]).await?;
        let mut claims = Vec::with_capacity(found.len());
        // One statement takes so many ids at most.
        for chunk in found.chunks(500) {
            claims.extend(rows::claims(&mut Reader::Db(&self.db), chunk).await?);
        }
        Ok(claims)
    }

    /// Every package that a claim ever had, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn packages(&self, claim: &ClaimId) -> Result<Vec<StoredPackage>, StoreError> {
        let sql = format!(
            "SELECT {} FROM package WHERE claim_id = $1 ORDER BY attempt",
            packages::COLUMNS
        );
        let rows = self.db.rows(&sql, values![claim.as_str()]).await?;
        rows.iter()
            .map(|row| packages::stored_package(&row.of("package", "claim_id")))
            .collect()
    }

    /// What a settled claim left in the books; empty before.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn postings(&self, claim: &ClaimId) -> Result<Vec<Posting>, StoreError> {
        let rows = self
            .db
            .rows(
                "SELECT claim_id, account, asset, debit, credit FROM posting WHERE claim_id = $1 ORDER BY number",
                values![claim.as_str()],
            )
            .await?;
        rows.iter()
            .map(|row| {
                let row = row.of("posting", "claim_id");
                Ok(Posting {
                    account: row.parsed("account", Account::from_code)?,
                    asset: packages::asset(&row)?,
                    debit: row.amount("debit")?,
                    credit: row.amount("credit")?,
                })
            })
            .collect()
    }
}
