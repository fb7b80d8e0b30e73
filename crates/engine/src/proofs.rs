//! Ownership before money: what a claimant is asked for, and what their answer proves.
//!
//! - [`Engine::issue_challenge`], [`Engine::verify_challenge`]: a text that the sender's key signs.
//! - [`Engine::set_test`], [`Engine::check_tests`]: a payment of a unique amount from the same sender.
//! - [`Engine::record_proof`], [`Engine::void_proof`]: what a person vouches for, and takes back.
//! - [`Engine::ownership`]: everything that is known of one appeal.

mod guard;
mod matching;

pub(crate) use matching::Proven;
mod payments;
mod standing;

pub use payments::{TestOptions, TestReport};
pub use standing::Ownership;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::random::NoRandomness;
use recover_core::appeal::{Appeal, AppealId, AppealStatus};
use recover_core::deposit::Deposit;
use recover_core::names;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::people::{Person, Role};
use recover_core::proof::{
    Challenge, ChallengeError, ChallengeId, Destination, MessageProof, Nonce, ProofMethod,
    ProofNeed, ProofRefusal, ProvenKey, TestAmountError,
};
use recover_core::time::Timestamp;
use recover_matching::secret;
use recover_store::{
    Asked, ChallengeState, IssueAnswer, NewProof, ProofAnswer, StoredChallenge, StoredDeposit,
};

/// Who may ask for a proof and bring its answer: the program judges it.
const ASKERS: &[Role] = &[Role::Specialist, Role::Agent];
/// Who may vouch for a document, or take a proof back: never an agent alone.
const VOUCHERS: &[Role] = &[Role::Specialist, Role::Compliance];

/// How much of a pasted answer is kept with a refused attempt, in characters.
const KEPT_MAX: usize = 4_096;

/// Why a proof was not issued, or does not hold.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The person's roles do not allow it.
    #[error("{person} may not {what}")]
    MayNot {
        /// Who tried.
        person: String,
        /// What, with who may.
        what: &'static str,
    },
    /// The appeal is closed for further work.
    #[error("appeal '{appeal}' is {status}: nothing is asked of its claimant any more", status = .status.code())]
    AppealEnded {
        /// The appeal.
        appeal: AppealId,
        /// Its status.
        status: AppealStatus,
    },
    /// Matching proposes no deposit and none was named.
    #[error("appeal '{appeal}' is matched to no deposit: name one with --deposit, or run `match`")]
    DepositMissing {
        /// The appeal.
        appeal: AppealId,
    },
    /// Too little was proven for a claim.
    #[error(
        "refused: ownership_missing: nothing but public facts, or too little, says that deposit {deposit} is {account}'s ({need} is \
         needed): name the appeal, and ask for it with `proofs challenge` or `proofs deposit`; `proofs show` says what there is"
    )]
    OwnershipMissing {
        /// Who would be paid.
        account: String,
        /// The deposit.
        deposit: DepositId,
        /// What is needed.
        need: ProofNeed,
    },
    /// Nobody knows who sent the deposit.
    #[error("nobody knows who sent deposit {deposit}: record a document with `proofs record`")]
    SenderUnknown {
        /// The deposit.
        deposit: DepositId,
    },
    /// There is nothing to answer.
    #[error("appeal '{appeal}' has no open challenge: issue one with `proofs challenge`")]
    NoChallenge {
        /// The appeal.
        appeal: AppealId,
    },
    /// Deposits are not taken on the network, so that a test would be lost as well.
    #[error(
        "deposits on {network} are not open: a test would land where this one did; ask for a signed message with `proofs challenge`"
    )]
    NetworkClosed {
        /// The network.
        network: NetworkId,
    },
    /// The exchange does not list the asset there.
    #[error("{asset} is not listed on {network}: name another one with --asset")]
    AssetNotListed {
        /// What was asked for.
        asset: String,
        /// The network.
        network: NetworkId,
    },
    /// The account has no address there.
    #[error(
        "account {account} has no deposit address on {network}: issue one, import it with `addresses import`, and set the test again"
    )]
    AddressMissing {
        /// The account.
        account: String,
        /// The network.
        network: NetworkId,
    },
    /// A text is missing.
    #[error("a document needs a reference that leads back to it: pass --reference")]
    ReferenceMissing,
    /// There is no proof in force under this number.
    #[error("proof {number} is not in force: `proofs list` shows those that are")]
    NotInForce {
        /// The number.
        number: u32,
    },
    /// No amount is free.
    #[error(
        "too many tests are open for this asset: let some run out, or name another asset with --asset"
    )]
    NoAmountLeft,
    /// The text cannot be written.
    #[error(transparent)]
    Text(#[from] ChallengeError),
    /// No amount can be asked for.
    #[error(transparent)]
    Amount(#[from] TestAmountError),
    /// Nothing can be drawn.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The proof does not hold.
    #[error("not proven: {refusal}: {hint}", hint = .refusal.hint())]
    Refused {
        /// Why.
        refusal: ProofRefusal,
    },
}

impl From<ProofRefusal> for ProofError {
    fn from(refusal: ProofRefusal) -> Self {
        Self::Refused { refusal }
    }
}

/// What a person may say when asking for a proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProofOptions {
    /// The deposit; `None` takes the one that the appeal is matched to.
    pub deposit: Option<String>,
    /// The address to pay; `None` credits the claimant's account.
    pub destination: Option<String>,
}

/// A challenge with what the claimant needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The challenge.
    pub challenge: StoredChallenge,
    /// How to sign it, in one line; empty for a payment.
    pub how: &'static str,
    /// How many earlier challenges and proofs it voided.
    pub voided: u32,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedProof {
    /// Its number.
    pub number: u32,
    /// The key that signed.
    pub key: ProvenKey,
    /// The challenge that it answers.
    pub challenge: ChallengeId,
}

/// The appeal, the deposit and the sender that a proof is about.
pub(crate) struct Wanted {
    pub(crate) appeal: Appeal,
    pub(crate) deposit: Deposit,
    pub(crate) destination: Destination,
}

/// The family of a network, configured or not.
pub(crate) fn family_of(engine: &Engine, network: &NetworkId) -> Option<Family> {
    let configured = engine.chains.network(network).map(|network| network.family);
    configured.or_else(|| names::known(network).map(|known| known.family))
}

impl Engine {
    async fn asker(
        &self,
        name: Option<&str>,
        roles: &[Role],
        what: &'static str,
    ) -> Result<Person, EngineError> {
        let person = self.actor(name).await?;
        if person.is_any(roles) {
            return Ok(person);
        }
        let person = person.name;
        Err(ProofError::MayNot { person, what }.into())
    }

    pub(crate) fn verifier(&self, network: &NetworkId) -> Result<&dyn MessageProof, ProofRefusal> {
        family_of(self, network)
            .and_then(|family| self.messages.of(family))
            .ok_or(ProofRefusal::MethodUnsupported)
    }

    /// An address in the one form that is compared; verbatim where this build has no codec of its family.
    pub(crate) fn canonical(&self, network: &NetworkId, text: &str) -> String {
        let family = family_of(self, network);
        if let Some(adapter) = family.and_then(|family| self.adapters.of(family))
            && let Ok(address) = adapter.detect().address(text)
        {
            return address.text().to_owned();
        }
        self.verifier(network)
            .and_then(|verifier| verifier.address(network, text))
            .unwrap_or_else(|_| text.trim().to_owned())
    }

    /// The appeal and its deposit, both there and open for work.
    pub(crate) async fn wanted(
        &self,
        appeal: &AppealId,
        options: &ProofOptions,
    ) -> Result<Wanted, EngineError> {
        let stored = self
            .store
            .appeal(appeal)
            .await?
            .ok_or_else(|| no_appeal(appeal))?;
        if !stored.status.is_open() {
            let (appeal, status) = (appeal.clone(), stored.status);
            return Err(ProofError::AppealEnded { appeal, status }.into());
        }
        let id = match &options.deposit {
            Some(id) => DepositId::verbatim(id),
            None => self
                .store
                .match_outcome(appeal)
                .await?
                .and_then(|outcome| outcome.deposit)
                .ok_or_else(|| ProofError::DepositMissing {
                    appeal: appeal.clone(),
                })?,
        };
        let StoredDeposit { deposit, .. } =
            self.store
                .deposit(&id)
                .await?
                .ok_or_else(|| EngineError::NotFound {
                    what: "deposit",
                    id: id.to_string(),
                    hint: "`recover deposits list` shows those that are",
                })?;
        let destination = match &options.destination {
            None => Destination::Account(stored.appeal.user_id.clone()),
            Some(text) => {
                if !secret::redact(text).is_clean() {
                    return Err(EngineError::SecretPasted);
                }
                Destination::Address(self.checked_address(deposit.network(), text)?)
            }
        };
        Ok(Wanted {
            appeal: stored.appeal,
            deposit,
            destination,
        })
    }

    /// A destination in canonical text: a typo is refused before anybody signs it.
    fn checked_address(&self, network: &NetworkId, text: &str) -> Result<String, EngineError> {
        let family = family_of(self, network);
        if let Some(adapter) = family.and_then(|family| self.adapters.of(family)) {
            return match adapter.detect().address(text) {
                Ok(address) => Ok(address.text().to_owned()),
                Err(error) => Err(EngineError::NotUnderstood {
                    text: text.to_owned(),
                    hint: error.to_string(),
                }),
            };
        }
        let verifier = self.verifier(network).map_err(ProofError::from)?;
        Ok(verifier.address(network, text).map_err(ProofError::from)?)
    }

    /// The sender of a deposit, as a person's own address: none of ours, and none that many people share.
    pub(crate) async fn sender_of(&self, deposit: &Deposit) -> Result<String, EngineError> {
        let text = deposit.from().ok_or_else(|| ProofError::SenderUnknown {
            deposit: deposit.id(),
        })?;
        let network = deposit.network();
        let sender = self.canonical(network, text);
        let records = self
            .store
            .records_with_values(&[sender.clone(), text.to_owned()])
            .await?;
        let is_ours = records.iter().any(|record| record.role.is_ours());
        let is_shared = match &self.policy {
            None => false,
            Some(policy) => policy
                .services
                .contains_key(&(network.clone(), sender.clone())),
        };
        if is_ours || is_shared {
            return Err(ProofError::from(ProofRefusal::SenderShared).into());
        }
        Ok(sender)
    }

    /// This moment in whole seconds, as the signed text has it.
    fn this_second(&self) -> Timestamp {
        let now = self.now();
        Timestamp::from_micros(
            now.as_micros()
                .saturating_sub(now.as_micros().rem_euclid(1_000_000)),
        )
    }

    /// Asks the claimant of an appeal to sign a text with the key of the sending address. A new destination voids what was proven
    /// for another one.
    ///
    /// # Errors
    /// When the appeal has no deposit, nobody knows its sender or the sender is shared, this build verifies no messages there, the
    /// person may not, or the store fails.
    pub async fn issue_challenge(
        &self,
        appeal: &AppealId,
        options: &ProofOptions,
        name: Option<&str>,
    ) -> Result<Issued, EngineError> {
        let what = "ask for a proof: a specialist or an agent may";
        let person = self.asker(name, ASKERS, what).await?;
        let wanted = self.wanted(appeal, options).await?;
        let network = wanted.deposit.network().clone();
        let verifier = self.verifier(&network).map_err(ProofError::from)?;
        let sender = self.sender_of(&wanted.deposit).await?;
        let sender = verifier
            .address(&network, &sender)
            .map_err(ProofError::from)?;
        let policy = self.policy_in_force().await?.policy.proofs.clone();
        let issued_at = self.this_second();
        let expires_at = issued_at
            .plus_seconds(policy.challenge_valid_seconds)
            .unwrap_or(issued_at);
        let nonce = Nonce(self.random.bits().map_err(ProofError::from)?);
        let challenge = Challenge {
            exchange: policy.exchange,
            appeal: appeal.clone(),
            account: wanted.appeal.user_id.clone(),
            deposit: wanted.deposit.id(),
            network: network.clone(),
            sender: sender.clone(),
            destination: wanted.destination.clone(),
            nonce,
            issued_at,
            expires_at,
        };
        let text = challenge.text().map_err(ProofError::from)?;
        let stored = StoredChallenge {
            id: ChallengeId::of(&text),
            appeal: appeal.clone(),
            deposit: wanted.deposit.id(),
            account: wanted.appeal.user_id,
            destination: wanted.destination,
            network,
            sender,
            asked: Asked::Signature(text),
            issued_by: person.name,
            issued_at,
            expires_at,
            state: ChallengeState::Open,
            ended_at: None,
        };
        let voided = match self.store.issue_challenge(stored.clone()).await? {
            IssueAnswer::Done { voided } => voided,
            IssueAnswer::AmountTaken => return Err(ProofError::NoAmountLeft.into()),
            IssueAnswer::NotFound(what) => return Err(gone(what, appeal)),
        };
        Ok(Issued {
            challenge: stored,
            how: verifier.how(),
            voided,
        })
    }

    /// Verifies a claimant's signature over a challenge. What does not hold is kept as a refused attempt, and the challenge stays open
    /// until its time is over.
    ///
    /// # Errors
    /// [`ProofError::Refused`] with the reason; else when the appeal has no such challenge, the person may not, or the store fails.
    pub async fn verify_challenge(
        &self,
        appeal: &AppealId,
        challenge: Option<&ChallengeId>,
        address: Option<&str>,
        signature: &str,
        name: Option<&str>,
    ) -> Result<VerifiedProof, EngineError> {
        let what = "bring a proof: a specialist or an agent may";
        let person = self.asker(name, ASKERS, what).await?;
        if !secret::redact(signature).is_clean() {
            return Err(EngineError::SecretPasted);
        }
        let found = self.signature_challenge(appeal, challenge).await?;
        let Asked::Signature(text) = &found.asked else {
            return Err(no_challenge(appeal));
        };
        match found.state {
            ChallengeState::Open => {}
            ChallengeState::Used => return Err(refused(ProofRefusal::ChallengeUsed)),
            ChallengeState::Void => return Err(refused(ProofRefusal::ChallengeVoid)),
            ChallengeState::Expired => return Err(refused(ProofRefusal::ChallengeExpired)),
        }
        let now = self.now();
        let judged = if now < found.issued_at {
            Err(ProofRefusal::ChallengeNotYet)
        } else if now >= found.expires_at {
            Err(ProofRefusal::ChallengeExpired)
        } else {
            self.judge_signature(&found, text, address, signature)
        };
        let refusal = judged.as_ref().err().copied();
        let evidence: String = match &judged {
            Ok(key) => format!("{} {}", key.scheme, signature.trim()),
            Err(_) => signature.trim().chars().take(KEPT_MAX).collect(),
        };
        let ends =
            (refusal == Some(ProofRefusal::ChallengeExpired)).then_some(ChallengeState::Expired);
        let proof = NewProof {
            appeal: appeal.clone(),
            deposit: found.deposit.clone(),
            account: found.account.clone(),
            method: ProofMethod::SignedMessage,
            refusal,
            destination: found.destination.clone(),
            sender: Some(found.sender.clone()),
            challenge: Some(found.id.clone()),
            reference: None,
            // A NUL would be refused by the database, and is no part of any signature.
            evidence: Some(evidence.replace('\0', "")),
            person: person.name,
        };
        let number = match self.store.add_proof(proof, ends, now).await? {
            ProofAnswer::Done(number) => number,
            // Somebody else's answer came first.
            ProofAnswer::NotOpen(ChallengeState::Void) => {
                return Err(refused(ProofRefusal::ChallengeVoid));
            }
            ProofAnswer::NotOpen(_) => return Err(refused(ProofRefusal::ChallengeUsed)),
            ProofAnswer::NotFound(what) => return Err(gone(what, appeal)),
        };
        match judged {
            Ok(key) => Ok(VerifiedProof {
                number,
                key,
                challenge: found.id,
            }),
            Err(refusal) => Err(refused(refusal)),
        }
    }

    fn judge_signature(
        &self,
        challenge: &StoredChallenge,
        text: &str,
        address: Option<&str>,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal> {
        let network = &challenge.network;
        let verifier = self.verifier(network)?;
        if let Some(address) = address
            && verifier.address(network, address)? != challenge.sender
        {
            return Err(ProofRefusal::AddressNotSender);
        }
        // What is verified is the stored text, never one that somebody brings along.
        let read = Challenge::parse(text).map_err(|_| ProofRefusal::Inconclusive)?;
        let is_its_own = read.appeal == challenge.appeal
            && read.account == challenge.account
            && read.deposit == challenge.deposit
            && read.sender == challenge.sender
            && read.destination == challenge.destination
            && read.expires_at == challenge.expires_at;
        if !is_its_own {
            return Err(ProofRefusal::Inconclusive);
        }
        // A bug of a verifier refuses; it does not end the program in front of whoever pasted the bytes.
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            verifier.verify(network, &challenge.sender, text, signature)
        }))
        .unwrap_or(Err(ProofRefusal::Inconclusive))
    }

    async fn signature_challenge(
        &self,
        appeal: &AppealId,
        id: Option<&ChallengeId>,
    ) -> Result<StoredChallenge, EngineError> {
        if let Some(id) = id {
            let found = self
                .store
                .challenge(id)
                .await?
                .ok_or_else(|| EngineError::NotFound {
                    what: "challenge",
                    id: id.to_string(),
                    hint: "`recover proofs list APPEAL` shows those that are",
                })?;
            if found.appeal != *appeal {
                return Err(refused(ProofRefusal::OtherAppeal));
            }
            return Ok(found);
        }
        let found = self.store.challenges_of(appeal).await?;
        let asked = found
            .into_iter()
            .filter(|challenge| challenge.method() == ProofMethod::SignedMessage);
        // Two of one second stand in no order: the one that is open is the newer, and one that a newer one voided is not.
        asked
            .max_by_key(|challenge| {
                let is_open = challenge.state == ChallengeState::Open;
                let is_void = challenge.state == ChallengeState::Void;
                (is_open, challenge.issued_at, !is_void)
            })
            .ok_or_else(|| no_challenge(appeal))
    }

    /// Records a document that shows who sent a deposit: another exchange's record of the withdrawal. A person vouches for having
    /// read it at its source; an agent alone may not.
    ///
    /// # Errors
    /// When the appeal has no deposit, the reference is empty, the person may not, or the store fails.
    pub async fn record_proof(
        &self,
        appeal: &AppealId,
        options: &ProofOptions,
        (reference, note): (&str, &str),
        name: Option<&str>,
    ) -> Result<u32, EngineError> {
        let what = "vouch for a document: a specialist or somebody of compliance may";
        let person = self.asker(name, VOUCHERS, what).await?;
        if reference.trim().is_empty() {
            return Err(ProofError::ReferenceMissing.into());
        }
        let wanted = self.wanted(appeal, options).await?;
        let kept = |text: &str| secret::redact(text.trim()).text.into_owned();
        let proof = NewProof {
            appeal: appeal.clone(),
            deposit: wanted.deposit.id(),
            account: wanted.appeal.user_id.clone(),
            method: ProofMethod::WithdrawalRecord,
            refusal: None,
            destination: wanted.destination,
            sender: wanted.deposit.from().map(str::to_owned),
            challenge: None,
            reference: Some(kept(reference)),
            evidence: Some(kept(note)).filter(|note| !note.is_empty()),
            person: person.name,
        };
        match self.store.add_proof(proof, None, self.now()).await? {
            ProofAnswer::Done(number) => Ok(number),
            ProofAnswer::NotOpen(_) => Err(refused(ProofRefusal::ChallengeUsed)),
            ProofAnswer::NotFound(what) => Err(gone(what, appeal)),
        }
    }

    /// Takes a proof back, with a reason.
    ///
    /// # Errors
    /// When none is in force under this number, the person may not, or the store fails.
    pub async fn void_proof(
        &self,
        number: u32,
        reason: &str,
        name: Option<&str>,
    ) -> Result<(), EngineError> {
        let what = "take a proof back: a specialist or somebody of compliance may";
        let person = self.asker(name, VOUCHERS, what).await?;
        let reason = secret::redact(reason).text;
        let is_done = self
            .store
            .void_proof(number, &person.name, &reason, self.now())
            .await?;
        if is_done {
            Ok(())
        } else {
            Err(ProofError::NotInForce { number }.into())
        }
    }
}

fn refused(refusal: ProofRefusal) -> EngineError {
    ProofError::Refused { refusal }.into()
}

fn no_challenge(appeal: &AppealId) -> EngineError {
    let appeal = appeal.clone();
    ProofError::NoChallenge { appeal }.into()
}

pub(crate) fn no_appeal(appeal: &AppealId) -> EngineError {
    EngineError::NotFound {
        what: "appeal",
        id: appeal.to_string(),
        hint: "`recover appeals list` shows those that are",
    }
}

/// What was there when it was read and is not any more.
fn gone(what: &'static str, appeal: &AppealId) -> EngineError {
    EngineError::NotFound {
        what,
        id: appeal.to_string(),
        hint: "`recover proofs list APPEAL` shows what is there",
    }
}
