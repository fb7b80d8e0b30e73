//! Output descriptors: which script an address stands for, which keys unlock it, and where a signer finds them.
//!
//! Source: BIP-380 to BIP-386 (<https://github.com/bitcoin/bips>). Public keys alone: a descriptor with a private key is a secret that
//! was sent to us, and is not repeated in any message.

use crate::script::Script;
use miniscript::bitcoin::ScriptBuf;
use miniscript::descriptor::DescriptorType;
use miniscript::{DefiniteDescriptorKey, Descriptor, DescriptorPublicKey};
use recover_core::address::AddressError;
use recover_core::network::Family;
use std::str::FromStr as _;

/// Longest descriptor that is read, in bytes: twenty keys with their origins take about half of it.
const LENGTH_MAX: usize = 8_192;

const EXPECTED: &str =
    "an output descriptor with public keys such as wpkh([d34db33f/84h/0h/0h/0/5]02…)";
const EXPECTED_SUM: &str =
    "an output descriptor whose checksum, behind the #, fits it: copy it again, whole";
const EXPECTED_DEFINITE: &str =
    "an output descriptor of one address: write the path in full, without * and without <a;b>";
const EXPECTED_KNOWN: &str =
    "an output descriptor of pkh, wpkh, sh, wsh or tr: no address stands for this one";

/// What must be shown to spend an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unlocking {
    /// A signature of one key: P2PKH, P2WPKH, or P2TR by its key.
    Key,
    /// A signature of one key, SegWit inside P2SH.
    NestedKey,
    /// What a script inside P2SH asks for.
    RedeemScript,
    /// What a SegWit script asks for (P2WSH).
    WitnessScript,
    /// What a SegWit script inside P2SH asks for.
    NestedScript,
}

/// A descriptor that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    descriptor: Descriptor<DefiniteDescriptorKey>,
    script: Script,
    unlocking: Unlocking,
}

impl Known {
    /// The script of its address.
    #[must_use]
    pub const fn script(&self) -> Script {
        self.script
    }

    /// The same, as it stands in an output.
    #[must_use]
    pub fn script_pubkey(&self) -> ScriptBuf {
        self.descriptor.script_pubkey()
    }

    /// What must be shown to spend it.
    #[must_use]
    pub const fn unlocking(&self) -> Unlocking {
        self.unlocking
    }

    /// The descriptor itself.
    #[must_use]
    pub const fn descriptor(&self) -> &Descriptor<DefiniteDescriptorKey> {
        &self.descriptor
    }

    /// Its canonical text, without the checksum.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{:#}", self.descriptor)
    }
}

/// Reads a descriptor of one address; a checksum at its end is checked, and may be missing.
///
/// # Errors
/// [`AddressError::Secret`] where it holds a private key, [`AddressError::Shape`] for all else.
pub fn read(text: &str) -> Result<Known, AddressError> {
    let trimmed = text.trim();
    let shape = |expected| AddressError::Shape {
        text: text.to_owned(),
        family: Family::Bitcoin,
        expected,
    };
    if trimmed.len() > LENGTH_MAX {
        return Err(AddressError::Shape {
            text: format!("{} bytes", trimmed.len()),
            family: Family::Bitcoin,
            expected: EXPECTED,
        });
    }
    if holds_private_key(trimmed) {
        return Err(AddressError::Secret);
    }
    let general = Descriptor::<DescriptorPublicKey>::from_str(trimmed).map_err(|_| {
        let is_sound_without_sum = trimmed
            .rsplit_once('#')
            .is_some_and(|(body, _)| Descriptor::<DescriptorPublicKey>::from_str(body).is_ok());
        shape(if is_sound_without_sum {
            EXPECTED_SUM
        } else {
            EXPECTED
        })
    })?;
    if general.has_wildcard() || general.is_multipath() {
        return Err(shape(EXPECTED_DEFINITE));
    }
    let descriptor = general
        .at_derivation_index(0)
        .map_err(|_| shape(EXPECTED_DEFINITE))?;
    let unlocking = match descriptor.desc_type() {
        DescriptorType::Pkh | DescriptorType::Wpkh | DescriptorType::Tr => Unlocking::Key,
        DescriptorType::ShWpkh => Unlocking::NestedKey,
        DescriptorType::Sh | DescriptorType::ShSortedMulti => Unlocking::RedeemScript,
        DescriptorType::Wsh | DescriptorType::WshSortedMulti => Unlocking::WitnessScript,
        DescriptorType::ShWsh | DescriptorType::ShWshSortedMulti => Unlocking::NestedScript,
        DescriptorType::Bare => return Err(shape(EXPECTED_KNOWN)),
    };
    let script =
        Script::of(descriptor.script_pubkey().as_bytes()).ok_or_else(|| shape(EXPECTED_KNOWN))?;
    Ok(Known {
        descriptor,
        script,
        unlocking,
    })
}

/// Whether a word of it is an extended private key or a private key in wallet import form, whether its checksum holds or not.
fn holds_private_key(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|word| {
            let is_extended = word.len() > 100 && word.get(1..4) == Some("prv");
            let is_wif = matches!(word.len(), 51 | 52)
                && word.starts_with(['5', 'K', 'L', '9', 'c', 'T', '6', 'Q', '7', 'X'])
                && bs58::decode(word).into_vec().is_ok();
            is_extended || is_wif
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";

    /// The first private keys of BIP-32 and of every guide to wallet import forms: nobody's money.
    const PRIVATE: &str = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    const WIF: &str = "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss";
    const EXTENDED: &str = "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGMcet8";

    #[test]
    fn own_a_descriptor_is_kept_in_one_form() {
        let bare = format!("wpkh([d34db33f/84'/0'/0'/0/5]{KEY})");
        let known = read(&bare).unwrap();
        let summed = format!("{}", known.descriptor());
        assert!(summed.contains('#'), "{summed}");
        assert_eq!(read(&summed).unwrap().text(), known.text());
        assert_eq!(known.unlocking(), Unlocking::Key);
        assert_eq!(
            known.script().bytes(),
            hex::decode("0014751e76e8199196d454941c45d1b3a323f1433bd6").unwrap()
        );
    }

    #[test]
    fn own_a_private_key_is_a_secret_and_is_not_repeated() {
        for text in [
            format!("wpkh({PRIVATE}/0/1)"),
            format!("pkh({WIF})"),
            format!("sh(multi(1,{KEY},{WIF}))"),
            // One letter wrong is as much of a secret.
            format!("pkh({})", WIF.replacen('z', "y", 1)),
        ] {
            let error = read(&text).unwrap_err();
            assert!(matches!(error, AddressError::Secret), "{text}");
            assert!(!error.to_string().contains(WIF));
        }
    }

    #[test]
    fn own_what_is_no_descriptor_of_one_address_is_refused() {
        for text in [
            "".to_owned(),
            "wpkh()".to_owned(),
            format!("wpkh({KEY})#aaaaaaaa"),
            format!("wpkh({EXTENDED}/0/*)"),
            format!("wpkh({EXTENDED}/<0;1>/5)"),
            format!("multi(1,{KEY})"),
            format!("pk({KEY})"),
            format!("wpkh(04{})", "79".repeat(64)),
            "a".repeat(LENGTH_MAX + 1),
        ] {
            let error = read(&text).unwrap_err();
            assert!(
                matches!(error, AddressError::Shape { .. }),
                "{text}: {error}"
            );
        }
        assert!(read(&format!("wpkh({EXTENDED}/0/5)")).is_ok());
        let typo = read(&format!("wpkh({KEY})#aaaaaaaa")).unwrap_err();
        assert!(typo.to_string().contains("checksum"), "{typo}");
    }
}
