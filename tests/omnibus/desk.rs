//! An engine over one made-up account: a store, an address book, a ledger that has booked half of the good deposits.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use recover_core::deposit::Origin;
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::observation::Observation;
use recover_core::time::Timestamp;
use recover_engine::clock::FixedClock;
use recover_engine::config::ChainsConfig;
use recover_engine::engine::Engine;
use recover_engine::family::{Adapter, Adapters};
use recover_engine::import::ColumnMap;
use recover_engine::intake::{IntakeFile, IntakeReport};
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use recover_store::{DepositFilter, DepositOrder, LedgerPeriod, Store, Stream};
use recover_testkit::Omnibus;
use recover_testkit::omnibus::{Api, Expected, Outcome, Sense};

use crate::setting;
use crate::wiring;

/// When the tests happen: after the last block.
const NOW: &str = "2026-03-02T00:00:00Z";

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

/// How a family's crate opens a source.
type Open = fn(SourceSettings) -> Result<Arc<dyn ChainRead>, SourceError>;

/// The binary's own adapter, and how its family's source is opened.
fn adapter(api: Api) -> (Arc<dyn Adapter>, Open) {
    match api {
        Api::Rippled => (Arc::new(wiring::XRPL), recover_chain_xrpl::open),
        Api::Horizon => (Arc::new(wiring::STELLAR), recover_chain_stellar::open),
        Api::CometRpc | Api::CosmosRest => (Arc::new(wiring::COSMOS), recover_chain_cosmos::open),
        Api::Toncenter => (Arc::new(wiring::TON), recover_chain_ton::open),
    }
}

/// The account's network as a table of `chains.toml`.
fn chains(api: Api, omnibus: &Omnibus) -> String {
    let (network, chain) = setting::network(api);
    let (family, caip2, symbol, decimals, path, prefix) = match api {
        Api::Rippled => ("xrpl", "xrpl", "XRP", 6, "", ""),
        Api::Horizon => ("stellar", "stellar", "XLM", 7, "", ""),
        Api::CometRpc | Api::CosmosRest => (
            "cosmos",
            "cosmos",
            "ATOM",
            6,
            "",
            "address_prefix = \"cosmos\"",
        ),
        Api::Toncenter => ("ton", "tvm", "TON", 9, "/api/v3", ""),
    };
    format!(
        r#"[network.{network}]
family = "{family}"
caip2 = "{caip2}:{chain}"
display = "{network}"
aliases = []
deposits = "open"
recovery = "direct"
memo = "required"
sibling_group = "{family}"
{prefix}
explorer = "https://explorer.example"
explorer_aliases = []
finality = {{ rule = "closed" }}
native = {{ symbol = "{symbol}", name = "{symbol}", decimals = {decimals} }}
source = [{{ kind = "{api}", url = "{}{path}", requests_per_second = 1000 }}]
"#,
        omnibus.url()
    )
}

/// What the ledger says of a deposit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Booked {
    Yes,
    No,
}

/// Every second of the good deposits of the native coin was booked.
fn booked(row: &Expected, number: usize) -> Booked {
    if is_plainly_good(row) && number.is_multiple_of(2) {
        Booked::Yes
    } else {
        Booked::No
    }
}

/// A deposit of the native coin, in the usual way.
fn is_plain(row: &Expected) -> bool {
    row.outcome == Outcome::Moved
        && row.asset.is_none()
        && !matches!(
            row.mechanism,
            Some(
                "carrier"
                    | "bounce"
                    | "block_event"
                    | "ibc_refund"
                    | "account_merge"
                    | "internal_call"
            )
        )
}

fn is_plainly_good(row: &Expected) -> bool {
    is_plain(row) && row.memo.sense == Sense::Good
}

/// The engine's surroundings.
pub struct Desk {
    pub omnibus: Omnibus,
    pub api: Api,
    database: String,
}

impl Desk {
    pub fn new(omnibus: Omnibus, api: Api, database: &str) -> Desk {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Desk {
            omnibus,
            api,
            database: database.to_owned(),
        }
    }

    pub fn network(&self) -> NetworkId {
        setting::network(self.api).0
    }

    /// An engine on the same store, as after a restart of the program.
    pub async fn engine(&self) -> Engine {
        let store = Store::open(&self.database).await.expect("the store opens");
        let (adapter, open) = adapter(self.api);
        let adapters = Adapters::new(vec![adapter]);
        let chains =
            ChainsConfig::parse("chains.toml", &chains(self.api, &self.omnibus), &adapters)
                .expect("the table is right");
        // The binary's settings with a client that does not wait long between its tries.
        let network = &chains.networks[&self.network()];
        let mut settings = wiring::settings(network, &network.sources[0]);
        settings.requests_per_second = None;
        settings.retry = RetryPolicy {
            tries_max: 6,
            delay_min: Duration::from_millis(1),
            delay_max: Duration::from_millis(20),
        };
        let source = open(settings).expect("the kind is the family's");
        let sources = BTreeMap::from([(self.network(), source)]);
        let clock = Arc::new(FixedClock(time(NOW)));
        Engine::over(store, chains, None, adapters, clock, sources)
    }

    /// Imports the address book and the ledger.
    pub async fn furnish(&self, engine: &Engine) {
        let network = self.network();
        let family = setting::family(self.api).family();
        let mut addresses = "user_id,role,family,value,network,control\n".to_owned();
        writeln!(
            addresses,
            ",omnibus,{},{},{network},key",
            family.code(),
            self.omnibus.account()
        )
        .unwrap();
        for (user, memo) in self.omnibus.members().into_iter().enumerate() {
            writeln!(
                addresses,
                "U{user},assigned_memo,{},{memo},{network},",
                family.code()
            )
            .unwrap();
        }
        let report = engine.import_addresses(file(&addresses), &|_| ()).await;
        loaded(report.expect("the addresses load"));
        let mut ledger = "id,kind,time,user_id,network,tx_id,asset,amount_base\n".to_owned();
        let members = self.omnibus.members();
        for (number, row) in self.omnibus.truth().enumerate() {
            if booked(&row, number) == Booked::Yes {
                let memo = String::from_utf8_lossy(&row.memo.raw).into_owned();
                let user = members
                    .iter()
                    .position(|member| *member == memo)
                    .expect("a user's memo");
                writeln!(
                    ledger,
                    "L{number},credited,2025-06-01T00:00:00Z,U{user},{network},{},native,{}",
                    row.tx_id, row.amount
                )
                .unwrap();
            }
        }
        let report = engine.import_ledger(file(&ledger), &[], &|_| ()).await;
        loaded(report.expect("the ledger loads"));
        let period = LedgerPeriod {
            network,
            from: time("2024-01-01T00:00:00Z"),
            to: time(NOW),
        };
        engine
            .store()
            .add_ledger_period(period)
            .await
            .expect("stored");
    }

    /// Everything that the store has, with its kind.
    pub async fn stored(&self, engine: &Engine) -> Vec<(Observation, Kind)> {
        let filter = DepositFilter {
            network: Some(self.network()),
            ..DepositFilter::default()
        };
        let mut all = Vec::new();
        let mut after = None;
        loop {
            let page = engine
                .store()
                .list_deposits(&filter, DepositOrder::Id, after.as_ref(), 500)
                .await;
            let page = page.expect("the store answers");
            for stored in page.deposits {
                let Origin::Observed(observation) = stored.deposit.origin else {
                    panic!("nothing was imported");
                };
                all.push((observation, stored.deposit.classification.kind));
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return all,
            }
        }
    }

    /// The account's heights that count as read.
    pub async fn covered(&self, engine: &Engine) -> Vec<String> {
        let address = setting::family(self.api)
            .address(&self.omnibus.account())
            .unwrap();
        let stream = Stream::account(address.text());
        let ranges = engine
            .store()
            .covered_heights(&self.network(), &stream, 0)
            .await;
        ranges
            .expect("the store answers")
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    /// The kind that a row of the truth must have; `None` where this suite has no opinion.
    pub fn kind(&self, row: &Expected, number: usize) -> Option<Kind> {
        if row.outcome == Outcome::Failed {
            return Some(Kind::Failed);
        }
        if booked(row, number) == Booked::Yes {
            return Some(Kind::AlreadyCredited);
        }
        if !is_plain(row) {
            return None;
        }
        match row.memo.sense {
            Sense::Good => Some(Kind::MissedCredit),
            Sense::Missing | Sense::Empty | Sense::Blank => Some(Kind::MemoMissing),
            Sense::Nobody => Some(Kind::MemoUnknown),
            Sense::WrongType | Sense::OtherField => Some(Kind::MemoInWrongField),
            _ => None,
        }
    }
}

fn file(text: &str) -> IntakeFile<std::io::Cursor<Vec<u8>>> {
    let folder = recover_testkit::temp_dir();
    IntakeFile {
        name: "made-up.csv".to_owned(),
        reader: std::io::Cursor::new(text.as_bytes().to_vec()),
        map: ColumnMap::default(),
        // The folder may go: a test whose row is rejected fails.
        reject: folder.keep().join("reject.csv"),
    }
}

fn loaded(report: IntakeReport) {
    assert_eq!(report.rejected, 0, "{:?}", report.first_reject);
}
