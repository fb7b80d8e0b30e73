//! The family's face to the engine: what a text is, and who can sign.

use crate::address::{self, homes};
use crate::descriptor::{self, Unlocking};
use crate::network::Form;
use crate::script::Script;
use crate::spend::{Rules, unlock};
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

    /// As Bitcoin writes it, which has every script.
    fn one_for_all(&self, text: &str) -> Option<String> {
        let form = crate::network::FORMS.first()?;
        let address = address::format(&address::parse(text).ok()?.script, form)?;
        Some(address.text().to_owned())
    }

    fn is_written_on(&self, text: &str, network: &NetworkId) -> bool {
        address::parse(text).is_ok_and(|parsed| {
            let mut forms = parsed.forms.iter();
            forms.any(|form| form.network == network.as_str())
        })
    }

    fn home(&self, address: &Address) -> Option<NetworkId> {
        match homes(address)[..] {
            [form] => Some(NetworkId::new(form.network)),
            _ => None,
        }
    }

    fn descriptor(&self, text: &str) -> Result<(String, Payload), AddressError> {
        let known = descriptor::read(text)?;
        Ok((known.text(), known.script().into()))
    }

    fn coinbase_depth(&self, network: &NetworkId) -> u64 {
        crate::network::form(network).map_or(0, |form| form.coinbase_depth)
    }

    fn same_key(&self, payload: &Payload) -> Option<Payload> {
        match payload {
            Payload::PubkeyHash(hash) => Some(Payload::WitnessPubkeyHash(*hash)),
            Payload::WitnessPubkeyHash(hash) => Some(Payload::PubkeyHash(*hash)),
            _ => None,
        }
    }

    fn on_network(&self, payload: &Payload, network: &NetworkId) -> Option<Address> {
        let form = crate::network::form(network)?;
        address::format(&Script::of_payload(payload)?, form)
    }
}

impl Control for BitcoinFamily {
    /// A script is unlocked by what unlocks it, on whichever network it is: the keys of the book sign there too. What differs is
    /// SegWit: a network without it does not know what such a script asks for.
    ///
    /// - Bitcoin Cash lets nobody spend an output that is a SegWit script itself: its rule of one clean value on the stack has an
    ///   exception for SegWit scripts inside P2SH alone
    ///   (<https://github.com/bitcoincashorg/bitcoincash.org/blob/master/spec/2019-05-15-segwit-recovery.md>).
    /// - Inside P2SH, and on the other networks in every form, it asks for no signature: who shows the script takes the coins.
    /// - Bitcoin SV takes every P2SH for a puzzle about a hash since its upgrade of February 2020.
    fn prove(
        &self,
        address: &Address,
        control: &ControlRecord,
        evidence: &ControlEvidence,
    ) -> Verdict {
        let Some(script) = Script::of_payload(&address.payload()) else {
            return Verdict::Conditional(Missing::ControlUnknown);
        };
        if *control == ControlRecord::KeyLost {
            return Verdict::NotRecoverable(Reason::KeyLost);
        }
        let Some(form) = evidence.network.as_ref().and_then(crate::network::form) else {
            return Verdict::Conditional(Missing::ControlUnknown);
        };
        if script.is_segwit() && !form.has_segwit() {
            return if form.network == "bitcoin-cash" {
                Verdict::NotRecoverable(Reason::ScriptUnspendable)
            } else {
                Verdict::Conditional(Missing::ManualHandling)
            };
        }
        match control {
            ControlRecord::Key if script.pays_a_key() => Verdict::Controllable(How::SameKey),
            ControlRecord::Descriptor(text) => match descriptor::read(text) {
                Ok(known) if known.script() == script => {
                    match unlocked(known.unlocking(), form) {
                        // What no plan of ours unlocks is a person's work, whoever has the keys.
                        Verdict::Controllable(_) if !is_built(form, &script, text) => {
                            Verdict::Conditional(Missing::ManualHandling)
                        }
                        verdict => verdict,
                    }
                }
                Ok(_) => Verdict::Conditional(Missing::ControlContradicted),
                Err(_) => Verdict::Conditional(Missing::ControlUnknown),
            },
            // A script's hash says nothing of what satisfies it.
            _ => Verdict::Conditional(Missing::ControlUnknown),
        }
    }

    fn maker(&self, _control: &ControlRecord) -> Option<Address> {
        None
    }
}

/// Whether a transaction of ours can be laid out for a script with this descriptor.
fn is_built(form: &Form, script: &Script, descriptor: &str) -> bool {
    Rules::of(&NetworkId::new(form.network))
        .is_some_and(|rules| unlock(rules, script, Some(descriptor)).is_ok())
}

/// What the keys of a descriptor can do on a network that has what its outer script needs.
fn unlocked(unlocking: Unlocking, form: &Form) -> Verdict {
    match unlocking {
        Unlocking::Key => Verdict::Controllable(How::SameKey),
        Unlocking::NestedKey if form.has_segwit() => Verdict::Controllable(How::SameKey),
        Unlocking::NestedScript if form.has_segwit() => Verdict::Controllable(How::SameScript),
        Unlocking::WitnessScript => Verdict::Controllable(How::SameScript),
        Unlocking::RedeemScript if form.network != "bitcoin-sv" => {
            Verdict::Controllable(How::SameScript)
        }
        Unlocking::NestedKey | Unlocking::NestedScript | Unlocking::RedeemScript => {
            Verdict::Conditional(Missing::ScriptSecret)
        }
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
    fn a_text_is_written_on_the_networks_that_read_it_as_their_own() {
        let old = ["bitcoin", "bitcoin-cash", "bitcoin-sv"];
        for (text, networks) in [
            ("1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", &old[..]),
            (
                "3P14159f73E4gFr7JterCCQh9QjiTjiZrG",
                &["bitcoin", "litecoin", "bitcoin-cash", "bitcoin-sv"],
            ),
            ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", &["bitcoin"]),
            ("no address", &[]),
        ] {
            for form in crate::network::FORMS {
                let network = NetworkId::new(form.network);
                let found = BitcoinFamily.is_written_on(text, &network);
                assert_eq!(found, networks.contains(&form.network), "{text} {network}");
            }
        }
    }

    #[test]
    fn one_script_is_compared_in_one_text() {
        for (texts, one) in [
            (
                &[
                    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
                    " LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9",
                    "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
                ][..],
                Some("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"),
            ),
            (
                &[
                    "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
                    "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
                ],
                Some("1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu"),
            ),
            (
                &[
                    "my address",
                    "",
                    "0x00000000000000000000000000000000000000aa",
                ],
                None,
            ),
        ] {
            for text in texts {
                assert_eq!(BitcoinFamily.one_for_all(text).as_deref(), one, "{text}");
            }
        }
    }

    /// One key, and two of them in a script, in every form that an exchange hands out.
    const KEY: &str = "[d34db33f/84h/0h/0h/0/5]0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
    const OTHER: &str = "[d34db33f/84h/0h/0h/0/6]02c6047f9441ed7d6d3045406e95c07cd85c778e4b8cef3ca7abac09b95c709ee5";

    fn prove(script: Script, network: &str, control: &ControlRecord) -> String {
        let network = NetworkId::new(network);
        let form = crate::network::form(&network).expect("a network of the family");
        let address = address::of_output(&script, form).expect("some network writes it");
        let evidence = ControlEvidence {
            network: Some(network),
            ..ControlEvidence::default()
        };
        BitcoinFamily
            .prove(&address, control, &evidence)
            .to_string()
    }

    #[test]
    fn who_can_unlock_a_script_depends_on_its_form_and_on_the_network() {
        let multi = format!("multi(1,{KEY},{OTHER})");
        let (same_key, same_script) = ("controllable:same_key", "controllable:same_script");
        let (secret, manual) = ("conditional:script_secret", "conditional:manual_handling");
        let none = "not_recoverable:script_unspendable";
        // On bitcoin and litecoin, dogecoin and dash, bitcoin-cash, bitcoin-sv.
        let rows = [
            (
                format!("pkh({KEY})"),
                [same_key, same_key, same_key, same_key],
            ),
            (format!("wpkh({KEY})"), [same_key, manual, none, manual]),
            (
                format!("sh(wpkh({KEY}))"),
                [same_key, secret, secret, secret],
            ),
            (format!("tr({KEY})"), [same_key, manual, none, manual]),
            (
                format!("sh({multi})"),
                [same_script, same_script, same_script, secret],
            ),
            (format!("wsh({multi})"), [same_script, manual, none, manual]),
            // Nothing here lays out a transaction for these, whoever has the keys.
            (
                format!("tr({KEY},pk({OTHER}))"),
                [manual, manual, none, manual],
            ),
            (format!("wsh(pk({KEY}))"), [manual, manual, none, manual]),
            (
                format!("sh(wsh({multi}))"),
                [same_script, secret, secret, secret],
            ),
        ];
        let networks: [&[&str]; 4] = [
            &["bitcoin", "litecoin"],
            &["dogecoin", "dash"],
            &["bitcoin-cash"],
            &["bitcoin-sv"],
        ];
        for (text, expected) in rows {
            let known = descriptor::read(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let control = ControlRecord::Descriptor(known.text());
            for (group, expected) in networks.iter().zip(expected) {
                for network in *group {
                    let found = prove(known.script(), network, &control);
                    assert_eq!(found, expected, "{text} on {network}");
                }
            }
        }
    }

    #[test]
    fn a_key_signs_for_scripts_that_pay_a_key_and_for_no_other() {
        let script = |text: &str| descriptor::read(text).map(|known| known.script()).unwrap();
        let (plain, nested) = (
            script(&format!("pkh({KEY})")),
            script(&format!("sh(wpkh({KEY}))")),
        );
        let key = ControlRecord::Key;
        assert_eq!(prove(plain, "dash", &key), "controllable:same_key");
        assert_eq!(
            prove(nested, "bitcoin", &key),
            "conditional:control_unknown"
        );
        for (control, expected) in [
            (ControlRecord::Unknown, "conditional:control_unknown"),
            (ControlRecord::KeyLost, "not_recoverable:key_lost"),
            (
                ControlRecord::Descriptor(format!("pkh({OTHER})")),
                "conditional:control_contradicted",
            ),
        ] {
            assert_eq!(prove(plain, "bitcoin", &control), expected);
        }
    }
}
