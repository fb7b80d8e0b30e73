//! The async side of adapters: the trait that nodes and explorers implement, and the one client they speak through.

pub mod chain;
pub mod error;
