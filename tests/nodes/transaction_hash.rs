//! The hash of a transaction from its own fields: RLP by hand, Keccak by a node. An oracle that shares no code with ours.
//!
//! Source: the Ethereum yellow paper, appendix B (RLP), and EIP-2718, EIP-2930, EIP-1559 for typed transactions.

use recover_testkit::Anvil;
use serde_json::{Value, json};

/// The hash that the signed fields of a transaction object give.
///
/// # Panics
/// When a field is missing or the type is none of 0, 1 and 2.
pub fn recomputed(anvil: &Anvil, transaction: &Value) -> String {
    let kind = quantity(transaction, "type").first().copied().unwrap_or(0);
    let field = |name: &str| string(&quantity(transaction, name));
    let to = string(&bytes(transaction["to"].as_str().unwrap_or("0x")));
    let input = string(&bytes(text(transaction, "input")));
    let payload = [&to[..], &field("value"), &input].concat();
    let signature = [
        // Typed transactions sign with the parity, which some nodes call v only.
        field(if kind > 0 && transaction["yParity"].is_string() {
            "yParity"
        } else {
            "v"
        }),
        field("r"),
        field("s"),
    ]
    .concat();
    let encoded = match kind {
        0 => list(
            &[
                field("nonce"),
                field("gasPrice"),
                field("gas"),
                payload,
                signature,
            ]
            .concat(),
        ),
        1 | 2 => {
            let prices = if kind == 1 {
                field("gasPrice")
            } else {
                [field("maxPriorityFeePerGas"), field("maxFeePerGas")].concat()
            };
            let parts = [
                field("chainId"),
                field("nonce"),
                prices,
                field("gas"),
                payload,
                access_list(&transaction["accessList"]),
                signature,
            ];
            [vec![kind], list(&parts.concat())].concat()
        }
        other => panic!("transactions of type {other} are not recomputed here"),
    };
    let answer = anvil.call("web3_sha3", json!([format!("0x{}", hex::encode(encoded))]));
    answer.as_str().expect("a hash is text").to_owned()
}

fn text<'a>(transaction: &'a Value, name: &str) -> &'a str {
    transaction[name]
        .as_str()
        .unwrap_or_else(|| panic!("the transaction has no {name}"))
}

fn bytes(text: &str) -> Vec<u8> {
    hex::decode(text.trim_start_matches("0x")).expect("nodes write hexadecimal")
}

/// An integer as RLP wants it: no leading zeros, zero itself empty.
fn quantity(transaction: &Value, name: &str) -> Vec<u8> {
    let digits = text(transaction, name)
        .trim_start_matches("0x")
        .trim_start_matches('0');
    let even = if digits.len().is_multiple_of(2) {
        digits.to_owned()
    } else {
        format!("0{digits}")
    };
    hex::decode(even).expect("nodes write hexadecimal")
}

fn access_list(value: &Value) -> Vec<u8> {
    let entries = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let encoded: Vec<u8> = entries
        .iter()
        .flat_map(|entry| {
            let keys = entry["storageKeys"].as_array().cloned().unwrap_or_default();
            let keys: Vec<u8> = keys
                .iter()
                .flat_map(|key| string(&bytes(key.as_str().unwrap_or_default())))
                .collect();
            list(&[string(&bytes(text(entry, "address"))), list(&keys)].concat())
        })
        .collect();
    list(&encoded)
}

fn string(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte] if *byte < 0x80 => vec![*byte],
        _ => [header(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

fn list(payload: &[u8]) -> Vec<u8> {
    [header(0xc0, payload.len()), payload.to_vec()].concat()
}

fn header(base: u8, length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short) if short < 56 => vec![base + short],
        _ => {
            let digits = length.to_be_bytes();
            let zeros = digits.iter().take_while(|digit| **digit == 0).count();
            let size = u8::try_from(digits.len() - zeros).expect("a length has at most 8 bytes");
            [&[base + 55 + size], &digits[zeros..]].concat()
        }
    }
}
