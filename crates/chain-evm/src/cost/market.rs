//! What a unit of gas costs while people approve and sign: the base fee of the next block, and what blocks took above it.

use crate::rpc::{Call, RpcCall, parse};
use crate::wire::Block;
use bytes::Bytes;
use recover_core::amount::Amount;
use recover_source::error::{Advice, SourceError};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

/// Twenty blocks, whose gas to three quarters paid a smaller tip: what a quote reckons with has to last.
const QUOTE_WINDOW: Window = Window {
    blocks: "0x14",
    percentile: 75,
};
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

/// Which blocks are looked back on for the tips that they took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    /// How many, as a hexadecimal quantity.
    pub(crate) blocks: &'static str,
    /// Of the gas of each block so much paid a smaller tip, in percent.
    pub(crate) percentile: u32,
}

/// A base fee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BaseFee {
    /// What a unit of gas costs without a tip, in wei.
    pub(crate) price: Amount,
    /// Whose it is, for a person.
    of: &'static str,
}

/// What a node says of the price of gas; what is made of it, a quote and a transaction each decide for themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MarketData {
    /// The node's own price of a unit of gas, in wei.
    pub(crate) asked: Amount,
    /// The base fee of the next block, or that of the last where it is higher or the only one known; `None` on a network without
    /// base fees.
    pub(crate) base: Option<BaseFee>,
    /// What recent blocks took above the base fee, the least first. Blocks without transactions say zero, which is no price, and
    /// are left out. Empty where the node does not say, and on a network without base fees.
    pub(crate) tips: Vec<Amount>,
    /// The tip that the node suggests; `None` where it suggests none.
    pub(crate) suggested: Option<Amount>,
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
    fn tips(&self) -> Vec<Amount> {
        let blocks = self.reward.iter().flatten().enumerate();
        let mut tips: Vec<Amount> = blocks
            .filter(|(place, _)| {
                let ratio = self.gas_used_ratio.get(*place);
                ratio.is_none_or(|ratio| !is_zero(ratio))
            })
            .filter_map(|(_, block)| Amount::from_hex_quantity(block.first()?).ok())
            .collect();
        tips.sort_unstable();
        tips
    }
}

/// Whether a number of JSON is zero, by its text.
fn is_zero(number: &serde_json::Value) -> bool {
    let text = number.to_string();
    let digits = text.split(['e', 'E']).next().unwrap_or_default();
    !digits.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}

impl MarketData {
    /// Asks a node, in one batch.
    pub(crate) async fn read(rpc: &dyn RpcCall, window: Window) -> Result<Self, SourceError> {
        let origin = rpc.origin();
        let inconsistent = |detail: String| SourceError::Inconsistent {
            origin: origin.to_owned(),
            detail,
        };
        let quantity = |what: &str, text: &str| {
            Amount::from_hex_quantity(text)
                .map_err(|_| inconsistent(format!("{what} is no number")))
        };
        let Window { blocks, percentile } = window;
        let answers = rpc
            .batch(vec![
                Call::new("eth_gasPrice", json!([])),
                Call::new("eth_getBlockByNumber", json!(["latest", false])),
                Call::new("eth_feeHistory", json!([blocks, "latest", [percentile]])),
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
        let latest = latest.ok_or_else(|| inconsistent("no latest block".to_owned()))?;
        // The two that not every node has.
        let optional = |answer: Result<Bytes, SourceError>| match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if error.advice() == Advice::GiveUp => Ok(None),
            Err(error) => Err(error),
        };
        let (history, suggested) = (optional(next())?, optional(next())?);
        let Some(last) = latest.base_fee_per_gas else {
            return Ok(Self {
                asked,
                base: None,
                tips: Vec::new(),
                suggested: None,
            });
        };
        let history: Option<FeeHistory> = match history {
            Some(answer) => parse(origin, "eth_feeHistory", &answer)?,
            None => None,
        };
        let suggested: Option<String> = match suggested {
            Some(answer) => parse(origin, "eth_maxPriorityFeePerGas", &answer)?,
            None => None,
        };
        // The last entry is the base fee of the block that is not there yet.
        let next = history
            .as_ref()
            .and_then(|history| history.base_fee_per_gas.last())
            .map(|text| quantity("a base fee", text))
            .transpose()?;
        let base = match next {
            Some(next) if next >= last => BaseFee {
                price: next,
                of: "the next block's base fee",
            },
            _ => BaseFee {
                price: last,
                of: "the last block's base fee",
            },
        };
        Ok(Self {
            asked,
            base: Some(base),
            tips: history.as_ref().map(FeeHistory::tips).unwrap_or_default(),
            suggested: suggested.map(|text| quantity("a tip", &text)).transpose()?,
        })
    }
}

/// The price of gas now, generously: a base fee can rise by an eighth a block, and twice of it lasts six full blocks; without a base
/// fee a quarter more than the node's own price.
pub(super) async fn gas_price(rpc: &dyn RpcCall) -> Result<GasPrice, SourceError> {
    let overflow = || SourceError::Inconsistent {
        origin: rpc.origin().to_owned(),
        detail: "a gas price beyond any price".to_owned(),
    };
    let gwei = |amount: Amount| amount.to_coin_text(GWEI);
    let market = MarketData::read(rpc, QUOTE_WINDOW).await?;
    let asked = market.asked;
    let Some(BaseFee {
        price: base,
        of: of_base,
    }) = market.base
    else {
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
    // The tip below which nine of ten blocks with transactions lie.
    let last = market.tips.len().saturating_sub(1);
    let paid = market.tips.get(last.saturating_mul(9) / 10).copied();
    let (tip, of_tip) = match (paid, market.suggested) {
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
