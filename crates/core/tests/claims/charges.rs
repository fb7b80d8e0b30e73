//! Fees beside the deposit: set aside first, captured last, given back where the recovery fails, and never hanging.

use crate::world::{
    AMOUNT, CHARGED, PREPAID, START, VOTE_SECONDS, World, acknowledge, because, cancel, cents,
    decline, ethereum, expired, failed, included, instruction, invalidate, later, plan, quote,
    quoted, reject, replaced, screen, terms, token, unwind, usdt, vote,
};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::settlement::{Account, is_balanced, postings};
use recover_core::claim::{
    Acknowledged, Claim, ClaimStatus, Command, OpenRequest, Receipt, Refusal, Resolution, Sighting,
    plan_is_of_quote, with_charges,
};
use recover_core::deposit::DepositStatus;
use recover_core::digest::Digest;
use recover_core::fee::OnFailure;
use recover_core::plan::{Instruction, InstructionKind, Plan, Step};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

const PAYING: [(Resolution, fn() -> World); 4] = [
    (Resolution::LedgerCredit, World::crediting),
    (Resolution::SweepThenCredit, World::sweeping),
    (Resolution::SweepToAddress, World::new),
    (Resolution::ReturnToSender, World::new),
];

fn opened(world: &mut World, resolution: Resolution) -> Claim {
    let request = OpenRequest {
        resolution: Some(resolution),
        destination: resolution.needs_destination().then(|| because("0xProven")),
        ..world.request()
    };
    let claim = world.open("ada", &request).expect("it opens");
    world.deposit.status = DepositStatus::Claimed;
    claim
}

fn native() -> AssetId {
    AssetId::native(ethereum())
}

/// Whether the fee is set aside and nothing else was done.
fn is_held(claim: &Claim) -> bool {
    claim.execution.done == 1
}

/// What the ledger booked about the customer's own fees: set aside, captured and given back, by asset.
fn booked(claim: &Claim) -> BTreeMap<AssetId, [u128; 3]> {
    let mut sums: BTreeMap<AssetId, [u128; 3]> = BTreeMap::new();
    for receipt in &claim.execution.receipts {
        let Receipt::Booked { instructions, .. } = receipt else {
            continue;
        };
        for instruction in instructions {
            let at = match instruction.kind {
                InstructionKind::HoldFee => 0,
                InstructionKind::CaptureFee if instruction.user.is_some() => 1,
                InstructionKind::ReleaseFee => 2,
                _ => continue,
            };
            assert_eq!(instruction.user.as_deref(), Some("user-1"));
            sums.entry(instruction.asset.clone()).or_default()[at] +=
                instruction.amount.to_u128().expect("small");
        }
    }
    sums
}

#[test]
fn what_is_charged_is_set_aside_first_and_captured_last() {
    for (resolution, world) in PAYING {
        let mut world = world().charged(OnFailure::Refund);
        let claim = opened(&mut world, resolution);
        let quoted = world
            .act(&claim, "ada", &world.quote(&claim))
            .unwrap_or_else(|refusal| panic!("{resolution} is {refusal}"));
        assert!(plan_is_of_quote(&quoted));
        let steps = &quoted.plan.as_ref().expect("planned").steps;
        let kinds = |step: &Step| match step {
            Step::Send(_) => vec![],
            Step::Instruct(list) => list.iter().map(|one| one.kind).collect::<Vec<_>>(),
        };
        use InstructionKind::{CaptureFee, Credit, HoldFee};
        assert_eq!(kinds(&steps[0]), [HoldFee, HoldFee]);
        let last = kinds(steps.last().expect("a step"));
        match resolution.needs_destination() {
            true => assert_eq!(last, [CaptureFee, CaptureFee]),
            false => assert_eq!(last, [Credit, CaptureFee, CaptureFee]),
        }
        let settled = world.on_to(quoted, |claim| claim.status == ClaimStatus::Settled);
        let all = |amount| [amount, amount, 0];
        assert_eq!(
            booked(&settled),
            BTreeMap::from([(usdt(), all(CHARGED)), (native(), all(PREPAID))])
        );
        let set = postings(&settled).expect("balanced");
        assert!(is_balanced(&set));
        let of = |account, asset: &AssetId| {
            set.iter()
                .find(|posting| posting.account == account && posting.asset == *asset)
                .map(|posting| (posting.debit.to_u128(), posting.credit.to_u128()))
        };
        assert_eq!(
            of(Account::Customer, &token()),
            Some((Some(0), Some(AMOUNT)))
        );
        assert_eq!(of(Account::FeeRevenue, &token()), None);
        assert_eq!(
            of(Account::Customer, &usdt()),
            Some((Some(CHARGED), Some(0)))
        );
        assert_eq!(
            of(Account::FeeRevenue, &usdt()),
            Some((Some(0), Some(CHARGED)))
        );
        assert_eq!(
            of(Account::FeeRevenue, &native()),
            Some((Some(0), Some(PREPAID)))
        );
    }
}

#[test]
fn a_correction_takes_no_charges() {
    let mut world = World::correcting();
    let claim = opened(&mut world, Resolution::CorrectBooking);
    let mut offer = quote();
    offer.quote.terms = Some(Box::new(terms(OnFailure::Refund)));
    assert_eq!(with_charges(&claim, &offer.quote, plan(&claim)), None);
    // Nor where somebody put them there by hand.
    let list = |kind| {
        vec![
            charge(kind, usdt(), CHARGED),
            charge(kind, native(), PREPAID),
        ]
    };
    let mut steps = vec![Step::Instruct(list(InstructionKind::HoldFee))];
    steps.extend(plan(&claim).steps);
    if let Some(Step::Instruct(last)) = steps.last_mut() {
        last.extend(list(InstructionKind::CaptureFee));
    }
    assert_eq!(
        world.act(&claim, "ada", &quoted(offer, Plan { steps })),
        Err(Refusal::PlanDiffers)
    );
}

fn charge(kind: InstructionKind, asset: AssetId, amount: u128) -> Instruction {
    Instruction {
        asset,
        ..instruction(kind, Some("user-1"), amount)
    }
}

/// One way to spoil a plan that has its charges.
type Spoil = fn(&mut Vec<Step>);

fn list(step: Option<&mut Step>) -> &mut Vec<Instruction> {
    match step {
        Some(Step::Instruct(list)) => list,
        _ => panic!("a set of instructions"),
    }
}

#[rustfmt::skip] // A table.
fn spoilt() -> Vec<(&'static str, Spoil)> {
    use InstructionKind as I;
    vec![
        ("no hold", |steps| { steps.remove(0); }),
        ("a hold of more", |steps| list(steps.first_mut())[0].amount = Amount::from_u128(CHARGED + 1)),
        ("a hold of less", |steps| list(steps.first_mut())[0].amount = Amount::from_u128(CHARGED - 1)),
        ("a hold of another asset", |steps| list(steps.first_mut())[0].asset = token()),
        ("a hold on another user", |steps| list(steps.first_mut())[0].user = Some(because("user-2"))),
        ("a hold on nobody", |steps| list(steps.first_mut())[0].user = None),
        ("a hold that is a capture", |steps| list(steps.first_mut())[0].kind = I::CaptureFee),
        ("one hold is missing", |steps| { list(steps.first_mut()).pop(); }),
        ("one hold twice", |steps| { let twice = list(steps.first_mut())[0].clone(); list(steps.first_mut()).push(twice); }),
        ("the holds in another order", |steps| list(steps.first_mut()).reverse()),
        ("the holds in two steps", |steps| { let one = list(steps.first_mut()).remove(0); steps.insert(0, Step::Instruct(vec![one])); }),
        ("the holds later", |steps| { let last = steps.len() - 1; steps.swap(0, last); }),
        ("something credited with the hold", |steps| list(steps.first_mut()).push(instruction(I::Credit, Some("user-1"), 1))),
        ("no capture", |steps| { let all = list(steps.last_mut()); all.retain(|one| one.kind != I::CaptureFee); }),
        ("a capture of more", |steps| list(steps.last_mut()).last_mut().expect("one").amount = Amount::from_u128(PREPAID + 1)),
        ("a capture of less", |steps| list(steps.last_mut()).last_mut().expect("one").amount = Amount::from_u128(PREPAID - 1)),
        ("a capture of another asset", |steps| list(steps.last_mut()).last_mut().expect("one").asset = usdt()),
        ("a capture from another user", |steps| list(steps.last_mut()).last_mut().expect("one").user = Some(because("user-2"))),
        ("a capture from nobody", |steps| list(steps.last_mut()).last_mut().expect("one").user = None),
        ("a capture twice", |steps| { let twice = list(steps.last_mut()).last().cloned().expect("one"); list(steps.last_mut()).push(twice); }),
        ("one more capture", |steps| list(steps.last_mut()).insert(0, charge(I::CaptureFee, token(), 1))),
        ("a release instead of the capture", |steps| list(steps.last_mut()).last_mut().expect("one").kind = I::ReleaseFee),
        ("a release beside the capture", |steps| list(steps.last_mut()).push(charge(I::ReleaseFee, usdt(), CHARGED))),
        ("a capture about an entry", |steps| list(steps.last_mut()).last_mut().expect("one").entry = Some(because("L-1"))),
        ("the captures before the last step", |steps| { let all = list(steps.last_mut()); let at = all.len() - 2; let captures = all.split_off(at); let before = steps.len() - 1; steps.insert(before, Step::Instruct(captures)); }),
        ("a hold alone", |steps| steps.truncate(1)),
        ("no step", Vec::clear),
    ]
}

#[test]
fn a_plan_with_charges_has_them_exactly() {
    for (resolution, world) in PAYING {
        for (name, spoil) in spoilt() {
            let mut world = world().charged(OnFailure::Refund);
            let claim = opened(&mut world, resolution);
            let Command::Quote { quote, plan } = world.quote(&claim) else {
                panic!("a quote");
            };
            let mut steps = plan.expect("a plan").steps;
            spoil(&mut steps);
            assert_eq!(
                world.act(&claim, "ada", &quoted(quote, Plan { steps })),
                Err(Refusal::PlanDiffers),
                "{resolution}: {name}"
            );
        }
        // What is charged beside the deposit is not taken out of it as well.
        let mut world = world().charged(OnFailure::Refund);
        let claim = opened(&mut world, resolution);
        let Command::Quote { mut quote, plan } = world.quote(&claim) else {
            panic!("a quote");
        };
        quote.quote.net = Amount::from_u128(AMOUNT - 1);
        quote.quote.fee_in_asset = Amount::from_u128(1);
        let plan = plan.expect("a plan");
        assert_eq!(
            world.act(&claim, "ada", &quoted(quote, plan)),
            Err(Refusal::PlanDiffers)
        );
        // Nothing to charge is no charge.
        let Command::Quote { mut quote, .. } = world.quote(&claim) else {
            panic!("a quote");
        };
        if let Some(terms) = &mut quote.quote.terms {
            terms.charges.truncate(1);
            terms.charges[0].coins.amount = Amount::ZERO;
        }
        let plan = with_charges(&claim, &quote.quote, crate::world::plan(&claim));
        let plan = plan.expect("a user is named");
        assert_eq!(
            world.act(&claim, "ada", &quoted(quote, plan)),
            Err(Refusal::PlanDiffers)
        );
    }
}

/// The plans of before are unchanged: without charges nothing is set around them.
#[test]
fn without_charges_a_plan_stays_as_it_is() {
    for (resolution, world) in PAYING {
        let mut world = world();
        let claim = opened(&mut world, resolution);
        let Command::Quote { quote, plan } = world.quote(&claim) else {
            panic!("a quote");
        };
        let plan = plan.expect("a plan");
        assert_eq!(with_charges(&claim, &quote.quote, plan.clone()), Some(plan));
    }
}

/// A hold is no payment: the day is asked when the money begins to leave, and not again after that, nor where the recovery is
/// given up.
#[test]
fn i18_the_limit_of_a_day_is_asked_at_the_payout_and_not_at_the_hold() {
    for (resolution, world) in PAYING {
        let mut world = world().charged(OnFailure::Refund);
        let claim = opened(&mut world, resolution);
        let claim = world
            .act(&claim, "ada", &world.quote(&claim))
            .expect("a quote");
        let approved = world.on_to(claim, |claim| claim.status == ClaimStatus::Approved);
        let full = world.policies[0].day_release_max;
        world.spending.released = full;
        let held = world.on_to(approved, is_held);
        assert_eq!(
            world.act(&held, "tom", &world.release(&held)),
            Err(Refusal::DayLimitReached),
            "{resolution}"
        );
        let given_up = world.act(&held, "tom", &unwind()).expect("it is given up");
        world.on_to(given_up, |claim| claim.status == ClaimStatus::Cancelled);
        world.spending.released = Default::default();
        let begun = world.on_to(held, |claim| claim.execution.done > 1);
        world.spending.released = full;
        world.on_to(begun, |claim| claim.status == ClaimStatus::Settled);
    }
}

/// After the top-up is final the payment fails on the network: the networks took 60 base units, which are 1.20.
fn failed_after_top_up(world: &World, claim: Claim) -> Claim {
    let sent = world.on_to(claim, |claim| {
        claim.execution.done == 2 && claim.status == ClaimStatus::Broadcast
    });
    world.act(&sent, "", &failed()).expect("it failed for good")
}

#[test]
fn what_becomes_of_the_fee_is_what_the_quote_said() {
    let rows = [
        (
            OnFailure::Refund,
            [CHARGED, 0, CHARGED],
            [PREPAID, 0, PREPAID],
        ),
        // 20 of the 60 are paid in native coin; 40 are worth 0.80 of the 5.00.
        (
            OnFailure::RefundLessCosts,
            [CHARGED, 800_000, CHARGED - 800_000],
            [PREPAID, PREPAID, 0],
        ),
        (
            OnFailure::Keep,
            [CHARGED, CHARGED, 0],
            [PREPAID, PREPAID, 0],
        ),
    ];
    for (on_failure, of_usdt, of_native) in rows {
        let mut world = World::new().charged(on_failure);
        let claim = world.claim_at(ClaimStatus::Draft);
        let claim = failed_after_top_up(&world, claim);
        assert_eq!(claim.status, ClaimStatus::FailedOnChain);
        let given_up = world
            .act(&claim, "tom", &unwind())
            .expect("it can be given up");
        assert_eq!(
            (given_up.status, given_up.revision, given_up.approvals.len()),
            (ClaimStatus::PendingApproval, claim.revision + 1, 0)
        );
        let unwinding = given_up.unwinding.as_ref().expect("it says so");
        assert_eq!(unwinding.costs, Amount::from_u128(60));
        assert!(plan_is_of_quote(&given_up));
        // Who gave it up does not vote on it, whatever their roles.
        assert!(given_up.involved.contains("tom"));
        let ended = world.on_to(given_up, |claim| !claim.status.is_open());
        assert_eq!(ended.status, ClaimStatus::Cancelled);
        assert_eq!(ended.closing_reason.as_deref(), Some("the token is paused"));
        assert_eq!(
            booked(&ended),
            BTreeMap::from([(usdt(), of_usdt), (native(), of_native)]),
            "{on_failure}"
        );
        let set = postings(&ended).expect("balanced");
        assert!(is_balanced(&set));
        // The deposit is no part of it, and what the networks took is the exchange's cost.
        assert!(set.iter().all(|posting| posting.asset != token()));
        let cost = set
            .iter()
            .find(|posting| posting.account == Account::NetworkCost)
            .map(|posting| posting.credit);
        assert_eq!(cost, Some(Amount::from_u128(60)));
        let revenue: BTreeMap<AssetId, u128> = set
            .iter()
            .filter(|posting| posting.account == Account::FeeRevenue)
            .map(|posting| {
                (
                    posting.asset.clone(),
                    posting.credit.to_u128().expect("small"),
                )
            })
            .collect();
        let expected: BTreeMap<AssetId, u128> = [(usdt(), of_usdt[1]), (native(), of_native[1])]
            .into_iter()
            .filter(|(_, amount)| *amount > 0)
            .collect();
        assert_eq!(revenue, expected, "{on_failure}");
    }
}

/// Where the exchange took the network's cost upon itself nobody pays it, whatever the recovery comes to.
#[test]
fn costs_that_were_waived_are_not_kept() {
    for (asked, kept) in [(0, 0), (1, PREPAID)] {
        let mut world = World::new().charged(OnFailure::RefundLessCosts);
        let claim = world.claim_at(ClaimStatus::Draft);
        let Command::Quote { mut quote, plan } = world.quote(&claim) else {
            panic!("a quote");
        };
        quote.quote.network_fee = cents(asked);
        let claim = world
            .act(&claim, "ada", &quoted(quote, plan.expect("a plan")))
            .expect("a quote");
        let failed = failed_after_top_up(&world, claim);
        let given_up = world.act(&failed, "tom", &unwind()).expect("given up");
        let ended = world.on_to(given_up, |claim| claim.status == ClaimStatus::Cancelled);
        assert_eq!(
            booked(&ended)[&native()],
            [PREPAID, kept, PREPAID - kept],
            "{asked}"
        );
        assert_eq!(booked(&ended)[&usdt()][1] == 0, asked == 0);
    }
}

#[test]
fn costs_are_never_more_than_the_charge_and_never_guessed() {
    let kept = |costs: u128, change: fn(&mut recover_core::fee::Terms)| {
        let mut world = World::new().charged(OnFailure::RefundLessCosts);
        let claim = world.claim_at(ClaimStatus::Draft);
        let mut claim = world.on_to(claim, is_held);
        if let Some(quote) = &mut claim.quote {
            change(quote.quote.terms.as_mut().expect("terms"));
        }
        claim.execution.receipts.push(Receipt::Sent {
            leg: crate::world::leg(recover_core::plan::LegKind::GasTopUp, "0xGas", "0xTo", 40),
            tx_id: crate::world::tx(),
            block: crate::world::block(200),
            fee: Amount::from_u128(costs),
            succeeded: false,
        });
        let given_up = world.act(&claim, "ada", &unwind()).expect("it is given up");
        let plan = given_up.plan.expect("a plan");
        let mut sums = [0, 0];
        for one in plan
            .instructions()
            .filter(|one| one.kind == InstructionKind::CaptureFee)
        {
            let at = usize::from(one.asset == native());
            sums[at] += one.amount.to_u128().expect("small");
        }
        sums
    };
    let same: fn(&mut recover_core::fee::Terms) = |_| {};
    assert_eq!(kept(0, same), [0, 0]);
    assert_eq!(kept(1, same), [0, 1]);
    assert_eq!(kept(20, same), [0, 20]);
    // One base unit is worth two cents, of which the fee of 500 cents gives 1/250.
    assert_eq!(kept(21, same), [20_000, 20]);
    assert_eq!(kept(269, same), [4_980_000, 20]);
    assert_eq!(kept(270, same), [CHARGED, 20]);
    assert_eq!(kept(1_000_000, same), [CHARGED, 20]);
    // A third of a cent is a cent.
    let cheap: fn(&mut recover_core::fee::Terms) = |terms| terms.network_cost = cents(67);
    assert_eq!(kept(21, cheap), [10_000, 20]);
    // The coin was worth what the quote's ceiling was worth, whatever price of another time the deposit itself had.
    let dear: fn(&mut recover_core::fee::Terms) =
        |terms| terms.prices[0].price = recover_core::decimal::Decimal::whole(9_999_999);
    assert_eq!(kept(21, dear), [20_000, 20]);
    assert_eq!(kept(21, |terms| terms.prices.clear()), [20_000, 20]);
    let none: fn(&mut recover_core::fee::Terms) = |terms| {
        terms.prices.clear();
        terms.ceiling = None;
    };
    assert_eq!(kept(21, none), [0, 20]);
}

/// Everything that may happen to a claim, truthful or not, and everybody's commands.
fn moves(world: &World, claim: &Claim) -> Vec<(&'static str, Command)> {
    let mut moves: Vec<(&'static str, Command)> = world.onward(claim).into_iter().collect();
    moves.extend([
        ("", failed()),
        ("", expired()),
        ("", replaced()),
        ("", included()),
        ("", Command::Sight(Sighting::Vanished)),
        ("ada", unwind()),
        ("tom", decline()),
        ("dee", reject()),
        ("ada", cancel()),
        ("", invalidate()),
        ("ada", world.quote(claim)),
    ]);
    let at = [ClaimStatus::PendingApproval, ClaimStatus::Instructed];
    if at.contains(&claim.status) {
        moves.push(("cyd", vote(claim)));
    }
    moves
}

/// Wherever a claim can come with a fee set aside, it can go on or be given up; what could end it without giving the fee back is
/// refused, and by name.
#[test]
fn no_fee_hangs() {
    let mut reached = BTreeSet::new();
    for (resolution, world) in PAYING {
        for on_failure in OnFailure::ALL {
            let mut world = world().charged(*on_failure);
            let first = opened(&mut world, resolution);
            let mut late = world.clone();
            late.now = later(START, VOTE_SECONDS + 1);
            // A reorganisation takes the deposit away, and a new policy forbids such claims.
            let mut gone = world.clone();
            gone.deposit.status = DepositStatus::Gone;
            for rule in gone
                .policies
                .iter_mut()
                .flat_map(|policy| &mut policy.rules)
            {
                rule.action = recover_core::approval::RuleAction::Block;
            }
            let mut seen: BTreeSet<(Digest, String)> = BTreeSet::new();
            let mut open = VecDeque::from([first]);
            while let Some(claim) = open.pop_front() {
                if claim.execution.attempts > 4 || claim.revision > 2 {
                    continue;
                }
                let is_new = seen.insert((
                    claim.content_digest(),
                    format!(
                        "{:?} {} {:?} {:?} {}",
                        claim.status,
                        claim.execution.done,
                        claim
                            .execution
                            .package
                            .as_ref()
                            .map(|package| package.signed.is_some()),
                        claim.hold.is_some(),
                        claim.approvals.len()
                    ),
                ));
                if !is_new {
                    continue;
                }
                look(&world, &gone, &claim, &mut reached);
                for (name, command) in moves(&world, &claim) {
                    open.extend(world.act(&claim, name, &command));
                }
                open.extend(late.act(&claim, "", &Command::LapseVotes));
            }
        }
    }
    use ClaimStatus as S;
    for status in [
        S::Instructed,
        S::Prepared,
        S::AwaitingSignature,
        S::Broadcast,
        S::Confirming,
        S::FailedOnChain,
        S::ArtifactExpired,
        S::PendingApproval,
        S::Approved,
        S::Reorged,
        S::BroadcastUnknown,
    ] {
        assert!(
            reached.contains(&status),
            "{status} with a fee set aside was never reached"
        );
    }
}

fn look(world: &World, gone: &World, claim: &Claim, reached: &mut BTreeSet<ClaimStatus>) {
    let sums = booked(claim);
    let is_open = |[held, captured, released]: &[u128; 3]| held - captured - released > 0;
    for [held, captured, released] in sums.values() {
        assert!(
            captured + released <= *held,
            "more ended than was set aside"
        );
    }
    if !claim.status.is_open() {
        let hangs = sums.values().any(is_open);
        assert!(!hangs, "{} with a fee set aside", claim.status);
        return;
    }
    if !sums.values().any(is_open) {
        assert!(!claim.holds_fee() || sums.is_empty());
        return;
    }
    reached.insert(claim.status);
    assert!(claim.holds_fee());
    for (name, command) in [
        ("ada", cancel()),
        ("", invalidate()),
        ("ada", world.quote(claim)),
        ("dee", reject()),
    ] {
        let refused = world.act(claim, name, &command);
        assert!(refused.is_err(), "{} at {}", command.code(), claim.status);
    }
    let is_out = claim.execution.package.is_some() && claim.status != ClaimStatus::Prepared;
    // It is carried on, or waits for proof.
    if claim.execution.has_moved_deposit() || is_out {
        return;
    }
    // Whatever became of the deposit and of the policy, with compliance's consent and votes given afresh.
    for moment in [world, gone] {
        let mut moment = moment.clone();
        moment.now = later(START, 3 * VOTE_SECONDS);
        let cleared = moment.act(claim, "eve", &screen(true)).expect("cleared");
        let given_up = match &cleared.unwinding {
            Some(_) => cleared,
            None => moment
                .act(&cleared, "ada", &unwind())
                .unwrap_or_else(|refusal| {
                    panic!(
                        "{} can neither go on nor be given up: {refusal}",
                        claim.status
                    )
                }),
        };
        let ended = to_the_end(&moment, given_up);
        assert_eq!(ended.status, ClaimStatus::Cancelled);
    }
}

/// On along the happy path; votes that grew too old are given again.
fn to_the_end(moment: &World, mut claim: Claim) -> Claim {
    while claim.status.is_open() {
        // Everybody voted, too long ago.
        let next = moment.onward(&claim);
        let (name, command) = next.unwrap_or(("", Command::LapseVotes));
        claim = match moment.act(&claim, name, &command) {
            Ok(next) => next,
            Err(Refusal::QuorumMissing | Refusal::AlreadyVoted) => moment
                .act(&claim, "", &Command::LapseVotes)
                .expect("the votes are too old"),
            Err(refusal) => panic!("{} at {} is {refusal}", command.code(), claim.status),
        };
    }
    claim
}

#[test]
fn a_refused_end_names_the_way_out() {
    let mut world = World::new().charged(OnFailure::Refund);
    let claim = world.claim_at(ClaimStatus::Draft);
    let held = world.on_to(claim, is_held);
    for (name, command) in [
        ("ada", cancel()),
        ("", invalidate()),
        ("ada", world.quote(&held)),
    ] {
        assert_eq!(
            world.act(&held, name, &command),
            Err(Refusal::AlreadyMoved),
            "{}",
            command.code()
        );
    }
    assert!(Refusal::AlreadyMoved.hint().contains("claims unwind"));
    let prepared = world.on_to(held, |claim| claim.status == ClaimStatus::Prepared);
    assert_eq!(
        world.act(&prepared, "dee", &reject()),
        Err(Refusal::AlreadyMoved)
    );
    // What never left the house is no obstacle; what did is.
    assert!(world.act(&prepared, "ada", &unwind()).is_ok());
    let out = world.on_to(prepared, |claim| {
        claim.status == ClaimStatus::AwaitingSignature
    });
    assert_eq!(world.act(&out, "ada", &unwind()), Err(Refusal::PackageLive));
    // An approver alone gives nothing up.
    let back = world.act(&out, "", &expired()).expect("proof");
    assert_eq!(
        world.act(&back, "bob", &unwind()),
        Err(Refusal::RoleMissing)
    );
}

#[test]
fn a_claim_waits_for_the_customers_money_and_is_free_once_the_ledger_declines() {
    let mut world = World::new().charged(OnFailure::Keep);
    let claim = world.claim_at(ClaimStatus::Approved);
    assert!(!claim.waits_for_fee());
    let waiting = world
        .act(&claim, "tom", &world.release(&claim))
        .expect("it goes out");
    assert!(waiting.waits_for_fee());
    for (name, command) in [
        ("ada", cancel()),
        ("ada", unwind()),
        ("ada", world.quote(&waiting)),
    ] {
        assert_eq!(
            world.act(&waiting, name, &command),
            Err(Refusal::PackageLive)
        );
    }
    // The word of who voted for it is none.
    assert_eq!(
        world.act(&waiting, "bob", &decline()),
        Err(Refusal::RoleMissing)
    );
    let declined = world
        .act(&waiting, "tia", &decline())
        .expect("the ledger said so");
    assert_eq!(
        (declined.status, declined.execution.package.is_none()),
        (ClaimStatus::Approved, true)
    );
    assert_eq!(
        declined.closing_reason.as_deref(),
        Some("the balance is too small")
    );
    // Nothing was set aside, so that nothing must be given back: it ends as any other, is quoted anew, or is tried again.
    assert_eq!(
        world.act(&declined, "ada", &unwind()),
        Err(Refusal::NothingHeld)
    );
    assert!(world.act(&declined, "ada", &cancel()).is_ok());
    assert!(world.act(&declined, "ada", &world.quote(&declined)).is_ok());
    let again = world
        .act(&declined, "tom", &world.release(&declined))
        .expect("again");
    assert_eq!(again.closing_reason, None);
    let ids = |claim: &Claim| {
        let package = claim.execution.package.as_ref().expect("out");
        (package.bytes.clone(), package.attempt)
    };
    // The same ids: what the ledger booked late it does not book twice.
    assert_eq!(ids(&waiting).0, ids(&again).0);
    assert_ne!(ids(&waiting).1, ids(&again).1);
    let settled = world.on_to(again, |claim| claim.status == ClaimStatus::Settled);
    assert_eq!(booked(&settled)[&usdt()], [CHARGED, CHARGED, 0]);
    // Votes that lapsed meanwhile are given again before it is tried again.
    world.now = later(START, VOTE_SECONDS + 1);
    let lapsed = world
        .act(&waiting, "", &Command::LapseVotes)
        .expect("too old");
    let declined = world
        .act(&lapsed, "tom", &decline())
        .expect("the ledger said so");
    assert_eq!(declined.status, ClaimStatus::PendingApproval);
    assert!(world.act(&declined, "ada", &cancel()).is_ok());
}

#[test]
fn only_a_fee_that_was_not_set_aside_is_declined() {
    let mut world = World::crediting().charged(OnFailure::Refund);
    let claim = world.claim_at(ClaimStatus::Draft);
    let credit = world.on_to(claim, |claim| {
        is_held(claim) && claim.execution.package.is_some()
    });
    assert_eq!(
        world.act(&credit, "tom", &decline()),
        Err(Refusal::StepDiffers)
    );
}

#[test]
fn a_ledger_that_sets_another_sum_aside_stops_the_claim() {
    let mut world = World::new().charged(OnFailure::Refund);
    let claim = world.claim_at(ClaimStatus::Instructed);
    let Command::Acknowledge { answers } = acknowledge(&claim) else {
        panic!("answers");
    };
    let less: Vec<Acknowledged> = answers
        .into_iter()
        .map(|answer| Acknowledged {
            amount: Amount::from_u128(1),
            ..answer
        })
        .collect();
    let stopped = world
        .act(&claim, "tom", &Command::Acknowledge { answers: less })
        .expect("it is recorded");
    assert_eq!(stopped.status, ClaimStatus::Mispaid);
}
