//! What unsigned bytes say, whether that is what was approved, and what is left of signed ones without their signature.

use super::build::build;
use super::open::open;
use super::previous::bytes_of_id;
use super::read::{Unsigned, read};
use super::rules::Rules;
use super::terms::{Terms, deviation};
use super::unlock::address_of;
use crate::script::Script;
use bitcoin::TxOut;
use recover_core::amount::Amount;
use recover_core::check::{Check, Decoded, Deviation, Line, NotReadable, Signed, Slot, compared};
use recover_core::network::Family;
use recover_core::plan::Leg;

/// Digits behind the point of a coin, on all the family's networks.
pub const DECIMALS: u8 = 8;

const EXPECTED: &str = "an unsigned PSBT of version 0 that spends one output";

/// The checking half of Bitcoin and its relatives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BitcoinCheck;

fn unreadable(detail: impl Into<String>) -> NotReadable {
    NotReadable {
        expected: EXPECTED,
        detail: detail.into(),
    }
}

/// The network that bytes are for.
fn rules_of(chain: &str, unsigned: &Unsigned) -> Result<&'static Rules, NotReadable> {
    Rules::signed_on(chain, unsigned.has_fork_id).ok_or_else(|| {
        unreadable(if unsigned.has_fork_id {
            format!("{chain} has no signatures like those of Bitcoin Cash")
        } else {
            format!("'{chain}' is no chain of Bitcoin's family with such signatures")
        })
    })
}

/// An output's address on a network; the script itself where no address stands for it.
fn party(rules: &Rules, output: &TxOut) -> String {
    Script::of(output.script_pubkey.as_bytes())
        .and_then(|script| address_of(rules, &script))
        .unwrap_or_else(|| {
            format!(
                "the script {}",
                hex::encode(output.script_pubkey.as_bytes())
            )
        })
}

fn coins(rules: &Rules, units: u64) -> String {
    format!(
        "{} {} ({units} base units)",
        Amount::from_u128(units.into()).to_coin_text(DECIMALS),
        rules.ticker
    )
}

/// The slot of an output: it can be spent once.
#[must_use]
pub fn slot(outpoint: &bitcoin::OutPoint) -> Slot {
    Slot {
        account: outpoint.to_string(),
        sequence: 0,
        is_ticket: false,
    }
}

fn decoded(chain: &str, rules: &Rules, unsigned: &Unsigned) -> Decoded {
    let line = |label: &str, value: String| Line {
        label: label.to_owned(),
        value,
    };
    let mut lines = vec![
        line("chain", format!("{chain} ({})", rules.network)),
        line("from", party(rules, &unsigned.spent)),
        line("spends", unsigned.outpoint.to_string()),
        line("holding", coins(rules, unsigned.spent.value.to_sat())),
    ];
    for (place, output) in unsigned.transaction().output.iter().enumerate() {
        let (to, amount) = if place == 0 {
            ("to", "amount")
        } else {
            ("rest to", "rest")
        };
        lines.push(line(to, party(rules, output)));
        lines.push(line(amount, coins(rules, output.value.to_sat())));
    }
    lines.push(line("fee", coins(rules, unsigned.fee)));
    lines.push(line(
        "not before",
        format!("the block after {}", unsigned.lock_height),
    ));
    Decoded {
        lines,
        slot: slot(&unsigned.outpoint),
        fee_max: Amount::from_u128(unsigned.fee.into()),
        valid_until: None,
        valid_through: None,
    }
}

/// How an output differs from a payment.
fn payment(
    rules: &Rules,
    found: Option<&TxOut>,
    approved: Option<&(Script, u64)>,
    fields: (&'static str, &'static str),
    deviations: &mut Vec<Deviation>,
) {
    let none = || "none".to_owned();
    let to = found.map_or_else(none, |output| party(rules, output));
    let meant = approved.map_or_else(none, |(script, _)| {
        address_of(rules, script).unwrap_or_else(|| hex::encode(script.bytes()))
    });
    let is_same_script = match (found, approved) {
        (Some(output), Some((script, _))) => output.script_pubkey.as_bytes() == script.bytes(),
        (None, None) => true,
        _ => false,
    };
    if !is_same_script {
        deviations.push(deviation(fields.0, to, meant));
    }
    let amount = found.map(|output| output.value.to_sat());
    let approved = approved.map(|(_, amount)| *amount);
    if amount != approved {
        let text = |amount: Option<u64>| amount.map_or_else(none, |amount| amount.to_string());
        deviations.push(deviation(fields.1, text(amount), text(approved)));
    }
}

/// How the outputs of a transaction differ from those of the terms.
pub(super) fn payments(terms: &Terms, outputs: &[TxOut], deviations: &mut Vec<Deviation>) {
    let paid = &terms.payments;
    let rules = terms.rules;
    payment(
        rules,
        outputs.first(),
        paid.first(),
        ("recipient", "amount"),
        deviations,
    );
    payment(
        rules,
        outputs.get(1),
        paid.get(1),
        ("rest_recipient", "rest_amount"),
        deviations,
    );
    if outputs.len() > 2 {
        deviations.push(deviation(
            "outputs",
            outputs.len().to_string(),
            paid.len().to_string(),
        ));
    }
}

fn compare(terms: &Terms, leg: &Leg, unsigned: &Unsigned, bytes: &[u8]) -> Vec<Deviation> {
    let mut deviations = Vec::new();
    let mut compare = |field, found: String, approved: String| {
        if found != approved {
            deviations.push(deviation(field, found, approved));
        }
    };
    compare(
        "outpoint",
        unsigned.outpoint.to_string(),
        terms.outpoint.to_string(),
    );
    compare(
        "value",
        unsigned.spent.value.to_sat().to_string(),
        terms.value.to_string(),
    );
    compare(
        "signer",
        party(terms.rules, &unsigned.spent),
        leg.signer.clone(),
    );
    let mark = |has: bool| if has { "as Bitcoin Cash" } else { "as Bitcoin" }.to_owned();
    compare(
        "sighash",
        mark(unsigned.has_fork_id),
        mark(terms.rules.has_fork_id()),
    );
    payments(terms, &unsigned.transaction().output, &mut deviations);
    let fee = Amount::from_u128(unsigned.fee.into());
    if fee > leg.fee_max {
        deviations.push(deviation(
            "fee_max",
            fee.to_base_units(),
            leg.fee_max.to_base_units(),
        ));
    }
    if !deviations.is_empty() {
        return deviations;
    }
    // Everything else at once: what is built for the leg now, from the transaction inside, must be these bytes.
    let previous = unsigned
        .psbt
        .inputs
        .first()
        .and_then(|input| input.non_witness_utxo.as_ref())
        .map(bytes_of_id)
        .unwrap_or_default();
    match build(&terms.spending(&previous, unsigned.lock_height)) {
        Ok(built) if built == bytes => {}
        Ok(_) => deviations.push(deviation(
            "derivation",
            "other keys or scripts for the signers",
            leg.spend
                .as_ref()
                .and_then(|spend| spend.descriptor.as_deref())
                .unwrap_or("none"),
        )),
        Err(refusal) => deviations.push(deviation(
            "bytes",
            refusal.to_string(),
            "what is built for the leg",
        )),
    }
    deviations
}

impl Check for BitcoinCheck {
    fn family(&self) -> Family {
        Family::Bitcoin
    }

    fn decode(&self, chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        let unsigned = read(unsigned).map_err(unreadable)?;
        let rules = rules_of(chain, &unsigned)?;
        Ok(decoded(chain, rules, &unsigned))
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        let terms = Terms::of(leg)?;
        compared(
            leg,
            None,
            read(unsigned).map_err(unreadable),
            |found| compare(&terms, leg, found, unsigned),
            |found| decoded(&leg.chain, terms.rules, found),
        )
    }

    /// Takes a signed PSBT (as bytes, base64 or hexadecimal) or the transaction as it goes to the network (bytes or hexadecimal). The
    /// approved bytes tell what the output is, and the transaction inside them proves it; whatever else a signed PSBT tells is not
    /// looked at.
    fn open(&self, chain: &str, approved: &[u8], signed: &[u8]) -> Result<Signed, NotReadable> {
        let unsigned = read(approved)
            .map_err(|detail| unreadable(format!("what was approved cannot be read: {detail}")))?;
        let rules = rules_of(chain, &unsigned)?;
        open(rules, &unsigned, approved, signed)
    }
}
