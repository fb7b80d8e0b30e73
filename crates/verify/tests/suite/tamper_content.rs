//! Operators on what people voted on. The attacker holds the engine: content, plan, bytes, summary and every digest are made anew
//! and fit each other. Only the approvers' keys are not theirs.

use crate::cases::{self, Case};
use crate::chains::{bitcoin_family, cosmos, evm, stellar, xrpl};
use crate::world::{key_of, ssh_signature, time};
use recover_core::amount::Amount;
use recover_core::appeal::AppealId;
use recover_core::asset::AssetId;
use recover_core::block::BlockHash;
use recover_core::claim::{Approval, Claim, ClaimId, Correction, EvidenceFile, Resolution};
use recover_core::digest::Digest;
use recover_core::fee::{Cents, OnFailure, Terms};
use recover_core::memo::{Memo, place};
use recover_core::network::NetworkId;
use recover_core::observation::DepositId;
use recover_core::plan::{Instruction, InstructionKind, Leg, LegKind, Step};
use recover_core::ssh::NAMESPACE;
use recover_verify::PackageFile;

/// Changes a claim; false where it has nothing to change.
pub type Operator = fn(&mut Claim) -> bool;

pub fn one() -> Amount {
    Amount::from_u128(1)
}

pub fn more(amount: Amount) -> Amount {
    amount.checked_add(one()).unwrap()
}

fn less(amount: Amount) -> Amount {
    amount.checked_sub(one()).unwrap_or(one())
}

/// An account of the attacker's, in the network's own writing.
pub fn attacker(network: &NetworkId) -> String {
    match network.as_str() {
        "bitcoin" | "bitcoin-cash" => bitcoin_family::other(network.as_str(), 0x77),
        "ethereum" => evm::account(0x77),
        "xrpl" => recover_chain_xrpl::address::text([0x77; 20]),
        "stellar" => stellar::account(0x77),
        _ => cosmos::other(0x77),
    }
}

/// The leg that moves the deposit.
fn moving(claim: &mut Claim) -> Option<&mut Leg> {
    legs(claim).into_iter().find(|leg| leg.kind.moves_deposit())
}

fn legs(claim: &mut Claim) -> Vec<&mut Leg> {
    let steps = &mut claim.plan.as_mut().unwrap().steps;
    steps
        .iter_mut()
        .filter_map(|step| match step {
            Step::Send(leg) => Some(leg.as_mut()),
            Step::Instruct(_) => None,
        })
        .collect()
}

/// The instructions of the package's own step, else the first of the plan.
fn instructions(claim: &mut Claim) -> Option<&mut Vec<Instruction>> {
    let done = usize::try_from(claim.execution.done).unwrap();
    let steps = &mut claim.plan.as_mut().unwrap().steps;
    let at = match steps.get(done) {
        Some(Step::Instruct(_)) => done,
        _ => 0,
    };
    steps.iter_mut().skip(at).find_map(|step| match step {
        Step::Send(_) => None,
        Step::Instruct(list) => Some(list),
    })
}

fn correction(claim: &mut Claim) -> Option<&mut Correction> {
    claim.correction.as_mut()
}

fn every_instruction(claim: &mut Claim, change: impl FnMut(&mut Instruction)) {
    let steps = &mut claim.plan.as_mut().unwrap().steps;
    let lists = steps.iter_mut().filter_map(|step| match step {
        Step::Send(_) => None,
        Step::Instruct(list) => Some(list),
    });
    lists.flatten().for_each(change);
}

/// Pays another account, by every field that says whom.
fn pay(leg: &mut Leg, to: String) {
    if leg.call.is_some() {
        let account = evm::bytes_of(&to).unwrap();
        leg.call = Some(recover_chain_evm::call::transfer(account, leg.amount));
    } else {
        leg.target.clone_from(&to);
    }
    leg.recipient = to;
}

fn on_leg(claim: &mut Claim, change: impl FnOnce(&mut Leg)) -> bool {
    moving(claim).map(change).is_some()
}

fn top_up(claim: &mut Claim) -> Option<&mut Leg> {
    legs(claim)
        .into_iter()
        .find(|leg| leg.kind == LegKind::GasTopUp)
}

pub fn pay_attacker(claim: &mut Claim) -> bool {
    let to = attacker(&claim.asset.network);
    if claim.destination.is_some() {
        claim.destination = Some(to.clone());
    }
    on_leg(claim, |leg| pay(leg, to))
}

fn terms(claim: &mut Claim) -> Option<&mut Terms> {
    claim.quote.as_mut()?.quote.terms.as_deref_mut()
}

fn of_kind(
    claim: &mut Claim,
    kind: InstructionKind,
    change: impl FnOnce(&mut Instruction),
) -> bool {
    let is_charged = terms(claim).is_some();
    let steps = &mut claim.plan.as_mut().unwrap().steps;
    let mut found = steps
        .iter_mut()
        .filter_map(|step| match step {
            Step::Send(_) => None,
            Step::Instruct(list) => Some(list),
        })
        .flatten()
        .filter(|one| one.kind == kind && one.user.is_some());
    is_charged && found.next().map(change).is_some()
}

fn raised(one: &mut Instruction) {
    one.amount = more(one.amount);
}

fn lowered(one: &mut Instruction) {
    one.amount = less(one.amount);
}

fn of_another_user(one: &mut Instruction) {
    one.user = Some("u-78".to_owned());
}

/// On what is charged beside the deposit, and on what people said.
pub const BESIDE: &[(&str, Operator)] = &[
    ("hold_more", |claim| {
        of_kind(claim, InstructionKind::HoldFee, raised)
    }),
    ("hold_less", |claim| {
        of_kind(claim, InstructionKind::HoldFee, lowered)
    }),
    ("hold_of_another_user", |claim| {
        of_kind(claim, InstructionKind::HoldFee, of_another_user)
    }),
    ("hold_that_captures", |claim| {
        of_kind(claim, InstructionKind::HoldFee, |one| {
            one.kind = InstructionKind::CaptureFee
        })
    }),
    ("hold_dropped", |claim| {
        terms(claim).is_some() && {
            claim.plan.as_mut().unwrap().steps.remove(0);
            true
        }
    }),
    ("capture_more", |claim| {
        of_kind(claim, InstructionKind::CaptureFee, raised)
    }),
    ("capture_less", |claim| {
        of_kind(claim, InstructionKind::CaptureFee, lowered)
    }),
    ("capture_of_another_user", |claim| {
        of_kind(claim, InstructionKind::CaptureFee, of_another_user)
    }),
    ("capture_that_credits", |claim| {
        of_kind(claim, InstructionKind::CaptureFee, |one| {
            one.kind = InstructionKind::Credit
        })
    }),
    ("release_to_another_user", |claim| {
        of_kind(claim, InstructionKind::ReleaseFee, of_another_user)
    }),
    ("release_more", |claim| {
        of_kind(claim, InstructionKind::ReleaseFee, raised)
    }),
    ("release_kept", |claim| {
        of_kind(claim, InstructionKind::ReleaseFee, |one| {
            one.kind = InstructionKind::CaptureFee
        })
    }),
    ("charge_raised_in_the_quote_alone", |claim| {
        terms(claim).is_some_and(|terms| {
            let coins = &mut terms.charges[0].coins;
            coins.amount = more(coins.amount);
            true
        })
    }),
    ("charge_dropped_in_the_quote_alone", |claim| {
        terms(claim).is_some_and(|terms| terms.charges.pop().is_some())
    }),
    ("kept_instead_of_given_back", |claim| {
        let is_unwound = claim.unwinding.is_some();
        is_unwound
            && terms(claim).is_some_and(|terms| {
                terms.on_failure = OnFailure::Keep;
                true
            })
    }),
    ("costs_raised", |claim| {
        claim.unwinding.as_mut().is_some_and(|unwinding| {
            unwinding.costs = Amount::from_u128(700_000_000_000_000);
            true
        })
    }),
    ("given_up_dropped", |claim| claim.unwinding.take().is_some()),
    ("given_up_added", |claim| {
        let is_charged = terms(claim).is_some() && claim.unwinding.is_none();
        if is_charged {
            claim.unwinding = cases::unwound().unwinding;
        }
        is_charged
    }),
];

/// On what people said beside votes: another content, whose plan is the same.
pub const SAID: &[(&str, Operator)] = &[
    ("waiver_dropped", |claim| claim.waivers.pop().is_some()),
    ("waiver_code", |claim| {
        claim.waivers.first_mut().is_some_and(|waiver| {
            waiver.code = "venue_fault".to_owned();
            true
        })
    }),
    ("waiver_note", |claim| {
        claim.waivers.first_mut().is_some_and(|waiver| {
            waiver.note.push('.');
            true
        })
    }),
    ("waiver_twice", |claim| {
        let twice = claim.waivers.first().cloned();
        twice.is_some_and(|twice| {
            claim.waivers.push(twice);
            true
        })
    }),
    ("acceptance_dropped", |claim| {
        claim.acceptance.take().is_some()
    }),
    ("acceptance_text", |claim| {
        claim.acceptance.as_mut().is_some_and(|said| {
            said.evidence.text = "ticket 4712".to_owned();
            true
        })
    }),
    ("acceptance_file", |claim| {
        claim.acceptance.as_mut().is_some_and(|said| {
            said.evidence.file = Some(EvidenceFile::of(b"I do not agree"));
            true
        })
    }),
    ("acceptance_without_its_file", |claim| {
        claim
            .acceptance
            .as_mut()
            .is_some_and(|said| said.evidence.file.take().is_some())
    }),
    ("given_up_for_another_reason", |claim| {
        claim.unwinding.as_mut().is_some_and(|said| {
            said.reason = "a drill".to_owned();
            true
        })
    }),
    ("price_of_the_terms", |claim| {
        terms(claim).is_some_and(|terms| {
            terms.prices[0].sources.push("other".to_owned());
            true
        })
    }),
];

/// A voter who granted, recorded or gave up: their vote is none, however real.
pub const VOTERS: &[(&str, Operator)] = &[
    ("waiver_by_a_voter", |claim| {
        claim.waivers.first_mut().is_some_and(|said| {
            said.person = "chidi".to_owned();
            true
        })
    }),
    ("acceptance_by_a_voter", |claim| {
        claim.acceptance.as_mut().is_some_and(|said| {
            said.person = "chidi".to_owned();
            true
        })
    }),
    ("given_up_by_a_voter", |claim| {
        claim.unwinding.as_mut().is_some_and(|said| {
            said.person = "chidi".to_owned();
            true
        })
    }),
];

pub const OPERATORS: &[(&str, Operator)] = &[
    ("deposit_amount", |claim| {
        claim.amount = more(claim.amount);
        true
    }),
    ("leg_amount", |claim| {
        on_leg(claim, |leg| {
            leg.amount = less(leg.amount);
            if leg.call.is_some() {
                pay(leg, leg.recipient.clone());
            }
        })
    }),
    ("recipient_everywhere", pay_attacker),
    ("recipient_of_the_leg_alone", |claim| {
        let to = attacker(&claim.asset.network);
        on_leg(claim, |leg| pay(leg, to))
    }),
    ("destination_alone", |claim| {
        let to = attacker(&claim.asset.network);
        claim.destination.replace(to).is_some()
    }),
    ("treasury_of_another_network", |claim| {
        on_leg(claim, |leg| pay(leg, evm::account(0x66)))
            && claim.asset.network.as_str() == "ethereum"
            && claim.resolution == Resolution::SweepThenCredit
    }),
    ("memo_changed", |claim| {
        let memo = match claim.asset.network.as_str() {
            "xrpl" => Memo::tag(4_078, place::DESTINATION_TAG),
            _ => Memo::text(b"0072", place::MEMO),
        };
        moving(claim).is_some_and(|leg| leg.memo.replace(memo).is_some())
    }),
    ("memo_removed", |claim| {
        moving(claim).is_some_and(|leg| leg.memo.take().is_some())
    }),
    ("memo_kind", |claim| {
        let is_stellar = claim.asset.network.as_str() == "stellar";
        is_stellar && on_leg(claim, |leg| leg.memo = Some(Memo::id(4_077, place::MEMO)))
    }),
    ("asset_of_the_leg", |claim| {
        let contract = match claim.asset.network.as_str() {
            "xrpl" => format!("USD.{}", xrpl::treasury()),
            "stellar" => format!("USDC.{}", stellar::treasury()),
            "cosmos" => "uother".to_owned(),
            _ => return false,
        };
        let asset = AssetId::contract(claim.asset.network.clone(), &contract);
        on_leg(claim, |leg| leg.asset = asset)
    }),
    ("asset_everywhere", |claim| {
        claim.asset = AssetId::unlisted(claim.asset.network.clone(), "USDT");
        let asset = claim.asset.clone();
        for leg in legs(claim) {
            leg.asset = asset.clone();
        }
        for instruction in instructions(claim).into_iter().flatten() {
            instruction.asset = asset.clone();
        }
        true
    }),
    ("chain", |claim| {
        for leg in legs(claim) {
            leg.chain = match leg.network.as_str() {
                "ethereum" => "eip155:10",
                "xrpl" => "xrpl:1",
                "stellar" => "stellar:testnet",
                _ => "cosmos:osmosis-1",
            }
            .to_owned();
        }
        moving(claim).is_some()
    }),
    ("network_renamed", |claim| {
        for leg in legs(claim) {
            leg.network = NetworkId::new("sepolia");
        }
        moving(claim).is_some()
    }),
    ("signer", |claim| {
        let other = attacker(&claim.asset.network);
        on_leg(claim, |leg| leg.signer = other)
    }),
    ("signer_key", |claim| {
        moving(claim).is_some_and(|leg| leg.signer_key.replace("02".repeat(33)).is_some())
    }),
    ("signer_key_removed", |claim| {
        moving(claim).is_some_and(|leg| leg.signer_key.take().is_some())
    }),
    ("fee_raised", |claim| {
        on_leg(claim, |leg| leg.fee_max = more(leg.fee_max))
    }),
    ("fee_of_everything", |claim| {
        on_leg(claim, |leg| {
            leg.fee_max = Amount::from_u128(u128::from(u32::MAX))
        })
    }),
    ("call_data", |claim| {
        moving(claim).is_some_and(|leg| leg.call.as_mut().map(|call| call[0] ^= 1).is_some())
    }),
    ("call_added", |claim| {
        claim.asset.network.as_str() == "ethereum"
            && moving(claim)
                .is_some_and(|leg| leg.call.is_none() && leg.call.replace(vec![1]).is_none())
    }),
    ("route_added", |claim| {
        on_leg(claim, |leg| {
            leg.route = Some("transfer/channel-1".to_owned())
        })
    }),
    ("leg_kind", |claim| {
        on_leg(claim, |leg| {
            leg.kind = match leg.kind {
                LegKind::Return => LegKind::Transfer,
                _ => LegKind::Return,
            }
        })
    }),
    ("top_up_amount", |claim| {
        top_up(claim)
            .map(|leg| leg.amount = more(leg.amount))
            .is_some()
    }),
    ("top_up_to_the_attacker", |claim| {
        let to = attacker(&claim.asset.network);
        top_up(claim).map(|leg| pay(leg, to)).is_some()
    }),
    ("step_removed", |claim| {
        let steps = &mut claim.plan.as_mut().unwrap().steps;
        steps.len() > 1 && steps.pop().is_some()
    }),
    ("step_twice", |claim| {
        let steps = &mut claim.plan.as_mut().unwrap().steps;
        steps.push(steps[0].clone());
        true
    }),
    ("steps_in_another_order", |claim| {
        let steps = &mut claim.plan.as_mut().unwrap().steps;
        steps.reverse();
        steps.len() > 1
    }),
    ("leg_added", |claim| {
        let to = attacker(&claim.asset.network);
        let Some(mut extra) = moving(claim).map(|leg| leg.clone()) else {
            return false;
        };
        pay(&mut extra, to);
        let steps = &mut claim.plan.as_mut().unwrap().steps;
        steps.push(Step::Send(Box::new(extra)));
        true
    }),
    ("instruction_user", |claim| {
        instructions(claim)
            .map(|list| list[0].user = Some("u-1".to_owned()))
            .is_some()
    }),
    ("instruction_user_homoglyph", |claim| {
        instructions(claim)
            .map(|list| list[0].user = Some("\u{ff55}-77".to_owned()))
            .is_some()
    }),
    ("instruction_user_everywhere", |claim| {
        claim.beneficiary = Some("u-1".to_owned());
        instructions(claim)
            .map(|list| list[0].user = Some("u-1".to_owned()))
            .is_some()
    }),
    ("instruction_amount", |claim| {
        instructions(claim)
            .map(|list| list[0].amount = more(list[0].amount))
            .is_some()
    }),
    ("instruction_amounts_shifted", |claim| {
        let quote = &mut claim.quote.as_mut().unwrap().quote;
        quote.net = more(quote.net);
        quote.fee_in_asset = less(quote.fee_in_asset);
        let mut shifted = false;
        for instruction in instructions(claim).into_iter().flatten() {
            match instruction.kind {
                InstructionKind::Credit => instruction.amount = more(instruction.amount),
                InstructionKind::CaptureFee => instruction.amount = less(instruction.amount),
                _ => continue,
            }
            shifted = true;
        }
        shifted
    }),
    ("instruction_order", |claim| {
        instructions(claim).is_some_and(|list| {
            list.reverse();
            list.len() > 1
        })
    }),
    ("instruction_twice", |claim| {
        instructions(claim)
            .map(|list| list.push(list[0].clone()))
            .is_some()
    }),
    ("instruction_kind", |claim| {
        instructions(claim)
            .and_then(|list| list.last_mut())
            .map(|last| last.kind = InstructionKind::ReleaseFee)
            .is_some()
    }),
    ("instruction_entry", |claim| {
        instructions(claim)
            .map(|list| list[0].entry = Some("e-1".to_owned()))
            .is_some()
    }),
    ("instruction_asset", |claim| {
        let other = AssetId::native(NetworkId::new("bitcoin"));
        instructions(claim)
            .map(|list| list[0].asset = other)
            .is_some()
    }),
    ("correction_entry", |claim| {
        correction(claim)
            .map(|named| named.entry = "L-82".to_owned())
            .is_some()
    }),
    ("correction_counterparty", |claim| {
        correction(claim)
            .map(|named| named.counterparty = "u-14".to_owned())
            .is_some()
    }),
    ("correction_entry_everywhere", |claim| {
        every_instruction(claim, |instruction| {
            if let Some(entry) = &mut instruction.entry {
                *entry = "L-82".to_owned();
            }
        });
        correction(claim)
            .map(|named| named.entry = "L-82".to_owned())
            .is_some()
    }),
    ("correction_counterparty_everywhere", |claim| {
        every_instruction(claim, |instruction| {
            if instruction.user.as_deref() == Some("u-13") {
                instruction.user = Some("u-14".to_owned());
            }
        });
        correction(claim)
            .map(|named| named.counterparty = "u-14".to_owned())
            .is_some()
    }),
    ("correction_pays_the_counterparty", |claim| {
        every_instruction(claim, |instruction| {
            if instruction.user.is_some() {
                instruction.user = Some("u-13".to_owned());
            }
        });
        claim.beneficiary = Some("u-13".to_owned());
        claim.correction.is_some()
    }),
    ("correction_dropped", |claim| {
        claim.correction.take().is_some()
    }),
    ("correction_added", |claim| {
        let added = Correction {
            entry: "L-81".to_owned(),
            counterparty: "u-13".to_owned(),
        };
        claim.correction.replace(added).is_none()
    }),
    ("correction_called_a_credit", |claim| {
        claim.resolution = Resolution::LedgerCredit;
        claim.correction.take().is_some()
    }),
    ("correction_without_its_appeal", |claim| {
        claim.appeal.take().is_some()
    }),
    ("correction_without_the_reversal", |claim| {
        let steps = &mut claim.plan.as_mut().unwrap().steps;
        if let Some(Step::Instruct(list)) = steps.last_mut() {
            list.retain(|instruction| instruction.kind != InstructionKind::Reverse);
        }
        claim.correction.is_some()
    }),
    ("beneficiary", |claim| {
        claim.beneficiary = Some("u-1".to_owned());
        true
    }),
    ("resolution", |claim| {
        claim.resolution = match claim.resolution {
            Resolution::ReturnToSender => Resolution::SweepToAddress,
            _ => Resolution::ReturnToSender,
        };
        true
    }),
    ("value_lowered", |claim| {
        claim.quote.as_mut().unwrap().quote.value = Cents(Amount::from_u128(1));
        true
    }),
    ("prices_dropped", |claim| {
        claim.quote.as_mut().unwrap().price_ids.clear();
        true
    }),
    ("policy_of_the_quote", |claim| {
        claim.quote.as_mut().unwrap().policy_version = 2;
        true
    }),
    ("policy_digest_of_the_quote", |claim| {
        let other = Digest::parse(&"cd".repeat(32)).unwrap();
        claim.quote.as_mut().unwrap().policy_digest = other;
        true
    }),
    ("quote_extended", |claim| {
        claim.quote.as_mut().unwrap().expires_at = time("2027-01-01T00:00:00Z");
        true
    }),
    ("quote_dropped", |claim| {
        claim.quote = None;
        true
    }),
    ("revision", |claim| {
        claim.revision += 1;
        true
    }),
    ("deposit", |claim| {
        claim.deposit = DepositId::verbatim("dep_other");
        true
    }),
    ("deposit_block", |claim| {
        claim.deposit_block = Some(BlockHash::new(&"00".repeat(32)));
        true
    }),
    ("claim_id", |claim| {
        claim.id = ClaimId::verbatim("clm_00000000000000000000");
        true
    }),
    ("appeal", |claim| {
        claim.appeal = Some(AppealId::verbatim("ap-1"));
        true
    }),
    ("opener_hidden", |claim| {
        claim.opened_by = "gus".to_owned();
        true
    }),
    ("screener_swapped", |claim| {
        claim.screening.as_mut().unwrap().person = "hana".to_owned();
        true
    }),
    ("screening_renewed", |claim| {
        claim.screening.as_mut().unwrap().decided_at = time("2026-11-22T07:20:00Z");
        true
    }),
    ("screening_dropped", |claim| {
        claim.rescreening = claim.screening.take();
        true
    }),
];

/// How the attacker fills in the votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Votes {
    /// As they were given.
    AsGiven,
    /// Their digests say the new content, the signatures are those that were given.
    Moved,
    /// Signed with the attacker's own key, in the approvers' names.
    Forged,
    /// Signed by the approvers themselves, who did not look.
    Deceived,
}

/// The file of a claim after an operator; `None` where it does not apply, or where no builder makes bytes of it.
pub fn forged(case: &Case, operator: Operator, votes: Votes) -> Option<PackageFile> {
    let mut claim = case.claim.clone();
    if !operator(&mut claim) {
        return None;
    }
    assert_ne!(claim.content_digest(), case.claim.content_digest());
    let before = case.claim.clone();
    let step = before.execution.done;
    let tier = before.approved.as_ref().unwrap().tier.clone();
    let fill = move |claim: &Claim| {
        let digest = claim.content_digest();
        let again = |vote: &Approval| match votes {
            Votes::AsGiven => vote.clone(),
            Votes::Moved => Approval {
                digest,
                ..vote.clone()
            },
            Votes::Forged => signed(vote, digest, "mallory"),
            Votes::Deceived => signed(vote, digest, &vote.person),
        };
        let known = ["T2", "T3"].into_iter().find(|known| *known == tier);
        let tier = known.unwrap_or("T1");
        (before.approvals.iter().map(again).collect(), tier)
    };
    // Where the step has no bytes any more, the old ones go out with the new content.
    let old = claim.clone();
    let claim = cases::try_out_by(claim, step, &fill).unwrap_or_else(|| {
        let (approvals, _) = fill(&old);
        Claim { approvals, ..old }
    });
    PackageFile::new(&recover_verify::Outgoing {
        claim: &claim,
        deposit_kind: recover_core::kind::Kind::MissedCredit,
        policy_version: 3,
        policy_digest: crate::world::policy_digest(),
        log_head: cases::log_head(),
    })
    .ok()
}

fn signed(vote: &Approval, digest: Digest, by: &str) -> Approval {
    Approval {
        digest,
        signature: Some(ssh_signature(&key_of(by), NAMESPACE, &digest)),
        ..vote.clone()
    }
}
