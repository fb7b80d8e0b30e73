//! Claims as a use case: who acts, what they read, and the one command that the state machine decides on.

mod feed;
mod handover;
mod layout;
mod release;
mod track;

pub use feed::Reserved;
pub use handover::BroadcastReport;
pub use release::Exported;
pub use track::TrackReport;

use self::layout::LaidOut;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::quote::{Asked, DepositQuote};
use recover_core::address::AddressError;
use recover_core::appeal::AppealId;
use recover_core::check::Deviation;
use recover_core::claim::{
    Claim, ClaimId, ClaimQuote, Command, Correction, Evidence, OpenRequest, Resolution,
};
use recover_core::deposit::{Deposit, Origin};
use recover_core::digest::Digest;
use recover_core::fee::{Cents, Quote, QuoteRefusal};
use recover_core::observation::DepositId;
use recover_core::people::Person;
use recover_core::proof::ProofNeed;
use recover_matching::secret;
use recover_store::{ClaimAnswer, ClaimContext, ClaimEvent, PolicyRules};
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
    /// The ledger's entry that is wrong, where a booking is corrected.
    pub entry: Option<String>,
    /// The user to whom it was booked, where a booking is corrected.
    pub counterparty: Option<String>,
}

/// How a step is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepOptions {
    /// The revision that the person saw; `None` takes the present one.
    pub revision: Option<u32>,
    /// Whether nothing is kept.
    pub dry_run: bool,
}

/// How a quote is given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuoteOptions {
    /// How the step is taken.
    pub step: StepOptions,
    /// Whether an output that may carry an inscription is spent like money.
    pub spend_inscription: bool,
    /// The service fee that a person names, where the rule leaves it to one.
    pub fee: Option<Cents>,
}

/// A claim with its new quote.
#[derive(Debug, Clone)]
pub struct QuotedClaim {
    /// The claim.
    pub claim: Claim,
    /// Why nobody could lay out what would be done, in words; `None` where it was. Without a plan nobody can approve it.
    pub no_plan: Option<String>,
    /// The codes of waivers that were granted and count no more, in the order in which they were granted.
    pub lost_waivers: Vec<String>,
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
        let returns = options.resolution == Some(Resolution::ReturnToSender);
        let destination = match &options.destination {
            None if returns => match &stored.deposit.origin {
                Origin::Observed(credit) => credit.from.as_ref().map(|from| from.text().to_owned()),
                Origin::Imported(_) => None,
            },
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
            correction: correction(options),
            ordinal: 1,
        };
        let is_paid = Self::pays_account(request.appeal.as_ref(), request.resolution);
        let missing = match &request.beneficiary {
            Some(account) if is_paid => {
                let paid = (account.as_str(), request.destination.as_deref());
                self.missing_ownership(&stored.deposit, paid, ProofNeed::Any)
                    .await?
            }
            _ => None,
        };
        // Whatever else stands in the way is told first: it may make a proof needless.
        let context = self.step_context(person, Vec::new(), missing.is_some());
        let answer = self.store.open_claim(deposit, request, context).await?;
        if let Some(missing) = missing {
            done(answer, deposit.as_str())?;
            return Err(missing.into());
        }
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
        let codec = self.adapter(config)?.detect();
        match codec.address(text) {
            Ok(address) => match codec.home(&address).filter(|home| home != network) {
                Some(home) => Err(EngineError::NotUnderstood {
                    text: text.to_owned(),
                    hint: format!(
                        "it is an address of {home}, and the deposit is on {network}: ask for one there"
                    ),
                }),
                None => Ok(address.text().to_owned()),
            },
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
        options: &QuoteOptions,
        person: &Person,
    ) -> Result<QuotedClaim, EngineError> {
        let claim = self.claim(id).await?;
        let stored = self
            .store
            .deposit(&claim.deposit)
            .await?
            .ok_or_else(|| not_found("deposit", claim.deposit.as_str()))?;
        // A price is made under the version in force only, never under a file that nobody agreed to.
        let version = self.policy_for_quotes().await?;
        let policy = &version.policy;
        let (estimate, quote, plan) = self.priced(&claim, &stored.deposit, options).await?;
        if !policy.allows_network_fee(quote.network_cost(), quote.value) {
            return Err(EngineError::NetworkFeeAboveLimit {
                fee: quote.network_cost(),
                value: quote.value,
            });
        }
        let quoted_at = estimate.reckoned_at;
        let expires_at = quoted_at
            .plus_seconds(i64::from(policy.quote_valid_minutes).saturating_mul(60))
            .unwrap_or(quoted_at);
        let quote = ClaimQuote {
            quote,
            policy_version: version.number,
            policy_digest: version.digest(),
            price_ids: estimate.price_ids,
            quoted_at,
            expires_at,
        };
        let claim = self
            .step(
                &claim,
                Command::Quote {
                    quote,
                    plan: plan.plan,
                },
                &options.step,
                person,
            )
            .await?;
        Ok(QuotedClaim {
            claim,
            no_plan: (!plan.why_not.is_empty()).then_some(plan.why_not),
            lost_waivers: estimate.lost_waivers,
        })
    }

    /// The quote and the plan that it prices. What the plan may cost is never above what the quote asks for it: where the
    /// network wants more than the estimate, the quote is reckoned again from the plan, once.
    async fn priced(
        &self,
        claim: &Claim,
        deposit: &Deposit,
        options: &QuoteOptions,
    ) -> Result<(DepositQuote, Quote, LaidOut), EngineError> {
        let mut at_least = None;
        let mut lost_waivers = Vec::new();
        for _ in 0..2 {
            let asked = Asked {
                deposit,
                resolution: claim.resolution,
                claim: Some(claim),
                named: options.fee,
                at_least,
            };
            let estimate = self.reckon(asked).await?;
            let quote = match estimate.outcome.clone() {
                Ok(quote) => quote,
                Err(refusal) => {
                    return Err(EngineError::NoQuote {
                        refusal,
                        detail: estimate.detail,
                        lost_waivers: estimate.lost_waivers,
                    });
                }
            };
            let plan = self
                .lay_out(claim, deposit, &quote, options.spend_inscription)
                .await?;
            if let Some(refusal) = plan.refusal {
                return Err(EngineError::NoQuote {
                    refusal,
                    detail: plan.why_not,
                    lost_waivers: estimate.lost_waivers,
                });
            }
            let cost = plan.fee_max();
            let is_covered = plan.plan.is_none()
                || !claim.resolution.needs_transaction()
                || (cost.is_some() && cost <= estimate.network_amount);
            if is_covered {
                return Ok((estimate, quote, plan));
            }
            at_least = cost;
            lost_waivers = estimate.lost_waivers;
        }
        Err(EngineError::NoQuote {
            refusal: QuoteRefusal::OutOfRange,
            detail: "the network's price moves faster than a quote can follow: try again"
                .to_owned(),
            lost_waivers,
        })
    }

    /// Lets the customer of a claim off by a waiver of the policy in force.
    ///
    /// # Errors
    /// When that policy has no waiver of this code, the state machine refuses, or the store fails.
    pub async fn waive_claim(
        &self,
        id: &ClaimId,
        code: &str,
        note: &str,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        let version = self.policy_in_force().await?;
        let waiver = version.policy.fees.waiver(code);
        let waiver = waiver.ok_or_else(|| EngineError::NotFound {
            what: "waiver",
            id: code.to_owned(),
            hint: "`recover policy check` lists those of policy.toml",
        })?;
        let command = Command::Waive {
            waiver: Box::new(waiver.clone()),
            note: note.to_owned(),
        };
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
        signature: Option<String>,
        options: &StepOptions,
        person: &Person,
    ) -> Result<Claim, EngineError> {
        let claim = self.claim(id).await?;
        let digest = digest.unwrap_or_else(|| claim.content_digest());
        self.step(
            &claim,
            Command::Approve { digest, signature },
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
        let missing = self.missing_for_step(claim, &command).await?;
        let dry_run = options.dry_run || missing.is_some();
        let context = self.claim_context(claim, person, dry_run).await?;
        let answer = self
            .store
            .step_claim(&claim.id, expected, command, context)
            .await?;
        let claim = done(answer, claim.id.as_str())?;
        missing.map_or(Ok(claim), |missing| Err(missing.into()))
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
            keys: Vec::new(),
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

    async fn claim_context(
        &self,
        claim: &Claim,
        actor: &Person,
        dry_run: bool,
    ) -> Result<ClaimContext, EngineError> {
        let policies = if self.policy.is_some() {
            self.rules_for(claim).await?
        } else {
            Vec::new()
        };
        Ok(self.step_context(actor, policies, dry_run))
    }

    pub(crate) fn step_context(
        &self,
        actor: &Person,
        policies: Vec<PolicyRules>,
        dry_run: bool,
    ) -> ClaimContext {
        ClaimContext {
            actor: actor.clone(),
            policies,
            now: self.now(),
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
        Command::Waive { waiver, note } => Command::Waive {
            waiver,
            note: kept(&note),
        },
        Command::Accept { evidence } => Command::Accept {
            evidence: Evidence {
                text: kept(&evidence.text),
                file: evidence.file,
            },
        },
        Command::Unwind { reason } => Command::Unwind {
            reason: kept(&reason),
        },
        Command::Decline { reason } => Command::Decline {
            reason: kept(&reason),
        },
        Command::Cancel { reason } => Command::Cancel {
            reason: kept(&reason),
        },
        other => other,
    }
}

/// The booking to correct; one of the two alone is kept, so that the state machine says that the other is missing.
fn correction(options: &OpenOptions) -> Option<Correction> {
    let named = |text: &Option<String>| text.as_deref().map(kept).unwrap_or_default();
    (options.entry.is_some() || options.counterparty.is_some()).then(|| Correction {
        entry: named(&options.entry),
        counterparty: named(&options.counterparty),
    })
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

/// Deviations in one line.
fn joined(deviations: &[Deviation]) -> String {
    let texts: Vec<String> = deviations.iter().map(ToString::to_string).collect();
    texts.join("; ")
}
