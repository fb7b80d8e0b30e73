//! Reads a labelled folder: `deposits.csv`, `appeals.csv`, `address_book.csv` and `truth.csv` with the columns that the
//! imports read.
#![allow(dead_code, reason = "each example uses its part")]

mod rows;

use recover_core::appeal::Appeal;
use recover_core::asset::AssetId;
use recover_core::book::AddressRecord;
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_core::network::{Family, NetworkId};
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::DepositFacts;
use std::collections::HashMap;
use std::path::Path;

pub type Result<T> = std::result::Result<T, rows::Problem>;

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
        each(rows::record(|name| table.get(name))?);
    }
    Ok(())
}

/// Calls back with every appeal.
pub fn appeals(folder: &Path, mut each: impl FnMut(Appeal)) -> Result<()> {
    let mut table = Table::open(&folder.join("appeals.csv"))?;
    while table.next()? {
        each(rows::appeal(|name| table.get(name))?);
    }
    Ok(())
}

/// Every row of a file by its columns, for those who compare what it says.
pub fn texts(file: &Path) -> Result<Vec<HashMap<String, String>>> {
    let mut table = Table::open(file)?;
    let mut rows = Vec::new();
    while table.next()? {
        let named = table.columns.keys();
        let row = named.map(|name| (name.clone(), table.get(name).to_owned()));
        rows.push(row.collect());
    }
    Ok(rows)
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
