//! What a quote reckons the network's work to cost, beside what a real node then takes for it.

use crate::world::provide_tls;
use recover_chain_evm::config::{EvmSourceConfig, SourceKind};
use recover_core::amount::Amount;
use recover_core::network::NetworkId;
use recover_source::chain::{ChainRead, NetworkCost};
use recover_testkit::{Anvil, Arg, Contracts};
use std::sync::Arc;

const OURS: &str = "0x0a11ce0000000000000000000000000000000001";

fn node(url: &str) -> Arc<dyn ChainRead> {
    provide_tls();
    let ethereum = NetworkId::new("ethereum");
    let config = EvmSourceConfig::new(ethereum, 1, SourceKind::JsonRpc, url);
    recover_chain_evm::open(config).unwrap()
}

/// What a transaction took: gas used times the price that it paid.
fn paid(anvil: &Anvil, transaction: &str) -> Amount {
    let receipt = anvil.receipt(transaction);
    let number = |field: &str| Amount::from_hex_quantity(receipt[field].as_str().unwrap()).unwrap();
    number("gasUsed")
        .mul_ratio_floor(number("effectiveGasPrice"), Amount::from_u128(1))
        .unwrap()
}

async fn cost(anvil: &Anvil) -> NetworkCost {
    node(anvil.rpc_url()).network_cost().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn node_what_is_quoted_covers_what_is_paid_while_the_base_fee_rises() {
    let anvil = Anvil::start(1);
    let sender = anvil.accounts()[1].clone();
    let contracts = Contracts::load();
    let artifact = contracts.get("TokenGood");
    let args = [Arg::text("Test"), Arg::text("TST"), Arg::Uint(6)];
    let token = anvil.deploy(artifact, &args).address;
    let call = |method: &str, to: &str, amount: u128| {
        let arguments = [Arg::address(to), Arg::Uint(amount)];
        anvil.send_call(&sender, &token, 0, artifact, method, &arguments)
    };
    call("mint(address,uint256)", &sender, 1_000_000);
    let quoted = cost(&anvil).await;
    let start = "30000 gas for a transfer, 100000 for a token, 600000 for a step at ";
    assert!(quoted.basis.starts_with(start), "{}", quoted.basis);
    // The higher of the last block's base fee and of the next one's, as the node itself has them.
    let fees = anvil.call("eth_feeHistory", serde_json::json!(["0x1", "latest", [75]]));
    let fees = fees["baseFeePerGas"].as_array().unwrap().iter();
    let base = fees
        .map(|fee| Amount::from_hex_quantity(fee.as_str().unwrap()).unwrap())
        .max()
        .unwrap();
    let said = format!(
        "block's base fee of {}, and a tip of ",
        base.to_coin_text(9)
    );
    assert!(
        quoted.basis.contains(&said),
        "{} beside {said}",
        quoted.basis
    );
    let native = anvil.send(&sender, OURS, 1, &[]);
    assert!(paid(&anvil, &native) <= quoted.native_transfer);
    let moved = call("transfer(address,uint256)", OURS, 5);
    assert!(anvil.succeeded(&moved));
    assert!(paid(&anvil, &moved) <= quoted.token_transfer);
    // Five times an eighth more is still within twice.
    let raised = (0..5).fold(base, |fee, _| {
        fee.mul_ratio_ceil(Amount::from_u128(9), Amount::from_u128(8))
            .unwrap()
    });
    anvil.call(
        "anvil_setNextBlockBaseFeePerGas",
        serde_json::json!([format!("0x{:x}", raised.to_u128().unwrap())]),
    );
    let later = anvil.send(&sender, OURS, 1, &[]);
    assert!(paid(&anvil, &later) > paid(&anvil, &native));
    assert!(paid(&anvil, &later) <= quoted.native_transfer);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_before_london_the_nodes_own_price_counts() {
    let anvil = Anvil::options(1)
        .argument("--hardfork")
        .argument("berlin")
        .start();
    let sender = anvil.accounts()[1].clone();
    let quoted = cost(&anvil).await;
    assert!(
        quoted.basis.contains("the node's price of "),
        "{}",
        quoted.basis
    );
    assert!(quoted.basis.contains("and a quarter"), "{}", quoted.basis);
    let mut request = anvil.request(&sender, OURS, 1, &[]);
    request["gasPrice"] = anvil.call("eth_gasPrice", serde_json::json!([]));
    let native = anvil.call("eth_sendTransaction", serde_json::json!([request]));
    anvil.mine(1);
    assert!(paid(&anvil, native.as_str().unwrap()) <= quoted.native_transfer);
}
