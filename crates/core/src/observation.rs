//! Observations: every credit that was seen at a watched address.

use crate::address::Address;
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::block::{BlockRef, TxId};
use crate::code::coded;
use crate::memo::Memo;
use crate::network::NetworkId;
use sha2::{Digest, Sha256};

/// Where inside its transaction a credit stands, in words that survive a reorganisation: `log:k` (the k-th log with the
/// Transfer topic of its transaction, counted over all of them), `value`, `trace:0.1`, `withdrawal:INDEX`, `reward:INDEX`;
/// `vout:N` for an output; on other families the path of the operation, message or event (`op:2`, `msg:0.1`, `balance:USD.r…`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(String);

impl Position {
    /// A position in the words above.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The transaction's own value field.
    #[must_use]
    pub fn value() -> Self {
        Self::new("value")
    }

    /// The k-th log with the Transfer topic in its transaction, counted from 0.
    #[must_use]
    pub fn log(index: u64) -> Self {
        Self(format!("log:{index}"))
    }

    /// An output of its transaction, by its number from 0.
    #[must_use]
    pub fn output(index: u32) -> Self {
        Self(format!("vout:{index}"))
    }

    /// A call inside the transaction, by its path of call indexes from the top.
    #[must_use]
    pub fn trace(path: &[u64]) -> Self {
        let path: Vec<String> = path.iter().map(u64::to_string).collect();
        Self(format!("trace:{}", path.join(".")))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

coded! {
    /// How the money moved.
    pub enum Mechanism {
        /// The value of a transaction addressed to us, an output of Bitcoin and its relatives included.
        TopLevel => "top_level",
        /// A token contract's Transfer log.
        TokenTransfer => "token_transfer",
        /// Value moved by a call inside a contract's execution.
        InternalCall => "internal_call",
        /// A contract destroyed itself and left its balance to us.
        SelfDestruct => "self_destruct",
        /// A validator withdrawal, credited by the block itself.
        Withdrawal => "withdrawal",
        /// A block or staking reward.
        Reward => "reward",
        /// A layer-2 mint that carries a deposit from layer 1.
        BridgeMint => "bridge_mint",
        /// Money that waited for a condition (XRP Ledger escrow).
        Escrow => "escrow",
        /// A check that was cashed (XRP Ledger).
        Check => "check",
        /// A payment channel paid out (XRP Ledger).
        PaymentChannel => "payment_channel",
        /// An account was closed and left what it held to us (Stellar merge, XRP Ledger AccountDelete).
        AccountMerge => "account_merge",
        /// A claimable balance that was claimed (Stellar).
        ClaimableBalance => "claimable_balance",
        /// Coins that came over IBC.
        IbcTransfer => "ibc_transfer",
        /// Coins that we sent over IBC and that came back: a time-out or a refusal on the other side.
        IbcRefund => "ibc_refund",
        /// A message of ours that came back because its recipient could not take it (TON).
        Bounce => "bounce",
        /// Coins that travel with a message about something else and pay for its work (TON: a jetton's notification, what is
        /// left of a transfer's fee).
        Carrier => "carrier",
        /// A movement that a block itself makes, without a transaction (Cosmos SDK begin and end of block).
        BlockEvent => "block_event",
        /// The balance grew in a transaction that says nothing about us.
        BalanceChange => "balance_change",
    }
}

coded! {
    /// Whether the network executed the movement.
    pub enum Outcome {
        /// It happened.
        Success => "success",
        /// The transaction is in a block and was reverted: nothing moved.
        Failed => "failed",
        /// The source does not say, or two sources disagree.
        Unknown => "unknown",
    }
}

coded! {
    /// Further facts about a credit that change how it is handled, beside its kind.
    pub enum Flag {
        /// A token id, not a quantity: handled by hand.
        Nft => "nft",
        /// The balance grew by less than the log says.
        FeeOnTransfer => "fee_on_transfer",
        /// The log promises what the balance does not show.
        BalanceUnchanged => "balance_unchanged",
        /// Several credits of one token in one block, and their sum does not fit the change of balance.
        BalanceAmbiguous => "balance_ambiguous",
        /// Several senders: it cannot go back by itself.
        MultiSource => "multi_source",
        /// Made by its block and not by a transaction's inputs: not spendable for a hundred blocks and more.
        Immature => "immature",
        /// The output carries an inscription.
        Inscription => "inscription",
        /// Publishing the script would lose the coins.
        ScriptSecret => "script_secret",
        /// The log has not the standard three topics and 32 bytes: read by a rule of its own.
        OddShape => "odd_shape",
        /// Less was delivered than the transaction names, as its sender allowed (XRP Ledger partial payment).
        PartialDelivery => "partial_delivery",
        /// The coins are ours and cannot be moved yet (vesting, staking).
        Locked => "locked",
    }
}

/// A credit that was seen at an address. A fact about the chain; nothing in it is an opinion of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The network it was seen on.
    pub network: NetworkId,
    /// The transaction.
    pub tx_id: TxId,
    /// Where inside the transaction.
    pub position: Position,
    /// The block; `None` while the transaction waits for one.
    pub block: Option<BlockRef>,
    /// Who sent it, as the movement says (a Transfer's `from`, never the transaction's signer); `None` when nobody did.
    pub from: Option<Address>,
    /// Who was credited.
    pub to: Address,
    /// What was sent, by contract.
    pub asset: AssetId,
    /// What is ours to dispose of, in base units: the smaller of what was logged and what the balance gained.
    pub amount: Amount,
    /// What the log or the transaction says, in base units.
    pub amount_stated: Amount,
    /// What the balance gained over the block; `None` when the source could not tell.
    pub balance_delta: Option<Amount>,
    /// Routing fields in the order found; empty where the network has none.
    pub memos: Vec<Memo>,
    /// How it moved.
    pub mechanism: Mechanism,
    /// Whether it happened.
    pub outcome: Outcome,
    /// Further facts, sorted, each at most once.
    pub flags: Vec<Flag>,
}

impl Observation {
    /// The key that no two observations share: network, transaction and position. Block hash and height are not part of
    /// it, so that a transaction mined again updates its row.
    #[must_use]
    pub fn id(&self) -> DepositId {
        DepositId::of(&self.network, &self.tx_id, &self.position)
    }
}

/// The id of a deposit: a hash of its key, the same on every store; deposits from a file keep the file's id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepositId(String);

impl DepositId {
    /// The id of the observation with this key: `dep_` and the first 80 bits of SHA-256 over the length-prefixed parts.
    #[must_use]
    pub fn of(network: &NetworkId, tx_id: &TxId, position: &Position) -> Self {
        let mut hasher = Sha256::new();
        for part in [
            "recover/deposit/1",
            network.as_str(),
            tx_id.as_str(),
            position.as_str(),
        ] {
            hasher.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hasher.update(part.as_bytes());
        }
        let digest = hasher.finalize();
        Self(format!(
            "dep_{}",
            hex::encode(digest.get(..10).unwrap_or_default())
        ))
    }

    /// An id taken verbatim from a file or the command line.
    #[must_use]
    pub fn verbatim(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for DepositId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}
