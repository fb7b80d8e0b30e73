//! Payments of the main network followed as if they were ours: a submission as the server answered it, and where it came to stand.

use crate::fixture::json;
use crate::server::{error, info, ledger, server, settings};
use recover_chain_xrpl::address;
use recover_chain_xrpl::asset::Money;
use recover_chain_xrpl::{XrplCheck, carry_with};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::block::{Height, TxId};
use recover_core::check::{Check, Slot};
use recover_core::memo::{Memo, place};
use recover_core::plan::{Leg, LegKind};
use recover_source::carry::{Carry, Sending, Standing, Tracked};
use serde_json::{Value, json};
use std::sync::Arc;

const ACCOUNT: &str = "rnZmVGX6f4pUYyS4oXYJzoLdRojQV8y297";
const TIP: u64 = 98_408_868;

/// A server that has one recorded account's history, and takes a submission with a recorded answer.
fn recorded(submission: &'static str) -> Arc<dyn Carry> {
    let rows = json("account_tx_49")["result"]["transactions"].clone();
    let rows = rows.as_array().cloned().unwrap();
    let server = server(move |method, asked| {
        Ok(match method {
            "server_info" => info("32570-98408868", TIP),
            "ledger" => ledger(asked["ledger_index"].as_u64().unwrap()),
            "submit" => json(submission),
            "account_info" => {
                json!({"result": {"status": "success", "ledger_index": TIP, "validated": true,
                "account_data": {"Account": ACCOUNT, "Sequence": 82_046_084}}})
            }
            "tx" => {
                let row = rows
                    .iter()
                    .find(|row| row["tx"]["hash"] == asked["transaction"]);
                match row {
                    Some(row) => {
                        let mut flat = row["tx"].clone();
                        flat["meta"] = row["meta"].clone();
                        flat["validated"] = json!(true);
                        json!({ "result": flat })
                    }
                    None => error("txnNotFound"),
                }
            }
            "account_tx" => json!({"result": {"account": ACCOUNT, "transactions": rows}}),
            _ => error("unknownCmd"),
        })
    });
    carry_with(settings(), server)
}

/// The leg that a recorded payment in XRP carries out.
fn leg_of(fields: &Value) -> Leg {
    let network = crate::fixture::network();
    let text = |name: &str| fields[name].as_str().unwrap().to_owned();
    let money = Money::read(&fields["Amount"]).unwrap();
    Leg {
        kind: LegKind::Transfer,
        network: network.clone(),
        chain: "xrpl:0".to_owned(),
        signer: text("Account"),
        signer_key: Some(text("SigningPubKey").to_lowercase()),
        target: text("Destination"),
        recipient: text("Destination"),
        memo: fields["DestinationTag"]
            .as_u64()
            .map(|tag| Memo::tag(u32::try_from(tag).unwrap(), place::DESTINATION_TAG)),
        asset: AssetId::native(network),
        amount: money.units().unwrap().amount,
        call: None,
        route: None,
        spend: None,
        fee_max: Amount::from_u128(5_000),
    }
}

#[tokio::test]
async fn a_submission_is_opened_sent_and_found_in_its_ledger() {
    let answer = json("submit_ok");
    let blob = hex::decode(answer["result"]["tx_blob"].as_str().unwrap()).unwrap();
    let signed = XrplCheck.open("xrpl:0", &[], &blob).unwrap();
    let leg = leg_of(&answer["result"]["tx_json"]);
    let decoded = XrplCheck.verify(&leg, &signed.unsigned).unwrap();
    let carry = recorded("submit_ok");
    let sent = carry.send(&signed).await;
    assert!(matches!(sent, Sending::Accepted { .. }), "{sent:?}");
    for tx_id in [Some(&signed.tx_id), None] {
        let tracked = Tracked {
            leg: &leg,
            slot: &decoded.slot,
            tx_id,
            valid_until: None,
            valid_through: decoded.valid_through,
        };
        let Standing::Included(inclusion) = carry.standing(&tracked).await.unwrap() else {
            panic!("it succeeded");
        };
        assert_eq!(inclusion.tx_id, signed.tx_id);
        assert_eq!(inclusion.block.height, Height(98_209_761));
        assert_eq!(inclusion.fee, Amount::from_u128(5_000));
        assert_eq!(inclusion.deviations, []);
        assert_eq!(inclusion.signer, ACCOUNT);
    }
    // Other bytes that were meant for the same slot can never happen.
    let other = TxId::new(&"AB".repeat(32));
    let tracked = Tracked {
        leg: &leg,
        slot: &decoded.slot,
        tx_id: Some(&other),
        valid_until: None,
        valid_through: decoded.valid_through,
    };
    let by = Some(signed.tx_id.clone());
    assert_eq!(
        carry.standing(&tracked).await.unwrap(),
        Standing::Replaced { by }
    );
}

#[tokio::test]
async fn submissions_that_the_server_did_not_take() {
    let answer = json("submit_ok");
    let blob = hex::decode(answer["result"]["tx_blob"].as_str().unwrap()).unwrap();
    let signed = XrplCheck.open("xrpl:0", &[], &blob).unwrap();
    let late = recorded("submit_failed").send(&signed).await;
    assert!(
        matches!(&late, Sending::Unknown { reason } if reason.contains("tefMAX_LEDGER")),
        "{late:?}"
    );
    let malformed = recorded("submit_tem_error").send(&signed).await;
    assert!(
        matches!(&malformed, Sending::Refused { reason } if reason.contains("temMALFORMED")),
        "{malformed:?}"
    );
}

/// Every recorded payment in XRP of the account is found in its slot; one digit more or another tag is told.
#[tokio::test]
async fn pitfall_074_every_payment_is_compared_to_the_digit() {
    let carry = recorded("submit_ok");
    let rows = json("account_tx_49")["result"]["transactions"].clone();
    let mut count = 0;
    for row in rows.as_array().unwrap() {
        let fields = &row["tx"];
        let is_payment = fields["TransactionType"] == "Payment" && fields["Amount"].is_string();
        if fields["Account"] != ACCOUNT || !is_payment {
            continue;
        }
        let leg = leg_of(fields);
        let slot = Slot {
            account: ACCOUNT.to_owned(),
            sequence: fields["Sequence"].as_u64().unwrap(),
            is_ticket: false,
        };
        let found = async |leg: &Leg| {
            let tracked = Tracked {
                leg,
                slot: &slot,
                tx_id: None,
                valid_until: None,
                valid_through: None,
            };
            match carry.standing(&tracked).await.unwrap() {
                Standing::Included(inclusion) => inclusion
                    .deviations
                    .iter()
                    .map(|one| one.field)
                    .collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(found(&leg).await, Vec::<&str>::new(), "{fields}");
        let mut more = leg.clone();
        more.amount = more.amount.checked_add(Amount::from_u128(1)).unwrap();
        assert_eq!(found(&more).await, ["amount"]);
        let mut tagged = leg.clone();
        tagged.memo = Some(Memo::tag(123, place::DESTINATION_TAG));
        assert_eq!(found(&tagged).await, ["memo"]);
        let mut other = leg;
        other.recipient = address::text([9; 20]);
        assert_eq!(found(&other).await, ["recipient"]);
        count += 1;
    }
    assert_eq!(count, 20);
}
