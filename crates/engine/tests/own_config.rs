//! `chains.toml`: the one we ship, and each way to get one wrong.

mod common;

use common::{ShapeCodec, TYPO};
use recover_core::asset::{AssetId, AssetStanding, TokenReview};
use recover_core::network::{DepositState, NetworkId};
use recover_engine::config::{
    AssetStatus, ChainsConfig, ConfigError, FeeRuleName, FinalityRule, Problem, SourceKind,
};
use std::path::Path;

fn root(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn shipped() -> ChainsConfig {
    ChainsConfig::load(&root("chains.toml"), &ShapeCodec)
        .expect("the shipped file is checked by these tests")
}

const ONE: &str = r#"
[network.ethereum]
family = "evm"
caip2 = "eip155:1"
display = "Ethereum"
aliases = ["eth", "erc20"]
deposits = "open"
recovery = "direct"
memo = "none"
sibling_group = "evm-secp256k1"
explorer = "https://etherscan.io"
explorer_aliases = ["www.etherscan.io"]
fee_rule = "execution"
fee_style = "eip1559"

[network.ethereum.finality]
rule = "finalized_tag"
confirmations = 64

[network.ethereum.native]
symbol = "ETH"
name = "Ether"
decimals = 18
minimum = "0.001"

[[network.ethereum.source]]
kind = "json_rpc"
url = "${ETHEREUM_RPC_URL}"
requests_per_second = 20
log_range_max = 2000

[[network.ethereum.source]]
kind = "etherscan_v2"
url = "https://api.etherscan.io/v2/api"
key = "${ETHERSCAN_API_KEY}"
requests_per_second = 3
page_size = 1000

[[network.ethereum.asset]]
symbol = "USDT"
name = "Tether USD"
contract = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
decimals = 6
status = "listed"
minimum = "1"
confirmed_by = ["@uniswap/default-token-list"]
"#;

fn parse(text: &str) -> Result<ChainsConfig, ConfigError> {
    ChainsConfig::parse("chains.toml", text, &ShapeCodec)
}

/// The message for `ONE` with one piece of text replaced.
fn broken(from: &str, to: &str) -> String {
    assert_eq!(ONE.matches(from).count(), 1, "{from}");
    parse(&ONE.replace(from, to))
        .expect_err("the replacement breaks the file")
        .to_string()
}

#[test]
fn own_the_shipped_networks_load() {
    let config = shipped();
    assert_eq!(config.networks.len(), 34);
    let ethereum = config.network(&NetworkId::new("ethereum")).unwrap();
    assert_eq!(ethereum.evm_chain_id(), Some(1));
    assert_eq!(ethereum.deposits, DepositState::Open);
    assert_eq!(ethereum.finality.rule, FinalityRule::FinalizedTag);
    assert_eq!(ethereum.sources[0].kind, SourceKind::JsonRpc);
    assert_eq!(ethereum.sources[0].url, "${ETHEREUM_RPC_URL}");
    assert_eq!(config.siblings(ethereum).count(), 15);
    let mantle = config.by_name("MNT").unwrap();
    assert_eq!(mantle.fee_rule, Some(FeeRuleName::MantleL1Data));
    assert!(
        config
            .networks
            .values()
            .flat_map(|network| &network.assets)
            .any(|asset| asset.status == AssetStatus::Retired)
    );
}

#[test]
fn own_networks_are_found_by_what_users_call_them() {
    let config = shipped();
    let cases = [
        ("BEB20", "bsc"),
        ("Binance Smart Chain", "bsc"),
        ("eip155:10", "optimism"),
        ("ERC-20", "ethereum"),
        ("AVAX C-Chain", "avalanche"),
        ("ETHEREUM CLASSIC", "ethereum-classic"),
        ("TRC-20", "tron"),
        ("SPL", "solana"),
        ("Native SegWit", "bitcoin"),
        ("BCH", "bitcoin-cash"),
    ];
    for (text, name) in cases {
        assert_eq!(
            config.by_name(text).map(|network| network.id.as_str()),
            Some(name),
            "{text}"
        );
    }
    assert_eq!(config.by_name("xmr"), None);
    assert_eq!(config.by_name(""), None);
    assert_eq!(
        config
            .by_link("https://WWW.BscScan.com/tx/0x12?a=1")
            .map(|network| network.id.as_str()),
        Some("bsc")
    );
    assert_eq!(config.by_link("example.org"), None);
}

#[test]
fn own_assets_stand_by_contract_never_by_symbol() {
    let config = shipped();
    let ethereum = NetworkId::new("ethereum");
    let usdt = AssetId::contract(
        ethereum.clone(),
        "0xdAC17F958D2ee523a2206206994597C13D831ec7",
    );
    let review = TokenReview::Unreviewed;
    let Some(AssetStanding::Listed(terms)) = config.standing(&usdt, review) else {
        panic!("USDT is listed");
    };
    assert_eq!((terms.symbol.as_str(), terms.decimals), ("USDT", 6));
    assert_eq!(config.terms(&usdt), Some(&terms));
    let named_alike = AssetId::unlisted(ethereum.clone(), "USDT");
    assert_eq!(
        config.standing(&named_alike, review),
        Some(AssetStanding::Unvouched)
    );
    let stranger = AssetId::contract(
        ethereum.clone(),
        "0x0000000000000000000000000000000000000001",
    );
    assert_eq!(
        config.standing(&stranger, review),
        Some(AssetStanding::Unlisted(review))
    );
    let network = config.network(&ethereum).unwrap();
    assert_eq!(network.asset_by_symbol("usdt"), Some(usdt.clone()));
    assert_eq!(
        network.asset_by_symbol("eth"),
        Some(AssetId::native(ethereum))
    );
    assert_eq!(network.asset_by_symbol("nothing"), None);
    assert!(
        network
            .trusted_contracts()
            .contains(usdt.contract_text().unwrap())
    );
}

#[test]
fn own_a_good_file_parses() {
    assert_eq!(parse(ONE).unwrap().networks.len(), 1);
}

#[test]
fn own_each_mistake_in_chains_names_file_line_table_and_key() {
    let second = ONE
        .replace("ethereum", "bsc")
        .replace("eip155:1\"", "eip155:56\"");
    let mut both = String::from(ONE);
    both.push_str(
        &second
            .replace("[\"eth\", \"erc20\"]", "[\"bep20\", \"etherscan coin\"]")
            .replace("display = \"Ethereum\"", "display = \"BNB\""),
    );
    let cases: Vec<(&str, String, &str)> = vec![
        (
            "unknown key",
            broken("recovery =", "recovry ="),
            "chains.toml:8 [network.ethereum] recovry: unknown field `recovry`",
        ),
        (
            "missing key",
            broken("memo = \"none\"\n", ""),
            "chains.toml:2 [network.ethereum]: missing field `memo`",
        ),
        (
            "not TOML",
            broken("memo = \"none\"", "memo = none"),
            "chains.toml:9 [network.ethereum] memo:",
        ),
        (
            "wrong type",
            broken("confirmations = 64", "confirmations = \"64\""),
            "chains.toml:18 [network.ethereum.finality] confirmations: invalid type: string",
        ),
        (
            "unknown family",
            broken("\"evm\"", "\"ether\""),
            "chains.toml:3 [network.ethereum] family: 'ether' is not known here: write one of evm, bitcoin",
        ),
        (
            "family of another",
            broken("\"evm\"", "\"tron\""),
            "[network.ethereum] family: family 'tron' contradicts what is known: this network is of family evm",
        ),
        (
            "caip2 malformed",
            broken("eip155:1\"", "eip155:01\""),
            "chains.toml:4 [network.ethereum] caip2: 'eip155:01' is not a CAIP-2 chain id",
        ),
        (
            "caip2 of another network",
            broken("eip155:1\"", "eip155:56\""),
            "'eip155:56' contradicts what is known: ethereum is eip155:1",
        ),
        (
            "alias of a known network",
            broken("\"erc20\"", "\"TRC-20\""),
            "chains.toml:6 [network.ethereum] aliases: 'TRC-20' already means tron",
        ),
        (
            "bad checksum",
            broken("0xdAC17F958D2ee523a2206206994597C13D831ec7", TYPO),
            "contract: '0xdAC17F958D2ee523a2206206994597C13D831ec8' has a bad checksum",
        ),
        (
            "no checksum",
            broken(
                "0xdAC17F958D2ee523a2206206994597C13D831ec7",
                "0xdac17f958d2ee523a2206206994597c13d831ec7",
            ),
            "contract: write it in canonical form, with its checksum where it has one: 0x",
        ),
        (
            "no address",
            broken("0xdAC17F958D2ee523a2206206994597C13D831ec7", "0x12"),
            "contract: '0x12' is not an address of family evm",
        ),
        (
            "minimum too fine",
            broken("minimum = \"1\"", "minimum = \"0.0000001\""),
            "[network.ethereum.asset] minimum: '0.0000001' has more than the 6 decimals",
        ),
        (
            "minimum as a float's text",
            broken("minimum = \"0.001\"", "minimum = \"1e-3\""),
            "[network.ethereum.native] minimum: '1e-3' is not a plain decimal number",
        ),
        (
            "too many decimals",
            broken("decimals = 6", "decimals = 78"),
            "decimals: 78 decimals: at most 77",
        ),
        (
            "zero confirmations",
            broken("confirmations = 64", "confirmations = 0"),
            "confirmations: too small: write at least 1",
        ),
        (
            "literal key",
            broken("${ETHERSCAN_API_KEY}", "S3CRETS3CRETS3CRET"),
            "key: a secret must not stand in this file",
        ),
        (
            "user and password",
            broken("${ETHEREUM_RPC_URL}", "https://user:S3CRET@node.example"),
            "url: a secret must not stand in this file",
        ),
        (
            "key in the path",
            broken(
                "${ETHEREUM_RPC_URL}",
                "https://node.example/v3/S3CRETS3CRETS3CRETS3CRET",
            ),
            "url: a secret must not stand in this file",
        ),
        (
            "no URL",
            broken("${ETHEREUM_RPC_URL}", "localhost"),
            "url: this is not a URL that can be used",
        ),
        (
            "unknown source kind",
            broken("kind = \"json_rpc\"", "kind = \"electrum\""),
            "kind: 'electrum' is not known here: write one of json_rpc, etherscan_v2, blockscout",
        ),
        (
            "page of a node",
            broken("log_range_max = 2000", "page_size = 10"),
            "page_size: 'page_size' does not belong to json_rpc",
        ),
        (
            "explorer without key",
            broken("key = \"${ETHERSCAN_API_KEY}\"\n", ""),
            "[network.ethereum.source] key: 'key' is missing: etherscan_v2 needs it",
        ),
        (
            "page past the window",
            broken("page_size = 1000", "page_size = 20000"),
            "page_size: 20000 is too much here: write at most 10000",
        ),
        (
            "never asked",
            broken("requests_per_second = 20", "requests_per_second = 0"),
            "requests_per_second: too small",
        ),
        (
            "unknown rule",
            broken("\"finalized_tag\"", "\"safe\""),
            "rule: 'safe' is not known here: write one of finalized_tag, confirmations",
        ),
        (
            "unknown fee rule",
            broken("\"execution\"", "\"zk\""),
            "fee_rule: 'zk' is not known here",
        ),
        (
            "unknown status",
            broken("status = \"listed\"", "status = \"new\""),
            "status: 'new' is not known here: write one of listed, retired",
        ),
        (
            "asset twice",
            parse(&format!(
                "{ONE}{}",
                &ONE[ONE.find("[[network.ethereum.asset]]").unwrap()..]
                    .replace("\"USDT\"", "\"USDX\"")
            ))
            .unwrap_err()
            .to_string(),
            "contract 0xdAC17F958D2ee523a2206206994597C13D831ec7 stands twice on this network (the other is USDT)",
        ),
        (
            "symbol twice",
            broken("symbol = \"USDT\"", "symbol = \"eth\""),
            "symbol: symbol 'eth' stands twice on this network",
        ),
        (
            "host twice",
            parse(&both).unwrap_err().to_string(),
            "[network.bsc] explorer: explorer host 'etherscan.io' already means ethereum",
        ),
        (
            "capital letters in a name",
            parse(&ONE.replace("network.ethereum", "network.Ethereum"))
                .unwrap_err()
                .to_string(),
            "'Ethereum' is no network name",
        ),
    ];
    for (name, message, expected) in cases {
        assert!(message.contains(expected), "{name}: {message}");
        assert!(message.starts_with("chains.toml:"), "{name}: {message}");
        assert!(!message.contains("S3CRET"), "{name}: {message}");
        assert!(!message.contains('\n'), "{name}: {message}");
    }
}

#[test]
fn own_two_networks_with_one_alias_blame_the_later() {
    let second = ONE
        .replace("[network.ethereum", "[network.devnet")
        .replace("[[network.ethereum", "[[network.devnet")
        .replace("eip155:1\"", "eip155:31337\"")
        .replace("Ethereum\"", "Devnet\"")
        .replace("etherscan.io\"", "devnet.example\"")
        .replace("[\"eth\", \"erc20\"]", "[\"our chain\"]");
    assert_eq!(parse(&format!("{ONE}{second}")).unwrap().networks.len(), 2);
    let first = ONE.replace("\"erc20\"", "\"Our-Chain\"");
    let message = parse(&format!("{first}{second}")).unwrap_err().to_string();
    assert!(
        message.contains("[network.devnet] aliases: 'our chain' already means ethereum"),
        "{message}"
    );
}

#[test]
fn own_a_missing_file_says_what_to_do() {
    let error = ChainsConfig::load(Path::new("no/such/chains.toml"), &ShapeCodec).unwrap_err();
    assert!(matches!(error, ConfigError::Unreadable { .. }));
    assert!(error.to_string().contains("recover init"));
}

#[test]
fn own_problems_are_typed() {
    let error = parse(&ONE.replace("confirmations = 64", "confirmations = 0")).unwrap_err();
    let ConfigError::Invalid { place, problem } = error else {
        panic!("the shape is right");
    };
    assert_eq!(problem, Problem::TooSmall { least: 1 });
    assert_eq!(
        (place.line, place.table.as_str(), place.key.as_str()),
        (18, "network.ethereum.finality", "confirmations")
    );
}

const MEMO: &str = r#"
[network.osmosis]
family = "cosmos"
caip2 = "cosmos:osmosis-1"
display = "Osmosis"
aliases = ["osmo"]
deposits = "open"
recovery = "direct"
memo = "required"
sibling_group = "cosmos-secp256k1"
address_prefix = "osmo"
explorer = "https://www.mintscan.io/osmosis"
explorer_aliases = ["atomscan.com/osmosis"]

[network.osmosis.finality]
rule = "closed"

[network.osmosis.native]
symbol = "OSMO"
name = "Osmosis"
decimals = 6

[[network.osmosis.source]]
kind = "comet_rpc"
url = "${OSMOSIS_RPC_URL}"
requests_per_second = 3
page_size = 100
"#;

#[test]
fn own_a_network_read_by_account_needs_what_its_family_has_and_nothing_else() {
    let config = parse(MEMO).unwrap();
    let osmosis = config.by_name("osmo").unwrap();
    assert!(osmosis.is_read_by_account());
    assert_eq!(osmosis.chain(), "osmosis-1");
    assert_eq!(osmosis.address_prefix.as_deref(), Some("osmo"));
    assert_eq!((osmosis.fee_rule, osmosis.fee_style), (None, None));
    assert_eq!(osmosis.finality.confirmations, 1);
    for (link, is_ours) in [
        ("https://www.mintscan.io/osmosis/tx/AB", true),
        ("MINTSCAN.io/osmosis", true),
        ("atomscan.com/osmosis/transactions/AB", true),
        ("https://www.mintscan.io/osmosis-test/tx/AB", false),
        ("https://www.mintscan.io/cosmos/tx/AB", false),
        ("https://mintscan.io", false),
    ] {
        assert_eq!(config.by_link(link).is_some(), is_ours, "{link}");
    }

    let broken = |from: &str, to: &str| {
        assert_eq!(MEMO.matches(from).count(), 1, "{from}");
        parse(&MEMO.replace(from, to))
            .expect_err("the replacement breaks the file")
            .to_string()
    };
    let cases = [
        (
            broken("address_prefix = \"osmo\"\n", ""),
            "'address_prefix' is missing: cosmos needs it",
        ),
        (
            broken("address_prefix = \"osmo\"", "address_prefix = \"Osmo1\""),
            "'Osmo1' is no address prefix",
        ),
        (
            broken(
                "explorer_aliases",
                "fee_rule = \"execution\"\nexplorer_aliases",
            ),
            "fee_rule: 'fee_rule' does not belong to cosmos",
        ),
        (
            broken(
                "rule = \"closed\"",
                "rule = \"finalized_tag\"\nconfirmations = 1",
            ),
            "rule: 'finalized_tag' is not known here: write one of closed",
        ),
        (
            broken("rule = \"closed\"", "rule = \"closed\"\nconfirmations = 3"),
            "confirmations: 'confirmations' does not belong to closed",
        ),
        (
            broken("\"comet_rpc\"", "\"json_rpc\""),
            "kind: 'json_rpc' is not known here: write one of comet_rpc, cosmos_rest",
        ),
        (
            broken("page_size = 100", "log_range_max = 100"),
            "log_range_max: 'log_range_max' does not belong to comet_rpc",
        ),
        (
            broken("\"cosmos:osmosis-1\"", "\"eip155:5\""),
            "is not a CAIP-2 chain id of family cosmos: write cosmos:CHAIN_ID",
        ),
        (
            broken("atomscan.com/osmosis", "atomscan.com/?x"),
            "explorer_aliases: this is not a URL",
        ),
    ];
    for (message, expected) in cases {
        assert!(message.contains(expected), "{message}");
    }
    for (from, to, expected) in [
        (
            "fee_rule = \"execution\"\n",
            "",
            "'fee_rule' is missing: evm needs it",
        ),
        (
            "sibling_group",
            "address_prefix = \"eth\"\nsibling_group",
            "'address_prefix' does not belong to evm",
        ),
        (
            "rule = \"finalized_tag\"\nconfirmations = 64",
            "rule = \"closed\"",
            "'closed' is not known here",
        ),
        (
            "confirmations = 64\n",
            "",
            "'confirmations' is missing: finalized_tag needs it",
        ),
        (
            "kind = \"json_rpc\"",
            "kind = \"rippled\"",
            "'rippled' is not known here",
        ),
    ] {
        let message = self::broken(from, to);
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn own_the_shipped_file_names_coins_and_platforms_for_sources_of_prices() {
    let shipped = shipped();
    assert!(
        shipped.price_sources.is_empty(),
        "nobody is asked unless the operator says so"
    );
    for network in shipped.networks.values() {
        assert!(network.price_id.is_some(), "{}", network.id);
    }
    let ids = |name: &str| {
        let network = shipped.network(&NetworkId::new(name)).unwrap();
        (
            network.price_id.as_deref(),
            network.price_platform.as_deref(),
        )
    };
    assert_eq!(
        ids("bsc"),
        (Some("binancecoin"), Some("binance-smart-chain"))
    );
    assert_eq!(ids("arbitrum"), (Some("ethereum"), Some("arbitrum-one")));
    assert_eq!(ids("xrpl"), (Some("ripple"), None));
}

#[test]
fn own_sources_of_prices_are_read_with_their_plan() {
    let source = "\n[[price_source]]\nname = \" one \"\nkind = \"coingecko\"\nurl = \"https://prices.example/api\"\nkey = \"${KEY}\"\nplan = \"pro\"\nrequests_per_minute = 30\n";
    let config = parse(&format!("{ONE}{source}")).unwrap();
    let [read] = &config.price_sources[..] else {
        panic!("one source: {:?}", config.price_sources);
    };
    assert_eq!(
        (
            read.name.as_str(),
            read.plan.code(),
            read.requests_per_minute
        ),
        ("one", "pro", 30)
    );
    // One server under two names is no second source.
    for url in ["https://prices.example/api", "https://Prices.example/api/"] {
        let second = source
            .replace("\" one \"", "\"two\"")
            .replace("https://prices.example/api", url);
        let error = parse(&format!("{ONE}{source}{second}"))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("'two' has the url of 'one'"),
            "{url}: {error}"
        );
    }
    let second = source
        .replace("\" one \"", "\"two\"")
        .replace("prices.example", "others.example");
    let config = parse(&format!("{ONE}{source}{second}")).unwrap();
    assert_eq!(config.price_sources.len(), 2);
    let keyed = source.replace(
        "https://prices.example/api",
        "https://prices.example/?key=abc",
    );
    let error = parse(&format!("{ONE}{keyed}")).unwrap_err().to_string();
    assert!(
        error.contains("[price_source]") && error.contains("secret"),
        "{error}"
    );
}
