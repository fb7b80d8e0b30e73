//! The registry of assets: one contract, one entry.

mod common;

use common::ShapeCodec;
use recover_engine::config::{ChainsConfig, ConfigError};
use std::collections::BTreeMap;
use std::path::Path;

fn shipped() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../chains.toml");
    std::fs::read_to_string(path).expect("the shipped file is there")
}

fn parse(text: &str) -> Result<ChainsConfig, ConfigError> {
    ChainsConfig::parse("chains.toml", text, &ShapeCodec)
}

/// One more asset of ethereum.
fn with_asset(contract: &str, symbol: &str, status: &str) -> String {
    format!(
        "{}\n[[network.ethereum.asset]]\nsymbol = \"{symbol}\"\nname = \"{symbol}\"\ncontract = \
         \"{contract}\"\ndecimals = 6\nstatus = \"{status}\"\n",
        shipped()
    )
}

#[test]
fn pitfall_031_a_contract_stands_once_however_it_is_written() {
    const USDT: &str = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
    // Retired beside listed would be the worst of both: which of the two decides about a deposit?
    for status in ["listed", "retired"] {
        let error = parse(&with_asset(USDT, "USDT2", status))
            .expect_err("one contract cannot have two entries")
            .to_string();
        for part in ["[network.ethereum", "contract", "stands twice", "USDT"] {
            assert!(error.contains(part), "{part} should stand in: {error}");
        }
    }
    // Without its checksum it does not even get that far.
    let error = parse(&with_asset(&USDT.to_lowercase(), "USDT2", "listed"))
        .expect_err("a contract is written with its checksum")
        .to_string();
    assert!(error.contains("checksum"), "{error}");
    // The same bytes on another network are another asset, and no mistake.
    let bsc = with_asset(USDT, "USDT2", "retired").replace(
        "[[network.ethereum.asset]]\nsymbol = \"USDT2\"",
        "[[network.bsc.asset]]\nsymbol = \"USDT2\"",
    );
    parse(&bsc).expect("each network has its own contracts");
}

#[test]
fn pitfall_031_no_shipped_contract_stands_twice() {
    let chains = parse(&shipped()).expect("the shipped file is sound");
    let mut contracts = 0;
    for (name, network) in &chains.networks {
        let mut seen: BTreeMap<String, String> = BTreeMap::new();
        for asset in &network.assets {
            let contract = &asset.contract;
            contracts += 1;
            let symbol = asset.terms.symbol.clone();
            if let Some(other) = seen.insert(contract.to_lowercase(), symbol.clone()) {
                panic!("{name}: {contract} is {other} and {symbol}");
            }
        }
    }
    assert!(contracts > 100, "only {contracts} contracts were read");
}
