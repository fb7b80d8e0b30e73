//! The command line: what can be typed, and the help that explains it.

mod appeals;
mod watch_list;

pub use appeals::{Appeals, QueueArguments, TruthCommand};
pub use watch_list::{Watch, WatchAdd, WatchList};

use clap::{Args, Parser, Subcommand, ValueEnum};
use recover_core::audit::Head;
use std::path::PathBuf;

/// Finds, explains, prices and queues mis-sent deposits. Never holds a key.
#[derive(Debug, Parser)]
#[command(
    name = "recover",
    version,
    disable_help_subcommand = true,
    max_term_width = 110
)]
#[command(
    after_help = "Exit codes: 0 done, whatever was found; 1 a fault, a scan with a gap included; 2 usage; \
3 a requested change was refused; 4 (reconcile, chains check, audit verify) done, and a person is needed.\n\
Start with `recover demo`, then `recover init`."
)]
pub struct Arguments {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub struct Global {
    /// The networks, sources and assets
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        default_value = "chains.toml",
        env = "RECOVER_CONFIG"
    )]
    pub config: PathBuf,
    /// Fees, approval rule and people; quotes and approvals need it
    #[arg(long, global = true, value_name = "FILE", env = "RECOVER_POLICY")]
    pub policy: Option<PathBuf>,
    /// The database: sqlite://FILE or postgres://…
    #[arg(
        long,
        global = true,
        value_name = "URL",
        default_value = "sqlite://recover.db",
        env = "RECOVER_DATABASE",
        hide_env_values = true
    )]
    pub database: String,
    /// Who acts, as policy.toml names them
    #[arg(
        long = "as",
        global = true,
        value_name = "PERSON",
        env = "RECOVER_ACTOR"
    )]
    pub actor: Option<String>,
    /// How results are written
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    pub format: Format,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Table,
    /// For programs; the shape is stable
    Json,
    /// For spreadsheets
    Csv,
}

/// The six verbs of the day come first; everything behind `demo` and before `init` is the desk's work.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find deposits that were not credited
    Scan(Scan),
    /// Explain one transaction, link or address, over every network where it fits
    Diagnose(Diagnose),
    /// Take in and look at customers' appeals
    #[command(subcommand)]
    Appeals(Appeals),
    /// Link appeals to deposits
    Match(Match),
    /// Price the recovery of a deposit or a claim
    Quote(QuoteArguments),
    /// Open, accept, screen, approve and follow claims
    #[command(subcommand)]
    Claims(Claims),
    /// Show the whole main job offline on embedded data
    Demo(Demo),
    /// Show who sent a deposit: signed messages, verification deposits, documents
    #[command(subcommand)]
    Proofs(Proofs),
    /// Operations: write chains.toml and policy.toml to start from
    Init(Init),
    /// Operations: the configured networks
    #[command(subcommand)]
    Chains(Chains),
    /// Operations: the exchange's own addresses
    #[command(subcommand)]
    Addresses(Addresses),
    /// Operations: what was already credited, withdrawn or settled
    #[command(subcommand)]
    Ledger(Ledger),
    /// Operations: prices that quotes are reckoned from
    #[command(subcommand)]
    Prices(Prices),
    /// Operations: unlisted token contracts, reviewed once each
    #[command(subcommand)]
    Tokens(Tokens),
    /// Operations: the deposits found
    #[command(subcommand)]
    Deposits(Deposits),
    /// Operations: deposits that cannot go on today, and what each waits for
    #[command(subcommand)]
    Watch(Watch),
    /// Operations: what would become recoverable if a network, a factory, a review, a price … were added
    Report(Report),
    /// Operations: the nightly job: re-match, re-check finality and reorganisations, expire quotes
    Reconcile(Reconcile),
    /// Operations: replay closed cases beside what this would have done; the database is only read
    Backtest(Backtest),
    /// Operations: check policy.toml, and agree to a changed one
    #[command(subcommand)]
    Policy(Policy),
    /// Operations: who may do what, and the roster that signers pin
    People(People),
    /// Operations: stop every release at once
    #[command(subcommand)]
    Halt(Halt),
    /// Operations: whether the log of every step is whole
    #[command(subcommand)]
    Audit(Audit),
    /// Operations: print a shell's completion script
    Completions(Completions),
}

/// `scan`
#[derive(Debug, Args)]
pub struct Scan {
    /// Only these networks (repeat for more); default: every configured one with an address to watch
    #[arg(long, value_name = "NETWORK")]
    pub network: Vec<String>,
    /// First height (default: the first that no scan has read since the earliest address was issued)
    #[arg(long, value_name = "HEIGHT")]
    pub from: Option<u64>,
    /// Last height (default: the tip)
    #[arg(long, value_name = "HEIGHT")]
    pub to: Option<u64>,
    /// Keep reading new blocks until interrupted
    #[arg(long, conflicts_with = "to")]
    pub follow: bool,
    /// Read nothing; show which heights were read and which are missing
    #[arg(long, conflicts_with_all = ["follow"])]
    pub coverage: bool,
}

/// `diagnose`
#[derive(Debug, Args)]
pub struct Diagnose {
    /// A transaction id, an explorer link or an address
    pub text: String,
    /// Ask only these networks (repeat for more)
    #[arg(long, value_name = "NETWORK")]
    pub network: Vec<String>,
    /// The appeal that this answers
    #[arg(long, value_name = "ID")]
    pub appeal: Option<String>,
    /// Go on to a draft claim for the appeal
    #[arg(long, requires = "appeal")]
    pub open: bool,
}

/// A file to read.
#[derive(Debug, Args)]
pub struct ImportFile {
    /// The CSV file; `-` reads standard input
    pub file: PathBuf,
    /// A TOML file that renames columns: `theirs = "ours"`
    #[arg(long, value_name = "FILE")]
    pub map: Option<PathBuf>,
    /// Where rows go that could not be read (default: FILE with `.rejected.csv`)
    #[arg(long, value_name = "FILE")]
    pub reject: Option<PathBuf>,
}

/// `backtest`
#[derive(Debug, Args)]
pub struct Backtest {
    #[command(flatten)]
    pub import: ImportFile,
    /// Explain one case: the desk's decision beside ours, with every reason
    #[arg(long, value_name = "ID")]
    pub case: Option<String>,
    /// Also write the report as a page: one file without scripts
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// Text that somebody must be able to read later: a blank one says nothing.
fn words(text: &str) -> Result<String, &'static str> {
    if text.trim().is_empty() {
        Err("write a word or more")
    } else {
        Ok(text.to_owned())
    }
}

/// `match`
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Match {
    #[command(subcommand)]
    pub command: Option<MatchCommand>,
    /// Only this appeal
    #[arg(long, value_name = "ID")]
    pub appeal: Option<String>,
    /// Look at every open appeal, not only at those that changes since the last run can touch
    #[arg(long)]
    pub all: bool,
    /// Show only the appeals whose outcome is another than before
    #[arg(long, conflicts_with = "appeal")]
    pub changed: bool,
    /// Show every reason with its weight
    #[arg(long)]
    pub explain: bool,
}

/// `match` with a word behind it
#[derive(Debug, Subcommand)]
pub enum MatchCommand {
    /// Take a match back, and cancel its claim, before anything left the house
    Undo {
        /// The appeal
        appeal: String,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
        /// Say what would happen and keep nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// `quote`
#[derive(Debug, Args)]
pub struct QuoteArguments {
    /// A deposit (nothing is stored) or a claim (the quote is given)
    pub id: String,
    /// The revision of the claim that you saw
    #[arg(long)]
    pub revision: Option<u32>,
    /// Spend an output that may carry an inscription or a token of another protocol like money: you looked
    #[arg(long)]
    pub spend_inscription: bool,
    /// For a deposit: as if this were done with it (ledger_credit, sweep_then_credit, sweep_to_address, return_to_sender)
    #[arg(long, value_name = "HOW")]
    pub resolution: Option<String>,
    /// The service fee in the policy's currency, where its rule leaves it to a person
    #[arg(long, value_name = "SUM")]
    pub fee: Option<String>,
}

/// `claims`
#[derive(Debug, Subcommand)]
pub enum Claims {
    /// Put a deposit up for recovery
    Open {
        /// The deposit
        deposit: String,
        /// The appeal that asks for it
        #[arg(long, value_name = "ID")]
        appeal: Option<String>,
        /// The user to be paid (default: the appeal's, else the address's owner)
        #[arg(long, value_name = "USER")]
        beneficiary: Option<String>,
        /// The address to pay, where the resolution pays to one
        #[arg(long, value_name = "ADDRESS")]
        destination: Option<String>,
        /// What shall happen (default: what fits the kind); correct_booking takes a deposit that was booked to the wrong user back from
        /// them, and needs --appeal, --entry and --counterparty
        #[arg(long, value_name = "RESOLUTION")]
        resolution: Option<String>,
        /// With correct_booking: the ledger's entry that is wrong, by its own id
        #[arg(long, value_name = "ENTRY")]
        entry: Option<String>,
        /// With correct_booking: the user to whom it was booked, from whom it is taken back
        #[arg(long, value_name = "USER")]
        counterparty: Option<String>,
    },
    /// Let the customer off by a waiver of the policy; the claim is quoted again then
    Waive {
        #[command(flatten)]
        step: ClaimStep,
        /// The waiver's code, as in policy.toml
        #[arg(long)]
        code: String,
        /// Why
        #[arg(long)]
        note: String,
    },
    /// Record that the customer accepts the quote
    Accept {
        #[command(flatten)]
        step: ClaimStep,
        /// What the customer wrote, or where it stands; a fee of nothing needs none
        #[arg(long, value_name = "TEXT")]
        evidence: Option<String>,
        /// A file that shows it: its SHA-256 and its length are kept, the file stays where it is
        #[arg(long, value_name = "PATH", requires = "evidence")]
        evidence_file: Option<PathBuf>,
    },
    /// Record a compliance decision
    Screen {
        #[command(flatten)]
        step: ClaimStep,
        /// Clear it
        #[arg(long, conflicts_with = "hold", required_unless_present = "hold")]
        clear: bool,
        /// Hold it
        #[arg(long)]
        hold: bool,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Vote for a claim's exact content
    Approve {
        /// The claim
        id: String,
        /// The revision that you saw
        #[arg(long)]
        revision: u32,
        /// The content digest that you saw; refused when the content is another
        #[arg(long, value_name = "HEX")]
        digest: Option<String>,
        /// Your signature over the digest (`ssh-keygen -Y sign -n recover-claim`)
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
        /// Change nothing, show what would happen
        #[arg(long)]
        dry_run: bool,
    },
    /// Vote against a claim: one no ends it
    Reject {
        #[command(flatten)]
        step: ClaimStep,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Withdraw a claim
    Cancel {
        #[command(flatten)]
        step: ClaimStep,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Give a claim up after the customer's fee was set aside: the fee is given back as the quote says
    Unwind {
        #[command(flatten)]
        step: ClaimStep,
        /// Why
        #[arg(long)]
        reason: String,
    },
    /// Release the next step: write its package for the signers or the ledger
    Export {
        #[command(flatten)]
        step: ClaimStep,
        /// Where to write the package; `-` for standard output (default: CLAIM-ATTEMPT.package.json here)
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Bring back what the signers or the ledger answered
    #[command(group(clap::ArgGroup::new("answer").required(true)))]
    Import {
        #[command(flatten)]
        step: ClaimStep,
        /// The signed transaction: a file with its bytes, raw, in hexadecimal or in base64
        #[arg(long, value_name = "FILE", group = "answer")]
        signed: Option<PathBuf>,
        /// A transaction that the signers sent themselves
        #[arg(long, value_name = "TXID", group = "answer")]
        txid: Option<String>,
        /// The ledger's answers: a CSV of instruction_id, entry_id, asset, amount (base units)
        #[arg(long, value_name = "FILE", group = "answer")]
        acknowledgement: Option<PathBuf>,
        /// The ledger set no fee aside, and never will by these ids: what it said
        #[arg(long, value_name = "TEXT", group = "answer")]
        declined: Option<String>,
    },
    /// Send signed bytes to every source (a dry run without --execute)
    Broadcast {
        /// The claim
        id: String,
        /// The revision that you saw (default: the present one)
        #[arg(long)]
        revision: Option<u32>,
        /// Really send
        #[arg(long)]
        execute: bool,
    },
    /// Ask the networks where everything stands that is out (`reconcile` does so too)
    Track {
        /// Only this claim
        id: Option<String>,
    },
    /// The accounts, slots and top-ups that are reserved, for your own sweeper
    Reserved {
        /// Only this network
        #[arg(long, value_name = "NETWORK")]
        network: Option<String>,
    },
    /// What went wrong after hand-over, with what to do next
    Incidents {
        /// Closed ones too
        #[arg(long)]
        all: bool,
        /// Close this one, with --reason
        #[arg(long, value_name = "ID", requires = "reason")]
        close: Option<String>,
        /// How it ended
        #[arg(long)]
        reason: Option<String>,
    },
    /// List the queue
    List {
        /// Only this status
        #[arg(long)]
        status: Option<String>,
        /// Only claims on this deposit
        #[arg(long)]
        deposit: Option<String>,
        /// Ended claims too
        #[arg(long)]
        all: bool,
    },
    /// Show one claim: who, when, on which evidence, which bytes, which block (compliance also sees why it was screened so)
    Show {
        /// The claim
        id: String,
    },
}

/// What every step on a claim takes.
#[derive(Debug, Args)]
pub struct ClaimStep {
    /// The claim
    pub id: String,
    /// The revision that you saw (default: the present one)
    #[arg(long)]
    pub revision: Option<u32>,
    /// Change nothing, show what would happen
    #[arg(long)]
    pub dry_run: bool,
}

/// `proofs`
#[derive(Debug, Subcommand)]
pub enum Proofs {
    /// What was asked of an appeal's claimant and what came of it
    List {
        /// The appeal
        appeal: String,
    },
    /// What is known of the ownership of an appeal's deposit, and what its value needs
    Show {
        /// The appeal
        appeal: String,
        #[command(flatten)]
        target: ProofTarget,
    },
    /// Write the text that the claimant signs with the key of the sending address
    Challenge {
        /// The appeal
        appeal: String,
        #[command(flatten)]
        target: ProofTarget,
    },
    /// Verify the claimant's signature over a challenge
    Verify {
        /// The appeal
        appeal: String,
        /// The signature as the wallet gave it; `-` reads standard input
        #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
        signature: String,
        /// The challenge (default: the newest)
        #[arg(long, value_name = "ID")]
        challenge: Option<String>,
        /// The address that the claimant says signed; refused when it is not the sender
        #[arg(long, value_name = "ADDRESS")]
        address: Option<String>,
    },
    /// Ask for a payment of a unique amount from the same sender; `scan` and `reconcile` recognise it
    Deposit {
        /// The appeal
        appeal: String,
        #[command(flatten)]
        target: ProofTarget,
        /// What it is paid in: a symbol or a contract (default: the deposit's asset, else the network's coin)
        #[arg(long)]
        asset: Option<String>,
    },
    /// Vouch for the sending platform's record of the withdrawal, read at its source
    Record {
        /// The appeal
        appeal: String,
        #[command(flatten)]
        target: ProofTarget,
        /// Where the document is kept
        #[arg(long, value_parser = words)]
        reference: String,
        /// What it shows
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Take a proof back
    Void {
        /// Its number, as `proofs list` shows it
        number: u32,
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
    },
}

/// Which deposit a proof is for, and where its money goes.
#[derive(Debug, Args)]
pub struct ProofTarget {
    /// The deposit (default: the one that the appeal is matched to)
    #[arg(long, value_name = "ID")]
    pub deposit: Option<String>,
    /// The address to pay (default: credit to the claimant's account); another one voids earlier proofs
    #[arg(long, value_name = "ADDRESS")]
    pub destination: Option<String>,
}

/// `demo`
#[derive(Debug, Args)]
pub struct Demo {
    /// Keep the demo's files and database here (default: a temporary folder)
    #[arg(long, value_name = "FOLDER")]
    pub dir: Option<PathBuf>,
}

/// `init`
#[derive(Debug, Args)]
pub struct Init {
    /// Where to write
    #[arg(default_value = ".")]
    pub dir: PathBuf,
}

/// `chains`
#[derive(Debug, Subcommand)]
pub enum Chains {
    /// List the configured networks
    List,
    /// Ask every source who it is and what it can do
    Check {
        /// Only these networks (repeat for more)
        #[arg(long, value_name = "NETWORK")]
        network: Vec<String>,
    },
}

/// `addresses`
#[derive(Debug, Subcommand)]
pub enum Addresses {
    /// Read a CSV of addresses and memos; the same row is updated
    Import(ImportFile),
    /// List addresses
    List {
        /// Only this user's
        #[arg(long)]
        user: Option<String>,
        /// Only this role
        #[arg(long)]
        role: Option<String>,
        /// How many at most
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
}

/// `ledger`
#[derive(Debug, Subcommand)]
pub enum Ledger {
    /// Read a CSV of credited deposits, own withdrawals, settled cases and account states
    Import {
        #[command(flatten)]
        import: ImportFile,
        /// What the file is complete for: NETWORK=FROM..TO as RFC 3339 times (repeat for more); outside it "already
        /// credited" stays unknown
        #[arg(long, value_name = "NETWORK=FROM..TO")]
        covers: Vec<String>,
    },
    /// Show for which networks and times the ledger is complete
    Coverage,
}

/// `prices`
#[derive(Debug, Subcommand)]
pub enum Prices {
    /// Read a CSV of exact prices
    Import(ImportFile),
    /// Ask the sources of prices that chains.toml names
    Fetch {
        /// Only this asset: NETWORK/native, NETWORK/contract:ADDRESS or a symbol (repeat for more)
        #[arg(long, value_name = "ASSET")]
        asset: Vec<String>,
        /// Only assets of this network (repeat for more)
        #[arg(long, value_name = "NETWORK")]
        network: Vec<String>,
    },
    /// Show what each source says, what counts and why not
    Show {
        /// The asset, as for `fetch`; every asset with a price when left out
        asset: Option<String>,
    },
}

/// `tokens`
#[derive(Debug, Subcommand)]
pub enum Tokens {
    /// List unlisted token contracts seen, with what speaks for spam
    List {
        /// Only those nobody reviewed
        #[arg(long)]
        unreviewed: bool,
    },
    /// Decide about a contract once, for all deposits of it
    Review {
        /// The network
        network: String,
        /// The contract
        contract: String,
        /// The decision: genuine, airdrop or fake
        #[arg(long)]
        decision: String,
        /// For a genuine token: its decimals, which you confirm
        #[arg(long)]
        decimals: Option<u8>,
        /// Why
        #[arg(long)]
        reason: String,
    },
}

/// `deposits`
#[derive(Debug, Subcommand)]
pub enum Deposits {
    /// List deposits
    List(DepositFilter),
    /// Show one deposit with everything known
    Show {
        /// The deposit
        id: String,
    },
    /// Read a CSV of deposits from another system
    Import(ImportFile),
    /// Write deposits to a CSV file
    Export {
        /// The file
        file: PathBuf,
        #[command(flatten)]
        filter: DepositFilter,
    },
}

/// Which deposits.
#[derive(Debug, Args)]
pub struct DepositFilter {
    /// Only this network
    #[arg(long)]
    pub network: Option<String>,
    /// Only this kind
    #[arg(long)]
    pub kind: Option<String>,
    /// Only this status
    #[arg(long)]
    pub status: Option<String>,
    /// Only what a person should work now: open, workable, and no token that nobody reviewed
    #[arg(long)]
    pub queue: bool,
    /// How many at most
    #[arg(long)]
    pub limit: Option<u32>,
}

/// `report`
#[derive(Debug, Args)]
pub struct Report {
    /// How many rows at most (default: 30 in a table, else all)
    #[arg(long)]
    pub limit: Option<u32>,
}

/// `reconcile`
#[derive(Debug, Args)]
pub struct Reconcile {
    /// Ask no source: only re-match and expire
    #[arg(long)]
    pub offline: bool,
}

/// `policy`
#[derive(Debug, Subcommand)]
pub enum Policy {
    /// Check the policy file and say what it decides
    Check {
        /// Print only the fees, as a table in Markdown for a help page
        #[arg(long)]
        matrix: bool,
    },
    /// List the versions that were loaded, who agreed to them and what is missing
    List,
    /// Print the text of a version
    Show {
        /// The version, as `policy list` counts them
        number: u32,
    },
    /// Agree that a version comes into force: two admins and compliance must
    Approve {
        /// The version
        number: u32,
    },
}

/// `people`
#[derive(Debug, Args)]
pub struct People {
    /// Write the roster that signers pin for `recover-verify`, as TOML
    #[arg(long)]
    pub roster: bool,
}

/// `halt`
#[derive(Debug, Subcommand)]
pub enum Halt {
    /// Stop every release now
    Set {
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Let releases go on: two leads of the wallet team must
    Lift {
        /// Why
        #[arg(long, value_parser = words)]
        reason: String,
    },
    /// Say whether releases are halted, by whom and why
    Show,
}

/// `audit`
#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Walk the whole log and compare it with the tables, or with heads that were kept elsewhere
    Verify {
        /// A head that was kept elsewhere, as packages and `audit export` give it (repeat for more)
        #[arg(long, value_name = "SEQUENCE:HASH", value_parser = head)]
        head: Vec<Head>,
        /// A file of heads, one a line
        #[arg(long, value_name = "FILE")]
        heads: Option<PathBuf>,
        /// Check this exported log and no database
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// The head behind which the exported log begins (default: it begins with the first entry)
        #[arg(long, value_name = "SEQUENCE:HASH", value_parser = head, requires = "file")]
        after: Option<Head>,
    },
    /// Write the log as lines of JSON, and its head to standard error
    Export {
        /// Only entries after this one
        #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
        after: i64,
        /// With what each command said: it may name persons
        #[arg(long)]
        bodies: bool,
    },
}

fn head(text: &str) -> Result<Head, &'static str> {
    Head::parse(text).ok_or("write SEQUENCE:HASH, as `audit export` ends with it")
}

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}
