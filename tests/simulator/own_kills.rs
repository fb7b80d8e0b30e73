//! kill -9 at every commit boundary: a child works through the life of three claims and says what was acknowledged. It dies where a
//! command is about to be kept or was just kept, and the next child carries on over the same database.

use crate::desk::{USERS, key_of_user};
use crate::keys;
use crate::run;
use crate::sim::{Options, Sim};
use crate::source;
use crate::world::Faults;
use recover_core::claim::{Claim, ClaimStatus, Refusal};
use std::collections::BTreeSet;
use std::process::Command;

/// The database that a child works on. Without it the test of the child lives a whole life by itself.
const CHILD: &str = "SIMULATOR_CHILD";

/// How many deposits there are, and how many claims are worked on.
const DEPOSITS: usize = 24;
const CLAIMS: usize = 3;
/// How many claims a child works on: each child has one more, so that every command comes again.
const WANTED: &str = "SIMULATOR_CLAIMS";

/// Rounds until a child gives up.
const ROUNDS: u64 = 80;

/// Every claim command that is committed in a life without mishaps, in the order in which a life first comes to it.
const COMMANDS: &[&str] = &[
    "open",
    "quote",
    "accept",
    "screen_clear",
    "approve",
    "prepare",
    "export",
    "import",
    "send",
    "sent",
    "seen_final",
    "instruct",
    "acknowledge",
];

fn options() -> Options {
    let seed = std::env::var("SIMULATOR_SEED").ok();
    // A seed whose first claims are two sweeps and an instruction; its votes are signed.
    Options::new(seed.and_then(|text| text.parse().ok()).unwrap_or(3))
}

/// Says what was acknowledged since the last time.
fn say(sim: &Sim, said: &mut BTreeSet<String>) {
    let state = sim.world.state();
    for (claim, known) in &state.truth.claims {
        for (code, person) in &known.acknowledged {
            if !matches!(*code, "dry" | "broadcast" | "import_txid" | "export")
                && said.insert(format!("{claim} {code} {person}"))
            {
                println!("ACK {claim} {code} {person}");
            }
        }
    }
}

/// What a child does: from wherever the database stands to the end of its claims. The world is made anew from its seed; what was
/// sent before is put back from the packages in the database.
fn live(mut sim: Sim) {
    sim.world.state().faults = Faults::default();
    sim.small_deposits = true;
    // Coin enough for the network: what several claims at one address do to each other is the seeds' affair.
    for user in 0..USERS {
        let account = keys::account(&key_of_user(user));
        for chain in &mut sim.world.state().chains {
            chain.endow(None, account, 10_000_000_000_000_000_000);
        }
    }
    for _ in 0..DEPOSITS {
        sim.deposit();
    }
    sim.world.state().pass(60, 1);
    {
        let mut state = sim.world.state();
        let now = state.now;
        for chain in &mut state.chains {
            chain.mine_all(10, now);
        }
    }
    sent_before(&mut sim);
    sim.prices();
    sim.scan();
    let mut said = BTreeSet::new();
    let wanted = std::env::var(WANTED).ok();
    let wanted = wanted.map_or(CLAIMS, |text| text.parse().expect("a number"));
    for _ in 0..ROUNDS {
        {
            let mut state = sim.world.state();
            state.now = state.now.plus_seconds(200).expect("years are enough");
            let now = state.now;
            for chain in &mut state.chains {
                chain.mine_all(4, now);
            }
        }
        sim.prices();
        sim.track();
        sim.reconcile();
        let claims = sim.claims();
        if claims.len() < wanted {
            sim.open();
            say(&sim, &mut said);
            continue;
        }
        if claims.iter().all(|claim| !claim.status.is_open()) {
            break;
        }
        for claim in claims.iter().filter(|claim| claim.status.is_open()) {
            match run::advance(&mut sim, claim) {
                Some(Refusal::ScreeningMissing) => {
                    sim.screen(claim, true);
                }
                Some(Refusal::PlanMissing) => {
                    sim.quote(claim);
                }
                _ => {}
            }
            say(&sim, &mut said);
            sim.sign();
            sim.import();
            say(&sim, &mut said);
        }
    }
    let claims = sim.claims();
    let open: Vec<String> = claims
        .iter()
        .filter(|claim| claim.status.is_open())
        .map(|claim| format!("{} {}", claim.id, claim.status))
        .collect();
    let trace: Vec<String> = sim.world.state().trace.iter().cloned().collect();
    assert_eq!(open, Vec::<String>::new(), "{}", trace.join("\n"));
    assert_eq!(sim.verify_log(), None);
}

/// Puts back on the chains what earlier children sent.
fn sent_before(sim: &mut Sim) {
    let engine = sim.engine();
    let mut bytes = Vec::new();
    for claim in sim.claims() {
        let packages = sim.read(engine.store().packages(&claim.id));
        for stored in packages.expect("the packages can be read") {
            let attempt = stored.package.attempt;
            let live = claim.execution.package.as_ref();
            let is_here = claim.status == ClaimStatus::AwaitingSignature
                && live.is_some_and(|live| live.attempt == attempt);
            if let (Some(signed), Some(leg), false) = (&stored.package.signed, &stored.leg, is_here)
            {
                bytes.push((leg.network.clone(), signed.bytes.clone()));
            }
        }
    }
    let head = sim.read(engine.store().log_head());
    let head = head.expect("the log can be read");
    let last = head.map_or(0, |head| head.sequence);
    let events = sim.read(engine.store().export_log((last - 1).max(0), 1));
    let latest = events
        .expect("the log can be read")
        .pop()
        .map(|event| event.at);
    let mut state = sim.world.state();
    // The clock never goes back: no child begins before the one before it ended.
    let start = latest.map_or(state.now, |latest| latest.max(state.now));
    state.now = start.plus_seconds(60).expect("years are enough");
    let now = state.now;
    for (network, signed) in bytes {
        let chain = state.chains.iter_mut().find(|chain| chain.id == network);
        let chain = chain.expect("two networks");
        let _ = chain.submit(&signed);
        chain.mine_all(1, now);
    }
}

#[test]
fn child() {
    let Ok(database) = std::env::var(CHILD) else {
        return live(Sim::on_sqlite(options()));
    };
    // The fail points panic where they stand; nothing of this process may outlive that, as after kill -9.
    if std::env::var_os("FAILPOINTS").is_some() {
        std::panic::set_hook(Box::new(|panic| {
            println!("AT {panic}");
            let id = std::process::id().to_string();
            let _ = Command::new("kill").args(["-9", &id]).status();
            loop {
                std::thread::park();
            }
        }));
    }
    live(Sim::on_database(options(), &database));
}

struct Ended {
    acknowledged: BTreeSet<String>,
    text: String,
    code: Option<i32>,
}

fn run_child(database: &str, claims: usize, fail: Option<&str>) -> Ended {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command
        .args(["--exact", "own_kills::child", "--nocapture"])
        .env(CHILD, database)
        .env(WANTED, claims.to_string())
        .env_remove("FAILPOINTS");
    if let Some(point) = fail {
        command.env("FAILPOINTS", format!("{point}=panic"));
    }
    let output = command.output().expect("this test starts again");
    let text = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    Ended {
        acknowledged: text
            .lines()
            .filter_map(|line| line.strip_prefix("ACK ").map(str::to_owned))
            .collect(),
        code: output.status.code(),
        text,
    }
}

/// One life with a death at every command, on one side of its commit.
fn dies_at_every_boundary(database: &str, side: &str) {
    let mut acknowledged = BTreeSet::new();
    let mut claims = CLAIMS;
    for command in COMMANDS {
        let point = format!("claim.{command}.{side}");
        // A life may end before it comes to the command: then it is lived on with another claim.
        let ended = loop {
            let ended = run_child(database, claims, Some(&point));
            claims += 1;
            if ended.code != Some(0) || claims > 2 * COMMANDS.len() {
                break ended;
            }
            acknowledged.extend(ended.acknowledged);
        };
        assert!(
            ended.text.contains("AT "),
            "{point} was not reached:\n{}",
            ended.text
        );
        assert_eq!(ended.code, None, "{point}: killed by a signal");
        acknowledged.extend(ended.acknowledged);
    }
    let last = run_child(database, claims, None);
    assert_eq!(last.code, Some(0), "{}", last.text);
    acknowledged.extend(last.acknowledged);
    holds(database, &acknowledged);
    println!(
        "{side}: {} deaths, {} acknowledged commands, none lost, none twice",
        COMMANDS.len(),
        acknowledged.len()
    );
}

/// Everything that was acknowledged is in the log, and nothing was done twice.
fn holds(database: &str, acknowledged: &BTreeSet<String>) {
    let sim = Sim::on_database(options(), database);
    assert_eq!(sim.verify_log(), None);
    let engine = sim.engine();
    let claims: Vec<Claim> = sim.claims();
    let mut done = BTreeSet::new();
    for claim in &claims {
        let events = sim
            .read(engine.claim_history(&claim.id))
            .expect("a history");
        let mut votes = BTreeSet::new();
        for event in &events {
            done.insert(format!("{} {} {}", claim.id, event.command, event.actor));
            if event.command == "approve" {
                let vote = (event.content_digest.to_string(), event.actor.clone());
                assert!(
                    votes.insert(vote),
                    "{}: {} voted twice",
                    claim.id,
                    event.actor
                );
            }
        }
        let of = |command: &str| {
            events
                .iter()
                .filter(|event| event.command == command)
                .count()
        };
        assert_eq!(of("open"), 1, "{}", claim.id);
        let settled = events
            .iter()
            .filter(|event| event.status == ClaimStatus::Settled)
            .count();
        assert_eq!(
            settled,
            usize::from(claim.status == ClaimStatus::Settled),
            "{}",
            claim.id
        );
        let steps = claim.plan.as_ref().map_or(0, |plan| plan.steps.len());
        assert_eq!(
            of("seen_final") + of("acknowledge"),
            steps,
            "{}: every step once",
            claim.id
        );
        assert_eq!(claim.status, ClaimStatus::Settled);
    }
    for command in acknowledged {
        assert!(
            done.contains(command),
            "{command} was acknowledged and is lost"
        );
    }
    assert!(claims.len() >= CLAIMS && acknowledged.len() >= CLAIMS * 5);
    // The names are those that the world knows, so that a claim on nothing is none of these.
    let known: Vec<String> = claims
        .iter()
        .flat_map(|claim| claim.plan.iter())
        .flat_map(|plan| plan.legs())
        .map(|leg| hex::encode(source::bytes(&leg.signer)))
        .collect();
    assert!(
        !known.is_empty(),
        "a life without a transaction proves little"
    );
}

fn on_sqlite(side: &str) {
    let folder = recover_testkit::temp_dir();
    let path = folder.path().join("kills.db");
    dies_at_every_boundary(&format!("sqlite://{}", path.display()), side);
}

#[test]
fn killed_before_every_commit() {
    on_sqlite("before_commit");
}

#[test]
fn killed_after_every_commit() {
    on_sqlite("after_commit");
}

#[test]
fn postgres_killed_before_every_commit() {
    let database = recover_testkit::Postgres::fresh_database();
    dies_at_every_boundary(database.url(), "before_commit");
}

#[test]
fn postgres_killed_after_every_commit() {
    let database = recover_testkit::Postgres::fresh_database();
    dies_at_every_boundary(database.url(), "after_commit");
}
