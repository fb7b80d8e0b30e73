//! What is read prints as it is read, and no text breaks the reader.

use proptest::prelude::*;
use recover_chain_tron::{TronFamily, address, asset};
use recover_core::address::Payload;
use recover_core::detect::Detect;
use recover_core::network::NetworkId;

fn read_all(text: &str) -> Result<(), TestCaseError> {
    if let Ok(address) = TronFamily.address(text) {
        prop_assert_eq!(&TronFamily.address(address.text()).unwrap(), &address);
        let there = TronFamily.on_network(&address.payload(), &NetworkId::new("tron"));
        prop_assert_eq!(there, Some(address));
    }
    if let Some(id) = TronFamily.tx_id(text) {
        prop_assert_eq!(TronFamily.tx_id(id.as_str()), Some(id));
    }
    if let Ok(asset) = TronFamily.asset(text) {
        prop_assert_eq!(TronFamily.asset(&asset), Ok(asset));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        read_all(&String::from_utf8_lossy(&bytes))?;
    }

    #[test]
    fn any_text_of_the_right_letters_is_read_or_refused(text in "(T|41|0x|0x41|trc10:|trc20:)?[0-9a-fA-Fg-zG-Z]{0,70}") {
        read_all(&text)?;
    }

    #[test]
    fn every_form_of_every_account_is_one_address(bytes: [u8; 20], upper: bool) {
        let address = address::format(bytes);
        prop_assert_eq!(address.payload(), Payload::Account20(bytes));
        let node = address::hex_text(bytes);
        let node = if upper { node.to_uppercase() } else { node };
        for form in [address.text().to_owned(), node.clone(), format!("0x{node}"), address::evm_text(bytes)] {
            read_all(&form)?;
            prop_assert_eq!(TronFamily.address(&form), Ok(address.clone()));
            prop_assert_eq!(TronFamily.asset(&form), Ok(address.text().to_owned()));
        }
    }

    #[test]
    fn numbers_of_tokens_print_as_they_are_read(number in 0_u32..20_000_000) {
        let text = format!("{}{number}", asset::TRC10);
        let is_one = (1_000_001..10_000_000).contains(&number);
        prop_assert_eq!(TronFamily.asset(&text).ok(), is_one.then_some(text));
    }
}
