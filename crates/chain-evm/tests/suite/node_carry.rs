//! Claims carried over a real node: by a key, with a test key as the signer outside.

use crate::carried::{
    COIN, World, amount, canonical, carrier, code, credit, kinds, native, network,
};
use crate::signer::Key;
use recover_chain_evm::check::EvmCheck;
use recover_chain_evm::cost::FeeRule;
use recover_chain_evm::transaction::{Price, Transaction};
use recover_core::amount::Amount;
use recover_core::block::TxId;
use recover_core::book::ControlRecord;
use recover_core::check::Check;
use recover_core::plan::LegKind;
use recover_core::verdict::{How, Missing, Verdict};
use recover_source::carriers::Carriers;
use recover_source::carry::{Carry, CarryError, Order, Sending, Standing, Tracked};
use recover_source::error::SourceError;
use recover_testkit::{Anvil, Arg};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_038_an_unlisted_token_is_swept_once_its_gas_is_there() {
    let world = World::new();
    let from = world.deposit.address();
    let token = world.token("TokenGood", &from, 5_000);
    let legs = world.plan(&from, &token, 5_000).await.unwrap();
    assert_eq!(kinds(&legs), [LegKind::GasTopUp, LegKind::Transfer]);
    // Exactly what the transfer may cost, since the address holds nothing.
    assert_eq!(legs[0].amount, legs[1].fee_max);
    assert_eq!(legs[0].signer, world.gas.address());
    // The transfer waits for its gas.
    assert_eq!(code(world.build(&legs[1]).await), "gas_missing");
    world.carry_out(&legs[0]).await;
    // Planned again, there is nothing to top up.
    let again = world.plan(&from, &token, 5_000).await.unwrap();
    assert_eq!(kinds(&again), [LegKind::Transfer]);
    world.carry_out(&legs[1]).await;
    assert_eq!(
        world.token_balance(&token, &world.treasury.address()),
        5_000
    );
    assert_eq!(world.token_balance(&token, &from), 0);
    // What is left of the gas is less than was sent, and is there to be booked.
    assert!(world.anvil.balance(&from) < legs[0].amount.to_u128().unwrap());
    // Moved once, it cannot be planned again.
    assert_eq!(
        code(world.plan(&from, &token, 5_000).await),
        "balance_too_low"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_037_a_native_deposit_needs_the_difference_only() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, COIN);
    let legs = world.plan(&from, &native(), COIN).await.unwrap();
    assert_eq!(kinds(&legs), [LegKind::GasTopUp, LegKind::Transfer]);
    assert_eq!(legs[0].amount, legs[1].fee_max);
    // A part of the gas is there.
    world.anvil.set_balance(&from, COIN + 1_000);
    let legs = world.plan(&from, &native(), COIN).await.unwrap();
    assert_eq!(
        legs[0].amount.checked_add(amount(1_000)),
        Some(legs[1].fee_max)
    );
    world.carry_out(&legs[0]).await;
    // Asked again after a crash, the same slot cannot fund it twice.
    let now = recover_core::time::Timestamp::from_seconds(1).unwrap();
    let again = world.carry.build(&legs[0], 0, now, 60).await;
    assert_eq!(code(again), "sequence_used");
    world.carry_out(&legs[1]).await;
    assert_eq!(world.anvil.balance(&world.treasury.address()), COIN);
    // More than enough: one step.
    world.anvil.set_balance(&from, 3 * COIN);
    let legs = world.plan(&from, &native(), COIN).await.unwrap();
    assert_eq!(kinds(&legs), [LegKind::Transfer]);
    world.carry_out(&legs[0]).await;
    assert_eq!(world.anvil.balance(&world.treasury.address()), 2 * COIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_042_tokens_that_do_not_do_what_they_say() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, COIN);
    for (name, expected) in [
        ("TokenGood", "ok"),
        ("TokenNoReturn", "ok"),
        ("TokenUnindexed", "ok"),
        ("TokenFalse", "transfer_returned_false"),
        ("TokenFee", "delivers_less"),
        ("TokenPausable", "ok"),
    ] {
        let token = world.token(name, &from, 5_000);
        match world.plan(&from, &token, 5_000).await {
            Ok(legs) => {
                assert_eq!(expected, "ok", "{name}");
                assert_eq!(kinds(&legs), [LegKind::Transfer]);
                world.carry_out(&legs[0]).await;
                assert_eq!(
                    world.token_balance(&token, &world.treasury.address()),
                    5_000
                );
            }
            Err(error) => assert_eq!(code(Err::<(), _>(error)), expected, "{name}"),
        }
    }
    // Changed after it was approved: at sweep time.
    let token = world.token("TokenPausable", &from, 5_000);
    let leg = world.plan(&from, &token, 5_000).await.unwrap().remove(0);
    let issue = |signature: &str, args: &[Arg]| {
        world.issuer(&token, "TokenPausable", signature, args);
    };
    issue("setPaused(bool)", &[Arg::Bool(true)]);
    assert_eq!(code(world.build(&leg).await), "token_paused");
    assert_eq!(code(world.plan(&from, &token, 5_000).await), "token_paused");
    issue("setPaused(bool)", &[Arg::Bool(false)]);
    issue(
        "setBlacklisted(address,bool)",
        &[Arg::address(from.clone()), Arg::Bool(true)],
    );
    assert_eq!(code(world.build(&leg).await), "account_blocked");
    issue(
        "setBlacklisted(address,bool)",
        &[Arg::address(from.clone()), Arg::Bool(false)],
    );
    issue("setTakes(uint256)", &[Arg::Uint(1)]);
    assert_eq!(code(world.build(&leg).await), "delivers_less");
    issue("setTakes(uint256)", &[Arg::Uint(0)]);
    world.carry_out(&leg).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_030_what_a_token_took_in_secret_is_a_deviation() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, COIN);
    let token = world.token("TokenPausable", &from, 5_000);
    let leg = world.plan(&from, &token, 5_000).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    // After it was tried out and signed.
    world.issuer(
        &token,
        "TokenPausable",
        "setTakes(uint256)",
        &[Arg::Uint(7)],
    );
    let signed = world.sign(&leg, &unsigned);
    world.send(&signed).await;
    let standing = world.standing(&leg, &unsigned, Some(&signed.tx_id)).await;
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    let told: Vec<String> = included
        .deviations
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(told, ["delivered is 4993, approved is 5000"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_a_failure_on_the_chain_costs_its_fee_and_its_slot() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, COIN);
    let token = world.token("TokenPausable", &from, 5_000);
    let leg = world.plan(&from, &token, 5_000).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    world.issuer(
        &token,
        "TokenPausable",
        "setPaused(bool)",
        &[Arg::Bool(true)],
    );
    let before = world.anvil.balance(&from);
    world.send(&signed).await;
    world.anvil.mine(3);
    let standing = world.standing(&leg, &unsigned, Some(&signed.tx_id)).await;
    let Standing::Failed(failed) = standing else {
        panic!("{standing:?}");
    };
    assert!(failed.is_final);
    assert_eq!(failed.fee, amount(before - world.anvil.balance(&from)));
    assert_eq!(world.token_balance(&token, &from), 5_000);
    // Its slot is used: nothing can be built there again.
    let now = recover_core::time::Timestamp::from_seconds(1).unwrap();
    let rebuilt = world
        .carry
        .build(&leg, unsigned.slot.sequence, now, 60)
        .await;
    assert_eq!(code(rebuilt), "sequence_used");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_039_a_spike_between_steps_asks_for_a_new_quote() {
    let world = World::new();
    let from = world.deposit.address();
    let token = world.token("TokenGood", &from, 5_000);
    let legs = world.plan(&from, &token, 5_000).await.unwrap();
    world.carry_out(&legs[0]).await;
    world
        .anvil
        .call("anvil_setNextBlockBaseFeePerGas", json!(["0x4a817c800"]));
    world.anvil.mine(1);
    let error = world.build(&legs[1]).await.unwrap_err();
    let CarryError::FeeAboveLimit { needed, approved } = error else {
        panic!("{error}");
    };
    assert_eq!(approved, legs[1].fee_max);
    assert!(needed > approved);
    // Quoted again, it goes on; the gas that came is counted.
    let again = world.plan(&from, &token, 5_000).await.unwrap();
    assert_eq!(kinds(&again), [LegKind::GasTopUp, LegKind::Transfer]);
    assert_eq!(
        again[0].amount.checked_add(legs[0].amount),
        Some(again[1].fee_max)
    );
    world.carry_out(&again[0]).await;
    world.carry_out(&again[1]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_040_a_nonce_that_went_to_another() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    // The same signer sends something else in the same slot.
    let mut other = Transaction::from_unsigned(&unsigned.bytes).unwrap();
    other.value = amount(COIN / 2);
    let bytes = world.deposit.sign(&other);
    let rival = EvmCheck.open("eip155:1", &[], &bytes).unwrap();
    world.send(&rival).await;
    let standing = world.standing(&leg, &unsigned, Some(&signed.tx_id)).await;
    assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
    // Too late: nobody can tell from the refusal whose nonce it was.
    let sending = world.carry.send(&signed).await;
    assert!(matches!(sending, Sending::Unknown { .. }), "{sending:?}");
    // Many blocks later it is found by its nonce alone.
    for _ in 0..3 {
        world.anvil.send(&world.anvil.accounts()[1], &from, 1, &[]);
    }
    world.anvil.mine(40);
    assert_eq!(
        world.standing(&leg, &unsigned, Some(&signed.tx_id)).await,
        Standing::Replaced {
            by: Some(rival.tx_id.clone())
        }
    );
    // Without an id, what used the slot is compared with the step.
    let standing = world.standing(&leg, &unsigned, None).await;
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(included.tx_id, rival.tx_id);
    assert!(included.is_final);
    let fields: Vec<&str> = included.deviations.iter().map(|one| one.field).collect();
    assert_eq!(fields, ["value", "delivered"]);
}

/// The signers sent the same payment in the same slot under another price: it is the approved payment, whatever its id. Called
/// replaced, the claim would end and the deposit be paid again.
#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_104_the_approved_payment_under_another_id_is_no_replacement() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    let mut same = Transaction::from_unsigned(&unsigned.bytes).unwrap();
    same.gas_limit = 30_000;
    let own = EvmCheck
        .open("eip155:1", &[], &world.deposit.sign(&same))
        .unwrap();
    assert_ne!(own.tx_id, signed.tx_id);
    world.send(&own).await;
    world.anvil.mine(40);
    let carriers = Carriers::new(network(), vec![world.carry.clone()]);
    let standing = carriers
        .standing(&Tracked {
            leg: &leg,
            slot: &unsigned.slot,
            tx_id: Some(&signed.tx_id),
            valid_until: None,
            valid_through: None,
        })
        .await
        .unwrap();
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    assert_eq!(included.tx_id, own.tx_id);
    assert_eq!(included.deviations, []);
    assert!(included.is_final);
}

/// What takes a slot away and pays nobody, as wallets cancel, replaces it.
#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_104_a_cancellation_is_a_replacement() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    let mut cancel = Transaction::from_unsigned(&unsigned.bytes).unwrap();
    cancel.value = amount(0);
    cancel.to = hex::decode(from.trim_start_matches("0x"))
        .unwrap()
        .try_into()
        .unwrap();
    let cancel = EvmCheck
        .open("eip155:1", &[], &world.deposit.sign(&cancel))
        .unwrap();
    world.send(&cancel).await;
    world.anvil.mine(40);
    let carriers = Carriers::new(network(), vec![world.carry.clone()]);
    let standing = carriers
        .standing(&Tracked {
            leg: &leg,
            slot: &unsigned.slot,
            tx_id: Some(&signed.tx_id),
            valid_until: None,
            valid_through: None,
        })
        .await
        .unwrap();
    assert_eq!(
        standing,
        Standing::Replaced {
            by: Some(cancel.tx_id)
        }
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn node_what_waits_and_what_a_reorganisation_takes_back() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    world.anvil.set_automine(false);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    let id = Some(&signed.tx_id);
    assert_eq!(world.standing(&leg, &unsigned, id).await, Standing::NotSeen);
    for _ in 0..2 {
        // Given twice it is known.
        let sending = world.carry.send(&signed).await;
        assert!(matches!(sending, Sending::Accepted { .. }), "{sending:?}");
    }
    let pending = Standing::Pending {
        tx_id: signed.tx_id.clone(),
    };
    assert_eq!(world.standing(&leg, &unsigned, id).await, pending);
    let sequence = world.carry.sequence(&from).await.unwrap();
    assert_eq!((sequence.next, sequence.next_final), (1, 0));
    world.anvil.mine(1);
    let standing = world.standing(&leg, &unsigned, id).await;
    assert!(
        matches!(&standing, Standing::Included(included) if !included.is_final),
        "{standing:?}"
    );
    // The block is replaced by one without it.
    world.anvil.reorg(1, &[]);
    let standing = world.standing(&leg, &unsigned, id).await;
    assert!(
        matches!(standing, Standing::NotSeen | Standing::Pending { .. }),
        "{standing:?}"
    );
    // Sent again it is mined in another block, and final in the end.
    if standing == Standing::NotSeen {
        let sending = world.carry.send(&signed).await;
        assert!(matches!(sending, Sending::Accepted { .. }), "{sending:?}");
    }
    world.anvil.mine(4);
    let standing = world.standing(&leg, &unsigned, id).await;
    let Standing::Included(included) = standing else {
        panic!("{standing:?}");
    };
    assert!(included.is_final && included.deviations.is_empty());
    let sequence = world.carry.sequence(&from).await.unwrap();
    assert_eq!((sequence.next, sequence.next_final), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_035_a_network_without_a_base_fee_gets_legacy_transactions() {
    let world = World::with(
        Anvil::options(61)
            .slots_in_an_epoch(1)
            .argument("--hardfork=berlin"),
    );
    let from = world.deposit.address();
    world.anvil.set_balance(&from, COIN);
    let legs = world.plan(&from, &native(), COIN).await.unwrap();
    assert_eq!(kinds(&legs), [LegKind::GasTopUp, LegKind::Transfer]);
    for leg in &legs {
        let unsigned = world
            .build(leg)
            .await
            .unwrap_or_else(|error| panic!("{error}"));
        let transaction = Transaction::from_unsigned(&unsigned.bytes).unwrap();
        assert!(matches!(transaction.price, Price::Legacy { .. }));
        world.carry_out(leg).await;
    }
    assert_eq!(world.anvil.balance(&world.treasury.address()), COIN);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_034_another_chain_than_configured_is_refused() {
    let world = World::new();
    let other = carrier(&world.anvil, |config| config.chain_id = 56);
    let error = other.sequence(&world.gas.address()).await.unwrap_err();
    assert!(
        matches!(error, CarryError::Source(SourceError::WrongNetwork { .. })),
        "{error}"
    );
    // Two sources, one of them wrong: what is read comes from the right one; nothing signed goes to the other.
    let both = Carriers::new(network(), vec![other.clone(), world.carry.clone()]);
    assert_eq!(both.sequence(&world.gas.address()).await.unwrap().next, 0);
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    assert!(matches!(
        other.send(&signed).await,
        Sending::Unknown { reason } if reason.contains("eip155:1")
    ));
    let Sending::Accepted { by } = both.send(&signed).await else {
        panic!("one of them takes it");
    };
    assert_eq!(by.len(), 1);
    // A leg for another chain is not built here.
    let mut foreign = leg;
    foreign.chain = "eip155:56".to_owned();
    assert_eq!(code(world.build(&foreign).await), "chain_mismatch");
}

#[tokio::test(flavor = "multi_thread")]
async fn node_pitfall_036_the_data_fee_of_layer_2_is_in_the_top_up() {
    let world = World::new();
    let from = world.deposit.address();
    let token = world.token("TokenGood", &from, 5_000);
    let plain = world.plan(&from, &token, 5_000).await.unwrap();
    // An oracle that answers 0.001 coin to every question: data fee and operator fee.
    let fee = COIN / 1_000;
    let mut oracle = vec![0x7f];
    oracle.extend(amount(fee).to_be_bytes());
    oracle.extend([0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xf3]);
    world
        .anvil
        .set_code("0x420000000000000000000000000000000000000F", &oracle);
    let layer_2 = carrier(&world.anvil, |config| {
        config.fee_rule = FeeRule::OpStackL1Data
    });
    let deposit = credit(&from, &token, 5_000);
    let treasury = world.treasury.address();
    let order = Order {
        credit: &deposit,
        purpose: LegKind::Transfer,
        verdict: &Verdict::Controllable(How::SameKey),
        control: &ControlRecord::Key,
        recipient: &treasury,
        memo: None,
        asset: &token,
        amount: amount(5_000),
        held_for_others: recover_core::amount::Amount::ZERO,
        wallet: &world.wallet,
        fee_margin_percent: 20,
    };
    let legs = layer_2.plan(&order).await.unwrap();
    // Twice both fees, and the margin on them.
    let more = legs[0].amount.checked_sub(plain[0].amount).unwrap();
    let expected = 2 * 2 * fee * 120 / 100;
    let more = more.to_u128().unwrap();
    assert!(more.abs_diff(expected) < expected / 100, "{more}");
    // An account with gas for the execution alone is not enough.
    world
        .anvil
        .set_balance(&from, plain[1].fee_max.to_u128().unwrap());
    let now = recover_core::time::Timestamp::from_seconds(1).unwrap();
    let built = layer_2.build(&legs[1], 0, now, 60).await;
    assert_eq!(code(built), "gas_missing");
    world
        .anvil
        .set_balance(&from, legs[0].amount.to_u128().unwrap());
    let built = layer_2.build(&legs[1], 0, now, 60).await.unwrap();
    assert!(built.fee > amount(2 * fee) && built.fee <= legs[1].fee_max);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_who_may_be_paid() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let token = world.token("TokenGood", &from, 5_000);
    let contract = token.contract_text().unwrap().to_owned();
    let delegated = Key::new(0x44).address();
    world
        .anvil
        .set_code(&delegated, &[vec![0xef, 0x01, 0x00], vec![7; 20]].concat());
    let key = Verdict::Controllable(How::SameKey);
    let stranger = Key::new(0x55).address();
    for (purpose, asset, recipient, verdict, expected) in [
        (
            LegKind::Return,
            native(),
            contract.as_str(),
            &key,
            "recipient_is_contract",
        ),
        (
            LegKind::Return,
            native(),
            delegated.as_str(),
            &key,
            "recipient_is_contract",
        ),
        (
            LegKind::Return,
            token.clone(),
            contract.as_str(),
            &key,
            "recipient_is_token",
        ),
        (
            LegKind::Return,
            native(),
            "0x0000000000000000000000000000000000000000",
            &key,
            "recipient_is_nobody",
        ),
        (
            LegKind::Transfer,
            native(),
            "0x0000000000000000000000000000000000000004",
            &key,
            "recipient_is_nobody",
        ),
        (
            LegKind::Transfer,
            native(),
            from.as_str(),
            &key,
            "recipient_is_sender",
        ),
        (
            LegKind::Transfer,
            native(),
            "0x12",
            &key,
            "address_unreadable",
        ),
        (
            LegKind::Transfer,
            native(),
            stranger.as_str(),
            &Verdict::Conditional(Missing::CodeUnknown),
            "not_controllable",
        ),
        (LegKind::Flush, native(), stranger.as_str(), &key, "by_hand"),
    ] {
        let planned = world
            .plan_to(
                purpose,
                &from,
                &asset,
                5_000,
                recipient,
                verdict,
                &ControlRecord::Key,
            )
            .await;
        assert_eq!(code(planned), expected, "{recipient}");
    }
    // A return to a person goes through, unless a contract appears there before it is built.
    let legs = world
        .plan_to(
            LegKind::Return,
            &from,
            &token,
            5_000,
            &stranger,
            &key,
            &ControlRecord::Key,
        )
        .await
        .unwrap();
    world.anvil.set_code(&stranger, &[0x60, 0x00]);
    assert_eq!(code(world.build(&legs[0]).await), "recipient_is_contract");
    world.anvil.set_code(&stranger, &[]);
    world.carry_out(&legs[0]).await;
    assert_eq!(world.token_balance(&token, &stranger), 5_000);
    // A treasury may be a contract; one that does not take money is found by trying.
    let payer = recover_testkit::Contracts::load().get("InternalPayer");
    let safe = canonical(&world.anvil.deploy(payer, &[]).address);
    for (recipient, expected) in [
        (safe.as_str(), "ok"),
        (contract.as_str(), "simulation_reverted"),
    ] {
        let planned = world
            .plan_to(
                LegKind::Transfer,
                &from,
                &native(),
                COIN,
                recipient,
                &key,
                &ControlRecord::Key,
            )
            .await;
        match planned {
            Ok(legs) => {
                assert_eq!(expected, "ok");
                world.carry_out(&legs[0]).await;
                assert_eq!(world.anvil.balance(recipient), COIN);
            }
            Err(error) => assert_eq!(code(Err::<(), _>(error)), expected),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn node_signed_bytes_that_can_never_be_taken() {
    let world = World::new();
    let from = world.deposit.address();
    world.anvil.set_balance(&from, 3 * COIN);
    let leg = world.plan(&from, &native(), COIN).await.unwrap().remove(0);
    let unsigned = world.build(&leg).await.unwrap();
    let signed = world.sign(&leg, &unsigned);
    let mut broken = signed.clone();
    broken.bytes.pop();
    assert!(matches!(
        world.carry.send(&broken).await,
        Sending::Refused { .. }
    ));
    // For another chain.
    let mut foreign = Transaction::from_unsigned(&unsigned.bytes).unwrap();
    foreign.chain_id = 5;
    let mut other = signed.clone();
    other.bytes = world.deposit.sign(&foreign);
    assert!(matches!(
        world.carry.send(&other).await,
        Sending::Refused { .. }
    ));
    // Without money for it: it may come.
    world.anvil.set_balance(&from, 0);
    let sending = world.carry.send(&signed).await;
    assert!(matches!(sending, Sending::Unknown { .. }), "{sending:?}");
    world.anvil.set_balance(&from, 3 * COIN);
    world.send(&signed).await;
    let unknown = TxId::new(&format!("0x{}", "12".repeat(32)));
    let standing = world.standing(&leg, &unsigned, Some(&unknown)).await;
    assert!(matches!(standing, Standing::Unknown { .. }), "{standing:?}");
    assert_eq!(unsigned.slot.account, from);
    assert!(leg.fee_max > Amount::ZERO);
}
