//! Every asset of `chains.toml` against the token lists of a package registry: the contract and its decimals are those that
//! the lists named in `confirmed_by` hold, and no list says otherwise. Never by symbol.

use recover_chain_cosmos::CosmosFamily;
use recover_chain_evm::address;
use recover_chain_solana::SolanaFamily;
use recover_chain_stellar::StellarFamily;
use recover_chain_ton::TonFamily;
use recover_chain_tron::TronFamily;
use recover_chain_xrpl::{ISSUED_DECIMALS, XrplFamily};
use recover_core::detect::Detect as _;
use recover_testkit::cache;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// Assets of one network at most: what people really send, not a catalogue.
const ASSETS_MAX: usize = 10;

/// The EVM networks that the template describes.
const EVM: &[&str] = &[
    "ethereum",
    "bsc",
    "polygon",
    "arbitrum",
    "optimism",
    "base",
    "avalanche",
    "linea",
    "scroll",
    "gnosis",
    "celo",
    "mantle",
    "opbnb",
    "cronos",
    "ethereum-classic",
    "sonic",
];

/// The networks that route deposits by memo.
const MEMO: &[&str] = &[
    "xrpl",
    "stellar",
    "cosmos",
    "osmosis",
    "kava",
    "celestia",
    "injective",
    "sei",
    "dydx",
    "ton",
];

/// The networks whose deposits come by import.
const OUTPUTS: &[&str] = &[
    "bitcoin",
    "litecoin",
    "dogecoin",
    "bitcoin-cash",
    "bitcoin-sv",
    "dash",
];
const IMPORT: &[&str] = &["tron", "solana"];

/// One asset as the configuration has it.
#[derive(Debug, Clone)]
struct Asset {
    network: String,
    caip2: String,
    symbol: String,
    contract: String,
    decimals: u64,
    confirmed_by: Vec<String>,
}

/// What the lists hold: by chain and contract (lower case on EVM networks), each list's decimals; `None` where the network
/// gives its tokens none.
type Lists = BTreeMap<(String, String), BTreeSet<(String, Option<u64>)>>;

fn tests_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests")
}

fn lists() -> Lists {
    let output = Command::new("node")
        .arg(tests_folder().join("lists/extract.mjs"))
        .arg(cache::node_modules("lists"))
        .output()
        .expect("node runs: tests/setup installs it");
    assert!(
        output.status.success(),
        "extract.mjs: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut lists = Lists::new();
    let lines = String::from_utf8(output.stdout).expect("the lists are UTF-8");
    for line in lines.lines() {
        let token: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
        let text = |key: &str| token[key].as_str().expect("a text").to_owned();
        lists
            .entry((text("caip2"), text("contract")))
            .or_default()
            .insert((text("list"), token["decimals"].as_u64()));
    }
    lists
}

fn assets(configuration: &toml::Table) -> Vec<Asset> {
    let mut assets = Vec::new();
    for (network, table) in configuration["network"].as_table().expect("networks") {
        let caip2 = table["caip2"].as_str().expect("a chain id");
        let listed = table.get("asset").and_then(toml::Value::as_array);
        for asset in listed.into_iter().flatten() {
            let text = |key: &str| {
                asset
                    .get(key)
                    .and_then(toml::Value::as_str)
                    .unwrap_or_else(|| panic!("{network}: an asset without {key}"))
                    .to_owned()
            };
            assets.push(Asset {
                network: network.clone(),
                caip2: caip2.to_owned(),
                symbol: text("symbol"),
                contract: text("contract"),
                decimals: asset["decimals"]
                    .as_integer()
                    .and_then(|decimals| u64::try_from(decimals).ok())
                    .expect("decimals are a number"),
                confirmed_by: asset["confirmed_by"]
                    .as_array()
                    .expect("confirmed_by is a list")
                    .iter()
                    .map(|list| list.as_str().expect("a list's name").to_owned())
                    .collect(),
            });
        }
    }
    assets
}

fn configuration() -> toml::Table {
    let path = tests_folder().join("../chains.toml");
    let text = std::fs::read_to_string(path).expect("chains.toml is there");
    text.parse().expect("chains.toml is TOML")
}

/// How an asset is written in canonical text; `None` when it is none of its family.
fn canonical(caip2: &str, contract: &str) -> Option<String> {
    let text = match caip2.split_once(':')?.0 {
        "eip155" => address::parse(contract).map(|address| address.text().to_owned()),
        "xrpl" => XrplFamily.asset(contract),
        "stellar" => StellarFamily.asset(contract),
        "cosmos" => CosmosFamily.asset(contract),
        "tvm" => TonFamily.asset(contract),
        "tron" => TronFamily.asset(contract),
        "solana" => SolanaFamily.asset(contract),
        other => panic!("no codec for {other}"),
    };
    text.ok()
}

/// What the lists say against the assets, one line each.
fn violations(assets: &[Asset], lists: &Lists) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for asset in assets {
        let name = format!("{} {} {}", asset.network, asset.symbol, asset.contract);
        let contract = match asset.caip2.starts_with("eip155:") {
            true => asset.contract.to_lowercase(),
            false => asset.contract.clone(),
        };
        if canonical(&asset.caip2, &asset.contract).as_ref() != Some(&asset.contract) {
            found.push(format!(
                "{name}: not written in canonical form (EVM: with its EIP-55 checksum)"
            ));
        }
        if !seen.insert((asset.caip2.clone(), contract.clone())) {
            found.push(format!("{name}: stands there twice"));
        }
        let count = counts.entry(&asset.network).or_default();
        *count += 1;
        if *count == ASSETS_MAX + 1 {
            found.push(format!("{}: more than {ASSETS_MAX} assets", asset.network));
        }
        let holds = lists.get(&(asset.caip2.clone(), contract));
        let holds = holds.cloned().unwrap_or_default();
        // Without decimals of its own an asset is counted in the unit that its adapter states.
        let agrees = |decimals: Option<u64>| match decimals {
            Some(decimals) => decimals == asset.decimals,
            None => asset.decimals == u64::from(ISSUED_DECIMALS),
        };
        if asset.confirmed_by.is_empty() {
            found.push(format!("{name}: no list confirms it"));
        }
        for list in &asset.confirmed_by {
            if !holds
                .iter()
                .any(|(name, decimals)| name == list && agrees(*decimals))
            {
                found.push(format!(
                    "{name}: {list} does not hold it with {} decimals",
                    asset.decimals
                ));
            }
        }
        for (list, decimals) in &holds {
            if !agrees(*decimals) {
                found.push(format!("{name}: {list} says {decimals:?} decimals"));
            }
        }
    }
    found
}

#[test]
fn oracle_every_asset_is_confirmed_by_its_lists() {
    let configuration = configuration();
    let assets = assets(&configuration);
    assert!(
        assets.len() >= 100,
        "only {} assets were read",
        assets.len()
    );
    let lists = lists();
    assert!(lists.len() > 5_000, "only {} tokens were read", lists.len());
    let found = violations(&assets, &lists);
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn oracle_the_coins_outside_the_evm_have_the_decimals_of_the_lists() {
    let configuration = configuration();
    let lists = lists();
    for network in MEMO.iter().chain(IMPORT) {
        let table = &configuration["network"][*network];
        let caip2 = table["caip2"].as_str().expect("a chain id").to_owned();
        let decimals = table["native"]["decimals"].as_integer();
        let said = lists
            .get(&(caip2, "native".to_owned()))
            .unwrap_or_else(|| panic!("no list has the coin of {network}"));
        for (list, other) in said {
            let other = other.and_then(|other| i64::try_from(other).ok());
            assert_eq!(decimals, other, "{network}: {list}");
        }
    }
}

#[test]
fn own_the_networks_are_all_there() {
    let configuration = configuration();
    let networks: BTreeSet<&str> = configuration["network"]
        .as_table()
        .expect("networks")
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        networks,
        EVM.iter()
            .chain(MEMO)
            .chain(OUTPUTS)
            .chain(IMPORT)
            .copied()
            .collect()
    );
    // No list covers them: nothing but their coins may be listed.
    for network in ["ethereum-classic", "celestia", "sei"] {
        let table = &configuration["network"][network];
        assert_eq!(table.get("asset"), None, "{network}");
    }
    for network in EVM {
        let native = &configuration["network"][*network]["native"];
        assert_eq!(native["decimals"].as_integer(), Some(18), "{network}");
    }
    for network in MEMO {
        let memo = &configuration["network"][*network]["memo"];
        assert_eq!(memo.as_str(), Some("required"), "{network}");
    }
    for network in OUTPUTS {
        let table = &configuration["network"][*network];
        assert_eq!(table.get("asset"), None, "{network} has its coin alone");
        let decimals = table["native"]["decimals"].as_integer();
        assert_eq!(decimals, Some(8), "{network}");
    }
    for network in IMPORT {
        let table = &configuration["network"][*network];
        assert_eq!(table.get("source"), None, "{network}");
    }
}

#[test]
fn own_each_rule_of_the_lists_bites() {
    let usdt = Asset {
        network: "ethereum".to_owned(),
        caip2: "eip155:1".to_owned(),
        symbol: "USDT".to_owned(),
        contract: "0xdAC17F958D2ee523a2206206994597C13D831ec7".to_owned(),
        decimals: 6,
        confirmed_by: vec!["a".to_owned()],
    };
    let key = ("eip155:1".to_owned(), usdt.contract.to_lowercase());
    let says = |entries: &[(&str, u64)]| -> Lists {
        let entries = entries
            .iter()
            .map(|(list, decimals)| ((*list).to_owned(), Some(*decimals)));
        BTreeMap::from([(key.clone(), entries.collect())])
    };
    let good = says(&[("a", 6), ("b", 6)]);
    assert!(violations(std::slice::from_ref(&usdt), &good).is_empty());
    let with = |change: fn(&mut Asset)| {
        let mut asset = usdt.clone();
        change(&mut asset);
        asset
    };
    let other_chain = with(|asset| asset.caip2 = "eip155:56".to_owned());
    let lower = with(|asset| asset.contract = asset.contract.to_lowercase());
    let typo = with(|asset| asset.contract = asset.contract.replace("dAC", "DAC"));
    let alone = with(|asset| asset.confirmed_by.clear());
    let unknown_list = with(|asset| asset.confirmed_by.push("c".to_owned()));
    for (assets, lists, what) in [
        (
            vec![usdt.clone()],
            says(&[("a", 6), ("b", 18)]),
            "a contradiction",
        ),
        (vec![usdt.clone()], says(&[("b", 6)]), "another list's word"),
        (
            vec![other_chain],
            good.clone(),
            "another network's contract",
        ),
        (vec![lower], good.clone(), "no checksum"),
        (vec![typo], good.clone(), "a wrong checksum"),
        (vec![alone], good.clone(), "nobody's word"),
        (vec![unknown_list], good.clone(), "an unknown list"),
        (vec![usdt.clone(), usdt.clone()], good.clone(), "twice"),
    ] {
        assert_eq!(violations(&assets, &lists).len(), 1, "{what}");
    }
    let many = vec![usdt.clone(); ASSETS_MAX + 1];
    let found = violations(&many, &good);
    assert_eq!(
        found
            .iter()
            .filter(|line| line.contains("more than"))
            .count(),
        1
    );
}
