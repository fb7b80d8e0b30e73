//! Whether a plan does what the claim and its quote say, to the base unit: no more, no less, to nobody else.

use super::Resolution;
use super::guards::{Every, Guards};
use super::record::{Claim, ClaimQuote};
use super::refusal::Refusal;
use crate::amount::Amount;
use crate::asset::AssetReference;
use crate::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step};

/// Whether a claim's plan does exactly what its content and its quote say, and the quote adds up to the deposit: for whoever
/// reads a content without the state machine that let it through. False without a quote or a plan.
#[must_use]
pub fn plan_is_of_quote(claim: &Claim) -> bool {
    let (Some(quote), Some(plan)) = (&claim.quote, &claim.plan) else {
        return false;
    };
    quote.quote.net.checked_add(quote.quote.fee_in_asset) == Some(claim.amount)
        && require_plan_fits(&Every, claim, quote, plan).is_ok()
}

/// A payout with its fee never exceeds the deposit: a transfer pays `net` to the destination, or `net` is credited and the fee
/// captured, and nothing is done twice.
pub(super) fn require_plan_fits(
    guards: &impl Guards,
    claim: &Claim,
    quote: &ClaimQuote,
    plan: &Plan,
) -> Result<(), Refusal> {
    let network = &claim.asset.network;
    let legs: Vec<&Leg> = plan.legs().collect();
    let fits = !plan.steps.is_empty()
        && plan
            .steps
            .iter()
            .all(|step| !matches!(step, Step::Instruct(list) if list.is_empty()))
        && legs
            .iter()
            .all(|leg| leg.network == *network && leg_fits(claim, leg))
        && order_fits(&legs)
        && match claim.resolution {
            Resolution::LedgerCredit => legs.is_empty() && credits_fit(claim, quote, plan),
            Resolution::SweepThenCredit => {
                pays(&legs, LegKind::Transfer).is_none_or(|leg| leg.amount <= claim.amount)
                    && legs.iter().any(|leg| leg.kind.moves_deposit())
                    && pays(&legs, LegKind::Return).is_none()
                    && credits_fit(claim, quote, plan)
            }
            Resolution::SweepToAddress => {
                payout_fits(claim, quote, pays(&legs, LegKind::Transfer))
                    && pays(&legs, LegKind::Return).is_none()
                    && fees_only(claim, quote, plan)
            }
            Resolution::ReturnToSender => {
                payout_fits(claim, quote, pays(&legs, LegKind::Return))
                    && pays(&legs, LegKind::Transfer).is_none()
                    && fees_only(claim, quote, plan)
            }
            Resolution::Wait | Resolution::Refuse | Resolution::Manual => false,
        };
    guards.require(fits, Refusal::PlanDiffers)
}

fn pays<'a>(legs: &[&'a Leg], kind: LegKind) -> Option<&'a Leg> {
    legs.iter().find(|leg| leg.kind == kind).copied()
}

fn payout_fits(claim: &Claim, quote: &ClaimQuote, leg: Option<&Leg>) -> bool {
    leg.is_some_and(|leg| {
        Some(&leg.recipient) == claim.destination.as_ref()
            && leg.asset == claim.asset
            && leg.amount == quote.quote.net
    })
}

/// What moves the deposit moves its asset and at most its amount; a top-up moves the native coin.
fn leg_fits(claim: &Claim, leg: &Leg) -> bool {
    match leg.kind {
        LegKind::GasTopUp => leg.asset.reference == AssetReference::Native,
        LegKind::Deploy => leg.amount == Amount::ZERO,
        LegKind::Flush => leg.asset == claim.asset && leg.amount <= claim.amount,
        LegKind::Transfer | LegKind::Return => {
            leg.asset == claim.asset && leg.amount <= claim.amount && leg.amount != Amount::ZERO
        }
    }
}

/// Each kind at most once but the top-up, which comes at most once before each other leg.
fn order_fits(legs: &[&Leg]) -> bool {
    let count = |kind| legs.iter().filter(|leg| leg.kind == kind).count();
    let once = [
        LegKind::Deploy,
        LegKind::Flush,
        LegKind::Transfer,
        LegKind::Return,
    ];
    let twice_topped = legs
        .windows(2)
        .any(|pair| pair.iter().all(|leg| leg.kind == LegKind::GasTopUp));
    let ends_topped = legs.last().is_some_and(|leg| leg.kind == LegKind::GasTopUp);
    once.into_iter().all(|kind| count(kind) <= 1) && !twice_topped && !ends_topped
}

fn sum(plan: &Plan, wanted: impl Fn(&Instruction) -> bool) -> Option<Amount> {
    plan.instructions()
        .filter(|instruction| wanted(instruction))
        .try_fold(Amount::ZERO, |sum, instruction| {
            sum.checked_add(instruction.amount)
        })
}

fn is_of(claim: &Claim, instruction: &Instruction) -> bool {
    instruction.asset == claim.asset && instruction.amount != Amount::ZERO
}

/// The beneficiary is credited the net once and the fee is captured once.
fn credits_fit(claim: &Claim, quote: &ClaimQuote, plan: &Plan) -> bool {
    let known = plan.instructions().all(|instruction| {
        is_of(claim, instruction)
            && match instruction.kind {
                InstructionKind::Credit => instruction.user == claim.beneficiary,
                InstructionKind::CaptureFee => true,
                InstructionKind::HoldFee
                | InstructionKind::ReleaseFee
                | InstructionKind::FreezeCounterparty
                | InstructionKind::Reverse => false,
            }
    });
    let of = |kind| sum(plan, |instruction| instruction.kind == kind);
    // Credits come last: nothing is booked before the money stands in treasury.
    let last = plan
        .steps
        .iter()
        .rev()
        .skip(1)
        .all(|step| matches!(step, Step::Send(_)));
    known
        && last
        && of(InstructionKind::Credit) == Some(quote.quote.net)
        && of(InstructionKind::CaptureFee) == Some(quote.quote.fee_in_asset)
}

/// Only fees are booked where the payout is a transaction: at most what the quote says, set aside before it is captured.
fn fees_only(claim: &Claim, quote: &ClaimQuote, plan: &Plan) -> bool {
    let known = plan.instructions().all(|instruction| {
        is_of(claim, instruction)
            && matches!(
                instruction.kind,
                InstructionKind::HoldFee | InstructionKind::CaptureFee
            )
    });
    let of = |kind| sum(plan, |instruction| instruction.kind == kind);
    let captured = of(InstructionKind::CaptureFee);
    known
        && captured.is_some_and(|captured| captured <= quote.quote.fee_in_asset)
        && of(InstructionKind::HoldFee)
            .is_some_and(|held| held == Amount::ZERO || Some(held) == captured)
}
