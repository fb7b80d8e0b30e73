//! Value that moved inside a transaction, from either kind of trace.

use crate::wire::{CallFrame, FlatTrace};
use ethers::types::{H160, H256};
use recover_core::amount::Amount;
use recover_core::observation::Mechanism;
use std::collections::HashMap;

/// One movement of native coin inside a transaction. The transaction's own value is not among them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InternalMove {
    /// The path of call indexes from the top, counted as `trace_block` counts: calls of precompiled contracts that carry
    /// no value are left out, so that both kinds of trace give one position.
    pub path: Vec<u64>,
    /// Who sent it.
    pub from: Option<H160>,
    /// Who was credited.
    pub to: H160,
    /// How much, in wei, above zero.
    pub amount: Amount,
    /// A call or a self-destruct.
    pub mechanism: Mechanism,
}

/// What a trace says of one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionTrace {
    /// The transaction; `None` where the node did not say.
    pub transaction: Option<H256>,
    /// Whether the top call went through: the only proof of success before the Byzantium fork.
    pub succeeded: bool,
    /// The movements inside it that happened, in order.
    pub moves: Vec<InternalMove>,
}

/// A credit that the block itself makes, as `trace_block` reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockReward {
    /// Who is rewarded.
    pub to: H160,
    /// How much, in wei.
    pub amount: Amount,
}

/// Reads one transaction of the `callTracer`.
#[must_use]
pub fn read_calls(transaction: Option<H256>, root: &CallFrame) -> TransactionTrace {
    let mut moves = Vec::new();
    if root.error.is_none() {
        walk(root, &mut Vec::new(), &mut moves);
    }
    TransactionTrace {
        transaction,
        succeeded: root.error.is_none(),
        moves,
    }
}

/// Collects what moved below `parent`, which went through. What lies under a failed call never happened, whatever it says.
fn walk(parent: &CallFrame, path: &mut Vec<u64>, moves: &mut Vec<InternalMove>) {
    let mut index = 0;
    for call in &parent.calls {
        if is_silent_precompile(call) {
            continue;
        }
        path.push(index);
        index += 1;
        if call.error.is_none() {
            let mechanism = match call.kind.to_ascii_uppercase().as_str() {
                "CALL" | "CREATE" | "CREATE2" => Some(Mechanism::InternalCall),
                "SELFDESTRUCT" | "SUICIDE" => Some(Mechanism::SelfDestruct),
                // A delegate call repeats the value of the call it serves, CALLCODE pays its own caller, and a static
                // call carries none.
                _ => None,
            };
            if let (Some(mechanism), Some(to), Some(amount)) = (mechanism, call.to, call.value) {
                push(moves, path, call.from, to, amount, mechanism);
            }
            walk(call, path, moves);
        }
        path.pop();
    }
}

fn push(
    moves: &mut Vec<InternalMove>,
    path: &[u64],
    from: Option<H160>,
    to: H160,
    amount: Amount,
    mechanism: Mechanism,
) {
    if amount.is_zero() || from == Some(to) {
        return;
    }
    moves.push(InternalMove {
        path: path.to_vec(),
        from,
        to,
        amount,
        mechanism,
    });
}

/// Calls of precompiled contracts without value: `trace_block` leaves them out and does not count them.
fn is_silent_precompile(call: &CallFrame) -> bool {
    let kind = call.kind.as_str();
    let Some(to) = call.to else {
        return false;
    };
    let number = u16::from_be_bytes([to.0[18], to.0[19]]);
    let is_precompile = to.0.iter().take(18).all(|byte| *byte == 0)
        && (matches!(number, 1..=0x11) || number == 0x100);
    (kind.eq_ignore_ascii_case("CALL")
        || kind.eq_ignore_ascii_case("STATICCALL")
        || kind.eq_ignore_ascii_case("DELEGATECALL"))
        && is_precompile
        && call.calls.is_empty()
        && call.value.is_none_or(Amount::is_zero)
}

/// Reads the entries of one block or one transaction as `trace_block` and `trace_transaction` write them: transactions
/// in the order in which they appear, and the rewards in theirs.
#[must_use]
pub fn read_flat(entries: &[FlatTrace]) -> (Vec<TransactionTrace>, Vec<BlockReward>) {
    let mut transactions: Vec<TransactionTrace> = Vec::new();
    let mut places: HashMap<H256, usize> = HashMap::new();
    let mut failed: HashMap<H256, Vec<&[u64]>> = HashMap::new();
    let mut rewards = Vec::new();
    for entry in entries {
        let Some(hash) = entry.transaction_hash else {
            if entry.kind == "reward"
                && let (Some(to), Some(amount)) = (entry.action.author, entry.action.value)
                && !amount.is_zero()
            {
                rewards.push(BlockReward { to, amount });
            }
            continue;
        };
        if entry.error.is_some() {
            failed.entry(hash).or_default().push(&entry.trace_address);
        }
        places.entry(hash).or_insert_with(|| {
            transactions.push(TransactionTrace {
                transaction: Some(hash),
                succeeded: true,
                moves: Vec::new(),
            });
            transactions.len() - 1
        });
    }
    for entry in entries {
        let Some(hash) = entry.transaction_hash else {
            continue;
        };
        let Some(transaction) = places
            .get(&hash)
            .and_then(|place| transactions.get_mut(*place))
        else {
            continue;
        };
        // An entry fails with every entry above it: those below a failed one often carry no error of their own.
        let happened = !failed.get(&hash).is_some_and(|paths| {
            paths
                .iter()
                .any(|path| entry.trace_address.starts_with(path))
        });
        if entry.trace_address.is_empty() && entry.kind != "suicide" {
            transaction.succeeded &= happened;
            continue;
        }
        if !happened {
            continue;
        }
        let action = &entry.action;
        let call_type = action.call_type.as_deref().unwrap_or("call");
        let movement = match entry.kind.as_str() {
            "call" if call_type == "call" => action
                .to
                .zip(action.value)
                .map(|(to, amount)| (action.from, to, amount, Mechanism::InternalCall)),
            "create" => entry
                .result
                .as_ref()
                .and_then(|result| result.address)
                .zip(action.value)
                .map(|(to, amount)| (action.from, to, amount, Mechanism::InternalCall)),
            "suicide" => action
                .refund_address
                .zip(action.balance)
                .map(|(to, amount)| (action.address, to, amount, Mechanism::SelfDestruct)),
            _ => None,
        };
        if let Some((from, to, amount, mechanism)) = movement {
            push(
                &mut transaction.moves,
                &entry.trace_address,
                from,
                to,
                amount,
                mechanism,
            );
        }
    }
    (transactions, rewards)
}
