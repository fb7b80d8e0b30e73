//! The family's face to the engine: what a text is, and who can sign.

use crate::{address, asset};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Reason, Verdict};

/// Tron's reading half and its proof of control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TronFamily;

impl Detect for TronFamily {
    fn family(&self) -> Family {
        Family::Tron
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn asset(&self, text: &str) -> Result<String, AddressError> {
        asset::parse(text)
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        match payload {
            Payload::Account20(bytes) => Some(address::format(*bytes)),
            _ => None,
        }
    }
}

impl Control for TronFamily {
    /// What the address book says of a key. An account may have given its permissions to other keys, which only a node can say;
    /// nothing is signed on the strength of this alone, since deposits of this family come from files and no source confirms them.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        _evidence: &ControlEvidence,
    ) -> Verdict {
        match (address::bytes(address), control) {
            (Some(address::ACCOUNT_ZERO), _) | (_, ControlRecord::KeyLost) => {
                Verdict::NotRecoverable(Reason::KeyLost)
            }
            (Some(_), ControlRecord::Key) => Verdict::Controllable(How::SameKey),
            // Contracts are addressed by another rule than on EVM networks: what is known of a factory there says nothing here.
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

    #[test]
    fn a_key_controls_an_account_and_nothing_else_is_assumed() {
        let ours = address::format([7; 20]);
        let prove = |address: &Address, control| {
            TronFamily.prove(address, &control, &ControlEvidence::default())
        };
        assert_eq!(
            prove(&ours, ControlRecord::Key),
            Verdict::Controllable(How::SameKey)
        );
        assert_eq!(
            prove(&ours, ControlRecord::KeyLost),
            Verdict::NotRecoverable(Reason::KeyLost)
        );
        let create = ControlRecord::Create {
            deployer: [1; 20],
            nonce: 0,
        };
        for control in [ControlRecord::Unknown, create] {
            assert_eq!(
                prove(&ours, control),
                Verdict::Conditional(Missing::ControlUnknown)
            );
        }
        let nobody = address::format(address::ACCOUNT_ZERO);
        assert_eq!(nobody.text(), "T9yD14Nj9j7xAB4dbGeiX9h8unkKHxuWwb");
        assert_eq!(
            prove(&nobody, ControlRecord::Key),
            Verdict::NotRecoverable(Reason::KeyLost)
        );
    }
}
