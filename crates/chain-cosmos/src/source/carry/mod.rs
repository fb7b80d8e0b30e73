//! Carrying returns: one leg laid out, its bytes built, given to the network and followed.
//!
//! The account's sequence in committed state is the proof of everything negative: while it has not passed a transaction's own, the
//! transaction is in no block, and beyond its last height it never will be. No index is believed for that.
//!
//! What is followed over IBC ends with its packet leaving this network. One that does not arrive comes back to the account and is
//! found there as a deposit (`ibc_refund`).

mod draft;
mod follow;

use crate::address;
use crate::check::NAMESPACE;
use crate::decode::DenomOrContract;
use crate::networks::{self, CosmosNetwork};
use crate::returns::ReturnRefusal;
use crate::source::desk::Desk;
use crate::source::preflight::Preflight;
use async_trait::async_trait;
use recover_core::address::Address;
use recover_core::asset::{AssetId, AssetReference};
use recover_core::check::Signed;
use recover_core::network::NetworkId;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned, refused,
};

/// Carries over one source.
#[derive(Debug)]
pub(super) struct Carrier<D>(pub D);

fn not_built(refusal: &ReturnRefusal) -> CarryError {
    refused(refusal.code(), refusal.to_string())
}

fn absent(account: &str) -> CarryError {
    refused(
        "account_absent",
        format!("{account} was never used on this network; check the address"),
    )
}

impl<D: Desk> Carrier<D> {
    fn known(&self) -> Result<&'static CosmosNetwork, CarryError> {
        let network = &self.0.api().settings.network;
        networks::by_name(network).ok_or_else(|| CarryError::ByHand {
            what: format!("a return on {network}, whose keys and fees are not known,"),
        })
    }

    fn chain(&self) -> String {
        format!("{NAMESPACE}{}", self.0.api().settings.chain)
    }

    fn denom(&self, asset: &AssetId) -> Result<String, CarryError> {
        if matches!(asset.reference, AssetReference::Unlisted(_)) {
            return Err(refused(
                "asset_unlisted",
                format!("{asset} is only a symbol of a file; name it by its denomination"),
            ));
        }
        match self.0.api().decoder.denom_or_contract(asset) {
            Some(DenomOrContract::Denom(denom)) => Ok(denom),
            Some(DenomOrContract::Contract(contract)) => Err(CarryError::ByHand {
                what: format!("a transfer of the token of contract {contract}"),
            }),
            None => Err(refused(
                "asset_of_another_network",
                format!("{asset} is none of {}", self.0.api().settings.network),
            )),
        }
    }

    /// An account of this network, in its own writing.
    fn account(&self, text: &str) -> Result<Address, CarryError> {
        let address = address::parse(text)
            .map_err(|error| refused("address_unreadable", error.to_string()))?;
        Ok(self.0.api().written(&address)?)
    }

    async fn preflight(&self, address: &Address, asset: &AssetId) -> Result<Preflight, CarryError> {
        self.0
            .preflight(address, asset)
            .await?
            .ok_or_else(|| absent(address.text()))
    }

    fn is_ours(&self, leg: &Leg) -> Result<(), CarryError> {
        if leg.network == self.0.api().settings.network && leg.chain == self.chain() {
            return Ok(());
        }
        Err(refused(
            "wrong_network",
            format!(
                "the leg is for {} ({}) and this source carries {}",
                leg.network,
                leg.chain,
                self.chain()
            ),
        ))
    }
}

#[async_trait]
impl<D: Desk> Carry for Carrier<D> {
    fn network(&self) -> &NetworkId {
        &self.0.api().settings.network
    }

    async fn plan(&self, order: &Order<'_>) -> Result<Vec<Leg>, CarryError> {
        Ok(vec![self.lay_out(order).await?])
    }

    async fn sequence(&self, account: &str) -> Result<Sequence, CarryError> {
        let written = self.account(account)?;
        let (found, _) = self.0.auth(written.text()).await?;
        let found = found.ok_or_else(|| absent(written.text()))?;
        // What waits is in no state: the network tells it to nobody.
        Ok(Sequence {
            next: found.sequence,
            next_final: found.sequence,
        })
    }

    async fn build(
        &self,
        leg: &Leg,
        sequence: u64,
        now: Timestamp,
        life_seconds: u32,
    ) -> Result<Unsigned, CarryError> {
        self.draft(leg, sequence, now, life_seconds).await
    }

    async fn send(&self, signed: &Signed) -> Sending {
        let origin = self.0.name();
        match self.0.broadcast(&signed.bytes).await {
            Ok(Ok(receipt)) => follow::judged(&receipt, signed, origin),
            Ok(Err(refusal)) if refusal.words.contains("already exists in cache") => {
                Sending::Accepted {
                    by: vec![origin.to_owned()],
                }
            }
            Ok(Err(refusal)) => Sending::Unknown {
                reason: format!("{origin}: {}", refusal.words),
            },
            Err(error) => Sending::Unknown {
                reason: error.to_string(),
            },
        }
    }

    async fn standing(&self, tracked: &Tracked<'_>) -> Result<Standing, CarryError> {
        self.follow(tracked).await
    }
}
