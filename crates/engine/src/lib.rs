//! The use cases of `recover`: configuration, imports, scanning, diagnosis, matching, quotes and claims.
//!
//! It holds clock, randomness and configuration, takes sources as trait objects and so names no network.

pub mod config;
pub mod import;
