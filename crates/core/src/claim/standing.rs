//! What a claim needs of its deposit: that it stands as it stood, is final, is unpaid and wanted by nobody else.

use super::Resolution;
use super::command::Facts;
use super::correction::{Correction, require_misbooked};
use super::guards::Guards;
use super::record::Claim;
use super::refusal::Refusal;
use crate::block::BlockHash;
use crate::deposit::{Deposit, DepositStatus, Origin};
use crate::verdict::{Missing, Verdict};

pub(super) fn require_recoverable(verdict: &Verdict) -> Result<(), Refusal> {
    match verdict {
        Verdict::Controllable(_) | Verdict::NeedsDeploy(_) => Ok(()),
        Verdict::NotRecoverable(_) => Err(Refusal::NotRecoverable),
        Verdict::Conditional(Missing::FinalityMissing) => Err(Refusal::DepositNotFinal),
        Verdict::Conditional(Missing::LedgerCoverageMissing) => Err(Refusal::LedgerCoverageMissing),
        Verdict::Conditional(Missing::OwnerDisputed) => Err(Refusal::OwnerDisputed),
        Verdict::Conditional(_) => Err(Refusal::ConditionOpen),
    }
}

/// The deposit still stands as it stood at opening, is final, and nobody else wants it.
pub(super) fn require_payable(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    require_claimable(guards, claim, facts, true)
}

/// As [`require_payable`], and the ledger reaches over it: what may have been credited before is not approved.
pub(super) fn require_unpaid(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    require_claimable(guards, claim, facts, facts.ledger_covered)
}

/// As [`require_unpaid`], as long as the deposit lies where it was found. Once this claim moved it, what was approved is finished;
/// and one that gives a fee back does not touch the deposit, whatever became of it.
pub(super) fn require_still_there(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
) -> Result<(), Refusal> {
    if claim.execution.has_moved_deposit() || claim.unwinding.is_some() {
        return Ok(());
    }
    require_unpaid(guards, claim, facts)
}

fn require_claimable(
    guards: &impl Guards,
    claim: &Claim,
    facts: &Facts<'_>,
    ledger_covered: bool,
) -> Result<(), Refusal> {
    let deposit = facts.deposit;
    let unchanged = deposit.status != DepositStatus::Gone
        && deposit.id() == claim.deposit
        && block_of(deposit) == claim.deposit_block
        && deposit.amount() == claim.amount
        && *deposit.asset() == claim.asset;
    guards.require(unchanged, Refusal::DepositChanged)?;
    guards.require(is_final(deposit), Refusal::DepositNotFinal)?;
    let corrects = claim.resolution == Resolution::CorrectBooking;
    guards.require(
        !(is_settled(deposit) || (corrects && facts.paid_by_claim)),
        Refusal::DepositTaken,
    )?;
    guards.require(!facts.scanned_twin, Refusal::ScannedTwinExists)?;
    if corrects {
        let (correction, has_appeal) = (claim.correction.as_ref(), claim.appeal.is_some());
        require_misbooked(guards, correction, has_appeal, facts)?;
    } else {
        require_owed(guards, deposit, ledger_covered)?;
    }
    let correction = claim.correction.as_ref().filter(|_| corrects);
    let beneficiary = claim.beneficiary.as_deref();
    require_beneficiary(guards, deposit, beneficiary, correction)?;
    let rival = facts
        .rivals
        .iter()
        .any(|rival| Some(rival) != claim.beneficiary.as_ref());
    guards.require(!rival, Refusal::RivalAppeal)
}

/// There is something to recover, and it can be.
fn require_owed(
    guards: &impl Guards,
    deposit: &Deposit,
    ledger_covered: bool,
) -> Result<(), Refusal> {
    guards.require(
        deposit.classification.kind.is_workable(),
        Refusal::NothingToClaim,
    )?;
    match require_recoverable(&deposit.classification.verdict) {
        Ok(()) | Err(Refusal::OwnerDisputed | Refusal::ConditionOpen) if !ledger_covered => {
            guards.require(false, Refusal::LedgerCoverageMissing)
        }
        Err(refusal) => guards.require(false, refusal),
        Ok(()) => Ok(()),
    }
}

/// It is the beneficiary's as far as anybody knows. In a correction the routing field may name the user to whom it was booked: that
/// is how the mistake came about. A third user is refused there too, and nobody is paid from their own balance.
pub(super) fn require_beneficiary(
    guards: &impl Guards,
    deposit: &Deposit,
    beneficiary: Option<&str>,
    correction: Option<&Correction>,
) -> Result<(), Refusal> {
    let owner = deposit.classification.owner.as_deref();
    let counterparty = correction.map(|correction| correction.counterparty.as_str());
    guards.require(
        owner.is_none()
            || owner == beneficiary
            || (counterparty.is_some() && owner == counterparty),
        Refusal::BeneficiaryNotOwner,
    )?;
    guards.require(
        counterparty.is_none() || counterparty != beneficiary,
        Refusal::CounterpartyIsBeneficiary,
    )
}

/// By its status and by its verdict: a claimed deposit keeps its status while a reorganisation takes its finality away.
pub(super) fn is_final(deposit: &Deposit) -> bool {
    deposit.status != DepositStatus::Unconfirmed
        && deposit.classification.verdict != Verdict::Conditional(Missing::FinalityMissing)
}

/// Resolved by a payment. A diagnosis or a movement of our own is resolved from the start, and says more by its kind.
pub(super) fn is_settled(deposit: &Deposit) -> bool {
    deposit.status == DepositStatus::Resolved && deposit.classification.kind.is_workable()
}

pub(super) fn block_of(deposit: &Deposit) -> Option<BlockHash> {
    match &deposit.origin {
        Origin::Observed(observation) => observation.block.as_ref().map(|block| block.hash.clone()),
        Origin::Imported(_) => None,
    }
}
