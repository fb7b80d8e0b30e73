//! The claim state machine: every refusal by name, their order, the way to settlement, and what no sequence of commands may
//! ever reach.

mod content;
mod people;
mod plans;
mod refusals;
mod world;
