//! Every refusal provoked by name, alone and together with every other that the same command can meet.

use crate::world::{
    QUOTE_SECONDS, SCREENING_SECONDS, START, World, because, later, person, quote, request, screen,
    vote, vote_on,
};
use recover_core::amount::Amount;
use recover_core::block::{BlockRef, Height};
use recover_core::claim::{
    Approval, Claim, ClaimStatus, Command, Hold, OpenRequest, Person, Refusal, Resolution, open,
    step,
};
use recover_core::deposit::DepositStatus;
use recover_core::digest::{Digest, Encoder};
use recover_core::kind::Kind;
use recover_core::observation::Position;
use recover_core::verdict::{Missing, Reason, Verdict};
use std::collections::BTreeSet;

/// One command about to be given, which would succeed.
#[derive(Debug, Clone, PartialEq)]
struct Attempt {
    world: World,
    actor: Person,
    request: OpenRequest,
    /// The claim it acts on; `None` opens one.
    claim: Option<Claim>,
    revision: u32,
    command: Command,
}

impl Attempt {
    fn run(&self) -> Result<Claim, Refusal> {
        let facts = self.world.facts(&self.actor);
        match &self.claim {
            None => open(&self.request, &facts),
            Some(claim) => step(claim, self.revision, &self.command, &facts),
        }
    }

    fn claim(&mut self) -> &mut Claim {
        self.claim.as_mut().expect("this command acts on a claim")
    }

    fn verdict(&mut self, verdict: Verdict) {
        self.world.deposit.classification.verdict = verdict;
    }
}

type Spoil = fn(&mut Attempt);

/// A command, how it would succeed, and every way in which it is refused.
struct Table {
    command: &'static str,
    good: Attempt,
    refusals: Vec<(&'static str, Refusal, Spoil)>,
}

fn other_digest() -> Digest {
    Encoder::new("another content").finish()
}

fn attempt(status: Option<ClaimStatus>, actor: &str, command: fn(&Claim) -> Command) -> Attempt {
    let mut world = World::new();
    let claim = world.claim_at(status.unwrap_or(ClaimStatus::Draft));
    let command = command(&claim);
    if status.is_none() {
        world = World::new();
    }
    Attempt {
        actor: person(actor),
        request: request(),
        revision: claim.revision,
        claim: status.is_some().then_some(claim),
        command,
        world,
    }
}

const HOLD: Spoil = |attempt| {
    attempt.claim().hold = Some(Hold {
        person: "eve".to_owned(),
        since: START,
        reason: because("a listed sender"),
    });
};
const OLD_REVISION: Spoil = |attempt| attempt.revision = 0;
const NO_ROLE: Spoil = |attempt| attempt.actor = person("gus");

/// What every command that leads towards payment looks at.
#[rustfmt::skip] // A table.
fn payable() -> Vec<(&'static str, Refusal, Spoil)> {
    use Refusal as R;
    vec![
        ("held", R::OnHold, HOLD),
        ("the deposit is gone", R::DepositChanged, |a| a.world.deposit.status = DepositStatus::Gone),
        ("another amount", R::DepositChanged, |a| a.world.observation_mut().amount = Amount::from_u128(999)),
        ("mined again in another block", R::DepositChanged, |a| a.world.observation_mut().block = Some(BlockRef { height: Height(100), hash: recover_core::block::BlockHash::new("0xb100b"), time: START })),
        ("back in the mempool", R::DepositChanged, |a| a.world.observation_mut().block = None),
        ("another asset", R::DepositChanged, |a| a.world.observation_mut().asset = recover_core::asset::AssetId::native(recover_core::network::NetworkId::new("ethereum"))),
        ("the twin payment of the same block", R::DepositChanged, |a| a.world.observation_mut().position = Position::log(1)),
        ("unconfirmed again", R::DepositNotFinal, |a| a.world.deposit.status = DepositStatus::Unconfirmed),
        ("claimed, and not final after all", R::DepositNotFinal, |a| a.verdict(Verdict::Conditional(Missing::FinalityMissing))),
        ("resolved meanwhile", R::DepositTaken, |a| a.world.deposit.status = DepositStatus::Resolved),
        ("a scan found the same deposit", R::ScannedTwinExists, |a| a.world.scanned_twin = true),
        ("it turned out to be booked", R::NothingToClaim, |a| a.world.deposit.classification.kind = Kind::AlreadyCredited),
        ("other code at the address", R::NotRecoverable, |a| a.verdict(Verdict::NotRecoverable(Reason::OtherCodeAtAddress))),
        ("a booking outside ledger coverage", R::LedgerCoverageMissing, |a| a.verdict(Verdict::Conditional(Missing::LedgerCoverageMissing))),
        ("its memo names another user than its sender", R::OwnerDisputed, |a| a.verdict(Verdict::Conditional(Missing::OwnerDisputed))),
        ("the factory is absent", R::ConditionOpen, |a| a.verdict(Verdict::Conditional(Missing::FactoryAbsent))),
        ("only a file tells of it", R::ConditionOpen, |a| a.verdict(Verdict::Conditional(Missing::NotSeenByUs))),
        ("the address belongs to another user", R::BeneficiaryNotOwner, |a| a.world.deposit.classification.owner = Some("user-2".into())),
        ("another user appeals", R::RivalAppeal, |a| a.world.rivals = vec!["user-2".into()]),
    ]
}

#[rustfmt::skip] // A table.
fn tables() -> Vec<Table> {
    use ClaimStatus as S;
    use Refusal as R;
    let table = |command, good, refusals: Vec<Vec<(&'static str, Refusal, Spoil)>>| Table { command, good, refusals: refusals.concat() };
    let old = ("an old revision", R::RevisionDiffers, OLD_REVISION);
    let nobody = ("no role", R::RoleMissing, NO_ROLE);
    let wrong: fn(Spoil) -> (&'static str, Refusal, Spoil) = |spoil| ("the wrong status", R::StatusWrong, spoil);
    let no_reason = |spoil: Spoil| ("no reason", R::ReasonMissing, spoil);
    vec![
        table("open", attempt(None, "ada", |_| Command::Accept), vec![vec![
            ("no role", R::RoleMissing, NO_ROLE),
            ("a reorganisation removed it", R::DepositChanged, |a| a.world.deposit.status = DepositStatus::Gone),
            ("not final", R::DepositNotFinal, |a| a.world.deposit.status = DepositStatus::Unconfirmed),
            ("not final, by the verdict", R::DepositNotFinal, |a| a.verdict(Verdict::Conditional(Missing::FinalityMissing))),
            ("another claim is open", R::DepositTaken, |a| a.world.deposit.status = DepositStatus::Claimed),
            ("paid before", R::DepositTaken, |a| a.world.deposit.status = DepositStatus::Resolved),
            ("a scan found the same deposit", R::ScannedTwinExists, |a| a.world.scanned_twin = true),
            ("our own sweep", R::NothingToClaim, |a| a.world.deposit.classification.kind = Kind::OwnMovement),
            ("a used nonce", R::NotRecoverable, |a| a.verdict(Verdict::NotRecoverable(Reason::DeployerNonceUsed))),
            ("outside ledger coverage", R::LedgerCoverageMissing, |a| a.verdict(Verdict::Conditional(Missing::LedgerCoverageMissing))),
            ("its memo names another user than its sender", R::OwnerDisputed, |a| a.verdict(Verdict::Conditional(Missing::OwnerDisputed))),
            ("the code is unknown", R::ConditionOpen, |a| a.verdict(Verdict::Conditional(Missing::CodeUnknown))),
            ("a resolution for hands", R::ResolutionPaysNobody, |a| a.request.resolution = Some(Resolution::Manual)),
            ("a shared address and nobody named", R::BeneficiaryMissing, |a| { a.world.deposit.classification.owner = None; a.request.beneficiary = None; }),
            ("the address belongs to another user", R::BeneficiaryNotOwner, |a| a.world.deposit.classification.owner = Some("user-2".into())),
            ("another user appeals", R::RivalAppeal, |a| a.world.rivals = vec!["user-1".into(), "user-2".into()]),
            ("no address to pay", R::DestinationMissing, |a| a.request.destination = None),
        ]]),
        table("quote", attempt(Some(S::Draft), "ada", |_| Command::Quote(quote())), vec![
            vec![old, nobody, wrong(|a| a.claim().status = S::Approved)],
            payable(),
            vec![("a quote over another amount", R::DepositChanged, |a| {
                let mut other = quote();
                other.quote.net = Amount::from_u128(999);
                a.command = Command::Quote(other);
            })],
        ]),
        table("accept", attempt(Some(S::Quoted), "abe", |_| Command::Accept), vec![
            vec![old, nobody, wrong(|a| a.claim().status = S::QuoteExpired)],
            payable(),
            vec![("at the end of the quote", R::QuoteExpired, |a| a.world.now = later(START, QUOTE_SECONDS))],
        ]),
        table("screen --clear", attempt(Some(S::Accepted), "eve", |_| screen(true)), vec![vec![
            old, nobody, wrong(|a| a.claim().status = S::Quoted),
            no_reason(|a| a.command = Command::Screen { clear: true, reason: because(" ") }),
        ]]),
        table("screen --hold", attempt(Some(S::Draft), "eve", |_| screen(false)), vec![vec![
            old, nobody, wrong(|a| a.claim().status = S::Settled),
            no_reason(|a| a.command = Command::Screen { clear: false, reason: because("") }),
        ]]),
        table("approve", attempt(Some(S::PendingApproval), "dee", vote), vec![
            vec![old, nobody,
                ("no policy", R::PolicyMissing, |a| a.world.approvers_min = None),
                ("a policy for one approver", R::PolicyMissing, |a| a.world.approvers_min = Some(1)),
                ("a policy without a screening age", R::PolicyMissing, |a| a.world.screening_age_max_seconds = None),
                wrong(|a| a.claim().status = S::Accepted)],
            payable(),
            vec![
                ("the ledger does not reach over it", R::LedgerCoverageMissing, |a| a.world.ledger_covered = false),
                ("screened too long ago", R::ScreeningMissing, |a| a.world.now = later(START, SCREENING_SECONDS + 1)),
                ("acted on it before", R::ActorInvolved, |a| { let name = a.actor.name.clone(); a.claim().involved.insert(name); }),
                ("voted before", R::AlreadyVoted, |a| { let person = a.actor.name.clone(); a.claim().approvals.push(Approval { person, digest: other_digest(), approved_at: START, signature: None }); }),
                ("another content", R::DigestDiffers, |a| a.command = vote_on(other_digest())),
            ],
        ]),
        table("reject", attempt(Some(S::PendingApproval), "dee", |_| Command::Reject { reason: because("no") }), vec![vec![
            old, nobody, wrong(|a| a.claim().status = S::Accepted),
            ("acted on it before", R::ActorInvolved, |a| { let name = a.actor.name.clone(); a.claim().involved.insert(name); }),
            no_reason(|a| a.command = Command::Reject { reason: because("") }),
        ]]),
        table("cancel", attempt(Some(S::Accepted), "abe", |_| Command::Cancel { reason: because("withdrawn") }), vec![vec![
            old, nobody, wrong(|a| a.claim().status = S::Broadcast),
            ("held", R::OnHold, HOLD),
            no_reason(|a| a.command = Command::Cancel { reason: because("\t") }),
        ]]),
        table("expire", {
            let mut good = attempt(Some(S::Quoted), "gus", |_| Command::ExpireQuote);
            good.world.now = later(START, QUOTE_SECONDS);
            good
        }, vec![vec![
            old, wrong(|a| a.claim().status = S::Accepted),
            ("one second is left", R::QuoteStillValid, |a| a.world.now = later(START, QUOTE_SECONDS - 1)),
        ]]),
        table("invalidate", attempt(Some(S::Approved), "gus", |_| Command::Invalidate { reason: because("reorganised") }), vec![vec![
            old, wrong(|a| a.claim().status = S::Settled),
            no_reason(|a| a.command = Command::Invalidate { reason: because("") }),
        ]]),
    ]
}

#[test]
fn every_command_succeeds_unspoilt_and_each_refusal_is_provoked_by_name() {
    for table in tables() {
        if let Err(refusal) = table.good.run() {
            panic!("{} is refused at once: {refusal}", table.command);
        }
        for (name, refusal, spoil) in table.refusals {
            let mut attempt = table.good.clone();
            spoil(&mut attempt);
            assert_eq!(
                attempt.run().map(|claim| claim.status),
                Err(refusal),
                "{}: {name}",
                table.command
            );
        }
    }
}

#[test]
fn every_refusal_has_a_row_and_a_hint() {
    let provoked: BTreeSet<Refusal> = tables()
        .iter()
        .flat_map(|table| table.refusals.iter().map(|(_, refusal, _)| *refusal))
        .collect();
    for refusal in Refusal::ALL {
        assert!(provoked.contains(refusal), "no row is refused as {refusal}");
        assert!(!refusal.hint().is_empty(), "{refusal}");
    }
}

#[test]
fn of_two_refusals_that_apply_the_earlier_is_told() {
    let mut pairs = 0;
    for table in tables() {
        for (index, (first_name, first, spoil_first)) in table.refusals.iter().enumerate() {
            for (second_name, second, spoil_second) in table.refusals.iter().skip(index + 1) {
                let mut attempt = table.good.clone();
                spoil_first(&mut attempt);
                spoil_second(&mut attempt);
                let mut turned = table.good.clone();
                spoil_second(&mut turned);
                spoil_first(&mut turned);
                // The two set one fact to two values: only the last of them holds.
                if attempt != turned {
                    continue;
                }
                pairs += 1;
                let mut told = *first.min(second);
                // What is no deposit is resolved from the start: then its kind says more than "taken".
                if told == Refusal::DepositTaken
                    && attempt.world.deposit.status == DepositStatus::Resolved
                    && *first.max(second) == Refusal::NothingToClaim
                {
                    told = Refusal::NothingToClaim;
                }
                assert_eq!(
                    attempt.run().map(|claim| claim.status),
                    Err(told),
                    "{}: {first_name} and {second_name}",
                    table.command
                );
            }
        }
    }
    assert!(
        pairs > 900,
        "only {pairs} pairs can meet: the tables shrank"
    );
}

#[test]
fn a_draft_on_a_deposit_from_a_file_opens_and_is_never_quoted() {
    let mut world = World::new();
    world.deposit.classification.verdict = Verdict::Conditional(Missing::NotSeenByUs);
    let claim = world
        .open("ada", &request())
        .expect("work can start before a source of ours saw it");
    world.deposit.status = DepositStatus::Claimed;
    assert_eq!(
        world.act(&claim, "ada", &Command::Quote(quote())),
        Err(Refusal::ConditionOpen)
    );
}
