//! What went wrong in other recovery systems, by the numbers under which we keep it. Those about votes, content and carrying stand
//! in their own suites.

use crate::people::EVERYBODY;
use crate::world::{
    PACKAGE_SECONDS, QUOTE_SECONDS, START, World, accept, because, cancel, decline, failed,
    finalised, import, included, invalidate, later, reject, replaced, screen, unwind, vote,
    vote_on, waive,
};
use recover_core::amount::Amount;
use recover_core::claim::{Claim, ClaimStatus, Command, OpenRequest, Refusal, Sighting, step};
use recover_core::decimal::Decimal;
use recover_core::deposit::DepositStatus;
use recover_core::fee::{Cents, FeeForm, FeeRule, QuoteRefusal};
use recover_core::kind::Kind;
use recover_core::people::Role;
use recover_core::verdict::{Missing, Verdict};

/// One of each command, as it would succeed where the claim stands right, and who gives it.
fn commands(world: &World, claim: &Claim) -> Vec<(&'static str, Command)> {
    let prepared = World::new().claim_at(ClaimStatus::AwaitingSignature);
    let expires_at = later(world.now, PACKAGE_SECONDS);
    let mut releasing = claim.clone();
    releasing.execution.done = 0;
    let all = vec![
        ("ada", world.quote(claim)),
        ("ada", accept()),
        ("eli", waive("goodwill")),
        ("ada", unwind()),
        ("tom", decline()),
        ("eve", screen(true)),
        ("eve", screen(false)),
        ("dee", vote(claim)),
        ("dee", reject()),
        ("ada", cancel()),
        ("", Command::ExpireQuote),
        ("", invalidate()),
        ("", Command::LapseVotes),
        ("tom", World::new().release(&releasing)),
        ("tom", world.export()),
        ("tom", Command::Instruct { expires_at }),
        ("tom", import(&prepared)),
        ("tom", Command::Send),
        ("", Command::Sent),
        ("", included()),
        ("", finalised()),
        ("", failed()),
        ("", replaced()),
        ("", Command::Sight(Sighting::Vanished)),
        ("tom", Command::Acknowledge { answers: vec![] }),
    ];
    for (_, command) in &all {
        // A new command does not compile until it is in the list above.
        match command {
            Command::Quote { .. }
            | Command::Waive { .. }
            | Command::Accept { .. }
            | Command::Unwind { .. }
            | Command::Decline { .. }
            | Command::Screen { .. }
            | Command::Approve { .. }
            | Command::Reject { .. }
            | Command::Cancel { .. }
            | Command::ExpireQuote
            | Command::Invalidate { .. }
            | Command::LapseVotes
            | Command::Prepare { .. }
            | Command::Export { .. }
            | Command::Instruct { .. }
            | Command::Import { .. }
            | Command::Send
            | Command::Sent
            | Command::Sight(_)
            | Command::Acknowledge { .. } => {}
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
    assert_eq!(
        fresh.open("ada", &fresh.request()),
        Err(Refusal::DepositNotFinal)
    );
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
        .act(&first, "ada", &world.quote(&first))
        .expect("another price");
    assert_eq!(second.revision, first.revision + 1);
    for (_, command) in commands(&world, &second) {
        for name in EVERYBODY {
            let found = world.with(&world.actor(name), |facts| {
                step(&second, first.revision, &command, facts)
            });
            assert_eq!(
                found,
                Err(Refusal::RevisionDiffers),
                "{} by {name}",
                command.code()
            );
        }
    }
    // A vote for the old content, given with the new revision, is none.
    let pending = world.on_to(second, |claim| claim.status == ClaimStatus::PendingApproval);
    assert_eq!(
        world.act(&pending, "bob", &vote_on(first.content_digest())),
        Err(Refusal::DigestDiffers)
    );
}

#[test]
fn pitfall_088_the_initiator_never_votes_and_nobody_votes_twice() {
    let mut world = World::new();
    let by_fay = world
        .open("fay", &world.request())
        .expect("fay has every role");
    assert!(by_fay.involved.contains("fay"));
    world.deposit.status = DepositStatus::Claimed;
    let claim = world.on_to(by_fay, |claim| claim.status == ClaimStatus::PendingApproval);
    assert_eq!(
        world.act(&claim, "fay", &vote(&claim)),
        Err(Refusal::ActorInvolved)
    );
    let voted = world.act(&claim, "bob", &vote(&claim)).expect("one vote");
    assert_eq!(
        world.act(&voted, "bob", &vote(&voted)),
        Err(Refusal::AlreadyVoted)
    );
}

#[test]
fn pitfall_089_without_a_role_nothing_is_allowed() {
    for status in ClaimStatus::ALL {
        let mut world = World::new();
        let mut claim = world.claim_at(ClaimStatus::PendingApproval);
        claim.status = *status;
        for (by, command) in commands(&world, &claim) {
            // What the engine itself sees has no person behind it: what ran out, vanished, or happened on the network.
            if by.is_empty() {
                continue;
            }
            for name in ["gus", "nobody", ""] {
                assert_eq!(
                    world.act(&claim, name, &command),
                    Err(Refusal::RoleMissing),
                    "{} by '{name}' at {status}",
                    command.code()
                );
            }
        }
    }
    let world = World::new();
    assert_eq!(
        world.open("nobody", &world.request()),
        Err(Refusal::RoleMissing)
    );
    // A misspelt role names none: a policy that holds one does not load.
    for text in ["aprover", "Wallet", "", "root", "wallet lead"] {
        assert_eq!(Role::from_code(text), None, "{text}");
    }
    // Who changes the policy or reads everything touches no claim.
    let mut offices = World::new();
    for (name, role) in [("gus", Role::Admin), ("abe", Role::Auditor)] {
        for person in &mut offices.people {
            if person.name == name {
                person.roles = [role].into();
            }
        }
        let claim = offices.clone().claim_at(ClaimStatus::PendingApproval);
        for (by, command) in commands(&offices, &claim) {
            if !by.is_empty() {
                assert_eq!(
                    offices.act(&claim, name, &command),
                    Err(Refusal::RoleMissing)
                );
            }
        }
    }
}

/// Every arrow there is for a claim without a package and without votes: command, from, to. What follows a release needs a
/// package and has its own table.
const ARROWS: &[(&str, ClaimStatus, ClaimStatus)] = {
    use ClaimStatus as S;
    &[
        ("quote", S::Draft, S::Quoted),
        ("quote", S::Quoted, S::Quoted),
        ("quote", S::QuoteExpired, S::Quoted),
        ("quote", S::Accepted, S::Quoted),
        ("quote", S::PendingApproval, S::Quoted),
        ("quote", S::Approved, S::Quoted),
        ("quote", S::Prepared, S::Quoted),
        ("quote", S::Confirming, S::Quoted),
        ("quote", S::Instructed, S::Quoted),
        ("quote", S::FailedOnChain, S::Quoted),
        ("quote", S::ArtifactExpired, S::Quoted),
        ("accept", S::Quoted, S::Accepted),
        ("waive", S::Draft, S::Draft),
        ("waive", S::Quoted, S::Draft),
        ("waive", S::QuoteExpired, S::Draft),
        ("screen_clear", S::Accepted, S::PendingApproval),
        ("approve", S::PendingApproval, S::PendingApproval),
        // For a new deadline of instructions that are out.
        ("approve", S::Instructed, S::Instructed),
        ("reject", S::PendingApproval, S::Rejected),
        ("reject", S::Approved, S::Rejected),
        ("reject", S::Prepared, S::Rejected),
        ("expire_quote", S::Quoted, S::QuoteExpired),
    ]
};

/// Where a claim without a package may be ended.
fn ends(status: ClaimStatus) -> bool {
    ARROWS
        .iter()
        .any(|(command, from, _)| *command == "quote" && *from == status)
}

#[test]
fn pitfall_090_every_command_leads_to_a_declared_status_or_a_refusal() {
    for status in ClaimStatus::ALL {
        let mut world = World::new();
        let mut claim = world.claim_at(ClaimStatus::PendingApproval);
        claim.status = *status;
        for (name, command) in commands(&world, &claim) {
            let mut moment = world.clone();
            if command == Command::ExpireQuote {
                moment.now = later(START, QUOTE_SECONDS);
            }
            let code = command.code();
            let found = moment.act(&claim, name, &command);
            let arrow = (ARROWS.iter()).find(|(name, from, _)| *name == code && from == status);
            let expected = match (arrow, code) {
                (Some((_, _, to)), _) => Ok(*to),
                (None, "cancel") if ends(*status) => Ok(ClaimStatus::Cancelled),
                (None, "invalidate") if ends(*status) => Ok(ClaimStatus::Invalidated),
                // A hold and a clearance leave the status wherever the claim is open; a first clearance needs an accepted quote.
                (None, "screen_hold") if status.is_open() => Ok(*status),
                (None, "screen_clear") if status.is_open() && *status > ClaimStatus::Accepted => {
                    match status {
                        ClaimStatus::QuoteExpired => Err(Refusal::StatusWrong),
                        _ => Ok(*status),
                    }
                }
                // There are no votes that could lapse, no votes to release by, no package.
                (None, "lapse_votes") => {
                    let idle = [
                        ClaimStatus::PendingApproval,
                        ClaimStatus::Approved,
                        ClaimStatus::Prepared,
                        ClaimStatus::Confirming,
                        ClaimStatus::Instructed,
                    ];
                    Err(if idle.contains(status) {
                        Refusal::VotesStillValid
                    } else {
                        Refusal::StatusWrong
                    })
                }
                (None, "prepare" | "instruct") if *status == ClaimStatus::Approved => {
                    Err(Refusal::QuorumMissing)
                }
                (None, "export")
                    if [
                        ClaimStatus::Prepared,
                        ClaimStatus::AwaitingSignature,
                        ClaimStatus::Instructed,
                    ]
                    .contains(status) =>
                {
                    Err(Refusal::QuorumMissing)
                }
                (None, "import") if *status == ClaimStatus::AwaitingSignature => {
                    Err(Refusal::PackageMissing)
                }
                (None, "unwind") if ends(*status) => Err(Refusal::NothingHeld),
                (None, "acknowledge" | "decline") if *status == ClaimStatus::Instructed => {
                    Err(Refusal::StepDiffers)
                }
                (None, "send" | "sent") | (None, _)
                    if [
                        ClaimStatus::AwaitingSignature,
                        ClaimStatus::BroadcastUnknown,
                        ClaimStatus::Broadcast,
                        ClaimStatus::Confirming,
                        ClaimStatus::Reorged,
                    ]
                    .contains(status)
                        && (code.starts_with("seen_") || ["send", "sent"].contains(&code)) =>
                {
                    match (code, status) {
                        ("sent", ClaimStatus::BroadcastUnknown) => Ok(ClaimStatus::Broadcast),
                        ("sent", _) => Err(Refusal::NothingNew),
                        _ => Err(Refusal::PackageMissing),
                    }
                }
                (None, _) => Err(Refusal::StatusWrong),
            };
            assert_eq!(
                found.map(|claim| claim.status),
                expected,
                "{code} at {status}"
            );
        }
    }
}

#[test]
fn pitfall_097_an_expired_quote_is_given_anew_and_never_accepted() {
    let mut world = World::new();
    let quoted = world.claim_at(ClaimStatus::Quoted);
    world.now = later(START, QUOTE_SECONDS);
    assert_eq!(
        world.act(&quoted, "ada", &accept()),
        Err(Refusal::QuoteExpired)
    );
    let expired = world
        .act(&quoted, "gus", &Command::ExpireQuote)
        .expect("it ran out");
    assert_eq!(
        world.act(&expired, "ada", &accept()),
        Err(Refusal::StatusWrong)
    );
    let again = world
        .act(&expired, "ada", &world.quote(&expired))
        .expect("quoted again");
    assert_eq!(again.revision, quoted.revision + 1);
    assert!(world.act(&again, "ada", &accept()).is_ok());
}

#[test]
fn pitfall_097_a_fee_above_the_value_is_no_quote() {
    for (fee, expected) in [
        ("9.99", Ok("0.01")),
        ("10.00", Err(QuoteRefusal::FeeExceedsValue)),
        ("10.01", Err(QuoteRefusal::FeeExceedsValue)),
    ] {
        let amount = Cents::parse(fee).expect("a plain sum");
        let rule = FeeRule::new(1, FeeForm::Flat { amount });
        let ten = Amount::from_coin_text("10", 6).expect("ten coins");
        let quote = crate::world::reckoned(&[rule], ten, Decimal::parse("1").ok());
        let net = quote.map(|quote| quote.net.to_coin_text(6));
        assert_eq!(net, expected.map(str::to_owned), "a fee of {fee}");
    }
}

#[test]
fn pitfall_098_what_the_ledger_credits_meanwhile_is_not_paid_as_well() {
    for status in [
        ClaimStatus::Draft,
        ClaimStatus::Quoted,
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
        ClaimStatus::Prepared,
    ] {
        let mut world = World::new();
        let claim = world.claim_at(status);
        let (name, command) = world.onward(&claim).expect("the next step");
        // The token gets listed and the exchange's own scanner credits the deposit.
        let mut credited = world.clone();
        credited.deposit.classification.kind = Kind::AlreadyCredited;
        assert_eq!(
            credited.act(&claim, name, &command),
            Err(Refusal::NothingToClaim),
            "{status}"
        );
        let ended = credited.act(&claim, "", &invalidate()).expect("it ends");
        assert_eq!(ended.status, ClaimStatus::Invalidated);
    }
}

#[test]
fn pitfall_099_two_appeals_race_for_one_deposit() {
    let mut world = World::new();
    // A shared address: the book cannot say whose it is.
    world.deposit.classification.owner = None;
    for status in [
        ClaimStatus::Draft,
        ClaimStatus::Quoted,
        ClaimStatus::PendingApproval,
        ClaimStatus::Approved,
        ClaimStatus::Prepared,
    ] {
        let mut late = world.clone();
        let claim = late.claim_at(status);
        let (name, command) = late.onward(&claim).expect("the next step");
        late.rivals = vec![because("user-2")];
        assert_eq!(
            late.act(&claim, name, &command),
            Err(Refusal::RivalAppeal),
            "the rival comes at {status}"
        );
        // The same user asking twice is no rival.
        late.rivals = vec![because("user-1")];
        assert!(late.act(&claim, name, &command).is_ok(), "{status}");
    }
    world.rivals = vec![because("user-2")];
    assert_eq!(
        world.open("ada", &world.request()),
        Err(Refusal::RivalAppeal)
    );
    let other = OpenRequest {
        beneficiary: Some(because("user-2")),
        ..world.request()
    };
    world.rivals = vec![because("user-1")];
    assert_eq!(
        world.open("ada", &other),
        Err(Refusal::RivalAppeal),
        "neither of the two comes first"
    );
}
