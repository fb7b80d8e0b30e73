//! The use cases of `recover`: configuration, imports, scanning, diagnosis, matching, quotes and claims.
//!
//! It holds clock, randomness and configuration, takes sources as trait objects and so names no network. It decides
//! nothing about money by itself: kinds, verdicts, fees and the steps of a claim come from `core`, and what must not
//! happen twice is refused by the store.
//!
//! Start at [`engine::Engine`]; one file a use case follows.

pub mod advice;
pub mod appeal_erase;
pub mod appeals;
pub mod audit;
pub mod backtest;
pub mod claims;
pub mod clock;
pub mod config;
pub mod diagnose;
pub mod engine;
pub mod error;
pub mod explain;
pub mod facts;
pub mod family;
pub mod halt;
pub mod health;
pub mod import;
pub mod intake;
mod match_limit;
pub mod match_run;
pub mod match_undo;
pub mod matching;
mod one_text;
pub mod policy_versions;
pub mod prices;
pub mod proofs;
pub mod quote;
pub mod random;
pub mod reconcile;
pub mod report;
mod revalue;
pub mod scan;
pub mod tokens;
pub mod understand;
pub mod watch_list;

pub use recover_matching::secret;
