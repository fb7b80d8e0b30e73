//! Decoding of answers recorded from real nodes.

use crate::fixture::{decoder, json, lines, read, result};
use ethers::types::H256;
use recover_chain_evm::address;
use recover_chain_evm::decode::{TRANSFER, TRANSFER_BATCH, TRANSFER_SINGLE};
use recover_chain_evm::trace::{read_calls, read_flat};
use recover_chain_evm::wire::{
    Block, CallFrame, FlatTrace, Log, Receipt, TracedTransaction, Transaction, bloom_may_hold,
};
use recover_core::observation::{Flag, Mechanism, Outcome};
use serde::de::IgnoredAny;

#[test]
fn topics_are_what_their_events_hash_to() {
    for (topic, event) in [
        (TRANSFER, "Transfer(address,address,uint256)"),
        (
            TRANSFER_SINGLE,
            "TransferSingle(address,address,address,uint256,uint256)",
        ),
        (
            TRANSFER_BATCH,
            "TransferBatch(address,address,address,uint256[],uint256[])",
        ),
    ] {
        assert_eq!(topic.0, ethers::utils::keccak256(event), "{event}");
    }
}

#[test]
fn pitfall_028_the_source_is_the_transfers_and_not_the_signers() {
    // A bridge pays out: signed by f7c0…, paid by the gateway 3154….
    let receipt: Receipt = read("evm/erigon_eth_getTransactionReceipt_08");
    let credits = decoder(1).logs(&receipt.logs, None);
    assert_eq!(
        lines(&credits),
        ["log:0 0x3154cf>0xf7c04a 105607100000000000000"]
    );
    assert_eq!(credits[0].outcome, Outcome::Success);
    assert_eq!(credits[0].mechanism, Mechanism::TokenTransfer);
}

#[test]
fn a_receipt_with_swaps_gives_its_transfers_in_order_and_nothing_else() {
    let receipt: Receipt = read("evm/erigon_eth_getTransactionReceipt_06");
    let credits = decoder(1).logs(&receipt.logs, None);
    assert_eq!(
        lines(&credits),
        [
            "log:0 0x000000>0xf5ad62 275925423697690624",
            "log:1 0xf5ad62>0x000000 3101998287964602368",
            "log:2 0x000000>0x87949a 846515217700487168",
            "log:3 0x87949a>0x000000 8250665607641432064",
        ]
    );
}

#[test]
fn a_plain_token_transfer_of_another_network() {
    let receipt: Receipt = read("evm/gem_transfer_erc20_receipt");
    let credits = decoder(42161).logs(&receipt.logs, None);
    assert_eq!(lines(&credits), ["log:0 0x8d7460>0x2fc617 4801292"]);
    assert_eq!(
        credits[0].asset.contract_text(),
        Some("0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9")
    );
}

#[test]
fn pitfall_024_token_ids_are_no_amounts() {
    let receipt: Receipt = read("evm/gem_transfer_nft_eip721_receipt");
    let credits = decoder(1).logs(&receipt.logs, None);
    assert_eq!(lines(&credits), ["log:0 0xba4d1d>0xf11589 1"]);
    assert_eq!(credits[0].flags, [Flag::Nft]);
    let receipt: Receipt = read("evm/gem_transfer_nft_eip1155_receipt");
    let credits = decoder(1).logs(&receipt.logs, None);
    assert_eq!(lines(&credits), ["erc1155:0 0xba4d1d>0xee67a3 1"]);
    assert_eq!(credits[0].flags, [Flag::Nft]);
}

#[test]
fn a_transaction_without_transfers_credits_nobody() {
    let receipt: Receipt = read("evm/erigon_eth_getTransactionReceipt_01");
    assert_eq!(decoder(1).logs(&receipt.logs, None), []);
}

#[test]
fn pitfall_022_a_reverted_transaction_is_a_failed_credit() {
    let receipt: Receipt = read("evm/erigon_eth_getTransactionReceipt_07");
    assert_eq!(receipt.status, Some(0));
    let mut transaction: Transaction = read("evm/erigon_eth_getTransactionByHash_01");
    transaction.hash = receipt.transaction_hash;
    let credits = decoder(1).top_level(&transaction, Some(&receipt), None, None);
    assert_eq!(credits.len(), 1);
    assert_eq!(credits[0].outcome, Outcome::Failed);
}

#[test]
fn the_value_of_a_transaction_is_its_credit() {
    let transaction: Transaction = read("evm/gem_transfer_high_gas_limit");
    let receipt: Receipt = read("evm/gem_transfer_high_gas_limit_receipt");
    let credits = decoder(999).top_level(&transaction, Some(&receipt), None, None);
    assert_eq!(
        lines(&credits),
        ["value 0x8d25fb>0x070057 2739900000000000000"]
    );
    assert_eq!(credits[0].outcome, Outcome::Success);
    // Value zero and contract creation credit nobody.
    let creation: Transaction = read("evm/erigon_eth_getTransactionByHash_05");
    assert_eq!(creation.to, None);
    assert_eq!(decoder(1).top_level(&creation, None, None, None), []);
}

#[test]
fn before_byzantium_only_a_trace_proves_success() {
    let mut receipt: Receipt = read("evm/rosetta_tx_receipt_0x712f7aed1ac");
    receipt.status = None;
    let mut transaction: Transaction = read("evm/gem_transfer_high_gas_limit");
    transaction.hash = receipt.transaction_hash;
    let outcome =
        |traced| decoder(1).top_level(&transaction, Some(&receipt), None, traced)[0].outcome;
    assert_eq!(outcome(None), Outcome::Unknown);
    assert_eq!(outcome(Some(true)), Outcome::Success);
    assert_eq!(outcome(Some(false)), Outcome::Failed);
}

#[test]
fn blocks_of_three_ages_are_read() {
    let full: Block<Transaction> = read("evm/erigon_eth_getBlockByNumber_05");
    assert_eq!((full.number, full.transactions.len()), (0xf4_2403, 91));
    let genesis: Block<H256> = read("evm/erigon_eth_getBlockByNumber_12");
    assert_eq!((genesis.number, genesis.withdrawals.is_some()), (0, false));
    let old: Block<Transaction> = read("evm/rosetta_block_363366");
    assert_eq!(old.transactions.len(), 3);
    assert_eq!(old.transactions[1].to, None);
    let future: Option<Block<H256>> = read("evm/erigon_eth_getBlockByNumber_03");
    assert!(future.is_none());
}

#[test]
fn withdrawals_are_gwei_and_have_a_number_of_their_own() {
    let block: Block<H256> = read("evm/erigon_eth_getBlockByNumber_13");
    let credits = decoder(1).withdrawals(&block);
    assert_eq!(credits.len(), 16);
    assert_eq!(credits[0].tx_id.as_str(), "block:19665755");
    assert_eq!(
        lines(&credits[..1]),
        ["withdrawal:42092710 ->0xb9d793 18343128000000000"]
    );
    assert_eq!(credits[0].mechanism, Mechanism::Withdrawal);
    // On Gnosis they are another coin.
    assert_eq!(decoder(100).withdrawals(&block), []);
}

#[test]
fn a_receipt_is_no_block() {
    for name in [
        "evm/erigon_eth_getTransactionReceipt_01",
        "evm/erigon_eth_getTransactionByHash_01",
    ] {
        let block: Result<Block<IgnoredAny>, _> = serde_json::from_value(result(name));
        assert!(block.is_err(), "{name}");
    }
}

#[test]
fn what_failed_above_did_not_happen_below() {
    let entries: Vec<FlatTrace> = read("evm/erigon_trace_filter_24");
    assert_eq!(
        entries.iter().filter(|entry| entry.error.is_some()).count(),
        5
    );
    let (traces, _) = read_flat(&entries);
    let failed = |start: &str| {
        let trace = traces
            .iter()
            .find(|trace| format!("{:?}", trace.transaction.unwrap()).starts_with(start))
            .unwrap();
        (trace.succeeded, trace.moves.len())
    };
    // Six entries lie below these three failed ones, and none of them says so itself.
    assert_eq!(failed("0xa4ee738586"), (false, 0));
    assert_eq!(failed("0x67908bf444"), (false, 0));
    assert_eq!(failed("0x620de5824a"), (false, 0));
    // A failure deep inside leaves the transaction standing.
    assert!(failed("0x95ddf29305").0);
    // Paths are unique within a transaction.
    for trace in &traces {
        let mut paths: Vec<_> = trace.moves.iter().map(|movement| &movement.path).collect();
        let count = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), count);
        assert!(trace.moves.iter().all(|movement| !movement.path.is_empty()));
    }
}

#[test]
fn value_inside_calls_of_a_market_where_half_of_them_revert() {
    let entries: Vec<FlatTrace> = read("evm/erigon_trace_transaction_27");
    let (traces, _) = read_flat(&entries);
    assert_eq!(traces.len(), 1);
    assert!(traces[0].succeeded);
    assert_eq!(traces[0].moves.len(), 14);
    assert_eq!(traces[0].moves[0].path, [1, 1]);
    assert_eq!(
        traces[0].moves[0].amount.to_base_units(),
        "8000000000000000"
    );
    let entries: Vec<FlatTrace> = read("evm/erigon_trace_transaction_10");
    let (traces, _) = read_flat(&entries);
    assert!(traces[0].succeeded && traces[0].moves.is_empty());
}

#[test]
fn pitfall_023_value_that_only_a_trace_shows() {
    // A wallet made with CREATE2 pays on; the delegate call below repeats the value and moves nothing.
    let entries: Vec<FlatTrace> = read("evm/erigon_trace_transaction_37");
    let (traces, _) = read_flat(&entries);
    let tx_id = address::tx_id(&traces[0].transaction.unwrap().0);
    let credits = decoder(1).internal(&tx_id, &traces[0], None);
    assert_eq!(
        lines(&credits),
        ["trace:0.1.0.0 0x5888a4>0xafc953 21000000000000000"]
    );
    assert_eq!(credits[0].mechanism, Mechanism::InternalCall);
}

#[test]
fn the_call_tracer_tells_the_same_and_the_top_call_is_not_counted() {
    let root: CallFrame = read("evm/erigon_debug_traceTransaction_137");
    assert!(root.value.is_some_and(|value| !value.is_zero()));
    let trace = read_calls(None, &root);
    assert_eq!(trace.moves.len(), 1);
    assert_eq!(trace.moves[0].amount.to_base_units(), "9305872247815172");
    let root: CallFrame = read("evm/erigon_debug_traceTransaction_138");
    assert_eq!(read_calls(None, &root).moves, []);
}

#[test]
fn rewards_of_mined_blocks_are_credits_of_the_block() {
    let entries: Vec<FlatTrace> = read("evm/erigon_trace_block_12");
    let (traces, rewards) = read_flat(&entries);
    assert_eq!(rewards.len(), 1);
    assert_eq!(rewards[0].amount.to_base_units(), "5000000000000000000");
    assert_eq!(
        traces.iter().map(|trace| trace.moves.len()).sum::<usize>(),
        14
    );
    let (traces, rewards) = read_flat(&read::<Vec<FlatTrace>>("evm/erigon_trace_block_21"));
    assert!(traces.is_empty());
    assert_eq!(rewards[0].amount.to_base_units(), "2000000000000000000");
    let (traces, rewards) = read_flat(&read::<Vec<FlatTrace>>("evm/erigon_trace_block_03"));
    assert_eq!((traces.len(), rewards.len()), (2, 1));
    assert_eq!(traces.iter().filter(|trace| !trace.succeeded).count(), 1);
}

#[test]
fn a_block_traced_by_geth_is_read() {
    let traced: Vec<TracedTransaction> =
        serde_json::from_value(json("evm/rosetta_block_trace_0x3defb56cc4")).unwrap();
    assert_eq!(traced.len(), 2);
    let root = traced[0].result.as_ref().unwrap();
    let trace = read_calls(traced[0].tx_hash, root);
    assert!(trace.succeeded);
    // Each wei sent to a precompiled contract is a movement; the transaction's own thousand is not.
    assert!(
        trace
            .moves
            .iter()
            .all(|movement| movement.amount.to_base_units() == "1")
    );
    assert!(trace.moves.len() > 500);
}

#[test]
fn log_places_count_all_transfers_of_their_transaction() {
    let logs: Vec<Log> = read("evm/erigon_eth_getLogs_20");
    let credits = decoder(1).logs(&logs, None);
    assert_eq!(
        lines(&credits),
        [
            "log:0 0x8d12a1>0xdc26fc 1000000000",
            "log:0 0x8d12a1>0x042357 2250000000000",
        ]
    );
}

#[test]
fn a_bloom_filter_never_denies_what_is_there() {
    let receipts: Vec<serde_json::Value> = read("evm/erigon_eth_getBlockReceipts_10");
    let mut seen = 0;
    let mut denied = 0;
    for value in receipts {
        let bloom = value["logsBloom"].as_str().unwrap().to_owned();
        let bloom = recover_chain_evm::wire::hex_bytes(&bloom).unwrap();
        let receipt: Receipt = serde_json::from_value(value).unwrap();
        for log in &receipt.logs {
            seen += 1;
            assert!(bloom_may_hold(&bloom, &log.address.0));
            assert!(
                log.topics
                    .iter()
                    .all(|topic| bloom_may_hold(&bloom, &topic.0))
            );
        }
        denied += usize::from(!bloom_may_hold(&bloom, &TRANSFER.0));
    }
    assert_eq!(seen, 37);
    assert!(denied > 0, "some of these receipts hold no Transfer");
}
