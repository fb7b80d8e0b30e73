//! Running a seed: things happen at random, then the faults stop and everybody does their work.

use crate::sim::{Options, Sim};
use crate::world::Faults;
use recover_chain_evm::transaction::Transaction;
use recover_core::claim::{Claim, ClaimStatus, Refusal};
use recover_core::plan::Step;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a seed that held has done.
#[derive(Debug, Default)]
pub struct Report {
    /// How often each thing happened.
    pub counts: BTreeMap<String, u64>,
    /// How many actions there were.
    pub actions: u64,
    /// Where claims ended.
    pub ends: BTreeMap<&'static str, u64>,
}

/// A seed that broke something.
pub struct Broken {
    pub what: Vec<String>,
    pub trace: String,
}

/// Rounds in which everybody does their work, a quarter of an hour each. A package that the signers saw after a later one is
/// refused; it must run out, be voted on anew and wait for its tier, which may happen twice.
const ROUNDS: u64 = 60;

/// Runs a seed to its end.
pub fn run(sim: &mut Sim) -> Result<Report, Broken> {
    let mut report = Report::default();
    sim.world.state().faults = match sim.options.seed % 4 {
        0 => Faults::default(),
        1 => Faults {
            source: 60,
            lag: 60,
            crash_in_source: 6,
            crash_anywhere: 60,
        },
        _ => Faults {
            source: 25,
            lag: 40,
            crash_in_source: 2,
            crash_anywhere: 20,
        },
    };
    sim.prices();
    for _ in 0..4 {
        sim.deposit();
        sim.pass();
    }
    for _ in 0..3 {
        sim.pass();
    }
    sim.scan();
    for event in 0..sim.options.events {
        act(sim);
        report.actions += 1;
        sim.check();
        if event % 40 == 39 {
            sim.check_log();
        }
        if let Some(edit) = sim.options.edit {
            sim.edit_tables(edit);
        }
        stop_if_broken(sim)?;
    }
    sim.check_log();
    stop_if_broken(sim)?;
    finish(sim, &mut report)?;
    let state = sim.world.state();
    report.counts = state.truth.counts.clone();
    Ok(report)
}

fn stop_if_broken(sim: &Sim) -> Result<(), Broken> {
    let state = sim.world.state();
    if state.truth.breaks.is_empty() {
        return Ok(());
    }
    let mut what = state.truth.breaks.clone();
    what.dedup();
    let mut trace = String::new();
    for line in &state.trace {
        writeln!(trace, "{line}").expect("a string takes it");
    }
    Err(Broken { what, trace })
}

/// What may happen, and how often beside the rest.
type Chance = (fn(&mut Sim), u64);

/// One thing happens.
fn act(sim: &mut Sim) {
    let table: &[Chance] = &[
        (Sim::pass, 90),
        (Sim::deposit, 35),
        (Sim::oddity, 14),
        (Sim::scan, 40),
        (Sim::reconcile, 12),
        (Sim::track, 30),
        (Sim::prices, 25),
        (Sim::open, 50),
        (Sim::halt, 2),
        (Sim::lift, 12),
        (Sim::sign, 60),
        (|sim| sim.book(None), 50),
        (
            |sim| {
                let _ = sim.import();
            },
            50,
        ),
        (
            |sim| {
                let _ = sim.import_txid();
            },
            15,
        ),
        (any_step, 90),
        (next_step, 400),
    ];
    let places: Vec<(usize, u64)> = table
        .iter()
        .enumerate()
        .map(|(place, (_, weight))| (place, *weight))
        .collect();
    let place = sim.dice.weighted(&places);
    if let Some((action, _)) = table.get(place) {
        action(sim);
    }
}

fn some_claim(sim: &mut Sim, open_only: bool) -> Option<Claim> {
    let mut claims = sim.claims();
    if open_only {
        claims.retain(|claim| claim.status.is_open());
    }
    let claim = sim.dice.pick(&claims).cloned()?;
    // People remember what they saw.
    if sim.dice.chance(300) {
        sim.remembered.insert(claim.id.to_string(), claim.clone());
    }
    Some(claim)
}

/// Anything at all is tried on any claim.
fn any_step(sim: &mut Sim) {
    let Some(claim) = some_claim(sim, false) else {
        return;
    };
    match sim.dice.below(13) {
        0 => sim.quote(&claim),
        1 => sim.accept(&claim),
        2 => sim.screen(&claim, true),
        3 => sim.screen(&claim, false),
        4 | 5 => sim.approve(&claim),
        6 => sim.reject(&claim),
        7 => sim.cancel(&claim),
        8 | 9 => sim.export(&claim),
        10 => sim.broadcast(&claim),
        11 => sim.acknowledge(&claim),
        _ => {
            sim.race(&claim);
            None
        }
    };
}

/// What an open claim needs next.
fn next_step(sim: &mut Sim) {
    if let Some(claim) = some_claim(sim, true) {
        advance(sim, &claim);
    }
}

/// Does what the claim's status asks for; the refusal when it was refused.
pub fn advance(sim: &mut Sim, claim: &Claim) -> Option<Refusal> {
    if claim.hold.is_some() {
        return sim.screen(claim, true);
    }
    let is_bound = claim.execution.has_bookings() || claim.execution.has_moved_deposit();
    match claim.status {
        ClaimStatus::FailedOnChain | ClaimStatus::ArtifactExpired if is_bound => sim.export(claim),
        ClaimStatus::Draft
        | ClaimStatus::QuoteExpired
        | ClaimStatus::ArtifactExpired
        | ClaimStatus::FailedOnChain => sim.quote(claim),
        ClaimStatus::Quoted => sim.accept(claim),
        ClaimStatus::Accepted => sim.screen(claim, true),
        ClaimStatus::PendingApproval => sim.approve(claim),
        ClaimStatus::Approved | ClaimStatus::Prepared => sim.export(claim),
        ClaimStatus::AwaitingSignature => {
            let package = claim.execution.package.as_ref();
            if package.is_some_and(|package| package.signed.is_some()) {
                return sim.broadcast(claim);
            }
            match sim.dice.below(3) {
                0 => sim.export(claim),
                1 => {
                    sim.sign();
                    None
                }
                _ => sim.import(),
            }
        }
        ClaimStatus::BroadcastUnknown | ClaimStatus::Broadcast | ClaimStatus::Reorged => {
            if sim.dice.chance(500) {
                return sim.broadcast(claim);
            }
            sim.track();
            None
        }
        ClaimStatus::Confirming => {
            if claim.execution.package.is_none() {
                return sim.export(claim);
            }
            sim.track();
            None
        }
        ClaimStatus::Instructed if claim.execution.package.is_some() && !claim.is_decided() => {
            sim.approve(claim)
        }
        ClaimStatus::Instructed => {
            if claim.execution.package.is_none() || sim.dice.chance(200) {
                return sim.export(claim);
            }
            sim.book(Some(claim));
            sim.acknowledge(claim)
        }
        ClaimStatus::Settled
        | ClaimStatus::Rejected
        | ClaimStatus::Cancelled
        | ClaimStatus::Invalidated
        | ClaimStatus::Mispaid => None,
    }
}

/// The faults stop, time passes, everybody does their work: every claim comes to an end or waits for a person who is named.
fn finish(sim: &mut Sim, report: &mut Report) -> Result<(), Broken> {
    sim.world.tell("the faults stop");
    {
        let mut state = sim.world.state();
        state.faults = Faults::default();
        for chain in &mut state.chains {
            chain.paused.clear();
            chain.base_fee = 1_000_000_000;
        }
    }
    let mut last: BTreeMap<String, String> = BTreeMap::new();
    for round in 0..ROUNDS {
        {
            let mut state = sim.world.state();
            state.now = state.now.plus_seconds(900).expect("years are enough");
            let now = state.now;
            for chain in &mut state.chains {
                chain.mine_all(4, now);
            }
            state.look();
        }
        if round > 3 {
            fill_by_hand(sim);
        }
        sim.prices();
        sim.scan();
        sim.lift();
        sim.lift();
        sim.reconcile();
        let open: Vec<Claim> = sim
            .claims()
            .into_iter()
            .filter(|claim| claim.status.is_open() && claim.status != ClaimStatus::Mispaid)
            .collect();
        if open.is_empty() {
            break;
        }
        for claim in &open {
            // Several tries: the person who is drawn may be the wrong one.
            let mut claim = claim.clone();
            for _ in 0..2 {
                let refusal = work_on(sim, &claim, round);
                report.actions += 1;
                if let Some(refusal) = refusal {
                    last.insert(claim.id.to_string(), refusal.code().to_owned());
                }
                let engine = sim.engine();
                match sim.read(engine.claim(&claim.id)) {
                    Ok(now) => claim = now,
                    Err(_) => break,
                }
                if !claim.status.is_open() {
                    break;
                }
            }
        }
        sim.check();
        stop_if_broken(sim)?;
    }
    sim.check_log();
    sim.check_thefts();
    let claims = sim.claims();
    for claim in &claims {
        *report.ends.entry(claim.status.code()).or_default() += 1;
        let is_over = !claim.status.is_open() || claim.status == ClaimStatus::Mispaid;
        if !is_over {
            let text = format!(
                "{} never ends: {} since everybody works on it, lately {:?}",
                claim.id,
                claim.status,
                last.get(claim.id.as_str())
            );
            let stuck = stuck_because(sim, claim);
            sim.world.state().truth.breaks(format!("{text}{stuck}"));
        }
    }
    stop_if_broken(sim)
}

/// Two claims at one address may each have counted on the same coin for the network: the address is filled by a person, as the
/// refusal `gas_missing` asks.
fn fill_by_hand(sim: &mut Sim) {
    for claim in sim.claims() {
        let Some(Step::Send(leg)) = claim.current_step() else {
            continue;
        };
        if !claim.status.is_open() || claim.approved.is_none() {
            continue;
        }
        let mut state = sim.world.state();
        let state = &mut *state;
        let account = crate::source::bytes(&leg.signer);
        let is_native = leg.asset.contract_text().is_none();
        let value = leg.amount.to_u128().filter(|_| is_native).unwrap_or(0);
        let needed = value + leg.fee_max.to_u128().expect("small");
        let chain = state
            .chains
            .iter_mut()
            .find(|chain| chain.id == leg.network);
        let chain = chain.expect("two networks");
        let held = chain.held(None, account);
        if held < needed {
            chain.endow(None, account, needed - held);
            state.truth.count("filled by hand");
            state.tell(format!("somebody fills {} for {}", leg.signer, claim.id));
        }
    }
}

/// What the chain says of a package that does not move.
fn stuck_because(sim: &Sim, claim: &Claim) -> String {
    let package = claim.execution.package.as_ref();
    let (Some(slot), Some(Step::Send(leg))) = (
        package.and_then(|package| package.slot.as_ref()),
        claim.current_step(),
    ) else {
        return String::new();
    };
    let state = sim.world.state();
    let chain = state.chain(leg.network.as_str());
    let account = crate::source::bytes(&slot.account);
    let transaction = package.and_then(|package| Transaction::from_unsigned(&package.bytes).ok());
    format!(
        "; {} has sent {:?} and holds {}, the package has slot {} and needs {:?} plus {}",
        slot.account,
        chain.counts(account),
        chain.held(None, account),
        slot.sequence,
        transaction
            .as_ref()
            .and_then(Transaction::fee_max)
            .map(|fee| fee.to_base_units()),
        leg.amount.to_base_units(),
    )
}

/// The work that a claim needs, by people who want to be done with it.
fn work_on(sim: &mut Sim, claim: &Claim, round: u64) -> Option<Refusal> {
    // What cannot go on is withdrawn after a while, as a desk does.
    if round > 6 && sim.dice.chance(500) {
        // Withdrawn: nothing was refused.
        sim.cancel(claim)?;
    }
    let has_slot = claim
        .execution
        .package
        .as_ref()
        .is_some_and(|package| package.slot.is_some());
    if round > 16 && has_slot && claim.status != ClaimStatus::Prepared {
        sim.burn(claim);
    }
    let refusal = advance(sim, claim);
    if refusal == Some(Refusal::ScreeningMissing) {
        sim.screen(claim, true);
    }
    let is_out = matches!(
        claim.status,
        ClaimStatus::AwaitingSignature
            | ClaimStatus::BroadcastUnknown
            | ClaimStatus::Broadcast
            | ClaimStatus::Confirming
    );
    if is_out {
        sim.sign();
        sim.import();
        sim.import_txid();
    }
    refusal
}

/// Runs seeds one after another and panics at the first that broke something.
pub fn seeds(first: u64, count: u64, options: impl Fn(u64) -> Options) {
    let started = std::time::Instant::now();
    let mut total = Report::default();
    for seed in first..first + count {
        let mut sim = Sim::on_sqlite(options(seed));
        match run(&mut sim) {
            Ok(report) => {
                if std::env::var_os("SIMULATOR_TELL").is_some() {
                    println!("seed {seed}: {} ms in all", started.elapsed().as_millis());
                }
                total.actions += report.actions;
                for (what, count) in report.counts {
                    *total.counts.entry(what).or_default() += count;
                }
                for (end, count) in report.ends {
                    *total.ends.entry(end).or_default() += count;
                }
            }
            Err(broken) => fail(seed, &broken),
        }
    }
    let millis = started.elapsed().as_millis();
    println!(
        "{count} seeds from {first}: {} actions in {millis} ms; claims ended {:?}; {:?}",
        total.actions, total.ends, total.counts
    );
}

/// Prints what a seed broke.
pub fn fail(seed: u64, broken: &Broken) -> ! {
    println!("{}", broken.trace);
    panic!(
        "seed {seed} broke: {}\nagain: just simulate {seed} 1",
        broken.what.join("\n  ")
    );
}
