//! An exchange with one or two real nodes, its files, and keys that only the tests hold.

use recover_testkit::{Anvil, AnvilOptions, Arg, Contracts};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::cell::RefCell;

use crate::desk::{Desk, now, rows};
use crate::settle::signer::{Key, checksummed};
use crate::world::{Book, COIN, Chain, START, Token, deploy};

/// Blocks until one is final.
pub const DEPTH: u64 = 3;

/// Who pays top-ups and calls factories.
pub fn gas() -> Key {
    Key::new(0x22)
}

/// Where swept money goes.
pub fn treasury() -> Key {
    Key::new(0x33)
}

/// The key of deposit address `number`, 1 to 63.
pub fn deposit(number: u8) -> Key {
    Key::new(0x40 + number)
}

/// The user of deposit address `number`.
pub fn user(number: u8) -> String {
    format!("U-2{number:02}")
}

/// An address that a user proved to be theirs.
pub fn proved() -> Key {
    Key::new(0x39)
}

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

/// Up to which value one vote is enough, and two with a lead.
pub const TIERS: [&str; 2] = ["1000", "20000"];

/// A factory of the exchange: its network, its address and where its forwarders pay to.
#[derive(Clone)]
pub struct Factory {
    pub chain: Chain,
    pub address: String,
    pub parent: String,
}

/// The exchange.
pub struct House {
    pub desk: Desk,
    pub ethereum: Anvil,
    pub bsc: Option<Anvil>,
    pub stranger: String,
    pub book: RefCell<Book>,
    factories: RefCell<Vec<Factory>>,
    prices: RefCell<Vec<(String, String)>>,
    /// A person's public key, where votes are signed.
    keys: RefCell<Vec<(String, String)>>,
    /// Lines of `chains.toml` and `policy.toml` that a story changes.
    edits: RefCell<Vec<(String, String)>>,
    /// Another address of ethereum's node than its own, for a proxy before it.
    url: RefCell<Option<String>>,
}

fn options(chain_id: u64) -> AnvilOptions {
    Anvil::options(chain_id).timestamp(START).slots_in_an_epoch(1)
}

fn ready(anvil: Anvil) -> Anvil {
    anvil.call("anvil_setBlockTimestampInterval", json!([12]));
    anvil.set_balance(&gas().account(), 100 * COIN);
    anvil
}

impl House {
    /// An exchange on ethereum alone.
    pub fn new() -> Self {
        Self::with(options(1), None)
    }

    /// An exchange whose addresses also exist on bsc, where it takes no deposits.
    pub fn on_two() -> Self {
        Self::with(options(1), Some(options(56)))
    }

    pub fn with(ethereum: AnvilOptions, bsc: Option<AnvilOptions>) -> Self {
        let ethereum = ready(ethereum.start());
        let bsc = bsc.map(|options| ready(options.start()));
        let mut book = Book::default();
        book.coverage.push((Chain::Ethereum, START));
        if bsc.is_some() {
            book.coverage.push((Chain::Bsc, START));
        }
        let prices = [("ethereum/native", "3000.00"), ("bsc/native", "600.00")];
        let stranger = ethereum.accounts()[0].clone();
        Self {
            desk: Desk::new(),
            ethereum,
            bsc,
            stranger,
            book: RefCell::new(book),
            factories: RefCell::default(),
            prices: RefCell::new(
                prices
                    .map(|(asset, price)| (asset.to_owned(), price.to_owned()))
                    .to_vec(),
            ),
            keys: RefCell::default(),
            edits: RefCell::default(),
            url: RefCell::default(),
        }
    }

    pub fn anvil(&self, chain: Chain) -> &Anvil {
        match chain {
            Chain::Ethereum => &self.ethereum,
            Chain::Bsc => self.bsc.as_ref().expect("a house on two networks"),
        }
    }

    /// Issues deposit address `number`, held by a key, for ethereum.
    pub fn issue(&self, number: u8) -> Key {
        let key = deposit(number);
        self.book.borrow_mut().row(
            &user(number),
            "deposit_address",
            &key.account(),
            "ethereum",
            "",
            "eoa",
        );
        key
    }

    /// Issues an address that is a forwarder of a factory, deployed or not.
    pub fn issue_forwarder(&self, number: u8, address: &str, control: &str) {
        self.book.borrow_mut().row(
            &user(number),
            "deposit_address",
            address,
            "ethereum",
            "",
            control,
        );
    }

    /// Puts a factory on a network; its forwarders pay to `parent`.
    pub fn factory(&self, chain: Chain, from: &str, parent: &str) -> String {
        let anvil = self.anvil(chain);
        let made = deploy(anvil, from, "ForwarderFactory", &[Arg::address(parent)]);
        self.factories.borrow_mut().push(Factory {
            chain,
            address: made.address.clone(),
            parent: checksummed(parent),
        });
        made.address
    }

    /// The forwarder of a factory under a salt, and how the address book writes its control.
    pub fn forwarder(&self, chain: Chain, factory: &str, salt: [u8; 32]) -> (String, String) {
        let anvil = self.anvil(chain);
        let artifact = Contracts::load().get("ForwarderFactory");
        let address =
            anvil.read_address(factory, artifact, "predict(bytes32)", &[Arg::Word(salt)]);
        let hash = anvil.call(
            "eth_call",
            json!([{
                "to": factory,
                "data": format!("0x{}", hex::encode(artifact.call_data("initCodeHash()", &[]))),
            }, "latest"]),
        );
        let control = format!(
            "create2:{factory}:0x{}:{}",
            hex::encode(salt),
            hash.as_str().unwrap()
        );
        (address, control)
    }

    /// A token of some contract of ours, a million coins of six digits with the stranger, at one dollar.
    pub fn token(&self, chain: Chain, contract: &str) -> Token {
        let anvil = self.anvil(chain);
        let token = deploy(anvil, &self.stranger, contract, &Token::args("New Coin", "NEW", 6));
        token.mint(anvil, &self.stranger, 1_000_000_000_000);
        self.price(
            &format!("{}/contract:{}", chain.name(), token.address),
            "1.00",
        );
        token
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

    /// Says what signs a person's votes.
    pub fn key_of_person(&self, person: &str, line: &str) {
        self.keys
            .borrow_mut()
            .push((person.to_owned(), line.to_owned()));
    }

    /// Puts something before ethereum's node.
    pub fn through(&self, url: &str) {
        *self.url.borrow_mut() = Some(url.to_owned());
    }

    /// Writes the files and imports them.
    pub fn furnish(&self) {
        self.furnish_without_prices();
        self.import_prices();
    }

    /// As [`House::furnish`], for a desk that has no price yet.
    pub fn furnish_without_prices(&self) {
        let desk = &self.desk;
        let policy = self.policy();
        let mut chains = network(
            Chain::Ethereum,
            self.url.borrow().as_deref().unwrap_or(self.ethereum.rpc_url()),
        );
        if let Some(bsc) = &self.bsc {
            chains.push_str(&network(Chain::Bsc, bsc.rpc_url()));
        }
        let mut policy = policy;
        for (old, new) in self.edits.borrow().iter() {
            assert!(
                chains.contains(old) || policy.contains(old),
                "'{old}' is in neither file"
            );
            chains = chains.replace(old, new);
            policy = policy.replace(old, new);
        }
        desk.write("roster.toml", self.roster(&policy));
        desk.write("chains.toml", chains);
        desk.write("policy.toml", policy);
        let book = self.book.borrow();
        desk.write("addresses.csv", book.addresses_csv());
        desk.write("ledger.csv", book.ledger_csv());
        desk.run(&["addresses", "import", "addresses.csv"]).ok();
        desk.run(&["ledger", "import", "ledger.csv"]).ok();
    }

    pub fn import_prices(&self) {
        let mut text = "asset,currency,price,time,source\n".to_owned();
        let time = now();
        for (asset, price) in self.prices.borrow().iter() {
            text.push_str(&format!("{asset},USD,{price},{time},test\n"));
        }
        self.desk.write("prices.csv", text);
        self.desk.run(&["prices", "import", "prices.csv"]).ok();
    }

    /// Makes everything so far final, on both nodes.
    pub fn bury(&self) {
        self.ethereum.mine(DEPTH);
        if let Some(bsc) = &self.bsc {
            bsc.mine(DEPTH);
        }
    }

    /// Makes everything final and scans.
    pub fn scan(&self) {
        self.bury();
        rows(self.desk.json(&["scan"]));
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

    /// Reviews a token as genuine.
    pub fn review(&self, chain: Chain, token: &Token) {
        let arguments = [
            "tokens",
            "review",
            chain.name(),
            &token.address,
            "--decision",
            "genuine",
            "--decimals",
            "6",
            "--reason",
            "issuer known",
        ];
        self.desk.run_as("ana", &arguments).ok();
    }

    /// Which key signs for an account.
    pub fn key(&self, account: &str) -> Key {
        let known = [gas(), treasury(), proved()].into_iter();
        known
            .chain((1..64).map(deposit))
            .find(|key| key.address() == account)
            .unwrap_or_else(|| panic!("nobody here signs for {account}"))
    }

    fn policy(&self) -> String {
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
        let is_signed = !self.keys.borrow().is_empty();
        text.push_str(&format!(
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

[[approval.tier]]
name = "T1"
value_max = "{}"
votes = 1
lead_votes = 0
compliance_vote = false
delay_minutes = 0

[[approval.tier]]
name = "T2"
value_max = "{}"
votes = 2
lead_votes = 1
compliance_vote = false
delay_minutes = 0

[[approval.tier]]
name = "T3"
votes = 3
lead_votes = 2
compliance_vote = true
delay_minutes = 0

"#,
            TIERS[0], TIERS[1]
        ));
        for (name, roles) in PEOPLE {
            text.push_str(&self.person(name, roles));
        }
        for chain in self.chains() {
            text.push_str(&self.wallet(chain));
        }
        text
    }

    fn chains(&self) -> Vec<Chain> {
        let mut chains = vec![Chain::Ethereum];
        chains.extend(self.bsc.as_ref().map(|_| Chain::Bsc));
        chains
    }

    fn person(&self, name: &str, roles: &[&str]) -> String {
        let keys: Vec<String> = self
            .keys
            .borrow()
            .iter()
            .filter(|(person, _)| person == name)
            .map(|(_, key)| key.clone())
            .collect();
        format!("[[person]]\nname = \"{name}\"\nroles = {roles:?}\nkeys = {keys:?}\n\n")
    }

    fn wallet(&self, chain: Chain) -> String {
        let mut text = format!(
            "[[wallet]]\nnetwork = \"{}\"\ntreasury = \"{}\"\nfee_max = \"1\"\ngas = \"{}\"\ntop_up_max = \"1\"\n\n",
            chain.name(),
            treasury().address(),
            gas().address()
        );
        let artifacts = Contracts::load();
        let selector = |contract: &str, signature: &str| {
            let selectors = &artifacts.get(contract).selectors;
            format!("0x{}", selectors[signature])
        };
        for factory in self.factories.borrow().iter() {
            if factory.chain == chain {
                text.push_str(&format!(
                    "[[wallet.factory]]\naddress = \"{}\"\nparent = \"{}\"\ndeploy = \"{}{{salt}}\"\nflush_token = \
                     \"{}{{token}}\"\nflush_native = \"{}\"\n\n",
                    checksummed(&factory.address),
                    factory.parent,
                    selector("ForwarderFactory", "deploy(bytes32)"),
                    selector("Forwarder", "flushToken(address)"),
                    selector("Forwarder", "flush()"),
                ));
            }
        }
        text
    }

    /// What the signers pinned on their own machine: written from the same facts, not by the program.
    fn roster(&self, policy: &str) -> String {
        let digest = hex::encode(Sha256::digest(policy.as_bytes()));
        let is_signed = !self.keys.borrow().is_empty();
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

[[approval.tier]]
name = "T1"
value_max = "{}"
votes = 1
lead_votes = 0
compliance_vote = false
delay_seconds = 0

[[approval.tier]]
name = "T2"
value_max = "{}"
votes = 2
lead_votes = 1
compliance_vote = false
delay_seconds = 0

[[approval.tier]]
name = "T3"
votes = 3
lead_votes = 2
compliance_vote = true
delay_seconds = 0

"#,
            TIERS[0], TIERS[1]
        );
        for (name, roles) in PEOPLE {
            text.push_str(&self.person(name, roles));
        }
        for chain in self.chains() {
            let (treasury, gas) = (treasury().address(), gas().address());
            text.push_str(&format!(
                "[[network]]\nname = \"{}\"\nchain = \"eip155:{}\"\ntreasury = \"{treasury}\"\ngas = \"{gas}\"\n\
                 fee_max = \"{COIN}\"\ntop_up_max = \"{COIN}\"\n\n",
                chain.name(),
                self.anvil(chain).chain_id(),
            ));
        }
        text
    }
}

fn network(chain: Chain, url: &str) -> String {
    let (id, deposits, symbol, rule) = match chain {
        Chain::Ethereum => (1, "open", "ETH", "finalized_tag"),
        Chain::Bsc => (56, "suspended", "BNB", "confirmations"),
    };
    let name = chain.name();
    format!(
        r#"[network.{name}]
family = "evm"
caip2 = "eip155:{id}"
display = "{name}"
aliases = []
deposits = "{deposits}"
recovery = "direct"
memo = "none"
sibling_group = "evm-secp256k1"
explorer = "https://{name}.example"
explorer_aliases = []
fee_rule = "execution"
fee_style = "eip1559"

[network.{name}.finality]
rule = "{rule}"
confirmations = 2

[network.{name}.native]
symbol = "{symbol}"
name = "{symbol}"
decimals = 18
minimum = "0.001"

[[network.{name}.source]]
kind = "json_rpc"
url = "{url}"
requests_per_second = 5000
log_range_max = 1000

"#
    )
}
