//! What a return transaction needs to know of the account that pays it.

use crate::address;
use crate::key::PublicKey;
use crate::proto;
use crate::source::query;
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use recover_core::address::Address;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_source::error::SourceError;
use serde_json::Value;

/// An account as the network knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preflight {
    /// Its number on the network, which signatures name.
    pub account_number: u64,
    /// The sequence that its next transaction must have.
    pub sequence: u64,
    /// Its public key; `None` while it has signed nothing: then the key must come from the wallet. An account of several keys has
    /// none either.
    pub public_key: Option<PublicKey>,
    /// What of the asset can be spent now, in base units: vesting and staked coins are left out.
    pub spendable: Amount,
    /// The height at which it was read.
    pub at: Height,
}

/// Sources that can be asked for it.
#[async_trait]
pub trait Preflights: Send + Sync {
    /// The account and what it can spend of an asset; `None` where the network does not know the account.
    ///
    /// # Errors
    /// When the source fails or does not offer it.
    async fn preflight(
        &self,
        address: &Address,
        asset: &AssetId,
    ) -> Result<Option<Preflight>, SourceError>;
}

/// What the module of accounts says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AuthAccount {
    pub account_number: u64,
    pub sequence: u64,
    pub public_key: Option<PublicKey>,
}

/// How deep accounts wrap each other: vesting accounts twice.
const WRAPPED_MAX: usize = 4;

impl AuthAccount {
    pub(super) fn preflight(self, spendable: Amount, at: Height) -> Preflight {
        Preflight {
            account_number: self.account_number,
            sequence: self.sequence,
            public_key: self.public_key,
            spendable,
            at,
        }
    }

    /// Reads the answer of a node's query; `None` when no account of a known form is in it.
    pub(super) fn from_query(bytes: &[u8]) -> Option<Self> {
        let answer = query::AccountAnswer::decode(bytes).ok()?;
        let mut bytes = answer.account?.value;
        for _ in 0..WRAPPED_MAX {
            if let Ok(base) = query::BaseAccount::decode(bytes.as_slice())
                && address::parse(&base.address).is_ok()
            {
                let public_key = base
                    .pub_key
                    .and_then(|key| proto::PubKey::decode(key.value.as_slice()).ok())
                    .and_then(|key| PublicKey::from_bytes(&key.key));
                return Some(Self {
                    account_number: base.account_number,
                    sequence: base.sequence,
                    public_key,
                });
            }
            bytes = query::Wrapped::decode(bytes.as_slice()).ok()?.inner;
        }
        None
    }

    /// Reads the gateway's JSON, in whatever account it is wrapped.
    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let account = value.get("account").unwrap_or(value);
        find(account, 0)
    }
}

fn find(value: &Value, depth: usize) -> Option<AuthAccount> {
    let object = value.as_object()?;
    let number = |key: &str| match object.get(key)? {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    };
    if object.contains_key("account_number") {
        let key = object
            .get("pub_key")
            .and_then(|key| key.get("key"))
            .and_then(Value::as_str)
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|bytes| PublicKey::from_bytes(&bytes));
        return Some(AuthAccount {
            account_number: number("account_number")?,
            // Amino JSON leaves a zero out.
            sequence: number("sequence").unwrap_or_default(),
            public_key: key,
        });
    }
    if depth >= WRAPPED_MAX {
        return None;
    }
    object
        .values()
        .find_map(|inner| find(inner, depth.saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{format, module_account};
    use serde_json::json;

    const KEY: &str = "A0YNfJrZmRV+PgjWPwPARRMG3QH33rrzxXAE5DHnyl0H";

    #[test]
    fn own_accounts_are_read_through_their_wrapping() {
        let base = json!({"@type": "/cosmos.auth.v1beta1.BaseAccount", "address": "cosmos1…",
            "pub_key": {"@type": "/cosmos.crypto.secp256k1.PubKey", "key": KEY}, "account_number": "12", "sequence": "3"});
        let plain = AuthAccount::from_json(&json!({"account": base})).unwrap();
        assert_eq!((plain.account_number, plain.sequence), (12, 3));
        assert!(plain.public_key.is_some());
        let vesting = json!({"account": {"@type": "/cosmos.vesting.v1beta1.ContinuousVestingAccount",
            "base_vesting_account": {"base_account": base, "end_time": "1"}, "start_time": "0"}});
        assert_eq!(AuthAccount::from_json(&vesting), Some(plain.clone()));
        let unset = json!({"account": {"@type": "x", "base_account": {"address": "inj1…", "pub_key": null,
            "account_number": "5", "sequence": "0"}, "code_hash": "…"}});
        assert_eq!(AuthAccount::from_json(&unset).unwrap().public_key, None);
        assert_eq!(AuthAccount::from_json(&json!({"account": {}})), None);

        let address = format("cosmos", &module_account("gov"))
            .unwrap()
            .text()
            .to_owned();
        let base = query::BaseAccount {
            address,
            pub_key: Some(proto::Any {
                type_url: "/cosmos.crypto.secp256k1.PubKey".to_owned(),
                value: proto::PubKey {
                    key: STANDARD.decode(KEY).unwrap(),
                }
                .encode_to_vec(),
            }),
            account_number: 12,
            sequence: 3,
        };
        let answer = |value: Vec<u8>| {
            query::AccountAnswer {
                account: Some(proto::Any {
                    type_url: "/x".to_owned(),
                    value,
                }),
            }
            .encode_to_vec()
        };
        let wrap = |inner: Vec<u8>| query::Wrapped { inner }.encode_to_vec();
        let bytes = base.encode_to_vec();
        for value in [bytes.clone(), wrap(bytes.clone()), wrap(wrap(bytes))] {
            assert_eq!(AuthAccount::from_query(&answer(value)), Some(plain.clone()));
        }
        assert_eq!(AuthAccount::from_query(&answer(vec![1, 2, 3])), None);
    }
}
