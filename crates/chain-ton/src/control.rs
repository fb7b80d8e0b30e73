//! What the family is to the engine: its reading of texts, and who can sign for an address.

use crate::address::{self, RawAddress};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::memo::{MemoRules, MemoShape, place};
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Reason, Verdict};

/// The family of TON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TonFamily;

/// Messages of the network carry a comment, jetton transfers a payload that they forward; neither has a limit of its own
/// below what a message may hold.
static MEMO_RULES: MemoRules = MemoRules {
    routing: &[place::COMMENT, place::FORWARD_PAYLOAD],
    shape: MemoShape::Text {
        characters_max: None,
    },
};

/// What stands before the number of an extra currency where an asset is named.
pub const EXTRA_CURRENCY: &str = "extra:";

impl Detect for TonFamily {
    fn family(&self) -> Family {
        Family::Ton
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    /// A jetton by its master's address, an extra currency as `extra:NUMBER`.
    fn asset(&self, text: &str) -> Result<String, AddressError> {
        let number = text
            .trim()
            .strip_prefix(EXTRA_CURRENCY)
            .and_then(|digits| digits.parse::<u32>().ok());
        match number {
            Some(number) => Ok(format!("{EXTRA_CURRENCY}{number}")),
            None => address::parse(text).map(|address| address.text().to_owned()),
        }
    }

    fn on_network(&self, payload: &Payload, _network: &NetworkId) -> Option<Address> {
        RawAddress::of_payload(payload).map(RawAddress::address)
    }

    fn memo_rules(&self) -> Option<&'static MemoRules> {
        Some(&MEMO_RULES)
    }

    /// A jetton reaches us through the sender's wallet, their jetton wallet, ours and our own account: four transactions and
    /// the trace's id, of which each exchange keeps another.
    fn books_by_other_ids(&self) -> bool {
        true
    }
}

impl Control for TonFamily {
    /// Every wallet is a contract here, and one that nobody deployed yet is deployed by its first message out: code at the
    /// address neither proves nor contradicts a key.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        _evidence: &ControlEvidence,
    ) -> Verdict {
        if RawAddress::of(address).is_none() {
            return Verdict::Conditional(Missing::ControlUnknown);
        }
        match control {
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

    const ACCOUNT: &str = "EQA11fOM979kBiwCHMd5JQop5JhykKZyKgdoW1Rysoz4nxG3";

    #[test]
    fn own_a_ledger_may_name_any_transaction_of_a_movement() {
        assert!(TonFamily.books_by_other_ids());
        // Nothing else names the coin: nanotons are amounts.
        assert!(!TonFamily.is_native(&NetworkId::new("ton"), "nanoton"));
    }

    #[test]
    fn own_a_key_signs_whether_or_not_the_wallet_stands() {
        let address = TonFamily.address(ACCOUNT).unwrap();
        let evidence = ControlEvidence::default();
        for (control, verdict) in [
            (ControlRecord::Key, "controllable:same_key"),
            (ControlRecord::KeyLost, "not_recoverable:key_lost"),
            (ControlRecord::Unknown, "conditional:control_unknown"),
            (
                ControlRecord::Create {
                    deployer: [1; 20],
                    nonce: 1,
                },
                "conditional:control_unknown",
            ),
        ] {
            let proof = TonFamily.prove(&address, &control, &evidence);
            assert_eq!(proof.to_string(), verdict);
            assert_eq!(TonFamily.maker(&control), None);
        }
    }

    #[test]
    fn own_what_the_family_reads() {
        assert_eq!(TonFamily.family(), Family::Ton);
        assert_eq!(TonFamily.asset(ACCOUNT).as_deref(), Ok(ACCOUNT));
        assert_eq!(TonFamily.asset("extra:239").as_deref(), Ok("extra:239"));
        assert!(TonFamily.asset("extra:").is_err());
        assert!(TonFamily.asset("USDT").is_err());
        let address = TonFamily.address(ACCOUNT).unwrap();
        let network = NetworkId::new("ton");
        assert_eq!(
            TonFamily.on_network(&address.payload(), &network),
            Some(address.clone())
        );
        assert_eq!(
            TonFamily.on_network(&Payload::Hash160([1; 20]), &network),
            None
        );
        assert_eq!(TonFamily.home(&address), None);
        assert_eq!(TonFamily.routed(ACCOUNT).unwrap().memo, None);
        let rules = TonFamily.memo_rules().unwrap();
        assert_eq!(rules.routing, [place::COMMENT, place::FORWARD_PAYLOAD]);
    }
}
