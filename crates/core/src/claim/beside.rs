//! Fees that are paid beside the deposit: set aside before anything moves, and captured with the last step, or given back where the
//! recovery fails.
//!
//! A quote's charges name them. Nothing here decides whether a claim may go on: this is what its plan must be, to the base unit.

use super::package::{Execution, Receipt};
use super::record::Claim;
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::digest::Encoder;
use crate::fee::{Cents, OnFailure, Quote, Terms};
use crate::plan::{Instruction, InstructionKind, Plan, Step};
use crate::time::Timestamp;

/// A recovery that was given up after its fee was set aside: what is left of its plan is to give the fee back, or to keep of it
/// what the quote said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unwinding {
    /// Why it was given up.
    pub reason: String,
    /// Who gave it up.
    pub person: String,
    /// When.
    pub since: Timestamp,
    /// What the networks took for it by then, failed transactions included, in native base units.
    pub costs: Amount,
}

impl Unwinding {
    /// Adds every field to a digest. The struct is taken apart without `..`, so that a new field cannot be forgotten.
    pub(super) fn encode(&self, encoder: Encoder) -> Encoder {
        let Self {
            reason,
            person,
            since,
            costs,
        } = self;
        encoder
            .field(reason)
            .field(person)
            .field(&since.as_micros().to_string())
            .field(&costs.to_base_units())
    }
}

impl Execution {
    /// Whether the ledger set a fee of the customer aside, captured or given back since or not.
    #[must_use]
    pub fn has_held(&self) -> bool {
        self.after_hold().is_some()
    }

    /// What finished after the fee was set aside; `None` where none was.
    fn after_hold(&self) -> Option<&[Receipt]> {
        let at = self.receipts.iter().position(|receipt| {
            matches!(receipt, Receipt::Booked { instructions, .. } if instructions
                .iter()
                .any(|instruction| instruction.kind == InstructionKind::HoldFee))
        })?;
        self.receipts.get(at..)
    }

    /// What the networks took since the fee was set aside, failed transactions included, in native base units. `None` where it
    /// leaves every range. What was taken under a quote of before is no cost of this one.
    pub(super) fn costs_since_hold(&self) -> Option<Amount> {
        self.after_hold()
            .unwrap_or_default()
            .iter()
            .try_fold(Amount::ZERO, |sum, receipt| match receipt {
                Receipt::Sent { fee, .. } => sum.checked_add(*fee),
                Receipt::Booked { .. } => Some(sum),
            })
    }
}

/// Whether a step does nothing but set fees aside.
pub(super) fn only_holds(step: &Step) -> bool {
    matches!(step, Step::Instruct(list) if !list.is_empty()
        && list.iter().all(|instruction| instruction.kind == InstructionKind::HoldFee))
}

/// One instruction a charge, about the beneficiary's balance; `None` where nobody is named to be charged.
fn each(claim: &Claim, quote: &Quote, kind: InstructionKind) -> Option<Vec<Instruction>> {
    let user = claim.beneficiary.as_ref()?;
    let charges = quote.charges().iter();
    Some(
        charges
            .map(|charge| {
                let (asset, amount) = (&charge.coins.asset, charge.coins.amount);
                instruction(kind, user, asset, amount)
            })
            .collect(),
    )
}

fn instruction(kind: InstructionKind, user: &str, asset: &AssetId, amount: Amount) -> Instruction {
    Instruction {
        kind,
        user: Some(user.to_owned()),
        asset: asset.clone(),
        amount,
        entry: None,
    }
}

/// The plan with the quote's charges around it: set aside in a step of their own before everything, captured in the last step,
/// together with the credit where there is one. The plan as it is where nothing is charged beside the deposit; `None` where
/// charges cannot be: nobody is named to pay them, or a booking is corrected.
#[must_use]
pub fn with_charges(claim: &Claim, quote: &Quote, plan: Plan) -> Option<Plan> {
    if quote.charges().is_empty() {
        return Some(plan);
    }
    if claim.correction.is_some() {
        return None;
    }
    let captures = each(claim, quote, InstructionKind::CaptureFee)?;
    let mut steps = vec![Step::Instruct(each(
        claim,
        quote,
        InstructionKind::HoldFee,
    )?)];
    steps.extend(plan.steps);
    let is_own_step = steps.last().is_some_and(only_holds);
    match steps.last_mut() {
        Some(Step::Instruct(list)) if !is_own_step => list.extend(captures),
        _ => steps.push(Step::Instruct(captures)),
    }
    Some(Plan { steps })
}

/// The plan without what a quote's charges put around it; `None` where they are not there exactly: first one step that sets each
/// aside, and at the end of the last step the capture of each, in the order of the quote.
pub(super) fn without_charges(claim: &Claim, quote: &Quote, plan: &Plan) -> Option<Plan> {
    if quote.charges().is_empty() {
        return Some(plan.clone());
    }
    let is_something = quote
        .charges()
        .iter()
        .all(|charge| charge.coins.amount != Amount::ZERO);
    let holds = Step::Instruct(each(claim, quote, InstructionKind::HoldFee)?);
    let captures = each(claim, quote, InstructionKind::CaptureFee)?;
    let (first, rest) = plan.steps.split_first()?;
    let (last, between) = rest.split_last()?;
    let Step::Instruct(last) = last else {
        return None;
    };
    let others = last.strip_suffix(captures.as_slice())?;
    if *first != holds || !is_something {
        return None;
    }
    let mut steps = between.to_vec();
    if !others.is_empty() {
        steps.push(Step::Instruct(others.to_vec()));
    }
    Some(Plan { steps })
}

/// What a claim does that was given up after its fee was set aside: that step, which is done, and one that ends every part of it as
/// the quote says. `None` without charges, or where a sum leaves every range.
pub(super) fn unwinding_plan(claim: &Claim, quote: &Quote, costs: Amount) -> Option<Plan> {
    let terms = quote.terms.as_deref()?;
    let user = claim.beneficiary.as_ref()?;
    let mut ends = Vec::new();
    for (charge, captured) in terms
        .charges
        .iter()
        .zip(kept_of(claim, quote, terms, costs)?)
    {
        let rest = charge.coins.amount.checked_sub(captured)?;
        let asset = &charge.coins.asset;
        let parts = [
            (InstructionKind::CaptureFee, captured),
            (InstructionKind::ReleaseFee, rest),
        ];
        ends.extend(
            parts
                .into_iter()
                .filter(|(_, amount)| *amount != Amount::ZERO)
                .map(|(kind, amount)| instruction(kind, user, asset, amount)),
        );
    }
    let holds = each(claim, quote, InstructionKind::HoldFee)?;
    (!holds.is_empty() && !ends.is_empty()).then(|| Plan {
        steps: vec![Step::Instruct(holds), Step::Instruct(ends)],
    })
}

/// What is kept of each charge. The networks' costs are taken from what was charged in the native coin first, base unit for base
/// unit; the rest is valued as the quote valued its ceiling, rounded up, and taken from the other charges in their order, by
/// the quote's own conversion, rounded up. Never more than the charge. What nobody can value is not taken; nor are costs that the
/// exchange took upon itself when it asked no network fee for them.
fn kept_of(claim: &Claim, quote: &Quote, terms: &Terms, costs: Amount) -> Option<Vec<Amount>> {
    let charges = terms.charges.as_slice();
    let nothing = Cents::default();
    let is_waived = quote.network_fee == nothing && terms.network_cost != nothing;
    match terms.on_failure {
        OnFailure::Keep => {
            return Some(charges.iter().map(|charge| charge.coins.amount).collect());
        }
        OnFailure::RefundLessCosts if !is_waived => {}
        OnFailure::Refund | OnFailure::RefundLessCosts => {
            return Some(vec![Amount::ZERO; charges.len()]);
        }
    }
    let native = AssetId::native(claim.asset.network.clone());
    let mut kept = vec![Amount::ZERO; charges.len()];
    let mut open = costs;
    for (charge, kept) in charges.iter().zip(&mut kept) {
        if charge.coins.asset == native {
            *kept = charge.coins.amount.min(open);
            open = open.checked_sub(*kept)?;
        }
    }
    let mut cents = in_cents(&native, terms, open)?;
    for (charge, kept) in charges.iter().zip(&mut kept) {
        if charge.coins.asset == native {
            continue;
        }
        let taken = cents.min(charge.cents);
        if taken == Cents::default() {
            continue;
        }
        let share = charge
            .coins
            .amount
            .mul_ratio_ceil(taken.0, charge.cents.0)?;
        *kept = share.min(charge.coins.amount);
        cents = cents.checked_sub(taken)?;
    }
    Some(kept)
}

/// What native coin is worth by the quote: in proportion to its ceiling and what it said that is worth, since a deposit in the same
/// coin may have been valued at the price of another time. Nothing where the quote names no ceiling.
fn in_cents(native: &AssetId, terms: &Terms, costs: Amount) -> Option<Cents> {
    if costs == Amount::ZERO {
        return Some(Cents::default());
    }
    let ceiling = terms
        .ceiling
        .as_ref()
        .filter(|ceiling| ceiling.asset == *native);
    match ceiling {
        Some(ceiling) if ceiling.amount != Amount::ZERO => terms
            .network_cost
            .0
            .mul_ratio_ceil(costs, ceiling.amount)
            .map(Cents),
        _ => Some(Cents::default()),
    }
}
