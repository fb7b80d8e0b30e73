//! Addresses against the vectors of the specifications, recorded outputs, and the crate `bitcoin`.

use bitcoin::{Network, ScriptBuf};
use proptest::prelude::*;
use recover_chain_bitcoin::address::{canonical, format, parse, sibling};
use recover_chain_bitcoin::network::{FORMS, form};
use recover_chain_bitcoin::script::Script;
use recover_core::address::AddressError;
use recover_core::network::NetworkId;
use serde_json::Value;

fn script_of(text: &str) -> String {
    let parsed = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    hex::encode(parsed.script.bytes())
}

/// Each legacy address of the specification of cashaddr, and its form there.
const CASH: [(&str, &str); 6] = [
    (
        "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
    ),
    (
        "1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR",
        "bitcoincash:qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
    ),
    (
        "16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb",
        "bitcoincash:qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r",
    ),
    (
        "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC",
        "bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq",
    ),
    (
        "3LDsS579y7sruadqu11beEJoTjdFiFCdX4",
        "bitcoincash:pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e",
    ),
    (
        "31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw",
        "bitcoincash:pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37",
    ),
];

#[test]
fn oracle_the_vectors_of_cashaddr() {
    let cash = form(&NetworkId::new("bitcoin-cash")).unwrap();
    for (legacy, text) in CASH {
        let parsed = parse(text).unwrap();
        assert_eq!(script_of(text), script_of(legacy));
        assert_eq!(format(&parsed.script, cash).unwrap().text(), text);
        let bare = text.split_once(':').unwrap().1;
        for written in [
            bare.to_owned(),
            bare.to_uppercase(),
            text.to_uppercase(),
            format!("{text}?amount=1"),
        ] {
            assert_eq!(parse(&written), Ok(parsed.clone()), "{written}");
        }
        // Half of a text in another case is no text.
        let mixed = format!("{}{}", &bare[..20], bare[20..].to_uppercase());
        assert!(parse(&mixed).is_err(), "{mixed}");
        let legacy = parse(legacy).unwrap();
        assert!(legacy.forms.contains(&cash) && legacy.forms.len() > 1);
    }
}

#[test]
fn oracle_the_vectors_of_bip_173_and_bip_350() {
    for (text, script) in [
        (
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3",
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
        ),
        (
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
    ] {
        assert_eq!(script_of(text), script);
    }
    for text in [
        // Version 0 with the checksum of version 1, and the other way round.
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        // Version 2, version 16, a program of two bytes: nobody knows yet who may spend them.
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
        "bc1sw50qgdz25j",
        "bc1pfeessrawgf",
        // Test networks.
        "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
        "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
        // A program that is not whole, and no program.
        "bc1rw5uspcuh",
        "bc1gmk9yu",
        "",
        "bc1",
        "ltcmweb1qqwz",
    ] {
        assert!(parse(text).is_err(), "{text}");
    }
}

/// The outputs of an answer: address and script.
fn outputs(answer: &Value, found: &mut Vec<(String, String)>) {
    match answer {
        Value::Object(fields) => {
            let script = fields.get("hex").and_then(Value::as_str);
            let addresses = fields.get("addresses").and_then(Value::as_array);
            // An input has what it spends in it, and no script of its address.
            let is_output = fields.contains_key("n") && !fields.contains_key("sequence");
            if let (Some(script), Some(addresses), true) = (script, addresses, is_output)
                && let [Value::String(address)] = &addresses[..]
                && fields.get("isAddress") == Some(&Value::Bool(true))
            {
                found.push((address.clone(), script.to_owned()));
            }
            fields.values().for_each(|value| outputs(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| outputs(value, found)),
        _ => {}
    }
}

#[test]
fn recorded_outputs_of_all_five_networks_are_the_scripts_of_their_addresses() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/utxo");
    for (file, network, least) in [
        ("blockbook_bitcoin_address.json", "bitcoin", 10),
        ("blockbook_litecoin_address.json", "litecoin", 10),
        ("blockbook_doge_address.json", "dogecoin", 10),
        ("blockbook_bitcoincash_address.json", "bitcoin-cash", 10),
        ("blockbook_dash_address.json", "dash", 8),
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        let mut found = Vec::new();
        outputs(&serde_json::from_str(&text).unwrap(), &mut found);
        let mut seen = 0;
        for (address, script) in found {
            let parsed = parse(&address).unwrap_or_else(|error| panic!("{address}: {error}"));
            // A key without a hash has no address; an explorer shows the one of its hash.
            if script.len() > 68 {
                continue;
            }
            assert_eq!(hex::encode(parsed.script.bytes()), script, "{address}");
            let network = form(&NetworkId::new(network)).unwrap();
            assert!(parsed.forms.contains(&network), "{address}");
            assert_eq!(format(&parsed.script, network).unwrap().text(), address);
            seen += 1;
        }
        assert!(seen >= least, "{file}: {seen} outputs");
    }
}

#[test]
fn litecoins_two_forms_of_a_script_are_one_and_the_new_one_is_written() {
    let (old, new) = (
        "3MSvaVbVFFLML86rt5eqgA9SvW23upaXdY",
        "MTf4tP1TCNBn8dNkyxeBVoPrFCcVzxJvvh",
    );
    assert_eq!(script_of(old), script_of(new));
    let litecoin = NetworkId::new("litecoin");
    let read = canonical(&parse(old).unwrap()).unwrap();
    assert_eq!(sibling(&read, &litecoin).unwrap().text(), new);
    let read = canonical(&parse(new).unwrap()).unwrap();
    assert_eq!(read.text(), new);
    assert_eq!(
        sibling(&read, &NetworkId::new("bitcoin")).unwrap().text(),
        old
    );
}

#[test]
fn what_has_no_segwit_has_no_address_for_it() {
    let segwit = canonical(&parse("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4").unwrap()).unwrap();
    for (network, expected) in [
        (
            "litecoin",
            Some("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9"),
        ),
        ("dogecoin", None),
        ("bitcoin-cash", None),
        ("dash", None),
        ("ethereum", None),
    ] {
        let found = sibling(&segwit, &NetworkId::new(network));
        assert_eq!(found.as_ref().map(|found| found.text()), expected);
    }
}

#[test]
fn a_wrong_character_is_named_by_its_place_where_the_checksum_can_tell() {
    for text in [
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
        "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
    ] {
        let begins = text.find([':', '1']).map_or(0, |place| place + 1);
        // The first letter says what kind of text it is at all.
        for place in begins + 1..text.len() {
            let right = &text[place..=place];
            let wrong = if right == "q" { "p" } else { "q" };
            let mut changed = text.to_owned();
            changed.replace_range(place..=place, wrong);
            let expected = AddressError::Character {
                text: changed.clone(),
                position: place + 1,
            };
            assert_eq!(parse(&changed), Err(expected), "{changed}");
        }
        // A letter that no address has is seen at once.
        let strange = text.replacen(&text[begins + 8..begins + 9], "b", 1);
        assert!(parse(&strange).is_err(), "{strange}");
    }
    // Base58 has a hash for a checksum: it says that something is wrong, not what.
    for text in [
        "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMh",
        "MTf4tP1TCNBn8dNkyxeBVoPrFCcVzxJvvH",
    ] {
        assert!(
            matches!(parse(text), Err(AddressError::Checksum { .. })),
            "{text}"
        );
    }
}

#[test]
fn a_payment_link_is_its_address_on_its_own_network_alone() {
    let legacy = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH";
    let link = parse(&format!("bitcoin:{legacy}?amount=0.1&label=a:b")).unwrap();
    assert_eq!(hex::encode(link.script.bytes()), script_of(legacy));
    assert_eq!(link.forms.len(), 1);
    assert!(parse(&format!("dogecoin:{legacy}")).is_err());
    assert!(parse(&format!("ethereum:{legacy}")).is_err());
}

fn scripts() -> impl Strategy<Value = Script> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(Script::PubkeyHash),
        any::<[u8; 20]>().prop_map(Script::ScriptHash),
        any::<[u8; 20]>().prop_map(Script::WitnessPubkeyHash),
        any::<[u8; 32]>().prop_map(Script::WitnessScriptHash),
        any::<[u8; 32]>().prop_map(Script::Taproot),
    ]
}

proptest! {
    #[test]
    fn oracle_the_crate_bitcoin_writes_the_same(script in scripts()) {
        let bytes = ScriptBuf::from_bytes(script.bytes());
        // It refuses output keys that are no point of the curve: nobody could ever spend them.
        if let Ok(theirs) = bitcoin::Address::from_script(&bytes, Network::Bitcoin) {
            let ours = format(&script, &FORMS[0]).unwrap();
            prop_assert_eq!(ours.text(), theirs.to_string());
        }
        prop_assert_eq!(Script::of(&script.bytes()), Some(script));
    }

    #[test]
    fn every_form_is_read_back_as_the_same_script(script in scripts()) {
        for network in FORMS {
            let Some(address) = format(&script, network) else {
                prop_assert!(script.is_segwit());
                continue;
            };
            let parsed = parse(address.text()).unwrap();
            prop_assert_eq!(parsed.script, script);
            prop_assert!(parsed.forms.contains(&network));
            prop_assert_eq!(Script::of_payload(&address.payload()), Some(script));
        }
    }

    #[test]
    fn no_text_is_too_strange_to_be_refused(text in "\\PC{0,90}", tail in "[0-9A-Za-z:?]{0,80}") {
        for text in [text.clone(), tail.clone(), format!("bc1{tail}"), format!("bitcoincash:{text}"), format!("q{tail}")] {
            if let Ok(parsed) = parse(&text) {
                prop_assert!(!parsed.forms.is_empty());
            }
        }
    }
}
