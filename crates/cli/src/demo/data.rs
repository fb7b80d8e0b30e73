//! The demo's data, embedded in the program.

use crate::wiring::source_config;
use anyhow::Context as _;
use flate2::read::GzDecoder;
use recover_chain_evm::decode::Decoder;
use recover_chain_evm::replay::{Recording, ReplayTransport};
use recover_chain_evm::wire::Receipt;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_engine::config::ChainsConfig;
use recover_source::chain::ChainRead;
use std::collections::BTreeMap;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

/// The moment at which the demo plays: its prices are of five minutes before.
pub const NOW: &str = "2025-06-01T01:00:00Z";

/// Files that the exchange would write or export, by name.
pub const FILES: &[(&str, &str)] = &[
    (
        "chains.toml",
        include_str!("../../../../fixtures/demo/chains.toml"),
    ),
    (
        "policy.toml",
        include_str!("../../../../fixtures/demo/policy.toml"),
    ),
    (
        "addresses.csv",
        include_str!("../../../../fixtures/demo/addresses.csv"),
    ),
    (
        "ledger.csv",
        include_str!("../../../../fixtures/demo/ledger.csv"),
    ),
    (
        "prices.csv",
        include_str!("../../../../fixtures/demo/prices.csv"),
    ),
    (
        "appeals.csv",
        include_str!("../../../../fixtures/demo/appeals.csv"),
    ),
];

const ETHEREUM: &[u8] = include_bytes!("../../../../fixtures/demo/ethereum.jsonl.gz");
const BSC: &[u8] = include_bytes!("../../../../fixtures/demo/bsc.jsonl.gz");
const MAINNET: &[u8] = include_bytes!("../../../../fixtures/demo/mainnet.jsonl.gz");

/// The payment of the mainnet recording.
pub const MAINNET_PAYMENT: &str =
    "0x45102190bcfd53cc6a15761c9d2da43a628d0ca713bfad5a1e311b531c294b77";

/// Recorded mainnet receipts: what each is, and the answer as it was recorded.
pub const MAINNET_RECEIPTS: &[(&str, &str)] = &[
    (
        "an ERC-721 token",
        include_str!("../../../../fixtures/demo/mainnet/gem_transfer_nft_eip721_receipt.json"),
    ),
    (
        "an ERC-1155 token",
        include_str!("../../../../fixtures/demo/mainnet/gem_transfer_nft_eip1155_receipt.json"),
    ),
    (
        "a swap by a router",
        include_str!("../../../../fixtures/demo/mainnet/gem_trace_replay_tx_receipt.json"),
    ),
];

/// Everything that the logs of a recorded receipt move, read by the adapter's own decoder.
pub fn movements(answer: &str) -> anyhow::Result<Vec<Observation>> {
    #[derive(serde::Deserialize)]
    struct Answer {
        result: Receipt,
    }
    let receipt = serde_json::from_str::<Answer>(answer)?.result;
    Ok(Decoder::new(NetworkId::new("ethereum"), 1).logs(&receipt.logs, None))
}

/// Writes the files into a folder.
pub fn write(folder: &Path) -> anyhow::Result<()> {
    for (name, text) in FILES {
        let path = folder.join(name);
        std::fs::write(&path, text)
            .with_context(|| format!("{} cannot be written", path.display()))?;
    }
    Ok(())
}

/// Which recording stands for the networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chains {
    /// Our own recording of two anvils.
    Ours,
    /// One recorded transaction of mainnet.
    Mainnet,
}

impl Chains {
    const fn recordings(self) -> &'static [(&'static str, &'static [u8])] {
        match self {
            Self::Ours => &[("ethereum", ETHEREUM), ("bsc", BSC)],
            Self::Mainnet => &[("ethereum", MAINNET)],
        }
    }

    /// The recorded networks of a configuration as sources: the adapter is the one that reads real nodes.
    pub fn sources(
        self,
        chains: &ChainsConfig,
    ) -> anyhow::Result<BTreeMap<NetworkId, Arc<dyn ChainRead>>> {
        let mut sources = BTreeMap::new();
        for (name, bytes) in self.recordings() {
            let id = NetworkId::new(name);
            let network = chains
                .network(&id)
                .context("a recorded network has no table")?;
            let source = network.sources.first().context("its table has no source")?;
            let recording = Recording::read(BufReader::new(GzDecoder::new(*bytes)))?;
            let transport = ReplayTransport::new(recording, name);
            sources.insert(
                id,
                recover_chain_evm::open_with(source_config(network, source)?, Arc::new(transport)),
            );
        }
        Ok(sources)
    }
}
