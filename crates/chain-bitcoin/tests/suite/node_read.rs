//! Real daemons, read through the source.

use crate::world::{SCRIPTS, network_of, nothing, provide_tls, request, settings_of};
use bitcoin::base58;
use recover_chain_bitcoin::address;
use recover_chain_bitcoin::network::form;
use recover_chain_bitcoin::open;
use recover_chain_bitcoin::script::Script;
use recover_core::address::Address;
use recover_core::asset::AssetId;
use recover_core::block::{Height, TxId};
use recover_core::network::NetworkId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome};
use recover_core::verdict::Code;
use recover_source::chain::{ChainRead, Lookup};
use recover_source::conformance::{Case, check};
use recover_source::error::SourceError;
use recover_testkit::coin_node::{CoinNode, Daemon, Spending};
use serde_json::json;
use std::sync::Arc;

fn source(node: &CoinNode) -> Arc<dyn ChainRead> {
    provide_tls();
    open(settings_of(node)).unwrap()
}

fn text_of(node: &CoinNode, script: &[u8]) -> String {
    let form = form(&NetworkId::new(network_of(node.daemon()))).unwrap();
    let script = Script::of(script).unwrap();
    address::format(&script, form).unwrap().text().to_owned()
}

fn address_of(node: &CoinNode, script: &Script) -> Address {
    let form = form(&NetworkId::new(network_of(node.daemon()))).unwrap();
    address::format(script, form).unwrap()
}

fn of<'a>(credits: &'a [Observation], id: &str) -> Vec<&'a Observation> {
    let credits = credits.iter();
    credits
        .filter(|credit| credit.tx_id.as_str() == id)
        .collect()
}

/// Mines a block whose coins go to the script of a key's hash.
fn mine_to(node: &CoinNode, hash: [u8; 20]) {
    let address = base58::encode_check(&[&[0x6f][..], &hash].concat());
    node.call("generatetoaddress", json!([1, address]));
}

async fn reads_everything(daemon: Daemon) {
    let node = CoinNode::start(daemon);
    let source = source(&node);
    let scripts = match daemon {
        Daemon::BitcoinSv => &SCRIPTS[..2],
        _ => &SCRIPTS[..],
    };
    let first = node.height() + 1;
    let mut outputs: Vec<(Vec<u8>, u64)> = (0..)
        .zip(scripts)
        .map(|(place, script)| (script.bytes(), 100_000 + place))
        .collect();
    outputs.push((SCRIPTS[0].bytes(), 200_000));
    let many = node.pay(&outputs);
    node.mine(1);
    mine_to(&node, [0x51; 20]);
    node.mine(2);
    let last = node.pay(&[(SCRIPTS[1].bytes(), 300_000)]);
    node.mine(1);
    let to = node.height();

    let case = Case {
        request: request(scripts, first, to),
        known: Some(TxId::new(&many.txid)),
        unknown: nothing(),
        two_credits: Some(TxId::new(&many.txid)),
        failed: None,
        last_block: Some(TxId::new(&last.txid)),
    };
    let broken = check(source.as_ref(), &case).await;
    assert!(broken.is_empty(), "{broken:#?}\n{}", node.log_tail());

    let update = source.scan(&case.request).await.unwrap();
    assert!(update.gaps.is_empty(), "{:?}", update.gaps);
    assert_eq!(update.headers.len() as u64, to - first + 1);
    assert_eq!(update.observations.len(), scripts.len() + 3);
    let payer = text_of(&node, &node.payer_script());
    for (place, credit) in of(&update.observations, &many.txid).into_iter().enumerate() {
        let (script, value) = &outputs[place];
        assert_eq!(credit.position.as_str(), format!("vout:{place}"));
        assert_eq!(credit.to.text(), text_of(&node, script));
        assert_eq!(credit.amount.to_u128(), Some((*value).into()));
        assert_eq!(credit.from.as_ref().map(Address::text), Some(&payer[..]));
        assert_eq!(credit.flags, []);
        assert_eq!(credit.mechanism, Mechanism::TopLevel);
        assert_eq!(credit.outcome, Outcome::Success);
    }
    let mined: Vec<_> = update
        .observations
        .iter()
        .filter(|credit| credit.flags == [Flag::Immature])
        .collect();
    let [mined] = mined[..] else {
        panic!("one coinbase is ours: {mined:#?}");
    };
    assert_eq!(
        (mined.from.clone(), mined.position.as_str()),
        (None, "vout:0")
    );

    let head = source.head().await.unwrap();
    assert_eq!(head.latest.block.height, Height(to));
    assert_eq!(head.finalized, Some(Height(to - 5)), "five blocks on top");

    let native = AssetId::native(source.network().clone());
    let ours = address_of(&node, &SCRIPTS[1]);
    let balance = source.balance(&ours, &native).await;
    match daemon {
        Daemon::BitcoinSv => {
            assert!(
                matches!(balance, Err(SourceError::Unsupported { .. })),
                "{balance:?}"
            );
        }
        _ => assert_eq!(balance.unwrap().to_u128(), Some(400_001)),
    }
    assert_eq!(source.account(&ours).await.unwrap().code, Code::Absent);
    let cost = source.network_cost().await.unwrap();
    assert!(cost.basis.contains("want of an estimate"), "{}", cost.basis);
    assert!(!cost.native_transfer.is_zero());
    assert!(matches!(
        source.transaction(&nothing()).await.unwrap(),
        Lookup::Absent
    ));
}

#[tokio::test]
async fn node_bitcoin_core_is_read() {
    reads_everything(Daemon::Bitcoin).await;
}

#[tokio::test]
async fn node_litecoin_core_is_read() {
    reads_everything(Daemon::Litecoin).await;
}

#[tokio::test]
async fn node_bitcoin_sv_is_read() {
    reads_everything(Daemon::BitcoinSv).await;
}

/// Blocks on both sides of height 432, where the last transaction of each has a flag that Bitcoin's codec refuses, and more bytes follow
/// the transactions. What goes in and what the block itself moves credits nobody; what comes out does.
#[tokio::test]
async fn node_litecoin_extension_blocks_are_skipped_and_what_leaves_them_is_seen() {
    let node = CoinNode::start(Daemon::Litecoin);
    let source = source(&node);
    let before = node.pay(&[(SCRIPTS[2].bytes(), 250_000)]);
    node.mine(1);
    let into = node.begin_mweb();
    let start = node.height();
    assert_eq!(start, 432);
    let after = node.pay(&[(SCRIPTS[2].bytes(), 260_000)]);
    node.mine(1);
    // The wallet's coins outside are locked, so that what it pays leaves the extension block.
    let outside = node.call_wallet("mweb", "listunspent", json!([0]));
    let outside: Vec<_> = outside
        .as_array()
        .unwrap()
        .iter()
        .filter(|coin| coin["vout"].is_u64())
        .map(|coin| json!({"txid": coin["txid"], "vout": coin["vout"]}))
        .collect();
    node.call_wallet("mweb", "lockunspent", json!([false, outside]));
    let regtest = bitcoin_hrp_address(&node, "mweb");
    let out = node.call_wallet("mweb", "sendtoaddress", json!([regtest, 1.25]));
    node.mine(1);
    let to = node.height();
    let script = node.call_wallet("mweb", "getaddressinfo", json!([regtest]));
    let script = hex::decode(script["scriptPubKey"].as_str().unwrap()).unwrap();
    let script = Script::of(&script).unwrap();

    let case = Case {
        request: request(&[SCRIPTS[2], script], 120, to),
        known: Some(TxId::new(&after.txid)),
        unknown: nothing(),
        two_credits: None,
        failed: None,
        last_block: None,
    };
    let broken = check(source.as_ref(), &case).await;
    assert!(broken.is_empty(), "{broken:#?}\n{}", node.log_tail());
    let update = source.scan(&case.request).await.unwrap();
    assert!(update.gaps.is_empty(), "{:?}", update.gaps);
    for (id, amount) in [(&before.txid, 250_000), (&after.txid, 260_000)] {
        let credits = of(&update.observations, id);
        assert_eq!(credits.len(), 1, "{id}");
        assert_eq!(credits[0].amount.to_u128(), Some(amount));
    }
    let left: Vec<_> = update
        .observations
        .iter()
        .filter(|credit| credit.amount.to_u128() == Some(125_000_000))
        .collect();
    let [left] = left[..] else {
        panic!("{out}: {:#?}\n{}", update.observations, node.log_tail());
    };
    assert_eq!(
        left.block.as_ref().map(|block| block.height),
        Some(Height(to))
    );
    assert_eq!(left.from, None, "the pool does not say who paid");
    assert_eq!(left.flags, [Flag::MultiSource]);
    // The transaction that moves the pool itself, and the one that went in: the pool's outputs credit nobody.
    let Lookup::Found(hogex) = source.transaction(&left.tx_id).await.unwrap() else {
        panic!("{} is mined", left.tx_id);
    };
    assert_eq!(hogex.credits.len(), 1, "{hogex:#?}");
    let Lookup::Found(into) = source.transaction(&TxId::new(&into)).await.unwrap() else {
        panic!("the payment into the pool is mined");
    };
    let paid: u128 = into
        .credits
        .iter()
        .filter_map(|credit| credit.amount.to_u128())
        .sum();
    assert!(paid < 500_000_000, "only change: {into:#?}");
}

/// A new address of a wallet, outside the extension block.
fn bitcoin_hrp_address(node: &CoinNode, wallet: &str) -> String {
    let address = node.call_wallet(wallet, "getnewaddress", json!(["", "bech32"]));
    address.as_str().unwrap().to_owned()
}

/// A payment that waits has no block and is no success; replaced, it is gone; mined off the best chain, it is gone too.
#[tokio::test]
async fn node_pitfall_019_a_transaction_that_the_node_dropped_is_never_confirmed() {
    let node = CoinNode::start(Daemon::Bitcoin);
    let source = source(&node);
    let coin = node.take_coin();
    let pays = |value: u64| Spending {
        inputs: vec![coin],
        outputs: vec![(SCRIPTS[2].bytes(), value)],
        replaceable: true,
    };
    let first = node.hand_over(&pays(coin.value - 10_000));
    let first = TxId::new(&first.txid);
    let Lookup::Found(waiting) = source.transaction(&first).await.unwrap() else {
        panic!("it waits");
    };
    assert_eq!((waiting.block, waiting.outcome), (None, Outcome::Unknown));
    assert_eq!(waiting.credits.len(), 1);
    assert_eq!(waiting.credits[0].block, None);
    assert_eq!(waiting.credits[0].outcome, Outcome::Unknown);
    let payer = text_of(&node, &node.payer_script());
    assert_eq!(waiting.signer.unwrap().text(), payer);

    let second = node.hand_over(&pays(coin.value - 50_000));
    assert_eq!(source.transaction(&first).await.unwrap(), Lookup::Absent);
    let second = TxId::new(&second.txid);
    let block = node.mine(1).remove(0);
    let Lookup::Found(mined) = source.transaction(&second).await.unwrap() else {
        panic!("it is mined");
    };
    assert_eq!(mined.outcome, Outcome::Success);
    let height = node.height();
    let seen = source
        .scan(&request(&SCRIPTS, height, height))
        .await
        .unwrap();
    assert_eq!(seen.observations.len(), 1);

    // Another branch takes its input.
    node.invalidate(&block);
    let third = node.sign(&Spending {
        inputs: vec![coin],
        outputs: vec![(SCRIPTS[3].bytes(), coin.value - 200_000)],
        replaceable: false,
    });
    node.mine_only(&[hex::encode(&third)]);
    node.mine_only(&[]);
    match source.transaction(&second).await.unwrap() {
        Lookup::Absent => {}
        found => panic!("the chain left its block, and it conflicts: {found:?}"),
    }
    let seen = source
        .scan(&request(&SCRIPTS, height, height))
        .await
        .unwrap();
    assert_eq!(seen.observations.len(), 1);
    assert_eq!(
        seen.observations[0].to.payload(),
        SCRIPTS[3].into(),
        "the other branch's"
    );
    let lost = source.header(Height(height)).await.unwrap().unwrap();
    assert_ne!(lost.block.hash.as_str(), block);
}

/// Small outputs, runes and inscriptions are marked; a node of another chain, or with a wrong login, is refused in words.
#[tokio::test]
async fn node_marks_inscriptions_and_refuses_another_chain() {
    let node = CoinNode::start(Daemon::Bitcoin);
    let source = source(&node);
    let small = node.pay(&[(SCRIPTS[2].bytes(), 1_000), (SCRIPTS[4].bytes(), 1_001)]);
    let rune = node.pay(&[
        (SCRIPTS[2].bytes(), 50_000),
        (vec![0x6a, 0x5d, 0x01, 0x00], 0),
    ]);
    node.mine(1);
    let height = node.height();
    let update = source
        .scan(&request(&SCRIPTS, height, height))
        .await
        .unwrap();
    let flags = |id: &str| -> Vec<_> {
        let credits = of(&update.observations, id).into_iter();
        credits.map(|credit| credit.flags.clone()).collect()
    };
    assert_eq!(flags(&small.txid), [vec![Flag::Inscription], vec![]]);
    assert_eq!(flags(&rune.txid), [vec![Flag::Inscription]]);

    let mut wrong = settings_of(&node);
    wrong.chain = "000000000019d6689c085ae165831e93".to_owned();
    let error = open(wrong).unwrap().head().await.unwrap_err();
    assert!(matches!(error, SourceError::WrongNetwork { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("bip122:0f9188f13cb7b2c71f2a335e3a4fc328"),
        "{error}"
    );

    let mut stranger = settings_of(&node);
    let secret = "a-password-that-must-not-be-seen";
    stranger.url = node
        .rpc_url()
        .replace("http://", &format!("http://somebody:{secret}@"));
    let error = open(stranger)
        .unwrap()
        .head()
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("401") && error.contains("check its key"),
        "{error}"
    );
    assert!(
        !error.contains(secret) && !error.contains("somebody"),
        "{error}"
    );
}

/// What a node threw away is a gap that says so, and the rest is read.
#[tokio::test]
async fn node_a_pruned_range_is_a_gap() {
    let node = CoinNode::options(Daemon::Bitcoin)
        .argument("-txindex=0")
        .argument("-txospenderindex=0")
        .argument("-prune=1")
        .argument("-fastprune=1")
        .start();
    let source = source(&node);
    node.mine(600);
    node.call("pruneblockchain", json!([400]));
    let info = node.call("getblockchaininfo", json!([]));
    let kept = info["pruneheight"].as_u64().unwrap();
    let paid = node.pay(&[(SCRIPTS[0].bytes(), 70_000)]);
    node.mine(1);
    let to = node.height();
    let update = source.scan(&request(&SCRIPTS, 1, to)).await.unwrap();
    assert_eq!(of(&update.observations, &paid.txid).len(), 1);
    let gaps: Vec<_> = update.gaps.iter().map(|gap| gap.range).collect();
    assert_eq!(gaps.len(), 4, "one for each part: {gaps:?}");
    assert!(
        gaps.iter()
            .all(|gap| (gap.from(), gap.to()) == (Height(1), Height(kept - 1))),
        "{gaps:?} {kept}"
    );
    assert!(
        update.gaps[0].reason.contains("pruned"),
        "{}",
        update.gaps[0].reason
    );
    // Who paid is told by what the node keeps to undo the block, though it has no index.
    let credit = of(&update.observations, &paid.txid)[0];
    assert_eq!(credit.flags, []);
    assert!(credit.from.is_some());
    // Without the index it proves nothing about what is mined.
    assert!(!source.capabilities().await.unwrap().proves_absence);
    match source.transaction(&nothing()).await.unwrap() {
        Lookup::Unknown { reason } => assert!(reason.contains("txindex=1"), "{reason}"),
        found => panic!("{found:?}"),
    }
}
