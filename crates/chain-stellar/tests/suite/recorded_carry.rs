//! Transactions of the public network followed as if they were ours, and refusals as servers wrote them.

use crate::carrying::{carried, ledger};
use crate::fixture::{bytes, decoder, folder};
use crate::legs::{key, leg, network, sign};
use crate::own_check::plan_of;
use recover_chain_stellar::StellarCheck;
use recover_chain_stellar::returns::{Action, ReturnSummary, build};
use recover_chain_stellar::wire;
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::check::{Check, Slot};
use recover_core::memo::{Memo, MemoKind, place};
use recover_core::plan::Leg;
use recover_source::carry::{Sending, Standing, Tracked};
use serde_json::Value;
use std::collections::BTreeMap;

/// The leg that a recorded transaction of one payment carries out.
fn leg_of(summary: &ReturnSummary) -> Option<Leg> {
    let [operation] = summary.operations.as_slice() else {
        return None;
    };
    if operation.source.is_some() {
        return None;
    }
    let (to, id, asset, amount) = match &operation.action {
        Action::Pay {
            to,
            to_muxed_id,
            asset,
            amount,
        } => (to, *to_muxed_id, asset.clone(), *amount),
        Action::Create { to, amount } => (to, None, None, *amount),
        Action::Other(_) => return None,
    };
    let memo = match (id, summary.memo.kind) {
        (Some(id), MemoKind::Absent) => Some(Memo::id(id, place::MUXED_ID)),
        (Some(_), _) => return None,
        (None, MemoKind::Absent) => None,
        (None, _) => Some(summary.memo.clone()),
    };
    Some(Leg {
        signer: summary.from.text().to_owned(),
        target: to.text().to_owned(),
        recipient: to.text().to_owned(),
        memo,
        asset: match asset {
            None => AssetId::native(network()),
            Some(text) => AssetId::contract(network(), &text),
        },
        amount: Amount::from_u128(amount.unsigned_abs().into()),
        fee_max: Amount::from_u128(10_000_000),
        ..leg()
    })
}

/// Every recorded record of one transaction with its bytes, as the server wrote it.
fn records() -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let body = bytes(&name);
        match wire::body(&body) {
            Ok(wire::Body::Record(raw)) => {
                all.push((name, serde_json::from_str(raw.get()).unwrap()));
            }
            Ok(wire::Body::Rows(rows)) => all.extend(
                rows.iter()
                    .map(|row| (name.clone(), serde_json::from_str(row.get()).unwrap())),
            ),
            _ => {}
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

#[tokio::test]
async fn every_payment_is_found_under_its_id_and_in_its_slot() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, value) in records() {
        let Ok(record) = serde_json::from_value::<wire::Transaction>(value.clone()) else {
            continue;
        };
        // What every server of today writes; rows of other tools leave one or the other out.
        let is_whole = record.fee_charged.is_some()
            && record.ledger.is_some()
            && record.created_at.is_some()
            && record.successful.is_some();
        let Ok(facts) = decoder().transaction(&record) else {
            continue;
        };
        let summary = facts
            .envelope
            .as_ref()
            .and_then(|envelope| envelope.summary());
        let Some(leg) = summary.as_ref().and_then(leg_of).filter(|_| is_whole) else {
            continue;
        };
        let summary = summary.unwrap();
        let (server, carry) = carried(ledger());
        let id = facts.id.clone();
        server.change(|ledger| {
            ledger
                .transactions
                .insert(id.as_str().to_owned(), value.clone());
            let used = crate::carrying::record(
                &summary.from,
                u64::try_from(summary.sequence).unwrap() + 1,
                "1.0000000",
                None,
            );
            ledger.accounts.insert(summary.from.text().to_owned(), used);
            ledger.history.push(value.clone());
        });
        let slot = Slot {
            account: leg.signer.clone(),
            sequence: u64::try_from(summary.sequence).unwrap(),
            is_ticket: false,
        };
        let mut other = leg.clone();
        other.amount = other.amount.checked_add(Amount::from_u128(1)).unwrap();
        for tx_id in [Some(&id), None] {
            let standing = async |leg: &Leg| {
                let tracked = Tracked {
                    leg,
                    slot: &slot,
                    tx_id,
                    valid_until: None,
                    valid_through: None,
                };
                carry.standing(&tracked).await.unwrap()
            };
            match (standing(&leg).await, standing(&other).await) {
                (Standing::Included(found), Standing::Included(deviating)) => {
                    assert_eq!(found.deviations, [], "{name}");
                    assert_eq!(found.tx_id, id, "{name}");
                    assert_eq!(deviating.deviations[0].field, "amount", "{name}");
                    *counts.entry("included").or_default() += 1;
                }
                (Standing::Failed(found), Standing::Failed(_)) => {
                    assert_eq!(found.deviations, [], "{name}");
                    *counts.entry("failed").or_default() += 1;
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    }
    assert!(
        counts["included"] >= 8 && counts["failed"] >= 40,
        "{counts:?}"
    );
}

#[tokio::test]
async fn refusals_of_submissions_as_servers_wrote_them() {
    let unsigned = build(&plan_of(&leg())).unwrap().envelope;
    let signed = StellarCheck
        .open("stellar:pubnet", &unsigned, &sign(&key(), &unsigned))
        .unwrap();
    let (server, carry) = carried(ledger());
    for (name, expected) in [
        ("err_transaction-failed", "tx_no_source_account"),
        ("docs_error_transaction-failed", "unknown"),
        ("docs_error_timeout", "unknown"),
        ("docs_error_stale-history", "unknown"),
        ("gem_transaction_transfer_broadcast_error", "unknown"),
        (
            "gem_transaction_transfer_broadcast_error_low_reserve",
            "unknown",
        ),
        ("docs_submit-async-transaction_403_2", "unknown"),
        ("docs_error_transaction-malformed", "refused"),
        // A success, but of somebody else's transaction.
        ("docs_submit-a-transaction_200_1", "unknown"),
    ] {
        let answer: Value = serde_json::from_slice(&bytes(name)).unwrap();
        server.change(|ledger| ledger.submission = answer);
        match carry.send(&signed).await {
            Sending::Refused { .. } => assert_eq!(expected, "refused", "{name}"),
            Sending::Unknown { reason } => assert!(
                expected == "unknown" || reason.contains(expected),
                "{name}: {reason}"
            ),
            Sending::Accepted { .. } => panic!("{name} was taken for an acceptance"),
        }
    }
}
