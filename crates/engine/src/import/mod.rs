//! Reading other systems' CSV files: addresses, ledger, prices, appeals, deposits.
//!
//! Each reader is an iterator: a row comes out as a record or as a [`Reject`] with its line and reason, and the rows after
//! a bad one still load. Memory stays with one row, however long the file. A file whose columns are not understood is
//! refused whole, once, with what it has and what was looked for.
//!
//! The readers know no store: the caller writes what they yield, and rejects to a [`RejectFile`].

mod addresses;
mod appeals;
mod closed;
mod columns;
mod context;
mod deposits;
mod error;
mod ledger;
mod prices;
mod reject;
mod rows;

pub use addresses::addresses;
pub use appeals::appeals;
pub use closed::{ClosedCase, DeskFee, DeskOutcome, closed};
pub use columns::ColumnMap;
pub use context::Context;
pub use deposits::deposits;
pub use error::{ImportError, open};
pub use ledger::{LedgerCoverage, LedgerRecord, ledger};
pub use prices::{PriceRecord, prices};
pub use reject::{Reject, RejectFile, RejectReason};
pub use rows::{Records, SecretsFound};
