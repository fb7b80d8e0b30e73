//! A transaction against a leg, and a leg against itself: people approved what its fields say together, so a leg whose call does
//! another thing than its recipient, asset and amount say is refused whatever the bytes are.

use super::{chain_id, chain_text, token_call};
use crate::address;
use crate::call::{self, MOVES_TOKENS};
use crate::transaction::{Price, Transaction};
use recover_core::asset::AssetReference;
use recover_core::check::Deviation;
use recover_core::plan::{Leg, LegKind};

/// The field of a fee above the limit.
pub(super) const FEE: &str = "fee_max";

/// The 20 bytes of an address in canonical text; `None` for any other text, since one account must have one text.
pub(super) fn account(text: &str) -> Option<[u8; 20]> {
    let parsed = address::parse(text).ok()?;
    (parsed.text() == text).then(|| address::bytes(&parsed))?
}

/// What was found to differ.
#[derive(Default)]
struct Differences(Vec<Deviation>);

impl Differences {
    fn add(&mut self, field: &'static str, found: impl Into<String>, approved: impl Into<String>) {
        self.0.push(Deviation {
            field,
            found: found.into(),
            approved: approved.into(),
        });
    }

    fn compare(
        &mut self,
        field: &'static str,
        found: impl Into<String>,
        approved: impl Into<String>,
    ) {
        let (found, approved) = (found.into(), approved.into());
        if found != approved {
            self.add(field, found, approved);
        }
    }
}

fn hex_of(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

/// Every way in which a transaction differs from a leg or the leg from itself; empty when there is none.
pub(super) fn compare(leg: &Leg, transaction: &Transaction) -> Vec<Deviation> {
    let mut differences = Differences::default();
    itself(leg, &mut differences);
    content(leg, transaction, &mut differences);
    fee(leg, transaction, &mut differences);
    differences.0
}

/// Whether the leg's fields fit each other.
fn itself(leg: &Leg, differences: &mut Differences) {
    let Leg {
        kind,
        network,
        chain,
        signer,
        signer_key,
        target,
        recipient,
        memo,
        asset,
        amount,
        call,
        route,
        spend,
        fee_max: _,
    } = leg;
    if chain_id(chain).is_none() {
        differences.add("chain", "an EVM transaction", chain);
    }
    for (field, text) in [
        ("signer", signer),
        ("target", target),
        ("recipient", recipient),
    ] {
        match account(text) {
            None => differences.add(field, "an account of the network", text),
            Some([0, ..]) if account(text) == Some([0; 20]) => {
                differences.add(field, "an account that somebody holds", text);
            }
            Some(_) => {}
        }
    }
    if let Some(key) = signer_key {
        differences.add("signer_key", "none: the address tells the key", key);
    }
    if memo.is_some() {
        differences.add("memo", "none: these transactions carry none", "a memo");
    }
    if let Some(route) = route {
        differences.add("route", "none", route);
    }
    if let Some(spend) = spend {
        differences.add(
            "spend",
            "none: this network keeps balances",
            spend.outpoint(),
        );
    }
    if asset.network != *network {
        differences.add("asset", network.as_str(), asset.to_string());
    }
    let token = match &asset.reference {
        AssetReference::Native => None,
        AssetReference::Contract(contract) if account(contract).is_some() => Some(contract),
        _ => {
            differences.add("asset", "an asset that can be moved", asset.to_string());
            None
        }
    };
    match kind {
        LegKind::GasTopUp => {
            if token.is_some() {
                differences.add("asset", "the native coin", asset.to_string());
            }
            plain(leg, differences);
        }
        LegKind::Transfer | LegKind::Return => match token {
            None => plain(leg, differences),
            Some(contract) => {
                differences.compare("target", contract, target);
                let expected = token_call(leg).map(|data| hex_of(&data));
                let approved = call.as_deref().map(hex_of);
                differences.compare(
                    "call",
                    expected.unwrap_or_default(),
                    approved.unwrap_or_default(),
                );
                if recipient == contract {
                    differences.add("recipient", "the token's own contract", recipient);
                }
            }
        },
        LegKind::Deploy => {
            if !amount.is_zero() {
                differences.add("amount", "0", amount.to_base_units());
            }
            if target == recipient {
                differences.add("recipient", "what the factory makes", recipient);
            }
            contract_call(leg, differences);
        }
        LegKind::Flush => {
            contract_call(leg, differences);
            if target == recipient {
                differences.add("recipient", "the parent of the forwarder", recipient);
            }
            if let Some(contract) = token {
                if target == contract {
                    differences.add("target", "a forwarder", target);
                }
                // The token that is approved is the token that the call names.
                let word = account(contract).map(call::word_of);
                let words = call.as_deref().and_then(call::words).unwrap_or_default();
                if !words.iter().any(|found| Some(*found) == word) {
                    differences.add("call", "a call that names no such token", asset.to_string());
                }
            }
        }
    }
    if kind.moves_deposit() || *kind == LegKind::GasTopUp {
        if amount.is_zero() {
            differences.add("amount", "0: nothing would move", amount.to_base_units());
        }
        if signer == recipient {
            differences.add("recipient", "the signer itself", recipient);
        }
    }
}

/// A transfer of the native coin: to the recipient itself, with no call.
fn plain(leg: &Leg, differences: &mut Differences) {
    differences.compare("target", &leg.recipient, &leg.target);
    if let Some(call) = &leg.call {
        differences.add("call", "none", hex_of(call));
    }
}

/// A call of a contract of ours: there is one, and it moves no token by itself.
fn contract_call(leg: &Leg, differences: &mut Differences) {
    let Some(data) = leg.call.as_deref() else {
        differences.add("call", "a call of the contract", "none");
        return;
    };
    match data.get(..4) {
        None => differences.add("call", "no selector", hex_of(data)),
        Some(selector) => {
            for (signature, known) in MOVES_TOKENS {
                if known.as_slice() == selector {
                    differences.add("call", *signature, "a step of a contract of ours");
                }
            }
        }
    }
}

/// Whether the transaction does what the leg says.
fn content(leg: &Leg, transaction: &Transaction, differences: &mut Differences) {
    differences.compare("chain", chain_text(transaction.chain_id), &leg.chain);
    differences.compare("target", address::text(transaction.to), &leg.target);
    let is_native_transfer = match leg.kind {
        LegKind::GasTopUp => true,
        LegKind::Transfer | LegKind::Return => leg.asset.contract_text().is_none(),
        LegKind::Deploy | LegKind::Flush => false,
    };
    let value = if is_native_transfer {
        leg.amount.to_base_units()
    } else {
        "0".to_owned()
    };
    differences.compare("value", transaction.value.to_base_units(), value);
    let call = leg.call.as_deref().unwrap_or_default();
    differences.compare("call", hex_of(&transaction.data), hex_of(call));
    // What the approved words come to, whatever the call in the leg is.
    if !is_native_transfer && matches!(leg.kind, LegKind::Transfer | LegKind::Return) {
        match call::read_transfer(&transaction.data) {
            None => differences.add("call", hex_of(&transaction.data), "a transfer of the token"),
            Some((recipient, amount)) => {
                differences.compare("recipient", address::text(recipient), &leg.recipient);
                differences.compare("amount", amount.to_base_units(), leg.amount.to_base_units());
            }
        }
    }
}

fn fee(leg: &Leg, transaction: &Transaction, differences: &mut Differences) {
    match transaction.fee_max() {
        Some(fee) if fee <= leg.fee_max => {}
        Some(fee) => differences.add(FEE, fee.to_base_units(), leg.fee_max.to_base_units()),
        None => differences.add(FEE, "more than 2^256", leg.fee_max.to_base_units()),
    }
    if let Price::Dynamic { max_fee, max_tip } = transaction.price
        && max_tip > max_fee
    {
        differences.add(FEE, max_tip.to_base_units(), max_fee.to_base_units());
    }
}
