//! One seed: the world, the desk over its database, and the program that runs, fails, dies and starts again.

use crate::chain::Chain;
use crate::desk::{self, Desk, NORTH, SOUTH};
use crate::dice::Dice;
use crate::keys;
use crate::ledger::Ledger;
use crate::roster;
use crate::truth::Truth;
use crate::world::{Faults, State, World};
use recover_core::claim::Claim;
use recover_engine::engine::Engine;
use recover_store::{ClaimFilter, Store};
use recover_testkit::TempDir;
use recover_verify::Seen;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::OnceLock;
use std::task::{Context, Poll};
use tokio::runtime::Runtime;

/// What a seed is run with.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    pub seed: u64,
    /// How many things happen before everybody does their work.
    pub events: u64,
    /// Mutation: the carrier takes no heed of reserved slots.
    pub ignores_slots: bool,
    /// Mutation: somebody writes into the database behind the program.
    pub edit: Option<Edit>,
    /// Mutation: the ledger books every instruction under a new number, whatever its id.
    pub forgets_instructions: bool,
}

/// What somebody writes behind the program, wherever it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edit {
    /// A vote that nobody gave.
    AddsVotes,
    /// Votes that were given are gone.
    DropsVotes,
    /// Holds are gone.
    DropsHolds,
}

impl Edit {
    const fn sql(self) -> &'static str {
        match self {
            Edit::AddsVotes => {
                "INSERT OR IGNORE INTO claim_approval (claim_id, revision, digest, person, decision, signature, decided_at)
                    SELECT id, revision, content_digest, 'ines', 'approve', NULL, 1772355600000000 FROM claim
                    WHERE status = 'pending_approval'"
            }
            Edit::DropsVotes => "DELETE FROM claim_approval",
            Edit::DropsHolds => {
                "UPDATE claim SET hold_person = NULL, hold_since = NULL, hold_reason = NULL WHERE hold_person IS NOT NULL"
            }
        }
    }
}

impl Options {
    pub fn new(seed: u64) -> Options {
        Options {
            seed,
            events: 150 + seed % 150,
            ignores_slots: false,
            edit: None,
            forgets_instructions: false,
        }
    }
}

/// What became of a use case.
pub enum Ran<T> {
    Done(T),
    /// The program died in it.
    Died,
}

/// Drops a use case where the program dies.
struct Mortal<'a, F> {
    work: Pin<&'a mut F>,
    world: &'a World,
    /// How many more times it may wait.
    left: Option<u64>,
}

impl<F: Future> Future for Mortal<'_, F> {
    type Output = Ran<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if let Poll::Ready(answer) = self.work.as_mut().poll(context) {
            return Poll::Ready(Ran::Done(answer));
        }
        match &mut self.left {
            Some(0) => return Poll::Ready(Ran::Died),
            Some(left) => *left -= 1,
            None => {}
        }
        if std::mem::take(&mut self.world.state().died) {
            return Poll::Ready(Ran::Died);
        }
        Poll::Pending
    }
}

/// A seed under way.
pub struct Sim {
    pub world: World,
    pub desk: Desk,
    pub dice: Dice,
    pub options: Options,
    pub signed_votes: bool,
    pub roster: String,
    pub seen_by_signers: Seen,
    /// Signed bytes that lie on the treasury's desk: claim and bytes.
    pub signed: Vec<(String, Vec<u8>)>,
    /// Transactions that signers sent themselves: claim and id.
    pub sent_by_hand: Vec<(String, String)>,
    /// What people remember of a claim; it may be old.
    pub remembered: BTreeMap<String, Claim>,
    /// Whether customers pay so little that one vote is always enough.
    pub small_deposits: bool,
    database: Database,
    runtime: Option<Runtime>,
    engine: Option<Engine>,
}

/// Where the database is.
enum Database {
    /// A file of its own, which goes with the seed.
    File { path: PathBuf, _folder: TempDir },
    /// A PostgreSQL database.
    Url(String),
}

impl Database {
    fn url(&self) -> String {
        match self {
            Database::File { path, .. } => format!("sqlite://{}", path.display()),
            Database::Url(url) => url.clone(),
        }
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime of one thread")
}

/// A database with the tables and the address book, made once in a process and copied for every seed.
fn template(desk: &Desk) -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = folder().keep();
        let path = folder.join("template.db");
        let runtime = runtime();
        runtime.block_on(async {
            let url = format!("sqlite://{}", path.display());
            let store = Store::open(&url).await.expect("a database");
            let engine = desk.engine(store.clone());
            desk.furnish(&engine).await;
            store.close().await;
        });
        path
    })
}

/// In memory where the system has such a folder: what is tested here is the order of commits, not the disk.
fn folder() -> TempDir {
    let in_memory = tempfile::Builder::new()
        .prefix("recover-simulator-")
        .tempdir_in("/dev/shm");
    in_memory.unwrap_or_else(|_| recover_testkit::temp_dir())
}

fn world(options: &Options) -> World {
    let now = desk::time(desk::START);
    let mut chains = vec![Chain::new(NORTH, 4001, now), Chain::new(SOUTH, 4002, now)];
    for chain in &mut chains {
        chain.endow(None, keys::account("gas"), 1_000_000_000_000_000_000_000);
    }
    World::new(State {
        now,
        dice: Dice::new(options.seed ^ 0xfa17),
        chains,
        ledger: Ledger {
            forgets: options.forgets_instructions,
            ..Ledger::default()
        },
        truth: Truth::default(),
        faults: Faults::default(),
        died: false,
        ignores_slots: options.ignores_slots,
        trace: VecDeque::new(),
    })
}

impl Sim {
    /// A seed on an SQLite file of its own.
    pub fn on_sqlite(options: Options) -> Sim {
        let world = world(&options);
        let signed_votes = options.seed.is_multiple_of(3);
        let desk = Desk::new(&world, signed_votes);
        let folder = folder();
        let path = folder.path().join("seed.db");
        std::fs::copy(template(&desk), &path).expect("the folder is writable");
        let database = Database::File {
            path,
            _folder: folder,
        };
        Self::over(options, world, desk, signed_votes, database)
    }

    /// A seed on a database that is there already, new or left by another process.
    pub fn on_database(options: Options, url: &str) -> Sim {
        let world = world(&options);
        let signed_votes = options.seed.is_multiple_of(3);
        let desk = Desk::new(&world, signed_votes);
        let database = Database::Url(url.to_owned());
        let sim = Self::over(options, world, desk, signed_votes, database);
        let engine = sim.engine();
        sim.read(sim.desk.furnish(&engine));
        sim
    }

    fn over(
        options: Options,
        world: World,
        desk: Desk,
        signed_votes: bool,
        database: Database,
    ) -> Sim {
        let mut sim = Sim {
            roster: roster::of(&desk.policy),
            world,
            desk,
            dice: Dice::new(options.seed),
            options,
            signed_votes,
            seen_by_signers: Seen::default(),
            signed: Vec::new(),
            sent_by_hand: Vec::new(),
            remembered: BTreeMap::new(),
            small_deposits: false,
            database,
            runtime: None,
            engine: None,
        };
        sim.start();
        sim
    }

    fn start(&mut self) {
        let runtime = runtime();
        let url = self.database.url();
        let store = runtime.block_on(Store::open(&url));
        self.engine = Some(self.desk.engine(store.expect("the database opens again")));
        self.runtime = Some(runtime);
    }

    /// The process dies: every task of it goes, wherever it was, and another process starts on the same database.
    pub fn restart(&mut self) {
        self.world.tell("the program died and starts again");
        self.world.state().truth.count("restart");
        let runtime = self.runtime.take();
        drop(runtime);
        self.engine = None;
        self.start();
    }

    /// The engine as it runs now.
    pub fn engine(&self) -> Engine {
        self.engine.clone().expect("it runs")
    }

    /// Runs a use case in which the program may die.
    pub fn run<T>(&mut self, work: impl Future<Output = T>) -> Ran<T> {
        let faults = self.world.state().faults;
        let left = self
            .dice
            .chance(faults.crash_anywhere)
            .then(|| self.dice.below(30));
        let world = self.world.clone();
        let runtime = self.runtime.as_ref().expect("it runs");
        let ran = runtime.block_on(async {
            // What is cut off is dropped in here: it gives its connection back by a task of its own.
            let mut work = Box::pin(work);
            Mortal {
                work: work.as_mut(),
                world: &world,
                left,
            }
            .await
        });
        if let Ran::Died = ran {
            self.restart();
        }
        ran
    }

    /// Reads, with nothing going wrong.
    pub fn read<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.as_ref().expect("it runs").block_on(async {
            let work = pin!(work);
            work.await
        })
    }

    /// Somebody writes into the database behind the program.
    pub fn edit_tables(&self, edit: Edit) {
        let url = self.database.url();
        let edited = self.read(async {
            use sqlx::{Connection as _, Executor as _};
            let mut connection = sqlx::SqliteConnection::connect(&url).await?;
            let done = connection.execute(edit.sql()).await?;
            connection.close().await?;
            Ok::<u64, sqlx::Error>(done.rows_affected())
        });
        let rows = edited.expect("the tables are open to whoever has the file");
        if rows > 0 {
            self.world
                .tell(format!("somebody writes {rows} rows: {edit:?}"));
        }
    }

    /// Every claim, oldest first.
    pub fn claims(&self) -> Vec<Claim> {
        let engine = self.engine();
        let filter = ClaimFilter::default();
        let listed = self.read(engine.list_claims(&filter));
        listed.unwrap_or_else(|error| {
            self.world
                .state()
                .truth
                .breaks(format!("the claims cannot be read: {error}"));
            Vec::new()
        })
    }
}
