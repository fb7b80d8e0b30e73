//! What unsigned payments say, whether that is what was approved, and what is left of signed ones without their signature.
//!
//! The canonical unsigned form is the transaction's envelope (`ENVELOPE_TYPE_TX`) without signatures: signed bytes minus the
//! signature. One signature is taken, of the paying account's own key; accounts with several signers are carried by hand, since
//! no bytes tell how many of them are enough.

mod compare;

pub use compare::outcome;
#[cfg(feature = "fetch")]
pub(crate) use compare::{Route, route_of};

use crate::address;
use crate::decode::DECIMALS;
use crate::returns::{self, Action, ReturnSummary};
use crate::xdr::{self, Network};
use recover_core::amount::Amount;
use recover_core::check::{Check, Decoded, Deviation, Line, NotReadable, Signed, Slot, compared};
use recover_core::network::Family;
use recover_core::plan::Leg;
use recover_core::time::Timestamp;
use stellar_xdr::{TransactionEnvelope, TransactionV1Envelope, VecM, WriteXdr};

const EXPECTED: &str = "an unsigned transaction of Stellar in its canonical bytes";
const EXPECTED_SIGNED: &str =
    "a transaction of Stellar in its canonical bytes, signed by its account's own key";

/// Stellar's checking half.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StellarCheck;

fn unreadable(detail: impl Into<String>) -> NotReadable {
    NotReadable {
        expected: EXPECTED,
        detail: detail.into(),
    }
}

/// The network of a CAIP-2 id.
fn network(chain: &str) -> Result<Network, NotReadable> {
    chain
        .strip_prefix("stellar:")
        .filter(|reference| !reference.is_empty())
        .map(Network::of_reference)
        .ok_or_else(|| {
            unreadable(format!(
                "'{chain}' is no network of Stellar: write stellar:pubnet for the main one"
            ))
        })
}

fn read(unsigned: &[u8]) -> Result<ReturnSummary, NotReadable> {
    let envelope = returns::parse(unsigned).map_err(|error| unreadable(error.to_string()))?;
    if !envelope.signatures.is_empty() {
        return Err(unreadable("they carry a signature already"));
    }
    Ok(returns::summary(&envelope))
}

/// A sequence number as a slot has it; the network's are never below zero.
fn slot(summary: &ReturnSummary) -> Slot {
    Slot {
        account: summary.from.text().to_owned(),
        sequence: u64::try_from(summary.sequence).unwrap_or_default(),
        is_ticket: false,
    }
}

fn coins(asset: Option<&str>, stroops: i64) -> String {
    let name = asset.unwrap_or("XLM");
    match u128::try_from(stroops) {
        Ok(amount) => format!(
            "{} {name} ({stroops} stroops)",
            Amount::from_u128(amount).to_coin_text(DECIMALS)
        ),
        Err(_) => format!("{stroops} stroops of {name}"),
    }
}

/// A time of the bytes; 0 is no time but the absence of one.
fn time_text(seconds: u64, none: &str) -> String {
    match Timestamp::from_seconds(seconds) {
        _ if seconds == 0 => none.to_owned(),
        Some(time) => time.to_string(),
        None => format!("{seconds} seconds of Unix time"),
    }
}

fn decoded(chain: &str, summary: &ReturnSummary) -> Decoded {
    let line = |label: &str, value: String| Line {
        label: label.to_owned(),
        value,
    };
    let party = |account: &str, id: Option<u64>| match id {
        Some(id) => format!("{account}, the id {id} inside"),
        None => account.to_owned(),
    };
    let mut lines = vec![
        line("chain", chain.to_owned()),
        line("from", party(summary.from.text(), summary.from_muxed_id)),
    ];
    for operation in &summary.operations {
        match &operation.action {
            Action::Pay {
                to,
                to_muxed_id,
                asset,
                amount,
            } => {
                lines.push(line("does", "pay".to_owned()));
                lines.push(line("to", party(to.text(), *to_muxed_id)));
                lines.push(line("amount", coins(asset.as_deref(), *amount)));
            }
            Action::Create { to, amount } => {
                lines.push(line("does", "create the account".to_owned()));
                lines.push(line("to", to.text().to_owned()));
                lines.push(line("amount", coins(None, *amount)));
            }
            Action::Other(name) => lines.push(line(
                "does",
                format!("something that no payment does: {name}"),
            )),
        }
        if let Some(source) = &operation.source {
            lines.push(line("as the account", source.text().to_owned()));
        }
    }
    lines.push(line("memo", compare::memo_text(&summary.memo)));
    lines.push(line("fee at most", coins(None, summary.fee.into())));
    lines.push(line("sequence", summary.sequence.to_string()));
    let (from, until) = summary.time_bounds.unwrap_or_default();
    lines.push(line("valid from", time_text(from, "at once")));
    lines.push(line("valid until", time_text(until, "for ever")));
    if summary.further_conditions {
        lines.push(line(
            "conditions",
            "further ones, which no payment built here has".to_owned(),
        ));
    }
    Decoded {
        lines,
        slot: slot(summary),
        fee_max: Amount::from_u128(summary.fee.into()),
        valid_until: Some(until)
            .filter(|until| *until != 0)
            .and_then(Timestamp::from_seconds),
        valid_through: None,
    }
}

impl Check for StellarCheck {
    fn family(&self) -> Family {
        Family::Stellar
    }

    fn decode(&self, chain: &str, unsigned: &[u8]) -> Result<Decoded, NotReadable> {
        network(chain)?;
        Ok(decoded(chain, &read(unsigned)?))
    }

    fn verify(&self, leg: &Leg, unsigned: &[u8]) -> Result<Decoded, Vec<Deviation>> {
        compared(
            leg,
            network(&leg.chain).err(),
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
        let network = network(chain).map_err(|error| refuse(error.detail))?;
        let TransactionV1Envelope { tx, signatures } =
            returns::parse(signed).map_err(|error| refuse(error.to_string()))?;
        let one = match signatures.as_slice() {
            [] => {
                return Err(refuse(
                    "they carry no signature: sign them first".to_owned(),
                ));
            }
            [one] => one,
            several => {
                return Err(refuse(format!(
                    "they carry {} signatures: accounts with several signers are carried by hand",
                    several.len()
                )));
            }
        };
        let (account, _) = xdr::muxed_parts(&tx.source_account);
        let key = address::account_key(&account)
            .ok_or_else(|| refuse("their account has no key".to_owned()))?;
        let [.., a, b, c, d] = key;
        if one.hint.0 != [a, b, c, d] {
            return Err(refuse(format!(
                "their signature is not by the key of {} itself (its hint is {}): other signers are carried by hand",
                account.text(),
                hex::encode(one.hint.0)
            )));
        }
        let hash = tx
            .hash(network.id())
            .map_err(|error| refuse(error.to_string()))?;
        let signature = ed25519_dalek::Signature::from_slice(one.signature.as_slice())
            .map_err(|_| refuse("their signature has not 64 bytes".to_owned()))?;
        ed25519_dalek::VerifyingKey::from_bytes(&key)
            .and_then(|key| key.verify_strict(&hash, &signature))
            .map_err(|_| {
                refuse(format!(
                    "their signature is not valid for these bytes on {chain} and the key of {}",
                    account.text()
                ))
            })?;
        let unsigned = TransactionEnvelope::Tx(TransactionV1Envelope {
            tx,
            signatures: VecM::default(),
        })
        .to_xdr(xdr::limits())
        .map_err(|error| refuse(error.to_string()))?;
        Ok(Signed {
            bytes: signed.to_vec(),
            unsigned,
            signer: account.text().to_owned(),
            signer_key: None,
            tx_id: address::tx_id(&hash),
        })
    }
}
