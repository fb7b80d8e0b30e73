//! One file a noun: parse, call the engine, render; decide nothing.

pub mod addresses;
pub mod appeals;
pub mod chains;
pub mod claims;
pub mod deposits;
pub mod diagnose;
pub mod init;
pub mod intake;
pub mod matching;
pub mod policy;
pub mod quote;
pub mod reconcile;
pub mod scan;
pub mod tokens;
