//! The suite itself, without a database: each test gets a fresh one.

use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{BlockHash, BlockRef, Height, HeightRange, TxId};
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::deposit::{Classification, Deposit, DepositStatus, ImportedDeposit, Origin};
use recover_core::kind::Kind;
use recover_core::memo::{Memo, MemoKind};
use recover_core::network::{Family, NetworkId};
use recover_core::observation::{DepositId, Flag, Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use recover_core::verdict::{How, Verdict};
use recover_store::Store;
use recover_testkit::{Database, Postgres, TempDir};
use sqlx::Connection as _;

pub mod addresses;
pub mod amounts;
pub mod appeal_erase;
pub mod appeal_work;
pub mod appeals;
pub mod audit;
pub mod cancel;
pub mod carrying;
pub mod charges;
pub mod claims;
pub mod corrections;
pub mod coverage;
pub mod deposits;
pub mod governance;
pub mod leases;
pub mod ledger;
pub mod match_kept;
pub mod match_undo;
pub mod opening;
pub mod prices;
pub mod proofs;
pub mod queue;
pub mod races;
pub mod records;
pub mod report;
pub mod schema;
pub mod tokens;
pub mod waiting;
pub mod watch_list;
pub mod world;

/// A fresh database of one kind, gone with this value.
pub enum Backend {
    Sqlite(TempDir),
    Postgres(Database),
}

impl Backend {
    pub fn sqlite() -> Self {
        Self::Sqlite(recover_testkit::temp_dir())
    }

    pub fn postgres() -> Self {
        Self::Postgres(Postgres::fresh_database())
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite(folder) => format!("sqlite://{}/recover.db", folder.path().display()),
            Self::Postgres(database) => database.url().to_owned(),
        }
    }

    /// Runs SQL behind the store's back; the error is the database's own message.
    pub async fn raw(&self, statement: &str) -> Result<(), String> {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        let url = self.url();
        let result = match self {
            Self::Sqlite(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&url)
                    .await
                    .expect("the file opens");
                sqlx::raw_sql(statement)
                    .execute(&mut connection)
                    .await
                    .map(|_| ())
            }
            Self::Postgres(_) => {
                let mut connection = sqlx::PgConnection::connect(&url)
                    .await
                    .expect("the server answers");
                sqlx::raw_sql(statement)
                    .execute(&mut connection)
                    .await
                    .map(|_| ())
            }
        };
        result.map_err(|error| error.to_string())
    }

    /// The first column of every row, as text.
    pub async fn column(&self, query: &str) -> Vec<String> {
        match self {
            Self::Sqlite(_) => {
                let mut connection = sqlx::SqliteConnection::connect(&self.url())
                    .await
                    .expect("the file opens");
                let text = format!(
                    "SELECT CAST(first AS TEXT) FROM (WITH rows(first) AS ({query}) SELECT first FROM rows)"
                );
                let rows = sqlx::query_scalar(sqlx::AssertSqlSafe(text))
                    .fetch_all(&mut connection)
                    .await;
                rows.expect("the query is right")
            }
            Self::Postgres(database) => database.sql(query).lines().map(str::to_owned).collect(),
        }
    }

    pub async fn open(&self) -> Store {
        Store::open(&self.url())
            .await
            .expect("a fresh database opens")
    }
}

pub fn now() -> Timestamp {
    at(1_800_000_000)
}

pub fn at(seconds: u64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("in range")
}

pub fn ethereum() -> NetworkId {
    NetworkId::new("ethereum")
}

pub fn payload(number: u32) -> Payload {
    let mut bytes = [0u8; 20];
    bytes[16..].copy_from_slice(&number.to_be_bytes());
    Payload::Account20(bytes)
}

pub fn address(number: u32) -> Address {
    let payload = payload(number);
    Address::from_parts(payload, address_text(number))
}

pub fn address_text(number: u32) -> String {
    format!("0x{number:040x}")
}

pub fn record(number: u32, role: AddressRole) -> AddressRecord {
    AddressRecord {
        user_id: Some(format!("u{number}")),
        role,
        family: Family::Evm,
        network: None,
        value: address_text(number),
        payload: Some(payload(number)),
        created: Some(at(1_700_000_000)),
        retired: None,
        control: ControlRecord::Key,
    }
}

pub fn hash(text: &str) -> BlockHash {
    BlockHash::new(&format!("0x{text:0>64}"))
}

pub fn block(height: u64, branch: &str) -> BlockRef {
    BlockRef {
        height: Height(height),
        hash: hash(&format!("{branch}{height}")),
        time: at(1_750_000_000 + height * 12),
    }
}

pub fn range(from: u64, to: u64) -> HeightRange {
    HeightRange::new(Height(from), Height(to)).expect("from <= to")
}

pub fn observation(tx: &str, position: Position, height: u64) -> Observation {
    Observation {
        network: ethereum(),
        tx_id: TxId::new(tx),
        position,
        block: Some(block(height, "a")),
        from: Some(address(900)),
        to: address(1),
        asset: AssetId::native(ethereum()),
        amount: Amount::from_u128(1_000),
        amount_stated: Amount::from_u128(1_001),
        balance_delta: Some(Amount::from_u128(1_000)),
        memos: vec![Memo {
            kind: MemoKind::Bytes,
            raw: vec![0, 255, 7],
            place: "input".into(),
        }],
        mechanism: Mechanism::TopLevel,
        outcome: Outcome::Success,
        flags: vec![Flag::FeeOnTransfer, Flag::OddShape],
    }
}

pub fn observed(observation: Observation) -> Deposit {
    Deposit {
        origin: Origin::Observed(observation),
        decimals: 18,
        decimals_vouched: true,
        symbol: Some("ETH".into()),
        classification: Classification {
            kind: Kind::MissedCredit,
            also: vec![],
            verdict: Verdict::Controllable(How::OwnAccount),
            owner: Some("u1".into()),
            memo: None,
        },
        status: DepositStatus::Open,
    }
}

pub fn deposit(tx: &str, height: u64) -> Deposit {
    observed(observation(tx, Position::value(), height))
}

pub fn imported(id: &str, tx: &str) -> Deposit {
    Deposit {
        origin: Origin::Imported(ImportedDeposit {
            id: DepositId::verbatim(id),
            network: ethereum(),
            tx_id: TxId::new(tx),
            position: "0".into(),
            block_height: Some(Height(5)),
            block_time: None,
            from: Some("somebody".into()),
            to: address_text(1).to_uppercase(),
            asset: AssetId::unlisted(ethereum(), "ABC"),
            amount: Amount::from_u128(125),
            scale: 2,
            memo: Some("  42 ".into()),
            orphan_reason: Some("unknown_memo".into()),
        }),
        decimals: 2,
        decimals_vouched: false,
        symbol: Some("ABC".into()),
        classification: Classification {
            kind: Kind::UnlistedToken,
            also: vec![Kind::MemoUnknown, Kind::BelowMinimum],
            verdict: Verdict::Conditional(recover_core::verdict::Missing::NotSeenByUs),
            owner: None,
            memo: None,
        },
        status: DepositStatus::Open,
    }
}
