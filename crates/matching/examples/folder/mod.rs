//! Reads a labelled folder: `deposits.csv`, `appeals.csv`, `address_book.csv` and `truth.csv` with the columns that the
//! imports read.
#![allow(dead_code, reason = "each example uses its part")]

use recover_core::appeal::{Appeal, AppealId};
use recover_core::asset::AssetId;
use recover_core::book::{AddressRecord, AddressRole, ControlRecord};
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::DepositFacts;
use std::collections::HashMap;
use std::error::Error;
use std::path::Path;

pub type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The rows of a file, each with a way to ask for a column.
struct Table {
    reader: csv::Reader<std::fs::File>,
    columns: HashMap<String, usize>,
    record: csv::StringRecord,
}

impl Table {
    fn open(path: &Path) -> Result<Self> {
        let mut reader = csv::Reader::from_path(path)?;
        let columns = reader
            .headers()?
            .iter()
            .enumerate()
            .map(|(place, name)| (name.to_owned(), place))
            .collect();
        Ok(Self {
            reader,
            columns,
            record: csv::StringRecord::new(),
        })
    }

    fn next(&mut self) -> Result<bool> {
        Ok(self.reader.read_record(&mut self.record)?)
    }

    fn get(&self, name: &str) -> &str {
        self.columns
            .get(name)
            .and_then(|place| self.record.get(*place))
            .unwrap_or_default()
    }

    fn text(&self, name: &str) -> Option<String> {
        Some(self.get(name))
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    }
}

/// Calls back with every deposit.
pub fn deposits(folder: &Path, mut each: impl FnMut(DepositFacts)) -> Result<()> {
    let mut table = Table::open(&folder.join("deposits.csv"))?;
    let mut networks: HashMap<String, (NetworkId, Option<Family>)> = HashMap::new();
    while table.next()? {
        let name = table.get("chain");
        if !networks.contains_key(name) {
            let network = names::network_by_name(name)
                .map_or_else(|| NetworkId::new(name), |known| NetworkId::new(known.name));
            let family = names::known(&network).map(|known| known.family);
            networks.insert(name.to_owned(), (network, family));
        }
        let (network, family) = networks.get(name).cloned().ok_or("no network")?;
        each(DepositFacts {
            id: DepositId::verbatim(table.get("deposit_id")),
            family,
            tx_id: table.get("tx_id").to_owned(),
            from: table.text("from_address"),
            to: table.get("to_address").to_owned(),
            asset: AssetId::unlisted(network.clone(), table.get("asset")),
            symbol: table.text("asset"),
            amount: Decimal::parse(table.get("amount")).ok(),
            time: Timestamp::parse(table.get("block_time")).ok(),
            memo: table.text("memo"),
            memo_finding: None,
            reason: table.text("orphan_reason"),
            network,
        });
    }
    Ok(())
}

/// Calls back with every row of the address book.
pub fn book(folder: &Path, mut each: impl FnMut(AddressRecord)) -> Result<()> {
    let mut table = Table::open(&folder.join("address_book.csv"))?;
    while table.next()? {
        each(AddressRecord {
            user_id: table.text("user_id"),
            role: AddressRole::from_name(table.get("role")).ok_or("an unknown role")?,
            family: Family::from_name(table.get("family")).ok_or("an unknown family")?,
            network: None,
            value: table.get("value").to_owned(),
            payload: None,
            created: None,
            retired: None,
            control: ControlRecord::Unknown,
        });
    }
    Ok(())
}

/// Calls back with every appeal.
pub fn appeals(folder: &Path, mut each: impl FnMut(Appeal)) -> Result<()> {
    let mut table = Table::open(&folder.join("appeals.csv"))?;
    while table.next()? {
        let text = |name: &str| table.get(name).to_owned();
        each(Appeal {
            id: AppealId::verbatim(table.get("appeal_id")),
            user_id: text("user_id"),
            created_at: Timestamp::parse(table.get("created_at"))?,
            claimed_txid: text("claimed_txid"),
            claimed_network: text("claimed_network"),
            claimed_asset: text("claimed_asset"),
            claimed_amount: text("claimed_amount"),
            claimed_to_address: text("claimed_to_address"),
            claimed_memo: text("claimed_memo"),
            claimed_from_address: text("claimed_from_address"),
            claimed_at: text("claimed_at"),
            ownership_proof: text("ownership_proof"),
            session_view_at: Timestamp::parse(table.get("session_view_at")).ok(),
            free_text: text("free_text"),
            language: None,
            time_zone: None,
        });
    }
    Ok(())
}

/// The deposit that each appeal means, for those that mean one, and its errors.
pub fn truth(folder: &Path) -> Result<HashMap<String, (String, String)>> {
    let mut table = Table::open(&folder.join("truth.csv"))?;
    let mut truth = HashMap::new();
    while table.next()? {
        if let Some(deposit) = table.text("deposit_id") {
            let errors = table.get("errors").to_owned();
            truth.insert(table.get("appeal_id").to_owned(), (deposit, errors));
        }
    }
    Ok(truth)
}
