//! What a token says of itself: a voucher's origin, and what a CW20 contract answers.

use crate::decode::Origin;
use recover_source::chain::TokenClaims;
use serde_json::{Value, json};

/// The question to a CW20 contract.
pub(super) fn cw20_info_query() -> Vec<u8> {
    json!({"token_info": {}}).to_string().into_bytes()
}

/// What a voucher stands for. Its digest proves it; which network the first hop leads to is the channel's word.
pub(super) fn of_origin(origin: &Origin) -> TokenClaims {
    TokenClaims {
        symbol: None,
        name: Some(clean(&format!("{} over {}", origin.denom, origin.path))),
        decimals: None,
    }
}

/// A CW20 contract's answer to `token_info`.
pub(super) fn of_cw20(answer: &Value) -> TokenClaims {
    let text = |key: &str| {
        answer
            .get(key)
            .and_then(Value::as_str)
            .map(clean)
            .filter(|text| !text.is_empty())
    };
    TokenClaims {
        symbol: text("symbol"),
        name: text("name"),
        decimals: answer
            .get("decimals")
            .and_then(Value::as_u64)
            .and_then(|decimals| u8::try_from(decimals).ok()),
    }
}

/// A stranger's text without what would disturb a terminal, cut to a line.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|letter| !letter.is_control())
        .take(200)
        .collect()
}
