//! What a unit of gas costs while people approve and sign: the base fee of the next block, and what blocks took above it.

use crate::rpc::{Call, RpcCall, parse};
use crate::wire::Block;
use bytes::Bytes;
use recover_core::amount::Amount;
use recover_source::error::{Advice, SourceError};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// How many blocks are looked back on.
const BLOCKS: &str = "0x14";
/// Of the gas of each block so much paid a smaller tip, in percent.
const PERCENTILE: u32 = 75;
/// Gwei have nine decimals.
const GWEI: u8 = 9;

/// The price that a quote reckons with, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GasPrice {
    /// What a unit of gas costs at most, in wei.
    pub(super) price: Amount,
    /// How it was reckoned, for a person.
    pub(super) basis: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FeeHistory {
    #[serde(default)]
    base_fee_per_gas: Vec<String>,
    #[serde(default)]
    gas_used_ratio: Vec<serde_json::Value>,
    #[serde(default)]
    reward: Option<Vec<Vec<String>>>,
}

impl FeeHistory {
    /// The tip below which nine of ten blocks with transactions lie; `None` when no block had any.
    fn tip(&self) -> Option<Amount> {
        let blocks = self.reward.as_ref()?.iter().enumerate();
        let mut tips: Vec<Amount> = blocks
            .filter(|(place, _)| {
                // An empty block says zero, which is no price.
                let ratio = self.gas_used_ratio.get(*place);
                ratio.is_none_or(|ratio| !is_zero(ratio))
            })
            .filter_map(|(_, block)| Amount::from_hex_quantity(block.first()?).ok())
            .collect();
        tips.sort_unstable();
        let last = tips.len().checked_sub(1)?;
        tips.get(last.saturating_mul(9) / 10).copied()
    }
}

/// Whether a number of JSON is zero, by its text.
fn is_zero(number: &serde_json::Value) -> bool {
    let text = number.to_string();
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    !digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

/// The price of gas now, generously: a base fee can rise by an eighth a block, and twice of it lasts six full blocks; without a base
/// fee a quarter more than the node's own price.
pub(super) async fn gas_price(rpc: &dyn RpcCall) -> Result<GasPrice, SourceError> {
    let origin = rpc.origin();
    let inconsistent = |detail: String| SourceError::Inconsistent {
        origin: origin.to_owned(),
        detail,
    };
    let overflow = || inconsistent("a gas price beyond any price".to_owned());
    let quantity = |what: &str, text: &str| {
        Amount::from_hex_quantity(text).map_err(|_| inconsistent(format!("{what} is no number")))
    };
    let answers = rpc
        .batch(vec![
            Call::new("eth_gasPrice", json!([])),
            Call::new("eth_getBlockByNumber", json!(["latest", false])),
            Call::new("eth_feeHistory", json!([BLOCKS, "latest", [PERCENTILE]])),
            Call::new("eth_maxPriorityFeePerGas", json!([])),
        ])
        .await?;
    let mut answers = answers.into_iter();
    let mut next = || {
        let answer = answers.next();
        answer.unwrap_or_else(|| Err(inconsistent("a batch with an answer missing".to_owned())))
    };
    let asked: String = parse(origin, "eth_gasPrice", &next()?)?;
    let asked = quantity("a gas price", &asked)?;
    let latest: Option<Block<IgnoredAny>> = parse(origin, "eth_getBlockByNumber", &next()?)?;
    let base = latest.and_then(|block| block.base_fee_per_gas);
    // The two that not every node has.
    let optional = |answer: Result<Bytes, SourceError>| match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.advice() == Advice::GiveUp => Ok(None),
        Err(error) => Err(error),
    };
    let history: Option<FeeHistory> = match optional(next())? {
        Some(answer) => parse(origin, "eth_feeHistory", &answer)?,
        None => None,
    };
    let suggested = match optional(next())? {
        Some(answer) => {
            let text: Option<String> = parse(origin, "eth_maxPriorityFeePerGas", &answer)?;
            text.map(|text| quantity("a tip", &text)).transpose()?
        }
        None => None,
    };
    let gwei = |amount: Amount| amount.to_coin_text(GWEI);
    let Some(base) = base else {
        let five = Amount::from_u128(5);
        let price = asked
            .mul_ratio_ceil(five, Amount::from_u128(4))
            .ok_or_else(overflow)?;
        return Ok(GasPrice {
            price,
            basis: format!(
                "{} gwei (the node's price of {} and a quarter)",
                gwei(price),
                gwei(asked)
            ),
        });
    };
    // The last entry is the base fee of the block that is not there yet.
    let next_base = history
        .as_ref()
        .and_then(|history| history.base_fee_per_gas.last())
        .map(|text| quantity("a base fee", text))
        .transpose()?;
    let (base, of_base) = match next_base {
        Some(next) if next >= base => (next, "the next block's base fee"),
        _ => (base, "the last block's base fee"),
    };
    let paid = history.as_ref().and_then(FeeHistory::tip);
    let (tip, of_tip) = match (paid, suggested) {
        (Some(paid), suggested) if suggested.is_none_or(|tip| paid >= tip) => {
            (paid, "as nine of ten recent blocks took at most")
        }
        (_, Some(suggested)) => (suggested, "as the node suggests"),
        (_, None) => (
            asked.checked_sub(base).unwrap_or_default(),
            "what the node's price has above the base fee",
        ),
    };
    let doubled = base
        .checked_add(base)
        .and_then(|doubled| doubled.checked_add(tip));
    let price = doubled.ok_or_else(overflow)?;
    if asked > price {
        return Ok(GasPrice {
            price: asked,
            basis: format!(
                "{} gwei (the node's price; twice {of_base} of {} and a tip of {} are less)",
                gwei(asked),
                gwei(base),
                gwei(tip)
            ),
        });
    }
    Ok(GasPrice {
        price,
        basis: format!(
            "{} gwei (twice {of_base} of {}, and a tip of {}, {of_tip})",
            gwei(price),
            gwei(base),
            gwei(tip)
        ),
    })
}
