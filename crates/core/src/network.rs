//! Networks and what the operator says about each.

use crate::code::coded;
use std::sync::Arc;

/// The short name of a network as `chains.toml` has it (`ethereum`, `bsc`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkId(Arc<str>);

impl NetworkId {
    /// A network by its short name. Whether it is configured is the caller's to check.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// The short name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for NetworkId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

coded! {
    /// Networks that share address encodings, transaction shapes and one adapter.
    pub enum Family {
        /// Ethereum and the networks that run its virtual machine.
        Evm => "evm",
        /// Bitcoin and its relatives with unspent outputs.
        Bitcoin => "bitcoin",
        /// The XRP Ledger.
        Xrpl => "xrpl",
        /// Stellar.
        Stellar => "stellar",
        /// Networks of the Cosmos SDK.
        Cosmos => "cosmos",
        /// The Open Network.
        Ton => "ton",
        /// Tron.
        Tron => "tron",
        /// Solana.
        Solana => "solana",
    }
}

impl Family {
    /// The family that a file names, by code or by the coin people name it after (`btc`, `xlm`, `atom`); `None` when unknown.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let lower = name.trim().to_ascii_lowercase();
        match lower.as_str() {
            "btc" | "utxo" => Some(Self::Bitcoin),
            "xrp" => Some(Self::Xrpl),
            "xlm" => Some(Self::Stellar),
            "atom" => Some(Self::Cosmos),
            "trx" => Some(Self::Tron),
            "sol" => Some(Self::Solana),
            code => Self::from_code(code),
        }
    }
}

coded! {
    /// Whether the exchange takes deposits on a network at present.
    pub enum DepositState {
        /// Deposits are credited.
        Open => "open",
        /// Deposits are paused: nothing is lost, the network's reopening credits them.
        Suspended => "suspended",
        /// The exchange does not serve this network: whatever lands there is on the wrong network.
        Closed => "closed",
    }
}

coded! {
    /// Whether the exchange can act on a network at all.
    pub enum RecoveryCapability {
        /// The wallet team can sign there today.
        Direct => "direct",
        /// It can once something is arranged (a signer policy, a node, gas).
        Conditional => "conditional",
        /// It cannot.
        None => "none",
    }
}
