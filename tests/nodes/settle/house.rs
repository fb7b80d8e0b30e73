//! An exchange with one or two real nodes, its files, and keys that only the tests hold.

use recover_testkit::{Anvil, AnvilOptions, Arg, Contracts};
use serde_json::json;
use std::cell::RefCell;
use std::ops::Deref;

use crate::desk::rows;
use crate::settle::office::{Accounts, Office};
use crate::settle::signer::{Key, checksummed};
use crate::world::{Book, COIN, Chain, START, Token, deploy};

/// Blocks until one is final.
pub const DEPTH: u64 = 3;

/// Who pays top-ups and calls factories.
pub fn gas() -> Key {
    Key::new(0x22)
}

/// Mines a block with this base fee, in wei: what the next ones cost.
pub fn base_fee(anvil: &Anvil, price: u64) {
    anvil.call(
        "anvil_setNextBlockBaseFeePerGas",
        json!([format!("0x{price:x}")]),
    );
    anvil.mine(1);
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

/// A factory of the exchange: its network, its address and where its forwarders pay to.
#[derive(Clone)]
pub struct Factory {
    pub chain: Chain,
    pub address: String,
    pub parent: String,
}

/// The exchange.
pub struct House {
    office: Office,
    pub ethereum: Anvil,
    pub bsc: Option<Anvil>,
    pub stranger: String,
    pub book: RefCell<Book>,
    factories: RefCell<Vec<Factory>>,
    /// Another address of ethereum's node than its own, for a proxy before it.
    url: RefCell<Option<String>>,
}

fn options(chain_id: u64) -> AnvilOptions {
    Anvil::options(chain_id)
        .timestamp(START)
        .slots_in_an_epoch(1)
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
        let office = Office::new();
        for (asset, price) in [("ethereum/native", "3000.00"), ("bsc/native", "600.00")] {
            office.price(asset, price);
        }
        let stranger = ethereum.accounts()[0].clone();
        Self {
            office,
            ethereum,
            bsc,
            stranger,
            book: RefCell::new(book),
            factories: RefCell::default(),
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
        let address = anvil.read_address(factory, artifact, "predict(bytes32)", &[Arg::Word(salt)]);
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
        let token = deploy(
            anvil,
            &self.stranger,
            contract,
            &Token::args("New Coin", "NEW", 6),
        );
        token.mint(anvil, &self.stranger, 1_000_000_000_000);
        self.price(
            &format!("{}/contract:{}", chain.name(), token.address),
            "1.00",
        );
        token
    }

    /// Pauses a token of ethereum, or lets it go on.
    pub fn pause(&self, token: &Token, is_paused: bool) {
        let argument = [Arg::Bool(is_paused)];
        token.call(&self.ethereum, &self.stranger, "setPaused(bool)", &argument);
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
        let url = self.url.borrow();
        let mut chains = network(
            Chain::Ethereum,
            url.as_deref().unwrap_or(self.ethereum.rpc_url()),
        );
        let mut accounts = vec![self.accounts(Chain::Ethereum)];
        if let Some(bsc) = &self.bsc {
            chains.push_str(&network(Chain::Bsc, bsc.rpc_url()));
            accounts.push(self.accounts(Chain::Bsc));
        }
        self.configure(&chains, &accounts);
        self.furnish_book();
    }

    /// Imports the book as it is now.
    pub fn furnish_book(&self) {
        let book = self.book.borrow();
        self.import_book(&book.addresses_csv(), &book.ledger_csv());
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

    /// The accounts on a network, as policy and roster name them.
    fn accounts(&self, chain: Chain) -> Accounts {
        let (name, chain_id) = (chain.name(), self.anvil(chain).chain_id());
        let (treasury, gas) = (treasury().address(), gas().address());
        let mut wallet = format!(
            "[[wallet]]\nnetwork = \"{name}\"\ntreasury = \"{treasury}\"\nfee_max = \"1\"\ngas = \"{gas}\"\n\
             top_up_max = \"1\"\n\n"
        );
        let artifacts = Contracts::load();
        let selector = |contract: &str, signature: &str| {
            let selectors = &artifacts.get(contract).selectors;
            format!("0x{}", selectors[signature])
        };
        for factory in self.factories.borrow().iter() {
            if factory.chain == chain {
                wallet.push_str(&format!(
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
        let pinned = format!(
            "[[network]]\nname = \"{name}\"\nchain = \"eip155:{chain_id}\"\ntreasury = \"{treasury}\"\n\
             gas = \"{gas}\"\nfee_max = \"{COIN}\"\ntop_up_max = \"{COIN}\"\n\n"
        );
        Accounts { wallet, pinned }
    }
}

impl Deref for House {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.office
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
