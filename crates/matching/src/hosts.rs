//! Explorers and what their links say: which network, and which part of the path is an id.

use recover_core::names;
use recover_core::network::NetworkId;
use std::collections::HashMap;

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
    ("blockchain.com", "bitcoin"),
    ("btcscan.org", "bitcoin"),
    ("litecoinspace.org", "litecoin"),
    ("dogechain.info", "dogecoin"),
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
];

/// Names of networks and hosts of explorers. Core's names and the major explorers are built in; a configuration adds its own.
#[derive(Debug, Clone)]
pub struct Vocabulary {
    hosts: HashMap<String, NetworkId>,
    names: HashMap<String, NetworkId>,
}

impl Default for Vocabulary {
    fn default() -> Self {
        let hosts = HOSTS
            .iter()
            .map(|(host, network)| ((*host).to_owned(), NetworkId::new(network)))
            .collect();
        Self {
            hosts,
            names: HashMap::new(),
        }
    }
}

impl Vocabulary {
    /// Adds an explorer's host; an earlier entry for it is replaced.
    pub fn add_host(&mut self, host: &str, network: &NetworkId) {
        self.hosts.insert(plain_host(host), network.clone());
    }

    /// Adds a name for a network; it goes before core's names.
    pub fn add_name(&mut self, name: &str, network: &NetworkId) {
        self.names.insert(names::fold(name), network.clone());
    }

    /// The network that a text names.
    #[must_use]
    pub fn network(&self, text: &str) -> Option<NetworkId> {
        let folded = names::fold(text);
        self.names
            .get(&folded)
            .cloned()
            .or_else(|| names::network_by_name(text).map(|known| NetworkId::new(known.name)))
    }

    /// The network that a link shows, by its host, else by a name in its path or in front of its host.
    pub(crate) fn network_of_link(&self, host: &str, path: &[&str]) -> Option<NetworkId> {
        let host = plain_host(host);
        if let Some(network) = self.hosts.get(&host) {
            return Some(network.clone());
        }
        let (label, rest) = host.split_once('.')?;
        if let Some(network) = self.hosts.get(rest) {
            return Some(network.clone());
        }
        if !MANY.contains(&host.as_str()) && !MANY.contains(&rest) {
            return None;
        }
        path.iter()
            .filter(|part| part.len() <= 30)
            .find_map(|part| self.network(part))
            .or_else(|| self.network(label))
    }

    /// Whether a word without `https://` is a link: its host is an explorer's.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        let host = plain_host(host);
        self.hosts.contains_key(&host)
            || MANY.contains(&host.as_str())
            || host
                .split_once('.')
                .is_some_and(|(_, rest)| self.hosts.contains_key(rest) || MANY.contains(&rest))
    }
}

fn plain_host(host: &str) -> String {
    let lower = host.trim().to_lowercase();
    let lower = lower.split(':').next().unwrap_or_default();
    lower.strip_prefix("www.").unwrap_or(lower).to_owned()
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
