//! The checking half: a round trip, every deviation, and signatures that are none.

use crate::legs::{Key, SEQUENCE, leg, payment, with_signature, with_tag};
use proptest::prelude::*;
use recover_chain_xrpl::XrplCheck;
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::{Asset, Currency};
use recover_chain_xrpl::binary::{self, MULTISIGNING, Part, SIGNING};
use recover_chain_xrpl::check::outcome;
use recover_chain_xrpl::returns::{Signing, Validity};
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::check::{Check, Deviation};
use recover_core::memo::{Memo, place};
use recover_core::plan::{Leg, LegKind};
use serde_json::{Map, Value, json};

const CHAIN: &str = "xrpl:0";
const THEM: [u8; 20] = [2; 20];
const ISSUER: [u8; 20] = [3; 20];

fn usd() -> Asset {
    Asset::Issued {
        currency: Currency::parse("USD").unwrap(),
        issuer: ISSUER,
    }
}

fn key() -> Key {
    Key::new([7; 32], true)
}

fn xrp_leg() -> Leg {
    with_tag(
        leg(&key(), THEM, Asset::Xrp, Amount::from_u128(5_000_000)),
        77,
    )
}

fn usd_leg() -> Leg {
    let amount = Amount::from_coin_text("10.5", 30).unwrap();
    leg(&key(), THEM, usd(), amount)
}

fn unsigned(leg: &Leg) -> Vec<u8> {
    payment(leg, SEQUENCE, 12).unsigned().unwrap()
}

fn changed(leg: &Leg, change: impl FnOnce(&mut Map<String, Value>)) -> Vec<u8> {
    let mut fields = payment(leg, SEQUENCE, 12).fields();
    change(&mut fields);
    binary::encode(&fields, Part::Whole).unwrap()
}

fn fields_of(deviations: &[Deviation]) -> Vec<&'static str> {
    deviations.iter().map(|one| one.field).collect()
}

fn refused(leg: &Leg, bytes: &[u8]) -> Vec<&'static str> {
    fields_of(&XrplCheck.verify(leg, bytes).unwrap_err())
}

#[test]
fn own_a_person_reads_every_field_in_full() {
    let decoded = XrplCheck.decode(CHAIN, &unsigned(&xrp_leg())).unwrap();
    let lines: Vec<String> = decoded
        .lines
        .iter()
        .map(|line| format!("{}: {}", line.label, line.value))
        .collect();
    let leg = xrp_leg();
    assert_eq!(
        lines,
        [
            "does: pay".to_owned(),
            "chain: xrpl:0".to_owned(),
            format!("from: {}", leg.signer),
            format!("to: {}", leg.recipient),
            "destination tag: 77".to_owned(),
            "amount: 5 XRP (5000000 drops)".to_owned(),
            "fee: 0.000012 XRP (12 drops)".to_owned(),
            "sequence: 100".to_owned(),
            "not after ledger: 1050".to_owned(),
            format!("signing key: {}", leg.signer_key.unwrap()),
        ]
    );
    assert_eq!(decoded.slot.sequence, 100);
    assert!(!decoded.slot.is_ticket);
    assert_eq!(decoded.valid_through, Some(Height(1_050)));
    assert_eq!(decoded.valid_until, None);
    assert_eq!(decoded.fee_max, Amount::from_u128(12));
    let decoded = XrplCheck.decode(CHAIN, &unsigned(&usd_leg())).unwrap();
    let of = |label: &str| {
        let line = decoded.lines.iter().find(|line| line.label == label);
        line.map(|line| line.value.clone()).unwrap()
    };
    let full = format!("10.5 USD.{}", address::text(ISSUER));
    assert_eq!(of("amount"), full);
    assert_eq!(of("leaving at most"), full);
    assert_eq!(of("destination tag"), "none");
}

#[test]
fn own_each_changed_field_is_named() {
    let leg = xrp_leg();
    assert!(XrplCheck.verify(&leg, &unsigned(&leg)).is_ok());
    let put = |name: &'static str, value: Value| {
        changed(&xrp_leg(), |fields| {
            fields.insert(name.to_owned(), value);
        })
    };
    let without = |name: &'static str| {
        changed(&xrp_leg(), |fields| {
            fields.remove(name);
        })
    };
    let money = json!({"currency": "USD", "issuer": address::text(ISSUER), "value": "5"});
    for (bytes, expected) in [
        (
            put("Account", json!(address::text([9; 20]))),
            vec!["signer"],
        ),
        (
            put("Destination", json!(address::text([9; 20]))),
            vec!["target", "recipient"],
        ),
        (put("DestinationTag", json!(78)), vec!["memo"]),
        (without("DestinationTag"), vec!["memo"]),
        (put("Amount", json!("5000001")), vec!["amount"]),
        (put("Amount", money.clone()), vec!["asset", "amount"]),
        (put("SendMax", money.clone()), vec!["send_max"]),
        (put("Fee", json!("1001")), vec!["fee"]),
        (
            put("SigningPubKey", json!(format!("ED{}", "07".repeat(32)))),
            vec!["signer_key"],
        ),
        (put("Flags", json!(0x0002_0000)), vec!["flags"]),
        (put("Flags", json!(0x8000_0000_u32)), vec!["flags"]),
        (without("Flags"), vec!["bytes"]),
        (without("LastLedgerSequence"), vec!["valid_through"]),
        (put("Sequence", json!(0)), vec!["sequence"]),
        (put("TicketSequence", json!(5)), vec!["sequence"]),
        (
            put("Memos", json!([{"Memo": {"MemoData": "AB"}}])),
            vec!["further field"],
        ),
        (put("SourceTag", json!(1)), vec!["further field"]),
        (put("DeliverMin", json!("1")), vec!["further field"]),
        (
            put(
                "Paths",
                json!([[{"currency": "USD", "issuer": address::text(ISSUER)}]]),
            ),
            vec!["further field"],
        ),
        (
            put("InvoiceID", json!("AB".repeat(32))),
            vec!["further field"],
        ),
        (put("NetworkID", json!(21_337)), vec!["further field"]),
        (
            put("AccountTxnID", json!("AB".repeat(32))),
            vec!["further field"],
        ),
        (put("TransactionType", json!("CheckCreate")), vec!["bytes"]),
        (put("SigningPubKey", json!("")), vec!["bytes"]),
        (put("SigningPubKey", json!("04".repeat(33))), vec!["bytes"]),
        (put("TxnSignature", json!("AB")), vec!["bytes"]),
        ([&SIGNING[..], &unsigned(&leg)].concat(), vec!["bytes"]),
        (
            [&MULTISIGNING[..], &unsigned(&leg), &[5; 20]].concat(),
            vec!["bytes"],
        ),
        (Vec::new(), vec!["bytes"]),
    ] {
        assert_eq!(refused(&leg, &bytes), expected, "{}", hex::encode(&bytes));
    }
    // Another fee, sequence or end within the bounds is the builder's to choose.
    for bytes in [
        put("Fee", json!("1000")),
        put("Sequence", json!(101)),
        put("LastLedgerSequence", json!(9_999)),
    ] {
        assert!(XrplCheck.verify(&leg, &bytes).is_ok());
    }
}

#[test]
fn own_a_leg_that_no_payment_can_carry_is_never_verified() {
    let bytes = unsigned(&xrp_leg());
    let with = |change: &dyn Fn(&mut Leg)| {
        let mut leg = xrp_leg();
        change(&mut leg);
        refused(&leg, &bytes)
    };
    assert_eq!(with(&|leg| leg.chain = "xrpl:21337".to_owned()), ["chain"]);
    assert_eq!(with(&|leg| leg.chain = "eip155:1".to_owned()), ["chain"]);
    assert_eq!(with(&|leg| leg.chain = "xrpl:00".to_owned()), ["chain"]);
    assert_eq!(with(&|leg| leg.kind = LegKind::Flush), ["kind"]);
    assert_eq!(with(&|leg| leg.target = leg.signer.clone()), ["target"]);
    assert_eq!(with(&|leg| leg.signer_key = None), ["signer_key"]);
    assert_eq!(with(&|leg| leg.call = Some(vec![1])), ["call"]);
    assert_eq!(with(&|leg| leg.route = Some("x".to_owned())), ["route"]);
    assert_eq!(with(&|leg| leg.memo = None), ["memo"]);
    for memo in [
        Memo::tag(77, place::MEMO),
        Memo::text(b"77", place::DESTINATION_TAG),
        Memo {
            raw: b"077".to_vec(),
            ..Memo::tag(77, place::DESTINATION_TAG)
        },
    ] {
        assert_eq!(with(&|leg| leg.memo = Some(memo.clone())), ["memo"]);
    }
    assert_eq!(
        with(&|leg| leg.asset.network = recover_core::network::NetworkId::new("elsewhere")),
        ["asset"]
    );
    assert_eq!(with(&|leg| leg.fee_max = Amount::ZERO), ["fee"]);
}

#[test]
fn pitfall_071_an_issued_currency_leaves_no_more_than_arrives() {
    let leg = usd_leg();
    assert!(XrplCheck.verify(&leg, &unsigned(&leg)).is_ok());
    let most = |value: &str| {
        changed(&usd_leg(), |fields| {
            fields.insert(
                "SendMax".to_owned(),
                json!({"currency": "USD", "issuer": address::text(ISSUER), "value": value}),
            );
        })
    };
    assert_eq!(refused(&leg, &most("10.521")), ["send_max"]);
    assert_eq!(refused(&leg, &most("10.4")), ["send_max"]);
    let other = changed(&usd_leg(), |fields| {
        fields.insert(
            "Amount".to_owned(),
            json!({"currency": "USD", "issuer": address::text([4; 20]), "value": "10.5"}),
        );
    });
    assert_eq!(refused(&leg, &other), ["asset"]);
    // Whoever issues it needs no SendMax.
    let mut own = usd_leg();
    own.asset = recover_core::asset::AssetId::contract(
        crate::fixture::network(),
        &format!("USD.{}", own.signer),
    );
    let mut pay = payment(&own, SEQUENCE, 12);
    assert_eq!(pay.send_max, None);
    assert!(XrplCheck.verify(&own, &pay.unsigned().unwrap()).is_ok());
    pay.send_max = Some(pay.amount.clone());
    assert_eq!(refused(&own, &pay.unsigned().unwrap()), ["send_max"]);
}

#[test]
fn pitfall_073_a_ticket_waits_and_a_sequence_number_ends() {
    let leg = xrp_leg();
    for last_ledger in [None, Some(4_000)] {
        let validity = Validity::Ticket {
            ticket: 55,
            last_ledger,
        };
        let bytes = payment(&leg, validity, 12).unsigned().unwrap();
        let decoded = XrplCheck.verify(&leg, &bytes).unwrap();
        assert_eq!((decoded.slot.sequence, decoded.slot.is_ticket), (55, true));
        assert_eq!(
            decoded.valid_through,
            last_ledger.map(|last| Height(last.into()))
        );
    }
}

#[test]
fn pitfall_072_payments_of_several_signers_are_refused_with_the_reason() {
    let leg = xrp_leg();
    let mut several = payment(&leg, SEQUENCE, 36);
    several.signing = Signing::Signers(2);
    let error = XrplCheck
        .decode(CHAIN, &several.unsigned().unwrap())
        .unwrap_err();
    assert!(error.detail.contains("several signers"), "{error}");
    let mut fields = several.fields();
    fields.insert(
        "Signers".to_owned(),
        json!([{"Signer": {"Account": address::text([9; 20]), "SigningPubKey": "02".repeat(33), "TxnSignature": "AB"}}]),
    );
    let bytes = binary::encode(&fields, Part::Whole).unwrap();
    let error = XrplCheck.open(CHAIN, &[], &bytes).unwrap_err();
    assert!(error.detail.contains("several signers"), "{error}");
}

#[test]
fn own_signatures_that_the_ledger_or_we_would_not_take() {
    let unsigned = unsigned(&xrp_leg());
    let open = |bytes: &[u8]| XrplCheck.open(CHAIN, &[], bytes);
    let signed = key().sign(&unsigned);
    assert!(open(&signed).is_ok());
    let reason = |bytes: &[u8]| open(bytes).unwrap_err().detail;
    assert!(reason(&unsigned).contains("no signature"));
    assert!(reason(&[&SIGNING[..], &unsigned].concat()).contains("prefix"));
    // Another key's signature, and one over other bytes.
    let other = Key::new([8; 32], true);
    let of_other = other.sign(&unsigned);
    assert!(reason(&of_other).contains("not valid"));
    let mut changed = binary::decode(&signed).unwrap();
    changed.insert("Amount".to_owned(), json!("5000001"));
    assert!(reason(&binary::encode(&changed, Part::Whole).unwrap()).contains("not valid"));
    assert!(reason(&with_signature(&unsigned, &[1; 63])).contains("canonical"));
    assert!(XrplCheck.open("eip155:1", &[], &signed).is_err());
    let error = XrplCheck.open("xrpl:21337", &[], &signed).unwrap_err();
    assert!(error.detail.contains("by hand"), "{error}");

    let ecdsa = Key::new([9; 32], false);
    let leg = leg(&ecdsa, THEM, Asset::Xrp, Amount::from_u128(1));
    let unsigned = payment(&leg, SEQUENCE, 12).unsigned().unwrap();
    assert!(open(&ecdsa.sign(&unsigned)).is_ok());
    // The twin that is as valid under another id: the ledger takes none such.
    assert!(reason(&ecdsa.sign_with_high_s(&unsigned)).contains("canonical"));
}

#[test]
fn own_what_a_ledger_says_is_compared_with_the_leg() {
    let leg = xrp_leg();
    let meta = |delivered: &str| {
        json!({"TransactionResult": "tesSUCCESS", "delivered_amount": delivered})
            .as_object()
            .cloned()
            .unwrap()
    };
    let put = |leg: &Leg, name: &str, value: Value| {
        let mut fields = payment(leg, SEQUENCE, 12).fields();
        fields.insert(name.to_owned(), value);
        fields.insert("TxnSignature".to_owned(), json!("AB"));
        fields
    };
    let found = |fields: &Map<String, Value>, meta: &Map<String, Value>| {
        fields_of(&outcome(&xrp_leg(), fields, meta))
    };
    let plain = put(&leg, "SourceTag", json!(1));
    assert_eq!(found(&plain, &meta("5000000")), Vec::<&str>::new());
    assert_eq!(found(&plain, &Map::new()), Vec::<&str>::new());
    assert_eq!(found(&plain, &meta("4999999")), ["amount"]);
    let partial = put(&leg, "Flags", json!(0x0002_0000));
    assert_eq!(found(&partial, &meta("5000000")), Vec::<&str>::new());
    assert_eq!(found(&partial, &Map::new()), ["amount"]);
    let dear = put(&leg, "Fee", json!("5000"));
    assert_eq!(found(&dear, &meta("5000000")), ["fee"]);
    // Pitfall 74: one digit off is a live user's.
    let tag = put(&leg, "DestinationTag", json!(76));
    assert_eq!(found(&tag, &meta("5000000")), ["memo"]);
    let other = put(&leg, "TransactionType", json!("AccountSet"));
    assert_eq!(found(&other, &meta("5000000")), ["kind"]);
    let most = json!({"currency": "USD", "issuer": address::text(ISSUER), "value": "1"});
    let converted = put(&leg, "SendMax", most);
    assert_eq!(found(&converted, &meta("5000000")), ["send_max"]);
    // What our signers chose themselves: any key, sequence and end.
    let own = put(&leg, "SigningPubKey", json!("02".repeat(33)));
    assert_eq!(found(&own, &meta("5000000")), Vec::<&str>::new());
}

prop_compose! {
    fn any_case()(
        seed: [u8; 32], is_ed25519: bool, recipient: [u8; 20], tag: Option<u32>, issued: bool, mantissa in 1_u64..9_999_999_999_999_999,
        fee in 0_u64..1_000, sequence in 1_u32.., last in 1_u32.., is_ticket: bool,
    ) -> (Key, Leg, Validity, u64) {
        let key = Key::new(seed, is_ed25519);
        let (asset, amount) = if issued {
            (usd(), Amount::from_coin_text(&mantissa.to_string(), 20).unwrap())
        } else {
            (Asset::Xrp, Amount::from_u128(mantissa.into()))
        };
        let mut leg = leg(&key, recipient, asset, amount);
        if let Some(tag) = tag {
            leg = with_tag(leg, tag);
        }
        let validity = if is_ticket {
            Validity::Ticket { ticket: sequence, last_ledger: Some(last) }
        } else {
            Validity::Sequence { sequence, last_ledger: last }
        };
        (key, leg, validity, fee)
    }
}

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.public()))
    }
}

proptest! {
    #[test]
    fn own_built_signed_and_opened_is_the_same((key, leg, validity, fee) in any_case()) {
        let unsigned = payment(&leg, validity, fee).unsigned().unwrap();
        let verified = XrplCheck.verify(&leg, &unsigned).unwrap();
        prop_assert_eq!(&XrplCheck.decode(CHAIN, &unsigned).unwrap(), &verified);
        let bytes = key.sign(&unsigned);
        let signed = XrplCheck.open(CHAIN, &[], &bytes).unwrap();
        prop_assert_eq!(&signed.unsigned, &unsigned);
        prop_assert_eq!(&signed.signer, &leg.signer);
        prop_assert_eq!(&signed.signer_key, &leg.signer_key);
        prop_assert_eq!(&signed.bytes, &bytes);
        prop_assert_eq!(signed.tx_id, binary::transaction_id(&bytes));
    }

    #[test]
    fn pitfall_104_no_changed_bit_of_signed_bytes_is_taken((key, leg, validity, fee) in any_case(), at: prop::sample::Index, bit in 0_u8..8) {
        let unsigned = payment(&leg, validity, fee).unsigned().unwrap();
        let mut bytes = key.sign(&unsigned);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(XrplCheck.open(CHAIN, &unsigned, &bytes).is_err());
    }

    /// What the verifier takes in spite of a changed bit differs only in what the leg leaves open: sequence, end, a lower fee.
    #[test]
    fn pitfall_104_no_changed_bit_of_unsigned_bytes_changes_an_effect((_, leg, validity, fee) in any_case(), at: prop::sample::Index, bit in 0_u8..8) {
        let built = payment(&leg, validity, fee);
        let mut bytes = built.unsigned().unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(decoded) = XrplCheck.verify(&leg, &bytes) {
            let mut again = built;
            again.fee_drops = u64::try_from(decoded.fee_max.to_u128().unwrap()).unwrap();
            prop_assert!(decoded.fee_max <= leg.fee_max);
            let sequence = u32::try_from(decoded.slot.sequence).unwrap();
            let last = decoded.valid_through.map(|last| u32::try_from(last.0).unwrap());
            again.validity = if decoded.slot.is_ticket {
                Validity::Ticket { ticket: sequence, last_ledger: last }
            } else {
                Validity::Sequence { sequence, last_ledger: last.unwrap() }
            };
            prop_assert_eq!(again.unsigned().unwrap(), bytes);
        }
    }

    #[test]
    fn pitfall_105_any_bytes_are_read_or_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = XrplCheck.decode(CHAIN, &bytes);
        let _ = XrplCheck.open(CHAIN, &[], &bytes);
        prop_assert!(XrplCheck.verify(&xrp_leg(), &bytes).is_err());
    }
}
