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
    let fee = u128::from(rate) * u128::from(ONE_TO_ONE);
    let fee = Amount::from_u128(fee.div_ceil(1_000));
    let origin = match estimate {
        Some(_) => "estimated",
        None => "the network's usual one, for want of an estimate",
    };
    Ok(NetworkCost {
        native_transfer: fee,
        // There are no tokens and no contracts: what is done here is a transfer.
        token_transfer: fee,
        contract_step: fee,
        basis: format!(
            "one input and one output ({ONE_TO_ONE} virtual bytes) at {rate} base units for 1,000 ({origin})"
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
