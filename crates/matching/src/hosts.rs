//! Explorers and what their links say: which network, and which part of the path is an id.

mod network_names;

use crate::lexicon::Fnv;
use crate::rule::Rule;
use crate::text::{self, Folded};
use recover_core::names;
use recover_core::network::NetworkId;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::LazyLock;

/// Hosts of explorers that show one network.
const HOSTS: &[(&str, &str)] = &[
    ("etherscan.io", "ethereum"),
    ("eth.blockscout.com", "ethereum"),
    ("ethplorer.io", "ethereum"),
    ("beaconcha.in", "ethereum"),
    ("bscscan.com", "bsc"),
    ("bsctrace.com", "bsc"),
    ("polygonscan.com", "polygon"),
    ("polygon.blockscout.com", "polygon"),
    ("arbiscan.io", "arbitrum"),
    ("arbitrum.blockscout.com", "arbitrum"),
    ("optimistic.etherscan.io", "optimism"),
    ("optimism.blockscout.com", "optimism"),
    ("explorer.optimism.io", "optimism"),
    ("basescan.org", "base"),
    ("base.blockscout.com", "base"),
    ("snowtrace.io", "avalanche"),
    ("snowscan.xyz", "avalanche"),
    ("avascan.info", "avalanche"),
    ("lineascan.build", "linea"),
    ("scrollscan.com", "scroll"),
    ("gnosisscan.io", "gnosis"),
    ("gnosis.blockscout.com", "gnosis"),
    ("celoscan.io", "celo"),
    ("explorer.celo.org", "celo"),
    ("mantlescan.xyz", "mantle"),
    ("explorer.mantle.xyz", "mantle"),
    ("opbnbscan.com", "opbnb"),
    ("opbnb.bscscan.com", "opbnb"),
    ("cronoscan.com", "cronos"),
    ("explorer.cronos.org", "cronos"),
    ("etc.blockscout.com", "ethereum-classic"),
    ("sonicscan.org", "sonic"),
    ("mempool.space", "bitcoin"),
    ("blockstream.info", "bitcoin"),
    ("btcscan.org", "bitcoin"),
    ("litecoinspace.org", "litecoin"),
    ("dogechain.info", "dogecoin"),
    ("explorer.melroy.org", "bitcoin-cash"),
    ("whatsonchain.com", "bitcoin-sv"),
    ("xrpscan.com", "xrpl"),
    ("livenet.xrpl.org", "xrpl"),
    ("bithomp.com", "xrpl"),
    ("stellar.expert", "stellar"),
    ("stellarchain.io", "stellar"),
    ("tonscan.org", "ton"),
    ("tonviewer.com", "ton"),
    ("tronscan.org", "tron"),
    ("tronscan.io", "tron"),
    ("solscan.io", "solana"),
    ("explorer.solana.com", "solana"),
    ("solana.fm", "solana"),
    ("celenium.io", "celestia"),
    ("atomscan.com", "cosmos"),
    ("explorer.linea.build", "linea"),
    ("scroll.blockscout.com", "scroll"),
    ("celo.blockscout.com", "celo"),
    ("mainnet.opbnbscan.com", "opbnb"),
    ("explorer.soniclabs.com", "sonic"),
    ("xrplorer.com", "xrpl"),
    ("xrpl.org", "xrpl"),
    ("lumenscan.io", "stellar"),
    ("steexp.com", "stellar"),
    ("celatone.osmosis.zone", "osmosis"),
    ("celestia.explorers.guru", "celestia"),
    ("explorer.injective.network", "injective"),
    ("injscan.com", "injective"),
    ("seitrace.com", "sei"),
    ("seiscan.app", "sei"),
    ("explorer.toncoin.org", "ton"),
    ("ton.cx", "ton"),
    ("tonapi.io", "ton"),
    ("toncenter.com", "ton"),
    ("dton.io", "ton"),
    ("tonwhales.com", "ton"),
    ("trongrid.io", "tron"),
    ("solanabeach.io", "solana"),
    ("solana.com", "solana"),
    ("orbmarkets.io", "solana"),
    ("explorer.avax.network", "avalanche"),
    ("subnets.avax.network", "avalanche"),
    ("btc.com", "bitcoin"),
    ("insight.dash.org", "dash"),
    ("etherchain.org", "ethereum"),
];

/// Explorers that show many networks and name the network in the path or in front of the host.
const MANY: &[&str] = &[
    "mintscan.io",
    "blockchair.com",
    "blockscout.com",
    "okx.com",
    "oklink.com",
    "tokenview.io",
    "blockcypher.com",
    "blockexplorer.one",
    "bitquery.io",
    "3xpl.com",
    "ping.pub",
    "atomscan.com",
    "blockchain.com",
    "routescan.io",
    "nansen.ai",
    "debank.com",
    "arkm.com",
    "blockchain.info",
    "chainz.cryptoid.info",
    "dexscreener.com",
    "explorers.guru",
    "trustwallet.com",
    "tatum.io",
    "quicknode.com",
];

/// What stands in front of an explorer's host, or in a link's path or query, when it shows a test network.
const TEST_NETWORKS: &[&str] = &[
    "testnet", "test", "sepolia", "goerli", "holesky", "hoodi", "rinkeby", "ropsten", "kovan",
    "devnet", "nile", "shasta", "amoy", "mumbai", "fuji", "chapel", "signet", "altnet", "tbtc",
];

/// How a network's name is known.
#[derive(Debug, Clone)]
struct Named {
    network: NetworkId,
    rule: Rule,
    strength: Strength,
}

/// How surely a name means the network and not its coin or something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strength {
    /// The ticker or name of a coin too, or an everyday word.
    Weak,
    /// A network's own name.
    Name,
    /// A token standard, or several words.
    Strong,
}

/// A network found in a text.
#[derive(Debug, Clone)]
pub(crate) struct NamedNetwork {
    pub(crate) network: NetworkId,
    pub(crate) rule: Rule,
    pub(crate) strength: Strength,
}

type Names = HashMap<Box<str>, Named, BuildHasherDefault<Fnv>>;

/// Names of networks and hosts of explorers. Core's names and the major explorers are built in; a configuration adds its own.
#[derive(Debug, Clone, Default)]
pub struct Vocabulary {
    hosts: HashMap<String, NetworkId>,
    names: Names,
    /// The first words of names of several words, folded: what begins with no other needs no further look.
    beginnings: HashSet<Box<str>, BuildHasherDefault<Fnv>>,
}

/// What is built in, made once.
static BUILT_IN: LazyLock<Vocabulary> = LazyLock::new(|| {
    let hosts = HOSTS
        .iter()
        .map(|(host, network)| ((*host).to_owned(), NetworkId::new(network)))
        .collect();
    let mut words = Vocabulary {
        hosts,
        ..Vocabulary::default()
    };
    for known in names::KNOWN_NETWORKS {
        let network = NetworkId::new(known.name);
        for name in [known.name, known.caip2].iter().chain(known.aliases) {
            words.insert(name, &network, Rule::Name);
        }
    }
    let more = network_names::MORE_NAMES.iter();
    let more = more.map(|row| (row, Rule::Name));
    let wallets = network_names::WALLETS.iter();
    for ((name, aliases), rule) in more.chain(wallets.map(|row| (row, Rule::WalletApp))) {
        let network = NetworkId::new(name);
        for alias in *aliases {
            words.insert(alias, &network, rule);
        }
    }
    words
});

impl Vocabulary {
    fn insert(&mut self, name: &str, network: &NetworkId, rule: Rule) {
        let folded = names::fold(name).into_boxed_str();
        let is_standard = network_names::is_standard(&folded);
        let first = name.split([' ', '-']).next().unwrap_or_default();
        let has_several = first.len() < name.len();
        if has_several {
            self.beginnings.insert(names::fold(first).into_boxed_str());
        }
        let strength = if network_names::is_weak(&folded) {
            Strength::Weak
        } else if is_standard || has_several {
            Strength::Strong
        } else {
            Strength::Name
        };
        let named = Named {
            network: network.clone(),
            rule: if is_standard { Rule::Standard } else { rule },
            strength,
        };
        self.names.entry(folded).or_insert(named);
    }

    /// Adds an explorer's host; an earlier entry for it is replaced.
    pub fn add_host(&mut self, host: &str, network: &NetworkId) {
        self.hosts.insert(plain_host(host), network.clone());
    }

    /// Adds a name for a network; it goes before core's names.
    pub fn add_name(&mut self, name: &str, network: &NetworkId) {
        self.names.remove(names::fold(name).as_str());
        self.insert(name, network, Rule::Name);
    }

    /// The network that a text names, all of it.
    #[must_use]
    pub fn network(&self, text: &str) -> Option<NetworkId> {
        Some(self.named(text)?.network)
    }

    /// The network that a text names, all of it, with how it is known.
    pub(crate) fn named(&self, text: &str) -> Option<NamedNetwork> {
        let folded = Folded::new(text)?;
        let named = self
            .names
            .get(folded.as_str())
            .or_else(|| BUILT_IN.names.get(folded.as_str()))?;
        Some(NamedNetwork {
            network: named.network.clone(),
            rule: named.rule,
            strength: named.strength,
        })
    }

    /// The networks that a text names somewhere, in its order, each once: the longest names first taken, up to four words.
    pub(crate) fn named_inside(&self, text: &str) -> Vec<NamedNetwork> {
        let is_part = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '₮';
        let words: Vec<&str> = text
            .split(|letter: char| !is_part(letter))
            .filter(|word| !word.is_empty())
            .take(200)
            .collect();
        let mut found: Vec<NamedNetwork> = Vec::new();
        let mut start = 0;
        while start < words.len() {
            let most = if words.get(start).is_some_and(|word| self.may_begin(word)) {
                4
            } else {
                1
            };
            let longest = (1..=most).rev().find_map(|count| {
                let words = words.get(start..start + count)?;
                let named = match words {
                    [word] => self.named_word(word)?,
                    words => self.named(&words.concat())?,
                };
                Some((named, count))
            });
            let Some((mut named, count)) = longest else {
                start += 1;
                continue;
            };
            start += count;
            if named.rule == Rule::Name {
                named.rule = Rule::NamePart;
            }
            if !found.iter().any(|known| known.network == named.network) {
                found.push(named);
            }
        }
        found
    }

    /// Whether a name of several words begins so.
    fn may_begin(&self, word: &str) -> bool {
        Folded::new(word).is_some_and(|folded| {
            self.beginnings.contains(folded.as_str())
                || BUILT_IN.beginnings.contains(folded.as_str())
        })
    }

    /// A single word, also in letters that look like Latin ones, or with a hyphen between two names.
    fn named_word(&self, word: &str) -> Option<NamedNetwork> {
        self.named(word)
            .or_else(|| {
                let latin = text::latin(word).or_else(|| text::all_latin(word))?;
                let named = self.named(&latin)?;
                Some(NamedNetwork {
                    rule: Rule::LookAlike,
                    ..named
                })
            })
            .or_else(|| word.split('-').find_map(|part| self.named(part)))
            .or_else(|| self.inside_run(word))
    }

    /// A name in a run of letters of a script without blanks: `波场链`, `币安智能链网络`.
    fn inside_run(&self, word: &str) -> Option<NamedNetwork> {
        const LETTERS_MAX: usize = 8;
        if word.is_ascii() || !word.contains(text::is_unspaced) || word.len() > 96 {
            return None;
        }
        let places: Vec<usize> = word
            .char_indices()
            .map(|(place, _)| place)
            .chain([word.len()])
            .collect();
        (1..places.len().min(LETTERS_MAX + 1))
            .rev()
            .find_map(|length| {
                places.windows(length + 1).find_map(|window| {
                    let piece = word.get(*window.first()?..*window.last()?)?;
                    self.named(piece)
                })
            })
    }

    /// The network whose name is one letter away from a text of six letters or more; `None` when two are.
    pub(crate) fn misspelt(&self, text: &str) -> Option<NamedNetwork> {
        let folded = Folded::new(text)?;
        let folded = folded.as_str();
        if folded.len() < 5 || folded.len() > 24 {
            return None;
        }
        let mut near: Option<&Named> = None;
        for (name, named) in self.names.iter().chain(&BUILT_IN.names) {
            let is_near = name.len() >= 5
                && !network_names::is_standard(name)
                && named.rule == Rule::Name
                && text::edits(name, folded, 1).is_some();
            if is_near {
                match near {
                    Some(known) if known.network != named.network => return None,
                    _ => near = Some(named),
                }
            }
        }
        near.map(|named| NamedNetwork {
            network: named.network.clone(),
            rule: Rule::Misspelt,
            strength: named.strength,
        })
    }

    /// The network that a link shows, by its host, else by a name in its path or in front of its host.
    pub(crate) fn network_of_link(&self, host: &str, path: &[&str]) -> Option<NetworkId> {
        let host = plain_host(host);
        // A host that is named itself is what its owner says; its paths may still lead to a test network.
        let named = self.host(&host);
        let shown = if named.is_some() { "" } else { host.as_str() };
        if is_test_network(shown, path) {
            return None;
        }
        let (label, rest) = host.split_once('.')?;
        if MANY.contains(&host.as_str()) || MANY.contains(&rest) {
            let in_path = path
                .iter()
                .filter(|part| part.len() <= 30)
                .find_map(|part| self.network(part))
                .or_else(|| self.network(label));
            if in_path.is_some() {
                return in_path;
            }
        }
        named.or_else(|| self.host(rest)).cloned()
    }

    fn host(&self, host: &str) -> Option<&NetworkId> {
        self.hosts.get(host).or_else(|| BUILT_IN.hosts.get(host))
    }

    /// Whether a word without `https://` is a link: its host is an explorer's.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let host = plain_host(host);
        let is_known = |host: &str| self.host(host).is_some() || MANY.contains(&host);
        is_known(&host) || host.split_once('.').is_some_and(|(_, rest)| is_known(rest))
    }
}

/// Whether a link shows a test network.
pub(crate) fn is_test_network(host: &str, path: &[&str]) -> bool {
    host.split(['.', '-'])
        .chain(path.iter().copied())
        .any(|part| part.len() <= 8 && TEST_NETWORKS.contains(&part.to_ascii_lowercase().as_str()))
}

fn plain_host(host: &str) -> String {
    let lower = host.trim().to_lowercase();
    let lower = lower.split(':').next().unwrap_or_default();
    let lower = lower.rsplit('@').next().unwrap_or_default();
    let bare = ["www.", "m.", "mobile."]
        .iter()
        .find_map(|start| lower.strip_prefix(start));
    bare.unwrap_or(lower).trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_every_built_in_host_shows_a_known_network() {
        for (host, network) in HOSTS {
            assert!(names::known(&NetworkId::new(network)).is_some(), "{host}");
        }
        let mut hosts: Vec<&str> = HOSTS.iter().map(|(host, _)| *host).collect();
        hosts.sort_unstable();
        assert!(hosts.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn own_links_name_their_network() {
        let words = Vocabulary::default();
        let cases: [(&str, &[&str], Option<&str>); 8] = [
            ("etherscan.io", &["tx", "0x"], Some("ethereum")),
            ("WWW.BscScan.com", &["tx"], Some("bsc")),
            ("www.mintscan.io", &["cosmos", "txs"], Some("cosmos")),
            (
                "blockchair.com",
                &["bitcoin-cash", "transaction"],
                Some("bitcoin-cash"),
            ),
            ("zora.blockscout.com", &["tx"], None),
            ("gnosis.blockscout.com", &["tx"], Some("gnosis")),
            ("m.tronscan.org", &["#", "transaction"], Some("tron")),
            ("evil.example", &["ethereum", "tx"], None),
        ];
        for (host, path, expected) in cases {
            let network = words.network_of_link(host, path);
            assert_eq!(network.as_ref().map(NetworkId::as_str), expected, "{host}");
        }
        let mut own = Vocabulary::default();
        own.add_host("scan.devnet.example", &NetworkId::new("devnet"));
        own.add_name("our chain", &NetworkId::new("devnet"));
        assert_eq!(
            own.network_of_link("scan.devnet.example", &[]),
            Some(NetworkId::new("devnet"))
        );
        assert_eq!(own.network("Our-Chain"), Some(NetworkId::new("devnet")));
        assert_eq!(own.network("BEP20"), Some(NetworkId::new("bsc")));
    }
}
