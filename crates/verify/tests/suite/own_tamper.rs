//! The tamper set: every operator on every package it applies to, under every cover. None is accepted.

use crate::cases::{self, Case};
use crate::chains;
use crate::tamper_content::{self, Votes, attacker, forged, more};
use crate::tamper_file::{self, COVERS, covered};
use crate::world::{now, roster_text};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::memo::{Memo, place};
use recover_core::plan::{Leg, LegKind};
use recover_verify::codecs::check_of;
use recover_verify::{Code, Problem, verify, verify_signed};
use serde_json::json;
use std::collections::BTreeMap;

/// How often each operator was tried.
#[derive(Default)]
struct Tried(BTreeMap<String, usize>);

impl Tried {
    /// The package is refused, and for this reason where one is named.
    fn refused(&mut self, name: &str, case: &Case, text: &str, reason: Option<Code>) {
        match verify(text, &roster_text(), now()) {
            Ok(report) => panic!("{name} on {} was accepted:\n{report}", case.name),
            Err(problems) => self.count(name, case, &problems, reason),
        }
    }

    fn count(&mut self, name: &str, case: &Case, problems: &[Problem], reason: Option<Code>) {
        assert!(!problems.is_empty(), "{name} on {}: no reason", case.name);
        if let Some(reason) = reason {
            assert!(
                problems.iter().any(|problem| problem.code == reason),
                "{name} on {}: not {reason} but {problems:#?}",
                case.name
            );
        }
        *self.0.entry(name.to_owned()).or_default() += 1;
    }

    fn finish(&self, what: &str, least: usize) {
        let operators = self.0.len();
        assert!(operators >= least, "only {operators} operators applied");
        let all: usize = self.0.values().sum();
        println!("{what}: {operators} operators, {all} tampered inputs, 0 accepted");
    }
}

#[test]
fn own_tamper_content_with_every_digest_made_anew() {
    let mut tried = Tried::default();
    let all = cases::all();
    let operators = [
        tamper_content::OPERATORS,
        tamper_content::BESIDE,
        tamper_content::SAID,
        tamper_content::VOTERS,
    ];
    for (name, operator) in operators.concat() {
        let before = tried.0.len();
        for case in &all {
            for (votes, reason) in [
                (Votes::AsGiven, Code::VoteOnOtherContent),
                (Votes::Moved, Code::SignatureWrong),
                (Votes::Forged, Code::SignatureWrong),
            ] {
                if let Some(file) = forged(case, operator, votes) {
                    let reason = Some(reason);
                    tried.refused(&format!("content/{name}"), case, &file.to_json(), reason);
                }
            }
        }
        assert!(tried.0.len() > before, "{name} applied to nothing");
    }
    tried.finish("content", 50);
}

/// Where the approvers themselves were deceived, the roster still holds: money of ours to treasury alone, known chains, known keys,
/// and nothing above a ceiling.
#[test]
fn own_tamper_with_approvers_who_did_not_look() {
    let mut tried = Tried::default();
    let top_up_ceiling: tamper_content::Operator = |claim| {
        claim
            .plan
            .as_mut()
            .unwrap()
            .steps
            .iter_mut()
            .any(|step| match step {
                recover_core::plan::Step::Send(leg) if !leg.kind.moves_deposit() => {
                    leg.amount = Amount::from_u128(10_000_000_000_000_001);
                    true
                }
                _ => false,
            })
    };
    let fee_ceiling: tamper_content::Operator = |claim| {
        let wei = claim.asset.network.as_str() == "ethereum";
        claim
            .plan
            .as_mut()
            .unwrap()
            .steps
            .iter_mut()
            .any(|step| match step {
                recover_core::plan::Step::Send(leg) => {
                    leg.fee_max =
                        Amount::from_u128(if wei { 30_000_000_000_000_000 } else { 200_000 });
                    true
                }
                recover_core::plan::Step::Instruct(_) => false,
            })
    };
    // To the gas account itself, before a step of its own that moves nothing.
    let idle_top_up: tamper_content::Operator = |claim| {
        let steps = &mut claim.plan.as_mut().unwrap().steps;
        let Some(recover_core::plan::Step::Send(leg)) = steps.first_mut() else {
            return false;
        };
        if leg.kind != LegKind::GasTopUp {
            return false;
        }
        leg.recipient.clone_from(&leg.signer);
        leg.target.clone_from(&leg.signer);
        let deploy = Leg {
            kind: LegKind::Deploy,
            recipient: chains::evm::account(chains::evm::DEPOSIT),
            amount: Amount::ZERO,
            call: Some(vec![1; 4]),
            ..leg.as_ref().clone()
        };
        steps.insert(1, recover_core::plan::Step::Send(Box::new(deploy)));
        true
    };
    let named = |name: &str| {
        let mut all = tamper_content::OPERATORS.iter();
        all.find(|(known, _)| *known == name).unwrap().1
    };
    let plan_of = |name: &'static str| (name, named(name), Code::PlanDiffers);
    // A correction needs the top tier without any price: dropping it changes nobody's vote there.
    let prices_dropped: tamper_content::Operator = |claim| {
        claim.quote.as_mut().unwrap().price_ids.clear();
        claim.correction.is_none()
    };
    let pinned = [
        ("idle_top_up", idle_top_up, Code::RecipientNotPinned),
        ("top_up_above_ceiling", top_up_ceiling, Code::AboveCeiling),
        ("fee_above_ceiling", fee_ceiling, Code::AboveCeiling),
        (
            "top_up_to_the_attacker",
            named("top_up_to_the_attacker"),
            Code::RecipientNotPinned,
        ),
        (
            "recipient_of_the_leg_alone",
            named("recipient_of_the_leg_alone"),
            Code::RecipientNotPinned,
        ),
        ("chain", named("chain"), Code::ChainNotPinned),
        ("signer_key", named("signer_key"), Code::SignerNotPinned),
        (
            "signer_key_removed",
            named("signer_key_removed"),
            Code::SignerNotPinned,
        ),
        ("deposit_amount", named("deposit_amount"), Code::PlanDiffers),
        (
            "instruction_amount",
            named("instruction_amount"),
            Code::PlanDiffers,
        ),
        (
            "instruction_user",
            named("instruction_user"),
            Code::PlanDiffers,
        ),
        ("step_twice", named("step_twice"), Code::PlanDiffers),
        ("leg_added", named("leg_added"), Code::PlanDiffers),
        ("leg_kind", named("leg_kind"), Code::PlanDiffers),
        ("quote_dropped", named("quote_dropped"), Code::PlanDiffers),
        (
            "policy_digest_of_the_quote",
            named("policy_digest_of_the_quote"),
            Code::PolicyUnknown,
        ),
        ("prices_dropped", prices_dropped, Code::TierDiffers),
        (
            "screening_dropped",
            named("screening_dropped"),
            Code::ScreeningMissing,
        ),
        plan_of("correction_entry"),
        plan_of("correction_counterparty"),
        plan_of("correction_pays_the_counterparty"),
        plan_of("correction_dropped"),
        plan_of("correction_added"),
        plan_of("correction_called_a_credit"),
        plan_of("correction_without_its_appeal"),
        plan_of("correction_without_the_reversal"),
    ];
    let all = cases::all();
    for (name, operator, reason) in pinned {
        for case in &all {
            if let Some(file) = forged(case, operator, Votes::Deceived) {
                tried.refused(
                    &format!("deceived/{name}"),
                    case,
                    &file.to_json(),
                    Some(reason),
                );
            }
        }
    }
    // What is charged beside the deposit is what the quote says, whoever signed something else.
    for (name, operator) in tamper_content::BESIDE {
        let before = tried.0.len();
        for case in &all {
            if let Some(file) = forged(case, *operator, Votes::Deceived) {
                let reason = Some(Code::PlanDiffers);
                let name = format!("deceived/{name}");
                tried.refused(&name, case, &file.to_json(), reason);
            }
        }
        assert!(tried.0.len() > before, "{name} applied to nothing");
    }
    for (name, operator) in tamper_content::VOTERS {
        for case in &all {
            if let Some(file) = forged(case, *operator, Votes::Deceived) {
                tried.refused(&format!("deceived/{name}"), case, &file.to_json(), None);
            }
        }
    }
    // A swapped treasury, in content, plan, bytes and every digest, with real votes.
    for case in &all {
        if case.claim.destination.is_none()
            && let Some(file) = forged(case, tamper_content::pay_attacker, Votes::Deceived)
        {
            let reason = Some(Code::RecipientNotPinned);
            tried.refused(
                "deceived/treasury_everywhere",
                case,
                &file.to_json(),
                reason,
            );
        }
    }
    tried.finish("deceived approvers", 15);
}

#[test]
fn own_tamper_the_fields_of_the_file() {
    let mut tried = Tried::default();
    let all = cases::all();
    for (name, deepest, reason, operator) in tamper_file::OPERATORS {
        let before = tried.0.len();
        for case in &all {
            let mut file = serde_json::to_value(&case.file).unwrap();
            if !operator(case, &mut file) {
                continue;
            }
            for cover in COVERS.into_iter().filter(|cover| cover <= deepest) {
                // Instructions that differ are found as such, bytes of a network as bytes.
                let reason = match (reason, case.leg(), file["kind"].as_str()) {
                    _ if cover < *deepest => None,
                    // It may hit a number that is free to choose; then the summary tells.
                    _ if *name == "bytes_last_one" => None,
                    (Code::PackageUnreadable, None, _) if name.starts_with("bytes") => {
                        Some(Code::InstructionsDiffer)
                    }
                    (Code::PackageUnreadable, Some(_), _)
                        if name.starts_with("bytes") && *name != "bytes_in_capitals" =>
                    {
                        Some(Code::BytesDeviate)
                    }
                    (reason, _, _) => Some(*reason),
                };
                tried.refused(
                    &format!("file/{name}"),
                    case,
                    &covered(&file, cover),
                    reason,
                );
            }
        }
        assert!(tried.0.len() > before, "{name} applied to nothing");
    }
    tried.finish("fields", 80);
}

#[test]
fn own_tamper_the_text_of_the_file() {
    let mut tried = Tried::default();
    let all = cases::all();
    for (name, operator) in tamper_file::TEXTS {
        for case in &all {
            let text = case.text();
            let other = operator(&text);
            assert_ne!(other, text, "{name} changed nothing in {}", case.name);
            tried.refused(&format!("text/{name}"), case, &other, None);
        }
    }
    tried.finish("text", 17);
}

/// What the attacker builds in place of the approved transaction; the content and its votes stay as they are.
type LegOperator = fn(&mut Leg) -> bool;

const LEGS: &[(&str, LegOperator)] = &[
    ("amount", |leg| {
        leg.amount = more(leg.amount);
        leg.call.is_none()
    }),
    ("amount_in_the_call", |leg| {
        leg.amount = more(leg.amount);
        set_call(leg)
    }),
    ("recipient", |leg| {
        leg.recipient = attacker(&leg.network);
        leg.target.clone_from(&leg.recipient);
        leg.call.is_none()
    }),
    ("recipient_in_the_call", |leg| {
        leg.recipient = attacker(&leg.network);
        set_call(leg)
    }),
    ("contract", |leg| {
        leg.target = attacker(&leg.network);
        leg.call.is_some()
    }),
    ("call_data_behind", |leg| {
        leg.call.as_mut().map(|call| call.push(0)).is_some()
    }),
    ("call_of_approve", |leg| {
        leg.call
            .as_mut()
            .map(|call| call[..4].copy_from_slice(&[0x09, 0x5e, 0xa7, 0xb3]))
            .is_some()
    }),
    ("call_added", |leg| {
        leg.network.as_str() == "ethereum"
            && leg.call.is_none()
            && leg.call.replace(vec![0; 4]).is_none()
    }),
    ("memo", |leg| {
        let memo = match leg.network.as_str() {
            "xrpl" => Memo::tag(1, place::DESTINATION_TAG),
            _ => Memo::text(b"1", place::MEMO),
        };
        leg.memo.replace(memo).is_some()
    }),
    ("memo_removed", |leg| leg.memo.take().is_some()),
    ("asset", |leg| {
        let contract = match leg.network.as_str() {
            "xrpl" => format!("USD.{}", crate::chains::xrpl::treasury()),
            "stellar" => format!("USDC.{}", crate::chains::stellar::treasury()),
            "cosmos" => "uother".to_owned(),
            _ => return false,
        };
        leg.asset = AssetId::contract(leg.network.clone(), &contract);
        true
    }),
    ("rest_recipient", |leg| {
        let to = attacker(&leg.network);
        let rest = leg.spend.as_mut().and_then(|spend| spend.rest.as_mut());
        rest.map(|rest| rest.recipient = to).is_some()
    }),
    ("rest_to_the_network", |leg| {
        leg.spend
            .as_mut()
            .is_some_and(|spend| spend.rest.take().is_some())
    }),
    ("chain", |leg| {
        leg.chain = match leg.network.as_str() {
            "ethereum" => "eip155:10",
            "cosmos" => "cosmos:osmosis-1",
            // The others' bytes do not hold their chain: the signature does.
            _ => return false,
        }
        .to_owned();
        true
    }),
    ("fee", |leg| {
        // Above what is approved by more than a division by the gas limit can hide.
        leg.fee_max = leg.fee_max.checked_add(Amount::from_u128(60_000)).unwrap();
        true
    }),
];

fn set_call(leg: &mut Leg) -> bool {
    let Some(recipient) = chains::evm::bytes_of(&leg.recipient).filter(|_| leg.call.is_some())
    else {
        return false;
    };
    leg.call = Some(recover_chain_evm::call::transfer(recipient, leg.amount));
    true
}

/// Other bytes under the same votes, with summary, slot and digests that fit them: what an attacker in the engine would do.
#[test]
fn own_tamper_unsigned_bytes_with_everything_else_made_to_fit() {
    let mut tried = Tried::default();
    let all = cases::all();
    for (name, operator) in LEGS {
        let before = tried.0.len();
        for case in &all {
            let Some(mut leg) = case.leg().cloned() else {
                continue;
            };
            if !operator(&mut leg) {
                continue;
            }
            let bytes = chains::unsigned(&leg, cases::SEQUENCE).unwrap();
            let mut file = serde_json::to_value(&case.file).unwrap();
            file["bytes"] = json!(hex::encode(&bytes));
            if let Ok(decoded) = check_of(&leg.chain).unwrap().decode(&leg.chain, &bytes) {
                let lines = decoded.lines.iter();
                let lines = lines.map(|line| json!({"label": line.label, "value": line.value}));
                file["summary"] = lines.collect();
            }
            for cover in COVERS {
                let reason = (cover == COVERS[2]).then_some(Code::BytesDeviate);
                tried.refused(
                    &format!("bytes/{name}"),
                    case,
                    &covered(&file, cover),
                    reason,
                );
            }
        }
        assert!(tried.0.len() > before, "{name} applied to nothing");
    }
    tried.finish("unsigned bytes", 15);
}

#[test]
fn own_tamper_signed_bytes() {
    let mut tried = Tried::default();
    let mut refused =
        |name: &str, case: &Case, signed: &[u8], reason: Option<Code>| match verify_signed(
            &case.text(),
            &roster_text(),
            signed,
            now(),
        ) {
            Ok((report, _)) => panic!("{name} on {} was accepted:\n{report}", case.name),
            Err(problems) => tried.count(&format!("signed/{name}"), case, &problems, reason),
        };
    let all = cases::all();
    for case in &all {
        let Some(leg) = case.leg() else {
            refused("instructions", case, &[1], Some(Code::NothingToSign));
            continue;
        };
        // Everything that the right key could be made to sign in place of the approved bytes.
        for (name, operator) in LEGS {
            let mut other = leg.clone();
            if operator(&mut other) {
                let bytes = chains::unsigned(&other, cases::SEQUENCE).unwrap();
                refused(name, case, &chains::sign(leg, &bytes, false), None);
            }
        }
        let sequence = chains::unsigned(leg, cases::SEQUENCE + 1).unwrap();
        let other_slot = chains::sign(leg, &sequence, false);
        // An output's bytes have no slot that could be another: the height that they wait for is, and names it.
        let reason = if leg.spend.is_some() {
            Code::SignedUnreadable
        } else {
            Code::SignedBytesDiffer
        };
        refused("another_sequence", case, &other_slot, Some(reason));
        let good = chains::sign(leg, case.bytes(), false);
        let stranger = chains::sign(leg, case.bytes(), true);
        // Elsewhere the key stands in the bytes, and the signature is not valid under it.
        let is_evm = leg.network.as_str() == "ethereum";
        let reason = if is_evm {
            Code::SignerDiffers
        } else {
            Code::SignedUnreadable
        };
        refused("by_a_stranger", case, &stranger, Some(reason));
        refused("unsigned", case, case.bytes(), Some(Code::SignedUnreadable));
        refused("empty", case, &[], Some(Code::SignedUnreadable));
        refused(
            "cut",
            case,
            &good[..good.len() - 1],
            Some(Code::SignedUnreadable),
        );
        refused(
            "byte_behind",
            case,
            &[&good[..], &[0]].concat(),
            Some(Code::SignedUnreadable),
        );
        refused(
            "byte_before",
            case,
            &[&[0], &good[..]].concat(),
            Some(Code::SignedUnreadable),
        );
        refused(
            "twice",
            case,
            &[&good[..], &good[..]].concat(),
            Some(Code::SignedUnreadable),
        );
        for position in (0..good.len()).step_by(3) {
            let mut flipped = good.clone();
            flipped[position] ^= 1;
            refused("bit_of_a_byte", case, &flipped, None);
        }
        for other in all.iter().filter(|other| other.name != case.name) {
            if let Some(leg) = other.leg() {
                let signed = chains::sign(leg, other.bytes(), false);
                refused("of_another_package", case, &signed, None);
            }
        }
    }
    tried.finish("signed bytes", 22);
}
