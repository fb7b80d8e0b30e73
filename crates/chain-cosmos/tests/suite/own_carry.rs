//! Carrying returns over a network of our own, through both APIs: laid out, built, sent and followed to the end.

use crate::ledger::{CHAIN, Checked, Included, Ledger, now};
use crate::own_check::signed;
use crate::own_returns::{plain, public_key, signing_key};
use crate::world::field;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use k256::ecdsa::SigningKey;
use recover_chain_cosmos::networks::KeyRule;
use recover_chain_cosmos::returns::{ReturnRequest, UnsignedReturn, build, decode};
use recover_chain_cosmos::{CosmosCheck, address, carry_with};
use recover_core::address::{Address, Payload};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, TxId};
use recover_core::book::ControlRecord;
use recover_core::check::{Check, Signed, Slot};
use recover_core::memo::{Memo, place};
use recover_core::network::NetworkId;
use recover_core::observation::{Mechanism, Observation, Outcome, Position};
use recover_core::plan::{Leg, LegKind};
use recover_core::verdict::{How, Reason, Verdict};
use recover_source::carry::{
    Carry, CarryError, Order, Sending, Sequence, Standing, Tracked, Unsigned, Wallet,
};
use recover_source::retry::RetryPolicy;
use recover_source::settings::SourceSettings;
use serde_json::json;
use std::sync::Arc;

fn ours() -> Address {
    plain().from
}

fn customer() -> Address {
    address::format("cosmos", &Payload::Hash160([9; 20])).unwrap()
}

fn network() -> NetworkId {
    NetworkId::new("cosmos")
}

/// The network through each of its APIs. `own` sources prove that what they do not find does not exist.
fn doors(ledger: &Ledger, own: bool) -> [Arc<dyn Carry>; 2] {
    let door = |kind: &str, transport| {
        let mut settings = SourceSettings::new(network(), CHAIN, kind, "http://own.example");
        settings.retry = RetryPolicy::once();
        settings.address_prefix = Some("cosmos".to_owned());
        settings.proves_absence = own;
        carry_with(settings, transport)
    };
    [
        door("comet_rpc", ledger.comet()),
        door("cosmos_rest", ledger.gateway()),
    ]
}

fn ledger() -> Ledger {
    Ledger::new(ours().text())
}

/// A deposit and what shall become of it.
struct Case {
    credit: Observation,
    purpose: LegKind,
    verdict: Verdict,
    recipient: String,
    memo: Option<Memo>,
    asset: AssetId,
    amount: u128,
    keys: Vec<(String, String)>,
}

fn case() -> Case {
    let asset = AssetId::native(network());
    let amount = Amount::from_u128(1_250_000);
    Case {
        credit: Observation {
            network: network(),
            tx_id: TxId::new(&"AB".repeat(32)),
            position: Position::new("msg:0.0"),
            block: None,
            from: Some(customer()),
            to: ours(),
            asset: asset.clone(),
            amount,
            amount_stated: amount,
            balance_delta: None,
            memos: Vec::new(),
            mechanism: Mechanism::TopLevel,
            outcome: Outcome::Success,
            flags: Vec::new(),
        },
        purpose: LegKind::Return,
        verdict: Verdict::Controllable(How::SameKey),
        recipient: customer().text().to_owned(),
        memo: Some(Memo::text(b"0071", place::MEMO)),
        asset,
        amount: 1_250_000,
        keys: Vec::new(),
    }
}

async fn plan(door: &Arc<dyn Carry>, case: &Case) -> Result<Vec<Leg>, CarryError> {
    let wallet = Wallet {
        treasury: customer().text().to_owned(),
        gas: None,
        keys: case.keys.clone(),
        factories: Vec::new(),
    };
    door.plan(&Order {
        credit: &case.credit,
        purpose: case.purpose,
        verdict: &case.verdict,
        control: &ControlRecord::Key,
        recipient: &case.recipient,
        memo: case.memo.as_ref(),
        asset: &case.asset,
        amount: Amount::from_u128(case.amount),
        held_for_others: recover_core::amount::Amount::ZERO,
        wallet: &wallet,
        fee_margin_percent: 20,
    })
    .await
}

async fn leg_of(door: &Arc<dyn Carry>, case: &Case) -> Leg {
    let mut legs = plan(door, case).await.unwrap();
    assert_eq!(legs.len(), 1);
    legs.remove(0)
}

fn code<T: std::fmt::Debug>(answer: Result<T, CarryError>) -> &'static str {
    match answer {
        Ok(_) => "done",
        Err(CarryError::Refused { code, .. }) => code,
        Err(CarryError::FeeAboveLimit { .. }) => "fee_above_limit",
        Err(CarryError::ByHand { .. }) => "by_hand",
        Err(CarryError::Source(_)) => "source",
    }
}

/// Signs what was built, outside of everything, and opens it again as import does.
fn sign(unsigned: &Unsigned, key: &SigningKey) -> Signed {
    let built = parts(&unsigned.bytes);
    let raw = signed(&built, KeyRule::Cosmos, key);
    CosmosCheck
        .open(&format!("cosmos:{CHAIN}"), &unsigned.bytes, &raw)
        .unwrap()
}

/// Body and signer of a document, which is four fields.
fn parts(document: &[u8]) -> UnsignedReturn {
    fn length(bytes: &[u8]) -> (usize, usize) {
        let mut value = 0;
        for (index, byte) in bytes.iter().enumerate() {
            value |= usize::from(byte & 0x7F) << (7 * index);
            if byte & 0x80 == 0 {
                return (value, index + 1);
            }
        }
        panic!("no length")
    }
    let mut rest = document;
    let mut fields = [0x0A, 0x12].map(|tag| {
        assert_eq!(rest[0], tag);
        let (size, read) = length(&rest[1..]);
        let field = rest[1 + read..1 + read + size].to_vec();
        rest = &rest[1 + read + size..];
        field
    });
    UnsignedReturn {
        sign_bytes: document.to_vec(),
        body: std::mem::take(&mut fields[0]),
        auth_info: std::mem::take(&mut fields[1]),
    }
}

const LIFE: u32 = 600;

async fn built(door: &Arc<dyn Carry>, leg: &Leg) -> Unsigned {
    door.build(leg, 3, now(2_000), LIFE).await.unwrap()
}

fn tracked<'a>(leg: &'a Leg, unsigned: &'a Unsigned, tx_id: Option<&'a TxId>) -> Tracked<'a> {
    Tracked {
        leg,
        slot: &unsigned.slot,
        tx_id,
        valid_until: unsigned.valid_until,
        valid_through: unsigned.valid_through,
    }
}

fn named(standing: &Standing) -> &'static str {
    match standing {
        Standing::NotSeen => "not_seen",
        Standing::Pending { .. } => "pending",
        Standing::Included(_) => "included",
        Standing::Failed(_) => "failed",
        Standing::Replaced { .. } => "replaced",
        Standing::Expired { .. } => "expired",
        Standing::Unknown { .. } => "unknown",
    }
}

#[tokio::test]
async fn own_a_return_is_laid_out_built_signed_sent_and_found() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, true)[side];
        let leg = leg_of(door, &case()).await;
        assert_eq!(leg.kind, LegKind::Return);
        assert_eq!(leg.chain, "cosmos:cosmos-1");
        assert_eq!(
            (leg.signer.as_str(), leg.route.as_deref()),
            (ours().text(), None)
        );
        assert_eq!(
            leg.signer_key.as_deref(),
            Some(hex::encode(public_key().bytes()).as_str())
        );
        // 200,000 gas at 0.005 and a fifth more.
        assert_eq!(leg.fee_max, Amount::from_u128(1_200));
        let next = door.sequence(ours().text()).await.unwrap();
        assert_eq!(
            next,
            Sequence {
                next: 3,
                next_final: 3
            }
        );
        let unsigned = built(door, &leg).await;
        assert_eq!(
            unsigned.slot,
            Slot {
                account: ours().text().to_owned(),
                sequence: 3,
                is_ticket: false
            }
        );
        // Ten minutes of blocks of six seconds.
        assert_eq!(unsigned.valid_through, Some(Height(2_100)));
        assert_eq!(unsigned.fee, leg.fee_max);
        let decoded = CosmosCheck.verify(&leg, &unsigned.bytes).unwrap();
        assert_eq!(decoded.slot, unsigned.slot);
        let summary = decode(&unsigned.bytes).unwrap();
        assert_eq!(
            (summary.account_number.as_str(), summary.memo.as_str()),
            ("12", "0071")
        );

        let signed = sign(&unsigned, &signing_key());
        assert_eq!(signed.unsigned, unsigned.bytes);
        let id = signed.tx_id.clone();
        let look = tracked(&leg, &unsigned, Some(&id));
        assert_eq!(door.standing(&look).await.unwrap(), Standing::NotSeen);
        let sent = door.send(&signed).await;
        assert!(
            matches!(&sent, Sending::Accepted { by } if by.len() == 1),
            "{sent:?}"
        );
        assert_eq!(
            ledger.state.lock().unwrap().received,
            std::slice::from_ref(&signed.bytes)
        );
        assert_eq!(door.standing(&look).await.unwrap(), Standing::NotSeen);
        ledger.include(&unsigned.bytes, &signed.bytes, 0);
        for look in [look, tracked(&leg, &unsigned, None)] {
            let Standing::Included(found) = door.standing(&look).await.unwrap() else {
                panic!("it is in a block");
            };
            assert_eq!(found.deviations, []);
            assert_eq!((found.tx_id, found.is_final), (id.clone(), true));
            assert_eq!(found.block.height, Height(2_001));
            assert_eq!(found.fee, leg.fee_max);
            assert_eq!(found.signer, ours().text());
        }
        assert_eq!(door.sequence(ours().text()).await.unwrap().next, 4);
    }
}

#[tokio::test]
async fn pitfall_080_a_key_that_the_network_does_not_know_comes_from_the_wallet() {
    for side in 0..2 {
        let ledger = ledger();
        ledger.set(|state| state.key_known = false);
        let door = &doors(&ledger, true)[side];
        assert_eq!(code(plan(door, &case()).await), "public_key_missing");
        let key = hex::encode(public_key().bytes());
        let supplied = Case {
            keys: vec![(ours().text().to_owned(), key.to_uppercase())],
            ..case()
        };
        let leg = leg_of(door, &supplied).await;
        assert_eq!(leg.signer_key.as_deref(), Some(key.as_str()));
        let other = SigningKey::from_slice(&[0x43; 32]).unwrap();
        let other = hex::encode(other.verifying_key().to_encoded_point(true).as_bytes());
        let foreign = Case {
            keys: vec![(ours().text().to_owned(), other)],
            ..case()
        };
        assert_eq!(code(plan(door, &foreign).await), "public_key_of_another");
    }
}

#[tokio::test]
async fn own_what_cannot_be_carried_is_refused_by_a_stable_code() {
    type Change = fn(&mut Case);
    let cases: [(&str, Change); 14] = [
        ("not_controllable", |case| {
            case.verdict = Verdict::NotRecoverable(Reason::KeyLost);
        }),
        ("by_hand", |case| case.purpose = LegKind::Flush),
        ("by_hand", |case| {
            let contract = address::format("cosmos", &Payload::Contract32([9; 32])).unwrap();
            case.asset = AssetId::contract(network(), contract.text());
        }),
        ("asset_unlisted", |case| {
            case.asset = AssetId::unlisted(network(), "ATOM");
        }),
        ("asset_of_another_network", |case| {
            case.asset = AssetId::native(NetworkId::new("osmosis"));
        }),
        ("balance_too_low", |case| case.amount = 4_999_000),
        ("nothing_to_return", |case| case.amount = 0),
        ("memo_too_long", |case| {
            case.memo = Some(Memo::text(&[b'7'; 257], place::MEMO));
        }),
        ("memo_kind", |case| {
            case.memo.as_mut().unwrap().kind = recover_core::memo::MemoKind::Hash;
        }),
        ("recipient_is_payer", |case| {
            case.recipient = ours().text().to_owned();
        }),
        ("recipient_is_module", |case| {
            let module = address::format("cosmos", &address::module_account("gov")).unwrap();
            case.recipient = module.text().to_owned();
        }),
        ("recipient_is_contract", |case| {
            let contract = address::format("cosmos", &Payload::Contract32([9; 32])).unwrap();
            case.recipient = contract.text().to_owned();
        }),
        ("recipient_of_another_network", |case| {
            case.purpose = LegKind::Transfer;
            case.recipient = address::format("osmo", &Payload::Hash160([9; 20]))
                .unwrap()
                .text()
                .to_owned();
        }),
        ("account_absent", |case| {
            case.credit.to = address::format("cosmos", &Payload::Hash160([8; 20])).unwrap();
        }),
    ];
    let ledger = ledger();
    for door in doors(&ledger, true) {
        for (expected, change) in cases {
            let mut changed = case();
            change(&mut changed);
            assert_eq!(code(plan(&door, &changed).await), expected);
        }
        assert_eq!(
            code(door.sequence(customer().text()).await),
            "account_absent"
        );
    }
}

#[tokio::test]
async fn own_a_coin_that_pays_no_fees_needs_the_networks_own_beside_it() {
    let voucher = address::voucher_denom("transfer/channel-141/uosmo");
    for side in 0..2 {
        let ledger = ledger();
        ledger.set(|state| {
            state.spendable = [(voucher.clone(), 2_000_000), ("uatom".to_owned(), 1_199)].into();
        });
        let door = &doors(&ledger, true)[side];
        let case = Case {
            asset: AssetId::contract(network(), &voucher),
            ..case()
        };
        assert_eq!(code(plan(door, &case).await), "fee_balance_too_low");
        ledger.set(|state| {
            state.spendable.insert("uatom".to_owned(), 1_200);
        });
        let leg = leg_of(door, &case).await;
        assert_eq!(
            decode(&built(door, &leg).await.bytes).unwrap().denom,
            voucher
        );
    }
}

#[tokio::test]
async fn own_a_trial_run_says_what_the_network_would_refuse() {
    for side in 0..2 {
        for (words, expected) in [
            (
                "cosmos1… is not allowed to receive funds: unauthorized",
                "recipient_blocked",
            ),
            (
                "uatom transfers are currently disabled: send transactions are disabled",
                "transfers_disabled",
            ),
            (
                "spendable balance 1uatom is smaller than 2uatom: insufficient funds",
                "balance_too_low",
            ),
            ("channel not found: port-id: transfer", "channel_closed"),
            ("something new", "simulation_failed"),
        ] {
            let ledger = ledger();
            let door = &doors(&ledger, true)[side];
            let leg = leg_of(door, &case()).await;
            ledger.set(|state| state.trial = Some(Err(words)));
            assert_eq!(code(plan(door, &case()).await), expected);
            assert_eq!(code(door.build(&leg, 3, now(2_000), LIFE).await), expected);
            // Behind another transaction of the account the network cannot try it.
            assert_eq!(code(door.build(&leg, 4, now(2_000), LIFE).await), "done");
            // A source without trial runs is no reason to stop.
            ledger.set(|state| state.trial = None);
            assert_eq!(code(door.build(&leg, 3, now(2_000), LIFE).await), "done");
            assert_eq!(ledger.state.lock().unwrap().tried, 4);
        }
    }
}

#[tokio::test]
async fn pitfall_039_a_price_that_rose_above_the_limit_asks_for_a_new_quote() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, true)[side];
        let leg = leg_of(door, &case()).await;
        ledger.set(|state| state.prices = "0.006uatom".to_owned());
        assert_eq!(code(door.build(&leg, 3, now(2_000), LIFE).await), "done");
        ledger.set(|state| state.prices = "0.01uatom".to_owned());
        let refused = door.build(&leg, 3, now(2_000), LIFE).await;
        assert!(
            matches!(&refused, Err(CarryError::FeeAboveLimit { needed, approved })
                if *needed == Amount::from_u128(2_000) && *approved == leg.fee_max),
            "{refused:?}"
        );
        // More gas than usual costs more too.
        ledger.set(|state| {
            state.prices = "0.005uatom".to_owned();
            state.trial = Some(Ok(180_000));
        });
        let unsigned = built(door, &leg).await;
        assert_eq!(decode(&unsigned.bytes).unwrap().gas_limit, "234000");
        ledger.set(|state| state.trial = Some(Ok(190_000)));
        assert_eq!(
            code(door.build(&leg, 3, now(2_000), LIFE).await),
            "fee_above_limit"
        );
    }
}

#[tokio::test]
async fn own_nothing_is_built_for_a_used_slot_a_stale_block_or_another_chain() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, true)[side];
        let leg = leg_of(door, &case()).await;
        assert_eq!(
            code(door.build(&leg, 2, now(2_000), LIFE).await),
            "sequence_used"
        );
        // The newest block is of 16 minutes ago.
        assert_eq!(code(door.build(&leg, 3, now(2_160), LIFE).await), "source");
        let other = Leg {
            chain: "cosmos:cosmos-2".to_owned(),
            ..leg.clone()
        };
        assert_eq!(
            code(door.build(&other, 3, now(2_000), LIFE).await),
            "wrong_network"
        );
        // A node that keeps few blocks measures over fewer.
        ledger.set(|state| state.lowest = 1_950);
        assert_eq!(built(door, &leg).await.valid_through, Some(Height(2_100)));
        ledger.set(|state| state.lowest = 1_995);
        assert_eq!(code(door.build(&leg, 3, now(2_000), LIFE).await), "source");
    }
}

/// A coin that came over IBC goes home by the channel that the deposit's own packet names.
#[tokio::test]
async fn own_a_voucher_goes_home_over_the_channel_by_which_it_came() {
    let home = address::format("osmo", &Payload::Hash160([9; 20])).unwrap();
    let voucher = address::voucher_denom("transfer/channel-141/uosmo");
    let data = json!({"amount": "1250000", "denom": "uosmo", "sender": home.text(), "receiver": ours().text()}).to_string();
    let packet = [
        field(2, b"transfer"),
        field(3, b"channel-0"),
        field(4, b"transfer"),
        field(5, b"channel-141"),
        field(6, data.as_bytes()),
    ]
    .concat();
    let any = [
        field(1, b"/ibc.core.channel.v1.MsgRecvPacket"),
        field(2, &field(1, &packet)),
    ]
    .concat();
    let raw = [field(1, &field(1, &any)), field(2, b""), field(3, &[1; 64])].concat();
    for side in 0..2 {
        let ledger = ledger();
        ledger.set(|state| {
            state.spendable.insert(voucher.clone(), 2_000_000);
        });
        ledger.put(Included {
            height: 0,
            raw: raw.clone(),
            code: 0,
            space: "",
            json: json!({"body": {"messages": [{"@type": "/ibc.core.channel.v1.MsgRecvPacket", "packet": {
                "source_port": "transfer", "source_channel": "channel-0", "destination_port": "transfer",
                "destination_channel": "channel-141", "data": STANDARD.encode(&data)}}], "memo": ""}}),
            events: Vec::new(),
            slot: "a relayer's".to_owned(),
        });
        ledger.set(|state| state.account = Some((12, 3)));
        let door = &doors(&ledger, false)[side];
        let mut case = Case {
            recipient: home.text().to_owned(),
            asset: AssetId::contract(network(), &voucher),
            ..case()
        };
        case.credit.tx_id = address::tx_id_of(&raw);
        let leg = leg_of(door, &case).await;
        assert_eq!(leg.route.as_deref(), Some("transfer/channel-141"));
        assert_eq!(leg.recipient, home.text());
        assert_eq!(leg.memo.as_ref().unwrap().place, place::PACKET_MEMO);
        assert_eq!(leg.fee_max, Amount::from_u128(2_400));
        let unsigned = door.build(&leg, 3, now(2_001), LIFE).await.unwrap();
        let summary = decode(&unsigned.bytes).unwrap();
        assert_eq!(summary.packet_memo.as_deref(), Some("0071"));
        // The packet outlives the last block by an hour: 03:20:06 and ten minutes and one hour.
        assert_eq!(
            summary.channel_timeout.as_deref(),
            Some("1767241806000000000")
        );
        let signed = sign(&unsigned, &signing_key());
        ledger.include(&unsigned.bytes, &signed.bytes, 0);
        let standing = door
            .standing(&tracked(&leg, &unsigned, Some(&signed.tx_id)))
            .await
            .unwrap();
        assert!(
            matches!(&standing, Standing::Included(found) if found.deviations.is_empty()),
            "{standing:?}"
        );
        // Nobody else on that network sent this deposit.
        case.recipient = address::format("osmo", &Payload::Hash160([8; 20]))
            .unwrap()
            .text()
            .to_owned();
        assert_eq!(code(plan(door, &case).await), "route_unknown");
        // Without the deposit's transaction nobody knows the way.
        ledger.set(|state| state.finds_ids = false);
        assert_eq!(code(plan(door, &case).await), "source");
    }
}

#[tokio::test]
async fn pitfall_094_only_what_can_never_pass_is_called_refused() {
    let check =
        |code: u64, space: &'static str, words: &'static str| Checked { code, space, words };
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, true)[side];
        let leg = leg_of(door, &case()).await;
        let signed = sign(&built(door, &leg).await, &signing_key());
        for (answer, expected) in [
            (check(0, "", ""), "accepted"),
            (check(19, "sdk", "tx already in mempool"), "accepted"),
            (check(0, "", "cache"), "accepted"),
            (check(4, "sdk", "signature verification failed"), "refused"),
            (check(30, "sdk", "tx timeout height"), "refused"),
            (check(32, "sdk", "account sequence mismatch"), "unknown"),
            (check(5, "sdk", "insufficient funds"), "unknown"),
            (check(13, "sdk", "insufficient fee"), "unknown"),
            (check(20, "sdk", "mempool is full"), "unknown"),
            (check(4, "wasm", "contract"), "unknown"),
        ] {
            let words = format!("{} {}", answer.code, answer.words);
            ledger.set(|state| state.check = answer);
            let found = match door.send(&signed).await {
                Sending::Accepted { .. } => "accepted",
                Sending::Refused { .. } => "refused",
                Sending::Unknown { .. } => "unknown",
            };
            assert_eq!(found, expected, "{words}");
        }
    }
}

#[tokio::test]
async fn own_a_transaction_that_failed_in_its_block_took_slot_and_fee() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, true)[side];
        let leg = leg_of(door, &case()).await;
        let unsigned = built(door, &leg).await;
        let signed = sign(&unsigned, &signing_key());
        ledger.include(&unsigned.bytes, &signed.bytes, 11);
        for id in [Some(&signed.tx_id), None] {
            let standing = door.standing(&tracked(&leg, &unsigned, id)).await.unwrap();
            let Standing::Failed(found) = standing else {
                panic!("{standing:?}");
            };
            assert_eq!(found.fee, leg.fee_max);
            assert_eq!(found.tx_id, signed.tx_id);
        }
    }
}

/// A transaction that the signature check refuses stands in a block and has taken nothing: it may still come.
#[tokio::test]
async fn own_a_transaction_that_was_refused_in_its_block_is_not_over_before_its_last_height() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, true)[side];
        let leg = leg_of(door, &case()).await;
        let unsigned = built(door, &leg).await;
        let signed = sign(&unsigned, &signing_key());
        ledger.include(&unsigned.bytes, &signed.bytes, 32);
        let look = tracked(&leg, &unsigned, Some(&signed.tx_id));
        let standing = door.standing(&look).await.unwrap();
        assert!(
            matches!(&standing, Standing::Unknown { reason } if reason.contains("sdk 32") && reason.contains("may still")),
            "{standing:?}"
        );
        ledger.set(|state| state.height = 2_121);
        assert_eq!(named(&door.standing(&look).await.unwrap()), "expired");
    }
}

#[tokio::test]
async fn own_a_transaction_expires_by_its_accounts_sequence_and_not_by_an_index() {
    for (side, own) in [(0, true), (0, false), (1, true), (1, false)] {
        let ledger = ledger();
        let door = &doors(&ledger, own)[side];
        let leg = leg_of(door, &case()).await;
        let unsigned = built(door, &leg).await;
        let signed = sign(&unsigned, &signing_key());
        let look = tracked(&leg, &unsigned, Some(&signed.tx_id));
        // The last height, and the blocks that nodes behind one address may be apart.
        for (height, expected) in [
            (2_100, "not_seen"),
            (2_101, "not_seen"),
            (2_120, "not_seen"),
            (2_121, "expired"),
        ] {
            ledger.set(|state| state.height = height);
            assert_eq!(
                named(&door.standing(&look).await.unwrap()),
                expected,
                "{height}"
            );
        }
        let Standing::Expired { proof } = door.standing(&look).await.unwrap() else {
            panic!("it stays expired");
        };
        assert!(
            proof.contains("at block 2121") && proof.contains("block 2100 was the last"),
            "{proof}"
        );
        // Without an end it never expires.
        let endless = Tracked {
            valid_through: None,
            ..look.clone()
        };
        assert_eq!(named(&door.standing(&endless).await.unwrap()), "not_seen");
        // It came into its block and the index is not written yet, or does not tell: that is no expiry and no replacement.
        ledger.set(|state| {
            state.height = 2_050;
            state.finds_ids = false;
            state.finds_slots = false;
        });
        ledger.include(&unsigned.bytes, &signed.bytes, 0);
        assert_eq!(named(&door.standing(&look).await.unwrap()), "unknown");
        // Long after, an own node that has every block would have it; a public one proves nothing.
        ledger.set(|state| state.height = 2_121);
        let expected = if own { "replaced" } else { "unknown" };
        assert_eq!(named(&door.standing(&look).await.unwrap()), expected);
        // Of an account that the source does not know nothing is known.
        ledger.set(|state| state.account = None);
        assert_eq!(named(&door.standing(&look).await.unwrap()), "unknown");
    }
}

#[tokio::test]
async fn own_another_transaction_in_the_slot_replaces_it_and_is_named() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, false)[side];
        let leg = leg_of(door, &case()).await;
        let unsigned = built(door, &leg).await;
        let signed = sign(&unsigned, &signing_key());
        // The signers paid with the same slot themselves, and less.
        let other = build(&ReturnRequest {
            amount: Amount::from_u128(1_249_999),
            timeout_height: Height(2_100),
            ..plain()
        })
        .unwrap();
        let raw = crate::own_check::signed(&other, KeyRule::Cosmos, &signing_key());
        ledger.include(&other.sign_bytes, &raw, 0);
        let look = tracked(&leg, &unsigned, Some(&signed.tx_id));
        assert_eq!(
            door.standing(&look).await.unwrap(),
            Standing::Replaced {
                by: Some(address::tx_id_of(&raw))
            }
        );
        // Who tracks the slot alone sees what it did, and how that differs.
        let Standing::Included(found) = door
            .standing(&tracked(&leg, &unsigned, None))
            .await
            .unwrap()
        else {
            panic!("the slot is used");
        };
        let fields: Vec<&str> = found
            .deviations
            .iter()
            .map(|deviation| deviation.field)
            .collect();
        assert_eq!(fields, ["amount", "movement"]);
        assert_eq!(found.fee, Amount::from_u128(1_000));
        // A public index without the slot proves nothing.
        ledger.set(|state| state.finds_slots = false);
        assert_eq!(named(&door.standing(&look).await.unwrap()), "unknown");
    }
}

/// Two returns to one sender are the same payment but for their sequences. The id of one never settles the other, whose package can
/// still be sent.
#[tokio::test]
async fn pitfall_104_the_same_payment_in_another_slot_is_another_payment() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, false)[side];
        let leg = leg_of(door, &case()).await;
        let unsigned = built(door, &leg).await;
        let signed = sign(&unsigned, &signing_key());
        ledger.include(&unsigned.bytes, &signed.bytes, 0);
        let mut later = unsigned.clone();
        later.slot.sequence = 4;
        let look = tracked(&leg, &later, Some(&signed.tx_id));
        let Standing::Included(found) = door.standing(&look).await.unwrap() else {
            panic!("it is in a block");
        };
        let fields: Vec<&str> = found.deviations.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["sequence"]);
    }
}

/// What signers sent by themselves counts only when the chain shows exactly the approved effect.
#[tokio::test]
async fn pitfall_104_a_transaction_that_does_something_else_beside_deviates() {
    for side in 0..2 {
        let ledger = ledger();
        let door = &doors(&ledger, false)[side];
        let leg = leg_of(door, &case()).await;
        let unsigned = built(door, &leg).await;
        let signed = sign(&unsigned, &signing_key());
        ledger.include(&unsigned.bytes, &signed.bytes, 0);
        // Another message stands beside the payment.
        let built = parts(&unsigned.bytes);
        let grant = [field(1, b"/cosmos.authz.v1beta1.MsgGrant"), field(2, b"")].concat();
        let body = [field(1, &grant), built.body.clone()].concat();
        let raw = [
            field(1, &body),
            field(2, &built.auth_info),
            field(3, &[1; 64]),
        ]
        .concat();
        ledger.set(|state| {
            let included = &mut state.blocks[0];
            included.raw = raw.clone();
            let messages = included.json["body"]["messages"].as_array_mut().unwrap();
            messages.insert(
                0,
                json!({"@type": "/cosmos.authz.v1beta1.MsgGrant", "granter": ours().text()}),
            );
            included.events =
                crate::world::paid(ours().text(), customer().text(), "1250000uatom", 1);
        });
        let Standing::Included(found) = door
            .standing(&tracked(&leg, &unsigned, None))
            .await
            .unwrap()
        else {
            panic!("the slot is used");
        };
        let fields: Vec<&str> = found
            .deviations
            .iter()
            .map(|deviation| deviation.field)
            .collect();
        assert_eq!(fields, ["bytes"]);
        assert_eq!(found.fee, leg.fee_max, "its fee is read all the same");
    }
}

/// A gateway tells a transaction field by field. One that tells another amount under our id is not believed: neither that all is
/// well, nor that money went astray.
#[tokio::test]
async fn own_a_gateway_that_tells_other_fields_is_not_believed() {
    let ledger = ledger();
    let door = &doors(&ledger, false)[1];
    let leg = leg_of(door, &case()).await;
    let unsigned = built(door, &leg).await;
    let signed = sign(&unsigned, &signing_key());
    ledger.include(&unsigned.bytes, &signed.bytes, 0);
    ledger.set(|state| {
        state.blocks[0].json["body"]["messages"][0]["amount"][0]["amount"] = json!("1249999");
        state.blocks[0].events.clear();
    });
    for id in [Some(&signed.tx_id), None] {
        let answer = door.standing(&tracked(&leg, &unsigned, id)).await;
        let words = answer.map_err(|error| error.to_string()).err();
        assert!(
            words
                .as_ref()
                .is_some_and(|words| words.contains("do not make its id")),
            "{words:?}"
        );
    }
}
