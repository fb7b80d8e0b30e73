//! Blocks of CometBFT: their transactions in order, and what a block moves without one.

use crate::address;
use crate::decode::event::{Event, coins, read_all};
use crate::decode::json::{self, result};
use crate::decode::message::text_of;
use crate::decode::movement::{Received, has_bank_events, received};
use crate::decode::{DecodeError, Decoder, Transaction};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_core::address::Address;
use recover_core::block::{BlockHash, BlockRef, Height, TxId};
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::time::Timestamp;
use serde_json::Value;

/// A block with everything it moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Height, hash and time.
    pub block: BlockRef,
    /// The hash of the block before it.
    pub parent: BlockHash,
    /// The chain's own name (`cosmoshub-4`).
    pub chain: String,
    /// Its transactions in order.
    pub transactions: Vec<Transaction>,
    /// What it moved without a transaction.
    pub credits: Vec<Observation>,
}

/// What a block moved without a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCredits {
    /// The block's height.
    pub height: Height,
    /// The credits in order, without a block.
    pub credits: Vec<Observation>,
}

/// The header of a block's JSON, from CometBFT or the REST gateway.
pub(crate) struct BlockHeader {
    pub block: BlockRef,
    pub parent: BlockHash,
    pub chain: String,
}

/// Reads the header of a block: CometBFT writes hashes in hexadecimal digits, the REST gateway in base64.
pub(crate) fn header(answer: &Value) -> Result<BlockHeader, DecodeError> {
    let body = result(answer)?;
    let header = body
        .get("block")
        .and_then(|block| block.get("header"))
        .ok_or_else(|| DecodeError::missing("the block's header"))?;
    let hash = body
        .get("block_id")
        .and_then(|id| hash_of(&text_of(id.get("hash"))))
        .ok_or_else(|| DecodeError::missing("the block's hash"))?;
    // The first block has no parent.
    let parent = header
        .get("last_block_id")
        .and_then(|id| hash_of(&text_of(id.get("hash"))))
        .unwrap_or_default();
    let height = text_of(header.get("height"))
        .parse()
        .map_err(|_| DecodeError::missing("the block's height"))?;
    let time = Timestamp::parse(&text_of(header.get("time")))
        .map_err(|_| DecodeError::missing("the block's time"))?;
    Ok(BlockHeader {
        block: BlockRef {
            height: Height(height),
            hash: BlockHash::new(&hash),
            time,
        },
        parent: BlockHash::new(&parent),
        chain: text_of(header.get("chain_id")),
    })
}

/// 64 hexadecimal digits in upper case, from either writing.
fn hash_of(text: &str) -> Option<String> {
    let bytes = if text.len() == 64 {
        hex::decode(text).ok()?
    } else {
        STANDARD.decode(text).ok()?
    };
    (bytes.len() == 32).then(|| hex::encode_upper(bytes))
}

pub(super) fn read(
    decoder: &Decoder,
    block: &Value,
    results: &Value,
) -> Result<Block, DecodeError> {
    let BlockHeader {
        block: reference,
        parent,
        chain,
    } = header(block)?;
    let body = result(results)?;
    if text_of(body.get("height")) != reference.height.to_string() {
        return Err(DecodeError::Contradiction {
            what: format!(
                "the results are of block {} and the block is {}",
                text_of(body.get("height")),
                reference.height
            ),
        });
    }
    let list = |value: Option<&Value>| -> Vec<Value> {
        value.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let raw = list(result(block)?.pointer("/block/data/txs"));
    let executed = list(body.get("txs_results"));
    if raw.len() != executed.len() {
        return Err(DecodeError::Contradiction {
            what: format!(
                "block {} holds {} transactions and {} results",
                reference.height,
                raw.len(),
                executed.len()
            ),
        });
    }
    let mut transactions = Vec::new();
    for (raw, executed) in raw.iter().zip(&executed) {
        let raw = STANDARD
            .decode(raw.as_str().unwrap_or_default())
            .map_err(|error| DecodeError::Bytes {
                what: "a transaction of the block".to_owned(),
                detail: error.to_string(),
            })?;
        match json::of_comet(None, &reference.height.to_string(), &raw, executed) {
            Ok(row) => transactions.push(decoder.transaction(&row)?.in_block(&reference)),
            // Validators may put bytes of their own into a block (vote extensions, oracle prices): no transactions.
            Err(DecodeError::Bytes { .. })
                if !has_bank_events(&read_all(executed.get("events"))) => {}
            Err(error) => return Err(error),
        }
    }
    let mut own = credits(decoder, results)?.credits;
    for credit in &mut own {
        credit.block = Some(reference.clone());
    }
    Ok(Block {
        block: reference,
        parent,
        chain,
        transactions,
        credits: own,
    })
}

pub(super) fn credits(decoder: &Decoder, results: &Value) -> Result<BlockCredits, DecodeError> {
    let body = result(results)?;
    if body.get("txs_results").is_none()
        && body.get("begin_block_events").is_none()
        && body.get("finalize_block_events").is_none()
    {
        return Err(DecodeError::NotATransaction {
            what: "something else than a block's results".to_owned(),
        });
    }
    let height = Height(
        text_of(body.get("height"))
            .parse()
            .map_err(|_| DecodeError::missing("the results' height"))?,
    );
    // One list since CometBFT 0.38, two before; a newer node that serves an older block joins them in this order.
    let mut events = read_all(body.get("begin_block_events"));
    events.extend(read_all(body.get("end_block_events")));
    events.extend(read_all(body.get("finalize_block_events")));
    let all: Vec<&Event> = events.iter().collect();
    let moved = received(&all)?;
    let write = |position: Position, received: &Received| -> Option<Observation> {
        let to = address::parse(&received.to).ok()?;
        if received.amount.is_zero() {
            return None;
        }
        Some(observation(decoder, height, position, to, received))
    };
    let mut credits: Vec<Observation> = moved
        .iter()
        .enumerate()
        .filter_map(|(index, received)| write(Position::new(&format!("event:{index}")), received))
        .collect();
    let unbonded = unbondings(&all, &moved)?;
    credits.extend(unbonded.iter().enumerate().filter_map(|(index, received)| {
        write(Position::new(&format!("unbonding:{index}")), received)
    }));
    Ok(BlockCredits { height, credits })
}

/// Unbonded coins that only the staking module tells of: before SDK 0.43 the bank module wrote nothing for them.
fn unbondings(events: &[&Event], moved: &[Received]) -> Result<Vec<Received>, DecodeError> {
    let mut found = Vec::new();
    for event in events
        .iter()
        .filter(|event| event.kind == "complete_unbonding")
    {
        for record in event.records() {
            let (Some(to), Some(amount)) = (record.get("delegator"), record.get("amount")) else {
                continue;
            };
            for (amount, denom) in coins(amount)? {
                let is_told = moved.iter().any(|credit| {
                    credit.to == to && credit.denom == denom && credit.amount == amount
                });
                if !is_told {
                    found.push(Received {
                        to: to.to_owned(),
                        from: None,
                        denom,
                        amount,
                        stated: None,
                    });
                }
            }
        }
    }
    Ok(found)
}

fn observation(
    decoder: &Decoder,
    height: Height,
    position: Position,
    to: Address,
    received: &Received,
) -> Observation {
    Observation {
        network: decoder.network().clone(),
        tx_id: TxId::of_block(height),
        position,
        block: None,
        from: received
            .from
            .as_deref()
            .and_then(|from| address::parse(from).ok()),
        to,
        asset: decoder.asset(&received.denom),
        amount: received.amount,
        amount_stated: received.amount,
        balance_delta: None,
        // No transaction, no memo.
        memos: vec![recover_core::memo::Memo::absent(
            recover_core::memo::place::MEMO,
        )],
        mechanism: Mechanism::BlockEvent,
        outcome: Outcome::Success,
        flags: Vec::new(),
    }
}
