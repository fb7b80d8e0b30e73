//! The family of Stellar.
