//! The offline checker: packages that pass, and everything that must not.

#![allow(clippy::unwrap_used)]

mod cases;
mod chains;
mod own_accepts;
mod own_alone;
mod own_binary;
mod own_flip;
mod own_roster;
mod own_seen;
mod own_tamper;
mod tamper_content;
mod tamper_file;
mod world;
