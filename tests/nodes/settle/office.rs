//! The exchange's files and people, whatever networks it is on: `policy.toml`, the signers' roster, the address book, the ledger.

use sha2::{Digest as _, Sha256};
use std::cell::RefCell;
use std::fmt::Write as _;

use serde_json::Value;

use crate::desk::{Desk, now};

/// Natural persons and what they may do.
const PEOPLE: &[(&str, &[&str])] = &[
    ("ana", &["specialist"]),
    ("bruno", &["specialist"]),
    ("chidi", &["wallet"]),
    ("dalia", &["wallet"]),
    ("emre", &["wallet_lead"]),
    ("esin", &["wallet_lead"]),
    ("farah", &["compliance"]),
    ("gul", &["compliance"]),
    ("tariq", &["treasury"]),
    ("asha", &["admin"]),
    ("adam", &["admin"]),
];

/// Who votes, in this order, until it is enough.
pub const VOTERS: &[&str] = &["chidi", "emre", "esin", "gul"];

/// Name, highest value, votes, votes of leads, whether compliance votes too.
const TIERS: &[(&str, Option<&str>, u32, u32, bool)] = &[
    ("T1", Some("1000"), 1, 0, false),
    ("T2", Some("20000"), 2, 1, false),
    ("T3", None, 3, 2, true),
];

/// What a policy and its roster say instead where one vote is enough whatever came before: hundreds of claims of one sender would
/// need more and more people.
const ONE_VOTE_EACH: [(&str, &str); 5] = [
    ("maker_multiple = 10", "maker_multiple = 1000"),
    ("pair_multiple = 10", "pair_multiple = 1000"),
    ("week_multiple = 3", "week_multiple = 1000"),
    ("value_max = \"1000\"", "value_max = \"900000\""),
    ("value_max = \"20000\"", "value_max = \"950000\""),
];

/// An exchange's desk with its people.
pub struct Office {
    pub desk: Desk,
    prices: RefCell<Vec<(String, String)>>,
    /// A person's public key, where votes are signed.
    keys: RefCell<Vec<(String, String)>>,
    /// Text of `chains.toml` and `policy.toml` that a story changes.
    edits: RefCell<Vec<(String, String)>>,
}

/// A network as policy and roster know it.
pub struct Accounts {
    /// The `[[wallet]]` of `policy.toml`; empty where nothing is ever sent.
    pub wallet: String,
    /// The `[[network]]` of the roster; empty likewise.
    pub pinned: String,
}

impl Office {
    pub fn new() -> Self {
        Self {
            desk: Desk::new(),
            prices: RefCell::default(),
            keys: RefCell::default(),
            edits: RefCell::default(),
        }
    }

    /// The price of an asset.
    pub fn price(&self, asset: &str, price: &str) {
        let mut prices = self.prices.borrow_mut();
        prices.retain(|(known, _)| known != asset);
        prices.push((asset.to_owned(), price.to_owned()));
    }

    /// Replaces text of `chains.toml` and `policy.toml`; it must stand in one of them when they are written next.
    pub fn edit(&self, old: &str, new: &str) {
        self.edits
            .borrow_mut()
            .push((old.to_owned(), new.to_owned()));
    }

    /// As [`ONE_VOTE_EACH`] says, for the policy.
    pub fn one_vote_each(&self) {
        for (old, new) in ONE_VOTE_EACH {
            self.edit(old, new);
        }
    }

    /// The same for the roster, once it is written.
    pub fn pin_one_vote_each(&self) {
        let mut roster = self.desk.read("roster.toml");
        for (old, new) in ONE_VOTE_EACH {
            assert!(roster.contains(old), "{old}");
            roster = roster.replace(old, new);
        }
        self.desk.write("roster.toml", roster);
    }

    /// Says what signs a person's votes.
    pub fn key_of_person(&self, person: &str, line: &str) {
        self.keys
            .borrow_mut()
            .push((person.to_owned(), line.to_owned()));
    }

    /// Writes what is configured, for both programs.
    pub fn configure(&self, chains: &str, accounts: &[Accounts]) {
        let mut chains = chains.to_owned();
        let mut policy = self.policy(accounts);
        for (old, new) in self.edits.borrow().iter() {
            assert!(
                chains.contains(old) || policy.contains(old),
                "'{old}' is in neither file"
            );
            chains = chains.replace(old, new);
            policy = policy.replace(old, new);
        }
        self.desk
            .write("roster.toml", self.roster(&policy, accounts));
        self.desk.write("chains.toml", chains);
        self.desk.write("policy.toml", policy);
    }

    /// Imports the address book and the ledger.
    pub fn import_book(&self, addresses: &str, ledger: &str) {
        let desk = &self.desk;
        desk.write("addresses.csv", addresses);
        desk.write("ledger.csv", ledger);
        desk.run(&["addresses", "import", "addresses.csv"]).ok();
        desk.run(&["ledger", "import", "ledger.csv"]).ok();
    }

    /// Imports the prices as of now.
    pub fn import_prices(&self) {
        let mut text = "asset,currency,price,time,source\n".to_owned();
        let time = now();
        for (asset, price) in self.prices.borrow().iter() {
            writeln!(text, "{asset},USD,{price},{time},test").unwrap();
        }
        self.desk.write("prices.csv", text);
        self.desk.run(&["prices", "import", "prices.csv"]).ok();
    }

    /// The one deposit of a transaction.
    #[track_caller]
    pub fn found(&self, tx: &str) -> Value {
        let found: Vec<Value> = self
            .desk
            .deposits()
            .into_iter()
            .filter(|row| row["tx_id"].as_str() == Some(tx))
            .collect();
        assert_eq!(found.len(), 1, "deposits of {tx}: {found:?}");
        found.into_iter().next().unwrap()
    }

    fn is_signed(&self) -> bool {
        !self.keys.borrow().is_empty()
    }

    fn policy(&self, accounts: &[Accounts]) -> String {
        let mut text = r#"name = "house"
currency = "USD"
quote_valid_minutes = 60
price_age_max_minutes = 600
screening_age_max_minutes = 600
release_screening_age_max_minutes = 600
package_valid_minutes = 60
gas_buffer_percent = "25"
network_fee_max = "200"
network_fee_max_percent = "50"

[[fee]]
kinds = ["missed_credit", "memo_missing"]
networks = []
form = "flat"
amount = "0"

[[fee]]
kinds = []
networks = []
form = "flat"
amount = "10"

[policy_change]
admin_votes = 2
compliance_votes = 1
delay_minutes = 0

"#
        .to_owned();
        let is_signed = self.is_signed();
        write!(
            text,
            r#"[approval]
signed_votes = {is_signed}
vote_valid_minutes = 600
day_release_max = "1000000"
week_multiple = 3
maker_multiple = 10
pair_multiple = 10

[[approval.rule]]
kinds = []
networks = []
resolutions = []
action = "tiers"

"#
        )
        .unwrap();
        text.push_str(&tiers("delay_minutes = 0"));
        text.push_str(&self.people());
        text.extend(accounts.iter().map(|accounts| accounts.wallet.as_str()));
        text
    }

    /// What the signers pinned on their own machine: written from the same facts, not by the program.
    fn roster(&self, policy: &str, accounts: &[Accounts]) -> String {
        let digest = hex::encode(Sha256::digest(policy.as_bytes()));
        let is_signed = self.is_signed();
        let mut text = format!(
            r#"format = "recover-roster/1"
exchange = "house"
content_age_seconds_max = 604800
package_valid_seconds_max = 86400

[[policy]]
version = 1
digest = "{digest}"

[approval]
signed_votes = {is_signed}
vote_valid_seconds = 36000
screening_age_max_seconds = 36000
release_screening_age_max_seconds = 36000
week_multiple = 3
maker_multiple = 10
pair_multiple = 10
day_release_max = "1000000"

[[approval.rule]]
number = 1
kinds = []
networks = []
resolutions = []
action = "tiers"

"#
        );
        text.push_str(&tiers("delay_seconds = 0"));
        text.push_str(&self.people());
        text.extend(accounts.iter().map(|accounts| accounts.pinned.as_str()));
        text
    }

    fn people(&self) -> String {
        let keys = self.keys.borrow();
        let mut text = String::new();
        for (name, roles) in PEOPLE {
            let of_this = keys.iter().filter(|(person, _)| person == name);
            let keys: Vec<&String> = of_this.map(|(_, key)| key).collect();
            writeln!(
                text,
                "[[person]]\nname = \"{name}\"\nroles = {roles:?}\nkeys = {keys:?}\n"
            )
            .unwrap();
        }
        text
    }
}

fn tiers(delay: &str) -> String {
    let mut text = String::new();
    for (name, value_max, votes, lead_votes, compliance_vote) in TIERS {
        let value_max =
            value_max.map_or_else(String::new, |most| format!("value_max = \"{most}\"\n"));
        writeln!(
            text,
            "[[approval.tier]]\nname = \"{name}\"\n{value_max}votes = {votes}\nlead_votes = {lead_votes}\n\
             compliance_vote = {compliance_vote}\n{delay}\n"
        )
        .unwrap();
    }
    text
}
