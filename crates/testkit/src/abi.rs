//! The ABI, as much of it as calls to our test contracts need.
//!
//! Source: the Solidity contract ABI specification, "Formal specification of the encoding".

/// One argument of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// `address`: text with or without `0x`, 40 hex digits.
    Address(String),
    /// Any `uint` up to 128 bits.
    Uint(u128),
    /// `uint256` or `bytes32`, as its 32 bytes.
    Word([u8; 32]),
    /// `bool`.
    Bool(bool),
    /// `string`.
    Text(String),
    /// `bytes`.
    Bytes(Vec<u8>),
    /// `address[]`.
    Addresses(Vec<String>),
    /// `uint256[]`.
    Uints(Vec<u128>),
}

impl Arg {
    /// An `address` argument.
    pub fn address(text: impl Into<String>) -> Arg {
        Arg::Address(text.into())
    }

    /// A `string` argument.
    pub fn text(text: impl Into<String>) -> Arg {
        Arg::Text(text.into())
    }

    /// A `bytes32` argument holding `text` padded with zeros on the right.
    ///
    /// # Panics
    /// When the text is longer than 32 bytes.
    pub fn bytes32_text(text: &str) -> Arg {
        let mut word = [0; 32];
        word[..text.len()].copy_from_slice(text.as_bytes());
        Arg::Word(word)
    }

    fn is_dynamic(&self) -> bool {
        matches!(
            self,
            Arg::Text(_) | Arg::Bytes(_) | Arg::Addresses(_) | Arg::Uints(_)
        )
    }

    fn encoded(&self) -> Vec<u8> {
        match self {
            Arg::Address(text) => address_word(text).to_vec(),
            Arg::Uint(value) => uint_word(*value).to_vec(),
            Arg::Word(word) => word.to_vec(),
            Arg::Bool(value) => uint_word(u128::from(*value)).to_vec(),
            Arg::Text(text) => padded(text.as_bytes()),
            Arg::Bytes(bytes) => padded(bytes),
            Arg::Addresses(list) => counted(list.iter().map(|text| address_word(text))),
            Arg::Uints(list) => counted(list.iter().map(|value| uint_word(*value))),
        }
    }
}

/// The arguments as the ABI lays them out, without a selector.
///
/// # Panics
/// When an address is not 20 bytes of hex.
pub fn encode(args: &[Arg]) -> Vec<u8> {
    let mut head = Vec::new();
    let mut rest: Vec<u8> = Vec::new();
    for arg in args {
        if arg.is_dynamic() {
            head.extend(uint_word(as_u128(args.len() * 32 + rest.len())));
            rest.extend(arg.encoded());
        } else {
            head.extend(arg.encoded());
        }
    }
    head.extend(rest);
    head
}

/// The 20 bytes of an address given as text.
///
/// # Panics
/// When it is not 20 bytes of hex.
pub fn address_bytes(text: &str) -> [u8; 20] {
    let bytes = hex::decode(text.trim_start_matches("0x"))
        .unwrap_or_else(|error| panic!("address {text}: {error}"));
    bytes
        .try_into()
        .unwrap_or_else(|_| panic!("address {text} is not 20 bytes"))
}

/// The address in the low 20 bytes of a word, in lower case with `0x`.
///
/// # Panics
/// When there are fewer than 32 bytes.
pub fn address_in(word: &[u8]) -> String {
    format!("0x{}", hex::encode(&word[12..32]))
}

/// The integer in the first word of an answer.
///
/// # Panics
/// When there are fewer than 32 bytes or the integer takes more than 128 bits.
pub fn uint_in(word: &[u8]) -> u128 {
    assert!(
        word[..16].iter().all(|byte| *byte == 0),
        "more than 128 bits: {}",
        hex::encode(word)
    );
    u128::from_be_bytes(word[16..32].try_into().expect("the range is 16 bytes long"))
}

fn address_word(text: &str) -> [u8; 32] {
    let mut word = [0; 32];
    word[12..].copy_from_slice(&address_bytes(text));
    word
}

fn uint_word(value: u128) -> [u8; 32] {
    let mut word = [0; 32];
    word[16..].copy_from_slice(&value.to_be_bytes());
    word
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut out = uint_word(as_u128(bytes.len())).to_vec();
    out.extend(bytes);
    out.resize(32 + bytes.len().div_ceil(32) * 32, 0);
    out
}

fn counted(words: impl ExactSizeIterator<Item = [u8; 32]>) -> Vec<u8> {
    let mut out = uint_word(as_u128(words.len())).to_vec();
    words.for_each(|word| out.extend(word));
    out
}

fn as_u128(length: usize) -> u128 {
    u128::try_from(length).expect("a length in memory fits in 128 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_example_of_the_abi_specification() {
        // The specification's `sam(bytes,bool,uint256[])` with "dave", true and [1, 2, 3].
        let encoded = encode(&[
            Arg::Bytes(b"dave".to_vec()),
            Arg::Bool(true),
            Arg::Uints(vec![1, 2, 3]),
        ]);
        let expected = [
            "0000000000000000000000000000000000000000000000000000000000000060",
            "0000000000000000000000000000000000000000000000000000000000000001",
            "00000000000000000000000000000000000000000000000000000000000000a0",
            "0000000000000000000000000000000000000000000000000000000000000004",
            "6461766500000000000000000000000000000000000000000000000000000000",
            "0000000000000000000000000000000000000000000000000000000000000003",
            "0000000000000000000000000000000000000000000000000000000000000001",
            "0000000000000000000000000000000000000000000000000000000000000002",
            "0000000000000000000000000000000000000000000000000000000000000003",
        ]
        .concat();
        assert_eq!(hex::encode(encoded), expected);
    }

    #[test]
    fn an_empty_text_takes_its_length_word_only() {
        assert_eq!(encode(&[Arg::text("")]).len(), 64);
    }

    #[test]
    fn address_and_integer_come_back_out_of_a_word() {
        let text = "0x00000000219ab540356cbb839cbe05303d7705fa";
        assert_eq!(address_in(&encode(&[Arg::address(text)])), text);
        assert_eq!(uint_in(&encode(&[Arg::Uint(u128::MAX)])), u128::MAX);
    }
}
