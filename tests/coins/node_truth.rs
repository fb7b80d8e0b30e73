//! The truth of verdicts: generated mistakes on two real nodes, each verdict tried out.
//!
//! For what is called not recoverable, somebody with every key that we have tries to spend the output, without asking the engine: none
//! may succeed. What is called controllable is claimed through the program, signed, sent and settled: all of it must be. The table says
//! what became of the rest.
//!
//! `just utxo-truth 500 SEED` runs a large sample; CI a small one with a fixed seed.

use std::collections::BTreeMap;
use std::time::Instant;

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::house::{DEPTH, House, tx_id};
use crate::keys::{Held, Lock, written};
use crate::signer::{Fork, Ring};

const NETWORKS: [&str; 2] = ["bitcoin", "litecoin"];
/// Deposits of one transaction.
const BATCH: usize = 25;

/// What is special about a mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Twist {
    /// The book has the descriptor.
    Described,
    /// The book says that a key of ours has it, and no more.
    Key,
    /// The keys are written in 65 bytes, and the book says so.
    LongKeys,
    /// The book says that the key is lost, and it is.
    Lost,
    /// The book says nothing of the keys.
    Unsaid,
    /// A script hash of which the book only says that a key of ours has it.
    KeyOfScript,
    /// Nobody's of ours.
    Foreign,
    /// Our keys, but no address stands for the script.
    Bare,
    /// Ours, and our own wallet has spent it since.
    Spent,
    /// The descriptor is another address's.
    WrongDescriptor,
    /// The keys are written in 65 bytes where a witness takes 33: no node passes on what spends it, and the book refuses the row.
    LongWitness,
    /// Issued for the network on which it arrived, and never credited.
    Missed,
}

/// Each as often as it stands here.
const TWISTS: [Twist; 20] = [
    Twist::Described,
    Twist::Described,
    Twist::Described,
    Twist::Described,
    Twist::Described,
    Twist::Described,
    Twist::LongWitness,
    Twist::Key,
    Twist::Key,
    Twist::LongKeys,
    Twist::LongKeys,
    Twist::Lost,
    Twist::Lost,
    Twist::Lost,
    Twist::Unsaid,
    Twist::KeyOfScript,
    Twist::Foreign,
    Twist::Bare,
    Twist::Spent,
    Twist::WrongDescriptor,
];

/// One generated mistake.
struct Case {
    number: u32,
    twist: Twist,
    held: Held,
    meant: &'static str,
    found: &'static str,
    value: u64,
    script: ScriptBuf,
    /// Where it was paid.
    txid: String,
    index: u32,
}

/// Numbers that follow from a seed alone.
struct Dice {
    seed: u64,
    count: u64,
}

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.count += 1;
        let digest = Sha256::digest(format!("{} {}", self.seed, self.count));
        let number = u32::from_be_bytes(digest[..4].try_into().unwrap());
        usize::try_from(number).unwrap() % sides
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len())]
    }
}

impl Case {
    fn generate(number: u32, dice: &mut Dice) -> Case {
        // Every tenth went where it should, and was overlooked.
        let twist = match number % 10 {
            9 => Twist::Missed,
            _ => dice.of(&TWISTS),
        };
        let lock = match twist {
            Twist::Key => dice.of(&[Lock::Key, Lock::WitnessKey, Lock::Taproot]),
            Twist::LongKeys => dice.of(&[Lock::Key, Lock::Multi]),
            Twist::KeyOfScript => dice.of(&[
                Lock::NestedKey,
                Lock::Multi,
                Lock::WitnessMulti,
                Lock::NestedMulti,
            ]),
            Twist::Bare => Lock::Multi,
            Twist::LongWitness => dice.of(&[
                Lock::WitnessKey,
                Lock::NestedKey,
                Lock::WitnessMulti,
                Lock::NestedMulti,
            ]),
            _ => dice.of(&Lock::ALL),
        };
        let whose = match twist {
            Twist::Foreign => "foreign",
            Twist::Lost => "lost",
            _ => "ours",
        };
        let mut held = Held::of(whose, lock, number);
        if matches!(twist, Twist::LongKeys | Twist::LongWitness) {
            held = held.uncompressed();
        }
        let found = dice.of(&NETWORKS);
        let meant = match twist {
            Twist::Missed => found,
            _ if found == NETWORKS[0] => NETWORKS[1],
            _ => NETWORKS[0],
        };
        // Sixty to a hundred and fourteen dollars: no network may take half of it.
        let value = match found {
            "bitcoin" => 100_000 + 10_000 * u64::try_from(dice.below(10)).unwrap(),
            _ => 60_000_000 + 6_000_000 * u64::try_from(dice.below(10)).unwrap(),
        };
        let script = match twist {
            Twist::Bare => held.multi(),
            _ => held.script(),
        };
        Case {
            number,
            twist,
            held,
            meant,
            found,
            value,
            script,
            txid: String::new(),
            index: 0,
        }
    }

    fn user(&self) -> String {
        format!("U-{}", self.number)
    }

    /// Enough to make the one case again.
    fn name(&self) -> String {
        format!(
            "case {}: {:?} {} meant for {} on {}, {}:{}",
            self.number,
            self.twist,
            self.held.lock.name(),
            self.meant,
            self.found,
            self.txid,
            self.index
        )
    }

    /// Its row in the address book; `None` where the exchange knows nothing of it.
    fn control(&self) -> Option<String> {
        match self.twist {
            Twist::Foreign | Twist::Bare | Twist::WrongDescriptor | Twist::LongWitness => None,
            Twist::Key | Twist::KeyOfScript => Some("key".to_owned()),
            Twist::Lost => Some("key_lost".to_owned()),
            Twist::Unsaid => Some(String::new()),
            Twist::Described | Twist::LongKeys | Twist::Spent | Twist::Missed => {
                Some(self.held.descriptor())
            }
        }
    }

    /// A signed transaction that takes the output, by nothing but the ring; `None` where the ring does not open it.
    fn taken(&self, ring: &Ring, to: Vec<u8>) -> Option<Vec<u8>> {
        let spent = TxOut {
            value: Amount::from_sat(self.value),
            script_pubkey: self.script.clone(),
        };
        let unsigned = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                previous_output: OutPoint::new(self.txid.parse().unwrap(), self.index),
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::new(),
            }],
            output: vec![TxOut {
                value: Amount::from_sat(self.value - 4_000),
                script_pubkey: ScriptBuf::from_bytes(to),
            }],
        };
        let signed = ring.sign(&unsigned, &[spent], Fork::None).ok()?;
        Some(encode::serialize(&signed))
    }
}

/// Everything paid, mined, final and scanned.
struct Desk {
    house: House,
    cases: Vec<Case>,
    /// Every key that we have.
    ring: Ring,
}

fn number_of(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok().filter(|text| !text.is_empty());
    text.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is no number"))
    })
}

impl Desk {
    fn new(count: u32, seed: u64) -> Desk {
        let mut dice = Dice { seed, count: 0 };
        let mut cases: Vec<Case> = (1..=count)
            .map(|number| Case::generate(number, &mut dice))
            .collect();
        let house = House::on_all(&NETWORKS);
        let mut ring = Ring::default();
        for case in &cases {
            if !matches!(case.twist, Twist::Lost | Twist::Foreign) {
                ring.add(&case.held);
            }
            if let Some(control) = case.control() {
                house.issue_as(&case.user(), case.meant, &case.held, &control);
            }
        }
        for network in NETWORKS {
            let mut here: Vec<&mut Case> = cases
                .iter_mut()
                .filter(|case| case.found == network)
                .collect();
            for batch in here.chunks_mut(BATCH) {
                let outputs: Vec<(Vec<u8>, u64)> = batch
                    .iter()
                    .map(|case| (case.script.to_bytes(), case.value))
                    .collect();
                let payment = house.node(network).pay(&outputs);
                for (index, case) in (0..).zip(batch.iter_mut()) {
                    case.txid.clone_from(&payment.txid);
                    case.index = index;
                }
                house.node(network).mine(1);
            }
        }
        let desk = Desk { house, cases, ring };
        desk.spend();
        desk.furnish();
        desk.house.scan();
        desk
    }

    /// Our own wallet spends what is said to be spent.
    fn spend(&self) {
        for case in self.cases.iter().filter(|case| case.twist == Twist::Spent) {
            let node = self.house.node(case.found);
            let bytes = case
                .taken(&self.ring, node.payer_script())
                .expect("it is ours");
            node.send_raw(&bytes)
                .unwrap_or_else(|error| panic!("{}: {error}", case.name()));
        }
        for network in NETWORKS {
            self.house.node(network).mine(1 + DEPTH);
        }
    }

    fn furnish(&self) {
        self.house.one_vote_each();
        self.house.furnish();
        self.house.pin_one_vote_each();
        // A book that says of an address what is not so, or what cannot be, must not get in.
        for case in &self.cases {
            let other = match case.twist {
                Twist::WrongDescriptor => {
                    Held::of("ours", case.held.lock, case.number + 1_000_000).descriptor()
                }
                Twist::LongWitness => case.held.descriptor(),
                _ => continue,
            };
            let row = format!(
                "{},deposit_address,bitcoin,{},{},,,\"{other}\"\n",
                case.user(),
                written(&case.script, case.meant),
                case.meant
            );
            let head = "user_id,role,family,value,network,created,retired,control\n";
            self.house.desk.write("wrong.csv", format!("{head}{row}"));
            let run = self.house.desk.run(&["addresses", "import", "wrong.csv"]);
            assert_ne!(run.code, Some(0), "{}: {}{}", case.name(), run.out, run.err);
        }
    }

    /// The stored row of a case.
    fn row(&self, rows: &[Value], case: &Case) -> Option<Value> {
        let position = format!("vout:{}", case.index);
        let is_it = |row: &&Value| {
            row["tx_id"].as_str() == Some(&case.txid)
                && row["position"] == position.as_str()
                && row["network"] == case.found
        };
        let found: Vec<&Value> = rows.iter().filter(is_it).collect();
        assert!(found.len() < 2, "{}: {found:?}", case.name());
        found.first().map(|row| (*row).clone())
    }

    /// Whether somebody with every key of ours can have the output.
    fn can_be_had(&self, case: &Case) -> bool {
        let node = self.house.node(case.found);
        case.taken(&self.ring, node.payer_script())
            .is_some_and(|bytes| node.accepts(&bytes).is_ok())
    }

    /// Claims what is controllable, up to the books; answers what did not get there, and why.
    fn settle(&self, controllable: &[(&Case, Value)]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut sent = Vec::new();
        for (case, row) in controllable {
            match self.release(case, row) {
                Ok(Some(id)) => sent.push((*case, id)),
                Ok(None) => {}
                Err(fault) => faults.push(format!("{}: {fault}", case.name())),
            }
        }
        self.house.bury();
        let tracked = self.house.desk.run(&["claims", "track"]);
        for (case, id) in sent {
            let export = self.house.desk.run_as(
                "tariq",
                &[
                    "claims",
                    "export",
                    &id,
                    "--out",
                    &format!("{id}.credit.json"),
                ],
            );
            if export.code != Some(0) {
                faults.push(format!(
                    "{}: {} after {}{}",
                    case.name(),
                    export.err,
                    tracked.out,
                    tracked.err
                ));
                continue;
            }
            let package = self.house.package(&format!("{id}.credit.json"));
            let run = self.house.acknowledge(&id, &self.house.answers(&package));
            let status = self.house.status(&id);
            if run.code != Some(0) || status != "settled" {
                faults.push(format!("{}: {status}: {}", case.name(), run.err));
                continue;
            }
            let (cost, ceiling) = self.cost(case, &id);
            if cost == 0 || cost > ceiling {
                faults.push(format!("{}: {cost} above {ceiling}", case.name()));
            }
        }
        faults
    }

    /// What the network took for a settled claim, and the ceiling of its quote, in base units.
    fn cost(&self, case: &Case, id: &str) -> (u128, u128) {
        let native = format!("{}/native", case.found);
        let cost = self.house.posted(id, "network_cost", &native);
        let shown = self.house.show(id);
        let ceiling = shown["quote"]["terms"]["ceiling"]["amount"].as_str();
        let ceiling = ceiling.unwrap_or_else(|| panic!("no ceiling: {shown}"));
        (u128::try_from(cost).unwrap(), ceiling.parse().unwrap())
    }

    /// One claim from its opening to the network; `None` where the ledger alone ends it, which is done here too.
    fn release(&self, case: &Case, row: &Value) -> Result<Option<String>, String> {
        let house = &self.house;
        let step = |person: &str, arguments: &[&str]| -> Result<Value, String> {
            let run = house
                .desk
                .run_as(person, &[&["--format", "json"], arguments].concat());
            if run.code == Some(0) {
                return Ok(serde_json::from_str(&run.out).unwrap_or(Value::Null));
            }
            Err(format!("`{}`: {}", arguments.join(" "), run.err))
        };
        let opened = step("ana", &["claims", "open", row["id"].as_str().unwrap()])?;
        let id = opened["id"].as_str().unwrap().to_owned();
        step("ana", &["quote", &id])?;
        step(
            "ana",
            &["claims", "accept", &id, "--evidence", "ticket 4711"],
        )?;
        let screened = step(
            "farah",
            &["claims", "screen", &id, "--clear", "--reason", "known"],
        )?;
        let revision = screened["revision"]
            .as_u64()
            .unwrap_or_default()
            .to_string();
        let voted = step(
            "chidi",
            &["claims", "approve", &id, "--revision", &revision],
        )?;
        if voted["status"] != "approved" {
            return Err(format!("one vote is not enough: {voted}"));
        }
        let file = format!("{id}.package.json");
        step("tariq", &["claims", "export", &id, "--out", &file])?;
        let package = house.package(&file);
        if case.twist == Twist::Missed {
            let run = house.acknowledge(&id, &house.answers(&package));
            let status = house.status(&id);
            return match (run.code, status.as_str()) {
                (Some(0), "settled") => Ok(None),
                _ => Err(format!("{status}: {}", run.err)),
            };
        }
        let verified = house.verify(&package.file, &[]);
        if verified.code != Some(0) {
            return Err(format!("recover-verify: {}{}", verified.out, verified.err));
        }
        let signed = self.ring.sign_psbt(&package.unsigned(), Fork::None);
        let import = house.import(&id, &signed);
        if import.code != Some(0) {
            return Err(format!("import: {}", import.err));
        }
        let run = house.broadcast(&id);
        if run.code != Some(0)
            || house
                .node(case.found)
                .confirmations(&tx_id(&signed))
                .is_none()
        {
            return Err(format!("broadcast: {}{}", run.out, run.err));
        }
        Ok(Some(id))
    }
}

#[test]
fn what_is_said_of_an_output_is_so() {
    let count = u32::try_from(number_of("UTXO_TRUTH_COUNT", 40)).unwrap();
    let seed = number_of("UTXO_TRUTH_SEED", 6);
    let started = Instant::now();
    let desk = Desk::new(count, seed);
    println!(
        "{count} cases of seed {seed} paid and scanned after {:?}",
        started.elapsed()
    );
    let rows = desk.house.desk.deposits();
    let mut table: BTreeMap<String, u32> = BTreeMap::new();
    let mut stolen = Vec::new();
    let mut controllable = Vec::new();
    let mut lost = Vec::new();
    for case in &desk.cases {
        let row = desk.row(&rows, case);
        let can_be_had = desk.can_be_had(case);
        let verdict = row
            .as_ref()
            .map_or("not found", |row| row["verdict"].as_str().unwrap_or("none"));
        let kind = row
            .as_ref()
            .map_or("-", |row| row["kind"].as_str().unwrap_or("-"));
        let line = format!(
            "{:?} | {kind} | {verdict} | can be had: {can_be_had}",
            case.twist
        );
        *table.entry(line).or_default() += 1;
        match verdict {
            "not_recoverable" if can_be_had => stolen.push(format!("{}: {row:?}", case.name())),
            "controllable" => controllable.push((case, row.expect("it has a verdict"))),
            // Whoever knows the address finds what is paid to it.
            "not found" if case.control().is_some() => lost.push(case.name()),
            _ => {}
        }
    }
    for (line, count) in &table {
        println!("{count:5} {line}");
    }
    assert!(
        lost.is_empty(),
        "seed {seed}: not found:\n{}",
        lost.join("\n")
    );
    assert!(
        stolen.is_empty(),
        "seed {seed}: called not recoverable, and spent:\n{}",
        stolen.join("\n")
    );
    // What our own wallet spent is ours to unlock, and gone: no claim on it may get as far as a transaction.
    let (spent, controllable): (Vec<_>, Vec<_>) = controllable
        .into_iter()
        .partition(|(case, _)| case.twist == Twist::Spent);
    for (case, row) in &spent {
        let opened = ["claims", "open", row["id"].as_str().unwrap()];
        let opened = desk.house.claim("ana", &opened);
        let id = opened["id"].as_str().unwrap();
        let quoted = desk.house.desk.run_as("ana", &["quote", id]);
        let said = format!("{}{}", quoted.out, quoted.err);
        assert!(said.contains("outpoint_taken"), "{}: {said}", case.name());
        let fault = desk.release(case, row).expect_err("it is spent");
        assert!(!fault.contains("broadcast"), "{}: {fault}", case.name());
    }
    let faults = desk.settle(&controllable);
    println!(
        "{} controllable, {} not settled or above the quoted ceiling; {:?} in all",
        controllable.len(),
        faults.len(),
        started.elapsed()
    );
    assert!(
        faults.is_empty(),
        "seed {seed}: called controllable, and not settled:\n{}\n{}",
        faults.join("\n"),
        NETWORKS
            .map(|network| desk.house.node(network).log_tail())
            .join("\n")
    );
    assert!(
        controllable.len() > usize::try_from(count / 4).unwrap(),
        "{table:?}"
    );
}
