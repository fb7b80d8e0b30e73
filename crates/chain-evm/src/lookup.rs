//! Questions that a node and an explorer's JSON-RPC answer alike: headers, one transaction, one account.

use crate::address;
use crate::config::FinalityRule;
use crate::control::code_of;
use crate::decode::{Decoder, block_ref};
use crate::rpc::{Call, RpcCall, ask, parse};
use crate::token::{balance_call, first_word, returned};
use crate::trace::{TransactionTrace, read_calls, read_flat};
use crate::wire::{Block, CallFrame, FlatTrace, Receipt, Transaction, hex_bytes, hex_quantity};
use bytes::Bytes;
use ethers::types::{H160, H256};
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::block::{Height, TxId};
use recover_core::observation::Outcome;
use recover_core::verdict::{AccountState, Code};
use recover_source::chain::{Head, Header, Part, TransactionView};
use recover_source::error::SourceError;
use serde::de::IgnoredAny;
use serde_json::json;
use std::collections::BTreeSet;

/// Which traces a node has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tracing {
    /// `trace_block` and `trace_transaction`.
    Flat,
    /// `debug_traceBlockByNumber` and `debug_traceTransaction` with the `callTracer`.
    Calls,
    /// None.
    Missing,
}

pub(crate) fn inconsistent(rpc: &dyn RpcCall, detail: impl Into<String>) -> SourceError {
    SourceError::Inconsistent {
        origin: rpc.origin().to_owned(),
        detail: detail.into(),
    }
}

pub(crate) fn tag(height: Height) -> String {
    format!("0x{:x}", height.0)
}

pub(crate) fn header_of<T>(rpc: &dyn RpcCall, block: &Block<T>) -> Result<Header, SourceError> {
    let block_ref = block_ref(block).ok_or_else(|| {
        inconsistent(
            rpc,
            format!("block {} has an impossible time", block.number),
        )
    })?;
    Ok(Header {
        block: block_ref,
        parent: address::block_hash(&block.parent_hash.0),
    })
}

/// The block behind a tag or a height; `None` when the source has none.
pub(crate) async fn block(
    rpc: &dyn RpcCall,
    tag: &str,
) -> Result<Option<Block<IgnoredAny>>, SourceError> {
    ask(rpc, Call::new("eth_getBlockByNumber", json!([tag, false]))).await
}

/// The header at a height; `None` above the source's tip.
pub(crate) async fn header(
    rpc: &dyn RpcCall,
    height: Height,
) -> Result<Option<Header>, SourceError> {
    let Some(block) = block(rpc, &tag(height)).await? else {
        return Ok(None);
    };
    if block.number != height.0 {
        let detail = format!("block {} when asked for {height}", block.number);
        return Err(inconsistent(rpc, detail));
    }
    header_of(rpc, &block).map(Some)
}

/// The tip, and what is final by the network's rule.
pub(crate) async fn head(
    rpc: &dyn RpcCall,
    finality: FinalityRule,
    knows_tags: bool,
) -> Result<Head, SourceError> {
    let latest = block(rpc, "latest")
        .await?
        .ok_or_else(|| inconsistent(rpc, "no latest block"))?;
    let latest = header_of(rpc, &latest)?;
    let finalized = match finality {
        FinalityRule::Confirmations(count) => {
            (latest.block.height.0 >= count).then(|| latest.block.height.minus(count))
        }
        FinalityRule::FinalizedTag if !knows_tags => None,
        FinalityRule::FinalizedTag => match block(rpc, "finalized").await {
            // The two answers may come from two machines behind one name: what is final is never above the tip we report.
            Ok(found) => found.map(|block| Height(block.number).min(latest.block.height)),
            Err(
                SourceError::Refused { .. }
                | SourceError::Unsupported { .. }
                | SourceError::NotKept { .. }
                | SourceError::RangeRefused { .. },
            ) => None,
            Err(error) => return Err(error),
        },
    };
    Ok(Head { latest, finalized })
}

/// Code and nonce of an account at the tip.
pub(crate) async fn account(
    rpc: &dyn RpcCall,
    address: &Address,
) -> Result<AccountState, SourceError> {
    let text = address.text();
    let answers = rpc
        .batch(vec![
            Call::new("eth_blockNumber", json!([])),
            Call::new("eth_getCode", json!([text, "latest"])),
            Call::new("eth_getTransactionCount", json!([text, "latest"])),
        ])
        .await?;
    let mut answers = answers.into_iter();
    let mut next = |what: &str| -> Result<String, SourceError> {
        match answers.next() {
            Some(Ok(answer)) => parse(rpc.origin(), what, &answer),
            Some(Err(error)) => Err(error),
            None => Err(inconsistent(rpc, format!("no answer to {what}"))),
        }
    };
    let at = next("eth_blockNumber")?;
    let code = next("eth_getCode")?;
    let nonce = next("eth_getTransactionCount")?;
    let unreadable = |what: &str| inconsistent(rpc, format!("{what} is not hexadecimal"));
    Ok(AccountState {
        code: code_of(&hex_bytes(&code).ok_or_else(|| unreadable("code"))?),
        nonce: hex_quantity(&nonce).ok_or_else(|| unreadable("a nonce"))?,
        at: Height(hex_quantity(&at).ok_or_else(|| unreadable("a height"))?),
    })
}

/// The balance of one asset at the tip.
pub(crate) async fn balance(
    rpc: &dyn RpcCall,
    address: &Address,
    asset: &AssetId,
) -> Result<Amount, SourceError> {
    let holder = account_of(rpc, address)?;
    match &asset.reference {
        AssetReference::Native => {
            let text: String = ask(
                rpc,
                Call::new("eth_getBalance", json!([address.text(), "latest"])),
            )
            .await?;
            Amount::from_hex_quantity(&text)
                .map_err(|_| inconsistent(rpc, "a balance that is no number"))
        }
        AssetReference::Contract(contract) => {
            let contract = address::parse(contract)
                .ok()
                .and_then(|contract| address::bytes(&contract))
                .ok_or_else(|| unsupported(rpc, format!("the asset {asset}")))?;
            let answer = rpc
                .batch(vec![balance_call(H160(contract), holder, "latest")])
                .await?
                .pop()
                .ok_or_else(|| inconsistent(rpc, "no answer to eth_call"))?;
            returned(rpc.origin(), answer)?
                .as_deref()
                .and_then(first_word)
                .ok_or_else(|| {
                    unsupported(rpc, format!("a balance of {asset}: its contract has none"))
                })
        }
        _ => Err(unsupported(rpc, format!("the asset {asset}"))),
    }
}

pub(crate) fn account_of(rpc: &dyn RpcCall, address: &Address) -> Result<H160, SourceError> {
    address::bytes(address)
        .map(H160)
        .ok_or_else(|| unsupported(rpc, format!("the address {address} of another family")))
}

/// A token by its contract's text.
pub(crate) fn contract_of(rpc: &dyn RpcCall, token: &str) -> Result<H160, SourceError> {
    address::parse(token)
        .ok()
        .and_then(|contract| address::bytes(&contract))
        .map(H160)
        .ok_or_else(|| unsupported(rpc, format!("the token {token} of another family")))
}

pub(crate) fn unsupported(rpc: &dyn RpcCall, what: String) -> SourceError {
    SourceError::Unsupported {
        origin: rpc.origin().to_owned(),
        what,
    }
}

/// One transaction with every movement in it; `None` when the source has no such transaction.
pub(crate) async fn transaction(
    rpc: &dyn RpcCall,
    decoder: &Decoder,
    id: &TxId,
    tracing: Tracing,
) -> Result<Option<TransactionView>, SourceError> {
    let Some(hash) = address::parse_hash(id.as_str()) else {
        return Err(unsupported(
            rpc,
            format!("'{id}': it is no transaction hash"),
        ));
    };
    let answers = rpc
        .batch(vec![
            Call::new("eth_getTransactionByHash", json!([id.as_str()])),
            Call::new("eth_getTransactionReceipt", json!([id.as_str()])),
        ])
        .await?;
    let mut answers = answers.into_iter();
    let transaction: Option<Transaction> = next(rpc, &mut answers, "eth_getTransactionByHash")?;
    let Some(transaction) = transaction else {
        return Ok(None);
    };
    if transaction.hash.0 != hash {
        return Err(inconsistent(
            rpc,
            format!("transaction {:?} when asked for {id}", transaction.hash),
        ));
    }
    let (Some(number), Some(block_hash)) = (transaction.block_number, transaction.block_hash)
    else {
        return Ok(Some(pending(decoder, id, &transaction)));
    };
    let receipt: Option<Receipt> = next(rpc, &mut answers, "eth_getTransactionReceipt")?;
    let receipt = receipt.ok_or_else(|| SourceError::NotKept {
        origin: rpc.origin().to_owned(),
        detail: format!("the receipt of {id}, which stands in block {number}"),
    })?;
    if receipt.transaction_hash != transaction.hash || receipt.block_hash != block_hash {
        return Err(inconsistent(
            rpc,
            format!("a receipt of {id} from another block or transaction"),
        ));
    }
    let mut calls = vec![Call::new(
        "eth_getBlockByNumber",
        json!([tag(Height(number)), false]),
    )];
    if let Some(to) = transaction.to {
        calls.push(Call::new(
            "eth_getCode",
            json!([format!("{to:?}"), "latest"]),
        ));
    }
    calls.extend(trace_call(id, tracing));
    let mut answers = rpc.batch(calls).await?.into_iter();
    let block: Option<Block<IgnoredAny>> = next(rpc, &mut answers, "eth_getBlockByNumber")?;
    let block = block
        .ok_or_else(|| inconsistent(rpc, format!("no block {number}, in which {id} stands")))?;
    if block.hash != block_hash || block.number != number {
        let detail = format!(
            "{id} stands in block {block_hash:?}, which is not block {number} of the chain"
        );
        return Err(inconsistent(rpc, detail));
    }
    let block_ref = header_of(rpc, &block)?.block;
    let to_is_contract = match transaction.to {
        None => None,
        Some(_) => read_code(rpc, answers.next())?,
    };
    let mut unread = BTreeSet::new();
    let trace = match tracing {
        Tracing::Missing => None,
        kind => read_trace(rpc, kind, transaction.hash, answers.next())?,
    };
    if trace.is_none() {
        unread.insert(Part::Internal);
    }
    let traced = trace.as_ref().map(|trace| trace.succeeded);
    let outcome = match (receipt.status, traced) {
        (Some(1), _) | (None, Some(true)) => Outcome::Success,
        (Some(_), _) | (None, Some(false)) => Outcome::Failed,
        (None, None) => Outcome::Unknown,
    };
    let mut credits = decoder.top_level(&transaction, Some(&receipt), Some(&block_ref), traced);
    if outcome != Outcome::Failed {
        if let Some(trace) = &trace {
            credits.extend(decoder.internal(id, trace, Some(&block_ref)));
        }
        // Logs may be listed out of order; their own index says the order of the chain.
        let mut logs = receipt.logs.clone();
        logs.sort_by_key(|log| log.log_index);
        credits.extend(decoder.logs(&logs, Some(&block_ref)));
    }
    Ok(Some(TransactionView {
        id: id.clone(),
        block: Some(block_ref),
        outcome,
        signer: transaction.from.map(|from| address::format(from.0)),
        to: transaction.to.map(|to| address::format(to.0)),
        to_is_contract,
        credits,
        inputs: Vec::new(),
        unread,
    }))
}

fn next<T: serde::de::DeserializeOwned>(
    rpc: &dyn RpcCall,
    answers: &mut impl Iterator<Item = Result<Bytes, SourceError>>,
    what: &str,
) -> Result<T, SourceError> {
    match answers.next() {
        Some(Ok(answer)) => parse(rpc.origin(), what, &answer),
        Some(Err(error)) => Err(error),
        None => Err(inconsistent(rpc, format!("no answer to {what}"))),
    }
}

fn pending(decoder: &Decoder, id: &TxId, transaction: &Transaction) -> TransactionView {
    TransactionView {
        id: id.clone(),
        block: None,
        outcome: Outcome::Unknown,
        signer: transaction.from.map(|from| address::format(from.0)),
        to: transaction.to.map(|to| address::format(to.0)),
        to_is_contract: None,
        credits: decoder.top_level(transaction, None, None, None),
        inputs: Vec::new(),
        unread: BTreeSet::from([Part::TransferLogs, Part::Internal]),
    }
}

fn trace_call(id: &TxId, tracing: Tracing) -> Option<Call> {
    match tracing {
        Tracing::Flat => Some(Call::new("trace_transaction", json!([id.as_str()]))),
        Tracing::Calls => Some(Call::new(
            "debug_traceTransaction",
            json!([id.as_str(), {"tracer": "callTracer"}]),
        )),
        Tracing::Missing => None,
    }
}

/// Whether a contract stands there; `None` when the source does not say.
fn read_code(
    rpc: &dyn RpcCall,
    answer: Option<Result<Bytes, SourceError>>,
) -> Result<Option<bool>, SourceError> {
    let Some(Ok(answer)) = answer else {
        return Ok(None);
    };
    let code: String = parse(rpc.origin(), "eth_getCode", &answer)?;
    Ok(hex_bytes(&code).map(|code| matches!(code_of(&code), Code::Contract(_))))
}

/// The trace of one transaction; `None` when the source has none for it, which a caller reports as unread.
fn read_trace(
    rpc: &dyn RpcCall,
    tracing: Tracing,
    hash: H256,
    answer: Option<Result<Bytes, SourceError>>,
) -> Result<Option<TransactionTrace>, SourceError> {
    let answer = match answer {
        Some(Ok(answer)) => answer,
        Some(Err(error)) if error.advice() == recover_source::error::Advice::Retry => {
            return Err(error);
        }
        Some(Err(_)) | None => return Ok(None),
    };
    if tracing == Tracing::Calls {
        // Calls may be nested deeper than a reader of JSON goes: unread, not absent.
        return Ok(serde_json::from_slice::<Option<CallFrame>>(&answer)
            .ok()
            .flatten()
            .map(|root| read_calls(Some(hash), &root)));
    }
    let entries: Option<Vec<FlatTrace>> = parse(rpc.origin(), "trace_transaction", &answer)?;
    let (traces, _) = read_flat(&entries.unwrap_or_default());
    Ok(traces
        .into_iter()
        .find(|trace| trace.transaction == Some(hash)))
}
