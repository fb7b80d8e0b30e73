//! One node in the role of ethereum, plain payments to deposit addresses, nothing else: for what happens to a scan
//! rather than in one.

use std::collections::BTreeSet;

use recover_testkit::Anvil;
use serde_json::{Value, json};

use crate::desk::{Desk, by_two_sources, now, rows};
use crate::setting::{Key, by_key, policy};
use crate::world::{Book, COIN, Chain, START, address, bare_chains_toml};

/// A node, a folder and who pays.
pub struct Plain {
    pub anvil: Anvil,
    pub desk: Desk,
    pub payer: String,
    pub book: Book,
    finality: &'static str,
    confirmations: u64,
}

impl Plain {
    /// A node whose blocks are final by this rule: `finalized_tag` (head less `depth`, which is even) or
    /// `confirmations` (that many on top). Addresses 1 to 9 are issued.
    pub fn start(finality: &'static str, depth: u64) -> Plain {
        let slots = (depth / 2).max(1);
        let anvil = Anvil::options(1)
            .timestamp(START)
            .slots_in_an_epoch(slots)
            .start();
        anvil.call("anvil_setBlockTimestampInterval", json!([12]));
        let mut book = Book::default();
        book.coverage.push((Chain::Ethereum, START));
        for number in 1..10 {
            book.issue(number);
        }
        let payer = anvil.accounts()[0].clone();
        let plain = Plain {
            anvil,
            desk: Desk::new(),
            payer,
            book,
            finality,
            confirmations: depth,
        };
        plain.source(plain.anvil.rpc_url());
        plain.desk.write("policy.toml", policy());
        plain.import();
        plain
    }

    /// Points `chains.toml` at another address of the node.
    pub fn source(&self, url: &str) {
        self.desk.write(
            "chains.toml",
            bare_chains_toml(url, self.finality, self.confirmations),
        );
    }

    /// Forgets everything that was found: a new folder and a new database on the same chain.
    pub fn start_over(&mut self) {
        self.move_to(Desk::new());
    }

    /// Goes on at another desk, where nothing was found yet.
    pub fn move_to(&mut self, desk: Desk) {
        self.desk = desk;
        self.source(self.anvil.rpc_url());
        self.desk.write("policy.toml", policy());
        self.import();
    }

    /// Writes the book and imports it.
    pub fn import(&self) {
        let desk = &self.desk;
        desk.write("addresses.csv", self.book.addresses_csv());
        desk.write("ledger.csv", self.book.ledger_csv());
        let price = format!(
            "asset,currency,price,time,source\nethereum/native,USD,3000,{},t\n",
            now()
        );
        desk.write("prices.csv", by_two_sources(&price));
        desk.run(&["addresses", "import", "addresses.csv"]).ok();
        desk.run(&["ledger", "import", "ledger.csv"]).ok();
        desk.run(&["prices", "import", "prices.csv"]).ok();
    }

    /// One coin to address `number`, in a block of its own; answers the transaction.
    pub fn pay(&self, number: u8) -> String {
        self.anvil.send(&self.payer, &address(number), COIN, &[])
    }

    /// A payment of `coins` to address `number` whose hash follows from its fields alone, so that it can be mined again.
    pub fn request(&self, number: u8, coins: u128) -> Value {
        let nonce = self
            .anvil
            .call("eth_getTransactionCount", json!([self.payer, "latest"]));
        json!({
            "from": self.payer, "to": address(number), "value": format!("0x{:x}", coins * COIN), "gas": "0x5208",
            "nonce": nonce, "maxFeePerGas": "0x174876e800", "maxPriorityFeePerGas": "0x3b9aca00", "type": "0x2",
        })
    }

    /// Sends such a request; answers the transaction once it is mined.
    pub fn send(&self, request: &Value) -> String {
        let hash = self.anvil.call("eth_sendTransaction", json!([request]));
        let hash = hash.as_str().unwrap().to_owned();
        for _ in 0..1000 {
            if self.anvil.is_mined(&hash) {
                return hash;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        panic!("{hash} was not mined");
    }

    /// Scans; it must end well. Answers the one network's report.
    #[track_caller]
    pub fn scan(&self) -> Value {
        rows(self.desk.json(&["scan"])).remove(0)
    }

    /// The one deposit of a transaction.
    #[track_caller]
    pub fn deposit(&self, tx: &str) -> Value {
        let found = by_key(self.desk.deposits());
        let key: Key = ("ethereum".to_owned(), tx.to_lowercase(), "value".to_owned());
        found
            .get(&key)
            .unwrap_or_else(|| panic!("{tx} is not stored"))
            .clone()
    }

    /// The transactions of all stored deposits that are not gone.
    pub fn stored(&self) -> BTreeSet<String> {
        let found = by_key(self.desk.deposits());
        let stays = found.into_iter().filter(|(_, row)| row["status"] != "gone");
        stays.map(|((_, tx, _), _)| tx).collect()
    }

    /// The heights that some scan covers for every part, by `scan --coverage`.
    pub fn covered(&self) -> BTreeSet<u64> {
        let mut heights: Option<BTreeSet<u64>> = None;
        let covered = rows(self.desk.json(&["scan", "--coverage"]));
        let mut by_stream = std::collections::BTreeMap::<String, BTreeSet<u64>>::new();
        for row in covered.iter().filter(|row| row["state"] == "read") {
            by_stream
                .entry(row["stream"].as_str().unwrap().to_owned())
                .or_default()
                .extend(row["from"].as_u64().unwrap()..=row["to"].as_u64().unwrap());
        }
        for of_stream in by_stream.into_values() {
            heights = Some(match heights {
                None => of_stream,
                Some(heights) => heights.intersection(&of_stream).copied().collect(),
            });
        }
        heights.unwrap_or_default()
    }
}
