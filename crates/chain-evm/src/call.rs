//! Call data: the one call of a token that we build, reading it back, and the calls of forwarders from their templates.

use recover_core::amount::Amount;

/// `transfer(address,uint256)` (<https://eips.ethereum.org/EIPS/eip-20>).
pub const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// Selectors that move or release tokens of whoever calls. None of them may hide in the call of a factory or a forwarder.
pub(crate) const MOVES_TOKENS: &[(&str, [u8; 4])] = &[
    ("transfer(address,uint256)", TRANSFER),
    (
        "transferFrom(address,address,uint256)",
        [0x23, 0xb8, 0x72, 0xdd],
    ),
    ("approve(address,uint256)", [0x09, 0x5e, 0xa7, 0xb3]),
    (
        "increaseAllowance(address,uint256)",
        [0x39, 0x50, 0x93, 0x51],
    ),
    ("setApprovalForAll(address,bool)", [0xa2, 0x2c, 0xb4, 0x65]),
    (
        "safeTransferFrom(address,address,uint256)",
        [0x42, 0x84, 0x2e, 0x0e],
    ),
    (
        "increaseApproval(address,uint256)",
        [0xd7, 0x3d, 0xd6, 0x23],
    ),
    (
        "transferAndCall(address,uint256,bytes)",
        [0x40, 0x00, 0xae, 0xa0],
    ),
    (
        "approveAndCall(address,uint256,bytes)",
        [0xca, 0xe9, 0xca, 0x51],
    ),
    ("send(address,uint256,bytes)", [0x9b, 0xd9, 0xbb, 0xc6]),
    ("authorizeOperator(address)", [0x95, 0x9b, 0x8c, 0x3f]),
    ("burn(uint256)", [0x42, 0x96, 0x6c, 0x68]),
    (
        "permit(address,address,uint256,uint256,uint8,bytes32,bytes32)",
        [0xd5, 0x05, 0xac, 0xcf],
    ),
];

/// An address as a word: 12 zero bytes before it.
#[must_use]
pub fn word_of(address: [u8; 20]) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address);
    word
}

/// The call data of `transfer(recipient, amount)`.
#[must_use]
pub fn transfer(recipient: [u8; 20], amount: Amount) -> Vec<u8> {
    let mut data = Vec::with_capacity(68);
    data.extend(TRANSFER);
    data.extend(word_of(recipient));
    data.extend(amount.to_be_bytes());
    data
}

/// Recipient and amount of `transfer(address,uint256)`; `None` when the data is anything else, to the last byte.
#[must_use]
pub fn read_transfer(data: &[u8]) -> Option<([u8; 20], Amount)> {
    let words = data.strip_prefix(&TRANSFER)?;
    let (recipient, amount) = words.split_at_checked(32)?;
    let (padding, recipient) = recipient.split_at_checked(12)?;
    if padding.iter().any(|byte| *byte != 0) {
        return None;
    }
    Some((
        recipient.try_into().ok()?,
        Amount::from_be_bytes(amount.try_into().ok()?),
    ))
}

/// The words behind the selector; `None` when the data is no selector and whole words.
#[must_use]
pub fn words(data: &[u8]) -> Option<Vec<[u8; 32]>> {
    let words = data.get(4..)?.chunks_exact(32);
    if !words.remainder().is_empty() {
        return None;
    }
    Some(
        words
            .map(|word| {
                let mut array = [0; 32];
                array.copy_from_slice(word);
                array
            })
            .collect(),
    )
}

/// A template that cannot be filled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the call '{template}' of a factory in policy.toml cannot be used: {detail}; write a selector and words in hexadecimal, with {{salt}} or {{token}} for a word"
)]
pub struct TemplateError {
    /// The template as given.
    pub template: String,
    /// What is wrong.
    pub detail: &'static str,
}

/// Fills a template: hexadecimal call data with placeholders of one word each.
///
/// # Errors
/// When a placeholder is left that has no word here, the text is not hexadecimal, or the call has no selector.
pub fn fill(template: &str, values: &[(&str, [u8; 32])]) -> Result<Vec<u8>, TemplateError> {
    let error = |detail| TemplateError {
        template: template.to_owned(),
        detail,
    };
    let mut text = template
        .trim()
        .strip_prefix("0x")
        .unwrap_or(template.trim())
        .to_owned();
    for (name, word) in values {
        text = text.replace(name, &hex::encode(word));
    }
    if text.contains(['{', '}']) {
        return Err(error("it has a placeholder that does not belong there"));
    }
    let data = hex::decode(&text).map_err(|_| error("it is not hexadecimal"))?;
    if data.len() < 4 {
        return Err(error("it has no selector of four bytes"));
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transfer_is_written_and_read() {
        let data = transfer([0x11; 20], Amount::from_u128(1_000));
        assert_eq!(data.len(), 68);
        assert_eq!(
            read_transfer(&data),
            Some(([0x11; 20], Amount::from_u128(1_000)))
        );
        // A byte more, a byte less, dirty padding, another selector.
        let mut long = data.clone();
        long.push(0);
        assert_eq!(read_transfer(&long), None);
        assert_eq!(read_transfer(&data[..67]), None);
        let mut dirty = data.clone();
        dirty[4] = 1;
        assert_eq!(read_transfer(&dirty), None);
        let mut other = data;
        other[0] ^= 1;
        assert_eq!(read_transfer(&other), None);
    }

    #[test]
    fn selectors_are_those_of_their_signatures() {
        for (signature, selector) in MOVES_TOKENS {
            assert_eq!(&ethers::utils::id(signature), selector, "{signature}");
        }
    }

    #[test]
    fn templates_are_filled_or_refused() {
        let salt = ("{salt}", [7; 32]);
        let filled = fill("0x2b85ba38{salt}", &[salt]).unwrap();
        assert_eq!(filled[..4], [0x2b, 0x85, 0xba, 0x38]);
        assert_eq!(filled[4..], [7; 32]);
        assert_eq!(
            words(&filled).unwrap(),
            vec![[7; 32]],
            "one word behind the selector"
        );
        for wrong in [
            "0x2b85ba38{token}",
            "0x2b85ba3{salt}",
            "",
            "0x2b85",
            "{salt",
        ] {
            assert!(fill(wrong, &[salt]).is_err(), "{wrong}");
        }
    }
}
