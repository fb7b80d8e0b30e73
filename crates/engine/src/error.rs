//! What can go wrong in a use case. A refusal of a claim is an outcome, not an error; it travels here so that one place
//! maps outcomes to exit codes.

use crate::config::ConfigError;
use recover_core::claim::Refusal;
use recover_core::fee::QuoteRefusal;
use recover_source::carry::CarryError;
use recover_source::error::SourceError;
use recover_store::StoreError;

/// Why a use case did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A configuration file is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A name that `chains.toml` does not have.
    #[error("network '{name}' is not in chains.toml; `recover chains list` shows those that are")]
    UnknownNetwork {
        /// The name as given.
        name: String,
    },
    /// A text that names no asset of `chains.toml`.
    #[error(
        "'{text}' names no asset of chains.toml: write NETWORK/native, NETWORK/contract:ADDRESS, or a symbol that stands there"
    )]
    UnknownAsset {
        /// The text as given.
        text: String,
    },
    /// No adapter of this build handles the family.
    #[error("networks of family {family} cannot be scanned or diagnosed by this build")]
    NoAdapter {
        /// The family.
        family: recover_core::network::Family,
    },
    /// A network without a source.
    #[error("network '{network}' has no source in chains.toml: add a node or an explorer")]
    NoSource {
        /// The network.
        network: recover_core::network::NetworkId,
    },
    /// A network that no source of this build can read.
    #[error(
        "network '{network}' is by import only: nothing in this build reads its blocks; bring its deposits with `recover deposits import`"
    )]
    ImportOnly {
        /// The network.
        network: recover_core::network::NetworkId,
    },
    /// An id that the store does not have.
    #[error("{what} '{id}' is not in the database; {hint}")]
    NotFound {
        /// The noun.
        what: &'static str,
        /// The id as given.
        id: String,
        /// Where ids are listed.
        hint: &'static str,
    },
    /// Other runs of matching wrote what they made while this one was looking, again and again.
    #[error(
        "other runs of matching came between: nothing was kept; let one process match at a time"
    )]
    MatchOvertaken,
    /// A text that is neither a transaction id, a link nor an address of a configured network.
    #[error(
        "'{text}' is no transaction id, explorer link or address of a configured network: {hint}"
    )]
    NotUnderstood {
        /// The text as given, shortened.
        text: String,
        /// What it looks like.
        hint: String,
    },
    /// A secret key or a recovery phrase where something else was asked for. It is not repeated, not even here.
    #[error(
        "this holds a secret key or a recovery phrase: {advice}. Give the transaction id or the public address instead",
        advice = recover_matching::secret::ADVICE
    )]
    SecretPasted,
    /// A word outside its closed list.
    #[error("'{word}' is no {what}: write one of {expected}")]
    UnknownWord {
        /// The noun.
        what: &'static str,
        /// The word as given.
        word: String,
        /// The list.
        expected: String,
    },
    /// A genuine token without the decimals that the reviewer confirms.
    #[error(
        "a genuine token needs --decimals N as its contract stated them when it was first seen: it stated {claimed}, given was {given}{advice}",
        claimed = number_or_none(*claimed),
        given = number_or_none(*given),
        advice = if claimed.is_none() { "; give it a table in chains.toml instead" } else { "" }
    )]
    DecimalsNotConfirmed {
        /// What the reviewer gave.
        given: Option<u8>,
        /// What the contract claimed.
        claimed: Option<u8>,
    },
    /// A file cannot be taken in.
    #[error(transparent)]
    Import(#[from] crate::import::ImportError),
    /// Nobody said who acts.
    #[error("who acts? pass --as PERSON or set RECOVER_ACTOR")]
    ActorMissing,
    /// The policy does not know the person.
    #[error("policy.toml does not name '{name}': add the person there, or pass another --as")]
    ActorUnknown {
        /// The name as given.
        name: String,
    },
    /// The command needs a policy.
    #[error("no policy is loaded: pass --policy policy.toml (`recover init` writes one)")]
    PolicyMissing,
    /// A version of the policy is not used, or a vote for it not taken.
    #[error(transparent)]
    PolicyVersion(#[from] crate::policy_versions::PolicyVersionError),
    /// Releases were not halted, or the halt not lifted.
    #[error(transparent)]
    Halt(#[from] crate::halt::HaltError),
    /// A match was not taken back.
    #[error(transparent)]
    MatchUndo(#[from] crate::match_undo::MatchUndoError),
    /// An act on an appeal was not carried out.
    #[error(transparent)]
    AppealWork(#[from] crate::appeals::AppealWorkError),
    /// The watch list was not changed.
    #[error(transparent)]
    Watch(#[from] crate::watch_list::WatchError),
    /// A proof of ownership was not issued, or does not hold.
    #[error(transparent)]
    Proof(#[from] crate::proofs::ProofError),
    /// Customers' words were not erased.
    #[error(transparent)]
    AppealErase(#[from] crate::appeal_erase::AppealEraseError),
    /// A claim's step was refused.
    #[error("refused: {refusal}: {hint}", hint = refusal.hint())]
    Refused {
        /// Why.
        refusal: Refusal,
    },
    /// No quote is given.
    #[error("no quote: {refusal}: {detail}")]
    NoQuote {
        /// Why.
        refusal: QuoteRefusal,
        /// What is missing, in words.
        detail: String,
        /// The codes of waivers that were granted on the claim and count no more.
        lost_waivers: Vec<String>,
    },
    /// What the network takes is above the policy's limits.
    #[error(
        "the network would take {fee} of a value of {value}, more than the policy allows for one claim: wait for a cheaper moment, or \
         raise network_fee_max or network_fee_max_percent"
    )]
    NetworkFeeAboveLimit {
        /// What the network would take.
        fee: recover_core::fee::Cents,
        /// What the deposit is worth.
        value: recover_core::fee::Cents,
    },
    /// A transaction cannot be laid out or built now.
    #[error(transparent)]
    Carry(#[from] CarryError),
    /// A package cannot be written.
    #[error("the package cannot be written: {detail}")]
    Package {
        /// What is wrong.
        detail: String,
    },
    /// Bytes that are no signed transaction.
    #[error("this is not what the signers were asked for: {detail}")]
    SignedBytes {
        /// What is wrong.
        detail: String,
    },
    /// The network does not show what was asked for.
    #[error("{tx_id} is not shown by the network as the approved transaction: {detail}")]
    NotShown {
        /// What was looked for.
        tx_id: String,
        /// What is shown instead.
        detail: String,
    },
    /// Another run holds the lease.
    #[error(
        "another {what} is running ({holder}); wait for it, or for its lease to end at {until}"
    )]
    AlreadyRunning {
        /// What.
        what: &'static str,
        /// Who holds it.
        holder: String,
        /// Until when it is safe from others.
        until: recover_core::time::Timestamp,
    },
    /// An idempotency key that was used for another command.
    #[error("this key was used for another command: use a new one")]
    KeyReused,
    /// The watch set is too large for this machine's index.
    #[error("the watch set cannot be built: {detail}")]
    WatchSet {
        /// Why.
        detail: String,
    },
}

impl EngineError {
    /// Whether a requested change was refused, as opposed to a fault.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        if let Self::PolicyVersion(error) = self {
            return error.is_refusal();
        }
        matches!(
            self,
            Self::Halt(_)
                | Self::MatchUndo(_)
                | Self::AppealWork(_)
                | Self::Watch(_)
                | Self::Proof(_)
                | Self::AppealErase(_)
                | Self::Refused { .. }
                | Self::NoQuote { .. }
                | Self::SignedBytes { .. }
                | Self::NetworkFeeAboveLimit { .. }
                | Self::NotShown { .. }
                | Self::PolicyMissing
                | Self::DecimalsNotConfirmed { .. }
                | Self::KeyReused
                // What holds now, not what broke: no repeat changes it before the network, the claim or the policy does.
                | Self::Carry(
                    CarryError::Refused { .. }
                        | CarryError::FeeAboveLimit { .. }
                        | CarryError::ByHand { .. }
                )
        )
    }
}

/// A number for a message; `none` where there is none.
fn number_or_none(number: Option<u8>) -> String {
    number.map_or_else(|| "none".to_owned(), |number| number.to_string())
}
