//! From the codec's data to the contract's.

use crate::decode::Transaction;
use recover_core::block::BlockRef;
use recover_source::chain::{Part, TransactionView};
use std::collections::BTreeSet;

/// A transaction in its block, as a look-up answers it.
pub(super) fn transaction_view(
    transaction: Transaction,
    block: Option<&BlockRef>,
) -> TransactionView {
    let transaction = match block {
        Some(block) => transaction.in_block(block),
        None => transaction,
    };
    let mut unread = BTreeSet::new();
    if !transaction.has_events {
        unread.extend([Part::TransferLogs, Part::Internal]);
    }
    TransactionView {
        id: transaction.id,
        block: block.cloned(),
        outcome: transaction.outcome,
        signer: transaction.signer,
        to: transaction.to,
        to_is_contract: None,
        credits: transaction.credits,
        inputs: Vec::new(),
        unread,
    }
}
