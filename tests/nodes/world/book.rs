//! What the exchange itself knows, as the files it would import.

use super::{Asset, Case, Chain, address, rfc3339, user};

/// The address book and the ledger, row by row.
#[derive(Clone, Debug, Default)]
pub struct Book {
    /// Rows of addresses.csv, without its header.
    pub addresses: Vec<String>,
    /// Rows of ledger.csv.
    pub ledger: Vec<LedgerRow>,
    /// From when the ledger is complete, by network, in Unix seconds.
    pub coverage: Vec<(Chain, u64)>,
    /// Users whose account is closed.
    pub closed: Vec<String>,
}

/// One movement that the exchange booked.
#[derive(Clone, Debug)]
pub struct LedgerRow {
    /// `credited` or `withdrawal`.
    pub kind: &'static str,
    /// Whose.
    pub user: Option<String>,
    /// Where.
    pub chain: Chain,
    /// The transaction.
    pub tx: String,
    /// Which movement of it; empty when the exchange does not keep that.
    pub position: String,
    /// Who was paid.
    pub address: String,
    /// What.
    pub asset: Asset,
    /// How much, in base units.
    pub amount: u128,
    /// When, in Unix seconds.
    pub time: u64,
}

/// The header of addresses.csv.
pub const ADDRESSES: &str = "user_id,role,family,value,network,created,retired,control";

/// The header of ledger.csv.
pub const LEDGER: &str =
    "id,kind,time,time_to,user_id,network,tx_id,position,address,asset,amount_base,state";

impl Book {
    /// Issues deposit address `number` to its user for ethereum, with a key.
    pub fn issue(&mut self, number: u8) -> String {
        self.issue_as(number, "ethereum", "eoa")
    }

    /// Issues deposit address `number` for a network (empty: all that take deposits) under this control.
    pub fn issue_as(&mut self, number: u8, network: &str, control: &str) -> String {
        let address = address(number);
        self.row(
            &user(number),
            "deposit_address",
            &address,
            network,
            "",
            control,
        );
        address
    }

    /// Adds any row.
    pub fn row(
        &mut self,
        user: &str,
        role: &str,
        value: &str,
        network: &str,
        retired: &str,
        control: &str,
    ) {
        self.addresses.push(format!(
            "{user},{role},evm,{value},{network},,{retired},{control}"
        ));
    }

    /// Books the credit of a case, as if the exchange had seen it.
    pub fn credited(&mut self, case: &Case, user: &str, time: u64, position: &str) {
        self.ledger.push(LedgerRow {
            kind: "credited",
            user: Some(user.to_owned()),
            chain: case.chain,
            tx: case.tx.clone(),
            position: position.to_owned(),
            address: case.to.clone(),
            asset: case.asset.clone(),
            amount: case.amount,
            time,
        });
    }

    /// addresses.csv.
    pub fn addresses_csv(&self) -> String {
        format!("{ADDRESSES}\n{}\n", self.addresses.join("\n"))
    }

    /// ledger.csv, with its coverage as rows.
    pub fn ledger_csv(&self) -> String {
        let mut text = format!("{LEDGER}\n");
        for (number, (chain, from)) in self.coverage.iter().enumerate() {
            let from = rfc3339(*from);
            text.push_str(&format!(
                "C-{number},coverage,{from},2100-01-01T00:00:00Z,,{},,,,,,\n",
                chain.name()
            ));
        }
        for (number, row) in self.ledger.iter().enumerate() {
            let asset = match &row.asset {
                Asset::Native => "native",
                Asset::Contract(contract) => contract,
            };
            text.push_str(&format!(
                "L-{number},{},{},,{},{},{},{},{},{asset},{},\n",
                row.kind,
                rfc3339(row.time),
                row.user.as_deref().unwrap_or_default(),
                row.chain.name(),
                row.tx,
                row.position,
                row.address,
                row.amount,
            ));
        }
        for (number, user) in self.closed.iter().enumerate() {
            text.push_str(&format!(
                "A-{number},account,2025-01-01T00:00:00Z,,{user},,,,,,,closed\n"
            ));
        }
        text
    }
}
