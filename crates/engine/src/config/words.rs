//! The closed lists of words that the files may use.

use recover_core::network::Family;

/// Declares a closed list of words of a file, as core's coded lists are declared.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $name:ident { $($(#[$vmeta:meta])* $variant:ident => $code:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vmeta])* $variant),+ }

        impl $name {
            /// Every member, in the order in which the list is declared.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word that stands for it in files and output.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The member with this word; `None` when no member has it.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.pad(self.code()) }
        }
    };
}

words! {
    /// Whether a network routes deposits by a memo.
    pub enum MemoRule {
        /// It has no such field.
        None => "none",
        /// The user may leave it out where the address is their own.
        Optional => "optional",
        /// Shared addresses: without it nobody knows whose money it is.
        Required => "required",
    }
}

words! {
    /// Whose API a source of prices speaks.
    pub enum PriceSourceKind {
        /// CoinGecko's, version 3.
        CoinGecko => "coingecko",
    }
}

words! {
    /// Which kind of key a source of prices takes.
    pub enum PricePlanName {
        /// A free one.
        Demo => "demo",
        /// A paid one.
        Pro => "pro",
    }
}

words! {
    /// What a network charges for a transaction beyond gas used times gas price. `chains.toml` explains each in its head.
    pub enum FeeRuleName {
        /// Nothing.
        Execution => "execution",
        /// A data fee (and an operator fee) asked from the OP stack's gas oracle.
        OpStackL1Data => "op_stack_l1_data",
        /// The OP stack's data fee, converted by Mantle's token ratio.
        MantleL1Data => "mantle_l1_data",
        /// Folded into the gas estimate.
        ArbitrumL1Data => "arbitrum_l1_data",
        /// A data fee asked from Scroll's gas oracle.
        ScrollL1Data => "scroll_l1_data",
        /// No separate fee; the price offered grows with the data.
        LineaEstimateGas => "linea_estimate_gas",
    }
}

words! {
    /// How a transaction offers its gas price.
    pub enum FeeStyle {
        /// Base fee and tip.
        Eip1559 => "eip1559",
        /// One gas price.
        Legacy => "legacy",
    }
}

words! {
    /// When a block counts as final.
    pub enum FinalityRule {
        /// At or below the block that the node calls `finalized`.
        FinalizedTag => "finalized_tag",
        /// With enough blocks on top.
        Confirmations => "confirmations",
        /// As soon as it is closed: the network's validators agreed before anybody could read it.
        Closed => "closed",
    }
}

words! {
    /// What kind of service a source is.
    pub enum SourceKind {
        /// A node's JSON-RPC.
        JsonRpc => "json_rpc",
        /// Etherscan's API, version 2: one key for all its chains.
        EtherscanV2 => "etherscan_v2",
        /// A Blockscout instance.
        Blockscout => "blockscout",
        /// The JSON-RPC of rippled or Clio.
        Rippled => "rippled",
        /// A Horizon instance.
        Horizon => "horizon",
        /// A CometBFT node's JSON-RPC.
        CometRpc => "comet_rpc",
        /// The REST gateway of a Cosmos SDK node.
        CosmosRest => "cosmos_rest",
        /// The JSON-RPC of Bitcoin Core or of a relative.
        BitcoinRpc => "bitcoin_rpc",
        /// An Esplora instance.
        Esplora => "esplora",
        /// A Blockbook instance.
        Blockbook => "blockbook",
        /// A toncenter instance, version 3 of its API.
        ToncenterV3 => "toncenter_v3",
    }
}

impl SourceKind {
    /// The family whose networks it can answer for.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::JsonRpc | Self::EtherscanV2 | Self::Blockscout => Family::Evm,
            Self::Rippled => Family::Xrpl,
            Self::Horizon => Family::Stellar,
            Self::CometRpc | Self::CosmosRest => Family::Cosmos,
            Self::BitcoinRpc | Self::Esplora | Self::Blockbook => Family::Bitcoin,
            Self::ToncenterV3 => Family::Ton,
        }
    }

    /// The kinds that can answer for networks of a family.
    #[must_use]
    pub fn of(family: Family) -> Vec<Self> {
        let kinds = Self::ALL.iter().copied();
        kinds.filter(|kind| kind.family() == family).collect()
    }
}

words! {
    /// How the exchange stands to an asset of the file.
    pub enum AssetStatus {
        /// Credited today.
        Listed => "listed",
        /// Once listed; recovered, not credited as usual.
        Retired => "retired",
    }
}

/// The words of a list for an error message.
pub(super) fn listed<T: Copy>(all: &[T], code: fn(T) -> &'static str) -> String {
    let words: Vec<&str> = all.iter().map(|word| code(*word)).collect();
    words.join(", ")
}
