//! The family's face to the engine: what a text is, and who can sign.

use crate::address;
use crate::asset::Asset;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::{Detect, Routed};
use recover_core::memo::{MemoRules, MemoShape, place};
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Reason, Verdict};

/// The XRP Ledger's reading half and its proof of control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct XrplFamily;

static MEMO_RULES: MemoRules = MemoRules {
    routing: &[place::DESTINATION_TAG],
    shape: MemoShape::Tag,
};

impl Detect for XrplFamily {
    fn family(&self) -> Family {
        Family::Xrpl
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text).map(|routed| routed.address)
    }

    fn routed(&self, text: &str) -> Result<Routed, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn asset(&self, text: &str) -> Result<String, AddressError> {
        Asset::parse(text).map(|asset| asset.to_string())
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        match payload {
            Payload::Hash160(bytes) => Some(address::format(*bytes)),
            _ => None,
        }
    }

    fn memo_rules(&self) -> Option<&'static MemoRules> {
        Some(&MEMO_RULES)
    }
}

impl Control for XrplFamily {
    /// An account is a key's, or its signers' by a list that the account itself carries: no code can stand at an address. The
    /// accounts that the ledger keeps for itself are nobody's, whatever the address book says.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        _evidence: &ControlEvidence,
    ) -> Verdict {
        match (address::bytes(address), control) {
            (Some(address::ACCOUNT_ZERO | address::ACCOUNT_ONE), _)
            | (_, ControlRecord::KeyLost) => Verdict::NotRecoverable(Reason::KeyLost),
            (Some(_), ControlRecord::Key) => Verdict::Controllable(How::SameKey),
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
            XrplFamily.prove(address, &control, &ControlEvidence::default())
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
        let nobody = address::format(address::ACCOUNT_ONE);
        assert_eq!(
            prove(&nobody, ControlRecord::Key),
            Verdict::NotRecoverable(Reason::KeyLost)
        );
    }
}
