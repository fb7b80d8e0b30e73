//! A movement that spans several transactions, any of which the ledger may name: what is booked under another id than ours is
//! not paid again.

mod common;

use common::ShapeCodec;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::claim::Refusal;
use recover_core::classify::Finality;
use recover_core::deposit::{Classification, Deposit, DepositStatus, Origin};
use recover_core::detect::Detect;
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::memo::{Memo, MemoKind};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::{DepositId, Mechanism, Observation, Outcome, Position};
use recover_core::people::{Person, Role};
use recover_core::time::Timestamp;
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Verdict};
use recover_engine::claims::OpenOptions;
use recover_engine::clock::FixedClock;
use recover_engine::config::{ChainsConfig, MemoRule, NetworkConfig, Policy};
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::facts::{FactGatherer, Judged};
use recover_engine::family::{Adapter, Adapters};
use recover_engine::import::ColumnMap;
use recover_engine::intake::{IntakeFile, IntakeReport};
use recover_source::chain::ChainRead;
use recover_source::error::SourceError;
use recover_store::{LedgerPeriod, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// The address of user A, and one that everybody shares.
const OF_A: u8 = 1;
const SHARED: u8 = 2;

const NOTICE: &str = "notice";

fn ton() -> NetworkId {
    NetworkId::new("ton")
}

fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn paid_at() -> Timestamp {
    time("2026-03-01T00:00:00Z")
}

fn now() -> Timestamp {
    time("2026-03-02T00:00:00Z")
}

fn address(number: u8) -> Address {
    Address::from_parts(Payload::Hash160([number; 20]), format!("t{number}"))
}

/// A family whose movements span several transactions, or one; nothing else is special about it.
struct Chained {
    spans: bool,
}

impl Detect for Chained {
    fn family(&self) -> Family {
        Family::Ton
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        text.strip_prefix('t')
            .and_then(|number| number.parse().ok())
            .map(address)
            .ok_or_else(|| AddressError::Shape {
                text: text.to_owned(),
                family: Family::Ton,
                expected: "t and a number",
            })
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        Some(TxId::new(text))
    }

    fn books_by_other_ids(&self) -> bool {
        self.spans
    }

    fn on_network(&self, _: &Payload, _: &NetworkId) -> Option<Address> {
        None
    }
}

impl Control for Chained {
    fn prove(&self, _: &Address, _: &ControlRecord, _: &ControlEvidence) -> Verdict {
        Verdict::Controllable(How::SameKey)
    }

    fn maker(&self, _: &ControlRecord) -> Option<Address> {
        None
    }
}

impl Adapter for Chained {
    fn detect(&self) -> &dyn Detect {
        self
    }

    fn control(&self) -> &dyn Control {
        self
    }

    fn open(&self, network: &NetworkConfig) -> Result<Arc<dyn ChainRead>, SourceError> {
        unreachable!("no test asks {}", network.id)
    }
}

struct World {
    store: Store,
    chains: ChainsConfig,
    adapters: Adapters,
    jetton: AssetId,
}

fn record(role: AddressRole, user: Option<&str>, number: u8) -> AddressRecord {
    AddressRecord {
        user_id: user.map(str::to_owned),
        role,
        family: Family::Ton,
        network: None,
        value: address(number).text().to_owned(),
        payload: Some(address(number).payload()),
        created: None,
        retired: None,
        control: ControlRecord::Key,
    }
}

impl World {
    async fn new() -> Self {
        Self::of(true).await
    }

    async fn of(spans: bool) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut chains =
            ChainsConfig::load(&root.join("chains.toml"), &ShapeCodec).expect("it loads");
        let ethereum = NetworkId::new("ethereum");
        let mut network = chains.networks.remove(&ethereum).expect("it is there");
        network.id = ton();
        network.family = Family::Ton;
        network.memo = MemoRule::None;
        network.native.terms.minimum = Some(Amount::from_u128(1_000));
        network.sources.clear();
        network.assets.truncate(1);
        network.assets[0].terms.minimum = None;
        let jetton = AssetId::contract(ton(), &network.assets[0].contract);
        chains.networks = BTreeMap::from([(ton(), network)]);
        let store = Store::open("sqlite::memory:").await.expect("a store");
        let records = vec![
            record(AddressRole::Deposit, Some("A"), OF_A),
            record(AddressRole::Omnibus, None, SHARED),
        ];
        store
            .import_addresses(records, now())
            .await
            .expect("stored");
        let period = LedgerPeriod {
            network: ton(),
            from: time("2026-01-01T00:00:00Z"),
            to: now(),
        };
        store.add_ledger_period(period).await.expect("stored");
        Self {
            store,
            chains,
            adapters: Adapters::new(vec![Arc::new(Chained { spans })]),
            jetton,
        }
    }

    /// A jetton of user A as we know it: by the transaction of our own jetton wallet.
    fn jetton(&self, tx: &str, amount: u128) -> Observation {
        Observation {
            network: ton(),
            tx_id: TxId::new(tx),
            position: Position::new("jetton"),
            block: Some(BlockRef {
                height: Height(10),
                hash: BlockHash::new("B10"),
                time: paid_at(),
            }),
            from: Some(address(9)),
            to: address(OF_A),
            asset: self.jetton.clone(),
            amount: Amount::from_u128(amount),
            amount_stated: Amount::from_u128(amount),
            balance_delta: None,
            memos: Vec::new(),
            mechanism: Mechanism::TokenTransfer,
            outcome: Outcome::Success,
            flags: Vec::new(),
        }
    }

    /// The coin that brought its notification, in the transaction of our own account.
    fn carrier(&self) -> Observation {
        Observation {
            position: Position::value(),
            asset: AssetId::native(ton()),
            mechanism: Mechanism::Carrier,
            ..self.jetton(NOTICE, 1)
        }
    }

    /// A booking of user A.
    fn row(&self, tx: &str, amount: u128) -> LedgerEntry {
        LedgerEntry {
            id: format!("row-{tx}"),
            kind: LedgerEntryKind::CreditedDeposit,
            user_id: Some("A".to_owned()),
            network: ton(),
            tx_id: TxId::new(tx),
            position: None,
            address: None,
            asset: Some(self.jetton.clone()),
            amount: Some(Amount::from_u128(amount)),
            booked_at: paid_at(),
        }
    }

    async fn book(&self, rows: &[LedgerEntry]) {
        let rows = rows.to_vec();
        self.store.import_ledger(rows, now()).await.expect("stored");
    }

    async fn judge(&self, credits: &[Observation]) -> Vec<Judged> {
        let sources = BTreeMap::new();
        FactGatherer::new(
            &self.store,
            &self.chains,
            &self.adapters,
            &ton(),
            &sources,
            Some(Height(100)),
        )
        .expect("it is configured")
        .judge(credits.to_vec())
        .await
        .expect("it is judged")
    }

    async fn classified(&self, credit: &Observation) -> Classification {
        let credits = std::slice::from_ref(credit);
        self.judge(credits).await.remove(0).classification
    }

    /// Stores credits as the scan does.
    async fn keep(&self, credits: &[Observation]) -> Vec<DepositId> {
        let deposits: Vec<Deposit> = self
            .judge(credits)
            .await
            .into_iter()
            .map(|judged| Deposit {
                origin: Origin::Observed(judged.observation),
                decimals: 6,
                decimals_vouched: true,
                symbol: None,
                status: match judged.finality {
                    Finality::Final => DepositStatus::Open,
                    Finality::NotFinal | Finality::Unknown => DepositStatus::Unconfirmed,
                },
                classification: judged.classification,
            })
            .collect();
        let ids = deposits.iter().map(Deposit::id).collect();
        self.store
            .upsert_observed(deposits, now())
            .await
            .expect("stored");
        ids
    }

    fn engine(&self) -> Engine {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let policy = Policy::load(&root.join("policy.toml"), None).expect("it loads");
        Engine::new(
            self.store.clone(),
            self.chains.clone(),
            Some(policy),
            self.adapters.clone(),
            Arc::new(FixedClock(now())),
        )
        .expect("an engine")
    }

    async fn kind_of(&self, id: &DepositId) -> Kind {
        let found = self.store.deposit(id).await.expect("the store works");
        found.expect("it is stored").deposit.classification.kind
    }
}

fn held() -> (Kind, Verdict) {
    let unclear = Verdict::Conditional(Missing::LedgerUnclear);
    (Kind::MissedCredit, unclear)
}

fn free() -> (Kind, Verdict) {
    (Kind::MissedCredit, Verdict::Controllable(How::OwnAccount))
}

fn found(of: Classification) -> (Kind, Verdict) {
    (of.kind, of.verdict)
}

#[tokio::test]
async fn own_a_jetton_booked_under_the_notification_is_held() {
    let world = World::new().await;
    let jetton = world.jetton("wallet", 500);
    assert_eq!(found(world.classified(&jetton).await), free());
    world.book(&[world.row(NOTICE, 500)]).await;
    assert_eq!(found(world.classified(&jetton).await), held());
    // The notification's own transaction brought a coin, which the same look sees or an earlier one stored: the row is not
    // about the coin, even where it names no asset.
    let both = [jetton.clone(), world.carrier()];
    let judged = world.judge(&both).await.remove(0);
    assert_eq!(found(judged.classification), held());
    world.keep(&both).await;
    assert_eq!(found(world.classified(&jetton).await), held());
    let bare = LedgerEntry {
        asset: None,
        amount: None,
        ..world.row(NOTICE, 0)
    };
    world.book(&[bare]).await;
    assert_eq!(found(world.classified(&jetton).await), held());
    let judged = world.judge(&both).await.remove(0);
    assert_eq!(found(judged.classification), held());
}

#[tokio::test]
async fn own_a_jetton_booked_under_our_own_id_is_credited() {
    let world = World::new().await;
    world.book(&[world.row("wallet", 500)]).await;
    let credited = world.classified(&world.jetton("wallet", 500)).await;
    assert_eq!(credited.kind, Kind::AlreadyCredited);
    // What explains its row leaves an equal one of the same hour alone, before it is stored and after.
    let two = [world.jetton("wallet", 500), world.jetton("other", 500)];
    let kinds = |judged: Vec<Judged>| -> Vec<Kind> {
        let kinds = judged.into_iter().map(|one| one.classification);
        kinds.map(|found| found.kind).collect()
    };
    let expected = [Kind::AlreadyCredited, Kind::MissedCredit];
    let judged = world.judge(&two).await;
    assert_eq!(found(judged[1].classification.clone()), free());
    assert_eq!(kinds(judged), expected);
    world.keep(&two).await;
    assert_eq!(found(world.classified(&two[1]).await), free());
}

#[tokio::test]
async fn own_rows_that_cannot_be_about_it_leave_it_free() {
    let world = World::new().await;
    let jetton = world.jetton("wallet", 500);
    let hours_later = |seconds| paid_at().plus_seconds(seconds).expect("in range");
    let row = world.row("elsewhere", 500);
    let others = [
        ("another amount", world.row("elsewhere", 501)),
        (
            "another token",
            LedgerEntry {
                asset: Some(AssetId::native(ton())),
                ..row.clone()
            },
        ),
        (
            "another user",
            LedgerEntry {
                user_id: Some("B".to_owned()),
                ..row.clone()
            },
        ),
        (
            "a withdrawal",
            LedgerEntry {
                kind: LedgerEntryKind::OwnWithdrawal,
                ..row.clone()
            },
        ),
        (
            "another hour",
            LedgerEntry {
                booked_at: hours_later(3_601),
                ..row.clone()
            },
        ),
        (
            "another network",
            LedgerEntry {
                network: NetworkId::new("ton-testnet"),
                ..row.clone()
            },
        ),
    ];
    for (name, other) in others {
        world.book(&[other]).await;
        assert_eq!(found(world.classified(&jetton).await), free(), "{name}");
    }
    let may_be = [
        (
            "of somebody",
            LedgerEntry {
                user_id: None,
                ..row.clone()
            },
        ),
        (
            "of some amount",
            LedgerEntry {
                amount: None,
                ..row.clone()
            },
        ),
        (
            "settled by hand, within the hour",
            LedgerEntry {
                kind: LedgerEntryKind::SettledCase,
                booked_at: hours_later(3_600),
                ..row.clone()
            },
        ),
        ("the same", row.clone()),
    ];
    for (name, other) in may_be {
        world.book(&[other]).await;
        assert_eq!(found(world.classified(&jetton).await), held(), "{name}");
    }
    // Where nobody knows whose it is, a row of anybody holds it.
    let shared = Observation {
        to: address(SHARED),
        ..world.jetton("shared", 500)
    };
    let verdict = world.classified(&shared).await.verdict;
    assert_eq!(verdict, Verdict::Conditional(Missing::LedgerUnclear));
}

#[tokio::test]
async fn own_equal_jettons_are_all_held_by_rows_under_other_ids() {
    let world = World::new().await;
    let two = [world.jetton("one", 500), world.jetton("two", 500)];
    world.book(&[world.row("trace-1", 500)]).await;
    for judged in world.judge(&two).await {
        assert_eq!(found(judged.classification), held());
    }
    // As many rows as credits: they may be of two others that we never saw, and nothing is paid on a guess.
    world.book(&[world.row("trace-2", 500)]).await;
    for judged in world.judge(&two).await {
        assert_eq!(found(judged.classification), held());
    }
    // A person corrects one row's id: it covers its own credit, and the other row still holds the other.
    let corrected = LedgerEntry {
        id: "row-trace-1".to_owned(),
        ..world.row("one", 500)
    };
    world.book(&[corrected]).await;
    let judged = world.judge(&two).await;
    assert_eq!(judged[0].classification.kind, Kind::AlreadyCredited);
    assert_eq!(found(judged[1].classification.clone()), held());
}

#[tokio::test]
async fn own_a_family_of_one_transaction_a_movement_knows_no_other_ids() {
    let world = World::of(false).await;
    world.book(&[world.row(NOTICE, 500)]).await;
    let jetton = world.jetton("wallet", 500);
    assert_eq!(found(world.classified(&jetton).await), free());
}

#[tokio::test]
async fn own_no_claim_opens_on_what_a_new_row_may_have_booked() {
    let world = World::new().await;
    let ids = world
        .keep(&[world.jetton("wallet", 500), world.carrier()])
        .await;
    // Imported and cut short before anything was looked at again.
    world.book(&[world.row(NOTICE, 500)]).await;
    let engine = world.engine();
    let person = Person {
        name: "gwen".to_owned(),
        roles: BTreeSet::from([Role::Specialist]),
        keys: Vec::new(),
    };
    let options = OpenOptions::default();
    let refused = engine.open_claim(&ids[0], &options, &person).await;
    assert!(
        matches!(
            refused,
            Err(EngineError::Refused {
                refusal: Refusal::ConditionOpen
            })
        ),
        "{refused:?}"
    );
    // The row is somebody else's after all.
    let others = LedgerEntry {
        user_id: Some("B".to_owned()),
        ..world.row(NOTICE, 500)
    };
    world.book(&[others]).await;
    engine
        .open_claim(&ids[0], &options, &person)
        .await
        .expect("nothing holds it");
}

async fn import_ledger(engine: &Engine, rows: &str) -> IntakeReport {
    let text = format!("id,kind,user_id,time,state\n{rows}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = IntakeFile {
        name: "ledger.csv".to_owned(),
        reader: text.as_bytes(),
        map: ColumnMap::default(),
        reject: folder.path().join("reject.csv"),
    };
    let report = engine.import_ledger(file, &[], &|_| ()).await;
    let report = report.expect("it loads");
    assert_eq!(report.rejected, 0, "{:?}", report.first_reject);
    report
}

#[tokio::test]
async fn own_a_file_of_accounts_alone_is_looked_at_again() {
    let world = World::new().await;
    let ids = world.keep(&[world.jetton("wallet", 500)]).await;
    let engine = world.engine();
    let closed = ",account,A,2026-03-01T00:00:00Z,closed\n";
    assert_eq!(import_ledger(&engine, closed).await.reclassified, 1);
    assert_eq!(world.kind_of(&ids[0]).await, Kind::AccountClosed);
    assert_eq!(import_ledger(&engine, closed).await.reclassified, 0);
    let active = ",account,A,2026-03-01T00:00:00Z,active\n";
    assert_eq!(import_ledger(&engine, active).await.reclassified, 1);
    assert_eq!(world.kind_of(&ids[0]).await, Kind::MissedCredit);
}

#[tokio::test]
async fn own_a_sender_who_names_our_withdrawal_returns_it() {
    let world = World::of(false).await;
    let hash = [0xAB; 32];
    let returned = |kind| Observation {
        memos: vec![Memo {
            kind,
            raw: hash.to_vec(),
            place: "memo".to_owned(),
        }],
        ..world.jetton("back", 500)
    };
    let withdrawal = LedgerEntry {
        id: "W1".to_owned(),
        kind: LedgerEntryKind::OwnWithdrawal,
        user_id: Some("C".to_owned()),
        ..world.row(&hex::encode(hash), 600)
    };
    let naming = returned(MemoKind::Return);
    assert_eq!(found(world.classified(&naming).await), free());
    let deposit = LedgerEntry {
        kind: LedgerEntryKind::CreditedDeposit,
        ..withdrawal.clone()
    };
    world.book(&[deposit]).await;
    assert_eq!(found(world.classified(&naming).await), free());
    world.book(&[withdrawal]).await;
    let found = |of: Classification| of.kind;
    assert_eq!(
        found(world.classified(&naming).await),
        Kind::ReturnedWithdrawal
    );
    // The same bytes as a hash name nothing to return.
    let other = returned(MemoKind::Hash);
    assert_eq!(found(world.classified(&other).await), Kind::MissedCredit);
}
