//! Proofs of ownership: who sent a deposit, shown by more than knowing its public facts.
//!
//! - [`Challenge`]: the one text that a claimant signs, on every network the same, bound to account, appeal, deposit and destination.
//! - [`MessageProof`]: what a family's codec answers to a signature over it.
//! - [`DepositTest`]: a payment of a unique amount from the same sender, made after the appeal.
//! - [`Evidence`] and [`ProofNeed`]: what is known of a claimant, and how much of it a value needs.
//!
//! A proof of control is one input and no entitlement by itself: keys are stolen, and accounts are lent. It never outweighs what the
//! address book says.

mod challenge;
mod deposit_test;
mod need;
mod recoverable;
mod refusal;

pub use challenge::{Challenge, ChallengeError, ChallengeId, Destination, Nonce};
pub use deposit_test::{
    DepositTest, Payment, RANDOM_DIGITS, TestAmountError, TestSetting, judge, test_amount,
};
pub use need::{Evidence, ProofNeed, ProofPolicy, ProofTier, is_enough};
pub use recoverable::RecoverableSignature;
pub use refusal::ProofRefusal;

use crate::code::coded;
use crate::network::{Family, NetworkId};

coded! {
    /// How ownership was shown.
    pub enum ProofMethod {
        /// A signature by the key of the sending address over a challenge.
        SignedMessage => "signed_message",
        /// A payment of a unique amount from the sending address, after the appeal.
        VerificationDeposit => "verification_deposit",
        /// Another exchange's record of the withdrawal, read by a person.
        WithdrawalRecord => "withdrawal_record",
        /// The deposit lies at an address that was issued to the account, or carries its memo.
        DepositAddress => "deposit_address",
        /// The deposit comes from an address from which the account was credited before.
        PastSender => "past_sender",
    }
}

coded! {
    /// What became of an attempt to prove.
    pub enum ProofOutcome {
        /// It holds.
        Verified => "verified",
        /// It does not.
        Refused => "refused",
        /// It held, and was taken back: the destination was changed, or a person found it wrong.
        Voided => "voided",
    }
}

/// The key that a signature was verified with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenKey {
    /// The address in canonical text.
    pub address: String,
    /// The public key as hexadecimal digits; empty where the scheme shows none (a script of several keys).
    pub key: String,
    /// The scheme by which it was verified: `eip191`, `bip137`, `bip322_simple`, `bip322_full`, `sep53`, `solana_offchain`,
    /// `solana_raw`, `tip191`.
    pub scheme: &'static str,
}

/// Verifies signed messages of one family. Pure: what a chain knows (signers of an account, code at an address) is not asked, so
/// that only what the address itself commits to is accepted.
pub trait MessageProof: Send + Sync {
    /// The family.
    fn family(&self) -> Family;

    /// The canonical text of an address on a network, for comparing with the sender of a deposit.
    ///
    /// # Errors
    /// [`ProofRefusal::AddressInvalid`], or [`ProofRefusal::NetworkWrong`] for an address of another network of the family.
    fn address(&self, network: &NetworkId, text: &str) -> Result<String, ProofRefusal>;

    /// Whether the key of an address signed exactly this text.
    ///
    /// # Errors
    /// The first refusal that applies. Nothing that cannot be decided is ever accepted.
    fn verify(
        &self,
        network: &NetworkId,
        address: &str,
        text: &str,
        signature: &str,
    ) -> Result<ProvenKey, ProofRefusal>;

    /// What a claimant is told to sign with, in one line.
    fn how(&self) -> &'static str;
}
