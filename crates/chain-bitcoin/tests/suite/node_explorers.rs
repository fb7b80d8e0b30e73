//! Esplora and Blockbook over a real node's chain, in shapes framed by hand: they must tell what the node itself tells.

use crate::world::{SCRIPTS, nothing, provide_tls, request, settings, settings_of};
use recover_chain_bitcoin::address;
use recover_chain_bitcoin::network::form;
use recover_chain_bitcoin::open;
use recover_chain_bitcoin::script::Script;
use recover_chain_bitcoin::source::{Esplora, transport};
use recover_core::address::Address;
use recover_core::asset::AssetId;
use recover_core::block::{Height, HeightRange, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::Flag;
use recover_source::chain::{AccountRequest, ChainRead, Lookup};
use recover_source::conformance::{AccountCase, Case, check, check_account};
use recover_testkit::FaultyServer;
use recover_testkit::coin_frame::{FrameOptions, blockbook, esplora};
use recover_testkit::coin_node::{CoinNode, Daemon, Spending};
use std::sync::Arc;

struct World {
    node: Arc<CoinNode>,
    first: u64,
    last: u64,
    many: String,
    end: String,
    /// Credits to the first script.
    credits: usize,
}

fn address_of(script: &Script) -> Address {
    let bitcoin = form(&NetworkId::new("bitcoin")).unwrap();
    address::format(script, bitcoin).unwrap()
}

fn write(script: &[u8]) -> Option<String> {
    Some(address_of(&Script::of(script)?).text().to_owned())
}

/// A block with more transactions than a page, a transaction to every kind of script, and one that spends two scripts' outputs.
fn populated() -> World {
    provide_tls();
    let node = Arc::new(CoinNode::start(Daemon::Bitcoin));
    let first = node.height() + 1;
    let outputs: Vec<(Vec<u8>, u64)> = SCRIPTS
        .iter()
        .chain(&SCRIPTS[..1])
        .map(|script| (script.bytes(), 150_000))
        .collect();
    let many = node.pay(&outputs).txid;
    for value in 0..40 {
        node.pay(&[(SCRIPTS[0].bytes(), 100_000 + value)]);
    }
    node.mine(1);
    node.pay(&[(SCRIPTS[2].bytes(), 900)]);
    node.mine(1);
    let end = node.pay(&[(SCRIPTS[0].bytes(), 7_000)]).txid;
    node.mine(1);
    World {
        first,
        last: node.height(),
        node,
        many,
        end,
        credits: 43,
    }
}

fn source(world: &World, kind: &str, server: &FaultyServer) -> Arc<dyn ChainRead> {
    open(settings(
        "bitcoin",
        &world.node.caip2(),
        kind,
        &server.url(),
    ))
    .unwrap()
}

async fn tells_what_the_node_tells(world: &World, source: &dyn ChainRead) {
    let case = Case {
        request: request(&SCRIPTS, world.first, world.last),
        known: Some(TxId::new(&world.many)),
        unknown: nothing(),
        two_credits: Some(TxId::new(&world.many)),
        failed: None,
        last_block: Some(TxId::new(&world.end)),
    };
    let broken = check(source, &case).await;
    assert!(broken.is_empty(), "{broken:#?}");
    let account = AccountCase {
        address: address_of(&SCRIPTS[0]),
        range: case.request.range,
        credits: Some(world.credits),
        known: Some(TxId::new(&world.end)),
        unknown: nothing(),
        two_credits: Some(TxId::new(&world.many)),
        failed: None,
    };
    let broken = check_account(source, &account).await;
    assert!(broken.is_empty(), "{broken:#?}");

    let node = open(settings_of(&world.node)).unwrap();
    let (own, other) = (
        node.scan(&case.request).await.unwrap(),
        source.scan(&case.request).await.unwrap(),
    );
    assert!(own.gaps.is_empty() && other.gaps.is_empty());
    assert_eq!(own.observations.len(), world.credits + 5);
    assert_eq!(own.observations, other.observations);
    assert_eq!(own.headers, other.headers);
    assert_eq!(node.head().await.unwrap(), source.head().await.unwrap());
    let native = AssetId::native(NetworkId::new("bitcoin"));
    for script in &SCRIPTS[..3] {
        let address = address_of(script);
        let balances = (
            node.balance(&address, &native).await.unwrap(),
            source.balance(&address, &native).await.unwrap(),
        );
        assert_eq!(balances.0, balances.1, "{address}");
    }
    let [node_says, source_says] = [node.as_ref(), source].map(|source| async move {
        match source.transaction(&TxId::new(&world.many)).await.unwrap() {
            Lookup::Found(view) => view,
            other => panic!("{other:?}"),
        }
    });
    assert_eq!(node_says.await, source_says.await);

    // What waits is in no block, and in no history.
    let waiting = world.node.pay(&[(SCRIPTS[4].bytes(), 60_000)]);
    let Lookup::Found(view) = source.transaction(&TxId::new(&waiting.txid)).await.unwrap() else {
        panic!("it waits");
    };
    assert_eq!((view.block, view.credits.len()), (None, 2));
    let history = AccountRequest {
        address: address_of(&SCRIPTS[4]),
        range: case.request.range,
        resume: None,
    };
    let page = source.account_page(&history).await.unwrap();
    assert_eq!(page.observations.len(), 1);
    // A page of heights that are not there yet is no empty page.
    let beyond = AccountRequest {
        range: HeightRange::new(Height(world.first), Height(world.last + 1000)).unwrap(),
        ..history
    };
    assert!(source.account_page(&beyond).await.is_err());
    assert!(
        !source
            .network_cost()
            .await
            .unwrap()
            .native_transfer
            .is_zero()
    );
}

#[tokio::test]
async fn node_esplora_tells_what_the_node_tells() {
    let world = populated();
    let server = esplora(&world.node, FrameOptions::default());
    let source = source(&world, "esplora", &server);
    tells_what_the_node_tells(&world, source.as_ref()).await;
    assert!(
        server
            .requests()
            .iter()
            .all(|request| !request.path.contains("/txs/0")),
        "raw bytes need no pages"
    );
}

#[tokio::test]
async fn node_esplora_without_raw_blocks_is_read_by_pages_of_25() {
    let world = populated();
    let options = FrameOptions {
        without_raw_blocks: true,
    };
    let server = esplora(&world.node, options);
    let source = source(&world, "esplora", &server);
    tells_what_the_node_tells(&world, source.as_ref()).await;
    let asked = server.requests();
    assert!(
        asked
            .iter()
            .any(|request| request.path.ends_with("/txs/25"))
    );
    let raw = asked
        .iter()
        .filter(|request| request.path.ends_with("/raw"));
    assert!(raw.count() <= 3, "a refusal is remembered");
}

#[tokio::test]
async fn node_blockbook_tells_what_the_node_tells() {
    let world = populated();
    let server = blockbook(&world.node, write);
    let source = source(&world, "blockbook", &server);
    tells_what_the_node_tells(&world, source.as_ref()).await;
}

/// What carries payments needs of an Esplora: whether an output is spent and by whom, and a way to the network.
#[tokio::test]
async fn node_esplora_sends_and_names_the_spender() {
    provide_tls();
    let node = Arc::new(CoinNode::start(Daemon::Bitcoin));
    let server = esplora(&node, FrameOptions::default());
    let settings = settings("bitcoin", &node.caip2(), "esplora", &server.url());
    let transport = transport(&settings).unwrap();
    let esplora = Esplora::new(settings, transport);
    let coin = node.take_coin();
    let id = coin.txid.to_string();
    assert!(!esplora.outspend(&id, coin.index).await.unwrap().spent);
    let signed = node.sign(&Spending {
        inputs: vec![coin],
        outputs: vec![(SCRIPTS[2].bytes(), coin.value - 10_000)],
        replaceable: false,
    });
    let sent = esplora
        .send_transaction(&hex::encode(&signed))
        .await
        .unwrap();
    let spent = esplora.outspend(&id, coin.index).await.unwrap();
    assert_eq!((spent.spent, spent.txid.as_ref()), (true, Some(&sent)));
    assert_eq!(spent.status.map(|status| status.confirmed), Some(false));
    node.mine(1);
    let spent = esplora.outspend(&id, coin.index).await.unwrap();
    assert_eq!(spent.status.unwrap().block_height, Some(node.height()));
    let refused = esplora
        .send_transaction("00")
        .await
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("sendrawtransaction RPC error"),
        "{refused}"
    );
}

/// The twenty-fifth transaction of a chain that waits is seen like the first (pitfall 66: daemons keep no longer chains).
#[tokio::test]
async fn node_pitfall_066_a_chain_of_waiting_payments_is_seen_to_its_end() {
    provide_tls();
    let node = CoinNode::start(Daemon::Bitcoin);
    let source = open(settings_of(&node)).unwrap();
    let mut coin = node.take_coin();
    let mut last = String::new();
    for _ in 0..24 {
        let payment = node.hand_over(&Spending {
            inputs: vec![coin],
            outputs: vec![
                (SCRIPTS[2].bytes(), 20_000),
                (node.payer_script(), coin.value - 30_000),
            ],
            replaceable: false,
        });
        coin.txid = payment.txid.parse().unwrap();
        coin.index = 1;
        coin.value -= 30_000;
        last = payment.txid;
    }
    let Lookup::Found(view) = source.transaction(&TxId::new(&last)).await.unwrap() else {
        panic!("it waits");
    };
    assert_eq!(view.block, None);
    assert!(view.signer.is_some(), "what it spends waits too");
    node.mine(1);
    let height = node.height();
    let seen = source
        .scan(&request(&SCRIPTS, height, height))
        .await
        .unwrap();
    assert_eq!(seen.observations.len(), 24);
    let unmarked = |flags: &[Flag]| flags.is_empty();
    assert!(
        seen.observations
            .iter()
            .all(|credit| unmarked(&credit.flags) && credit.from.is_some())
    );
}
