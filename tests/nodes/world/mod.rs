//! Two real nodes with every case that a desk meets, and what is expected of each as data.
//!
//! The world is deterministic: block times are set, senders and contracts come in a fixed order, so that hashes and
//! addresses are the same in every run. Nothing here knows the code under test; what is expected was read off the
//! taxonomy by hand, and [`World::check`] proves on the chain that each case is what its name says.

mod book;
mod bsc;
mod ethereum;
mod files;

pub use book::{Book, LedgerRow};
pub use files::{APPEALS, bare_chains_toml, owner};

use recover_core::time::Timestamp;
use recover_testkit::{Anvil, Arg, Artifact, Contracts};

/// One coin of 18 decimals, in base units.
pub const COIN: u128 = 1_000_000_000_000_000_000;

/// One coin of the listed tokens, which have 6 decimals.
pub const UNIT: u128 = 1_000_000;

/// Time of the first block, in Unix seconds: 2025-06-01T00:00:00Z.
pub const START: u64 = 1_748_736_000;

/// One of the two networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Chain {
    /// Chain id 1: where the exchange takes deposits.
    Ethereum,
    /// Chain id 56: where the same addresses exist and deposits are suspended.
    Bsc,
}

impl Chain {
    /// Its short name in `chains.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Chain::Ethereum => "ethereum",
            Chain::Bsc => "bsc",
        }
    }
}

/// What a customer sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asset {
    /// The network's own coin.
    Native,
    /// A contract, lower case.
    Contract(String),
}

/// What becomes of a case on its way to the claim queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Two people of the wallet team approve it. The flags say what must be named besides.
    Approved {
        /// A destination: the money leaves to an address that the user proved.
        destination: bool,
        /// A beneficiary: nobody owns the address.
        beneficiary: bool,
        /// The token's contract is reviewed as genuine first.
        review: bool,
    },
    /// Opening or moving on is refused with this code.
    Refused(&'static str),
}

/// Approved with nothing named.
pub const PLAIN: Way = Way::Approved {
    destination: false,
    beneficiary: false,
    review: false,
};

/// What the program must make of a credit.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The primary kind.
    pub kind: &'static str,
    /// The other kinds that fit, in order of precedence.
    pub also: &'static [&'static str],
    /// The flags, sorted as the program sorts them.
    pub flags: &'static [&'static str],
    /// The verdict with its detail.
    pub verdict: &'static str,
    /// Where the deposit stands.
    pub status: &'static str,
    /// Whether it is in the working queue.
    pub queue: bool,
    /// Where a claim on it ends.
    pub way: Way,
}

/// One credit on one chain.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is, for messages.
    pub name: &'static str,
    /// Where it is.
    pub chain: Chain,
    /// The transaction.
    pub tx: String,
    /// Where in the transaction.
    pub position: String,
    /// Who sent it, lower case; `None` for a mint.
    pub from: Option<String>,
    /// Who was credited, lower case.
    pub to: String,
    /// What.
    pub asset: Asset,
    /// How much is ours to dispose of, in base units.
    pub amount: u128,
    /// What the program must make of it.
    pub expected: Expected,
}

/// A contract on a chain.
#[derive(Clone, Debug)]
pub struct Token {
    /// Where it is, lower case.
    pub address: String,
    /// What it is made of.
    pub artifact: &'static Artifact,
}

/// The two nodes and everything that happened on them.
pub struct World {
    /// Chain id 1.
    pub ethereum: Anvil,
    /// Chain id 56.
    pub bsc: Anvil,
    /// Every credit that a scan must find, in the order of their blocks, ethereum first.
    pub cases: Vec<Case>,
    /// What the exchange knows: addresses, ledger.
    pub book: Book,
    /// The tokens of ethereum by symbol.
    pub tokens: Vec<(&'static str, Token)>,
    /// The token of bsc.
    pub busd: Token,
}

impl World {
    /// Starts both nodes and lets everything happen.
    pub fn build() -> World {
        let ethereum = start(Chain::Ethereum);
        let bsc = start(Chain::Bsc);
        let mut book = Book::default();
        let (mut cases, tokens) = ethereum::happen(&ethereum, &mut book);
        let (more, busd) = bsc::happen(&bsc, &ethereum, &mut book);
        cases.extend(more);
        World {
            ethereum,
            bsc,
            cases,
            book,
            tokens,
            busd,
        }
    }

    /// The case of that name.
    pub fn case(&self, name: &str) -> &Case {
        self.cases
            .iter()
            .find(|case| case.name == name)
            .unwrap_or_else(|| panic!("the world has no case {name}"))
    }

    /// The node of a chain.
    pub fn anvil(&self, chain: Chain) -> &Anvil {
        match chain {
            Chain::Ethereum => &self.ethereum,
            Chain::Bsc => &self.bsc,
        }
    }

    /// The token of ethereum with that symbol.
    pub fn token(&self, symbol: &str) -> &Token {
        self.tokens
            .iter()
            .find(|(found, _)| *found == symbol)
            .map(|(_, token)| token)
            .unwrap_or_else(|| panic!("the world has no token {symbol}"))
    }

    /// How many decimals the token of a case says it has.
    pub fn decimals_of(&self, case: &Case) -> String {
        let Asset::Contract(contract) = &case.asset else {
            panic!("{} is no token", case.name)
        };
        // decimals()
        let call = serde_json::json!([{"to": contract, "data": "0x313ce567"}, "latest"]);
        let answer = self.anvil(case.chain).call("eth_call", call);
        let digits = answer
            .as_str()
            .unwrap_or_default()
            .trim_start_matches("0x")
            .to_owned();
        let decimals = u128::from_str_radix(&digits, 16).expect("tokens here have decimals");
        decimals.to_string()
    }

    /// The `chains.toml` of this world, with its sources at these addresses (`None`: the network is left out).
    pub fn chains_toml(&self, ethereum: Option<&str>, bsc: Option<&str>) -> String {
        files::chains_toml(self, ethereum, bsc)
    }

    /// Proves on the chain what each case says of itself: mined, with the outcome its kind needs.
    pub fn check(&self) {
        for case in &self.cases {
            let anvil = self.anvil(case.chain);
            assert_eq!(
                anvil.succeeded(&case.tx),
                case.expected.kind != "failed",
                "{}: the transaction's outcome",
                case.name
            );
            let gained = balance_gain(anvil, case);
            match case.expected.kind {
                "failed" | "fake_token" => assert_eq!(gained, Some(0), "{}", case.name),
                // Several credits of one case's block may add up: the sum of all of them is the change of balance.
                _ => {
                    let all: u128 = self
                        .cases
                        .iter()
                        .filter(|other| {
                            other.tx == case.tx && other.to == case.to && other.asset == case.asset
                        })
                        .map(|other| other.amount)
                        .sum();
                    assert_eq!(gained, Some(all), "{}", case.name);
                }
            }
        }
    }
}

/// What the balance of a case's asset grew by over its block. Each transaction has a block of its own here.
fn balance_gain(anvil: &Anvil, case: &Case) -> Option<u128> {
    let height = anvil.height_of(&case.tx);
    let at = |height: u64| -> u128 {
        let block = format!("0x{height:x}");
        let answer = match &case.asset {
            Asset::Native => anvil.call("eth_getBalance", serde_json::json!([case.to, block])),
            Asset::Contract(contract) => {
                // balanceOf(address)
                let data = format!("0x70a08231000000000000000000000000{}", &case.to[2..]);
                anvil.call(
                    "eth_call",
                    serde_json::json!([{"to": contract, "data": data}, block]),
                )
            }
        };
        let digits = answer.as_str().unwrap_or_default().trim_start_matches("0x");
        if digits.is_empty() {
            0
        } else {
            u128::from_str_radix(digits, 16).unwrap_or(u128::MAX)
        }
    };
    // The one who pays gas out of the same balance has no plain gain; no case does.
    at(height).checked_sub(at(height - 1))
}

fn start(chain: Chain) -> Anvil {
    let (id, seconds) = match chain {
        Chain::Ethereum => (1, 12),
        Chain::Bsc => (56, 3),
    };
    let anvil = Anvil::options(id)
        .timestamp(START)
        .slots_in_an_epoch(2)
        .start();
    anvil.call(
        "anvil_setBlockTimestampInterval",
        serde_json::json!([seconds]),
    );
    anvil
}

/// An address with the checksum of EIP-55, in which `chains.toml` wants its contracts. The hash is the node's.
pub fn checksummed(anvil: &Anvil, address: &str) -> String {
    let digits = address.trim_start_matches("0x").to_lowercase();
    let hash = anvil.call(
        "web3_sha3",
        serde_json::json!([format!("0x{}", hex::encode(&digits))]),
    );
    let hash = hash
        .as_str()
        .expect("a hash is text")
        .trim_start_matches("0x")
        .to_owned();
    let cased = digits
        .chars()
        .zip(hash.chars())
        .map(|(digit, nibble)| match nibble {
            '8'..='9' | 'a'..='f' => digit.to_ascii_uppercase(),
            _ => digit,
        });
    format!("0x{}", cased.collect::<String>())
}

/// A time as files write it.
pub fn rfc3339(unix_seconds: u64) -> String {
    Timestamp::from_seconds(unix_seconds)
        .expect("times of tests are small")
        .to_string()
}

/// The outside world's and our own accounts: the same on both chains.
pub struct People {
    /// A customer's own wallet, and whoever else is outside.
    pub stranger: String,
    /// Another platform, to which we withdraw.
    pub platform: String,
    /// Our hot wallet.
    pub hot: String,
    /// Our account that deploys forwarders.
    pub deployer: String,
    /// Moves other people's tokens by allowance.
    pub spender: String,
}

/// Who is who among the ten accounts of a node.
pub fn people(anvil: &Anvil) -> People {
    let mut accounts = anvil.accounts().into_iter();
    let mut next = || accounts.next().expect("anvil has ten accounts");
    People {
        stranger: next(),
        platform: next(),
        hot: next(),
        deployer: next(),
        spender: next(),
    }
}

/// A deposit address that only a key could move, and whose key nobody needs here. Number 1 to 255.
pub fn address(number: u8) -> String {
    format!("0xde9051{number:034x}")
}

/// The user to whom [`address`] was issued.
pub fn user(number: u8) -> String {
    format!("U-10{number:02}")
}

pub(crate) fn deploy(anvil: &Anvil, from: &str, name: &str, args: &[Arg]) -> Token {
    let artifact = Contracts::load().get(name);
    let address = anvil.deploy_from(from, 0, artifact, args).address;
    Token { address, artifact }
}

impl Token {
    /// A standard test token's constructor arguments.
    pub(crate) fn args(name: &str, symbol: &str, decimals: u128) -> Vec<Arg> {
        vec![Arg::text(name), Arg::text(symbol), Arg::Uint(decimals)]
    }

    /// Calls a function; answers the transaction.
    pub fn call(&self, anvil: &Anvil, from: &str, signature: &str, args: &[Arg]) -> String {
        anvil.send_call(from, &self.address, 0, self.artifact, signature, args)
    }

    /// Makes coins for `owner`.
    pub fn mint(&self, anvil: &Anvil, owner: &str, amount: u128) {
        let done = self.call(
            anvil,
            owner,
            "mint(address,uint256)",
            &[Arg::address(owner), Arg::Uint(amount)],
        );
        assert!(
            anvil.succeeded(&done),
            "{} could not be minted",
            self.artifact.name
        );
    }

    /// Sends coins; answers the transaction.
    pub fn transfer(&self, anvil: &Anvil, from: &str, to: &str, amount: u128) -> String {
        self.call(
            anvil,
            from,
            "transfer(address,uint256)",
            &[Arg::address(to), Arg::Uint(amount)],
        )
    }

    /// It as the asset of a case.
    pub fn asset(&self) -> Asset {
        Asset::Contract(self.address.clone())
    }
}
