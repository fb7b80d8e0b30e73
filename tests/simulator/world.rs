//! The world around the engine: time, two chains, the signers' and the ledger's own books, and what goes wrong on the way to
//! them. One lock holds all of it; everything that is drawn comes from the seed.

use crate::chain::Chain;
use crate::dice::Dice;
use crate::ledger::Ledger;
use crate::truth::Truth;
use recover_core::time::Timestamp;
use recover_engine::clock::Clock;
use recover_source::error::SourceError;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

/// How often things go wrong, in a thousand. All zero at the end of a seed, when everybody does their work.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A source fails, before or after it did what it was asked.
    pub source: u64,
    /// A source is behind or does not know.
    pub lag: u64,
    /// The program dies inside a call to a source.
    pub crash_in_source: u64,
    /// The program dies inside a use case, at any await.
    pub crash_anywhere: u64,
}

/// Everything behind the lock.
pub struct State {
    pub now: Timestamp,
    pub dice: Dice,
    pub chains: Vec<Chain>,
    pub ledger: Ledger,
    pub truth: Truth,
    pub faults: Faults,
    /// Set by a call to a source in which the program dies; the driver drops the use case then.
    pub died: bool,
    /// The broken engine of a mutation test: the carrier gives every package another slot, so that two of one deposit can both
    /// succeed.
    pub ignores_slots: bool,
    /// What was done, newest last.
    pub trace: VecDeque<String>,
}

/// How many lines of the trace a failure prints.
const TRACE_LINES: usize = 400;

impl State {
    /// Adds a line to the trace.
    pub fn tell(&mut self, line: impl Into<String>) {
        if self.trace.len() == TRACE_LINES {
            self.trace.pop_front();
        }
        let line = format!("{} {}", self.now, line.into());
        self.trace.push_back(line);
    }

    /// The chain of a network.
    pub fn chain(&self, network: &str) -> &Chain {
        let found = self
            .chains
            .iter()
            .find(|chain| chain.id.as_str() == network);
        found.expect("the world has two networks")
    }

    /// Time passes, and blocks with it.
    pub fn pass(&mut self, seconds: i64, blocks: u64) {
        self.now = self.now.plus_seconds(seconds).expect("years are enough");
        let now = self.now;
        for chain in &mut self.chains {
            chain.mine(blocks, now, &mut self.dice);
        }
        self.look();
    }

    /// What the chains show now, for the truth.
    pub fn look(&mut self) {
        for chain in &self.chains {
            self.truth.look(chain);
        }
    }
}

/// The world. Cheap to clone.
#[derive(Clone)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub fn new(state: State) -> World {
        World(Arc::new(Mutex::new(state)))
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("nothing panics while it holds the world")
    }

    /// Adds a line to the trace.
    pub fn tell(&self, line: impl Into<String>) {
        self.state().tell(line);
    }

    /// One call to a source: it may fail or the program may die, before or after it took effect, and others may go on meanwhile.
    pub async fn call<T>(
        &self,
        name: &str,
        what: &str,
        act: impl FnOnce(&mut State) -> T + Send,
    ) -> Result<T, SourceError>
    where
        T: Send,
    {
        let silent = || SourceError::Unreachable {
            origin: format!("node {name}"),
            detail: format!("{what}: the simulator cut the line"),
        };
        let (fails, dies, first, waits) = {
            let mut state = self.state();
            let faults = state.faults;
            let fails = state.dice.chance(faults.source);
            let dies = state.dice.chance(faults.crash_in_source);
            (fails, dies, state.dice.chance(500), state.dice.chance(200))
        };
        if waits {
            tokio::task::yield_now().await;
        }
        if (fails || dies) && first {
            self.tell(format!(
                "  {what} on {name}: {} before",
                if dies { "dies" } else { "fails" }
            ));
            return self.end(dies, silent()).await;
        }
        let answer = act(&mut self.state());
        if fails || dies {
            self.tell(format!(
                "  {what} on {name}: {} after",
                if dies { "dies" } else { "fails" }
            ));
            return self.end(dies, silent()).await;
        }
        Ok(answer)
    }

    async fn end<T>(&self, dies: bool, error: SourceError) -> Result<T, SourceError> {
        if dies {
            self.state().died = true;
            std::future::pending::<()>().await;
        }
        Err(error)
    }
}

impl Clock for World {
    fn now(&self) -> Timestamp {
        self.state().now
    }
}
