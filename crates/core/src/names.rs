//! Every network that an import may name, with what people call it. A network of this list needs no configuration to
//! be stored and matched; scanning, diagnosing and quoting need its table in `chains.toml`.

use crate::network::{Family, NetworkId};

/// A known network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownNetwork {
    /// The short name.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// Its CAIP-2 id.
    pub caip2: &'static str,
    /// What users, files and other exchanges call it, lower case.
    pub aliases: &'static [&'static str],
}

/// Every known network, by family.
pub const KNOWN_NETWORKS: &[KnownNetwork] = &[
    KnownNetwork {
        name: "ethereum",
        family: Family::Evm,
        caip2: "eip155:1",
        aliases: &[
            "eth",
            "erc20",
            "erc-20",
            "ethereum mainnet",
            "ether",
            "eth mainnet",
            "ethereum (erc20)",
            "eth (erc20)",
            "erc 20",
        ],
    },
    KnownNetwork {
        name: "bsc",
        family: Family::Evm,
        caip2: "eip155:56",
        aliases: &[
            "bnb",
            "bep20",
            "bep-20",
            "beb20",
            "bnb smart chain",
            "binance smart chain",
            "bnb chain",
            "bsc (bep20)",
            "bnb smart chain (bep20)",
            "bep 20",
        ],
    },
    KnownNetwork {
        name: "polygon",
        family: Family::Evm,
        caip2: "eip155:137",
        aliases: &[
            "matic",
            "pol",
            "polygon pos",
            "polygon mainnet",
            "matic network",
        ],
    },
    KnownNetwork {
        name: "arbitrum",
        family: Family::Evm,
        caip2: "eip155:42161",
        aliases: &["arb", "arbitrum one", "arbitrum-one", "arb1"],
    },
    KnownNetwork {
        name: "optimism",
        family: Family::Evm,
        caip2: "eip155:10",
        aliases: &[
            "op",
            "op mainnet",
            "optimism mainnet",
            "optimistic ethereum",
        ],
    },
    KnownNetwork {
        name: "base",
        family: Family::Evm,
        caip2: "eip155:8453",
        aliases: &["base mainnet", "base chain", "coinbase base"],
    },
    KnownNetwork {
        name: "avalanche",
        family: Family::Evm,
        caip2: "eip155:43114",
        aliases: &[
            "avax",
            "avaxc",
            "avax c-chain",
            "avalanche c-chain",
            "avax-c",
            "c-chain",
            "avalanche c chain",
        ],
    },
    KnownNetwork {
        name: "linea",
        family: Family::Evm,
        caip2: "eip155:59144",
        aliases: &["linea mainnet"],
    },
    KnownNetwork {
        name: "scroll",
        family: Family::Evm,
        caip2: "eip155:534352",
        aliases: &["scroll mainnet"],
    },
    KnownNetwork {
        name: "gnosis",
        family: Family::Evm,
        caip2: "eip155:100",
        aliases: &["xdai", "gnosis chain", "gno"],
    },
    KnownNetwork {
        name: "celo",
        family: Family::Evm,
        caip2: "eip155:42220",
        aliases: &["celo mainnet"],
    },
    KnownNetwork {
        name: "mantle",
        family: Family::Evm,
        caip2: "eip155:5000",
        aliases: &["mnt", "mantle mainnet"],
    },
    KnownNetwork {
        name: "opbnb",
        family: Family::Evm,
        caip2: "eip155:204",
        aliases: &["op bnb", "opbnb mainnet"],
    },
    KnownNetwork {
        name: "cronos",
        family: Family::Evm,
        caip2: "eip155:25",
        aliases: &["cro", "cronos evm", "crc20"],
    },
    KnownNetwork {
        name: "ethereum-classic",
        family: Family::Evm,
        caip2: "eip155:61",
        aliases: &["etc", "ethereumclassic", "classic"],
    },
    KnownNetwork {
        name: "sonic",
        family: Family::Evm,
        caip2: "eip155:146",
        aliases: &["sonic mainnet", "sonic labs"],
    },
    KnownNetwork {
        name: "bitcoin",
        family: Family::Bitcoin,
        caip2: "bip122:000000000019d6689c085ae165831e93",
        aliases: &[
            "btc",
            "bitcoin mainnet",
            "xbt",
            "segwit",
            "bitcoin network",
            "btc segwit",
        ],
    },
    KnownNetwork {
        name: "litecoin",
        family: Family::Bitcoin,
        caip2: "bip122:12a765e31ffd4059bada1e25190f6e98",
        aliases: &["ltc", "litecoin mainnet"],
    },
    KnownNetwork {
        name: "dogecoin",
        family: Family::Bitcoin,
        caip2: "bip122:1a91e3dace36e2be3bf030a65679fe82",
        aliases: &["doge"],
    },
    KnownNetwork {
        name: "bitcoin-cash",
        family: Family::Bitcoin,
        caip2: "bip122:000000000000000000651ef99cb9fcbe",
        aliases: &["bch", "bitcoin cash", "bcash"],
    },
    KnownNetwork {
        name: "bitcoin-sv",
        family: Family::Bitcoin,
        caip2: "bip122:000000000000000001d956714215d96f",
        aliases: &["bsv", "bitcoin sv", "bchsv"],
    },
    KnownNetwork {
        name: "dash",
        family: Family::Bitcoin,
        caip2: "bip122:00000ffd590b1485b3caadc19b22e637",
        aliases: &["dash network"],
    },
    KnownNetwork {
        name: "xrpl",
        family: Family::Xrpl,
        caip2: "xrpl:0",
        aliases: &["xrp", "ripple", "xrp ledger"],
    },
    KnownNetwork {
        name: "stellar",
        family: Family::Stellar,
        caip2: "stellar:pubnet",
        aliases: &["xlm", "stellar lumens", "lumens", "stellar network"],
    },
    KnownNetwork {
        name: "cosmos",
        family: Family::Cosmos,
        caip2: "cosmos:cosmoshub-4",
        aliases: &["atom", "cosmos hub", "cosmoshub", "cosmos network"],
    },
    KnownNetwork {
        name: "osmosis",
        family: Family::Cosmos,
        caip2: "cosmos:osmosis-1",
        aliases: &["osmo"],
    },
    KnownNetwork {
        name: "kava",
        family: Family::Cosmos,
        caip2: "cosmos:kava_2222-10",
        aliases: &[],
    },
    KnownNetwork {
        name: "celestia",
        family: Family::Cosmos,
        caip2: "cosmos:celestia",
        aliases: &["tia"],
    },
    KnownNetwork {
        name: "injective",
        family: Family::Cosmos,
        caip2: "cosmos:injective-1",
        aliases: &["inj"],
    },
    KnownNetwork {
        name: "sei",
        family: Family::Cosmos,
        caip2: "cosmos:pacific-1",
        aliases: &["sei network"],
    },
    KnownNetwork {
        name: "dydx",
        family: Family::Cosmos,
        caip2: "cosmos:dydx-mainnet-1",
        aliases: &["dydx chain"],
    },
    KnownNetwork {
        name: "ton",
        family: Family::Ton,
        caip2: "tvm:-239",
        aliases: &[
            "toncoin",
            "the open network",
            "ton network",
            "telegram open network",
        ],
    },
    KnownNetwork {
        name: "tron",
        family: Family::Tron,
        caip2: "tron:0x2b6653dc",
        aliases: &[
            "trx",
            "trc20",
            "trc-20",
            "tron (trc20)",
            "tron network",
            "trc 20",
        ],
    },
    KnownNetwork {
        name: "solana",
        family: Family::Solana,
        caip2: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp",
        aliases: &["sol", "spl", "solana mainnet", "solana network"],
    },
];

/// The network that a text names by short name, CAIP-2 id or alias; case, spaces, `-`, `_` and brackets do not count.
#[must_use]
pub fn network_by_name(text: &str) -> Option<&'static KnownNetwork> {
    let wanted = fold(text);
    if wanted.is_empty() {
        return None;
    }
    KNOWN_NETWORKS.iter().find(|network| {
        fold(network.name) == wanted
            || fold(network.caip2) == wanted
            || network.aliases.iter().any(|alias| fold(alias) == wanted)
    })
}

/// The known network with this id; `None` for one that only a configuration names.
#[must_use]
pub fn known(network: &NetworkId) -> Option<&'static KnownNetwork> {
    KNOWN_NETWORKS
        .iter()
        .find(|known| known.name == network.as_str())
}

/// First blocks of the private chains on which a network's own software runs alone (`-regtest`), by network and CAIP-2 id.
///
/// Source: `chainparams.cpp` of Bitcoin Core (<https://github.com/bitcoin/bitcoin>), Litecoin Core
/// (<https://github.com/litecoin-project/litecoin>) and Bitcoin SV (<https://github.com/bitcoin-sv/bitcoin-sv>).
const REHEARSALS: &[(&str, &str)] = &[
    ("bitcoin", "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"),
    ("bitcoin-sv", "bip122:0f9188f13cb7b2c71f2a335e3a4fc328"),
    ("litecoin", "bip122:530827f38f93b43ed12af0b3ad25a288"),
];

/// Whether an id is that of the private chain on which a network is rehearsed: what is worth nothing there has the same addresses,
/// scripts and rules. A source that follows the real network is refused under it, and the other way round.
#[must_use]
pub fn is_rehearsal(network: &NetworkId, caip2: &str) -> bool {
    REHEARSALS.contains(&(network.as_str(), caip2))
}

/// Folds a name for comparison: lower case, letters and digits of any script only.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars()
        .flat_map(char::to_lowercase)
        .filter(|character| character.is_alphanumeric())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn a_rehearsal_is_not_the_network_and_no_other_networks() {
        let bitcoin = NetworkId::new("bitcoin");
        let private = "bip122:0f9188f13cb7b2c71f2a335e3a4fc328";
        assert!(is_rehearsal(&bitcoin, private));
        assert!(!is_rehearsal(&NetworkId::new("litecoin"), private));
        assert!(!is_rehearsal(&NetworkId::new("ethereum"), private));
        for network in KNOWN_NETWORKS {
            assert!(!is_rehearsal(&NetworkId::new(network.name), network.caip2));
        }
    }

    #[test]
    fn no_name_means_two_networks() {
        let mut owners: HashMap<String, &str> = HashMap::new();
        for network in KNOWN_NETWORKS {
            for name in [network.name, network.caip2].iter().chain(network.aliases) {
                let owner = owners.entry(fold(name)).or_insert(network.name);
                assert_eq!(*owner, network.name, "'{name}' is claimed twice");
            }
        }
    }

    #[test]
    fn users_names_are_understood() {
        let cases = [
            ("BEP20", "bsc"),
            ("BEB20", "bsc"),
            ("ERC-20", "ethereum"),
            ("Ethereum (ERC20)", "ethereum"),
            ("AVAX C-Chain", "avalanche"),
            ("TRC20", "tron"),
            ("The Open Network", "ton"),
            ("XLM", "stellar"),
            ("ATOM", "cosmos"),
            ("eip155:10", "optimism"),
            (" Arbitrum One ", "arbitrum"),
            ("ETC", "ethereum-classic"),
            ("op BNB", "opbnb"),
            ("POL", "polygon"),
        ];
        for (text, name) in cases {
            assert_eq!(
                network_by_name(text).map(|network| network.name),
                Some(name),
                "{text}"
            );
        }
        for text in ["", "  ", "mars", "-"] {
            assert_eq!(network_by_name(text), None, "{text}");
        }
    }
}
