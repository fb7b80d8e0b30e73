//! Amino's canonical JSON: keys sorted, no spaces, and the characters escaped that Go's encoder escapes.

use crate::returns::{Destination, ReturnRequest, fee_coins};
use serde_json::{Map, Value, json};

/// The document that is signed in amino mode (`StdSignDoc`): every number is text, empty fields of a message are left out.
pub(super) fn document(request: &ReturnRequest) -> String {
    let token = json!({"amount": request.amount.to_base_units(), "denom": request.denom});
    let message = match &request.to {
        Destination::Account(to) => json!({
            "type": "cosmos-sdk/MsgSend",
            "value": {
                "amount": [token],
                "from_address": request.from.text(),
                "to_address": to.text(),
            },
        }),
        Destination::OverIbc {
            port,
            channel,
            receiver,
            timeout_nanoseconds,
        } => {
            let mut value = Map::new();
            if !request.memo.is_empty() {
                value.insert("memo".to_owned(), json!(request.memo));
            }
            value.insert("receiver".to_owned(), json!(receiver));
            value.insert("sender".to_owned(), json!(request.from.text()));
            value.insert("source_channel".to_owned(), json!(channel));
            value.insert("source_port".to_owned(), json!(port));
            value.insert("timeout_height".to_owned(), json!({}));
            value.insert(
                "timeout_timestamp".to_owned(),
                json!(timeout_nanoseconds.to_string()),
            );
            value.insert("token".to_owned(), token);
            json!({"type": "cosmos-sdk/MsgTransfer", "value": value})
        }
    };
    let fee: Vec<Value> = fee_coins(request)
        .iter()
        .map(|coin| json!({"amount": coin.amount, "denom": coin.denom}))
        .collect();
    canonical(&json!({
        "account_number": request.account_number.to_string(),
        "chain_id": request.chain,
        "fee": {"amount": fee, "gas": request.fee.gas_limit.to_string()},
        "memo": request.transaction_memo(),
        "msgs": [message],
        "sequence": request.sequence.to_string(),
        "timeout_height": request.timeout_height.to_string(),
    }))
}

/// The canonical text of a value: sorted at every level, whatever order a build of the parser keeps.
pub(super) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            text.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_text(key, text);
                text.push(':');
                write(fields.get(key).unwrap_or(&Value::Null), text);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::String(inner) => write_text(inner, text),
        other => text.push_str(&other.to_string()),
    }
}

/// A text as Go's `encoding/json` writes it, which the network does to check the signature.
fn write_text(inner: &str, text: &mut String) {
    text.push('"');
    for letter in inner.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            // Go 1.22 began to write these two by name; networks differ, and no memo of ours holds them.
            letter
                if u32::from(letter) < 0x20
                    || matches!(letter, '<' | '>' | '&' | '\u{2028}' | '\u{2029}') =>
            {
                text.push_str(&format!("\\u{:04x}", u32::from(letter)));
            }
            letter => text.push(letter),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_text_is_escaped_as_the_network_does() {
        let value = json!({"b": "<&>\u{2028}\"\\\n", "a": ["é", 1, true, null, {}]});
        assert_eq!(
            canonical(&value),
            r#"{"a":["é",1,true,null,{}],"b":"\u003c\u0026\u003e\u2028\"\\\n"}"#
        );
    }
}
