//! Proofs of ownership: what claimants were asked for, every attempt, and what became of it.
//!
//! Attempts are append-only; a proof that is taken back is a further row. The database itself refuses a challenge that proves twice, a
//! payment that meets two tests, and two open tests of one amount. Every step has its entry in the log.

use crate::error::{StoreError, is_duplicate};
use crate::images;
use crate::log::append_appeal;
use crate::match_undo::SAME_TRANSFER;
use crate::sql::{Reader, Row, Tx, detached, json, values};
use crate::store::Store;
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::proof::{
    ChallengeId, DepositTest, Destination, ProofMethod, ProofOutcome, ProofRefusal,
};
use recover_core::time::Timestamp;
use serde::Serialize;

/// Where a challenge stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChallengeState {
    /// It waits for its answer.
    Open,
    /// It proved.
    Used,
    /// A newer one took its place.
    Void,
    /// Its time ran out.
    Expired,
}

impl ChallengeState {
    const ALL: [Self; 4] = [Self::Open, Self::Used, Self::Void, Self::Expired];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Used => "used",
            Self::Void => "void",
            Self::Expired => "expired",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

/// What a claimant is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To sign this text.
    Signature(String),
    /// To pay exactly this.
    Payment {
        /// The asset.
        asset: AssetId,
        /// Exactly so much, in base units.
        amount: Amount,
        /// To where, in canonical text.
        to: String,
        /// With this memo; `None` where the address is the user's own.
        memo: Option<String>,
    },
}

/// A challenge as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// The appeal.
    pub appeal: AppealId,
    /// The deposit.
    pub deposit: DepositId,
    /// The account that appeals.
    pub account: String,
    /// Where the claim's money goes.
    pub destination: Destination,
    /// The deposit's network.
    pub network: NetworkId,
    /// The sender, in canonical text.
    pub sender: String,
    /// What is asked for.
    pub asked: Asked,
    /// Who issued it.
    pub issued_by: String,
    /// When.
    pub issued_at: Timestamp,
    /// From when it is valid no more.
    pub expires_at: Timestamp,
    /// Where it stands.
    pub state: ChallengeState,
    /// When it ended; `None` while it is open.
    pub ended_at: Option<Timestamp>,
}

impl StoredChallenge {
    /// The method that it is for.
    #[must_use]
    pub const fn method(&self) -> ProofMethod {
        match self.asked {
            Asked::Signature(_) => ProofMethod::SignedMessage,
            Asked::Payment { .. } => ProofMethod::VerificationDeposit,
        }
    }

    /// The test that it sets; `None` where a signature is asked for.
    #[must_use]
    pub fn test(&self) -> Option<DepositTest> {
        let Asked::Payment {
            asset,
            amount,
            to,
            memo,
        } = &self.asked
        else {
            return None;
        };
        Some(DepositTest {
            id: self.id.clone(),
            appeal: self.appeal.clone(),
            account: self.account.clone(),
            deposit: self.deposit.clone(),
            destination: self.destination.clone(),
            network: self.network.clone(),
            asset: asset.clone(),
            amount: *amount,
            sender: self.sender.clone(),
            to: to.clone(),
            memo: memo.clone(),
            issued_at: self.issued_at,
            expires_at: self.expires_at,
        })
    }
}

/// An attempt to prove, to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProof {
    /// The appeal.
    pub appeal: AppealId,
    /// The deposit.
    pub deposit: DepositId,
    /// The account that appeals.
    pub account: String,
    /// How.
    pub method: ProofMethod,
    /// Why it does not hold; `None` where it does.
    pub refusal: Option<ProofRefusal>,
    /// Where the claim's money goes.
    pub destination: Destination,
    /// The sender that was proven, or that was claimed.
    pub sender: Option<String>,
    /// The challenge that it answers; `None` for a record.
    pub challenge: Option<ChallengeId>,
    /// The deposit that met a test, or where a document is kept.
    pub reference: Option<String>,
    /// The signature and its scheme, or what a person wrote.
    pub evidence: Option<String>,
    /// Who brought it.
    pub person: String,
}

/// An attempt as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredProof {
    /// Counts the attempts of all appeals, from 1.
    pub number: u32,
    /// The attempt.
    pub proof: NewProof,
    /// What became of it.
    pub outcome: ProofOutcome,
    /// The proof that this row takes back.
    pub voids: Option<u32>,
    /// When.
    pub at: Timestamp,
}

/// What became of issuing a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueAnswer {
    /// It is issued; how many earlier challenges and proofs it voided, because they named another destination or ask for the same.
    Done {
        /// How many.
        voided: u32,
    },
    /// Another open test waits for the same amount: draw another one. Nothing was changed.
    AmountTaken,
    /// There is no such appeal or deposit; which, in one word. Nothing was changed.
    NotFound(&'static str),
}

/// What became of storing an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofAnswer {
    /// It is stored under this number.
    Done(u32),
    /// Its challenge is not open any more, or the payment met another test. Nothing was changed.
    NotOpen(ChallengeState),
    /// There is no such appeal, deposit or challenge; which, in one word. Nothing was changed.
    NotFound(&'static str),
}

/// All steps on proofs run one after the other: numbers are without a gap, and a challenge is used once.
const OWNERSHIP: &str = "ownership";

#[derive(Serialize)]
struct SaidJson<'a> {
    command: &'a str,
    appeal: &'a str,
    deposit: &'a str,
    method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    challenge: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<&'a str>,
}

const CHALLENGE: &str = "SELECT id, appeal_id, deposit_id, account, method, destination, network, sender, text, asset, amount,
    to_text, memo, issued_by, issued_at, expires_at, state, ended_at FROM ownership_challenge";

const PROOF: &str = "SELECT number, appeal_id, deposit_id, account, method, outcome, refusal, destination, sender, challenge_id,
    reference, evidence, voids, person, at_time FROM ownership_proof";

/// Proofs that hold: verified, and not taken back.
const IN_FORCE: &str = "ownership_proof.outcome = 'verified' AND NOT EXISTS (
    SELECT 1 FROM ownership_proof AS later WHERE later.voids = ownership_proof.number)";

fn challenge(row: &Row) -> Result<StoredChallenge, StoreError> {
    let row = row.of("ownership_challenge", "id");
    let asked = match row.text_or_null("text")? {
        Some(text) => Asked::Signature(text),
        None => Asked::Payment {
            asset: row.parsed("asset", AssetId::parse)?,
            amount: row.amount("amount")?,
            to: row.text("to_text")?,
            memo: row.text_or_null("memo")?,
        },
    };
    Ok(StoredChallenge {
        id: ChallengeId::verbatim(&row.text("id")?),
        appeal: AppealId::verbatim(&row.text("appeal_id")?),
        deposit: DepositId::verbatim(&row.text("deposit_id")?),
        account: row.text("account")?,
        destination: row.parsed("destination", Destination::parse)?,
        network: row.network("network")?,
        sender: row.text("sender")?,
        asked,
        issued_by: row.text("issued_by")?,
        issued_at: row.time("issued_at")?,
        expires_at: row.time("expires_at")?,
        state: row.parsed("state", ChallengeState::from_code)?,
        ended_at: row.time_or_null("ended_at")?,
    })
}

fn proof(row: &Row) -> Result<StoredProof, StoreError> {
    let row = row.of("ownership_proof", "number");
    Ok(StoredProof {
        number: row.number("number")?,
        proof: NewProof {
            appeal: AppealId::verbatim(&row.text("appeal_id")?),
            deposit: DepositId::verbatim(&row.text("deposit_id")?),
            account: row.text("account")?,
            method: row.parsed("method", ProofMethod::from_code)?,
            refusal: row.parsed_or_null("refusal", ProofRefusal::from_code)?,
            destination: row.parsed("destination", Destination::parse)?,
            sender: row.text_or_null("sender")?,
            challenge: row
                .text_or_null("challenge_id")?
                .map(|id| ChallengeId::verbatim(&id)),
            reference: row.text_or_null("reference")?,
            evidence: row.text_or_null("evidence")?,
            person: row.text("person")?,
        },
        outcome: row.parsed("outcome", ProofOutcome::from_code)?,
        voids: row.number_or_null("voids")?,
        at: row.time("at_time")?,
    })
}

async fn is_there(tx: &mut Tx, sql: &str, id: &str) -> Result<bool, StoreError> {
    Ok(tx.row(sql, values![id]).await?.is_some())
}

async fn missing(
    tx: &mut Tx,
    appeal: &AppealId,
    deposit: &DepositId,
) -> Result<Option<&'static str>, StoreError> {
    if !is_there(tx, "SELECT id FROM appeal WHERE id = $1", appeal.as_str()).await? {
        return Ok(Some("appeal"));
    }
    if !is_there(tx, "SELECT id FROM deposit WHERE id = $1", deposit.as_str()).await? {
        return Ok(Some("deposit"));
    }
    Ok(None)
}

async fn insert_proof(
    tx: &mut Tx,
    proof: &NewProof,
    (outcome, voids): (ProofOutcome, Option<u32>),
    now: Timestamp,
) -> Result<u32, StoreError> {
    let row = tx
        .row(
            "SELECT COALESCE(MAX(number), 0) + 1 AS number FROM ownership_proof",
            vec![],
        )
        .await?;
    let number = match &row {
        None => 1,
        Some(row) => row.of("ownership_proof", "number").number("number")?,
    };
    tx.run(
        "INSERT INTO ownership_proof (number, appeal_id, deposit_id, account, method, outcome, refusal, destination, sender,
            challenge_id, reference, evidence, voids, person, at_time)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        values![
            number,
            proof.appeal.as_str(),
            &proof.deposit,
            &proof.account,
            proof.method.code(),
            outcome.code(),
            proof.refusal.map(ProofRefusal::code),
            proof.destination.to_string(),
            proof.sender.as_deref(),
            proof.challenge.as_ref().map(ChallengeId::as_str),
            proof.reference.as_deref(),
            proof.evidence.as_deref(),
            voids,
            &proof.person,
            now
        ],
    )
    .await?;
    Ok(number)
}

/// Takes a proof back by a further row.
async fn insert_void(
    tx: &mut Tx,
    stored: &StoredProof,
    (person, why): (&str, &str),
    now: Timestamp,
) -> Result<u32, StoreError> {
    let row = NewProof {
        refusal: None,
        evidence: Some(why.to_owned()),
        person: person.to_owned(),
        ..stored.proof.clone()
    };
    let outcome = (ProofOutcome::Voided, Some(stored.number));
    insert_proof(tx, &row, outcome, now).await
}

/// What an entry says about a step.
fn said(command: &str, proof: &NewProof) -> String {
    json(&SaidJson {
        command,
        appeal: proof.appeal.as_str(),
        deposit: proof.deposit.as_str(),
        method: proof.method.code(),
        challenge: proof.challenge.as_ref().map(ChallengeId::as_str),
        refusal: proof.refusal.map(ProofRefusal::code),
    })
}

/// Everything but the commit.
async fn issue(tx: &mut Tx, new: &StoredChallenge) -> Result<IssueAnswer, StoreError> {
    tx.serialize(OWNERSHIP).await?;
    if let Some(what) = missing(tx, &new.appeal, &new.deposit).await? {
        return Ok(IssueAnswer::NotFound(what));
    }
    let (appeal, now) = (&new.appeal, new.issued_at);
    let before = images::of_appeal(&mut Reader::Tx(tx), appeal).await?;
    let destination = new.destination.to_string();
    // One destination for an appeal and its deposit: whoever changes it proves anew. And one open question of a kind: the newer one counts.
    let mut voided = tx
        .run(
            "UPDATE ownership_challenge SET state = 'void', ended_at = $1
             WHERE appeal_id = $2 AND deposit_id = $3 AND state = 'open' AND (destination <> $4 OR method = $5)",
            values![
                now,
                appeal.as_str(),
                &new.deposit,
                &destination,
                new.method().code()
            ],
        )
        .await?;
    let sql = format!(
        "{PROOF} WHERE appeal_id = $1 AND deposit_id = $2 AND destination <> $3 AND {IN_FORCE}"
    );
    let values = values![appeal.as_str(), &new.deposit, &destination];
    for row in tx.rows(&sql, values).await? {
        let why = "the destination was changed";
        insert_void(tx, &proof(&row)?, (&new.issued_by, why), now).await?;
        voided = voided.saturating_add(1);
    }
    let (text, asset, amount, to, memo) = match &new.asked {
        Asked::Signature(text) => (Some(text.as_str()), None, None, None, None),
        Asked::Payment {
            asset,
            amount,
            to,
            memo,
        } => (
            None,
            Some(asset),
            Some(*amount),
            Some(to.as_str()),
            memo.as_deref(),
        ),
    };
    let inserted = tx
        .run(
            "INSERT INTO ownership_challenge (id, appeal_id, deposit_id, account, method, destination, network, sender, text,
                asset, amount, to_text, memo, issued_by, issued_at, expires_at, state)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'open')",
            values![
                new.id.as_str(),
                appeal.as_str(),
                &new.deposit,
                &new.account,
                new.method().code(),
                &destination,
                &new.network,
                &new.sender,
                text,
                asset,
                amount,
                to,
                memo,
                &new.issued_by,
                now,
                new.expires_at
            ],
        )
        .await;
    match inserted {
        Ok(_) => {}
        Err(error) if is_duplicate(&error) => return Ok(IssueAnswer::AmountTaken),
        Err(error) => return Err(error),
    }
    let said = json(&SaidJson {
        command: "proof_challenge",
        appeal: appeal.as_str(),
        deposit: new.deposit.as_str(),
        method: new.method().code(),
        challenge: Some(new.id.as_str()),
        refusal: None,
    });
    let step = (new.issued_by.as_str(), "proof_challenge", said.as_str());
    append_appeal(tx, appeal, &before, step, now).await?;
    Ok(IssueAnswer::Done {
        voided: u32::try_from(voided).unwrap_or(u32::MAX),
    })
}

/// Everything but the commit.
async fn add(
    tx: &mut Tx,
    new: &NewProof,
    ends: Option<ChallengeState>,
    now: Timestamp,
) -> Result<ProofAnswer, StoreError> {
    tx.serialize(OWNERSHIP).await?;
    if let Some(what) = missing(tx, &new.appeal, &new.deposit).await? {
        return Ok(ProofAnswer::NotFound(what));
    }
    let before = images::of_appeal(&mut Reader::Tx(tx), &new.appeal).await?;
    if let Some(id) = &new.challenge {
        let sql = format!("{CHALLENGE} WHERE id = $1");
        let Some(row) = tx.row(&sql, values![id.as_str()]).await? else {
            return Ok(ProofAnswer::NotFound("challenge"));
        };
        let state = challenge(&row)?.state;
        if state != ChallengeState::Open {
            return Ok(ProofAnswer::NotOpen(state));
        }
    }
    let outcome = match new.refusal {
        None => ProofOutcome::Verified,
        Some(_) => ProofOutcome::Refused,
    };
    let number = match insert_proof(tx, new, (outcome, None), now).await {
        Ok(number) => number,
        // The payment met another test.
        Err(error) if is_duplicate(&error) => {
            return Ok(ProofAnswer::NotOpen(ChallengeState::Used));
        }
        Err(error) => return Err(error),
    };
    let ends = match outcome {
        ProofOutcome::Verified => Some(ChallengeState::Used),
        _ => ends,
    };
    if let (Some(id), Some(state)) = (&new.challenge, ends) {
        tx.run(
            "UPDATE ownership_challenge SET state = $1, ended_at = $2 WHERE id = $3",
            values![state.code(), now, id.as_str()],
        )
        .await?;
    }
    let command = match outcome {
        ProofOutcome::Verified => "proof_verified",
        _ => "proof_refused",
    };
    let text = said(command, new);
    let step = (new.person.as_str(), command, text.as_str());
    append_appeal(tx, &new.appeal, &before, step, now).await?;
    Ok(ProofAnswer::Done(number))
}

impl Store {
    /// Issues a challenge. Open challenges for the same appeal and deposit that name another destination or ask for the same are voided, and so are
    /// its proofs for another destination.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn issue_challenge(
        &self,
        challenge: StoredChallenge,
    ) -> Result<IssueAnswer, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = issue(&mut tx, &challenge).await?;
            if let IssueAnswer::Done { .. } = &answer {
                tx.commit().await?;
            }
            Ok(answer)
        })
        .await
    }

    /// Stores an attempt. One that holds uses its challenge up; after one that does not, the challenge stands as `ends` says, or stays
    /// open.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_proof(
        &self,
        proof: NewProof,
        ends: Option<ChallengeState>,
        now: Timestamp,
    ) -> Result<ProofAnswer, StoreError> {
        let db = self.db.clone();
        detached(async move {
            let mut tx = db.begin().await?;
            let answer = add(&mut tx, &proof, ends, now).await?;
            if let ProofAnswer::Done(_) = &answer {
                tx.commit().await?;
            }
            Ok(answer)
        })
        .await
    }

    /// Takes a proof back; false when there is none in force under this number.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn void_proof(
        &self,
        number: u32,
        person: &str,
        why: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (db, person, why) = (self.db.clone(), person.to_owned(), why.to_owned());
        detached(async move {
            let mut tx = db.begin().await?;
            tx.serialize(OWNERSHIP).await?;
            let sql = format!("{PROOF} WHERE number = $1 AND {IN_FORCE}");
            let Some(row) = tx.row(&sql, values![number]).await? else {
                return Ok(false);
            };
            let stored = proof(&row)?;
            let appeal = &stored.proof.appeal;
            let before = images::of_appeal(&mut Reader::Tx(&mut tx), appeal).await?;
            insert_void(&mut tx, &stored, (&person, &why), now).await?;
            let text = said("proof_void", &stored.proof);
            append_appeal(
                &mut tx,
                appeal,
                &before,
                (&person, "proof_void", &text),
                now,
            )
            .await?;
            tx.commit().await?;
            Ok(true)
        })
        .await
    }

    /// One challenge; `None` when there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn challenge(&self, id: &ChallengeId) -> Result<Option<StoredChallenge>, StoreError> {
        let sql = format!("{CHALLENGE} WHERE id = $1");
        let row = self.db.row(&sql, values![id.as_str()]).await?;
        row.as_ref().map(challenge).transpose()
    }

    /// The challenges of an appeal, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn challenges_of(
        &self,
        appeal: &AppealId,
    ) -> Result<Vec<StoredChallenge>, StoreError> {
        let sql = format!("{CHALLENGE} WHERE appeal_id = $1 ORDER BY issued_at, id");
        let rows = self.db.rows(&sql, values![appeal.as_str()]).await?;
        rows.iter().map(challenge).collect()
    }

    /// The verification deposits that are waited for, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn open_tests(&self) -> Result<Vec<StoredChallenge>, StoreError> {
        let sql = format!(
            "{CHALLENGE} WHERE state = 'open' AND amount IS NOT NULL ORDER BY issued_at, id"
        );
        let rows = self.db.rows(&sql, vec![]).await?;
        rows.iter().map(challenge).collect()
    }

    /// Every attempt of an appeal, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn proofs_of(&self, appeal: &AppealId) -> Result<Vec<StoredProof>, StoreError> {
        let sql = format!("{PROOF} WHERE appeal_id = $1 ORDER BY number");
        let rows = self.db.rows(&sql, values![appeal.as_str()]).await?;
        rows.iter().map(proof).collect()
    }

    /// The proofs in force, of one deposit or of all, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn proofs_in_force(
        &self,
        deposit: Option<&DepositId>,
    ) -> Result<Vec<StoredProof>, StoreError> {
        in_force(&mut Reader::Db(&self.db), deposit).await
    }

    /// Who proved which deposit, and how, by account and deposit: the proofs in force, and the other rows of the same transfers.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn proven_deposits(
        &self,
    ) -> Result<Vec<(String, DepositId, ProofMethod)>, StoreError> {
        proven_deposits(&mut Reader::Db(&self.db)).await
    }

    /// The appeals with a refused signature and no proof in force.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn refuted_appeals(
        &self,
    ) -> Result<std::collections::BTreeSet<AppealId>, StoreError> {
        refuted_appeals(&mut Reader::Db(&self.db)).await
    }
}

pub(crate) async fn proven_deposits(
    reader: &mut Reader<'_>,
) -> Result<Vec<(String, DepositId, ProofMethod)>, StoreError> {
    let sql = format!(
        "SELECT account, deposit_id, method FROM ownership_proof WHERE {IN_FORCE}
         UNION SELECT ownership_proof.account AS account, other.id AS deposit_id, ownership_proof.method AS method
            FROM ownership_proof JOIN deposit AS one ON one.id = ownership_proof.deposit_id
            JOIN deposit AS other ON {SAME_TRANSFER} WHERE {IN_FORCE}
         ORDER BY 1, 2, 3"
    );
    let rows = reader.rows(&sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let row = row.of("ownership_proof", "account");
            Ok((
                row.text("account")?,
                DepositId::verbatim(&row.text("deposit_id")?),
                row.parsed("method", ProofMethod::from_code)?,
            ))
        })
        .collect()
}

pub(crate) async fn refuted_appeals(
    reader: &mut Reader<'_>,
) -> Result<std::collections::BTreeSet<AppealId>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT appeal_id FROM ownership_proof WHERE refusal = 'signature_wrong' AND appeal_id NOT IN (
            SELECT appeal_id FROM ownership_proof WHERE {IN_FORCE})"
    );
    let rows = reader.rows(&sql, vec![]).await?;
    rows.iter()
        .map(|row| {
            let row = row.of("ownership_proof", "appeal_id");
            Ok(AppealId::verbatim(&row.text("appeal_id")?))
        })
        .collect()
}

pub(crate) async fn in_force(
    reader: &mut Reader<'_>,
    deposit: Option<&DepositId>,
) -> Result<Vec<StoredProof>, StoreError> {
    let rows = match deposit {
        None => {
            let sql = format!("{PROOF} WHERE {IN_FORCE} ORDER BY number");
            reader.rows(&sql, vec![]).await?
        }
        Some(deposit) => {
            let sql = format!("{PROOF} WHERE deposit_id = $1 AND {IN_FORCE} ORDER BY number");
            reader.rows(&sql, values![deposit]).await?
        }
    };
    rows.iter().map(proof).collect()
}
