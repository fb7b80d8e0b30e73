//! The checking half: a round trip, every deviation, and signatures that are none.

use crate::legs::{
    account_of, envelope, hash_memo, key, leg, network, sign, sign_on, usdc, with_signature, xdr,
};
use crate::world::{account, issuer, ours};
use ed25519_dalek::SigningKey;
use proptest::prelude::*;
use recover_chain_stellar::address;
use recover_chain_stellar::check::outcome;
use recover_chain_stellar::returns::{
    ReturnMemo, ReturnOperation, ReturnPlan, ReturnRequest, build, decode,
};
use recover_chain_stellar::xdr::Network;
use recover_chain_stellar::{StellarCheck, StellarFamily};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::check::{Check, Deviation};
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use stellar_xdr::{Preconditions, TransactionEnvelope};

const CHAIN: &str = "stellar:pubnet";

pub fn plan_of(leg: &Leg) -> ReturnPlan {
    let (memo, to_muxed_id) = match &leg.memo {
        None => (ReturnMemo::None, None),
        Some(memo) => {
            let id = || {
                String::from_utf8(memo.raw.clone())
                    .unwrap()
                    .parse()
                    .unwrap()
            };
            let hash = || memo.raw.clone().try_into().unwrap();
            match (memo.place.as_str(), memo.kind) {
                (place::MUXED_ID, _) => (ReturnMemo::None, Some(id())),
                (_, MemoKind::Id) => (ReturnMemo::Id(id()), None),
                (_, MemoKind::Hash) => (ReturnMemo::Hash(hash()), None),
                (_, MemoKind::Return) => (ReturnMemo::Return(hash()), None),
                _ => (
                    ReturnMemo::Text(String::from_utf8(memo.raw.clone()).unwrap()),
                    None,
                ),
            }
        }
    };
    ReturnPlan {
        request: ReturnRequest {
            network: Network::public(),
            from: address::parse(&leg.signer).unwrap(),
            to: address::parse(&leg.recipient).unwrap(),
            to_muxed_id,
            asset: leg.asset.contract_text().map(str::to_owned),
            amount: leg.amount,
            memo,
            sequence: 78,
            fee: 200,
            valid_from: 0,
            valid_until: 1_800_000_000,
        },
        operation: ReturnOperation::Payment,
    }
}

fn unsigned(leg: &Leg) -> Vec<u8> {
    build(&plan_of(leg)).unwrap().envelope
}

fn fields_of(deviations: &[Deviation]) -> Vec<&'static str> {
    deviations.iter().map(|one| one.field).collect()
}

fn refused(leg: &Leg, bytes: &[u8]) -> Vec<&'static str> {
    fields_of(&StellarCheck.verify(leg, bytes).unwrap_err())
}

fn with(change: impl FnOnce(&mut Leg)) -> Leg {
    let mut changed = leg();
    change(&mut changed);
    changed
}

#[test]
fn own_a_person_reads_every_field_in_full() {
    let text = |leg: &Leg| -> Vec<String> {
        let decoded = StellarCheck.decode(CHAIN, &unsigned(leg)).unwrap();
        decoded
            .lines
            .iter()
            .map(|line| format!("{}: {}", line.label, line.value))
            .collect()
    };
    let plain = with(|leg| leg.memo = Some(Memo::text(b"it's yours", place::MEMO)));
    assert_eq!(
        text(&plain),
        [
            "chain: stellar:pubnet".to_owned(),
            format!("from: {}", plain.signer),
            "does: pay".to_owned(),
            format!("to: {}", plain.recipient),
            "amount: 5 XLM (50000000 stroops)".to_owned(),
            "memo: text 'it\\'s yours'".to_owned(),
            "fee at most: 0.00002 XLM (200 stroops)".to_owned(),
            "sequence: 78".to_owned(),
            "valid from: at once".to_owned(),
            "valid until: 2027-01-15T08:00:00Z".to_owned(),
        ]
    );
    let decoded = StellarCheck.decode(CHAIN, &unsigned(&plain)).unwrap();
    assert_eq!(decoded.slot.sequence, 78);
    assert_eq!(decoded.slot.account, plain.signer);
    assert_eq!(decoded.valid_until, Timestamp::from_seconds(1_800_000_000));
    assert_eq!(decoded.fee_max, Amount::from_u128(200));
    let muxed = with(|leg| {
        leg.memo = Some(Memo::id(u64::MAX, place::MUXED_ID));
        leg.asset = usdc();
    });
    let lines = text(&muxed).join("\n");
    assert!(
        lines.contains("the id 18446744073709551615 inside"),
        "{lines}"
    );
    assert!(lines.contains("memo: none"), "{lines}");
    let full = format!("5 USDC.{} (50000000 stroops)", issuer().text());
    assert!(lines.contains(&full), "{lines}");
    let empty = with(|leg| leg.memo = Some(Memo::text(b"", place::MEMO)));
    assert!(text(&empty).contains(&"memo: text ''".to_owned()));
    assert_eq!(
        StellarCheck.family(),
        recover_core::detect::Detect::family(&StellarFamily)
    );
}

#[test]
fn own_each_changed_field_is_named() {
    let leg = leg();
    let bytes = |change: &dyn Fn(&mut ReturnPlan)| {
        let mut plan = plan_of(&leg);
        change(&mut plan);
        build(&plan).unwrap().envelope
    };
    assert!(StellarCheck.verify(&leg, &bytes(&|_| {})).is_ok());
    for (bytes, expected) in [
        (bytes(&|plan| plan.request.from = ours()), vec!["signer"]),
        (
            bytes(&|plan| plan.request.to = account(3)),
            vec!["target", "recipient"],
        ),
        (
            bytes(&|plan| plan.request.to_muxed_id = Some(5)),
            vec!["muxed id"],
        ),
        (
            bytes(&|plan| plan.request.memo = ReturnMemo::Id(5)),
            vec!["memo"],
        ),
        (
            bytes(&|plan| plan.request.memo = ReturnMemo::Text(String::new())),
            vec!["memo"],
        ),
        (
            bytes(&|plan| plan.request.amount = Amount::from_u128(50_000_001)),
            vec!["amount"],
        ),
        (
            bytes(&|plan| plan.request.asset = usdc().contract_text().map(str::to_owned)),
            vec!["asset"],
        ),
        (bytes(&|plan| plan.request.fee = 1_001), vec!["fee"]),
        (bytes(&|plan| plan.request.sequence = 0), vec!["sequence"]),
        (
            bytes(&|plan| plan.request.valid_until = u64::MAX),
            vec!["valid_until"],
        ),
        (sign(&key(), &unsigned(&leg)), vec!["bytes"]),
        (Vec::new(), vec!["bytes"]),
    ] {
        assert_eq!(refused(&leg, &bytes), expected, "{}", hex::encode(&bytes));
    }
    // An absent recipient is created with the same money; number, end and a lower fee are the builder's to choose.
    for bytes in [
        bytes(&|plan| plan.operation = ReturnOperation::CreateAccount),
        bytes(&|plan| plan.request.fee = 1_000),
        bytes(&|plan| plan.request.sequence = 1),
        bytes(&|plan| plan.request.valid_until = 5),
    ] {
        assert!(StellarCheck.verify(&leg, &bytes).is_ok());
    }
}

#[test]
fn own_what_the_format_may_carry_beside_is_refused() {
    let leg = leg();
    let changed = |change: &dyn Fn(&mut stellar_xdr::Transaction)| {
        let TransactionEnvelope::Tx(mut inner) = envelope(&unsigned(&leg)) else {
            panic!("a plain transaction");
        };
        change(&mut inner.tx);
        xdr(&TransactionEnvelope::Tx(inner))
    };
    assert_eq!(
        refused(&leg, &changed(&|tx| tx.cond = Preconditions::None)),
        ["valid_until"]
    );
    let twice = changed(&|tx| {
        let mut all = tx.operations.to_vec();
        all.push(all[0].clone());
        tx.operations = all.try_into().unwrap();
    });
    assert_eq!(refused(&leg, &twice), ["operations"]);
    let none = changed(&|tx| tx.operations = stellar_xdr::VecM::default());
    assert_eq!(refused(&leg, &none), ["operations"]);
    let with_source = |source: recover_core::address::Address| {
        changed(&|tx| {
            let mut all = tx.operations.to_vec();
            let key = address::account_key(&source).unwrap();
            all[0].source_account = Some(stellar_xdr::MuxedAccount::Ed25519(stellar_xdr::Uint256(
                key,
            )));
            tx.operations = all.try_into().unwrap();
        })
    };
    assert_eq!(
        refused(&leg, &with_source(account(9))),
        ["operation's account"]
    );
    assert_eq!(refused(&leg, &with_source(account_of(&key()))), ["bytes"]);
    let merge = changed(&|tx| {
        let mut all = tx.operations.to_vec();
        all[0].body = stellar_xdr::OperationBody::AccountMerge(stellar_xdr::MuxedAccount::Ed25519(
            stellar_xdr::Uint256([2; 32]),
        ));
        tx.operations = all.try_into().unwrap();
    });
    assert_eq!(refused(&leg, &merge), ["operation"]);
    let shown = StellarCheck.decode(CHAIN, &merge).unwrap();
    assert!(
        shown
            .lines
            .iter()
            .any(|line| line.value.contains("AccountMerge"))
    );
    let muxed_source = changed(&|tx| {
        let key = address::account_key(&account_of(&key())).unwrap();
        tx.source_account =
            stellar_xdr::MuxedAccount::MuxedEd25519(stellar_xdr::MuxedAccountMed25519 {
                id: 4,
                ed25519: stellar_xdr::Uint256(key),
            });
    });
    assert_eq!(refused(&leg, &muxed_source), ["bytes"]);
    let locked = changed(&|tx| {
        let Preconditions::Time(bounds) = tx.cond.clone() else {
            panic!("time bounds");
        };
        tx.cond = Preconditions::V2(stellar_xdr::PreconditionsV2 {
            time_bounds: Some(bounds),
            ledger_bounds: None,
            min_seq_num: None,
            min_seq_age: stellar_xdr::Duration(0),
            min_seq_ledger_gap: 0,
            extra_signers: stellar_xdr::VecM::default(),
        });
    });
    assert_eq!(refused(&leg, &locked), ["conditions"]);
}

#[test]
fn own_a_leg_that_no_payment_can_carry_is_never_verified() {
    let bytes = unsigned(&leg());
    let refused = |change: &dyn Fn(&mut Leg)| refused(&with(change), &bytes);
    assert_eq!(refused(&|leg| leg.chain = "eip155:1".to_owned()), ["chain"]);
    assert_eq!(refused(&|leg| leg.chain = "stellar:".to_owned()), ["chain"]);
    assert_eq!(refused(&|leg| leg.kind = LegKind::GasTopUp), ["kind"]);
    assert_eq!(refused(&|leg| leg.target = leg.signer.clone()), ["target"]);
    assert_eq!(
        refused(&|leg| leg.signer_key = Some("07".repeat(32))),
        ["signer_key"]
    );
    assert_eq!(refused(&|leg| leg.call = Some(vec![1])), ["call"]);
    assert_eq!(refused(&|leg| leg.route = Some("x".to_owned())), ["route"]);
    let contract = address::contract([3; 32]).text().to_owned();
    assert_eq!(
        refused(&|leg| leg.asset = AssetId::contract(network(), &contract)),
        ["asset"]
    );
    for memo in [
        Memo::tag(7, place::DESTINATION_TAG),
        Memo::text(b"7", place::MUXED_ID),
        Memo::text(&[b'a'; 29], place::MEMO),
        Memo::text(&[0xff], place::MEMO),
        hash_memo(MemoKind::Encrypted, [1; 32]),
        Memo {
            raw: b"007".to_vec(),
            ..Memo::id(7, place::MEMO)
        },
    ] {
        assert_eq!(refused(&|leg| leg.memo = Some(memo.clone())), ["memo"]);
    }
}

#[test]
fn pitfall_075_memos_are_compared_with_their_type() {
    let id = with(|leg| leg.memo = Some(Memo::id(7, place::MEMO)));
    let text = with(|leg| leg.memo = Some(Memo::text(b"7", place::MEMO)));
    let hash = with(|leg| leg.memo = Some(hash_memo(MemoKind::Hash, [7; 32])));
    let back = with(|leg| leg.memo = Some(hash_memo(MemoKind::Return, [7; 32])));
    let empty = with(|leg| leg.memo = Some(Memo::text(b"", place::MEMO)));
    let all = [leg(), id, text, hash, back, empty];
    for (at, one) in all.iter().enumerate() {
        for (other, bytes) in all.iter().map(unsigned).enumerate() {
            if at == other {
                assert!(StellarCheck.verify(one, &bytes).is_ok());
            } else {
                assert_eq!(refused(one, &bytes), ["memo"]);
            }
        }
    }
}

#[test]
fn pitfall_076_an_id_inside_is_not_the_memo_of_the_same_number() {
    let muxed = with(|leg| leg.memo = Some(Memo::id(7, place::MUXED_ID)));
    let memo = with(|leg| leg.memo = Some(Memo::id(7, place::MEMO)));
    assert!(StellarCheck.verify(&muxed, &unsigned(&muxed)).is_ok());
    assert_eq!(refused(&muxed, &unsigned(&memo)), ["memo", "muxed id"]);
    assert_eq!(refused(&memo, &unsigned(&muxed)), ["memo", "muxed id"]);
}

#[test]
fn own_one_signature_of_the_accounts_own_key_and_no_other() {
    let unsigned = unsigned(&leg());
    let open = |bytes: &[u8]| StellarCheck.open(CHAIN, &[], bytes);
    let reason = |bytes: &[u8]| open(bytes).unwrap_err().detail;
    let signed = sign(&key(), &unsigned);
    let opened = open(&signed).unwrap();
    assert_eq!(opened.unsigned, unsigned);
    assert_eq!(opened.signer, leg().signer);
    assert_eq!(opened.signer_key, None);
    assert_eq!(opened.bytes, signed);
    assert!(reason(&unsigned).contains("no signature"));
    assert!(reason(&sign(&key(), &signed)).contains("2 signatures"));
    let stranger = SigningKey::from_bytes(&[8; 32]);
    assert!(reason(&sign(&stranger, &unsigned)).contains("other signers"));
    // The right hint over another key's signature, and a signature of another network.
    let hint: [u8; 4] = key().verifying_key().as_bytes()[28..].try_into().unwrap();
    assert!(reason(&with_signature(&unsigned, hint, &[1; 64])).contains("not valid"));
    assert!(reason(&with_signature(&unsigned, hint, &[1; 63])).contains("64 bytes"));
    let elsewhere = sign_on(&Network::test(), &key(), &unsigned);
    assert!(reason(&elsewhere).contains("not valid"));
    assert!(
        StellarCheck
            .open("stellar:testnet", &[], &elsewhere)
            .is_ok()
    );
    assert!(StellarCheck.open("eip155:1", &[], &signed).is_err());
    let mut longer = signed;
    longer.push(0);
    assert!(open(&longer).is_err());
}

#[test]
fn own_what_a_ledger_says_is_compared_with_the_leg() {
    let found = |leg: &Leg, bytes: &[u8], fee: u128| {
        let summary = decode(bytes).unwrap();
        fields_of(&outcome(leg, &summary, Amount::from_u128(fee)))
    };
    let none = Vec::<&str>::new();
    assert_eq!(found(&leg(), &unsigned(&leg()), 100), none);
    assert_eq!(found(&leg(), &unsigned(&leg()), 1_001), ["fee"]);
    // What our signers chose themselves: any number, end and fee offered.
    let mut own = plan_of(&leg());
    own.request.sequence = 5;
    own.request.valid_until = 7;
    own.request.fee = 1_000_000;
    assert_eq!(found(&leg(), &build(&own).unwrap().envelope, 100), none);
    own.request.amount = Amount::from_u128(49_999_999);
    assert_eq!(
        found(&leg(), &build(&own).unwrap().envelope, 100),
        ["amount"]
    );
    let muxed = with(|leg| leg.memo = Some(Memo::id(7, place::MUXED_ID)));
    assert_eq!(found(&leg(), &unsigned(&muxed), 100), ["muxed id"]);
}

prop_compose! {
    fn any_leg()(
        seed: [u8; 32], to: [u8; 32], stroops in 1_u64..=i64::MAX.unsigned_abs(), code in "[A-Za-z0-9]{1,12}", is_issued: bool,
        memo in prop_oneof![
            Just(None),
            any::<u64>().prop_map(|id| Some(Memo::id(id, place::MEMO))),
            any::<u64>().prop_map(|id| Some(Memo::id(id, place::MUXED_ID))),
            "[a-zä']{0,14}".prop_map(|text| Some(Memo::text(text.as_bytes(), place::MEMO))),
            any::<[u8; 32]>().prop_map(|hash| Some(hash_memo(MemoKind::Hash, hash))),
            any::<[u8; 32]>().prop_map(|hash| Some(hash_memo(MemoKind::Return, hash))),
        ],
        sequence in 1_i64.., fee in 100_u32..1_000, until in 1_u64..4_000_000_000,
    ) -> (SigningKey, Leg, ReturnPlan) {
        let key = SigningKey::from_bytes(&seed);
        let recipient = address::account(to).text().to_owned();
        let leg = with(|leg| {
            leg.signer = account_of(&key).text().to_owned();
            leg.target.clone_from(&recipient);
            leg.recipient = recipient;
            leg.amount = Amount::from_u128(stroops.into());
            leg.memo = memo;
            if is_issued {
                leg.asset = AssetId::contract(network(), &address::asset_text(&code, &issuer()));
            }
        });
        let mut plan = plan_of(&leg);
        plan.request.sequence = sequence;
        plan.request.fee = fee;
        plan.request.valid_until = until;
        (key, leg, plan)
    }
}

proptest! {
    #[test]
    fn own_built_signed_and_opened_is_the_same((key, leg, plan) in any_leg()) {
        let built = build(&plan).unwrap();
        let verified = StellarCheck.verify(&leg, &built.envelope).unwrap();
        prop_assert_eq!(&StellarCheck.decode(CHAIN, &built.envelope).unwrap(), &verified);
        let bytes = sign(&key, &built.envelope);
        let signed = StellarCheck.open(CHAIN, &[], &bytes).unwrap();
        prop_assert_eq!(&signed.unsigned, &built.envelope);
        prop_assert_eq!(&signed.signer, &leg.signer);
        prop_assert_eq!(signed.tx_id, address::tx_id(&built.hash));
    }

    #[test]
    fn pitfall_104_no_changed_bit_of_signed_bytes_is_taken((key, _, plan) in any_leg(), at: prop::sample::Index, bit in 0_u8..8) {
        let built = build(&plan).unwrap();
        let mut bytes = sign(&key, &built.envelope);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        prop_assert!(StellarCheck.open(CHAIN, &built.envelope, &bytes).is_err());
    }

    /// What the verifier takes in spite of a changed bit differs only in what the leg leaves open: number, bounds, a lower fee.
    #[test]
    fn pitfall_104_no_changed_bit_of_unsigned_bytes_changes_an_effect((_, leg, plan) in any_leg(), at: prop::sample::Index, bit in 0_u8..8) {
        let mut bytes = build(&plan).unwrap().envelope;
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        if let Ok(decoded) = StellarCheck.verify(&leg, &bytes) {
            prop_assert!(decoded.fee_max <= leg.fee_max);
            let summary = decode(&bytes).unwrap();
            let mut again = plan;
            again.request.sequence = summary.sequence;
            again.request.fee = summary.fee;
            (again.request.valid_from, again.request.valid_until) = summary.time_bounds.unwrap();
            prop_assert_eq!(build(&again).unwrap().envelope, bytes);
        }
    }

    #[test]
    fn pitfall_105_any_bytes_are_read_or_refused_and_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = StellarCheck.decode(CHAIN, &bytes);
        let _ = StellarCheck.open(CHAIN, &[], &bytes);
        prop_assert!(StellarCheck.verify(&leg(), &bytes).is_err());
    }
}
