//! What unsigned payments say, whether that is what was approved, and what is left of signed ones without their signature.
//!
//! The canonical unsigned form is the transaction's fields with the public key that will sign (`SigningPubKey`) and without
//! `TxnSignature`: signed bytes minus the signature. Payments that several signers of an account's list sign are not carried
//! here: their signatures arrive one by one, and each covers bytes of its own.

mod compare;

pub use compare::outcome;
#[cfg(feature = "fetch")]
pub(crate) use compare::{money_of, tag_of};

use crate::address;
use crate::asset::{Asset, Money};
use crate::binary::{self, MULTISIGNING, Part, SIGNING};
use crate::decode::PARTIAL_PAYMENT;
use crate::returns::{self, Summary};
use crate::signature;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::check::{Check, Decoded, Deviation, Line, NotReadable, Signed, Slot, compared};
use recover_core::network::Family;
use recover_core::plan::Leg;
use serde_json::Value;

/// Networks with a higher number must name it in every transaction (`NetworkID`), which a payment built here does not.
const NETWORK_UNNAMED_MAX: u32 = 1_024;

const EXPECTED: &str =
    "an unsigned payment of the XRP Ledger in its canonical bytes, for one key to sign";
const EXPECTED_SIGNED: &str =
    "a payment of the XRP Ledger in its canonical bytes, signed by one key";

/// The XRP Ledger's checking half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct XrplCheck;

fn unreadable(detail: impl Into<String>) -> NotReadable {
    NotReadable {
        expected: EXPECTED,
        detail: detail.into(),
    }
}

/// The number of a network by its CAIP-2 id.
fn network_number(chain: &str) -> Result<u32, NotReadable> {
    let number = chain.strip_prefix("xrpl:").and_then(|text| {
        let number: u32 = text.parse().ok()?;
        (number.to_string() == text).then_some(number)
    });
    match number {
        Some(number) if number <= NETWORK_UNNAMED_MAX => Ok(number),
        Some(_) => Err(unreadable(format!(
            "payments on {chain} must carry its number, and none is built here: do it by hand"
        ))),
        None => Err(unreadable(format!(
            "'{chain}' is no network of the XRP Ledger: write xrpl:0 for the main one"
        ))),
    }
}

/// Reads unsigned bytes.
fn read(unsigned: &[u8]) -> Result<Summary, NotReadable> {
    if unsigned.starts_with(&SIGNING) || unsigned.starts_with(&MULTISIGNING) {
        return Err(unreadable(
            "they begin with the prefix of what a signer's hash covers: give the transaction without it",
        ));
    }
    let summary = returns::decode(unsigned).map_err(|error| unreadable(error.to_string()))?;
    if summary.is_signed() {
        return Err(unreadable("they carry a signature already"));
    }
    if summary.signing_key.is_empty() {
        return Err(unreadable(
            "they name no public key, as for several signers: only payments that one key signs are carried",
        ));
    }
    if !signature::is_key(&summary.signing_key) {
        return Err(unreadable(
            "their public key is none that can sign: 33 bytes that begin with 02, 03 or ED",
        ));
    }
    Ok(summary)
}

fn slot(summary: &Summary) -> Slot {
    Slot {
        account: address::text(summary.account),
        sequence: summary.ticket.unwrap_or(summary.sequence).into(),
        is_ticket: summary.ticket.is_some(),
    }
}

/// An amount in full: XRP in coins and drops, a currency with its code, issuer and, where the code is digits, its name.
fn money_text(money: &Money) -> String {
    match money.asset {
        Asset::Xrp => {
            let coins = money
                .units()
                .map(|units| units.amount.to_coin_text(6))
                .unwrap_or_default();
            format!("{coins} XRP ({} drops)", money.value)
        }
        Asset::Issued { currency, .. } if currency.name() != currency.to_string() => {
            format!("{} {} (code {})", money.value, money.asset, currency.name())
        }
        asset => format!("{} {asset}", money.value),
    }
}

fn decoded(chain: &str, summary: &Summary) -> Decoded {
    let line = |label: &str, value: String| Line {
        label: label.to_owned(),
        value,
    };
    let fee_max = Amount::from_u128(summary.fee_drops.into());
    let mut lines = vec![
        line("does", "pay".to_owned()),
        line("chain", chain.to_owned()),
        line("from", address::text(summary.account)),
        line("to", address::text(summary.destination)),
        line(
            "destination tag",
            summary
                .destination_tag
                .map_or("none".to_owned(), |tag| tag.to_string()),
        ),
        line("amount", money_text(&summary.amount)),
    ];
    if let Some(most) = &summary.send_max {
        lines.push(line("leaving at most", money_text(most)));
    }
    lines.push(line("fee", money_text(&Money::drops(summary.fee_drops))));
    match summary.ticket {
        Some(ticket) => {
            lines.push(line("ticket", ticket.to_string()));
            if summary.sequence != 0 {
                lines.push(line("sequence", summary.sequence.to_string()));
            }
        }
        None => lines.push(line("sequence", summary.sequence.to_string())),
    }
    lines.push(line(
        "not after ledger",
        summary
            .last_ledger
            .map_or("no end".to_owned(), |last| last.to_string()),
    ));
    lines.push(line("signing key", hex::encode(&summary.signing_key)));
    if summary.flags != 0 {
        let partial = if summary.flags & PARTIAL_PAYMENT == 0 {
            ""
        } else {
            ", PARTIAL: less may arrive"
        };
        lines.push(line("flags", format!("{:#010x}{partial}", summary.flags)));
    }
    for field in &summary.other_fields {
        lines.push(line("further field", field.clone()));
    }
    Decoded {
        lines,
        slot: slot(summary),
        fee_max,
        valid_until: None,
        valid_through: summary.last_ledger.map(|last| Height(last.into())),
    }
}

impl Check for XrplCheck {
    fn family(&self) -> Family {
        Family::Xrpl
    }

    fn decode(&self, chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        network_number(chain)?;
        Ok(decoded(chain, &read(unsigned)?))
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        compared(
            leg,
            network_number(&leg.chain).err(),
            read(unsigned),
            |summary| compare::unsigned(leg, summary, unsigned),
            |summary| decoded(&leg.chain, summary),
        )
    }

    fn open(&self, chain: &str, _approved: &[u8], signed: &[u8]) -> Result<Signed, NotReadable> {
        let refuse = |detail: String| NotReadable {
            expected: EXPECTED_SIGNED,
            detail,
        };
        network_number(chain).map_err(|error| refuse(error.detail))?;
        if signed.starts_with(&SIGNING) || signed.starts_with(&MULTISIGNING) {
            return Err(refuse(
                "they begin with the prefix of what a signer's hash covers".to_owned(),
            ));
        }
        let fields = binary::decode(signed).map_err(|error| refuse(error.to_string()))?;
        let written =
            binary::encode(&fields, Part::Whole).map_err(|error| refuse(error.to_string()))?;
        if written != signed {
            return Err(refuse(
                "the same transaction is written otherwise: they are not canonical".to_owned(),
            ));
        }
        if fields.contains_key("Signers") {
            return Err(refuse(
                "several signers signed them: only payments that one key signs are carried"
                    .to_owned(),
            ));
        }
        let signature = fields
            .get("TxnSignature")
            .and_then(Value::as_str)
            .and_then(|digits| hex::decode(digits).ok())
            .ok_or_else(|| refuse("they carry no signature: sign them first".to_owned()))?;
        let unsigned =
            binary::encode(&fields, Part::Signed).map_err(|error| refuse(error.to_string()))?;
        let summary = read(&unsigned).map_err(|error| refuse(error.detail))?;
        signature::verify(&summary.signing_key, &unsigned, &signature)
            .map_err(|error| refuse(error.to_string()))?;
        Ok(Signed {
            bytes: signed.to_vec(),
            unsigned,
            signer: address::text(summary.account),
            signer_key: Some(hex::encode(&summary.signing_key)),
            tx_id: binary::transaction_id(signed),
        })
    }
}
