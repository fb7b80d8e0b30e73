//! A plan does what its claim and its quote say, to the base unit: one row for each way in which it does not.

use crate::world::{
    AMOUNT, FEE, World, bookings, ethereum, instruction, leg, plan, quote, quoted, send,
};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::{Claim, ClaimStatus, OpenRequest, Refusal, Resolution};
use recover_core::network::NetworkId;
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step};

type Wrong = (&'static str, fn() -> Vec<Step>);

const NET: u128 = AMOUNT - FEE;

fn pay(recipient: &str, amount: u128) -> Step {
    send(leg(LegKind::Transfer, "0xTo", recipient, amount))
}

fn top_up(recipient: &str, amount: u128) -> Step {
    send(leg(LegKind::GasTopUp, "0xGas", recipient, amount))
}

fn changed(mut of: Leg, change: fn(&mut Leg)) -> Step {
    change(&mut of);
    send(of)
}

fn book(kind: InstructionKind, user: Option<&str>, amount: u128) -> Step {
    Step::Instruct(vec![instruction(kind, user, amount)])
}

fn deploy() -> Step {
    send(leg(LegKind::Deploy, "0xGas", "0xTo", 0))
}

fn flush() -> Step {
    send(leg(LegKind::Flush, "0xGas", "0xParent", AMOUNT))
}

fn freeze(amount: u128) -> Step {
    book(InstructionKind::FreezeCounterparty, Some("user-2"), amount)
}

fn of_entry(entry: &str, instruction: Instruction) -> Instruction {
    Instruction {
        entry: Some(entry.to_owned()),
        ..instruction
    }
}

/// The second step of a correction, spoilt.
fn right(spoil: fn(&mut Vec<Instruction>)) -> Step {
    let back = instruction(InstructionKind::Reverse, Some("user-2"), AMOUNT);
    let mut list = vec![of_entry("L-1", back)];
    if let Step::Instruct(bookings) = bookings() {
        list.extend(bookings);
    }
    spoil(&mut list);
    Step::Instruct(list)
}

fn joined(one: Step, other: Step) -> Step {
    let lists = [one, other].map(|step| match step {
        Step::Instruct(list) => list,
        Step::Send(_) => vec![],
    });
    Step::Instruct(lists.concat())
}

/// The world whose deposit such a claim is for.
fn world_of(resolution: Resolution) -> World {
    match resolution {
        Resolution::CorrectBooking => World::correcting(),
        _ => World::new(),
    }
}

fn draft(world: &mut World, resolution: Resolution) -> Claim {
    let request = OpenRequest {
        resolution: Some(resolution),
        destination: resolution
            .needs_destination()
            .then(|| "0xProven".to_owned()),
        ..world.request()
    };
    let claim = world.open("ada", &request).expect("it opens");
    world.deposit.status = recover_core::deposit::DepositStatus::Claimed;
    claim
}

#[rustfmt::skip] // A table.
fn wrong_plans() -> Vec<(Resolution, Vec<Wrong>)> {
    use InstructionKind as I;
    vec![
        (Resolution::LedgerCredit, vec![
            ("no step", || vec![]),
            ("a step without instructions", || vec![Step::Instruct(vec![]), bookings()]),
            ("more than the net", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-1"), NET + 1), instruction(I::CaptureFee, None, FEE)])]),
            ("less than the net", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-1"), NET - 1), instruction(I::CaptureFee, None, FEE)])]),
            ("to another user", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-2"), NET), instruction(I::CaptureFee, None, FEE)])]),
            ("to nobody", || vec![Step::Instruct(vec![instruction(I::Credit, None, NET), instruction(I::CaptureFee, None, FEE)])]),
            ("twice", || vec![bookings(), bookings()]),
            ("in two halves", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-1"), NET - 1), instruction(I::Credit, Some("user-1"), 1), instruction(I::CaptureFee, None, FEE)])]),
            ("without the fee", || vec![book(I::Credit, Some("user-1"), NET)]),
            ("a higher fee", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-1"), NET), instruction(I::CaptureFee, None, FEE + 1)])]),
            ("the fee from somebody else", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-1"), NET), instruction(I::CaptureFee, Some("user-2"), FEE)])]),
            ("nothing, and called so", || vec![Step::Instruct(vec![instruction(I::Credit, Some("user-1"), 0)])]),
            ("another asset", || { let mut other = instruction(I::Credit, Some("user-1"), NET); other.asset = AssetId::native(ethereum()); vec![Step::Instruct(vec![other, instruction(I::CaptureFee, None, FEE)])] }),
            ("an entry taken back beside it", || vec![bookings(), book(I::Reverse, Some("user-1"), 1)]),
            ("a balance frozen beside it", || vec![bookings(), book(I::FreezeCounterparty, Some("user-1"), 1)]),
            ("about an entry of before", || { let mut other = instruction(I::Credit, Some("user-1"), NET); other.entry = Some("entry-1".to_owned()); vec![Step::Instruct(vec![other, instruction(I::CaptureFee, None, FEE)])] }),
            ("a payment beside it", || vec![pay("0xTreasury", 1), bookings()]),
            ("in two steps", || vec![book(I::Credit, Some("user-1"), NET), book(I::CaptureFee, None, FEE)]),
        ]),
        (Resolution::SweepThenCredit, vec![
            ("a credit before the sweep", || vec![bookings(), pay("0xTreasury", AMOUNT)]),
            ("a credit without a sweep", || vec![bookings()]),
            ("a sweep without a credit", || vec![pay("0xTreasury", AMOUNT)]),
            ("a sweep of more than there is", || vec![pay("0xTreasury", AMOUNT + 1), bookings()]),
            ("a sweep of nothing", || vec![pay("0xTreasury", 0), bookings()]),
            ("two sweeps", || vec![pay("0xTreasury", 500), pay("0xTreasury", 500), bookings()]),
            ("a return", || vec![send(leg(LegKind::Return, "0xTo", "0xFrom", NET)), bookings()]),
            ("a top-up alone", || vec![top_up("0xTo", 40), bookings()]),
            ("the credit of another user", || vec![pay("0xTreasury", AMOUNT), Step::Instruct(vec![instruction(I::Credit, Some("user-2"), NET), instruction(I::CaptureFee, None, FEE)])]),
        ]),
        (Resolution::SweepToAddress, vec![
            ("more than the net", || vec![pay("0xProven", NET + 1)]),
            ("less than the net", || vec![pay("0xProven", NET - 1)]),
            ("to another address", || vec![pay("0xThief", NET)]),
            ("two payouts", || vec![pay("0xProven", NET), pay("0xProven", NET)]),
            ("a payout and a return", || vec![pay("0xProven", NET), send(leg(LegKind::Return, "0xTo", "0xFrom", 1))]),
            ("a return only", || vec![send(leg(LegKind::Return, "0xTo", "0xProven", NET))]),
            ("another asset", || vec![changed(leg(LegKind::Transfer, "0xTo", "0xProven", NET), |leg| leg.asset = AssetId::native(ethereum()))]),
            ("another token", || vec![changed(leg(LegKind::Transfer, "0xTo", "0xProven", NET), |leg| leg.asset = AssetId::contract(ethereum(), "0xOther"))]),
            ("another network", || vec![changed(leg(LegKind::Transfer, "0xTo", "0xProven", NET), |leg| leg.network = NetworkId::new("bsc"))]),
            ("a credit beside it", || vec![pay("0xProven", NET), book(I::Credit, Some("user-1"), FEE)]),
            ("a fee over the quote", || vec![pay("0xProven", NET), book(I::CaptureFee, None, FEE + 1)]),
            ("a fee from somebody else", || vec![pay("0xProven", NET), book(I::CaptureFee, Some("user-2"), FEE)]),
            ("a fee held of somebody else", || vec![book(I::HoldFee, Some("user-2"), FEE), pay("0xProven", NET), book(I::CaptureFee, None, FEE)]),
            ("a fee held and not captured", || vec![book(I::HoldFee, Some("user-1"), FEE), pay("0xProven", NET)]),
            ("less captured than held", || vec![book(I::HoldFee, Some("user-1"), FEE), pay("0xProven", NET), book(I::CaptureFee, None, FEE - 1)]),
            ("captured before it is paid", || vec![book(I::CaptureFee, None, FEE), pay("0xProven", NET)]),
            ("held after it is paid", || vec![pay("0xProven", NET), Step::Instruct(vec![instruction(I::HoldFee, Some("user-1"), FEE), instruction(I::CaptureFee, None, FEE)])]),
            ("gas for a stranger", || vec![top_up("0xThief", 40), pay("0xProven", NET)]),
            ("more gas than the step may cost", || vec![top_up("0xTo", 51), pay("0xProven", NET)]),
            ("gas in a token", || vec![changed(leg(LegKind::GasTopUp, "0xGas", "0xTo", 40), |leg| leg.asset = crate::world::token()), pay("0xProven", NET)]),
            ("gas twice", || vec![top_up("0xTo", 40), top_up("0xTo", 40), pay("0xProven", NET)]),
            ("gas afterwards", || vec![pay("0xProven", NET), top_up("0xTo", 40)]),
            ("a deployment that pays", || vec![changed(leg(LegKind::Deploy, "0xGas", "0xTo", 0), |leg| leg.amount = Amount::from_u128(1)), flush(), pay("0xProven", NET)]),
            ("emptied before it stands", || vec![flush(), deploy(), pay("0xProven", NET)]),
            ("paid before it is emptied", || vec![pay("0xProven", NET), flush()]),
            ("deployed twice", || vec![deploy(), deploy(), pay("0xProven", NET)]),
            ("more flushed than there is", || vec![changed(leg(LegKind::Flush, "0xGas", "0xParent", AMOUNT), |leg| leg.amount = Amount::from_u128(AMOUNT + 1)), pay("0xProven", NET)]),
            ("flushed only", || vec![flush()]),
        ]),
        (Resolution::CorrectBooking, vec![
            ("a credit without taking it back", || vec![freeze(AMOUNT), bookings()]),
            ("a credit alone", || vec![bookings()]),
            ("nothing frozen first", || vec![right(|_| ())]),
            ("frozen and no more", || vec![freeze(AMOUNT)]),
            ("frozen twice", || vec![freeze(AMOUNT), freeze(AMOUNT), right(|_| ())]),
            ("frozen afterwards", || vec![right(|_| ()), freeze(AMOUNT)]),
            ("frozen in the same step", || vec![joined(freeze(AMOUNT), right(|_| ()))]),
            ("less frozen", || vec![freeze(AMOUNT - 1), right(|_| ())]),
            ("more frozen", || vec![freeze(AMOUNT + 1), right(|_| ())]),
            ("frozen at the beneficiary", || vec![book(I::FreezeCounterparty, Some("user-1"), AMOUNT), right(|_| ())]),
            ("frozen at a third user", || vec![book(I::FreezeCounterparty, Some("user-3"), AMOUNT), right(|_| ())]),
            ("frozen at nobody", || vec![book(I::FreezeCounterparty, None, AMOUNT), right(|_| ())]),
            ("frozen with an entry", || vec![Step::Instruct(vec![of_entry("L-1", instruction(I::FreezeCounterparty, Some("user-2"), AMOUNT))]), right(|_| ())]),
            ("another entry taken back", || vec![freeze(AMOUNT), right(|list| list[0].entry = Some("L-2".to_owned()))]),
            ("no entry taken back", || vec![freeze(AMOUNT), right(|list| list[0].entry = None)]),
            ("taken from the beneficiary", || vec![freeze(AMOUNT), right(|list| list[0].user = Some("user-1".to_owned()))]),
            ("taken from a third user", || vec![freeze(AMOUNT), right(|list| list[0].user = Some("user-3".to_owned()))]),
            ("less taken back", || vec![freeze(AMOUNT), right(|list| list[0].amount = Amount::from_u128(AMOUNT - 1))]),
            ("more taken back", || vec![freeze(AMOUNT), right(|list| list[0].amount = Amount::from_u128(AMOUNT + 1))]),
            ("taken back twice", || vec![freeze(AMOUNT), right(|list| { let back = list[0].clone(); list.push(back); })]),
            ("taken back in another asset", || vec![freeze(AMOUNT), right(|list| list[0].asset = AssetId::native(ethereum()))]),
            ("the credit first", || vec![freeze(AMOUNT), right(|list| list.swap(0, 1))]),
            ("the credit in a step of its own", || vec![freeze(AMOUNT), right(|list| list.truncate(1)), bookings()]),
            ("credited to the counterparty", || vec![freeze(AMOUNT), right(|list| list[1].user = Some("user-2".to_owned()))]),
            ("credited to a third user", || vec![freeze(AMOUNT), right(|list| list[1].user = Some("user-3".to_owned()))]),
            ("more credited", || vec![freeze(AMOUNT), right(|list| list[1].amount = Amount::from_u128(NET + 1))]),
            ("less credited", || vec![freeze(AMOUNT), right(|list| list[1].amount = Amount::from_u128(NET - 1))]),
            ("credited about the entry", || vec![freeze(AMOUNT), right(|list| list[1].entry = Some("L-1".to_owned()))]),
            ("no fee", || vec![freeze(AMOUNT), right(|list| list.truncate(2))]),
            ("a higher fee", || vec![freeze(AMOUNT), right(|list| list[2].amount = Amount::from_u128(FEE + 1))]),
            ("the fee from the counterparty", || vec![freeze(AMOUNT), right(|list| list[2].user = Some("user-2".to_owned()))]),
            ("a payment beside it", || vec![freeze(AMOUNT), right(|_| ()), pay("0xTreasury", 1)]),
            ("a step without instructions", || vec![freeze(AMOUNT), Step::Instruct(vec![]), right(|_| ())]),
        ]),
        (Resolution::ReturnToSender, vec![
            ("to another address", || vec![send(leg(LegKind::Return, "0xTo", "0xThief", NET))]),
            ("more than the net", || vec![send(leg(LegKind::Return, "0xTo", "0xProven", NET + 1))]),
            ("a transfer", || vec![pay("0xProven", NET)]),
            ("a transfer beside it", || vec![pay("0xProven", 1), send(leg(LegKind::Return, "0xTo", "0xProven", NET))]),
            ("twice", || vec![send(leg(LegKind::Return, "0xTo", "0xProven", NET)), send(leg(LegKind::Return, "0xTo", "0xProven", NET))]),
        ]),
    ]
}

#[test]
fn i02_every_wrong_plan_is_refused() {
    for (resolution, rows) in wrong_plans() {
        let mut world = world_of(resolution);
        let claim = draft(&mut world, resolution);
        let good = quoted(quote(), plan(&claim));
        let quoted_well = world.act(&claim, "ada", &good);
        assert_eq!(
            quoted_well.map(|claim| claim.status),
            Ok(ClaimStatus::Quoted),
            "{resolution}"
        );
        for (name, steps) in rows {
            let command = quoted(quote(), Plan { steps: steps() });
            assert_eq!(
                world.act(&claim, "ada", &command).map(|claim| claim.plan),
                Err(Refusal::PlanDiffers),
                "{resolution}: {name}"
            );
        }
    }
}

#[test]
fn i02_the_shapes_that_adapters_lay_out_are_taken() {
    use InstructionKind as I;
    let shapes: Vec<(Resolution, Vec<Step>)> = vec![
        (Resolution::SweepToAddress, vec![pay("0xProven", NET)]),
        (
            Resolution::SweepToAddress,
            vec![deploy(), flush(), top_up("0xTo", 50), pay("0xProven", NET)],
        ),
        (
            Resolution::SweepToAddress,
            vec![
                book(I::HoldFee, Some("user-1"), FEE),
                pay("0xProven", NET),
                book(I::CaptureFee, Some("user-1"), FEE),
            ],
        ),
        (
            Resolution::SweepToAddress,
            vec![pay("0xProven", NET), book(I::CaptureFee, None, FEE)],
        ),
        (
            Resolution::SweepThenCredit,
            vec![deploy(), flush(), bookings()],
        ),
        (
            Resolution::SweepThenCredit,
            vec![flush(), pay("0xTreasury", AMOUNT), bookings()],
        ),
    ];
    for (resolution, steps) in shapes {
        let mut world = World::new();
        let claim = draft(&mut world, resolution);
        let command = quoted(quote(), Plan { steps });
        assert!(world.act(&claim, "ada", &command).is_ok(), "{command:?}");
    }
}

#[test]
fn i02_what_is_paid_and_kept_is_what_came_in() {
    let mut world = World::crediting();
    let draft = world.claim_at(ClaimStatus::Draft);
    for (net, fee, fits) in [
        (917, 83, true),
        (1_000, 0, true),
        (918, 83, false),
        (916, 83, false),
        (1_000, 83, false),
    ] {
        let mut offer = quote();
        offer.quote.net = Amount::from_u128(net);
        offer.quote.fee_in_asset = Amount::from_u128(fee);
        let mut list = vec![instruction(InstructionKind::Credit, Some("user-1"), net)];
        if fee > 0 {
            list.push(instruction(InstructionKind::CaptureFee, None, fee));
        }
        let steps = vec![Step::Instruct(list)];
        let quoted = world.act(&draft, "ada", &quoted(offer, Plan { steps }));
        assert_eq!(quoted.is_ok(), fits, "{net} and {fee} of {AMOUNT}");
    }
    let mut overflowing = quote();
    overflowing.quote.net = Amount::MAX;
    assert_eq!(
        world.act(&draft, "ada", &quoted(overflowing, plan(&draft))),
        Err(Refusal::DepositChanged)
    );
}
