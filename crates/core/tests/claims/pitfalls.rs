//! What went wrong in other recovery systems, by the numbers under which we keep it.

use crate::world::{
    EVERYBODY, QUOTE_SECONDS, START, World, because, later, quote, request, screen, vote, vote_on,
};
use recover_core::amount::Amount;
use recover_core::claim::{Claim, ClaimStatus, Command, Refusal, Role, step};
use recover_core::decimal::Decimal;
use recover_core::deposit::DepositStatus;
use recover_core::fee::{Cents, FeeForm, FeeRule, QuoteInput, QuoteRefusal};
use recover_core::kind::Kind;
use recover_core::network::NetworkId;
use recover_core::verdict::{Missing, Verdict};
use std::collections::BTreeSet;

/// One of each command, as it would succeed where the claim stands right.
fn commands(claim: &Claim) -> Vec<Command> {
    let all = vec![
        Command::Quote(quote()),
        Command::Accept,
        screen(true),
        screen(false),
        vote(claim),
        Command::Reject {
            reason: because("r"),
        },
        Command::Cancel {
            reason: because("r"),
        },
        Command::ExpireQuote,
        Command::Invalidate {
            reason: because("r"),
        },
    ];
    for command in &all {
        // A new command does not compile until it is in the list above.
        match command {
            Command::Quote(_)
            | Command::Accept
            | Command::Screen { .. }
            | Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Cancel { .. }
            | Command::ExpireQuote
            | Command::Invalidate { .. } => {}
        }
    }
    all
}

#[test]
fn pitfall_020_what_is_not_final_or_not_known_is_never_approved() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let mut mempool = world.clone();
    mempool.observation_mut().block = None;
    mempool.deposit.status = DepositStatus::Unconfirmed;
    assert_eq!(
        mempool.act(&claim, "bob", &vote(&claim)),
        Err(Refusal::DepositChanged)
    );
    let mut fresh = World::new();
    fresh.deposit.status = DepositStatus::Unconfirmed;
    assert_eq!(fresh.open("ada", &request()), Err(Refusal::DepositNotFinal));
    // A failed look-up of the confirmations is unknown, which the classifier calls missing finality or outcome.
    for (missing, refusal) in [
        (Missing::FinalityMissing, Refusal::DepositNotFinal),
        (Missing::OutcomeUnknown, Refusal::ConditionOpen),
    ] {
        let mut unknown = world.clone();
        unknown.deposit.classification.verdict = Verdict::Conditional(missing);
        assert_eq!(
            unknown.act(&claim, "bob", &vote(&claim)),
            Err(refusal),
            "{missing}"
        );
    }
}

#[test]
fn pitfall_087_an_old_revision_is_refused_whatever_the_command() {
    let mut world = World::new();
    let first = world.claim_at(ClaimStatus::PendingApproval);
    let second = world
        .act(&first, "eve", &screen(true))
        .expect("screened again");
    assert_eq!(second.revision, first.revision + 1);
    for command in commands(&second) {
        for name in EVERYBODY {
            let actor = world.actor(name);
            assert_eq!(
                step(&second, first.revision, &command, &world.facts(&actor)),
                Err(Refusal::RevisionDiffers),
                "{} by {name}",
                command.code()
            );
        }
    }
    assert!(world.act(&second, "bob", &vote(&second)).is_ok());
}

#[test]
fn pitfall_088_the_initiator_never_votes_and_nobody_votes_twice() {
    let mut world = World::new();
    let by_fay = world.open("fay", &request()).expect("fay has every role");
    assert!(by_fay.involved.contains("fay"));
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("one vote");
    assert_eq!(
        world.act(&voted, "bob", &vote(&voted)),
        Err(Refusal::AlreadyVoted)
    );
}

#[test]
fn pitfall_088_the_vote_of_a_removed_approver_does_not_count() {
    let mut world = World::new();
    let claim = world.claim_at(ClaimStatus::PendingApproval);
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("one vote");
    let mut moved = world.clone();
    for person in &mut moved.people {
        if person.name == "bob" {
            person.roles = BTreeSet::from([Role::Specialist]);
        }
    }
    let mut left = world.clone();
    left.people.retain(|person| person.name != "bob");
    for (name, later_team) in [("moved", moved), ("left", left)] {
        let second = later_team
            .act(&voted, "cyd", &vote(&voted))
            .expect("a vote");
        assert_eq!(second.status, ClaimStatus::PendingApproval, "bob {name}");
        let third = later_team
            .act(&second, "dee", &vote(&second))
            .expect("a vote");
        assert_eq!(third.status, ClaimStatus::Approved, "bob {name}");
    }
}

#[test]
fn pitfall_089_without_a_role_nothing_is_allowed() {
    for status in [
        ClaimStatus::Draft,
        ClaimStatus::Quoted,
        ClaimStatus::Accepted,
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
    ] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        for command in commands(&claim) {
            // The night's job has no person behind it: it may end what ran out or vanished, and nothing else.
            let is_job = matches!(command, Command::ExpireQuote | Command::Invalidate { .. });
            for name in ["gus", "nobody", ""] {
                if !is_job {
                    assert_eq!(
                        world.act(&claim, name, &command),
                        Err(Refusal::RoleMissing),
                        "{} by '{name}' at {status}",
                        command.code()
                    );
                }
            }
        }
    }
    assert_eq!(
        World::new().open("nobody", &request()),
        Err(Refusal::RoleMissing)
    );
    // A misspelt role names none: a policy that holds one does not load.
    for text in ["aprover", "Wallet", "", "admin"] {
        assert_eq!(Role::from_code(text), None, "{text}");
    }
}

/// Every arrow there is: command, from, to. A vote below the quorum stays.
const ARROWS: &[(&str, ClaimStatus, ClaimStatus)] = {
    use ClaimStatus as S;
    &[
        ("quote", S::Draft, S::Quoted),
        ("quote", S::Quoted, S::Quoted),
        ("quote", S::QuoteExpired, S::Quoted),
        ("quote", S::Accepted, S::Quoted),
        ("accept", S::Quoted, S::Accepted),
        ("screen_clear", S::Accepted, S::PendingApproval),
        ("screen_clear", S::PendingApproval, S::PendingApproval),
        ("screen_hold", S::Draft, S::Draft),
        ("screen_hold", S::Quoted, S::Quoted),
        ("screen_hold", S::QuoteExpired, S::QuoteExpired),
        ("screen_hold", S::Accepted, S::Accepted),
        ("screen_hold", S::PendingApproval, S::PendingApproval),
        ("screen_hold", S::Approved, S::PendingApproval),
        ("approve", S::PendingApproval, S::PendingApproval),
        ("reject", S::PendingApproval, S::Rejected),
        ("reject", S::Approved, S::Rejected),
        ("cancel", S::Draft, S::Cancelled),
        ("cancel", S::Quoted, S::Cancelled),
        ("cancel", S::QuoteExpired, S::Cancelled),
        ("cancel", S::Accepted, S::Cancelled),
        ("cancel", S::PendingApproval, S::Cancelled),
        ("cancel", S::Approved, S::Cancelled),
        ("expire_quote", S::Quoted, S::QuoteExpired),
        ("invalidate", S::Draft, S::Invalidated),
        ("invalidate", S::Quoted, S::Invalidated),
        ("invalidate", S::QuoteExpired, S::Invalidated),
        ("invalidate", S::Accepted, S::Invalidated),
        ("invalidate", S::PendingApproval, S::Invalidated),
        ("invalidate", S::Approved, S::Invalidated),
    ]
};

/// Statuses after the hand-over: what may happen there is built together with the hand-over, so that nothing but a hold
/// moves a claim that stands in one.
const AFTER_HANDOVER: &[ClaimStatus] = &[
    ClaimStatus::Prepared,
    ClaimStatus::AwaitingSignature,
    ClaimStatus::Broadcast,
    ClaimStatus::Confirming,
    ClaimStatus::Instructed,
    ClaimStatus::ArtifactExpired,
    ClaimStatus::FailedOnChain,
    ClaimStatus::BroadcastUnknown,
    ClaimStatus::Reorged,
    ClaimStatus::Mispaid,
];

#[test]
fn pitfall_090_every_command_leads_to_a_declared_status_or_a_refusal() {
    for status in ClaimStatus::ALL {
        let mut world = World::new();
        let mut claim = world.claim_at(ClaimStatus::PendingApproval);
        claim.status = *status;
        for command in commands(&claim) {
            let mut moment = world.clone();
            if command == Command::ExpireQuote {
                moment.now = later(START, QUOTE_SECONDS);
            }
            let actor = match command {
                Command::Quote(_) | Command::Accept | Command::Cancel { .. } => "ada",
                Command::Screen { .. } => "eve",
                _ => "dee",
            };
            let code = command.code();
            let found = moment.act(&claim, actor, &command);
            let arrow = (ARROWS.iter()).find(|(name, from, _)| *name == code && from == status);
            match arrow {
                Some((_, _, to)) => {
                    assert_eq!(
                        found.map(|claim| claim.status),
                        Ok(*to),
                        "{code} at {status}"
                    );
                }
                None if code == "screen_hold" && AFTER_HANDOVER.contains(status) => {
                    let held = found.expect("what is open can be held");
                    assert_eq!(held.status, *status);
                    assert!(held.hold.is_some());
                }
                None => assert_eq!(found, Err(Refusal::StatusWrong), "{code} at {status}"),
            }
        }
    }
}

#[test]
fn pitfall_091_what_left_the_house_cannot_be_cancelled() {
    let ended = ClaimStatus::ALL.iter().filter(|status| !status.is_open());
    for status in AFTER_HANDOVER.iter().chain(ended) {
        let mut world = World::new();
        let mut claim = world.claim_at(ClaimStatus::Approved);
        claim.status = *status;
        for command in [
            Command::Cancel {
                reason: because("r"),
            },
            Command::Reject {
                reason: because("r"),
            },
            Command::Invalidate {
                reason: because("r"),
            },
            Command::Quote(quote()),
        ] {
            for name in ["ada", "dee"] {
                let found = world.act(&claim, name, &command);
                assert!(
                    matches!(found, Err(Refusal::StatusWrong | Refusal::RoleMissing)),
                    "{} by {name} at {status}",
                    command.code()
                );
            }
        }
    }
}

#[test]
fn pitfall_092_another_policy_does_not_move_an_accepted_quote() {
    let mut world = World::new();
    let accepted = world.claim_at(ClaimStatus::Accepted);
    let offered = accepted.quote.clone();
    // The policy changes in every way in which a step can see it, and the night passes.
    world.approvers_min = Some(3);
    world.screening_age_max_seconds = Some(60);
    world.now = later(START, QUOTE_SECONDS * 3);
    let mut claim = accepted;
    for name in ["eve", "bob", "cyd", "dee"] {
        let command = if name == "eve" {
            screen(true)
        } else {
            vote(&claim)
        };
        claim = world.act(&claim, name, &command).expect("the price holds");
        assert_eq!(claim.quote, offered, "after {name}");
    }
    assert_eq!(claim.status, ClaimStatus::Approved);
    assert_eq!(claim.quote.map(|quote| quote.policy_version), Some(4));
}

#[test]
fn pitfall_097_an_expired_quote_is_given_anew_and_never_accepted() {
    let mut world = World::new();
    let quoted = world.claim_at(ClaimStatus::Quoted);
    world.now = later(START, QUOTE_SECONDS);
    assert_eq!(
        world.act(&quoted, "ada", &Command::Accept),
        Err(Refusal::QuoteExpired)
    );
    let expired = world
        .act(&quoted, "gus", &Command::ExpireQuote)
        .expect("it ran out");
    assert_eq!(
        world.act(&expired, "ada", &Command::Accept),
        Err(Refusal::StatusWrong)
    );
    let mut fresh = quote();
    fresh.quoted_at = world.now;
    fresh.expires_at = later(world.now, QUOTE_SECONDS);
    let again = world
        .act(&expired, "ada", &Command::Quote(fresh))
        .expect("quoted again");
    assert_eq!(again.revision, quoted.revision + 1);
    assert!(world.act(&again, "ada", &Command::Accept).is_ok());
}

#[test]
fn pitfall_097_a_fee_above_the_value_is_no_quote() {
    let network = NetworkId::new("ethereum");
    let flat = |amount: &str| {
        [FeeRule {
            number: 1,
            kinds: vec![],
            networks: vec![],
            value_min: None,
            form: FeeForm::Flat {
                amount: Cents::parse(amount).expect("a plain sum"),
            },
        }]
    };
    for (fee, expected) in [
        ("9.99", Ok("0.01")),
        ("10.00", Err(QuoteRefusal::FeeExceedsValue)),
        ("10.01", Err(QuoteRefusal::FeeExceedsValue)),
    ] {
        let rules = flat(fee);
        let quote = recover_core::fee::quote(&QuoteInput {
            rules: &rules,
            kind: Kind::UnlistedToken,
            network: &network,
            amount: Amount::from_coin_text("10", 6).expect("ten coins"),
            decimals: Some(6),
            price: Decimal::parse("1").ok(),
            network_fee: None,
        });
        let net = quote.map(|quote| quote.net.to_coin_text(6));
        assert_eq!(net, expected.map(str::to_owned), "a fee of {fee}");
    }
}

#[test]
fn pitfall_099_two_appeals_race_for_one_deposit() {
    let mut world = World::new();
    // A shared address: the book cannot say whose it is.
    world.deposit.classification.owner = None;
    let stages = [
        ClaimStatus::Draft,
        ClaimStatus::Quoted,
        ClaimStatus::PendingApproval,
    ];
    for status in stages {
        let mut late = world.clone();
        let claim = late.claim_at(status);
        late.rivals = vec!["user-2".to_owned()];
        let command = match status {
            ClaimStatus::Draft => Command::Quote(quote()),
            ClaimStatus::Quoted => Command::Accept,
            _ => vote_on(claim.content_digest()),
        };
        let name = if status == ClaimStatus::PendingApproval {
            "bob"
        } else {
            "ada"
        };
        assert_eq!(
            late.act(&claim, name, &command),
            Err(Refusal::RivalAppeal),
            "the rival comes at {status}"
        );
        // The same user asking twice is no rival.
        late.rivals = vec!["user-1".to_owned()];
        assert!(late.act(&claim, name, &command).is_ok(), "{status}");
    }
    world.rivals = vec!["user-2".to_owned()];
    assert_eq!(world.open("ada", &request()), Err(Refusal::RivalAppeal));
    let mut other = request();
    other.beneficiary = Some("user-2".to_owned());
    world.rivals = vec!["user-1".to_owned()];
    assert_eq!(
        world.open("ada", &other),
        Err(Refusal::RivalAppeal),
        "neither of the two comes first"
    );
}
