//! What a token says of itself: a voucher's origin, and what a CW20 contract answers.

use crate::decode::Origin;
use recover_source::chain::{CLAIM_LETTERS_MAX, TokenClaims, clean};
use serde_json::{Value, json};

/// Longest description of a voucher, in characters: several hops make long paths.
const VOUCHER_LETTERS_MAX: usize = 200;

/// The question to a CW20 contract.
pub(super) fn cw20_info_query() -> Vec<u8> {
    json!({"token_info": {}}).to_string().into_bytes()
}

/// What a voucher stands for. Its digest proves it; which network the first hop leads to is the channel's word.
pub(super) fn of_origin(origin: &Origin) -> TokenClaims {
    TokenClaims {
        symbol: None,
        name: clean(
            &format!("{} over {}", origin.denom, origin.path),
            VOUCHER_LETTERS_MAX,
        ),
        decimals: None,
    }
}

/// A CW20 contract's answer to `token_info`.
pub(super) fn of_cw20(answer: &Value) -> TokenClaims {
    let text = |key: &str| {
        answer
            .get(key)
            .and_then(Value::as_str)
            .and_then(|text| clean(text, CLAIM_LETTERS_MAX))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_a_strangers_words_cannot_turn_the_line_around() {
        let claims =
            of_cw20(&json!({"symbol": "\u{202e}CDSU\u{202c}", "name": "\u{200b}", "decimals": 6}));
        assert_eq!(claims.symbol.as_deref(), Some("CDSU"));
        assert_eq!((claims.name, claims.decimals), (None, Some(6)));
        let voucher = of_origin(&Origin {
            path: "transfer/channel-0".to_owned(),
            denom: "u\u{202e}atom".to_owned(),
        });
        assert_eq!(
            voucher.name.as_deref(),
            Some("uatom over transfer/channel-0")
        );
    }
}
