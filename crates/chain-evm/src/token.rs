//! Calls of token contracts: what they say of themselves, and balances.

use crate::rpc::{Call, RpcCall, parse};
use crate::wire::hex_bytes;
use bytes::Bytes;
use ethers::types::H160;
use recover_core::amount::Amount;
use recover_source::chain::{CLAIM_LETTERS_MAX, TokenClaims, clean};
use recover_source::error::SourceError;
use serde_json::json;

const SYMBOL: &str = "0x95d89b41";
const NAME: &str = "0x06fdde03";
const DECIMALS: &str = "0x313ce567";

/// A call of a contract at a block (`latest` or a number in hexadecimal).
pub(crate) fn contract_call(contract: H160, data: &str, block: &str) -> Call {
    Call::new(
        "eth_call",
        json!([{"to": format!("{contract:?}"), "data": data}, block]),
    )
}

/// A call of `balanceOf(address)`.
pub(crate) fn balance_call(contract: H160, holder: H160, block: &str) -> Call {
    let data = format!("0x70a08231{:0>64}", hex::encode(holder.0));
    contract_call(contract, &data, block)
}

/// The bytes that a contract returned. `None` when it reverted or has no such function: a statement about the contract, and
/// so neither an error of the source nor zero.
pub(crate) fn returned(
    origin: &str,
    answer: Result<Bytes, SourceError>,
) -> Result<Option<Vec<u8>>, SourceError> {
    match answer {
        Ok(text) => {
            let text: String = parse(origin, "eth_call", &text)?;
            hex_bytes(&text)
                .map(Some)
                .ok_or_else(|| SourceError::NotProtocol {
                    origin: origin.to_owned(),
                    detail: "eth_call: a result that is not hexadecimal".to_owned(),
                })
        }
        Err(SourceError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The first word of what a contract returned, as an amount; `None` when it returned less than a word.
pub(crate) fn first_word(returned: &[u8]) -> Option<Amount> {
    let word = returned.get(..32)?;
    Some(Amount::from_be_bytes(word.try_into().ok()?))
}

/// What a token contract says of itself.
pub(crate) async fn claims(rpc: &dyn RpcCall, contract: H160) -> Result<TokenClaims, SourceError> {
    let calls = [SYMBOL, NAME, DECIMALS]
        .iter()
        .map(|data| contract_call(contract, data, "latest"))
        .collect();
    let answers = rpc.batch(calls).await?;
    let mut words = Vec::with_capacity(3);
    for answer in answers {
        words.push(returned(rpc.origin(), answer)?);
    }
    let text = |place: usize| {
        let bytes: &Option<Vec<u8>> = words.get(place)?;
        read_text(bytes.as_deref()?)
    };
    Ok(TokenClaims {
        symbol: text(0),
        name: text(1),
        decimals: words
            .get(2)
            .and_then(Option::as_deref)
            .and_then(first_word)
            .and_then(Amount::to_u128)
            .and_then(|decimals| u8::try_from(decimals).ok()),
    })
}

/// Reads a returned string: ABI encoded, or 32 bytes filled with zeros as old contracts do. `None` when it is neither, not
/// UTF-8, or empty once what cannot be seen is taken out.
fn read_text(returned: &[u8]) -> Option<String> {
    let bytes = if returned.len() == 32 {
        let end = returned.iter().position(|byte| *byte == 0).unwrap_or(32);
        returned.get(..end)?.to_vec()
    } else {
        let offset = usize::try_from(first_word(returned)?.to_u128()?).ok()?;
        let tail = returned.get(offset..)?;
        let length = usize::try_from(first_word(tail)?.to_u128()?).ok()?;
        tail.get(32..32_usize.checked_add(length)?)?.to_vec()
    };
    clean(&String::from_utf8(bytes).ok()?, CLAIM_LETTERS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abi(text: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[31] = 32;
        bytes[63] = u8::try_from(text.len()).unwrap();
        bytes.extend(text);
        bytes.resize(bytes.len().next_multiple_of(32), 0);
        bytes
    }

    #[test]
    fn pitfall_029_symbols_of_every_make() {
        let mut bytes32 = [0; 32];
        bytes32[..3].copy_from_slice(b"MKR");
        assert_eq!(read_text(&bytes32).as_deref(), Some("MKR"));
        assert_eq!(read_text(&abi(b"USDT")).as_deref(), Some("USDT"));
        assert_eq!(
            read_text(&abi("USD₮0".as_bytes())).as_deref(),
            Some("USD₮0")
        );
        // Not UTF-8, empty, cut, lying about its length, pointing outside.
        assert_eq!(read_text(&abi(&[0xff, 0xfe])), None);
        assert_eq!(read_text(&abi(b"")), None);
        assert_eq!(read_text(&[]), None);
        assert_eq!(read_text(&[0; 31]), None);
        let mut lying = abi(b"USDT");
        lying[63] = 200;
        assert_eq!(read_text(&lying), None);
        let mut outside = abi(b"USDT");
        outside[..32].copy_from_slice(&[0xff; 32]);
        assert_eq!(read_text(&outside), None);
        assert_eq!(
            read_text(&abi(&[b'x'; 200])).unwrap().len(),
            CLAIM_LETTERS_MAX
        );
    }

    #[test]
    fn what_cannot_be_seen_is_taken_out() {
        let bidi = "\u{202e}TDSU\u{202c} \u{200b}\u{7}x";
        assert_eq!(read_text(&abi(bidi.as_bytes())).as_deref(), Some("TDSU x"));
        assert_eq!(read_text(&abi("\u{200b}\u{feff}".as_bytes())), None);
    }

    #[test]
    fn pitfall_029_decimals_are_read_only_where_they_fit() {
        for (number, expected) in [
            (0_u128, Some(0)),
            (18, Some(18)),
            (24, Some(24)),
            (78, Some(78)),
            (256, None),
        ] {
            let word = Amount::from_u128(number).to_be_bytes();
            let decimals = first_word(&word)
                .and_then(Amount::to_u128)
                .and_then(|decimals| u8::try_from(decimals).ok());
            assert_eq!(decimals, expected);
        }
        assert_eq!(first_word(&[]), None);
    }
}
