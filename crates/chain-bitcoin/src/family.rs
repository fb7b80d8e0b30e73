//! The family's face to the engine: what a text is, and who can sign.

use crate::address::{self, homes};
use crate::script::Script;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Reason, Verdict};

/// The reading half of Bitcoin and its relatives, and their proof of control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BitcoinFamily;

impl Detect for BitcoinFamily {
    fn family(&self) -> Family {
        Family::Bitcoin
    }

    /// The canonical text is that of the first network that reads the text as its own: what Bitcoin and Bitcoin Cash write alike
    /// stays as it is. Compare addresses by their payloads.
    fn address(&self, text: &str) -> Result<Address, AddressError> {
        let parsed = address::parse(text)?;
        address::canonical(&parsed).ok_or_else(|| AddressError::Shape {
            text: text.to_owned(),
            family: Family::Bitcoin,
            expected: "no network writes this script as an address",
        })
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn home(&self, address: &Address) -> Option<NetworkId> {
        match homes(address)[..] {
            [form] => Some(NetworkId::new(form.network)),
            _ => None,
        }
    }

    fn on_network(&self, payload: &Payload, network: &NetworkId) -> Option<Address> {
        let form = crate::network::form(network)?;
        address::format(&Script::of_payload(payload)?, form)
    }
}

impl Control for BitcoinFamily {
    /// What the address book says of a key holds for every script that pays a key alone, on every network. A script's hash says
    /// nothing of what satisfies it, and on a network without SegWit a script that needs it protects nothing: a person looks.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        _evidence: &ControlEvidence,
    ) -> Verdict {
        let script = Script::of_payload(&address.payload());
        match (script, control) {
            (Some(_), ControlRecord::KeyLost) => Verdict::NotRecoverable(Reason::KeyLost),
            (
                Some(Script::PubkeyHash(_) | Script::WitnessPubkeyHash(_) | Script::Taproot(_)),
                ControlRecord::Key,
            ) => Verdict::Controllable(How::SameKey),
            _ => Verdict::Conditional(Missing::ControlUnknown),
        }
    }

    fn maker(&self, _control: &ControlRecord) -> Option<Address> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Address {
        BitcoinFamily
            .address(text)
            .unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn a_text_that_one_network_writes_says_which() {
        for (text, home) in [
            (
                "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                Some("bitcoin"),
            ),
            (
                "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
                Some("litecoin"),
            ),
            ("1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", None),
            ("3P14159f73E4gFr7JterCCQh9QjiTjiZrG", None),
            (
                "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
                Some("bitcoin-cash"),
            ),
        ] {
            let found = BitcoinFamily.home(&read(text));
            assert_eq!(found, home.map(NetworkId::new), "{text}");
        }
    }

    #[test]
    fn a_key_signs_for_scripts_that_pay_a_key_and_for_no_other() {
        let prove = |text: &str, control: ControlRecord| {
            BitcoinFamily
                .prove(&read(text), &control, &ControlEvidence::default())
                .to_string()
        };
        let (legacy, script) = (
            "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH",
            "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
        );
        let segwit = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
        assert_eq!(prove(legacy, ControlRecord::Key), "controllable:same_key");
        assert_eq!(prove(segwit, ControlRecord::Key), "controllable:same_key");
        assert_eq!(
            prove(script, ControlRecord::Key),
            "conditional:control_unknown"
        );
        assert_eq!(
            prove(legacy, ControlRecord::Unknown),
            "conditional:control_unknown"
        );
        assert_eq!(
            prove(script, ControlRecord::KeyLost),
            "not_recoverable:key_lost"
        );
    }
}
