//! What a reader may look up while it reads.

use super::reject::RejectReason;
use crate::config::{AddressCodec, ChainsConfig};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::names;
use recover_core::network::{Family, NetworkId};

/// Codecs and, where there is one, the configuration. A network needs only a name that core knows; the configuration adds
/// names of its own and says what symbols mean.
pub struct Context<'a> {
    /// The address codecs of the build.
    pub codec: &'a dyn AddressCodec,
    /// The networks of `chains.toml`; `None` when no such file is loaded.
    pub chains: Option<&'a ChainsConfig>,
}

impl Context<'_> {
    /// The network that a text names, with its family.
    pub(super) fn network(
        &self,
        column: &'static str,
        text: &str,
    ) -> Result<(NetworkId, Family), RejectReason> {
        if let Some(network) = self.chains.and_then(|chains| chains.by_name(text)) {
            return Ok((network.id.clone(), network.family));
        }
        names::network_by_name(text)
            .map(|known| (NetworkId::new(known.name), known.family))
            .ok_or_else(|| {
                let problem = format!(
                    "network '{text}' is not known: use a short name such as ethereum, bsc or tron"
                );
                RejectReason::value(column, problem)
            })
    }

    /// An address in canonical text, and what it stands for; verbatim and without a payload where no codec is built in.
    pub(super) fn address(
        &self,
        column: &'static str,
        family: Family,
        text: &str,
    ) -> Result<(String, Option<recover_core::address::Payload>), RejectReason> {
        match self.codec.address(family, text) {
            None => Ok((text.to_owned(), None)),
            Some(Ok(address)) => Ok((address.text().to_owned(), Some(address.payload()))),
            Some(Err(error)) => Err(RejectReason::value(column, error)),
        }
    }

    /// An asset as a file names it: `native`, a contract, what [`AssetId`] prints, or a symbol. `None` for a symbol that
    /// the configuration does not have on this network.
    pub(super) fn asset(
        &self,
        column: &'static str,
        network: &NetworkId,
        family: Family,
        text: &str,
    ) -> Result<Option<AssetId>, RejectReason> {
        if text.eq_ignore_ascii_case("native") {
            return Ok(Some(AssetId::native(network.clone())));
        }
        if let Some(asset) = AssetId::parse(text) {
            if asset.network != *network {
                let problem = format!("'{text}' is an asset of another network than {network}");
                return Err(RejectReason::value(column, problem));
            }
            return match asset.contract_text() {
                None => Ok(Some(asset)),
                Some(contract) => {
                    let (contract, _) = self.address(column, family, contract)?;
                    Ok(Some(AssetId::contract(network.clone(), &contract)))
                }
            };
        }
        let configured = self.chains.and_then(|chains| chains.network(network));
        if let Some(asset) = configured.and_then(|network| network.asset_by_symbol(text)) {
            return Ok(Some(asset));
        }
        // No symbol of a listed asset looks like an address, and no address passes for a symbol.
        match self.codec.address(family, text) {
            Some(Ok(contract)) => Ok(Some(AssetId::contract(network.clone(), contract.text()))),
            Some(Err(error)) if text.starts_with("0x") => Err(RejectReason::value(column, error)),
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// How many decimals an asset has, as far as the configuration says.
    pub(super) fn decimals(&self, asset: &AssetId) -> Option<u8> {
        self.chains
            .and_then(|chains| chains.terms(asset))
            .map(|terms| terms.decimals)
    }
}

/// A transaction id in its network's canonical text.
pub(super) fn transaction(
    column: &'static str,
    family: Family,
    text: &str,
) -> Result<TxId, RejectReason> {
    if family != Family::Evm || text.starts_with("block:") {
        return Ok(TxId::new(text));
    }
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    if digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(TxId::new(&format!("0x{}", digits.to_ascii_lowercase())));
    }
    let problem = format!("'{text}' is no transaction id: 0x and 64 hexadecimal digits");
    Err(RejectReason::value(column, problem))
}

/// An amount in base units, or why the column holds none.
pub(super) fn coin_amount(
    column: &'static str,
    text: &str,
    decimals: u8,
) -> Result<Amount, RejectReason> {
    Amount::from_coin_text(text, decimals).map_err(|error| RejectReason::value(column, error))
}
