//! What a right adapter says of chosen recordings, and the wrong answer that each of them catches.

use crate::fixture::{decoded_of, find, json, one, short};
use recover_chain_xrpl::decode::{DecodeError, Note};
use recover_core::memo::{MemoKind, place};
use recover_core::observation::{Flag, Mechanism, Outcome};

#[test]
fn a_partial_payment_credits_what_was_delivered_and_not_its_cap() {
    let decoded = find("ledger_98408898_expanded_45tx", "4D84AF2E");
    let [credit, ..] = decoded.credits.as_slice() else {
        panic!("no credit");
    };
    assert_eq!(credit.amount.to_base_units(), "109210");
    assert_eq!(credit.amount_stated.to_base_units(), "1000000000000");
    assert_eq!(credit.flags, [Flag::PartialDelivery]);
}

#[test]
fn a_delivery_below_zero_is_no_deposit_and_said() {
    for (name, id) in [
        ("ledger_90150378_expanded", "D540F1E2"),
        ("ledger_90156059_expanded", "B360BE15"),
    ] {
        let decoded = find(name, id);
        assert_eq!(decoded.outcome, Outcome::Success);
        assert!(
            decoded
                .credits
                .iter()
                .all(|credit| credit.position.as_str() != "value"),
            "{id}"
        );
        assert!(matches!(
            decoded.notes.as_slice(),
            [Note::NothingDelivered { delivered, .. }] if delivered == "-1"
        ));
    }
}

#[test]
fn an_early_payment_whose_delivery_the_server_does_not_know_is_exact() {
    let decoded = find("ledger_340231_expanded", "7B398C8B");
    let [credit] = decoded.credits.as_slice() else {
        panic!("{:?}", decoded.credits);
    };
    assert_eq!(credit.amount.to_base_units(), "1000000000");
}

#[test]
fn pitfall_068_tag_zero_is_a_tag_and_the_delivered_part_is_the_deposit() {
    let decoded = one("tx_PaymentWithPartial");
    let credit = &decoded.credits[0];
    assert_eq!(credit.memos[0].kind, MemoKind::Tag);
    assert_eq!(credit.memos[0].raw, b"0");
    assert_eq!(credit.memos[0].place, place::DESTINATION_TAG);
    assert_eq!(credit.amount.to_coin_text(30), "0.001041958041958041");
    assert_eq!(credit.amount_stated.to_coin_text(30), "0.001043");
    let asset = credit.asset.contract_text().unwrap();
    assert!(
        asset.starts_with("78436F69") && asset.ends_with(".rXCoYSUnkpygdtfpz3Df8dKQuRZjM9UFi"),
        "{asset}"
    );
}

#[test]
fn a_failed_payment_is_seen_and_credits_nothing() {
    let failed: Vec<_> = decoded_of(&json("ledger_45136164_tecPATH_DRY"))
        .into_iter()
        .map(Result::unwrap)
        .filter(|decoded| decoded.outcome == Outcome::Failed && decoded.kind == "Payment")
        .collect();
    assert_eq!(failed.len(), 6);
    for decoded in failed {
        assert!(
            decoded
                .credits
                .iter()
                .all(|credit| credit.outcome == Outcome::Failed)
        );
    }
}

#[test]
fn the_result_of_an_inner_transaction_comes_before_what_it_says_it_delivered() {
    let failed = one("tx_batch_inner_failed");
    assert_eq!(failed.outcome, Outcome::Failed);
    assert!(
        failed
            .credits
            .iter()
            .all(|credit| credit.outcome == Outcome::Failed)
    );
    let ok = one("tx_batch_inner_ok");
    assert_eq!(ok.credits[0].amount.to_base_units(), "10000000");
    assert_eq!(ok.credits[0].outcome, Outcome::Success);
    // The batch itself moves nothing: its parts are transactions of their own.
    assert_eq!(one("tx_batch_outer").credits, []);
}

#[test]
fn an_edited_record_is_no_evidence() {
    let all = decoded_of(&json("tx_partial_xrp_edited"));
    assert!(matches!(
        all.as_slice(),
        [Err(DecodeError::IdMismatch { .. })]
    ));
}

#[test]
fn money_that_no_payment_brought_is_found() {
    let claim = one("tx_PaymentChannelClaimWithDestinationTag");
    let credit = &claim.credits[0];
    assert_eq!(credit.mechanism, Mechanism::PaymentChannel);
    assert_eq!(credit.amount.to_base_units(), "1000000");
    assert_eq!(credit.memos[0].raw, b"20170428");
    // The channel's owner pays, whoever submits the claim.
    assert_eq!(
        credit.from.as_ref().unwrap().text(),
        "rN7n7otQDd6FczFgLdSqtcsAUxDkw6fzRH"
    );

    let pool = one("tx_AMMWithdraw_all");
    let amounts: Vec<_> = pool
        .credits
        .iter()
        .map(|credit| (credit.mechanism, credit.amount.to_base_units()))
        .collect();
    assert_eq!(
        amounts,
        [
            (Mechanism::BalanceChange, "5".to_owned()),
            (
                Mechanism::BalanceChange,
                format!("455850791{}", "0".repeat(22))
            ),
        ]
    );
}

#[test]
fn what_is_paid_to_its_own_issuer_is_seen_and_grows_no_balance() {
    let decoded = find("ledger_90150378_expanded", "C1877726");
    let [credit] = decoded.credits.as_slice() else {
        panic!("{:?}", decoded.credits);
    };
    let asset = credit.asset.contract_text().unwrap();
    assert!(asset.ends_with(credit.to.text()), "{asset}");
    assert_eq!(credit.amount.to_coin_text(30), "100000");
    assert_eq!(credit.flags, [Flag::BalanceUnchanged]);
}

#[test]
fn a_sender_says_where_money_may_go_back() {
    let decoded = one("tx_PaymentWithSourceTag");
    let memos = &decoded.credits[0].memos;
    let found: Vec<_> = memos
        .iter()
        .map(|memo| {
            (
                memo.place.as_str(),
                String::from_utf8(memo.raw.clone()).unwrap(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("destination_tag", "412453880".to_owned()),
            ("source_tag", "20648".to_owned())
        ]
    );
}

#[test]
fn a_tag_in_the_memos_is_kept_beside_the_tag() {
    let decoded = find("ledger_87704323_expanded", "17FAF3B5");
    let memos = &decoded.credits[0].memos;
    assert_eq!(memos[0].raw, b"811921039");
    assert_eq!(memos[1].place, "memos[0].data");
    assert_eq!(memos[1].raw, b"811921039");
    let excerpt = one("tx_thorchain_memo_excerpt");
    let memos = &excerpt.credits[0].memos;
    assert_eq!(memos[0].kind, MemoKind::Absent);
    assert!(memos[1].raw.starts_with(b"=:b:bc1q3yw4t9x"));
    assert!(matches!(
        excerpt.notes.as_slice(),
        [Note::IdUnproven { .. }]
    ));
}

/// Two records of a page never share a key.
#[test]
fn no_two_credits_share_their_position() {
    let mut seen = std::collections::BTreeSet::new();
    for name in [
        "ledger_98408898_expanded_45tx",
        "ledger_90150378_expanded",
        "ledger_94084608_expanded",
        "ledger_7501326_with_state",
    ] {
        for decoded in decoded_of(&json(name)).into_iter().flatten() {
            for credit in &decoded.credits {
                assert!(
                    seen.insert(credit.id()),
                    "{} {}",
                    short(decoded.id.as_str()),
                    credit.position
                );
                assert!(!credit.amount.is_zero() && credit.amount <= credit.amount_stated);
            }
        }
    }
    assert!(seen.len() > 150, "{}", seen.len());
}
