//! The family of Stellar.

pub mod address;
pub mod control;

pub use control::StellarFamily;
