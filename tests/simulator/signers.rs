//! The signers, on their own machines with their own keys, and the ledger's team. They see packages and nothing of the engine.

use crate::desk::{NORTH, SOUTH};
use crate::keys;
use crate::sim::Sim;
use crate::truth::{ByHand, Handed, What};
use recover_chain_evm::transaction::{Price, Transaction};
use recover_chain_evm::{address, call};
use recover_core::amount::Amount;
use recover_core::claim::Claim;
use recover_core::digest::Digest;
use recover_core::plan::{Leg, Step};
use recover_verify::{Code, PackageFile};
use serde_json::Value;

impl Sim {
    /// One of the packages that were handed out, the newest of its claim; `wanted` says which.
    fn package(&mut self, wanted: impl Fn(&Handed) -> bool) -> Option<(usize, Handed)> {
        let state = self.world.state();
        let newest: Vec<(usize, Handed)> = state
            .truth
            .handed
            .iter()
            .enumerate()
            .filter(|(place, handed)| {
                let later = state.truth.handed.iter().skip(place + 1);
                wanted(handed) && !later.into_iter().any(|other| other.claim == handed.claim)
            })
            .map(|(place, handed)| (place, handed.clone()))
            .collect();
        drop(state);
        self.dice.pick(&newest).cloned()
    }

    /// The signer's own check, on the signer's clock. A malicious host changes the file first, and must be found out.
    fn accepts(&mut self, handed: &Handed) -> bool {
        let now = self.world.state().now;
        if self.dice.chance(150) {
            if let Some(changed) = self.tampered(&handed.file) {
                let verdict = recover_verify::verify(&changed, &self.roster, now);
                let mut state = self.world.state();
                state.truth.count("tampered package");
                if verdict.is_ok() {
                    let text = format!("the verifier accepts a changed package:\n{changed}");
                    state.truth.breaks(text);
                }
            }
            return false;
        }
        match recover_verify::verify(&handed.file, &self.roster, now) {
            Ok(report) => {
                let dead = self.dead_packages();
                let again = self.seen_by_signers.problems(&report, &dead);
                if !again.is_empty() {
                    let told: Vec<String> = again.iter().map(ToString::to_string).collect();
                    self.world.tell(format!(
                        "signers refuse {}: {}",
                        handed.claim,
                        told.join("; ")
                    ));
                    self.world.state().truth.count("signers saw it before");
                    return false;
                }
                self.seen_by_signers.add(&report);
                self.world.state().truth.count("signers accept");
                true
            }
            Err(problems) => {
                let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
                let mut state = self.world.state();
                state.tell(format!(
                    "signers refuse {}: {}",
                    handed.claim,
                    told.join("; ")
                ));
                for problem in &problems {
                    state
                        .truth
                        .count(format!("signers refuse {}", problem.code));
                }
                // What is handed out fresh must pass, or nobody could ever sign it.
                let only_old = problems.iter().all(|problem| is_about_time(problem.code));
                if !only_old {
                    let text = format!("signers refuse an honest package: {}", told.join("; "));
                    state.truth.breaks(text);
                }
                false
            }
        }
    }

    /// Packages of which the chain proves that they can never happen: the signers look at their own node.
    fn dead_packages(&self) -> Vec<Digest> {
        let state = self.world.state();
        let dead = state.truth.handed.iter().filter_map(|handed| {
            let What::Transaction {
                leg,
                unsigned,
                sequence,
            } = &handed.what
            else {
                return None;
            };
            let chain = state.chain(leg.network.as_str());
            let account = address::bytes(&address::parse(&leg.signer).ok()?)?;
            let (executed, block) = chain.user_of(account, *sequence)?;
            let opened = executed.opened.as_ref()?;
            let is_other = opened.unsigned != *unsigned || !executed.succeeded;
            let is_final = block.height.0 <= chain.final_height();
            (is_other && is_final).then(|| {
                let file: Value = serde_json::from_str(&handed.file).expect("our own file");
                Digest::parse(file["package_digest"].as_str().expect("a digest")).expect("a digest")
            })
        });
        dead.collect()
    }

    /// The file with something in it changed and its digest made new, as somebody would who holds the host.
    fn tampered(&mut self, file: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(file).expect("our own file");
        let thief = keys::text("a thief");
        let which = self.dice.below(8);
        let before = value.clone();
        match which {
            0 => {
                let text = file.replace(&keys::text("treasury"), &thief);
                value = serde_json::from_str(&text).expect("still JSON");
            }
            1 => {
                let bytes = value["bytes"].as_str()?.to_owned();
                let thief_bytes = hex::encode(keys::account("a thief"));
                let swapped = bytes.replace(&hex::encode(keys::account("treasury")), &thief_bytes);
                value["bytes"] = Value::from(swapped);
            }
            2 => value["attempt"] = Value::from(value["attempt"].as_u64()? + 1),
            3 => value["step"] = Value::from(value["step"].as_u64()? + 1),
            4 => value["expires_at"] = Value::from("2027-01-01T00:00:00Z"),
            5 => {
                let amount = value["content"]["amount"].as_str()?.to_owned();
                value["content"]["amount"] = Value::from(format!("{amount}0"));
            }
            6 => value["content"]["destination"] = Value::from(thief),
            _ => {
                // A nonce more in the bytes.
                let bytes = hex::decode(value["bytes"].as_str()?).ok()?;
                let mut transaction = Transaction::from_unsigned(&bytes).ok()?;
                transaction.nonce += 1;
                value["bytes"] = Value::from(hex::encode(transaction.unsigned_bytes()));
            }
        }
        if value == before {
            return None;
        }
        let changed: PackageFile = serde_json::from_value(value).ok()?;
        Some(changed.sealed().to_json())
    }

    /// Signers sign what passes, send it back or send it themselves. A bribed one signs something else.
    pub fn sign(&mut self) {
        let Some((place, handed)) =
            self.package(|handed| matches!(handed.what, What::Transaction { .. }))
        else {
            return;
        };
        let What::Transaction { leg, unsigned, .. } = &handed.what else {
            return;
        };
        let key = Sim::key_behind(&leg.signer).expect("every signer is known");
        let transaction = Transaction::from_unsigned(unsigned).expect("our own bytes");
        let is_bribed = self.world.state().faults.source > 0 && self.dice.chance(12);
        if is_bribed {
            let stolen = self.stolen(&transaction);
            let bytes = keys::sign(&key, &stolen);
            self.world.state().truth.count("bribed signer");
            if self.dice.chance(500) {
                self.world.tell(format!(
                    "a bribed signer sends something else for {}",
                    handed.claim
                ));
                self.send_by_hand(&handed.claim, leg, &bytes, Some(ByHand::Stolen(place)));
            } else {
                self.world.tell(format!(
                    "a bribed signer hands back something else for {}",
                    handed.claim
                ));
                self.signed.push((handed.claim.clone(), bytes));
            }
            return;
        }
        if !self.accepts(&handed) {
            return;
        }
        let bytes = keys::sign(&key, &transaction);
        self.world.tell(format!(
            "signers sign {} step {}",
            handed.claim, handed.step
        ));
        match self.dice.below(10) {
            0 => self.send_by_hand(&handed.claim, leg, &bytes, None),
            1 if self.world.state().faults.source > 0 => {
                let faster = sped_up(&transaction);
                let bytes = keys::sign(&key, &faster);
                self.world.tell("  and with a higher price");
                self.world.state().truth.count("sped up");
                self.send_by_hand(&handed.claim, leg, &bytes, Some(ByHand::SpedUp(place)));
            }
            _ => self.signed.push((handed.claim.clone(), bytes)),
        }
    }

    /// What can neither be signed nor taken back: the signers use its slot for a payment of nothing to themselves, as the refusal
    /// `package_live` asks.
    pub fn burn(&mut self, claim: &Claim) {
        // By the engine's record: an export that was cut off reached nobody, and holds its slot all the same.
        let (Some(Step::Send(leg)), Some(package)) =
            (claim.current_step(), &claim.execution.package)
        else {
            return;
        };
        let key = Sim::key_behind(&leg.signer).expect("every signer is known");
        let mut transaction = Transaction::from_unsigned(&package.bytes).expect("our own bytes");
        transaction.to = keys::account(&key);
        transaction.value = Amount::ZERO;
        transaction.data = Vec::new();
        let bytes = keys::sign(&key, &transaction);
        self.world.state().truth.count("slot burnt");
        self.send_by_hand(claim.id.as_str(), leg, &bytes, Some(ByHand::Burnt));
    }

    fn stolen(&mut self, transaction: &Transaction) -> Transaction {
        let mut stolen = transaction.clone();
        let thief = keys::account("a thief");
        match call::read_transfer(&transaction.data) {
            Some((_, amount)) => stolen.data = call::transfer(thief, amount),
            None => stolen.to = thief,
        }
        stolen
    }

    fn send_by_hand(&mut self, claim: &str, leg: &Leg, bytes: &[u8], why: Option<ByHand>) {
        let mut state = self.world.state();
        let network = if leg.network.as_str() == NORTH {
            NORTH
        } else {
            SOUTH
        };
        let opened = recover_chain_evm::transaction::open(bytes).expect("signed here");
        let id = address::tx_id(&opened.hash);
        if let Some(why) = why {
            state.truth.by_hand.insert(id.clone(), why);
        }
        let chain = state
            .chains
            .iter_mut()
            .find(|chain| chain.id.as_str() == network);
        let sent = chain.expect("two networks").submit(bytes);
        state.tell(format!(
            "signers send {id} for {} themselves: {sent:?}",
            claim
        ));
        drop(state);
        self.sent_by_hand
            .push((claim.to_owned(), id.as_str().to_owned()));
    }

    /// The ledger's team checks a package and books it; sometimes with a wrong amount, sometimes again.
    pub fn book(&mut self, claim: Option<&Claim>) {
        let Some((_, handed)) = self.package(|handed| {
            matches!(handed.what, What::Instructions(_))
                && claim.is_none_or(|claim| handed.claim == claim.id.as_str())
        }) else {
            return;
        };
        let What::Instructions(text) = &handed.what else {
            return;
        };
        if !self.accepts(&handed) {
            return;
        }
        let mut state = self.world.state();
        let wrong = state.faults.source > 0 && state.dice.chance(25);
        state.tell(format!(
            "the ledger books {}{}",
            handed.claim,
            if wrong { ", wrongly" } else { "" }
        ));
        state
            .truth
            .count(if wrong { "booked wrongly" } else { "booked" });
        state.ledger.book(&handed.claim, text, wrong);
    }
}

/// Whether a package that was right when it was handed out may be refused so later.
fn is_about_time(code: Code) -> bool {
    matches!(
        code.to_string().as_str(),
        "expired"
            | "screening_missing"
            | "vote_too_old"
            | "quorum_missing"
            | "times_differ"
            | "tier_differs"
            | "delay_running"
    )
}

/// The same effect at a higher price, as signers do who want it in the next block.
fn sped_up(transaction: &Transaction) -> Transaction {
    let more = |amount: Amount| Amount::from_u128(amount.to_u128().expect("small") * 110 / 100);
    Transaction {
        price: match transaction.price {
            Price::Legacy { gas_price } => Price::Legacy {
                gas_price: more(gas_price),
            },
            Price::Dynamic { max_fee, max_tip } => Price::Dynamic {
                max_fee: more(max_fee),
                max_tip: more(max_tip),
            },
        },
        ..transaction.clone()
    }
}
