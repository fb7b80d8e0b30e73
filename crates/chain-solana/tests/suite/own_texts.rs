//! What is read prints as it is read, and no text breaks the reader.

use proptest::prelude::*;
use recover_chain_solana::{SolanaFamily, address};
use recover_core::address::Payload;
use recover_core::detect::Detect;
use recover_core::network::NetworkId;

fn read_all(text: &str) -> Result<(), TestCaseError> {
    if let Ok(address) = SolanaFamily.address(text) {
        prop_assert_eq!(&SolanaFamily.address(address.text()).unwrap(), &address);
        // One text an address: nothing is folded.
        prop_assert_eq!(address.text(), text.trim());
        let there = SolanaFamily.on_network(&address.payload(), &NetworkId::new("solana"));
        prop_assert_eq!(there, Some(address));
        prop_assert!(SolanaFamily.asset(text).is_ok());
    }
    if let Some(id) = SolanaFamily.tx_id(text) {
        prop_assert_eq!(id.as_str(), text.trim());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_text_of_the_right_letters_is_read_or_refused(text in "1{0,64}[1-9A-HJ-NP-Za-km-z]{0,90}") {
        read_all(&text)?;
    }

    #[test]
    fn every_account_prints_as_it_is_read(bytes: [u8; 32]) {
        let address = address::format(bytes);
        read_all(&format!(" {} ", address.text()))?;
        prop_assert_eq!(address::bytes(&address), Some(bytes));
        let is_key = address::is_on_curve(&bytes);
        prop_assert_eq!(matches!(address.payload(), Payload::Ed25519(_)), is_key);
    }
}
