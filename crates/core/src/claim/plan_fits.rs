//! Whether a plan does what the claim and its quote say, to the base unit: no more, no less, to nobody else.

use super::Resolution;
use super::beside::{unwinding_plan, without_charges};
use super::correction::correction_plan;
use super::guards::{Every, Guards};
use super::record::{Claim, ClaimQuote};
use super::refusal::Refusal;
use crate::amount::Amount;
use crate::asset::AssetReference;
use crate::observation::{DepositId, Position};
use crate::plan::{Instruction, InstructionKind, Leg, LegKind, Plan, Step};

/// Whether a claim's plan does exactly what its content and its quote say, and the quote adds up to the deposit: for whoever
/// reads a content without the state machine that let it through. False without a quote or a plan.
#[must_use]
pub fn plan_is_of_quote(claim: &Claim) -> bool {
    let (Some(quote), Some(plan)) = (&claim.quote, &claim.plan) else {
        return false;
    };
    let fits = match &claim.unwinding {
        None => require_plan_fits(&Every, claim, quote, plan).is_ok(),
        Some(unwinding) => {
            claim.correction.is_none()
                && unwinding_plan(claim, &quote.quote, unwinding.costs).as_ref() == Some(plan)
        }
    };
    quote.quote.net.checked_add(quote.quote.fee_in_asset) == Some(claim.amount) && fits
}

/// A payout with its fee never exceeds the deposit: a transfer pays `net` to the destination, or `net` is credited and the fee
/// captured, and nothing is done twice. What is charged beside the deposit is set aside first and captured last, exactly.
pub(super) fn require_plan_fits(
    guards: &impl Guards,
    claim: &Claim,
    quote: &ClaimQuote,
    plan: &Plan,
) -> Result<(), Refusal> {
    let fits = without_charges(claim, &quote.quote, plan).is_some_and(|rest| {
        let is_charged = !quote.quote.charges().is_empty();
        (!is_charged || is_chargeable(claim, &rest)) && rest_fits(claim, quote, &rest)
    });
    guards.require(fits, Refusal::PlanDiffers)
}

/// Whether nothing of the rest takes a fee from a balance as well: what comes out of the deposit is nobody's balance, and a payout
/// books nothing else. A correction has no step before the freeze.
fn is_chargeable(claim: &Claim, rest: &Plan) -> bool {
    let mut instructions = rest.instructions();
    match claim.resolution {
        Resolution::LedgerCredit | Resolution::SweepThenCredit => instructions.all(|instruction| {
            instruction.kind != InstructionKind::CaptureFee || instruction.user.is_none()
        }),
        Resolution::SweepToAddress | Resolution::ReturnToSender => instructions.next().is_none(),
        Resolution::CorrectBooking | Resolution::Wait | Resolution::Refuse | Resolution::Manual => {
            false
        }
    }
}

fn rest_fits(claim: &Claim, quote: &ClaimQuote, plan: &Plan) -> bool {
    let network = &claim.asset.network;
    let legs: Vec<&Leg> = plan.legs().collect();
    let corrects = claim.resolution == Resolution::CorrectBooking;
    !plan.steps.is_empty()
        && claim.correction.is_some() == corrects
        && plan
            .steps
            .iter()
            .all(|step| !matches!(step, Step::Instruct(list) if list.is_empty()))
        && legs
            .iter()
            .all(|leg| leg.network == *network && leg_fits(claim, leg) && spend_fits(claim, leg))
        && order_fits(&legs)
        && top_ups_fit(&legs)
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
            Resolution::CorrectBooking => {
                correction_plan(claim, &quote.quote).as_ref() == Some(plan)
            }
            Resolution::Wait | Resolution::Refuse | Resolution::Manual => false,
        }
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

/// Where outputs are spent it is the very output of the deposit, with all that is in it, and nothing of it is unaccounted for.
fn spend_fits(claim: &Claim, leg: &Leg) -> bool {
    let Some(spend) = &leg.spend else {
        return true;
    };
    let position = Position::output(spend.index);
    let rest = spend.rest.as_ref().map_or(Amount::ZERO, |rest| rest.amount);
    let whole = leg
        .amount
        .checked_add(rest)
        .and_then(|paid| paid.checked_add(leg.fee_max));
    DepositId::of(&leg.network, &spend.tx_id, &position) == claim.deposit
        && spend.amount == claim.amount
        && whole == Some(spend.amount)
        && spend
            .rest
            .as_ref()
            .is_none_or(|rest| rest.amount != Amount::ZERO)
}

/// Each kind at most once but the top-up, in the order in which they make sense: a contract is put in place before it is emptied,
/// and emptied before what it held is paid out.
fn order_fits(legs: &[&Leg]) -> bool {
    let count = |kind| legs.iter().filter(|leg| leg.kind == kind).count();
    let once = [
        LegKind::Deploy,
        LegKind::Flush,
        LegKind::Transfer,
        LegKind::Return,
    ];
    let in_order = legs
        .iter()
        .map(|leg| leg.kind)
        .filter(|kind| *kind != LegKind::GasTopUp)
        .is_sorted();
    once.into_iter().all(|kind| count(kind) <= 1) && in_order
}

/// A top-up gives the signer of the very next leg at most what that leg may cost: the gas account is no way out for money.
fn top_ups_fit(legs: &[&Leg]) -> bool {
    legs.iter().enumerate().all(|(ordinal, leg)| {
        let next = ordinal.checked_add(1).and_then(|ordinal| legs.get(ordinal));
        leg.kind != LegKind::GasTopUp
            || next.is_some_and(|next| {
                next.kind != LegKind::GasTopUp
                    && next.signer == leg.recipient
                    && leg.amount <= next.fee_max
            })
    })
}

fn sum(plan: &Plan, wanted: impl Fn(&Instruction) -> bool) -> Option<Amount> {
    plan.instructions()
        .filter(|instruction| wanted(instruction))
        .try_fold(Amount::ZERO, |sum, instruction| {
            sum.checked_add(instruction.amount)
        })
}

/// About the claim's asset, about something, about no entry of before, and about nobody else's balance.
fn is_of(claim: &Claim, instruction: &Instruction) -> bool {
    let is_theirs = instruction.user == claim.beneficiary;
    let user_fits = match instruction.kind {
        InstructionKind::CaptureFee => instruction.user.is_none() || is_theirs,
        _ => is_theirs,
    };
    instruction.asset == claim.asset
        && instruction.amount != Amount::ZERO
        && instruction.entry.is_none()
        && user_fits
}

/// Whether each kind of instruction comes at most once.
fn once_each(plan: &Plan) -> bool {
    InstructionKind::ALL.iter().all(|kind| {
        let of_kind = plan.instructions().filter(|found| found.kind == *kind);
        of_kind.count() <= 1
    })
}

/// The beneficiary is credited the net once and the fee is captured once.
fn credits_fit(claim: &Claim, quote: &ClaimQuote, plan: &Plan) -> bool {
    let known = plan.instructions().all(|instruction| {
        is_of(claim, instruction)
            && matches!(
                instruction.kind,
                InstructionKind::Credit | InstructionKind::CaptureFee
            )
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
        && once_each(plan)
        && of(InstructionKind::Credit) == Some(quote.quote.net)
        && of(InstructionKind::CaptureFee) == Some(quote.quote.fee_in_asset)
}

/// Only fees are booked where the payout is a transaction: at most what the quote says, set aside before anything moves and captured
/// after everything moved.
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
    let in_time = plan.steps.iter().enumerate().all(|(ordinal, step)| {
        let Step::Instruct(list) = step else {
            return true;
        };
        let has_moving = |steps: &[Step]| steps.iter().any(|step| matches!(step, Step::Send(_)));
        let before = plan.steps.get(..ordinal).is_some_and(has_moving);
        let after = plan.steps.get(ordinal..).is_some_and(has_moving);
        list.iter().all(|instruction| match instruction.kind {
            InstructionKind::HoldFee => !before,
            _ => !after,
        })
    });
    known
        && in_time
        && once_each(plan)
        && captured.is_some_and(|captured| captured <= quote.quote.fee_in_asset)
        && of(InstructionKind::HoldFee)
            .is_some_and(|held| held == Amount::ZERO || Some(held) == captured)
}
