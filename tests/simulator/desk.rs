//! The exchange's desk: its configuration, its people, its database, and the engine over them.

use crate::keys;
use crate::source::Node;
use crate::votes;
use crate::world::World;
use recover_chain_evm::address;
use recover_chain_evm::check::EvmCheck;
use recover_chain_evm::control::{Derivation, EvmControl};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::check::Check;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use recover_core::verdict::Control;
use recover_engine::config::{ChainsConfig, NetworkConfig, Networks, Policy};
use recover_engine::engine::Engine;
use recover_engine::family::{Adapter, Adapters};
use recover_engine::import::ColumnMap;
use recover_engine::intake::IntakeFile;
use recover_source::carriers::Carriers;
use recover_source::carry::Carry;
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_store::{LedgerPeriod, Store};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Where deposits are taken.
pub const NORTH: &str = "north";
/// Where the same addresses exist and nothing is taken.
pub const SOUTH: &str = "south";
/// How many users have an address.
pub const USERS: u64 = 6;
/// When the first block was made.
pub const START: &str = "2026-03-01T08:00:00Z";

/// The people of the policy and their roles.
pub const PEOPLE: &[(&str, &str)] = &[
    ("ana", "specialist"),
    ("bruno", "specialist"),
    ("tom", "agent"),
    ("chidi", "wallet"),
    ("dalia", "wallet"),
    ("emre", "wallet_lead"),
    ("ines", "wallet_lead"),
    ("farah", "compliance"),
    ("hana", "compliance"),
    ("nils", "compliance"),
    ("olga", "compliance"),
    ("gita", "treasury"),
    ("otto", "treasury"),
    ("jonas", "admin"),
    ("kim", "admin"),
    ("lea", "auditor"),
];

/// The contract of a made-up token.
pub fn contract(symbol: &str) -> String {
    keys::text(&format!("token {symbol}"))
}

/// The address of a user's account.
pub fn deposit_address(user: u64) -> String {
    keys::text(&key_of_user(user))
}

/// The name of the key behind a user's account.
pub fn key_of_user(user: u64) -> String {
    format!("user {user}")
}

/// A family whose pure halves are the real ones, over the made-up chains.
struct Family_(World);

impl Detect for Family_ {
    fn family(&self) -> Family {
        Family::Evm
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        address::of_payload(payload)
    }
}

impl Adapter for Family_ {
    fn detect(&self) -> &dyn Detect {
        self
    }

    fn control(&self) -> &dyn Control {
        const { &EvmControl::new(Derivation::Ethereum) }
    }

    fn check(&self) -> Option<&dyn Check> {
        Some(&EvmCheck)
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        Ok(Arc::new(Node::new(&self.0, network.id.as_str())))
    }

    fn carry(&self, network: &NetworkConfig) -> Result<Option<Arc<dyn Carry>>, SourceError> {
        Ok(Some(Arc::new(Node::new(&self.0, network.id.as_str()))))
    }
}

fn chains_text() -> String {
    let network = |name: &str, chain: u64, deposits: &str, assets: &[(&str, &str)]| {
        let mut text = format!(
            r#"
[network.{name}]
family = "evm"
caip2 = "eip155:{chain}"
display = "{name}"
aliases = []
deposits = "{deposits}"
recovery = "direct"
memo = "none"
sibling_group = "evm"
explorer = "https://{name}.example"
explorer_aliases = []
fee_rule = "execution"
fee_style = "eip1559"
finality = {{ rule = "confirmations", confirmations = {depth} }}
native = {{ symbol = "{symbol}CO", name = "{name} coin", decimals = 18 }}
source = [{{ kind = "json_rpc", url = "https://{name}.example/rpc", requests_per_second = 1000 }}]
"#,
            depth = crate::chain::DEPTH,
            symbol = name[..1].to_uppercase(),
        );
        for (symbol, status) in assets {
            write!(
                text,
                "[[network.{name}.asset]]\nsymbol = \"{symbol}\"\nname = \"{symbol}\"\ncontract = \"{}\"\ndecimals = 6\nstatus = \"{status}\"\nconfirmed_by = [\"the simulator\"]\n",
                contract(symbol)
            )
            .expect("a string takes it");
        }
        text
    };
    network(
        NORTH,
        4001,
        "open",
        &[("NUSD", "listed"), ("OLDN", "retired")],
    ) + &network(SOUTH, 4002, "closed", &[("SUSD", "listed")])
}

fn policy_text(signed: bool) -> String {
    let mut text = format!(
        r#"
name = "simulated"
currency = "USD"
quote_valid_minutes = 720
price_age_max_minutes = 60
screening_age_max_minutes = 600
release_screening_age_max_minutes = 600
package_valid_minutes = 240
gas_buffer_percent = "25"
network_fee_max = "200"
network_fee_max_percent = "30"

[[fee]]
kinds = ["missed_credit"]
networks = []
form = "flat"
amount = "0"

[[fee]]
kinds = []
networks = []
form = "flat"
amount = "5"

[approval]
signed_votes = {signed}
vote_valid_minutes = 1440
day_release_max = "60000"
week_multiple = 3
maker_multiple = 50
pair_multiple = 50

[[approval.rule]]
kinds = []
networks = []
resolutions = []
action = "tiers"

[[approval.tier]]
name = "T0"
value_max = "100"
votes = 1
lead_votes = 0
compliance_vote = false
delay_minutes = 0
alone_day_value_max = "300"
alone_day_claims_max = 5

[[approval.tier]]
name = "T1"
value_max = "2000"
votes = 1
lead_votes = 0
compliance_vote = false
delay_minutes = 0

[[approval.tier]]
name = "T2"
value_max = "8000"
votes = 2
lead_votes = 1
compliance_vote = false
delay_minutes = 10

[[approval.tier]]
name = "T3"
votes = 2
lead_votes = 1
compliance_vote = true
delay_minutes = 60

[policy_change]
admin_votes = 2
compliance_votes = 1
delay_minutes = 60
"#
    );
    for network in [NORTH, SOUTH] {
        write!(
            text,
            "\n[[wallet]]\nnetwork = \"{network}\"\ntreasury = \"{}\"\nfee_max = \"1\"\ngas = \"{}\"\ntop_up_max = \"1\"\n",
            keys::text("treasury"),
            keys::text("gas"),
        )
        .expect("a string takes it");
    }
    for (name, role) in PEOPLE {
        let keys = if signed {
            format!("keys = [\"{}\"]\n", votes::public_key(name))
        } else {
            String::new()
        };
        write!(
            text,
            "\n[[person]]\nname = \"{name}\"\nroles = [\"{role}\"]\n{keys}"
        )
        .expect("a string takes it");
    }
    text
}

/// The configuration, read once.
#[derive(Clone)]
pub struct Desk {
    pub policy: Policy,
    chains: ChainsConfig,
    adapters: Adapters,
    world: World,
}

impl Desk {
    pub fn new(world: &World, signed: bool) -> Desk {
        let adapters = Adapters::new(vec![Arc::new(Family_(world.clone()))]);
        let chains = ChainsConfig::parse("chains.toml", &chains_text(), &adapters)
            .unwrap_or_else(|error| panic!("the simulator's chains.toml: {error}"));
        let networks = Networks {
            chains: &chains,
            codecs: &adapters,
        };
        let policy = Policy::parse("policy.toml", &policy_text(signed), Some(networks))
            .unwrap_or_else(|error| panic!("the simulator's policy.toml: {error}"));
        Desk {
            policy,
            chains,
            adapters,
            world: world.clone(),
        }
    }

    /// The engine over a store, as after a start of the program.
    pub fn engine(&self, store: Store) -> Engine {
        let mut sources: BTreeMap<NetworkId, Arc<dyn ChainRead>> = BTreeMap::new();
        let mut carriers: BTreeMap<NetworkId, Arc<dyn Carry>> = BTreeMap::new();
        for name in [NORTH, SOUTH] {
            // Two nodes, each with its own faults and delays, behind the face that the binary puts before them.
            let node = || Arc::new(Node::new(&self.world, name));
            let id = NetworkId::new(name);
            sources.insert(id.clone(), node());
            let both = Carriers::new(id.clone(), vec![node(), node()]);
            carriers.insert(id, Arc::new(both));
        }
        Engine::over(
            store,
            self.chains.clone(),
            Some(self.policy.clone()),
            self.adapters.clone(),
            Arc::new(self.world.clone()),
            sources,
        )
        .carried_by(carriers)
    }

    /// Imports what the exchange knows of itself: addresses, and that its ledger is complete.
    pub async fn furnish(&self, engine: &Engine) {
        let mut rows = "user_id,role,family,value,control\n".to_owned();
        for user in 0..USERS {
            writeln!(rows, "U-{user},deposit,evm,{},eoa", deposit_address(user))
                .expect("a string takes it");
        }
        let folder = recover_testkit::temp_dir();
        let file = IntakeFile {
            name: "addresses.csv".to_owned(),
            reader: std::io::Cursor::new(rows.into_bytes()),
            map: ColumnMap::default(),
            reject: folder.path().join("reject.csv"),
        };
        let report = engine.import_addresses(file, &|_| ()).await;
        let report = report.expect("the addresses load");
        assert_eq!(report.rejected, 0, "{:?}", report.first_reject);
        for network in [NORTH, SOUTH] {
            let period = LedgerPeriod {
                network: NetworkId::new(network),
                from: time("2026-01-01T00:00:00Z"),
                to: time("2027-01-01T00:00:00Z"),
            };
            let added = engine.store().add_ledger_period(period).await;
            added.expect("stored");
        }
    }
}

/// A time.
pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time of the simulator")
}
