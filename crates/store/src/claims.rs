//! Claims: each command reads the claim under a lock, lets the state machine of the core decide, and writes the claim, its
//! deposit, one log entry and one outbox message in the same transaction.

use crate::appeals::claimants;
use crate::claim_events::{append, last_sequence};
use crate::claim_row::{self, changing_values};
use crate::deposit_list::TWIN;
use crate::deposit_row::{DEPOSIT_COLUMNS, STORE_COLUMNS, StoredDeposit, stored_deposit};
use crate::error::{StoreError, is_duplicate};
use crate::ledger::{LEDGER_COVERS, entries_of_transaction, unexplained_bookings};
use crate::sql::{IntoValue as _, Reader, Statement, Tx, detached, json, values};
use crate::store::Store;
use recover_core::appeal::AppealId;
use recover_core::claim::{
    Claim, ClaimId, ClaimStatus, Command, Facts, OpenRequest, Person, Refusal, open, step,
};
use recover_core::deposit::{Deposit, Origin};
use recover_core::digest::{Digest, Encoder};
use recover_core::kind::Kind;
use recover_core::ledger::{CreditKey, LedgerStanding, booked_by_other_id, standings};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_core::verdict::{Missing, Reason, Verdict};
use serde::Serialize;
use std::collections::BTreeSet;

/// Who commands, when, under which policy, and under which key a repeat is known.
#[derive(Debug, Clone)]
pub struct ClaimContext {
    /// Who acts.
    pub actor: Person,
    /// Everybody whom the policy names now; empty without a policy.
    pub people: Vec<Person>,
    /// The time of the command.
    pub now: Timestamp,
    /// How many distinct approvers a claim needs; `None` without a policy.
    pub approvers_min: Option<u32>,
    /// How old a screening may be, in seconds; `None` without a policy.
    pub screening_age_max_seconds: Option<i64>,
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

/// What a command says, for the log.
#[derive(Serialize)]
struct BodyJson<'a> {
    command: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quote: Option<QuoteJson>,
    #[serde(skip_serializing_if = "Option::is_none")]
    appeal: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    beneficiary: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destination: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolution: Option<&'a str>,
}

#[derive(Serialize)]
struct QuoteJson {
    value: String,
    service_fee: String,
    network_fee: String,
    total_fee: String,
    fee_in_asset: String,
    net: String,
    rule: u32,
    policy_version: u32,
    price_ids: Vec<String>,
    quoted_at: String,
    expires_at: String,
}

impl<'a> BodyJson<'a> {
    const fn empty(command: &'a str) -> Self {
        Self {
            command,
            reason: None,
            digest: None,
            signature: None,
            quote: None,
            appeal: None,
            beneficiary: None,
            destination: None,
            resolution: None,
        }
    }

    fn of_open(request: &'a OpenRequest) -> Self {
        Self {
            appeal: request.appeal.as_ref().map(AppealId::as_str),
            beneficiary: request.beneficiary.as_deref(),
            destination: request.destination.as_deref(),
            resolution: request.resolution.map(|resolution| resolution.code()),
            ..Self::empty("open")
        }
    }

    fn of(command: &'a Command) -> Self {
        let body = Self::empty(command.code());
        match command {
            Command::Quote(quote) => Self {
                quote: Some(QuoteJson {
                    value: quote.quote.value.to_string(),
                    service_fee: quote.quote.service_fee.to_string(),
                    network_fee: quote.quote.network_fee.to_string(),
                    total_fee: quote.quote.total_fee.to_string(),
                    fee_in_asset: quote.quote.fee_in_asset.to_base_units(),
                    net: quote.quote.net.to_base_units(),
                    rule: quote.quote.rule,
                    policy_version: quote.policy_version,
                    price_ids: quote.price_ids.clone(),
                    quoted_at: quote.quoted_at.to_string(),
                    expires_at: quote.expires_at.to_string(),
                }),
                ..body
            },
            Command::Approve { digest, signature } => Self {
                digest: Some(digest.to_string()),
                signature: signature.as_deref(),
                ..body
            },
            Command::Screen { clear: _, reason }
            | Command::Reject { reason }
            | Command::Cancel { reason }
            | Command::Invalidate { reason } => Self {
                reason: Some(reason),
                ..body
            },
            Command::Accept | Command::ExpireQuote => body,
        }
    }
}

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
            let body = json(&BodyJson::of_open(&request));
            let request_digest = Encoder::new("recover/claim-open/1")
                .field(id.as_str())
                .field(&context.actor.name)
                .field(&body)
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
            let decided = {
                let seen = Seen::read(&mut tx, deposit, &context).await?;
                open(&request, &seen.facts(&context))
            };
            let claim = match decided {
                Ok(claim) => claim,
                Err(refusal) => return Ok(ClaimAnswer::Refused(refusal)),
            };
            if ordinal.has_open {
                return Ok(ClaimAnswer::Refused(Refusal::DepositTaken));
            }
            let mut row = changing_values(&claim, context.now);
            row.extend(values![
                claim.id.as_str(),
                &claim.deposit,
                request.ordinal,
                &claim.opened_by,
                claim.opened_at
            ]);
            match tx.run(claim_row::INSERT, row).await {
                Ok(_) => {}
                // The database's own rule: at most one open claim on a deposit.
                Err(error) if is_duplicate(&error) => {
                    return Ok(ClaimAnswer::Refused(Refusal::DepositTaken));
                }
                Err(error) => return Err(error),
            }
            tx.run(
                "UPDATE deposit SET claim_state = 'open', status = 'claimed', updated_at = $1 WHERE id = $2",
                values![context.now, &id],
            )
            .await?;
            finish(tx, &claim, "open", &body, &key, &request_digest, &context).await
        })
        .await
    }

    /// Applies a command to a claim that the caller read at `expected_revision`.
    ///
    /// # Errors
    /// When the database cannot be written. A refusal is no error.
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
            let Some(deposit) = locked_deposit(&mut tx, &deposit_id).await? else {
                return Ok(ClaimAnswer::NotFound("deposit"));
            };
            let Some(claim) = claim_in(&mut tx, &id).await? else {
                return Ok(ClaimAnswer::NotFound("claim"));
            };
            let body = json(&BodyJson::of(&command));
            let request_digest = Encoder::new("recover/claim-step/1")
                .field(id.as_str())
                .field(&expected_revision.to_string())
                .field(&context.actor.name)
                .field(&body)
                .finish();
            let mut key = context
                .key
                .clone()
                .unwrap_or_else(|| request_digest.to_string());
            let last = last_sequence(&mut tx, &id).await?;
            match answered(&mut tx, &key, &request_digest).await? {
                None => {}
                Some(Earlier::Other) => return Ok(ClaimAnswer::KeyReused),
                Some(Earlier::Same(step)) => {
                    // A key that the caller chose stands for one command. A key of ours stands for a repeat only while
                    // nothing happened since: the same words after another step are a new command (a second clearing
                    // after a second hold). Screenings grow old, so that the same words later are a fresh screening.
                    let is_fresh_screening = matches!(command, Command::Screen { .. })
                        && context.now.micros_since(step.at) >= SCREENING_REPEAT_MICROS;
                    let is_repeat = last == Some(step.sequence) && !is_fresh_screening;
                    if context.key.is_some() || is_repeat {
                        return Ok(ClaimAnswer::Repeated(claim));
                    }
                    key = Encoder::new("recover/claim-key/1")
                        .field(&request_digest.to_string())
                        .field(&last.unwrap_or_default().to_string())
                        .finish()
                        .to_string();
                }
            }
            let decided = {
                let seen = Seen::read(&mut tx, deposit, &context).await?;
                step(&claim, expected_revision, &command, &seen.facts(&context))
            };
            let next = match decided {
                Ok(next) => next,
                Err(refusal) => return Ok(ClaimAnswer::Refused(refusal)),
            };
            write_parts(&mut tx, &claim, &next, &command, &context).await?;
            let mut row = changing_values(&next, context.now);
            row.extend(values![id.as_str(), expected_revision]);
            if tx.run(claim_row::UPDATE, row).await? != 1 {
                return Ok(ClaimAnswer::Refused(Refusal::RevisionDiffers));
            }
            if !next.status.is_open() {
                release_deposit(&mut tx, &next, context.now).await?;
            }
            finish(
                tx,
                &next,
                command.code(),
                &body,
                &key,
                &request_digest,
                &context,
            )
            .await
        })
        .await
    }

    /// One claim with its quote, screening and votes; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read, or the claim's content does not fit its digest.
    pub async fn claim(&self, id: &ClaimId) -> Result<Option<Claim>, StoreError> {
        let sql = format!("SELECT {} FROM claim WHERE id = $1", claim_row::COLUMNS);
        let rows = self.db.rows(&sql, values![id.as_str()]).await?;
        let found = claim_row::claims(&mut Reader::Db(&self.db), &rows).await?;
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
        let mut statement = Statement::new(&format!(
            "SELECT {} FROM claim WHERE 1 = 1",
            claim_row::COLUMNS
        ));
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
        let rows = self.db.rows(&statement.text, statement.values).await?;
        let claims = claim_row::claims(&mut Reader::Db(&self.db), &rows).await?;
        let is_full = u64::try_from(claims.len()).is_ok_and(|count| count >= u64::from(limit));
        let next = claims.last().filter(|_| is_full).map(|last| ClaimCursor {
            opened_at: last.opened_at,
            id: last.id.clone(),
        });
        Ok(ClaimPage { claims, next })
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
}

/// What a decision looks at, read in its own transaction.
struct Seen {
    deposit: Deposit,
    scanned_twin: bool,
    rivals: Vec<String>,
    ledger_covered: bool,
}

impl Seen {
    async fn read(
        tx: &mut Tx,
        stored: StoredDeposit,
        context: &ClaimContext,
    ) -> Result<Self, StoreError> {
        let is_suspect = stored.suspect_at.is_some();
        let mut deposit = stored.deposit;
        let id = deposit.id();
        match ledger_now(tx, &deposit, context).await? {
            // The classification may be older than the ledger: an import that was cut short before it looked again.
            Some(
                LedgerStanding {
                    credited: Some(_), ..
                }
                | LedgerStanding {
                    settled: Some(_), ..
                },
            ) => {
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
        // Until it is seen again nobody knows that it stands, whatever was found before.
        if is_suspect {
            deposit.classification.verdict = Verdict::Conditional(Missing::FinalityMissing);
        }
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
        })
    }

    fn facts<'a>(&'a self, context: &'a ClaimContext) -> Facts<'a> {
        Facts {
            deposit: &self.deposit,
            scanned_twin: self.scanned_twin,
            rivals: &self.rivals,
            ledger_covered: self.ledger_covered,
            actor: &context.actor,
            people: &context.people,
            now: context.now,
            approvers_min: context.approvers_min,
            screening_age_max_seconds: context.screening_age_max_seconds,
        }
    }
}

/// What the ledger says about a deposit at this moment; `None` for a deposit that only a file told of.
async fn ledger_now(
    tx: &mut Tx,
    deposit: &Deposit,
    context: &ClaimContext,
) -> Result<Option<LedgerStanding>, StoreError> {
    let Origin::Observed(_) = &deposit.origin else {
        return Ok(None);
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
    let standings = standings(&credits, &entries.iter().collect::<Vec<_>>());
    let found = place.and_then(|place| {
        let credit = credits.into_iter().nth(place)?;
        Some((credit, standings.into_iter().nth(place)?))
    });
    let Some((credit, mut standing)) = found else {
        return Ok(None);
    };
    let may_be_elsewhere = context.booked_by_other_ids.contains(deposit.network());
    if let (true, true, Some(at)) = (may_be_elsewhere, standing.is_silent(), deposit.block_time()) {
        let asked = [(credit, at)];
        let rows = unexplained_bookings(&mut Reader::Tx(tx), deposit.network(), &asked).await?;
        let [(credit, _)] = &asked;
        standing.unclear = booked_by_other_id(credit, at, &rows).map(|row| row.id.clone());
    }
    Ok(Some(standing))
}

async fn locked_deposit(tx: &mut Tx, id: &DepositId) -> Result<Option<StoredDeposit>, StoreError> {
    let sql = format!(
        "SELECT {DEPOSIT_COLUMNS}, {STORE_COLUMNS} FROM deposit WHERE id = $1{}",
        tx.lock_rows()
    );
    let row = tx.row(&sql, values![id]).await?;
    row.as_ref().map(stored_deposit).transpose()
}

/// The claim, locked until the transaction ends.
async fn claim_in(tx: &mut Tx, id: &ClaimId) -> Result<Option<Claim>, StoreError> {
    let sql = format!(
        "SELECT {} FROM claim WHERE id = $1{}",
        claim_row::COLUMNS,
        tx.lock_rows()
    );
    let rows = tx.rows(&sql, values![id.as_str()]).await?;
    let found = claim_row::claims(&mut Reader::Tx(tx), &rows).await?;
    Ok(found.into_iter().next())
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

/// Writes the quote, the screening and the vote that a step added. A new revision carries those it keeps with it: its
/// digest covers them.
async fn write_parts(
    tx: &mut Tx,
    claim: &Claim,
    next: &Claim,
    command: &Command,
    context: &ClaimContext,
) -> Result<(), StoreError> {
    let is_new_revision = next.revision != claim.revision;
    if let Some(quote) = &next.quote
        && (is_new_revision || claim.quote.as_ref() != Some(quote))
    {
        let sums = &quote.quote;
        tx.run(
            "INSERT INTO claim_quote (claim_id, revision, value_cents, service_fee_cents, network_fee_cents,
                total_fee_cents, fee_in_asset, net, rule, policy_version, price_ids, quoted_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
            values![
                next.id.as_str(),
                next.revision,
                sums.value.0,
                sums.service_fee.0,
                sums.network_fee.0,
                sums.total_fee.0,
                sums.fee_in_asset,
                sums.net,
                sums.rule,
                quote.policy_version,
                json(&quote.price_ids),
                quote.quoted_at,
                quote.expires_at
            ],
        )
        .await?;
    }
    if let Some(screening) = &next.screening
        && (is_new_revision || claim.screening.as_ref() != Some(screening))
    {
        tx.run(
            "INSERT INTO claim_screening (claim_id, number, revision, clear, person, reason, decided_at)
             SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5, $6 FROM claim_screening WHERE claim_id = $7",
            values![
                next.id.as_str(),
                next.revision,
                screening.clear,
                &screening.person,
                &screening.reason,
                screening.decided_at,
                next.id.as_str()
            ],
        )
        .await?;
    }
    match command {
        Command::Approve { digest, signature } => {
            vote(tx, claim, digest, "approve", signature.as_deref(), context).await
        }
        Command::Reject { .. } => {
            vote(tx, claim, &claim.content_digest(), "reject", None, context).await
        }
        Command::Quote(_)
        | Command::Accept
        | Command::Screen { .. }
        | Command::Cancel { .. }
        | Command::ExpireQuote
        | Command::Invalidate { .. } => Ok(()),
    }
}

/// A person's last word on one content: who approved it may still reject it.
async fn vote(
    tx: &mut Tx,
    claim: &Claim,
    digest: &Digest,
    decision: &str,
    signature: Option<&str>,
    context: &ClaimContext,
) -> Result<(), StoreError> {
    let mut statement = Statement::new(
        "INSERT INTO claim_approval (claim_id, revision, digest, person, decision, signature, decided_at) VALUES ",
    );
    statement.bind_rows(vec![vec![
        claim.id.as_str().into_value(),
        claim.revision.into_value(),
        digest.to_string().into_value(),
        context.actor.name.as_str().into_value(),
        decision.into_value(),
        signature.into_value(),
        context.now.into_value(),
    ]]);
    if decision == "reject" {
        statement.push(
            " ON CONFLICT (claim_id, revision, digest, person) DO UPDATE SET decision = excluded.decision,
                signature = NULL, decided_at = excluded.decided_at",
        );
    }
    tx.run_statement(statement).await?;
    Ok(())
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

/// Writes the log entry, the message and the key, commits, and answers.
async fn finish(
    mut tx: Tx,
    claim: &Claim,
    command: &str,
    body: &str,
    key: &str,
    request: &Digest,
    context: &ClaimContext,
) -> Result<ClaimAnswer, StoreError> {
    let sequence = append(
        &mut tx,
        claim,
        &context.actor.name,
        command,
        body,
        context.now,
    )
    .await?;
    tx.run(
        "INSERT INTO idempotency (key, request_digest, claim_id, sequence, created_at) VALUES ($1, $2, $3, $4, $5)",
        values![key, request.to_string(), claim.id.as_str(), sequence, context.now],
    )
    .await?;
    // A dry run takes the same path; a transaction that is dropped keeps nothing.
    if !context.dry_run {
        tx.commit().await?;
    }
    Ok(ClaimAnswer::Done(claim.clone()))
}
