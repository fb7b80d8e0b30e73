//! Reading and judging transactions: what unsigned bytes do in words, whether that is what was approved, and who signed.
//!
//! Pure, and shared by the builder, the import, the tracking and the signers' offline verifier.

mod leg;

use crate::address;
use crate::call::{self, MOVES_TOKENS};
use crate::transaction::{self, Price, Transaction, TransactionError};
use recover_core::amount::Amount;
use recover_core::check::{Check, Decoded, Deviation, Line, NotReadable, Signed, Slot};
use recover_core::network::Family;
use recover_core::plan::Leg;

/// Checks transactions of EVM networks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EvmCheck;

/// The chain id of a CAIP-2 chain of this family (`eip155:1`); `None` for any other text. One number has one text: no sign, no
/// leading zero.
#[must_use]
pub fn chain_id(chain: &str) -> Option<u64> {
    let digits = chain.strip_prefix("eip155:")?;
    let number: u64 = digits.parse().ok()?;
    (number > 0 && number.to_string() == digits).then_some(number)
}

/// The CAIP-2 text of a chain id.
#[must_use]
pub fn chain_text(chain_id: u64) -> String {
    format!("eip155:{chain_id}")
}

fn not_readable(error: &TransactionError) -> NotReadable {
    NotReadable {
        expected: "a transaction of an EVM network, legacy (EIP-155) or of type 2 (EIP-1559)",
        detail: error.to_string(),
    }
}

fn other_chain(chain: &str, found: u64) -> NotReadable {
    NotReadable {
        expected: "a transaction of this chain",
        detail: format!("it is for {}, not for {chain}", chain_text(found)),
    }
}

fn no_price() -> NotReadable {
    NotReadable {
        expected: "a transaction with a fee that an amount can hold",
        detail: "gas limit times price is above 2^256".to_owned(),
    }
}

/// What the bytes do, in the order in which a person wants to read it.
fn lines(transaction: &Transaction, fee_max: Amount) -> Vec<Line> {
    let mut lines = Vec::with_capacity(14);
    let mut tell = |label: &str, value: String| {
        lines.push(Line {
            label: label.to_owned(),
            value,
        });
    };
    let to = address::text(transaction.to);
    let native = format!(
        "{} wei of the native coin",
        transaction.value.to_base_units()
    );
    match call::read_transfer(&transaction.data) {
        _ if transaction.data.is_empty() => {
            tell("does", "sends the native coin".to_owned());
            tell("to", to);
            tell("amount", native);
        }
        Some((recipient, amount)) => {
            tell(
                "does",
                "sends a token: transfer(address,uint256)".to_owned(),
            );
            tell("token", to);
            tell("to", address::text(recipient));
            tell(
                "amount",
                format!("{} base units of the token", amount.to_base_units()),
            );
            tell("also sends", native);
        }
        None => {
            let selector = transaction.data.get(..4).unwrap_or(&transaction.data);
            let known = MOVES_TOKENS
                .iter()
                .find(|(_, known)| known.as_slice() == selector)
                .map_or("a function", |(signature, _)| *signature);
            tell(
                "does",
                format!(
                    "calls {known} of a contract, selector 0x{}",
                    hex::encode(selector)
                ),
            );
            tell("contract", to);
            tell("also sends", native);
            tell("call data", format!("0x{}", hex::encode(&transaction.data)));
        }
    }
    tell("chain", chain_text(transaction.chain_id));
    tell(
        "from",
        "whoever signs: the bytes do not say, compare the signer".to_owned(),
    );
    tell("nonce", transaction.nonce.to_string());
    tell("gas limit", transaction.gas_limit.to_string());
    match transaction.price {
        Price::Legacy { gas_price } => {
            tell("gas price", format!("{} wei", gas_price.to_base_units()));
        }
        Price::Dynamic { max_fee, max_tip } => {
            tell(
                "gas price at most",
                format!("{} wei", max_fee.to_base_units()),
            );
            tell("tip at most", format!("{} wei", max_tip.to_base_units()));
        }
    }
    tell("fee at most", format!("{} wei", fee_max.to_base_units()));
    lines
}

fn decoded(transaction: &Transaction, signer: &str) -> Result<Decoded, NotReadable> {
    let fee_max = transaction.fee_max().ok_or_else(no_price)?;
    Ok(Decoded {
        lines: lines(transaction, fee_max),
        slot: Slot {
            account: signer.to_owned(),
            sequence: transaction.nonce,
            is_ticket: false,
        },
        fee_max,
        // Nothing in these transactions ends their validity but another one with their nonce.
        valid_until: None,
        valid_through: None,
    })
}

impl Check for EvmCheck {
    fn family(&self) -> Family {
        Family::Evm
    }

    /// The slot's account is empty: the sender of an EVM transaction is in its signature alone. [`Check::verify`] fills it from
    /// the leg.
    fn decode(&self, chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        let transaction =
            Transaction::from_unsigned(unsigned).map_err(|error| not_readable(&error))?;
        if chain_id(chain) != Some(transaction.chain_id) {
            return Err(other_chain(chain, transaction.chain_id));
        }
        decoded(&transaction, "")
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        let unreadable = |error: &NotReadable| {
            vec![Deviation {
                field: "bytes",
                found: error.to_string(),
                approved: "a transaction that does what the leg says".to_owned(),
            }]
        };
        let transaction = Transaction::from_unsigned(unsigned)
            .map_err(|error| unreadable(&not_readable(&error)))?;
        let deviations = leg::compare(leg, &transaction);
        if !deviations.is_empty() {
            return Err(deviations);
        }
        decoded(&transaction, &leg.signer).map_err(|error| unreadable(&error))
    }

    fn open(&self, chain: &str, _approved: &[u8], signed: &[u8]) -> Result<Signed, NotReadable> {
        let opened = transaction::open(signed).map_err(|error| not_readable(&error))?;
        if chain_id(chain) != Some(opened.transaction.chain_id) {
            return Err(other_chain(chain, opened.transaction.chain_id));
        }
        Ok(Signed {
            bytes: signed.to_vec(),
            unsigned: opened.unsigned,
            signer: address::text(opened.signer),
            signer_key: None,
            tx_id: address::tx_id(&opened.hash),
        })
    }
}

/// How the content of a transaction that stands on the network differs from a leg, its price and gas limit aside: what was paid
/// is in its receipt.
#[cfg(feature = "fetch")]
pub(crate) fn content_deviations(leg: &Leg, transaction: &Transaction) -> Vec<Deviation> {
    leg::compare(leg, transaction)
        .into_iter()
        .filter(|deviation| deviation.field != leg::FEE)
        .collect()
}

/// What a leg's call data must be, by its own words; `None` where its kind calls nothing.
pub(crate) fn token_call(leg: &Leg) -> Option<Vec<u8>> {
    leg.asset.contract_text()?;
    let recipient = leg::account(&leg.recipient)?;
    Some(call::transfer(recipient, leg.amount))
}
