//! The exchange's own accounts in `policy.toml`: where swept money goes, who pays gas, how contracts of the exchange are called.

use super::error::{ConfigError, Problem};
use super::policy::NativeLimits;
use super::policy_file::{Reader, Words};
use recover_core::network::NetworkId;
use recover_source::carry::{Factory, Wallet};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WalletTable {
    network: Words,
    treasury: Words,
    fee_max: Words,
    gas: Option<Words>,
    top_up_max: Option<Words>,
    #[serde(default)]
    keys: Vec<KeyTable>,
    #[serde(default)]
    factory: Vec<FactoryTable>,
}

/// Accounts of a service that many people share: nothing is ever returned to them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceTable {
    name: Words,
    network: Words,
    accounts: Vec<Words>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyTable {
    account: Words,
    key: Words,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FactoryTable {
    address: Words,
    parent: Words,
    deploy: Words,
    flush_token: Words,
    flush_native: Option<Words>,
}

/// A compressed secp256k1 point, or `ed` and an ed25519 key: the two forms that networks ask for beside an address.
const KEY_BYTES: usize = 33;

/// The wallets, and what a transaction may take on each of their networks.
type Wallets = (
    BTreeMap<NetworkId, Wallet>,
    BTreeMap<NetworkId, NativeLimits>,
);

impl Reader<'_> {
    pub(super) fn wallets(&self, tables: &[WalletTable]) -> Result<Wallets, ConfigError> {
        let mut wallets = BTreeMap::new();
        let mut limits = BTreeMap::new();
        for table in tables {
            let network = self.network(&table.network)?;
            let address = |words| self.account(&network, words);
            let mut keys: Vec<(String, String)> = Vec::with_capacity(table.keys.len());
            for key in &table.keys {
                let account = address(&key.account)?;
                if keys.iter().any(|(earlier, _)| *earlier == account) {
                    return Err(self.at(&key.account, Problem::AccountTwice { account }));
                }
                keys.push((account, self.public_key(&key.key)?));
            }
            let factories = table.factory.iter().map(|factory| {
                Ok(Factory {
                    address: address(&factory.address)?,
                    parent: address(&factory.parent)?,
                    deploy: self.call(&factory.deploy, Some("{salt}"))?,
                    flush_token: self.call(&factory.flush_token, Some("{token}"))?,
                    flush_native: factory
                        .flush_native
                        .as_ref()
                        .map(|words| self.call(words, None))
                        .transpose()?,
                })
            });
            let wallet = Wallet {
                treasury: address(&table.treasury)?,
                gas: table.gas.as_ref().map(address).transpose()?,
                keys,
                factories: factories.collect::<Result<_, ConfigError>>()?,
            };
            limits.insert(network.clone(), self.limits(&network, table)?);
            if wallets.insert(network.clone(), wallet).is_some() {
                let name = network.to_string();
                return Err(self.at(&table.network, Problem::WalletTwice { name }));
            }
        }
        Ok((wallets, limits))
    }

    /// The accounts of known services, by network, with the service's name.
    pub(super) fn services(
        &self,
        tables: &[ServiceTable],
    ) -> Result<BTreeMap<(NetworkId, String), String>, ConfigError> {
        let mut services = BTreeMap::new();
        for table in tables {
            let network = self.network(&table.network)?;
            let name = self.filled(&table.name)?;
            for account in &table.accounts {
                let key = (network.clone(), self.account(&network, account)?);
                services.insert(key, name.clone());
            }
        }
        Ok(services)
    }

    fn limits(
        &self,
        network: &NetworkId,
        table: &WalletTable,
    ) -> Result<NativeLimits, ConfigError> {
        match (&table.gas, &table.top_up_max) {
            (Some(gas), None) => {
                Err(self.missing(gas, "top_up_max", "an account that pays for others"))
            }
            (None, Some(top_up_max)) => {
                let (key, kind) = ("top_up_max", "a wallet without gas");
                Err(self.at(top_up_max, Problem::NotForKind { key, kind }))
            }
            (_, top_up_max) => Ok(NativeLimits {
                fee_max: self.coins(network, &table.fee_max)?,
                top_up_max: top_up_max
                    .as_ref()
                    .map(|words| self.coins(network, words))
                    .transpose()?,
            }),
        }
    }

    /// An address in the canonical text of its network: a typo is found here, not by the money.
    fn account(&self, network: &NetworkId, words: &Words) -> Result<String, ConfigError> {
        let text = self.filled(words)?;
        let Some(networks) = self.configured() else {
            return Ok(text);
        };
        let Some(config) = networks.chains.network(network) else {
            let name = network.to_string();
            return Err(self.at(words, Problem::NotConfigured { name }));
        };
        let family = config.family;
        let codec = networks
            .codecs
            .codec(family)
            .ok_or_else(|| self.at(words, Problem::NoCodec { family }))?;
        let address = codec
            .address(&text)
            .map_err(|error| self.at(words, error.into()))?;
        // A family of several networks may write one key with several prefixes: the money would wait on another network.
        if let Some(home) = codec.home(&address).filter(|home| home != network) {
            return Err(self.at(words, Problem::OtherNetwork { home }));
        }
        if address.text() != text {
            let canonical = address.text().to_owned();
            return Err(self.at(words, Problem::NoChecksum { canonical }));
        }
        Ok(text)
    }

    fn public_key(&self, words: &Words) -> Result<String, ConfigError> {
        let text = words.get_ref();
        let begins = ["02", "03", "ed"]
            .iter()
            .any(|begin| text.starts_with(begin));
        let is_lower = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != KEY_BYTES * 2 || !begins || !is_lower {
            return Err(self.at(words, Problem::PublicKey));
        }
        Ok(text.clone())
    }

    /// A call's data as a template: a selector and whole words in hexadecimal, where a word may be a placeholder.
    fn call(
        &self,
        words: &Words,
        placeholder: Option<&'static str>,
    ) -> Result<String, ConfigError> {
        let text = self.filled(words)?;
        let needed = placeholder.is_none_or(|placeholder| text.contains(placeholder));
        let filled = match placeholder {
            Some(placeholder) => text.replace(placeholder, &"0".repeat(64)),
            None => text.clone(),
        };
        let digits = filled.strip_prefix("0x").unwrap_or_default();
        let is_call = hex::decode(digits)
            .is_ok_and(|data| data.len() >= 4 && (data.len() - 4).is_multiple_of(32));
        if !needed || !is_call {
            return Err(self.at(
                words,
                Problem::CallTemplate {
                    placeholder: placeholder.unwrap_or("no placeholder"),
                },
            ));
        }
        Ok(text)
    }
}
