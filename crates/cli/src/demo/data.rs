//! The demo's data, embedded in the program.

use crate::wiring::{Evm, source_config};
use anyhow::Context as _;
use flate2::read::GzDecoder;
use recover_chain_evm::decode::Decoder;
use recover_chain_evm::replay::{Recording, ReplayTransport};
use recover_chain_evm::wire::Receipt;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::Observation;
use recover_core::verdict::{Control, ControlEvidence, Verdict};
use recover_engine::config::NetworkConfig;
use recover_engine::family::Adapter;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
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

/// The EVM adapter over recordings instead of nodes: the same code reads both.
pub struct Recorded(pub Chains);

impl Recorded {
    fn bytes(&self, network: &str) -> Option<&'static [u8]> {
        match (self.0, network) {
            (Chains::Ours, "ethereum") => Some(ETHEREUM),
            (Chains::Ours, "bsc") => Some(BSC),
            (Chains::Mainnet, "ethereum") => Some(MAINNET),
            _ => None,
        }
    }
}

impl Detect for Recorded {
    fn family(&self) -> Family {
        Evm.family()
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        Evm.address(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        Evm.tx_id(text)
    }

    fn on_network(&self, payload: &Payload, network: &NetworkId) -> Option<Address> {
        Evm.on_network(payload, network)
    }
}

impl Control for Recorded {
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        evidence: &ControlEvidence,
    ) -> Verdict {
        Evm.prove(address, control, evidence)
    }

    fn maker(&self, control: &ControlRecord) -> Option<Address> {
        Evm.maker(control)
    }
}

impl Adapter for Recorded {
    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        let unreadable = |detail: String| SourceError::NotProtocol {
            origin: format!("recording {}", network.id),
            detail,
        };
        let source = network
            .sources
            .first()
            .ok_or_else(|| unreadable("no source".to_owned()))?;
        let bytes = self
            .bytes(network.id.as_str())
            .ok_or_else(|| unreadable("not recorded".to_owned()))?;
        let recording = Recording::read(BufReader::new(GzDecoder::new(bytes)))
            .map_err(|error| unreadable(error.to_string()))?;
        let transport = ReplayTransport::new(recording, network.id.as_str());
        Ok(recover_chain_evm::open_with(
            source_config(network, source)?,
            Arc::new(transport),
        ))
    }
}
