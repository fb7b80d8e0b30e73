//! A digest as words that two people can compare by voice.

use bip39::Language;
use recover_core::digest::Digest;

/// How many words.
const WORDS: usize = 6;
/// Each stands for so many bits: the list has 2,048 words.
const BITS: usize = 11;

/// The first 66 bits of a digest as six words of BIP-39's English list. They are no seed phrase and open nothing.
#[must_use]
pub fn words(digest: &Digest) -> Vec<&'static str> {
    let list = Language::English.word_list();
    let bit = |position: usize| {
        let byte = digest.bytes().get(position / 8).copied().unwrap_or(0);
        usize::from(byte >> (7 - position % 8) & 1)
    };
    (0..WORDS)
        .map(|word| (0..BITS).fold(0, |number, at| number << 1 | bit(word * BITS + at)))
        .filter_map(|number| list.get(number).copied())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_digests_first_bits() {
        let digest = |text: &str| Digest::parse(text).unwrap();
        let zero = digest(&"0".repeat(64));
        assert_eq!(words(&zero), ["abandon"; 6]);
        assert_eq!(words(&digest(&"f".repeat(64))), ["zoo"; 6]);
        // 2 (`able`) in the first eleven bits, 1 (`ability`) in the last eleven of the 66.
        let mixed = digest(&format!("0040000000000000{}", "4".repeat(48)));
        assert_eq!(words(&mixed)[0], "able");
        assert_eq!(words(&mixed)[5], "ability");
    }
}
