//! What the network's work for a deposit costs now.

use super::{Asked, Lacks, known_or};
use crate::config::{NetworkConfig, Policy};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::prices::Wanted;
use recover_core::amount::Amount;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::fee::NetworkFee;
use recover_core::network::Family;
use recover_core::time::Timestamp;
use recover_core::verdict::Verdict;
use recover_source::chain::NetworkCost;
use std::fmt::Display;

impl Engine {
    /// What moving the deposit costs with the policy's margin. What nobody can say has no price, so that no quote is given.
    pub(super) async fn network_fee(
        &self,
        asked: Asked<'_>,
        now: Timestamp,
        lacks: &mut Lacks,
    ) -> Result<NetworkFee, EngineError> {
        let policy = self.policy()?;
        let native = AssetId::native(asked.deposit.network().clone());
        let (network, amount, cost) = match self.moving(asked, policy).await {
            Ok(moving) => moving,
            Err(unknown) => {
                lacks.network = unknown;
                return Ok(NetworkFee::unknown(native));
            }
        };
        let price = self.price(&Wanted::now(&native, now)).await?;
        Ok(NetworkFee {
            price: known_or(price, &mut lacks.network),
            asset: native,
            amount,
            decimals: network.native.terms.decimals,
            basis: format!("{}, {} % margin", cost.basis, policy.gas_buffer_percent),
            reserve: cost.reserve,
            // A payout in kind is the output itself, and nothing but the output can pay for its transaction.
            from_deposit: network.family == Family::Bitcoin && asked.resolution.needs_destination(),
        })
    }

    /// The deposit's network, what moving it costs there in base units of its coin, and what that was reckoned from; else what is
    /// not known.
    async fn moving(
        &self,
        asked: Asked<'_>,
        policy: &Policy,
    ) -> Result<(&NetworkConfig, Amount, NetworkCost), String> {
        let deposit = asked.deposit;
        let network = self
            .chains
            .network(deposit.network())
            .ok_or_else(|| format!("network {} is not in chains.toml", deposit.network()))?;
        let unknown =
            |error: &dyn Display| format!("what {} charges is unknown: {error}", network.id);
        let source = self.source(network).map_err(|error| unknown(&error))?;
        let cost = source.network_cost().await;
        let cost = cost.map_err(|error| unknown(&error))?;
        // A token is moved with the native coin of its address: a top-up and the transfer itself.
        let mut total = match deposit.asset().reference {
            AssetReference::Native => Some(cost.native_transfer),
            _ => cost.native_transfer.checked_add(cost.token_transfer),
        };
        if let Verdict::NeedsDeploy(legs) = &deposit.classification.verdict {
            for _ in legs {
                total = total.and_then(|total| total.checked_add(cost.contract_step));
            }
        }
        let amount = total
            .and_then(|total| policy.with_margin(total))
            .ok_or_else(|| format!("what {} charges does not fit any number", network.id))?;
        let at_least = asked.at_least.unwrap_or(Amount::ZERO);
        Ok((network, amount.max(at_least), cost))
    }

    /// How a network fee was reckoned, in words; `None` where it is not known.
    pub(super) fn network_basis(&self, fee: &NetworkFee) -> Option<String> {
        let symbol = &self.chains.terms(&fee.asset)?.symbol;
        let coins = fee.amount.to_coin_text(fee.decimals);
        (!fee.basis.is_empty()).then(|| format!("{coins} {symbol} at most ({})", fee.basis))
    }
}
