//! Whether a credit can be recovered, and what is missing where it cannot yet.

use crate::address::Address;
use crate::block::Height;
use crate::book::ControlRecord;
use crate::code::coded;
use crate::network::NetworkId;

coded! {
    /// How the exchange can move the money today.
    pub enum How {
        /// The key of this address signs on this network too.
        SameKey => "same_key",
        /// The keys and the script that unlock it do so on this network too.
        SameScript => "same_script",
        /// It already stands in an account of ours: booking it is enough.
        OwnAccount => "own_account",
        /// The contract stands on this network with the code we know.
        ContractInPlace => "contract_in_place",
    }
}

coded! {
    /// One on-chain step that must come before the money can move.
    pub enum DeployLegKind {
        /// Deploy the factory at its known address.
        DeployFactory => "deploy_factory",
        /// Deploy the forwarder through its factory.
        DeployForwarder => "deploy_forwarder",
        /// Use up the deployer's nonces below the one that made the contract, then deploy at it.
        DeployAtNonce => "deploy_at_nonce",
        /// Let the contract send what it holds to its parent.
        Flush => "flush",
    }
}

/// One step with who must act and what it is about, in words a wallet engineer can follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeployLeg {
    /// What must be done.
    pub kind: DeployLegKind,
    /// Whose key signs it: an address, canonical text.
    pub signer: String,
    /// The details: which contract, salt, nonce.
    pub detail: String,
}

coded! {
    /// What is missing before a verdict can be given or acted on, in order of precedence.
    pub enum Missing {
        /// The block is not final by the network's rule.
        FinalityMissing => "finality_missing",
        /// The source does not say whether the transaction succeeded.
        OutcomeUnknown => "outcome_unknown",
        /// The imported ledger does not reach over the time of the credit: it may have been credited.
        LedgerCoverageMissing => "ledger_coverage_missing",
        /// A ledger row of its transaction may cover it, with another amount or for the whole transaction; or one that names
        /// the movement by another id.
        LedgerUnclear => "ledger_unclear",
        /// The address book gives the address or the memo to several users at once.
        OwnerContested => "owner_contested",
        /// The memo names one user and another fact names another: only a person may say whose it is.
        OwnerDisputed => "owner_disputed",
        /// Nobody reviewed the token contract yet.
        TokenReviewMissing => "token_review_missing",
        /// No source could say whether code stands at the address on this network.
        CodeUnknown => "code_unknown",
        /// The address book does not say how the address is controlled.
        ControlUnknown => "control_unknown",
        /// Whoever sees the script that unlocks it can take the coins on this network: nothing that shows it may be published, and
        /// only a block's maker who is trusted can be handed the transaction.
        ScriptSecret => "script_secret",
        /// The address book says a key controls it, and a contract stands there.
        ControlContradicted => "control_contradicted",
        /// The factory does not stand on this network and its deployment is not recorded.
        FactoryAbsent => "factory_absent",
        /// The deployer's nonce on this network could not be read.
        DeployerNonceUnknown => "deployer_nonce_unknown",
        /// Deposits here are paused: reopening credits it.
        NetworkSuspended => "network_suspended",
        /// The network can be acted on once something is arranged.
        NetworkConditional => "network_conditional",
        /// The coins are ours and cannot be moved yet (vesting, staking).
        NotMovableYet => "not_movable_yet",
        /// The change of balance and the logs do not agree.
        BalanceUnexplained => "balance_unexplained",
        /// A person must handle it (NFT, odd log shape).
        ManualHandling => "manual_handling",
        /// Nobody vouches for what a file calls this asset.
        AssetUnvouched => "asset_unvouched",
        /// It comes from a file; no source of ours has seen it.
        NotSeenByUs => "not_seen_by_us",
    }
}

coded! {
    /// Why nothing can be recovered, in order of precedence.
    pub enum Reason {
        /// The transaction was reverted.
        TransactionFailed => "transaction_failed",
        /// The transaction gave way to another one.
        TransactionReplaced => "transaction_replaced",
        /// It stands on an abandoned branch.
        OldFork => "old_fork",
        /// It is our own withdrawal.
        OwnWithdrawal => "own_withdrawal",
        /// It went to a contract that is not ours.
        ForeignContract => "foreign_contract",
        /// It sits in a bridge.
        HeldByBridge => "held_by_bridge",
        /// The address was never ours.
        ForeignAddress => "foreign_address",
        /// Nobody holds the key.
        KeyLost => "key_lost",
        /// The token is an imitation or nothing moved.
        WorthlessToken => "worthless_token",
        /// Both sides are ours, or the coins only paid for a message about something else.
        OwnMovement => "own_movement",
        /// The ledger has it.
        AlreadyCredited => "already_credited",
        /// Another contract stands at the address on this network.
        OtherCodeAtAddress => "other_code_at_address",
        /// The factory, salt or code recorded do not lead to this address.
        AddressNotDerived => "address_not_derived",
        /// The factory's address holds other code on this network.
        OtherFactoryCode => "other_factory_code",
        /// The deployer already used the nonce that would have made the contract.
        DeployerNonceUsed => "deployer_nonce_used",
        /// The network derives contract addresses by another rule.
        OtherDerivation => "other_derivation",
        /// The network has no rule by which anybody could unlock an output of this kind.
        ScriptUnspendable => "script_unspendable",
        /// The exchange cannot act on this network.
        NetworkOutOfReach => "network_out_of_reach",
    }
}

/// Whether a credit can be recovered; known before anyone is charged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The exchange can move it today.
    Controllable(How),
    /// It can once these steps are done, in this order.
    NeedsDeploy(Vec<DeployLeg>),
    /// It may be, once what is missing is known or arranged.
    Conditional(Missing),
    /// It cannot.
    NotRecoverable(Reason),
}

impl Verdict {
    /// The stable code: `controllable`, `needs_deploy`, `conditional` or `not_recoverable`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Controllable(_) => "controllable",
            Self::NeedsDeploy(_) => "needs_deploy",
            Self::Conditional(_) => "conditional",
            Self::NotRecoverable(_) => "not_recoverable",
        }
    }

    /// The stable code of the detail: how, the first step, what is missing, or why not.
    #[must_use]
    pub fn detail(&self) -> &'static str {
        match self {
            Self::Controllable(how) => how.code(),
            Self::NeedsDeploy(legs) => legs.first().map_or("no_steps", |leg| leg.kind.code()),
            Self::Conditional(missing) => missing.code(),
            Self::NotRecoverable(reason) => reason.code(),
        }
    }

    /// Whether it rests on what was read at the address and at its maker: such a proof outlives the silence of a source.
    #[must_use]
    pub const fn is_proof_of_control(&self) -> bool {
        match self {
            Self::Controllable(how) => {
                matches!(how, How::SameKey | How::SameScript | How::ContractInPlace)
            }
            Self::NeedsDeploy(_) => true,
            Self::NotRecoverable(reason) => matches!(
                reason,
                Reason::OtherCodeAtAddress | Reason::OtherFactoryCode | Reason::DeployerNonceUsed
            ),
            Self::Conditional(missing) => matches!(
                missing,
                Missing::ControlContradicted | Missing::FactoryAbsent
            ),
        }
    }

    /// Whether the money can be moved, at once or after the listed steps.
    #[must_use]
    pub const fn is_recoverable(&self) -> bool {
        matches!(self, Self::Controllable(_) | Self::NeedsDeploy(_))
    }
}

/// `controllable:same_key`, `conditional:factory_absent`, …
impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&format!("{}:{}", self.code(), self.detail()))
    }
}

/// What stands at an address on one network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Nothing: an account that only a key moves, or nothing yet.
    Absent,
    /// A delegation of an account that a key moves (EIP-7702, `0xef0100` and an address): still that key's.
    Delegated,
    /// A contract, by keccak256 of its code.
    Contract([u8; 32]),
}

/// The state of one account as a source read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountState {
    /// What code stands there.
    pub code: Code,
    /// How many transactions it sent (an account) or contracts it made (a contract).
    pub nonce: u64,
    /// The height at which it was read.
    pub at: Height,
}

/// What a control proof may look at; `None` where no source could say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ControlEvidence {
    /// The address on the network where the money landed.
    pub account: Option<AccountState>,
    /// The factory (CREATE2) or the deployer (CREATE) on that network.
    pub maker: Option<AccountState>,
    /// The address on a network that it serves.
    pub account_at_home: Option<AccountState>,
    /// The factory on a network that the address serves.
    pub maker_at_home: Option<AccountState>,
    /// The network where the money landed.
    pub network: Option<NetworkId>,
    /// The address as the address book writes it: its form may tell another network than the one where the money landed.
    pub known_as: Option<String>,
}

/// Who can sign for an address on a network; one implementation a family, pure.
pub trait Control: Send + Sync {
    /// The verdict on control alone: nothing about ledger, finality or assets enters here.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        evidence: &ControlEvidence,
    ) -> Verdict;

    /// The factory or deployer whose state [`Control::prove`] wants to see; `None` when the record names none.
    fn maker(&self, control: &ControlRecord) -> Option<Address>;
}
