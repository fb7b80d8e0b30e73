//! Accounts that a transaction is about: their text, what stands there, and what they hold.

use super::{EvmCarry, refused};
use crate::address;
use crate::control::code_of;
use crate::lookup;
use crate::rpc::{Call, parse as parse_answer};
use crate::wire::hex_bytes;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::verdict::Code;
use recover_source::carry::CarryError;
use recover_source::error::SourceError;
use serde_json::json;

/// Addresses up to here are the networks' own (precompiled contracts): nobody has a key for them.
const RESERVED_MAX: u64 = 0xffff;

/// The 20 bytes of an address.
pub(super) fn parse(what: &str, text: &str) -> Result<[u8; 20], CarryError> {
    address::parse(text)
        .ok()
        .and_then(|parsed| address::bytes(&parsed))
        .ok_or_else(|| {
            refused(
                "address_unreadable",
                format!("'{text}' ({what}) is no address of an EVM network: correct it"),
            )
        })
}

/// Whether an address is nobody's: the zero address and the networks' own low ones.
pub(super) fn is_reserved(account: [u8; 20]) -> bool {
    let (high, low) = account.split_at(12);
    let low: [u8; 8] = low.try_into().unwrap_or_default();
    high.iter().all(|byte| *byte == 0) && u64::from_be_bytes(low) <= RESERVED_MAX
}

impl EvmCarry {
    /// What stands at an address now.
    pub(super) async fn code(&self, account: [u8; 20]) -> Result<Code, SourceError> {
        Ok(code_of(&self.code_at(account, "latest").await?))
    }

    pub(super) async fn code_at(
        &self,
        account: [u8; 20],
        block: &str,
    ) -> Result<Vec<u8>, SourceError> {
        let call = Call::new("eth_getCode", json!([address::text(account), block]));
        let text: String = crate::rpc::ask(self.rpc(), call).await?;
        hex_bytes(&text).ok_or_else(|| self.inconsistent("code that is not hexadecimal"))
    }

    /// The balance of one asset now.
    pub(super) async fn balance_of(
        &self,
        account: [u8; 20],
        asset: &AssetId,
    ) -> Result<Amount, SourceError> {
        lookup::balance(self.rpc(), &address::format(account), asset).await
    }

    /// The native balance now.
    pub(super) async fn native_balance(&self, account: [u8; 20]) -> Result<Amount, SourceError> {
        self.native_balance_at(account, "latest").await
    }

    pub(super) async fn native_balance_at(
        &self,
        account: [u8; 20],
        block: &str,
    ) -> Result<Amount, SourceError> {
        let call = Call::new("eth_getBalance", json!([address::text(account), block]));
        let answers = self.rpc().batch(vec![call]).await?;
        match answers.into_iter().next() {
            Some(Ok(answer)) => {
                let text: String = parse_answer(self.rpc().origin(), "eth_getBalance", &answer)?;
                Amount::from_hex_quantity(&text)
                    .map_err(|_| self.inconsistent("a balance that is no number"))
            }
            Some(Err(error)) => Err(error),
            None => Err(self.inconsistent("no answer to eth_getBalance")),
        }
    }

    /// Whether a return may go to this address: it must be held by one key. A contract may be an exchange's wallet, a bridge or
    /// a mixer, and what stands there on another network proves nothing here.
    pub(super) async fn preflight_return(&self, recipient: [u8; 20]) -> Result<(), CarryError> {
        let text = address::text(recipient);
        match self.code(recipient).await? {
            Code::Absent => Ok(()),
            Code::Contract(_) => Err(refused(
                "recipient_is_contract",
                format!(
                    "a contract stands at {text}, where the money would go back to: nobody knows who gets it; ask for an address that the user proves"
                ),
            )),
            Code::Delegated => Err(refused(
                "recipient_is_contract",
                format!(
                    "{text} lets a contract act for it (EIP-7702): money sent there may move on; ask for an address that the user proves"
                ),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_addresses_are_nobodys() {
        let mut account = [0; 20];
        assert!(is_reserved(account));
        account[19] = 9;
        assert!(is_reserved(account));
        account[17] = 1;
        assert!(!is_reserved(account));
        assert!(!is_reserved([1; 20]));
        let mut high = [0; 20];
        high[0] = 0x42;
        assert!(!is_reserved(high));
    }
}
