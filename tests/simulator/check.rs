//! What must hold after every action, and what only now and then can be afforded to check.

use crate::sim::Sim;
use crate::truth::{ByHand, What};
use recover_core::claim::settlement::postings;
use recover_core::claim::{Claim, ClaimStatus};
use recover_core::plan::Step;
use std::collections::BTreeMap;

impl Sim {
    /// After every action.
    pub fn check(&mut self) {
        let claims = self.claims();
        self.adopt(&claims);
        let mut found = Vec::new();
        let mut open: BTreeMap<&str, &Claim> = BTreeMap::new();
        for claim in &claims {
            if claim.status.is_open()
                && let Some(other) = open.insert(claim.deposit.as_str(), claim)
            {
                found.push(format!(
                    "{} and {} are open on {}",
                    other.id, claim.id, claim.deposit
                ));
            }
        }
        let mut state = self.world.state();
        let state = &mut *state;
        for (id, known) in &state.truth.claims {
            let Some(claim) = claims.iter().find(|claim| claim.id.as_str() == id) else {
                found.push(format!("{id} was acknowledged and is gone"));
                continue;
            };
            if known.end.is_some_and(|end| end != claim.status) {
                found.push(format!(
                    "{id} was said to be {:?} and is {}",
                    known.end, claim.status
                ));
            }
            let content = claim.content_digest();
            for (of, person) in &known.acknowledged_votes {
                let stands = claim.approvals.iter().any(|vote| vote.person == *person);
                // Whoever rejects what they approved takes their vote back.
                let took_back = known.acknowledged.contains(&("reject", person.clone()));
                if *of == content && !stands && !took_back {
                    found.push(format!(
                        "the vote of {person} on {id} was acknowledged and is gone"
                    ));
                }
            }
            let mut voters: Vec<&str> = claim
                .approvals
                .iter()
                .map(|vote| vote.person.as_str())
                .collect();
            voters.sort_unstable();
            if voters.windows(2).any(|pair| pair[0] == pair[1]) {
                found.push(format!("{id} has two votes of one person: {voters:?}"));
            }
        }
        for claim in claims
            .iter()
            .filter(|claim| claim.status == ClaimStatus::Settled)
        {
            found.extend(settled(claim, state));
        }
        state.truth.breaks.extend(found);
        state.truth.payments(&state.chains, &state.ledger);
    }

    /// The log verifies, the tables are what it says, and every acknowledged command is in it as often as it was carried out.
    pub fn check_log(&mut self) {
        if let Some(problems) = self.verify_log() {
            self.world
                .state()
                .truth
                .breaks(format!("the log does not verify: {problems}"));
        }
        let claims = self.claims();
        let engine = self.engine();
        for claim in &claims {
            let Ok(events) = self.read(engine.claim_history(&claim.id)) else {
                self.world.state().truth.breaks("the log cannot be read");
                return;
            };
            let mut found = Vec::new();
            let state = self.world.state();
            let known = state.truth.claims.get(claim.id.as_str());
            for (code, person) in known.iter().flat_map(|known| &known.acknowledged) {
                let logged = match *code {
                    "dry" | "import_txid" | "broadcast" => continue,
                    "export" => &["export", "instruct"][..],
                    other => &[other][..],
                };
                // What is out already is only written out again: whoever did it first is in the log.
                let is_there = events.iter().any(|event| {
                    logged.contains(&event.command.as_str())
                        && (*code == "export" || event.actor == *person)
                });
                if !is_there {
                    found.push(format!(
                        "{code} of {person} on {} is not in the log",
                        claim.id
                    ));
                }
            }
            let mut votes: Vec<(String, &str)> = events
                .iter()
                .filter(|event| event.command == "approve")
                .map(|event| (event.content_digest.to_string(), event.actor.as_str()))
                .collect();
            votes.sort();
            if votes.windows(2).any(|pair| pair[0] == pair[1]) {
                found.push(format!("{}: a vote was written twice", claim.id));
            }
            let settled = events
                .iter()
                .filter(|event| {
                    event.status == ClaimStatus::Settled
                        && matches!(event.command.as_str(), "seen_final" | "acknowledge")
                })
                .count();
            if settled > 1 {
                found.push(format!("{} was settled {settled} times", claim.id));
            }
            drop(state);
            self.world.state().truth.breaks.extend(found);
        }
        for claim in claims
            .iter()
            .filter(|claim| claim.status == ClaimStatus::Settled)
        {
            let kept = self.read(engine.store().postings(&claim.id));
            let mut state = self.world.state();
            let (Ok(kept), Ok(expected)) = (kept, postings(claim)) else {
                state
                    .truth
                    .breaks(format!("{} is settled without postings", claim.id));
                continue;
            };
            let sum = |side: fn(&recover_core::claim::settlement::Posting) -> u128| -> BTreeMap<String, u128> {
                let mut sums = BTreeMap::new();
                for posting in &kept {
                    *sums.entry(posting.asset.to_string()).or_default() += side(posting);
                }
                sums
            };
            let debits = sum(|posting| posting.debit.to_u128().expect("small"));
            let credits = sum(|posting| posting.credit.to_u128().expect("small"));
            if debits != credits || kept != expected || kept.is_empty() {
                state.truth.breaks(format!(
                    "{}: the postings do not balance: {kept:?}",
                    claim.id
                ));
            }
        }
        self.check_incidents(&claims);
    }

    /// Whatever went otherwise than approved has an incident that is open.
    fn check_incidents(&mut self, claims: &[Claim]) {
        let engine = self.engine();
        let incidents = match self.read(engine.store().incidents(true)) {
            Ok(incidents) => incidents,
            Err(error) => {
                self.world
                    .state()
                    .truth
                    .breaks(format!("incidents cannot be read: {error}"));
                return;
            }
        };
        for claim in claims
            .iter()
            .filter(|claim| claim.status == ClaimStatus::Mispaid)
        {
            if !incidents
                .iter()
                .any(|incident| incident.claim.as_ref() == Some(&claim.id))
            {
                let text = format!("{} is mispaid and has no incident", claim.id);
                self.world.state().truth.breaks(text);
            }
        }
    }

    /// At the end, when everything was followed: what was stolen or booked wrongly is known to somebody.
    pub fn check_thefts(&mut self) {
        let claims = self.claims();
        let engine = self.engine();
        let Ok(incidents) = self.read(engine.store().incidents(false)) else {
            return;
        };
        let mut state = self.world.state();
        let state = &mut *state;
        let mut found = Vec::new();
        for chain in &state.chains {
            for (executed, is_final) in chain.executed() {
                let Some(ByHand::Stolen(place)) = state.truth.by_hand.get(&executed.id) else {
                    continue;
                };
                let Some(handed) = state.truth.handed.get(*place) else {
                    continue;
                };
                if !is_final || !executed.succeeded {
                    continue;
                }
                let has_incident = incidents.iter().any(|incident| {
                    incident.claim.as_ref().map(|id| id.as_str()) == Some(handed.claim.as_str())
                });
                if !has_incident {
                    let claim = claims
                        .iter()
                        .find(|claim| claim.id.as_str() == handed.claim);
                    let status = claim.map(|claim| claim.status.code());
                    found.push(format!(
                        "{} stole from {} and nobody is told: it is {status:?}",
                        executed.id, handed.claim
                    ));
                }
            }
        }
        for entry in state.ledger.entries.values() {
            let claim = claims.iter().find(|claim| claim.id.as_str() == entry.claim);
            let is_settled = claim.is_some_and(|claim| claim.status == ClaimStatus::Settled);
            if entry.booked != entry.asked && is_settled {
                found.push(format!("{} is settled and was booked wrongly", entry.claim));
            }
        }
        state.truth.breaks.extend(found);
    }
}

/// A claim that is settled was carried out in the world, step by step, once.
fn settled(claim: &Claim, state: &crate::world::State) -> Vec<String> {
    let mut found = Vec::new();
    let steps = claim
        .plan
        .iter()
        .flat_map(|plan| plan.steps.iter().enumerate());
    for (place, step) in steps {
        match step {
            Step::Send(leg) => {
                let chain = state.chain(leg.network.as_str());
                let done = chain
                    .executed()
                    .filter(|(executed, is_final)| {
                        let Some(opened) = &executed.opened else { return false };
                        let handed = state.truth.handed_as(&executed.id, &opened.unsigned);
                        *is_final
                            && executed.succeeded
                            && handed.is_some_and(|handed| {
                                handed.claim == claim.id.as_str()
                                    && matches!(&handed.what, What::Transaction { leg: of, .. } if of == leg)
                            })
                    })
                    .count();
                if done != 1 {
                    found.push(format!(
                        "{} is settled and its step {place} happened {done} times",
                        claim.id
                    ));
                }
            }
            Step::Instruct(instructions) => {
                for (ordinal, instruction) in instructions.iter().enumerate() {
                    let id = instruction.id(claim.id.as_str(), place, ordinal);
                    let asked = instruction.amount.to_u128();
                    let entry = state.ledger.entries.get(&id);
                    if entry.map(|entry| entry.booked) != asked {
                        found.push(format!(
                            "{} is settled and the ledger has {entry:?} for {id}",
                            claim.id
                        ));
                    }
                }
            }
        }
    }
    if claim.plan.is_none() {
        found.push(format!("{} is settled and had no plan", claim.id));
    }
    found
}
