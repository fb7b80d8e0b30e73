//! The offline checker: packages that pass, and everything that must not.

mod cases;
mod chains;
mod own_accepts;
mod world;
