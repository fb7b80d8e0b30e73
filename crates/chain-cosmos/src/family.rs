//! The family behind the traits of `core`: reading texts, and who can sign where.

use crate::address;
use crate::networks::{self, KeyRule};
use recover_core::address::{Address, AddressError, Payload};
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::detect::Detect;
use recover_core::memo::{MemoRules, MemoShape, place};
use recover_core::network::{Family, NetworkId};
use recover_core::verdict::{Control, ControlEvidence, How, Missing, Reason, Verdict};

/// The networks of the Cosmos SDK.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CosmosFamily;

/// A deposit names its owner in the memo of its transaction; one that came over IBC, in the memo of its packet, since the
/// transaction is the relayer's.
static MEMO_RULES: MemoRules = MemoRules {
    routing: &[place::MEMO, place::PACKET_MEMO],
    shape: MemoShape::Text {
        characters_max: Some(256),
    },
};

impl Detect for CosmosFamily {
    fn family(&self) -> Family {
        Family::Cosmos
    }

    fn address(&self, text: &str) -> Result<Address, AddressError> {
        address::parse(text)
    }

    fn tx_id(&self, text: &str) -> Option<TxId> {
        address::parse_tx_id(text)
    }

    fn asset(&self, text: &str) -> Result<String, AddressError> {
        // A CW20 token is named by its contract, every other coin by its denomination.
        if let Ok(contract) = address::parse(text) {
            return Ok(contract.text().to_owned());
        }
        address::parse_denom(text).ok_or_else(|| AddressError::Shape {
            text: text.to_owned(),
            family: Family::Cosmos,
            expected: "a denomination (uatom, ibc/ and 64 hexadecimal digits, factory/…) or the address of a CW20 contract",
        })
    }

    fn is_voucher(&self, asset: &str) -> bool {
        address::is_voucher(asset)
    }

    /// By its base denomination, in its own case: the bank module knows no other.
    fn is_native(&self, network: &NetworkId, text: &str) -> bool {
        networks::by_name(network).is_some_and(|known| known.native_denom == text)
    }

    fn home(&self, address: &Address) -> Option<NetworkId> {
        networks::by_prefix(address::prefix(address)).map(|known| NetworkId::new(known.name))
    }

    fn on_network(&self, payload: &Payload, network: &NetworkId) -> Option<Address> {
        address::format(networks::by_name(network)?.prefix, payload)
    }

    fn memo_rules(&self) -> Option<&'static MemoRules> {
        Some(&MEMO_RULES)
    }
}

/// How keys make addresses on the network of this prefix; `None` where we do not know.
fn rule_of(text: &str) -> Option<KeyRule> {
    networks::by_prefix(address::prefix_of(text)).map(|known| known.key_rule)
}

impl Control for CosmosFamily {
    /// A key signs for its account on every network that makes addresses by one rule. Under the other rule the same 20 bytes
    /// belong to a key that nobody has.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        evidence: &ControlEvidence,
    ) -> Verdict {
        match control {
            ControlRecord::KeyLost => Verdict::NotRecoverable(Reason::KeyLost),
            ControlRecord::Key if matches!(address.payload(), Payload::Contract32(_)) => {
                // 32 bytes are made by a contract or a module; no key has them.
                Verdict::Conditional(Missing::ControlContradicted)
            }
            ControlRecord::Key => {
                let known_as = match evidence.known_as.as_deref().map(address::parse) {
                    None => address.text().to_owned(),
                    Some(Ok(known)) if known.payload() == address.payload() => {
                        known.text().to_owned()
                    }
                    Some(_) => return Verdict::Conditional(Missing::ControlUnknown),
                };
                if address::prefix_of(&known_as) == address::prefix(address) {
                    return Verdict::Controllable(How::SameKey);
                }
                match (rule_of(&known_as), rule_of(address.text())) {
                    (Some(home), Some(here)) if home == here => Verdict::Controllable(How::SameKey),
                    (Some(_), Some(_)) => Verdict::NotRecoverable(Reason::OtherDerivation),
                    _ => Verdict::Conditional(Missing::ControlUnknown),
                }
            }
            ControlRecord::Unknown => Verdict::Conditional(Missing::ControlUnknown),
            // Factories and nonces are Ethereum's; nothing on these networks is made that way.
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

    fn prove(landed: &str, known_as: Option<&str>, control: &ControlRecord) -> String {
        let payload = Payload::Hash160([7; 20]);
        let landed = address::format(landed, &payload).unwrap();
        let known_as =
            known_as.map(|prefix| address::format(prefix, &payload).unwrap().text().to_owned());
        let evidence = ControlEvidence {
            known_as,
            ..ControlEvidence::default()
        };
        CosmosFamily.prove(&landed, control, &evidence).to_string()
    }

    #[test]
    fn pitfall_080_a_key_of_another_algorithm_does_not_control() {
        let key = ControlRecord::Key;
        for (landed, known_as, expected) in [
            ("osmo", Some("cosmos"), "controllable:same_key"),
            ("cosmos", Some("cosmos"), "controllable:same_key"),
            ("cosmos", None, "controllable:same_key"),
            ("inj", Some("cosmos"), "not_recoverable:other_derivation"),
            ("cosmos", Some("inj"), "not_recoverable:other_derivation"),
            ("inj", Some("inj"), "controllable:same_key"),
            ("evmos", Some("cosmos"), "conditional:control_unknown"),
            ("evmos", Some("evmos"), "controllable:same_key"),
        ] {
            assert_eq!(
                prove(landed, known_as, &key),
                expected,
                "{landed} {known_as:?}"
            );
        }
    }

    #[test]
    fn what_the_book_says_of_the_key_comes_first() {
        assert_eq!(
            prove("osmo", Some("cosmos"), &ControlRecord::KeyLost),
            "not_recoverable:key_lost"
        );
        assert_eq!(
            prove("osmo", Some("cosmos"), &ControlRecord::Unknown),
            "conditional:control_unknown"
        );
        let contract = address::format("osmo", &Payload::Contract32([7; 32])).unwrap();
        assert_eq!(
            CosmosFamily
                .prove(&contract, &ControlRecord::Key, &ControlEvidence::default())
                .to_string(),
            "conditional:control_contradicted"
        );
    }

    #[test]
    fn texts_are_read_as_the_networks_write_them() {
        let family = CosmosFamily;
        let address = address::format("osmo", &Payload::Hash160([7; 20])).unwrap();
        assert_eq!(family.home(&address), Some(NetworkId::new("osmosis")));
        let sibling = family.on_network(&address.payload(), &NetworkId::new("celestia"));
        assert_eq!(sibling.as_ref().map(address::prefix), Some("celestia"));
        assert_eq!(
            family.on_network(&address.payload(), &NetworkId::new("ethereum")),
            None
        );
        assert_eq!(
            family.on_network(&Payload::Account20([7; 20]), &NetworkId::new("cosmos")),
            None
        );
        let foreign = address::format("stride", &address.payload()).unwrap();
        assert_eq!(family.home(&foreign), None);
        assert_eq!(family.asset("uatom").unwrap(), "uatom");
        assert_eq!(
            family.asset(&address.text().to_uppercase()).unwrap(),
            address.text()
        );
        assert!(family.asset("1uatom").is_err());
        let hub = NetworkId::new("cosmos");
        assert!(family.is_native(&hub, "uatom"));
        for (network, text) in [
            ("osmosis", "uatom"),
            ("cosmos", "UATOM"),
            ("nowhere", "uatom"),
        ] {
            assert!(
                !family.is_native(&NetworkId::new(network), text),
                "{network} {text}"
            );
        }
        let voucher = address::voucher_denom("transfer/channel-0/uatom");
        assert!(family.is_voucher(&voucher));
        assert!(!family.is_voucher("uatom"));
    }
}
