//! The checker: bytes that deviate from a leg, and signed bytes that were changed, are refused, whatever was changed.

use crate::own_returns::{over_ibc, plain, public_key, request, signing_key};
use k256::ecdsa::signature::hazmat::PrehashSigner;
use k256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use recover_chain_cosmos::CosmosCheck;
use recover_chain_cosmos::address;
use recover_chain_cosmos::networks::{KeyRule, NETWORKS};
use recover_chain_cosmos::returns::{
    Destination, Fee, ReturnRequest, SignMode, UnsignedReturn, build,
};
use recover_core::address::Payload;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_core::check::{Check, Decoded};
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::network::NetworkId;
use recover_core::plan::{Leg, LegKind};
use sha2::{Digest, Sha256};
use sha3::Keccak256;

pub fn chain(request: &ReturnRequest) -> String {
    format!("cosmos:{}", request.chain)
}

/// The leg that a return carries out exactly.
pub fn leg(request: &ReturnRequest) -> Leg {
    let (recipient, route, memo_place) = match &request.to {
        Destination::Account(to) => (to.text().to_owned(), None, place::MEMO),
        Destination::OverIbc {
            port,
            channel,
            receiver,
            ..
        } => (
            receiver.clone(),
            Some(format!("{port}/{channel}")),
            place::PACKET_MEMO,
        ),
    };
    let native = NETWORKS
        .iter()
        .find(|network| network.name == request.network.as_str())
        .unwrap()
        .native_denom;
    Leg {
        kind: LegKind::Return,
        network: request.network.clone(),
        chain: chain(request),
        signer: request.from.text().to_owned(),
        signer_key: Some(hex::encode(request.public_key.unwrap().bytes())),
        target: recipient.clone(),
        recipient,
        memo: (!request.memo.is_empty()).then(|| Memo {
            kind: MemoKind::Text,
            raw: request.memo.clone().into_bytes(),
            place: memo_place.to_owned(),
        }),
        asset: if request.denom == native {
            AssetId::native(request.network.clone())
        } else {
            AssetId::contract(request.network.clone(), &request.denom)
        },
        amount: request.amount,
        call: None,
        route,
        spend: None,
        fee_max: request.fee.amount,
    }
}

/// What the signers hand back.
pub fn signed(built: &UnsignedReturn, rule: KeyRule, key: &SigningKey) -> Vec<u8> {
    let digest: [u8; 32] = match rule {
        KeyRule::Cosmos => Sha256::digest(&built.sign_bytes).into(),
        KeyRule::Ethereum => Keccak256::digest(&built.sign_bytes).into(),
    };
    let signature: Signature = key.sign_prehash(&digest).unwrap();
    let signature = signature.normalize_s().unwrap_or(signature);
    built.with_signature(&signature.to_bytes().into())
}

fn fields(leg: &Leg, bytes: &[u8]) -> Vec<&'static str> {
    CosmosCheck
        .verify(leg, bytes)
        .err()
        .unwrap_or_default()
        .iter()
        .map(|deviation| deviation.field)
        .collect()
}

fn told(decoded: &Decoded, label: &str) -> String {
    decoded
        .lines
        .iter()
        .find(|line| line.label == label)
        .map_or_else(String::new, |line| line.value.clone())
}

#[test]
fn own_a_return_says_in_full_what_it_does() {
    let sent = plain();
    let bytes = build(&sent).unwrap().sign_bytes;
    let decoded = CosmosCheck.verify(&leg(&sent), &bytes).unwrap();
    assert_eq!(
        CosmosCheck.decode(&chain(&sent), &bytes),
        Ok(decoded.clone())
    );
    let text: Vec<String> = decoded
        .lines
        .iter()
        .map(|line| format!("{}: {}", line.label, line.value))
        .collect();
    insta::assert_snapshot!(text.join("\n"), @r#"
    chain: cosmos:cosmos-1
    does: pays one coin (MsgSend)
    from: cosmos1znd5zwx4dghvlvggsx5muw2dnuepnpdjzqghmw
    to: cosmos1pyysjzgfpyysjzgfpyysjzgfpyysjzgfam50we
    amount: 1250000 uatom
    memo: "0071"
    fee at most: 1000 uatom
    gas at most: 200000
    last block: 26300000
    account number: 12
    sequence: 3
    public key: 0324653eac434488002cc06bbfb7f10fe18991e35f9fe4302dbea6d2353dc0ab1c
    "#);
    assert_eq!(decoded.slot.account, sent.from.text());
    assert_eq!((decoded.slot.sequence, decoded.slot.is_ticket), (3, false));
    assert_eq!(decoded.fee_max, sent.fee.amount);
    assert_eq!(
        (decoded.valid_until, decoded.valid_through),
        (None, Some(Height(26_300_000)))
    );

    let home = over_ibc();
    let decoded = CosmosCheck
        .verify(&leg(&home), &build(&home).unwrap().sign_bytes)
        .unwrap();
    assert_eq!(told(&decoded, "channel"), "transfer/channel-141");
    assert!(told(&decoded, "undone if not arrived by").starts_with("1790000000000000000 "));
    assert!(told(&decoded, "amount").ends_with(&home.denom));
}

/// Letters that turn the line around, or look like others, are written out.
#[test]
fn pitfall_105_what_is_shown_is_read_from_the_bytes_and_hides_nothing() {
    let sent = ReturnRequest {
        memo: "\u{202e}1700\u{FF17}".to_owned(),
        ..plain()
    };
    let bytes = build(&sent).unwrap().sign_bytes;
    let decoded = CosmosCheck.decode(&chain(&sent), &bytes).unwrap();
    assert_eq!(told(&decoded, "memo"), "\"\\u{202e}1700\u{FF17}\"");
    assert_eq!(told(&decoded, "memo bytes"), "e280ae31373030efbc97");
}

#[test]
fn pitfall_104_every_field_that_has_an_effect_is_compared() {
    type Change = fn(&mut Leg);
    let other = || {
        address::format("cosmos", &Payload::Hash160([8; 20]))
            .unwrap()
            .text()
            .to_owned()
    };
    let changes: [(&str, Change); 13] = [
        ("kind", |leg| leg.kind = LegKind::GasTopUp),
        ("network", |leg| leg.network = NetworkId::new("osmosis")),
        ("chain", |leg| leg.chain = "cosmos:cosmoshub-3".to_owned()),
        ("signer", |leg| leg.signer = leg.recipient.clone()),
        ("signer_key", |leg| leg.signer_key = None),
        ("target", |leg| leg.target = leg.signer.clone()),
        ("memo", |leg| leg.memo = None),
        ("memo", |leg| {
            leg.memo.as_mut().unwrap().raw = b"071".to_vec();
        }),
        ("memo", |leg| {
            leg.memo.as_mut().unwrap().place = "elsewhere".to_owned();
        }),
        ("asset", |leg| {
            leg.asset = AssetId::contract(leg.network.clone(), "uosmo");
        }),
        ("amount", |leg| {
            leg.amount = leg.amount.checked_add(Amount::from_u128(1)).unwrap();
        }),
        ("call", |leg| leg.call = Some(Vec::new())),
        ("fee", |leg| {
            leg.fee_max = leg.fee_max.checked_sub(Amount::from_u128(1)).unwrap();
        }),
    ];
    for request in [plain(), over_ibc()] {
        let bytes = build(&request).unwrap().sign_bytes;
        let good = leg(&request);
        assert_eq!(fields(&good, &bytes), [""; 0]);
        for (field, change) in changes {
            let mut changed = good.clone();
            change(&mut changed);
            assert_eq!(fields(&changed, &bytes), [field], "{changed:?}");
        }
        let mut changed = good.clone();
        changed.recipient = other();
        assert_eq!(fields(&changed, &bytes), ["recipient"]);
        let mut changed = good.clone();
        changed.route = match changed.route {
            None => Some("transfer/channel-141".to_owned()),
            Some(_) => Some("transfer/channel-14".to_owned()),
        };
        assert_eq!(fields(&changed, &bytes), ["route"]);
    }
}

#[test]
fn pitfall_104_only_the_canonical_form_is_read() {
    let request = plain();
    let amino = build(&ReturnRequest {
        mode: SignMode::AminoJson,
        ..plain()
    })
    .unwrap();
    assert_eq!(fields(&leg(&request), &amino.sign_bytes), ["bytes"]);
    let good = build(&request).unwrap().sign_bytes;
    // An unknown field, a field twice, bytes behind the end.
    for tail in [&[0x2A, 0x00][..], &[0x20, 0x0C], &[0x00]] {
        let bytes = [good.as_slice(), tail].concat();
        assert_eq!(fields(&leg(&request), &bytes), ["bytes"], "{tail:?}");
    }
    let foreign = CosmosCheck
        .decode("cosmos:osmosis-1", &good)
        .unwrap_err()
        .to_string();
    assert!(
        foreign.contains("they are for cosmos:cosmos-1, not cosmos:osmosis-1"),
        "{foreign}"
    );
    // A fee in another coin has no place under a leg's bound.
    let fee = ReturnRequest {
        fee: Fee {
            denom: "uosmo".to_owned(),
            ..plain().fee
        },
        ..plain()
    };
    assert_eq!(
        fields(&leg(&request), &build(&fee).unwrap().sign_bytes),
        ["bytes"]
    );
}

#[test]
fn pitfall_080_signed_bytes_are_opened_by_the_rule_of_their_network() {
    for (request, rule) in [
        (plain(), KeyRule::Cosmos),
        (over_ibc(), KeyRule::Cosmos),
        (
            ReturnRequest {
                denom: "inj".to_owned(),
                fee: Fee {
                    denom: "inj".to_owned(),
                    ..plain().fee
                },
                ..request("injective", "inj", KeyRule::Ethereum)
            },
            KeyRule::Ethereum,
        ),
    ] {
        let built = build(&request).unwrap();
        let raw = signed(&built, rule, &signing_key());
        let opened = CosmosCheck
            .open(&chain(&request), &built.sign_bytes, &raw)
            .unwrap();
        assert_eq!(opened.bytes, raw);
        assert_eq!(opened.unsigned, built.sign_bytes);
        assert_eq!(opened.signer, request.from.text());
        assert_eq!(
            opened.signer_key.as_deref(),
            Some(hex::encode(public_key().bytes()).as_str())
        );
        assert_eq!(
            opened.tx_id.as_str(),
            hex::encode_upper(Sha256::digest(&raw))
        );
        let other_rule = match rule {
            KeyRule::Cosmos => KeyRule::Ethereum,
            KeyRule::Ethereum => KeyRule::Cosmos,
        };
        let wrong = signed(&built, other_rule, &signing_key());
        assert!(
            CosmosCheck
                .open(&chain(&request), &built.sign_bytes, &wrong)
                .is_err()
        );
    }
}

#[test]
fn pitfall_104_what_a_transaction_leaves_out_is_bound_by_its_signature() {
    let request = plain();
    let built = build(&request).unwrap();
    let raw = signed(&built, KeyRule::Cosmos, &signing_key());
    let refused = |chain: &str, approved: &[u8], raw: &[u8]| {
        CosmosCheck
            .open(chain, approved, raw)
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    let home = chain(&request);
    // The account number is read from the approved bytes: another one is no signature.
    let other = build(&ReturnRequest {
        account_number: 13,
        ..plain()
    })
    .unwrap();
    let words = refused(&home, &other.sign_bytes, &raw);
    assert!(words.contains("account number 13"), "{words}");
    let words = refused("cosmos:cosmoshub-3", &built.sign_bytes, &raw);
    assert!(words.contains("on cosmos:cosmoshub-3"), "{words}");
    assert!(refused("xrpl:0", &built.sign_bytes, &raw).contains("no chain of this family"));
    assert!(refused(&home, b"no document", &raw).contains("no SignDoc"));
    // What was approved is a hint only: other approved bytes of the same account open the same transaction.
    let sibling = build(&ReturnRequest {
        amount: Amount::from_u128(1),
        ..plain()
    })
    .unwrap();
    let opened = CosmosCheck.open(&home, &sibling.sign_bytes, &raw).unwrap();
    assert_eq!(opened.unsigned, built.sign_bytes);
    // Another key, no signature, two signatures, the twin signature with a high s.
    let thief = SigningKey::from_slice(&[0x43; 32]).unwrap();
    let words = refused(
        &home,
        &built.sign_bytes,
        &signed(&built, KeyRule::Cosmos, &thief),
    );
    assert!(words.contains("the signature is not that of"), "{words}");
    let signature = raw[raw.len() - 64..].to_vec();
    let none = &raw[..raw.len() - 66];
    assert!(refused(&home, &built.sign_bytes, none).contains("0 signatures"));
    let twice = [raw.as_slice(), &raw[raw.len() - 66..]].concat();
    assert!(refused(&home, &built.sign_bytes, &twice).contains("2 signatures"));
    let low = Signature::from_slice(&signature).unwrap();
    let high = Signature::from_scalars(low.r().to_bytes(), (-*low.s()).to_bytes()).unwrap();
    let high = built.with_signature(&high.to_bytes().into());
    assert!(refused(&home, &built.sign_bytes, &high).contains("the signature is not that of"));
}

/// Fields that a leg leaves free: they choose when the return is valid and in which slot, never what it does.
fn without_free_lines(decoded: &Decoded) -> Vec<(String, String)> {
    decoded
        .lines
        .iter()
        .filter(|line| {
            ![
                "account number",
                "sequence",
                "last block",
                "gas at most",
                "fee at most",
                "undone if not arrived by",
            ]
            .contains(&line.label.as_str())
        })
        .map(|line| (line.label.clone(), line.value.clone()))
        .collect()
}

fn any_return() -> impl Strategy<Value = ReturnRequest> {
    (
        1_u128..,
        0_u64..,
        1_u64..,
        any::<u64>(),
        any::<u64>(),
        1_u64..,
        "[\\PC&&[^\u{2028}\u{2029}]]{0,30}",
        1_u64..,
        any::<bool>(),
    )
        .prop_map(
            |(amount, fee, gas, number, sequence, height, memo, timeout, ibc)| {
                let base = if ibc { over_ibc() } else { plain() };
                let to = match base.to.clone() {
                    Destination::OverIbc {
                        port,
                        channel,
                        receiver,
                        ..
                    } => Destination::OverIbc {
                        port,
                        channel,
                        receiver,
                        timeout_nanoseconds: timeout,
                    },
                    account @ Destination::Account(_) => account,
                };
                ReturnRequest {
                    to,
                    amount: Amount::from_u128(amount),
                    fee: Fee {
                        amount: Amount::from_u128(u128::from(fee)),
                        gas_limit: gas,
                        denom: "uatom".to_owned(),
                    },
                    account_number: number,
                    sequence,
                    timeout_height: Height(height),
                    memo,
                    ..base
                }
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn own_whatever_is_built_is_verified_and_decoded_alike(request in any_return()) {
        let bytes = build(&request).unwrap().sign_bytes;
        let decoded = CosmosCheck.verify(&leg(&request), &bytes).unwrap();
        prop_assert_eq!(CosmosCheck.decode(&chain(&request), &bytes).unwrap(), decoded.clone());
        prop_assert_eq!(told(&decoded, "amount"), format!("{} {}", request.amount.to_base_units(), request.denom));
        prop_assert_eq!(decoded.slot.sequence, request.sequence);
        prop_assert_eq!(decoded.valid_through, Some(request.timeout_height));
    }

    /// A changed byte is refused, or it moves only what a leg leaves free, and that shows.
    #[test]
    fn pitfall_105_no_byte_changes_unseen(request in any_return(), place in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let leg = leg(&request);
        let good = build(&request).unwrap().sign_bytes;
        let before = CosmosCheck.verify(&leg, &good).unwrap();
        let mut changed = good.clone();
        let at = place.index(good.len());
        changed[at] ^= 1 << bit;
        if let Ok(after) = CosmosCheck.verify(&leg, &changed) {
            prop_assert_ne!(&after, &before, "byte {}", at);
            prop_assert_eq!(without_free_lines(&after), without_free_lines(&before));
            prop_assert!(after.fee_max <= leg.fee_max);
            prop_assert!(after.valid_through > Some(Height(0)));
        }
    }

    #[test]
    fn pitfall_104_no_byte_of_a_signed_return_can_change(request in any_return(), place in any::<prop::sample::Index>(), bit in 0_u32..8) {
        let built = build(&request).unwrap();
        let good = signed(&built, KeyRule::Cosmos, &signing_key());
        prop_assert_eq!(CosmosCheck.open(&chain(&request), &built.sign_bytes, &good).unwrap().unsigned, built.sign_bytes.clone());
        let mut changed = good.clone();
        changed[place.index(good.len())] ^= 1 << bit;
        prop_assert!(CosmosCheck.open(&chain(&request), &built.sign_bytes, &changed).is_err());
    }

    #[test]
    fn own_no_bytes_make_it_fall(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(CosmosCheck.decode("cosmos:cosmos-1", &bytes).is_err());
        prop_assert_eq!(fields(&leg(&plain()), &bytes), ["bytes"]);
        prop_assert!(CosmosCheck.open("cosmos:cosmos-1", &bytes, &bytes).is_err());
    }
}
