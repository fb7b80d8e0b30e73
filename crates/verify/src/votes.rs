//! The votes in a package: each is its person's own, on this content, and together they are enough.

use crate::problem::{Code, Problem};
use crate::verify::Reading;
use recover_core::approval::{PolicyInForce, Spending, Tier};
use recover_core::claim::Approval;
use recover_core::claim::votes::{count, value_of};
use recover_core::fee::Cents;
use recover_core::people::Person;
use recover_core::ssh;
use std::collections::BTreeSet;

/// What the votes amount to.
pub(crate) struct Counted {
    /// The tier that the quote alone needs.
    pub tier: Tier,
    /// The claim's value by its quote; `None` where no price stood behind it.
    pub value: Option<Cents>,
    /// One line for each vote: who, when, and with which key.
    pub lines: Vec<(String, String)>,
}

/// Counts with the state machine's own function, without the sums of other claims.
pub(crate) fn problems(reading: &Reading<'_>) -> (Option<Counted>, Vec<Problem>) {
    let (claim, roster, now) = (&reading.claim, reading.roster, reading.now);
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for vote in &claim.approvals {
        if !seen.insert(&vote.person) {
            problems.push(Problem::new(
                Code::VotedTwice,
                format!("{} voted more than once", vote.person),
            ));
        }
        problems.extend(of_vote(reading, vote));
    }
    let network = &claim.asset.network;
    let spending = Spending::default();
    let counted = |policy| {
        let in_force = PolicyInForce {
            approval: policy,
            people: &roster.people,
        };
        let counted = count(
            claim,
            reading.deposit_kind,
            network,
            in_force,
            &spending,
            now,
        );
        counted.map_err(|refusal| {
            let detail = format!("the roster's approval policy refuses it: {refusal}");
            Problem::new(Code::NotAllowed, detail)
        })
    };
    let by_quote = match counted(&roster.approval) {
        Ok(counted) => counted,
        Err(problem) => {
            problems.push(problem);
            return (None, problems);
        }
    };
    // Who voted and acted on the claim later (a hold, a renewed screening) is not counted, as in the engine; where the others are
    // enough the package may be signed, or nobody ever could.
    for vote in claim.approvals.iter().filter(|_| !by_quote.is_enough) {
        let name = vote.person.as_str();
        let counts = by_quote.voters.contains(name) || by_quote.compliance.contains(name);
        if claim.involved.contains(name) && !counts {
            problems.push(Problem::new(
                Code::VoterInvolved,
                format!("{name} opened the claim or acted on it, and voted"),
            ));
        }
    }
    let place = |name: &str| {
        let tiers = &roster.approval.tiers;
        tiers.iter().position(|tier| tier.name == name)
    };
    let stated =
        place(&reading.file.tier).filter(|stated| Some(*stated) >= place(&by_quote.tier.name));
    let Some(stated) = stated.and_then(|stated| roster.approval.tiers.get(stated)) else {
        problems.push(Problem::new(
            Code::TierDiffers,
            format!(
                "the package says tier {}, the quote alone needs {}",
                reading.file.tier, by_quote.tier.name
            ),
        ));
        return (None, problems);
    };
    // With the sums of other claims the engine may have needed a higher tier: then it must be met too.
    let mut alone = roster.approval.clone();
    alone.tiers = vec![Tier {
        value_max: None,
        ..stated.clone()
    }];
    let is_enough = counted(&alone).is_ok_and(|counted| counted.is_enough);
    if !by_quote.is_enough || !is_enough {
        problems.push(Problem::new(
            Code::QuorumMissing,
            format!(
                "tier {} needs {}; counted: {} of the wallet team ({} leads), {} of compliance",
                stated.name,
                needed(stated),
                by_quote.voters.len(),
                by_quote.leads.len(),
                by_quote.compliance.len()
            ),
        ));
    }
    let last = claim.approvals.iter().map(|vote| vote.approved_at).max();
    let ends = last.and_then(|last| last.plus_seconds(stated.delay_seconds));
    if !ends.is_some_and(|ends| ends <= now && ends <= reading.package.prepared_at) {
        problems.push(Problem::new(
            Code::DelayRunning,
            format!(
                "tier {} wants {} s after the last vote",
                stated.name, stated.delay_seconds
            ),
        ));
    }
    let line = |vote: &Approval| {
        let name = vote.person.as_str();
        let mut roles = Vec::new();
        for (set, role) in [
            (&by_quote.voters, "wallet"),
            (&by_quote.leads, "lead"),
            (&by_quote.compliance, "compliance"),
        ] {
            if set.contains(name) {
                roles.push(role);
            }
        }
        let by = match key_of(
            roster.people.iter().find(|person| person.name == name),
            reading,
            vote,
        ) {
            Some(fingerprint) => fingerprint,
            None => "not signed".to_owned(),
        };
        let role = if roles.is_empty() {
            "does not count".to_owned()
        } else {
            roles.join(", ")
        };
        (
            name.to_owned(),
            format!("{} ({role}) {by}", vote.approved_at),
        )
    };
    let counted = Counted {
        tier: stated.clone(),
        value: value_of(claim),
        lines: claim.approvals.iter().map(line).collect(),
    };
    (Some(counted), problems)
}

/// What a tier wants, in words.
pub(crate) fn needed(tier: &Tier) -> String {
    let mut needed = format!("{} of the wallet team", tier.votes);
    if tier.lead_votes > 0 {
        needed.push_str(&format!(", {} of them leads", tier.lead_votes));
    }
    if tier.compliance_vote {
        needed.push_str(", and one of compliance");
    }
    needed
}

/// The fingerprint of the person's key that signed the content; `None` where none did.
fn key_of(person: Option<&Person>, reading: &Reading<'_>, vote: &Approval) -> Option<String> {
    let signature = vote.signature.as_deref()?;
    let mut keys = person?.keys.iter();
    keys.find(|key| ssh::verify(key, &reading.content, signature).is_ok())
        .map(recover_core::ssh::PublicKey::fingerprint)
}

fn of_vote(reading: &Reading<'_>, vote: &Approval) -> Vec<Problem> {
    let (roster, name) = (reading.roster, &vote.person);
    let mut problems = Vec::new();
    let mut refuse = |code, detail: String| problems.push(Problem::new(code, detail));
    let person = roster.people.iter().find(|person| person.name == *name);
    if person.is_none() {
        refuse(
            Code::VoterUnknown,
            format!("the roster does not know {name}"),
        );
    }
    if vote.digest != reading.content {
        refuse(
            Code::VoteOnOtherContent,
            format!(
                "{name} voted on {}, this content is {}",
                vote.digest, reading.content
            ),
        );
    }
    match vote.signature {
        None if roster.approval.signed_votes => {
            refuse(Code::SignatureMissing, format!("{name} did not sign"));
        }
        Some(_) if person.is_some() && key_of(person, reading, vote).is_none() => refuse(
            Code::SignatureWrong,
            format!("the signature is not by a pinned key of {name} over this content"),
        ),
        _ => {}
    }
    let ends = vote
        .approved_at
        .plus_seconds(roster.approval.vote_valid_seconds);
    let cleared = reading.claim.screening.as_ref();
    if vote.approved_at > reading.now
        || ends.is_none_or(|ends| ends < reading.now)
        || cleared.is_some_and(|cleared| vote.approved_at < cleared.decided_at)
    {
        refuse(
            Code::VoteTooOld,
            format!(
                "{name} voted at {}: too old, ahead of this clock, or before the screening",
                vote.approved_at
            ),
        );
    }
    problems
}
