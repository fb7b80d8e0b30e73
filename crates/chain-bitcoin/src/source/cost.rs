//! What the network's work costs: a rate, and the size of the plainest transaction.

use crate::script::Script;
use crate::spend::Rules;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::network::NetworkId;
use recover_source::chain::NetworkCost;
use recover_source::client::Client;
use recover_source::error::SourceError;

/// Within how many blocks a transaction should be mined: an hour on Bitcoin.
pub const BLOCKS_WANTED: u16 = 6;

/// Virtual bytes of a transaction with one input and one output, both P2PKH: the largest of those that one key signs (10 for what is
/// around them, 148 and 34).
const ONE_TO_ONE: u64 = 192;

/// Virtual bytes that a further input adds: P2PKH, the largest that one key signs.
const INPUT: u64 = 148;

/// The cost of one transfer at an estimated rate (base units for 1,000 virtual bytes; `None` where the source has none). The bounds and
/// the fallback are the network's ([`Rules`]).
///
/// # Errors
/// [`SourceError::Unsupported`] for a network of another family; [`SourceError::Inconsistent`] for a rate above what anybody means to
/// pay.
pub fn network_cost(
    client: &Client,
    network: &NetworkId,
    estimate: Option<u64>,
) -> Result<NetworkCost, SourceError> {
    let rules =
        Rules::of(network).ok_or_else(|| client.unsupported(format!("the network {network}")))?;
    let rate = rules.rate(estimate, 0, 0).ok_or_else(|| {
        let rate = estimate.unwrap_or_default();
        client.inconsistent(format!(
            "a fee of {rate} base units for 1,000 virtual bytes; at most {} is believed",
            rules.rate_max
        ))
    })?;
    let cost = |bytes: u64| {
        let thousandfold = u128::from(rate) * u128::from(bytes);
        Amount::from_u128(thousandfold.div_ceil(1_000))
    };
    let fee = cost(ONE_TO_ONE);
    let origin = match estimate {
        Some(_) => "estimated",
        None => "the network's usual one, for want of an estimate",
    };
    Ok(NetworkCost {
        native_transfer: fee,
        // There are no tokens and no contracts: what is done here is a transfer.
        token_transfer: fee,
        contract_step: fee,
        added_input: Some(cost(INPUT)),
        reserve: None,
        basis: format!(
            "one input and one output of {ONE_TO_ONE} virtual bytes at {} sat/vB ({origin})",
            Amount::from_u128(rate.into()).to_coin_text(3)
        ),
    })
}

/// The script whose coin is asked about.
///
/// # Errors
/// [`SourceError::Unsupported`] for an asset other than the network's coin, and for an address of another family.
pub fn native_script(
    client: &Client,
    network: &NetworkId,
    address: &Address,
    asset: &AssetId,
) -> Result<Script, SourceError> {
    if asset.network != *network || asset.reference != AssetReference::Native {
        return Err(client.unsupported(format!("the balance of {asset}")));
    }
    Script::of_payload(&address.payload())
        .ok_or_else(|| client.unsupported(format!("the address {address}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use bytes::Bytes;
    use recover_source::retry::RetryPolicy;
    use recover_source::transport::Transport;
    use std::sync::Arc;

    /// Nobody: the rate is given.
    struct Silent;

    #[async_trait]
    impl Transport for Silent {
        fn origin(&self) -> &str {
            "silent"
        }

        async fn post(&self, _body: Bytes) -> Result<Bytes, SourceError> {
            Ok(Bytes::new())
        }

        async fn get(&self, _path: &str, _query: &[(&str, &str)]) -> Result<Bytes, SourceError> {
            Ok(Bytes::new())
        }
    }

    #[test]
    fn own_the_basis_names_rate_and_size_and_an_input_more_has_its_price() {
        let client = Client::new(Arc::new(Silent), RetryPolicy::once());
        let of = |name: &str, estimate| network_cost(&client, &NetworkId::new(name), estimate);
        let cost = of("bitcoin", Some(12_345)).unwrap();
        // 192 and 148 virtual bytes at 12.345, rounded up.
        assert_eq!(cost.native_transfer, Amount::from_u128(2_371));
        assert_eq!(cost.added_input, Some(Amount::from_u128(1_828)));
        assert_eq!(cost.reserve, None);
        assert_eq!(
            cost.basis,
            "one input and one output of 192 virtual bytes at 12.345 sat/vB (estimated)"
        );
        let cost = of("litecoin", None).unwrap();
        assert!(
            cost.basis
                .ends_with(" sat/vB (the network's usual one, for want of an estimate)"),
            "{}",
            cost.basis
        );
        assert!(of("bitcoin", Some(u64::MAX)).is_err());
        assert!(of("ethereum", Some(1)).is_err());
    }
}
