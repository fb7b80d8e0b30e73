//! Every refusal provoked by name, alone and together with every other that the same command can meet.

use crate::people::person;
use crate::world::{
    PACKAGE_SECONDS, QUOTE_SECONDS, SCREENING_SECONDS, START, VOTE_SECONDS, World, accept,
    acknowledge, answers, because, block, cancel, cents, correction, decline, finalised, import,
    included, invalidate, later, quote, quoted, reject, screen, token, unwind, vote, vote_on,
    waive,
};
use recover_core::amount::Amount;
use recover_core::approval::RuleAction;
use recover_core::asset::AssetId;
use recover_core::block::BlockHash;
use recover_core::check::Signed;
use recover_core::claim::{
    Acknowledged, Approval, Booking, Claim, ClaimStatus, Command, Evidence, GrantedWaiver, Hold,
    OpenRequest, Package, Receipt, Refusal, Resolution, Screening, Unwinding, open, step,
};
use recover_core::deposit::DepositStatus;
use recover_core::digest::{Digest, Encoder};
use recover_core::fee::OnFailure;
use recover_core::kind::Kind;
use recover_core::ledger::{LedgerEntry, LedgerEntryKind};
use recover_core::network::NetworkId;
use recover_core::observation::Position;
use recover_core::people::Person;
use recover_core::plan::{LegKind, Plan, Step};
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
        self.world.with(&self.actor, |facts| match &self.claim {
            None => open(&self.request, facts),
            Some(claim) => step(claim, self.revision, &self.command, facts),
        })
    }

    fn claim(&mut self) -> &mut Claim {
        self.claim.as_mut().expect("this command acts on a claim")
    }

    fn verdict(&mut self, verdict: Verdict) {
        self.world.deposit.classification.verdict = verdict;
    }

    fn signed(&mut self) -> &mut Signed {
        match &mut self.command {
            Command::Import { signed } => signed,
            _ => panic!("this command brings signed bytes"),
        }
    }

    fn answers(&mut self) -> &mut Vec<Acknowledged> {
        match &mut self.command {
            Command::Acknowledge { answers } => answers,
            _ => panic!("this command brings answers"),
        }
    }

    fn voted_before(&mut self) {
        let person = self.actor.name.clone();
        self.claim().approvals.push(Approval {
            person,
            digest: other_digest(),
            approved_at: START,
            signature: None,
        });
    }
}

type Spoil = fn(&mut Attempt);
type Row = (&'static str, Refusal, Spoil);

/// A command, how it would succeed, and every way in which it is refused.
struct Table {
    command: &'static str,
    good: Attempt,
    refusals: Vec<Row>,
}

fn other_digest() -> Digest {
    Encoder::new("another content").finish()
}

fn attempt(
    mut world: World,
    status: ClaimStatus,
    actor: &str,
    command: impl Fn(&World, &Claim) -> Command,
) -> Attempt {
    let claim = world.claim_at(status);
    Attempt {
        actor: person(actor),
        request: world.request(),
        revision: claim.revision,
        command: command(&world, &claim),
        claim: Some(claim),
        world,
    }
}

/// A package for a claim that must have none.
fn package(of: &Claim) -> Package {
    let mut world = World::new();
    let mut package = world
        .claim_at(ClaimStatus::Prepared)
        .execution
        .package
        .expect("it is prepared");
    package.attempt = of.execution.attempts;
    package
}

fn signed_in(mut attempt: Attempt) -> Attempt {
    let claim = attempt.claim().clone();
    let imported = attempt.world.act(&claim, "tom", &import(&claim));
    attempt.claim = Some(imported.expect("the signers signed the right bytes"));
    attempt
}

const HOLD: Spoil = |attempt| {
    attempt.claim().hold = Some(Hold {
        person: "eve".to_owned(),
        since: START,
        reason: because("a listed sender"),
    });
};
const OLD_REVISION: Row = ("an old revision", Refusal::RevisionDiffers, |a| {
    a.revision = 0
});
const NO_ROLE: Row = ("no role", Refusal::RoleMissing, |a| a.actor = person("gus"));
const NO_POLICY: Row = ("no policy", Refusal::PolicyMissing, |a| {
    a.world.policies.clear()
});
const HALTED: Row = ("halted", Refusal::Halted, |a| a.world.halted = true);
const LIVE: Row = ("a package is out", Refusal::PackageLive, |a| {
    let package = package(a.claim());
    a.claim().execution.package = Some(package);
});
const MOVED: Row = ("something is booked", Refusal::AlreadyMoved, |a| {
    a.claim().execution.receipts.push(Receipt::Booked {
        instructions: vec![],
        bookings: vec![Booking {
            instruction: because("ins_1"),
            entry: because("1"),
        }],
    });
});
const NOT_OUT: Row = ("no package", Refusal::PackageMissing, |a| {
    a.claim().execution.package = None
});
const NO_STEP: Row = ("another step", Refusal::StepDiffers, |a| {
    a.claim().plan = None
});
const VOTED: Row = ("voted on it", Refusal::ActorInvolved, Attempt::voted_before);

fn wrong(spoil: Spoil) -> Row {
    ("the wrong status", Refusal::StatusWrong, spoil)
}

fn no_reason(spoil: Spoil) -> Row {
    ("no reason", Refusal::ReasonMissing, spoil)
}

/// What every command that leads towards payment looks at.
#[rustfmt::skip] // A table.
fn payable() -> Vec<Row> {
    use Refusal as R;
    vec![
        ("held", R::OnHold, HOLD),
        ("the deposit is gone", R::DepositChanged, |a| a.world.deposit.status = DepositStatus::Gone),
        ("another amount", R::DepositChanged, |a| a.world.observation_mut().amount = Amount::from_u128(999)),
        ("mined again in another block", R::DepositChanged, |a| { let mut again = block(100); again.hash = BlockHash::new("0xb100b"); a.world.observation_mut().block = Some(again); }),
        ("back in the mempool", R::DepositChanged, |a| a.world.observation_mut().block = None),
        ("another asset", R::DepositChanged, |a| a.world.observation_mut().asset = AssetId::native(NetworkId::new("ethereum"))),
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

/// What is wrong with the booking that a correction is about, beside what [`payable`] looks at in the deposit.
#[rustfmt::skip] // A table.
fn booked_otherwise() -> Vec<Row> {
    use Refusal as R;
    fn row(a: &mut Attempt, spoil: impl Fn(&mut LedgerEntry)) { a.world.credited_by.iter_mut().for_each(spoil) }
    vec![
        ("a claim paid it before", R::DepositTaken, |a| a.world.paid_by_claim = true),
        ("our own sweep", R::NothingToClaim, |a| a.world.deposit.classification.kind = Kind::OwnMovement),
        ("a transaction that failed", R::NothingToClaim, |a| { a.world.deposit.classification.kind = Kind::Failed; a.verdict(Verdict::NotRecoverable(Reason::TransactionFailed)); }),
        ("nobody booked it", R::BookingDiffers, |a| { let deposit = &mut a.world.deposit; deposit.classification.kind = Kind::MemoOfAnotherUser; if deposit.status == DepositStatus::Resolved { deposit.status = DepositStatus::Open; } }),
        ("not recoverable for another reason", R::BookingDiffers, |a| a.verdict(Verdict::NotRecoverable(Reason::KeyLost))),
        ("the row vanished, or others speak of it", R::BookingDiffers, |a| a.world.credited_by = None),
        ("another entry", R::BookingDiffers, |a| row(a, |row| row.id = because("L-2"))),
        ("an entry of another user", R::BookingDiffers, |a| row(a, |row| row.user_id = Some(because("user-3")))),
        ("an entry of the beneficiary", R::BookingDiffers, |a| row(a, |row| row.user_id = Some(because("user-1")))),
        ("an entry of nobody known", R::BookingDiffers, |a| row(a, |row| row.user_id = None)),
        ("another amount booked", R::BookingDiffers, |a| row(a, |row| row.amount = Some(Amount::from_u128(999)))),
        ("no amount booked", R::BookingDiffers, |a| row(a, |row| row.amount = None)),
        ("another asset booked", R::BookingDiffers, |a| row(a, |row| row.asset = Some(AssetId::native(NetworkId::new("ethereum"))))),
        ("no asset booked", R::BookingDiffers, |a| row(a, |row| row.asset = None)),
        ("a case settled by hand", R::BookingDiffers, |a| row(a, |row| row.kind = LedgerEntryKind::SettledCase)),
        ("a withdrawal", R::BookingDiffers, |a| row(a, |row| row.kind = LedgerEntryKind::OwnWithdrawal)),
        ("the ledger does not reach over it", R::LedgerCoverageMissing, |a| a.world.ledger_covered = false),
        ("the address belongs to a third user", R::BeneficiaryNotOwner, |a| a.world.deposit.classification.owner = Some("user-3".into())),
        ("another user appeals", R::RivalAppeal, |a| a.world.rivals = vec!["user-1".into(), "user-3".into()]),
    ]
}

/// What a correction looks at on its way to payment.
#[rustfmt::skip] // A table.
fn correctable() -> Vec<Row> {
    use Refusal as R;
    let of_deposit = [R::OnHold, R::DepositChanged, R::DepositNotFinal, R::ScannedTwinExists];
    let mut rows: Vec<Row> = payable().into_iter().filter(|(_, refusal, _)| of_deposit.contains(refusal)).collect();
    rows.extend(booked_otherwise());
    rows.extend::<[Row; 3]>([
        ("the content names no booking", R::CorrectionMissing, |a| a.claim().correction = None),
        ("the content names no appeal", R::AppealMissing, |a| a.claim().appeal = None),
        ("the content pays the counterparty", R::CounterpartyIsBeneficiary, |a| a.claim().beneficiary = Some(because("user-2"))),
    ]);
    rows
}

#[rustfmt::skip] // A table.
fn unpaid() -> Vec<Row> {
    let mut rows = payable();
    rows.push(("the ledger does not reach over it", Refusal::LedgerCoverageMissing, |a| a.world.ledger_covered = false));
    rows
}

/// What every policy in force says of the claim.
#[rustfmt::skip] // A table.
fn ruled() -> Vec<Row> {
    use Refusal as R;
    vec![
        ("screened too long ago", R::ScreeningMissing, |a| a.world.now = later(START, SCREENING_SECONDS + 1)),
        ("held at the last screening", R::ScreeningMissing, |a| { a.claim().rescreening = Some(Screening { clear: false, person: because("eve"), reason: because("listed"), decided_at: START }); }),
        ("never screened", R::ScreeningMissing, |a| { a.claim().screening = None; a.claim().rescreening = None; }),
        ("a rule blocks it", R::BlockedByPolicy, |a| for policy in &mut a.world.policies { for rule in &mut policy.rules { rule.kinds = vec![]; rule.action = RuleAction::Block; } }),
        ("no rule fits", R::NoApprovalRule, |a| for policy in &mut a.world.policies { for rule in &mut policy.rules { rule.kinds = vec![Kind::IbcVoucher]; } }),
        ("no tier fits", R::NoApprovalRule, |a| for policy in &mut a.world.policies { for tier in &mut policy.tiers { tier.value_max = Some(cents(99_999)); } }),
    ]
}

/// What is asked whenever something leaves the house.
#[rustfmt::skip] // A table.
fn released() -> Vec<Row> {
    released_with(unpaid())
}

#[rustfmt::skip] // A table.
fn released_with(payable: Vec<Row>) -> Vec<Row> {
    use Refusal as R;
    let mut rows = vec![OLD_REVISION, NO_ROLE, NO_POLICY, HALTED];
    rows.extend(payable);
    rows.extend(ruled());
    rows.extend([
        VOTED,
        ("one vote too few", R::QuorumMissing, |a| for policy in &mut a.world.policies { for tier in &mut policy.tiers { tier.votes = 3; } }),
        ("a voter who left", R::QuorumMissing, |a| a.world.people.retain(|person| person.name != "bob")),
        ("the delay runs", R::DelayRunning, |a| for policy in &mut a.world.policies { for tier in &mut policy.tiers { tier.delay_seconds = 86_400; } }),
        ("a vote that nobody logged", R::VotesNotLogged, |a| a.world.votes_logged = false),
        ("at the package's end", R::PackageExpired, |a| a.world.now = later(START, PACKAGE_SECONDS)),
    ]);
    rows
}

fn day_full() -> Row {
    ("enough for a day", Refusal::DayLimitReached, |a| {
        a.world.spending.released = cents(1_000_000_000 - 99_999)
    })
}

/// A correction whose freeze was booked.
fn frozen() -> Attempt {
    let mut frozen = attempt(
        World::correcting(),
        ClaimStatus::Instructed,
        "tom",
        |_, claim| Command::Acknowledge {
            answers: answers(claim),
        },
    );
    let claim = frozen.run().expect("the ledger froze it");
    frozen.command = frozen.world.release(&claim);
    frozen.claim = Some(claim);
    frozen
}

/// A claim whose fee is set aside, and nothing else was done.
fn held(world: World, command: Command) -> Attempt {
    let mut held = attempt(
        world.charged(OnFailure::Refund),
        ClaimStatus::Instructed,
        "tom",
        |_, claim| acknowledge(claim),
    );
    held.claim = Some(held.run().expect("the ledger set it aside"));
    held.command = command;
    held
}

#[rustfmt::skip] // A table.
fn tables() -> Vec<Table> {
    use ClaimStatus as S;
    use Refusal as R;
    let table = |command, good, refusals: Vec<Vec<Row>>| Table { command, good, refusals: refusals.concat() };
    vec![
        table("open", { let mut good = attempt(World::new(), S::Draft, "ada", |_, _| accept()); good.claim = None; good.world = World::new(); good }, vec![vec![
            NO_ROLE,
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
            ("a booking named for nothing", R::CorrectionNotAsked, |a| a.request.correction = Some(correction())),
        ]]),
        table("open a correction", { let mut good = attempt(World::correcting(), S::Draft, "ada", |_, _| accept()); good.claim = None; good.world = World::correcting(); good }, vec![booked_otherwise(), vec![
            NO_ROLE,
            ("a reorganisation removed it", R::DepositChanged, |a| a.world.deposit.status = DepositStatus::Gone),
            ("not final", R::DepositNotFinal, |a| a.world.deposit.status = DepositStatus::Unconfirmed),
            ("not final, by the verdict", R::DepositNotFinal, |a| a.verdict(Verdict::Conditional(Missing::FinalityMissing))),
            ("another claim is open", R::DepositTaken, |a| a.world.deposit.status = DepositStatus::Claimed),
            ("a scan found the same deposit", R::ScannedTwinExists, |a| a.world.scanned_twin = true),
            ("neither entry nor counterparty", R::CorrectionMissing, |a| a.request.correction = None),
            ("no entry", R::CorrectionMissing, |a| if let Some(named) = &mut a.request.correction { named.entry = because(" "); }),
            ("no counterparty", R::CorrectionMissing, |a| if let Some(named) = &mut a.request.correction { named.counterparty = because(""); }),
            ("no appeal", R::AppealMissing, |a| a.request.appeal = None),
            ("a wrong entry", R::BookingDiffers, |a| if let Some(named) = &mut a.request.correction { named.entry = because("l-1"); }),
            ("a wrong counterparty", R::BookingDiffers, |a| if let Some(named) = &mut a.request.correction { named.counterparty = because("user-4"); }),
            ("nobody named to be paid", R::BeneficiaryMissing, |a| a.request.beneficiary = None),
            ("the counterparty pays itself", R::CounterpartyIsBeneficiary, |a| a.request.beneficiary = Some(because("user-2"))),
        ]]),
        table("quote a correction", attempt(World::correcting(), S::Draft, "ada", |world, claim| world.quote(claim)), vec![
            vec![OLD_REVISION, NO_ROLE, LIVE, wrong(|a| a.claim().status = S::Settled), MOVED],
            correctable(),
            vec![("a plan that does nothing", R::PlanDiffers, |a| if let Command::Quote { plan, .. } = &mut a.command { *plan = Some(Plan { steps: vec![] }); })],
        ]),
        table("approve a correction", attempt(World::correcting(), S::PendingApproval, "dee", |_, claim| vote(claim)), vec![
            vec![OLD_REVISION, NO_ROLE, NO_POLICY, wrong(|a| a.claim().status = S::Accepted)],
            correctable(),
            vec![("nobody could lay it out", R::PlanMissing, |a| a.claim().plan = None)],
        ]),
        table("instruct the freeze", attempt(World::correcting(), S::Approved, "tom", |world, claim| world.release(claim)), vec![
            released_with(correctable()).into_iter().filter(|(name, ..)| *name != "no tier fits").collect(),
            vec![LIVE, wrong(|a| a.claim().status = S::PendingApproval), day_full()],
        ]),
        table("instruct the reversal", frozen(), vec![
            released_with(correctable()).into_iter().filter(|(name, ..)| *name != "no tier fits").collect(),
            vec![LIVE, wrong(|a| a.claim().status = S::PendingApproval)],
        ]),
        table("quote", attempt(World::new(), S::Draft, "ada", |world, claim| world.quote(claim)), vec![
            vec![OLD_REVISION, NO_ROLE, LIVE, wrong(|a| a.claim().status = S::Settled), MOVED],
            payable(),
            vec![("a quote over another amount", R::DepositChanged, |a| if let Command::Quote { quote, .. } = &mut a.command { quote.quote.net = Amount::from_u128(999); }),
                ("a plan that does nothing", R::PlanDiffers, |a| if let Command::Quote { plan, .. } = &mut a.command { *plan = Some(Plan { steps: vec![] }); })],
        ]),
        table("accept", attempt(World::new(), S::Quoted, "abe", |_, _| accept()), vec![
            vec![OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::QuoteExpired)],
            payable(),
            vec![("at the end of the quote", R::QuoteExpired, |a| a.world.now = later(START, QUOTE_SECONDS)),
                ("nothing that the customer wrote", R::EvidenceMissing, |a| a.command = Command::Accept { evidence: Evidence { text: because(" "), file: None } })],
        ]),
        table("waive", attempt(World::new(), S::Quoted, "eli", |_, _| waive("goodwill")), vec![vec![
            OLD_REVISION, NO_ROLE, NO_POLICY, LIVE, wrong(|a| a.claim().status = S::Accepted), MOVED,
            ("held", R::OnHold, HOLD),
            ("for another kind", R::WaiverClosed, |a| if let Command::Waive { waiver, .. } = &mut a.command { waiver.kinds = vec![Kind::MemoMissing]; }),
            ("at its end", R::WaiverClosed, |a| if let Command::Waive { waiver, .. } = &mut a.command { waiver.until = Some(a.world.now); }),
            ("before it begins", R::WaiverClosed, |a| if let Command::Waive { waiver, .. } = &mut a.command { waiver.from = Some(later(a.world.now, 1)); }),
            ("granted before", R::WaiverGranted, |a| { let granted = GrantedWaiver { code: because("goodwill"), person: because("lea"), note: because("n"), granted_at: START }; a.claim().waivers.push(granted); }),
            ("opened or quoted by the same person", R::ActorInvolved, |a| { let name = a.actor.name.clone(); a.claim().involved.insert(name); }),
            no_reason(|a| if let Command::Waive { note, .. } = &mut a.command { *note = because(" "); }),
        ]]),
        table("unwind", held(World::new(), unwind()), vec![vec![
            OLD_REVISION, NO_ROLE, LIVE, wrong(|a| a.claim().status = S::Broadcast),
            ("the deposit was moved", R::AlreadyMoved, |a| { let moved = Receipt::Sent { leg: crate::world::leg(LegKind::Transfer, "0xTo", "0xProven", 1), tx_id: crate::world::tx(), block: block(200), fee: Amount::ZERO, succeeded: true }; a.claim().execution.receipts.push(moved); }),
            ("nothing was set aside", R::NothingHeld, |a| a.claim().execution.receipts.clear()),
            ("it is being given back", R::NothingHeld, |a| { let unwinding = Unwinding { reason: because("r"), person: because("ada"), since: START, costs: Amount::ZERO }; a.claim().unwinding = Some(unwinding); }),
            ("held", R::OnHold, HOLD),
            no_reason(|a| a.command = Command::Unwind { reason: because("") }),
        ]]),
        table("decline", attempt(World::new().charged(OnFailure::Refund), S::Instructed, "tom", |_, _| decline()), vec![vec![
            OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::Approved), VOTED,
            ("what is out is no fee", R::StepDiffers, |a| a.claim().plan = Some(Plan { steps: vec![crate::world::bookings()] })),
            NOT_OUT,
            no_reason(|a| a.command = Command::Decline { reason: because("\n") }),
        ]]),
        table("screen --clear", attempt(World::new(), S::Accepted, "eve", |_, _| screen(true)), vec![vec![
            OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::Quoted),
            no_reason(|a| a.command = Command::Screen { clear: true, reason: because(" ") }),
        ]]),
        table("screen --hold", attempt(World::new(), S::Draft, "eve", |_, _| screen(false)), vec![vec![
            OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::Settled),
            no_reason(|a| a.command = Command::Screen { clear: false, reason: because("") }),
        ]]),
        table("approve", attempt(World::new(), S::PendingApproval, "dee", |_, claim| vote(claim)), vec![
            vec![OLD_REVISION, NO_ROLE, NO_POLICY, wrong(|a| a.claim().status = S::Accepted)],
            unpaid(),
            vec![("nobody could lay it out", R::PlanMissing, |a| a.claim().plan = None)],
            ruled(),
            vec![
                ("acted on it before", R::ActorInvolved, |a| { let name = a.actor.name.clone(); a.claim().involved.insert(name); }),
                ("voted before", R::AlreadyVoted, Attempt::voted_before),
                ("another content", R::DigestDiffers, |a| if let Command::Approve { digest, .. } = &mut a.command { *digest = other_digest(); }),
                ("unsigned", R::SignatureMissing, |a| { for policy in &mut a.world.policies { policy.signed_votes = true; } if let Command::Approve { signature, .. } = &mut a.command { *signature = None; } }),
                ("signed with nothing", R::SignatureWrong, |a| if let Command::Approve { signature, .. } = &mut a.command { *signature = Some(because("signed")); }),
            ],
        ]),
        table("reject", attempt(World::new(), S::PendingApproval, "dee", |_, _| reject()), vec![vec![
            OLD_REVISION, NO_ROLE, LIVE, wrong(|a| a.claim().status = S::Accepted), MOVED,
            ("acted on it before", R::ActorInvolved, |a| { let name = a.actor.name.clone(); a.claim().involved.insert(name); }),
            no_reason(|a| a.command = Command::Reject { reason: because("") }),
        ]]),
        table("cancel", attempt(World::new(), S::Accepted, "abe", |_, _| cancel()), vec![vec![
            OLD_REVISION, NO_ROLE, LIVE, wrong(|a| a.claim().status = S::Broadcast), MOVED,
            ("held", R::OnHold, HOLD),
            no_reason(|a| a.command = Command::Cancel { reason: because("\t") }),
        ]]),
        table("expire", {
            let mut good = attempt(World::new(), S::Quoted, "gus", |_, _| Command::ExpireQuote);
            good.world.now = later(START, QUOTE_SECONDS);
            good
        }, vec![vec![
            OLD_REVISION, wrong(|a| a.claim().status = S::Accepted),
            ("one second is left", R::QuoteStillValid, |a| a.world.now = later(START, QUOTE_SECONDS - 1)),
        ]]),
        table("invalidate", attempt(World::new(), S::Approved, "gus", |_, _| invalidate()), vec![vec![
            OLD_REVISION, LIVE, wrong(|a| a.claim().status = S::Settled), MOVED,
            no_reason(|a| a.command = Command::Invalidate { reason: because("") }),
        ]]),
        table("lapse", {
            let mut good = attempt(World::new(), S::Approved, "gus", |_, _| Command::LapseVotes);
            good.world.now = later(START, VOTE_SECONDS + 1);
            good
        }, vec![vec![
            OLD_REVISION, NO_POLICY, wrong(|a| a.claim().status = S::Accepted),
            ("one second is left", R::VotesStillValid, |a| a.world.now = later(START, VOTE_SECONDS)),
            ("there are none", R::VotesStillValid, |a| a.claim().approvals.clear()),
        ]]),
        table("prepare", attempt(World::new(), S::Approved, "tom", |world, claim| world.release(claim)), vec![
            released(),
            vec![LIVE, wrong(|a| a.claim().status = S::PendingApproval), day_full(),
                ("another step is next", R::StepDiffers, |a| a.claim().execution.done = 1)],
        ]),
        table("export", attempt(World::new(), S::Prepared, "tia", |world, _| world.export()), vec![
            released(), vec![wrong(|a| a.claim().status = S::Approved), NOT_OUT],
        ]),
        table("instruct", attempt(World::crediting(), S::Approved, "tom", |world, claim| world.release(claim)), vec![
            released(),
            vec![LIVE, wrong(|a| a.claim().status = S::PendingApproval), day_full(),
                ("another step is next", R::StepDiffers, |a| a.claim().execution.done = 1)],
        ]),
        table("import", attempt(World::new(), S::AwaitingSignature, "tom", |_, claim| import(claim)), vec![vec![
            OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::Prepared), VOTED, NO_STEP, NOT_OUT,
            ("other bytes were signed", R::BytesDiffer, |a| a.signed().unsigned.push(0)),
            ("another account signed", R::SignerDiffers, |a| a.signed().signer = because("0xThief")),
            ("another key signed", R::SignerDiffers, |a| { let plan = a.claim().plan.as_mut(); if let Some(Step::Send(leg)) = plan.and_then(|plan| plan.steps.first_mut()) { leg.signer_key = Some(because("02aa")); } }),
            ("at the package's end", R::PackageExpired, |a| a.world.now = later(START, PACKAGE_SECONDS)),
        ]]),
        table("send", signed_in(attempt(World::new(), S::AwaitingSignature, "tia", |_, _| Command::Send)), vec![
            vec![OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::Approved), HALTED],
            unpaid(),
            vec![VOTED, NOT_OUT, ("nobody brought them back", R::SignedBytesMissing, |a| if let Some(package) = &mut a.claim().execution.package { package.signed = None; })],
        ]),
        table("sent", attempt(World::new(), S::BroadcastUnknown, "gus", |_, _| Command::Sent), vec![vec![
            OLD_REVISION, wrong(|a| a.claim().status = S::Approved),
            ("it is known", R::NothingNew, |a| a.claim().status = S::Broadcast),
        ]]),
        table("sight", attempt(World::new(), S::Confirming, "gus", |_, _| finalised()), vec![vec![
            OLD_REVISION, wrong(|a| a.claim().status = S::Prepared), NO_STEP, NOT_OUT,
            ("it was seen there", R::NothingNew, |a| a.command = included()),
        ]]),
        table("acknowledge", attempt(World::crediting(), S::Instructed, "tom", |_, claim| Command::Acknowledge { answers: answers(claim) }), vec![vec![
            OLD_REVISION, NO_ROLE, wrong(|a| a.claim().status = S::Approved), VOTED, NO_STEP, NOT_OUT,
            ("an instruction that is not out", R::AcknowledgementUnknown, |a| a.answers().push(Acknowledged { instruction: because("ins_x"), entry: because("9"), asset: token(), amount: Amount::ZERO })),
            ("one answer is missing", R::AcknowledgementIncomplete, |a| { a.answers().remove(0); }),
            ("one answer comes twice", R::AcknowledgementIncomplete, |a| { let twice = a.answers().last().cloned(); a.answers().extend(twice); }),
            ("an answer without an entry", R::AcknowledgementIncomplete, |a| a.answers()[0].entry = because(" ")),
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
        // A slot is taken by another claim's package, which this machine does not see: the store says it.
        // So is a correction of the same entry by another claim.
        let is_the_stores = [Refusal::SlotTaken, Refusal::EntryTaken].contains(refusal);
        assert_eq!(
            provoked.contains(refusal),
            !is_the_stores,
            "no row is refused as {refusal}"
        );
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
                let mut turned = table.good.clone();
                spoil_second(&mut turned);
                spoil_second(&mut attempt);
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
                    && !attempt.world.paid_by_claim
                    && *first.max(second) == Refusal::NothingToClaim
                {
                    told = Refusal::NothingToClaim;
                }
                // The day is asked at the first payment, which another step is not.
                if (told, *first.max(second)) == (Refusal::DayLimitReached, Refusal::StepDiffers) {
                    told = Refusal::StepDiffers;
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
    println!("{pairs} pairs of refusals");
    assert!(
        pairs > 3_500,
        "only {pairs} pairs can meet: the tables shrank"
    );
}

#[test]
fn a_draft_on_a_deposit_from_a_file_opens_and_is_never_quoted() {
    let mut world = World::new();
    world.deposit.classification.verdict = Verdict::Conditional(Missing::NotSeenByUs);
    let claim = world
        .open("ada", &world.request())
        .expect("work can start before a source of ours saw it");
    world.deposit.status = DepositStatus::Claimed;
    assert_eq!(
        world.act(&claim, "ada", &world.quote(&claim)),
        Err(Refusal::ConditionOpen)
    );
}

#[test]
fn a_claim_that_nobody_could_lay_out_is_quoted_and_never_approved() {
    let mut world = World::new();
    let draft = world.claim_at(ClaimStatus::Draft);
    let unplanned = Command::Quote {
        quote: quote(),
        plan: None,
    };
    let quoted_only = world.act(&draft, "ada", &unplanned).expect("a price alone");
    let pending = world.on_to(quoted_only, |claim| {
        claim.status == ClaimStatus::PendingApproval
    });
    assert_eq!(
        world.act(&pending, "bob", &vote_on(pending.content_digest())),
        Err(Refusal::PlanMissing)
    );
    let planned = quoted(quote(), crate::world::plan(&draft));
    assert!(world.act(&pending, "ada", &planned).is_ok());
}
