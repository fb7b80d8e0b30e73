//! An exchange with real nodes of the Bitcoin family, its files, and keys that only the tests hold.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::ops::Deref;

use recover_testkit::coin_node::{CoinNode, Daemon, Payment};
use serde_json::Value;

use crate::desk::rows;
use crate::keys::{Held, Lock};
use crate::settle::office::{Accounts, Office};
use crate::settle::walk::Package;
use crate::signer::{Fork, Ring};

/// Blocks until one is final.
pub const DEPTH: u64 = 3;

/// One coin in base units.
pub const COIN: u64 = 100_000_000;

/// The header of addresses.csv.
const ADDRESSES: &str = "user_id,role,family,value,network,created,retired,control";

/// The header of ledger.csv.
const LEDGER: &str =
    "id,kind,time,time_to,user_id,network,tx_id,position,address,asset,amount_base,state";

/// What the tests say of a network: whose node, its unit, its price, the most that one transaction may cost.
struct Facts {
    daemon: Daemon,
    symbol: &'static str,
    price: &'static str,
    fee_max: (&'static str, u64),
}

fn facts(network: &str) -> Facts {
    let (daemon, symbol, price) = match network {
        "bitcoin" => (Daemon::Bitcoin, "BTC", "60000.00"),
        "litecoin" => (Daemon::Litecoin, "LTC", "100.00"),
        "bitcoin-sv" => (Daemon::BitcoinSv, "BSV", "50.00"),
        _ => panic!("no node of {network}"),
    };
    Facts {
        daemon,
        symbol,
        price,
        // A few hundred bytes at the fallback rate, and room above it.
        fee_max: ("0.001", 100_000),
    }
}

/// The exchange.
pub struct House {
    office: Office,
    nodes: Vec<(&'static str, Option<CoinNode>)>,
    addresses: RefCell<Vec<String>>,
    /// Who holds what the exchange issued, and its treasury.
    ring: RefCell<Ring>,
    /// Networks that take no deposits.
    suspended: Vec<&'static str>,
}

/// The exchange's own address on every network: what is swept goes there.
pub fn treasury() -> Held {
    Held::of("treasury", Lock::WitnessKey, 0)
}

/// The same where there is no SegWit.
pub fn treasury_of_old() -> Held {
    Held::of("treasury", Lock::Key, 0)
}

/// Where a network's swept money goes.
pub fn treasury_on(network: &str) -> Held {
    match facts(network).daemon {
        Daemon::BitcoinSv => treasury_of_old(),
        Daemon::Bitcoin | Daemon::Litecoin => treasury(),
    }
}

impl House {
    /// An exchange that takes deposits on the first network and knows the others, each with a fresh node.
    pub fn new(networks: &[&'static str]) -> House {
        let office = Office::new();
        for network in networks {
            office.price(&format!("{network}/native"), facts(network).price);
        }
        let start = |network: &&'static str| {
            // The private chains of the two have one first block, and an id means one network: Bitcoin is only known by name then.
            let is_hidden = *network == "bitcoin" && networks.contains(&"bitcoin-sv");
            let node = (!is_hidden).then(|| CoinNode::start(facts(network).daemon));
            // A ledger says nothing of what came after it was exported: all blocks are hours old.
            node.iter()
                .for_each(|node| node.set_time(three_hours_ago()));
            (*network, node)
        };
        let nodes: Vec<(&str, Option<CoinNode>)> = networks.iter().map(start).collect();
        for (network, node) in &nodes {
            // A login must not stand in the file; and what is all one variable is the operator's own node, whose word that a
            // transaction is nowhere counts.
            if let Some(node) = node {
                let url = node.rpc_url_with_credentials();
                office.desk.set_variable(&variable(network), &url);
            }
        }
        House {
            office,
            nodes,
            addresses: RefCell::default(),
            ring: RefCell::new(Ring::new([&treasury(), &treasury_of_old()])),
            suspended: networks[1..].to_vec(),
        }
    }

    /// One that takes deposits on all of its networks.
    pub fn on_all(networks: &[&'static str]) -> House {
        let mut house = House::new(networks);
        house.suspended.clear();
        house
    }

    /// The node of a network.
    #[track_caller]
    pub fn node(&self, network: &str) -> &CoinNode {
        let node = self.nodes().find(|(name, _)| *name == network);
        node.unwrap_or_else(|| panic!("a house without a node of {network}"))
            .1
    }

    fn nodes(&self) -> impl Iterator<Item = (&'static str, &CoinNode)> {
        self.nodes
            .iter()
            .filter_map(|(name, node)| Some((*name, node.as_ref()?)))
    }

    /// The keys of everything issued so far.
    pub fn ring(&self) -> Ring {
        self.ring.borrow().clone()
    }

    /// Adds any row to the address book.
    pub fn row(
        &self,
        user: &str,
        role: &str,
        value: &str,
        network: &str,
        retired: &str,
        control: &str,
    ) {
        // A descriptor of several keys has commas.
        let control = format!("\"{}\"", control.replace('"', "\"\""));
        self.addresses.borrow_mut().push(format!(
            "{user},{role},bitcoin,{value},{network},,{retired},{control}"
        ));
    }

    /// Issues an address of a network to a user, with the descriptor of its keys.
    pub fn issue(&self, user: &str, network: &str, held: &Held) -> String {
        self.issue_as(user, network, held, &held.descriptor())
    }

    /// As [`issue`](House::issue), with other words on how it is unlocked.
    pub fn issue_as(&self, user: &str, network: &str, held: &Held, control: &str) -> String {
        let address = held.address(network);
        self.row(user, "deposit_address", &address, network, "", control);
        self.ring.borrow_mut().add(held);
        address
    }

    /// Pays an address's script on a network that may be another than its own; it waits for a block.
    pub fn pay(&self, network: &str, held: &Held, value: u64) -> Payment {
        self.node(network)
            .pay(&[(held.script().into_bytes(), value)])
    }

    /// Writes the files and imports them.
    pub fn furnish(&self) {
        let networks: String = self
            .nodes
            .iter()
            .map(|(name, node)| self.network(name, node.as_ref()))
            .collect();
        let accounts: Vec<Accounts> = self
            .nodes()
            .map(|(name, node)| accounts(name, node))
            .collect();
        self.configure(&networks, &accounts);
        self.furnish_book();
        self.import_prices();
    }

    /// Imports address book and ledger as they are now.
    pub fn furnish_book(&self) {
        let addresses = format!("{ADDRESSES}\n{}\n", self.addresses.borrow().join("\n"));
        let mut ledger = format!("{LEDGER}\n");
        for (number, (name, _)) in self.nodes.iter().enumerate() {
            writeln!(
                ledger,
                "C-{number},coverage,2015-01-01T00:00:00Z,2100-01-01T00:00:00Z,,{name},,,,,,"
            )
            .unwrap();
        }
        self.import_book(&addresses, &ledger);
    }

    /// Makes everything so far final, on all nodes.
    pub fn bury(&self) {
        for (_, node) in self.nodes() {
            // The block of what waits, and those on top of it.
            node.mine(1 + DEPTH);
        }
    }

    /// Makes everything final and scans.
    #[track_caller]
    pub fn scan(&self) {
        self.bury();
        rows(self.desk.json(&["scan"]));
    }

    /// How signatures are made on a network.
    pub fn fork(&self, network: &str) -> Fork {
        match self.node(network).daemon() {
            Daemon::BitcoinSv => Fork::Id,
            Daemon::Bitcoin | Daemon::Litecoin => Fork::None,
        }
    }

    /// Signs a package outside, by nothing but the keys; the network's bytes.
    #[track_caller]
    pub fn signed(&self, package: &Package) -> Vec<u8> {
        let network = package.leg()["network"].as_str().unwrap();
        self.ring
            .borrow()
            .sign_psbt(&package.unsigned(), self.fork(network))
    }

    /// Brings signed bytes back and sends them, mines them, and follows them to their end; answers the transaction.
    #[track_caller]
    pub fn send(&self, id: &str, package: &Package, signed: &[u8]) -> String {
        let network = package.leg()["network"].as_str().unwrap();
        self.import(id, signed).ok();
        self.broadcast(id).ok().says(&["accepted by"]);
        let tx = tx_id(signed);
        assert_eq!(
            self.node(network).confirmations(&tx),
            Some(0),
            "{tx} waits on {network}"
        );
        tx
    }

    /// Mines what waits, and says what a claim's status is then and after it is final.
    #[track_caller]
    pub fn confirm(&self, id: &str, network: &str) -> Value {
        self.node(network).mine(1);
        let seen = self.track(id);
        assert_eq!(seen["status"], "confirming", "not final yet: {seen}");
        self.bury();
        self.track(id)
    }

    fn network(&self, name: &str, node: Option<&CoinNode>) -> String {
        let symbol = facts(name).symbol;
        let deposits = if self.suspended.contains(&name) {
            "suspended"
        } else {
            "open"
        };
        let caip2 = node.map_or_else(
            || "bip122:000000000019d6689c085ae165831e93".to_owned(),
            CoinNode::caip2,
        );
        let mut text = format!(
            r#"[network.{name}]
family = "bitcoin"
caip2 = "{caip2}"
display = "{name}"
aliases = []
deposits = "{deposits}"
recovery = "direct"
memo = "none"
sibling_group = "bitcoin"
explorer = "https://{name}.example"
explorer_aliases = []

[network.{name}.finality]
rule = "confirmations"
confirmations = {DEPTH}

[network.{name}.native]
symbol = "{symbol}"
name = "{symbol}"
decimals = 8
minimum = "0.0001"

"#
        );
        if node.is_some() {
            let url = variable(name);
            writeln!(
                text,
                "[[network.{name}.source]]\nkind = \"bitcoin_rpc\"\nurl = \"${{{url}}}\"\nrequests_per_second = 5000\n"
            )
            .unwrap();
        }
        text
    }
}

fn three_hours_ago() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs() - 3 * 3600
}

/// The variable that holds the address of a network's node.
fn variable(network: &str) -> String {
    format!("NODE_{}", network.to_uppercase().replace('-', "_"))
}

/// The accounts on a network, as policy and roster name them.
fn accounts(network: &str, node: &CoinNode) -> Accounts {
    let treasury = treasury_on(network).address(network);
    let (fee_max, units) = facts(network).fee_max;
    let wallet = format!(
        "[[wallet]]\nnetwork = \"{network}\"\ntreasury = \"{treasury}\"\nfee_max = \"{fee_max}\"\n\n"
    );
    let pinned = format!(
        "[[network]]\nname = \"{network}\"\nchain = \"{}\"\ntreasury = \"{treasury}\"\nfee_max = \"{units}\"\ntop_up_max = \"1\"\n\n",
        node.caip2()
    );
    Accounts { wallet, pinned }
}

/// The id of a signed transaction, as nodes print it.
#[track_caller]
pub fn tx_id(signed: &[u8]) -> String {
    let transaction: bitcoin::Transaction =
        bitcoin::consensus::encode::deserialize(signed).unwrap();
    transaction.compute_txid().to_string()
}

/// What the nodes said last, behind whatever failed.
impl Drop for House {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for (name, node) in self.nodes() {
                eprintln!("the last lines of {name}'s {node}:\n{}", node.log_tail());
            }
        }
    }
}

impl Deref for House {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.office
    }
}
