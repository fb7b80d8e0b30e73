//! The claim state machine: every refusal by name, their order, the way to approval, and what no sequence of commands may
//! ever reach.

mod invariants;
mod pitfalls;
mod random;
mod refusals;
mod world;
