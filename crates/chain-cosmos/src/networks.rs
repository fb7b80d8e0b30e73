//! The networks that we know by name: the prefix of their addresses, how their keys make addresses, their own coin.

use recover_core::network::NetworkId;

/// How a network makes an account's 20 bytes from its public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyRule {
    /// RIPEMD-160 of SHA-256 of the compressed secp256k1 key (the SDK's own `secp256k1`).
    Cosmos,
    /// The last 20 bytes of keccak256 of the uncompressed key, as on Ethereum (`ethsecp256k1`).
    Ethereum,
}

/// One network of the family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CosmosNetwork {
    /// Its short name, as `chains.toml` has it.
    pub name: &'static str,
    /// The prefix of its accounts' addresses.
    pub prefix: &'static str,
    /// How its keys make addresses.
    pub key_rule: KeyRule,
    /// The type of its public keys inside a transaction.
    pub public_key_type: &'static str,
    /// Its own coin, as its bank module names it: the coin that staking and fees are paid in.
    pub native_denom: &'static str,
    /// The most characters its memo may have (the SDK's `max_memo_characters`, a parameter that governance can change).
    pub memo_characters_max: usize,
    /// The height of its first block; above 1 where a network went on from the state of an older one.
    pub initial_height: u64,
}

const SECP256K1: &str = "/cosmos.crypto.secp256k1.PubKey";

/// Every network that we know by name. Prefixes, coins and key algorithms as the Cosmos chain registry states them; the SDK's
/// default limit of memos is 256 characters (`x/auth` parameters).
pub const NETWORKS: &[CosmosNetwork] = &[
    CosmosNetwork {
        name: "cosmos",
        prefix: "cosmos",
        key_rule: KeyRule::Cosmos,
        public_key_type: SECP256K1,
        native_denom: "uatom",
        memo_characters_max: 256,
        initial_height: 5_200_791,
    },
    CosmosNetwork {
        name: "osmosis",
        prefix: "osmo",
        key_rule: KeyRule::Cosmos,
        public_key_type: SECP256K1,
        native_denom: "uosmo",
        memo_characters_max: 256,
        initial_height: 1,
    },
    CosmosNetwork {
        name: "kava",
        prefix: "kava",
        key_rule: KeyRule::Cosmos,
        public_key_type: SECP256K1,
        native_denom: "ukava",
        memo_characters_max: 256,
        initial_height: 1,
    },
    CosmosNetwork {
        name: "celestia",
        prefix: "celestia",
        key_rule: KeyRule::Cosmos,
        public_key_type: SECP256K1,
        native_denom: "utia",
        memo_characters_max: 256,
        initial_height: 1,
    },
    CosmosNetwork {
        name: "injective",
        prefix: "inj",
        key_rule: KeyRule::Ethereum,
        public_key_type: "/injective.crypto.v1beta1.ethsecp256k1.PubKey",
        native_denom: "inj",
        memo_characters_max: 256,
        initial_height: 1,
    },
    CosmosNetwork {
        name: "sei",
        prefix: "sei",
        key_rule: KeyRule::Cosmos,
        public_key_type: SECP256K1,
        native_denom: "usei",
        memo_characters_max: 256,
        initial_height: 1,
    },
    CosmosNetwork {
        name: "dydx",
        prefix: "dydx",
        key_rule: KeyRule::Cosmos,
        public_key_type: SECP256K1,
        native_denom: "adydx",
        memo_characters_max: 256,
        initial_height: 1,
    },
];

/// The network with this short name; `None` when we do not know it.
#[must_use]
pub fn by_name(network: &NetworkId) -> Option<&'static CosmosNetwork> {
    NETWORKS.iter().find(|known| known.name == network.as_str())
}

/// The network whose addresses have this prefix; `None` when we do not know it.
#[must_use]
pub fn by_prefix(prefix: &str) -> Option<&'static CosmosNetwork> {
    NETWORKS.iter().find(|known| known.prefix == prefix)
}
