//! Correcting a booking: the ledger credited a deposit to the wrong user.
//!
//! The only claim on money that was booked already, so that everything about the wrong entry must be known and agree: which entry
//! it is, whose balance has it, and that it is the one row by which this very deposit was credited.

use super::command::Facts;
use super::guards::Guards;
use super::record::Claim;
use super::refusal::Refusal;
use crate::amount::Amount;
use crate::asset::AssetId;
use crate::fee::Quote;
use crate::kind::Kind;
use crate::ledger::{LedgerEntry, LedgerEntryKind};
use crate::plan::{Instruction, InstructionKind, Plan, Step};
use crate::verdict::{Reason, Verdict};

/// Which booking a claim corrects.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Correction {
    /// The ledger's own id of the wrong entry, verbatim.
    pub entry: String,
    /// The user to whom it was booked, from whom it is taken back.
    pub counterparty: String,
}

impl Correction {
    /// Whether both are named.
    pub(super) fn is_named(&self) -> bool {
        !self.entry.trim().is_empty() && !self.counterparty.trim().is_empty()
    }

    /// Whether the row is this booking, in all that a row can say. What it leaves out is unknown, and unknown is not the same.
    fn is_booked_by(&self, row: &LedgerEntry, asset: &AssetId, amount: Amount) -> bool {
        row.kind == LedgerEntryKind::CreditedDeposit
            && row.id == self.entry
            && row.user_id.as_ref() == Some(&self.counterparty)
            && row.asset.as_ref() == Some(asset)
            && row.amount == Some(amount)
    }
}

/// In place of "there is something to recover": the deposit was credited, by exactly this entry alone, to exactly this user, and
/// the imported ledger reaches over it.
pub(super) fn require_misbooked(
    guards: &impl Guards,
    correction: Option<&Correction>,
    has_appeal: bool,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    let deposit = facts.deposit;
    let classification = &deposit.classification;
    let kind = classification.kind;
    guards.require(
        kind == Kind::AlreadyCredited || kind.is_workable(),
        Refusal::NothingToClaim,
    )?;
    let is_credited = kind == Kind::AlreadyCredited
        && classification.verdict == Verdict::NotRecoverable(Reason::AlreadyCredited);
    let named = correction.filter(|correction| correction.is_named());
    guards.require(named.is_some(), Refusal::CorrectionMissing)?;
    guards.require(has_appeal, Refusal::AppealMissing)?;
    let is_this = named
        .zip(facts.credited_by)
        .is_some_and(|(named, row)| named.is_booked_by(row, deposit.asset(), deposit.amount()));
    guards.require(is_credited && is_this, Refusal::BookingDiffers)?;
    guards.require(facts.ledger_covered, Refusal::LedgerCoverageMissing)
}

/// What corrects a booking, and nothing else does: the amount is frozen where it stands first, so that it cannot be spent; then the
/// wrong entry is taken back and the amount is booked right, together. `None` where the claim names no correction, no appeal, no
/// other user to be paid, or nothing would be left to pay.
#[must_use]
pub fn correction_plan(claim: &Claim, quote: &Quote) -> Option<Plan> {
    let Correction {
        entry,
        counterparty,
    } = claim.correction.as_ref()?;
    let beneficiary = claim.beneficiary.as_ref()?;
    if beneficiary == counterparty || claim.appeal.is_none() || quote.net == Amount::ZERO {
        return None;
    }
    let instruction = |kind, user: Option<&String>, amount| Instruction {
        kind,
        user: user.cloned(),
        asset: claim.asset.clone(),
        amount,
        entry: None,
    };
    let freeze = instruction(
        InstructionKind::FreezeCounterparty,
        Some(counterparty),
        claim.amount,
    );
    let mut right = vec![
        Instruction {
            entry: Some(entry.clone()),
            ..instruction(InstructionKind::Reverse, Some(counterparty), claim.amount)
        },
        instruction(InstructionKind::Credit, Some(beneficiary), quote.net),
    ];
    if quote.fee_in_asset != Amount::ZERO {
        let fee = instruction(InstructionKind::CaptureFee, None, quote.fee_in_asset);
        right.push(fee);
    }
    Some(Plan {
        steps: vec![Step::Instruct(vec![freeze]), Step::Instruct(right)],
    })
}
