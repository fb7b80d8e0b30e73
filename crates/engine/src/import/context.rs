//! What a reader may look up while it reads.

use super::reject::RejectReason;
use crate::config::{ChainsConfig, Codecs};
use recover_core::address::{AddressError, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::memo::Memo;
use recover_core::names;
use recover_core::network::{Family, NetworkId};

/// Codecs and, where there is one, the configuration. A network needs only a name that core knows; the configuration adds
/// names of its own and says what symbols mean.
pub struct Context<'a> {
    /// The address codecs of the build.
    pub codec: &'a dyn Codecs,
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

    /// An address as its family reads it; verbatim and without a payload where no codec is built in.
    pub(super) fn address(
        &self,
        column: &'static str,
        family: Family,
        text: &str,
    ) -> Result<ReadAddress, RejectReason> {
        let Some(codec) = self.codec.codec(family) else {
            return Ok(ReadAddress {
                text: text.to_owned(),
                payload: None,
                memo: None,
                home: None,
            });
        };
        let routed = codec
            .routed(text)
            .map_err(|error| RejectReason::address(column, &error))?;
        Ok(ReadAddress {
            text: routed.address.text().to_owned(),
            payload: Some(routed.address.payload()),
            memo: routed.memo,
            home: codec.home(&routed.address),
        })
    }

    /// Whether an address, as a file writes it, can be one of this network; where no codec is built in, it can.
    pub(super) fn is_written_on(&self, family: Family, text: &str, network: &NetworkId) -> bool {
        let codec = self.codec.codec(family);
        codec.is_none_or(|codec| codec.is_written_on(text, network))
    }

    /// An output descriptor in canonical text; refused where it stands for another script than the address.
    pub(super) fn descriptor(
        &self,
        column: &'static str,
        family: Family,
        text: &str,
        address: Option<Payload>,
    ) -> Result<String, RejectReason> {
        let Some(codec) = self.codec.codec(family) else {
            let problem = format!("descriptors of family {family} cannot be read by this build");
            return Err(RejectReason::value(column, problem));
        };
        let (canonical, payload) = codec.descriptor(text).map_err(|error| match error {
            AddressError::Shape { text, expected, .. } => {
                RejectReason::value(column, format!("'{text}' is not {expected}"))
            }
            other => RejectReason::address(column, &other),
        })?;
        if address != Some(payload) {
            let problem = "the descriptor stands for another script than the address of its row";
            return Err(RejectReason::value(column, problem));
        }
        Ok(canonical)
    }

    /// The routing value that a text of this family carries inside an address; `None` when it is no such text.
    pub(super) fn routing_value(&self, family: Family, text: &str) -> Option<String> {
        let routed = self.codec.codec(family)?.routed(text).ok()?;
        routed.memo.as_ref().map(value_of)
    }

    /// An asset as a file names it: `native` or the network's own name for its coin, a contract, what [`AssetId`] prints, or a
    /// symbol. `None` for a symbol that the configuration does not have on this network.
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
                Some(contract) if self.is_native_denomination(network, family, contract) => {
                    Ok(Some(AssetId::native(network.clone())))
                }
                Some(contract) => {
                    let contract = match self.codec.codec(family) {
                        None => contract.to_owned(),
                        Some(codec) => codec
                            .asset(contract)
                            .map_err(|error| RejectReason::address(column, &error))?,
                    };
                    Ok(Some(AssetId::contract(network.clone(), &contract)))
                }
            };
        }
        let configured = self.chains.and_then(|chains| chains.network(network));
        if let Some(asset) = configured.and_then(|network| network.asset_by_symbol(text)) {
            return Ok(Some(asset));
        }
        if self.is_native_denomination(network, family, text) {
            return Ok(Some(AssetId::native(network.clone())));
        }
        // A denom looks like a symbol (`uatom`, `inj`): there a bare word is one only where the configuration has it. On the
        // other families no symbol of a listed asset passes for a contract.
        if family == Family::Cosmos && !text.contains('/') {
            let known = configured.and_then(|network| network.asset(text));
            return Ok(known.map(|asset| AssetId::contract(network.clone(), &asset.contract)));
        }
        match self.codec.codec(family).map(|codec| codec.asset(text)) {
            Some(Ok(contract)) => Ok(Some(AssetId::contract(network.clone(), &contract))),
            Some(Err(error)) if text.starts_with("0x") => {
                Err(RejectReason::address(column, &error))
            }
            Some(Err(_)) | None => Ok(None),
        }
    }

    /// Whether a text is the network's own name for its coin, in which it counts base units (`uatom`).
    fn is_native_denomination(&self, network: &NetworkId, family: Family, text: &str) -> bool {
        self.codec
            .codec(family)
            .is_some_and(|codec| codec.is_native(network, text))
    }

    /// Whether an asset is named by what the network counts its base units in, so that a whole number beside it may be of
    /// these as well as of coins. A symbol of the configuration names coins.
    pub(super) fn may_count_base_units(
        &self,
        network: &NetworkId,
        family: Family,
        text: &str,
    ) -> bool {
        let configured = self.chains.and_then(|chains| chains.network(network));
        let is_symbol = configured.is_some_and(|known| known.asset_by_symbol(text).is_some());
        let named = AssetId::parse(text);
        let name = named.as_ref().and_then(AssetId::contract_text);
        !is_symbol && self.is_native_denomination(network, family, name.unwrap_or(text))
    }

    /// How many decimals an asset has, as far as the configuration says.
    pub(super) fn decimals(&self, asset: &AssetId) -> Option<u8> {
        self.chains
            .and_then(|chains| chains.terms(asset))
            .map(|terms| terms.decimals)
    }

    /// A transaction id in its network's canonical text; verbatim where no codec is built in.
    pub(super) fn transaction(
        &self,
        column: &'static str,
        family: Family,
        text: &str,
    ) -> Result<TxId, RejectReason> {
        match self.codec.codec(family) {
            Some(codec) if !text.starts_with("block:") => codec.tx_id(text).ok_or_else(|| {
                let problem = format!("'{text}' is no transaction id: {}", id_shape(family));
                RejectReason::value(column, problem)
            }),
            _ => Ok(TxId::new(text)),
        }
    }
}

/// What a transaction id of a family looks like, for a message.
pub(crate) const fn id_shape(family: Family) -> &'static str {
    match family {
        Family::Evm => "0x and 64 hexadecimal digits",
        Family::Ton => "64 hexadecimal digits, or the same 32 bytes in base64",
        Family::Xrpl | Family::Stellar | Family::Cosmos | Family::Bitcoin | Family::Tron => {
            "64 hexadecimal digits"
        }
        Family::Solana => "64 bytes in base58",
    }
}

/// An address of a file.
pub(super) struct ReadAddress {
    /// Its canonical text, or verbatim.
    pub(super) text: String,
    /// What it stands for; `None` where no codec is built in.
    pub(super) payload: Option<Payload>,
    /// The routing value that the text carried.
    pub(super) memo: Option<Memo>,
    /// The one network whose addresses look so.
    pub(super) home: Option<NetworkId>,
}

impl ReadAddress {
    /// The routing value inside, as a file writes it.
    pub(super) fn value(&self) -> Option<String> {
        self.memo.as_ref().map(value_of)
    }
}

fn value_of(memo: &Memo) -> String {
    String::from_utf8_lossy(&memo.raw).into_owned()
}

/// The routing value of an address and the one beside it, which must not contradict one another.
pub(super) fn one_memo(
    column: &'static str,
    address: &ReadAddress,
    beside: Option<&str>,
) -> Result<Option<String>, RejectReason> {
    match (address.value(), beside) {
        (Some(inside), Some(beside)) if inside != beside.trim() => {
            let beside = beside.to_owned();
            let error = AddressError::TwoMemos { inside, beside };
            Err(RejectReason::value(column, error))
        }
        (_, Some(beside)) => Ok(Some(beside.to_owned())),
        (inside, None) => Ok(inside),
    }
}

/// An amount in base units, or why the column holds none.
pub(super) fn coin_amount(
    column: &'static str,
    text: &str,
    decimals: u8,
) -> Result<Amount, RejectReason> {
    Amount::from_coin_text(text, decimals).map_err(|error| RejectReason::value(column, error))
}
