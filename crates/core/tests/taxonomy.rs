//! Every code under which desks file mis-sent deposits ends in a kind, a flag, a status or a claim guard of ours.

mod support;

use recover_core::claim::Refusal;
use recover_core::classify::classify;
use recover_core::deposit::DepositStatus;
use recover_core::kind::Kind;
use recover_core::observation::Flag;
use std::collections::BTreeSet;
use support::{MAKING, changed};

/// What a code becomes here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    /// A kind that can be recovered.
    Kind,
    /// A kind that explains the transaction and leaves nothing to recover.
    Diagnosis,
    /// A fact beside the kind.
    Flag,
    /// Where the deposit stands.
    Status,
    /// What stops a claim.
    Guard,
}

/// The desk's code, what it becomes, and the stable code of ours. `FAKE_TOKEN / DUST` and `UNCONFIRMED / FAILED / DROPPED`
/// are one line each in the taxonomy and one row for each word here.
#[rustfmt::skip] // A table.
const TAXONOMY: &[(&str, Home, &str)] = &[
    ("MEMO_MISSING", Home::Kind, "memo_missing"),
    ("MEMO_WRONG_UNASSIGNED", Home::Kind, "memo_unknown"),
    ("MEMO_OTHER_USER", Home::Kind, "memo_of_another_user"),
    ("MEMO_WRONG_FIELD", Home::Kind, "memo_in_wrong_field"),
    ("EVM_WRONG_CHAIN_EOA", Home::Kind, "wrong_chain_same_key"),
    ("EVM_WRONG_CHAIN_CONTRACT", Home::Kind, "wrong_chain_contract"),
    // Tron and EVM addresses are one 20-byte payload in two spellings: the same key signs.
    ("TRON_EVM_MIX", Home::Kind, "wrong_chain_same_key"),
    ("UTXO_WRONG_CHAIN", Home::Kind, "utxo_wrong_chain"),
    // The coins can be raced once the redeem script is public: what is particular about it is that it must stay secret.
    ("BCH_TO_SEGWIT", Home::Flag, "script_secret"),
    // Of a stranger's address nobody can show that its key is missing: there the same mistake reads not_ours.
    ("NO_KEY_ADDRESS", Home::Diagnosis, "no_key"),
    ("UNLISTED_TOKEN", Home::Kind, "unlisted_token"),
    ("DELISTED_OR_OLD_CONTRACT", Home::Kind, "retired_contract"),
    // Never by symbol: a twin under another contract is a token that we do not list.
    ("TOKEN_VERSION", Home::Kind, "unlisted_token"),
    ("SUSPENDED", Home::Kind, "suspended_network"),
    ("UNCONFIRMED", Home::Status, "unconfirmed"),
    ("FAILED", Home::Diagnosis, "failed"),
    ("DROPPED", Home::Diagnosis, "replaced"),
    ("BELOW_MIN", Home::Kind, "below_minimum"),
    ("ADDRESS_RETIRED", Home::Kind, "retired_address"),
    ("HOT_WALLET", Home::Kind, "hot_wallet"),
    ("RETURNED_WITHDRAWAL", Home::Kind, "returned_withdrawal"),
    ("TOKEN_CONTRACT_ADDR", Home::Diagnosis, "token_contract"),
    ("INTERNAL_TX", Home::Kind, "internal_transfer"),
    ("FORCED_ETHER", Home::Kind, "forced_credit"),
    ("XRP_PARTIAL", Home::Kind, "partial_payment"),
    ("IBC", Home::Kind, "ibc_voucher"),
    ("BRIDGE_STUCK", Home::Diagnosis, "bridge_stuck"),
    ("FAKE_TOKEN", Home::Diagnosis, "fake_token"),
    ("DUST", Home::Diagnosis, "fake_token"),
    ("NFT", Home::Flag, "nft"),
    ("ACCOUNT_CLOSED", Home::Kind, "account_closed"),
    ("NOT_OURS", Home::Diagnosis, "not_ours"),
    // Claimed by another user; one that was credited to another user is already_credited.
    ("OTHER_USERS_DEPOSIT", Home::Guard, "rival_appeal"),
    ("ALREADY_CREDITED", Home::Diagnosis, "already_credited"),
    ("MULTI_SOURCE", Home::Flag, "multi_source"),
    ("COMPLIANCE_HOLD", Home::Guard, "on_hold"),
    ("OLD_FORK", Home::Diagnosis, "old_fork"),
];

#[test]
fn every_code_of_the_taxonomy_has_a_home() {
    for (code, home, ours) in TAXONOMY {
        match home {
            Home::Kind => {
                let kind = Kind::from_code(ours);
                assert!(kind.is_some_and(Kind::is_workable), "{code}: {ours}");
            }
            Home::Diagnosis => {
                let kind = Kind::from_code(ours);
                assert!(kind.is_some_and(Kind::is_diagnosis), "{code}: {ours}");
            }
            Home::Flag => assert!(Flag::from_code(ours).is_some(), "{code}: {ours}"),
            Home::Status => assert!(DepositStatus::from_code(ours).is_some(), "{code}: {ours}"),
            Home::Guard => assert!(Refusal::from_code(ours).is_some(), "{code}: {ours}"),
        }
    }
    let codes: BTreeSet<&str> = TAXONOMY.iter().map(|(code, _, _)| *code).collect();
    assert_eq!(codes.len(), TAXONOMY.len(), "a code is listed once");
    assert_eq!(codes.len(), 37, "the taxonomy has 37 codes");
}

/// Kinds of ours that no desk has a code for.
const OWN_ADDITIONS: &[(Kind, &str)] = &[
    (
        Kind::MissedCredit,
        "nobody made a mistake but the exchange: it was simply not booked",
    ),
    (
        Kind::OutgoingWithdrawal,
        "desks refuse it at the form and give it no code",
    ),
    (Kind::OwnMovement, "no customer ever asks about it"),
];

#[test]
fn every_kind_comes_from_a_code_or_is_named_as_an_addition() {
    for kind in Kind::ALL {
        let from_code = TAXONOMY.iter().any(|(_, home, ours)| {
            matches!(home, Home::Kind | Home::Diagnosis) && *ours == kind.code()
        });
        let added = OWN_ADDITIONS.iter().any(|(added, _)| added == kind);
        assert_ne!(from_code, added, "{kind}");
    }
}

#[test]
fn the_classifier_can_give_every_kind_of_the_taxonomy() {
    for (code, home, ours) in TAXONOMY {
        if !matches!(home, Home::Kind | Home::Diagnosis) {
            continue;
        }
        let made = MAKING.iter().find(|(kind, _)| kind.code() == *ours);
        match made {
            Some((kind, change)) => assert_eq!(classify(&changed(*change)).kind, *kind, "{code}"),
            // The one family that can produce it is not built: see the classifier's table.
            None => assert_eq!(*code, "UTXO_WRONG_CHAIN"),
        }
    }
}
