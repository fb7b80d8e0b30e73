//! Decoding of shapes that no public recording was found for: made by hand after a recorded neighbour.

use crate::fixture::{decoder, lines, read};
use recover_chain_evm::trace::{read_calls, read_flat};
use recover_chain_evm::wire::{CallFrame, FlatTrace, Log, Receipt, Transaction};
use recover_core::block::TxId;
use recover_core::observation::{Flag, Mechanism, Observation, Outcome};

fn credits(name: &str) -> Vec<Observation> {
    let receipt: Receipt = read(&format!("evm-hand-made/{name}"));
    decoder(1).logs(&receipt.logs, None)
}

fn top_level(name: &str, status: Option<u64>) -> Vec<Observation> {
    let transaction: Transaction = read(&format!("evm-hand-made/{name}"));
    let mut receipt: Receipt = read("evm-hand-made/receipt_mint");
    receipt.status = status;
    decoder(10).top_level(&transaction, Some(&receipt), None, None)
}

fn log(name: &str, chain_id: u64) -> Vec<Observation> {
    let log: Log = read(&format!("evm-hand-made/{name}"));
    decoder(chain_id).logs(&[log], None)
}

#[test]
fn pitfall_002_two_transfers_to_one_address_are_two_observations() {
    let credits = credits("receipt_many_transfers");
    assert_eq!(
        lines(&credits),
        [
            "log:0 0xb0b000>0x0a11ce 10",
            "log:1 0xb0b000>0xb0b000 10",
            "log:2 0xb0b000>0x0a11ce 10",
            "log:3 0xb0b000>0xb0b000 7",
            "log:4 0xb0b000>0x0a11ce 3",
        ]
    );
    assert_ne!(credits[0].id(), credits[2].id());
}

#[test]
fn pitfall_003_two_users_in_one_transaction_are_two_observations() {
    let credits = credits("receipt_many_transfers");
    assert_eq!(credits[2].tx_id, credits[4].tx_id);
    assert_ne!(credits[2].to, credits[4].to);
    assert_ne!(credits[2].id(), credits[4].id());
}

#[test]
fn pitfall_001_a_transaction_mined_again_keeps_its_keys() {
    let mut receipt: Receipt = read("evm-hand-made/receipt_many_transfers");
    let before = decoder(1).logs(&receipt.logs, None);
    // In its new block other transactions stand before it: every index moves.
    for log in &mut receipt.logs {
        log.log_index = log.log_index.map(|index| index + 117);
        log.transaction_index = Some(9);
        log.block_number = Some(101);
        log.block_hash = Some(ethers::types::H256([0xb2; 32]));
    }
    let after = decoder(1).logs(&receipt.logs, None);
    let ids = |credits: &[Observation]| -> Vec<_> { credits.iter().map(Observation::id).collect() };
    assert_eq!(ids(&before), ids(&after));
}

#[test]
fn pitfall_027_poisoning_and_junk_are_no_credits() {
    assert_eq!(credits("receipt_zero_value_transfers"), []);
    assert_eq!(credits("receipt_burn"), []);
    let mint = credits("receipt_mint");
    assert_eq!(lines(&mint), ["log:0 ->0x0a11ce 42"]);
    assert_eq!(mint[0].from, None);
    let huge = credits("receipt_huge_value");
    assert_eq!(huge[0].amount, recover_core::amount::Amount::MAX);
}

#[test]
fn pitfall_027_other_shapes_are_flagged_and_never_trusted() {
    let unindexed = credits("receipt_unindexed_transfer");
    assert_eq!(lines(&unindexed), ["log:0 0xb0b000>0x0a11ce 77"]);
    assert_eq!(unindexed[0].flags, [Flag::OddShape]);
    let odd = credits("receipt_odd_transfers");
    assert_eq!(
        lines(&odd),
        [
            "log:0 0xb0b000>0x0a11ce 5",
            "log:1 0xb0b000>0x0a11ce 6",
            // Its amount is cut short: kept for a person, with no amount at all.
            "log:2 0xb0b000>0x0a11ce 0",
            "log:3 0xb0b000>0x0a11ce 8",
            "log:5 0xb0b000>0x0a11ce 1",
        ]
    );
    assert!(odd.iter().all(|credit| credit.flags == [Flag::OddShape]));
}

#[test]
fn pitfall_032_a_self_transfer_moves_nothing() {
    assert_eq!(credits("receipt_self_transfer"), []);
}

#[test]
fn pitfall_023_a_contract_wallet_pays_through_a_relayer() {
    let credits = credits("receipt_transfer_from_contract_wallet");
    assert_eq!(lines(&credits), ["log:0 0xb0b000>0x0a11ce 9"]);
    let payer = credits[0].from.as_ref().unwrap().text().to_lowercase();
    assert_eq!(payer, "0xb0b0000000000000000000000000000000000007");
}

#[test]
fn pitfall_024_a_batch_of_token_ids_has_one_place_each() {
    let credits = credits("receipt_erc1155_batch");
    assert_eq!(
        lines(&credits),
        [
            "erc1155:0.0 0xb0b000>0x0a11ce 3",
            "erc1155:0.1 0xb0b000>0x0a11ce 1"
        ]
    );
    assert!(credits.iter().all(|credit| credit.flags == [Flag::Nft]));
}

#[test]
fn layer_two_deposits_are_mints() {
    let own = top_level("transaction_op_deposit", Some(1));
    assert_eq!(lines(&own), ["mint ->0x0a11ce 1000000000000000000"]);
    assert_eq!(own[0].mechanism, Mechanism::BridgeMint);
    let other = top_level("transaction_op_deposit_to_other", Some(1));
    assert_eq!(
        lines(&other),
        ["value 0xb0b000>0x0a11ce 60", "mint ->0xb0b000 40"]
    );
    // The call failed; what was minted stays with the sender.
    let failed = top_level("transaction_op_deposit_to_other", Some(0));
    assert_eq!(
        lines(&failed),
        ["value 0xb0b000>0x0a11ce 60", "mint ->0xb0b000 100"]
    );
    assert_eq!(
        (failed[0].outcome, failed[1].outcome),
        (Outcome::Failed, Outcome::Success)
    );
    let arbitrum = top_level("transaction_arbitrum_deposit", Some(1));
    assert_eq!(
        lines(&arbitrum),
        ["value 0xc1c100>0x0a11ce 8374712264734119"]
    );
    assert_eq!(arbitrum[0].mechanism, Mechanism::BridgeMint);
    let ticket = top_level("transaction_arbitrum_submit_retryable", Some(1));
    assert_eq!(ticket[0].outcome, Outcome::Unknown);
}

#[test]
fn an_unknown_transaction_type_is_read_like_any_other() {
    let credits = top_level("transaction_unknown_type", Some(1));
    assert_eq!(lines(&credits), ["value 0xb0b000>0x0a11ce 5"]);
    assert_eq!(top_level("transaction_polygon_state_sync", Some(1)), []);
}

#[test]
fn pitfall_025_native_coin_that_also_logs_is_counted_once() {
    // Polygon: the value stands in the call beside the log, whatever the log's topic.
    assert_eq!(log("log_polygon_native", 137), []);
    assert_eq!(log("log_polygon_native_transfer", 137), []);
    // The same address elsewhere is a token like others.
    assert_eq!(log("log_polygon_native_transfer", 1).len(), 1);
    // Celo: the log is the only sign of native coin that moved.
    let celo = log("log_celo_gold_token", 42220);
    assert_eq!(celo[0].asset.to_string(), "ethereum/native");
    assert!(
        log("log_celo_gold_token", 1)[0]
            .asset
            .contract_text()
            .is_some()
    );
}

#[test]
fn pitfall_026_a_log_outside_any_transaction_belongs_to_its_block() {
    let credits = log("log_celo_block", 42220);
    assert_eq!(credits[0].tx_id, TxId::new("block:100"));
    assert_eq!(lines(&credits), ["log:0 0xb0b000>0x0a11ce 5"]);
}

#[test]
fn both_kinds_of_trace_give_the_same_positions() {
    let root: CallFrame = read("evm-hand-made/call_tracer_values");
    let entries: Vec<FlatTrace> = read("evm-hand-made/trace_block_values");
    let (flat, _) = read_flat(&entries);
    let calls = read_calls(flat[0].transaction, &root);
    assert_eq!(calls, flat[0]);
    let credits = decoder(1).internal(&TxId::new("0x1"), &calls, None);
    assert_eq!(
        lines(&credits),
        [
            "trace:0 0x70ce00>0x0a11ce 10",
            "trace:3.0 0xb0b000>0x0a11ce 12",
            "trace:3.1 0xb0b000>0x0a11ce 13",
            "trace:5 0x70ce00>0x0a11ce 15",
        ]
    );
    assert_eq!(credits[2].mechanism, Mechanism::SelfDestruct);
}
