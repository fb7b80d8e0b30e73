//! The claim state machine: every refusal by name, their order, the way to settlement, and what no sequence of commands may
//! ever reach.

mod carried;
mod charges;
mod consent;
mod content;
mod corrections;
mod invariants;
mod people;
mod pitfalls;
mod plans;
mod quorum;
mod random;
mod refusals;
mod world;
