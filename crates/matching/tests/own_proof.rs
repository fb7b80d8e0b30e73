//! What a proof of the sender changes: it is evidence for its own deposit, it ends a dispute, and it never outweighs the address book.

mod common;

use common::{address, by_transaction, deposit, hash, issued};
use recover_core::appeal::{MatchDecision, MatchOutcome};
use recover_core::book::AddressRecord;
use recover_core::observation::DepositId;
use recover_matching::{DepositFacts, DepositIndex, Model, UserBook, match_appeals};

/// Matches two users who name one deposit of nobody's address; `proven` says who proved to be its sender.
fn disputed(book: &[AddressRecord], proven: &[&str]) -> Vec<MatchOutcome> {
    let deposits: Vec<DepositFacts> = vec![
        deposit("D1", "bsc", &hash(1), &address(9), "USDT", "250"),
        deposit("D2", "bsc", &hash(2), &address(9), "USDT", "17"),
    ];
    let clues: Vec<_> = [by_transaction("A1", "U1", 1), by_transaction("A2", "U2", 1)]
        .iter()
        .map(|form| {
            let mut clues = form.clues();
            if proven.contains(&form.user) {
                clues.proven.insert(DepositId::verbatim("D1"));
            }
            clues
        })
        .collect();
    match_appeals(
        &clues,
        &DepositIndex::new(deposits),
        &UserBook::new(book),
        &Model::default(),
    )
}

fn decisions(outcomes: &[MatchOutcome]) -> Vec<MatchDecision> {
    outcomes.iter().map(|outcome| outcome.decision).collect()
}

#[test]
fn own_two_claimants_are_frozen_until_exactly_one_of_them_proves() {
    let frozen = [MatchDecision::Conflict, MatchDecision::Conflict];
    assert_eq!(decisions(&disputed(&[], &[])), frozen);
    // Two proofs settle nothing.
    assert_eq!(decisions(&disputed(&[], &["U1", "U2"])), frozen);
    let released = disputed(&[], &["U2"]);
    assert_eq!(released[0].decision, MatchDecision::None);
    assert_eq!(released[0].deposit, None);
    assert!(
        matches!(
            released[1].decision,
            MatchDecision::Review | MatchDecision::Auto
        ),
        "{:?}",
        released[1]
    );
    assert_eq!(
        released[1].deposit.as_ref().map(DepositId::as_str),
        Some("D1")
    );
}

#[test]
fn own_a_proof_of_the_sender_does_not_take_a_deposit_from_the_owner_of_its_address() {
    let book = [issued("U1", &address(9))];
    let outcomes = disputed(&book, &["U2"]);
    assert_eq!(outcomes[1].decision, MatchDecision::None);
    assert_eq!(outcomes[1].deposit, None);
    assert_ne!(outcomes[0].decision, MatchDecision::None);
}
