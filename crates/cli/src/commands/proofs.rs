//! `proofs`: who sent a deposit, shown by more than its public facts.

use crate::args::{Format, ProofTarget, Proofs};
use crate::exit::Exit;
use crate::output;
use recover_core::appeal::AppealId;
use recover_core::proof::{ChallengeId, Evidence, ProofRefusal, is_enough};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::proofs::{ProofOptions, TestOptions};
use recover_store::{Asked, StoredChallenge, StoredProof};
use serde::Serialize;
use std::io::Read as _;

/// The longest answer that is read from standard input.
const ANSWER_MAX: u64 = 64 * 1024;

#[derive(Serialize)]
struct ChallengeView {
    id: String,
    appeal_id: String,
    deposit_id: String,
    account: String,
    method: &'static str,
    destination: String,
    network: String,
    sender: String,
    text: Option<String>,
    asset: Option<String>,
    amount: Option<String>,
    amount_decimal: Option<String>,
    to: Option<String>,
    memo: Option<String>,
    issued_by: String,
    issued_at: String,
    expires_at: String,
    state: &'static str,
}

impl ChallengeView {
    fn of(engine: &Engine, challenge: &StoredChallenge) -> Self {
        let mut view = Self {
            id: challenge.id.to_string(),
            appeal_id: challenge.appeal.to_string(),
            deposit_id: challenge.deposit.to_string(),
            account: challenge.account.clone(),
            method: challenge.method().code(),
            destination: challenge.destination.to_string(),
            network: challenge.network.to_string(),
            sender: challenge.sender.clone(),
            text: None,
            asset: None,
            amount: None,
            amount_decimal: None,
            to: None,
            memo: None,
            issued_by: challenge.issued_by.clone(),
            issued_at: challenge.issued_at.to_string(),
            expires_at: challenge.expires_at.to_string(),
            state: challenge.state.code(),
        };
        match &challenge.asked {
            Asked::Signature(text) => view.text = Some(text.clone()),
            Asked::Payment {
                asset,
                amount,
                to,
                memo,
            } => {
                let terms = engine.chains().terms(asset);
                view.amount_decimal = terms.map(|terms| amount.to_coin_text(terms.decimals));
                view.asset = Some(terms.map_or_else(
                    || asset.to_string(),
                    |terms| format!("{} on {}", terms.symbol, asset.network),
                ));
                view.amount = Some(amount.to_base_units());
                view.to = Some(to.clone());
                view.memo.clone_from(memo);
            }
        }
        view
    }

    /// What the claimant must pay, in words.
    fn payment(&self) -> Option<String> {
        let amount = self.amount_decimal.as_ref().or(self.amount.as_ref())?;
        let memo = self.memo.as_ref();
        Some(format!(
            "exactly {amount} {} from {} to {}{}",
            self.asset.as_deref().unwrap_or_default(),
            self.sender,
            self.to.as_deref().unwrap_or_default(),
            memo.map_or_else(String::new, |memo| format!(" with the memo {memo}")),
        ))
    }
}

#[derive(Serialize)]
struct ProofView {
    number: u32,
    appeal_id: String,
    deposit_id: String,
    account: String,
    method: &'static str,
    outcome: &'static str,
    refusal: Option<&'static str>,
    hint: Option<&'static str>,
    destination: String,
    sender: Option<String>,
    challenge_id: Option<String>,
    reference: Option<String>,
    voids: Option<u32>,
    person: String,
    at: String,
}

impl ProofView {
    fn of(stored: &StoredProof) -> Self {
        let proof = &stored.proof;
        Self {
            number: stored.number,
            appeal_id: proof.appeal.to_string(),
            deposit_id: proof.deposit.to_string(),
            account: proof.account.clone(),
            method: proof.method.code(),
            outcome: stored.outcome.code(),
            refusal: proof.refusal.map(ProofRefusal::code),
            hint: proof.refusal.map(ProofRefusal::hint),
            destination: proof.destination.to_string(),
            sender: proof.sender.clone(),
            challenge_id: proof.challenge.as_ref().map(ToString::to_string),
            reference: proof.reference.clone(),
            voids: stored.voids,
            person: proof.person.clone(),
            at: stored.at.to_string(),
        }
    }
}

#[derive(Serialize)]
struct ListView {
    appeal_id: String,
    challenges: Vec<ChallengeView>,
    proofs: Vec<ProofView>,
}

#[derive(Serialize)]
struct ShowView {
    #[serde(flatten)]
    list: ListView,
    account: String,
    deposit_id: String,
    evidence: Vec<&'static str>,
    /// What the least value of the policy needs, and the highest.
    needs: Vec<NeedView>,
}

#[derive(Serialize)]
struct NeedView {
    value_max: Option<String>,
    needs: &'static str,
    is_met: bool,
}

#[derive(Serialize)]
struct IssuedView {
    #[serde(flatten)]
    challenge: ChallengeView,
    how: &'static str,
    voided: u32,
}

#[derive(Serialize)]
struct VerifiedView {
    number: u32,
    challenge_id: String,
    address: String,
    key: String,
    scheme: &'static str,
}

#[derive(Serialize)]
struct NumberView {
    number: u32,
}

fn options(target: &ProofTarget) -> ProofOptions {
    ProofOptions {
        deposit: target.deposit.clone(),
        destination: target.destination.clone(),
    }
}

/// `proofs`
pub async fn run(
    format: Format,
    engine: &Engine,
    command: &Proofs,
    actor: Option<&str>,
) -> anyhow::Result<Exit> {
    match command {
        Proofs::List { appeal } => list(format, engine, &AppealId::verbatim(appeal)).await,
        Proofs::Show { appeal, target } => {
            show(
                format,
                engine,
                &AppealId::verbatim(appeal),
                &options(target),
            )
            .await
        }
        Proofs::Challenge { appeal, target } => {
            let appeal = AppealId::verbatim(appeal);
            let issued = engine
                .issue_challenge(&appeal, &options(target), actor)
                .await?;
            let view = IssuedView {
                challenge: ChallengeView::of(engine, &issued.challenge),
                how: issued.how,
                voided: issued.voided,
            };
            if format != Format::Table {
                output::json(&view)?;
                return Ok(Exit::Done);
            }
            // The text alone on standard output, so that it can be sent on as it is.
            eprintln!(
                "challenge {}, valid until {}",
                view.challenge.id, view.challenge.expires_at
            );
            eprintln!(
                "{}; every line of it, with no line break at the end:",
                view.how
            );
            if view.voided > 0 {
                eprintln!("{} earlier challenges and proofs are void now", view.voided);
            }
            output::line(view.challenge.text.as_deref().unwrap_or_default())?;
            Ok(Exit::Done)
        }
        Proofs::Verify {
            appeal,
            signature,
            challenge,
            address,
        } => {
            let appeal = AppealId::verbatim(appeal);
            let signature = answer(signature)?;
            let challenge = challenge.as_deref().map(ChallengeId::verbatim);
            let verified = engine
                .verify_challenge(
                    &appeal,
                    challenge.as_ref(),
                    address.as_deref(),
                    &signature,
                    actor,
                )
                .await?;
            let view = VerifiedView {
                number: verified.number,
                challenge_id: verified.challenge.to_string(),
                address: verified.key.address,
                key: verified.key.key,
                scheme: verified.key.scheme,
            };
            if format != Format::Table {
                output::json(&view)?;
                return Ok(Exit::Done);
            }
            output::facts(&[
                ("proof", view.number.to_string()),
                (
                    "proven",
                    format!("{} signed ({})", view.address, view.scheme),
                ),
                ("next", "`recover match` takes it into account".to_owned()),
            ])?;
            Ok(Exit::Done)
        }
        Proofs::Deposit {
            appeal,
            target,
            asset,
        } => {
            let appeal = AppealId::verbatim(appeal);
            let options = TestOptions {
                proof: options(target),
                asset: asset.clone(),
            };
            let test = engine.set_test(&appeal, &options, actor).await?;
            let view = ChallengeView::of(engine, &test);
            if format != Format::Table {
                output::json(&view)?;
                return Ok(Exit::Done);
            }
            output::facts(&[
                ("test", view.id.clone()),
                ("pay", view.payment().unwrap_or_default()),
                ("until", view.expires_at.clone()),
                (
                    "then",
                    "it is credited as any deposit, and `scan` and `reconcile` recognise it"
                        .to_owned(),
                ),
            ])?;
            Ok(Exit::Done)
        }
        Proofs::Record {
            appeal,
            target,
            reference,
            note,
        } => {
            let appeal = AppealId::verbatim(appeal);
            let number = engine
                .record_proof(&appeal, &options(target), (reference, note), actor)
                .await?;
            numbered(format, number, "recorded")
        }
        Proofs::Void { number, reason } => {
            engine.void_proof(*number, reason, actor).await?;
            numbered(format, *number, "taken back")
        }
    }
}

fn numbered(format: Format, number: u32, done: &str) -> anyhow::Result<Exit> {
    if format == Format::Table {
        output::facts(&[("proof", format!("{number} {done}"))])?;
    } else {
        output::json(&NumberView { number })?;
    }
    Ok(Exit::Done)
}

/// A signature as typed, or from standard input.
fn answer(typed: &str) -> anyhow::Result<String> {
    if typed != "-" {
        return Ok(typed.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(ANSWER_MAX)
        .read_to_string(&mut text)?;
    Ok(text)
}

async fn listed(engine: &Engine, appeal: &AppealId) -> anyhow::Result<ListView> {
    let store = engine.store();
    if store.appeal(appeal).await?.is_none() {
        return Err(EngineError::NotFound {
            what: "appeal",
            id: appeal.to_string(),
            hint: "`recover appeals list` shows those that are",
        }
        .into());
    }
    let challenges = store.challenges_of(appeal).await?;
    Ok(ListView {
        appeal_id: appeal.to_string(),
        challenges: challenges
            .iter()
            .map(|challenge| ChallengeView::of(engine, challenge))
            .collect(),
        proofs: store
            .proofs_of(appeal)
            .await?
            .iter()
            .map(ProofView::of)
            .collect(),
    })
}

fn told(list: &ListView) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for challenge in &list.challenges {
        let asked = challenge
            .payment()
            .unwrap_or_else(|| format!("a signature by {}", challenge.sender));
        rows.push((
            "asked",
            format!(
                "{} {}: {asked}, for {} and '{}', until {}",
                challenge.id,
                challenge.state,
                challenge.deposit_id,
                challenge.destination,
                challenge.expires_at
            ),
        ));
    }
    for proof in &list.proofs {
        let what = match (proof.refusal, proof.voids) {
            (Some(refusal), _) => format!("refused ({refusal})"),
            (None, Some(number)) => format!("takes {number} back"),
            (None, None) => proof.outcome.to_owned(),
        };
        let reference = proof.reference.as_ref();
        rows.push((
            "attempt",
            format!(
                "{} {} {}: {what}{}, by {} at {}",
                proof.number,
                proof.method,
                proof.deposit_id,
                reference.map_or_else(String::new, |text| format!(", {text}")),
                proof.person,
                proof.at
            ),
        ));
    }
    if rows.is_empty() {
        eprintln!("nothing was asked and nothing was brought: `recover proofs challenge` asks");
        return Ok(());
    }
    output::facts(&rows)
}

async fn list(format: Format, engine: &Engine, appeal: &AppealId) -> anyhow::Result<Exit> {
    let view = listed(engine, appeal).await?;
    if format == Format::Table {
        told(&view)?;
    } else {
        output::json(&view)?;
    }
    Ok(Exit::Done)
}

async fn show(
    format: Format,
    engine: &Engine,
    appeal: &AppealId,
    options: &ProofOptions,
) -> anyhow::Result<Exit> {
    let known = engine.ownership(appeal, options).await?;
    let list = listed(engine, appeal).await?;
    let view = ShowView {
        list,
        account: known.account,
        deposit_id: known.deposit.to_string(),
        evidence: known.evidence.iter().map(|method| method.code()).collect(),
        needs: needs(engine, &known.evidence),
    };
    if format != Format::Table {
        output::json(&view)?;
        return Ok(Exit::Done);
    }
    let evidence = if view.evidence.is_empty() {
        "nothing: knowing the transaction proves nothing".to_owned()
    } else {
        view.evidence.join(", ")
    };
    let mut rows = vec![
        ("account", view.account.clone()),
        ("deposit", view.deposit_id.clone()),
        ("evidence", evidence),
    ];
    for need in &view.needs {
        let value = need.value_max.as_deref().unwrap_or("any value");
        let is_met = if need.is_met { "met" } else { "not met" };
        rows.push((
            "needed",
            format!("up to {value}: {} ({is_met})", need.needs),
        ));
    }
    output::facts(&rows)?;
    told(&view.list)?;
    Ok(Exit::Done)
}

/// What the policy needs by value; empty without a policy.
fn needs(engine: &Engine, evidence: &Evidence) -> Vec<NeedView> {
    let Ok(policy) = engine.policy() else {
        return Vec::new();
    };
    policy
        .proofs
        .tiers
        .iter()
        .map(|tier| NeedView {
            value_max: tier.value_max.map(|value| value.to_string()),
            needs: tier.needs.code(),
            is_met: is_enough(evidence, tier.needs),
        })
        .collect()
}
