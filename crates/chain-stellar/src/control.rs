//! Who can sign for an account, and what the family's texts are.

use crate::address;
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::{Detect, Routed};
use recover_core::memo::{MemoRules, MemoShape, place};
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Code, Control, ControlEvidence, How, Missing, Reason, Verdict};

/// The pure half of the adapter: reads addresses, transaction ids and assets, and proves control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StellarFamily;

/// The most bytes that a memo of type text holds.
pub const MEMO_TEXT_BYTES_MAX: usize = 28;

static MEMO_RULES: MemoRules = MemoRules {
    routing: &[place::MEMO, place::MUXED_ID],
    shape: MemoShape::TextIdOrHash {
        text_bytes_max: MEMO_TEXT_BYTES_MAX,
    },
};

impl Detect for StellarFamily {
    fn family(&self) -> Family {
        Family::Stellar
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn routed(&self, text: &str) -> Result<Routed, AddressError> {
        address::routed(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn asset(&self, text: &str) -> Result<String, AddressError> {
        address::parse_asset(text)
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        address::of_payload(payload)
    }

    fn memo_rules(&self) -> Option<&'static MemoRules> {
        Some(&MEMO_RULES)
    }
}

impl Control for StellarFamily {
    /// A key signs for its account on every network of the family, whether the account exists there or not. Other signers and
    /// thresholds that an account may have set are the wallet team's own affair and are not read.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        evidence: &ControlEvidence,
    ) -> Verdict {
        let is_contract = address::account_key(address).is_none()
            || matches!(
                evidence.account.as_ref().map(|account| &account.code),
                Some(Code::Contract(_))
            );
        match control {
            ControlRecord::Key if is_contract => Verdict::Conditional(Missing::ControlContradicted),
            ControlRecord::Key => Verdict::Controllable(How::SameKey),
            ControlRecord::KeyLost => Verdict::NotRecoverable(Reason::KeyLost),
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
    fn a_key_controls_its_account_and_no_contract() {
        let evidence = ControlEvidence::default();
        let prove = |address: &Address, control: &ControlRecord| {
            StellarFamily.prove(address, control, &evidence).to_string()
        };
        let account = address::account([7; 32]);
        let contract = address::contract([7; 32]);
        for (address, control, expected) in [
            (&account, ControlRecord::Key, "controllable:same_key"),
            (&account, ControlRecord::KeyLost, "not_recoverable:key_lost"),
            (
                &account,
                ControlRecord::Unknown,
                "conditional:control_unknown",
            ),
            (
                &account,
                ControlRecord::Create {
                    deployer: [1; 20],
                    nonce: 1,
                },
                "conditional:control_unknown",
            ),
            (
                &contract,
                ControlRecord::Key,
                "conditional:control_contradicted",
            ),
        ] {
            assert_eq!(prove(address, &control), expected, "{control}");
        }
        assert_eq!(StellarFamily.maker(&ControlRecord::Key), None);
    }

    #[test]
    fn payloads_of_other_families_have_no_address_here() {
        let network = NetworkId::new("stellar");
        let account = Payload::Ed25519([7; 32]);
        let address = StellarFamily.on_network(&account, &network).unwrap();
        assert_eq!(address.payload(), account);
        for payload in [Payload::Account20([7; 20]), Payload::Hash160([7; 20])] {
            assert_eq!(StellarFamily.on_network(&payload, &network), None);
        }
    }
}
