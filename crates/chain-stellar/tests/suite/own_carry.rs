//! Payments carried to a Horizon server in memory: laid out, built, signed by a test key, sent, followed to their end.

use crate::carrying::{LATEST, Server, Wanted, carried, ledger, record, wanted};
use crate::legs::{account_of, key, sign};
use crate::own_check::plan_of;
use crate::world::{account, problem, time};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use recover_chain_stellar::returns::build as write;
use recover_chain_stellar::{StellarCheck, address};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::Height;
use recover_core::check::{Check, Signed};
use recover_core::memo::{Memo, place};
use recover_core::plan::{Leg, LegKind};
use recover_core::time::Timestamp;
use recover_core::verdict::{Reason, Verdict};
use recover_source::carry::{Carry, CarryError, Sending, Sequence, Standing, Tracked, Unsigned};
use serde_json::{Value, json};
use std::sync::Arc;

const CHAIN: &str = "stellar:pubnet";

/// The time of the ledger LATEST.
fn now() -> Timestamp {
    Timestamp::parse(&time(LATEST)).unwrap()
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

async fn plan(carry: &Arc<dyn Carry>, wanted: &Wanted) -> Result<Leg, CarryError> {
    let mut legs = carry.plan(&wanted.order()).await?;
    assert_eq!(legs.len(), 1);
    Ok(legs.remove(0))
}

async fn build(carry: &Arc<dyn Carry>, leg: &Leg) -> Result<Unsigned, CarryError> {
    carry.build(leg, 78, now(), 600).await
}

fn sign_unsigned(unsigned: &[u8]) -> Signed {
    let bytes = sign(&key(), unsigned);
    let signed = StellarCheck.open(CHAIN, unsigned, &bytes).unwrap();
    assert_eq!(signed.unsigned, unsigned);
    signed
}

struct Prepared {
    server: Arc<Server>,
    carry: Arc<dyn Carry>,
    leg: Leg,
    unsigned: Unsigned,
    signed: Signed,
}

impl Prepared {
    async fn new(wanted: &Wanted) -> Self {
        let (server, carry) = carried(ledger());
        let leg = plan(&carry, wanted).await.unwrap();
        let unsigned = build(&carry, &leg).await.unwrap();
        let signed = sign_unsigned(&unsigned.bytes);
        Self {
            server,
            carry,
            leg,
            unsigned,
            signed,
        }
    }

    async fn standing(&self, signed: Option<&Signed>) -> Standing {
        let tracked = Tracked {
            leg: &self.leg,
            slot: &self.unsigned.slot,
            tx_id: signed.map(|signed| &signed.tx_id),
            valid_until: self.unsigned.valid_until,
            valid_through: self.unsigned.valid_through,
        };
        self.carry.standing(&tracked).await.unwrap()
    }

    async fn ours(&self) -> Standing {
        self.standing(Some(&self.signed)).await
    }

    fn uses(&self, sequence: u64) {
        self.server.change(|ledger| {
            let us = account_of(&key());
            let used = record(&us, sequence, "95.0000000", None);
            ledger.accounts.insert(us.text().to_owned(), used);
        });
    }
}

/// A transaction as Horizon shows it.
fn shown(signed: &Signed, at: u64, is_successful: bool) -> Value {
    json!({"id": signed.tx_id.as_str(), "hash": signed.tx_id.as_str(), "paging_token": (at << 32).to_string(), "ledger": at,
        "successful": is_successful, "created_at": time(at), "source_account": signed.signer, "fee_charged": "100",
        "max_fee": "150", "operation_count": 1, "memo_type": "none", "envelope_xdr": STANDARD.encode(&signed.bytes)})
}

/// Another payment of our account.
fn rival(leg: &Leg, sequence: i64) -> Signed {
    let mut plan = plan_of(&Leg {
        amount: Amount::from_u128(1),
        ..leg.clone()
    });
    plan.request.sequence = sequence;
    sign_unsigned(&write(&plan).unwrap().envelope)
}

#[tokio::test]
async fn own_a_stellar_return_is_carried_from_plan_to_settlement() {
    let one = Prepared::new(&wanted(false)).await;
    assert_eq!(one.leg.chain, CHAIN);
    assert_eq!(one.leg.fee_max, Amount::from_u128(150));
    assert_eq!(one.leg.signer_key, None);
    assert_eq!(one.leg.memo, None);
    assert_eq!(one.unsigned.slot.sequence, 78);
    assert_eq!(one.unsigned.valid_until, now().plus_seconds(600));
    assert_eq!(one.unsigned.valid_through, None);
    assert_eq!(one.unsigned.fee, one.leg.fee_max);
    assert_eq!(one.ours().await, Standing::NotSeen);
    one.server
        .change(|ledger| ledger.submission = shown(&one.signed, LATEST + 1, true));
    assert_eq!(
        one.carry.send(&one.signed).await,
        Sending::Accepted {
            by: vec!["horizon test".to_owned()]
        }
    );
    let (path, content_type, body) = one.server.posted().remove(0);
    assert_eq!(path, "/transactions");
    assert_eq!(content_type, "application/x-www-form-urlencoded");
    let text = body.strip_prefix("tx=").unwrap();
    assert!(!text.contains(['+', '/', '=']), "{text}");
    let plain = text
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    assert_eq!(STANDARD.decode(plain).unwrap(), one.signed.bytes);
    let id = one.signed.tx_id.as_str().to_owned();
    one.server.change(|ledger| {
        let done = shown(&one.signed, LATEST + 1, true);
        ledger.transactions.insert(id, done);
    });
    let Standing::Included(inclusion) = one.ours().await else {
        panic!("it succeeded");
    };
    assert!(inclusion.is_final);
    assert_eq!(inclusion.deviations, []);
    assert_eq!(inclusion.fee, Amount::from_u128(100));
    assert_eq!(inclusion.block.height, Height(LATEST + 1));
    assert_eq!(inclusion.tx_id, one.signed.tx_id);
    assert_eq!(inclusion.signer, one.leg.signer);
}

#[tokio::test]
async fn own_an_issued_asset_goes_back_with_the_memo_that_people_gave() {
    let mut order = wanted(true);
    order.memo = Some(Memo::id(u64::MAX, place::MEMO));
    let one = Prepared::new(&order).await;
    assert_eq!(one.leg.memo, order.memo);
    one.uses(78);
    one.server.change(|ledger| {
        let mut done = shown(&one.signed, LATEST + 1, true);
        done["memo_type"] = json!("id");
        done["memo"] = json!(u64::MAX.to_string());
        ledger.history.push(done);
    });
    // The server's index by id lags behind its history.
    for signed in [Some(&one.signed), None] {
        let found = one.standing(signed).await;
        assert!(
            matches!(&found, Standing::Included(inclusion) if inclusion.deviations.is_empty()),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn own_what_cannot_be_laid_out_is_refused_with_its_code() {
    let (server, carry) = carried(ledger());
    let with = async |change: &dyn Fn(&mut Wanted)| {
        let mut wanted = wanted(false);
        change(&mut wanted);
        code(plan(&carry, &wanted).await)
    };
    assert_eq!(with(&|w| w.purpose = LegKind::Deploy).await, "by_hand");
    assert_eq!(
        with(&|w| w.verdict = Verdict::NotRecoverable(Reason::KeyLost)).await,
        "not_recoverable"
    );
    assert_eq!(
        with(&|w| w.recipient = account(9).text().to_owned()).await,
        "not_the_sender"
    );
    assert_eq!(with(&|w| w.credit.from = None).await, "no_sender");
    let muxed = address::muxed_text([2; 32], 5);
    assert_eq!(
        with(&|w| w.recipient.clone_from(&muxed)).await,
        "not_an_account"
    );
    assert_eq!(
        with(&|w| w.memo = Some(Memo::tag(5, place::DESTINATION_TAG))).await,
        "memo_not_carried"
    );
    assert_eq!(
        with(&|w| w.memo = Some(Memo::text(&[b'a'; 29], place::MEMO))).await,
        "memo_not_carried"
    );
    assert_eq!(
        with(&|w| w.amount = Amount::from_u128(50_000_001)).await,
        "more_than_came_in"
    );
    assert_eq!(
        with(&|w| w.credit.outcome = recover_core::observation::Outcome::Failed).await,
        "nothing_came_in"
    );
    let token = AssetId::contract(crate::legs::network(), address::contract([3; 32]).text());
    assert_eq!(with(&|w| w.credit.asset = token.clone()).await, "by_hand");
    // To an address that the user proved.
    let mut proved = wanted(false);
    proved.purpose = LegKind::Transfer;
    proved.recipient = account(9).text().to_owned();
    proved.memo = Some(Memo::id(5, place::MUXED_ID));
    assert_eq!(code(plan(&carry, &proved).await), "muxed_needs_account");
    server.change(|ledger| {
        let nine = account(9);
        let there = record(&nine, 1, "5.0000000", None);
        ledger.accounts.insert(nine.text().to_owned(), there);
    });
    let leg = plan(&carry, &proved).await.unwrap();
    assert_eq!((leg.kind, leg.memo), (LegKind::Transfer, proved.memo));
    server.change(|ledger| {
        ledger.accounts.remove(account_of(&key()).text());
    });
    assert_eq!(with(&|_| {}).await, "own_account_absent");
    let us = account_of(&key()).text().to_owned();
    assert_eq!(code(carry.sequence(&us).await), "own_account_absent");
}

#[tokio::test]
async fn pitfall_076_a_required_memo_is_asked_for_before_and_when_building() {
    let (server, carry) = carried(ledger());
    let leg = plan(&carry, &wanted(false)).await.unwrap();
    server.change(|ledger| {
        let them = account(2).text().to_owned();
        ledger.accounts.get_mut(&them).unwrap()["data"] = json!({"config.memo_required": "MQ=="});
    });
    assert_eq!(code(plan(&carry, &wanted(false)).await), "memo_required");
    assert_eq!(code(build(&carry, &leg).await), "memo_required");
}

#[tokio::test]
async fn pitfall_077_an_absent_recipient_is_created_and_a_fault_is_no_absence() {
    let (server, carry) = carried(ledger());
    let them = account(2).text().to_owned();
    server.change(|ledger| {
        ledger.accounts.remove(&them);
    });
    let leg = plan(&carry, &wanted(false)).await.unwrap();
    let unsigned = build(&carry, &leg).await.unwrap();
    let shown = StellarCheck.decode(CHAIN, &unsigned.bytes).unwrap();
    assert!(
        shown
            .lines
            .iter()
            .any(|line| line.value == "create the account")
    );
    assert_eq!(
        code(plan(&carry, &wanted(true)).await),
        "asset_needs_account"
    );
    server.change(|ledger| {
        ledger.accounts.insert(them, problem(503, "stale_history"));
    });
    let failed = plan(&carry, &wanted(false)).await;
    assert!(matches!(failed, Err(CarryError::Source(_))), "{failed:?}");
}

#[tokio::test]
async fn pitfall_078_the_reserve_is_read_when_building() {
    let (server, carry) = carried(ledger());
    let leg = plan(&carry, &wanted(false)).await.unwrap();
    server.change(|ledger| {
        let us = account_of(&key());
        // Two reserves of 0.5, 5 to pay, and one stroop less than the fee of 150.
        let poor = record(&us, 77, "6.0000149", None);
        ledger.accounts.insert(us.text().to_owned(), poor);
    });
    assert_eq!(code(build(&carry, &leg).await), "underfunded");
}

#[tokio::test]
async fn own_a_dearer_network_asks_for_a_new_quote() {
    let (server, carry) = carried(ledger());
    let leg = plan(&carry, &wanted(false)).await.unwrap();
    server.change(|ledger| ledger.price = 151);
    assert_eq!(code(build(&carry, &leg).await), "fee_above_limit");
    server.change(|ledger| ledger.price = 10_000_001);
    assert_eq!(code(plan(&carry, &wanted(false)).await), "fee_too_high");
}

#[tokio::test]
async fn own_a_used_sequence_number_is_never_built_on() {
    let (_server, carry) = carried(ledger());
    let leg = plan(&carry, &wanted(false)).await.unwrap();
    let us = leg.signer.clone();
    assert_eq!(
        carry.sequence(&us).await.unwrap(),
        Sequence {
            next: 78,
            next_final: 78
        }
    );
    let built = async |sequence| carry.build(&leg, sequence, now(), 0).await;
    assert_eq!(code(built(77).await), "sequence_used");
    assert_eq!(code(built(1 << 63).await), "sequence_out_of_range");
    // Never without a life.
    let unsigned = built(80).await.unwrap();
    assert_eq!(unsigned.valid_until, now().plus_seconds(60));
    let mut elsewhere = leg.clone();
    elsewhere.chain = "stellar:testnet".to_owned();
    assert_eq!(code(build(&carry, &elsewhere).await), "other_network");
}

#[tokio::test]
async fn own_a_refusal_for_good_is_of_the_bytes_themselves() {
    let one = Prepared::new(&wanted(false)).await;
    let failed = |code: &str| {
        let mut answer = problem(400, "transaction_failed");
        answer["extras"] = json!({"result_codes": {"transaction": code}});
        answer
    };
    let other = rival(&one.leg, 78);
    for (answer, expected) in [
        (shown(&one.signed, LATEST, true), "accepted"),
        (failed("tx_duplicate"), "accepted"),
        (failed("tx_malformed"), "refused"),
        (failed("tx_missing_operation"), "refused"),
        (problem(400, "transaction_malformed"), "refused"),
        (failed("tx_bad_seq"), "unknown"),
        (failed("tx_too_late"), "unknown"),
        (failed("tx_insufficient_fee"), "unknown"),
        (failed("tx_bad_auth"), "unknown"),
        (failed("tx_failed"), "unknown"),
        (failed("tx_internal_error"), "unknown"),
        (failed("never_heard_of"), "unknown"),
        (problem(504, "timeout"), "unknown"),
        (problem(503, "stale_history"), "unknown"),
        (problem(403, "transaction_submission_disabled"), "unknown"),
        (shown(&other, LATEST, true), "unknown"),
        (json!([]), "unknown"),
        (json!("busy"), "unknown"),
        (Value::Null, "unknown"),
    ] {
        one.server
            .change(|ledger| ledger.submission = answer.clone());
        let found = match one.carry.send(&one.signed).await {
            Sending::Accepted { .. } => "accepted",
            Sending::Refused { reason } => {
                assert!(reason.contains("horizon test"), "{reason}");
                "refused"
            }
            Sending::Unknown { reason } => {
                assert!(!reason.is_empty());
                "unknown"
            }
        };
        assert_eq!(found, expected, "{answer}");
    }
}

#[tokio::test]
async fn own_a_server_of_another_network_is_given_nothing() {
    let one = Prepared::new(&wanted(false)).await;
    let mut test = ledger();
    test.passphrase = "Test SDF Network ; September 2015".to_owned();
    let (server, carry) = carried(test);
    let sent = carry.send(&one.signed).await;
    assert!(
        matches!(&sent, Sending::Unknown { reason } if reason.contains("testnet")),
        "{sent:?}"
    );
    assert_eq!(server.posted(), []);
}

#[tokio::test]
async fn own_a_payment_is_expired_only_well_behind_its_end() {
    let one = Prepared::new(&wanted(false)).await;
    // Ledgers of five seconds: 120 of them to the end, 12 more until servers agree.
    for (latest, is_over) in [
        (LATEST + 120, false),
        (LATEST + 132, false),
        (LATEST + 133, true),
    ] {
        one.server.change(|ledger| ledger.latest = latest);
        match one.ours().await {
            Standing::Expired { proof } => {
                assert!(
                    is_over && proof.contains("sequence number 78"),
                    "{latest} {proof}"
                );
            }
            Standing::NotSeen => assert!(!is_over, "{latest}"),
            other => panic!("{other:?}"),
        }
    }
    // A used number is another question.
    one.uses(78);
    assert!(matches!(one.ours().await, Standing::Unknown { .. }));
    one.server.change(|ledger| {
        ledger.accounts.remove(account_of(&key()).text());
    });
    assert!(matches!(one.ours().await, Standing::Unknown { .. }));
}

#[tokio::test]
async fn own_another_transaction_in_the_slot_replaces_it() {
    let one = Prepared::new(&wanted(false)).await;
    one.uses(81);
    let put = |sequence: i64| {
        one.server.change(|ledger| {
            let done = shown(
                &rival(&one.leg, sequence),
                LATEST - ledger.history.len() as u64,
                true,
            );
            ledger.history.push(done);
        });
    };
    put(81);
    put(80);
    put(79);
    // Nobody shows who used the number.
    assert!(matches!(one.ours().await, Standing::Unknown { .. }));
    let other = rival(&one.leg, 78);
    put(78);
    let by = Some(other.tx_id.clone());
    assert_eq!(one.ours().await, Standing::Replaced { by });
    match one.standing(None).await {
        Standing::Included(inclusion) => {
            assert_eq!(inclusion.tx_id, other.tx_id);
            let fields: Vec<&str> = inclusion.deviations.iter().map(|one| one.field).collect();
            assert_eq!(fields, ["amount"]);
        }
        found => panic!("{found:?}"),
    }
    // A number that the account skipped: a later one was used, then an earlier one is met.
    one.server.change(|ledger| {
        ledger.history.pop();
    });
    put(77);
    assert_eq!(one.ours().await, Standing::Replaced { by: None });
}

/// Two returns to one sender are the same payment but for their numbers. The id of one never settles the other, whose package can
/// still be sent, nor does its failure free the other's number.
#[tokio::test]
async fn pitfall_104_the_same_payment_in_another_slot_is_another_payment() {
    let one = Prepared::new(&wanted(false)).await;
    let mut plan = plan_of(&one.leg);
    plan.request.sequence = 77;
    let twin = sign_unsigned(&write(&plan).unwrap().envelope);
    let now = async |succeeded: bool| {
        one.server.change(|ledger| {
            let id = twin.tx_id.as_str().to_owned();
            ledger
                .transactions
                .insert(id, shown(&twin, LATEST, succeeded));
        });
        one.standing(Some(&twin)).await
    };
    let (Standing::Included(paid), Standing::Failed(failed)) = (now(true).await, now(false).await)
    else {
        panic!("both are in a ledger");
    };
    for inclusion in [paid, failed] {
        let fields: Vec<&str> = inclusion.deviations.iter().map(|one| one.field).collect();
        assert_eq!(fields, ["sequence"]);
    }
}

/// A row whose bytes cannot be read may be the one in question: that a number was skipped is then not proven.
#[tokio::test]
async fn own_an_unread_row_of_the_history_proves_no_gap() {
    let one = Prepared::new(&wanted(false)).await;
    one.uses(79);
    let ours = shown(&one.signed, LATEST - 1, true);
    one.server.change(|ledger| {
        ledger
            .history
            .push(shown(&rival(&one.leg, 79), LATEST, true));
        let mut unread = ours;
        unread.as_object_mut().unwrap().remove("envelope_xdr");
        ledger.history.push(unread);
        ledger
            .history
            .push(shown(&rival(&one.leg, 77), LATEST - 2, true));
    });
    let found = one.standing(None).await;
    assert!(matches!(found, Standing::Unknown { .. }), "{found:?}");
}

#[tokio::test]
async fn own_a_failed_transaction_used_its_number_and_moved_nothing() {
    let one = Prepared::new(&wanted(false)).await;
    one.server.change(|ledger| {
        let id = one.signed.tx_id.as_str().to_owned();
        ledger
            .transactions
            .insert(id, shown(&one.signed, LATEST, false));
    });
    match one.ours().await {
        Standing::Failed(inclusion) => assert_eq!(inclusion.fee, Amount::from_u128(100)),
        found => panic!("{found:?}"),
    }
}

#[tokio::test]
async fn own_a_lying_answer_is_disbelieved() {
    let one = Prepared::new(&wanted(false)).await;
    let other = rival(&one.leg, 78);
    let tracked = Tracked {
        leg: &one.leg,
        slot: &one.unsigned.slot,
        tx_id: Some(&one.signed.tx_id),
        valid_until: None,
        valid_through: None,
    };
    let id = one.signed.tx_id.as_str().to_owned();
    // Another transaction under our id, by its own name and by ours.
    let mut renamed = shown(&other, LATEST, true);
    renamed["hash"] = json!(id);
    renamed["id"] = json!(id);
    for answer in [shown(&other, LATEST, true), renamed] {
        one.server.change(|ledger| {
            ledger.transactions.insert(id.clone(), answer);
        });
        assert!(one.carry.standing(&tracked).await.is_err());
    }
    // Without its bytes nobody can say what it did.
    let mut bare = shown(&one.signed, LATEST, true);
    bare.as_object_mut().unwrap().remove("envelope_xdr");
    one.server.change(|ledger| {
        ledger.transactions.insert(id, bare);
    });
    let found = one.carry.standing(&tracked).await.unwrap();
    assert!(matches!(found, Standing::Unknown { .. }), "{found:?}");
}
