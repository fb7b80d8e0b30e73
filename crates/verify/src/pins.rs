//! The whole plan against what the signers pinned: networks, our own accounts, ceilings.

use crate::problem::{Code, Problem};
use crate::roster::{PinnedNetwork, Roster};
use recover_core::claim::{Claim, Resolution};
use recover_core::plan::{Leg, LegKind};

/// Every leg of the plan, whichever step the package is for: people approved the whole.
pub(crate) fn problems(roster: &Roster, claim: &Claim) -> Vec<Problem> {
    let legs: Vec<&Leg> = claim.plan.iter().flat_map(|plan| plan.legs()).collect();
    let mut problems = Vec::new();
    for (index, leg) in legs.iter().enumerate() {
        let after = legs.get(index + 1..).unwrap_or_default();
        match roster.network(&leg.network) {
            Some(pinned) if pinned.chain == leg.chain => {
                problems.extend(of_leg(pinned, claim, leg, after));
            }
            _ => problems.push(Problem::new(
                Code::ChainNotPinned,
                format!("the roster does not pin {} on {}", leg.network, leg.chain),
            )),
        }
    }
    problems
}

fn of_leg(pinned: &PinnedNetwork, claim: &Claim, leg: &Leg, after: &[&Leg]) -> Vec<Problem> {
    let kind = leg.kind;
    let mut problems = Vec::new();
    let mut refuse = |code, detail: String| problems.push(Problem::new(code, detail));
    if leg.fee_max > pinned.fee_max {
        let (fee, most) = (leg.fee_max.to_base_units(), pinned.fee_max.to_base_units());
        refuse(
            Code::AboveCeiling,
            format!("the {kind} may cost {fee}, the roster allows {most}"),
        );
    }
    let listed = pinned
        .signers
        .iter()
        .find(|(account, _)| *account == leg.signer)
        .map(|(_, key)| key);
    if listed != leg.signer_key.as_ref() {
        refuse(
            Code::SignerNotPinned,
            format!(
                "the {kind} is signed for {} by the key {}, pinned is {}",
                leg.signer,
                leg.signer_key.as_deref().unwrap_or("of its address"),
                listed.map_or("none", String::as_str)
            ),
        );
    }
    // What the exchange pays for a deposit's address, and calls of its own contracts, come from one account.
    if !matches!(kind, LegKind::Transfer | LegKind::Return)
        && pinned.gas.as_ref() != Some(&leg.signer)
    {
        refuse(
            Code::SignerNotPinned,
            format!(
                "the {kind} is signed by {}, which is not the gas account",
                leg.signer
            ),
        );
    }
    let next = after.first();
    if kind == LegKind::GasTopUp {
        if leg.amount > pinned.top_up_max {
            let (sent, most) = (
                leg.amount.to_base_units(),
                pinned.top_up_max.to_base_units(),
            );
            refuse(
                Code::AboveCeiling,
                format!("the gas top-up sends {sent}, the roster allows {most}"),
            );
        }
        if !next.is_some_and(|next| next.kind.moves_deposit() && next.signer == leg.recipient) {
            refuse(
                Code::RecipientNotPinned,
                format!(
                    "the gas top-up goes to {}, who does not move the deposit next",
                    leg.recipient
                ),
            );
        }
    }
    if kind.moves_deposit() {
        let moves_on = after.iter().find(|leg| leg.kind.moves_deposit());
        let (expected, who) = match (moves_on, claim.resolution) {
            (Some(next), _) => (Some(&next.signer), "the account that moves it on"),
            (None, Resolution::SweepThenCredit) => (Some(&pinned.treasury), "the pinned treasury"),
            (None, _) => (claim.destination.as_ref(), "the approved destination"),
        };
        if expected != Some(&leg.recipient) {
            refuse(
                Code::RecipientNotPinned,
                format!("the {kind} goes to {}, which is not {who}", leg.recipient),
            );
        }
    }
    let rest = leg.spend.as_ref().and_then(|spend| spend.rest.as_ref());
    if let Some(rest) = rest.filter(|rest| rest.recipient != pinned.treasury) {
        refuse(
            Code::RecipientNotPinned,
            format!(
                "the rest of the {kind} goes to {}, which is not the pinned treasury",
                rest.recipient
            ),
        );
    }
    problems
}
