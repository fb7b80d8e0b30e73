//! What people, signers, the ledger and the outside do. Each action takes its person and its object by the dice.

use crate::chain::Gift;
use crate::desk::{NORTH, PEOPLE, SOUTH, USERS, contract, key_of_user};
use crate::keys;
use crate::sim::{Ran, Sim};
use crate::truth::Switch;
use crate::votes;
use recover_core::asset::AssetId;
use recover_core::block::TxId;
use recover_core::claim::{Claim, ClaimStatus, Command, Evidence, Refusal};
use recover_core::decimal::Decimal;
use recover_core::network::NetworkId;
use recover_core::observation::{DepositId, Position};
use recover_core::people::Person;
use recover_engine::claims::{OpenOptions, QuoteOptions, StepOptions};
use recover_engine::error::EngineError;
use recover_engine::scan::{ScanOptions, Silent};
use recover_store::{DepositFilter, DepositOrder, Price};
use std::future::Future;

const MAKERS: &[&str] = &["specialist", "agent"];
const VOTERS: &[&str] = &["wallet", "wallet_lead", "compliance"];

impl Sim {
    /// Somebody with one of the roles; sometimes anybody at all.
    pub fn somebody(&mut self, roles: &[&str]) -> &'static str {
        let anybody = self.dice.chance(60);
        let fitting: Vec<&'static str> = PEOPLE
            .iter()
            .filter(|(_, role)| anybody || roles.contains(role))
            .map(|(name, _)| *name)
            .collect();
        self.dice
            .pick(&fitting)
            .copied()
            .expect("every role has people")
    }

    pub fn person(&self, name: &str) -> Person {
        let found = self.desk.policy.person(name);
        found.expect("the policy names everybody").clone()
    }

    pub fn tell(&self, line: impl Into<String>) {
        self.world.tell(line);
    }

    pub fn count(&self, what: impl Into<String>) {
        self.world.state().truth.count(what);
    }

    // ---- The outside ----

    /// Time passes and blocks are made.
    pub fn pass(&mut self) {
        let seconds = match self.dice.below(10) {
            0 => 7_200,
            1 | 2 => 1_500,
            _ => 120,
        };
        let seconds = i64::try_from(self.dice.between(1, seconds)).expect("small");
        let blocks = self.dice.between(1, 4);
        self.world.state().pass(seconds, blocks);
    }

    /// A customer pays to an address of ours, rightly or not.
    pub fn deposit(&mut self) {
        let user = self.dice.below(USERS);
        let (network, symbol, decimals, unit) = self.dice.weighted(&[
            ((NORTH, None, 18_u32, 2_000_u128), 20),
            ((NORTH, Some("NUSD"), 6, 1), 20),
            ((NORTH, Some("OLDN"), 6, 1), 30),
            ((SOUTH, None, 18, 500), 25),
            ((SOUTH, Some("SUSD"), 6, 1), 30),
        ]);
        let worth = if self.small_deposits {
            60
        } else {
            u128::from(self.dice.weighted(&[
                (60_u64, 2),
                (400, 6),
                (1_500, 5),
                (6_000, 4),
                (20_000, 2),
            ]))
        };
        let worth = worth + u128::from(self.dice.below(50));
        let amount = worth * 10_u128.pow(decimals) / unit + u128::from(self.dice.below(1000));
        let id = TxId::new(&format!("0x{}", hex::encode(self.dice.word())));
        let kind = symbol.map(|symbol| keys::account(&format!("token {symbol}")));
        let gift = Gift {
            id: id.clone(),
            from: keys::account("a customer elsewhere"),
            to: keys::account(&key_of_user(user)),
            kind,
            amount,
        };
        let position = if kind.is_some() {
            Position::log(0)
        } else {
            Position::value()
        };
        let deposit = DepositId::of(&NetworkId::new(network), &id, &position);
        let mut state = self.world.state();
        state.truth.arrived(&deposit, format!("U-{user}"), amount);
        let chain = state
            .chains
            .iter_mut()
            .find(|chain| chain.id.as_str() == network);
        chain.expect("two networks").give(gift);
        let what = symbol.unwrap_or("coin");
        state.tell(format!(
            "U-{user} pays {amount} of {what} on {network}: {deposit}"
        ));
        state.truth.count("deposit");
    }

    /// Something odd happens on a chain.
    pub fn oddity(&mut self) {
        let place = usize::try_from(self.dice.below(2)).expect("small");
        let which = self.dice.below(10);
        let mut state = self.world.state();
        let state = &mut *state;
        let now = state.now;
        let chain = state.chains.get_mut(place).expect("two networks");
        let told = match which {
            0..=3 => {
                let depth = state.dice.between(1, 5);
                let depth = chain.reorganise(depth, now, &mut state.dice);
                format!("{}: {depth} blocks are reorganised", chain.id)
            }
            4 | 5 => {
                chain.base_fee = u128::from(state.dice.between(2, 60)) * 1_000_000_000;
                format!("{}: the base fee is {}", chain.id, chain.base_fee)
            }
            6 | 7 => {
                let symbol = if place == 0 { "OLDN" } else { "SUSD" };
                let token = keys::account(&format!("token {symbol}"));
                if !chain.paused.remove(&token) {
                    chain.paused.insert(token);
                }
                format!(
                    "{}: {symbol} paused or not: {:?}",
                    chain.id,
                    chain.paused.len()
                )
            }
            _ => {
                let forgotten = chain.forget(&mut state.dice);
                format!("{}: nodes forget {forgotten} transactions", chain.id)
            }
        };
        state.truth.count(
            told.split(':')
                .nth(1)
                .unwrap_or("")
                .trim()
                .split(' ')
                .next_back()
                .unwrap_or("")
                .to_owned(),
        );
        state.tell(told);
        state.look();
    }

    // ---- The program's own work ----

    fn work<T: std::fmt::Debug>(
        &mut self,
        what: &str,
        work: impl Future<Output = Result<T, EngineError>>,
    ) -> Option<T> {
        self.count(what);
        match self.run(work) {
            Ran::Done(Ok(done)) => {
                self.tell(what);
                Some(done)
            }
            Ran::Done(Err(error)) => {
                self.tell(format!("{what}: {error}"));
                self.must_not_be_damage(what, &error);
                None
            }
            Ran::Died => {
                self.tell(format!("{what}: cut off"));
                None
            }
        }
    }

    /// A store that cannot read what it wrote is no fault of the outside.
    pub fn must_not_be_damage(&self, what: &str, error: &EngineError) {
        if let EngineError::Store(error) = error {
            let text = format!("{what}: the store failed: {error:?}");
            self.world.state().truth.breaks(text);
        }
    }

    pub fn scan(&mut self) {
        let engine = self.engine();
        self.work("scan", async move {
            let options = ScanOptions {
                networks: Vec::new(),
                from: None,
                to: None,
            };
            engine.scan(&options, &Silent).await
        });
    }

    pub fn reconcile(&mut self) {
        let engine = self.engine();
        self.work(
            "reconcile",
            async move { engine.reconcile(true, &Silent).await },
        );
    }

    pub fn track(&mut self) {
        let engine = self.engine();
        self.work("track", async move { engine.track_claims().await });
    }

    pub fn prices(&mut self) {
        let engine = self.engine();
        let now = self.world.state().now;
        let price = |network: &str, symbol: Option<&str>, price: &str| Price {
            asset: match symbol {
                None => AssetId::native(NetworkId::new(network)),
                Some(symbol) => AssetId::contract(NetworkId::new(network), &contract(symbol)),
            },
            currency: "USD".to_owned(),
            price: Decimal::parse(price).expect("a number"),
            priced_at: now,
            source: "the simulator".to_owned(),
        };
        let prices = vec![
            price(NORTH, None, "2000"),
            price(NORTH, Some("NUSD"), "1"),
            price(NORTH, Some("OLDN"), "1"),
            price(SOUTH, None, "500"),
            price(SOUTH, Some("SUSD"), "1"),
        ];
        self.work("prices", async move {
            Ok(engine.store().import_prices(prices, now).await?)
        });
    }

    pub fn halt(&mut self) {
        let name = self.somebody(&["wallet", "compliance", "treasury"]);
        self.switch_halt(name, true);
    }

    pub fn lift(&mut self) {
        let name = self.somebody(&["wallet_lead"]);
        self.switch_halt(name, false);
    }

    fn switch_halt(&mut self, name: &'static str, on: bool) {
        let engine = self.engine();
        let before = {
            let mut state = self.world.state();
            let before = state.truth.halt;
            state.truth.halt = Switch::Perhaps;
            if !on {
                state.truth.lifting.insert(name.to_owned());
            }
            before
        };
        let what = if on { "halt" } else { "lift" };
        self.count(what);
        let ran = self.run(async move {
            if on {
                engine.halt("something looks wrong", Some(name)).await
            } else {
                engine.lift_halt("looked at it", Some(name)).await
            }
        });
        let mut state = self.world.state();
        let (now, told) = match ran {
            Ran::Done(Ok(halts)) if halts.is_halted() => (Switch::On, "halted".to_owned()),
            Ran::Done(Ok(_)) => (Switch::Off, "not halted".to_owned()),
            Ran::Done(Err(EngineError::Halt(error))) => (before, error.to_string()),
            Ran::Done(Err(error)) => (Switch::Perhaps, error.to_string()),
            Ran::Died => (Switch::Perhaps, "cut off".to_owned()),
        };
        state.tell(format!("{name}: {what}: {told}"));
        let now = match (now, before) {
            // What was cut off cannot have lifted it where nobody else had begun.
            (Switch::Perhaps, Switch::On) if on || state.truth.lifting.len() < 2 => Switch::On,
            (now, _) => now,
        };
        if now == Switch::Off && before == Switch::On && state.truth.lifting.len() < 2 {
            let people = state.truth.lifting.clone();
            state
                .truth
                .breaks(format!("{people:?} alone lifted the halt"));
        }
        if now == Switch::Off || (on && now == Switch::On) {
            state.truth.lifting.clear();
        }
        state.truth.halt = now;
    }

    // ---- Claims ----

    /// Runs a command on a claim and keeps what was acknowledged.
    pub fn command(
        &mut self,
        claim: &str,
        code: &'static str,
        name: &'static str,
        work: impl Future<Output = Result<Claim, EngineError>>,
    ) -> Result<Claim, Option<Refusal>> {
        let ran = self.run(work);
        let mut state = self.world.state();
        match ran {
            Ran::Done(Ok(after)) => {
                state.tell(format!(
                    "{name}: {code} {claim} r{} is {}",
                    after.revision, after.status
                ));
                state.truth.count(format!("{code} done"));
                let id = after.id.as_str().to_owned();
                let known = state.truth.claims.entry(id.clone()).or_default();
                known.acknowledged.insert((code, name.to_owned()));
                let ended = matches!(
                    after.status,
                    ClaimStatus::Settled | ClaimStatus::Rejected | ClaimStatus::Cancelled
                );
                if ended && code != "dry" {
                    known.end = Some(after.status);
                }
                drop(state);
                self.remembered.insert(id, after.clone());
                Ok(after)
            }
            Ran::Done(Err(error)) => {
                state.tell(format!("{name}: {code} {claim}: {error}"));
                let refusal = match &error {
                    EngineError::Refused { refusal } => Some(*refusal),
                    _ => None,
                };
                let why = refusal.map_or("failed", Refusal::code);
                state.truth.count(format!("{code} {why}"));
                drop(state);
                self.must_not_be_damage(code, &error);
                Err(refusal)
            }
            Ran::Died => {
                state.tell(format!("{name}: {code} {claim}: cut off"));
                state.truth.count(format!("{code} cut off"));
                Err(None)
            }
        }
    }

    /// Somebody opens a claim on a deposit that the engine shows.
    pub fn open(&mut self) {
        let engine = self.engine();
        let page = self.read(engine.store().list_deposits(
            &DepositFilter::default(),
            DepositOrder::Id,
            None,
            200,
        ));
        let deposits = match page {
            Ok(page) => page.deposits,
            Err(error) => {
                self.world
                    .state()
                    .truth
                    .breaks(format!("deposits cannot be read: {error}"));
                return;
            }
        };
        let claims = self.claims();
        let free: Vec<_> = deposits
            .iter()
            .filter(|stored| {
                !claims
                    .iter()
                    .any(|claim| claim.deposit == stored.deposit.id() && claim.status.is_open())
            })
            .collect();
        let stored = if self.dice.chance(100) {
            self.dice.pick(&deposits)
        } else {
            self.dice.pick(&free).copied()
        };
        let Some(stored) = stored else { return };
        let id = stored.deposit.id();
        let wants_address = stored.deposit.classification.kind.code() == "retired_contract";
        let destination = (wants_address || self.dice.chance(50))
            .then(|| keys::text(&format!("outside {}", self.dice.below(4))));
        let beneficiary = self
            .dice
            .chance(60)
            .then(|| format!("U-{}", self.dice.below(USERS)));
        let options = OpenOptions {
            destination: destination.clone(),
            beneficiary,
            ..OpenOptions::default()
        };
        let name = self.somebody(MAKERS);
        let person = self.person(name);
        let deposit = id.clone();
        // Whatever became of it, the claim's id is known.
        let work = async move { engine.open_claim(&deposit, &options, &person).await };
        if let Ok(claim) = self.command(id.as_str(), "open", name, work) {
            let mut state = self.world.state();
            if !state.truth.deposits.contains_key(id.as_str()) {
                let text = format!("a claim was opened on {id}, which no customer paid");
                state.truth.breaks(text);
            }
            let known = state.truth.claims.entry(claim.id.to_string()).or_default();
            known.deposit = id.as_str().to_owned();
            known.opened_by = claim.opened_by.clone();
            known.destination = claim.destination.clone();
            known.involved.insert(name.to_owned());
        }
    }

    /// What the world must know of a claim that was opened by a command that was cut off.
    pub fn adopt(&mut self, claims: &[Claim]) {
        let mut state = self.world.state();
        for claim in claims {
            let known = state.truth.claims.entry(claim.id.to_string()).or_default();
            if known.deposit.is_empty() {
                known.deposit = claim.deposit.as_str().to_owned();
                known.opened_by = claim.opened_by.clone();
                known.destination = claim.destination.clone();
            }
        }
    }

    fn options(&mut self, claim: &Claim) -> StepOptions {
        let revision = if self.dice.chance(700) {
            Some(claim.revision)
        } else {
            None
        };
        StepOptions {
            revision,
            dry_run: self.dice.chance(20),
        }
    }

    pub fn quote(&mut self, claim: &Claim) -> Option<Refusal> {
        let (engine, name) = (self.engine(), self.somebody(MAKERS));
        let (id, person, options) = (claim.id.clone(), self.person(name), self.options(claim));
        let is_kept = !options.dry_run;
        let work = async move {
            let options = QuoteOptions {
                step: options,
                spend_inscription: false,
                fee: None,
            };
            let quoted = engine.quote_claim(&id, &options, &person).await?;
            Ok(quoted.claim)
        };
        let done = self.command(
            claim.id.as_str(),
            if is_kept { "quote" } else { "dry" },
            name,
            work,
        );
        if is_kept && done.is_ok() {
            self.involve(claim, name);
        }
        done.err().flatten()
    }

    fn involve(&mut self, claim: &Claim, name: &str) {
        let mut state = self.world.state();
        let known = state.truth.claims.entry(claim.id.to_string()).or_default();
        known.involved.insert(name.to_owned());
    }

    /// A plain command.
    fn step(
        &mut self,
        claim: &Claim,
        command: Command,
        code: &'static str,
        name: &'static str,
    ) -> Result<Claim, Option<Refusal>> {
        let engine = self.engine();
        let mut options = self.options(claim);
        if matches!(command, Command::Screen { .. }) {
            options.dry_run = false;
        }
        let code = if options.dry_run { "dry" } else { code };
        let (id, person) = (claim.id.clone(), self.person(name));
        self.command(claim.id.as_str(), code, name, async move {
            engine.step_claim(&id, command, &options, &person).await
        })
    }

    pub fn accept(&mut self, claim: &Claim) -> Option<Refusal> {
        let name = self.somebody(MAKERS);
        let accept = Command::Accept {
            evidence: Evidence {
                text: "ticket 4711".to_owned(),
                file: None,
            },
        };
        let done = self.step(claim, accept, "accept", name);
        if done.is_ok() {
            self.involve(claim, name);
        }
        done.err().flatten()
    }

    pub fn screen(&mut self, claim: &Claim, clear: bool) -> Option<Refusal> {
        // Who screens cannot vote: most of the time the same two do it.
        let name = match self.dice.below(20) {
            0 => self.somebody(&["compliance"]),
            1..=14 => "farah",
            _ => "hana",
        };
        let id = claim.id.to_string();
        let before = {
            let mut state = self.world.state();
            let known = state.truth.claims.entry(id.clone()).or_default();
            std::mem::replace(&mut known.hold, Switch::Perhaps)
        };
        let command = Command::Screen {
            clear,
            reason: "looked at the sender".to_owned(),
        };
        let code = if clear { "screen_clear" } else { "screen_hold" };
        let done = self.step(claim, command, code, name);
        let mut state = self.world.state();
        let known = state.truth.claims.entry(id).or_default();
        known.hold = match (&done, clear) {
            (Ok(_), true) => Switch::Off,
            (Ok(_), false) => Switch::On,
            (Err(Some(_)), _) => before,
            // A hold that was cut off on a claim that was held leaves it held.
            (Err(None), false) if before == Switch::On => Switch::On,
            (Err(None), _) => Switch::Perhaps,
        };
        if done.is_ok() {
            known.involved.insert(name.to_owned());
        }
        done.err().flatten()
    }

    /// Who should vote next: somebody who did nothing on the claim, most of the time.
    pub fn voter(&mut self, claim: &Claim) -> &'static str {
        if self.dice.chance(150) {
            return self.somebody(VOTERS);
        }
        let free: Vec<&'static str> = PEOPLE
            .iter()
            .filter(|(name, role)| {
                VOTERS.contains(role)
                    && !claim.involved.contains(*name)
                    && !claim.approvals.iter().any(|vote| vote.person == *name)
            })
            .map(|(name, _)| *name)
            .collect();
        let found = self.dice.pick(&free).copied();
        found.unwrap_or("chidi")
    }

    pub fn approve(&mut self, claim: &Claim) -> Option<Refusal> {
        let name = if self.dice.chance(80) {
            // The opener decides alone where the policy lets them.
            PEOPLE
                .iter()
                .map(|(name, _)| *name)
                .find(|name| *name == claim.opened_by)
                .unwrap_or("ana")
        } else {
            self.voter(claim)
        };
        let vote = self.vote(claim, name);
        let done = self.command(claim.id.as_str(), "approve", name, vote);
        self.voted(claim, name, &done);
        done.err().flatten()
    }

    /// A vote on what the person saw, which may be old.
    pub fn vote(
        &mut self,
        claim: &Claim,
        name: &'static str,
    ) -> impl Future<Output = Result<Claim, EngineError>> + use<> {
        let engine = self.engine();
        let old = self.remembered.get(claim.id.as_str()).cloned();
        let seen = old
            .filter(|_| self.dice.chance(100))
            .unwrap_or_else(|| claim.clone());
        let content = seen.content_digest();
        {
            let mut state = self.world.state();
            let known = state.truth.claims.entry(claim.id.to_string()).or_default();
            known
                .votes
                .entry(content)
                .or_default()
                .insert(name.to_owned());
            known.contents.insert(content, seen.clone());
        }
        let signature = (self.signed_votes && !self.dice.chance(30)).then(|| {
            // Sometimes somebody else's key.
            let by = if self.dice.chance(30) { "chidi" } else { name };
            votes::sign(by, &content)
        });
        let options = StepOptions {
            revision: Some(if self.dice.chance(900) {
                seen.revision
            } else {
                claim.revision
            }),
            dry_run: false,
        };
        let (id, person) = (claim.id.clone(), self.person(name));
        async move {
            engine
                .approve_claim(&id, Some(content), signature, &options, &person)
                .await
        }
    }

    pub fn voted(&mut self, claim: &Claim, name: &str, done: &Result<Claim, Option<Refusal>>) {
        let mut state = self.world.state();
        let known = state.truth.claims.entry(claim.id.to_string()).or_default();
        // A vote that is repeated after an edit is told as done before: it stands on the content of then.
        let voted: Vec<_> = known
            .votes
            .iter()
            .filter(|(_, people)| people.contains(name))
            .map(|(content, _)| *content)
            .collect();
        if let Ok(after) = done {
            let is_there = after.approvals.iter().any(|vote| vote.person == name);
            let content = after.content_digest();
            if is_there && voted.contains(&content) {
                known.acknowledged_votes.insert((content, name.to_owned()));
            }
        }
    }

    pub fn reject(&mut self, claim: &Claim) -> Option<Refusal> {
        let name = self.voter(claim);
        let reason = "the sender is not who they say".to_owned();
        self.step(claim, Command::Reject { reason }, "reject", name)
            .err()
            .flatten()
    }

    pub fn cancel(&mut self, claim: &Claim) -> Option<Refusal> {
        let name = self.somebody(MAKERS);
        let reason = "the customer took it back".to_owned();
        self.step(claim, Command::Cancel { reason }, "cancel", name)
            .err()
            .flatten()
    }
}
