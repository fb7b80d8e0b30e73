//! What the tests of sources share: settings, a watch set, scripts.

use recover_chain_bitcoin::script::Script;
use recover_core::address::Payload;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::book::WatchSet;
use recover_core::network::NetworkId;
use recover_source::chain::{Part, ScanRequest};
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_testkit::coin_node::{CoinNode, Daemon};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// The payloads that are ours.
#[derive(Default)]
pub struct Ours(BTreeSet<Payload>);

impl WatchSet for Ours {
    fn contains(&self, payload: &Payload) -> bool {
        self.0.contains(payload)
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// One script of each kind, of hashes that nothing else has.
pub const SCRIPTS: [Script; 5] = [
    Script::PubkeyHash([0x51; 20]),
    Script::ScriptHash([0x52; 20]),
    Script::WitnessPubkeyHash([0x53; 20]),
    Script::WitnessScriptHash([0x54; 32]),
    Script::Taproot([0x55; 32]),
];

pub fn request(scripts: &[Script], from: u64, to: u64) -> ScanRequest {
    ScanRequest {
        range: HeightRange::new(Height(from), Height(to)).unwrap(),
        parts: Part::ALL.iter().copied().collect(),
        watch: Arc::new(Ours(
            scripts
                .iter()
                .map(|script| Payload::from(*script))
                .collect(),
        )),
        trusted_contracts: Arc::new(BTreeSet::new()),
    }
}

/// An id that no transaction has.
pub fn nothing() -> TxId {
    TxId::new(&"11".repeat(32))
}

pub fn quick() -> RetryPolicy {
    RetryPolicy {
        tries_max: 3,
        delay_min: Duration::from_millis(5),
        delay_max: Duration::from_millis(10),
    }
}

/// A source of this kind on a test chain, final with five blocks on top.
pub fn settings(network: &str, chain: &str, kind: &str, url: &str) -> SourceSettings {
    let chain = chain.trim_start_matches("bip122:");
    let mut settings = SourceSettings::new(NetworkId::new(network), chain, kind, url);
    settings.retry = quick();
    settings.proves_absence = true;
    settings.confirmations = 5;
    settings
}

pub fn network_of(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Bitcoin => "bitcoin",
        Daemon::Litecoin => "litecoin",
        Daemon::BitcoinSv => "bitcoin-sv",
    }
}

pub fn settings_of(node: &CoinNode) -> SourceSettings {
    settings(
        network_of(node.daemon()),
        &node.caip2(),
        "bitcoin_rpc",
        &node.rpc_url_with_credentials(),
    )
}

/// What the program does first.
pub fn provide_tls() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
