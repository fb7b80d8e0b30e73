//! What the network's own work costs: gas, and the data fee of layer-2 networks by the rule of each.

mod market;

use crate::rpc::{Call, RpcCall, ask};
use crate::token::{contract_call, first_word, returned};
use ethers::types::H160;
use market::GasPrice;
pub(crate) use market::{BaseFee, MarketData, Window};
use recover_core::amount::Amount;
use recover_source::chain::NetworkCost;
use recover_source::error::SourceError;
use serde_json::{Value, json};

/// What a transaction costs beyond gas used times gas price; the codes are those of `fee_rule` in `chains.toml`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FeeRule {
    /// Nothing.
    #[default]
    Execution,
    /// A data fee and, since Isthmus, an operator fee, both from the oracle at 0x4200…000F.
    OpStackL1Data,
    /// As the OP Stack, the data fee in ether and multiplied by the oracle's token ratio, the operator fee in its own coin.
    MantleL1Data,
    /// Folded into the gas: the estimate contains it and moves with it.
    ArbitrumL1Data,
    /// A data fee from the oracle at 0x5300…0002.
    ScrollL1Data,
    /// The gas price grows with the data of the transaction.
    LineaEstimateGas,
}

impl FeeRule {
    /// The rule that `chains.toml` names; `None` when unknown.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "execution" => Some(Self::Execution),
            "op_stack_l1_data" => Some(Self::OpStackL1Data),
            "mantle_l1_data" => Some(Self::MantleL1Data),
            "arbitrum_l1_data" => Some(Self::ArbitrumL1Data),
            "scroll_l1_data" => Some(Self::ScrollL1Data),
            "linea_estimate_gas" => Some(Self::LineaEstimateGas),
            _ => None,
        }
    }
}

/// Gas of a plain transfer, with room for a recipient that is a small contract.
pub(crate) const NATIVE_GAS: u128 = 30_000;
/// Gas of a token transfer; most take half of it.
pub(crate) const TOKEN_GAS: u128 = 100_000;
/// Gas of putting a forwarder in place or flushing it: a small contract costs 200 gas a byte and 32,000 to create, a large
/// one is capped at 24,576 bytes; forwarders have a few hundred.
pub(crate) const STEP_GAS: u128 = 600_000;
/// Bytes of a signed plain transfer and of a token transfer, rounded up.
const NATIVE_BYTES: usize = 130;
const TOKEN_BYTES: usize = 200;
/// Bytes of a step that carries the creation code of a small forwarder.
const STEP_BYTES: usize = 1_200;

/// A predeployed contract: a first byte pair, zeros, a last one.
const fn predeploy(high: u8, low: u8) -> H160 {
    let mut bytes = [0; 20];
    bytes[0] = high;
    bytes[19] = low;
    H160(bytes)
}

/// What the network's work costs now, generously: what a quote promises must not be less than what is paid.
pub(crate) async fn network_cost(
    rpc: &dyn RpcCall,
    rule: FeeRule,
) -> Result<NetworkCost, SourceError> {
    let inconsistent = |detail: &str| SourceError::Inconsistent {
        origin: rpc.origin().to_owned(),
        detail: detail.to_owned(),
    };
    let overflow = || inconsistent("a gas price beyond any price");
    let two = Amount::from_u128(2);
    let GasPrice { mut price, basis } = market::gas_price(rpc).await?;
    let mut at = format!("at {basis}");
    let mut native_gas = Amount::from_u128(NATIVE_GAS);
    let mut token_gas = Amount::from_u128(TOKEN_GAS);
    let mut step_gas = Amount::from_u128(STEP_GAS);
    let mut native_extra = Amount::ZERO;
    let mut token_extra = Amount::ZERO;
    let mut step_extra = Amount::ZERO;
    let (mut gas_is, mut beside) = ("", "");
    match rule {
        FeeRule::Execution => {}
        FeeRule::OpStackL1Data => {
            let oracle = predeploy(0x42, 0x0f);
            native_extra = op_fee(rpc, oracle, NATIVE_BYTES, NATIVE_GAS).await?;
            token_extra = op_fee(rpc, oracle, TOKEN_BYTES, TOKEN_GAS).await?;
            step_extra = op_fee(rpc, oracle, STEP_BYTES, STEP_GAS).await?;
            beside = "twice the data fee of the OP Stack's oracle";
        }
        FeeRule::MantleL1Data => {
            let oracle = predeploy(0x42, 0x0f);
            let ratio = oracle_word(rpc, oracle, &selector("tokenRatio()"), "latest").await?;
            let ratio = ratio.ok_or_else(|| inconsistent("Mantle's oracle has no token ratio"))?;
            for (extra, size, gas) in [
                (&mut native_extra, NATIVE_BYTES, NATIVE_GAS),
                (&mut token_extra, TOKEN_BYTES, TOKEN_GAS),
                (&mut step_extra, STEP_BYTES, STEP_GAS),
            ] {
                let operator = operator_fee(rpc, Amount::from_u128(gas), "latest").await?;
                *extra = times(l1_fee(rpc, oracle, size).await?, ratio)
                    .and_then(|fee| fee.checked_add(operator))
                    .ok_or_else(overflow)?;
            }
            beside = "twice the data fee of Mantle's oracle in MNT";
        }
        FeeRule::ScrollL1Data => {
            let oracle = predeploy(0x53, 0x02);
            native_extra = l1_fee(rpc, oracle, NATIVE_BYTES).await?;
            token_extra = l1_fee(rpc, oracle, TOKEN_BYTES).await?;
            step_extra = l1_fee(rpc, oracle, STEP_BYTES).await?;
            beside = "twice the data fee of Scroll's oracle";
        }
        FeeRule::ArbitrumL1Data => {
            let estimate = estimate_gas(rpc).await?;
            native_gas = times(estimate, two).ok_or_else(overflow)?;
            step_gas = native_gas
                .checked_add(Amount::from_u128(STEP_GAS))
                .ok_or_else(overflow)?;
            token_gas = native_gas
                .checked_add(Amount::from_u128(TOKEN_GAS))
                .ok_or_else(overflow)?;
            gas_is = "twice the estimated gas, which holds the data fee: ";
        }
        FeeRule::LineaEstimateGas => {
            // The price a transaction must offer comes from its own estimate; the common one can lie far below it.
            if let Some(own) = linea_price(rpc).await? {
                price = price.max(own);
            }
            price = times(price, two).ok_or_else(overflow)?;
            at = format!(
                "at {} gwei (twice the higher of the price that linea_estimateGas asks and {basis})",
                price.to_coin_text(9)
            );
        }
    }
    let total = |gas: Amount, extra: Amount| {
        times(extra, two).and_then(|extra| times(gas, price)?.checked_add(extra))
    };
    let gas = |amount: Amount| amount.to_base_units();
    let mut basis = format!(
        "{gas_is}{} gas for a transfer, {} for a token, {} for a step {at}",
        gas(native_gas),
        gas(token_gas),
        gas(step_gas)
    );
    if !beside.is_empty() {
        let coins = |extra: Amount| {
            let doubled = times(extra, two).unwrap_or(Amount::MAX);
            doubled.to_coin_text(18)
        };
        basis.push_str(&format!(
            ", and {beside}: {} for a transfer, {} for a token",
            coins(native_extra),
            coins(token_extra)
        ));
    }
    Ok(NetworkCost {
        native_transfer: total(native_gas, native_extra).ok_or_else(overflow)?,
        token_transfer: total(token_gas, token_extra).ok_or_else(overflow)?,
        contract_step: total(step_gas, step_extra).ok_or_else(overflow)?,
        added_input: None,
        reserve: None,
        basis,
    })
}

fn times(left: Amount, right: Amount) -> Option<Amount> {
    left.mul_ratio_floor(right, Amount::from_u128(1))
}

fn selector(signature: &str) -> String {
    format!("0x{}", hex::encode(ethers::utils::id(signature)))
}

async fn oracle_word(
    rpc: &dyn RpcCall,
    oracle: H160,
    data: &str,
    block: &str,
) -> Result<Option<Amount>, SourceError> {
    let answer = rpc
        .batch(vec![contract_call(oracle, data, block)])
        .await?
        .pop();
    match answer {
        Some(answer) => Ok(returned(rpc.origin(), answer)?
            .as_deref()
            .and_then(first_word)),
        None => Ok(None),
    }
}

/// `getL1Fee(bytes)` of so many bytes, none of them zero: nothing packs worse.
async fn l1_fee(rpc: &dyn RpcCall, oracle: H160, size: usize) -> Result<Amount, SourceError> {
    use ethers::abi::{Token, encode};
    let noise: Vec<u8> = (0..size)
        .map(|place| u8::try_from(place % 251 + 1).unwrap_or(1))
        .collect();
    let data = format!(
        "{}{}",
        selector("getL1Fee(bytes)"),
        hex::encode(encode(&[Token::Bytes(noise)]))
    );
    oracle_word(rpc, oracle, &data, "latest")
        .await?
        .ok_or_else(|| SourceError::Unsupported {
            origin: rpc.origin().to_owned(),
            what: format!("the data fee oracle at {oracle:?}"),
        })
}

async fn op_fee(
    rpc: &dyn RpcCall,
    oracle: H160,
    size: usize,
    gas: u128,
) -> Result<Amount, SourceError> {
    let fee = l1_fee(rpc, oracle, size).await?;
    let operator = operator_fee(rpc, Amount::from_u128(gas), "latest").await?;
    fee.checked_add(operator)
        .ok_or_else(|| SourceError::Inconsistent {
            origin: rpc.origin().to_owned(),
            detail: "a data fee beyond any price".to_owned(),
        })
}

/// The operator's fee of the OP Stack for so much gas at a block, by its own oracle: its formula changed with a fork (Isthmus
/// counts the scalar in millionths, Jovian in hundreds), and receipts do not say which one holds. Nothing before Isthmus, where
/// the call reverts.
pub(crate) async fn operator_fee(
    rpc: &dyn RpcCall,
    gas: Amount,
    block: &str,
) -> Result<Amount, SourceError> {
    let data = format!(
        "{}{}",
        selector("getOperatorFee(uint256)"),
        hex::encode(gas.to_be_bytes())
    );
    Ok(oracle_word(rpc, predeploy(0x42, 0x0f), &data, block)
        .await?
        .unwrap_or_default())
}

/// What the network takes for the data of one signed transaction of so many bytes that uses so much gas, now and without a
/// margin; nothing where the gas or its price holds it.
pub(crate) async fn data_fee(
    rpc: &dyn RpcCall,
    rule: FeeRule,
    size: usize,
    gas: u64,
) -> Result<Amount, SourceError> {
    let overflow = || SourceError::Inconsistent {
        origin: rpc.origin().to_owned(),
        detail: "a data fee beyond any price".to_owned(),
    };
    match rule {
        FeeRule::Execution | FeeRule::ArbitrumL1Data | FeeRule::LineaEstimateGas => {
            Ok(Amount::ZERO)
        }
        FeeRule::OpStackL1Data => op_fee(rpc, predeploy(0x42, 0x0f), size, u128::from(gas)).await,
        FeeRule::MantleL1Data => {
            let oracle = predeploy(0x42, 0x0f);
            let ratio = oracle_word(rpc, oracle, &selector("tokenRatio()"), "latest").await?;
            let ratio = ratio.ok_or_else(overflow)?;
            let operator = operator_fee(rpc, Amount::from_u128(u128::from(gas)), "latest").await?;
            times(l1_fee(rpc, oracle, size).await?, ratio)
                .and_then(|fee| fee.checked_add(operator))
                .ok_or_else(overflow)
        }
        FeeRule::ScrollL1Data => l1_fee(rpc, predeploy(0x53, 0x02), size).await,
    }
}

/// An account that nobody holds, as sender and recipient of estimates.
const NOBODY: &str = "0x000000000000000000000000000000000000dEaD";

async fn estimate_gas(rpc: &dyn RpcCall) -> Result<Amount, SourceError> {
    let call = json!([{"from": NOBODY, "to": NOBODY, "value": "0x0"}]);
    let gas: String = ask(rpc, Call::new("eth_estimateGas", call)).await?;
    Amount::from_hex_quantity(&gas).map_err(|_| SourceError::Inconsistent {
        origin: rpc.origin().to_owned(),
        detail: "an estimate of gas that is no number".to_owned(),
    })
}

/// The price that Linea's own estimate asks; `None` where the node has no such method.
pub(crate) async fn linea_price(rpc: &dyn RpcCall) -> Result<Option<Amount>, SourceError> {
    let call = json!([{"from": NOBODY, "to": NOBODY, "value": "0x0"}]);
    let answer: Result<Value, SourceError> = ask(rpc, Call::new("linea_estimateGas", call)).await;
    match answer {
        Ok(answer) => {
            let read = |field: &str| {
                let text = answer.get(field)?.as_str()?;
                Amount::from_hex_quantity(text).ok()
            };
            Ok(read("baseFeePerGas")
                .unwrap_or_default()
                .checked_add(read("priorityFeePerGas").unwrap_or_default()))
        }
        Err(SourceError::Unsupported { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytes::Bytes;

    /// A network whose gas costs 10, whose base fee is 7, and whose oracles answer 1,000 a data fee.
    #[derive(Default)]
    struct Oracle {
        has_operator_fee: bool,
        has_no_base_fee: bool,
        has_no_block: bool,
        history: Option<Value>,
        suggested: Option<&'static str>,
    }

    #[async_trait]
    impl RpcCall for Oracle {
        fn origin(&self) -> &str {
            "oracle"
        }

        async fn batch(
            &self,
            calls: Vec<Call>,
        ) -> Result<Vec<Result<Bytes, SourceError>>, SourceError> {
            let revert = || SourceError::Refused {
                origin: "oracle".to_owned(),
                code: 3,
                detail: "execution reverted".to_owned(),
            };
            let word = |amount: u128| Ok(json!(format!("0x{amount:064x}")));
            Ok(calls
                .iter()
                .map(|call| {
                    let data = call.params[0]["data"].as_str().unwrap_or_default();
                    let value = match call.method {
                        "eth_gasPrice" => Ok(json!("0xa")),
                        "eth_estimateGas" => Ok(json!("0x30d40")),
                        "linea_estimateGas" => {
                            Ok(json!({"baseFeePerGas": "0x7", "priorityFeePerGas": "0x64"}))
                        }
                        "eth_feeHistory" => self.history.clone().ok_or_else(revert),
                        "eth_maxPriorityFeePerGas" => {
                            self.suggested.map(|tip| json!(tip)).ok_or_else(revert)
                        }
                        "eth_getBlockByNumber" if self.has_no_block => Ok(Value::Null),
                        "eth_getBlockByNumber" => Ok(json!({
                            "number": "0x1", "timestamp": "0x1",
                            "baseFeePerGas": (!self.has_no_base_fee).then_some("0x7"),
                            "hash": format!("0x{:064x}", 1), "parentHash": format!("0x{:064x}", 0),
                        })),
                        _ if data.starts_with(&selector("getL1Fee(bytes)")) => word(1_000),
                        _ if data.starts_with(&selector("tokenRatio()")) => word(3),
                        _ if data.starts_with(&selector("getOperatorFee(uint256)"))
                            && self.has_operator_fee =>
                        {
                            word(50)
                        }
                        _ => Err(revert()),
                    };
                    value.map(|value: Value| Bytes::from(value.to_string()))
                })
                .collect())
        }
    }

    /// A quote and a transaction read the same of a node: the tips of blocks with transactions, and nothing where it has no block.
    #[tokio::test]
    async fn empty_blocks_have_no_tip_and_a_node_without_blocks_has_no_price() {
        let window = Window {
            blocks: "0x3",
            percentile: 50,
        };
        let history = json!({
            "baseFeePerGas": ["0x6", "0x6", "0x7", "0x8"],
            "gasUsedRatio": [0.5, 0.0, 0.9],
            "reward": [["0x5"], ["0x0"], ["0x3"]],
        });
        let oracle = Oracle {
            history: Some(history),
            ..Oracle::default()
        };
        let market = MarketData::read(&oracle, window).await.unwrap();
        let number = Amount::from_u128;
        assert_eq!(market.asked, number(10));
        assert_eq!(market.base.map(|base| base.price), Some(number(8)));
        assert_eq!(market.tips, [number(3), number(5)]);
        assert_eq!(market.suggested, None);
        let empty = Oracle {
            has_no_block: true,
            ..Oracle::default()
        };
        let error = MarketData::read(&empty, window).await.unwrap_err();
        assert!(
            matches!(error, SourceError::Inconsistent { .. }),
            "{error:?}"
        );
    }

    async fn native(rule: FeeRule, has_operator_fee: bool) -> String {
        let oracle = Oracle {
            has_operator_fee,
            ..Oracle::default()
        };
        let cost = network_cost(&oracle, rule).await.unwrap();
        assert_eq!((cost.added_input, cost.reserve), (None, None));
        assert!(cost.native_transfer < cost.token_transfer, "{rule:?}");
        assert!(cost.token_transfer < cost.contract_step, "{rule:?}");
        cost.native_transfer.to_base_units()
    }

    #[tokio::test]
    async fn each_rule_adds_what_its_network_charges() {
        // 30,000 gas at twice the base fee and what the price has above it: this node knows no history.
        let gas = 30_000 * 17;
        assert_eq!(native(FeeRule::Execution, false).await, gas.to_string());
        let op = native(FeeRule::OpStackL1Data, false).await;
        assert_eq!(op, (gas + 2 * 1_000).to_string());
        let isthmus = native(FeeRule::OpStackL1Data, true).await;
        assert_eq!(isthmus, (gas + 2 * 1_050).to_string());
        let mantle = native(FeeRule::MantleL1Data, false).await;
        assert_eq!(mantle, (gas + 2 * 3_000).to_string());
        let mantle = native(FeeRule::MantleL1Data, true).await;
        assert_eq!(mantle, (gas + 2 * 3_050).to_string());
        let scroll = native(FeeRule::ScrollL1Data, false).await;
        assert_eq!(scroll, (gas + 2 * 1_000).to_string());
        let arbitrum = native(FeeRule::ArbitrumL1Data, false).await;
        assert_eq!(arbitrum, (2 * 200_000 * 17).to_string());
        let linea = native(FeeRule::LineaEstimateGas, false).await;
        assert_eq!(linea, (30_000 * 2 * 107).to_string());
    }

    #[tokio::test]
    async fn the_basis_says_what_was_read() {
        let said = async |oracle: Oracle| {
            let cost = network_cost(&oracle, FeeRule::Execution).await.unwrap();
            (cost.native_transfer.to_base_units(), cost.basis)
        };
        let gas = "30000 gas for a transfer, 100000 for a token, 600000 for a step at ";
        // Ten blocks, one of them empty and one of them wild: the next base fee is 8, nine of ten took a tip of at most 5.
        let mut rewards = vec![json!(["0x0"]), json!(["0x3e8"])];
        rewards.extend((0..8).map(|_| json!(["0x5"])));
        let mut ratios = vec![json!(0.0), json!(1)];
        ratios.extend((0..8).map(|_| json!(0.5)));
        let mut bases = vec![json!("0x7"); 10];
        bases.push(json!("0x8"));
        let history = json!({
            "oldestBlock": "0x1", "baseFeePerGas": bases, "gasUsedRatio": ratios, "reward": rewards,
        });
        let (cost, basis) = said(Oracle {
            history: Some(history),
            suggested: Some("0x1"),
            ..Oracle::default()
        })
        .await;
        assert_eq!(cost, (30_000 * (2 * 8 + 5)).to_string());
        assert_eq!(
            basis,
            format!(
                "{gas}0.000000021 gwei (twice the next block's base fee of 0.000000008, and a tip of 0.000000005, as nine of ten recent blocks took at most)"
            )
        );
        // A node that suggests more is believed; one that asks more altogether too.
        let (cost, basis) = said(Oracle {
            suggested: Some("0x9"),
            ..Oracle::default()
        })
        .await;
        assert_eq!(cost, (30_000 * (2 * 7 + 9)).to_string());
        assert!(basis.contains("the last block's base fee of 0.000000007, and a tip of 0.000000009, as the node suggests"), "{basis}");
        let (cost, basis) = said(Oracle {
            has_no_base_fee: true,
            ..Oracle::default()
        })
        .await;
        assert_eq!(
            cost,
            (30_000 * 13).to_string(),
            "10 and a quarter, rounded up"
        );
        assert!(
            basis.contains("the node's price of 0.00000001 and a quarter"),
            "{basis}"
        );
    }

    #[test]
    fn every_rule_of_the_configuration_is_known() {
        for code in [
            "execution",
            "op_stack_l1_data",
            "mantle_l1_data",
            "arbitrum_l1_data",
            "scroll_l1_data",
            "linea_estimate_gas",
        ] {
            assert!(FeeRule::from_code(code).is_some(), "{code}");
        }
        assert_eq!(FeeRule::from_code("free"), None);
    }
}
