//! Payments carried to a ledger in memory: laid out, built, signed by a test key, sent, followed to their end.

use crate::carrying::{Carried, ISSUER, THEM, TIP, Wanted, root, validated, wanted, world};
use crate::legs::Key;
use crate::server::error;
use recover_chain_xrpl::XrplCheck;
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::{Asset, Currency};
use recover_core::amount::Amount;
use recover_core::block::Height;
use recover_core::check::{Check, Signed, Slot};
use recover_core::memo::{Memo, place};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::{Reason, Verdict};
use recover_source::carry::{CarryError, Sending, Sequence, Standing, Tracked, Unsigned};
use serde_json::{Value, json};

const REQUIRE_TAG: u32 = 0x0002_0000;
const MASTER_DISABLED: u32 = 0x0010_0000;

fn key() -> Key {
    Key::new([7; 32], false)
}

fn xrp() -> Wanted {
    wanted(&key(), Asset::Xrp, Amount::from_u128(5_000_000))
}

fn usd() -> Wanted {
    let asset = Asset::Issued {
        currency: Currency::parse("USD").unwrap(),
        issuer: ISSUER,
    };
    wanted(&key(), asset, Amount::from_coin_text("10.5", 30).unwrap())
}

fn submitted(code: &str) -> Value {
    json!({"result": {"engine_result": code, "engine_result_message": "words", "status": "success"}})
}

fn code<T: std::fmt::Debug>(result: Result<T, CarryError>) -> &'static str {
    match result.unwrap_err() {
        CarryError::Refused { code, detail } => {
            assert!(!detail.is_empty());
            code
        }
        CarryError::ByHand { .. } => "by_hand",
        CarryError::FeeAboveLimit { .. } => "fee_above_limit",
        error @ CarryError::Source(_) => panic!("{error}"),
    }
}

async fn plan(carried: &Carried, wanted: &Wanted) -> Result<Leg, CarryError> {
    let mut legs = carried.carry.plan(&wanted.order()).await?;
    assert_eq!(legs.len(), 1);
    Ok(legs.remove(0))
}

async fn build(carried: &Carried, leg: &Leg) -> Result<Unsigned, CarryError> {
    let now = Timestamp::parse("2026-11-20T08:00:00Z").unwrap();
    carried.carry.build(leg, 100, now, 600).await
}

fn sign(unsigned: &Unsigned) -> Signed {
    let bytes = key().sign(&unsigned.bytes);
    let signed = XrplCheck.open("xrpl:0", &unsigned.bytes, &bytes).unwrap();
    assert_eq!(signed.unsigned, unsigned.bytes);
    signed
}

async fn standing(
    carried: &Carried,
    leg: &Leg,
    unsigned: &Unsigned,
    signed: Option<&Signed>,
) -> Standing {
    let tracked = Tracked {
        leg,
        slot: &unsigned.slot,
        tx_id: signed.map(|signed| &signed.tx_id),
        valid_until: unsigned.valid_until,
        valid_through: unsigned.valid_through,
    };
    carried.carry.standing(&tracked).await.unwrap()
}

/// A payment that is laid out, built and signed.
async fn prepared(wanted: &Wanted) -> (Carried, Leg, Unsigned, Signed) {
    let carried = Carried::new(world(&key()));
    let leg = plan(&carried, wanted).await.unwrap();
    let unsigned = build(&carried, &leg).await.unwrap();
    let signed = sign(&unsigned);
    (carried, leg, unsigned, signed)
}

#[tokio::test]
async fn own_an_xrp_return_is_carried_from_plan_to_settlement() {
    let (carried, leg, unsigned, signed) = prepared(&xrp()).await;
    assert_eq!(leg.memo, Some(Memo::tag(77, place::DESTINATION_TAG)));
    assert_eq!(leg.chain, "xrpl:0");
    assert_eq!(leg.fee_max, Amount::from_u128(15));
    assert_eq!(leg.target, leg.recipient);
    assert_eq!(unsigned.fee, Amount::from_u128(15));
    // 600 seconds in ledgers of four.
    assert_eq!(unsigned.valid_through, Some(Height(TIP + 150)));
    assert_eq!(
        unsigned.slot,
        Slot {
            account: leg.signer.clone(),
            sequence: 100,
            is_ticket: false
        }
    );
    let now = async || standing(&carried, &leg, &unsigned, Some(&signed)).await;
    assert_eq!(now().await, Standing::NotSeen);
    carried.change(|world| world.submit = submitted("tesSUCCESS"));
    let sent = carried.carry.send(&signed).await;
    assert_eq!(
        sent,
        Sending::Accepted {
            by: vec!["rippled test".to_owned()]
        }
    );
    let last = carried.server.asked.lock().unwrap().last().cloned();
    let (method, parameters) = last.unwrap();
    assert_eq!(method, "submit");
    assert_eq!(parameters["tx_blob"], hex::encode_upper(&signed.bytes));
    // In an open ledger: it waits, and nothing is final.
    let id = signed.tx_id.as_str().to_owned();
    let mut waiting = validated(&signed.bytes, TIP + 1, "tesSUCCESS");
    waiting["validated"] = json!(false);
    waiting.as_object_mut().unwrap().remove("meta");
    carried.change(|world| {
        world.transactions.insert(id.clone(), waiting);
    });
    let tx_id = signed.tx_id.clone();
    assert_eq!(now().await, Standing::Pending { tx_id });
    carried.change(|world| {
        let done = validated(&signed.bytes, TIP + 2, "tesSUCCESS");
        world.transactions.insert(id, done);
    });
    let Standing::Included(inclusion) = now().await else {
        panic!("{:?}", now().await);
    };
    assert!(inclusion.is_final);
    assert_eq!(inclusion.deviations, []);
    assert_eq!(inclusion.fee, Amount::from_u128(15));
    assert_eq!(inclusion.block.height, Height(TIP + 2));
    assert_eq!(inclusion.tx_id, signed.tx_id);
    assert_eq!(inclusion.signer, leg.signer);
}

#[tokio::test]
async fn own_an_issued_currency_goes_back_without_more_leaving_than_arrives() {
    let (carried, leg, unsigned, signed) = prepared(&usd()).await;
    carried.change(|world| {
        let done = validated(&signed.bytes, TIP + 2, "tesSUCCESS");
        world.history.push(done);
        let us = leg.signer.clone();
        world.accounts.get_mut(&us).unwrap()["Sequence"] = json!(101);
    });
    // The server's index by id lags behind its history.
    let found = standing(&carried, &leg, &unsigned, Some(&signed)).await;
    assert!(
        matches!(&found, Standing::Included(inclusion) if inclusion.deviations.is_empty()),
        "{found:?}"
    );
    // An issuer that takes a fee would take it from our own money.
    let carried = Carried::new(world(&key()));
    carried.change(|world| {
        let issuer = address::text(ISSUER);
        world.accounts.get_mut(&issuer).unwrap()["TransferRate"] = json!(1_002_000_000);
    });
    let mut less = usd();
    less.amount = Amount::from_coin_text("10", 30).unwrap();
    assert_eq!(code(plan(&carried, &less).await), "by_hand");
    assert_eq!(code(build(&carried, &leg).await), "by_hand");
}

#[tokio::test]
async fn own_what_cannot_be_laid_out_is_refused_with_its_code() {
    let carried = Carried::new(world(&key()));
    let with = async |change: &dyn Fn(&mut Wanted)| {
        let mut wanted = xrp();
        change(&mut wanted);
        code(plan(&carried, &wanted).await)
    };
    assert_eq!(with(&|w| w.purpose = LegKind::GasTopUp).await, "by_hand");
    assert_eq!(
        with(&|w| w.verdict = Verdict::NotRecoverable(Reason::KeyLost)).await,
        "not_recoverable"
    );
    assert_eq!(
        with(&|w| w.recipient = address::text([9; 20])).await,
        "not_the_sender"
    );
    assert_eq!(with(&|w| w.credit.from = None).await, "no_sender");
    assert_eq!(
        with(&|w| w.memo = Some(Memo::tag(78, place::DESTINATION_TAG))).await,
        "tag_differs"
    );
    assert_eq!(
        with(&|w| w.memo = Some(Memo::text(b"77", place::MEMO))).await,
        "memo_not_a_tag"
    );
    assert_eq!(with(&|w| w.wallet.keys.clear()).await, "signer_key_unknown");
    assert_eq!(
        with(&|w| w.wallet.keys[0].1 = "04".repeat(33)).await,
        "signer_key_unknown"
    );
    let stranger = hex::encode(Key::new([8; 32], true).public());
    assert_eq!(
        with(&|w| w.wallet.keys[0].1.clone_from(&stranger)).await,
        "signer_key_not_authorised"
    );
    assert_eq!(
        with(&|w| w.amount = Amount::from_u128(5_000_001)).await,
        "more_than_came_in"
    );
    assert_eq!(
        with(&|w| w.credit.outcome = recover_core::observation::Outcome::Failed).await,
        "nothing_came_in"
    );
    let token = recover_core::asset::AssetId::contract(
        crate::fixture::network(),
        &format!("mpt:{}", "0".repeat(48)),
    );
    assert_eq!(
        with(&|w| w.credit.asset.clone_from(&token)).await,
        "asset_by_hand"
    );
    // To an address that the user proved, with the tag that they gave: any account.
    let mut proved = xrp();
    proved.purpose = LegKind::Transfer;
    proved.memo = Some(Memo::tag(0, place::DESTINATION_TAG));
    proved.recipient = address::text(ISSUER);
    let leg = plan(&carried, &proved).await.unwrap();
    assert_eq!(leg.kind, LegKind::Transfer);
    assert_eq!(leg.memo, proved.memo);
    // Their own key disabled, or another set: the policy's key must be one that signs.
    let us = leg.signer.clone();
    carried.change(|world| {
        world.accounts.get_mut(&us).unwrap()["Flags"] = json!(MASTER_DISABLED);
    });
    assert_eq!(with(&|_| {}).await, "signer_key_not_authorised");
    carried.change(|world| {
        world.accounts.get_mut(&us).unwrap()["RegularKey"] =
            json!(address::text(Key::new([8; 32], true).account()));
    });
    let mut regular = xrp();
    regular.wallet.keys[0].1 = stranger;
    assert!(plan(&carried, &regular).await.is_ok());
}

#[tokio::test]
async fn pitfall_070_the_recipient_is_looked_at_before_and_again_when_building() {
    let carried = Carried::new(world(&key()));
    let leg = plan(&carried, &xrp()).await.unwrap();
    carried.change(|world| {
        let them = address::text(THEM);
        world.accounts.get_mut(&them).unwrap()["Flags"] = json!(REQUIRE_TAG);
    });
    let mut untagged = xrp();
    untagged.credit.memos.clear();
    assert_eq!(code(plan(&carried, &untagged).await), "tag_needed");
    assert!(build(&carried, &leg).await.is_ok());
    carried.change(|world| {
        world.accounts.remove(&address::text(THEM));
    });
    let mut small = xrp();
    small.amount = Amount::from_u128(999_999);
    assert_eq!(code(plan(&carried, &small).await), "below_base_reserve");
    assert!(build(&carried, &leg).await.is_ok());
    assert_eq!(code(plan(&carried, &usd()).await), "destination_absent");
}

#[tokio::test]
async fn pitfall_069_the_reserve_is_read_when_building() {
    let carried = Carried::new(world(&key()));
    let leg = plan(&carried, &xrp()).await.unwrap();
    carried.change(|world| {
        let us = leg.signer.clone();
        world
            .accounts
            .insert(us, root(key().account(), 100, "6399999"));
    });
    assert_eq!(code(build(&carried, &leg).await), "own_reserve");
}

#[tokio::test]
async fn own_a_dearer_network_asks_for_a_new_quote() {
    let carried = Carried::new(world(&key()));
    let leg = plan(&carried, &xrp()).await.unwrap();
    carried.change(|world| world.price_drops = 16);
    match build(&carried, &leg).await {
        Err(CarryError::FeeAboveLimit { needed, approved }) => {
            assert_eq!(needed, Amount::from_u128(16));
            assert_eq!(approved, leg.fee_max);
        }
        other => panic!("{other:?}"),
    }
    // What was approved at a peak is not burnt when the peak is over.
    carried.change(|world| world.price_drops = 5_000);
    let dear = plan(&carried, &xrp()).await.unwrap();
    assert_eq!(dear.fee_max, Amount::from_u128(7_500));
    carried.change(|world| world.price_drops = 10);
    let unsigned = build(&carried, &dear).await.unwrap();
    assert_eq!(unsigned.fee, Amount::from_u128(100));
    carried.change(|world| world.price_drops = 1_000_001);
    assert_eq!(code(plan(&carried, &xrp()).await), "fee_too_high");
}

#[tokio::test]
async fn own_a_used_sequence_number_is_never_built_on() {
    let carried = Carried::new(world(&key()));
    let leg = plan(&carried, &xrp()).await.unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let built = async |sequence| carried.carry.build(&leg, sequence, now, 86_400).await;
    assert_eq!(code(built(99).await), "sequence_used");
    assert_eq!(code(built(1 << 32).await), "sequence_out_of_range");
    // A later number may be reserved while an earlier one waits; a day is cut to what an account may be held up.
    let unsigned = built(103).await.unwrap();
    assert_eq!(unsigned.slot.sequence, 103);
    assert_eq!(unsigned.valid_through, Some(Height(TIP + 1_200)));
    let mut elsewhere = leg.clone();
    elsewhere.chain = "xrpl:1".to_owned();
    assert_eq!(code(build(&carried, &elsewhere).await), "other_network");
}

#[tokio::test]
async fn own_the_next_number_counts_what_waits() {
    let carried = Carried::new(world(&key()));
    let us = address::text(key().account());
    let ask = async || carried.carry.sequence(&us).await.unwrap();
    let pair = |next, next_final| Sequence { next, next_final };
    assert_eq!(ask().await, pair(100, 100));
    carried.change(|world| world.current = Some((102, None)));
    assert_eq!(ask().await, pair(102, 100));
    carried.change(|world| world.current = Some((102, Some(104))));
    assert_eq!(ask().await, pair(105, 100));
    carried.change(|world| world.current = Some((98, None)));
    assert_eq!(ask().await, pair(100, 100));
    let nobody = address::text([42; 20]);
    let refused = carried.carry.sequence(&nobody).await;
    assert_eq!(code(refused), "own_account_absent");
}

#[tokio::test]
async fn own_a_refusal_for_good_is_of_the_bytes_themselves() {
    let (carried, _, _, signed) = prepared(&xrp()).await;
    for (answer, expected) in [
        (submitted("tesSUCCESS"), "accepted"),
        (submitted("terQUEUED"), "accepted"),
        (submitted("terPRE_SEQ"), "accepted"),
        (submitted("tefALREADY"), "accepted"),
        (submitted("tecUNFUNDED_PAYMENT"), "accepted"),
        (submitted("temBAD_SIGNATURE"), "refused"),
        (submitted("temMALFORMED"), "refused"),
        (submitted("tefBAD_SIGNATURE"), "refused"),
        (submitted("temDISABLED"), "unknown"),
        (submitted("tefBAD_AUTH"), "unknown"),
        (submitted("tefPAST_SEQ"), "unknown"),
        (submitted("tefMAX_LEDGER"), "unknown"),
        (submitted("telINSUF_FEE_P"), "unknown"),
        (submitted("never_heard_of"), "unknown"),
        (json!({"result": {"status": "success"}}), "unknown"),
        (error("tooBusy"), "unknown"),
        (error("slowDown"), "unknown"),
        (error("txnNotFound"), "unknown"),
        (json!("<html>busy</html>"), "unknown"),
        (
            json!({"result": {"status": "error", "error": "invalidTransaction", "error_exception": "fails local checks: Invalid signature."}}),
            "refused",
        ),
        (
            json!({"result": {"status": "error", "error": "invalidTransaction", "error_exception": "fails local checks: The transaction is too large."}}),
            "unknown",
        ),
    ] {
        carried.change(|world| world.submit = answer.clone());
        let found = match carried.carry.send(&signed).await {
            Sending::Accepted { .. } => "accepted",
            Sending::Refused { reason } => {
                assert!(reason.contains("rippled test"), "{reason}");
                "refused"
            }
            Sending::Unknown { reason } => {
                assert!(!reason.is_empty());
                "unknown"
            }
        };
        assert_eq!(found, expected, "{answer}");
    }
    let mut held = submitted("terPRE_SEQ");
    for name in ["accepted", "applied", "broadcast", "queued", "kept"] {
        held["result"][name] = json!(false);
    }
    carried.change(|world| world.submit = held);
    let sent = carried.carry.send(&signed).await;
    assert!(matches!(sent, Sending::Unknown { .. }), "{sent:?}");
}

#[tokio::test]
async fn own_a_server_of_another_network_is_given_nothing() {
    let (carried, _, _, signed) = prepared(&xrp()).await;
    drop(carried);
    let server = crate::server::server(|method, _| {
        assert_eq!(method, "server_info");
        let mut answer = crate::server::info("1-5", 5);
        answer["result"]["info"]["network_id"] = json!(1);
        Ok(answer)
    });
    let carry = recover_chain_xrpl::carry_with(crate::server::settings(), server);
    let sent = carry.send(&signed).await;
    assert!(
        matches!(&sent, Sending::Unknown { reason } if reason.contains("xrpl:1")),
        "{sent:?}"
    );
}

#[tokio::test]
async fn pitfall_073_a_payment_is_expired_only_behind_its_last_ledger() {
    let (carried, leg, unsigned, signed) = prepared(&xrp()).await;
    let last = TIP + 150;
    let at = async |tip: u64| {
        carried.change(|world| {
            world.tip = tip;
            // A server that begins late proves it by the account's state all the same.
            world.complete = format!("{}-{tip}", tip - 1);
        });
        standing(&carried, &leg, &unsigned, Some(&signed)).await
    };
    assert_eq!(at(last).await, Standing::NotSeen);
    match at(last + 1).await {
        Standing::Expired { proof } => {
            assert!(
                proof.contains("1151") && proof.contains("sequence number 100"),
                "{proof}"
            );
        }
        other => panic!("{other:?}"),
    }
    // A stale copy in the server's memory does not keep it alive.
    let mut waiting = validated(&signed.bytes, TIP + 1, "tesSUCCESS");
    waiting["validated"] = json!(false);
    waiting.as_object_mut().unwrap().remove("meta");
    carried.change(|world| {
        world
            .transactions
            .insert(signed.tx_id.as_str().to_owned(), waiting);
    });
    assert!(matches!(at(last + 1).await, Standing::Expired { .. }));
    assert!(matches!(at(last).await, Standing::Pending { .. }));
}

/// Another payment of our account in the same slot.
fn rival(leg: &Leg, sequence: u32) -> Signed {
    let payment = crate::legs::payment(
        &Leg {
            amount: Amount::from_u128(1),
            ..leg.clone()
        },
        recover_chain_xrpl::returns::Validity::Sequence {
            sequence,
            last_ledger: 5_000,
        },
        12,
    );
    let bytes = key().sign(&payment.unsigned().unwrap());
    XrplCheck.open("xrpl:0", &[], &bytes).unwrap()
}

#[tokio::test]
async fn own_another_transaction_in_the_slot_replaces_it() {
    let (carried, leg, unsigned, signed) = prepared(&xrp()).await;
    let other = rival(&leg, 100);
    carried.change(|world| {
        world.accounts.get_mut(&leg.signer).unwrap()["Sequence"] = json!(103);
        for sequence in [102, 101] {
            let later = rival(&leg, sequence);
            world
                .history
                .push(validated(&later.bytes, TIP, "tesSUCCESS"));
        }
        // Somebody's payment to us with the same number is not ours.
        let mut theirs = validated(&other.bytes, TIP, "tesSUCCESS");
        theirs["tx_json"]["Account"] = json!(address::text(THEM));
        theirs["hash"] = json!("CD".repeat(32));
        world.history.push(theirs);
    });
    let now = async |signed: Option<&Signed>| standing(&carried, &leg, &unsigned, signed).await;
    // Whether it was ours is not known while nobody shows who used the number.
    assert!(matches!(now(None).await, Standing::Unknown { .. }));
    carried.change(|world| world.complete = "990-1000".to_owned());
    assert!(matches!(now(Some(&signed)).await, Standing::Unknown { .. }));
    // A server that searched all ledgers that could hold ours proves that it was another.
    carried.change(|world| world.complete = "1-1000".to_owned());
    assert_eq!(now(Some(&signed)).await, Standing::Replaced { by: None });
    carried.change(|world| {
        let used = validated(&other.bytes, TIP, "tesSUCCESS");
        world.history.push(used);
    });
    assert_eq!(
        now(Some(&signed)).await,
        Standing::Replaced {
            by: Some(other.tx_id.clone())
        }
    );
    // Before signed bytes were seen, whatever uses the slot is compared with the leg.
    match now(None).await {
        Standing::Included(inclusion) => {
            assert_eq!(inclusion.tx_id, other.tx_id);
            let fields: Vec<&str> = inclusion.deviations.iter().map(|one| one.field).collect();
            assert_eq!(fields, ["amount"]);
        }
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn pitfall_022_a_tec_result_used_the_slot_and_moved_nothing() {
    let (carried, leg, unsigned, signed) = prepared(&xrp()).await;
    carried.change(|world| {
        let failed = validated(&signed.bytes, TIP, "tecUNFUNDED_PAYMENT");
        world
            .transactions
            .insert(signed.tx_id.as_str().to_owned(), failed);
    });
    match standing(&carried, &leg, &unsigned, Some(&signed)).await {
        Standing::Failed(inclusion) => assert_eq!(inclusion.fee, Amount::from_u128(15)),
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn own_a_ticket_is_unused_while_the_ledger_holds_it() {
    let (carried, leg, unsigned, signed) = prepared(&xrp()).await;
    let ticket = Unsigned {
        slot: Slot {
            sequence: 55,
            is_ticket: true,
            ..unsigned.slot
        },
        ..unsigned
    };
    carried.change(|world| world.tickets.push(55));
    let found = standing(&carried, &leg, &ticket, Some(&signed)).await;
    assert_eq!(found, Standing::NotSeen);
    carried.change(|world| world.tip = TIP + 151);
    let found = standing(&carried, &leg, &ticket, Some(&signed)).await;
    assert!(
        matches!(&found, Standing::Expired { proof } if proof.contains("ticket 55")),
        "{found:?}"
    );
    carried.change(|world| {
        world.tickets.clear();
        world.complete = "990-1000".to_owned();
    });
    let found = standing(&carried, &leg, &ticket, Some(&signed)).await;
    assert!(matches!(found, Standing::Unknown { .. }), "{found:?}");
}

#[tokio::test]
async fn own_a_lying_answer_is_disbelieved() {
    let (carried, leg, unsigned, signed) = prepared(&xrp()).await;
    let other = rival(&leg, 100);
    carried.change(|world| {
        // Another transaction under our id, and ours with another amount.
        let id = signed.tx_id.as_str().to_owned();
        world
            .transactions
            .insert(id, validated(&other.bytes, TIP, "tesSUCCESS"));
    });
    let tracked = Tracked {
        leg: &leg,
        slot: &unsigned.slot,
        tx_id: Some(&signed.tx_id),
        valid_until: None,
        valid_through: unsigned.valid_through,
    };
    assert!(carried.carry.standing(&tracked).await.is_err());
    carried.change(|world| {
        let mut edited = validated(&signed.bytes, TIP, "tesSUCCESS");
        edited["tx_json"]["DeliverMax"] = json!("1");
        let id = signed.tx_id.as_str().to_owned();
        world.transactions.insert(id, edited);
    });
    assert!(carried.carry.standing(&tracked).await.is_err());
    // Less delivered than its fields say, and no partial payment: one of the two is not true.
    carried.change(|world| {
        let mut less = validated(&signed.bytes, TIP, "tesSUCCESS");
        less["meta"]["delivered_amount"] = json!("4999999");
        let id = signed.tx_id.as_str().to_owned();
        world.transactions.insert(id, less);
    });
    assert!(carried.carry.standing(&tracked).await.is_err());
}

/// Two returns to one sender are the same payment but for their numbers. The id of one never settles the other, whose package can
/// still be sent, nor does its failure free the other's number.
#[tokio::test]
async fn pitfall_104_the_same_payment_in_another_slot_is_another_payment() {
    let (carried, leg, unsigned, _) = prepared(&xrp()).await;
    let payment = crate::legs::payment(
        &leg,
        recover_chain_xrpl::returns::Validity::Sequence {
            sequence: 99,
            last_ledger: 5_000,
        },
        12,
    );
    let bytes = key().sign(&payment.unsigned().unwrap());
    let twin = XrplCheck.open("xrpl:0", &[], &bytes).unwrap();
    let now = async |code: &str| {
        let shown = validated(&twin.bytes, TIP, code);
        carried.change(|world| {
            let id = twin.tx_id.as_str().to_owned();
            world.transactions.insert(id, shown);
        });
        standing(&carried, &leg, &unsigned, Some(&twin)).await
    };
    let (Standing::Included(paid), Standing::Failed(failed)) =
        (now("tesSUCCESS").await, now("tecPATH_DRY").await)
    else {
        panic!("both are in a ledger");
    };
    for inclusion in [paid, failed] {
        let fields: Vec<&str> = inclusion.deviations.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["sequence"]);
    }
}
