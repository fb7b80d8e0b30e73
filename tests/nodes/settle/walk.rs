//! The walk of a claim on any network: opened, priced, agreed on, released, brought back, sent, followed, booked. What a network's own
//! tests add is who signs and what mines.

use serde_json::Value;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::desk::{Run, rows};
use crate::settle::office::{Office, VOTERS};

/// What was handed out for one step.
pub struct Package {
    /// The file.
    pub file: PathBuf,
    /// What stands in it.
    pub json: Value,
}

impl Package {
    /// The step of the plan that it is for.
    pub fn step(&self) -> &Value {
        let number = usize::try_from(self.json["step"].as_u64().unwrap()).unwrap();
        &self.json["content"]["plan"]["steps"][number]
    }

    /// The leg of a transaction.
    #[track_caller]
    pub fn leg(&self) -> &Value {
        let leg = &self.step()["send"];
        assert!(leg.is_object(), "no transaction: {}", self.step());
        leg
    }

    /// What the leg is for.
    pub fn kind(&self) -> &str {
        self.leg()["kind"].as_str().unwrap()
    }

    /// Who must sign.
    pub fn signer(&self) -> &str {
        self.leg()["signer"].as_str().unwrap()
    }

    /// The unsigned transaction.
    #[track_caller]
    pub fn unsigned(&self) -> Vec<u8> {
        assert_eq!(self.json["kind"], "transaction", "{}", self.json);
        hex::decode(self.json["bytes"].as_str().unwrap()).unwrap()
    }

    /// The nonce of the transaction.
    pub fn sequence(&self) -> u64 {
        let text = self.json["slot"]["sequence"].as_str().unwrap();
        text.parse().unwrap()
    }

    /// The instructions: id, kind, user, asset and amount of each.
    #[track_caller]
    pub fn instructions(&self) -> Vec<[String; 5]> {
        assert_eq!(self.json["kind"], "instructions", "{}", self.json);
        let text = self.json["bytes"].as_str().unwrap();
        text.lines()
            .map(|line| {
                let fields: Vec<&str> = line.split('\t').collect();
                [0, 1, 2, 3, 4].map(|place| fields[place].to_owned())
            })
            .collect()
    }
}

impl Office {
    /// Runs a command as a person and expects a claim back.
    #[track_caller]
    pub fn claim(&self, person: &str, arguments: &[&str]) -> Value {
        let arguments = [&["--format", "json"], arguments].concat();
        self.desk.run_as(person, &arguments).ok().json()
    }

    /// Runs a command that must be refused with this code.
    #[track_caller]
    pub fn refused(&self, person: &str, arguments: &[&str], code: &str) -> Run {
        self.desk.run_as(person, arguments).exits(3).says(&[code])
    }

    /// A claim with everything that is told of it.
    #[track_caller]
    pub fn show(&self, id: &str) -> Value {
        self.desk.json(&["claims", "show", id])
    }

    #[track_caller]
    pub fn status(&self, id: &str) -> String {
        self.show(id)["status"].as_str().unwrap().to_owned()
    }

    /// The revision to be named with a vote.
    pub fn revision(&self, id: &str) -> String {
        self.show(id)["revision"].as_u64().unwrap().to_string()
    }

    /// Opens a claim on a transaction's deposit and answers its id; `more` are further options.
    #[track_caller]
    pub fn open(&self, tx: &str, more: &[&str]) -> String {
        let deposit = self.found(tx)["id"].as_str().unwrap().to_owned();
        let opened = self.claim("ana", &[&["claims", "open", &deposit], more].concat());
        assert_eq!(opened["status"], "draft");
        opened["id"].as_str().unwrap().to_owned()
    }

    /// Quote, acceptance and clearance: everything before the votes.
    #[track_caller]
    pub fn put_up(&self, id: &str) {
        let quoted = self.claim("ana", &["quote", id]);
        assert_eq!(quoted["status"], "quoted", "{quoted}");
        self.claim(
            "ana",
            &["claims", "accept", id, "--evidence", "ticket 4711"],
        );
        let screened = self.claim(
            "farah",
            &["claims", "screen", id, "--clear", "--reason", "known"],
        );
        assert_eq!(screened["status"], "pending_approval", "{screened}");
    }

    /// One vote after the other until it is enough; answers who voted.
    #[track_caller]
    pub fn vote(&self, id: &str) -> Vec<&'static str> {
        let revision = self.revision(id);
        for (count, person) in (1..).zip(VOTERS) {
            let voted = self.claim(person, &["claims", "approve", id, "--revision", &revision]);
            if voted["status"] == "approved" {
                return VOTERS[..count].to_vec();
            }
            assert_eq!(voted["status"], "pending_approval", "{voted}");
        }
        panic!("everybody voted and it is not enough: {}", self.show(id));
    }

    /// Opens a claim and takes it to its approval; answers its id.
    #[track_caller]
    pub fn approved(&self, tx: &str, more: &[&str]) -> String {
        let id = self.open(tx, more);
        self.put_up(&id);
        self.vote(&id);
        id
    }

    /// Releases the next step; the package is in the folder, and the signers' own program accepts it.
    #[track_caller]
    pub fn export(&self, id: &str) -> Package {
        let package = self.export_unchecked(id);
        self.verified(&package.file);
        package
    }

    /// As [`Office::export`], without asking the signers' program.
    #[track_caller]
    pub fn export_unchecked(&self, id: &str) -> Package {
        let attempt = self.desk_files();
        let name = format!("{id}-{attempt}.package.json");
        self.desk
            .run_as("tariq", &["claims", "export", id, "--out", &name])
            .ok();
        self.package(&name)
    }

    /// A package in the folder.
    pub fn package(&self, name: &str) -> Package {
        let json = serde_json::from_str(&self.desk.read(name)).unwrap();
        Package {
            file: self.desk.path(name),
            json,
        }
    }

    /// How many files lie in the folder, for names that are not there yet.
    fn desk_files(&self) -> usize {
        std::fs::read_dir(self.desk.path(".")).unwrap().count()
    }

    /// The signers' program accepts a package.
    #[track_caller]
    pub fn verified(&self, package: &Path) {
        let run = self.verify(package, &[]);
        assert_eq!(run.code, Some(0), "recover-verify: {}{}", run.out, run.err);
    }

    /// Runs the signers' program on a package.
    pub fn verify(&self, package: &Path, more: &[&str]) -> Run {
        let file = package.display().to_string();
        let arguments = [&["--roster", "roster.toml"], more, &[file.as_str()]].concat();
        let output = Command::new(verifier())
            .env_clear()
            .current_dir(self.desk.path("."))
            .args(&arguments)
            .output();
        Run::of(&arguments, output.expect("recover-verify starts"))
    }

    /// Brings signed bytes back.
    #[track_caller]
    pub fn import(&self, id: &str, signed: &[u8]) -> Run {
        self.desk
            .write("signed.hex", format!("{}\n", hex::encode(signed)));
        self.desk
            .run_as("tariq", &["claims", "import", id, "--signed", "signed.hex"])
    }

    /// Sends what was brought back.
    #[track_caller]
    pub fn broadcast(&self, id: &str) -> Run {
        self.desk
            .run_as("tariq", &["claims", "broadcast", id, "--execute"])
    }

    /// Looks where a claim stands; answers it.
    #[track_caller]
    pub fn track(&self, id: &str) -> Value {
        self.desk.json(&["claims", "track", id])
    }

    /// The ledger's answers to a package as it would write them: every instruction booked as asked.
    pub fn answers(&self, package: &Package) -> String {
        let mut text = "instruction_id,entry_id,asset,amount\n".to_owned();
        for (number, [id, _, _, asset, amount]) in package.instructions().iter().enumerate() {
            writeln!(text, "{id},E-{number},{asset},{amount}").unwrap();
        }
        text
    }

    /// Brings the ledger's answers back.
    #[track_caller]
    pub fn acknowledge(&self, id: &str, answers: &str) -> Run {
        self.desk.write("answers.csv", answers);
        let arguments = ["claims", "import", id, "--acknowledgement", "answers.csv"];
        self.desk.run_as("tariq", &arguments)
    }

    /// The last step of a claim whose end is a booking; answers the instructions.
    #[track_caller]
    pub fn book(&self, id: &str) -> Vec<[String; 5]> {
        let package = self.export(id);
        self.acknowledge(id, &self.answers(&package)).ok();
        package.instructions()
    }

    /// What must hold of every settled claim.
    #[track_caller]
    pub fn is_settled(&self, id: &str) {
        let shown = self.show(id);
        assert_eq!(shown["status"], "settled", "{shown}");
        self.is_balanced(&shown);
        let deposit = shown["deposit_id"].as_str().unwrap().to_owned();
        let stored = self.desk.json(&["deposits", "show", &deposit]);
        let status = stored["deposit"]["status"]
            .as_str()
            .or(stored["status"].as_str());
        assert_eq!(status, Some("resolved"), "{stored}");
        self.refused("bruno", &["claims", "open", &deposit], "deposit_taken");
        // Nothing is out, nothing can go out, nothing went wrong.
        let export = ["claims", "export", id];
        assert_eq!(self.desk.run_as("tariq", &export).code, Some(3));
        assert_eq!(
            rows(self.desk.json(&["claims", "reserved"])),
            [] as [Value; 0]
        );
        assert_eq!(
            rows(self.desk.json(&["claims", "incidents"])),
            [] as [Value; 0]
        );
        self.audited();
    }

    /// Debits and credits of each asset have the same sum, and there are some.
    #[track_caller]
    fn is_balanced(&self, shown: &Value) {
        let postings = shown["postings"].as_array().cloned().unwrap_or_default();
        assert!(postings.len() >= 2, "{shown}");
        let mut sums = std::collections::BTreeMap::<String, (u128, u128)>::new();
        for posting in &postings {
            let sum = |name: &str| -> u128 {
                let text = posting[name].as_str().unwrap_or("0");
                text.parse().unwrap()
            };
            let asset = posting["asset"].as_str().unwrap().to_owned();
            let entry = sums.entry(asset).or_default();
            entry.0 += sum("debit");
            entry.1 += sum("credit");
        }
        for (asset, (debit, credit)) in sums {
            assert_eq!(debit, credit, "{asset}: {postings:?}");
            assert!(debit > 0, "{asset}");
        }
    }

    /// A posting of a settled claim: what an account gained less what it gave.
    #[track_caller]
    pub fn posted(&self, id: &str, account: &str, asset: &str) -> i128 {
        let shown = self.show(id);
        let postings = shown["postings"].as_array().cloned().unwrap_or_default();
        let of = |posting: &Value, name: &str| -> i128 {
            posting[name].as_str().unwrap_or("0").parse().unwrap()
        };
        postings
            .iter()
            .filter(|posting| posting["account"] == account && posting["asset"] == asset)
            .map(|posting| of(posting, "credit") - of(posting, "debit"))
            .sum()
    }

    /// The log is whole.
    #[track_caller]
    pub fn audited(&self) {
        self.desk.run(&["audit", "verify"]).ok();
    }

    /// The one open incident of a claim; its kind is this.
    #[track_caller]
    pub fn incident(&self, id: &str, kind: &str) -> Value {
        let incidents = rows(self.desk.json(&["claims", "incidents"]));
        let of_this: Vec<&Value> = incidents
            .iter()
            .filter(|incident| incident["claim"] == id)
            .collect();
        assert_eq!(of_this.len(), 1, "{incidents:?}");
        assert_eq!(of_this[0]["kind"], kind, "{incidents:?}");
        assert!(
            of_this[0]["next_steps"]
                .as_str()
                .is_some_and(|steps| !steps.is_empty()),
            "{incidents:?}"
        );
        of_this[0].clone()
    }
}

/// The signers' program. A run of the whole workspace builds it beside ours; a run of this package alone does not.
fn verifier() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let beside = Path::new(env!("CARGO_BIN_EXE_recover")).with_file_name("recover-verify");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let built = Command::new(cargo)
            .current_dir(crate::desk::workspace("."))
            .args(["build", "--quiet", "--package", "recover-verify"])
            .status();
        assert!(
            built.is_ok_and(|status| status.success()) && beside.is_file(),
            "{} could not be built",
            beside.display()
        );
        beside
    })
}
