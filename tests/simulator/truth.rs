//! What is true, whatever the engine says: who asked for what, what was handed out, what was paid. Every rule here is checked
//! against the world's own books and never against the engine's.

use crate::chain::Chain;
use crate::ledger::Ledger;
use recover_core::approval::ApprovalPolicy;
use recover_core::block::TxId;
use recover_core::claim::{Claim, ClaimStatus};
use recover_core::digest::Digest;
use recover_core::fee::Cents;
use recover_core::observation::DepositId;
use recover_core::plan::{Leg, Step};
use std::collections::{BTreeMap, BTreeSet};

/// Something that people switch, as the world knows it: a command that was cut off may have done it or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    #[default]
    Off,
    Perhaps,
    On,
}

/// A customer's payment.
#[derive(Clone, Debug)]
pub struct TrueDeposit {
    pub user: String,
    pub amount: u128,
}

/// What the world knows about a claim.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub deposit: String,
    pub opened_by: String,
    /// The address that the opener named.
    pub destination: Option<String>,
    pub hold: Switch,
    /// Who may have voted for which content.
    pub votes: BTreeMap<Digest, BTreeSet<String>>,
    /// Whose vote was acknowledged.
    pub acknowledged_votes: BTreeSet<(Digest, String)>,
    /// What voters saw.
    pub contents: BTreeMap<Digest, Claim>,
    /// Who was told that they did something else than vote.
    pub involved: BTreeSet<String>,
    /// Commands that were acknowledged: code and person.
    pub acknowledged: BTreeSet<(&'static str, String)>,
    /// An end that somebody was told.
    pub end: Option<ClaimStatus>,
}

/// What a package was handed out for.
#[derive(Clone, Debug)]
pub struct Handed {
    pub claim: String,
    pub deposit: String,
    pub step: u32,
    pub attempt: u32,
    pub treasury: String,
    /// The leg with its unsigned bytes, or the text of the instructions.
    pub what: What,
    /// The file, as a signer gets it.
    pub file: String,
}

/// A transaction or instructions.
#[derive(Clone, Debug)]
pub enum What {
    Transaction {
        leg: Box<Leg>,
        unsigned: Vec<u8>,
        sequence: u64,
    },
    Instructions(String),
}

/// Why a transaction is on a chain that was handed out to nobody.
#[derive(Clone, Debug)]
pub enum ByHand {
    /// The signers sent the approved effect with another price.
    SpedUp(usize),
    /// A bribed signer sent something else.
    Stolen(usize),
    /// The signers used its slot up.
    Burnt,
}

/// What is true.
#[derive(Debug, Default)]
pub struct Truth {
    pub deposits: BTreeMap<String, TrueDeposit>,
    pub claims: BTreeMap<String, Known>,
    pub handed: Vec<Handed>,
    pub by_hand: BTreeMap<TxId, ByHand>,
    pub halt: Switch,
    /// Leads who may have begun to lift the halt.
    pub lifting: BTreeSet<String>,
    /// What was broken.
    pub breaks: Vec<String>,
    /// How often each thing happened, so that a run shows what it covered.
    pub counts: BTreeMap<String, u64>,
}

impl Truth {
    pub fn breaks(&mut self, text: impl Into<String>) {
        self.breaks.push(text.into());
    }

    pub fn count(&mut self, what: impl Into<String>) {
        *self.counts.entry(what.into()).or_default() += 1;
    }

    /// The hand-over that a signed transaction carries out.
    pub fn handed_as(&self, id: &TxId, unsigned: &[u8]) -> Option<&Handed> {
        if let Some(ByHand::SpedUp(place)) = self.by_hand.get(id) {
            return self.handed.get(*place);
        }
        self.handed.iter().rev().find(|handed| {
            matches!(&handed.what, What::Transaction { unsigned: of, .. } if of == unsigned)
        })
    }

    /// Every transaction of a key of ours was handed out, or the world knows which signer did it.
    pub fn look(&mut self, chain: &Chain) {
        let mut found = Vec::new();
        for (executed, _) in chain.executed() {
            let Some(opened) = &executed.opened else {
                continue;
            };
            let known = self.by_hand.contains_key(&executed.id)
                || self.handed_as(&executed.id, &opened.unsigned).is_some();
            if !known {
                found.push(format!(
                    "{} is on {} and was handed out to nobody",
                    executed.id, chain.id
                ));
            }
        }
        self.breaks.extend(found);
    }

    /// Money paid for one deposit never exceeds it, and goes only where its claim says.
    pub fn payments(&mut self, chains: &[Chain], ledger: &Ledger) {
        let mut paid: BTreeMap<String, u128> = BTreeMap::new();
        let mut moved: BTreeMap<String, u128> = BTreeMap::new();
        let mut found = Vec::new();
        for chain in chains {
            for (executed, _) in chain.executed() {
                let (Some(opened), true) = (&executed.opened, executed.succeeded) else {
                    continue;
                };
                let Some(handed) = self.handed_as(&executed.id, &opened.unsigned) else {
                    continue;
                };
                let What::Transaction { leg, .. } = &handed.what else {
                    continue;
                };
                if !leg.kind.moves_deposit() {
                    continue;
                }
                let amount = leg.amount.to_u128().expect("small");
                *moved.entry(handed.deposit.clone()).or_default() += amount;
                if leg.recipient == handed.treasury {
                    continue;
                }
                *paid.entry(handed.deposit.clone()).or_default() += amount;
                let named = self
                    .claims
                    .get(&handed.claim)
                    .and_then(|known| known.destination.as_ref());
                if named != Some(&leg.recipient) {
                    found.push(format!(
                        "{} was paid {amount}, and the claim names {named:?}",
                        leg.recipient
                    ));
                }
            }
        }
        for entry in ledger.entries.values() {
            let Some(known) = self.claims.get(&entry.claim) else {
                found.push(format!(
                    "the ledger booked for the unknown claim {}",
                    entry.claim
                ));
                continue;
            };
            *paid.entry(known.deposit.clone()).or_default() += entry.asked;
            let owner = self
                .deposits
                .get(&known.deposit)
                .map(|deposit| &deposit.user);
            if entry.kind == "credit" && owner != Some(&entry.user) {
                found.push(format!(
                    "{} was credited, the deposit is of {owner:?}",
                    entry.user
                ));
            }
        }
        for (what, sums) in [("paid", &paid), ("moved", &moved)] {
            for (deposit, sum) in sums {
                let most = self
                    .deposits
                    .get(deposit)
                    .map_or(0, |deposit| deposit.amount);
                if *sum > most {
                    found.push(format!("{sum} were {what} for deposit {deposit} of {most}"));
                }
            }
        }
        self.breaks.extend(found);
    }

    /// A package left the house: with votes enough, no hold, no halt, in a slot of its own, for what the voters saw.
    pub fn handed_out(
        &mut self,
        handed: Handed,
        claim: &Claim,
        policy: &ApprovalPolicy,
        (hold, halt): (Switch, Switch),
    ) {
        let mut found = Vec::new();
        if hold == Switch::On {
            found.push("it was held".to_owned());
        }
        if halt == Switch::On {
            found.push("every release was halted".to_owned());
        }
        let content = claim.content_digest();
        let known = self.claims.entry(handed.claim.clone()).or_default();
        let empty = BTreeSet::new();
        let votes = known.votes.get(&content).unwrap_or(&empty);
        let value = claim
            .quote
            .as_ref()
            .map_or(Cents::default(), |quote| quote.quote.value);
        let tier = policy.tier(Some(value)).expect("the last tier has no end");
        let is_alone = |person: &String| tier.alone.is_some() && *person == known.opened_by;
        let counted = votes
            .iter()
            .filter(|person| !known.involved.contains(*person) || is_alone(person))
            .count();
        let slots = tier.votes + u32::from(tier.compliance_vote);
        if u32::try_from(counted).expect("few") < slots {
            found.push(format!(
                "{votes:?} voted, {slots} uninvolved people are needed"
            ));
        }
        match known.contents.get(&content) {
            None => found.push("nobody saw this content".to_owned()),
            Some(seen) => {
                let place = usize::try_from(handed.step).expect("few");
                let step = seen.plan.as_ref().and_then(|plan| plan.steps.get(place));
                let same = match (&handed.what, step) {
                    (What::Transaction { leg, .. }, Some(Step::Send(of))) => leg == of,
                    (What::Instructions(_), Some(Step::Instruct(_))) => true,
                    _ => false,
                };
                if !same {
                    found.push("it does not carry out the step that the voters saw".to_owned());
                }
            }
        }
        for other in &self.handed {
            let same = other.claim == handed.claim && other.attempt == handed.attempt;
            match (&other.what, &handed.what) {
                (
                    What::Transaction {
                        leg,
                        unsigned,
                        sequence,
                    },
                    What::Transaction {
                        leg: of,
                        unsigned: bytes,
                        sequence: slot,
                    },
                ) => {
                    if same && unsigned != bytes {
                        found.push("the same package was handed out with other bytes".to_owned());
                    }
                    let one_slot =
                        leg.signer == of.signer && leg.network == of.network && sequence == slot;
                    if !same && one_slot {
                        found.push(format!(
                            "its slot {sequence} of {} was handed out for {} too",
                            leg.signer, other.claim
                        ));
                    }
                }
                (What::Instructions(text), What::Instructions(of)) if same && text != of => {
                    found.push("the same instructions were handed out with other text".to_owned());
                }
                _ => {}
            }
        }
        let name = format!(
            "{} step {} attempt {}",
            handed.claim, handed.step, handed.attempt
        );
        self.breaks.extend(
            found
                .into_iter()
                .map(|text| format!("package {name} left: {text}")),
        );
        let is_new = !self.handed.iter().any(|other| {
            other.claim == handed.claim
                && other.attempt == handed.attempt
                && other.file == handed.file
        });
        if is_new {
            self.handed.push(handed);
        }
    }

    /// The customer's payment behind a deposit.
    pub fn arrived(&mut self, id: &DepositId, user: String, amount: u128) {
        self.deposits
            .insert(id.as_str().to_owned(), TrueDeposit { user, amount });
    }
}
