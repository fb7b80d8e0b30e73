//! Returns: what is refused, what is built, and that no byte of it can change unseen.

use k256::ecdsa::signature::hazmat::PrehashSigner;
use k256::ecdsa::{Signature, SigningKey};
use proptest::prelude::*;
use recover_chain_cosmos::address;
use recover_chain_cosmos::key::PublicKey;
use recover_chain_cosmos::networks::KeyRule;
use recover_chain_cosmos::returns::{
    Destination, Deviation, Fee, ReturnRefusal, ReturnRequest, SignMode, build, decode, verify,
    verify_signed,
};
use recover_core::address::Payload;
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::network::NetworkId;
use sha2::{Digest, Sha256};
use sha3::Keccak256;

/// A key of the tests; it holds nothing anywhere.
pub fn signing_key() -> SigningKey {
    SigningKey::from_slice(&[0x42; 32]).unwrap()
}

pub fn public_key() -> PublicKey {
    let point = signing_key().verifying_key().to_encoded_point(true);
    PublicKey::from_bytes(point.as_bytes()).unwrap()
}

pub fn request(network: &str, prefix: &str, rule: KeyRule) -> ReturnRequest {
    ReturnRequest {
        network: NetworkId::new(network),
        chain: format!("{network}-1"),
        from: address::format(prefix, &public_key().account(rule)).unwrap(),
        to: Destination::Account(address::format(prefix, &Payload::Hash160([9; 20])).unwrap()),
        denom: "uatom".to_owned(),
        amount: Amount::from_u128(1_250_000),
        memo: "0071".to_owned(),
        fee: Fee {
            denom: "uatom".to_owned(),
            amount: Amount::from_u128(1_000),
            gas_limit: 200_000,
        },
        timeout_height: Height(26_300_000),
        account_number: 12,
        sequence: 3,
        public_key: Some(public_key()),
        mode: SignMode::Direct,
    }
}

pub fn plain() -> ReturnRequest {
    request("cosmos", "cosmos", KeyRule::Cosmos)
}

pub fn over_ibc() -> ReturnRequest {
    ReturnRequest {
        to: Destination::OverIbc {
            port: "transfer".to_owned(),
            channel: "channel-141".to_owned(),
            receiver: address::format("osmo", &Payload::Hash160([9; 20]))
                .unwrap()
                .text()
                .to_owned(),
            timeout_nanoseconds: 1_790_000_000_000_000_000,
        },
        denom: address::voucher_denom("transfer/channel-141/uosmo"),
        ..plain()
    }
}

fn refused(request: &ReturnRequest) -> &'static str {
    build(request)
        .map_err(|refusal| refusal.code())
        .err()
        .unwrap_or("built")
}

#[test]
fn pitfall_080_an_unset_public_key_must_be_supplied_and_must_be_the_accounts() {
    let missing = ReturnRequest {
        public_key: None,
        ..plain()
    };
    assert_eq!(refused(&missing), "public_key_missing");
    let other = SigningKey::from_slice(&[0x43; 32])
        .unwrap()
        .verifying_key()
        .to_encoded_point(true);
    let foreign = ReturnRequest {
        public_key: PublicKey::from_bytes(other.as_bytes()),
        ..plain()
    };
    assert_eq!(refused(&foreign), "public_key_of_another");
    // Supplied, it stands in the bytes that are signed.
    let built = build(&plain()).unwrap();
    let key = hex::encode(public_key().bytes());
    assert!(hex::encode(&built.sign_bytes).contains(&key));
}

#[test]
fn pitfall_080_a_key_of_another_algorithm_signs_for_another_account() {
    // The same key makes another account under Ethereum's rule; its Cosmos account is refused on Injective.
    let other = ReturnRequest {
        from: address::format("inj", &public_key().account(KeyRule::Cosmos)).unwrap(),
        ..request("injective", "inj", KeyRule::Ethereum)
    };
    assert_eq!(refused(&other), "public_key_of_another");
    let built = build(&request("injective", "inj", KeyRule::Ethereum)).unwrap();
    let text = String::from_utf8_lossy(&built.auth_info).into_owned();
    assert!(
        text.contains("/injective.crypto.v1beta1.ethsecp256k1.PubKey"),
        "{text}"
    );
}

#[test]
fn pitfall_080_the_fee_is_what_was_approved_and_nothing_else() {
    let gasless = ReturnRequest {
        fee: Fee {
            gas_limit: 0,
            ..plain().fee
        },
        ..plain()
    };
    assert_eq!(refused(&gasless), "gas_missing");
    let odd = ReturnRequest {
        fee: Fee {
            denom: "1x".to_owned(),
            ..plain().fee
        },
        ..plain()
    };
    assert_eq!(refused(&odd), "denomination");
    // A fee in another coin leaves the returned coin alone, and a fee of nothing is no coin of zero.
    let other = ReturnRequest {
        fee: Fee {
            denom: "uosmo".to_owned(),
            ..plain().fee
        },
        ..plain()
    };
    assert_eq!(other.needs().len(), 2);
    assert_eq!(
        plain().needs(),
        [("uatom".to_owned(), Some(Amount::from_u128(1_251_000)))]
    );
    let free = ReturnRequest {
        fee: Fee {
            amount: Amount::ZERO,
            ..plain().fee
        },
        ..plain()
    };
    assert_eq!(decode(&build(&free).unwrap().sign_bytes).unwrap().fee, "");
}

#[test]
fn pitfall_080_one_coin_goes_and_the_others_stay() {
    let summary = decode(&build(&plain()).unwrap().sign_bytes).unwrap();
    assert_eq!(
        (summary.denom.as_str(), summary.amount.as_str()),
        ("uatom", "1250000")
    );
    let two = ReturnRequest {
        denom: "uatom,uosmo".to_owned(),
        ..plain()
    };
    assert_eq!(refused(&two), "denomination");
}

#[test]
fn pitfall_080_a_memo_is_kept_character_by_character() {
    for memo in [
        "",
        "0",
        "0071",
        " 71",
        "71 ",
        "7 1",
        "\u{FF17}\u{FF11}",
        "<&>",
    ] {
        for mode in [SignMode::Direct, SignMode::AminoJson] {
            let request = ReturnRequest {
                memo: memo.to_owned(),
                mode,
                ..plain()
            };
            let bytes = build(&request).unwrap().sign_bytes;
            assert_eq!(decode(&bytes).unwrap().memo, memo);
            assert_eq!(verify(&bytes, &request), Ok(()));
        }
    }
    for memo in ["71\n", "71\u{7}", "71\u{2028}"] {
        let odd = ReturnRequest {
            memo: memo.to_owned(),
            ..plain()
        };
        assert_eq!(refused(&odd), "memo_letter", "{memo:?}");
    }
    let long = ReturnRequest {
        memo: "7".repeat(257),
        ..plain()
    };
    assert_eq!(refused(&long), "memo_too_long");
    let most = ReturnRequest {
        memo: "7".repeat(256),
        ..plain()
    };
    assert_eq!(refused(&most), "built");
}

#[test]
fn pitfall_080_a_voucher_goes_back_over_its_channel_or_stays_on_its_network() {
    for mode in [SignMode::Direct, SignMode::AminoJson] {
        let request = ReturnRequest { mode, ..over_ibc() };
        let bytes = build(&request).unwrap().sign_bytes;
        let summary = decode(&bytes).unwrap();
        assert_eq!(summary.message, "/ibc.applications.transfer.v1.MsgTransfer");
        assert_eq!(summary.channel.as_deref(), Some("transfer/channel-141"));
        // What the recipient needs travels in the packet; the transaction's own memo stays empty.
        assert_eq!(
            (summary.memo.as_str(), summary.packet_memo.as_deref()),
            ("", Some("0071"))
        );
        assert_eq!(verify(&bytes, &request), Ok(()));
    }
    // To an address of the other network by a plain payment: it would never arrive.
    let lost = ReturnRequest {
        to: Destination::Account(address::format("osmo", &Payload::Hash160([9; 20])).unwrap()),
        ..over_ibc()
    };
    assert_eq!(refused(&lost), "recipient_of_another_network");
    let way = |change: fn(&mut String, &mut String, &mut String, &mut u64)| {
        let mut request = over_ibc();
        if let Destination::OverIbc {
            port,
            channel,
            receiver,
            timeout_nanoseconds,
        } = &mut request.to
        {
            change(port, channel, receiver, timeout_nanoseconds);
        }
        refused(&request)
    };
    assert_eq!(
        way(|port, _, _, _| *port = "wasm.osmo1x".to_owned()),
        "ibc_incomplete"
    );
    assert_eq!(
        way(|_, channel, _, _| *channel = "141".to_owned()),
        "ibc_incomplete"
    );
    assert_eq!(way(|_, _, receiver, _| receiver.clear()), "ibc_incomplete");
    assert_eq!(
        way(|_, _, receiver, _| *receiver = plain().from.text().to_owned()),
        "ibc_incomplete"
    );
    assert_eq!(way(|_, _, _, timeout| *timeout = 0), "ibc_incomplete");
}

#[test]
fn own_refusals_come_in_their_order() {
    let cosmos = |payload: &Payload| address::format("cosmos", payload).unwrap();
    let cases: Vec<(&str, ReturnRequest)> = vec![
        (
            "unknown_network",
            ReturnRequest {
                network: NetworkId::new("stride"),
                ..plain()
            },
        ),
        (
            "payer_of_another_network",
            ReturnRequest {
                from: address::format("osmo", &plain().from.payload()).unwrap(),
                ..plain()
            },
        ),
        (
            "payer_is_no_key",
            ReturnRequest {
                from: cosmos(&Payload::Contract32([9; 32])),
                ..plain()
            },
        ),
        (
            "recipient_is_payer",
            ReturnRequest {
                to: Destination::Account(plain().from),
                ..plain()
            },
        ),
        (
            "recipient_is_module",
            ReturnRequest {
                to: Destination::Account(cosmos(&address::module_account("distribution"))),
                ..plain()
            },
        ),
        (
            "recipient_is_contract",
            ReturnRequest {
                to: Destination::Account(cosmos(&Payload::Contract32([9; 32]))),
                ..plain()
            },
        ),
        (
            "contract_token",
            ReturnRequest {
                denom: cosmos(&Payload::Contract32([9; 32])).text().to_owned(),
                ..plain()
            },
        ),
        (
            "denomination",
            ReturnRequest {
                denom: "ibc/abc".to_owned(),
                ..plain()
            },
        ),
        (
            "nothing_to_return",
            ReturnRequest {
                amount: Amount::ZERO,
                ..plain()
            },
        ),
        (
            "timeout_missing",
            ReturnRequest {
                timeout_height: Height(0),
                ..plain()
            },
        ),
    ];
    for (code, request) in cases {
        assert_eq!(refused(&request), code);
    }
    // Everything wrong at once: the first of the list is told.
    let all = ReturnRequest {
        network: NetworkId::new("stride"),
        public_key: None,
        amount: Amount::ZERO,
        ..plain()
    };
    assert_eq!(refused(&all), "unknown_network");
}

fn deviation(bytes: &[u8], request: &ReturnRequest) -> String {
    match verify(bytes, request) {
        Err(ReturnRefusal::Deviates(Deviation::Field { field, .. })) => field.to_owned(),
        Err(other) => other.to_string(),
        Ok(()) => "verified".to_owned(),
    }
}

#[test]
fn own_every_field_that_deviates_is_named() {
    for mode in [SignMode::Direct, SignMode::AminoJson] {
        let approved = ReturnRequest { mode, ..plain() };
        let other =
            Destination::Account(address::format("cosmos", &Payload::Hash160([8; 20])).unwrap());
        let cases: Vec<(&str, ReturnRequest)> = vec![
            ("verified", approved.clone()),
            (
                "to",
                ReturnRequest {
                    to: other,
                    ..approved.clone()
                },
            ),
            (
                "denom",
                ReturnRequest {
                    denom: "uosmo".to_owned(),
                    ..approved.clone()
                },
            ),
            (
                "amount",
                ReturnRequest {
                    amount: Amount::from_u128(1_250_001),
                    ..approved.clone()
                },
            ),
            (
                "memo",
                ReturnRequest {
                    memo: "71".to_owned(),
                    ..approved.clone()
                },
            ),
            (
                "fee",
                ReturnRequest {
                    fee: Fee {
                        amount: Amount::from_u128(9),
                        ..approved.fee.clone()
                    },
                    ..approved.clone()
                },
            ),
            (
                "gas_limit",
                ReturnRequest {
                    fee: Fee {
                        gas_limit: 1,
                        ..approved.fee.clone()
                    },
                    ..approved.clone()
                },
            ),
            (
                "timeout_height",
                ReturnRequest {
                    timeout_height: Height(1),
                    ..approved.clone()
                },
            ),
            (
                "chain",
                ReturnRequest {
                    chain: "theta-testnet-001".to_owned(),
                    ..approved.clone()
                },
            ),
            (
                "account_number",
                ReturnRequest {
                    account_number: 13,
                    ..approved.clone()
                },
            ),
            (
                "sequence",
                ReturnRequest {
                    sequence: 4,
                    ..approved.clone()
                },
            ),
            ("message", ReturnRequest { mode, ..over_ibc() }),
        ];
        for (field, changed) in cases {
            let bytes = build(&changed).unwrap().sign_bytes;
            assert_eq!(deviation(&bytes, &approved), field, "{mode:?}");
        }
    }
    let direct = build(&plain()).unwrap().sign_bytes;
    let amino = ReturnRequest {
        mode: SignMode::AminoJson,
        ..plain()
    };
    assert_eq!(deviation(&direct, &amino), "mode");
    for (field, change) in [("channel", 0_usize), ("channel_timeout", 1), ("to", 2)] {
        let mut changed = over_ibc();
        if let Destination::OverIbc {
            channel,
            timeout_nanoseconds,
            receiver,
            ..
        } = &mut changed.to
        {
            match change {
                0 => *channel = "channel-0".to_owned(),
                1 => *timeout_nanoseconds += 1,
                _ => {
                    *receiver = address::format("osmo", &Payload::Hash160([8; 20]))
                        .unwrap()
                        .text()
                        .to_owned()
                }
            }
        }
        assert_eq!(
            deviation(&build(&changed).unwrap().sign_bytes, &over_ibc()),
            field
        );
    }
}

#[test]
fn own_json_that_is_written_otherwise_is_refused() {
    let request = ReturnRequest {
        mode: SignMode::AminoJson,
        ..plain()
    };
    let text = String::from_utf8(build(&request).unwrap().sign_bytes).unwrap();
    for changed in [
        text.replacen('{', "{ ", 1),
        text.replacen("\"memo\"", "\"extra\":\"1\",\"memo\"", 1),
        text.replacen("\"account_number\":\"12\"", "\"account_number\":12", 1),
        text.replacen(
            "\"msgs\":[",
            "\"msgs\":[{\"type\":\"cosmos-sdk/MsgSend\",\"value\":{}},",
            1,
        ),
    ] {
        assert_ne!(changed, text);
        let refusal = verify(changed.as_bytes(), &request).unwrap_err();
        assert_eq!(refusal.code(), "deviates", "{changed}");
    }
}

fn sign(request: &ReturnRequest, rule: KeyRule) -> [u8; 64] {
    let bytes = build(request).unwrap().sign_bytes;
    let digest: [u8; 32] = match rule {
        KeyRule::Cosmos => Sha256::digest(&bytes).into(),
        KeyRule::Ethereum => Keccak256::digest(&bytes).into(),
    };
    let signature: Signature = signing_key().sign_prehash(&digest).unwrap();
    signature
        .normalize_s()
        .unwrap_or(signature)
        .to_bytes()
        .into()
}

#[test]
fn pitfall_104_signed_bytes_that_were_changed_are_refused() {
    for mode in [SignMode::Direct, SignMode::AminoJson] {
        for (request, rule) in [
            (plain(), KeyRule::Cosmos),
            (over_ibc(), KeyRule::Cosmos),
            (
                request("injective", "inj", KeyRule::Ethereum),
                KeyRule::Ethereum,
            ),
        ] {
            let request = ReturnRequest { mode, ..request };
            let signature = sign(&request, rule);
            let raw = build(&request).unwrap().with_signature(&signature);
            assert_eq!(verify_signed(&raw, &request), Ok(()));
            let more = ReturnRequest {
                amount: Amount::from_u128(9),
                ..request.clone()
            };
            let changed = build(&more).unwrap().with_signature(&sign(&more, rule));
            assert!(matches!(
                verify_signed(&changed, &request),
                Err(ReturnRefusal::Deviates(Deviation::Field {
                    field: "amount",
                    ..
                }))
            ));
            let mut forged = signature;
            forged[10] ^= 1;
            let unsigned = build(&request).unwrap().with_signature(&forged);
            assert_eq!(
                verify_signed(&unsigned, &request),
                Err(ReturnRefusal::Deviates(Deviation::Signature))
            );
            // A signature for another chain or sequence is no signature for this one.
            let elsewhere = ReturnRequest {
                chain: "theta-testnet-001".to_owned(),
                ..request.clone()
            };
            let foreign = build(&request)
                .unwrap()
                .with_signature(&sign(&elsewhere, rule));
            assert!(verify_signed(&foreign, &request).is_err());
        }
    }
}

proptest! {
    #[test]
    fn pitfall_105_what_is_shown_is_what_is_signed(
        amount in 1_u128..,
        memo in "[ -~]{0,40}",
        sequence in any::<u64>(),
        number in any::<u64>(),
        gas in 1_u64..,
        amino: bool,
        ibc: bool,
    ) {
        let request = ReturnRequest {
            amount: Amount::from_u128(amount),
            memo: memo.clone(),
            sequence,
            account_number: number,
            fee: Fee { gas_limit: gas, ..plain().fee },
            mode: if amino { SignMode::AminoJson } else { SignMode::Direct },
            ..if ibc { over_ibc() } else { plain() }
        };
        let bytes = build(&request).unwrap().sign_bytes;
        let summary = decode(&bytes).unwrap();
        prop_assert_eq!(&summary.amount, &amount.to_string());
        prop_assert_eq!(if ibc { summary.packet_memo.as_deref() } else { Some(summary.memo.as_str()) }, Some(memo.as_str()));
        prop_assert_eq!(summary.sequence, sequence.to_string());
        prop_assert_eq!(summary.account_number, number.to_string());
        prop_assert_eq!(verify(&bytes, &request), Ok(()));
    }

    #[test]
    fn pitfall_104_no_changed_byte_passes(place in any::<prop::sample::Index>(), bit in 0_u8..8, amino: bool, ibc: bool) {
        let request = ReturnRequest {
            mode: if amino { SignMode::AminoJson } else { SignMode::Direct },
            ..if ibc { over_ibc() } else { plain() }
        };
        let mut bytes = build(&request).unwrap().sign_bytes;
        let index = place.index(bytes.len());
        bytes[index] ^= 1 << bit;
        prop_assert!(verify(&bytes, &request).is_err());
        bytes.push(0);
        prop_assert!(verify(&bytes, &request).is_err());
    }
}
