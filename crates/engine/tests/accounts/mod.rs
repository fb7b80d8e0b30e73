//! A network that is read account by account, as a test scripts it: credits by height, pages that end inside a height, sources
//! that break off, hang, narrow what they give or cannot see a part.

use async_trait::async_trait;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_core::verdict::{AccountState, Code, Control, ControlEvidence, How, Verdict};
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, NetworkConfig};
use recover_engine::engine::Engine;
use recover_engine::family::{Adapter, Adapters};
use recover_engine::import::ColumnMap;
use recover_engine::intake::IntakeFile;
use recover_source::chain::{
    AccountPage, AccountRequest, Capabilities, ChainRead, Gap, Head, Header, Lookup, NetworkCost,
    Part, TokenClaims, TransactionView,
};
use recover_source::error::SourceError;
use recover_store::{LedgerPeriod, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// When the tests happen: after the last block.
pub const NOW: &str = "2026-03-02T00:00:00Z";

/// The first block's time; each block comes an hour later.
const START: &str = "2026-01-01T00:00:00Z";

/// Two networks of one key, and one whose keys make other addresses.
pub const CHAINS: &str = r#"
[network.cosmos]
family = "cosmos"
caip2 = "cosmos:cosmoshub-4"
display = "Cosmos Hub"
aliases = ["atom"]
deposits = "open"
recovery = "direct"
memo = "none"
sibling_group = "cosmos-secp256k1"
address_prefix = "cosmos"
explorer = "https://www.mintscan.io/cosmos"
explorer_aliases = []
finality = { rule = "closed" }
native = { symbol = "ATOM", name = "Atom", decimals = 6 }
source = [{ kind = "comet_rpc", url = "http://127.0.0.1:1", requests_per_second = 1 }]

[network.osmosis]
family = "cosmos"
caip2 = "cosmos:osmosis-1"
display = "Osmosis"
aliases = ["osmo"]
deposits = "closed"
recovery = "direct"
memo = "none"
sibling_group = "cosmos-secp256k1"
address_prefix = "osmo"
explorer = "https://www.mintscan.io/osmosis"
explorer_aliases = []
finality = { rule = "closed" }
native = { symbol = "OSMO", name = "Osmo", decimals = 6 }
source = [{ kind = "comet_rpc", url = "http://127.0.0.1:1", requests_per_second = 1 }]

[network.injective]
family = "cosmos"
caip2 = "cosmos:injective-1"
display = "Injective"
aliases = ["inj"]
deposits = "closed"
recovery = "direct"
memo = "none"
sibling_group = "cosmos-ethsecp256k1"
address_prefix = "inj"
explorer = "https://www.mintscan.io/injective"
explorer_aliases = []
finality = { rule = "closed" }
native = { symbol = "INJ", name = "Injective", decimals = 18 }
source = [{ kind = "comet_rpc", url = "http://127.0.0.1:1", requests_per_second = 1 }]
"#;

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// An address of a network: its prefix, a 1 and 40 hexadecimal digits.
pub fn address(network: &str, number: u64) -> Address {
    Form.address(&format!("{}1{number:040x}", prefix(network)))
        .expect("an address")
}

fn prefix(network: &str) -> &str {
    match network {
        "osmosis" => "osmo",
        "injective" => "inj",
        other => other,
    }
}

/// A payment of the native coin to one of our addresses.
pub fn payment(network: &str, number: u64, to: u64) -> Observation {
    Observation {
        network: NetworkId::new(network),
        tx_id: TxId::new(&format!("{number:064X}")),
        position: Position::new("msg:0"),
        block: None,
        from: Some(address(network, 0xfff)),
        to: address(network, to),
        asset: AssetId::native(NetworkId::new(network)),
        amount: Amount::from_u128(100),
        amount_stated: Amount::from_u128(100),
        balance_delta: None,
        memos: Vec::new(),
        mechanism: Mechanism::TopLevel,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}

/// What a page asks to happen instead of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The source does not answer.
    Silent,
    /// The answer never comes.
    Hangs,
}

pub struct State {
    pub tip: u64,
    /// The newest final height; the tip where none is set.
    pub finalized: Option<u64>,
    /// The branch of each height from here on.
    branch: (u64, &'static str),
    credits: BTreeMap<u64, Vec<Observation>>,
    /// Whether the source keeps accounts' histories.
    pub has_index: bool,
    /// Credits of a page.
    pub page: usize,
    /// What happens to the n-th page asked from now on, counted from 0.
    pub faults: BTreeMap<usize, Fault>,
    /// What happens to every page.
    pub always: Option<Fault>,
    /// Heights above this one are left out without a word.
    pub narrowed_to: Option<u64>,
    /// A part that cannot be seen up to this height.
    pub unseen: Option<(Part, u64)>,
    /// What a token says of itself: symbol and decimals; the source does not answer where there is none.
    pub claims: Option<(&'static str, u8)>,
    /// Every page asked: account, from, to and whether it began a reading.
    pub asked: Vec<(String, u64, u64, bool)>,
    /// A reading's places are good for this many more resumptions of the same reading only.
    readings: u64,
}

impl State {
    pub fn put(&mut self, height: u64, credit: Observation) {
        self.credits.entry(height).or_default().push(credit);
    }

    /// Another branch from a height on, without the credits of the old one.
    pub fn reorganise(&mut self, from: u64, branch: &'static str) {
        self.branch = (from, branch);
        self.credits.retain(|height, _| *height < from);
    }

    fn header(&self, height: u64) -> Option<Header> {
        let hash = |height: u64| {
            let branch = if height >= self.branch.0 {
                self.branch.1
            } else {
                "a"
            };
            BlockHash::new(&format!("{branch}{height}"))
        };
        let hours = i64::try_from(height).expect("a test's heights are small") * 3_600;
        (height <= self.tip).then(|| Header {
            block: BlockRef {
                height: Height(height),
                hash: hash(height),
                time: time(START).plus_seconds(hours).expect("it fits"),
            },
            parent: hash(height.saturating_sub(1)),
        })
    }

    fn page(&mut self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        let (from, to) = (request.range.from().0, request.range.to().0);
        let wrong = |detail: &str| SourceError::Inconsistent {
            origin: "ledger test".to_owned(),
            detail: detail.to_owned(),
        };
        let (reading, skipped) = match &request.resume {
            None => {
                self.readings += 1;
                (self.readings, 0)
            }
            Some(place) => {
                let (reading, skipped) = place.split_once('+').expect("a place of ours");
                let reading: u64 = reading.parse().expect("a place of ours");
                // Accounts are read side by side: a place of an older run is the one that must not come back.
                (reading, skipped.parse::<usize>().expect("a place of ours"))
            }
        };
        if to > self.tip {
            return Err(wrong("above the tip"));
        }
        let last = self.narrowed_to.map_or(to, |narrowed| narrowed.min(to));
        let all: Vec<Observation> = self
            .credits
            .range(from..=last.max(from))
            .filter(|(height, _)| **height <= last)
            .flat_map(|(height, credits)| {
                let block = self.header(*height).map(|header| header.block);
                credits.iter().map(move |credit| Observation {
                    block: block.clone(),
                    ..credit.clone()
                })
            })
            .filter(|credit| credit.to == request.address)
            .collect();
        let end = (skipped + self.page).min(all.len());
        let observations = all[skipped.min(all.len())..end].to_vec();
        let is_last = end == all.len();
        let height = |credit: &Observation| credit.block.as_ref().map(|block| block.height.0);
        // The last height given may go on in the next page.
        let through = if is_last {
            Some(last)
        } else {
            all.get(end)
                .and_then(height)
                .and_then(|next| next.checked_sub(1))
        };
        Ok(AccountPage {
            observations,
            through: through.filter(|through| *through >= from).map(Height),
            next: (!is_last).then(|| format!("{reading}+{}", end - usize::from(end > 1))),
            gaps: self
                .unseen
                .filter(|(_, until)| from <= *until)
                .and_then(|(part, until)| {
                    Some(Gap {
                        range: recover_core::block::HeightRange::new(
                            Height(from),
                            Height(until.min(to)),
                        )?,
                        part,
                        reason: "the source keeps no such index: add another".to_owned(),
                    })
                })
                .into_iter()
                .collect(),
        })
    }
}

/// The sources of all networks of the test, each with its own state.
#[derive(Clone)]
pub struct Ledgers(BTreeMap<NetworkId, Arc<Mutex<State>>>);

impl Ledgers {
    pub fn of(&self, network: &str) -> MutexGuard<'_, State> {
        self.0[&NetworkId::new(network)]
            .lock()
            .expect("no test panics while it holds the ledger")
    }
}

struct Ledger {
    network: NetworkId,
    state: Arc<Mutex<State>>,
}

impl Ledger {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds it")
    }

    fn silent(&self) -> SourceError {
        SourceError::Unreachable {
            origin: "ledger test".to_owned(),
            detail: "scripted".to_owned(),
        }
    }
}

#[async_trait]
impl ChainRead for Ledger {
    fn network(&self) -> &NetworkId {
        &self.network
    }

    fn name(&self) -> &str {
        "ledger test"
    }

    async fn capabilities(&self) -> Result<Capabilities, SourceError> {
        Ok(Capabilities {
            accounts: self.state().has_index,
            proves_absence: true,
            ..Capabilities::default()
        })
    }

    async fn head(&self) -> Result<Head, SourceError> {
        let state = self.state();
        Ok(Head {
            latest: state.header(state.tip).expect("the tip is there"),
            finalized: Some(Height(state.finalized.unwrap_or(state.tip))),
        })
    }

    async fn header(&self, height: Height) -> Result<Option<Header>, SourceError> {
        Ok(self.state().header(height.0))
    }

    async fn account_page(&self, request: &AccountRequest) -> Result<AccountPage, SourceError> {
        let fault = {
            let mut state = self.state();
            let number = state.asked.len();
            state.asked.push((
                request.address.text().to_owned(),
                request.range.from().0,
                request.range.to().0,
                request.resume.is_none(),
            ));
            state.faults.remove(&number).or(state.always)
        };
        match fault {
            Some(Fault::Silent) => Err(self.silent()),
            Some(Fault::Hangs) => std::future::pending().await,
            None => self.state().page(request),
        }
    }

    async fn transaction(&self, _: &TxId) -> Result<Lookup<TransactionView>, SourceError> {
        Ok(Lookup::Absent)
    }

    async fn account(&self, _: &Address) -> Result<AccountState, SourceError> {
        Ok(AccountState {
            code: Code::Absent,
            nonce: 0,
            at: Height(0),
        })
    }

    async fn balance(&self, _: &Address, _: &AssetId) -> Result<Amount, SourceError> {
        Err(self.silent())
    }

    async fn token_claims(&self, _: &str) -> Result<TokenClaims, SourceError> {
        let claims = self.state().claims;
        let (symbol, decimals) = claims.ok_or_else(|| self.silent())?;
        Ok(TokenClaims {
            symbol: Some(symbol.to_owned()),
            decimals: Some(decimals),
            ..TokenClaims::default()
        })
    }

    async fn network_cost(&self) -> Result<NetworkCost, SourceError> {
        Err(self.silent())
    }
}

struct Form;

impl Detect for Form {
    fn family(&self) -> Family {
        Family::Cosmos
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        let wrong = || AddressError::Shape {
            text: text.to_owned(),
            family: Family::Cosmos,
            expected: "a prefix, a 1 and 40 digits",
        };
        let (_, digits) = text.split_once('1').ok_or_else(wrong)?;
        let mut bytes = [0; 20];
        hex::decode_to_slice(digits, &mut bytes).map_err(|_| wrong())?;
        Ok(Address::from_parts(
            Payload::Hash160(bytes),
            text.to_owned(),
        ))
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        (text.len() == 64).then(|| TxId::new(text))
    }

    fn home(&self, address: &Address) -> Option<NetworkId> {
        let (prefix, _) = address.text().split_once('1')?;
        Some(NetworkId::new(match prefix {
            "osmo" => "osmosis",
            "inj" => "injective",
            other => other,
        }))
    }

    fn on_network(&self, payload: &Payload, network: &NetworkId) -> Option<Address> {
        let text = format!(
            "{}1{}",
            prefix(network.as_str()),
            hex::encode(payload.bytes())
        );
        self.address(&text).ok()
    }
}

struct TestAdapter(Ledgers);

impl Control for TestAdapter {
    fn prove(&self, _: &Address, _: &ControlRecord, _: &ControlEvidence) -> Verdict {
        Verdict::Controllable(How::SameKey)
    }

    fn maker(&self, _: &ControlRecord) -> Option<Address> {
        None
    }
}

impl Adapter for TestAdapter {
    fn detect(&self) -> &dyn Detect {
        &Form
    }

    fn control(&self) -> &dyn Control {
        self
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        Ok(Arc::new(Ledger {
            network: network.id.clone(),
            state: Arc::clone(&self.0.0[&network.id]),
        }))
    }
}

/// An engine on a store in memory over networks of this height, whose pages hold three credits.
pub async fn engine(tip: u64) -> (Engine, Ledgers) {
    let store = Store::open("sqlite::memory:").await.expect("a store");
    engine_on(store, tip).await
}

/// The same on a store of the test's.
pub async fn engine_on(store: Store, tip: u64) -> (Engine, Ledgers) {
    let networks = ["cosmos", "osmosis", "injective"];
    let state = || State {
        tip,
        finalized: None,
        branch: (u64::MAX, "a"),
        credits: BTreeMap::new(),
        has_index: true,
        claims: None,
        page: 3,
        faults: BTreeMap::new(),
        always: None,
        narrowed_to: None,
        unseen: None,
        asked: Vec::new(),
        readings: 0,
    };
    let ledgers = Ledgers(
        networks
            .iter()
            .map(|name| (NetworkId::new(name), Arc::new(Mutex::new(state()))))
            .collect(),
    );
    let engine = engine_over(store, &ledgers).await;
    for network in networks {
        let period = LedgerPeriod {
            network: NetworkId::new(network),
            from: time("2025-01-01T00:00:00Z"),
            to: time(NOW),
        };
        let stored = engine.store().add_ledger_period(period).await;
        stored.expect("stored");
    }
    (engine, ledgers)
}

/// Another engine over the same networks, as after a restart.
pub async fn engine_over(store: Store, ledgers: &Ledgers) -> Engine {
    let adapters = Adapters::new(vec![Arc::new(TestAdapter(ledgers.clone()))]);
    let chains = ChainsConfig::parse("chains.toml", CHAINS, &adapters).expect("it loads");
    let clock = Arc::new(FixedClock(time(NOW)));
    Engine::new(store, chains, None, adapters, clock).expect("an engine")
}

/// Imports a file of addresses.
pub async fn addresses(engine: &Engine, rows: &str) {
    let text = format!("user_id,role,family,value,network,created,control\n{rows}");
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

/// The heights of an account that count as read.
pub async fn covered(engine: &Engine, network: &str, account: u64) -> Vec<String> {
    let stream = recover_store::Stream::account(address(network, account).text());
    let ranges = engine
        .store()
        .covered_heights(&NetworkId::new(network), &stream, 0)
        .await
        .expect("the store works");
    ranges.iter().map(ToString::to_string).collect()
}

/// The transactions stored of a network, in order.
pub async fn stored(engine: &Engine, network: &str) -> BTreeSet<u64> {
    let filter = recover_store::DepositFilter {
        network: Some(NetworkId::new(network)),
        ..recover_store::DepositFilter::default()
    };
    let page = engine
        .store()
        .list_deposits(&filter, recover_store::DepositOrder::Id, None, 500)
        .await
        .expect("the store works");
    page.deposits
        .iter()
        .map(|stored| u64::from_str_radix(stored.deposit.tx_id().as_str(), 16).expect("a number"))
        .collect()
}
