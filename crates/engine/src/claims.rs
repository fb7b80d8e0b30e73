//! Claims as a use case: who acts, what they read, and the one command that the state machine decides on.

use crate::engine::Engine;
use crate::error::EngineError;
use recover_core::address::AddressError;
use recover_core::appeal::AppealId;
use recover_core::claim::{Claim, ClaimId, ClaimQuote, Command, OpenRequest, Person, Resolution};
use recover_core::digest::Digest;
use recover_core::observation::DepositId;
use recover_matching::secret;
use recover_store::{ClaimAnswer, ClaimContext, ClaimEvent};
use std::collections::BTreeSet;

/// The name under which the engine itself acts (expiry, vanished deposits). It has no role and can never vote.
pub const ENGINE_ACTOR: &str = "recover";

/// What a person may say when opening a claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// The appeal that it answers.
    pub appeal: Option<String>,
    /// The user to be paid; `None` takes the appeal's user, else the address's owner.
    pub beneficiary: Option<String>,
    /// The address to pay, where the resolution pays to one.
    pub destination: Option<String>,
    /// What shall happen; `None` takes what fits the kind.
    pub resolution: Option<Resolution>,
}

/// How a step is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepOptions {
    /// The revision that the person saw; `None` takes the present one.
    pub revision: Option<u32>,
    /// Whether nothing is kept.
    pub dry_run: bool,
}

impl Engine {
    /// Opens a claim as a draft.
    ///
    /// # Errors
    /// When the deposit or the appeal is unknown, the destination is no address of the deposit's network, the state
    /// machine refuses, or the store fails.
    pub async fn open_claim(
        &self,
        deposit: &DepositId,
        options: &OpenOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let stored = self
            .store
            .deposit(deposit)
            .await?
            .ok_or_else(|| not_found("deposit", deposit.as_str()))?;
        let appeal = match &options.appeal {
            None => None,
            Some(id) => {
                let id = AppealId::verbatim(id);
                let stored = self
                    .store
                    .appeal(&id)
                    .await?
                    .ok_or_else(|| not_found("appeal", id.as_str()))?;
                Some(stored.appeal)
            }
        };
        let destination = match &options.destination {
            None => None,
            Some(text) => Some(self.destination(stored.deposit.network(), text)?),
        };
        let request = OpenRequest {
            appeal: appeal.as_ref().map(|appeal| appeal.id.clone()),
            beneficiary: options
                .beneficiary
                .as_deref()
                .map(kept)
                .or_else(|| appeal.map(|appeal| appeal.user_id)),
            destination,
            resolution: options.resolution,
            ordinal: 1,
        };
        let answer = self
            .store
            .open_claim(deposit, request, self.claim_context(person, false))
            .await?;
        done(answer, deposit.as_str())
    }

    /// A destination in canonical text: a typo is refused here, not found out on the network.
    fn destination(
        &self,
        network: &recover_core::network::NetworkId,
        text: &str,
    ) -> Result<String, EngineError> {
        let config = self
            .chains
            .network(network)
            .ok_or_else(|| EngineError::UnknownNetwork {
                name: network.to_string(),
            })?;
        if !secret::redact(text).is_clean() {
            return Err(EngineError::SecretPasted);
        }
        match self.adapter(config)?.detect().address(text) {
            Ok(address) => Ok(address.text().to_owned()),
            Err(AddressError::Secret) => Err(EngineError::SecretPasted),
            Err(error) => Err(EngineError::NotUnderstood {
                text: text.to_owned(),
                hint: error.to_string(),
            }),
        }
    }

    /// Gives a claim its quote, reckoned now for the claim's own resolution.
    ///
    /// # Errors
    /// When there is no quote to give, the state machine refuses, or the store fails.
    pub async fn quote_claim(
        &self,
        id: &ClaimId,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        let stored = self
            .store
            .deposit(&claim.deposit)
            .await?
            .ok_or_else(|| not_found("deposit", claim.deposit.as_str()))?;
        let estimate = self.estimate_for(&stored.deposit, claim.resolution).await?;
        let quote = estimate.outcome.map_err(|refusal| EngineError::NoQuote {
            refusal,
            detail: estimate.detail,
        })?;
        let policy = self.policy()?;
        let digest = Digest::parse(&policy.digest_text()).ok_or(EngineError::PolicyMissing)?;
        let policy_version = self
            .store
            .load_policy(&digest, &policy.text, self.now())
            .await?;
        let quoted_at = estimate.reckoned_at;
        let expires_at = quoted_at
            .plus_seconds(i64::from(policy.quote_valid_minutes).saturating_mul(60))
            .unwrap_or(quoted_at);
        let command = Command::Quote(ClaimQuote {
            quote,
            policy_version,
            price_ids: estimate.price_ids,
            quoted_at,
            expires_at,
        });
        self.step(&claim, command, options, person).await
    }

    /// Takes one step on a claim.
    ///
    /// # Errors
    /// When the claim is unknown, the state machine refuses, or the store fails.
    pub async fn step_claim(
        &self,
        id: &ClaimId,
        command: Command,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        self.step(&claim, command, options, person).await
    }

    /// Votes for a claim. `digest` is the content that the person saw; without it, the content of the revision that they
    /// name is taken, and the vote is refused when that is no longer the present one.
    ///
    /// # Errors
    /// As [`Engine::step_claim`].
    pub async fn approve_claim(
        &self,
        id: &ClaimId,
        digest: Option<Digest>,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        let digest = digest.unwrap_or_else(|| claim.content_digest());
        self.step(
            &claim,
            Command::Approve {
                digest,
                signature: None,
            },
            options,
            person,
        )
        .await
    }

    async fn step(
        &self,
        claim: &Claim,
        command: Command,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let command = without_secrets(command);
        let expected = options.revision.unwrap_or(claim.revision);
        let context = self.claim_context(person, options.dry_run);
        let answer = self
            .store
            .step_claim(&claim.id, expected, command, context)
            .await?;
        done(answer, claim.id.as_str())
    }

    /// A step that the engine takes by itself.
    pub(crate) async fn step_by_engine(
        &self,
        claim: &Claim,
        command: Command,
    ) -> Result<Claim, EngineError> {
        let engine = Person {
            name: ENGINE_ACTOR.to_owned(),
            roles: BTreeSet::new(),
        };
        self.step(claim, command, &StepOptions::default(), &engine)
            .await
    }

    /// One claim.
    ///
    /// # Errors
    /// When it is unknown or the store fails.
    pub async fn claim(&self, id: &ClaimId) -> Result<Claim, EngineError> {
        self.store
            .claim(id)
            .await?
            .ok_or_else(|| not_found("claim", id.as_str()))
    }

    /// What happened to a claim, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn claim_history(&self, id: &ClaimId) -> Result<Vec<ClaimEvent>, EngineError> {
        Ok(self.store.claim_events(id).await?)
    }

    fn claim_context(&self, actor: &Person, dry_run: bool) -> ClaimContext {
        let policy = self.policy.as_deref();
        ClaimContext {
            actor: actor.clone(),
            people: policy
                .map(|policy| policy.people.clone())
                .unwrap_or_default(),
            now: self.now(),
            approvers_min: policy.map(|policy| policy.approval.approvers_min),
            screening_age_max_seconds: policy
                .map(|policy| i64::from(policy.screening_age_max_minutes).saturating_mul(60)),
            booked_by_other_ids: self
                .chains
                .networks
                .values()
                .filter(|network| {
                    let adapter = self.adapters.of(network.family);
                    adapter.is_some_and(|adapter| adapter.detect().books_by_other_ids())
                })
                .map(|network| network.id.clone())
                .collect(),
            dry_run,
            key: None,
        }
    }
}

/// What a person writes on a claim is kept for ever and hashed: a secret must be out of it before.
fn without_secrets(command: Command) -> Command {
    match command {
        Command::Screen { clear, reason } => Command::Screen {
            clear,
            reason: kept(&reason),
        },
        Command::Reject { reason } => Command::Reject {
            reason: kept(&reason),
        },
        Command::Cancel { reason } => Command::Cancel {
            reason: kept(&reason),
        },
        other => other,
    }
}

fn kept(text: &str) -> String {
    secret::redact(text).text.into_owned()
}

fn done(answer: ClaimAnswer, id: &str) -> Result<Claim, EngineError> {
    match answer {
        ClaimAnswer::Done(claim) | ClaimAnswer::Repeated(claim) => Ok(claim),
        ClaimAnswer::Refused(refusal) => Err(EngineError::Refused { refusal }),
        ClaimAnswer::KeyReused => Err(EngineError::KeyReused),
        ClaimAnswer::NotFound(what) => Err(not_found(what, id)),
    }
}

fn not_found(what: &'static str, id: &str) -> EngineError {
    let hint = match what {
        "deposit" => "`recover deposits list` shows those that are",
        "appeal" => "`recover appeals list` shows those that are",
        _ => "`recover claims list --all` shows those that are",
    };
    EngineError::NotFound {
        what,
        id: id.to_owned(),
        hint,
    }
}
