//! Carrying over a node that lies, forgets or falls silent: a proxy before a real one.

use crate::carried::{COIN, World, amount, carrier, code, native, network};
use recover_chain_evm::config::EvmSourceConfig;
use recover_chain_evm::cost::FeeRule;
use recover_chain_evm::transaction::Transaction;
use recover_core::check::Check;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use recover_source::carriers::Carriers;
use recover_source::carry::{Carry, CarryError, Sending, Standing, Tracked, Unsigned};
use recover_source::error::SourceError;
use recover_source::retry::RetryPolicy;
use recover_testkit::{FaultProxy, Response, Rule};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

struct Spoiled {
    world: World,
    proxy: FaultProxy,
    carry: Arc<dyn Carry>,
}

fn quick(config: &mut EvmSourceConfig) {
    config.retry = RetryPolicy {
        tries_max: 2,
        delay_min: Duration::from_millis(5),
        delay_max: Duration::from_millis(10),
    };
    config.timeout = Duration::from_secs(5);
}

impl Spoiled {
    fn new() -> Self {
        let world = World::new();
        let proxy = FaultProxy::start(world.anvil.rpc_url());
        let url = proxy.url();
        let carry = carrier(&world.anvil, |config| {
            config.url = url;
            quick(config);
        });
        Self {
            world,
            proxy,
            carry,
        }
    }

    async fn native_leg(&self) -> Leg {
        let from = self.world.deposit.address();
        self.world.anvil.set_balance(&from, 3 * COIN);
        self.world
            .plan(&from, &native(), COIN)
            .await
            .unwrap()
            .remove(0)
    }

    async fn build(&self, leg: &Leg) -> Result<Unsigned, CarryError> {
        let now = Timestamp::from_seconds(1).unwrap();
        self.carry.build(leg, 0, now, 60).await
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Standing {
        self.carry.standing(tracked).await.unwrap()
    }
}

fn tracked<'a>(
    leg: &'a Leg,
    unsigned: &'a Unsigned,
    tx_id: Option<&'a recover_core::block::TxId>,
) -> Tracked<'a> {
    Tracked {
        leg,
        slot: &unsigned.slot,
        tx_id,
        valid_until: None,
        valid_through: None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_nothing_is_built_where_it_cannot_be_tried() {
    let spoiled = Spoiled::new();
    let leg = spoiled.native_leg().await;
    assert!(spoiled.build(&leg).await.is_ok());
    // A node that ignores the state override, and one that refuses it.
    for ignored in [true, false] {
        spoiled
            .proxy
            .rule(Rule::change_calls("eth_call", move |call, answer| {
                if call["params"].as_array().map_or(0, Vec::len) < 3 {
                    answer
                } else if ignored {
                    json!({"jsonrpc": "2.0", "id": answer["id"], "result": "0x"})
                } else {
                    json!({"jsonrpc": "2.0", "id": answer["id"],
                    "error": {"code": -32602, "message": "too many arguments, want at most 2"}})
                }
            }));
        let error = spoiled.build(&leg).await.unwrap_err();
        assert!(
            matches!(error, CarryError::Source(SourceError::Unsupported { .. })),
            "{error}"
        );
        // Another source is asked.
        let both = Carriers::new(
            network(),
            vec![spoiled.carry.clone(), spoiled.world.carry.clone()],
        );
        let now = Timestamp::from_seconds(1).unwrap();
        assert!(both.build(&leg, 0, now, 60).await.is_ok());
        spoiled.proxy.clear();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_prices_are_found_without_the_younger_methods() {
    let spoiled = Spoiled::new();
    let leg = spoiled.native_leg().await;
    let full = spoiled.build(&leg).await.unwrap();
    spoiled.proxy.rule(Rule::without_method("eth_feeHistory"));
    assert!(spoiled.build(&leg).await.unwrap().fee <= leg.fee_max);
    spoiled
        .proxy
        .rule(Rule::without_method("eth_maxPriorityFeePerGas"));
    let old = spoiled.build(&leg).await.unwrap();
    assert!(old.fee <= leg.fee_max && full.fee <= leg.fee_max);
    // A node that asks for the moon gets nothing: the limit was approved.
    spoiled
        .proxy
        .rule(Rule::change_calls("eth_gasPrice", |_, mut answer| {
            answer["result"] = json!("0xde0b6b3a7640000");
            answer
        }));
    assert_eq!(code(spoiled.build(&leg).await), "fee_above_limit");
    spoiled.proxy.clear();
    spoiled
        .proxy
        .rule(Rule::change_calls("eth_estimateGas", |_, mut answer| {
            answer["result"] = json!("0xffffffffff");
            answer
        }));
    assert!(spoiled.build(&leg).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn node_a_lost_answer_to_signed_bytes_is_unknown_and_found_by_looking() {
    let spoiled = Spoiled::new();
    let leg = spoiled.native_leg().await;
    let unsigned = spoiled.build(&leg).await.unwrap();
    let signed = spoiled.world.sign(&leg, &unsigned);
    // The node takes them, and its answers are lost on the way.
    spoiled
        .proxy
        .rule(Rule::half_body().on_method("eth_sendRawTransaction"));
    let sending = spoiled.carry.send(&signed).await;
    assert!(
        matches!(sending, Sending::Unknown { .. } | Sending::Accepted { .. }),
        "{sending:?}"
    );
    spoiled.proxy.clear();
    spoiled.world.anvil.mine(3);
    let standing = spoiled
        .standing(&tracked(&leg, &unsigned, Some(&signed.tx_id)))
        .await;
    assert!(
        matches!(&standing, Standing::Included(included) if included.is_final),
        "{standing:?}"
    );
    // A gateway's page is no word of the node's.
    spoiled.proxy.rule(
        Rule::answer(Response::html("<html>invalid sender</html>"))
            .on_method("eth_sendRawTransaction"),
    );
    let sending = spoiled.carry.send(&signed).await;
    assert!(matches!(sending, Sending::Unknown { .. }), "{sending:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_a_node_that_hides_or_bends_a_transaction_is_not_believed() {
    let spoiled = Spoiled::new();
    let leg = spoiled.native_leg().await;
    let unsigned = spoiled.build(&leg).await.unwrap();
    let signed = spoiled.world.sign(&leg, &unsigned);
    spoiled.world.send(&signed).await;
    spoiled.world.anvil.mine(3);
    let by_id = tracked(&leg, &unsigned, Some(&signed.tx_id));
    // It has nothing under the id, while the block holds it: never "replaced".
    spoiled
        .proxy
        .rule(Rule::null_result("eth_getTransactionByHash"));
    let standing = spoiled.standing(&by_id).await;
    assert!(
        matches!(&standing, Standing::Unknown { reason } if reason.contains("indexing")),
        "{standing:?}"
    );
    // Two sources: the one that saw it is believed.
    let both = Carriers::new(
        network(),
        vec![spoiled.carry.clone(), spoiled.world.carry.clone()],
    );
    assert!(matches!(
        both.standing(&by_id).await.unwrap(),
        Standing::Included(_)
    ));
    spoiled.proxy.clear();
    // Other content under the same id: its bytes do not hash to it.
    for (field, value) in [
        ("value", "0x1"),
        ("to", "0x00000000000000000000000000000000000000aa"),
        ("nonce", "0x7"),
        ("r", "0x1234"),
    ] {
        spoiled.proxy.rule(Rule::change_calls(
            "eth_getTransactionByHash",
            move |_, mut answer| {
                answer["result"][field] = json!(value);
                answer
            },
        ));
        let standing = spoiled.standing(&by_id).await;
        assert!(
            matches!(&standing, Standing::Unknown { .. }),
            "{field}: {standing:?}"
        );
        spoiled.proxy.clear();
    }
    assert!(matches!(
        spoiled.standing(&by_id).await,
        Standing::Included(_)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn node_what_used_a_nonce_long_ago_is_unknown_to_a_node_that_forgot() {
    let spoiled = Spoiled::new();
    let leg = spoiled.native_leg().await;
    let unsigned = spoiled.build(&leg).await.unwrap();
    let signed = spoiled.world.sign(&leg, &unsigned);
    let mut other = Transaction::from_unsigned(&unsigned.bytes).unwrap();
    other.value = amount(1);
    let bytes = spoiled.world.deposit.sign(&other);
    let rival = recover_chain_evm::check::EvmCheck
        .open("eip155:1", &[], &bytes)
        .unwrap();
    spoiled.world.send(&rival).await;
    spoiled.world.anvil.mine(200);
    let tip = spoiled.world.anvil.height();
    let by_id = tracked(&leg, &unsigned, Some(&signed.tx_id));
    spoiled.proxy.rule(Rule::change_calls(
        "eth_getTransactionCount",
        move |call, answer| {
            let asked = call["params"][1]
                .as_str()
                .and_then(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).ok());
            if asked.is_some_and(|height| height + 64 < tip) {
                json!({"jsonrpc": "2.0", "id": answer["id"],
                    "error": {"code": -32000, "message": "missing trie node 12ab"}})
            } else {
                answer
            }
        },
    ));
    let standing = spoiled.standing(&by_id).await;
    assert!(
        matches!(&standing, Standing::Unknown { .. }),
        "{standing:?}"
    );
    spoiled.proxy.clear();
    let before = spoiled.proxy.call_count("eth_getTransactionCount");
    assert_eq!(
        spoiled.standing(&by_id).await,
        Standing::Replaced {
            by: Some(rival.tx_id)
        }
    );
    // Found by halves, not by reading two hundred blocks.
    let asked = spoiled.proxy.call_count("eth_getTransactionCount") - before;
    assert!(asked < 30, "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_036_the_fee_of_layer_2_is_told_with_its_data() {
    let world = World::new();
    let proxy = FaultProxy::start(world.anvil.rpc_url());
    let url = proxy.url();
    let layer_2 = carrier(&world.anvil, |config| {
        config.url = url;
        config.fee_rule = FeeRule::OpStackL1Data;
    });
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let mut leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    leg.fee_max = amount(COIN);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    world.send(&signed).await;
    let paid = 3 * COIN - COIN - world.anvil.balance(&from);
    let by_id = tracked(&leg, &unsigned, Some(&signed.tx_id));
    // A receipt without the data fee says nothing of what was paid.
    let standing = layer_2.standing(&by_id).await.unwrap();
    assert!(
        matches!(&standing, Standing::Unknown { .. }),
        "{standing:?}"
    );
    proxy.rule(Rule::change_calls(
        "eth_getTransactionReceipt",
        |_, mut answer: Value| {
            answer["result"]["l1Fee"] = json!("0x64");
            answer["result"]["operatorFeeScalar"] = json!("0x7a120");
            answer["result"]["operatorFeeConstant"] = json!("0x7");
            answer
        },
    ));
    // The operator's part is asked of the oracle, at that block: receipts do not say by which formula.
    let mut oracle = vec![0x7f];
    oracle.extend(amount(10_507).to_be_bytes());
    oracle.extend([0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]);
    world
        .anvil
        .set_code("0x420000000000000000000000000000000000000F", &oracle);
    proxy.rule(Rule::change_calls("eth_call", |call, answer| {
        let is_fee = call["params"][0]["data"]
            .as_str()
            .is_some_and(|data| data.ends_with("5208"));
        assert!(is_fee, "21,000 gas are asked for: {call}");
        assert_ne!(call["params"][1], "latest");
        answer
    }));
    let standing = layer_2.standing(&by_id).await.unwrap();
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(included.fee, amount(paid + 100 + 10_507));
}
