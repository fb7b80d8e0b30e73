//! From the codec's data to the contract's.

use crate::decode::{DecodeError, Transaction};
use recover_core::block::BlockRef;
use recover_source::chain::{Part, TransactionView};
use recover_source::error::SourceError;
use std::collections::BTreeSet;

/// An answer that cannot be read: not the protocol, or not the truth.
pub(super) fn decode_error(origin: &str, error: DecodeError) -> SourceError {
    let origin = origin.to_owned();
    match error {
        DecodeError::OtherId { .. } | DecodeError::Contradiction { .. } => {
            SourceError::Inconsistent {
                origin,
                detail: error.to_string(),
            }
        }
        DecodeError::Answered { code, detail } => SourceError::Refused {
            origin,
            code,
            detail,
        },
        _ => SourceError::NotProtocol {
            origin,
            detail: error.to_string(),
        },
    }
}

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
        unread,
    }
}
