//! Claims from a deposit on a real node to settled money, through the program as its users run it. Whoever signs holds test keys
//! that the engine never sees.

mod beside;
mod carry;
mod corrections;
mod costs;
mod forwarders;
mod handover;
mod house;
mod memo;
mod office;
mod pitfalls;
mod recorded_memo;
mod signer;
mod stories;
mod troubles;
mod walk;
