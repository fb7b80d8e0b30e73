//! Reads a folder of the benchmark: `deposits.csv`, `appeals.csv`, `address_book.csv`, `truth.csv`, `truth_deposits.csv`.

#[path = "../folder/rows.rs"]
mod rows;

use recover_core::asset::AssetId;
use recover_core::book::AddressRecord;
use recover_core::decimal::Decimal;
use recover_core::names;
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::time::Timestamp;
use recover_matching::{AppealClues, DepositFacts, Vocabulary, normalise};
use rows::Problem;
use std::collections::HashMap;
use std::path::Path;

/// The truth about one appeal.
pub struct Truth {
    /// `genuine`, `duplicate`, `decoy_…`, `fraud_…`.
    pub kind: String,
    /// The deposit that it means; `None` for decoys and fraud.
    pub deposit: Option<String>,
    /// The deposit that a fraud is after.
    pub target: Option<String>,
    /// The damage done to each field.
    pub errors: String,
}

/// A folder of the benchmark.
pub struct Folder {
    pub deposits: Vec<DepositFacts>,
    pub clues: Vec<AppealClues>,
    pub truths: Vec<Truth>,
    pub book: Vec<AddressRecord>,
    pub owners: HashMap<String, String>,
}

fn table(folder: &Path, name: &str) -> Result<(Vec<String>, Vec<csv::StringRecord>), Problem> {
    let mut reader = csv::Reader::from_path(folder.join(name))?;
    let head = reader.headers()?.iter().map(str::to_owned).collect();
    let rows = reader.records().collect::<Result<_, _>>()?;
    Ok((head, rows))
}

/// The text of a column; empty where the file has none of that name.
struct Columns(HashMap<String, usize>);

impl Columns {
    fn new(head: Vec<String>) -> Self {
        Self(head.into_iter().zip(0..).collect())
    }

    fn of<'a>(&self, row: &'a csv::StringRecord, name: &str) -> &'a str {
        let place = self.0.get(name).copied();
        place.and_then(|place| row.get(place)).unwrap_or_default()
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

impl Folder {
    /// Reads everything.
    pub fn read(folder: &Path) -> Result<Self, Problem> {
        let (head, list) = table(folder, "deposits.csv")?;
        let columns = Columns::new(head);
        let mut deposits = Vec::with_capacity(list.len());
        for row in &list {
            let text = |name: &str| columns.of(row, name);
            let known = names::network_by_name(text("chain")).ok_or("an unknown chain")?;
            let network = NetworkId::new(known.name);
            deposits.push(DepositFacts {
                id: DepositId::verbatim(text("deposit_id")),
                family: Some(known.family),
                tx_id: text("tx_id").to_owned(),
                from: given(text("from_address")),
                to: text("to_address").to_owned(),
                asset: AssetId::unlisted(network.clone(), text("asset")),
                symbol: given(text("asset")),
                amount: Decimal::parse(text("amount")).ok(),
                time: Timestamp::parse(text("block_time")).ok(),
                memo: given(text("memo")),
                memo_finding: None,
                reason: given(text("orphan_reason")),
                network,
            });
        }
        let (head, list) = table(folder, "appeals.csv")?;
        let columns = Columns::new(head);
        let words = Vocabulary::default();
        let mut clues = Vec::with_capacity(list.len());
        for row in &list {
            let appeal = rows::appeal(|name| columns.of(row, name))?;
            clues.push(normalise(&appeal, &words));
        }
        let (head, list) = table(folder, "truth.csv")?;
        let columns = Columns::new(head);
        let by_appeal: HashMap<&str, &csv::StringRecord> = list
            .iter()
            .map(|row| (columns.of(row, "appeal_id"), row))
            .collect();
        let truths = clues
            .iter()
            .map(|clue| {
                let row = by_appeal.get(clue.appeal.as_str());
                let text = |name: &str| row.map_or("", |row| columns.of(row, name));
                Truth {
                    kind: text("kind").to_owned(),
                    deposit: given(text("deposit_id")),
                    target: given(text("target_deposit_id")),
                    errors: text("errors").to_owned(),
                }
            })
            .collect();
        let (head, list) = table(folder, "address_book.csv")?;
        let columns = Columns::new(head);
        let mut book = Vec::with_capacity(list.len());
        for row in &list {
            book.push(rows::record(|name| columns.of(row, name))?);
        }
        let (head, list) = table(folder, "truth_deposits.csv")?;
        let columns = Columns::new(head);
        let owners = list.iter().map(|row| {
            let text = |name: &str| columns.of(row, name).to_owned();
            (text("deposit_id"), text("owner_user_id"))
        });
        Ok(Self {
            deposits,
            clues,
            truths,
            book,
            owners: owners.collect(),
        })
    }
}
