//! What identifies a token: a contract (TRC-20) or a number that the network gave (TRC-10).

use crate::address;
use recover_core::address::AddressError;
use recover_core::network::Family;

/// What stands before the number of a TRC-10 token in canonical text, so that no number passes for an amount.
pub const TRC10: &str = "trc10:";

/// The number of the first TRC-10 token. They are counted from here
/// (<https://developers.tron.network/docs/trc10>), so that all have seven digits.
const FIRST: u32 = 1_000_001;

const EXPECTED: &str =
    "a token's contract (T and 33 characters), or trc10: and the seven digits of a TRC-10 token";

/// The canonical text of a token: a contract's address as [`address::text`] writes it, or `trc10:` and its number. Read are also
/// the words `trc20:CONTRACT` (CAIP-19) and a contract in any form of an address. Digits alone are no token: seven of them may be
/// an amount.
///
/// # Errors
/// As [`address::parse`]; [`AddressError::Shape`] for a number that no TRC-10 token has.
pub fn parse(text: &str) -> Result<String, AddressError> {
    let trimmed = text.trim();
    if let Some(number) = trimmed.strip_prefix(TRC10) {
        let is_plain = number.len() == 7 && number.bytes().all(|byte| byte.is_ascii_digit());
        return number
            .parse::<u32>()
            .ok()
            .filter(|number| is_plain && *number >= FIRST)
            .map(|number| format!("{TRC10}{number}"))
            .ok_or_else(|| AddressError::Shape {
                text: text.to_owned(),
                family: Family::Tron,
                expected: EXPECTED,
            });
    }
    let contract = trimmed.strip_prefix("trc20:").unwrap_or(trimmed);
    address::parse(contract).map(|address| address.text().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_one_text() {
        const USDT: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
        for (text, canonical) in [
            (USDT, USDT),
            ("41a614f803b6fd780986a42c78ec9c7f77e6ded13c", USDT),
            ("trc20:TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", USDT),
            (" trc10:1002000 ", "trc10:1002000"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(canonical), "{text}");
            assert_eq!(parse(canonical).as_deref(), Ok(canonical));
        }
        for text in [
            "USDT",
            "1002000",
            "trc10:1000000",
            "trc10:+100200",
            "trc10:01002000",
            "trc10:",
            "trc20:",
            "trc20:1002000",
        ] {
            assert!(
                matches!(parse(text), Err(AddressError::Shape { .. })),
                "{text}"
            );
        }
    }
}
