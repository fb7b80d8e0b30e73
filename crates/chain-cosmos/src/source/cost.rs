//! What the networks' own work costs: gas times the price that a node asks at least.

use crate::networks;
use recover_core::amount::Amount;
use recover_core::network::NetworkId;
use recover_source::chain::NetworkCost;
use serde_json::json;

/// Gas that a plain payment may use: recorded payments used 73,734 to 115,692.
pub(super) const GAS_PAYMENT: u64 = 200_000;
/// Gas that a token contract's transfer, or one over IBC, may use.
pub(super) const GAS_CONTRACT: u64 = 400_000;

/// The cost by a node's minimum prices (`0.005uatom,0.01ibc/…`), in the network's own coin; `None` where it has no price in it.
pub(super) fn of_price(network: &NetworkId, prices: &str) -> Option<NetworkCost> {
    let native = networks::by_name(network)?.native_denom;
    let price = prices
        .split([',', ';'])
        .map(str::trim)
        .find_map(|price| price.strip_suffix(native))
        .filter(|price| {
            price
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
        })?;
    let cost = |gas: u64| times(price, gas);
    let payment = cost(GAS_PAYMENT)?;
    Some(NetworkCost {
        native_transfer: payment,
        token_transfer: cost(GAS_CONTRACT)?,
        contract_step: cost(GAS_CONTRACT)?,
        added_input: None,
        reserve: None,
        basis: format!(
            "{GAS_PAYMENT} gas for a payment and {GAS_CONTRACT} for a contract at {price}{native}, the least that the node asks"
        ),
    })
    .filter(|cost| !cost.native_transfer.is_zero())
}

/// A decimal price times a count, rounded up.
fn times(price: &str, count: u64) -> Option<Amount> {
    let (whole, fraction) = price.split_once('.').unwrap_or((price, ""));
    let scale = u8::try_from(fraction.len()).ok()?;
    let digits = format!("{whole}{fraction}");
    Amount::from_base_units(&digits).ok()?.mul_ratio_ceil(
        Amount::from_u128(u128::from(count)),
        Amount::power_of_ten(scale)?,
    )
}

/// The question for a balance of a CW20 token.
pub(super) fn cw20_balance_query(address: &str) -> Vec<u8> {
    json!({"balance": {"address": address}})
        .to_string()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_prices_are_exact_and_round_up() {
        let cost = |network: &str, prices: &str| {
            of_price(&NetworkId::new(network), prices)
                .map(|cost| cost.native_transfer.to_base_units())
        };
        assert_eq!(cost("cosmos", "0.005uatom").as_deref(), Some("1000"));
        assert_eq!(
            cost("cosmos", "0.01ibc/AB,0.0000051uatom").as_deref(),
            Some("2")
        );
        assert_eq!(
            cost("injective", "160000000inj").as_deref(),
            Some("32000000000000")
        );
        assert_eq!(cost("cosmos", ""), None);
        assert_eq!(cost("cosmos", "0uatom"), None);
        assert_eq!(cost("cosmos", "0.005uosmo"), None);
        assert_eq!(cost("nowhere", "0.005uatom"), None);
    }
}
