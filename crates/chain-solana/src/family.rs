//! The family's face to the engine: what a text is, and who can sign.

use crate::address;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Reason, Verdict};

/// Solana's reading half and its proof of control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SolanaFamily;

impl Detect for SolanaFamily {
    fn family(&self) -> Family {
        Family::Solana
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn tells_typos(&self) -> bool {
        false
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        match payload {
            Payload::Ed25519(bytes) | Payload::Contract32(bytes) => Some(address::format(*bytes)),
            _ => None,
        }
    }
}

impl Control for SolanaFamily {
    /// What the address book says of a key, for addresses that can have one. A program's account, a token account included, is
    /// moved by whoever its program says; only a node knows who that is.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        _evidence: &ControlEvidence,
    ) -> Verdict {
        match (address.payload(), control) {
            (
                Payload::Ed25519(address::SYSTEM_PROGRAM | address::INCINERATOR)
                | Payload::Contract32(address::SYSTEM_PROGRAM | address::INCINERATOR),
                _,
            )
            | (_, ControlRecord::KeyLost) => Verdict::NotRecoverable(Reason::KeyLost),
            (Payload::Ed25519(_), ControlRecord::Key) => Verdict::Controllable(How::SameKey),
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
    use crate::token::{TokenProgram, associated_account};

    #[test]
    fn a_key_controls_a_wallet_and_no_token_account() {
        let prove = |address: &Address, control| {
            SolanaFamily.prove(address, &control, &ControlEvidence::default())
        };
        // The generator of the curve's group.
        let wallet = {
            let mut bytes = [0x66; 32];
            bytes[0] = 0x58;
            address::format(bytes)
        };
        assert_eq!(
            prove(&wallet, ControlRecord::Key),
            Verdict::Controllable(How::SameKey)
        );
        assert_eq!(
            prove(&wallet, ControlRecord::Unknown),
            Verdict::Conditional(Missing::ControlUnknown)
        );
        let held = associated_account(&[1; 32], &[2; 32], TokenProgram::Token).unwrap();
        assert_eq!(
            prove(&address::format(held), ControlRecord::Key),
            Verdict::Conditional(Missing::ControlUnknown)
        );
        for nobody in [address::SYSTEM_PROGRAM, address::INCINERATOR] {
            assert_eq!(
                prove(&address::format(nobody), ControlRecord::Key),
                Verdict::NotRecoverable(Reason::KeyLost)
            );
        }
    }
}
