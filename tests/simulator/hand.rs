//! Handing packages out, taking back what came of them, and people who act at the same moment.

use crate::keys;
use crate::sim::{Ran, Sim};
use crate::truth::{Handed, Switch, What};
use recover_core::amount::Amount;
use recover_core::asset::AssetId;
use recover_core::claim::{Acknowledged, Claim, ClaimId, ClaimStatus, Refusal};
use recover_core::plan::Step;
use recover_engine::claims::{Exported, StepOptions};
use recover_engine::error::EngineError;
use std::collections::BTreeSet;
use std::future::Future;

impl Sim {
    fn export_of(
        &mut self,
        claim: &Claim,
        name: &'static str,
    ) -> impl Future<Output = Result<Exported, EngineError>> + use<> {
        let engine = self.engine();
        let options = StepOptions {
            revision: self.dice.chance(500).then_some(claim.revision),
            dry_run: false,
        };
        let (id, person) = (claim.id.clone(), self.person(name));
        async move { engine.export_claim(&id, &options, &person).await }
    }

    pub fn export(&mut self, claim: &Claim) -> Option<Refusal> {
        let name = self.somebody(&["treasury"]);
        let switches = self.switches(claim);
        let work = self.export_of(claim, name);
        let mut handed = None;
        let keep = &mut handed;
        let done = self.command(claim.id.as_str(), "export", name, async move {
            let exported = work.await?;
            *keep = exported.package.map(|package| package.to_json());
            Ok(exported.claim)
        });
        if let (Ok(after), Some(file)) = (&done, handed) {
            self.hand_out(after, file, switches);
        }
        done.err().flatten()
    }

    fn switches(&self, claim: &Claim) -> (Switch, Switch) {
        let state = self.world.state();
        let known = state.truth.claims.get(claim.id.as_str());
        (
            known.map_or(Switch::Off, |known| known.hold),
            state.truth.halt,
        )
    }

    fn hand_out(&mut self, after: &Claim, file: String, switches: (Switch, Switch)) {
        let (Some(package), Some(step)) = (&after.execution.package, after.current_step()) else {
            self.world.state().truth.breaks("an export left no package");
            return;
        };
        let what = match step {
            Step::Send(leg) => What::Transaction {
                leg: leg.clone(),
                unsigned: package.bytes.clone(),
                sequence: package.slot.as_ref().map_or(0, |slot| slot.sequence),
            },
            Step::Instruct(_) => {
                What::Instructions(String::from_utf8(package.bytes.clone()).expect("text"))
            }
        };
        let handed = Handed {
            claim: after.id.to_string(),
            deposit: after.deposit.as_str().to_owned(),
            step: package.step,
            attempt: package.attempt,
            treasury: keys::text("treasury"),
            what,
            file,
        };
        // What leaves the house must pass at its signers at that very moment.
        let now = self.world.state().now;
        if let Err(problems) = recover_verify::verify(&handed.file, &self.roster, now) {
            let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
            let text = format!("handed out, and refused at once: {}", told.join("; "));
            self.world.state().truth.breaks(text);
        }
        let policy = self.desk.policy.approval.clone();
        self.world
            .state()
            .truth
            .handed_out(handed, after, &policy, switches);
    }

    /// Several people act on one claim at the same moment.
    pub fn race(&mut self, claim: &Claim) {
        if claim.status == ClaimStatus::PendingApproval {
            let (one, other) = (self.voter(claim), self.voter(claim));
            let (first, second) = (self.vote(claim, one), self.vote(claim, other));
            let ran = self.run(async move { tokio::join!(first, second) });
            self.tell(format!("{one} and {other} vote on {} at once", claim.id));
            self.count("race of votes");
            if let Ran::Done((first, second)) = ran {
                for (name, done) in [(one, first), (other, second)] {
                    if let Err(error) = &done {
                        self.must_not_be_damage("approve", error);
                    }
                    self.voted(claim, name, &done.map_err(|_| None));
                }
            }
            return;
        }
        let switches = self.switches(claim);
        let (first, second) = (self.export_of(claim, "gita"), self.export_of(claim, "otto"));
        let third = self.export_of(claim, "gita");
        let ran = self.run(async move { tokio::join!(first, second, third) });
        self.tell(format!("three exports of {} at once", claim.id));
        self.count("race of exports");
        if let Ran::Done((first, second, third)) = ran {
            for done in [first, second, third] {
                match done {
                    Ok(exported) => {
                        if let Some(package) = exported.package {
                            self.hand_out(&exported.claim, package.to_json(), switches);
                        }
                    }
                    Err(error) => self.must_not_be_damage("export", &error),
                }
            }
        }
    }

    pub fn import(&mut self) -> Option<Refusal> {
        let (id, bytes) = self.dice.pick(&self.signed.clone())?.clone();
        let name = self.somebody(&["treasury"]);
        let (engine, person) = (self.engine(), self.person(name));
        let claim = ClaimId::verbatim(&id);
        let given = bytes.clone();
        let done = self.command(&id, "import", name, async move {
            let options = StepOptions::default();
            engine
                .import_signed(&claim, &given, &options, &person)
                .await
        });
        if done.is_ok() {
            let mut state = self.world.state();
            let opened = recover_chain_evm::transaction::open(&bytes).expect("signed here");
            let is_right = state.truth.handed.iter().any(|handed| {
                handed.claim == id
                    && matches!(&handed.what, What::Transaction { unsigned, leg, .. }
                        if *unsigned == opened.unsigned
                            && leg.signer == recover_chain_evm::address::text(opened.signer))
            });
            if !is_right {
                state
                    .truth
                    .breaks(format!("{id} took bytes that were never handed out"));
            }
        }
        done.err().flatten()
    }

    pub fn import_txid(&mut self) -> Option<Refusal> {
        let (id, tx_id) = self.dice.pick(&self.sent_by_hand.clone())?.clone();
        let name = self.somebody(&["treasury"]);
        let (engine, person) = (self.engine(), self.person(name));
        let claim = ClaimId::verbatim(&id);
        self.command(&id, "import_txid", name, async move {
            let options = StepOptions::default();
            engine
                .import_transaction(&claim, &tx_id, &options, &person)
                .await
        })
        .err()
        .flatten()
    }

    pub fn broadcast(&mut self, claim: &Claim) -> Option<Refusal> {
        let name = self.somebody(&["treasury"]);
        let (engine, person, id) = (self.engine(), self.person(name), claim.id.clone());
        let switches = self.switches(claim);
        let execute = !self.dice.chance(50);
        let done = self.command(claim.id.as_str(), "broadcast", name, async move {
            let options = StepOptions::default();
            let report = engine
                .broadcast_claim(&id, execute, &options, &person)
                .await?;
            Ok(report.claim)
        });
        if done.is_ok() && execute && switches.0 == Switch::On {
            let text = format!("{} was sent while it was held", claim.id);
            self.world.state().truth.breaks(text);
        }
        if done.is_ok() && execute && switches.1 == Switch::On {
            let text = format!("{} was sent while everything was halted", claim.id);
            self.world.state().truth.breaks(text);
        }
        self.world.state().look();
        done.err().flatten()
    }

    /// The ledger's answer, mostly whole and right.
    pub fn acknowledge(&mut self, claim: &Claim) -> Option<Refusal> {
        let mut answers: Vec<Acknowledged> = {
            let state = self.world.state();
            let ids: BTreeSet<String> = claim
                .execution
                .package
                .iter()
                .flat_map(|package| {
                    let text = String::from_utf8_lossy(&package.bytes).into_owned();
                    text.lines()
                        .filter_map(|line| line.split('\t').next().map(str::to_owned))
                        .collect::<Vec<String>>()
                })
                .collect();
            let entries = state.ledger.of(claim.id.as_str());
            entries
                .filter(|(id, _)| ids.contains(*id))
                .map(|(id, entry)| Acknowledged {
                    instruction: id.clone(),
                    entry: entry.entry.clone(),
                    asset: AssetId::parse(&entry.asset).expect("our own text"),
                    amount: Amount::from_u128(entry.booked),
                })
                .collect()
        };
        if answers.is_empty() {
            return None;
        }
        if self.dice.chance(60) {
            answers.pop();
        } else if self.dice.chance(60) {
            let again = answers.first().cloned();
            answers.extend(again);
        }
        let name = self.somebody(&["treasury"]);
        let (engine, person, id) = (self.engine(), self.person(name), claim.id.clone());
        self.command(claim.id.as_str(), "acknowledge", name, async move {
            let options = StepOptions::default();
            engine
                .acknowledge_claim(&id, answers, &options, &person)
                .await
        })
        .err()
        .flatten()
    }

    /// What does not fit in the log and the tables; `None` when all does.
    pub fn verify_log(&self) -> Option<String> {
        let engine = self.engine();
        let check = self.read(engine.store().verify_log(&[]));
        match check {
            Ok(check) if check.problems.is_empty() => None,
            Ok(check) => Some(check.problems.join("; ")),
            Err(error) => Some(error.to_string()),
        }
    }

    /// The name of the key behind an account.
    pub fn key_behind(account: &str) -> Option<String> {
        let users = (0..crate::desk::USERS).map(crate::desk::key_of_user);
        users
            .chain(["gas".to_owned(), "treasury".to_owned()])
            .find(|name| keys::text(name) == account)
    }
}
