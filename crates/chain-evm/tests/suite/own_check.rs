//! Reading, judging and opening transactions, against legs of our own and signatures of a test key.

use crate::signer::Key;
use proptest::prelude::*;
use recover_chain_evm::check::EvmCheck;
use recover_chain_evm::transaction::{Price, Transaction};
use recover_chain_evm::{address, call};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::check::Check;
use recover_core::memo::{Memo, MemoKind};
use recover_core::network::NetworkId;
use recover_core::plan::{Leg, LegKind};

fn amount(units: u128) -> Amount {
    Amount::from_u128(units)
}

fn network() -> NetworkId {
    NetworkId::new("ethereum")
}

fn account(byte: u8) -> String {
    address::text([byte; 20])
}

/// A token transfer of 1,000 units from the test key.
fn token_leg() -> Leg {
    let recipient = [0x22; 20];
    Leg {
        kind: LegKind::Transfer,
        network: network(),
        chain: "eip155:1".to_owned(),
        signer: Key::new(7).address(),
        signer_key: None,
        target: account(0x33),
        recipient: address::text(recipient),
        memo: None,
        asset: AssetId::contract(network(), &account(0x33)),
        amount: amount(1_000),
        call: Some(call::transfer(recipient, amount(1_000))),
        route: None,
        spend: None,
        fee_max: amount(60_000 * 100),
    }
}

fn native_leg(kind: LegKind) -> Leg {
    Leg {
        kind,
        target: account(0x22),
        asset: AssetId::native(network()),
        call: None,
        ..token_leg()
    }
}

fn flush_leg() -> Leg {
    let token = [0x33; 20];
    Leg {
        kind: LegKind::Flush,
        target: account(0x44),
        call: Some(call::fill("0x3ef13367{token}", &[("{token}", call::word_of(token))]).unwrap()),
        ..token_leg()
    }
}

fn deploy_leg() -> Leg {
    Leg {
        kind: LegKind::Deploy,
        target: account(0x55),
        recipient: account(0x44),
        amount: Amount::ZERO,
        asset: AssetId::native(network()),
        call: Some(call::fill("0x2b85ba38{salt}", &[("{salt}", [9; 32])]).unwrap()),
        ..token_leg()
    }
}

/// The transaction that carries a leg out.
fn carried(leg: &Leg, nonce: u64, price: Price) -> Transaction {
    let is_native = leg.call.is_none();
    Transaction {
        chain_id: 1,
        nonce,
        price,
        gas_limit: 60_000,
        to: address::bytes(&address::parse(&leg.target).unwrap()).unwrap(),
        value: if is_native { leg.amount } else { Amount::ZERO },
        data: leg.call.clone().unwrap_or_default(),
    }
}

const DYNAMIC: fn() -> Price = || Price::Dynamic {
    max_fee: amount(100),
    max_tip: amount(3),
};
const LEGACY: fn() -> Price = || Price::Legacy {
    gas_price: amount(100),
};

fn every_leg() -> Vec<Leg> {
    vec![
        token_leg(),
        native_leg(LegKind::Transfer),
        native_leg(LegKind::Return),
        native_leg(LegKind::GasTopUp),
        flush_leg(),
        deploy_leg(),
    ]
}

fn fields(leg: &Leg, transaction: &Transaction) -> Vec<&'static str> {
    match EvmCheck.verify(leg, &transaction.unsigned_bytes()) {
        Ok(_) => vec![],
        Err(deviations) => deviations.iter().map(|one| one.field).collect(),
    }
}

#[test]
fn what_is_built_for_a_leg_is_accepted_and_told_in_words() {
    for leg in every_leg() {
        for price in [DYNAMIC(), LEGACY()] {
            let bytes = carried(&leg, 5, price).unsigned_bytes();
            let decoded = EvmCheck.verify(&leg, &bytes).unwrap();
            assert_eq!(decoded.slot.account, leg.signer);
            assert_eq!(decoded.slot.sequence, 5);
            assert_eq!(decoded.fee_max, amount(6_000_000));
            let read = EvmCheck.decode("eip155:1", &bytes).unwrap();
            assert_eq!(read.lines, decoded.lines);
        }
    }
    let bytes = carried(&token_leg(), 5, DYNAMIC()).unsigned_bytes();
    let told: Vec<String> = EvmCheck
        .decode("eip155:1", &bytes)
        .unwrap()
        .lines
        .iter()
        .map(|line| format!("{}: {}", line.label, line.value))
        .collect();
    assert_eq!(
        told,
        [
            "does: sends a token: transfer(address,uint256)".to_owned(),
            format!("token: {}", account(0x33)),
            format!("to: {}", account(0x22)),
            "amount: 1000 base units of the token".to_owned(),
            "also sends: 0 wei of the native coin".to_owned(),
            "chain: eip155:1".to_owned(),
            "from: whoever signs: the bytes do not say, compare the signer".to_owned(),
            "nonce: 5".to_owned(),
            "gas limit: 60000".to_owned(),
            "gas price at most: 100 wei".to_owned(),
            "tip at most: 3 wei".to_owned(),
            "fee at most: 6000000 wei".to_owned(),
        ]
    );
}

#[test]
fn pitfall_034_every_deviation_of_the_bytes_is_named() {
    let leg = token_leg();
    let good = carried(&leg, 5, DYNAMIC());
    let with = |change: &dyn Fn(&mut Transaction)| {
        let mut changed = good.clone();
        change(&mut changed);
        fields(&leg, &changed)
    };
    assert!(with(&|_| {}).is_empty());
    assert_eq!(with(&|tx| tx.chain_id = 5), ["chain"]);
    assert_eq!(with(&|tx| tx.to = [0x66; 20]), ["target"]);
    assert_eq!(with(&|tx| tx.value = amount(1)), ["value"]);
    assert_eq!(
        with(&|tx| tx.data = call::transfer([0x22; 20], amount(1_001))),
        ["call", "amount"]
    );
    assert_eq!(
        with(&|tx| tx.data = call::transfer([0x23; 20], amount(1_000))),
        ["call", "recipient"]
    );
    assert_eq!(with(&|tx| tx.data.clear()), ["call", "call"]);
    assert_eq!(with(&|tx| tx.data.push(0)), ["call", "call"]);
    assert_eq!(with(&|tx| tx.gas_limit = 60_001), ["fee_max"]);
    assert_eq!(
        with(&|tx| tx.price = Price::Dynamic {
            max_fee: Amount::MAX,
            max_tip: amount(1),
        }),
        ["fee_max"]
    );
    assert_eq!(
        with(&|tx| tx.price = Price::Legacy {
            gas_price: amount(101),
        }),
        ["fee_max"]
    );
    // A tip above the fee is no transaction at all.
    assert_eq!(
        with(&|tx| tx.price = Price::Dynamic {
            max_fee: amount(2),
            max_tip: amount(3),
        }),
        ["bytes"]
    );
}

#[test]
fn a_leg_cannot_lie() {
    let lies = |leg: &Leg, change: &dyn Fn(&mut Leg)| {
        let mut leg = leg.clone();
        change(&mut leg);
        // The bytes do exactly what the leg's own call says: only the leg contradicts itself.
        let transaction = Transaction {
            to: address::parse(&leg.target)
                .ok()
                .and_then(|target| address::bytes(&target))
                .unwrap_or_default(),
            ..carried(&token_leg(), 5, DYNAMIC())
        };
        let transaction = Transaction {
            data: leg.call.clone().unwrap_or_default(),
            value: if leg.call.is_none() {
                leg.amount
            } else {
                Amount::ZERO
            },
            ..transaction
        };
        fields(&leg, &transaction)
    };
    let token = token_leg();
    assert!(lies(&token, &|_| {}).is_empty());
    for (name, leg, change) in [
        (
            "another recipient than the call's",
            &token,
            (&|leg: &mut Leg| leg.recipient = account(0x99)) as &dyn Fn(&mut Leg),
        ),
        ("another amount", &token, &|leg| leg.amount = amount(999)),
        ("another token", &token, &|leg| {
            leg.asset = AssetId::contract(network(), &account(0x98));
        }),
        ("native coin and a call", &token, &|leg| {
            leg.asset = AssetId::native(network());
        }),
        ("no call for a token", &token, &|leg| leg.call = None),
        ("a memo", &token, &|leg| {
            leg.memo = Some(Memo {
                kind: MemoKind::Text,
                raw: b"1".to_vec(),
                place: "memo".to_owned(),
            });
        }),
        ("a route", &token, &|leg| {
            leg.route = Some("transfer/channel-1".to_owned());
        }),
        ("a key", &token, &|leg| {
            leg.signer_key = Some("02".to_owned());
        }),
        ("nothing moves", &native_leg(LegKind::Transfer), &|leg| {
            leg.amount = Amount::ZERO;
        }),
        ("paid to itself", &native_leg(LegKind::Transfer), &|leg| {
            leg.signer = account(0x22);
        }),
        ("an address of another case", &token, &|leg| {
            leg.target = leg.target.to_lowercase();
            leg.signer = leg.signer.to_lowercase();
        }),
        ("the zero address", &native_leg(LegKind::Return), &|leg| {
            leg.recipient = account(0);
            leg.target = account(0);
        }),
        ("an asset of another network", &token, &|leg| {
            leg.asset = AssetId::contract(NetworkId::new("bsc"), &account(0x33));
        }),
        ("a symbol", &token, &|leg| {
            leg.asset = AssetId::unlisted(network(), "USDT");
        }),
        ("a chain of another form", &token, &|leg| {
            leg.chain = "eip155:01".to_owned();
        }),
        ("a top-up in a token", &token, &|leg| {
            leg.kind = LegKind::GasTopUp;
        }),
        ("a flush that is a transfer", &token, &|leg| {
            leg.kind = LegKind::Flush;
        }),
        ("a flush of another token", &flush_leg(), &|leg| {
            leg.asset = AssetId::contract(network(), &account(0x98));
        }),
        ("a flush that approves", &flush_leg(), &|leg| {
            let mut data = vec![0x09, 0x5e, 0xa7, 0xb3];
            data.extend(call::word_of([0x33; 20]));
            data.extend([0xff; 32]);
            leg.call = Some(data);
        }),
        ("a deployment that is a transfer", &deploy_leg(), &|leg| {
            leg.call = Some(call::transfer([0x22; 20], amount(5)));
        }),
        // Tokens of before ERC-20 was settled, and of after it, give allowances by other names.
        ("a deployment that is an allowance", &deploy_leg(), &|leg| {
            leg.call = Some(call::fill("0xd73dd623{salt}{salt}", &[("{salt}", [9; 32])]).unwrap());
        }),
        ("a deployment with money", &deploy_leg(), &|leg| {
            leg.amount = amount(5);
        }),
        ("a deployment without a call", &deploy_leg(), &|leg| {
            leg.call = None;
        }),
    ] {
        assert!(!lies(leg, change).is_empty(), "{name}");
    }
}

#[test]
fn other_kinds_of_transactions_are_refused() {
    let leg = token_leg();
    let good = carried(&leg, 5, DYNAMIC()).unsigned_bytes();
    let legacy = carried(&leg, 5, LEGACY()).unsigned_bytes();
    let key = Key::new(7);
    let signed = key.sign(&carried(&leg, 5, DYNAMIC()));
    let mut cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("a byte behind", [good.clone(), vec![0]].concat()),
        ("a byte behind legacy", [legacy.clone(), vec![0]].concat()),
        ("a byte missing", good[..good.len() - 1].to_vec()),
        ("already signed", signed.clone()),
        ("type 1", [vec![1], good[1..].to_vec()].concat()),
        ("type 3", [vec![3], good[1..].to_vec()].concat()),
        ("type 4", [vec![4], good[1..].to_vec()].concat()),
        ("no list", vec![2, 0x80]),
        ("too large", vec![0xf8; 200_000]),
    ];
    // Six legacy fields: no chain id.
    use ethers::utils::rlp::RlpStream;
    let mut stream = RlpStream::new_list(6);
    for field in [5_u64, 100, 60_000] {
        stream.append(&field);
    }
    stream.append(&[0x33_u8; 20].as_slice());
    stream.append(&0_u64);
    stream.append(&[].as_slice());
    cases.push(("no chain id", stream.out().to_vec()));
    // Contract creation, an access list, a number with a leading zero.
    let dynamic = |to: &[u8], nonce: &[u8], entries: usize| {
        let mut stream = RlpStream::new_list(9);
        stream.append(&1_u64);
        stream.append(&nonce);
        for field in [3_u64, 100, 60_000] {
            stream.append(&field);
        }
        stream.append(&to);
        stream.append(&0_u64);
        stream.append(&[].as_slice());
        stream.begin_list(entries);
        for _ in 0..entries {
            stream.begin_list(2);
            stream.append(&[0x11_u8; 20].as_slice());
            stream.begin_list(0);
        }
        [vec![2], stream.out().to_vec()].concat()
    };
    assert!(
        Transaction::from_unsigned(&dynamic(&[0x33; 20], &[5], 0)).is_ok(),
        "the form itself is right"
    );
    cases.push(("creates a contract", dynamic(&[], &[5], 0)));
    cases.push(("19 bytes of recipient", dynamic(&[0x33; 19], &[5], 0)));
    cases.push(("an access list", dynamic(&[0x33; 20], &[5], 1)));
    cases.push(("a leading zero", dynamic(&[0x33; 20], &[0, 5], 0)));
    cases.push(("a zero written as a byte", dynamic(&[0x33; 20], &[0], 0)));
    for (name, bytes) in cases {
        assert!(EvmCheck.decode("eip155:1", &bytes).is_err(), "{name}");
        let deviations = EvmCheck.verify(&leg, &bytes).unwrap_err();
        assert_eq!(deviations[0].field, "bytes", "{name}");
    }
    // The right bytes for another chain.
    assert!(EvmCheck.decode("eip155:5", &good).is_err());
    assert!(EvmCheck.open("eip155:5", &good, &signed).is_err());
    assert!(
        EvmCheck.open("eip155:1", &good, &good).is_err(),
        "not signed"
    );
}

#[test]
fn signed_bytes_open_to_what_was_signed_and_by_whom() {
    let key = Key::new(7);
    for leg in every_leg() {
        for price in [DYNAMIC(), LEGACY()] {
            let transaction = carried(&leg, 9, price);
            let signed = key.sign(&transaction);
            let opened = EvmCheck.open("eip155:1", &[], &signed).unwrap();
            assert_eq!(opened.unsigned, transaction.unsigned_bytes());
            assert_eq!(opened.signer, leg.signer);
            assert_eq!(opened.signer_key, None);
            assert_eq!(
                opened.tx_id,
                address::tx_id(&ethers::utils::keccak256(&signed))
            );
            // The other signature of the same content: s in the upper half.
            let high = key.sign_with_high_s(&transaction);
            let error = EvmCheck.open("eip155:1", &[], &high).unwrap_err();
            assert!(error.detail.contains("upper half"), "{error}");
        }
    }
}

/// Amounts that arithmetic goes wrong with.
fn amounts() -> impl Strategy<Value = Amount> {
    prop_oneof![
        any::<u128>().prop_map(amount),
        any::<[u8; 32]>().prop_map(Amount::from_be_bytes),
        Just(Amount::MAX),
        Just(amount(1)),
    ]
}

proptest! {
    #[test]
    fn pitfall_105_any_transaction_survives_writing_and_reading(
        chain_id in 1..u64::MAX / 2 - 36, nonce in 0..u64::MAX, gas_limit: u64, to: [u8; 20],
        value in amounts(), fee in amounts(), tip in amounts(), is_legacy: bool,
        data in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let price = if is_legacy {
            Price::Legacy { gas_price: fee }
        } else {
            Price::Dynamic { max_fee: fee.max(tip), max_tip: fee.min(tip) }
        };
        let transaction = Transaction { chain_id, nonce, price, gas_limit, to, value, data };
        let bytes = transaction.unsigned_bytes();
        prop_assert_eq!(&Transaction::from_unsigned(&bytes).unwrap(), &transaction);
        let opened = recover_chain_evm::transaction::open(&Key::new(3).sign(&transaction)).unwrap();
        prop_assert_eq!(&opened.transaction, &transaction);
        prop_assert_eq!(opened.unsigned, bytes);
        prop_assert_eq!(address::text(opened.signer), Key::new(3).address());
    }

    #[test]
    fn bytes_that_are_noise_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = EvmCheck.decode("eip155:1", &bytes);
        let _ = EvmCheck.open("eip155:1", &[], &bytes);
        let behind: Vec<u8> = [vec![2], bytes].concat();
        let _ = EvmCheck.decode("eip155:1", &behind);
    }
}

/// Every byte of the unsigned form turned into every other: only another nonce, gas or price below the limit may pass, and then
/// the bytes say so.
#[test]
fn pitfall_104_no_changed_byte_pays_anything_else() {
    for leg in every_leg() {
        for price in [DYNAMIC(), LEGACY()] {
            let transaction = carried(&leg, 5, price);
            let bytes = transaction.unsigned_bytes();
            let mut accepted = 0;
            for place in 0..bytes.len() {
                for flip in 1..=255_u8 {
                    let mut changed = bytes.clone();
                    changed[place] ^= flip;
                    if EvmCheck.verify(&leg, &changed).is_err() {
                        continue;
                    }
                    accepted += 1;
                    let read = Transaction::from_unsigned(&changed).unwrap();
                    let same = Transaction {
                        nonce: read.nonce,
                        gas_limit: read.gas_limit,
                        price: read.price,
                        ..transaction.clone()
                    };
                    assert_eq!(read, same, "byte {place}");
                    assert!(read.fee_max().unwrap() <= leg.fee_max);
                }
            }
            assert!(accepted > 0, "another nonce is not a deviation from a leg");
        }
    }
}

#[test]
fn pitfall_104_no_changed_byte_opens_as_the_same_signer_and_content() {
    let key = Key::new(7);
    for leg in [token_leg(), native_leg(LegKind::Return)] {
        for price in [DYNAMIC(), LEGACY()] {
            let transaction = carried(&leg, 5, price);
            let unsigned = transaction.unsigned_bytes();
            let signed = key.sign(&transaction);
            for place in 0..signed.len() {
                for bit in 0..8 {
                    let mut changed = signed.clone();
                    changed[place] ^= 1 << bit;
                    if let Ok(opened) = EvmCheck.open("eip155:1", &unsigned, &changed) {
                        assert!(
                            opened.unsigned != unsigned || opened.signer != leg.signer,
                            "byte {place} bit {bit}"
                        );
                        assert_ne!(opened.signer, leg.signer, "byte {place} bit {bit}");
                    }
                }
            }
        }
    }
}
