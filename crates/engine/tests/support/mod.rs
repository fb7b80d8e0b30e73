//! A chain that a test scripts: blocks with credits, reorganisations, heights that cannot be read, a silent finality rule.

use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code, Control, ControlEvidence, How, Missing, Verdict};
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, NetworkConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::family::{Adapter, Adapters};
use recover_engine::import::ColumnMap;
use recover_engine::intake::IntakeFile;
use recover_source::chain::{
    Capabilities, ChainRead, Head, Header, HistoryUpdate, Lookup, NetworkCost, Part, ScanRequest,
    ScanUpdate, TokenClaims, TransactionView,
};
use recover_source::error::SourceError;
use recover_store::Store;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::common::{Evm, ShapeCodec};

/// The one network that has a source.
pub const NETWORK: &str = "ethereum";

/// When the tests happen: some hours after the last block.
pub const NOW: &str = "2026-03-01T12:00:00Z";

/// The first block's time; each block comes a second later.
const START: &str = "2026-03-01T00:00:00Z";

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// An address of digits and so without a checksum that could fail.
pub fn address(number: u64) -> Address {
    Evm.address(&format!("0x{number:040}")).expect("an address")
}

pub fn native() -> AssetId {
    AssetId::native(NetworkId::new(NETWORK))
}

pub fn tx(number: u64) -> TxId {
    TxId::new(&format!("0x{number:064}"))
}

/// A payment of the native coin from a stranger, in no block yet.
pub fn payment(number: u64, position: Position, to: u64, amount: u128) -> Observation {
    Observation {
        network: NetworkId::new(NETWORK),
        tx_id: tx(number),
        position,
        block: None,
        from: Some(address(999)),
        to: address(to),
        asset: native(),
        amount: Amount::from_u128(amount),
        amount_stated: Amount::from_u128(amount),
        balance_delta: None,
        memos: Vec::new(),
        mechanism: Mechanism::TopLevel,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

type Change = Box<dyn FnOnce(&mut State) + Send>;

fn place(height: u64) -> usize {
    usize::try_from(height).expect("a test's heights are small")
}

#[derive(Clone)]
struct Block {
    hash: BlockHash,
    credits: Vec<Observation>,
}

#[derive(Default)]
pub struct State {
    blocks: Vec<Block>,
    /// The newest final height; `None` while the source cannot say.
    pub finalized: Option<u64>,
    /// What the network's work costs; `None` while the source cannot say.
    pub cost: Option<NetworkCost>,
    /// Heights whose pieces fail.
    pub unreadable: BTreeSet<u64>,
    /// What happens to the chain once a piece was read.
    after_piece: Option<Change>,
}

impl State {
    /// Blocks of a branch on top, until the chain has this height.
    pub fn grow(&mut self, branch: &str, to: u64) {
        while self.blocks.len() <= place(to) {
            let height = self.blocks.len();
            self.blocks.push(Block {
                hash: BlockHash::new(&format!("0x{branch}{height}")),
                credits: Vec::new(),
            });
        }
    }

    /// Puts a credit into a block.
    pub fn put(&mut self, height: u64, credit: Observation) {
        self.blocks[place(height)].credits.push(credit);
    }

    /// The same block told otherwise, as by another source.
    pub fn replace(&mut self, height: u64, credit: Observation) {
        self.blocks[place(height)].credits = vec![credit];
    }

    /// Drops the blocks from a height on and grows another branch to the height there was.
    pub fn reorganise(&mut self, from: u64, branch: &str) {
        let tip = self.tip();
        self.blocks.truncate(place(from));
        self.grow(branch, tip);
    }

    /// Once the next piece was read, the chain changes.
    pub fn after_piece(&mut self, change: impl FnOnce(&mut Self) + Send + 'static) {
        self.after_piece = Some(Box::new(change));
    }

    fn tip(&self) -> u64 {
        u64::try_from(self.blocks.len()).map_or(0, |count| count.saturating_sub(1))
    }

    fn header(&self, height: u64) -> Option<Header> {
        let at = place(height);
        let block = self.blocks.get(at)?;
        let below = at.checked_sub(1).and_then(|below| self.blocks.get(below));
        Some(Header {
            block: BlockRef {
                height: Height(height),
                hash: block.hash.clone(),
                time: time(START).plus_seconds(i64::try_from(height).ok()?)?,
            },
            parent: below.map_or_else(|| BlockHash::new("0x0"), |below| below.hash.clone()),
        })
    }

    fn credits(&self, height: u64) -> Vec<Observation> {
        let block = self.header(height).map(|header| header.block);
        let at = place(height);
        let credits = self.blocks.get(at).map_or(&[][..], |block| &block.credits);
        credits
            .iter()
            .map(|credit| Observation {
                block: block.clone(),
                ..credit.clone()
            })
            .collect()
    }
}

/// A source over a chain that the test keeps changing.
#[derive(Clone, Default)]
pub struct Chain(Arc<Mutex<State>>);

impl Chain {
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("no test panics while it holds the chain")
    }
}

fn silent(what: &str) -> SourceError {
    SourceError::Unreachable {
        origin: "node test".to_owned(),
        detail: what.to_owned(),
    }
}

#[async_trait]
impl ChainRead for Chain {
    fn network(&self) -> &NetworkId {
        unreachable!("the engine knows which network it asks")
    }

    fn name(&self) -> &str {
        "node test"
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        Ok(Capabilities {
            scan: Part::ALL.iter().copied().collect(),
            history: BTreeSet::new(),
            accounts: false,
            state_at_height: true,
            proves_absence: true,
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        let state = self.state();
        let tip = state.tip();
        Ok(Head {
            latest: state.header(tip).ok_or_else(|| silent("no block"))?,
            finalized: state.finalized.map(Height),
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        Ok(self.state().header(height.0))
    }

    async fn scan(&self, request: &ScanRequest) -> Result<ScanUpdate, SourceError> {
        let mut state = self.state();
        let heights = request.range.from().0..=request.range.to().0;
        if heights
            .clone()
            .any(|height| state.unreadable.contains(&height))
        {
            return Err(silent("scripted"));
        }
        let update = ScanUpdate {
            observations: heights
                .clone()
                .flat_map(|height| state.credits(height))
                .filter(|credit| request.watch.contains(&credit.to.payload()))
                .collect(),
            gaps: Vec::new(),
            end: state
                .header(request.range.to().0)
                .ok_or_else(|| silent("above the tip"))?,
            headers: heights.filter_map(|height| state.header(height)).collect(),
        };
        if let Some(change) = state.after_piece.take() {
            change(&mut state);
        }
        Ok(update)
    }

    async fn transaction(&self, id: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        let state = self.state();
        for height in 0..=state.tip() {
            let mut credits = state.credits(height);
            credits.retain(|credit| credit.tx_id == *id);
            if !credits.is_empty() {
                return Ok(Lookup::Found(TransactionView {
                    id: id.clone(),
                    block: state.header(height).map(|header| header.block),
                    outcome: Outcome::Success,
                    signer: None,
                    to: None,
                    to_is_contract: None,
                    credits,
                    inputs: Vec::new(),
                    unread: BTreeSet::new(),
                }));
            }
        }
        Ok(Lookup::Absent)
    }

    async fn history(&self, _: &Address, _: HeightRange) -> Result<HistoryUpdate, SourceError> {
        Err(silent("history"))
    }

    async fn account(&self, _: &Address) -> Result<AccountState, SourceError> {
        Ok(AccountState {
            code: Code::Absent,
            nonce: 0,
            at: Height(0),
        })
    }

    async fn balance(&self, _: &Address, _: &AssetId) -> Result<Amount, SourceError> {
        Err(silent("balance"))
    }

    async fn token_claims(&self, _: &str) -> Result<TokenClaims, SourceError> {
        Ok(TokenClaims::default())
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        self.state().cost.clone().ok_or_else(|| silent("cost"))
    }
}

struct TestAdapter(Chain);

impl Control for TestAdapter {
    fn prove(&self, _: &Address, _: &ControlRecord, evidence: &ControlEvidence) -> Verdict {
        match evidence.account {
            Some(_) => Verdict::Controllable(How::SameKey),
            None => Verdict::Conditional(Missing::CodeUnknown),
        }
    }

    fn maker(&self, _: &ControlRecord) -> Option<Address> {
        None
    }
}

impl Adapter for TestAdapter {
    fn detect(&self) -> &dyn Detect {
        &Evm
    }

    fn control(&self) -> &dyn Control {
        self
    }

    fn open(&self, _: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        Ok(Arc::new(self.0.clone()))
    }
}

/// A chain of this height whose blocks are final up to `finalized`.
pub fn chain(tip: u64, finalized: Option<u64>) -> Chain {
    let chain = Chain::default();
    chain.state().grow("a", tip);
    chain.state().finalized = finalized;
    chain
}

/// The shipped policy.
pub fn shipped_policy() -> Policy {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Policy::load(&root.join("policy.toml"), None).expect("it loads")
}

/// An engine on a store, over a chain, under a policy, at a time.
pub fn engine_under(store: Store, chain: &Chain, policy: Policy, now: &str) -> Engine {
    let adapters = Adapters::new(vec![Arc::new(TestAdapter(chain.clone()))]);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut chains = ChainsConfig::load(&root.join("chains.toml"), &ShapeCodec).expect("it loads");
    chains.networks.retain(|id, _| id.as_str() == NETWORK);
    for network in chains.networks.values_mut() {
        network.native.terms.minimum = None;
    }
    let clock = Arc::new(FixedClock(time(now)));
    Engine::new(store, chains, Some(policy), adapters, clock).expect("an engine")
}

/// An engine on a store in memory, over a chain of this height whose blocks are final up to `finalized`, under the shipped policy.
pub async fn engine(tip: u64, finalized: Option<u64>) -> (Engine, Chain) {
    let chain = chain(tip, finalized);
    let store = Store::open("sqlite::memory:").await.expect("a store");
    let engine = engine_under(store, &chain, shipped_policy(), NOW);
    (engine, chain)
}

/// Imports a file of addresses.
pub async fn addresses(engine: &Engine, rows: &str) {
    let text = format!("user_id,role,family,value,created,retired,control\n{rows}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = IntakeFile {
        name: "addresses.csv".to_owned(),
        reader: text.as_bytes(),
        map: ColumnMap::default(),
        reject: folder.path().join("reject.csv"),
    };
    let report = engine
        .import_addresses(file, &|_| ())
        .await
        .expect("it loads");
    assert_eq!(report.rejected, 0, "{:?}", report.first_reject);
}

/// Says that the ledger is complete over the chain's time.
pub async fn cover_ledger(engine: &Engine) {
    let period = recover_store::LedgerPeriod {
        network: NetworkId::new(NETWORK),
        from: time("2026-01-01T00:00:00Z"),
        to: time(NOW),
    };
    engine
        .store()
        .add_ledger_period(period)
        .await
        .expect("stored");
}
