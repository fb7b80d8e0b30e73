//! A transaction's bytes out of an answer: a node gives them, a gateway's JSON is written back.

use crate::address;
use crate::decode::message::text_of;
use crate::proto;
use crate::returns;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use prost::Message as _;
use recover_core::block::TxId;
use serde_json::Value;

/// What an answer leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Raw {
    /// The bytes whose hash is the id.
    Bytes(Vec<u8>),
    /// A gateway's JSON of something else than one payment that one key signed: it is not written back.
    OtherForm,
    /// One payment whose fields do not make the id: the JSON is not what was hashed.
    Mismatch,
}

/// The bytes of a transaction. The gateway tells it as JSON: that of one payment is written in the networks' encoding again, and
/// believed only when it hashes to its id.
pub(crate) fn raw_of(entry: &Value, id: &TxId) -> Raw {
    let entry = match entry.get("result") {
        Some(result) if entry.get("jsonrpc").is_some() => result,
        _ => entry,
    };
    let raw = match entry.get("tx") {
        Some(Value::String(text)) => STANDARD.decode(text).ok(),
        Some(tx) => rebuilt(tx),
        None => entry.pointer("/tx_response/tx").and_then(rebuilt),
    };
    match raw {
        None => Raw::OtherForm,
        Some(raw) if address::tx_id_of(&raw) == *id => Raw::Bytes(raw),
        Some(_) => Raw::Mismatch,
    }
}

/// The coins of the fee that a transaction states, as denomination and amount; `None` where the answer does not tell them.
pub(crate) fn fee_of(entry: &Value, raw: Option<&[u8]>) -> Option<Vec<(String, String)>> {
    let coins: Vec<proto::Coin> = match raw {
        Some(raw) => {
            let raw = proto::TxRaw::decode(raw).ok()?;
            let auth_info = proto::AuthInfo::decode(raw.auth_info_bytes.as_slice()).ok()?;
            auth_info.fee?.amount
        }
        None => ["/tx", "/tx_response/tx"]
            .iter()
            .find_map(|tx| entry.pointer(&format!("{tx}/auth_info/fee/amount")))?
            .as_array()?
            .iter()
            .map(coin)
            .collect(),
    };
    Some(
        coins
            .into_iter()
            .map(|coin| (coin.denom, coin.amount))
            .collect(),
    )
}

fn rebuilt(tx: &Value) -> Option<Vec<u8>> {
    let one = |pointer: &str| match tx.pointer(pointer)?.as_array()?.as_slice() {
        [only] => Some(only),
        _ => None,
    };
    let body = proto::TxBody {
        messages: vec![message(one("/body/messages")?)?],
        memo: text_of(tx.pointer("/body/memo")).into_bytes(),
        timeout_height: number(tx.pointer("/body/timeout_height"))?,
        ..proto::TxBody::default()
    };
    let signer = one("/auth_info/signer_infos")?;
    let mode = match signer.pointer("/mode_info/single/mode")?.as_str()? {
        "SIGN_MODE_DIRECT" => 1,
        "SIGN_MODE_LEGACY_AMINO_JSON" => 127,
        _ => return None,
    };
    let key = signer.get("public_key")?;
    let fee = tx.pointer("/auth_info/fee")?;
    let auth_info = proto::AuthInfo {
        signer_infos: vec![proto::SignerInfo {
            public_key: Some(proto::Any {
                type_url: text_of(key.get("@type")),
                value: proto::PubKey {
                    key: bytes(key.get("key"))?,
                }
                .encode_to_vec(),
            }),
            mode_info: Some(proto::ModeInfo {
                single: Some(proto::SingleMode { mode }),
            }),
            sequence: number(signer.get("sequence"))?,
        }],
        fee: Some(proto::Fee {
            amount: fee.get("amount")?.as_array()?.iter().map(coin).collect(),
            gas_limit: number(fee.get("gas_limit"))?,
            payer: text_of(fee.get("payer")),
            granter: text_of(fee.get("granter")),
        }),
    };
    let raw = proto::TxRaw {
        body_bytes: body.encode_to_vec(),
        auth_info_bytes: auth_info.encode_to_vec(),
        signatures: vec![bytes(one("/signatures"))?],
    };
    Some(raw.encode_to_vec())
}

fn message(value: &Value) -> Option<proto::Any> {
    let text = |key: &str| text_of(value.get(key));
    let type_url = text("@type");
    // Other networks' messages of one of these last words hold other fields (THORChain: bytes for addresses).
    let bytes = match type_url.as_str() {
        returns::MSG_SEND => proto::MsgSend {
            from_address: text("from_address"),
            to_address: text("to_address"),
            amount: value.get("amount")?.as_array()?.iter().map(coin).collect(),
        }
        .encode_to_vec(),
        returns::MSG_TRANSFER => proto::MsgTransfer {
            source_port: text("source_port"),
            source_channel: text("source_channel"),
            token: Some(coin(value.get("token")?)),
            sender: text("sender"),
            receiver: text("receiver"),
            timeout_height: Some(proto::IbcHeight {
                revision_number: number(value.pointer("/timeout_height/revision_number"))?,
                revision_height: number(value.pointer("/timeout_height/revision_height"))?,
            }),
            timeout_timestamp: number(value.get("timeout_timestamp"))?,
            memo: text("memo"),
        }
        .encode_to_vec(),
        _ => return None,
    };
    Some(proto::Any {
        type_url,
        value: bytes,
    })
}

fn coin(value: &Value) -> proto::Coin {
    proto::Coin {
        denom: text_of(value.get("denom")),
        amount: text_of(value.get("amount")),
    }
}

fn bytes(value: Option<&Value>) -> Option<Vec<u8>> {
    STANDARD.decode(value?.as_str()?).ok()
}

/// A number that the gateway writes as text, or leaves out for zero.
fn number(value: Option<&Value>) -> Option<u64> {
    match text_of(value).as_str() {
        "" => Some(0),
        text => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every recorded gateway answer that tells one signed payment leads back to the bytes that were hashed.
    #[test]
    fn recorded_payments_are_written_back_to_the_bytes_of_their_id() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/cosmos");
        let (mut found, mut edited) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|kind| kind != "json") {
                continue;
            }
            let answer: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            let Some(id) = answer
                .pointer("/tx_response/txhash")
                .and_then(Value::as_str)
                .and_then(address::parse_tx_id)
            else {
                continue;
            };
            let raw = raw_of(&answer, &id);
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if raw == Raw::Mismatch {
                edited.push(name.clone());
            }
            if let Raw::Bytes(raw) = raw {
                assert_eq!(address::tx_id_of(&raw), id);
                assert!(fee_of(&answer, Some(&raw)).is_some());
                assert_eq!(fee_of(&answer, Some(&raw)), fee_of(&answer, None));
                found.push(name);
            }
        }
        // Its origin.toml says so too: somebody edited it before it was recorded.
        assert_eq!(edited, ["gem_transfer_ibc"]);
        found.sort();
        assert_eq!(
            found,
            [
                "cometbft_tx_failed_with_fee_lcd_tx",
                "cometbft_tx_msg_ibc_timeout_lcd_tx_2",
                "cometbft_tx_msg_ibc_transfer_transfer_string_amount_lcd_tx",
                "cometbft_tx_signer_empty_pubkey_lcd_tx",
                "gem_transfer"
            ]
        );
    }
}
