//! Addresses, transaction ids and assets: text to bytes and back (strkey, SEP-23 of the Stellar ecosystem proposals).

use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::detect::Routed;
use recover_core::memo::{Memo, place};
use recover_core::network::Family;
use stellar_strkey::{Contract, Strkey, ed25519};

const EXPECTED: &str = "56 characters that begin with G (account) or C (contract), or 69 that begin with M (account with an id inside)";

/// Parses an address and keeps the id inside a muxed account (`M…`, CAP-27) as its routing value.
///
/// # Errors
/// [`AddressError::Secret`] for a secret key, also a mistyped one; else when the text is no account and no contract, or its
/// checksum fails.
pub fn routed(text: &str) -> Result<Routed, AddressError> {
    if holds_secret(text) {
        return Err(AddressError::Secret);
    }
    let shape = |expected: &'static str| AddressError::Shape {
        text: text.to_owned(),
        family: Family::Stellar,
        expected,
    };
    let trimmed = text.trim();
    let key = match Strkey::from_string(trimmed) {
        Ok(key) => key,
        Err(_) if looks_like_strkey(trimmed) => {
            return Err(AddressError::Checksum {
                text: text.to_owned(),
            });
        }
        Err(_) if trimmed.contains('*') => {
            return Err(shape(
                "an account (G… or M…); a federation name (name*domain) must be resolved to one first",
            ));
        }
        Err(_) => return Err(shape(EXPECTED)),
    };
    let plain = |address| Routed {
        address,
        memo: None,
    };
    match key {
        Strkey::PublicKeyEd25519(key) => Ok(plain(account(key.0))),
        Strkey::Contract(contract) => Ok(plain(self::contract(contract.0))),
        Strkey::MuxedAccountEd25519(muxed) => Ok(Routed {
            address: account(muxed.ed25519),
            memo: Some(Memo::id(muxed.id, place::MUXED_ID)),
        }),
        Strkey::PreAuthTx(_) => Err(shape(
            "an account (G… or M…); T… is the hash of a transaction that may sign for one",
        )),
        Strkey::HashX(_) => Err(shape(
            "an account (G… or M…); X… is a hash whose preimage may sign for one",
        )),
        Strkey::SignedPayloadEd25519(_) => Err(shape(
            "an account (G… or M…); P… is a signer with its payload",
        )),
        Strkey::ClaimableBalance(_) => Err(shape(
            "an account (G… or M…); B… is a claimable balance, which holds money until somebody claims it",
        )),
        Strkey::LiquidityPool(_) => Err(shape("an account (G… or M…); L… is a liquidity pool")),
        _ => Err(shape(EXPECTED)),
    }
}

/// Parses an address; the id inside a muxed account is dropped.
///
/// # Errors
/// As [`routed`].
pub fn parse(text: &str) -> Result<Address, AddressError> {
    routed(text).map(|routed| routed.address)
}

/// The address of an account's key.
#[must_use]
pub fn account(key: [u8; 32]) -> Address {
    let text = ed25519::PublicKey(key).to_string();
    Address::from_parts(Payload::Ed25519(key), text.as_str().to_owned())
}

/// The address of a contract.
#[must_use]
pub fn contract(id: [u8; 32]) -> Address {
    let text = Contract(id).to_string();
    Address::from_parts(Payload::Contract32(id), text.as_str().to_owned())
}

/// The text of an account with an id inside (`M…`).
#[must_use]
pub fn muxed_text(key: [u8; 32], id: u64) -> String {
    let muxed = ed25519::MuxedAccount { ed25519: key, id };
    muxed.to_string().as_str().to_owned()
}

/// The address of a payload; `None` for the payloads of other families.
#[must_use]
pub fn of_payload(payload: &Payload) -> Option<Address> {
    match payload {
        Payload::Ed25519(key) => Some(account(*key)),
        Payload::Contract32(id) => Some(contract(*id)),
        _ => None,
    }
}

/// The key of an account; `None` for a contract and for another family's address.
#[must_use]
pub const fn account_key(address: &Address) -> Option<[u8; 32]> {
    match address.payload() {
        Payload::Ed25519(key) => Some(key),
        _ => None,
    }
}

/// Parses a transaction hash: 64 hexadecimal digits, any case; `None` for another shape.
#[must_use]
pub fn parse_tx_id(text: &str) -> Option<TxId> {
    parse_hash(text).map(|hash| tx_id(&hash))
}

/// The canonical text of a transaction hash.
#[must_use]
pub fn tx_id(hash: &[u8; 32]) -> TxId {
    TxId::new(&hex::encode(hash))
}

/// The 32 bytes of a hash; `None` for another shape.
#[must_use]
pub fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim(), &mut bytes).ok()?;
    Some(bytes)
}

/// What identifies a token: `CODE.GISSUER`, or a contract's `C…`. `CODE:ISSUER`, `CODE-ISSUER` and the forms of explorers
/// (`CODE-ISSUER-1`, `credit_alphanum4:CODE:ISSUER`) are read too. A code says nothing by itself, `XLM` included: with an
/// issuer it is a token like any other.
///
/// # Errors
/// When the text names no token.
pub fn parse_asset(text: &str) -> Result<String, AddressError> {
    if holds_secret(text) {
        return Err(AddressError::Secret);
    }
    let shape = || AddressError::Shape {
        text: text.to_owned(),
        family: Family::Stellar,
        expected: "CODE.ISSUER, with a code of 1 to 12 letters and digits and an issuer that begins with G; or a contract that begins with C",
    };
    let trimmed = text.trim();
    let mut parts = trimmed.split(['.', ':', '-']);
    let mut code = parts.next().unwrap_or_default();
    if matches!(code, "credit_alphanum4" | "credit_alphanum12") {
        code = parts.next().unwrap_or_default();
    }
    let Some(issuer) = parts.next() else {
        let routed = routed(trimmed)?;
        return match routed.address.payload() {
            Payload::Contract32(_) => Ok(routed.address.text().to_owned()),
            _ => Err(shape()),
        };
    };
    let kind = parts.next();
    if !matches!(kind, None | Some("1" | "2")) || parts.next().is_some() {
        return Err(shape());
    }
    let issuer = match Strkey::from_string(issuer) {
        Ok(Strkey::PublicKeyEd25519(key)) => account(key.0),
        Err(_) if looks_like_strkey(issuer) => {
            return Err(AddressError::Checksum {
                text: text.to_owned(),
            });
        }
        _ => return Err(shape()),
    };
    if !is_code(code) {
        return Err(shape());
    }
    Ok(asset_text(code, &issuer))
}

/// The canonical text of an issued asset.
#[must_use]
pub fn asset_text(code: &str, issuer: &Address) -> String {
    format!("{code}.{}", issuer.text())
}

/// The code and the issuer of a canonical text; `None` for a contract and for other texts.
#[must_use]
pub fn split_asset(canonical: &str) -> Option<(&str, Address)> {
    let (code, issuer) = canonical.split_once('.')?;
    let issuer = parse(issuer).ok()?;
    (is_code(code) && account_key(&issuer).is_some()).then_some((code, issuer))
}

/// Whether a text can be an asset's code: 1 to 12 ASCII letters and digits.
#[must_use]
pub fn is_code(code: &str) -> bool {
    (1..=12).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether a text is a strkey of something that holds money and is neither account nor contract: a claimable balance (`B…`) or
/// a liquidity pool (`L…`).
#[must_use]
pub fn is_balance_or_pool(text: &str) -> bool {
    matches!(
        Strkey::from_string(text),
        Ok(Strkey::ClaimableBalance(_) | Strkey::LiquidityPool(_))
    )
}

/// The shape of an address whose checksum or a character may be wrong.
fn looks_like_strkey(text: &str) -> bool {
    let length = match text.bytes().next() {
        Some(b'G' | b'C') => 56,
        Some(b'M') => 69,
        _ => return false,
    };
    text.len() == length
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Whether a text holds something that may be a secret key (`S…`, 56 characters): in any case, with a typo, cut short, broken
/// over lines, or inside other words. A false alarm costs a question; a miss costs a customer's account.
#[must_use]
pub fn holds_secret(text: &str) -> bool {
    let runs = |text: &str, is_secret: fn(&[u8]) -> bool| {
        text.split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|run| is_secret(run.as_bytes()))
    };
    if runs(text, |run| {
        looks_like_secret(run) || holds_valid_secret(run)
    }) {
        return true;
    }
    let joined: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && !is_invisible(*letter))
        .collect();
    joined.len() != text.len()
        && runs(&joined, |run| {
            // Words that were joined may begin with S: only capitals can be a key then.
            let capital = !run.iter().any(u8::is_ascii_lowercase);
            (capital && looks_like_secret(run)) || holds_valid_secret(run)
        })
}

/// The shape of a secret key, cut short and with typos allowed. No word of a language has so many letters and a digit.
fn looks_like_secret(run: &[u8]) -> bool {
    matches!(run.first(), Some(b'S' | b's'))
        && (40..=72).contains(&run.len())
        && run.iter().all(|byte| is_base32(*byte))
        && run.iter().any(u8::is_ascii_digit)
}

/// A whole key with its checksum, glued to other letters.
fn holds_valid_secret(run: &[u8]) -> bool {
    run.windows(56).any(|window| {
        matches!(window.first(), Some(b'S' | b's'))
            && ed25519::PrivateKey::from_slice(&window.to_ascii_uppercase()).is_ok()
    })
}

const fn is_base32(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'z' | b'2'..=b'7')
}

const fn is_invisible(letter: char) -> bool {
    matches!(
        letter,
        '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{00ad}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use recover_core::memo::MemoKind;

    const ACCOUNT: &str = "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ";
    const MUXED: &str = "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAAAAAAAACJUQ";
    // From the examples of SEP-23: nobody's key.
    const SECRET: &str = "SBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWHOKR";

    #[test]
    fn the_examples_of_sep_23() {
        let plain = routed(ACCOUNT).unwrap();
        assert_eq!((plain.address.text(), plain.memo), (ACCOUNT, None));
        let muxed = routed(MUXED).unwrap();
        assert_eq!(muxed.address.text(), ACCOUNT);
        assert_eq!(muxed.memo, Some(Memo::id(0, place::MUXED_ID)));
        let key = account_key(&muxed.address).unwrap();
        assert_eq!(muxed_text(key, 0), MUXED);
        let high = muxed_text(key, u64::MAX);
        assert_eq!(
            routed(&high).unwrap().memo.unwrap().raw,
            b"18446744073709551615"
        );
        let contract = "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE";
        assert!(matches!(
            parse(contract).unwrap().payload(),
            Payload::Contract32(_)
        ));
        assert_eq!(parse(&format!(" {ACCOUNT}\n")).unwrap().text(), ACCOUNT);
    }

    #[test]
    fn what_is_no_account_is_refused_with_its_name() {
        for (text, words) in [
            (
                "TBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWHXL7",
                "hash of a transaction",
            ),
            (
                "XBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWGTOG",
                "preimage",
            ),
            (
                "PA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUAAAAAQACAQDAQCQMBYIBEFAWDANBYHRAEISCMKBKFQXDAMRUGY4DUPB6IBZGM",
                "signer with its payload",
            ),
            (
                "LA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPJN",
                "liquidity pool",
            ),
            (
                "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU",
                "claimable balance",
            ),
            ("bob*example.com", "federation"),
            ("", "56 characters"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(
                matches!(error, AddressError::Shape { .. }),
                "{text}: {error}"
            );
            assert!(error.to_string().contains(words), "{text}: {error}");
        }
        let typo = ACCOUNT.replace("GA7Q", "GA7R");
        assert!(matches!(parse(&typo), Err(AddressError::Checksum { .. })));
        assert!(parse(&ACCOUNT.to_lowercase()).is_err());
    }

    #[test]
    fn own_a_secret_is_never_repeated() {
        let broken = format!("{}\n{}", &SECRET[..28], &SECRET[28..]);
        let typo = SECRET.replace("SBU2", "SBU3");
        for text in [
            SECRET.to_owned(),
            SECRET.to_lowercase(),
            format!("secret: {SECRET}"),
            format!("x{SECRET}x"),
            SECRET[..50].to_owned(),
            broken,
            typo,
        ] {
            let error = parse(&text).unwrap_err();
            assert_eq!(error, AddressError::Secret);
            assert_eq!(parse_asset(&text), Err(AddressError::Secret));
            assert!(!format!("{error} {error:?}").contains(&SECRET[4..20]));
        }
    }

    #[test]
    fn assets_have_one_text() {
        let usdc = "GA5ZSEJYB37JRC5AVCIA5MOP4RHTM335X2KGX3IHOJAPP5RE34K4KZVN";
        let canonical = format!("USDC.{usdc}");
        for text in [
            canonical.clone(),
            format!("USDC:{usdc}"),
            format!(" USDC-{usdc} "),
            format!("USDC-{usdc}-1"),
            format!("credit_alphanum4:USDC:{usdc}"),
        ] {
            assert_eq!(parse_asset(&text), Ok(canonical.clone()), "{text}");
        }
        // The code of the native coin with an issuer is somebody's token.
        assert_eq!(
            parse_asset(&format!("XLM:{usdc}")),
            Ok(format!("XLM.{usdc}"))
        );
        let (code, issuer) = split_asset(&canonical).unwrap();
        assert_eq!((code, issuer.text()), ("USDC", usdc));
        let bad = usdc.replace("GA5Z", "GA5Y");
        assert!(matches!(
            parse_asset(&format!("USDC:{bad}")),
            Err(AddressError::Checksum { .. })
        ));
        for text in [
            "XLM".to_owned(),
            "native".to_owned(),
            usdc.to_owned(),
            format!("TOOLONGCODE13:{usdc}"),
            format!("US$:{usdc}"),
            format!(":{usdc}"),
            format!("USDC:{usdc}:3"),
        ] {
            assert!(parse_asset(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn transaction_hashes_parse_and_print() {
        let canonical = "a434302ea03b42dd00614e258e6b7cdce5dc8a9d7381b1cba8844b75df4f1486";
        assert_eq!(
            parse_tx_id(&canonical.to_uppercase()).unwrap().as_str(),
            canonical
        );
        assert_eq!(parse_tx_id(&format!("0x{canonical}")), None);
        assert_eq!(parse_tx_id(&canonical[..62]), None);
    }

    proptest! {
        #[test]
        fn print_then_parse_is_identity(key: [u8; 32], id: u64) {
            let address = account(key);
            prop_assert_eq!(routed(address.text()).unwrap(), Routed { address: address.clone(), memo: None });
            let muxed = routed(&muxed_text(key, id)).unwrap();
            prop_assert_eq!(&muxed.address, &address);
            let memo = muxed.memo.unwrap();
            prop_assert_eq!((memo.kind, memo.raw), (MemoKind::Id, id.to_string().into_bytes()));
            let held = contract(key);
            prop_assert_eq!(parse(held.text()).unwrap(), held);
        }

        #[test]
        fn any_text_is_judged(text: String) {
            let _ = (routed(&text), parse_asset(&text), parse_tx_id(&text));
        }

        #[test]
        fn every_secret_is_refused(key: [u8; 32]) {
            let secret = ed25519::PrivateKey::from_payload(&key).unwrap();
            let text = secret.as_unredacted().to_string();
            prop_assert_eq!(parse(text.as_str()), Err(AddressError::Secret));
        }
    }
}
