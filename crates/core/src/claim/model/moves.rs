//! What may happen next, and what comes of it: the claims move by the real machine only.

use super::monitor;
use super::state::{Action, Broken, Brought, Fee, Out, Outside, Seen, Stage, State, Weather, What};
use super::world::{ADA, BOB, CYD, EVE, Text, World, block, verified};
use crate::amount::Amount;
use crate::block::TxId;
use crate::check::Check;
use crate::claim::command::{Acknowledged, Command, Sighting};
use crate::claim::decide::{open_with, step_with};
use crate::claim::guards::{Counting, Guards};
use crate::claim::refusal::Refusal;
use crate::claim::{Claim, ClaimStatus, Evidence, Resolution};
use crate::deposit::DepositStatus;
use crate::plan::{InstructionKind, Step};
use stateright::{Model, Property};
use std::sync::Arc;

/// A guard that is taken out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    Of(Refusal),
    In(Counting),
}

/// The guards that stand.
#[derive(Debug, Clone)]
pub(super) struct Standing(pub Vec<Guard>);

impl Guards for Standing {
    fn holds(&self, refusal: Refusal, condition: bool) -> bool {
        condition || self.0.contains(&Guard::Of(refusal))
    }

    fn counts(&self, rule: Counting, condition: bool) -> bool {
        condition || self.0.contains(&Guard::In(rule))
    }
}

pub(super) struct Claims {
    pub world: World,
    pub guards: Standing,
    /// Whether the packages of the deposit share one slot on the network.
    pub conflict: bool,
    /// The invariants that are looked for; empty for all.
    pub watch: Vec<Broken>,
    /// Steps that lead to where the search begins, by whom.
    pub prefix: Vec<Action>,
}

const REVISIONS: u32 = 2;

impl Claims {
    pub fn watches(&self, broken: Broken) -> bool {
        self.watch.is_empty() || self.watch.contains(&broken)
    }

    fn attempts_max(&self) -> u32 {
        let steps = self.world.plan.steps.len();
        u32::try_from(steps).unwrap_or(1).saturating_add(1)
    }

    fn is_paid(state: &State) -> bool {
        let mut claims = state.claims.iter().flatten();
        claims.any(|claim| claim.status == ClaimStatus::Settled)
    }

    fn deposit_status(&self, state: &State) -> DepositStatus {
        let mut statuses = state.claims.iter().flatten().map(|claim| claim.status);
        if Self::is_paid(state) {
            DepositStatus::Resolved
        } else if statuses.any(ClaimStatus::is_open) {
            DepositStatus::Claimed
        } else if self.world.resolution == Resolution::CorrectBooking {
            // What was booked is resolved before anybody claims it.
            DepositStatus::Resolved
        } else {
            DepositStatus::Open
        }
    }

    /// Whether a claim may be given up as it stands, by whoever opened it.
    pub fn may_unwind(&self, state: &State, claim: &Claim) -> bool {
        let command = Command::Unwind {
            reason: "because".to_owned(),
        };
        self.with(state, ADA, |facts| {
            step_with(&self.guards, claim, claim.revision, &command, facts).is_ok()
        })
    }

    fn with<T>(
        &self,
        state: &State,
        actor: usize,
        look: impl FnOnce(&crate::claim::Facts<'_>) -> T,
    ) -> T {
        let deposit = (self.deposit_status(state), state.is_final());
        let moment = (state.late, state.weather, Self::is_paid(state));
        self.world.with(actor, deposit, moment, look)
    }

    fn opened(&self, state: &State, index: usize) -> Option<Claim> {
        let ordinal = u32::try_from(index).ok()?.checked_add(1)?;
        let request = self.world.request(ordinal);
        self.with(state, ADA, |facts| {
            open_with(&self.guards, &request, facts).ok()
        })
    }

    fn command(&self, state: &State, claim: &Claim, index: usize, what: What) -> Option<Command> {
        let because = || "because".to_owned();
        let tx_id = || TxId::new("0xpaid");
        let expires_at = World::ends(state.late);
        Some(match what {
            What::Quote => {
                let ordinal = claim.revision + u32::from(claim.quote.is_some());
                (ordinal <= REVISIONS).then(|| Command::Quote {
                    quote: self.world.quote(ordinal, state.late),
                    plan: Some(self.world.plan.clone()),
                })?
            }
            What::Accept => Command::Accept {
                evidence: Evidence {
                    text: because(),
                    file: None,
                },
            },
            What::Clear | What::Hold => Command::Screen {
                clear: what == What::Clear,
                reason: because(),
            },
            // Nobody is asked for a vote elsewhere: reckoning the digest there would only cost time.
            What::Vote | What::VoteOld
                if !matches!(
                    claim.status,
                    ClaimStatus::PendingApproval | ClaimStatus::Instructed
                ) =>
            {
                return None;
            }
            // Where one person may vote without end, three times are enough to see it.
            What::Vote | What::VoteOld if claim.approvals.len() >= 3 => return None,
            What::Vote => Command::Approve {
                digest: claim.content_digest(),
                signature: None,
            },
            What::VoteOld => Command::Approve {
                digest: state.old[index]?,
                signature: None,
            },
            What::Reject => Command::Reject { reason: because() },
            What::Cancel => Command::Cancel { reason: because() },
            What::Unwind => {
                (claim.revision < REVISIONS).then(|| Command::Unwind { reason: because() })?
            }
            What::Decline => Command::Decline { reason: because() },
            What::ExpireQuote => Command::ExpireQuote,
            What::Lapse => (claim.revision < REVISIONS).then_some(Command::LapseVotes)?,
            What::Invalidate => Command::Invalidate { reason: because() },
            What::Release => {
                if claim.execution.attempts >= self.attempts_max() {
                    return None;
                }
                match claim.current_step()? {
                    Step::Send(_) => Command::Prepare {
                        transaction: verified(claim)?,
                        expires_at,
                    },
                    Step::Instruct(_) => Command::Instruct { expires_at },
                }
            }
            What::Export => Command::Export { expires_at },
            What::Import(brought) => {
                let package = claim.execution.package.as_ref()?;
                let mut signed = Text.open("eip155:1", &package.bytes, &package.bytes).ok()?;
                match brought {
                    Brought::Right => {}
                    Brought::OtherBytes => signed.unsigned = b"0:0xThief".to_vec(),
                    Brought::OtherKey => signed.signer = "0xThief".to_owned(),
                }
                Command::Import { signed }
            }
            What::Send => Command::Send,
            What::Sent => Command::Sent,
            What::See(seen) => Command::Sight(match seen {
                Seen::Pending => Sighting::Pending { tx_id: tx_id() },
                Seen::Included => Sighting::Included {
                    tx_id: tx_id(),
                    block: block(),
                },
                Seen::Final => Sighting::Final {
                    tx_id: tx_id(),
                    block: block(),
                    fee: Amount::ZERO,
                },
                Seen::Failed => Sighting::Failed {
                    tx_id: tx_id(),
                    block: block(),
                    fee: Amount::ZERO,
                },
                Seen::Vanished => Sighting::Vanished,
                Seen::Replaced => Sighting::Replaced { proof: because() },
                Seen::Expired => Sighting::Expired { proof: because() },
                Seen::Different => Sighting::Different {
                    tx_id: tx_id(),
                    detail: because(),
                },
            }),
            What::Acknowledge { right } => {
                let Step::Instruct(list) = claim.current_step()? else {
                    return None;
                };
                let step = usize::try_from(claim.execution.done).ok()?;
                let answers = list
                    .iter()
                    .enumerate()
                    .map(|(ordinal, instruction)| Acknowledged {
                        instruction: instruction.id(claim.id.as_str(), step, ordinal),
                        entry: "entry".to_owned(),
                        asset: instruction.asset.clone(),
                        amount: if right {
                            instruction.amount
                        } else {
                            Amount::MAX
                        },
                    });
                Command::Acknowledge {
                    answers: answers.collect(),
                }
            }
        })
    }

    fn acted(&self, state: &State, index: usize, actor: usize, what: What) -> Option<State> {
        let before = state.claims[index].clone()?;
        let command = self.command(state, &before, index, what)?;
        let after = self.with(state, actor, |facts| {
            step_with(&self.guards, &before, before.revision, &command, facts).ok()
        })?;
        let mut next = state.clone();
        if after.revision != before.revision {
            next.old[index] = Some(before.content_digest());
        }
        next.broken = monitor::of_step(self, state, index, &after, actor, what);
        next.claims[index] = Some(Arc::new(after));
        self.carry(state, &mut next, index, what);
        next.broken = next.broken.or_else(|| monitor::of_state(self, &next));
        Some(next)
    }

    /// Whether a step pays the customer: a credit does, and a transaction to their own address.
    fn pays(&self, step: Option<&Step>) -> bool {
        match step {
            None => false,
            Some(Step::Send(_)) => self.world.resolution == Resolution::SweepToAddress,
            Some(Step::Instruct(list)) => {
                let mut kinds = list.iter().map(|instruction| instruction.kind);
                kinds.any(|kind| kind == InstructionKind::Credit)
            }
        }
    }

    /// What a command does outside of the record.
    fn carry(&self, state: &State, next: &mut State, index: usize, what: What) {
        let Some(claim) = next.claims[index].clone() else {
            return;
        };
        let mine = state.package_of(index);
        let set = |next: &mut State, stage: fn(Stage) -> Stage| {
            if let Some(out) = mine.and_then(|at| next.out.get_mut(at)) {
                out.stage = stage(out.stage);
            }
        };
        match what {
            What::Release => {
                let is_sent = matches!(claim.current_step(), Some(Step::Send(_)));
                next.out.push(Out {
                    claim: index,
                    attempt: claim.execution.attempts,
                    revision: claim.revision,
                    stage: match is_sent {
                        true => Stage::InHouse,
                        false => Stage::WithLedger,
                    },
                    pays: self.pays(claim.current_step()),
                    fee: fee_of(claim.current_step()),
                });
            }
            What::Export => set(next, |stage| match stage {
                Stage::InHouse => Stage::WithSigners,
                other => other,
            }),
            What::Send => set(next, |stage| match stage {
                Stage::WithSigners => Stage::Sent,
                other => other,
            }),
            What::See(_) | What::Acknowledge { .. } | What::Decline
                if claim.execution.package.is_none() =>
            {
                if let Some(at) = mine {
                    next.out.remove(at);
                }
            }
            _ => {}
        }
        // What never left the house is torn up with the package.
        let live = claim
            .execution
            .package
            .as_ref()
            .map(|package| package.attempt);
        next.out.retain(|out| {
            out.claim != index || out.stage != Stage::InHouse || Some(out.attempt) == live
        });
    }

    fn happened(&self, state: &State, at: usize, what: Outside) -> Option<State> {
        let mut next = state.clone();
        let found = *state.out.get(at)?;
        let uses_slot = |next: &mut State| {
            for (other, out) in next.out.iter_mut().enumerate() {
                let may_happen = matches!(
                    out.stage,
                    Stage::InHouse | Stage::WithSigners | Stage::Sent | Stage::Included
                );
                if self.conflict && other != at && may_happen {
                    out.stage = Stage::Replaced;
                }
            }
        };
        let is_free = !self.conflict || state.out.iter().all(|out| out.stage != Stage::Included);
        let stage = match (what, found.stage) {
            (Outside::SignersSend, Stage::WithSigners) | (Outside::Unmine, Stage::Included) => {
                Stage::Sent
            }
            (Outside::Mine, Stage::Sent) if is_free => Stage::Included,
            (Outside::SignersPayOther, Stage::WithSigners) if is_free => {
                uses_slot(&mut next);
                Stage::Other
            }
            (Outside::Finalise, Stage::Included) => {
                uses_slot(&mut next);
                next.paid += u32::from(found.pays);
                Stage::Final
            }
            (Outside::FailForGood, Stage::Included) => {
                uses_slot(&mut next);
                Stage::Failed
            }
            (Outside::UseSlot, Stage::WithSigners | Stage::Sent) if self.conflict && is_free => {
                uses_slot(&mut next);
                Stage::Replaced
            }
            (Outside::RunOut, Stage::WithSigners | Stage::Sent) => Stage::Expired,
            (Outside::Refuse, Stage::WithLedger) if found.fee.held > 0 => Stage::Declined,
            (Outside::Book, Stage::WithLedger) => {
                next.paid += u32::from(found.pays);
                let fee = next.fees.get_mut(found.claim)?;
                fee.held += found.fee.held;
                fee.captured += found.fee.captured;
                fee.released += found.fee.released;
                Stage::Booked
            }
            (Outside::BookOther, Stage::WithLedger) => Stage::BookedOther,
            _ => return None,
        };
        next.out.get_mut(at)?.stage = stage;
        next.broken = monitor::of_state(self, &next);
        Some(next)
    }
}

/// Who might try what. Those who may not are among them, so that their guard has something to do.
const TRIES: &[(What, &[usize])] = &[
    (What::Quote, &[ADA]),
    (What::Accept, &[ADA]),
    (What::Clear, &[EVE, ADA]),
    (What::Hold, &[EVE]),
    (What::Vote, &[ADA, BOB, CYD, EVE]),
    (What::VoteOld, &[BOB]),
    (What::Reject, &[CYD]),
    (What::Cancel, &[ADA]),
    (What::Unwind, &[ADA, BOB]),
    (What::ExpireQuote, &[ADA]),
    (What::Lapse, &[ADA]),
    (What::Invalidate, &[ADA]),
    (What::Release, &[EVE, CYD, ADA]),
    (What::Export, &[EVE]),
    (What::Import(Brought::Right), &[EVE]),
    (What::Import(Brought::OtherBytes), &[EVE]),
    (What::Import(Brought::OtherKey), &[EVE]),
    (What::Send, &[EVE]),
    (What::Sent, &[ADA]),
];

/// What a source may truthfully say of a package.
const fn shown(stage: Stage) -> &'static [What] {
    match stage {
        Stage::Sent => &[What::See(Seen::Pending), What::See(Seen::Vanished)],
        Stage::Included => &[What::See(Seen::Included), What::See(Seen::Pending)],
        Stage::Final => &[What::See(Seen::Final)],
        Stage::Failed => &[What::See(Seen::Failed)],
        Stage::Other => &[What::See(Seen::Different)],
        Stage::Replaced => &[What::See(Seen::Replaced)],
        Stage::Expired => &[What::See(Seen::Expired)],
        Stage::Booked => &[What::Acknowledge { right: true }],
        Stage::BookedOther => &[What::Acknowledge { right: false }],
        Stage::Declined => &[What::Decline],
        Stage::InHouse | Stage::WithSigners | Stage::WithLedger => &[],
    }
}

const OUTSIDE: &[Outside] = &[
    Outside::SignersSend,
    Outside::SignersPayOther,
    Outside::Mine,
    Outside::Unmine,
    Outside::Finalise,
    Outside::FailForGood,
    Outside::UseSlot,
    Outside::RunOut,
    Outside::Book,
    Outside::BookOther,
    Outside::Refuse,
];

/// What the ledger does with the customer's fee when it books a step.
fn fee_of(step: Option<&Step>) -> Fee {
    let mut fee = Fee::default();
    let Some(Step::Instruct(list)) = step else {
        return fee;
    };
    for instruction in list.iter().filter(|found| found.user.is_some()) {
        let amount = instruction.amount.to_u128().unwrap_or(u128::MAX);
        let amount = u32::try_from(amount).unwrap_or(u32::MAX);
        match instruction.kind {
            InstructionKind::HoldFee => fee.held += amount,
            InstructionKind::CaptureFee => fee.captured += amount,
            InstructionKind::ReleaseFee => fee.released += amount,
            _ => {}
        }
    }
    fee
}

impl Model for Claims {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let mut state = State {
            claims: [None, None],
            old: [None, None],
            out: Vec::new(),
            paid: 0,
            fees: [Fee::default(); 2],
            weather: Weather::Fine,
            late: false,
            broken: None,
        };
        state.claims[0] = self.opened(&state, 0).map(Arc::new);
        let start = self.prefix.iter().fold(state, |state, action| {
            self.next_state(&state, *action)
                .unwrap_or_else(|| panic!("{action:?} is refused on the way to the start"))
        });
        vec![start]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        if state.broken.is_some() {
            return;
        }
        if state.claims[1].is_none() {
            actions.push(Action::Open(1));
        }
        for (index, claim) in state.claims.iter().enumerate() {
            if claim.is_none() {
                continue;
            }
            for (what, actors) in TRIES {
                actions.extend(actors.iter().map(|actor| Action::Act {
                    claim: index,
                    actor: *actor,
                    what: *what,
                }));
            }
            let out = state.package_of(index).and_then(|at| state.out.get(at));
            let seen = out.map_or([].as_slice(), |out| shown(out.stage));
            actions.extend(seen.iter().map(|what| Action::Act {
                claim: index,
                actor: EVE,
                what: *what,
            }));
        }
        for package in 0..state.out.len() {
            actions.extend(OUTSIDE.iter().map(|what| Action::Outside {
                package,
                what: *what,
            }));
        }
        let others = [
            Weather::Fine,
            Weather::Halted,
            Weather::NotFinal,
            Weather::Rebooked,
        ];
        actions.extend(
            others
                .into_iter()
                .filter(|weather| {
                    *weather != Weather::Rebooked
                        || self.world.resolution == Resolution::CorrectBooking
                })
                .filter(|weather| {
                    *weather != state.weather
                        && (*weather == Weather::Fine || state.weather == Weather::Fine)
                })
                .map(Action::Weather),
        );
        if !state.late {
            actions.push(Action::GrowLate);
        }
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        match action {
            Action::Open(index) => {
                let mut next = state.clone();
                next.claims[index] = Some(Arc::new(self.opened(state, index)?));
                next.broken = monitor::of_state(self, &next);
                Some(next)
            }
            Action::Act { claim, actor, what } => self.acted(state, claim, actor, what),
            Action::Outside { package, what } => self.happened(state, package, what),
            Action::Weather(weather) => Some(State {
                weather,
                ..state.clone()
            }),
            Action::GrowLate => Some(State {
                late: true,
                ..state.clone()
            }),
        }
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut all = vec![Property::<Self>::always("nothing is broken", |_, state| {
            state.broken.is_none()
        })];
        if self.guards.0.is_empty() {
            all.extend(monitor::reached());
        }
        all
    }
}
