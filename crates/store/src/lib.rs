//! What the engine remembers: [`Store`] over SQLite and PostgreSQL.
//!
//! Rows and SQL stay inside; every function speaks in types of `recover-core`. The crate knows no network access but the
//! database's, no clock (`now` is passed in), no rule of classification or matching: it stores what it is told, and lets
//! the database itself refuse what must not be (a deposit twice, two open claims on one deposit, an amount that is none).
//!
//! Start at [`Store::open`]; one file a noun follows. The same SQL text runs on both databases; where they differ, the
//! difference stands in `sql` and in the two folders of migrations.

mod addresses;
mod amount_column;
mod appeal_erase;
mod appeal_work;
mod appeals;
mod audit;
mod claims;
mod coverage;
mod deposit_list;
mod deposit_row;
mod deposits;
mod error;
mod failpoint;
mod halts;
mod images;
mod incidents;
mod leases;
mod ledger;
mod log;
mod match_kept;
mod match_undo;
mod migrate;
mod payload_column;
mod policies;
mod prices;
mod proofs;
mod queue;
mod records;
mod report;
mod reservations;
mod sql;
mod store;
mod tokens;
mod waiting;
mod watch_list;

pub use addresses::{AddressCursor, AddressFilter, AddressPage, ImportCounts, WatchEpoch};
pub use appeal_erase::Erased;
pub use appeal_work::{ActAnswer, ActContext, AppealAct, Taken, Truth, TruthDecision, Work};
pub use appeals::{AppealCursor, AppealFilter, AppealNote, AppealPage, StoredAppeal};
pub use audit::EventCheck;
pub use claims::{
    ClaimAnswer, ClaimContext, ClaimCursor, ClaimFilter, ClaimPage, PackageState, PolicyRules,
    StoredPackage,
};
pub use coverage::{BlockSeen, CoverageGap, Covered, Rewind, ScanCommit, ScanCommitted, Stream};
pub use deposit_list::{
    DepositCount, DepositCursor, DepositFilter, DepositOrder, DepositPage, OriginFilter,
};
pub use deposit_row::StoredDeposit;
pub use deposits::UpsertReport;
pub use error::StoreError;
pub use halts::{HaltEvent, HaltState, LiftAnswer};
pub use incidents::{CloseAnswer, Closing, Incident, IncidentKind};
pub use leases::{Lease, LeaseAnswer};
pub use ledger::{LedgerPeriod, OrdinaryCredits};
pub use log::{ClaimEvent, OutboxMessage};
pub use match_kept::{
    MatchEnd, MatchKeeping, MatchPart, MatchReading, MatchRun, MeantDeposit, OpenAppeal,
    SeenChanges, StoredChanges, StoredLook,
};
pub use match_undo::{UndoAnswer, UndoneMatch};
pub use policies::{PolicyAnswer, PolicyState, PolicyVote, StoredPolicy};
pub use prices::Price;
pub use proofs::{
    Asked, ChallengeState, IssueAnswer, NewProof, ProofAnswer, StoredChallenge, StoredProof,
};
pub use queue::{Assigned, QueueCursor, QueueFilter, QueuePage, QueuedAppeal};
pub use records::{DiagnosisRecord, ImportKind, ImportRun};
pub use report::{LackRow, LackTotals, Lacks};
pub use reservations::{Feed, OwnTransaction, Reservation};
pub use store::Store;
pub use tokens::{Token, TokenDecision, TokenFilter, TokenSighting};
pub use watch_list::{
    NewWatch, WatchAnswer, WatchEnd, WatchEntry, WatchFilter, WatchMove, WatchStep,
};
