//! What the families of this binary make of texts together.

use super::adapters;
use recover_core::network::{Family, NetworkId};
use recover_core::time::Timestamp;
use recover_engine::clock::FixedClock;
use recover_engine::config::ChainsConfig;
use recover_engine::engine::Engine;
use recover_engine::error::EngineError;
use recover_engine::import::{self, ColumnMap, Context};
use recover_engine::understand::Subject;
use recover_store::Store;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const HASH: &str = "e2f7e30e14cf5185fd06c168c019046860a5fa25c1357309f3c1d1e67b9ed45b";

fn root(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name)
}

fn chains() -> ChainsConfig {
    ChainsConfig::load(&root("chains.toml"), &adapters()).expect("the shipped file loads")
}

async fn engine() -> Engine {
    let store = Store::open("sqlite::memory:").await.expect("a store");
    let clock = Arc::new(FixedClock(Timestamp::UNIX_EPOCH));
    Engine::new(store, chains(), None, adapters(), clock).expect("an engine")
}

fn linked(network: Option<NetworkId>) -> Option<String> {
    network.map(|network| network.to_string())
}

#[tokio::test]
async fn own_the_same_digits_are_an_id_on_every_family_in_its_own_form() {
    let engine = engine().await;
    let texts = [
        HASH.to_owned(),
        HASH.to_uppercase(),
        format!("my transaction id is: {HASH}, please help"),
    ];
    for text in texts {
        let (subject, link) = engine.understand(&text).expect("an id");
        let Subject::Transaction(ids) = subject else {
            panic!("{text} is an id");
        };
        let families: Vec<(Family, &str)> = ids
            .iter()
            .map(|(family, id)| (*family, id.as_str()))
            .collect();
        assert_eq!(
            families,
            [
                (Family::Evm, format!("0x{HASH}").as_str()),
                (Family::Bitcoin, HASH),
                (Family::Xrpl, HASH.to_uppercase().as_str()),
                (Family::Stellar, HASH),
                (Family::Cosmos, HASH.to_uppercase().as_str()),
                (Family::Ton, HASH),
                (Family::Tron, HASH),
            ]
        );
        assert_eq!(link, None);
    }
}

#[tokio::test]
async fn own_links_name_their_network_by_host_and_path() {
    let engine = engine().await;
    for (link, network) in [
        ("https://livenet.xrpl.org/transactions/HASH", "xrpl"),
        ("https://bithomp.com/explorer/HASH", "xrpl"),
        ("https://stellar.expert/explorer/public/tx/HASH", "stellar"),
        ("https://www.mintscan.io/cosmos/tx/HASH", "cosmos"),
        ("https://mintscan.io/osmosis/tx/HASH?height=1", "osmosis"),
        ("www.mintscan.io/dydx/tx/HASH", "dydx"),
        ("https://tonviewer.com/transaction/HASH", "ton"),
        ("https://etherscan.io/tx/0xHASH", "ethereum"),
    ] {
        let text = link.replace("HASH", HASH);
        let (subject, found) = engine.understand(&text).expect("an id");
        assert!(matches!(subject, Subject::Transaction(_)), "{text}");
        assert_eq!(linked(found).as_deref(), Some(network), "{text}");
    }
    // No network is guessed from the explorer of another one.
    let text = format!("https://www.mintscan.io/akash/tx/{HASH}");
    assert_eq!(linked(engine.understand(&text).expect("an id").1), None);
}

#[tokio::test]
async fn own_addresses_of_every_form_are_understood_with_what_they_carry() {
    let engine = engine().await;
    for (text, family, canonical, memo) in [
        (
            "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE",
            Family::Xrpl,
            "r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XE",
            None,
        ),
        (
            "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGo2K5VpXpmCqbV2gS",
            Family::Xrpl,
            "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59",
            Some("14"),
        ),
        (
            "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ",
            Family::Stellar,
            "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ",
            Some("0"),
        ),
        (
            "https://tonscan.org/address/EQCb7RNlMUMc6s1a5GMh2TR0JLoD2NcTxj9m9Jav89RizXwv",
            Family::Ton,
            "EQCb7RNlMUMc6s1a5GMh2TR0JLoD2NcTxj9m9Jav89RizXwv",
            None,
        ),
        (
            "EQDLLGSxqu5KwybXo7uEeiQVgbqE8Mv-ScChwlPYBDmD49ZS",
            Family::Ton,
            "EQDLLGSxqu5KwybXo7uEeiQVgbqE8Mv-ScChwlPYBDmD49ZS",
            None,
        ),
        (
            "to cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0.",
            Family::Cosmos,
            "cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0",
            None,
        ),
    ] {
        let (subject, _) = engine.understand(text).expect(text);
        let Subject::Address(routed, of) = subject else {
            panic!("{text} is an address");
        };
        assert_eq!((of, routed.address.text()), (family, canonical));
        let inside = routed.memo.map(|memo| memo.raw);
        assert_eq!(inside.as_deref(), memo.map(str::as_bytes), "{text}");
    }
    // The same 32 bytes in base64, as wallets of TON show an id.
    let (subject, _) = engine
        .understand("4vfjDhTPUYX9BsFowBkEaGCl+iXBNXMJ88HR5nue1Fs=")
        .expect("an id");
    let Subject::Transaction(ids) = subject else {
        panic!("an id");
    };
    assert_eq!(ids.len(), 1);
    assert_eq!(ids[&Family::Ton].as_str(), HASH);
}

#[tokio::test]
async fn own_what_is_no_address_says_why_and_a_secret_is_not_repeated() {
    let engine = engine().await;
    for (text, part) in [
        (
            "cosmosvaloper1rp9lnp8wqjfu5kured6szpff9lclr2ctgeqpks",
            "address",
        ),
        ("r3yhUPqBJKgd7hjD7d8VgUBsFkikzT71XF", "checksum"),
        ("hello", "a transaction id is 64"),
    ] {
        let error = engine.understand(text).expect_err("no address").to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    let secret = "SDJHRQF4GCMIIKAAAQ6IHY42X73FQFLHUULAPSKKD4DFDM7UXWWCRHBE";
    let error = engine.understand(secret).expect_err("a secret");
    assert!(matches!(error, EngineError::SecretPasted), "{error}");
    assert!(!error.to_string().contains("SDJH"), "{error}");
}

#[test]
fn own_the_labelled_sample_loads_with_the_real_codecs() {
    let adapters = adapters();
    let chains = chains();
    for chains in [None, Some(&chains)] {
        let context = Context {
            codec: &adapters,
            chains,
        };
        let map = ColumnMap::default();
        let open = |name: &str| {
            import::open(&root("fixtures/matching").join(name)).expect("the sample is there")
        };
        let book: Vec<_> = import::addresses("book", open("address_book.csv"), &map, &context)
            .expect("columns fit")
            .map(|row| row.expect("it reads").expect("no row is bad"))
            .collect();
        let deposits: Vec<_> = import::deposits("deposits", open("deposits.csv"), &map, &context)
            .expect("columns fit")
            .map(|row| row.expect("it reads").expect("no row is bad"))
            .collect();
        let unread: BTreeSet<Family> = book
            .iter()
            .filter(|row| row.role != recover_core::book::AddressRole::AssignedMemo)
            .filter(|row| row.payload.is_none())
            .map(|row| row.family)
            .collect();
        assert!(unread.is_empty(), "{unread:?}");
        // A symbol of a file never passes for a token's identity.
        let assets: BTreeSet<String> = deposits
            .iter()
            .filter(|deposit| deposit.network.as_str() != "ethereum")
            .filter_map(|deposit| deposit.asset.contract_text().map(str::to_owned))
            .filter(|contract| contract.len() < 20)
            .collect();
        assert_eq!(assets, BTreeSet::new());
    }
}

#[test]
fn own_a_routing_value_inside_an_address_is_never_lost_or_taken_for_the_account() {
    let adapters = adapters();
    let context = Context {
        codec: &adapters,
        chains: None,
    };
    const TAGGED: &str = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGo2K5VpXpmCqbV2gS";
    const ACCOUNT: &str = "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59";
    let map = ColumnMap::default();
    let rows = format!(
        "user_id,role,family,value,network\n\
         U1,deposit,xrp,{TAGGED},\n\
         U1,assigned_memo,xrp,{TAGGED},\n\
         U1,past_sender,xrp,{TAGGED},\n\
         U2,deposit,atom,cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0,\n\
         U2,deposit,atom,cosmos1rp9lnp8wqjfu5kured6szpff9lclr2ctr3u6l0,osmosis\n"
    );
    let rows: Vec<_> = import::addresses("book", rows.as_bytes(), &map, &context)
        .expect("columns fit")
        .map(|row| row.expect("it reads"))
        .collect();
    let problem = rows[0]
        .as_ref()
        .expect_err("two rows are needed")
        .to_string();
    assert!(
        problem.contains(ACCOUNT) && problem.contains("role assigned_memo with 14"),
        "{problem}"
    );
    assert_eq!(rows[1].as_ref().expect("the value inside").value, "14");
    assert_eq!(rows[2].as_ref().expect("who sent").value, ACCOUNT);
    let home = rows[3].as_ref().expect("an address").network.clone();
    assert_eq!(linked(home).as_deref(), Some("cosmos"));
    let problem = rows[4].as_ref().expect_err("another network's").to_string();
    assert!(problem.contains("address of cosmos"), "{problem}");

    let deposits = |memo: &str| {
        let rows = format!(
            "deposit_id,chain,tx_id,to_address,asset,amount,memo\nD1,XRP,{HASH},{TAGGED},XRP,5,{memo}\n"
        );
        import::deposits("d", rows.as_bytes(), &map, &context)
            .expect("columns fit")
            .next()
            .expect("a row")
            .expect("it reads")
    };
    for memo in ["", "14"] {
        let deposit = deposits(memo).expect("one value");
        assert_eq!(deposit.to, ACCOUNT);
        assert_eq!(deposit.memo.as_deref(), Some("14"));
        assert_eq!(deposit.tx_id.as_str(), HASH.to_uppercase());
    }
    let problem = deposits("2").expect_err("two values").to_string();
    assert!(
        problem.contains("14 and 2 was given beside it"),
        "{problem}"
    );
}

#[test]
fn own_issued_currencies_are_configured_in_the_unit_that_they_are_counted_in() {
    let text = std::fs::read_to_string(root("chains.toml")).expect("the shipped file");
    let adapters = adapters();
    ChainsConfig::parse("chains.toml", &text, &adapters).expect("it loads");
    let wrong = text.replace("decimals = 30", "decimals = 15");
    let error = ChainsConfig::parse("chains.toml", &wrong, &adapters).expect_err("15 is no unit");
    let error = error.to_string();
    assert!(
        error.contains("[network.xrpl.asset] decimals") && error.contains("decimals = 30"),
        "{error}"
    );
    // A code that spells its issuer's symbol and an issuer with a typo are told apart from the real ones by the codec.
    let typo = text.replace(
        "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5De",
        "rMxCKbEDwqr76QuheSUMdEGf4B9xJ8m5Df",
    );
    let error = ChainsConfig::parse("chains.toml", &typo, &adapters).expect_err("a typo");
    assert!(error.to_string().contains("checksum"), "{error}");
}

#[test]
fn pitfall_102_what_is_built_is_checked_and_is_what_the_documents_say() {
    let readme = std::fs::read_to_string(root("README.md")).expect("the README is there");
    let adapters = adapters();
    let mut by_hand = BTreeSet::new();
    for network in chains().networks.values() {
        let adapter = adapters.of(network.family).expect("its family is wired");
        let carries = adapter
            .carry(network)
            .expect("its sources are configured")
            .is_some();
        let name = &network.id;
        // Nothing is built that nobody checks, here or on the signers' machine.
        assert_eq!(adapter.check().is_some(), carries, "{name}");
        let signers = recover_verify::codecs::check_of(&network.caip2);
        assert_eq!(signers.is_some(), carries, "{name}: recover-verify");
        assert!(
            readme.contains(&format!("(`{name}`)")),
            "{name} is in the README"
        );
        if !carries {
            by_hand.insert(network.family);
        }
    }
    assert_eq!(
        by_hand,
        BTreeSet::from([Family::Ton, Family::Tron, Family::Solana])
    );
    let said = readme.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("On TON returns are by hand; on Tron and Solana every movement is"),
        "{by_hand:?}"
    );
}
